"""The EAM asked with a plain statement, for the reconciliation: rows as they come, of one moment, nothing written."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from syncd.connector import Query, Rows, Scan
from syncd.errors import Fault, Halt, Transient

SORTING_SECONDS_MAX: Final = 3600
"""How long a server may think before it gives the first row."""
MYSQL_MODES: Final = (
    "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION'"
    " /*M! , optimizer_switch = 'subquery_cache=off' */"
)
"""What the SQL of expressions expects. MariaDB's cache of subqueries takes keys for each other that only a collation
takes to be the same."""
_MYSQL_COLUMNS: Final = """
    SELECT concat_ws('.', table_schema, table_name, column_name),
           if(table_schema = database(), concat_ws('.', table_name, column_name), NULL)
    FROM information_schema.columns WHERE data_type
"""
_MYSQL_MOMENTS: Final = f"{_MYSQL_COLUMNS} = 'timestamp'"
_MYSQL_TEXTS: Final = (
    f"{_MYSQL_COLUMNS} IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'float', 'double')"
)
"""A binary fraction is read by its shortest text, too."""
_POSTGRES_TEXTS: Final = """
    SELECT concat_ws('.', n.nspname, c.relname, a.attname),
           CASE WHEN pg_table_is_visible(c.oid) THEN concat_ws('.', c.relname, a.attname) END
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE (t.typcategory = 'S' OR t.typname IN ('float4', 'float8')) AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


@contextmanager
def sqlite(path: str, zone: str, prepare: Callable[[sqlite3.Connection], None]) -> Iterator[Scan]:
    """A SQLite file. `prepare` registers the functions that statements call."""
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=10)) as connection:
            prepare(connection)
            connection.isolation_level = None
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # from here on it is of one moment
            yield Scan("sqlite", datetime.now(UTC), lambda query: connection.execute(query("sqlite", zone, (), ())))
    except sqlite3.Error as error:
        raise Halt("eam_query", error=error) from error


@contextmanager
def postgres(dsn: str, zone: str, schema: str = "public") -> Iterator[Scan]:
    """A PostgreSQL database; rows come by a cursor on its side."""
    import psycopg2

    try:
        with closing(psycopg2.connect(dsn, application_name="syncd reconcile")) as connection:
            connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
            with connection.cursor() as session:
                session.execute("SET row_security = off")  # rows that a policy hides must not look like none
                session.execute("SELECT set_config('timezone', %s, false)", (zone,))
                session.execute("SELECT set_config('search_path', quote_ident(%s) || ', public', false)", (schema,))
                session.execute(_POSTGRES_TEXTS)
                texts = _names(session.fetchall())
                session.execute("SELECT clock_timestamp()")
                ((at,),) = session.fetchall()

            def rows(query: Query) -> Rows:
                with connection.cursor("syncd_reconcile") as cursor:
                    cursor.execute(query("postgres", zone, (), texts))
                    yield from cursor

            yield Scan("postgres", at, rows)
    except psycopg2.Error as error:
        raise _fault(error) from error


@contextmanager
def mysql(dsn: str, zone: str) -> Iterator[Scan]:
    """A MySQL or MariaDB database; rows come one by one off the wire."""
    from pymysql.cursors import SSCursor

    from connectors.mysql import server as mysql_server

    connection = mysql_server.open_connection(dsn, cursorclass=SSCursor, read_timeout=SORTING_SECONDS_MAX)
    try:
        with mysql_server.guarded(), connection.cursor() as cursor:
            cursor.execute(MYSQL_MODES)
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            cursor.execute(_MYSQL_MOMENTS)
            moments = _names(cursor.fetchall())
            cursor.execute(_MYSQL_TEXTS)
            texts = _names(cursor.fetchall())
            cursor.execute("SELECT utc_timestamp(6)")
            ((at,),) = cursor.fetchall()

            def rows(query: Query) -> Rows:
                cursor.execute(query("mysql", zone, moments, texts))
                yield from cursor

            yield Scan("mysql", at.replace(tzinfo=UTC), rows)
    finally:
        mysql_server.close(connection)


def _names(rows: Iterable[Sequence[object]]) -> frozenset[str]:
    return frozenset(str(name).lower() for row in rows for name in row if name is not None)


def _fault(error: Exception) -> Fault:
    """The server went away, or what it was asked is wrong, or a value that it holds."""
    state = getattr(error, "pgcode", None)
    if state is None:
        return Transient("eam_away", error=error)
    return Halt("eam_value" if state.startswith("22") else "eam_query", error=error)
