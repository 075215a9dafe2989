"""What finance's journal holds, by whoever wrote it: entries, and balances of accounts before and in a period."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from syncd import journal
from syncd.change import Kind
from syncd.mapping.layout.layout import FinanceLayout
from syncd.money import ZERO, decimal
from syncd.ports import Ledger, Period

Key = TypeVar("Key", bound=Hashable)
_FIELDS: Final = (
    "voucher.period",
    "voucher.type",
    "voucher.number",
    "voucher.date",
    "voucher.key",
    "voucher.label",
    "voucher.id",
    "entry.account",
    "entry.debit",
    "entry.credit",
    "voucher.summary",
    "entry.summary",
)


class JournalEntry(NamedTuple):
    """An entry as finance holds it. `number` is text, as it is written, or what else tells a voucher without one; `day`
    None where the layout does not give them back; `key` is the posting's, empty for a voucher by hand; `dims` are
    auxiliaries by name, empty text for none; `summary` is the entry's, or else the voucher's."""

    period: str
    type: str
    number: str
    day: date | None
    key: str
    account: str
    debit: Decimal
    credit: Decimal
    dims: Mapping[str, str]
    summary: str

    @property
    def net(self) -> Decimal:
        """Debit less credit."""
        return self.debit - self.credit

    @property
    def voucher(self) -> tuple[str, str, str]:
        """What tells its voucher."""
        return self.period, self.type, self.number


def voucher_ref(voucher: tuple[str, str, str]) -> str:
    """What people call a voucher by its period, type and number: `2026-02 记-12`."""
    period, kind, number = voucher
    return " ".join(filter(None, (period, "-".join(filter(None, (kind, number))))))


class Balance(NamedTuple):
    """An account, or a part of it: debit balances are positive. `last_on` is the day of its last entry, where known."""

    opening: Decimal
    debit: Decimal
    credit: Decimal
    last_on: date | None = None

    @property
    def closing(self) -> Decimal:
        """At the end of the period."""
        return self.opening + self.debit - self.credit


EMPTY: Final = Balance(ZERO, ZERO, ZERO)


def can_read(layout: FinanceLayout, periods: Sequence[Period], *fields: str) -> bool:
    """Whether the layout tells how these fields of entries are read back."""
    found = layout.journals(periods)
    return bool(found) and all(field in one.columns for one in found or () for field in fields)


def entries(
    ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period], where: str = "", params: Sequence[object] = ()
) -> Iterator[JournalEntry]:
    """The entries in the journals of these periods; `where` names fields in braces, `{entry.account} IN (?*)`. Nothing
    where the layout does not tell how they are read."""
    dims = [f"entry.{dim}".lower() for dim in layout.file.dims]
    for table in layout.journals(periods) or ():
        with closing(ledger.scan(table.select((*_FIELDS, *dims), where), params)) as rows:
            for period, kind, number, day, key, label, own_id, *rest in rows:
                account, debit, credit, of_all, own, *values = rest
                told = next((one for one in (label, number, key, own_id) if one is not None), None)
                yield JournalEntry(
                    *(_text(period), _text(kind), _text(told), journal.exact(Kind.DATE, day), _text(key)),
                    *(_text(account), decimal(debit), decimal(credit)),
                    dict(zip(layout.file.dims, map(_text, values), strict=True)),
                    _text(own) or _text(of_all),
                )


def of_accounts(
    ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period], accounts: Sequence[str]
) -> Iterator[JournalEntry]:
    """All entries to these accounts."""
    return entries(ledger, layout, periods, "{entry.account} IN (?*)", (list(accounts),)) if accounts else iter(())


def of_period(
    ledger: Ledger, layout: FinanceLayout, periods: Sequence[Period], period: Period
) -> Iterator[JournalEntry]:
    """All entries of a period."""
    own = [one for one in periods if one.code == period.code]
    if can_read(layout, own, "voucher.period"):
        return entries(ledger, layout, own, "{voucher.period} = ?", (period.code,))
    if can_read(layout, own, "voucher.date"):
        return entries(ledger, layout, own, "{voucher.date} BETWEEN ? AND ?", (period.first, period.last))
    return iter(())


def balances(
    found: Iterable[JournalEntry], period: Period, keys: Callable[[JournalEntry], Iterable[Key]]
) -> dict[Key, Balance]:
    """Balances at the end of a period by each of the keys that are made of an entry; entries of later periods are left
    out. Memory grows with the keys, not with the entries."""
    totals: dict[Key, Balance] = {}
    for entry in found:
        side = when(entry, period)
        if side > 0:
            continue
        for which in keys(entry):
            opening, debit, credit, last_on = totals.get(which, EMPTY)
            last_on = entry.day if last_on is None or (entry.day and entry.day > last_on) else last_on
            totals[which] = (
                Balance(opening, debit + entry.debit, credit + entry.credit, last_on)
                if side == 0
                else Balance(opening + entry.net, debit, credit, last_on)
            )
    return totals


def when(entry: JournalEntry, period: Period) -> int:
    """Whether an entry is of before a period, in it or after it: -1, 0, 1. Codes of periods sort as the periods do."""
    if entry.period:
        return (entry.period > period.code) - (entry.period < period.code)
    if entry.day is None:
        return 0
    return (entry.day > period.last) - (entry.day < period.first)


def _text(value: object) -> str:
    return "" if value is None else str(value)
