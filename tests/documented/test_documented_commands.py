"""The blocks of docs/mapping.md that are for a command: reconcile, quality, warnings, answers, depreciation, lifecycle,
close and report, each asked on each ledger."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.documented.company import Company
from tests.documented.pieces import filled, pieces
from tests.documented.site import COLLECT, DDL, KINDS, LAYOUT, RULES, TABLES, written

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
Make = Callable[..., Company]


@pytest.fixture(params=("sqlite", "postgres", "mysql"))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """(the first part, the second, layout, both schemas) → the company, finance on each ledger."""
    made: list[Company] = []

    def company(first: str, second: str, layout: str, eam: str, ddl: str) -> Company:
        kind = request.param
        new = {"postgres": "new_database", "mysql": "new_mariadb"}
        dsn = request.getfixturevalue(new[kind])() if kind in new else str(tmp_path / "finance.db")
        written(tmp_path, layout, first, second)
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
