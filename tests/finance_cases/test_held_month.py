"""A month that waits for a person's approval, where syncd computes: what other modules counted twice, or lost."""

from decimal import Decimal

import pytest

from syncd.desk.parked import operators
from tests.depreciation import plant
from tests.depreciation.plant import BY, Plant
from tests.unit.lab import NAME

D = Decimal
RULE = "  depreciation:\n    on: deprec\n    when: op = 'insert'\n"
HELD = f"{RULE}    approve: {{when: after.amount > 1000, role: finance}}\n"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Asset A, whose February finance holds for approval."""
    assert RULE in plant.MAPPING
    monkeypatch.setattr(plant, "MAPPING", plant.MAPPING.replace(RULE, HELD))
    monkeypatch.setattr(plant, "plant_mapping", plant.plant_mapping.__wrapped__)
    made = Plant()
    made.asset("A", "120000.00", 60)
    made.run("2026-02")
    assert [(subject, state) for subject, state, _ in made.parked] == [("A", "approval")]
    assert made.accumulated("A") == D("0.00")
    assert made.balance("1602") == D(0)
    return made


def row(of: Plant) -> int:
    (found,) = operators.parked(of.ledger, NAME, operators.Selection(subject="A"))
    return found.id


def test_erpnext_35821_a_held_month_counts_once_it_is_approved(held: Plant) -> None:
    """Held: 0.00; approved: 1,900.00, in card, ledger and schedule; another run adds nothing."""
    operators.approve(held.ledger, NAME, row(held), BY, "finance")
    held.rest()
    for _ in range(2):
        held.compute()
        assert held.accumulated("A") == -held.balance("1602") == sum(held.live("A").values()) == D("1900.00")
        held.run("2026-02")
    assert held.parked == []


def test_erpnext_35821_a_month_that_is_rejected_is_owed_still(held: Plant) -> None:
    """Rejected: 0.00; the next run asks for the same month again, and posts it once when it is approved."""
    operators.reject(held.ledger, NAME, row(held), BY, "finance")
    held.rest()
    assert held.accumulated("A") == D("0.00")
    held.run("2026-02")
    assert held.accumulated("A") == D("0.00")
    assert [(subject, state) for subject, state, _ in held.parked] == [("A", "approval")]
    operators.approve(held.ledger, NAME, row(held), BY, "finance")
    held.rest()
    held.compute()
    assert held.accumulated("A") == -held.balance("1602") == D("1900.00")
    assert held.expense("2026-02") == {"5101": D("1900.00")}
