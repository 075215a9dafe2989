"""Two rows that swap their keys, or what they are booked by, while they are collected for a voucher: what is edited
afterwards is still theirs."""

from datetime import date
from decimal import Decimal

import pytest

from syncd.change import Value
from syncd.desk.audit.verify import verify
from tests.unit.lab import NAME, Lab

MAPPING = """
tables:
  bill: {{table: bill, key: id, columns: {{id: integer, no: text, amount: money, on_: date}}}}
  run: {{table: run, key: id, columns: {{id: integer}}}}
rules:
  billed:
    on: bill
    when: after.amount > 0
    once: after.{once}
    edited: refuse
    collect: {{group: ["'all'"], post: {{on: run, when: op = 'insert', group: ["'all'"]}}}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bills'"
      entries: [{{account: "'6602'", debit: after.amount}}, {{account: "'1002'", credit: after.amount}}]
"""
ONE: dict[str, Value] = {"id": 1, "no": "N1", "amount": Decimal(5), "on_": date(2026, 2, 3)}
TWO: dict[str, Value] = {"id": 2, "no": "N2", "amount": Decimal(7), "on_": date(2026, 2, 3)}


def swapped(lab: Lab, column: str) -> dict[str, Value]:
    """Both rows are collected, and swap what stands in a column by way of a third; the first as it is then."""
    lab.commit(lab.insert("bill", **ONE), lab.insert("bill", **TWO))
    aside = {**ONE, column: 99 if column == "id" else "T"}
    lab.commit(
        lab.update("bill", ONE, **{column: aside[column]}),
        lab.update("bill", TWO, **{column: ONE[column]}),
        lab.update("bill", aside, **{column: TWO[column]}),
    )
    return {**ONE, column: TWO[column]}


@pytest.mark.parametrize("splits", [False, True])
@pytest.mark.parametrize(("once", "column"), [("no", "id"), ("id", "id"), ("no", "no")])
def test_an_edit_behind_a_swap_is_of_the_row_that_it_is(once: str, column: str, splits: bool) -> None:
    """Invariants 1 and 13: 6 and 7, whichever is called how."""
    lab = Lab(MAPPING.format(once=once), splits=splits)
    first = swapped(lab, column)
    lab.commit(lab.update("bill", first, amount=Decimal(6)))
    lab.commit(lab.insert("run", id=1))
    lab.rest()
    assert lab.parked == []
    assert lab.database.execute("SELECT sum(debit) FROM gl_entry").fetchall() == [(13,)]
    assert verify(lab.ledger, NAME, lab.mapping.layout).flaws == []


def test_an_edit_behind_the_voucher_is_refused_under_the_new_key_too() -> None:
    """Invariant 14: what is in the group's voucher is told, not passed by."""
    lab = Lab(MAPPING.format(once="no"))
    first = swapped(lab, "id")
    lab.commit(lab.insert("run", id=1))
    lab.rest()
    lab.commit(lab.update("bill", first, amount=Decimal(6)))
    lab.rest()
    assert [code for *_, code in lab.parked] == ["edited_after_posting"]


def test_a_row_with_another_key_is_withdrawn_when_it_goes() -> None:
    """As if it had never been."""
    lab = Lab(MAPPING.format(once="no"))
    first = swapped(lab, "id")
    lab.commit(lab.delete("bill", **first))
    lab.commit(lab.insert("run", id=1))
    lab.rest()
    assert lab.parked == []
    assert lab.database.execute("SELECT sum(debit) FROM gl_entry").fetchall() == [(7,)]
