"""Finance databases of other shapes: layouts as users write them, and the tables that they are about."""

from typing import Final

RULES: Final = """
tables:
  asset: {table: eam.asset, key: id, columns: {id: integer, code: text, value: money}}
rules:
  registration:
    on: asset
    when: op = 'insert'
    card: {asset_code: after.code, name: "'lathe'", original_value: after.value}
    voucher:
      type: "'记'"
      date: DATE '2026-02-03'
      summary: "'addition'"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value, dept: "'SC'"}]
"""
COMMON: Final = """
finance: shape
lookups: {account_id: {table: fin.account, code: code, gives: id}}
accounts: account_id
periods: {table: fin.period, code: code, first: starts, last: ends, open: is_open = 1}
dims: [dept]
"""
CARDS: Final = """
kinds: {original_value: money}
card:
  - table: fin.card
    key: asset_code
    columns: {asset_code: card.asset_code, name: card.name, original_value: card.original_value}
"""
PERIODS: Final = next(line for line in COMMON.splitlines(keepends=True) if line.startswith("periods:"))
SCHEMA: Final = """
    CREATE TABLE fin.account (code VARCHAR(20) PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TABLE fin.period (
        code VARCHAR(7) PRIMARY KEY, starts DATE NOT NULL, ends DATE NOT NULL, is_open INTEGER NOT NULL
    );
    CREATE TABLE fin.card (asset_code VARCHAR(40) PRIMARY KEY, name VARCHAR(20), original_value MONEY_TYPE);
    INSERT INTO fin.account VALUES ('1601', 16010), ('1002', 10020);
    INSERT INTO fin.period VALUES ('2026-01', '2026-01-01', '2026-01-31', 1);
    INSERT INTO fin.period VALUES ('2026-02', '2026-02-01', '2026-02-28', 1);
"""

# Ids that finance draws itself

DRAWN: Final = """
numbering: {table: fin.move, number: number, period: period, type: type}
voucher:
  - table: fin.move
    key: id
    generated: id
    columns:
      {period: voucher.period, type: voucher.type, number: voucher.number, posted_on: voucher.date,
       summary: voucher.summary, external_key: voucher.key}
entry:
  - table: fin.line
    key: [move_id, line]
    columns:
      {move_id: voucher.id, line: entry.line, account_id: account_id(entry.account), debit: entry.debit,
       credit: entry.credit, dept: entry.dept}
"""
MOVES: Final = """
    CREATE TABLE fin.move (
        id SERIAL_KEY, period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL,
        posted_on DATE NOT NULL, summary VARCHAR(20) NOT NULL CHECK (summary <> 'refuse me'),
        external_key VARCHAR(80) NOT NULL, UNIQUE (period, type, number)
    );
    CREATE INDEX move_key ON fin.move (external_key);
    CREATE TABLE fin.line (
        id SERIAL_KEY, move_id BIGINT NOT NULL REFERENCES fin.move (id), line INTEGER NOT NULL,
        account_id INTEGER NOT NULL, debit MONEY_TYPE NOT NULL, credit MONEY_TYPE NOT NULL, dept VARCHAR(9),
        UNIQUE (move_id, line)
    );
"""

# Numbers in other series

NUMBERED: Final = """
numbering: {table: fin.slip, number: no, %s}
voucher:
  - table: fin.slip
    key: external_key
    columns:
      {no: %s, kind: voucher.type, day: voucher.date, period: voucher.period, summary: voucher.summary,
       external_key: voucher.key}
entry:
  - table: fin.slip_line
    key: [slip, line]
    columns:
      {slip: voucher.key, line: entry.line, account: account_id(entry.account), amount: entry.debit - entry.credit}
"""
SLIPS: Final = """
    CREATE TABLE fin.slip (
        no VARCHAR(20), kind VARCHAR(4) NOT NULL, day DATE NOT NULL, period VARCHAR(7) NOT NULL,
        summary VARCHAR(20) NOT NULL CHECK (summary <> 'refuse me'), external_key VARCHAR(80) NOT NULL PRIMARY KEY
    );
    CREATE TABLE fin.slip_line (
        slip VARCHAR(80) NOT NULL, line INTEGER NOT NULL, account INTEGER NOT NULL, amount MONEY_TYPE NOT NULL,
        PRIMARY KEY (slip, line)
    );
"""


# Cards in other tables

ITEMS: Final = """
kinds: {original_value: money}
card:
  - table: fin.item
    key: [kind, code]
    where: kind = 'FA'
    generated: id
    columns: {kind: "'FA'", code: card.asset_code, label: card.name}
  - {table: fin.item_value, key: item_id, columns: {item_id: card.id, amount: card.original_value}}
"""
ITEM_TABLES: Final = """
    CREATE TABLE fin.item (id SERIAL_KEY, kind CHAR(4) NOT NULL, code VARCHAR(40) NOT NULL, label VARCHAR(20));
    CREATE TABLE fin.item_value (item_id BIGINT PRIMARY KEY REFERENCES fin.item (id), amount MONEY_TYPE);
    INSERT INTO fin.item (kind, code, label) VALUES ('MAT', 'FA-2', 'steel');
"""

# Names in letters of both cases, and words of SQL

MIXED: Final = """
finance: mixed
lookups: {account_id: {table: '"fin"."Konto"', code: '"Nr"', gives: id}}
accounts: account_id
periods: open
numbering: {table: fin.Beleg, number: '"Nr"', type: '"order"'}
dims: [dept]
kinds: {original_value: money}
card:
  - {table: fin.Karte, key: Code, columns: {Code: card.asset_code, Name: card.name}}
  - {table: fin.Wert, key: KartenCode, columns: {KartenCode: card.asset_code, "原值": card.original_value}}
voucher:
  - table: fin.Beleg
    key: BelegId
    generated: BelegId
    columns: {Nr: voucher.number, order: voucher.type, Datum: voucher.date, Periode: voucher.period, Key: voucher.key}
entry:
  - table: fin.Zeile
    key: [BelegId, line]
    columns:
      {BelegId: voucher.id, line: entry.line, Konto: account_id(entry.account), user: entry.dept,
       desc: entry.debit - entry.credit}
"""
MIXED_TABLES: Final = """
    CREATE TABLE fin."Konto" ("Nr" CHAR(20) PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TABLE fin."Karte" ("Code" CHAR(40) PRIMARY KEY, "Name" CHAR(20));
    CREATE TABLE fin."Wert" ("KartenCode" CHAR(40) PRIMARY KEY, "原值" MONEY_TYPE);
    CREATE TABLE fin."Beleg" (
        "BelegId" SERIAL_KEY, "Nr" INTEGER NOT NULL, "order" CHAR(4) NOT NULL, "Datum" DATE NOT NULL,
        "Periode" CHAR(10) NOT NULL, "Key" CHAR(90) NOT NULL
    );
    CREATE TABLE fin."Zeile" (
        "BelegId" BIGINT NOT NULL, line INTEGER NOT NULL, "Konto" INTEGER NOT NULL, "user" CHAR(9), "desc" MONEY_TYPE,
        PRIMARY KEY ("BelegId", line)
    );
    INSERT INTO fin."Konto" VALUES ('1601', 16010);
    INSERT INTO fin."Konto" VALUES ('1002', 10020);
"""


# Two companies' books in one database

BOOK: Final = """
book: %s
numbering: {table: fin.voucher, number: number, period: period, type: type, where: company = '%s'}
voucher:
  - table: fin.voucher
    key: [company, period, type, number]
    columns:
      {company: "'%s'", period: voucher.period, type: voucher.type, number: voucher.number, posted_on: voucher.date,
       external_key: voucher.key}
entry:
  - table: fin.entry
    key: [voucher, line]
    columns:
      {voucher: voucher.key, line: entry.line, account_id: account_id(entry.account), debit: entry.debit,
       credit: entry.credit}
"""
BOOK_TABLES: Final = """
    CREATE TABLE fin.voucher (
        company VARCHAR(9) NOT NULL, period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL,
        posted_on DATE NOT NULL, external_key VARCHAR(80) NOT NULL, PRIMARY KEY (company, period, type, number)
    );
    CREATE TABLE fin.entry (
        voucher VARCHAR(80) NOT NULL, line INTEGER NOT NULL, account_id INTEGER NOT NULL, debit MONEY_TYPE NOT NULL,
        credit MONEY_TYPE NOT NULL, PRIMARY KEY (voucher, line)
    );
"""

# Two kinds of cards in one table, among what are none

TWO_KINDS: Final = RULES.replace("name: \"'lathe'\"", "kind: \"'FA'\", name: \"'lathe'\"")
KINDS_OF_CARDS: Final = """
kinds: {original_value: money, kind: text}
card:
  - table: fin.item
    key: code
    where: kind IN ('FA', 'IA')
    generated: id
    columns: {kind: card.kind, code: card.asset_code, label: card.name}
  - {table: fin.item_value, key: item_id, columns: {item_id: card.id, amount: card.original_value}}
"""
