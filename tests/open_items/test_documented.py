"""The example of `balances` in docs/mapping.md as it stands there, on each ledger."""

from pathlib import Path

import pytest

from tests.documented.pieces import pieces
from tests.open_items.office import OFFICE, founded, told

MAPPING = """
mapping: documented
finance: office.yaml
tables:
  invoice:
    table: invoice
    key: id
    subject: invoice_no
    join: {dept: dept_id}
    columns:
      {id: integer, invoice_no: text, supplier_id: integer, dept_id: integer, status: text, day: date, total: money}
  payment: {table: payment, key: id, join: {invoice: invoice_id}, subject: invoice.invoice_no,
            columns: {id: integer, invoice_id: integer, day: date, amount: money}}
  work_head: {table: work, key: no, columns: {no: text, day: date}}
  issue: {table: issue, key: id, columns: {id: integer, work_no: text, amount: money}}
documents: {work: {header: work_head, subject: no, lines: {issue: {table: issue, of: work_no}}}}
references:
  supplier: {table: supplier, key: id, columns: {id: integer, code: text}}
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
rules:
  invoice:
    on: invoice
    join: {supplier: after.supplier_id}
    voucher:
      type: "'RE'"
      date: after.day
      summary: after.invoice_no
      entries:
        - {account: "'6602'", debit: after.total}
        - {account: "'220201'", credit: after.total, document: after.invoice_no, supplier: supplier.code,
           dept: dept.code}
  payment:
    on: payment
    join: {supplier: invoice.supplier_id, dept: invoice.dept_id}
    voucher:
      type: "'ZA'"
      date: after.day
      summary: invoice.invoice_no
      entries:
        - {account: "'220201'", debit: after.amount, document: invoice.invoice_no, supplier: supplier.code,
           dept: dept.code}
        - {account: "'1002'", credit: after.amount}
  work:
    on: work
    when: count(issue.id) > 0
    once: after.no
    edited: reverse
    voucher:
      type: "'AN'"
      date: after.day
      summary: after.no
      entries:
        - {account: "'1403'", debit: sum(issue.amount), document: after.no}
        - {account: "'1002'", credit: sum(issue.amount)}
"""
EAM = """
PRAGMA journal_mode = WAL;
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code TEXT);
CREATE TABLE dept (id INTEGER PRIMARY KEY, code TEXT);
CREATE TABLE invoice (id INTEGER PRIMARY KEY, invoice_no TEXT, supplier_id INTEGER, dept_id INTEGER, status TEXT,
                      day TEXT, total TEXT);
CREATE TABLE payment (id INTEGER PRIMARY KEY, invoice_id INTEGER, day TEXT, amount TEXT);
CREATE TABLE work (no TEXT PRIMARY KEY, day TEXT);
CREATE TABLE issue (id INTEGER PRIMARY KEY, work_no TEXT, amount TEXT);
INSERT INTO supplier VALUES (1, 'L1');
INSERT INTO dept VALUES (1, 'D1');
"""
WORK = [
    "INSERT INTO invoice VALUES (1, 'R-1', 1, 1, 'approved', '2026-02-01', '100.10')",
    "INSERT INTO payment VALUES (1, 1, '2026-02-02', '40')",
    "INSERT INTO work VALUES ('W-1', '2026-02-03')",
    "INSERT INTO issue VALUES (1, 'W-1', '5.50'), (2, 'W-1', '1')",
]


@pytest.mark.parametrize("server", ["", "new_database", "new_mariadb"])
def test_the_example_of_balances(tmp_path: Path, request: pytest.FixtureRequest, server: str) -> None:
    """60.10 is open of the invoice, 6.50 was issued to the work order; more by hand on either is found."""
    finance = OFFICE.finance.replace("(3, '2202')", "(3, '220201')")
    world = OFFICE._replace(mapping=MAPPING + pieces()["balances"], eam=EAM, finance=finance, work=WORK)
    dsn = request.getfixturevalue(server)() if server else ""
    with founded(tmp_path, finance=dsn, world=world) as made:
        report = made.pipeline.reconcile()
        assert told(report) == set()
        assert {(one.name, str(one.finance)) for one in report.balances} == {("payables", "60.10"), ("stock", "6.50")}
        made.entry("hand", None, 5, {"document": "W-1"}, 100)
        assert told(made.pipeline.reconcile()) == {("W-1", "stock", "6.5", "7.5", "cause_manual")}
