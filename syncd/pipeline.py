"""THE data path. Four calls, one direction:

    read ──ChangeSets──▶ translate ──Batch──▶ write (one finance transaction) ──▶ ack

Progress moves only after the durable effect: the checkpoint commits with the postings, and the source hears of
it afterwards. A crash between any two calls repeats work, and the idempotency keys make the repeat a no-op.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from syncd.change import ChangeSet, Position
from syncd.errors import Halt
from syncd.ports import Book, CollectedRow, Ledger, Parked
from syncd.posting import Batch, Outcome

REPLAYED_ROWS_MAX = 500
BREAKER_SAMPLE_MIN = 50
"""A breaker that looks at fewer changes would trip on a clerk's two typing errors."""


class Feed(Protocol):
    """A source seen from the posting thread: whatever waits, at once."""

    def take(self) -> Sequence[ChangeSet]: ...
    def ack(self, position: Position) -> None: ...


class Translator(Protocol):
    """The mapping, compiled."""

    def translate(self, sets: Sequence[ChangeSet], book: Book) -> Batch: ...
    def replay(self, parked: Sequence[Parked], book: Book) -> Batch: ...
    def gather(self, rule: str, group: str, rows: Sequence[CollectedRow], book: Book) -> Batch: ...


def step(feed: Feed, translator: Translator, ledger: Ledger, parked_share_max: float = 1.0) -> Sequence[Outcome]:
    """Carry what is waiting from the source to finance. Empty when nothing waits."""
    sets = taken = feed.take()
    done: list[Outcome] = []
    while sets:
        with ledger.begin() as book:
            batch = translator.translate(sets, book)
            outcomes = book.write(batch)
            _break_if_mostly_parked(outcomes, parked_share_max)
        done += outcomes
        if sets := batch.rest:
            done += collect(translator, ledger, datetime.now(UTC))
    if taken:
        feed.ack(taken[-1].position)
    return done


def replay(translator: Translator, ledger: Ledger) -> Sequence[Outcome]:
    """Try again, under today's mapping, the parked rows that were asked for, and release their followers."""
    outcomes: list[Outcome] = []
    with ledger.begin() as book:
        parked = book.requested(REPLAYED_ROWS_MAX)
        while parked:
            batch = translator.replay(parked, book)
            written = book.write(batch)
            outcomes += written
            parked = _refused(parked, batch.outcomes, written)
    return outcomes


def collect(translator: Translator, ledger: Ledger, now: datetime) -> Sequence[Outcome]:
    """Post the collected groups that are due, one voucher a group, one transaction a group."""
    with ledger.begin() as book:
        due = book.due_groups(now)
    outcomes: list[Outcome] = []
    for rule, group in due:
        with ledger.begin() as book:
            rows = tuple(book.collected(rule, group))
            outcomes += book.write(translator.gather(rule, group, rows, book))
    return outcomes


def _refused(parked: Sequence[Parked], meant: Sequence[Outcome], written: Sequence[Outcome]) -> Sequence[Parked]:
    """What finance refused, with what follows it: perhaps a correction is among that, which only finance can tell."""
    refused = {
        now.parked_id: now.subject
        for was, now in zip(meant, written, strict=True)
        if was.postings and now.rejection is not None and now.rejection.status == "failed"
    }
    settled = {outcome.parked_id for outcome in written if outcome.rejection is None}
    subjects = set(refused.values())
    return [
        row._replace(refused=row.refused + (row.id in refused))
        for row in parked
        if row.subject in subjects and row.id not in settled
    ]


def _break_if_mostly_parked(outcomes: Sequence[Outcome], share_max: float) -> None:
    """A wrong mapping must not drain the log into the parked rows. A snapshot may bring assets before the departments
    that they stand in, and whoever waits for those says nothing of the mapping."""
    parked = sum(map(_is_at_fault, outcomes))
    if len(outcomes) >= BREAKER_SAMPLE_MIN and parked > share_max * len(outcomes):
        raise Halt("breaker", parked=parked, changes=len(outcomes), share_max=f"{share_max:.0%}")


def _is_at_fault(outcome: Outcome) -> bool:
    rejection = outcome.rejection
    if rejection is None or rejection.status != "failed":
        return False
    return not (rejection.waits_for and outcome.change.op == "read")
