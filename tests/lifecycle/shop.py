"""A small company whose assets are disposed of step by step: a mapping of its own with a `lifecycle` block, the real
source, translator and ledger over SQLite in memory, and the posting thread's turns with a clock of its own."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors import memory, reading
from connectors.ledger.ledger import SqlLedger
from syncd.books.depreciation import asking, runs
from syncd.books.lifecycle.deadlines import QUIET_S, Deadlines
from syncd.books.lifecycle.states import Living
from syncd.change import Malformed, Value
from syncd.daemon import pipeline
from syncd.desk.parked import operators
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.posting import Outcome
from tests.depreciation.plant import ddl
from tests.unit.lab import NAME, NOW, Feed, Lab

BY: Final = operators.Actor("accountant", "month end")
FINANCE: Final = """
finance: shop
lookups:
  account: {table: gl_account, code: code, gives: code}
accounts: account
periods: {table: gl_period, code: code, first: first, last: last, open: open = 1}
numbering: {table: gl_voucher, number: number, period: period, type: type}
dims: [dept, asset]
kinds: {life_months: integer, residual_rate: decimal, ready_on: date}
card:
  - table: fa_card
    key: [asset_code]
    columns:
      {asset_code: card.asset_code, name: card.name, dept: card.dept, life_months: card.life_months,
       residual_rate: card.residual_rate, original_value: card.original_value,
       accumulated_depreciation: card.accumulated_depreciation, ready_on: card.ready_on, status: card.status}
voucher:
  - table: gl_voucher
    key: [period, type, number]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, date: voucher.date,
       summary: voucher.summary, external_key: voucher.key, prepared_by: voucher.prepared_by}
entry:
  - table: gl_entry
    key: [period, type, number, line]
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, line: entry.line, account: entry.account,
       debit: entry.debit, credit: entry.credit, dept: entry.dept, asset: entry.asset}
"""
LIFECYCLE: Final = """
lifecycle:
  table: asset
  state: status
  since: changed_on
  by: changed_by
  states:
    in_use: {zh: 在用, en: in use}
    to_dispose: {zh: 待处置, en: to dispose}
    isolated: {zh: 已隔离, en: isolated}
    awaiting_approval: {zh: 待审批, en: awaiting approval}
    awaiting_writeoff: {zh: 待核销, en: awaiting write-off}
    scrapped: {zh: 已报废, en: scrapped}
    sold: {zh: 已出售, en: sold}
    rejected: {zh: 驳回, en: rejected}
  transitions:
    in_use: [to_dispose]
    to_dispose: [isolated, in_use]
    isolated: [awaiting_approval]
    awaiting_approval: [awaiting_writeoff, rejected]
    awaiting_writeoff: [scrapped, sold]
    rejected: [in_use]
  deadlines:
    to_dispose: {within: 7 days, then: [{escalate: asset_manager}, {escalate: director, after: 3 days}]}
    awaiting_approval: {within: 5 days, then: [{escalate: chief_accountant}]}
    awaiting_writeoff: {within: 10 days}
  overdue:
    table: overdue
    columns: {code: asset, state: state, name: name, entry: entry, since: since, due: due, days: days, step: step,
              role: role}
  high_risk:
    used_since: ready_on
    years: 7
    maintained: {latest: done_on, of: maintenance, asset: code}
    without_maintenance: 2
  papers:
    disposal:
      table: disposal
      asset: code
      says: {zh: 处置单, en: disposal}
      columns:
        id: {zh: 单号, en: number}
        inspection_no: {zh: 鉴定单号, en: inspection report}
        approved_by: {zh: 审批人, en: approved by}
        approved_on: {zh: 审批日, en: approved on}
      needed: [inspection_no, approved_by]
  pilot: {cycle_days: 60, shorter_by: 0.40}
"""
MAPPING: Final = """
mapping: shop
finance: finance.yaml
tables:
  asset:
    table: asset
    key: code
    subject: code
    columns: {code: text, name: text, dept: text, life_months: integer, residual_rate: decimal, value: money,
              ready_on: date, status: text, changed_on: date, changed_by: text}
  deprec:
    table: computed
    key: [code, period, line]
    subject: code
    columns: {code: text, period: text, line: integer, dept: text, amount: money, on_: date}
  run: {table: computed_run, key: [period, run], columns: {period: text, run: integer, status: text}}
OVERDUE_TABLE  maintenance: {table: maintenance, key: id, columns: {id: integer, code: text, done_on: date}}
  disposal:
    table: disposal
    key: id
    subject: code
    columns: {id: integer, code: text, inspection_no: text, approved_by: text, approved_on: date, status: text}
depreciation:
  by: syncd
  from: card.ready_on
  when: card.status = 'on_books'
  card: {method: "'straight_line'", department: card.dept}
  rows:
    table: deprec
    columns: {code: asset, period: period, line: line, dept: department, amount: amount, on_: date}
  run: {table: run, columns: {period: period, run: run, status: "'approved'"}}
rules:
  registration:
    on: asset
    when: op IN ('insert', 'read')
    once: after.code
    card:
      asset_code: after.code
      name: after.name
      dept: after.dept
      life_months: after.life_months
      residual_rate: after.residual_rate
      original_value: after.value
      accumulated_depreciation: "0.00"
      ready_on: after.ready_on
      status: "'on_books'"
  collect_it:
    on: asset
    when: after.status = 'to_dispose' AND before.status = 'in_use'
    write:
      - {table: fa_task, key: [asset, task], values:
           {asset: after.code, task: "'collect'", role: "'asset_manager'", on_: change.committed_on}}
  first_review:
    on: asset
    when: after.status = 'awaiting_approval' AND before.status = 'isolated'
    write:
      - {table: fa_task, key: [asset, task], values:
           {asset: after.code, task: "'review'", role: "'finance'", on_: change.committed_on}}
ESCALATION  write_off:
    on: disposal
    when: after.status = 'approved' AND before.status IS DISTINCT FROM 'approved'
    once: after.id
    approve: {role: finance}
    change: {asset_code: after.code, status: "'disposed'"}
    voucher:
      type: "'记'"
      date: after.approved_on
      summary: "'固定资产转入清理 ' || after.code"
      fields: {prepared_by: after.approved_by}
      entries:
        - {account: "'1606'", debit: card.original_value - card.accumulated_depreciation, asset: after.code}
        - {account: "'1602'", debit: card.accumulated_depreciation, asset: after.code}
        - {account: "'1601'", credit: card.original_value, asset: after.code}
  loss:
    on: disposal
    when: after.status = 'approved' AND before.status IS DISTINCT FROM 'approved'
    once: after.id
    let: {net: card.original_value - card.accumulated_depreciation}
    voucher:
      type: "'记'"
      date: after.approved_on
      summary: "'结转处置净损失 ' || after.code"
      entries:
        - {account: "'6711'", debit: net, asset: after.code}
        - {account: "'1606'", credit: net, asset: after.code}
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
      summary: "'计提折旧 ' || after.period"
      entries:
        - {account: "'6602'", debit: after.amount, dept: after.dept}
        - {account: "'1602'", credit: after.amount, dept: after.dept}
"""
OVERDUE: Final = """\
  overdue:
    table: overdue
    key: [code, entry, step]
    columns: {code: text, state: text, name: text, entry: integer, since: date, due: date, days: integer,
              step: integer, role: text}
"""
ESCALATION: Final = """\
  escalation:
    on: overdue
    when: op = 'insert' AND after.role <> ''
    write:
      - {table: fa_task, key: [asset, task], values:
           {asset: after.code, task: "after.state || ' ' || after.days::text", role: after.role,
            on_: change.committed_on}}
"""
SQL: Final = """
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first DAY NOT NULL, last DAY NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_voucher (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, date DAY NOT NULL, summary TEXT NOT NULL,
  external_key TEXT NOT NULL UNIQUE, prepared_by TEXT, PRIMARY KEY (period, type, number)
);
CREATE TABLE gl_entry (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL, account TEXT NOT NULL,
  debit MONEY NOT NULL, credit MONEY NOT NULL, dept TEXT, asset TEXT, PRIMARY KEY (period, type, number, line)
);
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, name TEXT, dept TEXT, life_months INTEGER, residual_rate RATE, original_value MONEY,
  accumulated_depreciation MONEY, ready_on DAY, status TEXT
);
CREATE TABLE fa_task (asset TEXT, task TEXT, role TEXT, on_ DAY, PRIMARY KEY (asset, task));
INSERT INTO gl_account VALUES ('1601'), ('1602'), ('1606'), ('6602'), ('6711');
"""
"""`TEXT`, `DAY`, `MONEY` and `RATE` are spelt as each database keeps them, see `plant.ddl`."""


class Shop(Lab):
    """One pipeline. `splits`: it comes to rest after each transaction, and a quiet clock tells when a day is over;
    otherwise the log is read when `rest` is called, all at once, with the clock as it stands then."""

    def __init__(self, splits: bool = True, more: str = "") -> None:
        self.mapping, self.splits = shop_mapping(more), splits
        self.database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.database.executescript(ddl("sqlite", SQL))
        self.store = memory.Store()
        self.ledger: SqlLedger = self.open_ledger()
        migrate(self.ledger, NOW)
        self.at = datetime(2026, 1, 20, 4, tzinfo=UTC)
        self.ticks = 0.0
        self.translator = self.mapping.translator(NAME)
        self.feed: Feed = self.open_feed()
        self.deadlines = self.judges()
        self.rest()

    @property
    def living(self) -> Living:
        meaning = self.mapping.lifecycle
        assert meaning is not None
        return Living(NAME, meaning, self.mapping.tables, self.mapping.zone)

    def judges(self) -> Deadlines:
        """As a posting thread has it from the start of its reading."""
        return Deadlines(self.living, lambda: self.at, lambda: self.ticks)

    def restart(self) -> None:
        """Another process goes on from the checkpoint."""
        self.ledger, self.translator = self.open_ledger(), self.mapping.translator(NAME)
        self.feed, self.deadlines = self.open_feed(), self.judges()

    def turn(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        pipeline.turn(self.feed, self.translator, self.ledger, outcomes.extend, deadlines=self.deadlines)
        if self.deadlines.quiet(self.ledger, self.translator, outcomes.extend):
            pipeline.settle(self.translator, self.ledger, outcomes.extend)
        return outcomes

    def quiet_until(self, day: date) -> None:
        """Nothing comes until a day has begun."""
        self.at = datetime.combine(day, time(0, 20), self.mapping.zone).astimezone(UTC)
        self.ticks += QUIET_S
        self.rest()

    def on(self, day: date, hour: int = 9) -> None:
        """The EAM's clock."""
        self.at = datetime.combine(day, time(hour), self.mapping.zone).astimezone(UTC)
        if self.splits:
            while self.turn():
                pass

    def asset(self, code: str, **more: Value) -> None:
        values: dict[str, Value] = {
            "code": code, "name": "磁盘阵列", "dept": "IT", "life_months": 60, "residual_rate": Decimal("0.05"),
            "value": Decimal("24000.00"), "ready_on": date(2025, 6, 10), "status": "in_use",
        }  # fmt: skip
        self.commit(self.insert("asset", **values | more))

    def move(self, code: str, state: str, day: date, changed_on: date | Malformed | None = None, by: str = "") -> None:
        """Somebody sets the asset's state on a day; `changed_on` is when it happened, where that is said."""
        self.on(day)
        row = self.store.rows(self.mapping.tables["asset"])[code]
        old = dict(zip([c.name for c in self.mapping.tables["asset"].columns], row, strict=True))
        self.commit(self.update("asset", old, status=state, changed_on=changed_on, changed_by=by or None))

    def document(self, number: int, code: str, day: date, **more: Value) -> None:
        """A disposal is approved in the EAM."""
        self.on(day, 10)
        values: dict[str, Value] = {
            "id": number, "code": code, "inspection_no": "JD-1", "approved_by": "王芳", "approved_on": day,
            "status": "approved",
        }  # fmt: skip
        self.commit(self.insert("disposal", **values | more))

    def run(self, period: str) -> None:
        """A run of depreciation is approved and made."""
        meaning = self.mapping.depreciation
        assert meaning is not None
        rules = [rule.name for rule in self.mapping.rules if rule.on.alias == meaning.rows.alias]
        computing = runs.Computing(NAME, meaning, self.mapping.tables, rules, self.mapping.zone)
        asking.approve(self.ledger, computing, list(reading.periods(self.ledger, self.mapping.layout)), period, BY)
        while runs.turn(self.ledger, self.translator, computing, lambda outcomes: None):
            pipeline.settle(self.translator, self.ledger, lambda outcomes: None)
        self.rest()

    @property
    def tasks(self) -> list[tuple[object, ...]]:
        return self.ask("SELECT asset, task, role, on_ FROM fa_task ORDER BY on_, task")

    @property
    def record(self) -> Mapping[str, list[tuple[object, ...]]]:
        """All that came of the log: the postings in order, the mirror, the tasks, the vouchers."""
        postings = "SELECT key, rule, subject, position, committed_at, content FROM syncd_posting ORDER BY seq"
        return {
            "postings": self.ask(postings),
            "mirror": self.ask("SELECT source_table, key, image FROM syncd_mirror ORDER BY 1, 2"),
            "tasks": self.tasks,
            "vouchers": self.ask("SELECT period, number, date, summary FROM gl_voucher ORDER BY 1, 2"),
            "parked": self.parked,
        }


def write(folder: Path, more: str = "") -> Path:
    """The mapping's files; its path. What passes is a table of the mapping where the block makes its rows."""
    (folder / "finance.yaml").write_text(FINANCE, "utf-8")
    path = folder / "shop.yaml"
    block = more or LIFECYCLE
    makes = "  overdue:\n" in block
    text = MAPPING.replace("OVERDUE_TABLE", OVERDUE * makes).replace("ESCALATION", ESCALATION * makes)
    path.write_text(text + block, "utf-8")
    return path


@cache
def shop_mapping(more: str = "") -> Loaded:
    """The mapping above, with another `lifecycle` block where one is given."""
    with TemporaryDirectory() as folder:
        return load(write(Path(folder), more))
