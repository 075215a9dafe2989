"""The change table in PostgreSQL and the triggers that write it, as SQL.

One function writes for all tables. It takes the declared columns out of the whole row as JSON, so that a column
which the EAM drops or renames is merely absent: a trigger must never fail the EAM's own write.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.changelog.rows import Columns

OURS: Final = ("change", "changelog", "ack")
"""The tables that every version has installed."""
TRIGGER: Final = "0_syncd_change"
"""Triggers fire by name: ours before those that change the row again, so that it writes in the order of effects."""
TRUNCATE_TRIGGER: Final = "0_syncd_truncate"
NAMES: Final = f"('{TRIGGER}', '{TRUNCATE_TRIGGER}')"
TRIGGER_SIGN: Final = "string_agg(t.oid::text || '.' || t.xmin::text, ' ' ORDER BY t.tgname)"
"""The sign of a table's triggers `t`: what is made anew has another oid, what is altered another xmin."""
WHOLE: Final = """
    SELECT concat_ws(' ',
      (SELECT c.oid::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = %s AND c.relname = 'syncd_change'),
      (SELECT string_agg(p.oid::text || '.' || p.xmin::text, ' ' ORDER BY p.proname)
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname = %s AND p.proname IN ('syncd_write', 'syncd_image')))
"""
"""The sign of the change table and the functions, twice by the name of their schema."""
FUNCTIONS: Final = """
    SELECT p.proname, p.prosrc, p.prosecdef, p.proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = %s AND p.proname IN ('syncd_write', 'syncd_image') ORDER BY p.proname
"""
_TABLES: Final = """CREATE TABLE IF NOT EXISTS {schema}.syncd_changelog (
  identity TEXT NOT NULL,
  pruned_to BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.syncd_ack (
  pipeline TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  acked_at TIMESTAMPTZ NOT NULL
);
DELETE FROM {schema}.syncd_changelog WHERE to_regclass({change}) IS NULL;
DELETE FROM {schema}.syncd_ack WHERE to_regclass({change}) IS NULL;
INSERT INTO {schema}.syncd_changelog SELECT md5(random()::text || clock_timestamp()), 0
WHERE NOT EXISTS (SELECT FROM {schema}.syncd_changelog);
CREATE TABLE IF NOT EXISTS {schema}.syncd_change (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  txid BIGINT NOT NULL,
  table_name TEXT NOT NULL,
  op TEXT NOT NULL,
  before TEXT,
  after TEXT,
  occurred_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS {schema}.syncd_renewed (
  part TEXT NOT NULL,
  was TEXT NOT NULL,
  now TEXT,
  txid BIGINT NOT NULL
)"""
"""Numbers that begin anew are those of another change table."""
_GONE: Final = """CREATE OR REPLACE FUNCTION {schema}.syncd_gone() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    UPDATE {schema}.syncd_changelog
    SET pruned_to = greatest(pruned_to, (SELECT max(seq) FROM {schema}.syncd_change));
  ELSE
    UPDATE {schema}.syncd_changelog SET pruned_to = greatest(pruned_to, (SELECT max(seq) FROM gone));
  END IF;
  RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS syncd_gone ON {schema}.syncd_change;
DROP TRIGGER IF EXISTS syncd_emptied ON {schema}.syncd_change;
CREATE TRIGGER syncd_gone AFTER DELETE ON {schema}.syncd_change REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.syncd_gone();
CREATE TRIGGER syncd_emptied BEFORE TRUNCATE ON {schema}.syncd_change
FOR EACH STATEMENT EXECUTE FUNCTION {schema}.syncd_gone()"""
"""Whoever deletes what a reader has not read leaves the number up to where it is gone."""
_IMAGE_BODY: Final = """
  SELECT json_object_agg(key, value)::text FROM pg_catalog.jsonb_each_text(whole) WHERE key = ANY (columns)
"""
_IMAGE: Final = """CREATE OR REPLACE FUNCTION {schema}.syncd_image(whole JSONB, columns TEXT[]) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $${body}$$"""
_WRITE_BODY: Final = """
BEGIN
  IF to_regclass({change}) IS NULL THEN
    RETURN NULL;
  END IF;
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
"""Where somebody has dropped the change table the EAM goes on, and the reader says so."""
_GUARD: Final = """  IF to_regclass({change}) IS NULL THEN
    RETURN NULL;
  END IF;
"""
_WRITE: Final = """CREATE OR REPLACE FUNCTION {schema}.syncd_write() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET extra_float_digits = 1 AS $${body}$$"""
"""A session that rounds the floats it reads writes them whole."""
_NOTE_WHOLE: Final = (
    "INSERT INTO {schema}.syncd_renewed SELECT '', w, NULL, txid_current() FROM ({whole}) AS s (w) WHERE w <> ''",
    "UPDATE {schema}.syncd_renewed SET now = ({whole}) WHERE part = '' AND now IS NULL AND txid = txid_current()",
)
_NOTE: Final = (
    f"""INSERT INTO {{schema}}.syncd_renewed SELECT t.tgrelid::text, {TRIGGER_SIGN}, NULL, txid_current()
FROM pg_trigger t WHERE t.tgname IN {NAMES} AND (t.tgrelid = to_regclass({{table}})
  OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(to_regclass({{table}})))) GROUP BY t.tgrelid""",
    f"""UPDATE {{schema}}.syncd_renewed r SET now = s.sign FROM (
  SELECT t.tgrelid::text AS part, {TRIGGER_SIGN} AS sign FROM pg_trigger t WHERE t.tgname IN {NAMES} GROUP BY t.tgrelid
) s WHERE r.part = s.part AND r.now IS NULL AND r.txid = txid_current()""",
)
"""What was replaced by what counts where one transaction did it: nobody could write meanwhile."""
_TRIGGER: Final = """DROP TRIGGER IF EXISTS {trigger} ON {table};
CREATE TRIGGER {trigger} AFTER {events} ON {table}
FOR EACH {level} EXECUTE FUNCTION {schema}.syncd_write({name}, {columns}, {key});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"""


def install_sql(schema: str, tables: Mapping[str, Columns], has_functions: bool) -> list[str]:
    """The change table, its functions where they are not there as they should be, and the triggers of each table
    (`schema.table`), for one transaction."""
    where, change = quoted(schema), _change(schema)
    whole = WHOLE.replace("%s", _literal(schema))
    functions = [_IMAGE.format(schema=where, body=_IMAGE_BODY), _WRITE.format(schema=where, body=write_body(schema))]
    before, after = (sql.format(schema=where, whole=whole) for sql in _NOTE_WHOLE)
    return [
        *_TABLES.format(schema=where, change=change).split(";\n"),
        *_statements(_GONE.format(schema=where)),
        *(() if has_functions else (before, *functions, after)),
        *(sql for table, columns in tables.items() for sql in _table_sql(schema, table, columns)),
    ]


def _statements(script: str) -> list[str]:
    """A function, which has semicolons of its own, and what follows it."""
    head, tail = script.split("\n$$;\n")
    return [head + "\n$$", *tail.split(";\n")]


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
            "DROP TABLE IF EXISTS " + ", ".join(f"{where}.syncd_{name}" for name in (*OURS, "renewed")),
            f"DROP FUNCTION IF EXISTS {where}.syncd_gone()",
        ]
    return statements


def write_body(schema: str) -> str:
    """The body of the function, as the server stores it."""
    return _WRITE_BODY.format(schema=quoted(schema), change=_change(schema))


def functions_as_wanted(schema: str) -> list[tuple[str, str, bool, list[str] | None]]:
    """What `FUNCTIONS` finds of functions that are as `install` makes them."""
    settings = ["search_path=pg_catalog, pg_temp", "TimeZone=UTC", "extra_float_digits=1"]
    return [("syncd_image", _IMAGE_BODY, False, None), ("syncd_write", write_body(schema), True, settings)]


def write_bodies(schema: str) -> tuple[str, ...]:
    """The same, and as earlier versions have installed it."""
    earlier = _WRITE_BODY.replace(_GUARD, "")
    return write_body(schema), earlier.format(schema=quoted(schema))


def _table_sql(schema: str, table: str, columns: Columns) -> list[str]:
    kinds = ((TRIGGER, "INSERT OR UPDATE OR DELETE", "ROW"), (TRUNCATE_TRIGGER, "TRUNCATE", "STATEMENT"))
    before, after = (sql.format(schema=quoted(schema), table=_literal(quoted_table(table))) for sql in _NOTE)
    made = [
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
    return [f"LOCK TABLE {quoted_table(table)} IN SHARE ROW EXCLUSIVE MODE", before, *made, after]


def _change(schema: str) -> str:
    return _literal(f"{quoted(schema)}.syncd_change")


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
