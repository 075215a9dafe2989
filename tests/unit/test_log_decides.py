"""Invariant 13, case by case: small logs of which something else came in one batch than in two.

Each is carried twice, with the daemon at rest after every transaction and with all of them in one batch, and must end
in the same books: those that stand here, which follow from the rules and not from what once came out."""

import time
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.ledger.ledger import SqlLedger
from syncd.change import Value
from syncd.daemon import drain, repair
from syncd.errors import Gap
from syncd.ports import Book
from tests.unit.lab import CLERK, NAME, Kept, Lab

DAY = date(2026, 2, 3)
D = Decimal

ASSET = "columns: {id: integer, asset_code: text, name: text, status: text, value: money, on_: date}"
REGISTRATION = """
    once: after.asset_code
    card:
      {asset_code: after.asset_code, name: after.name, original_value: after.value, accumulated_depreciation: "0.00",
       status: "'in_use'"}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]
"""
UPGRADE = """
    once: after.id
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'upgrade'"
      entries: [{account: "'1601'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
"""

both = pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])


def asset(id: int = 1, code: str | None = "A", **values: Value) -> dict[str, Any]:
    row = {"id": id, "asset_code": code, "name": "lathe", "status": "in_use", "value": D("100.00"), "on_": DAY}
    return {**row, **values}


# A transaction is judged as a whole

JOINING = """
tables:
  asset:
    table: asset
    key: id
    subject: asset_code
    columns:
      {id: integer, asset_code: text, name: text, status: text, value: money, on_: date, dept_id: integer,
       class_id: integer}
references:
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
  cls: {table: cls, key: id, columns: {id: integer, name: text}}
rules:
  registration:
    on: asset
    when: op = 'insert'
    join: {dept: after.dept_id, cls: {key: after.class_id, optional: true}}
    once: after.asset_code
    card:
      {asset_code: after.asset_code, name: "coalesce(cls.name, 'none')", original_value: after.value,
       accumulated_depreciation: "0.00", status: dept.code}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]
  revaluation:
    on: asset
    when: op = 'update' AND after.value <> before.value
    change: {asset_code: after.asset_code, original_value: card.original_value + after.value - before.value}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'more'"
      entries:
        - {account: "'1601'", debit: after.value - before.value}
        - {account: "'1002'", credit: after.value - before.value}
  withdrawal:
    on: asset
    when: op = 'delete'
    change: {asset_code: before.asset_code, status: "'gone'"}
    reverse: registration
"""


def joining(**values: Value) -> dict[str, Any]:
    return asset(**{"value": D("4000.00"), "dept_id": 5, "class_id": 9, **values})


@both
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_parent_and_children_of_one_transaction_mean_the_same_in_any_order(
    splits: bool, order: tuple[int, ...]
) -> None:
    """The rows that a row joins may be written behind it, the optional one too: none is parked, none is read NULL."""
    lab = Lab(JOINING, splits)
    writes = [
        lab.insert("asset", **joining()),
        lab.insert("dept", id=5, code="SC"),
        lab.insert("cls", id=9, name="tools"),
    ]
    lab.commit(*[writes[n] for n in order])
    lab.rest()
    assert lab.cards == [("A", "tools", "4000.00", "0.00", "SC")]
    assert lab.ask("SELECT count(*) FROM syncd_parked") == [(0,)], "it never waited"


@both
def test_a_join_finds_a_row_as_the_transaction_leaves_it(splits: bool) -> None:
    """The department is renamed behind the asset, and the class deleted: it is found as it last was."""
    lab = Lab(JOINING, splits)
    dept, cls = {"id": 5, "code": "SC"}, {"id": 9, "name": "tools"}
    lab.commit(lab.insert("dept", **dept), lab.insert("cls", **cls))
    lab.commit(lab.insert("asset", **joining()), lab.update("dept", dept, code="GL"), lab.delete("cls", **cls))
    lab.commit(lab.insert("asset", **joining(id=2, code="B")))
    lab.rest()
    assert [(code, name, status) for code, name, _, _, status in lab.cards] == [
        ("A", "tools", "GL"),
        ("B", "none", "GL"),
    ]


@both
def test_what_healed_is_of_its_own_moment_and_not_of_the_latest(splits: bool) -> None:
    """4,000 waits for its department; two transactions later it is 4,100. The registration is of 4,000 and the 100 are
    a voucher of their own, whatever the pace."""
    lab = Lab(JOINING, splits)
    row = joining()
    lab.commit(lab.insert("asset", **row))
    lab.commit(lab.insert("dept", id=5, code="SC"))
    lab.commit(lab.update("asset", row, value=D("4100.00"), on_=date(2026, 3, 1)))
    lab.rest()
    assert lab.parked == []
    assert [(period, said) for period, _, _, said in lab.vouchers] == [("2026-02", "add"), ("2026-03", "more")]
    assert lab.ask("SELECT debit FROM gl_entry WHERE account = '1601' ORDER BY period") == [("4000.00",), ("100.00",)]


@both
def test_what_came_and_went_when_its_reference_was_there_is_posted_and_cancelled(splits: bool) -> None:
    """Inserted, then its department in the next transaction, then deleted: a voucher and its reversal."""
    lab = Lab(JOINING, splits)
    lab.commit(lab.insert("asset", **joining()))
    lab.commit(lab.insert("dept", id=5, code="SC"))
    lab.commit(lab.delete("asset", **joining()))
    lab.rest()
    assert [said for *_, said in lab.vouchers] == ["add", "注销2026年2月3日记-1号凭证"]
    assert lab.balance("1601") == 0


@both
def test_what_came_and_went_before_its_reference_was_never_there(splits: bool) -> None:
    """A parked change that the EAM undid heals: nothing is posted when the department comes."""
    lab = Lab(JOINING, splits)
    lab.commit(lab.insert("asset", **joining()))
    lab.commit(lab.delete("asset", **joining()))
    lab.commit(lab.insert("dept", id=5, code="SC"))
    lab.rest()
    assert (lab.parked, lab.vouchers) == ([], [])


# Two subjects that touch one card

TWO_SUBJECTS = f"""
tables:
  asset: {{table: asset, key: id, subject: asset_code, {ASSET}}}
  work:
    table: work
    key: id
    subject: order_no
    columns: {{id: integer, order_no: text, asset_code: text, amount: money, on_: date}}
rules:
  registration:
    on: asset
    when: op = 'insert'
{REGISTRATION}
  upgrade:
    on: work
    when: op = 'insert'
    change: {{asset_code: after.asset_code, original_value: card.original_value + after.amount}}
{UPGRADE}
  revaluation:
    on: asset
    when: op = 'update' AND after.value <> before.value
    change:
      {{asset_code: after.asset_code, name: after.name,
       original_value: card.original_value + after.value - before.value}}
"""
TOO_LONG = "a name that is too long"
WORK = {"id": 7, "order_no": "WO-7", "asset_code": "A", "amount": D("30.00"), "on_": DAY}


@both
def test_what_finance_refused_of_one_subject_is_no_card_for_another(splits: bool) -> None:
    """The registration is refused, so there is no card that the work order could change. Its row waits; when the name
    is corrected and the row is tried again, the upgrade stands on the card and not in a voucher alone."""
    lab = Lab(TWO_SUBJECTS, splits)
    row = asset(name=TOO_LONG)
    lab.commit(lab.insert("asset", **row))
    lab.commit(lab.insert("work", **WORK))
    lab.rest()
    assert lab.cards == lab.vouchers == []
    assert [state for _, state, _ in lab.parked] == ["failed", "failed"]
    lab.commit(lab.update("asset", row, name="short"))
    lab.rest()
    lab.retry("WO-7")
    assert lab.cards == [("A", "short", "130.00", "0.00", "in_use")]
    assert lab.balance("1601") == 130
    assert lab.parked == []


@both
def test_what_finance_refused_does_not_stay_in_what_another_subject_computed(splits: bool) -> None:
    """100, and 30 from the work order, which waits for nobody: 130. Then the refused revaluation, corrected, adds its
    50 and nothing else: 180."""
    lab = Lab(TWO_SUBJECTS, splits)
    lab.commit(lab.insert("asset", **asset()))
    lab.rest()
    row = asset(name=TOO_LONG, value=D("150.00"))
    lab.commit(lab.update("asset", asset(), name=TOO_LONG, value=D("150.00")))
    lab.commit(lab.insert("work", **WORK))
    lab.rest()
    assert lab.cards == [("A", "lathe", "130.00", "0.00", "in_use")]
    lab.commit(lab.update("asset", row, name="short"))
    lab.rest()
    assert lab.cards == [("A", "short", "180.00", "0.00", "in_use")]
    assert lab.parked == []


@both
def test_what_finance_refuses_is_not_hidden_by_what_follows_it(splits: bool) -> None:
    """The name is too long, and short again in the next transaction: finance is asked for each, so the first is refused
    and healed by the second, one posting in all, also where both wait in one batch."""
    lab = Lab(TWO_SUBJECTS, splits)
    lab.commit(lab.insert("asset", **asset()))
    lab.rest()
    row = asset(name=TOO_LONG, value=D("150.00"))
    lab.commit(lab.update("asset", asset(), name=TOO_LONG, value=D("150.00")))
    lab.commit(lab.update("asset", row, name="short", value=D("160.00")))
    lab.rest()
    assert lab.cards == [("A", "short", "160.00", "0.00", "in_use")]
    assert lab.ask("SELECT rule FROM syncd_posting ORDER BY seq") == [("registration",), ("revaluation",)]


# A row of a released group, and what comes after it

COLLECTING = f"""
tables:
  asset: {{table: asset, key: id, subject: asset_code, {ASSET}}}
  deprec:
    table: deprec
    key: [asset_id, period]
    join: {{asset: asset_id}}
    subject: asset.asset_code
    columns: {{asset_id: integer, period: text, amount: money, on_: date, dept_id: integer}}
  dept: {{table: dept, key: id, columns: {{id: integer, code: text}}}}
  run: {{table: run, key: period, columns: {{period: text, status: text}}}}
rules:
  registration:
    on: asset
    when: op = 'insert'
{REGISTRATION}
  disposal:
    on: asset
    when: op = 'update' AND before.status = 'in_use' AND after.status = 'scrapped'
    change: {{asset_code: after.asset_code, status: "'scrapped'"}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'scrap'"
      entries:
        - {{account: "'1606'", debit: card.original_value - card.accumulated_depreciation}}
        - {{account: "'1602'", debit: card.accumulated_depreciation}}
        - {{account: "'1601'", credit: card.original_value}}
  depreciation:
    on: deprec
    when: op = 'insert'
    join: {{asset: after.asset_id, dept: after.dept_id}}
    change:
      {{asset_code: asset.asset_code, accumulated_depreciation: card.accumulated_depreciation + after.amount}}
    collect:
      group: [after.period, dept.code]
      post: {{on: run, when: after.status = 'approved', group: [after.period]}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'dep'"
      entries: [{{account: "'6602'", debit: after.amount}}, {{account: "'1602'", credit: after.amount}}]
"""
CHARGE = {"asset_id": 1, "period": "2026-01", "amount": D("10.00"), "on_": date(2026, 1, 31), "dept_id": 5}
APPROVED = {"period": "2026-01", "status": "approved"}
DEPT = {"id": 5, "code": "D5"}


def cleared(lab: Lab) -> tuple[Decimal, ...]:
    """What is left of the asset in 1601 and 1602, and what 1606 clears: its book value."""
    return lab.balance("1601"), lab.balance("1602"), lab.balance("1606")


@both
def test_a_row_of_a_released_group_goes_before_the_disposal_that_follows_it(splits: bool) -> None:
    """The period is approved already, so the late row is posted when it comes, and the disposal finds it on the card:
    100 less 10 are 90, and nothing stays in 1602."""
    lab = Lab(COLLECTING, splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    lab.commit(lab.insert("deprec", **CHARGE))
    lab.commit(lab.update("asset", asset(), status="scrapped"))
    lab.rest()
    assert cleared(lab) == (0, 0, 90)
    assert lab.cards == [("A", "lathe", "100.00", "10.00", "scrapped")]


@both
def test_a_released_row_that_waited_goes_before_the_disposal_that_waited_behind_it(splits: bool) -> None:
    """The same where both wait for a department: replay keeps the order that step keeps."""
    lab = Lab(COLLECTING, splits)
    lab.commit(lab.insert("asset", **asset()))
    lab.commit(lab.insert("run", **APPROVED))
    lab.commit(lab.insert("deprec", **CHARGE))
    lab.commit(lab.update("asset", asset(), status="scrapped"))
    lab.rest()
    assert lab.parked == [("A", "failed", "reference_missing"), ("A", "behind", "behind")]
    lab.commit(lab.insert("dept", **DEPT))
    lab.rest()
    assert lab.parked == []
    assert cleared(lab) == (0, 0, 90)


@both
def test_what_touches_the_card_of_a_collected_row_waits_for_its_group(splits: bool) -> None:
    """Invariant 4: a collected row counts. The disposal comes before the month is approved; it clears what the
    depreciation leaves, 90, and not 100."""
    lab = Lab(COLLECTING, splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **CHARGE))
    lab.commit(lab.update("asset", asset(), status="scrapped"))
    lab.rest()
    assert [state for _, state, _ in lab.parked] == ["behind"]
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert lab.parked == []
    assert cleared(lab) == (0, 0, 90)


@both
def test_late_rows_of_a_released_group_are_one_voucher_a_transaction(splits: bool) -> None:
    """Each is due behind the transaction that brings it; two of one transaction are one voucher."""
    lab = Lab(COLLECTING, splits)
    lab.commit(lab.insert("dept", **DEPT), *[lab.insert("asset", **asset(n, f"A{n}")) for n in (1, 2, 3)])
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    first, second, third = ({**CHARGE, "asset_id": n} for n in (1, 2, 3))
    lab.commit(lab.insert("deprec", **first))
    lab.commit(lab.insert("deprec", **second), lab.insert("deprec", **third))
    lab.rest()
    charged = "SELECT debit FROM gl_entry WHERE account = '6602' ORDER BY number"
    assert lab.ask(charged) == [("10.00",), ("20.00",)]


@pytest.mark.parametrize("batch_changes_max", [1, 4_000])
def test_a_dry_run_collects_where_the_daemon_does(batch_changes_max: int) -> None:
    """Invariant 10: behind the change that releases, before what follows, also where the batch ends with it."""

    def log() -> Lab:
        lab = Lab(COLLECTING)
        lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
        lab.commit(lab.insert("deprec", **CHARGE))
        lab.rest()
        lab.commit(lab.insert("run", **APPROVED))
        lab.commit(lab.update("asset", asset(), status="scrapped"))
        return lab

    rehearsed = log()
    dry = rehearsed.open_ledger(dry_run=True)
    dry.acquire()
    tally = drain.to_the_end(rehearsed.spec(batch_changes_max), dry, True, lambda *_: None)
    assert dict(tally.postings) == {"depreciation": 2, "disposal": 1}, "the release, the group, what follows"
    assert tally.debit == 110
    dry.close()
    real = log()
    real.rest()
    assert cleared(real) == (0, 0, 90)


# Two reversals

PAYMENTS = """
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
    once: after.id
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'pay'"
      entries: [{account: "'1601'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  unpaid:
    on: pay
    when: op = 'delete'
    reverse: paid
"""


@both
def test_two_reversals_in_one_batch_do_what_they_do_in_two(splits: bool) -> None:
    """The newest that stands is cancelled, then the one before it."""
    lab = Lab(PAYMENTS, splits)

    def pay(id: int) -> dict[str, Any]:
        return {"id": id, "asset_code": "A", "amount": D(10 * id), "on_": DAY}

    lab.commit(lab.insert("pay", **pay(1)))
    lab.commit(lab.insert("pay", **pay(2)))
    lab.rest()
    lab.commit(lab.delete("pay", **pay(2)))
    lab.commit(lab.delete("pay", **pay(1)))
    lab.rest()
    assert lab.parked == []
    assert [said for *_, said in lab.vouchers[2:]] == [f"注销2026年2月3日记-{n}号凭证" for n in (2, 1)]
    assert lab.balance("1601") == 0


CANCELLED = PAYMENTS.replace("when: op = 'delete'", "when: op = 'delete' OR (op = 'update' AND after.amount = 0)")


@both
def test_what_is_cancelled_already_is_not_cancelled_again(splits: bool) -> None:
    """Set to nothing, then deleted: the second has nothing left to reverse, in the same batch as in another."""
    lab = Lab(CANCELLED, splits)
    row = {"id": 1, "asset_code": "A", "amount": D("10.00"), "on_": DAY}
    lab.commit(lab.insert("pay", **row))
    lab.rest()
    lab.commit(lab.update("pay", row, amount=D("0.00")))
    lab.commit(lab.delete("pay", **{**row, "amount": D("0.00")}))
    lab.rest()
    assert lab.parked == []
    assert [said for *_, said in lab.vouchers] == ["pay", "注销2026年2月3日记-1号凭证"]
    assert lab.balance("1601") == 0


# Corrections

REQUIRING = f"""
tables:
  asset: {{table: asset, key: id, subject: asset_code, {ASSET}}}
rules:
  registration:
    on: asset
    when: after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'
    require: [{{check: after.value > 0, says: positive}}, {{check: "after.asset_code LIKE 'FA-%'", says: code}}]
{REGISTRATION}
  renaming:
    on: asset
    when: op = 'update' AND after.name <> before.name
    change: {{asset_code: after.asset_code, name: after.name}}
"""
CODE, VALUE, RENAMED = ("asset_code", "FA-1"), ("value", D("5.00")), ("name", "better")


@both
@pytest.mark.parametrize(
    "corrections",
    [(VALUE, CODE), (CODE, VALUE), (CODE, RENAMED, VALUE), (RENAMED, CODE, VALUE), (VALUE, RENAMED, CODE)],
)
def test_corrections_heal_a_row_in_any_order(splits: bool, corrections: tuple[tuple[str, Value], ...]) -> None:
    """A wrong code moves the row to another subject when it is corrected; what is corrected after that is the same
    row's all the same."""
    lab = Lab(REQUIRING, splits)
    row = asset(code="AF-1", value=D("-5.00"))
    lab.commit(lab.insert("asset", **row))
    for column, value in corrections:
        lab.commit(lab.update("asset", row, **{column: value}))
        row[column] = value
    lab.rest()
    assert lab.cards == [("FA-1", row["name"], "5.00", "0.00", "in_use")]
    assert lab.parked == []


@both
@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_code_is_nobodys_subject(splits: bool, blank: str | None) -> None:
    """Invariant 5: an asset that was typed in without a code holds itself, and no other that has none yet."""
    lab = Lab(REQUIRING, splits)
    lab.commit(lab.insert("asset", **asset(1, blank, value=D("5.00"))))
    draft = asset(2, blank, status="draft", value=D("7.00"))
    lab.commit(lab.insert("asset", **draft))
    lab.commit(lab.update("asset", draft, asset_code="FA-2", status="in_use"))
    lab.rest()
    assert [(code, value) for code, _, value, *_ in lab.cards] == [("FA-2", "7.00")]
    assert [state for _, state, _ in lab.parked] == ["failed"]


def test_what_waits_behind_a_row_costs_in_proportion_to_its_number() -> None:
    """Invariant 11: one parked row that changes often must not stop the pipeline. Four times the followers take four
    times the processor's time; sixty-four times would be the cube. No clock on the wall is asked."""

    def effort_s(followers: int) -> float:
        lab = Lab(REQUIRING)
        row = asset(code="FA-1", value=D("-5.00"))
        lab.commit(lab.insert("asset", **row))
        for n in range(followers):
            lab.commit(lab.update("asset", row, name=f"n{n}"))
            row["name"] = f"n{n}"
        began = time.process_time()
        lab.rest()
        return time.process_time() - began

    assert effort_s(1_000) < 12 * effort_s(250)


# A row whose subject is found by a join

BY_JOIN = f"""
tables:
  asset: {{table: asset, key: id, subject: asset_code, {ASSET}}}
  upgrade:
    table: upgrade
    key: id
    join: {{asset: asset_id}}
    subject: asset.asset_code
    columns: {{id: integer, asset_id: integer, amount: money, on_: date}}
rules:
  registration:
    on: asset
    when: op = 'insert'
    require: [{{check: after.value > 0, says: positive}}]
{REGISTRATION}
  upgrade:
    on: upgrade
    when: op = 'insert'
    join: {{asset: after.asset_id}}
    change: {{asset_code: asset.asset_code, original_value: card.original_value + after.amount}}
{UPGRADE}
"""


@both
def test_a_row_whose_subject_changes_when_it_is_tried_comes_to_rest(splits: bool) -> None:
    """An upgrade before its asset: while the asset is refused it waits behind it, and is not tried for ever."""
    lab = Lab(BY_JOIN, splits)
    lab.commit(lab.insert("upgrade", id=7, asset_id=1, amount=D("30.00"), on_=DAY))
    row = asset(code="FA-1", value=D("-5.00"))
    lab.commit(lab.insert("asset", **row))
    lab.rest()
    attempts = lab.ask("SELECT sum(attempts) FROM syncd_parked")
    lab.turn()
    assert lab.ask("SELECT sum(attempts) FROM syncd_parked") == attempts, "invariant 11: it is tried again and again"
    lab.commit(lab.update("asset", row, value=D("100.00")))
    lab.rest()
    assert lab.parked == []
    assert [(code, value) for code, _, value, *_ in lab.cards] == [("FA-1", "130.00")]


class Bounded(SqlLedger):
    """A ledger that is not written to for ever."""

    writes = 0

    def begin(self) -> AbstractContextManager[Book]:
        self.writes += 1
        assert self.writes < 100, "invariant 11: the repair does not end"
        return super().begin()


def test_a_repair_ends_although_a_row_waits() -> None:
    """The upgrade waits for the card of its refused asset, whatever a repair does about it."""
    lab = Lab(BY_JOIN)
    lab.commit(lab.insert("upgrade", id=7, asset_id=1, amount=D("30.00"), on_=DAY))
    lab.turn()
    lab.commit(lab.insert("asset", **asset(code="FA-1", value=D("-5.00"))))
    lab.turn()
    waiting = lab.parked
    kept, m = Kept(lab.database), lab.mapping
    bounded = Bounded(lambda: kept, NAME, m.layout, m.tables, m.hash, False)
    gap = Gap("memory_forgotten", position="", forgotten=0)
    repair.repair(repair.Scope(lab.spec(), m.tables, ()), bounded, gap, CLERK, lambda *_: None)
    assert (lab.parked, lab.cards) == (waiting, [])
    assert len(waiting) == 2
