"""Deliveries sent: a thread a pipeline, beside those that post.

    waiting ──▶ unknown ──▶ done          the state is written down before anything is sent: a process that is killed
       ▲           │                      then leaves `unknown`, and that is asked before it is sent again
       │           ├──▶ refused           a person looks at it
       └───────────┘                      the session was lost before anything was done, or the other side is busy

One daemon sends at a time, whoever posts. Deliveries of one subject to one target go in order; another target, and
another subject, do not wait. A target that cannot be reached rests for a while that grows, and with it what is for it.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import structlog
import tenacity

from syncd import language
from syncd.delivery import DONE, Delivery, Sent, State
from syncd.desk import partitions
from syncd.errors import Fault
from syncd.outbox.box import SQL, Open, delivery, open_deliveries
from syncd.ports import Ledger, Relay
from syncd.record import timestamp

ATTEMPTS_MAX: Final = 200
"""Two days with the longest waits; then a person looks at it."""
BACKOFF_MAX_S: Final = 900.0
_backoff: Final = tenacity.wait_exponential(multiplier=1, max=BACKOFF_MAX_S) + tenacity.wait_random(0, 1)
LOT_MAX: Final = 100
LOOKED_EVERY_S: Final = 1.0
AFTER_FAULT_S: Final = 5.0
BLIND_AFTER_S: Final = 60.0
"""So long finance may not answer before the log says that nobody can be told of it."""
KEPT_DAYS: Final = 180
"""So long a delivery is kept that is done."""
LEAVES_WITHIN_S: Final = 20.0
"""So long what is being sent may take when the daemon ends, and so long again what its end has to tell."""
log = structlog.get_logger("syncd")

Relays = Callable[[Delivery], Relay | None]
"""The way for a delivery; None where there is none any more."""
Look = Callable[[Ledger, Sequence[str], datetime], None]
"""Decides what is to be told of the pipelines of these names, as they stand."""


def looks_at_nothing(ledger: Ledger, names: Sequence[str], now: datetime) -> None:
    """Nobody is alerted."""


class Outbox:
    """Sends what a pipeline, with its partitions, has in its outbox. From `with` to its end in a thread of its own.
    `attempts` counts them by kind and result; `counts` is what was open when it last looked, by pipeline. While finance
    cannot be asked nobody can be alerted of anything, of that neither: it stands in the log as an error, once, and in
    `blind_s`."""

    def __init__(
        self, pipeline: str, open_ledger: Callable[[], Ledger], relays: Relays, look: Look = looks_at_nothing
    ) -> None:
        self.pipeline = pipeline
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.counts: dict[str, Sequence[Open]] = {}
        self._open_ledger, self._relays, self._look = open_ledger, relays, look
        self._ledger: Ledger | None = None
        self._resting: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._tidied_at = datetime.min.replace(tzinfo=UTC)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"outbox {pipeline}", daemon=True)
        self._log = log.bind(pipeline=pipeline)
        self._blind_since: float | None = None
        self._is_said = False

    @property
    def blind_s(self) -> float:
        """For how long what is to be told could not be looked at; 0 while it can."""
        since = self._blind_since
        return 0.0 if since is None else time.monotonic() - since

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LEAVES_WITHIN_S)
        if not self._thread.is_alive():
            self._stop.clear()
            patience = threading.Timer(LEAVES_WITHIN_S, self._stop.set)
            patience.start()
            self._try()  # what the pipelines left behind as they ended: that one has halted
            patience.cancel()
        self.close()

    def close(self) -> None:
        """Let another have it."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            with suppress(Exception):
                ledger.close()

    def turn(self, now: datetime | None = None) -> bool:
        """Decide what is to be told, and send what is due; whether anything was. Another daemon may have it."""
        now = now or datetime.now(UTC)
        if self._ledger is None:
            self._ledger = self._open_ledger()
        ledger = self._ledger
        if not ledger.hold("outbox"):
            self.counts = {}
            return False
        names = partitions.names(ledger, self.pipeline)
        try:
            self._look(ledger, names, now)
        except Fault:
            raise
        except Exception:  # what is to be told of a pipeline keeps nothing back that was decided
            self._log.exception("unexpected")
        sent = False
        for name in names:
            for row in ledger.query(SQL["due"], (name, timestamp(now), LOT_MAX)):
                one = delivery(row)
                if self._stop.is_set():
                    break
                if not self._rests(one, now):
                    self._deliver(ledger, one)
                    sent = True
            self.counts[name] = open_deliveries(ledger, name)
        self._tidy(ledger, names, now)
        return sent

    def _run(self) -> None:
        while not self._stop.is_set():
            has_sent = self._try()
            if has_sent is not True:
                self._stop.wait(LOOKED_EVERY_S if has_sent is False else AFTER_FAULT_S)

    def _try(self) -> bool | None:
        """A turn; None where it failed."""
        code, why = "unexpected", ""
        try:
            has_sent = self.turn()
            self._blind_since, self._is_said = None, False
            return has_sent
        except Fault as fault:
            code, why = fault.code, language.say(fault.code, fault.params)
            self._log.warning("outbox_failed", code=code, why=why)
        except Exception:
            self._log.exception("unexpected")
        self.close()
        self._blind_since = self._blind_since or time.monotonic()
        if self.blind_s >= BLIND_AFTER_S and not self._is_said:
            self._is_said = True
            self._log.error("outbox_blind", code=code, why=why, seconds=round(self.blind_s))
        return None

    def _rests(self, one: Delivery, now: datetime) -> bool:
        until, _ = self._resting.get((one.kind, one.target), (now, 0))
        return until > now

    def _deliver(self, ledger: Ledger, one: Delivery) -> None:
        sent, attempts = self._attempt(ledger, one)
        now = datetime.now(UTC)
        self.attempts[one.kind, sent.result] += 1
        state = _state(one, sent, attempts)
        wait_s = 0.0 if state in ("done", "refused") else max(sent.wait_s, wait_after_s(attempts))
        is_settled = state in ("done", "refused")
        settled_at = timestamp(now) if is_settled else None
        said = json.dumps(dict(sent.params), ensure_ascii=False)
        next_at = timestamp(now + timedelta(seconds=wait_s))
        ledger.execute([(SQL["came_to"], (state, next_at, sent.code, said, settled_at, one.pipeline, one.seq))])
        self._rest(one, sent, now)
        told = self._log.info if state == "done" else self._log.warning
        told("delivered", kind=one.kind, target=one.target, number=one.seq, result=sent.result, code=sent.code)

    def _attempt(self, ledger: Ledger, one: Delivery) -> tuple[Sent, int]:
        """What became of it, and how often it was tried."""
        try:
            relay = self._relays(one)
        except Fault as fault:  # of its settings, or a library is not there
            ledger.execute([(SQL["begun"], (one.pipeline, one.seq))])
            return Sent("lost", fault.code, fault.params), one.attempts + 1
        if relay is None:
            return Sent("refused", "delivery_no_target", {"kind": one.kind, "target": one.target}), one.attempts
        try:
            if one.state == "unknown":
                asked = relay.ask(one)
                if asked == "taken":
                    return DONE, one.attempts
                if asked == "lost":
                    ledger.execute([(SQL["begun"], (one.pipeline, one.seq))])
                    return Sent("lost", "delivery_not_asked", {"target": one.target}), one.attempts + 1
            ledger.execute([(SQL["begun"], (one.pipeline, one.seq))])
            sent = relay.send(one)
            if sent.result == "lost":  # the session may have ended long ago: once more over a new one
                sent = relay.send(one)
            return sent, one.attempts + 1
        except Fault:
            raise  # of the ledger
        except Exception as error:
            self._log.exception("unexpected")
            return Sent("refused", "unexpected", {"error": type(error).__name__}), one.attempts + 1

    def _rest(self, one: Delivery, sent: Sent, now: datetime) -> None:
        place = one.kind, one.target
        if sent.result in ("done", "refused"):
            self._resting.pop(place, None)
            return
        _, failures = self._resting.get(place, (now, 0))
        wait_s = max(sent.wait_s, wait_after_s(failures + 1))
        self._resting[place] = now + timedelta(seconds=wait_s), failures + 1

    def _tidy(self, ledger: Ledger, names: Sequence[str], now: datetime) -> None:
        if now - self._tidied_at > timedelta(hours=1):
            long_ago = timestamp(now - timedelta(days=KEPT_DAYS))
            ledger.execute([(SQL["forget"], (name, long_ago)) for name in names])
            self._tidied_at = now


def _state(one: Delivery, sent: Sent, attempts: int) -> State:
    if sent.result in ("done", "refused"):
        return "done" if sent.result == "done" else "refused"
    if attempts >= ATTEMPTS_MAX:
        return "refused"
    # What was lost before it was done anew says nothing of the attempt before.
    return "unknown" if sent.result == "unknown" or one.state == "unknown" else "waiting"


def wait_after_s(attempts: int) -> float:
    """How long to wait after so many attempts."""
    tried = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    tried.attempt_number = max(attempts, 1)
    return _backoff(tried)
