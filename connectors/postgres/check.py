"""What must be right at an EAM's PostgreSQL before its log can be trusted, each with the statement that repairs it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from connectors.postgres.pgoutput import FLOATS
from connectors.postgres.server import (
    Facts,
    Part,
    Publication,
    Server,
    SourceColumn,
    SourceTable,
    drop_slot_sql,
    full_name,
    publication_sql,
    quoted,
    slot_sql,
    split,
)
from syncd.change import Column, Kind, Table
from syncd.errors import Halt
from syncd.ports import Finding

_CATEGORIES: Final[Mapping[Kind, str]] = {
    Kind.INTEGER: "NS",
    Kind.DECIMAL: "NS",
    Kind.BOOLEAN: "BNS",
    Kind.DATE: "DS",
    Kind.TIMESTAMP: "DS",
}
"""The `pg_type.typcategory` whose text a kind may be read from: numeric, string, boolean, date and time."""

_SAID_TOGETHER: Final = ("pg_identity", "pg_table")


class Wanted(NamedTuple):
    """What a pipeline needs of the server."""

    slot: str
    publication: str
    tables: Mapping[str, Table]
    create: bool
    failover: bool


def beat_findings(server: Server, table: str) -> list[Finding]:
    """Whether the heartbeat's table is there."""
    missing = table and server.table(table) is None
    return [Finding("error", "pg_no_heartbeat_table", {"table": table})] if missing else []


def findings(server: Server, facts: Facts, wanted: Wanted, is_read: bool = False) -> list[Finding]:
    """All results, those about the server first. Changes nothing. Of a log that is read already no table is looked at
    row by row, and a row filter that is there stays. Raises Transient or Halt when nobody answers."""
    found = {table.alias: server.table(full_name(table)) for table in wanted.tables.values()}
    published = server.publication(wanted.publication, facts.version)
    names = published.tables.keys() if published else ()
    own = frozenset(full_name(table) for table in wanted.tables.values())
    of_tables = [f for table in wanted.tables.values() for f in _table(facts, table, found[table.alias], names, own)]
    refused = {str(f.params.get("table")) for f in of_tables if f.level == "error"}
    for table in () if is_read else wanted.tables.values():
        there = found[table.alias]
        if there is not None and there.name not in refused:
            of_tables += _key(server, table, there)
    of_publication = [
        finding._replace(level="warning") if is_read and finding.code == "pg_publishes_rows" else finding
        for finding in _publication(server, wanted, found, published)
    ]
    return [*_settings(server, facts, wanted), *of_publication, *_slot_wanted(server, wanted), *_together(of_tables)]


def _together(results: Sequence[Finding]) -> list[Finding]:
    """What is said alike of many tables as one finding that names them, with all their statements."""
    alike = [[f for f in results if f.code == code] for code in _SAID_TOGETHER]
    joined = [
        same[0]._replace(
            params={"table": ", ".join(f.params["table"] for f in same)},
            repair="\n".join(f.repair for f in same if f.repair),
        )
        for same in alike
        if same
    ]
    return [*joined, *(f for f in results if f.code not in _SAID_TOGETHER)]


def refuse(results: Sequence[Finding]) -> None:
    """Raises Halt for the first error among the findings."""
    for finding in results:
        if finding.level == "error":
            raise Halt(finding.code, **finding.params, repair=finding.repair)


def refuse_unread(results: Sequence[Finding]) -> None:
    """Raises Halt for tables that are not published although a checkpoint exists: what they held before would never
    be read."""
    for finding in results:
        if finding.code == "pg_will_publish":
            raise Halt("pg_unread_table", **finding.params)


def _settings(server: Server, facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    if facts.wal_level != "logical":
        repair = "ALTER SYSTEM SET wal_level = logical;  -- then restart PostgreSQL"
        yield Finding("error", "pg_wal_level", {"wal_level": facts.wal_level}, repair)
    free_slots, free_senders, may_replicate, slots, senders = server.room()
    if not may_replicate:
        repair = f"ALTER ROLE {quoted(facts.user)} REPLICATION;"
        yield Finding("error", "pg_no_replication", {"user": facts.user}, repair)
    slot = server.slot(wanted.slot)
    if slot is not None and slot.wal_status == "lost":
        yield Finding("error", "pg_slot_lost", {"slot": wanted.slot}, drop_slot_sql(wanted.slot))
    elif slot is not None and (slot.plugin != "pgoutput" or slot.database != facts.database):
        params = {"slot": wanted.slot, "plugin": slot.plugin or "", "database": slot.database or ""}
        yield Finding("error", "pg_slot_foreign", params)
    elif slot is None and free_slots < 1:
        repair = f"ALTER SYSTEM SET max_replication_slots = {slots + 5};  -- then restart PostgreSQL"
        yield Finding("error", "pg_no_free_slot", {"limit": str(slots)}, repair)
    if free_senders < 1 and not (slot and slot.active):
        repair = f"ALTER SYSTEM SET max_wal_senders = {senders + 5};  -- then restart PostgreSQL"
        yield Finding("error", "pg_no_free_sender", {"limit": str(senders)}, repair)
    if wanted.failover and facts.version < 170000:
        yield Finding("error", "pg_no_failover", {"version": str(facts.version // 10000)})
    if slot is not None and slot.wal_status in ("unreserved", "extended"):
        yield Finding("warning", f"pg_slot_{slot.wal_status}", {"slot": wanted.slot})
    yield Finding("ok", "pg_server", {"version": str(facts.version // 10000), "database": facts.database})


def _slot_wanted(server: Server, wanted: Wanted) -> Iterator[Finding]:
    """Behind the publication: whoever runs the statements one by one makes a slot whose log knows it."""
    if not wanted.create and server.slot(wanted.slot) is None:
        repair = slot_sql(wanted.slot, wanted.failover)
        yield Finding("error", "pg_slot_wanted", {"slot": wanted.slot}, repair)


def _publication(
    server: Server, wanted: Wanted, found: Mapping[str, SourceTable | None], published: Publication | None
) -> Iterator[Finding]:
    name = wanted.publication
    there = [table for table in found.values() if table]
    unlogged = [part for table in there for part in table.own if part.holds_rows and not part.is_logged]
    if unlogged:
        repair = "\n".join(f"ALTER TABLE {quoted(part.schema, part.table)} SET LOGGED;" for part in unlogged)
        yield Finding("error", "pg_unlogged", {"table": _names(unlogged)}, repair)
    told = published.tables if published is not None else {}
    missing = [table for table in there if table.name not in told and table.parts[0].is_logged]
    if missing:
        names = [table.name for table in missing]
        params = {"publication": name, "tables": ", ".join(names)}
        if wanted.create and server.may_publish(name, missing):
            yield Finding("ok", "pg_will_publish", params)
        else:
            repair = publication_sql(name, names, exists=published is not None)
            yield Finding("error", "pg_not_published", params, repair)
    if published is None:
        return
    if not published.every_kind:
        repair = f"ALTER PUBLICATION {quoted(name)} SET (publish = 'insert, update, delete, truncate');"
        yield Finding("error", "pg_publishes_partly", {"publication": name}, repair)
    if not published.via_root and any(table and table.kind == "p" for table in found.values()):
        repair = f"ALTER PUBLICATION {quoted(name)} SET (publish_via_partition_root = true);"
        yield Finding("error", "pg_publishes_partitions", {"publication": name}, repair)
    for table in wanted.tables.values():
        if (there_is := found[table.alias]) is not None:
            yield from _published_partly(name, published, table, frozenset(column.name for column in there_is.columns))


def _published_partly(name: str, published: Publication, table: Table, known: frozenset[str]) -> Iterator[Finding]:
    columns, condition = published.tables.get(full_name(table), (None, ""))
    hidden = [c.name for c in table.columns if columns is not None and c.name in known - columns]
    publication, spelled = quoted(name), quoted(*split(table.name))
    drop, add = (
        f"ALTER PUBLICATION {publication} DROP TABLE {spelled};",
        publication_sql(name, [full_name(table)], True),
    )
    whole = f"BEGIN; {drop} {add} COMMIT;"
    if hidden:
        params = {"publication": name, "table": full_name(table), "columns": ", ".join(hidden)}
        yield Finding("error", "pg_publishes_columns", params, whole)
    if condition:
        params = {"publication": name, "table": full_name(table), "condition": condition}
        yield Finding("error", "pg_publishes_rows", params, whole)


def _table(
    facts: Facts, table: Table, found: SourceTable | None, published: Collection[str], declared: Collection[str]
) -> Iterator[Finding]:
    name, spelled = full_name(table), quoted(*split(table.name))
    if found is None:
        yield Finding("error", "pg_no_table", {"table": name})
        return
    by_name = {column.name: column for column in found.columns}
    unknown = [c.name for c in table.columns if c.name not in by_name]
    if unknown:
        params = {"table": name, "columns": ", ".join(unknown), "known": ", ".join(by_name)}
        yield Finding("error", "pg_no_column", params)
    known = [(c, by_name[c.name]) for c in table.columns if c.name in by_name]
    if not found.readable or not all(there.readable for _, there in known):
        schema, user = quoted(split(table.name)[0]), quoted(facts.user)
        repair = f"GRANT USAGE ON SCHEMA {schema} TO {user}; GRANT SELECT ON {spelled} TO {user};"
        yield Finding("error", "pg_no_select", {"table": name, "user": facts.user}, repair)
    if found.hides_rows:
        repair = f"ALTER ROLE {quoted(facts.user)} BYPASSRLS;"
        yield Finding("error", "pg_row_security", {"table": name, "user": facts.user}, repair)
    for column, there in known:
        yield from _column(name, column, there)
    yield from _identity(table, found, published, declared)


def _key(server: Server, table: Table, found: SourceTable) -> Iterator[Finding]:
    """Two rows with one key would be one to us."""
    key = [table.columns[i].name for i in table.key]
    if any(unique and unique <= set(key) for unique in server.unique_keys(found)):
        return
    twice = server.twice(found, key)
    params = {"table": found.name, "key": ", ".join(key)}
    if twice is not None:
        yield Finding("error", "pg_key_twice", {**params, "value": ", ".join(map(str, twice))})
    elif not found.is_divided:  # over partitions the server can keep no key unique that does not divide them
        spelled = ", ".join(quoted(name) for name in key)
        repair = f"CREATE UNIQUE INDEX CONCURRENTLY ON {quoted(*split(found.name))} ({spelled});"
        yield Finding("warning", "pg_key_loose", params, repair)


def _column(name: str, column: Column, there: SourceColumn) -> Iterator[Finding]:
    params = {"table": name, "column": column.name, "type": there.type, "kind": column.form or column.kind.value}
    allowed = _CATEGORIES.get(column.kind)
    if column.form not in ("", "money"):
        allowed = "NS"  # a pattern or an epoch is read from text or from digits
    if column.elements is not None:
        allowed, params["kind"] = "A", f"{column.elements}[]"
    if allowed is not None and there.category not in allowed:
        yield Finding("error", "pg_wrong_type", params)
    elif column.kind is Kind.DECIMAL and there.type_oid in FLOATS and column.places is None:
        yield Finding("warning", "pg_float", params)


def _identity(
    table: Table, found: SourceTable, published: Collection[str], declared: Collection[str]
) -> Iterator[Finding]:
    """Of each part: what the server does not take for an identity fails the EAM's own updates once it is published."""
    key = {table.columns[i].name for i in table.key}
    heirs = [part for part in found.parts if part not in found.own]
    unknown = [p for p in found.own if p.holds_rows and not (p.is_full or key <= p.key)]
    unknown += [p for p in heirs if p.name in published and not (p.is_full or p.key)]
    weak = [part for part in found.own if not part.is_full]
    if unknown:
        params = {"table": _names(unknown), "key": ", ".join(table.columns[i].name for i in table.key)}
        yield Finding("error", "pg_no_identity", params, _full(unknown))
    elif weak:
        yield Finding("warning", "pg_identity", {"table": _names(weak)}, _full(weak))
    else:
        yield Finding("ok", "pg_table", {"table": found.name})
    if found.is_divided and not found.has_primary_key:
        yield Finding("warning", "pg_partitions_to_come", {"table": found.name})
    if unread := [part for part in heirs if part.name not in declared]:
        yield Finding("warning", "pg_heirs", {"table": found.name, "heirs": _names(unread)})


def _names(parts: Sequence[Part]) -> str:
    return ", ".join(part.name for part in parts)


def _full(parts: Sequence[Part]) -> str:
    return "\n".join(f"ALTER TABLE {quoted(part.schema, part.table)} REPLICA IDENTITY FULL;" for part in parts)
