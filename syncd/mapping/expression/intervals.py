"""INTERVAL literals: `1 year 2 months 3 days 4 hours`."""

import re

from sqlglot import exp

from syncd.mapping.expression.faults import offset_of
from syncd.mapping.expression.terms import ExpressionError

_INTERVAL = re.compile(
    r"\s*([+-]?[0-9]{1,6})\s*(years?|months?|weeks?|days?|hours?|minutes?|mins?|seconds?|secs?)(?![a-z])",
    re.IGNORECASE | re.ASCII,
)
_UNITS = {
    "y": (12, 0, 0),
    "mon": (1, 0, 0),
    "w": (0, 7, 0),
    "d": (0, 1, 0),
    "h": (0, 0, 3600),
    "min": (0, 0, 60),
    "s": (0, 0, 1),
}
"""Months, days and seconds of a unit of time, by how its name begins."""


def interval(node: exp.Expr) -> tuple[int, int, int]:
    """Months, days and seconds of an INTERVAL literal."""
    unit = node.args.get("unit")
    text = f"{node.name} {unit.name if unit else ''}".strip()
    total, at = (0, 0, 0), 0
    while found := _INTERVAL.match(text, at):
        word = found[2].lower()
        amounts = next(amounts for beginning, amounts in _UNITS.items() if word.startswith(beginning))
        months, days, seconds = (a + int(found[1]) * b for a, b in zip(total, amounts, strict=True))
        total, at = (months, days, seconds), found.end()
    if at != len(text) or not text:
        raise ExpressionError("bad_literal", offset_of(node), text=text, kind="interval")
    return total
