"""A server as a process of the tests: unprivileged, on a free port, and gone when they are."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Process:
    """A server that may be stopped, killed and started again. `account` is who runs it when the tests are root; by
    default they themselves."""

    def __init__(self, directory: Path, account: str = "", death: str = "KILL") -> None:
        self._directory = directory
        self._log = directory / "log"
        self._prefix = ["setpriv", f"--pdeathsig={death}", *_as(account), "--"]
        self._running: subprocess.Popen[bytes] | None = None

    def once(self, command: Sequence[str]) -> None:
        """Run a command to its end, as the server would be run."""
        done = subprocess.run(
            [*self._prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self._directory
        )
        assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-2000:]}"

    def start(self, command: Sequence[str], answers: Callable[[], bool]) -> None:
        """Start, and return once the server answers."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen([*self._prefix, *command], stdout=log, stderr=log, cwd=self._directory)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not answers():
            if self._running.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace")[-2000:]
                raise AssertionError(f"{Path(command[0]).name} did not start:\n{said}")
            time.sleep(0.02)

    def send(self, how: signal.Signals) -> None:
        """Send a signal."""
        assert self._running is not None
        self._running.send_signal(how)

    def stop(self, how: signal.Signals) -> None:
        """Send a signal and wait for the end."""
        if self._running is None:
            return
        self._running.send_signal(how)
        self._running.wait(STOP_SECONDS_MAX)
        self._running = None


@contextmanager
def own_directory(name: str, account: str = "") -> Iterator[Path]:
    """A new directory that belongs to the server's account; removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix=f"syncd-{name}-"))
    if account and os.geteuid() == 0:
        shutil.chown(directory, account, account)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@cache
def closed_port() -> int:
    """Where nobody listens, nor will: it is held. A free one may be given to the next server that is started, which may
    take a minute to say that it speaks another language."""
    _HELD.bind(("127.0.0.1", 0))
    return int(_HELD.getsockname()[1])


_HELD = socket.socket()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _as(account: str) -> list[str]:
    return [f"--reuid={account}", f"--regid={account}", "--init-groups"] if account and os.geteuid() == 0 else []
