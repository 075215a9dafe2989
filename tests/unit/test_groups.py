"""What a group of collected rows is posted as, and how often somebody is asked."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from syncd.change import Value
from syncd.desk.parked import operators
from tests.unit.lab import CLERK, NAME, Lab

D = Decimal

CHARGES = """
tables:
  charge: {table: charge, key: id, columns: {id: integer, period: text, amount: money, on_: date}}
  run: {table: run, key: period, columns: {period: text, status: text}}
rules:
  charged:
    on: charge
    when: op = 'insert'
    approve: {when: after.amount > 100, role: finance}
    collect:
      group: [after.period]
      post: {on: run, when: after.status = 'approved', group: [after.period]}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'charge'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1602'", credit: after.amount}]
"""


def charge(id: int, amount: str = "10.00", on: date = date(2026, 1, 31)) -> Mapping[str, Value]:
    return {"id": id, "period": "2026-01", "amount": D(amount), "on_": on}


def released(lab: Lab) -> None:
    lab.commit(lab.insert("run", period="2026-01", status="approved"))
    lab.rest()


def test_a_group_is_dated_by_its_latest_row_wherever_that_stands_in_the_log() -> None:
    """Invariant 13: the rows of a month come in any order, and the month's voucher has one date."""
    for days in ((31, 15, 20), (15, 31, 20), (15, 20, 31)):
        lab = Lab(CHARGES)
        for n, day in enumerate(days, 1):
            lab.commit(lab.insert("charge", **charge(n, on=date(2026, 1, day))))
        lab.rest()
        released(lab)
        assert [(period, day) for period, _, day, _ in lab.vouchers] == [("2026-01", "2026-01-31")]


def test_what_was_approved_when_it_came_is_not_asked_for_again_by_its_group() -> None:
    """A person agreed to the row; the group that posts it asks nobody. Otherwise the month waits for an approval that
    was given, and posts without the row."""
    lab = Lab(CHARGES)
    lab.commit(lab.insert("charge", **charge(1)), lab.insert("charge", **charge(2, "500.00")))
    lab.rest()
    assert lab.parked == [("charge:2", "approval", "approval")]
    ((row,),) = lab.ask("SELECT id FROM syncd_parked WHERE settled_at IS NULL")
    operators.approve(lab.ledger, NAME, int(str(row)), CLERK, "finance")
    lab.rest()
    released(lab)
    assert lab.parked == []
    assert lab.balance("6602") == 510


def test_equal_entries_of_a_group_are_one_and_nothing_is_left_out() -> None:
    """Invariant 8: two rows, one voucher of two lines, which hold the sum."""
    lab = Lab(CHARGES)
    lab.commit(lab.insert("charge", **charge(1)), lab.insert("charge", **charge(2, "0.05")))
    lab.rest()
    released(lab)
    assert lab.ask("SELECT account, debit, credit FROM gl_entry ORDER BY line") == [
        ("6602", "10.05", "0"),
        ("1602", "0", "10.05"),
    ]
