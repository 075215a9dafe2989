"""`syncd check` on finance: what is broken is found and named, its statement mends it at the first go, and what works
is not complained of. Invariants 5 and 15."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from connectors.ledger.postgres import Settings
from syncd import checks, migrate, wiring
from syncd.demo import company
from syncd.files import shipped
from syncd.language import hint, say
from syncd.ports import Finding
from tests.acceptance.databases import connected
from tests.advice import advice
from tests.servers import Postgres

MONTH = date(2026, 2, 1)
GRANTS = (
    "GRANT USAGE ON SCHEMA public, syncd TO books",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO books",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA syncd TO books",
    "GRANT INSERT ON gl_voucher, gl_entry TO books",
    "GRANT INSERT, UPDATE ON fa_card, fa_change TO books",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
)


CASES = count(1)


class Broken(NamedTuple):
    """What finance's people did, the codes that are found, and what mends it where no statement is printed."""

    done: Sequence[str]
    codes: str
    mended: Sequence[str] = ()


def acting(what: str, table: str = "gl_voucher", when: str = "BEFORE INSERT", how: str = "") -> list[str]:
    return [
        f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NEW; END $$",
        f"CREATE {'CONSTRAINT ' if how else ''}TRIGGER act {when} ON {table} {how} FOR EACH ROW EXECUTE FUNCTION act()",
    ]


UNDO = {table: (f"DROP TRIGGER act ON {table}",) for table in ("gl_voucher", "gl_entry", "fa_card")}
VOUCHER = UNDO["gl_voucher"]

BROKEN = {
    "may not insert vouchers": Broken(["REVOKE INSERT ON gl_voucher FROM books"], "ledger_no_right"),
    "may not read vouchers": Broken(["REVOKE SELECT ON gl_voucher FROM books"], "ledger_no_right"),
    "may not insert entries": Broken(["REVOKE INSERT ON gl_entry FROM books"], "ledger_no_right"),
    "may not change cards": Broken(["REVOKE UPDATE ON fa_card FROM books"], "ledger_no_right"),
    "may write one column less": Broken(
        [
            "REVOKE INSERT ON gl_entry FROM books",
            "GRANT INSERT (period, type, number, line, account, debit, credit) ON gl_entry TO books",
        ],
        "ledger_no_right",
    ),
    "may not read accounts": Broken(["REVOKE SELECT ON gl_account FROM books"], "finance_no_right"),
    "may not read periods": Broken(["REVOKE SELECT ON gl_period FROM books"], "finance_no_right"),
    "may not make temporary tables": Broken(["REVOKE TEMPORARY ON DATABASE {db} FROM PUBLIC"], "finance_no_right"),
    "may not write its own tables": Broken(["REVOKE DELETE ON syncd.parked FROM books"], "ledger_no_right"),
    "may not draw numbers": Broken(["ALTER TABLE gl_entry ADD COLUMN id SERIAL"], "finance_no_right"),
    "may not write what a trigger writes": Broken(
        ["CREATE TABLE noted (what TEXT)", *acting("INSERT INTO noted VALUES ('x');")], "finance_no_right"
    ),
    "may not change what a trigger changes": Broken(
        ["CREATE TABLE noted (n INT)", "GRANT SELECT, INSERT ON noted TO books", *acting("UPDATE noted SET n = 1;")],
        "finance_no_right",
    ),
    "may not call what a trigger calls": Broken(
        [
            "CREATE FUNCTION told() RETURNS void LANGUAGE sql AS 'SELECT'",
            "REVOKE EXECUTE ON FUNCTION told() FROM PUBLIC",
            *acting("PERFORM told();"),
        ],
        "finance_no_right",
    ),
    "a float": Broken(["ALTER TABLE fa_card ALTER original_value TYPE REAL"], "ledger_column_inexact"),
    "a narrow amount": Broken(
        ["DELETE FROM gl_entry", "ALTER TABLE gl_entry ALTER debit TYPE NUMERIC(9, 2)"], "ledger_column_narrow"
    ),
    "one decimal place": Broken(["ALTER TABLE gl_entry ALTER debit TYPE NUMERIC(18, 1)"], "ledger_column_rounds"),
    "a narrow key": Broken(
        ["ALTER TABLE gl_voucher ALTER external_key TYPE VARCHAR(40)"],
        "ledger_text_narrow",
        ["ALTER TABLE gl_voucher ALTER external_key TYPE VARCHAR(200)"],
    ),
    "a narrow summary": Broken(
        ["ALTER TABLE gl_entry ALTER summary TYPE VARCHAR(5)"],
        "row_too_long",
        ["ALTER TABLE gl_entry ALTER summary TYPE VARCHAR(200)"],
    ),
    "a date for an amount": Broken(
        ["DELETE FROM gl_entry", "ALTER TABLE gl_entry ALTER credit TYPE DATE USING NULL"],
        "ledger_column_kind",
        ["ALTER TABLE gl_entry DROP credit", "ALTER TABLE gl_entry ADD credit NUMERIC(18, 2)"],
    ),
    "no such column": Broken(
        ["ALTER TABLE gl_entry RENAME account TO acct"],
        "ledger_no_column ledger_column_required",
        ["ALTER TABLE gl_entry RENAME acct TO account"],
    ),
    "no such table": Broken(
        ["ALTER TABLE gl_entry RENAME TO entries"], "ledger_no_table", ["ALTER TABLE entries RENAME TO gl_entry"]
    ),
    "a column that must be filled": Broken(
        ["DELETE FROM gl_voucher", "ALTER TABLE gl_voucher ADD maker TEXT NOT NULL"],
        "ledger_column_required",
        ["ALTER TABLE gl_voucher ALTER maker SET DEFAULT 'syncd'"],
    ),
    "a generated column": Broken(
        [
            "ALTER TABLE gl_voucher DROP summary",
            "ALTER TABLE gl_voucher ADD summary TEXT GENERATED ALWAYS AS ('x') STORED",
        ],
        "ledger_column_generated",
        ["ALTER TABLE gl_voucher ALTER summary DROP EXPRESSION"],
    ),
    "no unique key": Broken(["ALTER TABLE fa_card DROP CONSTRAINT fa_card_pkey"], "finance_no_key"),
    "a limit on amounts": Broken(
        ["ALTER TABLE gl_entry ADD CONSTRAINT small CHECK (debit < 100) NOT VALID"],
        "row_check",
        ["ALTER TABLE gl_entry DROP CONSTRAINT small"],
    ),
    "another kind of voucher": Broken(
        ["ALTER TABLE gl_voucher ADD CONSTRAINT kind CHECK (type = '转') NOT VALID"],
        "row_check",
        ["ALTER TABLE gl_voucher DROP CONSTRAINT kind"],
    ),
    "accounts that are elsewhere": Broken(
        [
            "CREATE TABLE chart (code TEXT PRIMARY KEY)",
            "ALTER TABLE gl_entry ADD CONSTRAINT charted FOREIGN KEY (account) REFERENCES chart NOT VALID",
        ],
        "row_no_parent",
        ["INSERT INTO chart SELECT code FROM gl_account"],
    ),
    "accounts that are elsewhere, said at the end": Broken(
        [
            "CREATE TABLE chart (code TEXT PRIMARY KEY)",
            "ALTER TABLE gl_entry ADD CONSTRAINT charted FOREIGN KEY (account) REFERENCES chart"
            " DEFERRABLE INITIALLY DEFERRED NOT VALID",
        ],
        "row_no_parent",
        ["INSERT INTO chart SELECT code FROM gl_account"],
    ),
    "one voucher a day": Broken(
        ["CREATE UNIQUE INDEX daily ON gl_voucher (voucher_date) WHERE external_key IS NOT NULL"],
        "row_duplicate",
        ["DROP INDEX daily"],
    ),
    "a trigger that refuses": Broken(acting("RAISE 'no' USING ERRCODE = 'FA001';"), "row_trigger", VOUCHER),
    "a trigger that refuses at the end": Broken(
        acting("RAISE 'no';", when="AFTER INSERT", how="DEFERRABLE INITIALLY DEFERRED"), "row_trigger", VOUCHER
    ),
    "a trigger that refuses red letters": Broken(
        acting("IF NEW.debit < 0 THEN RAISE 'red'; END IF;", "gl_entry"), "row_trigger", UNDO["gl_entry"]
    ),
    "a trigger that refuses changes": Broken(
        acting("RAISE 'no';", "fa_card", "BEFORE UPDATE"), "row_trigger", UNDO["fa_card"]
    ),
    "a trigger that lets rows fall": Broken(acting("RETURN NULL;", "gl_entry"), "row_swallowed", UNDO["gl_entry"]),
    "a trigger that changes amounts": Broken(
        acting("NEW.debit := NEW.debit * 2;", "gl_entry"), "ledger_trial_otherwise", UNDO["gl_entry"]
    ),
    "a trigger that changes cards": Broken(
        acting("NEW.impairment := 7;", "fa_card"), "ledger_trial_otherwise", UNDO["fa_card"]
    ),
    "a trigger that changes dates": Broken(
        acting("NEW.voucher_date := '2020-01-01';"), "ledger_trial_otherwise", VOUCHER
    ),
    "a trigger that renumbers": Broken(acting("NEW.number := NEW.number + 500;"), "ledger_trial_gone", VOUCHER),
    "row security without a policy": Broken(
        ["ALTER TABLE gl_voucher ENABLE ROW LEVEL SECURITY"], "row_refused ledger_row_security"
    ),
    "row security that hides": Broken(
        [
            "ALTER TABLE fa_card ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY part ON fa_card USING (dept <> 'X') WITH CHECK (true)",
        ],
        "ledger_row_security",
    ),
    "a role that may only read": Broken(
        ["ALTER ROLE books IN DATABASE {db} SET default_transaction_read_only = on"], "ledger_read_only"
    ),
    "a limit on statements": Broken(["ALTER ROLE books IN DATABASE {db} SET statement_timeout = '2s'"], "ledger_limit"),
    "not migrated": Broken(
        ["DELETE FROM syncd.migration WHERE name = '0011_audit'"],
        "migration_pending",
        ["INSERT INTO syncd.migration SELECT '0011_audit', checksum, '' FROM kept"],
    ),
    "no open period": Broken(
        ["UPDATE gl_period SET status = 'closed'"], "ledger_no_open_period", ["UPDATE gl_period SET status = 'open'"]
    ),
    "an account that is missing": Broken(
        ["UPDATE gl_account SET code = '16010' WHERE code = '1601'"],
        "account_missing",
        ["UPDATE gl_account SET code = '1601' WHERE code = '16010'"],
    ),
    "no accounts": Broken(
        ["UPDATE gl_account SET leaf = 0"], "ledger_lookup_empty", ["UPDATE gl_account SET leaf = 1"]
    ),
}

SOUND: dict[str, Sequence[str]] = {
    "as it is": (),
    "departments that must be known": (
        "ALTER TABLE gl_entry ADD FOREIGN KEY (dept) REFERENCES gl_department NOT VALID",
        "ALTER TABLE fa_card ADD FOREIGN KEY (dept) REFERENCES gl_department NOT VALID",
    ),
    "states that are listed": (
        "ALTER TABLE fa_card ADD CHECK (status IN ('in_use', 'disposed', 'cancelled'))",
        "ALTER TABLE fa_card ADD CHECK (asset_code ~ '^[A-Z]+-[0-9]+$') NOT VALID",
    ),
    "an enumeration": (
        "CREATE TYPE method AS ENUM ('straight_line', 'sum_of_years', 'double_declining')",
        "DELETE FROM fa_card",
        "ALTER TABLE fa_card ALTER method TYPE method USING 'straight_line'",
    ),
    "numbers of finance's own": ("ALTER TABLE gl_entry ADD id BIGINT GENERATED ALWAYS AS IDENTITY",),
    "a sequence that may be used": (
        "ALTER TABLE gl_voucher ADD id SERIAL",
        "GRANT USAGE ON SEQUENCE gl_voucher_id_seq TO books",
    ),
    "a trigger that stamps": (
        "ALTER TABLE gl_voucher ADD made_at TIMESTAMP, ADD maker TEXT",
        *acting("NEW.made_at := now(); NEW.maker := current_user;"),
    ),
    "a trigger that checks the balance": acting(
        "IF NEW.debit <> NEW.credit THEN RAISE 'unbalanced'; END IF;"
    ),
    "a trigger that notes": (
        "CREATE TABLE noted (what TEXT)",
        "GRANT INSERT ON noted TO books",
        *acting("INSERT INTO noted VALUES (NEW.summary);", when="AFTER INSERT"),
    ),
    "row security for syncd": (
        "ALTER TABLE gl_voucher ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON gl_voucher TO books USING (true) WITH CHECK (true)",
    ),
    "a view": (
        "ALTER TABLE gl_voucher RENAME TO vouchers",
        "CREATE VIEW gl_voucher AS SELECT * FROM vouchers",
        "GRANT SELECT, INSERT ON gl_voucher TO books",
    ),
    "entries of a voucher": (
        "ALTER TABLE gl_entry ADD FOREIGN KEY (period, type, number) REFERENCES gl_voucher"
        " DEFERRABLE INITIALLY DEFERRED",
    ),
    "codes that are numbers": (
        "DELETE FROM gl_account WHERE code !~ '^[0-9]+$'",
        "ALTER TABLE gl_account ALTER code TYPE BIGINT USING code::bigint",
    ),
    "partitions": (
        "ALTER TABLE gl_entry RENAME TO old",
        "CREATE TABLE gl_entry (LIKE old INCLUDING DEFAULTS) PARTITION BY LIST (period)",
        "CREATE TABLE entries_2026 PARTITION OF gl_entry DEFAULT",
        "GRANT SELECT, INSERT ON gl_entry TO books",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, wiring.Pipeline]]:
    """Finance as it should be, with a role that may do what it must, once for all cases."""
    dsn, eam_dsn = postgres.create_database(), postgres.create_database()
    postgres.run("CREATE ROLE books LOGIN")
    with closing(connected(dsn)) as finance, closing(connected(eam_dsn)) as eam:
        company.create(eam, "eam", eam.kind)
        company.create(finance, "finance", finance.kind)
        company.settle_eam(eam, MONTH, 3)
        company.settle_finance(finance, eam, MONTH)
        wired = pipeline(tmp_path_factory.mktemp("template"), dsn)
        with closing(wired.open_ledger()) as ledger:
            migrate.migrate(ledger, datetime(2026, 2, 1, tzinfo=UTC))
        for statement in GRANTS:
            finance.execute(statement)
        finance.execute("CREATE TABLE kept AS SELECT checksum FROM syncd.migration WHERE name = '0011_audit'")
    name = dsn.rpartition("/")[2]
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
    yield name, wired
    postgres.drop_database(dsn)
    postgres.drop_database(eam_dsn)
    postgres.run("DROP ROLE books")


class Finance(NamedTuple):
    """One case's finance: `run` as its owner, `findings` as the role sees it; what is well is left out."""

    name: str
    server: Postgres
    wired: wiring.Pipeline

    def run(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self.server.run(statement.replace("{db}", self.name), database=self.name)

    def findings(self) -> list[Finding]:
        settings = Settings(self.server.dsn(self.name, "books"))
        found = checks.check_finance(replace(self.wired, ledger_settings=settings))
        return [finding for finding in found if finding.level != "ok"]


def pipeline(directory: Path, dsn: str) -> wiring.Pipeline:
    """The demonstration's mapping, with finance here; of the EAM nothing is asked."""
    config = directory / "syncd.yaml"
    config.write_text(
        f"pipelines:\n  demo:\n    mapping: {shipped('mappings', 'demo.yaml')}\n"
        "    source: {kind: changelog, dialect: sqlite, database: eam.db}\n"
        f"    ledger: {{kind: postgres, dsn: '{dsn}'}}\n"
    )
    return wiring.pipeline(config, None)


@pytest.fixture
def finance(postgres: Postgres, template: tuple[str, wiring.Pipeline]) -> Iterator[Finance]:
    name = f"case_{next(CASES)}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE {template[0]}")
    yield Finance(name, postgres, template[1])
    postgres.drop_database(postgres.dsn(name))


@advice("ledger_no_right", "ledger_row_security", "ledger_read_only", "ledger_limit", "ledger_no_open_period")
@advice("ledger_column_inexact", "ledger_column_narrow", "ledger_column_rounds", "ledger_column_kind")
@advice("ledger_text_narrow", "ledger_trial_gone", "ledger_trial_otherwise", "finance_no_key")
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found_and_mended_at_the_first_go(finance: Finance, what: str) -> None:
    broken = BROKEN[what]
    finance.run(broken.done)
    before = counts(finance)
    found = finance.findings()
    assert counts(finance) == before
    assert {finding.code for finding in found} == set(broken.codes.split())
    for finding in found:
        assert say(finding.code, finding.params, "zh")
        assert "{" not in say(finding.code, finding.params, "en")
        finance.run(
            [statement for statement in finding.repair.split("; ") if " " in statement and statement != "syncd migrate"]
        )
        assert finding.repair or hint(finding.code, finding.params)
    finance.run(broken.mended)
    assert finance.findings() == []


@pytest.mark.parametrize("what", SOUND)
def test_what_works_is_not_complained_of(finance: Finance, what: str) -> None:
    finance.run(SOUND[what])
    assert finance.findings() == []


def counts(finance: Finance) -> list[tuple[object, ...]]:
    """Of what a trial could leave."""
    tables = ("fa_card", "gl_voucher", "syncd.number", "syncd.posting", "syncd.pipeline")
    return [finance.server.run(f"SELECT count(*) FROM {t}", database=finance.name)[0] for t in tables]
