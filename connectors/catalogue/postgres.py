"""PostgreSQL's catalogue."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import psycopg2

from connectors.catalogue.described import Catalogue, Told, schema
from syncd.dialects.postgres import quoted
from syncd.init.seen.schema import SAMPLE_ROWS_MAX, Schema, Sort

_SORTS: Final[Mapping[str, Sort]] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), "text"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("timestamp", "timestamptz"), "timestamp"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "numeric": "decimal",
    "bool": "boolean",
    "date": "date",
    "uuid": "uuid",
}
_NAME: Final = "CASE WHEN n.nspname = 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END"
_OWN: Final = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'syncd') AND n.nspname NOT LIKE 'pg\\_%'"
    " AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
    " AND has_schema_privilege(n.oid, 'USAGE')"
)
_COLUMNS: Final = f"""
    SELECT {_NAME}, a.attname::text, format_type(a.atttypid, a.atttypmod), t.typname::text, t.typtype::text,
           information_schema._pg_numeric_scale(a.atttypid, a.atttypmod),
           information_schema._pg_char_max_length(a.atttypid, a.atttypmod),
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
           a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%',
           a.attgenerated <> '', coalesce(col_description(c.oid, a.attnum), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE {_OWN} ORDER BY 1, a.attnum
"""
_UNIQUE: Final = f"""
    SELECT {_NAME}, i.indexrelid::text, i.indisprimary, a.attname::text, pg_get_expr(i.indpred, i.indrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(place, nth)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.place
    WHERE {_OWN} AND i.indisunique AND i.indexprs IS NULL ORDER BY 1, 2, k.nth
"""
_FOREIGN: Final = f"""
    SELECT {_NAME}, f.oid::text, a.attname::text,
           CASE WHEN m.nspname = 'public' THEN o.relname::text ELSE m.nspname || '.' || o.relname END, b.attname::text
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class o ON o.oid = f.confrelid JOIN pg_namespace m ON m.oid = o.relnamespace
    CROSS JOIN unnest(f.conkey, f.confkey) WITH ORDINALITY k(here, there, nth)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.here
    JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = k.there
    WHERE {_OWN} AND f.contype = 'f' ORDER BY 1, 2, k.nth
"""
_COMMENTS: Final = f"""
    SELECT {_NAME}, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OWN} AND obj_description(c.oid, 'pg_class') IS NOT NULL
"""
_SEQUENCES: Final = (
    "SELECT CASE WHEN schemaname = 'public' THEN sequencename::text ELSE schemaname || '.' || sequencename END"
    " FROM pg_sequences ORDER BY 1"
)
_LOG: Final = "SELECT current_setting('wal_level') = 'logical'"


def read(url: str) -> Schema:
    """The database at a URL or connection string. Raises what the driver raises."""
    with closing(psycopg2.connect(url, application_name="syncd init", connect_timeout=10)) as connection:
        connection.set_session(readonly=True, autocommit=True)
        ask = connection.cursor()
        ask.execute("SET row_security = off; SET statement_timeout = '20s'")

        def rows(sql: str) -> list[tuple[Any, ...]]:
            ask.execute(sql)
            return ask.fetchall()

        def sample(table: str, columns: Sequence[Told], key: Sequence[str]) -> list[tuple[object, ...]] | None:
            order = f" ORDER BY {', '.join(quoted(k) + ' DESC' for k in key)}" if key else ""
            name = ".".join(map(quoted, table.split(".", 1)))
            try:
                return rows(f"SELECT {', '.join(map(_read, columns))} FROM {name}{order} LIMIT {SAMPLE_ROWS_MAX}")
            except psycopg2.errors.QueryCanceled:  # it is locked, or too large to be sorted
                return None
            except psycopg2.OperationalError:
                raise
            except psycopg2.Error:  # no right, or a policy that would hide rows
                return None

        columns = [
            Told(table, name, type_, _sort(base, kind), places if base == "numeric" else None, *rest)
            for table, name, type_, base, kind, places, *rest in rows(_COLUMNS)
        ]
        comments = dict(rows(_COMMENTS))
        sequences = [name for (name,) in rows(_SEQUENCES)]
        keys = rows(_UNIQUE)
        whole = [(table, name, primary, column) for table, name, primary, column, condition in keys if not condition]
        partial = [(table, name, condition, column) for table, name, _, column, condition in keys if condition]
        said = Catalogue(columns, whole, rows(_FOREIGN), comments, sequences, partial)
        ((has_log,),) = rows(_LOG)
        return schema("postgres", said, sample, has_log)


def _sort(base: str, kind: str) -> Sort:
    if base.startswith("_"):
        return "array"
    return "text" if kind == "e" else _SORTS.get(base, "other")


def _read(column: Told) -> str:
    """A column as a value that Python has without loss: what has no such is text; what is long is cut."""
    name = quoted(column.name)
    if column.sort in ("json", "uuid", "other", "array") or "with time zone" in column.type:
        return f"left(CAST({name} AS text), 2000)"
    return f"CAST({name} AS text)" if column.sort in ("text", "date", "timestamp", "float") else name
