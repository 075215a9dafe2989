"""Accounts by role: one table says which account plays which role under which standard."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd.errors import MappingErrors
from syncd.mapping.language.accounts import Account, misnamed
from syncd.mapping.language.load import Mapping, load
from tests.advice.mappings import Edit, edit, laid, mapping
from tests.unit.paper import MACHINE, Paper

ROLES = """\
standard,role,code,name
ASBE,fixed_assets,1601,固定资产
ASBE,bank,1002,银行存款
ASBE,production,5101,制造费用
ASBE,administration,6602,管理费用
ASBE,impairment,1603,固定资产减值准备
ASBE,research,5301,研发支出
SBE,fixed_assets,1601,固定资产
SBE,bank,1002,银行存款
SBE,production,4101,制造费用
SBE,administration,5602,管理费用
SBE,income,5301,营业外收入
"""
BLOCK = "accounts: {file: roles.csv, standard: standard}\n"


def by_role(folder: Path, standard: str = "ASBE", more: Sequence[Edit] = ()) -> Path:
    """The example with its accounts by role."""
    return laid(
        folder,
        [
            mapping("constants: {approval_above: 5000000}\n", "constants: {approval_above: 5000000, "
                    f"standard: {standard}}}\n{BLOCK}"),
            mapping("\"'1601'\"", "account('fixed_assets')"),
            mapping("expense_account(dept.kind)", "account(dept.kind)"),
            ("roles.csv", "", ROLES),
            *more,
        ],
    )  # fmt: skip


def codes(made: Mapping) -> list[str]:
    return list(made.accounts)


def test_the_standard_chooses_the_account_of_a_role(tmp_path: Path) -> None:
    asbe, sbe = load(by_role(tmp_path / "a")), load(by_role(tmp_path / "s", "SBE"))
    assert asbe.roles["production"] == Account("5101", "制造费用")
    assert sbe.roles["production"] == Account("4101", "制造费用")
    assert "impairment" not in sbe.roles
    assert asbe.hash != sbe.hash


def test_the_hash_covers_the_table(tmp_path: Path) -> None:
    path = by_role(tmp_path)
    before = load(path).hash
    edit(tmp_path, [("roles.csv", "1603", "160301")])
    assert load(path).hash != before


def test_a_rule_posts_to_the_account_of_the_role(tmp_path: Path) -> None:
    paper = Paper(load(by_role(tmp_path)))
    paper.given("dept", id=1, code="SC", kind="production")
    (outcome,) = paper.post(paper.insert("asset", **MACHINE))
    voucher = outcome.postings[0].voucher
    assert voucher is not None
    assert [e.account for e in voucher.entries] == ["1601", "1002"]


def test_a_role_that_this_standard_lacks_is_null_where_it_is_asked_for(tmp_path: Path) -> None:
    """An entry of nothing asks for no account."""
    bank = "- {account: \"'1002'\", credit: after.original_value}"
    for amount, code in (("after.original_value * 0", ""), ("after.original_value", "missing_value")):
        more = f"{bank}\n        - {{account: account('impairment'), credit: {amount}}}"
        path = by_role(tmp_path / (code or "none"), "SBE", [mapping(bank, more)])
        if code:
            edit(path.parent, [mapping("debit: after.original_value", "debit: after.original_value * 2")])
        paper = Paper(load(path))
        paper.given("dept", id=1, code="SC", kind="production")
        (outcome,) = paper.post(paper.insert("asset", **MACHINE))
        assert (outcome.rejection.code if outcome.rejection else "") == code
    refused = mapping("require:\n", "require:\n      - {check: account('impairment') IS NOT NULL, "
                      "says: {zh: 小企业会计准则不计提减值, en: no impairment under SBE}}\n")  # fmt: skip
    paper = Paper(load(by_role(tmp_path / "refused", "SBE", [refused])))
    paper.given("dept", id=1, code="SC", kind="production")
    (outcome,) = paper.post(paper.insert("asset", **MACHINE))
    assert outcome.rejection is not None
    assert outcome.rejection.code == "require"


def test_a_computed_role_that_nobody_has_parks_with_role_and_standard(tmp_path: Path) -> None:
    path = by_role(tmp_path, "SBE", [mapping("\"'1002'\", credit: after.original_value",
                                             "account('b' || dept.kind), credit: after.original_value")])  # fmt: skip
    paper = Paper(load(path))
    paper.given("dept", id=1, code="SC", kind="ank")
    paper.given("dept", id=2, code="XS", kind="oss")
    first, second = paper.post(
        paper.insert("asset", **MACHINE),
        paper.insert("asset", **{**MACHINE, "id": 2, "asset_code": "FA-2", "department_id": 2}),
    )
    assert first.rejection is None
    assert second.rejection is not None
    assert (second.rejection.code, second.rejection.params) == (
        "no_decision",
        {"table": "account", "key": "SBE, boss"},
    )


def test_a_role_that_no_standard_has_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MappingErrors) as caught:
        load(by_role(tmp_path, more=[mapping("account('fixed_assets')", "account('fixed_asets')")]))
    error = caught.value.errors[0]
    assert (error.code, error.params["nearest"]) == ("unknown_role", "fixed_assets")


def test_without_the_block_there_is_no_such_function(tmp_path: Path) -> None:
    with pytest.raises(MappingErrors) as caught:
        load(laid(tmp_path, [mapping("expense_account(dept.kind)", "account('bank')")]))
    assert [e.code for e in caught.value.errors] == ["unknown_function"]


def test_accounts_behind_a_decision_or_a_case_are_named(tmp_path: Path) -> None:
    """`syncd check` asks finance for all of them, and for no role that no rule uses."""
    path = by_role(
        tmp_path,
        more=[
            mapping("account(dept.kind)", "account(expense_account(dept.kind))"),
            mapping("\"'1602'\"", "\"CASE WHEN after.amount > 1 THEN account('impairment') ELSE '1602' END\""),
            ("expense_account.csv", "5101", "production"),
            ("expense_account.csv", "6602", "administration"),
        ],
    )
    assert codes(load(path)) == ["1601", "1002", "5101", "6602", "1603", "1602"]


def test_names_are_compared_with_finance(tmp_path: Path) -> None:
    table = load(by_role(tmp_path)).role_table
    assert table is not None
    chart = {"1601": "固定 资产", "1002": "银行存款-基本户", "5301": "营业外收入", "6602": "制造费用"}
    found = {f.params["account"]: f for f in misnamed(table, chart)}
    assert {a: (f.level, f.code) for a, f in found.items()} == {
        "1002": ("warning", "account_name"),
        "5301": ("error", "account_other"),
        "6602": ("error", "account_other"),
    }
    assert (found["5301"].params["role"], found["5301"].params["other"]) == ("income", "SBE")
