"""The signs of a change table in MySQL and MariaDB. The server tells when a trigger was made, and how a table's columns
lie. TRUNCATE passes the triggers by: a row that was there and is not, though nothing was written of it, witnesses that
its table was emptied."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.changelog.mysql_check import refusal
from connectors.changelog.rows import Columns
from connectors.changelog.signs import Look, Signs, TableSigns
from connectors.changelog.triggers_mysql import SIGN, image, quoted_table
from connectors.mysql.server import literal, quoted, rows
from syncd.errors import Gap, RowsGone

_TABLES: Final = (
    "SELECT CONCAT(table_schema, '.', table_name), CAST(create_time AS CHAR),"
    " VERSION() LIKE '%%MariaDB%%' AND create_time < NOW() - INTERVAL 2 SECOND FROM information_schema.tables"
    " WHERE table_schema = %s AND table_name = %s AND table_type = 'BASE TABLE'"
)
_COLUMNS: Final = (
    "SELECT CONCAT(table_schema, '.', table_name), ordinal_position, column_name, column_type, data_type"
    " FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
)
_PARTS: Final = (
    "SELECT CONCAT(table_schema, '.', table_name), partition_name FROM information_schema.partitions"
    " WHERE table_schema = %s AND table_name = %s AND partition_name IS NOT NULL"
)
_TRIGGERS: Final = (
    f"SELECT MAX(CONCAT(event_object_schema, '.', event_object_table)), {SIGN} FROM information_schema.triggers"
    " WHERE event_object_schema = %s AND event_object_table = %s"
    " AND action_timing = 'AFTER' AND trigger_name LIKE 'syncd%%' AND INSTR(action_statement, {change}) > 0"
)
"""Of one table each: for a list of tables the server would open every one that it has."""


Shapes = dict[str, tuple[str, list[tuple[Any, ...]], list[str]]]
"""By table when its definition was written, its columns and its partitions. MariaDB writes it anew at each ALTER TABLE
and says when, to the second: what is older than that is not asked for again, which costs milliseconds a table."""


def look(connection: Any, change: str, tables: Mapping[str, Columns], read_to: int, shapes: Shapes) -> Look:
    """The signs as they are now; `shapes` keeps what is asked for once. Raises Transient or Halt."""
    wanted = [tuple(name.split(".", 1)) for name in tables]
    signs = dict(_of_each(connection, _TRIGGERS.format(change=literal(f"INSERT INTO {change} ")), wanted))
    there = _of_each(connection, _TABLES, wanted)
    asked = [name for name, written, _ in there if name not in shapes or shapes[name][0] != written]
    now = _shapes(connection, [tuple(name.split(".", 1)) for name in asked])
    found: dict[str, TableSigns] = {}
    standing = [f"{name} {sign}" for name, sign in signs.items() if name in tables]
    for name, written, is_settled in there:
        of_table, parts = now[name] if name in asked else shapes[name][1:]
        shapes.pop(name, None)
        if is_settled:
            shapes[name] = (written, of_table, parts)
        known = [[column, kind] for _, column, kind, _ in of_table]
        types = {column: kind.lower() for _, column, _, kind in of_table}
        declared = [column for column in tables[name].names if column in types]
        shape = [
            known,
            declared,
            parts,
            _witness(connection, name, tables[name], types),
        ]
        sign = signs.get(name)
        found[name] = TableSigns({name: sign} if sign else {}, shape)
        standing.append(f"{name} {known}")
    return Look(Signs("", found, read_to), "\n".join(sorted(standing)))


def _witness(connection: Any, table: str, columns: Columns, types: Mapping[str, str]) -> str:
    """The key of one of the table's rows, as triggers write it; empty when there is none, or none may be seen."""
    if not types.keys() >= set(columns.key):
        return ""
    some = f"SELECT {image('r', columns.key, types)} FROM {quoted_table(table)} AS r LIMIT 1"
    return "" if refusal(connection, some) else next((str(key) for (key,) in rows(connection, some)), "")


def _shapes(connection: Any, tables: Sequence[tuple[str, ...]]) -> dict[str, tuple[list[tuple[Any, ...]], list[str]]]:
    if not tables:
        return {}
    columns = _grouped(sorted(_of_each(connection, _COLUMNS, tables)))
    parts = _grouped(_of_each(connection, _PARTS, tables))
    names = (".".join(table) for table in tables)
    return {name: (columns.get(name, []), [part for (part,) in parts.get(name, ())]) for name in names}


def _of_each(connection: Any, sql: str, tables: Sequence[tuple[str, ...]]) -> list[tuple[Any, ...]]:
    """The rows of a statement for each of the tables."""
    return rows(connection, " UNION ALL ".join([sql] * len(tables)), *(part for table in tables for part in table))


def _grouped(found: Sequence[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    for name, *rest in found:
        grouped.setdefault(name, []).append(tuple(rest))
    return grouped


def hole(connection: Any, schema: str, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None:
    """What no trigger tells, as far as the server shows it."""
    columns_was, declared, parts_was, witness = was.shape
    columns_now, _, parts_now, witness_now = now.shape
    before, after = dict(columns_was), dict(columns_now)
    anew = [name for name in declared if name in after and after[name] != before[name]]
    anew += _moved([n for n, _ in columns_was if n in after], [n for n, _ in columns_now if n in before], declared)
    if anew:
        return Gap("changelog_columns_anew", table=table, columns=", ".join(anew))
    if set(parts_was) - set(parts_now):
        return RowsGone("changelog_partition_gone", table=table)
    if witness and witness != witness_now and now.triggers == was.triggers:
        change, changelog = quoted(schema, "syncd_change"), quoted(schema, "syncd_changelog")
        left = "JSON_CONTAINS(`before`, %s) AND (`after` IS NULL OR NOT JSON_CONTAINS(`after`, %s))"
        told = f"SELECT 1 FROM {change} WHERE seq > %s AND table_name = %s AND {left} LIMIT 1"
        pruned = f"SELECT 1 FROM {changelog} WHERE pruned_to > %s"
        is_told = rows(connection, told, seen, table, witness, witness) or rows(connection, pruned, seen)
        if not is_told and not _holds(connection, table, witness):
            return RowsGone("changelog_emptied", table=table)
    return None


def _holds(connection: Any, table: str, key: str) -> bool:
    """Whether a row is there under its key."""
    names = list(json.loads(key))
    schema, _, name = table.partition(".")
    listed = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    types = {column: kind.lower() for column, kind in rows(connection, listed, schema, name)}
    there = f"SELECT 1 FROM {quoted_table(table)} AS r WHERE {image('r', names, types)} = %s LIMIT 1"
    return bool(rows(connection, there, key))


def _moved(before: Sequence[str], after: Sequence[str], declared: Sequence[str]) -> list[str]:
    """The declared columns that come behind others than before: one that is made anew is the last."""
    return [
        name
        for name in declared
        if (name in after and set(before[: before.index(name)]) - set(after[: after.index(name)]))
        or (name in after and set(after[: after.index(name)]) - set(before[: before.index(name)]))
    ]
