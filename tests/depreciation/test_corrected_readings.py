"""A meter reading of a month that is posted, corrected or deleted: the difference is carried once, by the next run."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import preview, recomputation, runs
from syncd.books.depreciation.methods import Method
from syncd.books.depreciation.plan import History, Posted, Terms, month_read
from syncd.books.depreciation.sources import Sources
from syncd.books.depreciation.terms import Asset
from tests.depreciation.plant import Plant

D = Decimal
FEBRUARY = month_read("2026-02")
READING: Mapping[str, object] = {"code": "A", "period": "2026-02", "units": D(1200)}


def metered() -> Plant:
    """50,000 units in all, 1,200 of them in February, posted: 2,736.00 of 114,000.00."""
    plant = Plant()
    plant.asset("A", "120000.00", 60, method="units", units=D(50000))
    plant.commit(plant.insert("meter", **READING))
    plant.rest()
    plant.run("2026-02")
    assert plant.accumulated("A") == D("2736.00")
    return plant


def read(plant: Plant, old: int, new: int) -> None:
    plant.commit(plant.update("meter", {**READING, "units": D(old)}, units=D(new)))
    plant.rest()


def work(plant: Plant, period: str, units: int) -> None:
    plant.commit(plant.insert("meter", code="A", period=period, units=D(units)))
    plant.rest()


def test_a_reading_that_is_corrected_after_its_month_is_caught_up_and_the_line_says_which_month() -> None:
    """Once, and the check agrees."""
    plant = metered()
    read(plant, 1200, 12000)
    plant.close("2026-02")
    work(plant, "2026-03", 1000)
    march = month_read("2026-03")
    seen = preview.preview(plant.ledger, plant.computing, plant.periods(), march, lambda *_: None)
    (changed,) = seen.changes
    assert (changed.now, changed.months) == (D("26904.00"), "2026-02…2026-03")
    assert "corrected" in changed.reasons
    assert plant.run("2026-03").state == "asked"
    assert plant.accumulated("A") == D("29640.00")  # 13,000 of 50,000
    assert any("2026-02…2026-03" in str(summary) for *_, summary in plant.entries("2026-03"))
    assert plant.run("2026-03").state == "posted"
    for month in (FEBRUARY, march):
        assert list(recomputation.check(plant.ledger, plant.computing, month, lambda *_: None)) == [None]


def test_an_open_month_is_run_again_for_a_corrected_reading() -> None:
    """Lately it said that all was posted."""
    plant = metered()
    read(plant, 1200, 12000)
    assert plant.run("2026-02").state == "asked"
    assert plant.accumulated("A") == D("27360.00")
    plant.reverse("2026-02")
    assert plant.accumulated("A") == D(0)
    plant.run("2026-02")
    assert plant.accumulated("A") == D("27360.00")


def test_a_reading_that_is_corrected_to_less_is_set_off_once_later_months_carry_it() -> None:
    """No run posts below zero; what the check finds meanwhile has its reason."""
    plant = metered()
    plant.commit(plant.delete("meter", **READING))
    plant.rest()
    assert plant.run("2026-02").state == "posted"
    (found,) = recomputation.check(plant.ledger, plant.computing, FEBRUARY, lambda *_: None)
    assert found is not None
    assert (found.computed, found.found) == (D(0), D("2736.00"))
    work(plant, "2026-03", 1000)
    plant.run("2026-03")
    assert plant.accumulated("A") == D("2736.00")
    work(plant, "2026-04", 1000)
    plant.run("2026-04")
    assert plant.accumulated("A") == D("4560.00")  # 2,000 of 50,000
    assert plant.expense("2026-04") == {"5101": D("1824.00")}


readings_ = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 4000)), max_size=40)


@settings(deadline=None, max_examples=150)
@example(1, [*[(0, 0)] * 9, (0, 2811), (1, 4000), *[(2, 0)] * 6, (2, 3189), (0, 0)], set())
@example(100, [*[(0, 5000)] * 3, (0, 2000), (1, 8000)], set())
@given(st.integers(1, 10_000_00), readings_, st.sets(st.integers(0, 11)))
def test_any_readings_in_any_order_sum_to_cost_less_residual(
    value: int, readings: list[tuple[int, int]], skipped: set[int]
) -> None:
    """A reading may be corrected between any two runs: no run and no month in total is below zero, never more than
    C − S, and once all the work is done and told, all months together are the plan. Months differ from it only where
    the last run had nothing to post, for what it would have set off was as much as it would have added."""
    terms = Terms(FEBRUARY - 1, D(value).scaleb(-2), D(0), D("0.05"), 60, Method.UNITS, units=D(10_000))
    history = History([terms])
    asset = Asset("A", {}, history, [])
    ceiling = plans.room(history, Posted(), FEBRUARY)
    told: dict[int, Decimal] = {}
    books: dict[int, int] = {}
    for at in range(14):
        for month, units in readings[at * 3 : at * 3 + 3]:
            told[FEBRUARY + month] = D(units)
        if at == 13:
            told[FEBRUARY + 13] = D(60_000)  # all that can be done is done
        if at in skipped:
            continue
        posted = {"A": Posted(frozenset(books), sum(books.values()), dict(books))} if books else {}
        (owed,) = runs.owed([asset], posted, Sources({"A": told}, {}), FEBRUARY + at, ())
        assert all(sum(cents for _, cents in months) > 0 for months in owed.periods.values())
        for months in owed.periods.values():
            for month, cents in months:
                books[month] = books.get(month, 0) + cents
        assert sum(books.values()) <= ceiling
        assert min(books.values(), default=0) >= 0
    planned = plans.plan(history, told)
    assert sum(books.values()) == ceiling
    left = {month: planned.amount(month) - books.get(month, 0) for month in range(FEBRUARY, FEBRUARY + 14)}
    assert books.keys() <= left.keys()
    if owed.periods:
        assert not any(left.values())
    else:
        assert min(left.values()) < 0 < max(left.values()) or not any(left.values())
