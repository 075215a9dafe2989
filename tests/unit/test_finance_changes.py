"""Invariants 7 and 13: what finance's people change is seen by the next batch, however long the daemon has run."""

from datetime import date
from decimal import Decimal

import pytest

from tests.unit.lab import BILLS, NAME, Lab

DAY = date(2026, 2, 3)


@pytest.mark.parametrize("restarts", [False, True], ids=["running on", "after a restart"])
def test_an_account_that_was_taken_away_is_known_no_more(restarts: bool) -> None:
    lab = Lab(BILLS, splits=True)
    lab.commit(lab.insert("bill", id=1, amount=Decimal("7.00"), on_=DAY))
    lab.database.execute("PRAGMA foreign_keys = OFF")
    lab.database.execute("DELETE FROM gl_account WHERE code = '6602'")
    if restarts:
        lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
        lab.ledger.acquire()
        lab.feed = lab.open_feed()
    lab.commit(lab.insert("bill", id=2, amount=Decimal("8.00"), on_=DAY))
    assert [code for _, _, code in lab.parked] == ["unknown_account"]
    lab.database.execute("INSERT INTO gl_account VALUES ('6602')")
    lab.retry()
    assert not lab.parked
    assert lab.balance("6602") == Decimal("15.00")


def test_a_red_letter_is_exact_however_long_the_amount() -> None:
    """Invariant 3: no sum is rounded because it is long."""
    lab = Lab(BILLS + "  back: {on: bill, when: op = 'delete', reverse: billed}\n", splits=True)
    bill = {"id": 1, "amount": Decimal("12345678901234567890123456789012.34"), "on_": DAY}
    lab.commit(lab.insert("bill", **bill))
    lab.commit(lab.delete("bill", **bill))
    assert [str(d) for (d,) in lab.ask("SELECT debit FROM gl_entry WHERE account = '6602' ORDER BY rowid")] == [
        "12345678901234567890123456789012.34",
        "-12345678901234567890123456789012.34",
    ]
