"""As `test_check_finance`, on MariaDB and SQLite: one finance a server, each case undone before the next."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest

from syncd import checks, migrate, wiring
from syncd.demo import company
from syncd.demo.stage import Stage, built
from syncd.files import shipped
from syncd.ports import Finding
from tests.acceptance.databases import Database, connected
from tests.advice import advice
from tests.servers import MariaDb


class Case(NamedTuple):
    """What finance's people did, what is found, and how it is undone where no statement is printed."""

    done: Sequence[str]
    codes: frozenset[str]
    undone: Sequence[str] = ()


def found(code: str, done: Sequence[str], *undone: str) -> Case:
    return Case(done, frozenset({code}), undone)


def sound(done: Sequence[str], *undone: str) -> Case:
    return Case(done, frozenset(), undone)


def acting(what: str, table: str = "gl_voucher", when: str = "BEFORE INSERT") -> str:
    return f"CREATE TRIGGER act {when} ON {table} FOR EACH ROW BEGIN {what}; END"


NO = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no', MYSQL_ERRNO = 30001"
MARIADB = {
    "as it is": sound(()),
    "may not insert vouchers": found("ledger_no_right", ["REVOKE INSERT ON {db}.gl_voucher FROM books@'127.0.0.1'"]),
    "may not write its own tables": found(
        "ledger_no_right", ["REVOKE DELETE ON {db}.syncd_parked FROM books@'127.0.0.1'"]
    ),
    "may not make temporary tables": found(
        "ledger_no_right", ["REVOKE CREATE TEMPORARY TABLES ON {db}.* FROM books@'127.0.0.1'"]
    ),
    "a limit on statements": found(
        "ledger_limit", ["SET GLOBAL max_statement_time = 2"], "SET GLOBAL max_statement_time = 0"
    ),
    "a small packet": found(
        "ledger_packet_small",
        ["SET GLOBAL max_allowed_packet = 1048576"],
        "SET GLOBAL max_allowed_packet = 16777216",
    ),
    "a log of statements": found("ledger_binlog_statement", ["SET GLOBAL binlog_format = 'STATEMENT'"]),
    "a trigger that refuses": found("row_refused", [acting(NO)], "DROP TRIGGER act"),
    "a trigger that refuses changes": found(
        "row_refused", [acting(NO, "fa_card", "BEFORE UPDATE")], "DROP TRIGGER act"
    ),
    "a trigger that changes amounts": found(
        "ledger_trial_otherwise", [acting("SET NEW.debit = NEW.debit * 2", "gl_entry")], "DROP TRIGGER act"
    ),
    "a limit on amounts": found(
        "row_check",
        ["ALTER TABLE gl_voucher ADD CONSTRAINT small CHECK (external_key IS NULL OR debit < 100)"],
        "ALTER TABLE gl_voucher DROP CONSTRAINT small",
    ),
    "a narrow summary": found(
        "row_too_long",
        ["DELETE FROM gl_entry", "ALTER TABLE gl_entry MODIFY summary VARCHAR(5) NOT NULL"],
        "ALTER TABLE gl_entry MODIFY summary VARCHAR(200) NOT NULL",
    ),
    "a generated column": found(
        "ledger_column_generated",
        ["ALTER TABLE gl_entry DROP workshop", "ALTER TABLE gl_entry ADD workshop VARCHAR(20) AS ('x') STORED"],
        *("ALTER TABLE gl_entry DROP workshop", "ALTER TABLE gl_entry ADD workshop VARCHAR(20)"),
    ),
    "states that are listed": sound(
        ["ALTER TABLE fa_card ADD CONSTRAINT listed CHECK (status IN ('in_use', 'disposed', 'cancelled'))"],
        "ALTER TABLE fa_card DROP CONSTRAINT listed",
    ),
    "a trigger that notes": sound(
        [
            "CREATE TABLE noted (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200))",
            acting("INSERT INTO noted (what) VALUES (NEW.summary)", "gl_voucher", "AFTER INSERT"),
        ],
        *("DROP TRIGGER act", "DROP TABLE noted"),
    ),
    "an enumeration": sound(
        ["ALTER TABLE fa_card ADD kind ENUM('a', 'b') NOT NULL DEFAULT 'a'"], "ALTER TABLE fa_card DROP kind"
    ),
}
SQLITE = {
    "as it is": sound(()),
    "a trigger that refuses": found("row_trigger", [acting("SELECT RAISE(ABORT, 'no')")], "DROP TRIGGER act"),
    "a trigger that lets rows fall": found(
        "row_swallowed", [acting("SELECT RAISE(IGNORE)", "gl_entry")], "DROP TRIGGER act"
    ),
    "a trigger that changes amounts": found(
        "ledger_trial_otherwise",
        [
            "CREATE TRIGGER act AFTER INSERT ON gl_entry BEGIN"
            " UPDATE gl_entry SET debit = '7.00' WHERE rowid = NEW.rowid; END"
        ],
        "DROP TRIGGER act",
    ),
    "a trigger that writes where nothing is": found(
        "row_refused", [acting("INSERT INTO nowhere VALUES (1)")], "DROP TRIGGER act"
    ),
    "a trigger that notes": sound(
        ["CREATE TABLE noted (what TEXT)", acting("INSERT INTO noted VALUES (NEW.summary)")],
        *("DROP TRIGGER act", "DROP TABLE noted"),
    ),
}


class MariaDbFinance(NamedTuple):
    """Run as its owner, looked at as a user with the rights that `syncd grants` gives."""

    database: Database
    wired: wiring.Pipeline


@pytest.fixture(scope="module")
def of_mariadb(mariadb: MariaDb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDbFinance]:
    dsn, eam_dsn = mariadb.create_database(), mariadb.create_database()
    mariadb.run("CREATE USER books@'127.0.0.1' IDENTIFIED BY 'x'")
    config = tmp_path_factory.mktemp("mariadb") / "syncd.yaml"
    config.write_text(
        f"pipelines:\n  demo:\n    mapping: {shipped('mappings', 'demo.yaml')}\n"
        "    source: {kind: changelog, dialect: sqlite, database: eam.db}\n"
        f"    ledger: {{kind: mysql, dsn: '{mariadb.dsn(dsn.rpartition('/')[2], 'books', 'x')}'}}\n"
    )
    wired = wiring.pipeline(config, None)
    with closing(connected(dsn)) as finance, closing(connected(eam_dsn)) as eam:
        for one, name in ((eam, "eam"), (finance, "finance")):
            company.create(one, name, one.kind)
        company.settle_eam(eam, date(2026, 2, 1), 3)
        company.settle_finance(finance, eam, date(2026, 2, 1))
        for statement in wired.grants("finance"):
            finance.execute(statement.removesuffix(";"))
        with closing(wired.open_ledger()) as ledger:
            migrate.migrate(ledger, datetime(2026, 2, 1, tzinfo=UTC))
        yield MariaDbFinance(finance, wired)
    mariadb.drop_database(dsn)
    mariadb.drop_database(eam_dsn)
    mariadb.run("DROP USER books@'127.0.0.1'")


@advice("ledger_packet_small", "ledger_binlog_statement")
@pytest.mark.parametrize("what", MARIADB)
def test_mariadb(of_mariadb: MariaDbFinance, what: str) -> None:
    """Invariant 15: the finding is true, and its statement mends it."""
    case, run = MARIADB[what], of_mariadb.database.execute
    for statement in case.done:
        run(statement.replace("{db}", of_mariadb.database.name))
    before = of_mariadb.database.rows("SELECT count(*) FROM gl_voucher")
    findings = [f for f in checks.check_finance(of_mariadb.wired) if f.level != "ok"]
    for statement in (*(s for f in findings for s in f.repair.split("; ") if s), *case.undone):
        run(statement)
    assert {f.code for f in findings} == case.codes
    assert [f for f in checks.check_finance(of_mariadb.wired) if f.level != "ok"] == []
    assert of_mariadb.database.rows("SELECT count(*) FROM gl_voucher") == before


@pytest.fixture(scope="module")
def of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with built(tmp_path_factory.mktemp("sqlite"), 3, date(2026, 11, 20)) as made:
        yield made


@pytest.mark.parametrize("what", SQLITE)
def test_sqlite(of_sqlite: Stage, what: str) -> None:
    """Invariant 15: likewise."""
    case = SQLITE[what]

    def look() -> list[Finding]:
        return [f for f in checks.check_finance(of_sqlite.pipeline) if f.level != "ok"]

    def run(statements: Sequence[str]) -> None:
        with closing(of_sqlite.pipeline.open_ledger()) as ledger:
            ledger.execute([(statement, ()) for statement in statements])

    run(case.done)
    findings = look()
    run(case.undone)
    assert {f.code for f in findings} == case.codes
    assert look() == []
    assert of_sqlite.rows("SELECT count(*) FROM gl_voucher WHERE external_key IS NOT NULL") == [(0,)]
