"""Before anything is posted: whether finance looks as the layout says, and what would mend it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from connectors import reading
from connectors.ledger.database import Database, Physical
from connectors.ledger.granted import rights
from syncd import migrate
from syncd.change import Kind
from syncd.errors import Fault
from syncd.money import MONEY_PLACES
from syncd.ports import Drawn, Finding, Layout, Period, Statement

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
Said = Mapping[tuple[str, str], tuple[str, int | None]]
"""Table and column → the field of the card that it holds as it is, and the places that the layout says it has."""


def check(database: Database, layout: Layout) -> list[Finding]:
    """All findings; a single `ok` one when there is nothing to say."""
    findings = [
        *_state(database),
        *_periods(database, layout),
        *_lookups(database, layout),
        *_queries(database, layout),
    ]
    granted = {_granted(finding) for finding in findings if finding.code == "ledger_no_right"}
    told = [
        finding
        for n, finding in enumerate(findings)
        if finding not in findings[:n] and not (finding.code == "finance_no_right" and _granted(finding) in granted)
    ]
    return told or [Finding("ok", "ledger_ready", {"layout": layout.name})]


def _granted(finding: Finding) -> str:
    """On what the last of a finding's statements grants something."""
    return finding.repair.rpartition(" ON ")[2]


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
    written, said, drawn = layout.writes(periods), _places(layout), layout.drawn(periods)
    for table, columns in written.items():
        yield from _table(database, table, columns, said, rights(layout, periods, table), drawn.get(table))
    yield from _keys(database, layout, periods)
    try:
        yield from database.doubts(written)
    except Fault as fault:
        yield _error(database, fault)


def _table(
    database: Database,
    table: str,
    written: Mapping[str, Kind],
    said: Said,
    needed: Sequence[str],
    drawn: Drawn | None,
) -> Iterator[Finding]:
    try:
        physical = database.columns(table)
    except Fault as fault:
        yield _error(database, fault)
        return
    if not physical:
        yield Finding("error", "ledger_no_table", {"table": table})
        return
    for name, kind in written.items():
        if drawn is not None and name == drawn.column and name in physical:
            yield from _drawn(database, table, drawn, physical[name])
        elif name in physical:
            yield from _column(database, table, name, kind, physical[name])
            if kind is Kind.DECIMAL:
                yield from _rounding(database, table, name, physical[name], said)
        else:
            nearest = "".join(get_close_matches(name, physical, 1))
            yield Finding("error", "ledger_no_column", {"table": table, "column": name, "nearest": nearest})
    for name in physical.keys() - written.keys():
        if physical[name].required:
            yield Finding("error", "ledger_column_required", {"table": table, "column": name})
    grant = database.missing_right(table, [name for name in written if name in physical], needed)
    if grant:
        yield Finding("error", "ledger_no_right", {"table": table}, grant)


def _drawn(database: Database, table: str, drawn: Drawn, physical: Physical) -> Iterator[Finding]:
    """A column that finance is to fill with ids."""
    if physical.required and not drawn.sequence:
        params = {"table": table, "column": drawn.column, "type": physical.type}
        yield Finding("error", "ledger_id_not_generated", params)
    if grant := database.missing_draw(table, drawn):
        yield Finding("error", "ledger_no_right", {"table": table}, grant)


def _column(database: Database, table: str, name: str, kind: Kind, physical: Physical) -> Iterator[Finding]:
    params = {"table": table, "column": name, "type": physical.type, "kind": str(kind)}
    if physical.generated:
        yield Finding("error", "ledger_column_generated", params)
    elif kind is Kind.DECIMAL and not physical.exact and physical.type.lower().startswith(database.doubles):
        yield Finding("warning", "ledger_column_double", params)
    elif kind is Kind.DECIMAL and not physical.exact:
        yield Finding("error", "ledger_column_inexact", params, database.widened(table, name))
    elif physical.kind is not None and physical.kind not in _TAKES.get(kind, frozenset(Kind)):
        yield Finding("error", "ledger_column_kind", params)
    elif kind is Kind.DECIMAL and _is_narrow(physical):
        yield Finding("warning", "ledger_column_narrow", params, database.widened(table, name))


def _rounding(database: Database, table: str, name: str, physical: Physical, said: Said) -> Iterator[Finding]:
    """Columns that keep fewer digits than they are given: of the card, a change would find another number there than
    the one before it left."""
    if physical.kind is not Kind.DECIMAL or physical.places is None or not physical.exact:
        return
    field, places = said.get((table, name), ("", None))
    params = {"table": table, "column": name, "type": physical.type}
    card = {"field": field, "places": str(physical.places), "said": str(places)}
    wanted = MONEY_PLACES if places is None else places
    if physical.places < wanted:
        code = "ledger_column_rounds" if places is None else "ledger_places_few"
        yield Finding("error", code, params | card, database.widened(table, name, wanted))
    elif field and places is None:
        yield Finding("warning", "ledger_places_unsaid", params | card)


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


def _places(layout: Layout) -> Said:
    return {
        at: (field, layout.places(field)) for field in layout.card_fields for at in layout.holds(f"card.{field}", ())
    }


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
    series = ("2000-01", "") if layout.series is None else layout.series("2000-01", "")
    asked: list[Statement] = [(query, [""]) for query in (layout.card_query(),) if query]
    if series is not None:
        asked += [one for one in (layout.last_number(series), layout.last_date(series)) if one is not None]
    for sql, params in asked:
        try:
            database.query(sql, params)
        except Fault as fault:
            yield _error(database, fault)


def _error(database: Database, fault: Fault) -> Finding:
    """A right that is missing comes with its GRANT."""
    return Finding("error", fault.code, fault.params, database.grant(fault))
