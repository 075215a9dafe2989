"""A105080, asset depreciation and its tax adjustment: the accounts beside what tax law lets deduct, line by line.

The accounts' side is that of every report; an asset that left the books in the year counts with what it had come to
before. The tax side is a second book of `depreciation`, as it is planned. Lines 2 to 7 are the classes of fixed assets;
below them stand the policies under which assets are depreciated faster, where the mapping names them, with those assets
alone whose deduction of the year is above that by the general rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import Final, NamedTuple

from syncd.books.close.item import Said
from syncd.books.figures import NOTHING
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.books.reports.year.year import Book, Year, foot, some
from syncd.mapping.language.blocks.year_end import Tax
from syncd.mapping.program.failure import INCALCULABLE
from syncd.money import ZERO

LINES: Final = range(2, 8)
"""Of the form: buildings, machinery, tools, vehicles, electronics, others."""
OTHERS: Final = 7
NONE: Final = "*"
"""Where the form has nothing to fill in."""
_COLUMNS: Final = tuple(Column(f"tax_column_{n}", "money") for n in range(1, 10))


class Deducted(NamedTuple):
    """An asset, or a group of them, in yuan: columns 1 to 5 and 8 of the form, and by the general rules column 6."""

    original_value: Decimal = ZERO
    charged: Decimal = ZERO
    accumulated: Decimal = ZERO
    base: Decimal = ZERO
    deducted: Decimal = ZERO
    deducted_in_all: Decimal = ZERO
    general: Decimal = ZERO

    def plus(self, other: "Deducted") -> "Deducted":
        """Column by column."""
        return Deducted(*(a + b for a, b in zip(self, other, strict=True)))

    def cells(self, is_faster: bool = False, is_line: bool = True) -> Sequence[Cell]:
        """Columns 1 to 9. Those of the general rules are of what is deducted faster, the adjustment is a line's."""
        faster: Sequence[Cell] = (self.general, self.deducted - self.general) if is_faster else (NONE, NONE)
        return (*self[:5], *faster, self.deducted_in_all, self.charged - self.deducted if is_line else NONE)


class Filed(NamedTuple):
    """An asset with its line of the form and its policy, empty for none."""

    asset: str
    line: int
    policy: str
    amounts: Deducted


def sheets(year: Year, tax: Tax) -> Iterator[Sheet]:
    """The form, and the assets that it is made of."""
    book, general = year.book(tax.book), year.book(tax.general) if tax.general else None
    unknown: list[str] = []
    filed = list(_filed(year, tax, book, general, unknown))
    ours = year.book().assets
    taken_over = [one.asset for one in filed if one.asset in ours and ours[one.asset].is_taken_over]
    notes = [
        *foot(book),
        *([Said("tax_taken_over", {"assets": some(taken_over)})] if taken_over else []),
        *([Said("tax_unknown_line", {"assets": some(unknown), "line": OTHERS})] if unknown else []),
    ]
    yield _form(year, filed, notes)
    yield _assets(year, filed, notes)


def _filed(year: Year, tax: Tax, book: Book, general: Book | None, unknown: list[str]) -> Iterator[Filed]:
    for asset, line in year.lines.items():
        stood = year.left.get(asset, line.closing)
        if not stood.original_value:
            continue  # taken back, or never there
        try:
            number, policy = tax.of(year.card(asset))
        except INCALCULABLE:
            number = policy = None
        if number not in LINES:
            unknown.append(asset)
            number = OTHERS
        ours = book.assets.get(asset)
        base, deducted, in_all = (ZERO, ZERO, ZERO) if ours is None else ours[:3]
        beside = None if general is None else general.assets.get(asset)
        amounts = Deducted(
            *(stood.original_value, line.year_to_date, stood.accumulated_depreciation, base, deducted, in_all),
            ZERO if beside is None else beside.charged,
        )
        yield Filed(asset, number, policy or "", amounts)


def _form(year: Year, filed: Sequence[Filed], notes: Sequence[Said]) -> Sheet:
    columns = (Column("tax_line"), Column("tax_item"), *_COLUMNS)
    by_line: dict[int, Deducted] = dict.fromkeys(LINES, Deducted())
    by_policy: dict[str, Deducted] = defaultdict(Deducted)
    for one in filed:
        by_line[one.line] = by_line[one.line].plus(one.amounts)
        if one.policy and one.amounts.deducted > one.amounts.general:
            by_policy[one.policy] = by_policy[one.policy].plus(one.amounts)
    total = _sum(by_line.values())
    rows: list[Row] = [("1", Said("tax_line_1"), *total.cells())]
    rows += [(str(n), Said(f"tax_line_{n}"), *amounts.cells()) for n, amounts in by_line.items()]
    rows += [
        ("", Said("tax_policy", {"policy": policy}), *amounts.cells(is_faster=True, is_line=False))
        for policy, amounts in sorted(by_policy.items())
    ]
    left = NOTHING
    for amounts in year.left.values():
        left = left.plus(amounts)
    bridge = {
        "cost": f"{total.original_value - left.original_value:,.2f}",
        "worn": f"{total.accumulated - left.accumulated_depreciation:,.2f}",
        "left": f"{left.original_value:,.2f}",
        "gone": f"{left.accumulated_depreciation:,.2f}",
    }
    return Sheet("report_a105080", columns, rows, (), [Said("tax_bridge", bridge), *notes, *year.month.ties])


def _assets(year: Year, filed: Sequence[Filed], notes: Sequence[Said]) -> Sheet:
    named = year.named()
    columns = (
        *(Column("tax_line"), Column("reconcile_asset"), *(Column(f"report_{name}") for name in named)),
        *(Column("tax_of_policy"), *_COLUMNS),
    )
    rows: list[Row] = []
    for one in sorted(filed, key=lambda one: (one.line, one.asset)):
        shown = [year.told(one.asset, name) for name in named]
        rows.append((str(one.line), one.asset, *shown, one.policy, *one.amounts.cells(bool(one.policy))))
    total = _sum(one.amounts for one in filed)
    blanks = ["" for _ in range(2 + len(named))]
    return Sheet("report_a105080_assets", columns, rows, (Said("report_total"), *blanks, *total.cells()), notes)


def _sum(amounts: Iterable[Deducted]) -> Deducted:
    return reduce(Deducted.plus, amounts, Deducted())
