"""What a person slips into who writes a mapping from its documents: wrong depth, another language's words, an input
method's marks. Each is told with file and line, in both languages, with what may stand there."""

import re
from pathlib import Path

import pytest

from syncd.errors import MappingError
from syncd.language import say
from syncd.mapping.language.file.column_words import is_pattern, ours, spelled_by_letters
from syncd.mapping.language.load import load
from tests.unit.paper import EXAMPLE
from tests.unit.test_mapping import LAYOUT, TEXT, line_of, wrong

PERIODS = "periods: {table: fin.period, code: code, first: starts_on, last: ends_on, open: status = 'open'}"
WHEN = "when: after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'"
DAY = "      approved_on: date\n"
NAME = "      name: after.name\n"
ONCE = "    once: after.asset_code\n"
SUMMARY = "summary: \"'固定资产增加 ' || after.name\""
VOUCHED = "      date: after.approved_on\n      summary: \"'固定资产增加"
RUN = "columns: {period: text, status: text}"
CONSTANT = "constants: {approval_above: 5000000}"

OF_LAYOUT = [
    ("periods: {query: SELECT 1, closed_until: SELECT 1}", "key_elsewhere", {"key": "closed_until", "beside": "query"}),
    ("periods: {table: fin.period, closed_until: SELECT 1}", "key_elsewhere", {"key": "table"}),
    ('periods: {closed_until: ""}', "wrong_shape", {"problem": "shape_select"}),
    ("periods: {closed_until: }", "wrong_shape", {"value": "null", "problem": "shape_nothing"}),
    ("periods: {closed_until: 2026-01-31}", "wrong_shape", {"problem": "shape_select"}),
    ("periods: {closed_until: closed_on}", "wrong_shape", {"problem": "shape_select"}),
    ("periods: {closd_until: SELECT 1}", "unknown_key", {"nearest": "closed_until"}),
    ("periods: {}", "missing_key", {"forms": "open | table + code + first + last + open | query | closed_until"}),
    ("periods: opne", "wrong_shape", {"nearest": "open"}),
]

OF_MAPPING = [
    # what stands there, what is written instead, code, parameters
    (NAME, "      name: after.name[1]\n", "not_array", {"what": "after.name", "kind": "text"}),
    (NAME, "      name: avg(after.id)::text\n", "unknown_aggregate", {"name": "avg"}),
    (NAME, "      name: \"string_agg(after.name, ',')\"\n", "unknown_aggregate", {"name": "string_agg"}),
    (NAME, "      name: \"ifnull(after.name, 'x')\"\n", "unknown_function", {"instead": "coalesce(x, y)"}),
    (NAME, '      name: year(after.approved_on)::text\n', "unknown_function", {"instead": "extract(unit FROM d)"}),
    (NAME, "      name: (SELECT name FROM eam.department)\n", "subquery", {}),
    (NAME, "      name: coalesce(after.name，'x')\n", "wide_mark", {"mark": "，", "plain": ","}),
    (NAME, "      name: [after.name]\n", "wrong_shape", {"problem": "shape_text"}),
    (WHEN, "when: after.status = ‘in_use’", "wide_mark", {"mark": "‘", "plain": "'"}),
    (WHEN, "when: after.status ＝ 'in_use'", "wide_mark", {"mark": "＝", "plain": "="}),
    (WHEN, "when: after.status = 'in_use' && op = 'insert'", "unsupported", {"instead": "a AND b"}),
    (WHEN, "when: after.status ILIKE 'in%'", "unsupported", {"instead": "lower(t) LIKE 'x%'"}),
    (SUMMARY, 'summary: "固定资产增加 {after.name}"', "unsupported", {"instead": "'text ' || after.name"}),
    (SUMMARY, "summary: '固定资产增加 ' || after.name", "yaml_syntax", {"problem": "yaml_goes_on"}),
    (SUMMARY, "summary: @after.name", "yaml_syntax", {"problem": "yaml_first_letter"}),
    (VOUCHED, VOUCHED.replace("after.approved_on", "2026-01-31"), "bare_date", {"day": "2026-01-31"}),
    (VOUCHED, VOUCHED.replace("after.approved_on", "\"'2026-01-31'\""), "bare_date", {"day": "2026-01-31"}),
    (DAY, "      approved_on: {type: date, zero: 1900-01-01}\n", "wrong_shape", {"problem": "shape_null"}),
    (DAY, "      approved_on: datetime\n", "column_word", {"said": "datetime", "ours": "timestamp"}),
    (DAY, '      approved_on: {date: "%Q"}\n', "date_pattern", {"pattern": "%Q", "instead": ""}),
    (DAY, "      approved_on: {date: yyyy-MM-dd}\n", "date_pattern", {"instead": "%Y-%m-%d"}),
    ("      name: text\n", "      name: json\n", "column_word", {"ours": "text"}),
    ("      status: text\n", "      status: enum\n", "column_word", {"ours": "text"}),
    ("      status: text\n", "      status:\n", "column_word", {"said": "null"}),
    ("original_value: money", "original_value: numeric(12, 2)", "column_word", {"ours": "money"}),
    ("original_value: money", "original_value: {decimal: -1}", "wrong_shape", {"problem": "shape_ge", "bound": "0"}),
    ("amount: money, charged_on", "amount: numeric(12, 4), charged_on", "column_word", {"said": "numeric(12"}),
    (RUN, "columns: [period, status]", "wrong_shape", {"problem": "shape_block"}),
    (RUN, "columns: {period：text, status: text}", "yaml_wide", {"mark": "：", "plain": ":"}),
    (RUN, "columns: {period: text， status: text}", "yaml_wide", {"mark": "，", "plain": ","}),
    (RUN, "columns: {period: text, status: text", "yaml_syntax", {"problem": "yaml_open_bracket"}),
    (ONCE, "    once：after.asset_code\n", "yaml_wide", {"mark": "：", "plain": ":"}),
    (ONCE, "    once:\u00a0after.asset_code\n", "yaml_wide", {"mark": "U+00A0", "plain": "U+0020"}),
    (ONCE, "\u3000  once: after.asset_code\n", "yaml_wide", {"mark": "U+3000", "plain": "U+0020"}),
    (ONCE, "\tonce: after.asset_code\n", "yaml_syntax", {"problem": "yaml_has_tab"}),
    (ONCE, ONCE + "    snapshot: cards\n", "wrong_shape", {"allowed": "card, post, skip", "nearest": "card"}),
    ("      type: \"'记'\"\n" + VOUCHED, "      once: after.id\n      type: \"'记'\"\n" + VOUCHED, "unknown_key",
     {"belongs": "rules.registration"}),
    ("  transfer:\n    on: asset\n", "  transfer:\n    on: asset\n    summary: op\n", "unknown_key",
     {"belongs": "rules.transfer.voucher"}),
    ("  cancelled:\n", "  take back:\n", "wrong_shape", {"problem": "shape_name"}),
    (CONSTANT, "constants: {approval_above: [1, 2]}", "wrong_shape", {"problem": "shape_scalar"}),
    (CONSTANT, "constants: {approval_above: 5,000}", "yaml_comma", {"cut": "000"}),
]  # fmt: skip

DOUBTS = [
    (WHEN, "when: after.status = NULL OR op = 'insert'", "compared_null", {"instead": "after.status IS NULL"}),
    (WHEN, "when: op IN ('INSERT', 'read')", "op_word", {"word": "INSERT", "nearest": "insert"}),
    (WHEN, "when: op = 'create' OR op = 'insert'", "op_word", {"nearest": "insert"}),
    (CONSTANT, "constants: {approval_above: 5000000, least: '1,200.00'}", "number_as_text", {"text": "1,200.00"}),
]


@pytest.mark.parametrize(("instead", "code", "params"), OF_LAYOUT)
def test_a_slip_in_the_periods_says_which_ways_there_are(
    tmp_path: Path, instead: str, code: str, params: dict[str, str]
) -> None:
    layout = LAYOUT.replace(PERIODS, instead)
    errors = wrong(tmp_path, layout=layout)
    told(errors, code, params)
    assert errors[0].where == f"{tmp_path / 'finance.yaml'}:{line_of('periods:', layout)}"


@pytest.mark.parametrize(("stands", "instead", "code", "params"), OF_MAPPING)
def test_a_slip_is_told_with_what_may_stand_there(
    tmp_path: Path, stands: str, instead: str, code: str, params: dict[str, str]
) -> None:
    mapping = TEXT.replace(stands, instead, 1)
    assert mapping != TEXT
    if code.startswith("yaml_") and code != "yaml_comma" and "period：text" not in instead:
        with pytest.raises(MappingError) as caught:
            wrong(tmp_path, mapping)
        errors = [caught.value]
    else:
        errors = wrong(tmp_path, mapping)
    told(errors, code, params)
    first = line_of(instead, mapping)
    lines = range(first, first + instead.strip("\n").count("\n") + 2)
    assert int(errors[0].where.rpartition(":")[2]) in lines


def told(errors: list[MappingError], code: str, params: dict[str, str]) -> None:
    """One error, of this code, with these parameters, and nothing of it in English alone."""
    assert [error.code for error in errors] == [code], errors
    (error,) = errors
    assert {name: error.params[name] for name in params} == params
    chinese = say(error.code, error.params, "zh")
    assert not re.search(r"Input|should|expected|\{\w+!?\}|shape_|yaml_", chinese), chinese


@pytest.mark.parametrize(("stands", "instead", "code", "params"), DOUBTS)
def test_what_is_hardly_meant_is_a_warning_at_its_line(
    tmp_path: Path, stands: str, instead: str, code: str, params: dict[str, str]
) -> None:
    mapping = TEXT.replace(stands, instead, 1)
    ((line, said),) = doubts(tmp_path, mapping, LAYOUT, code)
    assert (line, said | params) == (line_of(instead, mapping), said)


def test_a_constant_of_wide_digits_is_told_beside_what_compares_with_it(tmp_path: Path) -> None:
    errors = wrong(tmp_path, TEXT.replace("5000000", "５００００００"))
    assert [error.code for error in errors] == ["number_as_text", "wrong_kinds"]


def test_a_doubt_about_the_layout_is_told_at_its_line_in_the_layout(tmp_path: Path) -> None:
    layout = LAYOUT.replace("      debit: entry.debit\n", "      debit: entry.debit\n      org: '01'\n")
    assert doubts(tmp_path, TEXT, layout, "zeros_lost") == [(line_of("org:", layout), {"expression": "01"})]
    lines = "    key: line\n    columns:\n      line"
    cut = re.sub(r"    key: \[period, type, number, line\]\n.*?      line", lines, LAYOUT, flags=re.DOTALL)
    assert doubts(tmp_path, TEXT, cut, "entries_ungrouped") == [(line_of("key: line", cut), {"table": "fin.entry"})]


def doubts(folder: Path, mapping: str, layout: str, code: str) -> list[tuple[int, dict[str, str]]]:
    """The warnings of a code: line and parameters."""
    (folder / "expense_account.csv").write_bytes((EXAMPLE.parent / "expense_account.csv").read_bytes())
    (folder / "finance.yaml").write_text(layout, "utf-8")
    (folder / "example.yaml").write_text(mapping, "utf-8")
    found = [one for one in load(folder / "example.yaml").warnings if one.code == code]
    wanted = ("instead", "word", "nearest", "text", "expression", "table")
    return [
        (int(one.where.rpartition(":")[2]), {name: one.params[name] for name in wanted if name in one.params})
        for one in found
    ]


@pytest.mark.parametrize(
    ("theirs", "word"),
    [
        ("timestamp with time zone", "timestamp"),
        ("character varying(20)", "text"),
        ("int unsigned", "integer"),
        ("NUMBER(18,4)", "decimal"),
        ("NUMBER(10, 0)", "integer"),
        ("double precision", "{decimal: 2}"),
        ("text[]", "{array: text}"),
        ("Money", "money"),
        ("geometry", ""),
    ],
)
def test_a_word_of_a_database_has_one_of_ours(theirs: str, word: str) -> None:
    assert ours(theirs) == word


@pytest.mark.parametrize(
    ("letters", "pattern"),
    [("yyyyMMdd", "%Y%m%d"),
     ("DD.MM.YYYY HH24:MI:SS", "%d.%m.%Y %H:%M:%S"), ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
     ("%Y%m%d", "%Y%m%d"), ("%d.%m", ""), ("whenever", "")],
)  # fmt: skip
def test_a_pattern_of_letters_is_one_of_strptime(letters: str, pattern: str) -> None:
    assert spelled_by_letters(letters) == pattern
    assert not pattern or is_pattern(pattern)
