"""What ends a command or the daemon: what is told is put right as the hint says, and all goes on; nothing is lost and
nothing posted twice.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from syncd.cli import TRACE
from syncd.demo import show
from syncd.demo import stage as demo_stage
from syncd.demo.stage import PIPELINE, File, Stage
from syncd.desk import status
from tests.advice import advice, heard
from tests.advice.command import BY, config_of, daemon, fine, refused
from tests.advice.purchases import MAPPING, buy, company

NEEDS_A_PERSON = 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with company(tmp_path) as made:
        yield made


@advice("snapshot_again", "snapshot_who_and_why", "snapshot_nobody_to_ask")
def test_a_snapshot_is_taken_again_by_what_each_refusal_says(stage: Stage) -> None:
    config = config_of(stage)
    fine("snapshot", config)
    with daemon(config, PIPELINE):
        _is_posted(stage, buy(stage))
    before = stage.rows("SELECT * FROM gl_entry")
    heard("snapshot_again", refused("snapshot", config, NEEDS_A_PERSON))
    heard("snapshot_who_and_why", refused("snapshot --again", config))
    heard("snapshot_nobody_to_ask", refused(f"snapshot --again {BY}", config))
    fine(f"snapshot --again {BY} --yes", config)
    assert stage.rows("SELECT * FROM gl_entry") == before
    with daemon(config, PIPELINE):
        _is_posted(stage, buy(stage))


@advice("daemon_is_running")
def test_a_daemon_is_stopped_before_a_snapshot(stage: Stage) -> None:
    config = config_of(stage)
    with daemon(config, PIPELINE):
        _until_read(stage)
        _is_posted(stage, buy(stage))
        heard("daemon_is_running", refused(f"snapshot --again --yes {BY}", config, NEEDS_A_PERSON))
    fine(f"snapshot --again --yes {BY}", config)


@advice("source_changed")
@pytest.mark.parametrize("is_replaced", [False, True])
def test_another_eam_is_repaired_from_or_left(stage: Stage, is_replaced: bool) -> None:
    """A copy of the EAM, whose change table was made anew, in which one purchase more was made."""
    config, usual = config_of(stage), config_of(stage).read_text("utf-8")
    fine("snapshot", config)
    copy = stage.directory / "copy.db"
    stage.eam.execute(f"VACUUM INTO '{copy}'")
    with closing(sqlite3.connect(copy, factory=File, isolation_level=None)) as db:
        bought = buy(Stage(stage.directory, db, stage.finance, stage.today))
    config.write_text(usual.replace("eam.db", "copy.db"), "utf-8")
    fine("changelog remove", config)
    fine("changelog install", config)
    with daemon(config, PIPELINE) as worker:
        stage.wait(lambda: worker.failure is not None)
    heard("source_changed", refused("status", config, 1))
    if is_replaced:
        fine(f"repair --yes {BY}", config)
        with daemon(config, PIPELINE):
            _is_posted(stage, bought)
            stage.wait(lambda: fine("status", config).startswith("demo  posting"))
    else:
        config.write_text(usual, "utf-8")
        with daemon(config, PIPELINE):
            _is_posted(stage, buy(stage))
        assert not stage.rows("SELECT 1 FROM syncd_posting WHERE subject = ?", bought)


@advice("breaker")
def test_a_wrong_mapping_is_mended_by_what_a_dry_run_shows(stage: Stage) -> None:
    config, mapping = config_of(stage), stage.directory / "mappings" / "purchases.yaml"
    fine("snapshot", config)
    mapping.write_text(MAPPING.replace("'1601'", "'160l'"), "utf-8")
    fine(f"mapping accept {BY}", config)
    with stage.eam.transaction():
        codes = [buy(stage) for _ in range(60)]
    with daemon(config, PIPELINE) as worker:
        stage.wait(lambda: worker.failure is not None)
    heard("breaker", refused("status", config, 1))
    assert stage.rows("SELECT count(*) FROM syncd_parked") == [(0,)]
    assert "unknown_account" in fine("dry-run", config)
    mapping.write_text(MAPPING, "utf-8")
    fine(f"mapping accept {BY}", config)
    with daemon(config, PIPELINE):
        assert len(stage.posted("bought", codes)) == len(codes)
    assert stage.rows("SELECT count(*) FROM syncd_parked") == [(0,)]


@advice("breaker")
def test_wrong_rows_are_parked_and_corrected(stage: Stage) -> None:
    config = config_of(stage)
    fine("snapshot", config)
    with stage.eam.transaction():
        codes = [buy(stage, {"price": "many"}) for _ in range(60)]
    with daemon(config, PIPELINE) as worker:
        stage.wait(lambda: worker.failure is not None)
    heard("breaker", refused("status", config, 1))
    assert "malformed" in fine("dry-run", config)
    usual = config.read_text("utf-8")
    config.write_text(usual.replace("  demo:\n", "  demo:\n    parked_share_max: 1\n"), "utf-8")
    with daemon(config, PIPELINE):
        stage.wait(lambda: stage.rows("SELECT count(*) FROM syncd_parked") == [(60,)])
    config.write_text(usual, "utf-8")
    with daemon(config, PIPELINE):
        stage.eam.execute("UPDATE purchase SET price = '1000.00'")
        assert len(stage.posted("bought", codes)) == len(codes)


@advice("command_unexpected")
def test_what_nobody_foresaw_is_reported_with_its_trace(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall_off(*given: object) -> None:
        raise RuntimeError("a wheel came off")

    with monkeypatch.context() as broken:
        broken.setattr(status, "pipeline_status", fall_off)
        heard("command_unexpected", refused("status", config_of(stage), NEEDS_A_PERSON))
        broken.setenv(TRACE, "1")
        assert "in fall_off" in refused("status", config_of(stage), NEEDS_A_PERSON)
    fine("status", config_of(stage))


@advice("machine_refused")
def test_space_is_made_where_there_was_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from syncd.cli import main; main()", "version"]
    english = {**os.environ, "SYNCD_LANG": "en"}
    for path, code in ((Path("/dev/full"), 4), (tmp_path / "version", 0)):
        with path.open("w") as file:
            done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, env=english)
        assert done.returncode == code, done.stderr
        assert code == 0 or heard("machine_refused", done.stderr)


@advice("demo_stuck")
def test_the_demonstration_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is too busy, and on one that is not. Fewer devices take less time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(show, "DEVICES", 60)
    with monkeypatch.context() as busy:
        busy.setattr(demo_stage, "WAIT_S_MAX", 0.0)
        heard("demo_stuck", refused("demo --once", code=NEEDS_A_PERSON))
    assert "0 differences" in fine("demo --once")
    structlog.reset_defaults()


def _is_posted(stage: Stage, code: str) -> None:
    assert len(stage.posted("bought", [code])) == 1


def _until_read(stage: Stage) -> None:
    stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
