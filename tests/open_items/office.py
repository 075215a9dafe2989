"""A company that has invoices, payments and stock, and a ledger without cards: its EAM and its finance in files, the
daemon within this process. How finance keeps an amount differs from ledger to ledger."""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

import structlog

from syncd import wiring
from syncd.books.reconciliation.reconcile import Difference, Report
from syncd.cli import main, output
from tests.acceptance.databases import connected
from tests.working import running

WAIT_S_MAX: Final = 60.0
AMOUNTS: Final = {
    "debit and credit": "debit: entry.debit, credit: entry.credit",
    "debit less credit": "amount: entry.debit - entry.credit",
    "credit less debit": "amount: entry.credit - entry.debit",
    "fractions": 'num: "CAST((entry.debit - entry.credit) * 100 AS integer)", denom: "100"',
    "side and size": "side: \"CASE WHEN entry.credit = 0 THEN 'D' ELSE 'H' END\", amount: entry.debit + entry.credit",
    "cents on the other side": "cents: (entry.credit - entry.debit) * 100",
}
COLUMNS: Final = (
    "debit {money}, credit {money}, amount {double}, num INTEGER, denom INTEGER, side VARCHAR(1), cents INTEGER"
)
TYPES: Final[dict[str, dict[str, str]]] = {
    "sqlite": {"money": "TEXT", "double": "TEXT", "text": "TEXT", "float": "REAL", "serial": "INTEGER PRIMARY KEY"},
    "postgres": {
        "money": "NUMERIC(18, 2)",
        "double": "DOUBLE PRECISION",
        "text": "CHAR(60)",
        "float": "DOUBLE PRECISION",
        "serial": "SERIAL PRIMARY KEY",
    },
    "mysql": {
        "money": "DECIMAL(18, 2)",
        "double": "DOUBLE",
        "text": "VARCHAR(60) CHARACTER SET latin1",
        "float": "DOUBLE",
        "serial": "INTEGER AUTO_INCREMENT PRIMARY KEY",
    },
}
"""How a ledger keeps them; one on a server keeps a signed amount as a binary fraction."""
LAYOUT: Final = """
finance: office
lookups: {{account: {{table: konto, code: '"Nr"', gives: id}}}}
accounts: account
periods: open
numbering: {{table: Beleg, number: '"Nr"', year: year}}
dims: [document, supplier, dept]
voucher:
  - {{table: Beleg, key: [id], columns: {{id: uuid(voucher.key), year: voucher.year, Nr: voucher.number,
      day: voucher.date, 'key': voucher.key, text: voucher.summary, ref: voucher.document}}}}
entry:
  - table: Zeile
    key: [id, line]
    columns: {{id: uuid(voucher.key), line: entry.line, konto: account(entry.account), document: entry.document,
              supplier: entry.supplier, dept: entry.dept, {amounts}}}
"""
MAPPING: Final = """
mapping: office
finance: office.yaml
tables:
  invoice:
    table: Rechnung
    key: Nr
    subject: '"Nr"'
    join: {supplier: supplier_id}
    columns: {Nr: text, supplier_id: integer, status: text, 日期: date, total: money, dept: text}
  payment:
    table: payment
    key: id
    join: {invoice: invoice}
    subject: invoice.Nr
    columns: {id: integer, invoice: text, paid_on: date, amount: money}
  machine:
    table: machine
    key: id
    subject: code
    join: {place: place_id}
    columns: {id: integer, code: text, place_id: integer, bought_on: date, state: text}
  cost: {table: cost, key: id, subject: machine.code, join: {machine: machine_id},
         columns: {id: integer, machine_id: integer, amount: money}}
  order_head: {table: order_head, key: id, columns: {id: integer, no: text, status: text, day: date}}
  order_item: {table: order_item, key: id, columns: {id: integer, order_id: integer, kind: text, amount: money}}
documents:
  order: {header: order_head, subject: no, lines: {item: {table: order_item, of: order_id}}}
references:
  supplier: {table: supplier, key: id, columns: {id: integer, code: text}}
  place: {table: place, key: id, columns: {id: integer, dept: text}}
rules:
  invoice:
    on: invoice
    when: after.status = 'approved'
    once: after."Nr"
    require: [{check: after.total < 1000000, says: too much}]
    approve: {when: after.total > 50000, role: finance}
    voucher:
      type: "'RE'"
      date: after."日期"
      summary: "'Rechnung ' || after.\\"Nr\\""
      fields: {document: after."Nr"}
      entries:
        - {account: "'6602'", debit: after.total, dept: after.dept}
        - {account: "'2202'", credit: after.total, document: after."Nr", supplier: supplier.code, dept: after.dept}
  payment:
    on: payment
    when: op <> 'delete'
    join: {payee: {table: supplier, key: invoice.supplier_id}}
    voucher:
      type: "'ZA'"
      date: after.paid_on
      summary: "'Zahlung ' || after.invoice"
      fields: {document: after.invoice}
      entries:
        - {account: "'2202'", debit: after.amount, document: after.invoice, supplier: payee.code, dept: invoice.dept}
        - {account: "'1002'", credit: after.amount}
  cost:
    on: cost
    join: {place: machine.place_id}
    voucher:
      type: "'AN'"
      date: machine.bought_on
      summary: "'Zugang ' || machine.code"
      entries:
        - {account: "'1601'", debit: after.amount, document: machine.code, dept: place.dept}
        - {account: "'1002'", credit: after.amount}
  order:
    on: order
    when: after.status = 'approved'
    once: after.no
    edited: reverse
    voucher:
      type: "'AN'"
      date: after.day
      summary: "'Bestellung ' || after.no"
      entries:
        - {each: item, when: item.kind = 'M', account: "'1403'", debit: item.amount, document: after.no}
        - {each: item, when: item.kind <> 'M', account: "'6602'", debit: item.amount}
        - {account: "'1002'", credit: sum(item.amount)}
balances:
  stock:
    on: order
    where: status = 'approved'
    key: no
    amount: coalesce(sum(item.amount) FILTER (WHERE item.kind = 'M'), 0.00)
    accounts: "1403"
    side: debit
    entries: document
  payables:
    says: {zh: 应付账款, en: payables}
    on: invoice
    where: status IN ('approved', 'paid')
    key: '"Nr"'
    amount: [total, {sum: -amount, of: payment, by: invoice, equals: '"Nr"'}]
    accounts: "2202"
    side: credit
    entries: document
    by: {supplier: supplier.code, dept: dept}
  machines:
    on: machine
    where: state = 'in_use' AND place.dept IS NOT NULL
    key: code
    amount: {sum: amount, of: cost, by: machine_id, equals: id}
    accounts: "1601"
    side: debit
    entries: document
    by: {dept: place.dept}
"""
EAM: Final = """
PRAGMA journal_mode = WAL;
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code TEXT);
CREATE TABLE place (id INTEGER PRIMARY KEY, dept TEXT);
CREATE TABLE "Rechnung" ("Nr" TEXT PRIMARY KEY, supplier_id INTEGER, status TEXT, "日期" TEXT, total TEXT, dept TEXT);
CREATE TABLE payment (id INTEGER PRIMARY KEY, invoice TEXT, paid_on TEXT, amount TEXT);
CREATE TABLE machine (id INTEGER PRIMARY KEY, code TEXT, place_id INTEGER, bought_on TEXT, state TEXT);
CREATE TABLE cost (id INTEGER PRIMARY KEY, machine_id INTEGER, amount TEXT);
CREATE TABLE order_head (id INTEGER PRIMARY KEY, no TEXT, status TEXT, day TEXT);
CREATE TABLE order_item (id INTEGER PRIMARY KEY, order_id INTEGER, kind TEXT, amount TEXT);
INSERT INTO supplier VALUES (1, 'L1'), (2, 'L2');
INSERT INTO place VALUES (1, 'D1'), (2, 'D2');
"""
FINANCE: Final = f"""
CREATE TABLE konto (id INTEGER PRIMARY KEY, "Nr" {{text}});
INSERT INTO konto VALUES (1, '1002'), (2, '1601'), (3, '2202'), (4, '6602'), (5, '1403');
CREATE TABLE "Beleg" (id VARCHAR(40) PRIMARY KEY, year INTEGER, "Nr" INTEGER, day DATE, "key" {{text}},
                      text VARCHAR(200), ref {{text}});
CREATE TABLE "Zeile" (id VARCHAR(40), line INTEGER, konto INTEGER, document {{text}}, supplier {{text}}, dept {{text}},
                      {COLUMNS}, PRIMARY KEY (id, line));
"""
WORK: Final = [
    "INSERT INTO \"Rechnung\" VALUES ('R-1', 1, 'approved', '2026-02-01', '100.10', 'D1')",
    "INSERT INTO \"Rechnung\" VALUES ('R-2', 2, 'approved', '2026-02-02', '0.30', 'D2')",
    "INSERT INTO \"Rechnung\" VALUES ('R-3', 2, 'approved', '2026-02-03', '70', 'D1')",
    "INSERT INTO \"Rechnung\" VALUES ('R-4', 1, 'draft', '2026-02-03', '5', 'D1')",
    "INSERT INTO payment VALUES (1, 'R-1', '2026-02-10', '40.05')",
    "INSERT INTO payment VALUES (2, 'R-3', '2026-02-11', '30'), (3, 'R-3', '2026-02-12', '40')",
    "INSERT INTO machine VALUES (1, 'M-1', 1, '2026-02-01', 'in_use'), (2, 'M-2', 2, '2026-02-01', 'in_use')",
    "INSERT INTO cost VALUES (1, 1, '1000.00'), (2, 1, '0.07'), (3, 2, '250')",
    "INSERT INTO order_item VALUES (1, 1, 'M', '100'), (2, 1, 'M', '50'), (3, 1, 'M', '9'), (4, 1, 'F', '7')",
    "INSERT INTO order_head VALUES (1, 'O-1', 'draft', '2026-02-04')",
    "UPDATE order_item SET amount = '60' WHERE id = 2",
    "DELETE FROM order_item WHERE id = 3",
    "UPDATE order_head SET status = 'approved' WHERE id = 1",
]


class World(NamedTuple):
    """What a company's systems look like: its mapping, its layout, the DDL of both databases, its first work."""

    mapping: str
    layout: str
    eam: str
    finance: str
    work: Sequence[str]


OFFICE: Final = World(MAPPING, LAYOUT, EAM, FINANCE, WORK)


class Office:
    """Both databases, open to its people."""

    def __init__(self, directory: Path, amounts: str, eam: str, finance: str, world: World) -> None:
        self.config, self.amounts = directory / "syncd.yaml", amounts
        self.eam, self.finance = connected(eam), connected(finance)
        for database, script in ((self.eam, world.eam), (self.finance, world.finance)):
            for sql in filter(str.strip, script.format(**TYPES[database.kind]).split(";")):
                if "PRAGMA" not in sql or database.kind == "sqlite":
                    database.execute(sql)
        (directory / "office.yaml").write_text(world.layout.format(amounts=AMOUNTS[amounts]), "utf-8")
        (directory / "mapping.yaml").write_text(world.mapping, "utf-8")
        source = f'{{kind: changelog, dialect: {self.eam.kind}, database: "{eam}"}}'
        place = "path" if self.finance.kind == "sqlite" else "dsn"
        ledger = f'{{kind: {self.finance.kind}, {place}: "{finance}"}}'
        ends = f"    mapping: mapping.yaml\n    source: {source}\n    ledger: {ledger}\n"
        self.config.write_text(f"pipelines:\n  office:\n{ends}", "utf-8")

    @property
    def pipeline(self) -> wiring.Pipeline:
        return wiring.pipeline(self.config, None)

    def syncd(self, *words: str, expect: int | None = 0) -> str:
        """Run a command; what it says."""
        said, code = io.StringIO(), object()
        argv = ["syncd", *words, "--config", str(self.config)]
        with redirect_stdout(said), redirect_stderr(said), mock.patch.object(sys, "argv", argv), _wide():
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = ended.code or 0
        assert expect in (None, code), said.getvalue()
        return said.getvalue()

    def running(self) -> AbstractContextManager[None]:
        """The daemon for as long as the block lasts."""
        return running(self.pipeline)

    def carry(self, *work: str) -> None:
        """Let people work in the EAM, and what they did be carried."""
        for sql in work:
            self.eam.execute(sql)
        number = self.eam.value("SELECT max(id) + 1 FROM supplier")
        self.eam.execute("INSERT INTO supplier VALUES (?, 'marker')", (number,))
        arrived = "SELECT 1 FROM syncd.mirror WHERE source_table = 'supplier' AND key = ?"
        with self.running():
            self.until(lambda: self.finance.rows(arrived, str(number)))

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S_MAX
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def entry(self, voucher: str, key: str | None, account: int, said: Mapping[str, object], cents: int) -> None:
        """An entry by hand, a debit of so many cents, as this ledger keeps it."""
        amount = f"{cents / 100:.2f}"
        kept: dict[str, dict[str, Any]] = {
            "debit and credit": {"debit": amount, "credit": "0"},
            "debit less credit": {"amount": amount},
            "credit less debit": {"amount": f"{-cents / 100:.2f}"},
            "fractions": {"num": cents * 10, "denom": 1000},  # another's denominator
            "side and size": {"side": "D", "amount": amount},
            "cents on the other side": {"cents": -cents},
        }
        values = {"id": voucher, "line": 1, "konto": account, **said, **kept[self.amounts]}
        self.finance.execute(
            'INSERT INTO "Beleg" VALUES (?, 2026, 900, ?, ?, ?, ?)', (voucher, "2026-02-20", key, "hand", None)
        )
        marks = ", ".join("?" * len(values))
        self.finance.execute(f'INSERT INTO "Zeile" ({", ".join(values)}) VALUES ({marks})', [*values.values()])


def told(report: Report) -> set[tuple[str, str, str, str, str]]:
    """Document, field, both sides and cause of what was found."""
    return {_told(d) for one in report.balances for d in one.differences}


def _told(d: Difference) -> tuple[str, str, str, str, str]:
    sides = (f"{side.normalize():f}" if hasattr(side, "normalize") else str(side) for side in (d.eam, d.finance))
    return d.asset_code, d.field, *sides, d.cause.code if d.cause else ""  # type: ignore[return-value]


@contextmanager
def founded(
    directory: Path,
    amounts: str = "debit and credit",
    eam: str = "",
    finance: str = "",
    world: World = OFFICE,
) -> Iterator[Office]:
    """The company with its mapping accepted, and its first work carried."""
    with ExitStack() as kept:
        places = eam or str(directory / "eam.db"), finance or str(directory / "finance.db")
        made = Office(directory, amounts, *places, world)
        kept.enter_context(closing(made.eam))
        kept.enter_context(closing(made.finance))
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        kept.callback(structlog.reset_defaults)
        kept.enter_context(mock.patch.dict(os.environ, {"SYNCD_LANG": "en"}))
        made.pipeline.triggers.install(made.pipeline.source_settings, made.pipeline.mapping.source_tables)
        made.syncd("migrate")
        made.syncd("mapping", "accept", "--actor", "accountant", "--reason", "go-live")
        made.carry()
        made.carry(*world.work)
        yield made


@contextmanager
def _wide() -> Iterator[None]:
    widths = output.console.width, output.errors.width
    output.console.width = output.errors.width = 300
    try:
        yield
    finally:
        output.console.width, output.errors.width = widths
