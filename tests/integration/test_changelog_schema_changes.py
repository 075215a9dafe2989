"""Invariant 14: somebody does anything that the grammar below can say to an EAM in SQLite and to the triggers in it,
while people write. Whoever hears the change table in the end knows the tables as they are, or the source has said that
it does not.

pytest tests/integration/test_changelog_schema_changes.py -k "[17]" replays a run."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest

from connectors.changelog import source as changelog
from syncd.change import Column, Kind, Table
from syncd.errors import Fault
from syncd.ports import Source
from tests.integration.schema_changes import STEPS_MAX, Grammar, heard, said

RUNS = 60
OUTCOMES: dict[bool, int] = {True: 0, False: 0}
"""Runs in which something was noticed, and in which nothing had to be."""
NAMES = "id INTEGER PRIMARY KEY, code TEXT, value TEXT, remark TEXT"
COLUMNS = (
    *(Column("id", Kind.INTEGER), Column("code", Kind.TEXT)),
    *(Column("value", Kind.DECIMAL, "money"), Column("remark", Kind.TEXT)),
)
GRAMMAR: Grammar = {
    "statement": (
        "ALTER TABLE {table} ADD COLUMN {extra} TEXT DEFAULT '7'",
        "ALTER TABLE {table} ADD COLUMN {extra} AS (id * 2)",
        "ALTER TABLE {table} DROP COLUMN {column}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO {renamed}",
        "ALTER TABLE {table} RENAME COLUMN {column} TO y ; ALTER TABLE {table} RENAME COLUMN y TO {column}",
        "ALTER TABLE {table} RENAME COLUMN code TO y ; ALTER TABLE {table} RENAME COLUMN remark TO code ;"
        " ALTER TABLE {table} RENAME COLUMN y TO remark",
        "ALTER TABLE {table} RENAME TO away",
        "ALTER TABLE {table} RENAME TO away ; ALTER TABLE away RENAME TO {table}",
        "ALTER TABLE {table} RENAME TO away ; ALTER TABLE other RENAME TO {table}",
        "CREATE TABLE copy AS SELECT * FROM {table} ; DROP TABLE {table} ; ALTER TABLE copy RENAME TO {table}",
        f"CREATE TABLE copy ({NAMES}) ; INSERT INTO copy SELECT * FROM {{table}} ; DROP TABLE {{table}} ;"
        " ALTER TABLE copy RENAME TO {table}",
        "DROP TABLE IF EXISTS {victim}",
        "DROP TRIGGER syncd_{table}_{moment}",
        "DROP TRIGGER syncd_{table}_{moment} ; {write} ; INSTALL",
        "INSTALL",
        "CREATE TRIGGER touched_{table} AFTER INSERT ON {table} BEGIN UPDATE {table} SET remark = 't'; END",
        "CREATE TRIGGER copied AFTER UPDATE ON other BEGIN INSERT OR REPLACE INTO part SELECT * FROM other; END",
        "DELETE FROM syncd_change",
        "DROP TABLE syncd_change",
        "DROP TABLE syncd_change ; INSTALL",
        "CREATE UNIQUE INDEX by_{column} ON {table} ({column})",
        "CREATE INDEX of_{column} ON {table} ({column})",
        "PRAGMA recursive_triggers = {switch}",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
    ),
    "write": (
        "UPDATE {table} SET value = '{number}' WHERE id % {few} = 0",
        "UPDATE {table} SET id = id + 50 WHERE id = {id}",
        "UPDATE OR REPLACE {table} SET id = id + 1",
        "UPDATE OR IGNORE {table} SET id = {id}",
        "INSERT OR IGNORE INTO {table} (id, code, value) VALUES ({id}, 'N', '{number}')",
        "REPLACE INTO {table} (id, code, value) VALUES ({id}, 'R', '{number}')",
        "INSERT INTO {table} (id, value) VALUES ({id}, '1') ON CONFLICT (id) DO UPDATE SET value = '2'",
        "INSERT OR IGNORE INTO other (id, value) VALUES ({id}, '{number}')",
        "UPDATE other SET value = '{number}'",
        "INSERT OR FAIL INTO {table} (id, value) VALUES ({number}, '1'), ({id}, '2'), ({id}, '3')",
        "DELETE FROM {table} WHERE id = {id}",
        "INSERT INTO part SELECT id + 300, code, value, remark FROM asset WHERE id < 300",
    ),
    "table": ("asset", "part"),
    "victim": ("other", "away", "asset", "part"),
    "column": ("code", "value", "remark", "id"),
    "renamed": ("remark", "total", "x"),
    "extra": ("x", "y", "total"),
    "moment": ("insert", "update", "delete", "before_insert"),
    "switch": ("0", "1"),
    "few": ("1", "2", "3"),
    "id": ("1", "2", "3", "4", "11", "97"),
}


class Eam:
    """A file with two tracked tables, its change table installed."""

    def __init__(self, path: Path) -> None:
        self.tables = {name: Table(name, name, COLUMNS, (0,)) for name in ("asset", "part")}
        self._settings = changelog.Settings("sqlite", str(path), prune_rows_max=0)
        self._db = sqlite3.connect(path, isolation_level=None)
        self.run(*(f"CREATE TABLE {name} ({NAMES})" for name in ("asset", "part", "other")))
        self.run("INSERT INTO asset VALUES (1, 'A', '10', NULL), (2, 'B', '20', 'x'), (4, 'C', '40', NULL)")
        self.run("INSERT INTO part VALUES (3, 'A', '10', NULL), (97, 'B', '20', 'x')")
        self.run("INSERT INTO other VALUES (11, 'O', '10', NULL)")
        self.install()

    def close(self) -> None:
        self._db.close()

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """One statement after the other; the rows of the last."""
        found: list[tuple[object, ...]] = []
        for statement in statements:
            found = self._db.execute(statement).fetchall()
        return found

    def install(self) -> None:
        changelog.install(self._settings, self.tables)

    def source(self) -> Source:
        return changelog.connect(self._settings, self.tables, "main")


@pytest.fixture
def eam(tmp_path: Path) -> Iterator[Eam]:
    with closing(Eam(tmp_path / "eam.db")) as made:
        yield made


@pytest.mark.parametrize("seed", range(RUNS))
def test_there_is_never_a_silent_difference(eam: Eam, seed: int) -> None:
    chance = Random(seed)
    with closing(eam.source()) as source:
        source.start(None)
        acts = [partial(_act, eam, chance)] * chance.randrange(4, STEPS_MAX)
        fault = heard(eam, source, [*acts, partial(_touch, eam)], chance)
    OUTCOMES[fault is not None] += 1
    if fault is None:
        return
    with closing(eam.source()) as again, suppress(Fault):  # a repair looks at it anew: no trace, whatever it is
        again.find_whole("s0")  # type: ignore[arg-type]
        again.start(None)


def test_both_ways_were_met() -> None:
    """Else the runs above show nothing."""
    if sum(OUTCOMES.values()) == RUNS:
        assert min(OUTCOMES.values()) >= RUNS // 10, OUTCOMES


def _act(eam: Eam, chance: Random) -> None:
    """One statement, or several, perhaps in one transaction; what is refused has not happened. What was said is
    printed, for whoever replays a run."""
    settled = {"table": chance.choice(GRAMMAR["table"])}
    text = said(GRAMMAR, chance, "statement" if chance.random() < 0.3 else "write", settled)
    if chance.random() < 0.2 and "INSTALL" not in text:
        text = f"BEGIN ; {text} ; {said(GRAMMAR, chance, 'write', settled)} ; COMMIT"
    for part in text.split(" ; "):
        with suppress(sqlite3.Error, Fault):
            eam.install() if part == "INSTALL" else eam.run(part)
            print(part)


def _touch(eam: Eam) -> None:
    """Change every row: where a declared column is called otherwise now, its rows say so."""
    for table in eam.tables:
        for column in ("code", "remark"):
            with suppress(sqlite3.Error):
                eam.run(f"UPDATE {table} SET {column} = coalesce({column}, '') || '!'")
