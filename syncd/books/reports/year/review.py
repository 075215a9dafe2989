"""The review of lives, residual values and methods that CAS 4 asks for at least at each year's end: the assets to be
looked at, why, and what is to be done."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.close.item import Said
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.books.reports.year.lists import depleted
from syncd.books.reports.year.year import Book, Year, foot
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.money import EXACT

ALIKE: Final = ("residual_rate", "life_months", "method")
"""Card fields in which assets of a class are alike, by their columns."""


class Finding(NamedTuple):
    """Why an asset is to be looked at, a code of the message catalogue; `usual` is what its class has instead."""

    asset: str
    why: str
    usual: Cell = ""


def sheet(year: Year, month_end: MonthEnd, months: int) -> Sheet:
    """Finding by finding; a life ends within `months`. How much is left of one is known where the mapping says how
    assets depreciate."""
    book = year.book()
    named = year.named()
    columns = (
        *(Column("reconcile_asset"), *(Column(f"report_{name}") for name in named), Column("review_why")),
        *(Column("review_life"), Column("review_left"), Column("review_rate"), Column("review_method")),
        *(Column("review_usual"), Column("original_value", "money"), Column("accumulated_depreciation", "money")),
        *(Column("carrying_amount", "money"), Column("review_do")),
    )
    rows: list[Row] = []
    for one in sorted(_findings(year, month_end, book, months), key=lambda one: one[:2]):
        closing = year.there[one.asset].closing
        held = book.assets.get(one.asset)
        left = None if held is None else str(held.months_left)
        card, told = year.card(one.asset), [year.told(one.asset, name) for name in named]
        rate, life, method = (_shown(year, name, card.get(year.month.fields.get(name, ""))) for name in ALIKE)
        why, todo = Said(f"review_{one.why}"), Said(f"review_{one.why}_do")
        worn, carrying = closing.accumulated_depreciation, closing.carrying_amount
        terms = (life, left, rate, method, one.usual)
        rows.append((one.asset, *told, why, *terms, closing.original_value, worn, carrying, todo))
    return Sheet("report_review", columns, rows, (), foot(book))


def _findings(year: Year, month_end: MonthEnd, book: Book, months: int) -> Iterator[Finding]:
    gone = set(depleted(year, month_end))
    yield from (Finding(asset, "used_up") for asset in gone)
    for asset in year.there:
        held = book.assets.get(asset)
        if held is not None and held.months_left <= months and asset not in gone:
            yield Finding(asset, "ending")
    for name in ALIKE:
        yield from _unlike(year, name)


def _unlike(year: Year, name: str) -> Iterator[Finding]:
    """Assets that have another value than more than half of their class."""
    field, by = year.month.fields.get(name), year.month.fields.get("class")
    if field is None or by is None:
        return
    found: Mapping[object, Counter[object]] = defaultdict(Counter)
    for asset in year.there:
        card = year.card(asset)
        found[card.get(by)][card.get(field)] += 1
    usual = {of: values.most_common(1)[0] for of, values in found.items()}
    for asset in year.there:
        card = year.card(asset)
        value, count = usual[card.get(by)]
        if card.get(field) != value and 2 * count > found[card.get(by)].total():
            yield Finding(asset, f"unlike_{name}", _shown(year, name, value))


def _shown(year: Year, name: str, value: object) -> Cell:
    """A rate as a percentage, a method by its name."""
    if name == "residual_rate" and isinstance(value, Decimal):
        return f"{EXACT.multiply(value, Decimal(100)).normalize():f}%"
    return year.month.called(name, "" if value is None else str(value))
