"""Who may not deduct VAT deducts none, by no document: a small-scale taxpayer, and whoever buys for staff welfare."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from syncd import workbench
from syncd.files import shipped
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import load
from tests.golden import test_edited_documents as documents
from tests.golden.test_edits import ASSET, POSTED

WITH_VAT: Final = ("upgrade", "overhaul_item", "repair", "disposal_cost", "disposal_proceeds")
DEDUCTED: Final = {"22210101", "222109"}
OF_GENERAL: Final = DEDUCTED | {"22210102", "22210104", "222106"}
"""VAT accounts that only a general taxpayer has."""


def entries(folder: Path, case: dict[str, Any]) -> list[dict[str, str]]:
    """Of all vouchers that come of every document with VAT, each of an asset of its own, and of a purchase."""
    cards = {f"FA-{n:03}": documents.CARD for n in range(1, 10)}
    rows = [(alias, row) for document in WITH_VAT for alias, row in documents.DOCUMENTS[document]]
    steps, n = [], 0
    for alias, row in rows:
        n += alias in ("upgrade", "deprec", "repair")  # the first of each document
        own = {name: documents.of(n, name, value) for name, value in row.items()}
        steps.append({"insert": alias, "row": own, "at": documents.DAY})
    steps += [{"insert": "asset", "row": ASSET | case.pop("asset", {}) | {"id": 90}}]
    steps += [{"insert": "project_cost", "row": POSTED["project_cost"] | case.pop("cost", {})}]
    path = folder / "case.yaml"
    path.write_text(
        yaml.safe_dump(
            {"case": "VAT", "given": documents.GIVEN, "cards": cards, "changes": steps} | case, allow_unicode=True
        ),
        "utf-8",
    )
    found = yaml.load(
        run_case(load(shipped("mappings", "demo.yaml")), path, workbench.bench()).actual, yaml.BaseLoader
    )["expect"]
    assert found.get("parked", []) == []
    said = {voucher["rule"] for voucher in found["vouchers"]}
    assert said >= {
        "upgrade",
        "overhaul_spend",
        "repair",
        "disposal_cost",
        "disposal_proceeds",
        "registration",
        "project_cost",
    }
    return [entry for voucher in found["vouchers"] for entry in voucher["entries"]]


@pytest.mark.parametrize(
    ("case", "never"),
    [
        ({"constants": {"taxpayer": "small_scale"}}, OF_GENERAL),
        (
            {
                "given": documents.GIVEN
                | {"asset": [row | {"purpose": "welfare"} for row in documents.GIVEN["asset"]]},
                "asset": {"purpose": "welfare"},
                "cost": {"purpose": "welfare"},
            },
            DEDUCTED,
        ),
    ],
    ids=["small_scale", "welfare"],
)
def test_vat_that_is_not_deductible_is_cost(tmp_path: Path, case: dict[str, Any], never: set[str]) -> None:
    accounts = {entry["account"] for entry in entries(tmp_path, dict(case))}
    assert accounts & never == set()


def test_a_general_taxpayer_deducts_it(tmp_path: Path) -> None:
    """What the tests above look for is there otherwise."""
    assert {entry["account"] for entry in entries(tmp_path, {})} >= {"22210101", "22210102"}
