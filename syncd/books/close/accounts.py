"""Accounts that a closed month leaves at nothing, and those whose open items it lists with their age."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from syncd.books.balances import Balance, JournalEntry, balances
from syncd.books.close.item import Item, Said, found
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.ports import Period


class Rule(NamedTuple):
    """What of an account's balances is listed. `of_asset` says that the asset tells its items apart, otherwise all
    auxiliaries do; `keeps` is asked of a balance, and whether its item is an asset that is gone from the books, its
    disposal over."""

    code: str
    of_asset: bool = False
    is_noted: bool = False
    keeps: Callable[[Balance, bool], bool] = lambda balance, is_gone: bool(balance.closing)


def _is_unreleased(balance: Balance, is_gone: bool) -> bool:
    """A grant that was there before and is not amortised in the month, or that outlives its asset."""
    return bool(balance.closing) and (is_gone or bool(balance.opening and not balance.debit))


RULES: Mapping[str, Rule] = {
    "clearing": Rule("close_clearing", of_asset=True),
    "pending_loss": Rule("close_pending_loss", of_asset=True),
    "construction": Rule("close_construction", is_noted=True),
    "research": Rule("close_research"),
    "grants": Rule("close_grants", of_asset=True, keeps=_is_unreleased),
    "provisional": Rule("close_provisional", is_noted=True),
    "input_vat": Rule("close_input_vat", is_noted=True),
}
"""By what accounts are for, as a mapping's `close` names it."""


def items(
    entries: Mapping[str, Iterable[JournalEntry]], period: Period, month_end: MonthEnd, here: Collection[str]
) -> Iterator[Item]:
    """Of each kind of account that is named; `entries` are those to its accounts, `here` the assets that are in the
    books at the end of the period."""
    open_disposals: set[str] = set()
    for name, found_entries in entries.items():
        rule = RULES[name]
        held = balances(found_entries, period, lambda e: [(_item(e, month_end.asset, rule.of_asset), e.account)])  # noqa: B023
        rows = [
            (which, account, balance.closing, balance.last_on, _age(balance, period.last))
            for (which, account), balance in sorted(held.items())
            if rule.keeps(balance, bool(which) and which not in here and which not in open_disposals)
        ]
        if name in ("clearing", "pending_loss"):
            open_disposals |= {row[0] for row in rows}
        item = found(
            rule.code,
            ("report_by", "report_account", "close_balance", "close_last", "close_days"),
            rows,
            Said(f"mend_{name}"),
            rule.is_noted,
        )
        yield _young(item, rows, month_end.clearing_days) if name == "clearing" else item


def _item(entry: JournalEntry, asset: str, of_asset: bool) -> str:
    dims = {asset: entry.dims.get(asset, "")} if of_asset else entry.dims
    return " ".join(value for value in dims.values() if value)


def _age(balance: Balance, on: date) -> int | None:
    return None if balance.last_on is None else (on - balance.last_on).days


def _young(item: Item, rows: Sequence[Sequence[object]], days_max: int) -> Item:
    """A disposal may be under way when its month is closed: its item is noted while none is too old."""
    ages = [row[4] for row in rows]
    young = days_max and all(isinstance(age, int) and age <= days_max for age in ages)
    return item._replace(state="noted") if item.total and young else item
