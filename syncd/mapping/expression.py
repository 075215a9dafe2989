"""SQL expressions, read once at load: kinds checked, then printed as Python for the stream and as SQL for each side.

sqlglot reads PostgreSQL's grammar, with functions left as they are written. Only what is listed here is
accepted; all else is an ExpressionError that says where and names what comes nearest.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.postgres import PostgresParser

from syncd.change import Kind
from syncd.mapping import functions as known
from syncd.mapping.runtime import EXACT, RUNTIME, Missing, Uncomputable, pattern, text_date, text_timestamp
from syncd.mapping.terms import ExpressionError, Function, Name, Scope, Term, is_null, literal, nearest, strict
from syncd.mapping.to_python import CASTS, condition_source, value_source
from syncd.mapping.to_sql import Dialect, sql_source

__all__ = ["RUNTIME", "Expression", "ExpressionError", "Function", "Missing", "Name", "Scope", "Uncomputable", "parse"]

TYPES = {
    "INT": Kind.INTEGER,
    "BIGINT": Kind.INTEGER,
    "SMALLINT": Kind.INTEGER,
    "DECIMAL": Kind.DECIMAL,
    "TEXT": Kind.TEXT,
    "VARCHAR": Kind.TEXT,
    "DATE": Kind.DATE,
    "TIMESTAMP": Kind.TIMESTAMP,
    "BOOLEAN": Kind.BOOLEAN,
}
"""Types a value may be cast to, as sqlglot names them."""

_NUMBER = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_INTERVAL = re.compile(r"\s*([+-]?[0-9]{1,6})\s*(year|month|week|day)s?", re.IGNORECASE | re.ASCII)
_MONTHS_DAYS = {"year": (12, 0), "month": (1, 0), "week": (0, 7), "day": (0, 1)}


@dataclass(frozen=True, slots=True)
class Expression:
    """An accepted expression. `names` are the names of its scope that it reads."""

    text: str
    kind: Kind
    names: frozenset[str]
    term: Term = field(repr=False)

    def python(self) -> str:
        """A Python expression for its value, None for NULL, to be evaluated with RUNTIME in the globals. May raise
        Uncomputable and, with decision tables, Missing. It assigns temporaries `_t1`, `_t2`, …"""
        return value_source(self.term)

    def condition(self) -> str:
        """As `python`, but only true or not: NULL and FALSE are both untrue. For boolean expressions; faster."""
        return condition_source(self.term)

    def sql(self, dialect: Dialect) -> str:
        """The same in SQL. On SQLite it needs `register_sqlite`; decimals are text there. Raises ExpressionError
        when a name or a function has no SQL."""
        return sql_source(self.term, dialect)


class _Grammar(Postgres):
    """PostgreSQL's grammar without sqlglot's own idea of functions."""

    class Parser(PostgresParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: read for name, read in PostgresParser.FUNCTION_PARSERS.items() if name in ("CAST", "EXTRACT", "TRIM")
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": PostgresParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


def parse(text: str, scope: Scope, functions: Mapping[str, Function] | None = None) -> Expression:
    """Read and check an expression over the names of `scope` and, beside the language's own, `functions`.
    Raises ExpressionError."""
    reader = _Reader(scope, functions or {})
    term = reader.read(_tree(text))
    return Expression(text, term.kind, frozenset(reader.names), term)


def _tree(text: str) -> exp.Expr:
    if not text.strip():
        raise ExpressionError("expression_empty")
    grammar = _Grammar()
    try:
        trees = grammar.parser().parse_into(exp.Condition, grammar.tokenize(text), text)
    except ParseError as error:
        wrong = error.errors[0] if error.errors else {}
        lines = text.split("\n")
        before = sum(len(line) + 1 for line in lines[: int(wrong.get("line") or 1) - 1])
        near = str(wrong.get("highlight") or "")
        offset = max(before + int(wrong.get("col") or 0) - len(near), 0)
        raise ExpressionError("expression_syntax", offset, near=near or text) from None
    except TokenError:
        raise ExpressionError("expression_unfinished", len(text), text=text) from None
    found = [t for t in trees if t is not None]
    if len(found) != 1:
        raise ExpressionError("expression_syntax", text.find(";"), near=";")
    return found[0]


def _offset(node: exp.Expr) -> int:
    return min((int(n.meta["start"]) for n in node.walk() if "start" in n.meta), default=0)


class _Reader:
    """Turns sqlglot's tree into terms, settling kinds from the leaves up."""

    def __init__(self, scope: Scope, functions: Mapping[str, Function]) -> None:
        self._scope = scope
        self._functions = functions
        self._bindings = 0
        self.names: set[str] = set()

    def read(self, node: exp.Expr) -> Term:
        reader = _READERS.get(type(node))
        if reader is None:
            raise ExpressionError("unsupported", _offset(node), what=_shown(node))
        extra = [k for k, v in node.args.items() if v and k not in _ARGS.get(type(node), ("this", "expression"))]
        if extra:
            raise ExpressionError("unsupported", _offset(node), what=_shown(node))
        return reader(self, node)

    # Leaves

    def _paren(self, node: exp.Expr) -> Term:
        return self.read(node.this)

    def _column(self, node: exp.Expr) -> Term:
        table = node.args.get("table")
        name = (f"{table.name}.{node.name}" if table else node.name).lower()
        found = self._scope.get(name)
        if found is None:
            if name in known.UNSTABLE:
                raise ExpressionError("unstable_function", _offset(node), name=name)
            raise ExpressionError("unknown_name", _offset(node), name=name, nearest=nearest(name, self._scope))
        self.names.add(name)
        folded = _constant(found.python)
        return literal(folded, found.kind) if folded is not None else Term("name", found.kind, detail=found)

    def _literal(self, node: exp.Expr) -> Term:
        if node.args["is_string"]:
            return literal(str(node.this), Kind.TEXT)
        digits = str(node.this)
        if not _NUMBER.fullmatch(digits):
            raise ExpressionError("unsupported", _offset(node), what=digits)
        if digits.isdecimal():
            return literal(int(digits), Kind.INTEGER)
        number = Decimal(digits)
        return literal(number if "e" not in digits.lower() else Decimal(f"{number:f}"), Kind.DECIMAL)

    def _boolean(self, node: exp.Expr) -> Term:
        return literal(bool(node.this), Kind.BOOLEAN)

    def _null(self, node: exp.Expr) -> Term:
        return literal(None, Kind.NULL)

    # Logic and comparison

    def _logic(self, node: exp.Expr) -> Term:
        op = "and" if isinstance(node, exp.And) else "or"
        args = [self._boolean_arg(side, op.upper()) for side in (node.this, node.expression)]
        return _joined(op, *args)

    def _not(self, node: exp.Expr) -> Term:
        return _not(self._boolean_arg(node.this, "NOT"))

    def _boolean_arg(self, node: exp.Expr, operator: str) -> Term:
        term = self.read(node)
        if term.kind not in (Kind.BOOLEAN, Kind.NULL):
            raise ExpressionError("not_boolean", _offset(node), operator=operator, kind=term.kind)
        return _coerced(term, Kind.BOOLEAN)

    def _comparison(self, node: exp.Expr) -> Term:
        op = _COMPARISONS[type(node)]
        return self._compared(op, self.read(node.this), self.read(node.expression), node)

    def _compared(self, op: str, left: Term, right: Term, node: exp.Expr) -> Term:
        kind = _common(left.kind, right.kind)
        if kind is None:
            raise _clash(op, left, right, node)
        if kind in (Kind.TIMESTAMP, Kind.NULL) or is_null(left) or is_null(right):
            left, right = _coerced(left, kind), _coerced(right, kind)
        if op in ("distinct", "not distinct"):
            return Term(op, Kind.BOOLEAN, (left, right), nullable=False)
        return strict(op, Kind.BOOLEAN, left, right)

    def _is(self, node: exp.Expr) -> Term:
        wanted = node.expression
        if isinstance(wanted, exp.Null):
            term = Term("is null", Kind.BOOLEAN, (self.read(node.this),), nullable=False)
        elif isinstance(wanted, exp.Boolean):
            inner = self._boolean_arg(node.this, "IS")
            term = Term("is", Kind.BOOLEAN, (inner,), detail=bool(wanted.this), nullable=False)
        else:
            raise ExpressionError("unsupported", _offset(node), what=_shown(node))
        return _not(term) if node.args.get("negate") else term

    def _in(self, node: exp.Expr) -> Term:
        wanted = self._bind(self.read(node.this))
        choices = [self.read(choice) for choice in node.args.get("expressions") or []]
        if not choices:
            raise ExpressionError("unsupported", _offset(node), what=_shown(node))
        tests = [self._compared("=", wanted, choice, node) for choice in choices]
        if len(tests) == 1 or not all(t.op == "=" and t.args[1].op == "literal" for t in tests):
            return tests[0] if len(tests) == 1 else _joined("or", *tests)
        kind = Kind.DECIMAL if wanted.kind is Kind.DECIMAL else tests[0].args[0].kind
        if any(t.args[0].kind is not kind for t in tests):
            return _joined("or", *tests)
        values = [_coerced(t.args[1], kind) if kind is Kind.DECIMAL else t.args[1] for t in tests]
        return Term("in", Kind.BOOLEAN, (tests[0].args[0], *values), nullable=wanted.nullable)

    def _between(self, node: exp.Expr) -> Term:
        wanted = self._bind(self.read(node.this))
        low = self._compared(">=", wanted, self.read(node.args["low"]), node)
        return _joined("and", low, self._compared("<=", wanted, self.read(node.args["high"]), node))

    def _like(self, node: exp.Expr) -> Term:
        left, right = self.read(node.this), self.read(node.expression)
        if {left.kind, right.kind} - {Kind.TEXT, Kind.NULL}:
            raise _clash("LIKE", left, right, node)
        term = strict("like", Kind.BOOLEAN, _coerced(left, Kind.TEXT), _coerced(right, Kind.TEXT))
        if right.op == "literal" and isinstance(right.detail, str):
            self._checked(pattern, right.detail, "LIKE", node)
        return _not(term) if node.args.get("negate") else term

    def _case(self, node: exp.Expr) -> Term:
        subject = self._bind(self.read(node.this)) if node.this else None
        conditions, values = [], []
        for branch in node.args["ifs"]:
            if subject is None:
                conditions.append(self._boolean_arg(branch.this, "WHEN"))
            else:
                conditions.append(self._compared("=", subject, self.read(branch.this), branch))
            values.append(self.read(branch.args["true"]))
        default = node.args.get("default")
        values.append(self.read(default) if default else literal(None, Kind.NULL))
        values = _unified("CASE", values, node)
        args = [t for pair in zip(conditions, values, strict=False) for t in pair]
        return Term("case", values[0].kind, (*args, values[-1]), nullable=any(v.nullable for v in values))

    def _bind(self, term: Term) -> Term:
        """A term that is read several times and computed once."""
        if term.op in ("name", "literal"):
            return term
        self._bindings += 1
        return Term("bind", term.kind, (term,), self._bindings, term.nullable)

    # Arithmetic

    def _arithmetic(self, node: exp.Expr) -> Term:
        op = _ARITHMETIC[type(node)]
        if isinstance(node.expression, exp.Interval) and op in "+-":
            return self._add_interval(self.read(node.this), op, node.expression, node)
        if isinstance(node.this, exp.Interval) and op == "+":
            return self._add_interval(self.read(node.expression), op, node.this, node)
        left, right = self.read(node.this), self.read(node.expression)
        kinds = (left.kind, right.kind)
        if op == "-" and kinds == (Kind.DATE, Kind.DATE):
            return strict("days_between", Kind.INTEGER, left, right)
        if op in "+-" and kinds == (Kind.DATE, Kind.INTEGER):
            return strict("add_days", Kind.DATE, left, right if op == "+" else _negative(right))
        if op == "+" and kinds == (Kind.INTEGER, Kind.DATE):
            return strict("add_days", Kind.DATE, right, left)
        if not set(kinds) <= {Kind.INTEGER, Kind.DECIMAL, Kind.NULL}:
            raise _clash(op, left, right, node)
        kind = Kind.DECIMAL if Kind.DECIMAL in kinds else Kind.INTEGER
        return strict(op, kind, _coerced(left, kind), _coerced(right, kind))

    def _add_interval(self, day: Term, op: str, interval: exp.Expr, node: exp.Expr) -> Term:
        if day.kind not in (Kind.DATE, Kind.TIMESTAMP, Kind.NULL):
            raise ExpressionError("wrong_kinds", _offset(node), operator=op, left=day.kind, right="interval")
        months, days = _interval(interval)
        sign = -1 if op == "-" else 1
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        return strict("add_interval", kind, day, detail=(sign * months, sign * days))

    def _neg(self, node: exp.Expr) -> Term:
        term = self.read(node.this)
        if term.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.NULL):
            raise ExpressionError("wrong_argument", _offset(node), function="-", kind=term.kind, expected="decimal")
        return _negative(term)

    def _concatenated(self, node: exp.Expr) -> Term:
        left, right = self.read(node.this), self.read(node.expression)
        if Kind.TEXT not in (left.kind, right.kind):
            raise _clash("||", left, right, node)
        return strict("||", Kind.TEXT, _coerced(left, Kind.TEXT), _coerced(right, Kind.TEXT))

    def _cast(self, node: exp.Expr) -> Term:
        term, to = self.read(node.this), node.args["to"]
        kind = TYPES.get(getattr(to.this, "name", "")) if isinstance(to, exp.DataType) else None
        if kind is None or (to.expressions and kind is not Kind.DECIMAL):
            written = to.sql("postgres").lower()
            raise ExpressionError("unknown_type", _offset(node), type=written, nearest=nearest(written, _TYPE_NAMES))
        places = _places(to, node) if to.expressions else None
        if term.kind is Kind.NULL:
            return literal(None, kind)
        if term.kind is kind:
            return strict("cast", kind, term, detail=places) if places else term
        if (term.kind, kind) not in CASTS:
            raise ExpressionError("no_cast", _offset(node), kind=term.kind, to=kind)
        if isinstance(term.detail, str) and kind in (Kind.DATE, Kind.TIMESTAMP) and term.op == "literal":
            convert = text_date if kind is Kind.DATE else text_timestamp
            return literal(self._checked(convert, term.detail, kind.value, node), kind)
        if places is None and term.op == "literal":
            return _coerced(term, kind)
        return strict("cast", kind, term, detail=places)

    def _checked(self, convert: Callable[[str], Any], text: str, kind: str, node: exp.Expr) -> Any:
        try:
            return convert(text)
        except Uncomputable:
            raise ExpressionError("bad_literal", _offset(node), text=text, kind=kind) from None

    # Functions

    def _call(self, node: exp.Expr) -> Term:
        name = str(node.this).lower()
        name = known.SYNONYMS.get(name, name)
        args = [self.read(a) for a in node.expressions]
        if name in known.SIGNATURES:
            return self._builtin(name, args, node)
        if name in _SPECIAL:
            return _SPECIAL[name](self, name, args, node)
        if name in self._functions:
            return self._defined(name, args, node)
        if name in known.UNSTABLE:
            raise ExpressionError("unstable_function", _offset(node), name=name)
        near = nearest(name, (*known.NAMES, *self._functions))
        raise ExpressionError("unknown_function", _offset(node), name=name, nearest=near)

    def _builtin(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        candidates = [b for b in known.SIGNATURES[name] if len(b.params) == len(args)]
        if not candidates:
            wanted = " | ".join(str(len(b.params)) for b in known.SIGNATURES[name])
            raise _miscounted(name, len(args), wanted, node)
        for b in candidates:
            if all(_fits(a.kind, p) for a, p in zip(args, b.params, strict=True)):
                coerced = [_coerced(a, p) for a, p in zip(args, b.params, strict=True)]
                return strict("call", b.kind, *coerced, detail=b)
        likeliest = max(candidates, key=lambda b: sum(_fits(a.kind, p) for a, p in zip(args, b.params, strict=True)))
        self._fit(name, args, likeliest.params, node)
        raise AssertionError("one argument does not fit")

    def _fit(self, name: str, args: list[Term], params: tuple[Kind, ...], node: exp.Expr) -> list[Term]:
        for i, (arg, param) in enumerate(zip(args, params, strict=True)):
            if not _fits(arg.kind, param):
                at = node.expressions[i] if node.expressions else node
                raise ExpressionError("wrong_argument", _offset(at), function=name, kind=arg.kind, expected=param)
        return [_coerced(a, p) for a, p in zip(args, params, strict=True)]

    def _defined(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        function = self._functions[name]
        if len(args) != len(function.params):
            raise _miscounted(name, len(args), str(len(function.params)), node)
        taken = [
            _coerced(a, Kind.TEXT) if p is Kind.TEXT and a.kind is Kind.INTEGER else a
            for a, p in zip(args, function.params, strict=True)
        ]
        return Term("function", function.kind, tuple(self._fit(name, taken, function.params, node)), function)

    def _choice(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise _miscounted(name, 0, "1…", node)
        args = _unified(name, args, node)
        if len(args) == 1:
            return args[0]
        nullable = all(a.nullable for a in args)
        return Term(name, args[0].kind, tuple(args), nullable=nullable)

    def _nullif(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise _miscounted(name, len(args), "2", node)
        if _common(args[0].kind, args[1].kind) is None:
            raise _clash(name, args[0], args[1], node)
        first, second = args
        if Kind.TIMESTAMP in (first.kind, second.kind):
            first, second = _coerced(first, Kind.TIMESTAMP), _coerced(second, Kind.TIMESTAMP)
        return Term("nullif", first.kind, (first, second))

    def _concat(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise _miscounted(name, 0, "1…", node)
        return Term("concat", Kind.TEXT, tuple(self._texts(name, args, node)), nullable=False)

    def _uuid(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise _miscounted(name, 0, "1…", node)
        places = ", ".join(f"{{{i}}}" for i in range(len(args)))
        signature = known.Builtin(
            name, (Kind.TEXT,) * len(args), Kind.TEXT, f"uuid({places})", "", f"syncd_uuid({places})"
        )
        return strict("call", Kind.TEXT, *self._texts(name, args, node), detail=signature)

    def _texts(self, name: str, args: list[Term], node: exp.Expr) -> list[Term]:
        for i, arg in enumerate(args):
            if arg.kind is Kind.BOOLEAN:  # PostgreSQL's concat would write t, its || true
                at = node.expressions[i]
                raise ExpressionError("wrong_argument", _offset(at), function=name, kind=arg.kind, expected=Kind.TEXT)
        return [_coerced(a, Kind.TEXT) for a in args]

    def _date_trunc(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise _miscounted(name, len(args), "2", node)
        return self._of_time(name, known.UNITS, args[0].detail, args[1], node)

    def _extract(self, node: exp.Expr) -> Term:
        return self._of_time("extract", known.FIELDS, node.name, self.read(node.expression), node)

    def _of_time(self, name: str, words: Mapping[str, object], word: object, day: Term, node: exp.Expr) -> Term:
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        if kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise ExpressionError("wrong_argument", _offset(node), function=name, kind=kind, expected=Kind.DATE)
        unit = str(word).lower()
        choices = [w for w in words if kind is Kind.TIMESTAMP or w not in known.CLOCK]
        if unit not in choices:
            near = nearest(unit, choices)
            raise ExpressionError("unknown_word", _offset(node), function=name, word=unit, nearest=near)
        signature = (known.date_trunc if name == "date_trunc" else known.extract)(unit, kind)
        return strict("call", signature.kind, _coerced(day, kind), detail=signature)

    def _to_char(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise _miscounted(name, len(args), "2", node)
        day, form = args
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        if kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise ExpressionError("wrong_argument", _offset(node), function=name, kind=kind, expected=Kind.DATE)
        signature = known.to_char(str(form.detail), kind) if form.op == "literal" and form.kind is Kind.TEXT else None
        if signature is None:
            near = nearest(str(form.detail), known.FORMATS)
            raise ExpressionError("unknown_word", _offset(node), function=name, word=form.detail, nearest=near)
        return strict("call", Kind.TEXT, _coerced(day, kind), detail=signature)

    def _trim(self, node: exp.Expr) -> Term:
        side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        given = [self.read(a) for a in (node.this, node.expression) if a is not None]
        return self._builtin(side, given, node)


def _shown(node: exp.Expr) -> str:
    return node.sql("postgres")


def _constant(source: str) -> object:
    """The value of a Python source that is a plain literal, `Decimal('…')` or `date(…)`; else None."""
    try:
        tree = ast.parse(source, mode="eval").body
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("Decimal", "date"):
            args = [ast.literal_eval(a) for a in tree.args]
            return Decimal(*args) if tree.func.id == "Decimal" else date(*args)
        return ast.literal_eval(tree)
    except (ValueError, SyntaxError, TypeError):
        return None


def _common(one: Kind, other: Kind) -> Kind | None:
    """The kind that both can be taken as."""
    if one is other or other is Kind.NULL:
        return one
    if one is Kind.NULL:
        return other
    pair = {one, other}
    if pair == {Kind.INTEGER, Kind.DECIMAL}:
        return Kind.DECIMAL
    return Kind.TIMESTAMP if pair == {Kind.DATE, Kind.TIMESTAMP} else None


def _fits(given: Kind, wanted: Kind) -> bool:
    return _common(given, wanted) is wanted


def _coerced(term: Term, kind: Kind) -> Term:
    """The term as a value of that kind; kinds are known to be castable."""
    if term.kind is kind or kind is Kind.NULL:
        return term
    if is_null(term):
        return literal(None, kind)
    if term.op == "literal" and term.kind is Kind.INTEGER and kind is Kind.DECIMAL:
        return literal(Decimal(str(term.detail)), kind)
    return strict("cast", kind, term)


def _unified(name: str, terms: list[Term], node: exp.Expr) -> list[Term]:
    """Terms of one common kind."""
    kind = Kind.NULL
    for term in terms:
        common = _common(kind, term.kind)
        if common is None:
            raise ExpressionError("wrong_kinds", _offset(node), operator=name, left=kind, right=term.kind)
        kind = common
    return [_coerced(t, kind) for t in terms]


def _joined(op: str, *terms: Term) -> Term:
    args = [a for t in terms for a in (t.args if t.op == op else (t,))]
    return Term(op, Kind.BOOLEAN, tuple(args), nullable=any(a.nullable for a in args))


def _not(term: Term) -> Term:
    return Term("not", Kind.BOOLEAN, (term,), nullable=term.nullable)


def _negative(term: Term) -> Term:
    if term.op == "literal" and isinstance(term.detail, int | Decimal):
        return literal(EXACT.minus(term.detail) if isinstance(term.detail, Decimal) else -term.detail, term.kind)
    return strict("neg", Kind.INTEGER if term.kind is Kind.NULL else term.kind, term)


def _interval(node: exp.Expr) -> tuple[int, int]:
    """Months and days of an INTERVAL literal."""
    unit = node.args.get("unit")
    text = f"{node.name} {unit.name if unit else ''}".strip()
    months = days = at = 0
    while found := _INTERVAL.match(text, at):
        number, (month, day) = int(found[1]), _MONTHS_DAYS[found[2].lower()]
        months, days, at = months + number * month, days + number * day, found.end()
    if at != len(text) or not text:
        raise ExpressionError("bad_literal", _offset(node), text=text, kind="interval")
    return months, days


def _places(to: exp.Expr, node: exp.Expr) -> tuple[int, int]:
    """Precision and scale of a numeric type."""
    sizes = [int(p.name) for p in to.expressions if p.name.isdecimal()]
    precision, scale = (*sizes, 0)[:2] if sizes else (0, 0)
    if not (len(sizes) == len(to.expressions) and 1 <= precision <= 1000 and scale <= precision):
        raise ExpressionError("unknown_type", _offset(node), type=to.sql("postgres").lower(), nearest="numeric(18, 2)")
    return precision, scale


def _clash(operator: str, left: Term, right: Term, node: exp.Expr) -> ExpressionError:
    return ExpressionError("wrong_kinds", _offset(node), operator=operator, left=left.kind, right=right.kind)


def _miscounted(name: str, given: int, expected: str, node: exp.Expr) -> ExpressionError:
    return ExpressionError("wrong_count", _offset(node), function=name, given=given, expected=expected)


_TYPE_NAMES = ("integer", "numeric", "text", "date", "timestamp", "boolean")
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "not distinct",
    exp.NullSafeNEQ: "distinct",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_READERS: dict[type[exp.Expr], Callable[[_Reader, exp.Expr], Term]] = {
    exp.Paren: _Reader._paren,
    exp.Column: _Reader._column,
    exp.Literal: _Reader._literal,
    exp.Boolean: _Reader._boolean,
    exp.Null: _Reader._null,
    exp.And: _Reader._logic,
    exp.Or: _Reader._logic,
    exp.Not: _Reader._not,
    exp.Is: _Reader._is,
    exp.In: _Reader._in,
    exp.Between: _Reader._between,
    exp.Like: _Reader._like,
    exp.Case: _Reader._case,
    exp.Neg: _Reader._neg,
    exp.DPipe: _Reader._concatenated,
    exp.Cast: _Reader._cast,
    exp.Anonymous: _Reader._call,
    exp.Extract: _Reader._extract,
    exp.Trim: _Reader._trim,
    **dict.fromkeys(_COMPARISONS, _Reader._comparison),
    **dict.fromkeys(_ARITHMETIC, _Reader._arithmetic),
}
_ARGS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Column: ("this", "table"),
    exp.Literal: ("this", "is_string"),
    exp.Is: ("this", "expression", "negate"),
    exp.In: ("this", "expressions"),
    exp.Between: ("this", "low", "high"),
    exp.Like: ("this", "expression", "negate"),
    exp.Case: ("this", "ifs", "default"),
    exp.DPipe: ("this", "expression", "safe"),
    exp.Div: ("this", "expression", "typed", "safe"),
    exp.Cast: ("this", "to"),
    exp.Anonymous: ("this", "expressions"),
    exp.Trim: ("this", "expression", "position"),
}
_SPECIAL: dict[str, Callable[[_Reader, str, list[Term], exp.Expr], Term]] = {
    "coalesce": _Reader._choice,
    "greatest": _Reader._choice,
    "least": _Reader._choice,
    "nullif": _Reader._nullif,
    "concat": _Reader._concat,
    "uuid": _Reader._uuid,
    "date_trunc": _Reader._date_trunc,
    "to_char": _Reader._to_char,
}
