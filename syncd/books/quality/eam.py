"""The EAM's rows as a mapping declares them, one table a statement, in no order: they pass once and are not kept."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager

from syncd.change import Column, Kind, Row, Table
from syncd.dialects import SPELLINGS, Dialect

Rows = Callable[[Table], AbstractContextManager[Iterator[tuple[Row, bool]]]]
"""A table → its rows, and of each whether it holds marks."""


def rows_query(table: Table, dialect: Dialect, moments: Collection[str]) -> str:
    """SELECT the declared columns, as text where a driver would refuse what the column may hold: a zero date, an
    infinite one. `moments` are MySQL's columns that keep them, as `table.column`; its session is in UTC."""
    spelling = SPELLINGS[dialect]

    def read(column: Column) -> str:
        name = f"a.{spelling.quoted(column.name)}"
        if dialect == "sqlite":
            return name
        if dialect == "postgres":
            return f"CAST({name} AS text)"
        is_moment = f"{table.name}.{column.name}".lower() in moments and column.kind in (Kind.DATE, Kind.TIMESTAMP)
        return f"CONCAT({name}, '+00:00')" if is_moment else f"CAST({name} AS CHAR)"

    return f"SELECT {', '.join(map(read, table.columns))} FROM {spelling.source_table(table.name)} AS a"
