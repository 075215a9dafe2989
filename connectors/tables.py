"""Tables said row by row in the order of their keys, set by set: what the snapshots of all logs share.

Each set's position holds how far every table has been read, and is where a snapshot that was interrupted goes on. The
position of a row names it and holds nothing of that.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from connectors.rewind import Coverage, Key, KeyedRow
from syncd.change import Change, ChangeSet, Position

C = TypeVar("C", bound=Coverage)


@dataclass
class Progress:
    """How far a snapshot is. `rows_total` is the server's estimate, corrected as tables end."""

    table: str = ""
    rows_done: int = 0
    rows_total: int = 0

    def note(self) -> dict[str, str]:
        """As `Lag` tells it."""
        return {"table": self.table, "rows": str(self.rows_done), "rows_total": str(self.rows_total)}


class Reading(NamedTuple, Generic[C]):
    """A table by its alias: its rows behind a key, all of them without one, and the coverage when it has been read on
    up to a key, or to its end."""

    alias: str
    rows: Callable[[Key | None], Iterator[KeyedRow]]
    covered: Callable[[C, Key | None], C]


class Places(NamedTuple, Generic[C]):
    """How positions are written: of a row, by how many were read with it, and of a set, with the coverage behind it."""

    of_row: Callable[[int], Position]
    of_set: Callable[[int, C], Position]


def read(
    tables: Iterable[Reading[C]],
    coverage: C,
    places: Places[C],
    since: datetime,
    rows_max: int,
    progress: Progress,
) -> Generator[ChangeSet, None, C]:
    """The rest of a snapshot in sets of at most `rows_max` rows, as of the moment `since`; `progress` knows how many
    rows came before it. All of it is one transaction, which ends with what comes behind it: what a row joins may be in
    a table that is read later. Returns the whole coverage. Raises what reading a table raises."""
    for table in tables:
        if coverage.finished(table.alias):
            continue
        progress.table = table.alias
        for rows, last in _chunks(table.rows(coverage.resume(table.alias)), rows_max):
            coverage = table.covered(coverage, last)
            changes = [
                Change(table.alias, "read", None, row.row, places.of_row(n), since, row.flawed)
                for n, row in enumerate(rows, progress.rows_done + 1)
            ]
            progress.rows_done += len(rows)
            if changes:
                yield ChangeSet(changes, places.of_set(progress.rows_done, coverage), since, cuts=())
        progress.rows_total = max(progress.rows_total, progress.rows_done)
    return coverage


def _chunks(rows: Iterator[KeyedRow], rows_max: int) -> Iterator[tuple[list[KeyedRow], Key | None]]:
    """Rows of a table by the set, each with the last key in it; the last one with None."""
    while len(chunk := list(islice(rows, rows_max))) == rows_max:
        yield chunk, chunk[-1].key
    yield chunk, None
