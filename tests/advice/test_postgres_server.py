"""What an EAM's PostgreSQL server does not allow or does not keep: what is said is done to the letter."""

import re
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extras import LogicalReplicationConnection

from syncd.demo import eam
from tests.acceptance.test_repair import sound, tools
from tests.advice import advice, heard
from tests.advice.postgres_plant import BY, Here, built
from tests.integration.test_postgres_slot import throw_away_log
from tests.servers import Postgres, postgres_server

REPAIR = ("repair", "--yes", *BY)
SET_BY_DBA = ("wal_level", "max_replication_slots", "max_wal_senders", "max_wal_size")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server that is set by `ALTER SYSTEM`; as it is installed its log is not for logical replication."""
    settings = {"max_prepared_transactions": "2", "checkpoint_timeout": "1h"}
    with postgres_server(left=SET_BY_DBA, segment_mb="1", **settings) as made:
        made.run("ALTER SYSTEM SET max_replication_slots = 1")
        made.run("ALTER SYSTEM SET max_wal_senders = 1")
        restart(made)
        yield made


@pytest.fixture(scope="module")
def plant(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with built(server, tmp_path_factory.mktemp("plant")) as made:
        yield made
        sound(made)


def restart(server: Postgres) -> None:
    server.stop()
    server.start()


def carried(plant: Here, number: int) -> None:
    """What people do now arrives without anybody's help. That nothing is missing is looked at when all is done."""
    eam.register(plant.eam, tools(1, number))
    with plant.carrying():
        plant.settled()


@advice("pg_wal_level", "pg_no_free_slot", "pg_no_free_sender", "pg_slot_waits")
def test_a_server_is_given_what_it_lacks(server: Postgres, plant: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is rid of a transaction that somebody has prepared and forgotten."""
    server.run("SELECT pg_create_physical_replication_slot('taken')")
    with closing(psycopg2.connect(server.dsn(), connection_factory=LogicalReplicationConnection)):
        lacking = [f for f in plant.json("check", expect=1)["demo"] if f["level"] == "error"]
        assert [f["code"] for f in lacking] == ["pg_wal_level", "pg_no_free_slot", "pg_no_free_sender"]
        heard("pg_wal_level", plant.hear("snapshot"))
        for finding in lacking:
            server.run(finding["repair"])
        restart(server)
    plant.eam.open()
    plant.finance.open()
    monkeypatch.setattr("connectors.postgres.source.SLOT_WAIT_S", 1)
    for statement in ("BEGIN", "DELETE FROM supplier", "PREPARE TRANSACTION 'forgotten'"):
        plant.eam.execute(statement)
    said = heard("pg_slot_waits", plant.hear("snapshot"))["transactions"]
    prepared = re.match(r"prepared (\w+) ", said)
    assert prepared is not None, said
    plant.eam.execute(f"ROLLBACK PREPARED '{prepared[1]}'")
    plant.syncd("snapshot")
    carried(plant, 1)


@pytest.fixture
def behind(server: Postgres, plant: Here) -> Iterator[Here]:
    """The plant, read once; what was set of how much log is kept is taken back."""
    if server.run("SHOW wal_level") != [("logical",)]:
        server.run("ALTER SYSTEM SET wal_level = logical")
        server.run("ALTER SYSTEM SET max_wal_senders = 5")
        restart(server)
    plant.eam.open()
    plant.finance.open()
    if plant.finance.value("SELECT position FROM syncd.pipeline") is None:
        plant.syncd("snapshot")
    yield plant
    for name in ("max_wal_size", "max_slot_wal_keep_size"):
        server.run(f"ALTER SYSTEM RESET {name}")
    server.run("SELECT pg_reload_conf()")


def keeps(server: Postgres, setting: str, value: str) -> None:
    server.run(f"ALTER SYSTEM SET {setting} = '{value}'")
    server.run("SELECT pg_reload_conf()")


def goes_on(server: Postgres, segments: int) -> None:
    for _ in range(segments):
        server.run("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()")


def kept(plant: Here) -> str:
    """How the server stands to the log that the slot needs."""
    slot = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = ?"
    return str(plant.eam.value(slot, plant.source["slot"]))


@advice("pg_slot_extended")
def test_a_reader_that_is_behind_catches_up(server: Postgres, behind: Here) -> None:
    keeps(server, "max_wal_size", "2MB")
    goes_on(server, 4)
    behind.until("more log than that", lambda: kept(behind) == "extended")
    heard("pg_slot_extended", behind.syncd("check"))
    with behind.carrying():
        behind.until("the log to be let go", lambda: server.run("CHECKPOINT") or kept(behind) == "reserved")
    assert "max_wal_size" not in behind.syncd("check")
    carried(behind, 11)


@advice("pg_slot_unreserved")
def test_log_that_is_about_to_be_thrown_away_is_kept(server: Postgres, behind: Here) -> None:
    eam.register(behind.eam, tools(1, 21))
    keeps(server, "max_slot_wal_keep_size", "1MB")
    goes_on(server, 4)
    behind.until("more log than that", lambda: kept(behind) == "unreserved")
    heard("pg_slot_unreserved", behind.syncd("check"))
    keeps(server, "max_slot_wal_keep_size", "1GB")
    server.run("CHECKPOINT")
    carried(behind, 22)


@advice("pg_slot_lost")
def test_log_that_was_thrown_away_is_made_good(server: Postgres, behind: Here) -> None:
    eam.register(behind.eam, tools(1, 31))
    keeps(server, "max_slot_wal_keep_size", "1MB")
    throw_away_log(server)
    behind.until("the log to be thrown away", lambda: kept(behind) == "lost")
    heard("pg_slot_lost", behind.halted())
    assert set(behind.json(*REPAIR)["rules"]) == {"registration"}
    keeps(server, "max_slot_wal_keep_size", "1GB")
    carried(behind, 32)
