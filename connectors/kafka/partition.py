"""One partition as it is read: its messages in order, each change once, both halves of a change of key as one."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from connectors.debezium.envelope import Decoded, Half, joined, snapshot_of
from connectors.debezium.places import Mark
from connectors.debezium.shapes import Note
from connectors.kafka.logs import Logs
from syncd.change import Change, Position, Table, key_text

HALF_WAITS_S: Final = 2.0
"""How long the first half of a change of key waits for the second, which the connector sends right behind it, to this
partition or to that of the new key."""


DELETED_MAX: Final = 64
"""Keys of deleted rows whose tombstone may still come: the connector sends it right behind."""


class _Waiting(NamedTuple):
    half: Half
    offset: int
    since: float


class Partition:
    """Pure; times are a monotonic clock's. `offset` is where reading may begin again so that nothing is missed. From
    `settled` on no other snapshot may come than the one that was read, and from `settled_log` on no other log; None if
    any may. `logs` is how far the logs had been said before the offset, as the property gives it."""

    def __init__(self, offset: int, settled: int | None = None, settled_log: int | None = None, logs: str = "") -> None:
        self._begins = self._next = offset
        self._settled, self._settled_log = settled, settled_log
        self._streams = False
        self._snapshot = ""
        self._logs = Logs(logs)
        self._waiting: _Waiting | None = None
        self._deleted: dict[bytes | None, None] = {}
        self._placed: Change | None = None
        self._last: tuple[Change, Mark | None] | None = None

    @property
    def offset(self) -> int:
        return self._next if self._waiting is None else self._waiting.offset

    @property
    def logs(self) -> str:
        """How far the logs have been said."""
        return self._logs.text()

    @property
    def tables(self) -> Collection[str]:
        """The aliases of the tables that were said."""
        return self._logs.tables()

    @property
    def has_heard(self) -> bool:
        """Whether anything came that has a place in a log."""
        return self._last is not None

    def in_transaction(self, said: Change, name: str, table: Table) -> Change | Half:
        """A change of a transaction. A deletion waits for what comes next: where that brings the same row back, as one
        that goes from one partition of its table to another, both are one update."""
        image = said.before if said.op == "delete" else said.after if said.op == "insert" and self._waiting else None
        if image is None:
            return said
        return Half("old" if said.op == "delete" else "new", f"{name}/{said.table}/{key_text(table, image)}", said)

    def heard(self, key: bytes | None, deletes: bool) -> None:
        """The key of a message that is no tombstone, and whether it deletes a row."""
        if deletes:
            self._deleted[key] = None
            if len(self._deleted) > DELETED_MAX:
                del self._deleted[next(iter(self._deleted))]
        elif self._deleted:
            self._deleted.pop(key, None)

    def is_told(self, key: bytes | None) -> bool:
        """Whether the deletion that a tombstone stands for was a message by itself: then it says nothing more."""
        if key not in self._deleted:
            return False
        del self._deleted[key]
        return True

    def placed(self, gone: Change, key: str) -> tuple[Change, Mark | None]:
        """What a key alone says, placed behind the last message that has a place in a log, and dated by it: it is the
        same when both come again."""
        if self._last is None or gone.op != "delete":
            return gone, None
        last, mark = self._last
        name = Position(f"{last.position}/gone/{key}")
        self._placed = gone._replace(position=name, committed_at=last.committed_at)
        return self._placed, mark

    def is_anew(self, offset: int, said: Decoded) -> bool:
        """Whether this is a row of another snapshot than what was read so far, so that nobody knows what lies between:
        a connector takes one when it has lost its place in the log."""
        if self._settled is None or offset < self._settled or not isinstance(said, Change):
            return False
        snapshot = snapshot_of(said)
        return snapshot not in ("", self._snapshot) and (self._streams or self._snapshot != "")

    def take(self, offset: int, said: Decoded, now: float, mark: Mark | None = None) -> Sequence[Change]:
        """What the next message comes to, and where it says that it stands in its log. One that lies before the
        beginning is only remembered. Raises Anew, with nothing changed, for one of a log that began anew."""
        if isinstance(said, Note):
            self._next = max(self._next, offset + 1)
            return ()
        change = said.change if isinstance(said, Half) else said
        if change is not self._placed:
            self._last = change, mark
        is_state = change.op == "read"  # may be said as often as asked
        if offset < self._begins:
            if not is_state:
                self._logs.recall(change, mark)
            self._has_seen(change)
            return ()
        is_new = is_state or self._logs.is_new(
            change, mark, self._settled_log is not None and offset >= self._settled_log
        )
        self._has_seen(change)
        self._next = offset + 1
        if not is_new:
            return ()
        return self._half(said, offset, now) if isinstance(said, Half) else (*self.let_go(), change)

    def skip_to(self, offset: int | None) -> None:
        """What lies between is no message: the marks of transactions."""
        if offset is not None:
            self._next = max(self._next, offset)

    def let_go(self, waiting_since: float | None = None) -> Sequence[Change]:
        """The half that waits, as the deletion that it is by itself; if it waits since then or longer."""
        waiting = self._waiting
        if waiting is None or (waiting_since is not None and waiting.since > waiting_since):
            return ()
        self._waiting = None
        return (waiting.half.change,)

    def _half(self, half: Half, offset: int, now: float) -> Sequence[Change]:
        if half.side == "old":
            gone = self.let_go()
            self._waiting = _Waiting(half, offset, now)
            return gone
        whole = None if self._waiting is None else joined(self._waiting.half, half)
        if whole is None:
            return (*self.let_go(), half.change)
        self._waiting = None
        return (whole,)

    def _has_seen(self, change: Change) -> None:
        if change.op == "read":
            self._snapshot = snapshot_of(change) or self._snapshot
        else:
            self._streams = True
