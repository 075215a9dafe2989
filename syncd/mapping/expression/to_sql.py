"""Terms as SQL for PostgreSQL and SQLite, by printers of our own: sqlglot would write decimals as floats for SQLite.

In SQLite a decimal is text, a date `YYYY-MM-DD`, a timestamp `YYYY-MM-DD HH:MM:SS`, a boolean 0 or 1, and what
SQLite cannot compute exactly is left to the runtime's own functions, see `sqlite.register_sqlite`. A name of kind
timestamp is a moment: in PostgreSQL anything that becomes a `timestamptz` in the session's time zone, elsewhere UTC.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from syncd.change import Kind
from syncd.dialects import Dialect
from syncd.dialects.postgres import by_bytes
from syncd.mapping.expression.functions import Builtin
from syncd.mapping.expression.runtime import decimal_text, timestamp_text
from syncd.mapping.expression.terms import CLOCKS, COMPARISONS, Aggregate, ExpressionError, Function, Name, Term

TYPES = {kind: kind.value for kind in Kind} | {Kind.INTEGER: "bigint", Kind.DECIMAL: "numeric"}
"""PostgreSQL's types."""

ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
BY_FUNCTION = (Kind.DECIMAL, Kind.TIMESTAMP)
"""Kinds whose values SQLite cannot compare by itself."""


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


class Printer:
    """What all dialects write alike."""

    dialect: Dialect

    def print(self, term: Term) -> str:
        method: Callable[[Term], str] = getattr(self, _METHODS[term.op])
        return method(term)

    def all(self, term: Term) -> list[str]:
        return [self.print(a) for a in term.args]

    def literal(self, term: Term) -> str:
        raise NotImplementedError

    def joined(self, term: Term) -> str:
        return "(" + f" {term.op.upper()} ".join(self.all(term)) + ")"

    def name(self, term: Term) -> str:
        assert isinstance(term.detail, Name)
        if not term.detail.sql:
            raise ExpressionError("no_sql", what=term.detail.python, dialect=self.dialect)
        return term.detail.sql

    def function(self, term: Term) -> str:
        assert isinstance(term.detail, Function)
        if term.detail.sql is None:
            raise ExpressionError("no_sql", what=term.detail.python, dialect=self.dialect)
        return term.detail.sql(self.dialect, self.all(term))

    def wall(self, term: Term) -> str:
        raise NotImplementedError

    def aggregate(self, term: Term) -> str:
        assert isinstance(term.detail, Aggregate)
        word, many = term.detail.word, term.detail.many
        if not many.sql:
            raise ExpressionError("no_sql", what=f"{word}()", dialect=self.dialect)
        value, *conditions = term.args
        where = "".join(f" AND {self.print(condition)}" for condition in conditions)
        return f"(SELECT {self.of_many(word, value.kind)}({self.print(value)}) FROM {many.sql}{where})"

    def of_many(self, word: str, kind: Kind) -> str:
        """The server's own word for an aggregate of values of a kind."""
        return word

    def bind(self, term: Term) -> str:
        return self.print(term.args[0])

    def negation(self, term: Term) -> str:
        return f"(NOT {self.print(term.args[0])})"

    def is_null(self, term: Term) -> str:
        return f"({self.print(term.args[0])} IS NULL)"

    def is_true(self, term: Term) -> str:
        return f"({self.print(term.args[0])} IS {str(term.detail).upper()})"

    def coalesce(self, term: Term) -> str:
        return f"coalesce({', '.join(self.all(term))})"

    def case(self, term: Term) -> str:
        *branches, default = self.all(term)
        pairs = zip(branches[::2], branches[1::2], strict=True)
        return "CASE " + " ".join(f"WHEN {c} THEN {v}" for c, v in pairs) + f" ELSE {default} END"

    def choice(self, term: Term) -> str:
        wanted, *choices = self.all(term)
        return f"({wanted} IN ({', '.join(choices)}))"


class Postgres(Printer):
    """Columns that are computed with are cast: a database's own type may be narrower or vaguer than the mapping's."""

    dialect: Dialect = "postgres"

    def literal(self, term: Term) -> str:
        value = term.detail
        if value is None:
            return "NULL" if term.kind is Kind.NULL else f"CAST(NULL AS {TYPES[term.kind]})"
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int):
            return f"({value})" if value < 0 else str(value)
        if isinstance(value, Decimal):
            text = decimal_text(value)
            return f"({text})" if "." in text else f"CAST({text} AS numeric)"
        if isinstance(value, datetime):
            return f"TIMESTAMP '{timestamp_text(value)}'"
        return f"DATE '{value.isoformat()}'" if isinstance(value, date) else quoted(str(value))

    def name(self, term: Term) -> str:
        source = super().name(term)
        return f"CAST({source} AS timestamptz)" if term.kind is Kind.TIMESTAMP else source

    def exact(self, term: Term) -> str:
        source = self.print(term)
        cast = term.op == "name" and term.kind not in (Kind.TIMESTAMP, Kind.ARRAY)
        return f"CAST({source} AS {TYPES[term.kind]})" if cast else source

    def wall(self, term: Term) -> str:
        return f"({self.print(term.args[0])} AT TIME ZONE {quoted(str(term.detail))})"

    def arithmetic(self, term: Term) -> str:
        left, right = (self.exact(a) for a in term.args)
        return f"({left} {term.op} {right})"

    def negative(self, term: Term) -> str:
        return f"(- {self.exact(term.args[0])})"

    def comparison(self, term: Term) -> str:
        left, right = self.all(term)
        by_code_point = term.args[0].kind is Kind.TEXT and term.op not in ("=", "<>")
        return f"({left} {term.op} {by_bytes(right) if by_code_point else right})"

    def distinct(self, term: Term) -> str:
        left, right = self.all(term)
        return f"({left} IS {'NOT ' if term.op == 'not distinct' else ''}DISTINCT FROM {right})"

    def nullif(self, term: Term) -> str:
        return f"nullif({', '.join(self.all(term))})"

    def extreme(self, term: Term) -> str:
        args = map(by_bytes, self.all(term)) if term.kind is Kind.TEXT else self.all(term)
        return f"{term.op}({', '.join(args)})"

    def concat(self, term: Term) -> str:
        return f"concat({', '.join(self.all(term))})"

    def like(self, term: Term) -> str:
        return self.joined(term)

    def cast(self, term: Term) -> str:
        (arg,) = term.args
        source, kinds = self.exact(arg), (arg.kind, term.kind)
        if kinds == (Kind.INTEGER, Kind.BOOLEAN):
            return f"({source} <> 0)"
        if kinds == (Kind.BOOLEAN, Kind.INTEGER):
            source = f"CAST({source} AS integer)"
        places = f"({term.detail[0]}, {term.detail[1]})" if isinstance(term.detail, tuple) else ""
        return f"CAST({source} AS {TYPES[term.kind]}{places})"

    def call(self, term: Term) -> str:
        assert isinstance(term.detail, Builtin)
        if not term.detail.postgres:
            raise ExpressionError("no_sql", what=term.detail.name, dialect=self.dialect)
        return term.detail.postgres.format(*[self.exact(a) for a in term.args])

    def add_days(self, term: Term) -> str:
        day, days = (self.exact(a) for a in term.args)
        return f"({day} + CAST({days} AS integer))"

    def days_between(self, term: Term) -> str:
        later, earlier = (self.exact(a) for a in term.args)
        return f"CAST({later} - {earlier} AS bigint)"

    def add_interval(self, term: Term) -> str:
        assert isinstance(term.detail, tuple)
        months, days, seconds = term.detail
        interval = f"INTERVAL '{months} month {days} day {seconds} second'"
        return f"CAST({self.exact(term.args[0])} + {interval} AS {TYPES[term.kind]})"


class SQLite(Printer):
    """What SQLite cannot compute exactly is left to the runtime's functions."""

    dialect: Dialect = "sqlite"

    def literal(self, term: Term) -> str:
        value = term.detail
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(int(value)) if value >= 0 else f"({value})"
        if isinstance(value, Decimal):
            return quoted(decimal_text(value))
        if isinstance(value, datetime):
            return quoted(timestamp_text(value))
        return quoted(value.isoformat() if isinstance(value, date) else str(value))

    def of_many(self, word: str, kind: Kind) -> str:
        if word == "count" or kind not in BY_FUNCTION:
            return word
        return "syncd_sum" if word == "sum" else f"syncd_{word}_{kind}"

    def by_runtime(self, name: str, term: Term, *details: object) -> str:
        return f"syncd_{name}({', '.join([*self.all(term), *map(str, details)])})"

    def arithmetic(self, term: Term) -> str:
        return self.by_runtime(f"{ARITHMETIC[term.op]}_{term.kind.value}", term)

    def negative(self, term: Term) -> str:
        return self.by_runtime(f"negative_{term.kind.value}", term)

    def comparison(self, term: Term) -> str:
        left, right = self.all(term)
        kind = _compared(term)
        if kind in BY_FUNCTION:
            return f"(syncd_compare_{kind.value}({left}, {right}) {term.op} 0)"
        return f"({left} {term.op} {right}" + (" COLLATE BINARY)" if kind is Kind.TEXT else ")")

    def distinct(self, term: Term) -> str:
        left, right = self.all(term)
        kind, negated = _compared(term), term.op == "distinct"
        if kind in BY_FUNCTION:
            return f"(syncd_same_{kind.value}({left}, {right}) = {int(not negated)})"
        collation = " COLLATE BINARY" if kind is Kind.TEXT else ""
        return f"({left} IS {'NOT ' if negated else ''}{right}{collation})"

    def choice(self, term: Term) -> str:
        wanted, *choices = term.args
        tests = [self.comparison(Term("=", Kind.BOOLEAN, (wanted, c))) for c in choices]
        return "(" + " OR ".join(tests) + ")" if _compared(term) in (*BY_FUNCTION, Kind.TEXT) else super().choice(term)

    def nullif(self, term: Term) -> str:
        equal = self.comparison(Term("=", Kind.BOOLEAN, term.args))
        return f"CASE WHEN {equal} THEN NULL ELSE {self.print(term.args[0])} END"

    def extreme(self, term: Term) -> str:
        return self.by_runtime(f"{term.op}_{term.kind.value}", term)

    def concat(self, term: Term) -> str:
        return "(" + " || ".join(f"coalesce({a}, '')" for a in self.all(term)) + ")"

    def like(self, term: Term) -> str:
        return self.by_runtime("like", term)

    def cast(self, term: Term) -> str:
        (arg,) = term.args
        if isinstance(term.detail, tuple):
            return self.by_runtime(f"fit_{arg.kind.value}", term, *term.detail)
        return self.by_runtime(f"cast_{arg.kind.value}_{term.kind.value}", term)

    def call(self, term: Term) -> str:
        assert isinstance(term.detail, Builtin)
        template = term.detail.sqlite
        return template.format(*self.all(term)) if template else self.by_runtime(term.detail.label, term)

    def wall(self, term: Term) -> str:
        return self.by_runtime("wall" if term.op == "clock" else term.op, term, quoted(str(term.detail)))

    def add_days(self, term: Term) -> str:
        return self.by_runtime("add_days", term)

    def days_between(self, term: Term) -> str:
        return self.by_runtime("days_between", term)

    def add_interval(self, term: Term) -> str:
        assert isinstance(term.detail, tuple)
        return self.by_runtime(f"add_interval_{term.kind.value}", term, *term.detail)


def _compared(term: Term) -> Kind:
    """The kind in which a comparison's arguments are compared."""
    return max((a.kind for a in term.args), key=BY_FUNCTION.__contains__)


_METHODS = {
    **dict.fromkeys(("and", "or", "||"), "joined"),
    **dict.fromkeys(("literal", "name", "function", "bind", "coalesce", "case", "nullif", "concat", "like"), ""),
    "aggregate": "",
    **dict.fromkeys(("cast", "call", "add_days", "days_between", "add_interval"), ""),
    **dict.fromkeys(CLOCKS, "wall"),
    **dict.fromkeys(ARITHMETIC, "arithmetic"),
    **dict.fromkeys(COMPARISONS, "comparison"),
    **dict.fromkeys(("distinct", "not distinct"), "distinct"),
    **dict.fromkeys(("greatest", "least"), "extreme"),
    "neg": "negative",
    "not": "negation",
    "is null": "is_null",
    "is": "is_true",
    "in": "choice",
    "partial": "call",
    "quantified": "call",
}
_METHODS = {op: method or op for op, method in _METHODS.items()}
