"""SIGHUP: the mapping as its file is now is taken up where somebody accepted it, refused where not; the daemon goes on,
nothing is lost. And the log is JSON to its last line."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from syncd import __version__
from syncd.daemon.spec import PipelineSpec
from syncd.daemon.supervisor import Worker
from syncd.desk.parked import operators
from syncd.errors import Transient
from syncd.ports import Ledger
from tests.console.site import BY, MAPPING, Site

WAIT_S_MAX = 60.0
PROGRAM = str(Path(sys.executable).with_name("syncd"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path)) as made:
        yield made


def test_sighup_takes_up_what_was_accepted_and_refuses_the_rest(site: Site) -> None:
    """Invariants 1 and 2: each machine that was bought meanwhile is posted once, by the mapping of its moment."""
    file = site.folder / "mapping.yaml"
    with _daemon(site) as process:
        assert _bought(site, "FA-1") == "购置 机床"
        _hang_up(site, process, "mapping_kept", 1)

        file.write_text(MAPPING + "  - no: mapping", "utf-8")
        _hang_up(site, process, "mapping_refused", 1)
        file.write_text(MAPPING.replace("购置", "新增"), "utf-8")
        _hang_up(site, process, "mapping_refused", 2)
        assert _bought(site, "FA-2") == "购置 机床", "the old one goes on"

        with closing(site.pipeline.open_ledger()) as ledger:
            operators.accept(ledger, site.pipeline.mapping.name, site.pipeline.mapping.hash, BY)
        _hang_up(site, process, "mapping_renewed", 1)
        assert _bought(site, "FA-3") == "新增 机床"
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S_MAX) == 0
    assert site.ask("SELECT subject FROM syncd.posting ORDER BY seq") == [("FA-1",), ("FA-2",), ("FA-3",)]
    said = _log(site)
    assert [line["code"] for line in said if line["event"] == "mapping_refused"][1] == "mapping_changed"
    first, last = said[0], said[-1]
    assert (first["event"], first["version"]) == ("started", __version__)
    assert (last["event"], last["version"], last["exit_code"]) == ("stopped", __version__, 0)


def test_who_asks_while_the_file_is_read_is_heard() -> None:
    """It may have been written once more since; and where finance cannot be asked, the daemon looks when it can."""
    looks = list[int]()

    def reread(_: Ledger) -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            worker.look_again()
        elif len(looks) == 2:
            raise Transient("finance_gone", error="the server is restarting")

    spec = PipelineSpec("main", *[lambda *_: None] * 4, reread=reread)  # type: ignore[arg-type]
    worker, ledger = Worker(spec, threading.Event()), cast(Ledger, None)
    worker.look_again()
    assert not worker._renew(ledger)
    with pytest.raises(Transient):
        worker._renew(ledger)
    for _ in range(2):
        assert not worker._renew(ledger)
    assert looks == [0, 1, 2]


def test_what_nobody_catches_is_json_too(tmp_path: Path) -> None:
    """Of a thread, of a destructor, of a library's logger, a warning, and of the whole process."""
    program = """
import logging, threading, warnings
from syncd import logs
logs.configure("json")
threads = [threading.Thread(target=lambda: 1 / 0)]
threads[0].start()
threads[0].join()
class Bad:
    def __del__(self): raise ValueError("at the end")
Bad()
logging.getLogger("some.library").warning("careful")
warnings.warn("old")
raise RuntimeError("whole")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    traces = [line["exception"].splitlines()[-1] for line in said if line["event"] == "unexpected"]
    assert traces == ["ZeroDivisionError: division by zero", "ValueError: at the end", "RuntimeError: whole"]
    assert [line["library"] for line in said if line["event"] == "library"] == ["some.library", "py.warnings"]


def _hang_up(site: Site, process: "subprocess.Popen[bytes]", event: str, count: int) -> None:
    process.send_signal(signal.SIGHUP)
    _until(lambda: [line["event"] for line in _log(site)].count(event) == count)


def _bought(site: Site, code: str) -> object:
    """What stands on the voucher of a machine that is bought now."""
    site.asset(code)
    asked = f"SELECT v.summary FROM gl_voucher v JOIN gl_entry e ON e.number = v.number WHERE e.asset = '{code}'"
    _until(lambda: site.ask(asked))
    return site.ask(asked)[0][0]


def _until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _log(site: Site) -> list[dict[str, Any]]:
    lines = (site.folder / "daemon.log").read_bytes().decode().split("\n")[:-1]
    return [json.loads(line) for line in lines]


@contextmanager
def _daemon(site: Site) -> Iterator["subprocess.Popen[bytes]"]:
    command = [PROGRAM, "run", "--config", str(site.config), "--log", "json"]
    with (site.folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "SYNCD_LANG": "en"}
        )
    try:
        _until(lambda: any(line["event"] == "posting" for line in _log(site)))
        yield process
    finally:
        process.kill()
        process.wait(WAIT_S_MAX)
