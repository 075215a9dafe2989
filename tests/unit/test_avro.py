"""Avro says what JSON says: recorded messages of a real connector, put into Avro as Kafka Connect's converters do it,
give the same changes. What is no such message stops with its reason; a registry that is away is asked again."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from connectors.debezium import avro
from connectors.debezium import registry as schema_registry
from connectors.debezium.envelope import Decoded, Decoder
from connectors.debezium.values import Reading
from syncd.change import ABSENT, UNCHANGED, Change, Column, Kind, Malformed, Table
from syncd.errors import Halt, Transient
from tests.unit.test_debezium import DECIMAL, ID, MY, PLACEHOLDER, RECORDED, TABLES, envelope, raw, schema

WITH_SCHEMAS = ["postgresql", *(f"postgresql-{m}" for m in ("connect", "isostring", "microseconds", "nanoseconds"))]
WITH_SCHEMAS += ["postgresql-precise", "postgresql-double"]
PRIMITIVES = {"int8": "int", "int16": "int", "int32": "int", "int64": "long"}


class Registry:
    """Schemas by number, and messages written by them."""

    def __init__(self) -> None:
        self.schemas: list[Any] = []

    def schema(self, number: int) -> Any:
        return self.schemas[number - 1]

    def binary(self, message: bytes | None) -> bytes | None:
        """A message of the JSON converter as the Avro converter would have written it."""
        if message is None:
            return None
        whole = json.loads(message)
        described = as_avro(whole["schema"], set())
        if described not in self.schemas:
            self.schemas.append(described)
        written = BytesIO()
        written.write(b"\0" + (self.schemas.index(described) + 1).to_bytes(4, "big"))
        schemaless_writer(written, parse_schema(described), as_binary(whole["schema"], whole["payload"]))
        return written.getvalue()


def as_avro(connect: Mapping[str, Any], named: set[str]) -> Any:
    """A schema of Kafka Connect in Avro: https://docs.confluent.io/platform/current/connect/ calls the names."""
    made = as_avro_type(connect, named)
    return ["null", made] if connect.get("optional") else made


def as_avro_type(connect: Mapping[str, Any], named: set[str]) -> Any:
    kind, name = connect["type"], connect.get("name")
    about: dict[str, Any] = {"connect.name": name} if name else {}
    if connect.get("parameters"):
        about["connect.parameters"] = connect["parameters"]
    if kind == "struct":
        own = name or f"Anonymous{len(named)}"
        if own in named:
            return own
        named.add(own)
        fields = [
            {"name": f["field"], "type": as_avro(f, named), **({"default": None} if f.get("optional") else {})}
            for f in connect["fields"]
        ]
        return {"type": "record", "name": own, "fields": fields, **about}
    if kind == "array":
        return {"type": "array", "items": as_avro(connect["items"], named), **about}
    if kind == "map":
        return {"type": "map", "values": as_avro(connect["values"], named), **about}
    if name == DECIMAL:
        about |= {"logicalType": "decimal", "precision": 64, "scale": int(connect["parameters"]["scale"])}
    elif name == "org.apache.kafka.connect.data.Timestamp":
        about |= {"logicalType": "timestamp-millis"}
    elif name == "org.apache.kafka.connect.data.Date":
        about |= {"logicalType": "date"}
    if kind in ("int8", "int16"):
        about["connect.type"] = kind
    plain = PRIMITIVES.get(kind, kind)
    return {"type": plain, **about} if about else plain


def as_binary(connect: Mapping[str, Any], value: Any) -> Any:
    """A value of JSON as what goes into Avro: bytes for base64."""
    if value is None:
        return None
    match connect["type"]:
        case "struct":
            return {f["field"]: as_binary(f, value.get(f["field"])) for f in connect["fields"]}
        case "array":
            return [as_binary(connect["items"], one) for one in value]
        case "bytes":
            return b64decode(value)
        case _:
            return value


def both(registry: Registry, name: str, reading: Reading) -> tuple[list[Decoded], list[Decoded]]:
    """The recorded messages as decoded from JSON, and from Avro."""
    texts, binaries = Decoder(TABLES, reading), Decoder(TABLES, reading, avro.opener(registry.schema))
    said: tuple[list[Decoded], list[Decoded]] = ([], [])
    for line in map(json.loads, (RECORDED / f"{name}.jsonl").read_text("utf-8").splitlines()):
        key, value, headers = raw(line["key"]), raw(line["value"]), [(h, None) for h in line["headers"]]
        said[0].append(texts.decode(line["topic"], key, value, headers))
        said[1].append(binaries.decode(line["topic"], registry.binary(key), registry.binary(value), headers))
    return said


@pytest.mark.parametrize("name", WITH_SCHEMAS)
def test_avro_says_what_json_says(name: str) -> None:
    """Invariants 1, 2 and 7: the same changes under the same names, in every mode of numbers and times."""
    said, binary = both(Registry(), name, Reading(doubles=True))
    assert any(isinstance(message, Change) for message in said)
    assert binary == said


def test_a_double_is_refused_as_in_json() -> None:
    """Invariant 7."""
    with pytest.raises(Halt) as halted:
        both(Registry(), "postgresql-double", Reading())
    assert halted.value.code == "debezium_double"


D, T, M = Kind.DECIMAL, Kind.TEXT, "money"


@pytest.mark.parametrize(
    ("kind", "form", "wire", "value"),
    [
        (D, M, schema("bytes", DECIMAL, scale="2"), b64encode(b"\xff").decode()),
        (D, M, schema("bytes", DECIMAL, scale="3"), b64encode(b"\x03\xed").decode()),
        (D, M, schema("bytes", DECIMAL, scale="2"), ""),
        (D, "", schema("bytes", DECIMAL, scale="30"), b64encode(bytes(range(100, 120))).decode()),
        (T, "", schema("bytes", DECIMAL, scale="2"), b64encode(b"\x64").decode()),
        (Kind.INTEGER, "", schema("bytes", "io.debezium.data.Bits", length="12"), b64encode(b"\x01\x08").decode()),
        (T, "", schema("bytes"), b64encode("数".encode()).decode()),
        (T, "", schema("bytes"), b64encode(b"\xff\xfe").decode()),
        (T, "", schema("bytes"), b64encode(PLACEHOLDER.encode()).decode()),
        (T, "", schema("string"), PLACEHOLDER),
        (T, "", {**schema("array"), "items": schema("string")}, [PLACEHOLDER]),
        (T, "", {**schema("array"), "items": schema("bytes")}, [b64encode(b"x").decode()]),
        (T, "", schema("string", "io.debezium.data.Enum", allowed="A,B"), "B"),
        (T, "", schema("float"), 1.1),
        (D, "", schema("float"), 16777216.0),
        (D, "", schema("double"), 0.1),
        (Kind.TIMESTAMP, "", schema("int64", "org.apache.kafka.connect.data.Timestamp"), 1_769_846_400_000),
        (Kind.DATE, "", schema("int32", "org.apache.kafka.connect.data.Date"), 20484),
        (Kind.DATE, "", schema("int32", "io.debezium.time.Date"), -2147472692),
        (Kind.BOOLEAN, "", schema("int16"), 1),
        (Kind.BOOLEAN, "", schema("boolean"), False),
    ],
)
def test_every_type_as_in_json(kind: Kind, form: str, wire: Mapping[str, Any], value: Any) -> None:
    """Invariant 7: what cannot be read is shown alike, too."""
    table = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("x", kind, form)), (0,))
    described = json.loads(envelope(MY, {"id": 1, "x": value}, fields=ID | {"x": wire}))
    described["schema"] = whole_schema(described)
    message, registry = json.dumps(described).encode(), Registry()
    reading = Reading(doubles=True)
    said = Decoder({"asset": table}, reading).decode("t", None, message)
    binary = Decoder({"asset": table}, reading, avro.opener(registry.schema)).decode(
        "t", None, registry.binary(message)
    )
    assert isinstance(binary, Change)
    assert binary == said
    if value in (PLACEHOLDER, [PLACEHOLDER]):
        assert binary.after == (1, UNCHANGED)
    if value == "":
        assert binary.after == (1, Malformed("", "malformed_type"))


def whole_schema(message: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope's schema with all that its payload has."""
    rows = [{**part, "optional": True, "name": "eam.Value"} for part in message["schema"]["fields"]]
    source = [
        {"field": name, **schema("int64" if isinstance(value, int) else "string")}
        for name, value in message["payload"]["source"].items()
    ]
    rest = [{"field": "op", "type": "string"}, {"field": "ts_ms", **schema("int64")}]
    fields = [*rows, {"field": "source", "type": "struct", "name": "Source", "fields": source}, *rest]
    return {"type": "struct", "name": "eam.Envelope", "fields": fields}


@pytest.fixture(scope="module")
def first() -> tuple[Registry, bytes]:
    """A registry, and a message by it."""
    registry = Registry()
    line = json.loads((RECORDED / "postgresql.jsonl").read_text("utf-8").splitlines()[0])
    value = registry.binary(raw(line["value"]))
    assert value is not None
    return registry, value


def test_a_column_that_vanishes_is_unknown_and_a_key_that_vanishes_is_nobodys() -> None:
    """Invariants 5, 7 and 14: under the new schema, and what came before it under the old one still."""
    registry = Registry()
    decoder = Decoder(TABLES, Reading(), avro.opener(registry.schema))

    kinds = {name: schema("int64" if isinstance(value, int) else "string") for name, value in MY.items()}
    source = [{"field": name, **kind} for name, kind in kinds.items()]

    def said(**row: Any) -> Change:
        fields = {name: schema("int64" if name == "id" else "string") for name in row}
        message = json.loads(envelope(MY, row, fields=fields))
        message["schema"] |= {"name": "E", "fields": [
            *({**part, "name": "Value", "optional": True} for part in message["schema"]["fields"]),
            {"field": "source", "type": "struct", "name": "S", "fields": source},
            {"field": "op", "type": "string"},
        ]}  # fmt: skip
        change = decoder.decode("t", None, registry.binary(json.dumps(message).encode()), (), "0@5")
        assert isinstance(change, Change)
        return change

    whole, less, again = said(id=7, code="FA-7"), said(id=7), said(id=7, code="FA-7")
    assert [c.after and c.after[:2] for c in (whole, less, again)] == [(7, "FA-7"), (7, ABSENT), (7, "FA-7")]
    assert less.flawed
    assert (said(code="FA-7").op, said(code="FA-7").position) == ("unreadable", "t/0@5")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda v: b"\0\0\0\0" + v, "avro_not_confluent"),
        (lambda v: v[:4], "avro_not_confluent"),
        (lambda v: v[:-3], "avro_unreadable"),
        (lambda v: v + b"\0", "avro_unreadable"),
        (lambda v: v[:5] + b"\x09" * 40, "avro_unreadable"),
    ],
    ids=["a number of eight bytes", "no number", "cut off", "longer", "by another schema"],
)
def test_what_is_no_such_message_is_said_with_its_place(first: tuple[Registry, bytes], damage: Any, code: str) -> None:
    """Invariants 1 and 5: by itself, with its bytes kept."""
    registry, value = first
    decoder = Decoder(TABLES, Reading(), avro.opener(registry.schema))
    said = decoder.decode("eam", None, damage(value), (), "3@17")
    assert decoder.misread is not None
    assert (decoder.misread.code, decoder.misread.params["topic"], decoder.misread.params["where"]) == (
        *(code, "eam", "3@17"),
    )
    assert isinstance(said, Change)
    assert (said.op, said.position) == ("unreadable", "eam/3@17")
    assert said.after is not None
    assert Malformed(b64encode(damage(value)).decode(), code) in said.after


@given(st.binary(max_size=300))
def test_any_bytes_are_a_change_or_a_halt(first: tuple[Registry, bytes], tail: bytes) -> None:
    registry, value = first
    with suppress(Halt):
        Decoder(TABLES, Reading(), avro.opener(registry.schema)).decode("eam", None, value[:5] + tail)


@pytest.mark.parametrize(
    ("described", "code"),
    [
        ({"type": "record", "name": "E", "fields": []}, "avro_unnamed"),
        (
            {"type": "record", "name": "E", "connect.name": "E", "fields": [{"name": "a", "type": "F"}]},
            "avro_unreadable",
        ),
        ({"type": "decimal"}, "avro_unreadable"),
        (7, "avro_unreadable"),
    ],
)
def test_a_schema_that_says_too_little_stops(described: Any, code: str) -> None:
    with pytest.raises(Halt, match=code):
        avro.opener(lambda number: described)(b"\0\0\0\0\x01\x02")


def test_a_schema_is_asked_for_once(first: tuple[Registry, bytes]) -> None:
    registry, value = first
    asked: list[int] = []

    def ask(number: int) -> Any:
        asked.append(number)
        return registry.schema(number)

    opened = avro.opener(ask)
    assert opened(value) == opened(value)
    assert asked == [1]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[int, list[tuple[str, str | None]]]]:
    """A server that answers everything alike: its port, and what it was asked."""
    asked: list[tuple[str, str | None]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            serving.join()


def test_the_registry_is_asked_as_whom_the_address_says() -> None:
    with answering(200, b'{"schema": "{\\"type\\": \\"int\\"}"}') as (port, asked):
        registry = schema_registry.of(f"http://syncd:p%40ss@127.0.0.1:{port}/apis/ccompat/v7/")
        assert registry is not None
        assert registry.schema(7) == {"type": "int"}
        assert "p@ss" not in registry.url
    assert asked == [("/apis/ccompat/v7/schemas/ids/7", f"Basic {b64encode(b'syncd:p@ss').decode()}")]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, b"", Halt, "registry_refused"),
        (403, b"", Halt, "registry_refused"),
        (404, b'{"error_code": 40403}', Halt, "registry_no_schema"),
        (400, b"", Halt, "registry_odd"),
        (429, b"", Transient, "registry_away"),
        (500, b"", Transient, "registry_away"),
        (503, b"", Transient, "registry_away"),
        (200, b"<html>", Halt, "registry_odd"),
        (200, b"[]", Halt, "registry_odd"),
        (200, b'{"schema": "{"}', Halt, "registry_odd"),
        (200, b'{"schema": "x", "schemaType": "PROTOBUF"}', Halt, "registry_not_avro"),
        (200, b'{"schema": "{}", "references": [{"name": "Value"}]}', Halt, "registry_not_avro"),
    ],
)
def test_what_a_registry_may_answer(status: int, body: bytes, kind: type[Exception], code: str) -> None:
    with answering(status, body) as (port, _):
        registry = schema_registry.of(f"http://127.0.0.1:{port}")
        assert registry is not None
        with pytest.raises(kind, match=code):
            registry.schema(7)


def test_a_registry_that_is_away_is_asked_again() -> None:
    with answering(200, b"") as (port, _):
        pass
    registry = schema_registry.of(f"http://127.0.0.1:{port}")
    assert registry is not None
    with pytest.raises(Transient, match="registry_away"):
        registry.check()


@pytest.mark.parametrize(
    "url",
    [
        *("registry:8081", "file:///etc/passwd", "http://", "http://host:port", "http://user:p@ss/word@host"),
        *("http://user:12/34@host", "http://user:12#34@host", "http://user:12?34@host", "http://[host"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Halt, match="registry_url"):
        schema_registry.of(url)


def test_without_an_address_there_is_no_registry() -> None:
    assert schema_registry.of("") is None
