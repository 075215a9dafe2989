"""Depreciation: the test vectors of the accounting handbook, and what must hold for every asset."""

from datetime import date
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.books.depreciation.methods import Method, Revision, Terms, month_by_units, months_due, residual, schedule

RATE = Decimal("0.05")
HANDBOOK = Terms(Method.STRAIGHT_LINE, Decimal(120_000), RATE, 60)
TIMED = [Method.STRAIGHT_LINE, Method.DOUBLE_DECLINING, Method.SUM_OF_YEARS]


def yearly(terms: Terms) -> list[Decimal]:
    months = list(schedule(terms))
    return [sum(months[i : i + 12], Decimal(0)) for i in range(0, len(months), 12)]


def test_straight_line_vector() -> None:
    assert set(schedule(HANDBOOK)) == {Decimal("1900.00")}


@pytest.mark.parametrize(
    ("method", "years"),
    [
        (Method.DOUBLE_DECLINING, ["48000", "28800", "17280", "9960", "9960"]),
        (Method.SUM_OF_YEARS, ["38000", "30400", "22800", "15200", "7600"]),
    ],
)
def test_accelerated_vectors(method: Method, years: list[str]) -> None:
    assert yearly(HANDBOOK._replace(method=method)) == [Decimal(y) for y in years]


def test_last_month_of_a_year_absorbs_the_rounding() -> None:
    months = list(islice(schedule(HANDBOOK._replace(method=Method.SUM_OF_YEARS)), 12))
    assert months[0] == Decimal("3166.67")
    assert months[11] - months[0] == Decimal("-0.04")


def test_units_of_production_vector() -> None:
    terms = HANDBOOK._replace(method=Method.UNITS, units=Decimal(50_000))
    assert month_by_units(terms, Decimal(0), Decimal(0), Decimal(1)) == Decimal("2.28")
    assert month_by_units(terms, Decimal(0), Decimal(0), Decimal(1_200)) == Decimal("2736.00")
    assert month_by_units(terms, Decimal("113999.99"), Decimal(49_999), Decimal(9)) == Decimal("0.01")
    with pytest.raises(ValueError, match="units of production"):
        next(schedule(terms))


def test_the_unit_that_completes_the_total_takes_what_rounding_left() -> None:
    terms = Terms(Method.UNITS, Decimal("100.00"), Decimal(0), 0, Decimal(3))
    assert month_by_units(terms, Decimal("33.33"), Decimal(1), Decimal(1)) == Decimal("33.33")
    assert month_by_units(terms, Decimal("66.66"), Decimal(2), Decimal(1)) == Decimal("33.34")


def test_ten_machine_tools_depreciate_twelve_thousand_a_month() -> None:
    tool = Terms(Method.STRAIGHT_LINE, Decimal("151578.95"), RATE, 120)
    assert 10 * next(schedule(tool)) == Decimal("12000.00")


def test_added_this_month_counts_from_the_next_and_removed_this_month_still_counts() -> None:
    assert months_due(date(2026, 1, 31), date(2026, 1, 31)) == 0
    assert months_due(date(2026, 1, 1), date(2026, 2, 28)) == 1
    assert months_due(date(2025, 12, 31), date(2026, 12, 31), removed=date(2026, 2, 1)) == 2


def test_upgrade_is_prospective() -> None:
    """+50,000 after two years: what was booked stays, the new carrying amount spreads over the three left."""
    months = list(schedule(HANDBOOK, [Revision(24, added_value=Decimal(50_000))]))
    assert months[:24] == [Decimal("1900.00")] * 24
    assert months[24] == Decimal("3219.44")  # (170,000 − 45,600 − 8,500) / 36
    assert sum(months) == Decimal(170_000) - Decimal(8_500)


def test_impairment_spreads_the_new_carrying_amount_over_the_life_left() -> None:
    months = list(schedule(HANDBOOK, [Revision(30, impairment=Decimal(15_000))]))
    assert months[30] == Decimal("1400.00")
    assert sum(months) == Decimal(114_000) - Decimal(15_000)


def test_longer_life_after_the_end_starts_again() -> None:
    months = list(schedule(HANDBOOK, [Revision(62, added_value=Decimal(12_000), added_months=12)]))
    assert months[59:63] == [Decimal("1900.00"), Decimal(0), Decimal(0), Decimal("950.00")]
    assert len(months) == 74


amounts = st.decimals(min_value=0, max_value=10**9, places=2)
lives = st.integers(min_value=1, max_value=300)
rates = st.decimals(min_value=0, max_value=1, places=4)
terms = st.builds(Terms, st.sampled_from(TIMED), amounts, rates, lives, st.just(Decimal(0)))


@given(terms)
def test_whole_life_takes_exactly_the_depreciable_amount(terms: Terms) -> None:
    months = list(schedule(terms))
    assert len(months) == terms.life_months
    assert min(months) >= 0
    assert sum(months) == terms.original_value - residual(terms.original_value, terms.residual_rate)


revisions = st.builds(
    Revision, st.integers(0, 300), amounts, st.decimals(min_value=0, max_value=10**9, places=2), st.integers(0, 60)
)


@given(terms, st.lists(revisions, max_size=3))
def test_never_beyond_the_depreciable_amount_whatever_changes(terms: Terms, changes: list[Revision]) -> None:
    months = list(schedule(terms, changes))
    cost = terms.original_value + sum(c.added_value for c in changes)
    assert min(months, default=Decimal(0)) >= 0
    assert sum(months) <= cost


@given(terms, st.lists(revisions, max_size=3))
def test_a_change_never_restates_what_was_booked(terms: Terms, changes: list[Revision]) -> None:
    booked = min((c.after_months for c in changes), default=0)
    before = list(islice(schedule(terms), booked))
    assert list(islice(schedule(terms, changes), len(before))) == before


@given(amounts, st.lists(st.decimals(min_value=0, max_value=500, places=2), min_size=1, max_size=40))
def test_units_of_production_ends_on_the_depreciable_amount(cost: Decimal, work: list[Decimal]) -> None:
    total = sum(work, Decimal(0)) or Decimal(1)
    terms = Terms(Method.UNITS, cost, RATE, 0, total)
    accumulated = done = Decimal(0)
    for units in [*work, total]:
        month = month_by_units(terms, accumulated, done, units)
        assert month >= 0
        accumulated, done = accumulated + month, done + units
    assert accumulated == cost - residual(cost, RATE)
