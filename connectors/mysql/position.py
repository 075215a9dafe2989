"""Positions in the binary log of MySQL and MariaDB, as text whose order is the log's.

    0/DONE/COVERAGE                     in the snapshot: rows read so far, and how far each table was read
    1/ERA.FILE.BIRTH.OFFSET.EVENT.ROW   in the stream: ROW of EVENT of the transaction that begins at OFFSET of the file
    1/ERA.FILE.BIRTH.OFFSET.0….0…       after everything before OFFSET
    1/ERA.….ROW/GTIDS                   the same, with the names of all transactions before it

ERA counts the failovers, for each server has a log of its own. FILE is the number that ends the file's name, which
grows past six digits; BIRTH is when the server began the file, in seconds since 1970. After a RESET MASTER, and on
another server, the same names and offsets mean other changes: BIRTH tells them apart. EVENT counts all events of a
transaction, so that it means the same whichever tables are tracked.
Rows of a snapshot are as of the point where the stream begins (see `rewind`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.rewind import Key
from syncd.change import Position


class Point(NamedTuple):
    """A place between two transactions: of a server's log a file by its number and birth, and an offset in it."""

    era: int
    file: int
    birth: int
    offset: int


@dataclass(frozen=True)
class Coverage:
    """How far a snapshot has read each table by alias, in key order: up to a key, inclusive, or None to the end.
    `start` is the point where the stream begins, `gtids` name the transactions before it."""

    start: Point
    gtids: str = ""
    tables: Mapping[str, Key | None] = field(default_factory=dict)

    def read(self, alias: str, last: Key | None) -> "Coverage":
        """A table has been read on up to `last`."""
        return Coverage(self.start, self.gtids, {**self.tables, alias: last})

    def resume(self, alias: str) -> Key | None:
        """The last key that was read of a table that is not finished; None when it was not begun."""
        return self.tables.get(alias)

    def finished(self, alias: str) -> bool:
        """Whether the table was read to its end."""
        return alias in self.tables and self.tables[alias] is None


class Reading(NamedTuple):
    """A position in the snapshot. That of a single row carries no coverage; only a set is resumed from."""

    done: int
    coverage: Coverage | None


class Place(NamedTuple):
    """A position in the stream: of the transaction that begins at `point`, all has been said up to `row` of `event`,
    both counted from 1; 0 and 0 say nothing of it. `gtids` name the transactions before it, where they are followed."""

    point: Point
    event: int = 0
    row: int = 0
    gtids: str = ""


def in_snapshot(done: int, coverage: Coverage | None = None) -> Position:
    """After `done` rows of the snapshot."""
    if coverage is None:
        return Position(f"0/{done:016d}")
    stored = {"start": _text(coverage.start), "gtids": coverage.gtids, "tables": coverage.tables}
    return Position(f"0/{done:016d}/{json.dumps(stored, ensure_ascii=False, separators=(',', ':'))}")


def in_stream(point: Point, gtids: str = "") -> Position:
    """After everything before the point."""
    return with_gtids(Position(f"{of_event(of_file(point), point.offset, 0)}{0:08d}"), gtids)


def with_gtids(position: Position, gtids: str) -> Position:
    """A position in the stream with the names of all transactions before its own."""
    return Position(f"{position}/{gtids}") if gtids else position


def of_file(point: Point) -> str:
    """What the positions in the file of a point begin with."""
    return f"1/{point.era:04d}.{point.file:010d}.{point.birth:010d}."


def of_event(of_file: str, offset: int, event: int) -> str:
    """What the positions of an event's rows begin with, in the transaction that begins at the offset; eight digits
    follow, the row's number."""
    return f"{of_file}{offset:014d}.{event:08d}."


def parse(position: Position) -> Reading | Place:
    """The inverse of both. Raises ValueError for what is no position of this source."""
    kind, _, rest = position.partition("/")
    if kind == "0":
        done, _, tail = rest.partition("/")
        return Reading(int(done), _coverage(tail) if tail else None)
    if kind != "1":
        raise ValueError(f"not a position in a binary log: {position}")
    place, _, gtids = rest.partition("/")
    point, event, row = place.rsplit(".", 2)
    return Place(_point(point), int(event), int(row), gtids)


def _text(point: Point) -> str:
    return f"{of_file(point)[2:]}{point.offset:014d}"


def _point(text: str) -> Point:
    return Point(*(int(number) for number in text.split(".")))


def _coverage(text: str) -> Coverage:
    stored = json.loads(text)
    tables = {alias: None if last is None else tuple(last) for alias, last in stored["tables"].items()}
    return Coverage(_point(stored["start"]), stored["gtids"], tables)
