"""The only door to Decimal and to rounding.

Amounts are Decimal from the wire to the table. A float is refused wherever it turns up: a binary fraction
has already lost what it once stood for.
"""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final

MONEY_PLACES: Final = 2
"""Digits after the point that an amount of yuan has."""
CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
"""Wide enough for any product of two NUMERIC(28, x) amounts; the default 28 digits would round silently."""


def decimal(value: object) -> Decimal:
    """A Decimal from Decimal, int or decimal text. Raises ValueError for float, NaN, infinity and prose."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"not an exact number: {value!r}")
    else:
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """Rounded half away from zero, as Chinese bookkeeping and PostgreSQL's round() do."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT)


def is_money(value: Decimal) -> bool:
    """Whether an amount has no more than two decimal places."""
    return value == value.quantize(CENT, context=EXACT)


def at_most(value: Decimal | None, places: int) -> Decimal | None:
    """A value with no more places than that, rounded half away from zero; as it is written where it has no more."""
    if value is None or -int(value.as_tuple().exponent) <= places:
        return value
    rounded = round_half_up(value, places)
    return rounded if rounded else abs(rounded)
