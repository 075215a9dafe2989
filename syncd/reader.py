"""A source behind a bounded queue, read by a thread of its own.

The thread must not be the posting one: a log's server drops a reader that is silent while finance is slow. The
queue is measured in changes, so that memory stays flat whatever the size of a transaction.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self

from syncd.change import ChangeSet, Position
from syncd.errors import Gap
from syncd.ports import Lag, Source

READ_TIMEOUT_S: Final = 0.25
TAKE_TIMEOUT_S: Final = 0.25
LAG_INTERVAL_S: Final = 1.0
KEEPALIVE_INTERVAL_S: Final = 5.0
NO_LAG: Final = Lag(None, None, {})


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
    ) -> None:
        self.identity = identity
        self.lag = NO_LAG
        self._connect = connect
        self._checkpoint = checkpoint
        self._queue_changes_max = queue_changes_max
        self._batch_changes_max = batch_changes_max
        self._acknowledges = acknowledges
        self._source: Source | None = None
        self._waiting: deque[ChangeSet] = deque()
        self._waiting_changes = 0
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
            if not self._waiting:
                self._moved.wait_for(lambda: self._waiting or self._failure, TAKE_TIMEOUT_S)
            if not self._waiting and self._failure is not None:
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

    def oldest(self) -> datetime | None:
        """The commit time of the oldest change that was read and is not yet posted."""
        with self._moved:
            sets = (*self._taken, *self._waiting)
        return next((s.committed_at or s.changes[0].committed_at for s in sets if s.changes), None)

    def _batch(self) -> Sequence[ChangeSet]:
        sets: list[ChangeSet] = []
        room = self._batch_changes_max
        while self._waiting and (not sets or len(self._waiting[0].changes) <= room):
            sets.append(self._waiting.popleft())
            room -= len(sets[-1].changes)
            self._waiting_changes -= len(sets[-1].changes)
        return sets

    def _run(self) -> None:
        try:
            source = self._connect()
            try:
                self._start(source)
                self._read(source)
            finally:
                source.close()
        except BaseException as failure:
            with self._moved:
                self._failure = failure
                self._moved.notify_all()

    def _start(self, source: Source) -> None:
        if self._checkpoint is not None:
            require_same(source, self.identity)
        source.start(self._checkpoint)
        self.identity = source.identity()
        with self._moved:
            self._source = source
            self._moved.notify_all()

    def _read(self, source: Source) -> None:
        lag_due = 0.0
        while not self._stop:
            if time.monotonic() >= lag_due:
                self.lag = source.lag()
                lag_due = time.monotonic() + LAG_INTERVAL_S
            changes = source.read(READ_TIMEOUT_S)
            if changes is not None:
                self._put(source, changes)

    def _has_room(self, count: int) -> bool:
        return self._stop or not self._waiting or self._waiting_changes + count <= self._queue_changes_max

    def _put(self, source: Source, changes: ChangeSet) -> None:
        count = len(changes.changes)
        with self._moved:
            if not count and self._waiting and not self._waiting[-1].changes:
                self._waiting[-1] = changes  # of many heartbeats the last says it all
                return
            while not self._moved.wait_for(lambda: self._has_room(count), KEEPALIVE_INTERVAL_S):
                source.keepalive()
            self._waiting.append(changes)
            self._waiting_changes += count
            self._moved.notify_all()


def require_same(source: Source, identity: str | None) -> None:
    """Raises Gap for another source than the one that a checkpoint belongs to."""
    if identity not in (None, source.identity()):
        raise Gap("source_changed", was=identity, now=source.identity())
