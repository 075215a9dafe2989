"""The error numbers of MySQL and MariaDB as syncd's kinds of error.

https://mariadb.com/kb/en/mariadb-error-code-reference/. What is known to be the server's, or ours, is listed. Any other
number is about the row that is being written: finance's own triggers may signal what they like. Where no row is being
written it is a Halt.
"""

import re
from collections.abc import Mapping
from typing import Final

import pymysql

from connectors.certificates import is_refused
from syncd.errors import Fault, Halt, RowRefused, Transient

GONE: Final = (
    *(1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927),
    *(2002, 2003, 2005, 2006, 2013, 2014, 2055, 3169, 4031),
)
"""The connection has ended, or there was none to be had: whoever asks again may be served."""
FULL: Final = (1040, 1203, 1226)
LOGIN: Final = (1045, 1129, 1130, 1251, 1275, 1698, 1820, 1862, 2059, 2061, 3118, 4151)
NO_RIGHT: Final = (1142, 1143, 1227, 1370)
_TRANSIENT: Final[Mapping[int, str]] = {
    **dict.fromkeys(GONE, "finance_gone"),
    **dict.fromkeys((1205, 1213, 1412, 1614, 3101, 3572), "finance_busy"),
    **dict.fromkeys((1969, 3024), "finance_limit"),
    1317: "finance_cancelled",
    **dict.fromkeys(FULL, "finance_full_of_connections"),
    **dict.fromkeys((1021, 1114), "finance_disk_full"),
    **dict.fromkeys((1037, 1038, 1041), "finance_out_of_memory"),
    **dict.fromkeys((1792, 1836), "finance_read_only"),
}
_REFUSED: Final[Mapping[int, str]] = {
    **dict.fromkeys((1153, 1406), "row_too_long"),
    **dict.fromkeys((1264, 1690), "row_out_of_range"),
    **dict.fromkeys((1048, 1364), "row_null"),
    **dict.fromkeys((1062, 1586, 1859), "row_duplicate"),
    **dict.fromkeys((1216, 1217, 1451, 1452), "row_no_parent"),
    **dict.fromkeys((3819, 4025), "row_check"),
    **dict.fromkeys((1265, 1292, 1365, 1366, 1300, 1411), "row_value"),
    1644: "row_trigger",
}
_HALT: Final[Mapping[int, str]] = {
    **dict.fromkeys(LOGIN, "finance_login"),
    1049: "finance_no_database",
    **dict.fromkeys((1044, *NO_RIGHT), "finance_no_right"),
    **dict.fromkeys((1051, 1146), "finance_no_table"),
    1054: "finance_no_column",
    **dict.fromkeys((1030, 1033, 1034, 1035, 1064, 1194, 1195, 1305, 1712, 1813, 1814, 1932), "finance_unknown"),
}
_GENUINE: Final[Mapping[int, str]] = {
    **dict.fromkeys((1044, *NO_RIGHT), "denied"),
    1051: "nknown table",
    1146: "doesn't exist",
    1054: "nknown column",
}
"""What the server itself says with these; a trigger may signal any number, with a text of its own."""
_SAID: Final = (
    ("read-only", (1290,), "finance_read_only"),
    ("error 28", (1030,), "finance_disk_full"),
    ("No space left", (3, 20, 1026, 1030), "finance_disk_full"),
    ("WSREP", (1047,), "finance_gone"),
    ("error 149", (1180,), "finance_busy"),
)
"""Numbers that stand for several things, by what the server adds."""
_ENDED: Final = (*GONE, 1205, 1213)
_COLUMN: Final = re.compile(r"(?:[Cc]olumn|Field) [`'](?:[^`']+`\.`)*([^`']+)[`']")
_CONSTRAINT: Final = re.compile(r"(?:key|CONSTRAINT) [`']([^`']+)[`']")


def fault(error: pymysql.Error, table: str = "") -> Fault:
    """What an error of the driver means. `table` is the one being written."""
    number, what = _said(error)
    column, constraint = _COLUMN.search(what), _CONSTRAINT.search(what)
    params = {
        "table": table,
        "column": column[1] if column else "",
        "constraint": constraint[1] if constraint else "",
        "detail": "",
        "state": number,
        "error": what,
    }
    for words, numbers, code in _SAID:
        if number in numbers and words in what:
            return Transient(code, **params)
    if number in GONE and is_refused(what):
        return Halt("finance_certificate", **params)
    if code := _TRANSIENT.get(number, ""):
        return Transient(code, **params)
    if code := _REFUSED.get(number, ""):
        return RowRefused(code, **params)
    if (code := _HALT.get(number, "")) and not (table and _is_of_the_row(number, what, table)):
        return Halt(code, **params)
    if isinstance(error, pymysql.InterfaceError):
        return Transient("finance_gone", **params)
    return RowRefused("row_refused", **params) if table else Halt("finance_unknown", **params)


def _is_of_the_row(number: int, what: str, table: str) -> bool:
    """Whether a trigger says it, or it is said of a table that is not written but by one."""
    is_ours = table.startswith("syncd.") or f".{table.replace('.', '_')}'".lower() in what.lower()
    return _GENUINE.get(number, "") not in what or (number == 1146 and not is_ours)


def has_ended(error: pymysql.Error) -> bool:
    """Whether the connection is lost, or the transaction with all its savepoints may be: nothing goes on in it."""
    return _said(error)[0] in _ENDED or isinstance(error, pymysql.InterfaceError)


def is_there_already(error: pymysql.Error) -> bool:
    """Whether a definition was refused because it had been made before: table, column, index; or a drop was."""
    return _said(error)[0] in (1050, 1060, 1061, 1091)


def _said(error: pymysql.Error) -> tuple[int, str]:
    number, *what = error.args or (0,)
    return (number if isinstance(number, int) else 0), str(what[0] if what else number)
