"""Several changes of one source row as one: a clerk who corrects a row that waits has it read as if it had been right
at once."""

from collections.abc import Callable
from functools import cache
from typing import Final

from syncd.change import (
    ROWLESS,
    Change,
    Kind,
    Malformed,
    Position,
    Row,
    Table,
    Unchanged,
    Value,
    join_key,
    key_text,
    keyer,
)
from syncd.record import has_marks

UNFINISHED: Final = "/part"
"""Ends the position of a document's change in a transaction that goes on: it is judged with the rest of that."""


UNREAD: Final = "/unread"
"""Ends the position of a document's change of which not all rows were ever read."""


def is_unfinished(change: Change) -> bool:
    """Whether more of its transaction may come."""
    return change.position.endswith(UNFINISHED)


def is_unread(change: Change) -> bool:
    """Whether not all rows of the document were ever read."""
    return change.position.endswith(UNREAD)


def unfinished(change: Change) -> Change:
    """The same, to be judged with what comes behind it."""
    return change._replace(position=Position(f"{finished(change).position}{UNFINISHED}"))


def finished(change: Change) -> Change:
    """The same, of the whole transaction."""
    return change._replace(position=Position(change.position.removesuffix(UNFINISHED)))


def row_of(table: Table, change: Change) -> str:
    """The source row after a change, as `table:key`; `*` for a whole table."""
    if change.op == "unreadable":
        return f"{table.alias}:{_unread_key(table, change)}"
    row = change.before if change.after is None else change.after
    return f"{table.alias}:{'*' if row is None else key_text(table, row)}"


@cache
def row_namer(table: Table) -> Callable[[Row], str]:
    """`row_of` for one table and the row after a change: a function made for it once."""
    head, (first, *others), key_of = f"{table.alias}:", table.key, keyer(table)
    if others or table.columns[first].kind is Kind.TEXT:
        return lambda row: head + key_of(row)
    return lambda row: head + str(row[first])


def old_row_of(table: Table, change: Change) -> str:
    """The source row before a change, as `row_of`."""
    if change.op in ROWLESS:
        return row_of(table, change)
    return f"{table.alias}:{old_key(table, change)}"


def old_key(table: Table, change: Change) -> str:
    """The key a row had before a change. A key column that the log left out of the before-image is unchanged."""
    before, after = change.before, change.after
    if before is None or after is None:
        return key_text(table, before or after or ())
    return join_key([after[i] if isinstance(before[i], Unchanged) else before[i] for i in table.key])


def follows(table: Table, change: Change, later: Change) -> bool:
    """Whether a later change of the same table goes on where a row was left, or brings back one as it was that is
    gone."""
    if change.op == "delete":
        return is_back(change, later)
    if change.table != later.table or change.op in ("delete", "truncate") or later.op not in ("update", "delete"):
        return False
    return row_of(table, change) == old_row_of(table, later)


def is_back(change: Change, later: Change) -> bool:
    """Whether a row or a document that is gone came again as it was, its rows be it by a way of their own."""
    is_same = change.table == later.table and change.before == later.after
    return is_same and change.op == "delete" and later.op == "insert"


def fold(change: Change, later: Change) -> Change | None:
    """Two changes of one row as one; None when nothing is left of them: the row came and went, or is what it was."""
    if change.op == "delete":
        return None  # it is back
    if change.op == "unreadable":  # what it said is in what came behind it
        change = change._replace(op="insert" if change.before is None else "update")
    if later.op == "delete":
        if change.op != "update":
            return None
        change = change if is_unfinished(later) else finished(change)
        return change._replace(op="delete", after=None, flawed=has_marks(change.before))
    if not is_unfinished(later):
        change = finished(change)
    folded = change._replace(after=later.after, flawed=has_marks(change.before) or has_marks(later.after))
    return None if folded.op == "update" and folded.before == folded.after and not folded.flawed else folded


def fold_sent(change: Change, sent: Change | None, later: Change, later_sent: Change | None) -> Change | None:
    """As `fold`, of what the EAM sent: `sent` and `later_sent` where a person has edited a change since. None where
    nobody has, or nothing is left."""
    return None if sent is None and later_sent is None else fold(sent or change, later_sent or later)


def _unread_key(table: Table, change: Change) -> str:
    row = change.after or ()
    return change.position if any(isinstance(row[i], Malformed) for i in table.key) else key_text(table, row)


def differ(before: Row, after: Row) -> bool:
    """Whether two images of a row say that something is different now. A column that either side does not know, as one
    that the mapping declares only since, says nothing; a value that cannot be read any more does."""
    return any(_differs(was, now) for was, now in zip(before, after, strict=True))


def _differs(was: Value, now: Value) -> bool:
    if isinstance(now, Unchanged):
        return False
    return was != now and (isinstance(now, Malformed) or not isinstance(was, Unchanged))
