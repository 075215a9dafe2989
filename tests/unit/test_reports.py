"""A month's reports: every figure is that of the one function and of the accounts, numbers are numbers, no text is a
formula, and a workbook, a page and CSV say the same."""

import csv
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from syncd.books.close.item import Said
from syncd.books.figures import FIELDS, Amounts
from syncd.books.reports import folders, package
from syncd.books.reports.sheet import Column, Listed, Package, Sheet, text
from syncd.language import Language, catalogue, say
from tests.finance_cases.books import Books
from tests.unit.lab import NAME

PRINTED = package.Printed("lab", "王芳", datetime(2026, 4, 1, 9, tzinfo=UTC), ("张三", "", ""))
XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVIL = "=HYPERLINK(1)"


def made(books: Books, month: str) -> Package:
    return package.package(books.ledger, books.mapping, books.periods(), books.period(month), PRINTED, {NAME: None})


@pytest.fixture(scope="module")
def books() -> Books:
    """A quarter: taken over, bought, worn, upgraded, impaired, moved, deleted and disposed of."""
    found = Books([("FA-0", "60000.00", "20000.00")])
    found.by_hand(
        "2026-01",
        "2026-01-01",
        ("1601", "60000.00", "0", "FA-0"),
        ("1602", "0", "20000.00", "FA-0"),
        ("1002", "0", "40000.00", ""),
    )
    found.buy("FA-1", "120000.00", "2026-01-15")
    found.buy("FA-2", "30000.00", "2026-01-20", dept="XS", kind="DZ", name=EVIL)
    for month in ("2026-02-28", "2026-03-31"):
        found.happen("month", "FA-0", "950.00", month)
        found.happen("month", "FA-2", "475.00", month)
    found.happen("month", "FA-1", "1900.00", "2026-02-28")
    found.happen("upgrade", "FA-0", "5000.00", "2026-02-10")
    found.happen("impairment", "FA-2", "100.00", "2026-03-02")
    found.happen("transfer", "FA-2", "0.00", "2026-03-10", dept="SC")
    found.buy("FA-3", "7000.00", "2026-03-04")
    found.at = found.at.replace(month=3, day=6)  # a deletion has no other day than that of its commit
    found.delete_asset("FA-3")
    found.happen("month", "FA-1", "1900.00", "2026-03-20")
    found.happen("disposal", "FA-1", "0.00", "2026-03-20")
    assert found.parked == []
    return found


@pytest.fixture(scope="module")
def march(books: Books) -> Package:
    return made(books, "2026-03")


def sheet(of: Package, code: str) -> Sheet:
    (found,) = (one for one in of.sheets if one.code == f"report_{code}")
    return found


def rows(of: Sheet) -> list[dict[str, Any]]:
    return [dict(zip((column.code for column in of.columns), row, strict=True)) for row in of.rows]


def total(of: Sheet) -> Mapping[str, Any]:
    return dict(zip((column.code for column in of.columns), of.total, strict=True))


def test_every_sheet_says_of_an_asset_what_the_one_function_says(books: Books, march: Package) -> None:
    """Whatever page it stands on (snipe-it#14869)."""
    held, lines = books.held("2026-03-31"), books.figures("2026-03").assets()
    for row in rows(sheet(march, "depreciation")):
        asset = row["reconcile_asset"]
        closing = held.get(asset, Amounts())
        assert (row["original_value"], row["report_worn_after"], row["impairment"]) == closing, asset
        assert row["carrying_amount"] == closing.carrying_amount
        assert row["report_charged"] == lines[asset].of("charged").accumulated_depreciation
    moved: dict[str, Amounts] = {}
    for row in rows(sheet(march, "movements")):
        step = Amounts(*(row[field] for field in FIELDS))
        moved[row["reconcile_asset"]] = moved.get(row["reconcile_asset"], Amounts()).plus(step)
    before = books.held("2026-02-28")
    assert {asset: before.get(asset, Amounts()).plus(moved[asset]) for asset in moved} == {
        asset: held.get(asset, Amounts()) for asset in moved
    }


@pytest.mark.parametrize("month", ["2026-01", "2026-02", "2026-03", "2026-04"])
def test_every_sheet_ties_to_the_accounts(books: Books, month: str) -> None:
    """Its totals are 1601, 1602 and 1603 at the end of the month; the opening is the closing of the month before."""
    of, ledger = made(books, month), books.ledger_at(books.period(month).last.isoformat())
    detail, summary = total(sheet(of, "depreciation")), total(sheet(of, "summary"))
    for one in (detail, summary):
        assert (one["original_value"], one["report_worn_after"], one["impairment"]) == ledger
    changes = {
        row["reconcile_value"].code: row
        for row in rows(sheet(of, "changes"))
        if row["report_class"] == Said("report_total")
    }
    assert tuple(changes[field]["report_closing"] for field in FIELDS) == ledger
    opening = books.ledger_at(f"{month[:5]}{int(month[5:]) - 1:02}-31") if month > "2026-01" else None
    if opening:
        assert tuple(changes[field]["report_opening"] for field in FIELDS) == opening
    for row in changes.values():
        kinds = [value for code, value in row.items() if isinstance(value, Decimal) and code != "report_closing"]
        assert sum(kinds, Decimal(0)) == row["report_closing"], "every kind of change has one column"
    assert all(row["difference"] == 0 for row in rows(sheet(of, "reconciliation")))
    assert sheet(of, "differences").rows == []
    ties = [one for one in sheet(of, "summary").foot if one.code == "report_tie"]
    assert ties
    assert [one.code for one in of.sheets if not all(tie in one.foot for tie in ties)] == [], (
        "at the foot of every sheet"
    )


def test_the_disposal_leaves_the_list_with_its_last_month(march: Package) -> None:
    (row,) = rows(sheet(march, "disposals"))
    assert (row["reconcile_asset"], row["carrying_amount"]) == ("FA-1", Decimal("116200.00"))
    assert row["voucher"].startswith("2026-03 记-")
    (line,) = (row for row in rows(sheet(march, "depreciation")) if row["reconcile_asset"] == "FA-1")
    assert (line["report_worn_before"], line["report_charged"], line["report_adjusted"], line["report_worn_after"]) == (
        Decimal("1900.00"),
        Decimal("1900.00"),
        Decimal("-3800.00"),
        Decimal("0.00"),
    )
    assert line["report_year_to_date"] == Decimal("3800.00")


def test_a_purchase_that_was_taken_back_is_a_correction_and_no_disposal(march: Package) -> None:
    by_kind = {row["report_kind"].code for row in rows(sheet(march, "movements")) if row["reconcile_asset"] == "FA-3"}
    assert by_kind == {"moved_added", "moved_corrected"}


def test_each_line_names_its_voucher(books: Books, march: Package) -> None:
    known = {f"{period} 记-{number}" for period, number, *_ in books.vouchers}
    for row in rows(sheet(march, "movements")):
        assert row["voucher"] in known
    charged = [row for row in rows(sheet(march, "depreciation")) if row["report_charged"]]
    assert charged
    assert all(set(row["voucher"].texts) <= known for row in charged)


def test_the_allocation_adds_up_to_what_was_charged(march: Package) -> None:
    """By the accounts of the vouchers."""
    found = sheet(march, "allocation")
    assert {row["report_account"] for row in rows(found)} == {"6602"}
    assert total(found)["report_charged"] == total(sheet(march, "depreciation"))["report_charged"] == Decimal("3325.00")


def test_the_allocation_names_who_bears_it_as_the_voucher_does() -> None:
    """An asset that moved before its month was charged is charged once more where it stood: the table is what the
    voucher is made from, and must not name the department that has the card by now."""
    books = Books()
    books.buy("FA-1", "120000.00", "2026-01-15")
    books.happen("transfer", "FA-1", "0.00", "2026-02-10", dept="XS")
    books.happen("month", "FA-1", "1900.00", "2026-02-28", dept="SC")
    found = sheet(made(books, "2026-02"), "allocation")
    told = [(row["report_department"], row["report_class"], row["report_charged"]) for row in rows(found)]
    assert told == [("SC", "JQ", Decimal("1900.00"))]


def test_a_kind_of_the_mappings_own_has_its_column(books: Books) -> None:
    changes = sheet(made(books, "2026-02"), "changes")
    titles = [column.title("zh") for column in changes.columns]
    assert "更新改造" in titles
    (row,) = (r for r in changes.rows if r[0] == "JQ" and r[1] == Said("original_value"))
    assert row[titles.index("更新改造")] == Decimal("5000.00")
    assert "原值调整" not in titles, "nothing is left for it"


def test_a_difference_stands_at_the_foot_and_on_its_sheet(books: Books) -> None:
    books.by_hand("2026-04", "2026-04-02", ("1601", "9.00", "0", "FA-0"), ("1002", "0", "9.00", ""))
    try:
        of = made(books, "2026-04")
        assert [row["difference"] for row in rows(sheet(of, "reconciliation"))] == [Decimal("9.00"), 0, 0]
        assert {text(row["report_by"], "zh") for row in rows(sheet(of, "differences"))} >= {"合计", "资产 FA-0"}
        assert sheet(of, "depreciation").foot[0].params["difference"] == "9.00"
    finally:
        books.database.execute("DELETE FROM gl_entry WHERE period = '2026-04'")
        books.database.execute("DELETE FROM gl_voucher WHERE period = '2026-04'")


def test_december_rolls_the_year_forward(books: Books) -> None:
    of = made(books, "2026-12")
    year = {
        row["reconcile_value"].code: row
        for row in rows(sheet(of, "roll_forward"))
        if row["report_class"] == Said("report_total")
    }
    assert year["original_value"]["report_opening"] == Decimal("60000.00")
    assert tuple(year[field]["report_closing"] for field in FIELDS) == books.ledger_at("2026-12-31")
    assert year["accumulated_depreciation"]["moved_charged"] == Decimal("6650.00")
    assert [row["reconcile_asset"] for row in rows(sheet(of, "used_up"))] == []


class _Cells(HTMLParser):
    """The tables of a page, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._is_in_cell = self._is_in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            self.tables[-1][-1][-1] += data


@pytest.mark.parametrize("language", ["zh", "en"])
def test_workbook_page_and_csv_say_the_same(march: Package, tmp_path: Path, language: Language) -> None:
    folders.write(march, tmp_path, language)
    page = _Cells()
    page.feed((tmp_path / f"2026-03-{language}.html").read_text("utf-8"))
    full = [one for one in march.sheets if one.rows]
    for one, table in zip(full, page.tables, strict=True):
        expected = [[text(cell, language) for cell in row] for row in one.rows]
        assert table[1 : len(expected) + 1] == expected
    for one in march.sheets:
        path = tmp_path / f"2026-03-{language}" / f"{one.code.removeprefix('report_')}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            title, above, head, *body = csv.reader(file)
        assert (title, above) == ([say(one.code, language=language)], [march.head(language)])
        assert head == [column.title(language) for column in one.columns]
        plain = [
            [
                text(cell, language).replace(",", "") if isinstance(cell, Decimal) else text(cell, language)
                for cell in row
            ]
            for row in (*one.rows, *([one.total] if one.total else []))
        ]
        below = [[line] for line in march.below(one, language)]
        assert [[said.removeprefix("'") for said in row] for row in body] == plain + below
        assert bool(one.rows) != ([say("report_none", language=language)] in below), "an empty sheet says that it is"


def test_a_name_is_not_broken_letter_by_letter(march: Package, tmp_path: Path) -> None:
    """A table that is wider than the page is scrolled: Chinese may break anywhere, and would. What is long wraps."""
    folders.write(march, tmp_path, "zh")
    page = (tmp_path / "2026-03-zh.html").read_text("utf-8")
    style = page.partition("</style>")[0]
    assert "td { white-space: nowrap }" in style
    assert "td.long { white-space: normal" in style
    texts = re.findall(r"<td( class=\"long\")?>([^<]*)</td>", page)
    assert {len(unescape(said)) > 24 for marked, said in texts if marked} == {True}
    assert {len(unescape(said)) > 24 for marked, said in texts if not marked} == {False}


def test_no_text_is_a_formula_and_numbers_are_numbers(march: Package, tmp_path: Path) -> None:
    folders.write(march, tmp_path, "zh")
    with zipfile.ZipFile(tmp_path / "2026-03-zh.xlsx") as book:
        sheets = [ElementTree.fromstring(book.read(n)) for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        workbook = book.read("xl/workbook.xml").decode()
        charts = [name for name in book.namelist() if name.startswith("xl/charts/")]
    cells = [cell for one in sheets for cell in one.iter(f"{XML}c")]
    assert not [cell for cell in cells if cell.find(f"{XML}f") is not None]
    texts = ["".join(cell.itertext()) for cell in cells if cell.get("t") == "inlineStr"]
    assert EVIL in texts, "it is there, as a text"
    assert not [said for said in texts if re.fullmatch(r"-?[\d,]+\.\d\d", said)], "an amount is no text"
    numbers = [cell.findtext(f"{XML}v") for cell in cells if cell.get("t") is None]
    assert "116200.00" in numbers
    assert workbook.count("_xlnm.Print_Area") == workbook.count("_xlnm.Print_Titles") == len(march.sheets)
    assert len(charts) == 2, "by department, and the balances"
    csvs = (tmp_path / "2026-03-zh" / "movements.csv").read_text("utf-8-sig")
    assert f"'{EVIL}" in csvs
    assert f",{EVIL}" not in csvs


AWKWARD = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", "＠A1")
MARKUP = "<script>alert(1)</script>"
LONG = "𠮷" * 200


def test_a_company_with_awkward_names_and_amounts(tmp_path: Path) -> None:
    """Whatever a name begins with, also what a spreadsheet takes for a sign of a formula in Chinese;
    an amount of more digits than it keeps stands there to the cent."""
    amounts = [Decimal("12345678901234.56"), Decimal("-12345678901234.56"), Decimal("9999999999999.99")]
    named = [(name, Decimal("-0.01")) for name in (*AWKWARD, MARKUP, LONG)]
    held = Sheet(
        "report_movements", [Column("reconcile_asset"), Column("report_charged", "money")],
        [*named, *((str(n), amount) for n, amount in enumerate(amounts))], ("", sum(amounts)),
    )  # fmt: skip
    company = dict.fromkeys(("zh", "en"), AWKWARD[0] + MARKUP)
    signed = dict.fromkeys(package.SIGNING, AWKWARD[0])
    folders.write(Package(company, "2026-03", [held], AWKWARD[3], PRINTED.at, signed), tmp_path, "zh")
    with zipfile.ZipFile(tmp_path / "2026-03-zh.xlsx") as book:
        page = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    cells = list(page.iter(f"{XML}c"))
    texts = {"".join(cell.itertext()) for cell in cells if cell.get("t") == "inlineStr"}
    assert not [cell for cell in cells if cell.find(f"{XML}f") is not None]
    assert texts >= {"=cmd|' /C calc'!A0", "＝1+1", MARKUP, LONG, "12,345,678,901,234.56", "-12,345,678,901,234.56"}
    numbers = [Decimal(value) for cell in cells if cell.get("t") is None and (value := cell.findtext(f"{XML}v"))]
    assert numbers == [Decimal("-0.01")] * len(named) + [Decimal("9999999999999.99")] * 2, "and the total"
    with (tmp_path / "2026-03-zh" / "movements.csv").open(encoding="utf-8-sig", newline="") as file:
        said = [cell for row in csv.reader(file) for cell in row]
    assert {f"'{name}" for name in AWKWARD} <= {*said}
    assert not {*AWKWARD} & {*said}
    assert "<script" not in (tmp_path / "2026-03-zh.html").read_text("utf-8")


def test_a_workbook_that_cannot_be_written_is_an_error_of_the_machine(march: Package, tmp_path: Path) -> None:
    """Somebody else's file, a folder of its name, a full disk: whoever asked is told which; nothing unforeseen."""
    (tmp_path / "2026-03-en.xlsx").mkdir()
    with pytest.raises(IsADirectoryError):
        folders.write(march, tmp_path, "en")


def test_page_and_workbook_say_who_and_when(march: Package, tmp_path: Path) -> None:
    folders.write(march, tmp_path, "zh")
    page = (tmp_path / "2026-03-zh.html").read_text("utf-8")
    for said in (
        "编制单位：试验公司",
        "会计期间：2026-03",
        "单位：元",
        "编制：张三",
        "会计主管：________",
        "打印人：王芳",
    ):
        assert said in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page), "nothing is loaded from elsewhere"


def test_every_title_is_in_both_languages(march: Package) -> None:
    for one in march.sheets:
        for code in (one.code, *(column.code for column in one.columns if column.says is None)):
            assert code in catalogue(), code
            assert say(code, language="zh") != say(code, language="en")


def test_a_list_is_parted_as_its_reader_parts_lists() -> None:
    tie = Said("report_tie", {"accounts": Listed(["1601", "1602"])})
    assert (text(Listed(["a", "b"], " …"), "en"), text(Listed(["a", "b"]), "zh")) == ("a, b …", "a、b")
    assert "1601, 1602" in text(tie, "en")
    assert "1601、1602" in text(tie, "zh")
