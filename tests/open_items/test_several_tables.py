"""Assets in several tables, each with names and a key of its own, held against the cards as one: what is planted in an
asset of either table is found, and is looked up in the mirror of its own table."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.errors import MappingErrors
from syncd.mapping.language.load import load
from tests.open_items.office import Office, World, founded
from tests.open_items.test_shared_cards import found

LAYOUT = """
finance: both
lookups: {{account: {{table: konto, code: code, gives: code}}}}
accounts: account
periods: open
numbering: {{table: voucher, number: number, year: year}}
dims: [asset]
kinds: {{original_value: money}}
card:
  - {{table: card, key: code, columns: {{code: card.asset_code, dept: card.dept, cost: card.original_value}}}}
voucher:
  - {{table: voucher, key: [id], columns: {{id: uuid(voucher.key), year: voucher.year, number: voucher.number,
      day: voucher.date, skey: voucher.key}}}}
entry:
  - {{table: entry, key: [id, line], columns: {{id: uuid(voucher.key), line: entry.line, asset: entry.asset,
      account: account(entry.account), {amounts}}}}}
"""
RULE = """
    voucher:
      type: "'AN'"
      date: "'2026-02-01'::date"
      summary: "'bought'"
      entries:
        - {{account: "'1601'", debit: {cost}, asset: {code}}}
        - {{account: "'1002'", credit: {cost}}}
"""
MAPPING = f"""
mapping: both
finance: office.yaml
tables:
  building: {{table: building, key: no, subject: no, columns: {{no: text, dept: text, cost: money}}}}
  machine:
    table: machine
    key: [site, nr]
    subject: tag
    columns: {{site: integer, nr: integer, tag: text, place: text, price: money, gone: boolean}}
references:
  supplier: {{table: supplier, key: id, columns: {{id: integer, code: text}}}}
rules:
  building:
    on: building
    when: op = 'insert'
    join: {{anybody: {{table: supplier, key: 1, optional: true}}}}
    card: {{asset_code: after.no, original_value: after.cost, dept: "coalesce(after.dept, anybody.code)"}}
{RULE.format(cost="after.cost", code="after.no")}
  building_moved:
    on: building
    when: op = 'update' AND after.dept <> before.dept AND after.dept <> 'D7'
    change: {{asset_code: after.no, dept: after.dept}}
  machine:
    on: machine
    when: op = 'insert' AND NOT after.gone
    card: {{asset_code: after.tag, original_value: after.price, dept: after.place}}
{RULE.format(cost="after.price", code="after.tag")}
reconcile:
  on: building
  asset_code: no
  original_value: {{rule: building, field: original_value}}
  by: {{dept: dept}}
  accounts: {{original_value: "1601"}}
  also:
    - {{on: machine, where: NOT gone, asset_code: tag,
      original_value: {{rule: machine, field: original_value}}, by: {{dept: place}}}}
"""
EAM = """
PRAGMA journal_mode = WAL;
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code VARCHAR(20));
CREATE TABLE building (no VARCHAR(20) PRIMARY KEY, dept VARCHAR(20), cost {money});
CREATE TABLE machine (site INTEGER, nr INTEGER, tag VARCHAR(20), place VARCHAR(20), price {money}, gone BOOLEAN,
                      PRIMARY KEY (site, nr));
INSERT INTO supplier VALUES (1, 'L1')
"""
FINANCE = """
CREATE TABLE konto (code VARCHAR(10) PRIMARY KEY);
INSERT INTO konto VALUES ('1002'), ('1601');
CREATE TABLE card (code VARCHAR(20) PRIMARY KEY, dept VARCHAR(20), cost {money});
CREATE TABLE voucher (id VARCHAR(40) PRIMARY KEY, year INTEGER, number INTEGER, day DATE, skey VARCHAR(200));
CREATE TABLE entry (id VARCHAR(40), line INTEGER, account VARCHAR(10), asset VARCHAR(20), debit {money},
                    credit {money}, PRIMARY KEY (id, line))
"""
WORK = [
    "INSERT INTO building VALUES ('B-1', 'D1', 900), ('B-2', 'D2', 800)",
    "INSERT INTO machine VALUES (1, 1, 'M-1', 'D1', 70, FALSE), (1, 2, 'M-2', 'D2', 60, FALSE)",
    "INSERT INTO machine VALUES (2, 1, 'M-3', 'D1', 5, TRUE)",
]
BOTH = World(MAPPING, LAYOUT, EAM, FINANCE, WORK)


@pytest.fixture(scope="module", params=["sqlite", "postgres", "mysql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    server = {"postgres": "postgres", "mysql": "mariadb"}.get(request.param)
    new = (lambda: "") if server is None else request.getfixturevalue(server).create_database
    with founded(tmp_path_factory.mktemp(request.param), "debit and credit", new(), new(), BOTH) as made:
        yield made


def test_both_tables_are_one_side(office: Office) -> None:
    """What is gone counts in neither; the account holds what the cards of both say. What the EAM has done since is on
    its way, told by the mirror of its own table; what finance changed, of either, is a difference."""
    report = office.pipeline.reconcile()
    assert (report.assets, found(report), report.alerting, [*report.unsaid]) == (4, set(), 0, [])
    assert report.way == ("rows" if office.eam.kind == "sqlite" else "checksums")
    assert {(g.value, g.eam.original_value, g.finance.original_value) for g in report.groups} == {
        ("D1", 970, 970),
        ("D2", 860, 860),
    }
    office.eam.execute("UPDATE machine SET price = 71 WHERE tag = 'M-1'")
    for code in ("B-1", "M-2"):
        office.finance.execute("UPDATE card SET cost = cost + 1 WHERE code = ?", (code,))
    office.finance.execute("INSERT INTO card VALUES ('X-1', 'D1', 3)")
    report = office.pipeline.reconcile()
    assert found(report) == {
        ("B-1", "original_value", "cause_card_changed"),
        ("M-2", "original_value", "cause_card_changed"),
        ("X-1", "whole_asset", "cause_opening"),
    }
    assert [one.code for one in report.waiting] == ["M-1"]
    office.carry()
    (late,) = [d for d in office.pipeline.reconcile().differences if d.asset_code == "M-1"][:1]
    assert late.cause is not None
    assert (late.cause.code, late.cause.proposal) == ("cause_not_posted", "propose_posting")
    for code in ("B-1", "M-2"):
        office.finance.execute("UPDATE card SET cost = cost - 1 WHERE code = ?", (code,))
    office.finance.execute("UPDATE card SET cost = 71 WHERE code = 'M-1'")
    office.finance.execute("DELETE FROM card WHERE code = 'X-1'")


def test_what_a_side_lacks_is_told_once_and_a_department_that_differs_is_a_transfer(office: Office) -> None:
    """The transfer that no rule had posted is proposed, and accepting it has the rule on transfers make it; where no
    column of the row is the card's, it says what a person does."""
    office.eam.execute("UPDATE building SET dept = 'D7' WHERE no = 'B-2'")
    office.eam.execute("DELETE FROM machine WHERE tag = 'M-2'")
    office.carry()
    said = office.syncd("reconcile", expect=1)
    lacking = [one for one in json.loads(office.syncd("reconcile", "--json", expect=1))["differences"] if one["id"]]
    assert [(d["asset_code"], d["field"]) for d in lacking] == [("B-2", "dept"), ("M-2", "whole_asset")]
    assert lacking[1]["figures"]["carrying_amount"] in ("60.00", "60")
    assert said.count("M-2") == 1
    moved, gone = lacking
    assert (moved["cause"], moved["proposal"]) == ("cause_not_posted", "propose_posting")
    assert gone["proposal"] == "propose_rule"
    mapping = office.config.parent / "mapping.yaml"
    mapping.write_text(MAPPING.replace(" AND after.dept <> 'D7'", ""), "utf-8")
    office.syncd("mapping", "accept", "--actor", "accountant", "--reason", "transfers")
    office.syncd("reconcile", "--accept", moved["id"], "--actor", "accountant", "--reason", "moved")
    with office.running():
        office.until(lambda: office.finance.value("SELECT dept FROM card WHERE code = 'B-2'") == "D7")


def test_what_is_wrong_of_a_further_table_is_said_with_its_place(tmp_path: Path) -> None:
    """A column that only the first table has, a table that there is not, and totals that the block does not tell."""
    (tmp_path / "office.yaml").write_text(LAYOUT.format(amounts="debit: entry.debit, credit: entry.credit"), "utf-8")
    line = MAPPING[: MAPPING.index("  also:")].count("\n") + 1
    for old, new, code in (
        ("asset_code: tag,", "", "unknown_name"),
        ("{on: machine, where", "{on: machines, where", "unknown_table"),
        ("by: {dept: place}", "by: {dept: place, class: place}", "reconcile_by"),
    ):
        assert old in MAPPING
        (tmp_path / "mapping.yaml").write_text(MAPPING.replace(old, new), "utf-8")
        with pytest.raises(MappingErrors) as refused:
            load(tmp_path / "mapping.yaml")
        assert [e.code for e in refused.value.errors] == [code], refused.value.errors
        assert int(refused.value.errors[0].where.rpartition(":")[2]) > line
