"""Days ascend with numbers in a series, as an auditor reads a journal (invariants 6, 10 and 13)."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.record import decode_voucher
from tests.unit.lab import BILLS, Lab

FIRST = date(2026, 1, 1)
TYPED = "period, type, number, date, event_date, summary, external_key"
Vouchers = list[tuple[object, ...]]


def billed(days: list[int], splits: bool, typed: int) -> Lab:
    """Bills of these days; in between finance's own people have typed a voucher of January."""
    lab = Lab(BILLS, splits)
    for n, day in enumerate(days):
        if n == len(days) // 2:
            lab.rest()
            (last,) = lab.database.execute("SELECT coalesce(max(number), 0) FROM gl_voucher WHERE period = '2026-01'")
            hand = ("2026-01", "记", last[0] + 1, str(FIRST + timedelta(typed)), str(FIRST), "hand", "by hand")
            lab.database.execute(f"INSERT INTO gl_voucher ({TYPED}) VALUES (?, ?, ?, ?, ?, ?, ?)", hand)
        lab.commit(lab.insert("bill", id=n, amount=Decimal(1), on_=FIRST + timedelta(day)))
    lab.rest()
    assert lab.parked == []
    return lab


def journal(lab: Lab) -> Vouchers:
    return lab.ask("SELECT period, number, date, event_date, summary FROM gl_voucher ORDER BY period, number")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 89), min_size=1, max_size=10), st.integers(0, 30), st.booleans())
def test_days_ascend_within_their_period_and_events_keep_theirs(days: list[int], typed: int, splits: bool) -> None:
    lab = billed(days, splits, typed)
    rows = journal(lab)
    dated = [(str(period), str(day)) for period, _, day, _, _ in rows]
    for n, (*_, summary) in enumerate(rows):  # people may type theirs in any order
        earlier = [one for one in dated[:n] if one[0] == dated[n][0]]
        assert summary == "hand" or dated[n] == max([*earlier, dated[n]]), "of every period, by number"
    assert all(day.startswith(period) for period, day in dated), "never outside it"
    events = {str(summary): str(event) for *_, event, summary in rows}
    assert all(events[f"bill {n}"] == str(FIRST + timedelta(day)) for n, day in enumerate(days))
    recorded = [decode_voucher(str(c)) for (c,) in lab.ask("SELECT content FROM syncd_posting")]
    assert {(str(v.date), v.summary) for v in recorded if v} == {(str(r[2]), r[4]) for r in rows if r[4] != "hand"}


def test_a_day_outside_its_period_that_people_typed_moves_nothing_out_of_it() -> None:
    lab = Lab(BILLS)
    lab.database.execute(
        f"INSERT INTO gl_voucher ({TYPED}) VALUES ('2026-01', '记', 1, '2026-02-07', '2026-02-07', 'hand', 'by hand')"
    )
    lab.commit(lab.insert("bill", id=1, amount=Decimal(1), on_=date(2026, 1, 20)))
    lab.rest()
    assert journal(lab)[1][:4] == ("2026-01", 2, "2026-01-31", "2026-01-20")
