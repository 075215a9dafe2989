"""What people read in the reports: names beside codes, words in place of a state's code, subtotals, and the voucher
beside every line."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.books.close.item import Said
from syncd.books.reports import folders
from syncd.books.reports.sheet import Listed, Package, text
from tests.unit.shop import Shop, rows, sheet, shop


@pytest.fixture(scope="module")
def company() -> Shop:
    """Two departments; one machine moves from the one to the other and wears on there."""
    made = shop()
    made.buy(11, "bank", "10000.00", date(2026, 1, 5), department_id=4)
    for number in (1, 2, 3):
        made.charge(number, date(2026, 1, 20))
    made.write(
        "transfer", date(2026, 1, 22), id=1, asset_id=3, from_department_id=1, to_department_id=4, status="approved",
        approved_on=date(2026, 1, 22),
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def january(company: Shop) -> Package:
    return company.report("2026-01")


def test_names_stand_beside_codes_and_words_in_place_of_states(january: Package) -> None:
    for row in rows(sheet(january, "depreciation")):
        assert (row["使用部门"], row["部门名称"]) in {("SC1", "生产部一车间"), ("YF", "研发中心")}
        assert (row["资产类别"], row["类别名称"]) == ("JQSB", "机器设备")
        assert text(row["使用状态"], "zh") == "在用"
        assert text(row["使用状态"], "en") == "in use"
    said = {(row["名称或编码"], row["名称"]) for row in rows(sheet(january, "summary"))}
    assert said == {("SC1", "生产部一车间"), ("YF", "研发中心"), ("JQSB", "机器设备")}


def test_no_code_of_a_state_is_shown_to_a_chinese_reader(january: Package, tmp_path: Path) -> None:
    """On no sheet but that of entries, whose rules and keys are the record's own."""
    folders.write(january, tmp_path, "zh")
    for path in (tmp_path / "2026-01-zh").iterdir():
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert not cells & {"in_use", "disposed", "straight_line"}, path.name


@pytest.mark.parametrize("name", ["department", "class"])
def test_subtotals_are_those_of_the_summary(january: Package, name: str) -> None:
    """By department and by class; an asset that moved stands in both departments, and the month adds up."""
    found = rows(sheet(january, f"depreciation_by_{name}"))
    subtotals = [row for row in found if isinstance(row["资产"], Said)]
    summary = [row for row in rows(sheet(january, "summary")) if row["对象"].code.endswith(name)]
    for subtotal, group in zip(subtotals, summary, strict=True):
        for column in ("原值", "本月折旧额", "期末累计折旧", "账面价值"):
            assert subtotal[column] == group[column]
    lines = [row for row in found if not isinstance(row["资产"], Said)]
    assert sum(row["原值"] for row in lines) == sum(row["原值"] for row in subtotals)
    if name == "department":
        assert [text(row["资产"], "zh") for row in subtotals] == ["SC1 生产部一车间 小计", "YF 研发中心 小计"]
        moved = [row for row in lines if row["资产"].endswith("0003")]
        assert [(row["使用部门"], row["原值"]) for row in moved] == [
            ("SC1", Decimal("0.00")),
            ("YF", Decimal("120000.00")),
        ]


def test_vouchers_stand_beside_sums(january: Package) -> None:
    """In 汇总表 those that charged the group, in 增减变动表 those that moved the amount."""
    charged = {row["名称或编码"]: row["凭证"] for row in rows(sheet(january, "summary"))}
    assert len(charged["SC1"].texts) == 3
    assert charged["YF"].texts == []
    cost, worn, impaired = rows(sheet(january, "changes"))[:3]
    assert len(cost["凭证"].texts) == 2, "the purchase and the transfer"
    assert len(worn["凭证"].texts) == 4, "three charges and the transfer"
    assert impaired["凭证"] == Listed([])
