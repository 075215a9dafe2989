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
from typing import Any, Final, Literal, NamedTuple

import orjson

from connectors.debezium.keys import opened_key, row_of_key
from connectors.debezium.names import INCREMENTAL, committed_at, position_of, transaction_name
from connectors.debezium.places import Mark, log_place, mark, place
from connectors.debezium.rows import Rows, compiled, filled, known_of, of_key, row_fields, spelt
from connectors.debezium.shapes import Note, is_envelope, note
from connectors.debezium.unreadable import OF_ONE, known_row, unreadable
from connectors.debezium.values import Field, Inexact, Reading
from syncd.change import Change, Op, Position, Row, Table
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
_IS_STREAMED: Final = b'"snapshot":"false"'
_IS_READ: Final = b'"op":"r"'
_IN_MIDSTREAM: Final = '["'
"""How PostgreSQL's connector says that it has read transactions before; it begins with `[null,"PLACE"]`."""
_SNAPSHOT: Final = frozenset({"true", "first", "first_in_data_collection", "last_in_data_collection", "last", True})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA_AHEAD: Final = b'{"schema":'
_PAYLOAD: Final = b'"payload":'
ODD: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a message raises that is made of other things than it should be."""
_BINARY: Final = b"\0"
"""How a message in Avro begins, and none in JSON."""


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
    return "" if op == INCREMENTAL else f"{connector}/{name}/{log}"


def joined(old: Half, new: Half) -> Change | None:
    """The update that two halves are; None when they are not halves of the same one."""
    if old.side != "old" or new.side != "new" or old.event != new.event:
        return None
    before, after = old.change.before, new.change.after
    assert before is not None
    assert after is not None
    after = filled(after, before)
    flawed = has_marks(before) or has_marks(after)
    return new.change._replace(op="update", before=before, after=after, flawed=flawed)


@dataclass
class _Layout:
    """One schema: row fields by name (None without a schema), and the converters compiled from them."""

    fields: Mapping[str, Field] | None
    rows: dict[str, Rows] = field(default_factory=dict)


def _no_registry(_value: bytes) -> tuple[int, Mapping[str, Field], Any]:
    raise Halt("avro_no_registry")


class Decoder:
    """Messages → changes of the tracked tables. It keeps nothing between messages but what it has compiled, and of the
    last one the source's `transaction`, its id, empty where the message names none, the `mark` of its place in the log,
    None where it has none there, whether it `deletes` a row, tracked or not, and as `misread` why it could not be
    understood. `reads_json` may be set where others are known to be in JSON."""

    def __init__(self, tables: Mapping[str, Table], reading: Reading, binary: Binary = _no_registry) -> None:
        self.transaction = ""
        self.mark: Mark | None = None
        self.misread: Halt | None = None
        self.deletes = False
        self.reads_json = False
        self._tables = tuple(tables.values())
        self._reading = reading
        self._topics: dict[str, list[tuple[bytes, _Layout]]] = {}
        self._binary = binary
        self._numbered: dict[int, _Layout] = {}
        self._bare = _Layout(None)
        self._named: dict[tuple[object, ...], Table | None] = {}
        self._seen: dict[str, str] = {}

    def decode(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        where: object = "",
        at_ms: int = 0,
    ) -> Decoded:
        """A message as what it says. `where` is named in errors: partition and offset. Raises Halt where messages are
        read by wrong settings; what cannot be understood by itself is an unreadable change, of the moment `at_ms`, and
        a row whose values cannot be read one with marks."""
        self.transaction, self.mark, self.misread, self.deletes = "", None, None, False
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
            located = Halt(halt.code, **halt.params, topic=topic, where=where)
            if not self._is_of_one(halt):
                raise located from halt
            self.misread = located
        except ODD as error:
            self.misread = Halt("debezium_not_json", topic=topic, where=where, error=error)
        return self._unreadable(self.misread.code, topic, key, value, Position(f"{topic}/{where}"), at_ms)

    def _is_of_one(self, halt: Halt) -> bool:
        """Whether it is this message alone. One that looks like Avro among others in JSON is no Avro."""
        return halt.code in OF_ONE or (halt.code == "avro_no_registry" and (self.reads_json or bool(self._named)))

    def _unreadable(
        self, reason: str, topic: str, key: bytes | None, value: bytes, place: Position, at_ms: int
    ) -> Change:
        """A message that nobody understands. Of which table it is the source block says, else the topic's name; if not
        even that tells, it stands under the last: references come first."""
        named = [table for table in self._tables if f".{topic}".endswith(f".{table.name}")]
        table, row = (named or self._tables)[-1], None
        try:
            layout, payload = self._open(topic, value)
            if is_envelope(payload) and (tracked := self._table(payload["source"])) is not None:
                table = tracked
                images = (payload.get("after"), payload.get("before"), self.key(key)[0])
                row = known_row(table, self._rows(table, layout), images)
                place = position_of(table, row, "", payload, payload["source"])[1] if row else place
        except (Halt, *ODD):
            pass
        return unreadable(table, row, value, reason, place, at_ms)

    def sight(self, topic: str, value: bytes | None, where: object = "") -> Sight | None:
        """What a message says of the snapshot that its row was read by; None for any other, and for those of an ad-hoc
        snapshot: what happened while that was taken comes once more behind it. It looks into no row."""
        if value is None or (value.startswith(b"{") and _IS_STREAMED in value and _IS_READ not in value):
            return None
        try:
            return self._sight(self._open(topic, value)[1])
        except Halt as halt:
            if self._is_of_one(halt) or halt.code == "avro_no_registry":  # nothing in Avro can have been read
                return None
            raise Halt(halt.code, **halt.params, topic=topic, where=where) from halt
        except ODD:
            return None

    def _sight(self, payload: Any) -> Sight | None:
        if not is_envelope(payload) or payload["source"].get("snapshot") not in _SNAPSHOT:
            return None
        source = payload["source"]
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
            layout = _Layout(row_fields(orjson.loads(ahead + b"null}")["schema"]))
            known.insert(0, (ahead, layout))
            del known[SCHEMAS_MAX:]
            return layout, orjson.loads(memoryview(value)[len(ahead) : -1])
        whole = orjson.loads(value)
        if _is_wrapped(whole):
            return (_Layout(row_fields(whole["schema"])) if whole["schema"] else self._bare), whole["payload"]
        return self._bare, whole

    def _said(self, layout: _Layout, payload: Any, key: bytes | None, headers: Headers) -> Decoded:
        if not isinstance(payload, dict):
            raise ValueError("it is no object")
        if not is_envelope(payload):
            if (kind := note(payload)) is None:
                raise Halt("debezium_flattened", fields=", ".join(list(payload)[:10]))
            return kind
        source, op = payload["source"], payload["op"]
        if told := payload.get("transaction"):
            self.transaction = transaction_name(told, source)
        self.deletes = op == "d"
        if op == "m" and "message" in payload:
            return Note.MESSAGE
        table = self._table(source)
        if table is None:
            return Note.UNTRACKED
        verb = _OPS.get(op)
        if verb == "insert" and source.get("snapshot") in _SNAPSHOT:
            verb = "read"
        if verb != "read":
            self.mark = mark(source)
        if verb is None:
            raise Halt("debezium_op", op=op)
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
        rows = layout.rows.get(table.alias) or self._rows(table, layout)
        before: Row | None = None
        after: Row | None = None
        flawed = False
        if op in ("update", "delete") and payload.get("before") is not None:
            before, flawed = rows(payload["before"])
            if op == "delete" and source["connector"] == "postgresql":
                before, flawed = known_of(table, before, payload["before"], flawed)
        elif op == "delete":
            before, flawed = of_key(table, rows(self._key_fields(table, key))[0])
        if op != "delete" and op != "truncate":
            if payload.get("after") is None:
                raise Halt("debezium_no_row", op=op)
            after, flawed_after = rows(payload["after"])
            if flawed_after and before is not None:
                after = filled(after, before)
                flawed_after = has_marks(after)
            flawed = flawed or flawed_after
        return _placed(table, op, before, after, flawed, payload, source, headers)

    def gone(self, topic: str, key: bytes | None, said: Collection[str], place: Position, at_ms: int) -> Change | Note:
        """What a message says that is a key alone: the row with that key is gone. The table is known by the key's
        schema, by the topic's name, or because no other of those that the topic has `said` has such a key."""
        self.transaction, self.mark, self.misread, self.deletes = "", None, None, False
        try:
            name, fields, values = opened_key(key)
            if name and not (tracked := [t for t in self._tables if f".{name}".endswith(f".{t.name}")]):
                return Note.UNTRACKED
            named = tracked if name else [t for t in self._tables if f".{topic}".endswith(f".{t.name}")]
            tables = named or [t for t in self._tables if t.alias in said] or self._tables
            rows = [row for t in tables if (row := row_of_key(t, fields, values, self._reading)) is not None]
            if len(rows) == 1:
                table, before, flawed = rows[0]
                at = _EPOCH + timedelta(milliseconds=at_ms)
                return Change(table.alias, "delete", before, None, place, at, flawed)
        except ODD:
            pass
        self.misread = Halt("debezium_tombstone", topic=topic, where=place.rpartition("/")[2])
        return unreadable(self._tables[-1], None, key, self.misread.code, place, at_ms)

    def _rows(self, table: Table, layout: _Layout) -> Rows:
        if table.alias not in layout.rows:
            layout.rows[table.alias] = compiled(table, layout.fields, self._reading)
        return layout.rows[table.alias]

    def key(self, key: bytes | None) -> tuple[Any, str]:
        """A message's key, None without one, and what its bytes say beside its columns: which schema."""
        if key and key.startswith(_BINARY):
            number, _, fields = self._binary(key)
            return fields, f"schema {number}"
        parsed: Any = orjson.loads(key) if key else None
        return (parsed["payload"], "schema") if _is_wrapped(parsed) else (parsed, "")

    def described(self, topic: str, value: bytes, alias: str) -> Mapping[str, Field]:
        """The table's columns as the schema of a message describes them; those that it has."""
        fields = self._open(topic, value)[0].fields or {}
        (table,) = (table for table in self._tables if table.alias == alias)
        known = (spelt(column.name, fields) for column in table.columns)
        return {name: fields[name] for name in known if name in fields}

    def nulls(self, topic: str, value: bytes) -> Collection[str]:
        """The columns in which a message's row has NULL."""
        after: Mapping[str, Any] = self._open(topic, value)[1].get("after") or {}
        return {name for name, held in after.items() if held is None}

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
        names = (*found.namespace, "table")
        parts = [str(source[name]) for name in names if isinstance(source.get(name), str)]
        if len(parts) < len(names) or not parts[-1]:
            raise Halt("debezium_no_table", connector=source["connector"])
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
    event, position = position_of(table, before if op == "delete" else after, op, payload, source)
    change = Change(table.alias, op, before, after, position, committed_at(source, payload), flawed)
    if op == "delete" and any(name == OLD_HALF for name, _ in headers):
        return Half("old", event, change)
    if op == "insert" and any(name == NEW_HALF for name, _ in headers):
        return Half("new", event, change)
    return change


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
