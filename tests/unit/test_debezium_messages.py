"""Which messages are what by their whole shape, and what becomes of those that are nothing of Debezium's."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.debezium.envelope import Decoder
from connectors.debezium.shapes import Note
from connectors.debezium.values import Reading
from syncd.change import UNCHANGED, Change, Malformed, Position
from syncd.errors import Halt
from syncd.folding import row_of
from tests.unit.test_debezium import MY, TABLES, envelope, schema


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        ({"ts_ms": 1}, Note.HEARTBEAT),
        ({"status": "END", "id": "5:7", "event_count": 2, "data_collections": [], "ts_ms": 1}, Note.TRANSACTION),
        ({"source": {}, "ts_ms": 1, "databaseName": "eam", "ddl": "ALTER TABLE a", "tableChanges": []},
         Note.SCHEMA_CHANGE),
        ({"op": "m", "source": MY, "message": {}}, Note.MESSAGE),
        ({"op": "c", "source": MY | {"table": "note"}, "after": {}}, Note.UNTRACKED),
    ],
)  # fmt: skip
def test_what_is_no_change(payload: Mapping[str, Any], note: Note) -> None:
    decoder = Decoder(TABLES, Reading())
    assert decoder.decode("t", None, json.dumps(payload).encode()) is note
    wrapped = {"schema": {"type": "struct", "fields": []}, "payload": payload}
    assert decoder.decode("t", None, json.dumps(wrapped).encode()) is note
    assert decoder.decode("t", None, None) is Note.TOMBSTONE


MARKER = {"status": "END", "id": "5:7", "event_count": 2, "data_collections": [], "ts_ms": 1}


@pytest.mark.parametrize(
    "payload",
    [
        {"id": 7, "status": "in use"},
        {"id": "7", "status": "END"},
        {"id": "7", "status": "BEGIN", "code": "FA-7"},
        MARKER | {"code": "FA-7"},
        MARKER | {"id": 7},
        MARKER | {"data_collections": 2},
        {"ts_ms": "2026-01-01"},
        {"ts_ms": 1, "id": 7},
        {"id": 7, "ddl": "CREATE TABLE a"},
        {"id": 7, "tableChanges": []},
        {"id": 7, "aggregate_type": "asset", "payload": "{}"},
        {"id": "7", "aggregate_type": "asset", "type": "new", "additional_data": {}, "code": "FA-7"},
        {"id": 7, "op": "c", "source": "purchase"},
        {"id": 7, "op": "c", "source": {"name": "purchase"}},
        {},
    ],
)
def test_a_row_is_no_other_message_whatever_its_columns_are_called(payload: Mapping[str, Any]) -> None:
    """Invariants 1 and 14: flattened rows with `id` and `status` were taken for markers and passed over."""
    decoder = Decoder(TABLES, Reading())
    said = decoder.decode("t", None, json.dumps(payload).encode())
    assert isinstance(said, Change)
    assert said.op == "unreadable"
    assert decoder.misread is not None
    assert decoder.misread.code == "debezium_flattened"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", "debezium_not_json"),
        (b"[1]", "debezium_not_json"),
        (
            b'{"op": "c", "source": {"connector": "mysql", "db": "eam", "table": "asset"}, "after": {"id": 1}}',
            "debezium_no_position",
        ),
        (envelope({name: v for name, v in MY.items() if name != "name"}, {"id": 1}), "debezium_not_json"),
        (b'{"op": "c", "source": "mysql", "after": {"id": 1}}', "debezium_flattened"),
        (envelope({name: v for name, v in MY.items() if name != "db"}, {"id": 1}), "debezium_no_table"),
        (envelope(MY | {"table": None}, {"id": 1}), "debezium_no_table"),
        (envelope(MY | {"table": ""}, {"id": 1}, op="m"), "debezium_no_table"),
        (envelope(MY | {"connector": "mongodb"}, {"id": 1}), "debezium_connector"),
        (envelope(MY, {"id": 1}, op="x"), "debezium_op"),
        (envelope(MY, None), "debezium_no_row"),
        (envelope(MY, {"id": None}), "debezium_no_key"),
        (envelope(MY, None, op="d"), "debezium_no_key"),
    ],
)
def test_what_cannot_be_understood_is_said_with_its_place(message: bytes, code: str) -> None:
    """Invariants 1 and 5: it is neither passed over nor keeps others waiting, and its text is kept."""
    decoder = Decoder(TABLES, Reading())
    said = decoder.decode("prod.eam.cost", None, message, (), "3@17", 60_000)
    assert decoder.misread is not None
    assert (decoder.misread.code, decoder.misread.params["where"]) == (code, "3@17")
    assert isinstance(said, Change)
    assert (said.op, said.flawed) == ("unreadable", True)
    assert said.committed_at == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert said.after is not None
    assert [v for v in said.after if isinstance(v, Malformed)] == [Malformed(message.decode(), code)]
    table = TABLES[said.table]
    row = row_of(table, said)
    assert said.position == "prod.eam.cost/3@17" or row == "asset:1"
    assert row == "asset:1" or row.endswith(":prod.eam.cost/3@17")


@pytest.mark.parametrize(
    ("key", "message", "row"),
    [
        (None, envelope(MY, {"id": 7, "code": "FA-7"}, op="x"), "asset:7"),
        (None, envelope(MY, None, op="u", before={"id": 7, "code": "FA-7"}), "asset:7"),
        (b'{"id": 7}', envelope(MY, None), "asset:7"),
        (b'{"schema": {}, "payload": {"id": 7}}', envelope(MY, None), "asset:7"),
        (None, envelope(MY | {"pos": None}, {"id": 7, "code": "FA-7"}), "asset:7"),
        (b'{"code": "FA-7"}', envelope(MY, None), "asset:t/3@17"),
        (b"FA-7", envelope(MY, None), "asset:t/3@17"),
        (b'{"id": 7}', b"{", "cost:t/3@17"),
        (None, envelope(MY | {"table": "cost"}, {"kind": "A"}), "cost:t/3@17"),
        (None, b"\xff\x00", "cost:t/3@17"),
    ],
)
def test_where_table_and_key_are_known_the_row_is(key: bytes | None, message: bytes, row: str) -> None:
    """Invariants 4 and 5: its followers wait, and nobody else."""
    said = Decoder(TABLES, Reading()).decode("t", key, message, (), "3@17")
    assert isinstance(said, Change)
    assert said.op == "unreadable"
    assert row_of(TABLES[said.table], said) == row
    if "FA-7" in message.decode("latin-1"):
        assert said.after is not None
        assert said.after[1] == "FA-7", "of which its subject may be told"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x00\x00\x00\x00\x07avro", "avro_no_registry"),
        (envelope(MY, {"id": 1, "value": 1.5, "rate": "MTI="}), "debezium_double"),
    ],
)
def test_what_is_read_by_wrong_settings_stops_with_its_place(message: bytes, code: str) -> None:
    """Invariant 1: by others it can be read."""
    with pytest.raises(Halt) as halted:
        Decoder(TABLES, Reading()).decode("eam.asset", None, message, (), "3@17")
    assert (halted.value.code, halted.value.params["where"]) == (code, "3@17")


def test_what_looks_like_avro_among_others_in_json_is_no_avro() -> None:
    """Invariant 5."""
    decoder = Decoder(TABLES, Reading())
    decoder.decode("t", None, envelope(MY, {"id": 1}))
    said = decoder.decode("t", None, b"\x00\x00\x00\x00\x07avro", (), "3@17")
    assert isinstance(said, Change)
    assert said.op == "unreadable"


NAMES = (
    *("op", "source", "after", "before", "transaction", "connector", "table", "db", "schema", "payload", "snapshot"),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
)


@given(st.binary(max_size=64), ANYTHING)
def test_nothing_that_a_message_may_be_is_an_error_of_ours(octets: bytes, value: Any) -> None:
    """Invariant 5."""
    decoder = Decoder(TABLES, Reading())
    decoder.decode("t", None, envelope(MY, {"id": 1}))
    source = MY | (value if isinstance(value, dict) else {})
    for message in (
        octets,
        json.dumps(value).encode(),
        json.dumps({"op": "c", "source": source, "after": value}).encode(),
    ):
        decoder.decode("t", octets, message, (), "3@17")
        decoder.sight("t", message)


def keyed(name: str, **columns: object) -> bytes:
    """A message's key with its schema."""
    types = {column: schema("int32" if isinstance(value, int) else "string") for column, value in columns.items()}
    fields = [{"field": column, **type_} for column, type_ in types.items()]
    described = {"type": "struct", "name": f"{name}.Key", "fields": fields}
    return json.dumps({"schema": described, "payload": columns}).encode()


@pytest.mark.parametrize(
    ("topic", "key", "said", "row"),
    [
        ("t", keyed("prod.eam.asset", id=7), (), ("asset", 7)),
        ("t", keyed("prod.eam.cost", kind="A", no=1), (), ("cost", "A")),
        ("t", keyed("prod.eam.note", id=7), (), None),
        ("prod.eam.asset", b'{"id": 7}', (), ("asset", 7)),
        ("prod.eam.asset", b'{"ID": 7}', (), ("asset", 7)),
        ("prod.eam.asset", b"7", (), ("asset", 7)),
        ("t", b'{"id": 7}', ("asset",), ("asset", 7)),
        ("t", b'{"id": 7}', ("cost",), "unreadable"),
        ("t", b'{"no": 1, "kind": "A"}', (), ("cost", "A")),
        ("t", b'{"asset_code": "FA-7"}', ("asset",), "unreadable"),
        ("t", b'{"id": null}', ("asset",), "unreadable"),
        ("t", b'{"id": "x"}', ("asset",), "unreadable"),
        ("t", b"FA-7", ("asset",), "unreadable"),
        ("t", b"\x00\x00\x00\x00\x01x", (), "unreadable"),
        ("t", None, (), "unreadable"),
    ],
)
def test_a_key_alone_says_that_its_row_is_gone(topic: str, key: bytes | None, said: Any, row: Any) -> None:
    """Invariants 1 and 14: a compacted topic, or a filter in the connector, leaves nothing else."""
    decoder = Decoder(TABLES, Reading())
    gone = decoder.gone(topic, key, said, Position("t/0@5"), 60_000)
    if row is None:
        assert gone is Note.UNTRACKED
        return
    assert isinstance(gone, Change)
    assert (gone.position, gone.flawed, gone.op) == ("t/0@5", True, "unreadable" if row == "unreadable" else "delete")
    if row != "unreadable":
        assert gone.before is not None
        assert (gone.table, gone.before[0], gone.after) == (*row, None)
        assert set(gone.before[len(TABLES[gone.table].key) :]) == {UNCHANGED}
