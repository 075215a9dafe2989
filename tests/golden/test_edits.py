"""Whatever is edited, withdrawn or deleted of a row that was posted is posted anew, taken back or parked, or a rule
that is named here passes it by: never ignored (invariant 1, as an auditor asks for it)."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd import workbench
from syncd.change import Kind
from syncd.files import shipped
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import Mapping, load

ASSET = {
    "id": 1, "asset_code": "FA-SC-001", "name": "数控车床", "class_code": "JQSB", "department_id": 1, "supplier_id": 7,
    "status": "in_use", "purchase_date": "2026-02-05", "approved_on": "2026-02-05", "original_value": "200000.00",
    "input_vat": "26000.00", "payment": "payable", "opening_depreciation": "0.00", "ownership": "owned",
    "invoice": "special", "purpose": "business", "prepaid": "0.00", "retention": "0.00", "ready_on": "2026-02-05",
    "attachments": 2, "contract_no": "HT-01", "document_no": "RZ-01", "prepared_by": "li", "reviewed_by": "wang",
}  # fmt: skip
POSTED: dict[str, dict[str, Any]] = {
    "asset": ASSET,
    "payment": {
        "id": 1, "kind": "settlement", "supplier_id": 7, "contract_no": "HT-01", "amount": "5000.00", "status": "paid",
        "paid_on": "2026-02-10",
    },
    "project_cost": {
        "id": 1, "project_no": "GC-01", "kind": "equipment", "amount": "5000.00", "input_vat": "650.00",
        "invoice": "special", "payment": "bank", "supplier_id": 7, "status": "approved", "incurred_on": "2026-02-10",
    },
    "grant_receipt": {
        "id": 1, "document_no": "1", "amount": "60000.00", "status": "received", "received_on": "2026-02-10",
    },
    "trial_sale": {
        "id": 1, "project_no": "GC-01", "buyer": "KH-01", "amount": "5000.00", "output_vat": "650.00",
        "cost": "4000.00", "received_by": "receivable", "status": "approved", "sold_on": "2026-02-10",
    },
    "split": {
        "id": 1, "kind": "split", "from_asset_id": 1, "to_asset_id": 3, "share": "0.4", "status": "approved",
        "approved_on": "2026-02-10",
    },
    "grant_offset": {
        "id": 1, "asset_id": 1, "amount": "60000.00", "status": "applied", "applied_on": "2026-02-10",
    },
    "use_change": {
        "id": 1, "asset_id": 1, "input_vat": "26000.00", "rate": "0.13", "status": "approved",
        "approved_on": "2026-02-10",
    },
    "surplus_closing": {
        "id": 1, "asset_id": 2, "amount": "30000.00", "income_tax": "7500.00", "surplus_reserve": "2250.00",
        "status": "approved", "approved_on": "2026-02-10",
    },
}  # fmt: skip
"""A row of each table that makes a posting."""
FOUND = ASSET | {
    "id": 2,
    "asset_code": "FA-SC-002",
    "payment": "surplus",
    "original_value": "30000.00",
    "input_vat": "0",
}
PART = ASSET | {"id": 3, "asset_code": "FA-SC-003", "payment": "internal", "input_vat": "0.00"}
GIVEN = {
    "dept": [
        {"id": 1, "code": "SC1", "name": "生产部", "workshop": "一车间", "kind": "production"},
        {"id": 2, "code": "GL", "name": "综合管理部", "workshop": None, "kind": "administration"},
    ],
    "class": [
        {"code": code, "name": code, "method": "straight_line", "life_months": 120, "residual_rate": "0.05"}
        for code in ("JQSB", "DZSB")
    ],
    "supplier": [{"id": 7, "code": "GYS-07", "name": "a"}, {"id": 8, "code": "GYS-08", "name": "b"}],
}
OTHERS: dict[str, list[Any]] = {
    "status": ["draft", "cancelled", "scrapped", "sold", "submitted"],
    "class_code": ["DZSB"], "department_id": [2], "supplier_id": [8], "asset_id": [2],
    "invoice": ["ordinary", "unticked"],
    "purpose": ["welfare", "exempt"], "ownership": ["leased_in"], "payment": ["bank", "payable", "prepaid", "donated"],
    "kind": ["prepayment", "retention", "service", "wages"], "correction": ["error", "invoice", "provisional"],
    "paid": ["226000.00", "0.00"], "rate": ["0.06"], "ready_on": ["2026-03-01", "2026-01-31"],
}  # fmt: skip
BY_KIND = {
    Kind.DECIMAL: ["1.00", "190000.00"],
    Kind.DATE: ["2026-02-07", "2027-01-05"],
    Kind.INTEGER: [9],
    Kind.TEXT: ["other"],
}
PAPERS = ("document_no", "attachments", "prepared_by", "reviewed_by")
WITHOUT_PAPERS = ("split", "trial_sale")
PASSED = {
    table: {"correction": "", **dict.fromkeys(PAPERS, f"{table}_papers_noted")}
    for table in POSTED
    if table not in WITHOUT_PAPERS
} | {
    "asset": {
        "purchase_date": "papers_noted", "contract_no": "papers_noted", "document_no": "papers_noted",
        "attachments": "papers_noted", "prepared_by": "papers_noted", "reviewed_by": "papers_noted",
        # what says how to correct, not what is corrected
        "changed_on": "", "correction": "",
    },
}  # fmt: skip
"""Columns whose edits change no books, and the rule that says so."""


@cache
def mapping() -> Mapping:
    return load(shipped("mappings", "demo.yaml"))


def outcome(table: str, edit: dict[str, Any] | None) -> dict[str, Any]:
    """What finance holds after a posted row was edited."""
    row = POSTED[table]
    changes: list[dict[str, Any]] = [] if table == "asset" else [{"insert": "asset", "row": ASSET, "at": "2026-02-05"}]
    if table == "surplus_closing":
        changes.append({"insert": "asset", "row": FOUND, "at": "2026-02-05"})
    if table == "split":
        changes.append({"insert": "asset", "row": PART, "at": "2026-02-10"})
    changes.append({"insert": table, "row": row, "at": "2026-02-10"})
    if edit is not None:
        how = "update" if edit else "delete"
        changes.append({how: table, "row": {"id": row["id"]} | edit, "at": "2026-03-01"})
    case = {"case": "edit", "given": GIVEN, "changes": changes}
    with TemporaryDirectory() as folder:
        path = Path(folder, "case.yaml")
        path.write_text(yaml.safe_dump(case, allow_unicode=True), "utf-8")
        return dict(yaml.load(run_case(mapping(), path, workbench.bench()).actual, yaml.BaseLoader)["expect"])


@cache
def posted(table: str) -> dict[str, Any]:
    found = outcome(table, None)
    assert "parked" not in found, f"{table} is not posted to begin with: {found}"
    return found


def edits(table: str) -> st.SearchStrategy[dict[str, Any]]:
    """Up to three columns that become something else."""
    columns = {c.name: c.kind for c in mapping().tables[table].columns if c.name != "id"}
    others = {
        name: [v for v in OTHERS.get(name, BY_KIND[kind]) if not _same(v, POSTED[table].get(name))]
        for name, kind in columns.items()
    }
    one = st.sampled_from([(name, value) for name, values in others.items() for value in values])
    return st.lists(one, min_size=1, max_size=3).map(dict)


def _same(value: object, was: object) -> bool:
    return value == was or (
        isinstance(was, str) and was[:1].isdigit() and "-" not in was and _number(value) == _number(was)
    )


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_an_edit_of_a_posted_row_is_corrected_or_parked(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(["asset", *POSTED]))
    edit = data.draw(edits(table))
    if all(name in PASSED.get(table, {}) for name in edit):
        return
    assert outcome(table, edit) != posted(table), f"{edit} of a posted row of {table} went by without a word"


@pytest.mark.parametrize("table", POSTED)
def test_a_posted_row_that_is_deleted_is_taken_back_or_parked(table: str) -> None:
    assert outcome(table, {}) != posted(table)


def test_every_rule_that_passes_an_edit_by_is_one() -> None:
    rules = {rule.name for rule in mapping().rules}
    assert {name for passed in PASSED.values() for name in passed.values() if name} <= rules
