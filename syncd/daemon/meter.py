"""What a pipeline does in this process, as numbers: written by its posting thread, a batch or a second at a time, and
read by whoever asks for metrics. Nothing is kept per change, and nothing that a row holds."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from syncd.change import ChangeSet, Position
from syncd.daemon.tally import Counts
from syncd.desk.status import Held, OpenRows, Report, State

BOUNDS_S: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Durations:
    """How many lasted up to each of the bounds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds


class Meter:
    """The numbers of one pipeline, or of one partition. They count from the process's start."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.mapping, self.mapping_hash = "", ""
        self.state: State = "starting"
        self.is_writer = self.is_connected = False
        self.halted = ""
        self.counts = Counts()
        self.retries: Counter[str] = Counter()
        self.batches, self.delays = Durations(), Durations()
        self.report: Report | None = None
        self.heard_at: float | None = None
        self.checkpoint_at: datetime | None = None
        self.open_rows: Sequence[OpenRows] = ()
        self.held: Sequence[Held] = ()

    def let_go(self) -> None:
        """Another daemon has it from now on: how it stands there is not known here."""
        self.is_writer = self.is_connected = False
        self.report, self.heard_at, self.open_rows, self.held = None, None, (), ()

    def include(self, said: Counts) -> None:
        """Count what came of an interval's changes too."""
        self.counts.changes += said.changes
        self.counts.repeated += said.repeated
        self.counts.settled += said.settled
        for total, more in (
            (self.counts.postings, said.postings),
            (self.counts.parked, said.parked),
            (self.counts.ignored, said.ignored),
        ):
            total.update(more)

    @property
    def outcomes(self) -> Mapping[str, int]:
        """What became of the changes, in four words."""
        parked, ignored = self.counts.parked.total(), self.counts.ignored.total()
        posted = self.counts.changes - parked - ignored - self.counts.repeated
        return {"posted": posted, "parked": parked, "ignored": ignored, "repeated": self.counts.repeated}


class Feed(Protocol):
    """As `pipeline.Feed`."""

    def take(self) -> Sequence[ChangeSet]: ...
    def ack(self, position: Position) -> None: ...


class Timed:
    """A feed that notes how long each batch took from its taking to its acknowledgement, and how long ago the newest
    of its changes was committed in the EAM."""

    def __init__(self, feed: Feed, meter: Meter) -> None:
        self._feed, self._meter = feed, meter
        self._began_at = 0.0
        self._newest: datetime | None = None

    def take(self) -> Sequence[ChangeSet]:
        """See `pipeline.Feed`."""
        sets = self._feed.take()
        self._began_at = time.perf_counter()
        self._newest = next((s.changes[-1].committed_at for s in reversed(sets) if s.changes), None)
        return sets

    def ack(self, position: Position) -> None:
        """See `pipeline.Feed`."""
        self._feed.ack(position)
        now = datetime.now(UTC)
        self._meter.checkpoint_at = now
        if self._newest is not None:  # heartbeats are no batches
            self._meter.batches.add(time.perf_counter() - self._began_at)
            self._meter.delays.add(max(0.0, (now - self._newest).total_seconds()))
