"""Where a change stands in its database's log, and which table it is of, by the `source` block of each connector.

The place is said in two ways. `log_place` names it: the name is part of what a change is called, for ever. `mark` says
it so that places can be compared, where a connector says its log in the order of some of the fields.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from syncd.errors import Halt

_new: Final = tuple.__new__
"""Half the price of a named tuple's own constructor."""


class Mark(NamedTuple):
    """Where a change stands among those of its log. `server` is whose log that is, by the connector's own name for it;
    `log` what the places in it have in common: others cannot be compared. `place` compares as text and never gets less
    from one change to the next; several may share one. It is empty where the connector says no such order. `gtid` is
    the name that the transaction has on every copy of the server, empty where it has none."""

    server: str
    log: str
    place: str
    gtid: str


class Place(NamedTuple):
    """How a connector names its tables and the places of its log. `default` is the schema of a table that is
    declared without one; `caseless` names are compared without regard to case; `order` is the log and the comparable
    place in it. Where `is_apart` each database has a log of its own."""

    namespace: tuple[str, ...]
    default: str
    caseless: bool
    log: Callable[[Mapping[str, Any]], str]
    order: Callable[[Mapping[str, Any]], tuple[str, str]]
    is_apart: bool = False


def _oracle(source: Mapping[str, Any]) -> str:
    if source.get("lcr_position"):
        return str(source["lcr_position"])
    return f"{int(source['scn']):020d}.{source['txId']}.{source['rs_id'].strip()}.{int(source['ssn'])}"


def _oracle_order(source: Mapping[str, Any]) -> tuple[str, str]:
    """Transactions are said as they were committed, whose rows all have that place; XStream says each row's."""
    if source.get("lcr_position"):
        return "xstream", str(source["lcr_position"])
    return "", f"{int(source['commit_scn']):020d}"


def _binlog(source: Mapping[str, Any]) -> str:
    return f"{_named(source, 'file')}.{source['pos']:012d}.{source['row']}"


def _binlog_order(source: Mapping[str, Any]) -> tuple[str, str]:
    """Files are numbered, with more digits once there are a million."""
    name, _, number = source["file"].rpartition(".")
    return name, f"{int(number):012d}.{source['pos']:012d}.{source['row']:09d}"


def _postgres_order(source: Mapping[str, Any]) -> tuple[str, str]:
    """Transactions are said in the order of their commits, but rows have the places where they were written, and those
    of several transactions alternate. `sequence` says the commit before, none before the first, and the row's place."""
    parts = source["sequence"].split('"')
    place: str = ("" if len(parts) == 3 else parts[1]).rjust(20, "0") + parts[-2].rjust(20, "0")
    if not place.isdecimal():
        raise ValueError(place)
    return "", place


def _named(source: Mapping[str, Any], *names: str) -> str:
    """Fields of the source block, none of which may be missing."""
    values = [source[name] for name in names]
    if None in values:
        raise KeyError(names[values.index(None)])
    return ".".join(map(str, values))


def _sql_server(source: Mapping[str, Any]) -> str:
    return _named(source, "commit_lsn", "change_lsn", "event_serial_no")


def _sql_server_order(source: Mapping[str, Any]) -> tuple[str, str]:
    return "", f"{_named(source, 'commit_lsn', 'change_lsn')}.{source['event_serial_no']:09d}"


def _db2(source: Mapping[str, Any]) -> str:
    return _named(source, "commit_lsn", "change_lsn")


_PLACES: Final[Mapping[str, Place]] = {
    "postgresql": Place(("schema",), "public", False, lambda s: f"{s['lsn']:016X}.{s['txId']}", _postgres_order),
    "mysql": Place(("db",), "", False, _binlog, _binlog_order),
    "mariadb": Place(("db",), "", False, _binlog, _binlog_order),
    "sqlserver": Place(("db", "schema"), "dbo", True, _sql_server, _sql_server_order, is_apart=True),
    "oracle": Place(("db", "schema"), "", True, _oracle, _oracle_order),
    "db2": Place(("db", "schema"), "", True, _db2, lambda s: ("", _db2(s)), is_apart=True),
}

_PARTS: Final = ("commit_lsn", "scn", "lsn", "file", "pos")
"""Of a place in the log, what the rows of a snapshot may have."""


def place(source: Mapping[str, Any]) -> Place:
    """The connector's way, by a message's source block. Raises Halt for a connector that is not known."""
    connector = source.get("connector")
    found = _PLACES.get(str(connector))
    if found is None:
        raise Halt("debezium_connector", connector=connector, known=", ".join(_PLACES))
    return found


def log_place(source: Mapping[str, Any], is_read: bool) -> str:
    """Where the log says a change, as text: no two changes of one row have it in common, and the same change has it
    again. The rows of a snapshot share one, and may lack parts of it. Raises Halt."""
    try:
        return place(source).log(source)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if is_read:
            known = [str(source[part]) for part in _PARTS if source.get(part) is not None]
            return "read." + (".".join(known) or str(source.get("ts_ms")))
        raise Halt("debezium_no_position", connector=source.get("connector"), error=error) from None


def mark(source: Mapping[str, Any]) -> Mark:
    """Where a change stands among those of its log."""
    connector = source["connector"]
    found = _PLACES[connector]
    server = f"{connector}/{source.get('name')}"
    if found.is_apart:
        server = f"{server}/{source['db']}"
    try:
        log, where = found.order(source)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        log = where = ""
    return _new(Mark, (server, log, where, source.get("gtid") or ""))
