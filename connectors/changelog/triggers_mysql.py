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

OURS: Final = ("syncd_change", "syncd_changelog", "syncd_covered", "syncd_ack")
"""The tables that every version has installed."""
EVENTS: Final = ("INSERT", "UPDATE", "DELETE")
NAME_MAX: Final = 64
NUMBERS: Final = ("int", "decimal", "float", "double", "bit", "year")
_TEXTS: Final = ("char", "text", "enum", "set", "json")
_BYTES: Final = ("binary", "blob", "geometry", "point", "linestring", "polygon", "collection", "vector")
"""How the names of types end."""
_MADE: Final = """CREATE TABLE IF NOT EXISTS {schema}.`syncd_changelog` (
  id INT PRIMARY KEY,
  identity VARCHAR(40) NOT NULL,
  pruned_to BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {schema}.`syncd_ack` (
  pipeline VARCHAR(200) PRIMARY KEY,
  seq BIGINT UNSIGNED NOT NULL,
  acked_at DATETIME(6) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
DELETE FROM {schema}.`syncd_changelog` WHERE {is_new};
DELETE FROM {schema}.`syncd_ack` WHERE {is_new};
INSERT IGNORE INTO {schema}.`syncd_changelog` VALUES (1, UUID(), 0);
CREATE TABLE IF NOT EXISTS {schema}.`syncd_change` (
  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  txid BIGINT UNSIGNED NOT NULL,
  table_name VARCHAR(200) NOT NULL,
  op VARCHAR(10) NOT NULL,
  `before` LONGTEXT,
  `after` LONGTEXT,
  occurred_at VARCHAR(40) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {schema}.`syncd_covered` (
  table_name VARCHAR(200) PRIMARY KEY,
  columns LONGTEXT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {schema}.`syncd_renewed` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  part VARCHAR(200) NOT NULL,
  was LONGTEXT NOT NULL,
  now LONGTEXT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"""
_IS_NEW: Final = (
    "NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = {schema} AND table_name = 'syncd_change')"
)
"""Numbers that begin anew are those of another change table."""
_GONE: Final = (
    "DROP TRIGGER IF EXISTS {schema}.`syncd_gone`",
    """CREATE TRIGGER {schema}.`syncd_gone` BEFORE DELETE ON {schema}.`syncd_change` FOR EACH ROW BEGIN
  IF OLD.seq > (SELECT pruned_to FROM {schema}.`syncd_changelog`) THEN
    UPDATE {schema}.`syncd_changelog` SET pruned_to = OLD.seq;
  END IF;
END""",
)
"""Whoever deletes what a reader has not read leaves the number up to where it is gone."""
SIGN: Final = (
    "GROUP_CONCAT(CONCAT(event_manipulation, ' ', created, ' ', MD5(action_statement)) ORDER BY event_manipulation)"
)
"""The sign of a table's triggers: none can be altered, and what is made anew is younger."""
_SIGNED: Final = (
    f"SET {{variable}} = (SELECT {SIGN} FROM information_schema.triggers"
    " WHERE event_object_schema = {schema} AND event_object_table = {table} AND trigger_name IN ({names}))"
)
_SESSION: Final = ("SET NAMES utf8mb4", "SET SESSION sql_mode = ''")
"""The server keeps both with a trigger, and runs it so whatever the writer's session says."""
_BODY: Final = """BEGIN
  DECLARE old_image, new_image, piece LONGTEXT;
  DECLARE taken BOOLEAN DEFAULT TRUE;
  DECLARE CONTINUE HANDLER FOR 1062 SET taken = TRUE;
{guard}  BEGIN
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
GUARD: Final = "  DECLARE CONTINUE HANDLER FOR 1146 BEGIN END;\n"
"""Where somebody has dropped the change table the EAM goes on, and the reader says so."""
NOW: Final = "DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"


class Tracked(NamedTuple):
    """What the triggers of a table write, and the type of each of its columns as the catalogue names it."""

    columns: Columns
    types: Mapping[str, str]


def install_sql(schema: str, tables: Mapping[str, Tracked], there: frozenset[str], counts_gone: bool) -> list[str]:
    """The change table, and the triggers of each table (`schema.table`). Of tables that are `there`, whose triggers
    are replaced, nobody may write meanwhile."""
    made = _MADE.format(schema=quoted(schema), is_new=_IS_NEW.format(schema=literal(schema)))
    gone = () if counts_gone else (sql.format(schema=quoted(schema)) for sql in _GONE)
    statements = [*_SESSION, *made.split(";\n"), *gone]
    for table, tracked in tables.items():
        created = [
            f"CREATE TRIGGER {trigger(table, event)} AFTER {event} ON {quoted_table(table)} FOR EACH ROW {body}"
            for event, body in bodies(schema, table, tracked).items()
        ]
        replaced = _replaced_sql(schema, table, created) if table in there else created
        statements += [*replaced, _cover(schema, table, tracked.columns)]
    return statements


def _replaced_sql(schema: str, table: str, created: Sequence[str]) -> list[str]:
    """Replace a table's triggers and note what took whose place."""
    where, _, name = table.partition(".")
    names = ", ".join(literal(trigger_name(table, event)) for event in EVENTS)
    before, after = (
        _SIGNED.format(variable=variable, schema=literal(where), table=literal(name), names=names)
        for variable in ("@was", "@now")
    )
    noted = f"INSERT INTO {quoted(schema, 'syncd_renewed')} (part, was, now) SELECT {literal(table)}, @was, @now"
    return [
        "SET @was = NULL, @now = NULL",
        f"LOCK TABLES {quoted_table(table)} WRITE",
        before,
        *(f"DROP TRIGGER IF EXISTS {trigger(table, event)}" for event in EVENTS),
        *created,
        after,
        "UNLOCK TABLES",
        f"{noted} FROM DUAL WHERE @was IS NOT NULL AND @now IS NOT NULL",
    ]


def remove_sql(schema: str, tables: Sequence[str], last: bool) -> list[str]:
    """Take the triggers of `tables` away and, when they are the last, the change table too."""
    statements = [f"DROP TRIGGER IF EXISTS {trigger(table, event)}" for table in tables for event in EVENTS]
    if last:
        return [*statements, *(f"DROP TABLE IF EXISTS {quoted(schema, name)}" for name in (*OURS, "syncd_renewed"))]
    names = ", ".join(map(literal, tables))
    return [*statements, f"DELETE FROM {quoted(schema, 'syncd_covered')} WHERE table_name IN ({names})"]


def printed(statements: Sequence[str]) -> list[str]:
    """Statements as the server's own client reads them from a file."""
    return [f"DELIMITER //\n{sql}//\nDELIMITER ;" if ";" in sql else sql for sql in statements]


def bodies(schema: str, table: str, tracked: Tracked, guard: str = GUARD) -> dict[str, str]:
    """What the three triggers of a table do, by event, as the server stores it. Earlier versions had no guard."""
    return {event: _body(schema, table, event, tracked, guard) for event in EVENTS}


def _body(schema: str, table: str, event: str, tracked: Tracked, guard: str) -> str:
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
        guard=guard,
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
    """A trigger as an identifier; it stands in its table's schema."""
    return quoted(table.partition(".")[0], trigger_name(table, event))


def trigger_name(table: str, event: str) -> str:
    """The name of a trigger."""
    _, _, name = table.partition(".")
    spelled = f"syncd_{name}_{event.lower()}"
    if len(spelled) > NAME_MAX:
        spelled = f"syncd_{md5(name.encode(), usedforsecurity=False).hexdigest()}_{event.lower()}"
    return spelled


def quoted_table(table: str) -> str:
    """`schema.table` as an identifier."""
    schema, _, name = table.partition(".")
    return quoted(schema, name)
