"""The vouchers of a period, whoever wrote them: balanced, numbered without gap, dated within it and in order, expense
on its side."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from syncd.books.balances import JournalEntry, voucher_ref
from syncd.books.close.item import Item, Said, found
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.money import ZERO
from syncd.ports import Period

Key = tuple[str, str, str]
"""Period, type and number: what tells a voucher."""


def items(
    entries: Iterable[JournalEntry], period: Period, month_end: MonthEnd, ascends: bool, number: Callable[[str], int]
) -> Iterator[Item]:
    """What the entries of the period say. `ascends`: the layout promises that dates ascend with numbers. `number` reads
    one as it is written, 0 for what is none."""
    sums: dict[Key, list[Decimal]] = {}
    days: dict[Key, date | None] = {}
    columns: tuple[str, ...]
    worn: dict[Key, dict[str, Decimal]] = defaultdict(dict)
    for entry in entries:
        both = sums.setdefault(entry.voucher, [ZERO, ZERO])
        both[0] += entry.debit
        both[1] += entry.credit
        days[entry.voucher] = entry.day
        net = worn[entry.voucher]
        net[entry.account] = net.get(entry.account, ZERO) + entry.net
    yield found(
        "close_unbalanced",
        ("voucher", "report_debit", "report_credit"),
        ((voucher_ref(key), debit, credit) for key, (debit, credit) in sums.items() if debit != credit),
        Said("mend_unbalanced"),
    )
    if any(days.values()):
        outside = (
            (voucher_ref(key), day) for key, day in days.items() if day and not period.first <= day <= period.last
        )
        yield found("close_outside", ("voucher", "report_date"), outside, Said("mend_outside"))
        columns = ("voucher", "report_date", "close_before")
        yield found("close_dates", columns, _descending(days, number), Said("mend_dates"), is_noted=not ascends)
    if month_end.accounts.get("accumulated_depreciation"):
        columns = ("report_account", "close_net")
        yield found("close_expense_side", columns, _credited(worn.values(), month_end), Said("mend_voucher"))


def gaps(numbers: Iterable[tuple[object, int]], begins_with_one: bool = True) -> Item:
    """Numbers of a series that are missing, or given twice, by type. One that runs on through the years begins where
    finance's own begin. A number of 0 is none: people wrote something else."""
    rows: list[Sequence[object]] = []
    last: dict[str, int] = {}
    for kind, got in sorted((str(kind), number) for kind, number in numbers if number):
        due = last.get(kind, 0 if begins_with_one else got - 1) + 1
        if got != due:
            rows.append((kind, due, got - 1))
        last[kind] = got
    return found("close_numbers", ("close_type", "close_from", "close_to"), rows, Said("mend_numbers"))


def _descending(days: Mapping[Key, date | None], number: Callable[[str], int]) -> Iterator[Sequence[object]]:
    """Vouchers dated before an earlier number of their series."""
    latest: dict[str, date] = {}
    for key in sorted(days, key=lambda key: (key[1], number(key[2]), key[2])):
        day, series = days[key], key[1]
        if day is None or not number(key[2]):
            continue
        if series in latest and day < latest[series]:
            yield voucher_ref(key), day, latest[series]
        latest[series] = max(day, latest.get(series, day))


def _credited(vouchers: Iterable[Mapping[str, Decimal]], month_end: MonthEnd) -> Iterator[Sequence[object]]:
    """Accounts that depreciation has credited in the whole month: it is an expense, so they stand debit. A voucher that
    also touches what assets cost is a disposal or a transfer."""
    worn, cost = (set(month_end.accounts.get(field, ())) for field in ("accumulated_depreciation", "original_value"))
    others = cost | set(month_end.accounts.get("clearing", ())) | set(month_end.accounts.get("pending_loss", ()))
    totals: dict[str, Decimal] = {}
    for nets in vouchers:
        if worn & nets.keys() and not others & nets.keys():
            for account in nets.keys() - worn:
                totals[account] = totals.get(account, ZERO) + nets[account]
    yield from ((account, net) for account, net in sorted(totals.items()) if net < 0)
