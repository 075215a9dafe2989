"""The list of what must hold before a month is closed, put together from what the mapping and the layout declare."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from syncd.books import balances, writes
from syncd.books.close import accounts, cards, documents, journal, outstanding
from syncd.books.close.item import Item, Said, found
from syncd.books.depreciation.plan import month_of
from syncd.books.depreciation.recomputation import found_amounts
from syncd.books.depreciation.runs import Computing
from syncd.books.figures import FIELDS, figures
from syncd.desk import masking
from syncd.desk.audit.verify import Verdict
from syncd.desk.closing import begun
from syncd.errors import Fault
from syncd.mapping.language.blocks.month_end import CloseCheck
from syncd.mapping.language.load import Mapping
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.periods import are_months
from syncd.ports import Ledger, Period

_PLACE: Final = re.compile(r":(period|first|last)\b")
Reconciled = Callable[[], Sequence[tuple[str, Said, object, object]]]
"""What a reconciliation found above its alert: asset, what it differs in, the EAM's amount, finance's."""


class Elsewhere(NamedTuple):
    """What is looked at by others: the reconciliation, None where the mapping has none, and the record's chain."""

    reconcile: Reconciled | None
    verify: Callable[[], Verdict]


def look(
    ledger: Ledger,
    mapping: Mapping,
    periods: Sequence[Period],
    period: Period,
    now: datetime,
    elsewhere: Elsewhere,
    pipelines: Sequence[str],
    in_hand: Collection[str] | None = None,
) -> Iterator[Item]:
    """Everything, item by item. `periods` are those of finance, of which those closed at the desk are not open;
    `pipelines` those whose figures they are, `in_hand` those whose rows the close waits for, by the names that the
    configuration gives them; None for all that post to this finance."""
    zone, month_end, layout = mapping.zone, mapping.month_end, mapping.layout
    yield _earlier(_used(ledger, layout, periods) if are_months(layout.file.periods) else periods, period)
    mine = outstanding.of_company(in_hand)
    yield from outstanding.items(ledger, period, zone, now, mine, masking.hidden(mapping.masked, ()))
    if mapping.answers:
        yield outstanding.untold(ledger, mine)
    if mapping.depreciation is not None and mapping.depreciation.by == "syncd":
        yield outstanding.uncomputed(ledger, mine)
    readable = balances.can_read(layout, periods, "entry.account")
    of_cards = [code for field in FIELDS for code in month_end.accounts.get(field, ())]
    entries = balances.of_accounts(ledger, layout, periods, of_cards)
    held = cards.held(entries, period, month_end) if readable else None
    read = cards.read(month_end, layout.card_kinds)
    found_figures = figures(writes.card_writes(ledger, zone, pipelines), read, period.first, period.last)
    yield from cards.items(found_figures, held, month_end, _made(ledger, mapping, period, pipelines))
    if readable:
        of_period = balances.of_period(ledger, layout, periods, period)
        yield from journal.items(of_period, period, month_end, layout.dates_ascend, layout.numbers.read)
        named = [name for name in accounts.RULES if month_end.accounts.get(name)]
        of_named = {name: balances.of_accounts(ledger, layout, periods, month_end.accounts[name]) for name in named}
        if "input_vat" in of_named:
            of_named["input_vat"] = documents.by_document(ledger, of_named["input_vat"])
        here = {asset for asset, line in found_figures.assets().items() if any(line.closing)}
        yield from accounts.items(of_named, period, month_end, here)
        if month_end.documents.vat:
            of_period = balances.of_period(ledger, layout, periods, period)
            yield documents.vat(ledger, pipelines, month_end, mapping.tables, of_period, period)
    if month_end.documents.ready:
        codes = month_end.accounts.get("construction", ()) if readable else ()
        construction = balances.of_accounts(ledger, layout, periods, codes)
        yield documents.ready(ledger, pipelines, month_end, mapping.tables, period, construction)
    if (numbers := layout.numbers_of(period.code)) is not None:
        statement, begins_with_one = numbers
        found_numbers = ((kind, layout.number_in(number)) for kind, number in ledger.query(*statement))
        yield journal.gaps(found_numbers, begins_with_one)
    yield from (_own(ledger, name, check, period) for name, check in month_end.checks.items())
    yield from _elsewhere(elsewhere)


def _used(ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period]) -> Sequence[Period]:
    """Where every month is a period, those since syncd has posted."""
    since = begun(ledger, layout.kept(""))
    return [] if since is None else [period for period in periods if period.code >= since]


def _made(ledger: Ledger, mapping: Mapping, period: Period, pipelines: Sequence[str]) -> set[str] | None:
    """The assets of which the depreciation of a month was made; None where the mapping does not say which rows are."""
    meaning = mapping.depreciation
    if meaning is None or not mapping.month_end.depreciates:
        return None
    month = month_of(period.last)
    every = (Computing(name, meaning, mapping.tables, (), mapping.zone) for name in pipelines)
    return {asset for one in every for asset in found_amounts(ledger, one, month)}


def _earlier(periods: Sequence[Period], period: Period) -> Item:
    """Months are closed in order."""
    rows = [(one.code,) for one in periods if one.open and one.last < period.first]
    return found(
        "close_earlier", ("report_period",), rows, Said("mend_earlier", {"period": rows[0][0] if rows else ""})
    )


def _own(ledger: Ledger, name: str, check: CloseCheck, period: Period) -> Item:
    """A check of the mapping's own."""
    values = {"period": period.code, "first": period.first, "last": period.last}
    params = [values[place] for place in _PLACE.findall(check.sql)]
    rows = ledger.query(_PLACE.sub("?", check.sql), params)
    item = found("close_own", ("close_row",), ([" · ".join(map(str, row))] for row in rows))
    mends = check.mend.model_dump() if check.mend and item.total else None
    return item._replace(said=Said("close_own", {"name": name}), says=check.says.model_dump(), mends=mends)


def _elsewhere(elsewhere: Elsewhere) -> Iterator[Item]:
    if elsewhere.reconcile is not None:
        try:
            columns = ("reconcile_asset", "reconcile_value", "reconcile_eam", "reconcile_cards")
            yield found("close_reconciled", columns, elsewhere.reconcile(), Said("mend_reconciled"))
        except Fault as fault:
            yield found(
                "close_reconciled", ("col_reason",), [[Said(fault.code, fault.params)]], Said("mend_reconciled")
            )
    flaws = elsewhere.verify().flaws
    yield found("close_chain", ("col_reason",), ([Said(flaw.code, flaw.params)] for flaw in flaws), Said("mend_chain"))
