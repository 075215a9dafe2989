"""Positions in a change table, as text whose order is the order in which they are said.

    rSINCE.ROWS              a row of the snapshot: the number it is as of, and how many rows were said
    rSINCE.ROWS.TABLE.KEY    in the snapshot: the same, with the table's alias and the key up to which it was read,
                             `null` for to its end
    sNUMBER                  in the stream: the number of a change
    sNUMBER/TXID,TXID        the same, amid these transactions

A snapshot that was interrupted goes on from the last row that was said.
"""

import json
from collections.abc import Collection
from typing import NamedTuple

from syncd.change import Position
from syncd.errors import Gap


class Mark(NamedTuple):
    """How far a snapshot has come: the number it is as of, the rows said, the table and up to which key it was read;
    empty before its first row, None to its end."""

    since: int
    rows: int
    table: str
    key: list[object] | None


def at(seq: int, amid: Collection[int] = ()) -> Position:
    """The position of a number of the change table, and the transactions that go on behind it."""
    return Position(f"s{seq:016d}" + ("/" + ",".join(map(str, sorted(amid))) if amid else ""))


def number_at(position: Position) -> tuple[int, frozenset[int]]:
    """The inverse of `at`."""
    number, _, amid = position[1:].partition("/")
    return int(number), frozenset(int(txid) for txid in amid.split(",") if txid)


def of_row(since: int, rows: int) -> Position:
    """What names a row of the snapshot; `r` stands before `s`."""
    return Position(f"r{since:016d}.{rows:010d}")


def within(mark: Mark) -> Position:
    """The position of a set of the snapshot, which ends with such a row."""
    key = json.dumps(mark.key, default=_wrapped, ensure_ascii=False, separators=(",", ":"))
    return Position(f"{of_row(mark.since, mark.rows)}.{mark.table}.{key}")


def parse(position: Position) -> Mark:
    """The inverse of `within`. Raises Gap for the name of a row."""
    since, rows, *place = position[1:].split(".", 3)
    if not place:
        raise Gap("checkpoint_of_change", position=position)
    table, key = place
    return Mark(int(since), int(rows), table, json.loads(key, object_hook=_unwrapped))


def _wrapped(value: bytes) -> dict[str, str]:
    """A key may be bytes."""
    return {"blob": value.hex()}


def _unwrapped(wrapped: dict[str, str]) -> bytes:
    return bytes.fromhex(wrapped["blob"])
