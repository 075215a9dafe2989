"""Schemas as EAMs have them: names in Chinese and in mixed case, words of SQL as names, JSON, arrays, enums, binary
fractions, days of zeros. Every source reads them alike, in a snapshot and as they change."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pymysql
import pytest

from connectors.changelog import source as changelog
from connectors.engine import source as engine
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import source as mysql
from connectors.postgres import source as postgres
from syncd.change import Column, Kind, Row, Table
from syncd.ports import Source
from tests.conformance.eams import engine_settings
from tests.conformance.reading import changes, count, read_until

COLUMNS = (
    Column("Id", Kind.INTEGER),
    Column("资产编码", Kind.TEXT),
    Column("order", Kind.TEXT),
    Column("attrs", Kind.TEXT),
    Column("price", Kind.DECIMAL, places=2),
    Column("rate", Kind.DECIMAL, places=3),
    Column("status", Kind.TEXT),
    Column("Tags", Kind.TEXT, elements=Kind.TEXT),
    Column("amounts", Kind.TEXT, elements=Kind.DECIMAL),
    Column("boughtOn", Kind.DATE, is_zero_null=True),
    Column("seenAt", Kind.TIMESTAMP, is_zero_null=True),
    Column("saidOn", Kind.TEXT),
)
ROW: Row = (1, "FA-1", "a", '{"a": {"b": [1.50, "机"]}}', Decimal("0.30"), Decimal("0.125"), "in_use",
            '["x,y", null, "\\"机\\""]', '["1.50", "-2"]', None, None, "0000-00-00")  # fmt: skip
MOVED: Row = (1, "FA-2", "b", ROW[3], Decimal("2.68"), Decimal("7.000"), "idle", "[]", ROW[8], date(2026, 1, 31),
              None, "2026-01-31")  # fmt: skip
POSTGRES = """
CREATE SCHEMA "资产";
CREATE TYPE "资产"."Status" AS ENUM ('in_use', 'idle');
CREATE TABLE "资产"."Asset Card" (
  "Id" integer PRIMARY KEY, "资产编码" text, "order" text, attrs {json}, price float8, rate float4,
  status "资产"."Status", "Tags" text[], amounts numeric[], "boughtOn" text, "seenAt" text, "saidOn" text, extra int);
ALTER TABLE "资产"."Asset Card" REPLICA IDENTITY FULL"""
MARIADB = """
CREATE TABLE `Asset Card` (
  `Id` INTEGER PRIMARY KEY, `资产编码` VARCHAR(40), `order` VARCHAR(40), attrs JSON, price DOUBLE, rate FLOAT,
  status ENUM ('in_use', 'idle'), `Tags` LONGTEXT, amounts LONGTEXT, `boughtOn` DATE, `seenAt` DATETIME(3),
  `saidOn` DATE, extra INT) CHARACTER SET utf8mb4"""
SQLITE = """
CREATE TABLE "Asset Card" ("Id" INTEGER PRIMARY KEY, "资产编码" TEXT, "order" TEXT, attrs TEXT, price REAL, rate REAL,
  status TEXT, "Tags" TEXT, amounts TEXT, "boughtOn" TEXT, "seenAt" TEXT, "saidOn" TEXT, extra INT)"""
NOTHING = ("0000-00-00", "0000-00-00 00:00:00.000")
LISTS = ('["x,y", null, "\\"机\\""]', "[1.50, -2]")
LITERALS = ('{"x,y",NULL,"\\"机\\""}', "{1.50,-2}")


class Odd(NamedTuple):
    """An EAM of one kind: how a statement is run there, how a name is quoted, and the source over it."""

    execute: Callable[..., Any]
    table: str
    quote: str
    mark: str
    lists: Sequence[str]
    connect: Callable[[], Source]

    def name(self, column: str) -> str:
        return f"{self.quote}{column}{self.quote}"


def _in_postgres(dsn: str, json: str) -> Odd:
    db = psycopg2.connect(dsn)
    db.autocommit = True
    execute = db.cursor().execute
    execute(POSTGRES.format(json=json))
    table = Table("asset", "资产.Asset Card", COLUMNS, (0,))
    return Odd(execute, '"资产"."Asset Card"', '"', "%s", LITERALS, lambda: _of_postgres(dsn, table))


def _of_postgres(dsn: str, table: Table) -> Source:
    return postgres.connect(postgres.Settings(dsn), {"asset": table}, dsn.rpartition("/")[2])


def _logged_postgres(dsn: str) -> Odd:
    return _in_postgres(dsn, "jsonb")


def _changelog_postgres(dsn: str) -> Odd:
    made = _in_postgres(dsn, "json")
    tables = {"asset": Table("asset", "资产.Asset Card", COLUMNS, (0,))}
    settings = changelog.Settings("postgres", dsn)
    changelog.install(settings, tables)
    return made._replace(connect=lambda: changelog.connect(settings, tables, "main"))


def _engine_postgres(dsn: str) -> Odd:
    made = _in_postgres(dsn, "json")
    tables = {"asset": Table("asset", "资产.Asset Card", COLUMNS, (0,))}
    return made._replace(connect=lambda: engine.connect(engine_settings(dsn), tables, dsn.rpartition("/")[2]))


def _in_mariadb(dsn: str, connect: Callable[[str, Table], Source]) -> Odd:
    db = pymysql.connect(**mysql_dsn.parse(dsn).arguments(), charset="utf8mb4", autocommit=True)
    execute = db.cursor().execute
    execute("SET sql_mode = ''")
    execute(MARIADB)
    table = Table("asset", "Asset Card", COLUMNS, (0,))
    return Odd(execute, "`Asset Card`", "`", "%s", LISTS, lambda: connect(dsn, table))


def _logged_mariadb(dsn: str) -> Odd:
    return _in_mariadb(
        dsn, lambda dsn, table: mysql.connect(mysql.Settings(dsn, retention_hours=0), {"asset": table}, "main")
    )


def _changelog_mariadb(dsn: str) -> Odd:
    settings = changelog.Settings("mysql", dsn)
    made = _in_mariadb(dsn, lambda dsn, table: changelog.connect(settings, {"asset": table}, "main"))
    changelog.install(settings, {"asset": Table("asset", "Asset Card", COLUMNS, (0,))})
    return made


def _changelog_sqlite(path: Path) -> Odd:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(SQLITE)
    tables = {"asset": Table("asset", "Asset Card", COLUMNS, (0,))}
    settings = changelog.Settings("sqlite", str(path))
    changelog.install(settings, tables)
    return Odd(db.execute, '"Asset Card"', '"', "?", LISTS, lambda: changelog.connect(settings, tables, "main"))


MADE: dict[str, tuple[str, Callable[..., Odd]]] = {
    "postgres": ("new_database", _logged_postgres),
    "changelog-postgres": ("new_database", _changelog_postgres),
    "engine": ("new_database", _engine_postgres),
    "mysql": ("new_mariadb", _logged_mariadb),
    "changelog-mysql": ("new_mariadb", _changelog_mariadb),
    "changelog-sqlite": ("", _changelog_sqlite),
}


@pytest.fixture(params=MADE)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Odd:
    fixture, make = MADE[request.param]
    return make(request.getfixturevalue(fixture)() if fixture else tmp_path / "eam.db")


def test_odd_columns_are_read_alike_by_snapshot_and_stream(odd: Odd) -> None:
    """Invariants 7 and 14: one door for binary fractions, nothing where a day of zeros says nothing, every name
    quoted."""
    given = (1, "FA-1", "a", ROW[3], 0.1 + 0.2, 0.125, "in_use", *odd.lists, *NOTHING, "0000-00-00", 1)
    marks = ", ".join([odd.mark] * len(given))
    odd.execute(f"INSERT INTO {odd.table} VALUES ({marks})", given)
    with closing(odd.connect()) as source:
        source.start(None)
        (read,) = changes(read_until(source, count(1)))
        assert (read.op, read.after, read.flawed) == ("read", ROW, False)
        read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))
        written = {"资产编码": "FA-2", "order": "b", "price": 2.675, "rate": 7, "status": "idle"}
        written |= {"Tags": "{}" if odd.lists is LITERALS else "[]", "boughtOn": "2026-01-31", "saidOn": "2026-01-31"}
        sets = ", ".join(f"{odd.name(column)} = {odd.mark}" for column in written)
        odd.execute(f"UPDATE {odd.table} SET {sets} WHERE {odd.name('Id')} = 1", [*written.values()])
        odd.execute(f"DELETE FROM {odd.table} WHERE {odd.name('order')} = 'b'")
        said = changes(read_until(source, count(2)))
    assert [(c.op, c.before, c.after) for c in said] == [("update", ROW, MOVED), ("delete", MOVED, None)]
