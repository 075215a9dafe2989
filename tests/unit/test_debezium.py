"""Debezium's messages: recorded ones of a real PostgreSQL in every mode, written ones of the other connectors by the
shapes their documentation gives, and no value from a message that does not say what it means."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.debezium.envelope import Decoded, Decoder, Half, Sight, joined, snapshot_of
from connectors.debezium.losses import DECLARED, losses
from connectors.debezium.shapes import Note
from connectors.debezium.values import Reading, unscaled
from syncd.change import ABSENT, UNCHANGED, Change, Column, Kind, Malformed, Row, Table, Value
from syncd.errors import Halt
from syncd.folding import row_of

RECORDED = Path(__file__).parent.parent / "golden" / "debezium"
ASSET = Table(
    "asset",
    "eam.asset",
    (
        Column("id", Kind.INTEGER),
        Column("code", Kind.TEXT),
        Column("value", Kind.DECIMAL, "money"),
        Column("rate", Kind.DECIMAL),
        Column("bought", Kind.DATE),
        Column("seen", Kind.TIMESTAMP),
        Column("changed", Kind.TIMESTAMP),
        Column("changed3", Kind.TIMESTAMP),
        Column("tm", Kind.TEXT),
        Column("ok", Kind.BOOLEAN),
    ),
    (0,),
)
COST = Table(
    "cost",
    "eam.cost",
    (
        Column("kind", Kind.TEXT),
        Column("no", Kind.INTEGER),
        Column("amount", Kind.DECIMAL),
        Column("remark", Kind.TEXT),
    ),
    (0, 1),
)
TABLES = {"asset": ASSET, "cost": COST}
LONG = "long" * 600
MIDNIGHT_UTC = datetime(2026, 1, 31, tzinfo=UTC)
MICRO, MILLI = MIDNIGHT_UTC.replace(microsecond=123456), MIDNIGHT_UTC.replace(microsecond=123000)
FIRST: Row = (
    *(1, "数控", Decimal("150000.00"), Decimal("1.5"), date(2026, 1, 31)),
    *(MIDNIGHT_UTC, MICRO, MILLI, "08:00:00", True),
)
ENDLESS = (
    Malformed("NAN", "malformed_unending"),
    Malformed("-2147472692", "malformed_date"),
    Malformed("infinity", "malformed_unending"),
    Malformed("-9223372036832400000", "malformed_timestamp"),
    *[None] * 3,
)
SAID = [
    ("read", None, FIRST),
    ("read", None, ("A", 1, Decimal("1.005"), "x")),
    ("insert", None, (2, "B", Decimal("-0.01"), *ENDLESS)),
    ("update", FIRST, (*FIRST[:2], Decimal("150000.50"), *FIRST[3:])),
    ("update", (2, "B", Decimal("-0.01"), *ENDLESS), (4, "B", Decimal("-0.01"), *ENDLESS)),
    ("delete", (4, "B", Decimal("-0.01"), *ENDLESS), None),
    ("insert", None, ("B", 2, Decimal("99.500"), LONG)),
    ("update", None, ("B", 2, Decimal("12.345"), UNCHANGED)),
    ("update", ("B", 2, UNCHANGED, UNCHANGED), ("B", 3, Decimal("12.345"), UNCHANGED)),
    ("insert", None, ("C", 7, Decimal("1.000"), "x")),
    ("insert", None, ("C", 8, Decimal("2.000"), "y")),
    ("delete", ("B", 3, UNCHANGED, UNCHANGED), None),
    ("truncate", None, None),
]
"""What the recorded log says: `infinity` and NaN are nobody's date or amount, a long text that stayed is not repeated,
and of a deleted row a table without REPLICA IDENTITY FULL logs the key alone."""


def decoded(name: str, reading: Reading | None = None) -> list[Decoded]:
    decoder = Decoder(TABLES, reading or Reading())
    lines = (RECORDED / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [
        decoder.decode(said["topic"], raw(said["key"]), raw(said["value"]), [(h, None) for h in said["headers"]], n)
        for n, said in enumerate(map(json.loads, lines))
    ]


def raw(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def changes(messages: Sequence[Decoded]) -> list[Change]:
    """The changes, halves joined."""
    found: list[Change] = []
    old: Half | None = None
    for said in messages:
        if isinstance(said, Half):
            whole = joined(old, said) if old else None
            old = said if whole is None else None
            found += [whole] if whole else []
        elif isinstance(said, Change):
            found.append(said)
    return found


def test_what_a_real_log_says() -> None:
    """Invariants 1 and 7."""
    said = changes(decoded("postgresql"))
    assert [(c.op, c.before, c.after) for c in said] == SAID
    flawed = [any(v is UNCHANGED or isinstance(v, Malformed) for v in (*(c.before or ()), *(c.after or ())))
              for c in said]  # fmt: skip
    assert [c.flawed for c in said] == flawed
    assert {type(m) for m in decoded("postgresql")} == {Change, Half, Note}


def test_every_change_has_a_name_of_its_own_and_keeps_it() -> None:
    """Invariant 2: rows of one COPY share their place in the log, and so do the halves of a change of key."""
    first, again = decoded("postgresql"), decoded("postgresql")
    names = [c.position for c in changes(first)]
    assert len({name.split("/")[2] for name in names}) < len(names)
    assert len(set(names)) == len(names)
    assert names == [c.position for c in changes(again)]


def test_the_halves_of_a_change_of_key_are_one_change() -> None:
    halves = [said for said in decoded("postgresql") if isinstance(said, Half)]
    assert [half.side for half in halves] == ["old", "new"] * 2
    assert joined(halves[0], halves[3]) is None
    assert joined(halves[1], halves[0]) is None


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("precise", {}, FIRST),
        ("isostring", {}, FIRST),
        ("microseconds", {}, FIRST),
        ("nanoseconds", {}, FIRST),
        ("connect", {}, (*FIRST[:6], MILLI, *FIRST[7:])),
        ("double", {"doubles": True}, FIRST),
        ("schemaless", {"decimals": "string", "temporal": "microseconds"}, (*FIRST[:8], "28800000000", True)),
    ],
)
def test_every_mode_of_numbers_and_times(name: str, settings: Mapping[str, Any], expected: Row) -> None:
    """Invariant 7. Without a schema a time of day is a number that only the declared text shows."""
    (said,) = changes(decoded(f"postgresql-{name}", Reading(**settings)))
    assert said.after == expected


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("double", {}, "debezium_double"),
        ("schemaless", {}, "debezium_temporal"),
        ("schemaless-precise", {"temporal": "connect"}, "debezium_base64"),
    ],
)
def test_what_loses_something_stops(name: str, settings: Mapping[str, Any], code: str) -> None:
    """Invariant 7: with the topic and the place of the message."""
    with pytest.raises(Halt) as halted:
        decoded(f"postgresql-{name}", Reading(**settings))
    assert (halted.value.code, halted.value.params["topic"]) == (code, "eam.eam.asset")
    assert halted.value.params["where"] == "0"


@given(st.integers(-(10**38), 10**38), st.integers(0, 38))
def test_twos_complement_there_and_back(number: int, scale: int) -> None:
    octets = number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)
    sign, digits, exponent = unscaled(octets, scale).as_tuple()
    assert (int("".join(map(str, digits))) * (-1 if sign else 1), exponent) == (number, -scale)


def schema(type: str, name: str = "", **parameters: str) -> dict[str, Any]:
    return {"type": type, "optional": True, "name": name or None, "parameters": parameters}


def envelope(
    source: Mapping[str, Any], after: Mapping[str, Any] | None, op: str = "c", before: Mapping[str, Any] | None = None,
    fields: Mapping[str, Mapping[str, Any]] | None = None,
) -> bytes:  # fmt: skip
    payload = {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1_769_846_400_000}
    if fields is None:
        return json.dumps(payload).encode()
    row = {"type": "struct", "fields": [{"field": name, **f} for name, f in fields.items()]}
    described = {"type": "struct", "fields": [{**row, "field": "before"}, {**row, "field": "after"}]}
    return json.dumps({"schema": described, "payload": payload}).encode()


COMMON = {"name": "eam", "ts_ms": 1_769_846_400_123, "snapshot": "false"}
PLACES: dict[str, dict[str, Any]] = {
    "postgresql": {"db": "prod", "schema": "eam", "table": "asset", "lsn": 24023128, "txId": 555, "sequence": None},
    "mysql": {"db": "eam", "table": "asset", "server_id": 1, "gtid": None, "file": "log.000003", "pos": 484, "row": 0},
    "mariadb": {"db": "eam", "table": "asset", "gtid": "0-1-9", "file": "log.000003", "pos": 484, "row": 1},
    "sqlserver": {"db": "prod", "schema": "eam", "table": "asset", "change_lsn": "00000027:00000758:0003",
                  "commit_lsn": "00000027:00000758:0005", "event_serial_no": 2},
    "oracle": {"db": "ORCL", "schema": "EAM", "table": "ASSET", "txId": "6.28.807", "scn": "2122185",
               "commit_scn": "2122186", "rs_id": "001234.00012345.0124", "ssn": 0, "lcr_position": None},
    "db2": {"db": "PROD", "schema": "EAM", "table": "ASSET", "change_lsn": "00000000000000000000000000acbd01",
            "commit_lsn": "00000000000000000000000000acbd07"},
}  # fmt: skip
NEXT: dict[str, dict[str, Any]] = {
    "postgresql": {"lsn": 24023129},
    "mysql": {"row": 1},
    "mariadb": {"pos": 999},
    "sqlserver": {"event_serial_no": 3},
    "oracle": {"ssn": 1},
    "db2": {"change_lsn": "00000000000000000000000000acbd02"},
}
ID = {"id": schema("int64")}


@pytest.mark.parametrize("connector", PLACES)
def test_every_connector_says_table_and_place(connector: str) -> None:
    """Invariant 2: the next change of the same row has another name, and the same change always the same."""
    decoder = Decoder(TABLES, Reading())
    source = COMMON | {"connector": connector} | PLACES[connector]

    def said(**other: Any) -> Change:
        change = decoder.decode("t", None, envelope(source | other, {"id": 1}, fields=ID))
        assert isinstance(change, Change)
        return change

    assert (said().table, said().after, said().flawed) == ("asset", (1, *[ABSENT] * 9), True)
    assert said().committed_at == MIDNIGHT_UTC.replace(hour=8, microsecond=123000)
    assert said().position == said().position
    assert said().position < said(**NEXT[connector]).position
    assert said(snapshot="first").op == "read"


SEEN = {"sqlserver": {"change_lsn": None, "event_serial_no": None}, "db2": {"change_lsn": None}}
"""Places that connectors leave out of the rows of a snapshot."""


@pytest.mark.parametrize("connector", PLACES)
def test_all_rows_of_a_snapshot_say_that_they_are_of_one(connector: str) -> None:
    decoder = Decoder(TABLES, Reading())
    source = COMMON | {"connector": connector} | PLACES[connector] | SEEN.get(connector, {})

    def sight(op: str = "r", **other: object) -> Sight | None:
        return decoder.sight("t", envelope(source | other, {"id": 1}, op=op, fields=ID))

    first, last = sight(snapshot="first", ts_ms=1), sight(snapshot="last", ts_ms=2, table="untracked")
    assert first is not None
    assert last is not None
    assert (first.snapshot, first.mark, first.alias) == (last.snapshot, "first", "asset")
    assert (last.mark, last.alias) == ("last", "")
    read = decoder.decode("t", None, envelope(source | {"snapshot": "true", "ts_ms": 3}, {"id": 1}, op="r", fields=ID))
    assert isinstance(read, Change)
    assert snapshot_of(read) == first.snapshot
    assert sight("c", snapshot="false") is None
    assert sight(snapshot="incremental") is None
    assert sight(snapshot="true", sequence='["26545472","26545472"]') is None, "an ad-hoc one"


@pytest.mark.parametrize("connector", PLACES)
def test_a_change_without_a_place_cannot_be_told_from_its_repetition(connector: str) -> None:
    decoder = Decoder(TABLES, Reading())
    named = {"db", "schema", "table"}
    bare = {name: value if name in named else None for name, value in PLACES[connector].items()}
    said = decoder.decode(
        "t", None, envelope(COMMON | {"connector": connector} | bare, {"id": 1}, fields=ID), (), "0@5"
    )
    assert isinstance(said, Change)
    assert (said.op, said.position, row_of(ASSET, said)) == ("unreadable", "t/0@5", "asset:1")
    assert decoder.misread is not None
    assert decoder.misread.code == "debezium_no_position"


MY = COMMON | {"connector": "mysql"} | PLACES["mysql"]
DECIMAL = "org.apache.kafka.connect.data.Decimal"
PLACEHOLDER = "__debezium_unavailable_value"
D, M, TEXT = Kind.DECIMAL, "money", Kind.TEXT


@pytest.mark.parametrize(
    ("kind", "form", "wire", "value", "expected"),
    [
        (D, M, schema("bytes", DECIMAL, scale="2"), b64encode(b"\xff").decode(), Decimal("-0.01")),
        (D, M, schema("bytes", DECIMAL, scale="4"), b64encode(b"\x61\xa8").decode(), Decimal("2.50")),
        (D, M, schema("bytes", DECIMAL, scale="3"), b64encode(b"\x03\xed").decode(),
         Malformed("A+0=", "malformed_places")),
        (D, M, schema("bytes", DECIMAL, scale="2"), "***", Malformed("***", "malformed_type")),
        (Kind.INTEGER, "", schema("bytes", DECIMAL, scale="0"), b64encode(b"\x07").decode(), 7),
        (TEXT, "", schema("bytes", DECIMAL, scale="2"), b64encode(b"\x64").decode(), "1.00"),
        (D, M, schema("string"), "POSITIVE_INFINITY", Malformed("POSITIVE_INFINITY", "malformed_unending")),
        (D, M, schema("int64"), 12, Decimal(12)),
        (D, "", schema("struct", "io.debezium.data.VariableScaleDecimal"), {"scale": 30, "value": "AQ=="},
         Decimal("1E-30")),
        (Kind.DATE, "", schema("int32", "org.apache.kafka.connect.data.Date"), 20484, date(2026, 1, 31)),
        (Kind.DATE, "", schema("int64", "io.debezium.time.Timestamp"), 1_769_846_400_000, date(2026, 1, 31)),
        (Kind.TIMESTAMP, "", schema("int64", "org.apache.kafka.connect.data.Timestamp"), 1_769_846_400_000,
         MIDNIGHT_UTC),
        (Kind.TIMESTAMP, "", schema("string", "io.debezium.time.ZonedTimestamp"), "2026-01-31T08:00:00+08:00",
         MIDNIGHT_UTC),
        (Kind.TIMESTAMP, "", schema("int64", "io.debezium.time.NanoTimestamp"), 1_769_846_400_123_456_789, MICRO),
        (Kind.TIMESTAMP, "epoch", schema("int64"), 1_769_817_600, MIDNIGHT_UTC),
        (Kind.DATE, "%Y%m%d", schema("int32"), 20260131, date(2026, 1, 31)),
        (TEXT, "", schema("int32", "org.apache.kafka.connect.data.Time"), 28_800_000, "08:00:00"),
        (TEXT, "", schema("int64", "io.debezium.time.MicroTime"), 1, "00:00:00.000001"),
        (TEXT, "", schema("int64", "io.debezium.time.MicroTime"), -1, "-00:00:00.000001"),
        (TEXT, "", schema("int64", "io.debezium.time.MicroTime"), 3_020_399_000_000, "838:59:59"),
        (TEXT, "", schema("int64", "io.debezium.time.MicroTime"), -3_020_399_999_999, "-838:59:59.999999"),
        (TEXT, "", schema("int64", "io.debezium.time.MicroTime"), 86_400_000_000, "24:00:00"),
        (TEXT, "", schema("int32", "io.debezium.time.Time"), -5_400_000, "-01:30:00"),
        (TEXT, "", schema("int32", "org.apache.kafka.connect.data.Time"), 90_061_001, "25:01:01.001000"),
        (TEXT, "", schema("int64", "io.debezium.time.NanoTime"), -1_999, "-00:00:00.000001"),
        (TEXT, "", schema("int64", "io.debezium.time.NanoTime"), -999, "00:00:00"),
        (TEXT, "", schema("string", "io.debezium.data.Enum", allowed="A,B"), "B", "B"),
        (TEXT, "", schema("string", "io.debezium.data.Json"), '{"a": 1}', '{"a": 1}'),
        (TEXT, "", schema("bytes"), b64encode("数".encode()).decode(), "数"),
        (TEXT, "", schema("string"), "a\0b", Malformed("a\0b", "malformed_nul")),
        (TEXT, "", schema("array"), [1, 2], Malformed("[1, 2]", "malformed_type")),
        (TEXT, "", schema("string"), PLACEHOLDER, UNCHANGED),
        (TEXT, "", schema("bytes"), b64encode(PLACEHOLDER.encode()).decode(), UNCHANGED),
        (TEXT, "", schema("array"), [PLACEHOLDER], UNCHANGED),
        (TEXT, "", schema("map"), {PLACEHOLDER: PLACEHOLDER}, UNCHANGED),
        (Kind.BOOLEAN, "", schema("int16"), 1, True),
        (Kind.BOOLEAN, "", schema("boolean"), False, False),
        (Kind.INTEGER, "", schema("bytes", "io.debezium.data.Bits", length="12"), b64encode(b"\x01\x08").decode(),
         2049),
        (Kind.INTEGER, "", schema("int32", "io.debezium.time.Year"), 2026, 2026),
    ],
)  # fmt: skip
def test_every_type_as_what_it_is(kind: Kind, form: str, wire: Mapping[str, Any], value: Any, expected: Value) -> None:
    """Invariant 7."""
    table = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("x", kind, form)), (0,))
    message = envelope(MY, {"id": 1, "x": value}, fields=ID | {"x": wire})
    (said,) = changes([Decoder({"asset": table}, Reading()).decode("t", None, message)])
    assert said.after == (1, expected)
    assert type(said.after[1]) is type(expected)


@pytest.mark.parametrize("text", ["12345678901234567890.12", "0.10", "1000"])
def test_a_decimal_written_as_a_number_stays_exact(text: str) -> None:
    """Invariant 7: `decimal.format=NUMERIC` of the JSON converter; no float on the way."""
    table = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("x", Kind.DECIMAL)), (0,))
    message = envelope(MY, {"id": 1, "x": "@"}, fields=ID | {"x": schema("bytes", DECIMAL, scale="2")})
    (said,) = changes([Decoder({"asset": table}, Reading()).decode("t", None, message.replace(b'"@"', text.encode()))])
    assert said.after is not None
    assert str(said.after[1]) == text


def test_times_without_zone_are_where_the_company_is() -> None:
    table = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("x", Kind.TIMESTAMP)), (0,))
    message = envelope(MY, {"id": 1, "x": 0}, fields=ID | {"x": schema("int64", "io.debezium.time.Timestamp")})
    (said,) = changes([Decoder({"asset": table}, Reading(zone=UTC)).decode("t", None, message)])
    assert said.after == (1, datetime(1970, 1, 1, tzinfo=UTC))


def test_a_schema_that_changes_is_noticed() -> None:
    """The bytes in front of the payload are compared, not believed: a column that came is read, one that went is
    not taken for one that stayed as it was."""
    decoder = Decoder({"cost": COST}, Reading())
    source = MY | {"table": "cost"}
    fields = {"kind": schema("string"), "no": schema("int32"), "amount": schema("string"), "remark": schema("string")}
    row = {"kind": "A", "no": 1, "amount": "1.50", "remark": '"payload":{'}
    without = {name: f for name, f in fields.items() if name != "amount"}
    said = [
        decoder.decode("t", None, envelope(source, {k: v for k, v in row.items() if k in f}, fields=f))
        for f in (fields, without, fields)
    ]
    whole = ("A", 1, Decimal("1.50"), '"payload":{')
    assert [c.after for c in changes(said)] == [whole, ("A", 1, ABSENT, '"payload":{'), whole]


def test_a_deleted_row_without_an_image_is_known_by_its_message_key() -> None:
    decoder = Decoder(TABLES, Reading())
    said = decoder.decode("t", b'{"id": 7}', envelope(MY, None, op="d"))
    assert isinstance(said, Change)
    assert said.before == (7, *[UNCHANGED] * 9)


@pytest.mark.parametrize(
    ("position", "field", "codes"),
    [
        ("mysql/eam/1", schema("int64", **{DECLARED: "BIGINT UNSIGNED"}), {"kafka_unsigned"}),
        ("mariadb/eam/1", schema("int64", **{DECLARED: "bigint unsigned"}), {"kafka_unsigned"}),
        ("mysql/eam/1", schema("bytes", DECIMAL, **{DECLARED: "BIGINT UNSIGNED"}), set()),
        ("mysql/eam/1", schema("int64", **{DECLARED: "BIGINT"}), set()),
        ("mysql/eam/1", schema("int64"), {"kafka_types_untold"}),
        ("mysql/eam/1", schema("int32", "io.debezium.time.Date"), {"kafka_types_untold"}),
        ("mysql/eam/1", schema("int32", "io.debezium.time.Date", **{DECLARED: "DATE"}), set()),
        ("mysql/eam/1", schema("int32", "io.debezium.time.Date", **{DECLARED: "DATE"}) | {"optional": False},
         {"kafka_zero_dates"}),
        ("mysql/eam/1", schema("string", "io.debezium.time.ZonedTimestamp", **{DECLARED: "TIMESTAMP"})
         | {"optional": False}, {"kafka_zero_dates"}),
        ("postgresql/eam/1", schema("int64") | {"optional": False}, set()),
        ("postgresql/eam/1", schema("int32", "io.debezium.time.Date") | {"default": 0}, {"kafka_defaults"}),
    ],
)  # fmt: skip
def test_what_a_setting_loses_is_seen_in_the_schema(position: str, field: Mapping[str, Any], codes: set[str]) -> None:
    """Invariant 7."""
    assert set(losses(position, field)) == codes


def test_two_tables_of_one_name_are_not_one() -> None:
    decoder = Decoder({"asset": Table("asset", "asset", ASSET.columns[:1], (0,))}, Reading())
    decoder.decode("t", None, envelope(MY, {"id": 1}))
    with pytest.raises(Halt, match="debezium_two_tables"):
        decoder.decode("t", None, envelope(MY | {"db": "other"}, {"id": 1}))
