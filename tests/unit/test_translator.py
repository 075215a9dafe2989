"""What the rules make of changes: each test is named after the invariant or the promise it holds."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.change import UNCHANGED, ChangeSet, Malformed
from syncd.dialects.mysql import WIDE_LETTERS
from syncd.files import shipped
from syncd.language import say
from syncd.mapping.language.load import load
from syncd.posting import Outcome
from tests.unit.paper import MACHINE, Paper, example, only, rejection, unchanged, variant


@pytest.fixture
def paper() -> Paper:
    return example()


def test_a_registration_makes_a_card_and_a_balanced_voucher(paper: Paper) -> None:
    posting = only(paper.post(paper.insert("asset", **MACHINE)))
    (card,) = posting.cards
    assert (card.asset_code, card.verb) == ("FA-1", "open")
    assert card.fields == {
        "name": "机床",
        "dept": "SC",
        "original_value": Decimal("120000.00"),
        "accumulated_depreciation": Decimal("0.00"),
    }
    voucher = posting.voucher
    assert voucher is not None
    assert voucher[:5] == ("记", "2026-02", date(2026, 2, 5), date(2026, 2, 5), "固定资产增加 机床")
    debit, credit = voucher.entries
    assert (debit.account, debit.debit, debit.credit) == ("1601", Decimal("120000.00"), 0)
    assert debit.dims == {"dept": "SC", "asset": "FA-1"}
    assert (credit.account, credit.debit, credit.credit) == ("1002", 0, Decimal("120000.00"))
    assert posting.rows[0].values == {"asset_code": "FA-1", "counted": False}


def test_a_change_no_rule_applies_to_is_ignored_by_name(paper: Paper) -> None:
    (outcome,) = paper.post(paper.insert("asset", **MACHINE | {"status": "draft"}))
    assert outcome == Outcome(outcome.change, "FA-1", ignored="asset: registration, cancelled, transfer")
    (outcome,) = paper.post(paper.insert("dept", id=3, code="XS", kind="sales"))
    assert outcome.ignored == "dept: reference"


def test_rules_that_are_too_many_to_be_named_are_counted() -> None:
    """On MySQL the reason is part of a key, and a change more that is ignored must not stop the pipeline."""
    mapping = load(shipped("mappings", "demo.yaml"))
    named = [rule.name for rule in mapping.program.plan.rules["asset"] if not rule.of]
    said, more = mapping.program.ignored["asset"].split(" … +")
    assert len(said) < WIDE_LETTERS < len("asset: " + ", ".join(named))
    assert said.count(",") + 1 + int(more) == len(named)


# Nothing twice


def test_nothing_twice_the_business_key_survives_a_second_snapshot_and_a_second_reading(paper: Paper) -> None:
    first = paper.insert("asset", **MACHINE)
    paper.post(first)
    for again in (first, paper.read("asset", **MACHINE), paper.insert("asset", **MACHINE)):
        (outcome,) = paper.post(again)
        assert outcome == Outcome(again, "FA-1")
    assert paper.keys == ["registration/FA-1"]


def test_nothing_twice_within_one_batch(paper: Paper) -> None:
    changes = [paper.insert("asset", **MACHINE), paper.read("asset", **MACHINE)]
    assert [len(o.postings) for o in paper.post(*changes)] == [1, 0]


def test_nothing_twice_without_a_business_key_the_position_is_the_key(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    move = paper.update("asset", MACHINE, department_id=2)
    assert only(paper.post(move)).key == f"transfer/{move.position}/"
    assert paper.post(move)[0] == Outcome(move, "FA-1")


def test_a_parked_change_that_is_said_again_makes_nothing(paper: Paper) -> None:
    """As a connector that was restarted says it: nothing is parked twice, and the mirror is not set back."""
    bad, mended = paper.insert("asset", **MACHINE | {"original_value": Decimal(-1)}), MACHINE | {"name": "机床 2"}
    rejection(paper.post(bad))
    later = paper.update("asset", MACHINE, **mended)
    paper.post(later)
    again = ChangeSet((bad, later), later.position, repeats=True)
    outcomes = paper.book.write(paper.translator.translate([again], paper.book))
    assert list(outcomes) == [Outcome(bad, ""), Outcome(later, "")]
    assert len(paper.book.notes) == 2
    assert paper.book.mirror("asset", ["1"])["1"] == later.after


def test_a_reversed_posting_may_be_made_again_under_its_next_key(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    paper.post(paper.delete("asset", **MACHINE))
    assert only(paper.post(paper.insert("asset", **MACHINE))).key == "registration/FA-1~2"
    paper.post(paper.delete("asset", **MACHINE))
    assert only(paper.post(paper.insert("asset", **MACHINE))).key == "registration/FA-1~3"


# Snapshot rows


def test_a_snapshot_row_writes_the_card_and_no_voucher(paper: Paper) -> None:
    big = MACHINE | {"original_value": Decimal("6000000.00")}
    posting = only(paper.post(paper.read("asset", **big)))
    assert posting.voucher is None
    assert posting.cards[0].fields["original_value"] == Decimal("6000000.00")
    assert posting.rows == ()


def test_a_snapshot_row_of_a_collecting_rule_changes_the_card_at_once(paper: Paper) -> None:
    paper.post(paper.read("asset", **MACHINE))
    row = {"asset_id": 1, "period": "2026-01", "amount": Decimal("10.00"), "charged_on": date(2026, 1, 31)}
    posting = only(paper.post(paper.read("deprec", **row)))
    assert (posting.collected, posting.voucher) == (None, None)
    assert posting.cards[0].fields == {"accumulated_depreciation": Decimal("10.00")}


def test_a_rule_says_what_it_does_with_snapshot_rows(tmp_path: Path) -> None:
    def rule(snapshot: str) -> dict[str, Any]:
        amount = {"debit": "after.original_value"}, {"credit": "after.original_value"}
        return {
            "on": "asset",
            "snapshot": snapshot,
            "card": {"asset_code": "after.asset_code", "original_value": "after.original_value"},
            "voucher": {
                "type": "'记'",
                "date": "after.approved_on",
                "summary": "'期初'",
                "entries": [{"account": "'1601'", **amount[0]}, {"account": "'1002'", **amount[1]}],
            },
        }

    skips = Paper(variant(tmp_path, rules={"opening": rule("skip")}))
    assert skips.post(skips.read("asset", **MACHINE))[0].ignored == "asset: opening"
    posts = Paper(variant(tmp_path, rules={"opening": rule("post")}))
    posting = only(posts.post(posts.read("asset", **MACHINE)))
    assert posting.key == "opening/read/1"
    assert posting.voucher is not None


# Nothing invented


def test_nothing_invented_a_column_the_log_left_out_is_taken_from_the_mirror(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE | {"status": "draft"}))
    after = paper.row("asset", **MACHINE)
    toasted = (*after[:2], UNCHANGED, *after[3:])
    posting = only(paper.post(paper.change("update", "asset", None, toasted)))
    assert posting.cards[0].fields["name"] == "机床"
    assert posting.change.before == paper.row("asset", **MACHINE | {"status": "draft"})


def test_nothing_invented_an_earlier_change_of_the_same_batch_counts_as_known(paper: Paper) -> None:
    after = paper.row("asset", **MACHINE)
    changes = [
        paper.insert("asset", **MACHINE | {"status": "draft"}),
        paper.change("update", "asset", None, (*after[:2], UNCHANGED, *after[3:])),
        paper.change("delete", "asset", unchanged(after, [0]), None),
    ]
    outcomes = paper.post(*changes)
    assert [[p.rule for p in o.postings] for o in outcomes] == [[], ["registration"], ["cancelled"]]


def test_nothing_invented_what_nobody_knows_parks_the_rules_that_use_it(paper: Paper) -> None:
    after = paper.row("asset", **MACHINE)
    said = rejection(paper.post(paper.change("update", "asset", None, after)))
    assert (said.code, said.params["column"]) == ("never_carried", "status")


def test_a_malformed_value_parks_only_the_rules_that_use_it(paper: Paper) -> None:
    typed = MACHINE | {"original_value": Malformed("15万", "malformed_number")}
    assert paper.post(paper.insert("asset", **typed | {"status": "draft"}))[0].ignored
    said = rejection(paper.post(paper.insert("asset", **typed | {"id": 2, "asset_code": "FA-2"})))
    assert (said.code, said.status, said.rule) == ("malformed", "failed", "registration")
    assert say(said.code, said.params, "zh") == "asset.original_value 的内容“15万”有误：不是数字"
    assert say(said.code, said.params, "en") == "asset.original_value holds “15万”: it is not a number"


def test_a_malformed_key_is_not_looked_for(paper: Paper) -> None:
    row = MACHINE | {"department_id": Malformed("一", "malformed_integer")}
    said = rejection(paper.post(paper.insert("asset", **row)))
    assert (said.code, said.params["column"], said.waits_for) == ("malformed", "department_id", "")


def test_a_malformed_subject_is_held_by_the_row_itself(paper: Paper) -> None:
    row = MACHINE | {"asset_code": Malformed("\\xff", "malformed_utf8")}
    assert rejection(paper.post(paper.insert("asset", **row))).subject == "asset:1"


def test_a_malformed_joined_value_parks_the_rules_that_use_it(paper: Paper) -> None:
    paper.given("dept", id=9, code=Malformed("\\xff", "malformed_utf8"), kind="production")
    said = rejection(paper.post(paper.insert("asset", **MACHINE | {"department_id": 9})))
    assert (said.code, said.params["table"], said.params["column"]) == ("malformed", "dept", "code")


# References


def test_a_row_waits_for_its_reference_and_is_tried_again_when_it_arrives(paper: Paper) -> None:
    said = rejection(paper.post(paper.insert("asset", **MACHINE | {"department_id": 7})))
    assert (said.code, said.waits_for) == ("reference_missing", "dept:7")
    assert paper.replay() == []
    paper.post(paper.insert("dept", id=7, code="XS", kind="sales"))
    assert only(paper.replay()).cards[0].fields["dept"] == "XS"


def test_a_key_with_null_in_it_joins_nothing(tmp_path: Path) -> None:
    rule = {
        "on": "asset",
        "join": {"dept": "after.department_id"},
        "card": {"asset_code": "after.asset_code", "dept": "dept.code"},
    }
    paper = Paper(variant(tmp_path, rules={"seen": rule}))
    assert only(paper.post(paper.insert("asset", **MACHINE | {"department_id": None}))).cards[0].fields == {
        "dept": None
    }


def test_a_key_is_found_whichever_kind_its_other_side_has(tmp_path: Path) -> None:
    rule = {
        "on": "asset",
        "join": {"dept": "lpad(CAST(after.department_id AS text), 3, '0')"},
        "card": {"asset_code": "after.asset_code", "dept": "dept.code"},
    }
    paper = Paper(variant(tmp_path, rules={"seen": rule}))
    paper.given("dept", id=1, code="SC", kind="production")
    assert only(paper.post(paper.insert("asset", **MACHINE))).cards[0].fields == {"dept": "SC"}


def test_an_optional_join_reads_null_until_the_row_arrives(tmp_path: Path) -> None:
    rule = {
        "on": "asset",
        "join": {"dept": {"key": "after.department_id", "optional": True}},
        "card": {"asset_code": "after.asset_code", "dept": "dept.code"},
    }
    paper = Paper(variant(tmp_path, rules={"seen": rule}))
    assert only(paper.post(paper.insert("asset", **MACHINE))).cards[0].fields == {"dept": None}


def test_a_reference_changed_in_a_batch_is_seen_by_what_follows_and_not_by_what_comes_before(paper: Paper) -> None:
    changes = [
        paper.insert("asset", **MACHINE),
        paper.update("dept", {"id": 1, "code": "SC", "kind": "production"}, code="SC2"),
        paper.insert("asset", **MACHINE | {"id": 2, "asset_code": "FA-2"}),
    ]
    first, _, third = paper.post(*changes)
    assert first.postings[0].cards[0].fields["dept"] == "SC"
    assert third.postings[0].cards[0].fields["dept"] == "SC2"


def test_a_batch_that_was_rolled_back_leaves_no_reference_behind(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE))
    renamed = paper.update("dept", {"id": 1, "code": "SC", "kind": "production"}, code="SC2")
    added = paper.insert("dept", id=5, code="CK", kind="production")
    paper.translator.translate([ChangeSet([renamed, added], renamed.position)], paper.book)  # and never written
    second = paper.insert("asset", **MACHINE | {"id": 2, "asset_code": "FA-2"})
    third = paper.insert("asset", **MACHINE | {"id": 3, "asset_code": "FA-3", "department_id": 5})
    kept, waits = paper.post(second, third)
    assert kept.postings[0].cards[0].fields["dept"] == "SC"
    assert waits.rejection is not None
    assert waits.rejection.waits_for == "dept:5"


# Order per subject


def test_order_per_subject_what_follows_a_parked_change_waits_behind_it_across_tables(paper: Paper) -> None:
    bad = paper.insert("asset", **MACHINE | {"original_value": Decimal("-1.00")})
    paid = {"id": 9, "asset_id": 1, "amount": Decimal("5.00"), "approved_on": date(2026, 2, 9)}
    outcomes = paper.post(
        bad, paper.insert("upgrade", **paid), paper.insert("asset", **MACHINE | {"id": 2, "asset_code": "FA-2"})
    )
    assert [o.rejection and o.rejection.status for o in outcomes] == ["failed", "behind", None]
    assert [o.subject for o in outcomes] == ["FA-1", "FA-1", "FA-2"]
    later = rejection(paper.post(paper.update("asset", MACHINE, department_id=2)))
    assert (later.status, say(later.code, later.params, "zh")) == ("behind", "FA-1 有更早的变更尚未入账，本条排在其后")


def test_order_per_subject_a_renamed_asset_waits_behind_its_old_name(paper: Paper) -> None:
    paper.post(paper.insert("asset", **MACHINE | {"original_value": Decimal(0)}))
    assert rejection(paper.post(paper.update("asset", MACHINE, asset_code="FA-9"))).subject == "FA-1"


def test_all_rules_of_a_change_post_together_or_not_at_all(tmp_path: Path) -> None:
    rules = {
        "opens": {"on": "asset", "card": {"asset_code": "after.asset_code", "name": "after.name"}},
        "refuses": {
            "on": "asset",
            "require": [{"check": "card.name <> '机床'", "says": {"zh": "不收机床", "en": "no machine tools"}}],
        },
    }
    paper = Paper(variant(tmp_path, rules=rules))
    said = rejection(paper.post(paper.insert("asset", **MACHINE)))
    assert (said.rule, say(said.code, said.params, "zh")) == ("refuses", "不收机床")
    (ok,) = paper.post(paper.insert("asset", **MACHINE | {"id": 2, "asset_code": "FA-2", "name": "磨床"}))
    assert [p.rule for p in ok.postings] == ["opens", "refuses"]
    assert paper.book.card_fields == {"FA-2": {"name": "磨床"}}


def test_a_rejected_change_leaves_the_card_as_it_was(tmp_path: Path) -> None:
    rules = {
        "adds": {
            "on": "asset",
            "change": {"asset_code": "'ALL'", "original_value": "card.original_value + after.original_value"},
        },
        "refuses": {"on": "asset", "require": [{"check": "after.id <> 1", "says": "不收一号"}]},
    }
    paper = Paper(variant(tmp_path, kinds={"original_value": "money"}, rules=rules))
    paper.book.card_fields["ALL"] = {"original_value": Decimal("1.00")}
    paper.post(paper.insert("asset", **MACHINE), paper.insert("asset", **MACHINE | {"id": 2, "asset_code": "FA-2"}))
    assert paper.book.card_fields["ALL"] == {"original_value": Decimal("120001.00")}


def test_a_code_longer_than_any_ledger_holds_is_parked_and_stops_nobody(paper: Paper) -> None:
    """No hostage."""
    said = rejection(paper.post(paper.insert("asset", **MACHINE | {"asset_code": "FA-" + "1" * 500})))
    assert (said.code, said.subject) == ("subject_long", "asset:1")


def test_a_change_whose_subject_cannot_be_told_is_not_posted(tmp_path: Path) -> None:
    rules = {"notes": {"on": "upgrade", "write": [{"table": "fin.note", "values": {"id": "after.id"}}]}}
    paper = Paper(variant(tmp_path, rules=rules))
    said = rejection(paper.post(paper.insert("upgrade", id=9, asset_id=1)))
    assert (said.code, said.subject, said.waits_for) == ("reference_missing", "upgrade:9", "asset:1")
    paper.post(paper.insert("asset", **MACHINE))
    assert only(paper.replay()).subject == "FA-1"


def test_truncate_parks_the_table_and_later_changes_go_on(paper: Paper) -> None:
    gone = paper.change("truncate", "asset")
    parked, posted = paper.post(gone, paper.insert("asset", **MACHINE))
    assert parked.rejection is not None
    assert (parked.rejection.subject, parked.rejection.code) == ("asset:*", "truncate")
    assert len(posted.postings) == 1


# Clerks


@pytest.mark.parametrize("value", [Decimal("0.00"), Decimal("-150000.00"), None])
def test_a_check_that_is_false_or_null_parks_the_row_in_the_mapping_s_own_words(paper: Paper, value: Any) -> None:
    said = rejection(paper.post(paper.insert("asset", **MACHINE | {"original_value": value})))
    assert say(said.code, said.params, "zh") == "原值必须大于零"
    assert say(said.code, said.params, "en") == "the original value must be above zero"


def test_a_corrected_row_heals_itself(paper: Paper) -> None:
    wrong = MACHINE | {"original_value": Decimal("-1.00")}
    paper.post(paper.insert("asset", **wrong))
    paper.post(paper.update("asset", wrong, original_value=Decimal("0.00")))
    assert rejection(paper.replay()[:1]).code == "require"
    paper.post(paper.update("asset", wrong | {"original_value": Decimal("0.00")}, original_value=Decimal("7.00")))
    healed, *folded = paper.replay()
    assert healed.postings[0].cards[0].fields["original_value"] == Decimal("7.00")
    assert [o.ignored for o in folded] == ["folded", "folded"]
    assert paper.book.held() == set()


def test_a_wrong_row_that_is_deleted_again_leaves_nothing(paper: Paper) -> None:
    wrong = MACHINE | {"original_value": Decimal("-1.00")}
    paper.post(paper.insert("asset", **wrong), paper.delete("asset", **wrong))
    assert [o.ignored for o in paper.replay()] == ["folded", "folded"]
    assert (paper.keys, paper.book.held()) == ([], set())


def test_followers_are_released_in_order_once_the_head_is_posted(paper: Paper) -> None:
    paid = {"id": 9, "asset_id": 1, "amount": Decimal("5.00"), "approved_on": date(2026, 2, 9)}
    paper.post(paper.insert("asset", **MACHINE | {"department_id": 7}), paper.insert("upgrade", **paid))
    paper.post(paper.insert("dept", id=7, code="XS", kind="sales"))
    assert [o.postings[0].rule for o in paper.replay()] == ["registration", "upgrade"]
    assert paper.book.card_fields["FA-1"]["original_value"] == Decimal("120005.00")


def test_followers_stay_behind_a_head_that_fails_again(paper: Paper) -> None:
    paid = {"id": 9, "asset_id": 1, "amount": Decimal("5.00"), "approved_on": date(2026, 2, 9)}
    paper.post(paper.insert("asset", **MACHINE | {"department_id": 7}), paper.insert("upgrade", **paid))
    assert rejection(paper.retry("FA-1")).code == "reference_missing"
    assert [n.rejection.status for n in paper.book.notes] == ["failed", "behind"]


@pytest.mark.parametrize(("value", "waits"), [("5000000.00", False), ("5000000.01", True)])
def test_five_million_passes_and_a_cent_more_waits_for_approval(paper: Paper, value: str, waits: bool) -> None:
    (outcome,) = paper.post(paper.insert("asset", **MACHINE | {"original_value": Decimal(value)}))
    assert (outcome.rejection is not None) == waits
    if waits:
        assert outcome.rejection is not None
        assert (outcome.rejection.status, outcome.rejection.params) == ("approval", {"role": "finance"})
        assert only(paper.retry("FA-1", approve="registration")).key == "registration/FA-1"


def test_an_approval_is_not_for_what_the_row_became_afterwards(paper: Paper) -> None:
    big = MACHINE | {"original_value": Decimal("6000000.00"), "department_id": 7}
    paper.post(paper.insert("asset", **big))
    paper.post(paper.update("asset", big, department_id=1, original_value=Decimal("9000000.00")))
    assert paper.retry("FA-1", approve="registration")[0].rejection is not None


@pytest.mark.parametrize(("changes_max", "done"), [(1, 1), (2, 2), (4, 4), (100, 5)])
def test_a_batch_ends_within_its_bound_also_amid_a_set(paper: Paper, changes_max: int, done: int) -> None:
    """A set of many small transactions is no batch of its own."""
    changes = [paper.insert("asset", **MACHINE | {"id": n, "asset_code": f"FA-{n}"}) for n in range(1, 6)]
    places = tuple(change.position for change in changes)
    several = ChangeSet(changes, places[-1], cuts=(1, 2, 3, 4, 5), places=places)
    batch = paper.mapping.translator(changes_max=changes_max).translate([several], paper.book)
    assert len(batch.outcomes) == done
    assert batch.position == places[done - 1]
    assert sum(len(s.changes) for s in batch.rest) == 5 - done
