"""Where and why the text of an expression cannot be accepted."""

from sqlglot import exp

from syncd.mapping.expression.terms import ExpressionError, Term


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
