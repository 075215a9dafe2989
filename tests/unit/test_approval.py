"""Who has to agree before something is posted: several steps, four eyes, what a person has edited, deadlines,
rejections that are reopened, many rows at once, and what was posted without anybody."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from connectors.convert import typed
from syncd.change import Column, Malformed, Value
from syncd.daemon import pipeline
from syncd.desk import automatic, status
from syncd.desk.access import people
from syncd.desk.audit.verify import verify
from syncd.desk.parked import approvals, approving, operators, previews
from syncd.desk.parked.operators import Actor, ParkedRow, Selection
from syncd.errors import Fault, Halt, MappingErrors, Transient, WrongUsage
from syncd.language import say
from syncd.record import timestamp
from tests.advice import advice
from tests.unit.lab import CLERK, NAME, Lab, loaded

D = Decimal
MAPPING = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, name: text, value: money, status: text, on_: date}
rules:
  registration:
    on: asset
    when: after.status = 'in_use' AND before.status IS DISTINCT FROM 'in_use'
    once: after.code
    require:
      - {check: after.value > 0, says: positive}
      - {check: "after.name <> 'x'", says: a name}
    approve:
      - {when: after.value > 5000, role: finance, within: 2 days, then: director}
      - {when: after.value > 50000, role: controller}
    card: {asset_code: after.code, name: after.name, original_value: after.value, status: "'in_use'"}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'added ' || after.code"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]
  renamed:
    on: asset
    when: after.status = 'in_use' AND before.status = 'in_use' AND after.name <> before.name
    change: {asset_code: after.code, name: after.name}
"""
ONE_STEP = MAPPING.replace(
    """    approve:
      - {when: after.value > 5000, role: finance, within: 2 days, then: director}
      - {when: after.value > 50000, role: controller}
""",
    "    approve: {when: after.value > 5000, role: finance}\n",
)
LI, WANG, ZHAO = Actor("li", "seen"), Actor("wang", "seen"), Actor("zhao", "seen")


def asset(value: object = "100.00", id: int = 1, status: str = "in_use", name: str = "a") -> Mapping[str, Value]:
    amount = D(value) if isinstance(value, str) else value
    return {"id": id, "code": f"A{id}", "name": name, "value": amount, "status": status, "on_": date(2026, 2, 3)}  # type: ignore[dict-item]


def bought(*values: object, mapping: str = MAPPING) -> Lab:
    """Assets A1, A2, … in use."""
    lab = Lab(mapping)
    for number, value in enumerate(values, 1):
        lab.commit(lab.insert("asset", **asset(value, number)))
    lab.rest()
    return lab


def row(lab: Lab, id: int = 1) -> ParkedRow:
    return operators.show(lab.ledger, NAME, id)


def read(column: Column, text: str) -> Value:
    return typed(column, text, UTC)


def edit(lab: Lab, by: Actor, id: int = 1, **values: str) -> None:
    operators.edit(lab.ledger, NAME, id, values, lab.mapping.tables, read, by)
    lab.rest()


def approve(lab: Lab, by: Actor, role: str = "finance", id: int = 1) -> None:
    operators.approve(lab.ledger, NAME, id, by, role)
    lab.rest()


def reject(lab: Lab, by: Actor, role: str = "finance", id: int = 1) -> None:
    operators.reject(lab.ledger, NAME, id, by, role)
    lab.rest()


def reopen(lab: Lab, by: Actor, role: str = "finance", id: int = 1) -> None:
    operators.reopen(lab.ledger, NAME, id, lab.mapping.tables, by, role)
    lab.rest()


def refused(lab: Lab, by: Actor, role: str = "finance", id: int = 1) -> str:
    """Why an approval is refused, which leaves everything as it is."""
    before = lab.ask("SELECT count(*) FROM syncd_action"), row(lab, id)
    with pytest.raises(Halt) as error:
        operators.approve(lab.ledger, NAME, id, by, role)
    assert (lab.ask("SELECT count(*) FROM syncd_action"), row(lab, id)) == before
    return error.value.code


def is_whole(lab: Lab) -> bool:
    return verify(lab.ledger, NAME, lab.mapping.layout).flaws == []


# Steps


@pytest.mark.parametrize(("value", "asked"), [("5000.00", ""), ("5000.01", "finance"), ("50000.00", "finance")])
def test_above_means_strictly_more(value: str, asked: str) -> None:
    lab = bought(value)
    assert [r.params["role"] for r in operators.parked(lab.ledger, NAME, Selection())] == ([asked] if asked else [])
    assert bool(lab.cards) is not bool(asked)


def test_every_step_that_applies_is_needed_in_the_order_given() -> None:
    """What is needed, and what comes next, stands in the row; each step says who, when, in which role and why."""
    lab = bought("60000.00")
    assert (row(lab).params["role"], row(lab).params["more"]) == ("finance", "controller")
    assert refused(lab, ZHAO, "controller") == "parked_other_role"
    approve(lab, LI)
    assert lab.cards == []
    assert (row(lab).state, row(lab).params["role"], row(lab).params.get("more")) == ("approval", "controller", None)
    approve(lab, ZHAO, "controller")
    assert [card[2] for card in lab.cards] == ["60000.00"]
    done = approvals.deeds(lab.ledger, NAME, [1])[1]
    assert [(d.actor, d.role, d.reason) for d in done] == [("li", "finance", "seen"), ("zhao", "controller", "seen")]
    assert is_whole(lab)


def test_of_two_steps_only_those_that_apply_are_needed() -> None:
    lab = bought("6000.00")
    approve(lab, LI)
    assert lab.cards


def test_two_people_of_one_role_are_two_steps() -> None:
    """A list may ask the same role twice: by the four eyes rule that is two people."""
    lab = bought("60000.00", mapping=MAPPING.replace("role: controller", "role: finance"))
    approve(lab, LI)
    assert refused(lab, LI) == "parked_four_eyes"
    approve(lab, WANG)
    assert lab.cards


def test_a_rule_that_asks_once_keeps_its_approvals_as_they_were_kept() -> None:
    """Invariant 16: what was approved under an earlier version is the rule's name alone."""
    lab = bought("6000.00", mapping=ONE_STEP)
    assert row(lab).params == {"role": "finance"}
    operators.approve(lab.ledger, NAME, 1, LI, "finance")
    assert row(lab).approved == {"registration"}


def test_what_one_approval_was_is_none_of_the_steps_that_there_are_now() -> None:
    """A mapping accepted since asks for more: what was agreed to then does not count for it."""
    lab = bought("60000.00", mapping=ONE_STEP)
    operators.approve(lab.ledger, NAME, 1, LI, "finance")
    lab.mapping = loaded(MAPPING)
    lab.translator = lab.mapping.translator(NAME)
    lab.rest()
    assert (row(lab).state, row(lab).params["role"]) == ("approval", "finance")


@advice("approve_within", "approve_then")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [("within: soon, then: director", "approve_within"), ("then: director", "approve_then")],
)
def test_a_deadline_that_is_none_is_refused_with_its_line(wrong: str, code: str) -> None:
    with pytest.raises(MappingErrors) as error:
        loaded(MAPPING.replace("within: 2 days, then: director", wrong))
    assert [fault.code for fault in error.value.errors] == [code]
    assert loaded(MAPPING.replace("within: 2 days, then: director", "within: 3 days"))
    assert loaded(MAPPING.replace(", within: 2 days, then: director", ""))


# Four eyes


@advice("parked_four_eyes")
def test_who_has_edited_a_row_may_not_approve_it_and_somebody_else_may() -> None:
    """A clerk's edit walked an asset past finance."""
    lab = bought("6000.00")
    edit(lab, CLERK, value="6001.00")
    assert refused(lab, CLERK) == refused(lab, CLERK._replace(name=" Clerk ")) == "parked_four_eyes"
    approve(lab, LI)
    assert [card[2] for card in lab.cards] == ["6001.00"]
    assert is_whole(lab)


def test_who_has_given_a_step_may_not_give_the_next() -> None:
    lab = bought("60000.00")
    approve(lab, LI)
    assert refused(lab, LI, "controller") == "parked_four_eyes"
    assert not lab.cards


@advice("parked_in_hand")
def test_nobody_approves_what_is_just_being_tried_again() -> None:
    """The clerk edits, and an approver who has seen the row before decides a moment later: about what?"""
    lab = bought("6000.00")
    operators.edit(lab.ledger, NAME, 1, {"value": "60000.00"}, lab.mapping.tables, read, CLERK)
    assert refused(lab, LI) == "parked_in_hand"
    lab.rest()
    assert row(lab).params["more"] == "controller"
    approve(lab, LI)
    approve(lab, ZHAO, "controller")
    assert lab.cards


# What a person has edited


@pytest.mark.parametrize("how", ["held", "failed", "behind"])
def test_an_edit_below_the_limit_asks_whoever_the_original_asks(how: str) -> None:
    """Whether it was held, could not be posted, or waited behind another: an edited row needs no fewer approvals than
    its original."""
    lab = Lab(MAPPING)
    if how == "behind":
        lab.commit(lab.insert("asset", **asset("0.00", 2)))
        lab.commit(lab.insert("asset", **{**asset("60000.00", 1), "code": "A2"}))
    else:
        lab.commit(lab.insert("asset", **asset("60000.00", name="x" if how == "failed" else "a")))
    lab.rest()
    at = 2 if how == "behind" else 1
    assert row(lab, at).state == {"held": "approval"}.get(how, how)
    edit(lab, CLERK, at, value="4999.00", name="b")
    if how == "behind":
        operators.discard(lab.ledger, NAME, Selection(ids=(1,)), CLERK)
        lab.rest()
    assert (row(lab, at).state, row(lab, at).params["role"], row(lab, at).params["more"]) == (
        *("approval", "finance"),
        "controller",
    )
    approve(lab, LI, id=at)
    assert lab.cards == []
    approve(lab, ZHAO, "controller", at)
    assert [card[2] for card in lab.cards] == ["4999.00"]
    assert is_whole(lab)


def test_an_edit_above_the_limit_asks_too_and_earlier_approvals_lapse() -> None:
    lab = bought("60000.00")
    approve(lab, LI)
    edit(lab, CLERK, value="60001.00")
    assert (row(lab).approved, row(lab).params["role"]) == (frozenset(), "finance")
    approve(lab, LI)
    approve(lab, ZHAO, "controller")
    assert lab.cards


def test_a_row_that_is_edited_until_no_rule_wants_it_still_waits() -> None:
    """It would be given up past the role that it waits for."""
    lab = bought("6000.00")
    edit(lab, CLERK, status="draft")
    assert (row(lab).state, row(lab).settled_at) == ("approval", None)
    reject(lab, LI)
    assert row(lab).state == "discarded"


def test_a_held_row_that_is_edited_until_it_fails_is_given_up_by_its_role_alone() -> None:
    lab = bought("6000.00")
    edit(lab, CLERK, value="-1.00")
    assert row(lab).state == "failed"
    with pytest.raises(Halt) as error:
        operators.discard(lab.ledger, NAME, Selection(ids=(1,)), CLERK)
    assert (error.value.code, error.value.params["role"]) == ("parked_awaits_role", "finance")
    reject(lab, LI)
    assert row(lab).state == "discarded"
    assert is_whole(lab)


def test_what_the_eam_never_said_is_agreed_to_by_somebody_else() -> None:
    """Nobody knows what an amount is that cannot be read: who types one does not decide alone."""
    lab = bought(Malformed("15万", "malformed_number"))
    assert row(lab).code == "malformed"
    edit(lab, CLERK, value="4000.00")
    assert row(lab).state == "approval"


def test_an_edit_of_a_small_row_is_posted_at_once() -> None:
    lab = bought("-1.00")
    edit(lab, CLERK, value="10.00")
    assert [card[2] for card in lab.cards] == ["10.00"]


def test_an_edit_that_comes_as_a_correction_of_another_row_asks_as_well() -> None:
    """Folding: the EAM has corrected a row that failed, above the limit; the clerk edits the correction below it."""
    lab = bought("-1.00")
    lab.commit(lab.update("asset", asset("-1.00"), value=D("60000.00")))
    lab.rest()
    assert [r.state for r in operators.parked(lab.ledger, NAME, Selection())] == ["approval", "behind"]
    approve(lab, LI)
    edit(lab, CLERK, 2, value="4000.00")
    assert (row(lab).params["role"], row(lab).params["more"]) == ("finance", "controller")
    assert refused(lab, CLERK) == "parked_four_eyes", "although it is another row that they have edited"
    approve(lab, LI)
    approve(lab, ZHAO, "controller")
    assert [card[2] for card in lab.cards] == ["4000.00"]


def test_a_correction_in_the_eam_is_judged_as_the_eam_says_it() -> None:
    """An edit holds until the EAM itself says what is right."""
    lab = bought("60000.00")
    edit(lab, CLERK, value="4000.00")
    lab.commit(lab.update("asset", asset("60000.00"), value=D("3000.00")))
    lab.rest()
    assert [card[2] for card in lab.cards] == ["3000.00"]


@advice("approval")
def test_a_correction_above_the_limit_is_asked_for_as_it_is_then() -> None:
    """Invariant 15: the hint of a row that fails is to correct it in the EAM. What is agreed to is the row as it is
    corrected, and nothing that comes later."""
    lab = bought("-1.00")
    lab.commit(lab.update("asset", asset("-1.00"), value=D("60000.00")))
    lab.rest()
    assert (row(lab).state, row(lab).params["role"], row(lab).params["corrections"]) == ("approval", "finance", "1")
    made = previews.made(lab.ledger, NAME, lab.translator, lab.mapping.tables, [row(lab)])
    assert made[1].debit == D("60000.00")
    approve(lab, LI)
    assert (row(lab).params["role"], lab.cards) == ("controller", [])
    lab.commit(lab.update("asset", asset("60000.00"), value=D("70000.00")))
    lab.rest()
    assert (row(lab).params["role"], row(lab).params["corrections"]) == ("finance", "2")
    approve(lab, LI)
    approve(lab, ZHAO, "controller")
    assert [card[2] for card in lab.cards] == ["70000.00"]
    assert (operators.parked(lab.ledger, NAME, Selection()), is_whole(lab)) == ([], True)


# Deadlines


def test_after_the_deadline_the_escalated_role_may_decide_and_nothing_happens_by_itself() -> None:
    lab = bought("6000.00")
    assert refused(lab, WANG, "director") == "parked_other_role"
    lab.ledger.execute([("UPDATE syncd.parked SET parked_at = ?", (ago(days=2, hours=1),))])
    lab.rest()
    held = row(lab)
    assert (held.state, approvals.is_overdue(held, datetime.now(UTC))) == ("approval", True)
    (waiting,) = status.held(lab.ledger, NAME, datetime.now(UTC))
    assert (waiting.role, waiting.rows, waiting.overdue) == ("finance", 1, 1)
    assert status.pipeline_status(lab.ledger, NAME, datetime.now(UTC)).held == [waiting]
    approve(lab, WANG, "director")
    (deed,) = approvals.deeds(lab.ledger, NAME, [1])[1]
    assert (deed.role, deed.instead_of, bool(lab.cards)) == ("director", "finance", True)


def ago(**since: int) -> str:
    return timestamp(datetime.now(UTC) - timedelta(**since))


# Rejected, and reopened


def test_a_rejection_is_reopened_in_its_place_and_asked_for_anew() -> None:
    lab = bought("60000.00")
    approve(lab, LI)
    reject(lab, ZHAO, "controller")
    assert (row(lab).state, lab.cards) == ("discarded", [])
    reopen(lab, ZHAO, "controller")
    assert (row(lab).state, row(lab).approved, row(lab).params["role"]) == ("approval", frozenset(), "finance")
    assert refused(lab, ZHAO) == "parked_four_eyes", "who wants it posted after all does not decide"
    approve(lab, LI)
    approve(lab, WANG, "controller")
    assert lab.cards
    assert is_whole(lab)


def test_what_waits_behind_a_reopened_row_waits_again() -> None:
    """Invariant 4: a follower that could not go on without it finds it before itself."""
    lab = bought("6000.00")
    lab.commit(lab.insert("asset", **{**asset("60000.00", 2), "code": "A1"}))
    reject(lab, LI)
    assert row(lab, 2).state == "approval"
    reopen(lab, WANG)
    assert lab.ledger.query("SELECT id FROM syncd.parked WHERE settled_at IS NULL AND state = 'approval'")[0] == (1,)
    approve(lab, LI)
    assert [card[2] for card in lab.cards] == ["6000.00"], "in the order of the EAM"


@advice("reopen_overtaken")
def test_a_rejection_that_others_have_overtaken_stays_and_is_entered_once_more() -> None:
    lab = bought("6000.00")
    reject(lab, LI)
    lab.commit(lab.insert("asset", **{**asset("70.00", 2), "code": "A1"}))
    lab.rest()
    with pytest.raises(Halt) as error:
        reopen(lab, WANG)
    assert error.value.code == "reopen_overtaken"
    assert row(lab).state == "discarded"


def test_what_is_overtaken_between_the_wish_and_its_turn_stays_rejected() -> None:
    """Invariant 4: the daemon is in the midst of a batch when somebody reopens the row."""
    lab = bought("6000.00")
    reject(lab, LI)
    operators.reopen(lab.ledger, NAME, 1, lab.mapping.tables, WANG, "finance")
    lab.commit(lab.insert("asset", **{**asset("70.00", 2), "code": "A1"}))
    pipeline.step(lab.feed, lab.translator, lab.ledger, lambda outcomes: None)
    lab.rest()
    assert (row(lab).state, row(lab).request) == ("discarded", "")
    assert ([card[2] for card in lab.cards], is_whole(lab)) == (["70.00"], True)


@advice("reopen_overtaken")
def test_a_rejection_whose_row_the_eam_has_changed_is_entered_once_more() -> None:
    """What it says now was judged when it came, without it. The hint: taken back and entered again, it is asked for."""
    lab = bought("6000.00")
    reject(lab, LI)
    lab.commit(lab.update("asset", asset("6000.00"), value=D("7000.00")))
    lab.rest()
    with pytest.raises(Halt) as error:
        reopen(lab, WANG)
    assert error.value.code == "reopen_overtaken"
    lab.commit(lab.update("asset", asset("7000.00"), status="draft"))
    lab.commit(lab.update("asset", asset("7000.00", status="draft"), status="in_use"))
    lab.rest()
    (held,) = operators.parked(lab.ledger, NAME, Selection())
    approve(lab, LI, id=held.id)
    assert [card[2] for card in lab.cards] == ["7000.00"]


@advice("reopen_not_rejected")
def test_only_what_was_rejected_is_reopened_by_its_role() -> None:
    lab = bought("-1.00", "6000.00")
    operators.discard(lab.ledger, NAME, Selection(ids=(1,)), CLERK)
    operators.reject(lab.ledger, NAME, 2, LI, "finance")
    for number in (1, 2):
        with pytest.raises(WrongUsage) as error:
            operators.reopen(lab.ledger, NAME, number, lab.mapping.tables, WANG, "finance")
        assert error.value.code == "reopen_not_rejected"
        told = say(error.value.code, error.value.params, "zh")
        assert not any(state in told for state in ("approval", "discarded", "row_"))
    lab.rest()
    with pytest.raises(Halt) as other:
        reopen(lab, WANG, "controller", 2)
    assert other.value.code == "parked_other_role"
    given_up = Selection(state="discarded", settled=True)
    assert [(r.id, d.actor) for r, d in operators.rejected(lab.ledger, NAME, given_up)] == [(2, "li")]
    assert [r.id for r in operators.parked(lab.ledger, NAME, Selection(settled=True)) if r.state == "discarded"] == [
        1,
        2,
    ]
    reopen(lab, WANG, id=2)
    assert row(lab, 2).state == "approval"


def test_a_rejection_is_not_undone_by_a_retry_or_an_edit() -> None:
    """Before the daemon has settled it."""
    lab = bought("6000.00")
    operators.reject(lab.ledger, NAME, 1, LI, "finance")
    assert operators.retry(lab.ledger, NAME, Selection(ids=(1,)), CLERK) == 0
    with pytest.raises(Halt):
        operators.edit(lab.ledger, NAME, 1, {"value": "10.00"}, lab.mapping.tables, read, CLERK)
    lab.rest()
    assert row(lab).state == "discarded"


# Seen before it is decided


def test_the_voucher_that_it_would_make_is_shown_and_nothing_is_kept_of_it() -> None:
    lab = bought("60000.00", "6000.00")
    rows = operators.parked(lab.ledger, NAME, Selection())
    made = previews.made(lab.ledger, NAME, lab.translator, lab.mapping.tables, rows)
    assert [made[number].debit for number in (1, 2)] == [D("60000.00"), D("6000.00")]
    assert [(e.account, e.debit, e.credit) for e in made[1].vouchers[0].entries] == [
        ("1601", D("60000.00"), 0),
        ("1002", 0, D("60000.00")),
    ]
    assert (lab.vouchers, [r.state for r in operators.parked(lab.ledger, NAME, Selection())]) == ([], ["approval"] * 2)


@advice("approve_overtaken")
def test_many_are_approved_as_they_were_seen_or_none() -> None:
    lab = bought("6000.00", "7000.00", "8000.00")
    edit(lab, LI, 3, value="8001.00")
    chosen = Selection(rule="registration")
    meant = approving.meant(lab.ledger, NAME, chosen, "finance", LI.name)
    assert ([r.id for r in meant.rows], [r.id for r in meant.barred]) == ([1, 2], [3]), "not what li has edited"
    with pytest.raises(Halt, match="parked_other_role"):
        approving.meant(lab.ledger, NAME, Selection(ids=(1, 2)), "controller", ZHAO.name)
    seen = approving.meant(lab.ledger, NAME, chosen, "finance", WANG.name).rows
    lab.commit(lab.insert("asset", **asset("9000.00", 4)))
    lab.rest()
    with pytest.raises(Transient) as error:
        approving.approve_all(lab.ledger, NAME, chosen, seen, WANG, "finance")
    assert error.value.code == "approve_overtaken"
    assert not lab.ask("SELECT 1 FROM syncd_action WHERE action = 'approve'")
    seen = approving.meant(lab.ledger, NAME, chosen, "finance", WANG.name).rows
    approving.approve_all(lab.ledger, NAME, chosen, seen, WANG, "finance")
    lab.rest()
    assert len(lab.cards) == 4


def test_what_was_posted_without_a_person_is_told_by_rule_and_month() -> None:
    lab = bought("6000.00", "10.00", "20.00")
    approve(lab, LI)
    (count,) = automatic.counts(lab.ledger, NAME, "2026-02")
    assert (count.rule, count.vouchers, count.approved, count.automatic) == ("registration", 3, 1, 2)
    assert automatic.counts(lab.ledger, NAME, "2026-03") == []
    alone = automatic.vouchers(lab.ledger, NAME, "2026-02", "registration", 10)
    assert [(one.subject, one.debit) for one in alone] == [("A2", D("10.00")), ("A3", D("20.00"))]


@advice("people_unheld")
def test_a_role_that_nobody_holds_is_told_by_check() -> None:
    roles = loaded(MAPPING).approvers
    assert roles == ["controller", "director", "finance"]
    known = {"li": ["finance", "director"]}
    assert [f.params["role"] for f in people.unheld(known, roles)] == ["controller"]
    assert people.unheld({**known, "zhao": ["controller"]}, roles) == people.unheld(None, roles) == []


# Whatever people do


PEOPLE: Sequence[tuple[str, str]] = (
    ("clerk", ""), ("li", "finance"), ("wang", "finance"), ("zhao", "controller"), ("sun", "controller")
)  # fmt: skip
AMOUNTS = ("-1.00", "4999.00", "5000.01", "49000.00", "50000.01")


@pytest.mark.parametrize("seed", range(30))
def test_no_sequence_of_deeds_posts_a_held_row_without_every_step_by_another_person(seed: int) -> None:
    """People edit, approve, reject, reopen and try again at random, in roles that they have and have not. Whatever is
    posted was agreed to after its last edit, once for each step that what the EAM sent or what it is now asks for, by
    different people, of whom none has edited it or asked for it once more."""
    chance = Random(seed)
    sent = [chance.choice(AMOUNTS) for _ in range(3)]
    lab = bought(*sent)
    for _ in range(14):
        _act(lab, chance)
        if chance.random() < 0.8:
            lab.rest()
    lab.rest()
    for code, value in lab.ask("SELECT asset_code, original_value FROM fa_card"):
        _require_agreed(lab, sent[int(str(code)[1:]) - 1], str(value), str(code))
    given_up = lab.ask("SELECT id, subject FROM syncd_parked WHERE state = 'discarded'")
    for number, code in given_up:
        last = approvals.deeds(lab.ledger, NAME, [int(str(number))])[int(str(number))]
        assert D(sent[int(str(code)[1:]) - 1]) <= 5000 or any(deed.action == "reject" for deed in last)
    assert is_whole(lab)


def _act(lab: Lab, chance: Random) -> None:
    rows = operators.parked(lab.ledger, NAME, Selection()) + operators.parked(lab.ledger, NAME, Selection(settled=True))
    if not rows:
        return
    one, (name, role) = chance.choice(rows), chance.choice(PEOPLE)
    by, role = Actor(name, "chance"), role or "finance"
    tables = lab.mapping.tables
    try:
        match chance.randrange(9):
            case 0 | 1:
                operators.edit(lab.ledger, NAME, one.id, {"value": chance.choice(AMOUNTS)}, tables, read, by)
            case 2:
                operators.reject(lab.ledger, NAME, one.id, by, role)
            case 3:
                operators.reopen(lab.ledger, NAME, one.id, tables, by, role)
            case 4:
                operators.discard(lab.ledger, NAME, Selection(ids=(one.id,)), by)
            case 5:
                operators.retry(lab.ledger, NAME, Selection(ids=(one.id,)), by)
            case _:
                operators.approve(lab.ledger, NAME, one.id, by, role)
    except Fault:
        pass


def _require_agreed(lab: Lab, sent: str, value: str, code: str) -> None:
    most = max(D(sent), D(value))
    needed = [role for role, limit in (("finance", 5000), ("controller", 50000)) if most > limit]
    ids = lab.ask(f"SELECT id FROM syncd_parked WHERE subject = '{code}'")
    if not ids:
        assert not needed
        return
    done = approvals.deeds(lab.ledger, NAME, [int(str(ids[0][0]))]).get(int(str(ids[0][0])), ())
    given = approvals.standing(row(lab, int(str(ids[0][0]))), done)
    roles = [deed.role for deed in given]
    assert [role for role in roles if role in needed] == needed, (needed, done)
    names = [deed.actor for deed in given]
    assert len(set(names)) == len(names)
    assert not set(names) & {deed.actor for deed in done if deed.action in ("edit", "reopen")}
