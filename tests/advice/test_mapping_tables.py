"""Decision tables and crosswalks that are wrong, and files that nobody can read: mended as the hint has it, the mapping
is in order."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.advice import advice, advised, heard
from tests.advice.mappings import LAYOUT, MAPPING, TABLE, Edit, edit, followed, laid, mapping, silent, told

Edits = Sequence[Edit]
CODES = "codes.csv"
PROGRAM = "import sys; from syncd.cli import main; sys.argv[0] = 'syncd'; main()"
CROSSWALK = [
    mapping("decisions:\n", f"crosswalks:\n  unified: {{file: {CODES}, from: old, to: code}}\ndecisions:\n"),
    mapping("name: after.name", "name: unified(after.name)"),
]
TWO_KEYS = [
    mapping("keys: [kind]", "keys: [kind, status]"),
    mapping("expense_account(dept.kind)", '"expense_account(dept.kind, asset.status)"'),
]


def table(stands: str, instead: str) -> Edit:
    """An edit of the decision table."""
    return TABLE, stands, instead


def part(text: str, file: str = "part.yaml") -> list[Edit]:
    """A part of the mapping that holds this."""
    return [mapping("finance: finance.yaml\n", f"finance: finance.yaml\nparts: [{file}]\n"), ("part.yaml", "", text)]


CONSTANTS = "constants: {threshold: 1}\n"
ROLES = "standard,role,code,name\nASBE,bank,1002,银行存款\nSBE,bank,1002,银行存款\n"
STANDARD = "constants: {approval_above: 5000000}\n"


def roles(rows: str = ROLES, standard: str = "ASBE", block: str = "standard") -> list[Edit]:
    """The example with a role table."""
    return [
        mapping(
            STANDARD,
            f"constants: {{approval_above: 5000000, standard: {standard}}}\n"
            f"accounts: {{file: roles.csv, standard: {block}}}\n",
        ),
        mapping("\"'1002'\", credit: after.original_value", "account('bank'), credit: after.original_value"),
        ("roles.csv", "", rows),
    ]


BROKEN = [
    advised(
        "account_two_names",
        roles(f"{ROLES}ASBE,cash,1002,库存现金\n"),
        [("roles.csv", "ASBE,cash,1002,库存现金", "ASBE,cash,1002,银行存款")],
    ),
    advised("unknown_standard", roles(standard="ASBEE"), [mapping("standard: ASBEE", "standard: <there>")]),
    advised(
        "unknown_standard",
        roles(standard="IFRS"),
        [("roles.csv", "\nSBE,bank", "\nIFRS,bank")],
        name="unknown_standard: rows of it",
    ),
    advised("standard_no_constant", roles(block="standart"), [mapping("standard: standart}", "standard: <nearest>}")]),
    advised(
        "standard_no_constant",
        roles(block="approval_above"),
        [mapping("standard: approval_above}", "standard: standard}")],
        name="standard_no_constant: a number",
    ),
    advised(
        "unknown_role",
        [*roles(), mapping("account('bank')", "account('bamk')")],
        [mapping("account('bamk')", "account('<nearest>')")],
    ),
    advised(
        "unknown_role",
        [*roles(), mapping("account('bank')", "account('payables')")],
        [("roles.csv", "\nSBE,bank", "\nASBE,payables,2202,应付账款\nSBE,bank")],
        name="unknown_role: a row for it",
    ),
    advised("part_twice", part(CONSTANTS, "part.yaml, part.yaml"), [mapping("part.yaml, part.yaml", "part.yaml")]),
    advised("part_empty", part("# nothing yet\n"), [("part.yaml", "", CONSTANTS)]),
    advised(
        "part_empty",
        part("# nothing yet\n"),
        [mapping("parts: [part.yaml]\n", "")],
        name="part_empty: taken out",
    ),
    advised("part_key", part("constant: {threshold: 1}\n"), [("part.yaml", "constant:", "<nearest>:")]),
    advised(
        "part_key",
        part(f"timezone: Asia/Shanghai\n{CONSTANTS}"),
        [("part.yaml", "timezone: Asia/Shanghai\n", ""), mapping("parts:", "timezone: Asia/Shanghai\nparts:")],
        name="part_key: of the main file",
    ),
    advised(
        "name_in_two_files",
        part("constants: {approval_above: 1}\n"),
        [("part.yaml", "approval_above", "threshold")],
        name="name_in_two_files: renamed",
    ),
    advised(
        "name_in_two_files",
        part(f"decisions:\n  expense_account: {{}}\n{CONSTANTS}"),
        [("part.yaml", "decisions:\n  expense_account: {}\n", "")],
        name="name_in_two_files: removed",
    ),
    advised("decision_csv", [table("production,", '"production,')], [table('"production', '"production"')]),
    advised(
        "decision_csv",
        [table("production,", '"the "big" hall",')],
        [table('"the "big" hall"', '"the ""big"" hall"')],
        name="decision_csv: quotes within",
    ),
    advised("decision_column", [table("kind,account", "kinds,account")], [table("kinds,", "kind,")]),
    advised(
        "decision_column",
        [table("kind,account", "sort,account")],
        [mapping("keys: [kind]", "keys: [sort]")],
        name="decision_column: the mapping",
    ),
    advised("decision_semicolons", [table(",", ";")], [table(";", ",")]),
    advised("decision_semicolons", [table(",", "\t")], [table("\t", ",")], name="decision_semicolons: tabs"),
    advised(
        "decision_column_twice",
        [table("kind,account\n", "kind,kind,account\n"), table("n,", "n,n,")],
        [table("kind,kind,", "kind,other,")],
        name="decision_column_twice: renamed",
    ),
    advised(
        "decision_column_twice",
        [table("kind,account\n", "kind,account,account\n"), table("5101", "5101,5101"), table("6602", "6602,6602")],
        [table("account,account", "account"), table("5101,5101", "5101"), table("6602,6602", "6602")],
        name="decision_column_twice: removed",
    ),
    advised(
        "decision_cells", [table("production,", "foundry, hall 2,")], [table("foundry, hall 2", '"foundry, hall 2"')]
    ),
    advised(
        "decision_cells",
        [table("kind,account", "kind,account,note"), table("5101\n", "5101,workshops\n")],
        [table("6602\n", "6602,\n")],
        name="decision_cells: an empty one",
    ),
    advised("decision_empty_cell", [table("5101", "")], [table("production,", "production,5101")]),
    advised(
        "decision_empty_cell", [table("5101", "")], [table("production,\n", "")], name="decision_empty_cell: removed"
    ),
    advised(
        "decision_empty_cell",
        [*CROSSWALK, (CODES, "", "old,code\nSC-1,FA-1\n,FA-2\n")],
        [(CODES, "\n,FA-2", "\nSC-2,FA-2")],
        name="decision_empty_cell: an old code",
    ),
    advised(
        "decision_no_rows",
        [table("production,5101\nadministration,6602\n", "")],
        [table("kind,account\n", "kind,account\nproduction,5101\n")],
    ),
    advised(
        "decision_no_rows",
        [table("kind,account\nproduction,5101\nadministration,6602\n", "")],
        [table("", "kind,account\nproduction,5101\n")],
        name="decision_no_rows: nor columns",
    ),
    advised("decision_key_twice", [table("administration", "production")], [table("production,6602\n", "")]),
    advised(
        "decision_ambiguous",
        [
            *TWO_KEYS,
            table("kind,account\nproduction,5101\nadministration", "kind,status,account\nproduction,*,5101\n*,idle"),
        ],
        [table("*,idle,6602\n", "*,idle,6602\nproduction,idle,5101\n")],
    ),
    advised(
        "crosswalk_ambiguous",
        [*CROSSWALK, (CODES, "", "old,code\nSC-1,FA-1\nSC-2,FA-1\n")],
        [(CODES, "SC-2,FA-1", "SC-2,FA-2")],
    ),
    advised(
        "crosswalk_ambiguous",
        [*CROSSWALK, (CODES, "", "old,code\nSC-1,FA-1\nSC-2,FA-1\n")],
        [mapping("to: code}", "to: code, many: true}")],
        name="crosswalk_ambiguous: many",
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), BROKEN)
def test_a_table_is_read_as_the_hint_has_it(tmp_path: Path, code: str, broken: Edits, mended: Edits) -> None:
    followed(tmp_path, code, broken, mended)


@advice("file_not_utf8")
@pytest.mark.parametrize("name", [MAPPING, LAYOUT, TABLE])
def test_a_file_saved_as_utf8_is_read(tmp_path: Path, name: str) -> None:
    path = laid(tmp_path, [(TABLE, "production", "生产"), (LAYOUT, "finance: example", "finance: 例")])
    text = (tmp_path / name).read_text("utf-8")
    (tmp_path / name).write_bytes(text.encode("gbk"))
    heard("file_not_utf8", told("mapping", "check", path)[1])
    (tmp_path / name).write_text(text, "utf-8")
    assert silent(told("mapping", "check", path))


@advice("file_unreadable")
def test_a_path_that_is_corrected_is_found(tmp_path: Path) -> None:
    path = laid(tmp_path)
    ended, output = told("mapping", "check", path.with_name("exmaple.yaml"))
    heard("file_unreadable", output)
    assert ended == 2
    assert silent(told("mapping", "check", path))


@advice("file_unreadable")
def test_a_file_that_syncd_may_read_is_read() -> None:
    if os.geteuid() != 0:
        pytest.skip("another user's eyes are lent by root")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", sys.executable, "-c", PROGRAM]
    environment = {**os.environ, "SYNCD_LANG": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as name:
        path = laid(Path(name))
        Path(name).chmod(0o755)

        def checked() -> subprocess.CompletedProcess[str]:
            command = [*nobody, "mapping", "check", str(path)]
            return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)

        (path.parent / LAYOUT).chmod(0o600)
        heard("file_unreadable", checked().stderr)
        (path.parent / LAYOUT).chmod(0o644)
        assert checked().returncode == 0


@advice("mapping_errors")
def test_the_check_lists_all_errors_that_another_command_has_counted(tmp_path: Path) -> None:
    broken = [mapping("original_value: money", "original_value: mony"), mapping("reverse: reg", "revers: reg")]
    laid(tmp_path, broken)
    config = tmp_path / "syncd.yaml"
    config.write_text(
        f"pipelines:\n  books:\n    mapping: {MAPPING}\n"
        "    source: {kind: changelog, dialect: sqlite, database: eam.db}\n"
        "    ledger: {kind: sqlite, path: finance.db}\n"
    )
    ended, output = told("mapping", "explain", "--json", "--config", config)
    error = json.loads(output)["error"]
    assert (ended, heard("mapping_errors", f"{error['message']} {error['hint']}")["count"]) == (2, "2")
    listed = told("mapping", "check", "--config", config)[1]
    heard("column_word", listed)
    heard("unknown_key", listed)
    edit(tmp_path, [(name, instead, stands) for name, stands, instead in broken])
    assert silent(told("mapping", "check", "--config", config))
    assert told("mapping", "explain", "--json", "--config", config)[0] == 0
