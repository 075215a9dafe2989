"""Connections of the people and of the oracle: autocommit, `?` parameters, the same SQL on every server."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg2
import pymysql

from connectors.mysql import dsn as mysql_dsn
from syncd.dialects import Dialect
from syncd.dialects.mysql import spelled


class Database(ABC):
    """A connection as `syncd.demo.eam` wants it. State tables are written `syncd.name`."""

    kind: ClassVar[Dialect]
    bytewise: ClassVar[str]
    """The collation that sorts text as positions sort."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.open()

    @abstractmethod
    def connect(self) -> Any:
        """A new connection of the driver in autocommit mode."""

    @abstractmethod
    def spell(self, sql: str) -> str:
        """The statement as the driver takes it."""

    @abstractmethod
    def retype(self, table: str, column: str, type: str) -> None:
        """Give a column another type."""

    @property
    def name(self) -> str:
        return str(self.value("SELECT current_database()" if self.kind == "postgres" else "SELECT database()"))

    def open(self) -> None:
        """Connect, or connect again after the server was away."""
        self.connection = self.connect()
        self._cursor = self.connection.cursor()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        # A reader of SQLite that goes on to write is refused at once where another has written meanwhile.
        self.execute("BEGIN IMMEDIATE" if self.kind == "sqlite" else "BEGIN")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        self._cursor.execute(self.spell(sql), tuple(parameters))
        return self._cursor

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> Any:
        for row in parameters:
            self.execute(sql, row)
        return self._cursor

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return list(self.execute(sql, parameters).fetchall())

    def value(self, sql: str, *parameters: object) -> Any:
        found = self.rows(sql, *parameters)
        return found[0][0] if found else None

    def close(self) -> None:
        self.connection.close()


class Postgres(Database):
    """A PostgreSQL database."""

    kind = "postgres"
    bytewise = '"C"'

    def connect(self) -> Any:
        connection = psycopg2.connect(self.dsn)
        connection.autocommit = True
        return connection

    def spell(self, sql: str) -> str:
        return sql.replace("%", "%%").replace("?", "%s")

    def retype(self, table: str, column: str, type: str) -> None:
        self.execute(f"ALTER TABLE {table} ALTER {column} TYPE {type}")


class MariaDb(Database):
    """A MariaDB or MySQL database."""

    kind = "mysql"
    bytewise = "utf8mb4_bin"

    def connect(self) -> Any:
        at = mysql_dsn.parse(self.dsn)
        connection = pymysql.connect(**at.arguments(), autocommit=True)
        connection.query("SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,STRICT_ALL_TABLES'")
        return connection

    def spell(self, sql: str) -> str:
        return spelled(sql).replace("%", "%%").replace("?", "%s")

    def retype(self, table: str, column: str, type: str) -> None:
        self.execute(f"ALTER TABLE {table} MODIFY {column} {type}")


class Sqlite(Database):
    """A database in a file; its DSN is the path."""

    kind = "sqlite"
    bytewise = "BINARY"

    def connect(self) -> Any:
        return sqlite3.connect(self.dsn, isolation_level=None, timeout=30)

    def spell(self, sql: str) -> str:
        return sql.replace("syncd.", "syncd_")

    def retype(self, table: str, column: str, type: str) -> None:
        raise NotImplementedError("SQLite does not")


def connected(dsn: str) -> Database:
    """A connection of the kind that the DSN names."""
    if dsn.endswith(".db"):
        return Sqlite(dsn)
    return MariaDb(dsn) if dsn.startswith("mysql://") else Postgres(dsn)
