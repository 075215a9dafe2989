"""Invariant 14: a DBA does anything that the grammar below can say to tables and partitions of a MariaDB EAM, while
people write. Whoever hears the source in the end knows the tables as they are, or the source has said that it does not.

pytest tests/integration/test_mysql_schema_changes.py -k "[17]" replays a run."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from random import Random

import pymysql
import pytest

from syncd.errors import Fault
from tests.integration.mysql_eam import ASSET, MysqlEam
from tests.integration.schema_changes import STEPS_MAX, Grammar, heard, said

RUNS = 70
OUTCOMES: dict[bool, int] = {True: 0, False: 0}
"""Runs in which something was noticed, and in which nothing had to be."""
COLUMNS = "(id BIGINT PRIMARY KEY, code VARCHAR(200), value DECIMAL(18, 2), remark TEXT)"
PARTS = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN (200))"
SCHEMA = f"""
    CREATE TABLE asset {COLUMNS};
    CREATE TABLE part {COLUMNS} {PARTS};
    CREATE TABLE other {COLUMNS};
    CREATE PROCEDURE raise_all(percent INT) UPDATE asset SET value = round(value * (100 + percent) / 100, 2);
    CREATE VIEW dear AS SELECT * FROM asset WHERE value > 100;
    CREATE TRIGGER copied AFTER INSERT ON other FOR EACH ROW INSERT IGNORE INTO part VALUES (NEW.id, 'T', 1, NULL);
    INSERT INTO asset VALUES (1, 'A', 10, NULL), (2, 'B', 20, 'x'), (4, 'C', 40, NULL);
    INSERT INTO part VALUES (3, 'A', 10, NULL), (97, 'B', 20, 'x'), (104, 'C', 40, NULL);
    INSERT INTO other VALUES (11, 'O', 10, NULL)
"""
TABLES = (ASSET, replace(ASSET, alias="part", name="part"))
# Without `SET sql_log_bin = 0`: what a session keeps from the log is known to nobody who reads the log.
GRAMMAR: Grammar = {
    "statement": (
        "ALTER TABLE {table} ADD COLUMN {extra} {type}",
        "ALTER TABLE {table} ADD COLUMN {extra} DECIMAL(9, 2) DEFAULT 7 {place}",
        "ALTER TABLE {table} ADD COLUMN {extra} DECIMAL(9, 2) AS (id * 2) {kept}",
        "ALTER TABLE {table} DROP COLUMN {column}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO {renamed}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO y ; ALTER TABLE {table} RENAME COLUMN y TO {column}",
        "ALTER TABLE {table} RENAME COLUMN code TO y, RENAME COLUMN remark TO code, RENAME COLUMN y TO remark",
        "ALTER TABLE {table} MODIFY {column} {type} {place}",
        "ALTER TABLE {table} CHANGE {column} {renamed} {type}",
        "ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT '7'",
        "ALTER TABLE {table} DROP PRIMARY KEY, ADD PRIMARY KEY (id)",
        "ALTER IGNORE TABLE {table} ADD UNIQUE KEY one_value (id, value)",
        "ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}",
        "ALTER TABLE {table} ENGINE = {engine}",
        "ALTER TABLE {table} FORCE",
        "ALTER TABLE {table} COMMENT = 'cards'",
        "ALTER TABLE {table} AUTO_INCREMENT = 500",
        "ALTER TABLE {table} ADD SYSTEM VERSIONING",
        "ALTER TABLE {table} ADD CONSTRAINT sound CHECK (id >= 0)",
        "ALTER TABLE {table} DISABLE KEYS",
        "ALTER TABLE {table} RENAME TO away",
        "RENAME TABLE {table} TO away ; RENAME TABLE away TO {table}",
        "RENAME TABLE {table} TO away, other TO {table}",
        "CREATE TABLE copy LIKE {table} ; INSERT INTO copy SELECT * FROM {table} ; DROP TABLE {table} ;"
        " RENAME TABLE copy TO {table}",
        "CREATE OR REPLACE TABLE {table} " + COLUMNS,
        "CREATE OR REPLACE TABLE other SELECT * FROM {table}",
        "CREATE INDEX by_{extra} ON {table} (value)",
        "DROP INDEX by_{extra} ON {table}",
        "TRUNCATE {table}",
        "TRUNCATE TABLE other",
        "DELETE FROM {table}",
        "DROP TABLE IF EXISTS {victim}",
        "ALTER TABLE part TRUNCATE PARTITION {leaf}",
        "ALTER TABLE part DROP PARTITION {leaf}",
        "ALTER TABLE part ADD PARTITION (PARTITION top VALUES LESS THAN (300))",
        "ALTER TABLE part EXCHANGE PARTITION {leaf} WITH TABLE other",
        "ALTER TABLE part CONVERT PARTITION {leaf} TO TABLE torn",
        "ALTER TABLE part REORGANIZE PARTITION {leaf} INTO (PARTITION {leaf} VALUES LESS THAN ({bound}))",
        "ALTER TABLE part REBUILD PARTITION {leaf}",
        "ALTER TABLE {table} REMOVE PARTITIONING",
        "OPTIMIZE TABLE {table}",
        "ANALYZE TABLE {table}",
        "REPAIR TABLE {table}",
        "CREATE OR REPLACE TRIGGER touched BEFORE UPDATE ON {table} FOR EACH ROW SET NEW.remark = 'touched'",
        "DROP VIEW IF EXISTS dear",
        "SET binlog_format = '{format}' ; {write} ; SET binlog_format = 'ROW'",
        "SET binlog_format = 'STATEMENT' ; {write} ; DROP VIEW dear ; SET binlog_format = 'ROW'",
        "SET binlog_format = 'STATEMENT' ; {write} ; DROP TRIGGER copied ; SET binlog_format = 'ROW'",
        "SET binlog_row_image = '{image}' ; {write} ; SET binlog_row_image = 'FULL'",
        "SET STATEMENT binlog_format = 'STATEMENT' FOR {write}",
        "CREATE TEMPORARY TABLE {table} LIKE other ; {write} ; DROP TEMPORARY TABLE {table}",
        "FLUSH BINARY LOGS",
    ),
    "write": (
        "UPDATE {table} SET value = {number} WHERE id % {few} = 0",
        "UPDATE {table} SET id = id + 50 WHERE id = {id}",
        "UPDATE {table} SET id = id + 1 ORDER BY id DESC",
        "UPDATE part SET id = 199 - id WHERE id = 97",
        "INSERT IGNORE INTO {table} (id, code, value) VALUES ({id}, 'N', {number})",
        "REPLACE INTO {table} (id, code, value) VALUES ({id}, 'R', {number})",
        "INSERT INTO {table} (id, value) VALUES ({id}, 1) ON DUPLICATE KEY UPDATE value = value + 1",
        "INSERT IGNORE INTO other (id, value) VALUES ({id}, {number})",
        "DELETE FROM {table} WHERE id = {id}",
        "UPDATE dear SET value = value + 1",
        "UPDATE asset JOIN part ON asset.id = part.id SET asset.value = part.value, part.remark = 'joined'",
        "CALL raise_all({few})",
        "SAVEPOINT s ; DELETE FROM {table} ; ROLLBACK TO s ; UPDATE {table} SET value = {number}",
        "DELETE asset, part FROM asset JOIN part ON part.id = asset.id + 2",
        "REPLACE INTO {table} SELECT id, code, value + 3, remark FROM other",
    ),
    "table": ("asset", "part"),
    "victim": ("other", "away", "asset", "part"),
    "leaf": ("low", "high"),
    "column": ("code", "value", "remark", "id"),
    "renamed": ("remark", "total", "x"),
    "extra": ("x", "y", "total"),
    "type": ("TEXT", "DECIMAL(20, 4)", "DECIMAL(18, 1)", "VARCHAR(90)", "BIGINT", "DECIMAL(18, 2)"),
    "place": ("FIRST", "AFTER id", "AFTER value", ""),
    "kept": ("STORED", "VIRTUAL"),
    "charset": ("latin1", "utf8mb4", "gbk"),
    "engine": ("InnoDB", "MyISAM"),
    "bound": ("100", "150", "200"),
    "format": ("STATEMENT", "MIXED"),
    "image": ("MINIMAL", "NOBLOB"),
    "few": ("1", "2", "3"),
    "id": ("1", "2", "3", "4", "11", "97", "104", "150"),
}


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> MysqlEam:
    return MysqlEam(new_mariadb(), SCHEMA, TABLES)


@pytest.mark.parametrize("seed", range(RUNS))
def test_there_is_never_a_silent_difference(eam: MysqlEam, seed: int) -> None:
    chance = Random(seed)
    with closing(eam):
        with closing(eam.start()) as source:
            acts = [partial(_act, eam, chance)] * chance.randrange(4, STEPS_MAX)
            fault = heard(eam, source, [*acts, partial(_touch, eam)], chance)
        OUTCOMES[fault is not None] += 1
        if fault is None:
            return
        with closing(eam.connect()) as again, suppress(Fault):  # a repair looks at it anew: no trace, whatever it is
            again.find_whole("1/")  # type: ignore[arg-type]
            again.start(None)


def test_both_ways_were_met() -> None:
    """Else the runs above show nothing."""
    if sum(OUTCOMES.values()) == RUNS:
        assert min(OUTCOMES.values()) >= RUNS // 10, OUTCOMES


def _act(eam: MysqlEam, chance: Random) -> None:
    """One statement, or several, perhaps in one transaction; what the server refuses has not happened. What was said is
    printed, for whoever replays a run."""
    settled = {"table": chance.choice(GRAMMAR["table"])}
    text = said(GRAMMAR, chance, "statement" if chance.random() < 0.3 else "write", settled)
    is_one = chance.random() < 0.2
    if is_one:
        text = f"BEGIN ; {text} ; {said(GRAMMAR, chance, 'write', settled)}"
    for part in text.split(" ; "):
        with suppress(pymysql.Error):
            eam.run(part)
            print(part)
    eam.run("COMMIT")


def _touch(eam: MysqlEam) -> None:
    """Change every row: where a declared column is called otherwise now, its rows say so."""
    for table in eam.tables.values():
        for column in ("code", "remark"):
            with suppress(pymysql.Error):
                eam.run(f"UPDATE {table.name} SET {column} = concat(coalesce({column}, ''), '!')")
