"""The replication slot: what it is asked to keep, to forget, and what happens when somebody lays hands on it."""

import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from connectors.postgres.position import parse
from connectors.postgres.source import PostgresSource
from syncd.change import ChangeSet
from syncd.errors import Fault, Halt, Transient
from tests.advice import advice
from tests.integration.eam import (
    WAIT_S,
    Eam,
    changes,
    holding,
    next_changes,
    past_the_snapshot,
    read_until,
    until,
    whole,
)
from tests.servers import Postgres, postgres_server


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[Eam]:
    with closing(Eam(new_database())) as eam:
        yield eam


def insert(eam: Eam, id: int) -> None:
    eam.run(f"INSERT INTO eam.asset VALUES ({id})")


def test_the_slot_forgets_what_is_durable_and_nothing_else(eam: Eam) -> None:
    """Invariant 1: reading moves nothing; what is acknowledged moves the slot up to there."""
    source, start = eam.streaming()
    with closing(source):
        insert(eam, 1)
        insert(eam, 2)
        first, second = (s for s in read_until(source, holding(2)) if s.changes)
        source.keepalive()
        until(lambda: eam.confirmed() == parse(start).lsn)
        source.ack(first.position)
        source.keepalive()
        until(lambda: eam.confirmed() == parse(first.position).lsn)
        insert(eam, 3)
        next_changes(source, 1)
    assert eam.confirmed() == parse(first.position).lsn
    with closing(eam.start(second.position)) as source:
        assert [c.after and c.after[0] for c in next_changes(source, 1)] == [3]


def test_a_part_of_a_transaction_is_not_the_whole_of_it(eam: Eam) -> None:
    """Invariant 1: of a long transaction half of which is durable, the slot must keep all."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("INSERT INTO eam.asset SELECT generate_series(1, 3000)")
        first, second = (s for s in read_until(source, holding(3000)) if s.changes)
        source.ack(first.position)
    with closing(eam.start(first.position)) as source:
        assert next_changes(source, 1000) == list(second.changes)


def test_an_idle_slot_moves_on(eam: Eam) -> None:
    """Facts: an idle tracked table on a busy server must not hold the log."""
    with closing(eam.start(heartbeat_s=0.1)) as source:
        position = read_until(source, past_the_snapshot)[-1].position
        eam.run("CREATE TABLE eam.note (id int)")
        for _ in range(3):
            eam.run("INSERT INTO eam.note SELECT generate_series(1, 1000)")
            (beat,) = read_until(source, lambda sets: len(sets) == 1)
            assert not beat.changes
            assert beat.position > position
            position = beat.position
            source.ack(position)
        source.keepalive()
        until(lambda: eam.confirmed() == parse(position).lsn)
        assert source.lag().bytes_behind is not None


def test_a_heartbeat_table_may_be_written_to(eam: Eam) -> None:
    eam.run("CREATE TABLE eam.beat (id int PRIMARY KEY, beat timestamptz)", "INSERT INTO eam.beat VALUES (1)")
    with closing(eam.start(heartbeat_s=0.1, heartbeat_table="eam.beat")) as source:
        read_until(source, lambda sets: past_the_snapshot(sets) and len(sets) > 2)
    assert eam.run("SELECT beat IS NOT NULL FROM eam.beat") == [(True,)]


def test_the_reader_stays_alive_while_it_does_not_read(eam: Eam) -> None:
    """A queue may be full for long; `wal_sender_timeout` must not strike."""
    source = eam.connect()
    source.close()
    eam.run(f"ALTER DATABASE {eam.name} SET wal_sender_timeout = '2s'")
    source, _ = eam.streaming()
    with closing(source):
        insert(eam, 1)
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:
            source.keepalive()
            select.select([], [], [], 0.1)
        assert len(next_changes(source, 1)) == 1
        read_until(source, lambda sets: time.monotonic() > deadline + 3.0)  # nor while there is nothing to read
        insert(eam, 2)
        assert len(next_changes(source, 1)) == 1


def test_the_lag_is_in_bytes_and_the_slot_tells_what_it_holds(eam: Eam) -> None:
    source, _ = eam.streaming()
    with closing(source):
        eam.run("INSERT INTO eam.asset SELECT generate_series(1, 5000)")
        behind = source.lag()
        assert behind.bytes_behind is not None
        assert behind.bytes_behind > 300_000
        assert int(behind.note["retained_bytes"]) >= behind.bytes_behind
        assert behind.note["wal_status"] == "reserved"
        source.ack(read_until(source, whole(5000))[-1].position)
        assert (source.lag().bytes_behind or 0) < 10_000


def interfere(eam: Eam, sql: str) -> Halt:
    """What start says after somebody did `sql` to the slot while the reader was away."""
    source, position = eam.streaming()
    source.close()
    until(lambda: eam.run(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{eam.slot}'") == [(False,)])
    insert(eam, 1)
    eam.run(sql.format(slot=eam.slot))
    with pytest.raises(Halt) as halt:
        eam.start(position)
    return halt.value


def test_a_dropped_slot_is_not_made_anew_by_itself(eam: Eam) -> None:
    """Facts: slot lost, and the gap is silent. It must not be."""
    assert interfere(eam, "SELECT pg_drop_replication_slot('{slot}')").code == "pg_slot_missing"
    assert eam.run("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") == [(0,)]


def test_a_slot_that_was_made_anew_is_found_out(eam: Eam) -> None:
    again = "SELECT pg_drop_replication_slot('{slot}'); SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"
    assert interfere(eam, again).code == "pg_slot_ahead"


def test_a_slot_that_was_moved_is_found_out(eam: Eam) -> None:
    moved = interfere(eam, "SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())")
    assert moved.code == "pg_slot_ahead"
    assert moved.params["confirmed"] > moved.params["checkpoint"]


def test_a_restart_is_not_mistaken_for_interference(eam: Eam) -> None:
    """Whatever the server was told, the slot never stands beyond what the ledger was given to keep."""
    source, position = eam.streaming()
    for _ in range(3):
        eam.run("CREATE TABLE IF NOT EXISTS eam.note (id int)", "INSERT INTO eam.note SELECT generate_series(1, 1000)")
        said = source.read(0.3)
        position = position if said is None else said.position
        source.close()
        source = eam.start(position, heartbeat_s=0.1)
    source.close()


@advice("pg_slot_waits")
def test_a_slot_that_waits_says_for_whom(eam: Eam, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its creation waits for every open transaction, however long: that is said, with who holds it open."""
    monkeypatch.setattr("connectors.postgres.source.SLOT_WAIT_S", 1)
    with closing(psycopg2.connect(eam.settings.dsn)) as idle:
        idle.cursor().execute("INSERT INTO eam.asset VALUES (1)")
        with pytest.raises(Transient) as waits:
            eam.start()
        assert waits.value.code == "pg_slot_waits"
        pid = re.search(r"pid (\d+) \(\d+ s\)", waits.value.params["transactions"])
        assert pid is not None
        assert int(pid[1]) == idle.info.backend_pid
        assert eam.run("SELECT slot_name FROM pg_replication_slots WHERE slot_name = '" + eam.slot + "'") == []
        insert(eam, 2)
        eam.run(f"SELECT pg_terminate_backend({pid[1]})")
    with closing(eam.start()) as source:
        assert [c.after and c.after[0] for c in next_changes(source, 1)] == [2]


def test_the_identity_is_that_of_the_log(eam: Eam) -> None:
    with closing(eam.connect()) as one, closing(eam.connect()) as again, closing(eam.connect(slot="other")) as other:
        assert one.identity() == again.identity() != other.identity()


@advice("pg_slot_active")
def test_a_slot_in_use_is_waited_for(eam: Eam) -> None:
    """Invariant 9: a second reader waits for the first one to go."""
    source, position = eam.streaming()
    with closing(source), pytest.raises(Transient) as busy:
        eam.start(position)
    assert busy.value.code == "pg_slot_active"
    eam.start(position).close()


def test_a_server_that_goes_comes_back_with_nothing_lost() -> None:
    """Invariant 1, and the errors' policy: a restart of the server is transient. Invariant 5: nor does it wait for
    what finance has not yet acknowledged."""
    with postgres_server() as server, closing(Eam(server.create_database())) as eam:
        source, start = eam.streaming()
        with closing(source):
            insert(eam, 1)
            stop = threading.Thread(target=server.stop)
            stop.start()
            said, gone = until_it_fails(source)
            source.close()
            stop.join(WAIT_S)
            assert not stop.is_alive()
        assert (type(gone), gone.code) == (Transient, "pg_gone")
        with pytest.raises(Transient):
            eam.connect()
        server.start()
        with closing(Eam(eam.settings.dsn, "INSERT INTO eam.asset VALUES (2)")) as back:
            for position in (start, *(s.position for s in said)):
                with closing(back.start(position)) as source:
                    left = [2] if any(c.position <= position for c in changes(said)) else [1, 2]
                    assert [c.after and c.after[0] for c in next_changes(source, len(left))] == left


def until_it_fails(source: PostgresSource) -> tuple[list[ChangeSet], Fault]:
    said: list[ChangeSet] = []
    while True:
        try:
            if (changes := source.read(0.1)) is not None:
                said.append(changes)
        except Fault as fault:
            return said, fault


def test_log_that_the_server_threw_away_is_found_out() -> None:
    """Where nothing was read yet there is nothing to repair; a DBA who keeps the slots makes it anew."""
    with (
        postgres_server(segment_mb="1", max_slot_wal_keep_size="1MB") as server,
        closing(Eam(server.create_database())) as eam,
    ):
        source, position = eam.streaming()
        source.close()
        lost = f"SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{eam.slot}'"
        throw_away_log(server)
        until(lambda: eam.run(lost) == [("lost",)])
        with pytest.raises(Halt) as halt:
            eam.start(position)
        assert halt.value.code == "pg_slot_lost"
        with pytest.raises(Halt) as halt:
            eam.start(create=False)
        assert halt.value.code == "pg_slot_too_old"
        eam.run(halt.value.params["repair"])
        eam.start(create=False).close()


def throw_away_log(server: Postgres) -> None:
    for _ in range(4):
        server.run("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000)), pg_switch_wal()")
        server.run("CHECKPOINT")


def test_the_wrong_wal_level_is_refused_with_its_repair() -> None:
    with postgres_server(wal_level="replica") as server, closing(Eam(server.create_database())) as eam:
        with closing(eam.connect()) as source:
            (wrong,) = [f for f in source.check() if f.level == "error"]
        with pytest.raises(Halt) as halt:
            eam.start()
    assert (wrong.code, wrong.params) == ("pg_wal_level", {"wal_level": "replica"})
    assert "ALTER SYSTEM SET wal_level = logical" in wrong.repair
    assert halt.value.code == "pg_wal_level"


def test_a_login_that_fails_is_not_tried_again(eam: Eam, postgres: Postgres) -> None:
    for dsn, code in (
        (postgres.dsn(eam.name, "nobody_of_that_name"), "pg_login"),
        (postgres.dsn("no_such_database"), "pg_no_database"),
        ("postgresql://[", "pg_dsn"),
    ):
        with pytest.raises(Halt) as halt:
            eam.connect(dsn=dsn)
        assert halt.value.code == code


def test_no_server_is_transient(eam: Eam) -> None:
    with pytest.raises(Transient):
        eam.connect(dsn="postgresql://postgres@127.0.0.1:1/x")


def test_every_connection_is_closed(eam: Eam) -> None:
    def connected() -> bool:
        ours = "application_name LIKE 'syncd%' AND datname = current_database()"
        return eam.run(f"SELECT count(*) FROM pg_stat_activity WHERE {ours}") != [(0,)]

    source, _ = eam.streaming()
    assert connected()
    source.close()
    until(lambda: not connected())
