"""What an expression is made of: typed terms, the names and functions that a rule sees, and what may be wrong.

A term is a tree whose kinds are settled at load, so nothing is inspected at run time. `to_python` and `to_sql`
print the same term, which is why the stream and the reconciler cannot disagree about a rule.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from syncd.change import Kind
from syncd.errors import Fault


@dataclass(frozen=True, slots=True)
class Many:
    """The lines of a document, as an aggregate goes through them: `python` gives them, each as the `variables`; `sql`
    is what stands behind FROM, its WHERE with it."""

    alias: str
    python: str
    variables: tuple[str, ...]
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """How a scope resolves a name: `after.status` → `Name("after[3]", Kind.TEXT, "asset.status")`. A `python`
    that is a plain literal, `Decimal('…')` or `date(…)` is a constant and is folded. `elements` is the kind of what an
    array holds. One of `many` is of each line of a document, and stands in an aggregate."""

    python: str
    kind: Kind
    sql: str = ""
    elements: Kind | None = None
    many: Many | None = None


Scope = Mapping[str, Name]
"""Names a rule may read, dotted or bare, in lower case."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a mapping defines: a decision table, a crosswalk, a lookup. `python` is its name in the
    globals of the compiled rule; it is given None for NULL. `sql` takes the dialect and the arguments as SQL. Where
    there are `answers`, they are all that there are: a text that is written out becomes its answer when it is read."""

    python: str
    params: tuple[Kind, ...]
    kind: Kind
    sql: Callable[[str, list[str]], str] | None = None
    answers: Mapping[str, str | None] | None = None


class ExpressionError(Fault, ValueError):
    """An expression that cannot be accepted; `offset` is the character in its text where it goes wrong."""

    def __init__(self, code: str, offset: int = 0, **params: object) -> None:
        super().__init__(code, **params)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Term:
    """One node. `op` says what it does, `detail` what it needs beside its arguments: a literal's value, a Name,
    a Builtin, the places of a cast. `nullable` is False where NULL cannot come out."""

    op: str
    kind: Kind
    args: tuple["Term", ...] = ()
    detail: object = None
    nullable: bool = True


COMPARISONS = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
"""Each comparison and its contrary."""

CLOCKS = frozenset({"wall", "clock", "moment", "instant", "local"})
"""From moments to wall times and back; `detail` is the zone. A name of kind timestamp is a moment, a `wall` of one is
what it is where the books are, a `clock` of one what AT TIME ZONE makes of it, a `local` of one the same aware of its
zone; every other timestamp is a wall time."""

STRICT = frozenset({*CLOCKS, "cast", "+", "-", "*", "/", "%", "neg", "||", "like", "call", "add_days", "days_between",
                    "add_interval", *COMPARISONS})  # fmt: skip
"""What gives NULL exactly when an argument is NULL."""


def walk(term: Term) -> Iterator[Term]:
    """The term and all terms in it."""
    yield term
    for arg in term.args:
        yield from walk(arg)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is made of many lines: `word` is sum, count, min or max; its term's arguments are what is taken of each, and
    which of them count."""

    word: str
    many: Many


def literal(value: object, kind: Kind) -> Term:
    """A constant; None is NULL of that kind."""
    return Term("literal", kind, detail=value, nullable=value is None)


def is_null(term: Term) -> bool:
    """Whether the term is the constant NULL."""
    return term.op == "literal" and term.detail is None


def strict(op: str, kind: Kind, *args: Term, detail: object = None) -> Term:
    """A strict operation; with a constant NULL among its arguments it is NULL already."""
    if any(is_null(a) for a in args):
        return literal(None, kind)
    return Term(op, kind, args, detail, any(a.nullable for a in args))


NEAR_NAME: Final = 0.6
NEAR_CODE: Final = 0.8
"""Codes are all alike: of two with four digits that differ in one, neither is a slip for the other."""


def nearest(name: str, known: Iterable[str], cutoff: float = NEAR_NAME) -> str:
    """The most similar of the known names, empty when none is near enough to be meant."""
    return next(iter(get_close_matches(name, list(known), 1, cutoff)), "")
