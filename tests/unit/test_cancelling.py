"""What cancels a voucher: on which day, in red or in blue, and what it calls the one that is cancelled (invariants 2, 3
and 8)."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.lab import Lab

D = Decimal
both = pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])

CORRECTED = """
tables:
  pay:
    table: pay
    key: id
    subject: asset_code
    columns: {id: integer, asset_code: text, amount: money, on_: date}
rules:
  paid:
    on: pay
    when: op = 'insert'
    once: after.asset_code
    voucher: &pay
      type: "'记'"
      date: after.on_
      summary: "coalesce('订正' || reversed.voucher || '凭证', 'pay')"
      entries: [{account: "'1601'", debit: after.amount}, {account: "'1002'", credit: after.amount, summary: "'bank'"}]
  taken_back:
    on: pay
    when: op IN ('update', 'delete')
    reverse:
      rules: [paid, corrected]
      date: coalesce(after.on_, change.committed_on)
      blue: extract(year FROM before.on_) < extract(year FROM change.committed_on)
  corrected:
    on: pay
    when: op = 'update'
    voucher: *pay
"""
ROW = {"id": 1, "asset_code": "A", "amount": D("100.00"), "on_": date(2026, 1, 20)}


def shown(lab: Lab) -> list[tuple[Any, ...]]:
    """Period, number, date and summary of every voucher."""
    return list(
        lab.database.execute("SELECT period, number, date, summary FROM gl_voucher ORDER BY period, number, date")
    )


def posted(splits: bool, *rows: dict[str, Any], mapping: str = CORRECTED) -> Lab:
    """A row inserted, updated to what each of the others says, each a transaction."""
    lab = Lab(mapping, splits)
    first, *others = rows
    lab.commit(lab.insert("pay", **first))
    was = first
    for row in others:
        lab.commit(lab.update("pay", was, **row))
        was = {**was, **row}
    lab.rest()
    assert lab.parked == []
    return lab


@both
def test_red_and_right_lie_in_one_period_and_the_right_one_names_what_it_corrects(splits: bool) -> None:
    lab = posted(splits, ROW, {"amount": D("120.00"), "on_": date(2026, 1, 28)}, {"amount": D("130.00")})
    assert shown(lab) == [
        ("2026-01", 1, "2026-01-20", "pay"),
        ("2026-01", 2, "2026-01-28", "注销2026年1月20日记-1号凭证"),
        ("2026-01", 3, "2026-01-28", "订正2026年1月20日记-1号凭证"),
        ("2026-01", 4, "2026-01-28", "注销2026年1月28日记-3号凭证"),
        ("2026-01", 5, "2026-01-28", "订正2026年1月28日记-3号凭证"),
    ]
    assert lab.balance("1601") == 130


@both
def test_a_closed_period_moves_red_and_right_alike(splits: bool) -> None:
    lab = Lab(CORRECTED, splits)
    lab.commit(lab.insert("pay", **ROW))
    lab.rest()
    lab.database.execute("UPDATE gl_period SET open = 0 WHERE code = '2026-01'")
    lab.commit(lab.update("pay", ROW, amount=D("120.00"), on_=date(2026, 1, 28)))
    lab.rest()
    assert [(period, day) for period, _, day, _ in shown(lab)[1:]] == 2 * [("2026-02", "2026-02-01")]


@both
def test_an_earlier_year_is_cancelled_in_blue_and_counts_as_cancelled(splits: bool) -> None:
    """Sides swapped, nothing negative; the fact may be posted anew and is not cancelled twice."""
    lab = Lab(CORRECTED, splits)
    lab.database.execute("INSERT INTO gl_period VALUES ('2025-12', '2025-12-01', '2025-12-31', 1)")
    old = {**ROW, "on_": date(2025, 12, 20)}
    lab.commit(lab.insert("pay", **old))
    lab.rest()
    lab.commit(lab.delete("pay", **old))
    lab.commit(lab.insert("pay", **{**ROW, "id": 2}))
    lab.commit(lab.delete("pay", **{**ROW, "id": 2}))
    lab.rest()
    assert lab.parked == []
    entries = lab.database.execute(
        "SELECT e.account, e.debit, e.credit FROM gl_entry e, gl_voucher v WHERE v.period = e.period"
        " AND v.number = e.number AND v.summary = '注销2025年12月20日记-1号凭证' ORDER BY e.line"
    )
    assert [(a, D(d), D(c)) for a, d, c in entries] == [("1601", 0, 100), ("1002", 100, 0)]
    assert lab.balance("1601") == 0
    cancels = [key for (key,) in lab.database.execute("SELECT reverses FROM syncd_posting WHERE reverses <> ''")]
    assert len(cancels) == len(set(cancels)) == 2
    assert next(summary for *_, summary in shown(lab) if "pay" in summary) == "pay"


@both
def test_entries_say_what_the_voucher_says_but_for_those_that_said_something_else(splits: bool) -> None:
    lab = posted(splits, ROW, {"amount": D("120.00")})
    (content,) = lab.database.execute("SELECT content FROM syncd_posting WHERE reverses <> ''").fetchone()
    assert [entry[3] for entry in json.loads(content)["voucher"]["entries"]] == [None, "bank"]


@both
def test_in_english_books_it_is_said_in_english(splits: bool) -> None:
    lab = posted(splits, ROW, {"amount": D("120.00")}, mapping=f"language: en\n{CORRECTED}")
    assert shown(lab)[1][3] == "cancels 记-1 of 2026-01-20"
