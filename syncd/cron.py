"""Cron expressions as cron(5) means them, by the wall clock of a time zone.

    minute hour day month weekday      0 2 * * *      */15 8-18 * * mon-fri      0 22 L * *

Sunday is 0 and 7; months and weekdays have names; `L` is the last day of the month. Where day and weekday are both
restricted, either is enough. A time that a clock change skips comes as much later; one that it doubles comes once,
unless the expression names no hour: what runs all day long goes on.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

DAYS_AHEAD_MAX: Final = 3_000
"""29 February may be eight years away; what does not come within that never does."""
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LAST_DAY: Final = frozenset(("l", "last"))
_HOURS_BACK: Final = 2
"""How far a skipped time may lie behind the hour it is put off to."""


class _Field(NamedTuple):
    low: int
    high: int
    names: Mapping[str, int] = {}


_FIELDS: Final = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(0, 7, {name: number for number, name in enumerate(_WEEKDAYS)}),
)


class NoCron(ValueError):
    """A text that is no cron expression. `code` and `params` name the message."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(f"{code} {params}")
        self.code, self.params = code, params


class Cron(NamedTuple):
    """When something is due. Weekdays run from 0, Sunday, to 6."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_last_day: bool
    is_either: bool
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment at which it is due, in UTC; None when there is none."""
        local = moment.astimezone(self.zone)
        day, from_hour = local.date(), local.hour - _HOURS_BACK
        for _ in range(DAYS_AHEAD_MAX):
            if self._comes_on(day):
                times = self._times(day, from_hour)
                if (due := next((time for time in times if time > moment), None)) is not None:
                    return due
            day, from_hour = day + timedelta(days=1), 0
        return None

    def _comes_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        is_day = day.day in self.days or (self.is_last_day and day.day == monthrange(day.year, day.month)[1])
        is_weekday = day.isoweekday() % 7 in self.weekdays
        return is_day or is_weekday if self.is_either else is_day and is_weekday

    def _times(self, day: date, from_hour: int) -> Iterator[datetime]:
        for hour in self.hours:
            if hour < from_hour:
                continue
            for fold in (0, 1):
                for minute in self.minutes:
                    wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone, fold=fold)
                    if fold == 0 or (len(self.hours) == 24 and _is_doubled(wall)):
                        yield wall.astimezone(UTC)


def parse(text: str, zone: tzinfo) -> Cron:
    """A cron expression of five fields. Raises NoCron."""
    words = text.split()
    if len(words) != len(_FIELDS):
        raise NoCron("bad_cron", cron=text, part=text)
    is_last_day = not _LAST_DAY.isdisjoint(words[2].lower().split(","))
    days = ",".join(part for part in words[2].lower().split(",") if part not in _LAST_DAY)
    texts = (words[0], words[1], days, words[3], words[4])
    try:
        minutes, hours, by_day, months, weekdays = map(_numbers, texts, _FIELDS)
    except NoCron as wrong:
        raise NoCron("bad_cron", cron=text, part=wrong.params["part"]) from None
    is_either = not (words[2].startswith("*") or words[4].startswith("*"))
    on = frozenset(number % 7 for number in weekdays)
    cron = Cron(sorted(minutes), sorted(hours), by_day, months, on, is_last_day, is_either, zone)
    if cron.next_after(datetime(2000, 1, 1, tzinfo=UTC)) is None:
        raise NoCron("cron_never", cron=text)
    return cron


def _numbers(text: str, field: _Field) -> frozenset[int]:
    return frozenset(number for part in text.split(",") if text for number in _range(part, field))


def _range(part: str, field: _Field) -> range:
    span, slash, by = part.partition("/")
    step = _number(by, _Field(1, field.high), part) if slash else 1
    first, dash, last = span.partition("-")
    if span == "*":
        high = 6 if field.names.get("sun") == 0 else field.high  # 7 is Sunday said again
        return range(field.low, high + 1, step)
    low = _number(first, field, part)
    high = _number(last, field, part) if dash else field.high if slash else low
    if dash and last.lower() == "sun":
        high = 7
    if high < low:
        raise NoCron("bad_cron", part=part)
    return range(low, high + 1, step)


def _number(text: str, field: _Field, part: str) -> int:
    named = field.names.get(text.lower())
    if named is None and not (text.isascii() and text.isdecimal()):
        raise NoCron("bad_cron", part=part)
    number = int(text) if named is None else named
    if not field.low <= number <= field.high:
        raise NoCron("bad_cron", part=part)
    return number


def _is_doubled(wall: datetime) -> bool:
    """Whether a clock change lets this wall-clock time come twice."""
    first, second = wall.replace(fold=0), wall.replace(fold=1)
    return first.utcoffset() != second.utcoffset() and second.astimezone(UTC).astimezone(wall.tzinfo) == second
