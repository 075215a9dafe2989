"""Which postings a window of days holds: those whose changes were committed in it, on the clock of the books."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from syncd.books.warnings import record
from syncd.books.warnings.notice import Window
from syncd.record import timestamp
from tests.unit.lab import BILLS, Lab

ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 2, 27), date(2026, 2, 28)
COLUMNS: Final = (
    "pipeline, seq, key, rule, subject, voucher, reverses, mapping_hash, position, committed_at, posted_at, content,"
    " hash"
)
BEGUN: Final = "INSERT INTO syncd_pipeline (name, posting_seq, posting_hash, parked_seq, changes, posted, repeated)"
MOMENT: Final = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def lab() -> Lab:
    """A posting at each end of the two days, and one a moment beyond each."""
    lab, begin, end = Lab(BILLS), datetime(2026, 2, 27, tzinfo=ZONE), datetime(2026, 3, 1, tzinfo=ZONE)
    lab.database.execute(f"{BEGUN} VALUES ('books', 4, '', 0, 4, 4, 0)")
    for seq, at in enumerate((begin - MOMENT, begin, end - MOMENT, end), 1):
        row = ("books", seq, f"k/{seq}", "r", "s", "", "", "", "", timestamp(at.astimezone(UTC)), "", "{}", "")
        lab.database.execute(f"INSERT INTO syncd_posting ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", row)
    return lab


@pytest.mark.parametrize(
    ("first", "last", "postings"),
    [
        (FIRST, LAST, 2),
        (FIRST, FIRST, 1),
        (LAST, LAST, 1),
        (date.min, LAST, 3),
        (FIRST, date.max, 3),
        (date.min, date.max, 4),
    ],
)
def test_a_window_ends_with_the_day_of_the_books(lab: Lab, first: date, last: date, postings: int) -> None:
    window = Window(first, last, ZONE)
    assert record.facts(lab.ledger, "books", record.roles([]), window, None).postings == postings
