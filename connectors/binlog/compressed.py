"""Compressed events, as what they would be without compression. Pure.

MySQL packs a whole transaction into one event: fields of a number, a length and a value, 0 ending them, then the events
without checksums, by zstd. Source: MySQL's `Transaction_payload_event`. Of MariaDB, by `log_bin_compress`:
only the end of an event is compressed: of a query the statement, of rows all that follows the columns' bits. It
starts with a byte whose low three bits count the bytes of the length that comes next; then follows a zlib stream.
Source: MariaDB's `binlog_buf_compress`.
"""

import io
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

import zstandard

from connectors.binlog.events import HEADER_BYTES, Event, EventKind, Framing, Garbled
from connectors.binlog.table import length

_QUERY: Final = 165
_ROWS: Final[Mapping[int, EventKind]] = {
    166: "insert", 167: "update", 168: "delete", 169: "insert", 170: "update", 171: "delete",
}  # fmt: skip
_WITH_EXTRA: Final = frozenset({169, 170, 171})


_PAYLOAD: Final = 40
_PACKED, _METHOD, _PLAIN = 1, 2, 3
_ZSTD, _NONE = 0, 255
EVENT_BYTES_MAX: Final = 1 << 30
"""The server's own bound of a packet."""


def unpacked(event: Event) -> Iterator[Event] | None:
    """The events of a transaction that MySQL packed, read as they are asked for; None for another event, and where it
    was packed in a way that is not known. None of them says where it ends. Raises Garbled."""
    if event.code != _PAYLOAD:
        return None
    data, at, said = event.data, 0, {_METHOD: _NONE}
    try:
        while (field := length(data, at))[0]:
            size, start = length(data, field[1])
            at = start + size
            said[field[0]] = length(data, start)[0]
        packed = io.BytesIO(data[at + 1 :])
    except IndexError:
        raise Garbled("a packed transaction ends early") from None
    if said[_METHOD] not in (_ZSTD, _NONE):
        return None
    is_plain = said[_METHOD] == _NONE
    size = said.get(_PACKED if is_plain else _PLAIN, 0)
    return _events(packed if is_plain else zstandard.ZstdDecompressor().stream_reader(packed), size)


def _events(stream: io.BytesIO | zstandard.ZstdDecompressionReader, left: int) -> Iterator[Event]:
    """All of them, of so many bytes: a stream that is cut off just ends."""
    framing = Framing(checksums=False)
    try:
        while header := _taken(stream, HEADER_BYTES):
            size = int.from_bytes(header[9:13], "little")
            if not HEADER_BYTES <= size <= EVENT_BYTES_MAX:
                raise Garbled("a packed event has a length that cannot be")
            event = framing.event(b"\0" + header + _taken(stream, size - HEADER_BYTES))
            left -= size
            yield event._replace(end=0)
    except zstandard.ZstdError:
        raise Garbled("a packed transaction cannot be read") from None
    if left:
        raise Garbled("a packed transaction has another length than it says")


def _taken(stream: io.BytesIO | zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """So many bytes, fewer at the end."""
    parts, left = [], size
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def plain(event: Event) -> Event | None:
    """MariaDB's event with nothing compressed; None for one of another kind. Raises Garbled."""
    try:
        if event.code == _QUERY:
            return event._replace(kind="query", data=_from(event.data, _query_end(event.data)))
        if event.code in _ROWS:
            data = event.data
            if event.code in _WITH_EXTRA:
                data = data[:8] + data[8 + int.from_bytes(data[8:10], "little") :]
            return event._replace(kind=_ROWS[event.code], data=_from(data, _bits_end(data, _ROWS[event.code])))
    except (IndexError, zlib.error):
        raise Garbled("a compressed event cannot be read") from None
    return None


def _query_end(data: bytes) -> int:
    """Where the statement begins: after the variables, the database's name and a zero."""
    return 13 + data[8] + int.from_bytes(data[11:13], "little") + 1


def _bits_end(data: bytes, kind: EventKind) -> int:
    columns, at = length(data, 8)
    return at + (columns + 7) // 8 * (2 if kind == "update" else 1)


def _from(data: bytes, at: int) -> bytes:
    return data[:at] + zlib.decompress(data[at + 1 + (data[at] & 7) :])
