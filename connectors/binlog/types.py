"""The column types of the binary log: how a value lies in a row, and what the server would print for it.

A TIMESTAMP prints in UTC, a DATETIME as it stands, a BIT as a number, a FLOAT only where its digits are still what was
written. Pure.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from struct import Struct
from typing import Final, NamedTuple

from connectors.binlog.decimal import decimal, groups
from connectors.binlog.events import Garbled
from connectors.binlog.json import json_text
from connectors.binlog.table import (
    BIT,
    BLOB_COMPRESSED,
    BLOBS,
    DATE,
    DATETIME,
    DATETIME2,
    DECIMAL,
    DOUBLE,
    ENUM,
    FLOAT,
    GEOMETRY,
    INT24,
    JSON,
    LONG,
    LONGLONG,
    NEWDATE,
    SET,
    SHORT,
    STRING,
    TIME,
    TIME2,
    TIMESTAMP,
    TIMESTAMP2,
    TINY,
    VAR_STRING,
    VARCHAR,
    VARCHAR_COMPRESSED,
    VECTOR,
    YEAR,
    WireColumn,
)
from connectors.binlog.text import Charsets, Text, decoder
from connectors.convert import Unfit, float_text, single_text

INTEGERS: Final[Mapping[int, str]] = {TINY: "B", SHORT: "H", INT24: "HB", LONG: "I", LONGLONG: "Q"}
BITS: Final[Mapping[str, int]] = {"B": 8, "H": 16, "I": 32, "Q": 64, "b": 8, "h": 16, "i": 32, "q": 64}
"""Of each struct code."""
BIG: Final = ("", "B", "H", "BH", "I", "BI", "HI", "BHI", "Q")
"""Struct codes of a big-endian number of so many bytes."""
_EPOCH: Final = datetime(1970, 1, 1)
_SINGLE: Final = Struct("<f")
_DOUBLE: Final = Struct("<d")
_ZERO_MOMENT: Final = "0000-00-00 00:00:00"


class Layout(NamedTuple):
    """How a value lies in a row: `size` bytes, unpacked as `codes` in byte `order` where that is of use, or as many
    as a number of `prefix` bytes before it says."""

    size: int
    order: str = "<"
    codes: str = ""
    prefix: int = 0


def layout(wire: WireColumn) -> Layout:
    """Raises Garbled for a type that no server of today writes."""
    wired, meta = wire.type, wire.meta
    if wired in INTEGERS:
        codes = INTEGERS[wired]
        codes = codes if wire.unsigned else codes[:-1] + codes[-1].lower()
        return Layout(sum(BITS[c] for c in codes) // 8, "<", codes)
    if wired in (VARCHAR, VARCHAR_COMPRESSED, STRING, VAR_STRING):
        return Layout(0, prefix=1 if meta < 256 else 2)
    if wired in BLOBS or wired in (JSON, GEOMETRY, VECTOR):
        return Layout(0, prefix=meta)
    if wired == DECIMAL:
        return _big(*(size for _, size in groups(meta)))
    if wired in (DATETIME2, TIMESTAMP2, TIME2):
        return _big({DATETIME2: 5, TIMESTAMP2: 4, TIME2: 3}[wired], fraction_bytes(wire))
    if wired in (ENUM, SET):
        return Layout(meta, "<", BIG[meta][::-1])
    if wired == BIT:
        return _big((meta + 7) // 8)
    if wired in _FIXED:
        return _FIXED[wired]
    raise Garbled(f"a column is of the unknown type {wired}")


_FIXED: Final = {
    DATE: Layout(3, "<", "HB"), NEWDATE: Layout(3, "<", "HB"), TIME: Layout(3), FLOAT: Layout(4), DOUBLE: Layout(8),
    YEAR: Layout(1, "<", "B"), TIMESTAMP: Layout(4), DATETIME: Layout(8),
}  # fmt: skip


def _big(*sizes: int) -> Layout:
    return Layout(sum(sizes), ">", "".join(BIG[size] for size in sizes))


def fraction_bytes(wire: WireColumn) -> int:
    """Bytes of a moment's fraction of a second."""
    return (wire.meta + 1) // 2


def text_of(wire: WireColumn, charsets: Charsets, places: int | None = None) -> Text:
    """What the server prints for a value of the column; of a binary fraction what it is at the declared places."""
    wired, meta = wire.type, wire.meta
    if places is not None and wired == FLOAT:
        return lambda raw: float_text(float(single_text(raw)), places)
    if places is not None and wired == DOUBLE:
        return lambda raw: float_text(_DOUBLE.unpack(raw)[0], places)
    if wired in INTEGERS:
        signed = not wire.unsigned
        return lambda raw: str(int.from_bytes(raw, "little", signed=signed))
    if wired == BIT:
        return lambda raw: str(int.from_bytes(raw, "big"))
    if wired in (ENUM, SET):
        return _labelled(wire, charsets)
    if wired in (VARCHAR_COMPRESSED, BLOB_COMPRESSED):
        said = decoder(wire, charsets)
        return lambda raw: said(_inflated(raw))
    if wired in BLOBS or wired in (VARCHAR, STRING, VAR_STRING):
        return decoder(wire, charsets)
    if wired == DECIMAL:
        return lambda raw: format(decimal(raw, meta), "f")
    if wired in (DATETIME2, TIMESTAMP2, TIME2):
        moment = {DATETIME2: _datetime2, TIMESTAMP2: _timestamp2, TIME2: _time2}[wired]
        return lambda raw: moment(int.from_bytes(raw, "big"), meta)
    return _TEXTS.get(wired, _unreadable)


def labels(wire: WireColumn, charsets: Charsets) -> tuple[str, ...]:
    """An ENUM's or SET's labels as text. Raises Unfit."""
    read = decoder(wire, charsets)
    return tuple(read(label) for label in wire.labels)


def _labelled(wire: WireColumn, charsets: Charsets) -> Text:
    def text(raw: bytes) -> str:
        number, known = int.from_bytes(raw, "little"), labels(wire, charsets)
        if wire.type == SET:
            if number >> len(known):
                raise Unfit("malformed_type")
            return ",".join(label for i, label in enumerate(known) if number >> i & 1)
        if number > len(known):
            raise Unfit("malformed_type")
        return known[number - 1] if number else ""

    return text


def _unreadable(raw: bytes) -> str:
    raise Unfit("malformed_type")


def _inflated(raw: bytes) -> bytes:
    """A value of MariaDB's compressed columns: a byte that says how, the length, the data."""
    if not raw:
        return raw
    how = raw[0]
    if how == 0:
        return raw[1:]
    try:
        return zlib.decompress(raw[1 + (how & 7) :], -zlib.MAX_WBITS if how & 8 else zlib.MAX_WBITS)
    except zlib.error:
        raise Unfit("malformed_type") from None


def _float(raw: bytes) -> str:
    """A FLOAT carries any decimal of 6 digits there and back (FLT_DIG)."""
    (value,) = _SINGLE.unpack(raw)
    text = format(Decimal(f"{value:.6g}"), "f")
    if _SINGLE.pack(float(text)) != raw:
        raise Unfit("malformed_float")
    return text


def _date(raw: bytes) -> str:
    number = int.from_bytes(raw, "little")
    return f"{number >> 9:04}-{number >> 5 & 15:02}-{number & 31:02}"


def _fraction(number: int, digits: int) -> str:
    """`number` counts what its bytes hold: hundredths, ten thousandths or millionths."""
    return f".{number:0{(digits + 1) // 2 * 2}}"[: digits + 1] if digits else ""


def _datetime2(number: int, digits: int) -> str:
    bits = (digits + 1) // 2 * 8
    whole, part = number >> bits, number & ((1 << bits) - 1)
    year, month = divmod(whole >> 22 & 0x1FFFF, 13)
    day = f"{year:04}-{month:02}-{whole >> 17 & 31:02}"
    return f"{day} {whole >> 12 & 31:02}:{whole >> 6 & 63:02}:{whole & 63:02}{_fraction(part, digits)}"


def _timestamp2(number: int, digits: int) -> str:
    bits = (digits + 1) // 2 * 8
    seconds, part = number >> bits, number & ((1 << bits) - 1)
    return _seconds(seconds, _fraction(part, digits)) if number else _ZERO_MOMENT + _fraction(0, digits)


def _seconds(seconds: int, fraction: str) -> str:
    return f"{_EPOCH + timedelta(0, seconds)}{fraction}+00:00"


def _time2(number: int, digits: int) -> str:
    bits = (digits + 1) // 2 * 8
    number -= 0x800000 << bits
    whole, part = abs(number) >> bits, abs(number) & ((1 << bits) - 1)
    clock = f"{whole >> 12:02}:{whole >> 6 & 63:02}:{whole & 63:02}{_fraction(part, digits)}"
    return f"-{clock}" if number < 0 else clock


def _datetime(raw: bytes) -> str:
    text = f"{int.from_bytes(raw, 'little'):014}"
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:]}"


def _time(raw: bytes) -> str:
    number = int.from_bytes(raw, "little", signed=True)
    minutes, seconds = divmod(abs(number), 100)
    return f"{'-' if number < 0 else ''}{minutes // 100:02}:{minutes % 100:02}:{seconds:02}"


def _timestamp(raw: bytes) -> str:
    seconds = int.from_bytes(raw, "little")
    return _seconds(seconds, "") if seconds else _ZERO_MOMENT


_TEXTS: Final[Mapping[int, Text]] = {
    JSON: json_text,
    FLOAT: _float,
    DOUBLE: lambda raw: float_text(_DOUBLE.unpack(raw)[0]),
    DATE: _date,
    NEWDATE: _date,
    DATETIME: _datetime,
    TIME: _time,
    TIMESTAMP: _timestamp,
    YEAR: lambda raw: f"{raw[0] + 1900 if raw[0] else 0:04}",
}
