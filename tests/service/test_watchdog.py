"""A posting thread that hangs is noticed: systemd is not told that the daemon lives, the log says where it hangs."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from syncd import logs
from syncd.daemon import supervisor, watchdog
from syncd.daemon.sharing import Held, Shared, Sharer
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.supervisor import Worker
from syncd.demo.stage import built
from syncd.errors import Halt
from syncd.ports import Ledger


@pytest.fixture(autouse=True)
def new_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loggers remember where they wrote first."""
    monkeypatch.setattr(watchdog, "log", structlog.get_logger("syncd"))
    yield
    structlog.reset_defaults()


def test_a_posting_thread_that_hangs_is_not_called_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The thread that speaks to systemd goes on by itself; what it says comes of the one that posts."""
    hangs, goes_on, told = threading.Event(), threading.Event(), list[str]()
    monkeypatch.setattr(watchdog, "notify", lambda *lines: told.extend(lines))
    logs.configure("json")
    with built(tmp_path, 1, date(2026, 11, 20)) as stage:
        spec, stop = stage.pipeline.spec(), threading.Event()

        def hang(ledger: object, translator: object, count: object) -> bool:
            hangs.set()
            goes_on.wait()
            return False

        worker = Worker(spec._replace(compute=hang), stop)
        daemon = threading.Thread(target=supervisor.supervise, args=([worker], stop))
        daemon.start()
        assert hangs.wait(60)
        monkeypatch.setattr(watchdog, "STUCK_AFTER_S", 0.3)
        _until(lambda: any("stuck" in line for line in told))
        assert told[-1].startswith("STATUS=demo posting; stuck: posting demo")
        goes_on.set()
        _until(lambda: told[-1] == "WATCHDOG=1")
        stop.set()
        daemon.join()
    said = {line["event"]: line for line in reversed(_said(capsys))}  # a slow machine may be called stuck once more
    assert "in hang" in said["stuck"]["at"]
    assert said["moves_again"]["thread"] == "posting demo"
    assert told[0] == "READY=1"


def test_a_hung_thread_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """And again only after it moved."""
    logs.configure("json")
    watch, long_ago = watchdog.Watch(), time.monotonic() - 1_000
    for alive_at in (long_ago, long_ago, time.monotonic(), long_ago):
        watch.look("demo posting", {"posting demo": (None, alive_at)})
    assert [line["event"] for line in _said(capsys)] == ["stuck", "moves_again", "stuck"]


def _said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_slot_that_runs_out_is_said_in_the_log_once() -> None:
    """While there is time; and again when it came back from a better state."""
    told: list[tuple[str, str]] = []
    worker = Worker(PipelineSpec("main", *[lambda *_: None] * 4), threading.Event())  # type: ignore[arg-type]
    worker._log = SimpleNamespace(warning=lambda event, code, why: told.append((event, code)))
    scarce = {"wal_status": "extended", "retained_bytes": "90", "safe_wal_size": "10"}
    for note in (scarce, scarce | {"safe_wal_size": "9"}, {}, scarce, {"wal_status": "lost"}):
        worker._warn(note)
    assert told == [("log_kept", f"kept_{code}") for code in ("running_out", "running_out", "lost")]


def test_a_hung_partition_is_not_hidden_by_the_thread_that_shares() -> None:
    """Of a pipeline over a partitioned source each partition has a thread of its own."""
    goes_on, stop = threading.Event(), threading.Event()

    def hang() -> Ledger:
        goes_on.wait()
        raise Halt("breaker", parked=1, changes=1, share_max="1%")

    never = [lambda *_: None] * 3
    worker = Worker(PipelineSpec("fleet/0", hang, *never), stop)  # type: ignore[arg-type]
    sharer = Sharer(Shared("fleet", hang, lambda: ["0"], lambda _: worker.spec, lambda _: None), stop)
    sharer._held["0"] = Held(worker, stop)
    worker.start()
    assert set(sharer.moves) == {"posting fleet/0"}
    assert sharer.moves["posting fleet/0"][0] == worker.ident
    goes_on.set()
    worker.join()
    assert sharer.moves == {}
