"""The language says what it means: cards that may not be there, facts that two rules make, rules that meet."""

from pathlib import Path
from typing import Any

import pytest

from syncd.errors import MappingErrors
from syncd.files import shipped
from syncd.language import hint
from syncd.mapping.language.load import Mapping, load
from tests.unit.paper import MACHINE, Paper, only, variant

VOUCHER: dict[str, Any] = {
    "type": "'记'",
    "date": "after.approved_on",
    "summary": "after.name",
    "entries": [
        {"account": "'1'", "debit": "after.original_value"},
        {"account": "'2'", "credit": "after.original_value"},
    ],
}
OPEN: dict[str, Any] = {"asset_code": "after.asset_code", "name": "after.name", "dept": "after.status"}
REGISTRATION: dict[str, Any] = {
    "on": "asset", "when": "op = 'insert'", "once": "after.asset_code", "card": OPEN, "voucher": VOUCHER,
}  # fmt: skip
RENAMED: dict[str, Any] = {
    "on": "asset", "when": "op = 'update' AND after.name <> before.name",
    "change": {"asset_code": "after.asset_code", "name": "after.name"},
}  # fmt: skip


def mapping(folder: Path, **rules: Any) -> Mapping:
    return variant(folder, rules=rules)


def codes(outcomes: Any) -> list[str]:
    return [outcome.rejection.code if outcome.rejection else "" for outcome in outcomes]


def wrong(folder: Path, **rules: Any) -> list[tuple[str, str]]:
    """Code and line of what `mapping check` refuses."""
    with pytest.raises(MappingErrors) as caught:
        mapping(folder, **rules)
    return [at(folder, e.code, e.where) for e in caught.value.errors]


def warned(folder: Path, **rules: Any) -> list[tuple[str, str]]:
    return [at(folder, w.code, w.where) for w in mapping(folder, **rules).warnings if w.code not in UNUSED]


UNUSED = ("unused_reference", "no_rule_for_table", "no_rule_for_insert", "unused_join")


def at(folder: Path, code: str, where: str) -> tuple[str, str]:
    """With the text of the line."""
    lines = (folder / "variant.yaml").read_text("utf-8").splitlines()
    return code, lines[int(where.rpartition(":")[2]) - 1].strip()


# Whether the card is there


def test_a_rule_on_updates_that_looks_at_the_card_does_not_park_inserts(tmp_path: Path) -> None:
    looks = RENAMED | {"when": "op = 'update' AND card.dept = 'in_use'"}
    paper = Paper(mapping(tmp_path, renamed=looks, registration=REGISTRATION))
    assert codes(paper.post(paper.insert("asset", **MACHINE))) == [""]
    assert codes(paper.post(paper.update("asset", MACHINE, name="车床"))) == [""]
    assert paper.book.card_fields["FA-1"]["name"] == "车床"


def test_the_card_that_is_not_there_reads_null_in_when_and_parks_only_who_applies(tmp_path: Path) -> None:
    used = RENAMED | {"when": "op = 'update' AND card.dept = 'in_use'"}
    paper = Paper(mapping(tmp_path, renamed=used))
    assert codes(paper.post(paper.update("asset", MACHINE, name="车床"))) == [""]
    paper = Paper(mapping(tmp_path, renamed=RENAMED))
    assert codes(paper.post(paper.update("asset", MACHINE, name="车床"))) == ["no_card"]


def test_no_card_is_said_before_what_a_check_makes_of_its_absence(tmp_path: Path) -> None:
    checked = RENAMED | {"require": [{"check": "card.dept = 'in_use'", "says": "in use"}]}
    paper = Paper(mapping(tmp_path, renamed=checked))
    assert codes(paper.post(paper.update("asset", MACHINE, name="车床"))) == ["no_card"]


def test_a_rule_asks_whether_the_card_exists(tmp_path: Path) -> None:
    """In every expression: whoever is not in the books yet is opened, else changed."""
    opened = REGISTRATION | {"when": "op <> 'delete' AND NOT card.exists"}
    renamed = RENAMED | {"when": "op = 'update' AND card.exists"}
    note = {"on": "asset", "when": "op = 'update'", "write": [
        {"table": "fin.note", "values": {"had": "card.exists", "name": "coalesce(card.name, '-')"}}]}  # fmt: skip
    paper = Paper(mapping(tmp_path, note=note, renamed=renamed, opened=opened))
    (first,) = paper.post(paper.update("asset", MACHINE, name="车床"))
    assert [p.rule for p in first.postings] == ["note", "opened"]
    assert first.postings[0].rows[0].values == {"had": False, "name": "-"}
    (second,) = paper.post(paper.update("asset", {**MACHINE, "name": "车床"}, name="铣床"))
    assert [p.rule for p in second.postings] == ["note", "renamed"]
    assert second.postings[0].rows[0].values == {"had": True, "name": "车床"}


# One fact, two rules


def shared(fact: str) -> dict[str, Any]:
    once = {"key": "after.asset_code", "as": fact}
    taken_over = REGISTRATION | {"when": "op = 'update'", "once": once}
    del taken_over["card"]
    plain = REGISTRATION | {"once": "after.asset_code" if fact == "registration" else once}
    return {"registration": plain, "taken_over": taken_over}


@pytest.mark.parametrize("fact", ["registration", "into_the_books"])
def test_two_rules_that_make_one_fact_make_it_once(tmp_path: Path, fact: str) -> None:
    """Invariant 2, across rules and whichever comes first."""
    paper = Paper(mapping(tmp_path, **shared(fact)))
    first = only(paper.post(paper.insert("asset", **MACHINE)))
    assert first.key == f"{fact}/FA-1"
    assert [o.postings for o in paper.post(paper.update("asset", MACHINE, name="x"))] == [()]
    other = {**MACHINE, "id": 2, "asset_code": "FA-2"}
    batch = paper.post(paper.update("asset", other, name="x"), paper.insert("asset", **other))
    assert [[p.rule for p in o.postings] for o in batch] == [["taken_over"], []]


def test_rules_that_make_one_fact_say_its_key_alike(tmp_path: Path) -> None:
    rules = shared("registration")
    rules["taken_over"]["once"] = {"key": ["after.asset_code", "after.id"], "as": "registration"}
    assert [code for code, _ in wrong(tmp_path, **rules)] == ["once_differs"]


def test_two_rules_do_not_open_one_card_for_one_reason(tmp_path: Path) -> None:
    assert wrong(tmp_path, one=REGISTRATION, two=REGISTRATION) == [("card_opened_twice", "card:")]
    mapping(tmp_path, one=REGISTRATION, two=REGISTRATION | {"when": "op = 'read'"})


# Reversals


REVERSED: dict[str, Any] = {"on": "asset", "when": "after.name <> before.name", "reverse": "posted"}
POSTED: dict[str, Any] = {"on": "asset", "when": "op <> 'delete'", "voucher": VOUCHER}


@pytest.mark.parametrize("order", [("posted", "reversed"), ("reversed", "posted")])
def test_what_a_change_posts_is_not_reversed_by_it_whatever_the_order_of_the_file(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    rules = {"posted": POSTED, "reversed": REVERSED}
    paper = Paper(mapping(tmp_path, **{name: rules[name] for name in order}))
    paper.post(paper.insert("asset", **MACHINE))
    (outcome,) = paper.post(paper.update("asset", MACHINE, name="车床"))
    assert [p.rule for p in outcome.postings] == ["reversed", "posted"]
    standing = [p.rule for p, _ in paper.book.entered if p.key not in reversed_keys(paper)]
    assert standing == ["reversed", "posted"]


def reversed_keys(paper: Paper) -> set[str]:
    return {p.reverses.key for p, _ in paper.book.entered if p.reverses is not None}


def test_a_rule_above_its_reversal_is_warned_of_where_both_meet(tmp_path: Path) -> None:
    assert warned(tmp_path, posted=POSTED, reversed=REVERSED) == [("reversed_above", "reverse: posted")]
    assert warned(tmp_path, reversed=REVERSED, posted=POSTED) == []
    apart = POSTED | {"when": "op = 'insert' OR op = 'read'"}
    assert warned(tmp_path, posted=apart, reversed=REVERSED) == []
    used = POSTED | {"when": "after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'"}
    scrapped = REVERSED | {"when": "before.status = 'in_use' AND after.status IN ('sold', 'scrapped')"}
    assert warned(tmp_path, posted=used, reversed=scrapped) == []


def test_a_reversal_of_a_collecting_rule_is_refused(tmp_path: Path) -> None:
    collecting = POSTED | {"collect": {"group": "after.status", "post": "0 2 * * *"}}
    assert wrong(tmp_path, posted=collecting, reversed=REVERSED) == [("reverses_collected", "reverse: posted")]


# Approvals


def test_what_an_approval_brings_is_not_missing_before_it(tmp_path: Path) -> None:
    rule = POSTED | {"approve": {"when": "after.original_value > 0"}}
    paper = Paper(mapping(tmp_path, posted=rule))
    row = {**MACHINE, "approved_on": None}
    (outcome,) = paper.post(paper.insert("asset", **row))
    assert outcome.rejection is not None
    assert (outcome.rejection.status, outcome.rejection.code) == ("approval", "approval")
    paper = Paper(mapping(tmp_path, posted=POSTED))
    assert codes(paper.post(paper.insert("asset", **row))) == ["missing_value"]


def test_what_could_not_be_posted_does_not_wait_for_approval(tmp_path: Path) -> None:
    one_sided = VOUCHER | {
        "entries": [*VOUCHER["entries"], {"account": "'3'", "debit": "after.id", "when": "after.id > 0"}]
    }
    rule = POSTED | {"approve": {"when": "after.original_value > 0"}, "voucher": one_sided}
    paper = Paper(mapping(tmp_path, posted=rule))
    assert codes(paper.post(paper.insert("asset", **MACHINE))) == ["unbalanced"]


def test_the_shipped_mapping_is_warned_of_nothing() -> None:
    assert [w.code for w in load(shipped("mappings") / "demo.yaml").warnings] == []


# Cards that are there already

FOUND = {"FA-1": {"asset_code": "FA-1", "name": "财务所建", "dept": "cancelled"}}
READ = {"when": "op <> 'delete'"}
UPGRADED: dict[str, Any] = {
    "on": "asset", "when": "op = 'read'", "once": "after.id",
    "change": {"asset_code": "after.asset_code", "name": "card.name || '+'"},
}  # fmt: skip


def with_card(mapped: Mapping, again: bool = False) -> Paper:
    """A ledger where finance has opened a card by itself."""
    paper = Paper(mapped)
    paper.translator = mapped.translator(again=again)
    paper.book.card_fields = {code: dict(fields) for code, fields in FOUND.items()}
    return paper


def test_a_card_that_is_there_is_not_opened_over(tmp_path: Path) -> None:
    paper = with_card(mapping(tmp_path, registration=REGISTRATION))
    (outcome,) = paper.post(paper.insert("asset", **MACHINE))
    assert outcome.rejection is not None
    assert (outcome.rejection.code, outcome.rejection.params) == ("card_exists", {"asset_code": "FA-1"})
    assert "reopen" in hint("card_exists", outcome.rejection.params, "en")
    assert paper.book.card_fields == FOUND


def test_two_assets_with_one_code_in_one_batch(tmp_path: Path) -> None:
    paper = Paper(mapping(tmp_path, registration=REGISTRATION | {"once": "after.id"}))
    batch = paper.post(paper.insert("asset", **MACHINE), paper.insert("asset", **MACHINE | {"id": 2, "name": "铣床"}))
    assert codes(batch) == ["", "card_exists"]
    assert paper.book.card_fields["FA-1"]["name"] == "机床"


@pytest.mark.parametrize(
    ("reopen", "code"), [(True, ""), ("card.dept = 'cancelled'", ""), ("card.dept = 'x'", "card_exists")]
)
def test_a_rule_says_whether_it_opens_a_card_anew(tmp_path: Path, reopen: object, code: str) -> None:
    paper = with_card(mapping(tmp_path, registration=REGISTRATION | {"reopen": reopen}))
    assert codes(paper.post(paper.insert("asset", **MACHINE))) == [code]
    assert paper.book.card_fields["FA-1"]["name"] == ("财务所建" if code else "机床")


def test_the_posting_repeated_is_a_repeat_and_one_that_was_reversed_opens_its_card_anew(tmp_path: Path) -> None:
    cancelled = {"on": "asset", "when": "op = 'delete'", "reverse": "registration"}
    paper = Paper(mapping(tmp_path, registration=REGISTRATION, cancelled=cancelled))
    paper.post(paper.insert("asset", **MACHINE))
    assert [(o.rejection, o.postings) for o in paper.post(paper.insert("asset", **MACHINE))] == [(None, ())]
    paper.post(paper.change("delete", "asset", paper.row("asset", **MACHINE)))
    (outcome,) = paper.post(paper.insert("asset", **MACHINE | {"name": "车床"}))
    assert [p.key for p in outcome.postings] == ["registration/FA-1~2"]
    assert paper.book.card_fields["FA-1"]["name"] == "车床"


def test_reopen_stands_beside_card(tmp_path: Path) -> None:
    assert wrong(tmp_path, renamed=RENAMED | {"reopen": True}) == [("reopen_without_card", "reopen: true")]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("reopen", [{}, {"reopen": True}], ids=["plain", "reopen"])
@pytest.mark.parametrize("size", [1, 9])
def test_what_a_snapshot_reads_changes_no_card_that_lives(
    tmp_path: Path, again: bool, reopen: dict[str, Any], size: int
) -> None:
    """Whether finance has opened it or syncd, and in batches of any size; a card that the snapshot opens gets what its
    other rows say."""
    registration = REGISTRATION | READ | reopen
    mapped = mapping(tmp_path, registration=registration, upgraded=UPGRADED | {"snapshot": "card"})
    paper = with_card(mapped, again)
    rows = [{**MACHINE, "id": 1}, {**MACHINE, "id": 2, "asset_code": "FA-2"}]
    changes = [paper.read("asset", **row) for row in rows]
    for start in range(0, len(changes), size):
        assert set(codes(paper.post(*changes[start : start + size]))) == {""}
    assert paper.book.card_fields["FA-1"] == FOUND["FA-1"]
    assert paper.book.card_fields["FA-2"]["name"] == "机床+"


def test_a_snapshot_taken_again_changes_nothing_that_was_opened_from_the_log(tmp_path: Path) -> None:
    """A table that the mapping reads only since, whose rows are in the books already."""
    paper = Paper(mapping(tmp_path, registration=REGISTRATION | READ))
    paper.post(paper.insert("asset", **MACHINE))
    paper.translator = mapping(tmp_path, registration=REGISTRATION | READ, upgraded=UPGRADED).translator(again=True)
    assert codes(paper.post(paper.read("asset", **MACHINE))) == [""]
    assert paper.book.card_fields["FA-1"]["name"] == "机床"


def test_a_row_of_a_snapshot_that_was_parked_is_tried_as_what_it_is(tmp_path: Path) -> None:
    checked = UPGRADED | {"require": [{"check": "card.dept <> 'cancelled'", "says": "cancelled"}]}
    mapped = mapping(tmp_path, upgraded=checked)
    paper = with_card(mapped)
    assert codes(paper.post(paper.read("asset", **MACHINE))) == ["require"]
    paper.book.card_fields["FA-1"]["dept"] = "in_use"
    paper.translator = mapped.translator(again=True)
    paper.book.notes[0].request = "retry"
    assert codes(paper.replay()) == [""]
    assert paper.book.card_fields["FA-1"]["name"] == "财务所建+"
