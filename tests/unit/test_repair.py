"""A repair reads a copy of the EAM that may itself be behind."""

from datetime import date
from decimal import Decimal

import pytest

from connectors import memory
from syncd.daemon import repair
from syncd.errors import Gap, Halt, Transient
from tests.advice import advice
from tests.unit.lab import CLERK, NAME, Lab

BILLS = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, amount: money, on_: date}}
rules:
  billed:
    on: bill
    when: op IN ('insert', 'read')
    snapshot: post
    once: after.id
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  unbilled:
    on: bill
    when: op = 'delete'
    reverse: billed
"""


def behind() -> tuple[Lab, memory.Store, repair.Scope]:
    """Three bills are posted; the replica that is asked now knows of two."""
    lab = Lab(BILLS)
    for n in (1, 2, 3):
        lab.commit(lab.insert("bill", id=n, amount=Decimal(n), on_=date(2026, 2, 3)))
    lab.rest()
    replica = memory.Store()
    replica.log = lab.store.log[:2]
    spec = lab.spec()._replace(
        open_source=lambda: memory.connect(memory.Settings(replica), lab.mapping.tables, NAME),
        open_ledger=lab.open_ledger,
    )
    return lab, replica, repair.Scope(spec, lab.mapping.tables, ())


@advice("repair_behind")
def test_a_repair_behind_its_checkpoint_posts_nothing_and_is_tried_again() -> None:
    """What the copy does not have yet is not deleted: a repair that believed it would cancel what is right. Once it has
    caught up it is compared."""
    lab, replica, scope = behind()
    before = lab.ask("SELECT key FROM syncd_posting"), lab.ledger.checkpoint()
    with pytest.raises(Transient) as raised:
        repair.repair(scope, lab.ledger, None, CLERK, lambda *_: None)
    assert raised.value.code == "repair_behind"
    assert (lab.ask("SELECT key FROM syncd_posting"), lab.ledger.checkpoint()) == before
    replica.log = lab.store.log
    again = repair.reason(scope.spec, lab.ledger)
    tally = repair.repair(scope, lab.ledger, again, CLERK, lambda *_: None)
    assert (tally.postings.total(), len(lab.vouchers)) == (0, 3)


def test_a_table_that_is_nearly_empty_all_at_once_is_asked_about() -> None:
    """Invariants 14 and 15: a copy that is not filled yet looks like an EAM in which everything was deleted."""
    lab = Lab(BILLS)
    for n in range(1, 31):
        lab.commit(lab.insert("bill", id=n, amount=Decimal(n), on_=date(2026, 2, 3)))
    lab.rest()
    empty = memory.Store()
    empty.log = lab.store.log[:2]
    spec = lab.spec()._replace(
        open_source=lambda: memory.connect(memory.Settings(empty), lab.mapping.tables, NAME),
        open_ledger=lab.open_ledger,
    )
    scope, gap = repair.Scope(spec, lab.mapping.tables, ()), Gap("memory_forgotten", position="", forgotten=0)
    with pytest.raises(Halt) as raised:
        repair.repair(scope, lab.ledger, gap, CLERK, lambda *_: None)
    assert (raised.value.code, raised.value.params["gone"], raised.value.params["held"]) == (
        "repair_many_gone",
        "28",
        "30",
    )
    assert len(lab.vouchers) == 30, "nothing was reversed"
    again = repair.reason(spec, lab.ledger)
    repair.repair(scope._replace(may_be_gone=True), lab.ledger, again, CLERK, lambda *_: None)
    assert len(lab.vouchers) == 58


def test_where_the_log_is_lost_the_copy_is_all_that_there_is() -> None:
    """A server that was restored from yesterday's backup is what the EAM is from now on."""
    lab, _, scope = behind()
    repair.repair(scope, lab.ledger, Gap("memory_forgotten", position="", forgotten=0), CLERK, lambda *_: None)
    assert [summary for *_, summary in lab.vouchers] == ["bill", "bill", "bill", "注销2026年2月3日记-3号凭证"]


RAISED = f"""{BILLS}
  raised:
    on: bill
    when: op = 'update'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "CASE WHEN change.repaired THEN 'at once' ELSE 'as it came' END"
      entries:
        - {{account: "'6602'", debit: after.amount - before.amount, dept: "CASE WHEN after.id = 2 THEN 'FZ' END"}}
        - {{account: "'1002'", credit: after.amount - before.amount}}
"""


def test_a_rule_can_tell_what_a_repair_has_found_whenever_it_is_posted() -> None:
    """Invariants 10 and 13: two raises of the first bill are one difference; that of the second is parked, and told
    alike when it is tried again. What the log brings is none."""
    lab = Lab(RAISED)
    bills = [{"id": n, "amount": Decimal(5), "on_": date(2026, 2, 3)} for n in (1, 2, 3)]
    lab.commit(*(lab.insert("bill", **bill) for bill in bills))
    lab.commit(lab.update("bill", bills[2], amount=Decimal(6)))
    lab.rest()
    lab.splits = False
    lab.commit(lab.update("bill", bills[0], amount=Decimal(6)))
    lab.commit(lab.update("bill", {**bills[0], "amount": Decimal(6)}, amount=Decimal(8)))
    lab.commit(lab.update("bill", bills[1], amount=Decimal(7)))
    scope = repair.Scope(lab.spec(), lab.mapping.tables, ())
    repair.repair(scope, lab.ledger, Gap("memory_forgotten", position="", forgotten=0), CLERK, lambda *_: None)
    assert [code for *_, code in lab.parked] == ["unknown_lookup"]
    lab.database.execute("INSERT INTO gl_dept VALUES ('FZ')")
    lab.feed = lab.open_feed()
    lab.retry()
    assert lab.parked == []
    assert [summary for *_, summary in lab.vouchers][3:] == ["as it came", "at once", "at once"]
    assert lab.balance("6602") == 6 + 8 + 7
