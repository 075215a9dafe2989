"""What the sheets of a year are made of."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from syncd.books.close.item import Said
from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import runs, sources, terms
from syncd.books.depreciation.methods import yuan
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.terms import BOOK
from syncd.books.figures import NOTHING, Amounts, Figures, Line
from syncd.books.reconciliation.history import READ_ONLY
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Listed
from syncd.errors import Fault
from syncd.ports import Ledger, Period
from syncd.posting import Fields

NAMED: Final = ("name", "model", "department", "class")
"""Columns that tell an asset, where its card has them."""
SOME_MAX: Final = 6
"""Assets that a line below a sheet names."""


class InBook(NamedTuple):
    """An asset in a book that makes no vouchers, over a year: in yuan, what its depreciation is computed from, the
    year's, and that of all years by its end; how many months are left of its life; and whether books before ours have
    charged some of the year."""

    base: Decimal
    charged: Decimal
    accumulated: Decimal
    months_left: int
    is_taken_over: bool


class Book(NamedTuple):
    """A book by asset. `faults` are assets that it cannot compute; `is_stale` where finance could only be read, so that
    what was posted since somebody last asked is not in it."""

    assets: Mapping[str, InBook]
    faults: Sequence[str]
    is_stale: bool


class Year:
    """A year of a company, or what has gone of it by the end of `month`. `figures` are of the year, `span` is the
    year."""

    def __init__(
        self, ledger: Ledger, month: Month, figures: Figures, span: Period, parts: Mapping[str, Computing | None]
    ) -> None:
        self.ledger, self.month, self.figures, self.span = ledger, month, figures, span
        self.pipelines = list(parts)
        self._parts = [part for part in parts.values() if part is not None]
        self._books: dict[str, Book] = {}

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """By asset, in order."""
        return dict(sorted(self.figures.assets().items()))

    @cached_property
    def there(self) -> Mapping[str, Line]:
        """Those of them that are in the books at the end."""
        return {asset: line for asset, line in self.lines.items() if line.closing.original_value > 0}

    @cached_property
    def left(self) -> Mapping[str, Amounts]:
        """What assets that left the books in the year had come to before, in all."""
        removed = [step for step in self.figures.steps if step.kind == "removed"]
        return {one.asset: NOTHING.less(one.amounts) for one in removed if not any(self.lines[one.asset].closing)}

    def card(self, asset: str) -> Fields:
        """An asset's card as it stands at the end."""
        return self.figures.cards.get(asset, {})

    def told(self, asset: str, name: str) -> Cell:
        """What a card says in a column of the reports, a code with its name, or a word; empty where it says nothing."""
        value = self.card(asset).get(self.month.fields.get(name, ""))
        return self.month.called(name, "" if value is None else str(value))

    def named(self) -> list[str]:
        """The columns that tell an asset, those that cards have."""
        return [name for name in NAMED if name in self.month.fields]

    def book(self, name: str = BOOK) -> Book:
        """A book of `depreciation`; it is empty where the mapping does not say how assets depreciate."""
        if name not in self._books:
            self._books[name] = self._read(name)
        return self._books[name]

    def _read(self, name: str) -> Book:
        assets: dict[str, InBook] = {}
        faults: list[str] = []
        first, last = plans.month_of(self.span.first), plans.month_of(self.span.last)
        is_stale = False
        for part in self._parts:
            is_stale = not _folded(self.ledger, part) or is_stale
            said = sources.read(self.ledger, part.pipeline, part.meaning, part.tables)
            for chunk in terms.assets(self.ledger, part.pipeline, part.meaning, name):
                for asset in chunk:
                    if asset.fault is not None:
                        faults.append(asset.code)
                    elif asset.history is not None and asset.history.terms[0].month <= last:
                        assets[asset.code] = _in_book(asset.history, first, last, said.work.get(asset.code))
        return Book(assets, faults, is_stale)


def foot(book: Book) -> list[Said]:
    """What a book leaves out."""
    found = [Said("year_stale")] if book.is_stale else []
    return found + ([Said("year_faults", {"assets": some(book.faults)})] if book.faults else [])


def some(assets: Sequence[str]) -> Listed:
    """The first of them, and how many there are."""
    return Listed(assets[:SOME_MAX], f" … ({len(assets)})" if len(assets) > SOME_MAX else "")


def _in_book(history: plans.History, first: int, last: int, work: Mapping[int, Decimal] | None) -> InBook:
    planned, state = plans.plan(history, work), plans.at_month(history, last)
    through = planned.through(last)
    charged, accumulated = yuan(through - planned.through(first - 1)), yuan(planned.opening + through)
    left = max(0, state.life_months - plans.months_used(history, last))
    is_taken_over = history.opening is not None and history.opening.until >= first
    return InBook(state.original_value, charged, accumulated, left, is_taken_over)


def _folded(ledger: Ledger, part: Computing) -> bool:
    """Whether the terms know what was posted by now."""
    try:
        runs.fold(ledger, part)
    except Fault as fault:
        if fault.code not in READ_ONLY:
            raise
        return False
    return True
