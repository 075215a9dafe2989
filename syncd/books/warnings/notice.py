"""A warning, and what the kinds of it look at."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from syncd.desk.postings import day_after, midnight
from syncd.record import timestamp

Kind = Literal[
    "far_amount", "tenfold", "round_trip", "under_threshold", "split_purchase", "odd_hours", "alike_devices", "by_hand"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NAMED_MAX: Final = 10
"""Rows that a warning names; all are counted."""


class Notice(NamedTuple):
    """`rows` are the first of its asset codes, or of its vouchers as finance calls them, `of` how many there are;
    `params` fill in the words, `warning_KIND`. `sure` is from 0 to 1; docs/warnings.md says how it is computed."""

    kind: Kind
    on: date
    rows: Sequence[str]
    of: int
    sure: float
    params: Mapping[str, object]


class Window(NamedTuple):
    """From when until when, both days inclusive, on the clock of the books."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def moments(self) -> tuple[str, str]:
        """From when until before when, as the record keeps moments."""
        return timestamp(midnight(self.first, self.zone)), timestamp(midnight(day_after(self.last), self.zone))

    def holds(self, at: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= at <= self.last

    def day(self, at: datetime) -> date:
        """The day of a moment."""
        return at.astimezone(self.zone).date()


class Opened(NamedTuple):
    """A card that a posting opened. `day` is that of its voucher's event; a card without one was brought over."""

    asset_code: str
    at: datetime
    day: date
    voucher: str
    name: str
    class_: str
    value: Decimal
    supplier: str


class Moved(NamedTuple):
    """A card's department as a posting left it."""

    asset_code: str
    at: datetime
    department: str


class Disposed(NamedTuple):
    """A card that a posting disposed of; `amount` is the largest of its voucher."""

    asset_code: str
    at: datetime
    day: date
    voucher: str
    amount: Decimal


class Committed(NamedTuple):
    """A voucher's posting: when its change was committed in the EAM."""

    at: datetime
    subject: str
    voucher: str


class Report(NamedTuple):
    """The warnings, the surest first. `not_asked` are the kinds that this mapping or layout says too little for, each
    with the code of the reason."""

    warnings: Sequence[Notice]
    postings: int
    not_asked: Mapping[Kind, str]


def notice(kind: Kind, on: date, rows: Sequence[str], sure: float, **params: object) -> Notice:
    """One, which names the first of its rows."""
    return Notice(kind, on, tuple(rows[:NAMED_MAX]), len(rows), round(min(max(sure, 0.0), 1.0), 2), params)
