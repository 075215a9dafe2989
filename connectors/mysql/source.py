"""A MySQL or MariaDB EAM by its binary log: a consistent snapshot, then the log from exactly that point.

The reader owns two connections, one for the log and one for everything else, and belongs to one thread; only `ack`
may be called from another. The server keeps its log for a time and not for its readers: nothing is acknowledged to it.
"""

import random
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors import again, identity, scan_eam
from connectors.binlog.stream import charsets
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import expiry
from connectors.mysql.account import asked
from connectors.mysql.check import Wanted, findings, refuse, watched
from connectors.mysql.position import Coverage, Place, Point, Reading, in_snapshot, in_stream, parse
from connectors.mysql.server import (
    CONNECT_TIMEOUT_S,
    NO_LOG,
    SERVER_IDS,
    LogEnd,
    Server,
    close,
    log_status_sql,
    names,
    quoted,
)  # fmt: skip
from connectors.mysql.snapshot import Readable, View, needs_lock, order_of, read, view
from connectors.mysql.stream import Log, Stream, file_number
from connectors.mysql.tracked import Catalogue
from connectors.rewind import Rewind
from connectors.tables import Progress
from syncd.change import ChangeSet, Position, Table
from syncd.connector import Scan, SourceConnector
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Finding, Lag

WATCH_INTERVAL_S: Final = 5.0
"""How often the server's settings are looked at while its log is read."""
FILES_KEPT: Final = 16
"""Files of the log of which is kept when they were begun: each is asked for by a connection of its own."""
REWIND_WAIT_S: Final = 0.05
"""How long the log is waited for, until it has said all that a snapshot shows."""


@dataclass(frozen=True)
class Settings:
    """Where the EAM's MySQL or MariaDB is and how its log is read."""

    dsn: str
    """`mysql://USER:PASSWORD@HOST:PORT/DATABASE` of a user that may replicate and may read the tracked tables; tables
    without a schema are the database's."""
    server_id: int = 0
    """The server id under which the log is asked for, which no replica and no other reader may use; 0 draws one at
    each start."""
    zone: str = "Asia/Shanghai"
    """The time zone of DATETIME columns; a TIMESTAMP says by itself when it was."""
    heartbeat_s: float = 5.0
    """Seconds of silence after which the server says that it lives and the position is moved on; after four of them
    unheard the connection counts as dead."""
    retention_hours: float = 72.0
    """How long the server must keep its log; whoever is away for longer has lost changes."""
    failover: bool = False
    """Follow the log by the names of its transactions (GTIDs), so that a promoted replica counts as the same log."""
    cascades: bool = False
    """Accept foreign keys that delete or change rows of tracked tables with those of another (ON DELETE CASCADE, SET
    NULL): the server logs none of that, and syncd learns of it when it is repaired or reconciled."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "MysqlSource":
    """The log as a source. Raises Transient or Halt."""
    return MysqlSource(settings, tables)


def scan(settings: Settings, prepare: Callable[[Any], None]) -> AbstractContextManager[Scan]:
    """The EAM at one moment; it needs no preparation."""
    return scan_eam.mysql(settings.dsn, settings.zone)


class MysqlSource:
    """See `syncd.ports.Source`. `progress` is that of the snapshot, None while there is none."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table]) -> None:
        self.progress: Progress | None = None
        self._settings, self._tables = settings, tables
        self._server = Server(settings.dsn)
        self._facts = self._server.facts()
        self._zone = ZoneInfo(settings.zone)
        self._server_id = settings.server_id or random.randint(*SERVER_IDS)
        self._watch_at = time.monotonic() + WATCH_INTERVAL_S
        self._expires_at, self._expiring = 0.0, dict[str, str]()
        self._began_at = lru_cache(FILES_KEPT)(partial(expiry.began_at, settings.dsn, self._facts))
        self._durable = self._expected = Point(0, 0, 0, 0)
        self._view: View | None = None
        self._was: Rewind | None = None
        self._past: Stream | None = None
        self._snapshot: Generator[ChangeSet, None, Coverage] | None = None
        self._stream: Stream | None = None
        self._ahead: again.Ahead[View] | None = None
        self._opening: ChangeSet | None = None
        self._has_opening = False
        self._is_looking = False

    def check(self) -> list[Finding]:
        settings = self._settings
        locks = needs_lock(self._server)
        kept_s = settings.retention_hours * 3600
        wanted = Wanted(self._tables, settings.server_id, kept_s, locks, settings.failover, settings.cascades)
        return findings(self._server, self._facts, wanted)

    def start(self, checkpoint: Position | None) -> None:
        refuse(self.check())
        place = None if checkpoint is None else parse(checkpoint)
        if isinstance(place, Place):
            self._durable = place.point
            self._stream = self._open_stream(self._tables, place)
        elif place is None:
            self._begin_snapshot()
        elif place.coverage is None:
            raise Gap("checkpoint_of_change", position=checkpoint)
        else:
            self._resume_snapshot(place.coverage, place.done)

    def snapshot_again(self, checkpoint: Position) -> None:
        place = parse(checkpoint)
        self._has_opening = True
        if isinstance(place, Reading):
            begun = None if place.coverage is None else Coverage(place.coverage.start, place.coverage.gtids)
            self.start(None if begun is None else in_snapshot(0, begun))
            return
        self.start(checkpoint)
        stream = self._stream
        assert stream is not None

        def begin() -> View:
            self._view = self._open_view()
            return self._view

        log = again.Log(
            read=stream.read,
            open_view=begin,
            shows=lambda view, said: _point(said.changes[0].position) < _end_of(view, stream.point),
            is_read=lambda view: stream.point >= _end_of(view, stream.point),
        )
        self._ahead = again.Ahead(log, checkpoint, place.event > 0, self.end())

    def look(self) -> None:
        self._is_looking = True
        self.start(None)

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("0/")

    def end(self) -> Position:
        """A file that the reader has not come to says itself when it was born."""
        end, log = self._server.log_end(self._facts), self._log(self._tables)
        assert end is not None
        read_to = self._durable if self._stream is None else self._stream.point
        point = Point(read_to.era, file_number(end.file), read_to.birth, end.offset)
        if not point.birth or point.file != read_to.file:
            there = Place(point._replace(birth=0))
            with closing(Stream(replace(log, server_id=random.randint(*SERVER_IDS)), there)) as stream:
                point = point._replace(birth=stream.point.birth)
        self._expected = point
        if self._stream is not None:
            self._stream.expected = point
        return in_stream(point)

    def reaches(self, position: Position, end: Position) -> bool:
        return position >= end

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        self._watch()
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

    def ack(self, position: Position) -> None:
        place = parse(position)
        if isinstance(place, Place):
            self._durable = max(self._durable, place.point)

    def keepalive(self) -> None:
        """Raises Transient when the server has gone."""
        self._server.query("SELECT 1")

    def lag(self) -> Lag:
        note = {} if self.progress is None else self.progress.note()
        end = self._server.log_end(self._facts)
        if end is None:
            return Lag(None, None, note)
        self._require_same_log(end)
        done = self._stream.reached(self._durable) if self._stream else self._durable
        behind = self._bytes_behind(done, end)
        if behind and self._stream:
            seconds = (datetime.now(UTC) - self._stream.committed_at).total_seconds()
            note["seconds"] = f"{max(seconds, 0):.0f}"
        note |= self._kept(done, end)
        return Lag(behind, None, {**note, "file": end.file, "offset": str(end.offset)})

    def _kept(self, done: Point, end: LogEnd) -> dict[str, str]:
        """What is needed of the log and may be thrown away, looked at now and then; after a failover places are those
        of another server."""
        if done.file >= file_number(end.file) or self._settings.failover:
            return {}
        if time.monotonic() >= self._expires_at:
            self._expires_at = time.monotonic() + WATCH_INTERVAL_S
            facts = self._server.facts()  # how long the log is kept may have been set meanwhile
            self._expiring = expiry.sizes(self._server, facts, done.file, end, self._began_at, datetime.now(UTC))
        return self._expiring

    def _require_same_log(self, end: LogEnd) -> None:
        """A log that ends before what was read of it is another one, of which nobody would say a thing until it is as
        long. After a failover places are those of another server."""
        if self._stream is None or self._settings.failover:
            return
        read_to = self._stream.point
        if (file_number(end.file), end.offset) < (read_to.file, read_to.offset):
            raise Gap("mysql_log_reset", error=f"{end.file}: {end.offset} < {read_to.offset}")

    def identity(self) -> str:
        return f"mysql/{self._facts.cluster if self._settings.failover else self._facts.uid}"

    def recognise(self, known: str) -> None:
        identity.require_same(known, self.identity())

    def close(self) -> None:
        for stream in (self._past, self._stream):
            if stream is not None:
                stream.close()
        self._end_view()
        self._server.close()

    def _begin_snapshot(self) -> None:
        self._require_decided()
        self._view = self._open_view()
        self._require_decided()
        point = Point(0, file_number(self._view.file), 0, self._view.offset)
        with closing(Stream(self._log(self._tables), Place(point))) as stream:
            coverage = Coverage(stream.point, self._view.gtids)
            end = self._server.log_end(self._facts)
            self._require_none(stream.decided(file_number(end.file), end.offset) if end is not None else ())
        self._read_tables(self._view, coverage, 0, None)

    def _require_decided(self) -> None:
        self._require_none(self._server.undecided())

    def _require_none(self, prepared: Sequence[str]) -> None:
        """What is prepared stands in the log before the snapshot, and is in it only if it was committed by then."""
        if prepared:
            raise Transient("mysql_xa_undecided", names=", ".join(prepared))

    def _resume_snapshot(self, coverage: Coverage, done: int) -> None:
        """Read on under a newer snapshot, but the rows as they were where the first one began: there the stream
        begins, and all that happened since comes from it, as changes."""
        self._view = self._open_view()
        self._was = Rewind([readable.ordered for readable in self._readable(None)], coverage, self._zone)
        self._read_tables(self._view, coverage, done, self._was)
        self._past = Stream(self._log(self._was.tables), Place(coverage.start), only_rows=True)

    def _end_ahead(self, ahead: again.Ahead[View]) -> None:
        """The view's rows come now."""
        assert self._stream is not None
        assert ahead.view is not None
        self._stream.close()
        self._stream = self._ahead = None
        place = parse(ahead.point)
        assert isinstance(place, Place)
        coverage = Coverage(place.point, place.gtids)
        self._read_tables(ahead.view, coverage, 0, None)

    def _rewind(self, past: Stream, timeout_s: float) -> None:
        """Read what was committed between the first snapshot and this one, and keep the old rows."""
        assert self._was is not None
        assert self._view is not None
        changes = past.read(min(timeout_s, REWIND_WAIT_S))
        read_to = past.point if changes is None else _point(changes.position)
        shown = _end_of(self._view, read_to)
        if changes is not None and changes.changes and _point(changes.changes[0].position) < shown:
            self._was.note(changes.changes)
        if read_to >= shown:
            past.close()
            self._past = None

    def _open_view(self) -> View:
        return view(self._settings.dsn, self._server, log_status_sql(self._facts))

    def _readable(self, was: Rewind | None) -> list[Readable]:
        found = [(table, self._server.table(*names(table, self._facts))) for table in self._tables.values()]
        return [Readable(order_of(table, source), source, was) for table, source in found if source is not None]

    def _read_tables(self, view: View, coverage: Coverage, done: int, was: Rewind | None) -> None:
        self._durable = coverage.start
        readable = self._readable(was)
        self.progress = Progress(rows_done=done, rows_total=max(done, sum(t.source.rows for t in readable)))
        self._snapshot = read(view, readable, coverage, self._zone, self.progress)
        self._opening = ChangeSet((), in_snapshot(done, coverage)) if self._has_opening else None

    def _end_snapshot(self, coverage: Coverage) -> ChangeSet:
        """Everything has been read: from here on positions are those of the stream."""
        self._end_view()
        if not self._is_looking:
            self._stream = self._open_stream(self._tables, Place(coverage.start, gtids=coverage.gtids))
            self._stream.expected = self._expected
        return ChangeSet((), in_stream(coverage.start, coverage.gtids if self._settings.failover else ""))

    def _open_stream(self, tables: Mapping[str, Table], place: Place) -> Stream:
        """The log from a place on, or, where this server does not have that, what comes after the transactions that
        were read. Of one that was read in part another server cannot say where that part ends."""
        log = self._log(tables)
        try:
            return Stream(log, place)
        except Gap:
            if not (self._settings.failover and place.gtids):
                raise
        if place.event:
            raise Gap("mysql_failover_midway", gtids=place.gtids)
        if not self._server.has_run(self._facts, place.gtids):
            raise Gap("mysql_failover_behind", error=place.gtids)
        return Stream(log, place, by_name=True)

    def _end_view(self) -> None:
        if self._view is not None:
            close(self._view.connection)
        if self._was is not None:
            self._was.close()
        self._view = self._was = self._snapshot = self.progress = None

    def _log(self, tables: Mapping[str, Table]) -> Log:
        tracked = {names(table, self._facts): table for table in tables.values()}
        described = {name: self._server.described(*name) for name in tracked}
        end = self._server.log_end(self._facts)  # the catalogue has been read before it
        if end is None:
            raise Halt("mysql_no_log", repair=NO_LOG)
        arguments = mysql_dsn.parse(self._settings.dsn).arguments()
        return Log(
            arguments={**arguments, "connect_timeout": CONNECT_TIMEOUT_S},
            server_id=self._server_id,
            mariadb=self._facts.mariadb,
            base=end.file.rpartition(".")[0],
            charsets=charsets(self._server.connection),
            tables=tracked,
            folds=self._facts.folds,
            zone=self._zone,
            heartbeat_s=self._settings.heartbeat_s,
            by_names=self._settings.failover,
            catalogue=Catalogue(described, file_number(end.file), end.offset),
            reaches=self._server.reaches,
            end=self._log_end,
        )

    def _log_end(self) -> tuple[int, int]:
        end = self._server.log_end(self._facts)
        return (file_number(end.file), end.offset) if end is not None else (0, 0)

    def _watch(self) -> None:
        """Settings that somebody changes while the log is read are noticed before they do harm, if it is quiet."""
        if time.monotonic() >= self._watch_at:
            self._watch_at = time.monotonic() + WATCH_INTERVAL_S
            refuse(watched(self._server.facts()))

    def _bytes_behind(self, done: Point, end: LogEnd) -> int:
        last = file_number(end.file)
        if done.file == last:
            return max(end.offset - done.offset, 0)
        sizes = {file_number(name): size for name, size in self._server.log_files()}
        return max(sum(size for number, size in sizes.items() if number >= done.file) - done.offset, 0)


def keeps(settings: Settings, position: Position) -> dict[str, str]:
    """See `SourceConnector`. Of a snapshot, and where another server may have taken over, nothing is known."""
    try:
        place = parse(position)
    except ValueError:
        return {}  # of another kind of source
    if settings.failover or not isinstance(place, Place):
        return {}
    with closing(Server(settings.dsn)) as server:
        facts = server.facts()
        end = server.log_end(facts)
        if end is None:
            return {}
        began_at = partial(expiry.began_at, settings.dsn, facts)
        return expiry.sizes(server, facts, place.point.file, end, began_at, datetime.now(UTC))


def _end_of(view: View, point: Point) -> Point:
    """Up to where a view shows the log, in the same log as a point."""
    return point._replace(file=file_number(view.file), offset=view.offset)


def _point(position: Position) -> Point:
    place = parse(position)
    assert isinstance(place, Place)
    return place.point


def grants(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[str]:
    """What a DBA is to run, see `SourceConnector`. MySQL's snapshot takes a lock for a moment."""
    at = mysql_dsn.parse(settings.dsn)
    (user, is_mariadb), tracked = asked(at), sorted({table.name for table in tables.values()})
    spelled = [quoted(*(name.split(".") if "." in name else (at.database, name))) for name in tracked]
    return [
        f"GRANT REPLICATION SLAVE, REPLICATION CLIENT{'' if is_mariadb else ', RELOAD'} ON *.* TO {user}",
        *(f"GRANT SELECT ON {name} TO {user}" for name in spelled),
    ]


CONNECTOR: Final = SourceConnector(Settings, connect, scan, grants=grants, keeps=keeps)
