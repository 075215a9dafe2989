"""What the reconciliation reads in a column of the EAM is what the stream reads there, on each server, whatever the
column's own type and however it is called."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from connectors import scan_eam
from connectors.convert import row_converter
from syncd.books.quality import eam
from syncd.change import Malformed
from syncd.dialects import Dialect
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.language.blocks import source_sql
from syncd.mapping.language.blocks.source_columns import Server
from syncd.mapping.language.file.source import Document
from syncd.mapping.language.load import load
from syncd.mapping.language.scope import ExpressionReader
from tests.acceptance.databases import connected
from tests.unit.lab import FINANCE

ZONE: Final = "Asia/Shanghai"
MAPPING: Final = """
mapping: columns
finance: lab.yaml
tables:
  item:
    table: Anlage
    key: Nr
    subject: code
    join: {kind: '"Art"'}
    columns: {Nr: integer, code: text, 名称: text, order: text, Art: text, Wert: money, gleit: decimal, klein: decimal,
              textbetrag: money, zahl: integer, tag: date, zeit: date, wann: timestamp, da: boolean,
              zweistellig: {decimal: 2}, gerundet: {decimal: 1}, leer: {type: date, zero: null}, Merkmale: text}
  kind: {table: art.Sorte, key: key, columns: {key: text, Satz: decimal}}
rules:
  registration:
    on: item
    card: {asset_code: after.code, name: after.名称, original_value: after."Wert"}
  kinds: {on: kind, when: 'false', card: {asset_code: after.key}}
reconcile:
  on: item
  join: {other: {table: kind, key: '"Art"'}}
  where: kind."Satz" > 0 AND "order" <> 'nothing'
  asset_code: code || '-' || other.key
  original_value: '"Wert"'
  accumulated_depreciation: textbetrag
"""
COLUMNS: Final[dict[str, dict[Dialect, str]]] = {
    "Nr": {"postgres": "integer", "mysql": "INT", "sqlite": "INTEGER"},
    "code": {"postgres": "char(8)", "mysql": "CHAR(8) CHARACTER SET latin1", "sqlite": "TEXT"},
    "名称": {"postgres": "text", "mysql": "VARCHAR(20) CHARACTER SET utf8mb4", "sqlite": "TEXT"},
    "order": {"postgres": "state", "mysql": "ENUM('open', 'done')", "sqlite": "TEXT"},
    "Art": {"postgres": "uuid", "mysql": "VARCHAR(36)", "sqlite": "TEXT"},
    "Wert": {"postgres": "numeric(12, 2)", "mysql": "DECIMAL(12, 2)", "sqlite": "NUMERIC"},
    "gleit": {"postgres": "float8", "mysql": "DOUBLE", "sqlite": "REAL"},
    "klein": {"postgres": "float4", "mysql": "FLOAT", "sqlite": "REAL"},
    "textbetrag": {"postgres": "varchar(20)", "mysql": "VARCHAR(20)", "sqlite": "TEXT"},
    "zahl": {"postgres": "varchar(20)", "mysql": "VARCHAR(20)", "sqlite": "INTEGER"},
    "tag": {"postgres": "date", "mysql": "DATE", "sqlite": "TEXT"},
    "zeit": {"postgres": "timestamp", "mysql": "DATETIME", "sqlite": "TEXT"},
    "wann": {"postgres": "timestamptz", "mysql": "DATETIME", "sqlite": "TEXT"},
    "da": {"postgres": "smallint", "mysql": "TINYINT", "sqlite": "INTEGER"},
    "zweistellig": {"postgres": "float8", "mysql": "DOUBLE", "sqlite": "REAL"},
    "gerundet": {"postgres": "numeric(8, 3)", "mysql": "DECIMAL(8, 3)", "sqlite": "NUMERIC"},
    "leer": {"postgres": "varchar(10)", "mysql": "DATE", "sqlite": "TEXT"},
    "Merkmale": {"postgres": "jsonb", "mysql": "JSON", "sqlite": "TEXT"},
}
KIND: Final = "00000000-0000-0000-0000-0000000000AB".lower()
ROWS: Final = (
    (1, "FA-1", "机床", "open", KIND, "100.10", 0.1, 0.1, "12.50", "17", "2026-01-31", "2026-01-31 10:00:00",
     "2026-01-31 08:00:00", 1, 0.30000000000000004, "0.25", "2026-01-31", '{"a": {"b": "机"}}'),
    (2, "FA-2", "Säge", "done", KIND, "0.01", 1234567.89, 2.5, "15万", "-3", "2024-02-29", "2026-02-01 00:00:00",
     "2026-12-31 23:30:00", 0, 2.675, "-0.25", "0000-00-00", '{"a": {"b": 7}}'),
    (3, "FA-3", None, "open", KIND, None, None, None, None, None, None, None, None, None, None, None, None, None),
)  # fmt: skip
ZERO_DATES: Final = "UPDATE \"Anlage\" SET tag = '0000-00-00', zeit = '0000-00-00 00:00:00' WHERE \"Nr\" = 3"
TYPES: Final[dict[Dialect, str]] = {"postgres": "uuid", "mysql": "VARCHAR(36)", "sqlite": "TEXT"}


def _made(db: Any, dialect: Dialect) -> None:
    if dialect == "postgres":
        db.execute("CREATE TYPE state AS ENUM ('open', 'done')")
        db.execute("CREATE SCHEMA art")
    if dialect == "mysql":
        db.execute("SET sql_mode = 'ANSI_QUOTES'")
        db.execute("CREATE DATABASE art")
    columns = ", ".join(f'"{name}" {types[dialect]}' for name, types in COLUMNS.items())
    db.execute(f'CREATE TABLE "Anlage" ({columns})')
    sorts = '"art_Sorte"' if dialect == "sqlite" else '"art"."Sorte"'
    db.execute(f'CREATE TABLE {sorts} ("key" {TYPES[dialect]}, "Satz" DECIMAL(5, 2))')
    db.execute(f"INSERT INTO {sorts} VALUES ('{KIND}', 1)")
    for row in ROWS:
        db.execute(f'INSERT INTO "Anlage" VALUES ({", ".join(map(_literal, row))})')
    if dialect == "mysql":
        db.execute(ZERO_DATES)


def _literal(value: object) -> str:
    return "NULL" if value is None else repr(value)


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_a_column_is_what_the_stream_takes_it_for(dialect: Dialect, tmp_path: Path, request: Any) -> None:
    """Invariant 7: floats by their shortest text, text money, uuid, enum, CHAR(n), flags kept as numbers, a day kept
    as a moment, zero dates; names in capitals, in Chinese, reserved words. What is none is nothing, and told. The
    asset's own code and condition read joined rows."""
    fixture = {"postgres": "new_database", "mysql": "new_mariadb", "sqlite": None}[dialect]
    place: str = str(tmp_path / "eam.db") if fixture is None else request.getfixturevalue(fixture)()
    opened: Callable[[], Any] = (lambda: sqlite3.connect(place)) if fixture is None else lambda: connected(place)
    with closing(opened()) as db:
        _made(db, dialect)
        if fixture is None:
            db.commit()
    (tmp_path / "lab.yaml").write_text(FINANCE, "utf-8")
    (tmp_path / "columns.yaml").write_text(MAPPING, "utf-8")
    mapping = load(tmp_path / "columns.yaml")
    table, measures = mapping.tables["item"], mapping.reconcile
    assert measures is not None

    def in_sql(dialect: Dialect, *server: Any) -> str:
        given = source_sql.Given(mapping.file, mapping.tables, {})
        reader = ExpressionReader(Document(Path("x"), None, {}), zone=ZONE)
        made = source_sql.SourceSql(given, "item", {}, (), reader, Server(dialect, *server))
        asked = [made.expression(f'"{c.name}"', (), made.scope) for c in table.columns]
        asked.append(made.expression(""""Merkmale" -> 'a' ->> 'b'""", (), made.scope))
        assert made.errors == []
        return f"SELECT {', '.join(e.sql(dialect) for e in asked if e)} FROM {made._table('item')} AS a ORDER BY 1"

    scans: dict[Dialect, Callable[[], Any]] = {
        "postgres": lambda: scan_eam.postgres(place, ZONE),
        "mysql": lambda: scan_eam.mysql(place, ZONE),
        "sqlite": lambda: scan_eam.sqlite(place, ZONE, register_sqlite),
    }
    convert = row_converter(table, ZoneInfo(ZONE))
    with scans[dialect]() as scan:
        read = list(scan.rows(in_sql))
        meant = sorted(convert(row)[0] for row in scan.rows(lambda d, _, m, __: eam.rows_query(table, d, m)))
        compared = sorted(row[:3] for row in scan.rows(measures.query))
        wrong = [list(scan.rows(lambda *_, q=u.query: q)) for u in _unreadable(scan, measures)]
    for (*got, inner), wanted in zip(read, meant, strict=True):
        told = [None if isinstance(value, Malformed) else value for value in wanted]
        again, _ = row_converter(table, ZoneInfo("UTC"))(got)
        assert list(again) == told
        assert inner == (None if told[-1] is None else str(json.loads(str(told[-1]))["a"]["b"]))
    assert [(code, *map(_exact, amounts)) for code, *amounts in compared] == [
        (f"FA-1-{KIND}", "100.1", "12.5"), (f"FA-2-{KIND}", "0.01", ""), (f"FA-3-{KIND}", "", "")
    ]  # fmt: skip
    assert [tuple(map(str, row)) for rows in wrong for row in rows] == [("2", "15万")]


def _exact(amount: Any) -> str:
    return "" if amount is None else f"{Decimal(amount).normalize():f}"


def _unreadable(scan: Any, measures: Any) -> list[Any]:
    found: list[Any] = []

    def noted(*server: Any) -> str:
        found.extend(measures.unreadable(*server))
        return "SELECT 1"

    list(scan.rows(noted))
    return found
