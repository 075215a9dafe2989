"""The script by which a DBA lets syncd's role work in finance's PostgreSQL, and do nothing else there."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Final

from psycopg2.extensions import parse_dsn

from connectors.ledger import granted
from connectors.ledger.database import Database
from syncd.dialects.postgres import quoted
from syncd.dialects.postgres import table as spelled_table
from syncd.errors import Fault
from syncd.ports import Layout

_SCHEMAS: Final = """
    SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ? AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY n.nspname <> 'public', n.nspname LIMIT 1
"""
_SEQUENCES: Final = """
    SELECT DISTINCT format('%I.%I', n.nspname, s.relname)
    FROM pg_class c JOIN pg_namespace m ON m.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid
    JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid  -- what a default draws from
      OR p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.deptype = 'i'  -- an identity's own
    JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (p.objid, p.refobjid)
    JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE m.nspname = ? AND c.relname = ? ORDER BY 1
"""


def script(dsn: str, layout: Layout, database: Database) -> list[str]:
    """Statements without an end; `database` is finance, which is asked where tables lie if it can be."""
    at = parse_dsn(dsn)
    user, name = quoted(at.get("user", "syncd")), quoted(at.get("dbname", at.get("user", "syncd")))
    with closing(database):
        with suppress(Fault):
            database.open()
        needed = {_place(database, table): rights for table, rights in granted.tables(layout).items()}
        return [
            f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {user}",
            f"CREATE SCHEMA IF NOT EXISTS syncd AUTHORIZATION {user}",
            *(f"GRANT USAGE ON SCHEMA {schema} TO {user}" for schema in sorted({quoted(place[0]) for place in needed})),
            *(
                f"GRANT {', '.join(rights)} ON {quoted(place[0])}.{quoted(place[1])} TO {user}"
                for place, rights in needed.items()
            ),
            *(
                f"GRANT USAGE ON SEQUENCE {sequence} TO {user}"
                for place, rights in needed.items()
                if "INSERT" in rights
                for sequence in _sequences(database, place)
            ),
            *(f"GRANT USAGE ON SEQUENCE {spelled_table(drawn)} TO {user}" for drawn in granted.sequences(layout)),
        ]


def _place(database: Database, table: str) -> tuple[str, str]:
    """Schema and name."""
    schema, _, name = table.rpartition(".")
    if not schema and database.is_open:
        schema = next((str(found) for (found,) in database.query(_SCHEMAS, (name,))), "")
    return schema or "public", name


def _sequences(database: Database, place: Sequence[str]) -> Iterator[str]:
    if database.is_open:
        yield from (str(sequence) for (sequence,) in database.query(_SEQUENCES, place))
