"""The sheets of a year: what they list, what the tax return and the R&D account come to, each figure known beforehand
and that of the one function, and nothing of it a formula."""

import csv
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from syncd.books.close.item import Said
from syncd.books.depreciation.methods import Method
from syncd.books.figures import Amounts
from syncd.books.reports import folders, package
from syncd.books.reports.month import word
from syncd.books.reports.sheet import Listed, Package, Sheet, text
from syncd.books.reports.year import year as years
from syncd.errors import Fault, Halt, MappingErrors
from syncd.language import Language, catalogue, say
from syncd.mapping.language.load import Mapping as Loaded
from tests.finance_cases import books as plain
from tests.finance_cases.year import EVIL, FINANCE, MAPPING, PRINTED, Company, eventful
from tests.unit.lab import NAME, loaded

XML: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ONCE: Final = "500万元以下设备器具一次性扣除"


@pytest.fixture(scope="module")
def company() -> Company:
    return eventful()


@pytest.fixture(scope="module")
def year(company: Company) -> Package:
    return company.package()


def sheet(of: Package, code: str) -> Sheet:
    (found,) = (one for one in of.sheets if one.code == f"report_{code}")
    return found


def rows(of: Sheet) -> list[dict[str, Any]]:
    codes = [column.code for column in of.columns]
    return [dict(zip(codes, row, strict=True)) for row in of.rows if len(row) == len(codes)]


def filled(of: Package, line: str) -> tuple[Any, ...]:
    """Columns 1 to 9 of a line of A105080."""
    (row,) = (row for row in sheet(of, "a105080").rows if row[0] == line)
    return tuple(row[2:])


def money(*amounts: str) -> tuple[Any, ...]:
    return tuple("*" if amount == "*" else Decimal(amount) for amount in amounts)


def test_the_sheets_of_a_year_come_with_december_or_when_they_are_asked_for(company: Company, year: Package) -> None:
    """As the roll-forward does."""
    codes = [one.code for one in year.sheets if one.code not in {s.code for s in company.package("2026-11").sheets}]
    assert codes == [
        f"report_{name}"
        for name in (
            *(
                "roll_forward",
                "used_up",
                "idle",
                "leased_out",
                "pledged",
                "review",
                "stock_take",
                "a105080",
                "a105080_assets",
            ),
            *("research", "research_summary"),
        )
    ]
    summed = {one.code.removeprefix("report_") for one in year.sheets if one.since == "2026-01"}
    assert summed == {"roll_forward", "a105080", "a105080_assets", "research", "research_summary"}
    assert "会计期间：2026-01至2026-12 " in year.head("zh", sheet(year, "roll_forward").since)
    assert "period 2026-12 " in year.head("en", sheet(year, "stock_take").since)
    early = company.package("2026-03", ends_year=True)
    assert [one.code for one in early.sheets] == [one.code for one in year.sheets]
    assert filled(early, "3")[:2] == money("144000.00", "4560.00")
    assert [column.code for column in sheet(early, "research_summary").columns][3:] == [
        *("2026-01", "2026-02", "2026-03", "report_total")
    ]


def test_a_list_is_what_the_mapping_says_of_the_card_on_the_day(company: Company, year: Package) -> None:
    """A card's condition is asked of the card as it stood then; amounts are the one function's."""
    (row,) = rows(sheet(year, "idle"))
    assert row["reconcile_asset"] == "FA-2"
    held = company.held("2026-12-31")["FA-2"]
    assert (row["original_value"], row["accumulated_depreciation"], row["impairment"]) == held
    assert (row["carrying_amount"], row["report_year_to_date"]) == (held.carrying_amount, Decimal("5225.00"))
    leased = sheet(year, "leased_out")
    assert ([row["reconcile_asset"] for row in rows(leased)], leased.foot) == (["FA-1"], []), "FA-3 was sold"
    assert rows(sheet(company.package("2026-10", ends_year=True), "idle")) == [], "it was moved in November"


def test_a_list_of_the_eams_rows_counts_an_asset_once(year: Package) -> None:
    """Two pledges are told, the asset is counted once; a pledge that ended, or is of nothing in the books, is not."""
    found = sheet(year, "pledged")
    (row,) = found.rows
    assert row[0] == "FA-1"
    assert [text(cell, "zh") for cell in row[-3:]] == [
        "乙银行、甲银行",
        "2026-05-01、2026-03-01",
        "50,000.00、50,000.00",
    ]
    assert found.columns[-3].title("en") == "pledgee"
    assert found.total[found.columns.index(next(c for c in found.columns if c.code == "original_value"))] == Decimal(
        "120000.00"
    )
    assert found.foot == [Said("year_not_in_books", {"assets": Listed(["FA-3", "FA-9"])})]


def test_the_tax_return_holds_the_accounts_against_the_tax_book(company: Company, year: Package) -> None:
    """A105080, lines 1 to 7 and columns 1 to 9: a machine in 60 months and 120 by tax law, a computer in 60 and 36, and
    a machine sold in June counts until then."""
    assert filled(year, "3") == money(
        *("144000.00", "22800.00", "22800.00", "144000.00", "11400.00", "*", "*", "11400.00", "11400.00")
    )
    assert filled(year, "6") == money(
        *("30000.00", "5225.00", "5225.00", "30000.00", "8708.37", "*", "*", "8708.37", "-3483.37")
    )
    assert filled(year, "1") == money(
        *("174000.00", "28025.00", "28025.00", "174000.00", "20108.37", "*", "*", "20108.37", "7916.63")
    )
    form = sheet(year, "a105080")
    bridge = form.foot[0]
    ledger = company.ledger_at("2026-12-31")
    assert (bridge.params["cost"], bridge.params["worn"]) == tuple(f"{amount:,.2f}" for amount in ledger[:2])
    assert (bridge.params["left"], bridge.params["gone"]) == ("24,000.00", "1,900.00")
    assert [one.code for one in form.foot[1:]] == ["report_tie"] * 3
    detail = sheet(year, "a105080_assets")
    assert tuple(detail.total[-9:]) == filled(year, "1")
    assert [row[1] for row in detail.rows] == ["FA-1", "FA-3", "FA-2"], "by line"


def test_a_year_of_the_tax_book_is_from_january_to_december() -> None:
    """What was deducted in the year before, and in the years to come, is no part of it."""
    company = Company()
    company.buy("FA-8", "12000.00", "2025-12-10")
    (row,) = (row for row in rows(sheet(company.package(), "a105080_assets")) if row["reconcile_asset"] == "FA-8")
    assert (row["tax_column_5"], row["tax_column_8"]) == (Decimal("1140.00"), Decimal("1140.00"))
    (row,) = (
        row
        for row in rows(sheet(company.package("2026-04", ends_year=True), "a105080_assets"))
        if row["reconcile_asset"] == "FA-8"
    )
    assert row["tax_column_5"] == Decimal("380.00")


def test_what_is_deducted_at_once_stands_beside_the_general_rules() -> None:
    """Columns 6 and 7; an asset of a policy that is not faster in the year is not told again."""
    policy = f"policy: CASE WHEN card.class = 'DZ' THEN '{ONCE}' ELSE '另一政策' END"
    company = Company(MAPPING.replace("book: tax,", f"book: once, general: tax, {policy},"))
    of = company.package()
    assert filled(of, "6")[4:] == money("30000.00", "*", "*", "30000.00", "-24775.00")
    (row,) = (row for row in sheet(of, "a105080").rows if not row[0])
    assert text(row[1], "zh").endswith(ONCE)
    assert tuple(row[6:]) == money("30000.00", "8708.37", "21291.63", "30000.00", "*")


def test_what_the_books_before_have_charged_in_the_year_is_said_to_be_missing() -> None:
    """An asset that is taken over in March: nobody files a deduction of twelve months against nine without a word."""
    opening = "  by: eam\n  opening: card.name = '接管'\n  opening_until: DATE '2026-03-31'\n"
    company = Company(MAPPING.replace("  by: eam\n", opening))
    company.buy("FA-7", "12000.00", "2026-01-05", name="接管")
    for code in ("a105080", "a105080_assets"):
        assert Said("tax_taken_over", {"assets": Listed(["FA-7"])}) in sheet(company.package(), code).foot


def test_a_class_without_a_line_is_counted_and_said() -> None:
    company = Company(MAPPING.replace("WHEN 'DZ' THEN 6 END", "END"))
    of = company.package()
    assert filled(of, "7")[0] == Decimal("30000.00")
    assert Said("tax_unknown_line", {"assets": Listed(["FA-2"]), "line": 7}) in sheet(of, "a105080").foot


def test_the_research_account_is_what_finance_holds_by_project(company: Company, year: Package) -> None:
    """Ours by kind of cost, finance's own beside it, what was carried to expense on the other side; the balance is that
    of the account."""
    found = rows(sheet(year, "research"))
    first = [row for row in found if row["research_project"] == "RD-1"]
    assert [(row["report_debit"], row["report_credit"], row["close_balance"]) for row in first] == [
        (Decimal("100.00"), None, Decimal("100.00")),
        (None, Decimal("100.00"), Decimal("0.00")),
        (Decimal("120.00"), None, Decimal("120.00")),
        (Decimal("10.00"), None, Decimal("130.00")),
        (Decimal("900.00"), None, Decimal("1030.00")),
    ]
    assert [(row["depreciation"], row["research_other"]) for row in first] == [
        (Decimal("100.00"), None),
        (None, None),
        (Decimal("120.00"), None),
        (None, None),
        (None, Decimal("900.00")),
    ]
    assert [row["report_summary_text"] for row in first] == [
        "研发设备折旧",
        "结转",
        "研发设备折旧",
        "转回",
        "研发人员工资",
    ]
    known = {f"{period} 记-{number}" for period, number in company.ask("SELECT period, number FROM gl_voucher")}
    assert {row["voucher"] for row in found} <= known
    summary = sheet(year, "research_summary")
    (row,) = (r for r in summary.rows if r[0] == "RD-1" and isinstance(r[2], Said) and r[2].code == "research_other")
    assert row[3:] == (*(Decimal("900.00") if n == 3 else Decimal(0) for n in range(1, 13)), Decimal("900.00"))
    assert summary.total[-1] == Decimal("1820.00")
    assert [row["research_use"].code for row in found] == [*["research_capitalised"] * 2, *["research_expensed"] * 5]
    carried = found[1]
    assert (carried["report_credit"], carried["close_balance"], carried["research_other"]) == (
        *(Decimal("300.00"), Decimal("400.00"), None),
    )


def test_the_stock_take_lists_what_is_in_the_books_by_department(company: Company, year: Package) -> None:
    """One page a department, with blanks to be filled in and lines to be signed; nothing that was sold."""
    found = sheet(year, "stock_take")
    listed = [row for row in rows(found) if not isinstance(row["reconcile_asset"], Said)]
    assert [row["reconcile_asset"] for row in listed] == ["FA-1", "FA-2"]
    assert all(row["count_book"] == 1 and row["counted"] is row["count_difference"] is None for row in listed)
    held = company.held("2026-12-31")
    assert {row["reconcile_asset"]: row["original_value"] for row in listed} == {
        asset: amounts.original_value for asset, amounts in held.items()
    }
    across = [row[0] for row in found.rows if len(row) == 1]
    assert [one.code for one in across if isinstance(one, Said)] == ["count_place", "count_signed"] * 2
    assert [found.rows[n][0] for n in found.pages] == [
        Said("count_place", {"department": department, "place": None}) for department in ("SC", "XZ")
    ]


def test_a_card_may_say_where_an_asset_is_and_how_many_pieces_it_has() -> None:
    """By place within a department; the book quantity is the card's."""
    fields = "  fields: {location: class, quantity: life_months}\n  movements:"
    company = Company(MAPPING.replace("  movements:", fields))
    company.buy("FA-4", "60000.00", "2026-12-05", kind="DZ")
    found = sheet(company.package(), "stock_take")
    places = [row[0].params for row in found.rows if isinstance(row[0], Said) and row[0].code == "count_place"]
    assert [tuple(params.values()) for params in places] == [("SC", "DZ"), ("SC", "JQ"), ("XS", "DZ")]
    assert {row["count_book"] for row in rows(found) if not isinstance(row["reconcile_asset"], Said)} == {60}
    assert len(found.pages) == 2


def test_what_people_call_a_value_stands_on_the_sheets_of_the_year_too() -> None:
    """A state of use as on the sheets of a month, a method by its name, and no code of ours."""
    words = "  words: {use: {in_use: {zh: 在用, en: in use}}}\n  movements:"
    company = Company(MAPPING.replace("  movements:", words))
    made = company.package()
    counted = [row for row in rows(sheet(made, "stock_take")) if isinstance(row["reconcile_asset"], str)]
    assert {text(row["report_use"], "zh") for row in counted} == {"在用"}
    assert not [cell for one in made.sheets for row in one.rows for cell in row if cell == "in_use"]
    for method in Method:
        assert {text(word({}, "method", method) or "", one) for one in ("zh", "en")} == set(NAMES[method])


NAMES: Final = {
    Method.STRAIGHT_LINE: ("年限平均法", "straight line"),
    Method.DOUBLE_DECLINING: ("双倍余额递减法", "double declining"),
    Method.SUM_OF_YEARS: ("年数总和法", "sum of years' digits"),
    Method.UNITS: ("工作量法", "units of production"),
}


def test_the_review_names_what_to_look_at_and_what_to_do() -> None:
    """A life that ends within the months that the mapping says, an asset that is used up and in use, a residual rate
    that most of its class do not have."""
    company = Company()
    for n in (4, 5):
        company.buy(f"FA-{n}", "60000.00", "2026-12-05")
    company.happen("month", "FA-2", "23275.00", "2026-12-31")  # 28,500.00 in all
    company.happen("residual", "FA-4", "0.00", "2026-12-06")
    company.buy("FA-6", "60000.00", "2026-12-05", kind="DZ")
    company.happen("residual", "FA-6", "0.00", "2026-12-06")  # one of two: nobody knows what is usual
    assert company.parked == []
    found = rows(sheet(company.package(), "review"))
    told = [(row["reconcile_asset"], row["review_why"].code, row["review_left"], row["review_usual"]) for row in found]
    assert told == [
        ("FA-1", "review_ending", "49", ""),
        ("FA-2", "review_used_up", "49", ""),
        ("FA-4", "review_unlike_residual_rate", "60", "5%"),
    ]
    assert all(row["review_do"].code == f"{row['review_why'].code}_do" for row in found)
    (used_up,) = rows(sheet(company.package(), "used_up"))
    assert (used_up["reconcile_asset"], used_up["carrying_amount"]) == ("FA-2", Decimal("1500.00"))


def test_every_sheet_of_the_year_says_what_the_one_function_says(company: Company, year: Package) -> None:
    held = company.held("2026-12-31")
    for code in ("idle", "pledged", "review", "stock_take"):
        listed = [row for row in rows(sheet(year, code)) if not isinstance(row["reconcile_asset"], Said)]
        assert listed or code == "review"
        for row in listed:
            amounts: Amounts = held[row["reconcile_asset"]]
            assert (row["original_value"], row["carrying_amount"]) == (amounts.original_value, amounts.carrying_amount)


def test_workbook_page_and_csv_hold_the_sheets_and_no_formula(year: Package, tmp_path: Path) -> None:
    """Each in both languages; what looks like a formula is a text."""
    language: Language
    for language in ("zh", "en"):
        folders.write(year, tmp_path, language)
        page = (tmp_path / f"2026-12-{language}.html").read_text("utf-8")
        for one in year.sheets:
            path = tmp_path / f"2026-12-{language}" / f"{one.code.removeprefix('report_')}.csv"
            with path.open(encoding="utf-8-sig", newline="") as file:
                _, _, head, *body = csv.reader(file)
            assert head == [column.title(language) for column in one.columns]
            assert len(body) == len(one.rows) + bool(one.total) + len(year.below(one, language))
            assert not [said for row in body for said in row if said.startswith(("=", "+", "@"))], one.code
            assert f'id="{one.code}"' in page
        with zipfile.ZipFile(tmp_path / f"2026-12-{language}.xlsx") as book:
            names = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
            sheets = [ElementTree.fromstring(book.read(name)) for name in names]
        assert len(names) == len(year.sheets)
        assert not [cell for one in sheets for cell in one.iter(f"{XML}f")]
        assert any("".join(cell.itertext()) == EVIL for one in sheets for cell in one.iter(f"{XML}c"))
        assert [len(list(one.iter(f"{XML}brk"))) for one in sheets if one.find(f"{XML}rowBreaks") is not None] == [1]
    assert "盘点人：________" in (tmp_path / "2026-12-zh.html").read_text("utf-8")


def test_every_title_is_in_both_languages(year: Package) -> None:
    for one in year.sheets:
        for code in (one.code, *(column.code for column in one.columns if column.says is None)):
            assert code in catalogue(), code
            assert say(code, language="zh") != say(code, language="en")


def test_one_who_may_only_read_finance_is_told_what_is_not_in_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An auditor's role writes nothing: the report is made of what was there, and says so."""

    def refuse(*_: object) -> None:
        raise Fault("finance_read_only", error="")

    monkeypatch.setattr(years.runs, "fold", refuse)
    of = company.package()
    for code in ("review", "a105080"):
        assert Said("year_stale") in sheet(of, code).foot


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ("book: taxes,", "book: tax,", "year_end_book"),
        ("policy: \"'a'\", book: tax,", "book: tax,", "missing_key"),
        ("table: using", "table: use\n", "unknown_table"),
        ("{partner: {zh", "{party: {zh", "unknown_column"),
        ("rules: [research]", "rules: [researched]", "unknown_rule"),
        ("project: projects\n      expensed:", "expensed:", "unknown_dim"),
        ("idle: card.depot", "idle: card.dept", "unknown_name"),
    ],
)
def test_what_is_wrong_with_the_block_is_said_with_its_line(wrong: str, right: str, code: str) -> None:
    with pytest.raises(MappingErrors) as caught:
        loaded(MAPPING.replace(right, wrong if not right.endswith("\n") else f"{wrong}\n"), FINANCE)
    assert code in {error.code for error in caught.value.errors}


def test_a_list_that_cannot_be_computed_says_why() -> None:
    company = Company(MAPPING.replace("idle: card.dept = 'XZ'", "idle: 1 / (card.life_months - 60) = 1"))
    with pytest.raises(Halt, match="year_end_list") as caught:
        company.package()
    assert caught.value.params["list"] == "idle"


def test_nothing_is_asked_of_a_mapping_that_says_nothing() -> None:
    """Lists, tax return and R&D account come where the mapping says how; the others always."""
    whole: Mapping[str, Loaded] = {"": loaded(plain.MAPPING, plain.FINANCE)}
    assert whole[""].year_end.lists == {}
    books = plain.standard()
    of = package.package(books.ledger, books.mapping, books.periods(), books.period("2026-12"), PRINTED, {NAME: None})
    assert [one.code for one in of.sheets][-4:] == [
        f"report_{name}" for name in ("roll_forward", "used_up", "review", "stock_take")
    ]
