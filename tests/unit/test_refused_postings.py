"""What becomes of a posting that finance refuses: found among the others, tried once more, then parked."""

import sqlite3
from datetime import date
from decimal import Decimal

import pytest

from connectors.ledger.database import Chunks, Verb
from connectors.ledger.ledger import SqlLedger
from syncd.errors import RowRefused
from tests.kept import Kept
from tests.unit.lab import BILLS, NAME, Lab


class Refusing(Kept):
    """Finance that refuses vouchers, so many times."""

    def __init__(self, database: sqlite3.Connection, times: int) -> None:
        super().__init__(database)
        self.times, self.asked = times, 0

    def put(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks, where: str = ""
    ) -> None:
        if table.endswith("gl_voucher"):
            self.asked += 1
            if self.asked <= self.times:
                raise RowRefused("row_too_long", column="summary")
        super().put(table, columns, key, verb, chunks)


def billed(refusals: int, bills: int) -> tuple[Lab, Refusing]:
    lab = Lab(BILLS)
    refusing, m = Refusing(lab.database, refusals), lab.mapping
    lab.ledger = SqlLedger(lambda: refusing, NAME, m.layout, m.tables, m.hash, False)
    for n in range(1, bills + 1):
        lab.commit(lab.insert("bill", id=n, amount=Decimal(n), on_=date(2026, 2, 3)))
    lab.rest()
    return lab, refusing


DEPARTMENTS = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, dept: text, amount: money, on_: date}}
rules:
  billed:
    on: bill
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill'"
      entries: [{account: "'6602'", debit: after.amount, dept: after.dept}, {account: "'1002'", credit: after.amount}]
"""


def test_a_code_that_finance_does_not_know_is_parked_and_never_left_out() -> None:
    """Invariant 7: a lookup that finds nothing is no NULL. Once finance knows the department, the row is posted."""
    lab = Lab(DEPARTMENTS)
    for n, dept in enumerate(("SC", "XX", None), 1):
        lab.commit(lab.insert("bill", id=n, dept=dept, amount=Decimal(n), on_=date(2026, 2, 3)))
    lab.rest()
    assert lab.parked == [("bill:2", "failed", "unknown_lookup")]
    posted = "SELECT debit, dept FROM gl_entry WHERE account = '6602' ORDER BY number"
    assert lab.ask(posted) == [("1", "SC"), ("3", None)]
    lab.database.execute("INSERT INTO gl_dept VALUES ('XX')")
    lab.retry("bill:2")
    assert lab.ask(posted) == [("1", "SC"), ("3", None), ("2", "XX")]


def test_a_posting_refused_alone_is_tried_once_more() -> None:
    """Finance's people may have widened the column since the ledger last looked at it: nobody need press retry."""
    lab, refusing = billed(refusals=1, bills=1)
    assert (lab.parked, refusing.asked) == ([], 2)
    assert lab.balance("6602") == 1


def test_a_posting_refused_twice_is_parked_and_not_tried_for_ever() -> None:
    """Invariant 11: two tries, then it is for people."""
    lab, refusing = billed(refusals=2, bills=1)
    assert lab.parked == [("bill:1", "failed", "row_too_long")]
    assert refusing.asked == 2


@pytest.mark.parametrize("bills", [2, 3, 8])
def test_a_batch_that_is_refused_for_a_moment_parks_nothing(bills: int) -> None:
    """The batch is refused, then each half is taken: nothing was wrong with any of them."""
    lab, _ = billed(refusals=1, bills=bills)
    assert lab.parked == []
    assert [number for _, number, *_ in lab.vouchers] == list(range(1, bills + 1)), "invariant 6"


COSTS = """
tables:
  asset: {table: asset, key: id, columns: {id: integer, name: text}}
  cost: {table: cost, key: id, columns: {id: integer, asset_id: integer, amount: money}}
rules:
  opened: {on: asset, when: op = 'insert', card: {asset_code: after.id::text, name: after.name}}
  named: {on: asset, when: op = 'update', change: {asset_code: after.id::text, name: after.name}}
  spent:
    on: cost
    when: op = 'insert'
    change: {asset_code: after.asset_id::text, original_value: after.amount}
"""


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_what_was_built_on_a_refused_posting_is_judged_without_it(splits: bool) -> None:
    """Invariant 13: it waits for the card that finance did not take, and is not refused for a reason of its own."""
    lab = Lab(COSTS, splits=splits)
    asset = {"id": 1, "name": "a name too long"}
    lab.commit(lab.insert("asset", **asset))
    lab.commit(lab.insert("cost", id=1, asset_id=1, amount=Decimal("5.00")))
    lab.rest()
    assert lab.parked == [("asset:1", "failed", "row_check"), ("cost:1", "failed", "no_card")]
    lab.commit(lab.update("asset", asset, name="lathe"))
    lab.rest()
    assert not lab.parked
    assert [(code, name, value) for code, name, value, *_ in lab.cards] == [("1", "lathe", "5.00")]
