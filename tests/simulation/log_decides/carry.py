"""One log carried to finance in one way, to its end, and what finance then holds.

A way is where batches end, how often nothing is to be read, which faults strike and how many daemons there are. It is
all in values: a way that differs is replayed by them."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any, Final, NamedTuple

from connectors import memory
from connectors.ledger.ledger import SqlLedger
from connectors.ledger.state import read as read_state
from syncd.change import ChangeSet, Column, Kind, Position, Value
from syncd.daemon import pipeline
from syncd.desk.parked import operators
from syncd.errors import Transient
from syncd.mapping.language.load import Mapping as Compiled
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from tests.due import due
from tests.simulation.books import sound
from tests.simulation.daemon import MIGRATED_AT, FaultyKept, FaultyLedger, FaultyTranslator, Killed
from tests.simulation.log_decides.logs import Deed, Log, commits

HERE: Final = Path(__file__).parent
PIPELINE: Final = "log"
TURNS_MAX: Final = 80
POINTS_MAX: Final = 50_000
"""Points that a log comes to; an ordinary one comes to some hundreds."""
ALL: Final = 1_000_000
KILL: Final = -1
SOMEBODY: Final = operators.Actor("clerk", "simulation")
FINANCE: Final = operators.Actor("accountant", "simulation")
GOOD: Final = {"value": "77.00", "amount": "77.00", "name": "edited", "body": "edited"}
"""What an edit puts right, of what the row has."""


class Way(NamedTuple):
    """So many transactions of `arrivals` come, then the daemon takes so many of `turns`, one after the other in both,
    and begins again. A set holds `sets_max` changes of `commits_max` transactions, a batch so many sets of `batches`.
    `faults` are the points, counted from the beginning, at which something fails. `hands` are the daemons that have a
    turn: one that is not the writer stands by, and at `KILL` the writer is killed."""

    name: str
    sets_max: int = 4_000
    commits_max: int = 1
    arrivals: tuple[int, ...] = (ALL,)
    turns: tuple[int, ...] = (0,)
    batches: tuple[int, ...] = (ALL,)
    faults: frozenset[int] = frozenset()
    hands: tuple[int, ...] = (0,)


ONE_BY_ONE: Final = Way("one transaction a batch, and rest", arrivals=(1,), turns=(TURNS_MAX,), batches=(1,))
AT_ONCE: Final = Way("all in one batch")


class Books(NamedTuple):
    """What is there in the end, each kind by what names it."""

    postings: Mapping[str, object]
    vouchers: Mapping[str, object]
    numbers: Mapping[str, object]
    cards: Mapping[str, object]
    written: Mapping[str, object]
    parked: Mapping[str, object]
    collected: Mapping[str, object]
    mirror: Mapping[str, object]


class NoRest(AssertionError):
    """The daemon goes on and on although nothing happens."""


@cache
def mapping() -> Compiled:
    return load(HERE / "mapping" / "every.yaml")


@cache
def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript((HERE / "finance.sql").read_text("utf-8"))
    migrate(ledger_over(Connection(database, Faults(frozenset()), {})), MIGRATED_AT)
    return database


def new_finance() -> sqlite3.Connection:
    """A finance database in memory, with syncd's tables."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    _empty().backup(database)
    database.execute("PRAGMA foreign_keys = ON")
    return database


class Faults:
    """Fails at the given points; a process is killed at every other one, and a fault that passes strikes between."""

    def __init__(self, points: frozenset[int]) -> None:
        self.points, self.come, self.struck = points, 0, 0

    def at(self, step: str, among: int = 1) -> None:
        self.come += 1
        if self.come > POINTS_MAX:
            raise NoRest("what was asked for is tried for ever")
        if self.come in self.points:
            self.struck += 1
            raise Killed(step) if self.struck % 2 else Transient("finance_gone", step=step)


class Connection(FaultyKept):
    """Fails before any statement. `writers` knows who holds the lock of a pipeline."""

    def __init__(self, database: sqlite3.Connection, faults: Faults, writers: dict[str, object]) -> None:
        super().__init__(database, faults)
        self._writers = writers

    def lock(self, name: str) -> bool:
        return self._writers.setdefault(name, self) is self

    def close(self) -> None:
        super().close()
        for name in [n for n, holder in self._writers.items() if holder is self]:
            del self._writers[name]


def _read(column: Column, text: str) -> Value:
    return Decimal(text) if column.kind is Kind.DECIMAL else text


def ledger_over(connection: Connection) -> SqlLedger:
    """A ledger that is opened over what is committed."""
    m = mapping()
    return SqlLedger(lambda: connection, PIPELINE, m.layout, m.tables, m.hash, False)


class Feed:
    """What waits, so many sets a batch; the same again until it is acknowledged."""

    def __init__(self, source: memory.MemorySource, batches: Iterator[int], open_max: int, faults: Faults) -> None:
        self._source, self._batches, self._open_max, self._faults = source, batches, open_max, faults
        self._taken: list[ChangeSet] = []

    def take(self) -> Sequence[ChangeSet]:
        self._faults.at("before read")
        if not self._taken:
            wanted, still_open = next(self._batches), 0
            while len(self._taken) < wanted or still_open:
                said = self._source.read(0) if still_open < self._open_max else None
                if said is None:
                    break
                self._taken.append(said)
                still_open = _open_changes(said, still_open)
        return self._taken

    def ack(self, position: Position) -> None:
        self._faults.at("before ack")
        self._taken = []
        self._source.ack(position)
        self._faults.at("after ack")

    def in_snapshot(self, position: Position) -> bool:
        return self._source.in_snapshot(position)


def _open_changes(last: ChangeSet, before: int) -> int:
    """Changes of a transaction that begins in what was taken and does not end there, up to the last set. A batch waits
    for its end, or what is posted would hang on how fast the log is read; only so many changes does it wait for."""
    count = len(last.changes)
    cuts = (count,) if last.cuts is None else last.cuts
    return count - cuts[-1] if cuts else before + count


class Daemon:
    """One process: everything that it knows it has read since it began."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.begin()

    def begin(self, translator: pipeline.Translator | None = None) -> None:
        w = self._world
        self.connection = Connection(w.database, w.faults, w.writers)
        self.ledger = ledger_over(self.connection)
        self.translator = translator or mapping().translator(PIPELINE)
        self.feed: Feed | None = None

    def turn(self) -> bool | None:
        """One turn; whether anything moved, None when another daemon posts. Whatever fails begins anew."""
        w = self._world
        try:
            if not self.ledger.acquire():
                return None
            if self.feed is None:
                self.feed = w.feed(self.ledger.checkpoint())
            return _turn(self.feed, self.translator, self.ledger, w.faults)
        except (Killed, Transient) as fault:
            self.leave()
            self.begin(None if isinstance(fault, Killed) else self.translator)
            return True

    def is_writer(self) -> bool:
        return self._world.writers.get(PIPELINE) is self.connection

    def leave(self) -> None:
        """The process is gone, and its connection with it."""
        self.ledger.close()
        self.feed = None


def _turn(feed: Any, translator: pipeline.Translator, ledger: SqlLedger, faults: Faults) -> bool:
    """What a daemon does again and again; whether anything moved."""
    faulty, failing = FaultyLedger(ledger, faults), FaultyTranslator(translator, faults)  # type: ignore[arg-type]
    return pipeline.turn(feed, failing, faulty, lambda _: None)  # type: ignore[arg-type]


class World:
    """The EAM's log so far, finance, and the daemons between them."""

    def __init__(self, log: Log, way: Way, database: sqlite3.Connection) -> None:
        self.log, self.way, self.database = log, way, database
        self.store = memory.Store()
        self.faults = Faults(way.faults)
        self.writers: dict[str, object] = {}
        self.batches = cycle(way.batches)
        self.desk = ledger_over(Connection(database, Faults(frozenset()), {}))
        self._arrivals, self._turns, self._hands = cycle(way.arrivals), cycle(way.turns), cycle(way.hands)
        self._daemons = [Daemon(self) for _ in range(max(way.hands) + 1)]

    def feed(self, checkpoint: Position | None) -> Feed:
        """The source from a checkpoint on. Where a transaction is too large for a batch, all ways part it alike."""
        way, parts = self.way, self.log.parts
        settings = memory.Settings(self.store, parts or way.sets_max, 1 if parts else way.commits_max, self.log.lean)
        source = memory.connect(settings, mapping().tables, PIPELINE)
        source.start(checkpoint)
        return Feed(source, self.batches, 2 * parts or ALL, self.faults)

    def carry(self) -> None:
        """The whole log. What people do waits until all before it is carried; the snapshot is of its own point."""
        has_begun, coming = False, next(self._arrivals)
        for n, step in enumerate(commits(self.log, mapping().tables)):
            if not has_begun and (n >= self.log.before or isinstance(step, Deed)):
                self.look()
                has_begun = True
            if isinstance(step, Deed):
                self.rest()
                self.act(step)
                continue
            self.store.commit(*step)
            coming -= 1
            if has_begun and not coming:
                coming = next(self._arrivals)
                self.take(next(self._turns))
        if not has_begun:
            self.look()
        self.rest()

    def look(self) -> None:
        """A snapshot is of the moment at which it begins. A restart before its first part is durable begins another,
        so nothing may happen until it is over; where nothing fails, it need only have begun."""
        if self.way.faults or len(self._daemons) > 1 or self.way.turns[0] >= TURNS_MAX:
            self.rest()
        else:
            (daemon,) = self._daemons
            daemon.ledger.acquire()
            daemon.feed = self.feed(None)

    def take(self, turns: int) -> None:
        """So many turns; as many as it needs, where that is the most."""
        if turns >= TURNS_MAX:
            return self.rest()
        for _ in range(turns):
            self._turn()
        return None

    def rest(self) -> None:
        """Turns until nothing moves and nothing waits for one."""
        for _ in range(TURNS_MAX * len(self.way.hands)):
            if self._turn() is False and self._is_idle():
                return
        raise NoRest("the daemon does not come to rest")

    def act(self, deed: Deed) -> None:
        """What somebody does at the desk, if there is a row for it."""
        rows = sorted(operators.parked(self.desk, PIPELINE, operators.Selection()), key=lambda row: row.position)
        if deed.nth >= len(rows):
            return
        row, one = rows[deed.nth], operators.Selection(ids=(rows[deed.nth].id,))
        if deed.verb in ("approve", "reject"):
            if row.state == "approval" and not row.request:
                (operators.approve if deed.verb == "approve" else operators.reject)(
                    self.desk, PIPELINE, row.id, FINANCE, "finance"
                )
        elif deed.verb == "retry":
            operators.retry(self.desk, PIPELINE, one, SOMEBODY)
        elif deed.verb == "discard":
            if row.state != "approval":
                operators.discard(self.desk, PIPELINE, one, SOMEBODY)
        else:
            columns = {column.name for column in mapping().tables[row.table].columns}
            values = {name: text for name, text in GOOD.items() if name in columns}
            if values and '"after":null' not in row.change:
                operators.edit(self.desk, PIPELINE, row.id, values, mapping().tables, _read, SOMEBODY)

    def look_at_memory(self) -> None:
        """What the writer remembers is what another would read: else a restart would change what comes next."""
        for daemon in self._daemons:
            remembered = daemon.ledger._state
            if daemon.is_writer() and remembered is not None:
                found = read_state(daemon.connection, PIPELINE)
                assert remembered.position == found.position
                assert remembered.released == found.released
                for what in ("heads", "rows", "awaited"):
                    assert getattr(remembered.holds, what) == getattr(found.holds, what), what

    def _turn(self) -> bool | None:
        """Whoever's turn it is takes it."""
        hand = next(self._hands)
        if hand != KILL:
            return self._daemons[hand].turn()
        for daemon in self._daemons:
            if daemon.is_writer():
                daemon.leave()
                daemon.begin()
        return True

    def _is_idle(self) -> bool:
        ((asked,),) = self.database.execute(
            "SELECT count(*) FROM syncd_parked WHERE settled_at IS NULL AND request <> ''"
        ).fetchall()
        ((left,),) = self.database.execute(due("syncd_")).fetchall()
        return not asked and not left


def carried(log: Log, way: Way) -> Books:
    """What finance holds after the log was carried in a way."""
    with closing(new_finance()) as database:
        world = World(log, way, database)
        world.carry()
        world.look_at_memory()
        sound(database)
        return held(database)


def held(database: sqlite3.Connection) -> Books:
    """What finance holds."""
    every = _asked(database)
    return Books(
        every("SELECT key, rule, subject, reverses, position, committed_at, content FROM syncd_posting"),
        _vouchers(database),
        every("SELECT key, voucher FROM syncd_posting"),
        every("SELECT * FROM fa_card"),
        every("SELECT * FROM fa_note"),
        every("SELECT position, subject, state, code, waits_for, change FROM syncd_parked WHERE settled_at IS NULL"),
        every("SELECT key, rule, grp, subject, position, posted FROM syncd_collected"),
        every("SELECT source_table || ':' || key, image FROM syncd_mirror"),
    )


def _asked(database: sqlite3.Connection) -> Callable[[str], Mapping[str, object]]:
    return lambda sql: {str(row[0]): row[1:] for row in database.execute(sql)}


def _vouchers(database: sqlite3.Connection) -> Mapping[str, object]:
    """By idempotency key: what the voucher says but for its number, and its lines."""
    lines: dict[tuple[object, ...], list[object]] = {}
    for period, kind, number, *line in database.execute(
        "SELECT period, type, number, account, debit, credit, dept, asset FROM gl_entry ORDER BY line"
    ):
        lines.setdefault((period, kind, number), []).append(tuple(line))
    return {
        key: (period, kind, *said, *lines.get((period, kind, number), ()))
        for key, period, kind, number, *said in database.execute(
            "SELECT external_key, period, type, number, date, event_date, summary FROM gl_voucher"
        )
    }
