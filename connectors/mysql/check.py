"""What must be right at an EAM's MySQL or MariaDB before its log can be trusted, each with the statement that repairs
it. Six of them lose changes without a sign."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from connectors.mysql import expiry
from connectors.mysql.server import (
    NO_LOG,
    Facts,
    LogEnd,
    Server,
    SourceColumn,
    SourceTable,
    account,
    cascades,
    names,
    quoted,
)
from syncd.change import Column, Kind, Table
from syncd.errors import Halt
from syncd.ports import Finding

NAMES_SINCE_MARIADB: Final = (10, 5)
NAMES_SINCE_MYSQL: Final = (8, 0, 1)
"""From these versions on the log can name its columns. Before, a name would have to be guessed from the catalogue of
today, which is wrong for all that was logged before the last ALTER TABLE."""
MONITOR_SINCE_MARIADB: Final = (10, 5, 2)
DAY_S: Final = 86_400

_NUMBERS: Final = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"})
_TEXTS: Final = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "binary", "varbinary"}
)
_DAYS: Final = frozenset({"date", "datetime", "timestamp"})
_TYPES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.INTEGER: _NUMBERS | _TEXTS | {"bit"},
    Kind.DECIMAL: _NUMBERS | _TEXTS,
    Kind.BOOLEAN: _NUMBERS | _TEXTS | {"bit"},
    Kind.DATE: _DAYS | _TEXTS,
    Kind.TIMESTAMP: _DAYS | _TEXTS,
}
"""The types whose text a kind may be read from; any other may be read as text."""
_WITHOUT_TEXT: Final = frozenset(
    {"uuid", "inet4", "inet6", "vector", "geometry", "point", "linestring", "polygon", "multipoint"}
    | {"multilinestring", "multipolygon", "geometrycollection", "geomcollection"}
)
"""The log holds their bytes, which it does not tell from any others."""


class Wanted(NamedTuple):
    """What a pipeline needs of the server. `server_id` is 0 when one is drawn; `locks` whether the snapshot needs a
    moment's lock, `by_names` whether the transactions must have names, `cascades` whether foreign
    keys may change rows unlogged."""

    tables: Mapping[str, Table]
    server_id: int
    retention_s: float
    locks: bool
    by_names: bool
    cascades: bool


def findings(server: Server, facts: Facts, wanted: Wanted) -> list[Finding]:
    """All results, those about the server first. Changes nothing. Raises Transient or Halt when nobody answers."""
    return [
        *_rights(server, facts, wanted),
        *_settings(facts),
        *_log(server, facts, wanted),
        *_server_id(server, facts, wanted),
        *(finding for table in wanted.tables.values() for finding in _table(server, facts, wanted, table)),
    ]


def refuse(results: Sequence[Finding]) -> None:
    """Raises Halt for the first error among the findings."""
    for finding in results:
        if finding.level == "error":
            raise Halt(finding.code, **finding.params, repair=finding.repair)


def watched(facts: Facts) -> list[Finding]:
    """What may be set wrong while the log is read, so that it no longer says all."""
    return list(_settings(facts))


def _settings(facts: Facts) -> Iterator[Finding]:
    """Settings that lose changes without a sign. A repair by SET GLOBAL reaches new connections only."""
    is_set = facts.variables.get
    if (is_set("log_bin") or "OFF").upper() != "ON":
        yield Finding("error", "mysql_no_log", {}, NO_LOG)
    for name, wanted, code in (
        ("binlog_format", "ROW", "mysql_log_format"),
        ("binlog_row_image", "FULL", "mysql_row_image"),
        ("log_bin_compress", "OFF", "mysql_compressed"),
        ("binlog_row_value_options", "", "mysql_partial_json"),
    ):
        value = is_set(name, wanted)
        if value.upper() != wanted:
            yield Finding("error", code, {"name": name, "value": value}, _set(name, wanted))
    yield from _metadata(facts)


def _metadata(facts: Facts) -> Iterator[Finding]:
    version = ".".join(str(number) for number in facts.version)
    if facts.version < (NAMES_SINCE_MARIADB if facts.mariadb else NAMES_SINCE_MYSQL):
        yield Finding("error", "mysql_nameless", {"version": version})
    elif (value := facts.variables.get("binlog_row_metadata", "")).upper() != "FULL":
        yield Finding("error", "mysql_metadata", {"value": value}, _set("binlog_row_metadata", "FULL"))


def _rights(server: Server, facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    granted = server.grants(facts)
    everything = "GRANT ALL PRIVILEGES ON *.*" in granted
    globally = " ".join(line for line in granted.splitlines() if " ON *.* " in line)
    monitor = "REPLICATION CLIENT"
    if facts.mariadb and facts.version >= MONITOR_SINCE_MARIADB:
        monitor = "BINLOG MONITOR"
    needed = ["REPLICATION SLAVE", monitor, *(["RELOAD"] if wanted.locks else [])]
    missing = [right for right in needed if not everything and right not in globally]
    if missing:
        listed = ", ".join(missing)
        repair = f"GRANT {listed} ON *.* TO {account(facts)};"
        yield Finding("error", "mysql_no_replication", {"user": facts.user, "rights": listed}, repair)


def _log(server: Server, facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    try:
        end = server.log_end(facts)
    except Halt:
        return  # the missing right has been said
    if end is None:
        return
    yield from _left_out(end, {names(table, facts)[0] for table in wanted.tables.values()})
    kept_s = expiry.kept_s(facts)
    if 0 < kept_s < wanted.retention_s:
        name = "binlog_expire_logs_seconds" if "binlog_expire_logs_seconds" in facts.variables else "expire_logs_days"
        value = wanted.retention_s / (1 if name.endswith("seconds") else DAY_S)
        params = {"kept_h": f"{kept_s / 3600:g}", "wanted_h": f"{wanted.retention_s / 3600:g}"}
        yield Finding("error", "mysql_retention", params, _set(name, f"{value:.0f}"))
    logs_replicated = facts.variables.get("log_slave_updates") or facts.variables.get("log_replica_updates") or "ON"
    if logs_replicated.upper() != "ON" and server.is_replica(facts):
        name = next(n for n in ("log_replica_updates", "log_slave_updates") if n in facts.variables)
        yield Finding("error", "mysql_replica", {}, _configured(f"{name} = ON"))
    if wanted.by_names and not facts.mariadb and facts.variables.get("gtid_mode", "OFF").upper() != "ON":
        repair = _configured("gtid_mode = ON", "enforce_gtid_consistency = ON")
        yield Finding("error", "mysql_no_gtids", {}, repair)
    version = ".".join(str(number) for number in facts.version)
    product = "MariaDB" if facts.mariadb else "MySQL"
    yield Finding("ok", "mysql_server", {"product": product, "version": version, "file": end.file})


def _left_out(end: LogEnd, schemas: set[str]) -> Iterator[Finding]:
    for schema in sorted(schemas):
        if schema in end.ignored or (end.only and schema not in end.only):
            name = "binlog_ignore_db" if schema in end.ignored else "binlog_do_db"
            line = f"{name} = {schema}"
            repair = _configured(f"# take out: {line}" if schema in end.ignored else line)
            yield Finding("error", "mysql_left_out", {"schema": schema, "name": name}, repair)


def _server_id(server: Server, facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    if wanted.server_id and (wanted.server_id == facts.server_id or wanted.server_id in server.replica_ids(facts)):
        yield Finding("error", "mysql_server_id_taken", {"error": str(wanted.server_id)})


def _table(server: Server, facts: Facts, wanted: Wanted, table: Table) -> Iterator[Finding]:
    schema, name = names(table, facts)
    found = server.table(schema, name)
    if found is None:
        repair = f"GRANT SELECT ON {quoted(schema, name)} TO {account(facts)};"
        yield Finding("error", "mysql_no_table", {"table": f"{schema}.{name}", "user": facts.user}, repair)
        return
    by_name = {column.name: column for column in found.columns}
    unknown = [c.name for c in table.columns if c.name not in by_name]
    if unknown:
        params = {"table": f"{schema}.{name}", "columns": ", ".join(unknown), "known": ", ".join(by_name)}
        yield Finding("error", "mysql_no_column", params)
    known = [(c, by_name[c.name]) for c in table.columns if c.name in by_name]
    yield from _readable(server, facts, found, [there.name for _, there in known])
    for column, there in known:
        yield from _column(f"{schema}.{name}", column, there)
    yield from _cascades(server, facts, wanted, found)
    yield from _shape(table, found)


def _readable(server: Server, facts: Facts, found: SourceTable, columns: Sequence[str]) -> Iterator[Finding]:
    spelled = quoted(found.schema, found.name)
    try:
        server.query(f"SELECT {', '.join(quoted(column) for column in columns) or '1'} FROM {spelled} LIMIT 0")
    except Halt as halt:
        if halt.code != "mysql_no_right":
            raise
        repair = f"GRANT SELECT ON {spelled} TO {account(facts)};"
        params = {"table": f"{found.schema}.{found.name}", "user": facts.user}
        yield Finding("error", "mysql_no_select", params, repair)


def _column(table: str, column: Column, there: SourceColumn) -> Iterator[Finding]:
    params = {"table": table, "column": column.name, "type": there.type, "kind": column.form or column.kind.value}
    allowed = _TYPES.get(column.kind)
    if column.form not in ("", "money"):
        allowed = _NUMBERS | _TEXTS  # a pattern or an epoch is read from text or from digits
    if column.elements is not None:
        allowed, params["kind"] = _TEXTS | {"json"}, f"{column.elements}[]"
    if there.data_type in _WITHOUT_TEXT:
        yield Finding("error", "mysql_without_text", params)
    elif allowed is not None and there.data_type not in allowed:
        yield Finding("error", "mysql_wrong_type", params)
    elif column.kind is Kind.DECIMAL and there.data_type in ("float", "double") and column.places is None:
        yield Finding("warning", "mysql_float", params)


def _cascades(server: Server, facts: Facts, wanted: Wanted, found: SourceTable) -> Iterator[Finding]:
    """What InnoDB does to rows by itself stands in no log, and fires no trigger either."""
    table, spelled = f"{found.schema}.{found.name}", quoted(found.schema, found.name)
    level: Literal["warning", "error"] = "warning" if wanted.cascades else "error"
    try:
        keys = cascades(server.connection, found.schema, found.name)
    except Halt as halt:
        if halt.code != "mysql_no_right":
            raise
        grant = f"GRANT SELECT ON {spelled} TO {account(facts)};"
        yield Finding(level, "mysql_cascade_unseen", {"table": table, "user": facts.user}, grant)
        return
    for name, other in keys:
        repair = (
            f"ALTER TABLE {spelled} DROP FOREIGN KEY {quoted(name)};"
            "  -- and add it with ON DELETE RESTRICT ON UPDATE RESTRICT"
        )
        yield Finding(level, "mysql_cascade", {"table": table, "key": name, "other": other}, repair)


def _shape(table: Table, found: SourceTable) -> Iterator[Finding]:
    name, spelled = f"{found.schema}.{found.name}", quoted(found.schema, found.name)
    key = {table.columns[i].name for i in table.key}
    if found.engine not in ("InnoDB", "ROCKSDB", "TokuDB"):
        repair = f"ALTER TABLE {spelled} ENGINE = InnoDB;"
        yield Finding("error", "mysql_engine", {"table": name, "engine": found.engine}, repair)
    if found.is_versioned:
        yield Finding("error", "mysql_versioned", {"table": name}, f"ALTER TABLE {spelled} DROP SYSTEM VERSIONING;")
    if not any(columns <= key for columns in found.unique.values()):
        listed = ", ".join(quoted(table.columns[i].name) for i in table.key)
        params = {"table": name, "key": listed.replace("`", "")}
        yield Finding("warning", "mysql_no_key", params, f"ALTER TABLE {spelled} ADD PRIMARY KEY ({listed});")
    else:
        yield Finding("ok", "mysql_table", {"table": name})


def _configured(*lines: str) -> str:
    """Lines of my.cnf, beside those that stand there."""
    return "\n".join(("[mysqld]", *lines, "# then restart"))


def _set(name: str, value: str) -> str:
    spelled = value if value.isdigit() else f"'{value}'"
    again = "  -- and in my.cnf, for restarts; reconnect sessions already open, which keep the old value"
    return f"SET GLOBAL {name} = {spelled};{again}"
