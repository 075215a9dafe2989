"""The rows of any server's catalogue become a Schema."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from syncd.dialects import Dialect
from syncd.init.seen.schema import TABLES_MAX, Column, ForeignKey, Schema, Sort, Table

OURS = ("syncd.", "syncd_")


class Told(NamedTuple):
    """A column as a catalogue lists it, in the order of its table."""

    table: str
    name: str
    type: str
    sort: Sort
    places: int | None
    length: int | None
    required: bool
    generated: bool
    computed: bool
    comment: str
    default: str = ""


class Catalogue(NamedTuple):
    """What a server lists: unique keys as (table, its name, is primary, column) and foreign ones as (table, its name,
    column, other table, other column), each column in order; comments and sequences by table."""

    columns: Sequence[Told]
    unique: Iterable[tuple[str, str, bool, str]]
    foreign: Iterable[tuple[str, str, str, str, str]]
    comments: dict[str, str]
    sequences: Sequence[str] = ()
    partial: Sequence[tuple[str, str, str, str]] = ()
    """Unique keys of a part of a table, as (table, its name, condition, column)."""


Sample = Callable[[str, Sequence[Told], Sequence[str]], list[tuple[object, ...]] | None]
"""(table, columns, primary key) → its newest rows; None where they may not be read."""


def schema(dialect: Dialect, said: Catalogue, sample: Sample, has_log: bool) -> Schema:
    """The tables that are not syncd's own, the first so many by name."""
    by_table: dict[str, list[Told]] = {}
    for told in said.columns:
        if not told.table.startswith(OURS):
            by_table.setdefault(told.table, []).append(told)
    unique: dict[str, dict[str, list[str]]] = {}
    primary: dict[str, list[str]] = {}
    for table, name, is_primary, column in said.unique:
        (primary.setdefault(table, []) if is_primary else unique.setdefault(table, {}).setdefault(name, [])).append(
            column
        )
    partial: dict[str, dict[tuple[str, str], list[str]]] = {}
    for table, name, condition, column in said.partial:
        partial.setdefault(table, {}).setdefault((name, condition), []).append(column)
    foreign: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
    for table, name, column, other, to in said.foreign:
        foreign.setdefault(table, {}).setdefault(name, []).append((column, other, to))
    tables, skipped = [], []
    for name, columns in sorted(by_table.items())[:TABLES_MAX]:
        key = tuple(primary.get(name, ()))
        rows = sample(name, columns, key)
        if rows is None:
            skipped.append(name)
            rows = []
        lists = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        bare = name.rpartition(".")[2]
        tables.append(
            Table(
                name,
                tuple(Column(*told[1:], values=tuple(values)) for told, values in zip(columns, lists, strict=True)),
                key,
                tuple(map(tuple, unique.get(name, {}).values())),
                tuple(
                    ForeignKey(tuple(c for c, _, _ in one), one[0][1], tuple(t for _, _, t in one))
                    for one in foreign.get(name, {}).values()
                ),
                said.comments.get(name, ""),
                tuple((tuple(columns), condition) for (_, condition), columns in partial.get(name, {}).items()),
                tuple(s for s in said.sequences if bare in s),
            )
        )
    return Schema(dialect, tuple(tables), "log" if has_log else "triggers", tuple(skipped))
