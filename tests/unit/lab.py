"""A whole pipeline in memory for tests that look at what finance holds in the end: a mapping as text, an EAM whose
transactions are written by hand, the real source, translator and ledger over SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors import memory
from connectors.ledger.ledger import SqlLedger
from syncd.change import ChangeSet, Position, Row, Value
from syncd.daemon import pipeline
from syncd.daemon.spec import PipelineSpec
from syncd.desk.parked import operators
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.posting import Outcome
from tests.kept import Kept

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
NAME: Final = "lab"
TURNS_MAX: Final = 40
CLERK: Final = operators.Actor("clerk", "test")

FINANCE: Final = """
finance: lab
lookups:
  account: {table: gl_account, code: code, gives: code}
  dept: {table: gl_dept, code: code, gives: code}
accounts: account
periods: {table: gl_period, code: code, first: first, last: last, open: open = 1}
numbering: {table: gl_voucher, number: number, period: period, type: type, date: date}
dims: [dept, asset]
voucher_fields: [batch_no]
card:
  - table: fa_card
    key: [asset_code]
    columns:
      {asset_code: card.asset_code, name: card.name, original_value: card.original_value,
       accumulated_depreciation: card.accumulated_depreciation, status: card.status}
voucher:
  - table: gl_voucher
    key: [period, type, number]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, date: voucher.date,
       event_date: voucher.event_date, summary: voucher.summary, external_key: voucher.key,
       attachments: voucher.attachments, prepared_by: voucher.prepared_by, batch_no: voucher.batch_no}
entry:
  - table: gl_entry
    key: [period, type, number, line]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, line: entry.line, account: entry.account,
       debit: entry.debit, credit: entry.credit, dept: dept(entry.dept), asset: entry.asset}
"""
SQL: Final = """
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_dept (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_voucher (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, date TEXT NOT NULL, event_date TEXT NOT NULL,
  summary TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE,
  attachments INTEGER, prepared_by TEXT, batch_no INTEGER, PRIMARY KEY (period, type, number)
);
CREATE TABLE gl_entry (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
  account TEXT NOT NULL REFERENCES gl_account, debit TEXT NOT NULL, credit TEXT NOT NULL, dept TEXT, asset TEXT,
  PRIMARY KEY (period, type, number, line)
);
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, name TEXT CHECK (length(name) <= 10), original_value TEXT,
  accumulated_depreciation TEXT, status TEXT
);
INSERT INTO gl_account VALUES ('1002'), ('1601'), ('1602'), ('1606'), ('6602');
INSERT INTO gl_dept VALUES ('SC');
INSERT INTO gl_period VALUES ('2026-01', '2026-01-01', '2026-01-31', 1), ('2026-02', '2026-02-01', '2026-02-28', 1),
                             ('2026-03', '2026-03-01', '2026-03-31', 1);
"""
"""Finance refuses a name of more than ten letters."""
BILLS: Final = """
tables:
  bill: {table: bill, key: id, columns: {id: integer, amount: money, on_: date}}
rules:
  billed:
    on: bill
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill ' || after.id::text"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
"""
"""A mapping of one rule."""


class Feed:
    """What waits, so many sets a batch."""

    def __init__(self, source: memory.MemorySource, sets_max: int) -> None:
        self._source, self._sets_max = source, sets_max
        self._taken: list[ChangeSet] = []

    def take(self) -> Sequence[ChangeSet]:
        while len(self._taken) < self._sets_max and (said := self._source.read(0)) is not None:
            self._taken.append(said)
        return self._taken

    def ack(self, position: Position) -> None:
        self._taken = []
        self._source.ack(position)

    def in_snapshot(self, position: Position) -> bool:
        return self._source.in_snapshot(position)


class Lab:
    """One pipeline. `splits`: it comes to rest after each transaction; otherwise all that waits is one batch."""

    def __init__(self, mapping: str, splits: bool = False, finance: str = "", sql: str = "") -> None:
        self.mapping, self.splits = loaded(mapping, finance or FINANCE), splits
        self.database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.database.executescript(sql or SQL)
        self.database.execute("PRAGMA foreign_keys = ON")
        self.store = memory.Store()
        self.settle()
        self.ledger = self.open_ledger()
        migrate(self.ledger, NOW)
        self.translator = self.mapping.translator(NAME)
        self.feed = self.open_feed()
        self.at = datetime(2026, 2, 3, 4, tzinfo=UTC)
        self.rest()

    def settle(self) -> None:
        """What the EAM has before it is read for the first time."""

    def open_ledger(self, dry_run: bool = False) -> SqlLedger:
        kept, m = Kept(self.database), self.mapping
        return SqlLedger(lambda: kept, NAME, m.layout, m.tables, m.hash, dry_run)

    def open_source(self) -> memory.MemorySource:
        return memory.connect(memory.Settings(self.store), self.mapping.tables, NAME)

    def open_feed(self, sets_max: int = 1_000_000) -> Feed:
        source = self.open_source()
        source.start(self.ledger.checkpoint())
        return Feed(source, sets_max)

    def spec(self, batch_changes_max: int = 4_000) -> PipelineSpec:
        """As the daemon, a dry run and a repair are given it."""
        return PipelineSpec(
            NAME,
            self.open_ledger,
            self.open_source,
            lambda: self.mapping.translator(NAME),
            lambda _: None,
            batch_changes_max=batch_changes_max,
        )

    def row(self, alias: str, values: Mapping[str, Value]) -> Row:
        return tuple(values.get(column.name) for column in self.mapping.tables[alias].columns)

    def insert(self, alias: str, **values: Value) -> memory.Write:
        return memory.Write(alias, None, self.row(alias, values))

    def update(self, alias: str, old: Mapping[str, Value], **new: Value) -> memory.Write:
        return memory.Write(alias, self.row(alias, old), self.row(alias, {**old, **new}))

    def delete(self, alias: str, **values: Value) -> memory.Write:
        return memory.Write(alias, self.row(alias, values), None)

    def commit(self, *writes: memory.Write) -> None:
        """One transaction of the EAM."""
        self.at += timedelta(seconds=1)
        self.store.commit(writes, self.at)
        if self.splits:
            self.rest()

    def turn(self) -> list[Outcome]:
        """What the daemon does again and again."""
        outcomes: list[Outcome] = []
        pipeline.turn(self.feed, self.translator, self.ledger, outcomes.extend)
        return outcomes

    def rest(self) -> None:
        """Everything is carried; a turn more does nothing."""
        quiet = 0
        for _ in range(TURNS_MAX):
            quiet = 0 if self.turn() else quiet + 1
            if quiet > 1:
                return
        raise AssertionError("the daemon does not come to rest")

    def retry(self, subject: str = "") -> None:
        """A person asks for rows to be tried again."""
        operators.retry(self.ledger, NAME, operators.Selection(subject=subject), CLERK)
        self.rest()

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return self.database.execute(sql).fetchall()

    @property
    def cards(self) -> list[tuple[object, ...]]:
        return self.ask("SELECT asset_code, name, original_value, accumulated_depreciation, status FROM fa_card")

    @property
    def vouchers(self) -> list[tuple[object, ...]]:
        return self.ask("SELECT period, number, event_date, summary FROM gl_voucher ORDER BY period, type, number")

    @property
    def parked(self) -> list[tuple[object, ...]]:
        return self.ask("SELECT subject, state, code FROM syncd_parked WHERE settled_at IS NULL ORDER BY position")

    def balance(self, account: str) -> Decimal:
        lines = self.ask(f"SELECT debit, credit FROM gl_entry WHERE account = '{account}'")
        return sum((Decimal(str(debit)) - Decimal(str(credit)) for debit, credit in lines), Decimal(0))


@cache
def loaded(mapping: str, finance: str = FINANCE) -> Loaded:
    """A mapping given as text, over the lab's finance or another."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "finance.yaml").write_text(finance, "utf-8")
        path = Path(folder) / "lab.yaml"
        path.write_text(f"mapping: lab\nfinance: finance.yaml\n{mapping}", "utf-8")
        return load(path)
