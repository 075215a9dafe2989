"""A ledger in PostgreSQL: batches by COPY, the one writer by an advisory lock on the writing connection."""

import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Final, TypeVarTuple

import psycopg2
from psycopg2 import extensions

from connectors.ledger.copy_text import copy_text
from connectors.ledger.database import Chunks, Database, Physical, Rows, Verb
from connectors.ledger.ledger import SqlLedger
from connectors.ledger.postgres_faults import connect_fault, fault
from syncd.change import Kind, Table
from syncd.errors import Fault
from syncd.ports import Layout, Ledger

Texts = TypeVarTuple("Texts")
_SESSION: Final = (
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET lock_timeout = '30s'; SET client_min_messages = error;"
    " SET random_page_cost = 1.1; SET jit = off"  # the rows of a batch are found one by one, and are in memory
)
_KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind.TEXT,
    "varchar": Kind.TEXT,
    "bpchar": Kind.TEXT,
    "int2": Kind.INTEGER,
    "int4": Kind.INTEGER,
    "int8": Kind.INTEGER,
    "numeric": Kind.DECIMAL,
    "bool": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "timestamptz": Kind.TIMESTAMP,
}
_COLUMNS: Final = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname,
           coalesce(information_schema._pg_char_max_length(a.atttypid, a.atttypmod),
                    information_schema._pg_numeric_precision(a.atttypid, a.atttypmod)),
           information_schema._pg_numeric_scale(a.atttypid, a.atttypmod),
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_RIGHTS: Final = """
    SELECT has_schema_privilege(c.relnamespace, 'USAGE'),
           ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p
                 WHERE NOT (SELECT bool_and(has_column_privilege(c.oid, a.attname, p)) FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attname = ANY(?::name[]))),
           c.relnamespace::regnamespace::text, quote_ident(current_user)
    FROM pg_class c WHERE c.oid = to_regclass(?)
"""
_DENIED: Final = re.compile(r"permission denied for (schema|table|view) (\S+)")


@dataclass(frozen=True)
class Settings:
    """Where finance is."""

    dsn: str
    """A libpq connection string or URL, `postgresql://syncd@finance-db/gl`."""


def connect(
    settings: Settings,
    pipeline: str,
    layout: Layout,
    tables: Mapping[str, Table],
    mapping_hash: str,
    dry_run: bool = False,
) -> Ledger:
    """A ledger; it connects when it is first used."""
    return SqlLedger(lambda: Postgres(settings.dsn, pipeline), pipeline, layout, tables, mapping_hash, dry_run)


class Postgres(Database):
    """One connection, in autocommit outside `begin`. Rows are sent by a thread of its own, so that the next ones are
    made while the server takes these in; whatever is asked after that waits for them and raises what became of them."""

    dialect = "postgres"
    for_update = " FOR UPDATE"

    def __init__(self, dsn: str, pipeline: str) -> None:
        self._dsn = dsn
        self._application = f"syncd {pipeline}"
        self._connection: extensions.connection | None = None
        self._stages: dict[tuple[str, tuple[str, ...]], str] = {}
        self._filled: set[str] = set()
        self._sender: ThreadPoolExecutor | None = None
        self._sent: list[Future[None]] = []

    @property
    def is_open(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def open(self) -> None:
        self.close()
        try:
            self._connection = psycopg2.connect(
                self._dsn,
                application_name=self._application,
                connect_timeout=10,
                keepalives_idle=15,
                keepalives_interval=5,
                keepalives_count=3,
                tcp_user_timeout=30_000,
                client_encoding="UTF8",
            )
        except psycopg2.Error as error:
            raise connect_fault(error) from None
        self._connection.autocommit = True
        self.execute(_SESSION)

    def close(self) -> None:
        if self._sender is not None:
            self._sender.shutdown(cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
        self._connection = self._sender = None
        self._sent.clear()
        self._stages.clear()
        self._filled.clear()

    def lock(self, name: str) -> bool:
        return bool(self.query("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", (name,))[0][0])

    def begin(self) -> None:
        self.send("BEGIN")

    def commit(self) -> None:
        self._filled.clear()
        self.execute("COMMIT")

    def rollback(self) -> None:
        self._stages.clear()
        self._filled.clear()
        wait(self._sent)
        self._sent.clear()  # whatever became of them is undone
        try:
            self.execute("ROLLBACK")
        except Fault:
            self.close()

    def queue(self) -> None:
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended('syncd desk', 0))")

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        with self._cursor() as cursor:
            cursor.execute(*_spoken(sql, params))
            return cursor.fetchall()

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        with self._cursor(name="syncd_scan") as cursor:
            cursor.execute(*_spoken(sql, params))
            yield from cursor

    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        if not keys:
            return []
        one = "k.value".join(sql.rsplit("?", 1))
        # OFFSET 0 keeps the planner from making a join of this, which it would misjudge.
        every = f"SELECT f.* FROM unnest(?::text[]) AS k (value) CROSS JOIN LATERAL ({one} OFFSET 0) AS f"
        return self.query(every, (list(keys), *params))

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self._cursor() as cursor:
            cursor.execute(*_spoken(sql, params))
            return cursor.rowcount

    def send(self, sql: str, params: Sequence[object] = ()) -> None:
        self._send(self._run, "", *_spoken(sql, params))

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        try:
            with super().savepoint(name):
                yield
        except Fault:
            self._stages.clear()
            raise

    def put(self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks) -> None:
        into = _quoted(table) if verb == "insert" else self._stage(table, columns)
        copy = f"COPY {into} ({', '.join(map(_quoted_name, columns))}) FROM STDIN"
        for rows in chunks:
            self._send(self._copy, table, copy, copy_text(rows))
        if verb == "insert":
            return
        self._filled.add(into)
        if verb in ("update", "delete"):
            # Or a handful of rows is joined to millions by reading them all.
            self._send(self._run, table, f"ANALYZE {into}", None)
        self._send(self._run, table, _merge(table, columns, key, verb, into), None)

    def settle(self) -> None:
        self.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def columns(self, table: str) -> Mapping[str, Physical]:
        return {
            str(name): Physical(
                type=str(declared),
                kind=_KINDS.get(str(base)),
                length=None if length is None or str(base).startswith("int") else int(str(length)),
                places=None if places is None else int(str(places)),
                required=bool(required),
                exact=base not in ("float4", "float8"),
            )
            for name, declared, base, length, places, required in self.query(_COLUMNS, (_quoted(table),))
        }

    def missing_right(self, table: str, columns: Sequence[str]) -> str:
        (usage, missing, schema, user) = self.query(_RIGHTS, (list(columns), _quoted(table)))[0]
        grants = [] if usage else [f"GRANT USAGE ON SCHEMA {schema} TO {user}"]
        if isinstance(missing, list) and missing:
            grants.append(f"GRANT {', '.join(missing)} ON {table} TO {user}")
        return "; ".join(grants)

    def grant(self, fault: Fault) -> str:
        """What the server names it by is a schema or a table."""
        denied = _DENIED.search(fault.params.get("error", ""))
        if denied is None:
            return ""
        kind, name = denied.groups()
        ((user,),) = self.query("SELECT quote_ident(current_user)")
        return f"GRANT {'USAGE ON SCHEMA' if kind == 'schema' else 'SELECT ON'} {name} TO {user}"

    def widened(self, table: str, column: str) -> str:
        return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE NUMERIC(18, 2)"

    def _stage(self, table: str, columns: tuple[str, ...]) -> str:
        """A temporary table of the same columns, empty."""
        known = self._stages.get((table, columns))
        if known is None:
            known = f"syncd_stage_{len(self._stages)}"
            with self._cursor(table) as cursor:
                cursor.execute(
                    f"DROP TABLE IF EXISTS {known}; CREATE TEMP TABLE {known} ON COMMIT DELETE ROWS AS"
                    f" SELECT {', '.join(map(_quoted_name, columns))} FROM {_quoted(table)} WITH NO DATA"
                )
            self._stages[table, columns] = known
        elif known in self._filled:
            self.send(f"DELETE FROM {known}")
        return known

    def _send(self, job: Callable[[str, str, *Texts], None], table: str, sql: str, *text: *Texts) -> None:
        if self._sender is None:
            self._sender = ThreadPoolExecutor(1, "sending")
        self._sent.append(self._sender.submit(job, table, sql, *text))

    def _arrived(self) -> None:
        """All that was sent is there; raises what became of the first that is not."""
        sent, self._sent = self._sent, []
        wait(sent)
        for job in sent:
            job.result()

    def _copy(self, table: str, sql: str, text: bytes) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.copy_expert(sql, BytesIO(text), len(text))

    def _run(self, table: str, sql: str, params: Sequence[object] | None) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.execute(sql, params)

    @contextmanager
    def _cursor(self, table: str = "", name: str | None = None) -> Iterator[extensions.cursor]:
        """A cursor, once all that was sent has arrived."""
        self._arrived()
        with self._raw_cursor(table, name) as cursor:
            yield cursor

    @contextmanager
    def _raw_cursor(self, table: str = "", name: str | None = None) -> Iterator[extensions.cursor]:
        """A cursor; one with a name stays on the server and hands out rows as they are asked for."""
        assert self._connection is not None, "not open"
        try:
            with self._connection.cursor(name, withhold=name is not None) as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise fault(error, self.is_open, table) from None


def _spoken(sql: str, params: Sequence[object]) -> tuple[str, Sequence[object] | None]:
    if not params:
        return sql, None
    return _spelled(sql), [_array(p) if isinstance(p, list) else p for p in params]


def _array(values: Sequence[object]) -> str:
    """A list as an array literal, whose elements the server need not parse as expressions one by one."""
    texts = list(map(str, values))
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join([text.replace("\\", r"\\").replace('"', r"\"") for text in texts])
    return f'{{"{joined}"}}'


@cache
def _spelled(sql: str) -> str:
    return sql.replace("%", "%%").replace("IN (?*)", "= ANY(?)").replace("?", "%s")


def _merge(table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: str, stage: str) -> str:
    names = {name: _quoted_name(name) for name in columns}
    target, listed = _quoted(table), ", ".join(names.values())
    others = [names[name] for name in columns if name not in key]
    same = " AND ".join(f"t.{names[name]} = s.{names[name]}" for name in key)
    if verb == "delete":
        return f"DELETE FROM {target} t USING {stage} s WHERE {same}"
    if verb == "update":
        sets = ", ".join(f"{name} = s.{name}" for name in others)
        return f"UPDATE {target} t SET {sets} FROM {stage} s WHERE {same}"
    sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
    action = f"UPDATE SET {sets}" if sets else "NOTHING"
    keys = ", ".join(names[name] for name in key)
    return f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {stage} ON CONFLICT ({keys}) DO {action}"


def _quoted(table: str) -> str:
    return ".".join(map(_quoted_name, table.split(".")))


def _quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
