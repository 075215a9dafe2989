"""One partition as it is read: its messages in order, each change once, both halves of a change of key as one."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from connectors.debezium.envelope import Decoded, Half, joined, snapshot_of
from syncd.change import Change, Position

REMEMBERED_MAX: Final = 5_000
"""How many of its last changes are known again: a connector that restarts sends its last ones once more, in a run."""
HALF_WAITS_S: Final = 2.0
"""How long the first half of a change of key waits for the second, which the connector sends right behind it, to this
partition or to that of the new key."""


class _Waiting(NamedTuple):
    half: Half
    offset: int
    since: float


class Partition:
    """Pure; times are a monotonic clock's. `offset` is where reading may begin again so that nothing is missed. From
    `settled` on no other snapshot may come than the one that was read; None if any may."""

    def __init__(self, offset: int, settled: int | None = None) -> None:
        self._begins = self._next = offset
        self._settled = settled
        self._streams = False
        self._snapshot = ""
        self._remembered: dict[Position, None] = {}
        self._waiting: _Waiting | None = None

    @property
    def offset(self) -> int:
        return self._next if self._waiting is None else self._waiting.offset

    def is_anew(self, offset: int, said: Decoded) -> bool:
        """Whether this is a row of another snapshot than what was read so far, so that nobody knows what lies between:
        a connector takes one when it has lost its place in the log."""
        if self._settled is None or offset < self._settled or not isinstance(said, Change):
            return False
        snapshot = snapshot_of(said)
        return snapshot not in ("", self._snapshot) and (self._streams or self._snapshot != "")

    def take(self, offset: int, said: Decoded, now: float) -> Iterator[Change]:
        """The next message. One that lies before the beginning is only remembered."""
        if offset < self._begins:
            if isinstance(said, Half | Change):
                self._is_new(said.change if isinstance(said, Half) else said)
            return
        if isinstance(said, Half):
            yield from self._half(said, offset, now)
        elif isinstance(said, Change):
            yield from self.let_go()
            yield from self._once(said)
        self._next = offset + 1

    def skip_to(self, offset: int | None) -> None:
        """What lies between is no message: the marks of transactions."""
        if offset is not None:
            self._next = max(self._next, offset)

    def let_go(self, waiting_since: float | None = None) -> Iterator[Change]:
        """The half that waits, as the deletion that it is by itself; if it waits since then or longer."""
        waiting = self._waiting
        if waiting is not None and (waiting_since is None or waiting.since <= waiting_since):
            self._waiting = None
            yield from self._once(waiting.half.change)

    def _half(self, half: Half, offset: int, now: float) -> Iterator[Change]:
        if half.side == "old":
            yield from self.let_go()
            self._waiting = _Waiting(half, offset, now)
            return
        whole = None if self._waiting is None else joined(self._waiting.half, half)
        if whole is None:
            yield from self.let_go()
            yield from self._once(half.change)
        else:
            self._waiting = None
            yield from self._once(whole)

    def _once(self, change: Change) -> Iterator[Change]:
        if self._is_new(change):
            yield change

    def _is_new(self, change: Change) -> bool:
        """Whether it is none of the last changes. Rows of a snapshot are states, and may be said as often as asked."""
        if change.op == "read":
            self._snapshot = snapshot_of(change) or self._snapshot
            return True
        self._streams = True
        if change.position in self._remembered:
            return False
        self._remembered[change.position] = None
        if len(self._remembered) > REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        return True
