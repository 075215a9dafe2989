"""Invariant 15 for `syncd repair`: what it says when it will not, followed until both sides agree."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from connectors.changelog import source as changelog
from syncd import language
from syncd.daemon import drain, reader
from syncd.demo import eam
from syncd.demo.eam import Device
from syncd.demo.stage import Stage, built, running
from syncd.errors import Fault
from tests.advice import advice, heard
from tests.advice.office import BY, commands, type_in

TODAY = date(2026, 11, 20)
DEVICES = 6
WRONG, NEEDS_A_PERSON = 2, 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, DEVICES, TODAY) as made:
        yield made
    structlog.reset_defaults()
    language.choose(None)


def run(stage: Stage) -> None:
    """`syncd run`, until it has read all there is. Raises what halts it."""
    (number,) = stage.eam.execute("SELECT max(id) + 1 FROM supplier").fetchone()
    stage.eam.execute("INSERT INTO supplier VALUES (?, ?, 'marker')", (number, f"marker-{number}"))
    arrived = "SELECT 1 FROM syncd_mirror WHERE source_table = 'supplier' AND key = ?"
    stage.failures = []
    with running(stage):
        stage.wait(lambda: bool(stage.rows(arrived, str(number))))


def tools(count: int) -> list[Device]:
    return [Device(f"FA-XX-{n:03}", "数控车床", "JQSB", 1, Decimal(9000), TODAY) for n in range(count)]


def lose_log(stage: Stage) -> None:
    """Somebody says that all pipelines have everything, and prunes."""
    stage.eam.execute("UPDATE syncd_ack SET seq = (SELECT max(seq) FROM syncd_change)")
    changelog.prune(stage.pipeline.source_settings)
    stage.eam.execute("UPDATE syncd_ack SET seq = 0")


def sound(stage: Stage) -> None:
    """Finance is equal to the EAM, nothing is parked, and the record is whole."""
    type_in(stage.directory, "reconcile")
    type_in(stage.directory, "audit verify")
    assert stage.rows("SELECT count(*) FROM syncd_parked WHERE settled_at IS NULL") == [(0,)]


@advice("repair_never_read", "repair_no_gap", "repair_who_and_why", "repair_nobody_to_ask")
def test_whoever_repairs_is_led_from_the_first_day_to_the_end(stage: Stage) -> None:
    def typed(what: str, expect: int = 0) -> str:
        return type_in(stage.directory, what, expect)

    heard("repair_never_read", typed("repair --preview", NEEDS_A_PERSON))
    run(stage)
    heard("repair_no_gap", typed("repair --preview", NEEDS_A_PERSON))
    run(stage)
    assert "finance has everything" in typed("repair --preview --force")

    eam.register(stage.eam, tools(1))
    lose_log(stage)
    heard("repair_who_and_why", typed("repair", WRONG))
    assert "registration" in typed("repair --preview")
    heard("repair_nobody_to_ask", typed(f"repair {BY}", WRONG))
    assert "registration" in typed(f"repair {BY} --preview")
    assert "registration" in typed(f"repair {BY} --yes")
    run(stage)
    sound(stage)


@advice("repair_many_gone")
def test_rows_that_were_meant_to_go_are_posted_as_deleted_when_somebody_says_so(stage: Stage) -> None:
    run(stage)
    eam.register(stage.eam, tools(25))
    run(stage)
    stage.eam.execute("DELETE FROM asset WHERE asset_code LIKE 'FA-XX-%'")
    lose_log(stage)
    heard("repair_many_gone", type_in(stage.directory, f"repair --yes {BY}", NEEDS_A_PERSON))
    assert "registration_deleted" in type_in(stage.directory, "repair --preview")
    type_in(stage.directory, f"repair --yes {BY} --gone")
    assert stage.rows("SELECT count(*) FROM syncd_posting WHERE rule = 'registration_deleted'") == [(25,)]
    run(stage)
    sound(stage)


@advice("repair_many_gone")
def test_rows_that_syncd_did_not_see_are_seen_again_and_none_is_posted_as_deleted(stage: Stage) -> None:
    """`check` says why; here the EAM is being restored, and its table is not there yet."""
    run(stage)
    eam.register(stage.eam, tools(25))
    run(stage)
    stage.eam.execute("CREATE TABLE saved AS SELECT * FROM asset WHERE asset_code LIKE 'FA-XX-%'")
    stage.eam.execute("DELETE FROM asset WHERE asset_code LIKE 'FA-XX-%'")
    lose_log(stage)
    heard("repair_many_gone", type_in(stage.directory, f"repair --yes {BY}", NEEDS_A_PERSON))
    type_in(stage.directory, "check")
    stage.eam.execute("INSERT INTO asset SELECT * FROM saved")
    type_in(stage.directory, f"repair --yes {BY}")
    assert stage.rows("SELECT count(*) FROM syncd_posting WHERE rule LIKE 'registration_%'") == [(0,)]
    run(stage)
    sound(stage)


class Killed(Exception):
    """Ends a daemon in the middle."""


def killed(tally: object, reading: object) -> None:
    raise Killed


@pytest.fixture
def amid_snapshot(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The daemon was killed when a few rows of the snapshot were in finance."""
    with monkeypatch.context() as small, closing(stage.pipeline.open_ledger()) as ledger:
        small.setattr(changelog, "ROWS_MAX", 2)
        small.setattr(reader, "TRANSACTION_CHANGES_MAX", 2)
        assert ledger.acquire()
        with pytest.raises(Killed):
            drain.snapshot(stage.pipeline.spec()._replace(batch_changes_max=1, queue_changes_max=1), ledger, killed)
    return stage


def goes_on(stage: Stage, shown: str) -> None:
    run(stage)


def is_lost(stage: Stage, shown: str) -> None:
    stage.eam.execute("UPDATE asset SET name = name || '.'")
    lose_log(stage)
    with pytest.raises(Fault, match="changelog_pruned"):
        run(stage)
    shown = type_in(stage.directory, "repair --preview", NEEDS_A_PERSON)
    heard("repair_in_snapshot", shown)
    (again,) = (command for command in commands(shown) if command.startswith("snapshot"))
    type_in(stage.directory, again.replace("--actor NAME --reason TEXT", f"--yes {BY}"))
    run(stage)


@advice("repair_in_snapshot")
@pytest.mark.parametrize("follow", [goes_on, is_lost])
def test_a_first_snapshot_that_has_not_ended(amid_snapshot: Stage, follow: Callable[[Stage, str], None]) -> None:
    stage = amid_snapshot
    shown = type_in(stage.directory, "repair --preview", NEEDS_A_PERSON)
    heard("repair_in_snapshot", shown)
    follow(stage, shown)
    sound(stage)


@advice("checkpoint_of_change")
def test_a_checkpoint_that_is_none_is_left_behind_by_a_snapshot(stage: Stage) -> None:
    """Nothing is posted twice."""
    run(stage)
    eam.register(stage.eam, tools(1))
    run(stage)
    posted = stage.rows("SELECT count(*) FROM syncd_posting")
    ((position,),) = stage.rows("SELECT min(position) FROM syncd_posting")
    stage.finance.execute("UPDATE syncd_pipeline SET position = ?", (position,))
    with pytest.raises(Fault, match="checkpoint_of_change"):
        run(stage)
    shown = type_in(stage.directory, "status", 1)
    heard("checkpoint_of_change", shown)
    (again,) = commands(shown)
    type_in(stage.directory, again.replace("--actor NAME --reason TEXT", f"--yes {BY}"))
    run(stage)
    assert stage.rows("SELECT count(*) FROM syncd_posting") == posted
    sound(stage)
