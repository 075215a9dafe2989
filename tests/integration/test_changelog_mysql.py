"""The change table in MariaDB: numbers that commit out of order, other triggers, rights."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pymysql
import pytest

from connectors.changelog import source as changelog
from connectors.changelog.position import at
from connectors.mysql import server
from syncd.change import ABSENT, Column, Kind, Row, Table
from syncd.errors import Gap, Halt, Transient
from tests.advice import advice
from tests.integration.changelog_mysql import ASSET, CREATE, PASSED_BY, WAIT_S, Eam, Session
from tests.integration.eam import next_changes, next_ids
from tests.servers import MariaDb

DEADLOCKED = (1205, 1213)


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
        assert next_ids(source, 2) == [1, 2]


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
        assert next_ids(source, 1) == [2]
        working.run("SAVEPOINT here")
        working.put(3)
        working.run("ROLLBACK TO SAVEPOINT here")
        working.put(4)
        working.db.commit()
        assert next_ids(source, 1) == [4]


def test_who_drew_a_number_that_was_given_up_draws_another(eam: Eam) -> None:
    """Invariant 1: between a number and its row there is a moment in which nobody sees either. The EAM's own write
    goes through, and is said."""
    failing, working, late = eam.session(), eam.session(), eam.session(autocommit=True)
    with closing(eam.started()) as source:
        failing.put(1)
        working.put(2)
        failing.db.rollback()
        working.db.commit()
        assert next_ids(source, 1) == [2]
        assert eam.run("SELECT seq, op FROM syncd_change") == [(1, "none"), (2, "insert")]
        late.run("SET insert_id = 1")
        late.put(3)
        assert next_ids(source, 1) == [3]
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
        assert next_ids(source, 2) == [6, 7]


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
        changes = next_changes(source, 3)
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
        inserted, updated = next_changes(source, 2)
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
        assert [change.after and change.after[1] for change in next_changes(source, 1)] == ["TYPED"]
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
        assert next_ids(source, 100) == list(range(1, 101))
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
        assert next_ids(source, 1) == [1]
    assert eam.findings() == ["changelog_covered"]


# Rights and repairs -----------------------------------------------------------------------------------------------


def test_the_eams_own_user_needs_no_right_on_the_change_table(eam: Eam, user: Callable[[str], str]) -> None:
    dsn = user("clerk")
    clerk = Session(dsn, autocommit=True)
    with closing(clerk.db), closing(eam.started()) as source:
        clerk.put(1)
        assert next_ids(source, 1) == [1]
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
        assert next_ids(source, 1) == [2]
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
