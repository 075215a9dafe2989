"""The console as a service: systemd hears of it, its log is JSON, and finance need not be up."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from syncd import __version__
from tests.advice import advice, heard
from tests.console.site import Site
from tests.servers import free_port

PROGRAM = str(Path(sys.executable).with_name("syncd"))
WAIT_S_MAX = 60.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path)) as made:
        yield made


@advice("console_no_address")
def test_two_consoles_each_at_an_address_of_its_own(site: Site) -> None:
    """Whoever takes an address that another has is told to take another one."""
    port, other = free_port(), free_port()
    with _console(site, port) as first:
        refused = subprocess.run(
            _command(site, port), capture_output=True, text=True, env={**os.environ, "SYNCD_LANG": "en"}, timeout=60
        )
        assert refused.returncode == 3
        heard("console_no_address", refused.stderr)
        with _console(site, other) as second:
            for process in (first, second):
                process.send_signal(signal.SIGTERM)
                assert process.wait(WAIT_S_MAX) == 0
    said = [json.loads(line) for line in (site.folder / f"{port}.log").read_text("utf-8").splitlines()]
    assert [line["event"] for line in said] == ["started", "stopped"]
    assert {line["version"] for line in said} == {__version__}
    notified = (site.folder / f"{port}.heard").read_text("utf-8")
    assert notified.index("READY=1") < notified.index("STOPPING=1")
    assert "WATCHDOG=1" in notified


def _command(site: Site, port: int) -> list[str]:
    return [PROGRAM, "console", "--config", str(site.config), "--port", str(port), "--log", "json"]


@contextmanager
def _console(site: Site, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    address = site.folder / f"{port}.notify"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        (site.folder / f"{port}.log").open("wb") as log,
    ):
        systemd.bind(str(address))
        systemd.settimeout(WAIT_S_MAX)
        process = subprocess.Popen(
            _command(site, port), stdout=log, stderr=log, env={**os.environ, "NOTIFY_SOCKET": str(address)}
        )
        try:
            told = systemd.recv(4096)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=WAIT_S_MAX) as answer:
                assert answer.status == 200
            yield process
            deadline = time.monotonic() + WAIT_S_MAX
            while b"STOPPING=1" not in told and time.monotonic() < deadline:
                told += b"\n" + systemd.recv(4096)
            (site.folder / f"{port}.heard").write_bytes(told)
        finally:
            process.kill()
            process.wait(WAIT_S_MAX)
