"""What must be kept of the rows while they pass, on disk: memory stays flat whatever the number of assets.

A file that goes with the process. What two rows have in common, and what is usual among them, is asked of it when all
have passed.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from syncd.change import Row, Table, key_text
from syncd.record import decode_row, row_encoder

ROWS_AT_ONCE: Final = 2_000
JOINED_IN_MEMORY_MAX: Final = 20_000
"""Joined rows that are at hand; others are read from the file."""
_TABLES: Final = """
    CREATE TABLE joined (alias TEXT, key TEXT, image TEXT, PRIMARY KEY (alias, key)) WITHOUT ROWID;
    CREATE TABLE asset (n INTEGER PRIMARY KEY, alias TEXT, key TEXT, code TEXT, alike TEXT, fits INTEGER,
                        department TEXT, prefix TEXT, class TEXT, value TEXT, acquired TEXT, image TEXT);
    CREATE TABLE finding (n INTEGER PRIMARY KEY, sort TEXT, alias TEXT, key TEXT, code TEXT, params TEXT, image TEXT);
    CREATE TABLE disposed (code TEXT, day TEXT, alias TEXT, key TEXT, image TEXT);
    CREATE TABLE taken (code TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Asset(NamedTuple):
    """A row that a rule would open a card of, as it is kept."""

    alias: str
    key: str
    code: str | None
    alike: str | None
    fits: bool
    department: str | None
    prefix: str | None
    class_: str | None
    value: str | None
    acquired: str | None
    image: str


class Found(NamedTuple):
    """A row and what is wrong with it: `params` fill in the words of its sort, `image` is the row as JSON."""

    sort: str
    alias: str
    key: str
    code: str
    params: Mapping[str, object]
    image: str


class Store:
    """The file, open."""

    def __init__(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        self._db, self._tables = connection, tables
        self._assets: list[Asset] = []
        self._found: list[Found] = []
        self.joined = lru_cache(JOINED_IN_MEMORY_MAX)(self._joined)
        """(table's alias, key) → the row; None where it is not there."""

    def keep_joined(self, table: Table, rows: Iterable[Row]) -> None:
        """The rows of a table that others look up."""
        alias, encode = table.alias, row_encoder(table)
        kept = ((alias, key_text(table, row), encode(row)) for row in rows)
        self._db.executemany("INSERT OR REPLACE INTO joined VALUES (?, ?, ?)", kept)

    def keep_asset(self, asset: Asset) -> None:
        """A row that a rule would open a card of."""
        self._assets.append(asset)
        if len(self._assets) >= ROWS_AT_ONCE:
            self.flush()

    def find(self, found: Found) -> None:
        """A row that is wrong."""
        self._found.append(found)
        if len(self._found) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """All that was said can be asked for."""
        marks = ", ".join("?" * len(Asset._fields))
        self._db.executemany(f"INSERT INTO asset VALUES (NULL, {marks})", self._assets)
        rows = [(*f[:4], json.dumps(f.params, ensure_ascii=False, default=str), f.image) for f in self._found]
        self._db.executemany("INSERT INTO finding VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
        self._assets.clear()
        self._found.clear()

    def index(self) -> None:
        """All assets have passed."""
        self.flush()
        self._db.executescript("CREATE INDEX by_code ON asset (code); CREATE INDEX by_alike ON asset (alike)")

    def rows(self, sql: str, params: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a statement, as they come."""
        return iter(self._db.execute(sql, params))

    def write(self, sql: str, params: Sequence[object]) -> int:
        """How many rows a statement touched."""
        return self._db.execute(sql, params).rowcount

    def counts(self) -> Mapping[str, int]:
        """Sort → how many rows it has."""
        self.flush()
        return dict(self.rows("SELECT sort, count(*) FROM finding GROUP BY sort"))

    def found(self, sort: str, limit: int = -1) -> Iterator[Found]:
        """The rows of a sort, in the order in which they were found; so many, or all."""
        for alias, key, code, params, image in self.rows(
            "SELECT alias, key, code, params, image FROM finding WHERE sort = ? ORDER BY n LIMIT ?", (sort, limit)
        ):
            yield Found(sort, alias, key, code, json.loads(params), image)

    def keys(self, alias: str, limit: int) -> list[str]:
        """The keys of a joined table; nothing where there are more than so many."""
        keys = [str(key) for (key,) in self.rows("SELECT key FROM joined WHERE alias = ? LIMIT ?", (alias, limit + 1))]
        return keys if len(keys) <= limit else []

    def _joined(self, alias: str, key: str) -> Row | None:
        for (image,) in self.rows("SELECT image FROM joined WHERE alias = ? AND key = ?", (alias, key)):
            return decode_row(self._tables[alias], image)
        return None


@contextmanager
def opened(tables: Mapping[str, Table]) -> Iterator[Store]:
    """An empty store, which is gone afterwards."""
    with TemporaryDirectory(prefix="syncd-quality-") as folder:
        connection = sqlite3.connect(Path(folder) / "rows.db", isolation_level=None)
        connection.create_function("bare", 1, lambda text: text and text.strip(), deterministic=True)
        try:
            connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;{_TABLES}")
            yield Store(connection, tables)
        finally:
            connection.close()
