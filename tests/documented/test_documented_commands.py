"""The blocks of docs/mapping.md that are for a command: reconcile, quality, warnings, answers, depreciation, lifecycle,
close and report, each asked on each ledger."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.advice.command import BY, fine
from tests.documented import months
from tests.documented.company import Company
from tests.documented.pieces import filled, pieces
from tests.documented.site import COLLECT, DDL, FILES, KINDS, LAYOUT, RULES, TABLES, written

EAM = """
    CREATE TABLE eam_asset (
        id INTEGER PRIMARY KEY, asset_code TEXT, original_value TEXT, purchase_date TEXT, name TEXT, status TEXT,
        department_id INTEGER, approved_on TEXT, class_code TEXT, supplier_id INTEGER, serial_no TEXT, site_id INTEGER,
        finance_state TEXT, voucher_no TEXT
    );
    CREATE TABLE eam_asset_cost (asset_id INTEGER, line INTEGER, amount TEXT, PRIMARY KEY (asset_id, line));
    CREATE TABLE eam_deprec (id INTEGER PRIMARY KEY, asset_id INTEGER, period TEXT, amount TEXT);
    CREATE TABLE eam_deprec_run (period TEXT PRIMARY KEY, status TEXT);
    CREATE TABLE eam_department (id INTEGER PRIMARY KEY, code TEXT, kind TEXT, workshop TEXT);
    CREATE TABLE eam_overhaul (id INTEGER PRIMARY KEY, asset_id INTEGER, status TEXT);
    CREATE TABLE eam_site (id INTEGER PRIMARY KEY, kind TEXT);
    INSERT INTO eam_site VALUES (1, 'own');
    INSERT INTO eam_department VALUES (7, 'SC', 'production', 'W1');
"""
DEVICE = (
    "INSERT INTO eam_asset (id, asset_code, original_value, purchase_date, name, status, department_id, approved_on,"
    " class_code, supplier_id, site_id)"
    " VALUES ({n}, 'FA-{n}', '{value}', '20260201', 'lathe', 'in_use', 7, '2026-02-03', 'JQ', 3, 1)"
)
LOOKED_AT = """
tables:
  overhaul:
    {table: eam.overhaul, key: id, join: {asset: asset_id}, columns: {id: integer, asset_id: integer, status: text}}
  by_hand: {table: by_hand, key: voucher, columns: {voucher: text, asset_code: text, content: text}}
"""
RECONCILE = filled("reconcile", ("impairment: …  ", 'impairment: "0"  '))
ANSWERS = filled("answers", ("UPDATE eam.asset", "UPDATE eam_asset"), ("FROM eam.asset", "FROM eam_asset"))
"""The statements are the EAM's own, which has no schemas here."""
ROW = (
    "name: lathe, status: in_use, site_id: 1, department_id: 7, class_code: JQ, approved_on: 2026-02-03,"
    " original_value: 6000000.00"
)
CASE = filled(
    "case",
    ("asset_code: FA-SC-0001, …}", f"asset_code: FA-SC-0001, {ROW}}}"),
    (
        "{insert: claim_head, row: {…}}, {update: claim_item, row: {…}}",
        "{insert: site, row: {id: 2, kind: leased}}, {delete: site, row: {id: 2}}",
    ),
    ("{read: asset, row: {…}}", f"{{read: asset, row: {{id: 3, asset_code: FA-SC-0003, {ROW}}}}}"),
)
CONFIG = """
pipelines:
  documented:
    mapping: demo.yaml
    source: {kind: changelog, dialect: sqlite, database: eam.db}
    ledger: {kind: sqlite, path: finance.db}
    answer: {kind: sqlite, path: eam.db}
"""
BILLS = """
constants: {standard: ASBE}
tables:
  invoice:
    table: invoice
    key: id
    columns: {id: integer, invoice_no: text, status: text, total: money, supplier_id: integer, department_id: integer}
    join: {dept: department_id}
  payment: {table: payment, key: id, columns: {id: integer, invoice_id: integer, amount: money}}
  work_head: {table: work, key: id, columns: {id: integer, no: text}}
  issue_line: {table: issue_line, key: id, columns: {id: integer, work_id: integer, amount: money}}
documents:
  work: {header: work_head, lines: {issue: {table: issue_line, of: work_id}}}
references:
  supplier: {table: supplier, key: id, columns: {id: integer, code: text}}
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
rules:
  billed:
    on: invoice
    when: op = 'insert' AND after.status = 'approved'
    join: {supplier: after.supplier_id}
    voucher:
      type: "'记'"
      date: DATE '2026-02-03'
      summary: "'bill'"
      entries:
        - {account: "'1002'", debit: after.total}
        - account: "'220201'"
          credit: after.total
          document: after.invoice_no
          supplier: supplier.code
          dept: dept.code
  paid:
    on: payment
    when: op = 'insert'
    join: {invoice: after.invoice_id, supplier: invoice.supplier_id, dept: invoice.department_id}
    voucher:
      type: "'记'"
      date: DATE '2026-02-04'
      summary: "'paid'"
      entries:
        - account: "'220201'"
          debit: after.amount
          document: invoice.invoice_no
          supplier: supplier.code
          dept: dept.code
        - {account: "'1002'", credit: after.amount}
  issued:
    on: work
    when: op = 'update'
    voucher:
      type: "'记'"
      date: DATE '2026-02-05'
      summary: "'stock'"
      entries:
        - {account: "'1403'", debit: sum(issue.amount), document: after.no}
        - {account: "'1002'", credit: sum(issue.amount)}
"""
BILLS_EAM = """
    CREATE TABLE invoice (
        id INTEGER PRIMARY KEY, invoice_no TEXT, status TEXT, total TEXT, supplier_id INTEGER, department_id INTEGER
    );
    CREATE TABLE payment (id INTEGER PRIMARY KEY, invoice_id INTEGER, amount TEXT);
    CREATE TABLE work (id INTEGER PRIMARY KEY, no TEXT);
    CREATE TABLE issue_line (id INTEGER PRIMARY KEY, work_id INTEGER, amount TEXT);
    CREATE TABLE supplier (id INTEGER PRIMARY KEY, code TEXT);
    CREATE TABLE dept (id INTEGER PRIMARY KEY, code TEXT);
    INSERT INTO supplier VALUES (3, 'S-3');
    INSERT INTO dept VALUES (7, 'SC');
"""
BILLS_DDL = """
    ALTER TABLE fin.entry ADD supplier VARCHAR(20);
    ALTER TABLE fin.entry ADD document VARCHAR(20);
    INSERT INTO fin.account VALUES ('220201', 220201, '应付账款', 1), ('220202', 220202, '暂估应付', 1);
    INSERT INTO fin.account VALUES ('1403', 14030, '原材料', 1);
"""
Make = Callable[..., Company]


@pytest.fixture(params=("sqlite", "postgres", "mysql"))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """(the first part, the second, layout, both schemas) → the company, finance on each ledger."""
    made: list[Company] = []

    def company(first: str, second: str, layout: str, eam: str, ddl: str, files: Mapping[str, str] = FILES) -> Company:
        kind = request.param
        new = {"postgres": "new_database", "mysql": "new_mariadb"}
        dsn = request.getfixturevalue(new[kind])() if kind in new else str(tmp_path / "finance.db")
        written(tmp_path, layout, first, second, files)
        made.append(Company(tmp_path, kind, dsn, eam, ("CREATE SCHEMA fin;" if kind == "postgres" else "") + ddl))
        return made[-1]

    yield company
    for one in made:
        one.close()


def test_what_looks_at_rows_and_tells_the_eam(make: Make) -> None:
    """`reconcile`, `quality`, `warnings`, `answers`."""
    looking = [*(pieces()[name] for name in ("decisions", "constants", "quality")), ANSWERS]
    rules = RULES + COLLECT + pieces()["by_hand_cancelled"]
    company = make(TABLES + rules, "".join([*looking, LOOKED_AT, RECONCILE]), LAYOUT + KINDS, EAM, DDL)
    company.carry()
    company.eam.execute(DEVICE.format(n=1, value="2600000.10"))
    company.eam.execute(DEVICE.format(n=2, value="2600000.00"))
    company.carry()
    assert company.json("reconcile")["differences"] == []
    company.finance.execute(
        "UPDATE {} SET dept = 'YF' WHERE asset_code = 'FA-1'".format(
            "fin.card" if company.finance.kind == "postgres" else "fin_card"
        )
    )
    assert {d["asset_code"] for d in company.json("reconcile")["differences"]} == {"FA-1"}
    assert "no_serial" in json.dumps(company.json("quality"))
    assert "split_purchase" in json.dumps(company.json("warnings"))
    company.tells()
    told = company.eam.execute("SELECT id, finance_state, voucher_no FROM eam_asset ORDER BY id").fetchall()
    assert told == [(1, "posted", "2026-02 记-1"), (2, "posted", "2026-02 记-2")]


def test_balances_of_documents(make: Make) -> None:
    """`balances`: payables and stock."""
    layout = (LAYOUT + KINDS).replace("dims: [dept,", "dims: [document, supplier, dept,")
    layout = layout.replace(
        "dept: entry.dept,", "dept: entry.dept, supplier: entry.supplier, document: entry.document,"
    )
    company = make(BILLS, pieces()["balances"], layout, BILLS_EAM, DDL + BILLS_DDL)
    company.carry()
    for statement in (
        "INSERT INTO invoice VALUES (1, 'I-1', 'approved', '100.50', 3, 7)",
        "INSERT INTO invoice VALUES (2, 'I-2', 'draft', '9.00', 3, 7)",
        "INSERT INTO payment VALUES (1, 1, '40.00')",
        "INSERT INTO work VALUES (1, 'W-1')",
        "INSERT INTO issue_line VALUES (1, 1, '10.00')",
    ):
        company.eam.execute(statement)
    company.carry()
    balances = company.json("reconcile")["balances"]
    assert [(one["name"], one["eam"], one["finance"]) for one in balances] == [
        ("payables", "60.50", "60.50"), ("stock", "10.00", "10.00")
    ]  # fmt: skip
    assert not any(one["differences"] for one in balances)


def test_a_month_from_depreciation_to_its_reports(make: Make, tmp_path: Path) -> None:
    """`depreciation`, `lifecycle`, `close`, `report`."""
    company = make(*months.PARTS, months.LAYOUT, months.EAM, months.DDL, months.FILES)
    company.carry()
    company.eam.execute(
        "INSERT INTO asset VALUES ('FA-1', 'lathe', '120000.00', 'in_use', '2026-01-15', 'wang', '2026-01-15', NULL)"
    )
    company.carry()
    with company.daemon():
        company.syncd(f"depreciate 2026-02 --approve {BY}")
        company.until("SELECT 1 FROM fin.entry WHERE account = '1602'")
    company.eam.execute("UPDATE asset SET status = 'to_dispose', status_on = '2026-02-20', changed_by = 'li'")
    company.carry()
    ((amount,),) = company.ask("SELECT credit FROM fin.entry WHERE account = '1602'")
    assert str(amount) == "1900.00"
    tax = json.dumps(company.json("depreciate 2026-02 --book tax"))
    assert "950.00" in tax  # over the 120 months of the table
    assert "FA-1" in json.dumps(company.json("lifecycle"))
    checked = json.dumps(company.json("close 2026-02"), ensure_ascii=False)
    assert "cash_is_there" in checked or "cash is not negative" in checked
    company.syncd(f"report 2026-01 --out {tmp_path / 'reports'}")
    made = "".join(path.read_text("utf-8", "replace") for path in (tmp_path / "reports").rglob("*.csv"))
    assert all(word in made for word in ("Some Company Ltd", "bought", "生产部一车间"))


def test_golden_cases_are_tried_as_they_are_written(tmp_path: Path) -> None:
    """`case` and its answers; a case runs in memory, whatever the ledger."""
    looking = [*(pieces()[name] for name in ("decisions", "constants", "answers"))]
    written(tmp_path, LAYOUT + KINDS, TABLES + RULES + COLLECT, "".join(looking))
    cases = tmp_path / "demo.cases"
    cases.mkdir()
    (cases / "whole.yaml").write_text(CASE.partition("expect:")[0], "utf-8")
    (tmp_path / "syncd.yaml").write_text(CONFIG, "utf-8")
    assert "as expected" in fine("mapping test --write", tmp_path / "syncd.yaml")
    came = yaml.safe_load((cases / "whole.yaml").read_text("utf-8"))["expect"]
    assert came["answers"][:2] == yaml.safe_load(pieces()["expect"])["expect"]["answers"]
    assert came["finance"]
