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
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

from connectors import scan_eam
from connectors.changelog.position import Mark, at, parse, within
from connectors.changelog.rows import Columns, Database, Images, Logged, images
from connectors.changelog.undo import Undo
from connectors.convert import RowConvert, row_converter
from syncd.change import UNCHANGED, Change, ChangeSet, Op, Position, Row, Table
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Finding, Lag

ROWS_MAX: Final = 2_000
"""Changes of one set, and rows of one chunk of the snapshot."""
HELD_UP_POLL_S: Final = 0.02
ACK_INTERVAL_S: Final = 1.0


@dataclass(frozen=True)
class Settings:
    """Where the change table is."""

    dialect: Literal["sqlite", "postgres", "mysql"]
    """The kind of database that the EAM runs on; `mysql` is MariaDB too."""
    database: str
    """SQLite: the path of the file. PostgreSQL: a connection string or URI. MySQL:
    `mysql://user:password@host:port/database`, where the change table is, and tables that the mapping names without a
    database; triggers run as the user who installed them, who must stay."""
    schema: str = "public"
    """PostgreSQL: the schema of the change table, and of tables that the mapping names without one."""
    zone: str = "Asia/Shanghai"
    """The time zone of times that the EAM keeps without one."""
    prune_rows_max: int = 5_000
    """Rows that the daemon deletes from the change table a second, once all pipelines have them in finance. 0 leaves
    it to `syncd changelog prune`."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "ChangelogSource":
    """The change table as a source."""
    return ChangelogSource(_open(settings, pipeline), settings, tables, pipeline)


def scan(
    settings: Settings, query: scan_eam.Query, prepare: Callable[[Any], None]
) -> AbstractContextManager[scan_eam.Rows]:
    """The rows of a statement, which `query` writes for the EAM's dialect."""
    if settings.dialect == "sqlite":
        return scan_eam.sqlite(settings.database, query, prepare)
    if settings.dialect == "mysql":
        return scan_eam.mysql(settings.database, query)
    return scan_eam.postgres(settings.database, query, settings.schema)


def install(settings: Settings, tables: Mapping[str, Table], dry_run: bool = False) -> list[str]:
    """Put the triggers in the EAM, in one transaction; returns the statements, which a dry run leaves to the DBA.
    Columns that other mappings need stay covered. Raises Halt for a table or column that is not there."""
    database = _open(settings, "")
    try:
        wanted = _wanted(database, tables)
        for name, columns in wanted.items():
            _refuse_unknown(database, name, columns)
        covered = database.covered()
        statements = database.install_sql(
            {name: columns.with_all_of(covered.get(name, columns)) for name, columns in wanted.items()}
        )
        if dry_run:
            return [database.printed(sql) for sql in statements]
        database.execute(statements)
        return statements
    finally:
        database.close()


def remove(settings: Settings, tables: Mapping[str, Table], dry_run: bool = False) -> list[str]:
    """Take the triggers of these tables out of the EAM, and the change table with the last of them."""
    database = _open(settings, "")
    try:
        names = list(_wanted(database, tables))
        statements = database.remove_sql(names, last=not set(database.tracked()) - set(names))
        if dry_run:
            return [database.printed(sql) for sql in statements]
        database.execute(statements)
        return statements
    finally:
        database.close()


def prune(settings: Settings, dry_run: bool = False) -> int:
    """Delete what every pipeline has acknowledged; how many rows that is."""
    database = _open(settings, "")
    try:
        if not database.is_installed():
            raise Halt("changelog_missing")
        if dry_run:
            return database.prunable()
        pruned = 0
        while count := database.prune(ROWS_MAX):
            pruned += count
        return pruned
    finally:
        database.close()


def _open(settings: Settings, pipeline: str) -> Database:
    if settings.dialect == "sqlite":
        from connectors.changelog import sqlite as changelog_sqlite

        return changelog_sqlite.Database(settings.database, pipeline)
    if settings.dialect == "mysql":
        from connectors.changelog import mysql as changelog_mysql

        return changelog_mysql.Database(settings.database, pipeline)
    from connectors.changelog import postgres as changelog_postgres

    return changelog_postgres.Database(settings.database, settings.schema, pipeline)


def _wanted(database: Database, tables: Mapping[str, Table]) -> dict[str, Columns]:
    """What the triggers must cover, by the table's name in the change table."""
    wanted: dict[str, Columns] = {}
    for table in tables.values():
        columns = _columns(table)
        name = database.spelled(table.name)
        wanted[name] = columns.with_all_of(wanted.get(name, columns))
    return wanted


def _columns(table: Table) -> Columns:
    return Columns(tuple(c.name for c in table.columns), tuple(table.columns[i].name for i in table.key))


def _refuse_unknown(database: Database, name: str, columns: Columns) -> None:
    known = database.columns(name)
    if not known:
        raise Halt("changelog_no_table", table=name)
    missing = [c for c in columns.names if c not in known]
    if missing:
        raise Halt("changelog_no_column", table=name, columns=", ".join(missing), known=", ".join(sorted(known)))


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
            _Shape(t, database.spelled(t.name), _columns(t), row_converter(t, zone)) for t in tables.values()
        ]
        self._by_name: dict[str, list[_Shape]] = {}
        for shape in self._shapes:
            self._by_name.setdefault(shape.name, []).append(shape)
        self._ready: deque[ChangeSet] = deque()
        self._snapshot: Iterator[ChangeSet] | None = None
        self._progress: dict[str, str] = {}
        self._seq = 0
        self._acknowledged = 0
        self._marked_at = 0.0
        self._marking = threading.Lock()
        self._started = self._closed = False

    def identity(self) -> str:
        if not self._database.is_installed():
            raise Halt("changelog_missing")
        return self._database.identity()

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
        statements = map(self._database.printed, self._database.install_sql(tables))
        return ";\n".join(sql.removesuffix(";") for sql in statements)

    def _check_table(self, name: str, columns: Columns, covered: Mapping[str, Columns]) -> Finding:
        known = self._database.columns(name)
        if not known:
            return Finding("error", "changelog_no_table", {"table": name})
        missing = [c for c in columns.names if c not in known]
        if missing:
            params = {"table": name, "columns": ", ".join(missing), "known": ", ".join(sorted(known))}
            return Finding("error", "changelog_no_column", params)
        repair = self._repair({name: columns.with_all_of(covered.get(name, columns))})
        if name not in covered:
            return Finding("error", "changelog_no_triggers", {"table": name}, repair)
        unseen = [c for c in columns.names if c not in covered[name].names]
        if unseen:
            return Finding("error", "changelog_uncovered", {"table": name, "columns": ", ".join(unseen)}, repair)
        return Finding("ok", "changelog_covered", {"table": name, "columns": str(len(columns.names))})

    def _wanted(self) -> dict[str, Columns]:
        return _wanted(self._database, {s.table.alias: s.table for s in self._shapes})

    def start(self, checkpoint: Position | None) -> None:
        self.identity()
        if checkpoint is None:
            self.look()
        elif checkpoint.startswith("r"):
            mark = parse(checkpoint)
            self._seq = mark.since
            self._snapshot = self._take_snapshot(mark)
        else:
            self._seq = int(checkpoint[1:])
        marks = self._database.marks()
        if self._seq > marks.last:
            raise Gap("changelog_rewound", seq=self._seq, last=marks.last)
        if self._seq < marks.pruned:
            raise Gap("changelog_pruned", seq=self._seq, pruned=marks.pruned)
        self._acknowledged = self._seq
        if not self._database.acknowledge(self._seq, 0):
            raise Transient("changelog_busy", error="syncd_ack")
        self._started = True

    def look(self) -> None:
        self.identity()
        self._seq = self._database.frontier()
        self._snapshot = self._take_snapshot(Mark(self._seq, 0, "", []))

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("r")

    def find_whole(self) -> Collection[str]:
        return {shape.table.alias for shape in self._shapes}

    def read(self, timeout_s: float) -> ChangeSet | None:
        deadline = time.monotonic() + timeout_s
        if self._snapshot is not None:
            said = next(self._snapshot, None)
            if said is not None:
                return said
            self._snapshot, self._progress = None, {}
            return ChangeSet((), at(self._seq))
        while not self._ready:
            logs = self._database.read(self._seq, ROWS_MAX)
            if logs.rows:
                self._seq = logs.rows[-1].seq
                self._ready.extend(self._sets(logs.rows))
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
            self._acknowledged = max(self._acknowledged, int(position[1:]))
            now = time.monotonic()
            if now - self._marked_at >= ACK_INTERVAL_S and self._database.acknowledge(
                self._acknowledged, self._settings.prune_rows_max
            ):
                self._marked_at = now

    def keepalive(self) -> None:
        """Nobody waits for a reader of a table."""

    def lag(self) -> Lag:
        last = self._database.marks().last
        return Lag(None, max(0, last - self._seq), self._progress)

    def close(self) -> None:
        with self._marking:
            if self._closed:
                return
            self._closed = True
            try:
                if self._started:
                    with suppress(Transient):
                        self._database.acknowledge(self._acknowledged, 0)
            finally:
                self._database.close()

    def _sets(self, rows: Sequence[Logged]) -> Iterator[ChangeSet]:
        """Neighbouring rows of one transaction as one set; rows of tables that are not tracked move the position."""
        changes: list[Change] = []
        txid = rows[0].txid
        last = rows[0]
        for row in rows:
            if row.txid != txid:
                yield ChangeSet(changes, at(last.seq), _moment(last.occurred_at))
                changes, txid = [], row.txid
            changes += [self._change(shape, row) for shape in self._by_name.get(row.table, ())]
            last = row
        yield ChangeSet(changes, at(last.seq), _moment(last.occurred_at))

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
        return shape.convert([stored.get(name, UNCHANGED) for name in shape.columns.names])

    def _take_snapshot(self, mark: Mark) -> Iterator[ChangeSet]:
        """Every table from where `mark` stands, as of the number `mark.since`."""
        aliases = [s.table.alias for s in self._shapes]
        if mark.table and mark.table not in aliases:
            raise Halt("changelog_snapshot_table", table=mark.table)
        first = aliases.index(mark.table) if mark.table else 0
        rows = mark.rows
        for shape in self._shapes[first:]:
            key = mark.key if shape.table.alias == mark.table else None
            for found in self._table_at(shape, mark.since, key):
                said = ChangeSet(self._reads(shape, found, mark.since, rows), Position(""))
                rows += len(found)
                yield said._replace(position=said.changes[-1].position)

    def _table_at(self, shape: _Shape, since: int, key: list[object] | None) -> Iterator[list[Images]]:
        """The rows of one table as they were at `since`, in chunks. Rows that have gone since come last."""
        undo = Undo(shape.columns)
        total = self._database.count(shape.name)
        said = 0
        while True:
            chunk = self._database.chunk(shape.name, shape.columns, key, max(since, undo.seen), ROWS_MAX)
            undo.learn(chunk)
            current = [images(image) for image in chunk.images]
            were = list(undo.taken_back(current))
            said += len(were)
            self._progress = {"table": shape.table.alias, "rows": str(said), "rows_total": str(total)}
            if were:
                yield were
            if len(current) < ROWS_MAX:
                break
            key = [current[-1][name] for name in shape.columns.key]
        gone = undo.gone()
        for i in range(0, len(gone), ROWS_MAX):
            yield gone[i : i + ROWS_MAX]

    def _reads(self, shape: _Shape, rows_at: Sequence[Images], since: int, rows: int) -> list[Change]:
        now = datetime.now(UTC)
        changes = []
        for n, image in enumerate(rows_at, rows + 1):
            row, flawed = shape.convert([image.get(name, UNCHANGED) for name in shape.columns.names])
            position = within(Mark(since, n, shape.table.alias, [image[name] for name in shape.columns.key]))
            changes.append(Change(shape.table.alias, "read", None, row, position, now, flawed))
        return changes


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
