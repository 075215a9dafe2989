"""The change table in SQLite and the triggers that write it, as SQL.

A value is written as the JSON it exactly is: text and integers as such, a REAL with more digits than it has, a BLOB
as `{"blob": hex}`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import md5
from typing import Final
from uuid import uuid4

from connectors.changelog.rows import Columns

OURS: Final = ("syncd_change", "syncd_replaced", "syncd_changelog", "syncd_ack")
"""The tables that every version has installed."""
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS syncd_changelog (identity TEXT NOT NULL, pruned_to INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS syncd_ack (
  pipeline TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  acked_at TEXT NOT NULL
)""",
    "DELETE FROM syncd_changelog WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'syncd_change')",
    "DELETE FROM syncd_ack WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'syncd_change')",
    "INSERT INTO syncd_changelog SELECT lower(hex(randomblob(16))), 0 WHERE NOT EXISTS (SELECT 1 FROM syncd_changelog)",
    """CREATE TABLE IF NOT EXISTS syncd_change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  op TEXT NOT NULL,
  before TEXT,
  after TEXT,
  occurred_at TEXT NOT NULL
)""",
    "CREATE TABLE IF NOT EXISTS syncd_replaced (table_name TEXT PRIMARY KEY, before TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS syncd_renewed (part TEXT NOT NULL, was TEXT NOT NULL, now TEXT NOT NULL)",
    """CREATE TRIGGER IF NOT EXISTS syncd_gone BEFORE DELETE ON syncd_change
WHEN OLD.seq > (SELECT max(pruned_to) FROM syncd_changelog) BEGIN
  UPDATE syncd_changelog SET pruned_to = OLD.seq;
END""",
)
"""Numbers that begin anew are those of another change table. Whoever deletes what a reader has not read leaves the
number up to where it is gone."""
_MOMENTS: Final = {
    "before_insert": "BEFORE INSERT",
    "insert": "AFTER INSERT",
    "update": "AFTER UPDATE",
    "delete": "AFTER DELETE",
}
SEAL: Final = "whole"
"""A view is made after a table's triggers and tells that none of them was made after it: SQLite lists what it holds in
that order, and VACUUM keeps it."""
NOW: Final = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


def install_sql(tables: Mapping[str, Columns], signs: Mapping[str, str]) -> list[str]:
    """The change table, and the triggers of each table, of which some have signs; for one transaction."""
    return [*_TABLES, *(sql for name, columns in tables.items() for sql in _table_sql(name, columns, signs.get(name)))]


def remove_sql(tables: Sequence[str], last: bool) -> list[str]:
    """Take the triggers of `tables` away and, when they are the last, the change table too."""
    triggers = [f"DROP TRIGGER IF EXISTS {_trigger(name, kind)}" for name in tables for kind in _MOMENTS]
    seals = [f"DROP VIEW IF EXISTS {_trigger(name, SEAL)}" for name in tables]
    names = (*OURS, "syncd_renewed") if last else ()
    return [*triggers, *seals, *(f"DROP TABLE IF EXISTS {name}" for name in names)]


def _table_sql(table: str, columns: Columns, sign: str | None) -> list[str]:
    token, created = uuid4().hex, triggers(table, columns)
    noted = [_literal(text) for text in (table, sign or "", sign_of(token, created.values()))]
    renewed = f"INSERT INTO syncd_renewed SELECT {', '.join(noted)} WHERE {_is_sealed(table, sign or '')}"
    made = [
        sql for kind, create in created.items() for sql in (f"DROP TRIGGER IF EXISTS {_trigger(table, kind)}", create)
    ]
    seal = _trigger(table, SEAL)
    sealed = [f"DROP VIEW IF EXISTS {seal}", f"CREATE VIEW {seal} AS SELECT '{token}' AS token"]
    return [*((renewed,) if sign else ()), *made, *sealed]


def sign_of(token: str, texts: Iterable[str]) -> str:
    """The sign of triggers that stand before a seal; an empty token for those of a version that knew of none."""
    return f"{token}.{md5(chr(10).join(sorted(texts)).encode(), usedforsecurity=False).hexdigest()}"


def names(table: str) -> set[str]:
    """The names of a table's triggers."""
    return {f"syncd_{table}_{kind}" for kind in _MOMENTS}


def _is_sealed(table: str, sign: str) -> str:
    """The condition that triggers still are what their sign says."""
    token, _, _ = sign.partition(".")
    listed = ", ".join(map(_literal, sorted(names(table))))
    whole = f"(SELECT count(*) FROM sqlite_master t WHERE t.type = 'trigger' AND t.name IN ({listed})"
    if not token:
        return f"{whole}) = {len(_MOMENTS)}"
    seal = (
        f"SELECT 1 FROM sqlite_master v WHERE v.name = {_literal(f'syncd_{table}_{SEAL}')} AND instr(v.sql, '{token}')"
    )
    return f"EXISTS ({seal} AND {whole} AND t.rowid < v.rowid) = {len(_MOMENTS)})"


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
