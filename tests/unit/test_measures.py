"""The reconciliation compiled from the mapping: exact on SQLite, faults found at load, finance read back by layout."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from syncd.errors import MappingErrors
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.language.load import load
from tests.shipped import copied

BY = "  by: {dept: {rule: registration, field: dept}, class: {rule: registration, field: class}}\n"
LEGACY = Path(__file__).parent.parent / "golden" / "legacy"
Changed = Callable[[str, str], Path]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """The shipped mapping with one text replaced."""

    def change(old: str, new: str) -> Path:
        path = copied(tmp_path / "mappings") / "demo.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        return path

    return change


def test_sums_are_exact_on_sqlite_and_an_amount_that_is_none_is_null(changed: Changed) -> None:
    """0.1 added ten times is 1.0, amounts of 26 digits keep every one, a month not yet
    approved does not count, and `15万` does not end the query."""
    measures = load(changed(BY, "")).reconcile
    assert measures is not None
    with sqlite3.connect(":memory:") as eam:
        eam.executescript(
            """
            CREATE TABLE asset
                (id, asset_code, status, original_value, opening_depreciation, input_vat DEFAULT 0, invoice, purpose);
            CREATE TABLE upgrade (asset_id, amount, status, input_vat, invoice, purpose);
            CREATE TABLE depreciation (asset_id, period, kind, amount);
            CREATE TABLE depreciation_run (period, status);
            CREATE TABLE impairment (asset_id, amount, status);
            CREATE TABLE overhaul (asset_id, status, new_value, old_value, old_depreciation, old_impairment);
            CREATE TABLE asset_split (to_asset_id, impairment, status);
            CREATE TABLE use_change (asset_id, input_vat, status);
            CREATE TABLE grant_offset (asset_id, amount, status);
            INSERT INTO asset (id, asset_code, status, original_value, opening_depreciation) VALUES
                (1, 'B', 'in_use', '100000000000000000000000.01', '0'),
                (2, 'A', 'in_use', '15万', '0'), (3, 'C', 'scrapped', '1', '0'), (4, 'a', 'isolated', '1.10', '0.10');
            INSERT INTO upgrade (asset_id, amount, status) VALUES (1, '0.01', 'approved'), (1, '5', 'submitted');
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
            INSERT INTO depreciation SELECT 1, '2026-01', 'month', '0.1' FROM n;
            INSERT INTO depreciation VALUES (1, '2026-02', 'month', '7'), (1, '2026-02', 'disposal', '0.03');
            INSERT INTO depreciation_run VALUES ('2026-01', 'approved'), ('2026-02', 'calculated');
            """
        )
        register_sqlite(eam)
        rows = eam.execute(measures.query("sqlite", "Asia/Shanghai")).fetchall()
    eam.close()
    assert sorted(rows) == [
        ("A", None, "0.00", "0.00", "2"),
        ("B", "100000000000000000000000.02", "1.03", "0.00", "1"),
        ("a", "1.10", "0.10", "0.00", "4"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("reconcile:\n  on: asset", "reconcile:\n  on: aset", "unknown_table"),
        ("{rule: registration, field: original_value}", "{rule: registration, field: orignal_value}", "reconcile_rule"),
        ("{rule: registration, field: original_value}", "{rule: upgrade, field: original_value}", "reconcile_rule"),
        ("sum: amount, of: deprec,", "sum: amount, of: deprecation,", "unknown_table"),
        ("cards: status = 'in_use'", "cards: state = 'in_use'", "unknown_name"),
    ],
)
def test_what_is_wrong_is_found_when_the_mapping_is_loaded(changed: Changed, old: str, new: str, code: str) -> None:
    with pytest.raises(MappingErrors) as caught:
        load(changed(old, new))
    assert code in {error.code for error in caught.value.errors}


def test_a_measure_that_no_card_keeps_is_not_compared_with_nothing(tmp_path: Path) -> None:
    """Or every asset would differ by the whole of it, and the hint says how to go on."""
    path = copytree(Path(__file__).parents[2] / "bench", tmp_path / "bench") / "registration.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('accumulated_depreciation: "0"', "accumulated_depreciation: original_value"), "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(path)
    assert [error.code for error in caught.value.errors] == ["reconcile_card_field"]
    path.write_text(text, "utf-8")
    load(path)


def test_a_column_kept_in_another_form_than_its_kind_has_no_sql(changed: Changed) -> None:
    path = changed("where: books(status) = 'on'", "where: purchase_date > DATE '2020-01-01'")
    text = path.read_text("utf-8").replace("purchase_date: date", "purchase_date: {date: '%Y%m%d'}")
    path.write_text(text, "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(path)
    assert {(error.code, error.params["column"]) for error in caught.value.errors} == {
        ("reconcile_no_sql", "purchase_date")
    }


@pytest.mark.parametrize(
    ("layout", "query"),
    [
        ("signed_amount", "SELECT e.account, e.amount FROM entry AS e WHERE e.account IN (?)"),
        (
            "ids",
            "SELECT a.fnumber, e.fdebit, e.fcredit FROM t_voucherentry AS e"
            " JOIN t_account AS a ON a.fid = e.faccountid WHERE a.fnumber IN (?)",
        ),
        ("header_on_lines", 'SELECT e.ccode, e.md, e.mc FROM "GL_accvouch" AS e WHERE e.ccode IN (?)'),
        ("table_a_year", ""),
        (
            "fractions",
            "SELECT e.account, e.value_num * 1.000000 / e.value_denom FROM splits AS e WHERE e.account IN (?)",
        ),
    ],
)
def test_balances_are_read_back_through_the_layout_where_it_says_how(layout: str, query: str) -> None:
    assert load(LEGACY / f"finance_{layout}.yaml").layout.entries_query(1) == query


def test_what_a_server_cannot_compute_is_found_with_file_and_line(changed: Changed) -> None:
    """MySQL cuts the quotient of decimals where it likes: whoever's EAM lies there is told before anything runs."""
    path = changed("- {sum: impairment, of: split", "- {sum: impairment / 3.0, of: split")
    line = next(n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if "impairment / 3.0" in text)
    mapping = load(path)
    assert mapping.refused("postgres", "sqlite") == []
    assert [(error.code, error.where) for error in mapping.refused("mysql")] == [("no_sql", f"{path}:{line}")]


def test_what_is_not_depreciated_is_compared_by_its_original_value_alone(tmp_path: Path) -> None:
    """Nothing accumulated is zero on both sides."""
    path = copied(tmp_path / "mappings") / "demo.yaml"
    text = path.read_text("utf-8")
    said = re.search(r"^reconcile:\n(?:  .*\n|\n)+", text, re.MULTILINE)
    assert said is not None
    plain = "reconcile: {on: asset, asset_code: asset_code, original_value: original_value}\n"
    path.write_text(text.replace(said[0], plain), "utf-8")
    measures = load(path).reconcile
    assert measures is not None
    with sqlite3.connect(":memory:") as eam:
        eam.executescript("CREATE TABLE asset (id, asset_code, original_value); INSERT INTO asset VALUES (1, 'A', 5);")
        register_sqlite(eam)
        assert eam.execute(measures.query("sqlite", "Asia/Shanghai")).fetchall() == [("A", "5", "0", "0", "1")]
    eam.close()
