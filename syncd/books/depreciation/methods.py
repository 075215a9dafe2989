"""Depreciation as Chinese accounting computes it (CAS 4): four methods, changes from the next month on.

C is the original value, S = C × residual rate, N the life in years. Each month is rounded half-up to 0.01, the
last month of a year (of the life, for the straight line) takes the remainder, and no month takes the accumulated
amount beyond C − S. An upgrade, a correction, an impairment or a new life never restates what was booked: the
carrying amount less S spreads over the months that are left.

Inside, amounts are whole cents: integers divide exactly and round where we say.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from syncd.money import EXACT, ZERO, round_half_up

YEAR = 12
LAST_YEARS = 2 * YEAR
"""Double declining turns even for its last two years."""


class Method(StrEnum):
    """How the amount spreads over the life."""

    STRAIGHT_LINE = "straight_line"  # 年限平均法
    DOUBLE_DECLINING = "double_declining"  # 双倍余额递减法
    SUM_OF_YEARS = "sum_of_years"  # 年数总和法
    UNITS = "units"  # 工作量法


class Terms(NamedTuple):
    """What an asset's depreciation follows from. Amounts in yuan; `residual_rate` is a share (0.05); `units` is
    the total work the asset can do, for the units of production method alone."""

    method: Method
    original_value: Decimal
    residual_rate: Decimal
    life_months: int
    units: Decimal = ZERO


class Revision(NamedTuple):
    """A change that counts from the month after `after_months` depreciated months: an amount added to the
    original value (negative for a correction downwards), an impairment, months added to the life."""

    after_months: int
    added_value: Decimal = ZERO
    impairment: Decimal = ZERO
    added_months: int = 0


def months_due(registered: date, until: date, removed: date | None = None) -> int:
    """How many months an asset has depreciated at the end of `until`'s month. The month it was added does not
    count, the month it was removed does."""
    end = until if removed is None else min(until, removed)
    return max(0, (end.year - registered.year) * YEAR + end.month - registered.month)


def residual(original_value: Decimal, rate: Decimal) -> Decimal:
    """S, to the cent."""
    return round_half_up(EXACT.multiply(original_value, rate))


def schedule(terms: Terms, revisions: Sequence[Revision] = ()) -> Iterator[Decimal]:
    """The amount of each month of the life, for the three methods that time alone drives."""
    if terms.method is Method.UNITS:
        raise ValueError("units of production follows the work done: see month_by_units")
    original, carrying = terms.original_value, cents(terms.original_value)
    left, months = terms.life_months, 0
    for revision in (*sorted(revisions), None):
        stretch = left if revision is None else max(0, revision.after_months - months)
        floor = cents(residual(original, terms.residual_rate))
        for share in islice(monthly(terms.method, carrying, floor, left), stretch):
            yield yuan(share)
            carrying -= share
        for _ in range(stretch - left):
            yield ZERO
        left, months = max(0, left - stretch), months + stretch
        if revision is not None:
            original += revision.added_value
            carrying += cents(revision.added_value - revision.impairment)
            left += revision.added_months


def month_by_units(terms: Terms, accumulated: Decimal, done: Decimal, units: Decimal) -> Decimal:
    """One month under units of production: `done` units of work before, `units` in the month. The unit that
    completes the total takes the remainder."""
    depreciable = max(ZERO, terms.original_value - residual(terms.original_value, terms.residual_rate))
    open_amount = max(ZERO, depreciable - accumulated)
    if done + units >= terms.units:
        return open_amount
    return min(open_amount, round_half_up(EXACT.divide(EXACT.multiply(depreciable, units), terms.units)))


def monthly(method: Method, carrying: int, floor: int, left: int) -> Iterator[int]:
    """Monthly amounts in cents as `carrying` spreads down to `floor` over `left` months. A life that is no whole
    number of years, as after a change, begins with the odd months: years run from the first depreciation month."""
    depreciable = max(0, carrying - floor)
    whole, odd = divmod(left, YEAR)
    years = [odd] * (odd > 0) + [YEAR] * whole
    if not years:
        return
    if method is Method.STRAIGHT_LINE:
        yield from _split(depreciable, [1] * left)
        return
    if method is Method.SUM_OF_YEARS:
        digits = [months * (len(years) - i) for i, months in enumerate(years)]
        amounts = list(_split(depreciable, digits))
    else:
        amounts = _double_declining(carrying, floor, years)
    for months, amount in zip(years, amounts, strict=True):
        yield from _split(amount, [1] * months)


def _double_declining(carrying: int, floor: int, years: Sequence[int]) -> list[int]:
    left = life = sum(years)
    amounts: list[int] = []
    while left > LAST_YEARS:
        months = years[len(amounts)]
        amount = max(0, min(half_up(carrying * 2 * months, life), carrying - floor))
        amounts.append(amount)
        carrying, left = carrying - amount, left - months
    return amounts + list(_split(max(0, carrying - floor), years[len(amounts) :]))


def _split(total: int, weights: Sequence[int]) -> Iterator[int]:
    """`total` in proportion to the weights, each share rounded half-up, the last taking the remainder."""
    whole, left = sum(weights), total
    for weight in weights[:-1]:
        share = min(half_up(total * weight, whole), left)
        yield share
        left -= share
    yield left


def half_up(numerator: int, denominator: int) -> int:
    """The quotient, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def cents(amount: Decimal) -> int:
    """Whole cents of yuan. Raises ValueError for a fraction of one."""
    found = EXACT.scaleb(amount, 2)
    whole = int(found)
    if found != whole:
        raise ValueError(f"more than two decimal places: {amount}")
    return whole


def yuan(cents: int) -> Decimal:
    """The inverse of `cents`."""
    return Decimal(cents).scaleb(-2)
