"""The binary log as change sets, transaction by transaction, from a given position."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from connectors.binlog import events as binlog
from connectors.binlog.compressed import plain, unpacked
from connectors.binlog.events import CHECKSUM_BYTES, HEADER_BYTES, Event, Garbled
from connectors.binlog.rows import RowReader, Rows, compile_rows
from connectors.binlog.stream import Events
from connectors.binlog.table import table_map
from connectors.mysql.gtid import Gtids
from connectors.mysql.position import Place, Point, in_stream, of_event, of_file, with_gtids
from connectors.mysql.server import CONNECT_TIMEOUT_S, guarded
from connectors.mysql.sql.tokens import Name
from connectors.mysql.statement import NOTHING, Effect, effect, summary, xa_step
from connectors.mysql.tracked import Catalogue, Tracked
from syncd.change import Change, ChangeSet, Op, Position, Table
from syncd.errors import Gap, Transient

CHANGES_MAX: Final = 2_000
"""Changes of one set; a longer transaction comes as several."""
EVENTS_PER_LOOK: Final = 1_024
"""Events between two looks at the clock: changes of tables that nobody tracks make no set."""
MOVE_INTERVAL_S: Final = 1.0
"""How often an idle reader follows a log that moves with other people's changes."""
OFFSET_SPAN: Final = 1 << 32
"""Offsets in events are the low 32 bits; a transaction may take a file beyond them."""
FILE_START: Final = 4
SHAPES_MAX: Final = 4_096
"""Descriptions of tables that are remembered."""
_MARIADB_GTID: Final = 162
_XA_FLAG: Final = 0x40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Reader = tuple[Table, RowReader]
_BOUNDS: Final = frozenset({"begin", "commit", "rollback", "xa", "xa_end"})
_VERBS: Final[Mapping[str, Op]] = {"insert": "insert", "update": "update", "delete": "delete"}


@dataclass(frozen=True)
class Log:
    """Which log is read, and for which tables. `arguments` are those of the driver's `connect`; `base` is the files'
    name without its number. `by_names`: positions carry the names of the transactions. Of `catalogue` and `reaches`
    see `tracked`."""

    arguments: Mapping[str, Any]
    server_id: int
    mariadb: bool
    base: str
    charsets: dict[int, str]
    tables: Mapping[Name, Table]
    folds: bool
    zone: tzinfo
    heartbeat_s: float
    by_names: bool
    catalogue: Catalogue
    reaches: Callable[[frozenset[str], frozenset[str]], bool]
    end: Callable[[], tuple[int, int]]


@contextmanager
def _readable() -> Iterator[None]:
    """Behind what cannot be read the log may say anything: all that is left is to compare."""
    try:
        with guarded():
            yield
    except Garbled as error:
        raise Gap("mysql_garbled", error=error) from error


def open_events(log: Log, place: Place, by_name: bool) -> Events:
    """The log's events from a place on. Raises Transient, Gap or Halt."""
    file, offset = place.point.file, place.point.offset
    with guarded():
        return Events(
            log.arguments,
            log.server_id,
            mariadb=log.mariadb,
            file=file_name(log.base, file),
            position=offset if offset < OFFSET_SPAN else FILE_START,
            gtid=place.gtids if by_name else None,
            heartbeat_s=log.heartbeat_s,
        )


def file_name(base: str, number: int) -> str:
    """A log file's name, as the server makes it."""
    return f"{base}.{number:06d}"


def file_number(name: str) -> int:
    """The inverse."""
    return int(name.rpartition(".")[2])


class Stream:
    """A running dump of the log; belongs to one thread. `point` is up to where it has been read, `committed_at` when
    the last transaction was committed that was read. As soon as the log has been read up to `expected`, a set says so.

    `by_name`: the log is another server's, in which the transactions after `place.gtids` are sought. Where the first
    of them stands is known when it comes. `only_rows`: what else stands in the log is read again later."""

    def __init__(self, log: Log, place: Place, by_name: bool = False, only_rows: bool = False) -> None:
        if by_name:
            place = Place(Point(place.point.era + 1, 0, 0, 0), gtids=place.gtids)
        self.committed_at = _EPOCH
        self.expected = place.point
        self._log, self._place = log, place
        self._file, self._offset = place.point, place.point.offset
        self._of_file = of_file(place.point)
        self._tracked = Tracked(log.tables, log.folds, log.charsets, log.catalogue, log.reaches, log.end)
        self._only_rows = only_rows
        self._readers: dict[bytes, Reader | None] = {}
        self._shapes: dict[bytes, Reader | None] = {}
        self._born, self._found, self._overhead = False, not by_name, HEADER_BYTES
        self._gtids, self._named = Gtids(place.gtids), ""
        self._open = self._begun = self._is_xa = self._is_idle = False
        self._start, self._nth, self._said_rows, self._passes_over = place.point.offset, 0, False, True
        self._packed: Iterator[Event] | None = None
        self._changes: list[Change] = []
        self._ready: deque[ChangeSet] = deque()
        self._said, self._said_at = place.point, time.monotonic()
        self._events = open_events(log, place, by_name)
        try:
            self._await_birth()
        except BaseException:
            self.close()
            raise

    @property
    def point(self) -> Point:
        """The end of the last transaction that has been read whole."""
        return self._file._replace(offset=self._start if self._open else self._offset)

    def reached(self, durable: Point) -> Point:
        """Up to where nothing is left to do, when all that was said is durable up to a point."""
        return self.point if durable >= self._said and not self._ready else durable

    def decided(self, file: int, offset: int) -> list[str]:
        """The XA transactions that are committed from here up to a place and were prepared before: whoever begins here
        reads that, and never their rows. Afterwards nothing else can be read. Raises Transient, Gap or Halt."""
        begun: set[str] = set()
        found: list[str] = []
        with _readable():
            while (self._file.file, self._offset) < (file, offset):
                if (event := self._events.read(CONNECT_TIMEOUT_S)) is None:
                    raise Transient("mysql_gone", error=f"{CONNECT_TIMEOUT_S} s")
                if event.kind in ("rotate", "format"):
                    self._begin_file(event)
                    continue
                self._pass(event.end)
                match xa_step(binlog.query(event, self._log.charsets).sql) if event.kind == "query" else None:
                    case "END", name:
                        begun.add(name)
                    case "COMMIT", name if name not in begun:
                        found.append(name)
        return found

    def close(self) -> None:
        """Leave."""
        with guarded():
            self._events.close()

    def read(self, timeout_s: float) -> ChangeSet | None:
        """The next set, or None after the timeout. Raises Transient, Gap or Halt."""
        with _readable():
            return self._read(time.monotonic() + timeout_s)

    def _await_birth(self) -> None:
        """Whether the log is there, and the one that was read, is said at once."""
        with _readable():
            while not self._born:
                if (event := self._events.read(CONNECT_TIMEOUT_S)) is None:
                    raise Transient("mysql_gone", error=f"{CONNECT_TIMEOUT_S} s")
                self._take(event)

    def _read(self, deadline: float) -> ChangeSet | None:
        taken = 0
        while not self._ready:
            event = self._next(max(0.0, min(deadline - time.monotonic(), MOVE_INTERVAL_S)))
            if event is not None:
                self._take(event)
                taken += 1
            if event is None or event.kind == "heartbeat":
                self._follow()
            if (event is None or taken % EVENTS_PER_LOOK == 0) and time.monotonic() >= deadline:
                break
        return self._ready.popleft() if self._ready else None

    def _next(self, timeout_s: float) -> Event | None:
        """Of the transaction that is being unpacked, or of the server."""
        if self._packed is not None:
            if (event := next(self._packed, None)) is not None:
                return event
            self._packed = None
        return self._events.read(timeout_s)

    def _take(self, event: Event) -> None:
        if event.kind == "compressed":
            if (packed := unpacked(event)) is not None:
                self._packed = packed
                self._pass(event.end)
                return
            event = plain(event) or event
        kind = event.kind
        if kind in _VERBS:
            self._rows(event)
        elif kind == "table":
            self._table(event)
        elif kind == "gtid":
            self._gtid(event)
        elif kind == "query":
            self._query(event)
        elif kind in ("rotate", "format"):
            self._begin_file(event)
            return
        elif kind == "xa_prepare":
            self._require_no_rows("mysql_xa", "XA PREPARE")
        elif kind == "compressed":
            raise Gap("mysql_compressed_event", type=event.code)
        elif kind == "partial" and self._readers.get(binlog.table_id(event), ...) is None:
            self._nth += 1  # of a table that nobody tracks
        elif kind in ("partial", "unreadable", "unknown"):
            raise Gap("mysql_unreadable_event", type=event.code)
        if kind != "heartbeat":
            self._pass(event.end)
        if kind in ("commit", "xa_prepare"):
            self._commit()

    def _pass(self, end: int) -> None:
        """The event ends where it says; of the offset only the low bits are said."""
        if end >= self._offset:
            self._offset = end
        elif end:
            reached = self._offset - self._offset % OFFSET_SPAN + end
            self._offset = reached if reached >= self._offset else reached + OFFSET_SPAN

    def _begin_file(self, event: Event) -> None:
        """A new file, or the one that the dump begins with."""
        era, file, born, _ = self._file
        if event.kind == "rotate":
            name, position = binlog.rotation(event)
            number = file_number(name)
            if number < file:
                raise Gap("mysql_log_reset", error=name)
            if number > file:
                self._abandon()
                self._file, self._offset = Point(era, number, 0, 0), position
                self._readers.clear()
            return
        if born not in (0, event.timestamp):
            raise Gap("mysql_log_reset", error=f"{file_name(self._log.base, file)}: {born} ≠ {event.timestamp}")
        if not self._born and self._offset >= OFFSET_SPAN:
            self._offset = FILE_START
        self._born = True
        self._overhead = HEADER_BYTES + (CHECKSUM_BYTES if event.data[-1] else 0)
        self._file = Point(era, file, event.timestamp, 0)
        self._of_file = of_file(self._file)
        self._pass(event.end)

    def _abandon(self) -> None:
        """A transaction that its file does not end was being written when the server fell, and was undone then."""
        if self._open and self._said_rows:
            raise Gap("mysql_rolled_back", table=file_name(self._log.base, self._file.file))
        self._open, self._changes = False, []

    def _gtid(self, event: Event) -> None:
        named = binlog.gtid(event)
        self._begin(event)
        self._named = named.text
        self._is_xa = event.code == _MARIADB_GTID and bool(event.data[12] & _XA_FLAG)
        self._begun = event.code == _MARIADB_GTID and not named.standalone
        self._is_idle = named.is_idle
        if named.committed_us:
            self.committed_at = _EPOCH + timedelta(microseconds=named.committed_us)

    def _begin(self, event: Event) -> None:
        if not self._found:
            self._found = True
            self._offset = event.end - self._overhead - len(event.data)
        self._open, self._begun, self._is_xa, self._is_idle = True, False, False, False
        self._start, self._nth, self._named = self._offset, 0, ""
        self._said_rows = False
        if self._passes_over:
            self._passes_over = self.point <= self._place.point
            self._said_rows = self.point == self._place.point and self._place.event > 0
        if len(self._shapes) > SHAPES_MAX or len(self._readers) > SHAPES_MAX:
            self._shapes.clear()
            self._readers.clear()
        self.committed_at = _EPOCH + timedelta(seconds=event.timestamp)

    def _query(self, event: Event) -> None:
        schema, sql, mode = binlog.query(event, self._log.charsets)
        if not self._open:
            self._begin(event)
        self._nth += 1
        done = effect(schema, sql, mode)
        if self._is_idle or (done.does not in _BOUNDS and (self._only_rows or self._is_past())):
            done = NOTHING
        if done.does == "begin":
            self._begun = True
            return
        if done.does in ("rollback", "rollback_to"):
            self._roll_back(done, sql)
        elif done.does in ("xa", "xa_end"):
            self._begun = self._is_xa = done.does == "xa"
        elif done.does == "truncate":
            self._truncate(done)
        else:
            self._tracked.require_harmless(done, sql, mode, self._file.file, self._start)
        if done.does in ("commit", "rollback") or not self._begun:
            self._pass(event.end)
            self._commit()

    def _commit(self) -> None:
        """Transactions of others are not worth a set each; now and then one of them moves the position."""
        self._say_full_sets()
        self._open = self._begun = self._is_xa = False
        self._gtids.add(self._named)
        is_due = self._is_expected() or time.monotonic() - self._said_at >= self._log.heartbeat_s
        if self._changes or self._said_rows or is_due:
            self._say(self._changes, in_stream(self.point))
            self._changes = []

    def _say_full_sets(self) -> None:
        while len(self._changes) > CHANGES_MAX:
            part, self._changes = self._changes[:CHANGES_MAX], self._changes[CHANGES_MAX:]
            self._say(part, part[-1].position, cuts=())
            self._said_rows = True

    def _say(self, changes: list[Change], position: Position, cuts: tuple[int, ...] | None = None) -> None:
        self._said, self._said_at = self.point, time.monotonic()
        position = with_gtids(position, str(self._gtids)) if self._log.by_names else position
        self._ready.append(ChangeSet(changes, position, self.committed_at if changes else None, cuts=cuts))

    def _is_expected(self) -> bool:
        return self._said < self.expected <= self.point

    def _follow(self) -> None:
        """Nothing waits: the position follows what others have written."""
        silence = time.monotonic() - self._said_at
        if self._open or not self._found or not self._file.birth or self.point <= self._said:
            return
        if self._is_expected() or silence >= min(self._log.heartbeat_s, MOVE_INTERVAL_S):
            self._say([], in_stream(self.point))

    def _table(self, event: Event) -> None:
        """Rows of this table read from now on as it is described here."""
        shape = event.data[8:]
        if shape not in self._shapes:
            self._shapes[shape] = self._compile(event)
        self._readers[binlog.table_id(event)] = self._shapes[shape]

    def _compile(self, event: Event) -> Reader | None:
        wire = table_map(event.data, self._log.mariadb)
        table = self._tracked.table((wire.schema, wire.name))
        if table is None:
            return None
        self._tracked.describe(wire)
        if wire.columns and not wire.columns[0].name:
            raise Gap("mysql_nameless_event", table=f"{wire.schema}.{wire.name}")
        return table, compile_rows(wire, table, self._log.charsets, self._log.zone)

    def _rows(self, event: Event) -> None:
        self._nth += 1
        found = self._readers.get(binlog.table_id(event), ...)
        if found is None:
            return
        if found is ...:
            raise Garbled("rows without their table")
        table, reader = found
        if self._is_xa and not self._is_past():
            raise Gap("mysql_xa", table=table.name)
        read: Callable[[bytes], Rows] = getattr(reader, event.kind)
        self._add(table.alias, _VERBS[event.kind], read(event.data))
        self._say_full_sets()

    def _add(self, alias: str, op: Op, rows: Rows) -> None:
        """The rows of an event, but for those that were said before the position that is resumed from."""
        position, committed_at = of_event(self._of_file, self._start, self._nth), self.committed_at
        changes = [
            Change(alias, op, before, after, Position(f"{position}{n:08d}"), committed_at, flawed)
            for n, (before, after, flawed) in enumerate(rows, 1)
        ]
        if self._passes_over:
            changes = changes[len(changes) if self._is_past() else self._place.row if self._is_there() else 0 :]
        self._changes += changes

    def _is_past(self) -> bool:
        """Whether all of this event was said before the position that is resumed from."""
        at, event, _, _ = self._place
        return self._passes_over and (self.point, self._nth) < (at, event)

    def _is_there(self) -> bool:
        return (self.point, self._nth) == self._place[:2]

    def _truncate(self, done: Effect) -> None:
        for name in done.tables:
            if table := self._tracked.table(name):
                self._add(table.alias, "truncate", [(None, None, False)])

    def _roll_back(self, done: Effect, sql: str) -> None:
        """Rows are logged before a rollback only beside tables that cannot be rolled back."""
        if done.does == "rollback" and not self._said_rows:
            self._changes.clear()
        self._require_no_rows("mysql_rolled_back", summary(sql))

    def _require_no_rows(self, code: str, what: str) -> None:
        if self._changes or self._said_rows:
            raise Gap(code, table=what)
