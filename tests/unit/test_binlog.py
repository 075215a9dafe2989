"""The log's decoder: recorded bytes of a real server read as that server prints them, by every way through the code,
and never a value from bytes that lie."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from connectors.binlog import events as binlog
from connectors.binlog import rows as binlog_rows
from connectors.binlog.compressed import unpacked
from connectors.binlog.events import Framing, Garbled
from connectors.binlog.rows import compile_rows
from connectors.binlog.table import TIMESTAMP, WireColumn, table_map
from connectors.binlog.text import codec
from connectors.binlog.types import text_of
from syncd.change import ABSENT, UNCHANGED, Column, Kind, Malformed, Row, Table, Unchanged, Value
from tests.unit.binlog_recorded import CHARSETS, PRINTED, RECORDED, Recorded, declared, inserted, reader

FORMS = {
    Kind.BOOLEAN: ("",),
    Kind.INTEGER: ("",),
    Kind.DECIMAL: ("", "money"),
    Kind.TEXT: ("",),
    Kind.DATE: ("", "epoch", "%Y%m%d"),
    Kind.TIMESTAMP: ("", "epoch", "%Y-%m-%d %H:%M:%S"),
}
ALL_FORMS = [(kind, form) for kind, forms in FORMS.items() for form in forms]
TYPED = {
    "d18_2": Kind.DECIMAL, "d65_30": Kind.DECIMAL, "d9": Kind.INTEGER, "dt0": Kind.TIMESTAMP, "dt6": Kind.TIMESTAMP,
    "ts0": Kind.TIMESTAMP, "ts6": Kind.TIMESTAMP, "dt3": Kind.DATE, "bought": Kind.DATE, "flag": Kind.BOOLEAN,
    "whole_unsigned": Kind.INTEGER, "big": Kind.INTEGER, "bit9": Kind.INTEGER, "built": Kind.INTEGER,
    "twice": Kind.DECIMAL, "single": Kind.DECIMAL, "status": Kind.TEXT, "medium": Kind.INTEGER,
}  # fmt: skip


def texts(row: Row) -> list[object]:
    return [value.raw if isinstance(value, Malformed) else value for value in row]


@pytest.mark.parametrize("table", PRINTED)
def test_every_column_reads_as_the_server_prints_it(table: str) -> None:
    wire = next(event.wire for event in RECORDED if event.wire.name == table)
    for (row, _), printed in zip(inserted(table), PRINTED[table], strict=True):
        for column, ours, theirs in zip(wire.columns, texts(row), printed, strict=True):
            if column.name in ("single", "twice") and theirs is not None:
                assert Decimal(str(ours)) == Decimal(theirs)
            elif column.name == "place":
                assert (ours is None) is (theirs is None)
            else:
                assert ours == as_printed(column, theirs), column.name


def as_printed(column: WireColumn, printed: str | None) -> str | None:
    if column.name.startswith("ts") and printed is not None and not printed.startswith("0000"):
        return f"{printed}+00:00"
    return printed


@pytest.mark.parametrize("event", RECORDED, ids=lambda e: f"{e.kind}-{e.wire.name}")
@pytest.mark.parametrize(("kind", "form"), ALL_FORMS)
def test_compiled_code_and_the_walk_over_a_row_agree(
    event: Recorded, kind: Kind, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = declared(event.wire, kind, form)
    monkeypatch.setattr(binlog_rows, "PATTERN_ROWS", 1)
    compiled = getattr(reader(event, table), event.kind)(event.data)
    monkeypatch.setattr(binlog_rows, "PATTERN_ROWS", 10**9)
    walked = getattr(reader(event, table), event.kind)(event.data)
    assert repr(compiled) == repr(walked)
    assert all(flawed is has_mark(before, after) for before, after, flawed in compiled)


def has_mark(*rows: Row | None) -> bool:
    return any(isinstance(value, Malformed | Unchanged) for row in rows if row is not None for value in row)


def typed(table: str) -> dict[int, dict[str, Value]]:
    """Rows of a recorded table, by number, with the columns of TYPED."""
    rows: dict[int, dict[str, Value]] = {}
    for event in RECORDED:
        if event.wire.name == table and event.kind == "insert":
            columns = (Column("id", Kind.INTEGER), *(Column(name, kind) for name, kind in TYPED.items()))
            for _, row, _ in reader(event, Table(table, table, columns, (0,))).insert(event.data):
                assert row is not None
                found = {c.name: v for c, v in zip(columns, row, strict=True) if v is not UNCHANGED}
                rows[int(str(found["id"]))] = found
    return rows


def test_values_have_the_declared_kinds_and_are_exact() -> None:
    moments, every, amounts = typed("moment"), typed("every"), typed("amount")
    assert moments[2]["dt0"] == datetime(2026, 1, 31, 4, 13, 14, tzinfo=UTC)
    assert moments[2]["dt6"] == datetime(2026, 1, 31, 4, 13, 14, 123456, UTC)
    assert moments[2]["ts6"] == datetime(2026, 1, 31, 12, 13, 14, 123456, UTC)
    assert moments[2]["dt3"] == date(2026, 1, 31)
    assert moments[1]["dt0"] == Malformed("0000-00-00 00:00:00", "malformed_zero_date")
    assert moments[1]["ts6"] == Malformed("0000-00-00 00:00:00.000000", "malformed_zero_date")
    assert moments[4]["dt0"] is None
    assert repr(amounts[5]["d18_2"]) == "Decimal('10000000.05')"
    assert repr(amounts[3]["d18_2"]) == "Decimal('0.00')"
    assert amounts[2]["d65_30"] == Decimal("-99999999999999999999999999999999999.999999999999999999999999999999")
    assert (amounts[4]["d9"], every[1]["whole_unsigned"], every[1]["bit9"]) == (-1, 4294967295, 257)
    assert (every[1]["flag"], every[2]["flag"], every[4]["built"]) == (True, False, 0)
    assert every[5]["bought"] == Malformed("0000-00-00", "malformed_zero_date")
    assert every[6]["bought"] == Malformed("2026-02-00", "malformed_date")
    assert (every[1]["twice"], every[1]["single"]) == (Decimal("0.1"), Decimal("1.5"))


def test_a_clock_that_is_put_forward_or_back_is_read_as_everywhere() -> None:
    moments, zone = typed("moment"), ZoneInfo("Asia/Shanghai")
    walls = {
        5: datetime(1986, 5, 4, 2, 30),  # this hour was left out
        6: datetime(1986, 9, 14, 0, 30),
        7: datetime(1986, 7, 1, 12),
        8: datetime(1986, 5, 4, 12),
        9: datetime(1986, 9, 14, 12),
    }
    for n, wall in walls.items():
        assert moments[n]["dt0"] == wall.replace(tzinfo=zone).astimezone(UTC)


def test_money_of_a_float_whose_digits_are_lost_is_refused() -> None:
    wire = WireColumn("a", 4, 4)
    read = binlog_rows.column_reader(Column("a", Kind.DECIMAL, "money"), wire, CHARSETS)
    assert read(b"\x00\x00\xc0\x3f") == Decimal("1.5")
    lost = read(bytes.fromhex("06429e49"))  # 1296449 - 0.25: seven digits
    assert isinstance(lost, Malformed)
    assert lost.reason == "malformed_float"


def test_partial_images_leave_columns_unchanged_and_fill_them_from_what_is_said_before() -> None:
    changes = [e for e in RECORDED if e.wire.name == "wide"][1:]
    columns = tuple(Column(name, Kind.TEXT if name in "bfq" else Kind.INTEGER) for name in ("id", "c", "b", "h", "q"))
    said = [
        (e.kind, *row)
        for e in changes
        for row in getattr(reader(e, Table("wide", "wide", columns, (0, 1))), e.kind)(e.data)
    ]
    u = UNCHANGED
    assert said == [
        ("update", (1, 3, "b", 8, "q"), (1, 3, "changed", 8, None), False),
        ("update", (2, 3, None, None, None), (2, 3, "changed", None, None), False),
        ("delete", (3, 3, "b", 8, None), None, False),
        ("update", (4, 3, u, u, u), (4, 3, "minimal", None, u), True),
        ("update", (4, 3, u, u, u), (40, 3, u, u, u), True),
        ("delete", (40, 3, u, u, u), None, True),
        ("insert", None, (5, 3, u, u, "partial"), True),
    ]


def test_the_table_map_tells_names_signs_collations_labels_and_key() -> None:
    every = {c.name: c for e in RECORDED if e.wire.name == "every" for c in e.wire.columns}
    words = {c.name: c for e in RECORDED if e.wire.name == "words" for c in e.wire.columns}
    assert [name for name, column in every.items() if column.key] == ["id"]
    assert [name for name, column in every.items() if not column.nullable] == ["id"]
    assert {n for n, c in every.items() if c.unsigned} >= {"tiny_unsigned", "medium_unsigned", "big_unsigned"}
    assert not any(every[name].unsigned for name in ("tiny", "medium", "big", "single", "id"))
    assert [label.decode("gbk") for label in every["status"].labels] == ["草稿", "在用", "报废"]
    assert len(every["marks"].labels) == 9
    for name in ("utf8mb4", "utf8mb3", "latin1", "gbk", "gb2312", "big5", "ucs2", "utf16", "utf32"):
        assert CHARSETS[words[name].collation] == name


def test_a_column_that_the_table_does_not_have_is_not_unchanged() -> None:
    event = RECORDED[0]
    table = Table("t", "t", (Column("later", Kind.TEXT), Column("id", Kind.INTEGER)), (1,))
    assert reader(event, table).insert(event.data) == [(None, (ABSENT, 1), True)]


def test_text_that_its_character_set_does_not_have_is_malformed() -> None:
    gbk = WireColumn("a", 15, 100, collation=next(n for n, name in CHARSETS.items() if name == "gbk"))
    swe7 = gbk._replace(collation=next(n for n, name in CHARSETS.items() if name == "swe7"))
    utf8 = gbk._replace(collation=next(n for n, name in CHARSETS.items() if name == "utf8mb4"))
    read = {wire: binlog_rows.column_reader(Column("a", Kind.TEXT), wire, CHARSETS) for wire in (gbk, swe7, utf8)}
    assert read[gbk](b"\xb3\xb5\xff") == Malformed("\\xb3\\xb5\\xff", "malformed_charset")
    assert read[swe7](b"abc") == Malformed("abc", "malformed_charset")
    assert read[utf8](b"\xff") == Malformed("\\xff", "malformed_utf8")
    assert read[utf8](b"a\0") == Malformed("a\0", "malformed_nul")
    assert codec(swe7, CHARSETS) is None


def test_a_timestamp_of_old_tables_is_read() -> None:
    text = text_of(WireColumn("a", TIMESTAMP), CHARSETS)
    assert text((1767225600).to_bytes(4, "little")) == "2026-01-01 00:00:00+00:00"
    assert text(bytes(4)) == "0000-00-00 00:00:00"


WIDE = next(e.wire for e in RECORDED if e.wire.name == "wide")
NUMBER_OR_NULL = st.none() | st.integers(-99, 99)
TEXT_OR_NULL = st.none() | st.text("a长", max_size=9)
NUMBERS = {2: 2, 3: 4, 8: 8}  # bytes of the integer types of the wide table


@given(st.data())
def test_any_pattern_of_nulls_and_of_left_out_columns_is_read_back(data: st.DataObject) -> None:
    wires = [wire for wire in WIDE.columns if wire.name != "e"]
    map_of = WIDE._replace(columns=tuple(wires))
    wanted = data.draw(st.permutations([wire.name for wire in wires])).copy()
    columns = [Column(n, Kind.TEXT if n in "bfq" else Kind.INTEGER) for n in wanted[: data.draw(st.integers(1, 18))]]
    table = Table("wide", "wide", tuple(columns), (0,))
    present = [wire for wire in wires if data.draw(st.integers(0, 9))]
    values: dict[str, int | str | None] = {wire.name: data.draw(NUMBER_OR_NULL) for wire in present}
    values |= {wire.name: data.draw(TEXT_OR_NULL) for wire in present if wire.name in "bfq"}
    body = b"\1\0\0\0\0\0\0\0" + bytes([len(wires)]) + bits(w in present for w in wires)
    row = bits(values[w.name] is None for w in present) + b"".join(encoded(w, values[w.name]) for w in present)
    read = compile_rows(map_of, table, CHARSETS)
    expected = tuple(values.get(column.name, UNCHANGED) for column in columns)
    for _, after, flawed in read.insert(body + row * (2 * binlog_rows.PATTERN_ROWS)):
        assert after == expected
        assert flawed is has_mark(expected)


def bits(flags: Iterator[bool]) -> bytes:
    said = list(flags)
    number = sum(flag << n for n, flag in enumerate(said))
    return number.to_bytes((len(said) + 7) // 8, "little")


def encoded(wire: WireColumn, value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, int):
        return value.to_bytes(NUMBERS[wire.type], "little", signed=True)
    raw = str(value).encode()
    return bytes([len(raw)]) + raw


@pytest.mark.parametrize("event", RECORDED, ids=lambda e: f"{e.kind}-{e.wire.name}")
@pytest.mark.parametrize("pattern_rows", [1, 10**9])
def test_an_event_that_ends_early_or_late_is_garbled(
    event: Recorded, pattern_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binlog_rows, "PATTERN_ROWS", pattern_rows)
    read = getattr(reader(event, declared(event.wire)), event.kind)
    whole = read(event.data)
    for size in range(8, len(event.data)):
        with suppress(Garbled):  # a cut between two rows leaves an event that is whole
            assert read(event.data[:size]) == whole[: len(read(event.data[:size]))]
    with pytest.raises(Garbled):
        read(event.data + b"\0")
    for size in range(len(event.map_data) - 60):
        with suppress(Garbled):
            table_map(event.map_data[:size], mariadb=True)


def packet(code: int, data: bytes, flags: int = 0, checksum: bool = False) -> bytes:
    size = 19 + len(data) + 4 * checksum
    header = (7).to_bytes(4, "little") + bytes([code]) + (5).to_bytes(4, "little") + size.to_bytes(4, "little")
    event = header + (4711).to_bytes(4, "little") + flags.to_bytes(2, "little") + data
    return b"\0" + event + (zlib.crc32(event).to_bytes(4, "little") if checksum else b"")


def test_rows_of_both_versions_are_the_same_but_for_what_the_newer_adds() -> None:
    event = RECORDED[0]
    framing = Framing(checksums=False)
    newer = event.data[:8] + b"\x05\x00\x01\x02\x03" + event.data[8:]
    assert framing.event(packet(23, event.data)).data == framing.event(packet(30, newer)).data == event.data


def test_a_packet_that_does_not_agree_with_its_checksum_is_garbled() -> None:
    framing = Framing(checksums=True)
    good = packet(16, b"12345678", checksum=True)
    assert framing.event(good) == binlog.Event("commit", 4711, 7, 5, b"12345678", 16)
    for at in (5, 25, len(good) - 1):
        with pytest.raises(Garbled):
            framing.event(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
    with pytest.raises(Garbled):
        framing.event(good[:-1])
    with pytest.raises(Garbled):
        framing.event(good[:9])


def test_the_format_event_says_whether_checksums_follow() -> None:
    framing = Framing(checksums=True)
    framing.event(b"\0" + packet(15, b"..." + b"\0" + bytes(4))[1:])
    assert framing.checksums is False
    event = packet(15, b"..." + b"\1", checksum=True)
    assert framing.event(event).data == b"...\1"
    assert framing.checksums is True


def test_transactions_are_named_as_the_servers_name_them() -> None:
    framing = Framing(checksums=False)
    mariadb = framing.event(packet(162, (99).to_bytes(8, "little") + (3).to_bytes(4, "little") + b"\1" + bytes(6)))
    assert binlog.gtid(mariadb) == binlog.Gtid("3-5-99", True, 0)
    for flags, is_idle in ((b"\x29\2", True), (b"\x29\4", False), (b"\x2b" + bytes(8) + b"\x08", True)):
        alter = framing.event(packet(162, bytes(12) + flags + bytes(8)))
        assert binlog.gtid(alter).is_idle is is_idle
    sid = bytes.fromhex("3e11fa4771ca11e19e33c80aa9429562")
    data = b"\1" + sid + (23).to_bytes(8, "little") + b"\2" + bytes(16) + (1_767_225_600_000_001).to_bytes(7, "little")
    assert binlog.gtid(framing.event(packet(33, data))) == binlog.Gtid(
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:23", False, 1_767_225_600_000_001
    )
    assert binlog.gtid(framing.event(packet(34, b"\1" + bytes(41)))).text == ""
    with pytest.raises(Garbled):
        binlog.gtid(framing.event(packet(33, data[:20])))


def test_kinds_that_hide_changes_are_told_from_those_that_do_not() -> None:
    framing = Framing(checksums=False)
    kinds = {code: framing.event(packet(code, bytes(9))).kind for code in (39, 40, 26, 165, 166, 99, 160, 29)}
    assert kinds == {
        39: "partial", 40: "compressed", 26: "unreadable", 165: "compressed", 166: "compressed",
        99: "unknown", 160: "ignored", 29: "ignored",
    }  # fmt: skip
    assert framing.event(packet(99, b"", flags=0x80)).kind == "ignored"


def test_a_statement_and_a_rotation_are_read() -> None:
    framing = Framing(checksums=False)
    data = bytes(8) + b"\x03\0\0\x05\0" + b"12345" + b"eam\0TRUNCATE asset"
    assert binlog.query(framing.event(packet(2, data))) == binlog.Query("eam", "TRUNCATE asset")
    rotate = framing.event(packet(4, (4).to_bytes(8, "little") + b"binlog.000002"))
    assert binlog.rotation(rotate) == binlog.Rotation("binlog.000002", 4)


def varied(number: int) -> bytes:
    """As `mysql::serialization` writes a number: preceded by as many 1 bits as it has further bytes."""
    more = next(n for n in range(9) if number < 1 << (7 * (n + 1)) or n == 8)
    bits = (1 << more) - 1
    if more == 8:
        return b"\xff" + number.to_bytes(8, "little")
    return (number << (more + 1) | bits).to_bytes(more + 1, "little")


@given(
    st.binary(min_size=16, max_size=16), st.integers(1, 2**62), st.sampled_from(["", "mytag"]), st.integers(0, 2**55)
)
def test_a_tagged_name_is_read_whatever_its_numbers_are(uuid: bytes, number: int, tag: str, committed_us: int) -> None:
    fields = [
        (0, varied(1)),
        (1, b"".join(map(varied, uuid))),
        (2, varied(number << 1)),
        (3, varied(len(tag)) + tag.encode()),
        (4, varied(5 << 1)),
        (6, varied(committed_us)),
        (8, varied(250)),
    ]
    data = varied(1) + varied(60) + varied(0) + b"".join(varied(field) + value for field, value in fields)
    event = binlog.Event("gtid", 0, 0, 1, data, 42)
    name = ":".join(part for part in (str(UUID(bytes=uuid)), tag, str(number)) if part)
    assert binlog.gtid(event) == binlog.Gtid(name, False, committed_us)
    with pytest.raises(Garbled):
        binlog.gtid(event._replace(data=data[:15]))


@pytest.mark.parametrize("method", [0, 255, 7])
def test_a_packed_transaction_holds_events(method: int) -> None:
    """Lazily: a transaction may be larger than memory. Invariant 11."""
    plain = packet(2, bytes(13) + b"\0BEGIN")[1:] + packet(16, bytes(8))[1:]
    squeezed = zstandard.compress(plain) if method == 0 else plain
    said = {1: len(squeezed), 2: method, 3: len(plain)}
    data = b"".join(bytes([field, 3, 252]) + size.to_bytes(2, "little") for field, size in said.items())
    data += b"\0" + squeezed
    event = binlog.Event("compressed", 900, 0, 1, data, 40)
    found = unpacked(event)
    if method == 7:
        assert found is None
        return
    assert found is not None
    assert [(e.kind, e.end) for e in found] == [("query", 0), ("commit", 0)]
    with pytest.raises(Garbled):
        list(unpacked(event._replace(data=data[:-3])) or ())
    assert unpacked(event._replace(code=166)) is None
