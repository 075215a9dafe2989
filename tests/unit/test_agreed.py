"""Whose agreement counts: in the role that is asked now, and of two people who are not one in two spellings."""

import pytest

from syncd.desk.parked.operators import Actor
from tests.unit.lab import NAME, loaded
from tests.unit.test_approval import LI, ONE_STEP, WANG, approve, bought, refused


def test_who_agreed_in_a_role_has_not_agreed_in_the_one_that_is_asked_now() -> None:
    """Finance agreed, the period was closed, and then the mapping asks the controller instead."""
    lab = bought("6000.00", mapping=ONE_STEP)
    lab.database.execute("UPDATE gl_period SET open = 0")
    approve(lab, LI)
    assert lab.parked == [("A1", "failed", "no_open_period")]
    lab.database.execute("UPDATE gl_period SET open = 1")
    lab.mapping = loaded(ONE_STEP.replace("role: finance", "role: controller"))
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.retry()
    assert (lab.parked, lab.vouchers) == ([("A1", "approval", "approval")], [])


@pytest.mark.parametrize("name", ["wang\u200b", "w\u00adang", "WA NG"])
def test_four_eyes_are_not_two_by_a_character_that_nobody_sees(name: str) -> None:
    """One person in two spellings is one."""
    lab = bought("60000.00")
    approve(lab, WANG)
    assert refused(lab, Actor(name, "seen"), "controller") == "parked_four_eyes"
