"""No name that a user gives meets one of ours: every word that Python or the generated code knows is a good name, or
`mapping check` refuses it where it is given and says what to rename."""

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.errors import MappingErrors
from syncd.language import hint, say
from syncd.mapping.expression.functions import NAMES
from syncd.mapping.expression.parse import RUNTIME
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.file.names import LANGUAGE, is_called
from syncd.mapping.language.load import load
from syncd.mapping.program import generate, program
from syncd.mapping.verbs.registry import VERBS
from syncd.ports import Numbered
from tests.unit.paper import EXAMPLE, MACHINE, Paper, only, variant

GENERATED = """
first held keep_card made_of
account accounts again ask_0 a1 bind card cards cards_ change code collected days day entries entry f fail fields
flawed group hint_0 idem j0 k key kind new nulls_0 op out period posted posting red release reverses row rows_ rows_0
rule rule_0_0 said subject summary t0 target targets red_key reds red_day is_blue cancels total undo v0 v1 voucher w
want_0 _t1 decide_x look_x Decimal_0p00
"""
SQL = """
all and any as asc between by case cast check collate column constraint create cross current_date current_user
default desc distinct do else end except exists extract false fetch for foreign from full grant group having
ilike in inner intersect interval into is join lateral leading left like limit not null offset on only or order
outer overlaps primary references returning right row select session_user similar some table then to trailing
trim true union unique user using values when where window with date time timestamp text integer decimal boolean
array year month day hour
"""
OURS = [*LANGUAGE, *RUNTIME, *program._GLOBALS, *NAMES, *(verb.word for verb in VERBS), *MappingFile.model_fields]
PYTHON = [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]
WORDS = sorted(
    {w.lower() for w in [*PYTHON, *OURS, *GENERATED.split(), *SQL.split()] if re.fullmatch(r"[^\W\d]\w*", w)}
)
UNREADABLE = {"false", "null", "select", "true", "not", "case"}
"""Some of those that SQL reads as something else, wherever they stand."""


def names_of(source: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", source))


def test_the_list_has_every_local_of_the_generated_code(tmp_path: Path) -> None:
    source = generate.module(variant(tmp_path).program.plan)
    locals_ = set(re.findall(r"^\s+(\w+) = ", source, re.M)) | set(re.findall(r"\((\w+) :=", source))
    assert {re.sub(r"\d+", "0", n) for n in locals_ if n not in WORDS} <= {"j0", "a0", "v0", "_t0", "rows_0", "nulls_0"}


def rule(**blocks: Any) -> dict[str, Any]:
    """A rule that does all at once, so that every local of the generated code is there."""
    return {
        "everything": {
            "on": "asset",
            "when": "op <> 'delete'",
            "once": "after.asset_code",
            "require": [{"check": "after.id > 0", "says": "id"}],
            "approve": {"when": "after.id > 1000000"},
            "card": {"asset_code": "after.asset_code", "name": "coalesce(card.name, after.name)"},
            "voucher": {
                "type": "'记'",
                "date": "after.approved_on",
                "summary": "after.name",
                "entries": [
                    {"account": "'1'", "debit": "after.original_value", "asset": "card.asset_code"},
                    {"account": "'2'", "credit": "after.original_value + 0", "summary": "after.asset_code"},
                ],
            },
            **blocks,
        }
    }


def written(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"table": "fin.any", "values": {f"x_{i}": name for i, name in enumerate(names)}}]


def split(folder: Path, **blocks: Any) -> list[str]:
    """The words that `mapping check` takes of those given; each other one is refused once, at its line."""
    with pytest.raises(MappingErrors) as caught:
        variant(folder, **blocks)
    refused = {}
    lines = (folder / "variant.yaml").read_text("utf-8").splitlines()
    for error in caught.value.errors:
        assert error.code in ("name_taken", "name_reserved"), error
        line = lines[int(error.where.rpartition(":")[2]) - 1]
        assert error.params["name"] in line, (error, line)
        assert str(error.params["other"]) in hint(error.code, error.params, "en")
        assert str(error.params["name"]) in say(error.code, error.params, "zh")
        refused[error.params["name"]] = error.code
    assert {name for name, code in refused.items() if code == "name_taken"} == set(LANGUAGE)
    assert {name for name, code in refused.items() if code == "name_reserved"} >= UNREADABLE - {"case"}
    return [word for word in WORDS if word not in refused]


def values(folder: Path, rules: Mapping[str, Any], **blocks: Any) -> list[Any]:
    """What the rule writes."""
    paper = Paper(variant(folder, rules=rules, **blocks))
    for i in range(len(WORDS)):
        paper.given("dept", id=i, code=f"D{i}")
    posting = only(paper.post(paper.insert("asset", **MACHINE | {"id": 1})))
    assert posting.cards[0].fields == {"name": "机床"}
    assert posting.voucher is not None
    assert [dict(e.dims) for e in posting.voucher.entries] == [{"asset": "FA-1"}, {}]
    return list(posting.rows[0].values.values())


def test_any_word_as_a_let_name(tmp_path: Path) -> None:
    let = {word: f"after.id + {i}" for i, word in enumerate(WORDS)}
    good = split(tmp_path, rules=rule(let=let))
    assert len(good) > 250
    found = values(tmp_path, rule(let={w: let[w] for w in good}, write=written(good)))
    assert found == [1 + WORDS.index(w) for w in good]


def test_any_word_as_a_constant(tmp_path: Path) -> None:
    constants = {word: i for i, word in enumerate(WORDS)}
    good = split(tmp_path, rules=rule(), constants=constants)
    found = values(tmp_path, rule(write=written(good)), constants={w: constants[w] for w in good})
    assert found == [WORDS.index(w) for w in good]


def test_any_word_as_the_alias_of_a_join(tmp_path: Path) -> None:
    join = {word: {"table": "dept", "key": f"after.id - 1 + {i}"} for i, word in enumerate(WORDS)}
    good = split(tmp_path, rules=rule(join=join))
    found = values(tmp_path, rule(join={w: join[w] for w in good}, write=written(f"{w}.code" for w in good)))
    assert found == [f"D{WORDS.index(w)}" for w in good]


def test_any_word_as_a_column(tmp_path: Path) -> None:
    """The columns are the EAM's: none is refused, those that SQL keeps to itself stand in quotes."""
    tables = yaml.safe_load(EXAMPLE.read_text("utf-8"))["tables"]
    columns = {word: "integer" for word in WORDS if word not in MACHINE}
    tables["asset"]["columns"] |= columns
    rules = rule(write=written(f'after."{w}"' if w in UNREADABLE else f"after.{w}" for w in columns))
    paper = Paper(variant(tmp_path, rules=rules, tables=tables))
    row = {word: i for i, word in enumerate(columns)}
    posting = only(paper.post(paper.insert("asset", **MACHINE | row)))
    assert list(posting.rows[0].values.values()) == list(row.values())


def test_any_word_as_a_decision_table(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("kind,gives\n*,yes\n", "utf-8")
    decisions = {word: {"file": "one.csv", "keys": ["kind"], "gives": "gives"} for word in WORDS}
    with pytest.raises(MappingErrors) as caught:
        variant(tmp_path, rules=rule(), decisions=decisions)
    refused = {e.params["name"] for e in caught.value.errors if e.code == "name_reserved"}
    assert len(refused) == len(caught.value.errors)
    assert refused >= {"round", "coalesce", "upper", "case", "cast"}, "the language's own functions"
    good = [word for word in WORDS if word not in refused]
    found = values(tmp_path, rule(write=written(f"{w}('x')" for w in good)), decisions={w: decisions[w] for w in good})
    assert found == ["yes"] * len(good)
    assert len(good) > 200


def test_letters_case_tells_nothing_apart(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = [
        {"rules": rule(let={"Net": "1", "net": "2"})},
        {"rules": rule(let={"Approval_Above": "1"}), "constants": {"approval_above": 1}},
        {"rules": rule(join={"Dept": "after.department_id", "dept": "after.id"})},
    ]
    for blocks in cases:
        with pytest.raises(MappingErrors) as caught:
            variant(tmp_path, **blocks)
        assert [e.code for e in caught.value.errors if e.code != "unknown_table"] == ["name_twice"], blocks
    found = values(tmp_path, rule(join={"Dept": {"table": "dept", "key": "after.id"}}, write=written(["DEPT.Code"])))
    assert found == ["D1"]


def test_an_auxiliary_does_not_hide_what_an_entry_has(tmp_path: Path) -> None:
    variant(tmp_path)
    layout = (tmp_path / "finance.yaml").read_text("utf-8")
    (tmp_path / "variant.yaml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    for dim in ("account", "Line", "when"):
        (tmp_path / "finance.yaml").write_text(re.sub(r"dims: \[", f"dims: [{dim}, ", layout), "utf-8")
        with pytest.raises(MappingErrors) as caught:
            load(tmp_path / "variant.yaml")
        assert [(e.code, e.params["name"]) for e in caught.value.errors] == [("name_taken", dim)]


def test_any_word_in_a_layout(tmp_path: Path) -> None:
    """As a card field, as an auxiliary, as a lookup; in rules, in what is rendered, and read back."""
    variant(tmp_path, rules=rule())
    layout = yaml.safe_load((tmp_path / "finance.yaml").read_text("utf-8"))
    ours = {"exists", "asset_code", "account", "debit", "credit", "summary", "when", "line"}
    words = [w for w in WORDS if w not in (*ours, *NAMES, "case", "cast", "extract", "name", "dept", "asset")]
    callable_words = [w for w in words if is_called(w)]
    quoted = {w: f'"{w}"' if w in UNREADABLE else w for w in words}
    layout["dims"] += words
    layout["lookups"] |= {w: dict(layout["lookups"]["account"]) for w in callable_words}
    layout["card"][0]["columns"] |= {f"c_{i}": f"card.{quoted[w]}" for i, w in enumerate(words)}
    columns = layout["entry"][0]["columns"]
    columns |= {f"d_{i}": f"entry.{quoted[w]}" for i, w in enumerate(words)}
    columns |= {f"l_{i}": f"{w}(entry.account)" for i, w in enumerate(callable_words)}
    (tmp_path / "finance.yaml").write_text(yaml.safe_dump(layout, allow_unicode=True), "utf-8")
    data = yaml.safe_load((tmp_path / "variant.yaml").read_text("utf-8"))
    made = data["rules"]["everything"]
    made["card"] |= {w: f"after.id + {i}" for i, w in enumerate(words)}
    made["voucher"]["entries"][0] |= {w: f"after.id + {i}" for i, w in enumerate(words)}
    (tmp_path / "variant.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    paper = Paper(load(tmp_path / "variant.yaml"))
    posting = only(paper.post(paper.insert("asset", **MACHINE)))
    lookups = {name: {"1": f"{name}!", "2": ""} for name in callable_words}
    written_rows = {
        w.table: dict(zip(w.columns, next(iter(w.rows)), strict=True)) for w in rendered(paper, posting, lookups)
    }
    said = list(range(1, len(words) + 1))
    assert [written_rows["fin.card"][f"c_{i}"] for i in range(len(words))] == said
    assert [written_rows["fin.entry"][f"d_{i}"] for i in range(len(words))] == said
    assert [written_rows["fin.entry"][f"l_{i}"] for i in range(len(callable_words))] == [
        f"{w}!" for w in callable_words
    ]


def rendered(paper: Paper, posting: Any, lookups: Mapping[str, Any]) -> list[Any]:
    numbered = [Numbered(posting, 1)]
    return list(paper.mapping.layout.render(numbered, lookups | {"account": {"1": "1", "2": "2"}}))


def test_a_card_field_does_not_hide_whether_there_is_a_card(tmp_path: Path) -> None:
    variant(tmp_path)
    layout = (tmp_path / "finance.yaml").read_text("utf-8")
    (tmp_path / "finance.yaml").write_text(layout.replace("name: card.name", "name: card.exists"), "utf-8")
    with pytest.raises(MappingErrors) as caught:
        load(tmp_path / "variant.yaml")
    assert ("name_taken", "card.exists") in [(e.code, e.params.get("name")) for e in caught.value.errors]


def test_any_word_as_the_name_of_a_rule_and_of_a_table(tmp_path: Path) -> None:
    tables = yaml.safe_load(EXAMPLE.read_text("utf-8"))["tables"]
    words = [word for word in WORDS if word not in tables]
    references = {w: {"table": "eam.x", "key": "id", "columns": {"id": "integer", "code": "text"}} for w in words}
    made = rule(write=written(["found.code"]))["everything"]
    del made["card"], made["voucher"]["entries"][0]["asset"]
    rules = {w: made | {"join": {"found": {"table": w, "key": "after.id"}}, "once": "after.id"} for w in words}
    paper = Paper(variant(tmp_path, rules=rules, references=references))
    for word in words:
        paper.given(word, id=1, code=word)
    (outcome,) = paper.post(paper.insert("asset", **MACHINE | {"id": 1}))
    assert outcome.rejection is None
    assert [(p.rule, p.key, *p.rows[0].values.values()) for p in outcome.postings] == [(w, f"{w}/1", w) for w in words]
