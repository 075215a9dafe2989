"""Invariant 12: what has no code is no asset, and waits until it has one."""

import pytest

from tests.unit.lab import Lab
from tests.unit.test_log_decides import COLLECTING, asset

BY_POSITION = COLLECTING.replace("    once: after.asset_code\n", "", 1)


@pytest.mark.parametrize("mapping", [COLLECTING, BY_POSITION], ids=["once", "by position"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_code_opens_no_card_and_is_no_repeat(mapping: str, blank: str | None) -> None:
    lab = Lab(mapping, splits=True)
    lab.commit(lab.insert("asset", **asset(1, blank)))
    lab.commit(lab.insert("asset", **asset(2, blank)))
    assert lab.cards == []
    assert [(state, code) for _, state, code in lab.parked] == [("failed", "missing_value")] * 2
    lab.commit(lab.update("asset", asset(2, blank), asset_code="B"))
    assert [card[0] for card in lab.cards] == ["B"]
    assert len(lab.parked) == 1
