"""Documents (单据) that lose a last line, a day, a table or a name, get lines of another kind, or wait."""

from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors import memory
from syncd import checks
from syncd.cli import approving
from syncd.daemon import repair
from syncd.desk.parked import operators
from syncd.errors import Gap
from tests.advice import advice
from tests.unit.lab import CLERK, NAME, Lab, loaded
from tests.unit.test_documents import CLAIMS, edited, head, item, posted
from tests.unit.test_evidence import snapshot_again


@pytest.mark.parametrize(("how", "count"), [("refuse", 1), ("reverse", 2), ("difference", 2)])
def test_the_last_line_of_a_posted_document_may_go_and_another_come(how: str, count: int) -> None:
    """Nothing is left of it: refused, or cancelled in red, or a difference of all; no voucher of nothing is made, and
    what comes then is an edit again."""
    whole = edited(how).replace("sum(item.amount) - after.advance", '"coalesce(sum(item.amount), 0.00)"')
    for splits in (True, False):
        lab = Lab(whole.replace("        - {account: \"'1601'\", credit: after.advance}\n", ""), splits)
        lab.commit(lab.insert("claim_head", **head("approved")), lab.insert("claim_item", **item(1, "100.00")))
        lab.commit(lab.delete("claim_item", **item(1, "100.00")))
        lab.commit(lab.insert("claim_item", **item(2, "0.00")))
        lab.rest()
        assert (len(lab.vouchers), lab.balance("6602")) == (count, Decimal(100 if how == "refuse" else 0))
        assert ("claim:7", "failed", "edited_after_posting") in lab.parked if how == "refuse" else lab.parked == []
        lab.commit(lab.update("claim_item", item(2, "0.00"), amount=Decimal("70.00")))
        lab.rest()
        assert (len(lab.vouchers), lab.balance("6602")) == ((1, 100) if how == "refuse" else (3, 70))
        lab.commit(lab.update("claim_head", head("approved"), status="draft"))
        lab.rest()
        assert lab.balance("6602") == (100 if how == "refuse" else 0)


@pytest.mark.parametrize("how", ["refuse", "reverse", "difference"])
def test_a_line_that_goes_from_one_posted_document_to_another_is_an_edit_of_both(how: str) -> None:
    """Refused of both until it is back; else both are right at once, and what they come to together is as before."""
    other = {**head("approved", "0.00"), "id": 8, "no": "EC-8"}
    for splits in (True, False):
        lab = Lab(edited(how), splits)
        lines = [lab.insert("claim_item", **item(n, amount)) for n, amount in ((1, "100.00"), (2, "50.00"))]
        lab.commit(*lines, lab.insert("claim_head", **head("approved", "0.00")))
        lab.commit(lab.insert("claim_head", **other), lab.insert("claim_item", **{**item(3, "10.00"), "claim_id": 8}))
        lab.commit(lab.update("claim_item", item(2, "50.00"), claim_id=8))
        lab.rest()
        stands = {row[0]: Decimal(str(row[1])) for row in lab.ask(_OF_CLAIMS)}
        is_refused = how == "refuse"
        assert {subject for subject, _, _ in lab.parked} == ({"claim:7", "claim:8"} if is_refused else set())
        assert stands == ({"claim:7": 150, "claim:8": 10} if is_refused else {"claim:7": 100, "claim:8": 60})
        lab.commit(lab.update("claim_item", {**item(2, "50.00"), "claim_id": 8}, claim_id=7))
        lab.rest()
        assert lab.parked == []
        assert {row[0]: row[1] for row in lab.ask(_OF_CLAIMS)} == {"claim:7": 150, "claim:8": 10}


_OF_CLAIMS = """
    SELECT p.subject, sum(e.debit) - sum(e.credit) FROM gl_entry AS e JOIN gl_voucher AS v USING (period, type, number)
    JOIN syncd_posting AS p ON p.key = v.external_key WHERE e.account = '6602' GROUP BY 1
"""
"""What stands of each: the subject, and what it expenses."""


@pytest.mark.parametrize("says_change", [False, True])
@pytest.mark.parametrize("splits", [True, False])
def test_another_day_of_a_document_is_no_difference(splits: bool, says_change: bool) -> None:
    """What stands is cancelled, and posted on the day that is right; later edits are differences again. A voucher
    that is dated by the change has no day that an edit could move."""
    dated = "change.committed_on" if says_change else "after.applied_on"
    lab = Lab(edited("difference").replace("date: after.applied_on", f"date: {dated}"), splits)
    posted(lab)
    lab.commit(lab.update("claim_item", item(2, "60.00"), amount=Decimal("61.00")))
    lab.commit(lab.update("claim_head", head("approved"), applied_on=date(2026, 3, 2)))
    moved = {**head("approved"), "applied_on": date(2026, 3, 2)}
    lab.at = lab.at.replace(month=3)
    lab.commit(lab.update("claim_item", item(2, "61.00"), amount=Decimal("63.00")))
    lab.rest()
    assert (lab.balance("6602"), lab.parked) == (163, [])
    march = lab.ask("SELECT sum(debit) FROM gl_entry WHERE period = '2026-03' AND account = '6602'")
    assert (len(lab.vouchers), march) == ((3, [(2,)]) if says_change else (6, [(163,)]))
    lab.commit(lab.update("claim_head", moved, status="draft"))
    lab.rest()
    assert (lab.balance("6602"), lab.parked) == (0, [])


@pytest.mark.parametrize("splits", [True, False])
@pytest.mark.parametrize("how", ["refuse", "reverse", "difference"])
@pytest.mark.parametrize("table", ["claim_item", "claim_head"])
def test_a_document_of_an_emptied_table_waits_until_what_is_gone_was_read(how: str, table: str, splits: bool) -> None:
    """Invariant 7: lines that a TRUNCATE has taken are posted by nobody. The repair tells which they are, and the hint
    is followed: then each document is judged once, as it is."""
    lab = Lab(edited(how), splits)
    posted(lab)
    nine = {**head("draft", "0.00"), "id": 9, "no": "EC-9"}
    lab.commit(lab.insert("claim_head", **nine), lab.insert("claim_item", **{**item(5, "7.00"), "claim_id": 9}))
    lab.commit(memory.Write(table, None, None))
    if table == "claim_item":
        lab.commit(lab.insert("claim_item", **{**item(6, "5.00"), "claim_id": 9}))
        lab.commit(lab.update("claim_head", nine, status="approved"))
        lab.commit(lab.insert("claim_item", **item(7, "150.00")))
    else:
        lab.commit(lab.insert("claim_head", **{**nine, "status": "approved"}))
    lab.rest()
    assert lab.balance("6602") == 160
    assert lab.parked[0] == (f"{table}:*", "failed", "truncate")
    scope = repair.Scope(lab.spec(), lab.mapping.source_tables, ())
    gap = Gap("memory_forgotten", position="", forgotten=0)
    repair.repair(scope, lab.ledger, gap, CLERK, lambda *_: None)
    lab.ledger = lab.open_ledger()
    lab.feed = lab.open_feed()
    operators.discard(lab.ledger, NAME, operators.Selection(code="truncate"), CLERK)
    lab.rest()
    right = {"claim_item": 155, "claim_head": 7}[table]
    refused = {"claim_item": 165, "claim_head": 167}[table]
    assert lab.balance("6602") == (refused if how == "refuse" else right)
    assert ("edited_after_posting" in [code for *_, code in lab.parked]) if how == "refuse" else (lab.parked == [])
    assert len(lab.vouchers) <= 4


def remap(lab: Lab, mapping: str) -> None:
    lab.mapping = loaded(mapping)
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.feed = lab.open_feed()


PAYS = (
    "  claim_pay: {table: claim_pay, key: id, columns: {id: integer, claim_id: integer, amount: money}}\ndocuments:\n"
)


@pytest.mark.parametrize("splits", [True, False])
@pytest.mark.parametrize("status", ["draft", "approved"])
def test_lines_of_a_kind_that_is_declared_later_are_read_before_they_are_summed(status: str, splits: bool) -> None:
    """Invariant 7: over a table that is carried already. Until a snapshot has read them each change of a document that
    was there is parked, a new line of the kind too; one that comes later needs none of it."""
    first = edited("reverse").replace("documents:\n", PAYS)
    second = (
        first.replace("of: claim_id}}}", "of: claim_id}, pays: {table: claim_pay, of: claim_id}}}")
        .replace("credit: after.advance", 'credit: "coalesce(sum(pays.amount), 0)"')
        .replace("sum(item.amount) - after.advance", '"sum(item.amount) - coalesce(sum(pays.amount), 0)"')
    )
    for n in (1, 2):
        lab = Lab(first, splits)
        lab.commit(lab.insert("claim_head", **head(status)), lab.insert("claim_item", **item(1, "160.00")))
        lab.commit(lab.insert("claim_pay", id=1, claim_id=7, amount=Decimal(40)))
        lab.rest()
        remap(lab, second)
        edit = lab.update("claim_item", item(1, "160.00"), amount=Decimal("170.00"))
        lab.commit(edit if n == 1 else lab.insert("claim_pay", id=2, claim_id=7, amount=Decimal(2)))
        nine = {**head("approved"), "id": 9, "no": "EC-9"}
        lab.commit(lab.insert("claim_head", **nine), lab.insert("claim_item", **{**item(5, "5.00"), "claim_id": 9}))
        lab.rest()
        assert lab.parked == [("claim:7", "failed", "document_unread")]
        assert lab.balance("6602") == (5 if status == "draft" else 165)
        snapshot_again(lab)
        operators.discard(lab.ledger, NAME, operators.Selection(code="document_unread"), CLERK)
        lab.rest()
        lab.translator = lab.mapping.translator(NAME)
        if status == "draft":
            lab.commit(lab.update("claim_head", head(status), status="approved"))
        else:
            lab.commit(lab.update("claim_head", head(status), advance=Decimal(1)))
            lab.commit(lab.insert("claim_item", **item(3, "0.50")))
        lab.rest()
        paid, of_items = (40, 170) if n == 1 else (42, 160)
        own = Decimal(of_items) if status == "draft" else of_items + Decimal("0.50")
        assert (lab.parked, lab.balance("1601"), lab.balance("6602")) == ([], -paid, own + 5)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_line_of_a_document_that_has_another_name_now_parks_it_until_it_was_read(is_gone: bool) -> None:
    """The document's alias is another since it was posted: a line alone, changed or deleted, is no line that has come
    before its header."""
    lab = Lab(edited("reverse"))
    posted(lab)
    renamed = edited("reverse").replace("  claim: {", "  claims: {").replace("on: claim\n", "on: claims\n")
    remap(lab, renamed)
    old = item(2, "60.00")
    lab.commit(lab.delete("claim_item", **old) if is_gone else lab.update("claim_item", old, amount=Decimal(70)))
    lab.rest()
    assert lab.parked == [("claims:7", "failed", "document_unread")]
    snapshot_again(lab)
    operators.discard(lab.ledger, NAME, operators.Selection(code="document_unread"), CLERK)
    lab.rest()
    assert lab.parked == []


def test_whoever_approves_is_told_what_waits_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document is edited while it waits for its approval: what is approved is what it was, and the edit is judged
    afterwards."""
    lab = Lab(edited("reverse", "    approve: {when: sum(item.amount) > 150, role: finance}\n"))
    lab.commit(lab.insert("claim_head", **head("approved")), lab.insert("claim_item", **item(1, "160.00")))
    lab.commit(lab.update("claim_item", item(1, "160.00"), amount=Decimal("161.00")))
    lab.commit(lab.update("claim_item", item(1, "161.00"), amount=Decimal("162.00")))
    lab.rest()
    held, *later = operators.parked(lab.ledger, NAME, operators.Selection())
    assert [operators.behind(lab.ledger, NAME, row) for row in (held, *later)] == [2, 1, 0]
    said: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(approving, "line", lambda code, *_, **params: said.append((code, params)))
    monkeypatch.setattr(approving, "at_desk", lambda *_: nullcontext(([], lab.ledger)))
    monkeypatch.setattr(approving, "holding_of", lambda *_: SimpleNamespace(name=NAME, people=None))
    monkeypatch.setattr(approving, "answering", lambda *_, **__: operators.Actor("wang", "seen"))
    approving.approve("finance", [held.id])
    assert said[1:] == [("rows_behind", {"id": held.id, "rows": 2, "subject": "claim:7"})]
    lab.rest()
    assert lab.balance("6602") == 160
    assert [state for _, state, _ in lab.parked][:1] == ["approval"]


@advice("document_by_row")
def test_an_eam_that_tells_no_transactions_is_told_of_with_its_rules() -> None:
    """A rule that would post the half of a document is named, with file and line; as the hint says, it is not then.
    What it is warned of: the first line alone is posted, and with `edited` what follows makes it good."""
    (told,) = loaded(CLAIMS).judged_by_row("sqlite")
    assert (told.code, told.params["rule"]) == ("document_by_row", "expense")
    assert told.where.endswith(f":{3 + CLAIMS.partition('    on: claim')[0].count(chr(10))}")
    assert [len(loaded(edited(how)).judged_by_row("sqlite")) for how in ("refuse", "reverse", "difference")] == [
        1,
        0,
        0,
    ]
    for dialect, count in (("sqlite", 1), ("postgres", 0), (None, 0)):
        pipeline = cast(Any, SimpleNamespace(eam_dialect=dialect, mapping=loaded(CLAIMS)))
        assert len(checks.check_documents(pipeline)) == count
    for mapping, balance in ((CLAIMS, 100), (edited("reverse"), 160), (edited("difference"), 160)):
        lab = Lab(mapping)
        lab.commit(lab.insert("claim_item", **item(1, "100.00")))
        for row in (lab.insert("claim_head", **head("approved")), lab.insert("claim_item", **item(2, "60.00"))):
            lab.commit(row)
        lab.rest()
        assert lab.balance("6602") == balance
