"""What finance itself holds and the layout knows how to ask for: periods and lookups."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Protocol, cast

from syncd.change import Kind, Value
from syncd.ports import Layout, LookupSpec, Period, Series


class Database(Protocol):
    """Finance, to be asked."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...


def periods(database: Database, layout: Layout) -> Sequence[Period]:
    """All accounting periods, oldest first."""
    query = layout.periods_query()
    return layout.periods(database.query(query) if query else [])


def periods_less_closed(database: Database, layout: Layout) -> Sequence[Period]:
    """The same, of which those that people have closed at syncd's desk are not open, whatever finance says of them."""
    closed = {str(period) for (period,) in database.query("SELECT period FROM syncd.closing")}
    found = periods(database, layout)
    return [p._replace(open=False) if layout.kept(p.code) in closed else p for p in found] if closed else found


def lookup(database: Database, spec: LookupSpec) -> Mapping[Value, Value]:
    """A lookup of the layout, whole. A code is text to the language, whatever finance keeps it as."""
    return {_code(code): cast(Value, gives) for code, gives in database.query(spec.query)}


def last_day(database: Database, layout: Layout, series: Series) -> date | None:
    """The latest day of the vouchers that finance holds in a period and type, which lies in that period; None where
    there is none, or the layout does not ask."""
    asked = layout.last_date(series)
    rows = [] if asked is None else database.query(*asked)
    if not rows or rows[0][0] is None:
        return None
    ends = next((known.last for known in periods(database, layout) if known.code == series[0]), None)
    day = cast(date, layout.exact(Kind.DATE, rows[0][0]))
    return day if ends is None else min(day, ends)


def _code(value: object) -> Value:
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time.min else value.date().isoformat()
    return str(value) if isinstance(value, int | Decimal | date) else cast(Value, value)
