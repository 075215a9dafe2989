"""A database as its catalogue and a sample of its rows describe it. Nothing here asks a server."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, NamedTuple

from syncd.dialects import Dialect

Sort = Literal["integer", "decimal", "float", "text", "date", "timestamp", "boolean", "uuid", "json", "array", "other"]
"""What a column's type makes of a value, whatever the server calls it."""
_ITEM: Final = re.compile(r'\{(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<item>[^,}]+))')
"""The first element of an array as PostgreSQL writes it."""
_WORD: Final = re.compile(r"[A-Za-z]{3}|[\u4e00-\u9fff]")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
CHINESE_SHARE_MIN: Final = 0.1
"""Codes of three letters are words too, and most texts of a Chinese ledger."""
SAMPLE_ROWS_MAX: Final = 400
"""Rows of a table that are looked at: the newest, as far as a key tells."""
TABLES_MAX: Final = 600
"""Tables that are looked at."""


@dataclass(frozen=True)
class Column:
    """A column. `required` is NOT NULL without a default, and nobody fills it; `generated` that the server gives ids,
    `computed` that it is made of others. `values` are those of the sample, row by row."""

    name: str
    type: str
    sort: Sort
    places: int | None = None
    length: int | None = None
    required: bool = False
    generated: bool = False
    computed: bool = False
    comment: str = ""
    default: str = ""
    values: tuple[object, ...] = ()

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value stands in the sample, as text, NULL aside."""
        return Counter(str(value) for value in self.values if value is not None)

    @property
    def is_filled(self) -> bool:
        """Whether any row of the sample says anything."""
        return bool(self.counts)

    @property
    def usual(self) -> tuple[str, float]:
        """The most common value as text, and its share of all rows; an empty one where nothing is said."""
        if not self.counts:
            return "", 0.0
        ((value, count),) = self.counts.most_common(1)
        return value, count / len(self.values)

    @property
    def first(self) -> "Column":
        """Of an array its first elements, as a column."""
        items = [None if value is None else _ITEM.match(str(value)) for value in self.values]
        values = tuple(None if found is None else found["item"] or found["quoted"] for found in items)
        return replace(self, sort="text", values=values)

    def example(self, text: str) -> object:
        """A value of the sample that reads so."""
        return next(value for value in self.values if str(value) == text)


class ForeignKey(NamedTuple):
    """Columns that must be found in another table's."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table by the name that a mapping calls it: with its schema where that is not the usual one."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign: tuple[ForeignKey, ...] = ()
    comment: str = ""
    partial: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Columns that stand once among the rows of a condition, and the condition."""
    sequences: tuple[str, ...] = ()
    """Sequences that are called after it."""
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def bare(self) -> str:
        """Its name without the schema."""
        return self.name.rpartition(".")[2]

    @property
    def rows(self) -> int:
        """How many rows the sample holds."""
        return len(self.columns[0].values) if self.columns else 0

    def row(self, number: int) -> dict[str, object]:
        """A row of the sample."""
        return {column.name: column.values[number] for column in self.columns}

    def refers(self, column: str) -> ForeignKey | None:
        """The foreign key of this one column."""
        return next((key for key in self.foreign if key.columns == (column,)), None)

    def is_unique(self, *columns: str) -> bool:
        """Whether the database itself keeps these from standing twice."""
        return any(set(one) == set(columns) for one in (self.key, *self.unique))


@dataclass(frozen=True)
class Schema:
    """A database. `log` is how its changes may be read: `log` by the server's own, `triggers` where it keeps none that
    tells enough."""

    dialect: Dialect
    tables: tuple[Table, ...]
    log: Literal["log", "triggers"] = "triggers"
    skipped: Sequence[str] = ()
    """Tables that could not be read."""

    @property
    def is_chinese(self) -> bool | None:
        """Whether its rows are written in Chinese, a share of them at least; None where they hold no words."""
        texts = [v for table in self.tables for c in table if c.sort == "text" for v in c.counts if _WORD.search(v)]
        return sum(_CHINESE.search(v) is not None for v in texts) >= len(texts) * CHINESE_SHARE_MIN if texts else None

    def table(self, name: str) -> Table | None:
        """A table by its name."""
        return next((table for table in self.tables if table.name == name), None)
