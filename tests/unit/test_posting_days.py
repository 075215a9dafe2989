"""How many postings a day brought is found by halving, and is what counting them all says."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.desk import postings
from syncd.record import timestamp
from tests.unit.lab import BILLS, Lab

ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRST: Final = date(2026, 3, 1)
DAYS: Final = [FIRST + timedelta(days=n) for n in range(5)]
COLUMNS: Final = (
    "pipeline, seq, key, rule, subject, voucher, reverses, mapping_hash, position, committed_at, posted_at, content,"
    " hash"
)
BEGUN: Final = "INSERT INTO syncd_pipeline (name, posting_seq, posting_hash, parked_seq, changes, posted, repeated)"


@cache
def _lab() -> Lab:
    return Lab(BILLS)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(-24, 7 * 24), max_size=60), st.sets(st.integers(1, 60)), st.integers(0, 3))
def test_days_are_counted_as_one_counts_them(hours: list[int], gone: set[int], behind: int) -> None:
    """Hours from the first midnight on, on the books' clock; some postings are gone, the newest ones too."""
    lab = _lab()
    midnight = datetime(2026, 3, 1, tzinfo=ZONE).astimezone(UTC)
    times = [midnight + timedelta(hours=hour) for hour in sorted(hours)]
    there = [(seq, at) for seq, at in enumerate(times, 1) if seq not in gone]
    lab.database.executescript("DELETE FROM syncd_posting; DELETE FROM syncd_pipeline")
    lab.database.execute(f"{BEGUN} VALUES ('books', ?, '', 0, 0, 0, 0)", (len(times) + behind,))
    for seq, at in there:
        row = ("books", seq, f"k/{seq}", "r", "s", "", "", "", "", "", timestamp(at), "{}", "")
        lab.database.execute(f"INSERT INTO syncd_posting ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", row)
    counted = {
        day: sum(at.astimezone(ZONE).date() == day for seq, at in enumerate(times, 1) if seq in dict(there))
        for day in DAYS
    }
    found = dict(postings.by_day(lab.ledger, "books", DAYS, ZONE))
    if not gone & set(range(1, len(times) + 1)) and not behind:
        assert found == counted
    assert all(found[day] >= counted[day] for day in DAYS), "what is gone counts with its neighbours"
