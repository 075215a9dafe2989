"""Rows as they were at the point of the log where the stream begins, for a snapshot that is read later than that.

A snapshot that was interrupted goes on in a newer transaction, and PostgreSQL's slot may be older than its first
snapshot. What was committed between is in the log, with the old row before it. So the log is read up to the newer
moment, the first old row of each key is kept, and the reading of the tables takes it in place of what it finds. Then
the stream says everything that happened since that point, as changes: no event is swallowed by a state.

The old rows lie in a temporary file, in the order in which tables are read, so memory stays flat.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from connectors.convert import careful, parser
from syncd.change import Change, Column, Kind, Row, Table, Value
from syncd.money import EXACT
from syncd.record import decode_row, encode_row, has_marks

FRACTION_DIGITS: Final = 20
_BIAS: Final = 1 << 255

Key = tuple[str, ...]
"""A row's key as the server writes it."""


class Coverage(Protocol):
    """How far each table, by its alias, has been read in the order of its keys."""

    def resume(self, alias: str) -> Key | None:
        """The last key that was read of a table that is not finished; None when it was not begun."""
        ...

    def finished(self, alias: str) -> bool:
        """Whether the table was read to its end."""
        ...


class KeyedRow(NamedTuple):
    """A row in key order: `key` is the server's own text of its key, `place` sorts as the server does. `row` is
    None for a key that was not there."""

    place: bytes
    key: Key
    row: Row | None
    flawed: bool


class Ordered(NamedTuple):
    """A table and which of its key columns are numbers. Those are read in their own order, all others in the byte
    order of their text."""

    table: Table
    numeric: tuple[bool, ...]

    def place(self, key: Sequence[str]) -> bytes:
        """Bytes that sort as the key does: numbers by value, text by its bytes, column after column. NULL, which is no
        text at all, comes first."""
        return b"".join(
            (int(EXACT.scaleb(Decimal(text), FRACTION_DIGITS)) + _BIAS if text else 0).to_bytes(32, "big")
            if number
            else text.encode() + b"\0"
            for text, number in zip(key, self.numeric, strict=True)
        )

    def with_key_texts(self) -> Table:
        """The table with its key declared as text: the server's own."""
        columns = tuple(
            Column(column.name, Kind.TEXT) if i in self.table.key else column
            for i, column in enumerate(self.table.columns)
        )
        return Table(self.table.alias, self.table.name, columns, self.table.key)


class Rewind:
    """The first old row of each key that changed since the stream's point, of what has not been read yet."""

    def __init__(self, tables: Iterable[Ordered], coverage: Coverage, zone: tzinfo) -> None:
        self._tables = {o.table.alias: o for o in tables if not coverage.finished(o.table.alias)}
        self._texts = {alias: ordered.with_key_texts() for alias, ordered in self._tables.items()}
        self._after = {a: o.place(last) if (last := coverage.resume(a)) else b"" for a, o in self._tables.items()}
        self._zone = zone
        self._db = sqlite3.connect("")
        self._db.execute(
            "CREATE TABLE was (alias TEXT, place BLOB, key TEXT, row TEXT, PRIMARY KEY (alias, place)) WITHOUT ROWID"
        )

    @property
    def tables(self) -> dict[str, Table]:
        """The tables as changes must be read for `note`."""
        return self._texts

    def close(self) -> None:
        self._db.close()

    def note(self, changes: Iterable[Change]) -> None:
        """Take changes in the order of the log. What a truncate removed is not in the log and stays unknown."""
        olds = (old for change in changes for old in self._olds(change))
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO was VALUES (?, ?, ?, ?)", olds)

    def rows(self, alias: str) -> Iterator[KeyedRow]:
        """The old rows of a table in the order of their keys."""
        if alias not in self._tables:
            return
        table = self._texts[alias]
        convert = _key_converter(self._tables[alias].table, self._zone)
        query = "SELECT place, key, row FROM was WHERE alias = ? ORDER BY place"
        for place, key, text in self._db.execute(query, (alias,)):
            row = None if text is None else convert(decode_row(table, text))
            yield KeyedRow(place, tuple(json.loads(key)), row, has_marks(row))

    def _olds(self, change: Change) -> Iterator[tuple[str, bytes, str, str | None]]:
        table, ordered = self._texts[change.table], self._tables[change.table]
        before, after = change.before, change.after
        if change.op == "update" and before is None:
            return  # the log had no old row at that time, so the row is read as it is found
        for row, image in ((before, before), (after, None)):
            key = None if row is None else _texts_of(table, row)
            if key is not None and (place := ordered.place(key)) > self._after[change.table]:
                stored = None if image is None else encode_row(table, image)
                yield change.table, place, json.dumps(key, ensure_ascii=False), stored


def merge(found: Iterator[KeyedRow], was: Iterator[KeyedRow]) -> Iterator[KeyedRow]:
    """The rows that were there: as they were, where they have changed since."""
    ahead = next(was, None)
    for there in found:
        while ahead is not None and ahead.place < there.place:
            if ahead.row is not None:
                yield ahead
            ahead = next(was, None)
        if ahead is None or ahead.place != there.place:
            yield there
    while ahead is not None:
        if ahead.row is not None:
            yield ahead
        ahead = next(was, None)


def _texts_of(table: Table, row: Row) -> Key | None:
    key = tuple(row[i] for i in table.key)
    return None if not all(isinstance(text, str) for text in key) else tuple(str(text) for text in key)


def _key_converter(table: Table, zone: tzinfo) -> Callable[[Row], Row]:
    """Key texts back into what the mapping declares them to be."""
    parsers = {i: parser(table.columns[i], zone) for i in table.key}

    def convert(row: Row) -> Row:
        return tuple(careful(parsers[i], _text(v)) if i in parsers else v for i, v in enumerate(row))

    def _text(value: Value) -> str:
        assert isinstance(value, str)
        return value

    return convert
