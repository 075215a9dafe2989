"""What the EAM's assets amounted to at the ledger's point of the log: the measures, over the mirror's rows.

The mirror holds each tracked row as the log has told it up to the checkpoint. The rows that some assets are made of are
laid into a database in memory, and the very statement that asks the EAM is asked there.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from syncd.books.reconciliation import sides
from syncd.books.reconciliation.reconcile import Amounts, Found
from syncd.change import Malformed, Row, Table, Unchanged, join_key, key_text
from syncd.desk import partitions
from syncd.dialects import SPELLINGS
from syncd.dialects.sqlite import quoted, source_table
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.language.blocks.measures import Measures
from syncd.mapping.language.blocks.source_sql import Reach
from syncd.ports import Ledger
from syncd.record import decode_row, timestamp

ROWS_MAX: Final = 50_000
"""Rows of a table that is read as a whole, as a list of departments is. Of a larger one nobody can tell which belong to
an asset, and nothing is said of the past."""
LOT_ASSETS: Final = 1_000
_OF: Final = "pipeline IN (?*) AND source_table = ?"
_BY_KEY: Final = f"SELECT image FROM syncd.mirror WHERE {_OF} AND key IN (?*)"
_COUNT: Final = f"SELECT count(*) FROM (SELECT 1 FROM syncd.mirror WHERE {_OF} LIMIT ?) AS mirrored"
_WHOLE: Final = f"SELECT image FROM syncd.mirror WHERE {_OF}"


SEVERAL: Final = "\x1e"
"""Between the keys of several rows of the EAM that say one thing."""
Fold = Callable[[Iterable[tuple[str, Amounts, str]]], Mapping[str, Amounts]]
"""Rows by code: what several say of one."""


def _last(rows: Iterable[tuple[str, Amounts, str]]) -> Mapping[str, Amounts]:
    return {code: said for code, said, _ in rows}


class Past:
    """The mirror of a pipeline, within one moment of its ledger."""

    def __init__(
        self,
        asked: "sides.Asked",
        ledger: Ledger,
        pipeline: str,
        tables: Mapping[str, Table],
        zone: str,
        fold: Fold = _last,
    ) -> None:
        self._asked, self._ledger, self._names = asked, ledger, partitions.names(ledger, pipeline)
        self._tables, self._zone, self._fold = tables, zone, fold
        self._query = asked.query("sqlite", zone)
        reaches = asked.reaches("sqlite", zone)
        self._reaches = [reach for reach in reaches if self._is_read(tables[reach.table])]

    def amounts(self, found: Sequence[Found]) -> Mapping[str, Amounts] | None:
        """By asset code what the EAM said, for the assets of which the mirror has a row; None where nobody can tell."""
        said: dict[str, Amounts] = {}
        for start in range(0, len(found), LOT_ASSETS):
            lot = self._amounts(found[start : start + LOT_ASSETS])
            if lot is None:
                return None
            said |= lot
        return said

    def _amounts(self, found: Sequence[Found]) -> Mapping[str, Amounts] | None:
        on = self._tables[self._asked.on]
        keys = [key for f in found if f.key for key in f.key.split(SEVERAL)] + self._sources(
            [f.code for f in found if not f.key]
        )
        if not keys:
            return {}
        with closing(sqlite3.connect(":memory:")) as database:
            register_sqlite(database)
            for table in self._tables.values():
                if not any(column.of for column in table.columns):  # a document is its header's row
                    _lay(database, table, ())
            _lay(database, on, self._rows(on, _BY_KEY, keys))
            for reach in self._reaches:
                rows = self._belonging(database, reach)
                if rows is None:
                    return None
                _lay(database, self._tables[reach.table], rows)
            return self._fold(sides.asset(self._asked, row) for row in database.execute(self._query))

    def _sources(self, codes: Sequence[str]) -> list[str]:
        """The rows from which the postings of these assets came."""
        prefix = f"{self._asked.judged}:"
        rows = self._ledger.query(
            "SELECT DISTINCT source FROM syncd.posting WHERE subject IN (?*) AND pipeline IN (?*)",
            (list(codes), self._names),
        )
        return [str(source).removeprefix(prefix) for (source,) in rows if str(source).startswith(prefix)]

    def _is_read(self, table: Table) -> bool:
        name = source_table(table.name)
        return f"FROM {name} AS " in self._query or f"JOIN {name} AS " in self._query

    def _belonging(self, database: sqlite3.Connection, reach: Reach) -> Sequence[Row] | None:
        """The rows of another table that belong to those that are laid: by their key, by a column, or all of few."""
        table = self._tables[reach.table]
        if reach.keys:
            found = [tuple(map(str, row)) for row in database.execute(reach.keys) if None not in row]
            keys = sorted({join_key(row) for row in found})
            if not reach.by:
                return self._rows(table, _BY_KEY, keys)
            field = SPELLINGS[self._ledger.dialect].json_text("image", reach.by)
            return self._rows(table, f"{_WHOLE} AND {field} IN (?*)", [value for (value,) in found])
        asked = (self._names, table.alias, ROWS_MAX + 1)
        ((count,),) = self._ledger.query(_COUNT, asked)
        return self._rows(table, _WHOLE) if int(str(count)) <= ROWS_MAX else None

    def _rows(self, table: Table, sql: str, values: Collection[str] | None = None) -> list[Row]:
        asked: list[object] = [self._names, table.alias]
        rows = self._ledger.query(sql, asked if values is None else [*asked, list(values)])
        return [decode_row(table, str(image)) for (image,) in rows]


class Pasts:
    """The mirror of several tables with assets."""

    def __init__(
        self, measures: Measures, ledger: Ledger, pipeline: str, tables: Mapping[str, Table], zone: str
    ) -> None:
        self._measures = measures
        self._each = [Past(one, ledger, pipeline, tables, zone) for one in measures.each]

    def amounts(self, found: Sequence[Found]) -> Mapping[str, Amounts] | None:
        """As `Past` tells it; an asset of which no row is known may be of any table."""
        said: dict[str, Amounts] = {}
        for one, past in zip(self._measures.each, self._each, strict=True):
            told = [(f, *self._measures.of_key(f.key)) for f in found]
            own = [f._replace(key=key) for f, of, key in told if of is one or not key]
            lot = past.amounts(own)
            if lot is None:
                return None
            said |= lot
        return said


def rows_of(ledger: Ledger, pipeline: str, table: Table, keys: Sequence[str]) -> Mapping[str, Row]:
    """Rows of the mirror by key."""
    rows = ledger.query(_BY_KEY, (partitions.names(ledger, pipeline), table.alias, list(keys))) if keys else []
    decoded = (decode_row(table, str(image)) for (image,) in rows)
    return {key_text(table, row): row for row in decoded}


def _lay(database: sqlite3.Connection, table: Table, rows: Sequence[Row]) -> None:
    name, columns = source_table(table.name), [quoted(c.name) for c in table.columns]
    key = ", ".join(columns[i] for i in table.key)
    database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)}, PRIMARY KEY ({key}))")
    marks = ", ".join("?" * len(columns))
    database.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", map(tuple, map(_storable, rows)))


def _storable(row: Row) -> Iterator[object]:
    """As SQLite has it: decimals and times as text, what is not known as nothing."""
    for value in row:
        if isinstance(value, Unchanged | Malformed):
            yield None
        elif isinstance(value, bool):
            yield int(value)
        elif isinstance(value, Decimal):
            yield str(value)
        elif isinstance(value, datetime):
            yield timestamp(value)
        elif isinstance(value, date):
            yield value.isoformat()
        else:
            yield value
