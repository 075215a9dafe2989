"""Carry what is waiting, then stop: the dry run, and the snapshot taken by hand. The data path is the daemon's."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from syncd import pipeline, status
from syncd.change import ChangeSet, Position
from syncd.money import ZERO
from syncd.ports import Ledger
from syncd.posting import Outcome
from syncd.reader import Reader
from syncd.supervisor import Line

IDLE_S: Final = 1.0
BEHIND_BYTES_MAX: Final = 65_536
"""A busy server's log always holds a little more than what concerns us."""


@dataclass
class Tally:
    """What came of the changes: postings by rule, parked rows by reason, ignored changes by reason, and how many
    were repeats of what is posted already."""

    changes: int = 0
    postings: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    cards: int = 0
    vouchers: int = 0
    entries: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these too."""
        for outcome in outcomes:
            self.changes += 1
            if outcome.rejection is not None:
                self.parked[outcome.rejection.code] += 1
            elif outcome.ignored:
                self.ignored[outcome.ignored] += 1
            elif not outcome.postings:
                self.repeated += 1
            for posting in outcome.postings if outcome.rejection is None else ():
                self.postings[posting.rule] += 1
                self.cards += len(posting.cards)
                if posting.voucher is not None:
                    self.vouchers += 1
                    self.entries += len(posting.voucher.entries)
                    self.debit += sum((entry.debit for entry in posting.voucher.entries), ZERO)
                    self.credit += sum((entry.credit for entry in posting.voucher.entries), ZERO)

    def include(self, other: "Tally") -> None:
        """Count what another counted too."""
        for counted in fields(Tally):
            setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))


class _Watched:
    """A reader that remembers what was last taken, and when."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.last: Sequence[ChangeSet] = ()
        self.taken_at = time.monotonic()

    def take(self) -> Sequence[ChangeSet]:
        sets = self._reader.take()
        if sets:
            self.last, self.taken_at = sets, time.monotonic()
        return sets

    def ack(self, position: Position) -> None:
        self._reader.ack(position)

    def is_idle(self) -> bool:
        """Nothing came for a while, and the log holds nothing more."""
        lag = self._reader.lag
        behind = (lag.bytes_behind or 0) > BEHIND_BYTES_MAX or bool(lag.rows_behind)
        return not behind and time.monotonic() - self.taken_at > IDLE_S

    def is_past_snapshot(self) -> bool:
        """A set was taken that stands beyond the snapshot."""
        return bool(self.last) and not self._reader.in_snapshot(self.last[-1].position)


Tell = Callable[[Tally, Reader], None]


def to_the_end(line: Line, ledger: Ledger, dry_run: bool, tell: Tell) -> Tally:
    """Carry from the checkpoint until nothing more waits, collected groups that are due included. `tell` is called
    after every batch."""
    tally = Tally()
    translator = line.translator()
    with _reader(line, ledger.checkpoint(), status.known_source(ledger, line.name), not dry_run) as reader:
        watched = _Watched(reader)
        while not watched.is_idle():
            tally.add(pipeline.step(watched, translator, ledger))
            tell(tally, reader)
        tally.add(pipeline.collect(translator, ledger, datetime.now(UTC)))
    return tally


def snapshot(line: Line, ledger: Ledger, tell: Tell) -> Tally:
    """Take the snapshot, whatever was read before, up to the point from which `syncd run` streams."""
    tally = Tally()
    status.remember_source(ledger, line.name, through_snapshot(line, ledger, tally, tell))
    return tally


def through_snapshot(line: Line, ledger: Ledger, tally: Tally, tell: Tell) -> str:
    """Carry what a source says that begins anew, up to where its snapshot ends; which source it is."""
    translator = line.translator()
    with _reader(line, None, None, True) as reader:
        watched = _Watched(reader)
        while not watched.is_past_snapshot():
            tally.add(pipeline.step(watched, translator, ledger))
            tell(tally, reader)
        assert reader.identity is not None
        return reader.identity


def _reader(line: Line, checkpoint: Position | None, identity: str | None, acknowledges: bool) -> Reader:
    return Reader(line.open_source, checkpoint, identity, line.queue_changes_max, line.batch_changes_max, acknowledges)
