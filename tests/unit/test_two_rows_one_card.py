"""Invariants 1 and 14: a second row of the EAM that bears the code of a card makes nothing by itself, and says so. A
row that is read again, or that came in the place of another, is no second one."""

from syncd.desk.parked import operators
from tests.advice import advice
from tests.unit.lab import CLERK, NAME, Feed, Lab
from tests.unit.test_log_decides import REGISTRATION, asset, both

MAPPING = f"""
tables:
  asset:
    table: asset
    key: id
    subject: asset_code
    columns: {{id: integer, asset_code: text, name: text, status: text, value: money, on_: date}}
rules:
  registration:
    on: asset
    when: op IN ('insert', 'read') OR op = 'update' AND after.asset_code <> before.asset_code
    snapshot: post
{REGISTRATION.strip(chr(10))}
"""


def codes(lab: Lab) -> list[str]:
    return [str(code) for *_, code in lab.parked]


@advice("made_of_another")
@both
def test_a_second_row_with_the_code_of_a_card_parks_and_names_both(splits: bool) -> None:
    lab = Lab(MAPPING, splits)
    lab.commit(lab.insert("asset", **asset(1)))
    lab.commit(lab.insert("asset", **asset(2)))
    lab.rest()
    ((params,),) = lab.ask("SELECT params FROM syncd_parked")
    assert codes(lab) == ["made_of_another"]
    assert ("asset:1" in str(params), "asset:2" in str(params)) == (True, True)
    lab.commit(lab.update("asset", asset(2), asset_code="B"))
    lab.rest()
    assert [card[0] for card in lab.cards] == ["A", "B"], "the correction heals it"
    assert codes(lab) == []
    lab.commit(lab.insert("asset", **asset(3)))
    lab.rest()
    (row,) = operators.parked(lab.ledger, NAME, operators.Selection())
    operators.discard(lab.ledger, NAME, operators.Selection((row.id,)), CLERK)
    lab.rest()
    assert (len(lab.cards), len(lab.vouchers), codes(lab)) == (2, 2, []), "both were one asset"


@both
def test_a_row_in_the_place_of_another_is_no_second_one(splits: bool) -> None:
    """An EAM that saves by deleting and inserting gives the asset another id."""
    lab = Lab(MAPPING, splits)
    lab.commit(lab.insert("asset", **asset(1)))
    lab.commit(lab.delete("asset", **asset(1)), lab.insert("asset", **asset(2)))
    lab.rest()
    assert (len(lab.cards), codes(lab)) == (1, [])
    lab.commit(lab.update("asset", asset(2), id=3))
    lab.rest()
    assert (len(lab.cards), codes(lab)) == (1, []), "nor is one that has another key now"


def test_a_snapshot_that_is_read_again_says_of_a_row_what_it_said_before() -> None:
    lab = Lab(MAPPING, splits=True)
    lab.commit(lab.insert("asset", **asset(1)))
    source = lab.open_source()
    source.start(None)
    lab.feed = Feed(source, 1_000)
    lab.rest()
    assert (len(lab.cards), codes(lab)) == (1, [])
