"""Tables whose names change by period, a table a year: whether those of a voucher's period are there yet."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from connectors.ledger.state import Work
from syncd.errors import RowRefused
from syncd.ports import Layout, Period

_ANOTHER: Final = "1000-01"


def absent(work: Work, period: str, kind: str) -> RowRefused | None:
    """Why a voucher of a period and type cannot be written yet: a table that is called by its period is missing. What
    was there once is not looked for again."""
    if period in work.state.periods:
        return None
    tables = sorted({*_tables(work.layout, period, kind)} - {*_tables(work.layout, _ANOTHER, kind)})
    for table in tables:
        if not work.database.columns(table):
            return RowRefused("row_no_table", table=table, period=period)
    work.state.periods.add(period)
    return None


def _tables(layout: Layout, period: str, kind: str) -> Iterator[str]:
    yield from layout.writes([Period(period, date.min, date.max, True)])
    series = (period, kind) if layout.series is None else layout.series(period, kind)
    if series is not None:
        yield layout.numbered(series)[0]
