"""What the EAM is told of its rows is decided with what it tells, once, and does not come back."""

from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from connectors.convert import typed
from syncd.change import Malformed
from syncd.desk.parked import operators
from tests.outbox.office import DAY, MAPPING, Office
from tests.unit.lab import CLERK, NAME

WITH_DEPARTMENTS: Final = (
    MAPPING.replace("on_: date}}", "on_: date, dept: integer}}")
    .replace(
        "rules:\n", "references:\n  dept: {table: eam.dept, key: id, columns: {id: integer, code: text}}\nrules:\n"
    )
    .replace("    once: [after.code,", "    join: {dept: after.dept}\n    once: [after.code,")
    .replace("debit: after.amount}, {account: \"'1002'", "debit: after.amount, dept: dept.code}, {account: \"'1002'")
)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_what_is_posted_is_answered_with_its_voucher(office: Office) -> None:
    office.buys(1)
    office.tells()
    assert office.said(1) == ("posted", "2026-02 记-1", "", 1)
    assert [(d.kind, d.target, d.subject, d.state, d.attempts) for d in office.deliveries] == [
        ("answer", "asset", "asset:1", "done", 1)
    ]


def test_a_row_is_held_and_then_posted_once_finance_agrees(office: Office) -> None:
    """In order, each once: the same approval asked for twice is one answer."""
    office.buys(1, 5000)
    office.retry("A1")
    office.tells()
    assert office.said(1)[:2] == ("held", "")
    assert office.said(1)[2] == "等待财务审批" or "finance" in str(office.said(1)[2])
    office.approves()
    office.tells()
    assert office.said(1) == ("posted", "2026-02 记-1", "", 2)
    assert office.told == [("held", "done"), ("posted", "done")]


def test_a_row_that_is_held_once_more_says_so(office: Office) -> None:
    """It was refused, and somebody has it judged again: the EAM does not go on saying that it is refused."""
    office.buys(1, 5000)
    office.rejects()
    reopened = "UPDATE syncd_parked SET state = 'approval', settled_at = NULL, request = 'retry' WHERE id = 1"
    office.database.execute(reopened)
    office.ledger.close()
    office.rest()
    office.approves()
    office.tells()
    assert [what for what, _ in office.told] == ["held", "rejected", "held", "posted"]
    assert office.said(1)[:2] == ("posted", "2026-02 记-1")


def test_a_row_that_finance_refuses_says_why(office: Office) -> None:
    office.buys(1, 5000)
    office.rejects()
    office.tells()
    assert office.said(1) == ("rejected", "", "over budget", 2)
    assert office.deliveries[-1].body["by"] == "controller"
    assert office.vouchers == []


def test_a_row_that_cannot_be_posted_says_why_in_the_language_of_the_books(office: Office) -> None:
    office.buys(1, -5)
    office.tells()
    state, voucher, reason, _ = office.said(1)
    assert (state, voucher) == ("parked", "")
    assert "金额必须大于零" in str(reason)


def test_rows_of_a_group_are_answered_when_it_is_posted(office: Office) -> None:
    """Each with the voucher of its group; before that they are not posted."""
    for n in (1, 2):
        office.commit(office.insert("deprec", id=n, code=f"A{n}", month="2026-02", amount=Decimal("9.00")))
    office.rest()
    assert office.told == []
    office.commit(office.insert("month", id=1, month="2026-02"))
    office.rest()
    office.tells()
    assert office.eam.execute("SELECT state, voucher FROM told").fetchall() == [("posted", "2026-02 记-1")] * 2


def test_invariant_2_an_answer_is_decided_with_its_posting_or_not_at_all(office: Office) -> None:
    """A transaction that is rolled back leaves neither."""
    office.database.execute(
        "CREATE TRIGGER broken BEFORE UPDATE OF position ON syncd_pipeline BEGIN SELECT raise(ABORT, 'gone'); END"
    )
    office.commit(office.insert("asset", id=1, code="A1", amount=100, on_=DAY))
    with pytest.raises(Exception, match="gone"):
        office.turn()
    assert (office.vouchers, office.deliveries) == ([], [])
    office.database.execute("DROP TRIGGER broken")
    office.rest()
    assert (len(office.vouchers), len(office.deliveries)) == (1, 1)


def test_invariant_10_a_dry_run_answers_nothing(office: Office) -> None:
    office.commit(office.insert("asset", id=1, code="A1", amount=100, on_=DAY))
    ledger = office.open_ledger(dry_run=True)
    ledger.acquire()
    kept, office.ledger = office.ledger, ledger
    office.turn()
    office.database.execute("ROLLBACK")
    office.ledger = kept
    assert office.deliveries == []


def test_our_own_answer_is_no_news(office: Office) -> None:
    """It changes columns that the mapping does not declare: the log tells of an update, the rules do not hear of it,
    and behind a row that is held it does not stand as a correction that somebody made."""
    office.buys(1, 5000)
    row = {"id": 1, "code": "A1", "amount": 5000, "on_": DAY}
    office.commit(office.update("asset", row))
    office.rest()
    assert office.parked == [("A1", "approval", "approval")]
    assert office.ask("SELECT reason, changes FROM syncd_ignored") == [("asset: answered", 1)]
    office.commit(office.update("asset", row, amount=500))
    office.rest()
    assert (office.parked, len(office.vouchers)) == ([], 1)
    assert office.told[-1] == ("posted", "waiting")


def test_what_a_snapshot_reads_is_not_answered(office: Office) -> None:
    """It was there before."""

    class Before(Office):
        def settle(self) -> None:
            self.store.commit([self.insert("asset", id=7, code="A7", amount=100, on_=DAY)], office.at)

    (office.path.parent / "other").mkdir()
    assert Before(office.path.parent / "other").deliveries == []


def test_a_mapping_that_answers_nothing_touches_no_outbox(tmp_path: Path) -> None:
    head, _, _ = Office.__init__.__defaults__[0].partition("answers:")  # type: ignore[index]
    office = Office(tmp_path, head)
    office.buys(1, 5000)
    office.rejects()
    assert office.ask("SELECT * FROM syncd_delivery") == office.ask("SELECT * FROM syncd_outbox") == []
    assert not office.mapping.answers
    assert not office.ledger.query("SELECT 1 FROM syncd.delivery WHERE pipeline = ?", (NAME,))


def test_our_own_answer_is_no_news_of_a_row_that_cannot_be_read(office: Office) -> None:
    """It brings the same malformed day again: neither a correction, nor, once it is discarded, another parked row."""
    row = {"id": 1, "code": "A1", "amount": 100, "on_": Malformed("31.02.2026", "date")}
    office.commit(office.insert("asset", **row))
    office.rest()
    echo = office.update("asset", row)
    office.commit(echo)
    office.rest()
    assert office.parked == [("A1", "failed", "malformed")]
    operators.discard(office.ledger, NAME, operators.Selection(ids=(1,)), CLERK)
    office.commit(echo)
    office.rest()
    assert (office.parked, [what for what, _ in office.told]) == ([], ["parked"])


def test_what_waited_for_a_row_and_then_for_finance_says_that_it_is_held(tmp_path: Path) -> None:
    """Its department is unknown, then corrected, and finance has to agree: the EAM hears of the approval."""
    office = Office(tmp_path, WITH_DEPARTMENTS)
    office.commit(office.insert("dept", id=7, code="SC"))
    row = {"id": 1, "code": "A1", "amount": 5000, "on_": DAY, "dept": 99}
    office.commit(office.insert("asset", **row))
    office.rest()
    assert office.parked == [("A1", "failed", "reference_missing")]
    office.commit(office.update("asset", row, dept=7))
    office.rest()
    assert [what for what, _ in office.told] == ["held"]
    office.approves()
    assert [what for what, _ in office.told] == ["held", "posted"]


def test_a_row_that_is_refused_after_it_failed_says_who_refused_it(office: Office) -> None:
    """What somebody edited cannot be posted: whoever rejects it then is heard as before."""
    office.buys(1, 5000)
    read = lambda column, text: typed(column, text, UTC)  # noqa: E731 - as the pipeline's
    operators.edit(office.ledger, NAME, 1, {"amount": "-1"}, office.mapping.tables, read, CLERK)
    office.rest()
    assert office.parked == [("A1", "failed", "require")]
    office.rejects()
    office.tells()
    assert [what for what, _ in office.told] == ["held", "parked", "rejected"]
    assert office.said(1)[:3] == ("rejected", "", "over budget")
