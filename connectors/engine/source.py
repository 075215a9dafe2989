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
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors import scan_eam
from connectors.debezium.envelope import Decoder, Half, Note, joined
from connectors.debezium.values import Reading
from connectors.engine import java as engine_java
from connectors.engine import postgres as engine_postgres
from connectors.engine import properties as engine_properties
from connectors.engine.java import Engine, Record
from connectors.engine.properties import CONNECTORS, NOTES
from syncd.change import Change, ChangeSet, Position, Table
from syncd.errors import Gap, Halt
from syncd.ports import Finding, Lag

START_LOOK_S: Final = 1.0
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


def scan(
    settings: Settings, query: scan_eam.Query, prepare: Callable[[Any], None]
) -> AbstractContextManager[scan_eam.Rows]:
    """The rows of a statement, asked of the EAM without the engine; it needs no preparation."""
    if settings.scan_dsn.startswith("mysql:"):
        return scan_eam.mysql(settings.scan_dsn, query)
    if settings.scan_dsn:
        return scan_eam.postgres(settings.scan_dsn, query)
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
        if not engine_java.has_class(self._kind.java):
            raise Halt("engine_no_connector", connector=settings.connector, java=self._kind.java)
        self._server = engine_postgres.Server(self._properties) if settings.connector == "postgresql" else None
        self._identity = self._identify()
        self._engine: Engine | None = None
        self._reset(Position(""), {})

    def check(self) -> list[Finding]:
        version = engine_java.java_version()
        if version < engine_java.JAVA_MIN:
            return [Finding("error", "engine_old_java", {"version": str(version), "needed": str(engine_java.JAVA_MIN)})]
        said = engine_java.problems(self._kind.java, self._properties)
        found = [Finding("error", "engine_setting", {"error": text}) for text in said]
        found += self._server.findings(self._tables.values()) if self._server else ()
        if any(finding.level == "error" for finding in found):
            return found
        return [Finding("ok", "engine_ready", {"connector": self._settings.connector, "java": str(version)}), *found]

    def start(self, checkpoint: Position | None) -> None:
        if checkpoint is None:
            self._reset(Position(""), {})
            self._open(self._properties, {})
            self._await_view()
            return
        if self.in_snapshot(checkpoint):
            raise Gap("engine_snapshot_interrupted")
        offsets: dict[str, str] = json.loads(checkpoint[_PREFIX_CHARACTERS:])
        if self._server is not None:
            self._server.require_slot(json.loads(next(iter(offsets.values()))))
        self._reset(checkpoint, offsets)
        self._open(self._properties, offsets)

    def look(self) -> None:
        self._reset(Position(""), {})
        self._open(engine_properties.looking(self._properties), {})
        self._await_view()

    def in_snapshot(self, position: Position) -> bool:
        return position.startswith("r")

    def find_whole(self) -> Collection[str]:
        return self._tables.keys()

    def read(self, timeout_s: float) -> ChangeSet | None:
        assert self._engine is not None, "read before start"
        if not self._ready:
            batch = self._engine.take(timeout_s)
            if batch is not None:
                self._take_in(batch)
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
        waiting, note = engine_java.backlog(self._properties["topic.prefix"])
        waiting += self._engine.waiting() if self._engine else 0
        slot = self._server.slot() if self._server else None
        return Lag(slot.behind if slot else None, waiting, self._progress | note)

    def identity(self) -> str:
        return self._identity

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

    def _reset(self, checkpoint: Position, offsets: dict[str, str]) -> None:
        """At the beginning of a run: nothing read, nothing half."""
        self._number = int(checkpoint[1:_PREFIX_CHARACTERS]) if checkpoint else 0
        self._phase = "s" if checkpoint else "r"
        self._offsets = offsets
        self._progress: dict[str, str] = {}
        self._ready: deque[ChangeSet] = deque()
        self._marks: deque[tuple[Position, dict[str, Record]]] = deque()
        self._changes: list[Change] = []
        self._safe: dict[str, Record] = {}
        self._half: Half | None = None
        self._in_transaction = False

    def _take_in(self, batch: Sequence[Record]) -> None:
        """A batch as sets. Their position is that of the last record behind which an engine can go on."""
        for record in batch:
            half = self._half is not None or (record.value is not None and _DELETE in record.value)
            headers = record.headers() if half else ()
            said = self._decoder.decode(record.topic, record.key, record.value, headers, "engine")
            if isinstance(said, Note):
                self._note(said, record)
            else:
                self._add(said)
            if not (self._in_transaction or self._half):
                self._safe["" if self._kind.whole else record.partition()] = record
        self._say()

    def _add(self, said: Change | Half) -> None:
        """A change of key comes in two halves, one right behind the other."""
        old, self._half = self._half, None
        if isinstance(said, Half):
            if old is None and said.side == "old":
                self._half = said
                return
            whole = joined(old, said) if old else None
            old, said = (None, whole) if whole else (old or said, said.change)
        if old is not None:
            raise Halt("debezium_half", position=old.change.position)
        self._changes.append(said)

    def _note(self, said: Note, record: Record) -> None:
        if said is Note.TRANSACTION:
            self._in_transaction = b'"status":"BEGIN"' in (record.value or b"")
        elif record.topic == NOTES:
            self._noted(json.loads(record.value or b"{}")["payload"], record)

    def _noted(self, note: Mapping[str, Any], record: Record) -> None:
        """How far the snapshot is."""
        told = note.get("additional_data") or {}
        if note.get("type") == "IN_PROGRESS":
            self._progress = {"table": str(told.get("current_collection_in_progress"))}
        elif note.get("type") == "ABORTED":
            raise Halt("engine_snapshot_aborted")
        elif note.get("type") in ("COMPLETED", "SKIPPED") and self._phase == "r":
            self._say()
            self._phase, self._progress = "s", {}
            self._safe[record.partition()] = record
            self._say(always=True)

    def _say(self, always: bool = False) -> None:
        """What has gathered as a set, or an empty one if an engine could go on from elsewhere than before."""
        marks = {record.partition(): record for record in self._safe.values()}
        self._safe = {}
        if self._phase == "s":
            offsets = self._offsets | {partition: record.offset() for partition, record in marks.items()}
            always = always or offsets != self._offsets
            self._offsets = offsets
        if not self._changes and not always:
            return
        self._number = max(self._number + 1, time.time_ns() // 1000)
        offsets_text = json.dumps(self._offsets, ensure_ascii=False) if self._phase == "s" else ""
        position = Position(f"{self._phase}{self._number:016d}{offsets_text}")
        if self._phase == "s" and marks:
            self._marks.append((position, marks))
        changes, self._changes = self._changes, []
        self._ready.append(ChangeSet(changes, position, changes[-1].committed_at if changes else None, repeats=True))
