"""MySQL without a MySQL: logs that real servers from 5.6 to 9.6 wrote, read by syncd and by others, and sent by a
server that knows nothing else. The logs lie beside the project, not in it."""

import json
import re
import shutil
import struct
import subprocess
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import zstandard
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from connectors.binlog import events as binlog
from connectors.binlog.compressed import unpacked
from connectors.binlog.events import Event, Framing, Garbled
from connectors.binlog.rows import compile_rows
from connectors.binlog.stream import Events
from connectors.binlog.table import DOUBLE, ENUM, JSON, SET, TIMESTAMP2, TableMap, table_map
from connectors.mysql.position import Place, Point, in_stream, parse
from connectors.mysql.stream import Log, Stream
from connectors.mysql.tracked import Catalogue
from syncd.change import Change, Column, Kind, Row, Table
from syncd.errors import Gap, Halt, Transient
from tests.servers.mysql_log import NAME, MysqlLog, events_of, mysql_log
from tests.tidy.tree import ROOT

PLACE = Path("shared/vectors/mysql-binlogs")
FOLDER = next((parent / PLACE for parent in ROOT.parents if (parent / PLACE).is_dir()), ROOT.parent / PLACE)
LOGS = sorted(path for path in FOLDER.glob("*") if path.suffix != ".md") if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(not LOGS, reason=f"no logs of MySQL servers: ../{PLACE} is missing beside the project")
CUT_OFF = ("binlog_truncated_event.000001", "binlog_truncated_prev_gtid_event.000001")
WHOLE = [path for path in LOGS if path.name not in CUT_OFF]
CHARSETS = {45: "utf8mb4", 255: "utf8mb4", 33: "utf8mb3", 63: "binary"}
READ_S = 20.0
HEADER = struct.Struct("<IBIIIH")


class Rows(NamedTuple):
    """A table as the log has it, its columns named `c0` on where it has no names, and the images of an event."""

    wire: TableMap
    table: Table
    images: list[Row]


def read(path: Path) -> Iterator[Event]:
    """A file's events, those of packed transactions in their place."""
    framing = Framing(checksums=False)
    for raw in events_of(path.read_bytes()):
        event = framing.event(b"\0" + raw)
        packed = unpacked(event)
        yield from [event] if packed is None else packed


def rows(path: Path) -> Iterator[Rows]:
    """What its rows events hold, all as text."""
    wires: dict[bytes, TableMap] = {}
    for event in read(path):
        if event.kind == "table":
            wire = table_map(event.data, mariadb=False)
            named = [column._replace(name=column.name or f"c{n}") for n, column in enumerate(wire.columns)]
            wires[binlog.table_id(event)] = wire._replace(columns=tuple(named))
        elif event.kind in ("insert", "update", "delete"):
            wire = wires[binlog.table_id(event)]
            table = declared(wire)
            read_rows = getattr(compile_rows(wire, table, CHARSETS), event.kind)
            found = read_rows(event.data)
            yield Rows(wire, table, [image for before, after, _ in found for image in (before, after) if image])


def declared(wire: TableMap) -> Table:
    return Table(wire.name, f"{wire.schema}.{wire.name}", tuple(Column(c.name, Kind.TEXT) for c in wire.columns), (0,))


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_every_log_is_read_to_its_end(path: Path) -> None:
    """Invariants 1 and 7: no event is unknown, every checksum agrees, every name and statement can be read."""
    for event in read(path):
        assert event.kind not in ("unknown", "unreadable", "compressed")
        if event.kind == "gtid":
            assert binlog.gtid(event).text or event.code == 34
        if event.kind == "query":
            assert binlog.query(event, CHARSETS).sql.encode(), "a byte that is no text cannot be encoded"
    for found in rows(path):
        assert found.images


@pytest.mark.parametrize("name", CUT_OFF)
def test_a_log_that_is_cut_off_is_not_read(name: str) -> None:
    with pytest.raises(Garbled):
        list(read(FOLDER / name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", [p for p in WHOLE if "opaque" not in p.name], ids=lambda path: path.name)
def test_rows_are_what_the_library_makes_of_them(path: Path) -> None:
    """By a decoder of other people, which reads no packed transactions, no tags and no JSON of SQL types."""
    theirs = [(table, image) for table, images in by_the_library(path) for image in images]
    if not theirs:
        return
    ours = [(found.wire.name, texts(found, image)) for found in rows(path) for image in found.images]
    assert len(theirs) == len(ours)
    for (table, row), (name, image) in zip(theirs, ours, strict=True):
        assert table == name
        for value, (kind, text) in zip(row, image, strict=True):
            if kind == JSON:
                assert json.loads(text or "null") == plain(value)
            elif kind not in (TIMESTAMP2, SET, ENUM, 16):
                assert text == (None if value is None else str(value)) or as_float(kind, text) == value, (table, kind)


def texts(found: Rows, image: Row) -> list[tuple[int, str | None]]:
    return [
        (column.type, value if value is None else str(value))
        for column, value in zip(found.wire.columns, image, strict=True)
    ]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    return value


def as_float(kind: int, text: str | None) -> float | None:
    """Where others print a binary float with more digits."""
    return float(text) if kind == DOUBLE and text is not None else None


def by_the_library(path: Path) -> list[tuple[str, list[list[Any]]]]:
    with mysql_log(list(events_of(path.read_bytes()))) as server, warnings.catch_warnings():
        reader = BinLogStreamReader(
            connection_settings=server.arguments(),
            server_id=8,
            blocking=False,
            log_file=NAME,
            log_pos=4,
            resume_stream=True,
            only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
            enable_logging=False,
        )
        with closing(reader):
            return [
                (event.table, [list(row[key].values()) for row in event.rows for key in IMAGES if key in row])
                for event in reader
            ]


IMAGES = ("before_values", "after_values", "values")


def test_rows_are_what_mariadb_s_own_tool_prints_of_them() -> None:
    """Of a log of 5.7, which it can read."""
    tool = shutil.which("mariadb-binlog")
    assert tool, "mariadb-binlog is not installed: run `apt-get install mariadb-client`"
    path = FOLDER / "mysql-bin.checksum-crc32"
    said = subprocess.run([tool, "--verbose", path], capture_output=True, text=True, check=True, timeout=60).stdout
    theirs = re.findall(r"^###   @(\d+)=(.*)$", said, re.MULTILINE)
    ours = [
        (str(n), kind, text)
        for found in rows(path)
        for image in found.images
        for n, (kind, text) in enumerate(texts(found, image), 1)
    ]
    assert len(theirs) == len(ours)
    for (n, printed), (place, kind, text) in zip(theirs, ours, strict=True):
        assert n == place
        if kind != TIMESTAMP2:
            shown = re.sub(r" \(\d+\)$", "", printed).strip("'")
            assert shown == ("NULL" if text is None else text) or as_float(kind, text) == float(shown), kind


# Through the source's own stream, from the server


def stream(server: MysqlLog, *tables: Table, by_names: bool = False, place: Place | None = None) -> Stream:
    log = Log(
        arguments=server.arguments(),
        server_id=7,
        mariadb=False,
        base=NAME.partition(".")[0],
        charsets=CHARSETS,
        tables={(table.name.partition(".")[0], table.name.partition(".")[2]): table for table in tables},
        folds=False,
        zone=UTC,
        heartbeat_s=READ_S,
        by_names=by_names,
        catalogue=Catalogue({}, 1, 0),
        reaches=lambda words, tables: False,
        end=lambda: (1, 4),
    )
    return Stream(log, place or Place(Point(0, 1, 0, 4)), by_name=place is not None)


def said(server: MysqlLog, *tables: Table, by_names: bool = False) -> tuple[list[Change], str, str]:
    """The changes of a log; the last position; what the stream stopped with, if it did."""
    found: list[Change] = []
    position = ""
    with closing(stream(server, *tables, by_names=by_names)) as reading:
        try:
            reading.expected = reading.point._replace(offset=server.end)
            while position < in_stream(reading.expected):
                sets = reading.read(READ_S)
                assert sets is not None, "it did not come to its end"
                found += sets.changes
                position = sets.position
        except Halt as halt:
            return found, position, halt.code
    return found, position, ""


def of(name: str, but: bytes = b"") -> list[bytes]:
    """A log's events, without those that hold some bytes."""
    return [event for event in events_of((FOLDER / name).read_bytes()) if not but or but not in event]


LETTERS = Table("t", "mysql.t", tuple(Column(f"f{n}", Kind.TEXT) for n in range(1, 6)), (0,))


def test_enums_sets_and_strings_are_read_with_the_names_that_the_log_has() -> None:
    """8.0.28, with full metadata."""
    with mysql_log(of("mysql-enum-string-set.000001", b"CREATE TABLE")) as server:
        changes, _, stopped = said(server, LETTERS)
    assert (stopped, [c.op for c in changes]) == ("", ["insert", "update", "delete"])
    assert not any(c.flawed for c in changes)
    assert changes[0].after == changes[1].before
    assert changes[1].after == changes[2].before


def test_a_packed_transaction_says_what_it_said_before_it_was_packed() -> None:
    """Invariants 1 and 11: event by event, and where it ends."""
    events = of("mysql-enum-string-set.000001", b"CREATE TABLE")
    with mysql_log(events) as server:
        plainly = said(server, LETTERS)
    with mysql_log(packed(events)) as server:
        assert said(server, LETTERS)[2] == ""
        found = said(server, LETTERS)[0]
    assert [(c.op, c.before, c.after) for c in found] == [(c.op, c.before, c.after) for c in plainly[0]]


def packed(events: Sequence[bytes]) -> list[bytes]:
    """Each transaction with rows in one event; those around it stay."""
    made: list[bytes] = []
    inner: list[bytes] = []
    for event in events:
        if event[4] == 2 and event[:-4].endswith(b"BEGIN"):
            inner = [event]
        elif inner:
            inner.append(event)
            if event[4] == 16:
                plainly = b"".join(sized(one[:-4]) for one in inner)
                squeezed = zstandard.compress(plainly)
                data = (
                    b"\2\1\0" + b"\1\x03" + lenenc(len(squeezed)) + b"\3\x03" + lenenc(len(plainly)) + b"\0" + squeezed
                )
                head = HEADER.unpack(event[:19])
                made.append(summed(HEADER.pack(head[0], 40, head[2], 19 + len(data) + 4, head[4], 0) + data))
                inner = []
        else:
            made.append(event)
    return made


def lenenc(number: int) -> bytes:
    return b"\xfc" + number.to_bytes(2, "little")


def sized(event: bytes) -> bytes:
    return event[:9] + len(event).to_bytes(4, "little") + event[13:]


def summed(event: bytes) -> bytes:
    return event + zlib.crc32(event).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("name", "table", "code"),
    [
        ("transaction_compression.000001", "test.tb1", "mysql_nameless_event"),
        ("mysql-bin.compressed", "demo.movies", "mysql_nameless_event"),
        ("json.binlog.000001", "mysql.t", "mysql_made_anew"),
        ("json.binlog.000001", "mysql.other", ""),
        ("binlog_transaction_with_GTID.000001", "test.t1", "mysql_made_anew"),
        ("binlog_transaction_with_anonymous_GTID.000001", "test.t2", "mysql_made_anew"),
        ("rpl_cross_version_default_utf8mb4_collation.000001", "test.nothing", ""),
        ("bug27213339-bin.000001", "test.nothing", ""),
    ],
)
def test_a_log_is_refused_for_what_is_wrong_with_it_alone(name: str, table: str, code: str) -> None:
    """Invariant 14: with the true reason; where none of it is about a tracked table, nothing stops the reader."""
    with mysql_log(of(name)) as server:
        assert said(server, Table("t", table, (Column("id", Kind.INTEGER),), (0,)))[2] == code


def test_changes_within_a_json_value_stop_the_reader() -> None:
    """8.0.22, PARTIAL_JSON: the names are there, the values in part."""
    events = of("json.binlog.000001")
    first = next(i for i, event in enumerate(events) if event[4] == 39)
    begin = max(i for i in range(first) if events[i][4] == 2)
    tables = [e for e in events[begin:first] if e[4] == 19]
    names = b"\4" + bytes([4 * 3]) + b"".join(b"\2c" + bytes([48 + n]) for n in range(4))
    events = [
        summed(sized_up(event[:-4] + names)) if event in tables else event
        for event in [events[0], *events[begin - 1 :]]
    ]
    with mysql_log(events) as server:
        assert said(server, Table("t", "mysql.t", (Column("c0", Kind.INTEGER),), (0,)))[2] == "mysql_unreadable_event"


def sized_up(event: bytes) -> bytes:
    return event[:9] + (len(event) + 4).to_bytes(4, "little") + event[13:]


def test_tagged_names_are_followed() -> None:
    """9.6: a position carries them, as the server writes its own sets."""
    with mysql_log(of("binlog_transaction_with_GTID_TAG.000001")) as server:
        _, position, stopped = said(server, Table("t", "test.t", (Column("id", Kind.INTEGER),), (0,)), by_names=True)
    assert stopped == ""
    place = parse(position)  # type: ignore[arg-type]
    assert isinstance(place, Place)
    assert place.gtids == "55778904-0299-11f1-b1b8-4ef0c4956feb:mytag:3"


def test_what_the_server_says_instead_of_its_log_is_told() -> None:
    """1236 as MySQL 8 words it, when a replica is ahead of it or the log is purged."""
    ahead = "Replica has more GTIDs than the source has, using the source's SERVER_UUID."
    gone = "Cannot replicate because the source purged required binary logs."
    for words, code in ((ahead, "mysql_failover_behind"), (gone, "mysql_log_gone")):
        with mysql_log([], (1236, words)) as server, pytest.raises(Gap) as gap:
            stream(server, LETTERS, place=Place(Point(0, 1, 0, 4), gtids="55778904-0299-11f1-b1b8-4ef0c4956feb:1-3"))
        assert gap.value.code == code


def test_the_handshake_asks_for_checksums_and_heartbeats() -> None:
    with mysql_log(of("transaction_compression.000001")) as server:
        with closing(Events(server.arguments(), 7, mariadb=False, file=NAME, heartbeat_s=0.5)) as events:
            assert events.read(READ_S) is not None
        assert any("@master_binlog_checksum" in sql for sql in server.asked)
        assert any("@master_heartbeat_period" in sql and "500000000" in sql for sql in server.asked)


def test_a_server_that_leaves_is_asked_again() -> None:
    with mysql_log(of("transaction_compression.000001")) as server:
        reading = stream(server)
        server.close()
        with closing(reading), pytest.raises(Transient):
            list(iter(lambda: reading.read(READ_S), None))
