"""Which kinds go together, and terms put together so that they do."""

from decimal import Decimal

from syncd.change import Kind
from syncd.mapping.expression.runtime import UNROUNDED
from syncd.mapping.expression.terms import Term, is_null, literal, strict


def common(one: Kind, other: Kind) -> Kind | None:
    """The kind that both can be taken as."""
    if one is other or other is Kind.NULL:
        return one
    if one is Kind.NULL:
        return other
    pair = {one, other}
    if pair == {Kind.INTEGER, Kind.DECIMAL}:
        return Kind.DECIMAL
    return Kind.TIMESTAMP if pair == {Kind.DATE, Kind.TIMESTAMP} else None


def fits(given: Kind, wanted: Kind) -> bool:
    """Whether a value of the given kind may stand where another is wanted."""
    return common(given, wanted) is wanted


def coerced(term: Term, kind: Kind) -> Term:
    """The term as a value of that kind; kinds are known to be castable."""
    if term.kind is kind or kind is Kind.NULL:
        return term
    if is_null(term):
        return literal(None, kind)
    if term.op == "literal" and term.kind is Kind.INTEGER and kind is Kind.DECIMAL:
        return literal(Decimal(str(term.detail)), kind)
    return strict("cast", kind, term)


def joined(op: str, *terms: Term) -> Term:
    """AND or OR of conditions, in one row."""
    args = [a for t in terms for a in (t.args if t.op == op else (t,))]
    return Term(op, Kind.BOOLEAN, tuple(args), nullable=any(a.nullable for a in args))


def negation(term: Term) -> Term:
    """NOT."""
    return Term("not", Kind.BOOLEAN, (term,), nullable=term.nullable)


def negative(term: Term) -> Term:
    """A number with the other sign."""
    if term.op == "literal" and isinstance(term.detail, int | Decimal):
        return literal(UNROUNDED.minus(term.detail) if isinstance(term.detail, Decimal) else -term.detail, term.kind)
    return strict("neg", Kind.INTEGER if term.kind is Kind.NULL else term.kind, term)
