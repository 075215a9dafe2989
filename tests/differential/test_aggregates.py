"""What is made of the lines of a document, as each server computes it for the reconciliation, and as a rule does."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from connectors import scan_eam
from syncd.dialects import Dialect
from syncd.mapping.expression.parse import RUNTIME, parse
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.expression.terms import Many
from syncd.mapping.language import scope
from syncd.mapping.language.blocks import source_sql
from syncd.mapping.language.blocks.source_columns import Server
from syncd.mapping.language.file.source import Document
from syncd.mapping.language.load import load
from syncd.mapping.language.scope import ExpressionReader
from tests.acceptance.databases import connected
from tests.unit.lab import FINANCE

MAPPING: Final = """
mapping: aggregates
finance: lab.yaml
tables:
  head: {table: Kopf, key: [Jahr, Nr], columns: {Jahr: integer, Nr: text, rate: money}}
  line:
    table: Zeile
    key: id
    columns: {id: integer, Jahr: integer, Nr: text, kind_id: integer, amount: money, pieces: integer, day: date,
              note: text}
references: {kind: {table: kind, key: id, columns: {id: integer, code: text, factor: decimal}}}
documents: {order: {header: head, lines: {item: {table: line, of: [Jahr, Nr], join: {kind: kind_id}}}}}
rules:
  order: {on: order, card: {asset_code: after."Nr", original_value: sum(item.amount)}}
"""
DDL: Final = [
    'CREATE TABLE "Kopf" ("Jahr" INTEGER, "Nr" VARCHAR(10), rate DECIMAL(12, 2))',
    'CREATE TABLE "Zeile" (id INTEGER, "Jahr" INTEGER, "Nr" VARCHAR(10), kind_id INTEGER, amount DECIMAL(12, 2),'
    " pieces INTEGER, day DATE, note VARCHAR(10))",
    "CREATE TABLE kind (id INTEGER, code VARCHAR(10), factor DECIMAL(6, 3))",
    """INSERT INTO "Kopf" VALUES (2026, 'A', 1.50), (2026, 'B', 2), (2026, 'a', 1), (2025, 'A', 3)""",
    """INSERT INTO "Zeile" VALUES (1, 2026, 'A', 1, 0.10, 3, '2026-01-31', 'x'), (2, 2026, 'A', 2, 0.20, 1, NULL, NULL),
       (3, 2026, 'A', 9, 9.00, NULL, '2026-02-01', 'z'), (4, 2026, 'a', 1, 100.00, 2, '2024-02-29', NULL),
       (5, 2025, 'A', 2, NULL, 7, NULL, 'y'), (6, 2025, 'A', NULL, -10.00, 7, '2025-12-31', 'y')""",
    "INSERT INTO kind VALUES (1, 'M', 1.125), (2, 'S', 0.5)",
]
EXPRESSIONS: Final = [
    "sum(item.amount)",
    "coalesce(sum(item.amount), 0)",
    "sum(item.amount * kind.factor) FILTER (WHERE kind.code = 'M')",
    "sum(item.amount) FILTER (WHERE item.amount < rate AND item.note IS NOT NULL)",
    "sum(item.pieces)",
    "count(*)",
    "count(item.note) FILTER (WHERE item.pieces >= 3)",
    "min(item.amount)",
    "max(item.amount) - min(item.amount)",
    "max(item.pieces)",
    "min(item.day)",
    "rate - coalesce(sum(item.amount), 0.00)",
    "CASE WHEN count(*) > 2 THEN max(item.amount) ELSE -1.00 END",
]


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_what_is_made_of_lines_is_the_same_everywhere(dialect: Dialect, tmp_path: Path, request: Any) -> None:
    """Invariant 7, of documents: sums, counts, the least and the most, of some lines, with what these join; a key of
    two columns of which one differs by its letters' case alone; a document without lines; NULLs."""
    fixture = {"postgres": "new_database", "mysql": "new_mariadb"}.get(dialect)
    place: str = str(tmp_path / "eam.db") if fixture is None else request.getfixturevalue(fixture)()
    with closing(connected(place)) as db:
        for sql in DDL:
            db.execute(sql)
    (tmp_path / "lab.yaml").write_text(FINANCE, "utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    mapping = load(tmp_path / "mapping.yaml")
    reader = ExpressionReader(Document(Path("x"), None, {}), zone="UTC")

    def statement(dialect: Dialect, *server: Any) -> str:
        given = source_sql.Given(mapping.file, mapping.tables, {})
        made = source_sql.SourceSql(given, "order", {}, (), reader, Server(dialect, *server))
        asked = [made.expression(text, (), made.scope) for text in ('"Jahr"', '"Nr"', *EXPRESSIONS)]
        return f"SELECT {', '.join(e.sql(dialect) for e in asked if e)} FROM {made._table('head')} AS a"

    scans: dict[Dialect, Callable[[], Any]] = {
        "postgres": lambda: scan_eam.postgres(place, "UTC"),
        "mysql": lambda: scan_eam.mysql(place, "UTC"),
        "sqlite": lambda: scan_eam.sqlite(place, "UTC", register_sqlite),
    }
    with scans[dialect]() as scan:
        found = {(row[0], row[1]): [*map(_plain, row[2:])] for row in scan.rows(statement)}
    assert reader.errors == []
    assert found == {key: [*map(_plain, values)] for key, values in _meant(mapping).items()}


def _meant(mapping: Any) -> Mapping[tuple[int, str], list[object]]:
    """As the stream computes it, of rows as it reads them."""
    with closing(sqlite3.connect(":memory:")) as db:
        for sql in DDL:
            db.execute(sql)
        heads, lines, kinds = (db.execute(f'SELECT * FROM "{name}"').fetchall() for name in ("Kopf", "Zeile", "kind"))
    kind_of = {row[0]: (row[0], row[1], Decimal(str(row[2]))) for row in kinds}
    many = Many("item", "lines", ("l0", "k0"))
    names = {**scope.columns(mapping.tables["head"], "a")}
    for table, variable, word in ((mapping.tables["line"], "l0", "item"), (mapping.tables["kind"], "k0", "kind")):
        names |= {name: replace(one, many=many) for name, one in scope.columns(table, variable, word).items()}
    meant: dict[tuple[int, str], list[object]] = {}
    for year, number, rate in heads:
        own = [
            ((number_of, y, n, kind, None if amount is None else Decimal(str(amount)), pieces,
              None if day is None else date.fromisoformat(day), note), kind_of.get(kind, (None,) * 3))
            for number_of, y, n, kind, amount, pieces, day, note in lines if (y, n) == (year, number)
        ]  # fmt: skip
        said = {"lines": own, "a": (year, number, Decimal(str(rate)))}
        meant[year, number] = [eval(parse(text, names).python(), {**RUNTIME, **said}) for text in EXPRESSIONS]
    return meant


def _plain(value: object) -> object:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return f"{Decimal(value).normalize():f}"
    try:
        return f"{Decimal(str(value)).normalize():f}" if value is not None else None
    except ArithmeticError:
        return str(value)
