"""The outbox on PostgreSQL and MariaDB, and an EAM there that is answered: as over SQLite, with a server's ways."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg2
import pymysql
import pytest

from connectors.answer import mysql as answer_mysql
from connectors.answer import postgres as answer_postgres
from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from connectors.mysql.dsn import parse
from syncd.delivery import Answer
from syncd.desk.parked import operators
from syncd.outbox import box, causes
from syncd.outbox.alerts import Alerting, Alerts
from syncd.outbox.causes import Cause, Limits
from syncd.outbox.relaying import Outbox
from syncd.ports import Ledger
from tests.advice.company import waited
from tests.outbox.office import DAY, MAPPING
from tests.unit.lab import NAME, SQL, Lab

TYPES: Final = (
    (r"\b(debit|credit|original_value|accumulated_depreciation) TEXT", r"\1 NUMERIC(18, 2)"),
    (r"\b(first|last|date|event_date) TEXT", r"\1 DATE"),
    (r"\bTEXT\b", "VARCHAR(64)"),
)
EAM: Final = (
    "CREATE TABLE asset (id INTEGER PRIMARY KEY, state VARCHAR(16), voucher VARCHAR(32), reason VARCHAR(200),"
    " told INTEGER)",
    "INSERT INTO asset VALUES (1, NULL, NULL, NULL, 0), (2, NULL, NULL, NULL, 0)",
    "CREATE TABLE told (answer_key VARCHAR(200) PRIMARY KEY, state VARCHAR(16), voucher VARCHAR(32))",
)


class Branch(Lab):
    """A lab whose finance and EAM lie on a server."""

    def __init__(self, kind: str, dsn: str) -> None:
        self.kind, self.dsn = kind, dsn
        mapping = MAPPING.replace("(key, state", "(answer_key, state")
        conflict = (
            "ON DUPLICATE KEY UPDATE state = state" if kind == "mariadb" else "ON CONFLICT (answer_key) DO NOTHING"
        )
        super().__init__(mapping.replace("ON CONFLICT (key) DO NOTHING", conflict))
        self.relay = self.answering()
        self.outbox = Outbox(NAME, self.open_ledger, lambda delivery: self.relay)

    def settle(self) -> None:
        schema = SQL
        for old, new in TYPES:
            schema = re.sub(old, new, schema)
        schema = schema.replace(" REFERENCES gl_account", "")
        with closing(self.open_ledger()) as ledger:
            ledger.execute((sql, ()) for sql in (*schema.split(";"), *EAM) if sql.strip())

    def open_ledger(self, dry_run: bool = False) -> Any:
        m = self.mapping
        if self.kind == "postgres":
            return ledger_postgres.connect(
                ledger_postgres.Settings(self.dsn), NAME, m.layout, m.tables, m.hash, dry_run, m.answers
            )
        return ledger_mysql.connect(
            ledger_mysql.Settings(self.dsn), NAME, m.layout, m.tables, m.hash, dry_run, m.answers
        )

    def answering(self, answers: dict[str, Answer] | None = None) -> Any:
        given = self.mapping.answers if answers is None else answers
        if self.kind == "postgres":
            return answer_postgres.connect(answer_postgres.Settings(self.dsn), given)
        return answer_mysql.connect(answer_mysql.Settings(self.dsn), given)

    def check(self, **statements: str) -> list[str]:
        """What `check` says of the answers, some of them others."""
        given = {t: a if t not in statements else _with(a, statements[t]) for t, a in self.mapping.answers.items()}
        if self.kind == "postgres":
            found = answer_postgres.check(answer_postgres.Settings(self.dsn), given)
        else:
            found = answer_mysql.check(answer_mysql.Settings(self.dsn), given)
        return [finding.code for finding in found]

    @property
    def eam(self) -> Any:
        """A person's connection to the EAM."""
        if self.kind == "postgres":
            return psycopg2.connect(self.dsn)
        return pymysql.connect(**parse(self.dsn).arguments())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.eam) as person, person.cursor() as cursor:
            cursor.execute(sql)
            return [*cursor.fetchall()]

    def tells(self, later_s: float = 0.0) -> list[tuple[str, str]]:
        while self.outbox.turn(datetime.now(UTC) + timedelta(seconds=later_s)):
            pass
        found = box.listed(self.ledger, NAME, "", "", True, 1000)[::-1]
        return [(d.state, d.code) for d in found]


def _with(answer: Answer, statement: str) -> Answer:
    return Answer(answer.table, answer.on, statement, "", answer.columns)


@pytest.fixture(params=["postgres", "mariadb"])
def branch(request: pytest.FixtureRequest) -> Iterator[Branch]:
    new: Callable[[], str] = request.getfixturevalue("new_database" if request.param == "postgres" else "new_mariadb")
    dsn = new() if request.param == "postgres" else f"{new()}?ssl_disabled=true"
    made = Branch(request.param, dsn)
    yield made
    made.outbox.close()
    made.relay.close()
    made.ledger.close()


def test_a_server_does_what_sqlite_does(branch: Branch) -> None:
    """Held, refused, posted, collected; the same answer twice; a busy row; a session that a DBA ends; and alerts."""
    assert branch.check() == ["answer_fine"]
    assert branch.check(asset="UPDATE asset SET nothing = :state WHERE id = :id") == ["answer_wrong"]
    branch.commit(branch.insert("asset", id=1, code="A1", amount=5000, on_=DAY))
    branch.commit(branch.insert("asset", id=2, code="A2", amount=100, on_=DAY))
    branch.commit(branch.insert("deprec", id=1, code="A9", month="2026-02", amount=9))
    branch.commit(branch.insert("month", id=1, month="2026-02"))
    branch.rest()
    assert branch.tells() == [("done", "")] * 3
    operators.reject(branch.ledger, NAME, 1, operators.Actor("controller", "over 100 % of it"), "finance")
    branch.rest()
    with closing(branch.eam) as person, person.cursor() as cursor:
        cursor.execute("SELECT * FROM asset WHERE id = 1 FOR UPDATE")
        _impatient(branch)
        assert branch.tells()[-1] == ("waiting", "answer_busy")
    _end_sessions(branch)
    assert branch.tells(60)[-1] == ("done", "")
    assert branch.rows("SELECT id, state, voucher, reason, told FROM asset ORDER BY id") == [
        (1, "rejected", "", "over 100 % of it", 2),
        (2, "posted", "2026-02 记-1", "", 1),
    ]
    assert branch.rows("SELECT state, voucher FROM told") == [("posted", "2026-02 记-2")]
    lost = "UPDATE syncd.delivery SET state = 'unknown' WHERE seq IN (2, 3, 4)"  # nobody knows whether they were taken
    branch.ledger.execute([(lost, ())])
    assert branch.tells(120) == [("done", "")] * 4
    assert [told for (told,) in branch.rows("SELECT told FROM asset ORDER BY id")] == [2, 1]
    _alerts(branch.ledger)


def test_a_session_that_ends_in_the_midst_of_a_commit_is_asked_first(new_database: Callable[[], str]) -> None:
    """Whether it was committed nobody has said: here it was not, and it is done again."""
    branch = Branch("postgres", new_database())
    with closing(branch.eam) as person, person.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER ends AFTER UPDATE ON asset DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION ends()"
        )
        person.commit()
        branch.commit(branch.insert("asset", id=2, code="A2", amount=100, on_=DAY))
        branch.rest()
        assert branch.tells() == [("unknown", "answer_unknown")]
        cursor.execute("DROP TRIGGER ends ON asset")
        person.commit()
    assert branch.tells(60) == [("done", "")]
    assert branch.rows("SELECT state, told FROM asset WHERE id = 2") == [("posted", 1)]
    for open_one in (branch.outbox, branch.relay, branch.ledger):
        open_one.close()


def _alerts(ledger: Ledger) -> None:
    limits = Limits(600, 1, 1, 1)
    now = datetime.now(UTC) + timedelta(hours=1)
    alerts = Alerts(Alerting({"a": (), "b": ("x",)}, "en", limits), solved_after_s=0)
    assert "alone" not in {one.name for one in causes.of(ledger, NAME, limits, "en", now)}
    alerts.decide(ledger, NAME, [Cause("late", "alert_late", {"minutes": "1"})], now)
    (told,) = box.listed(ledger, NAME, "", "alert", False, 10)
    assert told.target == "a"
    alerts.decide(ledger, NAME, [], now)
    assert box.listed(ledger, NAME, "", "alert", False, 10) == []


def _impatient(branch: Branch) -> None:
    """Our session waits for no lock; it is the one that the relay has."""
    setting = "SET lock_timeout = '50ms'" if branch.kind == "postgres" else "SET innodb_lock_wait_timeout = 1"
    connection = branch.relay._open()
    with closing(connection.cursor()) as cursor:
        cursor.execute(setting)
    connection.commit()


def _end_sessions(branch: Branch) -> None:
    """A DBA ends the session over which the EAM is answered."""
    if branch.kind == "postgres":
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'syncd answer'"
        assert branch.rows(ended)
        return
    branch.rows(f"KILL {branch.relay._connection.thread_id()}")


def test_one_daemon_sends_at_a_time(branch: Branch) -> None:
    """Invariant 9, of the outbox: another takes over when the first has gone."""
    other = Outbox(NAME, branch.open_ledger, lambda delivery: branch.relay)
    branch.tells()
    branch.commit(branch.insert("asset", id=2, code="A2", amount=100, on_=DAY))
    branch.rest()
    assert not other.turn()
    branch.outbox.close()
    waited(other.turn)
    other.close()
