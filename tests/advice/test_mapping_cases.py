"""Golden cases that are wrong are right as the hint has it, and what `syncd mapping check` says of rules is seen in a
case: what it hints at ends with the vouchers that were meant."""

from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

import pytest

from tests.advice import advice, advised, heard
from tests.advice.mappings import Edit, edit, laid, mapping, silent, told
from tests.advice.test_mapping_rules import RULES, SECOND

CASE = "example.cases/case.yaml"
DEPT = "given: {dept: [{id: 1, code: SC, kind: production}]}\n"
COLUMNS = "id: 1, asset_code: FA-1, name: 机床, department_id: 1, status: in_use, approved_on: 2026-02-05"
ASSET = f"{{insert: asset, row: {{{COLUMNS}, original_value: 6000000.00}}}}"
SMALL = f"{{insert: asset, row: {{{COLUMNS}, original_value: 100.00}}}}"
COLLECTED = "{insert: deprec, row: {asset_id: 1, period: 2026-02, amount: %s, charged_on: 2026-02-28}}"
UPGRADE = "{insert: upgrade, row: {id: 1, asset_id: 1, amount: -50.00, approved_on: 2026-02-10}}"
RELEASED = "{insert: run, row: {period: 2026-02, status: approved}}"

FIRST = "        - {account: \"'1601'\", debit: after.amount, dept: card.dept, asset: asset.asset_code}\n"
ENTRY = '        - {account: "\'%s\'", %s: "greatest(%safter.amount, 0)"}\n'
KEPT = "    on: deprec\n    when: op IN ('insert', 'read')"
POSITIVE = f"{KEPT} AND after.amount > 0"
TAKEN_BACK = """\
  taken_back:
    on: deprec
    when: op = 'insert' AND after.amount < 0
    voucher:
      type: "'记'"
      date: after.charged_on
      summary: "'冲回折旧'"
      entries: [{account: "'1602'", debit: -after.amount}, {account: "'5101'", credit: -after.amount}]
"""


def steps(*listed: str) -> str:
    return f"changes: [{', '.join(listed)}]\n"


CASES = [
    advised("case_no_verb", steps("{row: {id: 1}}"), steps("{insert: asset, row: {id: 1}}")),
    advised(
        "case_no_row",
        steps("{update: asset, row: {id: 1, name: 车床}}"),
        steps("{insert: asset, row: {id: 1}}", "{update: asset, row: {id: 1, name: 车床}}"),
    ),
    advised(
        "case_no_row",
        steps("{delete: asset, row: {id: 1}}"),
        "given: {asset: [{id: 1}]}\n" + steps("{delete: asset, row: {id: 1}}"),
        name="case_no_row: given",
    ),
    advised("case_no_period", "closed: [2026-13]\n" + steps(SMALL), "closed: [2026-12]\n" + steps(SMALL)),
    advised(
        "case_no_period",
        "closed: [2026-Q1]\n" + steps(SMALL),
        "closed: [2026-Q1]\nperiods: [{code: 2026-Q1, first: 2026-01-01, last: 2026-03-31}]\n" + steps(SMALL),
        name="case_no_period: told",
    ),
    advised("case_no_rule", steps("{collect: registration}"), steps("{collect: depreciation}")),
    advised("case_nothing_parked", DEPT + steps(ASSET, "{approve: FA-2}"), DEPT + steps(ASSET, "{approve: FA-1}")),
    advised(
        "case_value",
        steps("{insert: asset, row: {id: 1}, at: DATE '2026-02-05'}"),
        steps("{insert: asset, row: {id: 1}, at: 2026-02-05}"),
    ),
    advised(
        "case_value",
        steps("{insert: asset, row: {id: 1}, at: 8 o'clock}"),
        steps("{insert: asset, row: {id: 1}, at: 2026-02-05 08:00}"),
        name="case_value: a moment",
    ),
    advised(
        "case_value",
        "cards: {FA-1: {original_value: 10万}}\n" + steps(SMALL),
        "cards: {FA-1: {original_value: 1200.00}}\n" + steps(SMALL),
        name="case_value: an amount",
    ),
    advised("unknown_table", steps(SMALL.replace("insert: asset", "insert: aset")), steps(SMALL)),
    advised("unknown_column", steps(SMALL.replace("name:", "nmae:")), steps(SMALL)),
    advised(
        "unknown_field", "cards: {FA-1: {nmae: 机床}}\n" + steps(SMALL), "cards: {FA-1: {name: 机床}}\n" + steps(SMALL)
    ),
    advised(
        "unknown_lookup_name",
        "lookups: {acount: {'1601': 7}}\n" + steps(SMALL),
        "lookups: {account: {'1601': 7}}\n" + steps(SMALL),
    ),
    advised("unknown_key", steps("{inser: asset}"), steps("{insert: asset, row: {id: 1}}")),
    advised("missing_key", DEPT, DEPT + steps(SMALL)),
]


@pytest.mark.parametrize(("code", "broken", "mended"), CASES)
def test_a_case_that_is_wrong_runs_as_the_hint_has_it(tmp_path: Path, code: str, broken: str, mended: str) -> None:
    path = alone(tmp_path, broken)
    ended, output = told("mapping", "test", path)
    heard(code, output)
    assert ended == 1
    edit(tmp_path, [(CASE, broken, mended)])
    assert silent(told("mapping", "test", path, "--write"))


def test_what_is_parked_in_a_case_is_called_so_in_its_outcome(tmp_path: Path) -> None:
    """The subjects that a hint points at."""
    assert "- {subject: FA-1, state: approval," in outcome(tmp_path, [], DEPT + steps(ASSET))


@advice("case_halted")
def test_a_case_that_cannot_be_carried_is_carried_once_what_it_says_is_right(tmp_path: Path) -> None:
    """No ledger holds two columns of one name, however they are written."""
    path = alone(tmp_path, DEPT + steps(SMALL), [mapping("counted: false", "counted: false, Counted: true")])
    said = heard("case_halted", told("mapping", "test", path)[1])
    assert "duplicate column name: Counted" in said["problem"]
    edit(tmp_path, [mapping(", Counted: true", "")])
    assert silent(told("mapping", "test", path, "--write"))


@advice("voucher_may_not_balance")
def test_a_case_shows_that_a_voucher_balances_and_what_does_not_is_parked(tmp_path: Path) -> None:
    """Invariant 3."""
    rounded = mapping(SECOND, SECOND.replace("after.amount", '"round(after.amount, 1)"'))
    path = laid(tmp_path, [rounded])
    heard("voucher_may_not_balance", told("mapping", "check", path)[1])
    upgrades = (UPGRADE.replace("id: 1,", f"id: {n},", 1).replace("-50.00", f"50.1{n}") for n in (0, 2))
    shown = outcome(tmp_path, [], DEPT + steps(SMALL, *upgrades))
    assert shown.count("rule: upgrade,") == 1, "the other one is parked"
    assert shown.count("{account: '1002', credit: 50.1") == 1
    assert "借方 50.12，贷方 50.1" in shown


@advice("entry_sides")
def test_of_two_entries_the_one_of_zero_is_left_out(tmp_path: Path) -> None:
    both = FIRST.replace("debit: after.amount", "debit: after.amount, credit: -after.amount") + SECOND
    path = laid(tmp_path, [mapping(FIRST + SECOND, both)])
    heard("entry_sides", told("mapping", "check", path)[1])
    sides = (("1601", "debit", ""), ("1601", "credit", "-"), ("1002", "credit", ""), ("1002", "debit", "-"))
    edit(tmp_path, [mapping(both, "".join(ENTRY % side for side in sides))])
    assert silent(told("mapping", "check", path))
    shown = outcome(tmp_path, [], DEPT + steps(SMALL, UPGRADE)).partition("rule: upgrade")[2]
    assert shown.count("50.00}") == shown.count("{account:") == 2


@advice("reverses_collected")
def test_what_was_collected_is_taken_back_by_a_row_of_its_own(tmp_path: Path) -> None:
    """Invariant 4: it waits for the group of the card, for it comes after."""
    path = laid(tmp_path, [mapping("reverse: registration", "reverse: [registration, depreciation]")])
    heard("reverses_collected", told("mapping", "check", path)[1])
    edit(tmp_path, [mapping("[registration, depreciation]", "registration"), mapping(RULES, RULES + TAKEN_BACK),
                    mapping(KEPT, POSITIVE)])  # fmt: skip
    assert silent(told("mapping", "check", path))
    back = (COLLECTED % "-7.00").replace("2026-02,", "2026-02b,")
    shown = outcome(tmp_path, [], DEPT + steps(SMALL, COLLECTED % "7.00", RELEASED, back))
    assert "parked" not in shown
    assert [shown.count(f"{{account: '{account}', {side}: 7.00") for account, side in (
        ("5101", "debit"), ("1602", "credit"), ("1602", "debit"), ("5101", "credit"))] == [1, 1, 1, 1]  # fmt: skip


@advice("no_rule_for_insert")
def test_rows_that_no_rule_looks_at_are_ignored(tmp_path: Path) -> None:
    """Where that is meant."""
    path = laid(tmp_path, [mapping("when: op IN ('insert', 'read')\n    once: after.id", "when: op = 'update'")])
    heard("no_rule_for_insert", told("mapping", "check", path)[1])
    shown = outcome(tmp_path, [], DEPT + steps(SMALL, UPGRADE.replace("-", "", 1)))
    assert ("parked" in shown, shown.count("- voucher:")) == (False, 1)


def test_what_cannot_be_computed_says_what_guards_it(tmp_path: Path) -> None:
    third = mapping("check: after.original_value > 0", 'check: "100 / (after.id - 1) IS NOT DISTINCT FROM NULL"')
    assert "nullif(…, 0)" in outcome(tmp_path / "a", [third], DEPT + steps(SMALL))
    guarded = mapping("(after.id - 1)", "nullif(after.id - 1, 0)")
    assert "parked" not in outcome(tmp_path / "b", [third, guarded], DEPT + steps(SMALL))


def alone(folder: Path, text: str, edits: Sequence[Edit] = ()) -> Path:
    """The example, edited, with this case as its only one."""
    path = folder / "example.yaml" if (folder / "example.yaml").exists() else laid(folder)
    edit(folder, edits)
    rmtree(folder / "example.cases")
    edit(folder, [(CASE, "", f"case: 试\n{text}")])
    return path


def outcome(folder: Path, edits: Sequence[Edit], text: str) -> str:
    """What comes of a case."""
    assert silent(told("mapping", "test", alone(folder, text, edits), "--write"))
    return (folder / CASE).read_text("utf-8").partition("\nexpect:")[2]
