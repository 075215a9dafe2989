"""PostgreSQL → Debezium → Avro by a real registry → a topic, beside the same in JSON: one log, and the same changes."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from connectors.kafka import source
from connectors.kafka.source import Settings
from syncd.change import Change, Column, Kind, Table
from syncd.errors import Halt
from tests.servers import Connect, Kafka, Registry

WAIT_S = 120.0
CREATE = """
CREATE SCHEMA eam;
CREATE TABLE eam.asset (
    id bigint PRIMARY KEY, code text, value numeric(18,2), rate numeric, bought date, seen timestamptz,
    changed timestamp(6), tm time, ok boolean, small smallint, flt real, bits bit(12), b bytea, note text);
CREATE TABLE eam.cost (kind text, no int, amount numeric(18,3), PRIMARY KEY (kind, no));
ALTER TABLE eam.asset REPLICA IDENTITY FULL;
INSERT INTO eam.asset VALUES (
    1, '数控', 150000.00, 1.5, '2026-01-31', '2026-01-31 08:00+08', '2026-01-31 00:00:00.123456', '08:00', true, 3, 1.1,
    B'100000000001', 'x', NULL);
"""
CHANGES = """
INSERT INTO eam.asset (id, code, value, rate, bought, changed)
VALUES (2, 'B', -0.01, 'NaN', 'infinity', '-infinity'), (3, NULL, NULL, NULL, NULL, NULL);
UPDATE eam.asset SET value = 12345678901234.56, note = repeat('long', 1000) WHERE id = 1;
UPDATE eam.asset SET id = 4 WHERE id = 3;
DELETE FROM eam.asset WHERE id = 2;
INSERT INTO eam.cost VALUES ('A', 1, 1.005);
ALTER TABLE eam.cost ADD COLUMN remark text DEFAULT 'none';
INSERT INTO eam.cost VALUES ('A', 2, -0.001, 'new');
DELETE FROM eam.cost WHERE no = 1;
TRUNCATE eam.cost;
"""
COUNT = 1 + 2 + 1 + 1 + 1 + 1 + 1 + 1 + 1
T, D = Kind.TEXT, Kind.DECIMAL
TABLES = {
    "asset": Table(
        "asset",
        "eam.asset",
        (
            Column("id", Kind.INTEGER),
            Column("code", T),
            Column("value", D, "money"),
            Column("rate", D),
            Column("bought", Kind.DATE),
            Column("seen", Kind.TIMESTAMP),
            Column("changed", Kind.TIMESTAMP),
            Column("tm", T),
            Column("ok", Kind.BOOLEAN),
            Column("small", Kind.INTEGER),
            Column("flt", T),
            Column("bits", Kind.INTEGER),
            Column("b", T),
            Column("note", T),
        ),
        (0,),
    ),
    "cost": Table("cost", "eam.cost", tuple(Column(n, k) for n, k in (("kind", T), ("no", Kind.INTEGER),
                  ("amount", D), ("remark", T))), (0, 1)),
}  # fmt: skip


def test_the_same_log_in_avro_and_in_json(
    new_database: Callable[[], str], kafka: Kafka, connect: Connect, registry: Registry
) -> None:
    """Invariants 1, 2 and 7: equal to the names of the changes; rows of the two snapshots, but for these."""
    dsn, topics = new_database(), {"avro": kafka.create_topic(), "json": kafka.create_topic()}
    with closing(psycopg2.connect(dsn)) as eam, eam.cursor() as cursor:
        eam.autocommit = True
        cursor.execute(CREATE)
        for name, topic in topics.items():
            connect.put(name, **connector(eam, name, topic), **(registry.converters() if name == "avro" else {}))
            connect.await_snapshot(name)
        for statement in CHANGES.strip().split(";\n"):
            cursor.execute(statement.rstrip(";"))
        given = Settings(kafka.bootstrap, topics=(topics["avro"],), registry=registry.url)
        avro, json = read(given), read(replace(given, topics=(topics["json"],)))
        with closing(source.connect(given, TABLES, "main/0")) as reading:
            warned = {finding.code: finding.params for finding in reading.check() if finding.level != "ok"}
            assert warned["kafka_defaults"] == {"columns": "cost.remark"}
            assert "error" not in {finding.level for finding in reading.check()}
        with closing(source.connect(replace(given, registry=""), TABLES, "main/0")) as reading:
            assert [finding.code for finding in reading.check() if finding.level == "error"] == ["avro_no_registry"]
        lost = replace(given, registry=registry.url.replace("v7", "v0"))
        with closing(source.connect(lost, TABLES, "main/0")) as reading, pytest.raises(Halt, match="registry_odd"):
            reading.check()
        for name in topics:
            connect.delete(name)
    assert len(json) == COUNT
    assert avro[1:] == json[1:]
    assert avro[0]._replace(position=json[0].position, committed_at=json[0].committed_at) == json[0]
    assert {change.op for change in avro} == {"read", "insert", "update", "delete", "truncate"}


def connector(eam: Any, name: str, topic: str) -> dict[str, str]:
    at = eam.get_dsn_parameters()
    return {
        "connector_class": "io.debezium.connector.postgresql.PostgresConnector",
        "topic_prefix": "eam",
        "database_hostname": at["host"],
        "database_port": at["port"],
        "database_user": at["user"],
        "database_password": "none",
        "database_dbname": at["dbname"],
        "plugin_name": "pgoutput",
        "slot_name": f"avro_test_{name}",
        "publication_autocreate_mode": "all_tables",
        "skipped_operations": "none",
        "poll_interval_ms": "10",
        "custom_metric_tags": f"side={name}",  # or the two wait for each other's names
        "transforms": "one",
        "transforms_one_type": "org.apache.kafka.connect.transforms.RegexRouter",
        "transforms_one_regex": ".*",
        "transforms_one_replacement": topic,
    }


def read(given: Settings) -> list[Change]:
    found: list[Change] = []
    deadline = time.monotonic() + WAIT_S
    with closing(source.connect(given, TABLES, "main/0")) as reading:
        reading.start(None)
        while len(found) < COUNT:
            assert time.monotonic() < deadline, f"not said: {found}"
            said = reading.read(0.2)
            found += said.changes if said is not None else ()
    return found
