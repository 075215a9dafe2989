"""How a change table in PostgreSQL is read.

Numbers are given while transactions run. Whoever draws one holds the change table's lock until its transaction ends,
so the list of locks says whether a number that is missing may still come; how long other transactions of the EAM
stay open does not matter.
"""

import json
import select
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg2
from psycopg2 import extensions

from connectors.certificates import is_refused
from connectors.changelog import signs_postgres
from connectors.changelog.rows import Chunk, Columns, Images, Logged, Logs, Marks, literal
from connectors.changelog.signs import Look, Renewed, TableSigns
from connectors.changelog.triggers_postgres import (
    FUNCTIONS,
    NAMES,
    OURS,
    TRIGGER,
    TRUNCATE_TRIGGER,
    functions_as_wanted,
    install_sql,
    quoted,
    quoted_table,
    remove_sql,
    write_bodies,
)
from syncd.errors import Gap, Halt, Transient, WrongUsage
from syncd.ports import Finding
from syncd.secrets import unquoted

POLL_S: Final = 1.0
PASSING_CLASSES: Final = ("08", "40", "53", "55", "57")
"""SQLSTATE classes: connection, rollback, resources (disk full), object in use, operator intervention."""


class Database:
    """The EAM as the change table's reader sees it. One connection reads, one notes what is acknowledged."""

    def __init__(self, dsn: str, schema: str, pipeline: str) -> None:
        self._schema = schema
        self._spelled = quoted(schema)
        self._pipeline = pipeline
        self._writers: frozenset[str] = frozenset()
        self._drawn = 0
        with _mended():
            self._db = _open(dsn, f"syncd {pipeline}")
            self._marks = _open(dsn, f"syncd {pipeline} ack")
            with self._db.cursor() as db:
                db.execute("LISTEN syncd_change")

    def close(self) -> None:
        self._db.close()
        self._marks.close()

    def spelled(self, table: str) -> str:
        """A table's name as the change table has it, always with its schema."""
        return table if "." in table else f"{self._schema}.{table}"

    def is_installed(self) -> bool:
        """Whether there is a change table."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = %s AND c.relname = ANY (%s)",
                (self._schema, [f"syncd_{name}" for name in OURS]),
            )
            return bool(_one(db) == len(OURS))

    def identity(self) -> str:
        """What tells this change table from one that is made after it."""
        with _mended(), self._db.cursor() as db:
            db.execute(f"SELECT identity FROM {self._spelled}.syncd_changelog")
            return f"changelog:postgres:{_one(db)}"

    def tracked(self) -> Sequence[str]:
        """The tables that have any trigger of ours."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_trigger t"
                " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                f" WHERE t.tgname IN {NAMES} AND t.tgparentid = 0"
            )
            return [row[0] for row in db]

    def covered(self) -> Mapping[str, Columns]:
        """The tables whose triggers are on and as `install` makes them, with the columns they write."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                "SELECT n.nspname || '.' || c.relname, t.tgname, t.tgenabled, p.prosrc, t.tgargs"
                " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                f" JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname IN {NAMES}"
            )
            whole: dict[tuple[str, str], bytes] = {}
            broken = set()
            for table, name, on, source, args in db.fetchall():
                named = bytes(args).decode().split("\0")[0]
                whole[table, name] = bytes(args)
                if on != "A" or source not in write_bodies(self._schema):
                    broken.add(named)
            covered = {}
            for (table, name), args in whole.items():
                if name == TRIGGER and table not in broken and whole.get((table, TRUNCATE_TRIGGER)) == args:
                    named, columns, key = args.decode().split("\0")[:3]
                    db.execute("SELECT %s::text[], %s::text[]", (columns, key))
                    names, keys = db.fetchall()[0]
                    if named == table:
                        covered[table] = Columns(tuple(names), tuple(keys))
            return covered

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table has; none when there is no such table, or it is a view."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                "SELECT attname FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid AND c.relkind IN ('r', 'p')"
                " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
                (quoted_table(table),),
            )
            return frozenset(row[0] for row in db)

    def refused(self) -> Sequence[tuple[str, str]]:
        """What this user may not do, with the statement that would allow it; schemas first, for what is in them is
        not even seen without."""
        tracked = self.tracked()
        schemas = sorted({self._schema, *(table.partition(".")[0] for table in tracked)})
        ours = f"{self._spelled}.syncd_"
        relations = [
            *((f"{ours}change", right) for right in ("SELECT", "DELETE")),
            (f"{ours}change_seq_seq", "SELECT"),
            *((f"{ours}changelog", right) for right in ("SELECT", "UPDATE")),
            *((f"{ours}ack", right) for right in ("SELECT", "INSERT", "UPDATE")),
            *((f"{ours}renewed", "SELECT") for _ in range(self._notes_renewals())),
            *((quoted_table(table), "SELECT") for table in tracked),
        ]
        with _mended(), self._db.cursor() as db:
            db.execute("SELECT current_user")
            user = quoted(_one(db))
            db.execute("SELECT s FROM unnest(%s) AS s WHERE NOT has_schema_privilege(s, 'USAGE')", (schemas,))
            if closed := [quoted(row[0]) for row in db.fetchall()]:
                return [(f"USAGE {schema}", f"GRANT USAGE ON SCHEMA {schema} TO {user};") for schema in closed]
            db.execute(
                "SELECT r, p FROM unnest(%s, %s) AS a (r, p) WHERE NOT has_table_privilege(r, p)",
                tuple(map(list, zip(*relations, strict=True))),
            )
            return [(f"{right} {name}", f"GRANT {right} ON {name} TO {user};") for name, right in db.fetchall()]

    def doubts(self, tables: Sequence[str]) -> Sequence[Finding]:
        """What hides rows of these tables."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                "SELECT t, current_user::text FROM unnest(%s, %s) AS a (t, name)"
                " WHERE to_regclass(name) IS NOT NULL AND row_security_active(name)",
                (list(tables), [quoted_table(table) for table in tables]),
            )
            return [
                Finding(
                    "error",
                    "pg_row_security",
                    {"table": table, "user": user},
                    f"ALTER ROLE {quoted(user)} BYPASSRLS;",
                )
                for table, user in db.fetchall()
            ]

    def query(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        with _mended(), self._db.cursor() as db:
            db.execute(sql, params or None)
            return list(db.fetchall())

    def look(self, tables: Mapping[str, Columns], read_to: int) -> Look:
        """See `signs`; what was seen is a transaction before which all had ended."""
        return signs_postgres.look(self, self._schema, tables)

    def renewed(self) -> Renewed:
        """What `install` has replaced; nothing in the installation of an earlier version."""
        if not self._notes_renewals():
            return {}
        noted = f"SELECT part, was, now FROM {self._spelled}.syncd_renewed WHERE now IS NOT NULL"
        return {(part, was): now for part, was, now in self.query(noted)}

    def _notes_renewals(self) -> bool:
        named = "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        return bool(self.query(f"{named} WHERE n.nspname = %s AND c.relname = 'syncd_renewed'", self._schema))

    def hole(self, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None:
        return signs_postgres.hole(self, table, was, now, seen)

    def install_sql(self, tables: Mapping[str, Columns]) -> list[str]:
        """Triggers that are already as wanted are left alone, so that they keep their signs."""
        covered = self.covered()
        wanted = {name: columns for name, columns in tables.items() if covered.get(name) != columns}
        functions = self.query(FUNCTIONS, self._schema)
        return install_sql(self._schema, wanted, functions == functions_as_wanted(self._schema))

    def remove_sql(self, tables: Sequence[str], last: bool) -> list[str]:
        return remove_sql(self._schema, tables, last)

    def printed(self, statements: Sequence[str]) -> list[str]:
        """Statements as the server's own client reads them from a file."""
        return ["BEGIN", *statements, "COMMIT"]

    def execute(self, statements: Sequence[str]) -> None:
        """Statements in one transaction."""
        with _mended(), self._transaction("BEGIN") as db:
            for sql in statements:
                db.execute(sql)

    def marks(self) -> Marks:
        with _mended(), self._db.cursor() as db:
            db.execute(
                f"SELECT (SELECT max(pruned_to) FROM {self._spelled}.syncd_changelog),"
                f" (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {self._spelled}.syncd_change_seq_seq)"
            )
            pruned, last = db.fetchall()[0]
            return Marks(pruned or 0, last)

    def newest(self) -> int:
        """The number of the last row that was committed."""
        with _mended(), self._db.cursor() as db:
            db.execute(f"SELECT max(seq) FROM {self._spelled}.syncd_change")
            return _one(db) or self.marks().pruned

    def frontier(self) -> int:
        """The last number below which no transaction can still commit. Numbers are drawn under the change table's
        lock: when nobody who wrote holds it, what is visible afterwards is all there is."""
        with _mended(), self._db.cursor() as db:
            last = self.marks().last
            if not self._writing(db):
                return last
            db.execute(
                f"SELECT min(before) FROM (SELECT seq, lag(seq, 1, %s::bigint) OVER (ORDER BY seq) AS before"
                f" FROM {self._spelled}.syncd_change WHERE seq > %s) AS s WHERE seq > before + 1",
                (self.marks().pruned, self.marks().pruned),
            )
            gap = _one(db)
            if gap is not None:
                return int(gap)
            db.execute(f"SELECT max(seq) FROM {self._spelled}.syncd_change")
            return _one(db) or self.marks().pruned

    def read(self, after: int, limit: int) -> Logs:
        """Rows up to the first number that is missing and may still come. Whoever drew it holds the change table's
        lock until its end, so a missing number is given up when all who held the lock after it was missed are gone
        and it is not there afterwards."""
        with _mended(), self._db.cursor() as db:
            open_still = bool(self._writers and self._writers & self._writing(db))
            if not open_still:
                self._writers = frozenset()
            db.execute(
                f"SELECT seq, txid, table_name, op, before, after, occurred_at FROM {self._spelled}.syncd_change"
                " WHERE seq > %s ORDER BY seq LIMIT %s",
                (after, limit),
            )
            rows = [Logged._make(row) for row in db.fetchall()]
            whole = self._whole(rows, after, 0 if open_still else self._drawn)
            if whole < len(rows) and not open_still:
                self._drawn = rows[-1].seq
                self._writers = self._writing(db)
        return Logs(rows[:whole], whole < len(rows))

    def next_of(self, txids: Collection[int], after: int, before: int) -> Mapping[int, int]:
        """The first number of each transaction between two numbers, of those that have one."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                f"SELECT txid, min(seq) FROM {self._spelled}.syncd_change"
                " WHERE seq > %s AND seq < %s AND txid = ANY(%s) GROUP BY txid",
                (after, before, list(txids)),
            )
            return dict(db.fetchall())

    def _whole(self, rows: Sequence[Logged], after: int, settled: int) -> int:
        """How many rows stand before the first missing number that is above `settled`."""
        expected = after + 1
        for i, row in enumerate(rows):
            if row.seq != expected and row.seq - 1 > settled:
                return i
            expected = row.seq + 1
        return len(rows)

    def _writing(self, db: extensions.cursor) -> frozenset[str]:
        """The transactions that have written to the change table and are open."""
        db.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND relation = to_regclass(%s) AND granted",
            (f"{self._spelled}.syncd_change",),
        )
        return frozenset(row[0] for row in db)

    def chunk(self, table: str, columns: Columns, key: Sequence[object] | None, since: int, limit: int) -> Chunk:
        """Rows beyond `key` in key order, and what happened to the table after `since`, both as of one moment."""
        keys = ", ".join(quoted(c) for c in columns.key)
        known = self.columns(table)
        listed = ", ".join(quoted(c) for c in columns.names if c in known)
        beyond = f"WHERE ({keys}) > ({', '.join(['%s'] * len(key))})" if key else ""
        with _mended(), self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as db:
            db.execute(
                f"SELECT {self._spelled}.syncd_image(to_jsonb(r), %s) FROM"
                f" (SELECT {listed} FROM {quoted_table(table)} {beyond} ORDER BY {keys} LIMIT %s) AS r",
                (list(columns.names), *(key or ()), limit),
            )
            images = [row[0] for row in db.fetchall()]
            db.execute(
                f"SELECT seq, txid, table_name, op, before, after, occurred_at FROM {self._spelled}.syncd_change"
                " WHERE seq > %s AND table_name = %s ORDER BY seq",
                (since, table),
            )
            return Chunk(images, [Logged._make(row) for row in db.fetchall()])

    def beyond(self, table: str, columns: Columns, rows: Sequence[Images], key: Sequence[object]) -> Sequence[Images]:
        """Those of the rows that `chunk` would find beyond a key, if they were there."""
        keys = ", ".join(f"r.{quoted(c)}" for c in columns.key)
        listed = json.dumps([{name: row[name] for name in columns.key} for row in rows])
        with _mended(), self._db.cursor() as db:
            db.execute(
                f"SELECT r.ordinality - 1 FROM jsonb_populate_recordset(NULL::{quoted_table(table)}, %s::jsonb)"
                f" WITH ORDINALITY AS r WHERE ({keys}) > ({', '.join(['%s'] * len(key))})",
                (listed, *key),
            )
            return [rows[n] for (n,) in db]

    def count(self, table: str) -> int:
        """About how many rows a table has, as the planner knows it."""
        with _mended(), self._db.cursor() as db:
            known = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(%s)"
            db.execute(known, (quoted_table(table),))
            return int(_one(db) or 0)

    def wait(self, timeout_s: float) -> None:
        """Return when a transaction with changes has committed, or after the timeout. A notice that came before the
        last read may wake it once for nothing."""
        with _mended():
            if not self._db.notifies:
                select.select([self._db], [], [], min(timeout_s, POLL_S))
                self._db.poll()
            self._db.notifies.clear()

    def acknowledge(self, seq: int, prune_rows_max: int) -> bool:
        """Note that everything up to `seq` is durable, and prune a little."""
        with _mended(), self._marks.cursor() as db:
            db.execute(
                f"INSERT INTO {self._spelled}.syncd_ack VALUES (%s, %s, clock_timestamp())"
                " ON CONFLICT (pipeline) DO UPDATE SET seq = excluded.seq, acked_at = excluded.acked_at",
                (self._pipeline, seq),
            )
            if prune_rows_max:
                self._prune(db, prune_rows_max)
        return True

    def readers(self) -> Sequence[str]:
        """The pipelines that have acknowledged something, for which the change table keeps what they have not."""
        with _mended(), self._db.cursor() as db:
            db.execute(f"SELECT pipeline FROM {self._spelled}.syncd_ack ORDER BY pipeline")
            return [name for (name,) in db.fetchall()]

    def forget_sql(self, pipeline: str) -> str:
        """Keep nothing for a pipeline any more."""
        return f"DELETE FROM {self._spelled}.syncd_ack WHERE pipeline = {literal(pipeline)}"

    def patience_sql(self, seconds: int) -> Sequence[str]:
        """Wait for a table no longer than that: the EAM's own statements wait behind whoever waits to define."""
        return [f"SET LOCAL lock_timeout = {seconds * 1000}"]

    def prune(self, rows_max: int) -> int:
        """Delete at most `rows_max` rows that every pipeline has acknowledged; how many they were."""
        with _mended(), self._db.cursor() as db:
            return self._prune(db, rows_max)

    def prunable(self) -> int:
        """How many rows every pipeline has acknowledged."""
        with _mended(), self._db.cursor() as db:
            db.execute(
                f"SELECT count(*) FROM {self._spelled}.syncd_change"
                f" WHERE seq <= (SELECT min(seq) FROM {self._spelled}.syncd_ack)"
            )
            return int(_one(db))

    def _prune(self, db: extensions.cursor, rows_max: int) -> int:
        db.execute(
            f"WITH gone AS (DELETE FROM {self._spelled}.syncd_change WHERE seq IN (SELECT seq"
            f" FROM {self._spelled}.syncd_change WHERE seq <= (SELECT min(seq) FROM {self._spelled}.syncd_ack)"
            " ORDER BY seq LIMIT %s) RETURNING seq),"
            f" noted AS (UPDATE {self._spelled}.syncd_changelog SET pruned_to = greatest(pruned_to, last)"
            " FROM (SELECT max(seq) AS last FROM gone) AS g WHERE last IS NOT NULL)"
            " SELECT count(*) FROM gone",
            (rows_max,),
        )
        return int(_one(db))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[extensions.cursor]:
        with self._db.cursor() as db:
            db.execute(begin)
            try:
                yield db
            except BaseException:
                if not self._db.closed:
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _open(dsn: str, name: str) -> extensions.connection:
    connection = psycopg2.connect(dsn, fallback_application_name=name, client_encoding="UTF8")
    connection.autocommit = True
    with connection.cursor() as db:
        db.execute("SET timezone = 'UTC'; SET extra_float_digits = 1; SET row_security = off")
    return connection


def _one(db: extensions.cursor) -> Any:
    row = db.fetchone()
    return row[0] if row else None


@contextmanager
def _mended() -> Iterator[None]:
    """PostgreSQL's errors as ours."""
    try:
        yield
    except psycopg2.Error as error:
        state = error.pgcode or ""
        problem = str(error).strip()
        if not state and is_refused(problem) and "FATAL" not in problem:
            raise Halt("pg_certificate", error=problem) from error
        if not state and "authentication failed" in problem:
            raise Halt("pg_login", error=problem) from error
        lost = not state and isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        if lost or state[:2] in PASSING_CLASSES:
            raise Transient("changelog_busy", error=problem) from error
        if state == "42P01" and "syncd_" in problem:
            raise Halt("changelog_missing") from error
        if state == "42501":
            raise Halt("changelog_refused", right=problem) from error
        if not state and isinstance(error, psycopg2.ProgrammingError):
            raise WrongUsage("pg_dsn", error=unquoted(problem)) from error
        raise Halt("changelog_database", error=problem) from error
