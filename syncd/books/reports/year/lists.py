"""Lists of assets in the books at the end of a year: fully depreciated, idle, leased out, pledged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, Literal

from syncd.books.close.cards import depreciable
from syncd.books.close.item import Said
from syncd.books.depreciation import sources
from syncd.books.figures import FIELDS, NOTHING
from syncd.books.reports.sheet import Cell, Column, Listed, Row, Sheet
from syncd.books.reports.year.year import Year, some
from syncd.change import Kind, Table
from syncd.errors import Halt
from syncd.mapping.language.blocks import year_end
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.mapping.program.failure import INCALCULABLE, incalculable
from syncd.money import ZERO

KINDS: Final[Mapping[Kind, Literal["money", "count", "date"]]] = {
    Kind.DECIMAL: "money",
    Kind.INTEGER: "count",
    Kind.DATE: "date",
}
"""How a column of the EAM is shown, where it is no text."""
Told = Mapping[str, Sequence[Cell]]
"""Assets on a list, each with what the columns of its own say."""


def used_up(year: Year, month_end: MonthEnd) -> Sheet:
    """已提足折旧仍在用: in the books at the end, with nothing left to depreciate."""
    return _sheet(year, "used_up", dict.fromkeys(depleted(year, month_end), ()), ())


def depleted(year: Year, month_end: MonthEnd) -> Iterator[str]:
    """The assets with nothing left to depreciate."""
    for asset, line in year.there.items():
        left, limit = line.closing, depreciable(year.card(asset), line.closing, month_end)
        if left.accumulated_depreciation + left.impairment >= limit:
            yield asset


def declared(
    year: Year, lists: Mapping[year_end.ListName, year_end.Listed], tables: Mapping[str, Table]
) -> Iterator[Sheet]:
    """闲置、出租、抵押: as the mapping says which assets are."""
    for name, said in lists.items():
        with _computable(name):
            told = _by_cards(year, said) if said.rows is None else _by_rows(year, said, tables)
        yield _sheet(year, name, told, said.columns)


@contextmanager
def _computable(name: str) -> Iterator[None]:
    """Raises Halt where the mapping's expressions have no value for a card or a row."""
    try:
        yield
    except INCALCULABLE as error:
        failure = incalculable(error)
        raise Halt("year_end_list", list=name, why=failure.code, **failure.params) from None


def _by_cards(year: Year, said: year_end.Listed) -> Told:
    assert said.holds is not None
    days = year.span.first, year.span.last
    return {asset: () for asset in year.there if said.holds(year.card(asset), *days)[0]}


def _by_rows(year: Year, said: year_end.Listed, tables: Mapping[str, Table]) -> Told:
    """An asset of several rows has what each of them says, in order."""
    assert said.rows is not None
    found: dict[str, list[Sequence[Any]]] = {}
    for pipeline in year.pipelines:
        rows = sources.computed_by(year.ledger, pipeline, said.rows, tables, year.span.first, year.span.last)
        for asset, counts, *values in rows:
            if counts and asset:
                found.setdefault(asset, []).append(values)
    return {
        asset: [_joined(column) for column in zip(*sorted(rows, key=str), strict=True)] for asset, rows in found.items()
    }


def _joined(values: Sequence[Any]) -> Cell:
    """What several rows say in one column."""
    if len(values) == 1:
        return values[0]  # type: ignore[no-any-return]
    return Listed([f"{v:,.2f}" if isinstance(v, Decimal) else str(v) for v in values if v is not None])


def _sheet(year: Year, name: str, told: Told, own: Sequence[tuple[Mapping[str, str], Kind]]) -> Sheet:
    named = year.named()
    columns = (
        Column("reconcile_asset"),
        *(Column(f"report_{column}") for column in named),
        *(Column(field, "money") for field in FIELDS),
        Column("carrying_amount", "money"),
        Column("report_year_to_date", "money"),
        *(Column(name, KINDS.get(kind, "text"), says) for says, kind in own),
    )
    total, charged = NOTHING, ZERO
    rows: list[Row] = []
    elsewhere: list[str] = []
    for asset, values in sorted(told.items()):
        if asset not in year.there:
            elsewhere.append(asset)
            continue
        line = year.there[asset]
        closing = line.closing
        shown = [year.told(asset, column) for column in named]
        rows.append((asset, *shown, *closing, closing.carrying_amount, line.year_to_date, *values))
        total, charged = total.plus(closing), charged + line.year_to_date
    blanks, ends = ["" for _ in named], ["" for _ in own]
    end: Row = (Said("report_total"), *blanks, *total, total.carrying_amount, charged, *ends)
    foot = [Said("year_not_in_books", {"assets": some(elsewhere)})] if elsewhere else []
    return Sheet(f"report_{name}", columns, rows, end, foot)
