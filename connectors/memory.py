"""An EAM in memory and a source over its log, for the simulation and the tests.

The store outlives its sources: to kill a reader is to forget the source, to restart it is to connect again. What is
acknowledged is forgotten, so that a reader which acknowledged too early cannot start again.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from syncd.change import UNCHANGED, Change, ChangeSet, Op, Position, Row, Table, key_text
from syncd.errors import Gap
from syncd.ports import Finding, Lag
from syncd.record import has_marks

_ALL = 999_999


class Write(NamedTuple):
    """One row written: its image before and after; None where there is no row. Both None: the table is truncated."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def op(self) -> Op:
        if self.before is None:
            return "truncate" if self.after is None else "insert"
        return "delete" if self.after is None else "update"


class Commit(NamedTuple):
    """A transaction of the EAM."""

    writes: tuple[Write, ...]
    at: datetime


class Store:
    """The database: everything that was ever committed, by number from 1."""

    def __init__(self) -> None:
        self.log: list[Commit] = []
        self.forgotten = 0
        self.committed = threading.Condition()

    def commit(self, writes: Sequence[Write], at: datetime | None = None) -> None:
        """Commit one transaction."""
        with self.committed:
            self.log.append(Commit(tuple(writes), at or datetime.now(UTC)))
            self.committed.notify_all()

    def rows(self, table: Table, number: int | None = None) -> dict[str, Row]:
        """The rows of a table by key, as they stood after commit `number`, in the order of their keys."""
        rows: dict[str, Row] = {}
        for commit in self.log[:number]:
            for write in commit.writes:
                if write.table != table.alias:
                    continue
                if write.op == "truncate":
                    rows.clear()
                if write.before is not None:
                    rows.pop(key_text(table, write.before), None)
                if write.after is not None:
                    rows[key_text(table, write.after)] = write.after
        return dict(sorted(rows.items()))


@dataclass(frozen=True)
class Settings:
    """Where the changes come from."""

    store: Store
    """The EAM."""
    changes_max: int = 2_000
    """Changes of one set."""
    lean: bool = False
    """Say as little as a log may: of the row before, its key alone where it is deleted and nothing where it is
    updated under the same key; of the row after, no text that stayed as it was."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "MemorySource":
    """The store's log as a source."""
    return MemorySource(settings, tables)


class MemorySource:
    """See `ports.Source`. Positions are the number of a commit and how many of its changes are said; those of a
    snapshot, which begin with the commit that it is as of, stand before."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table]) -> None:
        self._store = settings.store
        self._changes_max = settings.changes_max
        self._lean = settings.lean
        self._tables = tables
        self._sets: Iterator[ChangeSet] = iter(())
        self._commits_read = 0

    def check(self) -> list[Finding]:
        return []

    def start(self, checkpoint: Position | None) -> None:
        if checkpoint is None or checkpoint[0] == "r":
            as_of, said = (len(self._store.log), 0) if checkpoint is None else _numbers(checkpoint)
            self._sets = self._snapshot(as_of, said)
            self._commits_read = as_of
        else:
            number, said = _numbers(checkpoint)
            self._commits_read = as_of = max(0, number - 1)
            self._sets = self._stream(as_of, said if number else 0)  # before the first commit nothing was said
        if checkpoint is not None and as_of < self._store.forgotten - 1:
            raise Gap("memory_forgotten", position=checkpoint, forgotten=self._store.forgotten)

    def look(self) -> None:
        self.start(None)

    def in_snapshot(self, position: Position) -> bool:
        return position[0] == "r"

    def find_whole(self) -> Collection[str]:
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        said = next(self._sets, None)
        if said is None:
            with self._store.committed:
                self._store.committed.wait_for(lambda: len(self._store.log) > self._commits_read, timeout_s)
            self._sets = self._stream(self._commits_read, 0)
            said = next(self._sets, None)
        return said

    def ack(self, position: Position) -> None:
        if position[0] == "s":
            self._store.forgotten = max(self._store.forgotten, _numbers(position)[0])

    def keepalive(self) -> None:
        """Nobody waits for a reader of memory."""

    def lag(self) -> Lag:
        return Lag(None, sum(len(commit.writes) for commit in self._store.log[self._commits_read :]), {})

    def identity(self) -> str:
        return f"memory:{id(self._store)}"

    def close(self) -> None:
        self._sets = iter(())

    def _change(self, write: Write, position: Position, at: datetime) -> Change:
        before, after = write.before, write.after
        if self._lean and before is not None:
            table = self._tables[write.table]
            if after is not None:
                after = _new_alone(table, before, after)
            moved = after is None or key_text(table, before) != key_text(table, after)
            before = _key_alone(table, before) if moved else None
        return Change(write.table, write.op, before, after, position, at, has_marks(before) or has_marks(after))

    def _snapshot(self, as_of: int, said: int) -> Iterator[ChangeSet]:
        """The rows that were there after commit `as_of`, but for the first `said`."""
        at = self._store.log[as_of - 1].at if as_of else datetime.now(UTC)
        reads = [
            Change(table.alias, "read", None, row, Position(""), at, has_marks(row))
            for table in self._tables.values()
            for row in self._store.rows(table, as_of).values()
        ]
        placed = [read._replace(position=_position("r", as_of, n)) for n, read in enumerate(reads, 1)]
        yield from _parts(placed[said:], self._changes_max)
        yield ChangeSet((), _position("s", as_of, _ALL))

    def _stream(self, after: int, said: int) -> Iterator[ChangeSet]:
        """What was committed after number `after`, but for the first `said` changes."""
        while after < len(self._store.log):
            commit = self._store.log[after]
            after += 1
            changes = [
                self._change(write, _position("s", after, n), commit.at)
                for n, write in enumerate(commit.writes, 1)
                if n > said and write.table in self._tables
            ]
            self._commits_read = after
            if changes:
                yield from _parts(changes, self._changes_max)
            elif not said:
                yield ChangeSet((), _position("s", after, _ALL), commit.at)
            said = 0


def _key_alone(table: Table, row: Row) -> Row:
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row))


def _new_alone(table: Table, before: Row, after: Row) -> Row:
    """`after` without the text that stayed; a key is always said."""
    return tuple(
        UNCHANGED if isinstance(now, str) and now == was and i not in table.key else now
        for i, (was, now) in enumerate(zip(before, after, strict=True))
    )


def _parts(changes: Sequence[Change], changes_max: int) -> Iterator[ChangeSet]:
    for i in range(0, len(changes), changes_max):
        part = changes[i : i + changes_max]
        yield ChangeSet(part, part[-1].position, part[-1].committed_at)


def _position(phase: str, number: int, said: int) -> Position:
    return Position(f"{phase}{number:012d}.{said:06d}")


def _numbers(position: Position) -> tuple[int, int]:
    number, said = position[1:].split(".")
    return int(number), int(said)
