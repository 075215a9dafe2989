"""The same company as files: a configuration, an EAM in SQLite with change triggers, finance in SQLite."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from syncd.migrate import migrate
from tests.depreciation.plant import ddl
from tests.depreciation.site import CONFIG, Site
from tests.lifecycle.shop import SQL, write
from tests.unit.lab import NOW

EAM: Final = """
CREATE TABLE asset (
  code TEXT PRIMARY KEY, name TEXT, dept TEXT, life_months INTEGER, residual_rate TEXT, value TEXT, ready_on TEXT,
  status TEXT, changed_on TEXT, changed_by TEXT
);
CREATE TABLE maintenance (id INTEGER PRIMARY KEY, code TEXT, done_on TEXT);
CREATE TABLE disposal (
  id INTEGER PRIMARY KEY, code TEXT, inspection_no TEXT, approved_by TEXT, approved_on TEXT, status TEXT
);
"""


class ShopSite(Site):
    """A folder with everything in it; `lifecycle` is the block of its mapping, the shop's own where none is given, and
    `ledger` its block of the configuration where finance is elsewhere and its tables are there."""

    def __init__(self, folder: Path, lifecycle: str = "", ledger: str = "") -> None:
        self.folder, self.config = folder, folder / "syncd.yaml"
        self.mapping = write(folder, lifecycle)
        self.eam = sqlite3.connect(folder / "eam.db", isolation_level=None, timeout=10)
        self.eam.execute("PRAGMA journal_mode = WAL")
        self.eam.executescript(EAM)
        if not ledger:
            ledger = f"{{kind: sqlite, path: {folder / 'finance.db'}}}"
            with closing(sqlite3.connect(folder / "finance.db")) as finance:
                finance.execute("PRAGMA journal_mode = WAL")
                finance.executescript(ddl("sqlite", SQL))
        text = CONFIG.format(eam=folder / "eam.db", ledger=ledger)
        self.config.write_text(text.replace("plant.yaml", "shop.yaml"), "utf-8")
        wired = self.pipeline
        wired.triggers.install(wired.source_settings, wired.mapping.source_tables)
        with closing(wired.open_ledger()) as opened:
            migrate(opened, NOW)
        self.accept()

    def enter(self, code: str, dept: str = "IT", ready_on: str = "2025-06-10") -> None:
        """An asset is entered in the EAM."""
        row = (code, "磁盘阵列", dept, 60, "0.05", "24000.00", ready_on, "in_use")
        columns = "code, name, dept, life_months, residual_rate, value, ready_on, status"
        self.eam.execute(f"INSERT INTO asset ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def move(self, code: str, state: str, day: str) -> None:
        """Somebody sets its state, as of a day."""
        change = "UPDATE asset SET status = ?, changed_on = ?, changed_by = '仓库管理员' WHERE code = ?"
        self.eam.execute(change, (state, day, code))

    def write_off(self, code: str, day: str, inspection_no: str | None = "JD-1") -> None:
        """Its disposal is approved."""
        row = (code, inspection_no, "王芳", day, "approved")
        columns = "code, inspection_no, approved_by, approved_on, status"
        self.eam.execute(f"INSERT INTO disposal ({columns}) VALUES (?, ?, ?, ?, ?)", row)
