"""Whether a change table in MySQL and MariaDB can be read, and what its triggers would not see."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pymysql

from connectors.changelog.triggers_mysql import EVENTS, quoted_table, trigger
from connectors.mysql import server as mysql_server
from connectors.mysql.server import cascades, literal, quoted, rows
from syncd.ports import Finding

NO_TABLE: Final = 1146
NO_TRIGGER: Final = 1360
DENIED: Final = (1044, 1142, 1143, 1227)


def refusal(connection: Any, sql: str) -> int | None:
    """The number of the error by which the server refuses to run a statement: no such table or trigger, or no right."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return None
    except pymysql.Error as error:
        if error.args[0] not in (*DENIED, NO_TABLE, NO_TRIGGER):
            raise mysql_server.fault(error) from error
        return int(error.args[0])


def refused(connection: Any, schema: str, covered: Sequence[str]) -> list[tuple[str, str]]:
    """What this user may not do to the change table and the tables it covers, with the statement that would allow it.
    Statements are explained, not run."""
    change, changelog, noted, ack, renewed = (
        quoted(schema, f"syncd_{name}") for name in ("change", "changelog", "covered", "ack", "renewed")
    )
    probes = [
        ("SELECT", noted, f"SELECT * FROM {noted} LIMIT 0"),
        ("SELECT", renewed, f"SELECT * FROM {renewed} LIMIT 0"),
        ("SELECT", change, f"SELECT * FROM {change} LIMIT 0"),
        ("INSERT", change, f"EXPLAIN INSERT INTO {change} (seq) VALUES (1)"),
        ("DELETE", change, f"EXPLAIN DELETE FROM {change} WHERE seq = 1"),
        ("SELECT", changelog, f"SELECT * FROM {changelog} LIMIT 0"),
        ("UPDATE", changelog, f"EXPLAIN UPDATE {changelog} SET pruned_to = 1"),
        ("SELECT", ack, f"SELECT * FROM {ack} LIMIT 0"),
        ("INSERT", ack, f"EXPLAIN INSERT INTO {ack} (pipeline) VALUES ('')"),
        ("UPDATE", ack, f"EXPLAIN UPDATE {ack} SET seq = 1"),
    ]
    for name in covered:
        table = quoted_table(name)
        probes.append(("SELECT", table, f"SELECT * FROM {table} LIMIT 0"))
        probes.append(("TRIGGER", table, f"SHOW CREATE TRIGGER {trigger(name, EVENTS[0])}"))
    ((account,),) = rows(connection, "SELECT CURRENT_USER()")
    user, _, host = account.rpartition("@")
    return [
        (f"{right} {name}", f"GRANT {right} ON {name} TO {literal(user)}@{literal(host)};")
        for right, name, probe in probes
        if refusal(connection, probe) in DENIED
    ]


def doubts(connection: Any, tables: Sequence[str]) -> list[Finding]:
    """What would pass the triggers of these tables by, or make their numbers worthless."""
    return [*_of_the_server(connection), *_of_tables(connection, tables)]


def _of_the_server(connection: Any) -> Iterator[Finding]:
    """A replica holds what has been committed elsewhere, so what is not there yet does not show as uncommitted."""
    asked = ("read_only", "wsrep_on", "group_replication_single_primary_mode")
    set_to = dict(rows(connection, "SHOW GLOBAL VARIABLES WHERE Variable_name IN (%s, %s, %s)", *asked))
    if set_to.get("read_only", "OFF") not in ("OFF", "0"):
        yield Finding("error", "changelog_replica", {})
    if set_to.get("wsrep_on") == "ON" or set_to.get("group_replication_single_primary_mode") == "OFF":
        yield Finding("error", "changelog_cluster", {})


def _of_tables(connection: Any, tables: Sequence[str]) -> Iterator[Finding]:
    listed = "SELECT engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
    for table in tables:
        schema, _, name = table.partition(".")
        for (engine,) in rows(connection, listed, schema, name):
            if engine != "InnoDB":
                repair = f"ALTER TABLE {quoted_table(table)} ENGINE = InnoDB;"
                yield Finding("error", "changelog_engine", {"table": table, "engine": str(engine)}, repair)
            for constraint, _ in cascades(connection, schema, name):
                yield Finding("warning", "changelog_cascade", {"table": table, "constraint": constraint})
    yield Finding("warning", "changelog_truncate", {})
