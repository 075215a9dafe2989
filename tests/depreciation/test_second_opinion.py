"""The check computes apart from the plan: both say the same of any history, and where a fault is put into the plan, the
check finds what it had posted."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.books.depreciation import methods as depreciation
from syncd.books.depreciation import plan, recomputation, second_opinion
from syncd.books.depreciation.methods import Method
from syncd.books.depreciation.plan import Form, History, Opening, Terms, month_of, month_read
from tests.depreciation.plant import Plant

JANUARY = month_of(date(2026, 1, 1))
MONEY = st.integers(min_value=0, max_value=9_000_000_00).map(lambda cents: Decimal(cents).scaleb(-2))
UNTIL = 260


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, dict[int, Decimal]]:
    """Any terms, changed up to four times, rebuilt too; with an opening or not, from elsewhere or from a split within,
    and a meter's work."""
    terms: list[Terms] = []
    month = JANUARY
    value, beside = draw(MONEY), Decimal(0)
    for n in range(draw(st.integers(1, 5))):
        beside += draw(st.sampled_from((Decimal(0), Decimal("12.34"), Decimal("-1.00")))) if n else Decimal(0)
        terms.append(
            Terms(
                month,
                value,
                (value * draw(st.integers(0, 30)) / 100).quantize(Decimal("0.01")),
                Decimal(draw(st.integers(0, 30))) / 100,
                draw(st.integers(1, 150)),
                draw(st.sampled_from(Method)),
                draw(st.booleans()) or n == 0,
                Decimal(draw(st.integers(1, 5_000))),
                beside,
                draw(st.one_of(st.none(), st.integers(JANUARY, month))),
            )
        )
        month += draw(st.integers(0, 40))
        value = draw(st.one_of(st.just(value), MONEY))
    opening = None
    if draw(st.booleans()):
        opening = Opening(
            (terms[0].original_value * draw(st.integers(0, 90)) / 100).quantize(Decimal("0.01")),
            JANUARY + draw(st.integers(0, 30)),
            draw(st.booleans()),
        )
    months = st.integers(JANUARY, JANUARY + draw(st.sampled_from((12, UNTIL))))
    work = draw(st.dictionaries(months, st.integers(0, 400).map(Decimal), max_size=12))
    return History(terms, opening, draw(st.sampled_from(Form))), work


@settings(deadline=None, max_examples=200)
@given(histories(), st.lists(st.integers(0, UNTIL), min_size=12, max_size=12))
def test_two_computations_say_the_same_of_any_history(
    said: tuple[History, dict[int, Decimal]], months: list[int]
) -> None:
    """Every method and form, openings, changes, what was booked beside, work by meter."""
    history, work = said
    planned = plan.plan(history, work)
    for month in {*months, *range(12)}:
        assert second_opinion.month_cents(history, JANUARY + month, work) == planned.amount(JANUARY + month)


def test_of_the_plan_the_check_uses_the_words_alone() -> None:
    """Nothing that the plan computes: else a fault of it is repeated."""
    text = Path(second_opinion.__file__).read_text("utf-8")
    imported = [line for line in text.splitlines() if line.startswith("from syncd")]
    assert imported == [
        "from syncd.books.depreciation.methods import Method",
        "from syncd.books.depreciation.plan import Form, History, Terms",
    ]


FAULTS: list[tuple[str, Callable[[pytest.MonkeyPatch], None]]] = [
    ("rounded down", lambda m: m.setattr(plan, "half_up", lambda above, below: above // below)),
    ("residual forgotten", lambda m: m.setattr(plan, "_value", lambda t: (depreciation.cents(t.original_value), 0))),
    (
        "years even",
        lambda m: m.setattr(depreciation, "_double_declining", lambda c, f, y: [(c - f) // len(y)] * len(y)),
    ),
]


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_what_a_fault_of_the_plan_had_posted_is_found(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Where syncd computes, the check held the plan against itself, and all agreed."""
    plant = Plant()
    plant.asset("A", "100000.00", 61)
    plant.asset("B", "100000.00", 60, method="double_declining")
    with monkeypatch.context() as broken:
        plan._listed.cache_clear()
        fault(broken)
        plant.run("2026-02")
    plan._listed.cache_clear()
    found = [*recomputation.check(plant.ledger, plant.computing, month_read("2026-02"), lambda *_: None)]
    assert any(one is not None for one in found)
    plant = Plant()
    plant.asset("A", "100000.00", 61)
    plant.run("2026-02")
    assert [*recomputation.check(plant.ledger, plant.computing, month_read("2026-02"), lambda *_: None)] == [None]


def test_what_was_booked_beside_before_the_first_month_counts_is_left_out_of_what_spreads() -> None:
    """An error of cost that is caught up in the month of the addition: all months together with it are cost less
    residual, not more."""
    terms = Terms(JANUARY, Decimal("1200.00"), Decimal(0), Decimal(0), 12, Method.STRAIGHT_LINE)
    history = History([terms, terms._replace(beside=Decimal("120.00"))])
    months = range(JANUARY + 1, JANUARY + 13)
    assert sum(plan.plan(history).amount(month) for month in months) == 1_080_00
    assert sum(second_opinion.month_cents(history, month) for month in months) == 1_080_00
