"""The state of a pipeline: what the one writer keeps in memory between batches, as the ledger holds it.

It is read anew after anything that went wrong, so that memory never knows what was rolled back.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from connectors.ledger.database import Database, Verb
from connectors.ledger.holds import Holds
from syncd import statements
from syncd.audit import GENESIS
from syncd.change import Position, Table
from syncd.delivery import Answer
from syncd.ports import Layout, Parked

SQL: Final = statements.load("connectors.ledger", "ledger.sql")


class Folded(NamedTuple):
    """The first open row of a subject, corrected by all that came since, so that the next correction costs one attempt,
    however many came before. `last` is the number of the last follower that was looked at."""

    row: Parked
    last: int


FOLDED_MAX: Final = 1_000
"""Subjects of which the folded head is remembered; of others it is read anew."""


@dataclass(slots=True)
class LedgerState:
    """Heads and counters of a pipeline, `event_hash` and `collected_hash` empty until their chains are begun; whom open
    parked rows hold back, and their folded heads by subject; groups released by rule; parked rows of groups that were
    due, by number; whether any row was ever collected; whether months that runs made, or releases, are not in the chain
    yet; the shapes of vouchers that are kept; the (period, type) whose numbers were compared with finance's own; and by
    table how cards are opened: first replacing, which proves that the key is one, then inserting, which costs half,
    until one is found to be there; whether rows that the log inserts go into the mirror without asking whether it has
    them, as those before were not there; how many changes finance has the time to take at once; whether any group may
    be due: to see that none is takes a look at every row that is collected; and the periods whose tables are there."""

    position: Position | None
    posting_seq: int
    posting_hash: str
    parked_seq: int
    changes: int
    posted: int
    repeated: int
    event_seq: int = 0
    event_hash: str = GENESIS
    collected_seq: int = 0
    collected_hash: str = GENESIS
    holds: Holds = field(default_factory=Holds)
    folded: dict[str, Folded] = field(default_factory=dict)
    released: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failed_rows: dict[int, tuple[str, str]] = field(default_factory=dict)
    numbered: set[tuple[str, str]] = field(default_factory=set)
    collects: bool = False
    months_before: bool = False
    releases_before: bool = False
    may_be_due: bool = True
    shapes: set[str] = field(default_factory=set)
    opening: dict[str, Verb] = field(default_factory=dict)
    mirrors_unasked: bool = False
    lot_max: int = 50_000
    periods: set[str] = field(default_factory=set)


class Work(NamedTuple):
    """What the parts of one transaction share. `now` is when the transaction began, as syncd's tables keep it;
    `numbers` are those of its changes that are parked or collected, in source order, by their positions; `answers` what
    the EAM is told, by the alias of the table."""

    database: Database
    state: LedgerState
    pipeline: str
    layout: Layout
    tables: Mapping[str, Table]
    mapping_hash: str
    now: str
    numbers: dict[Position, int]
    answers: Mapping[str, Answer] = {}


def read(database: Database, pipeline: str, subjects: Collection[str] = ()) -> LedgerState:
    """Where the pipeline stands; at its first start, at the beginning. With `subjects` only the open parked rows of
    these are known."""
    rows = database.query(SQL["read_pipeline"], (pipeline,))
    if not rows:
        database.execute(SQL["add_pipeline"], (pipeline, GENESIS, GENESIS, GENESIS))
        rows = database.query(SQL["read_pipeline"], (pipeline,))
    position, posting_seq, posting_hash, parked_seq, changes, posted, repeated, *ends = rows[0]
    event_seq, event_hash, collected_seq, collected_hash = ends
    state = LedgerState(
        None if position is None else Position(str(position)),
        integer(posting_seq),
        str(posting_hash),
        integer(parked_seq),
        integer(changes),
        integer(posted),
        integer(repeated),
        integer(event_seq),
        str(event_hash),
        integer(collected_seq),
        str(collected_hash),
    )
    name, given = ("open_of", (pipeline, [*subjects])) if subjects else ("open", (pipeline,))
    for number, subject, table, key, waits_for in database.query(SQL[name], given):
        state.holds.add(integer(number), str(subject), f"{table}:{key}", str(waits_for))
    for rule, group in database.query(SQL["released"], (pipeline,)):
        state.released[str(rule)].add(str(group))
    state.shapes.update(str(shape) for (shape,) in database.query(SQL["shapes"]))
    for number, rule, group in database.query(SQL["failed_rows"], (pipeline,)):
        state.failed_rows[integer(number)] = str(rule), str(group)
    state.collects = bool(database.query(SQL["collects"], (pipeline,)))
    is_made = bool(database.query(SQL["months_made"], (pipeline,)))
    state.months_before = is_made and not database.query(SQL["told"], (pipeline, "made"))
    state.releases_before = bool(state.released) and not database.query(SQL["told"], (pipeline, "released"))
    return state


def integer(value: object) -> int:
    """A count or number of a state table."""
    assert isinstance(value, int), f"not an integer: {value!r}"
    return value
