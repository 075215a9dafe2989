"""Terms as SQL for MySQL and MariaDB, exact or refused.

The session is to have the modes NO_BACKSLASH_ESCAPES and NO_UNSIGNED_SUBTRACTION, utf8mb4 and the time zone UTC; a
name of kind timestamp is to be UTC.
Texts are the same when their bytes are. Where PostgreSQL would raise an error, a division by zero, MySQL answers
NULL. What it would only approximate has no SQL there: the quotient of decimals, which it cuts after places of its own
choosing; a decimal as text, unless it is a column's; a number or date read from text, where it makes do with what
looks like one.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from syncd.change import Kind
from syncd.dialects import Dialect
from syncd.dialects.mysql import as_bytes
from syncd.mapping.expression.functions import Builtin
from syncd.mapping.expression.runtime import decimal_text, timestamp_text
from syncd.mapping.expression.terms import ExpressionError, Term
from syncd.mapping.expression.to_sql import Printer, quoted
from syncd.mapping.expression.zones_sql import mysql_changed

FACTORS_MAX: Final = 3
"""Decimals in one product: of more, with eighteen digits before the point each, the last places would be cut off."""
PLACES_MAX: Final = 9
"""Of a constant, so that a product keeps all of its places."""
_COMPUTED: Final = {Kind.INTEGER: "SIGNED", Kind.DATE: "DATE", Kind.TIMESTAMP: "DATETIME(6)"}


class MySql(Printer):
    """Columns that are computed with are cast, but for decimals, whose places their type knows."""

    dialect: Dialect = "mysql"

    def literal(self, term: Term) -> str:
        value = term.detail
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(int(value)) if value >= 0 else f"({value})"
        if isinstance(value, Decimal):
            text = decimal_text(value)
            if len(text.partition(".")[2]) > PLACES_MAX:
                raise self._refused(text)
            return f"({text})" if "." in text else f"CAST({text} AS DECIMAL({len(text)}, 0))"
        if isinstance(value, datetime):
            return f"TIMESTAMP '{timestamp_text(value)}'"
        return f"DATE '{value.isoformat()}'" if isinstance(value, date) else _bare(quoted(str(value)))

    def name(self, term: Term) -> str:
        source = super().name(term)
        if term.kind is Kind.TEXT:
            return _bare(f"CONVERT({source} USING utf8mb4)")
        return f"({source} <> 0)" if term.kind is Kind.BOOLEAN else source

    def exact(self, term: Term) -> str:
        source = self.print(term)
        return f"CAST({source} AS {_COMPUTED[term.kind]})" if term.op == "name" and term.kind in _COMPUTED else source

    def arithmetic(self, term: Term) -> str:
        left, right = (self.exact(a) for a in term.args)
        if term.op == "/" and term.kind is Kind.DECIMAL:
            raise self._refused("/")
        if term.op == "*" and _factors(term) > FACTORS_MAX:
            raise self._refused("*")
        return f"({left} {'DIV' if term.op == '/' else term.op} {right})"

    def negative(self, term: Term) -> str:
        return f"(- {self.exact(term.args[0])})"

    def comparison(self, term: Term) -> str:
        left, right = self.compared(term)
        return f"({left} {term.op} {right})"

    def distinct(self, term: Term) -> str:
        left, right = self.compared(term)
        same = f"({left} <=> {right})"
        return f"(NOT {same})" if term.op == "distinct" else same

    def choice(self, term: Term) -> str:
        wanted, *choices = self.compared(term)
        return f"({wanted} IN ({', '.join(choices)}))"

    def compared(self, term: Term) -> list[str]:
        """Arguments that are compared; texts, as their bytes."""
        is_text = any(a.kind is Kind.TEXT for a in term.args)
        return [as_bytes(a) for a in self.all(term)] if is_text else self.all(term)

    def nullif(self, term: Term) -> str:
        left, right = self.compared(term)
        return f"CASE WHEN {left} = {right} THEN NULL ELSE {self.print(term.args[0])} END"

    def extreme(self, term: Term) -> str:
        if term.kind is Kind.TEXT:
            raise self._refused(term.op)
        args = self.all(term)
        filled = [f"coalesce({', '.join([*args[i:], *args[:i]])})" for i in range(len(args))]  # NULLs do not count
        return f"{term.op}({', '.join(filled)})"

    def concat(self, term: Term) -> str:
        return "concat(" + ", ".join(f"coalesce({a}, '')" for a in self.all(term)) + ")"

    def joined(self, term: Term) -> str:
        return f"concat({', '.join(self.all(term))})" if term.op == "||" else super().joined(term)

    def like(self, term: Term) -> str:
        text, wanted = self.all(term)
        return f"({text} LIKE {wanted} ESCAPE '\\')"

    def cast(self, term: Term) -> str:
        (arg,) = term.args
        source, kinds = self.exact(arg), (arg.kind, term.kind)
        if isinstance(term.detail, tuple):
            raise self._refused(f"numeric({term.detail[0]}, {term.detail[1]})")
        if kinds == (Kind.DECIMAL, Kind.TEXT) and arg.op not in ("name", "literal"):
            raise self._refused("CAST AS text")
        if template := _CASTS.get(kinds):
            return template.format(source)
        if arg.kind is term.kind:
            return source
        raise self._refused(f"CAST AS {term.kind.value}")

    def call(self, term: Term) -> str:
        assert isinstance(term.detail, Builtin)
        if not term.detail.mysql:
            raise self._refused(term.detail.name)
        return term.detail.mysql.format(*[self.exact(a) for a in term.args])

    def add_days(self, term: Term) -> str:
        day, days = (self.exact(a) for a in term.args)
        return f"({day} + INTERVAL ({days}) DAY)"

    def days_between(self, term: Term) -> str:
        later, earlier = (self.exact(a) for a in term.args)
        return f"datediff({later}, {earlier})"

    def add_interval(self, term: Term) -> str:
        assert isinstance(term.detail, tuple)
        months, days, seconds = term.detail
        later = f"{self.exact(term.args[0])} + INTERVAL ({months}) MONTH + INTERVAL ({days}) DAY"
        return f"({later} + INTERVAL ({seconds}) SECOND)" if seconds else f"({later})"

    def wall(self, term: Term) -> str:
        op = "wall" if term.op == "clock" else term.op
        return mysql_changed(op, str(term.detail), self.exact(term.args[0]))

    def _refused(self, what: str) -> ExpressionError:
        return ExpressionError("no_sql", what=what, dialect=self.dialect)


def _bare(text: str) -> str:
    """Text without a language's idea of sameness."""
    return f"{text} COLLATE utf8mb4_bin"


def _factors(term: Term) -> int:
    """How many decimals are multiplied with each other at most."""
    if term.kind is Kind.DECIMAL and term.op == "*":
        return sum(map(_factors, term.args))
    return max([1, *map(_factors, term.args)])


_CHARS: Final = _bare("CAST({0} AS CHAR)")
_MOMENT: Final = _bare("trim(TRAILING '.' FROM trim(TRAILING '0' FROM date_format({0}, '%Y-%m-%d %H:%i:%s.%f')))")
_CASTS: Final = {
    (Kind.INTEGER, Kind.DECIMAL): "CAST({0} AS DECIMAL(20, 0))",
    (Kind.INTEGER, Kind.TEXT): _CHARS,
    (Kind.INTEGER, Kind.BOOLEAN): "({0} <> 0)",
    (Kind.DECIMAL, Kind.INTEGER): "(round({0}) DIV 1)",
    (Kind.DECIMAL, Kind.TEXT): _CHARS,
    (Kind.BOOLEAN, Kind.INTEGER): "({0} + 0)",
    (Kind.BOOLEAN, Kind.TEXT): "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    (Kind.DATE, Kind.TEXT): _CHARS,
    (Kind.DATE, Kind.TIMESTAMP): "CAST({0} AS DATETIME(6))",
    (Kind.TIMESTAMP, Kind.DATE): "CAST({0} AS DATE)",
    (Kind.TIMESTAMP, Kind.TEXT): _MOMENT,
}
