"""A company in which advice is followed: its EAM on any server, its finance database in a file, and every command and
the daemon within this process, which is quicker."""

import io
import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

from syncd import wiring
from syncd.cli import main, output
from syncd.demo import company, eam
from tests.acceptance.databases import Database, connected
from tests.acceptance.plant import DEMO, MONTH
from tests.acceptance.test_repair import tools
from tests.shipped import copied
from tests.working import running

BY = "--actor accountant --reason 'as advised'"
WAIT_S_MAX = 60.0
WIDTH = 400


class Company:
    """What its people do, what they type and what they read."""

    def __init__(self, directory: Path, its_eam: Database, source: Mapping[str, Any]) -> None:
        self.eam, self.finance = its_eam, connected(str(directory / "finance.db"))
        self.config, self.source = directory / "syncd.yaml", dict(source)
        self.limits: dict[str, object] = {}
        self._mapping, self._registered = DEMO, 0
        self.set_source()

    def set_source(self, mapping: Path | None = None, **settings: object) -> None:
        """Write the configuration, with the mapping and the settings of the source as they are from now on; one that
        is None is taken out."""
        self._mapping = mapping or self._mapping
        self.source = {name: value for name, value in {**self.source, **settings}.items() if value is not None}
        ledger = {"kind": "sqlite", "path": self.finance.dsn}
        ends = {"mapping": str(self._mapping), "source": self.source, "ledger": ledger, **self.limits}
        lines = [f"    {name}: {json.dumps(end, ensure_ascii=False)}" for name, end in ends.items()]
        self.config.write_text("\n".join(["pipelines:", "  demo:", *lines, ""]), "utf-8")

    def syncd(self, typed: str, expect: int | None = 0) -> str:
        """Run a command, with or without `syncd` in front of it; what it says."""
        words = ["syncd", *shlex.split(typed.removeprefix("syncd ")), "--config", str(self.config)]
        said, complained = io.StringIO(), io.StringIO()
        code: object = None
        with redirect_stdout(said), redirect_stderr(complained), mock.patch.object(sys, "argv", words), _wide():
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
        told = said.getvalue() + ("" if "--json" in words else complained.getvalue())
        assert expect in (None, code), f"{typed}: {code}\n{told}{complained.getvalue()}"
        return told

    def json(self, typed: str) -> Any:
        """Run a command with `--json`; what it says."""
        return json.loads(self.syncd(f"{typed} --json"))

    def halted(self, harm: Callable[[], object] | None = None) -> str:
        """Let the daemon run until it stops by itself, for what is done once it runs; what `status` then says."""
        stop = threading.Event()
        worker = self.pipeline.runner(stop)
        worker.start()
        try:
            if harm is not None:
                self.settled()
                harm()
            self.until(lambda: not worker.is_alive())
        finally:
            stop.set()
            worker.join()
        assert worker.failures
        return self.syncd("status", expect=1)

    def running(self) -> AbstractContextManager[None]:
        """The daemon for as long as the block lasts."""
        return running(self.pipeline)

    @property
    def pipeline(self) -> wiring.Pipeline:
        return wiring.pipeline(self.config, None)

    def register(self, count: int = 1) -> list[int]:
        """New devices in the EAM; their ids."""
        self._registered += count
        return eam.register(self.eam, tools(count, self._registered - count + 1))

    def settled(self) -> None:
        """Wait until all that was committed by now has been carried."""
        marker = self.eam.value("SELECT coalesce(max(id), 0) + 1 FROM supplier")
        self.eam.execute("INSERT INTO supplier VALUES (?, ?, '标记')", (marker, f"marker-{marker}"))
        arrived = "SELECT 1 FROM syncd_mirror WHERE source_table = 'supplier' AND key = ?"
        self.until(lambda: self.finance.value(arrived, str(marker)))

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not condition():
            assert time.monotonic() < deadline, self.syncd("status", expect=None)
            time.sleep(0.01)

    def goes_on(self) -> None:
        """Nothing is in the way, and what comes is carried."""
        self.syncd("check")
        with self.running():
            self.register()
            self.settled()

    def is_green(self) -> None:
        """Nothing is in the way any more, nothing is missing and nothing is twice."""
        self.goes_on()
        assert (parked := self.json("parked list")) == [], parked
        assert (found := self.json("reconcile"))["differing"] == 0, found
        assert (missing := self.json(f"repair --force --yes {BY}"))["postings"] == {}, missing


@contextmanager
def founded(directory: Path, eam_dsn: str, source: Mapping[str, Any]) -> Iterator[Company]:
    """A company of a few old devices, its ledger migrated and its mapping accepted; nothing was read yet."""
    with ExitStack() as kept:
        its_eam = kept.enter_context(closing(connected(eam_dsn)))
        made = Company(directory, its_eam, source)
        kept.enter_context(closing(made.finance))
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # the daemon's log stays out of commands
        kept.callback(structlog.reset_defaults)
        kept.enter_context(mock.patch.dict(os.environ, {"SYNCD_LANG": "en"}))
        kept.enter_context(mock.patch.object(wiring.meanings, "load", cache(wiring.meanings.load)))  # it takes 0.3 s
        if its_eam.kind == "sqlite":
            its_eam.execute("PRAGMA journal_mode = WAL")
        company.create(its_eam, "eam", its_eam.kind)
        company.create(made.finance, "finance", "sqlite")
        company.settle_eam(its_eam, MONTH, 2)
        company.settle_finance(made.finance, its_eam, MONTH)
        made.syncd("migrate")
        made.syncd(f"mapping accept {BY}")
        yield made


def variant(directory: Path, name: str, old: str, new: str) -> Path:
    """The mapping in another wording, in a folder of its own."""
    path = copied(directory / name) / DEMO.name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@contextmanager
def _wide() -> Iterator[None]:
    """No line is broken."""
    widths = output.console.width, output.errors.width
    output.console.width = output.errors.width = WIDTH
    try:
        yield
    finally:
        output.console.width, output.errors.width = widths
