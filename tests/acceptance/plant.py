"""A company on real PostgreSQL: its EAM and its finance database, the shipped mapping between them, and the daemon
as a user runs it. The people of `syncd.demo.eam` work in it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from syncd.demo import company
from syncd.files import shipped

MONTH = date(2026, 2, 1)
DEMO = shipped("mappings", "demo.yaml")
WAIT_SECONDS_MAX = 60.0


class Database:
    """A PostgreSQL connection in autocommit mode that takes `?` parameters, as `syncd.demo.eam` wants it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.open()

    def open(self) -> None:
        """Connect, or connect again after the server was away."""
        self.connection = psycopg2.connect(self._dsn)
        self.connection.autocommit = True
        self._cursor = self.connection.cursor()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        self._cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(parameters))
        return self._cursor

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> Any:
        for row in parameters:
            self.execute(sql, row)
        return self._cursor

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return list(self.execute(sql, parameters).fetchall())

    def value(self, sql: str, *parameters: object) -> Any:
        found = self.rows(sql, *parameters)
        return found[0][0] if found else None

    def close(self) -> None:
        self.connection.close()


class Plant(NamedTuple):
    """Both databases, open, and the configuration that joins them."""

    eam: Database
    finance: Database
    config: Path

    def syncd(self, *arguments: str, expect: int = 0) -> str:
        """Run a command to its end; its output."""
        done = subprocess.run(self._command(*arguments), capture_output=True, text=True, env=_environment(), timeout=60)
        assert done.returncode == expect, f"syncd {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str, expect: int = 0) -> Any:
        """Run a command with `--json`; what it printed."""
        return json.loads(self._run(expect, *arguments, "--json").stdout)

    def start(self) -> subprocess.Popen[bytes]:
        """The daemon; the caller stops it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command("run"), stdout=log, stderr=log, env=_environment())

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon for the length of the block, stopped by SIGTERM."""
        process = self.start()
        try:
            self.until("the snapshot", lambda: self.finance.value("SELECT position FROM syncd.pipeline") is not None)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def until(self, what: str, condition: Callable[[], object], seconds_max: float = WAIT_SECONDS_MAX) -> float:
        """Wait for a condition; returns how many seconds it took."""
        started = time.monotonic()
        while not condition():
            waited = time.monotonic() - started
            assert waited < seconds_max, f"waited {waited:.0f} s in vain for {what}\n{self.log_tail()}"
            time.sleep(0.02)
        return time.monotonic() - started

    def settled(self) -> None:
        """Wait until a marker committed now has been carried, and with it everything before it."""
        marker = self.eam.value("SELECT coalesce(max(id), 0) + 1 FROM supplier")
        self.eam.execute("INSERT INTO supplier VALUES (?, ?, '标记')", (marker, f"marker-{marker}"))
        arrived = "SELECT 1 FROM syncd.mirror WHERE source_table = 'supplier' AND key = ?"
        self.until("everything before a marker", lambda: self.finance.value(arrived, str(marker)))
        open_requests = (
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM syncd.parked WHERE request <> '' AND settled_at IS NULL)"
            " OR EXISTS (SELECT 1 FROM syncd.collected WHERE due = 1 AND posted = '')"
        )
        self.until("requests and due groups", lambda: not self.finance.rows(open_requests))

    @property
    def log(self) -> Path:
        return self.config.with_name("daemon.log")

    def log_tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-3000:] if self.log.exists() else ""

    def _run(self, expect: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), timeout=60)
        assert done.returncode == expect, f"syncd {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def _command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("syncd")), *arguments, "--config", str(self.config)]


@contextmanager
def plant(directory: Path, eam_dsn: str, finance_dsn: str, devices: int = 0, mapping: Path = DEMO) -> Iterator[Plant]:
    """A company with `devices` old devices, migrated, its mapping accepted; the daemon does not run yet."""
    eam, finance = Database(eam_dsn), Database(finance_dsn)
    company.create(eam, "eam", sqlite=False)
    for (table,) in eam.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        eam.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
    company.create(finance, "finance", sqlite=False)
    company.settle_eam(eam, MONTH, devices)
    company.settle_finance(finance, eam, MONTH)
    config = directory / "syncd.yaml"
    config.write_text(
        f"""
pipelines:
  demo:
    mapping: {mapping}
    source: {{kind: postgres, dsn: "{eam_dsn}", slot: "syncd_{eam.value("SELECT current_database()")}"}}
    ledger: {{kind: postgres, dsn: "{finance_dsn}"}}
""",
        "utf-8",
    )
    made = Plant(eam, finance, config)
    made.syncd("migrate")
    made.syncd("mapping", "accept", "--actor", "accountant", "--reason", "acceptance")
    try:
        yield made
    finally:
        eam.close()
        finance.close()


def _environment() -> dict[str, str]:
    return {**os.environ, "SYNCD_LANG": "en", "COLUMNS": "200"}
