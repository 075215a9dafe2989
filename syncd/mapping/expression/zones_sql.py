"""Moments and wall clocks in SQL: a source's column as a moment, and what MySQL is told of a zone.

A source's own kinds are not declared in a mapping: a column may keep a wall time of the source's zone, or a moment.
PostgreSQL is asked in the statement itself, MySQL before.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from syncd.change import Kind
from syncd.dialects import Dialect
from syncd.mapping.expression.to_sql import quoted

_EPOCH: Final = datetime(1970, 1, 1)
_STEP: Final = timedelta(days=5)
"""No clock was changed there and back within so few days."""
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2100, 1, 1)
"""Between them a zone's changes are told; before and after them it is as it was and as it will be."""


def column_moment(dialect: Dialect, kind: Kind, sql: str, zone: str, is_moment: bool) -> str:
    """A column of kind date or timestamp as expressions take it; a time without a zone is one of `zone`, which is the
    session's zone in PostgreSQL, and so is the day of a moment. In MySQL the session's zone is UTC, and `is_moment`
    says that the column is a TIMESTAMP."""
    if dialect == "sqlite":
        return f"syncd_seen({sql}, {quoted(zone)})" if kind is Kind.TIMESTAMP else f"substr({sql}, 1, 10)"
    if dialect == "postgres":
        return _first_of_two(sql, zone) if kind is Kind.TIMESTAMP else f"CAST({sql} AS date)"
    given = f"CAST({sql} AS DATETIME(6))"
    if kind is Kind.TIMESTAMP:
        found = given if is_moment else mysql_changed("moment", zone, given)
    else:
        found = f"CAST({mysql_changed('wall', zone, given) if is_moment else sql} AS DATE)"
    return f"CASE WHEN dayofmonth({sql}) * month({sql}) > 0 THEN {found} END"  # a zero date is no day


def _first_of_two(sql: str, zone: str) -> str:
    """PostgreSQL takes an hour that stands twice on the clock for the second, the sources for the first."""
    moment = f"CAST({sql} AS timestamptz)"
    if zone == "UTC":
        return moment
    earlier = f"{moment} - INTERVAL '1 hour'"
    repeated = f"CAST({earlier} AS timestamp) = CAST({moment} AS timestamp)"
    wall = f"pg_typeof({sql}) <> CAST('timestamptz' AS regtype)"
    return f"CASE WHEN {wall} AND {repeated} THEN {earlier} ELSE {moment} END"


@cache
def _offsets(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """From when on, as naive UTC, a zone had which offset."""
    there = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta:
        return moment.replace(tzinfo=UTC).astimezone(there).utcoffset() or timedelta()

    days = [_FIRST + _STEP * n for n in range((_LAST - _FIRST) // _STEP)]
    seen = [(day, offset(day)) for day in days]
    found = seen[:1]
    for (low, before), (high, after) in pairwise(seen):
        if before == after:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        found.append((high, after))
    return tuple(found)


def mysql_changed(op: str, zone: str, moment: str) -> str:
    """A `change` in MySQL's words, of a DATETIME, without the server's own time zone tables, which few have loaded."""
    offsets = _offsets(zone)
    since, by = [], [offsets[0][1]]
    for (_, before), (at, after) in pairwise(offsets):
        local = {"wall": timedelta(), "moment": max(before, after), "instant": after}[op]
        since.append(int((at + local - _EPOCH).total_seconds()))
        by.append(after)
    sign = 1 if op == "wall" else -1
    seconds = [sign * int(offset.total_seconds()) for offset in by]
    if not any(seconds):
        return moment
    if not since:
        return f"({moment} + INTERVAL ({seconds[0]}) SECOND)"
    count = f"TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', {moment})"
    place = f"INTERVAL({count}, {', '.join(map(str, since))})"
    return f"({moment} + INTERVAL CAST(ELT(1 + {place}, {', '.join(map(str, seconds))}) AS SIGNED) SECOND)"
