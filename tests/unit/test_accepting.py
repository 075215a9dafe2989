"""What people accept of a reconciliation, at the wrong moment: twice, late, or of what is not so any more. Invariant 2,
nothing twice, for what a person has posted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from syncd.books.reconciliation import history
from syncd.daemon import pipeline
from syncd.desk.audit.verify import verify
from syncd.desk.parked import approvals, operators
from syncd.errors import Fault
from tests.advice import advice, heard
from tests.advice.command import BY as TYPED
from tests.advice.command import fine, refused
from tests.console.site import BY, MAPPING, NAME, Site

CORRECTED = """
  {rule}:
    on: asset
    when: op = 'update' AND after.value {than} before.value
    require: [{{check: after.dept <> 'BAD', says: dept}}]
    change: {{asset_code: after.code, original_value: after.value}}
    voucher:
      type: "'记'"
      date: after.bought_on
      summary: "'更正 ' || after.name"
      entries:
        - {{account: "'{debit}'", debit: abs(after.value - before.value), dept: after.dept}}
        - {{account: "'{credit}'", credit: abs(after.value - before.value), dept: after.dept}}
"""
RECONCILED = "reconcile: {on: asset, asset_code: code, original_value: {rule: registration, field: original_value}}"
RAISED = CORRECTED.format(rule="raised", than=">", debit="1601", credit="1002")
DATABASES = ("eam.db", "finance.db")
LOWERED = CORRECTED.format(rule="lowered", than="<", debit="1002", credit="1601")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A1 was corrected from 120,000.00 to 150,000.00 under a department that nobody knows; the row was discarded, and
    the department is right by now: 30,000.00 are to be posted, and it is proposed."""
    made = Site(tmp_path_factory.mktemp("site"), f"{MAPPING}{RAISED}{LOWERED}{RECONCILED}\n", {})
    made.asset("A1")
    made.carry()
    made.eam.execute("UPDATE asset SET value = '150000.00', dept = 'BAD'")
    made.carry()
    with closing(made.pipeline.open_ledger()) as ledger:
        operators.discard(ledger, NAME, operators.Selection(state="failed"), BY)
    made.eam.execute("UPDATE asset SET dept = 'SC'")
    made.carry()
    yield made
    made.close()


@pytest.fixture
def site(made: Site) -> Iterator[Site]:
    """The same, put back as it was."""
    kept = [sqlite3.connect(":memory:") for _ in DATABASES]
    mapping = (made.folder / "mapping.yaml").read_text("utf-8")
    for name, copy in zip(DATABASES, kept, strict=True):
        with closing(sqlite3.connect(made.folder / name)) as database:
            database.backup(copy)
    yield made
    (made.folder / "mapping.yaml").write_text(mapping, "utf-8")
    for name, copy in zip(DATABASES, kept, strict=True):
        with closing(sqlite3.connect(made.folder / name)) as database, closing(copy):
            copy.backup(database)


def accepted(site: Site, name: str) -> str:
    """The code of why a difference cannot be accepted; empty where it can."""
    wired = site.pipeline
    with closing(wired.open_ledger()) as ledger:
        try:
            wired.accept_difference(ledger, name, BY)
        except Fault as fault:
            return fault.code
    return ""


def held(site: Site) -> list[str]:
    """What 1601 was debited and, behind a minus, credited."""
    rows = site.ask("SELECT debit, credit FROM gl_entry WHERE account = '1601' ORDER BY number")
    return [str(debit) if str(debit) != "0" else f"-{credit}" for debit, credit in rows]


def test_two_consoles_accept_one_difference_of_two_runs(site: Site) -> None:
    """The daemon is away. Two people compare, and each accepts what their run has told: it is posted once."""
    for run, why in ((1, ""), (2, "reconcile_accepted")):
        assert site.pipeline.reconcile().run == run
        assert accepted(site, f"{run}/1") == why
    assert accepted(site, "1/1") == "reconcile_outdated"
    site.carry()
    assert held(site) == ["120000.00", "30000.00"]
    assert site.pipeline.reconcile().differing == 0


@advice("reconcile_changed")
def test_what_the_eam_has_changed_and_the_daemon_posted_since_is_not_accepted(site: Site) -> None:
    """Nor is there anything left to accept, as the hint lets people see."""
    assert "1/1" in refused("reconcile", site.config, 1)
    site.eam.execute("UPDATE asset SET value = '170000.00'")
    site.carry()
    heard("reconcile_changed", refused(f"reconcile --accept 1/1 {TYPED}", site.config, 3))
    site.carry()
    assert held(site) == ["120000.00", "20000.00"]
    assert "2/1" not in fine("reconcile", site.config)


@pytest.mark.parametrize("done", ["UPDATE fa_card SET original_value = '150000.00'", "DELETE FROM fa_card"])
def test_what_finance_has_mended_by_hand_since_is_not_accepted(site: Site, done: str) -> None:
    site.pipeline.reconcile()
    with closing(site.pipeline.open_ledger()) as ledger:
        ledger.execute([(done, ())])
    assert accepted(site, "1/1") == "reconcile_changed"
    site.carry()
    assert held(site) == ["120000.00"]


def test_what_the_eam_changes_between_the_acceptance_and_the_daemons_next_look(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the log says meanwhile counts: the proposal is taken back, and the next run tells what there is to tell."""
    site.pipeline.reconcile()
    assert accepted(site, "1/1") == ""
    site.eam.execute("UPDATE asset SET value = '170000.00'")
    with monkeypatch.context() as busy:
        busy.setattr(pipeline, "replay", lambda *_: ())
        site.carry()
    site.carry()
    assert held(site) == ["120000.00", "20000.00"]
    assert site.ask("SELECT request FROM syncd.difference WHERE request <> ''") == []


def test_a_mapping_that_has_the_table_under_another_name_by_now_stops_nothing(site: Site) -> None:
    """Invariant 5: accepted, then another mapping is, in which the asset's table is called otherwise."""
    site.pipeline.reconcile()
    assert accepted(site, "1/1") == ""
    file = site.folder / "mapping.yaml"
    renamed = file.read_text("utf-8").replace("  asset: {table", "  device: {table").replace("on: asset", "on: device")
    file.write_text(renamed, "utf-8")
    wired = site.pipeline
    with closing(wired.open_ledger()) as ledger:
        operators.accept(ledger, wired.mapping.name, wired.mapping.hash, BY)
    site.asset("A2")
    site.carry()
    assert held(site) == ["120000.00", "120000.00"]
    assert site.ask("SELECT state FROM syncd.parked WHERE settled_at IS NULL") == []
    with closing(wired.open_ledger()) as ledger:
        assert list(verify(ledger, NAME, wired.mapping.layout).flaws) == []


def test_a_mapping_that_compares_nothing_by_now_accepts_nothing(site: Site) -> None:
    site.pipeline.reconcile()
    file = site.folder / "mapping.yaml"
    file.write_text(file.read_text("utf-8").replace(RECONCILED, ""), "utf-8")
    wired = site.pipeline
    with closing(wired.open_ledger()) as ledger:
        operators.accept(ledger, wired.mapping.name, wired.mapping.hash, BY)
    assert accepted(site, "1/1") == "reconcile_changed"


def test_who_accepted_stays_known_when_runs_are_forgotten(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four eyes: whoever accepts a difference, and has both sides compared until its run is forgotten, does not agree
    to it themselves."""
    monkeypatch.setattr(history, "RUNS_MAX", 1)
    site.pipeline.reconcile()
    assert accepted(site, "1/1") == ""
    site.carry()
    ((number,),) = site.ask("SELECT max(id) FROM syncd.parked")
    for _ in range(2):
        site.pipeline.reconcile()
    with closing(site.pipeline.open_ledger()) as ledger:
        (deeds,) = approvals.deeds(ledger, NAME, [int(str(number))]).values()
        row = operators.show(ledger, NAME, int(str(number)))
    assert approvals.bars(row, deeds, (), BY.name) == "accept_difference"
