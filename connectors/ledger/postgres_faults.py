"""PostgreSQL's SQLSTATEs as syncd's kinds of error.

https://www.postgresql.org/docs/current/errcodes-appendix.html. A code that is not listed is a Halt.
"""

import re
from collections.abc import Mapping
from typing import Final

import psycopg2

from syncd.errors import Fault, Halt, RowRefused, Transient, WrongUsage

_TRANSIENT: Final[Mapping[str, str]] = {
    "08": "finance_gone",
    "57P": "finance_gone",
    "53300": "finance_full_of_connections",
    "53100": "finance_disk_full",
    "53200": "finance_out_of_memory",
    "40001": "finance_busy",
    "40P01": "finance_busy",
    "55P03": "finance_busy",
    "57014": "finance_busy",
    "25006": "finance_read_only",
}
_REFUSED: Final[Mapping[str, str]] = {
    "22001": "row_too_long",
    "22003": "row_out_of_range",
    "23502": "row_null",
    "23503": "row_no_parent",
    "23505": "row_duplicate",
    "23514": "row_check",
    "22": "row_value",
    "23": "row_value",
    "42804": "row_value",
    "P0": "row_trigger",
}
_HALT: Final[Mapping[str, str]] = {
    "28": "finance_login",
    "3D000": "finance_no_database",
    "42501": "finance_no_right",
    "42P01": "finance_no_table",
    "3F000": "finance_no_table",
    "42703": "finance_no_column",
    "42P10": "finance_no_key",
}
_CONNECT_HALT: Final[Mapping[str, str]] = {
    "password authentication failed": "finance_login",
    "no pg_hba.conf entry": "finance_login",
    "no password supplied": "finance_login",
    'role "': "finance_login",
    '角色 "': "finance_login",
    'database "': "finance_no_database",
    '数据库 "': "finance_no_database",
    "invalid dsn": "finance_dsn",
    "invalid connection option": "finance_dsn",
}
_COPIED_COLUMN: Final = re.compile(r"COPY \S+, line \d+, column ([^:\n]+)")


def fault(error: psycopg2.Error, connected: bool, table: str = "") -> Fault:
    """What an error of the driver means. `table` is the one being written, if the server does not name it."""
    state = error.pgcode or ""
    what = (error.diag.message_primary or str(error)).strip()
    params = {
        "table": _table(error) or table,
        "column": _column(error),
        "constraint": error.diag.constraint_name or "",
        "detail": error.diag.message_detail or "",
        "state": state,
        "error": what,
    }
    if code := _named(_TRANSIENT, state):
        return Transient(code, **params)
    if code := _named(_REFUSED, state):
        return RowRefused(code, **params)
    if code := _named(_HALT, state):
        return Halt(code, **params)
    if isinstance(error, psycopg2.InterfaceError) or (not state and not connected):
        return Transient("finance_gone", **params)
    return Halt("finance_unknown", **params)


def connect_fault(error: psycopg2.Error) -> Fault:
    """Why a connection could not be made. The driver gives no SQLSTATE here, only the server's words, English or
    Chinese. A server that is starting, stopping or recovering speaks of "the database system" and is waited for."""
    what = str(error).strip()
    for words, code in _CONNECT_HALT.items():
        if words in what:
            return (WrongUsage if code == "finance_dsn" else Halt)(code, error=what)
    return Transient("finance_gone", error=what)


def _named(codes: Mapping[str, str], state: str) -> str:
    return codes.get(state) or codes.get(state[:3]) or codes.get(state[:2]) or ""


def _table(error: psycopg2.Error) -> str:
    name = error.diag.table_name or ""
    return "" if not name or name.startswith("syncd_stage_") else f"{error.diag.schema_name}.{name}"


def _column(error: psycopg2.Error) -> str:
    copied = _COPIED_COLUMN.search(error.diag.context or "")
    return error.diag.column_name or (copied.group(1) if copied else "")
