"""Positions in a change table, as text whose order is the order in which they are said.

    rSINCE.ROWS.TABLE.KEY    in the snapshot: the number it is as of, rows said, the table's alias, the last key
    sNUMBER                  in the stream: the number of a change

A snapshot that was interrupted goes on from the last row that was said.
"""

import json
from typing import NamedTuple

from syncd.change import Position


class Mark(NamedTuple):
    """How far a snapshot has come: the number it is as of, the rows said, the table and the key of the last."""

    since: int
    rows: int
    table: str
    key: list[object]


def at(seq: int) -> Position:
    """The position of a number of the change table."""
    return Position(f"s{seq:016d}")


def within(mark: Mark) -> Position:
    """The position of a row of the snapshot; `r` stands before `s`."""
    key = json.dumps(mark.key, default=_wrapped, ensure_ascii=False, separators=(",", ":"))
    return Position(f"r{mark.since:016d}.{mark.rows:010d}.{mark.table}.{key}")


def parse(position: Position) -> Mark:
    """The inverse of `within`."""
    since, rows, table, key = position[1:].split(".", 3)
    return Mark(int(since), int(rows), table, json.loads(key, object_hook=_unwrapped))


def _wrapped(value: bytes) -> dict[str, str]:
    """A key may be bytes."""
    return {"blob": value.hex()}


def _unwrapped(wrapped: dict[str, str]) -> bytes:
    return bytes.fromhex(wrapped["blob"])
