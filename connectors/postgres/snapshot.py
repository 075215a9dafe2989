"""Reads tables as one REPEATABLE READ transaction sees them, in key order, from wherever the last reading stopped."""

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from psycopg2.extensions import BYTES, register_type

from connectors.postgres.pgoutput import column_reader
from connectors.postgres.position import Coverage, Snapshot, in_snapshot, lsn_number, snapshot_of
from connectors.postgres.server import SourceTable, guarded, literal, open_connection, quoted, split
from connectors.rewind import Key, KeyedRow, Ordered, Rewind, merge
from connectors.tables import Places, Progress, Reading
from connectors.tables import read as read_tables
from syncd.change import ABSENT, ChangeSet, Malformed, Row, Table, Value

ROWS_MAX: Final = 2_000
"""Rows of one set."""
NUMERIC_OIDS: Final = frozenset({20, 21, 23, 26, 1700})
"""Keys of these types are read in their own order, all others in the byte order of their text."""

_NOW: Final = """
    SELECT pg_current_snapshot()::text, now(),
           (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text
"""
RawRow = tuple[bytes | None, ...]


class Readable(NamedTuple):
    """A table to read. `was` takes it back to the slot's point; without, `shown_by` is the snapshot in the coverage,
    or AS_OF_SLOT where the view itself is of that point."""

    ordered: Ordered
    source: SourceTable
    shown_by: int
    was: Rewind | None


class View(NamedTuple):
    """One REPEATABLE READ transaction: what it sees, and since when."""

    connection: Any
    snapshot: Snapshot
    since: datetime


def order_of(table: Table, source: SourceTable) -> Ordered:
    """How a table is read in the order of its declared key."""
    oids = {column.name: column.type_oid for column in source.columns}
    return Ordered(table, tuple(oids[table.columns[i].name] in NUMERIC_OIDS for i in table.key))


def view(dsn: str, application: str, exported: str = "") -> View:
    """Begin to read, as of now or as the exported snapshot has it. Raises Transient or Halt."""
    connection = open_connection(dsn, application)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with guarded(), connection.cursor() as cursor:
            if exported:
                cursor.execute(f"SET TRANSACTION SNAPSHOT {literal(exported)}")
            cursor.execute(_NOW)
            visible, since, end = cursor.fetchone()
    except BaseException:
        connection.close()
        raise
    return View(connection, snapshot_of(visible, lsn_number(end)), since.astimezone(UTC))


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
        lambda coverage, last: coverage.read(readable.ordered.table.alias, last, readable.shown_by),
    )


def _found(connection: Any, readable: Readable, after: Key | None, zone: tzinfo) -> Iterator[KeyedRow]:
    ordered, source, was = readable.ordered, readable.source, readable.was
    read_row = _row_reader(ordered.table, source, zone)
    width, key_end = len(ordered.table.columns), len(ordered.table.columns) + len(ordered.table.key)
    raw_rows = _rows(connection, _select(ordered, source, after), [column.type_oid for column in source.columns])
    keyed_rows = ((tuple(_key_text(v) for v in raw[width:key_end]), raw) for raw in raw_rows)
    if was is None:
        return (KeyedRow(b"", key, *read_row(raw)) for key, raw in keyed_rows)
    return merge(
        (KeyedRow(ordered.place(key), key, *read_row(raw)) for key, raw in keyed_rows), was.rows(ordered.table.alias)
    )


def _rows(connection: Any, sql: str, oids: Sequence[int]) -> Iterator[RawRow]:
    """A statement's rows as the server's own text. Memory holds one fetch of them."""
    with connection.cursor("syncd_snapshot") as cursor:
        register_type(BYTES, cursor)
        cursor.string_types.update(dict.fromkeys(oids, BYTES))
        with guarded():
            cursor.execute(sql)
            while rows := cursor.fetchmany(ROWS_MAX):
                yield from rows


def _select(ordered: Ordered, source: SourceTable, after: Key | None) -> str:
    """Declared columns, then the key as text. Numbers go by their own order, everything else by the bytes of its
    text, so that reader and server agree on it whatever the collation."""
    table = ordered.table
    there = {column.name for column in source.columns}
    columns = [f"t.{quoted(c.name)}" if c.name in there else "NULL" for c in table.columns]
    keys = [f"t.{quoted(table.columns[i].name)}" for i in table.key]
    order = [
        name if number else f'{name}::text COLLATE "C"' for name, number in zip(keys, ordered.numeric, strict=True)
    ]
    texts = [f"{name}::text" for name in keys]
    beyond = f" WHERE ({', '.join(order)}) > ({', '.join(literal(text) for text in after)})" if after else ""
    name = quoted(*split(table.name))
    # Rows of what inherits from it are none of its own: the log says them under their own table's name.
    only = "" if source.is_divided else "ONLY "
    return f"SELECT {', '.join([*columns, *texts])} FROM {only}{name} t{beyond} ORDER BY {', '.join(order)}"


def _row_reader(table: Table, source: SourceTable, zone: tzinfo) -> Callable[[RawRow], tuple[Row, bool]]:
    there = {column.name: column for column in source.columns}
    readers: list[Callable[[bytes], Value] | None] = [
        column_reader(column, there[column.name].type_oid, there[column.name].modifier, zone)
        if column.name in there
        else None
        for column in table.columns
    ]
    whole = all(readers)

    def read_row(raw: RawRow) -> tuple[Row, bool]:
        row = tuple(
            ABSENT if read is None else None if value is None else read(value)
            for read, value in zip(readers, raw, strict=False)
        )
        return row, not whole or Malformed in map(type, row)

    return read_row


def _key_text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("utf-8", "backslashreplace")
