"""A column as Debezium writes it into JSON → the value that the mapping declares.

What a number or a text means is said by the field's schema: its type and the name of its logical type. Without a
schema it is known for what can be read in one way alone; for the rest the settings say how the connector writes, and
as long as they do not, the pipeline halts.
"""

import binascii
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

from connectors.arrays import kept
from connectors.convert import DECIMAL_DIGITS_MAX, SHANGHAI, Unfit, careful, converter, fitting, single_text
from syncd.change import UNCHANGED, Column, Kind, Malformed, Value
from syncd.errors import Halt

Field = Mapping[str, Any]
"""A field of a Kafka Connect schema as JSON."""
Read = Callable[[Any], Value]
Wire = Callable[[Any], object]

DAYS_MAX: Final = 2_932_896
"""9999-12-31 in days since 1970."""
REMEMBERED_DAYS_MAX: Final = 4096
DIGIT_BYTES_MAX: Final = 41
"""The bytes of a number of a hundred digits."""
_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_DECIMAL: Final = "org.apache.kafka.connect.data.Decimal"
_VARIABLE: Final = "io.debezium.data.VariableScaleDecimal"
_UNENDING: Final = frozenset({"NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY"})
"""How a connector spells them in `decimal.handling.mode=string`."""
_PLAIN: Final = frozenset({"boolean", "int8", "int16", "int32", "int64", "float", "double"})
"""Types that a log always carries whole."""
_FLOATS: Final = frozenset({"float", "double"})


@dataclass(frozen=True)
class Reading:
    """How messages are to be read where they do not say it themselves."""

    zone: tzinfo = SHANGHAI
    """The zone of times that the EAM keeps without one."""
    placeholder: str = "__debezium_unavailable_value"
    """The connector's `unavailable.value.placeholder`."""
    doubles: bool = False
    """Take amounts from binary fractions of at most 15 digits, because the EAM's own columns are such."""
    decimals: Literal["", "string"] = ""
    """`decimal.handling.mode` of messages without schemas."""
    temporal: Literal["", "adaptive", "connect", "microseconds", "nanoseconds"] = ""
    """`time.precision.mode` of messages without schemas."""


class Absent(Exception):
    """The log did not carry the value."""


class Inexact(Exception):
    """A number came as a float although it need not: the message is to be read again, without floats."""


def reader(table: str, column: Column, field: Field | None, reading: Reading) -> Read:
    """JSON value, never null → value, by the field's schema; None without one. Raises Unfit, Absent, Inexact; and
    Halt, here or at a value, when the connector's settings lose what the column is declared to keep."""
    if field is None:
        return _schemaless(table, column, reading)
    is_float = column.kind is Kind.DECIMAL and field.get("type") in _FLOATS and column.places is None
    if is_float and not reading.doubles:
        raise Halt("debezium_double", table=table, column=column.name)
    read = _by_schema(column, field, reading)
    return read if field.get("type") in _PLAIN else _present(read, reading)


def mark(read: Read, value: object) -> Value:
    """The value, or the mark that says why there is none."""
    if value is None:
        return None
    value = spelt(value)
    try:
        return careful(read, value)
    except Absent:
        return UNCHANGED
    except (ValueError, TypeError, KeyError, ArithmeticError):
        return Malformed(str(value), "malformed_type")


def spelt(value: object) -> object:
    """A value from Avro as JSON has it: bytes in base64. What cannot be read is shown alike, however it came."""
    match value:
        case bytes():
            return binascii.b2a_base64(value, newline=False).decode()
        case dict():
            return {name: spelt(one) for name, one in value.items()}
        case list():
            return [spelt(one) for one in value]
        case _:
            return value


def _present(read: Read, reading: Reading) -> Read:
    """`read`, but for the placeholder: a text, the bytes of that text, or an array or a map of it."""
    text = reading.placeholder
    raw = text.encode()
    encoded = spelt(raw)
    absent = (text, encoded, raw, [text], [encoded], [raw], {text: text})

    def read_present(value: Any) -> Value:
        if value in absent:
            raise Absent
        return read(value)

    return read_present


def _by_schema(column: Column, field: Field, reading: Reading) -> Read:
    name, type_ = field.get("name") or "", field.get("type")
    if column.elements is not None and type_ == "array":
        return _items(_by_schema(_element(column), field["items"], reading))
    convert = converter(column, reading.zone)
    if name == _DECIMAL:
        scale = int(field["parameters"]["scale"])
        return _amount(column, lambda value: _scaled(value, scale), narrow=scale <= 2)
    if name == _VARIABLE:
        return _amount(column, lambda value: _scaled(value["value"], int(value["scale"])), narrow=False)
    if type_ == "string" and column.kind is Kind.DECIMAL:
        return lambda value: convert(_finite(value))
    wire = _WIRES.get(name) or _PLAIN_WIRES.get(type_ or "")
    return convert if wire is None else lambda value: convert(wire(value))


def _amount(column: Column, wire: Callable[[Any], Decimal], narrow: bool) -> Read:
    """A decimal for a column declared as one; otherwise by way of its text."""
    if column.kind is not Kind.DECIMAL:
        convert = converter(column)
        return lambda value: convert(wire(value))
    fit = fitting(column)
    if fit is None or (column.form == "money" and narrow):
        return wire
    return lambda value: fit(wire(value))


def _element(column: Column) -> Column:
    """What an array holds, as a column of its own."""
    assert column.elements is not None
    return replace(column, kind=column.elements, elements=None)


def _items(read: Read) -> Read:
    return lambda values: kept([None if value is None else read(value) for value in values])


def _scaled(value: Any, scale: int) -> Decimal:
    """`precise`: a two's complement, most significant byte first; or the number itself, where the JSON converter writes
    decimals as numbers."""
    if isinstance(value, str | bytes):
        return unscaled(_bytes(value), scale)
    if isinstance(value, float):
        raise Inexact
    return value if isinstance(value, Decimal) else Decimal(value)


def unscaled(raw: bytes, scale: int) -> Decimal:
    """Big-endian two's complement and scale → the number, exact."""
    if len(raw) > DIGIT_BYTES_MAX or abs(scale) > DECIMAL_DIGITS_MAX:
        raise Unfit("malformed_huge")
    if not raw:
        raise Unfit("malformed_type")
    return Decimal(f"{int.from_bytes(raw, 'big', signed=True)}E{-scale}")


def _finite(text: str) -> str:
    if text in _UNENDING:
        raise Unfit("malformed_unending")
    return text


@lru_cache(REMEMBERED_DAYS_MAX)
def _day(days: int) -> date:
    try:
        return date.fromordinal(_EPOCH_DAY + days)
    except (ValueError, OverflowError):
        raise Unfit("malformed_date") from None


def _moment(per_second: int) -> Callable[[int], datetime]:
    """Wall time as a count since 1970; below microseconds it is cut off."""

    def read(count: int) -> datetime:
        try:
            return _EPOCH + timedelta(microseconds=count * 1_000_000 // per_second)
        except OverflowError:
            raise Unfit("malformed_timestamp") from None

    return read


def _time(per_second: int) -> Callable[[int], str]:
    """A time of day as text, or a span of time: MySQL's TIME goes from -838:59:59 to 838:59:59. Below microseconds it
    is cut off."""

    def read(count: int) -> str:
        seconds, micros = divmod(abs(count) * 1_000_000 // per_second, 1_000_000)
        text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return ("-" if count < 0 and (seconds or micros) else "") + text + (f".{micros:06d}" if micros else "")

    return read


def _wall(text: str) -> str:
    """ISO text of a time without zone, which Debezium ends in a `Z` that means nothing."""
    return text.removesuffix("Z")


def _bytes(value: str | bytes) -> bytes:
    """From Avro as they are, from JSON in base64."""
    return value if isinstance(value, bytes) else binascii.a2b_base64(value, strict_mode=True)


def _single(value: Any) -> Any:
    """A fraction of four bytes as the shortest number that is the same four bytes, as JSON has it."""
    return float(single_text(struct.pack("<f", value))) if isinstance(value, float) else value


def _bits(value: str | bytes) -> int:
    """The least significant byte first."""
    return int.from_bytes(_bytes(value), "little")


_WIRES: Final[Mapping[str, Wire]] = {
    "io.debezium.time.Date": _day,
    "org.apache.kafka.connect.data.Date": _day,
    "io.debezium.time.Timestamp": _moment(1_000),
    "org.apache.kafka.connect.data.Timestamp": _moment(1_000),
    "io.debezium.time.MicroTimestamp": _moment(1_000_000),
    "io.debezium.time.NanoTimestamp": _moment(1_000_000_000),
    "io.debezium.time.Time": _time(1_000),
    "org.apache.kafka.connect.data.Time": _time(1_000),
    "io.debezium.time.MicroTime": _time(1_000_000),
    "io.debezium.time.NanoTime": _time(1_000_000_000),
    "io.debezium.time.IsoDate": _wall,
    "io.debezium.time.IsoTime": _wall,
    "io.debezium.time.IsoTimestamp": _wall,
    "io.debezium.data.Bits": _bits,
}
"""What a logical type's number or text stands for. Every other type is what its JSON value says."""


_PLAIN_WIRES: Final[Mapping[str, Wire]] = {"bytes": _bytes, "float": _single}


def _schemaless(table: str, column: Column, reading: Reading) -> Read:
    convert = converter(column, reading.zone)

    def decimal(value: Any) -> Value:
        if isinstance(value, float) and column.places is None:
            raise Inexact
        if isinstance(value, Decimal) and column.places is None and not reading.doubles:
            raise Halt("debezium_double", table=table, column=column.name)
        if isinstance(value, str) and not reading.decimals and _may_be_base64(value):
            raise Halt("debezium_base64", table=table, column=column.name)
        return convert(_finite(value) if isinstance(value, str) else value)

    def day(value: Any) -> Value:
        if isinstance(value, str):
            return convert(_wall(value))
        return convert(_day(value) if abs(value) <= DAYS_MAX else moment(value))

    def instant(value: Any) -> Value:
        return convert(value if isinstance(value, str) and reading.temporal else moment(value))

    def moment(value: Any) -> datetime:
        per_second = {"connect": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}.get(reading.temporal)
        if per_second is None or not isinstance(value, int):
            raise Halt("debezium_temporal", table=table, column=column.name, value=value)
        return _moment(per_second)(value)

    if column.elements is not None:
        item = _schemaless(table, _element(column), reading)
        return _present(lambda value: _items(item)(value) if isinstance(value, list) else convert(value), reading)
    match column.kind, column.form:
        case Kind.DECIMAL, _:
            return _present(decimal, reading)
        case Kind.DATE, "":
            return _present(day, reading)
        case Kind.TIMESTAMP, "":
            return _present(instant, reading)
        case _:
            return _present(convert, reading)


def _may_be_base64(text: str) -> bool:
    """Whether a text may be a number in base64. One with a point or a minus is not, nor one of another length."""
    return len(text) % 4 == 0 and "." not in text and "-" not in text
