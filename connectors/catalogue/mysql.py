"""The catalogue of MySQL and MariaDB."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import pymysql

from connectors.catalogue.described import Catalogue, Told, schema
from connectors.mysql import server
from syncd.init.seen.schema import SAMPLE_ROWS_MAX, Schema, Sort

_SORTS: Final[Mapping[str, Sort]] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), "integer"),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"), "text"),
    **dict.fromkeys(("float", "double"), "float"),
    **dict.fromkeys(("datetime", "timestamp"), "timestamp"),
    "decimal": "decimal",
    "date": "date",
    "json": "json",
    "uuid": "uuid",
}
_COLUMNS: Final = """
    SELECT c.table_name, c.column_name, c.column_type, c.data_type, c.numeric_scale, c.character_maximum_length,
           c.is_nullable = 'NO' AND c.column_default IS NULL AND c.extra NOT LIKE '%%auto_increment%%'
               AND c.extra NOT LIKE '%%GENERATED%%',
           c.extra LIKE '%%auto_increment%%', c.extra LIKE '%%GENERATED%%' AND c.extra NOT LIKE 'DEFAULT%%',
           c.column_comment, coalesce(c.column_default, '')
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = database() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
    ORDER BY c.table_name, c.ordinal_position
"""
_UNIQUE: Final = """
    SELECT table_name, index_name, index_name = 'PRIMARY', column_name FROM information_schema.statistics
    WHERE table_schema = database() AND non_unique = 0 AND sub_part IS NULL
    ORDER BY table_name, index_name, seq_in_index
"""
_FOREIGN: Final = """
    SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = database() AND referenced_table_schema = database()
    ORDER BY table_name, constraint_name, ordinal_position
"""
_COMMENTS: Final = """
    SELECT table_name, table_comment FROM information_schema.tables
    WHERE table_schema = database() AND table_comment <> ''
"""


def read(url: str) -> Schema:
    """The database at a URL. Raises Transient or Halt."""
    connection = server.open_connection(url)
    with closing(connection):

        def sample(table: str, columns: Sequence[Told], key: Sequence[str]) -> list[tuple[object, ...]] | None:
            order = f" ORDER BY {', '.join(_quoted(k) + ' DESC' for k in key)}" if key else ""
            chosen = ", ".join(map(_read, columns))
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT {chosen} FROM {_quoted(table)}{order} LIMIT {SAMPLE_ROWS_MAX}")
                    return [tuple(row) for row in cursor.fetchall()]
            except pymysql.err.OperationalError as error:
                if error.args[0] in (2006, 2013):
                    raise
                return None
            except pymysql.err.Error:
                return None

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return server.rows(connection, sql.replace("%%", "%"))

        columns = [
            Told(
                *(table, name, type_, _sort(base, type_), places if base == "decimal" else None, length),
                *(bool(required), bool(generated), bool(computed), comment, str(default).strip("'")),
            )
            for table, name, type_, base, places, length, required, generated, computed, comment, default in rows(
                _COLUMNS
            )
        ]
        unique = [(table, name, bool(primary), column) for table, name, primary, column in rows(_UNIQUE)]
        said = Catalogue(columns, unique, rows(_FOREIGN), dict(rows(_COMMENTS)))
        return schema("mysql", said, sample, _has_log(connection))


def _has_log(connection: Any) -> bool:
    wanted = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_metadata": "FULL"}
    said = server.rows(connection, "SHOW GLOBAL VARIABLES WHERE variable_name IN ('" + "', '".join(wanted) + "')")
    return {name: str(value).upper() for name, value in said} == wanted


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _sort(base: str, type_: str) -> Sort:
    return "boolean" if type_ in ("tinyint(1)", "bit(1)") else _SORTS.get(base, "other")


def _read(column: Told) -> str:
    name = _quoted(column.name)
    if column.sort in ("date", "timestamp", "float"):  # a zero date is what it is
        return f"CAST({name} AS CHAR)"
    return f"left(CAST({name} AS CHAR), 2000)" if column.sort in ("json", "other") else name
