"""An EAM by Debezium Engine in this process, for databases that have no reader of their own here, without Kafka.

The offsets live in the ledger: a set's position holds them, the engine starts from them, and it commits to its
database's log only what `ack` was told. A snapshot cannot be resumed: what was deleted while it was interrupted would
never be said, so a checkpoint within one is a gap.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors import identity, scan_eam
from connectors.debezium.envelope import Decoder, Half, joined
from connectors.debezium.shapes import Note
from connectors.debezium.values import Reading
from connectors.engine import holdings as engine_holdings
from connectors.engine import java as engine_java
from connectors.engine import postgres as engine_postgres
from connectors.engine import properties as engine_properties
from connectors.engine.java import Engine, Record
from connectors.engine.properties import CONNECTORS, NOTES
from connectors.postgres.check import refuse
from connectors.postgres.watch import Watch
from syncd.change import Change, ChangeSet, Position, Table, key_text
from syncd.connector import Holding, Scan, SourceConnector
from syncd.errors import Gap, Halt
from syncd.ports import Finding, Lag

START_LOOK_S: Final = 1.0
QUIET_S: Final = 2.0
"""An engine that says nothing for so long, and has nothing waiting, has read its log to the end."""
MARKED: Final = " "
"""Between the log's identity and the marks of what it is told."""
_BEAT: Final = "heartbeat.action.query"
_UNPLACED: Final = "engine"
"""Where a record stands whose place in the log nobody asks for, unless it cannot be read."""
_PREFIX_CHARACTERS: Final = 17
_DELETE: Final = b'"op":"d"'
"""What may be the first half of a change of key; of no other record the headers are asked for."""


@dataclass(frozen=True)
class Settings:
    """Which connector of Debezium reads the EAM, and what it is told."""

    connector: str
    """`postgresql`, `mysql`, `mariadb`, `sqlserver`, `oracle` or `db2`."""
    properties: Mapping[str, str | int | bool] = field(default_factory=dict)
    """The connector's own properties as Debezium's documentation names them: `database.hostname`, `database.user`, …"""
    zone: str = "Asia/Shanghai"
    """The time zone of times that the EAM keeps without one."""
    heartbeat_s: float = 10.0
    """Seconds after which an idle log's position is moved on."""
    history: Path | None = None
    """A file in which the engine keeps the shapes of the tables over time; all connectors but `postgresql` need it."""
    jars: tuple[str, ...] = ()
    """Further Java libraries, as file patterns: the driver of Db2, the connector of MariaDB."""
    memory: str = "512m"
    """The most memory that Java's heap takes, once for all engines of a process."""
    log_level: str = "off"
    """What of the engine's own log goes to the standard error: `off`, `error`, `warn`, `info` or `debug`."""
    doubles: bool = False
    """Take amounts from binary fractions of at most 15 digits, because the EAM's own columns are such."""
    scan_dsn: str = ""
    """A `postgresql://…` or `mysql://…` address of the EAM for the reconciliation."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "EngineSource":
    """The engine as a source, not yet started. Raises Transient or Halt."""
    return EngineSource(settings, tables, pipeline)


def holdings(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[Holding]:
    """The slot and the publication of Debezium; it makes nothing in other databases than PostgreSQL."""
    if settings.connector != "postgresql":
        return []
    given = engine_properties.made(
        settings.connector, settings.properties, tables, pipeline, settings.history, settings.heartbeat_s
    )
    return engine_holdings.find(given, tables, pipeline)


def release(settings: Settings, pipeline: str, holdings: Sequence[Holding]) -> None:
    """Take them away."""
    engine_holdings.release({name: str(value) for name, value in settings.properties.items()}, pipeline, holdings)


def scan(settings: Settings, prepare: Callable[[Any], None]) -> AbstractContextManager[Scan]:
    """The EAM asked without the engine; it needs no preparation."""
    if settings.scan_dsn.startswith("mysql:"):
        return scan_eam.mysql(settings.scan_dsn, settings.zone)
    if settings.scan_dsn:
        return scan_eam.postgres(settings.scan_dsn, settings.zone)
    raise Halt("engine_no_scan", connector=settings.connector)


class EngineSource:
    """See `syncd.ports.Source`. A position is `r` or `s` (in a snapshot or behind it), a number that only grows, and
    the engine's offsets as JSON."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table], pipeline: str) -> None:
        self._settings = settings
        self._properties = engine_properties.made(
            settings.connector, settings.properties, tables, pipeline, settings.history, settings.heartbeat_s
        )
        self._kind = CONNECTORS[settings.connector]
        self._tables = tables
        engine_java.start_java(settings.memory, settings.jars, settings.log_level)
        if (version := engine_java.java_version()) < engine_java.JAVA_MIN:  # it could not even load the connector
            raise Halt("engine_old_java", version=version, needed=engine_java.JAVA_MIN)
        if not engine_java.has_class(self._kind.java):
            raise Halt("engine_no_connector", connector=settings.connector, java=self._kind.java)
        self._server = engine_postgres.Server(self._properties) if settings.connector == "postgresql" else None
        self._identity = self._identify()
        self._engine: Engine | None = None
        self._asked_at: datetime | None = None
        self._passed: Position | None = None
        self._watch: Watch | None = None
        self._lost_after: Position | None = None
        self._reset(Position(""), {})

    def check(self) -> list[Finding]:
        said = engine_java.problems(self._kind.java, self._properties)
        found = [Finding("error", "engine_setting", {"error": text}) for text in said]
        if self._server:
            found += [*self._server.findings(self._tables.values()), *self._server.refused(self._tables)]
        if any(finding.level == "error" for finding in found):
            return found
        ready = {"connector": self._settings.connector, "java": str(engine_java.java_version())}
        return [Finding("ok", "engine_ready", ready), *found]

    def start(self, checkpoint: Position | None) -> None:
        if self._server is not None:
            refuse(self._server.refused(self._tables))
        if checkpoint is None:
            if self._server is not None and self._lost_after is not None:
                self._server.leave_behind(_offset(self._lost_after))
            self._reset(Position(""), {})
            self._open(self._properties, {})
            self._await_view()
            if self._server is not None:  # the engine has made what publishes by now
                self._watch = self._server.watch(self._tables)
            return
        if self.in_snapshot(checkpoint):
            raise Gap("engine_snapshot_interrupted")
        if not checkpoint.startswith("s"):
            raise Gap("checkpoint_of_change", position=checkpoint)
        offsets: dict[str, str] = json.loads(checkpoint[_PREFIX_CHARACTERS:])
        if self._server is not None:
            self._server.require_slot(_offset(checkpoint))
            self._watch = self._watch or self._server.watch(self._tables)
        self._reset(checkpoint, offsets)
        if self._server is not None:
            self._open(self._properties, {log: engine_postgres.begun_at(offset) for log, offset in offsets.items()})
            return
        self._open(self._properties, offsets)

    def snapshot_again(self, checkpoint: Position) -> None:
        """An engine without offsets begins with a snapshot, and says as states what was committed before that."""
        if not self.in_snapshot(checkpoint):
            raise Halt("engine_no_again")
        self.start(None)
        self._ready.appendleft(ChangeSet((), Position(f"r{0:0{_PREFIX_CHARACTERS - 1}d}"), repeats=True))

    def look(self) -> None:
        self._reset(Position(""), {})
        self._open(engine_properties.looking(self._properties), {})
        self._await_view()

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("r")

    def end(self) -> Position:
        """Of PostgreSQL its place in the log. Of others it is known by the clocks alone: what was committed later has
        come, or nothing has for a while."""
        now = datetime.now(UTC)
        self._asked_at, self._passed, self._heard_at = now, None, time.monotonic()
        if self._server is None or not (beat := self._properties.get(_BEAT)):
            return Position(f"e{now.isoformat()}")
        lsn = self._server.log_end()
        self._server.say_something(beat)
        return Position(f"e{lsn:016X}")

    def reaches(self, position: Position, end: Position) -> bool:
        if self.in_snapshot(position):
            return False
        if not end.startswith("e"):
            return position >= end
        if "T" in end:
            return self._passed is not None and position >= self._passed
        offsets: dict[str, str] = json.loads(position[_PREFIX_CHARACTERS:])
        return any(int(json.loads(offset).get("lsn", 0)) >= int(end[1:], 16) for offset in offsets.values())

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        self._lost_after = lost_after
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        assert self._engine is not None, "read before start"
        if not self._ready:
            batch = self._engine.take(timeout_s)
            if batch is not None:
                if self._watch is not None:
                    self._watch.look()  # nothing is taken from behind a hole
                self._heard_at = time.monotonic()
                self._take_in(batch)
            elif self._is_quiet():
                self._say(always=True, is_quiet=True)
        return self._ready.popleft() if self._ready else None

    def ack(self, position: Position) -> None:
        durable: dict[str, Record] = {}
        while self._marks and self._marks[0][0] <= position:
            durable |= self._marks.popleft()[1]
        if durable and self._engine is not None:
            self._engine.ack(list(durable.values()))

    def keepalive(self) -> None:
        """The engine's own threads answer the server."""

    def lag(self) -> Lag:
        if self._watch is not None:
            self._watch.look()
        waiting, note = engine_java.backlog(self._properties["topic.prefix"])
        waiting += self._engine.waiting() if self._engine else 0
        slot = self._server.slot() if self._server else None
        return Lag(slot.behind if slot else None, waiting, self._progress | note)

    def identity(self) -> str:
        return self._identity + (f"{MARKED}{self._watch.known}" if self._watch is not None else "")

    def recognise(self, known: str) -> None:
        log, _, marked = known.partition(MARKED)
        identity.require_same(log, self._identity)
        if self._server is not None:
            self._watch = self._server.watch(self._tables, marked)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._server is not None:
            self._server.close()

    def _identify(self) -> str:
        given = self._properties
        if self._server is not None:
            where = f"{self._server.system()}/{given.get('database.dbname')}/{given['slot.name']}"
        else:
            database = given.get("database.names") or given.get("database.dbname") or given.get("database.include.list")
            where = f"{given.get('database.hostname')}:{given.get('database.port')}/{database}"
        return f"engine/{self._settings.connector}/{where}/{given['topic.prefix']}"

    def _open(self, properties: Mapping[str, str], offsets: Mapping[str, str]) -> None:
        placeholder = properties.get("unavailable.value.placeholder", Reading.placeholder)
        reading = Reading(ZoneInfo(self._settings.zone), placeholder, self._settings.doubles)
        self._decoder = Decoder(self._tables, reading)
        self._engine = Engine(properties, offsets)
        self._engine.start()

    def _await_view(self) -> None:
        """Until the snapshot has its point in the log. Raises what kept it from that."""
        assert self._engine is not None
        while self._phase == "r" and not self._progress:
            batch = self._engine.take(START_LOOK_S)
            if batch is not None:
                self._take_in(batch)

    def _is_quiet(self) -> bool:
        """Whether an end was asked for that nothing but silence tells."""
        is_waited_for = self._asked_at is not None and self._passed is None and self._phase == "s"
        if not is_waited_for or self._in_transaction or time.monotonic() - self._heard_at < QUIET_S:
            return False
        return engine_java.backlog(self._properties["topic.prefix"])[0] == 0

    def _reset(self, checkpoint: Position, offsets: dict[str, str]) -> None:
        """At the beginning of a run: nothing read, nothing half."""
        self._number = int(checkpoint[1:_PREFIX_CHARACTERS]) if checkpoint else 0
        self._phase = "s" if checkpoint else "r"
        self._offsets = offsets
        self._progress: dict[str, str] = {}
        self._ready: deque[ChangeSet] = deque()
        self._marks: deque[tuple[Position, dict[str, Record]]] = deque()
        self._changes: list[Change] = []
        self._cuts: list[int] = []
        self._safe: dict[str, Record] = {}
        self._half: Half | None = None
        self._is_amid = False
        self._heard_at = time.monotonic()
        self._in_transaction = False

    def _take_in(self, batch: Sequence[Record]) -> None:
        """A batch as sets. Their position is that of the last record behind which an engine can go on."""
        now_ms = time.time_ns() // 1_000_000
        for record in batch:
            half = self._half is not None or (record.value is not None and _DELETE in record.value)
            headers = record.headers() if half else ()
            said = self._decoder.decode(record.topic, record.key, record.value, headers, _UNPLACED, now_ms)
            if self._decoder.misread and isinstance(said, Change) and said.position.endswith(_UNPLACED):
                said = said._replace(position=Position(f"{record.topic}/{record.offset()}"))
            if isinstance(said, Note):
                self._note(said, record)
            else:
                self._add(said)
            if not (self._half or self._in_transaction):
                self._safe[record.partition() if self._kind.logs else ""] = record
        self._say()

    def _add(self, said: Change | Half) -> None:
        """A change of key comes in two halves, one right behind the other; one without its other is the deletion or the
        insertion that it is by itself."""
        old, self._half = self._half, None
        whole = joined(old, said) if old is not None and isinstance(said, Half) else None
        if old is not None and whole is None:
            self._append(old.change)
        if whole is None and isinstance(said, Half) and said.side == "old":
            self._half = said
            return
        self._append(whole or (said.change if isinstance(said, Half) else said))

    def _append(self, said: Change) -> None:
        if self._moves(said):
            last = self._changes.pop()
            said = said._replace(op="update", before=last.before, flawed=said.flawed or last.flawed)
        self._changes.append(said)
        if not self._in_transaction:
            self._cuts.append(len(self._changes))

    def _moves(self, said: Change) -> bool:
        """Whether this brings back the row that was deleted just before in the same transaction, as one that goes from
        one partition of its table to another: both are one update."""
        last = self._changes[-1] if self._changes and self._in_transaction else None
        if last is None or last.before is None or said.after is None or (last.op, said.op) != ("delete", "insert"):
            return False
        table = self._tables[said.table]
        return last.table == said.table and key_text(table, last.before) == key_text(table, said.after)

    def _note(self, said: Note, record: Record) -> None:
        if said is Note.TRANSACTION:
            self._in_transaction = b'"status":"BEGIN"' in (record.value or b"")
            if not self._in_transaction:
                self._end_transaction()
        elif record.topic == NOTES:
            self._noted(json.loads(record.value or b"{}")["payload"], record)

    def _end_transaction(self) -> None:
        """One of which a part was said already ends with a set, though nothing be left of it. A half that waits has no
        other."""
        if self._half is not None:
            old, self._half = self._half, None
            self._append(old.change)
        self._cuts.append(len(self._changes))
        if not self._changes and self._is_amid:
            self._say(always=True)

    def _noted(self, note: Mapping[str, Any], record: Record) -> None:
        """How far the snapshot is."""
        told = note.get("additional_data") or {}
        if note.get("type") == "IN_PROGRESS":
            self._progress = {"table": str(told.get("current_collection_in_progress"))}
        elif note.get("type") == "ABORTED":
            assert self._engine is not None, "notes come from an engine"
            raise self._engine.reason()  # or it might go on without the rest of the rows
        elif note.get("type") in ("COMPLETED", "SKIPPED") and self._phase == "r":
            self._say()
            self._phase, self._progress = "s", {}
            self._safe[record.partition()] = record
            self._say(always=True)

    def _say(self, always: bool = False, is_quiet: bool = False) -> None:
        """What has gathered as a set, or an empty one if an engine could go on from elsewhere than before."""
        marks = {record.partition(): record for record in self._safe.values()}
        self._safe = {}
        if self._phase == "s":
            offsets = self._offsets | {partition: record.offset() for partition, record in marks.items()}
            always = always or offsets != self._offsets
            self._offsets = offsets
        is_half = self._in_transaction and bool(self._changes) and self._changes[-1].op == "delete"
        half = [self._changes.pop()] if is_half else []  # of a move, perhaps
        if not self._changes and not always:
            self._changes = half
            return
        self._number = max(self._number + 1, time.time_ns() // 1000)
        offsets_text = json.dumps(self._offsets, ensure_ascii=False) if self._phase == "s" else ""
        position = Position(f"{self._phase}{self._number:016d}{offsets_text}")
        if self._phase == "s" and marks:
            self._marks.append((position, marks))
        changes, self._changes = self._changes, half
        cuts, self._cuts = tuple(dict.fromkeys(self._cuts)), []
        self._is_amid = self._in_transaction if changes else self._is_amid and not cuts
        at = changes[-1].committed_at if changes else None
        if self._asked_at is not None and self._passed is None and self._phase == "s":
            self._passed = position if is_quiet or (at is not None and at >= self._asked_at) else None
        said = () if self._phase == "r" else cuts if changes else () if self._is_amid else None
        self._ready.append(ChangeSet(changes, position, at, True, said))


def _offset(position: Position) -> dict[str, Any]:
    """Where a position lies in PostgreSQL's log."""
    offsets: dict[str, str] = json.loads(position[_PREFIX_CHARACTERS:])
    offset: dict[str, Any] = json.loads(next(iter(offsets.values())))
    return offset


CONNECTOR: Final = SourceConnector(
    Settings,
    connect,
    scan,
    leaves=lambda settings: "slot" if settings.connector == "postgresql" else "",
    holdings=holdings,
    release=release,
)
