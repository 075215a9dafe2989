"""A company on real servers: its EAM and its finance database, the shipped mapping between them, and the daemon
as a user runs it. The people of `syncd.demo.eam` work in it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from syncd import migrate as migrations
from syncd import wiring
from syncd.demo import company
from syncd.desk.parked import operators
from syncd.desk.parked.operators import Actor
from syncd.files import shipped
from tests.acceptance.databases import Database, connected
from tests.acceptance.routes import Carried, Route, by_log
from tests.due import due

MONTH = date(2026, 2, 1)
DEMO = shipped("mappings", "demo.yaml")
WAIT_SECONDS_MAX = 120.0


class Plant(NamedTuple):
    """Both databases, open, and the configuration that joins them."""

    eam: Database
    finance: Database
    config: Path

    def syncd(self, *arguments: str, expect: int = 0) -> str:
        """Run a command to its end; its output."""
        done = self._run(expect, *arguments)
        return done.stdout + done.stderr

    def json(self, *arguments: str, expect: int = 0) -> Any:
        """Run a command with `--json`; what it printed."""
        return json.loads(self._run(expect, *arguments, "--json").stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The daemon, or another command; the caller stops it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command(*(arguments or ("run",))), stdout=log, stderr=log, env=_environment())

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon for the length of the block, stopped by SIGTERM."""
        process = self.start()
        try:
            self.until("the snapshot", lambda: self.finance.value("SELECT position FROM syncd.pipeline") is not None)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(180)

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
        self.until("requests and due groups", lambda: not any(map(self.finance.value, _UNDONE)))

    @property
    def log(self) -> Path:
        return self.config.with_name("daemon.log")

    def log_tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-3000:] if self.log.exists() else ""

    def _run(self, expect: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), timeout=180)
        assert done.returncode == expect, f"syncd {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def _command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("syncd")), *arguments, "--config", str(self.config)]


_UNDONE = (
    "SELECT count(*) FROM syncd.parked WHERE request <> '' AND settled_at IS NULL",
    due("syncd."),
)


@contextmanager
def plant(
    directory: Path,
    eam_dsn: str,
    finance_dsn: str,
    devices: int = 0,
    mapping: Path = DEMO,
    carried: Carried = by_log,
    text_amounts: bool = False,
) -> Iterator[Plant]:
    """A company with `devices` old devices, migrated, its mapping accepted; the daemon does not run yet. `carried`
    brings the EAM's changes within its reach."""
    eam, finance = connected(eam_dsn), connected(finance_dsn)
    company.create(eam, "eam", eam.kind)
    if text_amounts:
        eam.retype("asset", "original_value", "text")
    if eam.kind == "postgres":
        for (table,) in eam.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            eam.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
    company.create(finance, "finance", finance.kind)
    company.settle_eam(eam, MONTH, devices)
    company.settle_finance(finance, eam, MONTH)
    config = directory / "syncd.yaml"
    made = Plant(eam, finance, config)
    try:
        with carried(eam) as source:
            ends = {"mapping": str(mapping), "source": source, "ledger": {"kind": finance.kind, "dsn": finance_dsn}}
            lines = [f"    {name}: {json.dumps(end, ensure_ascii=False)}" for name, end in ends.items()]
            config.write_text("\n".join(["pipelines:", "  demo:", *lines, ""]), "utf-8")
            begun(config)
            yield made
    finally:
        eam.close()
        finance.close()


@contextmanager
def plant_on(
    route: Route, directory: Path, devices: int = 0, mapping: Path = DEMO, text_amounts: bool = False
) -> Iterator[Plant]:
    """A plant on two new databases of a route's servers; with `text_amounts` people may type anything for an amount."""
    eam_dsn, finance_dsn = route.eam.create_database(), route.finance.create_database()
    try:
        with plant(directory, eam_dsn, finance_dsn, devices, mapping, route.carried, text_amounts) as made:
            yield made
    finally:
        route.eam.drop_database(eam_dsn)
        route.finance.drop_database(finance_dsn)


def begun(config: Path) -> None:
    """What `syncd migrate` and `syncd mapping accept` do, in this process, where the mapping's expressions are known
    from the last time."""
    for pipeline in wiring.pipelines(config).values():
        with closing(pipeline.open_ledger()) as ledger:
            migrations.migrate(ledger, datetime.now(UTC))
            by = Actor("accountant", "acceptance")
            operators.accept(ledger, pipeline.mapping.name, pipeline.mapping.hash, by)


def _environment() -> dict[str, str]:
    return {**os.environ, "SYNCD_LANG": "en", "COLUMNS": "200"}
