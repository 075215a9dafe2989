"""SQL expressions, read once at load: kinds checked, then printed as Python for the stream and as SQL for each side.

sqlglot reads PostgreSQL's grammar, with functions left as they are written; `meaning` says what is accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects import postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.postgres import PostgresParser

from syncd.change import Kind
from syncd.mapping.meaning import Reader
from syncd.mapping.runtime import RUNTIME, Missing, Uncomputable
from syncd.mapping.terms import ExpressionError, Function, Name, Scope, Term
from syncd.mapping.to_mysql import MySql
from syncd.mapping.to_python import condition_source, value_source
from syncd.mapping.to_sql import Dialect, Postgres, Printer, SQLite

__all__ = ["RUNTIME", "Expression", "ExpressionError", "Function", "Missing", "Name", "Scope", "Uncomputable", "parse"]

_PRINTERS: Final[Mapping[Dialect, type[Printer]]] = {"postgres": Postgres, "sqlite": SQLite, "mysql": MySql}


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
        when a name or a function has no SQL, or none that is exact."""
        return _PRINTERS[dialect]().print(self.term)


class _Grammar(postgres.Postgres):
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
    reader = Reader(scope, functions or {})
    try:
        term = reader.read(_tree(text))
    except RecursionError:
        raise ExpressionError("expression_deep") from None
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
