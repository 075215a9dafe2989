"""Terms as SQL."""

from typing import Literal

from syncd.mapping.terms import ExpressionError, Term

Dialect = Literal["postgres", "sqlite", "mysql"]


def sql_source(term: Term, dialect: Dialect) -> str:
    """The SQL of a term."""
    raise ExpressionError("no_sql", what=term.op, dialect=dialect)
