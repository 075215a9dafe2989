"""Auxiliaries that the layout calls quantities add up with the amounts of a group; a red letter takes them back."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from syncd.errors import MappingErrors
from syncd.mapping.language.load import Mapping, load
from tests.unit.paper import EXAMPLE, MACHINE, Paper, only
from tests.unit.test_meaning import POSTED, VOUCHER


def counted(folder: Path, quantities: str = "quantities: [pieces, hours]") -> Mapping:
    """Entries that say how many pieces and hours; the rows of a status make one voucher."""
    first = VOUCHER["entries"][0] | {
        "pieces": "after.id",
        "hours": "after.original_value / 8.0",
        "asset": "after.status",
    }
    rule = POSTED | {
        "voucher": VOUCHER | {"summary": "'x'", "entries": [first, VOUCHER["entries"][1]]},
        "collect": {"group": "after.status", "post": "0 2 * * *"},
    }
    loose = POSTED | {"voucher": rule["voucher"], "when": "op = 'insert'"}
    for name in ("finance.yaml", "expense_account.csv"):
        (folder / name).write_bytes((EXAMPLE.parent / name).read_bytes())
    layout = (folder / "finance.yaml").read_text("utf-8")
    (folder / "finance.yaml").write_text(layout.replace("dims: [", f"{quantities}\ndims: [pieces, hours, "), "utf-8")
    data = yaml.safe_load(EXAMPLE.read_text("utf-8").replace("    on: ", "    'on': ").replace("{on: ", "{'on': "))
    data["rules"] = {
        "reversed": {"on": "asset", "when": "op = 'delete'", "reverse": "loose"},
        "collected": rule | {"when": "op = 'update'"},
        "loose": loose,
    }
    (folder / "variant.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return load(folder / "variant.yaml")


def test_quantities_are_added_up_with_the_amounts_of_a_group(tmp_path: Path) -> None:
    paper = Paper(counted(tmp_path))
    rows = [{**MACHINE, "id": n, "original_value": Decimal(n)} for n in (2, 3)]
    paper.post(*(paper.update("asset", row, name="x") for row in rows))
    (group,) = {row[1:3] for row in paper.book.loose}
    paper.book.due.append(group)
    voucher = only(paper.gather()).voucher
    assert voucher is not None
    first = voucher.entries[0]
    assert (first.debit, dict(first.dims)) == (5, {"pieces": 5, "hours": Decimal("0.625"), "asset": "in_use"})


def test_a_red_letter_takes_quantities_back(tmp_path: Path) -> None:
    paper = Paper(counted(tmp_path))
    paper.post(paper.insert("asset", **MACHINE | {"original_value": Decimal(4)}))
    paper.translator = paper.mapping.translator()
    red = only(paper.post(paper.change("delete", "asset", paper.row("asset", **MACHINE))))
    assert red.voucher is not None
    assert dict(red.voucher.entries[0].dims) == {"pieces": -1, "hours": Decimal("-0.5"), "asset": "in_use"}


def test_without_a_word_of_the_layout_numbers_tell_entries_apart(tmp_path: Path) -> None:
    paper = Paper(counted(tmp_path, quantities="quantities: []"))
    paper.post(*(paper.update("asset", {**MACHINE, "id": n}, name="x") for n in (2, 3)))
    paper.book.due.append(("collected", "in_use"))
    voucher = only(paper.gather()).voucher
    assert voucher is not None
    assert [e.dims.get("pieces") for e in voucher.entries] == [2, None, 3]


def test_a_quantity_is_an_auxiliary_and_a_number(tmp_path: Path) -> None:
    with pytest.raises(MappingErrors) as caught:
        counted(tmp_path, quantities="quantities: [piece]")
    assert [(e.code, e.params["nearest"]) for e in caught.value.errors] == [("unknown_dim", "pieces")]
    with pytest.raises(MappingErrors) as caught:
        counted(tmp_path, quantities="quantities: [asset]")
    assert [(e.code, e.params["dim"]) for e in caught.value.errors] == [("quantity_kind", "asset")]
