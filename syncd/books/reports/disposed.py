"""处置清单: what was disposed of, stage by stage: taken off the books, costs, proceeds, result. Each figure is that of
the vouchers that the rules of a stage have made, less those that cancel them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from syncd.books.close.item import Said
from syncd.books.figures import FIELDS, NOTHING, Amounts
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Cell, Column, Listed, Row, Sheet
from syncd.books.writes import MOVEMENT, Staged
from syncd.mapping.language.blocks.month_end import DisposalStages, MonthEnd
from syncd.money import ZERO

_MONEY: Final = ("costs", "costs_vat", "proceeds", "proceeds_vat", "vat_out", "result")


@dataclass
class Disposal:
    """An asset's, in yuan. `left_on` is the day on which it was taken off the books, `settled_on` of its result."""

    asset: str
    kind: str = ""
    left_on: date | None = None
    settled_on: date | None = None
    amounts: Amounts = NOTHING
    costs: Decimal = ZERO
    costs_vat: Decimal = ZERO
    proceeds: Decimal = ZERO
    proceeds_vat: Decimal = ZERO
    vat_out: Decimal = ZERO
    result: Decimal = ZERO
    buyers: dict[str, None] = field(default_factory=dict)
    papers: dict[str, None] = field(default_factory=dict)
    vouchers: dict[str, None] = field(default_factory=dict)
    days: list[date] = field(default_factory=list)
    clearing: set[str] = field(default_factory=set)
    """The accounts that it was cleared through."""

    @property
    def is_sold(self) -> bool:
        """Whether anything came of it."""
        return bool(self.proceeds) or self.settled_on is not None


def sheet(month: Month, month_end: MonthEnd, staged: Iterable[Staged]) -> Sheet:
    """Disposals of which a stage was posted in the month, with all that was posted by its end; those that left the
    books in it apart from those that had left before."""
    stages = month_end.disposals
    assert stages is not None, "the mapping says which rules make the stages"
    found = _disposals(month, month_end, stages, staged)
    first, last = month.period.first, month.period.last
    listed = [one for _, one in sorted(found.items()) if _is_listed(one, stages, first, last)]
    now = [one for one in listed if one.left_on is not None and one.left_on >= first]
    before = [one for one in listed if one not in now]
    told = [name for name in ("name", "department", "class") if name in month.fields]
    columns = (
        *(Column("reconcile_asset"), *(c for name in told for c in month.headings(name))),
        *(Column("report_kind"), Column("disposed_on", "date"), *(Column(name, "money") for name in FIELDS)),
        *(Column("carrying_amount", "money"), *(Column(f"disposed_{name}", "money") for name in _MONEY)),
        *(Column("disposed_buyer"), Column("disposed_papers"), Column("disposed_settled", "date"), Column("voucher")),
    )
    blanks = len(columns) - len(FIELDS) - 1 - len(_MONEY) - 4 - 1
    rows: list[Row] = []
    for said, group in (("disposed_now", now), ("disposed_before", before)):
        rows += [_row(month, one, told) for one in group]
        if now and before:
            rows.append(_sum(said, group, blanks))
    return Sheet("report_disposals", columns, rows, _sum("report_total", listed, blanks), month.ties)


def _row(month: Month, one: Disposal, told: Sequence[str]) -> Row:
    card = month.figures.cards.get(one.asset, {})
    names = [cell for name in told for cell in month.told(name, card.get(month.fields[name]))]
    money: list[Cell] = [getattr(one, name) for name in _MONEY[:-1]]
    result = one.result if one.settled_on is not None else None
    kind = month.kind(one.kind)
    ends = (Listed([*one.buyers]), Listed([*one.papers]), one.settled_on, Listed([*one.vouchers]))
    amounts = (*one.amounts, one.amounts.carrying_amount)
    return (one.asset, *names, kind, one.left_on, *amounts, *money, result, *ends)


def _sum(said: str, group: Sequence[Disposal], blanks: int) -> Row:
    total = NOTHING
    for one in group:
        total = total.plus(one.amounts)
    money = [sum((getattr(one, name) for one in group), ZERO) for name in _MONEY]
    return (Said(said), *[""] * blanks, *total, total.carrying_amount, *money, "", "", "", "")


def _is_listed(one: Disposal, stages: DisposalStages, first: date, last: date) -> bool:
    """What was taken back is none, and what is held for sale none until it is sold."""
    if not any(one.amounts) or (one.kind in stages.until_sold and not one.is_sold):
        return False
    return any(first <= day <= last for day in one.days)


def _disposals(
    month: Month, month_end: MonthEnd, stages: DisposalStages, staged: Iterable[Staged]
) -> dict[str, Disposal]:
    """By asset, by the end of the month."""
    found: dict[str, Disposal] = {}
    own = {code: name for name in FIELDS for code in month_end.accounts.get(name, ())}
    for one in staged:
        if one.voucher.date > month.period.last:
            continue
        dims = [str(asset) for e in one.voucher.entries if (asset := e.dims.get(month_end.asset))]
        asset = dims[0] if dims else one.subject
        disposal = found.setdefault(asset, Disposal(asset))
        _take(disposal, one, _nets(one), own, stages)
        disposal.days.append(one.voucher.date)
        disposal.vouchers[one.ref] = None
        if not one.cancels:
            said = [one.voucher.fields.get(name) for name in ("document", "contract")]
            disposal.papers |= dict.fromkeys(str(paper) for paper in said if paper)
    return found


def _nets(one: Staged) -> Mapping[str, Decimal]:
    """By account, debit less credit."""
    nets: dict[str, Decimal] = {}
    for entry in one.voucher.entries:
        nets[entry.account] = nets.get(entry.account, ZERO) + entry.debit - entry.credit
    return nets


def _take(
    disposal: Disposal, one: Staged, nets: Mapping[str, Decimal], own: Mapping[str, str], stages: DisposalStages
) -> None:
    if one.rule in stages.begun:
        cleared = {code for code, net in nets.items() if code not in own and net > 0}
        disposal.clearing |= set() if one.cancels else cleared
        on_cards = {name: sum((n for c, n in nets.items() if own.get(c) == name), ZERO) for name in FIELDS}
        cost, worn, impaired = (on_cards[name] for name in FIELDS)
        gone = Amounts(ZERO - cost, worn, impaired)
        disposal.amounts = disposal.amounts.plus(gone)
        disposal.vat_out += _cleared(disposal, nets) - gone.carrying_amount
        disposal.left_on = None if one.cancels else one.voucher.date
        disposal.kind = str(one.voucher.fields.get(MOVEMENT) or "") or disposal.kind
        return
    through = _cleared(disposal, nets)
    if one.rule in stages.results:
        disposal.result += through
        disposal.settled_on = None if one.cancels else one.voucher.date
        return
    # the tax stands on the side of the amount, what was paid or is owed on the other
    tax = sum((net for code, net in nets.items() if code not in disposal.clearing and net * through > 0), ZERO)
    if one.rule in stages.costs:
        disposal.costs, disposal.costs_vat = disposal.costs + through, disposal.costs_vat + tax
    else:
        disposal.proceeds, disposal.proceeds_vat = disposal.proceeds - through, disposal.proceeds_vat - tax
        disposal.buyers |= {} if one.cancels else dict.fromkeys(_buyers(one, stages))


def _cleared(disposal: Disposal, nets: Mapping[str, Decimal]) -> Decimal:
    return sum((net for code, net in nets.items() if code in disposal.clearing), ZERO)


def _buyers(one: Staged, stages: DisposalStages) -> Iterator[str]:
    for entry in one.voucher.entries:
        if buyer := entry.dims.get(stages.buyer):
            yield str(buyer)
