"""Whatever may pass by itself is tried again, after a wait that grows; what cannot pass ends the thread that met it."""

import threading
from collections.abc import Callable
from typing import Final

import structlog
import tenacity

from syncd import language
from syncd.errors import Fault, Halt, Transient

BACKOFF_MAX_S: Final = 30.0
_backoff: Final = tenacity.wait_exponential(multiplier=0.25, max=BACKOFF_MAX_S) + tenacity.wait_random(0, 0.25)


class Attempts:
    """Of one thread. `progressed` is to be set whenever something went well; `waits` is told before each wait."""

    def __init__(self, stop: threading.Event, log: structlog.stdlib.BoundLogger, waits: Callable[[], None]) -> None:
        self.progressed = False
        self._stop, self._log, self._waits = stop, log, waits

    def until_asked(self, session: Callable[[], None]) -> Fault | None:
        """Run a session, again after every Transient, until it ends by itself or is asked to stop; what halted it."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            wait=self._wait_s,
            sleep=self._pause,
            stop=tenacity.stop_when_event_set(self._stop),
            before_sleep=self._say_retry,
            reraise=True,
        )
        try:
            attempts(session)
        except Transient:
            return None  # asked to stop as it failed
        except Exception as error:
            return self._halted(self.named(error))
        return None

    def named(self, error: Exception) -> Fault:
        """An error as a fault: of what nobody foresaw the log has the trace, once."""
        if isinstance(error, Fault):
            return error
        self._log.exception("unexpected")
        return Halt("unexpected", error=f"{type(error).__name__}: {error}")

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _halted(self, fault: Fault) -> Fault:
        self._log.error("halted", code=fault.code, why=language.say(fault.code, fault.params))
        return fault

    def _wait_s(self, attempt: tenacity.RetryCallState) -> float:
        """Grows with the failures since the last success, not since the start."""
        self._waits()
        if self.progressed:
            attempt.attempt_number, self.progressed = 1, False
        return _backoff(attempt)

    def _say_retry(self, attempt: tenacity.RetryCallState) -> None:
        fault = attempt.outcome.exception() if attempt.outcome else None
        wait_s = round(attempt.next_action.sleep, 2) if attempt.next_action else 0.0
        if isinstance(fault, Fault):
            why = language.say(fault.code, fault.params)
            self._log.warning("retrying", code=fault.code, why=why, wait_s=wait_s)
