"""Depreciation checked: each asset's month, computed apart from the plan that runs are made by, beside what the EAM
sent or what was posted, and the rule that would explain what differs. The rules are tried in turn; the first that gives
the amount to the cent is the likely one, and where the plan itself does, it is the plan that differs."""

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import preview, sources, terms
from syncd.books.depreciation.methods import Method, cents, half_up, residual, yuan
from syncd.books.depreciation.plan import Form, History, at_month, month_read
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.second_opinion import month_cents
from syncd.books.depreciation.terms import BOOK, SQL
from syncd.money import ZERO
from syncd.ports import Ledger

Work = Mapping[int, Decimal] | None


class Difference(NamedTuple):
    """An asset's month: recomputed, and what the other side has, in yuan; the likely rule, a code of the message
    catalogue without its beginning."""

    asset: str
    computed: Decimal
    found: Decimal
    rule: str


def check(ledger: Ledger, computing: Computing, until: int, tell: preview.Tell) -> Iterator[Difference | None]:
    """Every asset of a month: None where both sides agree."""
    others = computing.meaning.books
    sent = found_amounts(ledger, computing, until)
    for chunk, _, said in preview.looked_at(ledger, computing, until, tell, until):
        by_book = {book: _histories(ledger, computing, book, chunk[0].code, len(chunk)) for book in others}
        for asset in chunk:
            other = sent.pop(asset.code, 0)
            if asset.history is None:
                if other:
                    yield Difference(asset.code, Decimal("0.00"), yuan(other), "no_terms")
                continue
            work = said.work.get(asset.code)
            computed = month_cents(asset.history, until, work)
            if computed == other:
                yield None
                continue
            second = [found[asset.code] for found in by_book.values() if asset.code in found]
            rule = likely(asset.history, until, other, work, second)
            yield Difference(asset.code, yuan(computed), yuan(other), rule)
    for code, other in sorted(sent.items()):
        yield Difference(code, Decimal("0.00"), yuan(other), "no_card")


def found_amounts(ledger: Ledger, computing: Computing, until: int) -> dict[str, int]:
    """By asset what the EAM sent for a month, or what runs have made of it, in cents."""
    found: dict[str, int] = {}
    if computing.meaning.by == "syncd":
        rows = ledger.query(SQL["of_month"], (computing.pipeline, BOOK, until))
        return {str(asset): int(str(amount)) for asset, amount in rows}
    for asset, period, amount in sources.said_by(ledger, computing.pipeline, computing.meaning.sent, computing.tables):
        if asset is not None and period is not None and amount is not None and month(period) == until:
            found[asset] = found.get(asset, 0) + cents(amount)
    return found


def month(period: str) -> int | None:
    """The month that the EAM calls so; None where it is none."""
    try:
        return month_read(period)
    except ValueError:
        return None


def _histories(ledger: Ledger, computing: Computing, book: str, first: str, count: int) -> Mapping[str, History]:
    rows = terms.from_asset(ledger, computing.pipeline, computing.meaning, book, first, count)
    return {asset.code: asset.history for asset in rows if asset.history is not None}


def likely(history: History, month: int, found: int, work: Work = None, others: "list[History] | None" = None) -> str:
    """Which rule gives this amount, in cents."""
    if found and any(plans.plan(other, work).amount(month) == found for other in others or ()):
        return "tax_life"
    for code, rule in RULES.items():
        if found and rule(history, month, work) == found:
            return code
    computed = month_cents(history, month, work)
    if not found:
        return "missing"
    if not computed:
        return "too_much"
    if abs(computed - found) == 1:
        return "rounding"
    if found != _amount(history, month, work):
        return "reading" if at_month(history, month - 1).method is Method.UNITS else "unknown"
    return "plan"


def _amount(history: History, month: int, work: Work) -> int:
    return plans.plan(history, work).amount(month)


def _changed(**values: object) -> Callable[[History, int, Work], int]:
    """The month with other terms."""

    def rule(history: History, month: int, work: Work) -> int:
        return _amount(history._replace(terms=[t._replace(**values) for t in history.terms]), month, work)  # type: ignore[arg-type]

    return rule


def _other_form(history: History, month: int, work: Work) -> int:
    form = Form.FIXED if history.form is Form.REMAINING else Form.REMAINING
    return _amount(history._replace(form=form), month, work)


def _only_first(history: History, month: int, work: Work) -> int:
    return _amount(history._replace(terms=history.terms[:1]), month, work)


def _early(history: History, month: int, work: Work) -> int:
    """The month of addition depreciated as well: everything a month before its time."""
    return _amount(history, month + 1, work)


def _late(history: History, month: int, work: Work) -> int:
    return _amount(history, month - 1, work)


def _by_days(history: History, month: int, _: Work) -> int:
    """(C − S) a year by the days of the month."""
    terms = at_month(history, month - 1)
    whole = cents(terms.original_value) - cents(residual(terms.original_value, terms.residual_rate))
    year, number = divmod(month, 12)
    days, of_year = monthrange(year, number + 1)[1], 366 if isleap(year) else 365
    share = Fraction(whole * 12 * days, terms.life_months * of_year)
    return half_up(share.numerator, share.denominator)


def _twice(history: History, month: int, work: Work) -> int:
    return 2 * _amount(history, month, work)


RULES: Final[Mapping[str, Callable[[History, int, Work], int]]] = {
    "twice": _twice,
    "residual": _changed(residual_rate=ZERO),
    "days": _by_days,
    "impairment": _changed(impairment=ZERO),
    "changes": _only_first,
    "form": _other_form,
    **{f"method_{method}": _changed(method=method) for method in Method if method is not Method.UNITS},
    "early": _early,
    "late": _late,
}
"""In this order."""
