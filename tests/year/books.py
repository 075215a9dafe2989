"""What the cards should hold, written from the accounting facts alone and month by month. It shares no code with the
product: nothing here may be imported from it.

- Added this month: depreciates from the next. Removed this month: still depreciates this month.
- Straight line (C - S) / months; double declining 2/N x opening book value by years of the life, S ignored, the last
  two years even; sum of years' digits. Half up to the cent each month; the last month of the life, or of a year of
  it, takes the remainder; accumulated never exceeds C - S.
- What is booked is not restated: after a change what is left of the carrying amount spreads over what is left of the
  life, from the month after. An error of cost alone is caught up, in proportion to the cost.
- A disposal taken back was none: the asset goes on.

Amounts are whole cents, rates are fractions, a month is year x 12 + month - 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


class Terms(NamedTuple):
    """What a month's depreciation follows from."""

    cost: int
    impairment: int
    residual: Fraction
    life: int
    method: str


@dataclass
class Asset:
    """An asset as it stands. `status` is in_use, leaving (in the month of its disposal), clearing, disposed or
    cancelled; `month_of` is the month of readiness; `used` counts the months of its life that are gone;
    `owed` is what the schedule in force still has to give, the next month first."""

    terms: Terms
    month_of: int
    dept: str
    accumulated: int = 0
    used: int = 0
    status: str = "in_use"
    in_force: Terms | None = None
    owed: list[int] = field(default_factory=list)
    charges: dict[int, int] = field(default_factory=dict)
    """Month → what it carried."""


class Books:
    """All assets by code. Events of a month are told before `end` is called for it."""

    def __init__(self) -> None:
        self.assets: dict[str, Asset] = {}
        self._before: dict[str, tuple[Terms, int]] = {}

    def opened(self, code: str, terms: Terms, month_of: int, dept: str, until: int) -> int:
        """An asset taken over that was depreciated up to `until`; the amount."""
        asset = Asset(terms, month_of, dept, in_force=terms)
        asset.owed = list(schedule(terms, terms.cost, terms.life))
        asset.used = until - month_of
        asset.accumulated = sum(asset.owed[: asset.used])
        asset.owed = asset.owed[asset.used :]
        self.assets[code] = asset
        return asset.accumulated

    def bought(self, code: str, terms: Terms, month: int, dept: str) -> None:
        """An asset is ready for use."""
        self.assets[code] = Asset(terms, month, dept)

    def changed(self, code: str, **terms: object) -> None:
        """New terms, from the next month on."""
        asset = self.assets[code]
        asset.terms = asset.terms._replace(**terms)

    def cost_was_wrong(self, code: str, cost: int) -> int:
        """An error of cost: the depreciation that is booked is caught up in proportion; the amount."""
        asset = self.assets[code]
        caught = half_up(Fraction(asset.accumulated * (cost - asset.terms.cost), asset.terms.cost))
        self.changed(code, cost=cost)
        caught = min(caught, limit(asset.terms) - asset.accumulated)
        asset.accumulated += caught
        return caught

    def start(self) -> None:
        """A month begins: what stands now is what it is depreciated by."""
        self._before = {code: (asset.terms, asset.accumulated) for code, asset in self.assets.items()}

    def end(self, month: int) -> None:
        """The month's depreciation; what is disposed of in it still bears it."""
        for code, asset in self.assets.items():
            if asset.status not in ("in_use", "leaving") or month <= asset.month_of or code not in self._before:
                continue
            terms, accumulated = self._before[code]
            if asset.in_force != terms:
                asset.in_force = terms
                book = terms.cost - terms.impairment - accumulated
                asset.owed = list(schedule(terms, book, terms.life - asset.used))
            amount = asset.owed.pop(0) if asset.owed else 0
            room = limit(asset.terms) - asset.accumulated
            amount = max(0, min(amount, room))
            asset.used += 1
            asset.accumulated += amount
            if amount:
                asset.charges[month] = amount


def limit(terms: Terms) -> int:
    """What may be depreciated in all."""
    return terms.cost - terms.impairment - half_up(terms.cost * terms.residual)


def schedule(terms: Terms, book: int, left: int) -> Iterator[int]:
    """What each of the months that are left carries, as a book value comes down to the residual."""
    rest = max(0, book - half_up(terms.cost * terms.residual))
    if left <= 0:
        yield rest
        return
    years = ([left % 12] if left % 12 else []) + [12] * (left // 12)
    if terms.method == "straight_line":
        yield from even(rest, left)
    elif terms.method == "sum_of_years":
        digits = [months * (len(years) - n) for n, months in enumerate(years)]
        for months, part in zip(years, parts(rest, digits), strict=True):
            yield from even(part, months)
    else:
        yield from declining(book, rest, years, left)


def declining(book: int, rest: int, years: list[int], left: int) -> Iterator[int]:
    """Twice the straight line's rate on the book value that opens each year."""
    life = left
    while left > 24:
        months = years.pop(0)
        part = min(half_up(Fraction(2 * book * months, life)), rest)
        yield from even(part, months)
        book, rest, left = book - part, rest - part, left - months
    for months, part in zip(years, parts(rest, years), strict=True):
        yield from even(part, months)


def parts(total: int, weights: list[int]) -> Iterator[int]:
    """A total by weights; the last takes the remainder."""
    given = 0
    for weight in weights[:-1]:
        part = min(half_up(Fraction(total * weight, sum(weights))), total - given)
        given += part
        yield part
    yield total - given


def even(total: int, months: int) -> Iterator[int]:
    """A total over months."""
    return parts(total, [1] * months)


def half_up(value: Fraction | int) -> int:
    """To the nearest whole, halves away from zero."""
    whole, rest = divmod(abs(Fraction(value)), 1)
    rounded = int(whole) + (rest >= Fraction(1, 2))
    return rounded if value >= 0 else -rounded
