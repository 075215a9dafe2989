"""The data path's breaker, on a ledger in memory."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from connectors.ledger.sqlite import MEMORY
from syncd.change import ChangeSet, Position
from syncd.daemon import pipeline
from syncd.errors import Halt
from syncd.ports import Book, CollectedRow, Ledger, Parked
from syncd.posting import NOTHING, Batch, Outcome, Rejections
from tests.conformance.finance import COMMITTED, Kept, asset, batch, in_memory, posted, rejected

CHANGES = 60


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    kept = Kept(MEMORY)
    with closing(in_memory(kept).open()) as opened:
        yield opened
    kept.drop()


class Waiting:
    """A feed with one set in it."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._sets = [ChangeSet([outcome.change for outcome in outcomes], Position("00000099"), COMMITTED)]
        self.acknowledged: list[Position] = []

    def take(self) -> Sequence[ChangeSet]:
        return self._sets

    def ack(self, position: Position) -> None:
        self.acknowledged.append(position)


class Decided:
    """A mapping that has made up its mind."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = outcomes

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch:
        return batch(*self._outcomes)

    def replay(self, parked: Sequence[Parked], book: Book, refused: Rejections = NOTHING) -> Batch:
        raise NotImplementedError

    def gather(self, rule: str, group: str, rows: Sequence[CollectedRow], book: Book) -> Batch:
        raise NotImplementedError


def test_a_mapping_that_parks_nearly_everything_is_halted_before_anything_is_written(ledger: Ledger) -> None:
    """Invariant 1: the log is not drained into the parked rows."""
    outcomes = [rejected(asset(n)) for n in range(1, CHANGES)] + [posted(asset(CHANGES))]
    feed = Waiting(outcomes)
    with pytest.raises(Halt, match="breaker") as halt:
        pipeline.step(feed, Decided(outcomes), ledger, _uncounted, 0.5)
    assert halt.value.params["reasons"] == f"unknown_account {CHANGES - 1}"
    assert feed.acknowledged == []
    assert ledger.query("SELECT count(*) FROM syncd.parked") == [(0,)]


def test_a_snapshot_that_brings_assets_before_their_departments_is_not_halted(ledger: Ledger) -> None:
    """Debezium reads tables in the order of their names, and assets come before departments."""
    outcomes = [rejected(asset(n, op="read"), waits_for="dept:1") for n in range(1, CHANGES)]
    feed = Waiting(outcomes)
    pipeline.step(feed, Decided(outcomes), ledger, _uncounted, 0.5)
    assert feed.acknowledged
    assert ledger.query("SELECT count(*) FROM syncd.parked") == [(CHANGES - 1,)]


def test_events_that_wait_for_what_is_yet_to_come_do_not_halt(ledger: Ledger) -> None:
    """Sixty rows of a department that is missing say nothing of the mapping."""
    outcomes = [rejected(asset(n), waits_for="dept:1") for n in range(1, CHANGES)]
    pipeline.step(Waiting(outcomes), Decided(outcomes), ledger, _uncounted, 0.5)
    assert ledger.query("SELECT count(*) FROM syncd.parked") == [(CHANGES - 1,)]


def _uncounted(outcomes: Sequence[Outcome]) -> None:
    """Nobody asks."""
