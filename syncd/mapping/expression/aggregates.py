"""What is made of the lines of a document: their sum, how many they are, the least and the most of them."""

from collections.abc import Collection, Iterator

from syncd.change import Kind
from syncd.mapping.expression.terms import Aggregate, ExpressionError, Many, Scope, Term

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
_ORDERED = (*_NUMBERS, Kind.DATE, Kind.TIMESTAMP)


def all_lines(scope: Scope) -> Iterator[Many]:
    """The lines of the document as it is that expressions may go through."""
    return (name.many for text, name in scope.items() if name.many is not None and not text.startswith("before."))


def aggregate(word: str, value: Term, conditions: tuple[Term, ...], many: Collection[Many], offset: int) -> Term:
    """The term of `value` taken of each of the lines `many` for which the conditions are true. NULL counts for nothing;
    of no line at all the sum, the least and the most are NULL, as in SQL. Raises ExpressionError where the lines are
    not of one kind, or cannot be added up or ordered."""
    if len(many) != 1:
        raise ExpressionError("lines_unclear", offset, function=word, count=len(many))
    kinds = _NUMBERS if word == "sum" else _ORDERED
    if word != "count" and value.kind not in kinds:
        raise ExpressionError("wrong_argument", offset, function=word, kind=value.kind, expected=" | ".join(kinds))
    kind = Kind.INTEGER if word == "count" else value.kind
    return Term("aggregate", kind, (value, *conditions), Aggregate(word, *many), nullable=word != "count")
