"""Invariant 14: a DBA does something to the source under the running daemon, while the EAM goes on. The daemon says why
it stops, what it prints is followed to the letter, and finance is equal to the EAM, nothing twice."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from syncd.demo import eam
from tests.acceptance.plant import Plant, plant_on
from tests.acceptance.routes import ROUTES
from tests.acceptance.test_repair import BY, NEEDS_A_PERSON, TODAY, sound, tools
from tests.advice import advice, heard


class Harm(NamedTuple):
    """What is done to the source, before the EAM writes and after it; what the daemon then says."""

    code: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()


PUBLISHED = "SELECT string_agg(schemaname || '.' || tablename, ', ') FROM pg_publication_tables WHERE pubname = ?"
PARTS = "WITH (publish_via_partition_root = true)"
ON_POSTGRES = {
    "taken out and put back": Harm(
        "pg_published_anew",
        ("ALTER PUBLICATION {p} DROP TABLE asset",),
        ("ALTER PUBLICATION {p} ADD TABLE asset",),
    ),
    "taken out": Harm("pg_published_anew", ("ALTER PUBLICATION {p} DROP TABLE asset",)),
    "inserts only for a while": Harm(
        "pg_publication_anew",
        ("ALTER PUBLICATION {p} SET (publish = 'insert')",),
        ("ALTER PUBLICATION {p} SET (publish = 'insert, update, delete, truncate')",),
    ),
    "a filter for a while": Harm(
        "pg_published_anew",
        (
            "ALTER TABLE asset REPLICA IDENTITY FULL",
            "ALTER PUBLICATION {p} SET TABLE asset WHERE (id < 0)",
        ),
        ("ALTER PUBLICATION {p} SET TABLE {all}",),
    ),
    "made anew": Harm(
        "pg_publication_anew",
        ("DROP PUBLICATION {p}",),
        ("CREATE PUBLICATION {p} FOR TABLE {all} " + PARTS,),
    ),
    "made anew without the table": Harm(
        "pg_publication_anew",
        (
            "DROP PUBLICATION {p}",
            "CREATE PUBLICATION {p} FOR TABLE department " + PARTS,
        ),
    ),
    "table made anew": Harm(
        "pg_table_anew",
        (
            "CREATE TABLE other (LIKE asset INCLUDING ALL)",
            "INSERT INTO other SELECT * FROM asset",
            "ALTER TABLE asset RENAME TO former",
            "ALTER TABLE other RENAME TO asset",
        ),
    ),
    "values written by an ALTER": Harm(
        "pg_rows_rewritten",
        ("ALTER TABLE asset ALTER name TYPE varchar(200) USING name || '*'",),
    ),
}


@pytest.fixture
def plant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plant]:
    with plant_on(ROUTES["postgres"](request), tmp_path) as made:
        yield made


def write(plant: Plant, first: int, ids: list[int]) -> None:
    """What people do meanwhile: a new device, a price that changes, one that is taken back."""
    eam.register(plant.eam, tools(1, first))
    eam.correct(plant.eam, ids[0], Decimal(150000 + first), TODAY, Decimal("151578.95"))
    eam.delete(plant.eam, ids[1])


@advice("pg_published_anew", "pg_publication_anew", "pg_table_anew", "pg_rows_rewritten")
def test_what_a_dba_does_to_postgres_is_noticed_and_repaired(plant: Plant) -> None:
    with plant.running():
        plant.settled()
    for nth, (name, harm) in enumerate(ON_POSTGRES.items(), 1):
        process = plant.start()
        ids = eam.register(plant.eam, tools(3, nth * 10))
        plant.settled()
        publication = str(plant.eam.value("SELECT pubname FROM pg_publication"))
        published = str(plant.eam.value(PUBLISHED, publication))
        for statement in harm.before:
            plant.eam.execute(statement.format(p=publication, all=published))
        write(plant, nth * 10 + 3, ids)
        for statement in harm.after:
            plant.eam.execute(statement.format(p=publication, all=published))
        eam.register(plant.eam, tools(1, nth * 10 + 4))
        assert process.wait(60) == NEEDS_A_PERSON, name
        assert plant.json("status", expect=1)[0]["report"]["error"] == harm.code, name
        heard(harm.code, plant.log_tail())
        repaired = plant.json("repair", "--yes", *BY)
        assert (bool(repaired["postings"]), repaired["parked"]) == (True, {}), name
    assert plant.json("repair", "--force", "--yes", *BY)["postings"] == {}
    with plant.running():
        eam.register(plant.eam, tools(1, 1))
        plant.settled()
    sound(plant)


RENAMED = ("ALTER TABLE asset RENAME original_value TO price", "ALTER TABLE asset RENAME price TO original_value")


@advice("column_absent")
@advice("pg_no_column")
def test_a_renamed_column_stops_the_daemon_and_nothing_of_that_time_is_lost(plant: Plant) -> None:
    """What was committed under the other name lacks the column in the log: parked with its name, found by a repair."""
    with plant.running():
        ids = eam.register(plant.eam, tools(2, 1))
        plant.settled()
    process = plant.start()
    eam.register(plant.eam, tools(1, 3))
    plant.settled()
    plant.eam.execute(RENAMED[0])
    plant.eam.execute(
        "UPDATE asset SET price = 150000, paid = 151578.95, correction = 'error', changed_on = ? WHERE id = ?",
        (str(TODAY), ids[0]),
    )
    assert process.wait(60) == NEEDS_A_PERSON
    heard("pg_no_column", plant.syncd("status", expect=1))
    plant.eam.execute(RENAMED[1])
    with plant.running():
        eam.register(plant.eam, tools(1, 4))
        plant.settled()
    (row,) = plant.json("parked", "list")
    heard("column_absent", plant.syncd("parked", "show", str(row["id"])))
    plant.json("repair", "--force", "--yes", *BY)
    assert plant.json("parked", "list") == []
    sound(plant)
