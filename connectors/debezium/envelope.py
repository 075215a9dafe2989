"""Debezium's messages, bytes to changes: JSON with schemas or without, or Avro, of the connectors for PostgreSQL,
MySQL, MariaDB, SQL Server, Oracle and Db2.

Pure. A change's position is made of the `source` block, so that it is the same when Debezium sends the change again,
and of operation, table and key, because several rows may share a place in the log: a bulk insert, a snapshot, the
two halves of a change of key. With schemas each message carries the same few kilobytes in front of its payload; they
are parsed once, and further messages are compared with them byte by byte.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

import orjson

from connectors.convert import Unfit
from connectors.debezium.places import log_place, place
from connectors.debezium.values import Absent, Field, Inexact, Read, Reading, mark, reader
from syncd.change import UNCHANGED, Change, Op, Position, Row, Table, key_text
from syncd.errors import Halt
from syncd.record import has_marks

Headers = Collection[tuple[str, object]]
"""A message's headers: name and value."""
OLD_HALF: Final = "__debezium.newkey"
NEW_HALF: Final = "__debezium.oldkey"
Binary = Callable[[bytes], tuple[int, Mapping[str, Field], Any]]
"""A message in Avro → the number of its schema, the fields of its row by name, and its payload, as JSON with schemas
would say them. Raises Halt or Transient."""
NUMBERED_MAX: Final = 1024
"""Schemas that are kept of messages in Avro, of all topics."""
SCHEMAS_MAX: Final = 64
"""Schemas that are kept of one topic, the newest first: a table has few at a time, and a topic may hold all tables."""

_OPS: Final[Mapping[str, Op]] = {"c": "insert", "u": "update", "d": "delete", "r": "read", "t": "truncate"}
_INCREMENTAL: Final = "i"
_IS_STREAMED: Final = b'"snapshot":"false"'
_IS_READ: Final = b'"op":"r"'
_IN_MIDSTREAM: Final = '["'
"""How PostgreSQL's connector says that it has read transactions before; it begins with `[null,"PLACE"]`."""
_SNAPSHOT: Final = frozenset({"true", "first", "first_in_data_collection", "last_in_data_collection", "last", True})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA_AHEAD: Final = b'{"schema":'
_PAYLOAD: Final = b'"payload":'
_SNIPPET_CHARACTERS: Final = 200
_BINARY: Final = b"\0"
"""How a message in Avro begins, and none in JSON."""


class Note(StrEnum):
    """A message that is no change of a tracked table."""

    TOMBSTONE = "tombstone"
    TRANSACTION = "transaction"
    HEARTBEAT = "heartbeat"
    SCHEMA_CHANGE = "schema_change"
    MESSAGE = "message"
    UNTRACKED = "untracked"


class Half(NamedTuple):
    """Half of a change of key, which Debezium sends as a delete (`old`) and an insert (`new`). `event` is the same
    for both and for no other change."""

    side: Literal["old", "new"]
    event: str
    change: Change


Decoded = Change | Half | Note


class Sight(NamedTuple):
    """What a row of a snapshot says of that, tracked or not: by which connector, which snapshot, whether the row is its
    `first` or `last`, and the table's alias, empty if it is not tracked."""

    connector: str
    snapshot: str
    mark: str
    alias: str


def snapshot_of(change: Change) -> str:
    """Which snapshot a row was read by: all its rows say the same place in the log. Empty for a change of the log,
    and for what an incremental snapshot says, which is in step with the log around it."""
    if change.op != "read":
        return ""
    connector, name, log, _, op, _ = change.position.split("/", 5)
    return "" if op == _INCREMENTAL else f"{connector}/{name}/{log}"


def joined(old: Half, new: Half) -> Change | None:
    """The update that two halves are; None when they are not halves of the same one."""
    if old.side != "old" or new.side != "new" or old.event != new.event:
        return None
    before, after = old.change.before, new.change.after
    assert before is not None
    assert after is not None
    after = _filled(after, before)
    flawed = has_marks(before) or has_marks(after)
    return new.change._replace(op="update", before=before, after=after, flawed=flawed)


Rows = Callable[[Mapping[str, Any]], tuple[Row, bool]]


@dataclass
class _Layout:
    """One schema: row fields by name (None without a schema), and the converters compiled from them."""

    fields: Mapping[str, Field] | None
    rows: dict[str, Rows] = field(default_factory=dict)


def _no_registry(_value: bytes) -> tuple[int, Mapping[str, Field], Any]:
    raise Halt("avro_no_registry")


class Decoder:
    """Messages → changes of the tracked tables. It keeps nothing between messages but what it has compiled."""

    def __init__(self, tables: Mapping[str, Table], reading: Reading, binary: Binary = _no_registry) -> None:
        self._tables = tuple(tables.values())
        self._reading = reading
        self._topics: dict[str, list[tuple[bytes, _Layout]]] = {}
        self._binary = binary
        self._numbered: dict[int, _Layout] = {}
        self._bare = _Layout(None)
        self._named: dict[tuple[object, ...], Table | None] = {}
        self._seen: dict[str, str] = {}

    def decode(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = (), where: object = ""
    ) -> Decoded:
        """A message as what it says. `where` is named in errors: partition and offset. Raises Halt for what cannot
        be understood; of a row whose values cannot be read it makes a change with marks."""
        if value is None:
            return Note.TOMBSTONE
        try:
            layout, payload = self._open(topic, value)
            if payload is None:
                return Note.TOMBSTONE
            try:
                return self._said(layout, payload, key, headers)
            except Inexact:
                return self._said(layout, _exact(value), key, headers)
        except Halt as halt:
            raise Halt(halt.code, **halt.params, topic=topic, where=where) from halt
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = value[:_SNIPPET_CHARACTERS].decode("utf-8", "backslashreplace")
            raise Halt("debezium_not_json", topic=topic, where=where, error=error, said=said) from error

    def sight(self, topic: str, value: bytes | None, where: object = "") -> Sight | None:
        """What a message says of the snapshot that its row was read by; None for any other, and for those of an ad-hoc
        snapshot: what happened while that was taken comes once more behind it. It looks into no row."""
        if value is None or (value.startswith(b"{") and _IS_STREAMED in value and _IS_READ not in value):
            return None
        try:
            _, payload = self._open(topic, value)
        except Halt as halt:
            raise Halt(halt.code, **halt.params, topic=topic, where=where) from halt
        source = payload.get("source") if isinstance(payload, dict) else None
        if not source or "op" not in payload or source.get("snapshot") not in _SNAPSHOT:
            return None
        if str(source.get("sequence")).startswith(_IN_MIDSTREAM):
            return None
        table = self._table(source)
        snapshot = f"{source['connector']}/{source['name']}/{log_place(source, True)}"
        return Sight(source["name"], snapshot, str(source["snapshot"]), table.alias if table else "")

    def _open(self, topic: str, value: bytes) -> tuple[_Layout, Any]:
        """The payload, and how its rows are to be read."""
        if value.startswith(_BINARY):
            number, fields, payload = self._binary(value)
            layout = self._numbered.get(number)
            if layout is None:
                if len(self._numbered) >= NUMBERED_MAX:
                    self._numbered.clear()
                layout = self._numbered[number] = _Layout(fields)
            return layout, payload
        known = self._topics.setdefault(topic, [])
        for prefix, layout in known:
            if value.startswith(prefix):
                return layout, orjson.loads(memoryview(value)[len(prefix) : -1])
        ahead = _ahead(value) if value.startswith(_SCHEMA_AHEAD) else None
        if ahead is not None:
            layout = _Layout(_row_fields(orjson.loads(ahead + b"null}")["schema"]))
            known.insert(0, (ahead, layout))
            del known[SCHEMAS_MAX:]
            return layout, orjson.loads(memoryview(value)[len(ahead) : -1])
        whole = orjson.loads(value)
        if _is_wrapped(whole):
            return (_Layout(_row_fields(whole["schema"])) if whole["schema"] else self._bare), whole["payload"]
        return self._bare, whole

    def _said(self, layout: _Layout, payload: Any, key: bytes | None, headers: Headers) -> Decoded:
        if not isinstance(payload, dict):
            raise ValueError("it is no object")
        source, op = payload.get("source"), payload.get("op")
        if op is None or source is None:
            return _note(payload)
        if op == "m":
            return Note.MESSAGE
        table = self._table(source)
        if table is None:
            return Note.UNTRACKED
        verb = _OPS.get(op)
        if verb is None:
            raise Halt("debezium_op", op=op)
        if verb == "insert" and source.get("snapshot") in _SNAPSHOT:
            verb = "read"
        return self._change(table, verb, layout, payload, source, key, headers)

    def _change(
        self,
        table: Table,
        op: Op,
        layout: _Layout,
        payload: Mapping[str, Any],
        source: Mapping[str, Any],
        key: bytes | None,
        headers: Headers,
    ) -> Decoded:
        rows = layout.rows.get(table.alias)
        if rows is None:
            rows = layout.rows[table.alias] = _compile(table, layout.fields, self._reading)
        before: Row | None = None
        after: Row | None = None
        flawed = False
        if op in ("update", "delete") and payload.get("before") is not None:
            before, flawed = rows(payload["before"])
            if op == "delete" and source["connector"] == "postgresql":
                before, flawed = _known_of(table, before, payload["before"], flawed)
        elif op == "delete":
            before, flawed = rows(self._key_fields(table, key))
        if op != "delete" and op != "truncate":
            if payload.get("after") is None:
                raise Halt("debezium_no_row", op=op)
            after, flawed_after = rows(payload["after"])
            if flawed_after and before is not None:
                after = _filled(after, before)
                flawed_after = has_marks(after)
            flawed = flawed or flawed_after
        return _placed(table, op, before, after, flawed, payload, source, headers)

    def key(self, key: bytes | None) -> tuple[Any, str]:
        """A message's key, None without one, and what its bytes say beside its columns: which schema."""
        if key and key.startswith(_BINARY):
            number, _, fields = self._binary(key)
            return fields, f"schema {number}"
        parsed: Any = orjson.loads(key) if key else None
        return (parsed["payload"], "schema") if _is_wrapped(parsed) else (parsed, "")

    def defaulted(self, topic: str, value: bytes, alias: str) -> list[str]:
        """The table's columns that may be NULL and have a default, which a converter may have written instead."""
        fields = self._open(topic, value)[0].fields or {}
        (table,) = (table for table in self._tables if table.alias == alias)
        known = [fields.get(_spelt(column.name, fields), {}) for column in table.columns]
        return [f["field"] for f in known if f.get("optional") and f.get("default") is not None]

    def _key_fields(self, table: Table, key: bytes | None) -> Mapping[str, Any]:
        """The message's key, as a row of which nothing else is known."""
        parsed, _ = self.key(key)
        if not isinstance(parsed, dict):
            raise Halt("debezium_no_key", table=table.name)
        return parsed

    def _table(self, source: Mapping[str, Any]) -> Table | None:
        name = (source.get("connector"), source.get("db"), source.get("schema"), source.get("table"))
        try:
            return self._named[name]
        except KeyError:
            return self._named.setdefault(name, self._find(source))

    def _find(self, source: Mapping[str, Any]) -> Table | None:
        """The tracked table that a source block names, the schema left out where the mapping leaves it out."""
        found = place(source)
        parts = [*(str(source.get(part) or "") for part in found.namespace), str(source.get("table") or "")]
        for table in self._tables:
            wanted = table.name.split(".")
            if len(wanted) == 1 and found.default:
                wanted = [found.default, *wanted]
            there = parts[-len(wanted) :]
            if wanted == there or (found.caseless and [w.lower() for w in wanted] == [t.lower() for t in there]):
                name = ".".join(parts)
                first = self._seen.setdefault(table.alias, name)
                if first != name:
                    raise Halt("debezium_two_tables", table=table.name, one=first, other=name)
                return table
        return None


def _placed(
    table: Table,
    op: Op,
    before: Row | None,
    after: Row | None,
    flawed: bool,
    payload: Mapping[str, Any],
    source: Mapping[str, Any],
    headers: Headers,
) -> Decoded:
    """The change with its position; a half, when the headers say so."""
    log = log_place(source, op == "read")
    name = f"{source.get('db')}.{source.get('schema') or ''}.{source['table']}"
    event = f"{source['connector']}/{source['name']}/{log}/{name}"
    row = before if op == "delete" else after
    verb = _INCREMENTAL if source.get("snapshot") == "incremental" else payload["op"]
    position = Position(f"{event}/{verb}/{'' if row is None else _key(table, row)}")
    change = Change(table.alias, op, before, after, position, _committed_at(source, payload), flawed)
    if op == "delete" and any(name == OLD_HALF for name, _ in headers):
        return Half("old", event, change)
    if op == "insert" and any(name == NEW_HALF for name, _ in headers):
        return Half("new", event, change)
    return change


def _key(table: Table, row: Row) -> str:
    """The row's key as text; without one, nobody can tell which row it is."""
    if any(row[i] is None or row[i] is UNCHANGED for i in table.key):
        raise Halt("debezium_no_key", table=table.name)
    return key_text(table, row)


def _committed_at(source: Mapping[str, Any], payload: Mapping[str, Any]) -> datetime:
    micros = source.get("ts_us") or (source.get("ts_ms") or payload.get("ts_ms") or 0) * 1000
    return _EPOCH + timedelta(microseconds=micros)


def _note(payload: Mapping[str, Any]) -> Note:
    """A message that is no row event by its fields: topics may be named and routed as anybody likes."""
    if "status" in payload and "id" in payload:
        return Note.TRANSACTION
    if "ddl" in payload or "tableChanges" in payload:
        return Note.SCHEMA_CHANGE
    if payload.keys() == {"ts_ms"}:
        return Note.HEARTBEAT
    if "aggregate_type" in payload:
        return Note.MESSAGE
    raise Halt("debezium_flattened", fields=", ".join(list(payload)[:10]))


def _ahead(value: bytes) -> bytes | None:
    """All that stands before the payload, if the payload stands last."""
    end = value.find(_PAYLOAD) + len(_PAYLOAD)
    ahead = value[:end]
    try:
        parsed = orjson.loads(ahead + b"null}")
    except ValueError:
        return None
    return ahead if parsed.keys() == {"schema", "payload"} and parsed["schema"] is not None else None


def _is_wrapped(whole: Any) -> bool:
    return isinstance(whole, dict) and whole.keys() == {"schema", "payload"}


def _exact(value: bytes) -> Any:
    """The payload read without floats."""
    whole = json.loads(value, parse_float=Decimal)
    return whole["payload"] if _is_wrapped(whole) else whole


def _row_fields(schema: Mapping[str, Any]) -> Mapping[str, Field]:
    """The fields of the row, by name, from an envelope's schema; nothing for messages that carry no row."""
    for part in schema.get("fields") or ():
        if part.get("field") in ("after", "before"):
            return {f["field"]: f for f in part.get("fields") or ()}
    return {}


def _compile(table: Table, fields: Mapping[str, Field] | None, reading: Reading) -> Rows:
    """Rows as JSON objects → (row, flawed), as one expression. Columns that the schema does not have are UNCHANGED."""
    names = [_spelt(column.name, fields) for column in table.columns]
    reads: list[Read | None] = [
        None if fields is not None and name not in fields
        else reader(table.name, column, None if fields is None else fields[name], reading)
        for name, column in zip(names, table.columns, strict=True)
    ]  # fmt: skip
    complete = None not in reads
    scope: dict[str, object] = {f"c{i}": read for i, read in enumerate(reads)} | {"UNCHANGED": UNCHANGED}
    parts = "".join(
        f"None if (x := r[{name!r}]) is None else c{i}(x)," if read else "UNCHANGED,"
        for i, (name, read) in enumerate(zip(names, reads, strict=True))
    )
    whole: Callable[[Mapping[str, Any]], Row] = eval(f"lambda r: ({parts})", scope)

    def rows(said: Mapping[str, Any]) -> tuple[Row, bool]:
        try:
            return whole(said), not complete
        except (Unfit, Absent, ValueError, TypeError, KeyError, ArithmeticError):
            row = tuple(
                mark(read, said[name]) if read and name in said else UNCHANGED
                for name, read in zip(names, reads, strict=True)
            )
            return row, has_marks(row)

    return rows


def _spelt(name: str, fields: Mapping[str, Field] | None) -> str:
    """A column as the source spells it: exactly as declared, or in another case where that is unmistakable."""
    if fields is None or name in fields:
        return name
    alike = [known for known in fields if known.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else name


def _filled(after: Row, before: Row) -> Row:
    """What the log did not repeat is what it was."""
    return tuple(was if now is UNCHANGED else now for was, now in zip(before, after, strict=True))


def _known_of(table: Table, before: Row, said: Mapping[str, Any], flawed: bool) -> tuple[Row, bool]:
    """Of a deleted row PostgreSQL logs the key alone unless the table's replica identity is FULL, and Debezium fills
    up with nulls. Where nothing but the key has a value, the nulls mean nothing."""
    keys = {table.columns[i].name.lower() for i in table.key}
    if any(value is not None and name.lower() not in keys for name, value in said.items()):
        return before, flawed
    row = tuple(value if i in table.key else UNCHANGED for i, value in enumerate(before))
    return row, flawed or len(table.key) < len(row)
