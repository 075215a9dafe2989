"""An EAM of each kind for the conformance suite: the same three tables, written by the same words.

A new source is one class here and one line in EAMS.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import psycopg2
import pymysql

from connectors import memory
from connectors.changelog import source as changelog
from connectors.engine import source as engine
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import source as mysql
from connectors.postgres import source as postgres
from syncd.change import Column, Kind, Row, Table
from syncd.ports import Source

TABLES: Mapping[str, Table] = {
    "dept": Table("dept", "department", (Column("id", Kind.INTEGER), Column("name", Kind.TEXT)), (0,)),
    "asset": Table(
        "asset",
        "asset",
        (
            Column("id", Kind.INTEGER),
            Column("code", Kind.TEXT),
            Column("original_value", Kind.DECIMAL, "money"),
            Column("bought_on", Kind.DATE),
            Column("in_use", Kind.BOOLEAN),
        ),
        (0,),
    ),
    "deprec": Table(
        "deprec",
        "depreciation",
        (Column("asset_id", Kind.INTEGER), Column("period", Kind.TEXT), Column("amount", Kind.DECIMAL, "money")),
        (0, 1),
    ),
}
"""What the sources track. The EAM also has a table `note (id, text)` that no one tracks."""

SCHEMA = """
CREATE TABLE department (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE asset (id INTEGER PRIMARY KEY, code TEXT, original_value {money}, bought_on {date}, in_use BOOLEAN,
                    remark TEXT);
CREATE TABLE depreciation (asset_id INTEGER NOT NULL, period TEXT NOT NULL, amount {money},
                           PRIMARY KEY (asset_id, period));
CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)"""


class Put(NamedTuple):
    """Insert a row; values in the order of the declared columns."""

    table: str
    row: Row


class Move(NamedTuple):
    """Update the row of `key` to `row`, whose key may be another."""

    table: str
    key: tuple[object, ...]
    row: Row


class Drop(NamedTuple):
    """Delete the row of `key`."""

    table: str
    key: tuple[object, ...]


class Empty(NamedTuple):
    """Truncate."""

    table: str


Step = Put | Move | Drop | Empty


class Eam(ABC):
    """An EAM to write to, and sources over it. Each kind says what it cannot do."""

    truncates: ClassVar[bool] = True
    threads: ClassVar[bool] = True
    """Whether `commit` may be called from another thread."""
    whole: ClassVar[bool] = True
    """Whether each snapshot shows the tables as they stand then. A topic shows what was said into it."""
    resumes: ClassVar[bool] = True
    """Whether a snapshot that was interrupted goes on. One that cannot is a gap."""

    tells: bool = True
    """Whether the log says which changes are of one transaction. Where it does not, each stands for itself."""

    @abstractmethod
    def commit(self, *steps: Step) -> None:
        """One transaction."""

    @abstractmethod
    def note(self) -> None:
        """Commit something in a table that is not tracked."""

    @abstractmethod
    def connect(self) -> Source:
        """A source that has not started. Sources opened one after the other are one pipeline's."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the EAM's own connections."""


class MemoryEam(Eam):
    def __init__(self) -> None:
        self.store = memory.Store()

    def commit(self, *steps: Step) -> None:
        writes: list[memory.Write] = []
        rows = {alias: self.store.rows(table) for alias, table in TABLES.items()}
        for step in steps:
            known = rows[step.table]
            before = known.pop("|".join(map(str, step.key))) if isinstance(step, Move | Drop) else None
            after = step.row if isinstance(step, Put | Move) else None
            if after is not None:
                known["|".join(str(after[i]) for i in TABLES[step.table].key)] = after
            writes.append(memory.Write(step.table, before, after))
        self.store.commit(writes)

    def note(self) -> None:
        self.store.commit([memory.Write("note", None, (1, "x"))])

    def connect(self) -> Source:
        return memory.connect(memory.Settings(self.store), TABLES, "main")

    def close(self) -> None:
        self.store.log.clear()


class SqlEam(Eam):
    """What SQL databases share: statements from steps."""

    mark: ClassVar[str]

    def __init__(self, db: Any) -> None:
        self.db = db
        self._notes = 0

    def commit(self, *steps: Step) -> None:
        cursor = self.db.cursor()
        cursor.execute("BEGIN")
        for step in steps:
            cursor.execute(*self._statement(step))
        cursor.execute("COMMIT")

    def note(self) -> None:
        self._notes += 1
        self.db.cursor().execute(f"INSERT INTO note VALUES ({self._notes}, 'x')")

    def value(self, value: object) -> object:
        return value

    def close(self) -> None:
        self.db.close()

    def _statement(self, step: Step) -> tuple[str, Sequence[object]]:
        table = TABLES[step.table]
        names = [column.name for column in table.columns]
        where = " AND ".join(f"{names[i]} = {self.mark}" for i in table.key)
        match step:
            case Put(_, row):
                marks = ", ".join([self.mark] * len(row))
                return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", [self.value(v) for v in row]
            case Move(_, key, row):
                sets = ", ".join(f"{name} = {self.mark}" for name in names)
                return f"UPDATE {table.name} SET {sets} WHERE {where}", [self.value(v) for v in (*row, *key)]
            case Drop(_, key):
                return f"DELETE FROM {table.name} WHERE {where}", list(key)
            case Empty():
                return f"TRUNCATE {table.name}", []


class ChangelogSqliteEam(SqlEam):
    truncates = False
    tells = False
    threads = False
    mark = "?"

    def __init__(self, path: Path) -> None:
        super().__init__(sqlite3.connect(path, isolation_level=None))
        self.db.executescript("PRAGMA journal_mode = WAL;" + SCHEMA.format(money="TEXT", date="TEXT"))
        self.settings = changelog.Settings("sqlite", str(path))
        changelog.install(self.settings, TABLES)

    def value(self, value: object) -> object:
        return str(value) if isinstance(value, Decimal | date) else value

    def connect(self) -> Source:
        return changelog.connect(self.settings, TABLES, "main")


class PostgresEam(SqlEam):
    """Tables in a PostgreSQL database; what reads them is up to the kind."""

    mark = "%s"

    def __init__(self, dsn: str) -> None:
        super().__init__(psycopg2.connect(dsn))
        self.dsn = dsn
        self.db.autocommit = True
        self.db.cursor().execute(SCHEMA.format(money="NUMERIC(18, 2)", date="DATE"))


class ChangelogPostgresEam(PostgresEam):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.settings = changelog.Settings("postgres", dsn)
        changelog.install(self.settings, TABLES)

    def connect(self) -> Source:
        return changelog.connect(self.settings, TABLES, "main")


class LoggedPostgresEam(PostgresEam):
    """Read by logical replication, with whole old rows in the log."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        for table in TABLES.values():
            self.db.cursor().execute(f"ALTER TABLE {table.name} REPLICA IDENTITY FULL")
        self.settings = postgres.Settings(dsn)

    def connect(self) -> Source:
        return postgres.connect(self.settings, TABLES, self.dsn.rpartition("/")[2])


def engine_settings(dsn: str) -> engine.Settings:
    """How the engine reaches the database of a DSN."""
    where = psycopg2.extensions.parse_dsn(dsn)
    names = {"host": "hostname", "port": "port", "user": "user", "dbname": "dbname"}
    return engine.Settings(
        "postgresql", {f"database.{ours}": where[libpq] for libpq, ours in names.items()}, heartbeat_s=1.0
    )


class EnginePostgresEam(PostgresEam):
    """Read by Debezium Engine, with whole old rows in the log."""

    resumes = False

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        for table in TABLES.values():
            self.db.cursor().execute(f"ALTER TABLE {table.name} REPLICA IDENTITY FULL")
        self.settings = engine_settings(dsn)

    def connect(self) -> Source:
        return engine.connect(self.settings, TABLES, self.dsn.rpartition("/")[2])


class MysqlEam(SqlEam):
    """Tables in a MariaDB database; what reads them is up to the kind."""

    mark = "%s"

    def __init__(self, dsn: str) -> None:
        address = mysql_dsn.parse(dsn).arguments()
        super().__init__(pymysql.connect(**address, charset="utf8mb4", autocommit=True))
        self.dsn = dsn
        for sql in SCHEMA.replace("TEXT", "VARCHAR(200)").format(money="DECIMAL(18, 2)", date="DATE").split(";"):
            self.db.cursor().execute(sql)


class ChangelogMysqlEam(MysqlEam):
    truncates = False
    tells = False

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.settings = changelog.Settings("mysql", dsn)
        changelog.install(self.settings, TABLES)

    def connect(self) -> Source:
        return changelog.connect(self.settings, TABLES, "main")


class LoggedMysqlEam(MysqlEam):
    """Read by its binary log."""

    def connect(self) -> Source:
        return mysql.connect(mysql.Settings(self.dsn, retention_hours=0), TABLES, "main")


EAMS: Mapping[str, Callable[[Path, Callable[[str], str]], Eam]] = {
    "memory": lambda directory, new: MemoryEam(),
    "changelog-sqlite": lambda directory, new: ChangelogSqliteEam(directory / "eam.db"),
    "changelog-postgres": lambda directory, new: ChangelogPostgresEam(new("new_database")),
    "changelog-mysql": lambda directory, new: ChangelogMysqlEam(new("new_mariadb")),
    "postgres": lambda directory, new: LoggedPostgresEam(new("new_database")),
    "engine": lambda directory, new: EnginePostgresEam(new("new_database")),
    "mysql": lambda directory, new: LoggedMysqlEam(new("new_mariadb")),
}
"""How to make an EAM of each kind, in an empty directory or a new database, by the name of its fixture."""
