"""The events of a MySQL or MariaDB server, as a replica is sent them.

The library connects, signs in, agrees on checksums and heartbeats and asks for the log; from then on the packets are
taken from its connection directly, because it spends its time on objects for each event and value.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import pymysql
from pymysql.constants import CR
from pymysqlreplication import BinLogStreamReader

from connectors.binlog.events import Event, Framing, Garbled

RECEIVE_BYTES: Final = 1 << 18
PACKET_BYTES_MAX: Final = 0xFFFFFF
"""A packet of this size goes on in the next."""
SILENT_HEARTBEATS: Final = 4
"""A server that has not been heard for so many of its heartbeats is gone."""
WRITE_PATIENCE_S: Final = 3_600
"""How long the server waits for a reader who waits for finance."""
_SESSION: Final = f"SET @master_binlog_checksum = 'CRC32', net_write_timeout = {WRITE_PATIENCE_S}"
"""Checksums are asked for even where the server writes none: it may begin to, and then ends the log for those who did
not say that they know them, as the library does not."""
_COLLATIONS_SQL: Final = """
    SELECT count(*) FROM information_schema.columns
    WHERE table_schema = 'information_schema' AND table_name = 'COLLATION_CHARACTER_SET_APPLICABILITY'
    AND column_name = 'ID'
"""
"""MariaDB tells the numbers there since 10.10, when some of its collations began to serve several character sets."""
_EVENT, _ERROR, _END = 0x00, 0xFF, 0xFE


class Events:
    """A running dump of the log, for one thread.

    It starts after the transactions of `gtid` (MariaDB: `0-1-4711,…`; MySQL: a set, `uuid:1-4711,…`), or, without,
    at the place `file`, `position`, where an event must begin. The first events are always a `rotate` that names the
    file, and a `format`. Rows are only readable after the table map before them: start between transactions.
    Raises pymysql's errors; 1236 says that the server no longer has the place.
    """

    def __init__(
        self,
        connection: Mapping[str, object],
        server_id: int,
        *,
        mariadb: bool,
        file: str = "",
        position: int = 4,
        gtid: str | None = None,
        heartbeat_s: float = 5.0,
    ) -> None:
        """`connection` are the arguments of `pymysql.connect`."""
        where: dict[str, Any] = {"auto_position": gtid, "is_mariadb": mariadb}
        if gtid is None:
            where = {"log_file": file, "log_pos": position, "resume_stream": True}
        self._asked = _Dump(
            {**connection, "init_command": _SESSION},
            server_id,
            blocking=True,
            slave_heartbeat=heartbeat_s,
            enable_logging=False,
            **where,
        )
        self._connection = self._asked.begin()
        self._socket: socket.socket = self._connection._sock
        self._framing = Framing(checksums=True)
        self._silence_max_s = SILENT_HEARTBEATS * heartbeat_s
        self._silent_s = 0.0
        self._parts: list[bytes] = []
        self._received = 0
        self._buffer = b""
        self._at = 0
        self._packets: list[bytes] = []

    def read(self, timeout_s: float) -> Event | None:
        """The next event, or None after the timeout; at once if one has arrived."""
        packet = self._packet(timeout_s)
        if packet is None:
            return None
        kind = packet[0] if packet else _ERROR
        if kind == _EVENT:
            return self._framing.event(packet)
        if kind == _ERROR and packet:
            pymysql.err.raise_mysql_exception(packet)
        if kind == _END:
            raise pymysql.OperationalError(CR.CR_SERVER_LOST, "the server ended the log")
        raise Garbled("a packet is neither an event nor an error")

    def close(self) -> None:
        """Leave."""
        self._asked.close()

    def _packet(self, timeout_s: float) -> bytes | None:
        """The next packet with what continues it."""
        deadline: float | None = None
        while True:
            buffer, at = self._buffer, self._at
            size = int.from_bytes(buffer[at : at + 3], "little")
            end = at + 4 + size
            if end <= len(buffer) and at + 4 <= len(buffer):
                self._at = end
                packet = buffer[at + 4 : end]
                if size == PACKET_BYTES_MAX:
                    self._packets.append(packet)
                    continue
                if self._packets:
                    packet = b"".join([*self._packets, packet])
                    self._packets = []
                return packet
            now = time.monotonic()
            deadline = now + timeout_s if deadline is None else deadline
            missing = (end if len(buffer) - at >= 4 else at + 4) - len(buffer)
            if not self._receive(missing, deadline - now):
                return None

    def _receive(self, missing: int, timeout_s: float) -> bool:
        """Take what has arrived, until `missing` bytes more are in the buffer; False when the time is over."""
        deadline = time.monotonic() + timeout_s
        while self._received < missing:
            left = max(deadline - time.monotonic(), 0.0)
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(RECEIVE_BYTES)
            except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
                self._waited(left)
                return False
            except OSError as error:
                raise pymysql.OperationalError(CR.CR_SERVER_LOST, f"the connection broke: {error}") from error
            if not part:
                raise pymysql.OperationalError(CR.CR_SERVER_LOST, "the server closed the connection")
            self._silent_s = 0.0
            self._parts.append(part)
            self._received += len(part)
        self._buffer = b"".join([self._buffer[self._at :], *self._parts])
        self._at, self._received = 0, 0
        self._parts.clear()
        return True

    def _waited(self, seconds: float) -> None:
        self._silent_s += seconds
        if self._silent_s > self._silence_max_s:
            raise pymysql.OperationalError(CR.CR_SERVER_LOST, "the server has fallen silent")


class _Dump(BinLogStreamReader):  # type: ignore[misc]
    """The library up to the request for the log."""

    def begin(self) -> Any:
        """Connect and ask; the connection."""
        self._BinLogStreamReader__connect_to_stream()
        return self._stream_connection


def charsets(connection: "pymysql.Connection[Any]") -> dict[int, str]:
    """The character set of each collation that the server has, by number."""
    with connection.cursor() as cursor:
        cursor.execute(_COLLATIONS_SQL)
        (told,) = cursor.fetchone() or (0,)
        table = "COLLATION_CHARACTER_SET_APPLICABILITY" if told else "COLLATIONS"
        cursor.execute(f"SELECT id, character_set_name FROM information_schema.{table} WHERE id IS NOT NULL")
        return {int(number): str(name) for number, name in cursor.fetchall()}
