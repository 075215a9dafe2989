"""Invariant 1: another document, or another row, that claims what is posted, or kept for its group, waits until that is
taken back. `edited` looks at each of them from then on, so neither may be passed by."""

from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from connectors import memory
from syncd.change import Value
from syncd.errors import MappingErrors
from tests.advice import advice
from tests.unit.lab import Lab, loaded
from tests.unit.test_documents import edited, head, item, posted
from tests.unit.test_log_decides import both

DUES: Final = """
tables:
  due: {table: due, key: id, columns: {id: integer, code: text, amount: money, on_: date}}
  run: {table: run, key: id, columns: {id: integer, status: text}}
rules:
  due:
    on: due
    when: after.amount > 0
    once: after.code
    edited: refuse
    collect: {group: "'all'", post: {on: run, when: after.status = 'ok', group: "'all'"}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'due'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
"""


def due(id: int, code: str, amount: str) -> dict[str, Value]:
    return {"id": id, "code": code, "amount": Decimal(amount), "on_": date(2026, 2, 2)}


def first_gone(lab: Lab) -> list[memory.Write]:
    return [
        lab.delete("claim_item", **item(1, "100.00")),
        lab.delete("claim_item", **item(2, "60.00")),
        lab.delete("claim_head", **head("approved")),
    ]


def second(lab: Lab) -> list[memory.Write]:
    """Another claim of the number."""
    line = {**item(11, "180.00"), "claim_id": 9}
    return [lab.insert("claim_head", **{**head("approved"), "id": 9}), lab.insert("claim_item", **line)]


@advice("claimed_already")
@pytest.mark.parametrize("how", ["reverse", "difference"])
@pytest.mark.parametrize("subject", ["", "subject: no, "])
@both
def test_a_second_document_of_a_number_is_posted_when_the_first_is_taken_back(
    splits: bool, subject: str, how: str
) -> None:
    """In one transaction or in two, whichever comes first, with a subject of their own or one for both; an edit of it
    is an edit."""
    mapping = edited(how).replace("table: claim\n    key: id", f"table: claim\n    {subject.rstrip(', ')}\n    key: id")
    for order in (0, 1):
        for is_one in (True, False):
            lab = Lab(mapping, splits)
            posted(lab)
            steps = [first_gone(lab), second(lab)]
            for step in [[*steps[order], *steps[1 - order]]] if is_one else (steps[order], steps[1 - order]):
                lab.commit(*step)
            lab.rest()
            assert (lab.balance("6602"), lab.parked) == (180, [])
            lab.commit(lab.update("claim_item", {**item(11, "180.00"), "claim_id": 9}, amount=Decimal("181.00")))
            lab.rest()
            assert (lab.balance("6602"), lab.parked) == (181, [])


@pytest.mark.parametrize("how", ["refuse", "reverse", "difference"])
@both
def test_a_second_document_of_a_number_is_parked_while_the_first_stands(splits: bool, how: str) -> None:
    """Also where that is edited: what cancels it and makes it anew does not give the number away. Renumbered it is
    posted."""
    lab = Lab(edited(how), splits)
    posted(lab)
    lab.commit(*second(lab))
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("70.00")))
    lab.rest()
    own = 160 if how == "refuse" else 170
    assert lab.balance("6602") == own
    assert ("claim:9", "failed", "claimed_already") in lab.parked
    lab.commit(lab.update("claim_head", {**head("approved"), "id": 9}, no="EC-9"))
    lab.rest()
    assert lab.balance("6602") == own + 180
    assert "claimed_already" not in [code for *_, code in lab.parked]


@both
def test_a_second_collected_row_of_a_key_is_kept_when_the_first_is_taken_back(splits: bool) -> None:
    """Deleted or called otherwise, before or after the second comes, in one transaction or in two; while it is kept
    the second is parked, and edited there."""
    gone = {"deleted": Decimal("31.00"), "renumbered": Decimal("41.00"), "stays": Decimal("10.00")}
    for what, balance in gone.items():
        for is_one in (True, False):
            lab = Lab(DUES, splits)
            lab.commit(lab.insert("due", **due(1, "A", "10.00")))
            first = {
                "deleted": [lab.delete("due", **due(1, "A", "10.00"))],
                "renumbered": [lab.update("due", due(1, "A", "10.00"), code="Z")],
                "stays": [],
            }[what]
            new, edit = (
                lab.insert("due", **due(9, "A", "30.00")),
                lab.update("due", due(9, "A", "30.00"), amount=Decimal(31)),
            )
            for step in [[new, *first], [edit]] if is_one else [[new], [edit], first]:
                lab.commit(*step)
            lab.rest()
            lab.commit(lab.insert("run", id=1, status="ok"))
            lab.rest()
            assert lab.balance("6602") == balance
            assert [code for *_, code in lab.parked] == (["claimed_already", "behind"] if what == "stays" else [])


@both
def test_a_fact_of_one_row_that_is_collected_is_nobody_elses(splits: bool) -> None:
    """Invariant 13: whether the row is kept since another batch, and whether its group is posted by now."""
    said = "once: {key: after.code, as: dues, unique: true}"
    lab = Lab(DUES.replace("once: after.code", said).replace("    edited: refuse\n", ""), splits)
    lab.commit(lab.insert("due", **due(1, "A", "10.00")))
    lab.commit(lab.insert("due", **due(9, "A", "30.00")))
    lab.commit(lab.insert("run", id=1, status="ok"))
    lab.commit(lab.insert("due", **due(10, "A", "40.00")))
    lab.rest()
    assert lab.balance("6602") == 10
    assert lab.parked == [("due:9", "failed", "claimed_already"), ("due:10", "failed", "claimed_already")]


LINES: Final = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, no: text, line: integer, amount: money, on_: date, status: text}}
rules:
  left: {on: bill, when: op = 'delete', reverse: [whole_or_line, any_line, booked]}
  booked:
    on: bill
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  whole_or_line:
    on: bill
    when: op = 'insert'
    once:
      key: after.no || coalesce('/' || after.line::text, '')
      as: bill
      unique: true
      unless: [after.no, "CASE WHEN after.line IS NULL THEN after.no || '/*' END"]
  any_line:
    on: bill
    when: op = 'insert' AND after.line IS NOT NULL
    once: {key: "after.no || '/*'", as: bill, shared: true}
"""


def bill(id: int, line: int | None, amount: str) -> dict[str, Value]:
    return {"id": id, "no": "A", "line": line, "amount": Decimal(amount), "on_": date(2026, 2, 2)}


@both
def test_what_several_rows_share_stands_as_long_as_one_of_them_does(splits: bool) -> None:
    """Lines 2 and 3 of a bill are booked, in any order taken back: the whole is parked until both are gone, and a line
    once the whole is booked."""
    for order in (0, 1):
        lab = Lab(LINES, splits)
        lines = [bill(1, 2, "10.00"), bill(2, 3, "20.00")]
        for row in lines:
            lab.commit(lab.insert("bill", **row))
        for n, gone in enumerate((lines[order], lines[1 - order])):
            lab.commit(lab.insert("bill", **bill(9 + n, None, "30.00")))
            lab.rest()
            assert lab.parked[-1] == (f"bill:{9 + n}", "failed", "claimed_already")
            lab.commit(lab.delete("bill", **gone))
        lab.commit(lab.insert("bill", **bill(20, None, "30.00")))
        lab.commit(lab.insert("bill", **bill(21, 4, "5.00")))
        lab.rest()
        assert (lab.balance("6602"), len(lab.parked)) == (30, 3)


@both
def test_a_row_whose_own_line_is_booked_is_barred_by_that_of_another(splits: bool) -> None:
    """Line 2 becomes the whole, which nothing takes back: line 3 of another row stands, whichever came first."""
    mapping = LINES.replace("when: op = 'insert'\n    once:", "when: op <> 'delete'\n    once:")
    for order in (0, 1):
        lab = Lab(mapping, splits)
        rows = [bill(1, 2, "10.00"), bill(2, 3, "20.00")]
        lab.commit(lab.insert("bill", **rows[order]))
        lab.commit(lab.insert("bill", **rows[1 - order]))
        lab.commit(lab.update("bill", rows[0], line=None))
        lab.rest()
        assert lab.parked == [("bill:1", "failed", "claimed_already")]


@advice("once_shared")
@pytest.mark.parametrize("how", ["unique", "edited"])
def test_what_is_shared_is_neither_one_rows_nor_edited(how: str) -> None:
    """Invariant 1: the edit of a row was taken for a repeat. Where a rule of its own makes the voucher it is not."""
    said = LINES[LINES.index("    voucher:") : LINES.index("  whole_or_line:")]
    shared = "    once: {key: \"after.no || '/*'\", as: bill, shared: true}\n"
    wrong = {"unique": shared.replace("true}", "true, unique: true}"), "edited": f"{shared}    edited: reverse\n{said}"}
    by_line = LINES.replace("op = 'insert' AND after.line IS NOT NULL", "after.line IS NOT NULL")
    with pytest.raises(MappingErrors) as caught:
        loaded(by_line.replace(shared, wrong[how]))
    assert [e.code for e in caught.value.errors] == ["once_shared"]
    own = f"    when: after.amount > 0\n    once: after.id\n    edited: reverse\n{said}"
    lab = Lab(LINES.replace(f"    when: op = 'insert'\n{said}", own).replace(", booked]", "]"))
    rows = [bill(1, 2, "10.00"), bill(2, 3, "20.00")]
    lab.commit(*(lab.insert("bill", **row) for row in rows))
    lab.commit(*(lab.update("bill", row, amount=Decimal(25)) for row in rows))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], 50)
