"""Invariant 14: a declared column that the source's log has no more is unknown, and never what it was before."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.change import ABSENT
from tests.advice import advice
from tests.unit.lab import Lab

MAPPING = """
tables:
  asset: {table: asset, key: id, columns: {id: integer, name: text, value: money, on_: date}}
rules:
  bought:
    on: asset
    when: op = 'insert'
    voucher: {type: "'记'", date: after.on_, summary: "'add'",
              entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]}
  more:
    on: asset
    when: op = 'update' AND after.value > before.value
    voucher: {type: "'记'", date: after.on_, summary: "'more'",
              entries: [{account: "'1601'", debit: after.value - before.value},
                        {account: "'1002'", credit: after.value - before.value}]}
"""


def asset(value: Any, name: str = "lathe") -> dict[str, Any]:
    return {"id": 1, "name": name, "value": value, "on_": date(2026, 2, 3)}


@advice("column_absent")
@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
@pytest.mark.parametrize("before", [ABSENT, Decimal("200.00")], ids=["old rows lack it too", "no old rows"])
def test_a_value_that_nobody_knows_waits_and_is_made_up_for(splits: bool, before: Any) -> None:
    """Invariant 15: the column is back, and the row is saved again in the EAM."""
    lab = Lab(MAPPING, splits=splits)
    lab.commit(lab.insert("asset", **asset(Decimal("200.00"))))
    lab.commit(lab.update("asset", asset(before), value=ABSENT))
    lab.rest()
    assert lab.parked == [("asset:1", "failed", "column_absent")]
    assert lab.balance("1601") == Decimal("200.00")
    lab.commit(lab.update("asset", asset(Decimal("2000.00")), value=Decimal("2100.00")))
    lab.rest()
    assert not lab.parked
    assert lab.balance("1601") == Decimal("2100.00")


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_a_row_of_which_nothing_was_to_be_posted_is_settled_once_it_can_be_read(splits: bool) -> None:
    """Invariants 5 and 15: somebody changed its name while a DBA had taken the column away, and saves it again as the
    hint says. No rule has anything to say of it, and what comes later is not held back."""
    lab = Lab(MAPPING, splits=splits)
    lab.commit(lab.insert("asset", **asset(Decimal("200.00"))))
    lab.commit(lab.update("asset", asset(ABSENT), value=ABSENT, name="mill"))
    lab.rest()
    assert lab.parked == [("asset:1", "failed", "column_absent")]
    lab.commit(lab.update("asset", asset(Decimal("200.00"), "mill"), name="drill"))
    lab.rest()
    assert not lab.parked
    lab.commit(lab.update("asset", asset(Decimal("200.00"), "drill"), value=Decimal("300.00")))
    lab.rest()
    assert lab.balance("1601") == Decimal("300.00")


def test_a_row_that_a_rule_would_have_posted_is_not_settled_by_what_became_of_it() -> None:
    """Invariant 1: it was dearer for a while, by how much nobody could read; that is for people to say."""
    lab = Lab(MAPPING.replace("after.value > before.value", "after.name <> before.name AND after.value > 0"))
    lab.commit(lab.insert("asset", **asset(Decimal("200.00"))))
    lab.commit(lab.update("asset", asset(Decimal("200.00")), value=ABSENT, name="mill"))
    lab.commit(lab.update("asset", asset(Decimal("250.00"), "mill"), name="lathe"))
    lab.rest()
    assert [code for _, _, code in lab.parked][:1] == ["column_absent"]
