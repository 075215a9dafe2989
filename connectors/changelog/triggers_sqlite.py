"""The change table in SQLite and the triggers that write it, as SQL.

A value is written as the JSON it exactly is: text and integers as such, a REAL with more digits than it has, a BLOB
as `{"blob": hex}`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.changelog.rows import Columns

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS syncd_change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  op TEXT NOT NULL,
  before TEXT,
  after TEXT,
  occurred_at TEXT NOT NULL
)""",
    "CREATE TABLE IF NOT EXISTS syncd_replaced (table_name TEXT PRIMARY KEY, before TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS syncd_changelog (identity TEXT NOT NULL, pruned_to INTEGER NOT NULL)",
    "INSERT INTO syncd_changelog SELECT lower(hex(randomblob(16))), 0 WHERE NOT EXISTS (SELECT 1 FROM syncd_changelog)",
    """CREATE TABLE IF NOT EXISTS syncd_ack (
  pipeline TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  acked_at TEXT NOT NULL
)""",
)
_MOMENTS: Final = {
    "before_insert": "BEFORE INSERT",
    "insert": "AFTER INSERT",
    "update": "AFTER UPDATE",
    "delete": "AFTER DELETE",
}
NOW: Final = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


def install_sql(tables: Mapping[str, Columns]) -> list[str]:
    """The change table, and the triggers of each table."""
    return [*_TABLES, *(sql for name, columns in tables.items() for sql in _table_sql(name, columns))]


def remove_sql(tables: Sequence[str], last: bool) -> list[str]:
    """Take the triggers of `tables` away and, when they are the last, the change table too."""
    triggers = [f"DROP TRIGGER IF EXISTS {_trigger(name, kind)}" for name in tables for kind in _MOMENTS]
    names = ("syncd_change", "syncd_replaced", "syncd_changelog", "syncd_ack") if last else ()
    return triggers + [f"DROP TABLE IF EXISTS {name}" for name in names]


def _table_sql(table: str, columns: Columns) -> list[str]:
    return [
        sql
        for kind, create in triggers(table, columns).items()
        for sql in (f"DROP TRIGGER IF EXISTS {_trigger(table, kind)}", create)
    ]


def triggers(table: str, columns: Columns) -> dict[str, str]:
    """The four triggers of a table by kind. `INSERT OR REPLACE` deletes a row without telling the delete trigger: the
    row is kept aside before the insert, and the insert becomes the update that it is. A row that gives way to another
    key's row, over some other unique column, goes unseen."""
    name, spelled = _literal(table), quoted(table)
    old, new = image("OLD", columns.names), image("NEW", columns.names)
    same_key = " AND ".join(f"r.{quoted(c)} = NEW.{quoted(c)}" for c in columns.key)
    aside = f"(SELECT before FROM syncd_replaced WHERE table_name = {name})"
    forget = f"DELETE FROM syncd_replaced WHERE table_name = {name};"
    log = "INSERT INTO syncd_change (table_name, op, before, after, occurred_at) VALUES"
    bodies = {
        "before_insert": f"""{forget}
  INSERT INTO syncd_replaced SELECT {name}, {image("r", columns.names)} FROM {spelled} AS r WHERE {same_key};""",
        "insert": f"""{log} ({name}, CASE WHEN {aside} IS NULL THEN 'insert' ELSE 'update' END, {aside}, {new}, {NOW});
  {forget}""",
        "update": f"{log} ({name}, 'update', {old}, {new}, {NOW});",
        "delete": f"{log} ({name}, 'delete', {old}, NULL, {NOW});\n  {forget}",
    }
    return {
        kind: f"CREATE TRIGGER {_trigger(table, kind)} {_MOMENTS[kind]} ON {spelled} BEGIN\n"
        f"  {columns.comment()}\n  {body}\nEND"
        for kind, body in bodies.items()
    }


def image(row: str, names: Sequence[str]) -> str:
    """The expression that is a row (`OLD`, `NEW`, an alias) as a JSON object."""
    fields = (
        f"'{_literal(json.dumps(n, ensure_ascii=False))[1:-1]}:' || {_value(f'{row}.{quoted(n)}')}" for n in names
    )
    return "'{' || " + " || ',' || ".join(fields) + " || '}'"


def _value(column: str) -> str:
    """An infinite REAL becomes one that reads back as infinite; a trigger must never fail the EAM's own write."""
    return (
        f"CASE typeof({column}) WHEN 'real' THEN replace(printf('%!.20e', {column}), 'Inf', '1e999')"
        f" WHEN 'blob' THEN '{{\"blob\":\"' || hex({column}) || '\"}}' ELSE json_quote({column}) END"
    )


def _trigger(table: str, kind: str) -> str:
    return quoted(f"syncd_{table}_{kind}")


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
