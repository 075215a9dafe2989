"""Whom a GRANT of MySQL or MariaDB names: the server tells by which of its accounts a user is let in."""

from contextlib import closing
from typing import Final

import pymysql

from connectors.mysql.dsn import Dsn
from connectors.mysql.server import literal

ANYWHERE: Final = "%"
CONNECT_SECONDS_MAX: Final = 5


def account(at: Dsn) -> str:
    """The account; of a server that does not answer, the user from anywhere."""
    return asked(at)[0]


def asked(at: Dsn) -> tuple[str, bool]:
    """The account, and whether the server is known to be MariaDB's."""
    user, version = _answer(at, "SELECT current_user(), version()") or ("", "")
    return f"{literal(at.user)}@{literal(user.rpartition('@')[2] or ANYWHERE)}", "MariaDB" in version


def makes_triggers(at: Dsn) -> bool:
    """Whether the server lets others than administrators make triggers, as far as it answers: for whoever keeps a
    binary log that is a setting, and no right."""
    trusts = _answer(at, "SELECT CAST(NOT @@log_bin OR @@log_bin_trust_function_creators AS CHAR)")
    return trusts == ("1",)


def _answer(at: Dsn, sql: str) -> tuple[str, ...] | None:
    """The row of a statement for which no right on the database is needed; None when nobody answers."""
    arguments = {name: value for name, value in at.arguments().items() if name != "database"}
    try:
        with (
            closing(pymysql.connect(**arguments, connect_timeout=CONNECT_SECONDS_MAX)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            return tuple(map(str, cursor.fetchone() or ())) or None
    except pymysql.Error:
        return None
