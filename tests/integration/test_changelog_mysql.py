"""The change table in MariaDB: numbers that commit out of order, values of every type, other triggers, rights."""

import random
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from connectors.changelog import source as changelog
from connectors.changelog.position import at
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import server
from syncd.change import ABSENT, Change, Column, Kind, Malformed, Row, Table
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Source
from tests.advice import advice
from tests.servers import MariaDb

ASSET = Table(
    "asset",
    "asset",
    (Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("value", Kind.DECIMAL, "money")),
    (0,),
)
CREATE = "CREATE TABLE asset (id INT PRIMARY KEY, name VARCHAR(50), value DECIMAL(18, 2), remark TEXT)"
WAIT_S = 120.0
PASSED_BY = "changelog_truncate"
DEADLOCKED = (1205, 1213)


class Session:
    """A person's connection."""

    def __init__(self, dsn: str, autocommit: bool = False) -> None:
        self.db = pymysql.connect(**mysql_dsn.parse(dsn).arguments(), charset="utf8mb4", autocommit=autocommit)

    def run(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with self.db.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def put(self, number: int) -> None:
        self.run("INSERT INTO asset (id) VALUES (%s)", number)


class Eam:
    """A database with one table; each session is a connection of its own."""

    def __init__(self, dsn: str, create: str = CREATE, table: Table = ASSET) -> None:
        self.dsn = dsn
        self.name = dsn.rpartition("/")[2]
        self.tables = {table.alias: table}
        self.settings = changelog.Settings("mysql", dsn, prune_rows_max=0)
        self._sessions: list[Session] = []
        self.run = self.session(autocommit=True).run
        self.run(create)

    def session(self, autocommit: bool = False) -> Session:
        self._sessions.append(Session(self.dsn, autocommit))
        return self._sessions[-1]

    def install(self) -> "Eam":
        changelog.install(self.settings, self.tables)
        return self

    def source(self, dsn: str = "") -> Source:
        settings = changelog.Settings("mysql", dsn or self.dsn, prune_rows_max=0)
        return changelog.connect(settings, self.tables, "main")

    def started(self) -> Source:
        """A source past its snapshot."""
        source = self.source()
        source.start(None)
        while (said := source.read(WAIT_S)) is not None and said.changes:
            pass
        return source

    def findings(self) -> list[str]:
        """Without that on TRUNCATE, which is always there."""
        with closing(self.source()) as source:
            return [finding.code for finding in source.check() if finding.code != PASSED_BY]

    def client(self, script: str) -> None:
        """What a DBA does with a script: the server's own client reads it."""
        address = mysql_dsn.parse(self.dsn)
        subprocess.run(
            [
                "mariadb",
                "--no-defaults",
                f"--host={address.host}",
                f"--port={address.port}",
                f"--user={address.user}",
                f"--password={address.password}",
            ],
            input=script,
            text=True,
            check=True,
        )

    def close(self) -> None:
        for session in self._sessions:
            session.db.close()


@pytest.fixture
def bare(new_mariadb: Callable[[], str]) -> Iterator[Eam]:
    eam = Eam(new_mariadb())
    yield eam
    eam.close()


@pytest.fixture
def eam(bare: Eam) -> Eam:
    return bare.install()


@pytest.fixture
def user(mariadb: MariaDb, bare: Eam) -> Iterator[Callable[[str], str]]:
    """Makes a user who may do only what is granted; gives the DSN."""
    created: list[str] = []

    def create(name: str) -> str:
        created.append(name)
        mariadb.run(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'secret'")
        mariadb.run(f"GRANT SELECT, INSERT ON {bare.name}.asset TO {name}@'127.0.0.1'")
        return bare.dsn.replace("syncd:", f"{name}:")

    yield create
    for name in created:
        mariadb.run(f"DROP USER {name}@'127.0.0.1'")


def ids(source: Source, count: int) -> list[object]:
    """The keys of the next changes."""
    return [change.after and change.after[0] for change in said(source, count)]


def said(source: Source, count: int) -> list[Change]:
    changes: list[Change] = []
    while len(changes) < count:
        found = source.read(WAIT_S)
        assert found is not None, f"only {changes}"
        changes += found.changes
    return changes


# Numbers that commit out of order ---------------------------------------------------------------------------------


def test_nothing_behind_an_open_transaction_is_said(eam: Eam) -> None:
    """Invariant 1: its number would be stepped over, and its changes never be read."""
    early, late = eam.session(), eam.session()
    with closing(eam.started()) as source:
        early.put(1)
        late.put(2)
        late.db.commit()
        assert source.read(0.2) is None
        threading.Timer(0.1, early.db.commit).start()
        assert ids(source, 2) == [1, 2]


def test_a_number_that_was_rolled_back_is_given_up_whatever_else_is_open(eam: Eam) -> None:
    """A posting run that goes on for hours, and writes elsewhere, holds nothing up."""
    eam.run("CREATE TABLE report (id INTEGER)")
    reporting, failing, working = eam.session(), eam.session(), eam.session()
    reporting.run("INSERT INTO report VALUES (1)")
    with closing(eam.started()) as source:
        failing.put(1)
        working.put(2)
        working.db.commit()
        assert source.read(0.2) is None
        failing.db.rollback()
        assert ids(source, 1) == [2]
        working.run("SAVEPOINT here")
        working.put(3)
        working.run("ROLLBACK TO SAVEPOINT here")
        working.put(4)
        working.db.commit()
        assert ids(source, 1) == [4]


def test_who_drew_a_number_that_was_given_up_draws_another(eam: Eam) -> None:
    """Invariant 1: between a number and its row there is a moment in which nobody sees either. The EAM's own write
    goes through, and is said."""
    failing, working, late = eam.session(), eam.session(), eam.session(autocommit=True)
    with closing(eam.started()) as source:
        failing.put(1)
        working.put(2)
        failing.db.rollback()
        working.db.commit()
        assert ids(source, 1) == [2]
        assert eam.run("SELECT seq, op FROM syncd_change") == [(1, "none"), (2, "insert")]
        late.run("SET insert_id = 1")
        late.put(3)
        assert ids(source, 1) == [3]
    assert eam.run("SELECT id FROM asset") == [(2,), (3,)]


def test_more_numbers_than_are_given_up_at_once(eam: Eam, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 11."""
    monkeypatch.setattr("connectors.changelog.mysql.CLAIMS_MAX", 2)
    failing, early, working = eam.session(), eam.session(), eam.session()
    with closing(eam.started()) as source:
        for number in range(1, 6):
            failing.put(number)
        early.put(6)
        working.put(7)
        failing.db.rollback()
        working.db.commit()
        while (found := source.read(0.2)) is not None:
            assert not found.changes
        early.db.commit()
        assert ids(source, 2) == [6, 7]


def test_the_snapshot_and_a_transaction_that_was_open_when_it_began(eam: Eam) -> None:
    """Invariant 1: what it writes is in the stream, for it is not in the snapshot."""
    eam.run("INSERT INTO asset (id) VALUES (1)")
    early, late = eam.session(), eam.session()
    early.put(2)
    late.put(3)
    late.db.commit()
    with closing(eam.source()) as source:
        source.start(None)
        threading.Timer(0.1, early.db.commit).start()
        changes = said(source, 3)
    assert sorted((c.op, c.after[0]) for c in changes if c.after) == [("insert", 2), ("insert", 3), ("read", 1)]


def test_many_writers_at_once(eam: Eam) -> None:
    """Invariants 1 and 4: every commit is said, each row's changes in the order of their effects."""
    seed = random.randrange(2**32)
    with closing(eam.started()) as source:
        writers = [threading.Thread(target=_write_at_random, args=(eam.dsn, seed + n)) for n in range(6)]
        for writer in writers:
            writer.start()
        images: dict[object, Row] = {}
        is_done = False
        while True:
            found = source.read(0.2)
            for change in found.changes if found else ():
                before = images.pop(change.before[0]) if change.before else None
                assert before == change.before, f"seed {seed}: {change} follows {before}"
                if change.after:
                    images[change.after[0]] = change.after
            if found is None and is_done:
                break
            is_done = not any(writer.is_alive() for writer in writers)
    held = {row[0]: row[1] for row in eam.run("SELECT id, name FROM asset")}
    assert {key: row[1] for key, row in images.items()} == held, f"seed {seed}"


def _write_at_random(dsn: str, seed: int) -> None:
    chance = random.Random(seed)
    session = Session(dsn)
    with closing(session.db):
        for turn in range(60):
            try:
                for _ in range(chance.randrange(1, 4)):
                    _write(session, chance, chance.randrange(1, 6), f"{seed}.{turn}")
            except pymysql.err.OperationalError as error:
                if error.args[0] not in DEADLOCKED:
                    raise
                session.db.rollback()
            if chance.random() < 0.25:
                session.db.rollback()
            session.db.commit()


def _write(session: Session, chance: random.Random, number: int, name: str) -> None:
    match chance.randrange(4):
        case 0:
            session.run("INSERT IGNORE INTO asset (id, name) VALUES (%s, %s)", number, name)
        case 1:
            session.run("UPDATE asset SET name = %s WHERE id = %s", name, number)
        case 2:
            session.run("DELETE FROM asset WHERE id = %s", number)
        case 3:
            session.run("REPLACE INTO asset (id, name) VALUES (%s, %s)", number, name)


# Values -----------------------------------------------------------------------------------------------------------

CONTROLS = "".join(map(chr, range(1, 32)))
TYPES: Sequence[tuple[str, str, Kind, str, object]] = [
    ("INT(6) ZEROFILL", "12", Kind.INTEGER, "", 12),
    ("BIGINT UNSIGNED", "18446744073709551615", Kind.INTEGER, "", 18446744073709551615),
    ("BOOLEAN", "TRUE", Kind.BOOLEAN, "", True),
    ("BIT(1)", "b'1'", Kind.BOOLEAN, "", True),
    ("BIT(64)", "b'1" + "0" * 63 + "'", Kind.INTEGER, "", 2**63),
    (
        "DECIMAL(30, 10)",
        "'99999999999999999999.0123456789'",
        Kind.DECIMAL,
        "",
        Decimal("99999999999999999999.0123456789"),
    ),
    ("DECIMAL(18, 2)", "-0.10", Kind.DECIMAL, "money", Decimal("-0.10")),
    ("FLOAT", "1234.56", Kind.DECIMAL, "money", Decimal("1234.56")),
    ("DOUBLE", "1234567.89", Kind.DECIMAL, "money", Decimal("1234567.89")),
    ("DOUBLE", "0.1e0 + 0.2e0", Kind.DECIMAL, "", Malformed("0.30000000000000004", "malformed_float")),
    ("VARCHAR(50)", "'“𠮷” \\\\ '' \\\" 😀'", Kind.TEXT, "", "“𠮷” \\ ' \" 😀"),
    ("VARCHAR(50)", f"UNHEX('{CONTROLS.encode().hex()}')", Kind.TEXT, "", CONTROLS),
    ("VARCHAR(9)", "''", Kind.TEXT, "", ""),
    ("CHAR(9) CHARACTER SET gbk", "'车床'", Kind.TEXT, "", "车床"),
    ("TEXT CHARACTER SET latin1", "'é'", Kind.TEXT, "", "é"),
    ("JSON", '\'{"a": "\\\\"b\\\\""}\'', Kind.TEXT, "", '{"a": "\\"b\\""}'),
    ("ENUM('draft', '在用')", "'在用'", Kind.TEXT, "", "在用"),
    ("SET('a', 'b')", "'b,a'", Kind.TEXT, "", "a,b"),
    ("VARBINARY(9)", "'文'", Kind.TEXT, "", "文"),
    ("BLOB", "X'00FF'", Kind.TEXT, "", Malformed("\x00\\xff", "malformed_utf8")),
    ("DATE", "'2026-01-31'", Kind.DATE, "", date(2026, 1, 31)),
    ("DATE", "'0000-00-00'", Kind.DATE, "", Malformed("0000-00-00", "malformed_zero_date")),
    ("DATETIME(3)", "'2026-01-31 23:30:00.125'", Kind.TIMESTAMP, "", datetime(2026, 1, 31, 15, 30, 0, 125000, UTC)),
    ("TIMESTAMP(6) NULL", "'2026-01-31 23:30:00.5'", Kind.TIMESTAMP, "", datetime(2026, 2, 1, 4, 30, 0, 500000, UTC)),
    ("TIMESTAMP NULL", "0", Kind.TIMESTAMP, "", Malformed("0000-00-00 00:00:00", "malformed_zero_date")),
    ("TIME(1)", "'-12:30:00.5'", Kind.TEXT, "", "-12:30:00.5"),
    ("YEAR", "2026", Kind.INTEGER, "", 2026),
    ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", Kind.TEXT, "", "123e4567-e89b-12d3-a456-426655440000"),
    ("INT AS (id * 2) VIRTUAL", "DEFAULT", Kind.INTEGER, "", 2),
]
"""Type, value as SQL, what the mapping declares, what is said."""


def test_a_value_of_every_type_whatever_the_session_is_set_to(new_mariadb: Callable[[], str]) -> None:
    """Invariant 7: in the snapshot and in the stream alike."""
    table = Table(
        "all",
        "every type",
        (
            Column("id", Kind.INTEGER),
            *(Column(f"c'{n}\"", kind, form) for n, (_, _, kind, form, _) in enumerate(TYPES)),
        ),
        (0,),
    )
    listed = ", ".join(f"`c'{n}\"` {spelled}" for n, (spelled, *_) in enumerate(TYPES))
    eam = Eam(new_mariadb(), f"CREATE TABLE `every type` (id INT PRIMARY KEY, {listed})", table).install()
    clerk = eam.session(autocommit=True)
    clerk.run("SET time_zone = '-05:00', sql_mode = 'PAD_CHAR_TO_FULL_LENGTH', div_precision_increment = 0")
    with closing(eam.started()) as source:
        clerk.run(f"INSERT INTO `every type` VALUES (1, {', '.join(value for _, value, *_ in TYPES)})")
        clerk.run("INSERT INTO `every type` (id) VALUES (2)")
        clerk.run("DELETE FROM `every type` WHERE id = 2")
        full, empty, gone = said(source, 3)
    with closing(eam.source()) as source:
        source.start(None)
        (read,) = said(source, 1)
    eam.close()
    wanted = (1, *(value for *_, value in TYPES))
    assert full.after == wanted
    assert read.after == wanted
    assert empty.after == (2, *[None] * (len(TYPES) - 1), 4)
    assert gone.before == empty.after


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("BIGINT UNSIGNED", ["1", "9007199254740992", "9007199254740993", "18446744073709551615"]),
        ("BINARY(2)", ["X'0000'", "X'007F'", "X'2020'", "X'7A7A'"]),
        ("ENUM('z', 'b', 'a', 'y')", ["'z'", "'b'", "'a'", "'y'"]),
        ("TIMESTAMP(6)", [f"'2026-01-31 00:00:00.00000{n}'" for n in range(4)]),
        ("VARCHAR(9) COLLATE utf8mb4_general_ci", ["'B'", "'a'", "'c'", "'\\\\'"]),
    ],
)
def test_the_snapshot_goes_on_behind_any_key(
    new_mariadb: Callable[[], str], monkeypatch: pytest.MonkeyPatch, type: str, values: list[str]
) -> None:
    """Invariants 1 and 2: no row is left out or said twice, also after an interruption."""
    table = Table("row", "t", (Column("k", Kind.TEXT), Column("n", Kind.INTEGER)), (0, 1))
    eam = Eam(new_mariadb(), f"CREATE TABLE t (k {type}, n INT, PRIMARY KEY (k, n))", table).install()
    eam.run(f"INSERT INTO t VALUES {', '.join(f'({value}, {n})' for value in values for n in (9, 10, 11))}")
    monkeypatch.setattr(changelog, "ROWS_MAX", 2)
    reads: list[Change] = []
    position = None
    while position is None or position.startswith("r"):
        with closing(eam.source()) as source:
            source.start(position)
            found = source.read(WAIT_S)
            assert found is not None
            reads += found.changes
            position = found.position
    eam.close()
    assert len(reads) == len({change.after for change in reads}) == 3 * len(values)


# The triggers -----------------------------------------------------------------------------------------------------


def test_the_eam_may_rename_or_drop_a_column(eam: Eam) -> None:
    """Its own writes go on; what is not there any more is not NULL."""
    with closing(eam.started()) as source:
        eam.run("ALTER TABLE asset RENAME COLUMN name TO label")
        eam.run("INSERT INTO asset (id, value) VALUES (1, 5)")
        eam.run("UPDATE asset SET value = 6")
        with pytest.raises(Halt, match="changelog_no_column"):
            source.read(WAIT_S)
    assert eam.findings() == ["changelog_no_column"]
    eam.run("ALTER TABLE asset RENAME COLUMN label TO name")
    with closing(eam.source()) as source:
        source.start(at(0))
        inserted, updated = said(source, 2)
    assert inserted.after == (1, ABSENT, Decimal("5.00"))
    assert (updated.before, updated.after) == (inserted.after, (1, ABSENT, Decimal("6.00")))
    assert inserted.flawed
    assert updated.flawed
    eam.run("ALTER TABLE asset DROP COLUMN name")
    eam.run("INSERT INTO asset (id, value) VALUES (2, 5)")


def test_a_change_that_says_nothing_of_its_row_is_a_gap(eam: Eam) -> None:
    """Invariant 7."""
    with closing(eam.started()) as source:
        eam.run("INSERT INTO syncd_change (txid, table_name, op, occurred_at) VALUES (1, 'asset', 'update', '')")
        with pytest.raises(Gap, match="changelog_lost"):
            source.read(WAIT_S)


def test_triggers_of_others_stay_and_work(bare: Eam) -> None:
    bare.run("CREATE TRIGGER shout BEFORE INSERT ON asset FOR EACH ROW SET NEW.name = UPPER(NEW.name)")
    bare.run("CREATE TABLE audit (id INT)")
    bare.run("CREATE TRIGGER audit AFTER INSERT ON asset FOR EACH ROW INSERT INTO audit VALUES (NEW.id)")
    bare.install()
    with closing(bare.started()) as source:
        bare.run("INSERT INTO asset (id, name) VALUES (1, 'typed')")
        assert [change.after and change.after[1] for change in said(source, 1)] == ["TYPED"]
    assert bare.run("SELECT id FROM audit") == [(1,)]
    changelog.remove(bare.settings, bare.tables)
    left = bare.run("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()")
    assert sorted(left) == [("audit",), ("shout",)]


def test_a_column_more_is_covered_and_nobody_writes_meanwhile(eam: Eam) -> None:
    """Invariant 1: triggers are replaced, and what is written in that moment waits."""
    columns = (*ASSET.columns, Column("remark", Kind.TEXT))
    wider = {"asset": Table("asset", "asset", columns, (0,))}
    statements = changelog.install(eam.settings, wider, dry_run=True)
    drop = next(i for i, sql in enumerate(statements) if sql.startswith("DROP TRIGGER"))
    locked = [i for i, sql in enumerate(statements) if sql.startswith(("LOCK", "UNLOCK"))]
    assert locked[0] < drop < locked[1]
    writer = threading.Thread(target=_put_many, args=(eam.dsn, 100))
    with closing(eam.started()) as source:
        writer.start()
        changelog.install(eam.settings, wider)
        changelog.install(eam.settings, eam.tables)
        assert ids(source, 100) == list(range(1, 101))
        writer.join()
    assert eam.findings() == ["changelog_covered"]
    assert not any("TRIGGER" in sql for sql in changelog.install(eam.settings, wider, dry_run=True))


def _put_many(dsn: str, count: int) -> None:
    session = Session(dsn, autocommit=True)
    with closing(session.db):
        for number in range(1, count + 1):
            session.put(number)


def test_a_table_of_the_longest_name_in_another_database(eam: Eam, new_mariadb: Callable[[], str]) -> None:
    other = new_mariadb().rpartition("/")[2]
    name = f"{other}.{'a' * 64}"
    eam.run(f"CREATE TABLE {name} (id INT PRIMARY KEY, name TEXT, value INT)")
    eam.tables = {"asset": Table("asset", name, ASSET.columns, (0,))}
    eam.install()
    with closing(eam.started()) as source:
        eam.run(f"INSERT INTO {name} (id) VALUES (1)")
        assert ids(source, 1) == [1]
    assert eam.findings() == ["changelog_covered"]


# Rights and repairs -----------------------------------------------------------------------------------------------


def test_the_eams_own_user_needs_no_right_on_the_change_table(eam: Eam, user: Callable[[str], str]) -> None:
    dsn = user("clerk")
    clerk = Session(dsn, autocommit=True)
    with closing(clerk.db), closing(eam.started()) as source:
        clerk.put(1)
        assert ids(source, 1) == [1]
        with closing(eam.source(dsn)) as refused:
            assert {f.code for f in refused.check()} == {"changelog_refused"}


def test_a_reader_with_just_the_granted_rights_reads(eam: Eam, user: Callable[[str], str]) -> None:
    """What `check` prints is enough, and all of it is needed."""
    dsn = user("reader")
    failing, working = eam.session(), eam.session()
    failing.put(1)
    working.put(2)
    failing.db.rollback()
    working.db.commit()
    with closing(eam.source(dsn)) as source:
        while grants := [finding.repair for finding in source.check() if finding.repair]:
            eam.client("\n".join(grants))
        assert [f.level for f in source.check()] == ["ok", "warning"]
        source.start(None)
        assert ids(source, 1) == [2]
        working.put(3)
        working.db.commit()
        source.ack(at(2))
    assert changelog.prune(eam.settings, dry_run=True) == 2
    assert changelog.prune(eam.settings) == 2
    assert eam.run("SELECT seq FROM syncd_change") == [(3,)]


@advice("changelog_install_refused")
def test_a_dba_installs_what_is_printed_where_a_right_is_missing(bare: Eam, user: Callable[[str], str]) -> None:
    settings = changelog.Settings("mysql", user("owner"))
    with pytest.raises(Halt, match="changelog_install_refused") as refused:
        changelog.install(settings, bare.tables)
    assert refused.value.params["command"] == "syncd changelog install --print"
    bare.run(f"GRANT ALL ON {bare.name}.* TO owner@'127.0.0.1'")
    with pytest.raises(Halt, match="changelog_binary_log"):
        changelog.install(settings, bare.tables)
    statements = changelog.install(settings, bare.tables, dry_run=True)
    bare.client("".join(sql.removesuffix(";") + ";\n" for sql in statements))
    with closing(bare.source()) as source:
        assert [finding.code for finding in source.check()] == ["changelog_covered", PASSED_BY]
    with pytest.raises(Halt, match="changelog_binary_log") as refused:
        changelog.remove(settings, bare.tables)
    assert refused.value.params["command"] == "syncd changelog remove --print"
    bare.client("".join(f"{sql};\n" for sql in changelog.remove(settings, bare.tables, dry_run=True)))
    assert bare.run("SHOW TABLES") == [("asset",)]


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("DROP TRIGGER syncd_asset_update", "changelog_no_triggers"),
        ("ALTER TABLE asset MODIFY name VARBINARY(50)", "changelog_no_triggers"),
        ("DELETE FROM syncd_covered", "changelog_no_triggers"),
        ("DROP TABLE syncd_changelog", "changelog_missing"),
    ],
)
def test_a_finding_carries_its_repair(eam: Eam, damage: str, code: str) -> None:
    eam.run(damage)
    with closing(eam.source()) as source:
        finding = source.check()[0]
    assert finding.code == code
    eam.client(finding.repair)
    assert eam.findings() == ["changelog_covered"]


def test_what_passes_triggers_by_is_said(eam: Eam) -> None:
    """Invariant 1: a table without transactions is refused; cascades and TRUNCATE cannot be, but are named."""
    eam.run("CREATE TABLE owner (id INT PRIMARY KEY)")
    owned = "ADD CONSTRAINT owned FOREIGN KEY (owner) REFERENCES owner (id) ON DELETE CASCADE"
    eam.run(f"ALTER TABLE asset ADD owner INT, {owned}")
    assert eam.findings() == ["changelog_covered", "changelog_cascade"]
    eam.run("ALTER TABLE asset DROP FOREIGN KEY owned")
    eam.run("ALTER TABLE asset ENGINE = MyISAM")
    assert eam.findings() == ["changelog_covered", "changelog_engine"]
    with closing(eam.source()) as source:
        assert source.check()[-1].code == PASSED_BY


def test_remove_leaves_nothing(eam: Eam) -> None:
    changelog.remove(eam.settings, eam.tables)
    assert eam.run("SHOW TABLES") == [("asset",)]
    assert eam.run("SHOW TRIGGERS") == []
    with closing(eam.source()) as source, pytest.raises(Halt, match="changelog_missing"):
        source.start(None)


def test_whoever_asks_of_a_change_table_that_is_gone_hears_that(eam: Eam) -> None:
    """Invariant 14: reading, waiting, acknowledging and pruning; whichever comes first tells the person what to do."""
    eam.run("INSERT INTO asset (id, name) VALUES (1, 'a')")
    with closing(changelog.connect(replace(eam.settings, prune_rows_max=10), eam.tables, "main")) as source:
        source.start(at(0))
        eam.run("DROP TABLE syncd_change")
        for ask in (source.end, source.lag, lambda: source.read(1), lambda: source.ack(at(1))):
            with pytest.raises(Halt, match="changelog_missing"):
                ask()


def test_a_lost_connection_passes(eam: Eam) -> None:
    with closing(eam.started()) as source:
        own = eam.run("SELECT CONNECTION_ID()")[0][0]
        listed = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> %s"
        for (other,) in eam.run(listed, own):
            eam.run(f"KILL {other}")
        with pytest.raises(Transient, match="mysql_gone"):
            source.read(WAIT_S)


def test_a_database_that_does_not_answer_passes() -> None:
    with pytest.raises(Transient, match="mysql_gone"):
        changelog.connect(changelog.Settings("mysql", "mysql://syncd:x@127.0.0.1:1/eam"), {"asset": ASSET}, "main")


def test_a_table_that_is_defined_anew_under_a_reader_is_read_again(eam: Eam) -> None:
    """A reader whose transaction is older than the table is asked by the server to begin anew, and does: what it finds
    then is the reason, as a change table that is missing."""
    reader = eam.session()
    reader.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    eam.run("DROP TABLE asset")
    eam.run(CREATE)
    with pytest.raises(pymysql.OperationalError) as refused:
        reader.run("SELECT * FROM asset")
    assert isinstance(server.fault(refused.value), Transient)
