"""Invariant 15 for vouchers by hand that are cancelled: what `mapping check` says of their table and rule, and of a row
that nobody can read."""

from pathlib import Path
from typing import Final

from syncd.language import say
from tests.advice import advice, heard
from tests.advice.mappings import edit, laid, mapping, silent, told
from tests.advice.test_mapping_cases import outcome, steps

TABLE: Final = """\
  by_hand: {table: by_hand, key: voucher, columns: {voucher: text, content: text}}
references:
"""
RULE: Final = """\
rules:
  by_hand_cancelled:
    on: by_hand
    when: op = 'insert'
    once: after.voucher
    reverse: {voucher: after.content}
"""
RECONCILE: Final = """\
reconcile:
  on: asset
  asset_code: asset_code
  original_value: original_value
  by_hand: {table: by_hand, columns: {voucher: voucher, content: content}}
"""
DECLARED: Final = [mapping("references:\n", TABLE), mapping("rules:\n", RULE), mapping("", RECONCILE)]
CONTENT: Final = (
    '{"voucher": {"type": "记", "period": "2026-02", "date": "2026-02-05", "summary": "手工", "entries":'
    ' [["1601", "9.00", "0", null, {}], ["1002", "0", "9.00", null, {}]]}, "finance": ["", 7]}'
)


@advice("reconcile_by_hand_key")
def test_a_table_of_vouchers_by_hand_has_one_row_a_voucher(tmp_path: Path) -> None:
    path = laid(tmp_path, [*DECLARED, mapping("key: voucher,", "key: content,")])
    heard("reconcile_by_hand_key", told("mapping", "check", path)[1])
    edit(tmp_path, [mapping("key: content,", "key: voucher,")])
    assert silent(told("mapping", "check", path))


@advice("reverse_what")
def test_a_rule_cancels_rules_or_a_voucher_by_hand(tmp_path: Path) -> None:
    path = laid(tmp_path, [*DECLARED, mapping("{voucher: after.content}", "{rules: upgrade, voucher: after.content}")])
    heard("reverse_what", told("mapping", "check", path)[1])
    edit(tmp_path, [mapping("{rules: upgrade, voucher: after.content}", "{voucher: after.content}")])
    assert silent(told("mapping", "check", path))


@advice("by_hand_unread")
def test_a_row_of_a_voucher_by_hand_that_is_none_is_discarded_and_accepted_anew(tmp_path: Path) -> None:
    """It is parked, nothing is cancelled; the row that reconcile makes of it afterwards is posted in red."""
    insert = "{insert: by_hand, row: {voucher: 2026-02 记-7, content: '%s'}, at: 2026-02-09}"
    shown = outcome(tmp_path / "a", DECLARED, steps(insert % "{}"))
    assert say("by_hand_unread", {}, "zh") in shown
    assert "voucher: 2026-02 记-1" not in shown
    shown = outcome(tmp_path / "b", DECLARED, steps(insert % CONTENT))
    assert "parked" not in shown
    assert [shown.count(f"{side}: -9.00") for side in ("debit", "credit")] == [1, 1]
    assert "注销2026年2月5日记-7号凭证" in shown
