"""A PostgreSQL EAM by logical replication: a consistent snapshot, then the log from exactly that point.

The reader owns two connections, one for the log and one for everything else, and belongs to one thread; only `ack`
may be called from another. `read` never waits longer than asked, and answers the server whenever it is called; whoever
does not read for a while, because a queue is full, calls `keepalive` every few seconds instead.
"""

import re
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg2 import errors

from connectors import scan_eam
from connectors.postgres.check import Wanted, beat_findings, findings, refuse, refuse_unread
from connectors.postgres.position import AS_OF_SLOT, Coverage, Place, in_stream, lsn_number, lsn_text, parse
from connectors.postgres.server import (
    Server,
    SourceTable,
    drop_slot_sql,
    full_name,
    guarded,
    open_connection,
    publication_sql,
    quoted,
    slot_sql,
)
from connectors.postgres.snapshot import Progress, Readable, View, order_of, read, view
from connectors.postgres.stream import MESSAGES_SINCE, Log, Stream, beat_statement
from connectors.rewind import Ordered, Rewind
from syncd.change import ChangeSet, Position, Table
from syncd.errors import Gap, Transient
from syncd.ports import Finding, Lag

REWIND_BEAT_S: Final = 0.05
"""How soon an idle log is moved on while the reader waits for it to reach the snapshot."""
SLOT_WAIT_S: Final = 30
"""A slot is made once every open transaction has ended. Longer than this it is not waited for one without a word."""

TO_STREAM: Final = frozenset({"pg_slot_lost", "pg_slot_wanted", "pg_no_free_slot", "pg_not_published"})
"""Findings that do not stand in the way of somebody who only looks at the tables."""


@dataclass(frozen=True)
class Settings:
    """Where the EAM's PostgreSQL is and how its log is read."""

    dsn: str
    """Connection string or URI, of a role that may replicate and may read the tracked tables."""
    slot: str = ""
    """Name of the replication slot; `syncd_` and the pipeline's name by default."""
    publication: str = ""
    """Name of the publication; as the slot's by default."""
    create: bool = True
    """Create the slot, and the publication or what it lacks. Off: a DBA does, and is told the statements."""
    zone: str = "Asia/Shanghai"
    """The time zone of times that the EAM keeps without one."""
    heartbeat_s: float = 10.0
    """Seconds of silence after which the position is moved on, so that the slot holds no log for nothing."""
    heartbeat_table: str = ""
    """A published table of one row with a column `beat timestamptz`, written to at each heartbeat, for a role that
    may not call pg_logical_emit_message."""
    failover: bool = False
    """Make the slot one that standbys keep in step (PostgreSQL 17). A promoted standby then counts as the same log."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "PostgresSource":
    """The log as a source. Raises Transient or Halt."""
    return PostgresSource(settings, tables, pipeline)


def scan(
    settings: Settings, query: scan_eam.Query, prepare: Callable[[Any], None]
) -> AbstractContextManager[scan_eam.Rows]:
    """The rows of a statement, which `query` writes in PostgreSQL's dialect; it needs no preparation."""
    return scan_eam.postgres(settings.dsn, query)


class PostgresSource:
    """See `syncd.ports.Source`. `progress` is that of the snapshot, None while there is none."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table], pipeline: str) -> None:
        own_name = "syncd_" + re.sub(r"[^a-z0-9_]", "_", pipeline.lower())
        self.progress: Progress | None = None
        self._settings, self._tables = settings, tables
        self._wanted = Wanted(
            settings.slot or own_name,
            settings.publication or settings.slot or own_name,
            tables,
            settings.create,
            settings.failover,
        )
        self._pipeline, self._application = pipeline, f"syncd {pipeline}"
        self._zone = ZoneInfo(settings.zone)
        self._server = Server(settings.dsn, self._application)
        self._facts = self._server.facts()
        self._view: View | None = None
        self._was: Rewind | None = None
        self._past: Stream | None = None
        self._snapshot: Generator[ChangeSet, None, Coverage] | None = None
        self._stream: Stream | None = None
        self._is_looking = False

    def check(self) -> list[Finding]:
        beat = beat_findings(self._server, self._settings.heartbeat_table)
        return [*findings(self._server, self._facts, self._wanted), *beat]

    def start(self, checkpoint: Position | None) -> None:
        if checkpoint is None:
            self._drop_lost_slot()
            refuse(self.check())
            self._publish()
            self._begin_snapshot()
            return
        place = parse(checkpoint)
        self._require_slot(place)
        results = self.check()
        refuse(results)
        refuse_unread(results)
        if place.reading and place.coverage is not None:
            self._resume_snapshot(place.coverage, place.nth)
        else:
            self._stream = self._open_stream(place, self._tables)

    def look(self) -> None:
        """From a slot that is there the log is read and not acknowledged; without one the tables are as they are."""
        slot = self._server.slot(self._wanted.slot)
        published = self._server.publication(self._wanted.publication, self._facts.version)
        names = {full_name(table) for table in self._tables.values()}
        self._is_looking = True
        if slot is not None and slot.wal_status != "lost" and published is not None and names <= set(published.tables):
            refuse(self.check())
            self._resume_snapshot(Coverage(slot.confirmed), 0)
            return
        refuse([f for f in self.check() if f.code not in TO_STREAM])
        self._view = view(self._settings.dsn, self._application)
        self._read_as_shown(self._view, self._view.snapshot.horizon)

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("0/")

    def find_whole(self) -> Collection[str]:
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        if self._past is not None:
            self._rewind(self._past, timeout_s)
            return None
        if self._snapshot is not None:
            try:
                return next(self._snapshot)
            except StopIteration as end:
                return self._end_snapshot(end.value)
        if self._is_looking:
            return None
        assert self._stream is not None, "read before start"
        return self._stream.read(timeout_s)

    def keepalive(self) -> None:
        """Tell the server that the reader lives, and what it may forget. Raises Transient when it shuts down."""
        self._server.ping()
        for stream in (self._past, self._stream):
            if stream is not None:
                stream.feed_back(force=True)

    def ack(self, position: Position) -> None:
        place = parse(position)
        if self._stream is not None and not place.reading:
            self._stream.flushed = max(self._stream.flushed, place.lsn)

    def lag(self) -> Lag:
        standing = self._server.lag(self._wanted.slot)
        if standing is None:
            return Lag(None, None, {"slot": "missing"})
        end, restart, wal_status, safe_wal_size = standing
        note = {"wal_status": wal_status, "retained_bytes": str(max(end - restart, 0)), "safe_wal_size": safe_wal_size}
        done = self._stream.reached() if self._stream else restart
        return Lag(max(end - done, 0), None, note)

    def identity(self) -> str:
        timeline = "" if self._settings.failover else f"/{self._facts.timeline}"
        return f"postgres/{self._facts.system}{timeline}/{self._facts.database}/{self._wanted.slot}"

    def close(self) -> None:
        for stream in (self._past, self._stream):
            if stream is not None:
                stream.close()
        self._end_view()
        self._server.close()

    def _publish(self) -> None:
        published = self._server.publication(self._wanted.publication, self._facts.version)
        names = [full_name(table) for table in self._tables.values()]
        missing = [name for name in names if published is None or name not in published.tables]
        if missing:
            self._server.query(publication_sql(self._wanted.publication, missing, exists=published is not None))

    def _require_slot(self, place: Place) -> None:
        """Positions mean something only while the slot holds the log from there on. A slot that stands beyond the
        checkpoint was made anew or moved by somebody: what lies between is gone, and nobody would notice."""
        slot = self._server.slot(self._wanted.slot)
        if slot is None:
            raise Gap("pg_slot_missing", slot=self._wanted.slot, repair=self._slot_sql())
        if slot.wal_status == "lost":
            raise Gap("pg_slot_lost", slot=self._wanted.slot)
        if slot.confirmed > place.lsn:
            confirmed, checkpoint = lsn_text(slot.confirmed), lsn_text(place.lsn)
            raise Gap("pg_slot_ahead", slot=self._wanted.slot, confirmed=confirmed, checkpoint=checkpoint)

    def _begin_snapshot(self) -> None:
        """The snapshot that a slot's creation exports ends where the stream begins. A slot that is there already, as
        when a DBA made it, is older than any snapshot to come."""
        slot = self._server.slot(self._wanted.slot)
        if slot is not None:
            self._resume_snapshot(Coverage(slot.confirmed), 0)
            return
        connection = open_connection(self._settings.dsn, self._application, replication=True)
        try:
            point, exported = self._create_slot(connection)
            self._view = view(self._settings.dsn, self._application, exported)
        finally:
            connection.close()
        self._read_as_shown(self._view, point)

    def _read_as_shown(self, view: View, point: int) -> None:
        """The tables as the view shows them, which is how they are at this point of the log."""
        readable = [Readable(ordered, source, AS_OF_SLOT, None) for ordered, source in self._ordered()]
        self._read_tables(view, readable, Coverage(point), 0)

    def _drop_lost_slot(self) -> None:
        """A slot whose log the server has thrown away serves nobody any more."""
        slot = self._server.slot(self._wanted.slot)
        if slot is not None and slot.wal_status == "lost" and self._settings.create:
            self._server.query(drop_slot_sql(self._wanted.slot))

    def _create_slot(self, connection: Any) -> tuple[int, str]:
        """Where the stream will begin, and the name of the snapshot that shows all that lies before."""
        options = "(SNAPSHOT 'export', FAILOVER)" if self._settings.failover else "EXPORT_SNAPSHOT"
        with guarded(), connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {SLOT_WAIT_S * 1000}")
            try:
                cursor.execute(f"CREATE_REPLICATION_SLOT {quoted(self._wanted.slot)} LOGICAL pgoutput {options}")
            except errors.LockNotAvailable:
                raise Transient("pg_slot_waits", transactions=", ".join(self._server.open_transactions())) from None
            _, point, exported, _ = cursor.fetchone()
        return lsn_number(point), exported

    def _resume_snapshot(self, coverage: Coverage, done: int) -> None:
        """Read on under a newer snapshot: tables that log old rows as they were at the slot's point, others as they
        are, which the stream must then not repeat."""
        self._view = view(self._settings.dsn, self._application)
        tables = self._ordered()
        full = [ordered for ordered, source in tables if source.identity == "f"]
        self._was = Rewind(full, coverage, self._zone)
        if len(full) < len(tables):
            coverage = coverage.under(self._view.snapshot)
        shown_by = len(coverage.snapshots) - 1
        readable = [
            Readable(ordered, source, AS_OF_SLOT, self._was)
            if source.identity == "f"
            else Readable(ordered, source, shown_by, None)
            for ordered, source in tables
        ]
        self._read_tables(self._view, readable, coverage, done)
        if self._was.tables:
            self._past = self._open_stream(Place(False, coverage.slot, 0, None), self._was.tables, REWIND_BEAT_S)

    def _rewind(self, past: Stream, timeout_s: float) -> None:
        """Read what was committed between the slot's point and the snapshot, and keep the old rows."""
        assert self._was is not None
        assert self._view is not None
        changes = past.read(timeout_s)
        if changes is None:
            return
        if changes.changes and self._view.snapshot.sees(past.xid):
            self._was.note(changes.changes)
        if parse(changes.position).lsn >= self._view.snapshot.horizon:
            past.close()
            self._past = None

    def _ordered(self) -> list[tuple[Ordered, SourceTable]]:
        found = [(table, self._server.table(full_name(table))) for table in self._tables.values()]
        return [(order_of(table, source), source) for table, source in found if source is not None]

    def _read_tables(self, view: View, tables: Sequence[Readable], coverage: Coverage, done: int) -> None:
        self.progress = Progress(rows_done=done, rows_total=max(done, sum(t.source.rows for t in tables)))
        self._snapshot = read(view, tables, coverage, done, self._zone, self.progress)

    def _end_snapshot(self, coverage: Coverage) -> ChangeSet:
        """Everything has been read: from here on positions are those of the stream."""
        self._end_view()
        if not self._is_looking:
            self._stream = self._open_stream(Place(False, coverage.slot, 0, coverage), self._tables)
        return ChangeSet((), in_stream(coverage.slot, 0, coverage))

    def _end_view(self) -> None:
        if self._view is not None:
            self._view.connection.close()
        if self._was is not None:
            self._was.close()
        self._view = self._was = self._snapshot = self.progress = None

    def _open_stream(self, place: Place, tables: Mapping[str, Table], heartbeat_s: float | None = None) -> Stream:
        settings, version = self._settings, self._facts.version
        self._server.await_release(self._wanted.slot)
        log = Log(
            dsn=settings.dsn,
            application=self._application,
            slot=self._wanted.slot,
            publication=self._wanted.publication,
            tables=tables,
            zone=self._zone,
            heartbeat_s=settings.heartbeat_s if heartbeat_s is None else heartbeat_s,
            beat=beat_statement(self._pipeline, settings.heartbeat_table, self._facts.standby),
            messages=version >= MESSAGES_SINCE,
        )
        return Stream(log, self._server, place)

    def _slot_sql(self) -> str:
        return slot_sql(self._wanted.slot, self._settings.failover)
