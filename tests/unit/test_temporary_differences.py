"""The temporary differences of a month as a report: the accounts as they are booked, the second book as it is planned,
by class."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from syncd.books.close import cards
from syncd.books.close.item import Said
from syncd.books.depreciation import plan
from syncd.cli import depreciating
from tests.unit.lab import NAME
from tests.unit.shop import Shop, rows, sheet, shop

D = Decimal
BOOK = """
  books:
    tax: {life_months: "60", method: "'straight_line'", residual_rate: card.residual_rate, impairment: "0.00"}
"""


def with_a_book(text: str) -> str:
    """Machines are 60 months by tax law, 120 in the accounts."""
    before, _, rest = text.partition("\ndepreciation:\n")
    block, _, after = rest.partition("\nclose:\n")
    own = re.sub(r"(?ms)^  books:.*", "", block)
    return f"{before}\ndepreciation:\n{own.rstrip()}{BOOK}\nclose:\n{after}"


@pytest.fixture(scope="module")
def company() -> Shop:
    """Four machines of 120,000.00, taken over with six months of 950.00; one of them is sold in January."""
    made = shop(change=with_a_book)
    for number in (1, 2):
        made.charge(number, date(2026, 1, 20))
    made.dispose(3, "sale", date(2026, 1, 21))
    return made


def test_the_sheet_holds_what_is_booked_against_the_tax_base(company: Shop) -> None:
    """Each machine in the books: 950.00 a month in the accounts, 1,900.00 by tax law; what is owed is told."""
    row, gone = rows(sheet(company.report("2026-01"), "temporary"))
    assert (row["账簿"], row["资产类别"], row["类别名称"], row["项数"]) == ("tax", "JQSB", "机器设备", 3)
    assert (row["会计折旧"], row["税务折旧"]) == (Decimal("2850.00"), Decimal("5700.00"))
    assert row["本月差异"] == Decimal("-2850.00")
    assert row["账面价值"] == 3 * (120_000 - 7 * 950)
    assert row["计税基础"] == 3 * (120_000 - 7 * 1_900)
    assert row["累计暂时性差异"] == row["账面价值"] - row["计税基础"] == 3 * 7 * 950
    back, owed, *ties = sheet(company.report("2026-01"), "temporary").foot
    assert [said.code for said in ties] == ["report_tie"] * 3
    assert (owed.code, owed.params["owed"]) == ("temporary_owed", "950.00")
    # the machine that was sold: charged in both books, and what its carrying amount was above its base is turned back
    assert isinstance(gone["账簿"], Said)
    assert (gone["账簿"].code, gone["资产类别"], gone["项数"]) == ("temporary_gone", "JQSB", 1)
    assert [gone[name] for name in ("会计折旧", "税务折旧", "本月差异")] == [D("950.00"), D("1900.00"), D("-950.00")]
    assert [gone[name] for name in ("账面价值", "计税基础", "累计暂时性差异")] == [0, 0, 0]
    assert (back.code, back.params["class"], back.params["back"]) == ("temporary_back", "JQSB 机器设备", "6,650.00")


def test_the_carrying_amount_is_that_of_the_other_sheets_once_all_is_booked(company: Shop) -> None:
    company.charge(4, date(2026, 1, 31))
    of = company.report("2026-01")
    row, gone = rows(sheet(of, "temporary"))
    detail = dict(
        zip((c.code for c in sheet(of, "depreciation").columns), sheet(of, "depreciation").total, strict=True)
    )
    assert row["账面价值"] == detail["carrying_amount"]
    assert [said.code for said in sheet(of, "temporary").foot][:-3] == ["temporary_back"]
    assert row["会计折旧"] + gone["会计折旧"] == detail["report_charged"], "the machine that was sold among them"
    total = dict(zip((c.code for c in sheet(of, "temporary").columns), sheet(of, "temporary").total, strict=True))
    assert total["temporary_accounting"] == detail["report_charged"]
    assert total["report_assets"] == row["项数"] + gone["项数"], "each column adds up"


def test_the_command_says_of_a_month_what_the_sheet_says(company: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """`depreciate --book`: the machine that was sold in the month is charged in it there too."""
    read = cards.read(company.mapping.month_end, company.mapping.layout.card_kinds)
    part = SimpleNamespace(depreciation=company.computing, cards=read, mapping=company.mapping, name=NAME)
    tables: list[list[Sequence[Any]]] = []
    monkeypatch.setattr(depreciating, "table", lambda columns, rows, right: tables.append(rows))
    depreciating._second_book(part, company.ledger, "tax", plan.month_of(date(2026, 1, 31)), False)  # type: ignore[arg-type]
    ((there, gone, told),) = tables
    assert there[0] == "JQSB 机器设备", "a code with its name"
    of = sheet(company.report("2026-01"), "temporary")
    total = dict(zip((c.code for c in of.columns), of.total, strict=True))
    names = ("accounting", "tax", "apart", "difference")
    assert told[1:] == (total["report_assets"], *(total[f"temporary_{name}"] for name in names))
    assert gone[1:4] == (1, D("950.00"), D("1900.00"))
