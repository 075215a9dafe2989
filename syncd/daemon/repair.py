"""Close the gap that is left when a source has lost its log: what a fresh snapshot says against what the mirror holds.

    start anew ──▶ all that the snapshot says ──▶ its differences to the mirror ──▶ the ordinary data path

The differences are said once the snapshot has ended, each row once, however often it was said: so a topic that repeats
old changes counts for what it comes to, and a repair that was killed finds less to do when it is run again. Until one
has ended the pipeline is marked: no daemon may go on from a checkpoint whose log is half made good.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final, NamedTuple

from syncd.change import REPAIR, Change, ChangeSet, Position, Table
from syncd.daemon import drain, pipeline
from syncd.daemon.differences import Differences, TableDifference
from syncd.daemon.reader import KEEPALIVE_INTERVAL_S, READ_TIMEOUT_S
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.tally import Tally
from syncd.desk import status
from syncd.desk.parked import operators
from syncd.errors import Fault, Gap, Halt, RowsGone, Transient
from syncd.ports import Finding, Lag, Ledger, Source
from syncd.record import timestamp

ROWS_MAX: Final = 2_000
"""Rows of the mirror that are fetched at a time, and differences of one set."""
PROBE_S: Final = 60.0
"""How long a log is read at most to hear whether it goes on: to its end, or to the first change that is told."""
OVER_POLL_S: Final = 0.02
"""How soon a reader to whom nothing more is said notices that it may go."""
GONE_ROWS_MAX: Final = 20
"""So many are an ordinary day, whatever the size of the table."""
_MIRROR: Final = "SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ?"


class Scope(NamedTuple):
    """A pipeline that is to be repaired: its tables by alias, the names of those that are references alone, and
    whether somebody has said that a large part of a table may be gone."""

    spec: PipelineSpec
    tables: Mapping[str, Table]
    references: Collection[str]
    may_be_gone: bool = False


@dataclass
class RepairTally(Tally):
    """What came of the differences, and what was found by table."""

    tables: dict[str, TableDifference] = field(default_factory=dict)


def is_suspicious(gone: int, held: int, share_max: float) -> bool:
    """Whether so many of the rows that the mirror holds are gone that somebody has to say it is meant."""
    return gone > GONE_ROWS_MAX and gone > share_max * held


def reason(spec: PipelineSpec, ledger: Ledger) -> Fault | None:
    """Why the pipeline wants a repair: its log is lost, or an earlier repair did not end; None when its source can go
    on. Raises Halt for a pipeline that wants a snapshot, and whatever else keeps the source from starting."""
    checkpoint = ledger.checkpoint()
    if checkpoint is None:
        raise Halt("repair_never_read", pipeline=spec.name)
    if status.is_repairing(ledger, spec.name):
        return Halt("repair_unfinished", pipeline=spec.name)
    try:
        with closing(spec.open_source()) as source:
            if source.in_snapshot(checkpoint):
                raise Halt("repair_in_snapshot", pipeline=spec.name)
            if (known := status.known_source(ledger, spec.name)) is not None:
                source.recognise(known)
            source.start(checkpoint)
            end, until = source.end(), time.monotonic() + PROBE_S
            while not source.reaches(checkpoint, end) and time.monotonic() < until:
                said = source.read(READ_TIMEOUT_S)
                if said is not None and (said.changes or source.reaches(said.position, end)):
                    break
            source.lag()  # which looks at more than the log tells
    except Gap as gap:
        return gap
    return None


def preview(scope: Scope, ledger: Ledger, why: Fault | None, tell: drain.Tell) -> RepairTally:
    """What a repair would make, on a ledger that is a dry run; the source is only looked at."""
    return _carry(scope, ledger, why, True, tell)[0]


def repair(scope: Scope, ledger: Ledger, why: Fault | None, by: operators.Actor, tell: drain.Tell) -> RepairTally:
    """Post what is missing, up to the point from which `syncd run` goes on. Without a gap what the log still holds is
    carried first."""
    spec = scope.spec
    if why is None:
        drain.to_the_end(spec, ledger, False, tell)
    lost = {} if why is None else {"code": why.code, **why.params}
    known = status.known_source(ledger, spec.name) if isinstance(why, RowsGone) else None
    operators.begin_repair(ledger, spec.name, {"checkpoint": ledger.checkpoint(), "lost": lost}, by)
    try:
        tally, identity = _carry(scope, ledger, why, False, tell)
    except Halt as halt:
        if known is not None and halt.code == "repair_many_gone":  # nothing was written, and it will be asked again
            status.remember_source(ledger, spec.name, known)
        raise
    made = {"checkpoint": ledger.checkpoint(), "postings": tally.postings.total(), "parked": tally.parked.total()}
    operators.end_repair(ledger, spec.name, identity, made, by)
    said = status.last_report(ledger, spec.name)
    if said is not None:  # why it had halted is over
        status.report(ledger, spec.name, status.Report("stopped", datetime.now(UTC), said.looked_at))
    return tally


def _carry(scope: Scope, ledger: Ledger, why: Fault | None, looks: bool, tell: drain.Tell) -> tuple[RepairTally, str]:
    spec = scope.spec
    tally = RepairTally(tables={alias: TableDifference() for alias in scope.tables})
    checkpoint = ledger.checkpoint()
    assert checkpoint is not None, "see `reason`"

    def compare() -> Source:
        return Compared(spec.open_source(), scope, tally.tables, checkpoint, why, looks)

    identity = drain.through_snapshot(spec._replace(open_source=compare), ledger, tally, tell)
    pipeline.settle(spec.translator(), ledger, tally.add)
    return tally, identity


class Compared:
    """A source whose snapshot is said as its differences to the mirror, and nothing after that. The checkpoint stays
    where it was until the last set, an empty one, moves it to where the stream goes on."""

    def __init__(
        self,
        source: Source,
        scope: Scope,
        found: dict[str, TableDifference],
        checkpoint: Position,
        why: Fault | None,
        looks: bool,
    ) -> None:
        self._source, self._scope, self._checkpoint = source, scope, checkpoint
        self._is_lost, self._looks = why is not None, looks
        self._share_max = 0.0 if isinstance(why, RowsGone) else scope.spec.gone_share_max
        self._rows_max = 0 if isinstance(why, RowsGone) else GONE_ROWS_MAX
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
        self._whole = self._source.find_whole(self._checkpoint if self._is_lost else None)
        if self._looks:
            self._source.look()
        else:
            self._source.start(None)

    def look(self) -> None:
        self._source.look()

    def in_snapshot(self, position: Position) -> bool:
        return position != self._end

    def snapshot_again(self, checkpoint: Position) -> None:
        raise NotImplementedError("a repair begins anew")

    def end(self) -> Position:
        return self._source.end()

    def reaches(self, position: Position, end: Position) -> bool:
        return self._source.reaches(position, end)

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        return self._source.find_whole(lost_after)

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

    def recognise(self, known: str) -> None:
        self._source.recognise(known)

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
                unread = [change for change in said.changes if change.op == "unreadable"]
                if unread:  # no image says what it said
                    yield ChangeSet(unread, self._checkpoint, unread[-1].committed_at, repeats=True)
                end = None if self._source.in_snapshot(said.position) else said.position
            yield None
        if not self._is_lost and not self._source.reaches(end, self._checkpoint):
            raise Transient("repair_behind", position=end, checkpoint=self._checkpoint)
        yield from self._mirror()
        self._require_there()
        now = datetime.now(UTC)
        placed = self._placed(f"{REPAIR}{timestamp(now)}", now)
        while changes := list(islice(placed, min(ROWS_MAX, self._scope.spec.batch_changes_max))):
            yield ChangeSet(changes, self._checkpoint, changes[-1].committed_at, cuts=())
        self._end = end
        yield ChangeSet((), end)

    def _require_there(self) -> None:
        """Who reads a copy that is not filled yet, or may not see the rows, would reverse what is right."""
        if self._looks or self._scope.may_be_gone:
            return
        for alias, gone, held in self._differences.gone(self._whole):
            if gone > self._rows_max and gone > self._share_max * held:
                raise Halt("repair_many_gone", table=self._scope.tables[alias].name, gone=gone, held=held)

    def _mirror(self) -> Iterator[None]:
        spec = self._scope.spec
        with closing(spec.open_ledger()) as ledger:
            for alias in self._scope.tables:
                rows = ((str(key), str(image)) for key, image in ledger.scan(_MIRROR, (spec.name, alias)))
                while lot := list(islice(rows, ROWS_MAX)):
                    self._differences.hold(alias, lot)
                    yield None

    def _placed(self, place: str, now: datetime) -> Iterator[Change]:
        changes = self._differences.all(self._whole, now)
        for n, change in enumerate(changes, 1):
            yield change._replace(position=Position(f"{place}/{n:012d}"))
