"""Invariant 14: a DBA does anything that the grammar below can say to tables, partitions and publication, while people
write. Whoever hears the source in the end knows the tables as they are, or the source has said that it does not.

pytest tests/integration/test_postgres_schema_changes.py -k "[417]" replays a run."""

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from random import Random

import psycopg2
import pytest

from syncd.errors import Fault
from tests.integration.eam import Eam
from tests.integration.schema_changes import STEPS_MAX, Grammar, heard, said
from tests.integration.test_postgres_watch import SCHEMA, TABLES

RUNS = 70
OUTCOMES: dict[bool, int] = {True: 0, False: 0}
"""Runs in which something was noticed, and in which nothing had to be."""

GRAMMAR: Grammar = {
    "statement": (
        "ALTER TABLE {table} ADD COLUMN {extra} {type}",
        "ALTER TABLE {table} ADD COLUMN {extra} numeric DEFAULT {default}",
        "ALTER TABLE {table} DROP COLUMN IF EXISTS {column}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO {other}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO {other} ; ALTER TABLE {table} RENAME COLUMN {other} TO {column}",
        "ALTER TABLE {table} ALTER COLUMN {column} TYPE {type}",
        "ALTER TABLE {table} ALTER COLUMN value TYPE numeric(20,2) USING {expression}",
        "ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT '7'",
        "ALTER TABLE {table} ADD COLUMN {extra} numeric GENERATED ALWAYS AS (id * 2) STORED",
        "ALTER TABLE {table} REPLICA IDENTITY {identity}",
        "ALTER TABLE {leaf} REPLICA IDENTITY {identity}",
        "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS asset_pkey",
        "ALTER TABLE {table} SET UNLOGGED",
        "ALTER TABLE {leaf} SET UNLOGGED",
        "ALTER TABLE {table} SET UNLOGGED ; {write} ; ALTER TABLE {table} SET LOGGED",
        "ALTER TABLE {leaf} SET UNLOGGED ; {write} ; ALTER TABLE {leaf} SET LOGGED",
        "ALTER TYPE eam.state RENAME VALUE '{label}' TO '{relabelled}'",
        "ALTER TYPE eam.state ADD VALUE '{relabelled}' BEFORE 'idle'",
        "ALTER TABLE {table} SET SCHEMA public",
        "ALTER TABLE {table} SET SCHEMA public ; UPDATE public.{bare} SET value = {number} ;"
        " ALTER TABLE public.{bare} SET SCHEMA eam",
        "ALTER SCHEMA eam RENAME TO away ; UPDATE away.{bare} SET value = {number} ; ALTER SCHEMA away RENAME TO eam",
        "ALTER TABLE {table} RENAME TO away ; DELETE FROM eam.away WHERE id = {id} ;"
        " ALTER TABLE eam.away RENAME TO {bare}",
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {table} RENAME TO away",
        "ALTER TABLE {table} RENAME TO away ; ALTER TABLE eam.away RENAME TO {bare}",
        "ALTER TABLE {table} RENAME TO away ; ALTER TABLE eam.loose RENAME TO {bare}",
        "CREATE TABLE eam.copy AS TABLE {table} ; DROP TABLE {table} ; ALTER TABLE eam.copy RENAME TO {bare}",
        "CREATE INDEX ON {table} ({column})",
        "TRUNCATE {table}",
        "TRUNCATE {leaf}",
        "TRUNCATE {leaf} ; {write}",
        "DROP TABLE {leaf}",
        "ALTER TABLE eam.part DETACH PARTITION {leaf}",
        "ALTER TABLE eam.part DETACH PARTITION {leaf} ; ALTER TABLE eam.part ATTACH PARTITION {leaf} {bounds}",
        "ALTER TABLE eam.part ATTACH PARTITION eam.loose FOR VALUES FROM (200) TO (300)",
        "CREATE TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (300) TO (400)",
        "CREATE TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (300) TO (400) ;"
        " INSERT INTO eam.part (id) VALUES (301)",
        "CREATE UNLOGGED TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (300) TO (400) ;"
        " INSERT INTO eam.part (id) VALUES (302) ; ALTER TABLE eam.next SET {logged}",
        "CREATE TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (300) TO (400) PARTITION BY RANGE (id) ;"
        " ALTER TABLE eam.next ATTACH PARTITION eam.loose FOR VALUES FROM (300) TO (350)",
        "VACUUM FULL {table}",
        "CLUSTER {table} USING {bare}_pkey",
        "ANALYZE {table}",
        "ALTER PUBLICATION {p} DROP TABLE {table}",
        "ALTER PUBLICATION {p} ADD TABLE {table}",
        "ALTER PUBLICATION {p} ADD TABLE eam.loose",
        "ALTER PUBLICATION {p} SET TABLE eam.asset, eam.part",
        "ALTER PUBLICATION {p} SET TABLE eam.asset WHERE (id > 3), eam.part",
        "ALTER PUBLICATION {p} SET (publish = '{kinds}')",
        "ALTER PUBLICATION {p} SET (publish_via_partition_root = {switch})",
        "DROP PUBLICATION {p} ; CREATE PUBLICATION {p} FOR TABLE eam.asset, eam.part WITH (publish_via_partition_root)",
        "DROP PUBLICATION {p}",
    ),
    "write": (
        "UPDATE {table} SET value = {number} WHERE id % {few} = 0",
        "UPDATE {table} SET id = id + 1000 WHERE id = {id}",
        "UPDATE eam.part SET id = 199 - id WHERE id IN (96, 103)",
        "INSERT INTO {table} (id, code, value) VALUES ({id}, 'N', {number})",
        "INSERT INTO eam.asset (id, code, value) VALUES ({number}, 'N', {number})",
        "UPDATE eam.asset SET remark = '{label}' WHERE id % {few} = 0",
        "MERGE INTO {table} t USING eam.loose ON t.id = {id} WHEN MATCHED AND t.value > 200 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET value = {number} WHEN NOT MATCHED THEN INSERT VALUES ({id}, 'M', 1)",
        "SAVEPOINT s ; DELETE FROM {table} ; ROLLBACK TO s ; UPDATE {table} SET value = {number} WHERE id = {id}",
        "DELETE FROM {table} WHERE id = {id}",
    ),
    "table": ("eam.asset", "eam.part"),
    "leaf": ("eam.part_low", "eam.part_high"),
    "column": ("code", "value", "remark", "id"),
    "other": ("remark", "sum", "x"),
    "extra": ("x", "y", "sum"),
    "type": ("text", "numeric(20,4)", "varchar(90)", "bigint", "numeric(18,2)"),
    "default": ("7", "random()"),
    "expression": ("value", "value * 2", "id"),
    "identity": ("FULL", "DEFAULT", "NOTHING", "USING INDEX asset_pkey"),
    "kinds": ("insert", "insert, update", "insert, update, delete, truncate"),
    "switch": ("true", "false"),
    "label": ("", "idle", "N"),
    "relabelled": ("idle", "sold"),
    "logged": ("LOGGED", "UNLOGGED"),
    "few": ("1", "2", "3"),
}


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Eam:
    return Eam(new_database(), SCHEMA, TABLES)


PUBLISHED = ("TABLE eam.asset, eam.part", "TABLES IN SCHEMA eam", "ALL TABLES")
"""What a publication may be for."""


@pytest.mark.parametrize("seed", range(RUNS))
def test_there_is_never_a_silent_difference(eam: Eam, seed: int) -> None:
    chance = Random(seed)
    with closing(eam):
        published = chance.choice(PUBLISHED)
        eam.run(f"CREATE PUBLICATION {eam.slot} FOR {published} WITH (publish_via_partition_root)")
        with closing(eam.start()) as source:
            fault = heard(eam, source, [partial(_act, eam, chance)] * chance.randrange(4, STEPS_MAX), chance)
        OUTCOMES[fault is not None] += 1
        if fault is None:
            return
        with closing(eam.connect()) as again, suppress(Fault):  # a repair looks at it anew: no trace, whatever it is
            again.find_whole("1/0.0")  # type: ignore[arg-type]
            again.start(None)


def test_both_ways_were_met() -> None:
    """Else the runs above show nothing."""
    if sum(OUTCOMES.values()) == RUNS:
        assert min(OUTCOMES.values()) >= RUNS // 10, OUTCOMES


def _act(eam: Eam, chance: Random) -> None:
    """One statement, or several in one transaction; what the server refuses has not happened. What was said is printed,
    for whoever replays a run."""
    text = _drawn(eam, chance, "statement" if chance.random() < 0.3 else "write")
    if chance.random() < 0.1 and "VACUUM" not in text:
        text += " ; " + _drawn(eam, chance, "write")
    with suppress(psycopg2.Error):
        if " ; " in text and chance.random() < 0.5:
            for part in text.split(" ; "):
                eam.run(part)
        else:
            eam.run(text)
        print(text)


def _drawn(eam: Eam, chance: Random, word: str) -> str:
    table, leaf = chance.choice(GRAMMAR["table"]), chance.choice(GRAMMAR["leaf"])
    bounds = "(0) TO (100)" if leaf == "eam.part_low" else "(100) TO (200)"
    settled = {"p": eam.slot, "table": table, "bare": table.partition(".")[2]}
    settled |= {"leaf": leaf, "bounds": f"FOR VALUES FROM {bounds}", "id": str(chance.choice((1, 2, 4, 97, 104, 150)))}
    return said(GRAMMAR, chance, word, settled)
