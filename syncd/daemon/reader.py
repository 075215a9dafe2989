"""A source behind a bounded queue, read by a thread of its own.

The thread must not be the posting one: a log's server drops a reader that is silent while finance is slow. The
queue is measured in changes, so that memory stays flat whatever the size of a transaction.

What is taken is whole transactions, however many changes a batch is meant to have. One that is too large for that is
taken in parts, which are cut at the same places whatever the pace.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

from syncd.change import ChangeSet, Position
from syncd.errors import Fault, Halt
from syncd.ports import Lag, Source

READ_TIMEOUT_S: Final = 0.25
TAKE_TIMEOUT_S: Final = 0.25
LAG_INTERVAL_S: Final = 1.0
NOTE_INTERVAL_S: Final = 60.0
"""How often it is noted what was seen of the source: what a running daemon has judged harmless is not judged again."""
KEEPALIVE_INTERVAL_S: Final = 5.0
NO_LAG: Final = Lag(None, None, {})
TRANSACTION_CHANGES_MAX: Final = 4_000
"""Changes of one transaction that are taken at once."""


class Waiting(NamedTuple):
    """A set that waits; what is taken may end with it where `ends`."""

    set: ChangeSet
    ends: bool


class Reader:
    """The feed of one pipeline. `take` and `ack` are for the posting thread; the source belongs to the reader's."""

    def __init__(
        self,
        connect: Callable[[], Source],
        checkpoint: Position | None,
        identity: str | None,
        queue_changes_max: int,
        batch_changes_max: int,
        acknowledges: bool = True,
        again: bool = False,
        ends: bool = False,
    ) -> None:
        """`again` begins a new snapshot from the checkpoint on; `ends` asks where the log ends when it has started."""
        self.identity = identity
        self.lag = NO_LAG
        self.lagged_at: datetime | None = None
        self.heard_at = time.monotonic()
        self._connect = connect
        self._checkpoint = checkpoint
        self._queue_changes_max = queue_changes_max
        self._batch_changes_max = batch_changes_max
        self._acknowledges, self._again, self._ends = acknowledges, again, ends
        self._end: Position | None = None
        self._source: Source | None = None
        self._waiting: deque[Waiting] = deque()
        self._waiting_changes = 0
        self._open_changes = 0
        """Of the last transaction that waits, where its end does not yet."""
        self._ready = 0
        """Sets that wait, up to the last that ends something."""
        self._taken: Sequence[ChangeSet] = ()
        self._failure: BaseException | None = None
        self._stop = False
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def __enter__(self) -> Self:
        """Start the source; returns once it streams, or raises what kept it from doing so."""
        self._thread.start()
        with self._moved:
            self._moved.wait_for(lambda: self._source is not None or self._failure is not None)
            if self._source is None and self._failure is not None:
                raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        with self._moved:
            self._stop = True
            self._moved.notify_all()
        self._thread.join()

    def take(self) -> Sequence[ChangeSet]:
        """All that waits, up to the bound of a batch, and the same again until it is acknowledged. Waits a moment
        when nothing does. Raises what made the reader fail, once everything read before has been taken."""
        with self._moved:
            if self._taken:
                return self._taken
            if not self._ready:
                self._moved.wait_for(lambda: self._ready or self._failure, TAKE_TIMEOUT_S)
            if not self._ready and self._failure is not None:
                raise self._failure
            self._taken = self._batch()
            self._moved.notify_all()
            return self._taken

    def ack(self, position: Position) -> None:
        """What was taken is durable."""
        self._taken = ()
        if self._source is not None and self._acknowledges:
            self._source.ack(position)

    def in_snapshot(self, position: Position) -> bool:
        """See `ports.Source`; once the source has started."""
        assert self._source is not None, "not started"
        return self._source.in_snapshot(position)

    def is_at_end(self, position: Position | None) -> bool:
        """Whether all has been said that the log held when the source had started, once a set with this position is
        taken."""
        assert self._source is not None, "not started"
        assert self._end is not None, "nobody asked where the log ends"
        return position is not None and self._source.reaches(position, self._end)

    def oldest(self) -> datetime | None:
        """The commit time of the oldest change that was read and is not yet posted."""
        with self._moved:
            sets = (*self._taken, *(waiting.set for waiting in self._waiting))
        return next((s.committed_at or s.changes[0].committed_at for s in sets if s.changes), None)

    def _batch(self) -> Sequence[ChangeSet]:
        sets: list[ChangeSet] = []
        room, ended = self._batch_changes_max, True
        while self._ready and (not ended or not sets or len(self._waiting[0].set.changes) <= room):
            taken, ended = self._waiting.popleft()
            sets.append(taken)
            room -= len(taken.changes)
            self._waiting_changes -= len(taken.changes)
            self._ready -= 1
        return sets

    def _run(self) -> None:
        try:
            source = self._connect()
            try:
                self._start(source)
                try:
                    self._read(source)
                except Halt:
                    self._note(source)
                    raise
                self._note(source)
            finally:
                source.close()
        except BaseException as failure:
            with self._moved:
                self._failure = failure
                self._moved.notify_all()

    def _start(self, source: Source) -> None:
        if self._checkpoint is not None and self.identity is not None:
            source.recognise(self.identity)
        if self._again and self._checkpoint is not None:
            source.snapshot_again(self._checkpoint)
        else:
            source.start(self._checkpoint)
        self.identity = source.identity()
        if self._ends:
            self._end = source.end()
        with self._moved:
            self._source = source
            self._moved.notify_all()

    def _note(self, source: Source) -> None:
        """Which source it is, with all that was seen of it."""
        with suppress(Fault):
            self.identity = source.identity()

    def _read(self, source: Source) -> None:
        lag_due, note_due = 0.0, time.monotonic() + NOTE_INTERVAL_S
        while not self._stop:
            if time.monotonic() >= lag_due:
                asked_at = datetime.now(UTC)
                self.lag, self.lagged_at = source.lag(), asked_at
                lag_due = time.monotonic() + LAG_INTERVAL_S
            if time.monotonic() >= note_due:
                self._note(source)
                note_due = time.monotonic() + NOTE_INTERVAL_S
            changes = source.read(READ_TIMEOUT_S)
            self.heard_at = time.monotonic()
            if changes is not None:
                self._put(source, changes)

    def _has_room(self, count: int) -> bool:
        """Also for what a transaction still lacks that nobody can take before."""
        return self._stop or not self._ready or self._waiting_changes + count <= self._queue_changes_max

    def _says_it_all(self, source: Source, empty: ChangeSet) -> bool:
        """Of many heartbeats the last does. Where a snapshot begins or ends is none: of empty tables it is all."""
        last = self._waiting[-1].set
        return not last.changes and source.in_snapshot(last.position) == source.in_snapshot(empty.position)

    def _put(self, source: Source, changes: ChangeSet) -> None:
        count = len(changes.changes)
        with self._moved:
            if not count and changes.cuts is None and self._ready and self._says_it_all(source, changes):
                self._waiting[-1] = Waiting(changes, True)
                return
            while not self._moved.wait_for(lambda: self._has_room(count), KEEPALIVE_INTERVAL_S):
                source.keepalive()
            cuts = (count,) if changes.cuts is None else changes.cuts
            self._open_changes = count - cuts[-1] if cuts else self._open_changes + count
            ends = not self._open_changes and bool(cuts)
            if self._open_changes >= TRANSACTION_CHANGES_MAX:
                ends, self._open_changes = True, 0
            self._waiting.append(Waiting(changes, ends))
            self._waiting_changes += count
            self._ready = len(self._waiting) if ends else self._ready
            self._moved.notify_all()
