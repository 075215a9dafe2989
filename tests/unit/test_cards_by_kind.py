"""Cards of several kinds in tables of their own: buildings here, machines there."""

from decimal import Decimal

import pytest

from syncd.change import Value
from syncd.errors import MappingErrors
from tests.advice import advice
from tests.unit.lab import FINANCE, NAME, SQL, Lab, loaded
from tests.unit.test_lasting import found

MAPPING = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, called: text, kind: text, cost: money, area: money}
rules:
  opened:
    on: asset
    when: op = 'insert'
    card:
      {asset_code: after.code, name: after.called, original_value: after.cost, kind: after.kind,
       area: "CASE WHEN after.kind = 'building' THEN after.area END"}
  valued:
    on: asset
    when: op = 'update' AND after.code = before.code AND card.exists
    change: {asset_code: after.code, original_value: card.original_value + (after.cost - before.cost)}
  renumbered:
    on: asset
    when: op = 'update' AND after.code <> before.code
    change: {asset_code: before.code}
    rename: after.code
"""
OF_BUILDINGS = "\"CASE WHEN after.kind = 'building' THEN after.area END\""
_WHOLE = FINANCE.partition("card:\n")[0]
_VOUCHERS = FINANCE[FINANCE.index("voucher:\n") :]
CARDS = """card:
  - table: fa_building
    key: no
    when: card.kind = 'building'
    columns: {no: card.asset_code, name: card.name, cost: card.original_value, "Area": card.area}
    read: {kind: "'building'"}
  - table: fa_machine
    key: code
    columns: {code: card.asset_code, called: card.name, value: card.original_value, sort: card.kind}
"""
LAYOUT = _WHOLE + CARDS + _VOUCHERS
TABLES = """
CREATE TABLE fa_building (no TEXT PRIMARY KEY, name TEXT, cost TEXT, "Area" TEXT);
CREATE TABLE fa_machine (code TEXT PRIMARY KEY, called TEXT, value TEXT, sort TEXT);
"""


def _lab(splits: bool = False) -> Lab:
    return Lab(MAPPING, splits, LAYOUT, SQL + TABLES)


def asset(code: str, kind: str | None, cost: str = "100.00") -> dict[str, Value]:
    own = {"id": sum(code.encode()), "code": code, "called": f"a {kind}", "kind": kind}
    return {**own, "cost": Decimal(cost), "area": Decimal("12.50")}


@pytest.mark.parametrize("splits", [True, False])
def test_a_card_lies_in_the_table_of_its_kind_alone(splits: bool) -> None:
    """Opened, changed and renumbered there, whatever was opened before; what no `when` is true for lies in the last."""
    lab = _lab(splits)
    building, machine, other = asset("B-1", "building"), asset("M-1", "machine"), asset("X-1", None)
    lab.commit(*(lab.insert("asset", **one) for one in (building, machine, other)))
    for one in (building, machine):
        lab.commit(lab.update("asset", one, cost=Decimal("150.00")))
    lab.commit(lab.update("asset", {**building, "cost": Decimal("150.00")}, code="B-2"))
    lab.rest()
    assert lab.ask("SELECT * FROM fa_building") == [("B-2", "a building", "150.00", "12.50")]
    assert sorted(lab.ask("SELECT * FROM fa_machine")) == [
        ("M-1", "a machine", "150.00", "machine"),
        ("X-1", "a None", "100.00", None),
    ]
    assert lab.parked == []
    cards = {row[0]: lab.mapping.layout.card_row(row) for row in lab.ask(lab.mapping.layout.all_cards_query())}
    assert {code: (card["kind"], card["original_value"], card["area"]) for code, card in cards.items()} == {
        "B-2": ("building", Decimal("150.00"), Decimal("12.50")),
        "M-1": ("machine", Decimal("150.00"), None),
        "X-1": (None, Decimal("100.00"), None),
    }


def test_a_number_that_a_card_of_another_kind_has_is_refused() -> None:
    """Two tables with a key each are one set of cards: finance alone would take the second."""
    lab = _lab()
    lab.commit(lab.insert("asset", **asset("A-1", "building")))
    lab.commit(lab.insert("asset", **asset("A-2", "machine")))
    lab.commit(lab.insert("asset", **{**asset("A-1", "machine"), "id": 1}))
    lab.rest()
    assert lab.parked == [("A-1", "failed", "card_exists")]
    lab.commit(lab.delete("asset", **{**asset("A-1", "machine"), "id": 1}))
    lab.commit(lab.update("asset", asset("A-2", "machine"), code="A-1"))
    lab.rest()
    assert [code for _, _, code in lab.parked] == ["number_taken"]
    assert lab.ask("SELECT code FROM fa_machine") == [("A-2",)]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("    key: code\n", "    key: code\n    when: card.kind = 'machine'\n", "card_when_last", 19),
        ("    key: no\n", "    key: no\n    generated: id\n", "card_when_generated", 14),
        ("    read: {kind: \"'building'\"}\n", "", "card_when_unread", 12),
        ("    when: card.kind = 'building'\n", "    when: card.kind\n", "wrong_kind", 14),
    ],
)
def test_what_cannot_be_is_found_when_the_mapping_is_loaded(old: str, new: str, code: str, line: int) -> None:
    assert old in LAYOUT
    with pytest.raises(MappingErrors) as caught:
        loaded(MAPPING, LAYOUT.replace(old, new))
    assert [(e.code, e.where.rpartition("/")[2]) for e in caught.value.errors] == [(code, f"finance.yaml:{line}")]


def test_no_card_goes_from_one_table_to_another() -> None:
    """A rule that changes what the table is chosen by would leave the card where nobody looks for it."""
    said = "change: {asset_code: after.code, "
    with pytest.raises(MappingErrors) as caught:
        loaded(MAPPING.replace(said, f"{said}kind: after.kind, "), LAYOUT)
    assert [e.code for e in caught.value.errors] == ["card_when_changed"]


def test_what_finance_has_changed_is_found_in_either_table() -> None:
    """Invariant 12: the record is held against the card wherever it lies."""
    lab = _lab()
    lab.commit(lab.insert("asset", **asset("B-1", "building")), lab.insert("asset", **asset("M-1", "machine")))
    lab.rest()
    lab.database.execute("UPDATE fa_building SET cost = '99.00'")
    lab.database.execute("UPDATE fa_machine SET value = '98.00'")
    assert found(lab) == [("audit_card", "B-1", "original_value"), ("audit_card", "M-1", "original_value")]


@advice("field_not_kept")
def test_what_a_cards_table_has_no_place_for_is_not_dropped_without_a_word() -> None:
    """Invariants 1 and 13: whether finance or the batch tells the card makes no difference."""
    lab = _lab()
    whole = lab.mapping
    lab.mapping = loaded(MAPPING.replace(OF_BUILDINGS, "after.area"), LAYOUT)
    lab.translator = lab.mapping.translator(NAME)
    lab.commit(lab.insert("asset", **asset("M-1", "machine")), lab.insert("asset", **asset("B-1", "building")))
    lab.rest()
    assert lab.parked == [("M-1", "failed", "field_not_kept")]
    lab.mapping = whole
    lab.translator = lab.mapping.translator(NAME)
    lab.retry()
    assert lab.parked == []
    assert lab.ask("SELECT code FROM fa_machine") == [("M-1",)]


@advice("card_elsewhere")
@pytest.mark.parametrize("splits", [True, False])
@pytest.mark.parametrize("way", ["corrected", "moved"])
def test_a_card_that_is_opened_anew_of_another_kind_is_not_there_twice(way: str, splits: bool) -> None:
    """Invariant 2: the one that is there lies in the table of its kind. Corrected in the EAM, or moved by finance, one
    is left."""
    lab = Lab(
        MAPPING.replace("    when: op = 'insert'\n", "    when: op = 'insert'\n    reopen: true\n"),
        splits,
        LAYOUT,
        SQL + TABLES,
    )
    again = {**asset("A-1", "machine", "70.00"), "id": 5}
    lab.commit(lab.insert("asset", **asset("A-1", "building")))
    lab.commit(lab.delete("asset", **asset("A-1", "building")))
    lab.commit(lab.insert("asset", **again))
    lab.rest()
    assert lab.parked == [("A-1", "failed", "card_elsewhere")]
    if way == "corrected":
        lab.commit(lab.update("asset", again, kind="building"))
        lab.rest()
    else:
        lab.database.execute("INSERT INTO fa_machine SELECT no, name, cost, 'machine' FROM fa_building")
        lab.database.execute("DELETE FROM fa_building")
        lab.retry()
    assert lab.parked == []
    found = lab.ask("SELECT cost, NULL FROM fa_building UNION ALL SELECT value, sort FROM fa_machine")
    assert found == [("70.00", None if way == "corrected" else "machine")]
