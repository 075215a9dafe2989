"""A topic, the books that its messages are posted into, and the commands and the daemon of who keeps them: all in this
process and a folder, but for the broker."""

import io
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final
from unittest import mock

import structlog
import yaml
from kafka import KafkaProducer, TopicPartition

from syncd import wiring
from syncd.change import Position
from syncd.cli import main
from syncd.daemon import supervisor
from syncd.errors import Fault
from syncd.ports import Source
from tests.acceptance.envelopes import COMMITTED_US, envelope, key
from tests.servers import Kafka
from tests.unit.lab import FINANCE, SQL

WAIT_S: Final = 120.0
NEEDS_A_PERSON: Final = 3
BY: Final = ("--actor", "accountant", "--reason", "as the hint says")
DAY: Final = 20_486
"""2026-02-02, as Debezium counts days."""
MAPPING: Final = """
mapping: topics
finance: finance.yaml
tables:
  asset: {table: eam.asset, key: id, columns: {id: integer, code: text, value: money, seen: timestamp, on_: date},
          subject: code}
references:
  order: {table: eam.work_order, key: id, columns: {id: integer, code: text}}
rules:
  bought:
    on: asset
    when: op = 'insert'
    voucher: {type: "'记'", date: after.on_, summary: after.code,
              entries: [{account: "'1601'", debit: after.value, asset: after.code},
                        {account: "'1002'", credit: after.value}]}
  revalued:
    on: asset
    when: op = 'update'
    voucher: {type: "'记'", date: after.on_, summary: after.code,
              entries: [{account: "'1601'", debit: "greatest(after.value - before.value, 0)", asset: after.code},
                        {account: "'1601'", credit: "greatest(before.value - after.value, 0)", asset: after.code},
                        {account: "'1002'", debit: "greatest(before.value - after.value, 0)"},
                        {account: "'1002'", credit: "greatest(after.value - before.value, 0)"}]}
  gone:
    on: asset
    when: op = 'delete'
    reverse: [bought, revalued]
"""


class Books:
    """One pipeline, `main`. Rows of the EAM are said by number and value, their dates alike."""

    def __init__(self, directory: Path, kafka: Kafka, partitions: int = 1, topic: str = "", **source: object) -> None:
        self.kafka, self.directory = kafka, directory
        self.topic = topic or kafka.create_topic(partitions)
        self.config = directory / "syncd.yaml"
        self.number = 0
        self._producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
        self._source = {
            "kind": "kafka",
            "bootstrap": kafka.bootstrap,
            "topics": [self.topic],
            "decimals": "string",
            **source,
        }
        (directory / "mapping.yaml").write_text(MAPPING, "utf-8")
        (directory / "finance.yaml").write_text(FINANCE, "utf-8")
        with closing(sqlite3.connect(directory / "finance.db")) as finance:
            finance.executescript(SQL)
        self.setting()
        self.syncd("migrate")
        self.accept()

    def setting(self, **source: object) -> None:
        """Change the source's settings; None takes one away."""
        self._source = {name: value for name, value in (self._source | source).items() if value is not None}
        ledger = {"kind": "sqlite", "path": str(self.directory / "finance.db")}
        line = {"mapping": str(self.directory / "mapping.yaml"), "source": self._source, "ledger": ledger}
        self.config.write_text(yaml.safe_dump({"pipelines": {"main": line}}), "utf-8")

    def accept(self) -> None:
        self.syncd("mapping", "accept", *BY)

    def syncd(self, *typed: str, expect: Collection[int] = (0,)) -> str:
        """Run a command; what a user reads of it."""
        told = io.StringIO()
        command = ["syncd", *typed, "--config", str(self.config)]
        with (
            mock.patch.object(sys, "argv", command),
            mock.patch.dict(os.environ, {"SYNCD_LANG": "en", "COLUMNS": "1000"}),
            redirect_stdout(told),
            redirect_stderr(told),
        ):
            try:
                main()
            except SystemExit as ended:
                code = ended.code
        structlog.reset_defaults()
        assert code in expect, f"{' '.join(command)}: {code}\n{told.getvalue()}"
        return told.getvalue()

    def check(self, expect: int = 0) -> str:
        return self.syncd("check", expect=(expect,))

    def findings(self) -> set[str]:
        """The codes of all that `syncd check` finds in a pipeline that could run."""
        return {finding["code"] for finding in json.loads(self.syncd("check", "--json"))["main"]}

    def source(self) -> Source:
        return wiring.pipeline(self.config, "main/0").open_source()

    def reached(self) -> Position:
        return Position(self.rows("SELECT position FROM syncd_pipeline WHERE name = 'main/0'")[0][0])

    @contextmanager
    def running(self) -> Iterator[Callable[[], list[Fault]]]:
        """The daemon for the length of the block; asked, what it halted with."""
        stop = threading.Event()
        runners = [line.runner(stop) for line in wiring.pipelines(self.config).values()]
        daemon = threading.Thread(target=supervisor.supervise, args=(runners, stop), name="daemon")
        daemon.start()
        try:
            yield lambda: [failure for runner in runners for failure in runner.failures]
        finally:
            stop.set()
            daemon.join()

    def halts(self) -> str:
        """Run the daemon until it halts; what `syncd status` says then."""
        with self.running() as failures:
            until("it halts", lambda: bool(failures()))
        return self.syncd("status", expect=(1,))

    def carries(self, expected: Mapping[str, int]) -> None:
        """Run the daemon until the books show the values of the assets, and nothing is parked."""
        with self.running() as failures:
            self.shows(expected, failures)

    def shows(self, expected: Mapping[str, int], failures: Callable[[], list[Fault]]) -> None:
        """Wait until the books show that, while a daemon runs."""
        until(
            f"{expected}",
            lambda: bool(failures()) or (self.values() == expected and not self.parked()),
            lambda: (self.values(), self.parked()),
        )
        assert not failures()

    def values(self) -> dict[str, int]:
        """What the books say that the assets are worth."""
        return dict(
            self.rows("SELECT asset, CAST(sum(debit - credit) AS INTEGER) FROM gl_entry WHERE asset <> '' GROUP BY 1")
        )

    def parked(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT id, subject, state, code FROM syncd_parked WHERE settled_at IS NULL ORDER BY id")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.directory / "finance.db", timeout=10)) as finance:
            return finance.execute(sql).fetchall()

    def send(self, *messages: bytes | None, own: bytes | None = b"{}", partition: int = 0, topic: str = "") -> None:
        for message in messages:
            self._producer.send(topic or self.topic, message, own, partition=partition)
        self._producer.flush()

    def widen(self, partitions: int, topic: str = "") -> None:
        """Give a topic more partitions."""
        with self.kafka.admin() as admin:
            admin.create_partitions({topic or self.topic: partitions})
        self._look_anew()

    def _look_anew(self) -> None:
        """A producer remembers how many partitions a topic has."""
        self._producer.close()
        self._producer = KafkaProducer(bootstrap_servers=self.kafka.bootstrap)

    def close(self) -> None:
        self._producer.close()

    def say(self, id: int, was: int | None, value: int, began_us: int = COMMITTED_US, **at: Any) -> None:
        """The next change of the log: an asset was bought, or is worth something else."""
        self.number += 1
        before = None if was is None else row(id, was)
        message = envelope("asset", self.number, before, row(id, value), committed_us=began_us)
        self.send(message, own=key(code=f"FA-{id}"), **at)

    def snapshot(
        self,
        values: Mapping[int, int],
        marks: Sequence[str] = ("first", "last"),
        began_us: int = COMMITTED_US,
        again: bool = True,
        **at: Any,
    ) -> None:
        """The connector reads the table anew, or goes on reading it. `marks` are of the first row and the last."""
        self.number += 10 if again else 0
        first, last = marks
        for n, (asset, value) in enumerate(values.items(), 1):
            mark = first if n == 1 else last if n == len(values) else "true"
            message = envelope("asset", self.number, None, row(asset, value), "r", began_us)
            marked = message.replace(b'"snapshot":"true"', b'"snapshot":"%s"' % mark.encode())
            self.send(marked, own=key(code=f"FA-{asset}"), **at)

    def make_anew(self, partitions: int = 1) -> None:
        """The topic, deleted and created again."""
        with self.kafka.admin() as admin:
            admin.delete_topics([self.topic])
            until("it is gone", lambda: admin.describe_topics([self.topic])[0]["error_code"] == 3)
            made: list[str] = []

            def make() -> bool:
                try:
                    made.append(self.kafka.create_topic(partitions, self.topic))
                except Exception:  # the broker is still deleting
                    return False
                return True

            until("it is made", make)
            until("it is known", lambda: not admin.describe_topics([self.topic])[0]["error_code"])
        self._look_anew()

    def forget(self, count: int | None = None, partition: int = 0) -> None:
        """As when retention has passed: the first messages of a partition, or all."""
        with self.kafka.admin() as admin:
            admin.delete_records({TopicPartition(self.topic, partition): -1 if count is None else count})

    def repair(self) -> str:
        """Look first, then post; what it looked like."""
        shown = self.syncd("repair", "--preview")
        self.syncd("repair", "--yes", *BY)
        return shown


def row(id: int, value: int) -> dict[str, object]:
    return {"id": id, "code": f"FA-{id}", "value": f"{value}.00", "seen": None, "on_": DAY}


def until(what: str, reached: Callable[[], bool], shown: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + WAIT_S
    while not reached():
        assert time.monotonic() < deadline, f"waited in vain for {what}: {shown()}"
        time.sleep(0.02)
