"""What goes into finance: periods, accounts, balance, cards, red letters, groups, batches."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.language import say
from tests.unit.paper import MACHINE, Paper, batches, example, only, rejection, variant


@pytest.fixture
def paper() -> Paper:
    return example()


# Finance


def test_a_late_event_goes_to_the_first_open_period_and_keeps_its_date(paper: Paper) -> None:
    paper.book.closed = {"2026-02", "2026-03"}
    voucher = only(paper.post(paper.insert("asset", **MACHINE))).voucher
    assert voucher is not None
    assert (voucher.period, voucher.date, voucher.event_date) == ("2026-04", date(2026, 4, 1), date(2026, 2, 5))


def test_without_an_open_period_the_row_is_parked(paper: Paper) -> None:
    paper.book.closed = {p.code for p in paper.book.periods()}
    assert rejection(paper.post(paper.insert("asset", **MACHINE))).code == "no_open_period"


def test_a_date_outside_every_period_is_parked(paper: Paper) -> None:
    row = MACHINE | {"approved_on": date(1926, 2, 5)}
    assert rejection(paper.post(paper.insert("asset", **row))).code == "unknown_period"


def test_an_unknown_account_is_parked_with_the_nearest_and_found_once_finance_has_it(paper: Paper) -> None:
    paper.book.lookups = {"account": {"1601": 1, "1003": 2, "100201": 3}}
    said = rejection(paper.post(paper.insert("asset", **MACHINE)))
    assert (said.code, said.params) == ("unknown_account", {"account": "1002", "nearest": "100201"})
    paper.book.lookups = {"account": {"1601": 1, "1002": 2}}
    assert only(paper.retry("FA-1")).voucher is not None


def test_a_missing_decision_names_table_and_key(paper: Paper) -> None:
    paper.given("dept", id=8, code="QT", kind="other")
    paper.post(paper.insert("asset", **MACHINE | {"department_id": 8}))
    row = {"asset_id": 1, "period": "2026-03", "amount": Decimal(1), "charged_on": date(2026, 3, 31)}
    said = rejection(paper.post(paper.insert("deprec", **row)))
    assert (said.code, said.params) == ("no_decision", {"table": "expense_account", "key": "other"})


@pytest.mark.parametrize(
    ("entries", "code", "params"),
    [
        ([("debit", "10.00"), ("credit", "after.original_value")], "unbalanced", {"difference": "-119990.00"}),
        ([("debit", "-after.original_value"), ("credit", "-after.original_value")], "negative_amount", {"line": "1"}),
        ([("debit", "NULLIF(1.0, 1.0)"), ("credit", "after.original_value")], "missing_value", {"line": "1"}),
        ([("debit", "after.original_value / 7"), ("credit", "after.original_value / 7")], "not_cents", {"line": "1"}),
        ([("debit", "after.id - 1"), ("credit", "after.id - 1")], "few_entries", {"entries": "0"}),
        ([("debit", "after.original_value / (after.id - 1)"), ("credit", "10.00")], "uncomputable", {}),
    ],
)
def test_balanced_no_voucher_is_made_that_finance_could_not_book(
    tmp_path: Path, entries: list[tuple[str, str]], code: str, params: dict[str, str]
) -> None:
    voucher = {
        "type": "'记'",
        "date": "after.approved_on",
        "summary": "'试'",
        "entries": [{"account": "'1601'", side: amount} for side, amount in entries],
    }
    paper = Paper(variant(tmp_path, rules={"tried": {"on": "asset", "voucher": voucher}}))
    said = rejection(paper.post(paper.insert("asset", **MACHINE)))
    assert said.code == code
    assert {name: said.params[name] for name in params} == params
    for language in ("zh", "en"):
        assert "{" not in say(said.code, said.params, language)


def test_balanced_entries_may_stand_under_a_condition(tmp_path: Path) -> None:
    entries = [
        {"account": "'1601'", "debit": "after.original_value", "when": "after.name = '机床'"},
        {"account": "'1601'", "debit": "1.00", "when": "after.name <> '机床'"},
        {"account": "'1002'", "credit": "after.original_value", "summary": "'付款'"},
    ]
    voucher = {"type": "'记'", "date": "after.approved_on", "summary": "'试'", "entries": entries}
    paper = Paper(variant(tmp_path, rules={"tried": {"on": "asset", "voucher": voucher}}))
    made = only(paper.post(paper.insert("asset", **MACHINE))).voucher
    assert made is not None
    assert [(e.account, e.summary) for e in made.entries] == [("1601", "试"), ("1002", "付款")]


# Changing cards


def test_a_card_is_changed_as_it_stands_within_and_between_batches(paper: Paper) -> None:
    paid = {"id": 9, "asset_id": 1, "amount": Decimal("50000.00"), "approved_on": date(2026, 2, 9)}
    paper.post(
        paper.insert("asset", **MACHINE),
        paper.insert("upgrade", **paid),
        paper.update("asset", MACHINE, department_id=2),
    )
    assert paper.book.card_fields["FA-1"]["original_value"] == Decimal("170000.00")
    posting = only(paper.post(paper.insert("upgrade", **paid | {"id": 10})))
    assert posting.cards[0].fields == {"original_value": Decimal("220000.00")}
    assert posting.voucher is not None
    assert posting.voucher.entries[0].dims == {"dept": "YF", "asset": "FA-1"}


def test_a_card_that_is_not_there_parks_its_change(paper: Paper) -> None:
    paper.given("asset", **MACHINE)
    paid = {"id": 9, "asset_id": 1, "amount": Decimal(1), "approved_on": date(2026, 2, 9)}
    said = rejection(paper.post(paper.insert("upgrade", **paid)))
    assert (said.code, said.params) == ("no_card", {"asset_code": "FA-1"})


# Reversing


def test_a_reversal_is_the_same_voucher_in_red_on_the_day_of_the_change(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    posting = only(paper.post(paper.delete("asset", **MACHINE)))
    assert posting.reverses == ("registration/FA-1", "2026-02 记-1")
    voucher = posting.voucher
    assert voucher is not None
    assert (voucher.type, voucher.date, voucher.summary) == (
        "记",
        date(2026, 2, 10),
        "注销2026年2月5日记-1号凭证",
    )
    assert [(e.account, e.debit, e.credit) for e in voucher.entries] == [
        ("1601", Decimal("-120000.00"), 0),
        ("1002", 0, Decimal("-120000.00")),
    ]


def test_a_posting_of_the_same_batch_is_reversed_too(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE), paper.delete("asset", **MACHINE))
    red, _ = paper.book.entered[1]
    assert red.reverses == ("registration/FA-1", "2026-02 记-1")
    assert red.voucher is not None
    assert red.voucher.summary == "注销2026年2月5日记-1号凭证"


def test_with_nothing_to_reverse_the_rule_makes_nothing(paper: Paper) -> None:
    assert paper.post(paper.delete("asset", **MACHINE))[0].postings == ()
    paper.post(paper.insert("asset", **MACHINE), paper.delete("asset", **MACHINE))
    assert paper.post(paper.delete("asset", **MACHINE))[0].postings == ()


def test_no_posting_is_reversed_twice(paper: Paper) -> None:
    gone = [paper.delete("asset", **MACHINE) for _ in range(2)]
    outcomes = paper.post(paper.insert("asset", **MACHINE), *gone)
    assert [len(o.postings) for o in outcomes] == [1, 1, 0]
    paper.post(paper.insert("asset", **MACHINE))
    outcomes = paper.post(*(paper.delete("asset", **MACHINE) for _ in range(2)))
    assert [len(o.postings) for o in outcomes] == [1, 0]


def test_a_rejected_change_undoes_what_its_earlier_rules_reversed(tmp_path: Path) -> None:
    amount = {"debit": "after.original_value"}, {"credit": "after.original_value"}
    voucher = {
        "type": "'记'",
        "date": "after.approved_on",
        "summary": "'登记'",
        "entries": [{"account": "'1601'", **amount[0]}, {"account": "'1002'", **amount[1]}],
    }
    rules = {
        "cancel": {"on": "asset", "when": "op = 'update'", "reverse": ["register"]},
        "register": {
            "on": "asset",
            "once": "after.asset_code",
            "require": [{"check": "after.original_value > 0", "says": "原值"}],
            "voucher": voucher,
        },
    }
    paper = Paper(variant(tmp_path, rules=rules))
    paper.post(paper.insert("asset", **MACHINE))
    wrong, right = (
        paper.update("asset", MACHINE, original_value=Decimal(-1)),
        paper.update("asset", MACHINE, name="铣床"),
    )
    other = paper.insert("asset", **MACHINE | {"id": 5, "asset_code": "FA-5"})
    rejected, _, _ = paper.post(wrong, right, other)
    assert rejected.rejection is not None
    assert paper.keys == ["register/FA-1", "register/FA-5"]
    healed, folded = paper.replay()
    assert [p.key for p in healed.postings] == ["cancel/000002/", "register/FA-1~2"]
    assert folded.ignored == "folded"


# Collecting


def deprec(asset: int, amount: str, period: str = "2026-03") -> dict[str, Any]:
    return {"asset_id": asset, "period": period, "amount": Decimal(amount), "charged_on": date(2026, 3, 31)}


def test_collected_rows_of_a_group_make_one_voucher_when_the_group_is_released(paper: Paper) -> None:
    paper.post(*(paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in (1, 2, 3)))
    paper.post(*(paper.insert("deprec", **deprec(n, "1200.00")) for n in (1, 2, 3)))
    paper.post(paper.insert("deprec", **deprec(1, "1.00", "2026-04")))
    assert paper.gather() == []
    released = only(paper.post(paper.insert("run", period="2026-03", status="approved")))
    assert released.release == ("depreciation", "2026-03")
    posting = only(paper.gather())
    assert posting.key == "depreciation/2026-03|SC/1"
    assert {c.asset_code: c.fields for c in posting.cards} == {
        f"FA-{n}": {"accumulated_depreciation": Decimal("1200.00")} for n in (1, 2, 3)
    }
    assert posting.voucher is not None
    assert [(e.account, e.debit, e.credit) for e in posting.voucher.entries] == [
        ("5101", Decimal("3600.00"), 0),
        ("1602", 0, Decimal("3600.00")),
    ]


def test_a_row_that_comes_after_its_group_makes_a_supplementary_voucher(paper: Paper) -> None:
    paper.post(*(paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in (1, 2)))
    paper.post(paper.insert("deprec", **deprec(1, "5.00")), paper.insert("run", period="2026-03", status="approved"))
    paper.gather()
    paper.post(paper.insert("deprec", **deprec(2, "6.00")))
    assert only(paper.gather()).key == "depreciation/2026-03|SC/2"


def test_two_rows_of_one_asset_in_a_group_add_up_on_its_card(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    rule = paper.mapping.file.rules["depreciation"]
    assert rule.collect is not None
    first, second = paper.insert("deprec", **deprec(1, "5.00")), paper.insert("deprec", **deprec(1, "6.00"))
    paper.post(first)
    paper.book.loose.append((paper.book.loose[0][0]._replace(key="other", change=second), *paper.book.loose[0][1:]))
    paper.post(paper.insert("run", period="2026-03", status="approved"))
    assert only(paper.gather()).cards[0].fields == {"accumulated_depreciation": Decimal("11.00")}


def test_a_collected_row_that_cannot_be_posted_any_more_is_parked_alone(paper: Paper) -> None:
    paper.post(*(paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in (1, 2)))
    paper.post(*(paper.insert("deprec", **deprec(n, "7.00")) for n in (1, 2)))
    del paper.book.card_fields["FA-1"]
    paper.post(paper.insert("run", period="2026-03", status="approved"))
    posted, parked = paper.gather()
    assert [c.asset_code for c in posted.postings[0].cards] == ["FA-2"]
    assert parked.rejection is not None
    assert (parked.rejection.subject, parked.rejection.code) == ("FA-1", "no_card")


def test_when_nothing_of_a_group_can_be_posted_one_row_speaks_for_all(paper: Paper) -> None:
    paper.post(*(paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in (1, 2)))
    paper.post(*(paper.insert("deprec", **deprec(n, "7.00")) for n in (1, 2)))
    paper.book.closed = {p.code for p in paper.book.periods()}
    paper.post(paper.insert("run", period="2026-03", status="approved"))
    assert rejection(paper.gather()).code == "no_open_period"


def test_a_row_that_could_not_be_posted_is_not_collected(paper: Paper) -> None:
    paper.given("asset", **MACHINE)
    assert rejection(paper.post(paper.insert("deprec", **deprec(1, "7.00")))).code == "no_card"
    assert paper.book.loose == []


# Batches


def test_the_size_of_a_batch_changes_nothing() -> None:
    results = []
    for size in (1, 3, 1000):
        paper = example()
        changes = [paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in range(1, 6)]
        paid = {"asset_id": 2, "amount": Decimal("5.00"), "approved_on": date(2026, 2, 9)}
        changes += [paper.insert("upgrade", **paid | {"id": n}) for n in range(4)]
        changes += [paper.insert("dept", id=3, code="XS", kind="sales")]
        changes += [paper.update("asset", MACHINE, department_id=3), paper.insert("asset", **MACHINE | {"id": 9})]
        changes += [paper.insert("asset", **MACHINE | {"id": 8, "asset_code": "FA-8", "original_value": None})]
        for batch in batches(changes, size):
            paper.post(*batch)
        results.append((paper.keys, paper.book.card_fields, paper.book.held(), paper.book.images))
    assert results[0] == results[1] == results[2]


def test_a_batch_looks_each_kind_of_thing_up_once(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("mirror", "posted", "cards", "standing"):
        real = getattr(paper.book, name)
        monkeypatch.setattr(paper.book, name, lambda *a, n=name, r=real: asked.append(n) or r(*a))
    paid = {"asset_id": 1, "amount": Decimal("5.00"), "approved_on": date(2026, 2, 9)}
    paper.given("asset", **MACHINE)
    paper.book.card_fields["FA-1"] = {"original_value": Decimal(1), "dept": "SC"}
    paper.post(
        *(paper.insert("upgrade", **paid | {"id": n}) for n in range(50)),
        *(paper.insert("deprec", **deprec(1, "1.00", f"2026-{n:02}")) for n in range(1, 13)),
    )
    assert sorted(asked) == ["cards", "mirror", "mirror", "posted"]


def test_a_row_that_moves_to_another_key_leaves_its_old_image(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    paper.post(paper.update("asset", MACHINE, id=77))
    assert list(paper.book.images["asset"]) == ["77"]
