"""A whole system that is not ours: an EAM and a ledger by their own DDL, the files of an example of the documentation
between them, the daemon as a user runs it, and somebody who kills it while finance is being written."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from syncd import statements
from tests.acceptance.databases import Database, connected
from tests.advice.command import fine, syncd
from tests.tidy.tree import ROOT

EXAMPLES: Final = ROOT / "docs" / "examples"
WAIT_S_MAX: Final = 120.0
CHECKS_MAX: Final = 6
Work = Sequence[Sequence[str]]
"""What people do in the EAM: transactions, each of some statements."""


class Story(NamedTuple):
    """What happens in a system, and what comes of it. `journal` is a SELECT over finance, a row an entry: what the
    voucher is called, its day, its summary, the entry's account with whatever else tells it apart, its amount, debit
    less credit."""

    example: str
    before: Work
    midst: Work
    after: Work
    journal: str
    vouchers_before: Sequence[str]
    vouchers: Sequence[str]
    """All in the end, each as `spelled` writes it."""
    held: str
    """The table of finance's that is held while the daemon is killed: it has begun to write by then."""
    planted: str
    """A statement in finance that makes a difference."""
    difference: Mapping[str, str]
    """The assets that the reconciliation then tells, each with what finance has more."""
    undone: str
    """What takes it back."""


class System:
    """Both databases, open to their own people, and the example's files."""

    def __init__(self, story: Story, eam: Database, finance: Database, log: Path) -> None:
        self.story, self.eam, self.finance, self._log = story, eam, finance, log
        self.config = EXAMPLES / story.example / "syncd.yaml"

    def do(self, work: Work) -> None:
        """Let the EAM's people work."""
        for transaction in work:
            with self.eam.transaction():
                for statement in transaction:
                    self.eam.execute(statement)

    def vouchers(self) -> list[str]:
        """All that finance holds, each as a line; they balance."""
        made = []
        for head, entries in groupby(self.finance.rows(self.story.journal), lambda row: row[:3]):
            amounts = [(str(account).strip(), Decimal(str(amount))) for *_, account, amount in entries]
            assert sum(amount for _, amount in amounts) == 0, head
            made.append(spelled(*map(str, head), *amounts))
        return made

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon for the length of the block, stopped as a service manager does unless it is dead by then."""
        command = [str(Path(sys.executable).with_name("syncd")), "run", "--config", str(self.config)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "SYNCD_LANG": "en"})
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S_MAX)

    def carry(self, expected: Sequence[str]) -> None:
        """Wait until these vouchers are there."""
        self.until(lambda: self.vouchers() == list(expected), lambda: "\n".join(self.vouchers()))

    def kill(self, daemon: subprocess.Popen[bytes], work: Work) -> None:
        """Let people work, and kill the daemon while it writes what they did."""
        with _held(self) as is_reached:
            self.do(work)
            self.until(is_reached, lambda: "finance was not written")
            daemon.kill()
            daemon.wait(WAIT_S_MAX)

    def until(self, condition: Callable[[], object], said: Callable[[], str]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain\n{said()}\n{self._log.read_text('utf-8')[-3000:]}")
            time.sleep(0.02)

    def follow_advice(self) -> None:
        """Let the DBA of each side run what `syncd check` prints, until it is content."""
        for _ in range(CHECKS_MAX):
            ended = syncd("check --json", self.config)
            (found,) = json.loads(ended.said).values()
            wrong = [finding for finding in found if finding["level"] == "error"]
            if not wrong:
                assert ended.code == 0
                return
            for finding in wrong:
                side = self.eam if finding["code"].startswith(("pg_", "mysql_")) else self.finance
                side.execute(finding["repair"])
        raise AssertionError(wrong)

    def syncd(self, typed: str, code: int = 0) -> str:
        """Run a command; what it says."""
        if not code:
            return fine(typed, self.config)
        ended = syncd(typed, self.config)
        assert ended.code == code, f"syncd {typed}: {ended.code}\n{ended.said}"
        return ended.said


def spelled(label: str, day: str, summary: str, *entries: tuple[str, Decimal]) -> str:
    """A voucher as a line: `转-1 2026-02-03 购入: 1601 +100.00, 1002 -100.00`."""
    return f"{label} {day} {summary}: {', '.join(f'{account} {amount:+.2f}' for account, amount in entries)}"


def script(database: Database, path: Path) -> None:
    """Run a file of statements as the database's own people would."""
    text = path.read_text("utf-8")
    if database.kind == "sqlite":
        database.connection.executescript(text)
    elif database.kind == "postgres":
        database.connection.cursor().execute(text)
    else:
        for statement in statements.script(text):
            database.connection.cursor().execute(statement)


def _held(system: System) -> AbstractContextManager[Callable[[], object]]:
    return {"postgres": _held_postgres, "mysql": _held_mariadb, "sqlite": _held_file}[system.finance.kind](system)


@contextmanager
def _held_postgres(system: System) -> Iterator[Callable[[], object]]:
    """A lock on a table: the daemon waits for it in the midst of its transaction."""
    table = system.story.held
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = CAST(? AS regclass)"
    with system.finance.transaction():
        system.finance.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        yield lambda: system.finance.value(waits, table)


@contextmanager
def _held_mariadb(system: System) -> Iterator[Callable[[], object]]:
    """Likewise."""
    waits = """SELECT 1 FROM "information_schema"."processlist" WHERE db = ? AND state LIKE 'Waiting for table%'"""
    with closing(connected(system.finance.dsn)) as holding:  # who holds a table may ask for no other
        holding.execute(f"LOCK TABLES {system.story.held} READ")
        yield lambda: system.finance.value(waits, system.finance.name)


@contextmanager
def _held_file(system: System) -> Iterator[Callable[[], object]]:
    """A file has one writer: the daemon waits with what it has read, which the EAM tells."""
    sent = {
        "postgres": "SELECT 1 FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid"
        " WHERE s.database = current_database() AND r.sent_lsn >= pg_current_wal_lsn()",
        "mysql": """SELECT 1 FROM "information_schema"."processlist" WHERE state LIKE '%has sent all binlog%'""",
    }
    with system.finance.transaction(), closing(connected(system.eam.dsn)) as asking:
        yield lambda: asking.value(sent[asking.kind])
