"""For which kinds of change a condition can be true at all, and whether two can be true of one change: found from the
expressions alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, get_args

from syncd.change import Op
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import COMPARISONS, STRICT, Name, Term

ANY: Final = object()
"""A value that depends on the row."""


def reaches(condition: Expression | None, op: Op) -> bool:
    """Whether the condition may be true for changes of this kind, whose missing row reads as NULL."""
    if condition is None:
        return True
    value = _value(condition.term, op)
    return value is ANY or value is True


def meets(one: Expression | None, other: Expression | None) -> bool:
    """Whether both conditions may be true for one change: they speak of the same kind, and no value is said to be two
    things."""
    return any(reaches(one, op) and reaches(other, op) and _agree(one, other, op) for op in get_args(Op))


def _agree(one: Expression | None, other: Expression | None, op: Op) -> bool:
    must: list[tuple[Term, frozenset[object] | None, frozenset[object]]] = []
    for e in (one, other):
        for part in _parts(e.term, op) if e is not None else ():
            said = _said(part)
            if said is None:
                continue
            term, allowed, denied = said
            for i, (known, may, may_not) in enumerate(must):
                if known == term:
                    both = allowed if may is None else may if allowed is None else may & allowed
                    must[i] = (term, both, may_not | denied)
                    break
            else:
                must.append((term, allowed, denied))
    return not any(may is not None and may <= may_not for _, may, may_not in must)


def _parts(term: Term, op: Op) -> Iterator[Term]:
    """Conditions that must all be true for the term to be."""
    if term.op in ("and", "bind"):
        for arg in term.args:
            yield from _parts(arg, op)
    elif term.op == "case":
        *branches, default = term.args
        for condition, value in zip(branches[::2], branches[1::2], strict=True):
            found = _value(condition, op)
            if found is ANY:
                return
            if found is True:
                yield from _parts(value, op)
                return
        yield from _parts(default, op)
    else:
        yield term


def _said(part: Term) -> tuple[Term, frozenset[object] | None, frozenset[object]] | None:
    """A term with the constants that it must be one of, if any, and those that it must not be."""
    negated = part.op == "not"
    inner = part.args[0] if negated else part
    if inner.op == "is null":
        found, constants = inner.args[0], frozenset[object]((None,))
    elif inner.op in ("=", "<>", "distinct", "not distinct", "in"):
        left, *rest = inner.args
        if left.op == "literal" and len(rest) == 1:
            left, rest = rest[0], [left]
        if any(arg.op != "literal" for arg in rest):
            return None
        found, constants = left, frozenset(arg.detail for arg in rest)
        negated ^= inner.op in ("<>", "distinct")
    else:
        return None
    term = _unbound(found)
    return (term, None, constants) if negated else (term, constants, frozenset())


def _unbound(term: Term) -> Term:
    """The term as it is where nothing is shared."""
    if term.op == "bind":
        return _unbound(term.args[0])
    return replace(term, args=tuple(_unbound(arg) for arg in term.args))


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
