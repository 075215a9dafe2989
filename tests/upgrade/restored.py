"""A recorded state, brought back to life on servers of this run: finance with syncd's state, and the EAM beside it."""

import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pymysql

from connectors.mysql import dsn as mysql_dsn
from syncd import statements
from syncd.demo.stage import File
from tests.acceptance.databases import Database, MariaDb, Postgres
from tests.acceptance.plant import Plant

RECORDED = Path(__file__).parent
VERSIONS = tuple(sorted(folder.name for folder in RECORDED.iterdir() if (folder / "mappings").is_dir()))
KINDS = ("sqlite", "postgres", "mariadb")


class Sqlite(Database):
    """A SQLite file."""

    kind = "sqlite"
    bytewise = "BINARY"

    def connect(self) -> Any:
        return sqlite3.connect(self.dsn, factory=File, isolation_level=None, timeout=10)

    def spell(self, sql: str) -> str:
        return statements.without_schemas(sql)

    def retype(self, table: str, column: str, type: str) -> None:
        raise NotImplementedError("a column of SQLite takes any value")


@contextmanager
def restored(version: str, kind: str, folder: Path, new_database: Callable[[], str]) -> Iterator[Plant]:
    """The company as that version left it; nothing has been migrated. `new_database` gives the DSN of an empty one,
    where finance is on a server."""
    recorded = RECORDED / version
    shutil.copytree(recorded / "mappings", folder / "mappings")
    unpack(recorded / f"{kind}.eam.db.gz", folder / "eam.db")
    finance: Database
    if kind == "sqlite":
        unpack(recorded / "sqlite.finance.db.gz", folder / "finance.db")
        finance = Sqlite(str(folder / "finance.db"))
        ledger = {"kind": "sqlite", "path": finance.dsn}
    else:
        dsn, script = new_database(), (recorded / f"{kind}.finance.sql").read_text("utf-8")
        (_fill_postgres if kind == "postgres" else _fill_mariadb)(dsn, script)
        finance = Postgres(dsn) if kind == "postgres" else MariaDb(dsn)
        ledger = {"kind": finance.kind, "dsn": dsn}
    eam = Sqlite(str(folder / "eam.db"))
    source = {"kind": "changelog", "dialect": "sqlite", "database": eam.dsn}
    ends = {"mapping": "mappings/demo.yaml", "source": source, "ledger": ledger}
    lines = [f"    {name}: {json.dumps(end)}" for name, end in ends.items()]
    config = folder / "syncd.yaml"
    config.write_text("\n".join(["pipelines:", "  demo:", *lines, ""]), "utf-8")
    try:
        yield Plant(eam, finance, config)
    finally:
        eam.close()
        finance.close()


def unpack(packed: Path, path: Path) -> None:
    path.write_bytes(gzip.decompress(packed.read_bytes()))


def _fill_postgres(dsn: str, script: str) -> None:
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(script)
    connection.close()


def _fill_mariadb(dsn: str, script: str) -> None:
    at, many = mysql_dsn.parse(dsn), pymysql.constants.CLIENT.MULTI_STATEMENTS
    connection = pymysql.connect(**at.arguments(), autocommit=True, client_flag=many)
    with connection.cursor() as cursor:
        cursor.execute(script)
        while cursor.nextset():
            pass
    connection.close()
