"""Positions in the binary log of MySQL and MariaDB, as text whose order is the log's.

    0/DONE/COVERAGE                 in the snapshot: rows read so far, and how far each table was read
    1/FILE.BIRTH.OFFSET.EVENT.ROW   in the stream: of the transaction that begins at OFFSET of the file, ROW of EVENT
    1/FILE.BIRTH.OFFSET.0….0…       after everything before OFFSET

FILE is the number that ends the file's name, which grows past six digits; BIRTH is when the server began the file, in
seconds since 1970. After a RESET MASTER, and on another server, the same names and offsets mean other changes: BIRTH
tells them apart. EVENT counts all events of a transaction, so that it means the same whichever tables are tracked.
Rows of a snapshot are as of the point where the stream begins (see `rewind`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.rewind import Key
from syncd.change import Position


class Point(NamedTuple):
    """A place between two transactions: a file by its number and birth, and an offset in it."""

    file: int
    birth: int
    offset: int


@dataclass(frozen=True)
class Coverage:
    """How far a snapshot has read each table by alias, in key order: up to a key, inclusive, or None to the end.
    `start` is the point where the stream begins."""

    start: Point
    tables: Mapping[str, Key | None] = field(default_factory=dict)

    def read(self, alias: str, last: Key | None) -> "Coverage":
        """A table has been read on up to `last`."""
        return Coverage(self.start, {**self.tables, alias: last})

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
    both counted from 1; 0 and 0 say nothing of it."""

    point: Point
    event: int = 0
    row: int = 0


def in_snapshot(done: int, coverage: Coverage | None = None) -> Position:
    """After `done` rows of the snapshot."""
    if coverage is None:
        return Position(f"0/{done:016d}")
    stored = {"start": _text(coverage.start), "tables": coverage.tables}
    return Position(f"0/{done:016d}/{json.dumps(stored, ensure_ascii=False, separators=(',', ':'))}")


def in_stream(point: Point) -> Position:
    """After everything before the point."""
    return Position(f"{of_event(point, 0)}{0:08d}")


def of_event(point: Point, event: int) -> str:
    """What the positions of an event's rows begin with, in the transaction that begins at the point; eight digits
    follow, the row's number."""
    return f"1/{_text(point)}.{event:08d}."


def parse(position: Position) -> Reading | Place:
    """The inverse of both. Raises ValueError for what is no position of this source."""
    kind, _, rest = position.partition("/")
    if kind == "0":
        done, _, tail = rest.partition("/")
        return Reading(int(done), _coverage(tail) if tail else None)
    if kind != "1":
        raise ValueError(f"not a position in a binary log: {position}")
    point, event, row = rest.rsplit(".", 2)
    return Place(_point(point), int(event), int(row))


def _text(point: Point) -> str:
    return f"{point.file:010d}.{point.birth:010d}.{point.offset:014d}"


def _point(text: str) -> Point:
    file, birth, offset = text.split(".")
    return Point(int(file), int(birth), int(offset))


def _coverage(text: str) -> Coverage:
    stored = json.loads(text)
    tables = {alias: None if last is None else tuple(last) for alias, last in stored["tables"].items()}
    return Coverage(_point(stored["start"]), tables)
