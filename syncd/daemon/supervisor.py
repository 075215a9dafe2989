"""The daemon: for each pipeline a posting thread, with its reader beside it.

    open the ledger ──▶ standby until it is ours ──▶ open the source at the checkpoint ──▶ step, replay, collect

Between two turns it looks which mapping is accepted. Where that is another than it has, it begins anew under that one.
SIGHUP asks it to look at the file as well, and to say what it found.

Whatever fails and may pass by itself (`Transient`) closes both sides and goes through the same door again, after
a wait that grows: one way to start is also the way to recover. What cannot pass (`Halt`, and everything unknown)
stops that pipeline, says why, and lets the others go on.
"""

import gc
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog

from syncd.daemon import pipeline, watchdog
from syncd.daemon.attempts import Attempts
from syncd.daemon.meter import Meter, Timed
from syncd.daemon.reader import Reader
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.tally import Counts
from syncd.desk import kept, samples, status
from syncd.errors import Fault, Transient
from syncd.language import say
from syncd.ports import Ledger
from syncd.posting import Outcome

STANDBY_POLL_S: Final = 1.0
REPLAY_INTERVAL_S: Final = 0.5
COLLECT_INTERVAL_S: Final = 1.0
REPORT_INTERVAL_S: Final = 1.0
TIDY_INTERVAL_S: Final = 600.0
PARKED_INTERVAL_S: Final = 15.0
HELD_UP: Final = frozenset({"finance_busy", "finance_limit", "finance_out_of_memory"})
"""What a batch may be too large for: a lock of finance's people, a time limit."""
NARROWED: Final = 8
"""So many times smaller is the batch that is tried next, and so many times larger again after a while."""
NARROW_CHANGES_MIN: Final = 16
NARROW_S: Final = 60.0
SWITCHED_AFTER_S: Final = 0.0005
"""A thread that waits for a server asks for the interpreter briefly and often; at the usual 5 ms a turn, reading and
sending would wait for translating longer than for the servers."""
COLLECTED_AFTER_ALLOCATIONS: Final = 500_000
"""A batch makes many tuples, none of them in a cycle. Looking for cycles every 700 of them, the interpreter's own
measure, took a third of the posting thread's time; every 100,000, several times a batch, 4 % of the throughput."""

log = structlog.get_logger("syncd")


class Runner(Protocol):
    """What the daemon runs: a thread that says how it stands, and in the end why it halted."""

    @property
    def said(self) -> str: ...
    @property
    def meters(self) -> Sequence[Meter]: ...
    @property
    def failures(self) -> Sequence[Fault]: ...
    @property
    def moves(self) -> watchdog.Moves: ...
    def look_again(self) -> None: ...
    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self) -> None: ...


class Worker(threading.Thread):
    """The posting thread of one pipeline. `failure` is set when it halted. `stands_by` says whether it waits for
    another daemon to leave, or ends when it is not the one to post; `is_writer` whether it is."""

    def __init__(
        self, spec: PipelineSpec, stop: threading.Event, stands_by: bool = True, meter: Meter | None = None
    ) -> None:
        super().__init__(name=f"posting {spec.name}")
        self.spec = spec
        self.meter = meter or Meter(spec.name)
        self.meter.is_writer, self.meter.halted = False, ""
        self.failure: Fault | None = None
        self.is_writer = False
        self.state: status.State = "starting"
        self.alive_at = time.monotonic()
        self._stop_asked = stop
        self._stands_by = stands_by
        self._is_awaited = False
        self._asked_to_look = threading.Event()
        self._identity: str | None = None
        self._warned: set[str] = set()
        self._batch_changes_max = spec.batch_changes_max
        self._looked_at = _now()
        self._counts = Counts()
        self._sampled: datetime | None = None
        self._log = log.bind(pipeline=spec.name)
        self._attempts = Attempts(stop, self._log, self._retries)

    @property
    def said(self) -> str:
        """How it stands, in one line."""
        return f"{self.spec.name} {self.state}"

    @property
    def meters(self) -> Sequence[Meter]:
        """Its figures."""
        return [self.measured()]

    def measured(self) -> Meter:
        """Its figures, with how it stands at this moment."""
        self.meter.state, self.meter.is_writer = self.state, self.is_writer and self.is_alive()
        self.meter.mapping, self.meter.mapping_hash = self.spec.mapping, self.spec.mapping_hash
        self.meter.halted = self.failure.code if self.failure is not None else ""
        return self.meter

    @property
    def failures(self) -> Sequence[Fault]:
        """Why it halted."""
        return [] if self.failure is None else [self.failure]

    @property
    def moves(self) -> watchdog.Moves:
        """When it moved last."""
        return {self.name: (self.ident, self.alive_at)} if self.is_alive() else {}

    def look_again(self) -> None:
        """Read the mapping's file at the next turn, and say whether it is taken up."""
        self._asked_to_look.set()

    def run(self) -> None:
        """Carry until asked to stop, or until something happens that does not pass by itself."""
        try:
            self.failure = self._attempts.until_asked(self._session)
            self.state = "stopped" if self.failure is None else "halted"
            if self.failure is None:
                self.meter.let_go()
        finally:
            self._leave()

    def _session(self) -> None:
        is_renewed = True
        while is_renewed and not self._stop_asked.is_set():  # it may be set while waiting to try again
            with closing(self.spec.open_ledger()) as ledger:
                try:
                    self.spec.prepare(ledger)
                    is_renewed = self._renew(ledger) or (self._become_writer(ledger) and self._hold(ledger))
                except Exception as error:
                    fault = self._attempts.named(error)
                    self._let_go()
                    self.meter.retries[fault.code] += isinstance(fault, Transient)
                    self._narrow(fault)
                    self._last_words(ledger, fault)
                    raise fault from (None if fault is error else error)
                if not is_renewed or self._stop_asked.is_set():
                    self._last_words(ledger, None)

    def _narrow(self, fault: Fault) -> None:
        """What finance does not take at once it may take in smaller batches."""
        if fault.code in HELD_UP and self._batch_changes_max > NARROW_CHANGES_MIN:
            self._batch_changes_max = max(self._batch_changes_max // NARROWED, NARROW_CHANGES_MIN)
            self._log.info("narrowed", changes_max=self._batch_changes_max)

    def _renew(self, ledger: Ledger) -> bool:
        """Take up the mapping that was accepted meanwhile; whether there is one."""
        renewed = self.spec.renewed(ledger)
        if renewed is None and self._asked_to_look.is_set():
            renewed = self._looked(ledger)
        if renewed is None:
            return False
        self._log.info("mapping_renewed", mapping_hash=renewed.mapping_hash)
        self.spec = renewed
        return True

    def _looked(self, ledger: Ledger) -> PipelineSpec | None:
        """The pipeline under the mapping as its file is now. One that cannot be taken up is refused, and the one that
        it has goes on. Who asks while the file is read may have written it since, and is heard at the next turn."""
        self._asked_to_look.clear()
        try:
            found = self.spec.reread(ledger)
        except Transient:
            self._asked_to_look.set()
            raise
        except Fault as fault:
            self._log.error("mapping_refused", code=fault.code, why=say(fault.code, fault.params))
            return None
        if found is None:
            self._log.info("mapping_kept", mapping_hash=self.spec.mapping_hash)
        return found

    def _hold(self, ledger: Ledger) -> bool:
        """As the writer, who may have stood by for long; whether it ended for another mapping."""
        return self._renew(ledger) or self._carry(ledger)

    def _become_writer(self, ledger: Ledger) -> bool:
        while not self._stop_asked.is_set():
            self._alive()
            self.is_writer = ledger.acquire()
            if self.is_writer:
                return True
            if self._stands_by and self.state != "standby":
                self._log.info("standby")
            self.state = "standby"
            if not self._stands_by:
                return False
            if self._asked_to_look.is_set():  # what there is to take up it takes up as the writer
                self._looked(ledger)
            status.beat(ledger, self.spec.name, "standby", _now())
            self._stop_asked.wait(STANDBY_POLL_S)
        return False

    def _carry(self, ledger: Ledger) -> bool:
        """Carry until asked to stop, or until another mapping was accepted; whether that is why it ended."""
        spec, is_renewed, is_computing = self.spec, False, False
        translator, deadlines = spec.translator(), spec.deadlines()
        if self._batch_changes_max < spec.batch_changes_max:
            translator.narrow(self._batch_changes_max)
        narrowed_at = time.monotonic()
        said = status.last_report(ledger, spec.name)
        self._looked_at = said.looked_at if said and said.looked_at else _now()
        opened = Reader(
            spec.open_source,
            ledger.checkpoint(),
            status.known_source(ledger, spec.name),
            spec.queue_changes_max,
            spec.batch_changes_max,
        )
        with self._remembering(ledger, opened), opened as reader:
            self._identity = reader.identity
            status.remember_source(ledger, spec.name, reader.identity)
            self.state, self.meter.is_connected = "posting", True
            self._log.info("posting", position=ledger.checkpoint())
            clock, asked, report = _Every(COLLECT_INTERVAL_S), _Every(REPLAY_INTERVAL_S), _Every(REPORT_INTERVAL_S)
            tidied, parked = _Every(TIDY_INTERVAL_S), _Every(PARKED_INTERVAL_S)
            feed = Timed(reader, self.meter)
            share_max = spec.parked_share_max
            while not self._stop_asked.is_set():
                self._alive()
                if clock.due():
                    since, self._looked_at = self._looked_at, _now()
                    self._fall_due(ledger, since, self._looked_at)
                asks = asked.due()
                if asks:
                    if is_renewed := self._renew(ledger):  # who accepts it and asks for a row means it to be tried so
                        break
                    pipeline.turn(feed, translator, ledger, self._count, share_max, deadlines)
                    if deadlines.quiet(ledger, translator, self._count):
                        pipeline.settle(translator, ledger, self._count)
                else:  # nobody has asked for anything, and what the log asks for is seen to within the step
                    pipeline.step(feed, translator, ledger, self._count, share_max, deadlines)
                if asks or is_computing:
                    is_computing = spec.compute(ledger, translator, self._count)
                    if is_computing:  # what a run releases is posted before anything else is read
                        pipeline.settle(translator, ledger, self._count)
                if parked.due():
                    self._warn(reader.lag.note)
                    self.meter.open_rows = status.open_rows(ledger, spec.name)
                    waits = any(one.state == "approval" for one in self.meter.open_rows)
                    self.meter.held = status.held(ledger, spec.name, _now()) if waits else ()
                if report.due():
                    self._report(ledger, reader)
                    if self._batch_changes_max < spec.batch_changes_max and time.monotonic() > narrowed_at + NARROW_S:
                        self._batch_changes_max = min(self._batch_changes_max * NARROWED, spec.batch_changes_max)
                        translator.narrow(self._batch_changes_max)
                        narrowed_at = time.monotonic()
                if tidied.due():
                    status.forget_gone(ledger, spec.name, _now())
                self._attempts.progressed = True
            self._report(ledger, reader)
        return is_renewed

    def _let_go(self) -> None:
        self.meter.is_connected = self.is_writer = False

    @contextmanager
    def _remembering(self, ledger: Ledger, reader: Reader) -> Iterator[None]:
        """Keep what was seen of the source last: what is lost behind it can be told when it is read again."""
        try:
            yield
        finally:
            with suppress(Fault):
                status.remember_source(ledger, self.spec.name, reader.identity)

    def _fall_due(self, ledger: Ledger, since: datetime, now: datetime) -> None:
        """Release the collected rows of the rules whose time came since the last look. A time that came round
        while no daemon was posting counts as well."""
        for schedule in self.spec.schedules:
            due_at = schedule.next_after(since)
            if due_at is not None and due_at <= now:
                self._log.info("due", rule=schedule.rule)
                ledger.fall_due(schedule.rule)

    def _report(self, ledger: Ledger, reader: Reader) -> None:
        now = _now()
        if reader.identity != self._identity:
            self._identity = reader.identity
            status.remember_source(ledger, self.spec.name, reader.identity)
        lag, lagged_at = reader.lag, reader.lagged_at
        self._say_counts()
        said = status.Report(
            self.state,
            now,
            self._looked_at,
            reader.oldest(),
            lag.bytes_behind,
            lag.rows_behind,
            lag.note,
            lagged_at=lagged_at,
        )
        self.meter.report, self.meter.heard_at = said, reader.heard_at
        is_kept, self._sampled = self._sampled == (minute := samples.minute(now)), minute
        also = () if is_kept else samples.keep(self.spec.name, said, self.meter.open_rows)
        status.report(ledger, self.spec.name, said, beats=True, also=also)

    def _last_words(self, ledger: Ledger, fault: Fault | None) -> None:
        """Leave what happened for `syncd status`, unless another daemon posts and has more to say. A ledger that is
        gone cannot be told; the log is."""
        with suppress(Exception):  # what made the session fail may have left the ledger in any state
            self._tell(ledger, fault)
            return
        if fault is not None and not isinstance(fault, Transient):
            ledger.close()
            with suppress(Exception), closing(self.spec.open_ledger()) as another:
                self._tell(another, fault)

    def _tell(self, ledger: Ledger, fault: Fault | None) -> None:
        comes_back = isinstance(fault, Transient) and self.state != "standby" and not self._stop_asked.is_set()
        if comes_back:
            status.beat(ledger, self.spec.name, "retrying", _now())
        else:
            status.leave(ledger, self.spec.name)
        self._is_awaited = comes_back
        if self.state == "standby" or not ledger.acquire():
            return
        before = status.last_report(ledger, self.spec.name)
        state: status.State = "stopped" if fault is None else _state_after(fault)
        said = status.Report(state, _now())
        if before is not None:  # one that stopped before it read anything must not look as if it had caught up
            said = said._replace(at=before.at, oldest=before.oldest, looked_at=before.looked_at)
        if fault is not None:
            said = said._replace(error=fault.code, params=fault.params)
        status.report(ledger, self.spec.name, said)

    def _leave(self) -> None:
        """Take back that it will try again, where it said so last."""
        if self._is_awaited:
            with suppress(Fault), closing(self.spec.open_ledger()) as ledger:
                status.leave(ledger, self.spec.name)

    def _warn(self, note: Mapping[str, str]) -> None:
        """Say it once when the log that the EAM's server keeps for the pipeline begins to hurt."""
        findings = list(kept.warnings(kept.of_note(note)))
        for finding in findings:
            if finding.code not in self._warned:
                self._log.warning("log_kept", code=finding.code, why=say(finding.code, finding.params))
        self._warned = {finding.code for finding in findings}

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        """What one of many transactions of a turn has done is a sign of life too."""
        self._alive()
        self._counts.add(outcomes)

    def _say_counts(self) -> None:
        """Once an interval, not once a batch; and counts only: what a row holds is never logged."""
        said, self._counts = self._counts, Counts()
        self.meter.include(said)
        if said.changes:
            postings, parked = said.postings.total(), dict(said.parked)
            self._log.info("carried", changes=said.changes, postings=postings, parked=parked)

    def _retries(self) -> None:
        self.state = "retrying"
        self._alive()

    def _alive(self) -> None:
        self.alive_at = time.monotonic()


class _Every:
    """True once an interval; at once the first time."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s, self._due_at = interval_s, 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + self._interval_s
        return True


def supervise(
    runners: Sequence[Runner], stop: threading.Event, asked_to_look: threading.Event | None = None
) -> list[Fault]:
    """Run all pipelines until `stop` is set or all have halted; returns why they halted. Whenever `asked_to_look` is
    set, they read their mappings again."""
    tune_interpreter()
    for runner in runners:
        runner.start()
    watchdog.notify("READY=1")
    watch = watchdog.Watch()
    while any(runner.is_alive() for runner in runners) and not stop.wait(1.0):
        if asked_to_look is not None and asked_to_look.is_set():
            asked_to_look.clear()
            for runner in runners:
                runner.look_again()
        moves = {name: moved for runner in runners for name, moved in runner.moves.items()}
        watch.look(", ".join(runner.said for runner in runners), moves)
    watchdog.notify("STOPPING=1")
    for runner in runners:
        runner.join()
    return [fault for runner in runners for fault in runner.failures]


def tune_interpreter() -> None:
    """Set the interpreter for batches of tuples and for threads that wait for servers."""
    sys.setswitchinterval(SWITCHED_AFTER_S)
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER_ALLOCATIONS)


def _state_after(fault: Fault) -> status.State:
    return "retrying" if isinstance(fault, Transient) else "halted"


def _now() -> datetime:
    return datetime.now(UTC)
