"""Invariant 11: what a large group has posted is recorded so many cards at a time, and says the same."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncd import record
from syncd.change import Change, Position
from syncd.posting import CardWrite, Entry, Posting, TableRow, Voucher

D = Decimal
CHANGE = Change("asset", "insert", None, None, Position("1"), datetime(2026, 2, 28, tzinfo=UTC))


def group(cards: int, entries: int) -> Posting:
    """A month of so many cards, with a share each."""
    written = tuple(CardWrite(f"A{n}", "change", {"worn": D(n) / 100, "to": "2026-02"}) for n in range(cards))
    lines = tuple(Entry("1602", D(0), D(n), None if n % 2 else "other", {"asset": f"A{n}"}) for n in range(entries))
    put_in = [record.share_text([(1, D(n)), (n + 1, D(n))]) for n in range(cards)]
    shares = tuple(text for n, said in enumerate(put_in) for text in (f"k{n}", f"A{n}", said))
    voucher = Voucher("记", "2026-02", date(2026, 2, 28), date(2026, 2, 27), "month", lines, {"by": "syncd"}, shares)
    rows = (TableRow("fa_log", ("asset",), {"asset": "A0", "big": 1 << 70}),)
    return Posting("k", "r", "s", CHANGE, written, voucher, rows)


@pytest.mark.parametrize(("cards", "entries"), [(7, 2), (6, 3), (0, 7), (3, 0)])
def test_a_large_group_is_recorded_as_a_small_one(cards: int, entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    posting = group(cards, entries)
    whole = record.encode_content(posting, "asset:1", finance=("shape", 1))
    monkeypatch.setattr(record, "PARTS_OF", 2)
    in_parts = record.encode_content(posting, "asset:1", finance=("shape", 1))
    assert json.loads(in_parts) == json.loads(whole)
    assert record.decode_voucher(in_parts) == record.decode_voucher(whole)
