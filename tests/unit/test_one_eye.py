"""Four eyes in records of before there were any: `audit verify` lists what today's desk would refuse."""

from syncd.desk.access import people
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from syncd.desk.parked.operators import Actor
from tests.unit.lab import NAME
from tests.unit.test_approval import LI, WANG, approve, bought, edit


def test_what_an_earlier_version_let_pass_is_listed_by_verify() -> None:
    """A row that its own editor agreed to, and one whose two steps were one person's, as the record of old has them; no
    fault of the record, and nothing else is listed."""
    lab = bought("6000.00", "60000.00", "7000.00")
    edit(lab, LI, name="b")
    for number, by, role in ((1, Actor("Li ", "seen"), "finance"), (2, WANG, "finance"), (2, WANG, "controller")):
        with lab.ledger.desk() as desk:
            operators.give(desk, NAME, operators.show(desk, NAME, number), by, role)
        lab.rest()
    approve(lab, WANG, id=3)
    assert lab.parked == []
    verdict = verify(lab.ledger, NAME, lab.mapping.layout)
    assert verdict.flaws == []
    assert verdict.one_eye == [(NAME, 1, "Li ", "edit"), (NAME, 2, "wang", "approve")]


def test_whose_account_is_closed_has_asked_for_nothing_any_more() -> None:
    """What two people have to agree to takes two who are there: the first has left, or is named once more."""
    lab = bought()
    boss, both = {"boss": ["controller"]}, {"boss": ["controller"], "li": ["finance"]}

    def accepted(by: Actor, among: people.People) -> bool:
        return operators.accept(lab.ledger, "m", "of today", by, people.seconded(among))

    assert not accepted(LI, both)
    assert not accepted(Actor("boss", "seen"), boss)
    assert accepted(Actor("boss", "seen"), both)


def test_an_action_that_somebody_has_made_unreadable_is_told_by_its_chain_alone() -> None:
    """Invariant 12: what looks at approvals does not fall over an edited record."""
    lab = bought("6000.00")
    approve(lab, WANG)
    for column, value in (("at", "yesterday"), ("detail", "{"), ("detail", "[]")):
        ((kept,),) = lab.ask(f"SELECT {column} FROM syncd_action WHERE action = 'approve'")
        lab.database.execute(f"UPDATE syncd_action SET {column} = ? WHERE action = 'approve'", (value,))
        codes = [flaw.code for flaw in verify(lab.ledger, NAME, lab.mapping.layout).flaws]
        assert "audit_action" in codes
        lab.database.execute(f"UPDATE syncd_action SET {column} = ? WHERE action = 'approve'", (kept,))
    assert verify(lab.ledger, NAME, lab.mapping.layout).flaws == []
