"""Kinds of change (变动方式) in the reports: what one rule posts is told apart by what its voucher says, in the shipped
mapping too, and every amount has one column."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.books.close.item import Said
from tests.unit.shop import Shop, rows, sheet, shop


@pytest.fixture(scope="module")
def company() -> Shop:
    """In January machines are bought, built, given and found; others are scrapped, sold and stolen."""
    made = shop()
    made.buy(11, "bank", "10000.00", date(2026, 1, 5))
    made.buy(12, "construction", "20000.00", date(2026, 1, 6), project_no="GC-1")
    made.buy(13, "donated", "30000.00", date(2026, 1, 7))
    made.buy(14, "surplus", "40000.00", date(2026, 1, 8))
    for number, kind in ((1, "scrap"), (2, "sale"), (3, "theft")):
        made.dispose(number, kind, date(2026, 1, 20))
    return made


def of_cost(company: Shop, month: str) -> dict[str, Any]:
    """The last block of 增减变动表: what all assets cost."""
    (found,) = (
        row
        for row in rows(sheet(company.report(month), "changes"))
        if row["资产类别"] == Said("report_total") and Said("original_value") in row.values()
    )
    return found


def test_one_rules_additions_and_disposals_are_told_apart(company: Shop) -> None:
    cost = of_cost(company, "2026-01")
    added = {"购置": 1, "在建工程转入": 2, "接受捐赠": 3, "盘盈": 4}
    assert {name: cost[name] for name in added} == {name: Decimal(n * 10_000) for name, n in added.items()}
    assert [cost[name] for name in ("报废", "出售", "失窃")] == [Decimal("-120000.00")] * 3
    usual = {"本期增加", "其他增加", "本期减少", "其他减少", "更新改造支出"}
    assert not usual & cost.keys(), "nothing is left for them"


def test_every_amount_has_one_column(company: Shop) -> None:
    for row in rows(sheet(company.report("2026-01"), "changes")):
        amounts = [value for name, value in row.items() if isinstance(value, Decimal) and name != "期末余额"]
        assert sum(amounts) == row["期末余额"]


def test_each_step_says_its_kind_in_words(company: Shop) -> None:
    found = [row for row in rows(sheet(company.report("2026-01"), "movements")) if row["原值"]]
    said = {row["资产"][-4:]: row["变动方式"].params["zh"] for row in found}
    assert said["0013"] == "接受捐赠"
    assert {said[number] for number in ("0001", "0002", "0003")} == {"报废", "出售", "失窃"}


def test_a_correction_is_no_purchase(company: Shop) -> None:
    """The right voucher beside the red one moves what the cost was wrong by: a correction, not so much bought."""
    before = company.buy(15, "bank", "10000.00", date(2026, 1, 28))
    more = {"original_value": Decimal("9000.00"), "paid": Decimal("9000.00"), "correction": "error"}
    company.write("asset", date(2026, 2, 3), before, **{**before, **more, "changed_on": date(2026, 2, 3)})
    cost = of_cost(company, "2026-02")
    assert cost["原值更正"] == Decimal("-1000.00")
    assert "购置" not in cost


def test_what_is_taken_back_is_no_disposal(company: Shop) -> None:
    """Its red letter counts as a correction."""
    before = company.dispose(4, "scrap", date(2026, 1, 29))
    company.write("disposal", date(2026, 2, 4), before, **{**before, "status": "withdrawn"})
    assert of_cost(company, "2026-02")["更正"] == Decimal("120000.00")
