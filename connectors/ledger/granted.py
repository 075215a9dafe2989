"""What syncd does in finance, table by table, and so the rights that it needs there."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from syncd import migrate
from syncd.ports import Layout, Period

RIGHTS: Final = ("SELECT", "INSERT", "UPDATE")
STATE_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
MONTHS_AHEAD: Final = 24
"""Of tables that finance has for each year, this year's and the next."""
_JOURNAL: Final = (
    *("voucher.key", "voucher.number", "voucher.date", "voucher.summary", "voucher.debit"),
    *("entry.line", "entry.debit", "entry.credit", "entry.account", "entry.summary"),
)
"""Fields by which a table is known to hold vouchers or entries."""
_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+([\w.]+)", re.IGNORECASE)
_UPDATED: Final = re.compile(r"^UPDATE ([\w.]+)")


def rights(layout: Layout, periods: Sequence[Period], table: str) -> Sequence[str]:
    """What is done to a table that is written: a voucher that is written stays as it is."""
    journal = {name for field in _JOURNAL for name, _ in layout.holds(field, periods)}
    return RIGHTS[:2] if table in journal else RIGHTS


def tables(layout: Layout) -> Mapping[str, Sequence[str]]:
    """Every table of finance that syncd reads or writes, and its rights."""
    periods = _periods(date.today())
    queries = [layout.periods_query(), layout.card_query(), *(spec.query for spec in layout.lookups.values())]
    read = {name for query in queries for name in _READ.findall(query)}
    written = {name: rights(layout, periods, name) for name in layout.writes(periods)}
    updated = {name: RIGHTS[::2] for closing in (True, False) for name in _UPDATED.findall(_update(layout, closing))}
    return {**dict.fromkeys(sorted(read - written.keys()), RIGHTS[:1]), **updated, **written}


def sequences(layout: Layout) -> Sequence[str]:
    """The sequences that the layout names."""
    return sorted({drawn.sequence for drawn in layout.drawn(_periods(date.today())).values() if drawn.sequence})


def _update(layout: Layout, is_open: bool) -> str:
    statement = layout.period_update("", is_open)
    return statement[0] if statement else ""


def state() -> Sequence[str]:
    """The names of syncd's own tables."""
    return [name.removeprefix("syncd.") for name in migrate.tables()]


def _periods(today: date) -> Sequence[Period]:
    """The months of this year and the next."""
    firsts = [date(today.year + n // 12, n % 12 + 1, 1) for n in range(MONTHS_AHEAD + 1)]
    return [Period(f"{first:%Y-%m}", first, after - timedelta(days=1), True) for first, after in pairwise(firsts)]
