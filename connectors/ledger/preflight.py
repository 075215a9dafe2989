"""Before anything is posted: whether finance looks as the layout says, and what would mend it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from connectors import reading
from connectors.ledger.database import Database, Physical
from syncd import migrate
from syncd.change import Kind
from syncd.errors import Fault
from syncd.ports import Finding, Layout, Period

MONEY_PLACES: Final = 2
MONEY_DIGITS_MIN: Final = 10
"""Digits before the point: a company with an asset above ten thousand million has wider columns."""
KEY_CHARS_MIN: Final = 80
"""An idempotency key is made of a rule's name and a position in the log, or what stands for the event itself."""
_TAKES: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.TEXT: frozenset({Kind.TEXT}),
    Kind.INTEGER: frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.TEXT}),
    Kind.DECIMAL: frozenset({Kind.DECIMAL, Kind.TEXT}),
    Kind.BOOLEAN: frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.TEXT}),
    Kind.DATE: frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TEXT}),
    Kind.TIMESTAMP: frozenset({Kind.TIMESTAMP, Kind.TEXT}),
}
"""Which columns may hold which kind of value."""


def check(database: Database, layout: Layout) -> list[Finding]:
    """All findings; a single `ok` one when there is nothing to say."""
    findings = [
        *_state(database),
        *_periods(database, layout),
        *_lookups(database, layout),
        *_queries(database, layout),
    ]
    told = [finding for n, finding in enumerate(findings) if finding not in findings[:n]]
    return told or [Finding("ok", "ledger_ready", {"layout": layout.name})]


def _state(database: Database) -> Iterator[Finding]:
    try:
        migrate.require(database)
    except Fault as fault:
        yield Finding("error", fault.code, fault.params, "syncd migrate")


def _periods(database: Database, layout: Layout) -> Iterator[Finding]:
    periods: Sequence[Period] = ()
    try:
        periods = reading.periods(database, layout)
    except Fault as fault:
        yield _error(database, fault)
    else:
        if not any(period.open for period in periods):
            yield Finding("error", "ledger_no_open_period", {"layout": layout.name})
    written = layout.writes(periods)
    for table, columns in written.items():
        yield from _table(database, table, columns)
    yield from _keys(database, layout, periods)
    try:
        yield from database.doubts(written)
    except Fault as fault:
        yield _error(database, fault)


def _table(database: Database, table: str, written: Mapping[str, Kind]) -> Iterator[Finding]:
    try:
        physical = database.columns(table)
    except Fault as fault:
        yield _error(database, fault)
        return
    if not physical:
        yield Finding("error", "ledger_no_table", {"table": table})
        return
    for name, kind in written.items():
        if name in physical:
            yield from _column(database, table, name, kind, physical[name])
        else:
            nearest = "".join(get_close_matches(name, physical, 1))
            yield Finding("error", "ledger_no_column", {"table": table, "column": name, "nearest": nearest})
    for name in physical.keys() - written.keys():
        if physical[name].required:
            yield Finding("error", "ledger_column_required", {"table": table, "column": name})
    grant = database.missing_right(table, [name for name in written if name in physical])
    if grant:
        yield Finding("error", "ledger_no_right", {"table": table}, grant)


def _column(database: Database, table: str, name: str, kind: Kind, physical: Physical) -> Iterator[Finding]:
    params = {"table": table, "column": name, "type": physical.type, "kind": str(kind)}
    if kind is Kind.DECIMAL and not physical.exact:
        yield Finding("error", "ledger_column_inexact", params, database.widened(table, name))
    elif physical.kind is not None and physical.kind not in _TAKES.get(kind, frozenset(Kind)):
        yield Finding("error", "ledger_column_kind", params)
    elif kind is Kind.DECIMAL and physical.places is not None and physical.places < MONEY_PLACES:
        yield Finding("error", "ledger_column_rounds", params, database.widened(table, name))
    elif kind is Kind.DECIMAL and _is_narrow(physical):
        yield Finding("warning", "ledger_column_narrow", params, database.widened(table, name))


def _keys(database: Database, layout: Layout, periods: Sequence[Period]) -> Iterator[Finding]:
    """Columns that are too narrow for an idempotency key."""
    for table, column in sorted(set(layout.holds("voucher.key", periods))):
        try:
            physical = database.columns(table).get(column)
        except Fault:
            return  # said of the table already
        if physical and physical.kind is Kind.TEXT and physical.length is not None and physical.length < KEY_CHARS_MIN:
            params = {"table": table, "column": column, "type": physical.type, "chars": str(KEY_CHARS_MIN)}
            yield Finding("warning", "ledger_text_narrow", params)


def _is_narrow(physical: Physical) -> bool:
    if physical.length is None or physical.places is None or physical.places > MONEY_PLACES:
        return False  # without a bound, or a rate
    return physical.length - physical.places < MONEY_DIGITS_MIN


def _lookups(database: Database, layout: Layout) -> Iterator[Finding]:
    for spec in layout.lookups.values():
        try:
            if not reading.lookup(database, spec):
                yield Finding("error", "ledger_lookup_empty", {"lookup": spec.name, "table": spec.table})
        except Fault as fault:
            yield _error(database, fault)


def _queries(database: Database, layout: Layout) -> Iterator[Finding]:
    for sql, params in ((layout.cards_query(1), [""]), (layout.last_number_query("2000-01"), ["2000-01", ""])):
        try:
            database.query(sql, params)
        except Fault as fault:
            yield _error(database, fault)


def _error(database: Database, fault: Fault) -> Finding:
    """A right that is missing comes with its GRANT."""
    return Finding("error", fault.code, fault.params, database.grant(fault))
