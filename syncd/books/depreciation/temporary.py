"""The temporary differences of a month to a second book, by class: the accounts as `as_of` has them, the other book as
it is planned, for it has no vouchers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from syncd.books import writes
from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import sources, terms
from syncd.books.depreciation.as_of import Standing, as_of
from syncd.books.depreciation.methods import yuan
from syncd.books.depreciation.plan import at_month
from syncd.books.depreciation.preview import Tell
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.sources import Fault, Sources
from syncd.books.depreciation.terms import Asset
from syncd.books.figures import Cards, Line, figures
from syncd.money import ZERO
from syncd.ports import Ledger


class Temporary(NamedTuple):
    """A class in two books: amounts in yuan. What the month carries in the accounts and in the other book; `owed` is
    what is not booked yet of all months; the carrying amount, all that is owed taken off, and the tax base at its end;
    `difference` is the one less the other."""

    asset_class: str
    assets: int
    accounting: Decimal = ZERO
    tax: Decimal = ZERO
    difference: Decimal = ZERO
    carrying_amount: Decimal = ZERO
    base: Decimal = ZERO
    owed: Decimal = ZERO

    def plus(self, other: "Temporary") -> "Temporary":
        """Both as one, of the class of the first."""
        return Temporary(
            self.asset_class,
            self.assets + other.assets,
            self.accounting + other.accounting,
            self.tax + other.tax,
            self.difference + other.difference,
            self.carrying_amount + other.carrying_amount,
            self.base + other.base,
            self.owed + other.owed,
        )


def second_book(
    ledger: Ledger, computing: Computing, cards: Cards, book: str, until: int, tell: Tell
) -> tuple[Sequence[Temporary], Mapping[str, Fault]]:
    """Those of a book, of assets in the books at the month's end, and the assets that it cannot compute."""
    standings = {one.asset: one for one in as_of(ledger, computing, cards, plans.last_day(until), tell)}
    said = sources.read(ledger, computing.pipeline, computing.meaning, computing.tables)
    sums: dict[str, Temporary] = {}
    faults: dict[str, Fault] = {}
    for chunk in terms.assets(ledger, computing.pipeline, computing.meaning, book):
        for asset in chunk:
            if asset.fault is not None:
                faults[asset.code] = asset.fault
            standing = standings.get(asset.code)
            if standing is not None and standing.months_left is not None and asset.history is not None:
                found = _of(standing, asset, said, until)
                sums[found[0]] = sums[found[0]].plus(found) if found[0] in sums else found
    return [row for _, row in sorted(sums.items())], faults


def left(lines: Mapping[str, Line]) -> Mapping[str, Line]:
    """Those of assets that left the books within the span of the lines."""
    return {asset: line for asset, line in lines.items() if "removed" in line.moved and not any(line.closing)}


def left_in(ledger: Ledger, computing: Computing, cards: Cards, until: int) -> Mapping[str, Line]:
    """The lines of a month, of assets that left the books in it."""
    day = plans.last_day(until)
    found = writes.card_writes(ledger, computing.zone, [computing.pipeline])
    return left(figures(found, cards, day.replace(day=1), day).assets())


def departed(
    ledger: Ledger, computing: Computing, lines: Mapping[str, Line], book: str, until: int
) -> tuple[Sequence[Temporary], Sequence[str]]:
    """Those of assets that left the books in the month, by the `lines` of it: what it charged to them in both books,
    what they carried as they left, their base, and so the difference that is turned back with them. And which they are:
    the rest the book does not know."""
    said = sources.read(ledger, computing.pipeline, computing.meaning, computing.tables)
    sums: dict[str, Temporary] = {}
    known: list[str] = []
    for chunk in terms.assets(ledger, computing.pipeline, computing.meaning, book):
        for asset in chunk:
            line = lines.get(asset.code)
            if line is not None and asset.history is not None:
                charged, carried = (
                    line.of("charged").accumulated_depreciation,
                    ZERO - line.of("removed").carrying_amount,
                )
                tax, base = _in_book(asset, said, until)
                group = asset.place(until).asset_class
                found = Temporary(group, 1, charged, tax, carried - base, carried, base)
                sums[group] = sums[group].plus(found) if group in sums else found
                known.append(asset.code)
    return [row for _, row in sorted(sums.items())], known


def _of(standing: Standing, asset: Asset, said: Sources, until: int) -> Temporary:
    tax, base = _in_book(asset, said, until)
    amounts = (standing.month_amount, tax, standing.expected - base, standing.expected, base)
    return Temporary(standing.group.asset_class, 1, *amounts, standing.owed)


def _in_book(asset: Asset, said: Sources, until: int) -> tuple[Decimal, Decimal]:
    """What the month carries in the book, and the base at its end."""
    assert asset.history is not None
    planned, state = plans.plan(asset.history, said.work.get(asset.code)), at_month(asset.history, until)
    base = state.original_value - state.impairment - yuan(planned.opening + planned.through(until))
    return yuan(planned.amount(until)), base
