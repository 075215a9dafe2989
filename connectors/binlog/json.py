"""MySQL's binary JSON as the text that the server prints. MariaDB's JSON is text already.

Source: MySQL's `json_binary.h`. Offsets count from the start of the object or array that holds them. Pure.
"""

import json
import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final

from connectors.binlog.decimal import decimal
from connectors.convert import Unfit

DEPTH_MAX: Final = 100
"""The server nests no deeper."""
_LITERAL, _DOUBLE, _STRING, _OPAQUE = 4, 11, 12, 15
_NUMBERS: Final[Mapping[int, Struct]] = {
    n: Struct(f"<{code}") for n, code in zip(range(_LITERAL, _STRING), "BhHiIqQd", strict=True)
}
_CONTAINERS: Final = ("{}", "{}", "[]", "[]")
"""By type; those of odd types are large, with offsets of four bytes in place of two."""
_INLINE: Final = (frozenset({4, 5, 6}), frozenset({4, 5, 6, 7, 8}))
"""Types of values that stand where otherwise their offset does, in small containers and in large ones."""
_LITERALS: Final = ("null", "true", "false")
_TIMESTAMP, _DATE, _TIME, _DATETIME, _DECIMAL = 7, 10, 11, 12, 246
_I64: Final = Struct("<q")


def json_text(data: bytes) -> str:
    """The text of a document. Raises Unfit."""
    try:
        return _value(data, data[0], 1, 0) if data else "null"  # an empty one is what an ALTER left
    except (IndexError, ValueError, struct.error) as error:
        raise Unfit("malformed_type") from error


def _value(data: bytes, type: int, at: int, depth: int) -> str:
    if type < _LITERAL and depth < DEPTH_MAX:
        opening, closing = _CONTAINERS[type]
        return f"{opening}{', '.join(_members(data, type, at, depth + 1))}{closing}"
    if type in _NUMBERS:
        (number,) = _NUMBERS[type].unpack_from(data, at)
        if type == _LITERAL:
            return _LITERALS[number]
        return repr(number).replace("e+", "e") if type == _DOUBLE else str(number)
    if type == _STRING:
        return _quoted(_sized(data, at))
    if type == _OPAQUE:
        return _opaque(data[at], _sized(data, at + 1))
    raise ValueError(f"a JSON value of the unknown type {type}")


def _members(data: bytes, type: int, start: int, depth: int) -> Iterator[str]:
    large, named = type & 1, type < 2
    width = 4 if large else 2
    offset = Struct("<I" if large else "<H").unpack_from
    (count,) = offset(data, start)
    keys = start + 2 * width
    values = keys + count * (width + 2) * named
    for n in range(count):
        entry = values + n * (1 + width)
        member = data[entry]
        at = entry + 1 if member in _INLINE[large] else start + offset(data, entry + 1)[0]
        if at <= start:
            raise ValueError("a JSON value that holds itself")
        text = _value(data, member, at, depth)
        if named:
            key = keys + n * (width + 2)
            key_at, size = start + offset(data, key)[0], int.from_bytes(data[key + width : key + width + 2], "little")
            text = f"{_quoted(data[key_at : key_at + size])}: {text}"
        yield text


def _sized(data: bytes, at: int) -> bytes:
    """Bytes after their length, which has seven bits in each byte."""
    size, shift = 0, 0
    while True:
        byte = data[at]
        size |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    if at + size > len(data):
        raise IndexError
    return data[at : at + size]


def _quoted(text: bytes) -> str:
    return json.dumps(text.decode(), ensure_ascii=False)


def _opaque(type: int, content: bytes) -> str:
    """A value of an SQL type."""
    if type == _DECIMAL:
        return format(decimal(content[2:], content[0] << 8 | content[1]), "f")
    if type in (_TIMESTAMP, _DATE, _TIME, _DATETIME):
        (packed,) = _I64.unpack(content)
        return f'"{_moment(type, packed)}"'
    return f'"base64:type{type}:{b64encode(content).decode()}"'


def _moment(type: int, packed: int) -> str:
    whole, micros = abs(packed) >> 24, abs(packed) & 0xFFFFFF
    clock = f"{whole >> 12 & (1023 if type == _TIME else 31):02}:{whole >> 6 & 63:02}:{whole & 63:02}.{micros:06}"
    if type == _TIME:
        return f"-{clock}" if packed < 0 else clock
    year, month = divmod(whole >> 22, 13)
    day = f"{year:04}-{month:02}-{whole >> 17 & 31:02}"
    return day if type == _DATE else f"{day} {clock}"
