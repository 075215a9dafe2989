"""The table map event, bytes to columns: what the rows that follow it consist of.

Names, signedness, character sets and labels are there when the server writes `binlog_row_metadata = FULL`; without
them every name is empty. Source: MySQL's `Table_map_log_event`, with what MariaDB does otherwise. Pure.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from connectors.binlog.events import Garbled

(TINY, SHORT, LONG, FLOAT, DOUBLE) = (1, 2, 3, 4, 5)
(TIMESTAMP, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR, NEWDATE, VARCHAR, BIT) = range(7, 17)
(TIMESTAMP2, DATETIME2, TIME2) = (17, 18, 19)
(BLOB_COMPRESSED, VARCHAR_COMPRESSED, VECTOR) = (140, 141, 242)
(JSON, DECIMAL, ENUM, SET) = (245, 246, 247, 248)
(TINY_BLOB, MEDIUM_BLOB, LONG_BLOB, BLOB, VAR_STRING, STRING, GEOMETRY) = range(249, 256)
"""Types as the log numbers them."""

BINARY: Final = 63
"""The collation of bytes that are no text."""
BLOBS: Final = frozenset({TINY_BLOB, MEDIUM_BLOB, LONG_BLOB, BLOB, BLOB_COMPRESSED})
_META_BYTES: Final = {
    **dict.fromkeys((VARCHAR, VARCHAR_COMPRESSED, VAR_STRING, STRING, ENUM, SET, BIT, DECIMAL), 2),
    **dict.fromkeys((FLOAT, DOUBLE, TIMESTAMP2, DATETIME2, TIME2, JSON, VECTOR, GEOMETRY, *BLOBS), 1),
}
_NUMBERS: Final = frozenset({TINY, SHORT, LONG, LONGLONG, INT24, FLOAT, DOUBLE, DECIMAL, YEAR})
_TEXTS: Final = frozenset({VARCHAR, VARCHAR_COMPRESSED, VAR_STRING, STRING, VECTOR, *BLOBS})


class WireColumn(NamedTuple):
    """A column as the log has it. `meta`: the longest value in bytes of a character type, the bytes of the length
    before a blob, the bytes of an ENUM's or SET's number, the bits of a BIT, the digits after a second's point, of a
    DECIMAL (precision << 8) + scale. `collation` is the server's number of it, 0 for what is no text. `labels` are
    an ENUM's or SET's, in its character set. `key`: part of the primary key."""

    name: str
    type: int
    meta: int = 0
    nullable: bool = True
    unsigned: bool = False
    collation: int = 0
    labels: tuple[bytes, ...] = ()
    key: bool = False


class TableMap(NamedTuple):
    """A table as the following rows events have it; they repeat the `id`, which lasts until the next log file."""

    id: bytes
    schema: str
    name: str
    columns: tuple[WireColumn, ...]


def table_map(payload: bytes, mariadb: bool) -> TableMap:
    """A table map event's data. `mariadb`: whether MariaDB wrote it. Raises Garbled."""
    try:
        return _table_map(payload, mariadb)
    except (IndexError, StopIteration):
        raise Garbled("a table map ends early") from None


def _table_map(data: bytes, mariadb: bool) -> TableMap:
    schema, at = _name(data, 8)
    name, at = _name(data, at)
    count, at = length(data, at)
    types = data[at : at + count]
    meta_bytes, at = length(data, at + count)
    metas = _metas(types, data[at : at + meta_bytes])
    at += meta_bytes
    nullable = [bool(data[at + i // 8] >> i % 8 & 1) for i in range(count)]
    at += (count + 7) // 8
    columns = [WireColumn("", t, m, n) for (t, m), n in zip(metas, nullable, strict=True)]
    while at < len(data):
        field, (size, start) = data[at], length(data, at + 1)
        at = start + size
        if at > len(data):
            raise Garbled("a table map ends early")
        if field in _FIELDS:
            _FIELDS[field](columns, data[start:at], mariadb)
    return TableMap(data[:6], schema, name, tuple(columns))


def _metas(types: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    for wired in types:
        size = _META_BYTES.get(wired, 0)
        first, second = (data[at], data[at + 1]) if size == 2 else (data[at], 0) if size else (0, 0)
        at += size
        if wired in (STRING, VAR_STRING):
            yield _string(first, second)
        elif wired in (VARCHAR, VARCHAR_COMPRESSED):
            yield wired, first | second << 8
        elif wired == DECIMAL:
            yield wired, first << 8 | second
        elif wired == BIT:
            yield wired, first + second * 8
        else:
            yield wired, first
    if at != len(data):
        raise Garbled("a table map has columns of an unknown type")


def _string(first: int, second: int) -> tuple[int, int]:
    """CHAR, and the ENUM and SET that hide behind it; two bits of a long CHAR's length stand, inverted, in its type."""
    if first in (ENUM, SET):
        return first, second
    return first | 0x30, second | ((first & 0x30) ^ 0x30) << 4


Field = Callable[[list[WireColumn], bytes, bool], None]


def _signedness(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
    numbers = [i for i, column in enumerate(columns) if column.type in _NUMBERS]
    for n, i in enumerate(numbers):
        columns[i] = columns[i]._replace(unsigned=bool(data[n // 8] << n % 8 & 0x80))


def _default_collation(chosen: Callable[[WireColumn, bool], bool]) -> Field:
    """One collation, and the columns that have another."""

    def read(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
        default, *others = _lengths(data)
        exceptions = dict(zip(others[::2], others[1::2], strict=True))
        for n, i in enumerate(_chosen(columns, chosen, mariadb)):
            columns[i] = columns[i]._replace(collation=exceptions.get(n, default))

    return read


def _collations(chosen: Callable[[WireColumn, bool], bool]) -> Field:
    def read(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
        for i, collation in zip(_chosen(columns, chosen, mariadb), _lengths(data), strict=True):
            columns[i] = columns[i]._replace(collation=collation)

    return read


def _names(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
    at = 0
    for i, column in enumerate(columns):
        size, start = length(data, at)
        at = start + size
        columns[i] = column._replace(name=data[start:at].decode("utf-8", "backslashreplace"))


def _labels(type: int) -> Field:
    def read(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
        at = 0
        for i in (i for i, column in enumerate(columns) if column.type == type):
            count, at = length(data, at)
            labels = []
            for _ in range(count):
                size, start = length(data, at)
                at = start + size
                labels.append(data[start:at])
            columns[i] = columns[i]._replace(labels=tuple(labels))

    return read


def _key(step: int) -> Field:
    """The places of the key's columns; with the length of a prefix after each, `step` is 2."""

    def read(columns: list[WireColumn], data: bytes, mariadb: bool) -> None:
        for i in list(_lengths(data))[::step]:
            columns[i] = columns[i]._replace(key=True)

    return read


def _text(column: WireColumn, mariadb: bool) -> bool:
    """Columns that the log counts as text; which those are is not the same on both servers."""
    return column.type in _TEXTS or (mariadb and column.type == GEOMETRY)


def _labelled(column: WireColumn, mariadb: bool) -> bool:
    return column.type in (ENUM, SET)


def _chosen(columns: Iterable[WireColumn], chosen: Callable[[WireColumn, bool], bool], mariadb: bool) -> list[int]:
    return [i for i, column in enumerate(columns) if chosen(column, mariadb)]


_FIELDS: Final[dict[int, Field]] = {
    1: _signedness,
    2: _default_collation(_text),
    3: _collations(_text),
    4: _names,
    5: _labels(SET),
    6: _labels(ENUM),
    8: _key(1),
    9: _key(2),
    10: _default_collation(_labelled),
    11: _collations(_labelled),
}


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name after its length, with a zero behind it."""
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("utf-8", "backslashreplace"), end + 1


def _lengths(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = length(data, at)
        yield value


def length(data: bytes, at: int) -> tuple[int, int]:
    """A length-encoded number, and where it ends."""
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}.get(first)
    if size is None:
        raise Garbled("a length is not what it may be")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size
