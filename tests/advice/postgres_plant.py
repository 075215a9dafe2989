"""A company whose EAM and finance are on PostgreSQL, with the commands and the daemon within this process: quicker than
the installed command, and the same code."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest import mock

import yaml

from syncd import language, wiring
from syncd.cli import main
from syncd.daemon.supervisor import Runner
from syncd.demo import company
from syncd.mapping.language import load as meanings
from tests.acceptance.databases import connected
from tests.acceptance.plant import MONTH, Plant
from tests.servers import Postgres
from tests.shipped import copied

BY = ("--actor", "accountant", "--reason", "advice")
TODAY = MONTH.replace(day=10)


class Here(Plant):
    """A plant whose commands and daemon run in this process. Each pipeline's only source may be set otherwise."""

    @property
    def mapping(self) -> Path:
        """The mapping, a copy that may be edited."""
        return self.config.parent / "mappings" / "demo.yaml"

    @property
    def source(self) -> dict[str, Any]:
        """What is set of the source."""
        return dict(yaml.safe_load(self.config.read_text("utf-8"))["pipelines"]["demo"]["source"])

    def set(self, **settings: object) -> None:
        """Edit the source's settings; None takes one away."""
        config = yaml.safe_load(self.config.read_text("utf-8"))
        source = config["pipelines"]["demo"]["source"] | settings
        config["pipelines"]["demo"]["source"] = {name: value for name, value in source.items() if value is not None}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")

    def rewrite(self, was: str, is_now: str) -> None:
        """Edit the mapping."""
        text = self.mapping.read_text("utf-8")
        assert text.count(was) == 1, was
        self.mapping.write_text(text.replace(was, is_now), "utf-8")

    def hear(self, *arguments: str) -> str:
        """Run a command that may complain; what it says."""
        done = self._done(*arguments)
        return done.stdout + done.stderr

    @contextmanager
    def carrying(self) -> Iterator[Runner]:
        """The daemon for the length of the block."""
        stop = threading.Event()
        runner = wiring.pipeline(self.config, "demo").runner(stop)
        runner.start()
        try:
            yield runner
        finally:
            stop.set()
            runner.join()
        assert not runner.failures, runner.failures

    def halted(self, *harm: str) -> str:
        """Let the daemon run, do something to the EAM, and wait until the daemon has given up; what `status` says."""
        stop = threading.Event()
        runner = wiring.pipeline(self.config, "demo").runner(stop)
        runner.start()
        try:
            if harm:
                self.settled()
            for statement in harm:
                self.eam.execute(statement)
            self.until("the daemon to halt", lambda: not runner.is_alive())
        finally:
            stop.set()
            runner.join()
        return self.hear("status")

    def _run(self, expect: int, *arguments: str) -> CompletedProcess[str]:
        done = self._done(*arguments)
        assert done.returncode == expect, f"syncd {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def _done(self, *arguments: str) -> CompletedProcess[str]:
        typed = ["syncd", "--lang", "en", *arguments, "--config", str(self.config)]
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        try:
            with mock.patch.object(sys, "argv", typed), redirect_stdout(out), redirect_stderr(err):
                try:
                    main()
                except SystemExit as ended:
                    code = int(ended.code or 0)
        finally:
            language.choose(None)
        told = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        return CompletedProcess(typed, code, *told)


@contextmanager
def built(server: Postgres, directory: Path, is_full: bool = True, **source: object) -> Iterator[Here]:
    """A company without devices, migrated, its mapping accepted; nothing was read yet. With `is_full` the log has whole
    old rows."""
    eam_dsn, finance_dsn = server.create_database(), server.create_database()
    with (
        mock.patch.object(meanings, "load", _compiled_once()),
        closing(connected(eam_dsn)) as its_eam,
        closing(connected(finance_dsn)) as finance,
    ):
        company.create(its_eam, "eam", its_eam.kind)
        company.create(finance, "finance", finance.kind)
        company.settle_eam(its_eam, MONTH, 0)
        company.settle_finance(finance, its_eam, MONTH)
        made = Here(its_eam, finance, directory / "syncd.yaml")
        if is_full:
            for (table,) in its_eam.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
                its_eam.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        _write(made, {"kind": "postgres", "dsn": eam_dsn, "slot": f"syncd_{its_eam.name}", **source}, finance_dsn)
        made.syncd("migrate")
        made.syncd("mapping", "accept", *BY)
        try:
            yield made
        finally:
            server.drop_database(eam_dsn)
            server.drop_database(finance_dsn)


def _compiled_once() -> Callable[[Path], meanings.Mapping]:
    """A mapping is compiled again when somebody has edited it. Each command would, which takes most of its time."""
    load, compiled = meanings.load, {}

    def loaded(path: Path) -> meanings.Mapping:
        text = path.read_text("utf-8")
        if (path, text) not in compiled:
            compiled[path, text] = load(path)
        return compiled[path, text]

    return loaded


def _write(made: Here, source: dict[str, object], finance_dsn: str) -> None:
    copied(made.mapping.parent)
    ends = {"mapping": str(made.mapping), "source": source, "ledger": {"kind": "postgres", "dsn": finance_dsn}}
    made.config.write_text(json.dumps({"pipelines": {"demo": ends}}), "utf-8")
