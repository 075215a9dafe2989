"""What is wrong with an EAM's MariaDB is said before anything runs, with the statement that repairs it, and is noticed
when it becomes wrong while its log is read."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from connectors.mysql import source as mysql
from connectors.mysql.server import Server
from syncd.change import Column, Kind, Table
from syncd.errors import Gap, Halt
from syncd.ports import Finding
from tests.advice import advice
from tests.integration.eam import changes, holding, next_changes, read_until
from tests.integration.mysql_eam import ASSET, SCHEMA, MysqlEam
from tests.servers import MariaDb, mariadb_server

LOSSES = {
    "binlog_format": ("'STATEMENT'", "mysql_log_format", "SET GLOBAL binlog_format = 'ROW';"),
    "binlog_row_image": ("'MINIMAL'", "mysql_row_image", "SET GLOBAL binlog_row_image = 'FULL';"),
    "binlog_row_metadata": ("'NO_LOG'", "mysql_metadata", "SET GLOBAL binlog_row_metadata = 'FULL';"),
    "log_bin_compress": ("ON", "mysql_compressed", "SET GLOBAL log_bin_compress = 'OFF';"),
}
"""Settings that lose changes without a sign: the wrong value, what is said of it, and the repair."""


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(new_mariadb())) as eam:
        yield eam


@contextmanager
def set_to(eam: MysqlEam, name: str, value: str) -> Iterator[None]:
    """A global setting for a while, and in the EAM's own session too where it has one."""
    ((was,),) = eam.run(f"SELECT @@GLOBAL.{name}")
    eam.run(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        eam.run(f"SET GLOBAL {name} = {was if isinstance(was, int) else repr(was)}")


def findings(eam: MysqlEam, level: str = "error", **settings: object) -> list[Finding]:
    with closing(eam.connect(**settings)) as source:
        return [finding for finding in source.check() if finding.level == level]


def test_what_is_in_order_is_said_to_be(eam: MysqlEam) -> None:
    assert [f.code for f in findings(eam, "ok")] == ["mysql_server", "mysql_table"]
    assert findings(eam) == findings(eam, "warning") == []


@advice("mysql_log_format", "mysql_row_image", "mysql_metadata", "mysql_compressed")
@pytest.mark.parametrize("name", LOSSES)
def test_a_setting_that_loses_changes_is_refused_and_the_repair_mends_it(eam: MysqlEam, name: str) -> None:
    """Invariant 7: each of the silent losses."""
    value, code, repair = LOSSES[name]
    with set_to(eam, name, value):
        (wrong,) = findings(eam)
        assert wrong.code == code
        assert wrong.repair.startswith(repair)
        assert "my.cnf" in wrong.repair
        assert "reconnect" in wrong.repair
        with pytest.raises(Halt) as halt:
            eam.start()
        assert halt.value.code == code
        assert halt.value.params["repair"] == wrong.repair
        eam.run(wrong.repair)
        assert findings(eam) == []


@pytest.mark.parametrize("name", LOSSES)
def test_a_setting_that_is_turned_wrong_meanwhile_stops_the_reader(
    eam: MysqlEam, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 7: with the statement, before it has done harm; once it is mended nothing is missing."""
    monkeypatch.setattr(mysql, "WATCH_INTERVAL_S", 0.1)
    value, code, repair = LOSSES[name]
    source, position = eam.streaming()
    with closing(source), set_to(eam, name, value), pytest.raises(Halt) as halt:
        read_until(source, lambda sets: False)
    assert halt.value.code == code
    assert halt.value.params["repair"].startswith(repair)
    eam.insert(1)
    with closing(eam.start(position)) as source:
        assert [c.op for c in next_changes(source, 1)] == ["insert"]


def test_changes_logged_as_statements_stop_the_reader(eam: MysqlEam) -> None:
    """Invariant 1: a session with the right to may set its own format. What touches other tables alone may pass."""
    eam.run("CREATE TABLE note (id INT PRIMARY KEY)", "CREATE TABLE noted (id INT PRIMARY KEY)")
    eam.run("CREATE TRIGGER noting AFTER INSERT ON noted FOR EACH ROW INSERT INTO asset (id) VALUES (NEW.id)")
    touching = (
        "INSERT INTO asset VALUES (1, 'x', 1, NULL)",
        f"UPDATE `{eam.name}`.asset SET remark = 'y'",
        "INSERT INTO noted VALUES (8)",
    )
    for number, statement in enumerate(touching):
        source, _ = eam.streaming()
        with closing(source):
            eam.run("SET SESSION binlog_format = 'STATEMENT'", f"INSERT INTO note VALUES ({number})")
            read_until(source, bool)
            eam.run(statement, "SET SESSION binlog_format = 'ROW'")
            with pytest.raises(Gap) as gap:
                read_until(source, lambda sets: False)
        assert gap.value.code == "mysql_statement"
        assert "VALUES (" not in gap.value.params["statement"]


def test_columns_that_a_session_left_out_are_not_null(eam: MysqlEam) -> None:
    """Invariant 7: a session may set its own row image."""
    eam.insert(1)
    source, _ = eam.streaming()
    with closing(source):
        eam.run("SET SESSION binlog_row_image = 'MINIMAL'", "UPDATE asset SET remark = 'new'")
        (change,) = next_changes(source, 1)
    assert change.flawed
    assert change.after is not None
    assert (change.after[0], repr(change.after[1]), change.after[3]) == (1, "UNCHANGED", "new")


def test_compressed_changes_are_read_all_the_same(eam: MysqlEam) -> None:
    """Invariant 1: it is refused at the start, and yet nothing is lost when somebody turns it on."""
    source, _ = eam.streaming()
    with closing(source), set_to(eam, "log_bin_compress", "ON"), set_to(eam, "log_bin_compress_min_len", "10"):
        eam.run(f"INSERT INTO asset VALUES (1, '{'x' * 200}', 5, NULL)", "UPDATE asset SET value = 6", "TRUNCATE asset")
        said = changes(read_until(source, holding(3)))
    assert [c.op for c in said] == ["insert", "update", "truncate"]
    assert said[1].before == said[0].after


def test_rows_without_names_stop_the_reader(eam: MysqlEam) -> None:
    """Invariant 7: turned off and on again between two looks."""
    source, _ = eam.streaming()
    with closing(source):
        with set_to(eam, "binlog_row_metadata", "'NO_LOG'"):
            eam.insert(1)
        with pytest.raises(Gap) as gap:
            read_until(source, lambda sets: False)
    assert gap.value.code == "mysql_nameless_event"


@advice("mysql_retention")
def test_too_short_a_retention_is_refused(eam: MysqlEam) -> None:
    with set_to(eam, "binlog_expire_logs_seconds", "3600"):
        (wrong,) = findings(eam, retention_hours=72)
        assert wrong.code == "mysql_retention"
        assert wrong.repair.startswith("SET GLOBAL binlog_expire_logs_seconds = 259200;")
        eam.run(wrong.repair)
        assert findings(eam, retention_hours=72) == []


def test_a_server_id_that_is_taken_is_refused(eam: MysqlEam) -> None:
    assert [f.code for f in findings(eam, server_id=1)] == ["mysql_server_id_taken"]


def test_two_readers_with_one_server_id_do_not_fight(eam: MysqlEam) -> None:
    """The server ends the older one, which must not come back and end the newer one, and so on."""
    first, _ = eam.streaming(server_id=4711)
    second, _ = eam.streaming(server_id=4711)
    with closing(first), closing(second):
        with pytest.raises(Halt) as halt:
            read_until(first, lambda sets: False)
        assert halt.value.code == "mysql_server_id_taken"
        eam.insert(1)
        assert len(next_changes(second, 1)) == 1


@advice("mysql_no_replication", "mysql_no_select")
def test_missing_rights_are_said_with_the_statement_that_grants_them(mariadb: MariaDb, eam: MysqlEam) -> None:
    eam.run("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'x'", "GRANT SELECT (id) ON asset TO reader@'127.0.0.1'")
    try:
        settings = {"dsn": mariadb.dsn(eam.name, "reader", "x")}
        said = findings(eam, **settings)
        assert [f.code for f in said] == ["mysql_no_replication", "mysql_no_column", "mysql_cascade_unseen"]
        eam.run(said[0].repair, "GRANT INSERT ON asset TO reader@'127.0.0.1'")
        (wrong,) = findings(eam, **settings)
        assert wrong.code == "mysql_no_select"
        eam.run(wrong.repair)
        assert findings(eam, **settings) == []
        with closing(eam.start(**settings)) as source:
            read_until(source, bool)
    finally:
        eam.run("DROP USER reader@'127.0.0.1'")


def test_a_user_who_may_nothing_is_told_so(mariadb: MariaDb, eam: MysqlEam) -> None:
    with pytest.raises(Halt) as halt:
        eam.connect(dsn=mariadb.dsn(eam.name, "nobody", "x"))
    assert halt.value.code == "mysql_login"
    with pytest.raises(Halt) as halt:
        eam.connect(dsn=mariadb.dsn("nowhere"))
    assert halt.value.code == "mysql_no_database"


def test_tables_that_are_not_as_declared_are_said(new_mariadb: Callable[[], str]) -> None:
    schema = """CREATE TABLE asset (id BIGINT, code DATE, value DOUBLE, at INET6) ENGINE = InnoDB;
        CREATE TABLE legacy (id INT PRIMARY KEY) ENGINE = MyISAM"""
    columns = (Column("id", Kind.INTEGER), Column("code", Kind.INTEGER), Column("value", Kind.DECIMAL))
    asset = Table("asset", "asset", (*columns, Column("at", Kind.TEXT), Column("gone", Kind.TEXT)), (0,))
    others = [Table(alias, alias, (Column("id", Kind.INTEGER),), (0,)) for alias in ("legacy", "missing")]
    with closing(MysqlEam(new_mariadb(), schema, [asset, *others])) as eam:
        assert {f.code for f in findings(eam)} == {
            *("mysql_no_column", "mysql_wrong_type", "mysql_without_text", "mysql_engine", "mysql_no_table")
        }
        assert [f.code for f in findings(eam, "warning")] == ["mysql_float", "mysql_no_key"]
        (engine,) = (f for f in findings(eam) if f.code == "mysql_engine")
        eam.run(engine.repair, findings(eam, "warning")[1].repair)
        assert "mysql_engine" not in [f.code for f in findings(eam)]
        assert [f.code for f in findings(eam, "warning")] == ["mysql_float"]


def test_rows_that_change_with_those_of_another_table_are_refused(new_mariadb: Callable[[], str]) -> None:
    """Invariant 7: no log holds what a foreign key does by itself. Who knows better may accept it."""
    key = "FOREIGN KEY (id) REFERENCES parent (id) ON DELETE CASCADE"
    schema = f"CREATE TABLE parent (id BIGINT PRIMARY KEY);{SCHEMA.removesuffix(')')}, CONSTRAINT kin {key})"
    with closing(MysqlEam(new_mariadb(), schema)) as eam:
        (wrong,) = findings(eam)
        assert (wrong.code, wrong.params["key"]) == ("mysql_cascade", "kin")
        assert [f.code for f in findings(eam, "warning", cascades=True)] == ["mysql_cascade"]
        eam.run(wrong.repair, f"ALTER TABLE asset ADD CONSTRAINT kin {key.replace('CASCADE', 'RESTRICT')}")
        assert findings(eam) == []


@advice("mysql_cascade_unseen")
@pytest.mark.parametrize("rule", ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE", ""])
def test_a_reader_with_only_the_documented_rights_sees_what_foreign_keys_do(
    mariadb: MariaDb, new_mariadb: Callable[[], str], rule: str
) -> None:
    """Invariant 7: the catalogue hides the rules of foreign keys from who may only SELECT."""
    key = f"CONSTRAINT `a (b) kin` FOREIGN KEY (up) REFERENCES parent (id) {rule}"
    own = SCHEMA.removesuffix(")")
    schema = f"CREATE TABLE parent (id INT PRIMARY KEY);{own}, up INT COMMENT 'ON DELETE CASCADE', {key})"
    with closing(MysqlEam(new_mariadb(), schema)) as eam:
        eam.run("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'x'")
        try:
            eam.run("GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO reader@'127.0.0.1'")
            eam.run("GRANT SELECT (id, code, value, remark) ON asset TO reader@'127.0.0.1'")
            dsn = mariadb.dsn(eam.name, "reader", "x")
            (unseen,) = findings(eam, dsn=dsn)
            assert unseen.code == "mysql_cascade_unseen"
            eam.run(unseen.repair)
            expected = [("mysql_cascade", "a (b) kin", "parent")] if rule else []
            assert [(f.code, f.params["key"], f.params["other"]) for f in findings(eam, dsn=dsn)] == expected
        finally:
            eam.run("DROP USER reader@'127.0.0.1'")


def test_what_a_server_keeps_out_of_its_log_is_refused() -> None:
    """The case of names means nothing on this server either."""
    with mariadb_server(binlog_ignore_db="hidden", lower_case_table_names="1") as server:
        server.run("CREATE DATABASE hidden")
        with closing(MysqlEam(server.dsn("hidden"))) as eam:
            (wrong,) = findings(eam)
            assert (wrong.code, wrong.params["schema"]) == ("mysql_left_out", "hidden")
        dsn = server.create_database()
        shouted = Table("asset", "ASSET", ASSET.columns, ASSET.key)
        with closing(MysqlEam(dsn, SCHEMA, [shouted])) as eam:
            assert findings(eam) == []
            source, _ = eam.streaming()
            with closing(source):
                eam.insert(1)
                eam.run("TRUNCATE Asset")
                assert [c.op for c in next_changes(source, 2)] == ["insert", "truncate"]


def test_a_server_without_a_log_is_refused() -> None:
    wrong = {"binlog_format": "STATEMENT", "binlog_row_metadata": "NO_LOG"}
    with mariadb_server(skip_log_bin="1", **wrong) as server, closing(MysqlEam(server.create_database())) as eam:
        said = findings(eam)
        assert [f.code for f in said] == ["mysql_no_log", "mysql_log_format", "mysql_metadata"]
        assert "binlog_row_metadata = FULL" in said[0].repair
        with closing(Server(eam.dsn)) as connected:
            assert connected.log_end(connected.facts()) is None
