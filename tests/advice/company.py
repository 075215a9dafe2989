"""A company whose commands and daemon run in this process, which is quicker: its EAM is a SQLite file, its finance
what a test gives it, its mapping a copy that may be edited."""

import io
import json
import re
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from syncd import wiring
from syncd.cli import main
from syncd.daemon import supervisor
from syncd.demo import company, eam
from syncd.demo.eam import Device
from syncd.demo.stage import File, opened
from syncd.errors import Fault
from tests.acceptance.databases import Database, connected
from tests.shipped import copied, with_shared, without_kinds

MONTH = date(2026, 2, 1)
WAIT_S_MAX = 120.0
BY = "--actor accountant --reason advised"
RULES = ("registration", "registration_deleted", "repair")
"""Those of the demonstration that are kept: a command reads the mapping, and all of them take four times as long."""


class Company(NamedTuple):
    """Both databases, open; `failures` is why the daemon halted."""

    directory: Path
    eam: File
    finance: Database
    failures: list[Fault]

    @property
    def config(self) -> Path:
        return self.directory / "syncd.yaml"

    @property
    def mapping(self) -> Path:
        return self.directory / "mappings" / "demo.yaml"

    @property
    def layout(self) -> Path:
        return self.directory / "mappings" / "finance" / "demo.yaml"

    def syncd(self, typed: str, expect: int = 0) -> str:
        """Run a command; what it said."""
        code, said = command(f"{typed} --config {self.config}")
        assert code == expect, f"syncd {typed}: {code}\n{said}"
        return said

    def json(self, typed: str, expect: int = 0) -> Any:
        return json.loads(self.syncd(f"{typed} --json", expect))

    def follow(self, printed: str) -> str:
        """Run a command as it is printed, with who does it and why."""
        return self.syncd(f"{printed.removeprefix('syncd ')} {BY}")

    def register(self, code: str, **fields: Any) -> None:
        """A machine is bought."""
        device = Device(code, code, "JQSB", 1, Decimal("2000.00"), MONTH)
        eam.register(self.eam, [device._replace(**fields)])

    def posted(self, code: str) -> int:
        sql = "SELECT count(*) FROM syncd.posting WHERE rule = 'registration' AND subject = ?"
        return int(self.finance.value(sql, code))

    def parked(self, code: str = "") -> list[tuple[int, str]]:
        """The rows that are parked, of an asset or of all: number and reason."""
        sql = "SELECT id, code FROM syncd.parked WHERE settled_at IS NULL AND (subject = ? OR ? = '') ORDER BY id"
        return [(int(number), str(reason)) for number, reason in self.finance.rows(sql, code, code)]

    def edit(self, path: Path, was: str, is_now: str) -> None:
        text = path.read_text("utf-8")
        assert was in text, f"{was} is not in {path.name}"
        path.write_text(text.replace(was, is_now), "utf-8")

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for it, as long as the daemon does not halt."""
        holds = waited(lambda: condition() or ("halted" if self.failures else ""))
        assert holds != "halted", self.failures

    def halted(self) -> None:
        """Run the daemon until it halts."""
        with self.running():
            waited(lambda: self.failures)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The daemon, for as long as the block lasts."""
        stop = threading.Event()
        self.failures.clear()

        runner = wiring.pipeline(self.config, "demo").runner(stop)

        def run() -> None:
            self.failures.extend(supervisor.supervise([runner], stop))

        daemon = threading.Thread(target=run)
        daemon.start()
        try:
            yield
        finally:
            stop.set()
            daemon.join()


def waited(condition: Callable[[], object]) -> object:
    """Until it holds; what it then is."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not (holds := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return holds


def command(typed: str) -> tuple[int, str]:
    """A command line within this process: its exit code, and what it said."""
    before, said = sys.argv, io.StringIO()
    sys.argv = ["syncd", *shlex.split(typed)]
    try:
        with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.getvalue()


def keep_rules(mappings: Path) -> None:
    """And say what no rule tells any more: of what kind a field of the card is."""
    mapping, layout = mappings / "demo.yaml", mappings / "finance" / "demo.yaml"
    layout.write_text(layout.read_text("utf-8").replace("{original_value: ", "{disposed_on: date, original_value: "))
    head, rules = mapping.read_text("utf-8").split("\nrules:\n")
    # Nothing is reconciled or closed here.
    head = re.sub(r"(?m)^  (by_hand|ready|input_vat):.*\n(?:    .*\n)+", "", head)
    each = re.split(r"(?m)^(?=  \w+:\n)", re.split(r"(?m)^(?=\w)", rules)[0])
    kept = [rule for rule in each if rule.partition(":")[0].strip() in RULES]
    assert len(kept) == len(RULES)
    mapping.write_text("".join([without_kinds(head), "\nrules:\n", *with_shared(kept, each, head)]), "utf-8")


@contextmanager
def in_english(log: Path) -> Iterator[None]:
    """For the length of a module; what a daemon logs goes to a file."""
    with pytest.MonkeyPatch.context() as patched, log.open("w", encoding="utf-8") as written:
        patched.setenv("SYNCD_LANG", "en")
        structlog.configure(
            [structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
            logger_factory=structlog.PrintLoggerFactory(written),
        )
        yield
        structlog.reset_defaults()


@contextmanager
def built(
    directory: Path, finance_dsn: str, ledger: dict[str, str], before: Callable[["Company"], object] = lambda made: None
) -> Iterator[Company]:
    """A company made new; finance is reached by its owner with `finance_dsn`, by syncd with `ledger`. `before` is what
    a DBA does before syncd's tables are made."""
    copied(directory / "mappings")
    keep_rules(directory / "mappings")
    with (
        in_english(directory / "daemon.log"),
        closing(opened(directory / "eam.db")) as its_eam,
        closing(connected(finance_dsn)) as finance,
    ):
        made = Company(directory, its_eam, finance, [])
        company.create(its_eam, "eam", "sqlite")
        company.create(finance, "finance", finance.kind)
        company.settle_eam(its_eam, MONTH, 0)
        company.settle_finance(finance, its_eam, MONTH)
        ends = {
            "mapping": "mappings/demo.yaml",
            "source": {"kind": "changelog", "dialect": "sqlite", "database": str(directory / "eam.db")},
            "ledger": ledger,
        }
        made.config.write_text(
            "\n".join(["pipelines:", "  demo:", *(f"    {name}: {json.dumps(end)}" for name, end in ends.items()), ""])
        )
        before(made)
        made.syncd("changelog install")
        made.syncd("migrate")
        made.syncd(f"mapping accept {BY}")
        made.syncd("snapshot")
        yield made
        made.syncd("audit verify")
        assert not made.finance.rows(
            "SELECT period FROM gl_voucher WHERE external_key IS NOT NULL GROUP BY period, external_key"
            " HAVING count(*) > 1"
        )
