"""A small company whose depreciation syncd computes: a mapping of its own, the real source, translator and ledger over
SQLite in memory, and the posting thread's turns."""

import json
import re
import sqlite3
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors import memory, reading
from connectors.ledger.ledger import SqlLedger
from syncd.books.depreciation import asking, runs
from syncd.change import Value
from syncd.daemon import pipeline
from syncd.desk.parked import operators
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.ports import Period
from tests.unit.lab import NAME, NOW, Lab

BY: Final = operators.Actor("accountant", "month end")
FINANCE: Final = """
finance: plant
lookups:
  account: {table: gl_account, code: code, gives: code}
accounts: account
periods: {table: gl_period, code: code, first: first, last: last, open: open = 1}
numbering: {table: gl_voucher, number: number, period: period, type: type}
dims: [dept, asset]
kinds: {life_months: integer, residual_rate: decimal, ready_on: date, impairment: money, units: decimal}
card:
  - table: fa_card
    key: [asset_code]
    columns:
      {asset_code: card.asset_code, dept: card.dept, class: card.class, method: card.method,
       life_months: card.life_months, residual_rate: card.residual_rate, original_value: card.original_value,
       accumulated_depreciation: card.accumulated_depreciation, impairment: card.impairment,
       ready_on: card.ready_on, origin: card.origin, status: card.status, units: card.units}
voucher:
  - table: gl_voucher
    key: [period, type, number]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, date: voucher.date,
       event_date: voucher.event_date, summary: voucher.summary, external_key: voucher.key}
entry:
  - table: gl_entry
    key: [period, type, number, line]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, line: entry.line, account: entry.account,
       debit: entry.debit, credit: entry.credit, summary: entry.summary, dept: entry.dept, asset: entry.asset}
"""
MAPPING: Final = """
mapping: plant
finance: finance.yaml
decisions:
  expense: {file: expense.csv, keys: [dept], gives: account}
  tax_life: {file: tax_life.csv, keys: [class], gives: months}
tables:
  asset:
    table: asset
    key: code
    subject: code
    columns:
      {code: text, dept: text, class: text, method: text, life_months: integer, residual_rate: decimal,
       value: money, opening: money, impairment: money, ready_on: date, status: text, changed_on: date, units: decimal}
  deprec:
    table: computed
    key: [code, period, line]
    subject: code
    columns: {code: text, period: text, line: integer, dept: text, amount: money, months: text, on_: date}
  run:
    table: computed_run
    key: [period, run]
    columns: {period: text, run: integer, status: text}
  share: {table: share, key: [code, dept], columns: {code: text, dept: text, percent: decimal}}
  meter: {table: meter, key: [code, period], columns: {code: text, period: text, units: decimal}}
depreciation:
  by: syncd
  straight_line: FORM
  from: card.ready_on
  when: card.status IN ('in_use', 'idle')
  opening: card.origin = 'opening'
  card: {impairment: card.impairment, method: card.method, department: card.dept, asset_class: card.class,
         units: card.units}
  rows:
    table: deprec
    columns: {code: asset, period: period, line: line, dept: department, amount: amount, months: months, on_: date}
  run: {table: run, columns: {period: period, run: run, status: "'approved'"}}
  shares: {table: share, asset: code, department: dept, percent: percent}
  meter: {table: meter, asset: code, period: period, units: units}
  books:
    tax: {life_months: "tax_life(card.class)::integer", method: "'straight_line'"}
rules:
  registration:
    on: asset
    when: op IN ('insert', 'read')
    once: after.code
    card: &card
      asset_code: after.code
      dept: after.dept
      class: after.class
      method: after.method
      life_months: after.life_months
      residual_rate: after.residual_rate
      original_value: after.value
      accumulated_depreciation: coalesce(after.opening, 0.00)
      impairment: coalesce(after.impairment, 0.00)
      ready_on: after.ready_on
      units: after.units
      origin: CASE WHEN after.opening IS NULL THEN 'addition' ELSE 'opening' END
      status: after.status
  changed:
    on: asset
    when: op = 'update' AND after.value = before.value
    change: &changed
      asset_code: after.code
      dept: after.dept
      method: after.method
      life_months: after.life_months
      residual_rate: after.residual_rate
      impairment: coalesce(after.impairment, 0.00)
      status: after.status
  upgraded:
    on: asset
    when: op = 'update' AND after.value <> before.value
    change: {asset_code: after.code, original_value: after.value, life_months: after.life_months}
    voucher:
      type: "'记'"
      date: after.changed_on
      summary: "'固定资产改造 ' || after.code"
      entries:
        - {account: "'1601'", debit: "CASE WHEN after.value > before.value THEN after.value - before.value END"}
        - {account: "'1002'", credit: "CASE WHEN after.value > before.value THEN after.value - before.value END"}
  depreciation:
    on: deprec
    when: op = 'insert'
    change: {asset_code: after.code, accumulated_depreciation: card.accumulated_depreciation + after.amount}
    collect:
      group: [after.period, after.dept]
      post: {on: run, when: after.status = 'approved', group: after.period}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'计提折旧 ' || after.period || ' ' || after.dept"
      entries:
        - {account: expense(after.dept), debit: after.amount, dept: after.dept,
           summary: "'计提折旧 ' || after.months"}
        - {account: "'1602'", credit: after.amount, dept: after.dept, summary: "'累计折旧 ' || after.months"}
  depreciation_taken_back:
    on: deprec
    when: op = 'delete'
    change: {asset_code: before.code, accumulated_depreciation: card.accumulated_depreciation - before.amount}
    voucher:
      type: "'记'"
      date: before.on_
      summary: "'冲回折旧 ' || before.period || ' ' || before.code"
      entries:
        - {account: "'1602'", debit: before.amount, dept: before.dept}
        - {account: expense(before.dept), credit: before.amount, dept: before.dept}
"""
SQL: Final = """
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first DAY NOT NULL, last DAY NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_voucher (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, date DAY NOT NULL, event_date DAY NOT NULL,
  summary TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE, PRIMARY KEY (period, type, number)
);
CREATE TABLE gl_entry (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
  account TEXT NOT NULL REFERENCES gl_account (code), debit MONEY NOT NULL, credit MONEY NOT NULL, summary TEXT,
  dept TEXT, asset TEXT, PRIMARY KEY (period, type, number, line)
);
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, dept TEXT, class TEXT, method TEXT, life_months INTEGER, residual_rate RATE,
  original_value MONEY, accumulated_depreciation MONEY, impairment MONEY, ready_on DAY, origin TEXT, status TEXT,
  units RATE
);
INSERT INTO gl_account VALUES ('1002'), ('1601'), ('1602'), ('5101'), ('6602');
"""
"""`TEXT`, `DAY`, `MONEY` and `RATE` are spelt as each database keeps them, see `ddl`."""
EAM: Final = """
CREATE TABLE asset (
  code TEXT PRIMARY KEY, dept TEXT, class TEXT, method TEXT, life_months INTEGER, residual_rate TEXT, value TEXT,
  opening TEXT, impairment TEXT, ready_on TEXT, status TEXT, changed_on TEXT, units TEXT
);
CREATE TABLE share (code TEXT, dept TEXT, percent TEXT, PRIMARY KEY (code, dept));
CREATE TABLE meter (code TEXT, period TEXT, units TEXT, PRIMARY KEY (code, period));
"""
EXPENSE: Final = "dept,account\nSC,5101\nXZ,6602\nNONE,9999\n"
TAX_LIFE: Final = "class,months\nJQSB,120\nDZ,36\n*,60\n"


class Plant(Lab):
    """One pipeline. `open_` names the periods of 2026 that are open; all by default."""

    def __init__(self, form: str = "remaining") -> None:
        self.mapping, self.splits = plant_mapping(form), False
        self.database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.database.executescript(ddl("sqlite"))
        self.database.execute("PRAGMA foreign_keys = ON")
        self.store = memory.Store()
        self.ledger: SqlLedger = self.open_ledger()
        migrate(self.ledger, NOW)
        self.translator = self.mapping.translator(NAME)
        self.feed = self.open_feed()
        self.at = datetime(2026, 1, 20, 4, tzinfo=UTC)
        self.rest()

    @property
    def computing(self) -> runs.Computing:
        meaning = self.mapping.depreciation
        assert meaning is not None
        rules = [rule.name for rule in self.mapping.rules if rule.on.alias == meaning.rows.alias]
        return runs.Computing(NAME, meaning, self.mapping.tables, rules, self.mapping.zone)

    def asset(
        self, code: str, value: str, months: int, ready_on: date | None = date(2026, 1, 15), **more: Value
    ) -> None:
        """An asset is entered."""
        self.commit(self.insert("asset", **(self.values(code, value, months, ready_on) | more)))
        self.rest()

    def values(self, code: str, value: str, months: int, ready_on: date | None) -> dict[str, Value]:
        return {
            "code": code, "dept": "SC", "class": "JQSB", "method": "straight_line", "life_months": months,
            "residual_rate": Decimal("0.05"), "value": Decimal(value), "ready_on": ready_on, "status": "in_use",
        }  # fmt: skip

    def alter(self, code: str, on: date, **new: Value) -> None:
        """An asset is changed on a day."""
        self.at = max(self.at, datetime(on.year, on.month, on.day, 4, tzinfo=UTC))
        old = dict(zip([c.name for c in self.mapping.tables["asset"].columns], self.now(code), strict=True))
        self.commit(self.update("asset", old, changed_on=on, **new))
        self.rest()

    def now(self, code: str) -> tuple[Value, ...]:
        return self.store.rows(self.mapping.tables["asset"])[code]

    def compute(self) -> None:
        """What the daemon does with runs that are asked for."""
        turn = runs.turns(self.computing)
        while turn(self.ledger, self.translator, lambda outcomes: None):
            pipeline.settle(self.translator, self.ledger, lambda outcomes: None)
        self.rest()

    def run(self, period: str, by: operators.Actor = BY) -> asking.Answer:
        """A run is approved and made."""
        answer = asking.approve(self.ledger, self.computing, self.periods(), period, by)
        self.compute()
        return answer

    def reverse(self, period: str, asset: str = "") -> None:
        """A month is taken back."""
        asking.reverse(self.ledger, NAME, period, asset, BY)
        self.compute()

    def periods(self) -> list[Period]:
        return list(reading.periods(self.ledger, self.mapping.layout))

    def close(self, until: str) -> None:
        """Finance closes its books up to a period."""
        self.database.execute("UPDATE gl_period SET open = 0 WHERE code <= ?", (until,))

    def accumulated(self, code: str) -> Decimal:
        ((amount,),) = self.database.execute(
            "SELECT accumulated_depreciation FROM fa_card WHERE asset_code = ?", (code,)
        ).fetchall()
        return Decimal(str(amount))

    def expense(self, period: str) -> Mapping[str, Decimal]:
        """What was debited in a period, by account."""
        found: dict[str, Decimal] = {}
        rows = self.ask(
            f"SELECT account, debit, credit FROM gl_entry WHERE period = '{period}' AND account IN ('5101', '6602')"
        )
        for account, debit, credit in rows:
            found[str(account)] = found.get(str(account), Decimal(0)) + Decimal(str(debit)) - Decimal(str(credit))
        return found

    def entries(self, period: str) -> list[tuple[object, ...]]:
        columns = "number, account, debit, credit, summary"
        return self.ask(f"SELECT {columns} FROM gl_entry WHERE period = '{period}' ORDER BY number, line")

    def live(self, code: str) -> dict[str, Decimal]:
        """Month → what is carried, as runs have it."""
        rows = self.ask(
            f"SELECT month, cents FROM syncd_depreciated WHERE live = 1 AND asset = '{code}' ORDER BY month"
        )
        return {_text(int(str(m))): Decimal(int(str(c))) / 100 for m, c in rows}

    def faults(self, period: str) -> dict[str, str]:
        rows = self.ask(f"SELECT faults FROM syncd_depreciation_run WHERE period = '{period}' ORDER BY run DESC")
        return {asset: code for asset, (code, _) in json.loads(str(rows[0][0])).items()}


def ddl(kind: str, text: str = SQL) -> str:
    """Finance's tables for a kind of ledger, with periods from 2024 to 2031."""
    if kind != "sqlite":
        for word, spelt in (
            ("TEXT", "VARCHAR(190)"),
            ("DAY", "DATE"),
            ("MONEY", "DECIMAL(18, 2)"),
            ("RATE", "DECIMAL(18, 6)"),
        ):
            text = re.sub(rf"\b{word}\b", spelt, text)
    else:
        text = re.sub(r"\b(DAY|MONEY|RATE)\b", "TEXT", text)
    months = [(year, month, monthrange(year, month)[1]) for year in range(2024, 2032) for month in range(1, 13)]
    rows = ", ".join(f"('{y}-{m:02}', '{y}-{m:02}-01', '{y}-{m:02}-{last}', 1)" for y, m, last in months)
    return f"{text}INSERT INTO gl_period VALUES {rows};\n"


def _text(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02}"


@cache
def plant_mapping(form: str) -> Loaded:
    """The mapping above."""
    with TemporaryDirectory() as folder:
        write(Path(folder), form)
        return load(Path(folder) / "plant.yaml")


def write(folder: Path, form: str = "remaining") -> None:
    """The mapping's files."""
    (folder / "finance.yaml").write_text(FINANCE, "utf-8")
    (folder / "plant.yaml").write_text(MAPPING.replace("FORM", form), "utf-8")
    (folder / "expense.csv").write_text(EXPENSE, "utf-8")
    (folder / "tax_life.csv").write_text(TAX_LIFE, "utf-8")
