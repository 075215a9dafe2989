"""What compiled expressions call. PostgreSQL's meaning, exact: no float, no locale, no clock.

Arguments are never None; the compiled code has looked. RUNTIME is to be in the globals of compiled code; parsing
adds its constants to it, so it is passed to `exec`, or copied, after the expressions have been parsed.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_05UP, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from hashlib import sha1
from typing import Any, TypeVar

from syncd.errors import Fault

UNROUNDED = Context(prec=1000, rounding=ROUND_HALF_UP, traps=[Inexact, InvalidOperation])
"""For +, - and *, which never round: what would not fit 1000 digits is an error, not an approximation."""
ROUNDING = Context(prec=1000, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_DIVISION = Context(prec=60, rounding=ROUND_05UP)
"""The quotient's last digit tells whether more would follow, so that it may be rounded once more without error."""
_ONE = Decimal(1)
_QUANTA = {places: Decimal(1).scaleb(-places) for places in range(40)}
_NAMESPACE = bytes.fromhex("6f1b3c0a5d0e5b1e9d5a3c5e2f7a4b81")
_BIGINT = range(-(2**63), 2**63)

Day = TypeVar("Day", date, datetime)


class Uncomputable(Fault):
    """An expression that has no value for this row, as PostgreSQL would raise an error: division by zero, text
    that is not a number, a date that does not exist."""


class Missing(Exception):
    """A decision table or crosswalk has no row for the key."""

    def __init__(self, table: str, key: str) -> None:
        super().__init__(table, key)
        self.table = table
        self.key = key


def divide_integer(a: int, b: int) -> int:
    """Truncated towards zero."""
    if not b:
        raise Uncomputable("division_by_zero")
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def remainder_integer(a: int, b: int) -> int:
    """With the sign of the dividend."""
    return a - b * divide_integer(a, b)


def divide(a: Decimal, b: Decimal) -> Decimal:
    """The quotient with the places that PostgreSQL gives it (numeric.c, select_div_scale): at least 16
    significant digits, and no fewer places than either operand has."""
    if not b:
        raise Uncomputable("division_by_zero")
    scale_a, weight_a, first_a = _shape(a)
    scale_b, weight_b, first_b = _shape(b)
    weight = weight_a - weight_b - (first_a <= first_b)
    places = min(max(16 - 4 * weight, scale_a, scale_b), 1000)
    digits = max(a.adjusted() - b.adjusted(), 0) + places + 3
    context = _DIVISION if digits <= _DIVISION.prec else Context(prec=digits, rounding=ROUND_05UP)
    return _quantize(context.divide(a, b), places, ROUND_HALF_UP)


def _shape(a: Decimal) -> tuple[int, int, int]:
    """Its places, and the place and value of its first digit to the base of 10,000, as PostgreSQL stores it."""
    whole, _, fraction = str(a.copy_abs()).partition(".")
    if whole != "0" and "E" not in fraction and "E" not in whole:
        weight = (len(whole) - 1) // 4
        return len(fraction), weight, int(whole[: len(whole) - 4 * weight])
    scale = max(-int(a.as_tuple().exponent), 0)
    weight = a.adjusted() // 4 if a else 0
    return scale, weight, int(ROUNDING.scaleb(a.copy_abs(), -4 * weight))


def remainder(a: Decimal, b: Decimal) -> Decimal:
    """With the sign of the dividend and the places of the finer operand."""
    if not b:
        raise Uncomputable("division_by_zero")
    return ROUNDING.plus(ROUNDING.remainder(a, b))


def round_half_up(a: Decimal, places: int = 0) -> Decimal:
    """Half away from zero; negative places round before the decimal point."""
    return _quantize(a, places, ROUND_HALF_UP)


def truncate(a: Decimal, places: int = 0) -> Decimal:
    """Towards zero."""
    return _quantize(a, places, ROUND_DOWN)


def _quantize(a: Decimal, places: int, rounding: str) -> Decimal:
    quantum = _QUANTA.get(places)
    if quantum is None:
        quantum = Decimal(1).scaleb(-max(min(places, 500), -500))
    rounded = a.quantize(quantum, rounding, ROUNDING)
    if places < 0:
        rounded = rounded.quantize(_ONE, rounding, ROUNDING)
    return rounded if rounded else rounded.copy_abs()


def floor(a: Decimal) -> Decimal:
    """The greatest whole number that is not above."""
    return ROUNDING.plus(a.to_integral_value("ROUND_FLOOR", ROUNDING).quantize(_ONE, context=ROUNDING))


def ceil(a: Decimal) -> Decimal:
    """The least whole number that is not below."""
    return ROUNDING.plus(a.to_integral_value("ROUND_CEILING", ROUNDING).quantize(_ONE, context=ROUNDING))


def fit(a: Decimal, precision: int, scale: int) -> Decimal:
    """As numeric(precision, scale) holds it."""
    rounded = round_half_up(a, scale)
    if rounded and rounded.adjusted() >= precision - scale:
        raise Uncomputable("out_of_range", value=decimal_text(a), kind=f"numeric({precision},{scale})")
    return rounded


def decimal_text(a: Decimal) -> str:
    """Plain digits, all places, no exponent and no negative zero."""
    return f"{a:f}" if a else f"{a.copy_abs():f}"


def decimal_integer(a: Decimal) -> int:
    """Rounded half away from zero."""
    return _bigint(int(round_half_up(a)), decimal_text(a))


_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,30})\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*([+-]?(?:[0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})(?:[eE][+-]?[0-9]{1,2})?)\s*", re.ASCII)
_DATE = re.compile(r"\s*([0-9]{4})(?:([-/])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2}))", re.ASCII)
_TIME = re.compile(r"(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?)?\s*", re.ASCII)


def text_integer(text: str) -> int:
    """A whole number as PostgreSQL reads it."""
    found = _INTEGER.fullmatch(text)
    if not found:
        raise _unreadable(text, "integer")
    return _bigint(int(found[1]), text)


def _bigint(value: int, text: str) -> int:
    if value not in _BIGINT:
        raise Uncomputable("out_of_range", value=text, kind="integer")
    return value


def text_decimal(text: str) -> Decimal:
    """A decimal number as PostgreSQL reads it; neither NaN nor infinity."""
    found = _DECIMAL.fullmatch(text)
    if not found:
        raise _unreadable(text, "decimal")
    number = ROUNDING.plus(Decimal(found[1]))
    return number.quantize(_ONE, context=ROUNDING) if int(number.as_tuple().exponent) > 0 else number


def text_date(text: str) -> date:
    """YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD; a time of day after it is dropped."""
    return _moment(text, "date").date()


def text_timestamp(text: str) -> datetime:
    """A date as `text_date` reads it, with an optional time of day; a wall time."""
    return _moment(text, "timestamp")


def _moment(text: str, kind: str) -> datetime:
    day = _DATE.match(text)
    clock = _TIME.fullmatch(text, day.end()) if day else None
    if not day or not clock:
        raise _unreadable(text, kind)
    month, number = (day[3], day[4]) if day[3] else (day[5], day[6])
    hour, minute, second = (int(clock[i] or 0) for i in (1, 2, 3))
    micro = int((clock[4] or "").ljust(6, "0"))
    try:
        return datetime(int(day[1]), int(month), int(number), hour, minute, second, micro)
    except ValueError:
        raise _unreadable(text, kind) from None


_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def text_boolean(text: str) -> bool:
    """true, yes, on, 1, false, no, off, 0, or the beginning of one of them that can be no other."""
    word = text.strip(" \t\n\r\f\v").lower()
    if word and word != "o":
        if any(t.startswith(word) for t in _TRUE):
            return True
        if any(f.startswith(word) for f in _FALSE):
            return False
    raise _unreadable(text, "boolean")


def _unreadable(text: str, kind: str) -> Uncomputable:
    return Uncomputable("unreadable", value=text, kind=kind)


def date_timestamp(day: date) -> datetime:
    """Midnight."""
    return datetime.combine(day, time.min)


def timestamp_text(wall: datetime) -> str:
    """YYYY-MM-DD HH:MM:SS, with a fraction if there is one, without its trailing zeros."""
    plain = wall.isoformat(" ")
    return plain.rstrip("0") if wall.microsecond else plain


def moment_text(moment: datetime) -> str:
    """A moment in a key: as `timestamp_text`, in UTC whatever the zone, so that no two are the same."""
    return timestamp_text(moment.astimezone(UTC).replace(tzinfo=None))


def recorded(moment: datetime | str | None) -> datetime | None:
    """A moment, also where it comes as a record keeps it, ISO 8601."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def add_days(day: Day, days: int) -> Day:
    """That many days later."""
    try:
        return day + timedelta(days)
    except OverflowError:
        raise Uncomputable("out_of_range", value=f"{day} + {days}", kind="date") from None


def add_months(day: Day, months: int) -> Day:
    """The same day that many months later, or the last day of a shorter month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise Uncomputable("out_of_range", value=f"{day} + {months}", kind="date")
    return day.replace(year, month, min(day.day, _month_days(year, month)))


def add_interval(day: Day, months: int, days: int, seconds: int = 0) -> Day:
    """Months first, then days, then the time of day, as PostgreSQL adds an interval."""
    try:
        return add_days(add_months(day, months) if months else day, days) + timedelta(seconds=seconds)
    except OverflowError:
        raise Uncomputable("out_of_range", value=f"{day} + {seconds}", kind="date") from None


def _month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def last_day(day: Day) -> Day:
    """The last day of its month."""
    return day.replace(day=_month_days(day.year, day.month))


def months_between_floor(later: date, earlier: date) -> int:
    """Whole months from the second date to the first: a month is whole when its day number is reached."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (later.day < earlier.day)


def make_date(year: int, month: int, day: int) -> date:
    """The date, if there is one."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        raise Uncomputable("unreadable", value=f"{year}-{month}-{day}", kind="date") from None


def monday(day: Day) -> Day:
    """The Monday of its week."""
    return add_days(day, -day.weekday())


_UPPER = {ord(c): c.upper() for c in "abcdefghijklmnopqrstuvwxyz"}
_LOWER = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def upper(text: str) -> str:
    """ASCII letters in upper case; others depend on a database's locale and stay."""
    return text.upper() if text.isascii() else text.translate(_UPPER)


def lower(text: str) -> str:
    """ASCII letters in lower case."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def right(text: str, count: int) -> str:
    """The last characters; negative: all but the first."""
    return text[-count:] if count else ""


def substr(text: str, start: int, count: int | None = None) -> str:
    """From the start-th character, counted from 1; positions before the text count but hold nothing."""
    if count is None:
        return text[max(start - 1, 0) :]
    if count < 0:
        raise Uncomputable("negative_length", value=count)
    return text[max(start - 1, 0) : max(start - 1 + count, 0)]


def replace(text: str, old: str, new: str) -> str:
    """Every occurrence replaced; nothing is an occurrence of the empty text."""
    return text.replace(old, new) if old else text


def lpad(text: str, count: int, fill: str = " ") -> str:
    """Filled on the left to that length, or cut to it."""
    lacking = count - len(text)
    if lacking <= 0 or not fill:
        return text[: max(count, 0)]
    return (fill * (lacking // len(fill) + 1))[:lacking] + text


@lru_cache(1024)
def pattern(like: str) -> re.Pattern[str]:
    """A LIKE pattern as a regular expression: `%` any text, `_` one character, `\\` takes the next as it is."""
    parts, rest = [], iter(like)
    for c in rest:
        if c == "\\":
            c = next(rest, "")
            if not c:
                raise Uncomputable("unreadable", value=like, kind="LIKE")
            parts.append(re.escape(c))
        else:
            parts.append({"%": ".*", "_": "."}.get(c) or re.escape(c))
    return re.compile("".join(parts), re.DOTALL)


def like(text: str, wanted: str) -> bool:
    """Whether the whole text is like the pattern; case matters."""
    return pattern(wanted).fullmatch(text) is not None


def greatest(*values: Any) -> Any:
    """The greatest that is not NULL; NULL if all are."""
    return max((v for v in values if v is not None), default=None)


def least(*values: Any) -> Any:
    """The least that is not NULL; NULL if all are."""
    return min((v for v in values if v is not None), default=None)


def concat(*texts: str | None) -> str:
    """Texts one after another, NULL as nothing."""
    return "".join([t for t in texts if t is not None])


def uuid(*parts: str) -> str:
    """A name-based GUID, version 5 (RFC 9562, 5.5), the same for the same parts."""
    name = "|".join([p.replace("\\", "\\\\").replace("|", "\\|") for p in parts])
    h = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:32]}"


def sum_of(values: list[Any]) -> Any:
    """The sum of what is not NULL; NULL of nothing."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    total = known[0]
    for value in known[1:]:
        total = UNROUNDED.add(total, value) if isinstance(total, Decimal) else total + value
    return total


def count_of(values: list[Any]) -> int:
    """How many are not NULL."""
    return len(values) - values.count(None)


def min_of(values: list[Any]) -> Any:
    """The least that is not NULL."""
    return min((value for value in values if value is not None), default=None)


def max_of(values: list[Any]) -> Any:
    """The most that is not NULL."""
    return max((value for value in values if value is not None), default=None)


RUNTIME: dict[str, object] = {
    "add": UNROUNDED.add,
    "subtract": UNROUNDED.subtract,
    "multiply_add": UNROUNDED.fma,
}
for _function in (
    divide_integer, remainder_integer, divide, remainder, round_half_up, truncate, floor, ceil, fit, decimal_text,
    decimal_integer, text_integer, text_decimal, text_date, text_timestamp, text_boolean, date_timestamp,
    timestamp_text, moment_text, recorded, add_days, add_months, add_interval, last_day, months_between_floor,
    make_date, monday, upper, lower, right, substr, replace, lpad, like, greatest, least, concat, uuid, sum_of,
    count_of, min_of, max_of, Decimal, date, datetime,
):  # fmt: skip
    RUNTIME[_function.__name__] = _function


def constant(value: object) -> str:
    """The Python source of a constant. What Python cannot fold is made once and named in RUNTIME."""
    if not isinstance(value, Decimal | date):
        return repr(value)
    text = decimal_text(value) if isinstance(value, Decimal) else value.isoformat()
    kept = "".join(c if c.isalnum() else {"-": "_", ".": "p", ":": "c", "+": "z"}[c] for c in text)
    name = f"{type(value).__name__}_{kept}"
    RUNTIME.setdefault(name, value)
    return name


def matcher(like: str) -> str:
    """The name in RUNTIME of a constant LIKE pattern's match."""
    name = f"like_{like.encode().hex()}"
    RUNTIME.setdefault(name, pattern(like).fullmatch)
    return name
