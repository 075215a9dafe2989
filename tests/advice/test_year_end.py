"""Invariant 15 for the sheets of a year, and for books of depreciation that have no value for a card."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.advice import advice, heard
from tests.advice.command import BY, fine, refused
from tests.depreciation.site import Site, carry


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def write(site: Site, name: str, said: str, instead: str) -> None:
    """Somebody edits a file of the mapping."""
    path = site.folder / name
    text = path.read_text("utf-8")
    assert said in text
    path.write_text(text.replace(said, instead), "utf-8")


def accept(site: Site) -> None:
    fine(f"mapping accept {BY}", site.config)


@advice("depreciation_no_decision")
def test_a_class_of_which_a_second_book_says_nothing(site: Site) -> None:
    """It is named, the others are computed; nothing breaks off."""
    write(site, "tax_life.csv", "*,60\n", "")
    accept(site)
    site.asset("A")
    site.asset("B", **{"class": "CL"})
    carry(site)
    said = fine("depreciate 2026-03 --book tax", site.config)
    assert heard("depreciation_no_decision", said)["table"] == "tax_life"
    assert "950.00" in said
    write(site, "tax_life.csv", "DZ,36\n", "DZ,36\nCL,48\n")
    accept(site)
    assert "2,375.00" in fine("depreciate 2026-03 --book tax", site.config)


@advice("depreciation_uncomputable")
def test_a_card_for_which_the_mapping_computes_nothing(site: Site) -> None:
    write(site, "plant.yaml", '"tax_life(card.class)::integer"', '"720 / (card.life_months - 60)"')
    accept(site)
    site.asset("A")
    carry(site)
    heard("depreciation_uncomputable", fine("depreciate 2026-03 --book tax", site.config))
    site.eam.execute("UPDATE asset SET life_months = 72")
    carry(site)
    assert "1,900.00" in fine("depreciate 2026-03 --book tax", site.config)


@advice("year_end_book")
def test_a_tax_return_of_a_book_that_there_is_not(site: Site) -> None:
    block = "report:\n  year_end:\n    tax: {book: taxes, line: 3}\nrules:\n"
    write(site, "plant.yaml", "rules:\n  registration", f"{block}  registration")
    heard("year_end_book", refused("mapping check", site.config, 1))
    write(site, "plant.yaml", "book: taxes", "book: tax")
    fine("mapping check", site.config)


@advice("year_end_list")
def test_a_list_for_which_a_decision_table_lacks_a_row(site: Site) -> None:
    block = "report:\n  year_end: {idle: tax_life(card.class) = '36'}\nrules:\n"
    write(site, "plant.yaml", "rules:\n  registration", f"{block}  registration")
    write(site, "tax_life.csv", "*,60\n", "")
    accept(site)
    site.asset("A", **{"class": "CL"})
    carry(site)
    report = f"report 2026-12 --out {site.folder / 'reports'}"
    assert heard("year_end_list", refused(report, site.config, 3))["list"] == "idle"
    write(site, "tax_life.csv", "DZ,36\n", "DZ,36\nCL,36\n")
    accept(site)
    fine(report, site.config)
    folder = site.folder / "reports" / "plant-2026-12" / "2026-12-en"
    assert "A," in (folder / "idle.csv").read_text("utf-8-sig")
