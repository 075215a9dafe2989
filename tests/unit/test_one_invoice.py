"""`once: {…, unique: true}`: a fact is one row's, whatever table brings it. Who comes second is parked and told by whom
it is booked; taken back, it is free."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import pytest

from syncd.change import Value
from syncd.language import hint
from tests.advice import advice
from tests.unit.lab import FINANCE, SQL, Lab

TABLE: Final = """
  {0}: {{table: {0}, key: id, columns: {{id: integer, no: text, amount: money, on_: date}}}}
"""
RULES: Final = """
  {0}_left:
    on: {0}
    when: op = 'delete' OR (op = 'update' AND after.no IS DISTINCT FROM before.no)
    reverse: {0}_invoice
  {0}_invoice:
    on: {0}
    when: op <> 'delete' AND after.no IS NOT NULL AND after.no IS DISTINCT FROM before.no
    once: {{key: after.no, as: invoice, unique: true}}
    snapshot: post
  {0}_booked:
    on: {0}
    when: op = 'insert'
    once: after.id
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'{0} ' || after.id::text"
      entries: [{{account: "'6602'", debit: after.amount}}, {{account: "'1002'", credit: after.amount}}]
"""
MAPPING: Final = "".join(
    ["tables:", *(TABLE.format(name) for name in ("bill", "claim")), "rules:", *map(RULES.format, ("bill", "claim"))]
)


def row(number: int, no: str | None) -> Mapping[str, Value]:
    return {"id": number, "no": no, "amount": Decimal("100.00")}


@pytest.fixture(params=[True, False], ids=["each by itself", "in one batch"])
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(MAPPING.replace("date: after.on_", "date: change.committed_on"), request.param, FINANCE, SQL)


def test_the_second_document_of_an_invoice_is_parked(lab: Lab) -> None:
    """Of another table or the same one; one without a number is nobody's second."""
    for write in (("bill", 1, "A"), ("claim", 1, "A"), ("bill", 2, "A"), ("bill", 3, None), ("claim", 3, None)):
        lab.commit(lab.insert(write[0], **row(*write[1:])))
    lab.rest()
    assert [(subject, code) for subject, _, code in lab.parked] == [
        ("claim:1", "claimed_already"),
        ("bill:2", "claimed_already"),
    ]
    assert lab.balance("6602") == Decimal("300.00")
    (said, *_) = lab.ask("SELECT params FROM syncd_parked WHERE subject = 'claim:1'")
    assert '"other":"bill:1"' in str(said[0]).replace(": ", ":")


def test_a_log_that_is_read_again_says_nothing_new(lab: Lab) -> None:
    """Invariant 2: the same row is no second one."""
    lab.commit(lab.insert("bill", **row(1, "A")))
    lab.rest()
    lab.database.execute("UPDATE syncd_pipeline SET position = NULL")
    again = lab.open_ledger()
    lab.ledger, lab.feed = again, lab.open_feed()
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], Decimal("100.00"))


@advice("claimed_already")
@pytest.mark.parametrize("wrong", ["second", "first", "first deleted"])
def test_whichever_is_wrong_is_corrected_and_both_are_right(lab: Lab, wrong: str) -> None:
    """The second by itself, once it is corrected; where the first is wrong the second is tried again by command."""
    assert "parked retry" in hint("claimed_already", {"other": "bill:1", "id": "2"}, "en")
    lab.commit(lab.insert("bill", **row(1, "A")))
    lab.commit(lab.insert("claim", **row(1, "A")))
    lab.rest()
    if wrong == "second":
        lab.commit(lab.update("claim", row(1, "A"), no="B"))
    elif wrong == "first":
        lab.commit(lab.update("bill", row(1, "A"), no="B"))
    else:
        lab.commit(lab.delete("bill", **row(1, "A")))
    lab.rest()
    assert bool(lab.parked) == (wrong != "second")
    lab.retry("claim:1")
    assert lab.parked == []
    live = "SELECT key FROM syncd_posting p WHERE rule LIKE '%_invoice' AND reverses = '' AND NOT EXISTS"
    live += " (SELECT 1 FROM syncd_posting r WHERE r.reverses = p.key) ORDER BY key"
    keys = {str(key).partition("~")[0] for (key,) in lab.ask(live)}
    assert keys == ({"invoice/A"} if wrong == "first deleted" else {"invoice/A", "invoice/B"})
