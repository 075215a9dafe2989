"""What an asset's history means for depreciation: for any month, past or future, one answer.

    (terms as they changed, opening, meter rows, months posted) → what each month carries, what is owed, what stands

Everything that shows, posts or checks a figure asks here. A month is a number, year × 12 + month − 1. Terms count from
the month after theirs (month-after, CAS 4): what is added this month depreciates from the next, what is removed still
depreciates this month. A change of the amounts, the life, the residual or the method never restates what was carried
before: the carrying amount less the residual spreads over what is left of the life.

Two forms of the straight line differ in what they make of an opening that is not what the schedule says:
平均年限法(一), `fixed`, keeps (C − S) ÷ N a month until C − S is reached; 平均年限法(二), `remaining`, spreads what is
left over the months that are left.
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from syncd.books.depreciation.methods import Method, cents, half_up, monthly, residual, yuan
from syncd.money import ZERO

NEVER: Final = 1 << 40
"""A month that does not come."""


class Form(StrEnum):
    """Of the straight line, see above."""

    FIXED = "fixed"
    REMAINING = "remaining"


class Terms(NamedTuple):
    """What depreciation follows from, from the month after `month` on. Amounts in yuan; `residual_rate` is a share;
    `units` is all the work that the asset can do. `depreciates` is false of land, of what is held for sale, under
    construction or gone. `beside` is what was booked by then beside the schedule, as when an error of cost is caught
    up: only the rest spreads. `since` is the month in which the asset was ready for use, where that is another than the
    first terms': what was rebuilt begins its life anew."""

    month: int
    original_value: Decimal
    impairment: Decimal
    residual_rate: Decimal
    life_months: int
    method: Method
    depreciates: bool = True
    units: Decimal = ZERO
    beside: Decimal = ZERO
    since: int | None = None


class Opening(NamedTuple):
    """What was depreciated elsewhere up to the end of `until`'s month. `continues` says that it was so in these books,
    on cards that were split or merged: what is left spreads over the months that are left, in either form."""

    accumulated: Decimal
    until: int
    continues: bool = False


class History(NamedTuple):
    """An asset's terms in order, the first of them from when it was ready for use."""

    terms: Sequence[Terms]
    opening: Opening | None = None
    form: Form = Form.REMAINING


class Posted(NamedTuple):
    """What is in the books: the months that are carried, a `range` where none lacks, and their amount in cents; month
    by month where they may be told otherwise afterwards, as by a meter."""

    months: Collection[int] = ()
    cents: int = 0
    by_month: Mapping[int, int] = {}


NOTHING: Final = Posted()


class Figures(NamedTuple):
    """How an asset stands at the end of a month, in yuan. `accumulated` is the opening, what is posted up to then,
    beside the schedule too, and what is owed for the months up to then that are not posted."""

    original_value: Decimal
    accumulated: Decimal
    owed: Decimal
    impairment: Decimal
    carrying_amount: Decimal
    month_amount: Decimal
    months_used: int
    months_left: int


class Stretch(NamedTuple):
    """Months under the same terms: `months` of them from `first` on. `amounts` are those of each month where they are
    listed; else `share` a month, the last of `left` taking what remains of `total`. In cents."""

    first: int
    months: int
    total: int
    share: int = 0
    left: int = 0
    amounts: Sequence[int] = ()
    sums: Sequence[int] = ()

    def amount(self, n: int) -> int:
        """Of the n-th month."""
        if self.sums:
            return self.amounts[n] if n < len(self.amounts) else 0
        if n >= self.left:
            return 0
        before = min(self.total, n * self.share)
        return self.total - before if n == self.left - 1 else min(self.share, self.total - before)

    def before(self, n: int) -> int:
        """Of all months before the n-th."""
        if self.sums:
            return self.sums[min(n, len(self.amounts))]
        return self.total if n >= self.left else min(self.total, n * self.share)


class Plan(NamedTuple):
    """What every month carries. `opening` in cents, `first` the first month that may carry anything."""

    opening: int
    first: int
    stretches: Sequence[Stretch]

    def amount(self, month: int) -> int:
        """What a month carries, in cents."""
        at = bisect_right(self.stretches, month, key=_first) - 1
        if at < 0:
            return 0
        found = self.stretches[at]
        return found.amount(month - found.first) if month - found.first < found.months else 0

    def through(self, month: int) -> int:
        """What all months up to and with this one carry, in cents, without the opening."""
        return sum(s.before(min(month - s.first + 1, s.months)) for s in self.stretches if s.first <= month)


def month_of(day: date) -> int:
    """A day's month."""
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=1024)
def month_text(month: int) -> str:
    """`2026-02`."""
    return f"{month // 12:04}-{month % 12 + 1:02}"


def month_read(text: str) -> int:
    """The inverse of `month_text`. Raises ValueError."""
    return month_of(date.fromisoformat(f"{text}-01"))


@lru_cache(maxsize=1024)
def last_day(month: int) -> date:
    """The month's last day."""
    year, number = month // 12, month % 12 + 1
    return date(year, number, monthrange(year, number)[1])


def plan(history: History, work: Mapping[int, Decimal] | None = None) -> Plan:
    """What every month carries under a history; `work` is the work done by month, for units of production."""
    began, opening = history.terms[0], history.opening
    first = began.month + 1 if opening is None else max(began.month, opening.until) + 1
    taken = 0 if opening is None else cents(opening.accumulated)
    stretches: list[Stretch] = []
    carrying, used = -taken, max(0, first - began.month - 1)
    known: Terms | None = None
    done_before = ZERO
    ahead = _in_force(history.terms, first)
    for n, (start, terms) in enumerate(ahead):
        end = ahead[n + 1][0] if n + 1 < len(ahead) else NEVER
        value, floor = _value(terms)
        carrying += value
        if known is not None:
            carrying -= _value(known)[0]
        carrying -= cents(terms.beside) - cents((known or began).beside)
        if terms.since is not None and terms.since != (began.month if known is None else known.since):
            used, done_before = max(0, start - terms.since - 1), _done(work, terms.since + 1)
        known = terms
        if not terms.depreciates:
            continue
        taken_over = opening if not stretches and opening is not None else None
        done = _done(work, start) - done_before  # while it did not depreciate, too
        stretch = _stretch(terms, history.form, start, end, carrying, floor, used, taken_over, work, done)
        stretches.append(stretch)
        carrying -= stretch.before(stretch.months)
        used += stretch.months
    return Plan(taken, first, stretches)


def owed(plan: Plan, posted: Posted, until: int, room: int | None = None) -> list[tuple[int, int]]:
    """The months up to `until` that are not posted, each with its amount in cents. `room` is what may still be posted
    in all before C − S is passed."""
    found: list[tuple[int, int]] = []
    left, amount_of = room, plan.amount
    for month in _missing(plan.first, until, posted.months):
        amount = amount_of(month)
        if left is not None:
            amount = min(amount, left)
            left -= amount
        if amount > 0:
            found.append((month, amount))
    return found


def _missing(first: int, until: int, months: Collection[int]) -> Iterator[int]:
    """The months from one to another that are not among these."""
    if isinstance(months, range):
        yield from range(first, min(months.start, until + 1))
        yield from range(max(first, months.stop), until + 1)
    else:
        yield from (month for month in range(first, until + 1) if month not in months)


def room(history: History, posted: Posted, until: int) -> int:
    """What may still be posted before the accumulated amount passes C − S, in cents."""
    terms = at_month(history, until)
    value, floor = _value(terms)
    opening = 0 if history.opening is None else cents(history.opening.accumulated)
    return max(0, value - floor - opening - posted.cents - cents(terms.beside))


def _value(terms: Terms) -> tuple[int, int]:
    """The original value less its impairment, and the residual, in cents."""
    return _amounts(terms.original_value, terms.impairment, terms.residual_rate)


@lru_cache(maxsize=4096)
def _amounts(original_value: Decimal, impairment: Decimal, residual_rate: Decimal) -> tuple[int, int]:
    """Of one asset they are asked for several times."""
    return cents(original_value) - cents(impairment), cents(residual(original_value, residual_rate))


def due(history: History, posted: Posted, until: int, work: Mapping[int, Decimal] | None = None) -> list[
    tuple[int, int]
]:  # fmt: skip
    """What a run up to `until` has to carry: month and cents. A posted month is among them with what it differs from
    the plan by, below zero where too much was posted."""
    return _due(plan(history, work), history, posted, until)


def _due(planned: Plan, history: History, posted: Posted, until: int) -> list[tuple[int, int]]:
    left = room(history, posted, until)
    corrected = _corrected(planned, posted, until, left) if posted.by_month else []
    more = sum(cents for _, cents in corrected)
    return [*corrected, *owed(planned, posted, until, left - more)]


def _corrected(planned: Plan, posted: Posted, until: int, left: int) -> list[tuple[int, int]]:
    """Posted months that carry another amount by now, with the difference. What is less makes room for what is more."""
    apart = [(month, planned.amount(month) - cents) for month, cents in posted.by_month.items() if month <= until]
    found = [(month, cents) for month, cents in apart if cents < 0]
    left -= sum(cents for _, cents in found)
    for month, apart_by in apart:
        if (more := min(apart_by, left)) > 0:
            found.append((month, more))
            left -= more
    return sorted(found)


def figures(
    history: History, month: int, posted: Posted = NOTHING, work: Mapping[int, Decimal] | None = None
) -> Figures:
    """How the asset stands at the end of a month. `posted` is what was posted of months up to then."""
    planned, terms = plan(history, work), at_month(history, month - 1)
    after = at_month(history, month)
    missing = sum(amount for _, amount in _due(planned, history, posted, month))
    accumulated = planned.opening + posted.cents + missing + cents(after.beside)
    used = months_used(history, month)
    net = cents(after.original_value) - cents(after.impairment) - accumulated
    return Figures(
        after.original_value, yuan(accumulated), yuan(missing), after.impairment, yuan(net),
        yuan(planned.amount(month)), min(used, terms.life_months), max(0, terms.life_months - used),
    )  # fmt: skip


def months_used(history: History, month: int) -> int:
    """How many months an asset has depreciated, or would have, at the end of one."""
    since = at_month(history, month).since
    began = history.terms[0].month if since is None else since
    ends = [*(terms.month for terms in history.terms[1:]), month]
    return sum(
        max(0, min(end, month) - max(terms.month, began))
        for terms, end in zip(history.terms, ends, strict=True)
        if terms.depreciates
    )


def at_month(history: History, month: int) -> Terms:
    """The terms as they stand at the end of a month; before the first, the first."""
    found = history.terms[0]
    for terms in history.terms[1:]:
        if terms.month > month:
            break
        found = terms
    return found


def gap(history: History) -> Decimal:
    """By how much an opening is above what the schedule says of the same months, in yuan; zero where there is none."""
    if history.opening is None or history.opening.continues:
        return ZERO
    opened = history.terms[0]
    said = plan(history._replace(opening=None, terms=(opened,))).through(history.opening.until)
    return history.opening.accumulated - yuan(said)


def _in_force(terms: Sequence[Terms], first: int) -> list[tuple[int, Terms]]:
    """Terms with the month from which each counts; those that count the same are one, the last of a month stands, and
    what changed before the first month that counts is the first terms'."""
    if len(terms) == 1:
        return [(first, terms[0])]
    found: list[tuple[int, Terms]] = []
    for n, one in enumerate(terms):
        start = first if n == 0 else max(first, one.month + 1)
        if found and found[-1][0] == start:
            found.pop()
        if not found or found[-1][1][1:] != one[1:]:
            found.append((start, one))
    return found


def _stretch(
    terms: Terms, form: Form, start: int, end: int, carrying: int, floor: int, used: int, opening: Opening | None,
    work: Mapping[int, Decimal] | None, done: Decimal,
) -> Stretch:  # fmt: skip
    total = max(0, carrying - floor)
    count = end - start
    if terms.method is Method.UNITS:
        return _by_units(terms, start, end, total, work or {}, done)
    left = max(terms.life_months - used, 1 if total else 0)
    if terms.method is Method.STRAIGHT_LINE:
        if opening is not None and not opening.continues and form is Form.FIXED:
            whole = max(0, cents(terms.original_value) - cents(terms.impairment) - floor)
            share = half_up(whole, max(1, terms.life_months))
        else:
            share = half_up(total, left) if left else 0
        return Stretch(start, count, total, share, left)
    if opening is not None:
        whole = cents(terms.original_value) - cents(terms.impairment)
        capped = _capped(_listed(terms.method, whole, floor, terms.life_months)[0][used:], total)
        return Stretch(start, count, total, amounts=capped, sums=(0, *accumulate(capped)))
    amounts, sums = _listed(terms.method, carrying, floor, left)
    return Stretch(start, count, total, amounts=amounts, sums=sums)


def _by_units(terms: Terms, start: int, end: int, total: int, work: Mapping[int, Decimal], done: Decimal) -> Stretch:
    """The unit that completes the total takes the remainder."""
    left, still = terms.units - done, total
    last = max((m for m in work if start <= m < end), default=start - 1)
    shares: list[int] = []
    so_far = ZERO
    for month in range(start, last + 1):
        units = work.get(month, ZERO)
        so_far += units
        share = still if so_far >= left and units else min(still, _share(total, units, left))
        shares.append(share)
        still -= share
    return Stretch(start, end - start, total, amounts=shares, sums=(0, *accumulate(shares)))


def _share(total: int, units: Decimal, left: Decimal) -> int:
    if left <= 0:
        return 0
    (above, below), (whole, part) = units.as_integer_ratio(), left.as_integer_ratio()
    return half_up(total * above * part, below * whole)


def _capped(amounts: Sequence[int], total: int) -> list[int]:
    """The amounts as far as the total goes; the last of them takes what would be left of it."""
    found: list[int] = []
    for n, amount in enumerate(amounts):
        share = total if n == len(amounts) - 1 else min(amount, total)
        found.append(share)
        total -= share
    return found or [total]


@lru_cache(maxsize=4096)
def _listed(method: Method, carrying: int, floor: int, left: int) -> tuple[Sequence[int], Sequence[int]]:
    """Alike assets are many: their amounts are listed once."""
    amounts = tuple(monthly(method, carrying, floor, left))
    return amounts, (0, *accumulate(amounts))


def _done(work: Mapping[int, Decimal] | None, before: int) -> Decimal:
    return sum((units for month, units in work.items() if month < before), ZERO) if work else ZERO


def _first(stretch: Stretch) -> int:
    return stretch.first


def lines(months: Sequence[int]) -> Iterator[str]:
    """Months for people, runs of them as one: `2026-01…2026-06`."""
    start = previous = None
    for month in [*sorted(months), None]:
        if previous is not None and month != previous + 1:
            yield month_text(previous) if start == previous else f"{month_text(start or 0)}…{month_text(previous)}"
            start = month
        start = month if start is None else start
        previous = month
