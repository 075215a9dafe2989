"""Deadlines that pass, handed to the rules as rows of a table that nobody else writes.

A deadline passes with the beginning of a day, and what it brings stands between two days of the log: before anything
of a day is carried, whatever passed up to its midnight is judged. So a row is made, or is not, by what the log said
until then, however late the log is read. Where the log is quiet the clock says that a day is over, ten minutes late.

The rows of a day go through the mapping like any change, a transaction for so many, and are in the mirror by key with
what the rules made of them: asset, entry of the state, step. So a restart makes no row twice. Whoever carries the log
judges them, a dry run and a repair like the daemon; of a source's partitions whoever holds an asset's.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Final, NamedTuple, Protocol

from syncd.books.lifecycle import states
from syncd.books.lifecycle.states import SQL, Living
from syncd.change import Change, ChangeSet, Position, key_text
from syncd.language import Language
from syncd.mapping.language.blocks.lifecycle_rule import entered
from syncd.ports import Book, Ledger
from syncd.posting import NOTHING, Batch, Outcome, Refused, Rejection, Rejections

ROWS_MAX: Final = 1_000
"""Of one transaction."""
QUIET_S: Final = 600.0
"""How long nothing must come from the EAM before the clock says that a day of the log is over."""

Count = Callable[[Sequence[Outcome]], None]


class Translator(Protocol):
    """The mapping, compiled."""

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch: ...


class Passed(NamedTuple):
    """A step of a deadline that has passed with the beginning of `on`."""

    asset: str
    entry: int
    state: str
    since: date
    due: date
    step: int
    on: date


class Deadlines:
    """For one posting thread, from the start of its reading; `living` is None where the mapping says nothing of the
    life cycle. `now` and `monotonic` are the clocks."""

    def __init__(
        self, living: Living | None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._living, self._now, self._monotonic = living, now, monotonic
        self._judged: date | None = None
        self._heard_at = monotonic()

    def before(self, sets: Sequence[ChangeSet], ledger: Ledger, translator: Translator, count: Count) -> bool:
        """Judge what passed before what is about to be carried; whether any rows were made."""
        if self._living is None:
            return False
        at = next((s.changes[0].committed_at for s in sets if s.changes), None)
        if at is None:
            return False
        self._heard_at = self._monotonic()
        return self._until(min(at, self._now()), ledger, translator, count)

    def quiet(self, ledger: Ledger, translator: Translator, count: Count) -> bool:
        """Judge what passed by the clock, where nothing has come for a while; whether any rows were made."""
        if self._living is None or self._monotonic() < self._heard_at + QUIET_S:
            return False
        return self._until(self._now() - timedelta(seconds=QUIET_S), ledger, translator, count)

    def _until(self, at: datetime, ledger: Ledger, translator: Translator, count: Count) -> bool:
        assert self._living is not None, "see `before` and `quiet`"
        day = at.astimezone(self._living.zone).date()
        if self._judged is not None and day <= self._judged:
            return False
        made = judge(ledger, translator, self._living, day, count)
        self._judged = day
        return made


def of_case(living: Living | None) -> Deadlines:
    """For a golden case, which may lie in the future."""
    last = datetime.max.replace(tzinfo=UTC)
    return Deadlines(living, lambda: last)


def judge(ledger: Ledger, translator: Translator, living: Living | None, day: date, count: Count) -> bool:
    """Make the rows of all that passed before a day began; whether there were any."""
    if living is None:
        return False
    states.fold(ledger.writing, living)
    if living.meaning.overdue is None:
        return False
    made = False
    while found := _passed(ledger, living, day):
        count(_make(ledger, translator, living, found))
        steps = [_next(living, one) for one in found]
        with ledger.writing() as desk:
            for step in steps:
                desk.execute(SQL["step_on"], step)
        made = True
    return made


def _passed(ledger: Ledger, living: Living, day: date) -> Sequence[Passed]:
    """Of the first day on which any did."""
    with ledger.writing() as desk:
        rows = desk.query(SQL["passed"], (living.pipeline, str(day), ROWS_MAX))
    found = [
        Passed(
            *(str(asset), int(str(entry)), str(state), date.fromisoformat(str(since))),
            *(date.fromisoformat(str(due)), int(str(step)), date.fromisoformat(str(on))),
        )
        for asset, entry, state, since, due, step, on in rows
    ]
    return [one for one in found if one.on == found[0].on]


def _make(ledger: Ledger, translator: Translator, living: Living, found: Sequence[Passed]) -> Sequence[Outcome]:
    table = living.meaning.overdue
    assert table is not None
    at = datetime.combine(found[0].on, clock_time(), living.zone).astimezone(UTC)
    changes = [_change(living, one, at) for one in found]
    keys = [key_text(table, change.after or ()) for change in changes]
    refused: dict[Change, Rejection] = {}
    while True:
        try:
            with ledger.begin() as book:
                there = book.mirror(table.alias, keys)
                left = [change for change, key in zip(changes, keys, strict=True) if key not in there]
                if not left:
                    return ()
                batch = translator.translate([ChangeSet(left, Position(""), at)], book, refused)
                return book.write(batch._replace(position=None))
        except Refused as refusal:
            refused |= refusal.rejections


def _change(living: Living, one: Passed, at: datetime) -> Change:
    meaning = living.meaning
    assert meaning.overdue is not None
    assert meaning.fill is not None
    role, _ = meaning.deadlines[one.state].steps[one.step - 1]
    row = meaning.fill(
        one.asset, one.state, called(living, one.state), one.entry, one.since, one.due, (one.on - one.due).days,
        one.step, role,
    )  # fmt: skip
    return Change(meaning.overdue.alias, "insert", None, row, Position(f"due:{one.asset}/{one.entry}/{one.step}"), at)


def _next(living: Living, one: Passed) -> tuple[object, ...]:
    """The step behind one."""
    on = states.next_on(living, one.state, one.step, one.on)
    return one.step + 1, on, one.asset, living.pipeline, one.entry, one.step


def called(living: Living, state: str, language: Language | None = None) -> str:
    """What a state is called, in a language or that of the books; one that the mapping has no more is its code."""
    zh, en = living.meaning.states.get(state, (state, state))
    return zh if (language or living.meaning.name) == "zh" else en


def stepped(living: Living, rule: str, key: str, language: Language) -> str:
    """The states from which to which an asset went by a posting of this rule and key, in words; empty of any other."""
    if rule != living.meaning.rule.name:
        return ""
    step = entered(key)
    return " → ".join(called(living, state, language) for state in (step.was, step.state) if state)
