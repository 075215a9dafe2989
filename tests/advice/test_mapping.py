"""A mapping file that is wrong: what `syncd mapping check` hints at is written into it, and it is in order.

By table: a case is what somebody wrote, and what the hint says to write instead."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.advice import advised
from tests.advice.mappings import Edit, followed, layout, mapping

Edits = Sequence[Edit]
REFERENCE = "  dept: {table: eam.department, key: id, columns: {id: integer, code: text, kind: text}}\n"
POST = "post: {on: run, when: after.status = 'approved', group: after.period}"
RUN = "  run:\n    table: eam.depreciation_run\n    key: period\n    columns: {period: text, status: text}\n"
SUMMARY = "summary: \"'固定资产增加 ' || after.name\""
UPGRADE = "        - {account: \"'1601'\", debit: after.amount, dept: card.dept, asset: asset.asset_code}\n"
RULES = "rules:\n"

YAML = [
    advised(
        "yaml_syntax",
        [mapping("    on: upgrade\n", "   on: upgrade\n")],
        [mapping("   on: upgrade\n", "    on: upgrade\n")],
        name="yaml_syntax: indentation",
    ),
    advised(
        "yaml_syntax",
        [mapping("    on: upgrade\n", "\ton: upgrade\n")],
        [mapping("\ton: upgrade\n", "    on: upgrade\n")],
        name="yaml_syntax: a tab",
    ),
    advised(
        "yaml_syntax",
        [mapping("name: after.name\n", "name: after.name || ': '\n")],
        [mapping("after.name || ': '", "\"after.name || ': '\"")],
        name="yaml_syntax: a colon",
    ),
    advised(
        "yaml_syntax",
        [mapping(SUMMARY, "summary: '固定资产增加 ' || after.name")],
        [mapping("'固定资产增加 ' || after.name", "\"'固定资产增加 ' || after.name\"")],
        name="yaml_syntax: a quote",
    ),
    advised(
        "yaml_syntax",
        [mapping("固定资产改造 ", "固定资产\x0b改造 ")],
        [mapping("\x0b", "")],
        name="yaml_syntax: a control character",
    ),
    advised(
        "yaml_endless",
        [mapping("values: {asset_code: after.asset_code, ", "values: &v {asset_code: *v, ")],
        [mapping("&v {asset_code: *v", "{asset_code: after.asset_code")],
    ),
    advised("yaml_key", [mapping("counted: false", "[counted]: false")], [mapping("[counted]", '"[counted]"')]),
    advised(
        "yaml_duplicate",
        [mapping("    once: after.asset_code\n", "    once: after.asset_code\n    once: after.id\n")],
        [mapping("    once: after.asset_code\n    once: after.id\n", "    once: after.asset_code\n")],
        name="yaml_duplicate: removed",
    ),
    advised(
        "yaml_duplicate",
        [mapping("  transfer:\n", "  cancelled:\n")],
        [
            mapping(
                "  cancelled:\n    on: asset\n    when: before.status = 'in_use' AND after",
                "  moved:\n    on: asset\n    when: before.status = 'in_use' AND after",
            )
        ],
        name="yaml_duplicate: renamed",
    ),
    advised(
        "file_unreadable",
        [mapping("finance: finance.yaml", "finance: mappings/finance.yaml")],
        [mapping("mappings/finance.yaml", "finance.yaml")],
    ),
    advised(
        "file_unreadable",
        [mapping("file: expense_account.csv", "file: tables/expense_account.csv")],
        [mapping("tables/expense_account.csv", "expense_account.csv")],
        name="file_unreadable: a table",
    ),
    advised("unknown_key", [mapping("when: op IN", "wehn: op IN")], [mapping("wehn: ", "<nearest>: ")]),
    advised("missing_key", [mapping("mapping: example\n", "")], [mapping("finance: f", "<key>: example\nfinance: f")]),
    advised(
        "missing_key",
        [mapping("change: {asset_code: asset.asset_code, ", "change: {")],
        [mapping("change: {original", "change: {<key>: asset.asset_code, original")],
        name="missing_key: of a card",
    ),
    advised(
        "wrong_shape",
        [mapping("    once: after.asset_code\n", "    once: after.asset_code\n    snapshot: cards\n")],
        [mapping("snapshot: cards", "snapshot: card")],
    ),
    advised(
        "wrong_shape",
        [mapping("mapping: example", "mapping: 1st example")],
        [mapping("mapping: 1st example", "mapping: first_example")],
        name="wrong_shape: a name",
    ),
]

COMMAS = [
    advised(
        "unknown_key",
        [mapping("check: after.original_value > 0", "check: round(after.original_value, 2) > 0")],
        [mapping("check: round(after.original_value, 2) > 0", 'check: "round(after.original_value, 2) > 0"')],
        name="unknown_key: a comma",
    ),
    advised(
        "wrong_shape",
        [mapping("debit: after.amount, dept: card", "debit: round(after.amount, 2), dept: card")],
        [
            mapping("debit: round(after.amount, 2), dept: card", 'debit: "round(after.amount, 2)", dept: card'),
            mapping("credit: after.amount}", 'credit: "round(after.amount, 2)"}'),
        ],
        name="wrong_shape: a comma",
    ),
]
NAMES = [
    advised(
        "unknown_table",
        [mapping("    on: upgrade\n", "    on: upgrad\n")],
        [mapping("on: upgrad\n", "on: <nearest>\n")],
    ),
    advised(
        "unknown_table",
        [mapping(f"references:\n{REFERENCE}", "")],
        [mapping(RULES, f"references:\n{REFERENCE}{RULES}")],
        name="unknown_table: a reference",
    ),
    advised(
        "unknown_table",
        [mapping(RULES, "rules:\n  dept: {on: dept, require: [{check: op = 'insert', says: no}]}\n")],
        [mapping(f"references:\n{REFERENCE}", REFERENCE)],
        name="unknown_table: what a rule is on",
    ),
    advised(
        "table_twice",
        [mapping("references:\n", "references:\n  run: {table: eam.run, key: period, columns: {period: text}}\n")],
        [mapping("  run: {table: eam.run, key: period, columns: {period: text}}\n", "")],
    ),
    advised(
        "name_taken", [mapping("approval_above", "op")], [mapping("{op:", "{<other>:"), mapping("> op,", "> <other>,")]
    ),
    advised(
        "name_taken",
        [layout("dept, asset]", "dept, asset, line]"), mapping("dept: card.dept, asset", "line: card.dept, asset")],
        [layout("dept, asset, line]", "dept, asset, <other>]"), mapping("line: card", "<other>: card")],
        name="name_taken: of an auxiliary",
    ),
    advised(
        "name_reserved",
        [mapping("approval_above", "select")],
        [mapping("{select:", "{<other>:"), mapping("> select,", "> <other>,")],
    ),
    advised(
        "name_reserved",
        [mapping("expense_account: {", "cast: {"), mapping("expense_account(", "cast(")],
        [mapping("cast: {", "<other>: {"), mapping("cast(", "<other>(")],
        name="name_reserved: of a table",
    ),
    advised(
        "name_reserved",
        [mapping("expense_account: {", "ﬁx: {"), mapping("expense_account(", "ﬁx(")],
        [mapping("ﬁx: {", "<other>: {"), mapping("ﬁx(", "<other>(")],
        name="name_reserved: letters",
    ),
    advised(
        "name_twice",
        [mapping("constants: {", "constants: {Approval_Above: 1, ")],
        [mapping("Approval_Above", "least")],
    ),
    advised(
        "unknown_column", [mapping("[asset_id, period]\n", "[asset_id, perod]\n")], [mapping("perod", "<nearest>")]
    ),
    advised(
        "unknown_column",
        [mapping("[asset_id, period]\n", "[asset_id, period, line]\n")],
        [mapping("period: text, amount", "period: text, line: integer, amount")],
        name="unknown_column: declared",
    ),
    advised(
        "unknown_rule",
        [mapping("reverse: registration", "reverse: registratoin")],
        [mapping("registratoin", "<nearest>")],
    ),
    advised("unknown_field", [mapping("name: after.name", "nmae: after.name")], [mapping("nmae", "<nearest>")]),
    advised(
        "unknown_field",
        [mapping("      name: after.name\n", "      name: after.name\n      state: after.status\n")],
        [layout("      name: card.name\n", "      name: card.name\n      state: card.state\n")],
        name="unknown_field: declared",
    ),
    advised(
        "unknown_dim", [mapping("debit: after.amount, dept", "debit: after.amount, dpt")], [mapping("dpt", "<nearest>")]
    ),
    advised(
        "unknown_dim",
        [mapping("debit: after.amount, dept", "debit: after.amount, place")],
        [layout("dims: [", "dims: [place, ")],
        name="unknown_dim: declared",
    ),
    advised(
        "join_key_count",
        [mapping("{dept: asset.department_id}", "{dept: [asset.department_id, 1]}")],
        [mapping("[asset.department_id, 1]", "asset.department_id")],
    ),
    advised(
        "bad_timezone",
        [mapping("constants:", "timezone: Shanghai\nconstants:")],
        [mapping(": Shanghai", ": Asia/Shanghai")],
    ),
    advised("bad_cron", [mapping(POST, "post: 2 o'clock"), mapping(RUN, "")], [mapping("2 o'clock", '"0 2 * * *"')]),
    advised("cron_never", [mapping(POST, 'post: "0 0 31 2 *"'), mapping(RUN, "")], [mapping("31 2", "L 2")]),
    advised(
        "release_too_long",
        [mapping("group: after.period}", "group: [after.period, after.status, after.period]}")],
        [mapping("[after.period, after.status, after.period]", "[after.period]")],
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), [*YAML, *COMMAS, *NAMES])
def test_what_is_written_wrong_is_right_as_the_hint_has_it(
    tmp_path: Path, code: str, broken: Edits, mended: Edits
) -> None:
    followed(tmp_path, code, broken, mended)
