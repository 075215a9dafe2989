"""How amounts of one kind lie: the median and the spread of their logarithms, and how far off one of them is.

The median and the median absolute deviation (MAD) are robust: the slips that are looked for do not move them. An amount
counts by the thousandth of its decimal logarithm, 0.23 %, so that a class of a million assets takes no more memory than
one of a thousand. The distance is Iglewicz and Hoaglin's modified z-score, 0.6745 (x − median) / MAD (ASQC Basic
References in Quality Control 16, 1993), which takes 3.5 for an outlier.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from math import log10
from typing import Final, NamedTuple

STEPS_PER_DECADE: Final = 1_000
NORMAL: Final = 0.6745
"""The MAD of a normal distribution in its standard deviations."""
SPREAD_MIN: Final = 0.03
"""Where all amounts are nearly alike a spread of none would make each an outlier that is a few per cent off."""
AMOUNTS_MIN: Final = 5
"""Of fewer, nobody can say what is usual."""
SLIP_TOLERANCE: Final = 0.2
"""How far, in decades, a slip of whole places may land from the median."""


class Distance(NamedTuple):
    """How far an amount is from its like: robust standard deviations, decades, and the median in yuan. `places` is by
    how many places the point has slipped, 0 where that does not explain it; `off` how far from whole places."""

    deviations: float
    decades: float
    median: Decimal
    places: int
    off: float


class Spread:
    """The amounts of one kind. Only those above zero count."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._settled: tuple[int, float, float] | None = None

    def add(self, amount: Decimal) -> None:
        """One more."""
        if amount > 0:
            self._counts[_step(amount)] += 1
            self._settled = None

    def distance(self, amount: Decimal, is_among: bool = True) -> Distance | None:
        """How far an amount is off; None where too few are known to say. `is_among` says that it has been added."""
        count, median, spread = self._known()
        if amount <= 0 or count - is_among < AMOUNTS_MIN - 1:
            return None
        decades = _step(amount) / STEPS_PER_DECADE - median
        places = round(decades)
        off = abs(decades - places)
        return Distance(
            NORMAL * decades / max(spread, SPREAD_MIN),
            decades,
            _rounded(10**median),
            places if off <= SLIP_TOLERANCE else 0,
            off,
        )

    def share_near(self, decades: float) -> float:
        """The share of the amounts that lie so near the median."""
        count, median, _ = self._known()
        near = sum(n for step, n in self._counts.items() if abs(step / STEPS_PER_DECADE - median) <= decades)
        return near / count if count else 0.0

    def _known(self) -> tuple[int, float, float]:
        """How many, their median and MAD in decades."""
        if self._settled is None:
            median = _median(self._counts)
            away: Counter[float] = Counter()
            for step, n in self._counts.items():
                away[abs(step - median)] += n
            self._settled = (
                sum(self._counts.values()),
                median / STEPS_PER_DECADE,
                _median(away) / STEPS_PER_DECADE,
            )
        return self._settled


def median_of(counts: Mapping[Decimal, int]) -> Decimal:
    """The median of exact values, each with how often it occurs; of two in the middle the lower: it is one of them."""
    half, seen = (sum(counts.values()) + 1) // 2, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= half:
            return value
    raise ValueError("the median of nothing")


def _median(counts: Mapping[float, int] | Mapping[int, int]) -> float:
    total, seen, lower = sum(counts.values()), 0, 0.0
    for value in sorted(counts):
        before = seen
        seen += counts[value]  # type: ignore[index]
        if before < (total + 1) // 2 <= seen:
            lower = float(value)
        if seen >= total // 2 + 1:
            return (lower + float(value)) / 2
    return 0.0


def _step(amount: Decimal) -> int:
    return round(log10(amount) * STEPS_PER_DECADE)


def _rounded(amount: float) -> Decimal:
    """To three significant digits, which is what is known of it."""
    return Decimal(f"{amount:.3g}").quantize(Decimal("0.01"))
