"""Figures over time as our own SVG: an area for each stretch in which they are known, and a field where nobody posted.

It is drawn in units of its own, one stretch wide each, and stretched by the page; what is to be read stands beside it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

TALL: Final = 60
"""Of a drawing, in its own units."""


class Drawn(NamedTuple):
    """`path` is that of the areas, `gaps` are (from, width) in stretches. `most` is the largest figure with the stretch
    that it is of, `last` the newest; None where none is known."""

    path: str
    gaps: Sequence[tuple[int, int]]
    width: int
    most: float | None
    most_at: datetime | None
    last: float | None


def drawn(
    figures: Sequence[tuple[datetime, float | None]], is_posted: Sequence[bool], width: int, tall: int = TALL
) -> Drawn:
    """Figures of stretches that follow one another; None for one that is not known, which is a gap where nobody posted.
    `width` is how many stretches there are once time has come so far."""
    known = [(value, at) for at, value in figures if value is not None]
    most, most_at = max(known, key=lambda one: one[0], default=(None, None))
    path = "".join(_area([value for _, value in figures], most or 1, tall))
    last = figures[-1][1] if figures else None
    return Drawn(path, [*_runs([not one for one in is_posted])], width, most, most_at, last)


def _area(values: Sequence[float | None], most: float, tall: int) -> Iterator[str]:
    """Steps, so that a stretch between two gaps is seen too; what is nothing is a line at the bottom."""
    for begin, length in _runs([value is not None for value in values]):
        yield f"M{begin} {tall}"
        for value in values[begin : begin + length]:
            yield f"V{min(tall - 1, round(tall - tall * (value or 0) / most))}h1"
        yield f"V{tall}Z"


def _runs(marks: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Of marks that are set beside each other (from, length)."""
    begin: int | None = None
    for number, mark in enumerate([*marks, False]):
        if mark and begin is None:
            begin = number
        elif not mark and begin is not None:
            yield begin, number - begin
            begin = None
