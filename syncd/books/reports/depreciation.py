"""The sheets on depreciation: asset by asset, by department and class, and to which accounts it was charged."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from syncd.books.close.item import Said
from syncd.books.figures import Figures, Line, Step
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


def detail(month: Month) -> Sheet:
    """折旧明细表: a line an asset, with the vouchers that charged it."""
    named = [name for name in _NAMED if name in month.fields]
    columns = (Column("reconcile_asset"), *(Column(f"report_{name}") for name in named), *_SUMS, Column("voucher"))
    refs = _vouchers(month.figures.steps)
    rows: list[Row] = []
    for asset, line in sorted(month.figures.assets().items()):
        card = month.figures.cards.get(asset, {})
        shown = [_plain(card.get(month.fields[name])) for name in named]
        rows.append((asset, *shown, *_sums(line), Listed([*refs.get(asset, ())])))
    total: Row = (Said("report_total"), *("" for _ in named), *_sums(month.figures.total), "")
    return Sheet("report_depreciation", columns, rows, total, month.ties)


def summary(month: Month) -> Sheet:
    """折旧汇总表: by department, then by class."""
    columns = (Column("report_by"), Column("report_value"), Column("report_assets", "count"), *_SUMS)
    rows: list[Row] = []
    chart = None
    for name in ("department", "class"):
        if name in month.fields:
            first = len(rows)
            rows += _grouped(month.figures, month.place(name), Said(f"report_{name}"))
            charged = 3 + [column.code for column in _SUMS].index("report_charged")
            chart = chart or Chart("report_chart_charged", 1, charged, first, len(rows) - 1)
    count = len(month.figures.assets())
    total: Row = (Said("report_total"), "", count, *_sums(month.figures.total))
    return Sheet("report_summary", columns, rows, total, month.ties, chart if rows else None)


def allocation(month: Month) -> Sheet:
    """折旧分配表: which account was charged, by department, class and use."""
    columns = (
        *(Column(f"report_{name}") for name in ("department", "class", "use")),
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
        (*key, month.account_names.get(key[3], ""), amount, Listed([ref for ref in refs[key] if ref]))
        for key, amount in sorted(amounts.items())
        if amount
    ]
    total = (Said("report_total"), "", "", "", "", sum(amounts.values(), ZERO), "")
    return Sheet("report_allocation", columns, rows, total, month.ties)


def _allocated(month: Month) -> Iterator[tuple[tuple[str, str, str, str], Decimal, str]]:
    """What each voucher charged: by card where it has one expense account, by entry where it has several."""
    charged: dict[str, list[Step]] = defaultdict(list)
    for step in month.figures.steps:
        if step.kind == "charged":
            charged[step.voucher].append(step)
    places = [month.place(name) for name in ("department", "class", "use")]
    for ref, steps in charged.items():
        lines = _expenses(month.vouchers.get(ref), month)
        accounts = {entry.account for entry in lines}
        if len(accounts) > 1:
            for entry in lines:
                values = [_dim(entry, month, name) for name in ("department", "class", "use")]
                yield (values[0], values[1], values[2], entry.account), entry.debit - entry.credit, ref
            continue
        account = next(iter(accounts), "")
        for step in steps:
            values = [step.place[n] if n is not None else "" for n in places]
            yield (values[0], values[1], values[2], account), step.amounts.accumulated_depreciation, ref


def _expenses(recorded: Recorded | None, month: Month) -> list[Entry]:
    worn = month.accounts.get("accumulated_depreciation", ())
    return [] if recorded is None else [e for e in recorded.voucher.entries if e.account not in worn]


def _dim(entry: Entry, month: Month, name: str) -> str:
    wanted = month.fields.get(name)
    dim = next((dim for dim, field in month.auxiliaries.items() if field == wanted), "")
    return str(entry.dims.get(dim) or "")


def _grouped(figures: Figures, at: int | None, by: Said) -> Iterator[Row]:
    if at is None:
        return
    lines = figures.by(lambda asset, place: place[at])
    members: Mapping[str, set[str]] = defaultdict(set)
    for asset, place in [*figures.openings, *((step.asset, step.place) for step in figures.steps)]:
        members[place[at]].add(asset)
    for value, line in sorted(lines.items()):
        yield by, value, len(members[value]), *_sums(line)


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


def _plain(value: object) -> str:
    return "" if value is None else str(value)
