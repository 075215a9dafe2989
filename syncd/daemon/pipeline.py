"""THE data path. Four calls, one direction:

    read ──ChangeSets──▶ translate ──Batch──▶ write (one finance transaction) ──▶ ack

Progress moves only after the durable effect: the checkpoint commits with the postings, and the source hears of
it afterwards. A crash between any two calls repeats work, and the idempotency keys make the repeat a no-op.

A turn is the same for whoever carries: collect what is due, try again what was asked for, step. Within a step the
same is done behind each transaction that asks for it, before the next one is judged. So what is posted is a function
of the log, and of no pause or batch.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Final, Protocol

from syncd.change import Change, ChangeSet, Position
from syncd.errors import Halt
from syncd.ports import Book, CollectedRow, Ledger, Parked
from syncd.posting import NOTHING, Batch, Outcome, Refused, Rejection, Rejections

REPLAYED_ROWS_MAX: Final = 500
REFUSED_ROWS_MAX: Final = 16
"""Of a group, that are looked for. Where there are more, what finance refuses is the rule's and not the rows'."""
BREAKER_SAMPLE_MIN: Final = 50
"""A breaker that looks at fewer changes would trip on a clerk's two typing errors."""

BREAKER_REASONS_MAX: Final = 3

Count = Callable[[Sequence[Outcome]], None]
"""Told of all outcomes as they are committed."""


class Feed(Protocol):
    """A source seen from the posting thread: whatever waits, at once."""

    def take(self) -> Sequence[ChangeSet]: ...
    def ack(self, position: Position) -> None: ...


class Translator(Protocol):
    """The mapping, compiled."""

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch: ...
    def replay(self, parked: Sequence[Parked], book: Book, refused: Rejections = NOTHING) -> Batch: ...
    def gather(
        self, rule: str, group: str, rows: Iterable[CollectedRow], book: Book, refused: Rejections = NOTHING
    ) -> Batch: ...
    def narrow(self, changes_max: int) -> None:
        """From now on batches of no more changes, as far as transactions allow."""
        ...


class Deadlines(Protocol):
    """What passes with the days of the log: `before` is told of what is about to be carried, `quiet` that nothing is.
    Both say whether they have made any rows."""

    def before(self, sets: Sequence[ChangeSet], ledger: Ledger, translator: Translator, count: Count) -> bool: ...
    def quiet(self, ledger: Ledger, translator: Translator, count: Count) -> bool: ...


class NoDeadlines:
    """The mapping has none."""

    def before(self, sets: Sequence[ChangeSet], ledger: Ledger, translator: Translator, count: Count) -> bool:
        """Nothing passes."""
        return False

    def quiet(self, ledger: Ledger, translator: Translator, count: Count) -> bool:
        """Nothing passes."""
        return False


NO_DEADLINES: Final[Deadlines] = NoDeadlines()


def turn(
    feed: Feed, translator: Translator, ledger: Ledger, count: Count, parked_share_max: float = 1.0,
    deadlines: Deadlines = NO_DEADLINES,
) -> bool:  # fmt: skip
    """Collect what is due, try again what was asked for, and carry what is waiting; whether anything was."""
    moved = settle(translator, ledger, count)
    return step(feed, translator, ledger, count, parked_share_max, deadlines) or moved


def step(
    feed: Feed, translator: Translator, ledger: Ledger, count: Count, parked_share_max: float = 1.0,
    deadlines: Deadlines = NO_DEADLINES,
) -> bool:  # fmt: skip
    """Carry what is waiting from the source to finance; whether anything was."""
    sets = taken = feed.take()
    breaker = _Breaker(parked_share_max)
    while sets:
        if deadlines.before(sets, ledger, translator, count):
            settle(translator, ledger, count)
        outcomes, batch = _carry(sets, translator, ledger, breaker)
        count(outcomes)
        if batch.unsettled:
            settle(translator, ledger, count)
        sets = batch.rest
    if taken:
        feed.ack(taken[-1].position)
    return bool(taken)


def settle(translator: Translator, ledger: Ledger, count: Count) -> bool:
    """Post the groups that are due and try again the parked rows that were asked for, and what comes of both, until
    nothing moves; whether anything did."""
    moved = False
    while True:
        done = [*collect(translator, ledger, datetime.now(UTC)), *replay(translator, ledger)]
        if not done:
            return moved
        count(done)
        moved = True


def replay(translator: Translator, ledger: Ledger) -> Sequence[Outcome]:
    """Try again, under today's mapping, the parked rows that were asked for, and release their followers."""
    refused: dict[Change, Rejection] = {}
    while True:
        try:
            with ledger.begin() as book:
                parked = book.requested(REPLAYED_ROWS_MAX)
                return book.write(translator.replay(parked, book, refused)) if parked else ()
        except Refused as refusal:
            refused |= refusal.rejections


def collect(translator: Translator, ledger: Ledger, now: datetime) -> Sequence[Outcome]:
    """Post the collected groups that are due, one voucher a group, one transaction a group. Where finance refuses a
    voucher, the rows that it refuses by themselves are parked and the rest is posted; where it takes each, or refuses
    too many, the first speaks for all."""
    with ledger.begin() as book:
        due = book.due_groups(now)
    return [outcome for rule, group in due for outcome in _gather(translator, ledger, rule, group)]


def _gather(translator: Translator, ledger: Ledger, rule: str, group: str) -> Sequence[Outcome]:
    refused: dict[Change, Rejection] = {}
    while True:
        try:
            with ledger.begin() as book, closing(book.collected(rule, group)) as rows:
                return book.write(translator.gather(rule, group, rows, book, refused))
        except Refused as refusal:
            if not refusal.rejections:
                continue
            (rejection,) = refusal.rejections.values()
        with ledger.begin() as book:
            left = [row for row in book.collected(rule, group) if row.change not in refused]
        is_refused = partial(_is_refused, translator, ledger, rule, group)
        found = list(islice(_at_fault(left, is_refused), REFUSED_ROWS_MAX + 1))
        for row in found if 0 < len(found) <= REFUSED_ROWS_MAX else left:
            refused[row.change] = rejection._replace(change=row.change, subject=row.subject)


def _at_fault(
    rows: Sequence[CollectedRow], is_refused: Callable[[Sequence[CollectedRow]], bool]
) -> Iterator[CollectedRow]:
    """Of rows that finance refuses together, those that it refuses by themselves, found by bisection."""
    if len(rows) == 1:
        yield rows[0]
        return
    middle = len(rows) // 2
    for half in (rows[:middle], rows[middle:]):
        if is_refused(half):
            yield from _at_fault(half, is_refused)


def _is_refused(translator: Translator, ledger: Ledger, rule: str, group: str, rows: Sequence[CollectedRow]) -> bool:
    """Whether finance would refuse a voucher of these rows alone. Nothing is kept of the trial."""
    while True:
        try:
            with ledger.begin() as book:
                book.write(translator.gather(rule, group, rows, book))
                raise _Undone
        except Refused as refusal:
            if refusal.rejections:
                return True
        except _Undone:
            return False


class _Undone(Exception):
    """Ends a trial."""


def _carry(
    sets: Sequence[ChangeSet], translator: Translator, ledger: Ledger, breaker: "_Breaker"
) -> tuple[Sequence[Outcome], Batch]:
    """One batch, made again as often as finance refuses what others of it build on."""
    refused: dict[Change, Rejection] = {}
    while True:
        try:
            with ledger.begin() as book:
                batch = translator.translate(sets, book, refused)
                outcomes = book.write(batch)
                breaker.look_at(outcomes)
            return outcomes, batch
        except Refused as refusal:
            refused |= refusal.rejections


class _Breaker:
    """A wrong mapping must not drain the log into the parked rows. Who waits for a row, a card or a group yet to come
    says nothing of the mapping. What one step took is looked at as a whole, however many batches it was carried in."""

    def __init__(self, share_max: float) -> None:
        self._share_max = share_max
        self._changes = 0
        self._parked = Counter[str]()

    def look_at(self, outcomes: Sequence[Outcome]) -> None:
        """Raises Halt when too large a share was parked."""
        self._changes += len(outcomes)
        rejections = [o.rejection for o in outcomes if o.rejection is not None]
        self._parked.update(r.code for r in rejections if r.status == "failed" and not r.waits_for)
        parked = self._parked.total()
        if self._changes >= BREAKER_SAMPLE_MIN and parked > self._share_max * self._changes:
            reasons = ", ".join(f"{code} {count}" for code, count in self._parked.most_common(BREAKER_REASONS_MAX))
            share_max = f"{self._share_max:.0%}"
            raise Halt("breaker", parked=parked, changes=self._changes, share_max=share_max, reasons=reasons)
