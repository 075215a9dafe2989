"""Reads tables as one transaction sees them, in key order, from wherever the last reading stopped.

The transaction begins at a known point of the log. MariaDB tells that point of a consistent snapshot; for MySQL the
commits are held up by a global read lock, for the moment in which both are asked.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from struct import Struct
from typing import Any, Final, NamedTuple

from pymysql.converters import conversions
from pymysql.cursors import SSCursor

from connectors.binlog.table import FLOAT, WireColumn
from connectors.binlog.types import text_of
from connectors.convert import Unfit, careful, decode, float_text, parser
from connectors.mysql.position import Coverage, in_snapshot
from connectors.mysql.server import (
    NO_LOG,
    Server,
    SourceColumn,
    SourceTable,
    close,
    guarded,
    open_connection,
    quoted,
    rows,
)
from connectors.rewind import FRACTION_DIGITS, Key, KeyedRow, Ordered, Rewind, merge
from connectors.tables import Places, Progress, Reading
from connectors.tables import read as read_tables
from syncd.change import ABSENT, ChangeSet, Column, Malformed, Row, Table, Value
from syncd.errors import Halt, Transient

ROWS_MAX: Final = 2_000
"""Rows of one set."""
KEY_DIGITS_MAX: Final = 38
"""A DECIMAL of more digits is ordered as text."""
_CHANGED: Final = frozenset({"1054", "1146"})
"""The table is not what it was when the transaction began: another definition, no such column, no such table."""
_LEAST: Final = "-" + "9" * 65
"""Behind NULL comes every number."""
_BEGIN: Final = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
)
_POINT: Final = "SHOW STATUS WHERE Variable_name IN ('binlog_snapshot_file', 'binlog_snapshot_position')"
_NAMES: Final = "SELECT binlog_gtid_pos(%s, %s)"
_ENCODERS: Final = {kind: encode for kind, encode in conversions.items() if not isinstance(kind, int)}
_INTEGERS: Final = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_SINGLE: Final = Struct("<f")
RawRow = tuple[bytes | None, ...]
Text = Callable[[bytes], str]


class View(NamedTuple):
    """One transaction that shows the tables as they were when the log ended at `offset` of `file`. `gtids` name the
    transactions before that, on a server that names them."""

    connection: Any
    file: str
    offset: int
    gtids: str
    since: datetime


class Readable(NamedTuple):
    """A table to read; `was` takes it back to where the stream begins."""

    ordered: Ordered
    source: SourceTable
    was: Rewind | None


def needs_lock(server: Server) -> bool:
    """Whether the server does not tell which point of the log a consistent snapshot is of."""
    return not server.query(_POINT)


def view(dsn: str, server: Server, status_sql: str) -> View:
    """Begin to read. `status_sql` is the statement that tells where the log ends. Raises Transient or Halt."""
    connection = open_connection(dsn, conv=_ENCODERS, use_unicode=False)
    try:
        if needs_lock(server):
            rows(connection, "FLUSH TABLES WITH READ LOCK")
            _begin(connection)
            found = [(row[0], row[1], row[4] if len(row) > 4 else b"") for row in rows(connection, status_sql)]
            rows(connection, "UNLOCK TABLES")
        else:
            _begin(connection)
            told = dict(rows(connection, _POINT))
            file, offset = told[b"Binlog_snapshot_file"], told[b"Binlog_snapshot_position"]
            found = [(file, offset, rows(connection, _NAMES, file, int(offset))[0][0] or b"")]
        if not found or not found[0][0]:
            raise Halt("mysql_no_log", repair=NO_LOG)
        (now,) = rows(connection, "SELECT unix_timestamp()")[0]
    except BaseException:
        close(connection)
        raise
    file, offset, gtids = found[0]
    return View(connection, file.decode(), int(offset), gtids.decode(), datetime.fromtimestamp(int(now), UTC))


def order_of(table: Table, source: SourceTable) -> Ordered:
    """How a table is read in the order of its declared key."""
    columns = {column.name: column for column in source.columns}
    return Ordered(table, tuple(_is_number(columns[table.columns[i].name]) for i in table.key))


def read(
    view: View, tables: Sequence[Readable], coverage: Coverage, zone: tzinfo, progress: Progress
) -> Generator[ChangeSet, None, Coverage]:
    """The rest of a snapshot, see `tables.read`. Raises Transient or Halt."""
    readings = [_reading(view, readable, zone) for readable in tables]
    return read_tables(readings, coverage, Places(in_snapshot, in_snapshot), view.since, ROWS_MAX, progress)


def _reading(view: View, readable: Readable, zone: tzinfo) -> Reading[Coverage]:
    return Reading(
        readable.ordered.table.alias,
        lambda after: _found(view.connection, readable, after, zone),
        lambda coverage, last: coverage.read(readable.ordered.table.alias, last),
    )


def _begin(connection: Any) -> None:
    for statement in _BEGIN:
        rows(connection, statement)


def _found(connection: Any, readable: Readable, after: Key | None, zone: tzinfo) -> Iterator[KeyedRow]:
    ordered, source, was = readable.ordered, readable.source, readable.was
    read_row = _row_reader(ordered.table, source, zone)
    width = len(ordered.table.columns)
    texts = [_text_of(_column(source, ordered.table.columns[i].name)) for i in ordered.table.key]
    keyed = (
        (tuple(_key_text(text, v) for text, v in zip(texts, raw[width:], strict=True)), raw)
        for raw in _rows(connection, _select(ordered, source, after))
    )
    found = (KeyedRow(ordered.place(key), key, *read_row(raw)) for key, raw in keyed)
    return found if was is None else merge(found, was.rows(ordered.table.alias))


def _rows(connection: Any, sql: str) -> Iterator[RawRow]:
    """A statement's rows as the server's own text. Memory holds one fetch of them."""
    cursor: Any = SSCursor(connection)
    try:
        with guarded():
            cursor.execute(sql)
            while fetched := cursor.fetchmany(ROWS_MAX):
                yield from fetched
    except Halt as halt:
        if halt.params.get("number") in _CHANGED:
            raise Transient("mysql_table_changed", error=halt.params["error"]) from halt
        raise
    finally:
        if (result := cursor._result) is not None:
            result.unbuffered_active = False  # left early, the rest must not be waited for
        cursor.connection = None


def _select(ordered: Ordered, source: SourceTable, after: Key | None) -> str:
    """Declared columns, then the key. Numbers go by their own order, everything else by the bytes of its text, so that
    reader and server agree on it whatever the collation."""
    table = ordered.table
    there = {column.name: column for column in source.columns}
    columns = [_printed(there[c.name]) if c.name in there else "NULL" for c in table.columns]
    keys = [_column(source, table.columns[i].name) for i in table.key]
    order = [
        quoted(key.name) if number else f"CAST(CONVERT({_printed(key)} USING utf8mb4) AS BINARY)"
        for key, number in zip(keys, ordered.numeric, strict=True)
    ]
    beyond = ""
    if after:
        pairs = zip(after, ordered.numeric, strict=True)
        marks = [text or _LEAST if number else f"x'{text.encode().hex()}'" for text, number in pairs]
        beyond = f" WHERE ({', '.join(order)}) > ({', '.join(marks)})"
    listed = ", ".join([*columns, *(_printed(key) for key in keys)])
    return f"SELECT {listed} FROM {quoted(source.schema, source.name)}{beyond} ORDER BY {', '.join(order)}"


def _printed(column: SourceColumn) -> str:
    """The column, as the log prints it: bits as a number, single precision in full, numbers without leading zeros."""
    name = quoted(column.name)
    if column.data_type == "float":
        return f"{name} + 0e0"
    return f"{name} + 0" if column.data_type == "bit" or "zerofill" in column.type else name


def _text_of(column: SourceColumn, places: int | None = None) -> Text:
    """The server's bytes → the text that the log is read as."""
    match column.data_type:
        case "timestamp":
            return lambda raw: _moment(decode(raw))
        case "float":
            single = text_of(WireColumn("", FLOAT), {}, places)
            return lambda raw: single(_SINGLE.pack(float(raw)))
        case "double":
            return lambda raw: float_text(float(raw), places)
    return decode


def _moment(text: str) -> str:
    return text if text.startswith("0000") else f"{text}+00:00"


def _row_reader(table: Table, source: SourceTable, zone: tzinfo) -> Callable[[RawRow], tuple[Row, bool]]:
    there = {column.name: column for column in source.columns}
    readers = [_reader(c, there[c.name], zone) if c.name in there else None for c in table.columns]
    whole = all(readers)

    def read_row(raw: RawRow) -> tuple[Row, bool]:
        row = tuple(
            ABSENT if read is None else None if value is None else careful(read, value)
            for read, value in zip(readers, raw, strict=False)
        )
        return row, not whole or Malformed in map(type, row)

    return read_row


def _reader(column: Column, there: SourceColumn, zone: tzinfo) -> Callable[[Any], Value]:
    parse, text = parser(column, zone), _text_of(there, column.places)
    return lambda raw: parse(text(raw))


def _key_text(text: Text, raw: bytes | None) -> str:
    if raw is None:
        return ""
    try:
        return text(raw)
    except Unfit:
        return raw.decode("utf-8", "backslashreplace")


def _column(source: SourceTable, name: str) -> SourceColumn:
    return next(column for column in source.columns if column.name == name)


def _is_number(column: SourceColumn) -> bool:
    if column.data_type == "decimal":
        return column.precision <= KEY_DIGITS_MAX and column.scale <= FRACTION_DIGITS
    return column.data_type in _INTEGERS
