"""What of a voucher's columns the record must keep, and which of them find its rows again."""

from collections.abc import Callable, Sequence
from typing import Final

from syncd.journal import ColumnShape, Shape, TableShape
from syncd.mapping.expression.parse import Expression
from syncd.mapping.layout.tables import VOUCHER_ID, VOUCHER_LABEL, PhysicalTable, given_kind, plain_name

_IDENTIFYING: Final = frozenset(
    {VOUCHER_ID, VOUCHER_LABEL, "voucher.number", "voucher.ref", "voucher.key", "posting.key"}
)
"""What tells a voucher from every other, with whatever else stands in a key."""
_HEADING: Final = _IDENTIFYING | {"voucher.period", "voucher.year", "voucher.month", "voucher.type"}
"""What a voucher is found by where its table has no key."""


def shape(
    vouchers: Sequence[PhysicalTable], entries: Sequence[PhysicalTable], names: Callable[[str], Sequence[str]]
) -> Shape:
    """The shape of the journal's tables. Empty for a layout that writes two of them to one table: nobody could tell
    their rows apart."""
    tables = (*vouchers, *entries)
    if len({table.name for table in tables}) < len(tables):
        return Shape()
    header = [vouchers[0].columns[name] for name in vouchers[0].key] if vouchers else []
    shapes = [_table(table, [], False) for table in vouchers] + [_table(table, header, True) for table in entries]
    return Shape([(one, tuple(table.columns)) for one, table in zip(shapes, tables, strict=True)], names)


def _table(table: PhysicalTable, header: Sequence[Expression], is_of_entries: bool) -> TableShape:
    """`header` is the key of the voucher's own table."""
    columns = table.columns
    varying = [name for name, e in columns.items() if e.names]
    shared = _shared(table, header)
    key = shared or list(table.key) or varying
    kept = [_column(name, e) for name, e in columns.items() if name in varying or name in key]
    return TableShape("" if table.named else table.name, is_of_entries, tuple(key), bool(shared), tuple(kept))


def _shared(table: PhysicalTable, header: Sequence[Expression]) -> list[str]:
    """Columns that find all rows of a voucher and no others: of its key those that all rows share, or those that
    point to the voucher's own row. Empty where each row must be found by itself."""
    columns = table.columns
    of_voucher = [name for name, e in columns.items() if not any(n.startswith("entry.") for n in e.names)]
    keyed = [name for name in of_voucher if name in table.key]
    if any(columns[name].names & _IDENTIFYING for name in keyed):
        return keyed
    pointing = [table.given(e) for e in header]
    if header and None not in pointing:
        return [name for name in pointing if name is not None]
    heading = [name for name in of_voucher if columns[name].names and columns[name].names <= _HEADING]
    return heading if not table.key and any(columns[name].names & _IDENTIFYING for name in heading) else []


def _column(name: str, e: Expression) -> ColumnShape:
    """A moment is written on the clock of the books: that is no more what the posting was given. Nor can the posting
    tell an id that finance gave, or how a number was written."""
    is_told = e.term.op == "name" and not e.names & {VOUCHER_ID, VOUCHER_LABEL}
    return ColumnShape(name, given_kind(e), plain_name(e) if is_told else "")
