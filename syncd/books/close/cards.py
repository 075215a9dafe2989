"""The cards at the end of a period: sound by themselves, depreciated, and equal to the accounts."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.balances import EMPTY, Balance, JournalEntry, balances
from syncd.books.close.item import Item, Said, found, unknown
from syncd.books.figures import FIELDS, NOTHING, Amounts, Cards, Figures, condition
from syncd.change import Kind
from syncd.mapping.language.blocks.month_end import MonthEnd
from syncd.money import CENT, EXACT, ZERO
from syncd.ports import Period
from syncd.posting import Fields

GROUPS: Final = ("department", "workshop", "class", "use")
"""Columns of the reports by which assets are grouped."""
_ACCOUNT: Final = "account"
NO_ASSET: Final = Said("close_no_asset")
CREDITED: Final = ("accumulated_depreciation", "impairment")
"""Fields whose account stands on the credit side."""


def read(month_end: MonthEnd, kinds: Mapping[str, Kind]) -> Cards:
    """How the cards of a mapping are read; a place has every field by which a close or a report groups."""
    return Cards(kinds, condition(month_end.counts), places(month_end))


def places(month_end: MonthEnd) -> tuple[str, ...]:
    """The card fields that make a place."""
    grouping = (month_end.fields[name] for name in GROUPS if name in month_end.fields)
    return tuple(dict.fromkeys([*month_end.auxiliaries.values(), *grouping]))


class Held(NamedTuple):
    """The accounts of cards as the ledger has them: by account, and by (auxiliary, its value, field), the auxiliary
    empty for all. `names_assets` says that ours name their assets and finance's openings too: what somebody has entered
    without one since is a row of its own. `names_moves`: ours do, whatever openings say."""

    by_account: Mapping[str, Balance]
    by_part: Mapping[tuple[str, str, str], Balance]
    names_assets: bool
    names_moves: bool = False


def held(entries: Iterable[JournalEntry], period: Period, month_end: MonthEnd) -> Held:
    """What entries to the accounts of cards come to."""
    fields = {code: field for field in FIELDS for code in month_end.accounts.get(field, ())}
    dims = [*month_end.auxiliaries, *([month_end.asset] if month_end.asset else [])]

    ours: tuple[str, date] | None = None
    nameless: tuple[str, date] | None = None
    is_named = bool(month_end.asset)

    def keys(entry: JournalEntry) -> Iterator[tuple[str, str, str]]:
        nonlocal is_named, ours, nameless
        field = fields.get(entry.account)
        if field is not None:
            when = (entry.period, entry.day or date.min)
            if entry.key:
                ours = min(ours or when, when)
                is_named = is_named and bool(entry.dims.get(month_end.asset))
            elif not entry.dims.get(month_end.asset):
                nameless = min(nameless or when, when)
            yield _ACCOUNT, entry.account, ""
            yield "", "", field
            for dim in dims:
                yield dim, entry.dims.get(dim, ""), field

    found = balances(entries, period, keys)
    by_account = {code: balance for (dim, code, _), balance in found.items() if dim == _ACCOUNT}
    is_opened = nameless is not None and (ours is None or nameless <= ours)
    return Held(by_account, found, is_named and not is_opened, is_named and ours is not None)


def items(
    figures: Figures, ledger: Held | None, month_end: MonthEnd, made: Collection[str] | None = None
) -> Iterator[Item]:
    """All that can be said of them. `ledger` is None where the layout does not tell how entries are read back, `made`
    are the assets of which the depreciation of this very month was made; None where the mapping does not tell."""
    assets = {asset: line.closing for asset, line in figures.assets().items()}
    yield found(
        "close_net_negative",
        ("reconcile_asset", *FIELDS, "carrying_amount"),
        ((asset, *a, a.carrying_amount) for asset, a in assets.items() if a.carrying_amount < 0),
        Said("mend_asset"),
    )
    yield found(
        "close_over_depreciated",
        ("reconcile_asset", "accumulated_depreciation", "close_depreciable"),
        _over_depreciated(assets, figures.cards, month_end),
        Said("mend_asset"),
    )
    if month_end.depreciates:
        yield _depreciated(figures, month_end, made)
    if ledger is None:
        yield unknown("close_cards", Said("close_unreadable"))
    elif ledger.by_account:
        rows = list(differences(figures, ledger, month_end))
        columns = ("report_by", "reconcile_value", "reconcile_ledger", "reconcile_cards", "difference")
        named = (row[0].params["asset"] for row in rows if "asset" in row[0].params)
        yield found("close_cards", columns, rows, Said("mend_cards", {"asset": next(named, None)}))


def on_side(field: str, balance: Decimal) -> Decimal:
    """A balance of a field's account, debit positive, as it stands on its own side."""
    return ZERO - balance if field in CREDITED else balance


def depreciable(card: Fields, amounts: Amounts, month_end: MonthEnd) -> Decimal:
    """What an asset may be depreciated by in all: cost less residual value and impairment."""
    rate = card.get(month_end.fields.get("residual_rate", ""))
    residual = EXACT.multiply(amounts.original_value, rate) if isinstance(rate, Decimal) else ZERO
    return amounts.original_value - residual.quantize(CENT, context=EXACT)


def _over_depreciated(
    assets: Mapping[str, Amounts], cards: Mapping[str, Fields], month_end: MonthEnd
) -> Iterator[Sequence[object]]:
    for asset, amounts in assets.items():
        limit = depreciable(cards.get(asset, {}), amounts, month_end)
        if amounts.accumulated_depreciation > limit:
            yield asset, amounts.accumulated_depreciation, limit


def _depreciated(figures: Figures, month_end: MonthEnd, made: Collection[str] | None) -> Item:
    """Assets that were in the books before the month, are not used up, and were not charged in it, or for other months
    alone: an adjustment of an earlier one is no charge of this."""
    holds = condition(month_end.depreciates)
    rows = []
    for asset, line in figures.assets().items():
        card, before = figures.cards.get(asset, {}), line.opening
        left = depreciable(card, before, month_end) - before.accumulated_depreciation - before.impairment
        is_due = before.original_value > 0 and left > 0 and any(line.closing) and holds(card)
        is_charged = line.of("charged", "corrected").accumulated_depreciation and (made is None or asset in made)
        if is_due and not is_charged:
            rows.append((asset, before.original_value, before.accumulated_depreciation, left))
    columns = ("reconcile_asset", "original_value", "accumulated_depreciation", "close_left")
    return found("close_undepreciated", columns, rows, Said("mend_undepreciated"))


def differences(
    figures: Figures, ledger: Held, month_end: MonthEnd
) -> Iterator[tuple[Said, Said, Decimal, Decimal, Decimal]]:
    """Where accounts and cards differ: by what, the field, both amounts, ledger less cards. What names no asset is said
    so."""
    yield from _compared("", ledger, {"": figures.total.closing}, month_end)
    for dim, field in month_end.auxiliaries.items():
        n = places(month_end).index(field)
        grouped = figures.by(lambda asset, place, n=n: place[n])  # type: ignore[misc]
        yield from _compared(dim, ledger, {value: line.closing for value, line in grouped.items()}, month_end)
    if ledger.names_assets:
        assets = {asset: line.closing for asset, line in figures.assets().items()}
        yield from _compared(month_end.asset, ledger, assets, month_end)
    elif ledger.names_moves:
        yield from _moved(figures, ledger, month_end)


def _moved(
    figures: Figures, ledger: Held, month_end: MonthEnd
) -> Iterator[tuple[Said, Said, Decimal, Decimal, Decimal]]:
    """Where openings name no asset: what the period has moved of each, in accounts and cards."""
    lines = figures.assets()
    told = {value for dim, value, _ in ledger.by_part if dim == month_end.asset and value}
    for asset in sorted(told | lines.keys()):
        line = lines.get(asset)
        moved = NOTHING if line is None else line.closing.less(line.opening)
        for field in FIELDS:
            if month_end.accounts.get(field):
                balance = ledger.by_part.get((month_end.asset, asset, field), EMPTY)
                said, ours = on_side(field, balance.debit - balance.credit), getattr(moved, field)
                if said != ours:
                    yield Said("close_moved", {"asset": asset}), Said(field), said, ours, said - ours


def _compared(
    by: str, ledger: Held, cards: Mapping[str, Amounts], month_end: MonthEnd
) -> Iterator[tuple[Said, Said, Decimal, Decimal, Decimal]]:
    values = {value for dim, value, _ in ledger.by_part if dim == by} | set(cards)
    for value in sorted(values):
        for field in FIELDS:
            if month_end.accounts.get(field):
                said = on_side(field, ledger.by_part.get((by, value, field), EMPTY).closing)
                ours = getattr(cards.get(value, NOTHING), field)
                if said != ours:
                    yield _part(by, value, month_end), Said(field), said, ours, said - ours


def _part(by: str, value: str, month_end: MonthEnd) -> Said:
    """What differs: all of it, an asset, or what has a value of an auxiliary, called as the reports call its column."""
    if not by:
        return Said("report_total")
    if by == month_end.asset:
        return Said("close_of_asset", {"asset": value}) if value else NO_ASSET
    columns = [name for name, field in month_end.fields.items() if field == month_end.auxiliaries.get(by)]
    column = columns[0] if columns and columns[0] in GROUPS else "dim"
    return Said(f"close_of_{column}", {"dim": by, "value": value or "–"})
