"""A lab whose EAM is answered: rows of a SQLite file, told by the outbox as the daemon runs it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from connectors.answer import sqlite as answers
from connectors.ledger.ledger import SqlLedger
from syncd.delivery import Delivery
from syncd.desk.parked import operators
from syncd.outbox import box
from syncd.outbox.relaying import Outbox
from syncd.ports import Relay
from tests.kept import Kept
from tests.unit.lab import CLERK, NAME, Lab

MAPPING: Final = """
constants: {limit: 1000}
tables:
  asset: {table: eam.asset, key: id, subject: code, columns: {id: integer, code: text, amount: money, on_: date}}
  deprec: {table: eam.deprec, key: id, subject: code, columns: {id: integer, code: text, month: text, amount: money}}
  month: {table: eam.month, key: id, columns: {id: integer, month: text}}
rules:
  bought:
    on: asset
    when: op <> 'delete'
    once: [after.code, after.amount]
    require: [{check: after.amount > 0, says: {zh: 金额必须大于零, en: no amount}}]
    approve: {when: after.amount > limit, role: finance}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bought ' || after.code"
      entries: [{account: "'1601'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  wears:
    on: deprec
    when: op = 'insert'
    collect: {group: [after.month], post: {on: month, when: op = 'insert', group: [after.month]}}
    voucher:
      type: "'记'"
      date: DATE '2026-02-28'
      summary: "'wear ' || after.month"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1602'", credit: after.amount}]
answers:
  asset:
    on: [held, rejected, posted, parked]
    statement: >-
      UPDATE asset SET state = :state, voucher = :voucher, reason = :reason, told = told + 1 WHERE id = :id
    ask: "SELECT 1 FROM asset WHERE id = :id AND state = :state AND voucher = :voucher"
  deprec:
    on: posted
    statement: "INSERT INTO told (key, state, voucher) VALUES (:key, :state, :voucher) ON CONFLICT (key) DO NOTHING"
"""
"""`told` counts how often a row was answered: a statement of a company would not."""
EAM: Final = """
CREATE TABLE asset (id INTEGER PRIMARY KEY, state TEXT, voucher TEXT, reason TEXT, told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE told (key TEXT PRIMARY KEY, state TEXT, voucher TEXT);
INSERT INTO asset (id) VALUES (1), (2), (3);
"""
DAY: Final = datetime(2026, 2, 3).date()


class Office(Lab):
    """Finance in memory, the EAM in a file."""

    def __init__(self, folder: Path, mapping: str = MAPPING) -> None:
        self.path = folder / "eam.db"
        self.eam = sqlite3.connect(self.path, isolation_level=None)
        self.eam.executescript(EAM)
        super().__init__(mapping)
        self.relay: Relay = answers.connect(answers.Settings(self.path), self.mapping.answers)
        self.outbox = Outbox(NAME, self.open_ledger, lambda delivery: self.relay)

    def open_ledger(self, dry_run: bool = False) -> SqlLedger:
        kept, m = Kept(self.database), self.mapping
        return SqlLedger(lambda: kept, NAME, m.layout, m.tables, m.hash, dry_run, m.answers)

    def buys(self, id: int, amount: int = 100, code: str = "") -> None:
        """A row of the EAM, carried."""
        self.commit(self.insert("asset", id=id, code=code or f"A{id}", amount=amount, on_=DAY))
        self.rest()

    def tells(self, later_s: float = 0.0) -> None:
        """The relay goes on until nothing is due; `later_s` seconds from now."""
        while self.outbox.turn(datetime.now(UTC) + timedelta(seconds=later_s)):
            pass

    def said(self, id: int) -> tuple[object, ...]:
        """What the EAM's row says: state, voucher, reason, how often it was answered."""
        ((found),) = self.eam.execute("SELECT state, voucher, reason, told FROM asset WHERE id = ?", (id,)).fetchall()
        return tuple(found)

    @property
    def deliveries(self) -> list[Delivery]:
        """All, in the order in which they were decided."""
        return box.listed(self.ledger, NAME, "", "", True, 1000)[::-1]

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was decided and how it stands: (what, state)."""
        return [(d.body["state"], d.state) for d in self.deliveries]

    def approves(self, id: int = 1) -> None:
        """Finance agrees."""
        operators.approve(self.ledger, NAME, id, CLERK, "finance")
        self.rest()

    def rejects(self, id: int = 1) -> None:
        """Finance does not."""
        operators.reject(self.ledger, NAME, id, operators.Actor("controller", "over budget"), "finance")
        self.rest()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Somebody else has the EAM for the length of the block."""
        self.eam.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self.eam.execute("ROLLBACK")
