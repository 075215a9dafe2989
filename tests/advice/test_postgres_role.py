"""An EAM's PostgreSQL that lets syncd do nothing by itself: a role without rights, a DBA who makes slot and
publication. Each statement is run as it is printed, while the EAM goes on."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from psycopg2.extensions import make_dsn

from connectors.postgres.server import publication_sql, slot_sql
from syncd.daemon.supervisor import Runner
from syncd.demo import eam
from tests.acceptance.test_repair import sound, tools
from tests.advice import advice, heard
from tests.advice.postgres_plant import BY, Here, built
from tests.servers import Postgres

REPAIR = ("repair", "--yes", *BY)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def plant(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """Read by a role that may log in, and read all tables but one."""
    with built(postgres, tmp_path_factory.mktemp("plant"), create=False) as made:
        role = f"reader_{made.eam.name}"
        made.eam.execute(f"CREATE ROLE {role} LOGIN")
        made.eam.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; REVOKE SELECT ON repair FROM {role}")
        made.set(dsn=make_dsn(made.eam.dsn, user=role))
        yield made
        sound(made)
        made.eam.execute(f"DROP OWNED BY {role}")
    postgres.run(f"DROP ROLE {role}")


@pytest.fixture
def read(plant: Here) -> Here:
    """The plant with all rights, read once."""
    followed(plant, "snapshot", ["pg_no_replication", "pg_not_published", "pg_slot_wanted", "pg_no_select"])
    return plant


def followed(plant: Here, command: str, codes: Sequence[str]) -> None:
    """Run a command that is refused for one reason after the other, and each time what it prints; in between the EAM
    writes."""
    if plant.finance.value("SELECT position FROM syncd.pipeline") is not None:
        return
    for code in codes:
        plant.eam.execute(heard(code, plant.hear(command))["repair"])
        chat(plant)
    plant.syncd(command)


def chat(plant: Here) -> None:
    """Something that the books do not hear of."""
    plant.eam.execute("INSERT INTO supplier SELECT max(id) + 1, 'GYS-' || max(id) + 1, '供应商' FROM supplier")


def work(plant: Here) -> None:
    eam.register(plant.eam, tools(1, next(NUMBERS)))


def arrives(plant: Here) -> None:
    """What people do now comes without anybody's help. That nothing is missing is looked at when all is done."""
    work(plant)
    with plant.carrying():
        plant.settled()


def again(plant: Here, runner: Runner, code: str) -> None:
    """Wait until the daemon has tried something once more for this reason."""
    plant.until(code, lambda: runner.meters[0].retries[code])


@advice("pg_no_replication", "pg_not_published", "pg_slot_wanted", "pg_no_select")
def test_what_a_dba_is_asked_for_is_enough(read: Here) -> None:
    arrives(read)


@advice("pg_row_security")
def test_rows_that_were_hidden_are_shown_again(read: Here) -> None:
    """The log tells of all rows; what somebody looked at in between is compared once more."""
    said = heard("pg_row_security", read.halted("ALTER TABLE asset ENABLE ROW LEVEL SECURITY"))
    work(read)
    read.eam.execute(said["repair"])
    assert read.json("repair", "--force", "--yes", *BY)["parked"] == {}
    arrives(read)


@advice("pg_connections", "pg_gone")
def test_a_server_that_takes_no_connections_is_tried_again(read: Here) -> None:
    role = f"reader_{read.eam.name}"
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ?"
    with read.carrying() as runner:
        read.settled()
        read.eam.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        work(read)
        read.eam.execute(ended, (role,))
        again(read, runner, "pg_gone")
        again(read, runner, "pg_connections")
        said = heard("pg_connections", read.hear("check"))
        assert role in said["error"]
        read.eam.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        read.settled()
    read.syncd("check")
    arrives(read)


@advice("pg_resources")
def test_a_server_that_has_run_out_of_something_is_tried_again(read: Here) -> None:
    """The server's own error 53100, raised where the heartbeat is written."""
    for statement in (
        "CREATE TABLE beats (beat timestamptz)",
        f"GRANT SELECT, UPDATE ON beats TO reader_{read.eam.name}",
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER full_disk BEFORE UPDATE ON beats EXECUTE FUNCTION full_disk()",
    ):
        read.eam.execute(statement)
    read.set(heartbeat_table="beats")
    work(read)
    with read.carrying() as runner:
        again(read, runner, "pg_resources")
        heard("pg_resources", read.hear("status"))
        read.eam.execute("DROP TRIGGER full_disk ON beats")
        read.settled()
    read.set(heartbeat_table=None)
    arrives(read)


@advice("pg_no_right", "pg_no_replication")
def test_a_right_that_is_missing_is_named_by_a_check(read: Here) -> None:
    """The slot is taken away by a role that may not replicate any more."""
    read.eam.execute(f"ALTER ROLE reader_{read.eam.name} NOREPLICATION")
    read.set(create=True)
    remove = ("uninstall", "--yes", *BY)
    heard("pg_no_right", read.hear(*remove))
    (wrong,) = [f for f in read.json("check", expect=1)["demo"] if f["level"] == "error"]
    assert wrong["code"] == "pg_no_replication"
    read.eam.execute(wrong["repair"])
    read.syncd(*remove)
    assert read.eam.value("SELECT 1 FROM pg_replication_slots WHERE slot_name = ?", read.source["slot"]) is None


@advice("pg_late_publication", "pg_slot_with_hole")
def test_a_slot_older_than_its_publication_is_made_anew(postgres: Postgres, tmp_path: Path) -> None:
    """A DBA has made it first; tables that log no old rows were read as they are."""
    with built(postgres, tmp_path, is_full=False, create=False) as plant:
        tables = [name for (name,) in plant.eam.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        slot = plant.source["slot"]
        plant.eam.execute(slot_sql(slot))
        chat(plant)
        plant.eam.execute(publication_sql(slot, tables, exists=False))
        plant.syncd("snapshot")
        heard("pg_late_publication", plant.halted())
        work(plant)
        plant.eam.execute(heard("pg_slot_with_hole", plant.hear(*REPAIR))["repair"])
        assert set(plant.json(*REPAIR)["rules"]) == {"registration"}
        arrives(plant)
        sound(plant)
