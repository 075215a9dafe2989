"""Time is where the books are, also in finance: what each kind of column is given, and what a card gives back."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pymysql
import pytest

from connectors import memory
from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from connectors.ledger import sqlite as ledger_sqlite
from connectors.mysql import dsn as mysql_dsn
from syncd.daemon import pipeline
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.ports import Ledger
from tests.unit.lab import FINANCE, NOW, SQL, Feed

MAPPING = """
mapping: times
finance: finance.yaml
timezone: Asia/Shanghai
tables:
  asset:
    table: eam.asset
    key: id
    subject: code
    columns: {id: integer, code: text, at: timestamp, name: text}
rules:
  registration:
    on: asset
    when: op = 'insert'
    card: {asset_code: after.code, name: after.name, seen_at: after.at}
    write:
      - {table: seen, key: [id], values: {id: after.id, wall: after.at, moment: "after.at + INTERVAL '1 hour'"}}
  renamed:
    on: asset
    when: op = 'update'
    change: {asset_code: after.code, name: "to_char(card.seen_at, 'MM-DD HH24:MI')"}
"""
KINDS = {"postgres": ("timestamp", "timestamptz"), "mysql": ("DATETIME", "TIMESTAMP NULL"), "sqlite": ("TEXT", "TEXT")}
"""Of a column that keeps wall times, and of one that keeps moments."""
AT = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
"""Half past midnight on the first of March in Shanghai."""


class Finance(NamedTuple):
    """A finance database: a ledger on it, and its rows as someone sees them whose session is in UTC."""

    open: Callable[[Loaded], Ledger]
    ask: Callable[[str], list[tuple[Any, ...]]]


def created(dialect: str) -> list[str]:
    wall, moment = KINDS[dialect]
    script = SQL.replace("name TEXT CHECK (length(name) <= 10),", f"name TEXT, seen_at {wall}, moment {moment},")
    script += f"CREATE TABLE seen (id INTEGER PRIMARY KEY, wall {wall}, moment {moment});"
    if dialect == "mysql":
        script = script.replace("TEXT", "VARCHAR(60)").replace(" REFERENCES gl_account", "")
    return [sql for sql in script.split(";") if sql.strip()]


@pytest.fixture(params=KINDS)
def finance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Finance]:
    match request.param:
        case "postgres":
            dsn = request.getfixturevalue("new_database")()
            with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
                connection.autocommit = True
                cursor.execute(";".join(created("postgres")))
                cursor.execute("SET timezone = 'UTC'")
                settings: Any = ledger_postgres.Settings(dsn)
                yield Finance(_opener(ledger_postgres.connect, settings), lambda sql: _asked(cursor, sql))
        case "mysql":
            dsn = request.getfixturevalue("new_mariadb")()
            arguments = mysql_dsn.parse(dsn).arguments()
            with closing(pymysql.connect(**arguments, autocommit=True)) as session, session.cursor() as told:
                for sql in [*created("mysql"), "SET time_zone = '+00:00'"]:
                    told.execute(sql)
                settings = ledger_mysql.Settings(dsn)
                yield Finance(_opener(ledger_mysql.connect, settings), lambda sql: _asked(told, sql))
        case _:
            path = tmp_path / "finance.db"
            with closing(sqlite3.connect(path, isolation_level=None)) as file:
                file.executescript(";".join(created("sqlite")))
                settings = ledger_sqlite.Settings(path)
                yield Finance(_opener(ledger_sqlite.connect, settings), lambda sql: file.execute(sql).fetchall())


def _opener(connect: Callable[..., Ledger], settings: Any) -> Callable[[Loaded], Ledger]:
    return lambda m: connect(settings, "times", m.layout, m.tables, m.hash, dry_run=False)


def _asked(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


@pytest.fixture
def mapping(tmp_path: Path) -> Loaded:
    columns = "name: card.name, seen_at: card.seen_at, moment: card.seen_at, "
    (tmp_path / "finance.yaml").write_text(FINANCE.replace("name: card.name, ", columns), "utf-8")
    (tmp_path / "times.yaml").write_text(MAPPING, "utf-8")
    return load(tmp_path / "times.yaml")


def test_each_kind_of_column_is_given_the_same_time_and_the_card_gives_it_back(
    finance: Finance, mapping: Loaded
) -> None:
    store, old = memory.Store(), (1, "FA-1", AT, "lathe")
    with closing(finance.open(mapping)) as ledger:
        migrate(ledger, NOW)
        source = memory.connect(memory.Settings(store), mapping.tables, "times")
        source.start(None)
        feed, translator = Feed(source, 100), mapping.translator("times")
        for before, after in ((None, old), (old, (1, "FA-1", AT, "mill"))):
            store.commit([memory.Write("asset", before, after)], AT)
            for _ in range(3):
                pipeline.step(feed, translator, ledger, lambda outcomes: None)
    assert finance.ask("SELECT name FROM fa_card") == [("03-01 00:30",)]
    ((wall, moment),) = finance.ask("SELECT seen_at, moment FROM fa_card")
    assert (_digits(wall), _instant(moment)) == ("2026-03-01 00:30:00", AT)
    ((wall, moment),) = finance.ask("SELECT wall, moment FROM seen")
    assert (_digits(wall), _instant(moment)) == ("2026-03-01 00:30:00", AT.replace(hour=17))


def _digits(value: object) -> str:
    return str(value)[:19]


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(str(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
