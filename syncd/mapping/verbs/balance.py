"""Whether a voucher template balances, found from its expressions alone.

Each amount is written as a sum of terms that cannot be taken apart; what is left when the credits are taken from
the debits says it. `greatest(x, 0)` and `greatest(-x, 0)`, the usual way to write a gain and a loss, differ by x.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Aggregate, Name, Term
from syncd.mapping.language.scope import variable

_COLUMN: Final = re.compile(r"(after|before)\[(\d+)\]")
"""A column of the row, as `_text` writes it."""
Sum = dict[str, Decimal]
"""Term, as text, → how often it is counted; `1` is the constant."""


class Balance(Enum):
    """What can be said of a template."""

    ALWAYS = "always"
    NEVER = "never"
    DEPENDS = "depends"


class Side(NamedTuple):
    """An entry of a voucher: `amount` goes to `side` where `when` is true."""

    side: str
    amount: Expression
    when: Expression | None
    each: str | None = None
    """The lines of a document of which each makes such an entry."""


def balance(lines: Sequence[Side], let: Mapping[str, Expression]) -> Balance:
    """ALWAYS when nothing is left; NEVER when what is left is a multiple of an amount, which is above zero wherever
    its entry stands; DEPENDS otherwise. Entries under the same `when` must balance among themselves."""
    by_condition: dict[str, Sum] = {}
    amounts: list[Sum] = []
    for line in lines:
        amount = _sum(line.amount.term, let)
        when = line.when
        if line.each is not None:  # all of them are the sum of their amounts
            amount = _summed(amount, line.each, None if when is None else when.term, let)
            when = None
        amounts.append(amount)
        rest = by_condition.setdefault(when.text if when else "", {})
        _add(rest, amount, Decimal(1) if line.side == "debit" else Decimal(-1))
    if not any(by_condition.values()):
        return Balance.ALWAYS
    left = by_condition.get("", {})
    if len(by_condition) == 1 and (set(left) == {"1"} or any(_is_multiple(left, a) for a in amounts)):
        return Balance.NEVER
    return Balance.DEPENDS


def debited(lines: Sequence[Side], let: Mapping[str, Expression]) -> Mapping[tuple[str, int], Decimal] | None:
    """What a voucher of these entries debits, as a sum of the row's own columns: (`after` or `before`, number of the
    column) → how often it is counted. None where it is made of anything else, or an entry is there in some cases only,
    on both sides."""
    for side in ("debit", "credit"):
        own = [line for line in lines if line.side == side]
        total: Sum = {}
        for line in own:
            _add(total, _sum(line.amount.term, let), Decimal(1))
        columns = {text: _COLUMN.fullmatch(text) for text in total}
        if total and all(columns.values()) and not any(line.when or line.each for line in own):
            return {(found[1], int(found[2])): total[text] for text, found in columns.items() if found}
    return None


def _sum(term: Term, let: Mapping[str, Expression]) -> Sum:
    if term.op in ("bind", "cast") and (term.op == "bind" or term.detail is None):
        return _sum(term.args[0], let)
    if term.op == "literal" and isinstance(term.detail, int | Decimal):
        return {"1": Decimal(term.detail)} if term.detail else {}
    if term.op == "name" and (named := _named(term, let)) is not None:
        return _sum(named.term, let)
    if term.op in ("+", "-"):
        total = _sum(term.args[0], let)
        _add(total, _sum(term.args[1], let), Decimal(1 if term.op == "+" else -1))
        return total
    if isinstance(term.detail, Aggregate) and term.detail.word == "sum":
        value, *where = term.args
        return _summed(_sum(value, let), term.detail.many.alias, where[0] if where else None, let)
    if term.op == "coalesce" and term.args[1].op == "literal" and not term.args[1].detail:
        return _sum(term.args[0], let)  # of no line at all there is no entry either
    if term.op == "neg":
        return _times(_sum(term.args[0], let), Decimal(-1))
    if term.op == "*":
        return _product(term, let)
    if term.op == "greatest" and len(term.args) == 2:
        return _positive_part(term, let)
    return {_text(term, let): Decimal(1)}


def _summed(amount: Sum, lines: str, where: Term | None, let: Mapping[str, Expression]) -> Sum:
    """The sum of amounts of lines: that of each of their terms."""
    which = "" if where is None else f" where {_text(where, let)}"
    return {f"sum of {lines}{which}: {text}": count for text, count in amount.items()}


def _product(term: Term, let: Mapping[str, Expression]) -> Sum:
    """A multiple, where one factor is a constant."""
    for constant, other in (term.args, term.args[::-1]):
        factor = _sum(constant, let)
        if set(factor) <= {"1"}:
            return {t: n * factor["1"] for t, n in _sum(other, let).items()} if factor else {}
    return {_text(term, let): Decimal(1)}


def _positive_part(term: Term, let: Mapping[str, Expression]) -> Sum:
    one, other = (_sum(arg, let) for arg in term.args)
    if one and other:
        return {_text(term, let): Decimal(1)}
    inner = one or other
    sign = 1 if not inner or inner[min(inner)] > 0 else -1
    positive = _times(inner, Decimal(sign))
    found: Sum = {f"positive part of {sorted(positive.items())}": Decimal(1)}
    if sign < 0:
        _add(found, positive, Decimal(-1))
    return found


def _add(total: Sum, more: Sum, times: Decimal) -> None:
    for term, count in more.items():
        total[term] = total.get(term, Decimal(0)) + times * count
        if not total[term]:
            del total[term]


def _times(amount: Sum, times: Decimal) -> Sum:
    return {term: times * count for term, count in amount.items()}


def _is_multiple(left: Sum, amount: Sum) -> bool:
    if left.keys() != amount.keys():
        return False
    ratios = {left[term] / amount[term] for term in amount}
    return len(ratios) == 1


def _named(term: Term, let: Mapping[str, Expression]) -> Expression | None:
    """What `let` gave the name, None for a column."""
    assert isinstance(term.detail, Name)
    variables = [variable(i) for i in range(len(let))]
    return list(let.values())[variables.index(term.detail.python)] if term.detail.python in variables else None


def _text(term: Term, let: Mapping[str, Expression]) -> str:
    """A term as text: equal terms read the same."""
    if term.op == "name":
        assert isinstance(term.detail, Name)
        named = _named(term, let)
        return term.detail.python if named is None else _text(named.term, let)
    if term.op == "bind":
        return _text(term.args[0], let)
    detail = getattr(term.detail, "name", getattr(term.detail, "python", term.detail))
    return f"{term.op}[{detail}]({', '.join(_text(arg, let) for arg in term.args)})"
