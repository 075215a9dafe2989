"""A ledger in a SQLite file: no server, money as decimal text, the one writer by a lock file beside the database."""

import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from connectors.ledger.copying import of_sqlite
from connectors.ledger.database import Chunks, Database, Nature, Physical, Rows, Verb, require_found, require_taken
from connectors.ledger.ledger import SqlLedger
from syncd.change import Kind, Table, Value
from syncd.connector import Copying, LedgerConnector
from syncd.delivery import Answer
from syncd.dialects.sqlite import joined, quoted, spelled
from syncd.dialects.sqlite import table as spelled_table
from syncd.errors import Fault, Halt, RowRefused, Transient
from syncd.money import MONEY_PLACES
from syncd.ports import Drawn, Layout, Ledger

MEMORY: Final = Path(":memory:")
BUSY_SECONDS_MAX: Final = 10.0
DISK_FREE_BYTES_MIN: Final = 65_536
"""With less, what SQLite could not write there failed for it."""
_FAULTS: Final[Sequence[tuple[str, type[Fault], str]]] = (
    ("SQLITE_BUSY", Transient, "finance_busy"),
    ("SQLITE_LOCKED", Transient, "finance_busy"),
    ("SQLITE_FULL", Transient, "finance_disk_full"),
    ("SQLITE_NOMEM", Transient, "finance_out_of_memory"),
    ("SQLITE_CONSTRAINT_NOTNULL", RowRefused, "row_null"),
    ("SQLITE_CONSTRAINT_UNIQUE", RowRefused, "row_duplicate"),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", RowRefused, "row_duplicate"),
    ("SQLITE_CONSTRAINT_FOREIGNKEY", RowRefused, "row_no_parent"),
    ("SQLITE_CONSTRAINT_CHECK", RowRefused, "row_check"),
    ("SQLITE_CONSTRAINT_TRIGGER", RowRefused, "row_trigger"),
    ("SQLITE_CONSTRAINT", RowRefused, "row_value"),
    ("SQLITE_TOOBIG", RowRefused, "row_too_long"),
    ("SQLITE_MISMATCH", RowRefused, "row_value"),
    ("SQLITE_READONLY", Halt, "finance_no_right"),
    ("SQLITE_PERM", Halt, "finance_no_right"),
    ("SQLITE_AUTH", Halt, "finance_no_right"),
    ("SQLITE_CANTOPEN", Halt, "finance_no_database"),
    ("SQLITE_NOTADB", Halt, "finance_no_database"),
    *((name, Halt, "finance_unknown") for name in ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_MISUSE", "SQLITE_SCHEMA")),
)
"""By the first name that the error's name starts with; what is not listed is about the row that is being written, or a
Halt where there is none."""
_SAID: Final = (
    ("no such table", "finance_no_table"),
    ("no such column", "finance_no_column"),
    ("has no column", "finance_no_column"),
    ("ON CONFLICT clause does not match", "finance_no_key"),
)
_COLUMNS: Final = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1'
_ACTS: Final = "SELECT type FROM sqlite_master WHERE tbl_name = ? AND type IN ('trigger', 'view')"
_NUMBERED: Final = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
_SEQUENCE: Final = "SELECT seq FROM sqlite_sequence WHERE name = ?"
_PRIMARY: Final = "SELECT name, pk FROM pragma_table_info(?) WHERE pk > 0"
_UNIQUE: Final = """
    SELECT l.name, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
    WHERE l."unique" = 1 AND l.partial = 0
"""
_PARENTS: Final = """
    SELECT f."table", coalesce(f."to", (SELECT k.name FROM pragma_table_info(f."table") AS k WHERE k.pk = 1))
    FROM pragma_foreign_key_list(?) AS f WHERE f."from" = ?
"""
_STORABLE: Final = frozenset({str, int, type(None)})


@dataclass(frozen=True)
class Settings:
    """Where finance is."""

    path: Path
    """The database file. It must exist: finance owns it."""


def connect(
    settings: Settings,
    pipeline: str,
    layout: Layout,
    tables: Mapping[str, Table],
    mapping_hash: str,
    dry_run: bool = False,
    answers: Mapping[str, Answer] = {},
) -> Ledger:
    """A ledger; it connects when it is first used. Of `:memory:` there is one connection."""
    if settings.path == MEMORY:
        memory = Sqlite(MEMORY)
        return SqlLedger(lambda: memory, pipeline, layout, tables, mapping_hash, dry_run, answers)
    return SqlLedger(lambda: Sqlite(settings.path), pipeline, layout, tables, mapping_hash, dry_run, answers)


class Sqlite(Database):
    """One connection. Schema-qualified names are joined by `_`."""

    dialect = "sqlite"
    doubles = ("double", "real", "float", "numeric", "decimal")  # as they are declared: it keeps them all alike
    for_update = ""  # a transaction that writes has the file to itself

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock: IO[bytes] | None = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self) -> None:
        if self._connection is not None:
            return
        if self._path != MEMORY and not self._path.is_file():
            raise Halt("finance_no_database", error=f"no file {self._path}")
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS_MAX, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait for each other
            self._connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            self.close()
            raise _true_cause(self._path, _fault(error)) from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._lock is not None:
            self._lock.close()
        self._connection = self._lock = None

    def lock(self, name: str) -> bool:
        if self._path == MEMORY or self._lock is not None:
            return True
        place = self._path.with_name(f"{self._path.name}.{quote(name, safe='')}.lock")
        try:
            file = place.open("ab")
        except OSError as error:
            raise _fault_of_file(error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._lock = file
        return True

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def begin_reading(self) -> None:
        self.execute("BEGIN")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.rollback()

    def queue(self) -> None:
        pass  # transactions that write come one after the other anyway

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        with self._open() as connection:
            rows = connection.execute(spelled(sql), _storable_params(params))
            return [_exact(row) if float in map(type, row) else row for row in rows]

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        with self._open() as connection:
            for row in connection.execute(spelled(sql), _storable_params(params)):
                yield _exact(row) if float in map(type, row) else row

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self._open() as connection:
            return connection.execute(spelled(sql), _storable_params(params)).rowcount

    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        with self._open() as connection:
            one, given = spelled(sql), _storable_params(params)
            rows = (row for key in keys for row in connection.execute(one, (*given, key)))
            return [_exact(row) if float in map(type, row) else row for row in rows]

    def put(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks, where: str = ""
    ) -> None:
        with self._open(table) as connection:
            sql, order = _merge(table, columns, key, verb, where)
            for chunk in chunks:
                rows = _storable(chunk)
                given = (tuple(row[i] for i in order) for row in rows) if order else rows
                found = connection.executemany(sql, given).rowcount
                if verb == "delete":
                    continue
                if verb == "update":
                    require_found(table, found, len(chunk))
                elif found < len(chunk) and len(columns) > len(key) and not self.nature(table).by_insert:
                    require_taken(table, found, len(chunk))  # of what goes through a view nothing is counted

    def reserve(self, table: str, drawn: Drawn, count: int, ahead: int) -> Sequence[int]:
        """What comes next: nobody else writes before this transaction ends."""
        last = 0
        if self.query(_NUMBERED):
            last = max((int(str(seq)) for (seq,) in self.query(_SEQUENCE, (joined(table),))), default=0)
        ((top,),) = self.query(f"SELECT coalesce(max({quoted(drawn.column)}), 0) FROM {spelled_table(table)}")
        first = max(last, int(str(top))) + 1
        return range(first, first + count)

    def settle(self) -> None:
        pass  # SQLite hears deferred constraints at commit alone

    def columns(self, table: str) -> Mapping[str, Physical]:
        found = self.query(_COLUMNS, (joined(table),))
        rowid = {"rowid": _physical("INTEGER", False, False)} if found else {}
        return rowid | {
            str(name): _physical(
                str(declared),
                # SQLite itself numbers what is declared as this and nothing else
                bool(notnull) and default is None and not (pk and str(declared).upper() == "INTEGER"),
                hidden in (2, 3),
                str(default or ""),
            )
            for name, declared, notnull, default, pk, hidden in found
        }

    def nature(self, table: str) -> Nature:
        rows = self.query(_ACTS, (joined(table),))
        if not rows:
            return Nature()
        key = tuple(str(name) for name, _ in self.query(_PRIMARY, (joined(table),)))
        return Nature(("view",) in rows, True, key)

    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        return ""

    def is_unique(self, table: str, key: Collection[str]) -> bool:
        keys: dict[object, set[str]] = {}
        for index, name in self.query(_UNIQUE, (joined(table),)):
            keys.setdefault(index, set()).add(str(name))
        return set(key) in [*keys.values(), {n for n, c in self.query(_PRIMARY, (joined(table),))}]

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        found = self.query(_PARENTS, (joined(table), column))
        return [(quoted(str(parent)), quoted(str(there))) for parent, there in found if there is not None]

    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        return ""  # a column's type cannot be altered

    @contextmanager
    def _open(self, table: str = "") -> Iterator[sqlite3.Connection]:
        assert self._connection is not None, "not open"
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise _true_cause(self._path, _fault(error, table)) from None
        except OverflowError as error:
            raise RowRefused("row_out_of_range", table=table, column="", error=error) from None


def _fault_of_file(error: OSError) -> Fault:
    """Of the lock file, which is the first that is written: what stands in its way stands in the database's."""
    said = f"{error.filename}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Transient("finance_disk_full", error=said)
    return Halt("finance_no_write", error=said)


def _true_cause(path: Path, fault: Fault) -> Fault:
    """SQLite says of a full disk, or of a folder where it may not write, what failed there and not why."""
    if fault.code not in ("finance_unknown", "finance_no_database", "finance_no_right") or path == MEMORY:
        return fault
    said = fault.params["error"]
    try:
        if shutil.disk_usage(path.parent).free < DISK_FREE_BYTES_MIN:
            return Transient("finance_disk_full", error=f"{path}: {said}")
    except OSError:
        return fault
    if path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Halt("finance_no_write", error=f"{path}: {said}")
    return fault


def _fault(error: sqlite3.Error, table: str = "") -> Fault:
    name, what = getattr(error, "sqlite_errorname", ""), str(error)
    place = what.rpartition(": ")[2] if name.startswith("SQLITE_CONSTRAINT") else ""
    params = {"table": table, "column": place.rpartition(".")[2], "constraint": place, "detail": "", "error": what}
    for said, code in _SAID:
        if said in what and not (said == "no such table" and table and joined(table) not in what):
            return Halt(code, **params)
    for prefix, kind, code in _FAULTS:
        if name.startswith(prefix):
            return kind(code, **params)
    return RowRefused("row_refused", **params) if table else Halt("finance_unknown", **params, state=name)


@cache
def _merge(
    table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: str, where: str
) -> tuple[str, tuple[int, ...]]:
    """A statement for one row, and which of the row's values its parameters are where that is not all in order."""
    target, names = spelled_table(table), {name: quoted(name) for name in columns}
    others = [name for name in columns if name not in key]
    same = " AND ".join(f"{names[name]} = ?" for name in key)
    if verb == "delete":
        return f"DELETE FROM {target} WHERE {same}", tuple(map(columns.index, key))
    if verb == "update":
        sets = ", ".join(f"{names[name]} = ?" for name in others)
        return f"UPDATE {target} SET {sets} WHERE {same}", tuple(map(columns.index, (*others, *key)))
    insert = f"INSERT INTO {target} ({', '.join(names.values())}) VALUES ({', '.join('?' * len(columns))})"
    if verb == "insert":
        return insert, ()
    sets = ", ".join(f"{names[name]} = excluded.{names[name]}" for name in others)
    keys = ", ".join(names[name] for name in key)
    keys = f"({keys}) WHERE {where}" if where else f"({keys})"
    return f"{insert} ON CONFLICT {keys} DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}", ()


def _exact(row: tuple[object, ...]) -> tuple[object, ...]:
    """A row without binary fractions: 15 digits of one are as they were written."""
    return tuple(Decimal(f"{value:.15g}") if isinstance(value, float) else value for value in row)


def _storable(rows: Sequence[tuple[Value, ...]]) -> Iterable[tuple[object, ...]]:
    """Rows as SQLite keeps them: decimals, dates and times as text, truth as 1 and 0."""
    return zip(*map(_storable_column, zip(*rows, strict=True)), strict=True)


def _storable_column(values: tuple[Value, ...]) -> Sequence[object]:
    return values if set(map(type, values)) <= _STORABLE else [_stored(value) for value in values]


def _storable_params(params: Sequence[object]) -> list[object]:
    return [json.dumps([_stored(v) for v in p]) if isinstance(p, list | tuple) else _stored(p) for p in params]


def _stored(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(f"not exact: {type(value).__name__}")


def _physical(type: str, required: bool, generated: bool, default: str = "") -> Physical:
    """A declared type by SQLite's rules of affinity, https://www.sqlite.org/datatype3.html, section 3.1. Only text
    affinity, or none, keeps a decimal as it is: `NUMERIC` would make a binary fraction of it."""
    upper = type.upper()
    is_text = any(word in upper for word in ("CHAR", "CLOB", "TEXT"))
    exact = "INT" not in upper and (is_text or upper in ("", "BLOB"))
    kind = Kind.INTEGER if "INT" in upper else Kind.TEXT if is_text else None
    return Physical(type, kind, None, None, required, exact, generated, default)


def copying(settings: Settings, file: Path) -> Copying:
    """How the database goes into a file, see `LedgerConnector`."""
    return of_sqlite(settings.path, file)


CONNECTOR: Final = LedgerConnector(Settings, connect, copying)
