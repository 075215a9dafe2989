"""Three daemons on one topic of twelve partitions, one of them killed with SIGKILL again and again.

The messages go straight to the broker in the shape that the real connector gives them, in runs some of which come
twice, as from a connector that was restarted. The oracle is kept as they are made, and compared by plain SQL.
`--fleet-changes 100000` is the whole of it.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg2
import pytest
import yaml
from kafka import KafkaProducer

from tests.acceptance.envelopes import envelope, key
from tests.acceptance.plant import begun
from tests.servers import Kafka

FLEET: Final = Path(__file__).parent / "fleet" / "fleet.yaml"
FINANCE: Final = Path(__file__).parents[2] / "bench" / "finance.sql"
PARTITIONS: Final = 12
DAEMONS: Final = 3
CHANGES_PER_ASSET: Final = 25
RUN: Final = 2_000
REPEATED: Final = 300
KILLS_AT_ONCE: Final = 3
KILL_AFTER_S: Final = (0.0, 2.5)
CHANGED_ON: Final = (date(2026, 3, 2) - date(1970, 1, 1)).days
WAIT_S: Final = 300.0


class Fleet:
    """The topic, the finance database, the configuration that joins them, and what finance must show in the end."""

    def __init__(self, directory: Path, kafka: Kafka, dsn: str, random: Random, partitions: int = PARTITIONS) -> None:
        self.kafka, self.random = kafka, random
        self.topic, self.departments = kafka.create_topic(partitions), kafka.create_topic(2)
        self.config = directory / "syncd.yaml"
        self.log = directory / "daemon.log"
        self.values: dict[str, list[int]] = {}
        self.db = psycopg2.connect(dsn)
        self.db.autocommit = True
        self.run(FINANCE.read_text("utf-8"))
        source = {
            "kind": "kafka",
            "bootstrap": kafka.bootstrap,
            "topics": [self.topic],
            "broadcast": [self.departments],
            "decimals": "string",
            "temporal": "adaptive",
        }
        lines = {"fleet": {"mapping": str(FLEET), "source": source, "ledger": {"kind": "postgres", "dsn": dsn}}}
        self.config.write_text(yaml.safe_dump({"pipelines": lines}), "utf-8")
        begun(self.config)

    def run(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with self.db.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, sql: str, *params: object) -> Any:
        return self.run(sql, *params)[0][0]

    def standings(self) -> list[dict[str, Any]]:
        """What `syncd status` says, well or not: a partition whose daemon was killed is nobody's for a moment."""
        done = subprocess.run(self._command("status", "--json"), capture_output=True, text=True, env=_environment())
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def syncd(self, *arguments: str, expect: int = 0) -> str:
        done = subprocess.run(self._command(*arguments), capture_output=True, text=True, env=_environment())
        assert done.returncode == expect, f"syncd {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> subprocess.Popen[bytes]:
        """A daemon."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command("run"), stdout=log, stderr=log, env=_environment())

    def produce(self, changes: int) -> None:
        """Departments, then `changes` changes of assets in random order, each asset's in its own."""
        producer = KafkaProducer(bootstrap_servers=self.kafka.bootstrap, linger_ms=20, batch_size=200_000)
        try:
            for number in range(1, 21):
                row = {"id": number, "code": f"D{number:02}"}
                producer.send(self.departments, envelope("department", number, None, row, "r"), key(id=number))
            said: list[tuple[bytes, bytes]] = []
            for number, (asset, n) in enumerate(self._order(changes), 100):
                said.append((key(asset_code=asset), self._change(number, asset, n)))
                if len(said) % RUN == 0:
                    self._send(producer, said[-RUN:])
                    self._send(producer, said[-self.random.randrange(REPEATED) :])
            self._send(producer, said[len(said) // RUN * RUN :])
            producer.flush()
        finally:
            producer.close()

    def until(self, what: str, condition: Any) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            said = self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self.syncd('status')}\n{said}"
            time.sleep(0.1)

    def vouchers(self) -> int:
        return int(self.value("SELECT count(*) FROM fin.voucher"))

    def grows(self, changes: int) -> None:
        """Waits until finance shows more vouchers than now, or all `changes`."""
        made = self.vouchers()
        self.until(f"more than {made} vouchers", lambda: made == changes or self.vouchers() > made)

    def holders(self) -> dict[str, set[str]]:
        """Who holds which partitions, as `syncd status` says."""
        held: dict[str, set[str]] = {}
        for standing in self.standings():
            for daemon, role in standing["daemons"].items():
                if role == "posting":
                    held.setdefault(daemon, set()).add(standing["pipeline"])
        return held

    def _order(self, changes: int) -> Iterator[tuple[str, int]]:
        left = {f"FA-{n:05}": 0 for n in range(changes // CHANGES_PER_ASSET)}
        for group in range(0, len(left), 400):  # some hundred assets change at a time
            busy = list(left)[group : group + 400]
            while busy:
                spot = self.random.randrange(len(busy))
                asset = busy[spot]
                left[asset] += 1
                yield asset, left[asset]
                if left[asset] == CHANGES_PER_ASSET:
                    busy[spot] = busy[-1]
                    busy.pop()

    def _change(self, number: int, asset: str, n: int) -> bytes:
        values = self.values.setdefault(asset, [])
        was = values[-1] if values else None
        values.append(self.random.choice([v for v in (100, 250, 399, 1_000, 77_777) if v != was]))
        before = None if n == 1 else _row(asset, n - 1, values[-2])
        return envelope("asset", number, before, _row(asset, n, values[-1]))

    def _send(self, producer: KafkaProducer, said: list[tuple[bytes, bytes]]) -> None:
        for own, value in said:
            producer.send(self.topic, value, own)

    def _command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("syncd")), *arguments, "--config", str(self.config)]


@pytest.fixture
def fleet(tmp_path: Path, kafka: Kafka, new_database: Any) -> Iterator[Fleet]:
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    made = Fleet(tmp_path, kafka, new_database(), Random(seed))
    yield made
    made.db.close()


@contextmanager
def daemons(fleet: Fleet, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many daemons; those that run at the end are stopped by SIGTERM."""
    running = [fleet.start() for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(180)


def test_three_daemons_lose_double_and_overtake_nothing_while_they_are_killed(
    fleet: Fleet, request: pytest.FixtureRequest
) -> None:
    """Invariants 1, 2, 4, 6, 9 and 12, at once."""
    changes = int(request.config.getoption("--fleet-changes"))
    producing = threading.Thread(target=fleet.produce, args=[changes])
    kills = 0
    with daemons(fleet, DAEMONS) as running:
        producing.start()
        fleet.until("the first voucher", fleet.vouchers)
        while fleet.vouchers() < changes:
            # In runs, so that a daemon dies while it starts and while the others share anew; between the runs finance
            # must grow, so that a machine too slow to start a daemon between two kills is not taken for a standstill.
            for _ in range(fleet.random.randint(1, KILLS_AT_ONCE)):
                time.sleep(fleet.random.uniform(*KILL_AFTER_S))
                victim = fleet.random.randrange(DAEMONS)
                assert running[victim].poll() is None, f"a daemon ended by itself\n{fleet.log.read_text()[-3000:]}"
                running[victim].kill()
                running[victim].wait()
                running[victim] = fleet.start()
                kills += 1
            fleet.grows(changes)
        producing.join()
        fleet.until("all that was said", lambda: _behind(fleet) == 0)
    print(f"{changes} changes, {kills} kills")
    assert kills >= changes // 20_000
    right(fleet, changes)


def right(fleet: Fleet, changes: int) -> None:
    """Whether finance shows what was done, by SQL that knows nothing of how it got there."""
    assert fleet.value("SELECT count(*) FROM syncd.parked") == 0
    assert fleet.run("SELECT max(number), count(*), min(number) FROM fin.voucher") == [(changes, changes, 1)]
    unbalanced = "SELECT number FROM fin.entry GROUP BY period, type, number HAVING sum(debit) <> sum(credit)"
    assert fleet.run(unbalanced) == []
    in_order = """
        SELECT split_part(v.summary, ' ', 1), array_agg(split_part(v.summary, ' ', 2)::int ORDER BY p.seq),
               count(DISTINCT p.pipeline)
        FROM fin.voucher v JOIN syncd.posting p ON p.key = v.external_key GROUP BY 1"""
    order = {asset: (n, pipelines) for asset, n, pipelines in fleet.run(in_order)}
    assert order == {asset: (list(range(1, len(v) + 1)), 1) for asset, v in fleet.values.items()}
    cards = {asset: int(value) for asset, value in fleet.run("SELECT asset_code, original_value FROM fin.card")}
    assert cards == {asset: values[-1] for asset, values in fleet.values.items()}
    balances = "SELECT asset, sum(debit - credit)::int FROM fin.entry WHERE account = '1601' GROUP BY asset"
    assert dict(fleet.run(balances)) == cards
    fleet.syncd("audit", "verify")


def test_daemons_that_join_and_leave_share_evenly(fleet: Fleet) -> None:
    """Each holds its share of the partitions; one that is killed is replaced within seconds."""
    with daemons(fleet, 1) as running:
        fleet.until("all partitions by one daemon", lambda: _shares(fleet) == [12])
        running += [fleet.start(), fleet.start()]
        fleet.until("even shares", lambda: _shares(fleet) == [4, 4, 4])
        running[0].kill()
        running.pop(0).wait()
        fleet.until("the shares of two", lambda: _shares(fleet)[-2:] == [6, 6])


def _shares(fleet: Fleet) -> list[int]:
    return sorted(len(held) for held in fleet.holders().values())


def _behind(fleet: Fleet) -> int:
    return sum((standing["report"] or {}).get("rows_behind") or 0 for standing in fleet.standings())


def _row(asset: str, n: int, value: int) -> dict[str, object]:
    number = int(asset[3:])
    return {
        "id": number,
        "asset_code": asset,
        "department_id": number % 20 + 1,
        "n": n,
        "original_value": f"{value}.00",
        "changed_on": CHANGED_ON,
    }


def _environment() -> dict[str, str]:
    return {**os.environ, "SYNCD_LANG": "en", "COLUMNS": "200"}
