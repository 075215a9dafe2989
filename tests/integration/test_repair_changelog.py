"""A change table that was pruned too far, on SQLite: the gap is closed, from a look that acknowledges nothing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.changelog import source as changelog
from syncd import wiring
from syncd.daemon import drain, repair
from syncd.demo import eam
from syncd.demo.stage import Stage, built
from syncd.desk import status
from syncd.desk.parked import operators
from syncd.errors import Gap, Halt

TODAY = date(2026, 11, 10)
BY = operators.Actor("accountant", "the change table was emptied")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A company whose daemon has read all there was and is down."""
    with built(tmp_path, 40, date(2026, 11, 20)) as made:
        with closing(made.pipeline.open_ledger()) as ledger:
            ledger.acquire()
            drain.snapshot(made.pipeline.spec(), ledger, tell)
        yield made


def tell(tally: drain.Tally, reader: object) -> None:
    """Nobody watches."""


def scope(pipeline: wiring.Pipeline) -> repair.Scope:
    return repair.Scope(pipeline.spec(), pipeline.mapping.tables, pipeline.mapping.program.references)


def prune_too_far(stage: Stage) -> None:
    """Somebody says that all pipelines have everything, and prunes."""
    stage.eam.execute("UPDATE syncd_ack SET seq = (SELECT max(seq) FROM syncd_change)")
    changelog.prune(stage.pipeline.source_settings)
    stage.eam.execute("UPDATE syncd_ack SET seq = 0")


def acknowledged(stage: Stage) -> int:
    return int(stage.eam.execute("SELECT seq FROM syncd_ack").fetchone()[0])


def test_a_pruned_change_table_is_made_good(stage: Stage) -> None:
    """Invariants 1, 2 and 10."""
    eam.register(stage.eam, [eam.Device("FA-SC-901", "数控车床", "JQSB", 1, Decimal("9000.00"), TODAY)])
    prune_too_far(stage)
    line = stage.pipeline.spec()
    with closing(stage.pipeline.open_ledger(dry_run=True)) as ledger:
        ledger.acquire()
        why = repair.reason(line, ledger)
        assert isinstance(why, Gap)
        assert why.code == "changelog_pruned"
        rehearsed = repair.preview(scope(stage.pipeline), ledger, why, tell)
    assert acknowledged(stage) == 0, "a preview acknowledges nothing"
    assert stage.rows("SELECT count(*) FROM syncd_posting WHERE position LIKE 'repair/%'") == [(0,)]
    with closing(stage.pipeline.open_ledger()) as ledger:
        ledger.acquire()
        assert repair.repair(scope(stage.pipeline), ledger, why, BY, tell) == rehearsed
        assert dict(rehearsed.postings) == {"registration": 1}
        assert repair.reason(line, ledger) is None
        again = repair.repair(scope(stage.pipeline), ledger, None, BY, tell)
        assert not any((again.postings, again.parked, again.changes))
    assert stage.rows("SELECT original_value FROM fa_card WHERE asset_code = 'FA-SC-901'") == [("9000.00",)]


def test_what_never_was_in_the_log_is_found_without_a_gap(stage: Stage) -> None:
    """Triggers that were off leave a log that looks whole, and where their seal was made anew too nothing tells. What
    it does hold goes first, as the events it was."""
    (name,) = stage.eam.execute("SELECT name FROM sqlite_master WHERE name = 'syncd_asset_insert'").fetchone()
    (trigger,) = stage.eam.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    stage.eam.execute(f"DROP TRIGGER {name}")
    (unseen,) = eam.register(
        stage.eam, [eam.Device("FA-SC-902", "数控车床", "JQSB", 1, Decimal("9000.00"), TODAY, status="draft")]
    )
    (seal,) = stage.eam.execute("SELECT sql FROM sqlite_master WHERE name = 'syncd_asset_whole'").fetchone()
    for again in (trigger, "DROP VIEW syncd_asset_whole", seal):
        stage.eam.execute(again)
    (seen,) = stage.eam.execute("SELECT min(id) FROM asset WHERE status = 'in_use'").fetchone()
    for name in ("once", "twice"):
        stage.eam.execute("UPDATE asset SET name = ? WHERE id = ?", (name, seen))
    with closing(stage.pipeline.open_ledger()) as ledger:
        ledger.acquire()
        assert repair.reason(stage.pipeline.spec(), ledger) is None
        tally = repair.repair(scope(stage.pipeline), ledger, None, BY, tell)
    assert tally.tables["asset"].inserted == 1
    assert stage.rows("SELECT count(*) FROM syncd_posting WHERE rule = 'renamed'") == [(2,)]
    mirrored = "SELECT count(*) FROM syncd_mirror WHERE source_table = 'asset' AND key = ?"
    assert stage.rows(mirrored, str(unseen)) == [(1,)]


def test_nobody_goes_on_from_half_a_repair(stage: Stage) -> None:
    with closing(stage.pipeline.open_ledger()) as ledger:
        ledger.acquire()
        operators.begin_repair(ledger, stage.pipeline.name, {}, BY)
        with pytest.raises(Halt) as halt:
            drain.to_the_end(stage.pipeline.spec(), ledger, False, tell)
        assert halt.value.code == "repair_unfinished"
        why = repair.reason(stage.pipeline.spec(), ledger)
        assert why is not None
        repair.repair(scope(stage.pipeline), ledger, why, BY, tell)
        assert status.known_source(ledger, stage.pipeline.name) is not None
        drain.to_the_end(stage.pipeline.spec(), ledger, False, tell)
