"""Documents: what `syncd mapping check` hints at is written into the mapping, and it is in order."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copytree

import pytest

from tests.advice import advised, heard
from tests.advice.mappings import Edit, edit, silent, told
from tests.tidy.tree import ROOT

DOCUMENTS = ROOT / "tests/golden/documents"


def mapping(stands: str, instead: str) -> Edit:
    return "documents.yaml", stands, instead


@pytest.mark.parametrize(
    ("code", "broken", "mended"),
    [
        advised(
            "unknown_lines", [mapping("{each: item, account: expense", "{each: itm, account: expense")],
            [mapping("each: itm", "each: item")],
        ),
        advised(
            "edited_no_once", [mapping("    once: after.no\n    edited: reverse\n", "    edited: reverse\n")],
            [mapping("    edited: reverse\n", "    once: after.no\n    edited: reverse\n")],
        ),
        advised(
            "edited_no_voucher",
            [mapping("    edited: reverse\n", "    edited: reverse\n    reverse: claim_approved\n")],
            [mapping("    reverse: claim_approved\n", "")],
        ),
        advised("lines_kind", [mapping("of: claim_id", "of: kind")], [mapping("of: kind", "of: claim_id")]),
        advised(
            "name_taken", [mapping("item: {table: claim_item", "after: {table: claim_item")],
            [mapping("after: {table: claim_item", "item: {table: claim_item")], name="name_taken: lines",
        ),
        advised(
            "edited_collects",
            [mapping("edited: reverse\n", "edited: reverse\n    collect: {group: after.no, post: 0 2 1 * *}\n")],
            [mapping("edited: reverse\n", "edited: refuse\n")],
        ),
        advised(
            "edited_when",
            [mapping("when: after.status IN ('received',", "when: op = 'update' AND after.status IN ('received',")],
            [mapping("when: op = 'update' AND ", "when: ")],
        ),
        advised(
            "lines_outside", [mapping("debit: sum(item.tax)", "debit: item.tax")],
            [mapping("debit: item.tax", "debit: sum(item.tax)")],
        ),
        advised(
            "lines_outside", [mapping("{each: item, account: expense", "{account: expense")],
            [mapping("{account: expense", "{each: item, account: expense")], name="lines_outside: each",
        ),
        advised("lines_unclear", [mapping("count(item.line)", "count(*)")], [mapping("count(*)", "count(item.line)")]),
        advised(
            "unknown_table", [mapping("header: claim_head", "header: claim_hed")], [mapping("claim_hed", "claim_head")],
            name="unknown_table: a header",
        ),
        advised(
            "unknown_column", [mapping("of: claim_id", "of: claim")], [mapping("of: claim", "of: claim_id")],
            name="unknown_column: a line's",
        ),
    ],
)  # fmt: skip
def test_a_mapping_with_documents(tmp_path: Path, code: str, broken: Sequence[Edit], mended: Sequence[Edit]) -> None:
    copytree(DOCUMENTS, tmp_path, dirs_exist_ok=True)
    edit(tmp_path, broken)
    status, output = told("mapping", "check", tmp_path / "documents.yaml")
    assert (status, "documents.yaml:" in output) == (1, True)
    heard(code, output)
    edit(tmp_path, mended)
    assert silent(told("mapping", "check", tmp_path / "documents.yaml"))
