"""Vouchers by hand on accounts that only syncd posts to, read from finance through its layout."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from syncd.books.warnings.notice import Notice, Window, notice
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.queries import VoucherEntries
from syncd.money import decimal
from syncd.ports import Ledger

SURE_MIN = 0.3
"""Where nearly all is by hand, that is how the company works; it is still said."""


class _Entry(NamedTuple):
    ref: str
    day: date
    account: str
    amount: Decimal


def by_hand(
    ledger: Ledger, layout: FinanceLayout, asked: VoucherEntries, accounts: Sequence[str], window: Window
) -> Iterator[Notice]:
    """One a voucher. What was there before the first posting was the opening of the books."""
    ((begun,),) = ledger.query("SELECT min(committed_at) FROM syncd.posting WHERE voucher <> ''") or [(None,)]
    if begun is None:
        return
    first = max(window.first, window.day(datetime.fromisoformat(str(begun))))
    total = 0
    found: dict[str, list[_Entry]] = {}
    with closing(ledger.scan(asked.sql, accounts)) as rows:
        for row in rows:
            entry, key = _entry(row, layout, asked)
            if first <= entry.day <= window.last:
                total += 1
                if not asked.has_key or not key:
                    found.setdefault(entry.ref, []).append(entry)
    if not asked.has_key and found:
        with closing(ledger.scan("SELECT voucher FROM syncd.posting WHERE voucher <> ''")) as posted:
            for (ref,) in posted:
                found.pop(str(ref), None)
    share = sum(len(entries) for entries in found.values()) / total if total else 0.0
    for ref, entries in sorted(found.items()):
        said = {
            "accounts": ", ".join(sorted({entry.account for entry in entries})),
            "value": sum((abs(entry.amount) for entry in entries), Decimal(0)),
        }
        yield notice("by_hand", entries[0].day, [ref], max(SURE_MIN, 1 - share), **said)


def _entry(row: Sequence[Any], layout: FinanceLayout, asked: VoucherEntries) -> tuple[_Entry, str]:
    period, type_, number, day, key, account, debit, *credit = row
    amount = decimal(debit) - (decimal(credit[0]) if credit else Decimal(0))
    when = day if isinstance(day, date) and not isinstance(day, datetime) else date.fromisoformat(str(day)[:10])
    carried = "" if key is None else str(key).strip()
    code, kind, told = ("" if value is None else str(value).strip() for value in (period, type_, number))
    written = layout.numbers.read(told)
    ref = layout.voucher_ref(code, kind, written, carried) if written and code and kind else told
    return _Entry(ref, when, str(account), amount), carried
