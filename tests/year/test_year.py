"""A simulated year: all kinds of events, drawn from a seed, twelve months depreciated and closed.

Invariants 2, 3, 6, 7 and 13 over a whole year: the close's own list holds every month, nothing is closed anyway, and
the record read again in other batches makes the same books, byte for byte."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import pytest

from syncd.books.close import cards
from syncd.books.depreciation import as_of
from syncd.books.reports import package
from tests.unit.lab import NAME
from tests.year.books import Books
from tests.year.company import Company
from tests.year.script import Month, Script, cents
from tests.year.seldom import OTHER_DISPOSALS, Year

SEED: Final = 1
KINDS: Final = frozenset(
    {
        "buy", "delete", "draft", "renamed", "invoiced", "error", "invoice", "earlier error", "earlier invoice",
        "upgrade", "upgrade edited", "impairment", "transfer", "transfer corrected", "repair", "repair edited",
        "revision of life", "revision of residual", "revision of method",
        "disposal, scrap", "disposal, sale", "disposal, shortage",
        "disposal, back", "disposal taken back", "disposal cost", "disposal proceeds", "disposal result",
        "given, donated", "given, owner", "found", "found, decided", "project cost", "built", "paid in parts",
        "paid, prepayment", "paid, settlement", "paid, retention", "grant", "granted", "grant set off",
        "turned to welfare", "rebuilding", "rebuilding, spend", "rebuilding, replaced", "rebuilt",
    }
    | {f"disposal, {kind}" for kind in OTHER_DISPOSALS}
)  # fmt: skip
CARDS: Final = (
    "SELECT asset_code, original_value, accumulated_depreciation, impairment, dept, life_months, residual_rate, method,"
    " status FROM fa_card"
)
PARKED: Final = "SELECT subject, code, params FROM syncd.parked WHERE settled_at IS NULL"
VOUCHERS: Final = "SELECT * FROM gl_voucher ORDER BY period, type, number"
ENTRIES: Final = "SELECT * FROM gl_entry ORDER BY period, type, number, line"


def lived(company: Company, script: Script, months: int = 12) -> list[Month]:
    """The months as they went; each is closed, and all that can be said of it holds."""
    found = []
    for month in script.months(months):
        company.carry(month.transactions)
        company.depreciate(month.code)
        assert company.query(PARKED) == [], month.code
        assert company.close(month.code) == [], month.code
        assert_reconciled(company, month.code)
        assert_cards(company, script.books, month.code)
        assert_one_figure(company, month.code)
        found.append(month)
    return found


def assert_reconciled(company: Company, month: str) -> None:
    """Both sides, to zero; the accounts against the cards are an item of the close."""
    report = company.reconciled()
    assert (report.differing, report.totals) == (0, []), month


def assert_cards(company: Company, books: Books, month: str) -> None:
    """Every card is what the accounting facts make of the same events."""
    rows = {str(code): row for code, *row in company.query(CARDS)}
    assert rows.keys() == books.assets.keys(), month
    for code, (cost, worn, impaired, *others, rate, method, status) in rows.items():
        asset = books.assets[code]
        if asset.status != "cancelled":
            held = (cents(str(cost)), cents(str(worn)), cents(str(impaired)), *others, str(method))
            terms = asset.terms
            due = (terms.cost, asset.accumulated, terms.impairment, asset.dept, terms.life, terms.method)
            assert held == due, (month, code, asset)
            assert Decimal(str(rate)) * terms.residual.denominator == terms.residual.numerator, (month, code)
        assert status == asset.status, (month, code)


def assert_one_figure(company: Company, month: str) -> None:
    """What reports say of an asset and a date is what the plan says."""
    planned, reported = company.planned_at(month), company.figures_at(month)
    said = {code: amounts.accumulated_depreciation for code, amounts in reported.items()}
    assert said == {code: planned[code] for code in said}, month


def assert_as_of(company: Company, month: str) -> None:
    """And so is what `depreciate --as-of` says of its last day: nothing is owed, nothing differs."""
    read = cards.read(company.mapping.month_end, company.mapping.layout.card_kinds)
    day = company.period(month).last
    found = list(as_of.as_of(company.ledger, company.computing, read, day, lambda done, total: None))
    assert {one.asset: one.booked for one in found} == company.figures_at(month)
    assert [one for one in found if one.owed or one.unlike] == []


def assert_year_end(company: Company) -> None:
    """The sheets of the year, as the shipped mapping has them: they are those of the accounts, nothing is left out."""
    period = company.period("2026-12")
    printed = package.Printed("year", "", datetime(2027, 1, 4, tzinfo=UTC))
    parts = {NAME: company.computing}
    of = package.package(company.ledger, company.mapping, company.periods(), period, printed, parts)
    sheets = {sheet.code.removeprefix("report_"): sheet for sheet in of.sheets}
    form = [row[2:] for row in sheets["a105080"].rows]
    for n in (0, 1, 2, 3, 4, 7, 8):
        assert form[0][n] == sum(row[n] for row in form[1:]), f"column {n + 1}"  # type: ignore[misc]
    assert form[0][8] == form[0][1] - form[0][4] != 0  # type: ignore[operator]
    charged = [column.code for column in sheets["depreciation"].columns].index("report_year_to_date")
    assert form[0][1] == sheets["depreciation"].total[charged]
    assert {said.code for said in sheets["a105080"].foot} == {"tax_bridge", "report_tie"}
    cost, worn = balance_of(company, "1601"), -balance_of(company, "1602")
    bridge = sheets["a105080"].foot[0].params
    assert (bridge["cost"], bridge["worn"]) == (f"{cost:,.2f}", f"{worn:,.2f}")
    counted = [column.code for column in sheets["stock_take"].columns].index("original_value")
    assert sheets["stock_take"].total[counted] == cost
    research = sheets["research"]
    balance = [column.code for column in research.columns].index("close_balance")
    assert research.rows
    assert research.total[balance] == balance_of(company, "530101") + balance_of(company, "530102")


def balance_of(company: Company, account: str) -> Decimal:
    """Debit less credit, in finance's own journal."""
    rows = company.query(f"SELECT debit, credit FROM gl_entry WHERE account = '{account}'")
    return sum((Decimal(str(debit)) - Decimal(str(credit)) for debit, credit in rows), Decimal(0))


def replayed(script: Script, months: list[Month], **how: int) -> Company:
    """The same log and the same acts of people, into new books."""
    again = Company(script.opening, **how)
    for month in months:
        again.carry(month.transactions)
        again.depreciate(month.code)
        again.shut(month.code)
    return again


def test_a_year_closes_reconciles_and_replays(request: pytest.FixtureRequest) -> None:
    script = Year(request.config.getoption("--year-devices"), SEED)
    company = Company(script.opening)
    months = lived(company, script)
    assert script.kinds.keys() == KINDS, "a year has all kinds of events"
    assert_as_of(company, months[-1].code)
    assert_year_end(company)
    again = replayed(script, months, sets_max=3, rests=7)
    for sql in (VOUCHERS, ENTRIES):
        assert again.query(sql) == company.query(sql)
