"""Expressions that are wrong: what `syncd mapping check` hints at is written, or looked up where the hint points.

By table, as in `test_mapping`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd.errors import MappingError
from syncd.mapping.language.load import load
from tests.advice import advice, advised
from tests.advice.mappings import TABLE, Edit, edit, followed, laid, layout, mapping

Edits = Sequence[Edit]
CHECK = "check: after.original_value > 0"
SUMMARY = "summary: \"'固定资产增加 ' || after.name\""
ACCOUNT = "account: expense_account(dept.kind)"
LOOKUPS = "lookups:\n"
TAGGED = mapping("      original_value: money\n", "      original_value: money\n      tags: {array: text}\n")
RECONCILE = """\
reconcile:
  on: asset
  asset_code: asset_code
  original_value: {rule: registration, field: original_value}
  accumulated_depreciation: {sum: amount, of: deprec, by: asset_id, equals: id}
rules:
"""
RENUMBERED = """\
  renumbered:
    on: asset
    when: op = 'update' AND after.asset_code <> before.asset_code
    rename: after.asset_code
"""
STATES = """\
lifecycle:
  table: asset
  state: status
  states: {in_use: {zh: 在用, en: in use}, scrapped: {zh: 已报废, en: scrapped}}
  transitions: {in_use: scrapped}
"""
KINDS = [f"kind {n}" for n in range(600)]
DEEP = "".join(f"CASE WHEN dept.kind = '{kind}' THEN '5101' ELSE " for kind in KINDS) + "'6602'" + " END" * len(KINDS)


def check(written: str, instead: str) -> tuple[Edits, Edits]:
    """What a rule checks, and what it checks by the hint."""
    return [mapping(CHECK, f'check: "{written}"')], [mapping(f'check: "{written}"', f'check: "{instead}"')]


EXPRESSIONS = [
    advised(
        "expression_empty",
        [mapping("group: after.period}", 'group: ""}')],
        [mapping('group: ""', "group: after.period")],
    ),
    advised(
        "expression_empty",
        [mapping("    when: op IN ('insert', 'read')\n    once: after.id", '    when: ""\n    once: after.id')],
        [mapping('    when: ""\n', "")],
        name="expression_empty: left out",
    ),
    advised(
        "expression_syntax",
        [mapping(SUMMARY, "summary: 固定资产增加 after.name")],
        [mapping("summary: 固定资产增加 after.name", "summary: \"'固定资产增加 ' || after.name\"")],
    ),
    advised(
        "expression_unfinished",
        [mapping(SUMMARY, 'summary: "\'固定资产增加 || after.name"')],
        [mapping("增加 ||", "增加 ' ||")],
    ),
    advised(
        "expression_unfinished",
        [mapping(SUMMARY, "summary: \"'the clerk's ' || after.name\"")],
        [mapping("clerk's", "clerk''s")],
        name="expression_unfinished: a quote within",
    ),
    advised(
        "expression_deep",
        [mapping(ACCOUNT, f'account: "{DEEP}"')],
        [mapping(f'account: "{DEEP}"', ACCOUNT), (TABLE, "", "".join(f"{kind},5101\n" for kind in KINDS))],
    ),
    *(
        advised(
            "array_whole",
            [TAGGED, mapping(CHECK, 'check: "coalesce(after.tags)"')],
            [mapping('check: "coalesce(after.tags)"', f'check: "{instead}"')],
            name=f"array_whole: {instead}",
        )
        for instead in ("after.tags[1] = 'x'", "'x' = any(after.tags)", "cardinality(after.tags) > 0")
    ),
    advised(
        "rename_without_change",
        [mapping("\nrules:\n", f"\nrules:\n{RENUMBERED}")],
        [mapping("    rename:", "    change: {asset_code: before.asset_code}\n    rename:")],
    ),
    *(
        advised(
            "rename_computed",
            [mapping("\nrules:\n", f"\n{STATES}rules:\n{RENUMBERED}    change: {{asset_code: before.asset_code}}\n")],
            [mapping(stands, "")],
            name=f"rename_computed: {stands.split()[0]}",
        )
        for stands in (f"{RENUMBERED}    change: {{asset_code: before.asset_code}}\n", STATES)
    ),
    advised(
        "column_form",
        [TAGGED, mapping("tags: {array: text}", "tags: {array: text, decimal: 2}")],
        [mapping("tags: {array: text, decimal: 2}", "tags: {array: text}")],
    ),
    *(
        advised(
            "column_zero",
            [TAGGED, mapping("tags: {array: text}", "tags: {type: text, zero: null}")],
            [mapping("tags: {type: text, zero: null}", instead)],
            name=f"column_zero: {instead}",
        )
        for instead in ("tags: text", "tags: {type: date, zero: null}")
    ),
    advised("unsupported", *check("after.name ~ '^FA'", "after.name LIKE 'FA%'")),
    advised(
        "unsupported",
        [mapping(ACCOUNT, 'account: "(VALUES (dept.kind))"')],
        [mapping('account: "(VALUES (dept.kind))"', ACCOUNT)],
        name="unsupported: a decision table",
    ),
    advised("leading_zero", [mapping(ACCOUNT, "account: 0401")], [mapping("account: 0401", "account: \"'0401'\"")]),
    advised("unknown_name", *check("id > 0", "<nearest> > 0"), name="unknown_name: of the row"),
    advised("unknown_name", *check("after.nmae <> ''", "<nearest> <> ''")),
    advised(
        "unknown_name",
        [mapping(CHECK, "check: after.colour <> ''")],
        [mapping("      original_value: money\n", "      original_value: money\n      colour: text\n")],
        name="unknown_name: a column",
    ),
    advised(
        "unknown_name",
        [layout("      dept: entry.dept\n", "      dept: entry.site\n")],
        [layout("dims: [", "dims: [site, ")],
        name="unknown_name: an auxiliary",
    ),
    advised(
        "unknown_function",
        [mapping(ACCOUNT, "account: expense_acount(dept.kind)")],
        [mapping("expense_acount", "<nearest>")],
    ),
    advised(
        "unknown_function",
        [mapping(ACCOUNT, "account: account_of(dept.kind)")],
        [mapping("decisions:\n", f"decisions:\n  account_of: {{file: {TABLE}, keys: [kind], gives: account}}\n")],
        name="unknown_function: a decision table",
    ),
    advised(
        "unknown_function",
        [mapping("name: after.name", "name: unified(after.name)")],
        [mapping("decisions:\n", f"crosswalks:\n  unified: {{file: {TABLE}, from: kind, to: account}}\ndecisions:\n")],
        name="unknown_function: a crosswalk",
    ),
    advised(
        "unknown_function",
        [layout("      dept: entry.dept\n", "      dept: dept_id(entry.dept)\n")],
        [layout(LOOKUPS, f"{LOOKUPS}  dept_id: {{table: fin.dept, code: code, gives: id}}\n")],
        name="unknown_function: a lookup",
    ),
    advised(
        "unstable_function",
        [mapping("date: after.charged_on", "date: current_date")],
        [mapping("current_date", "after.charged_on")],
    ),
    advised(
        "unstable_function",
        *check("after.approved_on < now()", "after.approved_on < change.committed_at"),
        name="unstable_function: now",
    ),
    advised(
        "wrong_kinds",
        *check("after.approved_on > '2026-01-31'", "after.approved_on > DATE '2026-01-31'"),
        name="wrong_kinds: a date",
    ),
    advised(
        "wrong_kinds",
        *check("after.name = after.id", "after.name = CAST(after.id AS text)"),
        name="wrong_kinds: a cast",
    ),
    advised(
        "wrong_kinds",
        *check("after.name + after.status <> ''", "after.name || after.status <> ''"),
        name="wrong_kinds: text",
    ),
    advised(
        "wrong_kinds",
        *check("after.id || after.id <> ''", "CAST(after.id AS text) || CAST(after.id AS text) <> ''"),
        name="wrong_kinds: no text",
    ),
    advised(
        "wrong_kinds",
        *check(
            "after.approved_on + '1' > after.approved_on",
            "after.approved_on + CAST('1' AS integer) > after.approved_on",
        ),
        name="wrong_kinds: days",
    ),
    advised("wrong_argument", *check("length(after.id) > 0", "length(CAST(after.id AS text)) > 0")),
    advised(
        "wrong_argument",
        *check("extract(month FROM after.name) = 1", "extract(month FROM CAST(after.name AS date)) = 1"),
        name="wrong_argument: a date",
    ),
    advised(
        "wrong_argument",
        *check("concat(after.id > 0) <> ''", "concat(CAST(after.id > 0 AS text)) <> ''"),
        name="wrong_argument: a condition",
    ),
    advised("wrong_count", *check("substr(after.name) <> ''", "substr(after.name, 1) <> ''")),
    advised("not_boolean", *check("after.status AND after.id > 0", "after.status = 'in_use' AND after.id > 0")),
    advised("bad_literal", *check("after.approved_on > DATE '31.1.2026'", "after.approved_on > DATE '2026-01-31'")),
    advised(
        "bad_literal",
        *check("change.committed_at > TIMESTAMP 'today'", "change.committed_at > TIMESTAMP '2026-01-31 08:00:00'"),
        name="bad_literal: a timestamp",
    ),
    advised(
        "bad_literal",
        *check(
            "after.approved_on + INTERVAL 'quarter' > after.approved_on",
            "after.approved_on + INTERVAL '3 month' > after.approved_on",
        ),
        name="bad_literal: an interval",
    ),
    advised(
        "bad_literal", *check("after.name LIKE 'FA\\\\'", "after.name LIKE 'FA\\\\\\\\'"), name="bad_literal: a pattern"
    ),
    advised("unknown_type", *check("CAST(after.id AS float) > 0", "CAST(after.id AS numeric(18, 2)) > 0")),
    advised(
        "no_cast",
        *check(
            "CAST(after.approved_on AS integer) > 20260101",
            "CAST(to_char(after.approved_on, 'YYYYMMDD') AS integer) > 20260101",
        ),
        name="no_cast: a date",
    ),
    advised(
        "no_cast",
        *check("CAST(after.approved_on AS integer) > 2025", "extract(year FROM after.approved_on) > 2025"),
        name="no_cast: a part",
    ),
    advised(
        "no_cast",
        *check("CAST(after.original_value AS boolean)", "after.original_value <> 0"),
        name="no_cast: a comparison",
    ),
    advised(
        "no_cast",
        *check("CAST(2026 AS date) < after.approved_on", "make_date(2026, 1, 1) < after.approved_on"),
        name="no_cast: a day",
    ),
    advised(
        "no_cast",
        *check("CAST(after.id > 0 AS numeric) > 0.5", "CASE WHEN after.id > 0 THEN 1.0 ELSE 0.0 END > 0.5"),
        name="no_cast: a case",
    ),
    advised(
        "unknown_word",
        *check(
            "date_trunc('weeks', after.approved_on) < after.approved_on",
            "date_trunc('<nearest>', after.approved_on) < after.approved_on",
        ),
    ),
    advised(
        "unknown_word",
        *check("to_char(after.approved_on, 'YY/MM') <> ''", "to_char(after.approved_on, 'YYYY/MM') <> ''"),
        name="unknown_word: a format",
    ),
    advised(
        "unknown_word",
        *check(
            "change.committed_at AT TIME ZONE 'Beijing' > after.approved_on",
            "change.committed_at AT TIME ZONE 'Asia/Shanghai' > after.approved_on",
        ),
        name="unknown_word: a zone",
    ),
    advised(
        "no_sql",
        [mapping("rules:\n", RECONCILE), mapping("  asset_code: asset_code\n", "  asset_code: uuid(asset_code)\n")],
        [mapping("uuid(asset_code)", "asset_code")],
    ),
    advised(
        "no_sql",
        [
            mapping("rules:\n", RECONCILE),
            mapping("original_value: after.original_value\n", "original_value: length(uuid(after.name))\n"),
        ],
        [mapping("length(uuid(after.name))", "after.original_value")],
        name="no_sql: of a rule",
    ),
    advised("wrong_kind", *check("after.original_value", "after.original_value > 0")),
    advised(
        "wrong_kind",
        [mapping("date: after.charged_on", "date: after.period")],
        [mapping("date: after.period", "date: CAST(after.period || '-01' AS date)")],
        name="wrong_kind: a cast",
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), EXPRESSIONS)
def test_an_expression_is_read_as_the_hint_has_it(tmp_path: Path, code: str, broken: Edits, mended: Edits) -> None:
    followed(tmp_path, code, broken, mended)


@advice("no_sql")
def test_what_mysql_would_not_compute_exactly_is_left_out_of_the_reconciliation(tmp_path: Path) -> None:
    """Nobody asks for it before a MySQL does; then it is said with file and line."""
    third = mapping("of: deprec, ", "of: deprec, where: amount / 3 > 1, ")
    path = laid(tmp_path, [mapping("rules:\n", RECONCILE), third])
    measures = load(path).reconcile
    assert measures
    with pytest.raises(MappingError) as caught:
        measures.query("mysql", "Asia/Shanghai", ())
    assert (caught.value.code, caught.value.where) == ("no_sql", f"{path}:42")
    edit(tmp_path, [mapping("where: amount / 3 > 1", "where: amount > 3")])
    measures = load(path).reconcile
    assert measures
    assert measures.query("mysql", "Asia/Shanghai", ()).startswith("SELECT")
