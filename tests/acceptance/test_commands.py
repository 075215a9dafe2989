"""The installed command as a process of its own, on the demonstration's databases before anything happened in them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from syncd.demo.stage import Stage, built
from syncd.desk.status import Report, beat, report
from tests.acceptance.plant import plant
from tests.tidy.tree import ROOT

DEVICES = 40
WAIT_S_MAX = 120.0
FOUND_SOMETHING, WRONG, NEEDS_A_PERSON = 1, 2, 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with built(tmp_path, DEVICES, date(2026, 11, 20)) as made:
        yield made


def test_invariant_10_a_dry_run_counts_what_the_real_run_does(stage: Stage) -> None:
    rehearsed = _json(stage, "dry-run")
    assert stage.rows("SELECT count(*) FROM syncd_posting") == [(0,)]
    assert stage.rows("SELECT count(*) FROM fa_card") == [(0,)]
    assert stage.rows("SELECT position FROM syncd_pipeline") in ([], [(None,)])
    assert rehearsed["cards"] > 0
    assert _json(stage, "snapshot") == rehearsed


def test_invariant_2_a_second_snapshot_adds_nothing(stage: Stage) -> None:
    _json(stage, "snapshot")
    before = _books(stage)
    assert "--again" in _run(stage, "snapshot", expect=NEEDS_A_PERSON)
    again = _json(stage, "snapshot", "--again", "--yes", "--actor", "it", "--reason", "new column")
    assert again["changes"] > 0
    assert _books(stage) == before


def test_sigterm_finishes_the_batch_and_systemd_hears_of_it(stage: Stage) -> None:
    with _systemd(stage.directory) as (address, heard):
        with _daemon(stage, NOTIFY_SOCKET=address) as process:
            _wait(stage, lambda: stage.rows("SELECT count(*) FROM fa_card") != [(0,)])
            _wait(stage, lambda: "READY=1" in heard() and "WATCHDOG=1" in heard())
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S_MAX) == 0
        _wait(stage, lambda: "STOPPING=1" in heard())
    (standing,) = json.loads(_run(stage, "status", "--json", expect=FOUND_SOMETHING))
    assert standing["report"]["state"] == "stopped"
    assert standing["daemons"] == {}


def test_status_says_how_far_behind_and_who_posts(stage: Stage) -> None:
    with _daemon(stage):
        _wait(stage, lambda: _json(stage, "status")[0]["position"] is not None)
        (standing,) = _json(stage, "status")
    assert standing["report"]["state"] == "posting"
    assert list(standing["daemons"].values()) == ["posting"]
    assert standing["lag_s"] < WAIT_S_MAX
    assert standing["changes"] > DEVICES


def test_requests_that_nobody_will_take_up_are_said_to_be(stage: Stage) -> None:
    assert "no daemon is running" in _run(stage, "parked", "list")
    with closing(stage.pipeline.open_ledger()) as ledger:
        beat(ledger, "demo", "standby", datetime.now(UTC))
    assert "no daemon is running" not in _run(stage, "parked", "list")


def test_a_pipeline_that_halts_leaves_the_others_running(stage: Stage) -> None:
    config = stage.directory / "syncd.yaml"
    text = config.read_text("utf-8")
    other = text.replace("pipelines:\n", "").replace("  demo:", "  other:").replace("eam.db", "gone.db")
    config.write_text(text + other, "utf-8")
    with _daemon(stage) as process:
        _wait(stage, lambda: stage.rows("SELECT count(*) FROM fa_card") != [(0,)])
        _wait(stage, lambda: "gone.db" in _log(stage))
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S_MAX) == NEEDS_A_PERSON


def test_a_halted_pipeline_is_said_to_be_with_what_to_do(stage: Stage) -> None:
    lost = Report("halted", datetime.now(UTC), error="repair_unfinished", params={"pipeline": "demo"})
    with closing(stage.pipeline.open_ledger()) as ledger:
        assert ledger.acquire()
        report(ledger, "demo", lost)
    said = _run(stage, "status", expect=FOUND_SOMETHING)
    assert "demo  halted" in said
    assert "→" in said
    assert "syncd repair" in said
    assert _syncd(["status", "--json", "--config", str(stage.directory / "syncd.yaml")], {}, FOUND_SOMETHING)


def test_a_daemon_that_fell_silent_is_said_to_have(stage: Stage) -> None:
    """However long the command takes to start: what was heard lies ahead, and who tries again is waited for longest."""
    now = datetime.now(UTC)
    with closing(stage.pipeline.open_ledger()) as ledger:
        assert ledger.acquire()
        report(ledger, "demo", Report("retrying", now))
        beat(ledger, "demo", "retrying", now + timedelta(minutes=1))
        assert "last seen" not in _run(stage, "status")
        beat(ledger, "demo", "retrying", now - timedelta(seconds=7))
        assert re.search(r"trying again, last seen \d+ s ago", _run(stage, "status"))


def test_a_second_daemon_may_not_snapshot_while_one_posts(stage: Stage) -> None:
    with _daemon(stage):
        _wait(stage, lambda: stage.rows("SELECT count(*) FROM syncd_daemon") == [(1,)])
        assert "one writer" in _run(stage, "dry-run", expect=NEEDS_A_PERSON)


def test_a_fault_is_a_message_with_a_hint_and_never_a_traceback(stage: Stage) -> None:
    (stage.directory / "syncd.yaml").write_text("pipelines: {demo: {maping: x}}", "utf-8")
    said = _run(stage, "status", expect=WRONG)
    assert "syncd.yaml:1" in said
    assert "the nearest is mapping" in said
    assert "Traceback" not in said
    error = json.loads(_run(stage, "status", "--json", expect=WRONG))["error"]
    assert error["code"] == "unknown_key"
    assert error["hint"]


def test_a_shell_completes_commands() -> None:
    """What `--show-completion` prints in bash asks for it so."""
    shown = subprocess.run(["bash", "-c", f"{_program()} --show-completion; true"], capture_output=True, text=True)
    assert "_SYNCD_COMPLETE=complete_bash" in shown.stdout, shown.stderr
    asked = {"_SYNCD_COMPLETE": "complete_bash", "COMP_WORDS": "syncd parked re", "COMP_CWORD": "2"}
    assert _syncd([], asked).split() == ["retry", "reopen"]


def test_help_speaks_chinese_too() -> None:
    for asked in (["--lang", "zh", "run", "--help"], ["--lang=zh", "run", "--help"]):
        assert "守护进程" in _syncd(asked, {})
    assert "守护进程" in _syncd(["run", "--help"], {"SYNCD_LANG": "", "LC_ALL": "zh_CN.UTF-8"})
    assert "daemon" in _syncd(["run", "--help"], {})


def test_the_wheel_holds_all_that_the_demonstration_needs(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "installed"
    ZipFile(wheel).extractall(place)
    beside = {"share/syncd/systemd/syncd.service", "share/doc/syncd/monitoring/dashboard.json"}
    beside |= {"share/syncd/systemd/syncd-console.service", "share/doc/syncd/mapping.md", "share/man/man1/syncd.1"}
    assert beside <= {name.partition(".data/data/")[2] for name in ZipFile(wheel).namelist()}
    program = "import syncd; from syncd.cli import main; assert 'installed' in syncd.__file__; main()"
    figures = tmp_path / "figures.json"
    subprocess.run(
        [sys.executable, "-c", program, "demo", "--once", "--json", str(figures)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(place)}, check=True, stdout=subprocess.DEVNULL, timeout=100,
    )  # fmt: skip
    assert json.loads(figures.read_text("utf-8"))["differences"] == 0


def _books(stage: Stage) -> list[object]:
    tables = ("syncd_posting", "fa_card", "gl_voucher", "gl_entry", "syncd_parked", "syncd_collected")
    return [stage.rows(f"SELECT count(*) FROM {table}") for table in tables]


def _json(stage: Stage, *arguments: str) -> Any:
    return json.loads(_run(stage, *arguments, "--json"))


def _run(stage: Stage, *arguments: str, expect: int = 0) -> str:
    return _syncd([*arguments, "--config", str(stage.directory / "syncd.yaml")], {}, expect)


def _syncd(arguments: list[str], environment: dict[str, str], expect: int = 0) -> str:
    done = subprocess.run(
        [_program(), *arguments],
        capture_output=True, text=True, timeout=100, env={**os.environ, "SYNCD_LANG": "en"} | environment,
    )  # fmt: skip
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@contextmanager
def _daemon(stage: Stage, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [_program(), "run", "--config", str(stage.directory / "syncd.yaml")]
    with (stage.directory / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, "SYNCD_LANG": "en"} | environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(WAIT_S_MAX)


@contextmanager
def _systemd(directory: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """A socket as systemd opens it, and all that was said there."""
    address, said = directory / "notify", bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.setblocking(False)

        def heard() -> str:
            while True:
                try:
                    said.extend(listener.recv(4096) + b"\n")
                except BlockingIOError:
                    return said.decode()

        yield str(address), heard


def _program() -> str:
    return str(Path(sys.executable).with_name("syncd"))


def _wait(stage: Stage, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not reached():
        assert time.monotonic() < deadline, _log(stage)
        time.sleep(0.02)


def _log(stage: Stage) -> str:
    return (stage.directory / "daemon.log").read_text("utf-8")


def test_a_dry_run_before_the_first_run_ends_where_both_databases_are_on_one_server(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """A slot waits for every open transaction of its server; the dry run's own must not be one of them."""
    with plant(tmp_path, new_database(), new_database(), devices=20) as made:
        assert made.json("dry-run")["cards"] > 0
        assert made.finance.value("SELECT count(*) FROM fa_card") == 0
        with made.running():
            made.settled()
        assert made.finance.value("SELECT count(*) FROM fa_card") > 0
