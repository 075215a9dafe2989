"""What happens by the clock, in the mapping's time zone: collected vouchers fall due, the two sides are reconciled."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple, Self

import structlog

from syncd import cron
from syncd.daemon.spec import Schedule

LOOKED_AT_S: Final = 30.0
"""How long a thread sleeps at most: the machine's clock may be set."""
log = structlog.get_logger("syncd")


class Job(NamedTuple):
    """Something to do by the clock. `next_after` gives the first time due after a moment; None for never again."""

    next_after: Callable[[datetime], datetime | None]
    run: Callable[[], None]


class Jobs:
    """A thread for each job, from `with` to its end; one that runs ends first. A job that is still at work when it
    falls due again does not run twice, and what fails is logged and falls due as before."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._keep, args=(job,), name="job", daemon=True) for job in jobs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, job: Job) -> None:
        due_at = job.next_after(datetime.now(UTC))
        while due_at is not None and not self._stop.is_set():
            if (wait_s := (due_at - datetime.now(UTC)).total_seconds()) > 0:
                if self._stop.wait(min(wait_s, LOOKED_AT_S)):
                    return
                continue
            try:
                job.run()
            except Exception:
                log.exception("unexpected")
            due_at = job.next_after(datetime.now(UTC))


def of_rules(crons: Mapping[str, str], zone: tzinfo) -> Sequence[Schedule]:
    """The rules whose groups are posted by the clock. The posting thread keeps them, so that it alone posts."""
    return [Schedule(rule, cron.parse(text, zone).next_after) for rule, text in crons.items()]
