"""A month's depreciation before it is posted: sums by department, workshop and class, and what changed since the month
before, with the reasons. The figures are those of `plan`, as everywhere."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import runs, sources, terms
from syncd.books.depreciation.methods import Method, yuan
from syncd.books.depreciation.plan import NEVER, NOTHING, History, Plan, Posted, at_month, gap, month_text
from syncd.books.depreciation.runs import Computing, Owed
from syncd.books.depreciation.sources import Fault, Sources
from syncd.books.depreciation.terms import BOOK, SQL, Asset
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
    by_reason: dict[Sequence[str], tuple[int, Decimal]] = field(default_factory=dict)
    """How many assets changed for the same reasons, and by how much in all: together the difference to the month
    before."""
    changes: list[Changed] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    gaps: dict[str, Decimal] = field(default_factory=dict)
    nowhere: int = 0

    @property
    def explained(self) -> Sequence[tuple[Sequence[str], int, Decimal]]:
        """(reasons, assets, difference), the largest first."""
        rows = [(reasons, *sums) for reasons, sums in self.by_reason.items()]
        return sorted(rows, key=lambda row: (-abs(row[2]), row[0]))

    @property
    def largest(self) -> Sequence[Changed]:
        """The largest changes, the largest first."""
        return sorted(self.changes, key=lambda one: (-abs(one.now - one.before), one.asset))[:CHANGES_MAX]

    @property
    def changed(self) -> int:
        """How many assets changed, listed or not."""
        return sum(count for count, _ in self.by_reason.values())


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
            posted = terms.posted(ledger, pipeline, BOOK, chunk, posted_until)
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
        count, difference = found.by_reason.get(tuple(reasons), (0, Decimal("0.00")))
        found.by_reason[tuple(reasons)] = count + 1, difference + now - before
        found.changes.append(Changed(asset.code, before, now, reasons, ", ".join(plans.lines(carried))))
        if len(found.changes) == 2 * CHANGES_MAX:
            found.changes = [*found.largest]  # none of the others will be among them


def reasons_of(
    history: History, planned: Plan, month: int, carried: Sequence[int], posted: Posted = NOTHING
) -> Sequence[str]:
    """Why a month is not as the one before, each a code of the message catalogue without its beginning."""
    found: list[str] = []
    if any(one != month and one not in posted.months for one in carried):
        found.append("caught_up")
    if any(one <= month and planned.amount(one) != cents for one, cents in posted.by_month.items()):
        found.append("corrected")
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
