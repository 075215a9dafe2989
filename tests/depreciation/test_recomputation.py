"""The check: what the EAM sent beside what the terms say, and the rule that explains what differs."""

from datetime import date
from decimal import Decimal

import pytest

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation.methods import Method, cents
from syncd.books.depreciation.plan import History, Terms, month_of
from syncd.books.depreciation.recomputation import check, likely
from tests.depreciation.plant import Plant

D = Decimal
JANUARY = month_of(date(2026, 1, 1))
A = Terms(JANUARY, D("120000.00"), D(0), D("0.05"), 60, Method.STRAIGHT_LINE)
TAX = History([A._replace(life_months=36)])
UPGRADED = History([A, A._replace(month=JANUARY + 2, original_value=D("170000.00"))])
IMPAIRED = History([A, A._replace(month=JANUARY + 2, impairment=D("10000.00"))])
DDB = History([A._replace(method=Method.DOUBLE_DECLINING)])


@pytest.mark.parametrize(
    ("history", "month", "sent", "rule"),
    [
        (History([A]), 1, "3800.00", "twice"),
        (History([A]), 1, "2000.00", "residual"),
        (History([A]), 1, "1749.04", "days"),  # 22,800 a year, 28 of 365 days
        (History([A]), 1, "3166.67", "tax_life"),
        (History([A]), 0, "1900.00", "early"),
        (History([A]), 61, "1900.00", "late"),
        (History([A]), 1, "1900.01", "rounding"),
        (History([A]), 1, "0.00", "missing"),
        (History([A]), 1, "1234.56", "unknown"),
        (History([A]), 70, "12.34", "too_much"),
        (UPGRADED, 3, "1900.00", "changes"),
        (IMPAIRED, 3, "1900.00", "impairment"),
        (DDB, 1, "1900.00", "method_straight_line"),
        (History([A]), 1, "4000.00", "method_double_declining"),
        (History([A], plans.Opening(D("3000.00"), JANUARY + 1)), 2, "1900.00", "form"),
    ],
)
def test_the_likely_rule(history: History, month: int, sent: str, rule: str) -> None:
    assert likely(history, JANUARY + month, cents(D(sent)), None, [TAX]) == rule


def test_what_was_posted_is_held_against_the_terms() -> None:
    """A month that finance's schedule would have otherwise is found, and an asset that was posted for no reason."""
    plant = Plant()
    for code in ("A", "B", "C"):
        plant.asset(code, "120000.00", 60)
    plant.run("2026-03")
    plant.ledger.execute([
        ("UPDATE syncd.depreciated SET cents = 200000 WHERE asset = 'B' AND month = ?", (JANUARY + 1,)),
        ("UPDATE syncd.depreciated SET live = 0 WHERE asset = 'C' AND month = ?", (JANUARY + 1,)),
    ])  # fmt: skip
    found = [one for one in check(plant.ledger, plant.computing, JANUARY + 1, lambda *_: None) if one is not None]
    assert [(one.asset, one.rule) for one in found] == [("B", "residual"), ("C", "missing")]
    found = [one for one in check(plant.ledger, plant.computing, JANUARY + 2, lambda *_: None) if one is not None]
    assert found == []
