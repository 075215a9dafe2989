"""`syncd mapping check` on balances: what finance cannot tell is found, with the line, and its hint ends well."""

from pathlib import Path

import pytest

from syncd.errors import MappingErrors
from syncd.mapping.language.load import load
from tests.advice import advice
from tests.open_items.office import AMOUNTS, LAYOUT, MAPPING


def laid(folder: Path, mapping: str = MAPPING, amounts: str = AMOUNTS["debit and credit"], told: str = "") -> Path:
    layout = LAYOUT.format(amounts=amounts)
    layout = layout.replace(" document: entry.document,", told) if told else layout
    (folder / "office.yaml").write_text(layout, "utf-8")
    (folder / "mapping.yaml").write_text(mapping, "utf-8")
    return folder / "mapping.yaml"


def wrong(path: Path) -> list[tuple[str, int]]:
    """Code and line of what is refused."""
    with pytest.raises(MappingErrors) as caught:
        load(path)
    return [(error.code, int(error.where.rpartition(":")[2])) for error in caught.value.errors]


def line(mapping: str, text: str) -> int:
    return mapping[: mapping.index(text)].count("\n") + 1


@advice("balances_entries")
def test_what_no_column_tells_the_document_by(tmp_path: Path) -> None:
    """Then `subject` will do, which the key of the voucher tells; of a layout that keeps none it is told for each
    balance."""
    mapping = MAPPING.replace("    entries: document\n    by: {supplier", "    entries: contract\n    by: {supplier")
    assert wrong(laid(tmp_path, mapping)) == [("balances_entries", line(mapping, "entries: contract"))]
    load(laid(tmp_path, mapping.replace("entries: contract", "entries: subject")))
    load(laid(tmp_path, mapping.replace("entries: contract", "entries: document")))
    load(laid(tmp_path))
    assert [code for code, _ in wrong(laid(tmp_path, told=" "))] == ["balances_entries"] * 3


@advice("balances_by")
def test_what_entries_cannot_be_told_by(tmp_path: Path) -> None:
    """It is an auxiliary that a column holds, or none."""
    mapping = MAPPING.replace("by: {dept: place.dept}", "by: {place: place.dept}")
    assert wrong(laid(tmp_path, mapping)) == [("balances_by", line(mapping, "by: {place"))]
    load(laid(tmp_path, mapping.replace("by: {place: ", "by: {dept: ")))


@advice("balances_unreadable")
def test_entries_that_cannot_be_read_back(tmp_path: Path) -> None:
    """Amounts without a side: once a column says it, they can."""
    path = laid(tmp_path, amounts="amount: entry.debit + entry.credit")
    assert [code for code, _ in wrong(path)] == ["balances_unreadable"] * 3
    load(laid(tmp_path, amounts=AMOUNTS["side and size"]))


def test_what_a_balance_alone_looks_at_is_looked_at(tmp_path: Path) -> None:
    """A table without a rule, which is summed up."""
    cost = MAPPING[MAPPING.index("  cost:\n    on: cost") : MAPPING.index("  order:\n    on: order")]
    mapping = MAPPING.replace(cost, "")
    assert [w.code for w in load(laid(tmp_path, mapping)).warnings if w.code == "no_rule_for_table"] == []
    unread = mapping.replace("of: cost, by: machine_id", "of: payment, by: id")
    found = [w.params["table"] for w in load(laid(tmp_path, unread)).warnings if w.code == "no_rule_for_table"]
    assert found == ["cost"]
