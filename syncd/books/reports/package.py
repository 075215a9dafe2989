"""Puts a month's sheets together: each figure from `figures`, each balance from finance's own journal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from syncd.books import balances, writes
from syncd.books.balances import EMPTY, Balance
from syncd.books.close import cards
from syncd.books.close.item import Said
from syncd.books.depreciation import sources
from syncd.books.depreciation.runs import Computing
from syncd.books.figures import FIELDS, Figures, figures
from syncd.books.reconciliation.history import Compared
from syncd.books.reports import changes, depreciation, disposed, ledger, second
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Listed, Package, Sheet, listed
from syncd.books.reports.year import lists, research, review, stock_take, tax
from syncd.books.reports.year.year import Year
from syncd.errors import Fault
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.mapping.language.load import Mapping as Loaded
from syncd.money import ZERO
from syncd.ports import Ledger, Period

DECEMBER = 12
SIGNING = ("report_prepared", "report_reviewed", "report_chief")


class Printed(NamedTuple):
    """Who has a report printed, when, and who answers for it; empty where they sign by hand. `company` is the name by
    default."""

    company: str
    by: str
    at: datetime
    signed: Sequence[str] = ("", "", "")


def package(
    held: Ledger, mapping: Loaded, periods: Sequence[Period], period: Period, printed: Printed,
    parts: Mapping[str, Computing | None], ends_year: bool = False, compared: Compared | Fault | None = None,
) -> Package:  # fmt: skip
    """All sheets of a month; in December, or where it `ends_year`, those of the year too. `parts` are the company's
    pipelines, each with how its assets depreciate where the mapping says that; `compared` is what the EAM says."""
    month = gather(held, mapping, periods, period, list(parts))._replace(compared=compared)
    computing = [part for part in parts.values() if part is not None]
    sheets = [
        ledger.reconciliation(month),
        depreciation.detail(month),
        *(depreciation.detail_by(month, name) for name in ("department", "class") if month.place(name) is not None),
        depreciation.summary(month),
        depreciation.allocation(month),
        changes.changes(month, month.figures),
        changes.movements(month),
        _disposals(held, mapping.month_end, month, list(parts)),
        *second.sheets(held, cards.read(mapping.month_end, mapping.layout.card_kinds), month, computing),
        ledger.vouchers(month),
        ledger.differences(month),
        *([ledger.eam_differences(month)] if compared is not None else []),
        *(_of_year(held, mapping, periods, month, parts) if ends_year or period.last.month == DECEMBER else ()),
    ]
    said = mapping.month_end.company
    company = said.model_dump() if said else {"zh": printed.company, "en": printed.company}
    signed = dict(zip(SIGNING, printed.signed, strict=True))
    return Package(company, period.code, sheets, printed.by, printed.at, signed)


def gather(held: Ledger, mapping: Loaded, periods: Sequence[Period], period: Period, pipelines: Sequence[str]) -> Month:
    """What the sheets are made of."""
    month_end, layout = mapping.month_end, mapping.layout
    found = _figures(held, mapping, period, pipelines)
    codes = [code for field in FIELDS for code in month_end.accounts.get(field, ())]
    is_told = balances.can_read(layout, periods, "entry.account")
    entries = balances.of_accounts(held, layout, periods, codes)
    ledgers = cards.held(entries, period, month_end) if is_told else None
    by_account = None if ledgers is None else ledgers.by_account
    own = {one.ref: one for one in writes.vouchers(held, pipelines, period.code)}
    differing = [] if ledgers is None else list(cards.differences(found, ledgers, month_end))
    names = account_names(held, mapping)
    return Month(
        *(
            period,
            found,
            own,
            by_account,
            differing,
            month_end.accounts,
            names,
            month_end.auxiliaries,
            month_end.fields,
        ),
        *(cards.places(month_end), month_end.movements),
        list(_ties(found, by_account, own, month_end.accounts)),
        month_end.words,
        code_names(held, mapping, pipelines),
        mapping.zone,
    )


def _figures(held: Ledger, mapping: Loaded, span: Period, pipelines: Sequence[str]) -> Figures:
    read = cards.read(mapping.month_end, mapping.layout.card_kinds)
    return figures(writes.card_writes(held, mapping.zone, pipelines), read, span.first, span.last)


def _of_year(
    held: Ledger,
    mapping: Loaded,
    periods: Sequence[Period],
    month: Month,
    parts: Mapping[str, Computing | None],
) -> Iterator[Sheet]:
    span, said = month.period._replace(first=month.period.first.replace(month=1, day=1)), mapping.year_end
    year = Year(held, month, _figures(held, mapping, span, list(parts)), span, parts)
    since = span.first.strftime("%Y-%m")
    yield changes.changes(month, year.figures, "report_roll_forward")._replace(since=since)
    yield lists.used_up(year, mapping.month_end)
    yield from lists.declared(year, said.lists, mapping.tables)
    yield review.sheet(year, mapping.month_end, said.review_months)
    yield stock_take.sheet(year)
    if said.tax is not None:
        yield from (one._replace(since=since) for one in tax.sheets(year, said.tax))
    if said.research is not None:
        account = research.sheets(held, mapping.layout, periods, span, month, said.research, list(parts))
        yield from (one._replace(since=since) for one in account)


def _disposals(held: Ledger, month_end: MonthEnd, month: Month, pipelines: Sequence[str]) -> Sheet:
    if month_end.disposals is None:
        return changes.disposals(month)
    staged = writes.of_rules(held, pipelines, month_end.disposals.rules)
    return disposed.sheet(month, month_end, staged)


def code_names(held: Ledger, mapping: Loaded, pipelines: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Column → code → its name, as the EAM calls it, in the mirror; of columns of which the mapping says where."""
    found: dict[str, dict[str, str]] = {}
    for column, reading in mapping.month_end.names.items():
        rows = (row for one in pipelines for row in sources.said_by(held, one, reading, mapping.tables))
        found[column] = {str(code): str(name) for code, name in rows if code is not None and name is not None}
    return found


def with_name(names: Mapping[str, Mapping[str, str]], column: str, code: str) -> str:
    """A code with its name behind it, where it has one; `names` as of `code_names`."""
    return f"{code} {names.get(column, {}).get(code, '')}".strip()


def account_names(held: Ledger, mapping: Loaded) -> Mapping[str, str]:
    """As finance calls them, else as the role table does."""
    names = {account.code: account.name for account in mapping.roles.values()}
    chart = mapping.layout.lookups[mapping.layout.file.accounts]
    if chart.called:
        rows = held.query(f"SELECT {chart.code}, {chart.called} FROM {chart.table}")
        names |= {str(code): str(name) for code, name in rows}
    return names


def _ties(
    found: Figures, held: Mapping[str, Balance] | None, own: Mapping[str, Any], accounts: Mapping[str, Sequence[str]]
) -> Iterator[Said]:
    """The foot of a sheet: each account against the figures, with the vouchers of ours that moved it."""
    if held is None:
        yield Said("close_unreadable")
        return
    closing = found.total.closing
    for field in FIELDS:
        for codes in [accounts.get(field, ())] if accounts.get(field) else []:
            balance = cards.on_side(field, sum((held.get(code, EMPTY).closing for code in codes), ZERO))
            ours = getattr(closing, field)
            refs = [ref for ref, one in own.items() if any(e.account in codes for e in one.voucher.entries)]
            params = {"accounts": Listed(codes), "ledger": _money(balance), "cards": _money(ours)}
            yield Said("report_tie", params | {"difference": _money(balance - ours), "vouchers": listed(refs)})


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
