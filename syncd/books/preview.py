"""A month's depreciation before it is posted: sums by department, workshop and class, and what changed since the month
before, with the reasons. The figures are those of `plan`, as everywhere."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books import plan as plans
from syncd.books import runs, sources, terms
from syncd.books.depreciation import Method, yuan
from syncd.books.plan import NEVER, NOTHING, Figures, History, Plan, Posted, at_month, figures, gap, month_text
from syncd.books.runs import Computing, Owed
from syncd.books.sources import Fault, Sources
from syncd.books.terms import BOOK, SQL, Asset
from syncd.ports import Ledger, Period

CHANGES_MAX: Final = 200
"""Assets whose amount changed that are named one by one; all of them are counted."""

Tell = Callable[[int, int], None]
"""Told how many assets are done, of how many."""


class Group(NamedTuple):
    """Who bears an expense."""

    department: str
    workshop: str
    asset_class: str


class Changed(NamedTuple):
    """An asset whose month is another than the one before: amounts in yuan, and why."""

    asset: str
    before: Decimal
    now: Decimal
    reasons: Sequence[str]
    months: str


class Line(NamedTuple):
    """What an asset's run carries; `months` as people read them."""

    asset: str
    group: Group
    amount: Decimal
    months: str


@dataclass
class Preview:
    """What a run of a month would post, and beside it the month before. Amounts in yuan."""

    period: str
    assets: int = 0
    total: Decimal = Decimal("0.00")
    before: Decimal = Decimal("0.00")
    groups: dict[Group, tuple[int, Decimal]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    changes: list[Changed] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    gaps: dict[str, Decimal] = field(default_factory=dict)
    nowhere: int = 0


def looked_at(
    ledger: Ledger, computing: Computing, until: int, tell: Tell, posted_until: int
) -> Iterator[tuple[Sequence[Asset], Mapping[str, Posted], Sources]]:
    """All assets, a chunk at a time, with what was posted of months up to `posted_until`. Where the EAM
    computes, all months before `until` are taken as posted as planned."""
    runs.fold(ledger, computing)
    pipeline, meaning = computing.pipeline, computing.meaning
    said = sources.read(ledger, pipeline, meaning, computing.tables)
    total, done = int(str(ledger.query(SQL["count"], (pipeline,))[0][0])), 0
    for chunk in terms.assets(ledger, pipeline, meaning):
        if meaning.by == "syncd":
            posted = terms.posted(ledger, pipeline, BOOK, [asset.code for asset in chunk], posted_until)
        else:
            posted = {a.code: _as_planned(a.history, until - 1, said.work.get(a.code)) for a in chunk if a.history}
        yield chunk, posted, said
        done += len(chunk)
        tell(done, total)


def preview(
    ledger: Ledger, computing: Computing, periods: Sequence[Period], until: int, tell: Tell, lists_assets: bool = False
) -> Preview:
    """What the run of a month would post."""
    found = Preview(month_text(until))
    pays = periods if computing.meaning.by == "syncd" else ()
    for chunk, posted, said in looked_at(ledger, computing, until, tell, NEVER):
        for owed in runs.owed(chunk, posted, said, until, pays):
            made = runs.filled(computing, owed, said, Counter()) if computing.meaning.fill is not None else ()
            one = owed._replace(fault=made) if isinstance(made, Fault) else owed
            _include(found, one, posted.get(one.asset.code, NOTHING), said, until, lists_assets)
    return found


def _include(found: Preview, one: Owed, posted: Posted, said: Sources, until: int, lists_assets: bool) -> None:
    asset = one.asset
    if one.fault is not None:
        found.faults[asset.code] = one.fault
        return
    assert asset.history is not None
    planned = plans.plan(asset.history, said.work.get(asset.code))
    if asset.history.opening is not None and (difference := gap(asset.history)):
        found.gaps[asset.code] = difference
    carried = [month for months in one.periods.values() for month, _ in months]
    now, before = yuan(one.cents), yuan(planned.amount(until - 1))
    found.before += before
    if carried:
        found.assets += 1
        found.total += now
        place = asset.place(until)
        for department, cents in runs.shared(asset, until, one.cents, said.shares.get(asset.code, ())):
            group = Group(department, place.workshop, place.asset_class)
            count, amount = found.groups.get(group, (0, Decimal("0.00")))
            found.groups[group] = count + 1, amount + yuan(cents)
        if lists_assets:
            group = Group(place.department, place.workshop, place.asset_class)
            found.lines.append(Line(asset.code, group, now, ", ".join(plans.lines(carried))))
    if now != before:
        reasons = reasons_of(asset.history, planned, until, carried, posted)
        found.reasons.update(reasons)
        if len(found.changes) < CHANGES_MAX:
            found.changes.append(Changed(asset.code, before, now, reasons, ", ".join(plans.lines(carried))))


def reasons_of(
    history: History, planned: Plan, month: int, carried: Sequence[int], posted: Posted = NOTHING
) -> Sequence[str]:
    """Why a month is not as the one before, each a code of the message catalogue without its beginning."""
    found: list[str] = []
    if any(one != month for one in carried):
        found.append("caught_up")
    if month in posted.months:
        return [*found, "posted"]
    now, then = at_month(history, month - 1), at_month(history, month - 2)
    if month == planned.first:
        return [*found, "new"]
    if then.depreciates != now.depreciates:
        return [*found, "resumed" if now.depreciates else "stopped"]
    found += [word for word in ("original_value", "impairment", "life_months", "residual_rate", "method")
              if getattr(now, word) != getattr(then, word)]  # fmt: skip
    if not found and now.method is Method.UNITS:
        found.append("work")
    if not found and planned.amount(month) == 0:
        found.append("fully_depreciated")
    return found or ["schedule"]


def _as_planned(history: History, until: int, work: Mapping[int, Decimal] | None) -> Posted:
    planned = plans.plan(history, work)
    return Posted(range(planned.first, until + 1), planned.through(until))


class Standing(NamedTuple):
    """An asset at the end of a month."""

    asset: str
    group: Group
    figures: Figures


def as_of(ledger: Ledger, computing: Computing, until: int, tell: Tell, asset: str = "") -> Iterator[Standing]:
    """How every asset stands at the end of a month, past or future; or one."""
    for chunk, posted, said in looked_at(ledger, computing, until, tell, until):
        for one in chunk:
            if one.history is None or one.history.terms[0].month > until or (asset and one.code != asset):
                continue
            place = one.place(until + 1)
            group = Group(place.department, place.workshop, place.asset_class)
            work = said.work.get(one.code)
            yield Standing(one.code, group, figures(one.history, until, posted.get(one.code, NOTHING), work))


class Temporary(NamedTuple):
    """A month in two books, by class: amounts in yuan; `difference` is what has come up by the end of the month: the
    carrying amount in the accounts less the tax base."""

    asset_class: str
    assets: int
    accounting: Decimal
    tax: Decimal
    difference: Decimal


def second_book(
    ledger: Ledger, computing: Computing, book: str, until: int, tell: Tell
) -> tuple[Sequence[Temporary], Mapping[str, Fault]]:
    """The temporary differences of a month, and the assets that the book cannot compute. The accounts are taken as they
    are planned, so that the report does not depend on what is posted yet."""
    zero = Decimal("0.00")
    sums: dict[str, list[Decimal]] = {}
    faults: dict[str, Fault] = {}
    accounts: dict[str, tuple[Decimal, Decimal, str]] = {}
    runs.fold(ledger, computing)
    said = sources.read(ledger, computing.pipeline, computing.meaning, computing.tables)
    of_books = zip(*(terms.assets(ledger, computing.pipeline, computing.meaning, b) for b in (BOOK, book)), strict=True)
    for main, other in of_books:
        for one in main:
            if one.history is not None:
                accounts[one.code] = (*_month_of(one, said, until), one.place(until).asset_class)
        for one in other:
            if one.fault is not None:
                faults[one.code] = one.fault
            if one.history is None or one.code not in accounts:
                continue
            amount, net, asset_class = accounts.pop(one.code)
            tax, base = _month_of(one, said, until)
            row = sums.setdefault(asset_class, [zero, zero, zero, zero])
            sums[asset_class] = [row[0] + 1, row[1] + amount, row[2] + tax, row[3] + net - base]
        accounts.clear()
        tell(len(main), 0)
    return [Temporary(name, int(row[0]), *row[1:]) for name, row in sorted(sums.items())], faults


def _month_of(asset: Asset, said: Sources, until: int) -> tuple[Decimal, Decimal]:
    """What a month carries, and the net value at its end."""
    assert asset.history is not None
    planned, state = plans.plan(asset.history, said.work.get(asset.code)), at_month(asset.history, until)
    if asset.history.terms[0].month > until:
        return Decimal("0.00"), Decimal("0.00")
    net = state.original_value - state.impairment - yuan(planned.opening + planned.through(until))
    return yuan(planned.amount(until)), net
