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

from connectors import again, identity, scan_eam
from connectors.postgres import holdings as held
from connectors.postgres.check import Wanted, beat_findings, findings, refuse, refuse_unread
from connectors.postgres.grants import script
from connectors.postgres.position import (
    AS_OF_SLOT,
    Coverage,
    Place,
    in_snapshot,
    in_stream,
    lsn_number,
    lsn_text,
    parse,
)
from connectors.postgres.server import (
    Server,
    Slot,
    SourceTable,
    drop_slot_sql,
    full_name,
    guarded,
    open_connection,
    publication_sql,
    quoted,
    slot_sql,
)
from connectors.postgres.snapshot import Readable, View, order_of, read, view
from connectors.postgres.stream import MESSAGES_SINCE, Log, Stream, beat_statement
from connectors.postgres.watch import Watch
from connectors.rewind import Ordered, Rewind
from connectors.tables import Progress
from syncd.change import ChangeSet, Position, Table
from syncd.connector import Holding, Scan, SourceConnector
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Finding, Lag

REWIND_BEAT_S: Final = 0.05
"""How soon an idle log is moved on while the reader waits for it to reach the snapshot."""
SLOT_WAIT_S: Final = 30
"""A slot is made once every open transaction has ended. Longer than this it is not waited for one without a word."""

MARKED: Final = ' ["'
"""How the marks begin that stand behind the log's own identity, in which there may be blanks."""

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


def scan(settings: Settings, prepare: Callable[[Any], None]) -> AbstractContextManager[Scan]:
    """The EAM at one moment; it needs no preparation."""
    return scan_eam.postgres(settings.dsn, settings.zone)


def holdings(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[Holding]:
    """The slot and the publication as they stand."""
    return held.find(settings.dsn, f"syncd {pipeline}", _wanted(settings, tables, pipeline))


def release(settings: Settings, pipeline: str, holdings: Sequence[Holding]) -> None:
    """Take them away."""
    held.release(settings.dsn, f"syncd {pipeline}", holdings)


def grants(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[str]:
    """What a DBA is to run, see `SourceConnector`."""
    wanted = _wanted(settings, tables, pipeline)
    return script(settings.dsn, wanted.publication, list(tables.values()), settings.heartbeat_table)


def _wanted(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> Wanted:
    own_name = "syncd_" + re.sub(r"[^a-z0-9_]", "_", pipeline.lower())
    slot = settings.slot or own_name
    return Wanted(slot, settings.publication or slot, tables, settings.create, settings.failover)


class PostgresSource:
    """See `syncd.ports.Source`. `progress` is that of the snapshot, None while there is none."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table], pipeline: str) -> None:
        self.progress: Progress | None = None
        self._settings, self._tables = settings, tables
        self._wanted = _wanted(settings, tables, pipeline)
        self._pipeline, self._application = pipeline, f"syncd {pipeline}"
        self._zone = ZoneInfo(settings.zone)
        self._server = Server(settings.dsn, self._application)
        self._facts = self._server.facts()
        self._view: View | None = None
        self._was: Rewind | None = None
        self._past: Stream | None = None
        self._snapshot: Generator[ChangeSet, None, Coverage] | None = None
        self._stream: Stream | None = None
        self._ahead: again.Ahead[View] | None = None
        self._watch: Watch | None = None
        self._lost_after: Position | None = None
        self._opening: ChangeSet | None = None
        self._has_opening = False
        self._is_looking = False
        self._expected = 0

    def check(self) -> list[Finding]:
        return self._found(is_read=False)

    def _found(self, is_read: bool) -> list[Finding]:
        beat = beat_findings(self._server, self._settings.heartbeat_table)
        return [*findings(self._server, self._facts, self._wanted, is_read), *beat]

    def start(self, checkpoint: Position | None) -> None:
        if checkpoint is None:
            self._drop_lost_slot()
            self._leave_behind(self._lost_after)
            refuse(self.check())
            self._publish()
            self._watched()
            self._begin_snapshot()
            return
        self._go_on(checkpoint)

    def _go_on(self, checkpoint: Position, reads_anew: bool = False) -> None:
        """From a checkpoint. Tables that the mapping declares since hold rows that nobody has read, unless all of them
        are read anew."""
        place = parse(checkpoint)
        if place.reading and place.coverage is None:
            raise Gap("checkpoint_of_change", position=checkpoint)
        self._require_slot(place)
        results = self._found(is_read=True)
        refuse(results)
        unread = self._watched().unread
        if reads_anew:
            self._publish()
        else:
            refuse_unread(results)
        if unread and not reads_anew:
            raise Halt("pg_unread_table", tables=", ".join(unread))
        if place.coverage is not None and place.reading:
            self._resume_snapshot(place.coverage, place.nth)
        else:
            self._stream = self._open_stream(place, self._tables)

    def snapshot_again(self, checkpoint: Position) -> None:
        place = parse(checkpoint)
        self._has_opening = True
        if place.reading:
            self.start(in_snapshot(0, Coverage(place.lsn)) if place.coverage else None)
            return
        self._go_on(checkpoint, reads_anew=True)
        stream = self._stream
        assert stream is not None

        def begin() -> View:
            opened = self._view = view(self._settings.dsn, self._application)
            stream.expect(opened.snapshot.horizon)
            return opened

        log = again.Log(
            read=stream.read,
            open_view=begin,
            shows=lambda view, _: view.snapshot.sees(stream.xid),
            is_read=lambda view: stream.has_said(view.snapshot.horizon),
        )
        self._ahead = again.Ahead(log, checkpoint, place.nth > 0, self.end())

    def look(self) -> None:
        """From a slot that is there the log is read and not acknowledged; without one the tables are as they are."""
        slot = None if self._lost_after else self._server.slot(self._wanted.slot)
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

    def end(self) -> Position:
        lsn = self._server.log_end()
        self._expected = lsn
        if self._stream is not None:
            self._stream.expect(lsn)
        return in_stream(lsn, 0)

    def reaches(self, position: Position, end: Position) -> bool:
        return position >= end

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        self._lost_after = lost_after
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            return opening
        if self._past is not None:
            self._rewind(self._past, timeout_s)
            return None
        if self._ahead is not None:
            if not self._ahead.is_over:
                return self._ahead.read(timeout_s)
            self._end_ahead(self._ahead)
            return self.read(timeout_s)
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
        note = {} if self.progress is None else self.progress.note()
        if self._watch is not None:
            self._watch.look()
        standing = self._server.lag(self._wanted.slot)
        if standing is None:
            return Lag(None, None, {"slot": "missing", **note})
        end, restart, wal_status, safe_wal_size = standing
        retained = str(max(end - restart, 0))
        note |= {"wal_status": wal_status, "retained_bytes": retained, "safe_wal_size": safe_wal_size}
        done = self._stream.reached() if self._stream else restart
        return Lag(max(end - done, 0), None, note)

    def identity(self) -> str:
        return self._log_identity() + (f" {self._watch.known}" if self._watch is not None else "")

    def recognise(self, known: str) -> None:
        log, _, marked = known.partition(MARKED)
        identity.require_same(log, self._log_identity())
        self._watch = Watch(self._server, self._facts, self._wanted, marked and MARKED.lstrip() + marked)

    def close(self) -> None:
        for stream in (self._past, self._stream):
            if stream is not None:
                stream.close()
        self._end_view()
        self._server.close()

    def _log_identity(self) -> str:
        timeline = "" if self._settings.failover else f"/{self._facts.timeline}"
        return f"postgres/{self._facts.system}{timeline}/{self._facts.database}/{self._wanted.slot}"

    def _watched(self) -> Watch:
        self._watch = self._watch or Watch(self._server, self._facts, self._wanted)
        return self._watch

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
        slot = self._own_slot()
        if slot is None or slot.wal_status != "lost":
            return
        if self._settings.create:
            self._server.query(drop_slot_sql(self._wanted.slot))
        elif self._lost_after is None:  # there is nothing to repair yet
            why = f"wal_status {slot.wal_status}"
            raise Halt("pg_slot_too_old", slot=self._wanted.slot, error=why, repair=self._anew_sql())

    def _leave_behind(self, lost_after: Position | None) -> None:
        """What the slot still holds is a log with a hole: nobody can tell what would come of it. One that was made
        anew since is behind the hole."""
        slot = self._own_slot()
        if lost_after is None or slot is None or slot.confirmed > parse(lost_after).lsn:
            return
        if not self._settings.create:
            raise Halt("pg_slot_with_hole", slot=self._wanted.slot, repair=self._anew_sql())
        self._server.await_release(self._wanted.slot)
        self._server.query(drop_slot_sql(self._wanted.slot))

    def _own_slot(self) -> Slot | None:
        """The slot, unless it is another's, which a check refuses."""
        slot = self._server.slot(self._wanted.slot)
        is_own = slot is not None and (slot.plugin, slot.database) == ("pgoutput", self._facts.database)
        return slot if is_own else None

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
        full = [ordered for ordered, source in tables if source.is_full]
        self._was = Rewind(full, coverage, self._zone)
        if len(full) < len(tables):
            coverage = coverage.under(self._view.snapshot)
        shown_by = len(coverage.snapshots) - 1
        readable = [
            Readable(ordered, source, AS_OF_SLOT, self._was)
            if source.is_full
            else Readable(ordered, source, shown_by, None)
            for ordered, source in tables
        ]
        self._read_tables(self._view, readable, coverage, done)
        if self._was.tables:
            self._past = self._open_stream(Place(False, coverage.slot, 0, None), self._was.tables, REWIND_BEAT_S)

    def _end_ahead(self, ahead: again.Ahead[View]) -> None:
        """The view's rows come now; of what it shows the stream that follows says nothing once more."""
        assert self._stream is not None
        assert ahead.view is not None
        self._stream.close()
        self._stream = self._ahead = None
        coverage = Coverage(parse(ahead.point).lsn, (ahead.view.snapshot,))
        readable = [Readable(ordered, source, 0, None) for ordered, source in self._ordered()]
        self._read_tables(ahead.view, readable, coverage, 0)

    def _rewind(self, past: Stream, timeout_s: float) -> None:
        """Read what was committed between the slot's point and the snapshot, and keep the old rows."""
        assert self._was is not None
        assert self._view is not None
        try:
            changes = past.read(timeout_s)
        except Gap as gap:
            why = gap.params.get("error", gap)
            raise Halt("pg_slot_too_old", slot=self._wanted.slot, error=why, repair=self._anew_sql()) from gap
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
        self._snapshot = read(view, tables, coverage, self._zone, self.progress)
        self._opening = ChangeSet((), in_snapshot(done, coverage)) if self._has_opening else None

    def _end_snapshot(self, coverage: Coverage) -> ChangeSet:
        """Everything has been read: from here on positions are those of the stream."""
        self._end_view()
        if not self._is_looking:
            self._stream = self._open_stream(Place(False, coverage.slot, 0, coverage), self._tables)
            if self._expected:
                self._stream.expect(self._expected)
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
            described=self._watched().look,
        )
        return Stream(log, self._server, place)

    def _anew_sql(self) -> str:
        made = "" if self._settings.create else f" {self._slot_sql()}"
        return f"{drop_slot_sql(self._wanted.slot)}{made}"

    def _slot_sql(self) -> str:
        return slot_sql(self._wanted.slot, self._settings.failover)


CONNECTOR: Final = SourceConnector(
    Settings,
    connect,
    scan,
    leaves=lambda settings: "slot",
    holdings=holdings,
    release=release,
    grants=grants,
)
