"""Where and why the text of an expression cannot be accepted."""

from collections.abc import Iterable

from sqlglot import exp

from syncd.mapping.expression.elsewhere import FUNCTIONS, OPERATORS, SUBQUERIES
from syncd.mapping.expression.terms import ExpressionError, Term, nearest


def offset_of(node: exp.Expr) -> int:
    """Where the node begins in the text."""
    return min((int(n.meta["start"]) for n in node.walk() if "start" in n.meta), default=0)


def shown(node: exp.Expr) -> str:
    """The node as PostgreSQL would write it."""
    return node.sql("postgres")


def clash(operator: str, left: Term, right: Term, node: exp.Expr) -> ExpressionError:
    """Two kinds that do not go together."""
    return ExpressionError("wrong_kinds", offset_of(node), operator=operator, left=left.kind, right=right.kind)


def miscounted(name: str, given: int, expected: str, node: exp.Expr) -> ExpressionError:
    """Too many arguments, or too few."""
    return ExpressionError("wrong_count", offset_of(node), function=name, given=given, expected=expected)


def foreign(node: exp.Expr) -> ExpressionError:
    """What SQL has elsewhere and this language has not."""
    kind = type(node).__name__
    if kind in SUBQUERIES and node.find(exp.Select):
        return ExpressionError("subquery", offset_of(node), what=shown(node))
    return ExpressionError("unsupported", offset_of(node), what=shown(node), instead=OPERATORS.get(kind, ""))


def unknown_function(name: str, known: Iterable[str], node: exp.Expr) -> ExpressionError:
    """A function that there is not: how the same is written, or which comes nearest."""
    instead = FUNCTIONS.get(name, "")
    near = "" if instead else nearest(name, known)
    return ExpressionError("unknown_function", offset_of(node), name=name, nearest=near, instead=instead)
