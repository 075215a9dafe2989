"""The EAM asked with a plain statement, for the reconciliation: rows as they come, of one moment, nothing written."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final, Literal
from urllib.parse import quote

from syncd.errors import Fault, Halt, Transient

SORTING_SECONDS_MAX: Final = 3600
"""How long a server may think before it gives the first row."""
MYSQL_MODES: Final = "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION'"
"""What the SQL of expressions expects."""
Dialect = Literal["postgres", "sqlite", "mysql"]
Query = Callable[[Dialect], str]
Rows = Iterator[Sequence[Any]]


@contextmanager
def sqlite(path: str, query: Query, prepare: Callable[[sqlite3.Connection], None]) -> Iterator[Rows]:
    """From a SQLite file. `prepare` registers the functions that the statement calls."""
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=10)) as connection:
            prepare(connection)
            yield connection.execute(query("sqlite"))
    except sqlite3.Error as error:
        raise Halt("eam_query", error=error) from error


@contextmanager
def postgres(dsn: str, query: Query, schema: str = "public") -> Iterator[Rows]:
    """From a PostgreSQL database, by a cursor on its side."""
    import psycopg2

    try:
        with closing(psycopg2.connect(dsn, application_name="syncd reconcile")) as connection:
            connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
            with connection.cursor() as session:
                session.execute("SET timezone = 'UTC'")
                session.execute("SELECT set_config('search_path', quote_ident(%s) || ', public', false)", (schema,))
            with connection.cursor("syncd_reconcile") as cursor:
                cursor.execute(query("postgres"))
                yield cursor
    except psycopg2.Error as error:
        raise _fault(error) from error


@contextmanager
def mysql(dsn: str, query: Query) -> Iterator[Rows]:
    """From a MySQL or MariaDB database, row by row off the wire."""
    from pymysql.cursors import SSCursor

    from connectors.mysql import server as mysql_server

    connection = mysql_server.open_connection(dsn, cursorclass=SSCursor, read_timeout=SORTING_SECONDS_MAX)
    try:
        with mysql_server.guarded(), connection.cursor() as cursor:
            cursor.execute(MYSQL_MODES)
            cursor.execute("START TRANSACTION READ ONLY")
            cursor.execute(query("mysql"))
            yield cursor
    finally:
        mysql_server.close(connection)


def _fault(error: Exception) -> Fault:
    """The server went away, or what it was asked is wrong."""
    unreachable = getattr(error, "pgcode", None) is None
    return Transient("eam_away", error=error) if unreachable else Halt("eam_query", error=error)
