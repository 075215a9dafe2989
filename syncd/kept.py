"""A value that was kept while the mapping declared its column as something else, read as what the column is today.

It is read by what it holds: a moment is the day that it was where the books are, a text what it says. What cannot be
read is a mark with the reason, as it would be of a source.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from syncd.change import Column, Kind, Malformed, Value
from syncd.money import CENT, EXACT, round_half_up

DIGITS_MAX: Final = 4_000
"""Of a whole number; longer ones Python does not write."""
_SOMETHING: Final = re.compile(r"[^-0/.:T Z+]")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T]|$)")
_FIELDS_TOUCH: Final = re.compile(r"%[a-zA-Z]%[a-zA-Z]")
_TRUTH: Final = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
_REASONS: Final = {
    Kind.INTEGER: "malformed_integer",
    Kind.BOOLEAN: "malformed_boolean",
    Kind.DECIMAL: "malformed_number",
    Kind.DATE: "malformed_date",
    Kind.TIMESTAMP: "malformed_timestamp",
}
_MICROS: Final = 1_000_000


def says_nothing(text: str) -> bool:
    """Whether a text for a day or a moment is zeros alone, `0000-00-00`, or nothing at all."""
    return _SOMETHING.search(text) is None


def read(column: Column, zone: str, stored: object) -> Value:
    """The value of a column that JSON kept as text, number or boolean; no time of its own has a zone but `zone`."""
    try:
        return _READ.get(column.kind, _text)(column, zone, stored)
    except (ValueError, ArithmeticError):
        return Malformed(_plain(stored), _REASONS[column.kind])


def number(text: str) -> Decimal:
    """A number as it was kept. Raises ValueError or ArithmeticError."""
    found = Decimal(text)
    if "_" in text or not (text.isascii() and found.is_finite()):  # which Decimal takes, and no source
        raise ValueError
    return found


def number_of(column: Column) -> Callable[[str], Value]:
    """`number` for a column: no more places than it has."""
    places = column.places
    if places is not None:
        return lambda text: round_half_up(number(text), places)
    return _money if column.form == "money" else number


def _money(text: str) -> Value:
    found = number(text)
    if text[-3:-2] == "." or ("." not in text and "E" not in text.upper()):
        return found
    return found if found == found.quantize(CENT, context=EXACT) else Malformed(text, "malformed_places")


def _plain(stored: object) -> str:
    return json.dumps(stored) if isinstance(stored, bool) else str(stored)


def _text(column: Column, zone: str, stored: object) -> Value:
    return _plain(stored)


def _decimal(column: Column, zone: str, stored: object) -> Value:
    if isinstance(stored, bool):
        raise ValueError
    return number_of(column)(str(stored))


def _integer(column: Column, zone: str, stored: object) -> Value:
    found = number(str(int(stored)) if isinstance(stored, bool) else str(stored))
    if found.adjusted() >= DIGITS_MAX or found != found.to_integral_value():
        raise ValueError
    return int(found)


def _boolean(column: Column, zone: str, stored: object) -> Value:
    known = _TRUTH.get(_plain(stored).strip().lower())
    if known is None:
        raise ValueError
    return known


def _date(column: Column, zone: str, stored: object) -> Value:
    text = _plain(stored).strip()
    if column.is_zero_null and says_nothing(text):
        return None
    found = _time(column, text)
    return (found.astimezone(ZoneInfo(zone)) if found.tzinfo else found).date()


def _timestamp(column: Column, zone: str, stored: object) -> Value:
    text = _plain(stored).strip()
    if column.is_zero_null and says_nothing(text):
        return None
    found = _time(column, text)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        raise ValueError from None


def _time(column: Column, text: str) -> datetime:
    """As syncd writes times, or as the column's form has it."""
    if column.form == "epoch":
        if "-" not in text[1:]:
            return datetime.fromtimestamp(int(number(text) * _MICROS) / _MICROS, UTC)
    elif column.form:
        found = _patterned(text, column.form)
        if found is not None:
            return found
    if not _ISO.match(text):
        raise ValueError
    return datetime.fromisoformat(text)


def _patterned(text: str, pattern: str) -> datetime | None:
    try:
        found = datetime.strptime(text, pattern)
    except ValueError:
        return None
    return None if _FIELDS_TOUCH.search(pattern) and found.strftime(pattern) != text else found


_READ: Final = {
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
}
