"""Debezium's messages in Avro, bytes to the payload and the schema that the JSON converter would have written.

Pure but for `registry`, which is asked once for each schema. A message is a zero, four bytes of the schema's number,
and the record (the wire format of Confluent's registry). Numbers stay what they are on the wire: what they mean is
said by the type that the connector gave them, in the schema's `connect.name`, and read in one place for JSON and Avro.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, Final, NamedTuple

from fastavro import parse_schema, schemaless_reader

from connectors.debezium.values import Field
from syncd.errors import Halt

Registry = Callable[[int], Any]
"""The schema of a number, as parsed JSON. Raises Halt or Transient."""
SCHEMAS_MAX: Final = 1024
"""Schemas that are kept. A table has as many as it had shapes, and one for its key."""

_AHEAD: Final = struct.Struct(">bI")
_TYPES: Final[Mapping[str, str]] = {
    "int": "int32",
    "long": "int64",
    "record": "struct",
    "enum": "string",
    "fixed": "bytes",
}
_MEANT: Final = frozenset({"type", "name", "namespace", "fields", "items", "values", "symbols", "size"})
"""What decoding needs of a schema. Logical types would make fastavro guess, and defaults are nobody's values here."""


class Said(NamedTuple):
    """A message: the number of its schema, the fields of its row by name, and its payload."""

    schema: int
    fields: Mapping[str, Field]
    payload: Any


class _Known(NamedTuple):
    """A schema as fastavro wants it, and what it says of rows."""

    parsed: Any
    fields: Mapping[str, Field]


def opener(registry: Registry) -> Callable[[bytes], Said]:
    """Messages in Avro → what they say; schemas are remembered. Raises Halt for what is no such message, and whatever
    the registry raises."""
    known: dict[int, _Known] = {}

    def opened(value: bytes) -> Said:
        number = _number(value)
        schema = known.get(number)
        if schema is None:
            if len(known) >= SCHEMAS_MAX:
                known.clear()
            schema = known[number] = _understood(number, registry(number))
        return Said(number, schema.fields, _record(number, schema.parsed, value))

    return opened


def _number(value: bytes) -> int:
    """Numbers begin with 1: a zero is the front half of Apicurio's own, which have eight bytes."""
    if len(value) > _AHEAD.size:
        magic, number = _AHEAD.unpack_from(value)
        if magic == 0 and number:
            return int(number)
    raise Halt("avro_not_confluent")


def _record(number: int, parsed: Any, value: bytes) -> Any:
    reading = BytesIO(value)
    reading.seek(_AHEAD.size)
    try:
        payload = schemaless_reader(reading, parsed, None)
    except (EOFError, ValueError, LookupError, TypeError, OverflowError, MemoryError, struct.error) as error:
        raise Halt("avro_unreadable", schema=number, error=f"{type(error).__name__}: {error}") from error
    left = len(value) - reading.tell()
    if left:
        raise Halt("avro_unreadable", schema=number, error=f"{left} bytes are left over")
    return payload


def _understood(number: int, schema: Any) -> _Known:
    try:
        if isinstance(schema, dict) and schema.get("type") == "record" and "connect.name" not in schema:
            raise Halt("avro_unnamed", schema=number)
        return _Known(parse_schema(_bare(schema)), _row_fields(schema))
    except Halt:
        raise
    except Exception as error:  # fastavro's own refusals have nothing else in common
        raise Halt("avro_unreadable", schema=number, error=f"{type(error).__name__}: {error}") from error


def _bare(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: value if key == "symbols" else _bare(value) for key, value in schema.items() if key in _MEANT}


def _row_fields(envelope: Any) -> Mapping[str, Field]:
    """The fields of the row, by name; nothing for messages that carry no row."""
    for part in _fields(envelope):
        if part["name"] in ("before", "after"):
            return {field["name"]: _connect(field) for field in _fields(_value(part["type"]))}
    return {}


def _fields(schema: Any) -> Iterator[Any]:
    yield from schema.get("fields", ()) if isinstance(schema, dict) else ()


def _value(schema: Any) -> Any:
    """What a field holds when it holds something: nulls come as a union with `null`."""
    if isinstance(schema, list):
        some = [one for one in schema if one != "null"]
        return _value(some[0]) if len(some) == 1 else {"type": "union"}
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return _value(schema["type"])
    return schema


def _connect(field: Any) -> Field:
    """A column as a field of Kafka Connect's schema in JSON."""
    held = _value(field["type"])
    said = held if isinstance(held, dict) else {"type": held}
    return {
        "field": field["name"],
        "type": said.get("connect.type") or _TYPES.get(said["type"], said["type"]),
        "name": said.get("connect.name"),
        "parameters": said.get("connect.parameters") or {},
        "optional": isinstance(field["type"], list),
        "default": field.get("default"),
    }
