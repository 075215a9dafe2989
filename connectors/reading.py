"""What finance itself holds and the layout knows how to ask for: periods and lookups."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

from connectors.ledger.database import Database
from syncd.change import Value
from syncd.ports import Layout, LookupSpec, Period


def periods(database: Database, layout: Layout) -> Sequence[Period]:
    """All accounting periods, oldest first."""
    rows = database.query(layout.periods_query())
    found = [Period(str(code), _day(first), _day(last), bool(is_open)) for code, first, last, is_open in rows]
    return sorted(found, key=lambda period: period.first)


def lookup(database: Database, spec: LookupSpec) -> Mapping[Value, Value]:
    """A lookup of the layout, whole."""
    return {cast(Value, code): cast(Value, gives) for code, gives in database.query(spec.query)}


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
