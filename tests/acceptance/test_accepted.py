"""A mapping that was accepted is taken up by the daemons that run, without a restart."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import pytest

from syncd.demo import eam
from syncd.demo.eam import Device
from syncd.demo.stage import ACTOR, Stage, built
from syncd.desk.parked import operators
from syncd.files import shipped

TODAY = date(2026, 11, 20)
NEEDS_A_PERSON = 3
WAIT_S_MAX = 120.0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The demonstration's company, under a copy of its mapping that a person may edit."""
    copytree(shipped("mappings"), tmp_path / "mappings")
    with built(tmp_path, 2, TODAY) as made:
        config = tmp_path / "syncd.yaml"
        config.write_text(config.read_text("utf-8").replace("shipped:demo.yaml", "mappings/demo.yaml"), "utf-8")
        yield made


def test_a_daemon_takes_up_what_is_accepted_and_so_does_its_standby(stage: Stage) -> None:
    """Until it is accepted, an edited file means nothing. A mapping is another one from a turn's boundary on."""
    with _daemon(stage, "first") as first, _daemon(stage, "second") as second:
        # whoever came first posts; the test must know which
        roles = "SELECT role, instance FROM syncd_daemon ORDER BY role"
        stage.wait(lambda: [role for role, _ in stage.rows(roles)] == ["posting", "standby"])
        posting = stage.rows(roles)[0][1]
        writer, standby = (first, second) if posting.endswith(f":{first.pid}") else (second, first)

        _edit(stage, "购入固定资产", "新增固定资产")
        assert _summary(stage, "FA-SC-5001").startswith("购入固定资产")
        assert "registration.voucher.summary: 购入固定资产" in _accept(stage), "what would become something else"
        stage.wait(lambda: _taken_up(stage) == 1)
        assert _summary(stage, "FA-SC-5002").startswith("新增固定资产")
        writer.kill()
        assert _summary(stage, "FA-SC-5003").startswith("新增固定资产")

        with closing(stage.pipeline.open_ledger()) as ledger:  # on another machine, with another file
            operators.accept(ledger, stage.pipeline.mapping.name, "0" * 32, ACTOR)
        assert standby.wait(WAIT_S_MAX) == NEEDS_A_PERSON
    ((said,),) = stage.rows("SELECT status FROM syncd_pipeline")
    assert '"mapping_changed"' in said


def _summary(stage: Stage, code: str) -> str:
    """What stands on the voucher of a machine that is bought now."""
    eam.register(stage.eam, [Device(code, "数控车床", "JQSB", 1, Decimal("1000.00"), TODAY)])
    (voucher,) = stage.posted("registration", [code])
    return voucher.summary


def _edit(stage: Stage, was: str, is_now: str) -> None:
    path = stage.directory / "mappings" / "demo" / "acquisition.csv"
    path.write_text(path.read_text("utf-8").replace(was, is_now), "utf-8")


def _accept(stage: Stage) -> str:
    command = [*_SYNCD, "mapping", "accept", "--actor", "li", "--reason", "wording"]
    environment = {**os.environ, "COLUMNS": "300", "SYNCD_LANG": "en"}
    done = subprocess.run(
        [*command, "--config", str(stage.directory / "syncd.yaml")],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return done.stdout


def _taken_up(stage: Stage) -> int:
    logs = (path.read_text("utf-8") for path in stage.directory.glob("*.log"))
    return sum(log.count("mapping_renewed") for log in logs)


_SYNCD = (str(Path(sys.executable).with_name("syncd")),)


@contextmanager
def _daemon(stage: Stage, name: str) -> Iterator[subprocess.Popen[bytes]]:
    with (stage.directory / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*_SYNCD, "run", "--config", str(stage.directory / "syncd.yaml")], stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S_MAX)
