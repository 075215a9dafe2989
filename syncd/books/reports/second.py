"""暂时性差异: a month in the accounts and in each second book, by class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syncd.books.close.item import Said
from syncd.books.depreciation import plan as plans
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.temporary import Temporary, departed, left, second_book
from syncd.books.figures import Cards, Line
from syncd.books.reconciliation.history import READ_ONLY
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Column, Row, Sheet, listed
from syncd.errors import Fault
from syncd.money import ZERO
from syncd.ports import Ledger

_MONEY: Final = ("accounting", "tax", "apart", "carrying_amount", "base", "difference")


def sheets(ledger: Ledger, cards: Cards, month: Month, parts: Sequence[Computing]) -> Iterator[Sheet]:
    """One, where the mapping has a second book."""
    books = dict.fromkeys(book for part in parts for book in part.meaning.books)
    if not books:
        return
    columns = (
        *(Column("temporary_book"), *month.headings("class"), Column("report_assets", "count")),
        *(Column(f"temporary_{name}", "money") for name in _MONEY),
    )
    rows: list[Row] = []
    foot: list[Said] = []
    total: Row = ()
    lines = left(month.figures.assets())
    for book in books:
        try:
            found, faults = _of_book(ledger, cards, month, parts, book)
        except Fault as fault:
            if fault.code not in READ_ONLY:
                raise
            foot.append(Said("temporary_unread", {"book": book, "why": Said(fault.code, fault.params)}))
            continue
        rows += [(book, *month.told("class", name), *_cells(one)) for name, one in sorted(found.items())]
        whole = Temporary("", 0)
        for one in found.values():
            whole = whole.plus(one)
        gone, unknown = _departed(ledger, month, parts, book, lines)
        for name, one in sorted(gone.items()):
            rows.append((Said("temporary_gone", {"of": book}), *month.told("class", name), *_cells(one, is_gone=True)))
            whole = whole.plus(Temporary("", one.assets, one.accounting, one.tax))
            back = {
                "book": book,
                "class": month.called("class", name),
                "assets": one.assets,
                "back": f"{one.difference:,.2f}",
            }
            foot.append(Said("temporary_back", back))
        unmatched = sum((lines[asset].of("charged").accumulated_depreciation for asset in unknown), ZERO)
        foot += [Said("temporary_left", {"book": book, "left": f"{unmatched:,.2f}"})] if unmatched else []
        blanks = [""] * len(month.headings("class"))
        total = (Said("report_total"), *blanks, *_cells(whole))
        if len(books) > 1:
            rows.append((Said("report_subtotal", {"of": book}), *blanks, *_cells(whole)))
        foot += [Said("temporary_owed", {"book": book, "owed": f"{whole.owed:,.2f}"})] if whole.owed else []
        foot += [Said("temporary_faults", {"book": book, "assets": listed([*faults])})] if faults else []
    yield Sheet("report_temporary", columns, rows, total if len(books) == 1 else (), [*foot, *month.ties])


def _of_book(
    ledger: Ledger, cards: Cards, month: Month, parts: Sequence[Computing], book: str
) -> tuple[Mapping[str, Temporary], Sequence[str]]:
    """By class, over the company's pipelines, and the assets that cannot be computed."""
    found: dict[str, Temporary] = {}
    faults: list[str] = []
    until = plans.month_of(month.period.last)
    for part in parts:
        if book in part.meaning.books:
            rows, wrong = second_book(ledger, part, cards, book, until, lambda done, total: None)
            faults += wrong
            for one in rows:
                found[one.asset_class] = found[one.asset_class].plus(one) if one.asset_class in found else one
    return found, faults


def _departed(
    ledger: Ledger, month: Month, parts: Sequence[Computing], book: str, lines: Mapping[str, Line]
) -> tuple[Mapping[str, Temporary], Sequence[str]]:
    """By class what the month has charged to assets that left the books in it; those that the book does not know."""
    found: dict[str, Temporary] = {}
    unknown = dict.fromkeys(lines)
    for part in parts:
        if book in part.meaning.books and lines:
            rows, known = departed(ledger, part, lines, book, plans.month_of(month.period.last))
            for one in rows:
                found[one.asset_class] = found[one.asset_class].plus(one) if one.asset_class in found else one
            for asset in known:
                unknown.pop(asset, None)
    return found, [*unknown]


def _cells(one: Temporary, is_gone: bool = False) -> Row:
    """What has left the books carries nothing at the month's end."""
    apart, left = one.accounting - one.tax, (one.carrying_amount, one.base, one.difference)
    return (one.assets, one.accounting, one.tax, apart, *((ZERO, ZERO, ZERO) if is_gone else left))
