"""What another mapping would make of the last changes: the books as they stood, and every kind of change over them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.books import comparison
from syncd.books.comparison import Comparison
from syncd.demo import eam
from syncd.demo.month import life
from syncd.demo.stage import Stage, built, running
from syncd.files import shipped
from syncd.mapping.language import load
from tests.shipped import copied

DEVICES = 30
RENAMED = "FA-SC-2001"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A month of asset life, carried: approvals, bad rows, corrections, disposals, the month's depreciation."""
    with built(tmp_path_factory.mktemp("stage"), DEVICES, date(2026, 11, 20)) as made:
        with running(made):
            for _ in life(made):
                pass
            _repair_then_move(made, "FA-SC-2001")
            _rename(made, RENAMED)
        yield made


def test_invariant_13_the_same_mapping_would_make_the_same_of_the_last_changes(stage: Stage) -> None:
    """A month's changes, each over the books as they stood before it: cards, source rows, postings, decisions."""
    found = _compared(stage, shipped("mappings", "demo.yaml"))
    assert found.differences == []
    assert found.compared == found.of > 100


@pytest.mark.parametrize("last", [5, 20, 45, 60, 80, 95])
def test_the_books_are_seen_as_they_stood_before_the_first_of_them(
    stage: Stage, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the last ones begin: what came before is taken from the record, and what they brought is taken back. A
    row that was parked with one before them brings that one along."""
    monkeypatch.setattr(comparison, "CHANGES_MAX", last)
    found = _compared(stage, shipped("mappings", "demo.yaml"))
    assert found.differences == []
    assert last <= found.compared == found.of < last + 5


def test_what_another_mapping_would_make_is_shown_beside_what_became(stage: Stage, tmp_path: Path) -> None:
    """A check that refuses, a limit that lets less pass: and all else stays as it was."""
    path = copied(tmp_path / "mappings") / "demo.yaml"
    text = path.read_text("utf-8").replace("approval_above: 5000000 ", "approval_above: 4000000 ")
    text = text.replace("after.amount > 0\n", "after.amount > 9e9\n")
    path.write_text(text, "utf-8")
    found = {(d.table, d.subject): d for d in _compared(stage, path).differences}

    (impairment,) = (d for (table, _), d in found.items() if table == "impairment")
    (parked,) = impairment.would
    assert parked.code == "fate_failed"
    assert parked.params == {"rule": "impairment", "code": "require"}
    line = found["asset", "FA-SC-2101"]
    assert [(said.code, said.params["rule"]) for said in line.was] == [("fate_posted", "registration")]
    assert [said.code for said in line.would] == ["fate_approval"]
    assert ("asset", "FA-SC-2102") not in found, "it was approved then, and that counts"
    assert ("asset", "FA-SC-2002") not in found


def test_a_posting_without_a_voucher_is_shown_too(stage: Stage, tmp_path: Path) -> None:
    """A rule that changes the card alone."""
    path = copied(tmp_path / "mappings") / "demo.yaml"
    text = path.read_text("utf-8")
    changed = text.replace(
        "change: {asset_code: after.asset_code, name: after.name}",
        "change: {asset_code: after.asset_code, name: upper(after.name) || '!'}",
    )
    assert changed != text
    path.write_text(changed, "utf-8")
    assert [
        said.params["rule"] for d in _compared(stage, path).differences for said in d.was if d.subject == RENAMED
    ] == ["renamed"]


def _repair_then_move(stage: Stage, code: str) -> None:
    """The repair was borne by the department where the machine stood then."""
    ((machine,),) = stage.eam.execute("SELECT id FROM asset WHERE asset_code = ?", (code,)).fetchall()
    eam.repair(stage.eam, machine, Decimal("700.00"), Decimal("91.00"), stage.today)
    stage.posted("repair", [code])
    eam.transfer(stage.eam, machine, 4, stage.today)
    stage.posted("transfer", [code])


def _rename(stage: Stage, code: str) -> None:
    with stage.eam:
        stage.eam.execute("UPDATE asset SET name = 'a lathe' WHERE asset_code = ?", (code,))
    stage.posted("renamed", [code])


def _compared(stage: Stage, path: Path) -> Comparison:
    pipeline = replace(stage.pipeline, mapping=load.load(path))
    with closing(pipeline.open_ledger()) as ledger:
        return pipeline.compare(ledger)
