"""The change table in PostgreSQL: numbers that commit out of order, triggers among others, rights."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from connectors.changelog import source as changelog
from connectors.changelog.position import at
from syncd.change import ABSENT, Column, Kind, Malformed, Row, Table
from syncd.errors import Halt, Transient
from syncd.ports import Source
from tests.integration.eam import WAIT_S, next_changes, next_ids

ASSET = Table(
    "asset",
    "eam.asset",
    (
        Column("id", Kind.INTEGER),
        Column("name", Kind.TEXT),
        Column("value", Kind.DECIMAL, "money"),
        Column("bought_on", Kind.DATE),
        Column("seen_at", Kind.TIMESTAMP),
    ),
    (0,),
)
TABLES = {"asset": ASSET}
CREATE = """
CREATE SCHEMA eam;
CREATE TABLE eam.asset (id INTEGER PRIMARY KEY, name TEXT, value NUMERIC(18, 2), bought_on DATE, seen_at TIMESTAMPTZ,
                        remark TEXT)"""


class Eam:
    """A database with one table; each session is a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.settings = changelog.Settings("postgres", dsn, prune_rows_max=0)
        self._sessions: list[Any] = []
        self.run = self.session(autocommit=True).run
        self.run(CREATE)

    def session(self, autocommit: bool = False) -> "Session":
        session = Session(self.dsn, autocommit)
        self._sessions.append(session)
        return session

    def source(self) -> Source:
        return changelog.connect(self.settings, TABLES, "main")

    def started(self) -> Source:
        """A source past its snapshot."""
        source = self.source()
        source.start(None)
        while (said := source.read(WAIT_S)) is not None and said.changes:
            pass
        return source

    def findings(self) -> list[str]:
        with closing(self.source()) as source:
            return [finding.code for finding in source.check()]

    def close(self) -> None:
        for session in self._sessions:
            session.db.close()


class Session:
    """A person's connection."""

    def __init__(self, dsn: str, autocommit: bool) -> None:
        self.db = psycopg2.connect(dsn)
        self.db.autocommit = autocommit

    def run(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with self.db.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall() if cursor.description else []

    def put(self, number: int) -> None:
        self.run("INSERT INTO eam.asset (id) VALUES (%s)", number)


@pytest.fixture
def bare(new_database: Callable[[], str]) -> Iterator[Eam]:
    eam = Eam(new_database())
    yield eam
    eam.close()


@pytest.fixture
def eam(bare: Eam) -> Eam:
    changelog.install(bare.settings, TABLES)
    return bare


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
    """A report that runs for hours, and writes elsewhere, holds nothing up."""
    reporting, failing, working = eam.session(), eam.session(), eam.session()
    reporting.run("CREATE TABLE report (id INTEGER)")
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


def test_the_snapshot_and_a_transaction_that_was_open_when_it_began(eam: Eam) -> None:
    """Invariant 1: what it writes is in the stream, for it is not in the snapshot."""
    eam.run("INSERT INTO eam.asset (id) VALUES (1)")
    early, late = eam.session(), eam.session()
    early.put(2)
    late.put(3)
    late.db.commit()
    with closing(eam.source()) as source:
        source.start(None)
        threading.Timer(0.1, early.db.commit).start()
        changes = next_changes(source, 3)
    assert sorted((c.op, c.after[0]) for c in changes if c.after) == [("insert", 2), ("insert", 3), ("read", 1)]


def test_rows_of_one_transaction_are_one_set(eam: Eam) -> None:
    session = eam.session()
    with closing(eam.started()) as source:
        for number in (1, 2, 3):
            session.put(number)
        session.db.commit()
        session.put(4)
        session.db.commit()
        sizes = [len(found.changes) for found in (source.read(WAIT_S), source.read(WAIT_S)) if found]
    assert sizes == [3, 1]


@pytest.mark.parametrize("other_commits", [True, False])
def test_a_transaction_is_not_over_where_another_one_holds_up_its_rest(eam: Eam, other_commits: bool) -> None:
    """Invariant 13: what is judged together does not depend on when it is read."""
    first, other = eam.session(), eam.session()
    with closing(eam.started()) as source:
        first.put(1)
        other.put(2)
        first.put(3)
        first.db.commit()
        held = source.read(WAIT_S)
        assert held is not None
        assert ([c.after and c.after[0] for c in held.changes], held.cuts) == ([1], ())
        (other.db.commit if other_commits else other.db.rollback)()
        rest = source.read(WAIT_S)
        assert rest is not None
        assert ([c.after and c.after[0] for c in rest.changes], rest.cuts) == ([2, 3] if other_commits else [3], None)
    with closing(eam.source()) as again:
        again.start(held.position)
        assert again.read(WAIT_S) == rest


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
    held = {row[0]: row[1] for row in eam.run("SELECT id, name FROM eam.asset")}
    assert {key: row[1] for key, row in images.items()} == held, f"seed {seed}"


def _write_at_random(dsn: str, seed: int) -> None:
    chance = random.Random(seed)
    session = Session(dsn, autocommit=False)
    with closing(session.db):
        for turn in range(60):
            try:
                for _ in range(chance.randrange(1, 4)):
                    _write(session, chance, chance.randrange(1, 6), f"{seed}.{turn}")
            except psycopg2.errors.DeadlockDetected:
                session.db.rollback()
            if chance.random() < 0.25:
                session.db.rollback()
            session.db.commit()


def _write(session: Session, chance: random.Random, number: int, name: str) -> None:
    match chance.randrange(3):
        case 0:
            session.run("INSERT INTO eam.asset (id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", number, name)
        case 1:
            session.run("UPDATE eam.asset SET name = %s WHERE id = %s", name, number)
        case 2:
            session.run("DELETE FROM eam.asset WHERE id = %s", number)


# The triggers -----------------------------------------------------------------------------------------------------


def test_a_session_may_set_what_it_likes(eam: Eam) -> None:
    """Invariant 7: how a clerk's session shows dates is not how they are kept."""
    session = eam.session(autocommit=True)
    session.run("SET datestyle = 'German'; SET timezone = 'America/New_York'; SET extra_float_digits = -15")
    with closing(eam.started()) as source:
        session.run(
            "INSERT INTO eam.asset VALUES (1, '车床', 99999999999999.90, '2026-01-31', '2026-01-31 23:30:00'),"
            " (2, NULL, 'NaN', 'infinity', '-infinity')"
        )
        first, second = next_changes(source, 2)
    at = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)
    assert first.after == (1, "车床", Decimal("99999999999999.90"), date(2026, 1, 31), at)
    assert second.after is not None
    assert [value.reason for value in second.after if isinstance(value, Malformed)] == ["malformed_unending"] * 3


def test_a_float_is_whole_whatever_a_session_rounds(eam: Eam) -> None:
    """Invariant 7: neither the clerk's session nor our own, which may be set by the database, takes digits away."""
    eam.run("ALTER TABLE eam.asset ALTER value TYPE float8")
    eam.run("INSERT INTO eam.asset (id, value) VALUES (1, 1234567.89)")
    eam.run(f"ALTER DATABASE {eam.dsn.rpartition('/')[2]} SET extra_float_digits = -10")
    with closing(eam.source()) as source:
        source.start(None)
        (snapshot,) = next_changes(source, 1)
        clerk = eam.session(autocommit=True)
        clerk.run("INSERT INTO eam.asset (id, value) VALUES (2, 1234567.89)")
        (inserted,) = next_changes(source, 1)
    assert [change.after and change.after[2] for change in (snapshot, inserted)] == [Decimal("1234567.89")] * 2


def test_the_eam_may_rename_or_drop_a_column(eam: Eam) -> None:
    """Its own writes go on; what is not there any more is not NULL."""
    with closing(eam.started()) as source:
        eam.run("ALTER TABLE eam.asset RENAME COLUMN name TO label")
        eam.run("INSERT INTO eam.asset (id, value) VALUES (1, 5)")
        with pytest.raises(Halt, match="changelog_no_column"):
            source.read(WAIT_S)
    assert eam.findings() == ["changelog_no_column"]
    eam.run("ALTER TABLE eam.asset RENAME COLUMN label TO name")
    with closing(eam.source()) as source:
        source.start(at(0))
        (change,) = next_changes(source, 1)
    assert change.after == (1, ABSENT, Decimal("5.00"), None, None)
    assert change.flawed
    eam.run("ALTER TABLE eam.asset DROP COLUMN name")
    eam.run("INSERT INTO eam.asset (id, value) VALUES (2, 5)")


def test_triggers_of_others_change_the_row_again_and_the_order_is_right(eam: Eam) -> None:
    eam.run(
        "CREATE FUNCTION eam.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF pg_trigger_depth() = 1 THEN UPDATE eam.asset SET name = 'touched' WHERE id = NEW.id; END IF;"
        " RETURN NULL; END $$;"
        'CREATE TRIGGER "A touch" AFTER INSERT ON eam.asset FOR EACH ROW EXECUTE FUNCTION eam.touch()'
    )
    with closing(eam.started()) as source:
        eam.run("INSERT INTO eam.asset (id, name) VALUES (1, 'typed')")
        assert [(c.op, c.after and c.after[1]) for c in next_changes(source, 2)] == [
            ("insert", "typed"),
            ("update", "touched"),
        ]


def test_rows_that_replication_applies_are_written_too(eam: Eam) -> None:
    with closing(eam.started()) as source:
        eam.session(autocommit=True).run("SET session_replication_role = replica; INSERT INTO eam.asset VALUES (1)")
        assert next_ids(source, 1) == [1]


def test_the_eams_own_user_needs_no_right_on_the_change_table(eam: Eam) -> None:
    eam.run("CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA eam TO clerk; GRANT ALL ON eam.asset TO clerk")
    clerk = Session(eam.dsn.replace("postgres@", "clerk@"), autocommit=True)
    with closing(clerk.db), closing(eam.started()) as source:
        clerk.put(1)
        assert next_ids(source, 1) == [1]
        reading = changelog.Settings("postgres", eam.dsn.replace("postgres@", "clerk@"))
        with closing(changelog.connect(reading, TABLES, "main")) as refused:
            assert {f.code for f in refused.check()} == {"changelog_refused"}
    eam.run("DROP OWNED BY clerk; DROP ROLE clerk")


def test_a_reader_with_just_the_granted_rights_reads(eam: Eam) -> None:
    """What `check` prints is enough, and all of it is needed."""
    eam.run("CREATE ROLE reader LOGIN")
    settings = changelog.Settings("postgres", eam.dsn.replace("postgres@", "reader@"))
    with closing(changelog.connect(settings, TABLES, "main")) as source:
        while grants := [finding.repair for finding in source.check() if finding.repair]:
            eam.run("; ".join(grants))
        assert [f.level for f in source.check()] == ["ok"]
        eam.run("INSERT INTO eam.asset (id) VALUES (1)")
        source.start(None)
        (read,) = next_changes(source, 1)
        assert read.op == "read"
        source.ack(at(1))
    assert eam.run("SELECT seq FROM syncd_change") == []
    eam.run("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ('ALTER TABLE eam.asset DISABLE TRIGGER "0_syncd_change"', "changelog_no_triggers"),
        ('DROP TRIGGER "0_syncd_truncate" ON eam.asset', "changelog_no_triggers"),
        ("DROP FUNCTION syncd_write CASCADE", "changelog_no_triggers"),
        ("DROP TABLE syncd_changelog", "changelog_missing"),
    ],
)
def test_a_finding_carries_its_repair(eam: Eam, damage: str, code: str) -> None:
    eam.run(damage)
    with closing(eam.source()) as source:
        (finding,) = source.check()
    assert finding.code == code
    eam.run(finding.repair)
    assert eam.findings() == ["changelog_covered"]


def test_remove_leaves_nothing(eam: Eam) -> None:
    changelog.remove(eam.settings, TABLES)
    assert eam.run("SELECT relname FROM pg_class WHERE relname LIKE 'syncd%'") == []
    assert eam.run("SELECT proname FROM pg_proc WHERE proname LIKE 'syncd%'") == []
    assert eam.run("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%syncd%'") == []
    with closing(eam.source()) as source, pytest.raises(Halt, match="changelog_missing"):
        source.start(None)


def test_whoever_asks_of_a_change_table_that_is_gone_hears_that(eam: Eam) -> None:
    """Invariant 14: reading, waiting, acknowledging and pruning; whichever comes first tells the person what to do."""
    eam.run("INSERT INTO eam.asset (id, name) VALUES (1, 'a')")
    with closing(changelog.connect(replace(eam.settings, prune_rows_max=10), TABLES, "main")) as source:
        source.start(at(0))
        eam.run("DROP TABLE syncd_change")
        for ask in (source.end, source.lag, lambda: source.read(1), lambda: source.ack(at(1))):
            with pytest.raises(Halt, match="changelog_missing"):
                ask()


def test_a_lost_connection_passes(eam: Eam) -> None:
    with closing(eam.started()) as source:
        eam.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'syncd main'")
        with pytest.raises(Transient, match="changelog_busy"):
            source.read(WAIT_S)


def test_a_database_that_does_not_answer_passes() -> None:
    with pytest.raises(Transient, match="changelog_busy"):
        changelog.connect(changelog.Settings("postgres", "postgresql://postgres@127.0.0.1:1/eam"), TABLES, "main")
