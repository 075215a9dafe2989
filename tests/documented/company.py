"""The examples of docs/mapping.md as files: an EAM in SQLite with change triggers, finance on any ledger, and the
commands that the examples are for."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from syncd import statements, wiring
from syncd.daemon import drain
from syncd.desk.parked import operators
from syncd.migrate import migrate
from tests.acceptance.databases import connected
from tests.advice.command import daemon, fine, syncd
from tests.documented.site import IDS, NAME, TYPES

WAIT_S_MAX: Final = 120.0
BY: Final = operators.Actor("li", "as documented")


class Company:
    """A folder with the mapping `demo.yaml` in it. `dsn` is where finance is to be, `eam` and `ddl` both schemas."""

    def __init__(self, folder: Path, kind: str, dsn: str, eam: str, ddl: str) -> None:
        self.config = folder / "syncd.yaml"
        self.eam = sqlite3.connect(folder / "eam.db", isolation_level=None, timeout=10)
        self.eam.execute("PRAGMA journal_mode = WAL")
        self.eam.executescript(eam)
        self.finance = connected(dsn)
        for sql in statements.script(ddl.replace("MONEY_TYPE", TYPES[kind]).replace("SERIAL_KEY", IDS[kind])):
            self.finance.execute(sql if kind == "postgres" else sql.replace("fin.", "fin_"))
        where = {"kind": kind, "path" if kind == "sqlite" else "dsn": dsn}
        ends = {
            "mapping": "demo.yaml",
            "source": {"kind": "changelog", "dialect": "sqlite", "database": str(folder / "eam.db")},
            "ledger": where,
            "answer": {"kind": "sqlite", "path": str(folder / "eam.db")},
        }
        self.config.write_text(json.dumps({"pipelines": {NAME: ends}}), "utf-8")
        wired = self.pipeline
        wired.triggers.install(wired.source_settings, wired.mapping.source_tables)
        with closing(wired.open_ledger()) as ledger:
            migrate(ledger, datetime.now(UTC))
            operators.accept(ledger, wired.mapping.name, wired.mapping.hash, BY)

    @property
    def pipeline(self) -> wiring.Pipeline:
        return wiring.pipeline(self.config, NAME)

    def carry(self) -> None:
        """What is in the EAM is carried, without a daemon."""
        wired = self.pipeline
        with closing(wired.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.to_the_end(wired.spec(), ledger, False, lambda *_: None)

    def tells(self) -> None:
        """What is to be told outside is told."""
        outbox = self.pipeline.outbox()
        assert outbox is not None
        with closing(outbox):
            while outbox.turn(datetime.now(UTC)):
                pass

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What finance holds."""
        return self.finance.rows(sql if self.finance.kind == "postgres" else sql.replace("fin.", "fin_"))

    def until(self, sql: str) -> None:
        """Wait until it gives a row."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not self.ask(sql):
            assert time.monotonic() < deadline, sql
            time.sleep(0.02)

    def syncd(self, typed: str) -> str:
        return fine(typed, self.config)

    def json(self, typed: str) -> Any:
        """What a command says by `--json`, whatever its exit code."""
        return json.loads(syncd(f"{typed} --json", self.config).said)

    def daemon(self) -> Any:
        return daemon(self.config, NAME)

    def close(self) -> None:
        self.eam.close()
        self.finance.close()
