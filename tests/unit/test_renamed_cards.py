"""A card's number that changes in the EAM: finance's card is called so from then on, whatever else happens to it in the
same batch, and whoever asks by the old number or the new one is told its whole life."""

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from syncd.books import writes
from syncd.desk import trace
from syncd.desk.audit.verify import verify
from syncd.errors import MappingErrors
from tests.advice import advice
from tests.unit.lab import NAME, Lab, loaded

DOCUMENT = (Path(__file__).parents[2] / "docs/mapping.md").read_text("utf-8")
RULES = next(block for block in re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.M | re.S) if "renumbered:" in block)
MAPPING = f"""
tables:
  asset:
    table: asset
    key: id
    subject: asset_code
    columns: {{id: integer, asset_code: text, name: text, value: money}}
{RULES}
  registration:
    on: asset
    when: op = 'insert'
    card: {{asset_code: after.asset_code, name: after.name, original_value: after.value, status: "'in_use'"}}
  changed:
    on: asset
    when: op = 'update' AND (after.name <> before.name OR after.value <> before.value)
    change: {{asset_code: after.asset_code, name: after.name, original_value: after.value}}
"""
LATHE = {"id": 1, "asset_code": "A-1", "name": "lathe", "value": Decimal(5)}
PRESS = {**LATHE, "id": 2, "asset_code": "B-1", "name": "press"}


def lived(lab: Lab) -> None:
    """Registered, changed, given another number and changed with it; then another and a third."""
    steps = [LATHE, {**LATHE, "name": "mill"}, {**LATHE, "asset_code": "B-1", "name": "drill"},
             {**LATHE, "asset_code": "B-1", "name": "saw"}, {**LATHE, "asset_code": "C-1", "name": "saw"}]  # fmt: skip
    lab.commit(lab.insert("asset", **LATHE))
    for old, new in pairwise(steps):
        lab.commit(lab.update("asset", old, **new))


@pytest.mark.parametrize("splits", [False, True])
def test_a_card_is_called_by_its_new_number(splits: bool) -> None:
    """Invariants 12 and 13: in one batch or in many, and the record still says what finance holds."""
    lab = Lab(MAPPING, splits=splits)
    lived(lab)
    lab.rest()
    assert lab.parked == []
    assert lab.cards == [("C-1", "saw", "5", None, "in_use")]
    assert verify(lab.ledger, NAME, lab.mapping.layout).flaws == []


@pytest.mark.parametrize("asked", ["A-1", "B-1", "C-1"])
def test_each_number_finds_the_whole_life(asked: str) -> None:
    """Invariant 8."""
    lab = Lab(MAPPING)
    lived(lab)
    lab.rest()
    lives = trace.find(lab.ledger, asked, lab.mapping.tables).lives
    assert [(life.subject, [step.rule for step in life.steps]) for life in lives] == [
        ("A-1", ["registration", "changed"]),
        ("B-1", ["renumbered", "changed", "changed"]),
        ("C-1", ["renumbered"]),
    ]
    ((field, before, after),) = lives[1].steps[0].card
    assert (field, before, after) == ("asset_code", "A-1", "B-1")


def test_reports_tell_a_card_by_the_number_that_it_has() -> None:
    lab = Lab(MAPPING)
    lived(lab)
    lab.commit(lab.insert("asset", **{**LATHE, "id": 2}))  # the number is free again, and given to another
    lab.rest()
    told = [(w.asset, w.fields.get("name")) for w in writes.card_writes(lab.ledger, lab.mapping.zone, [NAME])]
    assert [name for code, name in told if code == "C-1" and name] == ["lathe", "mill", "drill", "saw"]
    assert [name for code, name in told if code == "A-1"] == ["lathe"]
    assert sorted(lab.cards) == [("A-1", "lathe", "5", None, "in_use"), ("C-1", "saw", "5", None, "in_use")]
    assert verify(lab.ledger, NAME, lab.mapping.layout).flaws == []


def test_a_number_that_another_card_has_parks_the_row() -> None:
    """Once the EAM says a free one it is posted, and what came behind it."""
    lab = Lab(MAPPING)
    other = {**LATHE, "id": 2, "asset_code": "B-1", "name": "press"}
    lab.commit(lab.insert("asset", **LATHE))
    lab.commit(lab.insert("asset", **other))
    lab.commit(lab.update("asset", LATHE, asset_code="B-1"))
    lab.rest()
    assert lab.parked == [("B-1", "failed", "number_taken")]
    lab.commit(lab.update("asset", other, name="hammer"))
    lab.commit(lab.update("asset", {**LATHE, "asset_code": "B-1"}, asset_code="D-1"))
    lab.rest()
    assert lab.parked == []
    assert sorted((code, name) for code, name, *_ in lab.cards) == [("B-1", "hammer"), ("D-1", "lathe")]


def two(splits: bool = False) -> Lab:
    """A-1 is a lathe, B-1 a press."""
    lab = Lab(MAPPING, splits=splits)
    lab.commit(lab.insert("asset", **LATHE), lab.insert("asset", **PRESS))
    lab.rest()
    return lab


def called(lab: Lab) -> dict[str, str]:
    """What finance's cards are called, by their names; nothing is parked, and the record says the same."""
    lab.rest()
    assert lab.parked == []
    assert verify(lab.ledger, NAME, lab.mapping.layout).flaws == []
    return {name: code for code, name, *_ in lab.cards}


@pytest.mark.parametrize("splits", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_two_cards_swap_their_numbers_by_a_third(at_once: bool, splits: bool) -> None:
    """Invariant 13: in one transaction or three. Each number finds both lives, for both cards had it."""
    lab = two(splits)
    swap = [lab.update("asset", LATHE, asset_code="T"), lab.update("asset", PRESS, asset_code="A-1"),
            lab.update("asset", {**LATHE, "asset_code": "T"}, asset_code="B-1")]  # fmt: skip
    for changes in [swap] if at_once else [[change] for change in swap]:
        lab.commit(*changes)
    assert called(lab) == {"lathe": "B-1", "press": "A-1"}
    for asked in ("A-1", "B-1"):
        lives = trace.find(lab.ledger, asked, lab.mapping.tables).lives
        assert {life.subject for life in lives} == {"A-1", "B-1", "T"}


@pytest.mark.parametrize("splits", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_row_of_cards_moves_up_by_one_number(at_once: bool, splits: bool) -> None:
    """`SET code = code + 1`: the log says the first one first, whose number the second has until it is moved itself."""
    lab = two(splits)
    third = {**LATHE, "id": 3, "asset_code": "C-1", "name": "saw"}
    lab.commit(lab.insert("asset", **third))
    moves = [lab.update("asset", old, asset_code=new) for old, new in ((LATHE, "B-1"), (PRESS, "C-1"), (third, "D-1"))]
    for changes in [moves] if at_once else [[change] for change in moves]:
        lab.commit(*changes)
    assert called(lab) == {"lathe": "B-1", "press": "C-1", "saw": "D-1"}


@advice("number_taken")
def test_a_direct_swap_waits_until_one_card_has_a_third_number() -> None:
    """`SET code = CASE …`: nothing is renamed wrong, and what the hint says ends well."""
    lab = two()
    lab.commit(lab.update("asset", LATHE, asset_code="B-1"), lab.update("asset", PRESS, asset_code="A-1"))
    lab.rest()
    assert [code for *_, code in lab.parked] == ["number_taken"] * 2
    assert {name: code for code, name, *_ in lab.cards} == {"lathe": "A-1", "press": "B-1"}
    lab.commit(lab.update("asset", {**LATHE, "asset_code": "B-1"}, asset_code="T"))
    lab.commit(lab.update("asset", {**LATHE, "asset_code": "T"}, asset_code="B-1"))
    assert called(lab) == {"lathe": "B-1", "press": "A-1"}


@pytest.mark.parametrize(
    ("said", "by", "code", "line"),
    [
        ("    change: {asset_code: before.asset_code}\n", "", "rename_without_change", 14),
        ("rename: after.asset_code", "rename: after.id", "", 0),
        ("rename: after.asset_code", "rename: after.kode", "unknown_name", 15),
    ],
)
def test_what_is_wrong_with_a_new_number_is_told_with_its_line(said: str, by: str, code: str, line: int) -> None:
    if not code:
        loaded(MAPPING.replace(said, by))
        return
    with pytest.raises(MappingErrors) as caught:
        loaded(MAPPING.replace(said, by))
    assert (code, f"lab.yaml:{line}") in [(e.code, e.where.rpartition("/")[2]) for e in caught.value.errors]
