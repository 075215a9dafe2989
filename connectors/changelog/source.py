"""A change table that triggers write, for a database whose log cannot be read.

`install` puts the triggers in the EAM, `prune` takes away what is in finance, `remove` takes the triggers back.
Numbers are given while transactions run, not when they commit. A number that is missing may belong to one that is
still open, so nothing behind it is said before that is decided. Two changes of one row are always numbered in the
order they took effect, for the second waits for the first one's lock.

The snapshot holds no long transaction: each chunk is read as the table stands, and what the change table has seen
since the snapshot's beginning is taken back from it. So every row is as it was at one number, from which the
stream goes on, and a snapshot that was interrupted goes on the same way.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from connectors import identity, scan_eam
from connectors.changelog.position import Mark, at, number_at, of_row, parse, within
from connectors.changelog.rows import Columns, Database, Images, Logged, Logs, Marks, images
from connectors.changelog.setup import (
    Settings,
    columns_of,
    holdings,
    install,
    open_database,
    prune,
    release,
    remove,
    wanted_of,
)
from connectors.changelog.transactions import SPAN, ends
from connectors.changelog.undo import Beyond, Undo
from connectors.changelog.watch import Watch, refuse
from connectors.convert import RowConvert, row_converter
from syncd.change import ABSENT, UNCHANGED, Change, ChangeSet, Op, Position, Row, Table
from syncd.connector import Scan, SourceConnector, Triggers
from syncd.errors import Fault, Gap, Halt, Transient
from syncd.ports import Finding, Lag

ROWS_MAX: Final = 2_000
"""Changes of one set, and rows of one chunk of the snapshot."""
HELD_UP_POLL_S: Final = 0.02
ACK_INTERVAL_S: Final = 1.0
MARKED: Final = " "
"""Between the change table's identity and the signs of what writes it."""
TO_STREAM: Final = frozenset({"changelog_no_triggers", "changelog_uncovered"})
"""Findings that do not stand in the way of somebody who only looks at the tables."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "ChangelogSource":
    """The change table as a source."""
    return ChangelogSource(open_database(settings, pipeline), settings, tables, pipeline)


def scan(settings: Settings, prepare: Callable[[Any], None]) -> AbstractContextManager[Scan]:
    """The EAM at one moment."""
    if settings.dialect == "sqlite":
        return scan_eam.sqlite(settings.database, settings.zone, prepare)
    if settings.dialect == "mysql":
        return scan_eam.mysql(settings.database, settings.zone)
    return scan_eam.postgres(settings.database, settings.zone, settings.schema)


class _Shape(NamedTuple):
    """A tracked table, ready to be read."""

    table: Table
    name: str
    columns: Columns
    convert: RowConvert


class ChangelogSource:
    """See `ports.Source`."""

    def __init__(self, database: Database, settings: Settings, tables: Mapping[str, Table], pipeline: str) -> None:
        zone = ZoneInfo(settings.zone)
        self._database = database
        self._settings = settings
        self._shapes = [
            _Shape(t, database.spelled(t.name), columns_of(t), row_converter(t, zone)) for t in tables.values()
        ]
        self._by_name: dict[str, list[_Shape]] = {}
        for shape in self._shapes:
            self._by_name.setdefault(shape.name, []).append(shape)
        self._ready: deque[ChangeSet] = deque()
        self._snapshot: Iterator[ChangeSet] | None = None
        self._progress: dict[str, str] = {}
        self._seq = 0
        self._amid: frozenset[int] = frozenset()
        self._until: Position | None = None
        self._acknowledged = 0
        self._marked_at = 0.0
        self._marking = threading.Lock()
        self._started = self._closed = False
        self._watch: Watch | None = None
        self._identity = ""

    def identity(self) -> str:
        table = self._identity or self._table_identity()
        return table + (f"{MARKED}{self._watch.known}" if self._watch is not None else "")

    def recognise(self, known: str) -> None:
        table, _, marked = known.partition(MARKED)
        identity.require_same(table, self._table_identity())
        self._watch = Watch(self._database, self._wanted(), self.check, marked)

    def _table_identity(self) -> str:
        if not self._database.is_installed():
            raise Halt("changelog_missing")
        return self._database.identity()

    def _watched(self) -> Watch:
        self._watch = self._watch or Watch(self._database, self._wanted(), self.check)
        return self._watch

    def _look(self, seq: int, read_to: int) -> Marks:
        """Whether the change table holds all that came behind a number, when it has been read up to another. Raises Gap
        and Halt."""
        self._watched().look(read_to)
        marks = self._database.marks()
        if seq > marks.last:
            raise Gap("changelog_rewound", seq=seq, last=marks.last)
        if seq < marks.pruned:
            raise Gap("changelog_pruned", seq=seq, pruned=marks.pruned)
        return marks

    def check(self) -> list[Finding]:
        """Whether the rights are there, and the triggers there, whole, and covering what the mapping declares."""
        if not self._database.is_installed():
            repair = self._repair(self._wanted())
            return [Finding("error", "changelog_missing", {}, repair)]
        if refused := self._database.refused():
            return [Finding("error", "changelog_refused", {"right": right}, grant) for right, grant in refused]
        covered = self._database.covered()
        wanted = self._wanted()
        checked = [self._check_table(name, columns, covered) for name, columns in wanted.items()]
        return [*checked, *self._database.doubts(list(wanted))]

    def _repair(self, tables: Mapping[str, Columns]) -> str:
        statements = self._database.printed(self._database.install_sql(tables))
        return "".join(f"{sql.removesuffix(';')};\n" for sql in statements).rstrip()

    def _check_table(self, name: str, columns: Columns, covered: Mapping[str, Columns]) -> Finding:
        known = self._database.columns(name)
        if not known:
            return Finding("error", "changelog_no_table", {"table": name})
        missing = [c for c in columns.names if c not in known]
        if missing:
            params = {"table": name, "columns": ", ".join(missing), "known": ", ".join(sorted(known))}
            return Finding("error", "changelog_no_column", params)
        unseen = [c for c in columns.names if name in covered and c not in covered[name].names]
        if name in covered and not unseen:
            return Finding("ok", "changelog_covered", {"table": name, "columns": str(len(columns.names))})
        repair = self._repair({name: columns.with_all_of(covered.get(name, columns))})
        if name not in covered:
            return Finding("error", "changelog_no_triggers", {"table": name}, repair)
        return Finding("error", "changelog_uncovered", {"table": name, "columns": ", ".join(unseen)}, repair)

    def _wanted(self) -> dict[str, Columns]:
        return wanted_of(self._database, {s.table.alias: s.table for s in self._shapes})

    def start(self, checkpoint: Position | None) -> None:
        self._identity = self._table_identity()
        self._watched()
        refuse(self.check())
        if checkpoint is None:
            self._begin()
        elif checkpoint.startswith("r"):
            mark = parse(checkpoint)
            self._seq = mark.since
            self._snapshot = self._take_snapshot(mark)
        else:
            self._seq, self._amid = number_at(checkpoint)
        self._look(self._seq, self._seq)
        self._acknowledged = self._seq
        if not self._database.acknowledge(self._seq, 0):
            raise Transient("changelog_busy", error="syncd_ack")
        self._started = True

    def snapshot_again(self, checkpoint: Position) -> None:
        """The rows of any number that has been read can be told: what came after it is taken back."""
        if not self.in_snapshot(checkpoint):
            self.start(checkpoint)
            self._until = self.end()
            return
        since = int(checkpoint[1:].partition(".")[0])
        self.start(within(Mark(since, 0, "", [])))
        self._snapshot, self._until = None, at(since)

    def look(self) -> None:
        self._table_identity()
        refuse([finding for finding in self.check() if finding.code not in TO_STREAM])
        self._begin()

    def _begin(self) -> None:
        self._seq = self._database.frontier()
        self._snapshot = self._take_snapshot(Mark(self._seq, 0, "", []))

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("r")

    def end(self) -> Position:
        return at(self._database.newest())

    def reaches(self, position: Position, end: Position) -> bool:
        return position >= end

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        return {shape.table.alias for shape in self._shapes}

    def read(self, timeout_s: float) -> ChangeSet | None:
        deadline = time.monotonic() + timeout_s
        if self._snapshot is not None:
            said = next(self._snapshot, None)
            if said is not None:
                return said
            self._snapshot, self._progress = None, {}
            return ChangeSet((), at(self._seq))
        if self._until is not None and not (self._ready or self._amid) and at(self._seq) >= self._until:
            mark, self._until = Mark(self._seq, 0, "", []), None
            self._snapshot = self._take_snapshot(mark)
            return ChangeSet((), within(mark))
        while not self._ready:
            logs = self._database.read(self._seq, ROWS_MAX)
            if logs.rows:
                if self._watch is not None:
                    self._look(self._seq, logs.rows[-1].seq)
                self._seq = logs.rows[-1].seq
                self._ready.extend(self._sets(logs))
                break
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            self._database.wait(min(left_s, HELD_UP_POLL_S) if logs.held_up else left_s)
        return self._ready.popleft()

    def ack(self, position: Position) -> None:
        """Noted in the EAM at most once a second: a repeat after a crash costs nothing but reading."""
        if not position.startswith("s"):
            return
        with self._marking:
            if self._closed:
                return
            self._acknowledged = max(self._acknowledged, number_at(position)[0])
            now = time.monotonic()
            if now - self._marked_at >= ACK_INTERVAL_S and self._database.acknowledge(
                self._acknowledged, self._settings.prune_rows_max
            ):
                self._marked_at = now

    def keepalive(self) -> None:
        """Nobody waits for a reader of a table."""

    def lag(self) -> Lag:
        last = (self._look(self._seq, self._seq) if self._watch is not None else self._database.marks()).last
        return Lag(None, max(0, last - self._seq), self._progress)

    def close(self) -> None:
        with self._marking:
            if self._closed:
                return
            self._closed = True
            try:
                if self._started:
                    with suppress(Fault):
                        self._database.acknowledge(self._acknowledged, 0)
            finally:
                self._database.close()

    def _sets(self, logs: Logs) -> Iterator[ChangeSet]:
        """Rows up to where no transaction is open as one set each; where none is known, all rows as one, each its own
        transaction. Rows of tables that are not tracked move the position."""
        changes: list[Change] = []
        if not logs.rows[-1].txid:
            places: dict[int, Position] = {}
            for row in logs.rows:
                if said := self._changes(row):
                    changes += said
                    places[len(changes)] = at(row.seq)
            when = _moment(logs.rows[-1].occurred_at)
            yield ChangeSet(changes, at(self._seq), when, cuts=tuple(places) or None, places=tuple(places.values()))
            return
        was_amid, begin = self._amid, 0
        counts, self._amid = ends(logs.rows, was_amid, self._next_of(logs))
        for count in counts:
            changes += [change for row in logs.rows[begin:count] for change in self._changes(row)]
            last, begin = logs.rows[count - 1], count
            if changes or was_amid or count == len(logs.rows):
                yield ChangeSet(changes, at(last.seq), _moment(last.occurred_at))
                changes, was_amid = [], frozenset()
        if begin < len(logs.rows):
            changes += [change for row in logs.rows[begin:] for change in self._changes(row)]
            last = logs.rows[-1]
            yield ChangeSet(changes, at(last.seq, self._amid), _moment(last.occurred_at), cuts=())

    def _next_of(self, logs: Logs) -> Mapping[int, int]:
        """Where the transactions of these rows go on behind them. What was not held back is all there is."""
        if len(logs.rows) < ROWS_MAX and not logs.held_up:
            return {}
        txids, last = self._amid.union(row.txid for row in logs.rows), logs.rows[-1].seq
        return self._database.next_of(txids, last, last + SPAN + 1)

    def _changes(self, row: Logged) -> list[Change]:
        return [self._change(shape, row) for shape in self._by_name.get(row.table, ())]

    def _change(self, shape: _Shape, row: Logged) -> Change:
        before, flawed_before = self._row(shape, row.before)
        after, flawed_after = self._row(shape, row.after)
        return Change(
            shape.table.alias,
            cast(Op, row.op),
            before,
            after,
            at(row.seq),
            _moment(row.occurred_at),
            flawed_before or flawed_after,
        )

    def _row(self, shape: _Shape, image: str | None) -> tuple[Row | None, bool]:
        if image is None:
            return None, False
        stored = images(image)
        return _said(shape, stored)

    def _take_snapshot(self, mark: Mark) -> Iterator[ChangeSet]:
        """Every table from where `mark` stands, as of the number `mark.since`."""
        aliases = [s.table.alias for s in self._shapes]
        if mark.table and mark.table not in aliases:
            raise Halt("changelog_snapshot_table", table=mark.table)
        first = aliases.index(mark.table) if mark.table else 0
        rows = mark.rows
        for shape in self._shapes[first + (mark.key is None) :]:
            key = mark.key if shape.table.alias == mark.table else None
            for found, last in self._table_at(shape, mark.since, key):
                said = self._reads(shape, found, mark.since, rows)
                rows += len(found)
                yield ChangeSet(said, within(Mark(mark.since, rows, shape.table.alias, last)), cuts=())

    def _table_at(
        self, shape: _Shape, since: int, key: list[object] | None
    ) -> Iterator[tuple[list[Images], list[object] | None]]:
        """The rows of one table as they were at `since`, in chunks, each with the key up to which it has all of them;
        those that have gone since too."""
        undo = Undo(shape.columns)
        total = self._database.count(shape.name)
        said = 0
        while True:
            chunk = self._database.chunk(shape.name, shape.columns, key, max(since, undo.seen), ROWS_MAX)
            undo.learn(chunk, self._beyond(shape, key))
            current = [images(image) for image in chunk.images]
            were = list(undo.taken_back(current))
            is_last = len(current) < ROWS_MAX
            key = None if is_last else [current[-1][name] for name in shape.columns.key]
            were += undo.gone(lambda rows: ()) if is_last else undo.gone(self._beyond(shape, key))
            said += len(were)
            self._progress = {"table": shape.table.alias, "rows": str(said), "rows_total": str(total)}
            if were:
                yield were, key
            if is_last:
                return

    def _beyond(self, shape: _Shape, key: list[object] | None) -> Beyond:
        """What lies beyond a key of a table, as the database orders it; everything, without one."""
        if not key:
            return lambda rows: rows
        return lambda rows: self._database.beyond(shape.name, shape.columns, rows, key)

    def _reads(self, shape: _Shape, rows_at: Sequence[Images], since: int, rows: int) -> list[Change]:
        now = datetime.now(UTC)
        changes = []
        for n, image in enumerate(rows_at, rows + 1):
            row, flawed = _said(shape, image)
            changes.append(Change(shape.table.alias, "read", None, row, of_row(since, n), now, flawed))
        return changes


def _said(shape: _Shape, image: Images) -> tuple[Row, bool]:
    """A column that the image lacks, as its table did when it was written, is unknown and not unchanged."""
    row, flawed = shape.convert([image.get(name, UNCHANGED) for name in shape.columns.names])
    return (tuple(ABSENT if value is UNCHANGED else value for value in row), True) if flawed else (row, False)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def granted(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[str]:
    """What a DBA is to run, see `SourceConnector`. SQLite knows no rights but a file's."""
    from connectors.changelog import grants

    if settings.dialect == "sqlite":
        return []
    if settings.dialect == "mysql":
        return grants.of_mysql(settings.database, list(tables.values()))
    from connectors.changelog.triggers_postgres import install_sql

    wanted: dict[str, Columns] = {}
    for table in tables.values():
        name = table.name if "." in table.name else f"{settings.schema}.{table.name}"
        wanted[name] = columns_of(table).with_all_of(wanted.get(name, columns_of(table)))
    triggers = [] if _is_installed(settings) else install_sql(settings.schema, wanted, has_functions=False)
    return grants.of_postgres(settings.database, settings.schema, list(tables.values()), triggers)


def _is_installed(settings: Settings) -> bool:
    """Whether there is a change table; not as far as is known, where the server cannot be asked."""
    with suppress(Fault), closing(open_database(settings, "")) as database:
        return database.is_installed()
    return False


CONNECTOR: Final = SourceConnector(
    Settings,
    connect,
    scan,
    leaves=lambda settings: "triggers",
    triggers=Triggers(install, remove, prune),
    holdings=holdings,
    release=release,
    grants=granted,
)
