"""The binary log of MySQL and MariaDB, bytes to events.

Source: MySQL "Replication Protocol: Binlog Event", MariaDB "Replication Protocol". Pure: no sockets; the only state is
what the log itself says about its checksums. Of a table's columns see `binlog_table`, of its rows `binlog_rows`.
"""

import struct
import zlib
from collections.abc import Mapping
from struct import Struct
from typing import Any, Final, Literal, NamedTuple

EventKind = Literal[
    "gtid", "query", "table", "insert", "update", "delete", "commit", "rotate", "heartbeat", "format",
    "compressed", "partial", "unreadable", "xa_prepare", "stop", "ignored", "unknown",
]  # fmt: skip
"""`query` is SQL: BEGIN, COMMIT of tables without transactions, DDL, TRUNCATE. `compressed`, `partial` (MySQL's
changes within a JSON value) and `unreadable` (incidents, tagged GTIDs, rows of ancient servers) may hold
changes that nothing here reads: whoever meets one must stop. `ignored` never holds a change."""


class Event(NamedTuple):
    """One event. `data` is what follows the header, without the checksum; `end` is where in its file the next event
    begins, 0 when the server made this one up; `timestamp` is in whole seconds since 1970, 0 when made up; `code` is
    the number of its type."""

    kind: EventKind
    end: int
    timestamp: int
    server_id: int
    data: bytes
    code: int


class Garbled(ValueError):
    """The bytes are not what the protocol says."""


class Gtid(NamedTuple):
    """A transaction's name: `0-1-4711` on MariaDB, `uuid:4711` on MySQL. `standalone`: no commit follows, the next
    query is all there is. `committed_us`: microseconds since 1970 at the server that is read, 0 where unsaid.
    `is_idle`: the next query does nothing, it announces an ALTER that another ends, or gives it up."""

    text: str
    standalone: bool
    committed_us: int
    is_idle: bool = False


class Query(NamedTuple):
    """A statement in the log, run while `schema` was the current database."""

    schema: str
    sql: str


class Rotation(NamedTuple):
    """Where the log goes on."""

    file: str
    position: int


_HEADER: Final = Struct("<IBIII2x")
HEADER_BYTES: Final = 19
CHECKSUM_BYTES: Final = 4
_KINDS: Final[Mapping[int, EventKind]] = {
    2: "query", 3: "stop", 4: "rotate", 15: "format", 16: "commit", 19: "table",
    23: "insert", 24: "update", 25: "delete", 30: "insert", 31: "update", 32: "delete",
    27: "heartbeat", 33: "gtid", 34: "gtid", 38: "xa_prepare", 39: "partial", 40: "compressed", 41: "heartbeat",
    162: "gtid", **dict.fromkeys(range(165, 172), "compressed"),
    **dict.fromkeys((17, 18, 20, 21, 22, 26, 42), "unreadable"),
    **dict.fromkeys((5, 13, 14, 28, 29, 35, 36, 37, 160, 161, 163, 164), "ignored"),
}  # fmt: skip
_ROWS_V2: Final = frozenset({30, 31, 32})
_IGNORABLE_FLAG: Final = 0x80
_GTID_MARIADB: Final = 162
_STANDALONE_FLAG: Final = 1
_GROUP_FLAG: Final = 2
_IDLE_FLAGS: Final = 2 | 8
"""Of MariaDB's further flags, which stand behind the number of a group of commits."""


class Framing:
    """Packets of a dump → events. `checksums`: whether events end in a CRC32 until the log says so itself."""

    def __init__(self, checksums: bool) -> None:
        self.checksums = checksums

    def event(self, packet: bytes) -> Event:
        """The event of a packet, which starts with the byte 0. Raises Garbled."""
        try:
            timestamp, code, server_id, size, end = _HEADER.unpack_from(packet, 1)
        except struct.error:
            raise Garbled("an event ends within its header") from None
        if size != len(packet) - 1:
            raise Garbled("an event has another length than it says")
        kind = _KINDS.get(code, "unknown")
        if kind == "format":
            self.checksums = packet[-1 - CHECKSUM_BYTES] == 1
        stop = len(packet)
        if self.checksums or kind == "format":
            stop -= CHECKSUM_BYTES
            if self.checksums and zlib.crc32(memoryview(packet)[1:stop]) != int.from_bytes(packet[stop:], "little"):
                raise Garbled("an event does not agree with its checksum")
        if code in _ROWS_V2:
            extra = int.from_bytes(packet[28:30], "little")
            data = packet[20:28] + packet[28 + extra : stop]
        else:
            data = packet[20:stop]
            if kind == "unknown" and packet[18] & _IGNORABLE_FLAG:
                kind = "ignored"
        return Event(kind, end, timestamp, server_id, data, code)


def table_id(event: Event) -> bytes:
    """What names the table in a `table` event and in the rows that follow it, until the next file."""
    return event.data[:6]


def rotation(event: Event) -> Rotation:
    """What a `rotate` event says."""
    if len(event.data) < 9:
        raise Garbled("a rotation ends early")
    return Rotation(event.data[8:].decode("utf-8", "backslashreplace"), int.from_bytes(event.data[:8], "little"))


def query(event: Event) -> Query:
    """What a `query` event says."""
    schema_bytes, _, status_bytes = _unpack("<8xBHH", event.data)
    start = 13 + status_bytes
    schema = event.data[start : start + schema_bytes]
    sql = event.data[start + schema_bytes + 1 :]
    return Query(schema.decode("utf-8", "backslashreplace"), sql.decode("utf-8", "backslashreplace"))


def gtid(event: Event) -> Gtid:
    """What a `gtid` event says; the text is empty where a server gives its transactions no names."""
    data = event.data
    if event.code == _GTID_MARIADB:
        sequence, domain, flags = _unpack("<QIB", data)
        further = data[21:22] if flags & _GROUP_FLAG else data[13:14]
        is_idle = bool(flags & _STANDALONE_FLAG and further and further[0] & _IDLE_FLAGS)
        return Gtid(f"{domain}-{event.server_id}-{sequence}", bool(flags & _STANDALONE_FLAG), 0, is_idle)
    (number,) = _unpack("<17xq", data)
    committed_us = int.from_bytes(data[42:49], "little") & ((1 << 55) - 1) if len(data) >= 49 else 0
    u = data[1:17].hex()
    text = f"{u[:8]}-{u[8:12]}-{u[12:16]}-{u[16:20]}-{u[20:]}:{number}" if number else ""
    return Gtid(text, False, committed_us)


def _unpack(form: str, data: bytes) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, data)
    except struct.error:
        raise Garbled("an event ends early") from None
