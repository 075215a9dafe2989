"""Documents of the EAM against the accounts: construction that is ready and not carried, input VAT that no document
brought, or another amount than its document says."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final, TypeVar

from syncd.books.balances import JournalEntry, voucher_ref
from syncd.books.close.item import Item, Said, found
from syncd.books.depreciation import sources
from syncd.change import Table, join_key
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.money import ZERO
from syncd.ports import Ledger, Period
from syncd.record import decode_voucher

T = TypeVar("T")
ASKED_MAX: Final = 500
_MADE_OF: Final = "SELECT key, source, voucher FROM syncd.posting WHERE key IN (?*)"
_OF_ROWS: Final = (
    "SELECT source, voucher, content FROM syncd.posting WHERE source IN (?*) AND voucher <> '' ORDER BY seq"
)


def ready(
    ledger: Ledger, pipelines: Sequence[str], month_end: MonthEnd, tables: Mapping[str, Table], period: Period,
    entries: Iterable[JournalEntry],
) -> Item:  # fmt: skip
    """What the EAM says is ready for use by the end of the month, and has not carried to an asset by then: what it has
    carried since stood in construction on that day. `entries` are those to the accounts of construction."""
    since_then = [entry for entry in entries if entry.credit > 0 and _is_after(entry, period)]
    carried = {source for lot in _lots(since_then) for source, _ in _made_of(ledger, {e.key for e in lot}).values()}
    rows = []
    for pipeline in pipelines:
        for reading in month_end.documents.ready:
            for *key, asset, since, counts in sources.said_by(
                ledger, pipeline, reading, tables, period.first, period.last
            ):
                source = f"{reading.alias}:{join_key(key)}"
                if counts or (source in carried and since is not None and since <= period.last):
                    age = None if since is None else (period.last - since).days
                    rows.append((source, asset, since, age))
    return found(
        "close_ready_construction", ("close_document", "reconcile_asset", "close_since", "close_days"),
        sorted(rows, key=str), Said("mend_construction"),
    )  # fmt: skip


def _is_after(entry: JournalEntry, period: Period) -> bool:
    return entry.period != period.code and (
        entry.period > period.code if entry.day is None else entry.day > period.last
    )


def by_document(ledger: Ledger, entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
    """The same entries, told apart by the document that they came from and by nothing else; one that no posting made by
    its voucher."""
    for lot in _lots(entries):
        made = _made_of(ledger, {entry.key for entry in lot})
        yield from (e._replace(dims={"": made.get(e.key, ("", ""))[0] or voucher_ref(e.voucher)}) for e in lot)


def vat(
    ledger: Ledger, pipelines: Sequence[str], month_end: MonthEnd, tables: Mapping[str, Table],
    entries: Iterable[JournalEntry], period: Period,
) -> Item:  # fmt: skip
    """Entries of the month to the accounts of input VAT that no document brought, and documents posted by its end that
    say another amount today than was ever booked of them. What one gives up of an account on which nothing was booked
    it had before syncd posted."""
    codes = {code for name in ("input_vat", "input_vat_deducted") for code in month_end.accounts.get(name, ())}
    mine = [entry for entry in entries if entry.account in codes]
    made: dict[str, tuple[str, str]] = {}
    for lot in _lots(mine):
        made |= _made_of(ledger, {entry.key for entry in lot})
    columns = ("voucher", "close_document", "report_account", "close_booked", "close_said")
    rows: list[Sequence[object]] = [
        (voucher_ref(e.voucher), "", e.account, e.net, None) for e in mine if not made.get(e.key, ("", ""))[0]
    ]
    said = _said(ledger, pipelines, month_end, tables, codes, period)
    sources_of = {source for source, _ in made.values() if source} | {source for source, _ in said}
    booked, named = _booked(ledger, sources_of, codes, period)
    named |= {source: voucher for source, voucher in made.values() if source}
    for which in sorted(booked.keys() | said.keys()):
        one, other = booked.get(which, ZERO), said.get(which, ZERO)
        source, account = which
        if source in named and one != other and not (one < ZERO and other == ZERO):
            rows.append((named[source], source, account, one, other))
    return found("close_vat_untied", columns, rows, Said("mend_vat_untied"))


def _lots(every: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(every)
    while lot := list(islice(rest, ASKED_MAX)):
        yield lot


def _made_of(ledger: Ledger, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """By key of a posting the row that it came from, and its voucher."""
    asked = sorted(key for key in keys if key)
    return {str(key): (str(source), str(ref)) for key, source, ref in ledger.query(_MADE_OF, (asked,))} if asked else {}


def _booked(
    ledger: Ledger, rows: Iterable[str], codes: Collection[str], period: Period
) -> tuple[dict[tuple[str, str], Decimal], dict[str, str]]:
    """By document and account what was ever posted of it; and by document its last voucher up to the period, of those
    that have one."""
    total: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    named: dict[str, str] = {}
    for lot in _lots(sorted(rows)):
        for source, ref, content in ledger.query(_OF_ROWS, (list(lot),)):
            voucher = decode_voucher(str(content))
            if voucher is None:
                continue
            if voucher.period <= period.code:
                named[str(source)] = str(ref)
            for entry in voucher.entries:
                if entry.account in codes:
                    total[str(source), entry.account] += entry.debit - entry.credit
    return total, named


def _said(
    ledger: Ledger, pipelines: Sequence[str], month_end: MonthEnd, tables: Mapping[str, Table],
    codes: Collection[str], period: Period,
) -> dict[tuple[str, str], Decimal]:  # fmt: skip
    """By document and account what it says today."""
    total: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for pipeline in pipelines:
        for reading in month_end.documents.vat:
            for *key, account, amount, counts in sources.said_by(
                ledger, pipeline, reading, tables, period.first, period.last
            ):
                source = f"{reading.alias}:{join_key(key)}"
                code = month_end.vat_accounts.get(account, account)
                if counts and amount and code in codes:
                    total[source, code] += amount
    return total
