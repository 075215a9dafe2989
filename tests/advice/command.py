"""The command and the daemon within this process, which is quicker."""

import io
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
import structlog

from syncd import language, wiring
from syncd.cli import main
from syncd.daemon import supervisor
from syncd.demo.stage import Stage

BY = "--actor accountant --reason looked"


class Ended(NamedTuple):
    """A command that has ended: its exit code, and all that it said."""

    code: int
    said: str


def syncd(typed: str, config: Path | None = None) -> Ended:
    """Run what was typed behind `syncd` to its end, in English."""
    import_module("syncd.cli.app")  # before the language is chosen: what help says is settled when it is imported
    said = io.StringIO()
    with (
        patch.object(sys, "argv", ["syncd", *shlex.split(typed)]),
        patch.dict("os.environ", {"SYNCD_LANG": "en"} | ({} if config is None else {"SYNCD_CONFIG": str(config)})),
        redirect_stdout(said),
        redirect_stderr(said),
    ):
        try:
            main()
        except SystemExit as ended:
            return Ended(ended.code if isinstance(ended.code, int) else 0, said.getvalue())
        finally:
            language.choose(None)
    raise AssertionError("a command ends by its exit code")


def fine(typed: str, config: Path | None = None) -> str:
    """The same of a command that ends well; what it said."""
    ended = syncd(typed, config)
    assert ended.code == 0, f"syncd {typed}: {ended.code}\n{ended.said}"
    return ended.said


def refused(typed: str, config: Path | None = None, code: int = 2) -> str:
    """The same of a command that does not; what it said."""
    ended = syncd(typed, config)
    assert ended.code == code, f"syncd {typed}: {ended.code}\n{ended.said}"
    return ended.said


def config_of(stage: Stage) -> Path:
    """The configuration that joins the stage's two databases."""
    return stage.directory / "syncd.yaml"


@contextmanager
def daemon(config: Path, name: str) -> Iterator[supervisor.Worker]:
    """The daemon of a pipeline, for as long as the block lasts. It looks for an accepted mapping more often than
    usual."""
    stop = threading.Event()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # commands are heard on the same streams
    worker = supervisor.Worker(wiring.pipeline(config, name).spec(), stop)
    with pytest.MonkeyPatch.context() as often:
        often.setattr(supervisor, "REPLAY_INTERVAL_S", 0.02)
        worker.start()
        try:
            yield worker
        finally:
            stop.set()
            worker.join()
            structlog.reset_defaults()
