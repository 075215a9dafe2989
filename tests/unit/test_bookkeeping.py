"""The last guard before finance, the numbers it gives, and who may write."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.ledger.bookkeeping import unsound
from connectors.ledger.ledger import SqlLedger
from syncd.daemon import pipeline
from syncd.desk.audit.verify import verify
from syncd.errors import Transient
from syncd.posting import Entry, Voucher
from tests.kept import Kept
from tests.unit.lab import BILLS, NAME, Lab

DAY = date(2026, 2, 3)


def entry(debit: str, credit: str = "0") -> Entry:
    return Entry("1601", Decimal(debit), Decimal(credit), "", {})


@pytest.mark.parametrize(
    ("entries", "is_reversal", "code"),
    [
        ((entry("1.00"), entry("0", "1.00")), False, None),
        ((entry("-1.00"), entry("0", "-1.00")), True, None),
        ((entry("1.00"), entry("0", "1.01")), False, "voucher_unbalanced"),
        ((entry("-1.00"), entry("0", "-1.00")), False, "voucher_negative"),
        ((entry("0", "-1.00"), entry("0", "1.00")), False, "voucher_negative"),
        ((entry("1.00"),), False, "voucher_short"),
        ((), False, "voucher_short"),
        ((entry("1.00", "1.00"), entry("0", "0")), False, "voucher_sides"),
        ((entry("0", "0"), entry("0", "0")), False, "voucher_sides"),
    ],
)
def test_invariant_3_nothing_reaches_finance_that_is_no_voucher(
    entries: tuple[Entry, ...], is_reversal: bool, code: str | None
) -> None:
    refused = unsound(Voucher("记", "2026-02", DAY, DAY, "", entries), is_reversal)
    assert (refused and refused.code) == code


def billed(lab: Lab, *ids: int) -> None:
    for n in ids:
        lab.commit(lab.insert("bill", id=n, amount=Decimal(n), on_=DAY))
    lab.rest()


def test_invariant_6_numbers_run_without_gap_over_batches_and_what_finance_typed_itself() -> None:
    """Finance's own people take a number in between: ours go on behind it."""
    lab = Lab(BILLS)
    billed(lab, 1, 2)
    lab.database.execute(
        "INSERT INTO gl_voucher (period, type, number, date, event_date, summary, external_key)"
        " VALUES ('2026-02', '记', 3, '2026-02-04', '2026-02-04', 'by hand', 'theirs')"
    )
    billed(lab, 3, 4)
    assert [(number, said) for _, number, _, said in lab.vouchers] == [
        *((1, "bill 1"), (2, "bill 2"), (3, "by hand"), (4, "bill 3"), (5, "bill 4"))
    ]
    assert lab.parked == []


def test_invariant_9_one_who_lost_the_lock_without_knowing_writes_nothing() -> None:
    """Another daemon has carried on since: what this one remembers is no longer so."""
    lab = Lab(BILLS)
    billed(lab, 1)
    kept, m = Kept(lab.database), lab.mapping
    other = SqlLedger(lambda: kept, NAME, m.layout, m.tables, m.hash, False)
    feed = lab.open_feed()
    lab.commit(lab.insert("bill", id=2, amount=Decimal(2), on_=DAY))
    pipeline.turn(feed, m.translator(NAME), other, lambda _: None)
    before = lab.vouchers
    lab.commit(lab.insert("bill", id=3, amount=Decimal(3), on_=DAY))
    with pytest.raises(Transient) as raised:
        lab.turn()
    assert raised.value.code == "not_the_writer"
    assert lab.vouchers == before


def flaws(lab: Lab) -> list[str]:
    return [flaw.code for flaw in verify(lab.ledger, NAME, lab.mapping.layout).flaws]


def test_invariant_12_what_was_done_to_our_vouchers_is_found() -> None:
    lab = Lab(BILLS)
    billed(lab, 1, 2, 3)
    assert flaws(lab) == []
    lab.database.execute("UPDATE gl_entry SET debit = '200' WHERE number = 2 AND debit <> '0'")
    assert flaws(lab) == ["audit_voucher"]
    lab.database.execute("UPDATE gl_entry SET debit = '2' WHERE number = 2 AND debit <> '0'")
    assert flaws(lab) == []
    lab.database.execute("DELETE FROM gl_voucher WHERE number = 3")
    assert "audit_voucher_gone" in flaws(lab)


def test_invariant_12_a_record_cut_off_at_its_end_is_found() -> None:
    """The chain of what is left is whole: only the head, kept apart, tells."""
    lab = Lab(BILLS)
    billed(lab, 1, 2, 3)
    lab.database.execute("DELETE FROM syncd_posting WHERE seq = 3")
    assert "audit_end" in flaws(lab)


def test_the_moment_of_a_posting_is_when_it_was_written() -> None:
    began = datetime.now(UTC).isoformat()
    lab = Lab(BILLS)
    billed(lab, 1)
    ((posted_at,),) = lab.ask("SELECT posted_at FROM syncd_posting")
    assert began[:19] <= str(posted_at)[:19]
