"""`syncd depreciate` as it is typed: preview, approve, check, any date, a second book; and invariant 15 for all that it
advises."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.books.depreciation import asking, preview
from syncd.cli import depreciating
from syncd.desk import status
from syncd.desk.parked.operators import Actor
from syncd.outbox import causes
from tests.advice import advice, advised, heard
from tests.advice.command import BY, daemon, fine, refused, syncd
from tests.depreciation.site import NAME, Site, carry


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def said(site: Site, typed: str) -> dict[str, object]:
    """What a command answers to a program."""
    answer: dict[str, object] = json.loads(fine(f"depreciate {typed} --json", site.config))
    return answer


def test_from_preview_to_posted_and_checked(site: Site) -> None:
    """A month: looked at, approved, posted by the daemon, found right; a second time there is nothing to post."""
    site.asset("FA-1")
    site.asset("FA-2", dept="XZ", **{"class": "DZ"})
    carry(site)
    shown = fine("depreciate 2026-02 --assets", site.config)
    for text in ("SC", "XZ", "JQSB", "DZ", "3,800.00", "FA-1", "new"):
        assert text in shown
    assert all(len(row) <= 80 for row in shown.splitlines())
    with daemon(site.config, NAME):
        made = fine(f"depreciate 2026-02 --approve {BY}", site.config)
        assert "2 assets, 3,800.00, 2026-02 记-1, 2026-02 记-2" in " ".join(made.split())
        again = fine(f"depreciate 2026-02 --approve {BY}", site.config)
        assert "already posted: 2026-02 记-1" in again
    assert "2 assets agree, 0 differ" in fine("depreciate 2026-02 --check", site.config)
    stands = fine("depreciate --as-of 2031-01-31 --asset FA-1", site.config)
    assert "112,100.00" in stands
    assert "6,000.00" in stands
    (row, *_) = json.loads(fine("depreciate --as-of 2026-03-31 --asset FA-1 --json", site.config))
    assert (row["accumulated_depreciation"], row["owed"]) == ("1900.00", "1900.00")
    assert (row["net_value"], row["carrying_amount"], row["expected"]) == ("118100.00", "118100.00", "116200.00")
    assert fine("--lang zh depreciate 2026-03", site.config).count("1,900.00") >= 2
    assert fine("audit verify", site.config)


def test_no_figure_is_broken_in_a_narrow_terminal(site: Site) -> None:
    """Ten million a machine, some months owed: what does not fit into one table stands in two, in both languages."""
    for code in ("FA-SC-0001", "FA-SC-0002"):
        site.asset(code, "98765432.10")
    carry(site)
    for language in ("zh", "en"):
        told = fine(f"--lang {language} depreciate --as-of 2026-03-31", site.config)
        assert all(len(row) <= 80 for row in told.splitlines())
        figures = ("FA-SC-0002", "98,765,432.10", "3,127,572.02", "95,637,860.08", "197,530,864.20", "191,275,720.16")
        assert [one for one in figures if one not in told] == []


def test_the_temporary_difference_to_a_second_book(site: Site) -> None:
    """Electronics: 60 months in the accounts, 36 by tax law; no voucher comes of it (Dolibarr#36522)."""
    site.asset("FA-1", **{"class": "DZ"})
    carry(site)
    (row,) = said(site, "2026-03 --book tax")["classes"]  # type: ignore[misc]
    assert row["accounting"] == "1900.00"
    assert row["tax"] == "3166.67"  # type: ignore[comparison-overlap]
    assert row["difference"] == "2533.34"  # type: ignore[comparison-overlap]
    assert "2,533.34" in fine("depreciate 2026-03 --book tax", site.config)
    assert site.ask("SELECT * FROM gl_voucher") == []


def test_oca_1323_the_convention_stands_beside_the_amount(site: Site) -> None:
    """Nobody has to guess days from an amount: removed on 3 March, that month counts whole, the next not at all."""
    site.asset("A")
    carry(site)
    for typed in ("depreciate 2026-03", "depreciate --as-of 2026-03-03"):
        assert "whole months, not days" in " ".join(fine(typed, site.config).split())
        assert "按整月计提" in fine(f"--lang zh {typed}", site.config)
    answer = said(site, "2026-03")
    assert (answer["convention"], answer["straight_line"]) == ("whole_months", "remaining")
    site.eam.execute("UPDATE asset SET status = 'disposed', changed_on = '2026-03-03' WHERE code = 'A'")
    carry(site)
    assert said(site, "2026-03")["total"] == "3800.00"


def test_why_a_month_is_not_as_the_one_before(site: Site) -> None:
    site.asset("FA-1")
    site.asset("FA-2", months=2, value="100.00")
    carry(site)
    site.eam.execute("UPDATE asset SET value = '170000.00', changed_on = '2026-03-10' WHERE code = 'FA-1'")
    carry(site)
    with daemon(site.config, NAME):
        fine(f"depreciate 2026-03 --approve {BY}", site.config)
    found = said(site, "2026-04")
    changes = {one["asset"]: one["reasons"] for one in found["changes"]}  # type: ignore[attr-defined]
    assert changes == {"FA-1": ["original_value"], "FA-2": ["fully_depreciated"]}
    explained = {tuple(one["reasons"]): one["difference"] for one in found["explained"]}  # type: ignore[attr-defined]
    assert list(explained) == [("original_value",), ("fully_depreciated",)], "the largest first"
    difference = Decimal(str(found["total"])) - Decimal(str(found["before"]))
    assert sum(map(Decimal, explained.values()), Decimal(0)) == difference, "all of the difference has its reason"


def test_changes_that_are_not_listed_are_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest stand first, and how many there are is said: a cut that nobody sees hides what a month hangs on."""
    for n, value in enumerate(("12000.00", "24000.00", "36000.00", "120000.00", "240000.00")):
        site.asset(f"FA-{n}", value)
    carry(site)
    monkeypatch.setattr(preview, "CHANGES_MAX", 2)
    monkeypatch.setattr(depreciating, "SHOWN_MAX", 2)
    told = fine("depreciate 2026-02", site.config)
    listed = [word for word in told.split() if word.startswith("FA-")]
    assert listed == ["FA-4", "FA-3"], "wherever they stand among the others"
    assert "the 2 largest of 5 changes" in told
    assert "6,840.00" in told, "of all, by reason"


def test_three_commands_at_once_make_one_voucher(site: Site) -> None:
    """frappe/erpnext#45369: one voucher, two answers with its number. In-process commands share streams, so the
    answers are taken from the ledger's side of the command."""
    site.asset("A")
    carry(site)
    answers: list[asking.Answer] = []

    def ask() -> None:
        wired = site.pipeline
        assert wired.computing is not None
        with closing(wired.open_ledger()) as ledger:
            by = Actor("clerk", "month end")
            answers.append(asking.approve(ledger, wired.computing, wired.periods(ledger), "2026-02", by))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with daemon(site.config, NAME):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert "2026-02 记-1" in fine(f"depreciate 2026-02 --approve {BY}", site.config)
    assert [a.state for a in answers].count("asked") == 1
    assert site.ask("SELECT debit FROM gl_entry WHERE account = '5101'") == [("1900.00",)]


def test_a_month_is_taken_back_and_made_again(site: Site) -> None:
    site.asset("A")
    with daemon(site.config, NAME):
        carry_by_daemon(site, 1)
        fine(f"depreciate 2026-02 --approve {BY}", site.config)
        assert "taken back" in fine(f"depreciate 2026-02 --reverse {BY}", site.config)
        assert site.ask("SELECT accumulated_depreciation FROM fa_card") == [("0.00",)]
        fine(f"depreciate 2026-02 --approve {BY}", site.config)
    assert site.ask("SELECT accumulated_depreciation FROM fa_card") == [("1900.00",)]


def carry_by_daemon(site: Site, cards: int) -> None:
    """Until the daemon has carried the cards."""
    waited = threading.Event()
    for _ in range(500):
        if site.ask("SELECT count(*) FROM fa_card") == [(cards,)]:
            return
        waited.wait(0.02)
    raise AssertionError("the daemon carries nothing")


# Invariant 15

USAGE = [
    advised("depreciation_period", "depreciate November", "depreciate 2026-11"),
    advised("depreciation_when", "depreciate", "depreciate 2026-11"),
    advised("depreciation_when", "depreciate", "depreciate --as-of 2026-11-30", name="a-day"),
    advised("depreciation_day", "depreciate --as-of November", "depreciate --as-of 2026-11-30"),
    advised("depreciation_one", "depreciate 2026-11 --check --preview", "depreciate 2026-11 --preview"),
    advised("depreciation_book", "depreciate 2026-11 --book taxes", "depreciate 2026-11 --book tax"),
]


@pytest.mark.parametrize(("code", "wrong", "right"), USAGE)
def test_what_is_typed_wrong_is_told(site: Site, code: str, wrong: str, right: str) -> None:
    heard(code, refused(wrong, site.config))
    fine(right, site.config)


@advice("depreciation_closed", "depreciation_no_period")
def test_a_period_that_cannot_be_posted(site: Site) -> None:
    site.asset("A")
    carry(site)
    heard("depreciation_no_period", refused(f"depreciate 2032-01 --approve {BY}", site.config))
    site.tell("INSERT INTO gl_period VALUES ('2032-01', '2032-01-01', '2032-01-31', 0)")
    heard("depreciation_closed", refused(f"depreciate 2032-01 --approve {BY}", site.config, 3))
    site.tell("DELETE FROM gl_period WHERE code = '2032-01'", "UPDATE gl_period SET open = 0 WHERE code < '2026-03'")
    found = heard("depreciation_closed", refused(f"depreciate 2026-02 --approve {BY}", site.config, 3))
    assert found["first"] == "2026-03"
    with daemon(site.config, NAME):
        assert "1 assets, 3,800.00" in " ".join(fine(f"depreciate 2026-03 --approve {BY}", site.config).split())


@advice("depreciation_on_its_way")
def test_a_run_that_is_on_its_way(site: Site) -> None:
    site.asset("A")
    carry(site)
    assert "no daemon" in fine(f"depreciate 2026-02 --approve {BY}", site.config)
    heard("depreciation_on_its_way", refused(f"depreciate 2026-02 --reverse {BY}", site.config, 3))
    with daemon(site.config, NAME):
        fine(f"depreciate 2026-02 --approve {BY}", site.config)
        fine(f"depreciate 2026-02 --reverse {BY}", site.config)


FAULTS = [
    advised("depreciation_value", {"value": "-1.00"}, "value = '120000.00', changed_on = '2026-02-01'"),
    advised("depreciation_life", {"life_months": "0"}, "life_months = 60"),
    advised("depreciation_rate", {"residual_rate": "5"}, "residual_rate = '0.05'"),
    advised("depreciation_method", {"method": "linear"}, "method = 'straight_line'"),
    advised("depreciation_units", {"method": "units"}, "method = 'straight_line'"),
]


@pytest.mark.parametrize(("code", "wrong", "right"), FAULTS)
def test_an_asset_that_cannot_be_computed(site: Site, code: str, wrong: dict[str, str], right: str) -> None:
    site.asset("A", **wrong)  # type: ignore[arg-type]
    carry(site)
    heard(code, fine("depreciate 2026-02", site.config))
    site.eam.execute(f"UPDATE asset SET {right}")
    carry(site)
    assert "1,900.00" in fine("depreciate 2026-02", site.config)


@advice("depreciation_shares")
def test_shares_that_are_not_the_whole(site: Site) -> None:
    site.asset("A")
    site.eam.execute("INSERT INTO share VALUES ('A', 'SC', '50')")
    carry(site)
    heard("depreciation_shares", fine("depreciate 2026-02", site.config))
    site.eam.execute("UPDATE share SET percent = '100'")
    carry(site)
    assert "1,900.00" in fine("depreciate 2026-02", site.config)


@advice("depreciation_nothing", "depreciation_by_eam")
def test_a_mapping_that_does_not_let_syncd_compute(site: Site) -> None:
    site.asset("A")
    carry(site)
    mapping = site.folder / "plant.yaml"
    text = mapping.read_text("utf-8")
    before, _, rest = text.partition("depreciation:\n  by: syncd")
    rules = rest.partition("rules:\n")[2]
    mapping.write_text(f"{before}rules:\n{rules}", "utf-8")
    site.accept()
    heard("depreciation_nothing", refused("depreciate 2026-02", site.config))
    mapping.write_text(text, "utf-8")
    site.accept()
    fine("depreciate 2026-02", site.config)

    mapping.write_text(
        text.replace("by: syncd", "by: eam").replace(
            "    table: deprec\n    columns:",
            "    table: deprec\n    asset: code\n    period: period\n    amount: amount\n    columns:",
        ),
        "utf-8",
    )
    site.accept()
    heard("depreciation_by_eam", refused(f"depreciate 2026-02 --approve {BY}", site.config))
    fine("depreciate 2026-02 --preview", site.config)
    assert syncd("depreciate 2026-02 --check", site.config).code == 1, "nothing was sent yet"


@advice("people_second")
def test_a_run_and_a_mapping_take_two_people_of_whom_one_is_a_controller(site: Site) -> None:
    """Four eyes, where people are named: nobody posts or takes back a month alone, nor lifts a limit of the
    mapping; who agrees has seen what was asked, not what the file says by then."""
    site.asset("A")
    carry(site)
    config = site.config.read_text("utf-8")
    site.config.write_text(
        config + "people: {clerk: [], Li: [finance], Zhao: [controller], Qian: [controller]}\n", "utf-8"
    )
    why = "--reason seen --actor"

    def alone(typed: str, *names: str) -> dict[str, str]:
        return [heard("people_second", refused(f"{typed} {why} {name}", site.config, 3)) for name in names][-1]

    run = "depreciate 2026-02 --approve"
    assert alone(run, "Zhao", "zhao", "Li")["holders"] == "Zhao, Qian"
    assert alone("depreciate 2026-02 --reverse", "Qian")["holders"] == "Zhao"
    assert site.ask("SELECT * FROM syncd_depreciation_run") == []
    with daemon(site.config, NAME):
        assert "is posted" in fine(f"{run} {why} Zhao", site.config)
        alone("depreciate 2026-02 --reverse", "Zhao", "Zhao")  # what Qian asked was before there was a run
        assert "taken back" in fine(f"depreciate 2026-02 --reverse {why} Qian", site.config)
    alone(run, "Zhao")  # what was agreed to once is not agreed to for ever
    mapping = site.folder / "plant.yaml"
    mapping.write_text(mapping.read_text("utf-8") + "# 1\n", "utf-8")
    accept = "mapping accept"
    was = site.ask("SELECT count(*) FROM syncd_acceptance")
    alone(accept, "clerk")
    mapping.write_text(mapping.read_text("utf-8") + "# 2\n", "utf-8")
    alone(accept, "Zhao", "Zhao")
    assert site.ask("SELECT count(*) FROM syncd_acceptance") == was
    assert "is accepted" in fine(f"{accept} {why} Qian", site.config)
    assert fine("audit verify", site.config)


def test_an_asset_that_a_run_left_out_is_told_until_a_run_takes_it_up(site: Site) -> None:
    """Invariant 1: it owes a month and is parked nowhere. Status, the list of the close and an alert name it with what
    to correct; that done, the next run takes it up and nothing is said any more."""
    site.asset("A")
    site.asset("B", months=0)
    carry(site)

    def told() -> tuple[list[str], list[str], list[str]]:
        """By status, close and alerts."""
        with closing(site.pipeline.open_ledger()) as ledger:
            now = datetime.now(UTC)
            listed = status.pipeline_status(ledger, NAME, now).uncomputed
            items = {item.said.code: item for item in site.pipeline.close_items(ledger, "2026-02")}
            rows = [str(row[1]) for row in items["close_uncomputed"].rows]
            alerted = causes.of(ledger, NAME, causes.Limits(1e9, 1e9, 1e9, 1e9), "en", now)
            names = [one.params["asset"] for one in alerted if one.name == "uncomputed"]
        return [one.asset for one in listed], rows, names

    assert told() == ([], [], [])
    with daemon(site.config, NAME):
        fine(f"depreciate 2026-02 --approve {BY}", site.config)
        assert told() == (["B"], ["B"], ["B"])
        found = heard("depreciation_life", syncd("status", site.config).said)
        assert found["value"] == "0"
        items = json.loads(syncd("close 2026-02 --json", site.config).said)["items"]
        (item,) = [one for one in items if one["code"] == "close_uncomputed"]
        assert item["state"] == "fails"
        site.eam.execute("UPDATE asset SET life_months = 60, changed_on = '2026-01-16' WHERE code = 'B'")
        until(lambda: site.ask("SELECT life_months FROM fa_card WHERE asset_code = 'B'") == [(60,)])
        (command,) = re.findall(r"`syncd (depreciate \S+ --approve)`", item["mend"])
        fine(f"{command} {BY}", site.config)
    assert told() == ([], [], [])
    assert site.ask("SELECT accumulated_depreciation FROM fa_card ORDER BY asset_code") == [("1900.00",), ("1900.00",)]


def until(holds: Callable[[], bool]) -> None:
    """Another thread does it."""
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it does not come about")
