"""Finance's periods: those of a table or a query, or the months of the calendar where finance has one date up to which
its books are closed, or none."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, cast

from syncd.change import Kind
from syncd.errors import Halt
from syncd.mapping.language.file.layout_file import ClosedUntil, Periods, PeriodsQuery
from syncd.mapping.layout.fields import exact
from syncd.ports import Period

YEARS: Final = (2000, 2099)
"""The first and the last of the years that have months."""
COLUMNS: Final = 4
"""Code, first and last day, whether it is open."""
_OF_QUERY: Final = ("periods.query", "1 (code)", "2 (first)", "3 (last)")
Said = Periods | PeriodsQuery | ClosedUntil | str


def query(said: Said) -> str:
    """What finance is asked for them; empty for nothing."""
    if isinstance(said, Periods):
        p = said
        return f"SELECT {p.code}, {p.first}, {p.last}, CASE WHEN {p.open} THEN 1 ELSE 0 END FROM {p.table} ORDER BY 1"
    if isinstance(said, PeriodsQuery):
        return said.query
    return said.closed_until if isinstance(said, ClosedUntil) else ""


def are_months(said: Said) -> bool:
    """Whether every month is a period."""
    return isinstance(said, str | ClosedUntil)


def found(said: Said, rows: Sequence[Sequence[object]], zone: str) -> Sequence[Period]:
    """The periods by what finance answered, the oldest first; a moment is a day in the zone of the books. Raises
    Halt where it answered with no day."""
    if are_months(said):
        value = rows[0][0] if rows and rows[0] else None
        return months(date.min if _is_nothing(value) else _day(value, "periods", "closed_until", zone))
    return listed(rows, said, zone)


def listed(rows: Sequence[Sequence[object]], said: Said = "open", zone: str = "UTC") -> Sequence[Period]:
    """The same of rows of code, first and last day, and whether the period is open. One without a last day goes on
    until the next begins."""
    table, *columns = (said.table, said.code, said.first, said.last) if isinstance(said, Periods) else _OF_QUERY
    code_of, first_of, last_of = columns
    read: list[Period] = []
    for row in rows:
        if len(row) != COLUMNS:
            raise Halt("finance_periods_columns", found=len(row), needed=COLUMNS)
        code, first, last, is_open = row
        if code is None or not str(code).strip():
            raise Halt("finance_period_no_code", table=table, column=code_of, value=_shown(code))
        ends = date.max if _is_nothing(last) else _day(last, table, last_of, zone)
        read.append(Period(str(code), _day(first, table, first_of, zone), ends, _is_true(is_open)))
    read.sort(key=lambda period: period.first)
    for n, (period, after) in enumerate(pairwise(read)):
        if period.last == date.max and period.first < after.first:
            read[n] = period._replace(last=after.first - timedelta(days=1))
    return read


@lru_cache(8)
def months(closed_until: date) -> Sequence[Period]:
    """Every month; those that end by a day are closed, and of the one that it lies in its first days are."""
    years = range(YEARS[0], YEARS[1] + 1)
    firsts = [date(year, month, 1) for year in years for month in range(1, 13)] + [date(YEARS[1] + 1, 1, 1)]
    made = []
    for first, after in pairwise(firsts):
        last = after - timedelta(days=1)
        since = closed_until + timedelta(days=1) if first <= closed_until < last else None
        made.append(Period(f"{first:%Y-%m}", first, last, closed_until < last, since))
    return tuple(made)


def _is_true(value: object) -> bool:
    """A condition as any database says it."""
    return value in (True, 1, "1", "t", "true", "True")


def _is_nothing(value: object) -> bool:
    """NULL, or what stands for it: an empty text, a zero date."""
    return value is None or not str(value).strip(" 0-/:.T")


def _shown(value: object) -> str:
    return "NULL" if value is None else repr(str(value))


def _day(value: object, table: str, column: str, zone: str) -> date:
    try:
        return cast(date, exact(Kind.DATE, str(value).strip() if isinstance(value, str | None) else value, zone))
    except ValueError:
        raise Halt("finance_period_no_day", table=table, column=column, value=_shown(value)) from None
