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
    CREATE TABLE eam_site (id INTEGER PRIMARY KEY, kind TEXT);
    INSERT INTO eam_site VALUES (1, 'own');
    INSERT INTO eam_department VALUES (7, 'SC', 'production', 'W1');
"""
DEVICE = (
    "INSERT INTO eam_asset (id, asset_code, original_value, purchase_date, name, status, department_id, approved_on,"
    " class_code, supplier_id, site_id)"
    " VALUES ({n}, 'FA-{n}', '{value}', '20260201', 'lathe', 'in_use', 7, '2026-02-03', 'JQ', 3, 1)"
)
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
    company = make(TABLES + RULES + COLLECT, "".join([*looking, RECONCILE]), LAYOUT + KINDS, EAM, DDL)
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


def test_a_month_from_depreciation_to_its_reports(make: Make, tmp_path: Path) -> None:
    """`depreciation`, `lifecycle`, `close`, `report`."""
    company = make(*months.PARTS, months.LAYOUT, months.EAM, months.DDL, months.FILES)
    company.carry()
    company.eam.execute(
        "INSERT INTO asset VALUES ('FA-1', 'lathe', '120000.00', 'in_use', '2026-01-15', 'wang', '2026-01-15')"
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
