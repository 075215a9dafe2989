"""A rule reads the cards of other assets: as they stand where it is judged, with what waits for their groups."""

from datetime import date

import pytest

from syncd.change import Value
from syncd.errors import MappingErrors
from syncd.mapping.language.explain import explain
from tests.unit.lab import Lab, loaded
from tests.unit.test_log_decides import APPROVED, CHARGE, COLLECTING, DEPT, asset, both

PARTED = (
    COLLECTING.replace(
        "  dept: {table",
        """\
  part:
    table: part
    key: id
    join: {asset: asset_id}
    subject: asset.asset_code
    columns: {id: integer, asset_id: integer, code: text, other: text, on_: date}
  dept: {table""",
    )
    + """\
  parted:
    on: part
    when: op = 'insert' AND whole.exists AND NOT other.exists
    cards: {whole: asset.asset_code, other: after.other}
    require: [{check: whole.accumulated_depreciation > 0, says: depreciate first}]
    card:
      asset_code: after.code
      name: whole.name
      original_value: whole.original_value
      accumulated_depreciation: whole.accumulated_depreciation
      status: coalesce(other.status, 'in_use')
  ended:
    on: part
    when: op = 'insert' AND whole.status = 'in_use'
    cards: {whole: asset.asset_code}
    change: {asset_code: asset.asset_code, status: "'ended'"}
"""
)
PART: dict[str, Value] = {"id": 1, "asset_id": 1, "code": "B", "on_": date(2026, 1, 31)}


@both
def test_what_waits_for_its_group_is_waited_for_on_another_card_too(splits: bool) -> None:
    """Invariant 4: the part takes what the old card has with its collected depreciation, and a check over the old card
    is no verdict before. A rule finds what the rules before it made of the same change."""
    lab = Lab(PARTED, splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **CHARGE))
    lab.commit(lab.insert("part", **PART))
    lab.rest()
    assert lab.parked == [("A", "behind", "behind_group")]
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert lab.parked == []
    assert lab.cards == [("A", "lathe", "100.00", "10.00", "ended"), ("B", "lathe", "100.00", "10.00", "in_use")]


@both
def test_a_card_that_is_not_there_reads_null(splits: bool) -> None:
    """The rules have nothing to say of a part of what has no card, nor of one whose other card is there."""
    lab = Lab(PARTED, splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("part", **PART | {"asset_id": 9}))
    lab.commit(lab.insert("part", **PART | {"id": 2, "other": "A"}))
    lab.rest()
    assert [row[0] for row in lab.cards] == ["A"]
    assert lab.parked == [("part:1", "failed", "reference_missing")]


def test_where_a_field_of_another_card_comes_from_is_explained() -> None:
    """As that of one's own."""
    (lineage,) = [one for one in explain(loaded(PARTED)) if (one.rule, one.finance) == ("parted", "fa_card.name")]
    assert "whole.name" in lineage.through
    assert lineage.columns == ("asset.name",)


@pytest.mark.parametrize(
    ("old", "new", "code", "nearest"),
    [
        ("name: whole.name", "name: whole.nam", "unknown_name", "whole.name"),
        ("cards: {whole: asset.asset_code, other", "cards: {card: asset.asset_code, other", "name_taken", None),
        ("cards: {whole: asset.asset_code, other", "cards: {asset: asset.asset_code, other", "name_twice", None),
        ("other: after.other}", "other: whole.name}", "unknown_name", None),
    ],
    ids=["no field", "a word of the language", "a join", "a code out of another card"],
)
def test_a_name_that_means_nothing_or_two_things_is_refused(old: str, new: str, code: str, nearest: str | None) -> None:
    assert old in PARTED
    with pytest.raises(MappingErrors) as caught:
        loaded(PARTED.replace(old, new, 1))
    found = {error.code: error for error in caught.value.errors}
    assert code in found
    assert nearest is None or found[code].params["nearest"] == nearest
