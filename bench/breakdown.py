"""Where the time of a posted change goes: the same backlog, carried in this process, each part timed."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.world import World, add_assets, daemon, number, wait, world
from syncd import wiring
from syncd.change import ChangeSet, Position
from syncd.daemon import pipeline
from syncd.daemon.supervisor import tune_interpreter
from syncd.ports import Book, Ledger
from syncd.posting import NOTHING, Batch, Outcome, Rejections

BATCH_CHANGES_MAX = 4_000


def measure(changes: int) -> dict[str, float]:
    """Microseconds a change: decode, translate, write, commit; and the processor time of all of them, in this process
    and in the finance server's for it. The disk's time is the rest."""
    tune_interpreter()
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made:
        with daemon(made):
            wait("the snapshot", lambda: number(made.finance_dsn, "SELECT count(position) FROM syncd.pipeline") > 0)
        add_assets(made, 1, changes, 100)
        line = wiring.pipeline(made.config, "bench").spec()
        with closing(line.open_ledger()) as ledger, closing(line.open_source()) as source:
            assert ledger.acquire()
            source.start(ledger.checkpoint())
            spent = dict.fromkeys(("decode", "translate", "write", "commit"), 0.0)
            processor, server = time.process_time(), _server_seconds(made)
            waiting: deque[ChangeSet] = deque()
            with _timed(spent, "decode"):
                while sum(len(s.changes) for s in waiting) < changes:
                    if (said := source.read(1.0)) is not None:
                        waiting.append(said)
            steps = _Steps(line.translator(), ledger, waiting, spent)
            while pipeline.step(steps, steps, steps.ledger, lambda outcomes: None):
                pass
            processor, server = time.process_time() - processor, _server_seconds(made) - server
    spent["commit"] -= spent["translate"] + spent["write"]
    spent |= {"processor time here": processor, "processor time of the finance server": server}
    return {what: seconds / changes * 1e6 for what, seconds in spent.items()}


def _server_seconds(made: World) -> float:
    """Processor time of the finance server's processes that serve syncd."""
    pids = made.finance.run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'syncd %'")
    return sum(sum(psutil.Process(int(str(pid))).cpu_times()[:2]) for (pid,) in pids)


class _Steps:
    """Feed, translator and ledger with a watch on each."""

    def __init__(
        self, translator: pipeline.Translator, ledger: Ledger, waiting: deque[ChangeSet], spent: dict[str, float]
    ) -> None:
        self._translator, self._waiting, self._spent = translator, waiting, spent
        self._begin = ledger.begin
        self.ledger = ledger
        ledger.begin = self._timed_begin  # type: ignore[method-assign]

    def take(self) -> Sequence[ChangeSet]:
        taken: list[ChangeSet] = []
        while self._waiting and sum(len(s.changes) for s in taken) < BATCH_CHANGES_MAX:
            taken.append(self._waiting.popleft())
        return taken

    def ack(self, position: Position) -> None:
        """The source is closed soon."""

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NOTHING) -> Batch:
        with _timed(self._spent, "translate"):
            return self._translator.translate(sets, book, refused)

    def replay(self, *arguments: object) -> Batch:
        raise NotImplementedError("no row is parked here")

    gather = replay  # nor is one collected

    def narrow(self, changes_max: int) -> None:
        """Nothing holds finance up here."""

    @contextmanager
    def _timed_begin(self) -> Iterator[Book]:
        with _timed(self._spent, "commit"), self._begin() as book:
            write = book.write

            def timed(batch: Batch) -> Sequence[Outcome]:
                with _timed(self._spent, "write"):
                    return write(batch)

            book.write = timed  # type: ignore[method-assign]
            yield book


@contextmanager
def _timed(spent: dict[str, float], what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    spent[what] += time.perf_counter() - started
