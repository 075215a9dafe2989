"""Source values → values of a change: text off the wire, or whatever a driver returns, by the declared column.

A value that cannot be what its column is declared to be becomes Malformed, with the raw text and the code of the
reason (`syncd/messages/convert.yaml`). Nothing is guessed: full-width digits, thousands separators, blanks for
dates and `2026111` for a `%Y%m%d` are refused, for each could be read in two ways.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from struct import Struct
from typing import Final
from zoneinfo import ZoneInfo

from connectors import arrays
from syncd.change import UNCHANGED, Column, Kind, Malformed, Row, Table, Unchanged, Value
from syncd.kept import says_nothing
from syncd.money import CENT, EXACT, round_half_up

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
REMEMBERED_DATES_MAX: Final = 4096
"""Few dates are in use at once; `strptime` costs as much as the rest of the row."""
DOUBLE_DIGITS: Final = 15
DECIMAL_DIGITS_MAX: Final = 100
"""Far beyond money, and far within what exact arithmetic may be asked to carry."""

Parse = Callable[[str], Value]
Convert = Callable[[object], Value]
RowConvert = Callable[[Sequence[object]], tuple[Row, bool]]

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?.*")
_UNENDING: Final = frozenset({"nan", "snan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity", "-nan"})
_TRUTH: Final[Mapping[str, bool]] = dict.fromkeys(("t", "true", "1", "y", "yes", "on"), True) | dict.fromkeys(
    ("f", "false", "0", "n", "no", "off"), False
)
_SINGLE: Final = Struct("<f")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Unfit(ValueError):
    """A value is not what its column is declared to be; `reason` is the code of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parser(column: Column, zone: tzinfo = SHANGHAI) -> Parse:
    """Text → value, for one column. Raises Unfit. A time without a zone is taken in `zone`; all times become UTC."""
    if column.elements is not None:
        return _array(parser(replace(column, kind=column.elements, elements=None), zone))
    parse = _parser(column, zone)
    return _without_zeros(parse) if column.is_zero_null else parse


def _parser(column: Column, zone: tzinfo) -> Parse:
    match column.kind:
        case Kind.BOOLEAN:
            return _boolean
        case Kind.INTEGER:
            return _integer
        case Kind.DECIMAL:
            fit = fitting(column)
            return _decimal if fit is None else lambda text: fit(_decimal(text))
        case Kind.DATE:
            if column.form == "epoch":
                return lambda text: _local_date(_epoch(text), zone)
            return _patterned_date(column.form) if column.form else lambda text: _date(text, zone)
        case Kind.TIMESTAMP:
            if column.form == "epoch":
                return _epoch
            return _patterned_moment(column.form, zone) if column.form else lambda text: _moment(text, zone)
        case _:
            return _text


def fitting(column: Column) -> Callable[[Decimal], Decimal] | None:
    """What makes a number one of a column's places; None where it may have any. Raises Unfit."""
    places = column.places
    if places is None:
        return cents if column.form == "money" else None
    return lambda number: rounded(number, places)


def converter(column: Column, zone: tzinfo = SHANGHAI) -> Convert:
    """Driver value (None, bool, int, float, Decimal, str, bytes, date, datetime) → value. Raises Unfit."""
    parse = parser(column, zone)
    direct = _direct(column, parse, zone)

    def convert(value: object) -> Value:
        if value is None:
            return None
        known = direct.get(type(value))
        return known(value) if known else parse(_as_text(value))

    return convert


def row_converter(table: Table, zone: tzinfo = SHANGHAI) -> RowConvert:
    """Driver values in the order of the table's columns → (row, flawed). Never raises for what a value holds;
    UNCHANGED stays what it is."""
    converts = [converter(column, zone) for column in table.columns]
    names = {f"c{i}": convert for i, convert in enumerate(converts)}
    fields = "".join(f"c{i}(v[{i}])," for i in range(len(converts)))
    whole: Callable[[Sequence[object]], Row] = eval(f"lambda v: ({fields})", names)

    def convert_row(values: Sequence[object]) -> tuple[Row, bool]:
        try:
            return whole(values), False
        except Unfit:
            row = tuple(careful(convert, value) for convert, value in zip(converts, values, strict=True))
            return row, True

    return convert_row


def typed(column: Column, text: str, zone: tzinfo) -> Value:
    """What a person types for a column, by the rules of its sources; the mark that says why it is no value of it. A
    date or a moment may also be written as it is shown, whatever the source's form: 2026-01-31, or with a time by the
    clock of `zone`."""
    value = careful(parser(column, zone), text)
    if isinstance(value, Malformed) and column.form and column.kind in (Kind.DATE, Kind.TIMESTAMP):
        shown = careful(parser(replace(column, form=""), zone), text)
        return value if isinstance(shown, Malformed) else shown
    return value


def careful(convert: Callable[[str], Value] | Convert, value: object) -> Value:
    """The value, or the mark that says why there is none."""
    if isinstance(value, Unchanged):
        return UNCHANGED
    try:
        return convert(value)  # type: ignore[arg-type]
    except Unfit as unfit:
        return Malformed(_shown(value), unfit.reason)


def decode(raw: bytes) -> str:
    """UTF-8 text. Raises Unfit."""
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        raise Unfit("malformed_utf8") from None


def at_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A moment in UTC; one without a zone is taken in `zone`. Raises Unfit beyond the calendar."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise Unfit("malformed_timestamp") from None


def _direct(column: Column, parse: Parse, zone: tzinfo) -> Mapping[type, Callable[..., Value]]:
    """What to do with a driver's own types, where that is less than a detour through text."""
    direct: dict[type, Callable[..., Value]] = {str: parse}
    if column.elements is not None:
        direct[list] = lambda items: parse(arrays.spelled(items))
    elif column.kind is Kind.BOOLEAN:
        direct[bool] = _same
    elif column.kind is Kind.INTEGER:
        direct[int] = _same
    elif column.kind is Kind.DECIMAL and column.places is not None:
        direct[float] = lambda number: parse(float_text(number, column.places))
    elif column.kind is Kind.DECIMAL:
        direct[int] = Decimal
    elif column.kind is Kind.DATE and not column.form:
        direct[date] = _same
        direct[datetime] = lambda moment: _local_date(moment, zone)
    elif column.kind is Kind.TIMESTAMP and not column.form:
        direct[datetime] = lambda moment: at_zone(moment, zone)
        direct[date] = lambda day: at_zone(datetime.combine(day, time()), zone)
    return direct


def _same(value: Value) -> Value:
    return value


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return decode(bytes(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, int | date):
        return str(value)
    raise Unfit("malformed_type")


def float_text(value: float, places: int | None = None) -> str:
    """The one door of binary fractions: the shortest text that is this float, rounded half up to the declared places. A
    double carries any decimal of 15 digits there and back (IEEE 754, DBL_DIG); of more digits it has already lost what
    it once stood for."""
    text = repr(value)
    if places is not None and isfinite(value):
        text = format(rounded(Decimal(text), places), "f")
    digits = text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")
    if len(digits) > DOUBLE_DIGITS:
        raise Unfit("malformed_float")
    return text


def single_text(raw: bytes) -> str:
    """The shortest text that is this fraction of four bytes, the least significant first."""
    (value,) = _SINGLE.unpack(raw)
    texts = (f"{value:.{digits}g}" for digits in range(1, 10))
    return next((text for text in texts if _SINGLE.pack(float(text)) == raw), repr(value))


def _shown(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value).encode("utf-8", "backslashreplace").decode()


def _text(text: str) -> Value:
    if "\0" in text:
        raise Unfit("malformed_nul")  # SQLite and MySQL hold it, PostgreSQL and XML do not
    if not text.isascii() and text != _shown(text):
        raise Unfit("malformed_charset")  # half of a pair of surrogates, which JSON may spell and nobody stores
    return text


def _boolean(text: str) -> Value:
    truth = _TRUTH.get(text.strip().lower())
    if truth is None:
        raise Unfit("malformed_boolean")
    return truth


def _integer(text: str) -> Value:
    number = _decimal(text)
    whole = int(number)
    if whole != number:
        raise Unfit("malformed_integer")
    return whole


def _decimal(text: str) -> Decimal:
    stripped = text.strip(" ")
    if not _NUMBER.fullmatch(stripped):
        raise Unfit(_why_no_number(stripped))
    number = Decimal(stripped)
    _, digits, exponent = number.as_tuple()
    if len(digits) > DECIMAL_DIGITS_MAX or abs(int(exponent)) > DECIMAL_DIGITS_MAX:
        raise Unfit("malformed_huge")
    return number


def _why_no_number(text: str) -> str:
    if not text:
        return "malformed_empty"
    return "malformed_unending" if text.lower() in _UNENDING else "malformed_number"


def rounded(number: Decimal, places: int) -> Decimal:
    """A number at so many places, half up. Raises Unfit for NaN and infinity, and for what has too many digits."""
    if not number.is_finite():
        raise Unfit("malformed_unending")
    if number.adjusted() + places >= DECIMAL_DIGITS_MAX // 2:
        raise Unfit("malformed_huge")
    return round_half_up(number, places)


def cents(number: Decimal) -> Decimal:
    """An amount of at most two places; `5.1000` is `5.10`. Raises Unfit for what would have to be rounded, and for
    NaN and infinity."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise Unfit("malformed_unending")
    if exponent >= -2:
        return number
    if len(digits) > DECIMAL_DIGITS_MAX // 2:
        raise Unfit("malformed_huge")
    rounded = number.quantize(CENT, context=EXACT)
    if rounded != number:
        raise Unfit("malformed_places")
    return rounded


def _array(parse: Parse) -> Parse:
    def read(text: str) -> Value:
        try:
            items = arrays.items(text)
        except ValueError:
            raise Unfit("malformed_array") from None
        return arrays.kept([None if item is None else parse(item) for item in items])

    return read


def _without_zeros(parse: Parse) -> Parse:
    """What says "nothing" in digits or in no words is NULL: `0000-00-00`, `00000000`, an empty text."""
    return lambda text: None if says_nothing(text) else parse(text)


def _date(text: str, zone: tzinfo) -> Value:
    stripped = text.strip(" ")
    if not _ISO_DATE.fullmatch(stripped):
        return _local_date(_iso_moment(stripped, "malformed_date"), zone)
    try:
        return date.fromisoformat(stripped)
    except ValueError:
        raise Unfit(_why_no_date(stripped, "malformed_date")) from None


def _local_date(moment: datetime, zone: tzinfo) -> date:
    """The calendar day of a moment where the company is."""
    return (at_zone(moment, zone).astimezone(zone) if moment.tzinfo else moment).date()


def _moment(text: str, zone: tzinfo) -> Value:
    stripped = text.strip(" ")
    if _ISO_DATE.fullmatch(stripped):
        stripped += " 00:00"
    return at_zone(_iso_moment(stripped, "malformed_timestamp"), zone)


def _iso_moment(text: str, reason: str) -> datetime:
    if not _ISO_MOMENT.fullmatch(text):
        raise Unfit(_why_no_date(text, reason))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unfit(_why_no_date(text, reason)) from None


def _why_no_date(text: str, reason: str) -> str:
    if not text:
        return "malformed_empty"
    if text.startswith(("0000-", "00000000")) or text.strip("0") == "":
        return "malformed_zero_date"
    return "malformed_unending" if text.lower() in _UNENDING else reason


def _patterned_date(pattern: str) -> Parse:
    read = _strptime(pattern, "malformed_date")
    return lambda text: read(text).date()


def _patterned_moment(pattern: str, zone: tzinfo) -> Parse:
    read = _strptime(pattern, "malformed_timestamp")
    return lambda text: at_zone(read(text), zone)


def _strptime(pattern: str, reason: str) -> Callable[[str], datetime]:
    """`strptime`, but strict where the pattern's fields touch: there `2026111` has two readings."""
    fields_touch = re.search(r"%[a-zA-Z]%[a-zA-Z]", pattern) is not None

    @lru_cache(REMEMBERED_DATES_MAX)
    def read(text: str) -> datetime:
        stripped = text.strip(" ")
        try:
            moment = datetime.strptime(stripped, pattern)
        except ValueError:
            raise Unfit(_why_no_date(stripped, reason)) from None
        if fields_touch and moment.strftime(pattern) != stripped:
            raise Unfit(reason)
        return moment

    return read


def _epoch(text: str) -> datetime:
    seconds = _decimal(text)
    try:
        return _EPOCH + timedelta(microseconds=int(seconds.scaleb(6)))
    except OverflowError:
        raise Unfit("malformed_timestamp") from None
