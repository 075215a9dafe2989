"""`budget`: within what finance has left a row is posted, beyond it somebody is asked; no two rows take the same."""

from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal

import pytest

from connectors.convert import typed
from syncd.change import Value
from syncd.desk.parked import operators, previews
from syncd.desk.parked.operators import Actor, Selection
from syncd.errors import MappingErrors
from tests.advice import advice
from tests.unit.lab import CLERK, FINANCE, NAME, SQL, Lab, loaded

DEPT = "dept: {table: gl_dept, code: code, gives: code}"
LEFT = """
  budget_left:
    table: gl_budget
    code: code
    gives: amount - (SELECT coalesce(sum(e.debit), 0) FROM gl_entry e WHERE e.dept = code AND e.account = '6602')
"""
WITH_BUDGETS = FINANCE.replace(f"  {DEPT}\n", f"  {DEPT}{LEFT}")
BUDGETS = """
CREATE TABLE gl_budget (code TEXT PRIMARY KEY, amount TEXT NOT NULL);
INSERT INTO gl_budget VALUES ('SC', '100.00');
INSERT INTO gl_dept VALUES ('XZ');
"""
MAPPING = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, amount: money, dept: text, on_: date, note: text}}
rules:
  billed:
    on: bill
    when: op = 'insert'
    budget: {left: budget_left, key: after.dept, amount: after.amount, role: controller}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill ' || after.id::text"
      entries:
        - {account: "'6602'", debit: after.amount, dept: after.dept}
        - {account: "'1002'", credit: after.amount}
  noted:
    on: bill
    when: op = 'insert' AND after.note IS NOT NULL
    require: [{check: "after.note <> 'x'", says: no x}]
    write: [{table: gl_dept, key: [code], values: {code: after.note}}]
"""
LI = Actor("li", "seen")


def bill(id: int, amount: str, dept: str = "SC", note: str | None = None) -> Mapping[str, Value]:
    return {"id": id, "amount": Decimal(amount), "dept": dept, "on_": date(2026, 2, 3), "note": note}


def billed(*bills: Mapping[str, Value], splits: bool = False) -> Lab:
    lab = Lab(MAPPING, splits, WITH_BUDGETS, SQL + BUDGETS)
    for one in bills:
        lab.commit(lab.insert("bill", **one))
    lab.rest()
    return lab


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_what_is_posted_counts_in_the_same_batch_and_in_the_next(splits: bool) -> None:
    """Invariant 13: 60 and 40 are all that there is; the 0.01 between them waits, whatever the batches."""
    lab = billed(bill(1, "60.00"), bill(2, "40.01"), bill(3, "40.00"), bill(4, "0.01"), splits=splits)
    assert [summary for *_, summary in lab.vouchers] == ["bill 1", "bill 3"]
    rows = operators.parked(lab.ledger, NAME, Selection())
    assert [(row.id, row.params["role"], row.params["budget"]) for row in rows] == [
        (1, "controller", "budget_left"),
        (2, "controller", "budget_left"),
    ]


def test_who_agrees_lets_it_pass_and_is_shown_what_it_would_make() -> None:
    lab = billed(bill(1, "100.01"))
    (row,) = operators.parked(lab.ledger, NAME, Selection())
    made = previews.made(lab.ledger, NAME, lab.translator, lab.mapping.tables, [row])
    assert made[1].debit == Decimal("100.01")
    operators.approve(lab.ledger, NAME, 1, LI, "controller")
    lab.rest()
    assert len(lab.vouchers) == 1
    lab.commit(lab.insert("bill", **bill(2, "0.01")))
    lab.rest()
    assert [state for _, state, _ in lab.parked] == ["approval"], "nothing is left, and more than that is taken"


def test_a_code_that_finance_does_not_know_has_nothing_left() -> None:
    lab = billed(bill(1, "1.00", dept="XZ"))
    assert [state for _, state, _ in lab.parked] == ["approval"]


def test_what_is_refused_takes_nothing() -> None:
    """Its other rule fails: in the same batch the next finds all of it."""
    lab = billed(bill(1, "80.00", note="x"), bill(2, "80.00"))
    assert [summary for *_, summary in lab.vouchers] == ["bill 2"]
    assert [code for *_, code in lab.parked] == ["require"]


def test_an_edit_to_within_the_budget_asks_as_what_the_eam_sent() -> None:
    lab = billed(bill(1, "200.00"))
    read = lambda column, text: typed(column, text, UTC)  # noqa: E731 - as the pipeline's
    operators.edit(lab.ledger, NAME, 1, {"amount": "10.00"}, lab.mapping.tables, read, CLERK)
    lab.rest()
    assert [state for _, state, _ in lab.parked] == ["approval"]
    operators.approve(lab.ledger, NAME, 1, LI, "controller")
    lab.rest()
    assert lab.balance("6602") == Decimal("10.00")


@advice("budget_collects")
def test_a_rule_that_collects_may_not_look_at_a_budget() -> None:
    collecting = MAPPING.replace(
        "    voucher:", '    collect: {group: [after.dept], post: "0 2 * * *"}\n    voucher:', 1
    )
    with pytest.raises(MappingErrors) as error:
        loaded(collecting, WITH_BUDGETS)
    assert [fault.code for fault in error.value.errors] == ["budget_collects"]
    assert loaded(MAPPING, WITH_BUDGETS)
    budget = next(line for line in collecting.splitlines(keepends=True) if line.startswith("    budget:"))
    assert loaded(collecting.replace(budget, ""), WITH_BUDGETS)


def test_a_budget_names_a_lookup_that_there_is() -> None:
    with pytest.raises(MappingErrors) as error:
        loaded(MAPPING.replace("left: budget_left", "left: budget_lefd"), WITH_BUDGETS)
    assert [(f.code, f.params["nearest"]) for f in error.value.errors] == [("unknown_lookup_name", "budget_left")]


FEES = MAPPING.replace(
    "rules:", "  fee: {table: fee, key: id, columns: {id: integer, amount: money, dept: text}}\nrules:"
).replace(
    "  noted:",
    """  fees:
    on: fee
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: DATE '2026-02-03'
      summary: "'fee ' || after.id::text"
      entries:
        - {account: "'6602'", debit: after.amount, dept: after.dept}
        - {account: "'1002'", credit: after.amount}
  unbilled:
    on: bill
    when: op = 'delete'
    reverse: [billed]
  noted:""",
)
"""A rule that takes without looking, and one that gives back."""


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_invariant_13_what_another_rule_takes_is_taken_off_in_the_same_batch_too(splits: bool) -> None:
    """80 of 100 go without a look at the budget: a bill of 100 waits, whatever the batches."""
    lab = Lab(FEES, splits, WITH_BUDGETS, SQL + BUDGETS)
    lab.commit(lab.insert("fee", id=1, amount=Decimal("80.00"), dept="SC"))
    lab.commit(lab.insert("bill", **bill(1, "100.00")))
    lab.rest()
    assert [state for _, state, _ in lab.parked] == ["approval"]
    assert lab.balance("6602") == Decimal("80.00")


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_invariant_13_what_a_red_letter_gives_back_is_left_in_the_same_batch_too(splits: bool) -> None:
    """A bill of all that there is is deleted and sent anew: nobody is asked, whatever the batches."""
    lab = Lab(FEES, splits, WITH_BUDGETS, SQL + BUDGETS)
    lab.commit(lab.insert("bill", **bill(1, "100.00")))
    lab.rest()
    lab.commit(lab.delete("bill", **bill(1, "100.00")))
    lab.commit(lab.insert("bill", **bill(2, "100.00")))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("100.00"))
