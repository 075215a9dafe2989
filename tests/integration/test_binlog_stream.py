"""The events of a real MariaDB: no packet is too large, none is lost to a timeout, and a server that says no more is
noticed."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pymysql
import pytest

from connectors.binlog import events as binlog
from connectors.binlog.events import Event
from connectors.binlog.rows import compile_rows
from connectors.binlog.stream import PACKET_BYTES_MAX, Events, charsets
from connectors.binlog.table import table_map
from connectors.mysql import dsn as mysql_dsn
from syncd.change import Column, Kind, Table
from tests.servers import MariaDb

NOTE = Table("note", "note", (Column("id", Kind.INTEGER), Column("body", Kind.TEXT)), (0,))
FEW_SECONDS = 20.0
SERVER_ID = 4711


class Log:
    """A database with the table `note`, and the place in the log where it begins."""

    def __init__(self, dsn: str) -> None:
        self.arguments: dict[str, Any] = mysql_dsn.parse(dsn).arguments()
        self.connection = pymysql.connect(**self.arguments, charset="utf8mb4", autocommit=True)
        self.run("CREATE TABLE note (id INT PRIMARY KEY, body LONGTEXT) CHARACTER SET utf8mb4")
        ((file, position, *_),) = self.run("SHOW MASTER STATUS")
        self.file, self.position = str(file), int(position)

    def run(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def add(self, id: int, body: str) -> None:
        self.run("INSERT INTO note VALUES (%s, %s)", id, body)

    @contextmanager
    def events(self, **given: Any) -> Iterator[Events]:
        place = {"file": self.file, "position": self.position} | given
        with closing(Events(self.arguments, SERVER_ID, mariadb=True, **place)) as events:
            yield events

    def rows(self, said: Iterator[Event]) -> Iterator[tuple[object, ...]]:
        wire = None
        for event in said:
            if event.kind == "table":
                wire = table_map(event.data, mariadb=True)
            elif event.kind == "insert" and wire is not None and wire.name == "note":
                for _, row, flawed in compile_rows(wire, NOTE, charsets(self.connection)).insert(event.data):
                    assert row is not None
                    assert not flawed
                    yield row


@pytest.fixture
def log(new_mariadb: Callable[[], str]) -> Iterator[Log]:
    made = Log(new_mariadb())
    yield made
    made.connection.close()


def said(events: Events, timeout_s: float = 1.0) -> Iterator[Event]:
    """What comes, for a few seconds."""
    deadline = time.monotonic() + FEW_SECONDS
    while time.monotonic() < deadline:
        if (event := events.read(timeout_s)) is not None:
            yield event
    raise AssertionError("waited in vain")


def first(events: Events, kind: str) -> Event:
    return next(event for event in said(events) if event.kind == kind)


def test_a_transaction_is_named_said_and_committed(log: Log) -> None:
    with log.events() as events:
        log.add(1, "车床")
        log.run("TRUNCATE note")
        kinds: list[str] = []
        while kinds.count("gtid") < 2 or kinds[-1] != "query":
            kinds.append(next(said(events)).kind)
    assert [kind for kind in kinds if kind not in ("ignored", "heartbeat")] == [
        "rotate", "format", "gtid", "table", "insert", "commit", "gtid", "query",
    ]  # fmt: skip


def test_nothing_is_lost_between_two_timeouts(log: Log) -> None:
    with log.events() as events:
        first(events, "format")
        started = time.monotonic()
        while events.read(0.05) is not None:
            pass
        assert time.monotonic() - started < FEW_SECONDS
        assert events.read(0.0) is None
        body = "x" * 3_000_000
        log.add(1, body)
        log.add(2, "after")
        rows = log.rows(said(events, 0.0))  # many of these reads end within the packet
        assert (next(rows), next(rows)) == ((1, body), (2, "after"))


def test_packets_beyond_16_mib_go_on_in_the_next(log: Log, mariadb: MariaDb) -> None:
    (before,) = mariadb.run("SELECT @@global.max_allowed_packet")
    mariadb.run("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
    try:
        log.connection.ping()
        log.connection.close()
        log.connection.connect()
        with log.events() as events:
            log.add(1, "")
            overhead = len(first(events, "insert").data) + 1 + 19 + 4
            for n, size in enumerate((PACKET_BYTES_MAX - overhead, PACKET_BYTES_MAX - overhead + 1, 20_000_000), 2):
                log.run("INSERT INTO note VALUES (%s, repeat('x', %s))", n, size)
            found = [len(str(next(log.rows(said(events)))[1])) for _ in range(3)]
        assert found == [PACKET_BYTES_MAX - overhead, PACKET_BYTES_MAX - overhead + 1, 20_000_000]
    finally:
        mariadb.run(f"SET GLOBAL max_allowed_packet = {before[0]}")


def test_checksums_may_be_off_and_on_and_change_while_the_log_is_read(log: Log, mariadb: MariaDb) -> None:
    try:
        with log.events() as events:
            rows = log.rows(said(events))
            log.add(1, "with")
            assert next(rows) == (1, "with")
            mariadb.run("SET GLOBAL binlog_checksum = NONE")
            log.add(2, "without")
            assert next(rows) == (2, "without")
        ((file, position, *_),) = log.run("SHOW MASTER STATUS")
        with log.events(file=file, position=int(position)) as events:
            rows = log.rows(said(events))
            log.add(3, "without")
            assert next(rows) == (3, "without")
            mariadb.run("SET GLOBAL binlog_checksum = CRC32")
            log.add(4, "with")
            assert next(rows) == (4, "with")
    finally:
        mariadb.run("SET GLOBAL binlog_checksum = CRC32")


def test_the_log_goes_on_after_a_named_transaction(log: Log) -> None:
    log.add(1, "before")
    ((name,),) = log.run("SELECT @@global.gtid_binlog_pos")
    log.add(2, "after")
    with log.events(gtid=name) as events:
        assert next(log.rows(said(events))) == (2, "after")


def test_an_idle_server_is_heard_and_one_that_is_not_heard_is_gone(log: Log) -> None:
    with log.events(heartbeat_s=0.2) as events:
        assert first(events, "heartbeat").kind == "heartbeat"
    with log.events(heartbeat_s=0.5) as events:
        first(events, "format")
        events._silence_max_s = 0.0  # as if its heartbeats were lost
        with pytest.raises(pymysql.OperationalError, match="silent"):
            list(said(events, 0.01))


def test_a_connection_that_ends_is_an_error(log: Log, mariadb: MariaDb) -> None:
    with log.events() as events:
        first(events, "format")
        ((dump,),) = mariadb.run("SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'")
        mariadb.run(f"KILL {dump}")
        with pytest.raises(pymysql.MySQLError):
            list(said(events))


def test_a_file_that_the_server_does_not_have_is_said_to_be_missing(log: Log) -> None:
    with log.events(file="binlog.999999", position=4) as events, pytest.raises(pymysql.MySQLError) as raised:
        list(said(events))
    assert raised.value.args[0] == 1236


def test_events_tell_where_they_end(log: Log) -> None:
    with log.events() as events:
        log.add(1, "one")
        end = first(events, "commit").end
    ((_, position, *_),) = log.run("SHOW MASTER STATUS")
    assert end == position
    with log.events() as events:
        assert binlog.rotation(first(events, "rotate")) == binlog.Rotation(log.file, log.position)
