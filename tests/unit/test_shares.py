"""Invariant 8 of a group's voucher: each row's share of each entry, as it was posted, and the way back from all."""

import csv
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from connectors.convert import typed
from syncd.change import Value
from syncd.cli import output, pages, sheets, tracing
from syncd.desk import shares, trace
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from tests.unit.lab import CLERK, NAME, Lab

D = Decimal
MAPPING = """
tables:
  asset:
    table: asset
    key: id
    subject: code
    columns: {id: integer, code: text, amount: money, paper: text, on_: date}
  charge:
    table: charge
    key: id
    subject: code
    columns: {id: integer, code: text, kind: text, amount: money, extra: money, on_: date}
  run: {table: run, key: period, columns: {period: text, status: text}}
rules:
  added:
    on: asset
    when: op = 'insert'
    card: {asset_code: after.code, original_value: after.amount, accumulated_depreciation: "0.00"}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'added ' || after.code"
      fields: {document: after.paper, prepared_by: "'zhang'"}
      entries: [{account: "'1601'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  charged:
    on: charge
    when: op = 'insert'
    approve: {when: after.amount > 100, role: finance}
    require:
      - {check: after.amount > 0, says: {zh: 金额为正, en: positive}}
    let: {both: after.amount + after.extra}
    change: {asset_code: after.code, accumulated_depreciation: card.accumulated_depreciation + both}
    collect:
      group: ["to_char(after.on_, 'YYYY-MM')"]
      post: {on: run, when: after.status = 'approved', group: [after.period]}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'charge'"
      entries:
        - {account: "'6602'", debit: after.amount, dept: "'SC'", when: after.kind = 'sc'}
        - {account: "'6602'", debit: after.amount, when: after.kind <> 'sc'}
        - {account: "'6602'", debit: after.extra}
        - {account: "'1602'", credit: both}
"""
AMOUNTS = (("FA-1", "sc", "10.00", "0.05"), ("FA-2", "rd", "20.10", "0.00"), ("FA-1", "sc", "0.01", "1.00"))


def site(*amounts: tuple[str, str, str, str]) -> Lab:
    lab = Lab(MAPPING)
    for n, code in enumerate(sorted({code for code, *_ in amounts}), 1):
        paper = f"GD-{n}%"
        lab.commit(lab.insert("asset", id=n, code=code, amount=D(1000), paper=paper, on_=date(2026, 1, 5)))
    for n, (code, kind, amount, extra) in enumerate(amounts, 1):
        row: Mapping[str, Value] = {"id": n, "code": code, "kind": kind, "amount": D(amount), "extra": D(extra)}
        lab.commit(lab.insert("charge", **row, on_=date(2026, 1, 31)))
    lab.rest()
    return lab


def released(lab: Lab) -> trace.Origin:
    lab.commit(lab.insert("run", period="2026-01", status="approved"))
    lab.rest()
    ((ref,),) = lab.ask("SELECT voucher FROM syncd_posting WHERE rule = 'charged' AND voucher <> ''")
    (origin,) = trace.find(lab.ledger, str(ref)).origins
    return origin


def test_each_row_says_what_it_has_put_into_which_entry() -> None:
    """Entries of several rows, of one, of two columns of a row; they add up, as the voucher stands in finance."""
    lab = site(*AMOUNTS)
    origin = released(lab)
    assert origin.group is not None
    assert (origin.group.told, origin.group.is_whole) == ("record", True)
    put_in = [(row.subject, row.row["id"], dict(row.amounts)) for row in origin.shares]
    # entries: 6602 of SC; 6602 without, into which `extra` goes too; 1602
    assert put_in == [
        ("FA-1", 1, {1: D("10.00"), 2: D("0.05"), 3: D("10.05")}),
        ("FA-2", 2, {2: D("20.10"), 3: D("20.10")}),
        ("FA-1", 3, {1: D("0.01"), 2: D("1.00"), 3: D("1.01")}),
    ]
    held = "SELECT debit, credit FROM gl_entry WHERE number = 3 ORDER BY line"
    assert [(one.amount, one.shares) for one in origin.group.entries] == [
        (amount, amount) for sides in lab.ask(held) for amount in map(D, map(str, sides)) if amount
    ]
    assert [problem.code for problem in verify(lab.ledger, NAME, lab.mapping.layout).flaws] == []


def test_an_entry_names_the_rows_that_went_into_it_alone() -> None:
    lab = site(*AMOUNTS)
    ref = released(lab).voucher_ref
    (origin,) = trace.find(lab.ledger, f"{ref}/1").origins
    assert [(row.row["id"], dict(row.amounts)) for row in origin.shares] == [(1, {1: D("10.00")}), (3, {1: D("0.01")})]
    assert origin.group is not None
    assert [(one.line, one.rows, one.is_equal) for one in origin.group.entries] == [(1, 2, True)]
    assert trace.find(lab.ledger, f"{ref}/9") == trace.Traced(f"{ref}/9", [], [])


def test_an_asset_shows_its_share_and_not_the_whole() -> None:
    """Two of its rows went into one voucher, with another asset's: its part of each entry, and the cards agree."""
    lab = site(*AMOUNTS)
    released(lab)
    life = trace.trace(lab.ledger, "FA-1")
    step = life.steps[-1]
    assert (step.rows, step.told) == (3, "record")
    assert [(line.number, line.share) for line in step.lines] == [(1, D("10.01")), (2, D("1.05")), (3, D("11.06"))]
    other = trace.trace(lab.ledger, "FA-2").steps[-1]
    assert [(line.number, line.share) for line in other.lines] == [(2, D("20.10")), (3, D("20.10"))]
    assert life.card["accumulated_depreciation"] == "11.06"


@pytest.mark.parametrize("asked", ["charged@", "charge:2", "GD-2%", "asset:2", "FA-2"])
def test_the_way_back_from_a_row_a_key_and_a_document(asked: str) -> None:
    """From a collected row by its key or its source row to the group's voucher; from a document to the voucher whose
    header names it, and no other whose document looks alike."""
    lab = site(*AMOUNTS)
    ref = released(lab).voucher_ref
    ((key,),) = lab.ask("SELECT key FROM syncd_collected WHERE subject = 'FA-2'")
    found = trace.find(lab.ledger, str(key) if asked.endswith("@") else asked, lab.mapping.tables)
    if asked in ("charged@", "charge:2"):
        assert [origin.voucher_ref for origin in found.origins] == [ref]
    elif asked != "FA-2":
        assert [origin.step.rule for origin in found.origins] == ["added"]
    assert "FA-2" in [life.subject for life in found.lives]
    assert ("FA-1" in [life.subject for life in found.lives]) == (asked in ("charged@", "charge:2"))


def test_a_row_that_is_collected_and_not_posted_is_found() -> None:
    lab = site(*AMOUNTS)
    found = trace.find(lab.ledger, "charge:2", lab.mapping.tables)
    assert [life.subject for life in found.lives] == ["FA-2"]
    assert [row.posted for row in found.lives[0].collected] == [""]


def test_edits_and_approvals_of_a_row_stand_with_its_groups_voucher() -> None:
    """Who typed what, old and new; who agreed, in which role, to which step; who answered for the rules."""
    lab = site(("FA-1", "sc", "10.00", "0.00"), ("FA-2", "sc", "-5.00", "0.00"), ("FA-2", "sc", "500.00", "0.00"))
    operators.accept(lab.ledger, "lab", lab.mapping.hash, operators.Actor("zhao", "go-live"))
    rows = operators.parked(lab.ledger, NAME, operators.Selection())
    wrong = next(row for row in rows if row.state == "failed")
    values = {"amount": "5.00"}
    operators.edit(lab.ledger, NAME, wrong.id, values, lab.mapping.tables, partial(typed, zone=lab.mapping.zone), CLERK)
    lab.rest()
    (held,) = operators.parked(lab.ledger, NAME, operators.Selection())
    operators.approve(lab.ledger, NAME, held.id, operators.Actor("wang", "form 7"), "finance")
    lab.rest()
    origin = released(lab)
    assert [(act.actor, act.action, trace.about(act, "en"), trace.told(act, "en")) for act in origin.actions] == [
        ("zhao", "accept", "mapping lab", lab.mapping.hash[:12]),
        ("clerk", "edit", f"parked row {wrong.id}", "amount: -5.00 → 5.00"),
        ("wang", "approve", f"parked row {held.id}", "finance: charged"),
    ]
    assert [row.row["amount"] for row in origin.shares] == ["10.00", "5.00", "500.00"]


def old(lab: Lab) -> None:
    """As a version recorded it that kept no shares."""
    for seq, text in lab.ask("SELECT seq, content FROM syncd_posting WHERE rule = 'charged' AND voucher <> ''"):
        content = json.loads(str(text))
        del content["voucher"]["shares"]
        lab.database.execute("UPDATE syncd_posting SET content = ? WHERE seq = ?", (json.dumps(content), seq))


def test_an_older_voucher_is_told_by_the_column_that_adds_up() -> None:
    """And where none does, nothing is made up."""
    lab = site(("FA-1", "sc", "10.00", "0.00"), ("FA-2", "sc", "20.10", "0.00"))
    origin = released(lab)
    old(lab)
    (told,) = trace.find(lab.ledger, origin.voucher_ref).origins
    assert told.group is not None
    assert (told.group.told, told.group.column, told.group.is_whole) == ("column", "amount", True)
    assert [dict(row.amounts) for row in told.shares] == [dict(row.amounts) for row in origin.shares]
    step = trace.trace(lab.ledger, "FA-2").steps[-1]
    assert (step.told, [line.share for line in step.lines]) == ("column", [D("20.10"), D("20.10")])
    mixed = site(("FA-1", "sc", "10.00", "0.05"), ("FA-2", "rd", "20.10", "0.07"))
    origin = released(mixed)
    old(mixed)
    (told,) = trace.find(mixed.ledger, origin.voucher_ref).origins
    assert told.group is not None
    assert (told.group.told, [dict(row.amounts) for row in told.shares]) == ("unknown", [{}, {}])
    step = trace.trace(mixed.ledger, "FA-2").steps[-1]
    assert (step.told, [line.share for line in step.lines]) == ("unknown", [None] * 3)


@pytest.mark.parametrize(
    ("tampering", "flaw"),
    [
        ("UPDATE syncd_posting SET content = replace(content, '3:20.10', '3:20.11')", "differs"),
        ("DELETE FROM syncd_collected WHERE subject = 'FA-2'", "unkept"),
    ],
)
def test_what_does_not_add_up_is_said(tampering: str, flaw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shares that are kept, held against the entries and the rows that are kept."""
    lab = site(*AMOUNTS)
    ref = released(lab).voucher_ref
    lab.database.execute(tampering)
    found = trace.find(lab.ledger, ref)
    (origin,) = found.origins
    assert origin.group is not None
    assert (origin.group.is_whole, origin.group.unkept) == (False, int(flaw == "unkept"))
    said = terminal(monkeypatch, found)
    assert ("holds 31.16, its rows 31.17" in said) == (flaw == "differs")
    assert ("kept no more" in said) == (flaw == "unkept")


def terminal(monkeypatch: pytest.MonkeyPatch, found: trace.Traced) -> str:
    """What stands in a terminal of 80 columns."""
    console = Console(width=80, highlight=False)
    for module in (output, tracing):
        monkeypatch.setattr(module, "console", console)
    with console.capture() as said:
        tracing.show(found)
    return said.get()


def test_a_voucher_of_many_rows_is_bounded_in_a_terminal_and_whole_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 11: the first rows and how many more there are; a page and a file hold all, which add up."""
    lab = site(*[(f"FA-{n}", "sc", "1.10", "0.00") for n in range(1, 601)])
    ref = released(lab).voucher_ref
    said = terminal(monkeypatch, trace.find(lab.ledger, ref, shares_max=tracing.ROWS_SHOWN_MAX))
    assert "580" in said
    assert len(said.splitlines()) < 80
    assert max(map(len, said.splitlines())) <= 80
    found = trace.find(lab.ledger, ref, shares_max=None)
    page = pages.trace_page(found, "Asia/Shanghai")
    assert all(f">FA-{n}<" in page for n in range(1, 601))
    sheets.write_entries(tmp_path / "x.csv", found)
    lines = list(csv.reader((tmp_path / "x.csv").read_text("utf-8-sig").splitlines()))
    assert len(lines) == 1 + 2 * 600
    assert sum(D(row[4] or 0) for row in lines[1:]) == sum(D(row[5] or 0) for row in lines[1:]) == D("660.00")


def test_a_row_alone_has_put_in_all_whatever_its_columns_are_called() -> None:
    lab = site(("FA-1", "sc", "10.00", "0.05"))
    origin = released(lab)
    assert shares.by_column(origin.step.voucher.entries if origin.step.voucher else (), [("k", "FA-1", {})]) == (
        "",
        {"k": {1: D("10.00"), 2: D("0.05"), 3: D("10.05")}},
    )
