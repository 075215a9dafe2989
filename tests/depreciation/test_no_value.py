"""Invariant 5 in a run: an expression of the mapping that has no value for an asset is that asset's fault, named with
what mends it, wherever it stands; and invariant 15 for what is said then."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncd.books.depreciation import asking, runs
from syncd.daemon import pipeline
from syncd.errors import Halt
from syncd.language import hint, say
from tests.advice import advice, advised, heard
from tests.advice.command import BY, fine
from tests.depreciation.plant import BY as ACTOR
from tests.depreciation.site import Site, carry


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def rewritten(site: Site, was: str, now: str) -> None:
    """The mapping says something else, and is accepted."""
    path = site.folder / "plant.yaml"
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now), "utf-8")
    site.accept()


def made(site: Site, period: str = "2026-02") -> list[tuple[object, ...]]:
    """A run is approved and made in a posting thread; what is depreciated then, by asset."""
    wired = site.pipeline
    computing = wired.computing
    assert computing is not None
    with closing(wired.open_ledger()) as ledger:
        assert ledger.acquire()
        asking.approve(ledger, computing, wired.periods(ledger), period, ACTOR)
        translator = wired.mapping.translator(wired.name)
        while runs.turn(ledger, translator, computing, lambda outcomes: None):
            pipeline.settle(translator, ledger, lambda outcomes: None)
    return site.ask("SELECT asset_code, accumulated_depreciation FROM fa_card ORDER BY asset_code")


NONE, MONTH = ("B", "0.00"), ("B", "1900.00")
KNOWN = "CASE WHEN expense({0}) IS NOT NULL THEN {0} END"
WHERE = [
    ("dept: department,", f'dept: "{KNOWN.format("department")}",'),
    ("department: card.dept,", f'department: "{KNOWN.format("card.dept")}",'),
]


@advice("depreciation_no_decision")
@pytest.mark.parametrize(("was", "now"), WHERE, ids=["row", "card"])
def test_a_decision_that_is_missing_keeps_that_asset_out(site: Site, was: str, now: str) -> None:
    """In a column of the computed rows as in the terms of the card: the others post, the preview says the same."""
    rewritten(site, was, now)
    site.asset("A")
    site.asset("B", dept="ZZ")
    carry(site)
    heard("depreciation_no_decision", fine("depreciate 2026-02", site.config))
    assert made(site) == [("A", "1900.00"), NONE]
    (site.folder / "expense.csv").write_text("dept,account\nSC,5101\nXZ,6602\nZZ,6602\n", "utf-8")
    fine(f"mapping accept {BY}", site.config)
    assert made(site) == [("A", "1900.00"), MONTH]


UNCOMPUTABLE = [
    ("months: months,", 'months: "months || (60 / (card.life_months - 48))::text",', "2375.00"),
    ("method: card.method,", 'method: "CASE WHEN 60 / (card.life_months - 48) > 0 THEN card.method END",', "1900.00"),
]


@advice("depreciation_uncomputable")
@pytest.mark.parametrize(("was", "now", "month"), UNCOMPUTABLE, ids=["row", "card"])
def test_what_cannot_be_computed_is_corrected_in_the_eam(site: Site, was: str, now: str, month: str) -> None:
    """A life that could be computed counted until it was changed; terms that could not never were."""
    rewritten(site, was, now)
    site.asset("A")
    site.asset("B", months=48)
    carry(site)
    heard("depreciation_uncomputable", fine("depreciate 2026-02", site.config))
    assert made(site) == [("A", "1900.00"), NONE]
    site.eam.execute("UPDATE asset SET life_months = 60, changed_on = '2026-01-20' WHERE code = 'B'")
    carry(site)
    assert made(site) == [("A", "1900.00"), ("B", month)]


UNREADABLE = [
    advised(
        "depreciation_unreadable", "share (code, dept, percent) VALUES ('B', 'SC', 'all')", "share SET percent = 100"
    ),
    advised(
        "depreciation_meter", "meter (code, period, units) VALUES ('B', 'Feb', '1')", "meter SET period = '2026-02'"
    ),
]


@pytest.mark.parametrize(("code", "wrong", "right"), UNREADABLE)
def test_a_row_beside_the_card_that_cannot_be_read(site: Site, code: str, wrong: str, right: str) -> None:
    site.asset("A")
    site.asset("B")
    site.eam.execute(f"INSERT INTO {wrong}")
    carry(site)
    heard(code, fine("depreciate 2026-02", site.config))
    assert made(site) == [("A", "1900.00"), NONE]
    site.eam.execute(f"UPDATE {right}")
    carry(site)
    assert made(site) == [("A", "1900.00"), MONTH]


@advice("depreciation_run_row")
def test_the_row_of_the_run_itself_halts_with_its_reason(site: Site) -> None:
    """It is nobody's row; once it is mended the run goes on where it was."""
    rewritten(site, "status: \"'approved'\"", 'status: "expense(period)"')
    site.asset("A")
    carry(site)
    with pytest.raises(Halt) as halted:
        made(site)
    fault = halted.value
    heard("depreciation_run_row", f"{say(fault.code, fault.params)} {hint(fault.code, fault.params)}")
    rewritten(site, 'status: "expense(period)"', "status: \"'approved'\"")
    assert made(site) == [("A", "1900.00")]
