"""Where a change stands in its database's log, and which table it is of, by the `source` block of each connector."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from syncd.errors import Halt


class Place(NamedTuple):
    """How a connector names its tables and the places of its log. `default` is the schema of a table that is
    declared without one; `caseless` names are compared without regard to case."""

    namespace: tuple[str, ...]
    default: str
    caseless: bool
    log: Callable[[Mapping[str, Any]], str]


def _oracle(source: Mapping[str, Any]) -> str:
    if source.get("lcr_position"):
        return str(source["lcr_position"])
    return f"{int(source['scn']):020d}.{source['txId']}.{source['rs_id'].strip()}.{int(source['ssn'])}"


def _binlog(source: Mapping[str, Any]) -> str:
    return f"{_named(source, 'file')}.{source['pos']:012d}.{source['row']}"


def _named(source: Mapping[str, Any], *names: str) -> str:
    """Fields of the source block, none of which may be missing."""
    values = [source[name] for name in names]
    if None in values:
        raise KeyError(names[values.index(None)])
    return ".".join(map(str, values))


_PLACES: Final[Mapping[str, Place]] = {
    "postgresql": Place(("schema",), "public", False, lambda s: f"{s['lsn']:016X}.{s['txId']}"),
    "mysql": Place(("db",), "", False, _binlog),
    "mariadb": Place(("db",), "", False, _binlog),
    "sqlserver": Place(
        ("db", "schema"), "dbo", True, lambda s: _named(s, "commit_lsn", "change_lsn", "event_serial_no")
    ),
    "oracle": Place(("db", "schema"), "", True, _oracle),
    "db2": Place(("db", "schema"), "", True, lambda s: _named(s, "commit_lsn", "change_lsn")),
}

_PARTS: Final = ("commit_lsn", "scn", "lsn", "file", "pos")
"""Of a place in the log, what the rows of a snapshot may have."""


def place(source: Mapping[str, Any]) -> Place:
    """The connector's way, by a message's source block. Raises Halt for a connector that is not known."""
    connector = source.get("connector")
    found = _PLACES.get(str(connector))
    if found is None:
        raise Halt("debezium_connector", connector=connector, known=", ".join(_PLACES))
    return found


def log_place(source: Mapping[str, Any], is_read: bool) -> str:
    """Where the log says a change, as text: no two changes of one row have it in common, and the same change has it
    again. The rows of a snapshot share one, and may lack parts of it. Raises Halt."""
    try:
        return place(source).log(source)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if is_read:
            known = [str(source[part]) for part in _PARTS if source.get(part) is not None]
            return "read." + (".".join(known) or str(source.get("ts_ms")))
        raise Halt("debezium_no_position", connector=source.get("connector"), error=error) from None
