"""What a mapping may say, and what is said when it is wrong: always the file, the line and the nearest valid name."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import MappingError, MappingErrors
from syncd.language import hint, say
from syncd.mapping.language import load as loading
from syncd.mapping.language.check import unknown_accounts
from syncd.mapping.language.explain import explain
from syncd.mapping.language.file.faults import parse
from syncd.mapping.language.file.layout_file import LayoutFile
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.schemas import schema
from syncd.mapping.language.file.source import read
from syncd.mapping.language.load import load
from syncd.mapping.language.reach import reaches
from syncd.mapping.verbs.balance import Balance
from syncd.mapping.verbs.voucher import Voucher
from tests.shipped import copied
from tests.unit.paper import EXAMPLE, loaded, variant

TEXT = EXAMPLE.read_text("utf-8")
LAYOUT = (EXAMPLE.parent / "finance.yaml").read_text("utf-8")


def wrong(folder: Path, mapping: str = TEXT, layout: str = LAYOUT) -> list[MappingError]:
    """Everything that is wrong with a mapping."""
    (folder / "expense_account.csv").write_bytes((EXAMPLE.parent / "expense_account.csv").read_bytes())
    (folder / "finance.yaml").write_text(layout, "utf-8")
    path = folder / "example.yaml"
    path.write_text(mapping, "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(path)
    for error in caught.value.errors:
        for language in ("en", "zh"):
            assert not say(error.code, error.params, language).startswith(error.code), f"{error.code} has no message"
            assert not re.search(r"\{\w+!?\}", say(error.code, error.params, language))
            assert hint(error.code, error.params, language)
    return list(caught.value.errors)


def line_of(text: str, mapping: str) -> int:
    return mapping[: mapping.index(text)].count("\n") + 1


MISTAKES = [
    # what stands there, what is written instead, code, parameters, the line that is named
    ("original_value: money", "original_value: mony", "column_word", {"said": "mony", "ours": "money"}),
    ("subject: asset_code", "subject: aset_code", "unknown_name", {"name": "aset_code", "nearest": "asset_code"}),
    ("when: op IN", "wehn: op IN", "unknown_key", {"key": "wehn", "nearest": "when"}),
    ("    on: upgrade\n", "    on: upgrad\n", "unknown_table", {"table": "upgrad", "nearest": "upgrade"}),
    ("asset: asset_id}\n    subject", "aset: asset_id}\n    subject", "unknown_table", {"table": "aset"}),
    ("after.name, zh", "after.nam, zh", "unknown_name", {"name": "after.nam", "nearest": "after.name"}),
    ("name: after.name", "nmae: after.name", "unknown_field", {"field": "nmae", "nearest": "name"}),
    ("{account: \"'1601'\", debit: after.amount, dept", "{account: \"'1601'\", debit: after.amount, dpt", "unknown_dim",
     {"dim": "dpt", "nearest": "dept"}),
    ("debit: after.amount, dept: card.dept", "debit: after.amount, credit: after.amount", "entry_sides", {}),
    ("reverse: registration", "reverse: registratoin", "unknown_rule", {"nearest": "registration"}),
    ("date: after.charged_on", "date: after.period", "wrong_kind", {"kind": "text", "wanted": "date"}),
    ("check: after.original_value > 0", "check: after.original_value", "wrong_kind", {"wanted": "boolean"}),
    ("expense_account(dept.kind)", "expense_acount(dept.kind)", "unknown_function", {"nearest": "expense_account"}),
    ("post: {on: run, when: after.status = 'approved', group: after.period}", "post: 2 o'clock", "bad_cron", {}),
    (
        "post: {on: run, when: after.status = 'approved', group: after.period}",
        'post: "0 2 * * 8"',
        "bad_cron",
        {"part": "8"},
    ),
    ("post: {on: run, when: after.status = 'approved', group: after.period}", 'post: "0 0 31 2 *"', "cron_never", {}),
    ("group: [after.period, dept.code]", "group: []", "wrong_shape", {}),
    ("join: {dept: asset.department_id}", "join: {dept: [asset.department_id, 1]}", "join_key_count", {"wanted": "1"}),
    ("constants: {", "timezone: Asia/Shanghi\nconstants: {", "bad_timezone", {"timezone": "Asia/Shanghi"}),
    ("key: [asset_id, period]", "key: [asset_id, perod]", "unknown_column", {"column": "perod", "nearest": "period"}),
    ("debit: after.amount, dept: card.dept", "debit: 2 * after.amount, dept: card.dept", "voucher_never_balances", {}),
    ("{file: expense_account.csv, keys: [kind]", "{file: expense_account.csv, keys: [knd]", "decision_column",
     {"nearest": "kind"}),
    ("expense_account.csv", "no_such.csv", "file_unreadable", {}),
]  # fmt: skip


@pytest.mark.parametrize(("stands", "instead", "code", "params"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_the_nearest_name(
    tmp_path: Path, stands: str, instead: str, code: str, params: dict[str, str]
) -> None:
    if stands not in TEXT:
        stands, instead = stands.removesuffix(", zh"), instead.removesuffix(", zh")
    mapping = TEXT.replace(stands, instead, 1)
    assert mapping != TEXT
    errors = wrong(tmp_path, mapping)
    assert [e.code for e in errors] == [code], "what merely follows is not told"
    (found,) = errors
    assert {name: found.params[name] for name in params} == params
    if not code.startswith(("decision", "file")):
        at = line_of(instead.strip("\n").split("\n")[0], mapping)
        near = {f"{tmp_path / 'example.yaml'}:{line}" for line in (at, at - 1, at + 1)}
        assert found.where in near, (found.where, near)


@pytest.mark.parametrize(
    ("stands", "instead", "told"),
    [
        ("original_value: money", "orignal_value: money", {"after.original_value": 4}),
        ("original_value: after.original_value", "original_value: after.orignal_value", {"after.orignal_value": 0}),
        ("status: text", "stats: text", {"after.status": 0, "before.status": 1}),
        ("{dept: after.department_id}", "{dept: after.departmnt_id}", {"after.departmnt_id": 0}),
    ],
)
def test_a_misspelt_column_is_told_once_with_the_other_lines(
    tmp_path: Path, stands: str, instead: str, told: dict[str, int]
) -> None:
    errors = wrong(tmp_path, TEXT.replace(stands, instead, 1))
    lines = {e.params["name"]: len([n for n in e.params.get("more", "").split(", ") if n]) for e in errors}
    assert [e.code for e in errors] == ["unknown_name"] * len(told)
    assert lines == told


def test_what_uses_a_wrong_let_is_not_wrong_too(tmp_path: Path) -> None:
    """It is cast, added up, weighed in a voucher and read by the reconciliation: one mistake, told once."""
    path = copied(tmp_path) / "demo.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("cost: after.original_value", "cost: after.orignal_value"), "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(path)
    (error,) = caught.value.errors
    assert (error.code, error.params["nearest"]) == ("unknown_name", "after.original_value")


def test_a_misspelt_key_is_not_missing_too(tmp_path: Path) -> None:
    (error,) = wrong(tmp_path, TEXT.replace("    table: eam.asset", "    tabel: eam.asset"))
    assert (error.code, error.params["nearest"]) == ("unknown_key", "table")


LAYOUT_MISTAKES = [
    ("accounts: account", "accounts: acount", "unknown_lookup_name", {"nearest": "account"}),
    ("debit: entry.debit", "debit: entry.debet", "unknown_name", {"nearest": "entry.debit"}),
    ("key: asset_code", "key: code", "unknown_key_column", {"column": "code"}),
    ("      asset_code: card.asset_code", "      asset_code: card.name || 'x'", "card_key_varies", {}),
    ("table: fin.card\n", "table: fin.card_{voucher.year}\n", "card_table_varies", {}),
    ("accounts: account\n", "", "missing_key", {"key": "accounts"}),
    ("dept: entry.dept", "dept: entry.class", "unknown_name", {}),
]


@pytest.mark.parametrize(("stands", "instead", "code", "params"), LAYOUT_MISTAKES)
def test_a_mistake_in_the_layout_is_named_in_the_layout(
    tmp_path: Path, stands: str, instead: str, code: str, params: dict[str, str]
) -> None:
    layout = LAYOUT.replace(stands, instead, 1)
    assert layout != LAYOUT
    found = next(e for e in wrong(tmp_path, layout=layout) if e.code == code)
    assert found.where.startswith(str(tmp_path / "finance.yaml"))
    assert {name: found.params[name] for name in params} == params


def test_all_mistakes_come_in_one_report(tmp_path: Path) -> None:
    mapping = TEXT.replace("after.name}", "after.nam}").replace("name: after.name", "name: after.nmae")
    mapping = mapping.replace('asset.name"', 'asset.nom"').replace("expense_account(dept.kind)", "dept.knd")
    errors = wrong(tmp_path, mapping, LAYOUT.replace("entry.line", "entry.number"))
    assert len(errors) == 4
    assert len({e.where for e in errors}) == 4
    assert errors[0].where in str(MappingErrors(errors))


def test_a_card_field_that_finance_cannot_give_back_is_not_to_be_read(tmp_path: Path) -> None:
    layout = LAYOUT.replace("dept: card.dept", "dept: upper(card.dept)", 1)
    assert [(e.code, e.params["field"]) for e in wrong(tmp_path, layout=layout)] == [("unread_field", "dept")]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"mapping: a\nmapping: b\n", "yaml_duplicate", 2),
        (b"mapping: a\ntables: {a: [}\n", "yaml_syntax", 2),
        (b"mapping: a\n\ntables: \xd7\xca\xb2\xfa\n", "file_not_utf8", 3),
        (b"a: &a {b: *a}\n", "yaml_endless", 1),
        (b"? [1, 2]\n: x\n", "yaml_key", 1),
        (b"", "wrong_shape", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_where(tmp_path: Path, content: bytes, code: str, line: int) -> None:
    path = tmp_path / "example.yaml"
    path.write_bytes(content)
    with pytest.raises(MappingError) as caught:
        load(path)
    errors = getattr(caught.value, "errors", (caught.value,))
    assert (errors[0].code, errors[0].where) == (code, f"{path}:{line}")
    assert not say(code, errors[0].params, "zh").startswith(code)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as caught:
        load(tmp_path / "nowhere.yaml")
    assert (caught.value.code, caught.value.where) == ("file_unreadable", str(tmp_path / "nowhere.yaml"))


def test_words_dates_and_codes_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("{on: no, at: 2026-01-31, code: 007, n: 7, rate: 0.10, quoted: '7', nothing: , yes: true}", "utf-8")
    document, errors = read(path)
    assert errors == []
    assert document.data == {
        "on": "no", "at": "2026-01-31", "code": "007", "n": 7, "rate": Decimal("0.10"), "quoted": "7",
        "nothing": None, "yes": True,
    }  # fmt: skip


def test_the_hash_covers_mapping_layout_and_decision_tables(tmp_path: Path) -> None:
    hashes = {variant(tmp_path).hash}
    for name in ("variant.yaml", "finance.yaml", "expense_account.csv"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes() + b"\n")
        hashes.add(load(tmp_path / "variant.yaml").hash)
    assert len(hashes) == 4


def test_invariant_16_the_hash_covers_what_the_language_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files under another version of the language are another mapping, and it is known which they were."""
    now = variant(tmp_path)
    assert set(now.earlier.values()) == set(range(1, loading.LANGUAGE))
    monkeypatch.setattr(loading, "LANGUAGE", loading.LANGUAGE + 1)
    later = loading.load(now.path)
    assert later.hash != now.hash
    assert later.earlier[now.hash] == loading.LANGUAGE - 1
    assert len({later.hash, *later.earlier}) == loading.LANGUAGE


# Warnings


def test_what_may_be_meant_is_a_warning(tmp_path: Path) -> None:
    mapping = variant(
        tmp_path,
        rules={
            "edited": {
                "on": "asset",
                "when": "before.status = 'in_use'",
                "require": [{"check": "false", "says": "不得修改"}],
            },
            "joins": {"on": "upgrade", "join": {"other": {"table": "asset", "key": "after.asset_id"}}},
        },
    )
    assert {w.code for w in mapping.warnings} == {
        "no_rule_for_insert", "unused_join", "no_effect", "unused_reference", "no_rule_for_table",
    }  # fmt: skip
    assert [w.code for w in loaded(EXAMPLE).warnings] == []


def test_an_alias_with_capitals_is_read(tmp_path: Path) -> None:
    """What the warning's hint says would break it."""
    mapping = variant(
        tmp_path,
        rules={
            "joins": {
                "on": "upgrade",
                "when": "theAsset.status = 'in_use'",
                "join": {"theAsset": {"table": "asset", "key": "after.asset_id"}},
                "require": [{"check": "theAsset.id > 0", "says": "no"}],
            },
        },
    )
    assert "unused_join" not in {w.code for w in mapping.warnings}


@pytest.mark.parametrize(
    ("when", "inserts"),
    [
        ("after.status = 'in_use'", True),
        ("before.status = 'draft'", False),
        ("before.status IS NULL OR before.status = 'draft'", True),
        ("before.status IS DISTINCT FROM 'in_use'", True),
        ("before.status IS NOT DISTINCT FROM 'in_use'", False),
        ("op IN ('update', 'delete')", False),
        ("NOT op = 'insert'", False),
        ("CASE op WHEN 'delete' THEN true WHEN 'update' THEN after.id > 0 END", False),
        ("coalesce(before.id, 0) = 0", True),
        ("op <> 'insert' AND after.id > 0", False),
        ("before.id > 3 OR after.id > 3", True),
        ("before.id = 1 AND after.id > 0", False),
    ],
)
def test_it_is_found_whether_a_condition_can_see_new_rows(tmp_path: Path, when: str, inserts: bool) -> None:
    rule = {"on": "asset", "when": when, "require": [{"check": "true", "says": "是"}]}
    assert reaches(variant(tmp_path, rules={"r": rule}).rules[0].when, "insert") is inserts


@pytest.mark.parametrize(
    ("debits", "credits", "found"),
    [
        (["after.original_value"], ["after.original_value"], Balance.ALWAYS),
        (["net", "after.id"], ["after.original_value"], Balance.ALWAYS),
        (["after.original_value"], ["net", "after.id"], Balance.ALWAYS),
        (["net", "greatest(-net, 0)"], ["greatest(net, 0)"], Balance.ALWAYS),
        (["2 * after.original_value"], ["2 * after.original_value"], Balance.ALWAYS),
        (["after.original_value", "after.original_value"], ["after.original_value"], Balance.NEVER),
        (["after.original_value"], [], Balance.NEVER),
        (["100.00"], ["99.00"], Balance.NEVER),
        (["after.original_value"], ["after.id"], Balance.DEPENDS),
        (["round(after.original_value, 1)"], ["after.original_value"], Balance.DEPENDS),
    ],
)
def test_balanced_is_found_from_the_expressions_alone(
    tmp_path: Path, debits: list[str], credits: list[str], found: Balance
) -> None:
    entries = [{"account": "'1'", "debit": d} for d in debits] + [{"account": "'2'", "credit": c} for c in credits]
    voucher = {"type": "'记'", "date": "after.approved_on", "summary": "'试'", "entries": entries}
    rules = {"r": {"on": "asset", "let": {"net": "after.original_value - after.id"}, "voucher": voucher}}
    if found is Balance.NEVER:
        with pytest.raises(MappingErrors) as caught:
            variant(tmp_path, rules=rules)
        assert [e.code for e in caught.value.errors] == ["voucher_never_balances"]
        return
    rule = variant(tmp_path, rules=rules).rules[0]
    voucher_read = rule.verb(Voucher)
    assert voucher_read is not None
    assert voucher_read.balance(rule) is found


# What others ask of a mapping


def test_every_account_that_is_named_is_known_before_anything_runs() -> None:
    named = loaded(EXAMPLE).accounts
    assert list(named) == ["1601", "1002", "5101", "6602", "1602"]
    (missing,) = unknown_accounts(named, ["1601", "1602", "1002", "5101", "6601"])
    assert (missing.level, missing.code) == ("error", "account_missing")
    assert missing.params == {"account": "6602", "rule": "depreciation", "nearest": ""}
    (missing,) = unknown_accounts({"6602": "depreciation"}, ["6601", "660201"])
    assert missing.params["nearest"] == "660201"


@pytest.mark.parametrize(("near", "said"), [("", "no column x"), ("xy", "no column x; the nearest is xy")])
def test_a_name_is_proposed_only_where_one_is_near(near: str, said: str) -> None:
    assert say("unknown_column", {"table": "asset", "column": "x", "nearest": near}, "en").endswith(said)


def test_lineage_leads_through_cards_joins_and_decisions_to_the_eam() -> None:
    lineage = {(x.finance, x.rule): x for x in explain(loaded(EXAMPLE))}
    account = lineage["fin.entry.account", "depreciation"]
    assert account.columns == ("eam.department.kind",)
    assert account.through == ("entry.account", "expense_account()", "join dept by eam.asset.department_id", "'1602'")
    assert lineage["fin.card.original_value", "upgrade"].columns == ("eam.upgrade.amount", "eam.asset.original_value")
    assert lineage["fin.entry.dept", "upgrade"].columns == ("eam.department.code",)
    assert lineage["fin.inventory.asset_code", "registration"].columns == ("eam.asset.asset_code",)
    assert {x.finance for x in lineage.values()} >= {"fin.voucher.period", "fin.card.asset_code", "fin.entry.debit"}
    upgrade = [x for x in explain(loaded(EXAMPLE)) if x.rule == "upgrade"]
    assert explain(loaded(EXAMPLE), "upgrade") == upgrade, "of one rule alone it is the same"


@pytest.mark.parametrize("of", ["mapping", "layout"])
def test_the_json_schema_accepts_what_the_models_accept(of: Any) -> None:
    made = schema(of)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(made)) == made
    block = MappingFile if of == "mapping" else LayoutFile
    document, _ = read(EXAMPLE if of == "mapping" else EXAMPLE.parent / "finance.yaml")
    assert set(document.data) <= set(made["properties"])  # type: ignore[arg-type]
    errors: list[MappingError] = []
    assert parse(block, document, errors) is not None
    assert errors == []
