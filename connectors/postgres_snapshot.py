"""Reads tables as one REPEATABLE READ transaction sees them, in key order, from wherever the last reading stopped."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Any, Final, NamedTuple

from psycopg2.extensions import BYTES, register_type

from connectors.pgoutput import column_reader
from connectors.postgres_overlap import NUMERIC_OIDS
from connectors.postgres_position import Coverage, Snapshot, in_snapshot, lsn_number, snapshot_of
from connectors.postgres_server import SourceTable, guarded, literal, open_connection, quoted, split
from syncd.change import UNCHANGED, Change, ChangeSet, Malformed, Row, Table, Value

ROWS_MAX: Final = 2_000
"""Rows of one set."""

_NOW: Final = """
    SELECT pg_current_snapshot()::text, now(),
           (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text
"""
RawRow = tuple[bytes | None, ...]


@dataclass
class Progress:
    """How far a snapshot is. `rows_total` is the server's estimate, corrected as tables end."""

    table: str = ""
    rows_done: int = 0
    rows_total: int = 0


class View(NamedTuple):
    """One REPEATABLE READ transaction: what it sees, and since when."""

    connection: Any
    snapshot: Snapshot
    since: datetime


def view(dsn: str, application: str, slot: int, exported: str = "") -> View:
    """Begin to read. `exported` is the snapshot that the slot's creation exported: the stream begins where it ends,
    so that nothing of it comes twice. Raises Transient or Halt."""
    connection = open_connection(dsn, application)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with guarded(), connection.cursor() as cursor:
        if exported:
            cursor.execute(f"SET TRANSACTION SNAPSHOT {literal(exported)}")
        cursor.execute(_NOW)
        visible, since, end = cursor.fetchone()
    return View(connection, snapshot_of(visible, slot if exported else lsn_number(end)), since.astimezone(UTC))


def read(
    view: View,
    tables: Sequence[tuple[Table, SourceTable]],
    coverage: Coverage,
    zone: tzinfo,
    progress: Progress,
) -> Iterator[ChangeSet]:
    """The rest of a snapshot, set by set, and the coverage with each in its position. Raises Transient or Halt."""
    coverage = coverage.under(view.snapshot)
    for table, source in tables:
        if not coverage.finished(table.alias):
            progress.table = table.alias
            for rows, so_far in _table(view.connection, table, source, coverage, zone):
                coverage = so_far
                yield _set(table, rows, coverage, view.since, progress)


def _set(
    table: Table, rows: Sequence[tuple[Row, bool]], coverage: Coverage, seen_at: datetime, progress: Progress
) -> ChangeSet:
    first = progress.rows_done + 1
    changes = [
        Change(table.alias, "read", None, row, in_snapshot(first + i), seen_at, flawed)
        for i, (row, flawed) in enumerate(rows)
    ]
    progress.rows_done += len(rows)
    progress.rows_total = max(progress.rows_total, progress.rows_done)
    return ChangeSet(changes, in_snapshot(progress.rows_done, coverage), seen_at)


def _table(
    connection: Any, table: Table, source: SourceTable, coverage: Coverage, zone: tzinfo
) -> Iterator[tuple[list[tuple[Row, bool]], Coverage]]:
    """Chunks of a table, each with what has been read once it is taken."""
    read_row = _row_reader(table, source, zone)
    width, key_width = len(table.columns), len(table.key)
    raw_rows = _rows(
        connection, _select(table, source, coverage.resume(table.alias)), (column.type_oid for column in source.columns)
    )
    while chunk := list(islice(raw_rows, ROWS_MAX)):
        last = tuple(_key_text(raw) for raw in chunk[-1][width : width + key_width])
        coverage = coverage.read(table.alias, last if len(chunk) == ROWS_MAX else None)
        yield [read_row(raw) for raw in chunk], coverage
    if not coverage.finished(table.alias):
        yield [], coverage.read(table.alias, None)


def _rows(connection: Any, sql: str, oids: Iterable[int]) -> Iterator[RawRow]:
    """A statement's rows as the server's own text. Memory holds one fetch of them."""
    with connection.cursor("syncd_snapshot") as cursor:
        register_type(BYTES, cursor)
        cursor.string_types.update(dict.fromkeys(oids, BYTES))
        with guarded():
            cursor.execute(sql)
            while rows := cursor.fetchmany(ROWS_MAX):
                yield from rows


def _select(table: Table, source: SourceTable, after: tuple[str, ...] | None) -> str:
    """Declared columns, then the key as text. Numbers go by their own order, everything else by the bytes of its
    text, so that reader and server agree on it whatever the collation."""
    there = {column.name: column for column in source.columns}
    columns = [f"t.{quoted(c.name)}" if c.name in there else "NULL" for c in table.columns]
    keys = [there[table.columns[i].name] for i in table.key]
    order = [
        f"t.{quoted(key.name)}" if key.type_oid in NUMERIC_OIDS else f't.{quoted(key.name)}::text COLLATE "C"'
        for key in keys
    ]
    texts = [f"t.{quoted(key.name)}::text" for key in keys]
    beyond = f" WHERE ({', '.join(order)}) > ({', '.join(literal(text) for text in after)})" if after else ""
    name = quoted(*split(table.name))
    return f"SELECT {', '.join([*columns, *texts])} FROM {name} t{beyond} ORDER BY {', '.join(order)}"


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
            UNCHANGED if read is None else None if value is None else read(value)
            for read, value in zip(readers, raw, strict=False)
        )
        return row, not whole or Malformed in map(type, row)

    return read_row


def _key_text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("utf-8", "backslashreplace")
