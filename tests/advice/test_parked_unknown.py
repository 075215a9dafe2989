"""Invariant 15, rows that are parked for what nobody can know or what the mapping has lost. A log that says so little,
and a mapping that changes between a row and the night on which it is posted, are made in memory."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.change import UNCHANGED
from syncd.desk.parked import operators
from tests.advice import advice, advised
from tests.unit.lab import CLERK, NAME, Lab, loaded
from tests.unit.test_failed_groups import METER, METERS, fall_due

KNOWING = """
references:
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
tables:
  asset: {table: asset, key: id, columns: {id: integer, name: text, value: money, on_: date, dept_id: integer}}
rules:
  named:
    on: asset
    when: op = 'update' AND after.name = 'lathe'
    join: {dept: after.dept_id}
    voucher: {type: "'记'", date: after.on_, summary: "'lathe'",
              entries: [{account: dept.code, debit: "7.00"}, {account: "'1002'", credit: "7.00"}]}
  more:
    on: asset
    when: op = 'update' AND after.name = 'mill' AND after.value > before.value
    voucher: {type: "'记'", date: after.on_, summary: "'more'",
              entries: [{account: "'1601'", debit: after.value - before.value},
                        {account: "'1002'", credit: after.value - before.value}]}
"""


def asset(name: Any, value: Any = UNCHANGED) -> dict[str, Any]:
    return {"id": 1, "name": name, "value": value, "on_": date(2026, 2, 3), "dept_id": 5}


def codes(lab: Lab) -> list[object]:
    return [code for _, state, code in lab.parked if state == "failed"]


def give_up(lab: Lab) -> None:
    """`parked discard` of the row at fault."""
    (row,) = operators.parked(lab.ledger, NAME, operators.Selection(state="failed"))
    operators.discard(lab.ledger, NAME, operators.Selection((row.id,)), CLERK)
    lab.rest()


@advice("not_carried")
def test_a_row_that_is_saved_again_says_what_the_log_left_out() -> None:
    lab = Lab(KNOWING, splits=True)
    lab.commit(lab.insert("dept", id=5, code="6602"))
    lab.commit(lab.update("asset", asset(UNCHANGED, Decimal(50)), value=Decimal(100)))
    assert codes(lab) == ["not_carried"]
    lab.commit(lab.update("asset", asset("drill", Decimal(100)), name="lathe"))
    assert not lab.parked
    assert [summary for *_, summary in lab.vouchers] == ["lathe"]


@advice("not_carried")
def test_a_row_that_refers_to_one_that_is_saved_again_is_asked_for() -> None:
    lab = Lab(KNOWING, splits=True)
    lab.commit(lab.update("dept", {"id": 5, "code": UNCHANGED}))
    lab.commit(lab.update("asset", asset("drill", Decimal(100)), name="lathe"))
    assert codes(lab) == ["not_carried"]
    lab.commit(lab.update("dept", {"id": 5, "code": "6601"}, code="6602"))
    lab.retry()
    assert not lab.parked
    assert [summary for *_, summary in lab.vouchers] == ["lathe"]


@advice("never_carried")
def test_what_was_before_is_booked_by_hand_and_what_follows_by_itself() -> None:
    lab = Lab(KNOWING, splits=True)
    lab.commit(lab.update("asset", asset("mill"), value=Decimal(100)))
    lab.commit(lab.update("asset", asset("mill", Decimal(100)), value=Decimal(150)))
    assert codes(lab) == ["never_carried"]
    give_up(lab)
    assert not lab.parked
    assert lab.balance("1601") == Decimal(50)


def change_mapping(lab: Lab, mapping: str) -> None:
    """It is accepted, and the daemon takes it up."""
    lab.mapping = loaded(mapping)
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.ledger.acquire()
    lab.rest()


def restored(lab: Lab) -> Decimal:
    change_mapping(lab, METERS)
    lab.retry()
    return METER["amount"]  # type: ignore[return-value]


def booked_by_hand(lab: Lab) -> Decimal:
    give_up(lab)
    return Decimal(0)


GONE, OTHER = METERS.replace("  usage:", "  used:"), METERS.replace("op <> 'delete'", "op = 'update'")


@pytest.mark.parametrize("follow", [restored, booked_by_hand])
@pytest.mark.parametrize(("code", "mapping"), [advised("rule_gone", GONE), advised("applies_no_more", OTHER)])
def test_a_row_that_was_collected_under_another_mapping(
    code: str, mapping: str, follow: Callable[[Lab], Decimal]
) -> None:
    lab = Lab(METERS, splits=True)
    lab.commit(lab.insert("dept", id=1, code="6602"), lab.insert("meter", **METER))
    change_mapping(lab, mapping)
    fall_due(lab)
    assert codes(lab) == [code]
    posted = follow(lab)
    assert not lab.parked
    assert lab.balance("6602") == posted
