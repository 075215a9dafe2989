"""The sheets on depreciation: asset by asset, by department and class, and to which accounts it was charged."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType
from typing import Final

from syncd.books.close.item import Said
from syncd.books.figures import Line, Step
from syncd.books.reports.month import Month
from syncd.books.reports.sheet import Chart, Column, Listed, Row, Sheet
from syncd.books.writes import Recorded
from syncd.money import ZERO
from syncd.posting import Entry

_ADJUSTING: Final = ("removed", "moved_in", "moved_out", "corrected", "changed", "added", "opening")
_SUMS: Final = (
    Column("original_value", "money"),
    Column("report_worn_before", "money"),
    Column("report_charged", "money"),
    Column("report_adjusted", "money"),
    Column("report_year_to_date", "money"),
    Column("report_worn_after", "money"),
    Column("impairment", "money"),
    Column("net_value", "money"),
    Column("carrying_amount", "money"),
)
_NAMED: Final = ("name", "model", "department", "workshop", "class", "use")
_SHARED: Final = ("department", "class", "use")
_Bearer = tuple[str, ...]
"""Department, class, use and account; empty where it is not said."""


def detail(month: Month) -> Sheet:
    """折旧明细表: a line an asset, with the vouchers that charged it."""
    refs = _vouchers(month.figures.steps)
    lines = sorted(month.figures.assets().items())
    rows = [_line(month, asset, line, refs) for asset, line in lines]
    return Sheet("report_depreciation", _columns(month), rows, _sum(month, Said("report_total"), month.figures.total),
                 month.ties)  # fmt: skip


def detail_by(month: Month, name: str) -> Sheet:
    """The same with a subtotal for each department or class. An asset that moved stands in both."""
    at = month.place(name)
    assert at is not None, "cards have it"
    refs = _vouchers(month.figures.steps)
    lines = sorted(month.figures.by(lambda asset, place: (place[at], asset)).items())
    subtotals = month.figures.by(lambda asset, place: place[at])
    rows: list[Row] = []
    for value, group in groupby(lines, key=lambda one: one[0][0]):
        rows += [_line(month, asset, line, refs, {name: value}) for (_, asset), line in group]
        rows.append(_sum(month, Said("report_subtotal", {"of": month.called(name, value)}), subtotals[value]))
    total = _sum(month, Said("report_total"), month.figures.total)
    return Sheet(f"report_depreciation_by_{name}", _columns(month), rows, total, month.ties)


def _columns(month: Month) -> Sequence[Column]:
    headings = (column for name in _NAMED if name in month.fields for column in month.headings(name))
    return (Column("reconcile_asset"), *headings, *_SUMS, Column("voucher"))


def _line(
    month: Month,
    asset: str,
    line: Line,
    refs: Mapping[str, Mapping[str, None]],
    place: Mapping[str, str] = MappingProxyType({}),
) -> Row:
    """An asset's; what `place` says stands for what its card says at the end."""
    card = month.figures.cards.get(asset, {})
    named = [name for name in _NAMED if name in month.fields]
    shown = [cell for name in named for cell in month.told(name, place.get(name, card.get(month.fields[name])))]
    return (asset, *shown, *_sums(line), Listed([*refs.get(asset, ())]))


def _sum(month: Month, said: Said, line: Line) -> Row:
    return (said, *[""] * (len(_columns(month)) - len(_SUMS) - 2), *_sums(line), "")


def summary(month: Month) -> Sheet:
    """折旧汇总表: by department, then by class."""
    named = [name for name in ("department", "class") if name in month.fields]
    has_names = any(name in month.names for name in named)
    columns = (
        *(Column("report_by"), Column("report_value"), *([Column("report_name")] if has_names else [])),
        *(Column("report_assets", "count"), *_SUMS, Column("voucher")),
    )
    rows: list[Row] = []
    chart = None
    for name in named:
        first = len(rows)
        rows += _grouped(month, name, has_names)
        charged = [column.code for column in columns].index("report_charged")
        chart = chart or Chart("report_chart_charged", 1 + has_names, charged, first, len(rows) - 1)
    count = len(month.figures.assets())
    blanks = [""] * (1 + has_names)
    total: Row = (Said("report_total"), *blanks, count, *_sums(month.figures.total), "")
    return Sheet("report_summary", columns, rows, total, month.ties, chart if rows else None)


def allocation(month: Month) -> Sheet:
    """折旧分配表: which account was charged, by department, class and use."""
    columns = (
        *(column for name in _SHARED for column in month.headings(name)),
        Column("report_account"),
        Column("report_account_name"),
        Column("report_charged", "money"),
        Column("voucher"),
    )
    amounts: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    refs: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for key, amount, ref in _allocated(month):
        amounts[key] += amount
        refs[key][ref] = None
    rows: list[Row] = [
        (
            *(cell for name, value in zip(_SHARED, key, strict=False) for cell in month.told(name, value)),
            *(key[3], month.account_names.get(key[3], ""), amount, Listed([ref for ref in refs[key] if ref])),
        )
        for key, amount in sorted(amounts.items())
        if amount
    ]
    blanks = [""] * (len(columns) - 3)
    total: Row = (Said("report_total"), *blanks, sum(amounts.values(), ZERO), "")
    return Sheet("report_allocation", columns, rows, total, month.ties)


def _allocated(month: Month) -> Iterator[tuple[_Bearer, Decimal, str]]:
    """What each voucher charged: by card, which tells the use as well, where it has one expense account. What all its
    entries say alike stands for what the card says by now, of an asset that has moved since; where they bear otherwise
    than the cards then tell, or on several accounts, by entry."""
    charged: dict[str, list[Step]] = defaultdict(list)
    for step in month.figures.steps:
        if step.kind == "charged":
            charged[step.voucher].append(step)
    at = [month.place(name) for name in _SHARED]
    for ref, steps in charged.items():
        lines = _expenses(month.vouchers.get(ref), month)
        by_entry = [(_borne(entry, month), entry.debit - entry.credit) for entry in lines]
        said = [{bearer[n] for bearer, _ in by_entry} - {""} for n in range(len(_SHARED) + 1)]
        alike = ["".join(values) if len(values) == 1 else "" for values in said]
        by_card = [
            (
                (*(alike[i] or ("" if n is None else step.place[n]) for i, n in enumerate(at)), alike[-1]),
                step.amounts.accumulated_depreciation,
            )
            for step in steps
        ]
        told = [n for n, values in enumerate(said) if values]
        is_apart = _by(by_entry, told) != _by(by_card, told) and _by(by_entry, ()) == _by(by_card, ())
        several = len(said[-1]) > 1
        yield from ((*one, ref) for one in (by_entry if several or is_apart else by_card))


def _borne(entry: Entry, month: Month) -> _Bearer:
    return (*(_dim(entry, month, name) for name in _SHARED), entry.account)


def _by(borne: Sequence[tuple[_Bearer, Decimal]], told: Sequence[int]) -> Mapping[tuple[str, ...], Decimal]:
    """Sums by these parts of who bears them."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for bearer, amount in borne:
        sums[tuple(bearer[n] for n in told)] += amount
    return sums


def _expenses(recorded: Recorded | None, month: Month) -> list[Entry]:
    worn = month.accounts.get("accumulated_depreciation", ())
    return [] if recorded is None else [e for e in recorded.voucher.entries if e.account not in worn]


def _dim(entry: Entry, month: Month, name: str) -> str:
    wanted = month.fields.get(name)
    dim = next((dim for dim, field in month.auxiliaries.items() if field == wanted), "")
    return str(entry.dims.get(dim) or "")


def _grouped(month: Month, name: str, has_names: bool) -> Iterator[Row]:
    figures, at = month.figures, month.place(name)
    if at is None:
        return
    lines = figures.by(lambda asset, place: place[at])
    members: Mapping[str, set[str]] = defaultdict(set)
    for asset, place in [*figures.openings, *((step.asset, step.place) for step in figures.steps)]:
        members[place[at]].add(asset)
    refs: Mapping[str, dict[str, None]] = defaultdict(dict)
    for step in figures.steps:
        if step.kind == "charged" and step.voucher:
            refs[step.place[at]][step.voucher] = None
    for value, line in sorted(lines.items()):
        said, *called = month.told(name, value)
        called = (called or [""]) if has_names else []
        yield Said(f"report_{name}"), said, *called, len(members[value]), *_sums(line), Listed([*refs[value]])


def _sums(line: Line) -> tuple[Decimal, ...]:
    charged = line.of("charged").accumulated_depreciation
    adjusted = line.of(*_ADJUSTING, "impaired").accumulated_depreciation
    closing = line.closing
    before = line.opening.accumulated_depreciation
    return (
        *(closing.original_value, before, charged, adjusted, line.year_to_date, closing.accumulated_depreciation),
        *(closing.impairment, closing.net_value, closing.carrying_amount),
    )


def _vouchers(steps: Sequence[Step]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for step in steps:
        if step.voucher:
            found.setdefault(step.asset, {})[step.voucher] = None
    return found
