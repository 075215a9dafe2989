"""A ledger in PostgreSQL: batches by COPY, the one writer by an advisory lock on the writing connection."""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeVarTuple

import psycopg2
from psycopg2 import extensions
from psycopg2.extensions import parse_dsn

from connectors.ledger import postgres_grants
from connectors.ledger.copy_text import copy_text
from connectors.ledger.copying import of_postgres
from connectors.ledger.database import Chunks, Database, Nature, Physical, Rows, Verb, require_found, require_taken
from connectors.ledger.ledger import SqlLedger
from connectors.ledger.postgres_check import Judge
from connectors.ledger.postgres_faults import connect_fault, fault
from syncd.change import Table
from syncd.connector import Copying, LedgerConnector
from syncd.delivery import Answer
from syncd.dialects.postgres import quoted, spelled
from syncd.dialects.postgres import table as spelled_table
from syncd.errors import Fault, Halt, Transient
from syncd.money import MONEY_PLACES
from syncd.ports import Drawn, Finding, Layout, Ledger

Texts = TypeVarTuple("Texts")
ASKED_KEYS_MIN: Final = 100
"""For fewer the server is quicker than the thread that would ask it."""
SENT_BYTES_MAX: Final = 1 << 20
"""Given to the library at a time: it keeps what it is given until it is sent."""
NATURE_SECONDS_MAX: Final = 60.0
"""After so long it is looked at anew whether finance's people have given a table triggers."""
_SESSION: Final = (
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET lock_timeout = '30s'; SET client_min_messages = error;"
    " SET random_page_cost = 1.1; SET jit = off;"  # the rows of a batch are found one by one, and are in memory
    # A dry run waits for the source in its transaction, and who holds the lock of the one writer is idle all night.
    " SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN"
    " ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')"
)
_HERE: Final = "SELECT pg_backend_pid()"
_KIND: Final = """
    SELECT format('%I.%I', n.nspname, t.typname) FROM pg_prepared_statements p
    JOIN pg_type t ON t.oid = p.parameter_types[1]::oid JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE p.name = 'syncd_kind'
"""
_FRACTIONS: Final = extensions.new_type((700, 701), "FRACTIONS", lambda text, _: text and Decimal(str(text)))
"""Binary fractions, as the shortest decimal that the server tells them by."""
_PADDED: Final = extensions.new_type((1042,), "PADDED", lambda text, _: text and str(text).rstrip(" "))
"""CHAR(n), whose spaces at the end are no part of what it says."""
_RESERVE: Final = "SELECT nextval(?) FROM generate_series(1, ?)"


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
    answers: Mapping[str, Answer] = {},
) -> Ledger:
    """A ledger; it connects when it is first used."""
    return SqlLedger(lambda: Postgres(settings.dsn, pipeline), pipeline, layout, tables, mapping_hash, dry_run, answers)


class Postgres(Database):
    """One connection, in autocommit outside `begin`. Rows are sent by a thread of its own, so that the next ones are
    made while the server takes these in; whatever is asked after that waits for them and raises what became of them.
    Statements that nobody waits for go in one message with the next."""

    dialect = "postgres"
    for_update = " FOR UPDATE"

    def __init__(self, dsn: str, pipeline: str) -> None:
        self._dsn = dsn
        self._application = f"syncd {pipeline}"
        self._connection: extensions.connection | None = None
        self._stages: dict[tuple[str, tuple[str, ...]], str] = {}
        self._filled: set[str] = set()
        self._kinds: dict[str, str] = {}
        self._natures: dict[str, Nature] = {}
        self._sequences: dict[tuple[str, str], str] = {}
        self._reserved: dict[tuple[str, str], list[int]] = {}
        self._looked_at = 0.0
        self._sender: ThreadPoolExecutor | None = None
        self._sent: list[Future[Any]] = []
        self._unsent: list[bytes] = []

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
        extensions.register_type(_FRACTIONS, self._connection)
        extensions.register_type(_PADDED, self._connection)
        self.execute(_SESSION)

    def close(self) -> None:
        if self._sender is not None:
            self._sender.shutdown(cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
        self._connection = self._sender = None
        self._sent.clear()
        self._unsent.clear()
        self._stages.clear()
        self._filled.clear()
        self._kinds.clear()
        self._natures.clear()
        self._sequences.clear()
        self._reserved.clear()

    def lock(self, name: str) -> bool:
        if self._is_pooled():
            raise Halt("ledger_pooler")
        if self.query("SELECT pg_is_in_recovery()") == [(True,)]:
            # A lock taken on a standby would be held when it is promoted, by whoever waits there and writes nothing.
            raise Transient("finance_read_only", error="pg_is_in_recovery() = true")
        return bool(self.query("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", (name,))[0][0])

    def begin(self) -> None:
        self.send("BEGIN")

    def begin_reading(self) -> None:
        self.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        self._filled.clear()
        self._reserved.clear()
        self.execute("COMMIT")

    def rollback(self) -> None:
        self._stages.clear()
        self._reserved.clear()
        self._filled.clear()
        self.forget()
        try:
            self.execute("ROLLBACK")
        except Fault:
            self.close()

    def queue(self) -> None:
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended('syncd desk', 0))")

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        self._arrived()
        return self._fetch(self._whole(sql, params))

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        self._deliver()
        with self._cursor(name="syncd_scan") as cursor:
            cursor.execute(*_spoken(sql, params))
            yield from cursor

    def stream(self, sql: str, params: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        return self.scan(sql, params)

    def ask(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Callable[[], Rows]:
        if len(keys) < ASKED_KEYS_MIN:
            return super().ask(sql, params, keys)
        job = self._sending().submit(self._fetch, self._whole(*self._every(sql, params, keys)))
        self._sent.append(job)

        def answer() -> Rows:
            if job in self._sent:
                self._arrived(self._sent.index(job) + 1)
            return job.result()

        return answer

    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        return self.query(*self._every(sql, params, keys)) if keys else []

    def _every(self, sql: str, params: Sequence[object], keys: Collection[str]) -> tuple[str, Sequence[object]]:
        key = "k.value" if params else f"CAST(k.value AS {self._kind(sql)})"
        one = key.join(sql.rsplit("?", 1))
        # OFFSET 0 keeps the planner from making a join of this, which it would misjudge.
        every = f"SELECT f.* FROM unnest(?::text[]) AS k (value) CROSS JOIN LATERAL ({one} OFFSET 0) AS f"
        return every, (list(keys), *params)

    def _kind(self, sql: str) -> str:
        """What the server takes the one parameter of a query for: a key of finance's own is not always text, and as
        anything but what its column is it would not be found by index."""
        if sql not in self._kinds:
            self.execute(f"PREPARE syncd_kind AS {'$1'.join(sql.rsplit('?', 1))}")
            ((kind,),) = self.query(_KIND)
            self.execute("DEALLOCATE syncd_kind")
            self._kinds[sql] = str(kind)
        return self._kinds[sql]

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self._cursor() as cursor:
            cursor.execute(self._whole(sql, params))
            return cursor.rowcount

    def send(self, sql: str, params: Sequence[object] = ()) -> None:
        self._unsent.append(self._text(sql, params))

    def forget(self) -> None:
        self._unsent.clear()
        wait(self._sent)
        self._sent.clear()

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        with super().savepoint(name):
            self._deliver()  # so that what waits to be sent by the time of a fault is of the block
            yield

    def back_to(self, name: str) -> None:
        self._stages.clear()  # those that were made since are gone
        super().back_to(name)

    def put(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks, where: str = ""
    ) -> None:
        self._put(table, columns, key, verb, chunks, where=where)

    def _put(
        self,
        table: str,
        columns: tuple[str, ...],
        key: tuple[str, ...],
        verb: Verb,
        chunks: Chunks,
        overriding: str = "",
        where: str = "",
    ) -> None:
        takes_copy = verb == "insert" and (table.startswith("syncd.") or not self.nature(table).by_insert)
        into = spelled_table(table) if takes_copy else self._stage(table, columns)
        copy = f"COPY {into} ({', '.join(map(quoted, columns))}) FROM STDIN"
        given = 0
        for rows in chunks:
            given += len(rows)
            self._send(self._copy, table, copy, copy_text(rows), len(rows))
        if takes_copy:
            return
        self._filled.add(into)
        if verb in ("update", "delete"):
            # Or a handful of rows is joined to millions by reading them all.
            self._send(self._run, table, f"ANALYZE {into}")
        merge = _merge(table, columns, key, verb, into, overriding, where)
        if verb == "update":
            self._send(self._update, table, merge, given)
        elif verb == "insert" or (verb == "upsert" and len(columns) > len(key)):
            self._send(self._insert, table, merge, given)
        else:
            self._send(self._run, table, merge)

    def reserve(self, table: str, drawn: Drawn, count: int, ahead: int) -> Sequence[int]:
        """Of its sequence. Where finance's own triggers may give another id, it is read back instead, if it can be."""
        if not drawn.sequence and drawn.known_by and self.nature(table).acts:
            return ()
        place = table, drawn.column
        if place not in self._sequences:
            self._sequences[place] = Judge(self.query).sequence(table, drawn)
        if not self._sequences[place]:
            return ()
        kept = self._reserved.setdefault(place, [])
        if len(kept) < count:
            rows = self.query(_RESERVE, (self._sequences[place], max(count, ahead) - len(kept)))
            kept += [int(str(given)) for (given,) in rows]
        ids, self._reserved[place] = kept[:count], kept[count:]
        return ids

    def put_drawn(self, table: str, columns: tuple[str, ...], chunks: Chunks) -> None:
        """COPY gives an identity column what it is given, as no INSERT does without being told to."""
        self._put(table, columns, (), "insert", chunks, " OVERRIDING SYSTEM VALUE")

    def settle(self) -> None:
        with self._cursor("?") as cursor:
            cursor.execute(self._whole("SET CONSTRAINTS ALL IMMEDIATE", ()))

    def columns(self, table: str) -> Mapping[str, Physical]:
        return Judge(self.query).columns(table)

    def nature(self, table: str) -> Nature:
        if time.monotonic() > self._looked_at + NATURE_SECONDS_MAX:
            self._natures.clear()
            self._sequences.clear()
            self._looked_at = time.monotonic()
        if table not in self._natures:
            self._natures[table] = Judge(self.query).nature(table)
        return self._natures[table]

    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        return Judge(self.query).missing_right(table, columns, rights)

    def missing_draw(self, table: str, drawn: Drawn) -> str:
        return Judge(self.query).missing_draw(table, drawn)

    def doubts(self, tables: Mapping[str, Collection[str]]) -> Iterator[Finding]:
        if self._is_pooled():
            yield Finding("error", "ledger_pooler", {}, "pool_mode = session")
        yield from Judge(self.query).doubts(tables)

    def grant(self, fault: Fault) -> str:
        return Judge(self.query).grant(fault)

    def is_unique(self, table: str, key: Collection[str]) -> bool:
        return Judge(self.query).is_unique(table, key)

    def constrained(self, table: str, refused: Mapping[str, str]) -> set[str]:
        return Judge(self.query).constrained(table, refused)

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        return Judge(self.query).parents(table, column)

    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        return Judge(self.query).widened(table, column, places)

    def _is_pooled(self) -> bool:
        """Whether what is on the other side is a pooler that lends a server connection for a transaction: then another
        of its clients is given ours, or we are given another."""
        assert self._connection is not None, "not open"
        here = self.query(_HERE)
        if here == [(self._connection.info.backend_pid,)]:
            return False
        other = Postgres(self._dsn, "check")
        other.open()
        try:
            other.begin()
            return other.query(_HERE) == here or self.query(_HERE) != here
        finally:
            other.close()

    def _stage(self, table: str, columns: tuple[str, ...]) -> str:
        """A temporary table of the same columns, empty."""
        known = self._stages.get((table, columns))
        if known is None:
            known = f"syncd_stage_{len(self._stages)}"
            with self._cursor(table) as cursor:
                cursor.execute(
                    f"DROP TABLE IF EXISTS {known}; CREATE TEMP TABLE {known} ON COMMIT DELETE ROWS AS"
                    f" SELECT {', '.join(map(quoted, columns))} FROM {spelled_table(table)} WITH NO DATA"
                )
            self._stages[table, columns] = known
        elif known in self._filled:
            self.send(f"DELETE FROM {known}")
        return known

    def _send(self, job: Callable[[str, str, *Texts], None], table: str, sql: str, *text: *Texts) -> None:
        self._deliver()
        self._sent.append(self._sending().submit(job, table, sql, *text))

    def _deliver(self) -> None:
        """What waited to be sent with the next statement is on its way."""
        if self._unsent:
            text, self._unsent = b"\n;\n".join(self._unsent), []
            self._sent.append(self._sending().submit(self._run, "", text))

    def _sending(self) -> ThreadPoolExecutor:
        if self._sender is None:
            self._sender = ThreadPoolExecutor(1, "sending")
        return self._sender

    def _whole(self, sql: str, params: Sequence[object]) -> bytes:
        """A statement behind those that wait to be sent."""
        text, self._unsent = b"\n;\n".join([*self._unsent, self._text(sql, params)]), []
        return text

    def _text(self, sql: str, params: Sequence[object]) -> bytes:
        with self._raw_cursor() as cursor:
            return cursor.mogrify(*_spoken(sql, params))

    def _fetch(self, text: bytes) -> Rows:
        with self._raw_cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def _arrived(self, first: int | None = None) -> None:
        """All that was sent, or the first of it, is there; raises what became of the first that is not."""
        sent, self._sent = self._sent[:first], self._sent[len(self._sent) if first is None else first :]
        wait(sent)
        for job in sent:
            job.result()

    def _copy(self, table: str, sql: str, text: bytes, given: int) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.copy_expert(sql, BytesIO(text), min(len(text), SENT_BYTES_MAX))
            require_taken(table, cursor.rowcount, given)

    def _insert(self, table: str, sql: str, given: int) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.execute(sql)
            require_taken(table, cursor.rowcount, given)

    def _update(self, table: str, sql: str, given: int) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.execute(sql)
            require_found(table, cursor.rowcount, given)

    def _run(self, table: str, sql: str | bytes) -> None:
        with self._raw_cursor(table) as cursor:
            cursor.execute(sql)

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
    return spelled(sql), [_array(p) if isinstance(p, list) else p for p in params]


def _array(values: Sequence[object]) -> str:
    """A list as an array literal, whose elements the server need not parse as expressions one by one."""
    texts = list(map(str, values))
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join([text.replace("\\", r"\\").replace('"', r"\"") for text in texts])
    return f'{{"{joined}"}}'


def _merge(
    table: str,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    verb: str,
    stage: str,
    overriding: str = "",
    where: str = "",
) -> str:
    names = {name: quoted(name) for name in columns}
    target, listed = spelled_table(table), ", ".join(names.values())
    others = [names[name] for name in columns if name not in key]
    same = " AND ".join(f"t.{names[name]} = s.{names[name]}" for name in key)
    if verb == "delete":
        return f"DELETE FROM {target} t USING {stage} s WHERE {same}"
    if verb == "update":
        sets = ", ".join(f"{name} = s.{name}" for name in others)
        return f"UPDATE {target} t SET {sets} FROM {stage} s WHERE {same}"
    insert = f"INSERT INTO {target} ({listed}){overriding} SELECT {listed} FROM {stage}"
    if verb == "insert":
        return insert
    sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in others)
    action = f"UPDATE SET {sets}" if sets else "NOTHING"
    keys = ", ".join(names[name] for name in key)
    return f"{insert} ON CONFLICT ({keys}){f' WHERE {where}' if where else ''} DO {action}"


def grants(settings: Settings, layout: Layout) -> list[str]:
    """What a DBA is to run, see `LedgerConnector`."""
    return postgres_grants.script(settings.dsn, layout, Postgres(settings.dsn, "grants"))


def copying(settings: Settings, file: Path) -> Copying:
    """How the database goes into a file, see `LedgerConnector`."""
    return of_postgres(parse_dsn(settings.dsn), file)


CONNECTOR: Final = LedgerConnector(Settings, connect, copying, grants)
