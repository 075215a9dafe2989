"""Moments and wall clocks: what a time is in a zone.

A row holds moments: aware datetimes in UTC. An expression computes with the wall clock of the mapping's zone: naive
datetimes, PostgreSQL's `timestamp`. `wall` leads in, `moment` leads out. Where a clock was put back, an hour stands on
it twice: the first is meant, `fold` keeps the second apart on its way in and out. A time that the clock skipped is the
one as far behind the skip. `instant` is AT TIME ZONE, which means the second of the two, as PostgreSQL does.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from syncd.mapping.expression.runtime import RUNTIME, Uncomputable

Change = Callable[[datetime], datetime]

_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_NAME: Final = str.maketrans({"/": "_", "-": "m", "+": "p"})


@cache
def available_zones() -> frozenset[str]:
    """Every time zone there is."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    return name in available_zones()


class _Months(dict[int, datetime | None]):
    """The moment at which a zone's clock would have shown 1970 with the offset of a month, by year · 12 + month; None
    for a month in which, or next to which, the clock was changed. A time zone database is asked once a month."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def __missing__(self, number: int) -> datetime | None:
        year, month = divmod(number - 1, 12)
        self[number] = found = self._base(year, month + 1) if 1 < year < 9999 else None
        return found

    def _base(self, year: int, month: int) -> datetime | None:
        days = [datetime(year, month, 1) + _DAY * n for n in range(-2, 34)]
        offsets = {day.replace(tzinfo=self._zone).utcoffset() for day in days}
        return _EPOCH_UTC - (offsets.pop() or timedelta()) if len(offsets) == 1 else None


def _wall(zone: tzinfo) -> Change:
    months = _Months(zone)

    def wall(moment: datetime) -> datetime:
        base = months[moment.year * 12 + moment.month]
        if base is not None:
            return _EPOCH + (moment - base)
        try:
            return moment.astimezone(zone).replace(tzinfo=None)
        except OverflowError:
            raise Uncomputable("out_of_range", value=moment, kind="timestamp") from None

    return wall


def _moment(zone: tzinfo) -> Change:
    months = _Months(zone)

    def moment(wall: datetime) -> datetime:
        base = months[wall.year * 12 + wall.month]
        if base is not None:
            return base + (wall - _EPOCH)
        try:
            return wall.replace(tzinfo=zone).astimezone(UTC)
        except OverflowError:
            raise Uncomputable("out_of_range", value=wall, kind="timestamp") from None

    return moment


def _instant(zone: tzinfo) -> Change:
    def instant(wall: datetime) -> datetime:
        try:
            return (wall - _behind(wall, zone)).replace(tzinfo=UTC)
        except OverflowError:
            raise Uncomputable("out_of_range", value=wall, kind="timestamp") from None

    return instant


def _behind(wall: datetime, zone: tzinfo) -> timedelta:
    """The offset that PostgreSQL takes (datetime.c, DetermineTimeZoneOffset): before a skip, after a repetition."""
    either = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return min(offset or timedelta() for offset in either)


def _local(zone: tzinfo) -> Change:
    return lambda moment: moment.astimezone(zone)


_CHANGES: Final[Mapping[str, Callable[[tzinfo], Change]]] = {
    "wall": _wall,
    "moment": _moment,
    "instant": _instant,
    "local": _local,
}


@cache
def change(op: str, zone: str) -> Change:
    """`wall`: moment → wall time in a zone. `moment`, `instant`: wall time → moment. `local`: moment → the same as an
    aware datetime of the zone, which a database takes for either kind of column. All raise Uncomputable beyond the
    calendar."""
    return _CHANGES[op](ZoneInfo(zone))


def named(op: str, zone: str) -> str:
    """The name of a change in RUNTIME."""
    name = f"{op}_{zone.translate(_NAME)}"
    RUNTIME.setdefault(name, change(op, zone))
    return name
