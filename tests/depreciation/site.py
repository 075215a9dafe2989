"""The same company as files: a configuration, an EAM in SQLite with change triggers, finance wherever it is to be."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from syncd import wiring
from syncd.daemon import drain
from syncd.desk.parked import operators
from syncd.migrate import migrate
from tests.depreciation.plant import BY, EAM, ddl, write

NAME: Final = "plant"
CONFIG: Final = """
pipelines:
  plant:
    mapping: plant.yaml
    source: {{kind: changelog, dialect: sqlite, database: "{eam}"}}
    ledger: {ledger}
"""


class Site:
    """A folder with everything in it. `ledger` is its block of the configuration; finance's tables are there."""

    def __init__(self, folder: Path, ledger: str = "", form: str = "remaining") -> None:
        self.folder, self.config = folder, folder / "syncd.yaml"
        write(folder, form)
        self.eam = sqlite3.connect(folder / "eam.db", isolation_level=None, timeout=10)
        self.eam.execute("PRAGMA journal_mode = WAL")
        self.eam.executescript(EAM)
        if not ledger:
            ledger = f"{{kind: sqlite, path: {folder / 'finance.db'}}}"
            with closing(sqlite3.connect(folder / "finance.db")) as finance:
                finance.execute("PRAGMA journal_mode = WAL")
                finance.executescript(ddl("sqlite"))
        self.config.write_text(CONFIG.format(eam=folder / "eam.db", ledger=ledger), "utf-8")
        wired = self.pipeline
        wired.triggers.install(wired.source_settings, wired.mapping.source_tables)
        with closing(wired.open_ledger()) as opened:
            migrate(opened, datetime.now(UTC))
        self.accept()

    @property
    def pipeline(self) -> wiring.Pipeline:
        return wiring.pipeline(self.config, NAME)

    def accept(self) -> None:
        """Somebody answers for the mapping as it stands."""
        wired = self.pipeline
        with closing(wired.open_ledger()) as ledger:
            operators.accept(ledger, wired.mapping.name, wired.mapping.hash, BY)

    def asset(self, code: str, value: str = "120000.00", months: int = 60, **more: str) -> None:
        """An asset is entered in the EAM."""
        row = {
            "code": code, "dept": "SC", "class": "JQSB", "method": "straight_line", "life_months": months,
            "residual_rate": "0.05", "value": value, "ready_on": "2026-01-15", "status": "in_use",
        } | more  # fmt: skip
        places = ", ".join("?" * len(row))
        self.eam.execute(f"INSERT INTO asset ({', '.join(row)}) VALUES ({places})", list(row.values()))

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """What finance holds."""
        with closing(self.pipeline.open_ledger()) as ledger:
            return ledger.query(sql)

    def tell(self, *statements: str) -> None:
        """What finance's people do."""
        with closing(self.pipeline.open_ledger()) as ledger:
            ledger.execute([(statement, ()) for statement in statements])

    def close(self) -> None:
        self.eam.close()


def carry(site: Site) -> None:
    """What is in the EAM is carried, without a daemon."""
    wired = site.pipeline
    with closing(wired.open_ledger()) as ledger:
        assert ledger.acquire()
        drain.to_the_end(wired.spec(), ledger, False, lambda *_: None)
