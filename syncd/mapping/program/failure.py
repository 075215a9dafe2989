"""What the rules meet: why a change cannot be posted, a row that holds a mark, a posting that may be reversed."""

import logging
from collections.abc import Mapping
from decimal import DecimalException
from typing import Final, NamedTuple

from syncd.change import Change, Malformed, Row, Value
from syncd.errors import Fault
from syncd.mapping.expression.parse import Missing, Uncomputable
from syncd.mapping.layout.fields import UnreadableField
from syncd.mapping.layout.render import UnknownLookup
from syncd.posting import Status, Voucher
from syncd.record import has_marks

_LOG: Final = logging.getLogger("syncd")
REPEAT: Final = "repeat"
"""What a rule says of a change that is posted already."""
INCALCULABLE: Final = (Missing, Uncomputable, UnknownLookup, DecimalException)
"""What an expression raises when it has no value for a row."""
UNFORESEEN: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError, TypeError,
                     ValueError)  # fmt: skip
"""What only a fault of ours raises. Exceptions of classes of our own say something to those who called."""
SAID_CHARACTERS: Final = 200
"""So much of a message that nobody understands stands in the reason."""


class Failure(NamedTuple):
    """Why a rule cannot post a change; becomes a Rejection."""

    code: str
    params: Mapping[str, str]
    status: Status = "failed"
    waits_for: str = ""


def incalculable(error: Exception) -> Failure:
    """Why a rule cannot be computed for a row."""
    if isinstance(error, Missing):
        return Failure("no_decision", {"table": error.table, "key": error.key})
    if isinstance(error, UnknownLookup):
        return Failure("unknown_lookup", {"lookup": error.lookup, "code": str(error.code), "nearest": ""})
    if isinstance(error, UnreadableField):
        return Failure(error.code, error.params)
    if isinstance(error, Uncomputable):
        return Failure("uncomputable", {"problem": error.code, **error.params})
    return Failure("uncomputable", {"problem": "malformed_huge"})


def unforeseen(error: Exception) -> Failure:
    """Why a rule that met an error which nobody foresaw cannot post a change. No other row is held up by it; the log
    has the trace. What a connector says of its server is no matter of the row, and goes on up."""
    if isinstance(error, Fault):
        raise error
    _LOG.error("unexpected", exc_info=error)
    return Failure("unexpected", {"error": f"{type(error).__name__}: {error}"[:SAID_CHARACTERS]})


def unread(change: Change) -> Failure:
    """Why a message that nobody understands cannot be posted."""
    mark = next(value for value in change.after or () if isinstance(value, Malformed))
    said = mark.raw[:SAID_CHARACTERS]
    return Failure("message_unreadable", {"place": change.position, "reason": mark.reason, "said": said})


class Flawed(tuple[Value, ...]):
    """A row that holds a mark. Rows without one, which are nearly all, are plain tuples and are never searched."""

    __slots__ = ()


class Target(NamedTuple):
    """A posting that may be reversed. `row` is the source row that it came from, as `table:key`; empty where the
    record does not say, and so with the `number` of its voucher, 0."""

    key: str
    rule: str
    voucher: str
    journal: Voucher | None
    row: str
    number: int = 0


def flawed(row: Row | None) -> Row | None:
    """The row, marked as one that holds a mark if it does."""
    return Flawed(row) if row is not None and has_marks(row) else row
