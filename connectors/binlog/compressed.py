"""MariaDB's compressed events, as what they would be without `log_bin_compress`. Pure.

Only the end of an event is compressed: of a query the statement, of rows all that follows the columns' bits. It
starts with a byte whose low three bits count the bytes of the length that comes next; then follows a zlib stream.
Source: MariaDB's `binlog_buf_compress`.
"""

import zlib
from collections.abc import Mapping
from typing import Final

from connectors.binlog.events import Event, EventKind, Garbled
from connectors.binlog.table import length

_QUERY: Final = 165
_ROWS: Final[Mapping[int, EventKind]] = {
    166: "insert", 167: "update", 168: "delete", 169: "insert", 170: "update", 171: "delete",
}  # fmt: skip
_WITH_EXTRA: Final = frozenset({169, 170, 171})


def plain(event: Event) -> Event | None:
    """The event with nothing compressed; None for one of another kind, as MySQL's. Raises Garbled."""
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
