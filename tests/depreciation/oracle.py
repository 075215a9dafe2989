"""Depreciation once more, written from the accounting facts alone, month by month, in fractions. It shares no code with
the product: nothing here may be imported from it.

- Added this month: depreciates from the next. Removed this month: still depreciates this month.
- Straight line (C - S) / months; double declining 2/N x opening book value by years of the life, S ignored, the last
  two years even; sum of years' digits; units (C - S) / total x units of the month.
- Half up to the cent each month; the last month takes the remainder; accumulated never exceeds C - S.
- A change is prospective: from the month after, what is left spreads over the life that is left.
"""

from fractions import Fraction
from typing import NamedTuple


class State(NamedTuple):
    """Terms from the month after `month` on, all in cents and months; `residual` is a share."""

    month: int
    cost: int
    impairment: int
    residual: Fraction
    life: int
    method: str
    depreciates: bool = True


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def months(states: list[State], until: int) -> dict[int, int]:
    """What each month up to `until` carries."""
    found: dict[int, int] = {}
    booked = used = 0
    spread: list[int] = []
    terms: tuple[object, ...] = ()
    for month in range(states[0].month + 1, until + 1):
        state = [s for s in states if s.month < month][-1]
        if state[1:] != terms:
            terms = state[1:]
            spread = _spread(state, booked, used) if state.depreciates else []
        if not state.depreciates:
            continue
        amount = spread.pop(0) if spread else 0
        if amount:
            found[month] = amount
        booked, used = booked + amount, used + 1
    return found


def _spread(state: State, booked: int, used: int) -> list[int]:
    floor = half_up(state.cost * state.residual)
    book = state.cost - state.impairment - booked
    rest = max(0, book - floor)
    left = state.life - used
    if left <= 0:
        return [rest]
    years = ([left % 12] if left % 12 else []) + [12] * (left // 12)
    if state.method == "straight_line":
        return _even(rest, left)
    out: list[int] = []
    if state.method == "sum_of_years":
        count = len(years)
        weights = [n * (count - i) for i, n in enumerate(years)]
        gone = 0
        for i, n in enumerate(years):
            last = i == count - 1
            part = rest - gone if last else min(half_up(Fraction(rest * weights[i], sum(weights))), rest - gone)
            gone += part
            out += _even(part, n)
        return out
    gone, open_months = 0, left
    for i, n in enumerate(years):
        if open_months <= 24:
            tail, part_gone = rest - gone, 0
            for k, m in enumerate(years[i:]):
                share = tail - part_gone if k == len(years[i:]) - 1 else min(
                    half_up(Fraction(tail * m, open_months)), tail - part_gone
                )  # fmt: skip
                part_gone += share
                out += _even(share, m)
            return out
        part = max(0, min(half_up(Fraction((book - gone) * 2 * n, left)), rest - gone))
        gone += part
        open_months -= n
        out += _even(part, n)
    return out


def _even(total: int, count: int) -> list[int]:
    share = half_up(Fraction(total, count))
    out, gone = [], 0
    for _ in range(count - 1):
        part = min(share, total - gone)
        gone += part
        out.append(part)
    return [*out, total - gone]
