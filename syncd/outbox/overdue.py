"""Whose time is up: deadlines of the life cycle that have passed, and rows that should have been approved by now. Each
is a cause of its own for each role that it goes to, so that who comes in later is told, too, and that it is solved."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from syncd.desk.parked import approvals
from syncd.language import Language
from syncd.ports import Ledger
from syncd.record import moment

LISTED_MAX: Final = 20
"""Of one role that are told one by one, the oldest first; what is beyond is told in all."""
ROWS_MAX: Final = 10_000
_APPROVALS: Final = (
    "SELECT id, subject, rule, params, parked_at FROM syncd.parked"
    " WHERE pipeline = ? AND settled_at IS NULL AND state = 'approval' ORDER BY id LIMIT ?"
)
_TERMS: Final = "SELECT terms, seq FROM syncd.lifecycle_folded WHERE pipeline = ?"
_STANDING: Final = (
    "SELECT l.asset, l.entry, l.state, l.since, l.due, l.step, l.next_on FROM syncd.lifecycle l"
    " WHERE l.pipeline = ? AND l.left_on = '' AND l.due <> '' AND l.due < ? AND NOT EXISTS ("
    "SELECT 1 FROM syncd.posting p"
    " WHERE p.pipeline = l.pipeline AND p.subject = l.asset AND p.rule = 'lifecycle' AND p.seq > ?)"
    " ORDER BY l.due, l.asset, l.entry LIMIT ?"
)
"""What has left its state since states were folded last does not stand there any more."""

Names = Mapping[str, tuple[str, str]]
"""What states are called, in Chinese and in English."""


class Overdue(NamedTuple):
    """Something whose time is up, for a role; as `causes.Cause`."""

    name: str
    code: str
    params: Mapping[str, str]
    role: str


def approvals_overdue(ledger: Ledger, pipeline: str, now: datetime) -> Iterator[Overdue]:
    """Rows whose `within` has passed: for the role that has not decided, and for the one that may in its place."""
    for number, subject, rule, params_text, parked_at in ledger.query(_APPROVALS, (pipeline, ROWS_MAX)):
        params = {str(name): str(value) for name, value in json.loads(str(params_text)).items()}
        row = approvals.Asked(str(rule), "approval", params, moment(str(parked_at)))
        due = approvals.due(row)
        if due is None or due > now:
            continue
        asked, *then = approvals.deciding(row, now)
        told = {"id": str(number), "subject": str(subject), "rule": row.rule, "role": asked}
        told |= {"hours": f"{(now - due).total_seconds() / 3600:.0f}"}
        name = f"overdue/{number}/{approvals.step_of(row)}"
        yield Overdue(name, "alert_overdue", told, asked)
        yield from (Overdue(f"{name}/{role}", "alert_overdue_then", told | {"then": role}, role) for role in then)


def deadlines_passed(
    ledger: Ledger,
    pipeline: str,
    now: datetime,
    zone: tzinfo = UTC,
    names: Names | None = None,
    language: Language = "zh",
) -> Iterator[Overdue]:
    """Assets that stand in a state longer than they may, for the role of each step of the deadline that has passed.
    `zone` is that of the books."""
    folded = ledger.query(_TERMS, (pipeline,))
    if not folded:
        return
    terms, today = json.loads(str(folded[0][0])), now.astimezone(zone).date()
    rows = ledger.query(_STANDING, (pipeline, str(today), folded[0][1], ROWS_MAX))
    for asset, entry, state, since, due, step, next_on in rows:
        called = (names or {}).get(str(state), (str(state), str(state)))[language != "zh"]
        days = (today - date.fromisoformat(str(due))).days
        told = {"asset": str(asset), "state": called, "since": str(since), "due": str(due), "days": str(days)}
        _, *steps = terms.get(str(state), (0,))
        passed = _passed(steps, int(str(step)), str(next_on), today)
        for n, (role, _) in enumerate(steps[:passed], 1):
            name = f"deadline/{asset}/{entry}/{n}"
            yield Overdue(name, "alert_deadline", told | {"role": str(role)}, str(role))


def _passed(steps: list[tuple[str, int]], step: int, next_on: str, today: date) -> int:
    """How many steps have passed: those that were made, and those whose day has come."""
    made = step - 1
    if not next_on:
        return made
    first, after = date.fromisoformat(next_on), steps[made][1]
    return made + sum(first + timedelta(days=days - after) <= today for _, days in steps[made:])


def bounded(found: Iterator[Overdue], more: str, prefix: str) -> Iterator[Overdue]:
    """The first of each role one by one, the others in all, under the message `more`."""
    seen: Counter[str] = Counter()
    for one in found:
        seen[one.role] += 1
        if seen[one.role] <= LISTED_MAX:
            yield one
    for role, count in sorted(seen.items()):
        if count > LISTED_MAX:
            yield Overdue(f"{prefix}/more/{role}", more, {"count": str(count - LISTED_MAX), "role": role}, role)
