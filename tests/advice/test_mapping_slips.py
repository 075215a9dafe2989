"""Slips of the pen in a mapping or its layout: each hint, followed, leaves a mapping of which nothing is said."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.advice import advised
from tests.advice.mappings import Edit, followed, layout, mapping

WHEN = "when: op IN ('insert', 'read')\n    once: after.id"
PERIODS = "periods: {table: fin.period, code: code, first: starts_on, last: ends_on, open: status = 'open'}"
TWO_WAYS = "periods: {query: 'SELECT 1', closed_until: 'SELECT max(closed_on) FROM fin.setting'}"
NAME = "      name: after.name\n"
DAY = "      approved_on: date\n"
DATED = "      date: after.approved_on\n      summary: \"'固定资产增加"
ORG = "      debit: entry.debit\n"

SLIPS = [
    advised(
        "key_elsewhere",
        [layout(PERIODS, TWO_WAYS)],
        [layout(TWO_WAYS, "periods: {closed_until: 'SELECT max(closed_on) FROM fin.setting'}")],
    ),
    advised(
        "column_word",
        [mapping("      name: text\n", "      name: json\n")],
        [mapping("name: json\n", "name: <ours>\n")],
    ),
    advised(
        "date_pattern",
        [mapping(DAY, "      approved_on: {date: yyyyMMdd}\n")],
        [mapping("{date: yyyyMMdd}", '{date: "<instead>"}')],
    ),
    advised("wide_mark", [mapping(NAME, f"{NAME[:-1]}（1）\n")], [mapping("（1）", "")]),
    advised(
        "wide_mark",
        [mapping("status = 'in_use' AND before.status IS", "status = ‘in_use’ AND before.status IS")],
        [mapping("‘", "'"), mapping("’", "'")],
        name="wide_mark: quotes",
    ),
    advised(
        "bare_date",
        [mapping(DATED, DATED.replace("after.approved_on", "2026-01-31"))],
        [mapping("date: 2026-01-31", "date: DATE '<day>'")],
    ),
    advised(
        "not_array",
        [mapping(NAME, "      name: after.name[1]\n")],
        [mapping("after.name[1]", "substr(after.name, 1, 1)")],
    ),
    advised(
        "not_array",
        [
            mapping("      name: text\n", "      name: text\n      tags: text\n"),
            mapping(NAME, "      name: after.tags[1]\n"),
        ],
        [mapping("      tags: text\n", "      tags: {array: text}\n")],
        name="not_array: declared",
    ),
    advised(
        "unknown_aggregate",
        [
            mapping(
                "rules:\n",
                "documents: {bill: {header: asset, lines: {part: {table: upgrade, of: asset_id}}}}\nrules:\n",
            ),
            mapping(
                "rules:\n",
                "rules:\n  bill: {on: bill, require: [{check: avg(part.amount) > 0, says: no}]}\n",
            ),
        ],
        [mapping("avg(part.amount) > 0", '"sum(part.amount) / nullif(count(part.amount), 0) > 0"')],
    ),
    advised(
        "subquery",
        [mapping("      dept: dept.code\n", "      dept: (SELECT code FROM eam.department)\n")],
        [mapping("(SELECT code FROM eam.department)", "dept.code")],
    ),
    advised(
        "yaml_wide",
        [mapping("    once: after.asset_code\n", "    once：after.asset_code\n")],
        [mapping("once：", "once: ")],
    ),
    advised(
        "yaml_comma",
        [mapping("{approval_above: 5000000}", "{approval_above: 5,000}")],
        [mapping("5,000", "5000")],
    ),
    advised("op_word", [mapping(WHEN, WHEN.replace("read", "snapshot"))], [mapping("'snapshot'", "'read'")]),
    advised(
        "compared_null",
        [mapping(WHEN, f"when: after.amount <> NULL OR {WHEN[6:]}")],
        [mapping("after.amount <> NULL", "<instead>")],
    ),
    advised(
        "number_as_text",
        [mapping("{approval_above: 5000000}", "{approval_above: ５００００００}")],
        [mapping("５００００００", "5000000")],
    ),
    advised(
        "number_as_text",
        [mapping("{approval_above: 5000000}", "{approval_above: 5000000, least: '1,200'}")],
        [mapping("'1,200'", "1200")],
        name="number_as_text: commas",
    ),
    advised("zeros_lost", [layout(ORG, f"{ORG}      org: '01'\n")], [layout("org: '01'", "org: \"'<expression>'\"")]),
    advised(
        "zeros_lost",
        [layout(ORG, f"{ORG}      org: 01\n")],
        [layout("org: 01", "org: 1")],
        name="zeros_lost: a number",
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), SLIPS)
def test_a_slip_is_mended_as_the_hint_says(
    tmp_path: Path, code: str, broken: Sequence[Edit], mended: Sequence[Edit]
) -> None:
    followed(tmp_path, code, broken, mended)
