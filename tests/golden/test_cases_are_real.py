"""A golden case is a real run (invariant 10): what it shows is what the daemon and the ledger would do."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from syncd import workbench
from syncd.cli.app import app
from syncd.cli.codes import FOUND_SOMETHING
from syncd.errors import MappingErrors
from syncd.files import shipped
from syncd.language import say
from syncd.mapping.cases.cases import run_case
from syncd.mapping.language.load import load
from tests.outbox.office import MAPPING as OFFICE
from tests.unit.lab import FINANCE
from tests.unit.paper import EXAMPLE

ASSET = "{id: 1, asset_code: FA-1, name: 床, department_id: 1, status: in_use, original_value: 100.00, approved_on: %s}"
DEPT = "given: {dept: [{id: 1, code: SC, kind: production}]}"


def came(folder: Path, text: str, mapping: Path = EXAMPLE) -> dict[str, Any]:
    """What comes of a case, as text."""
    path = folder / "case.yaml"
    path.write_text(f"case: 试\n{dedent(text).strip()}\n", "utf-8")
    result = run_case(load(mapping), path, workbench.bench())
    found: dict[str, Any] = yaml.load(result.actual, yaml.BaseLoader)["expect"]
    return found


def vouchers(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(v["voucher"], v["date"]) for v in found.get("vouchers", [])]


def test_a_row_of_a_group_that_was_posted_is_not_posted_again(tmp_path: Path) -> None:
    """Invariant 2: the keys of collected rows outlive their group, as in the ledger."""
    case = (shipped("mappings", "demo.cases") / "depreciation.yaml").read_text("utf-8").partition("\nexpect:")[0]
    again = "  - {read: deprec, row: {asset_id: 1, period: 2026-02, line: 1, kind: month, department_id: 1, amount: 950.00, charged_on: 2026-02-28}}"  # noqa: E501
    (tmp_path / "once.yaml").write_text(case, "utf-8")
    (tmp_path / "again.yaml").write_text(f"{case}\n{again}\n", "utf-8")
    mapping = load(shipped("mappings", "demo.yaml"))
    once, twice = (run_case(mapping, tmp_path / f"{name}.yaml", workbench.bench()) for name in ("once", "again"))
    assert "记-3" in once.actual
    assert twice.actual == once.actual


def test_any_code_that_finance_has_may_be_closed(tmp_path: Path) -> None:
    """Quarters, for example; what falls into a closed one is posted on the first day of the next."""
    found = came(
        tmp_path,
        f"""
        {DEPT}
        periods:
          - {{code: 2026-Q1, first: 2026-01-01, last: 2026-03-31}}
          - {{code: 2026-Q2, first: 2026-04-01, last: 2026-06-30}}
        closed: [2026-Q1]
        changes: [{{insert: asset, row: {ASSET % "2026-02-05"}}}]
        """,
    )
    assert vouchers(found) == [("2026-Q2 记-1", "2026-04-01")]


def test_the_layouts_own_sql_need_not_run_anywhere_but_in_its_database(tmp_path: Path) -> None:
    """Periods, numbering, a lookup and a card read by SQL of finance's own database: an equivalent is made."""
    folder = EXAMPLE.parent
    for name in ("example.yaml", "expense_account.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    layout = (folder / "finance.yaml").read_text("utf-8")
    for plain, own in (
        ("gives: code, where: is_leaf = 1}", "gives: code, where: now() > valid_from}"),
        ("code: code, first: starts_on", "code: \"to_char(starts_on, 'YYYY-MM')\", first: starts_on"),
        ("open: status = 'open'", "open: closed_at IS NULL"),
        ("number: number, period", 'number: "CAST(substr(no, 3) AS integer)", period'),
        ("voucher:\n", "    read: {original_value: c0.cents / 100.0}\nvoucher:\n"),
    ):
        assert plain in layout
        layout = layout.replace(plain, own)
    (tmp_path / "finance.yaml").write_text(layout, "utf-8")
    changes = f"""
        {DEPT}
        changes:
          - {{insert: asset, row: {ASSET % "2026-02-05"}}}
          - {{insert: upgrade, row: {{id: 1, asset_id: 1, amount: 20.50, approved_on: 2026-03-01}}}}
        """
    found = came(tmp_path, changes, tmp_path / "example.yaml")
    assert vouchers(found) == [("2026-02 记-1", "2026-02-05"), ("2026-03 记-1", "2026-03-01")]
    assert found["cards"]["FA-1"]["original_value"] == "120.50"
    assert found == came(tmp_path, changes), "as with the layout that can be asked"


def test_a_case_says_what_the_eam_is_told(tmp_path: Path) -> None:
    """In order, as the ledger decides it: what is held and then refused or posted, parked, posted with its group. A
    case that does not ask is not told, and none of them says when."""
    (tmp_path / "finance.yaml").write_text(FINANCE, "utf-8")
    (tmp_path / "office.yaml").write_text(f"mapping: office\nfinance: finance.yaml\n{OFFICE}", "utf-8")
    changes = """
        changes:
          - {insert: asset, row: {id: 1, code: A, amount: 10.00, on_: 2026-02-03}}
          - {insert: asset, row: {id: 2, code: B, amount: -1.00, on_: 2026-02-03}}
          - {insert: asset, row: {id: 3, code: C, amount: 2000.00, on_: 2026-02-03}}
          - {insert: asset, row: {id: 4, code: D, amount: 3000.00, on_: 2026-02-03}}
          - {reject: C}
          - {approve: D}
          - {insert: deprec, row: {id: 7, code: A, month: 2026-02, amount: 1.00}}
          - {insert: month, row: {id: 1, month: 2026-02}}
        """
    told = came(tmp_path, f"answers: true\n{dedent(changes)}", tmp_path / "office.yaml")["answers"]
    assert [(one["row"], one["state"], one.get("voucher", "")) for one in told] == [
        ("asset:1", "posted", "2026-02 记-1"),
        ("asset:2", "parked", ""),
        ("asset:3", "held", ""),
        ("asset:4", "held", ""),
        ("asset:3", "rejected", ""),
        ("asset:4", "posted", "2026-02 记-2"),
        ("deprec:7", "posted", "2026-02 记-3"),
    ]
    assert (told[1]["reason"], told[4]["by"], told[1]["columns"]) == ("金额必须大于零", "case", {"id": "2"})
    assert "answers" not in came(tmp_path, changes, tmp_path / "office.yaml")


def test_an_account_that_the_case_does_not_know_is_refused(tmp_path: Path) -> None:
    found = came(
        tmp_path,
        f"""
        {DEPT}
        lookups: {{account: {{"1601": "1601"}}}}
        changes: [{{insert: asset, row: {ASSET % "2026-02-05"}}}]
        """,
    )
    assert "1002" in found["parked"][0]["says"]
    assert "vouchers" not in found


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("closed: [2026-13]\nchanges: [{truncate: asset}]", "case_no_period", 2),
        ("lookups: {acount: {}}\nchanges: [{truncate: asset}]", "unknown_lookup_name", 2),
        ("cards: {FA-1: {original_value: 10万}}\nchanges: [{truncate: asset}]", "case_value", 2),
        ("cards: {FA-1: {orginal_value: 1.00}}\nchanges: [{truncate: asset}]", "unknown_field", 2),
        ("changes:\n  - {truncate: asset}\n  - {collect: depreciaton}", "case_no_rule", 4),
        ("changes:\n  - {truncate: asset}\n  - {retry: FA-1}", "case_nothing_parked", 4),
        ("changes:\n  - {truncate: asset}\n  - {approve: FA-1}", "case_nothing_parked", 4),
        ("changes:\n  - {truncate: asset}\n  - {reject: FA-1}", "case_nothing_parked", 4),
        ("changes:\n  - {delete: asset, row: {id: 1}}", "case_no_row", 3),
        ("changes:\n  - {insert: aset, row: {id: 1}}", "unknown_table", 3),
        ("changes:\n  - {insert: asset, row: {ida: 1}}", "unknown_column", 3),
        ("changes:\n  - {row: {id: 1}}", "case_no_verb", 3),
        ("changes:\n  - {truncate: asset, at: yesterday}", "case_value", 3),
    ],
)
def test_a_case_that_is_wrong_is_named_with_file_and_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"case: 错\n{text}\n", "utf-8")
    with pytest.raises(MappingErrors) as caught:
        run_case(load(EXAMPLE), path, workbench.bench())
    (error,) = caught.value.errors
    assert (error.code, error.where) == (code, f"{path}:{line}")
    assert "{" not in say(error.code, error.params, "zh") + say(error.code, error.params, "en")


def test_a_case_that_is_wrong_does_not_keep_the_others_from_being_run(tmp_path: Path) -> None:
    for name in ("example.yaml", "finance.yaml", "expense_account.csv"):
        (tmp_path / name).write_bytes((EXAMPLE.parent / name).read_bytes())
    folder = tmp_path / "example.cases"
    folder.mkdir()
    (folder / "a.yaml").write_text("case: 错\nchanges: [{delete: asset, row: {id: 1}}]\n", "utf-8")
    (folder / "b.yaml").write_bytes((EXAMPLE.parent / "example.cases" / "parked.yaml").read_bytes())
    found = CliRunner().invoke(app, ["mapping", "test", str(tmp_path / "example.yaml"), "--json"])
    assert found.exit_code == FOUND_SOMETHING
    good, bad = json.loads(found.stdout)
    assert good["difference"] == ""
    assert (bad["file"], bad["error"]["errors"][0]["code"]) == (str(folder / "a.yaml"), "case_no_row")


def test_a_lookup_that_the_case_does_not_tell_knows_every_code_as_itself(tmp_path: Path) -> None:
    """In finance too: what was asked for is there before the rows that need it are written."""
    found = came(
        tmp_path,
        """
        physical: true
        changes: [{insert: asset, row: {code: FA-1, amount: 1.00, bought_on: 2026-02-03, dept: SC9}}]
        """,
        EXAMPLE.parent.parent / "legacy" / "finance_ids.yaml",
    )
    assert [row["faccountid"] for row in found["finance"]["t_voucherentry"]] == ["1601", "1002"]
    assert (found["finance"]["t_card"][0]["fdeptid"], found["cards"]["FA-1"]["dept"]) == ("SC9", "SC9")
