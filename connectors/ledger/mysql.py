"""A ledger in MySQL or MariaDB: batches by multi-row INSERT, the one writer by a named lock of its connection.

LOAD DATA LOCAL is not used: whatever the server cannot take it leaves out or cuts with no more than a warning.
"""

import time
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions, convert_datetime
from pymysql.cursors import Cursor, SSCursor

from connectors.ledger import granted
from connectors.ledger.copying import of_mysql
from connectors.ledger.database import Chunks, Database, Nature, Physical, Rows, Verb, require_found, require_taken
from connectors.ledger.granted import STATE_RIGHTS, state
from connectors.ledger.ledger import SqlLedger
from connectors.ledger.mysql_check import Judge
from connectors.mysql.account import account
from connectors.mysql.dsn import parse
from connectors.mysql.faults import fault, has_ended, is_there_already
from connectors.mysql.server import quoted as backquoted
from syncd.change import Table, Value
from syncd.connector import Copying, LedgerConnector
from syncd.delivery import Answer
from syncd.dialects.mysql import WIDE_LETTERS, as_bytes, definitions, joined, quoted, spoken, tuples
from syncd.dialects.mysql import table as spelled_table
from syncd.errors import Fault, Halt, RowRefused, Transient
from syncd.money import MONEY_PLACES
from syncd.ports import Finding, Layout, Ledger

CONNECT_SECONDS_MAX: Final = 10
ANSWER_SECONDS_MAX: Final = 600
"""A server that says nothing for so long is gone."""
STATEMENT_BYTES_MAX: Final = 1 << 20
"""Rows are sent in statements of about this size, or of what the server takes if that is less."""
TEXT_RESERVE_BYTES: Final = 1 << 16
"""What else a statement holds beside its longest text."""
KEYS_ASKED_MAX: Final = 1_000
NATURE_SECONDS_MAX: Final = 60.0
"""After so long it is looked at anew whether finance's people have given a table triggers."""
_MODES: Final = (
    *("STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "NO_ZERO_DATE", "NO_ZERO_IN_DATE", "ERROR_FOR_DIVISION_BY_ZERO"),
    *("NO_ENGINE_SUBSTITUTION", "NO_AUTO_VALUE_ON_ZERO", "ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES"),
    "NO_UNSIGNED_SUBTRACTION",
)
_SESSION: Final = (
    f"SET SESSION sql_mode = '{','.join(_MODES)}', time_zone = '+00:00', wait_timeout = 2147483,"
    " net_write_timeout = 3600, lock_wait_timeout = 30, innodb_lock_wait_timeout = 30,"
    " lc_messages = 'en_US',"  # what is said tells an error of the server's own from one that a trigger signals
    " eq_range_index_dive_limit = 0"  # how many rows a key has is looked up, not taken from statistics
)
_SERVER: Final = """
    SELECT version(), @@max_allowed_packet, if(@@lower_case_table_names, lower(database()), database()),
           @@auto_increment_increment
"""
"""A database goes by its own name, however the settings spell it: it has one writer."""
_TYPES: Final = """
    SELECT column_name, concat(column_type, coalesce(concat(' CHARACTER SET ', character_set_name), ''),
                               coalesce(concat(' COLLATE ', collation_name), ''))
    FROM "information_schema"."columns" WHERE table_schema = database() AND table_name = ?
"""
_CONVERSIONS: Final[dict[Any, Any]] = {
    **conversions,
    FIELD_TYPE.BIT: lambda raw: int.from_bytes(raw, "big"),
    FIELD_TYPE.FLOAT: Decimal,
    FIELD_TYPE.DOUBLE: Decimal,
    FIELD_TYPE.TIMESTAMP: lambda raw: _moment(convert_datetime(raw)),
}


def _moment(found: object) -> object:
    """A TIMESTAMP in the session's zone; a zero date is text."""
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found


@dataclass(frozen=True)
class Settings:
    """Where finance is."""

    dsn: str
    """`mysql://syncd:password@finance-db:3306/gl`, of MySQL or MariaDB; special characters percent-encoded. It may end
    with `?ssl_ca=PATH`, which has the server's certificate verified, or `?unix_socket=PATH`."""


def connect(
    settings: Settings,
    pipeline: str,
    layout: Layout,
    tables: Mapping[str, Table],
    mapping_hash: str,
    dry_run: bool = False,
    answers: Mapping[str, Answer] = {},
) -> Ledger:
    """A ledger; it connects when it is first used. Raises Halt for a dsn that is none."""
    arguments = parse(settings.dsn).arguments()
    return SqlLedger(lambda: MySql(arguments), pipeline, layout, tables, mapping_hash, dry_run, answers)


class MySql(Database):
    """One connection, in autocommit outside `begin`. Schema-qualified names are joined by `_`."""

    dialect = "mysql"
    for_update = " FOR UPDATE"
    row_letters_max = WIDE_LETTERS

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._connection: pymysql.Connection[Cursor] | None = None
        self._collation = ""
        self._packet_bytes_max = 0
        self._id_step = 1
        self._database = ""
        self._is_reading = False
        self._stages: dict[tuple[str, tuple[str, ...]], str] = {}
        self._undoable: set[str] = set()
        self._timestamps: dict[str, set[str]] = {}
        self._natures: dict[str, Nature] = {}
        self._looked_at = 0.0
        self._is_queued = False

    @property
    def is_open(self) -> bool:
        return self._connection is not None and self._connection.open

    def open(self) -> None:
        self.close()
        self._connection = self._connected()
        ((version, bytes_max, database, step),) = self.query(_SERVER)
        self._id_step = int(str(step))
        self._collation = _collation(str(version))
        self._packet_bytes_max = int(str(bytes_max))
        self.text_bytes_max = self._packet_bytes_max - min(self._packet_bytes_max // 4, TEXT_RESERVE_BYTES)
        self._database = str(database)
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self._run(f"SET NAMES utf8mb4 COLLATE {self._collation}")
        if "MariaDB" in str(version):
            # A list of keys stays a list of keys, found by index, instead of becoming a table to be joined.
            self._run("SET SESSION in_predicate_conversion_threshold = 0")

    def close(self) -> None:
        if self._connection is not None and self._connection.open:
            self._connection.close()
        self._connection = None
        self._stages.clear()
        self._undoable.clear()
        self._timestamps.clear()
        self._natures.clear()
        self._is_queued = False

    def lock(self, name: str) -> bool:
        return self.query("SELECT get_lock(?, 0)", (self._lock_name(name),)) == [(1,)]

    def begin(self) -> None:
        self._run("START TRANSACTION")

    def begin_reading(self) -> None:
        self._run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # of the next one alone
        self._run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self._is_reading = True

    def commit(self) -> None:
        self._run("COMMIT")
        self._unqueue()

    def rollback(self) -> None:
        self._is_reading = False
        if not self.is_open:
            return
        try:
            self._run("ROLLBACK")
            self._unqueue()
        except Fault:
            self.close()

    def queue(self) -> None:
        """By a named lock: that of a row would end when a migration defines a table, which commits."""
        if self.query("SELECT get_lock(?, 30)", (self._lock_name("", "desk"),)) != [(1,)]:
            raise Transient("finance_busy", error="get_lock")
        self._is_queued = True

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        with self._cursor() as cursor:
            cursor.execute(spoken(sql, params))
            return list(cursor.fetchall())

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        """Over a connection of its own: this one can say nothing else until the last row is read. What is to be of one
        moment comes over this one nevertheless."""
        if self._is_reading and self._connection is not None:
            try:
                with self._connection.cursor(SSCursor) as cursor:
                    cursor.execute(spoken(sql, params))
                    yield from cursor
                return
            except pymysql.Error as error:
                raise fault(error) from None
        with closing(self._connected()) as connection:
            try:
                with connection.cursor(SSCursor) as cursor:
                    cursor.execute(f"SET NAMES utf8mb4 COLLATE {self._collation}")
                    cursor.execute(spoken(sql, params))
                    yield from cursor
            except pymysql.Error as error:
                raise fault(error) from None

    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        asked, several = list(keys), "IN (?*)".join(sql.rsplit("= ?", 1))
        lots = (asked[start : start + KEYS_ASKED_MAX] for start in range(0, len(asked), KEYS_ASKED_MAX))
        return [row for lot in lots for row in self.query(several, (*params, lot))]

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        return self._run(spoken(sql, params))

    def define(self, script: Sequence[str]) -> None:
        """Every statement commits by itself; what an interrupted run has done is passed over by the next."""
        for sql in definitions(script, self._collation):
            with self._cursor() as cursor:
                try:
                    cursor.execute(spoken(sql))
                except pymysql.Error as error:
                    if not is_there_already(error):
                        raise

    def back_to(self, name: str) -> None:
        self._stages.clear()  # a column may have another width by the time it is tried again
        super().back_to(name)

    def put(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks, where: str = ""
    ) -> None:
        if verb == "upsert" and (table, columns) not in self._stages and not self._judge().is_unique(table, key):
            raise Halt("finance_no_key", table=table, column="", constraint="", error=f"no unique key {', '.join(key)}")
        if table not in self._undoable:
            self._judge().require_rollback(table)
            self._undoable.add(table)
        into = spelled_table(table) if verb == "insert" else self._stage(table, columns)
        given, blocks = self._inserted(table, into, columns, chunks)
        if verb == "insert":
            require_taken(table, sum(taken for _, taken in blocks), given)
            return
        for statement in _merge(table, columns, key, verb, into):
            found = self._run(statement, table)
            if verb == "update":
                require_found(table, found, given)

    def put_drawing(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Value, ...]]) -> Sequence[int]:
        """To the rows of a statement InnoDB gives ids in one block, each so many above the one before, whatever others
        insert meanwhile: it knows how many there are. Not where a trigger has a say."""
        if table not in self._undoable:
            self._judge().require_rollback(table)
            self._undoable.add(table)
        given, blocks = self._inserted(table, spelled_table(table), columns, [rows])
        require_taken(table, sum(taken for _, taken in blocks), given)
        if self.nature(table).acts or not all(first for first, _ in blocks):
            return ()
        return [first + n * self._id_step for first, taken in blocks for n in range(taken)]

    def settle(self) -> None:
        pass  # no constraint is deferred

    def columns(self, table: str) -> Mapping[str, Physical]:
        return self._judge().columns(table)

    def nature(self, table: str) -> Nature:
        if time.monotonic() > self._looked_at + NATURE_SECONDS_MAX:
            self._natures.clear()
            self._looked_at = time.monotonic()
        if table not in self._natures:
            self._natures[table] = self._judge().nature(table)
        return self._natures[table]

    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        return self._judge().missing_right(table, columns, rights)

    def is_unique(self, table: str, key: Collection[str]) -> bool:
        return self._judge().is_unique(table, key)

    def doubts(self, tables: Mapping[str, Collection[str]]) -> Iterator[Finding]:
        return self._judge().doubts(tables)

    def grant(self, fault: Fault) -> str:
        return self._judge().grant(fault)

    def constrained(self, table: str, refused: Mapping[str, str]) -> set[str]:
        return self._judge().constrained(table, refused)

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        return self._judge().parents(table, column)

    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        return self._judge().widened(table, column, places)

    def _moments(self, table: str, columns: tuple[str, ...]) -> Collection[int]:
        """Which of the columns keep a moment, a TIMESTAMP, and not the digits of a clock. Ours are text."""
        if table.startswith("syncd."):
            return ()
        if table not in self._timestamps:
            found = self._judge().columns(table).items()
            self._timestamps[table] = {name for name, kept in found if kept.type.startswith("timestamp")}
        return [i for i, name in enumerate(columns) if name in self._timestamps[table]]

    def _judge(self) -> Judge:
        return Judge(self.query, self.execute)

    def _connected(self) -> "pymysql.Connection[Any]":
        try:
            return pymysql.connect(
                **self._arguments,
                charset="utf8mb4",
                autocommit=True,
                client_flag=CLIENT.FOUND_ROWS,
                conv=_CONVERSIONS,
                connect_timeout=CONNECT_SECONDS_MAX,
                read_timeout=ANSWER_SECONDS_MAX,
                write_timeout=ANSWER_SECONDS_MAX,
                init_command=_SESSION,
            )
        except pymysql.Error as error:
            raise fault(error) from None
        except OSError as error:  # a file of certificates that cannot be read
            raise Halt("finance_certificate", error=error) from None

    def _lock_name(self, name: str, what: str = "pipeline") -> str:
        """Named locks are the server's, not the database's, and their names are short."""
        return f"syncd {what} " + sha256(f"{self._database}\0{name}".encode()).hexdigest()[:40]

    def _unqueue(self) -> None:
        if self._is_queued:
            self._is_queued = False
            self.query("SELECT release_lock(?)", (self._lock_name("", "desk"),))

    def _stage(self, table: str, columns: tuple[str, ...]) -> str:
        """A temporary table of the same columns, empty."""
        known = self._stages.get((table, columns))
        if known is None:
            known = f"syncd_stage_{len(self._stages)}"
            self._run(f"DROP TEMPORARY TABLE IF EXISTS {known}")
            self._run(f"SELECT {', '.join(map(quoted, columns))} FROM {spelled_table(table)} WHERE FALSE", table)
            # A copy made by SELECT has the table's defaults too, and a day of zeros is one that we may not make.
            types = {str(name).lower(): f"{declared} NULL" for name, declared in self.query(_TYPES, (joined(table),))}
            numbered = "syncd_row BIGINT AUTO_INCREMENT PRIMARY KEY"  # servers may insist on one
            own = [f"{quoted(name)} {types[name.lower()]}" for name in columns]
            self._run(f"CREATE TEMPORARY TABLE {known} ({', '.join([numbered, *own])}) ENGINE = InnoDB", table)
            self._stages[table, columns] = known
        else:
            self._run(f"DELETE FROM {known}")
        return known

    def _statements(self, table: str, insert: str, rows: Iterable[str]) -> Iterator[str]:
        """Rows in as many statements as the server's packets ask for."""
        bytes_max = min(STATEMENT_BYTES_MAX, self._packet_bytes_max - 1024 - len(insert))
        waiting: list[str] = []
        size = 0
        for row in rows:
            length = len(row) if row.isascii() else len(row.encode())
            if length + len(insert) > self._packet_bytes_max - 1024:
                raise RowRefused("row_too_long", table=table, column="", constraint="", error="max_allowed_packet")
            if waiting and size + length > bytes_max:
                yield insert + ",".join(waiting)
                waiting, size = [], 0
            waiting.append(row)
            size += length + 1
        if waiting:
            yield insert + ",".join(waiting)

    def _inserted(
        self, table: str, into: str, columns: tuple[str, ...], chunks: Chunks
    ) -> tuple[int, Sequence[tuple[int, int]]]:
        """How many rows were given; and of each statement the first id that the server drew, 0 where it drew none, and
        how many rows it took."""
        insert = f"INSERT INTO {into} ({', '.join(map(quoted, columns))}) VALUES "
        moments = self._moments(table, columns)
        given = 0
        blocks: list[tuple[int, int]] = []
        for rows in chunks:
            given += len(rows)
            blocks += [self._insert(sql, table) for sql in self._statements(table, insert, tuples(rows, moments))]
        return given, blocks

    def _insert(self, sql: str, table: str) -> tuple[int, int]:
        """The first id that it drew, and how many rows it took. Of what the server cuts or rounds it may only warn:
        that is refused like what it does not take at all."""
        with self._cursor(table) as cursor:
            taken = cursor.execute(sql)
            first = cursor.lastrowid
            if cursor.warning_count:
                cursor.execute("SHOW WARNINGS")
                for _, number, said in cursor.fetchall():
                    refused = fault(pymysql.DataError(number, said), table)
                    if isinstance(refused, RowRefused) and not self._judge().is_rate(table, refused.params["column"]):
                        raise refused
        return first, taken

    def _run(self, sql: str, table: str = "") -> int:
        with self._cursor(table) as cursor:
            return cursor.execute(sql)

    @contextmanager
    def _cursor(self, table: str = "") -> Iterator[Cursor]:
        assert self._connection is not None, "not open"
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except pymysql.Error as error:
            if has_ended(error):
                self.close()
            raise fault(error, table) from None


def _collation(version: str) -> str:
    """By which two texts are the same only when their bytes are; MySQL before 8.0.17 overlooks spaces at the end."""
    if "MariaDB" in version:
        return "utf8mb4_nopad_bin"
    numbers = tuple(int(part) for part in version.partition("-")[0].split("."))
    return "utf8mb4_0900_bin" if numbers >= (8, 0, 17) else "utf8mb4_bin"


def _merge(table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: str, stage: str) -> Iterator[str]:
    """What is staged, merged by its key alone, byte by byte: a row that any other unique key, or a collation's idea
    of sameness, takes for another one is refused as a duplicate. The stage, which is small, is always read first."""
    target, names = spelled_table(table), {name: quoted(name) for name in columns}
    pairs = [(f"t.{names[name]}", f"s.{names[name]}") for name in key]
    same = " AND ".join(f"{t} = {s} AND {as_bytes(t)} = {as_bytes(s)}" for t, s in pairs)
    both = f"{stage} s STRAIGHT_JOIN {target} t ON {same}"
    if verb == "delete":
        yield f"DELETE t FROM {both}"
        return
    sets = ", ".join(f"t.{names[name]} = s.{names[name]}" for name in columns if name not in key)
    if sets:
        yield f"UPDATE {both} SET {sets}"
    if verb == "upsert":
        listed, taken = ", ".join(names.values()), ", ".join(f"s.{name}" for name in names.values())
        fresh = f"NOT EXISTS (SELECT 1 FROM {target} t WHERE {same})"
        yield f"INSERT INTO {target} ({listed}) SELECT {taken} FROM {stage} s WHERE {fresh}"


def grants(settings: Settings, layout: Layout) -> list[str]:
    """What a DBA is to run, see `LedgerConnector`. A right on a table that is still to be made comes with that to make
    it; temporary tables know no narrower right."""
    at = parse(settings.dsn)
    user, database = account(at), backquoted(at.database)
    own = ", ".join((*STATE_RIGHTS, "CREATE", "ALTER", "DROP", "INDEX"))
    return [
        f"GRANT CREATE TEMPORARY TABLES ON {database}.* TO {user}",
        *(f"GRANT {own} ON {database}.{backquoted('syncd_' + name)} TO {user}" for name in state()),
        *(
            f"GRANT {', '.join(rights)} ON {database}.{backquoted(joined(table))} TO {user}"
            for table, rights in granted.tables(layout).items()
        ),
    ]


def copying(settings: Settings, file: Path) -> Copying:
    """How the database goes into a file, see `LedgerConnector`."""
    return of_mysql(parse(settings.dsn), file)


CONNECTOR: Final = LedgerConnector(Settings, connect, copying, grants)
