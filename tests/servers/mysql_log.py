"""A server that knows nothing but how to send a binary log, as MySQL sends it to a replica: for logs that versions
wrote which cannot be run here."""

import socket
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

VERSION: Final = b"8.4.0"
NAME: Final = "binlog.000001"
_CAPABILITIES: Final = 0x00080000 | 0x8000 | 0x0200 | 0x2000 | 0x0008 | 0x0001
"""PLUGIN_AUTH, SECURE_CONNECTION, PROTOCOL_41, TRANSACTIONS, CONNECT_WITH_DB, LONG_PASSWORD"""
_QUIT, _QUERY, _REGISTER, _DUMP, _DUMP_GTID = 0x01, 0x03, 0x15, 0x12, 0x1E
_OK: Final = b"\0\0\0\2\0\0\0"
_END: Final = b"\xfe\0\0\2\0"
_TEXT: Final = 253
_NON_BLOCK: Final = 1


class MysqlLog:
    """`events` are whole, with their headers and checksums. A reader who asks by names is refused with `refusal`, if
    there is one: number and words."""

    def __init__(self, events: Sequence[bytes], refusal: tuple[int, str] | None = None) -> None:
        self._events, self._refusal = events, refusal
        self.end = max((int.from_bytes(event[13:17], "little") for event in events if event[4] != 4), default=0)
        """Where the last event ends, but for one that names the next file."""
        self.asked: list[str] = []
        """What the readers said before they asked for the log."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def arguments(self) -> dict[str, object]:
        """Those of the driver's `connect`."""
        return {"host": "127.0.0.1", "port": self.port, "user": "syncd", "password": "secret", "ssl_disabled": True}

    def close(self) -> None:
        for one in (self._socket, *self._clients):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client.makefile("rb") as incoming:
            salt = b"12345678" + b"123456789012\0"
            greeting = b"\x0a" + VERSION + b"\0" + struct.pack("<I", 1) + salt[:8] + b"\0"
            greeting += struct.pack("<HBHH", _CAPABILITIES & 0xFFFF, 255, 2, _CAPABILITIES >> 16)
            greeting += bytes([len(salt)]) + bytes(10) + salt[8:] + b"mysql_native_password\0"
            _send(client, 0, greeting)
            number, _ = _packet(incoming)
            _send(client, number + 1, _OK)
            while True:
                number, command = _packet(incoming)
                self._answer(client, number, command)
                if command[0] in (_QUIT, _DUMP, _DUMP_GTID):
                    return

    def _answer(self, client: socket.socket, number: int, command: bytes) -> None:
        kind = command[0]
        if kind == _QUERY:
            sql = command[1:].decode()
            self.asked.append(sql)
            shows = sql.strip().upper().startswith(("SHOW", "SELECT"))
            for n, packet in enumerate(_rows() if shows else [_OK], number + 1):
                _send(client, n, packet)
        elif kind == _REGISTER:
            _send(client, number + 1, _OK)
        elif kind == _DUMP_GTID and self._refusal is not None:
            code, words = self._refusal
            _send(client, number + 1, b"\xff" + struct.pack("<H", code) + b"#HY000" + words.encode())
        elif kind in (_DUMP, _DUMP_GTID):
            flags = command[5] if kind == _DUMP else command[1]
            rotate = struct.pack("<Q", 4) + NAME.encode()
            header = struct.pack("<IBIIIH", 0, 4, 1, 19 + len(rotate) + 4, 0, 0x20)
            events = [_summed(header + rotate), *self._events]
            for n, event in enumerate(events, number + 1):
                _send(client, n, b"\0" + event)
            if flags & _NON_BLOCK:
                _send(client, number + 1 + len(events), _END)
            else:
                client.recv(1)  # until the reader leaves


@contextmanager
def mysql_log(events: Sequence[bytes], refusal: tuple[int, str] | None = None) -> Iterator[MysqlLog]:
    """A server of one log."""
    server = MysqlLog(events, refusal)
    try:
        yield server
    finally:
        server.close()


def events_of(log: bytes) -> Iterator[bytes]:
    """The events of a file, whole; what is cut off at its end is given as it is."""
    at = 4
    while at < len(log):
        size = max(int.from_bytes(log[at + 9 : at + 13], "little"), 19)
        yield log[at : at + size]
        at += size


def _summed(event: bytes) -> bytes:
    return event + zlib.crc32(event).to_bytes(4, "little")


def _rows() -> list[bytes]:
    """The answer to whatever is asked of the server: it sums up its events."""
    names = (b"def", b"", b"", b"", b"name", b"name")
    column = b"".join(bytes([len(name)]) + name for name in names)
    column += b"\x0c" + struct.pack("<HIBHB2x", 45, 255, _TEXT, 0, 0)
    values = (b"binlog_checksum", b"CRC32")
    row = b"".join(bytes([len(value)]) + value for value in values)
    return [b"\x02", column, column, _END, row, _END]


def _packet(incoming: BinaryIO) -> tuple[int, bytes]:
    header = incoming.read(4)
    if len(header) < 4:
        raise EOFError
    return header[3], incoming.read(int.from_bytes(header[:3], "little"))


def _send(client: socket.socket, number: int, packet: bytes) -> None:
    client.sendall(len(packet).to_bytes(3, "little") + bytes([number % 256]) + packet)
