"""A voucher by hand that is to be cancelled, read in finance once more: its people go on to change what is theirs."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from syncd.change import Kind, Value
from syncd.journal import exact
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.program.failure import Failure
from syncd.money import decimal
from syncd.ports import Book, Period
from syncd.posting import Voucher

_READ: Final = ("voucher.date", "entry.account", "entry.debit", "entry.credit")


def apart(book: Book, layout: FinanceLayout, voucher: Voucher, number: int, called: str) -> Failure | None:
    """Why a voucher of this number is not to be cancelled as it was told: finance has it no more, or otherwise. None
    where it stands as told, and where nobody knows, as on paper."""
    pattern = layout.numbers.pattern
    written = str(number) if pattern is None else pattern.written(voucher.period, voucher.type, number)
    named = {"voucher.period": voucher.period, "voucher.type": voucher.type}
    params = [named.get(field, written) for field in layout.naming]
    tables = layout.journals([Period(voucher.period, voucher.date, voucher.date, True)]) or ()
    dims = {name: f"entry.{name}".lower() for name in layout.file.dims}
    where = " AND ".join(f"{{{field}}} = ?" for field in layout.naming)
    found: list[tuple[object, ...]] = []
    days: set[date] = set()
    for table in tables:
        rows = book.journal((table.select((*_READ, *dims.values()), where), params))
        if rows is None:
            return None
        for day, account, debit, credit, *values in rows:
            days.add(exact(Kind.DATE, day))
            found.append(_entry(layout, str(account), decimal(debit), decimal(credit), zip(dims, values, strict=True)))
    told = [_entry(layout, e.account, e.debit, e.credit, e.dims.items()) for e in voucher.entries]
    if not found:
        return Failure("by_hand_gone", {"voucher": called})
    if days == {voucher.date} and _counted(found) == _counted(told):
        return None
    return Failure("by_hand_changed", {"voucher": called})


def _entry(
    layout: FinanceLayout, account: str, debit: Decimal, credit: Decimal, dims: Iterable[tuple[str, object]]
) -> tuple[object, ...]:
    said = {name: value for name, value in dims if value not in (None, "")}
    exactly: dict[str, Value] = {
        name: decimal(value) if name in layout.file.quantities else str(value) for name, value in said.items()
    }
    return account, debit.normalize(), credit.normalize(), tuple(sorted(exactly.items()))


def _counted(entries: Iterable[tuple[object, ...]]) -> list[str]:
    """In an order of their own, without those of nothing."""
    return sorted(repr(one) for one in entries if one[1] or one[2])
