"""What needs whom today in a pipeline: what it is, where it is done, and the roles that may do it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlencode

from syncd import wiring
from syncd.books.depreciation import asking, plan
from syncd.console import within
from syncd.console.causes import Cause
from syncd.console.page import Visitor
from syncd.desk import closing
from syncd.desk.access import people, rights
from syncd.desk.status import PipelineStatus
from syncd.outbox import box
from syncd.ports import Ledger, Period

CAUSES_MAX: Final = 20
PERIODS_MAX: Final = 3
"""Months that are over and are looked at, the last ones."""


class Reason(Protocol):
    """A message that says why."""

    @property
    def code(self) -> str: ...
    @property
    def params(self) -> Mapping[str, str]: ...


class Todo(NamedTuple):
    """Something to do: a message, where it is done (empty where no page does it), the roles that may, whether the
    visitor may, and whether its time is up. `since` is when it began to wait, None where that is not known; `why` goes
    into the message, where it asks for one."""

    code: str
    params: Mapping[str, object]
    address: str
    roles: Sequence[str]
    is_own: bool
    is_overdue: bool = False
    since: datetime | None = None
    why: Reason | None = None


def todos(
    ledger: Ledger, part: wiring.Pipeline, found: PipelineStatus, causes: Sequence[Cause], who: Visitor, today: date
) -> list[Todo]:
    """What the visitor may do first, then what is overdue."""
    every = [
        *_approvals(part, found, who), *_failed(part, causes, who), *_uncomputed(part, found, who),
        *_deliveries(ledger, part, who), *_month(ledger, part, who, today),
    ]  # fmt: skip
    return sorted(every, key=lambda one: (not one.is_own, not one.is_overdue))


def _approvals(part: wiring.Pipeline, found: PipelineStatus, who: Visitor) -> Iterator[Todo]:
    for held in found.held:
        is_own = who.may("approve", part.place, (held.role,))
        params = {"rows": held.rows, "overdue": held.overdue or "", "role": held.role}
        address = f"/approvals?{urlencode({'pipeline': part.name} | ({} if is_own else {'all': 'true'}))}"
        yield Todo("todo_approve", params, address, (held.role,), is_own, bool(held.overdue), held.since)


def _failed(part: wiring.Pipeline, causes: Sequence[Cause], who: Visitor) -> Iterator[Todo]:
    for one in [cause for cause in causes if cause.group.state == "failed"][:CAUSES_MAX]:
        params = {"rows": one.group.rows, "rule": one.group.rule or one.group.table, "taken": ""}
        params |= {"taken": one.taken.actor} if one.taken else {}
        address, may = f"/parked?{one.address}#rows", within.may(who, "mend", part)
        yield Todo("todo_mend", params, address, _giving("mend"), may, False, one.group.since, one.first)


def _uncomputed(part: wiring.Pipeline, found: PipelineStatus, who: Visitor) -> Iterator[Todo]:
    for left in found.uncomputed[:CAUSES_MAX]:
        address = f"/books/depreciation?{urlencode({'pipeline': part.name, 'period': left.period})}"
        params, may = {"asset": left.asset, "period": left.period}, within.may(who, "mend", part)
        yield Todo("todo_uncomputed", params, address, _giving("mend"), may, why=left)


def _deliveries(ledger: Ledger, part: wiring.Pipeline, who: Visitor) -> Iterator[Todo]:
    for one in box.open_deliveries(ledger, part.name):
        if one.state == "refused":
            params = {"rows": one.deliveries, "kind": one.kind, "pipeline": part.name}
            yield Todo(
                "todo_deliver", params, "", _giving("deliver"), within.may(who, "deliver", part), since=one.since
            )


def _month(ledger: Ledger, part: wiring.Pipeline, who: Visitor, today: date) -> Iterator[Todo]:
    """Months that are over: their close, and their depreciation, where syncd computes it; and the runs that one has
    asked for and a second person is to agree to."""
    kept, closed = part.mapping.layout.kept, closing.closed(ledger)
    begun = closing.begun(ledger, kept("")) or "9999-99"
    known = [one for one in part.periods(ledger) if begun <= one.code and one.first <= today]
    over = [one for one in known if one.last < today and one.open and kept(one.code) not in closed][-PERIODS_MAX:]
    for one in over if closed else over[-1:]:
        address = f"/books/month?{urlencode({'pipeline': part.name})}"
        yield Todo("todo_close", {"period": one.code}, address, _giving("close"), within.may(who, "close", part))
    if part.computing is not None:
        yield from _runs(ledger, part, who, known[-PERIODS_MAX:], over)


def _runs(
    ledger: Ledger, part: wiring.Pipeline, who: Visitor, known: Sequence[Period], over: Sequence[Period]
) -> Iterator[Todo]:
    target = "depreciation/{}".format
    months = {one: plan.month_text(plan.month_of(one.last)) for one in known}
    waiting = people.waiting_on(ledger, part.name, [*map(target, months.values())], "depreciate")
    for one, month in months.items():
        asked = waiting.get(target(month))
        address = f"/books/depreciation?{urlencode({'pipeline': part.name, 'period': one.code})}"
        if asked:
            roles, may = (rights.CONTROLLER,), who.may("depreciate", part.place) and who.account.name not in asked
            is_own = may and rights.CONTROLLER in who.account.roles
            yield Todo("todo_second", {"period": one.code, "actor": ", ".join(asked)}, address, roles, is_own)
        elif one in over and not asking.standings(ledger, part.name, month):
            may = within.may(who, "depreciate", part)
            yield Todo("todo_depreciate", {"period": one.code}, address, _giving("depreciate"), may)


def _giving(action: rights.Action) -> Sequence[str]:
    return sorted(rights.giving(action))
