"""PostgreSQL's SQLSTATEs as syncd's kinds of error.

https://www.postgresql.org/docs/current/errcodes-appendix.html. What is known to be the server's, or ours, is listed.
Any other code is about the row that is being written: finance's own triggers may raise what they like. Where no row is
being written it is a Halt.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg2

from connectors.certificates import is_refused
from syncd.errors import Fault, Halt, RowRefused, Transient, WrongUsage
from syncd.secrets import unquoted

_TRANSIENT: Final[Mapping[str, str]] = {
    "08": "finance_gone",
    "57P": "finance_gone",
    "57014": "finance_limit",
    "25P03": "finance_limit",
    "25P04": "finance_limit",
    "53300": "finance_full_of_connections",
    "53100": "finance_disk_full",
    "53200": "finance_out_of_memory",
    "40": "finance_busy",
    "55P03": "finance_busy",
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
}
_HALT: Final[Mapping[str, str]] = {
    "28": "finance_login",
    "3D000": "finance_no_database",
    "42501": "finance_no_right",
    "42P01": "finance_no_table",
    "3F000": "finance_no_table",
    "42703": "finance_no_column",
    "42P10": "finance_no_key",
    "42601": "finance_unknown",
    "25": "finance_unknown",
    "3B": "finance_unknown",
    "53": "finance_unknown",
    "54": "finance_unknown",
    "57": "finance_unknown",
    "58": "finance_unknown",
    "F0": "finance_unknown",
    "XX": "finance_unknown",
}
_RAISED: Final = "exec_stmt_raise"
"""Where in the server the RAISE of a trigger speaks. Whatever code it gives, it means the row; but one that says that
the transaction may be tried again is taken at its word."""
_JUDGED: Final = ("ExecWithCheckOptions",)
"""Where row security and the check of a view speak: a right that a row lacks, not the role."""
_IN_FUNCTION: Final = ("42P01", "42703", "42P10", "42601", "3F000")
"""Of what a trigger's own statement lacks the layout says nothing."""
_STATEMENT: Final = re.compile(r'SQL statement "\s*(\w+)')
_CANCELLED: Final = ("user request", "用户")
_CONNECT: Final[Sequence[tuple[type[Fault], str, Sequence[str]]]] = (
    (WrongUsage, "finance_dsn", ("invalid dsn", "invalid connection option")),
    (
        Transient,
        "finance_full_of_connections",
        ("too many connections", "too many clients", "connection slots", "连接太多", "太多的客户", "连接位置"),
    ),
    (Transient, "finance_gone", ("not currently accepting", "当前不接受")),
    (Halt, "finance_no_right", ("permission denied", "权限不够")),
    (Halt, "finance_certificate", ("certificate authentication failed",)),
    (
        Halt,
        "finance_login",
        ("authentication failed", "认证失败", "pg_hba.conf", "no password supplied", 'role "', "角色"),
    ),
    (Halt, "finance_no_database", ('database "', '数据库 "')),
)
"""What stands in the server's words, the first that does: they also name the role and the database of which they say
something else."""
_COPIED_COLUMN: Final = re.compile(r"COPY \S+, line \d+, column ([^:\n]+)")


def fault(error: psycopg2.Error, connected: bool, table: str = "") -> Fault:
    """What an error of the driver means. `table` is the one being written, if the server does not name it;
    `?` where it may be any of several."""
    state = error.pgcode or ""
    what = (error.diag.message_primary or str(error)).strip()
    params = {
        "table": _table(error) or table.removeprefix("?"),
        "column": _column(error),
        "constraint": error.diag.constraint_name or "",
        "detail": error.diag.message_detail or "",
        "state": state,
        "error": what,
    }
    if state == "42501" and (statement := _STATEMENT.search(error.diag.context or "")):
        params["right"] = statement[1].upper()
    if code := _named(_TRANSIENT, state):
        is_cancelled = state == "57014" and any(words in what for words in _CANCELLED)
        return Transient("finance_cancelled" if is_cancelled else code, **params)
    if error.diag.source_function == _RAISED:
        return RowRefused("row_trigger", **params)
    if code := _named(_REFUSED, state):
        return RowRefused(code, **params)
    if (code := _named(_HALT, state)) and not _is_of_the_row(error, state):
        return Halt(code, **params)
    if isinstance(error, psycopg2.InterfaceError) or (not state and not connected):
        return Transient("finance_gone", **params)
    return RowRefused("row_refused", **params) if table else Halt("finance_unknown", **params)


def connect_fault(error: psycopg2.Error) -> Fault:
    """Why a connection could not be made. The driver gives no SQLSTATE here, only the server's words, English or
    Chinese. A server that is starting, stopping or recovering speaks of "the database system" and is waited for."""
    what = str(error).strip()
    for kind, code, words in _CONNECT:
        if any(word in what for word in words):
            return kind(code, error=unquoted(what) if kind is WrongUsage else what)
    if is_refused(what):
        return Halt("finance_certificate", error=what)
    return Transient("finance_gone", error=what)


def _named(codes: Mapping[str, str], state: str) -> str:
    return codes.get(state) or codes.get(state[:3]) or codes.get(state[:2]) or ""


def _is_of_the_row(error: psycopg2.Error, state: str) -> bool:
    diag = error.diag
    return diag.source_function in _JUDGED or (state in _IN_FUNCTION and " function " in (diag.context or ""))


def _table(error: psycopg2.Error) -> str:
    name = error.diag.table_name or ""
    return "" if not name or name.startswith("syncd_stage_") else f"{error.diag.schema_name}.{name}"


def _column(error: psycopg2.Error) -> str:
    copied = _COPIED_COLUMN.search(error.diag.context or "")
    return error.diag.column_name or (copied.group(1) if copied else "")
