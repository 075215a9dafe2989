"""The key of a message by itself: which row it names."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from connectors.debezium.rows import compiled, of_key
from connectors.debezium.values import Field, Reading
from syncd.change import Malformed, Row, Table, Unchanged

_SUFFIX: Final = ".Key"
"""What Debezium puts behind a table's name to call the schema of its key."""
_BARE: Final = ""
"""Of a key that is no object but its only value."""


def opened_key(key: bytes | None) -> tuple[str, Mapping[str, Field] | None, Mapping[str, Any]]:
    """A key in JSON: the table as its schema calls it, empty without one; the fields of the schema; and the values.
    Raises ValueError, KeyError or TypeError for what is none."""
    parsed = orjson.loads(key or b"")
    name, fields = "", None
    if isinstance(parsed, dict) and parsed.keys() == {"schema", "payload"}:
        schema, parsed = parsed["schema"] or {}, parsed["payload"]
        called = str(schema.get("name") or "")
        name = called.removesuffix(_SUFFIX) if called.endswith(_SUFFIX) else ""
        fields = {field["field"]: field for field in schema["fields"]} if schema.get("fields") else None
    if parsed is None or isinstance(parsed, list):
        raise ValueError("it names no row")
    return name, fields, parsed if isinstance(parsed, dict) else {_BARE: parsed}


def row_of_key(
    table: Table, fields: Mapping[str, Field] | None, values: Mapping[str, Any], reading: Reading
) -> tuple[Table, Row, bool] | None:
    """The row of a table that a key names, of which nothing else is known, and whether there is more of it; None where
    it is no key of that table."""
    names = [table.columns[i].name for i in table.key]
    if values.keys() == {_BARE} and len(names) == 1:
        fields, values = None, {names[0]: values[_BARE]}
    if {name.lower() for name in values} != {name.lower() for name in names}:
        return None
    said = {name: next(value for known, value in values.items() if known.lower() == name.lower()) for name in names}
    spelt = fields and {name: next(f for n, f in fields.items() if n.lower() == name.lower()) for name in names}
    row, _ = compiled(table, spelt, reading)(said)
    if any(row[i] is None or isinstance(row[i], Unchanged | Malformed) for i in table.key):
        return None
    return table, *of_key(table, row)
