"""States of assets, folded out of the record: each entry of a state is a posting, whose key says from where, to where
and since when."""

import json
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd import statements
from syncd.change import Table, key_text
from syncd.mapping.language.blocks.lifecycle import Lifecycle
from syncd.mapping.language.blocks.lifecycle_rule import Entered, entered
from syncd.mapping.language.load import Mapping
from syncd.ports import Desk, Ledger
from syncd.record import moment

SQL: Final = statements.load("syncd.books.lifecycle", "lifecycle.sql")
POSTINGS_MAX: Final = 2_000
"""Of one transaction of a fold."""
KEYS_MAX: Final = 500
"""Of one question."""
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


def fold(transaction: Callable[[], AbstractContextManager[Desk]], living: Living) -> None:
    """Take in the states that were entered since the last time, some a `transaction`: `Ledger.desk`, of the writer
    itself `Ledger.writing`."""
    terms = _terms(living.meaning)
    while True:
        with transaction() as desk:
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


class _Latest(NamedTuple):
    """The last entry of an asset: its number, its state, empty once it was left, and what is left of its deadline."""

    entry: int
    state: str
    since: str
    deadline: tuple[str, int, str]


def _keep(desk: Desk, living: Living, found: Sequence[tuple[Entered, str]]) -> None:
    """Entries in order; a state in which an asset stands already is not entered again: a snapshot has read it. Under
    another code the asset stands where it stood, since when it did, and its deadline goes on."""
    latest = _latest(desk, living, sorted({code for one, _ in found for code in (one.asset, one.old) if code}))
    for one, at in found:
        nothing = _Latest(0, "", "", (NEVER, 0, NEVER))
        known, old = latest.get(one.asset, nothing), latest.get(one.old, nothing)
        if known.state == one.state:
            continue
        for code, left in ((one.asset, known), (one.old, old)):
            if left.state:
                desk.execute(SQL["leave"], (one.since, at, code, living.pipeline, left.entry))
                latest[code] = left._replace(state="")
        if not one.state:
            continue
        stays = old.state == one.state
        since, deadline = one.since, _deadline(living, one, at)
        if stays:
            since, deadline = old.since, _stepped(living, one.state, old.deadline, at)
        said = (known.entry + 1, one.state, one.was, since, at, one.by, *deadline)
        desk.execute(SQL["enter"], (living.pipeline, one.asset, *said))
        latest[one.asset] = _Latest(known.entry + 1, one.state, since, deadline)


def _latest(desk: Desk, living: Living, assets: Sequence[str]) -> dict[str, _Latest]:
    found: dict[str, _Latest] = {}
    if assets:
        for row in desk.query(SQL["latest"], (living.pipeline, list(assets))):
            asset, entry, state, left_on, since, due, step, next_on = map(str, row)
            deadline = (due, int(step), next_on)
            found[asset] = _Latest(int(entry), "" if left_on else state, since, deadline)
    return found


def _deadline(living: Living, one: Entered, at: str) -> tuple[str, int, str]:
    """The last day that is left, and with which day which step passes: the first that follows both that day and the
    day of the commit, so that what is told late is judged at the end of the day on which it was told."""
    deadline = living.meaning.deadlines.get(one.state)
    if deadline is None:
        return NEVER, 0, NEVER
    told = moment(at).astimezone(living.zone).date()
    try:
        due = date.fromisoformat(one.since) + timedelta(days=deadline.within)
        passes = max(due, told) + timedelta(days=1 + deadline.steps[0][1])
    except OverflowError:  # 9999-12-31 is how an EAM says that there is no day
        return NEVER, 0, NEVER
    return str(due), 1, str(passes)


def _stepped(living: Living, state: str, deadline: tuple[str, int, str], at: str) -> tuple[str, int, str]:
    """What is left of a deadline at a moment: what passed with its day or earlier went out under the old code, also
    where states are folded anew."""
    due, step, on = deadline
    while on != NEVER and on <= str(moment(at).astimezone(living.zone).date()):
        on, step = next_on(living, state, step, date.fromisoformat(on)), step + 1
    return due, step, on


def next_on(living: Living, state: str, step: int, on: date) -> str:
    """With which day the step behind one passes that has passed with a day."""
    steps = living.meaning.deadlines[state].steps
    return str(on + timedelta(days=steps[step][1] - steps[step - 1][1])) if step < len(steps) else NEVER


def _terms(meaning: Lifecycle) -> str:
    said = {state: [one.within, *one.steps] for state, one in meaning.deadlines.items()}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


class Told(NamedTuple):
    """To whom a step of a deadline went, and with which day."""

    role: str
    on: date
    step: int


def told(ledger: Ledger, living: Living, stays: Sequence[Stay], today: date) -> list[list[Told]]:
    """By stay the steps of its deadline that went to somebody. A row says that one did: of a state that was posted when
    the asset had left it long since there is none."""
    table, fill = living.meaning.overdue, living.meaning.fill
    if table is None or fill is None:
        return [[] for _ in stays]
    passed = [
        (n, to, key_text(table, fill(one.asset, one.state, "", one.entry, one.since, one.due, 0, to.step, to.role)))
        for n, one in enumerate(stays)
        for to in _passed(living, one, today)
    ]
    made: set[str] = set()
    for start in range(0, len(passed), KEYS_MAX):
        keys = [key for *_, key in passed[start : start + KEYS_MAX]]
        made.update(str(key) for (key,) in ledger.query(SQL["made"], (living.pipeline, table.alias, keys)))
    found: list[list[Told]] = [[] for _ in stays]
    for n, to, key in passed:
        if key in made:
            found[n].append(to)
    return found


def _passed(living: Living, one: Stay, today: date) -> list[Told]:
    """The steps of its deadline that have passed before the asset left, those that go to somebody; none where the
    mapping has no rows for them."""
    deadline = living.meaning.deadlines.get(one.state)
    if deadline is None or one.due is None or living.meaning.overdue is None:
        return []
    entered = one.entered_at.astimezone(living.zone).date()
    left = today if one.left_at is None else one.left_at.astimezone(living.zone).date()
    passes = max(one.due, entered) + timedelta(days=1)
    steps = [Told(role, passes + timedelta(days=after), n) for n, (role, after) in enumerate(deadline.steps, 1)]
    return [step for step in steps if step.role and step.on <= left]


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
