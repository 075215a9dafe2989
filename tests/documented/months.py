"""What the examples of depreciation, life cycle, close and report take for granted: tables, rules that they name, a
layout with the card's fields."""

import re
from typing import Final

from tests.documented.pieces import filled, pieces

FIELDS: Final = {
    "title": "VARCHAR(20)", "dept": "VARCHAR(9)", "workshop": "VARCHAR(9)", "class": "VARCHAR(9)",
    "status": "VARCHAR(12)", "origin": "VARCHAR(9)", "method": "VARCHAR(20)", "original_value": "MONEY_TYPE",
    "accumulated_depreciation": "MONEY_TYPE", "impairment": "MONEY_TYPE", "life_months": "INTEGER",
    "residual_rate": "MONEY_TYPE", "total_units": "INTEGER", "ready_on": "DATE", "at_once": "BOOLEAN",
}  # fmt: skip
"""Card field → its column's type."""
KINDS: Final = {"INTEGER": "integer", "DATE": "date", "MONEY_TYPE": "money", "BOOLEAN": "boolean"}
_KINDS: Final = ", ".join(f"{name}: {KINDS[kind]}" for name, kind in FIELDS.items() if kind in KINDS)
_CARD: Final = ", ".join(f"{name}: card.{name}" for name in FIELDS)
LAYOUT: Final = f"""
finance: demo
lookups: {{account: {{table: fin.account, code: code, gives: code}}}}
accounts: account
periods: {{table: fin.period, code: code, first: starts_on, last: ends_on, open: status = 'open'}}
numbering: {{table: fin.voucher, number: number, period: period, type: type}}
dims: [dept, class, asset, project]
voucher_fields: [buyer]
kinds: {{{_KINDS}}}
card:
  - table: fin.card
    key: asset_code
    columns: {{asset_code: card.asset_code, {_CARD}}}
voucher:
  - table: fin.voucher
    key: [period, type, number]
    columns: {{period: voucher.period, type: voucher.type, number: voucher.number, posted_on: voucher.date,
              external_key: voucher.key, buyer: voucher.buyer}}
entry:
  - table: fin.entry
    key: [period, type, number, line]
    columns: {{period: voucher.period, type: voucher.type, number: voucher.number, line: entry.line,
              account: entry.account, debit: entry.debit, credit: entry.credit, dept: entry.dept, class: entry.class,
              asset: entry.asset, project: entry.project}}
"""
DDL: Final = f"""
    CREATE TABLE fin.account (code VARCHAR(20) PRIMARY KEY);
    CREATE TABLE fin.period (
        code VARCHAR(7) PRIMARY KEY, starts_on DATE NOT NULL, ends_on DATE NOT NULL, status VARCHAR(9) NOT NULL
    );
    CREATE TABLE fin.card (
        asset_code VARCHAR(40) PRIMARY KEY, {", ".join(f"{name} {kind}" for name, kind in FIELDS.items())}
    );
    CREATE TABLE fin.voucher (
        period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL, posted_on DATE NOT NULL,
        external_key VARCHAR(120) NOT NULL, buyer VARCHAR(20), PRIMARY KEY (period, type, number)
    );
    CREATE TABLE fin.entry (
        period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
        account VARCHAR(20) NOT NULL, debit MONEY_TYPE NOT NULL, credit MONEY_TYPE NOT NULL, dept VARCHAR(9),
        class VARCHAR(9), asset VARCHAR(40), project VARCHAR(20), PRIMARY KEY (period, type, number, line)
    );
    INSERT INTO fin.account VALUES ('1601'), ('1602'), ('1002'), ('5101'), ('1606'), ('1001');
    INSERT INTO fin.period VALUES ('2026-01', '2026-01-01', '2026-01-31', 'open');
    INSERT INTO fin.period VALUES ('2026-02', '2026-02-01', '2026-02-28', 'open');
    INSERT INTO fin.period VALUES ('2026-03', '2026-03-01', '2026-03-31', 'open');
"""
EAM: Final = """
    CREATE TABLE asset (
        asset_code TEXT PRIMARY KEY, name TEXT, value TEXT, status TEXT, status_on TEXT, changed_by TEXT, ready_on TEXT,
        payment TEXT
    );
    CREATE TABLE share (asset_code TEXT, dept TEXT, percent TEXT, PRIMARY KEY (asset_code, dept));
    CREATE TABLE meter (asset_code TEXT, period TEXT, units INTEGER, PRIMARY KEY (asset_code, period));
    CREATE TABLE repair (id INTEGER PRIMARY KEY, asset_code TEXT, done_on TEXT);
    CREATE TABLE upgrade (id INTEGER PRIMARY KEY, asset_code TEXT, input_vat TEXT, status TEXT);
    CREATE TABLE disposal (id INTEGER PRIMARY KEY, asset_code TEXT, inspection_no TEXT);
    CREATE TABLE asset_use (
        id INTEGER PRIMARY KEY, asset_code TEXT, kind TEXT, began_on TEXT, ended_on TEXT, party TEXT
    );
    CREATE TABLE dept (code TEXT PRIMARY KEY, name TEXT, workshop TEXT);
    INSERT INTO dept VALUES ('SC', '生产部', '一车间');
"""
_OF_ASSET: Final = "join: {asset: asset_code}, columns: {id: integer, asset_code: text"
TABLES: Final = f"""
tables:
  asset:
    table: asset
    key: asset_code
    subject: asset_code
    columns:
      {{asset_code: text, name: text, value: money, status: text, status_on: date, changed_by: text, ready_on: date,
       payment: text}}
  deprec:
    table: computed
    key: [asset_code, period, line]
    subject: asset_code
    columns:
      {{asset_code: text, period: text, line: integer, kind: text, dept: text, amount: money, months: text,
       charged_on: date}}
  run: {{table: computed_run, key: period, columns: {{period: text, status: text}}}}
  overdue:
    table: computed_overdue
    key: [code, entry, step]
    subject: code
    columns:
      {{code: text, state: text, called: text, entry: integer, since: date, due: date, days: integer, step: integer,
       role: text}}
  share: {{table: share, key: [asset_code, dept], columns: {{asset_code: text, dept: text, percent: decimal}}}}
  meter: {{table: meter, key: [asset_code, period], columns: {{asset_code: text, period: text, units: decimal}}}}
  repair: {{table: repair, key: id, subject: asset_code, {_OF_ASSET}, done_on: date}}}}
  upgrade: {{table: upgrade, key: id, subject: asset_code, {_OF_ASSET}, input_vat: money, status: text}}}}
  disposal: {{table: disposal, key: id, subject: asset_code, {_OF_ASSET}, inspection_no: text}}}}
  asset_use:
    {{table: asset_use, key: id, {_OF_ASSET}, kind: text, began_on: date, ended_on: date, party: text}}}}
references:
  dept: {{table: dept, key: code, columns: {{code: text, name: text, workshop: text}}}}
decisions:
  tax_life: {{file: demo/tax_life.csv, keys: [class], gives: months}}
  tax_line: {{file: demo/tax_life.csv, keys: [class], gives: line}}
accounts: {{file: demo/roles.csv, standard: standard}}
constants: {{standard: ASBE}}
"""
FILES: Final = {
    "demo/tax_life.csv": "class,months,line\nJQ,120,3\n",
    "demo/roles.csv": "standard,role,code,name\nASBE,fixed_assets,1601,a\nASBE,input_vat,22210101,d\n"
    "ASBE,research_expensed,530101,b\n"
    "ASBE,research_capitalised,530102,c\n",
}
NAMED: Final = (
    "upgrade", "split_from", "split_to", "disposal", "disposal_cost", "disposal_proceeds", "disposal_result",
    "held_for_sale", "research_carried",
)  # fmt: skip
"""Rules that reports name; here they look at papers that nobody files."""
_NEVER: Final = "".join(
    f"""
  {name}_:
    on: disposal
    when: op = 'insert' AND after.inspection_no = '{name}'
    voucher: &never
      type: "'记'"
      date: DATE '2026-02-03'
      summary: "'{name}'"
      fields: {{buyer: "'nobody'"}}
      entries: [{{account: "'1606'", debit: 1.00, project: "'P'"}}, {{account: "'1002'", credit: 1.00}}]
""".replace("&never", "").replace(f"{name}_:", f"{name}:")
    for name in NAMED
)
RULES: Final = f"""
rules:
  registration:
    on: asset
    when: op IN ('insert', 'read')
    once: after.asset_code
    card:
      {{asset_code: after.asset_code, title: after.name, dept: "'SC'", workshop: "'W1'", class: "'JQ'",
       status: after.status, origin: "'addition'", method: "'straight_line'", original_value: after.value,
       accumulated_depreciation: 0.00, impairment: 0.00, life_months: 60, residual_rate: 0.05, total_units: 0,
       ready_on: after.ready_on, at_once: false}}
    voucher:
      type: "'记'"
      date: after.ready_on
      summary: "'bought ' || after.asset_code"
      fields: {{movement: "'purchase'"}}
      entries:
        - {{account: "'1601'", debit: after.value, dept: "'SC'", class: "'JQ'", asset: after.asset_code}}
        - {{account: "'1002'", credit: after.value}}
  state:
    on: asset
    when: op = 'update' AND after.status <> before.status
    change: {{asset_code: after.asset_code, status: after.status}}
  monthly_depreciation:
    on: deprec
    when: op = 'insert'
    change:
      asset_code: after.asset_code
      accumulated_depreciation: card.accumulated_depreciation + after.amount
    collect:
      group: [after.period, after.dept]
      post: {{on: run, when: after.status = 'approved', group: [after.period]}}
    voucher:
      type: "'转'"
      date: after.charged_on
      summary: "'depreciation ' || after.period"
      entries:
        - {{account: "'5101'", debit: after.amount, dept: after.dept}}
        - {{account: "'1602'", credit: after.amount, dept: after.dept, class: "'JQ'", asset: after.asset_code}}
{_NEVER}"""
MONTH_END: Final = filled(
    "close",
    ("gl_entry WHERE account = '1001' AND period = :period …   # :first, :last",
     "fin.entry WHERE account = '1001' AND period = :period AND :first <= :last"),
    ("      general: tax_general\n", "      general: tax\n"),
)  # fmt: skip
PARTS: Final = (TABLES + RULES, re.sub(r"\n+", "\n", pieces()["depreciation"] + pieces()["lifecycle"] + MONTH_END))
