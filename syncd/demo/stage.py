"""Where the demonstration plays: both databases in one folder, the real daemon between them, and a view of what it
has done that is read from the databases alone."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from syncd import migrate, wiring
from syncd.daemon import supervisor
from syncd.demo import company
from syncd.desk.parked import operators
from syncd.errors import Fault, Halt

PIPELINE: Final = "demo"
WAIT_S_MAX: Final = 60.0
POLL_S: Final = 0.005
ACTOR: Final = operators.Actor("demo", "demonstration")
CONFIG: Final = """\
pipelines:
  {name}:
    mapping: shipped:demo.yaml
    source: {{kind: changelog, dialect: sqlite, database: {eam}}}
    ledger: {{kind: sqlite, path: {finance}}}
"""


class File(sqlite3.Connection):
    """One of the two databases, open to look at and to work in."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; waits for its turn to write before it reads."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")


class Entry(NamedTuple):
    """A line of a voucher as finance holds it."""

    account: str
    name: str
    summary: str
    dept: str | None
    debit: Decimal
    credit: Decimal


class Voucher(NamedTuple):
    """A voucher as finance holds it."""

    ref: str
    date: str
    summary: str
    entries: tuple[Entry, ...]


class Parked(NamedTuple):
    """A parked row as the clerk finds it."""

    id: int
    subject: str
    state: str
    code: str
    params: dict[str, str]


class Stage:
    """The two databases, open to look at and, on the EAM's side, to work in."""

    def __init__(self, directory: Path, eam: File, finance: File, today: date) -> None:
        self.directory, self.eam, self.finance, self.today = directory, eam, finance, today
        self.pipeline = wiring.pipeline(directory / "syncd.yaml", PIPELINE)
        self.failures: list[Fault] = []

    def posted(self, rule: str, subjects: Sequence[str]) -> list[Voucher]:
        """Wait until a rule has posted each of the subjects; the vouchers that this made."""
        marks = ", ".join("?" * len(subjects))
        sql = f"SELECT voucher FROM syncd_posting WHERE rule = ? AND subject IN ({marks}) ORDER BY seq"
        self.wait(lambda: len(self.rows(sql, rule, *subjects)) >= len(subjects))
        return [self.voucher(str(ref)) for (ref,) in self.rows(sql, rule, *subjects) if ref]

    def parked(self, subject: str) -> Parked:
        """Wait until a row of the subject is parked."""
        sql = "SELECT id, subject, state, code, params FROM syncd_parked WHERE subject = ? AND settled_at IS NULL"
        self.wait(lambda: bool(self.rows(sql, subject)))
        row = self.rows(sql, subject)[0]
        return Parked(row[0], row[1], row[2], row[3], json.loads(row[4]))

    def approve(self, parked: Parked) -> None:
        """Finance agrees."""
        with closing(self.pipeline.open_ledger()) as ledger:
            operators.approve(ledger, PIPELINE, parked.id, ACTOR, "finance")

    def wait(self, reached: Callable[[], bool]) -> None:
        """Until it is so. Raises what halted the daemon, or Halt when it takes too long."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not reached():
            if self.failures:
                raise self.failures[0]
            if time.monotonic() > deadline:
                raise Halt("demo_stuck", seconds=int(WAIT_S_MAX))
            time.sleep(POLL_S)

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """Rows from finance."""
        return self.finance.execute(sql, params).fetchall()

    def voucher(self, ref: str) -> Voucher:
        """A voucher by what people call it: `2026-02 记-12`."""
        period, numbered = ref.split(" ")
        kind, number = numbered.rsplit("-", 1)
        key = (period, kind, int(number))
        ((day, summary),) = self.rows(
            "SELECT voucher_date, summary FROM gl_voucher WHERE period = ? AND type = ? AND number = ?", *key
        )
        entries = self.rows(
            "SELECT e.account, a.name, e.summary, e.dept, e.debit, e.credit FROM gl_entry e"
            " JOIN gl_account a ON a.code = e.account"
            " WHERE e.period = ? AND e.type = ? AND e.number = ? ORDER BY e.line",
            *key,
        )
        return Voucher(
            ref,
            day,
            summary,
            tuple(Entry(row[0], row[1], row[2], row[3], Decimal(row[4]), Decimal(row[5])) for row in entries),
        )


@contextmanager
def built(directory: Path, devices: int, today: date) -> Iterator[Stage]:
    """Both databases, made new in the folder, with the changelog's triggers in the EAM, syncd's tables in finance,
    and the mapping accepted."""
    paths = {name: directory / f"{name}.db" for name in ("eam", "finance")}
    for path in paths.values():
        for left in directory.glob(f"{path.name}*"):
            left.unlink()
    (directory / "syncd.yaml").write_text(CONFIG.format(name=PIPELINE, **paths), "utf-8")
    with closing(opened(paths["eam"])) as eam, closing(opened(paths["finance"])) as finance:
        company.create(eam, "eam", "sqlite")
        company.create(finance, "finance", "sqlite")
        company.settle_eam(eam, today, devices)
        company.settle_finance(finance, eam, today)
        stage = Stage(directory, eam, finance, today)
        pipeline = stage.pipeline
        pipeline.triggers.install(pipeline.source_settings, pipeline.mapping.source_tables)
        with closing(pipeline.open_ledger()) as ledger:
            migrate.migrate(ledger, datetime.now(UTC))
            operators.accept(ledger, pipeline.mapping.name, pipeline.mapping.hash, ACTOR)
        yield stage


@contextmanager
def running(stage: Stage) -> Iterator[None]:
    """The daemon, for as long as the block lasts."""
    stop = threading.Event()

    def run() -> None:
        stage.failures = supervisor.supervise([stage.pipeline.runner(stop)], stop)

    daemon = threading.Thread(target=run, name="daemon")
    daemon.start()
    try:
        yield
    finally:
        stop.set()
        daemon.join()


def opened(path: Path) -> File:
    """A database in a file, made where there is none."""
    connection = sqlite3.connect(path, factory=File, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection
