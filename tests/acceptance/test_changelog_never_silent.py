"""Invariant 14 for an EAM that is read through triggers: a DBA does something to it under the running daemon, while the
EAM goes on. The daemon says why it stops, what it prints is followed to the letter, and finance is equal to the EAM."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.demo import eam
from tests.acceptance.plant import Plant, plant
from tests.acceptance.routes import by_changelog
from tests.acceptance.test_never_silent import Harm, write
from tests.acceptance.test_repair import BY, NEEDS_A_PERSON, TODAY, sound, tools
from tests.advice import advice, heard

TRIGGERS = "changelog_triggers_anew"
HARMS: Mapping[str, Mapping[str, Harm]] = {
    "postgres": {
        "disabled for a while": Harm(
            TRIGGERS,
            ("ALTER TABLE asset DISABLE TRIGGER ALL",),
            ('ALTER TABLE asset ENABLE ALWAYS TRIGGER "0_syncd_change"', "ALTER TABLE asset ENABLE TRIGGER ALL"),
        ),
        "dropped": Harm(TRIGGERS, ('DROP TRIGGER "0_syncd_change" ON asset',)),
        "function replaced": Harm(
            "changelog_anew",
            ("CREATE OR REPLACE FUNCTION syncd_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",),
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
            "pg_rows_rewritten", ("ALTER TABLE asset ALTER name TYPE varchar(200) USING name || '*'",)
        ),
        "change table dropped": Harm("changelog_missing", ("DROP TABLE syncd_change",)),
    },
    "mysql": {
        "dropped": Harm(TRIGGERS, ("DROP TRIGGER syncd_asset_update", "DROP TRIGGER syncd_asset_insert")),
        "values of another type": Harm("changelog_columns_anew", ("ALTER TABLE asset MODIFY name VARCHAR(7)",)),
        "change table dropped": Harm("changelog_missing", ("DROP TABLE syncd_change",)),
        "emptied": Harm("changelog_emptied", (), ("SET foreign_key_checks = 0", "TRUNCATE asset")),
    },
    "sqlite": {
        "dropped": Harm(TRIGGERS, ("DROP TRIGGER syncd_asset_update", "DROP TRIGGER syncd_asset_insert")),
        "change table emptied": Harm(
            "changelog_pruned",
            (),
            (
                "BEGIN",
                "UPDATE asset SET name = name || '*'",
                "DELETE FROM syncd_change",
                "COMMIT",
            ),
        ),
    },
}


@pytest.fixture
def made(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[], str]
) -> Iterator[Callable[[str], Plant]]:
    """Makes a plant whose EAM is of a kind, read by its triggers; finance is PostgreSQL."""
    with ExitStack() as stack:

        def make(kind: str) -> Plant:
            if kind == "sqlite":
                (tmp_path / "eam.db").touch()
            dsns = {
                "postgres": new_database,
                "mysql": lambda: request.getfixturevalue("new_mariadb")(),
                "sqlite": lambda: str(tmp_path / "eam.db"),
            }
            there = stack.enter_context(plant(tmp_path, dsns[kind](), new_database(), carried=by_changelog))
            there.syncd("changelog", "install")
            return there

        yield make


@advice("changelog_triggers_anew", "changelog_anew", "changelog_missing")
@advice("changelog_columns_anew", "changelog_emptied", "changelog_pruned")
@pytest.mark.parametrize("kind", HARMS)
def test_what_a_dba_does_to_triggers_is_noticed_and_repaired(made: Callable[[str], Plant], kind: str) -> None:
    plant = made(kind)
    with plant.running():
        plant.settled()
    for nth, (name, harm) in enumerate(HARMS[kind].items(), 1):
        process = plant.start()
        ids = eam.register(plant.eam, tools(3, nth * 10))
        plant.settled()
        for statement in harm.before:
            plant.eam.execute(statement)
        write(plant, nth * 10 + 3, ids)
        for statement in harm.after:
            plant.eam.execute(statement)
        assert process.wait(60) == NEEDS_A_PERSON, name
        assert plant.json("status", expect=1)[0]["report"]["error"] == harm.code, name
        heard(harm.code, plant.log_tail())
        plant.syncd("changelog", "install")
        asked = ("--gone",) if harm.code == "changelog_emptied" else ()  # rows that went all at once are asked about
        repaired = plant.json("repair", "--yes", *asked, *BY)
        assert (bool(repaired["postings"]), repaired["parked"]) == (True, {}), name
    assert plant.json("repair", "--force", "--yes", *BY)["postings"] == {}
    with plant.running():
        eam.register(plant.eam, tools(1, 1))
        plant.settled()
    sound(plant)


def test_another_column_is_declared_and_nobody_has_to_repair(made: Callable[[str], Plant]) -> None:
    """`changelog install` replaces triggers under the running daemon; and a column that is renamed for a while."""
    plant = made("postgres")
    process = plant.start()
    plant.until("the snapshot", lambda: plant.finance.value("SELECT position FROM syncd.pipeline") is not None)
    ids = eam.register(plant.eam, tools(2, 1))
    plant.settled()
    plant.eam.execute("ALTER TABLE asset RENAME original_value TO price")
    plant.eam.execute(
        "UPDATE asset SET price = 150000, paid = 151578.95, correction = 'error', changed_on = ? WHERE id = ?",
        (str(TODAY), ids[0]),
    )
    assert process.wait(60) == NEEDS_A_PERSON
    assert plant.json("status", expect=1)[0]["report"]["error"] == "changelog_no_column"
    plant.eam.execute("ALTER TABLE asset RENAME price TO original_value")
    plant.syncd("changelog", "install")
    with plant.running():
        eam.register(plant.eam, tools(1, 4))
        eam.correct(plant.eam, ids[1], Decimal(160000), TODAY, Decimal("151578.95"))
        plant.settled()
    (row,) = plant.json("parked", "list")
    heard("column_absent", plant.syncd("parked", "show", str(row["id"])))
    plant.json("repair", "--force", "--yes", *BY)
    assert plant.json("parked", "list") == []
    sound(plant)
