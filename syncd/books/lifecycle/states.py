"""States of assets, folded out of the record: each entry of a state is a posting, whose key says from where, to where
and since when."""

import json
from collections.abc import Mapping as Map
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd import statements
from syncd.change import Table
from syncd.mapping.language.lifecycle import Lifecycle
from syncd.mapping.language.load import Mapping
from syncd.mapping.verbs.enter import Entered, entered
from syncd.ports import Desk, Ledger
from syncd.record import moment

SQL: Final = statements.load("syncd.books.lifecycle", "lifecycle.sql")
POSTINGS_MAX: Final = 2_000
"""Of one transaction of a fold."""
NEVER: Final = ""
"""A day that does not come."""


class Living(NamedTuple):
    """What a pipeline's mapping says of the life cycle."""

    pipeline: str
    meaning: Lifecycle
    tables: Map[str, Table]
    zone: ZoneInfo


class Stay(NamedTuple):
    """An asset in a state: from the day `since`, entered in the EAM at `entered_at` and by whom, up to `left_on`, None
    while it stands. `due` is the last day that the deadline leaves, None without one."""

    asset: str
    entry: int
    state: str
    was: str
    since: date
    entered_at: datetime
    entered_by: str
    left_on: date | None
    left_at: datetime | None
    due: date | None

    def days_over(self, today: date) -> int:
        """By how many days the deadline is overrun, or was when the asset left; 0 where it is kept."""
        return 0 if self.due is None else max(0, ((self.left_on or today) - self.due).days)


def living(pipeline: str, mapping: Mapping) -> Living | None:
    """What a mapping says; None where it says nothing of the life cycle."""
    meaning = mapping.lifecycle
    return None if meaning is None else Living(pipeline, meaning, mapping.tables, mapping.zone)


def fold(ledger: Ledger, living: Living) -> None:
    """Take in the states that were entered since the last time."""
    terms = _terms(living.meaning)
    while True:
        with ledger.desk() as desk:
            known = desk.query(SQL["folded"], (living.pipeline,))
            if not known or str(known[0][0]) != terms:
                desk.execute(SQL["forget"], (living.pipeline,))
                desk.execute(SQL["begin"], (living.pipeline, terms))
                known = [(terms, 0)]
            since = int(str(known[0][1]))
            head = desk.query(SQL["head"], (living.pipeline,))
            end = int(str(head[0][0])) if head else 0
            if end <= since:
                return
            rows = desk.query(SQL["entered"], (living.pipeline, since, end, POSTINGS_MAX))
            _keep(desk, living, [(entered(str(key)), str(at)) for _, key, at in rows])
            is_whole = len(rows) < POSTINGS_MAX
            desk.execute(SQL["reach"], (end if is_whole else rows[-1][0], living.pipeline, since))
            if is_whole:
                return


def _keep(desk: Desk, living: Living, found: Sequence[tuple[Entered, str]]) -> None:
    """Entries in order; a state in which an asset stands already is not entered again: a snapshot has read it."""
    assets = sorted({one.asset for one, _ in found})
    latest: dict[str, tuple[int, str]] = {}
    if assets:
        for asset, entry, state, left_on in desk.query(SQL["latest"], (living.pipeline, assets)):
            latest[str(asset)] = int(str(entry)), "" if left_on else str(state)
    for one, at in found:
        entry, state = latest.get(one.asset, (0, ""))
        if state == one.state:
            continue
        if state:
            desk.execute(SQL["leave"], (one.since, at, one.asset, living.pipeline, entry))
        if one.state:
            entry += 1
            ends = _deadline(living, one, at)
            said = (entry, one.state, one.was, one.since, at, one.by, *ends)
            desk.execute(SQL["enter"], (living.pipeline, one.asset, *said))
        latest[one.asset] = entry, one.state


def _deadline(living: Living, one: Entered, at: str) -> tuple[str, int, str]:
    """The last day that is left, and with which day which step passes: the first that follows both that day and the
    day of the commit, so that what is told late is judged at the end of the day on which it was told."""
    deadline = living.meaning.deadlines.get(one.state)
    if deadline is None:
        return NEVER, 0, NEVER
    due = date.fromisoformat(one.since) + timedelta(days=deadline.within)
    told = moment(at).astimezone(living.zone).date()
    passes = max(due, told) + timedelta(days=1 + deadline.steps[0][1])
    return str(due), 1, str(passes)


def _terms(meaning: Lifecycle) -> str:
    said = {state: [one.within, *one.steps] for state, one in meaning.deadlines.items()}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def standing(ledger: Ledger, living: Living, states: Sequence[str]) -> list[Stay]:
    """The states in which assets stand now, of those that are asked for; who stands longest first."""
    if not states:
        return []
    return [stay(row) for row in ledger.query(SQL["standing"], (living.pipeline, list(states)))]


def histories(ledger: Ledger, living: Living, states: Sequence[str]) -> dict[str, list[Stay]]:
    """By asset all its states, of assets that have ever come to one of some."""
    found: dict[str, list[Stay]] = {}
    if states:
        for row in ledger.query(SQL["cycles"], (living.pipeline, list(states), living.pipeline)):
            found.setdefault(str(row[0]), []).append(stay(row))
    return found


def of_asset(ledger: Ledger, living: Living, asset: str) -> list[Stay]:
    """All states of an asset, in order."""
    return [stay(row) for row in ledger.query(SQL["of_asset"], (asset, living.pipeline))]


def stay(row: Sequence[object]) -> Stay:
    """A row of the table."""
    asset, entry, state, was, since, entered_at, by, left_on, left_at, due = map(str, row)
    return Stay(
        *(asset, int(entry), state, was, date.fromisoformat(since), moment(entered_at), by),
        *(_day(left_on), moment(left_at) if left_at else None, _day(due)),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
