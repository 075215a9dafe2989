"""Positions in PostgreSQL's log, as text whose order is the log's, and what a snapshot has already shown.

    0/DONE/COVERAGE          in the snapshot: rows read so far, and what was read of each table
    1/LSN.INDEX              in the stream: the transaction whose commit record begins at LSN, its change INDEX
    1/LSN.00000000           after everything that ends at LSN
    1/LSN.INDEX/COVERAGE     the same, while changes may still come that a snapshot has shown

Rows are read as of the slot's point, where the stream begins (see `rewind`). Tables that log no old rows
cannot be: they are read as a newer snapshot shows them, and the stream leaves out what it saw. A transaction is visible
by its xid, whatever its place in the log, so the position says which snapshot showed which part of a table. Only the
position of a set carries that, for only a set is resumed from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from connectors.rewind import Key
from syncd.change import Position

XID_SPAN: Final = 1 << 32
"""Transaction ids on the wire are the low 32 bits of the 64-bit ones that snapshots are made of."""


AS_OF_SLOT: Final = -1
"""Rows as they were where the stream begins: it repeats nothing of them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one REPEATABLE READ transaction sees, as `pg_current_snapshot()` tells it. All it sees was committed
    before the log reached `horizon`."""

    xmin: int
    xmax: int
    running: frozenset[int]
    horizon: int

    def sees(self, xid: int) -> bool:
        """Whether the committed transaction with this 32-bit id was visible."""
        ahead = (xid - self.xmax) % XID_SPAN
        full = self.xmax + (ahead if ahead < XID_SPAN // 2 else ahead - XID_SPAN)
        return full < self.xmax and full not in self.running


class Part(NamedTuple):
    """Rows of a table up to a key, inclusive; `last` is None up to the end. `snapshot` showed them, or they were
    read AS_OF_SLOT."""

    snapshot: int
    last: Key | None


@dataclass(frozen=True)
class Coverage:
    """What has been read of each table by alias, in key order, and what showed it. `slot` is the point of the log
    from which the stream begins."""

    slot: int
    snapshots: tuple[Snapshot, ...] = ()
    tables: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """From here on nothing has been shown by any snapshot."""
        return max((s.horizon for s in self.snapshots), default=0)

    def under(self, snapshot: Snapshot) -> "Coverage":
        """Reading goes on under this snapshot, the last one. Those under which nothing was read are forgotten."""
        used = sorted({p.snapshot for parts in self.tables.values() for p in parts} - {AS_OF_SLOT})
        renumbered = {
            alias: tuple(p if p.snapshot == AS_OF_SLOT else Part(used.index(p.snapshot), p.last) for p in parts)
            for alias, parts in self.tables.items()
        }
        return Coverage(self.slot, (*(self.snapshots[i] for i in used), snapshot), renumbered)

    def read(self, alias: str, last: Key | None, snapshot: int) -> "Coverage":
        """A table has been read on up to `last`."""
        earlier = tuple(p for p in self.tables.get(alias, ()) if p.snapshot != snapshot)
        return Coverage(self.slot, self.snapshots, {**self.tables, alias: (*earlier, Part(snapshot, last))})

    def resume(self, alias: str) -> Key | None:
        """The last key that was read of a table that is not finished; None when it was not begun."""
        parts = self.tables.get(alias)
        return parts[-1].last if parts else None

    def finished(self, alias: str) -> bool:
        """Whether the table was read to its end."""
        return alias in self.tables and self.tables[alias][-1].last is None


class Place(NamedTuple):
    """A position taken apart. `nth` counts within the transaction; in the snapshot it is the rows that were read,
    and `lsn` the slot's point."""

    reading: bool
    lsn: int
    nth: int
    coverage: Coverage | None


def in_snapshot(done: int, coverage: Coverage | None = None) -> Position:
    """After `done` rows of the snapshot."""
    return Position(f"0/{done:016d}" + _tail(coverage))


def in_stream(lsn: int, index: int, coverage: Coverage | None = None) -> Position:
    """After change `index` of the transaction that commits at `lsn`; index 0 is after all that ends there."""
    return Position(f"1/{lsn:016X}.{index:08X}" + _tail(coverage if coverage and lsn < coverage.horizon else None))


def parse(position: Position) -> Place:
    """The inverse of both. Raises ValueError for what is no position of this source."""
    kind, _, rest = position.partition("/")
    number, _, tail = rest.partition("/")
    coverage = _coverage(tail) if tail else None
    if kind == "0":
        return Place(True, coverage.slot if coverage else 0, int(number), coverage)
    if kind != "1":
        raise ValueError(f"not a position in PostgreSQL's log: {position}")
    lsn, _, index = number.partition(".")
    return Place(False, int(lsn, 16), int(index, 16), coverage)


def lsn_text(lsn: int) -> str:
    """An LSN as PostgreSQL writes it: `16/B374D848`."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(text: str) -> int:
    """The inverse of `lsn_text`."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def snapshot_of(text: str, horizon: int) -> Snapshot:
    """A snapshot from the text of `pg_current_snapshot()`: `xmin:xmax:running,…`."""
    xmin, xmax, running = text.split(":")
    return Snapshot(int(xmin), int(xmax), frozenset(int(x) for x in running.split(",") if x), horizon)


def _tail(coverage: Coverage | None) -> str:
    if coverage is None:
        return ""
    stored = {
        "slot": lsn_text(coverage.slot),
        "snapshots": [
            [f"{s.xmin}:{s.xmax}:{','.join(str(x) for x in sorted(s.running))}", lsn_text(s.horizon)]
            for s in coverage.snapshots
        ],
        "tables": {alias: [[p.snapshot, p.last] for p in parts] for alias, parts in coverage.tables.items()},
    }
    return "/" + json.dumps(stored, ensure_ascii=False, separators=(",", ":"))


def _coverage(text: str) -> Coverage:
    stored = json.loads(text)
    return Coverage(
        lsn_number(stored["slot"]),
        tuple(snapshot_of(snapshot, lsn_number(horizon)) for snapshot, horizon in stored["snapshots"]),
        {
            alias: tuple(Part(snapshot, None if last is None else tuple(last)) for snapshot, last in parts)
            for alias, parts in stored["tables"].items()
        },
    )
