"""The binary log of MySQL and MariaDB, bytes to events.

Source: MySQL "Replication Protocol: Binlog Event", MariaDB "Replication Protocol". Pure: no sockets; the only state is
what the log itself says about its checksums. Of a table's columns see `binlog_table`, of its rows `binlog_rows`.
"""

import struct
import zlib
from collections.abc import Mapping
from struct import Struct
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from connectors.binlog.charsets import has_codec, python_codec

EventKind = Literal[
    "gtid", "query", "table", "insert", "update", "delete", "commit", "rotate", "heartbeat", "format",
    "compressed", "partial", "unreadable", "xa_prepare", "stop", "ignored", "unknown",
]  # fmt: skip
"""`query` is SQL: BEGIN, COMMIT of tables without transactions, DDL, TRUNCATE, LOAD DATA. `compressed`, `partial`
(MySQL's changes within a JSON value) and `unreadable` (incidents, rows of ancient servers) may hold
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
    """A transaction's name: `0-1-4711` on MariaDB, `uuid:4711` or `uuid:tag:4711` on MySQL. `standalone`: no commit
    follows, the next query is all there is. `committed_us`: microseconds since 1970 at the server that is read, 0 where
    unsaid. `is_idle`: the next query does nothing, it announces an ALTER that another ends, or gives it up."""

    text: str
    standalone: bool
    committed_us: int
    is_idle: bool = False


class Query(NamedTuple):
    """A statement in the log, run while `schema` was the current database, under the `mode` that sql_mode then was."""

    schema: str
    sql: str
    mode: int = 0


class Rotation(NamedTuple):
    """Where the log goes on."""

    file: str
    position: int


_HEADER: Final = Struct("<IBIII2x")
HEADER_BYTES: Final = 19
CHECKSUM_BYTES: Final = 4
_KINDS: Final[Mapping[int, EventKind]] = {
    2: "query", 18: "query", 3: "stop", 4: "rotate", 15: "format", 16: "commit", 19: "table",
    23: "insert", 24: "update", 25: "delete", 30: "insert", 31: "update", 32: "delete",
    27: "heartbeat", 33: "gtid", 34: "gtid", 38: "xa_prepare", 39: "partial", 40: "compressed", 41: "heartbeat",
    42: "gtid", 162: "gtid", **dict.fromkeys(range(165, 172), "compressed"),
    **dict.fromkeys((20, 21, 22, 26), "unreadable"),
    **dict.fromkeys((5, 9, 11, 13, 14, 17, 28, 29, 35, 36, 37, 160, 161, 163, 164), "ignored"),
}  # fmt: skip
_ROWS_V2: Final = frozenset({30, 31, 32})
_IGNORABLE_FLAG: Final = 0x80
_IN_USE_FLAG: Final = 0x01
_GTID_MARIADB: Final = 162
_GTID_TAGGED: Final = 42
_UUID, _NUMBER, _TAG, _COMMITTED = 1, 2, 3, 6
"""Fields of a tagged name."""
_LOAD: Final = 18
_STATUS: Final = 13
_LOAD_STATUS: Final = _STATUS + 13
"""Where the variables of a session begin; LOAD DATA first says which file, and where in the statement it stands."""
_SQL_MODE, _CLIENT_CHARSET = 1, 4
_STATUS_BYTES: Final = {0: 4, _SQL_MODE: 8, 2: 1, 3: 4, 6: 1}
_CATALOG_ENDS: Final = {2: 1, 6: 0}
"""Bytes of each variable before the character sets; a catalogue's name comes after its length."""
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
            if kind == "format" and packet[18] & _IN_USE_FLAG:  # of a file that is being written; not summed up
                packet = packet[:18] + bytes([packet[18] & ~_IN_USE_FLAG]) + packet[19:]
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


def query(event: Event, charsets: Mapping[int, str] | None = None) -> Query:
    """What a `query` event says. `charsets` are the server's, by the numbers of their collations: the statement stands
    there as its client sent it. Bytes that are no text in its character set are kept as what they are."""
    schema_bytes, _, status_bytes = _unpack("<8xBHH", event.data)
    status = _LOAD_STATUS if event.code == _LOAD else _STATUS
    start = status + status_bytes
    schema = event.data[start : start + schema_bytes]
    mode, collation = _session(event.data[status:start])
    charset = (charsets or {}).get(collation, "utf8")
    name, errors = python_codec(charset if has_codec(charset) else "utf8")
    sql = event.data[start + schema_bytes + 1 :].decode(name, "surrogateescape" if errors == "strict" else errors)
    return Query(schema.decode("utf-8", "backslashreplace"), sql, mode)


def _session(status: bytes) -> tuple[int, int]:
    """The sql_mode of a session, and the collation of what its client sends, of its variables, which come in this
    order. 0 where they are not said."""
    mode, at = 0, 0
    while at < len(status):
        field = status[at]
        if field == _SQL_MODE:
            mode = int.from_bytes(status[at + 1 : at + 9], "little")
        elif field == _CLIENT_CHARSET:
            return mode, int.from_bytes(status[at + 1 : at + 3], "little")
        elif field in _CATALOG_ENDS:
            at += status[at + 1 : at + 2][0] + _CATALOG_ENDS[field] if at + 1 < len(status) else 0
        elif field not in _STATUS_BYTES:
            break
        at += 1 + _STATUS_BYTES[field]
    return mode, 0


def gtid(event: Event) -> Gtid:
    """What a `gtid` event says; the text is empty where a server gives its transactions no names."""
    data = event.data
    if event.code == _GTID_MARIADB:
        sequence, domain, flags = _unpack("<QIB", data)
        further = data[21:22] if flags & _GROUP_FLAG else data[13:14]
        is_idle = bool(flags & _STANDALONE_FLAG and further and further[0] & _IDLE_FLAGS)
        return Gtid(f"{domain}-{event.server_id}-{sequence}", bool(flags & _STANDALONE_FLAG), 0, is_idle)
    if event.code == _GTID_TAGGED:
        return _tagged(data)
    (number,) = _unpack("<17xq", data)
    committed_us = int.from_bytes(data[42:49], "little") & ((1 << 55) - 1) if len(data) >= 49 else 0
    return Gtid(f"{UUID(bytes=bytes(data[1:17]))}:{number}" if number else "", False, committed_us)


def _tagged(data: bytes) -> Gtid:
    """MySQL's `Gtid_tagged_log_event`, in the form of its `mysql::serialization`: a version, the size, the last field
    that must be known, then fields, each behind its number. A number is preceded by as many 1 bits as it has further
    bytes, a signed one has its sign last."""
    numbers: dict[int, int] = {}
    uuid, tag = bytes(16), ""
    try:
        at = 0
        for _ in range(3):
            _, at = _varied(data, at)
        while at < len(data) and (field := _varied(data, at))[0] <= _COMMITTED:
            at = field[1]
            if field[0] == _UUID:
                octets = []
                for _ in range(16):
                    octet, at = _varied(data, at)
                    octets.append(octet)
                uuid = bytes(octets)
            elif field[0] == _TAG:
                size, start = _varied(data, at)
                at = start + size
                tag = data[start:at].decode("ascii")
            else:
                numbers[field[0]], at = _varied(data, at)
    except (IndexError, ValueError):
        raise Garbled("the name of a transaction cannot be read") from None
    number = numbers.get(_NUMBER, 0) >> 1
    text = f"{UUID(bytes=uuid)}:{tag}:{number}" if tag else f"{UUID(bytes=uuid)}:{number}"
    return Gtid(text if number else "", False, numbers.get(_COMMITTED, 0))


def _varied(data: bytes, at: int) -> tuple[int, int]:
    """A number of varied length, and where it ends."""
    first = data[at]
    more = (~first & (first + 1)).bit_length() - 1
    end = at + 1 + more
    if end > len(data):
        raise IndexError
    return int.from_bytes(data[at:end], "little") >> (more + 1 if more < 8 else 8), end


def _unpack(form: str, data: bytes) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, data)
    except struct.error:
        raise Garbled("an event ends early") from None
