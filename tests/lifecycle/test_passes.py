"""Deadlines are judged by whoever carries the log: a dry run, a repair, each of several partitions."""

from datetime import date

import pytest

from connectors.ledger.ledger import SqlLedger
from syncd.books.lifecycle import states
from syncd.books.lifecycle.states import Living
from syncd.daemon import drain, repair
from syncd.errors import Gap
from tests.kept import Kept
from tests.lifecycle.shop import BY, Shop
from tests.unit.lab import NAME

FEBRUARY = date(2026, 2, 15)


def waiting(shop: Shop) -> Shop:
    """A shop whose asset is to be disposed of since 15 February, told and not carried yet, and another's change in
    March."""
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.rest()
    shop.move("FA-1", "to_dispose", FEBRUARY)
    shop.on(date(2026, 3, 2))
    shop.asset("FA-2")
    return shop


@pytest.mark.parametrize("batch_changes_max", [1, 4_000])
def test_invariant_10_a_dry_run_escalates_as_the_daemon_does(batch_changes_max: int) -> None:
    """What it would tell is what the daemon tells then; nothing stays of it, and it may be done again."""
    shop = waiting(Shop(splits=False))
    before = shop.record
    spec = shop.spec(batch_changes_max)._replace(deadlines=shop.judges)
    for _ in range(2):
        dry = shop.open_ledger(dry_run=True)
        assert dry.acquire()
        tally = drain.to_the_end(spec, dry, True, lambda *_: None)
        assert tally.postings == {"lifecycle": 1, "collect_it": 1, "escalation": 2, "registration": 1}
        dry.close()
        assert shop.record == before
        assert shop.ask("SELECT count(*) FROM syncd_lifecycle WHERE state = 'to_dispose'") == [(0,)]
    shop.rest()
    assert [task for _, task, *_ in shop.tasks] == ["collect", "to_dispose 1", "to_dispose 4"]


def test_invariant_10_a_repair_escalates_what_passed_before_what_it_posts() -> None:
    """The log is lost while a deadline passes. The repair tells it with its day, before the change of which it hears
    today; the daemon behind it tells nothing again."""
    shop = Shop()
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.move("FA-1", "to_dispose", FEBRUARY)
    shop.splits = False
    shop.move("FA-1", "isolated", date(2026, 3, 2))
    spec = shop.spec()._replace(deadlines=shop.judges)
    tables = shop.mapping.source_tables
    scope = repair.Scope(spec, tables, ())
    repair.repair(scope, shop.ledger, Gap("gap_log"), BY, lambda *_: None)
    assert [(task, on) for _, task, _, on in shop.tasks] == [
        ("collect", "2026-02-15"),
        ("to_dispose 1", "2026-02-23"),
        ("to_dispose 4", "2026-02-26"),
    ]
    record = shop.record
    shop.restart()
    shop.rest()
    assert shop.record["tasks"] == record["tasks"]


def test_steps_that_a_repair_did_not_see_are_no_jump() -> None:
    """Invariants 14 and 15: the asset was taken through each of them while the log was lost, and there is nothing that
    anybody could set back. The log behind it is judged as ever."""
    shop = Shop(splits=False)
    shop.on(date(2026, 1, 20))
    shop.asset("FA-1")
    shop.rest()
    for day, state in enumerate(("to_dispose", "isolated", "awaiting_approval"), 15):
        shop.move("FA-1", state, date(2026, 2, day))
    scope = repair.Scope(shop.spec()._replace(deadlines=shop.judges), shop.mapping.source_tables, ())
    repair.repair(scope, shop.ledger, Gap("gap_log"), BY, lambda *_: None)
    assert shop.parked == []
    states.fold(shop.ledger.desk, shop.living)
    assert states.of_asset(shop.ledger, shop.living, "FA-1")[-1].state == "awaiting_approval"
    shop.restart()
    shop.move("FA-1", "scrapped", date(2026, 2, 19))
    shop.rest()
    assert [row[1:] for row in shop.parked] == [("failed", "lifecycle_jump")]


class Partition(Shop):
    """One of several partitions over one finance: a log, a mirror and states of its own."""

    def __init__(self, first: Shop, number: int) -> None:
        self.name = f"{NAME}/{number}"
        self.shared = first
        super().__init__(splits=False)

    @property
    def living(self) -> Living:
        return super().living._replace(pipeline=self.name)

    def open_ledger(self, dry_run: bool = False) -> SqlLedger:
        self.database = self.shared.database
        kept, m = Kept(self.database), self.mapping
        return SqlLedger(lambda: kept, self.name, m.layout, m.tables, m.hash, dry_run)


@pytest.mark.parametrize("daemons", [1, 2])
def test_a_passed_deadline_is_told_once_whoever_holds_the_partition(daemons: int) -> None:
    """Two partitions, each with an asset. With two daemons a partition changes hands at every turn, the state of the
    one that held it before long known to it: the same rows, each in its asset's partition."""
    first = Shop(splits=False)
    parts = [Partition(first, number) for number in (0, 1)]
    for n, part in enumerate(parts, 1):
        part.on(date(2026, 1, 20))
        part.asset(f"FA-{n}")
        part.move(f"FA-{n}", "to_dispose", date(2026, 2, 14 + n))
    for day in (date(2026, 2, 22), date(2026, 2, 23), date(2026, 2, 24), date(2026, 2, 27), date(2026, 3, 9)):
        for part in parts:
            if daemons > 1:
                part.restart()
            part.quiet_until(day)
    assert first.tasks == [
        ("FA-1", "collect", "asset_manager", "2026-02-15"),
        ("FA-2", "collect", "asset_manager", "2026-02-16"),
        ("FA-1", "to_dispose 1", "asset_manager", "2026-02-23"),
        ("FA-2", "to_dispose 1", "asset_manager", "2026-02-24"),
        ("FA-1", "to_dispose 4", "director", "2026-02-26"),
        ("FA-2", "to_dispose 4", "director", "2026-02-27"),
    ]
    made = "SELECT pipeline, subject FROM syncd_posting WHERE rule = 'escalation' ORDER BY pipeline, seq"
    assert first.ask(made) == [(f"{NAME}/{n}", f"overdue:FA-{n + 1}|1|{step}") for n in (0, 1) for step in (1, 2)]
