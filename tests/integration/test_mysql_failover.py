"""A replica takes the primary's place, and its log is gone on with by the names of the transactions."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import yaml

from connectors.mysql import stream
from syncd import wiring
from syncd.daemon import drain, reader
from syncd.errors import Gap
from tests.advice import advice, heard
from tests.advice.mysql_books import BY, Books
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
    """Invariants 1 and 2: nothing between is lost or said again, positions go on growing, and the new log is resumed
    from as the old one was."""
    primary, replica = pair
    source, position = eam.streaming(failover=True)
    with closing(source):
        eam.insert(1, 2)
        sets = read_until(source, ended(2))
        identity = source.identity()
    eam.run("INSERT INTO asset SELECT seq + 2, 'FA', 1, NULL FROM seq_1_to_3000")
    caught_up(primary, replica)
    with closing(MysqlEam(replica.dsn(eam.name), schema="SELECT 1")) as there:
        for checkpoint, first in ((position, 1), (sets[-1].position, 3)):
            with closing(there.start(checkpoint, failover=True)) as promoted:
                assert promoted.identity() == identity
                parts = read_until(promoted, ended(3003 - first))
            said = changes(parts)
            assert [c.after and c.after[0] for c in said] == [*range(first, 3003)]
            assert min(c.position for c in said) > checkpoint
            for part in parts[:-1]:
                with closing(there.start(part.position, failover=True)) as promoted:
                    left = [c for c in said if c.position > part.position]
                    assert changes(read_until(promoted, ended(len(left)))) == left
        eam.insert(4000)
        caught_up(primary, replica)
        with closing(there.start(parts[-1].position, failover=True)) as promoted:
            assert [c.after and c.after[0] for c in next_changes(promoted, 1)] == [4000]


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


@contextmanager
def promoted(pair: tuple[MariaDb, MariaDb], eam: MysqlEam, directory: Path) -> Iterator[Books]:
    """Books whose pipeline has read the primary, up to now; its EAM is the replica's."""
    eam.insert(1)
    caught_up(*pair)
    with closing(MysqlEam(pair[1].dsn(eam.name), schema="SELECT 1")) as there:
        books = Books(there, directory, dsn=eam.dsn, failover=True)
        books.syncd("snapshot")
        yield books


@advice("mysql_failover_behind")
def test_what_a_replica_that_is_behind_lacks_is_taken_back(
    pair: tuple[MariaDb, MariaDb], eam: MysqlEam, tmp_path: Path
) -> None:
    """Invariants 1, 2 and 15: and comes again with the log of the new primary."""
    _, replica = pair
    with promoted(pair, eam, tmp_path) as books:
        replica.run("STOP SLAVE")
        eam.insert(2)
        with books.daemon():
            until(lambda: len(books.booked()) == 2)
        books.configure(kind="mysql", dsn=books.eam.dsn, failover=True)
        heard("mysql_failover_behind", books.halted())
        books.syncd("repair", "--yes", *BY)
        assert books.booked() == books.owned() == {"1": 1}
        replica.run("START SLAVE")
        with books.daemon():
            until(lambda: books.booked() == books.owned() == {"1": 1, "2": 1})


@advice("mysql_failover_midway")
def test_what_was_read_in_part_is_completed(
    pair: tuple[MariaDb, MariaDb], eam: MysqlEam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariants 1, 2 and 15."""
    monkeypatch.setattr(stream, "CHANGES_MAX", 3)
    monkeypatch.setattr(reader, "TRANSACTION_CHANGES_MAX", 3)
    with promoted(pair, eam, tmp_path) as books:
        eam.run("INSERT INTO asset SELECT seq + 1, 'a', 1, NULL FROM seq_1_to_9")
        carry_one_change(books)
        assert 1 < len(books.booked()) < 10
        caught_up(*pair)
        books.configure(kind="mysql", dsn=books.eam.dsn, failover=True)
        heard("mysql_failover_midway", books.halted())
        books.syncd("repair", "--yes", *BY)
        assert len(books.booked()) == 10
        assert books.booked() == books.owned()
        books.syncd("dry-run")


def carry_one_change(books: Books) -> None:
    """As a daemon does that falls behind its first batch."""

    def fall(tally: drain.Tally, _: object) -> None:
        if tally.changes:
            raise KeyboardInterrupt

    config = yaml.safe_load(books.config.read_text("utf-8"))
    config["pipelines"]["books"]["batch_changes_max"] = 1
    books.config.write_text(yaml.safe_dump(config), "utf-8")
    spec = wiring.pipeline(books.config, "books").spec()
    with closing(spec.open_ledger()) as ledger:
        ledger.acquire()
        with pytest.raises(KeyboardInterrupt):
            drain.to_the_end(spec, ledger, False, fall)
