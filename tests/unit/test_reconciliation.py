"""The reconciler on the demonstration's month: what is planted is found with its cause, what is on its way is none, and
what is accepted is posted."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from syncd import audit
from syncd.books.close.item import Said
from syncd.books.reconciliation import history
from syncd.books.reconciliation.reconcile import Report
from syncd.books.reports.package import Printed
from syncd.books.reports.sheet import Sheet, text
from syncd.change import Change, Position
from syncd.demo import eam
from syncd.demo.eam import period_of
from syncd.demo.month import play
from syncd.demo.stage import ACTOR, PIPELINE, Stage, built, running
from syncd.desk import closing as closings
from syncd.desk.audit import anchors, verify
from syncd.desk.parked import operators
from syncd.errors import Halt, WrongUsage
from syncd.outside import Auditing, anchor_file
from syncd.record import decode_voucher, encode_change
from syncd.wiring import Pipeline
from tests.advice import advice

TODAY: Final = date(2026, 11, 20)
ADDED: Final = "FA-SC-2301"
"""Registered this month: a posting has written its card."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A month of asset life, carried to the end."""
    with built(tmp_path_factory.mktemp("stage"), 20, TODAY) as made:
        with running(made):
            for _ in play(made):
                pass
        yield made


@pytest.fixture
def undone(stage: Stage) -> Iterator[Stage]:
    """The same, put back as it was: what a test did to finance is taken back."""
    tables = ("fa_card", "gl_voucher", "gl_entry")
    kept = {name: stage.rows(f"SELECT * FROM {name}") for name in tables}
    yield stage
    with stage.finance.transaction():
        for name, rows in kept.items():
            stage.finance.execute(f"DELETE FROM {name}")
            marks = ", ".join("?" * len(rows[0]))
            stage.finance.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


def found(report: Report) -> set[tuple[str, str, str]]:
    """Asset, field and cause of what was found, carrying amounts aside."""
    told = [d for d in report.differences if d.field != "carrying_amount"]
    return {(d.asset_code, d.field, d.cause.code if d.cause else "") for d in told}


def test_a_month_that_was_carried_differs_in_nothing(stage: Stage) -> None:
    """By department and by class as well, and every run is kept."""
    report = stage.pipeline.reconcile("controller")
    assert (report.differing, report.alerting, report.waiting, report.manual) == (0, 0, [], [])
    assert all(group.eam == group.finance for group in report.groups)
    assert {group.field for group in report.groups} == {"dept", "class"}
    for field in ("dept", "class"):
        total = sum((g.eam.original_value or 0 for g in report.groups if g.field == field), Decimal(0))
        assert total == report.eam.original_value
    with closing(stage.pipeline.open_ledger()) as ledger:
        last = history.runs(ledger, PIPELINE, 1)[0]
        assert (last.id, last.actor, last.position) == (report.run, "controller", report.position)
        assert history.run(ledger, PIPELINE, report.run) == history.plain(report)
        kept = (
            "UPDATE syncd.reconciliation SET"
            " report = json_remove(replace(report, 'carrying_amount', 'net_value'), '$.altered') WHERE id = ?"
        )
        ledger.execute([(kept, (report.run,))])
        assert history.run(ledger, PIPELINE, report.run) == history.plain(report), "as an earlier version called it"


CARD_FIELDS: Final = ("original_value", "accumulated_depreciation", "impairment", "dept", "class")


@pytest.mark.parametrize("field", CARD_FIELDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_difference_planted_in_a_card_is_found(undone: Stage, field: str, seed: int) -> None:
    """Whichever field of whichever card: it alone is found, and that finance has changed it where we had written it."""
    chance = Random(f"{field} {seed}")
    cards = undone.rows(f"SELECT asset_code, {field} FROM fa_card WHERE status = 'in_use' ORDER BY asset_code")
    code, was = chance.choice(cards)
    now = "planted" if field in ("dept", "class") else str(Decimal(was) + Decimal(chance.choice(("0.01", "-1", "1e6"))))
    undone.finance.execute(f"UPDATE fa_card SET {field} = ? WHERE asset_code = ?", (now, code))
    report = undone.pipeline.reconcile()
    written = undone.rows("SELECT count(*) FROM syncd_posting WHERE subject = ?", code)[0][0]
    causes = {"cause_card_changed"} if written else {"cause_opening", "cause_card_changed"}
    assert {(asset, differing) for asset, differing, _ in found(report)} == {(code, field)}
    assert {cause for *_, cause in found(report)} <= causes
    assert report.alerting or not written, "what was posted may not differ, however little"


def test_an_entry_of_ours_that_was_altered_by_a_cent_is_above_the_alert(undone: Stage) -> None:
    """Which the command ends with 1 for: the alert is for what may differ, and what was posted may not."""
    ours = "FROM gl_voucher v WHERE v.number = e.number AND v.period = e.period AND v.external_key IS NOT NULL"
    ((at, number, debit),) = undone.rows(
        f"SELECT rowid, number, debit FROM gl_entry e WHERE account = '1601' AND EXISTS (SELECT 1 {ours}) LIMIT 1"
    )
    undone.finance.execute("UPDATE gl_entry SET debit = ? WHERE rowid = ?", (str(Decimal(debit) + Decimal("0.01")), at))
    report = undone.pipeline.reconcile()
    assert [(one.voucher.rpartition("-")[2], one.table) for one in report.altered] == [(str(number), "gl_entry")]
    assert (report.differing, report.alerting) == (0, 1)


@pytest.mark.parametrize("what", ["gone", "foreign", "inactive"])
def test_a_card_that_one_side_lacks_is_found(undone: Stage, what: str) -> None:
    """So also odoo#35751: the gross value of what one side deleted is found the same day."""
    if what == "gone":
        undone.finance.execute("DELETE FROM fa_card WHERE asset_code = ?", (ADDED,))
    elif what == "inactive":
        undone.finance.execute("UPDATE fa_card SET status = 'disposed' WHERE asset_code = ?", (ADDED,))
    else:
        columns = undone.rows("SELECT name FROM pragma_table_info('fa_card')")
        others = ", ".join(name for (name,) in columns if name != "asset_code")
        undone.finance.execute(
            f"INSERT INTO fa_card (asset_code, {others}) SELECT 'FA-XX-1', {others} FROM fa_card WHERE asset_code = ?",
            (ADDED,),
        )
    report = undone.pipeline.reconcile()
    expected = ("FA-XX-1", "cause_opening") if what == "foreign" else (ADDED, "cause_card_changed")
    assert {(asset, cause) for asset, _, cause in found(report)} == {expected}
    assert report.differing == 1


@pytest.mark.parametrize(("account", "field"), [("1601", 0), ("1602", 1), ("1603", 2)])
@pytest.mark.parametrize("side", ["debit", "credit"])
def test_a_voucher_by_hand_is_named_and_gone_when_it_is_cancelled(
    undone: Stage, account: str, field: int, side: str
) -> None:
    """frappe/erpnext#35010, erpnext#46259: 1602 +500.00 by hand → the asset, 500.00, and the voucher."""
    period = undone.rows("SELECT max(period) FROM gl_voucher")[0][0]
    undone.finance.execute(
        "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit, external_key)"
        " VALUES (?, '记', 9001, ?, ?, '手工', '500.00', '500.00', NULL)",
        (period, f"{period}-28", f"{period}-28"),
    )
    amounts = ("500.00", "0.00") if side == "debit" else ("0.00", "500.00")
    undone.finance.execute(
        "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit, asset)"
        " VALUES (?, '记', 9001, 1, '手工', ?, ?, ?, ?)",
        (period, account, *amounts, ADDED),
    )
    report = undone.pipeline.reconcile()
    sign = 1 if (side == "debit") == (account == "1601") else -1
    (entry,) = report.manual
    assert (entry.account, entry.asset_code, entry.amount) == (account, ADDED, sign * Decimal("500.00"))
    assert entry.voucher == f"{period} 记 9001"
    told = [d for d in report.differences if d.cause and d.cause.code == "cause_manual"]
    assert [(d.asset_code, d.eam, d.finance, d.number) for d in told] == [(ADDED, None, entry.amount, 1)]
    assert told[0].cause is not None
    assert told[0].cause.params == {"voucher": entry.voucher, "account": account}
    with closing(undone.pipeline.open_ledger()) as ledger, pytest.raises(Halt) as caught:
        undone.pipeline.accept_difference(ledger, f"{report.run}/1", ACTOR)
    assert caught.value.code == "reconcile_no_posting", "who made it reverses it"
    assert report.controls[field].balance - report.controls[field].cards == sign * Decimal("500.00")
    assert report.altered == []
    undone.finance.execute("DELETE FROM gl_entry WHERE number = 9001")
    assert undone.pipeline.reconcile().manual == []


def test_a_voucher_by_hand_that_is_wrong_is_cancelled_once_somebody_accepts_it_and_finance_agrees(stage: Stage) -> None:
    """frappe/erpnext#35010: by a red letter of all of it, through the daemon, with a key of its own, chained, in the
    first open period; who asked for it does not agree to it. Then both sides agree, and nothing is proposed again."""
    period = stage.rows("SELECT max(period) FROM gl_voucher")[0][0]
    stage.finance.execute(
        "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit, external_key)"
        " VALUES (?, '记', 9002, ?, ?, '手工补提', '500.00', '500.00', NULL)",
        (period, f"{period}-28", f"{period}-28"),
    )
    for line, account, debit, credit, asset in (
        (1, "6602", "500.00", "0.00", None),
        (2, "1602", "0.00", "500.00", ADDED),
    ):
        stage.finance.execute(
            "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit, dept, asset)"
            " VALUES (?, '记', 9002, ?, '手工补提', ?, ?, ?, 'SC', ?)",
            (period, line, account, debit, credit, asset),
        )
    with running(stage), closing(stage.pipeline.open_ledger()) as ledger:
        report = stage.pipeline.reconcile()
        (told,) = [d for d in report.differences if d.cause and d.cause.code == "cause_manual"]
        assert told.cause is not None
        assert told.cause.proposal == "propose_cancelling"
        stage.pipeline.accept_difference(ledger, f"{report.run}/{told.number}", ACTOR)
        with pytest.raises(WrongUsage, match="reconcile_accepted"):
            stage.pipeline.accept_difference(ledger, f"{report.run}/{told.number}", ACTOR)
        held = stage.parked(ADDED)
        waiting = [d for d in stage.pipeline.reconcile().differences if d.field == "accumulated_depreciation"]
        assert [d.cause.code for d in waiting if d.cause] == ["cause_approval"]
        with pytest.raises(Halt, match="parked_four_eyes"):
            operators.approve(ledger, PIPELINE, held.id, ACTOR, "finance")
        operators.approve(ledger, PIPELINE, held.id, operators.Actor("controller", "wrong asset"), "finance")
        key = f"by_hand_cancelled/{period} 记-9002"
        stage.wait(lambda: bool(stage.rows("SELECT 1 FROM syncd_posting WHERE key = ?", key)))
        after = stage.pipeline.reconcile()
        assert (after.manual, [c.balance - c.cards for c in after.controls]) == ([], [0, 0, 0])
        (content,) = stage.rows("SELECT content FROM syncd_posting WHERE key = ?", key)
        red = decode_voucher(content[0])
        assert red is not None
        assert [(e.account, e.debit, e.credit, e.dims["asset"]) for e in red.entries] == [
            ("6602", Decimal("-500.00"), 0, None),
            ("1602", 0, Decimal("-500.00"), ADDED),
        ]
        assert red.period > period, "the month is closed"
        year, month = period.split("-")
        assert red.summary == f"注销{year}年{int(month)}月28日记-9002号凭证"
        assert list(verify.verify(ledger, PIPELINE, stage.pipeline.mapping.layout).flaws) == []


def test_the_depreciation_of_a_month_is_what_the_eam_sent_for_it(undone: Stage) -> None:
    """The same charge, had the EAM sent it to adjust an earlier month, leaves the month's own owed."""
    ((period,),) = undone.rows("SELECT max(period) FROM gl_voucher WHERE summary LIKE '%折旧%'")
    mine = "FROM syncd_mirror WHERE source_table = 'deprec' AND image LIKE ? AND image LIKE '%\"kind\":\"month\"%'"
    key, image = undone.rows(f"SELECT key, image {mine} ORDER BY key LIMIT 1", f'%"{period}"%')[0]
    keep = "UPDATE syncd_mirror SET image = ? WHERE source_table = 'deprec' AND key = ?"

    def owed() -> int:
        with closing(undone.pipeline.open_ledger()) as ledger:
            items = undone.pipeline.close_items(ledger, period)
        return next(item.total for item in items if item.said.code == "close_undepreciated")

    before = owed()
    undone.finance.execute(keep, (image.replace(f'"{period}"', '"2026-01"'), key))
    after = owed()
    undone.finance.execute(keep, (image, key))
    assert (before, after) == (0, 1)


def test_a_close_holds_the_record_against_its_anchor(stage: Stage, tmp_path: Path) -> None:
    """Before it anchors anew: a chain that was computed again is whole by itself. An anchor out of reach tells nothing,
    and keeps the month open too."""
    where, key = tmp_path / "anchor.jsonl", "of the auditor"
    anchored = replace(stage.pipeline, audit=Auditing(anchor_file(where), key))
    ((period,),) = stage.rows("SELECT max(period) FROM gl_voucher")

    def told() -> list[str]:
        with closing(anchored.open_ledger()) as ledger:
            (item,) = (one for one in anchored.close_items(ledger, period) if one.said.code == "close_chain")
            return [row[0].code for row in item.rows if isinstance(row[0], Said)]

    with closing(stage.pipeline.open_ledger()) as ledger:
        heads = anchors.write(ledger, PIPELINE, anchor_file(where), key, datetime.now(UTC))
    assert told() == []
    anchor_file(where).append([audit.signed(heads[0]._replace(hash="f" * 64, mac=""), key)])
    assert told() == ["audit_anchor"]
    where.unlink()
    where.mkdir()
    assert told() == ["anchor_failed"]


def test_what_nobody_accepted_is_not_posted_and_is_told_of(undone: Stage) -> None:
    """A row in the table of differences that asks for a posting, and an accepted one whose change was edited: the chain
    of actions says what a person accepted. Without a digest, as an earlier version kept it, the request is taken
    back."""
    table = undone.pipeline.mapping.tables["impairment"]
    named = {"id": 777, "asset_id": 2, "amount": Decimal("1234.00"), "status": "approved"}
    row = tuple(named.get(column.name) for column in table.columns)
    forged = encode_change(table, Change("impairment", "insert", None, row, Position(""), datetime.now(UTC)))
    insert = (
        "INSERT INTO syncd_difference (pipeline, run, id, asset, field, eam, finance, cause, params, proposal, change,"
        " request) VALUES (?, ?, 1, ?, 'impairment', '1', '0', 'cause_missing', '{}', 'p', ?, 'post')"
    )
    asked = "SELECT request FROM syncd_difference WHERE run = ? AND id = 1"
    undone.finance.execute(insert, (PIPELINE, 901, ADDED, forged))
    undone.finance.execute(insert, (PIPELINE, 902, ADDED, forged))
    undone.finance.execute(insert, (PIPELINE, 903, ADDED, forged))
    with closing(undone.pipeline.open_ledger()) as ledger:
        with ledger.desk() as desk:
            other = {audit.CONTENTS: audit.digest("what was accepted")}
            operators.act(desk, ACTOR, "accept_difference", PIPELINE, "difference/902/1", other)
            operators.act(desk, ACTOR, "accept_difference", PIPELINE, "difference/903/1", {"asset": ADDED})
        with running(undone):
            undone.wait(lambda: undone.rows(asked, 903) == [("",)])
        assert [undone.rows(asked, run)[0][0] for run in (901, 902)] == ["post", "post"]
        assert undone.rows("SELECT count(*) FROM syncd_parked WHERE code = 'difference_accepted'") == [(0,)]
        flaws = verify.verify(ledger, PIPELINE, undone.pipeline.mapping.layout).flaws
        told = [flaw.params["difference"] for flaw in flaws if flaw.code == "audit_difference"]
        assert told == ["901/1", "902/1"]
    undone.finance.execute("DELETE FROM syncd_difference WHERE run > 900")


@advice("by_hand_gone", "by_hand_changed")
def test_a_voucher_by_hand_that_finance_changes_meanwhile_is_not_cancelled_as_it_was(stage: Stage) -> None:
    """Invariant 15: accepted, then changed or taken back by its maker, then approved: the row parks, and its hint leads
    to a red letter of what stands, or to none. Changed after it was cancelled, it is named again."""
    period = stage.rows("SELECT max(period) FROM gl_voucher")[0][0]
    with running(stage), closing(stage.pipeline.open_ledger()) as ledger:
        held = "SELECT id FROM syncd_parked WHERE settled_at IS NULL AND code = ?"

        def accepted() -> None:
            report = stage.pipeline.reconcile()
            (told,) = [d for d in report.differences if d.cause and d.cause.code == "cause_manual"]
            stage.pipeline.accept_difference(ledger, f"{report.run}/{told.number}", ACTOR)
            stage.wait(lambda: bool(stage.rows(held, "approval")))

        def approved() -> None:
            row = stage.rows(held, "approval")[0][0]
            operators.approve(ledger, PIPELINE, row, operators.Actor("controller", "agreed"), "finance")

        def discarded(code: str) -> None:
            stage.wait(lambda: bool(stage.rows(held, code)))
            row = stage.rows(held, code)[0][0]
            operators.discard(ledger, PIPELINE, operators.Selection(ids=(row,)), ACTOR)
            stage.wait(lambda: not stage.rows(held, code))

        def entered(number: int, amount: str) -> None:
            stage.finance.execute("DELETE FROM gl_entry WHERE number = ?", (number,))
            stage.finance.execute("DELETE FROM gl_voucher WHERE number = ?", (number,))
            stage.finance.execute(
                "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit,"
                " external_key) VALUES (?, '记', ?, ?, ?, '手工补提', ?, ?, NULL)",
                (period, number, f"{period}-28", f"{period}-28", amount, amount),
            )
            for line, account, sides, asset in (
                (1, "6602", (amount, "0.00"), None),
                (2, "1602", ("0.00", amount), ADDED),
            ):
                stage.finance.execute(
                    "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit, dept, asset)"
                    " VALUES (?, '记', ?, ?, '手工补提', ?, ?, ?, 'SC', ?)",
                    (period, number, line, account, *sides, asset),
                )

        entered(9003, "500.00")
        accepted()
        entered(9003, "50.00")
        approved()
        discarded("by_hand_changed")
        accepted()
        approved()
        key = f"by_hand_cancelled/{period} 记-9003"
        stage.wait(lambda: bool(stage.rows("SELECT 1 FROM syncd_posting WHERE key = ?", key)))
        after = stage.pipeline.reconcile()
        assert (after.manual, [c.balance - c.cards for c in after.controls]) == ([], [0, 0, 0])
        entered(9003, "80.00")
        (named,) = stage.pipeline.reconcile().manual
        assert (named.asset_code, named.amount, named.cause) == (ADDED, Decimal("30.00"), None)
        entered(9003, "50.00")
        entered(9050, "70.00")
        accepted()
        stage.finance.execute("DELETE FROM gl_entry WHERE number = 9050")
        stage.finance.execute("DELETE FROM gl_voucher WHERE number = 9050")
        approved()
        discarded("by_hand_gone")
        after = stage.pipeline.reconcile()
        assert (after.manual, [c.balance - c.cards for c in after.controls]) == ([], [0, 0, 0])


def test_an_amount_that_was_moved_by_hand_from_one_asset_to_another_is_named(undone: Stage) -> None:
    """Both entries, though the account holds what the cards say; what was moved back by hand is not, nor what is no
    asset's."""
    period = undone.rows("SELECT max(period) FROM gl_voucher")[0][0]

    def moved(number: int, debited: str | None, credited: str | None) -> None:
        undone.finance.execute(
            "INSERT INTO gl_voucher (period, type, number, voucher_date, event_date, summary, debit, credit,"
            " external_key) VALUES (?, '记', ?, ?, ?, '手工', '500.00', '500.00', NULL)",
            (period, number, f"{period}-28", f"{period}-28"),
        )
        for line, sides, asset in ((1, ("500.00", "0.00"), debited), (2, ("0.00", "500.00"), credited)):
            undone.finance.execute(
                "INSERT INTO gl_entry (period, type, number, line, summary, account, debit, credit, asset)"
                " VALUES (?, '记', ?, ?, '手工', '1602', ?, ?, ?)",
                (period, number, line, *sides, asset),
            )

    moved(9101, ADDED, "FA-SC-0005")
    moved(9102, None, None)
    report = undone.pipeline.reconcile()
    assert [(m.asset_code, m.amount, m.voucher) for m in report.manual] == [
        (ADDED, Decimal("-500.00"), f"{period} 记 9101"),
        ("FA-SC-0005", Decimal("500.00"), f"{period} 记 9101"),
    ]
    assert [c.balance - c.cards for c in report.controls] == [0, 0, 0]
    assert report.altered == []
    moved(9103, "FA-SC-0005", ADDED)
    assert undone.pipeline.reconcile().manual == []


@pytest.mark.parametrize("account", ["1601", "1602"])
@pytest.mark.parametrize("column", ["debit", "credit", "account"])
def test_an_entry_of_ours_that_finance_changed_is_named(undone: Stage, account: str, column: str) -> None:
    """On every field of the entries that the balances are made of."""
    entry = undone.rows(
        "SELECT e.period, e.type, e.number, e.line FROM gl_entry e JOIN gl_voucher v ON v.period = e.period"
        " AND v.type = e.type AND v.number = e.number WHERE e.account = ? AND v.external_key IS NOT NULL"
        " ORDER BY e.number DESC LIMIT 1",
        account,
    )[0]
    value = "1002" if column == "account" else "123456.00"
    undone.finance.execute(
        f"UPDATE gl_entry SET {column} = ? WHERE period = ? AND type = ? AND number = ? AND line = ?", (value, *entry)
    )
    report = undone.pipeline.reconcile()
    assert [(a.voucher, a.table) for a in report.altered] == [(f"{entry[0]} {entry[1]}-{entry[2]}", "gl_entry")]


def test_what_is_on_its_way_is_no_difference_until_the_log_has_passed_it(stage: Stage) -> None:
    """Nobody carries: the EAM's change waits, whatever it changes, and the totals are those of the log's point."""
    before = stage.pipeline.reconcile()
    eam.register(stage.eam, [eam.Device("FA-WAY-1", "在途", "JQSB", 1, Decimal("70000.00"), TODAY)])
    eam.upgrade(stage.eam, 5, Decimal("1000.00"), TODAY)
    report = stage.pipeline.reconcile()
    assert (report.differing, report.alerting) == (0, 0)
    assert sorted(f.code for f in report.waiting) == ["FA-SC-0005", "FA-WAY-1"]
    assert (report.eam, report.finance) == (before.eam, before.finance)
    with running(stage):
        deadline = time.monotonic() + 60
        while (arrived := stage.pipeline.reconcile()).waiting and time.monotonic() < deadline:
            pass
    assert (arrived.differing, arrived.waiting, arrived.eam) == (0, [], arrived.finance)
    assert stage.pipeline.reconcile().eam.original_value == (before.eam.original_value or 0) + 71_000


def test_parked_rows_and_what_was_done_to_them_are_causes_and_what_is_accepted_is_posted(stage: Stage) -> None:
    """Approval, failure, an edit; and a row that was discarded, whose posting is proposed, accepted and made: through
    the daemon, with a key of its own, chained."""
    with running(stage), closing(stage.pipeline.open_ledger()) as ledger:
        new = [eam.Device(f"FA-CA-{n}", "原因", "JQSB", 1, Decimal("60000.00"), TODAY) for n in (1, 2, 3, 4)]
        eam.register(
            stage.eam,
            [
                new[0]._replace(value=Decimal("6000000.00")),
                new[1]._replace(department_id=777),
                new[2]._replace(value="-1"),
                new[3],
            ],
        )
        approval, failed, edited = (stage.parked(f"FA-CA-{n}") for n in (1, 2, 3))
        row = operators.show(ledger, PIPELINE, edited.id)
        tables, read = stage.pipeline.mapping.tables, stage.pipeline.read
        operators.edit(ledger, PIPELINE, row.id, {"original_value": "5.00"}, tables, read, ACTOR)
        stage.posted("registration", ["FA-CA-3", "FA-CA-4"])
        report = stage.pipeline.reconcile()
        causes = {(d.asset_code, d.cause.code, d.cause.params.get("id")) for d in report.differences if d.cause}
        assert causes == {
            ("FA-CA-1", "cause_approval", str(approval.id)),
            ("FA-CA-2", "cause_failed", str(failed.id)),
            ("FA-CA-3", "cause_edited", str(edited.id)),
        }

        operators.discard(ledger, PIPELINE, operators.Selection(ids=(failed.id,)), ACTOR)
        stage.wait(lambda: not stage.rows("SELECT 1 FROM syncd_parked WHERE id = ? AND settled_at IS NULL", failed.id))
        stage.eam.execute("INSERT INTO department SELECT 777, 'D777', '新部门', kind, workshop FROM department LIMIT 1")
        report = stage.pipeline.reconcile()
        given_up = next(d for d in report.differences if d.asset_code == "FA-CA-2")
        assert given_up.cause is not None
        assert (given_up.cause.code, given_up.cause.proposal) == ("cause_discarded", "propose_posting")
        stage.pipeline.accept_difference(ledger, f"{report.run}/{given_up.number}", ACTOR)
        (voucher,) = stage.posted("registration", ["FA-CA-2"])
        assert voucher.entries[0][0] == "1601"
        assert voucher.entries[0].debit == Decimal("60000.00")
        assert stage.rows("SELECT key FROM syncd_posting WHERE subject = 'FA-CA-2'") == [("registration/FA-CA-2",)]
        action = "SELECT count(*) FROM syncd_action WHERE action = 'accept_difference' AND detail LIKE '%FA-CA-2%' AND"
        action += " actor = ?"
        assert stage.rows(action, ACTOR.name) == [(1,)]
        stage.pipeline.reconcile()
        with pytest.raises(Halt, match="reconcile_outdated"):
            stage.pipeline.accept_difference(ledger, f"{report.run}/{given_up.number}", ACTOR)


def test_what_is_being_rebuilt_is_on_neither_side_until_it_is_done(stage: Stage) -> None:
    """A rebuilding lasts over a month's end: its cost lies in construction. Done, it is compared anew."""
    device = eam.Device("FA-OV-1", "改造", "JQSB", 1, Decimal("60000.00"), TODAY)
    with running(stage):
        before = stage.pipeline.reconcile()
        eam.register(stage.eam, [device])
        stage.posted("registration", ["FA-OV-1"])
        ((asset,),) = stage.eam.execute("SELECT id FROM asset WHERE asset_code = 'FA-OV-1'").fetchall()
        stage.eam.execute(
            "INSERT INTO overhaul (id, asset_id, status, started_on, old_value, old_depreciation, old_impairment)"
            " VALUES (1, ?, 'started', ?, '60000.00', '0.00', '0.00')",
            (asset, TODAY.isoformat()),
        )
        stage.posted("overhaul_started", ["FA-OV-1"])
        during = stage.pipeline.reconcile()
        assert during.differing == before.differing
        assert during.eam.original_value == before.eam.original_value
        assert [c.balance - c.cards for c in during.controls] == [0, 0, 0]
        stage.eam.execute(
            "UPDATE overhaul SET status = 'done', done_on = ?, new_value = '60000.00', life_months = 60,"
            " residual_rate = '0.05', method = 'straight_line' WHERE id = 1",
            (TODAY.isoformat(),),
        )
        stage.posted("overhaul_done", ["FA-OV-1"])
        after = stage.pipeline.reconcile()
        assert after.differing == before.differing
        assert after.eam.original_value == (before.eam.original_value or 0) + 60_000


def test_an_amount_that_is_none_is_told_by_its_row(stage: Stage) -> None:
    """It is missing from its asset, and says so: in the asset's own row and in a row of a sum."""
    stage.eam.execute("UPDATE asset SET original_value = '15万' WHERE id = 8")
    stage.eam.execute(
        "INSERT INTO upgrade (id, asset_id, amount, added_months, payment, status, approved_on)"
        " VALUES (98, 9, '一千', 0, 'bank', 'approved', '2026-11-20')"
    )
    report = stage.pipeline.reconcile()
    rows: list[tuple[Any, ...]] = sorted(report.unreadable)
    assert rows == [("asset", "8", "original_value", "15万"), ("upgrade", "98", "amount", "一千")]
    assert report.alerting >= 2


def printed(stage: Stage, period: str) -> dict[str, Sheet]:
    """The sheets of a month's report."""
    with closing(stage.pipeline.open_ledger()) as ledger:
        made = stage.pipeline.reports(ledger, period, Printed("", "printer", datetime(2026, 4, 1, tzinfo=UTC)))
    return {sheet.code: sheet for sheet in made.sheets}


def cells(sheet: Sheet) -> list[dict[str, object]]:
    return [dict(zip((column.code for column in sheet.columns), row, strict=True)) for row in sheet.rows]


def test_the_reports_have_the_eams_side(stage: Stage) -> None:
    """Of a month that is closed, as its close has seen it, and no later run."""
    with closing(stage.pipeline.open_ledger()) as ledger:
        seen = history.up_to(ledger, PIPELINE, closings.closed_at(ledger, period_of(stage.today)))
    assert seen is not None
    stage.pipeline.reconcile("somebody later")
    sheets = printed(stage, period_of(stage.today))
    for row in cells(sheets["report_reconciliation"]):
        assert row["report_eam_amount"] == Decimal(seen.found["eam"][row["reconcile_value"].code])  # type: ignore[attr-defined]
        assert row["report_eam_difference"] == 0
    assert sheets["report_reconciliation"].foot[-1].params["run"] == seen.found["run"]
    assert sheets["report_eam_differences"].rows == []


def test_a_difference_stands_in_the_report_with_its_cause(undone: Stage) -> None:
    """Of a month that is open, as both sides are now."""
    ((code, cost),) = undone.rows("SELECT asset_code, original_value FROM fa_card WHERE status = 'in_use' LIMIT 1")
    undone.finance.execute("UPDATE fa_card SET original_value = ? WHERE asset_code = ?", (str(Decimal(cost) + 9), code))
    after = period_of(undone.today.replace(day=28) + timedelta(days=5))
    found = cells(printed(undone, after)["report_eam_differences"])
    of_it = [row for row in found if row["reconcile_asset"] == code]
    (row,) = (row for row in of_it if row["reconcile_value"] == Said("original_value"))
    assert row["difference"] == Decimal(9)
    assert isinstance(row["reconcile_cause"], Said)
    assert row["reconcile_cause"].code == "cause_card_changed"
    assert isinstance(row["report_proposal"], Said)


def test_an_eam_that_is_away_leaves_the_reports(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """They say why its side is missing."""

    def away(self: Pipeline, by: str = "") -> Report:
        raise Halt("eam_away", error="refused")

    monkeypatch.setattr(Pipeline, "reconcile", away)
    sheets = printed(stage, period_of(stage.today.replace(day=28) + timedelta(days=5)))
    (*_, said) = sheets["report_reconciliation"].foot
    assert text(said, "en") == "the EAM was not compared: the EAM's database cannot be reached: refused"
    assert all(row["report_eam_amount"] is None for row in cells(sheets["report_reconciliation"]))
