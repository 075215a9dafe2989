"""What a month carries, worked out a second time: so that a fault in the plan, by which runs are made, is found by the
check and not repeated by it.

Of the plan only its words are used, an asset's terms and opening; nothing of what it computes. Written from CAS 4 and
its usual forms, in fractions of cents, stretch by stretch under the same terms:

- Added in a month: from the next. Removed in a month: that one still. So terms count from the month after theirs.
- 年限平均法: what is left, by the months that are left. 平均年限法(一) keeps cost less residual by the whole life
  where an opening says otherwise; what was split or merged within was depreciated here, and is no opening.
- 双倍余额递减法: twice the straight rate of what the year begins with, residual ignored, the last two years even.
- 年数总和法: by the years that are left over the sum of all. Years run from the first month; odd months come first.
- 工作量法: by the work of the month over all that is left to do.
- Each month to the cent, half up; the last takes the rest; never below zero, never beyond cost less residual.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from syncd.books.depreciation.methods import Method
from syncd.books.depreciation.plan import Form, History, Terms

Work = Mapping[int, Decimal]
_EVEN_MONTHS: Final = 24
_HALF: Final = Fraction(1, 2)


def month_cents(history: History, month: int, work: Work | None = None) -> int:
    """What a month carries, in whole cents; `work` is the work done by month."""
    ready, opening = history.terms[0].month, history.opening
    first = ready + 1 if opening is None else max(ready, opening.until) + 1
    if month < first:
        return 0
    gone = 0 if opening is None else _cents(opening.accumulated)
    aged, is_taken_over = first - ready - 1, opening is not None
    form = Form.REMAINING if opening is not None and opening.continues else history.form
    beside, born = _cents(history.terms[0].beside), -1
    since: int | None = history.terms[0].month
    for start, end, terms in _stretches(history, first):
        gone, beside = gone + _cents(terms.beside) - beside, _cents(terms.beside)
        if terms.since is not None and terms.since != since:  # what was rebuilt begins its life anew
            aged, born = max(0, start - terms.since - 1), terms.since
        since = terms.since
        if not terms.depreciates:
            if month < end:
                return 0
            continue
        lived = {m: units for m, units in (work or {}).items() if m > born}
        amounts = _amounts(terms, form, gone, aged, is_taken_over, start, lived)
        for n, amount in enumerate(amounts, start):
            if n == end:
                break
            if n == month:
                return amount
            gone += amount
        if month < end:
            return 0
        aged, is_taken_over = aged + end - start, False
    return 0


def _stretches(history: History, first: int) -> Iterator[tuple[int, int, Terms]]:
    """(first month, month after the last, terms) of every run of months under the same terms."""
    starts = sorted({first, *(one.month + 1 for one in history.terms[1:] if one.month >= first)})
    known: list[tuple[int, Terms]] = []
    for start in starts:
        terms = [one for n, one in enumerate(history.terms) if n == 0 or one.month < start][-1]
        if not known or known[-1][1]._replace(month=0) != terms._replace(month=0):
            known.append((start, terms))
    ends = [start for start, _ in known[1:]] + [1 << 40]
    yield from ((start, end, terms) for (start, terms), end in zip(known, ends, strict=True))


def _amounts(
    terms: Terms, form: Form, gone: int, aged: int, is_taken_over: bool, start: int, work: Work
) -> Iterator[int]:
    """Month by month from `start` on, while there is anything. `gone` is what was taken before, `aged` for how many
    months the asset has depreciated."""
    cost = _cents(terms.original_value) - _cents(terms.impairment)
    floor = _round(Fraction(_cents(terms.original_value)) * Fraction(terms.residual_rate))
    rest = max(0, cost - gone - floor)
    left = max(terms.life_months - aged, 1 if rest else 0)
    if terms.method is Method.UNITS:
        return _by_work(terms, rest, start, work)
    if terms.method is Method.STRAIGHT_LINE:
        whole, life = (
            (max(0, cost - floor), terms.life_months) if is_taken_over and form is Form.FIXED else (rest, left)
        )
        return _level(rest, _round(Fraction(whole, life)) if life else 0, left)
    if is_taken_over:  # the schedule of a life from its beginning, as far as what is left goes
        years = _yearly(terms.method, cost, floor, terms.life_months)
        return _as_far(rest, [amount for months, total in years for amount in _even(total, months)][aged:])
    years = _yearly(terms.method, cost - gone, floor, left)
    return (amount for months, total in years for amount in _even(total, months))


def _level(rest: int, share: int, months: int) -> Iterator[int]:
    for n in range(months, 0, -1):
        amount = rest if n == 1 else min(share, rest)
        rest -= amount
        yield amount


def _even(total: int, months: int) -> Iterator[int]:
    return _level(total, _round(Fraction(total, months)), months)


def _as_far(rest: int, amounts: Sequence[int]) -> Iterator[int]:
    if not amounts:
        yield rest
    for n, said in enumerate(amounts, 1):
        amount = rest if n == len(amounts) else min(said, rest)
        rest -= amount
        yield amount


def _yearly(method: Method, book: int, floor: int, months: int) -> Iterator[tuple[int, int]]:
    """(months of the year, what the year carries)."""
    odd = [months % 12] if months % 12 else []
    lengths = [*odd, *[12] * (months // 12)]
    rest, still = max(0, book - floor), months
    digits = [length * (len(lengths) - n) for n, length in enumerate(lengths)]
    total = rest
    for n, length in enumerate(lengths):
        if n == len(lengths) - 1:
            amount = rest
        elif method is Method.SUM_OF_YEARS:
            amount = min(rest, _round(Fraction(total * digits[n], sum(digits))))
        elif still > _EVEN_MONTHS:
            amount = min(rest, max(0, _round(Fraction(2 * book * length, months))))
            book, total = book - amount, rest - amount
        else:
            amount = min(rest, _round(Fraction(total * length, sum(lengths[_first_even(lengths) :]))))
        rest, still = rest - amount, still - length
        yield length, amount


def _first_even(lengths: Sequence[int]) -> int:
    return next(n for n in range(len(lengths)) if sum(lengths[n:]) <= _EVEN_MONTHS)


def _by_work(terms: Terms, rest: int, start: int, work: Work) -> Iterator[int]:
    before = sum((Fraction(units) for month, units in work.items() if month < start), Fraction(0))
    to_do, total, done = Fraction(terms.units) - before, rest, Fraction(0)
    for month in range(start, max([start - 1, *work]) + 1):
        units = Fraction(work.get(month, Decimal(0)))
        done += units
        is_last = bool(units) and done >= to_do
        amount = rest if is_last else min(rest, _round(total * units / to_do)) if to_do > 0 else 0
        rest -= amount
        yield amount


def _round(amount: Fraction) -> int:
    """Half up."""
    return (amount + _HALF).__floor__()


def _cents(yuan: Decimal) -> int:
    return int(Fraction(yuan) * 100)
