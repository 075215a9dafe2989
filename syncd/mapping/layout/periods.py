"""Finance's periods: those of a table or a query, or the months of the calendar where finance has one date up to which
its books are closed, or none."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from syncd.mapping.language.file.layout_file import ClosedUntil, Periods, PeriodsQuery
from syncd.ports import Period

YEARS: Final = (2000, 2099)
"""The first and the last of the years that have months."""
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


def found(said: Said, rows: Sequence[Sequence[object]]) -> Sequence[Period]:
    """The periods by what finance answered, the oldest first."""
    if are_months(said):
        return months(_day(rows[0][0]) if rows and rows[0] and rows[0][0] not in (None, "") else date.min)
    return listed(rows)


def listed(rows: Sequence[Sequence[object]]) -> Sequence[Period]:
    """The same of rows of code, first and last day, and whether the period is open."""
    read = [Period(str(code), _day(first), _day(last), _is_true(said)) for code, first, last, said in rows]
    return sorted(read, key=lambda period: period.first)


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


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
