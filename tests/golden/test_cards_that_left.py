"""Nothing is posted to a card that is being cleared, disposed of, cancelled or rebuilt but what belongs to that: every
document of an asset and every edit of its own row, at each state of its card."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from syncd import workbench
from syncd.files import shipped
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import Mapping, load
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.require import Require
from tests.golden import test_edited_documents as documents

ON: Final = "2026-03-10"
"""After the cards have left."""
REGISTERED: Final[dict[str, Any]] = {
    "class_code": "JQSB", "department_id": 1, "supplier_id": 1, "approved_on": "2026-01-05",
    "original_value": 120000.00, "input_vat": 15600.00, "payment": "payable", "opening_depreciation": 0.00,
    "changed_on": ON, "prepaid": 0.00, "retention": 0.00, "invoice": "special", "purpose": "business",
    "status": "awaiting_writeoff",
}  # fmt: skip
EDITS: Final[dict[str, dict[str, Any] | None]] = {
    "deleted": None,
    "cancelled": {"status": "cancelled"},
    "error": {"original_value": 110000.00, "correction": "error"},
    "invoice": {"invoice": "ordinary", "correction": "invoice"},
    "provisional": {"original_value": 110000.00, "correction": "provisional"},
    "class": {"class_code": "DZSB"},
    "ready": {"ready_on": "2026-02-01"},
}
DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "upgrade": documents.OPEN | documents.PAID | {"added_months": 12},
    "overhaul": documents.REBUILT,
    "repair": documents.PAID | {"status": "done", "done_on": ON, "treatment": "expense"},
    "impairment": documents.OPEN | {"amount": 1000.00},
    "transfer": documents.OPEN | {"from_department_id": 1, "to_department_id": 4},
    "revision": documents.OPEN | {"life_months": 96, "reason": "检修", "requested_by": "设备部"},
    "grant_offset": {"amount": 1000.00, "status": "applied", "applied_on": ON},
    "use_change": documents.OPEN | {"input_vat": 15600.00, "rate": 0.13},
    "disposal": documents.SALE,
    "deprec": documents.CHARGE,
}


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    return load(shipped("mappings", "demo.yaml"))


@pytest.mark.parametrize("state", ["clearing", "disposed", "cancelled", "overhaul"])
def test_nothing_is_posted_to_a_card_that_left(mapping: Mapping, tmp_path: Path, state: str) -> None:
    """Each edit and each document is of an asset of its own; all of them are parked, and no card changes. A repair of
    what is being rebuilt may have been done before: an expense, which is on no card."""
    papered = {alias: row for alias, row in DOCUMENTS.items() if (alias, state) != ("repair", "overhaul")}
    card = documents.CARD | {
        "origin": "addition", "status": state, "accumulated_depreciation": 0.00, "disposed_on": "2026-02-20",
        "clearing": 120000.00,
    }  # fmt: skip
    rows = [
        {"id": n, "asset_code": f"FA-{n:03}", "name": "车床"} | REGISTERED
        for n in range(1, len(EDITS) + len(papered) + 1)
    ]
    edits = [
        {"delete": "asset", "row": {"id": n}} if edit is None else {"update": "asset", "row": {"id": n} | edit}
        for n, edit in enumerate(EDITS.values(), 1)
    ]
    papers = [
        {"insert": alias, "row": row | {"id": n, "asset_id": n} if alias != "deprec" else row | {"asset_id": n}}
        for n, (alias, row) in enumerate(papered.items(), len(EDITS) + 1)
    ]
    codes = ("JQSB", "DZSB")
    given = documents.GIVEN | {"class": [documents.GIVEN["class"][0] | {"code": code} for code in codes], "asset": rows}
    changes = [step | {"at": ON} for step in [*edits, *papers]]
    case = {"case": state, "given": given, "cards": {row["asset_code"]: card for row in rows}, "changes": changes}
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(case, allow_unicode=True), "utf-8")
    found = yaml.load(run_case(mapping, path, workbench.bench()).actual, yaml.BaseLoader)["expect"]
    assert found.get("vouchers", []) == []
    assert {held["status"] for held in found["cards"].values()} == {state}
    parked = {row["subject"] for row in found["parked"]}
    assert parked == {row["asset_code"] for row in rows}, "and somebody is told of each"


def test_every_table_whose_rules_change_a_card_asks_for_its_state(mapping: Mapping) -> None:
    """All rules of a change post together or not at all; where none of them asks, a card that is gone is posted to."""
    changing = {rule.on.alias for rule in mapping.rules if rule.verb(Change)}
    asking = {
        rule.on.alias
        for rule in mapping.rules
        if (asked := rule.verb(Require)) and any("card.status" in check.check.text for check in asked.checks)
    }
    assert changing - asking == set()
