"""A replica takes the primary's place, and its log is gone on with by the names of the transactions."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from syncd.errors import Gap
from tests.integration.eam import changes, next_changes, read_until, until
from tests.integration.mysql_eam import MysqlEam, ended
from tests.servers import MariaDb, mariadb_server
from tests.servers.mariadb import PASSWORD, USER


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[MariaDb, MariaDb]]:
    """A primary and its replica, which has a log of its own."""
    with ExitStack() as stack:
        primary = stack.enter_context(mariadb_server())
        replica = stack.enter_context(mariadb_server(server_id="2", log_slave_updates="ON"))
        replica.run("RESET MASTER")
        replica.run("SET GLOBAL gtid_slave_pos = ''")
        replica.run("FLUSH BINARY LOGS")
        replica.run(
            f"CHANGE MASTER TO master_host = '127.0.0.1', master_port = {primary.port}, master_user = '{USER}',"
            f" master_password = '{PASSWORD}', master_use_gtid = slave_pos"
        )
        replica.run("START SLAVE")
        yield primary, replica


@pytest.fixture
def eam(pair: tuple[MariaDb, MariaDb]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(pair[0].create_database())) as eam:
        yield eam


def caught_up(primary: MariaDb, replica: MariaDb) -> None:
    until(lambda: primary.run("SELECT @@gtid_binlog_pos") == replica.run("SELECT @@gtid_slave_pos"))


def test_what_the_old_primary_did_not_say_the_new_one_says(pair: tuple[MariaDb, MariaDb], eam: MysqlEam) -> None:
    """Invariants 1 and 2: nothing between is lost or said again, and positions go on growing."""
    primary, replica = pair
    source, position = eam.streaming(failover=True)
    with closing(source):
        eam.insert(1, 2)
        sets = read_until(source, ended(2))
        identity = source.identity()
    eam.insert(3)
    caught_up(primary, replica)
    there = MysqlEam(replica.dsn(eam.name), schema="SELECT 1")
    with closing(there):
        for checkpoint, left in ((position, [1, 2, 3]), (sets[-1].position, [3])):
            with closing(there.start(checkpoint, failover=True)) as promoted:
                assert promoted.identity() == identity
            with closing(there.start(checkpoint, failover=True)) as promoted:
                said = read_until(promoted, ended(len(left)))
            assert [c.after and c.after[0] for c in changes(said)] == left
            assert min(c.position for c in changes(said)) > checkpoint
        eam.insert(4)
        caught_up(primary, replica)
        with closing(there.start(said[-1].position, failover=True)) as promoted:
            assert [c.after and c.after[0] for c in next_changes(promoted, 1)] == [4]


def test_another_log_is_refused_without_the_setting(pair: tuple[MariaDb, MariaDb], eam: MysqlEam) -> None:
    source, position = eam.streaming()
    source.close()
    caught_up(*pair)
    there = MysqlEam(pair[1].dsn(eam.name), schema="SELECT 1")
    with closing(there), pytest.raises(Gap):
        there.start(position)


def test_a_replica_that_is_behind_is_refused(pair: tuple[MariaDb, MariaDb], eam: MysqlEam) -> None:
    """Invariant 1: what was read and posted it does not know of."""
    primary, replica = pair
    caught_up(primary, replica)
    replica.run("STOP SLAVE")
    source, _ = eam.streaming(failover=True)
    with closing(source):
        eam.insert(1)
        position = read_until(source, ended(1))[-1].position
    there = MysqlEam(replica.dsn(eam.name), schema="SELECT 1")
    with closing(there), pytest.raises(Gap) as gap:
        there.start(position, failover=True)
    assert gap.value.code == "mysql_failover_behind"
    replica.run("START SLAVE")


def test_a_transaction_read_in_part_is_not_guessed_at(pair: tuple[MariaDb, MariaDb], eam: MysqlEam) -> None:
    source, _ = eam.streaming(failover=True)
    with closing(source):
        eam.run("INSERT INTO asset SELECT seq, 'a', 1, NULL FROM seq_1_to_3000")
        part = read_until(source, lambda sets: bool(sets and sets[-1].changes))[-1].position
    caught_up(*pair)
    there = MysqlEam(pair[1].dsn(eam.name), schema="SELECT 1")
    with closing(there), pytest.raises(Gap) as gap:
        there.start(part, failover=True)
    assert gap.value.code == "mysql_failover_midway"
