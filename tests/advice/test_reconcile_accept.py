"""Invariant 15 for what `syncd reconcile` proposes: the command that it prints is followed, and so is what keeps it."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from syncd.demo import eam
from tests.advice import advice, heard
from tests.advice.office import BY, TODAY, Office, opened

FOUND, WRONG, NEEDS_A_PERSON = 1, 2, 3


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("office")) as made:
        yield made


def _given_up(office: Office, asset: str, department: int) -> str:
    """An asset whose row was discarded for a department that has come since; the command that is proposed for it."""
    office.enter(asset, department_id=department)
    office.rest()
    ((number, *_),) = office.parked()
    office.type(f"parked discard {number} {BY}")
    made = "INSERT INTO department SELECT ?, ?, name, kind, workshop FROM department LIMIT 1"
    office.write(made, department, f"D{department}")
    office.rest()
    return _proposed(office)


def _proposed(office: Office) -> str:
    found = re.search(r"`syncd (reconcile --accept \S+ --actor NAME --reason TEXT)`", office.type("reconcile", FOUND))
    assert found
    return found[1].replace("--actor NAME --reason TEXT", BY)


@advice("reconcile_no_run", "reconcile_no_difference")
def test_what_is_not_there(office: Office) -> None:
    heard("reconcile_no_run", office.type("reconcile --run 99999", WRONG))
    heard("reconcile_no_difference", office.type(f"reconcile --accept twelve {BY}", WRONG))
    office.type("reconcile")
    assert office.type("reconcile --history")
    office.type("reconcile --run 1")


@advice("reconcile_outdated", "reconcile_accepted")
def test_what_is_proposed_is_accepted_once_and_of_the_last_run(office: Office) -> None:
    early = _given_up(office, "FA-AC-1", 801)
    command = _proposed(office)
    heard("reconcile_outdated", office.type(early, NEEDS_A_PERSON))
    office.type(command)
    heard("reconcile_accepted", office.type(command, WRONG))
    office.stage.posted("registration", ["FA-AC-1"])
    office.type("reconcile")


@advice("reconcile_parked_first")
def test_a_row_that_is_parked_comes_first(office: Office) -> None:
    command = _given_up(office, "FA-AC-2", 802)
    (asset,) = office.stage.eam.execute("SELECT id FROM asset WHERE asset_code = 'FA-AC-2'").fetchone()
    eam.upgrade(office.stage.eam, asset, Decimal("1000.00"), TODAY)  # of an asset that has no card
    office.rest()
    heard("reconcile_parked_first", office.type(command, NEEDS_A_PERSON))
    office.write("DELETE FROM upgrade WHERE asset_id = ?", asset)
    office.rest()
    for number, *_ in office.parked():
        office.type(f"parked discard {number} {BY}")
        office.rest()
    office.type(_proposed(office))
    office.stage.posted("registration", ["FA-AC-2"])
    office.type("reconcile")


@advice("reconcile_no_posting")
def test_what_no_rule_can_post_is_mended_where_it_went_wrong(office: Office) -> None:
    office.book("UPDATE fa_card SET original_value = '1.00' WHERE asset_code = 'FA-AC-1'")
    shown = office.type("reconcile", FOUND)
    number = next(line.split()[0] for line in shown.splitlines() if "FA-AC-1" in line)
    heard("reconcile_no_posting", office.type(f"reconcile --accept {number} {BY}", NEEDS_A_PERSON))
    assert "correct the card in finance" in " ".join(shown.split())
    office.book("UPDATE fa_card SET original_value = '10000.00' WHERE asset_code = 'FA-AC-1'")
    office.type("reconcile")
