"""`write`: rows for any other finance table."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from pydantic import Field

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression, Function
from syncd.mapping.expression.terms import nearest, walk
from syncd.mapping.language.file.shapes import Expr, MaybeNames, Strict
from syncd.mapping.program.block import Block, commas
from syncd.mapping.verbs.rule import Fields, Place, Reading, Verb


class WriteShape(Strict):
    """A row for any other finance table; upserted by `key`, inserted where it has none."""

    table: str
    """The finance table."""
    key: MaybeNames = ()
    """The columns by which a row is replaced; without them it is added."""
    values: dict[str, Expr] = Field(min_length=1)
    """Column → expression."""


_LOOKUP: Final = "w.translate("


def finance_lookup(name: str) -> Function:
    """A lookup of the layout, as a function of the values."""
    return Function(f"{_LOOKUP}{name!r})", (Kind.TEXT,), Kind.TEXT)


def kind_of(e: Expression) -> Kind:
    """The kind of a value. What a lookup gives has none, NULL: an id or a code, whatever finance calls it."""
    functions = (term.detail for term in walk(e.term) if term.op == "function")
    return Kind.NULL if any(isinstance(f, Function) and f.python.startswith(_LOOKUP) for f in functions) else e.kind


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, by column."""

    table: str
    key: tuple[str, ...]
    values: Fields


@dataclass(frozen=True)
class Write(Verb):
    """The rows, in order."""

    word: ClassVar[str] = "write"
    shape = (tuple[WriteShape, ...], ())
    is_for_snapshots = False

    rows: tuple[Row, ...]

    @classmethod
    def read(cls, said: tuple[WriteShape, ...], reading: Reading) -> Self | None:
        """Values of whatever kind; they may ask the layout's lookups."""
        rows, known = [], reading.resolver.reader
        lookups = {name.lower(): finance_lookup(name) for name in reading.resolver.lookups}
        reader = replace(known, functions={**lookups, **known.functions})
        for i, row in enumerate(said):
            place = (*reading.trail, cls.word, i, "values")
            values = {c: reader.read(text, (*place, c), reading.names) for c, text in row.values.items()}
            for column in row.key:
                if column not in row.values:
                    near = nearest(column, list(row.values))
                    reading.fault("unknown_key_column", cls.word, i, "key", column=column, nearest=near)
            rows.append(Row(row.table, row.key, {c: e for c, e in values.items() if e is not None}))
        return cls(tuple(rows)) if rows else None

    def expressions(self) -> Iterable[Expression]:
        """The values."""
        return (e for row in self.rows for e in row.values.values())

    def places(self) -> Iterable[Place]:
        """By column."""
        return (Place(self.word, e, name) for name, e in self.columns())

    def make(self, block: Block) -> None:
        """`rows_`."""
        made = []
        for row in self.rows:
            block.need(n for e in row.values.values() for n in e.names)
            values = ", ".join(f"{column!r}: {e.local()}" for column, e in row.values.items())
            made.append(f"new(TableRow, ({row.table!r}, {row.key!r}, {{{values}}}))")
        block.add(f"rows_ = ({commas(made)})")

    def columns(self) -> Iterable[tuple[str, Expression]]:
        """`table.column`."""
        return ((f"{row.table}.{column}", e) for row in self.rows for column, e in row.values.items())
