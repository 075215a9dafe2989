"""The binary log of a MariaDB EAM: what it says however it is written, and what happens when hands are laid on it."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from syncd.change import Change, Column, Kind, Position, Row, Table
from syncd.errors import Gap, Transient
from tests.integration.eam import changes, holding, next_changes, next_ids, read_until, until
from tests.integration.mysql_eam import MysqlEam, ended, halted
from tests.servers import MariaDb, mariadb_server


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(new_mariadb())) as eam:
        yield eam


@pytest.fixture(scope="module")
def own_server() -> Iterator[MariaDb]:
    """A server that may be killed and whose log may be reset."""
    with mariadb_server() as server:
        yield server


@pytest.fixture
def own(own_server: MariaDb) -> Iterator[MysqlEam]:
    eam = MysqlEam(own_server.create_database())
    yield eam
    eam.close()


def images(said: list[Change]) -> list[tuple[Row | None, Row | None]]:
    return [(change.before, change.after) for change in said]


def test_a_restart_within_a_long_transaction_says_exactly_the_rest(eam: MysqlEam) -> None:
    """Invariants 1, 2, 11: the server knows transactions alone; what of one was said is passed over, also of other
    tables' rows in between."""
    eam.run("CREATE TABLE note (id BIGINT PRIMARY KEY)")
    source, _ = eam.streaming()
    with closing(source):
        eam.writer.begin()
        eam.run(
            "INSERT INTO asset SELECT seq, 'a', 1, NULL FROM seq_1_to_3000",
            "INSERT INTO note SELECT seq FROM seq_1_to_3000",
            "UPDATE asset SET value = 2",
            "DELETE FROM asset WHERE id > 2500",
        )
        eam.writer.commit()
        eam.insert(9999)
        sets = read_until(source, ended(6501))
    said = changes(sets)
    assert max(len(s.changes) for s in sets) == 2000
    assert [c.position for c in said] == sorted({c.position for c in said})
    parts = [s.position for s in sets]
    for position in [*parts, said[0].position, said[1234].position, said[3000].position, said[6499].position]:
        left = [c for c in said if c.position > position]
        with closing(eam.start(position)) as again:
            assert changes(read_until(again, holding(len(left)))) == left


def test_a_transaction_of_a_hundred_thousand_rows_is_read_in_flat_memory(eam: MysqlEam) -> None:
    """Invariant 11: in a process of its own, so that nothing else is measured."""
    source, position = eam.streaming()
    source.close()
    eam.run("INSERT INTO asset SELECT seq, repeat('a', 100), 1, repeat('r', 100) FROM seq_1_to_100000")
    command = [sys.executable, "-m", "tests.integration.drain", eam.dsn, eam.name, position, "100000"]
    took = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)
    assert took["grown_mb"] < 40, took


def test_a_prepared_transaction_stops_the_reader_before_it_is_decided(eam: MysqlEam) -> None:
    """Invariant 1: its rows are in the log, whether it will be committed is not. One that is committed in one phase
    is as any other."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("XA START 'a'", "INSERT INTO asset (id) VALUES (1)", "XA END 'a'", "XA COMMIT 'a' ONE PHASE")
        assert len(next_changes(source, 1)) == 1
        eam.run("XA START 'b'", "INSERT INTO asset (id) VALUES (2)", "XA END 'b'", "XA PREPARE 'b'", "XA ROLLBACK 'b'")
        assert halted(source).code == "mysql_xa"


def test_what_is_rolled_back_is_not_said(eam: MysqlEam) -> None:
    """Also where the log holds the transaction, for the sake of a table that cannot be rolled back."""
    eam.run("CREATE TABLE log (id INT) ENGINE = MyISAM")
    source, _ = eam.streaming()
    with closing(source):
        eam.writer.begin()
        eam.run("INSERT INTO asset (id) VALUES (1)", "INSERT INTO log VALUES (1)", "SAVEPOINT s")
        eam.run("INSERT INTO asset (id) VALUES (2)", "INSERT INTO log VALUES (2)")
        eam.writer.rollback()
        eam.insert(3)
        assert next_ids(source, 1) == [3]


def test_an_idle_table_on_a_busy_server_moves_on(eam: MysqlEam) -> None:
    """Facts: and not with a set for each change of others."""
    eam.run("CREATE TABLE note (id INT)")
    source, position = eam.streaming(heartbeat_s=0.3)
    with closing(source):
        for _ in range(3):
            for n in range(20):
                eam.run(f"INSERT INTO note VALUES ({n})")
            sets = read_until(source, bool)
            assert not any(s.changes for s in sets)
            assert sets[-1].position > position
            position = sets[-1].position
    with closing(eam.start(position)) as source:
        eam.insert(1)
        assert len(next_changes(source, 1)) == 1


def test_the_log_goes_on_in_new_files(eam: MysqlEam) -> None:
    """And the lag is what lies in all of them beyond what is durable."""
    source, position = eam.streaming()
    with closing(source):
        for number in range(1, 4):
            eam.insert(number)
            eam.run("FLUSH BINARY LOGS")
        behind = source.lag().bytes_behind
        sets = read_until(source, ended(3))
        assert behind is not None
        assert behind > 0
        source.ack(sets[-1].position)
        read_until(source, lambda sets: bool(source.lag().bytes_behind == 0) or bool(sets))
        positions = [position, *(s.position for s in sets)]
        assert positions == sorted(positions)
    for position in positions:
        with closing(eam.start(position)) as again:
            left = [c for s in sets for c in s.changes if c.position > position]
            assert changes(read_until(again, holding(len(left)))) == left


def test_a_purged_log_stops_the_reader(eam: MysqlEam) -> None:
    """Invariant 1: it does not skip ahead."""
    source, position = eam.streaming()
    source.close()
    eam.insert(1)
    eam.purge()
    with pytest.raises(Gap) as gap:
        eam.start(position)
    assert gap.value.code == "mysql_log_gone"


def test_a_log_that_was_reset_is_another_log(own: MysqlEam) -> None:
    """Invariant 1: its files have the old names, and after a while the old sizes too."""
    source, position = own.streaming()
    with closing(source):
        own.run("FLUSH BINARY LOGS")
        own.insert(1)
        position = read_until(source, ended(1))[-1].position
        ((now,),) = own.run("SELECT unix_timestamp()")
        until(lambda: own.run("SELECT unix_timestamp()") > [(now,)])
        own.run("RESET MASTER")
        assert halted(source).code == "mysql_log_reset"
    own.run("FLUSH BINARY LOGS")
    for number in range(2, 40):
        own.insert(number)
    with pytest.raises(Gap) as gap:
        own.start(position)
    assert gap.value.code == "mysql_log_reset"


def test_a_log_that_is_reset_while_it_is_read_is_noticed(own: MysqlEam) -> None:
    """Invariant 14: the new log is shorter than what was read of the old one, and nothing comes until it is as long."""
    own.run("RESET MASTER")  # both logs begin with a file of the same name
    own.insert(*range(1, 40))
    source, _ = own.streaming()
    with closing(source):
        own.run("UPDATE asset SET value = 2")
        next_changes(source, 39)
        source.lag()
        own.run("RESET MASTER")
        own.run("UPDATE asset SET value = 3 WHERE id = 1")
        source.read(0)
        with pytest.raises(Gap) as gap:
            source.lag()
    assert gap.value.code == "mysql_log_reset"


def test_a_server_that_is_killed_is_waited_for(own_server: MariaDb, own: MysqlEam) -> None:
    """Invariants 1 and 2: what was committed is said once, whenever the server comes back."""
    source, position = own.streaming()
    with closing(source):
        own.insert(1)
        own_server.kill()
        with pytest.raises(Transient):
            read_until(source, lambda sets: False)
    with pytest.raises(Transient):
        own.connect()
    own_server.start()
    own.writer = own.session()
    ids = [row[0] for row in own.run("SELECT id FROM asset")]
    with closing(own.start(position)) as source:
        own.insert(2)
        assert next_ids(source, len(ids) + 1) == [*ids, 2]


@pytest.mark.parametrize("rows", [1, 3000])
def test_a_transaction_that_a_falling_server_left_half_written_is_not_said(
    own_server: MariaDb, own: MysqlEam, rows: int
) -> None:
    """Invariant 7: the server undoes it when it starts. Where some of it was said already, nothing takes that back."""
    source, position = own.streaming()
    source.close()
    own.insert(1)
    own.run(f"INSERT INTO asset SELECT seq + 1, 'undone', 1, NULL FROM seq_1_to_{rows}")
    ((file, *_),) = own.run("SHOW MASTER STATUS")
    *_, commit = own.run(f"SHOW BINLOG EVENTS IN '{file}'")
    own_server.kill()
    own_server.cut(str(file), int(str(commit[1])))
    own_server.start()
    own.writer = own.session()
    own.insert(9999)
    with closing(own.start(position)) as source:
        if rows == 1:
            said = next_changes(source, 2)
            assert [c.after and c.after[0] for c in said] == [1, 9999]
            return
        _, part = read_until(source, lambda sets: len(sets) == 2)
        assert halted(source).code == "mysql_rolled_back"
    with closing(own.start(part.position)) as source:
        assert halted(source).code == "mysql_rolled_back"


def test_a_server_that_hangs_is_noticed(own_server: MariaDb, own: MysqlEam) -> None:
    source, _ = own.streaming(heartbeat_s=0.1)
    with closing(source):
        own_server.send(signal.SIGSTOP)
        try:
            with pytest.raises(Transient):
                read_until(source, lambda sets: False)
        finally:
            own_server.send(signal.SIGCONT)


def test_a_connection_that_is_ended_is_opened_again(eam: MysqlEam) -> None:
    source, position = eam.streaming()
    with closing(source):
        for (thread,) in eam.run("SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump'"):
            eam.run(f"KILL {thread}")
        with pytest.raises(Transient):
            read_until(source, lambda sets: False)
    eam.insert(1)
    with closing(eam.start(position)) as source:
        assert len(next_changes(source, 1)) == 1


VALUES = Table(
    "kept",
    "kept",
    (
        Column("id", Kind.INTEGER),
        *(
            Column(name, kind)
            for name, kind in {
                "big": Kind.INTEGER, "flag": Kind.BOOLEAN, "bits": Kind.INTEGER, "amount": Kind.DECIMAL,
                "one": Kind.DECIMAL, "two": Kind.DECIMAL, "day": Kind.DATE, "local": Kind.TIMESTAMP,
                "world": Kind.TIMESTAMP, "world_day": Kind.DATE, "clock": Kind.TEXT, "year": Kind.INTEGER,
                "state": Kind.TEXT, "tags": Kind.TEXT, "gbk": Kind.TEXT, "latin": Kind.TEXT, "raw": Kind.TEXT,
                "padded": Kind.TEXT, "filled": Kind.TEXT, "doc": Kind.TEXT, "said": Kind.TEXT,
            }.items()
        ),
    ),
    (0,),
)  # fmt: skip
KEPT = """
    CREATE TABLE kept (id INT PRIMARY KEY, big BIGINT UNSIGNED, flag TINYINT(1), bits BIT(20), amount DECIMAL(30, 10),
        one FLOAT, two DOUBLE, day DATE, local DATETIME(3), world TIMESTAMP(6) NULL, world_day TIMESTAMP NULL,
        clock TIME, year YEAR, state ENUM('新', 'old'), tags SET('a', 'b', 'c'), gbk VARCHAR(50) CHARACTER SET gbk,
        latin CHAR(9) CHARACTER SET latin1, raw VARBINARY(50), padded CHAR(10), filled INT(6) ZEROFILL, doc JSON,
        said TEXT COMPRESSED)
"""
ROWS = (
    "(1, 18446744073709551615, 1, b'10000000000000000001', -12345678901234567890.0123456789, 1.5, 0.1, '2026-01-31',"
    " '2026-01-31 23:30:00.123', '2026-01-31 23:30:00.000001', '2026-01-31 23:30:00', '-25:00:01', 2026, '新', 'a,c',"
    " '数控', 'é', 'raw', 'x ', 42, '{\"a\": 1}', repeat('长', 200))",
    "(2, 0, 7, b'0', 0, 0.1, 1e22, '0000-00-00', '0000-00-00 00:00:00', NULL, NULL, NULL, 0, 'old', '', '', '', x'ff',"
    " '', 0, '[]', '')",
    f"(3{', NULL' * 21})",
    "(4, 5, 0, b'11', 0.1, 3.4e38, 3.14159265358979, '9999-12-31', '9999-12-31 23:59:59', '1970-01-01 00:00:01', NULL,"
    " '838:59:59', 1901, 2, 7, '\\\\', '~', 0x00, 'a', 7, 'null', 'said')",
)


def test_a_value_is_the_same_in_the_snapshot_and_in_the_log(new_mariadb: Callable[[], str]) -> None:
    """Invariants 2 and 7: of every type, zone and character set, or malformed for the same reason."""
    with closing(MysqlEam(new_mariadb(), KEPT, [VALUES])) as eam:
        eam.run("SET SESSION sql_mode = '', time_zone = '+00:00'")
        source, _ = eam.streaming()
        with closing(source):
            for row in ROWS:
                eam.run(f"INSERT INTO kept VALUES {row}")
            logged = [c.after for c in next_changes(source, len(ROWS))]
        with closing(eam.start()) as source:
            read = [c.after for c in next_changes(source, len(ROWS))]
    assert read == logged
    first = logged[0]
    assert first is not None
    assert str(first[8]) == "2026-01-31 15:30:00.123000+00:00"
    assert str(first[9]) == "2026-01-31 23:30:00.000001+00:00"
    assert str(first[10]) == "2026-02-01"


def test_a_follower_of_many_writers_hears_them_in_the_order_of_their_commits(eam: MysqlEam) -> None:
    """Invariant 4."""
    eam.insert(1)
    source, _ = eam.streaming()

    def write() -> None:
        with closing(eam.session()) as session, session.cursor() as cursor:
            for _ in range(50):
                cursor.execute("UPDATE asset SET value = value + 1")

    writers = [threading.Thread(target=write) for _ in range(3)]
    with closing(source):
        for writer in writers:
            writer.start()
        said = next_changes(source, 150)
        for writer in writers:
            writer.join()
    assert [c.after and c.after[2] for c in said] == [*range(2, 152)]
    assert Position(said[-1].position) > said[0].position
