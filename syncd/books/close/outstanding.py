"""What syncd itself still has in hand for a period: parked, waiting and held rows, collected ones, a log not yet read.

Finance has one set of periods, so every pipeline that posts to it counts; where several companies have their own books
in it, those of the company.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from syncd import statements
from syncd.books.close.item import Item, Said, found
from syncd.desk import masking, status
from syncd.desk import uncomputed as desk
from syncd.desk.partitions import PART
from syncd.ports import Ledger, Period
from syncd.record import moment

SQL: Final = statements.load("syncd.books.close", "close.sql")
STATES: Final[Mapping[str, str]] = {
    "failed": "close_parked",
    "behind": "close_waiting",
    "approval": "close_held",
}
"""State of a parked row → the item that it stands in."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNWELL: Final = ("halted", "down", "unseen")


Mine = Callable[[object], bool]
"""Whether a pipeline, given as the ledger names it, is the company's."""


def of_company(names: Collection[str] | None) -> Mine:
    """By the names of the configuration; None for all."""
    return lambda name: names is None or str(name).partition(PART)[0] in names


def items(
    ledger: Ledger,
    period: Period,
    zone: tzinfo,
    now: datetime,
    mine: Mine,
    hidden: masking.Hidden = MappingProxyType({}),
) -> Iterator[Item]:  # fmt: skip
    """All of it; `hidden` is what nobody is shown, for the list goes into files."""
    yield _unread(ledger, period, zone, now, mine)
    yield from _parked(ledger, period, zone, mine, hidden)
    yield _collected(ledger, period, zone, mine)


def _parked(ledger: Ledger, period: Period, zone: tzinfo, mine: Mine, hidden: masking.Hidden) -> Iterator[Item]:
    rows: dict[str, list[Sequence[object]]] = {state: [] for state in STATES}
    first: dict[str, Said] = {}
    with closing(ledger.scan(SQL["parked"])) as parked:
        for pipeline, number, subject, state, code, params, change, committed_at in parked:
            if not (mine(pipeline) and _belongs(str(change), str(committed_at), period, zone)):
                continue
            said = json.loads(str(params))
            said = masking.reason(said, "", str(change), hidden) if hidden else said
            rows[str(state)].append((pipeline, number, subject, Said(str(code), said)))
            known = {"pipeline": pipeline, "id": number, "role": said.get("role", "")}
            first.setdefault(str(state), Said(f"mend_{state}", known))
    for state, code in STATES.items():
        yield found(code, ("col_pipeline", "col_id", "col_subject", "col_reason"), rows[state], first.get(state))


def _collected(ledger: Ledger, period: Period, zone: tzinfo, mine: Mine) -> Item:
    groups: Counter[tuple[str, str, str]] = Counter()
    with closing(ledger.scan(SQL["collected"])) as collected:
        for pipeline, rule, group, change in collected:
            text = str(change)
            if mine(pipeline) and _belongs(text, json.loads(text)["committed_at"], period, zone):
                groups[str(pipeline), str(rule), str(group)] += 1
    rows = [(*group, count) for group, count in sorted(groups.items())]
    item = found(
        "close_collected", ("col_pipeline", "col_rule", "col_group", "close_rows"), rows, Said("mend_collected")
    )
    return item._replace(total=groups.total())


def untold(ledger: Ledger, mine: Mine) -> Item:
    """Answers to the EAM that have not gone, of whatever period: the EAM still shows what was before."""
    rows = [
        (pipeline, number, subject, Said(f"delivery_{state}"))
        for pipeline, number, subject, state in ledger.query(SQL["untold"])
        if mine(pipeline)
    ]
    return found("close_untold", ("col_pipeline", "col_id", "col_subject", "col_state"), rows, Said("mend_untold"))


def uncomputed(ledger: Ledger, mine: Mine) -> Item:
    """Assets that the last run of depreciation left out: what they owe stands nowhere else."""
    names = [str(name) for (name,) in ledger.query(SQL["pipelines"]) if mine(name)]
    left = [(name, one) for name in names for one in desk.uncomputed(ledger, name)]
    rows = [(pipeline, one.asset, one.period, Said(one.code, one.params)) for pipeline, one in left]
    mend = Said("mend_uncomputed", {"period": left[0][1].period if left else ""})
    return found("close_uncomputed", ("col_pipeline", "reconcile_asset", "report_period", "col_reason"), rows, mend)


def _unread(ledger: Ledger, period: Period, zone: tzinfo, now: datetime, mine: Mine) -> Item:
    """Pipelines that may still bring something for the period. One that was never started brings nothing."""
    rows: list[Sequence[object]] = []
    for (name,) in ledger.query(SQL["pipelines"]):
        if not mine(name):
            continue
        one = status.pipeline_status(ledger, str(name), now)
        standing = status.standing(one)
        oldest = one.report and one.report.oldest
        if standing in _UNWELL or (oldest and oldest.astimezone(zone).date() <= period.last):
            rows.append((name, Said(f"state_{standing}"), oldest))
    return found("close_unread", ("col_pipeline", "col_state", "status_oldest"), rows, Said("mend_unread"))


def _belongs(change: str, committed_at: str, period: Period, zone: tzinfo) -> bool:
    """Whether a change is of the period or an earlier one: it was committed by its end, or names a day within it."""
    if moment(committed_at).astimezone(zone).date() <= period.last:
        return True
    stored: dict[str, Any] = json.loads(change)
    days = (value for row in ("before", "after") for value in (stored[row] or {}).values())
    return any(period.first <= day <= period.last for day in map(_day, days) if day)


def _day(value: object) -> date | None:
    if not (isinstance(value, str) and _DAY.match(value)):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
