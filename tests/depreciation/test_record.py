"""What is kept of runs and of terms against the record: what verify finds, and what follows a card that was renamed."""

import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest

from connectors.ledger import collected_events
from syncd.books.depreciation import asking, runs, terms, terms_record
from syncd.change import Change, Position
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from syncd.posting import Batch, CardWrite, Outcome, Posting
from tests.advice import advice
from tests.depreciation.plant import BY, Plant
from tests.unit.lab import NAME

D = Decimal


@pytest.fixture(scope="module")
def kept() -> Plant:
    """Two months of two assets; one month of one of them was taken back, and what a third one carried was given up; a
    run is still under way."""
    plant = Plant()
    for code, dept in (("A", "SC"), ("B", "SC"), ("C", "NONE")):
        plant.asset(code, "120000.00", 60, dept=dept)
    plant.run("2026-02")
    operators.discard(plant.ledger, NAME, operators.Selection(subject="C"), BY)
    plant.rest()
    plant.run("2026-03")
    plant.reverse("2026-03", "A")
    asking.reverse(plant.ledger, NAME, "2026-02", "B", BY)
    return plant


@advice("audit_month_counts", "audit_month_owed", "audit_run", "audit_run_made")
@pytest.mark.parametrize(
    ("tampering", "flaws"),
    [
        ("SELECT 1", []),
        ("UPDATE syncd_depreciated SET live = 0 WHERE asset = 'A' AND month = 24313", [("audit_month_owed", "A")]),
        ("UPDATE syncd_depreciated SET live = 1 WHERE asset = 'A' AND month = 24314", [("audit_month_counts", "A")]),
        ("UPDATE syncd_depreciated SET live = 0 WHERE asset = 'B' AND month = 24314", [("audit_month_owed", "B")]),
        ("UPDATE syncd_depreciated SET live = 2 WHERE asset = 'B' AND month = 24314", [("audit_month_owed", "B")]),
        ("UPDATE syncd_depreciated SET month = 24319 WHERE asset = 'B' AND month = 24314",
         [("audit_run_made", "2026-03/1")]),
        ("UPDATE syncd_depreciated SET month = 24319, period = '2026-08' WHERE asset = 'B' AND month = 24314",
         [("audit_run_made", "2026-03/1")]),
        ("UPDATE syncd_depreciated SET row_keys = '[' WHERE asset = 'C' AND live = 0",
         [("audit_run_made", "2026-02/1"), ("audit_month_owed", "C")]),
        ("UPDATE syncd_depreciated SET cents = 1 WHERE asset = 'A'",
         [("audit_run_made", "2026-02/1"), ("audit_run_made", "2026-03/1")]),
        ("DELETE FROM syncd_depreciated WHERE asset = 'B' AND month = 24313", [("audit_run_made", "2026-02/1")]),
        ("UPDATE syncd_depreciated SET cents = cents + CASE asset WHEN 'A' THEN 100 ELSE -100 END"
         " WHERE month = 24313 AND asset IN ('A', 'B')",
         [("audit_run_made", "2026-02/1")]),
        ("UPDATE syncd_depreciated SET asset = CASE asset WHEN 'A' THEN 'B' ELSE 'A' END, nth = nth + 8"
         " WHERE month = 24313 AND asset IN ('A', 'B')",
         [("audit_run_made", "2026-02/1")]),
        ("UPDATE syncd_depreciated SET line = line - 1 WHERE asset = 'A'",
         [("audit_run_made", "2026-02/1"), ("audit_run_made", "2026-03/1")]),
        ("UPDATE syncd_depreciated SET nth = 4 WHERE asset = 'A' AND month = 24314", [("audit_run_made", "2026-03/1")]),
        ("UPDATE syncd_depreciated SET posting_seq = 99 WHERE asset = 'B' AND month = 24314",
         [("audit_run_made", "2026-03/1")]),
        ("UPDATE syncd_depreciated SET run = '2026-04/1' WHERE asset = 'B' AND month = 24313",
         [("audit_run_made", "2026-02/1"), ("audit_run", "2026-04/1"), ("audit_month_counts", "B"),
          ("audit_run_made", "2026-04/1")]),
        ("UPDATE syncd_depreciation_run SET actor = 'controller' WHERE period = '2026-02' AND run = 1",
         [("audit_run", "2026-02/1")]),
        ("UPDATE syncd_depreciation_run SET kind = 'post' WHERE kind = 'reverse' AND period = '2026-03'",
         [("audit_run", "2026-03/2")]),
        ("DELETE FROM syncd_depreciation_run WHERE period = '2026-03' AND run = 1", [("audit_run", "2026-03/1")]),
    ],
)  # fmt: skip
def test_invariant_12_a_month_counts_as_people_asked(kept: Plant, tampering: str, flaws: list[tuple[str, str]]) -> None:
    """Flipping what is owed has a month posted twice, or never: the chain of actions tells who had it taken back. Cents
    that go from one asset's month to another's leave the run's sum as it was, and the next months make up for them.
    What is put back from a backup is whole."""
    with closing(sqlite3.connect(":memory:")) as backup:
        kept.database.backup(backup)
        kept.database.execute(tampering)
        found = verify(kept.ledger, NAME, kept.mapping.layout).flaws
        backup.backup(kept.database)
    assert [(flaw.code, flaw.params.get("asset") or flaw.params["run"]) for flaw in found] == flaws
    assert verify(kept.ledger, NAME, kept.mapping.layout).flaws == []


def test_invariant_12_months_of_before_are_taken_into_the_chain_as_they_are() -> None:
    """Invariants 12 and 16: what an earlier version has made, of assets that are read in several lots, is held to from
    the next start on; until then nothing is said of it."""
    plant = Plant()
    for code in "AB":
        plant.asset(code, "120000.00", 60)
    plant.run("2026-02")
    plant.run("2026-03")
    plant.database.execute("DELETE FROM syncd_collected_event")
    plant.database.execute("UPDATE syncd_pipeline SET collected_seq = 0, collected_hash = ''")
    assert verify(plant.ledger, NAME, plant.mapping.layout).flaws == []
    with pytest.MonkeyPatch.context() as few:
        few.setattr(collected_events, "_MONTHS_READ", 3)
        assert plant.open_ledger().acquire()
    assert verify(plant.ledger, NAME, plant.mapping.layout).flaws == []
    plant.database.execute("UPDATE syncd_depreciated SET line = 7 WHERE asset = 'B' AND month = 24314")
    (flaw,) = verify(plant.ledger, NAME, plant.mapping.layout).flaws
    assert (flaw.code, flaw.params["run"]) == ("audit_run_made", "2026-03/1")


def misfolded(plant: Plant) -> list[str]:
    """Assets whose terms verify finds otherwise than the record says."""
    said = plant.computing
    found = terms_record.flawed(plant.ledger, NAME, said.meaning, said.rules, said.zone)
    flaws = verify(plant.ledger, NAME, plant.mapping.layout, terms=found).flaws
    assert {flaw.code for flaw in flaws} <= {"audit_terms"}
    return [flaw.params["asset"] for flaw in flaws]


@advice("audit_terms")
@pytest.mark.parametrize("lot", [3, 2_000])
@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("SELECT 1", []),
        ("UPDATE syncd_terms SET card = replace(card, '120000.00', '1200000.00') WHERE asset = 'A'", ["A"]),
        ("UPDATE syncd_terms SET day = '2026-01-01' WHERE asset = 'B' AND month > 0", ["B"]),
        ("UPDATE syncd_terms SET month = month + 1 WHERE asset = 'C' AND month > 0", ["C"]),
        ("UPDATE syncd_terms SET card = 'x' WHERE asset = 'C'", ["C"]),
        ("DELETE FROM syncd_terms WHERE asset = 'B' AND month > 0", ["B"]),
        ("DELETE FROM syncd_terms WHERE asset = 'A'", ["A"]),
        ("INSERT INTO syncd_terms SELECT pipeline, asset, 99, day, month, card FROM syncd_terms"
         " WHERE asset = 'A' LIMIT 1",
         ["–"]),
        ("UPDATE syncd_terms_folded SET seq = 999", ["–"]),
    ],
)  # fmt: skip
def test_invariant_12_terms_are_those_of_the_record(
    monkeypatch: pytest.MonkeyPatch, tampering: str, told: list[str], lot: int
) -> None:
    """An edit of them has a run depreciate by another cost, life or day. Assets that were altered, also in a closed
    month, and one of which a month was taken back; deriving them anew mends it."""
    monkeypatch.setattr(terms_record, "POSTINGS_MAX", lot)
    plant = Plant()
    for code in "ABC":
        plant.asset(code, "120000.00", 60)
    plant.run("2026-02")
    for code in "BC":
        plant.alter(code, date(2026, 2, 20), value=D("180000.00"))
    plant.run("2026-03")
    plant.reverse("2026-03", "A")
    plant.alter("A", date(2026, 3, 15), value=D("240000.00"))
    plant.run("2026-03")
    before = plant.ask("SELECT * FROM syncd_terms ORDER BY asset, seq")
    plant.database.execute(tampering)
    found = misfolded(plant)
    assert set(found) - {"–"} == set(told) - {"–"}
    assert bool(found) == bool(told)
    plant.database.execute("DELETE FROM syncd_terms_folded")
    runs.fold(plant.ledger, plant.computing)
    assert misfolded(plant) == []
    after = plant.ask("SELECT * FROM syncd_terms ORDER BY asset, seq")
    assert [row for row in after if row[1] != "A"] == [row for row in before if row[1] != "A"]


def write_cards(plant: Plant, *cards: CardWrite) -> None:
    """A posting that writes to cards, as a rule of an earlier mapping did."""
    position = Position(f"{len(plant.ask('SELECT 1 FROM syncd_posting')):09}")
    change = Change("asset", "insert", None, plant.now("A"), position, plant.at)
    posting = Posting(f"renumbered/{position}", "renumbered", cards[0].asset_code, change, cards)
    with plant.ledger.begin() as book:
        book.write(Batch([Outcome(change, posting.subject, (posting,))], {}, frozenset(), None))


@pytest.mark.parametrize("lot", [1, 2_000])
def test_terms_and_months_follow_a_card_that_was_renamed(monkeypatch: pytest.MonkeyPatch, lot: int) -> None:
    """By an earlier mapping with `rename` A became B, another became A, and is C by now, and a third is A. Each goes
    on with its own life, what was made of it and what is told of it afterwards; derived anew it is the same."""
    monkeypatch.setattr(terms, "POSTINGS_MAX", lot)
    monkeypatch.setattr(terms_record, "POSTINGS_MAX", max(lot, 2))
    plant = Plant()
    plant.asset("A", "120000.00", 60)
    plant.run("2026-02")
    (card,) = plant.ask("SELECT asset_code, life_months FROM fa_card")
    assert card == ("A", 60)
    opened = {name: plant.now("A")[n] for n, name in enumerate(c.name for c in plant.mapping.tables["asset"].columns)}
    fields = {n: opened[n] for n in ("dept", "class", "method", "life_months", "residual_rate", "ready_on", "status")}
    fields |= {"accumulated_depreciation": D(0), "impairment": D(0), "origin": "addition", "units": None}
    write_cards(plant, CardWrite("A", "change", {"dept": "XZ"}), CardWrite("A", "rename", {"asset_code": "B"}))
    write_cards(plant, CardWrite("A", "open", {**fields, "original_value": D("60000.00")}))
    plant.run("2026-03")
    write_cards(plant, CardWrite("B", "change", {"life_months": 120}))
    write_cards(plant, CardWrite("A", "rename", {"asset_code": "C"}))
    plant.run("2026-04")
    assert plant.live("A") == {}
    write_cards(plant, CardWrite("A", "open", {**fields, "original_value": D("30000.00")}))
    plant.run("2026-05")
    plant.reverse("2026-05", "B")
    plant.reverse("2026-05", "C")
    made = plant.ask("SELECT * FROM syncd_depreciated ORDER BY asset, month")
    assert plant.live("A") == dict.fromkeys(("2026-02", "2026-03", "2026-04", "2026-05"), D("475.00"))
    assert plant.live("B") == {"2026-02": D("1900.00"), "2026-03": D("1900.00"), "2026-04": D("933.90")}
    assert plant.live("C") == {"2026-02": D("950.00"), "2026-03": D("950.00"), "2026-04": D("950.00")}
    assert (plant.accumulated("B"), plant.accumulated("C")) == (D("4733.90"), D("2850.00"))
    assert misfolded(plant) == []
    kept = plant.ask("SELECT * FROM syncd_terms ORDER BY asset, seq")
    plant.database.execute("DELETE FROM syncd_terms_folded")
    runs.fold(plant.ledger, plant.computing)
    assert plant.ask("SELECT * FROM syncd_terms ORDER BY asset, seq") == kept
    assert plant.ask("SELECT * FROM syncd_depreciated ORDER BY asset, month") == made
    assert misfolded(plant) == []
    plant.database.execute("UPDATE syncd_terms SET asset = 'A' WHERE asset = 'C'")
    assert "C" in misfolded(plant)
