"""Cron expressions: what cron(5) says, by the wall clock of a zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.cron import NoCron, parse

SHANGHAI, PARIS = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Paris")
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)  # a Saturday
# expression, the first three times after the first of August 2026, 08:00 in Shanghai, on its clock
COMES = (
    ("0 2 * * *", "08-02 02:00", "08-03 02:00", "08-04 02:00"),
    ("*/15 8-18 * * mon-fri", "08-03 08:00", "08-03 08:15", "08-03 08:30"),
    ("30 9 * * 0", "08-02 09:30", "08-09 09:30", "08-16 09:30"),
    ("30 9 * * 7", "08-02 09:30", "08-09 09:30", "08-16 09:30"),
    ("30 9 * * SUN", "08-02 09:30", "08-09 09:30", "08-16 09:30"),
    ("30 9 * * 1", "08-03 09:30", "08-10 09:30", "08-17 09:30"),
    ("0 9 * * 5-7", "08-01 09:00", "08-02 09:00", "08-07 09:00"),
    ("0 9 * * fri-sun", "08-01 09:00", "08-02 09:00", "08-07 09:00"),
    ("0 9 * * 0-1", "08-02 09:00", "08-03 09:00", "08-09 09:00"),
    ("0 9 * * */2", "08-01 09:00", "08-02 09:00", "08-04 09:00"),
    ("0 0 13 * 5", "08-07 00:00", "08-13 00:00", "08-14 00:00"),  # the 13th, and Fridays
    ("0 0 */10 * 5", "08-21 00:00", "09-11 00:00", "12-11 00:00"),  # Fridays among the 1st, 11th, 21st and 31st
    ("0 6 1 * *", "09-01 06:00", "10-01 06:00", "11-01 06:00"),
    ("0 22 L * *", "08-31 22:00", "09-30 22:00", "10-31 22:00"),
    ("0 22 15,last feb,sep *", "09-15 22:00", "09-30 22:00", "02-15 22:00"),
    ("5/20 9 * * *", "08-01 09:05", "08-01 09:25", "08-01 09:45"),
    ("0 0 29 2 *", "02-29 00:00", "02-29 00:00", "02-29 00:00"),
    ("0 8 1 8 *", "08-01 08:00", "08-01 08:00", "08-01 08:00"),  # never the moment itself
)
REFUSED = (
    ("0 2 * *", "0 2 * *"),
    ("0 2 * * * *", "0 2 * * * *"),
    ("60 2 * * *", "60"),
    ("0 24 * * *", "24"),
    ("0 0 0 * *", "0"),
    ("0 0 32 * *", "32"),
    ("0 0 * 13 *", "13"),
    ("0 0 * * 8", "8"),
    ("0 0 * * mo", "mo"),
    ("0 0 * * 5-1", "5-1"),
    ("0 0 * jan-foo *", "jan-foo"),
    ("*/0 0 * * *", "*/0"),
    ("0-x 0 * * *", "0-x"),
    ("0,,5 0 * * *", ""),
    ("-1 0 * * *", "-1"),
    ("٣ 0 * * *", "٣"),
)


@pytest.mark.parametrize(("text", "first", "second", "third"), COMES)
def test_a_cron_comes_when_cron_says(text: str, first: str, second: str, third: str) -> None:
    cron, moment, comes = parse(text, SHANGHAI), AUGUST, []
    for _ in range(3):
        due = cron.next_after(moment)
        assert due is not None
        assert due > moment
        comes.append(f"{due.astimezone(SHANGHAI):%m-%d %H:%M}")
        moment = due
    assert comes == [first, second, third]


@pytest.mark.parametrize(("text", "part"), REFUSED)
def test_a_text_that_is_no_cron_is_refused_with_the_part_that_is_wrong(text: str, part: str) -> None:
    with pytest.raises(NoCron) as refused:
        parse(text, SHANGHAI)
    assert (refused.value.code, refused.value.params) == ("bad_cron", {"cron": text, "part": part})


def test_a_day_that_no_month_has_is_refused() -> None:
    with pytest.raises(NoCron) as refused:
        parse("0 0 31 2 *", SHANGHAI)
    assert refused.value.code == "cron_never"


def test_a_skipped_time_comes_once_and_a_doubled_one_too() -> None:
    """Paris, 2026: no 02:30 on 29 March, two of them on 25 October."""
    cron = parse("30 2 * * *", PARIS)
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    skipped = cron.next_after(before)
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert skipped is not None
    assert cron.next_after(skipped) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    doubled = cron.next_after(datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert doubled == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert doubled is not None
    assert cron.next_after(doubled) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("from_", [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)])
def test_what_runs_all_day_long_goes_on_through_a_clock_change(from_: datetime) -> None:
    cron, moment = parse("*/30 * * * *", PARIS), from_
    for _ in range(24):
        due = cron.next_after(moment)
        assert due == moment + timedelta(minutes=30)
        moment = due
