"""A row tried on the rules: each rule's steps with their values, and what the daemon would make of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from connectors import memory
from connectors.convert import typed
from syncd import workbench
from syncd.books import steps, trying
from syncd.books.hindsight import Finance
from syncd.change import Kind
from syncd.desk.parked import operators
from syncd.errors import WrongUsage
from syncd.mapping.cases import cases
from syncd.mapping.expression.parse import conditions, parse
from syncd.mapping.expression.terms import Name
from syncd.mapping.language.load import load
from syncd.mapping.program import follow
from tests.advice import advice
from tests.tidy.tree import ROOT
from tests.unit.lab import CLERK, NAME, Lab

MAPPING: Final = """
constants: {approval_above: 100000}
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, name: text, dept_id: integer, value: money, status: text, bought_on: date}
references:
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
rules:
  registration:
    on: asset
    when: op IN ('insert', 'update') AND after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'
    join: {dept: after.dept_id}
    let: {net: "round(after.value / 1.13, 2)"}
    once: after.code
    require:
      - {check: after.value > 0, says: {zh: 原值必须大于零, en: the value must be positive}}
    approve: {when: after.value > approval_above, role: finance}
    card: {asset_code: after.code, name: after.name, original_value: net}
    voucher:
      type: "'记'"
      date: after.bought_on
      summary: "'购置 ' || after.name"
      entries:
        - {account: "'1601'", debit: net, dept: dept.code}
        - {account: "'1002'", credit: net}
        - {account: "'6602'", debit: after.value - net, when: after.value > 1000000}
        - {account: "'1002'", credit: after.value - net, when: after.value > 1000000}
  renamed:
    on: asset
    when: op = 'update' AND after.name <> before.name
    change: {asset_code: after.code, name: after.name}
  cancelled:
    on: asset
    when: op = 'delete'
    reverse: registration
"""
NOW: Final = datetime(2026, 2, 5, tzinfo=UTC)
ROW: Final[Mapping[str, object]] = {
    "id": 1, "code": "FA-1", "name": "机床", "dept_id": 7, "value": Decimal("1130.00"), "status": "in_use",
    "bought_on": date(2026, 2, 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Lab:
    """One asset in the books, one whose value is wrong, one of a department that nobody knows."""
    made = Lab(MAPPING, splits=True)
    made.commit(made.insert("dept", id=7, code="SC"))
    for other in ({}, {"id": 2, "code": "FA-2", "value": Decimal(-5)}, {"id": 3, "code": "FA-3", "dept_id": 9}):
        made.commit(made.insert("asset", **{**ROW, **other}))  # type: ignore[arg-type]
    return made


def bench(lab: Lab) -> trying.Bench:
    with lab.ledger.looking() as book:
        finance = Finance(book.periods(), book.lookup)
        lookups = {name: book.lookup(name) for name in ("account", "dept")}
    read = lambda column, text: typed(column, text, lab.mapping.zone)  # noqa: E731
    return trying.Bench(lab.ledger, NAME, lab.mapping.program, read, finance._replace(lookup=lookups.__getitem__))


def tried(lab: Lab, asked: trying.Asked) -> trying.Tried:
    return trying.tried(bench(lab), asked, NOW)


def told(found: trying.Tried, rule: str = "registration") -> dict[str, steps.Line]:
    """A rule's steps: conditions by their text, others by word, name and entry, as `let net`, `entry debit 1`."""
    (judged,) = (one for one in found.judgements if one.rule.name == rule)
    return {_called(one): one for one in steps.lines(judged, UTC)}


def _called(one: steps.Line) -> str:
    word = one.code.removeprefix("step_")
    return one.text if word == "when" else f"{word} {one.name} {one.entry or ''}".strip()


def said(found: trying.Tried) -> dict[str, str]:
    return {one.rule.name: one.said for one in found.judgements}


def code(found: trying.Tried) -> str:
    """Why it would be parked."""
    return "" if found.preview.rejection is None else found.preview.rejection.code


def test_each_step_of_a_rule_has_its_value_and_what_it_is_made_of(lab: Lab) -> None:
    found = tried(lab, trying.Asked("asset", "1"))
    lines = told(found)
    assert said(found) == {"registration": "posted", "renamed": "ignored", "cancelled": "ignored"}
    assert [text for text, one in lines.items() if one.section == "steps_when"] == [
        "op IN ('insert', 'update')",
        "after.status = 'in_use'",
        "before.status IS DISTINCT FROM 'in_use'",
    ]
    assert lines["after.status = 'in_use'"].holds
    assert dict(lines["join dept"].read)["dept.code"] == "SC"
    assert (lines["let net"].value, dict(lines["let net"].read)) == ("1,000.00", {"after.value": "1,130.00"})
    assert lines["require"].holds
    assert lines["entry debit 1"].value == "1,000.00"
    assert lines["entry when 3"].is_left_out
    assert "entry account 3" not in lines, "nothing is asked of an entry that is not there"
    assert dict(lines["approve finance"].read) == {"after.value": "1,130.00", "approval_above": "100000"}
    (voucher,) = found.preview.vouchers
    assert [(e.account, e.debit - e.credit) for e in voucher.entries] == [("1601", 1000), ("1002", -1000)]
    assert [card.fields["original_value"] for card in found.preview.cards] == [1000]


@pytest.mark.parametrize(
    ("key", "step", "reason"), [("2", "require", "require"), ("3", "join dept", "reference_missing")]
)
def test_the_step_that_a_row_is_refused_for_is_marked_and_the_last(lab: Lab, key: str, step: str, reason: str) -> None:
    found = tried(lab, trying.Asked("asset", key))
    *before, last = told(found)
    assert (last, told(found)[last].stops) == (step, True)
    assert not any(told(found)[one].stops for one in before)
    assert code(found) == reason


def test_why_a_rule_does_not_apply_is_told_by_its_first_condition_that_does_not_hold(lab: Lab) -> None:
    found = tried(lab, trying.Asked("asset", "1", values={"status": "draft"}))
    assert {text: one.holds for text, one in told(found).items()} == {
        "op IN ('insert', 'update')": True,
        "after.status = 'in_use'": False,
    }
    assert dict(told(found)["after.status = 'in_use'"].read) == {"after.status": "draft"}
    assert (found.preview.vouchers, code(found)) == ([], "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a = 1", ["a = 1"]),
        ("a = 1 OR a = 2 AND b", ["a = 1 OR a = 2 AND b"]),
        ("a = 1 AND (b OR a = 2 AND b)", ["a = 1", "(b OR a = 2 AND b)"]),
        (
            "CASE WHEN b AND a = 1 THEN b END and 名称 = 'x AND y'",
            ["CASE WHEN b AND a = 1 THEN b END", "名称 = 'x AND y'"],
        ),
    ],
)
def test_conditions_are_told_as_they_are_written(text: str, wanted: list[str]) -> None:
    scope = {"a": Name("a", Kind.INTEGER), "b": Name("b", Kind.BOOLEAN), "名称": Name("c", Kind.TEXT)}
    assert conditions(parse(text, scope)) == wanted


def test_other_values_are_judged_anew_and_nothing_is_kept(lab: Lab) -> None:
    """Invariant 10: what is tried is what the daemon would make of it; and the books stay as they are."""
    before = [*lab.database.iterdump()]
    found = tried(lab, trying.Asked("asset", "3", values={"dept_id": "7", "value": "2260000"}))
    assert said(found)["registration"] == "posted"
    assert told(found)["entry debit 3"].value == "260,000.00"
    assert told(found)["approve finance"].holds
    assert found.found.after is not None
    assert found.found.after[4] == Decimal("1130.00"), "what it was before is still told"
    assert [*lab.database.iterdump()] == before


def test_a_row_comes_as_new_or_changed_or_deleted(lab: Lab) -> None:
    """What was posted of it does not count where it comes for the first time, and does where it is changed now."""
    assert tried(lab, trying.Asked("asset", "1")).is_past
    changed = tried(lab, trying.Asked("asset", "1", how="changed", values={"name": "车床"}))
    assert (said(changed)["renamed"], changed.is_past, changed.behind) == ("posted", False, 0)
    assert [(card.verb, card.fields) for card in changed.preview.cards] == [("change", {"name": "车床"})]
    deleted = tried(lab, trying.Asked("asset", "1", how="deleted"))
    (red,) = deleted.preview.vouchers
    assert [e.debit - e.credit for e in red.entries] == [-1000, 1000]
    (never,) = (
        one for one in tried(lab, trying.Asked("asset", "2", how="deleted")).judgements if one.rule.name == "cancelled"
    )
    assert (steps.why(never), steps.cancelled(never)) == ("try_why_reverse", "registration")
    read = tried(lab, trying.Asked("asset", "1", how="read"))
    assert (said(read)["registration"], told(read)["op IN ('insert', 'update')"].holds) == ("ignored", False)


def test_a_posting_and_a_parked_row_are_judged_as_they_came(lab: Lab) -> None:
    posted = tried(lab, trying.Asked(posting=1))
    assert (posted.key, posted.is_past, posted.is_whole) == ("1", True, True)
    assert posted.change.committed_at < NOW, "the change itself"
    assert posted.preview.vouchers
    parked = tried(lab, trying.Asked(parked=1))
    assert (parked.key, code(parked), parked.is_past) == ("2", "require", False)
    assert said(tried(lab, trying.Asked(parked=1, values={"value": "1130"}))) == said(posted)
    waits = tried(lab, trying.Asked("asset", "2", how="changed"))
    assert waits.behind == 1, "it would wait behind its parked row"


def test_rows_of_a_table_are_listed_by_key_among_those_of_all(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded: no more rows are looked through at once than so many, and the list goes on where it ended."""
    assert trying.keys(bench(lab), "asset", "", 50) == (["1", "2", "3"], "")
    assert trying.keys(bench(lab), "asset", "", 2) == (["1", "2"], "3")
    monkeypatch.setattr(trying, "LOOKED_MAX", 2)
    found, next_key = trying.keys(bench(lab), "dept", "", 50)
    assert (found, next_key) == ([], "2"), "they are further on"
    assert trying.keys(bench(lab), "dept", "7", 50) == (["7"], "")


@pytest.mark.parametrize("code", [{}, {"code": "FA-77"}])
def test_a_posting_of_what_a_person_has_edited_is_judged_as_edited(code: dict[str, str]) -> None:
    """What the EAM sent was refused; what was posted is the row as it was mended, also under another code."""
    mended = Lab(MAPPING, splits=True)
    mended.commit(mended.insert("dept", id=7, code="SC"))
    mended.commit(mended.insert("asset", **{**ROW, "value": Decimal(-5)}))  # type: ignore[arg-type]
    operators.edit(
        mended.ledger, NAME, 1, {"value": "1130.00"} | code, mended.mapping.tables, bench(mended).read, CLERK
    )
    mended.rest()
    found = tried(mended, trying.Asked(posting=1))
    assert (said(found)["registration"], told(found)["require"].holds) == ("posted", True)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_value_is_told_on_the_clock_of_the_books_and_to_the_last_digit(zone: str) -> None:
    """Wherever the machine stands: what an expression has put on a clock, as date_trunc does, stays there."""
    books, on_clock = ZoneInfo(zone), datetime(2026, 2, 1, 9, 30)
    assert steps.told(on_clock, books) == "2026-02-01 09:30:00"
    assert steps.told(on_clock.replace(tzinfo=books).astimezone(UTC), books) == "2026-02-01 09:30:00"
    assert steps.told(Decimal("123456789012345678901234567890"), books) == "123,456,789,012,345,678,901,234,567,890.00"
    assert [steps.told(Decimal(said), books) for said in ("1.5000", "1.555", "NaN")] == ["1.50", "1.555", "NaN"]


@advice("try_no_table", "try_no_row", "try_no_posting", "try_no_values")
def test_what_cannot_be_tried_says_what_can(lab: Lab) -> None:
    """Invariant 15: the name of the mapping, a key as `parked list` shows it, the number of a posting, no values."""
    assert _refused(lab, trying.Asked("asst", "1")) == ("try_no_table", "asset")
    assert _refused(lab, trying.Asked("asset", "FA-1"))[0] == "try_no_row"
    ((key,),) = lab.ask("SELECT source_key FROM syncd_parked WHERE subject = 'FA-2'")
    assert tried(lab, trying.Asked("asset", str(key))).subject == "FA-2"
    assert _refused(lab, trying.Asked(posting=99))[0] == "try_no_posting"
    assert _refused(lab, trying.Asked("asset", "1", values={"value": "x"}))[0] == "edit_value"
    assert _refused(lab, trying.Asked("asset", "1", values={"id": "5"}))[0] == "edit_key"
    emptied = Lab(MAPPING, splits=True)
    emptied.commit(emptied.insert("asset", **{**ROW, "dept_id": 9}), memory.Write("asset", None, None))  # type: ignore[arg-type]
    ((number,),) = emptied.ask("SELECT id FROM syncd_parked WHERE code = 'truncate'")
    assert isinstance(number, int)
    assert _refused(emptied, trying.Asked(parked=number, values={"name": "x"}))[0] == "try_no_values"
    assert code(tried(emptied, trying.Asked(parked=number))) == "truncate"


def _refused(lab: Lab, asked: trying.Asked) -> tuple[str, str]:
    with pytest.raises(WrongUsage) as refused:
        tried(lab, asked)
    return refused.value.code, refused.value.params.get("nearest", "")


@pytest.mark.parametrize("path", ["documents/documents.yaml", "example/example.yaml"])
def test_whoever_looks_on_changes_nothing(path: str) -> None:
    """Invariant 10: golden cases come out as ever while each rule is watched, and no step is beyond words."""
    mapping, judged = load(ROOT / "tests/golden" / path), list[follow.Judgement]()
    for alias, rules in mapping.program.plan.rules.items():
        if rules:
            mapping = replace(mapping, program=follow.watched(mapping.program, alias, _Kept(judged)))
    results = [cases.run_case(mapping, case, workbench.bench()) for case in cases.case_files(mapping.path)]
    assert [one.difference for one in results if one.difference] == []
    assert {"posted", "ignored", "refused"} <= {one.said for one in judged}
    failures = {step.failure.code for one in judged for step in one.steps if step.failure is not None}
    assert "unexpected" not in failures


class _Kept(list[follow.Judgement]):
    """Every judgement, of all rows."""

    def __init__(self, kept: list[follow.Judgement]) -> None:
        super().__init__()
        self._kept = kept

    def append(self, one: follow.Judgement) -> None:
        self._kept.append(one)
