"""An EAM in memory and a source over its log, for the simulation and the tests.

The store outlives its sources: to kill a reader is to forget the source, to restart it is to connect again. What is
acknowledged is forgotten, so that a reader which acknowledged too early cannot start again.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

from connectors import identity
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
    commits_max: int = 1
    """Transactions that end in one set. With more than one, a set may also begin a transaction and leave it open."""
    lean: bool = False
    """Say as little as a log may: of the row before, its key alone where it is deleted and nothing where it is
    updated under the same key; of the row after, no text that stayed as it was."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "MemorySource":
    """The store's log as a source."""
    return MemorySource(settings, tables)


class MemorySource:
    """See `ports.Source`. Positions are the number of a commit and how many of its changes are said; those of a
    snapshot, which begin with the commit that it is as of, stand before, and those of its sets end in `/`."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table]) -> None:
        self._store = settings.store
        self._changes_max, self._commits_max = settings.changes_max, settings.commits_max
        self._lean = settings.lean
        self._tables = tables
        self._sets: Iterator[ChangeSet] = iter(())
        self._commits_read = 0

    def check(self) -> list[Finding]:
        return []

    def start(self, checkpoint: Position | None) -> None:
        if checkpoint is None or checkpoint[0] == "r":
            if checkpoint is not None and checkpoint[-1] != "/":
                raise Gap("checkpoint_of_change", position=checkpoint)
            as_of, said = (len(self._store.log), 0) if checkpoint is None else _numbers(checkpoint)
            self._sets = self._snapshot(as_of, said)
            self._commits_read = as_of
        else:
            as_of, said = _read_to(checkpoint)
            self._commits_read = as_of
            self._sets = self._stream(as_of, said)
        if checkpoint is not None and as_of < self._store.forgotten - 1:
            raise Gap("memory_forgotten", position=checkpoint, forgotten=self._store.forgotten)

    def snapshot_again(self, checkpoint: Position) -> None:
        is_reading = self.in_snapshot(checkpoint)
        as_of = _numbers(checkpoint)[0] if is_reading else len(self._store.log)
        opening = ChangeSet((), snapshot_at(as_of))
        self.start(opening.position if is_reading else checkpoint)
        ahead = iter(()) if is_reading else self._stream(*_read_to(checkpoint), as_of)
        self._sets = chain(ahead, [opening], self._snapshot(as_of, 0))

    def look(self) -> None:
        self.start(None)

    def in_snapshot(self, position: Position) -> bool:
        return position[0] == "r"

    def end(self) -> Position:
        number = len(self._store.log)
        writes = self._store.log[-1].writes if number else ()
        tracked = [n for n, write in enumerate(writes, 1) if write.table in self._tables]
        return _position("s", number, tracked[-1] if tracked else _ALL)

    def reaches(self, position: Position, end: Position) -> bool:
        return position >= end

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
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

    def recognise(self, known: str) -> None:
        identity.require_same(known, self.identity())

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
        for i in range(said, len(placed), self._changes_max):
            part = _set(placed[i : i + self._changes_max], None)
            yield part._replace(position=Position(f"{part.position}/"), cuts=())
        yield ChangeSet((), behind(as_of))

    def _stream(self, after: int, said: int, until: int | None = None) -> Iterator[ChangeSet]:
        """What was committed after number `after`, but for the first `said` changes; up to number `until`."""
        gathered: list[Change] = []
        cuts: list[int] = []
        while after < (len(self._store.log) if until is None else until):
            commit = self._store.log[after]
            after += 1
            changes = [
                self._change(write, _position("s", after, n), commit.at)
                for n, write in enumerate(commit.writes, 1)
                if n > said and write.table in self._tables
            ]
            self._commits_read = after
            if not changes and not said:
                if gathered:
                    yield _set(gathered, cuts)
                    gathered, cuts = [], []
                yield ChangeSet((), behind(after), commit.at)
            for change in changes:
                gathered.append(change)
                if change is changes[-1]:
                    cuts.append(len(gathered))
                if len(gathered) == self._changes_max or len(cuts) == self._commits_max:
                    yield _set(gathered, cuts)
                    gathered, cuts = [], []
            said = 0
        if gathered:
            yield _set(gathered, cuts)


def _key_alone(table: Table, row: Row) -> Row:
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row))


def _new_alone(table: Table, before: Row, after: Row) -> Row:
    """`after` without the text that stayed; a key is always said."""
    return tuple(
        UNCHANGED if isinstance(now, str) and now == was and i not in table.key else now
        for i, (was, now) in enumerate(zip(before, after, strict=True))
    )


def snapshot_at(number: int) -> Position:
    """The checkpoint with which a snapshot as of a commit begins."""
    return Position(f"{_position('r', number, 0)}/")


def behind(number: int) -> Position:
    """The checkpoint behind a commit."""
    return _position("s", number, _ALL)


def _set(changes: Sequence[Change], cuts: Sequence[int] | None) -> ChangeSet:
    said = None if cuts is None or list(cuts) == [len(changes)] else tuple(cuts)
    places = tuple(changes[cut - 1].position for cut in said or ())
    return ChangeSet(changes, changes[-1].position, changes[-1].committed_at, cuts=said, places=places)


def _read_to(checkpoint: Position) -> tuple[int, int]:
    """The number of commits that were said whole, and how many changes of the next one."""
    number, said = _numbers(checkpoint)
    return (number - 1, said) if number else (0, 0)


def _position(phase: str, number: int, said: int) -> Position:
    return Position(f"{phase}{number:012d}.{said:06d}")


def _numbers(position: Position) -> tuple[int, int]:
    number, said = position[1:].removesuffix("/").split(".")
    return int(number), int(said)
