"""The script by which a DBA lets syncd's role read an EAM's PostgreSQL and its log, and do nothing else there."""

from collections.abc import Collection, Sequence
from contextlib import closing, suppress

from psycopg2.extensions import parse_dsn

from connectors.postgres.server import Server, full_name, publication_sql, quoted, split
from syncd.change import Table
from syncd.errors import Fault


def script(dsn: str, publication: str, tables: Sequence[Table], heartbeat_table: str) -> list[str]:
    """The statements. Who does not own the tables cannot publish them, so a DBA does."""
    at = parse_dsn(dsn)
    user, database = quoted(at.get("user", "syncd")), quoted(at.get("dbname", at.get("user", "syncd")))
    names = sorted({full_name(table) for table in tables})
    beats = [heartbeat_table] if heartbeat_table else []
    schemas = sorted({split(name)[0] for name in (*names, *beats)})
    return [
        f"ALTER ROLE {user} REPLICATION",
        f"GRANT CONNECT ON DATABASE {database} TO {user}",
        *(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {user}" for schema in schemas),
        *(f"GRANT SELECT ON {quoted(*split(name))} TO {user}" for name in names),
        *(f"GRANT SELECT, INSERT, UPDATE ON {quoted(*split(name))} TO {user}" for name in beats),
        *_publishing(dsn, publication, sorted({*names, *(".".join(split(name)) for name in beats)})),
    ]


def _publishing(dsn: str, publication: str, names: Sequence[str]) -> list[str]:
    """What is still to be published; all of it where the server cannot be asked."""
    published: Collection[str] | None = None
    with suppress(Fault), closing(Server(dsn, "syncd grants")) as server:
        found = server.publication(publication, server.facts().version)
        published = None if found is None else found.tables
    missing = [name for name in names if name not in (published or ())]
    return [publication_sql(publication, missing, exists=published is not None)] if missing else []
