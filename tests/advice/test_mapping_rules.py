"""Rules and layouts that do not fit together: what `syncd mapping check` hints at is written, and nothing more is said.

By table, as in `test_mapping`; warnings are followed as errors are."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.advice import advised
from tests.advice.mappings import Edit, followed, layout, mapping

Edits = Sequence[Edit]
CARD = "    change: {asset_code: after.asset_code, dept: dept.code}\n"
REFERENCES = "references:\n"
UNREAD = "  site: {table: eam.site, key: id, columns: {id: integer, code: text}}\n"
INSERTS = "    when: op IN ('insert', 'read')\n    once: after.id\n"
SECOND = "        - {account: \"'1002'\", credit: after.amount}\n"
CANCELLED = """\
  cancelled:
    on: asset
    when: before.status = 'in_use' AND (op = 'delete' OR after.status = 'cancelled')
    reverse: registration
    change: {asset_code: before.asset_code, original_value: "0.00"}
"""
WIDE = CANCELLED.replace("before.status = 'in_use' AND (op = 'delete' OR after.status = 'cancelled')",
                         "after.original_value IS DISTINCT FROM before.original_value AND op <> 'insert'")  # fmt: skip
LOOKS = "  looked: {on: upgrade, when: op = 'update'}\n"
AGAIN = """\
  upgrade_again:
    on: asset
    when: op = 'read'
    once: {key: [after.id, after.name], as: upgrade}
    change: {asset_code: after.asset_code, name: after.name}
"""
SECOND_CARD = "  - {table: fin.place, key: code, columns: {code: upper(card.asset_code), place: card.dept}}\n"
RULES = "rules:\n"
MILLS = layout("    key: asset_code\n", "    key: asset_code\n    when: card.name = 'mill'\n")
OTHERS = "  - {table: fin.other, key: code, columns: {code: card.asset_code, title: card.name}}\n"
CALLED = """\
  called:
    on: asset
    when: op = 'read'
    change: {asset_code: after.asset_code, name: after.name}
    #
"""
ONE, OTHER = "{account: \"'1601'\", debit: 1}", "{account: \"'1002'\", credit: 1}"
OPENED = """\
  opened:
    on: asset
    when: after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'
    card: {asset_code: after.asset_code, name: after.name}
"""

FIRST = "      entries:\n        - {account: \"'1601'\", debit: after.original_value"
HEADED = f"      fields: {{attachment: 1}}\n{FIRST}"

HEADED_BY_ID = layout("    key: [period, type, number]\n", "    key: id\n    generated: id\n")
NUMBERS = "number: number, period: period, type: type}"
PERIODS = "periods: {table: fin.period, code: code, first: starts_on, last: ends_on, open: status = 'open'}\n"
CARD_ID = layout("    key: asset_code\n", "    key: asset_code\n    generated: id\n")
BEHIND = "  - {table: fin.more, key: card_id, columns: {card_id: card.id, of: card.dept}}\n"
CARD_TABLE = """\
card:
  - table: fin.card
    key: asset_code
    columns:
      asset_code: card.asset_code
      name: card.name
      dept: card.dept
      original_value: card.original_value
      accumulated_depreciation: card.accumulated_depreciation
"""
LINE_KEY = "    key: [period, type, number, line]\n    columns:\n      period: voucher.period\n"
UNKEYED = "    columns:\n      period: voucher.period\n      line: entry.line\n"
PLAIN = layout(NUMBERS, "number: number}")
DRAWN_TOO = "  - {table: fin.paper, generated: id, columns: {of: voucher.key}}\nentry:\n"
EACH_YEAR = layout("numbering: {table: fin.voucher, ", "numbering: {table: 'fin.voucher_{voucher.year}', ")

LAYOUTS = [
    advised(
        "generated_written",
        [HEADED_BY_ID, layout("      date: voucher.date", "      id: voucher.number\n      date: voucher.date")],
        [layout("      id: voucher.number\n", ""), layout("      line:", "      voucher_id: voucher.id\n      line:")],
    ),
    advised(
        "generated_twice",
        [HEADED_BY_ID, layout("entry:\n", DRAWN_TOO)],
        [layout("fin.paper, generated: id,", "fin.paper,")],
    ),
    advised(
        "generated_behind",
        [CARD_ID, layout("voucher:\n", BEHIND.replace("key:", "generated: no_, key:") + "voucher:\n")],
        [layout("generated: no_, ", "")],
    ),
    advised(
        "generated_unfound",
        [
            CARD_ID,
            layout("      asset_code: card.asset_code", "      asset_code: upper(card.asset_code)"),
            layout("voucher:\n", "    read: {asset_code: lower(c0.asset_code)}\nvoucher:\n"),
        ],
        [layout("      name: card.name", "      code: card.asset_code\n      name: card.name")],
    ),
    advised(
        "no_cards",
        [layout(CARD_TABLE, "")],
        [layout("voucher:\n", f"{CARD_TABLE}voucher:\n")],
    ),
    advised(
        "numbering_pattern",
        [layout(NUMBERS, "number: number, year: year, pattern: 'V{nr}'}")],
        [layout("'V{nr}'", "'{yy}-{number:03}'")],
    ),
    advised(
        "numbering_date",
        [layout(NUMBERS, "number: number, date: date}")],
        [layout("number: number, date: date}", "number: number}")],
    ),
    advised(
        "numbering_table_varies",
        [EACH_YEAR, PLAIN],
        [layout("number: number}", "number: number, year: year}")],
    ),
    advised(
        "months_for_tables",
        [layout(PERIODS, "periods: open\n"), layout("table: fin.entry\n", "table: fin.entry_{voucher.year}\n")],
        [layout("periods: open\n", "periods: {query: 'SELECT code, first, last, true FROM fin.months'}\n")],
    ),
    advised(
        "entries_ungrouped",
        [
            layout(
                f"{LINE_KEY}      type: voucher.type\n      number: voucher.number\n      line: entry.line\n", UNKEYED
            )
        ],
        [layout(UNKEYED, "    key: [of, line]\n    columns:\n      of: voucher.key\n      line: entry.line\n")],
    ),
    advised(
        "unread_field",
        [layout("      dept: card.dept\n", "      dept: upper(card.dept)\n")],
        [layout("voucher:\n", "    read: {dept: lower(c0.dept)}\nvoucher:\n")],
    ),
    advised(
        "unknown_lookup_name", [layout("accounts: account\n", "accounts: acount\n")], [layout("acount", "<nearest>")]
    ),
    advised(
        "unknown_lookup_name",
        [layout("accounts: account\n", "accounts: chart\n")],
        [layout("lookups:\n", "lookups:\n  chart: {table: fin.chart, code: code, gives: id}\n")],
        name="unknown_lookup_name: declared",
    ),
    advised(
        "unknown_key_column", [layout("key: asset_code\n", "key: asset_cod\n")], [layout("asset_cod\n", "<nearest>\n")]
    ),
    advised(
        "unknown_key_column",
        [layout("key: asset_code\n", "key: code\n")],
        [layout("    columns:\n      asset_code", "    columns:\n      code: card.asset_code\n      asset_code")],
        name="unknown_key_column: given",
    ),
    advised(
        "unknown_key_column",
        [mapping("key: asset_code, values: {", "key: code, values: {")],
        [mapping("values: {", "values: {code: after.asset_code, ")],
        name="unknown_key_column: of a rule",
    ),
    advised(
        "card_table_varies",
        [layout("table: fin.card\n", "table: fin.card_{voucher.year}\n")],
        [layout("fin.card_{voucher.year}", "fin.card")],
    ),
    advised(
        "card_key_varies",
        [
            layout("      asset_code: card.asset_code", "      asset_code: card.asset_code || card.dept"),
            layout("      name: card.name", "      code: card.asset_code\n      name: card.name"),
        ],
        [layout("card.asset_code || card.dept", "card.asset_code")],
    ),
    advised(
        "card_tables_unjoined",
        [layout("voucher:\n", f"{SECOND_CARD}voucher:\n")],
        [layout("      name: card.name", "      upper_code: upper(card.asset_code)\n      name: card.name")],
    ),
    advised("card_when_last", [MILLS], [layout("voucher:\n", f"{OTHERS}voucher:\n")]),
    advised(
        "card_when_generated",
        [MILLS, layout("voucher:\n", f"{OTHERS.replace('key:', 'generated: id, key:')}voucher:\n")],
        [layout("generated: id, ", "")],
    ),
    advised(
        "card_when_unread",
        [MILLS, layout("voucher:\n", f"{OTHERS.replace(', title: card.name', '')}voucher:\n")],
        [layout("code: card.asset_code}}", "code: card.asset_code}, read: {name: \"'other'\"}}")],
    ),
    advised(
        "card_when_changed",
        [MILLS, layout("voucher:\n", f"{OTHERS}voucher:\n"), mapping(RULES, RULES + CALLED)],
        [
            mapping(
                ", name: after.name}\n    #",
                "}\n    require: [{check: after.name = card.name, says: {zh: 改名, en: renamed}}]\n    #",
            )
        ],
    ),
    advised(
        "card_without_code",
        [layout("      asset_code: card.asset_code", "      asset_code: upper(card.asset_code)")],
        [layout("      name: card.name", "      code: card.asset_code\n      name: card.name")],
    ),
    advised(
        "card_without_code",
        [layout("      asset_code: card.asset_code", "      asset_code: upper(card.asset_code)")],
        [layout("voucher:\n", "    read: {asset_code: lower(c0.asset_code)}\nvoucher:\n")],
        name="card_without_code: read",
    ),
    advised("quantity_kind", [layout("dims:", "quantities: dept\ndims:")], [layout("quantities: dept\n", "")]),
    advised(
        "quantity_kind",
        [
            layout("dims: [", "quantities: pieces\ndims: [pieces, "),
            mapping("debit: after.amount, dept: card", "debit: after.amount, pieces: asset.name, dept: card"),
        ],
        [mapping("pieces: asset.name", "pieces: after.id")],
        name="quantity_kind: a number",
    ),
]

RULED = [
    advised(
        "card_and_change",
        [mapping("    card:\n", CARD + "    card:\n")],
        [mapping(CARD + "    card:\n", "    card:\n")],
    ),
    advised("reopen_without_card", [mapping(CARD, CARD + "    reopen: true\n")], [mapping("    reopen: true\n", "")]),
    advised(
        "reopen_without_card",
        [mapping(CARD, "    reopen: true\n" + CARD)],
        [
            mapping(
                "    reopen: true\n" + CARD,
                "    reopen: true\n    card: {asset_code: after.asset_code, dept: dept.code}\n",
            )
        ],
        name="reopen_without_card: beside a card",
    ),
    advised(
        "voucher_never_balances",
        [mapping(SECOND, SECOND.replace("after.amount", "2 * after.amount"))],
        [mapping("2 * after.amount", "after.amount")],
    ),
    advised(
        "no_effect",
        [mapping(CARD, "")],
        [
            mapping(
                "    when: before.status = 'in_use' AND after.status = 'in_use'",
                CARD + "    when: before.status = 'in_use' AND after.status = 'in_use'",
            )
        ],
    ),
    *(
        advised(
            "no_effect",
            [mapping(RULES, RULES + LOOKS)],
            [mapping("when: op = 'update'", f"when: op = 'update', {verb}")],
            name=f"no_effect: {verb.partition(':')[0]}",
        )
        for verb in (
            "change: {asset_code: asset.asset_code, name: asset.name}",
            "write: [{table: fin.note, values: {id: after.id}}]",
            "reverse: upgrade",
            "require: [{check: after.amount > 0, says: no}]",
            'collect: {group: after.id, post: "0 2 * * *"}',
            "card: {asset_code: asset.asset_code, name: asset.name}",
            f"voucher: {{type: \"'x'\", date: after.approved_on, summary: \"'x'\", entries: [{ONE}, {OTHER}]}}",
        )
    ),
    advised(
        "no_rule_for_insert",
        [mapping(INSERTS, "    when: op = 'update'\n    once: after.id\n")],
        [mapping("    when: op = 'update'\n    once: after.id\n", INSERTS)],
    ),
    advised("no_rule_for_table", [mapping(REFERENCES, UNREAD + REFERENCES)], [mapping(UNREAD, "")]),
    advised(
        "no_rule_for_table",
        [mapping(REFERENCES, UNREAD + REFERENCES)],
        [mapping(RULES, RULES + "  site: {on: site, write: [{table: fin.site, values: {code: after.code}}]}\n")],
        name="no_rule_for_table: a rule",
    ),
    advised("unused_reference", [mapping(REFERENCES, REFERENCES + UNREAD)], [mapping(UNREAD, "")]),
    advised(
        "unused_reference",
        [mapping(REFERENCES, REFERENCES + UNREAD)],
        [
            mapping(
                "join: {dept: after.department_id}\n    change",
                "join: {dept: after.department_id, site: dept.id}\n    change",
            ),
            mapping("after.asset_code, dept: dept.code}", "after.asset_code, dept: dept.code, name: site.code}"),
        ],
        name="unused_reference: joined",
    ),
    advised(
        "unused_join",
        [mapping(INSERTS, INSERTS + "    join: {dept: asset.department_id}\n")],
        [mapping(INSERTS + "    join: {dept: asset.department_id}\n", INSERTS)],
    ),
    advised("once_differs", [mapping(RULES, RULES + AGAIN)], [mapping("[after.id, after.name], as", "after.id, as")]),
    advised("unknown_voucher_field", [mapping(FIRST, HEADED)], [mapping("{attachment:", "{<nearest>:")]),
    advised(
        "unknown_voucher_field",
        [mapping(FIRST, HEADED)],
        [layout("dims: [dept, asset]\n", "dims: [dept, asset]\nvoucher_fields: [attachment]\n")],
        name="unknown_voucher_field: declared",
    ),
    advised(
        "reversed_misused",
        [mapping("summary: \"'固定资产增加 ' || after.name\"", "summary: \"left('订正' || reversed.voucher, 9)\"")],
        [mapping("\"left('订正' || reversed.voucher, 9)\"", "\"'订正' || reversed.voucher\"")],
    ),
    advised(
        "reversed_misused",
        [mapping("    when: op IN", "    when: reversed.voucher = '' AND op IN")],
        [mapping("reversed.voucher = '' AND", "reversed.voucher IS NULL AND")],
        name="reversed_misused: whether there is one",
    ),
    advised("reversed_above", [mapping(CANCELLED, WIDE)], [mapping(WIDE, ""), mapping(RULES, RULES + WIDE)]),
    advised("card_opened_twice", [mapping("  transfer:\n", f"{OPENED}  transfer:\n")], [mapping(OPENED, "")]),
    advised(
        "card_opened_twice",
        [mapping("  transfer:\n", f"{OPENED}  transfer:\n")],
        [
            mapping(OPENED, OPENED.replace("after.status", "after.name LIKE '%母机' AND after.status")),
            mapping(
                "  registration:\n    on: asset\n    when: after",
                "  registration:\n    on: asset\n    when: NOT after.name LIKE '%母机' AND after",
            ),
        ],
        name="card_opened_twice: told apart",
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), [*LAYOUTS, *RULED])
def test_what_does_not_fit_fits_as_the_hint_has_it(tmp_path: Path, code: str, broken: Edits, mended: Edits) -> None:
    followed(tmp_path, code, broken, mended)
