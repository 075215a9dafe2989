"""A small company as files: assets in SQLite with change triggers, the lab's finance, and people who sign in."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from syncd import wiring
from syncd.console.passwords import Argon2
from syncd.daemon import drain
from syncd.desk.access import accounts
from syncd.desk.parked import operators
from syncd.migrate import migrate
from tests.unit import lab

NAME: Final = "main"
PASSWORD: Final = "correct horse battery"
BY: Final = operators.Actor("administrator", "set up")
PEOPLE: Final[Mapping[str, Sequence[str]]] = {
    "小王": ["support"],
    "viewer": ["viewer"],
    "老陈": ["finance"],
    "老周": ["controller", "finance"],
}
CONFIG: Final = """
pipelines:
  main:
    mapping: mapping.yaml
    source: {{kind: changelog, dialect: sqlite, database: "{folder}/eam.db"}}
    ledger: {{kind: sqlite, path: "{folder}/finance.db"}}
"""
MAPPING: Final = """
mapping: company
finance: finance.yaml
tables:
  asset: {table: asset, key: code, subject: code,
          columns: {code: text, name: text, dept: text, value: money, bought_on: date}}
rules:
  registration:
    on: asset
    when: op = 'insert'
    once: after.code
    card: {asset_code: after.code, name: after.name, original_value: after.value}
    voucher:
      type: "'记'"
      date: after.bought_on
      summary: "'购置 ' || after.name"
      entries:
        - {account: "'1601'", debit: after.value, dept: after.dept, asset: after.code}
        - {account: "'1002'", credit: after.value}
"""
EAM: Final = (
    "CREATE TABLE asset (code TEXT PRIMARY KEY, name TEXT, dept TEXT NOT NULL, value TEXT NOT NULL, bought_on TEXT)"
)


class Kept(Argon2):
    """Hashes the one password of all once: half a second of each test else."""

    def hash(self, password: str) -> str:
        return hashed() if password == PASSWORD else super().hash(password)


@cache
def hashed() -> str:
    """The one password of all, as it is kept."""
    return Argon2().hash(PASSWORD)


class Site:
    """A folder with everything in it."""

    def __init__(self, folder: Path, mapping: str = MAPPING, people: Mapping[str, Sequence[str]] = PEOPLE) -> None:
        self.folder, self.config = folder, folder / "syncd.yaml"
        (folder / "mapping.yaml").write_text(mapping, "utf-8")
        (folder / "finance.yaml").write_text(lab.FINANCE, "utf-8")
        self.config.write_text(CONFIG.format(folder=folder), "utf-8")
        self.eam = sqlite3.connect(folder / "eam.db", isolation_level=None, timeout=10)
        self.eam.execute("PRAGMA journal_mode = WAL")
        self.eam.execute(EAM)
        with closing(sqlite3.connect(folder / "finance.db")) as finance:
            finance.execute("PRAGMA journal_mode = WAL")
            finance.executescript(lab.SQL)
        wired = self.pipeline
        wired.triggers.install(wired.source_settings, wired.mapping.source_tables)
        with closing(wired.open_ledger()) as ledger:
            migrate(ledger, datetime.now(UTC))
            operators.accept(ledger, wired.mapping.name, wired.mapping.hash, BY)
            for name, roles in people.items():
                accounts.add(ledger, name, PASSWORD, roles, Kept(), BY, datetime.now(UTC))
        self.carry()  # what is there at the first start is no addition

    @property
    def pipeline(self) -> wiring.Pipeline:
        return wiring.pipeline(self.config, NAME)

    def asset(self, code: str, dept: str = "SC", name: str = "机床") -> None:
        """An asset is entered in the EAM."""
        self.eam.execute("INSERT INTO asset VALUES (?, ?, ?, '120000.00', '2026-02-03')", (code, name, dept))

    def carry(self) -> None:
        """What the daemon would do."""
        wired = self.pipeline
        with closing(wired.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.to_the_end(wired.spec(), ledger, False, lambda *_: None)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """What finance holds."""
        with closing(self.pipeline.open_ledger()) as ledger:
            return ledger.query(sql)

    def forget_people(self) -> None:
        """As before the first account was opened."""
        with closing(self.pipeline.open_ledger()) as ledger:
            ledger.execute([("DELETE FROM syncd.account", ())])

    def close(self) -> None:
        self.eam.close()
