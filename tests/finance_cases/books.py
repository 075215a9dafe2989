"""A small company whose assets are bought, worn, moved, impaired and disposed of: a mapping of its own over finance in
memory, with an EAM written by hand, for cases of which each figure is known."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from connectors import reading
from syncd.books import balances, writes
from syncd.books.close import cards, closing
from syncd.books.close.item import Item
from syncd.books.figures import Amounts, Figures, figures
from syncd.books.figures import at as figures_at
from syncd.desk.audit import verify
from syncd.ports import Period
from tests.unit.lab import NAME, Lab

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
FIELDS: Final = ("original_value", "accumulated_depreciation", "impairment")
FINANCE: Final = """
finance: books
lookups:
  account: {table: gl_account, code: code, gives: code}
accounts: account
periods: {table: gl_period, code: code, first: first, last: last, open: open = 1, close: open = 0, reopen: open = 1}
numbering: {table: gl_voucher, number: number, period: period, type: type}
dims: [dept, class, asset]
kinds: {residual_rate: {decimal: 4}, original_value: money, accumulated_depreciation: money, impairment: money}
card:
  - table: fa_card
    key: [asset_code]
    columns:
      {asset_code: card.asset_code, name: card.name, dept: card.dept, class: card.class, life_months: card.life_months,
       residual_rate: card.residual_rate, original_value: card.original_value, impairment: card.impairment,
       accumulated_depreciation: card.accumulated_depreciation, status: card.status}
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
       debit: entry.debit, credit: entry.credit, dept: entry.dept, class: entry.class, asset: entry.asset}
"""
SQL: Final = """
CREATE TABLE gl_account (code TEXT PRIMARY KEY);
CREATE TABLE gl_period (code TEXT PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL, open INTEGER NOT NULL);
CREATE TABLE gl_voucher (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, date TEXT NOT NULL, event_date TEXT NOT NULL,
  summary TEXT NOT NULL, external_key TEXT UNIQUE, PRIMARY KEY (period, type, number)
);
CREATE TABLE gl_entry (
  period TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL, account TEXT NOT NULL,
  debit TEXT NOT NULL, credit TEXT NOT NULL, dept TEXT, class TEXT, asset TEXT, PRIMARY KEY (period, type, number, line)
);
CREATE TABLE fa_card (
  asset_code TEXT PRIMARY KEY, name TEXT, dept TEXT, class TEXT, life_months INTEGER, residual_rate TEXT,
  original_value TEXT, impairment TEXT, accumulated_depreciation TEXT, status TEXT
);
INSERT INTO gl_account VALUES ('1002'), ('1601'), ('1602'), ('1603'), ('1606'), ('2401'), ('5301'), ('6602'), ('6701'),
                              ('6711'), ('1604');
INSERT INTO gl_period VALUES ('2026-01', '2026-01-01', '2026-01-31', 1), ('2026-02', '2026-02-01', '2026-02-28', 1),
                             ('2026-03', '2026-03-01', '2026-03-31', 1), ('2026-04', '2026-04-01', '2026-04-30', 1),
                             ('2026-12', '2026-12-01', '2026-12-31', 1);
"""
MAPPING: Final = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, name: text, dept: text, class: text, cost: money, worn: money, on_: date}
  event:
    table: event
    key: id
    subject: asset_code
    columns: {id: integer, asset_code: text, kind: text, amount: money, dept: text, on_: date}
rules:
  bought:
    on: asset
    when: op IN ('insert', 'read')
    once: after.code
    require: [{check: after.cost > 0, says: cost}]
    approve: {when: op = 'insert' AND after.cost > 5000000, role: finance}
    card:
      {asset_code: after.code, name: after.name, dept: after.dept, class: after.class, life_months: "60",
       residual_rate: "0.05", original_value: after.cost, accumulated_depreciation: after.worn, impairment: "0.00",
       status: "'in_use'"}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'购入 ' || after.code"
      entries:
        - {account: "'1601'", debit: after.cost, dept: after.dept, class: after.class, asset: after.code}
        - {account: "'1002'", credit: after.cost}
  deleted:
    on: asset
    when: op = 'delete'
    change: {asset_code: before.code, status: "'cancelled'"}
  taken_back:                        # the voucher of the same change, by a rule of its own
    on: asset
    when: op = 'delete'
    reverse: [bought]
  worn:
    on: event
    when: op = 'insert' AND after.kind = 'month'
    once: after.id
    change: {asset_code: after.asset_code, accumulated_depreciation: card.accumulated_depreciation + after.amount}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'折旧 ' || after.asset_code"
      entries:
        - {account: "'6602'", debit: after.amount, dept: "coalesce(nullif(after.dept, ''), card.dept)"}
        - {account: "'1602'", credit: after.amount, dept: card.dept, class: card.class, asset: after.asset_code}
  impaired:
    on: event
    when: op = 'insert' AND after.kind = 'impairment'
    once: after.id
    change: {asset_code: after.asset_code, impairment: card.impairment + after.amount}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'减值 ' || after.asset_code"
      entries:
        - {account: "'6701'", debit: after.amount}
        - {account: "'1603'", credit: after.amount, dept: card.dept, class: card.class, asset: after.asset_code}
  upgraded:
    on: event
    when: op = 'insert' AND after.kind = 'upgrade'
    once: after.id
    change: {asset_code: after.asset_code, original_value: card.original_value + after.amount}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'更新改造 ' || after.asset_code"
      entries:
        - {account: "'1601'", debit: after.amount, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1002'", credit: after.amount}
  moved:
    on: event
    when: op = 'insert' AND after.kind = 'transfer'
    once: after.id
    let: {worn: card.accumulated_depreciation}
    change: {asset_code: after.asset_code, dept: after.dept}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'调拨 ' || after.asset_code"
      entries:
        - {account: "'1601'", debit: card.original_value, dept: after.dept, class: card.class, asset: after.asset_code}
        - {account: "'1601'", credit: card.original_value, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1602'", debit: worn, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1602'", credit: worn, dept: after.dept, class: card.class, asset: after.asset_code}
        - {account: "'1603'", debit: card.impairment, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1603'", credit: card.impairment, dept: after.dept, class: card.class, asset: after.asset_code}
  disposed:
    on: event
    when: op = 'insert' AND after.kind = 'disposal'
    once: after.id
    require: [{check: card.status = 'in_use', says: disposed}]
    let: {worn: card.accumulated_depreciation, book: card.original_value - worn - card.impairment}
    change: {asset_code: after.asset_code, status: "'disposed'"}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'处置 ' || after.asset_code"
      entries:
        - {account: "'1606'", debit: book, asset: after.asset_code}
        - {account: "'1602'", debit: worn, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1603'", debit: card.impairment, dept: card.dept, class: card.class, asset: after.asset_code}
        - {account: "'1601'", credit: card.original_value, dept: card.dept, class: card.class, asset: after.asset_code}
  settled:
    on: event
    when: op = 'insert' AND after.kind = 'result'
    once: after.id
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'结转 ' || after.asset_code"
      entries:
        - {account: "'6711'", debit: after.amount}
        - {account: "'1606'", credit: after.amount, asset: after.asset_code}
reconcile:
  on: asset
  cards: status = 'in_use'
  asset_code: code
  original_value: cost
  accumulated_depreciation: worn
  accounts: {original_value: "1601", accumulated_depreciation: "1602", impairment: "1603"}
close:
  accounts: {clearing: "1606", research: "5301", grants: "2401", construction: "1604"}
  auxiliaries: {dept: dept, class: class}
  depreciates: card.status = 'in_use'
  checks:
    no_round_sums:
      says: {zh: 没有整百万的凭证, en: no voucher of a whole million}
      sql: SELECT period, number FROM gl_entry WHERE period = :period AND debit = '1000000.00'
      mend: {zh: 请核对, en: look at it}
report:
  company: {zh: 试验公司, en: The Test Company}
  movements:
    upgrades: {says: {zh: 更新改造, en: upgrades}, rules: [upgraded]}
"""


class Books(Lab):
    """The company. Each event is a transaction of the EAM; the ids run by themselves."""

    def __init__(self, openings: Sequence[tuple[str, str, str]] = ()) -> None:
        """`openings` are assets that a snapshot finds: code, cost, what they have worn."""
        self._openings = openings
        self._ids = iter(range(1, 1_000_000))
        self._rows: dict[str, dict[str, object]] = {}
        super().__init__(MAPPING, True, FINANCE, SQL)

    def settle(self) -> None:
        for code, cost, worn in self._openings:
            row = self._row(code, cost, "2020-01-01") | {"worn": Decimal(worn)}
            self.store.commit([self.insert("asset", **row)], NOW)  # type: ignore[arg-type]

    def _row(
        self, code: str, cost: str, on: str, dept: str = "SC", kind: str = "JQ", name: str = "车床"
    ) -> dict[str, object]:
        row = {"id": next(self._ids), "code": code, "name": name, "dept": dept, "class": kind, "cost": Decimal(cost)}
        self._rows[code] = row | {"worn": Decimal("0.00"), "on_": date.fromisoformat(on)}
        return self._rows[code]

    def buy(self, code: str, cost: str, on: str, dept: str = "SC", kind: str = "JQ", name: str = "车床") -> None:
        row = self._row(code, cost, on, dept, kind, name)
        self.commit(self.insert("asset", **row))  # type: ignore[arg-type]

    def delete_asset(self, code: str) -> None:
        self.commit(self.delete("asset", **self._rows[code]))  # type: ignore[arg-type]

    def happen(self, kind: str, code: str, amount: str, on: str, dept: str = "") -> None:
        day = date.fromisoformat(on)
        row = {"id": next(self._ids), "asset_code": code, "kind": kind, "amount": Decimal(amount), "dept": dept}
        self.commit(self.insert("event", **row, on_=day))  # type: ignore[arg-type]

    def by_hand(self, period: str, on: str, *lines: tuple[str, str, str, str]) -> None:
        """A voucher that finance's own people enter: account, debit, credit, asset."""
        ((number,),) = self.ask(f"SELECT coalesce(max(number), 0) + 1 FROM gl_voucher WHERE period = '{period}'")
        run = self.database.execute
        run("INSERT INTO gl_voucher VALUES (?, '记', ?, ?, ?, '手工', NULL)", (period, number, on, on))
        for line, (account, debit, credit, asset) in enumerate(lines, 1):
            place = ("SC", "JQ") if asset else (None, None)
            values = (period, number, line, account, debit, credit, *place, asset or None)
            columns = "period, type, number, line, account, debit, credit, dept, class, asset"
            run(f"INSERT INTO gl_entry ({columns}) VALUES (?, '记', ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def periods(self) -> Sequence[Period]:
        return reading.periods_less_closed(self.ledger, self.mapping.layout)

    def period(self, code: str) -> Period:
        (found,) = (period for period in self.periods() if period.code == code)
        return found

    def held(self, day: str) -> dict[str, Amounts]:
        """What each asset comes to at the end of a day."""
        read = cards.read(self.mapping.month_end, self.mapping.layout.card_kinds)
        return figures_at(writes.card_writes(self.ledger, self.mapping.zone, [NAME]), read, date.fromisoformat(day))

    def figures(self, code: str) -> Figures:
        """Those of a month."""
        period, kinds = self.period(code), self.mapping.layout.card_kinds
        read = cards.read(self.mapping.month_end, kinds)
        return figures(writes.card_writes(self.ledger, self.mapping.zone, [NAME]), read, period.first, period.last)

    def ledger_at(self, day: str) -> Amounts:
        """The accounts at the end of a day, by the dates of finance's own vouchers."""
        found = []
        for account, sign in (("1601", 1), ("1602", -1), ("1603", -1)):
            lines = self.ask(
                "SELECT e.debit, e.credit FROM gl_entry e JOIN gl_voucher v USING (period, type, number)"
                f" WHERE e.account = '{account}' AND v.date <= '{day}'"
            )
            found.append(sign * sum((Decimal(str(d)) - Decimal(str(c)) for d, c in lines), Decimal(0)))
        return Amounts(*found)

    def entries(self, *accounts: str) -> list[balances.JournalEntry]:
        return list(balances.of_accounts(self.ledger, self.mapping.layout, self.periods(), accounts))

    def close_items(self, code: str) -> dict[str, Item]:
        """What must hold, by code; the reconciliation is not asked."""
        chain = closing.Elsewhere(None, lambda: verify.verify(self.ledger, NAME, self.mapping.layout))
        found = closing.look(self.ledger, self.mapping, self.periods(), self.period(code), NOW, chain, [NAME])
        return {item.said.code: item for item in found}


def standard(asset: str = "FA-1") -> Books:
    """Standard asset A of the finance cases: 120,000.00, bought 15 January, 1,900.00 a month from February."""
    books = Books()
    books.buy(asset, "120000.00", "2026-01-15")
    books.happen("month", asset, "1900.00", "2026-02-28")
    return books
