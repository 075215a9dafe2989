"""处置清单: only true disposals, each with its kind, dates, costs, proceeds, VAT, result and buyer; what was taken for
rebuilding or is held for sale is none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.books.close.item import Said
from tests.unit.shop import Shop, rows, sheet, shop


def money(text: str) -> Decimal:
    return Decimal(text)


@pytest.fixture(scope="module")
def company() -> Shop:
    """A sale in stages over two months, a theft, one held for sale and sold in February, one taken for rebuilding, a
    scrapping taken back."""
    made = shop(5)
    for number, kind in ((1, "sale"), (2, "theft"), (3, "held_for_sale")):
        made.dispose(number, kind, date(2026, 1, 20))
    taken_back = made.dispose(4, "scrap", date(2026, 1, 21))
    made.write("disposal", date(2026, 1, 25), taken_back, **{**taken_back, "status": "withdrawn"})
    made.charge(5, date(2026, 1, 26))
    made.write(
        "overhaul", date(2026, 1, 26), id=1, asset_id=5, status="started", started_on=date(2026, 1, 26),
        old_value=money("120000.00"), old_depreciation=money("6650.00"), old_impairment=money("0.00"),
    )  # fmt: skip
    made.write(
        "disposal_cost", date(2026, 1, 27), id=1, disposal_id=1, amount=money("1000.00"), input_vat=money("60.00"),
        payment="bank", status="approved", paid_on=date(2026, 1, 27),
    )  # fmt: skip
    for number, amount, vat, payer in ((1, "90000.00", "11700.00", "鑫达公司"), (3, "118000.00", "15340.00", "华兴厂")):
        made.write(
            "disposal_proceeds", date(2026, 2, 10), id=number, disposal_id=number, received_by="receivable",
            payer=payer, amount=money(amount), output_vat=money(vat), vat_method="general", status="approved",
            received_on=date(2026, 2, 10),
        )  # fmt: skip
        made.write(
            "disposal_closing", date(2026, 2, 12), id=number, disposal_id=number, status="approved",
            closed_on=date(2026, 2, 12),
        )  # fmt: skip
    return made


def listed(company: Shop, month: str) -> dict[str, dict[str, Any]]:
    """By the end of the code; sums aside."""
    found = rows(sheet(company.report(month), "disposals"))
    return {row["资产"][-4:]: row for row in found if isinstance(row["资产"], str)}


def test_only_true_disposals_are_listed(company: Shop) -> None:
    """Held for sale comes when it is sold; a rebuilding and what was taken back never."""
    assert listed(company, "2026-01").keys() == {"0001", "0002"}
    assert listed(company, "2026-02").keys() == {"0001", "0003"}


def test_a_sale_in_stages(company: Shop) -> None:
    """Each month by its end: first what left the books and what it cost, then all of it."""
    first, then = listed(company, "2026-01")["0001"], listed(company, "2026-02")["0001"]
    book = first["账面价值"]
    assert (first["原值"], first["转出日期"]) == (money("120000.00"), date(2026, 1, 20))
    assert first["变动方式"].params["zh"] == "出售"
    assert (first["清理费用"], first["进项税额"]) == (money("1000.00"), money("60.00"))
    assert (first["清理收入"], first["净损益"], first["结转日期"]) == (money("0.00"), None, None)
    assert (then["清理收入"], then["销项税额"]) == (money("90000.00"), money("11700.00"))
    assert then["净损益"] == money("90000.00") - money("1000.00") - book
    assert (then["买方"].texts, then["结转日期"]) == (["鑫达公司"], date(2026, 2, 12))
    assert len(then["凭证"].texts) == 4


def test_input_vat_transferred_out_is_no_part_of_the_book_value(company: Shop) -> None:
    stolen = listed(company, "2026-01")["0002"]
    assert stolen["转出进项税额"] == (stolen["账面价值"] * money("0.13")).quantize(money("0.01"))


def test_the_amounts_are_the_figures(company: Shop) -> None:
    """What left the books in the month, as 增减变动表 has it."""
    figures = company.figures_at("2026-01")
    for row in listed(company, "2026-01").values():
        assert row["资产"] not in figures
        assert row["账面价值"] == row["原值"] - row["累计折旧"] - row["减值准备"] > 0
    steps = [row for row in rows(sheet(company.report("2026-01"), "movements")) if row["原值"] < 0]
    gone = {row["资产"]: -row["累计折旧"] for row in steps}
    assert all(gone[row["资产"]] == row["累计折旧"] for row in listed(company, "2026-01").values())


def test_what_left_before_is_summed_apart(company: Shop) -> None:
    """So that the first sum is the month's decrease. One month has both kinds."""
    company.dispose(4, "scrap", date(2026, 2, 20))
    found = rows(sheet(company.report("2026-02"), "disposals"))
    sums = [row for row in found if not isinstance(row["资产"], str)]
    assert [(row["资产"].code, row["原值"]) for row in sums] == [
        ("disposed_now", money("120000.00")),
        ("disposed_before", money("240000.00")),
    ]


def test_the_list_of_vouchers_has_what_their_headers_say(company: Shop) -> None:
    """Who posted it, and the contract: what no voucher says has no column. The kind of change is said in words."""
    of = sheet(company.report("2026-01"), "vouchers")
    told = [column.code for column in of.columns if column.code.startswith("heading_")]
    assert told == ["heading_posted_by", "heading_document", "heading_contract", "heading_movement"]
    posted = [dict(zip((c.code for c in of.columns), row, strict=True)) for row in of.rows]
    assert {row["heading_posted_by"] for row in posted} == {"syncd"}
    kinds = [row["heading_movement"] for row in posted if row["col_rule"] == "disposal"]
    assert {said.params["zh"] for said in kinds if isinstance(said, Said)} >= {"出售", "失窃"}
