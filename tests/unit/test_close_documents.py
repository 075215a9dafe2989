"""What a close finds among documents: construction that is ready and not carried, input VAT that is not tied. Each by
its document, until it is mended."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from connectors import reading
from syncd.books.close import closing
from syncd.books.close.item import Item
from syncd.desk.audit import verify
from tests.finance_cases.books import FINANCE, SQL
from tests.unit.lab import NAME, NOW, Lab

MAPPING: Final = """
constants: {small: false}
tables:
  asset:
    table: asset
    key: id
    columns: {id: integer, code: text, status: text, ready_on: date}
  bill:
    table: bill
    key: id
    columns: {id: integer, asset_id: integer, net: money, vat: money, ticked: boolean, on_: date}
rules:
  billed:
    on: bill
    when: op = 'insert'
    once: after.id
    let: {account: CASE WHEN after.ticked THEN '22210101' ELSE '222109' END}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'发票 ' || after.id::text"
      entries:
        - {account: "'6602'", debit: after.net}
        - {account: account, debit: after.vat}
        - {account: "'1002'", credit: after.net + after.vat}
  ticked:
    on: bill
    when: op = 'update' AND after.ticked AND NOT before.ticked
    voucher:
      type: "'记'"
      date: change.committed_on
      summary: "'勾选 ' || after.id::text"
      entries: [{account: "'22210101'", debit: before.vat}, {account: "'222109'", credit: before.vat}]
  carried:
    on: asset
    when: op = 'update' AND after.status = 'in_use'
    voucher:
      type: "'记'"
      date: change.committed_on
      summary: "'转固 ' || after.code"
      entries: [{account: "'1601'", debit: "900.00"}, {account: "'1604'", credit: "900.00"}]
close:
  accounts: {input_vat: "222109", input_vat_deducted: "22210101", construction: "1604"}
  ready:
    asset: {asset: code, since: ready_on, where: status = 'building' AND ready_on <= last}
  input_vat:
    bill: {account: "CASE WHEN ticked THEN '22210101' ELSE '222109' END", amount: vat, where: true}
"""
BILL: Final = {
    "id": 1, "asset_id": 1, "net": Decimal("100.00"), "vat": Decimal("13.00"), "ticked": True, "on_": date(2026, 2, 3),
}  # fmt: skip
READY: Final = {"id": 7, "code": "FA-7", "status": "building", "ready_on": date(2026, 2, 10)}


def lab() -> Lab:
    accounts = "INSERT INTO gl_account VALUES ('22210101'), ('222109');\n"
    return Lab(MAPPING, splits=True, finance=FINANCE, sql=SQL + accounts)


def items(lab: Lab, month: str) -> dict[str, Item]:
    periods = reading.periods_less_closed(lab.ledger, lab.mapping.layout)
    (period,) = (one for one in periods if one.code == month)
    chain = closing.Elsewhere(None, lambda: verify.verify(lab.ledger, NAME, lab.mapping.layout))
    found = closing.look(lab.ledger, lab.mapping, periods, period, NOW, chain, [NAME])
    return {item.said.code: item for item in found}


def untied(lab: Lab, month: str = "2026-02") -> Sequence[Sequence[object]]:
    return items(lab, month)["close_vat_untied"].rows


def test_what_is_ready_and_not_carried_is_named_by_document_and_asset() -> None:
    """From the month in which it was ready, with its age; a later one is nobody's yet. Carried, it is gone."""
    books = lab()
    books.commit(books.insert("asset", **READY), books.insert("asset", **{**READY, "id": 8, "ready_on": None}))
    assert items(books, "2026-01")["close_ready_construction"].state == "holds"
    item = items(books, "2026-02")["close_ready_construction"]
    assert (item.state, list(item.rows)) == ("fails", [("asset:7", "FA-7", date(2026, 2, 10), 18)])
    books.commit(books.update("asset", READY, status="in_use"))
    assert items(books, "2026-02")["close_ready_construction"].state == "holds"


def test_what_was_ready_in_a_month_and_carried_in_the_next_was_not_carried_at_its_end() -> None:
    """Whatever the EAM says of it today: a month that is closed late lists what one closed in time does. What was
    carried in its own month is none of it."""
    books = lab()
    early = {**READY, "ready_on": date(2026, 1, 28)}
    books.commit(books.insert("asset", **early), books.insert("asset", **{**READY, "id": 8}))
    books.commit(
        books.update("asset", early, status="in_use"), books.update("asset", {**READY, "id": 8}, status="in_use")
    )
    item = items(books, "2026-01")["close_ready_construction"]
    assert (item.state, list(item.rows)) == ("fails", [("asset:7", "FA-7", date(2026, 1, 28), 3)])
    assert items(books, "2026-02")["close_ready_construction"].state == "holds"


def test_input_vat_is_tied_to_its_documents() -> None:
    """Ticked at once or later; of two months each is looked at in its own."""
    books = lab()
    books.commit(books.insert("bill", **BILL), books.insert("bill", **{**BILL, "id": 2, "ticked": False}))
    assert untied(books) == []
    assert [row[:3] for row in items(books, "2026-02")["close_input_vat"].rows] == [("bill:2", "222109", 13)]
    books.commit(books.update("bill", {**BILL, "id": 2, "ticked": False}, ticked=True))
    assert untied(books) == []
    assert items(books, "2026-02")["close_input_vat"].state == "holds"


@pytest.mark.parametrize("account", ["22210101", "222109"])
def test_input_vat_by_hand_has_no_document(account: str) -> None:
    books = lab()
    run = books.database.execute
    run("INSERT INTO gl_voucher VALUES ('2026-02', '记', 9, '2026-02-05', '2026-02-05', '手工', NULL)")
    for line, code, debit, credit in ((1, account, "6.50", "0"), (2, "1002", "0", "6.50")):
        run("INSERT INTO gl_entry (period, type, number, line, account, debit, credit) VALUES"
            " ('2026-02', '记', 9, ?, ?, ?, ?)", (line, code, debit, credit))  # fmt: skip
    assert [*map(tuple, untied(books))] == [("2026-02 记-9", "", account, Decimal("6.50"), None)]


def test_a_document_that_says_another_amount_by_now_is_named_with_both() -> None:
    """An edit for which no rule had anything to say; and one that was deleted."""
    books = lab()
    books.commit(books.insert("bill", **BILL))
    books.commit(books.update("bill", BILL, vat=Decimal("9.00")))
    assert untied(books) == [("2026-02 记-1", "bill:1", "22210101", Decimal("13.00"), Decimal("9.00"))]
    books.commit(books.delete("bill", **{**BILL, "vat": Decimal("9.00")}))
    assert untied(books) == [("2026-02 记-1", "bill:1", "22210101", Decimal("13.00"), Decimal(0))]


def test_a_document_that_says_tax_of_which_nothing_was_booked_is_named() -> None:
    """Tax came in by an edit for which no rule had anything to say: from its document's month on."""
    books = lab()
    books.commit(books.insert("bill", **{**BILL, "vat": Decimal(0)}))
    assert untied(books) == []
    books.commit(books.update("bill", {**BILL, "vat": Decimal(0)}, vat=Decimal("9.00")))
    assert untied(books, "2026-01") == []
    for month in ("2026-02", "2026-03"):
        assert untied(books, month) == [("2026-02 记-1", "bill:1", "22210101", Decimal(0), Decimal("9.00"))]


def test_an_earlier_month_s_document_that_changes_without_a_voucher_is_named_at_the_next_close() -> None:
    books = lab()
    books.commit(books.insert("bill", **BILL))
    books.commit(books.update("bill", BILL, vat=Decimal("9.00")))
    assert untied(books, "2026-01") == []
    assert untied(books, "2026-03") == [("2026-02 记-1", "bill:1", "22210101", Decimal("13.00"), Decimal("9.00"))]


def test_an_opening_document_that_is_ticked_now_is_tied() -> None:
    """What it gives up of the account where it waited was booked before syncd was there."""
    books = lab()
    opening = {**BILL, "id": 5, "ticked": False}
    books.commit(books.update("bill", opening, ticked=True))
    assert books.ask("SELECT count(*) FROM gl_voucher")[0][0] == 1
    month = str(books.ask("SELECT max(period) FROM gl_voucher")[0][0])
    assert untied(books, month) == []
