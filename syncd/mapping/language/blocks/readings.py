"""Rows outside the stream: read for what they say, and filled with what syncd itself has to say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from syncd.change import Kind, Row, Table, Value
from syncd.mapping.expression.parse import RUNTIME, Expression, Name
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import scope
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.rules import Resolver

Decisions = Mapping[str, Any]
"""The functions of the decision tables by their Python names."""


@dataclass(frozen=True)
class Reading:
    """Rows of a source table read for what they say: `of(row, joined…, given…)` gives the values in order, `each` one
    of them by itself, for where not all can be computed. `joins` are the tables joined, each with the function that
    finds its key from the rows before it."""

    alias: str
    of: Callable[..., tuple[Any, ...]]
    each: Sequence[Callable[..., tuple[Any, ...]]]
    joins: Sequence[tuple[str, Callable[..., tuple[Value, ...]]]] = ()


def find_table(resolver: Resolver, alias: str, at: Trail) -> Table | None:
    """The table of an alias; None where there is none, which the reader's errors then say."""
    found = resolver.tables.get(alias)
    if found is None:
        near = nearest(alias, list(resolver.tables))
        resolver.reader.fault("unknown_table", at, table=alias, nearest=near)
    return found


def read_rows(
    resolver: Resolver, decisions: Decisions, alias: str, said: Sequence[tuple[str, Kind]], at: Trail,
    given: Mapping[str, Kind] = MappingProxyType({}),
) -> Reading | None:  # fmt: skip
    """Expressions, each with its kind, over the row of a table, what the table joins, and the given names."""
    table = find_table(resolver, alias, (*at, "table"))
    if table is None:
        return None
    if alias in resolver.file.tables:
        names, joins = resolver.table_scope(alias, resolver.reader.quiet())
    else:
        names, joins = resolver.constants() | scope.columns(table, "row"), {}
    names |= {name: Name(name, kind) for name, kind in given.items()}
    read = [resolver.reader.read(text, at, names, kind) for text, kind in said]
    variables, found = ["row"], []
    for join in joins.values():
        found.append((join.table.alias, function(decisions, ", ".join(variables), join.key)))
        variables.append(join.variable)
    known = [e for e in read if e is not None]
    names_all = ", ".join([*variables, *given])
    of, *each = (function(decisions, names_all, es) for es in (known, *([e] for e in known)))
    return Reading(alias, of, each, found)


def filled(
    resolver: Resolver, decisions: Decisions, table: Table, columns: Mapping[str, str], at: Trail,
    given: Mapping[str, Kind], names: Mapping[str, Name], more: Sequence[str] = (),
) -> Callable[..., Row] | None:  # fmt: skip
    """What fills a row of the table from the given names, in their order, and the variables `more`; `names` are what
    expressions may read besides. It raises what INCALCULABLE names."""
    known, reader = [column.name for column in table.columns], resolver.reader
    for name in columns:
        if name not in known:
            near = nearest(name, known)
            reader.fault("unknown_column", (*at, name), column=name, table=table.alias, nearest=near)
    for i in table.key:
        if known[i] not in columns:
            reader.fault("missing_key", at, key=known[i], place=".".join(map(str, at)))
    names = dict(names) | {name: Name(name, kind) for name, kind in given.items()}
    read = [
        reader.read(columns.get(c.name, "NULL"), (*at, c.name) if c.name in columns else at, names, c.kind)
        for c in table.columns
    ]
    if not all(read):
        return None
    variables = ", ".join((*given, *more))
    return cast(Callable[..., Row], function(decisions, variables, [e for e in read if e is not None]))


def function(decisions: Decisions, variables: str, expressions: Sequence[Expression]) -> Callable[..., tuple[Any, ...]]:
    """The expressions as one function of the variables."""
    values = "".join(f"{e.python()}, " for e in expressions)
    known = {**RUNTIME, **decisions}  # as it is now: printing an expression adds its constants
    return cast(Callable[..., tuple[Any, ...]], eval(f"lambda {variables}: ({values})", known))
