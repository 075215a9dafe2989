"""What a parsed expression means: sqlglot's tree becomes terms, its kinds checked from the leaves up.

Only what has a reader here is accepted; all else is an ExpressionError that says where and what comes nearest.
"""

import ast
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlglot import exp

from syncd.change import Kind
from syncd.mapping.expression import functions as known
from syncd.mapping.expression.aggregates import aggregate, all_lines
from syncd.mapping.expression.elsewhere import MANY
from syncd.mapping.expression.faults import clash, foreign, miscounted, offset_of, shown, unknown_function
from syncd.mapping.expression.intervals import interval
from syncd.mapping.expression.kinds import coerced, common, fits, joined, negation, negative
from syncd.mapping.expression.meaning_nested import are_alike, count, element, json_step, quantified
from syncd.mapping.expression.runtime import Uncomputable, pattern, text_date, text_timestamp
from syncd.mapping.expression.terms import (
    ExpressionError,
    Function,
    Many,
    Scope,
    Term,
    is_null,
    literal,
    nearest,
    strict,
)
from syncd.mapping.expression.to_python import CASTS
from syncd.mapping.expression.zones import available_zones, is_zone

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
    "JSON": Kind.JSON,
    "JSONB": Kind.JSON,
}
"""Types a value may be cast to, as sqlglot names them."""

_NUMBER = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


class TermReader:
    """Reads one expression; `names` are those of the scope that it has met."""

    def __init__(self, scope: Scope, functions: Mapping[str, Function], zone: str) -> None:
        self._scope = scope
        self._zone = zone
        self._functions = functions
        self._bindings = 0
        self._many: set[Many] | None = None
        """Whose lines the aggregate goes through that is being read; None outside of one."""
        self.names: set[str] = set()
        self.counts_lines = False
        """Whether it means all lines that there are, without a name."""

    def read(self, node: exp.Expr) -> Term:
        reader = _READERS.get(type(node))
        if reader is None:
            raise foreign(node)
        extra = [k for k, v in node.args.items() if v and k not in _ARGS.get(type(node), ("this", "expression"))]
        if extra:
            raise foreign(node.args.get("query") or node)
        return reader(self, node)

    # Leaves

    def _paren(self, node: exp.Expr) -> Term:
        return self.read(node.this)

    def _column(self, node: exp.Expr) -> Term:
        table = node.args.get("table")
        name = ".".join(part.name for part in (node.args.get("db"), table, node.this) if part).lower()
        found = self._scope.get(name)
        if found is None and node.args.get("db"):
            raise ExpressionError("unsupported", offset_of(node), what=shown(node))
        if found is None:
            if name in known.UNSTABLE:
                raise ExpressionError("unstable_function", offset_of(node), name=name)
            of_row = next((one for one in sorted(self._scope) if one.endswith(f".{name}")), "")
            near = of_row or nearest(name, self._scope)
            raise ExpressionError("unknown_name", offset_of(node), name=name, nearest=near)
        if found.many is not None:
            if self._many is None:
                raise ExpressionError("lines_outside", offset_of(node), name=name, lines=found.many.alias)
            self._many.add(found.many)
        self.names.add(name)
        folded = _constant(found.python)
        if folded is not None:
            return literal(folded, found.kind)
        term = Term("name", found.kind, detail=found)
        return strict("wall", Kind.TIMESTAMP, term, detail=self._zone) if found.kind is Kind.TIMESTAMP else term

    def _literal(self, node: exp.Expr) -> Term:
        if node.args["is_string"]:
            return literal(str(node.this), Kind.TEXT)
        digits = str(node.this)
        if not _NUMBER.fullmatch(digits):
            raise ExpressionError("unsupported", offset_of(node), what=digits)
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
        return joined(op, *[self._boolean_arg(side, op.upper()) for side in node.flatten(unnest=False)])

    def _not(self, node: exp.Expr) -> Term:
        return negation(self._boolean_arg(node.this, "NOT"))

    def _boolean_arg(self, node: exp.Expr, operator: str) -> Term:
        term = self.read(node)
        if term.kind not in (Kind.BOOLEAN, Kind.NULL):
            raise ExpressionError("not_boolean", offset_of(node), operator=operator, kind=term.kind)
        return coerced(term, Kind.BOOLEAN)

    def _comparison(self, node: exp.Expr) -> Term:
        op, right = _COMPARISONS[type(node)], node.expression
        if isinstance(right, exp.Anonymous) and str(right.this).lower() in ("any", "some", "all"):
            return quantified(op, self.read(node.this), self.read, right)
        return self._compared(op, self.read(node.this), self.read(right), node)

    def _compared(self, op: str, left: Term, right: Term, node: exp.Expr) -> Term:
        kind = common(left.kind, right.kind)
        if kind is None or kind is Kind.JSON or (kind is Kind.ARRAY and not are_alike(op, left, right)):
            raise clash(op, left, right, node)
        if kind in (Kind.TIMESTAMP, Kind.NULL) or is_null(left) or is_null(right):
            left, right = coerced(left, kind), coerced(right, kind)
        if left.op == right.op == "wall":  # an hour that stands twice on the clock does not make them the same
            left, right = left.args[0], right.args[0]
        if op in ("distinct", "not distinct"):
            return Term(op, Kind.BOOLEAN, (left, right), nullable=False)
        return strict(op, Kind.BOOLEAN, left, right)

    def _is(self, node: exp.Expr) -> Term:
        wanted = node.expression
        if isinstance(wanted, exp.Null):
            inner = self.read(node.this)
            inner = inner.args[0] if inner.op == "wall" else inner
            term = Term("is null", Kind.BOOLEAN, (inner,), nullable=False)
        elif isinstance(wanted, exp.Boolean):
            inner = self._boolean_arg(node.this, "IS")
            term = Term("is", Kind.BOOLEAN, (inner,), detail=bool(wanted.this), nullable=False)
        else:
            raise ExpressionError("unsupported", offset_of(node), what=shown(node))
        return negation(term) if node.args.get("negate") else term

    def _in(self, node: exp.Expr) -> Term:
        wanted = self._bind(self.read(node.this))
        choices = [self.read(choice) for choice in node.args.get("expressions") or []]
        if not choices:
            raise foreign(node)
        tests = [self._compared("=", wanted, choice, node) for choice in choices]
        if len(tests) == 1 or not all(t.op == "=" and t.args[1].op == "literal" for t in tests):
            return tests[0] if len(tests) == 1 else joined("or", *tests)
        kind = Kind.DECIMAL if wanted.kind is Kind.DECIMAL else tests[0].args[0].kind
        if any(t.args[0].kind is not kind for t in tests):
            return joined("or", *tests)
        values = [coerced(t.args[1], kind) if kind is Kind.DECIMAL else t.args[1] for t in tests]
        return Term("in", Kind.BOOLEAN, (tests[0].args[0], *values), nullable=wanted.nullable)

    def _between(self, node: exp.Expr) -> Term:
        wanted = self._bind(self.read(node.this))
        low = self._compared(">=", wanted, self.read(node.args["low"]), node)
        return joined("and", low, self._compared("<=", wanted, self.read(node.args["high"]), node))

    def _like(self, node: exp.Expr) -> Term:
        left, right = self.read(node.this), self.read(node.expression)
        if {left.kind, right.kind} - {Kind.TEXT, Kind.NULL}:
            raise clash("LIKE", left, right, node)
        term = strict("like", Kind.BOOLEAN, coerced(left, Kind.TEXT), coerced(right, Kind.TEXT))
        if right.op == "literal" and isinstance(right.detail, str):
            self._checked(pattern, right.detail, "LIKE", node)
        return negation(term) if node.args.get("negate") else term

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
            return strict("add_days", Kind.DATE, left, right if op == "+" else negative(right))
        if op == "+" and kinds == (Kind.INTEGER, Kind.DATE):
            return strict("add_days", Kind.DATE, right, left)
        if not set(kinds) <= {Kind.INTEGER, Kind.DECIMAL, Kind.NULL}:
            raise clash(op, left, right, node)
        kind = Kind.DECIMAL if Kind.DECIMAL in kinds else Kind.INTEGER
        return strict(op, kind, coerced(left, kind), coerced(right, kind))

    def _add_interval(self, day: Term, op: str, added: exp.Expr, node: exp.Expr) -> Term:
        if day.kind not in (Kind.DATE, Kind.TIMESTAMP, Kind.NULL):
            raise ExpressionError("wrong_kinds", offset_of(node), operator=op, left=day.kind, right="interval")
        sign = -1 if op == "-" else 1
        amounts = tuple(sign * amount for amount in interval(added))
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        if amounts[2] and kind is Kind.DATE:
            day = coerced(day, kind := Kind.TIMESTAMP)
        return strict("add_interval", kind, day, detail=amounts)

    def _neg(self, node: exp.Expr) -> Term:
        term = self.read(node.this)
        if term.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.NULL):
            raise ExpressionError("wrong_argument", offset_of(node), function="-", kind=term.kind, expected="decimal")
        return negative(term)

    def _concatenated(self, node: exp.Expr) -> Term:
        left, right = self.read(node.this), self.read(node.expression)
        if Kind.TEXT not in (left.kind, right.kind) or {Kind.JSON, Kind.ARRAY} & {left.kind, right.kind}:
            raise clash("||", left, right, node)
        return strict("||", Kind.TEXT, coerced(left, Kind.TEXT), coerced(right, Kind.TEXT))

    def _cast(self, node: exp.Expr) -> Term:
        term, to = self.read(node.this), node.args["to"]
        kind = TYPES.get(getattr(to.this, "name", "")) if isinstance(to, exp.DataType) else None
        if kind is None or (to.expressions and kind is not Kind.DECIMAL):
            written = to.sql("postgres").lower()
            raise ExpressionError("unknown_type", offset_of(node), type=written, nearest=nearest(written, _TYPE_NAMES))
        places = _places(to, node) if to.expressions else None
        if term.kind is Kind.NULL:
            return literal(None, kind)
        if term.kind is kind:
            return strict("cast", kind, term, detail=places) if places else term
        if (term.kind, kind) not in CASTS:
            raise ExpressionError("no_cast", offset_of(node), kind=term.kind, to=kind)
        if isinstance(term.detail, str) and kind in (Kind.DATE, Kind.TIMESTAMP) and term.op == "literal":
            convert = text_date if kind is Kind.DATE else text_timestamp
            return literal(self._checked(convert, term.detail, kind.value, node), kind)
        if places is None and term.op == "literal":
            return coerced(term, kind)
        return strict("cast", kind, term, detail=places)

    def _at_time_zone(self, node: exp.Expr) -> Term:
        """A moment becomes what the zone's clock shows, a wall time of the zone becomes the moment that it is."""
        term, written = self.read(node.this), node.args["zone"]
        zone = written.name if isinstance(written, exp.Literal) and written.is_string else ""
        if not is_zone(zone):
            near = nearest(zone, available_zones())
            raise ExpressionError("unknown_word", offset_of(node), function="AT TIME ZONE", word=zone, nearest=near)
        if term.kind is Kind.NULL:
            return literal(None, Kind.TIMESTAMP)
        if term.kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise ExpressionError(
                "wrong_argument", offset_of(node), function="AT TIME ZONE", kind=term.kind, expected=Kind.TIMESTAMP
            )
        if term.kind is Kind.DATE or _is_moment(term):
            moment = as_moment(coerced(term, Kind.TIMESTAMP), self._zone)
            return strict("clock", Kind.TIMESTAMP, moment, detail=zone)
        instant = strict("instant", Kind.TIMESTAMP, term, detail=zone)
        return strict("wall", Kind.TIMESTAMP, instant, detail=self._zone)

    def _checked(self, convert: Callable[[str], Any], text: str, kind: str, node: exp.Expr) -> Any:
        try:
            return convert(text)
        except Uncomputable:
            raise ExpressionError("bad_literal", offset_of(node), text=text, kind=kind) from None

    # Functions

    def _call(self, node: exp.Expr) -> Term:
        name = str(node.this).lower()
        name = known.SYNONYMS.get(name, name)
        if name in known.AGGREGATES and name not in self._functions:
            return self._aggregate(name, node, None)
        if name in MANY and name not in self._functions:
            raise ExpressionError("unknown_aggregate", offset_of(node), name=name)
        args = [self.read(a) for a in node.expressions]
        if name in known.SIGNATURES:
            return self._builtin(name, args, node)
        if name in _SPECIAL:
            return _SPECIAL[name](self, name, args, node)
        if name in self._functions:
            return self._defined(name, args, node)
        if name in known.UNSTABLE:
            raise ExpressionError("unstable_function", offset_of(node), name=name)
        raise unknown_function(name, (*known.NAMES, *self._functions), node)

    def _filtered(self, node: exp.Expr) -> Term:
        """`sum(…) FILTER (WHERE …)`."""
        name = str(node.this.this).lower() if isinstance(node.this, exp.Anonymous) else ""
        if name not in known.AGGREGATES:
            raise ExpressionError("unsupported", offset_of(node), what=shown(node))
        return self._aggregate(name, node.this, node.expression.this)

    def _aggregate(self, name: str, node: exp.Expr, where: exp.Expr | None) -> Term:
        """Of each line what is added up, counted, or the least or the most of them."""
        if len(node.expressions) != 1:
            raise miscounted(name, len(node.expressions), "1", node)
        if self._many is not None:
            raise ExpressionError("unsupported", offset_of(node), what=shown(node))
        (of,), self._many = node.expressions, set()
        if name == "count" and isinstance(of, exp.Star):
            value, self._many = literal(1, Kind.INTEGER), set(all_lines(self._scope))
            self.counts_lines = True
        else:
            value = self.read(of)
        conditions = () if where is None else (self._boolean_arg(where, "FILTER"),)
        found, self._many = self._many, None
        return aggregate(name, value, conditions, found, offset_of(node))

    def _builtin(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        candidates = [b for b in known.SIGNATURES[name] if len(b.params) == len(args)]
        if not candidates:
            wanted = " | ".join(str(len(b.params)) for b in known.SIGNATURES[name])
            raise miscounted(name, len(args), wanted, node)
        for b in candidates:
            if all(fits(a.kind, p) for a, p in zip(args, b.params, strict=True)):
                taken = [coerced(a, p) for a, p in zip(args, b.params, strict=True)]
                return strict("call", b.kind, *taken, detail=b)
        likeliest = max(candidates, key=lambda b: sum(fits(a.kind, p) for a, p in zip(args, b.params, strict=True)))
        self._fit(name, args, likeliest.params, node)
        raise AssertionError("one argument does not fit")

    def _fit(self, name: str, args: list[Term], params: tuple[Kind, ...], node: exp.Expr) -> list[Term]:
        for i, (arg, param) in enumerate(zip(args, params, strict=True)):
            if not fits(arg.kind, param):
                at = node.expressions[i] if node.expressions else node
                raise ExpressionError("wrong_argument", offset_of(at), function=name, kind=arg.kind, expected=param)
        return [coerced(a, p) for a, p in zip(args, params, strict=True)]

    def _defined(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        function = self._functions[name]
        if len(args) != len(function.params):
            raise miscounted(name, len(args), str(len(function.params)), node)
        taken = [
            coerced(a, Kind.TEXT) if p is Kind.TEXT and a.kind in (Kind.INTEGER, Kind.DATE) else a
            for a, p in zip(args, function.params, strict=True)
        ]
        fitted = tuple(self._fit(name, taken, function.params, node))
        if function.answers is None or fitted[0].op != "literal" or fitted[0].detail is None:
            return Term("function", function.kind, fitted, function)
        role = str(fitted[0].detail)
        if role not in function.answers:
            near = nearest(role, function.answers)
            raise ExpressionError("unknown_role", offset_of(node), function=name, role=role, nearest=near)
        return literal(function.answers[role], function.kind)

    def _choice(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise miscounted(name, 0, "1…", node)
        args = _unified(name, args, node)
        if args[0].kind is Kind.JSON and name != "coalesce":
            raise ExpressionError("wrong_argument", offset_of(node), function=name, kind=Kind.JSON, expected=Kind.TEXT)
        if len(args) == 1:
            return args[0]
        nullable = all(a.nullable for a in args)
        return Term(name, args[0].kind, tuple(args), nullable=nullable)

    def _nullif(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise miscounted(name, len(args), "2", node)
        if common(args[0].kind, args[1].kind) in (None, Kind.JSON, Kind.ARRAY):
            raise clash(name, args[0], args[1], node)
        first, second = args
        if Kind.TIMESTAMP in (first.kind, second.kind):
            first, second = coerced(first, Kind.TIMESTAMP), coerced(second, Kind.TIMESTAMP)
        return Term("nullif", first.kind, (first, second))

    def _concat(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise miscounted(name, 0, "1…", node)
        return Term("concat", Kind.TEXT, tuple(self._texts(name, args, node)), nullable=False)

    def _uuid(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if not args:
            raise miscounted(name, 0, "1…", node)
        places = ", ".join(f"{{{i}}}" for i in range(len(args)))
        signature = known.Builtin(
            name, (Kind.TEXT,) * len(args), Kind.TEXT, f"uuid({places})", "", f"syncd_uuid({places})"
        )
        return strict("call", Kind.TEXT, *self._texts(name, args, node), detail=signature)

    def _texts(self, name: str, args: list[Term], node: exp.Expr) -> list[Term]:
        for i, arg in enumerate(args):
            if arg.kind in (Kind.BOOLEAN, Kind.ARRAY):  # PostgreSQL's concat would write t, its || true
                at = node.expressions[i]
                raise ExpressionError("wrong_argument", offset_of(at), function=name, kind=arg.kind, expected=Kind.TEXT)
        return [coerced(a, Kind.TEXT) for a in args]

    def _date_trunc(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise miscounted(name, len(args), "2", node)
        return self._of_time(name, known.UNITS, args[0].detail, args[1], node)

    def _extract(self, node: exp.Expr) -> Term:
        return self._of_time("extract", known.FIELDS, node.name, self.read(node.expression), node)

    def _of_time(self, name: str, words: Mapping[str, object], word: object, day: Term, node: exp.Expr) -> Term:
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        if kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise ExpressionError("wrong_argument", offset_of(node), function=name, kind=kind, expected=Kind.DATE)
        unit = str(word).lower()
        choices = [w for w in words if kind is Kind.TIMESTAMP or w not in known.CLOCK]
        if unit not in choices:
            near = nearest(unit, choices)
            raise ExpressionError("unknown_word", offset_of(node), function=name, word=unit, nearest=near)
        signature = (known.date_trunc if name == "date_trunc" else known.extract)(unit, kind)
        return strict("call", signature.kind, coerced(day, kind), detail=signature)

    def _to_char(self, name: str, args: list[Term], node: exp.Expr) -> Term:
        if len(args) != 2:
            raise miscounted(name, len(args), "2", node)
        day, form = args
        kind = Kind.DATE if day.kind is Kind.NULL else day.kind
        if kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise ExpressionError("wrong_argument", offset_of(node), function=name, kind=kind, expected=Kind.DATE)
        signature = known.to_char(str(form.detail), kind) if form.op == "literal" and form.kind is Kind.TEXT else None
        if signature is None:
            near = nearest(str(form.detail), known.FORMATS)
            raise ExpressionError("unknown_word", offset_of(node), function=name, word=form.detail, nearest=near)
        return strict("call", Kind.TEXT, coerced(day, kind), detail=signature)

    def _trim(self, node: exp.Expr) -> Term:
        side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        given = [self.read(a) for a in (node.this, node.expression) if a is not None]
        return self._builtin(side, given, node)


def as_moment(term: Term, zone: str) -> Term:
    """The moment that a timestamp on the clock of a zone stands for."""
    return term.args[0] if term.op == "wall" else strict("moment", Kind.TIMESTAMP, term, detail=zone)


def _is_moment(term: Term) -> bool:
    """Whether PostgreSQL would take the timestamp as one with time zone: it stands in a row, or is made of such."""
    if term.op in ("coalesce", "greatest", "least"):
        return any(map(_is_moment, term.args))
    if term.op == "case":
        return any(map(_is_moment, (*term.args[1::2], term.args[-1])))
    if term.op in ("bind", "call", "add_interval", "nullif"):
        return _is_moment(term.args[0])
    return term.op == "wall"


@lru_cache(2048)
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


def _unified(name: str, terms: list[Term], node: exp.Expr) -> list[Term]:
    """Terms of one common kind."""
    kind = Kind.NULL
    for term in terms:
        both = common(kind, term.kind)
        if both is Kind.ARRAY:
            raise ExpressionError("array_whole", offset_of(node), what=shown(node))
        if both is None:
            raise ExpressionError("wrong_kinds", offset_of(node), operator=name, left=kind, right=term.kind)
        kind = both
    return [coerced(t, kind) for t in terms]


def _places(to: exp.Expr, node: exp.Expr) -> tuple[int, int]:
    """Precision and scale of a numeric type."""
    sizes = [int(p.name) for p in to.expressions if p.name.isdecimal()]
    precision, scale = (*sizes, 0)[:2] if sizes else (0, 0)
    if not (len(sizes) == len(to.expressions) and 1 <= precision <= 1000 and scale <= precision):
        raise ExpressionError(
            "unknown_type", offset_of(node), type=to.sql("postgres").lower(), nearest="numeric(18, 2)"
        )
    return precision, scale


_TYPE_NAMES = ("integer", "numeric", "text", "date", "timestamp", "boolean", "jsonb")
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
_READERS: dict[type[exp.Expr], Callable[[TermReader, exp.Expr], Term]] = {
    exp.Paren: TermReader._paren,
    exp.Column: TermReader._column,
    exp.Literal: TermReader._literal,
    exp.Boolean: TermReader._boolean,
    exp.Null: TermReader._null,
    exp.And: TermReader._logic,
    exp.Or: TermReader._logic,
    exp.Not: TermReader._not,
    exp.Is: TermReader._is,
    exp.In: TermReader._in,
    exp.Between: TermReader._between,
    exp.Like: TermReader._like,
    exp.Case: TermReader._case,
    exp.Neg: TermReader._neg,
    exp.DPipe: TermReader._concatenated,
    exp.Cast: TermReader._cast,
    exp.AtTimeZone: TermReader._at_time_zone,
    exp.Anonymous: TermReader._call,
    exp.Filter: TermReader._filtered,
    exp.Extract: TermReader._extract,
    exp.Trim: TermReader._trim,
    exp.JSONExtract: lambda reader, node: json_step(reader.read, node),
    exp.JSONExtractScalar: lambda reader, node: json_step(reader.read, node),
    exp.Bracket: lambda reader, node: element(reader.read, node),
    **dict.fromkeys(_COMPARISONS, TermReader._comparison),
    **dict.fromkeys(_ARITHMETIC, TermReader._arithmetic),
}
_ARGS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Column: ("this", "table", "db"),
    exp.Literal: ("this", "is_string"),
    exp.Is: ("this", "expression", "negate"),
    exp.In: ("this", "expressions"),
    exp.Between: ("this", "low", "high"),
    exp.Like: ("this", "expression", "negate"),
    exp.Case: ("this", "ifs", "default"),
    exp.DPipe: ("this", "expression", "safe"),
    exp.Div: ("this", "expression", "typed", "safe"),
    exp.Cast: ("this", "to"),
    exp.AtTimeZone: ("this", "zone"),
    exp.Anonymous: ("this", "expressions"),
    exp.Trim: ("this", "expression", "position"),
    exp.Bracket: ("this", "expressions"),
}
_SPECIAL: dict[str, Callable[[TermReader, str, list[Term], exp.Expr], Term]] = {
    "coalesce": TermReader._choice,
    "greatest": TermReader._choice,
    "least": TermReader._choice,
    "nullif": TermReader._nullif,
    "concat": TermReader._concat,
    "uuid": TermReader._uuid,
    "date_trunc": TermReader._date_trunc,
    "to_char": TermReader._to_char,
    "cardinality": lambda _, name, args, node: count(name, args, node),
    "array_length": lambda _, name, args, node: count(name, args, node),
}
