"""The daemon: for each pipeline a posting thread, with its reader beside it.

    open the ledger ──▶ standby until it is ours ──▶ open the source at the checkpoint ──▶ step, replay, collect

Whatever fails and may pass by itself (`Transient`) closes both sides and goes through the same door again, after
a wait that grows: one way to start is also the way to recover. What cannot pass (`Halt`, and everything unknown)
stops that pipeline, says why, and lets the others go on.
"""

import gc
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Final, NamedTuple, Protocol

import structlog
import tenacity

from syncd import language, pipeline, status, watchdog
from syncd.errors import Fault, Halt, Transient
from syncd.ports import Ledger, Source
from syncd.posting import Outcome
from syncd.reader import Reader

STANDBY_POLL_S: Final = 1.0
REPLAY_INTERVAL_S: Final = 0.5
COLLECT_INTERVAL_S: Final = 1.0
REPORT_INTERVAL_S: Final = 1.0
BACKOFF_MAX_S: Final = 30.0
STUCK_AFTER_S: Final = 300.0
SWITCHED_AFTER_S: Final = 0.0005
"""A thread that waits for a server asks for the interpreter briefly and often; at the usual 5 ms a turn, reading and
sending would wait for translating longer than for the servers."""
COLLECTED_AFTER_ALLOCATIONS: Final = 100_000
"""A batch makes many tuples, none of them in a cycle. Looking for cycles every 700 of them, the interpreter's own
measure, took a third of the posting thread's time."""

_backoff: Final = tenacity.wait_exponential(multiplier=0.25, max=BACKOFF_MAX_S) + tenacity.wait_random(0, 0.25)
log = structlog.get_logger("syncd")


class Line(NamedTuple):
    """A pipeline as wiring hands it over: how to open its two ends, its mapping, its bounds.
    `prepare` looks at the ledger before anything is read and raises what stands in the way."""

    name: str
    open_ledger: Callable[[], Ledger]
    open_source: Callable[[], Source]
    translator: Callable[[], pipeline.Translator]
    prepare: Callable[[Ledger], None]
    schedules: Sequence["Schedule"] = ()
    batch_changes_max: int = 4_000
    queue_changes_max: int = 16_000
    parked_share_max: float = 0.5


class Schedule(NamedTuple):
    """A rule whose collected rows fall due by the clock. `next_after` gives the first time due after a moment."""

    rule: str
    next_after: Callable[[datetime], datetime | None]


class Runner(Protocol):
    """What the daemon runs: a thread that says how it stands, and in the end why it halted."""

    name: str
    alive_at: float

    @property
    def said(self) -> str: ...
    @property
    def failures(self) -> Sequence[Fault]: ...
    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self) -> None: ...


class Worker(threading.Thread):
    """The posting thread of one pipeline. `failure` is set when it halted. `stands_by` says whether it waits for
    another daemon to leave, or ends when it is not the one to post; `is_writer` whether it is."""

    def __init__(self, line: Line, stop: threading.Event, stands_by: bool = True) -> None:
        super().__init__(name=f"posting {line.name}")
        self.line = line
        self.failure: Fault | None = None
        self.is_writer = False
        self.state: status.State = "starting"
        self.alive_at = time.monotonic()
        self._stop_asked = stop
        self._stands_by = stands_by
        self._progressed = self._is_awaited = False
        self._looked_at = _now()
        self._changes = self._postings = 0
        self._parked: Counter[str] = Counter()
        self._log = log.bind(pipeline=line.name)

    @property
    def said(self) -> str:
        """How it stands, in one line."""
        return f"{self.line.name} {self.state}"

    @property
    def failures(self) -> Sequence[Fault]:
        """Why it halted."""
        return [] if self.failure is None else [self.failure]

    def run(self) -> None:
        """Carry until asked to stop, or until something happens that does not pass by itself."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            wait=self._wait_s,
            sleep=self._pause,
            stop=tenacity.stop_when_event_set(self._stop_asked),
            before_sleep=self._say_retry,
            reraise=True,
        )
        try:
            attempts(self._session)
            self.state = "stopped"
        except Transient:
            self.state = "stopped"  # asked to stop as it failed
        except Fault as fault:
            self._halt(fault)
        except Exception as error:
            self._log.exception("unexpected")
            self._halt(Halt("unexpected", error=f"{type(error).__name__}: {error}"))
        finally:
            self._leave()

    def _session(self) -> None:
        if self._stop_asked.is_set():
            return  # asked to stop while waiting to try again
        with closing(self.line.open_ledger()) as ledger:
            try:
                self.line.prepare(ledger)
                if self._become_writer(ledger):
                    self._carry(ledger)
            except Fault as fault:
                self._last_words(ledger, fault)
                raise
            self._last_words(ledger, None)

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
            status.beat(ledger, self.line.name, "standby", _now())
            self._stop_asked.wait(STANDBY_POLL_S)
        return False

    def _carry(self, ledger: Ledger) -> None:
        line = self.line
        translator = line.translator()
        said = status.last_report(ledger, line.name)
        self._looked_at = said.looked_at if said and said.looked_at else _now()
        with Reader(
            line.open_source,
            ledger.checkpoint(),
            status.known_source(ledger, line.name),
            line.queue_changes_max,
            line.batch_changes_max,
        ) as reader:
            status.remember_source(ledger, line.name, reader.identity)
            self.state = "posting"
            self._log.info("posting", position=ledger.checkpoint())
            replay, collect, tell = _Every(REPLAY_INTERVAL_S), _Every(COLLECT_INTERVAL_S), _Every(REPORT_INTERVAL_S)
            outcomes: Sequence[Outcome] = ()
            while not self._stop_asked.is_set():
                self._alive()
                if collect.due() or _releases(outcomes):  # what was released goes before what came after it
                    since, self._looked_at = self._looked_at, _now()
                    self._fall_due(ledger, since, self._looked_at)
                    self._count(pipeline.collect(translator, ledger, self._looked_at))
                if replay.due():
                    self._count(pipeline.replay(translator, ledger))
                outcomes = pipeline.step(reader, translator, ledger, line.parked_share_max)
                self._count(outcomes)
                if tell.due():
                    self._report(ledger, reader)
                self._progressed = True
            self._report(ledger, reader)

    def _fall_due(self, ledger: Ledger, since: datetime, now: datetime) -> None:
        """Release the collected rows of the rules whose time came since the last look. A time that came round
        while no daemon was posting counts as well."""
        for schedule in self.line.schedules:
            due_at = schedule.next_after(since)
            if due_at is not None and due_at <= now:
                self._log.info("due", rule=schedule.rule)
                due = (self.line.name, schedule.rule)
                ledger.execute(
                    [("UPDATE syncd.collected SET due = 1 WHERE pipeline = ? AND rule = ? AND posted = ''", due)]
                )

    def _report(self, ledger: Ledger, reader: Reader) -> None:
        now = _now()
        lag = reader.lag
        self._say_counts()
        said = status.Report(
            self.state, now, self._looked_at, reader.oldest(), lag.bytes_behind, lag.rows_behind, lag.note
        )
        status.beat(ledger, self.line.name, "posting", now)
        status.report(ledger, self.line.name, said)

    def _last_words(self, ledger: Ledger, fault: Fault | None) -> None:
        """Leave what happened for `syncd status`, unless another daemon posts and has more to say. A ledger that is
        gone cannot be told; the log is."""
        with suppress(Fault):
            comes_back = isinstance(fault, Transient) and self.state != "standby" and not self._stop_asked.is_set()
            if comes_back:
                status.beat(ledger, self.line.name, "retrying", _now())
            else:
                status.leave(ledger, self.line.name)
            self._is_awaited = comes_back
            if self.state == "standby" or not ledger.acquire():
                return
            before = status.last_report(ledger, self.line.name)
            state: status.State = "stopped" if fault is None else _state_after(fault)
            said = status.Report(state, _now())
            if before is not None:  # one that stopped before it read anything must not look as if it had caught up
                said = said._replace(at=before.at, oldest=before.oldest, looked_at=before.looked_at)
            if fault is not None:
                said = said._replace(error=fault.code, params=fault.params)
            status.report(ledger, self.line.name, said)

    def _leave(self) -> None:
        """Take back that it will try again, where it said so last."""
        if self._is_awaited:
            with suppress(Fault), closing(self.line.open_ledger()) as ledger:
                status.leave(ledger, self.line.name)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        self._changes += len(outcomes)
        self._postings += sum(len(outcome.postings) for outcome in outcomes)
        self._parked.update(outcome.rejection.code for outcome in outcomes if outcome.rejection is not None)

    def _say_counts(self) -> None:
        """Once an interval, not once a batch; and counts only: what a row holds is never logged."""
        if self._changes:
            self._log.info("carried", changes=self._changes, postings=self._postings, parked=dict(self._parked))
        self._changes = self._postings = 0
        self._parked.clear()

    def _halt(self, fault: Fault) -> None:
        self.state, self.failure = "halted", fault
        self._log.error("halted", code=fault.code, why=language.say(fault.code, fault.params))

    def _say_retry(self, attempt: tenacity.RetryCallState) -> None:
        fault = attempt.outcome.exception() if attempt.outcome else None
        wait_s = round(attempt.next_action.sleep, 2) if attempt.next_action else 0.0
        if isinstance(fault, Fault):
            why = language.say(fault.code, fault.params)
            self._log.warning("retrying", code=fault.code, why=why, wait_s=wait_s)

    def _wait_s(self, attempt: tenacity.RetryCallState) -> float:
        """Grows with the failures since the last success, not since the start."""
        self.state = "retrying"
        if self._progressed:
            attempt.attempt_number, self._progressed = 1, False
        return _backoff(attempt)

    def _pause(self, seconds: float) -> None:
        self._alive()
        self._stop_asked.wait(seconds)

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


def supervise(runners: Sequence[Runner], stop: threading.Event) -> list[Fault]:
    """Run all pipelines until `stop` is set or all have halted; returns why they halted."""
    tune_interpreter()
    for runner in runners:
        runner.start()
    watchdog.notify("READY=1")
    while any(runner.is_alive() for runner in runners) and not stop.wait(1.0):
        stuck = [r.name for r in runners if r.is_alive() and time.monotonic() - r.alive_at > STUCK_AFTER_S]
        watchdog.notify(f"STATUS={', '.join(r.said for r in runners)}", *([] if stuck else ["WATCHDOG=1"]))
    watchdog.notify("STOPPING=1")
    for runner in runners:
        runner.join()
    return [fault for runner in runners for fault in runner.failures]


def tune_interpreter() -> None:
    """Set the interpreter for batches of tuples and for threads that wait for servers."""
    sys.setswitchinterval(SWITCHED_AFTER_S)
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER_ALLOCATIONS)


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM or SIGINT finish the batch in hand; a second one ends the process at once."""

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _state_after(fault: Fault) -> status.State:
    return "retrying" if isinstance(fault, Transient) else "halted"


def _releases(outcomes: Sequence[Outcome]) -> bool:
    return any(posting.release is not None for outcome in outcomes for posting in outcome.postings)


def _now() -> datetime:
    return datetime.now(UTC)
