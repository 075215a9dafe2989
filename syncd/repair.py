"""Close the gap that is left when a source has lost its log: what a fresh snapshot says against what the mirror holds.

    start anew ──▶ all that the snapshot says ──▶ its differences to the mirror ──▶ the ordinary data path

The differences are said once the snapshot has ended, each row once, however often it was said: so a topic that repeats
old changes counts for what it comes to, and a repair that was killed finds less to do when it is run again. Until one
has ended the pipeline is marked: no daemon may go on from a checkpoint whose log is half made good.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple

from syncd import desk, drain, pipeline, status
from syncd.change import Change, ChangeSet, Position, Table
from syncd.differences import Differences, Found
from syncd.errors import Fault, Gap, Halt, Transient
from syncd.money import ZERO
from syncd.ports import Finding, Lag, Ledger, Source
from syncd.posting import Outcome
from syncd.reader import KEEPALIVE_INTERVAL_S, require_same
from syncd.record import timestamp
from syncd.supervisor import Line

ROWS_MAX: Final = 2_000
"""Rows of the mirror that are fetched at a time, and differences of one set."""
PROBE_S: Final = 1.0
"""How long a log is read to hear whether it goes on."""
OVER_POLL_S: Final = 0.02
"""How soon a reader to whom nothing more is said notices that it may go."""
_MIRROR: Final = "SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ?"


class Scope(NamedTuple):
    """A pipeline that is to be repaired: its tables by alias, the names of those that are references alone."""

    line: Line
    tables: Mapping[str, Table]
    references: Collection[str]


@dataclass
class RuleTotal:
    """What one rule made: its postings, those of them with a voucher, and what these debit in all."""

    postings: int = 0
    vouchers: int = 0
    amount: Decimal = ZERO


@dataclass
class Tally(drain.Tally):
    """What came of the differences, by rule; what was found by table; and how many parked rows, old ones among them,
    were settled on the way."""

    rules: dict[str, RuleTotal] = field(default_factory=dict)
    tables: dict[str, Found] = field(default_factory=dict)
    settled: int = 0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count these too."""
        outcomes = [o for o in outcomes if o.parked_id is None or o.rejection is None]
        super().add(outcomes)
        for outcome in outcomes:
            self.settled += outcome.parked_id is not None
            for posting in outcome.postings if outcome.rejection is None else ():
                total = self.rules.setdefault(posting.rule, RuleTotal())
                total.postings += 1
                if posting.voucher is not None:
                    total.vouchers += 1
                    total.amount += sum((entry.debit for entry in posting.voucher.entries), ZERO)


def reason(line: Line, ledger: Ledger) -> Fault | None:
    """Why the pipeline wants a repair: its log is lost, or an earlier repair did not end; None when its source can go
    on. Raises Halt for a pipeline that wants a snapshot, and whatever else keeps the source from starting."""
    checkpoint = ledger.checkpoint()
    if checkpoint is None:
        raise Halt("repair_never_read", pipeline=line.name)
    if status.is_repairing(ledger, line.name):
        return Halt("repair_unfinished", pipeline=line.name)
    try:
        with closing(line.open_source()) as source:
            if source.in_snapshot(checkpoint):
                raise Halt("repair_in_snapshot", pipeline=line.name)
            require_same(source, status.known_source(ledger, line.name))
            source.start(checkpoint)
            until = time.monotonic() + PROBE_S
            while time.monotonic() < until:
                said = source.read(PROBE_S)
                if said is not None and said.changes:
                    break
    except Gap as gap:
        return gap
    return None


def preview(scope: Scope, ledger: Ledger, why: Fault | None, tell: drain.Tell) -> Tally:
    """What a repair would make, on a ledger that is a dry run; the source is only looked at."""
    return _carry(scope, ledger, why, True, tell)[0]


def repair(scope: Scope, ledger: Ledger, why: Fault | None, by: desk.Actor, tell: drain.Tell) -> Tally:
    """Post what is missing, up to the point from which `syncd run` goes on. Without a gap what the log still holds is
    carried first."""
    line = scope.line
    if why is None:
        drain.to_the_end(line, ledger, False, tell)
    lost = {} if why is None else {"code": why.code, **why.params}
    desk.begin_repair(ledger, line.name, {"checkpoint": ledger.checkpoint(), "lost": lost}, by)
    tally, identity = _carry(scope, ledger, why, False, tell)
    made = {"checkpoint": ledger.checkpoint(), "postings": tally.postings.total(), "parked": tally.parked.total()}
    desk.end_repair(ledger, line.name, identity, made, by)
    said = status.last_report(ledger, line.name)
    if said is not None:  # why it had halted is over
        status.report(ledger, line.name, status.Report("stopped", datetime.now(UTC), said.looked_at))
    return tally


def _carry(scope: Scope, ledger: Ledger, why: Fault | None, looks: bool, tell: drain.Tell) -> tuple[Tally, str]:
    line = scope.line
    tally = Tally(tables={alias: Found() for alias in scope.tables})
    checkpoint = ledger.checkpoint()
    assert checkpoint is not None, "see `reason`"

    def compare() -> Source:
        return Compared(line.open_source(), scope, tally.tables, checkpoint, why is not None, looks)

    identity = drain.through_snapshot(line._replace(open_source=compare), ledger, tally, tell)
    translator = line.translator()
    tally.add(pipeline.collect(translator, ledger, datetime.now(UTC)))
    while outcomes := pipeline.replay(translator, ledger):
        tally.add(outcomes)
        tally.add(pipeline.collect(translator, ledger, datetime.now(UTC)))
    return tally, identity


class Compared:
    """A source whose snapshot is said as its differences to the mirror, and nothing after that. The checkpoint stays
    where it was until the last set, an empty one, moves it to where the stream goes on."""

    def __init__(
        self, source: Source, scope: Scope, found: dict[str, Found], checkpoint: Position, is_lost: bool, looks: bool
    ) -> None:
        self._source, self._scope, self._checkpoint = source, scope, checkpoint
        self._is_lost, self._looks = is_lost, looks
        self._differences = Differences(scope.tables, scope.references, found)
        self._whole: Collection[str] = ()
        self._end: Position | None = None
        self._sets = self._compared()
        self._kept_alive_at = time.monotonic()
        self._timeout_s = 0.0

    def check(self) -> list[Finding]:
        return self._source.check()

    def start(self, checkpoint: Position | None) -> None:
        assert checkpoint is None, "a repair begins anew"
        self._whole = self._source.find_whole()
        if self._looks:
            self._source.look()
        else:
            self._source.start(None)

    def look(self) -> None:
        self._source.look()

    def in_snapshot(self, position: Position) -> bool:
        return position != self._end

    def find_whole(self) -> Collection[str]:
        return self._source.find_whole()

    def read(self, timeout_s: float) -> ChangeSet | None:
        self._timeout_s = timeout_s
        if time.monotonic() - self._kept_alive_at >= KEEPALIVE_INTERVAL_S:
            self.keepalive()
        try:
            return next(self._sets)
        except StopIteration:
            time.sleep(min(timeout_s, OVER_POLL_S))
            return None

    def ack(self, position: Position) -> None:
        if position == self._end and not self._looks:
            self._source.ack(position)

    def keepalive(self) -> None:
        self._source.keepalive()
        self._kept_alive_at = time.monotonic()

    def lag(self) -> Lag:
        return self._source.lag()

    def identity(self) -> str:
        return self._source.identity()

    def close(self) -> None:
        self._differences.close()
        self._source.close()

    def _compared(self) -> Iterator[ChangeSet | None]:
        """The sets; None after a while without one, so that the server can be answered."""
        end = None
        while end is None:
            said = self._source.read(self._timeout_s)
            self._kept_alive_at = time.monotonic()
            if said is not None:
                for change in said.changes:
                    self._differences.say(change)
                end = None if self._source.in_snapshot(said.position) else said.position
            yield None
        if not self._is_lost and end < self._checkpoint:
            raise Transient("repair_behind", position=end, checkpoint=self._checkpoint)
        yield from self._mirror()
        now = datetime.now(UTC)
        placed = self._placed(f"repair/{timestamp(now)}", now)
        while changes := list(islice(placed, min(ROWS_MAX, self._scope.line.batch_changes_max))):
            yield ChangeSet(changes, self._checkpoint, changes[-1].committed_at)
        self._end = end
        yield ChangeSet((), end)

    def _mirror(self) -> Iterator[None]:
        line = self._scope.line
        with closing(line.open_ledger()) as ledger:
            for alias in self._scope.tables:
                rows = ((str(key), str(image)) for key, image in ledger.scan(_MIRROR, (line.name, alias)))
                while lot := list(islice(rows, ROWS_MAX)):
                    self._differences.hold(alias, lot)
                    yield None

    def _placed(self, place: str, now: datetime) -> Iterator[Change]:
        changes = self._differences.all(self._whole, now)
        for n, change in enumerate(changes, 1):
            yield change._replace(position=Position(f"{place}/{n:012d}"))
