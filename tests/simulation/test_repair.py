"""Seeded gaps: worlds whose log is lost at random, and a repair that fails before and after every step.

pytest tests/simulation/test_repair.py --first-seed 417 --seeds 1      # replay one
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from random import Random

import pytest

from connectors import memory
from syncd.change import Change, ChangeSet, Malformed, Row, key_text
from syncd.daemon import pipeline, repair
from syncd.daemon.spec import PipelineSpec
from syncd.desk import status
from syncd.desk.parked import operators
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Book
from syncd.posting import Batch, Rejections
from tests.advice import advice
from tests.simulation import books, oracle, people
from tests.simulation.daemon import (
    PIPELINE,
    Daemon,
    Faults,
    FaultyLedger,
    FaultyTranslator,
    Killed,
    ledger_over,
    mapping,
    new_finance,
)
from tests.simulation.test_simulation import come_to_rest, compare, said
from tests.simulation.world import LATE_DEPARTMENTS, PERIODS, REFUSED, World

SEEDS_SHARE = 40
"""A repair has threads and costs more than a turn of the simulation: of so many of its seeds one is run."""
TURNS_MAX = 30
ATTEMPTS_MAX = 200
BY = operators.Actor("accountant", "the log was lost")
Told = tuple[str, Row | None, Row | None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first, seeds = metafunc.config.getoption("--first-seed"), metafunc.config.getoption("--seeds")
        metafunc.parametrize("seed", range(first, first + max(1, seeds // SEEDS_SHARE)))


class Recording:
    """A translator that remembers what it was given."""

    def __init__(self, translator: pipeline.Translator, said: list[Change]) -> None:
        self._translator, self._said = translator, said

    def __getattr__(self, name: str) -> Callable[..., Batch]:
        verb: Callable[..., Batch] = getattr(self._translator, name)
        return verb

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections) -> Batch:
        self._said += [change for s in sets for change in s.changes]
        return self._translator.translate(sets, book, refused)


def repaired(
    world: World, database: sqlite3.Connection, chance: Random, faults: Faults, look: bool = False
) -> list[Change]:
    """Repair until that ends, through whatever fails. What was carried: of each row what was said last, for a row
    whose difference is in the books is not said again."""
    lean, taken = chance.random() < 0.5, list[Change]()

    def spec(ledger_faults: Faults | None) -> PipelineSpec:
        settings = memory.Settings(world.store, chance.choice((1, 3, 50)), lean)
        translator = FaultyTranslator(mapping().translator(PIPELINE), faults)
        return PipelineSpec(
            name=PIPELINE,
            open_ledger=lambda: ledger_over(database),
            open_source=lambda: memory.connect(settings, mapping().tables, PIPELINE),
            translator=lambda: Recording(translator, taken),  # type: ignore[arg-type, return-value]
            prepare=lambda ledger: None,
            batch_changes_max=chance.choice((1, 5, 4_000)),
            queue_changes_max=chance.choice((1, 16_000)),
        )

    for attempt in range(ATTEMPTS_MAX):
        database.rollback()
        ledger = FaultyLedger(ledger_over(database, faults), faults)
        scope = repair.Scope(spec(faults), mapping().tables, mapping().program.references)
        why = repair.reason(scope.spec, ledger_over(database))
        assert isinstance(why, Gap) if attempt == 0 else why is not None
        assert attempt or getattr(why, "code", "") == "memory_forgotten"
        try:
            repair.repair(scope, ledger, why, BY, lambda tally, reader: None)  # type: ignore[arg-type]
        except (Killed, Transient):
            if status.is_repairing(ledger_over(database), PIPELINE):
                with pytest.raises(Halt, match="repair_unfinished"):
                    status.known_source(ledger_over(database), PIPELINE)
            faults.probability /= 2
            continue
        return list({_row(change): change for change in taken}.values())
    raise AssertionError("the repair does not come to an end")


def _row(change: Change) -> tuple[str, str, bool]:
    row = change.after or change.before
    assert row is not None
    return change.table, key_text(mapping().tables[change.table], row), change.op == "delete"


def differences(changes: Sequence[Change], store: memory.Store) -> set[Told]:
    """What lies between these changes and now, row by row. A table that was emptied at once parks, and no row of it is
    known to be gone."""
    found: set[Told] = set()
    for alias, table in mapping().tables.items():
        was, now = dict[str, Row](), store.rows(table)
        for change in changes:
            if change.table == alias and change.before is not None:
                del was[key_text(table, change.before)]
            if change.table == alias and change.after is not None:
                was[key_text(table, change.after)] = change.after
        found |= {(alias, was.get(k), now.get(k)) for k in was.keys() | now.keys() if was.get(k) != now.get(k)}
    return found


def lose(world: World) -> None:
    """The log forgets everything up to now, if only a transaction of others."""
    world.commit([])
    world.store.forgotten = len(world.store.log)


def live(world: World, daemon: Daemon | None, chance: Random, turns: int) -> None:
    """People and, unless it is down, the daemon."""
    for _ in range(turns):
        if daemon is None or chance.random() < 0.5:
            world.act()
        elif chance.random() < 0.8:
            daemon.do(chance.choice(("step", "step", "replay", "collect")))
        else:
            people.act(daemon.desk, PIPELINE, mapping().tables, chance)


def test_what_a_gap_swallowed_is_carried_once_whatever_fails(seed: int) -> None:
    """Invariants 1 to 8 and 12: the books are those of a log that held, in place of the gap, its differences."""
    chance = Random(seed)
    world = World(chance)
    world.begin()
    with closing(new_finance()) as database:
        faults = Faults(chance, 0.0)
        daemon = Daemon(world.store, database, chance, faults)
        live(world, daemon, chance, chance.randrange(5, TURNS_MAX))
        come_to_rest(daemon)
        changes = said(world, memory.snapshot_at(daemon.as_of))
        live(world, None, chance, chance.randrange(1, TURNS_MAX))
        lose(world)
        lost_up_to = len(world.store.log)
        faults.probability = chance.choice((0.0, 0.02, 0.1))
        carried = repaired(world, database, chance, faults)
        assert {(c.table, c.before, c.after) for c in carried} == differences(changes, world.store)
        faults.probability = 0.0
        daemon = Daemon(world.store, database, chance, faults)
        live(world, daemon, chance, chance.randrange(TURNS_MAX))
        world.settle()
        come_to_rest(daemon)
        books.sound(database)
        changes += carried + said(world, memory.behind(lost_up_to))
        compare(books.held(database), oracle.judge(changes, books.facts(database, mapping().tables), mapping().tables))
        lose(world)
        left = repaired(world, database, chance, faults)
        assert all(change.op == "delete" for change in left)
        assert {(c.table, c.before, c.after) for c in left} == differences(changes, world.store)


@advice("memory_forgotten")
def test_a_gap_leaves_the_cards_as_if_there_had_been_none(seed: int) -> None:
    """Invariants 1, 2 and 3: events that add up come to the same cards and the same totals, however many merged."""
    chance = Random(seed)
    world = World(chance)
    world.begin()
    world.commit([world._department(number) for number in LATE_DEPARTMENTS])
    world.commit([world._approve_run(period) for period in PERIODS])
    quiet = Faults(chance, 0.0)
    with closing(new_finance()) as with_gap, closing(new_finance()) as without:
        daemons = [Daemon(world.store, finance, Random(seed), quiet) for finance in (with_gap, without)]
        for _ in range(chance.randrange(3, TURNS_MAX)):
            _add(world, chance)
        for daemon in daemons:
            come_to_rest(daemon)
        for _ in range(chance.randrange(3, TURNS_MAX)):
            _add(world, chance)
        come_to_rest(daemons[1])
        lose(world)
        repaired(world, with_gap, chance, quiet)
        come_to_rest(Daemon(world.store, with_gap, chance, quiet))
        books.sound(with_gap)
        found, expected = books.held(with_gap), books.held(without)
        assert (found.cards, dict(found.depreciation)) == (expected.cards, dict(expected.depreciation))
        assert _totals(with_gap) == _totals(without)


def _add(world: World, chance: Random) -> None:
    """Something that neither waits for anybody nor takes back what was done."""
    register, rename = partial(_register, world, chance), partial(_rename, world, chance)
    writes = chance.choice((register, rename, world._upgrade, world._depreciate))()
    values = [value for write in writes for value in write.after or ()]
    if writes and not any(
        v == REFUSED or isinstance(v, Malformed) or (isinstance(v, Decimal) and v <= 0) for v in values
    ):
        world.commit(writes)


def _register(world: World, chance: Random) -> list[memory.Write]:
    world.ids += 1
    on = world.now.date()
    return [
        world._put(None, (world.ids, f"FA-{world.ids}", "lathe", "in_use", 1, Decimal(chance.randrange(1, 4999)), on))
    ]


def _rename(world: World, chance: Random) -> list[memory.Write]:
    was = world._any_asset("in_use")
    return [] if was is None else [world._put(was, (*was[:2], f"name {chance.randrange(100)}", *was[3:]))]


def _totals(database: sqlite3.Connection) -> dict[str, Decimal]:
    """Debit less credit by account."""
    totals: dict[str, Decimal] = {}
    for account, debit, credit in database.execute("SELECT account, debit, credit FROM gl_entry"):
        totals[account] = totals.get(account, Decimal(0)) + Decimal(debit) - Decimal(credit)
    return totals
