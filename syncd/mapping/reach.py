"""For which kinds of change a condition can be true at all, found from the expression alone."""

from typing import Final

from syncd.change import Op
from syncd.mapping.expression import Expression
from syncd.mapping.terms import COMPARISONS, STRICT, Name, Term

ANY: Final = object()
"""A value that depends on the row."""


def reaches(condition: Expression | None, op: Op) -> bool:
    """Whether the condition may be true for changes of this kind, whose missing row reads as NULL."""
    if condition is None:
        return True
    value = _value(condition.term, op)
    return value is ANY or value is True


def _value(term: Term, op: Op) -> object:
    """The term's value, None for NULL, ANY where it depends on the row."""
    match term.op:
        case "literal":
            return term.detail
        case "name":
            return _name(term, op)
        case "bind":
            return _value(term.args[0], op)
        case "and" | "or":
            return _logic(term, op)
        case "case":
            return _case(term, op)
    values = [_value(arg, op) for arg in term.args]
    if term.op in STRICT and None in values:
        return None
    if ANY in values:
        return ANY
    match term.op:
        case "=" | "<>":
            return (values[0] == values[1]) == (term.op == "=")
        case "not":
            return None if values[0] is None else not values[0]
        case "is null":
            return values[0] is None
        case "distinct" | "not distinct":
            return (values[0] != values[1]) == (term.op == "distinct")
        case "in":
            return None if values[0] is None else values[0] in values[1:]
        case "coalesce":
            return next((v for v in values if v is not None), None)
    assert term.op not in COMPARISONS or None not in values
    return ANY


def _name(term: Term, op: Op) -> object:
    assert isinstance(term.detail, Name)
    variable = term.detail.python.partition("[")[0]
    if variable == "op":
        return op
    missing = {"insert": "before", "read": "before", "delete": "after"}.get(op)
    return None if variable == missing else ANY


def _logic(term: Term, op: Op) -> object:
    decides = term.op == "or"
    values = [_value(arg, op) for arg in term.args]
    if any(v is decides for v in values):
        return decides
    if term.op == "and" and None in values:
        return None  # or false, which is as untrue
    return ANY if ANY in values else None if None in values else not decides


def _case(term: Term, op: Op) -> object:
    *branches, default = term.args
    for condition, value in zip(branches[::2], branches[1::2], strict=True):
        found = _value(condition, op)
        if found is ANY:
            return ANY
        if found is True:
            return _value(value, op)
    return _value(default, op)
