"""Cases that other asset modules got wrong, where the register and the ledger must say the same: each with its figures.

Invariants 7 and 8: every figure for an asset and a date is that of the accounts on that date."""

from decimal import Decimal

import pytest

from syncd.books.close.item import Said
from syncd.books.figures import Amounts
from tests.finance_cases.books import Books, standard


def amounts(cost: str, worn: str, impaired: str = "0.00") -> Amounts:
    return Amounts(Decimal(cost), Decimal(worn), Decimal(impaired))


GONE = amounts("0.00", "0.00")


@pytest.fixture(scope="module")
def disposed() -> Books:
    """A, disposed of on 20 March with that month's depreciation; its result in April."""
    books = standard()
    books.happen("month", "FA-1", "1900.00", "2026-03-20")
    books.happen("disposal", "FA-1", "0.00", "2026-03-20")
    books.happen("result", "FA-1", "116200.00", "2026-04-10")
    assert books.parked == []
    return books


def test_erpnext_46660_february_has_what_is_disposed_of_in_march(disposed: Books) -> None:
    line = disposed.figures("2026-02").assets()["FA-1"]
    assert (line.opening, line.closing) == (amounts("120000.00", "0.00"), amounts("120000.00", "1900.00"))


def test_erpnext_46660_march_shows_it_come_and_go(disposed: Books) -> None:
    line = disposed.figures("2026-03").assets()["FA-1"]
    assert line.opening == amounts("120000.00", "1900.00")
    assert line.of("charged") == amounts("0.00", "1900.00")
    assert line.of("removed") == amounts("-120000.00", "-3800.00")
    assert line.closing == GONE
    assert line.year_to_date == Decimal("3800.00")


def test_erpnext_46660_april_does_not_have_it(disposed: Books) -> None:
    assert disposed.figures("2026-04").assets() == {}


@pytest.mark.parametrize("day", ["2026-01-14", "2026-01-15", "2026-02-27", "2026-02-28", "2026-03-19", "2026-03-31"])
def test_erpnext_20502_every_day_equals_the_accounts(disposed: Books, day: str) -> None:
    total = GONE
    for each in disposed.held(day).values():
        total = total.plus(each)
    assert total == disposed.ledger_at(day)


def test_oca_2255_a_removed_asset_has_nothing_left(disposed: Books) -> None:
    assert disposed.held("2026-03-31") == {}


def test_erpnext_35010_depreciation_by_hand_is_found_and_its_cancellation_mends_it() -> None:
    """So erpnext#46259; by `reconcile`: tests/unit/test_reconciliation.py."""
    books = standard()
    assert books.close_items("2026-02")["close_cards"].state == "holds"
    books.by_hand("2026-02", "2026-02-28", ("6602", "500.00", "0.00", ""), ("1602", "0.00", "500.00", "FA-1"))
    item = books.close_items("2026-02")["close_cards"]
    assert item.state == "fails"
    assert (Said("close_of_asset", {"asset": "FA-1"}), Decimal("500.00")) in [(row[0], row[4]) for row in item.rows]
    books.by_hand("2026-02", "2026-02-28", ("6602", "0.00", "500.00", ""), ("1602", "500.00", "0.00", "FA-1"))
    assert books.close_items("2026-02")["close_cards"].state == "holds"


def test_dolibarr_36540_the_expense_is_debited_and_the_other_way_round_keeps_the_month_open() -> None:
    """Dr 6602, Cr 1602: 1,900.00; swapped by hand, the sides are told at close."""
    books = standard()
    assert books.ledger_at("2026-02-28").accumulated_depreciation == Decimal("1900.00")
    assert books.balance("6602") == Decimal("1900.00")
    assert books.close_items("2026-02")["close_expense_side"].state == "holds"
    for _ in range(2):
        books.by_hand("2026-02", "2026-02-28", ("1602", "1900.00", "0.00", "FA-1"), ("6602", "0.00", "1900.00", ""))
    assert books.close_items("2026-02")["close_expense_side"].state == "fails"


def test_erpnext_54223_written_down_to_nothing_keeps_its_gross_value() -> None:
    books = standard()
    books.happen("impairment", "FA-1", "118100.00", "2026-02-28")
    closing = books.figures("2026-03").assets()["FA-1"].closing
    assert closing == amounts("120000.00", "1900.00", "118100.00")
    assert closing.carrying_amount == 0
    items = books.close_items("2026-03")
    assert items["close_net_negative"].state == "holds"
    assert items["close_undepreciated"].state == "holds", "nothing is left to depreciate"
    assert items["close_cards"].state == "holds"


def test_odoo_35751_a_purchase_that_is_deleted_leaves_register_and_ledger_together() -> None:
    """So odoo#35757, odoo#35763."""
    books = Books()
    books.buy("FA-1", "90000.00", "2026-02-03")
    books.delete_asset("FA-1")
    line = books.figures("2026-02").assets()["FA-1"]
    assert line.of("added") == amounts("90000.00", "0.00")
    assert line.of("corrected") == amounts("-90000.00", "0.00")
    assert (line.closing, books.ledger_at("2026-02-28")) == (GONE, GONE)


def test_oca_1933_a_reversal_creates_no_card() -> None:
    books = Books()
    books.buy("FA-1", "90000.00", "2026-02-03")
    books.delete_asset("FA-1")
    assert books.ask("SELECT count(*) FROM fa_card") == [(1,)]
    assert books.held("2026-02-28") == {}


def test_an_asset_that_moves_is_where_the_ledger_has_it() -> None:
    """Out of one department and into the other, with what it has worn; within its class it has not moved."""
    books = standard()
    books.happen("transfer", "FA-1", "0.00", "2026-03-09", dept="XS")
    books.happen("month", "FA-1", "1900.00", "2026-03-31")
    figures = books.figures("2026-03")
    by_dept = figures.by(lambda asset, place: place[0])
    assert by_dept["SC"].of("moved_out") == amounts("-120000.00", "-1900.00")
    assert by_dept["SC"].closing == GONE
    assert by_dept["XS"].of("moved_in") == amounts("120000.00", "1900.00")
    assert by_dept["XS"].closing == amounts("120000.00", "3800.00")
    by_class = figures.by(lambda asset, place: place[1])
    assert by_class["JQ"].of("moved_in", "moved_out") == GONE
    assert by_class["JQ"].of("moved_in") == GONE
    assert books.close_items("2026-03")["close_cards"].state == "holds"


def test_erpnext_50222_an_opening_is_counted_once() -> None:
    """The card that a snapshot brings makes no voucher: it is what the ledger opened with. So accounted#2267."""
    books = Books([("FA-9", "1000.00", "0.00")])
    books.by_hand("2026-01", "2026-01-01", ("1601", "1000.00", "0.00", "FA-9"), ("1002", "0.00", "1000.00", ""))
    assert books.held("2026-01-31") == {"FA-9": amounts("1000.00", "0.00")}
    assert books.figures("2026-01").assets()["FA-9"].opening == amounts("1000.00", "0.00")
    assert books.close_items("2026-01")["close_cards"].state == "holds"
    assert books.vouchers == [("2026-01", 1, "2026-01-01", "手工")]
