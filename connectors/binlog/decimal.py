"""DECIMAL as MySQL packs it: nine digits in four bytes, counted from the point both ways, fewer at either end.

The first bit is set in a number that is not negative; of a negative one all bits are turned over. The type of a column
or value is (precision << 8) + scale here. Pure.
"""

from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Final

DIGITS: Final = Context(prec=100)
"""A DECIMAL has 65 digits at most."""
_GROUP_BYTES: Final = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""Bytes of so many digits."""


def groups(type: int) -> Iterator[tuple[int, int]]:
    """(digits, bytes) of each group."""
    precision, scale = divmod(type, 256)
    whole = precision - scale
    for digits in (whole % 9, *[9] * (whole // 9), *[9] * (scale // 9), scale % 9):
        yield digits, _GROUP_BYTES[digits]


def decimal(raw: bytes, type: int) -> Decimal:
    """The number, with as many places as its type has."""
    size = len(raw)
    bits = int.from_bytes(raw, "big") ^ 1 << size * 8 - 1
    negative = raw[0] < 128
    if negative:
        bits ^= (1 << size * 8) - 1
    number = 0
    for digits, width in groups(type):
        size -= width
        number = number * 10**digits + (bits >> size * 8 & (1 << width * 8) - 1)
    return scaled(-number if negative else number, type & 255)


def scaled(number: int, places: int) -> Decimal:
    """A number of units of the last place."""
    return DIGITS.scaleb(Decimal(number), -places)
