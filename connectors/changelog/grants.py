"""The script by which a DBA lets syncd's user read what triggers write in an EAM. PostgreSQL lets the owner of a table
alone replace its triggers, so there the DBA puts them in; on MySQL and MariaDB syncd does."""

from collections.abc import Sequence
from typing import Final

from psycopg2.extensions import parse_dsn

from connectors.mysql.account import account, makes_triggers
from connectors.mysql.dsn import parse
from connectors.mysql.server import quoted as backquoted
from connectors.postgres.server import quoted
from syncd.change import Table

TRUST: Final = "SET GLOBAL log_bin_trust_function_creators = 1"
"""What a server that keeps a binary log wants before others than administrators make triggers."""
_OWN: Final = ("change", "changelog", "covered", "ack", "renewed")


def of_postgres(dsn: str, schema: str, tables: Sequence[Table], triggers: Sequence[str]) -> list[str]:
    """The statements; the change table lies in `schema`, and comes with its triggers where it is not there yet."""
    at = parse_dsn(dsn)
    user, database = quoted(at.get("user", "syncd")), quoted(at.get("dbname", at.get("user", "syncd")))
    places = sorted({_place(table.name, schema) for table in tables})
    own = {
        "TABLE": (
            ("change", "SELECT, DELETE"),
            ("changelog", "SELECT, UPDATE"),
            ("ack", "SELECT, INSERT, UPDATE"),
            ("renewed", "SELECT"),
        ),
        "SEQUENCE": (("change_seq_seq", "SELECT"),),
    }
    return [
        *(statement.strip().removesuffix(";") for statement in triggers),
        f"GRANT CONNECT ON DATABASE {database} TO {user}",
        *(f"GRANT USAGE ON SCHEMA {quoted(one)} TO {user}" for one in sorted({schema, *(p[0] for p in places)})),
        *(f"GRANT SELECT ON {quoted(*place)} TO {user}" for place in places),
        *(
            f"GRANT {rights} ON {kind} {quoted(schema, f'syncd_{name}')} TO {user}"
            for kind, named in own.items()
            for name, rights in named
        ),
    ]


def of_mysql(dsn: str, tables: Sequence[Table]) -> list[str]:
    """The same on MySQL and MariaDB, where a right on a table that is still to be made comes with that to make it. The
    change table has a trigger of its own; whoever replaces triggers locks their table, which is a right on all of a
    database and of use on tables alone that one may read."""
    at = parse(dsn)
    user, database = account(at), at.database
    places = sorted({_place(table.name, database) for table in tables})
    rights = dict.fromkeys(_OWN, "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP")
    rights["change"] += ", TRIGGER"
    return [
        *(f"GRANT {rights[name]} ON {backquoted(database, f'syncd_{name}')} TO {user}" for name in _OWN),
        *(f"GRANT SELECT, TRIGGER ON {backquoted(*place)} TO {user}" for place in places),
        *(f"GRANT LOCK TABLES ON {_pattern(where)}.* TO {user}" for where in sorted({where for where, _ in places})),
        *([] if makes_triggers(at) else [TRUST]),
    ]


def _pattern(database: str) -> str:
    """A database as a GRANT on all of it names it, where `_` and `%` stand for any letters."""
    return backquoted(database.replace("_", "\\_").replace("%", "\\%"))


def _place(name: str, schema: str) -> tuple[str, str]:
    where, _, table = name.rpartition(".")
    return where or schema, table
