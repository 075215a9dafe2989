"""Closing a month: each thing that must hold is found wrong when it is, and right when it has been mended; what comes
late for a closed month goes to the next one."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from syncd.books.close import cards
from syncd.books.close.item import Said
from syncd.desk import closing
from syncd.desk.audit.verify import verify
from syncd.desk.parked import operators
from syncd.errors import Halt, Transient, WrongUsage
from syncd.language import say
from tests.finance_cases.books import Books, standard
from tests.unit.lab import CLERK, NAME

D = Decimal
ONCE = "UPDATE gl_period SET open = 0 WHERE code < '{}'"
Break = Callable[[Books], object]


def ready() -> Books:
    """February, in which all holds."""
    books = standard()
    books.database.execute(ONCE.format("2026-02"))
    return books


def failing(books: Books, month: str = "2026-02") -> set[str]:
    return {code for code, item in books.close_items(month).items() if item.state == "fails"}


def test_a_month_in_which_all_holds_fails_nothing() -> None:
    assert failing(ready()) == set()


BROKEN: dict[str, Break] = {
    "close_earlier": lambda b: b.database.execute("UPDATE gl_period SET open = 1 WHERE code = '2026-01'"),
    "close_parked": lambda b: b.buy("FA-2", "-1.00", "2026-02-05"),
    "close_held": lambda b: b.buy("FA-2", "6000000.00", "2026-02-05"),
    "close_undepreciated": lambda b: b.database.execute("DELETE FROM syncd_posting WHERE rule = 'worn'"),
    "close_net_negative": lambda b: b.happen("impairment", "FA-1", "120000.00", "2026-02-28"),
    "close_over_depreciated": lambda b: b.happen("month", "FA-1", "112200.00", "2026-02-28"),
    "close_clearing": lambda b: b.happen("disposal", "FA-1", "0.00", "2026-02-28"),
    "close_cards": lambda b: b.by_hand("2026-02", "2026-02-28", ("1601", "5.00", "0", ""), ("1002", "0", "5.00", "")),
    "close_unbalanced": lambda b: b.database.execute("UPDATE gl_entry SET credit = '1.00' WHERE account = '1602'"),
    "close_outside": lambda b: b.by_hand("2026-02", "2026-03-02", ("1002", "5.00", "0", ""), ("6602", "0", "5.00", "")),
    "close_numbers": lambda b: b.database.execute("UPDATE gl_voucher SET number = 3 WHERE period = '2026-02'"),
    "close_expense_side": lambda b: b.by_hand(
        "2026-02", "2026-02-28", ("1602", "9000.00", "0", "FA-1"), ("6602", "0", "9000.00", "")
    ),
    "close_research": lambda b: b.by_hand(
        "2026-02", "2026-02-02", ("5301", "9.00", "0", ""), ("1002", "0", "9.00", "")
    ),
    "close_grants": lambda b: b.by_hand("2026-01", "2026-01-02", ("1002", "9.00", "0", ""), ("2401", "0", "9.00", "")),
    "close_chain": lambda b: b.database.execute("UPDATE syncd_posting SET subject = 'x' WHERE seq = 1"),
    "close_own": lambda b: b.by_hand(
        "2026-02", "2026-02-02", ("1002", "1000000.00", "0", ""), ("1002", "0", "1000000.00", "")
    ),
}


@pytest.mark.parametrize("code", BROKEN)
def test_what_does_not_hold_is_found(code: str) -> None:
    books = ready()
    BROKEN[code](books)
    item = books.close_items("2026-02")[code]
    assert (item.state, item.total > 0, bool(item.mend or item.mends)) == ("fails", True, True)
    assert all(len(row) == len(item.columns) for row in item.rows)


def test_a_charge_of_another_month_is_none_of_this() -> None:
    """FA-1 was charged 1,900.00 in February: for February, or to make up for January."""
    books = ready()
    month_end = books.mapping.month_end

    def undepreciated(made: set[str] | None) -> list[object]:
        every = cards.items(books.figures("2026-02"), None, month_end, made)
        (item,) = (one for one in every if one.said.code == "close_undepreciated")
        return [row[0] for row in item.rows]

    assert [undepreciated(made) for made in (None, {"FA-1"}, set())] == [[], [], ["FA-1"]]


def test_an_entry_without_asset_is_a_row_of_its_own() -> None:
    """It hides no asset: 500.00 that somebody moved from one to another of the same department are told, with a pair
    of entries that name none; then what is left over without an asset. An opening in one sum, before the first voucher
    of ours, says nothing of assets: then what the month has moved of each is told."""
    books = ready()
    books.buy("FA-2", "1000.00", "2026-02-03")
    hand = ("2026-02", "2026-02-27")
    books.by_hand(*hand, ("1602", "500.00", "0", "FA-1"), ("1602", "0", "500.00", "FA-2"))
    books.by_hand(*hand, ("1602", "7.00", "0", ""), ("1602", "0", "7.00", ""))

    def told() -> list[tuple[object, object]]:
        rows = books.close_items("2026-02")["close_cards"].rows
        return [(row[0], row[4]) for row in rows if row[0] == cards.NO_ASSET or row[0].code == "close_of_asset"]

    assets: list[tuple[object, object]] = [
        (Said("close_of_asset", {"asset": asset}), amount)
        for asset, amount in (("FA-1", D("-500.00")), ("FA-2", D("500.00")))
    ]
    assert told() == assets
    mend = books.close_items("2026-02")["close_cards"].mend
    assert mend is not None
    assert say(mend.code, mend.params, "zh").startswith("先看资产 FA-1：请在财务系统中查")
    assert say(mend.code, {"asset": None}, "zh").startswith("请在财务系统中查")
    books.by_hand(*hand, ("1602", "9.00", "0", ""), ("1002", "0", "9.00", ""))
    assert told() == [(cards.NO_ASSET, D("-9.00")), *assets]
    books.by_hand("2026-01", "2026-01-01", ("1601", "80.00", "0", ""), ("1002", "0", "80.00", ""))
    assert told() == []
    rows = books.close_items("2026-02")["close_cards"].rows
    moved = [(row[0].params["asset"], row[4]) for row in rows if row[0].code == "close_moved"]
    assert moved == [("FA-1", D("-500.00")), ("FA-2", D("500.00"))]


def test_a_row_that_waits_behind_another_is_its_own_item() -> None:
    books = ready()
    books.happen("impairment", "FA-7", "1.00", "2026-02-05")
    books.happen("impairment", "FA-7", "2.00", "2026-02-05")
    assert {"close_parked", "close_waiting"} <= failing(books)


def test_a_row_that_came_later_and_is_of_no_day_of_the_month_keeps_nobody() -> None:
    """What was committed by the month's end, or names a day within it, belongs to it."""
    books = ready()
    books.at = books.at.replace(month=3)
    books.buy("FA-2", "-1.00", "2026-03-05")
    assert "close_parked" not in failing(books)
    books.buy("FA-3", "-1.00", "2026-02-27")
    assert books.close_items("2026-02")["close_parked"].total == 1


def test_an_open_disposal_is_aged() -> None:
    """1606 of FA-1 stands since the 20th: eight days at the end of February."""
    books = ready()
    books.happen("disposal", "FA-1", "0.00", "2026-02-20")
    (row,) = books.close_items("2026-02")["close_clearing"].rows
    assert (row[0], row[1], row[2], row[4]) == ("FA-1", "1606", Decimal("118100.00"), 8)
    books.happen("result", "FA-1", "118100.00", "2026-02-28")
    assert books.close_items("2026-02")["close_clearing"].state == "holds"


def test_what_is_left_of_a_grant_goes_with_its_asset() -> None:
    """Released in the month of the disposal, it is not left over: while the disposal is open it is its matter, once it
    is over nothing may be left."""
    books = ready()
    books.by_hand("2026-01", "2026-01-20", ("1002", "60.00", "0", ""), ("2401", "0", "60.00", "FA-1"))
    books.by_hand("2026-02", "2026-02-05", ("2401", "1.00", "0", "FA-1"), ("6602", "0", "1.00", ""))

    def grants() -> list[object]:
        return [row[:3] for row in books.close_items("2026-02")["close_grants"].rows]

    books.happen("disposal", "FA-1", "0.00", "2026-02-20")
    assert grants() == []
    books.happen("result", "FA-1", "118100.00", "2026-02-28")
    assert grants() == [("FA-1", "2401", Decimal("-59.00"))]
    books.by_hand("2026-02", "2026-02-28", ("2401", "59.00", "0", "FA-1"), ("6711", "0", "59.00", ""))
    assert grants() == []


def close(books: Books, month: str = "2026-02") -> None:
    statement = books.mapping.layout.period_update(month, is_open=False)
    closing.close(books.ledger, month, closing.numbers(books.ledger, month), statement, {}, CLERK)


def test_what_comes_late_for_a_closed_month_goes_to_the_next() -> None:
    """Its day stands beside. Invariant 13: the close is a thing that a person did at a point of the log."""
    books = ready()
    close(books)
    books.happen("month", "FA-1", "7.00", "2026-02-28")
    assert books.vouchers[-1][:3] == ("2026-03", 1, "2026-02-28")
    assert books.ask("SELECT open FROM gl_period WHERE code = '2026-02'") == [(0,)], "finance's own table says so too"
    assert [action for (action,) in books.ask("SELECT action FROM syncd_action")] == ["close"]


def test_the_close_is_syncds_own_where_finance_goes_on() -> None:
    books = ready()
    closing.close(books.ledger, "2026-02", closing.numbers(books.ledger, "2026-02"), None, {}, CLERK)
    books.happen("month", "FA-1", "7.00", "2026-02-28")
    assert books.vouchers[-1][0] == "2026-03"
    assert books.ask("SELECT open FROM gl_period WHERE code = '2026-02'") == [(1,)]


def test_a_month_is_reopened_in_order_and_takes_what_is_its_own() -> None:
    books = ready()
    for month in ("2026-02", "2026-03"):
        close(books, month)
    with pytest.raises(Halt) as refused:
        closing.reopen(books.ledger, "2026-02", None, CLERK)
    assert refused.value.code == "reopen_later"
    for month in ("2026-03", "2026-02"):
        closing.reopen(books.ledger, month, books.mapping.layout.period_update(month, is_open=True), CLERK)
    books.happen("month", "FA-1", "7.00", "2026-02-28")
    assert books.vouchers[-1][0] == "2026-02"
    with pytest.raises(WrongUsage):
        closing.reopen(books.ledger, "2026-02", None, CLERK)


def test_invariant_12_a_month_that_was_opened_past_the_desk_is_found() -> None:
    """Closed and opened as people do it is whole; a close that is deleted or put back by hand is not."""
    books = ready()

    def flaws() -> list[str]:
        return [flaw.code for flaw in verify(books.ledger, NAME, books.mapping.layout).flaws]

    close(books)
    close(books, "2026-03")
    closing.reopen(books.ledger, "2026-03", books.mapping.layout.period_update("2026-03", is_open=True), CLERK)
    assert flaws() == []
    books.ledger.execute([("DELETE FROM syncd.closing WHERE period = ?", ("2026-02",))])
    assert flaws() == ["audit_closing"]


def test_a_voucher_that_comes_while_the_list_is_read_keeps_the_month_open() -> None:
    books = ready()
    seen = closing.numbers(books.ledger, "2026-02")
    books.happen("month", "FA-1", "7.00", "2026-02-28")
    with pytest.raises(Transient) as refused:
        closing.close(books.ledger, "2026-02", seen, None, {}, CLERK)
    assert refused.value.code == "close_overtaken"
    assert closing.closed(books.ledger) == frozenset()


def test_a_month_before_it_that_is_opened_while_the_list_is_read_keeps_the_month_open() -> None:
    """Months are closed in order: one person looks at March, another opens February again. Two who close the same month
    are told that it is closed."""
    books = ready()
    close(books)
    seen = closing.numbers(books.ledger, "2026-03")
    closing.reopen(books.ledger, "2026-02", None, CLERK)
    with pytest.raises(Transient, match="close_overtaken"):
        closing.close(books.ledger, "2026-03", seen, None, {}, CLERK)
    seen = closing.numbers(books.ledger, "2026-02")
    close(books)
    with pytest.raises(WrongUsage, match="close_closed"):
        closing.close(books.ledger, "2026-02", seen, None, {}, CLERK)


def test_nobody_closes_without_who_and_why() -> None:
    books = ready()
    with pytest.raises(WrongUsage):
        closing.close(
            books.ledger, "2026-02", closing.numbers(books.ledger, "2026-02"), None, {}, operators.Actor("a", " ")
        )
    assert closing.closed(books.ledger) == frozenset()
