"""What comes from the EAM beside cards, read for a run."""

from decimal import Decimal

import pytest

from syncd.books.depreciation import asking, runs, sources, terms
from syncd.daemon import pipeline
from tests.depreciation.plant import BY, Plant


def _metered(assets: int) -> Plant:
    plant = Plant()
    for n in range(assets):
        plant.asset(f"A{n}", "120000.00", 60, method="units", units=Decimal(50000))
        plant.commit(plant.insert("meter", code=f"A{n}", period="2026-02", units=Decimal(1200)))
    plant.rest()
    return plant


def test_invariant_11_meters_are_read_once_a_run_and_not_for_each_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with a meter on each asset: what a run takes grows with their number, not with its square."""
    monkeypatch.setattr(terms, "ASSETS_MAX", 1)
    plant, read = _metered(5), list[str]()
    real = sources.read
    monkeypatch.setattr(sources, "read", lambda *given: (read.append("read"), real(*given))[1])
    for period in ("2026-03", "2026-04"):
        asking.approve(plant.ledger, plant.computing, plant.periods(), period, BY)
        before = len(read)
        plant.compute()
        assert len(read) == before + 1
    assert plant.expense("2026-02") == {"5101": Decimal("13680.00")}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_meter_that_is_read_while_a_run_is_made_is_seen_by_the_run_or_by_the_next(
    monkeypatch: pytest.MonkeyPatch, restarts: bool
) -> None:
    """Nothing of it is lost, and nothing is posted twice."""
    monkeypatch.setattr(terms, "ASSETS_MAX", 1)
    plant = _metered(3)
    asking.approve(plant.ledger, plant.computing, plant.periods(), "2026-03", BY)
    turn = runs.turns(plant.computing)
    assert turn(plant.ledger, plant.translator, lambda outcomes: None)
    for n in range(3):
        plant.commit(plant.insert("meter", code=f"A{n}", period="2026-03", units=Decimal(100)))
    plant.rest()
    if restarts:
        turn = runs.turns(plant.computing)
    while turn(plant.ledger, plant.translator, lambda outcomes: None):
        pipeline.settle(plant.translator, plant.ledger, lambda outcomes: None)
    plant.rest()
    plant.run("2026-04")
    assert [plant.accumulated(f"A{n}") for n in range(3)] == [Decimal("2964.00")] * 3
