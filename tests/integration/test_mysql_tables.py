"""Tables of a MariaDB EAM that change while its log is read: columns, names, and rows that go all at once."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pymysql
import pytest

from connectors.mysql import stream as mysql_stream
from syncd.change import ABSENT, Table
from tests.integration.eam import next_changes
from tests.integration.mysql_eam import ASSET, SCHEMA, MysqlEam, halted


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(new_mariadb())) as eam:
        yield eam


def test_columns_come_go_and_change_their_names(eam: MysqlEam) -> None:
    """Facts: rows that need a column that is not there have it unknown; others flow; new ones mean nothing."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run(
            "ALTER TABLE asset ADD COLUMN extra INT FIRST, MODIFY value DECIMAL(20, 4)",
            "INSERT INTO asset (id, code, value, extra) VALUES (1, 'a', 1.5, 7)",
            "ALTER TABLE asset DROP COLUMN code",
            "UPDATE asset SET value = 2",
            "ALTER TABLE asset CHANGE remark remarks TEXT, ADD COLUMN note VARCHAR(10) DEFAULT 'new'",
            "UPDATE asset SET value = 3",
        )
        said = next_changes(source, 3)
        assert [c.after for c in said] == [
            (1, "a", said[0].after and said[0].after[2], None),
            (1, ABSENT, 2, None),
            (1, ABSENT, 3, ABSENT),
        ]
        assert [c.flawed for c in said] == [False, True, True]
        eam.run("ALTER TABLE asset RENAME COLUMN remarks TO remark")
        assert halted(source).code == "mysql_altered"


def test_an_alter_that_is_given_up_renames_nothing(eam: MysqlEam) -> None:
    """Invariant 1: MariaDB may log it when it begins, and once more when it ends, either way."""
    eam.insert(1, 2)
    source, _ = eam.streaming()
    with closing(source):
        eam.run("SET SESSION binlog_alter_two_phase = ON")
        with pytest.raises(pymysql.IntegrityError):
            eam.run("ALTER TABLE asset ADD UNIQUE (value), RENAME TO device, ALGORITHM = COPY")
        eam.insert(3)
        assert [c.after and c.after[0] for c in next_changes(source, 1)] == [3]
        eam.run("ALTER TABLE asset ADD INDEX (value), RENAME TO device, ALGORITHM = COPY")
        assert halted(source).code == "mysql_renamed"


def test_what_lies_before_the_place_in_a_huge_file_is_passed_over(
    eam: MysqlEam, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offsets beyond 4 GiB cannot be asked for, so that such a file is read from its start: nothing in it, though it
    would stop a reader, is news."""
    eam.run("FLUSH BINARY LOGS", "DROP TABLE asset", "CREATE TABLE other LIKE mysql.db", "RENAME TABLE other TO asset")
    eam.run("DROP TABLE asset", SCHEMA)
    source, position = eam.streaming()
    source.close()
    eam.insert(1)
    monkeypatch.setattr(mysql_stream, "OFFSET_SPAN", 300)
    with closing(eam.start(position)) as source:
        assert len(next_changes(source, 1)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE TABLE {0}.asset",
        "/* why */ truncate `asset` -- all of it",
        "TRUNCATE/**/TABLE `{0}` . `asset`",
        "SET STATEMENT lock_wait_timeout = 5 FOR TRUNCATE asset NOWAIT",
        "TRUNCATE /*!50000 TABLE */ asset # gone",
    ],
)
def test_a_truncate_is_understood_however_it_is_written(eam: MysqlEam, statement: str) -> None:
    eam.run("CREATE TABLE asset2 (id INT)")
    source, _ = eam.streaming()
    with closing(source):
        eam.run("TRUNCATE TABLE asset2", statement.format(eam.name))
        eam.insert(1)
        assert [c.op for c in next_changes(source, 2)] == ["truncate", "insert"]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE asset",
        "ALTER TABLE asset TRUNCATE PARTITION p0",
        "ALTER TABLE asset DROP PARTITION p0",
        "CREATE OR REPLACE TABLE asset (id INT PRIMARY KEY)",
        "DROP DATABASE {0}",
    ],
)
def test_rows_that_go_without_being_logged_stop_the_reader(new_mariadb: Callable[[], str], statement: str) -> None:
    """Invariant 1."""
    parts = "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)"
    with closing(MysqlEam(new_mariadb(), f"CREATE TABLE asset (id BIGINT PRIMARY KEY) {parts}", [ID_ONLY])) as eam:
        source, _ = eam.streaming()
        with closing(source):
            eam.run("DROP TEMPORARY TABLE IF EXISTS asset", "INSERT INTO asset VALUES (1)")
            next_changes(source, 1)
            eam.run(statement.format(eam.name))
            assert halted(source).code == "mysql_unlogged"


ID_ONLY = Table("asset", "asset", ASSET.columns[:1], (0,))
