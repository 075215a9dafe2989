"""How a fresh look at the source differs from the mirror, row by row, in flat memory whatever the number of rows.

Both sides are laid beside each other in a temporary SQLite database, which ends with its connection.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncd.change import Change, Position, Row, Table, Unchanged, join_key, key_text
from syncd.folding import differ
from syncd.record import decode_row, has_marks, moment, row_encoder, timestamp

UNPLACED: Final = Position("")
_TABLES: Final = """
    PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;
    CREATE TABLE said (tab INTEGER, key TEXT, nth INTEGER, image TEXT, at TEXT, PRIMARY KEY (tab, key)) WITHOUT ROWID;
    CREATE TABLE held (tab INTEGER, key TEXT, image TEXT, PRIMARY KEY (tab, key)) WITHOUT ROWID;
"""
_SAY: Final = "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?, ?)"
_HOLD: Final = "INSERT OR REPLACE INTO held VALUES (?, ?, ?)"
_SAID: Final = "SELECT image FROM said WHERE tab = ? AND key = ?"
_UNLIKE: Final = """
    SELECT h.image, s.image, s.at FROM said s LEFT JOIN held h ON h.tab = s.tab AND h.key = s.key
    WHERE s.tab = ? AND s.image IS NOT NULL AND h.image IS NOT s.image ORDER BY s.nth
"""
_GONE: Final = """
    SELECT h.image, s.key IS NOT NULL FROM held h LEFT JOIN said s ON s.tab = h.tab AND s.key = h.key
    WHERE h.tab = ? AND s.image IS NULL ORDER BY h.key
"""


@dataclass
class TableDifference:
    """What was found of one table: rows that the mirror held, rows that the source said, and the differences. `unseen`
    are mirrored rows of a table that the snapshot does not say every row of, and of which it said nothing."""

    held: int = 0
    said: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unseen: int = 0


class Differences:
    """For one thread. Say what the source says, hold what the mirror holds, then ask."""

    def __init__(
        self, tables: Mapping[str, Table], references: Collection[str], found: dict[str, TableDifference]
    ) -> None:
        self._tables = tables
        self._number = {alias: n for n, alias in enumerate(tables)}
        self._references = frozenset(references)
        self._encode: Mapping[str, Callable[[Row], str]] = {a: row_encoder(table) for a, table in tables.items()}
        self._found = found
        self._emptied: set[str] = set()
        self._shared: set[tuple[str, str]] = set()
        """Keys to which a row came while another was there: `SET id = id + 1` says 1 → 2 before 2 → 3."""
        self._nth = 0
        self._newest: datetime | None = None
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def say(self, change: Change) -> None:
        """The source says this; what it says later of the same row counts."""
        alias, op, before, after, _, at, flawed = change
        if op == "unreadable":
            return
        self._nth += 1
        self._newest = at if self._newest is None else max(at, self._newest)
        if op == "truncate":
            self._database.execute("DELETE FROM said WHERE tab = ?", (self._number[alias],))
            self._emptied.add(alias)
            return
        table = self._tables[alias]
        old = None if before is None else _old_key(table, before, after)
        if old is not None:
            if (alias, old) in self._shared:
                self._shared.remove((alias, old))  # another row came before this one left, and stays
            else:
                self._put(alias, old, None, at)
        if after is not None:
            key = key_text(table, after)
            if old is not None and self._earlier(alias, key) is not None:
                self._shared.add((alias, key))
            if flawed and (earlier := self._earlier(alias, key)) is not None:
                after = _filled(after, earlier)
            self._put(alias, key, after, at)

    def hold(self, alias: str, rows: Iterable[tuple[str, str]]) -> None:
        """The mirror holds these rows, by key."""
        tab = self._number[alias]
        count = self._database.executemany(_HOLD, ((tab, key, image) for key, image in rows)).rowcount
        self._found[alias].held += max(count, 0)

    def gone(self, whole: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """By table, how many rows of the mirror are gone, and how many it held."""
        for alias, number in self._number.items():
            known = alias in whole or alias in self._emptied
            rows = self._database.execute(_GONE, (number,))
            yield alias, sum(known or bool(said_gone) for _, said_gone in rows), self._found[alias].held

    def all(self, whole: Collection[str], now: datetime) -> Iterator[Change]:
        """The differences as changes without a place; of the tables `whole` every row was said. What is gone goes
        first, so that an asset which went and came again under another key comes last, and what refers to something
        before that; references go when nothing refers to them any more. What came is said before what changed, and what
        changed from the last table to the first: a document speaks before the row that follows it, a transfer before
        the asset whose department it changes. Nobody knows when a row went: by the newest
        moment that the source spoke of, or by `now` where it spoke of none."""
        now = self._newest or now
        aliases = list(self._tables)
        for alias in reversed(aliases):
            if alias not in self._references:
                yield from self._gone(alias, whole, now)
        for alias in aliases:
            yield from self._unlike(alias, is_new=True)
        for alias in self._references_first(aliases):
            yield from self._unlike(alias, is_new=False)
        for alias in reversed(aliases):
            if alias in self._references:
                yield from self._gone(alias, whole, now)

    def _gone(self, alias: str, whole: Collection[str], now: datetime) -> Iterator[Change]:
        table, found = self._tables[alias], self._found[alias]
        for image, said_gone in self._database.execute(_GONE, (self._number[alias],)):
            if not (alias in whole or said_gone or alias in self._emptied):
                found.unseen += 1
                continue
            found.deleted += 1
            before = decode_row(table, image)
            yield Change(alias, "delete", before, None, UNPLACED, now, has_marks(before))

    def _references_first(self, aliases: Sequence[str]) -> list[str]:
        """What is looked up, then the tables from the last to the first."""
        return [a for a in aliases if a in self._references] + [a for a in aliases[::-1] if a not in self._references]

    def _unlike(self, alias: str, is_new: bool) -> Iterator[Change]:
        table, found = self._tables[alias], self._found[alias]
        for held, said, at in self._database.execute(_UNLIKE, (self._number[alias],)):
            if is_new != (held is None):
                continue
            after = decode_row(table, said)
            if held is None:
                found.inserted += 1
                yield Change(alias, "insert", None, after, UNPLACED, moment(at), has_marks(after))
                continue
            before = decode_row(table, held)
            after = _filled(after, before)
            if differ(before, after) or (alias in self._references and before != after):
                found.updated += 1
                marked = has_marks(before) or has_marks(after)
                yield Change(alias, "update", before, after, UNPLACED, moment(at), marked)

    def _put(self, alias: str, key: str, row: Row | None, at: datetime) -> None:
        image = None if row is None else self._encode[alias](row)
        self._found[alias].said += row is not None
        self._database.execute(_SAY, (self._number[alias], key, self._nth, image, timestamp(at)))

    def _earlier(self, alias: str, key: str) -> Row | None:
        row = self._database.execute(_SAID, (self._number[alias], key)).fetchone()
        return decode_row(self._tables[alias], row[0]) if row and row[0] is not None else None


def _filled(row: Row, image: Row) -> Row:
    """A row with what was not said of it taken from another image."""
    return tuple(known if isinstance(value, Unchanged) else value for value, known in zip(row, image, strict=True))


def _old_key(table: Table, before: Row, after: Row | None) -> str | None:
    """The key under which the row is not to be found any more; None where that is the one it has."""
    if after is None:
        return key_text(table, before)
    old = join_key([after[i] if isinstance(before[i], Unchanged) else before[i] for i in table.key])
    return None if old == key_text(table, after) else old
