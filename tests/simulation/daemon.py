"""The daemon of the simulation: the real pipeline, translator and ledger over SQLite in memory, without threads, and
with a fault before or after any step. What survives a fault is what is committed."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, NamedTuple, Protocol

from connectors import memory
from connectors.ledger.ledger import SqlLedger
from syncd.change import ChangeSet, Position
from syncd.daemon import pipeline
from syncd.errors import Transient
from syncd.mapping.language.load import Mapping as Compiled
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.ports import Book, Ledger
from syncd.posting import Batch, Outcome
from tests.kept import Kept

HERE = Path(__file__).parent
PIPELINE = "simulation"
Finance = Literal["world", "drawn"]
SERIES: Final[Mapping[Finance, Sequence[str]]] = {"world": ("period", "type"), "drawn": ()}
"""Layouts of finance, and within what each numbers its vouchers without a gap."""
TABLES: Final[Mapping[Finance, str]] = {"world": "finance.sql", "drawn": "drawn.sql"}
STATEMENTS_A_STEP = 20
MIGRATED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """As if by SIGKILL: nothing gets to clean up behind itself."""


@cache
def mapping(finance: Finance = "world") -> Compiled:
    """The mapping of the simulated world, over a finance of that layout."""
    if finance == "world":
        return load(HERE / "mapping" / "world.yaml")
    with TemporaryDirectory() as folder:
        copytree(HERE / "mapping", folder, dirs_exist_ok=True)
        path = Path(folder) / "world.yaml"
        path.write_text(path.read_text("utf-8").replace("finance: world.", f"finance: {finance}."), "utf-8")
        return load(path)


@cache
def _empty(finance: Finance) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript((HERE / TABLES[finance]).read_text("utf-8"))
    migrate(ledger_over(database, finance=finance), MIGRATED_AT)
    return database


def new_finance(finance: Finance = "world") -> sqlite3.Connection:
    """A finance database in memory, with syncd's tables. A repair's reader looks into it from its own thread."""
    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _empty(finance).backup(database)
    database.execute("PRAGMA foreign_keys = ON")
    return database


class Failing(Protocol):
    """Where to fail."""

    def at(self, step: str, among: int = 1) -> None:
        """Come to a step, or to one among some that are counted as one, and perhaps not beyond it."""
        ...


class FaultyKept(Kept):
    """A connection which may be lost before any statement."""

    def __init__(self, database: sqlite3.Connection, faults: "Failing | None") -> None:
        super().__init__(database)
        self._faults = faults

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        if self._faults is not None and not sql.startswith("ROLLBACK"):
            self._faults.at("statement", STATEMENTS_A_STEP)
        return super().execute(sql, params)


def ledger_over(
    database: sqlite3.Connection, faults: "Faults | None" = None, dry_run: bool = False, finance: Finance = "world"
) -> SqlLedger:
    """A ledger that is opened over what is committed."""
    world = mapping(finance)
    connection = FaultyKept(database, faults)
    return SqlLedger(lambda: connection, PIPELINE, world.layout, world.tables, world.hash, dry_run)


class Faults:
    """Where to fail: at each step with the given probability, once killed and once with a fault that passes."""

    def __init__(self, chance: Random, probability: float) -> None:
        self.probability = probability
        self._chance = chance

    def at(self, step: str, among: int = 1) -> None:
        """Come to a step, or to one among some that are counted as one, and perhaps not beyond it."""
        if self._chance.random() * among < self.probability:
            raise self._chance.choice((Killed(step), Transient("finance_gone", step=step)))


class FaultyBook:
    """A book that fails before or after it writes."""

    def __init__(self, book: Book, faults: Faults) -> None:
        self._book, self._faults = book, faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    def write(self, batch: Batch) -> Sequence[Outcome]:
        self._faults.at("before write")
        outcomes = self._book.write(batch)
        self._faults.at("after write")
        return outcomes


class FaultyLedger:
    """A ledger that fails before it begins, before it commits, and when the commit is done and not yet known."""

    def __init__(self, ledger: Ledger, faults: Faults) -> None:
        self._ledger, self._faults = ledger, faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    @contextmanager
    def begin(self) -> Iterator[Book]:
        self._faults.at("before begin")
        with self._ledger.begin() as book:
            yield FaultyBook(book, self._faults)  # type: ignore[misc]
            self._faults.at("before commit")
        self._faults.at("after commit")


class FaultyTranslator:
    """A translator that fails before and after each of its verbs."""

    def __init__(self, translator: pipeline.Translator, faults: Faults) -> None:
        self._translator, self._faults = translator, faults

    def __getattr__(self, name: str) -> Callable[..., Batch]:
        verb: Callable[..., Batch] = getattr(self._translator, name)

        def faulty(*args: Any) -> Batch:
            self._faults.at(f"before {name}")
            batch = verb(*args)
            self._faults.at(f"after {name}")
            return batch

        return faulty


class Feed:
    """What waits, in batches of random size; the same again until it is acknowledged."""

    def __init__(self, source: memory.MemorySource, chance: Random, faults: Faults) -> None:
        self._source, self._chance, self._faults = source, chance, faults
        self._taken: list[ChangeSet] = []

    def take(self) -> Sequence[ChangeSet]:
        self._faults.at("before read")
        if not self._taken:
            wanted = self._chance.choice((1, 1, 2, 5, 20))
            while wanted > len(self._taken) or _goes_on(self._taken[-1]):
                said = self._source.read(0)
                if said is None:
                    break
                self._taken.append(said)
        self._faults.at("after read")
        return self._taken

    def ack(self, position: Position) -> None:
        self._faults.at("before ack")
        self._taken = []
        self._source.ack(position)
        self._faults.at("after ack")


def _goes_on(said: ChangeSet) -> bool:
    """Whether a transaction is not at its end with a set: it is taken whole, as the reader does."""
    return said.cuts is not None and (not said.cuts or said.cuts[-1] < len(said.changes))


class Again(NamedTuple):
    """What a feed holds, without taking it."""

    sets: Sequence[ChangeSet]

    def take(self) -> Sequence[ChangeSet]:
        return self.sets

    def ack(self, position: Position) -> None:
        """It is not done."""


class Daemon:
    """One pipeline from its start to its end, which may come at any step."""

    def __init__(
        self, store: memory.Store, database: sqlite3.Connection, chance: Random, faults: Faults,
        finance: Finance = "world",
    ) -> None:  # fmt: skip
        self._store, self._database, self._chance, self._faults = store, database, chance, faults
        self._finance, self._mapping = finance, mapping(finance)
        self._translator: pipeline.Translator | None = None
        self.desk = ledger_over(database, finance=finance)
        self._lean = chance.random() < 0.5
        self.as_of = 0
        self._start()

    def step(self) -> Sequence[Outcome]:
        """Carry what waits; sometimes rehearsed by a dry run, which must come to the same (invariant 10)."""
        rehearsed = self._rehearse() if self._chance.random() < 0.1 else None
        outcomes: list[Outcome] = []
        pipeline.turn(self._feed, self._faulty, self._ledger, outcomes.extend)  # type: ignore[arg-type]
        if rehearsed is not None:
            assert _told(outcomes) == rehearsed, "invariant 10: the dry run came to something else"
        return outcomes

    def replay(self) -> Sequence[Outcome]:
        return pipeline.replay(self._faulty, self._ledger)  # type: ignore[arg-type]

    def collect(self) -> Sequence[Outcome]:
        return pipeline.collect(self._faulty, self._ledger, MIGRATED_AT)  # type: ignore[arg-type]

    def do(self, verb: str) -> Sequence[Outcome]:
        """One verb, and a new beginning when it fails."""
        try:
            outcomes: Sequence[Outcome] = getattr(self, verb)()
        except (Killed, Transient) as fault:
            if isinstance(fault, Killed) or self._chance.random() < 0.5:
                self._translator = None  # otherwise it goes on with what it remembers
            self._start()
            return ()
        return outcomes

    def take_snapshot(self) -> None:
        """As an operator asks for it: everything is read once more."""
        self._start(snapshot=True)

    def is_idle(self) -> bool:
        """Whether nothing is left to read or to try again."""
        asked = self.desk.query("SELECT count(*) FROM syncd.parked WHERE settled_at IS NULL AND request <> ''")
        return asked == [(0,)] and not self._feed.take()

    def _start(self, snapshot: bool = False) -> None:
        """What a process does first; all that it knows is what is committed."""
        self._database.rollback()
        ledger = ledger_over(self._database, self._faults, finance=self._finance)
        settings = memory.Settings(self._store, self._chance.choice((1, 3, 50)), self._lean)
        source = memory.connect(settings, self._mapping.tables, PIPELINE)
        checkpoint = None if snapshot else self.desk.checkpoint()
        if checkpoint is None:
            self.as_of = len(self._store.log)
        source.start(checkpoint)
        if self._translator is None:
            self._translator = self._mapping.translator(PIPELINE)
        self._ledger = FaultyLedger(ledger, self._faults)
        self._faulty = FaultyTranslator(self._translator, self._faults)
        self._feed = Feed(source, self._chance, self._faults)

    def _rehearse(self) -> Sequence[object]:
        """What `step` would come to, on the one code path."""
        rehearsal = ledger_over(self._database, dry_run=True, finance=self._finance)
        try:
            outcomes: list[Outcome] = []
            pipeline.turn(Again(self._feed.take()), self._mapping.translator(PIPELINE), rehearsal, outcomes.extend)
            return _told(outcomes)
        finally:
            rehearsal.close()


def _told(outcomes: Sequence[Outcome]) -> list[Mapping[str, object]]:
    """What can be told of outcomes from outside."""
    return [
        {
            "position": o.change.position,
            "postings": [(p.key, p.rule, p.voucher, p.cards) for p in o.postings],
            "rejection": o.rejection and (o.rejection.status, o.rejection.code),
            "ignored": o.ignored,
        }
        for o in outcomes
    ]
