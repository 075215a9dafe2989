"""What a voucher's header says besides: attachments, who prepared it, and what a layout declares (invariant 8)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.desk.audit.verify import verify
from syncd.record import decode_voucher
from tests.unit.lab import BILLS, NAME, SQL, Lab

ROW: dict[str, Any] = {"id": 7, "amount": Decimal("9.00"), "on_": date(2026, 2, 3)}
FIELDS = """      fields: {attachments: after.id - 5, prepared_by: "'李会计'", batch_no: after.id}
"""
HEADED = (
    BILLS.replace("      entries:", f"{FIELDS}      entries:")
    + """
  taken_back:
    on: bill
    when: op = 'delete'
    reverse: {rules: billed, fields: {attachments: 1, batch_no: before.id + 1}}
"""
)
SAID = "SELECT number, attachments, prepared_by, batch_no FROM gl_voucher ORDER BY number"


@pytest.fixture
def lab() -> Lab:
    lab = Lab(HEADED)
    lab.commit(lab.insert("bill", **ROW))
    lab.commit(lab.delete("bill", **ROW))
    lab.rest()
    assert lab.parked == []
    return lab


def test_a_voucher_says_its_fields_and_what_cancels_it_its_own(lab: Lab) -> None:
    assert lab.ask(SAID) == [(1, 2, "李会计", 7), (2, 1, None, 8)]


def test_a_rule_without_fields_leaves_them_null() -> None:
    lab = Lab(BILLS)
    lab.commit(lab.insert("bill", **ROW))
    lab.rest()
    assert lab.ask(SAID) == [(1, None, None, None)]
    assert "fields" not in str(lab.ask("SELECT content FROM syncd_posting"))


def test_what_no_rule_says_fits_a_column_of_any_kind() -> None:
    """A mapping that makes no use of a field, or of an auxiliary, goes live on a finance whose column is a number."""
    lab = Lab(BILLS, sql=SQL.replace("credit TEXT NOT NULL, dept TEXT", "credit TEXT NOT NULL, dept INTEGER"))
    assert not [finding for finding in lab.ledger.check() if finding.level == "error"]


def test_the_record_keeps_them(lab: Lab) -> None:
    said = [decode_voucher(str(content)) for (content,) in lab.ask("SELECT content FROM syncd_posting ORDER BY seq")]
    assert [v.fields for v in said if v] == [
        {"attachments": 2, "prepared_by": "李会计", "batch_no": 7},
        {"attachments": 1, "batch_no": 8},
    ]


@pytest.mark.parametrize("edit", ["attachments = 3", "prepared_by = '王会计'", "batch_no = NULL"])
def test_an_edit_of_one_is_found(lab: Lab, edit: str) -> None:
    def flaws() -> list[str]:
        return [flaw.code for flaw in verify(lab.ledger, NAME, lab.mapping.layout).flaws]

    assert flaws() == []
    lab.database.execute(f"UPDATE gl_voucher SET {edit} WHERE number = 1")
    assert flaws() == ["audit_voucher"]
