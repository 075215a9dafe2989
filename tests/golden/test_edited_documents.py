"""What is edited after it was posted is corrected or parked, never ignored: every column of every document of the
shipped mapping, one at a time, and each document withdrawn and deleted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from syncd import workbench
from syncd.change import Column, Kind, Table
from syncd.files import shipped
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load

DAY: Final = "2026-02-20"
LATER: Final = "2026-04-10"
"""Two months on, when the month of the documents is closed."""
CARD: Final[dict[str, Any]] = {
    "name": "车床", "class": "JQSB", "dept": "SC1", "method": "straight_line", "life_months": 120,
    "residual_rate": 0.05, "acquired_month": "2025-06-01", "original_value": 120000.00,
    "accumulated_depreciation": 6650.00, "impairment": 0.00, "origin": "opening", "status": "in_use",
}  # fmt: skip
GIVEN: Final[dict[str, Any]] = {
    "dept": [
        {"id": n, "code": code, "name": code, "kind": kind}
        for n, code, kind in ((1, "SC1", "production"), (4, "YF", "research"), (5, "XS", "sales"))
    ],
    "class": [
        {"code": "JQSB", "name": "机器设备", "method": "straight_line", "life_months": 120, "residual_rate": 0.05}
    ],
    "supplier": [{"id": n, "code": f"G{n}", "name": f"G{n}"} for n in range(1, 60)],
    "asset": [
        {
            "id": n,
            "asset_code": f"FA-{n:03}",
            "name": "车床",
            "class_code": "JQSB",
            "department_id": 1,
            "status": "in_use",
        }
        for n in range(1, 60)
    ],
}
CHARGE: Final[dict[str, Any]] = {
    "asset_id": 1, "period": "2026-02", "line": 1, "kind": "disposal", "department_id": 1, "amount": 950.00,
    "charged_on": DAY, "grant_amount": 0.00,
}  # fmt: skip
APPROVED: Final[dict[str, Any]] = {"status": "approved", "approved_on": DAY}
OPEN: Final[dict[str, Any]] = APPROVED | {"asset_id": 1}
SALE: Final[dict[str, Any]] = OPEN | {"id": 1, "kind": "sale", "contract_no": "HT-1"}
REBUILT: Final[dict[str, Any]] = {
    "id": 1, "asset_id": 1, "status": "started", "started_on": DAY, "old_value": 120000.00, "old_depreciation": 7600.00,
    "old_impairment": 0.00,
}  # fmt: skip
PAID: Final[dict[str, Any]] = {"amount": 1000.00, "input_vat": 130.00, "payment": "payable", "supplier_id": 1}
CLEARED: Final[list[tuple[str, dict[str, Any]]]] = [("deprec", CHARGE), ("disposal", SALE)]
STARTED: Final[list[tuple[str, dict[str, Any]]]] = [("deprec", CHARGE), ("overhaul", REBUILT)]
DONE: Final[dict[str, Any]] = {
    "done_on": DAY, "new_value": 112400.00, "life_months": 100, "residual_rate": 0.05, "method": "straight_line",
    "status": "done",
}  # fmt: skip

DOCUMENTS: Final[Mapping[str, list[tuple[str, dict[str, Any]]]]] = {
    "upgrade": [("upgrade", OPEN | PAID | {"id": 1, "added_months": 12})],
    "overhaul": STARTED,
    "overhaul, done": [("deprec", CHARGE), ("overhaul", REBUILT | DONE)],
    "overhaul_item": [*STARTED, ("overhaul_item", APPROVED | PAID | {"id": 1, "overhaul_id": 1, "kind": "spend"})],
    "repair": [("repair", PAID | {"id": 1, "asset_id": 1, "status": "done", "done_on": DAY, "treatment": "expense"})],
    "impairment": [("impairment", OPEN | {"id": 1, "amount": 1000.00})],
    "transfer": [("transfer", OPEN | {"id": 1, "from_department_id": 1, "to_department_id": 4})],
    "revision": [("revision", OPEN | {"id": 1, "life_months": 96, "reason": "检修", "requested_by": "设备部"})],
    "deprec": [("deprec", CHARGE)],
    "disposal": CLEARED,
    "disposal_cost": [
        *CLEARED,
        ("disposal_cost", PAID | {"id": 1, "disposal_id": 1, "status": "approved", "paid_on": DAY}),
    ],
    "disposal_proceeds": [
        *CLEARED,
        ("disposal_proceeds", {"id": 1, "disposal_id": 1, "received_by": "bank", "amount": 1.00, "output_vat": 0.13,
                               "vat_method": "general", "status": "approved", "received_on": DAY}),
    ],
    "disposal_closing": [
        *CLEARED,
        ("disposal_closing", {"id": 1, "disposal_id": 1, "status": "approved", "closed_on": DAY}),
    ],
}  # fmt: skip
UNUSED: Final = {("overhaul", column) for column in DONE if column != "status"}
"""Columns that no posting has used yet: what a rebuilding will be."""
PASSED: Final = (
    *("correction", "document_no", "attachments", "prepared_by", "reviewed_by"),
    *("invoice_no", "invoice_line"),
)
"""Columns whose edits change no books: what says how to correct, not what is corrected, papers, and the number of an
invoice, which is claimed anew without a voucher."""
OTHERS: Final[dict[str, dict[Any, Any]]] = {
    "kind": {"spend": "replaced", "sale": "group", "disposal": "adjustment"},
    "payment": {"payable": "bank"},
    "received_by": {"bank": "receivable"},
    "vat_method": {"general": "simplified"},
    "status": {"approved": "submitted", "done": "submitted", "started": "submitted"},
    "method": {"straight_line": "double_declining", None: "double_declining"},
    "treatment": {"expense": "deferred"},
    "beneficiary": {None: "sales"},
    "transfer_out_rate": {None: 0.13},
    "invoice": {None: "ordinary"},
    "purpose": {None: "welfare"},
}


@pytest.fixture(scope="module")
def mapping() -> Loaded:
    return load(shipped("mappings", "demo.yaml"))


OWNED: Final = ("id", "asset_id", "overhaul_id", "disposal_id")
"""Columns that say which asset a document is of: those of the n-th asset hold n."""
AWAY: Final = 30
"""So many assets further a document goes that is given to another."""


def other(column: Column, value: Any, n: int) -> Any:
    """Another value of the n-th document's column."""
    if column.name in OTHERS:
        return OTHERS[column.name][value]
    if column.name in OWNED:
        return n + AWAY
    if column.name.endswith("_id"):
        return 5
    match column.kind:
        case Kind.DATE:
            return str(date.fromisoformat(value) + timedelta(days=1))
        case Kind.INTEGER | Kind.DECIMAL:
            return (value or 0) + 1
    return f"{value}x"


def edits(table: Table, document: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, change) of the n-th asset's document, asset by asset: it is deleted, or one of its columns is edited; a
    status that is edited withdraws it."""
    row = DOCUMENTS[document][-1][1]
    keys = [table.columns[i].name for i in table.key]
    edited = [c for c in table.columns if c.name not in (*keys, *PASSED) and (document, c.name) not in UNUSED]
    cause = {"correction": "error"} if "correction" in {c.name for c in table.columns} else {}
    for n, column in enumerate([None, *edited], 1):
        key = {name: of(n, name, row[name]) for name in keys}
        if column is None:
            yield "deleted", {"delete": table.alias, "row": key, "at": LATER}
        else:
            changed = {column.name: other(column, row.get(column.name), n)}
            yield column.name, {"update": table.alias, "row": key | changed | cause, "at": LATER}


def of(n: int, column: str, value: Any) -> Any:
    """What a column of the n-th asset's document holds."""
    return n if column in OWNED else value


def came(mapping: Loaded, folder: Path, changes: Sequence[dict[str, Any]]) -> list[str]:
    """Every voucher and every parked row that comes of changes, as text."""
    cards = {f"FA-{n:03}": CARD for n in range(1, 60)}
    text = {"case": "edited", "given": GIVEN, "cards": cards, "closed": [DAY[:7]], "changes": list(changes)}
    path = folder / "case.yaml"
    path.write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    found = yaml.load(run_case(mapping, path, workbench.bench()).actual, yaml.BaseLoader)["expect"]
    return [str(said) for said in [*found.get("vouchers", ()), *found.get("parked", ())]]


@pytest.mark.parametrize("document", list(DOCUMENTS))
def test_an_edited_document_makes_a_posting_or_a_parked_row(mapping: Loaded, tmp_path: Path, document: str) -> None:
    """Whatever is edited, finance follows, or somebody is told; red and right lie in the month of the edit, however
    long ago the original was. Each edit is of an asset of its own."""
    edited = list(edits(mapping.tables[DOCUMENTS[document][-1][0]], document))
    posted = [
        {"insert": alias, "row": {name: of(n, name, value) for name, value in row.items()}, "at": DAY}
        for n in range(1, len(edited) + 1)
        for alias, row in DOCUMENTS[document]
    ]
    before = came(mapping, tmp_path, posted)
    assert not [said for said in before if "says" in said], "all that was there before is posted"
    after = came(mapping, tmp_path, [*posted, *(change for _, change in edited)])
    untold = [name for n, (name, _) in enumerate(edited, 1) if about(after, n) == about(before, n)]
    assert len(untold) <= len(about(after, 0)) - len(about(before, 0)), untold
    corrections = [said for said in after if "'voucher'" in said and said not in before]
    assert [said for said in corrections if f"'voucher': '{LATER[:7]} " not in said] == []


def about(said: Sequence[str], n: int) -> list[str]:
    """What is about the n-th asset, or the one that its document went to; of none: a red letter that names neither."""
    codes = (f"FA-{n:03}", f"FA-{n + AWAY:03}") if n else ()
    return [text for text in said if (any(code in text for code in codes) if n else "FA-" not in text)]


def test_a_run_that_is_posted_is_not_taken_back(mapping: Loaded, tmp_path: Path) -> None:
    run = {"period": "2026-02"}
    posted = {"insert": "run", "row": run | {"status": "approved", "approved_on": DAY}}
    for change in ({"delete": "run", "row": run}, {"update": "run", "row": run | {"status": "calculated"}}):
        assert "run_reopened" in str(came(mapping, tmp_path, [posted, change]))


@pytest.mark.parametrize("document", ["upgrade", "overhaul_item", "repair"])
def test_a_correction_says_its_cause(mapping: Loaded, tmp_path: Path, document: str) -> None:
    """One that does not is parked, whatever was edited."""
    (*before, (alias, row)) = DOCUMENTS[document]
    posted = [{"insert": name, "row": held, "at": DAY} for name, held in [*before, (alias, row)]]
    for edit in (
        {"amount": 900.00},
        {"invoice": "ordinary"},
        {"supplier_id": 2},
        {"correction": "estimate", "amount": 9.00},
    ):
        assert "correction" in str(came(mapping, tmp_path, [*posted, {"update": alias, "row": {"id": 1} | edit}]))
