"""Invariant 14: whatever keeps a tracked table's changes from the change table is noticed while it is read, and when it
is read again, by its own reason; what keeps nothing from it stops nobody."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pymysql
import pytest

from connectors.changelog import source as changelog
from connectors.mysql import dsn as mysql_dsn
from syncd.change import Column, Kind, Position, Table
from syncd.errors import Fault, Gap, Halt
from syncd.ports import Source

WAIT_S = 60.0
COLUMNS = (
    Column("id", Kind.INTEGER),
    Column("code", Kind.TEXT),
    Column("value", Kind.DECIMAL, "money"),
    Column("remark", Kind.TEXT),
)
NAMES = "id INTEGER PRIMARY KEY, code VARCHAR(50), value NUMERIC(18,2), remark VARCHAR(50), more VARCHAR(50)"
SCHEMAS: Mapping[str, str] = {
    "postgres": f"""
        CREATE SCHEMA eam;
        CREATE TABLE eam.asset ({NAMES});
        INSERT INTO eam.asset SELECT n, 'A' || n, n * 100, '' FROM generate_series(1, 5) n;
        CREATE TABLE eam.part ({NAMES}) PARTITION BY RANGE (id);
        CREATE TABLE eam.part_low PARTITION OF eam.part FOR VALUES FROM (0) TO (100);
        CREATE TABLE eam.part_high PARTITION OF eam.part FOR VALUES FROM (100) TO (200);
        INSERT INTO eam.part SELECT n, 'P' || n, n * 100, '' FROM generate_series(96, 105) n;
        CREATE TABLE eam.loose ({NAMES});
        INSERT INTO eam.loose VALUES (250, 'P250', 1, '')
    """,
    "mysql": f"""
        CREATE TABLE asset ({NAMES});
        INSERT INTO asset VALUES (1, 'A1', 100, '', ''), (2, 'A2', 200, '', ''), (3, 'A3', 300, '', ''),
          (4, 'A4', 400, '', ''), (5, 'A5', 500, '', '');
        CREATE TABLE part ({NAMES}) PARTITION BY RANGE (id)
          (PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN (200));
        INSERT INTO part VALUES (99, 'P99', 1, '', ''), (100, 'P100', 1, '', '')
    """,
    "sqlite": f"""
        CREATE TABLE asset ({NAMES});
        INSERT INTO asset VALUES (1, 'A1', 100, '', ''), (2, 'A2', 200, '', ''), (3, 'A3', 300, '', ''),
          (4, 'A4', 400, '', ''), (5, 'A5', 500, '', '');
        CREATE TABLE part ({NAMES});
        INSERT INTO part VALUES (99, 'P99', 1, '', '')
    """,
}


class Eam:
    """A database with two tracked tables, its change table installed."""

    def __init__(self, kind: Any, where: str) -> None:
        self.kind, self.settings = kind, changelog.Settings(kind, where, prune_rows_max=0)
        schema = "eam." if kind == "postgres" else ""
        self.tables = {name: Table(name, schema + name, COLUMNS, (0,)) for name in ("asset", "part")}
        self._db: Any
        if kind == "postgres":
            self._db = psycopg2.connect(where)
            self._db.autocommit = True
        elif kind == "mysql":
            self._db = pymysql.connect(**mysql_dsn.parse(where).arguments(), charset="utf8mb4", autocommit=True)
        else:
            self._db = sqlite3.connect(where, isolation_level=None)
        self.run(SCHEMAS[kind])
        changelog.install(self.settings, self.tables)

    def run(self, statements: str) -> list[tuple[Any, ...]]:
        """One statement after the other; the rows of the last."""
        found: list[tuple[Any, ...]] = []
        for statement in statements.split(";;" if ";;" in statements else ";"):
            cursor = self._db.cursor()
            if statement.strip():
                cursor.execute(statement)
                found = list(cursor.fetchall()) if cursor.description else []
        return found

    def install(self, **tables: Table) -> None:
        changelog.install(self.settings, tables or self.tables)

    def source(self, pipeline: str = "main") -> Source:
        return changelog.connect(self.settings, self.tables, pipeline)

    def streaming(self) -> tuple[Source, Position]:
        """A source past its snapshot, and where it stands."""
        source = self.source()
        source.start(None)
        while True:
            said = source.read(WAIT_S)
            assert said is not None
            if not source.in_snapshot(said.position):
                return source, said.position

    def close(self) -> None:
        self._db.close()


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Eam]]:
    """Makes an EAM of a kind."""
    eams: list[Eam] = []

    def make(kind: str) -> Eam:
        fixtures = {"postgres": "new_database", "mysql": "new_mariadb"}
        where = request.getfixturevalue(fixtures[kind])() if kind in fixtures else str(tmp_path / "eam.db")
        eams.append(Eam(kind, where))
        return eams[-1]

    yield make
    for eam in eams:
        eam.close()


class Case(NamedTuple):
    """On a kind of database, what is done, and the reason that is heard."""

    kind: str
    code: str
    statements: str


TRIGGERS, ANEW = "changelog_triggers_anew", "changelog_anew"
CHANGE = "UPDATE eam.asset SET value = 1"
LOST: Mapping[str, Case] = (
    {
        f"{case.kind}: {name}": case
        for name, case in {
            "trigger disabled for a while": Case(
                "postgres",
                TRIGGERS,
                f'ALTER TABLE eam.asset DISABLE TRIGGER "0_syncd_change"; {CHANGE};'
                'ALTER TABLE eam.asset ENABLE ALWAYS TRIGGER "0_syncd_change"',
            ),
            "all triggers disabled": Case("postgres", TRIGGERS, "ALTER TABLE eam.asset DISABLE TRIGGER ALL"),
            "no longer for replicated rows": Case(
                "postgres", TRIGGERS, 'ALTER TABLE eam.asset ENABLE TRIGGER "0_syncd_change"'
            ),
            "trigger dropped": Case("postgres", TRIGGERS, 'DROP TRIGGER "0_syncd_truncate" ON eam.asset'),
            "trigger of a partition disabled for a while": Case(
                "postgres",
                TRIGGERS,
                'ALTER TABLE eam.part_low DISABLE TRIGGER "0_syncd_change";'
                'ALTER TABLE eam.part_low ENABLE ALWAYS TRIGGER "0_syncd_change"',
            ),
            "function replaced": Case(
                "postgres",
                ANEW,
                "CREATE OR REPLACE FUNCTION syncd_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL, END'"
                ";;".replace(",", ";"),
            ),
            "function replaced for a while": Case(
                "postgres",
                ANEW,
                "ALTER FUNCTION syncd_write() SECURITY INVOKER; ALTER FUNCTION syncd_write() SECURITY DEFINER",
            ),
            "table made anew": Case(
                "postgres",
                "pg_table_anew",
                "CREATE TABLE eam.new (LIKE eam.asset INCLUDING ALL); DROP TABLE eam.asset;"
                "ALTER TABLE eam.new RENAME TO asset",
            ),
            "column made anew": Case(
                "postgres",
                "pg_columns_anew",
                "ALTER TABLE eam.asset DROP COLUMN value, ADD COLUMN value numeric(18,2) DEFAULT 7",
            ),
            "names of two columns exchanged": Case(
                "postgres",
                "pg_columns_anew",
                "ALTER TABLE eam.asset RENAME code TO x; ALTER TABLE eam.asset RENAME remark TO code;"
                "ALTER TABLE eam.asset RENAME x TO remark",
            ),
            "values written by an ALTER": Case(
                "postgres",
                "pg_rows_rewritten",
                "ALTER TABLE eam.asset ALTER COLUMN value TYPE numeric(20,2) USING value * 10",
            ),
            "partition detached": Case(
                "postgres", "pg_partition_gone", "ALTER TABLE eam.part DETACH PARTITION eam.part_high"
            ),
            "partition attached with rows": Case(
                "postgres",
                "pg_partition_attached",
                "ALTER TABLE eam.part ATTACH PARTITION eam.loose FOR VALUES FROM (200) TO (300)",
            ),
            "partition emptied": Case("postgres", "pg_partition_emptied", "TRUNCATE eam.part_high"),
            "change table emptied": Case("postgres", "changelog_pruned", f"{CHANGE}; DELETE FROM syncd_change"),
            "change table truncated": Case("postgres", "changelog_pruned", f"{CHANGE}; TRUNCATE syncd_change"),
        }.items()
    }
    | {
        f"{case.kind}: {name}": case
        for name, case in {
            "trigger dropped": Case("mysql", TRIGGERS, "DROP TRIGGER syncd_asset_update"),
            "values of another type": Case(
                "mysql", "changelog_columns_anew", "ALTER TABLE asset MODIFY value DECIMAL(18, 0)"
            ),
            "column made anew": Case(
                "mysql",
                "changelog_columns_anew",
                "ALTER TABLE asset DROP value; ALTER TABLE asset ADD value DECIMAL(18, 2)",
            ),
            "emptied": Case("mysql", "changelog_emptied", "TRUNCATE asset"),
            "partition dropped": Case("mysql", "changelog_partition_gone", "ALTER TABLE part DROP PARTITION high"),
            "change table emptied": Case(
                "mysql", "changelog_pruned", "UPDATE asset SET value = 1; DELETE FROM syncd_change"
            ),
            "table made anew": Case(
                "mysql", TRIGGERS, "CREATE TABLE other LIKE asset; DROP TABLE asset; RENAME TABLE other TO asset"
            ),
        }.items()
    }
    | {
        f"{case.kind}: {name}": case
        for name, case in {
            "trigger dropped": Case("sqlite", TRIGGERS, "DROP TRIGGER syncd_asset_update"),
            "table made anew": Case("sqlite", TRIGGERS, f"DROP TABLE asset; CREATE TABLE asset ({NAMES})"),
            "names of two columns exchanged": Case(
                "sqlite",
                TRIGGERS,
                "ALTER TABLE asset RENAME code TO x; ALTER TABLE asset RENAME remark TO code;"
                "ALTER TABLE asset RENAME x TO remark",
            ),
            "change table emptied": Case(
                "sqlite", "changelog_pruned", "UPDATE asset SET value = 1; DELETE FROM syncd_change"
            ),
        }.items()
    }
)
BROKEN: Mapping[str, tuple[Case, str]] = {
    "postgres: column renamed": (
        Case("postgres", "changelog_no_column", "ALTER TABLE eam.asset RENAME value TO amount"),
        "ALTER TABLE eam.asset RENAME amount TO value",
    ),
    "postgres: table renamed": (
        Case("postgres", "changelog_table_gone", "ALTER TABLE eam.asset RENAME TO assets"),
        "ALTER TABLE eam.assets RENAME TO asset",
    ),
    "mysql: column renamed": (
        Case("mysql", "changelog_no_column", "ALTER TABLE asset RENAME COLUMN value TO amount"),
        "ALTER TABLE asset RENAME COLUMN amount TO value",
    ),
    "mysql: table renamed": (
        Case("mysql", "changelog_table_gone", "RENAME TABLE asset TO assets"),
        "RENAME TABLE assets TO asset",
    ),
    "sqlite: column renamed": (
        Case("sqlite", "changelog_no_column", "ALTER TABLE asset RENAME value TO amount"),
        "ALTER TABLE asset RENAME amount TO value",
    ),
    "sqlite: table renamed": (
        Case("sqlite", "changelog_table_gone", "ALTER TABLE asset RENAME TO assets"),
        "ALTER TABLE assets RENAME TO asset",
    ),
}
HARMLESS: Mapping[str, Case] = {
    f"{kind}: {name}": Case(kind, "", statements)
    for kind, name, statements in (
        (
            "postgres",
            "columns that nobody declares",
            "ALTER TABLE eam.asset ADD x int; ALTER TABLE eam.part ADD y text",
        ),
        ("postgres", "a column that nobody declares goes", "ALTER TABLE eam.asset DROP more"),
        ("postgres", "an index", "CREATE INDEX ON eam.asset (code)"),
        ("postgres", "rows moved", "VACUUM FULL eam.asset; VACUUM FULL eam.part_high; VACUUM FULL syncd_change"),
        (
            "postgres",
            "a partition made",
            "CREATE TABLE eam.part_next PARTITION OF eam.part FOR VALUES FROM (200) TO (300);"
            "INSERT INTO eam.part VALUES (201, 'P201', 1, '')",
        ),
        ("postgres", "statistics", "ANALYZE eam.asset; VACUUM FREEZE eam.asset; VACUUM FREEZE pg_trigger"),
        (
            "postgres",
            "a trigger of another",
            "CREATE TRIGGER t BEFORE UPDATE ON eam.asset FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        ),
        ("mysql", "columns that nobody declares", "ALTER TABLE asset ADD x INT FIRST; ALTER TABLE part ADD y TEXT"),
        ("mysql", "a column that nobody declares goes", "ALTER TABLE asset DROP more"),
        ("mysql", "an index", "CREATE INDEX i ON asset (code)"),
        ("mysql", "rows moved", "OPTIMIZE TABLE asset; ANALYZE TABLE asset; ALTER TABLE asset FORCE"),
        ("mysql", "a partition made", "ALTER TABLE part ADD PARTITION (PARTITION top VALUES LESS THAN (300))"),
        ("mysql", "all deleted", "DELETE FROM asset; INSERT INTO asset (id) VALUES (1); DELETE FROM asset"),
        ("sqlite", "a column that nobody declares goes", "ALTER TABLE asset DROP more; ALTER TABLE asset ADD x INT"),
        ("sqlite", "an index", "CREATE INDEX i ON asset (code)"),
        ("sqlite", "rows moved", "VACUUM; ANALYZE; VACUUM; REINDEX"),
        ("sqlite", "a trigger of another", "CREATE TRIGGER t AFTER UPDATE ON asset BEGIN SELECT 1; END;;"),
    )
}


def noticed(source: Source) -> Fault:
    """What the reader hears within seconds, when nothing is written to the table any more."""
    deadline = time.monotonic() + WAIT_S
    try:
        while time.monotonic() < deadline:
            source.lag()
            source.read(0.05)
    except Fault as fault:
        return fault
    pytest.fail("nobody noticed")


def go_on(source: Source, known: str, position: Position) -> None:
    """As a daemon that is started again."""
    source.recognise(known)
    source.start(position)


@pytest.mark.parametrize("name", LOST)
def test_a_hole_is_noticed(made: Callable[[str], Eam], name: str) -> None:
    case = LOST[name]
    eam = made(case.kind)
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        eam.run(case.statements)
        fault = noticed(source)
    assert (isinstance(fault, Gap), fault.code) == (True, case.code)
    eam.install()
    with closing(eam.source()) as again, pytest.raises(Gap, match=case.code):
        go_on(again, known, position)  # though the triggers are whole by now
    with closing(eam.source()) as repaired:
        repaired.start(None)


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_check_refuses_stops_the_reader(made: Callable[[str], Eam], name: str) -> None:
    case, mended = BROKEN[name]
    eam = made(case.kind)
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        eam.run(case.statements)
        fault = noticed(source)
    assert (type(fault), fault.code) == (Halt, case.code)
    eam.run(mended)
    with closing(eam.source()) as again:
        go_on(again, known, position)
        eam.run(f"UPDATE {eam.tables['asset'].name} SET value = 3 WHERE id = 4")
        said = again.read(WAIT_S)
        assert said is not None
        assert [c.after[2] for c in said.changes if c.after] == [3]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_loses_nothing_stops_nobody(made: Callable[[str], Eam], name: str) -> None:
    case = HARMLESS[name]
    eam = made(case.kind)
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        source.lag()
        eam.run(case.statements)
        source.lag()
        eam.run(f"INSERT INTO {eam.tables['part'].name} (id) VALUES (1)")
        deadline = time.monotonic() + WAIT_S
        while (said := source.read(0.1)) is None or said.changes[-1].table != "part" or said.changes[-1].after[0] != 1:  # type: ignore[index]
            assert time.monotonic() < deadline
        source.lag()
    with closing(eam.source()) as again:
        go_on(again, known, position)


def test_nothing_is_taken_from_behind_a_hole(made: Callable[[str], Eam]) -> None:
    """It would lie on top of what is missing, and hide it from a repair."""
    eam = made("postgres")
    source, _ = eam.streaming()
    with closing(source):
        eam.run(LOST["postgres: trigger disabled for a while"].statements + "; UPDATE eam.asset SET value = 2")
        with pytest.raises(Gap, match=TRIGGERS):
            source.read(WAIT_S)


@pytest.mark.parametrize("kind", ["postgres", "mysql", "sqlite"])
def test_triggers_that_install_replaces_are_no_hole(made: Callable[[str], Eam], kind: str) -> None:
    """Another mapping declares one more column, twice: nobody could write meanwhile."""
    eam = made(kind)
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        for more in ((Column("more", Kind.TEXT),), ()):
            eam.install(asset=replace(eam.tables["asset"], columns=(*COLUMNS, *more)))
        eam.run(f"UPDATE {eam.tables['asset'].name} SET value = 3 WHERE id = 4")
        assert source.read(WAIT_S)
        source.lag()
    with closing(eam.source()) as again:
        go_on(again, known, position)
        assert again.read(WAIT_S)
        known = again.identity()
    eam.run('DROP TRIGGER "0_syncd_change" ON eam.asset' if kind == "postgres" else "DROP TRIGGER syncd_asset_update")
    eam.install()
    with closing(eam.source("other")) as again, pytest.raises(Gap, match=TRIGGERS):
        again.recognise(known)


@pytest.mark.parametrize("kind", ["postgres", "mysql", "sqlite"])
def test_an_identity_of_an_earlier_version_goes_on(made: Callable[[str], Eam], kind: str) -> None:
    """Invariant 16."""
    eam = made(kind)
    source, position = eam.streaming()
    with closing(source):
        known = source.identity().partition(changelog.MARKED)[0]
    eam.run("DROP TABLE syncd_renewed")
    if kind == "sqlite":
        eam.run("DROP VIEW syncd_asset_whole; DROP VIEW syncd_part_whole")
    with closing(eam.source()) as again:
        go_on(again, known, position)
        again.lag()
        known = again.identity()
    eam.install()
    with closing(eam.source()) as again:
        go_on(again, known, position)


@pytest.mark.parametrize("kind", ["postgres", "mysql", "sqlite"])
def test_a_change_table_that_is_dropped_is_missed_and_made_good(made: Callable[[str], Eam], kind: str) -> None:
    eam = made(kind)
    source, _ = eam.streaming()
    with closing(source):
        known = source.identity()
        eam.run("DROP TABLE syncd_change")
        if kind != "sqlite":  # there no trigger can do without
            eam.run(f"UPDATE {eam.tables['asset'].name} SET value = 3 WHERE id = 4")
        assert noticed(source).code == "changelog_missing"
    eam.install()
    eam.run("SELECT 1 FROM syncd_change")  # a session of SQLite learns of it by any statement but a trigger's
    eam.run(f"UPDATE {eam.tables['asset'].name} SET value = 4 WHERE id = 4")
    with closing(eam.source()) as again, pytest.raises(Gap):
        again.recognise(known)
    with closing(eam.source()) as repaired:
        repaired.start(None)


ODD = {
    "postgres": """
        CREATE TABLE eam."设备 Card" ("编号" INTEGER, "Name" TEXT, more TEXT,
          half NUMERIC(18,2) GENERATED ALWAYS AS ("编号" / 2.0) STORED);
        CREATE TABLE eam.gone (id INTEGER PRIMARY KEY, code TEXT)
    """,
    "mysql": """
        CREATE TABLE `设备 Card` (`编号` INTEGER, `Name` VARCHAR(50), more VARCHAR(50),
          half NUMERIC(18,2) GENERATED ALWAYS AS (`编号` / 2) STORED);
        CREATE TABLE gone (id INTEGER PRIMARY KEY, code VARCHAR(50))
    """,
    "sqlite": """
        CREATE TABLE "设备 Card" ("编号" INTEGER, "Name" TEXT, more TEXT,
          half NUMERIC GENERATED ALWAYS AS ("编号" / 2.0) STORED);
        CREATE TABLE gone (id INTEGER PRIMARY KEY, code TEXT)
    """,
}


@pytest.mark.parametrize("kind", ODD)
def test_the_eam_writes_whatever_is_done_to_its_tables(made: Callable[[str], Eam], kind: str) -> None:
    """A table without a key, with names of any kind and a computed column; a column that goes under the trigger: the
    EAM's writes go through before, during and after."""
    eam = made(kind)
    quote, schema = ("`", "") if kind == "mysql" else ('"', "eam." if kind == "postgres" else "")
    eam.run(ODD[kind])
    columns = (Column("编号", Kind.INTEGER), Column("Name", Kind.TEXT), Column("half", Kind.DECIMAL, "money"))
    card = Table("card", f"{schema}设备 Card", columns, (0,))
    eam.tables = {"card": card}
    table = f"{schema}{quote}设备 Card{quote}"
    number, name = f"{quote}编号{quote}", f"{quote}Name{quote}"

    def write(n: int, label: str = name) -> None:
        eam.run(f"INSERT INTO {table} ({number}, {label}) VALUES ({n}, 'x')")
        eam.run(f"UPDATE {table} SET {label} = 'y' WHERE {number} = {n}")

    write(1)
    eam.install()
    write(2)
    source, _ = eam.streaming()
    with closing(source):
        write(4)
        images = []
        while len(images) < 2:
            said = source.read(WAIT_S)
            assert said is not None
            images += [change.after for change in said.changes]
        assert images == [(4, "x", 2), (4, "y", 2)]
        source.lag()
        eam.run(f"ALTER TABLE {table} RENAME COLUMN {name} TO label")
        write(6, "label")
        assert noticed(source).code == "changelog_no_column"
    eam.run(f"ALTER TABLE {table} RENAME COLUMN label TO {name}")
    eam.install()
    write(8)
    if kind != "sqlite":
        eam.run(f"ALTER TABLE {table} DROP COLUMN {name}")
        write(10, "more")
        eam.run(f"ALTER TABLE {table} ADD COLUMN {name} VARCHAR(50)")
    changelog.remove(eam.settings, eam.tables)
    write(12)
    eam.run(f"DELETE FROM {table}")


def test_whom_rows_are_hidden_from_reads_none_of_the_table(made: Callable[[str], Eam]) -> None:
    """A reader that a policy shows nothing would see an empty table: its repair would call every asset gone. Rights
    that are taken away stop it too. What is printed mends both."""
    eam = made("postgres")
    eam.run(
        "CREATE ROLE watched LOGIN; GRANT USAGE ON SCHEMA eam, public TO watched;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA eam TO watched; GRANT ALL ON ALL TABLES IN SCHEMA public TO watched;"
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO watched"
    )
    owner = eam.settings
    eam.settings = replace(owner, database=re.sub("//[^@]*@", "//watched@", owner.database))
    try:
        for harm, code in (
            ("ALTER TABLE eam.asset ENABLE ROW LEVEL SECURITY", "pg_row_security"),
            ("REVOKE SELECT ON eam.part FROM watched", "changelog_refused"),
        ):
            source, position = eam.streaming()
            with closing(source):
                eam.run(harm)
                fault = noticed(source)
            assert (type(fault), fault.code) == (Halt, code)
            with closing(eam.source()) as again:
                with pytest.raises(Halt, match=code):
                    again.start(position)
                with pytest.raises(Halt, match=code):
                    again.look()
                (found,) = [f for f in again.check() if f.code == code]
            eam.run(found.repair)
            with closing(eam.source()) as again:
                again.start(position)
    finally:
        eam.run("DROP OWNED BY watched; DROP ROLE watched")
