"""A pipeline over a partitioned source, shared by all daemons that run it.

Each partition is a pipeline of its own, and whoever holds its lock in the ledger posts it: there is no other
membership, and no two daemons can ever post the same partition. What the daemons say of themselves in `syncd.daemon`
only serves fairness: each takes partitions up to its share among those that live, and lets go of what is above it
between two batches. A daemon that is killed loses its locks with its connections; soon it is not heard any more, the
shares of the others grow, and they take what it held.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog

from syncd.daemon import watchdog
from syncd.daemon.attempts import Attempts
from syncd.daemon.meter import Meter
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.supervisor import Worker
from syncd.desk import status
from syncd.errors import Fault
from syncd.ports import Ledger
from syncd.record import timestamp

TURN_S: Final = 0.5
DEAD_AFTER_S: Final = 2.0
"""A daemon whose beat has not changed for so long is not counted. To be wrong costs a few attempts at its locks."""
FORGOTTEN_AFTER: Final = timedelta(minutes=2)
"""A beat that is older, however the clocks differ, is of a daemon long gone."""
ATTEMPTS_MAX: Final = 4
"""Partitions that are tried in one turn: each attempt is a connection."""

log = structlog.get_logger("syncd")


class Shared(NamedTuple):
    """A partitioned pipeline as wiring hands it over: how to ask for its partitions, and the pipeline of one."""

    name: str
    open_ledger: Callable[[], Ledger]
    partitions: Callable[[], Sequence[str]]
    spec: Callable[[str], PipelineSpec]
    prepare: Callable[[Ledger], None]


class Held(NamedTuple):
    """A partition that this daemon posts or tries to, and how to make it stop."""

    worker: Worker
    stop: threading.Event


class Sharer(threading.Thread):
    """Runs this daemon's share of a pipeline's partitions. One connection, however many partitions wait."""

    def __init__(self, shared: Shared, stop: threading.Event) -> None:
        super().__init__(name=f"sharing {shared.name}")
        self.alive_at = time.monotonic()
        self._shared = shared
        self._stop_asked = stop
        self._held: dict[str, Held] = {}
        self._halted: dict[str, Fault] = {}
        self._meters: dict[str, Meter] = {}
        self._own = Meter(shared.name)
        self._tried: dict[str, float] = {}
        self._fault: Fault | None = None
        self._peers = Peers(status.instance())
        self._attempts = Attempts(stop, log.bind(pipeline=shared.name), self._alive)

    @property
    def failures(self) -> list[Fault]:
        """Why it, or partitions of it, halted."""
        return [*([] if self._fault is None else [self._fault]), *self._halted.values()]

    @property
    def meters(self) -> list[Meter]:
        """The figures of the partitions that it has held; of those that it let go the counters stay."""
        for held in self._held.copy().values():
            held.worker.measured()
        return [*([self._own] if self._own.halted else []), *self._meters.copy().values()]

    @property
    def said(self) -> str:
        """How it stands, in one line."""
        states = [f"{held.worker.spec.name} {held.worker.state}" for held in self._held.copy().values()]
        return ", ".join(states or [f"{self._shared.name} standby"])

    @property
    def moves(self) -> watchdog.Moves:
        """When it moved last, and each partition's thread: a hung one is not hidden by this one's going on."""
        own = {self.name: (self.ident, self.alive_at)} if self.is_alive() else {}
        held = [held.worker.moves for held in self._held.copy().values()]
        return own | {name: moved for moves in held for name, moved in moves.items()}

    def look_again(self) -> None:
        """Those of its partitions that it holds read the mapping's file."""
        for held in self._held.copy().values():
            held.worker.look_again()

    def run(self) -> None:
        """Hold what is this daemon's share, until asked to stop or until every partition has halted."""
        try:
            self._fault = self._attempts.until_asked(self._session)
            if self._fault is not None:
                self._say(status.Report("halted", datetime.now(UTC), error=self._fault.code, params=self._fault.params))
        finally:
            self._let_go(self._held.values())
            for held in self._held.values():
                held.worker.join()

    def _session(self) -> None:
        with closing(self._shared.open_ledger()) as ledger:
            self._shared.prepare(ledger)
            partitions = self._shared.partitions()
            before = status.last_report(ledger, self._shared.name)
            if before is not None and before.state == "halted":
                self._say(status.Report("stopped", datetime.now(UTC)))
            status.forget_gone(ledger, self._shared.name, datetime.now(UTC))
            while not self._stop_asked.is_set() and len(self._halted) < len(partitions):
                self._turn(ledger, partitions)
                self._attempts.progressed = True
                self._stop_asked.wait(TURN_S)
            with suppress(Fault):
                status.leave(ledger, self._shared.name)

    def _say(self, said: status.Report) -> None:
        """Leave word of the whole, which is no pipeline of its own and has a report only where it halted."""
        self._own.halted = said.error
        self._own.state = said.state
        with suppress(Fault), closing(self._shared.open_ledger()) as ledger:
            if ledger.acquire():
                status.report(ledger, self._shared.name, said)

    def _turn(self, ledger: Ledger, partitions: Sequence[str]) -> None:
        self._alive()
        self._reap()
        posting = [p for p, held in self._held.items() if held.worker.is_writer]
        status.beat(ledger, self._shared.name, "posting" if posting else "standby", datetime.now(UTC))
        self._peers.heard(beats(ledger, self._shared.name), time.monotonic())
        mine = self._peers.share(partitions)
        room = len(mine) - len(self._held) - len(self._halted)
        if room < 0:
            spare = sorted((p for p in self._held), key=lambda p: p in mine)
            self._let_go(self._held[p] for p in spare[:-room])
        elif room > 0:
            others = [p for p in partitions if p not in self._held and p not in self._halted]
            others.sort(key=lambda p: (self._tried.get(p, 0.0), p not in mine))  # in turn: most are held by others
            for partition in others[: min(room, ATTEMPTS_MAX)]:
                self._try(partition)

    def _try(self, partition: str) -> None:
        """Post the partition, if nobody else does: its worker ends at once where it finds the lock taken."""
        self._tried[partition] = self.alive_at
        stop = threading.Event()
        spec = self._shared.spec(partition)
        meter = self._meters.setdefault(partition, Meter(spec.name))
        worker = Worker(spec, stop, stands_by=False, meter=meter)
        self._held[partition] = Held(worker, stop)
        worker.start()

    def _let_go(self, surplus: Iterable[Held]) -> None:
        for held in surplus:
            held.stop.set()

    def _reap(self) -> None:
        for partition, held in list(self._held.items()):
            if not held.worker.is_alive():
                del self._held[partition]
                held.worker.measured()
                if held.worker.failure is not None:
                    self._halted[partition] = held.worker.failure

    def _alive(self) -> None:
        self.alive_at = time.monotonic()


class Peers:
    """The daemons of a pipeline, this one among them, as they are heard. Pure; times are a monotonic clock's."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._heard: dict[str, tuple[str, float]] = {}
        self._living: list[str] = [own]

    def heard(self, beats: Mapping[str, str], now: float) -> None:
        """The beats as they stand. One lives whose beat changes: so nobody's clock is held against another's."""
        for instance, beat in beats.items():
            if self._heard.get(instance, ("", 0.0))[0] != beat:
                self._heard[instance] = beat, now
        living = {i for i, (_, since) in self._heard.items() if i in beats and now - since <= DEAD_AFTER_S}
        self._living = sorted(living | {self._own})

    def share(self, partitions: Sequence[str]) -> Sequence[str]:
        """The partitions that this daemon would hold if all had settled: as many as any other, or one more."""
        return partitions[self._living.index(self._own) :: len(self._living)]


def beats(ledger: Ledger, pipeline: str) -> Mapping[str, str]:
    """The daemons that said lately that they run the pipeline, and when they said it by their clock."""
    lately = timestamp(datetime.now(UTC) - FORGOTTEN_AFTER)
    sql = "SELECT instance, beat_at FROM syncd.daemon WHERE pipeline = ? AND beat_at >= ?"
    rows = ledger.query(sql, (pipeline, lately))
    return {str(instance): str(beat_at) for instance, beat_at in rows}
