"""A fleet over three partitions of a real connector's topic, which loses its place in the log while nobody reads."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.acceptance.databases import Postgres, connected
from tests.acceptance.routes import debezium_properties
from tests.acceptance.test_fleet import Fleet, daemons
from tests.servers import Connect, Kafka

ASSETS: Final = 18
NEEDS_A_PERSON: Final = 3
BY: Final = ("--actor", "accountant", "--reason", "the connector began anew")
TABLES: Final = """
    CREATE SCHEMA eam;
    CREATE TABLE eam.department (id INT PRIMARY KEY, code TEXT);
    CREATE TABLE eam.asset (id INT PRIMARY KEY, asset_code TEXT, department_id INT, n INT,
                            original_value NUMERIC(18, 2), changed_on DATE);
    ALTER TABLE eam.asset REPLICA IDENTITY FULL;
    INSERT INTO eam.department VALUES (1, 'D01'), (2, 'D02');
"""
REGISTER: Final = """
    INSERT INTO eam.asset SELECT i, 'FA-' || lpad(i::text, 5, '0'), 1 + i % 2, 1, 100, DATE '2026-03-02'
    FROM generate_series(?, ?) AS i"""
REVALUE: Final = "UPDATE eam.asset SET n = n + 1, original_value = original_value + 50 WHERE id = ANY(?)"
DROP_SLOT: Final = """
    SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = ? AND NOT active"""
ROUTER: Final = "org.apache.kafka.connect.transforms.RegexRouter"


class Source:
    """The EAM, and the connector as docs/scaling.md sets it up."""

    def __init__(self, eam: Postgres, fleet: Fleet, connect: Connect) -> None:
        self.eam, self.name, self._connect = eam, f"fleet-{eam.name}", connect
        eam.execute(TABLES)
        settings = {
            **debezium_properties(eam),
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "topic.prefix": eam.name,
            "transforms": "reference,tracked",
            "transforms.reference.type": ROUTER,
            "transforms.reference.regex": r".*\.department",
            "transforms.reference.replacement": fleet.departments,
            "transforms.tracked.type": ROUTER,
            "transforms.tracked.regex": r".*\.eam\..*",
            "transforms.tracked.replacement": fleet.topic,
            "message.key.columns": "eam.asset:asset_code",
            "key.converter": "org.apache.kafka.connect.json.JsonConverter",
            "key.converter.schemas.enable": "false",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
        }
        connect.put(self.name, **settings)
        connect.await_snapshot(self.name)

    def loses_its_place(self, missed: Any) -> None:
        """The connector begins anew; what was missed is in no message."""

        def forgotten() -> None:
            missed()
            while not self.eam.rows(DROP_SLOT, self.eam.name):
                pass  # the connector's connection is still closing

        self._connect.begin_anew(self.name, forgotten)

    def close(self) -> None:
        self._connect.delete(self.name)
        self.eam.close()


@pytest.fixture
def fleet(tmp_path: Path, kafka: Kafka, new_database: Any) -> Iterator[Fleet]:
    made = Fleet(tmp_path, kafka, new_database(), Random(), partitions=3)
    yield made
    made.db.close()


@pytest.fixture
def source(fleet: Fleet, connect: Connect, new_database: Any) -> Iterator[Source]:
    eam = connected(new_database())
    assert isinstance(eam, Postgres)
    with closing(Source(eam, fleet, connect)) as made:
        yield made


def forget(fleet: Fleet, partition: int) -> None:
    """As when retention has passed: everything there is in a partition."""
    part = TopicPartition(fleet.topic, partition)
    with closing(KafkaConsumer(bootstrap_servers=fleet.kafka.bootstrap)) as watching, fleet.kafka.admin() as admin:
        admin.delete_records({part: watching.end_offsets([part])[part]})


def vouchers(fleet: Fleet) -> int:
    return int(fleet.value("SELECT count(*) FROM fin.voucher"))


def total(repaired: dict[str, Any]) -> dict[str, int]:
    """Postings by rule and assets that are gone, of all partitions."""
    made: dict[str, int] = {}
    for part in repaired.values():
        for rule, count in {**part["postings"], "gone": part["tables"]["asset"]["deleted"]}.items():
            made[rule] = made.get(rule, 0) + count
    return made


def test_each_partition_is_repaired_by_what_the_connector_says_anew(fleet: Fleet, source: Source) -> None:
    """Invariants 1, 2 and 10: in one partition retention has passed, the others hold every message there was, and yet
    something happened that none of them says."""
    with daemons(fleet, 1):
        fleet.until("the partitions", lambda: fleet.value("SELECT count(position) FROM syncd.pipeline") == 3)
        source.eam.execute(REGISTER, (1, ASSETS))
        fleet.until("the assets", lambda: vouchers(fleet) == ASSETS)
    source.eam.execute(REVALUE, ([1, 2, 3, 4, 5, 6],))
    fleet.until("messages of that", lambda: _messages(fleet) >= ASSETS + 6)
    forget(fleet, 0)

    def missed() -> None:
        source.eam.execute("DELETE FROM eam.asset WHERE id IN (7, 8, 9)")
        source.eam.execute(REGISTER, (ASSETS + 1, ASSETS + 4))
        source.eam.execute(REVALUE, ([10, 11, 12],))

    source.loses_its_place(missed)
    with daemons(fleet, 1) as (running,):
        assert running.wait(180) == NEEDS_A_PERSON
    said = {one["pipeline"]: one["report"]["error"] for one in json.loads(fleet.syncd("status", "--json", expect=1))}
    assert said == {f"fleet/{n}": "kafka_snapshot_anew" if n else "kafka_retention_passed" for n in range(3)}
    carried = vouchers(fleet)
    assert carried > ASSETS, "what the other partitions said before the snapshot is carried as it was"

    rehearsed = json.loads(fleet.syncd("repair", "--pipeline", "fleet", "--preview", "--json"))
    missing = ASSETS + 6 + 4 + 3 - carried
    assert total(rehearsed) == {"registration": 4, "revaluation": missing - 4, "gone": 3}
    assert vouchers(fleet) == carried
    first = json.loads(fleet.syncd("repair", "--pipeline", "fleet/1", "--yes", "--json", *BY))
    rest = json.loads(fleet.syncd("repair", "--pipeline", "fleet", "--yes", "--json", *BY))
    assert rest.keys() == {"fleet/0", "fleet/2"}
    assert total({"fleet/1": first, **rest}) == total(rehearsed)
    assert vouchers(fleet) == carried + missing
    fleet.syncd("repair", "--pipeline", "fleet", "--preview", expect=NEEDS_A_PERSON)

    with daemons(fleet, 1):
        source.eam.execute(REVALUE, ([13, ASSETS + 1],))
        fleet.until("what came after", lambda: vouchers(fleet) == carried + missing + 2)
    assert fleet.value("SELECT count(*) FROM syncd.parked") == 0
    alive = fleet.run("SELECT key::int FROM syncd.mirror WHERE source_table = 'asset' ORDER BY 1")
    assert alive == source.eam.rows("SELECT id FROM eam.asset ORDER BY 1")
    cards = dict(fleet.run("SELECT asset_code, original_value FROM fin.card"))
    values = source.eam.rows("SELECT asset_code, original_value FROM eam.asset")
    assert {code: cards[code] for code, _ in values} == dict(values)
    fleet.syncd("audit", "verify")


def _messages(fleet: Fleet) -> int:
    parts = [TopicPartition(fleet.topic, n) for n in range(3)]
    with closing(KafkaConsumer(bootstrap_servers=fleet.kafka.bootstrap)) as watching:
        return sum(watching.end_offsets(parts).values())
