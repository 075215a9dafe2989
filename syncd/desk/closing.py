"""Periods that people close and open again. The close is syncd's own state; finance's table of periods follows where
the layout says how.

What stands behind a period may go on while it is looked at, so the close holds its numbers first: a voucher that the
daemon wrote meanwhile is seen, and one that it is about to write goes to the next period.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syncd import statements
from syncd.desk.parked import operators
from syncd.errors import Halt, Transient, WrongUsage
from syncd.ports import ANY_TYPE, Desk, Ledger

SQL: Final = statements.load("syncd.desk", "closing.sql")


class Numbers(NamedTuple):
    """The last voucher numbers of a period by type, and the periods of its book that were closed, as they stood when it
    was looked at."""

    last: Mapping[str, int]
    closed: frozenset[str]


def closed(ledger: Ledger | Desk) -> frozenset[str]:
    """The periods that are closed at the desk."""
    return frozenset(str(period) for (period,) in ledger.query(SQL["closed"]))


def begun(ledger: Ledger | Desk, owner: str) -> str | None:
    """The first period in which syncd has posted, of those of one book: `owner` is how their names begin."""
    names = [str(period) for (period,) in ledger.query(SQL["begun"])]
    own = [name.removeprefix(owner) for name in names if name.startswith(owner)]
    return min((name for name in own if ":" not in name), default=None)


def closed_at(ledger: Ledger | Desk, period: str) -> str:
    """When a period was closed at the desk, as syncd's tables keep moments; empty for one that is open."""
    return next((str(at) for (at,) in ledger.query(SQL["closed_at"], (period,))), "")


def numbers(ledger: Ledger | Desk, period: str) -> Numbers:
    """How far a period's series have come."""
    of_book = frozenset(one for one in closed(ledger) if _book(one) == _book(period))
    return Numbers({str(kind): int(str(last)) for kind, last in ledger.query(SQL["numbers"], (period,))}, of_book)


def close(
    ledger: Ledger,
    period: str,
    seen: Numbers,
    in_finance: tuple[str, Sequence[object]] | None,
    detail: Mapping[str, object],
    by: operators.Actor,
) -> None:
    """Close a period in which nothing was posted since it was `seen`, and before which none was opened again.
    `in_finance` is the statement that closes it in finance's own table. Raises Transient when something was, WrongUsage
    when it is closed."""
    types = [str(kind) for (kind,) in ledger.query(SQL["types"])]
    with ledger.desk() as desk:
        desk.execute(SQL["hold_series"], (period,))
        for kind in sorted({ANY_TYPE, *types}):  # also those that the daemon is about to begin
            desk.execute(SQL["begin_series"], (period, kind))
        desk.execute(SQL["hold_series"], (period,))
        now = numbers(desk, period)
        if period in now.closed:
            raise WrongUsage("close_closed", period=period)
        if _begun(now) != _begun(seen) or not seen.closed <= now.closed:
            raise Transient("close_overtaken", period=period)
        at = operators.act(desk, by, "close", "", f"period/{period}", detail)
        desk.execute(SQL["close"], (period, at))
        _follow(desk, in_finance)


def reopen(ledger: Ledger, period: str, in_finance: tuple[str, Sequence[object]] | None, by: operators.Actor) -> None:
    """Open the period that was closed last. Raises WrongUsage when it is not closed, Halt when a later one is."""
    with ledger.desk() as desk:
        known = closed(desk)
        if period not in known:
            raise WrongUsage("reopen_open", period=period)
        later = max(one for one in known if _book(one) == _book(period))
        if later != period:
            raise Halt("reopen_later", period=period, later=later)
        operators.act(desk, by, "reopen", "", f"period/{period}", {})
        desk.execute(SQL["reopen"], (period,))
        _follow(desk, in_finance)


def _begun(numbers: Numbers) -> Mapping[str, int]:
    """The series that have begun; a close begins others."""
    return {kind: last for kind, last in numbers.last.items() if last}


def _book(period: str) -> str:
    """Whose period it is, as it is kept."""
    return period.rpartition(":")[0]


def _follow(desk: Desk, in_finance: tuple[str, Sequence[object]] | None) -> None:
    if in_finance is not None:
        desk.execute(*in_finance)
