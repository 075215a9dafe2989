"""A finance that is not as the layout says: `syncd check` finds it, and when the layout is corrected and accepted as
the hint says, it finds nothing, also of postings that it tries; and the daemon goes on under it."""

from collections.abc import Iterator, Sequence

import pytest

from tests.advice import advised, heard
from tests.advice.company import Company, built
from tests.servers import Postgres

NOTHING = ("", "")
Edit = tuple[str, str]


@pytest.fixture(scope="module")
def made(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    dsn = postgres.create_database()
    with built(tmp_path_factory.mktemp("layout"), dsn, {"kind": "postgres", "dsn": dsn}) as one:
        yield one
        one.edit(one.layout, "summary: entry.summary", "summary: voucher.summary")
        one.follow("syncd mapping accept")
        with one.running():
            one.register("FA-SC-0001")
            one.until(lambda: one.posted("FA-SC-0001"))
    postgres.drop_database(dsn)


NAMED = "{table: gl_account, code: code, gives: code"
TYPED = [
    "ALTER TABLE gl_voucher DROP summary",
    "ALTER TABLE gl_voucher ADD summary TEXT GENERATED ALWAYS AS ('x') STORED",
]
MADE_BY = [
    "ALTER TABLE gl_voucher ADD maker TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE gl_voucher ALTER maker DROP DEFAULT",
]
HEADED = "    generated: id\n    key: [period, type, number]\n    columns:\n"
KEY = "      external_key: voucher.key\n"
PERIODS = """  {table: gl_period, code: code, first: starts_on, last: ends_on, open: status = 'open',
   close: status = 'closed', reopen: status = 'open'}"""
NO_CODE = "code: \"nullif(code, '2026-12')\""
QUERY = "  {query: \"SELECT code, starts_on, ends_on, status = 'open' FROM gl_period WHERE code IS NOT NULL\"}"

# what finance's people have done, how the layout was wrong before, how it is corrected, and what undoes the first
CASES = [
    advised(
        "ledger_no_table",
        ["ALTER TABLE gl_entry RENAME TO entries"],
        NOTHING,
        ("table: gl_entry", "table: entries"),
        ["ALTER TABLE entries RENAME TO gl_entry"],
    ),
    advised(
        "ledger_no_column",
        ["ALTER TABLE gl_entry RENAME workshop TO shop"],
        NOTHING,
        ("workshop: entry.workshop", "shop: entry.workshop"),
        ["ALTER TABLE gl_entry RENAME shop TO workshop"],
    ),
    advised(
        "ledger_column_required",
        MADE_BY,
        NOTHING,
        (KEY, KEY + "      maker: \"'syncd'\"\n"),
        ["ALTER TABLE gl_voucher DROP maker"],
    ),
    advised(
        "ledger_column_generated",
        TYPED,
        NOTHING,
        ("      summary: voucher.summary\n", ""),
        ["ALTER TABLE gl_voucher DROP summary", "ALTER TABLE gl_voucher ADD summary TEXT"],
    ),
    advised(
        "ledger_id_not_generated",
        ["ALTER TABLE gl_voucher ADD id TEXT NOT NULL DEFAULT ''", "ALTER TABLE gl_voucher ALTER id DROP DEFAULT"],
        ("  - table: gl_voucher\n", "  - table: gl_voucher\n    generated: id\n"),
        (HEADED, HEADED.replace("    generated: id\n", "") + "      id: uuid(voucher.key)\n"),
        ["ALTER TABLE gl_voucher DROP id"],
    ),
    advised(
        "ledger_places_unsaid",
        [],
        ("original_value: money, ", ""),
        ("kinds:", "kinds:"),
        [],
    ),
    advised(
        "ledger_column_kind",
        [],
        ("disposed_on: date, ", ""),
        ("  {original_value", "  {disposed_on: date, original_value"),
        [],
    ),
    advised(
        "ledger_places_few",
        ["ALTER TABLE fa_card ALTER residual_rate TYPE NUMERIC(6, 3)"],
        NOTHING,
        ("residual_rate: {decimal: 4}", "residual_rate: {decimal: 3}"),
        ["ALTER TABLE fa_card ALTER residual_rate TYPE NUMERIC(6, 4)"],
    ),
    advised(
        "ledger_lookup_empty", [], ("where: leaf = 1", "where: leaf = 9"), ("where: leaf = 9", "where: leaf = 1"), []
    ),
    advised(
        "finance_period_no_day", [], ("first: starts_on", "first: \"'1.1.26'\""), ("\"'1.1.26'\"", "starts_on"), []
    ),
    advised(
        "finance_period_no_code",
        [],
        (PERIODS, PERIODS.replace("code: code", NO_CODE)),
        (PERIODS.replace("code: code", NO_CODE), QUERY),
        [],
    ),
    advised("finance_periods_columns", [], (PERIODS, "  {query: SELECT 1}"), ("  {query: SELECT 1}", QUERY), []),
    advised(
        "finance_no_table",
        ["ALTER TABLE gl_account RENAME TO chart"],
        NOTHING,
        ("table: gl_account", "table: chart"),
        ["ALTER TABLE chart RENAME TO gl_account"],
    ),
    advised(
        "finance_no_column",
        ["ALTER TABLE gl_account RENAME code TO number"],
        NOTHING,
        (NAMED, "{table: gl_account, code: number, gives: number"),
        ["ALTER TABLE gl_account RENAME number TO code"],
    ),
]


@pytest.mark.parametrize(("code", "done", "wrong", "corrected", "undone"), CASES)
def test_a_layout_is_corrected_and_accepted(
    made: Company, code: str, done: Sequence[str], wrong: Edit, corrected: Edit, undone: Sequence[str]
) -> None:
    before = made.layout.read_text("utf-8")
    for statement in done:
        made.finance.execute(statement)
    if any(wrong):
        made.edit(made.layout, *wrong)
    try:
        found = heard(code, made.syncd("check", 0 if code == "ledger_places_unsaid" else 1))
        if code == "ledger_places_unsaid":  # beside what the layout says of others
            said = f"{found['field']}: {{decimal: {found['places']}}}"
            corrected = ("kinds:  # what the card keeps of a number or a day\n  {", "kinds:\n  {" + said + ", ")
        made.edit(made.layout, *corrected)
        made.follow("syncd mapping accept")
        assert [f["code"] for f in made.json("check")["demo"] if f["level"] != "ok"] == []
    finally:
        for statement in undone:
            made.finance.execute(statement)
        made.layout.write_text(before, "utf-8")
