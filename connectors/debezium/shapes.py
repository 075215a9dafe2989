"""What kind of message a payload is, by all that it consists of.

Topics may be named and routed as anybody likes, and a table may have columns of any name: one that has `id` and
`status` looks like the marker of a transaction to who asks for these two alone. So what is passed over has every field
of its kind, each of its type, and no field beside.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final


class Note(StrEnum):
    """A message that is no change of a tracked table."""

    TOMBSTONE = "tombstone"
    TRANSACTION = "transaction"
    HEARTBEAT = "heartbeat"
    SCHEMA_CHANGE = "schema_change"
    MESSAGE = "message"
    UNTRACKED = "untracked"


_Check = Callable[[Any], bool]
_Shape = tuple[Mapping[str, _Check], Mapping[str, _Check]]
"""The fields that a kind of message has, and those that some versions add."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _list(value: Any) -> bool:
    return isinstance(value, list)


_CLOCK: Final[Mapping[str, _Check]] = dict.fromkeys(("ts_ms", "ts_us", "ts_ns"), _or_none(_count))
_SHAPES: Final[Mapping[Note, _Shape]] = {
    Note.TRANSACTION: (
        {
            "status": {"BEGIN", "END"}.__contains__,
            "id": _text,
            "event_count": _or_none(_count),
            "data_collections": _or_none(_list),
        },
        _CLOCK,
    ),
    Note.HEARTBEAT: ({"ts_ms": _count}, _CLOCK),
    Note.SCHEMA_CHANGE: (
        {"source": _object, "databaseName": _or_none(_text), "ddl": _or_none(_text), "tableChanges": _or_none(_list)},
        {"schemaName": _or_none(_text), "position": _or_none(_object), **_CLOCK},
    ),
    Note.MESSAGE: (
        {"id": _text, "aggregate_type": _text, "type": _text, "additional_data": _or_none(_object)},
        {"timestamp": _or_none(_count)},
    ),
}
"""`MESSAGE` is how a connector tells what it does, as that its snapshot has ended."""


def is_envelope(payload: Any) -> bool:
    """Whether a payload says what happened to a row: an operation, and a source block that names its connector."""
    if payload.__class__ is not dict:
        return False
    source = payload.get("source")
    return source.__class__ is dict and source.get("connector").__class__ is str and payload.get("op").__class__ is str


def note(payload: Mapping[str, Any]) -> Note | None:
    """Which message that is no envelope this is; None for what is none of Debezium's."""
    return next((kind for kind, shape in _SHAPES.items() if _is_like(payload, shape)), None)


def _is_like(payload: Mapping[str, Any], shape: _Shape) -> bool:
    needed, more = shape
    try:
        return all(check(payload[name]) for name, check in needed.items()) and all(
            name in needed or (name in more and more[name](value)) for name, value in payload.items()
        )
    except (KeyError, TypeError):
        return False
