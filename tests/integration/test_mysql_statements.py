"""Statements in the log of a MariaDB EAM of which no row is named there: whatever may change rows of a tracked table
stops the reader with its reason, the harmless and what others do to their own tables goes by."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pymysql
import pytest

from syncd.change import Column, Kind, Table
from syncd.errors import Gap
from tests.integration.eam import next_changes
from tests.integration.mysql_eam import ASSET, SCHEMA, MysqlEam, halted

PARTS = "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))"
OTHERS = f"""
    CREATE TABLE parted (id BIGINT PRIMARY KEY, total DECIMAL(9, 2), price DECIMAL(9, 2), twice DECIMAL(11, 2)
        AS (price * 2) STORED, kind ENUM('a', 'b'), at DATETIME(3), noted TEXT) {PARTS};
    CREATE TABLE heap LIKE parted; ALTER TABLE heap REMOVE PARTITIONING;
    CREATE TABLE note (id BIGINT PRIMARY KEY, asset INT, parted INT, heap INT);
    CREATE TABLE note_parts LIKE note; ALTER TABLE note_parts {PARTS};
    CREATE TABLE note_heap LIKE note;
    CREATE TABLE _new LIKE asset;
    CREATE TABLE 资产卡片 (id BIGINT PRIMARY KEY);
    CREATE PROCEDURE carried() UPDATE asset SET remark = 'carried';
    CREATE PROCEDURE carrying() CALL carried();
    CREATE PROCEDURE noting() UPDATE note SET heap = 1;
    CREATE TABLE others (id BIGINT PRIMARY KEY) SELECT 1 AS id;
    INSERT INTO parted (id, price) VALUES (1, 1.11), (11, 2.22);
    INSERT INTO heap (id, price) VALUES (2, 1.11);
    INSERT INTO note VALUES (1, 1, 1, 1);
    INSERT INTO note_heap VALUES (1, 1, 1, 1);
    INSERT INTO asset VALUES (1, 'a', 1.25, 'x')
"""
ID = Column("id", Kind.INTEGER)
PARTED = Table(
    "parted",
    "parted",
    (
        ID,
        Column("total", Kind.DECIMAL),
        Column("twice", Kind.DECIMAL),
        Column("kind", Kind.TEXT),
        Column("at", Kind.TIMESTAMP),
    ),
    (0,),
)
TABLES = (ASSET, PARTED, Table("heap", "heap", PARTED.columns, (0,)), Table("card", "资产卡片", (ID,), (0,)))


class Case(NamedTuple):
    """The last statement, with what its session set before; what then stops the reader. `charset` is what the client
    speaks."""

    statement: str
    code: str
    before: str = ""
    charset: str = "utf8mb4"


BY_STATEMENT = "SET binlog_format = 'STATEMENT'"
STOPS = [
    Case("DROP TABLE note, asset", "mysql_unlogged"),
    Case("DROP DATABASE {0}", "mysql_unlogged"),
    Case("CREATE OR REPLACE DATABASE {0}", "mysql_unlogged"),
    Case("CREATE OR REPLACE TABLE asset (id INT PRIMARY KEY)", "mysql_unlogged"),
    Case("CREATE OR /*!50000 REPLACE */ TABLE asset SELECT 1 AS id", "mysql_unlogged"),
    Case("CREATE OR REPLACE TABLE asset LIKE note", "mysql_unlogged"),
    Case("ALTER TABLE parted TRUNCATE PARTITION p0", "mysql_unlogged"),
    Case("/*M!100500 ALTER TABLE parted */ /*!50000 DROP */ PARTITION p0", "mysql_unlogged"),
    Case("ALTER TABLE parted EXCHANGE PARTITION p0 WITH TABLE heap", "mysql_unlogged"),
    Case("ALTER TABLE parted CONVERT PARTITION p0 TO TABLE torn", "mysql_unlogged"),
    Case("ALTER TABLE asset ADD SYSTEM VERSIONING", "mysql_altered"),
    Case("ALTER IGNORE TABLE asset ADD UNIQUE (value)", "mysql_altered"),
    Case("SET STATEMENT sql_mode = '' FOR ALTER TABLE `asset` MODIFY value DECIMAL(18, 1)", "mysql_altered"),
    Case("ALTER TABLE asset MODIFY value DECIMAL(18)", "mysql_altered"),
    Case("ALTER TABLE asset MODIFY value DOUBLE", "mysql_altered"),
    Case("ALTER TABLE asset CHANGE code code CHAR(200)", "mysql_altered"),
    Case("ALTER TABLE asset MODIFY code VARCHAR(20)", "mysql_altered", "SET sql_mode = ''"),
    Case("ALTER TABLE asset MODIFY remark TEXT NOT NULL", "mysql_altered", "SET sql_mode = ''"),
    Case("ALTER TABLE asset CONVERT TO CHARACTER SET latin1", "mysql_altered"),
    Case("ALTER TABLE asset MODIFY id BIGINT AUTO_INCREMENT", "mysql_altered"),
    Case("ALTER TABLE parted MODIFY twice DECIMAL(11, 2) AS (price * 3) STORED", "mysql_altered"),
    Case("ALTER TABLE parted MODIFY at DATETIME", "mysql_altered"),
    Case("ALTER TABLE parted MODIFY kind ENUM('b', 'a')", "mysql_altered"),
    Case("ALTER TABLE asset DROP COLUMN remark, ADD remark TEXT DEFAULT 'x'", "mysql_altered"),
    Case("ALTER TABLE asset ADD FOREIGN KEY (id) REFERENCES note (id) ON DELETE CASCADE", "mysql_altered"),
    Case("ALTER TABLE asset ENGINE = MyISAM", "mysql_altered"),
    Case("RENAME TABLE note TO away, asset TO note", "mysql_renamed"),
    Case("RENAME TABLE asset TO _old, _new TO asset", "mysql_renamed"),
    Case("ALTER TABLE asset RENAME COLUMN code TO kode, RENAME TO device", "mysql_renamed"),
    Case("REPAIR TABLE asset", "mysql_unread"),
    Case("DROP TABLE 资产卡片", "mysql_unlogged", charset="gbk"),
    Case("ALTER TABLE 资产卡片 RENAME 卡片", "mysql_renamed", charset="gbk"),
    Case('DROP TABLE "asset"', "mysql_unlogged", "SET sql_mode = 'ANSI_QUOTES'"),
    Case(
        "ALTER TABLE asset COMMENT 'C:\\', RENAME TO device -- '",
        "mysql_renamed",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    ),
    Case("UPDATE note JOIN asset USING (id) SET remark = 'x'", "mysql_statement", BY_STATEMENT),
    Case("DELETE a FROM note n JOIN {0}.asset a ON n.id = a.id", "mysql_statement", BY_STATEMENT),
    Case("ANALYZE UPDATE asset SET code = 'y'", "mysql_statement", BY_STATEMENT),
    Case("REPLACE asset (id) WITH x AS (SELECT 5) SELECT * FROM x", "mysql_statement", BY_STATEMENT),
    Case("CALL carrying()", "mysql_statement", BY_STATEMENT),
    Case("LOAD DATA LOCAL INFILE '{1}' INTO TABLE asset (id)", "mysql_statement", BY_STATEMENT),
]
"""What may be done to tracked tables of which the log has no rows, and how it is said."""
PASSES = [
    Case(statement, "", before)
    for before, statements in {
        "": (
            "ALTER TABLE asset ADD COLUMN extra INT AUTO_INCREMENT UNIQUE FIRST, ADD (more INT, KEY (more))",
            "ALTER TABLE asset MODIFY extra BIGINT, CHANGE more less TEXT, DROP INDEX more",
            "ALTER TABLE asset MODIFY value DECIMAL(20, 4) NOT NULL DEFAULT 0.5 COMMENT 'a, b', ALGORITHM = COPY",
            "ALTER TABLE asset MODIFY code VARCHAR(250), MODIFY remark MEDIUMTEXT AFTER id, MODIFY id BIGINT NOT NULL",
            "ALTER TABLE asset MODIFY value LONGTEXT",
            "ALTER TABLE asset CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "ALTER TABLE asset ADD INDEX (code(9)), ADD UNIQUE u (id), ADD CONSTRAINT c CHECK (id > 0)",
            "ALTER TABLE asset DROP INDEX u, DROP CONSTRAINT c, ALTER value SET DEFAULT 1",
            "ALTER TABLE asset DROP PRIMARY KEY, ADD PRIMARY KEY (id), ADD FOREIGN KEY (id) REFERENCES others (id)",
            "ALTER TABLE asset NOWAIT ENGINE = InnoDB ROW_FORMAT=DYNAMIC, COMMENT 'DROP PARTITION p0', FORCE",
            "ALTER TABLE asset COMMENT = 'RENAME TO b', AUTO_INCREMENT = 100 /* , DROP PARTITION p0 */",
            "ALTER TABLE parted MODIFY at DATETIME(6), MODIFY kind ENUM('a', 'b', 'c'), MODIFY noted LONGTEXT",
            "ALTER TABLE parted MODIFY twice DECIMAL(11, 2)",
            "ALTER TABLE parted ADD PARTITION (PARTITION p2 VALUES LESS THAN (30), PARTITION p3 VALUES LESS THAN (40))",
            "ALTER TABLE parted REORGANIZE PARTITION p2, p3 INTO (PARTITION p4 VALUES LESS THAN (40))",
            "ALTER TABLE parted REBUILD PARTITION p0, p1",
            "ALTER TABLE heap PARTITION BY HASH (id) PARTITIONS 3",
            "ALTER TABLE heap REMOVE PARTITIONING",
            "CREATE TABLE IF NOT EXISTS asset (id INT)",
            "CREATE UNIQUE INDEX i ON asset (id, code)",
            "DROP INDEX i ON asset",
            "CREATE TRIGGER t BEFORE INSERT ON asset FOR EACH ROW SET NEW.remark = 'TRUNCATE asset'",
            "DROP TRIGGER t",
            "CREATE OR REPLACE VIEW seen AS SELECT * FROM asset",
            "GRANT SELECT ON asset TO CURRENT_USER()",
            "OPTIMIZE TABLE asset",
            "ANALYZE TABLE note, asset",
            "DROP TEMPORARY TABLE IF EXISTS asset",
            # of other tables alone, whatever is done to them
            "ALTER TABLE note_parts EXCHANGE PARTITION p0 WITH TABLE note_heap",
            "ALTER TABLE note_parts DROP PARTITION p0",
            "ALTER IGNORE TABLE note ADD UNIQUE (asset), ADD SYSTEM VERSIONING, MODIFY parted TINYINT",
            "CREATE OR REPLACE TABLE note2 SELECT * FROM asset",
            "CREATE TABLE note3 LIKE asset",
            "RENAME TABLE note3 TO asset2",
            "DROP TABLE IF EXISTS asset2, nowhere.asset",
            "CREATE DATABASE {0}_other",
            "CREATE TABLE {0}_other.asset (id INT)",
            "TRUNCATE {0}_other.asset",
            "DROP DATABASE {0}_other",
        ),
        BY_STATEMENT: (
            "UPDATE note SET asset = 1 WHERE parted IN (asset, 2)",
            "INSERT INTO note (id, asset) SELECT id + 100, 2 FROM asset",
            "DELETE n FROM note n WHERE n.id IN (SELECT id FROM asset)",
            "CALL noting()",
            "LOAD DATA LOCAL INFILE '{1}' INTO TABLE note (id, asset)",
        ),
    }.items()
    for statement in statements
]
"""What leaves the tracked tables as they are, one after the other."""


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(new_mariadb(), f"{SCHEMA};{OTHERS}", TABLES)) as eam:
        yield eam


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = tmp_path / "rows"
    rows.write_text("77\t78\n")
    return rows


def run(eam: MysqlEam, case: Case, file: Path) -> None:
    """In a session of its own. What the server refuses stands in no log, but for what it did before."""
    address = {**eam.arguments(), "charset": case.charset, "local_infile": True}
    with closing(pymysql.connect(**address, autocommit=True)) as session, session.cursor() as cursor:
        if case.before:
            cursor.execute(case.before)
        cursor.execute(case.statement.format(eam.name, file))


@pytest.mark.parametrize("case", STOPS, ids=lambda case: case.statement[:60])
def test_what_may_change_rows_that_the_log_does_not_name_stops_the_reader(
    eam: MysqlEam, case: Case, file: Path
) -> None:
    """Invariants 1 and 14: with the statement as the reason, and what no row holds."""
    source, _ = eam.streaming()
    with closing(source):
        run(eam, case, file)
        stopped = halted(source)
    assert (stopped.code, type(stopped)) == (case.code, Gap)
    assert stopped.params["statement"]
    assert "'" not in stopped.params["statement"]


def test_what_leaves_rows_as_they_are_goes_by(eam: MysqlEam, file: Path) -> None:
    """Invariant 14, its other half: nobody is stopped without need."""
    source, _ = eam.streaming()
    with closing(source):
        for number, case in enumerate(PASSES, 100):
            run(eam, case, file)
            eam.run(f"INSERT INTO parted (id) VALUES (-{number})")
            (change,) = next_changes(source, 1)
            assert change.after is not None, case
            assert change.after[0] == -number, case


@pytest.mark.parametrize(
    ("made", "changed", "gone"),
    [
        ("CREATE VIEW seen AS SELECT * FROM asset", "UPDATE seen SET value = 7", "DROP VIEW seen"),
        (
            "CREATE VIEW seen AS SELECT * FROM asset",
            "UPDATE seen SET value = 7",
            "CREATE OR REPLACE VIEW seen AS SELECT 1",
        ),
        (
            "CREATE TRIGGER tied AFTER INSERT ON note FOR EACH ROW UPDATE asset SET value = 7",
            "INSERT INTO note (id) VALUES (9)",
            "DROP TRIGGER tied",
        ),
        (
            "CREATE TRIGGER tied AFTER INSERT ON note FOR EACH ROW UPDATE asset SET value = 7",
            "INSERT INTO note (id) VALUES (9)",
            "DROP TABLE note",
        ),
    ],
)
def test_what_carried_a_change_on_is_known_when_it_has_gone(eam: MysqlEam, made: str, changed: str, gone: str) -> None:
    """Invariant 14: the catalogue of a reader who is behind has it no more. What goes later was still there."""
    eam.run(made)
    source, position = eam.streaming()
    source.close()
    eam.run(BY_STATEMENT, changed, gone, "SET binlog_format = 'ROW'")
    with closing(eam.start(position)) as source:
        assert halted(source).code == "mysql_statement"


def test_what_goes_after_a_change_was_judged_stops_nobody(eam: MysqlEam) -> None:
    eam.run("CREATE TRIGGER noted AFTER INSERT ON note FOR EACH ROW INSERT IGNORE INTO note_heap (id) VALUES (5)")
    source, _ = eam.streaming()
    with closing(source):
        eam.run(BY_STATEMENT, "INSERT INTO note (id) VALUES (9)", "SET binlog_format = 'ROW'")
        eam.run("UPDATE asset SET value = 3")
        next_changes(source, 1)
        eam.run("DROP TRIGGER noted", "DROP TABLE note", "UPDATE asset SET value = 4")
        assert len(next_changes(source, 1)) == 1


def test_a_table_that_is_made_anew_stops_the_reader(eam: MysqlEam) -> None:
    """Invariant 14: its end was kept out of the log, its beginning is there."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("SET sql_log_bin = 0", "DROP TABLE asset", "SET sql_log_bin = 1", SCHEMA)
        assert halted(source).code == "mysql_made_anew"


def test_widening_is_judged_by_what_the_log_itself_says_of_the_column(eam: MysqlEam) -> None:
    """Invariant 14: the catalogue of a reader who is behind knows only how it ended."""
    source, position = eam.streaming()
    source.close()
    eam.run("ALTER TABLE asset MODIFY value DECIMAL(18, 1)", "ALTER TABLE asset MODIFY value DECIMAL(18, 2)")
    with closing(eam.start(position)) as source:
        assert halted(source).code == "mysql_altered"
    source, position = eam.streaming()
    source.close()
    eam.run("UPDATE asset SET value = 3", "ALTER TABLE asset MODIFY value DECIMAL(20, 3)", "UPDATE asset SET value = 4")
    with closing(eam.start(position)) as source:
        assert [str(c.after and c.after[2]) for c in next_changes(source, 2)] == ["3.00", "4.00"]
        with suppress(pymysql.MySQLError):
            eam.run("ALTER TABLE asset MODIFY value DECIMAL(18, 2)")
        assert halted(source).code == "mysql_altered"
