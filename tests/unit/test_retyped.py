"""Columns that the mapping declares anew once the books are open: what is kept is read by what it holds, and what
nobody can read parks its own row and no other. Invariants 5 and 7."""

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Final

import pytest

from connectors import memory
from syncd import kept
from syncd.change import Column, Kind, Malformed, Value
from syncd.mapping.expression.runtime import RUNTIME, upper
from tests.unit.lab import NAME, Feed, Lab, loaded

EVENING: Final = datetime(2026, 2, 3, 16, 30, tzinfo=UTC)
"""Half past midnight of the fourth, where the books are."""
VALUES: Final[dict[str, Value]] = {
    "integer": 5,
    "decimal": Decimal("5.125"),
    "money": Decimal("12.50"),
    "text": "x",
    "date": date(2026, 2, 4),
    "timestamp": EVENING,
    "boolean": True,
}
EVERYWHERE: Final = """
tables:
  dept: {table: dept, key: id, columns: {id: integer, x: KIND}}
  bill:
    table: bill
    key: [id, x]
    subject: "coalesce(x::text, '') || code"
    join: {dept: dept_id}
    columns: {id: integer, x: KIND, y: KIND, code: text, amount: money, dept_id: integer}
  run: {table: run, key: id, columns: {id: integer, code: text}}
rules:
  card:
    on: bill
    when: op = 'insert'
    require: [{check: after.y IS NOT NULL, says: {zh: 缺, en: missing}}]
    card: {asset_code: after.code, name: "left(dept.x::text, 8)", original_value: after.amount}
  collected:
    on: bill
    when: op = 'insert'
    once: [after.code, after.x]
    collect: {group: [after.y], post: {on: run, when: op = 'insert', group: [after.code]}}
    voucher: &v
      type: "'记'"
      date: DATE '2026-02-03'
      summary: "left('bill ' || after.x::text, 20)"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  asked:
    on: bill
    when: op = 'update' AND after.y::text IS DISTINCT FROM before.y::text
    approve: {when: after.amount > 100, role: finance}
    voucher: *v
  gone:
    on: bill
    when: op = 'delete'
    reverse: [asked]
"""
ON_A_CARD: Final = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, x: KIND, code: text, amount: money}}
rules:
  opened:
    on: bill
    when: op = 'insert'
    card: {asset_code: after.code, name: "upper('lathe')", original_value: after.amount, status: after.x}
  moved:
    on: bill
    when: op = 'update'
    change: {asset_code: after.code, name: "left(upper(card.status::text), 9)", original_value: after.amount}
"""


def declared_anew(lab: Lab, mapping: str) -> None:
    """The daemon starts again under another mapping."""
    lab.mapping = loaded(mapping)
    lab.ledger, lab.translator, lab.feed = lab.open_ledger(), lab.mapping.translator(NAME), lab.open_feed()
    lab.rest()


@pytest.mark.parametrize(("was", "now"), [*permutations(VALUES, 2)])
def test_a_column_of_any_use_is_declared_as_anything(was: str, now: str) -> None:
    """As a key, in a subject, joined, in a group, before an approval: the daemon comes to rest, and says of each row
    what it is that it cannot read."""
    lab = Lab(EVERYWHERE.replace("KIND", was))
    old = {"id": 1, "x": VALUES[was], "y": VALUES[was], "code": "C1", "amount": Decimal(5), "dept_id": 1}
    last = {**old, "id": 3, "code": "C3", "amount": Decimal(500)}
    lab.commit(lab.insert("dept", id=1, x=VALUES[was]))
    for row in (old, {**old, "id": 2, "code": "C2", "dept_id": 7}, last):
        lab.commit(lab.insert("bill", **row))
    lab.commit(lab.update("bill", last, y=None))
    lab.rest()
    declared_anew(lab, EVERYWHERE.replace("KIND", now))
    lab.retry()
    new = {**old, "x": VALUES[now], "y": VALUES[now]}
    lab.commit(memory.Write("bill", None, lab.row("bill", {**new, "id": 9, "code": "C9"})))
    lab.commit(lab.update("bill", new, amount=Decimal(6)))
    lab.commit(lab.insert("dept", id=7, x=VALUES[now]), lab.insert("run", id=1, code=str(VALUES[was])))
    lab.commit(lab.delete("bill", **{**new, "id": 3, "code": "C3"}))
    lab.rest()
    lab.retry()
    assert {str(code) for _, _, code in lab.parked} <= {"malformed", "reference_missing", "approval", "behind"}


def test_a_moment_becomes_the_day_that_it_was() -> None:
    """Of a parked row, and of the row that it joins: both are posted as they would have been."""
    lab = Lab(EVERYWHERE.replace("KIND", "timestamp"))
    row = {"id": 1, "x": EVENING, "y": EVENING, "code": "C1", "amount": Decimal(5), "dept_id": 7}
    lab.commit(lab.insert("bill", **row))
    lab.rest()
    assert lab.parked == [("2026-02-04 00:30:00C1", "failed", "reference_missing")]
    declared_anew(lab, EVERYWHERE.replace("KIND", "date"))
    lab.commit(lab.insert("dept", id=7, x=date(2026, 2, 4)))
    lab.rest()
    assert lab.parked == []
    assert [(code, name) for code, name, *_ in lab.cards] == [("C1", "2026-02-")]


@pytest.mark.parametrize(
    ("column", "stored", "value"),
    [
        (Column("c", Kind.DATE), "2026-02-03T16:30:00+00:00", date(2026, 2, 4)),
        (Column("c", Kind.DATE), "2026-02-03 23:30:00", date(2026, 2, 3)),
        (Column("c", Kind.DATE), "20260203", Malformed("20260203", "malformed_date")),
        (Column("c", Kind.DATE, "%Y%m%d"), "20260203", date(2026, 2, 3)),
        (Column("c", Kind.DATE, "%Y%m%d"), "2026213", Malformed("2026213", "malformed_date")),
        (Column("c", Kind.DATE, "epoch"), "1770134400", date(2026, 2, 4)),
        (Column("c", Kind.DATE, is_zero_null=True), "0000-00-00", None),
        (Column("c", Kind.DATE), "0000-00-00", Malformed("0000-00-00", "malformed_date")),
        (Column("c", Kind.TIMESTAMP), "2026-02-04", datetime(2026, 2, 3, 16, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP), "2026-02-04 00:30:00", EVENING),
        (Column("c", Kind.TIMESTAMP), "0001-01-01 00:00:00", Malformed("0001-01-01 00:00:00", "malformed_timestamp")),
        (Column("c", Kind.DECIMAL, "money"), "12.5", Decimal("12.5")),
        (Column("c", Kind.DECIMAL, "money"), "12.500", Decimal("12.500")),
        (Column("c", Kind.DECIMAL, "money"), "12.505", Malformed("12.505", "malformed_places")),
        (Column("c", Kind.DECIMAL, "money"), "1,200", Malformed("1,200", "malformed_number")),
        (Column("c", Kind.DECIMAL, places=2), "12.505", Decimal("12.51")),
        (Column("c", Kind.DECIMAL), 7, Decimal(7)),
        (Column("c", Kind.BOOLEAN), 1, True),
        (Column("c", Kind.BOOLEAN), "f", False),
        (Column("c", Kind.BOOLEAN), 2, Malformed("2", "malformed_boolean")),
        (Column("c", Kind.INTEGER), True, 1),
        (Column("c", Kind.TEXT), True, "true"),
    ],
)
def test_what_was_kept_is_read_by_what_it_holds(column: Column, stored: object, value: Value) -> None:
    read = kept.read(column, "Asia/Shanghai", stored)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(("was", "now"), [("text", "date"), ("date", "money"), ("money", "timestamp")])
def test_a_card_that_finance_keeps_otherwise_parks_who_reads_it(was: str, now: str) -> None:
    """And no other: the cards of a batch are read together. Once it is corrected in finance the row is posted."""
    lab = Lab(ON_A_CARD.replace("KIND", was))
    rows = [{"id": n, "x": x, "code": f"C{n}", "amount": Decimal(5)} for n, x in ((1, VALUES[was]), (2, None))]
    for row in rows:
        lab.commit(lab.insert("bill", **row))
    lab.rest()
    declared_anew(lab, ON_A_CARD.replace("KIND", now))
    for row in rows:
        lab.commit(lab.update("bill", {**row, "x": None}, amount=Decimal(6)))
    lab.rest()
    assert lab.parked == [("bill:1", "failed", "card_unreadable")]
    assert [value for _, _, value, *_ in lab.cards] == ["5", "6"]
    lab.database.execute("UPDATE fa_card SET status = NULL")
    lab.retry()
    assert [value for _, _, value, *_ in lab.cards] == ["6", "6"]


def test_an_error_that_nobody_foresaw_parks_its_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 5: it holds up no other row, the log has the trace, and once the cause is mended the row is posted."""
    is_off = [True]

    def wheel(text: str) -> str:
        if is_off[0] and text == "bad":
            raise RuntimeError("a wheel came off")
        return upper(text)

    with monkeypatch.context() as patched:
        patched.setitem(RUNTIME, "upper", wheel)
        lab = Lab("# with a wheel of its own\n" + ON_A_CARD.replace("KIND", "text"))
    for n, x in ((1, "bad"), (2, "good")):
        row = {"id": n, "x": x, "code": f"C{n}", "amount": Decimal(5)}
        lab.commit(lab.insert("bill", **row))
        lab.commit(lab.update("bill", row, amount=Decimal(6)))
    with caplog.at_level(logging.ERROR):
        lab.rest()
    assert lab.parked == [("bill:1", "failed", "unexpected")]
    assert [(name, value) for _, name, value, *_ in lab.cards] == [("LATHE", "5"), ("GOOD", "6")]
    assert any(record.exc_info for record in caplog.records if record.message == "unexpected")
    is_off[0] = False
    lab.retry()
    assert [name for _, name, *_ in lab.cards] == ["BAD", "GOOD"]


def test_a_column_that_is_declared_since_is_learnt_by_a_snapshot() -> None:
    """A DEFAULT on a column is in no log: rows that refer to one of before wait, until all are read once more. Nothing
    else comes of that."""
    wide, narrow = "dept, key: id, columns: {id: integer, x: text}", "dept, key: id, columns: {id: integer}"
    before = EVERYWHERE.replace("KIND", "text").replace(wide, narrow).replace("left(dept.x::text, 8)", "'lathe'")
    lab = Lab(before)
    row = {"id": 1, "x": "x", "y": "y", "code": "C1", "amount": Decimal(5), "dept_id": 1}
    lab.commit(lab.insert("dept", id=1))
    lab.commit(lab.insert("bill", **row))
    lab.rest()
    declared_anew(lab, EVERYWHERE.replace("KIND", "text"))
    lab.commit(lab.insert("bill", **{**row, "id": 2, "code": "C2"}))
    lab.rest()
    assert lab.parked == [("xC2", "failed", "not_carried")]
    lab.store = memory.Store()  # the EAM as it is read from now on, a column wider
    for write in (lab.insert("dept", id=1, x="SC"), lab.insert("bill", **row)):
        lab.commit(write)
    lab.commit(lab.insert("bill", **{**row, "id": 2, "code": "C2"}))
    source = lab.open_source()
    source.start(None)
    lab.feed, lab.translator = Feed(source, 1_000_000), lab.mapping.translator(NAME, again=True)
    lab.rest()
    lab.retry()
    assert lab.parked == []
    assert [(code, name) for code, name, *_ in lab.cards] == [("C1", "lathe"), ("C2", "SC")]
