"""The mapping at work: changes in, postings or rejections out, a batch at a time.

Two passes. The first completes rows from the mirror and asks every rule that applies what it will look up, so that
each kind of thing is one query a batch. The second runs the rules in source order, seeing what the batch has done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from syncd.change import Change, ChangeSet, Position
from syncd.mapping.program.completion import complete_from_mirror
from syncd.mapping.program.context import Stale
from syncd.mapping.program.documents import Told, changes_of, documents_of
from syncd.mapping.program.group import Group
from syncd.mapping.program.lookups import Kept
from syncd.mapping.program.program import Program
from syncd.mapping.program.replay import replay_subject
from syncd.mapping.program.run import Run
from syncd.mapping.program.transactions import Span, divided, spans
from syncd.ports import Book, CollectedRow, Parked
from syncd.posting import (
    NOTHING,
    Batch,
    CardWrite,
    Gathered,
    Outcome,
    Rejections,
)

REACH_MAX: Final = 16_000
REACH_MIN: Final = 16
"""Changes that are looked at in one pass. Where a batch had to end early the next looks less far ahead, so that what is
looked up in vain stays in proportion to what is done."""
GATHERED_ROWS_MAX: Final = 4_000
"""Collected rows that are judged in one pass."""


class Translator:
    """Implements `pipeline.Translator`. Not for two threads at once. A batch ends with the last transaction that lies
    within `changes_max`, or with the first; where deadlines pass at midnight in `days_of`, with the day's last at the
    latest, for what they bring comes before the next day. Where the sets say documents' changes themselves, as a record
    of what was judged does, none are made of what they say of headers and lines."""

    def __init__(
        self,
        program: Program,
        again: bool = False,
        changes_max: int = REACH_MAX,
        days_of: ZoneInfo | None = None,
        says_documents: bool = False,
    ) -> None:
        self._program = program
        self._tables, self._again = program.plan.tables, again
        self._kept = Kept([a for a in program.references if a in program.plan.joined], again)
        self._reach = self._reach_max = min(REACH_MAX, changes_max)
        self._days_of = days_of
        self._documents = {} if says_documents else program.plan.documents

    def narrow(self, changes_max: int) -> None:
        """From now on batches of no more changes."""
        self._reach = self._reach_max = min(REACH_MAX, changes_max)

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch:
        """What the sets mean to finance, transaction by transaction, and the mirror's new rows. Ends early behind one
        after which groups are due or parked rows are to be tried again: that goes before what follows."""
        ahead = list(_within(spans(sets), self._reach))
        is_cut = False
        while True:
            began: list[Span] = []
            try:
                batch = self._translated(sets, book, refused, ahead, began)
            except Stale:  # the next batch knows what is left: this one ends before who asked
                ahead, is_cut = began[:-1], True
                continue
            if is_cut:
                self._reach = min(self._reach_max, max(2 * len(batch.outcomes), REACH_MIN))
            return batch

    def _translated(
        self, sets: Sequence[ChangeSet], book: Book, refused: Rejections, ahead: Sequence[Span], began: list[Span]
    ) -> Batch:
        end = ahead[-1].end if ahead else 0
        again = self._again and not any(s.repeats for s in sets)  # a topic is read again as it is, with what was then
        changes = complete_from_mirror(list(islice(_changes(sets), end)), self._tables, book, again)
        repeated = book.parked([change.position for s in sets if s.repeats for change in s.changes])
        told: Sequence[Sequence[Told]] = [()] * len(ahead)
        if self._documents:
            told = documents_of(self._documents, changes, ahead, book, any(s.repeats for s in sets))
        foreseen = [*changes, *changes_of(told)] if self._documents else changes
        outcomes: list[Outcome] = []
        arrived, deferred, unsettled, done = set[str](), set[str](), False, 0
        midnight = _midnight(changes, self._days_of)
        with self._run(book, foreseen, refused) as run:
            for span, documents in zip(ahead, told, strict=True):
                if midnight is not None and span.start and changes[span.start].committed_at >= midnight:
                    break
                began.append(span)
                made = list(run.transaction(changes[span.start : span.end], span.is_whole, repeated, documents))
                outcomes += made
                done = span.end
                run.move_budgets(made)
                if not span.is_whole:
                    deferred |= run.arrived
                    break
                arrived |= run.arrived
                if unsettled := run.is_unsettled():
                    break
        self._reach = min(self._reach_max, max(2 * done, REACH_MIN) if done < end else 4 * self._reach)
        position, rest = divided(sets, done)
        return Batch(
            outcomes, run.written, frozenset(arrived), position, rest, unsettled, frozenset(deferred), run.context.moved
        )

    def replay(self, parked: Sequence[Parked], book: Book, refused: Rejections = NOTHING) -> Batch:
        """Parked rows once more, each subject in order up to the first that is still rejected."""
        subjects: dict[str, list[Parked]] = {}
        for row in parked:
            subjects.setdefault(row.subject, []).append(row)
        with self._run(book, [row.change for row in parked], refused) as run:
            run.context.replaying = True
            outcomes = [o for subject, rows in subjects.items() for o in replay_subject(run, subject, rows)]
            run.look_for_awaited(outcomes)
        return Batch(outcomes, {}, frozenset(run.arrived), None)

    def gather(
        self, rule: str, group: str, rows: Iterable[CollectedRow], book: Book, refused: Rejections = NOTHING
    ) -> Batch:
        """One posting of a group's collected rows, so many at a time that memory holds what they come to and not the
        rows. A row that cannot be posted any more is rejected by itself; when that is all of them, the first speaks for
        all."""
        whole = Group(self._program.layout.file.quantities)
        rejected: list[Outcome] = []
        numbers: dict[Position, int] = {}
        left = iter(rows)
        while True:
            lot = list(islice(left, GATHERED_ROWS_MAX))
            with self._run(book, [row.change for row in lot], {}, whole.cards) as run:
                for row in lot:
                    rejection = refused.get(row.change)
                    outcome = (
                        run.gathered(rule, row)
                        if rejection is None
                        else Outcome(row.change, row.subject, (), rejection)
                    )
                    if outcome.rejection is None:
                        whole.add(outcome.postings)
                    else:
                        rejected.append(outcome)
                        if row.number:
                            numbers[row.change.position] = row.number
                if len(lot) == GATHERED_ROWS_MAX:
                    continue
                arrived = frozenset((f"group:{rule}/{group}",))
                gathered = Gathered(rule, group, numbers)
                made = whole.posting()
                if made is None:
                    return Batch(rejected[:1], {}, arrived, None, gathered=gathered)
                posting = made._replace(key=run.context.free(f"{rule}/{group}/"), subject=f"{rule}/{group}")
                outcomes = [Outcome(posting.change, posting.subject, (posting,)), *rejected]
                run.look_for_awaited(outcomes)
                return Batch(outcomes, {}, arrived | run.arrived, None, gathered=gathered)

    @contextmanager
    def _run(
        self,
        book: Book,
        changes: Sequence[Change],
        refused: Rejections,
        gathered: Mapping[str, CardWrite] | None = None,
    ) -> Iterator[Run]:
        """A pass over changes; `gathered` are the cards that the group has written which they belong to."""
        run = Run(self._program, book, self._kept, changes, refused)
        try:
            if gathered is not None:
                run.context.gather(gathered)
            run.foresee()
            yield run
        finally:
            run.context.close()


def _midnight(changes: Sequence[Change], zone: ZoneInfo | None) -> datetime | None:
    """When the day of the first change ends; None where nobody asks."""
    if zone is None or not changes:
        return None
    after = changes[0].committed_at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(after, time(), zone)


def _changes(sets: Sequence[ChangeSet]) -> Iterator[Change]:
    return (change for s in sets for change in s.changes)


def _within(ahead: Iterable[Span], changes_max: int) -> Iterator[Span]:
    """The first transactions, of so many changes in all; one at least."""
    for n, span in enumerate(ahead):
        if n and span.end > changes_max:
            return
        yield span
