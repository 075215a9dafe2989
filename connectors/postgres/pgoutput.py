"""The pgoutput protocol, bytes to values: what PostgreSQL's logical replication says (version 1, and 2 without
streaming, which is the same on the wire).

Source: PostgreSQL documentation, "Logical Replication Message Formats". Pure: no sockets, no state between
messages. Row messages are read by functions compiled for one relation and one declared table, which walk a tuple's
bytes once and skip what is not declared. Type oids are those of `pg_type.dat`.
"""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from struct import Struct
from typing import Any, Final, NamedTuple, cast

from connectors.convert import DECIMAL_DIGITS_MAX, SHANGHAI, careful, cents, decode, float_text, parser
from syncd.change import ABSENT, UNCHANGED, Change, Column, Kind, Malformed, Position, Row, Table, Value

BEGIN, COMMIT, RELATION, INSERT, UPDATE, DELETE, TRUNCATE, TYPE, ORIGIN, MESSAGE = b"BCRIUDTYOM"

FLOATS: Final = frozenset({700, 701})
"""Type oids of binary fractions."""
_new: Final = tuple.__new__
"""Half the price of a named tuple's own constructor."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_U16: Final = Struct(">H")
_U32: Final = Struct(">I")
_BEGIN: Final = Struct(">xQqI")
_COMMIT: Final = Struct(">xBQQq")
_MESSAGE: Final = Struct(">xBQ")


class Garbled(ValueError):
    """The bytes are not what the protocol says."""


class Keyless(ValueError):
    """An old row of this table came without its key: nobody knows which row it was."""


class Begin(NamedTuple):
    """A transaction starts; `commit_lsn` is where its commit record begins."""

    commit_lsn: int
    committed_at: datetime
    xid: int


class Commit(NamedTuple):
    """A transaction ends; `end_lsn` is where the log goes on."""

    commit_lsn: int
    end_lsn: int
    committed_at: datetime


class WireColumn(NamedTuple):
    """A column as the server sends it. `key`: part of the replica identity."""

    name: str
    type_oid: int
    modifier: int
    key: bool


class Relation(NamedTuple):
    """A table as the following row messages have it. `identity`: `d` primary key, `f` full, `i` index, `n` none."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[WireColumn, ...]


class Truncate(NamedTuple):
    """Tables that were emptied."""

    oids: tuple[int, ...]


class Message(NamedTuple):
    """What `pg_logical_emit_message` wrote."""

    transactional: bool
    lsn: int
    prefix: str
    content: bytes


class RowReader(NamedTuple):
    """Row messages of one relation → changes: (message, position, commit time) → Change."""

    insert: Callable[[bytes, Position, datetime], Change]
    update: Callable[[bytes, Position, datetime], Change]
    delete: Callable[[bytes, Position, datetime], Change]


def begin(data: bytes) -> Begin:
    """A Begin message."""
    commit_lsn, micros, xid = _unpack(_BEGIN, data)
    return Begin(commit_lsn, _moment(micros), xid)


def commit(data: bytes) -> Commit:
    """A Commit message."""
    _, commit_lsn, end_lsn, micros = _unpack(_COMMIT, data)
    return Commit(commit_lsn, end_lsn, _moment(micros))


def relation(data: bytes) -> Relation:
    """A Relation message."""
    try:
        (oid,) = _U32.unpack_from(data, 1)
        schema, at = _string(data, 5)
        name, at = _string(data, at)
        identity = chr(data[at])
        (count,) = _U16.unpack_from(data, at + 1)
        at += 3
        columns = []
        for _ in range(count):
            key = bool(data[at] & 1)
            column, at = _string(data, at + 1)
            (type_oid,) = _U32.unpack_from(data, at)
            modifier = int.from_bytes(data[at + 4 : at + 8], "big", signed=True)
            columns.append(WireColumn(column, type_oid, modifier, key))
            at += 8
    except (IndexError, struct.error):
        raise Garbled("a relation message ends early") from None
    if at != len(data):
        raise Garbled("a relation message has another length than it says")
    return Relation(oid, schema or "pg_catalog", name, identity, tuple(columns))


def truncate(data: bytes) -> Truncate:
    """A Truncate message."""
    (count,) = _unpack(_U32, data, 1)
    return Truncate(tuple(_unpack(_U32, data, 6 + 4 * i)[0] for i in range(count)))


def message(data: bytes) -> Message:
    """A logical decoding message."""
    flags, lsn = _unpack(_MESSAGE, data)
    prefix, at = _string(data, _MESSAGE.size)
    (length,) = _unpack(_U32, data, at)
    content = data[at + 4 : at + 4 + length]
    if len(content) != length:
        raise Garbled("a logical message ends early")
    return Message(bool(flags & 1), lsn, prefix, content)


def rows(relation: Relation, table: Table, zone: tzinfo = SHANGHAI, is_divided: bool = False) -> RowReader:
    """Compile the readers of one relation's row messages into rows of the declared table. Old rows of one that
    `is_divided` into partitions are as whole as their partition keeps them, whatever the relation says.

    A declared column that the relation does not have reads as ABSENT, an unchanged TOAST column without an old tuple
    as UNCHANGED, a value that does not fit as Malformed; each makes the change flawed. The readers raise Garbled
    and Keyless."""
    walk = _compile(relation, table, zone)
    alias, count = table.alias, _U16.pack(len(relation.columns))
    new, key, full = b"N" + count, b"K" + count, b"O" + count

    def old_row(data: bytes) -> tuple[Row, int, bool]:
        """The old tuple; in a key tuple all that is no key is sent as NULL, which means nothing. A key has no NULL."""
        row, at, flawed = walk(data, 8, None)
        if data[5:8] == full and not is_divided:
            return row, at, flawed
        if data[5:8] not in (key, full):
            raise Garbled("an old row does not fit its relation")
        if any(row[i] is None for i in table.key):
            raise Keyless(f"{relation.schema}.{relation.name}")
        return tuple(UNCHANGED if v is None else v for v in row), at, flawed or None in row

    def insert(data: bytes, position: Position, committed_at: datetime) -> Change:
        row, at, flawed = walk(data, 8, None)
        if at != len(data) or data[5:8] != new:
            raise Garbled("an insert does not fit its relation")
        return _new(Change, (alias, "insert", None, row, position, committed_at, flawed))

    def update(data: bytes, position: Position, committed_at: datetime) -> Change:
        before, at, flawed = (None, 5, False) if data[5:8] == new else old_row(data)
        after, end, flawed_after = walk(data, at + 3, before)
        if end != len(data) or data[at : at + 3] != new:
            raise Garbled("an update does not fit its relation")
        return _new(Change, (alias, "update", before, after, position, committed_at, flawed or flawed_after))

    def delete(data: bytes, position: Position, committed_at: datetime) -> Change:
        row, at, flawed = old_row(data)
        if at != len(data):
            raise Garbled("a delete does not fit its relation")
        return Change(alias, "delete", row, None, position, committed_at, flawed)

    return RowReader(insert, update, delete)


def column_reader(column: Column, type_oid: int, modifier: int, zone: tzinfo = SHANGHAI) -> Callable[[bytes], Value]:
    """The server's text of one column, as bytes → value. Never raises for what the text says."""
    names = _names(zone)
    names["parse"] = parse = parser(column, zone)
    fragment = _fragment(column, type_oid, modifier, "parse", Raw("b", "len(b)", "b[-1]"))
    fast: Callable[[bytes], Value] = eval(f"lambda b: {fragment}", names)

    def slow(raw: object) -> Value:
        assert isinstance(raw, bytes)
        return parse(decode(raw))

    def read(raw: bytes) -> Value:
        try:
            return fast(raw)
        except (ValueError, ArithmeticError, IndexError):
            return careful(slow, raw)

    return read


Walk = Callable[[bytes, int, Row | None], tuple[Row, int, bool]]


def _compile(relation: Relation, table: Table, zone: tzinfo) -> Walk:
    """The walk over one tuple as one straight line of code, with no loop and no call for a column that nobody
    declared: (message, where the first column starts, the old row) → (row, where the tuple ends, flawed)."""
    wanted = {column.name: i for i, column in enumerate(table.columns)}
    names = _names(zone)
    lines = ["def walk(d, p, old):", " flawed = False", " try:"]
    for wire in relation.columns:
        i = wanted.get(wire.name)
        if i is None:
            lines += ["  p += 5 + u32(d, p + 1)[0] if d[p] == 116 else 1"]
            continue
        column = table.columns[i]
        names[f"parse{i}"] = parser(column, zone)
        names[f"read{i}"] = column_reader(column, wire.type_oid, wire.modifier, zone)
        fragment = _fragment(column, wire.type_oid, wire.modifier, f"parse{i}", Raw("d[p:q]", "q - p", "d[q - 1]"))
        lines += [
            "  k = d[p]",
            "  if k == 116:",
            "   q = p + 5 + u32(d, p + 1)[0]; p += 5",
            f"   try: v{i} = {fragment}",
            "   except (ValueError, ArithmeticError, IndexError):",
            f"    v{i} = read{i}(d[p:q])",
            f"    flawed = flawed or type(v{i}) is Malformed",
            "   p = q",
            "  elif k == 110:",
            f"   p += 1; v{i} = None",
            "  elif k == 117:",
            f"   p += 1; v{i} = UNCHANGED if old is None else old[{i}]",
            f"   flawed = flawed or v{i} is UNCHANGED or type(v{i}) is Malformed",
            "  else: raise Garbled('a column is sent in an unknown form')",
        ]
    absent = sorted(set(wanted.values()) - {wanted.get(wire.name) for wire in relation.columns})
    lines += [f"  v{i} = ABSENT" for i in absent]
    fields = "".join(f"v{i}," for i in range(len(table.columns)))
    lines += [
        " except (IndexError, StructError): raise Garbled('a row ends early') from None",
        f" return ({fields}), p, {bool(absent) or 'flawed'}",
    ]
    exec("\n".join(lines), names)
    return cast(Walk, names["walk"])


class Raw(NamedTuple):
    """How generated code spells a column's bytes, their length and the last of them."""

    bytes: str
    length: str
    last: str


def _fragment(column: Column, type_oid: int, modifier: int, parse: str, raw: Raw) -> str:
    """Source of the shortest way from the server's text to the value. What it cannot take it raises, and the
    parser then says what it is; what it takes, the parser would have taken for the same value."""
    text = f"{raw.bytes}.decode()"
    if column.places is not None and type_oid in FLOATS:
        return f"{parse}(float_text(float({raw.bytes}), {column.places}))"
    if column.places is not None or column.elements is not None:
        return f"{parse}({text})"
    match column.kind, column.form, type_oid:
        case Kind.TEXT, _, 1042:  # char(n): the blanks at its end are padding
            return f"{text}.rstrip(' ')"
        case Kind.TEXT, _, 16:  # as a cast to text has it
            return f"'true' if {raw.bytes} == b't' else 'false'"
        case Kind.TEXT, _, _:
            return text
        case Kind.INTEGER, _, 20 | 21 | 23 | 26:
            return f"int({raw.bytes})"
        case Kind.BOOLEAN, _, 16:
            return f"{raw.bytes} == b't'"
        case Kind.DECIMAL, _, 20 | 21 | 23:
            return f"Decimal({text})"
        case Kind.DECIMAL, form, 1700:  # NaN and Infinity end in a letter
            number = f"cents(Decimal({text}))" if form == "money" and _places(modifier) > 2 else f"Decimal({text})"
            return f"{number} if {raw.last} < 58 and {raw.length} <= {DECIMAL_DIGITS_MAX} else {parse}({text})"
        case Kind.DATE, "", 1082:
            return f"date({text})"
        case Kind.TIMESTAMP, "", 1184:
            return f"moment({text}).astimezone(UTC)"
        case Kind.TIMESTAMP, "", 1114:
            return f"moment({text}).replace(tzinfo=zone).astimezone(UTC)"
        case _:
            return f"{parse}({text})"


def _places(modifier: int) -> int:
    """The scale of numeric(precision, scale), 11 bits with a sign since PostgreSQL 15; unbounded without."""
    return (((modifier - 4) & 0x7FF) ^ 1024) - 1024 if modifier >= 4 else DECIMAL_DIGITS_MAX


def _names(zone: tzinfo) -> dict[str, object]:
    """What generated code may call."""
    return {
        "u32": _U32.unpack_from,
        "Decimal": Decimal,
        "cents": cents,
        "float_text": float_text,
        "date": date.fromisoformat,
        "moment": datetime.fromisoformat,
        "zone": zone,
        "UTC": UTC,
        "ABSENT": ABSENT,
        "UNCHANGED": UNCHANGED,
        "Malformed": Malformed,
        "Garbled": Garbled,
        "StructError": struct.error,
    }


def _unpack(form: Struct, data: bytes, at: int = 0) -> tuple[Any, ...]:
    try:
        return form.unpack_from(data, at)
    except struct.error:
        raise Garbled("a message ends early") from None


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise Garbled("a name does not end")
    return data[at:end].decode("utf-8", "backslashreplace"), end + 1


def _moment(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise Garbled("a commit time lies beyond the calendar") from None
