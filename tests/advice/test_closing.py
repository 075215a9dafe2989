"""Invariant 15 for `syncd close`, `syncd reopen` and `syncd report`: what keeps a month from being closed is done as it
is said, and each item of the list names a command that shows what is wrong."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from syncd import language, wiring
from syncd.books.close.item import Item
from syncd.daemon import drain
from syncd.demo.stage import Stage, built
from syncd.ports import Ledger
from tests.advice import advice, heard
from tests.advice.office import BY, DEVICES, TODAY, commands, type_in

FOUND, WRONG, NEEDS_A_PERSON, LATER = 1, 2, 3, 4
MONTH, NEXT = "2026-11", "2026-12"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A company in the books, of which a clerk has typed a voucher onto 1601 by hand."""
    with built(tmp_path_factory.mktemp("stage"), DEVICES, TODAY) as made:
        with closing(made.pipeline.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.snapshot(made.pipeline.spec(), ledger, lambda *_: None)
        for line, account, debit, credit in ((1, "1601", "5.00", "0"), (2, "1002", "0", "5.00")):
            made.finance.execute(
                "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit)"
                " VALUES (?, '记', 1, ?, '手工', ?, ?, ?)",
                (MONTH, 100 + line, account, debit, credit),
            )
        yield made
    structlog.reset_defaults()
    language.choose(None)


def closed(stage: Stage) -> list[str]:
    return [period for (period,) in stage.rows("SELECT period FROM syncd_closing ORDER BY period")]


@advice("close_fails", "close_closed")
def test_a_month_in_which_something_does_not_hold(stage: Stage) -> None:
    """The list alone changes nothing; who wants it closed is told what to do; closed once, it is closed."""
    assert "not holding" in type_in(stage.directory, f"close {MONTH}", FOUND)
    said = type_in(stage.directory, f"close {MONTH} {BY}", WRONG)
    heard("close_fails", said)
    assert closed(stage) == []
    (command,) = [one for one in commands(said) if "--anyway" in one]
    type_in(stage.directory, command.replace("--actor NAME --reason TEXT", BY))
    assert closed(stage) == [MONTH]
    assert "2026-11 is closed; of the items above" in (listed := type_in(stage.directory, f"close {MONTH}", FOUND))
    assert "not holding" not in listed
    again = type_in(stage.directory, f"close {MONTH} {BY}", WRONG)
    heard("close_closed", again)
    assert "is not closed" not in again
    heard("close_closed", said := type_in(stage.directory, f"close {MONTH} --anyway {BY}", WRONG))
    (command,) = commands(said.partition("✗ period")[2])
    type_in(stage.directory, f"{command} {BY}")
    assert closed(stage) == []
    type_in(stage.directory, "audit verify")


@advice("people_no_role")
def test_only_a_controller_closes_what_does_not_hold_and_opens_a_month_again(stage: Stage) -> None:
    """Where the configuration names people: a clerk without a role did both."""
    config = stage.directory / "syncd.yaml"
    before = config.read_text("utf-8")
    config.write_text(before + "people: {clerk: [], Li: [finance], Zhao: [finance, controller]}\n", "utf-8")
    for typed, expected in ((f"close {MONTH} --anyway", [MONTH]), (f"reopen {MONTH}", [])):
        now = closed(stage)
        for name in ("clerk", "Li"):
            said = type_in(stage.directory, f"{typed} --actor {name} --reason advised", NEEDS_A_PERSON)
            holders = heard("people_no_role", said)["holders"]
            assert closed(stage) == now
        assert holders == "Zhao"
        type_in(stage.directory, f"{typed} --actor {holders} --reason advised")
        assert closed(stage) == expected
    heard("close_fails", type_in(stage.directory, f"close {MONTH} {BY}", WRONG))
    config.write_text(before, "utf-8")


@advice("reopen_later", "reopen_open")
def test_months_are_opened_from_the_last(stage: Stage) -> None:
    for month in (MONTH, NEXT):
        type_in(stage.directory, f"close {month} --anyway {BY}")
    found = heard("reopen_later", said := type_in(stage.directory, f"reopen {MONTH} {BY}", NEEDS_A_PERSON))
    assert found["later"] == NEXT
    (command,) = commands(said)
    for typed in (command, f"reopen {MONTH}"):
        type_in(stage.directory, f"{typed} {BY}")
    heard("reopen_open", type_in(stage.directory, f"reopen {MONTH} {BY}", WRONG))
    stage.finance.execute("UPDATE gl_period SET status = 'open' WHERE code = ?", (MONTH,))
    assert closed(stage) == []
    assert f"{MONTH} is closed" not in type_in(stage.directory, f"close {MONTH}", FOUND)


@advice("period_unknown")
def test_a_month_that_finance_does_not_have(stage: Stage) -> None:
    for typed in ("close 2026-1O", "report 2026-1O"):
        found = heard("period_unknown", type_in(stage.directory, typed, WRONG))
        assert re.fullmatch(r"2026-1\d", found["nearest"])
    type_in(stage.directory, f"close {found['nearest']}", FOUND)


@advice("close_overtaken")
def test_a_voucher_that_comes_while_the_list_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    look = wiring.Pipeline.close_items

    def late(pipeline: wiring.Pipeline, ledger: Ledger, month: str) -> list[Item]:
        items = look(pipeline, ledger, month)
        stage.finance.execute("INSERT INTO syncd_number (period, type, last) VALUES (?, '记', 7)", (month,))
        return items

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(wiring.Pipeline, "close_items", late)
        heard("close_overtaken", said := type_in(stage.directory, f"close {MONTH} --anyway {BY}", LATER))
    (command,) = commands(said.partition("was looked at")[2])
    type_in(stage.directory, f"{command} --anyway {BY}")
    type_in(stage.directory, f"reopen {MONTH} {BY}")
    stage.finance.execute("DELETE FROM syncd_number WHERE period = ?", (MONTH,))


@advice("report_no_folder")
def test_a_folder_that_cannot_be_written(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    heard("report_no_folder", type_in(stage.directory, f"report {MONTH} --out {tmp_path / 'taken'}", NEEDS_A_PERSON))
    type_in(stage.directory, f"report {MONTH} --out {tmp_path / 'free'} --language both")
    made = {path.name for path in (tmp_path / "free" / f"demo-{MONTH}").iterdir()}
    assert made == {f"{MONTH}-{one}{end}" for one in ("zh", "en") for end in ("", ".xlsx", ".html")}


def test_each_command_that_an_item_names_is_one_that_runs(stage: Stage) -> None:
    """Those of the item that fails here; how many rows there are is said."""
    said = type_in(stage.directory, f"close {MONTH} --all", FOUND)
    assert "accounts equal the cards" in said
    assert "reconcile" in commands(said)
    type_in(stage.directory, "reconcile")


def test_an_asset_that_a_side_lacks_is_told_with_its_figures(stage: Stage) -> None:
    """A card that somebody made in finance stood in the list with names in place of amounts."""
    ((names,),) = stage.rows("SELECT group_concat(name) FROM pragma_table_info('fa_card')")
    copied = names.replace("asset_code", "'FA-GHOST'", 1)
    stage.finance.execute(f"INSERT INTO fa_card ({names}) SELECT {copied} FROM fa_card ORDER BY asset_code LIMIT 1")
    try:
        said = type_in(stage.directory, f"close {MONTH} --all", FOUND)
    finally:
        stage.finance.execute("DELETE FROM fa_card WHERE asset_code = 'FA-GHOST'")
    assert "FA-GHOST" in said
    assert re.search(r"accumulated depreciation\s+[\d,]+\.\d\d", said)
    assert "{" not in said
