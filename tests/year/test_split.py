"""One asset becomes two and later one again: every month closes, the month of it is the old card's, the next the new
ones', and the reports of the month tell a reclassification of nothing, no addition and no disposal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from syncd.books.close.item import Said
from syncd.books.reports import package
from syncd.books.reports.sheet import Sheet
from syncd.change import Value
from tests.unit.lab import NAME
from tests.year.company import Company, Transaction, Written
from tests.year.script import Script
from tests.year.test_year import PARKED

PRINTED: Final = package.Printed("lab", "王芳", datetime(2026, 6, 1, 9, tzinfo=UTC), ("张三", "", ""))
OLD: Final = "FA-JQ-0001"
CHARGES: Final[dict[str, tuple[str, ...]]] = {
    "2026-01": ("950.00",), "2026-02": ("950.00",), "2026-03": ("570.00", "380.00"), "2026-04": ("570.00", "380.00"),
    "2026-05": ("950.00",),
}  # fmt: skip
"""120,000.00 over 120 months from July 2025: split 60 to 40 in February, merged in April."""
BORNE_BY: Final = {"2026-01": (1,), "2026-02": (1,), "2026-03": (2, 3), "2026-04": (2, 3), "2026-05": (4,)}


def test_a_year_with_a_split_and_a_merger_closes_month_by_month() -> None:
    script = Script(0, 1)
    assert script.settle("JQSB", date(2025, 6, 10), 12_000_000) == OLD
    company = Company(script.opening)
    old = {c.name: v for c, v in zip(company.mapping.tables["asset"].columns, _row(company), strict=True)}
    for month, amounts in CHARGES.items():
        company.carry(_of_month(month, old, amounts))
        company.depreciate(month)
        company.carry(_late(month, old))
        assert company.query(PARKED) == [], month
        assert company.close(month) == [], month
        planned, held = company.planned_at(month), company.figures_at(month)
        assert {code: planned[code] for code in held} == {code: a.accumulated_depreciation for code, a in held.items()}
        assert sum((a.original_value for a in held.values()), Decimal(0)) == Decimal("120000.00"), month
        assert _charged(company, month) == sorted(map(Decimal, amounts)), month
    for month, assets in (("2026-02", 3), ("2026-04", 3)):
        sheets = {one.code: one for one in _made(company, month)}
        assert sheets["report_disposals"].rows == []
        steps = [row for row in sheets["report_movements"].rows if _is_within(row)]
        assert len({row[2] for row in steps}) == assets
        total = [row for row in _named(sheets["report_changes"]) if row["report_class"] == Said("report_total")]
        assert all(row["within"] == 0 for row in total), "what some lose others have"
        assert all(row.get("moved_added", 0) == row.get("moved_removed", 0) == 0 for row in total)


def _of_month(month: str, old: dict[str, Value], amounts: Sequence[str]) -> Iterator[Transaction]:
    """What the EAM commits in a month; its own depreciation is for the reconciliation."""
    if month == "2026-04":
        yield _at("2026-04-10", _part(old, 4, "120000.00", "9500.00", month))
        for number, value in ((2, "72000.00"), (3, "48000.00")):
            part = _part(old, number, value, "4560.00" if number == 2 else "3040.00", "2026-02").after
            assert part is not None
            gone = Written("asset", part, {**part, "status": "merged"})
            yield _at("2026-04-10", _split(number + 1, number, 4, month, kind="merge"), gone)
    rows = []
    for number, amount in zip(BORNE_BY[month], amounts, strict=True):
        row: dict[str, Value] = {
            "asset_id": number, "period": month, "line": 1, "kind": "month", "department_id": 1,
            "amount": Decimal(amount), "charged_on": date.fromisoformat(f"{month}-28"), "grant_amount": Decimal(0),
        }  # fmt: skip
        rows.append(Written("deprec", None, row))
    yield _at(f"{month}-28", *rows)


def _late(month: str, old: dict[str, Value]) -> Iterator[Transaction]:
    """The split is committed after the month's run, in the next month; it is of its own day."""
    if month == "2026-02":
        parts = (_part(old, 2, "72000.00", "4560.00", month), _part(old, 3, "48000.00", "3040.00", month))
        splits = (_split(1, 1, 2, month, share=Decimal("0.6")), _split(2, 1, 3, month))
        yield _at("2026-03-02", *parts, *splits, Written("asset", old, old | {"status": "split"}))


def _part(old: dict[str, Value], number: int, value: str, worn: str, month: str) -> Written:
    row = old | {
        "id": number, "asset_code": f"FA-JQ-{number:04}", "original_value": Decimal(value), "payment": "internal",
        "opening_depreciation": Decimal(worn), "approved_on": date.fromisoformat(f"{month}-10"),
    }  # fmt: skip
    return Written("asset", None, row)


def _split(
    number: int, whole: int, part: int, month: str, kind: str = "split", share: Decimal | None = None
) -> Written:
    row: dict[str, Value] = {
        "id": number, "kind": kind, "from_asset_id": whole, "to_asset_id": part, "share": share, "status": "approved",
        "approved_on": date.fromisoformat(f"{month}-10"),
    }  # fmt: skip
    return Written("split", None, row)


def _at(day: str, *rows: Written) -> Transaction:
    return Transaction(datetime.fromisoformat(f"{day}T04:00:00+00:00"), rows)


def _row(company: Company) -> tuple[Value, ...]:
    return company.store.rows(company.mapping.tables["asset"])["1"]


def _charged(company: Company, month: str) -> list[Decimal]:
    found = company.query(
        "SELECT e.credit FROM gl_entry e JOIN gl_voucher v USING (period, type, number)"
        f" WHERE v.summary LIKE '计提%' AND e.account = '1602' AND e.period = '{month}'"
    )
    return sorted(Decimal(str(credit)) for (credit,) in found)


def _made(company: Company, month: str) -> Sequence[Sheet]:
    ledger, mapping = company.ledger, company.mapping
    parts = {NAME: company.computing}
    return package.package(ledger, mapping, company.periods(), company.period(month), PRINTED, parts).sheets


def _is_within(row: Sequence[Any]) -> bool:
    return row[4].params.get("name") == "within"


def _named(sheet: Sheet) -> Iterator[dict[str, Any]]:
    codes = [column.code for column in sheet.columns]
    return (dict(zip(codes, row, strict=True)) for row in sheet.rows)
