"""The change table in PostgreSQL and the triggers that write it, as SQL.

One function writes for all tables. It takes the declared columns out of the whole row as JSON, so that a column
which the EAM drops or renames is merely absent: a trigger must never fail the EAM's own write.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.changelog.rows import Columns

TRIGGER: Final = "0_syncd_change"
"""Triggers fire by name: ours before those that change the row again, so that it writes in the order of effects."""
TRUNCATE_TRIGGER: Final = "0_syncd_truncate"
_TABLES: Final = """CREATE TABLE IF NOT EXISTS {schema}.syncd_change (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  txid BIGINT NOT NULL,
  table_name TEXT NOT NULL,
  op TEXT NOT NULL,
  before TEXT,
  after TEXT,
  occurred_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.syncd_changelog (identity TEXT NOT NULL, pruned_to BIGINT NOT NULL);
INSERT INTO {schema}.syncd_changelog SELECT md5(random()::text || clock_timestamp()), 0
WHERE NOT EXISTS (SELECT FROM {schema}.syncd_changelog);
CREATE TABLE IF NOT EXISTS {schema}.syncd_ack (
  pipeline TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  acked_at TIMESTAMPTZ NOT NULL
)"""
_IMAGE: Final = """CREATE OR REPLACE FUNCTION {schema}.syncd_image(whole JSONB, columns TEXT[]) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT json_object_agg(key, value)::text FROM pg_catalog.jsonb_each_text(whole) WHERE key = ANY (columns)
$$"""
_WRITE_BODY: Final = """
BEGIN
  INSERT INTO {schema}.syncd_change (txid, table_name, op, before, after, occurred_at)
  VALUES (
    txid_current(), TG_ARGV[0], lower(TG_OP),
    CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN {schema}.syncd_image(to_jsonb(OLD), TG_ARGV[1]::text[]) END,
    CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN {schema}.syncd_image(to_jsonb(NEW), TG_ARGV[1]::text[]) END,
    to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  );
  PERFORM pg_notify('syncd_change', '');
  RETURN NULL;
END
"""
_WRITE: Final = """CREATE OR REPLACE FUNCTION {schema}.syncd_write() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $${body}$$"""
_TRIGGER: Final = """DROP TRIGGER IF EXISTS {trigger} ON {table};
CREATE TRIGGER {trigger} AFTER {events} ON {table}
FOR EACH {level} EXECUTE FUNCTION {schema}.syncd_write({name}, {columns}, {key});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"""


def install_sql(schema: str, tables: Mapping[str, Columns]) -> list[str]:
    """The change table, its function, and the triggers of each table (`schema.table`)."""
    where = quoted(schema)
    return [
        *_TABLES.format(schema=where).split(";\n"),
        _IMAGE.format(schema=where),
        _WRITE.format(schema=where, body=write_body(schema)),
        *(sql for table, columns in tables.items() for sql in _table_sql(schema, table, columns)),
    ]


def remove_sql(schema: str, tables: Sequence[str], last: bool) -> list[str]:
    """Take the triggers of `tables` away and, when they are the last, the change table too."""
    where = quoted(schema)
    statements = [
        f"DROP TRIGGER IF EXISTS {quoted(trigger)} ON {quoted_table(table)}"
        for table in tables
        for trigger in (TRIGGER, TRUNCATE_TRIGGER)
    ]
    if last:
        statements += [
            f"DROP FUNCTION IF EXISTS {where}.syncd_write()",
            f"DROP FUNCTION IF EXISTS {where}.syncd_image(JSONB, TEXT[])",
            f"DROP TABLE IF EXISTS {where}.syncd_change, {where}.syncd_changelog, {where}.syncd_ack",
        ]
    return statements


def write_body(schema: str) -> str:
    """The body of the function, as the server stores it."""
    return _WRITE_BODY.format(schema=quoted(schema))


def _table_sql(schema: str, table: str, columns: Columns) -> list[str]:
    kinds = ((TRIGGER, "INSERT OR UPDATE OR DELETE", "ROW"), (TRUNCATE_TRIGGER, "TRUNCATE", "STATEMENT"))
    return [
        statement
        for trigger, events, level in kinds
        for statement in _TRIGGER.format(
            schema=quoted(schema),
            trigger=quoted(trigger),
            table=quoted_table(table),
            events=events,
            level=level,
            name=_literal(table),
            columns=_literal(_array(columns.names)),
            key=_literal(_array(columns.key)),
        ).split(";\n")
    ]


def quoted_table(table: str) -> str:
    """`schema.table` as an identifier."""
    schema, _, name = table.partition(".")
    return f"{quoted(schema)}.{quoted(name)}"


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _array(names: Sequence[str]) -> str:
    return "{" + ",".join(json.dumps(name, ensure_ascii=False) for name in names) + "}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
