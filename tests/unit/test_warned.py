"""A rule that asks for a warning: what is far from its class, or has slipped by whole places, waits for somebody; the
log decides, whatever batches it is read in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from syncd.errors import MappingErrors
from tests.finance_cases.books import FINANCE, SQL
from tests.unit.lab import Lab, loaded

MAPPING: Final = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, class: text, cost: money, on_: date}
rules:
  bought:
    on: asset
    when: op = 'insert'
    let: {worth: after.cost}
    approve: {when: %s, role: finance}
    card: {asset_code: after.code, class: after.class, original_value: worth}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'购入 ' || after.code"
      entries:
        - {account: "'1601'", debit: worth, class: after.class, asset: after.code}
        - {account: "'1002'", credit: worth}
"""
USUAL: Final = ["14000.00", "15000.00", "15500.00", "16000.00", "15200.00", "14800.00"]
NOON: Final = datetime(2026, 2, 3, 4, tzinfo=UTC)


def bought(when: str, costs: Sequence[str], splits: bool, at: datetime = NOON, kind: str = "JQ") -> list[str]:
    """Which assets wait for somebody, of those bought one after the other."""
    lab = Lab(MAPPING % when, splits, FINANCE, SQL)
    lab.at = at
    for n, cost in enumerate(costs, 1):
        row = {"id": n, "code": f"FA-{n}", "class": kind, "cost": Decimal(cost), "on_": date(2026, 2, 3)}
        lab.commit(lab.insert("asset", **row))  # type: ignore[arg-type]
    lab.rest()
    assert {code for *_, code in lab.parked} <= {"approval"}
    return [str(subject) for subject, *_ in lab.parked]


@pytest.mark.parametrize("splits", [True, False])
@pytest.mark.parametrize(
    ("when", "costs", "held"),
    [
        ("warned.tenfold", [*USUAL, "150000.00", "15100.00"], ["FA-7"]),
        ("warned.tenfold", [*USUAL, "1500.00", "150.00"], ["FA-7", "FA-8"]),
        ("warned.far_amount", [*USUAL, "150000.00", "46000.00"], ["FA-8"]),
        ("warned.far_amount OR warned.tenfold", [*USUAL, "150000.00", "46000.00"], ["FA-7", "FA-8"]),
        ("warned.tenfold", ["15000.00", "150000.00", "1500.00"], []),
        ("warned.tenfold AND after.cost > 1000000", [*USUAL, "150000.00"], []),
    ],
)
def test_what_is_far_from_its_class_waits(when: str, costs: list[str], held: list[str], splits: bool) -> None:
    """Invariant 13: in one batch or each by itself; a class of fewer than five says nothing."""
    assert bought(when, costs, splits) == held


def test_a_card_of_no_class_is_not_warned_of() -> None:
    assert bought("warned.tenfold", [*USUAL, "150000.00"], True, kind="") == ["FA-7"], "of the class of none"


@pytest.mark.parametrize(("hour", "held"), [(4, []), (15, ["FA-1"])])
def test_what_is_committed_at_odd_hours_waits(hour: int, held: list[str]) -> None:
    """On the clock of the books: 15:00 UTC is 23:00 in Shanghai."""
    assert bought("warned.odd_hours", ["15000.00"], True, NOON.replace(hour=hour)) == held


def test_a_rule_that_opens_no_card_with_a_class_cannot_ask(tmp_path: Path) -> None:
    with pytest.raises(MappingErrors, match="unknown_name"):
        loaded((MAPPING % "warned.tenfold").replace("class: after.class, original_value", "original_value"), FINANCE)
