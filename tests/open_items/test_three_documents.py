"""A purchase order with items and payments in parts, an expense claim with an advance, a work order with material that
is issued and returned: posted, edited, withdrawn, and held against their control accounts at each step, on each ledger.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.open_items.office import OFFICE, Office, founded, told

MAPPING = """
mapping: papers
finance: office.yaml
tables:
  po: {table: po, key: id, columns: {id: integer, no: text, supplier: text, status: text, day: date}}
  po_item: {table: po_item, key: id, columns: {id: integer, po_id: integer, amount: money}}
  po_payment: {table: po_payment, key: id, join: {po: po_id}, subject: po.no,
               columns: {id: integer, po_id: integer, amount: money, day: date}}
  bill: {table: bill, key: id, columns: {id: integer, no: text, status: text, day: date, advance: money}}
  bill_item: {table: bill_item, key: id, columns: {id: integer, bill_id: integer, amount: money}}
  job: {table: job, key: id, columns: {id: integer, no: text, status: text, day: date}}
  job_issue: {table: job_issue, key: id, columns: {id: integer, job_id: integer, amount: money}}
documents:
  order: {header: po, subject: no, lines: {item: {table: po_item, of: po_id}}}
  claim: {header: bill, subject: no, lines: {item: {table: bill_item, of: bill_id}}}
  work: {header: job, subject: no, lines: {issue: {table: job_issue, of: job_id}}}
references:
  supplier: {table: supplier, key: id, columns: {id: integer, code: text}}
rules:
  order:
    on: order
    when: after.status = 'approved'
    join: {anybody: {table: supplier, key: 1, optional: true}}
    once: after.no
    edited: reverse
    voucher:
      type: "'RE'"
      date: after.day
      summary: after.no || coalesce(anybody.code, '')
      entries:
        - {each: item, account: "'1403'", debit: item.amount}
        - {account: "'2202'", credit: sum(item.amount), document: after.no, supplier: after.supplier}
  paid:
    on: po_payment
    voucher:
      type: "'ZA'"
      date: after.day
      summary: po.no
      entries:
        - {account: "'2202'", debit: after.amount, document: po.no, supplier: po.supplier}
        - {account: "'1002'", credit: after.amount}
  claim:
    on: claim
    when: after.status = 'approved'
    once: after.no
    edited: reverse
    voucher:
      type: "'RE'"
      date: after.day
      summary: after.no
      entries:
        - {each: item, account: "'6602'", debit: item.amount}
        - {account: "'1221'", credit: after.advance, when: after.advance > 0}
        - {account: "'2241'", credit: sum(item.amount) - after.advance, document: after.no}
  work:
    on: work
    when: after.status = 'closed'
    once: after.no
    edited: reverse
    voucher:
      type: "'AN'"
      date: after.day
      summary: after.no
      entries:
        - {account: "'5001'", debit: sum(issue.amount), document: after.no}
        - {account: "'1403'", credit: sum(issue.amount)}
balances:
  payables:
    on: order
    where: status = 'approved'
    key: no
    amount: [sum(item.amount), {sum: -amount, of: po_payment, by: po_id, equals: id}]
    accounts: "2202"
    side: credit
    entries: document
    by: {supplier: supplier}
  claims: {on: claim, where: status = 'approved', key: no, amount: sum(item.amount) - advance, accounts: "2241",
           side: credit, entries: document}
  works: {on: work, where: status = 'closed', key: no, amount: sum(issue.amount), accounts: "5001", side: debit,
          entries: document}
"""
EAM = """
PRAGMA journal_mode = WAL;
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code TEXT);
CREATE TABLE po (id INTEGER PRIMARY KEY, no TEXT, supplier TEXT, status TEXT, day TEXT);
CREATE TABLE po_item (id INTEGER PRIMARY KEY, po_id INTEGER, amount TEXT);
CREATE TABLE po_payment (id INTEGER PRIMARY KEY, po_id INTEGER, amount TEXT, day TEXT);
CREATE TABLE bill (id INTEGER PRIMARY KEY, no TEXT, status TEXT, day TEXT, advance TEXT);
CREATE TABLE bill_item (id INTEGER PRIMARY KEY, bill_id INTEGER, amount TEXT);
CREATE TABLE job (id INTEGER PRIMARY KEY, no TEXT, status TEXT, day TEXT);
CREATE TABLE job_issue (id INTEGER PRIMARY KEY, job_id INTEGER, amount TEXT);
INSERT INTO supplier VALUES (1, 'L1');
"""
FINANCE = OFFICE.finance.replace("(5, '1403')", "(5, '1403'), (6, '1221'), (7, '2241'), (8, '5001')")
POSTED = [
    "INSERT INTO po_item VALUES (1, 1, '100'), (2, 1, '50'), (3, 1, '9'), (4, 2, '30')",
    "INSERT INTO po VALUES (1, 'P-1', 'L1', 'approved', '2026-02-01'), (2, 'P-2', 'L2', 'approved', '2026-02-02')",
    "INSERT INTO bill_item VALUES (1, 1, '120'), (2, 1, '40'), (3, 2, '15')",
    "INSERT INTO bill VALUES (1, 'C-1', 'approved', '2026-02-03', '100'), (2, 'C-2', 'approved', '2026-02-03', '0')",
    "INSERT INTO job_issue VALUES (1, 1, '70'), (2, 1, '5.50'), (3, 2, '8')",
    "INSERT INTO job VALUES (1, 'W-1', 'closed', '2026-02-04'), (2, 'W-2', 'closed', '2026-02-05')",
]
PAID_IN_PARTS = [
    "INSERT INTO po_payment VALUES (1, 1, '59.50', '2026-02-10')",
    "INSERT INTO po_payment VALUES (2, 1, '0.50', '2026-02-11'), (3, 2, '30', '2026-02-11')",
]
EDITED = [
    "UPDATE po_item SET amount = '60' WHERE id = 2",
    "DELETE FROM po_item WHERE id = 3",
    "UPDATE bill_item SET amount = '130' WHERE id = 1",
    "INSERT INTO job_issue VALUES (4, 1, '-12.25')",
]
WITHDRAWN = [
    "UPDATE bill SET status = 'draft' WHERE id = 2",
    "UPDATE job SET status = 'open' WHERE id = 2",
]


def _open(office: Office) -> Mapping[str, str]:
    """What is open by balance, where both sides agree in it, document by document."""
    report = office.pipeline.reconcile()
    parked = office.finance.rows("SELECT code FROM syncd.parked WHERE settled_at IS NULL")
    assert (told(report), parked) == (set(), [])
    assert all(one.eam == one.finance for one in report.balances)
    return {one.name: f"{one.finance.normalize():f}" for one in report.balances}


@pytest.mark.parametrize("server", ["", "new_database", "new_mariadb"])
def test_documents_of_three_kinds_tie_to_their_accounts(
    tmp_path: Path, request: pytest.FixtureRequest, server: str
) -> None:
    """100 + 50 + 9, then 60 for 50 and the 9 gone: 160, less 60 in two parts. 160 with an advance of 100: 60 is owed,
    then 70. 75.50 issued, 12.25 returned. What is withdrawn stands nowhere; what is by hand is named."""
    world = OFFICE._replace(mapping=MAPPING, eam=EAM, finance=FINANCE, work=POSTED)
    dsn = request.getfixturevalue(server)() if server else ""
    with founded(tmp_path, finance=dsn, world=world) as office:
        assert _open(office) == {"payables": "189", "claims": "75", "works": "83.5"}
        office.carry(*PAID_IN_PARTS)
        assert _open(office) == {"payables": "99", "claims": "75", "works": "83.5"}
        office.carry(*EDITED)
        assert _open(office) == {"payables": "100", "claims": "85", "works": "71.25"}
        office.carry(*WITHDRAWN)
        assert _open(office) == {"payables": "100", "claims": "70", "works": "63.25"}
        office.entry("hand", None, 8, {"document": "W-1"}, 100)
        assert told(office.pipeline.reconcile()) == {("W-1", "works", "63.25", "64.25", "cause_manual")}
