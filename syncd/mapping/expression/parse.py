"""SQL expressions, read once at load: kinds checked, then printed as Python for the stream and as SQL for each side.

sqlglot reads PostgreSQL's grammar, with functions left as they are written; `meaning` says what is accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Final

from sqlglot import TokenType, exp
from sqlglot.dialects import postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.postgres import PostgresParser

from syncd.change import Kind
from syncd.dialects import Dialect
from syncd.mapping.expression.functions import KEY_TEXT
from syncd.mapping.expression.kinds import coerced
from syncd.mapping.expression.meaning import TermReader, as_moment
from syncd.mapping.expression.nested import NESTED
from syncd.mapping.expression.runtime import RUNTIME, Missing, Uncomputable
from syncd.mapping.expression.terms import ExpressionError, Function, Name, Scope, Term, strict
from syncd.mapping.expression.to_mysql import MySql
from syncd.mapping.expression.to_python import condition_source, value_source
from syncd.mapping.expression.to_sql import Postgres, Printer, SQLite

__all__ = ["RUNTIME", "Expression", "ExpressionError", "Function", "Missing", "Name", "Scope", "Uncomputable", "parse"]

TEXTS_KEPT: Final = 2048
_DEEPER: Final = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1, TokenType.CASE: 1, TokenType.END: -1}
_PRINTERS: Final[Mapping[Dialect, type[Printer]]] = {"postgres": Postgres, "sqlite": SQLite, "mysql": MySql}


@dataclass(frozen=True, slots=True)
class Expression:
    """An accepted expression. `names` are the names of its scope that it reads, `meant` what they stand for. Timestamps
    among them are moments, and so is its own value; what lies between is the wall clock of `zone`."""

    text: str
    kind: Kind
    names: frozenset[str]
    term: Term = field(repr=False)
    zone: str = "UTC"
    meant: Scope = field(default_factory=dict, repr=False, compare=False)

    def python(self) -> str:
        """A Python expression for its value, None for NULL, to be evaluated with RUNTIME in the globals. May raise
        Uncomputable and, with decision tables, Missing. It assigns temporaries `_t1`, `_t2`, …"""
        return value_source(self._outside())

    def local(self) -> str:
        """As `python`, for finance's tables: a timestamp as an aware datetime of the zone, whose digits are those
        that a column without a zone is to hold."""
        outside = self._outside()
        return value_source(strict("local", Kind.TIMESTAMP, outside, detail=self.zone) if self.is_moment else outside)

    def condition(self) -> str:
        """As `python`, but only true or not: NULL and FALSE are both untrue. For boolean expressions; faster."""
        return condition_source(self.term)

    def sql(self, dialect: Dialect) -> str:
        """The same in SQL. On SQLite it needs `register_sqlite`; decimals are text there. Raises ExpressionError
        when a name or a function has no SQL, or none that is exact."""
        return _PRINTERS[dialect]().print(self._outside())

    @property
    def is_moment(self) -> bool:
        """Whether its value is one."""
        return self.kind is Kind.TIMESTAMP

    def key(self) -> "Expression":
        """The same as part of a key: a moment is spelt in UTC, see `moment_text`."""
        if not self.is_moment:
            return self
        return replace(self, kind=Kind.TEXT, term=strict("call", Kind.TEXT, self._outside(), detail=KEY_TEXT))

    def _outside(self) -> Term:
        return as_moment(self.term, self.zone) if self.is_moment else self.term


RUNTIME |= NESTED


class _Grammar(postgres.Postgres):
    """PostgreSQL's grammar without sqlglot's own idea of functions, of paths into JSON, and of where arrays begin."""

    INDEX_OFFSET = 0

    class Parser(PostgresParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: read for name, read in PostgresParser.FUNCTION_PARSERS.items() if name in ("CAST", "EXTRACT", "TRIM")
        }
        JSON_OPERATORS: ClassVar[dict[Any, Any]] = {
            TokenType.ARROW: lambda _, this, step: exp.JSONExtract(this=this, expression=step),
            TokenType.DARROW: lambda _, this, step: exp.JSONExtractScalar(this=this, expression=step),
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": PostgresParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


Kept = dict[tuple[str, str], list[tuple[Scope, "Expression"]]]
"""By text and zone what was read, each with what the names in it meant then."""


def parse(
    text: str,
    scope: Scope,
    functions: Mapping[str, Function] | None = None,
    zone: str = "UTC",
    kept: Kept | None = None,
) -> Expression:
    """Read and check an expression over the names of `scope` and, beside the language's own, `functions`; its wall
    clock is that of `zone`. A text whose names mean what they meant is found in `kept`, which is of the same
    `functions`: rules say one thing in many places and are read in rounds. Raises ExpressionError."""
    for meant, found in kept.get((text, zone), ()) if kept is not None else ():
        if all(scope.get(name) == one for name, one in meant.items()):
            return found
    reader = TermReader(scope, functions or {}, zone)
    try:
        term = reader.read(tree(text))
    except RecursionError:
        raise ExpressionError("expression_deep") from None
    if term.kind is Kind.ARRAY:
        raise ExpressionError("array_whole", what=text)
    if term.kind is Kind.JSON:
        term = coerced(term, Kind.TEXT)
    meant = {name: scope[name] for name in sorted(reader.names)}
    expression = Expression(text, term.kind, frozenset(reader.names), term, zone, meant)
    if kept is not None and not reader.counts_lines:
        kept.setdefault((text, zone), []).append((meant, expression))
    return expression


def conditions(e: Expression) -> Sequence[str]:
    """The texts of the conditions that must all be true for an expression to be, in its order."""
    depth, begins, found, tokens = 0, 0, list[str](), _Grammar().tokenize(e.text)
    for token in tokens if isinstance(tree(e.text), exp.And) else ():
        depth += _DEEPER.get(token.token_type, 0)
        if token.token_type is TokenType.AND and depth == 0:
            found.append(e.text[begins : token.start].strip())
            begins = token.end + 1
    return [*found, e.text[begins:].strip()]


def mentioned(text: str, block: str) -> list[str]:
    """The names `block.name` that a text mentions, in lower case and in its order, before anything is known of their
    kinds. Empty for a text that is no expression, which is said when it is read."""
    try:
        tokens = _Grammar().tokenize(text)
    except TokenError:
        return []
    spelled = [token.text.lower() if token.token_type is not TokenType.STRING else "" for token in tokens]
    threes = zip(spelled, spelled[1:], spelled[2:], strict=False)
    return [name for prefix, dot, name in threes if prefix == block and dot == "."]


@lru_cache(TEXTS_KEPT)
def tree(text: str) -> exp.Expr:
    """An expression's syntax, which nobody changes. A mapping's fields are settled in rounds that read each text
    anew, and it says many a text in several places."""
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
