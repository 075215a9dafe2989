"""`syncd status` tells a monitor by its exit code, and a person in words, how things stand: also while nobody runs."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from syncd import language
from syncd.cli import main, output
from syncd.daemon.sharing import Shared, Sharer
from syncd.daemon.supervisor import Worker
from syncd.demo.stage import Stage, built, running
from syncd.desk import status
from syncd.desk.kept import GIGABYTE, warnings
from syncd.errors import Halt
from syncd.ports import Source
from tests.acceptance.plant import plant
from tests.advice import advice, heard

Status = Callable[[], tuple[int, dict[str, Any]]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, 2, date(2026, 11, 20)) as made:
        yield made


@pytest.fixture
def told(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Status]:
    """The exit code and what is said, as data and in words."""

    def run() -> tuple[int, dict[str, Any]]:
        words = ["syncd", "status", "--config", str(stage.directory / "syncd.yaml")]
        found: list[str] = []
        for argv in (words, [*words, "--json"]):
            monkeypatch.setattr(sys, "argv", argv)
            with pytest.raises(SystemExit) as ended:
                main()
            found.append(capsys.readouterr().out)
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, {"words": found[0], **json.loads(found[1])[0]}

    monkeypatch.setattr(output.console, "_width", 250)
    language.choose("en")
    yield run
    language.choose(None)


def test_a_pipeline_that_runs_is_well_and_one_that_does_not_is_not(stage: Stage, told: Status) -> None:
    code, said = told()
    assert (code, said["state"], said["well"]) == (0, "never", True)
    with running(stage):
        stage.wait(lambda: _state(stage) == "posting")
        code, said = told()
        assert (code, said["state"], said["late"]) == (0, "posting", False)
        for row in ("age of the oldest change", "a transaction", "late 600 s"):
            assert row in said["words"]
    code, said = told()
    assert (code, said["state"]) == (1, "down")
    assert "no daemon is running" in said["words"]
    assert int(said["kept"]["rows"]) >= 0, "the EAM was asked, for nobody else says it"


def test_a_late_pipeline_ends_with_1(stage: Stage, told: Status) -> None:
    with closing(stage.pipeline.open_ledger()) as ledger:
        assert ledger.acquire()
        now = datetime.now(UTC)
        status.report(ledger, "demo", status.Report("posting", now, oldest=now - timedelta(minutes=9)), beats=True)
        assert told()[0] == 0
        status.report(ledger, "demo", status.Report("posting", now, oldest=now - timedelta(minutes=11)), beats=True)
        code, said = told()
        assert (code, said["state"], said["late"]) == (1, "posting", True)
        assert "late" in said["words"].splitlines()[0]


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_jumped_does_not_hide_a_daemon(stage: Stage, told: Status, hours: int) -> None:
    """It holds the pipeline, whatever hour it believes; and one that is gone is not seen in a row from the future."""
    with closing(stage.pipeline.open_ledger()) as ledger:
        assert ledger.acquire()
        then = datetime.now(UTC) + timedelta(hours=hours)
        status.report(ledger, "demo", status.Report("posting", then), beats=True)
        _, said = told()
        assert said["state"] == "posting"
        assert "no daemon is running" not in said["words"]
    assert told()[1]["state"] == "down"


@advice("unexpected")
def test_an_error_that_nobody_foresaw_is_told_with_its_reason(stage: Stage, told: Status) -> None:
    def open_source() -> Source:
        raise RuntimeError("a wheel came off")

    with capture_logs() as log:
        Worker(stage.pipeline.spec()._replace(open_source=open_source), threading.Event()).run()
    assert [entry["exc_info"] for entry in log if entry["event"] == "unexpected"] == [True]
    code, said = told()
    assert (code, said["state"], said["report"]["error"]) == (1, "halted", "unexpected")
    assert "a wheel came off" in heard("unexpected", said["words"])["error"]
    with running(stage):
        stage.wait(lambda: _state(stage) == "posting")
        assert told()[0] == 0


def test_rows_of_daemons_that_were_killed_long_ago_go(stage: Stage) -> None:
    now = datetime.now(UTC)
    with closing(stage.pipeline.open_ledger()) as ledger:
        for name, age in (("gone:1", timedelta(hours=2)), ("there:2", timedelta(minutes=2))):
            row = ("demo", name, "standby", status.timestamp(now - age))
            ledger.execute([("INSERT INTO syncd.daemon (pipeline, instance, role, beat_at) VALUES (?, ?, ?, ?)", row)])
        with running(stage):
            stage.wait(lambda: _state(stage) == "posting")
            stage.wait(lambda: not stage.rows("SELECT 1 FROM syncd_daemon WHERE instance = 'gone:1'"))
        assert stage.rows("SELECT instance FROM syncd_daemon") == [("there:2",)]


@pytest.mark.parametrize(
    ("sizes", "codes"),
    [
        ({}, []),
        ({"retained_bytes": "100", "safe_bytes": "60", "wal_status": "reserved"}, []),
        ({"retained_bytes": "100", "safe_bytes": "40", "wal_status": "extended"}, ["kept_running_out"]),
        ({"retained_bytes": "100", "safe_bytes": "-5", "wal_status": "unreserved"}, ["kept_unreserved"]),
        ({"retained_bytes": "0", "safe_bytes": "", "wal_status": "lost"}, ["kept_lost"]),
        ({"retained_bytes": str(9 * GIGABYTE), "safe_bytes": "", "wal_status": "extended"}, []),
        ({"retained_bytes": str(11 * GIGABYTE), "safe_bytes": "", "wal_status": "extended"}, ["kept_large"]),
        ({"rows": "1000001"}, ["kept_rows"]),
    ],
)
def test_what_is_kept_is_warned_of_before_it_hurts(sizes: dict[str, str], codes: list[str]) -> None:
    assert [finding.code for finding in warnings(sizes)] == codes


def test_a_finance_database_that_takes_no_writes_does_not_make_a_daemon_absent(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    with plant(tmp_path, new_database(), new_database()) as made:
        with made.running():
            made.settled()
        (said,) = made.json("status", expect=1)
        assert said["warnings"] == []
        name = made.finance.name
        made.finance.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        said = made.syncd("status", expect=1)
        assert "no daemon is running" not in said
        assert "whether a daemon is running cannot be seen" in said
        assert "read-only" in said


def _state(stage: Stage) -> str:
    with closing(stage.pipeline.open_ledger()) as ledger:
        return status.standing(status.pipeline_status(ledger, "demo", datetime.now(UTC)))


def test_a_partitioned_pipeline_that_halts_as_a_whole_is_told(stage: Stage, told: Status) -> None:
    """Before it has any partition there is no posting thread to leave word."""

    def partitions() -> list[str]:
        raise Halt("kafka_no_eam")

    spec = stage.pipeline.spec()
    shared = Shared("demo", stage.pipeline.open_ledger, partitions, lambda number: spec, lambda ledger: None)
    sharer = Sharer(shared, threading.Event())
    sharer.run()
    assert [meter.halted for meter in sharer.meters] == ["kafka_no_eam"]
    code, said = told()
    assert (code, said["state"], said["report"]["error"]) == (1, "halted", "kafka_no_eam")
    Sharer(shared._replace(partitions=list), threading.Event()).run()
    assert told()[1]["state"] == "down", "what is over is not told any more"
