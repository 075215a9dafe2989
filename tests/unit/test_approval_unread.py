"""Who has to agree to what a person has typed in place of what could not be read: a rule that has nothing to say about
the change, whatever was meant, asks nobody."""

import pytest

from syncd.change import Malformed
from tests.unit.lab import CLERK
from tests.unit.test_approval import LI, ONE_STEP, approve, asset, bought, edit, row


@pytest.mark.parametrize(
    "when",
    [
        "op = 'update' AND after.value <> before.value",
        "after.value <> before.value AND op <> 'insert'",
        "before.status = 'in_use' AND dearer",
        "op IN ('update', 'delete') AND dearer AND card.original_value > 0",
    ],
)
def test_an_insert_is_never_asked_for_by_a_rule_that_demands_an_update(when: str) -> None:
    """However much of the rest cannot be read: the shipped mapping asked three people of finance for one amount. An
    update is asked for by it, and a rule whose condition is about the amount alone asks for an insert as well."""
    rule = f"""  corrected:
    on: asset
    let: {{dearer: after.value <> before.value}}
    when: {when}
    approve: {{when: after.value > 0, role: auditor}}
    change: {{asset_code: after.code, original_value: after.value}}
"""
    lab = bought(Malformed("15万", "malformed_number"), "10.00", mapping=ONE_STEP + rule)
    edit(lab, CLERK, value="4000.00")
    assert (row(lab).params["role"], row(lab).params.get("more")) == ("finance", None)
    approve(lab, LI)
    assert ["A1", "a", "4000.00"] in [list(card[:3]) for card in lab.cards]
    lab.commit(lab.update("asset", asset("10.00", 2), value=Malformed("15万", "malformed_number")))
    lab.rest()
    edit(lab, CLERK, 2, value="20.00")
    assert row(lab, 2).params["role"] == "auditor"
