"""盘点表: what is in the books, by department and place, with blanks for what is found there."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from syncd.books.close.item import Said
from syncd.books.figures import NOTHING, Amounts
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.books.reports.year.year import Year

_BLANKS: Final = ("counted", "count_difference", "count_condition", "count_remark")
_TELLING: Final = ("name", "model", "class", "use")


class Counted(NamedTuple):
    """An asset to be counted; `quantity` is one where its card does not say."""

    department: Cell
    place: Cell
    asset: str
    quantity: Decimal
    amounts: Amounts


def sheet(year: Year) -> Sheet:
    """A printed page a department, each with lines for those who count."""
    named = [name for name in _TELLING if name in year.month.fields]
    columns = (
        Column("reconcile_asset"),
        *(Column(f"report_{name}") for name in named),
        *(Column("count_book", "count"), Column("original_value", "money"), Column("carrying_amount", "money")),
        *(Column(blank) for blank in _BLANKS),
    )
    rows: list[Row] = []
    pages: list[int] = []
    found = sorted(_counted(year), key=lambda one: (str(one.department), str(one.place), one.asset))
    for department, within in groupby(found, key=lambda one: one.department):
        pages.append(len(rows))
        of_department = list(within)
        for place, there in groupby(of_department, key=lambda one: one.place):
            rows.append((Said("count_place", {"department": department or "–", "place": place or None}),))
            for one in there:
                shown = [year.told(one.asset, name) for name in named]
                rows.append((one.asset, *shown, *_amounts([one]), *_BLANK))
        rows.append((Said("count_subtotal"), *("" for _ in named), *_amounts(of_department), *_BLANK))
        rows.append((Said("count_signed"),))
    total: Row = (Said("report_total"), *("" for _ in named), *_amounts(found), *_BLANK) if found else ()
    return Sheet("report_stock_take", columns, rows, total, year.month.ties, pages=pages)


_BLANK: Final[Sequence[Cell]] = (None,) * len(_BLANKS)


def _counted(year: Year) -> list[Counted]:
    found: list[Counted] = []
    place = "location" if "location" in year.month.fields else "workshop"
    for asset, line in year.there.items():
        said = year.card(asset).get(year.month.fields.get("quantity", ""))
        quantity = Decimal(said) if isinstance(said, Decimal | int) else Decimal(1)
        where = year.told(asset, "department"), year.told(asset, place)
        found.append(Counted(*where, asset, quantity, line.closing))
    return found


def _amounts(counted: Sequence[Counted]) -> Sequence[Cell]:
    total = NOTHING
    for one in counted:
        total = total.plus(one.amounts)
    pieces = sum((one.quantity for one in counted), Decimal(0))
    whole = int(pieces) if pieces == pieces.to_integral_value() else pieces
    return whole, total.original_value, total.carrying_amount
