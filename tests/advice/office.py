"""An office in which rows get parked: the demonstration's EAM and finance on SQLite with a mapping that may be edited,
the daemon between them, and the commands that a clerk types, read where the clerk reads them."""

import io
import logging
import re
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import pytest
import structlog

from syncd import language, wiring
from syncd.cli import main, output
from syncd.daemon.supervisor import Worker
from syncd.demo import eam
from syncd.demo.eam import Device
from syncd.demo.stage import Stage, built
from tests.advice import heard
from tests.due import due
from tests.shipped import copied

TODAY: Final = date(2026, 11, 20)
DEVICES: Final = 6
BY: Final = "--actor clerk --reason advised"
Case = Generator[None, str, None]
"""What happens to an asset until a row is parked. Then it is sent what the clerk is shown, and does one of the things
that are advised; it may go on to park another row for the next."""
_UNDONE: Final = (
    "SELECT count(*) FROM syncd_parked WHERE request <> '' AND settled_at IS NULL",
    due("syncd_"),
)


class Office(NamedTuple):
    """What stands there, and what people in it do."""

    stage: Stage

    @property
    def mappings(self) -> Path:
        return self.stage.directory / "mappings"

    def type(self, typed: str, expect: int = 0) -> str:
        """A command within this process; all that it says."""
        return type_in(self.stage.directory, typed, expect)

    def do(self, shown: str, what: str = "") -> None:
        """The command that stands in what was shown, the only one or that which begins so, by its letters."""
        found = [command for command in commands(shown) if command.startswith(what)]
        assert len(found) == 1, (what, found)
        self.type(found[0].replace("--actor NAME --reason TEXT", BY))

    def write(self, sql: str, *values: object) -> None:
        """In the EAM."""
        self.stage.eam.execute(sql, values)

    def book(self, sql: str, *values: object) -> None:
        """In finance, by hand."""
        self.stage.finance.execute(sql, values)

    def edit(self, file: str, *texts: tuple[str, str]) -> None:
        """Change a file of the mapping, text for text, and answer for it."""
        replace(self.mappings / file, *texts)
        self.type(f"mapping accept {BY}")

    def rest(self) -> None:
        """Until all that was written and asked for is carried."""
        (highest,) = self.stage.eam.execute("SELECT max(id) FROM supplier").fetchone()
        self.write("INSERT INTO supplier VALUES (?, ?, 'marker')", highest + 1, f"marker-{highest + 1}")
        arrived = "SELECT 1 FROM syncd_mirror WHERE source_table = 'supplier' AND key = ?"
        self.stage.wait(lambda: bool(self.stage.rows(arrived, str(highest + 1))))
        self.stage.wait(lambda: not any(self.stage.rows(undone)[0][0] for undone in _UNDONE))

    def parked(self) -> list[tuple[object, ...]]:
        """The open rows: number, state and code."""
        return self.stage.rows("SELECT id, state, code FROM syncd_parked WHERE settled_at IS NULL ORDER BY id")

    def show(self, state: str = "failed") -> str:
        """The parked row in this state, as it is shown."""
        (number,) = (number for number, its, _ in self.parked() if its == state)
        return self.type(f"parked show {number}")

    def posted(self, asset: str) -> list[str]:
        """What was made of an asset and of those whose codes begin with its code, rule by rule."""
        sql = "SELECT rule FROM syncd_posting WHERE subject LIKE ? ORDER BY seq"
        return [rule for (rule,) in self.stage.rows(sql, f"{asset}%")]

    def enter(self, asset: str, value: Decimal | str = Decimal("10000.00"), **other: Any) -> int:
        """A device is registered in the EAM; its id."""
        device = Device(asset, "数控车床", "JQSB", 1, value, TODAY)
        return eam.register(self.stage.eam, [device._replace(**other)])[0]

    def follow(self, code: str, case: Callable[["Office", str], Case], state: str = "failed") -> list[str]:
        """Park a row for a reason, show it, and do what is advised, once for each way out: nothing is parked any more,
        and finance is equal to the EAM. What was posted for the asset."""
        (number,) = self.stage.eam.execute("SELECT max(id) FROM asset").fetchone()
        asset = f"FA-XX-{number:04}"
        steps = case(self, asset)
        next(steps)
        while True:
            self.rest()
            shown = self.show(state)
            heard(code, shown)
            with suppress(StopIteration):
                steps.send(shown)
                continue
            break
        self.rest()
        assert self.parked() == []
        assert not self.stage.pipeline.reconcile().alerting
        return self.posted(asset)


def type_in(directory: Path, typed: str, expect: int = 0) -> str:
    """A command on the configuration of a folder, with nobody at a terminal; all that it says."""
    told = io.StringIO()
    config = str(directory / "syncd.yaml")
    with (
        patch.object(sys, "argv", ["syncd", "--lang", "en", *shlex.split(typed), "--config", config]),
        patch.object(output.console, "_width", 250),
        patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(told),
        redirect_stderr(told),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert (ended.value.code or 0) == expect, f"syncd {typed}: {ended.value.code}\n{told.getvalue()}"
    return told.getvalue()


def commands(shown: str) -> Sequence[str]:
    """The commands that are named in what was said, without the program's name."""
    return re.findall(r"`syncd ([^`]+)`", " ".join(shown.split()))


def replace(path: Path, *texts: tuple[str, str]) -> None:
    """Change a file, text for text."""
    text = path.read_text("utf-8")
    for old, new in texts:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


@contextmanager
def daemon(pipeline: wiring.Pipeline) -> Iterator[None]:
    """The daemon of a pipeline for the length of the block."""
    stop = Event()
    worker = Worker(pipeline.spec(), stop)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


@contextmanager
def opened(directory: Path, prepare: Callable[[Path], object] = lambda mappings: None) -> Iterator[Office]:
    """The office, its daemon running, with what it brings from before in the books. Its mapping may be prepared."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the daemon's words are not the command's
    with built(directory, DEVICES, TODAY) as stage:
        prepare(copied(directory / "mappings"))
        config = directory / "syncd.yaml"
        config.write_text(config.read_text("utf-8").replace("shipped:", "mappings/"), "utf-8")
        stage.pipeline = wiring.pipeline(config, None)
        office = Office(stage)
        office.type(f"mapping accept {BY}")
        with daemon(stage.pipeline):
            stage.wait(lambda: stage.rows("SELECT position FROM syncd_pipeline") not in ([], [(None,)]))
            yield office
        office.type("audit verify")
    structlog.reset_defaults()
    language.choose(None)
