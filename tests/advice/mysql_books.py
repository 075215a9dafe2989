"""A pipeline of one table, from MariaDB to books in a file, and the commands that a user runs on it.

What stands in the books of an asset is what the EAM's row says, or something was lost or came twice."""

import io
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import yaml

from syncd import language, wiring
from syncd.cli import main
from syncd.daemon.supervisor import Worker
from tests.integration.eam import until
from tests.integration.mysql_eam import MysqlEam
from tests.tidy.tree import ROOT

BY = ("--actor", "accountant", "--reason", "the log was lost")
WORLD = ROOT / "tests" / "simulation"
MAPPING = """
mapping: books
finance: world.finance.yaml
tables:
  asset:
    table: asset
    key: id
    subject: id
    columns: {id: integer, code: text, value: money, remark: text}
rules:
  bought:
    on: asset
    when: op IN ('insert', 'read')
    snapshot: post
    voucher:
      type: "'V'"
      date: DATE '2026-02-10'
      summary: "'bought'"
      entries:
        - {account: "'1601'", debit: after.value, asset: "after.id::text"}
        - {account: "'1002'", credit: after.value}
  valued:
    on: asset
    when: op = 'update' AND before.value <> after.value
    voucher:
      type: "'V'"
      date: DATE '2026-02-10'
      summary: "'valued'"
      entries:
        - {account: "'1601'", debit: after.value, asset: "after.id::text"}
        - {account: "'1601'", credit: before.value, asset: "after.id::text"}
        - {account: "'1002'", debit: before.value}
        - {account: "'1002'", credit: after.value}
  gone:
    on: asset
    when: op = 'delete'
    voucher:
      type: "'V'"
      date: DATE '2026-02-10'
      summary: "'gone'"
      entries:
        - {account: "'1002'", debit: before.value}
        - {account: "'1601'", credit: before.value, asset: "before.id::text"}
"""


class Books:
    """The EAM, the folder with the configuration and what finance has. `source` are the settings of the source."""

    def __init__(self, eam: MysqlEam, directory: Path, **source: object) -> None:
        self.eam, self.directory = eam, directory
        self.config, self.mapping = directory / "syncd.yaml", directory / "books.yaml"
        self.mapping.write_text(MAPPING, "utf-8")
        shutil.copy(WORLD / "mapping" / "world.finance.yaml", directory)
        with closing(sqlite3.connect(directory / "finance.db")) as finance:
            finance.executescript((WORLD / "finance.sql").read_text("utf-8"))
        self.configure(**{"kind": "mysql", "dsn": eam.dsn} | source)
        self.syncd("migrate")
        self.accept()

    def configure(self, **source: object) -> None:
        """With these settings of the source and no others."""
        ledger = {"kind": "sqlite", "path": str(self.directory / "finance.db")}
        pipeline = {"mapping": str(self.mapping), "source": source, "ledger": ledger}
        self.config.write_text(yaml.safe_dump({"pipelines": {"books": pipeline}}), "utf-8")

    def accept(self) -> None:
        """Somebody answers for the mapping as it stands."""
        self.syncd("mapping", "accept", *BY)

    def syncd(self, *typed: str, expect: int = 0) -> str:
        """A command within this process, which is quicker; what a user reads of it."""
        code, told = run(*typed, "--config", str(self.config))
        assert code == expect, f"syncd {' '.join(typed)}: {code}\n{told}"
        return told

    @contextmanager
    def daemon(self) -> Iterator[Worker]:
        """The posting thread of a daemon, for as long as the block lasts."""
        stop = threading.Event()
        worker = Worker(wiring.pipeline(self.config, "books").spec(), stop)
        worker.start()
        try:
            yield worker
        finally:
            stop.set()
            worker.join()

    def halted(self) -> str:
        """Let the daemon run until it gives up; what `status` says then."""
        with self.daemon() as worker:
            until(lambda: not worker.is_alive())
        return self.syncd("status", expect=1)

    def carried(self) -> None:
        """A daemon carries all that was and a new row, and the books are what the EAM says: nothing is lost, nothing
        came twice, nothing is parked."""
        ((last,),) = self.eam.run("SELECT coalesce(max(id), 0) FROM asset")
        self.eam.run(f"INSERT INTO asset (id, code, value) VALUES ({int(str(last)) + 1}, 'new', 7)")
        with self.daemon() as worker:
            until(lambda: not worker.is_alive() or self.booked() == self.owned())
            assert worker.failure is None, worker.failure
        assert self.booked() == self.owned()
        assert self.rows("SELECT code FROM syncd_parked WHERE settled_at IS NULL") == []

    def owned(self) -> dict[str, Decimal]:
        """What the EAM says of each asset."""
        return {str(asset): Decimal(str(value)) for asset, value in self.eam.run("SELECT id, value FROM asset")}

    def booked(self) -> dict[str, Decimal]:
        """What stands in the books of each asset that has not gone."""
        sums: dict[str, Decimal] = {}
        for asset, debit, credit in self.rows("SELECT asset, debit, credit FROM gl_entry WHERE account = '1601'"):
            sums[str(asset)] = sums.get(str(asset), Decimal()) + Decimal(str(debit)) - Decimal(str(credit))
        return {asset: value for asset, value in sums.items() if value}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of finance."""
        with closing(sqlite3.connect(self.directory / "finance.db", timeout=10)) as finance:
            return finance.execute(sql).fetchall()


def run(*typed: str) -> tuple[int, str]:
    """A command within this process: its exit code and what it said, in English."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told), patch.object(sys, "argv", ["syncd", "--lang", "en", *typed]):
        try:
            main()
        except SystemExit as ended:
            return int(str(ended.code)), told.getvalue()
        finally:
            language.choose(None)
    raise AssertionError("a command ends with its exit code")
