"""Where a pipeline stands: what the one writer keeps in memory between batches, as the ledger holds it.

It is read anew after anything that went wrong, so that memory never knows what was rolled back.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from connectors.ledger.database import Database, Verb
from syncd import statements
from syncd.audit import GENESIS
from syncd.change import Position, Table
from syncd.ports import Layout

SQL: Final = statements.load("connectors.ledger", "ledger.sql")


@dataclass(slots=True)
class Standing:
    """Heads and counters of a pipeline; open parked rows by subject and by awaited reference (`table:key`); groups
    released by rule; the (period, type) whose numbers were compared with finance's own; whether any row was ever
    collected; and by table how cards are opened: first replacing, which proves that the key is one, then inserting,
    which costs half, until one is found to be there."""

    position: Position | None
    posting_seq: int
    posting_hash: str
    parked_seq: int
    changes: int
    posted: int
    repeated: int
    held: Counter[str] = field(default_factory=Counter)
    awaited: Counter[str] = field(default_factory=Counter)
    released: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    numbered: set[tuple[str, str]] = field(default_factory=set)
    collects: bool = False
    opening: dict[str, Verb] = field(default_factory=dict)


class Work(NamedTuple):
    """What the parts of one transaction share. `now` is when the transaction began, as syncd's tables keep it."""

    database: Database
    standing: Standing
    pipeline: str
    layout: Layout
    tables: Mapping[str, Table]
    mapping_hash: str
    now: str


def read(database: Database, pipeline: str) -> Standing:
    """Where the pipeline stands; at its first start, at the beginning."""
    rows = database.query(SQL["read_pipeline"], (pipeline,))
    if not rows:
        database.execute(SQL["add_pipeline"], (pipeline, GENESIS))
        rows = database.query(SQL["read_pipeline"], (pipeline,))
    position, posting_seq, posting_hash, parked_seq, changes, posted, repeated = rows[0]
    standing = Standing(
        None if position is None else Position(str(position)),
        integer(posting_seq),
        str(posting_hash),
        integer(parked_seq),
        integer(changes),
        integer(posted),
        integer(repeated),
    )
    for subject, count in database.query(SQL["held"], (pipeline,)):
        standing.held[str(subject)] = integer(count)
    for reference, count in database.query(SQL["awaited"], (pipeline,)):
        standing.awaited[str(reference)] = integer(count)
    for rule, group in database.query(SQL["released"], (pipeline,)):
        standing.released[str(rule)].add(str(group))
    standing.collects = bool(database.query(SQL["collects"], (pipeline,)))
    return standing


def integer(value: object) -> int:
    """A count or number of a state table."""
    assert isinstance(value, int), f"not an integer: {value!r}"
    return value


def less(counts: Counter[str], name: str) -> None:
    """One fewer of `name`; none left is no entry."""
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]
