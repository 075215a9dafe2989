"""Terms as Python source. NULL is None, checked inline; a condition asks only whether it is true, which is cheaper."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar, cast

from syncd.change import Kind
from syncd.mapping.expression.functions import Builtin
from syncd.mapping.expression.runtime import constant, matcher
from syncd.mapping.expression.terms import CLOCKS, COMPARISONS, STRICT, Aggregate, Function, Name, Term
from syncd.mapping.expression.zones import named

_TEMPORARY = re.compile(r"\b_t(\d+)\b")

CASTS: dict[tuple[Kind, Kind], str] = {
    (Kind.INTEGER, Kind.DECIMAL): "Decimal({0})",
    (Kind.INTEGER, Kind.TEXT): "str({0})",
    (Kind.INTEGER, Kind.BOOLEAN): "({0} != 0)",
    (Kind.DECIMAL, Kind.INTEGER): "decimal_integer({0})",
    (Kind.DECIMAL, Kind.TEXT): "decimal_text({0})",
    (Kind.TEXT, Kind.INTEGER): "text_integer({0})",
    (Kind.TEXT, Kind.DECIMAL): "text_decimal({0})",
    (Kind.TEXT, Kind.DATE): "text_date({0})",
    (Kind.TEXT, Kind.TIMESTAMP): "text_timestamp({0})",
    (Kind.TEXT, Kind.BOOLEAN): "text_boolean({0})",
    (Kind.DATE, Kind.TEXT): "{0}.isoformat()",
    (Kind.DATE, Kind.TIMESTAMP): "date_timestamp({0})",
    (Kind.TIMESTAMP, Kind.DATE): "{0}.date()",
    (Kind.TIMESTAMP, Kind.TEXT): "timestamp_text({0})",
    (Kind.BOOLEAN, Kind.TEXT): "('true' if {0} else 'false')",
    (Kind.BOOLEAN, Kind.INTEGER): "(1 if {0} else 0)",
    (Kind.TEXT, Kind.JSON): "json_canonical({0})",
    (Kind.JSON, Kind.TEXT): "{0}",
}
"""The casts there are."""

DECIMAL = {"+": "add({0}, {1})", "-": "subtract({0}, {1})", "*": "multiply_add({0}, {1}, 0)", "/": "divide({0}, {1})",
           "%": "remainder({0}, {1})"}  # fmt: skip
INTEGER = {"+": "({0} + {1})", "-": "({0} - {1})", "*": "({0} * {1})", "/": "divide_integer({0}, {1})",
           "%": "remainder_integer({0}, {1})"}  # fmt: skip
_SYMBOLS = {"=": "==", "<>": "!="}


class _Printer:
    """Prints one expression. Temporaries are numbered from above those that its names' own sources use."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._bound: dict[object, str] = {}

    def value(self, term: Term) -> str:
        """Source that gives the value, None for NULL."""
        if term.op in STRICT:
            checks: list[str] = []
            body = self._strict(term, checks, {})
            return f"(None if {' or '.join(f'{c} is None' for c in checks)} else {body})" if checks else body
        return self._VALUES[term.op](self, term)

    def true(self, term: Term) -> str:
        """Source that is true exactly when the term is TRUE."""
        op = term.op
        if op == "literal":
            return repr(term.detail is True)
        if op in ("and", "or"):
            return "(" + f" {op} ".join(self.true(a) for a in term.args) + ")"
        if op == "not":
            return self.false(term.args[0])
        if op in COMPARISONS:
            return self._compared(op, term)
        if op in STRICT:
            return self._checked(term, "{0}")
        if op == "in":
            return f"({self.value(term.args[0])} in {_listed(term)})"
        return self.value(term)

    def false(self, term: Term) -> str:
        """Source that is true exactly when the term is FALSE."""
        op = term.op
        if op == "literal":
            return repr(term.detail is False)
        if op in ("and", "or"):
            return "(" + (" or " if op == "and" else " and ").join(self.false(a) for a in term.args) + ")"
        if op == "not":
            return self.true(term.args[0])
        if op in COMPARISONS:
            return self._compared(COMPARISONS[op], term)
        if op in STRICT:
            return self._checked(term, "not {0}")
        if term.nullable:
            return f"({self.value(term)} is False)"
        return f"(not {self.value(term)})"

    def _compared(self, op: str, term: Term) -> str:
        left, right = _alike(*term.args)
        symbol = _SYMBOLS.get(op, op)
        if op == "=":
            for one, other in ((left, right), (right, left)):
                if not other.nullable and one.op not in STRICT:
                    return f"({self.value(left)} == {self.value(right)})"  # None equals nothing but None
        checks: list[str] = []
        seen: dict[str, str] = {}
        first, second = self._strict(left, checks, seen), self._strict(right, checks, seen)
        return "(" + " and ".join([*(f"{c} is not None" for c in checks), f"{first} {symbol} {second}"]) + ")"

    def _checked(self, term: Term, form: str) -> str:
        checks: list[str] = []
        body = form.format(self._strict(term, checks, {}))
        return "(" + " and ".join([*(f"{c} is not None" for c in checks), body]) + ")"

    def _strict(self, term: Term, checks: list[str], seen: dict[str, str]) -> str:
        """The value given that all `checks` are not None; nested strict operations share one row of checks."""
        if term.op in STRICT:
            source = self._operation(term, [self._strict(a, checks, seen) for a in term.args])
            return self._once(source, checks, seen) if term.op in CLOCKS else source
        if term.op == "bind":
            known = term.detail in self._bound
            source = self.value(term)
            if term.nullable or not known:  # its first use comes before all else that is checked here
                checks.append(source)
            return self._bound[term.detail]
        source = self.value(term)
        return self._once(source, checks, seen) if term.nullable else source

    def _once(self, source: str, checks: list[str], seen: dict[str, str]) -> str:
        """A temporary that has the value by the time that the checks are made."""
        if source not in seen:
            seen[source] = self._temporary()
            checks.append(f"({seen[source]} := {source})")
        return seen[source]

    def _operation(self, term: Term, args: list[str]) -> str:
        op, detail = term.op, term.detail
        if op in COMPARISONS:
            return f"({args[0]} {_SYMBOLS.get(op, op)} {args[1]})"
        if op in CLOCKS:
            return f"{named('wall' if op == 'clock' else op, str(detail))}({args[0]})"
        if op == "call":
            assert isinstance(detail, Builtin)
            return detail.python.format(*args)
        if op == "cast":
            source = term.args[0].kind
            value = args[0] if source in (term.kind, Kind.NULL) else CASTS[source, term.kind].format(*args)
            return f"fit({value}, {detail[0]}, {detail[1]})" if isinstance(detail, tuple) else value
        if op == "neg":
            return f"(-{args[0]})" if term.kind is Kind.INTEGER else f"subtract(0, {args[0]})"
        if op == "||":
            return f"({args[0]} + {args[1]})"
        if op == "like":
            wanted = term.args[1]
            if wanted.op == "literal":
                return f"({matcher(str(wanted.detail))}({args[0]}) is not None)"
            return f"like({args[0]}, {args[1]})"
        if op == "days_between":
            return f"({args[0]} - {args[1]}).days"
        if op == "add_days":
            return f"add_days({args[0]}, {args[1]})"
        if op == "add_interval":
            assert isinstance(detail, tuple)
            return f"add_interval({', '.join([args[0], *map(str, detail if detail[2] else detail[:2])])})"
        table = DECIMAL if term.kind is Kind.DECIMAL else INTEGER
        return table[op].format(*args)

    def _temporary(self) -> str:
        self._next += 1
        return f"_t{self._next}"

    def _literal(self, term: Term) -> str:
        return constant(term.detail)

    def _name(self, term: Term) -> str:
        assert isinstance(term.detail, Name)
        return term.detail.python if _atomic(term.detail.python) else f"({term.detail.python})"

    def _logic(self, term: Term) -> str:
        """AND is false as soon as one is, else NULL if one is NULL; OR the other way round."""
        if not term.nullable:
            return "(" + f" {term.op} ".join(self.value(a) for a in term.args) + ")"
        decides = term.op == "or"
        tests, unknown = [], []
        for arg in term.args:
            source = self.value(arg)
            if arg.nullable:
                temporary = self._temporary()
                tests.append(f"({temporary} := {source}) is {decides}")
                unknown.append(f"{temporary} is None")
            else:
                tests.append(source if decides else f"not {source}")
        return f"({decides} if {' or '.join(tests)} else None if {' or '.join(unknown)} else {not decides})"

    def _not(self, term: Term) -> str:
        inner = term.args[0]
        if inner.op in COMPARISONS:
            return self.value(Term(COMPARISONS[inner.op], inner.kind, inner.args, inner.detail, inner.nullable))
        if not inner.nullable:
            return f"(not {self.value(inner)})"
        temporary = self._temporary()
        return f"(None if ({temporary} := {self.value(inner)}) is None else not {temporary})"

    def _is_null(self, term: Term) -> str:
        (arg,) = term.args
        return f"({self.value(arg)} is None)" if arg.nullable else "False"

    def _is(self, term: Term) -> str:
        return f"({self.value(term.args[0])} is {term.detail})"

    def _distinct(self, term: Term) -> str:
        left, right = term.args
        return f"({self.value(left)} {'!=' if term.op == 'distinct' else '=='} {self.value(right)})"

    def _in(self, term: Term) -> str:
        wanted = self.value(term.args[0])
        if not term.nullable:
            return f"({wanted} in {_listed(term)})"
        temporary = self._temporary()
        return f"(None if ({temporary} := {wanted}) is None else {temporary} in {_listed(term)})"

    def _case(self, term: Term) -> str:
        *branches, default = term.args
        pairs = [(self.true(c), self.value(v)) for c, v in zip(branches[::2], branches[1::2], strict=True)]
        return "(" + "".join(f"{v} if {c} else " for c, v in pairs) + self.value(default) + ")"

    def _coalesce(self, term: Term) -> str:
        source = ""
        for arg in term.args[:-1]:
            temporary = self._temporary()
            source += f"{temporary} if ({temporary} := {self.value(arg)}) is not None else "
        return f"({source}{self.value(term.args[-1])})"

    def _nullif(self, term: Term) -> str:
        temporary = self._temporary()
        return f"(None if ({temporary} := {self.value(term.args[0])}) == {self.value(term.args[1])} else {temporary})"

    def _variadic(self, term: Term) -> str:
        return f"{term.op}({', '.join(self.value(a) for a in term.args)})"

    def _function(self, term: Term) -> str:
        assert isinstance(term.detail, Function)
        return f"{term.detail.python}({', '.join(self.value(a) for a in term.args)})"

    def _partial(self, term: Term) -> str:
        """What is NULL when an argument is, and may be NULL besides."""
        assert isinstance(term.detail, Builtin)
        tests, args = [], []
        for arg in term.args:
            source = self.value(arg)
            if arg.nullable:
                args.append(self._temporary())
                tests.append(f"({args[-1]} := {source}) is None")
            else:
                args.append(source)
        called = term.detail.python.format(*args)
        return f"(None if {' or '.join(tests)} else {called})" if tests else called

    def _quantified(self, term: Term) -> str:
        assert isinstance(term.detail, Builtin)
        return term.detail.python.format(*[self.value(a) for a in term.args])

    def _aggregate(self, term: Term) -> str:
        assert isinstance(term.detail, Aggregate)
        value, *conditions = term.args
        many, where = term.detail.many, "".join(f" if {self.true(c)}" for c in conditions)
        each = ", ".join(many.variables)
        return f"{term.detail.word}_of([{self.value(value)} for {each} in {many.python}{where}])"

    def _bind(self, term: Term) -> str:
        """The first use names the value, later ones read it."""
        assert isinstance(term.detail, int)
        if term.detail in self._bound:
            return self._bound[term.detail]
        inner = self.value(term.args[0])
        self._bound[term.detail] = self._temporary()
        return f"({self._bound[term.detail]} := {inner})"

    _VALUES: ClassVar[dict[str, Callable[["_Printer", Term], str]]] = {
        "literal": _literal,
        "name": _name,
        "and": _logic,
        "or": _logic,
        "not": _not,
        "is null": _is_null,
        "is": _is,
        "distinct": _distinct,
        "not distinct": _distinct,
        "in": _in,
        "case": _case,
        "coalesce": _coalesce,
        "nullif": _nullif,
        "greatest": _variadic,
        "least": _variadic,
        "concat": _variadic,
        "function": _function,
        "aggregate": _aggregate,
        "bind": _bind,
        "partial": _partial,
        "quantified": _quantified,
    }


def _listed(term: Term) -> str:
    """The choices of IN; a set of texts or integers is a constant of Python's."""
    choices = ", ".join(constant(c.detail) for c in term.args[1:])
    return "{" + choices + "}" if term.args[0].kind in (Kind.TEXT, Kind.INTEGER) else f"({choices})"


def _atomic(source: str) -> bool:
    return re.fullmatch(r"[\w.]+(\[\d+\])?", source) is not None


def _first(term: Term) -> int:
    """The highest temporary that the names' own sources use."""
    own = [int(n) for n in _TEMPORARY.findall(term.detail.python)] if isinstance(term.detail, Name) else []
    return max([0, *own, *(_first(a) for a in term.args)])


def value_source(term: Term) -> str:
    """A Python expression for the value of a term."""
    return _Printer(_first(term)).value(term)


def condition_source(term: Term) -> str:
    """A Python expression that is true exactly when a boolean term is TRUE."""
    return _Printer(_first(term)).true(term)


def _alike(left: Term, right: Term) -> tuple[Term, Term]:
    """Both sides of a comparison; a whole number beside a decimal as a decimal, which is compared in a third of the
    time."""
    return _as_decimal(left, right), _as_decimal(right, left)


def _as_decimal(term: Term, beside: Term) -> Term:
    if term.op != "literal" or term.kind is not Kind.INTEGER or beside.kind is not Kind.DECIMAL:
        return term
    return replace(term, kind=Kind.DECIMAL, detail=Decimal(cast(int, term.detail)))
