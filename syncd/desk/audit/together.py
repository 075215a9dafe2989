"""A long chain of postings, judged by several processes at once: a stretch and a part of the cards each.

While one of them waits for the server another computes. Each has a connection of its own, and what it notes lies in a
file of its own until all are done. Whatever keeps them from it, one process alone can do the same.
"""

import gc
import os
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final, NamedTuple

from syncd.desk.audit import lasting, stretches
from syncd.desk.audit.stretches import Bounds, Judged
from syncd.errors import Fault
from syncd.ports import Layout, Ledger

Again = Callable[[], tuple[Ledger, Layout]]
"""Opens the same ledger once more, in another process: it can be pickled."""
POSTINGS_MIN: Final = 200_000
"""To start a process takes as long as 20,000 or 30,000; two of them are to gain by it on a busy machine too."""
PROCESSES_MAX: Final = 4
"""Each is a connection to finance, whose people work meanwhile."""
COLLECTED_AFTER_ALLOCATIONS: Final = 500_000
"""A posting is many small objects, none in a cycle: looking for cycles as often as usual took 30 % of the time."""


class _Work(NamedTuple):
    """What all processes know of it; `directory` holds their files."""

    again: Again
    pipeline: str
    directory: str
    parts: int

    def file(self, part: int) -> str:
        return str(Path(self.directory, f"{part}.db"))


Verdict = tuple[Sequence[Judged], Sequence[lasting.Other]]
"""On all stretches, in order, and on what postings wrote beside vouchers."""


def processes() -> int:
    """How many work at once: one for each processor, and not many."""
    return min(os.cpu_count() or 1, PROCESSES_MAX)


def workers(count: int, directory: str) -> Executor:
    """So many processes, each begun anew: a fork would take our connections along."""
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (directory,))


def seldom_collect() -> None:
    """Look for garbage in cycles as seldom as suits a process that only verifies."""
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER_ALLOCATIONS)


@contextmanager
def judging(
    again: Again | None, pipeline: str, bounds: Sequence[Bounds], awaited: Collection[int]
) -> Iterator[Callable[[], Verdict | None]]:
    """Processes that judge these stretches from now on. What is yielded waits for their verdict; it is None where there
    is one stretch alone, or where a process could not be had or had its connection refused."""
    with ExitStack() as stack:
        try:
            verdict = _begun(stack, again, pipeline, bounds, awaited) if again and len(bounds) > 1 else _no_verdict
        except (OSError, NotImplementedError, BrokenProcessPool):  # no more processes, no semaphores
            verdict = _no_verdict
        yield verdict


def _no_verdict() -> None:
    return None


def _begun(
    stack: ExitStack, again: Again, pipeline: str, bounds: Sequence[Bounds], awaited: Collection[int]
) -> Callable[[], Verdict | None]:
    work = _Work(again, pipeline, stack.enter_context(TemporaryDirectory(prefix="syncd-verify-")), len(bounds))
    pool = stack.enter_context(workers(work.parts, work.directory))
    begun = [pool.submit(_judge, work, part, one, frozenset(awaited)) for part, one in enumerate(bounds)]

    def verdict() -> Verdict | None:
        try:
            found = [one for job in begun if (one := job.result()) is not None]
            if len(found) < work.parts:
                return None
            last = max(one.last.seq for one in found)
            jobs = [pool.submit(_hold, work, part, last) for part in range(work.parts)]
            told = [lot for job in jobs if (lot := job.result()) is not None]
        except BrokenProcessPool:
            return None
        others = sorted((one for lot in told for one in lot), key=lambda one: (one.table, one.row))
        return (found, others) if len(told) == work.parts else None

    return verdict


def _begin(directory: str) -> None:
    """Of a process. It ends without a word with the one that started it, and when the terminal says so."""
    seldom_collect()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, args=(directory,), daemon=True).start()


def _end_with_parent(directory: str) -> None:
    """Nothing is left of one that was killed."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        rmtree(directory, ignore_errors=True)
        os._exit(1)


def _judge(work: _Work, part: int, bounds: Bounds, awaited: Collection[int]) -> Judged | None:
    try:
        ledger, layout = work.again()
        with closing(ledger), closing(lasting.Written(work.file(part), parts=work.parts)) as written:
            return stretches.judged(ledger, work.pipeline, layout, bounds, awaited, written)
    except Fault:  # the one process that then does it alone says it
        return None


def _hold(work: _Work, part: int, last: int) -> Sequence[lasting.Other] | None:
    try:
        ledger, layout = work.again()
        earlier = [work.file(one) for one in range(work.parts)]
        with closing(ledger), closing(lasting.Written("", earlier, part, work.parts, last)) as written:
            return lasting.told(ledger, work.pipeline, layout, written)
    except Fault:
        return None
