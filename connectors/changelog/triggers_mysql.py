"""The change table in MySQL and MariaDB and the triggers that write it, as SQL.

A value is written as text, exactly; a DOUBLE as the number it is, a FLOAT as `{"float": number}`, bytes as
`{"blob": hex}`, a TIMESTAMP in UTC whatever the session's zone.

A trigger must never fail the EAM's own write. When a column that it reads is gone, it writes those that are left. When
its number was given up in the moment before its row stood there (see `changelog_mysql`), it draws the next.
"""

from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Final, NamedTuple

from connectors.changelog.rows import Columns
from connectors.mysql.server import literal, quoted

TABLES: Final = ("syncd_change", "syncd_changelog", "syncd_covered", "syncd_ack")
EVENTS: Final = ("INSERT", "UPDATE", "DELETE")
NAME_MAX: Final = 64
NUMBERS: Final = ("int", "decimal", "float", "double", "bit", "year")
_TEXTS: Final = ("char", "text", "enum", "set", "json")
_BYTES: Final = ("binary", "blob", "geometry", "point", "linestring", "polygon", "collection", "vector")
"""How the names of types end."""
_MADE: Final = """CREATE TABLE IF NOT EXISTS {schema}.`syncd_change` (
  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  txid BIGINT UNSIGNED NOT NULL,
  table_name VARCHAR(200) NOT NULL,
  op VARCHAR(10) NOT NULL,
  `before` LONGTEXT,
  `after` LONGTEXT,
  occurred_at VARCHAR(40) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {schema}.`syncd_changelog` (
  id INT PRIMARY KEY,
  identity VARCHAR(40) NOT NULL,
  pruned_to BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO {schema}.`syncd_changelog` VALUES (1, UUID(), 0);
CREATE TABLE IF NOT EXISTS {schema}.`syncd_covered` (
  table_name VARCHAR(200) PRIMARY KEY,
  columns LONGTEXT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {schema}.`syncd_ack` (
  pipeline VARCHAR(200) PRIMARY KEY,
  seq BIGINT UNSIGNED NOT NULL,
  acked_at DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"""
_SESSION: Final = ("SET NAMES utf8mb4", "SET SESSION sql_mode = ''")
"""The server keeps both with a trigger, and runs it so whatever the writer's session says."""
_BODY: Final = """BEGIN
  DECLARE old_image, new_image, piece LONGTEXT;
  DECLARE taken BOOLEAN DEFAULT TRUE;
  DECLARE CONTINUE HANDLER FOR 1062 SET taken = TRUE;
  BEGIN
    DECLARE EXIT HANDLER FOR 1054 BEGIN
      DECLARE CONTINUE HANDLER FOR 1054 BEGIN END;
      {piecewise}
    END;
    {whole}
  END;
  WHILE taken DO
    SET taken = FALSE;
    INSERT INTO {schema}.`syncd_change` (txid, table_name, op, `before`, `after`, occurred_at)
    VALUES (CONNECTION_ID(), {table}, {op}, old_image, new_image, {now});
  END WHILE;
END"""
NOW: Final = "DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"


class Tracked(NamedTuple):
    """What the triggers of a table write, and the type of each of its columns as the catalogue names it."""

    columns: Columns
    types: Mapping[str, str]


def install_sql(schema: str, tables: Mapping[str, Tracked], there: frozenset[str]) -> list[str]:
    """The change table, and the triggers of each table (`schema.table`). Of tables that are `there`, whose triggers
    are replaced, nobody may write meanwhile."""
    statements = [*_SESSION, *_MADE.format(schema=quoted(schema)).split(";\n")]
    for table, tracked in tables.items():
        made = [
            *(f"DROP TRIGGER IF EXISTS {trigger(table, event)}" for event in EVENTS if table in there),
            *(
                f"CREATE TRIGGER {trigger(table, event)} AFTER {event} ON {quoted_table(table)} FOR EACH ROW {body}"
                for event, body in bodies(schema, table, tracked).items()
            ),
        ]
        locked = [f"LOCK TABLES {quoted_table(table)} WRITE", *made, "UNLOCK TABLES"] if table in there else made
        statements += [*locked, _cover(schema, table, tracked.columns)]
    return statements


def remove_sql(schema: str, tables: Sequence[str], last: bool) -> list[str]:
    """Take the triggers of `tables` away and, when they are the last, the change table too."""
    statements = [f"DROP TRIGGER IF EXISTS {trigger(table, event)}" for table in tables for event in EVENTS]
    if last:
        return [*statements, *(f"DROP TABLE IF EXISTS {quoted(schema, name)}" for name in TABLES)]
    names = ", ".join(map(literal, tables))
    return [*statements, f"DELETE FROM {quoted(schema, 'syncd_covered')} WHERE table_name IN ({names})"]


def printed(statement: str) -> str:
    """A statement as the server's own client reads it from a file."""
    return f"DELIMITER //\n{statement}//\nDELIMITER ;" if ";" in statement else statement


def bodies(schema: str, table: str, tracked: Tracked) -> dict[str, str]:
    """What the three triggers of a table do, by event, as the server stores it."""
    return {event: _body(schema, table, event, tracked) for event in EVENTS}


def _body(schema: str, table: str, event: str, tracked: Tracked) -> str:
    images = [
        (variable, row)
        for variable, row, without in (("old_image", "OLD", "INSERT"), ("new_image", "NEW", "DELETE"))
        if event != without
    ]
    names = tracked.columns.names
    pieces = [f"SET {variable} = '{{}}';" for variable, _ in images] + [
        f"SET piece = NULL; SET piece = {image(row, [name], tracked.types)};"
        f" SET {variable} = JSON_MERGE_PRESERVE({variable}, COALESCE(piece, '{{}}'));"
        for variable, row in images
        for name in names
    ]
    return _BODY.format(
        piecewise="\n      ".join(pieces),
        whole="\n    ".join(f"SET {variable} = {image(row, names, tracked.types)};" for variable, row in images),
        schema=quoted(schema),
        table=literal(table),
        op=literal(event.lower()),
        now=NOW,
    )


def image(row: str, names: Sequence[str], types: Mapping[str, str]) -> str:
    """The expression that is a row (`OLD`, `NEW`, an alias) as a JSON object."""
    return f"JSON_OBJECT({', '.join(f'{literal(name)}, {_value(row, name, types)}' for name in names)})"


def _value(row: str, name: str, types: Mapping[str, str]) -> str:
    column, kind = f"{row}.{quoted(name)}", types.get(name, "")
    if kind.endswith(_TEXTS):
        return f"CONCAT(CONVERT({column} USING utf8mb4), '')"  # what is JSON itself becomes text by CONCAT alone
    if kind.endswith(_BYTES):
        return f"JSON_OBJECT('blob', HEX({column}))"
    match kind:
        case "double":
            return f"{column} + 0e0"
        case "float":
            return f"JSON_OBJECT('float', {column} + 0e0)"
        case "bit":
            return f"CAST(CAST({column} AS UNSIGNED) AS CHAR)"
        case "timestamp":
            return (
                f"CASE WHEN {column} IS NOT NULL AND COALESCE(UNIX_TIMESTAMP({column}), 0) = 0"
                " THEN '0000-00-00 00:00:00' ELSE"
                f" CONCAT(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL UNIX_TIMESTAMP({column}) SECOND, '+00:00') END"
            )
        case _:
            return f"CAST({column} AS CHAR)"


def _cover(schema: str, table: str, columns: Columns) -> str:
    return f"REPLACE INTO {quoted(schema, 'syncd_covered')} VALUES ({literal(table)}, {literal(columns.comment())})"


def trigger(table: str, event: str) -> str:
    """The name of a trigger, which stands in its table's schema."""
    schema, _, name = table.partition(".")
    spelled = f"syncd_{name}_{event.lower()}"
    if len(spelled) > NAME_MAX:
        spelled = f"syncd_{md5(name.encode(), usedforsecurity=False).hexdigest()}_{event.lower()}"
    return quoted(schema, spelled)


def quoted_table(table: str) -> str:
    """`schema.table` as an identifier."""
    schema, _, name = table.partition(".")
    return quoted(schema, name)
