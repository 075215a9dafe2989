"""What `->`, `->>` and the operators of arrays mean; `read` makes a term of a part."""

from collections.abc import Callable

from sqlglot import exp

from syncd.change import Kind
from syncd.mapping.expression import functions as known
from syncd.mapping.expression.faults import miscounted, offset_of, shown
from syncd.mapping.expression.kinds import common
from syncd.mapping.expression.terms import ExpressionError, Name, Term, is_null, literal

Read = Callable[[exp.Expr], Term]


def json_step(read: Read, node: exp.Expr) -> Term:
    """`->` and `->>`; a chain of them is one way into the document."""
    arrow = "->>" if isinstance(node, exp.JSONExtractScalar) else "->"
    document, step = read(node.this), read(node.expression)
    if document.kind not in (Kind.TEXT, Kind.JSON, Kind.NULL):
        raise _unfit(node, arrow, document, Kind.JSON)
    if step.kind not in (Kind.TEXT, Kind.INTEGER):
        raise _unfit(node.expression, arrow, step, Kind.TEXT)
    is_chain = document.op == "partial" and document.kind is Kind.JSON
    root, *steps = (*(document.args if is_chain else (document,)), step)
    signature = known.json(arrow, [s.detail if s.op == "literal" else s.kind for s in steps])
    if is_null(root):
        return literal(None, signature.kind)
    return Term("partial", signature.kind, (root, *steps), signature)


def element(read: Read, node: exp.Expr) -> Term:
    """A subscript."""
    array, places = read(node.this), node.expressions
    if array.kind is not Kind.ARRAY:
        raise ExpressionError("not_array", offset_of(node), what=shown(node.this), kind=array.kind)
    if len(places) != 1 or isinstance(places[0], exp.Slice):
        raise ExpressionError("unsupported", offset_of(node), what=f"{shown(node.this)}[ : ]")
    place = read(places[0])
    if place.kind is not Kind.INTEGER:
        raise _unfit(places[0], "[ ]", place, Kind.INTEGER)
    kind = _elements(array)
    return Term("partial", kind, (array, place), known.element(kind))


def quantified(op: str, value: Term, read: Read, node: exp.Expr) -> Term:
    """`= ANY (array)` and its like."""
    word = str(node.this).lower()
    arrays = [read(a) for a in node.expressions]
    if op not in ("=", "<>") or len(arrays) != 1 or arrays[0].kind is not Kind.ARRAY:
        raise ExpressionError("unsupported", offset_of(node), what=f"{op} {shown(node)}")
    kind = _elements(arrays[0])
    if common(value.kind, kind) not in (kind, Kind.DECIMAL):
        raise ExpressionError(
            "wrong_kinds", offset_of(node), operator=f"{op} {word}", left=value.kind, right=f"{kind}[]"
        )
    return Term(
        "quantified",
        Kind.BOOLEAN,
        (value, arrays[0]),
        known.quantified("all" if word == "all" else "any", op, kind),
    )


def count(name: str, args: list[Term], node: exp.Expr) -> Term:
    """`cardinality(array)`, `array_length(array, 1)`."""
    wanted = 1 if name == "cardinality" else 2
    if len(args) != wanted:
        raise miscounted(name, len(args), str(wanted), node)
    if args[0].kind is not Kind.ARRAY:
        raise _unfit(node, name, args[0], Kind.ARRAY)
    if wanted == 2 and args[1].detail != 1:
        raise ExpressionError("unsupported", offset_of(node), what=shown(node))
    return Term("partial", Kind.INTEGER, (args[0],), known.COUNTS[name])


def are_alike(op: str, left: Term, right: Term) -> bool:
    """Whether two arrays are the same exactly when what a row keeps of them is: 1.5 and 1.50 are."""
    if op not in ("=", "<>", "distinct", "not distinct") or Kind.NULL in (left.kind, right.kind):
        return False
    return _elements(left) is _elements(right) is not Kind.DECIMAL


def _elements(array: Term) -> Kind:
    """The kind of what an array holds; none is anything but a name."""
    assert isinstance(array.detail, Name)
    assert array.detail.elements is not None
    return array.detail.elements


def _unfit(node: exp.Expr, function: str, given: Term, expected: Kind) -> ExpressionError:
    return ExpressionError("wrong_argument", offset_of(node), function=function, kind=given.kind, expected=expected)
