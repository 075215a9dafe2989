"""What a change table holds, whatever the database: the words that the reader and the dialects share."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from struct import pack
from typing import Any, NamedTuple, Protocol, Self

from connectors.changelog.signs import Look, Renewed, TableSigns
from connectors.convert import single_text
from syncd.errors import Gap
from syncd.ports import Finding

Images = dict[str, object]
"""A row by column name, as JSON says it."""


class Logged(NamedTuple):
    """A row of the change table. `txid` is 0 where the database tells no transaction from another; `before` and
    `after` are JSON objects by column name."""

    seq: int
    txid: int
    table: str
    op: str
    before: str | None
    after: str | None
    occurred_at: str


class Logs(NamedTuple):
    """Rows in order of their numbers. `held_up` says that more are there behind a number whose transaction is
    still open."""

    rows: Sequence[Logged]
    held_up: bool


class Chunk(NamedTuple):
    """Rows of a table as JSON objects, and what the change table says of it, both as of one moment."""

    images: Sequence[str]
    changes: Sequence[Logged]


class Marks(NamedTuple):
    """The number up to which rows were pruned, and the last number that was given."""

    pruned: int
    last: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table's triggers write, and the names of those that are its key."""

    names: tuple[str, ...]
    key: tuple[str, ...]

    def comment(self) -> str:
        """The same as a comment in SQL, from which `of_comment` reads it back."""
        listed = json.dumps([self.names, self.key], ensure_ascii=False).replace("*/", "*\\/")
        return f"/* syncd columns: {listed} */"

    @classmethod
    def of_comment(cls, sql: str) -> Self | None:
        found = re.search(r"/\* syncd columns: (.*?) \*/", sql)
        if found is None:
            return None
        names, key = json.loads(found[1])
        return cls(tuple(names), tuple(key))

    def with_all_of(self, other: "Columns") -> "Columns":
        """These, then those of `other` that are not among them."""
        return Columns(tuple(dict.fromkeys((*self.names, *other.names))), self.key)


class Database(Protocol):
    """One kind of EAM database: all that differs between kinds."""

    def close(self) -> None: ...
    def spelled(self, table: str) -> str: ...
    def is_installed(self) -> bool: ...
    def identity(self) -> str: ...
    def tracked(self) -> Sequence[str]: ...
    def covered(self) -> Mapping[str, Columns]: ...
    def columns(self, table: str) -> frozenset[str]: ...
    def refused(self) -> Sequence[tuple[str, str]]: ...
    def doubts(self, tables: Sequence[str]) -> Sequence[Finding]: ...
    def install_sql(self, tables: Mapping[str, Columns]) -> list[str]: ...
    def remove_sql(self, tables: Sequence[str], last: bool) -> list[str]: ...
    def printed(self, statements: Sequence[str]) -> list[str]: ...
    def look(self, tables: Mapping[str, Columns], read_to: int) -> Look: ...
    def renewed(self) -> Renewed: ...
    def hole(self, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None: ...
    def execute(self, statements: Sequence[str]) -> None: ...
    def marks(self) -> Marks: ...
    def newest(self) -> int: ...
    def frontier(self) -> int: ...
    def read(self, after: int, limit: int) -> Logs: ...
    def next_of(self, txids: Collection[int], after: int, before: int) -> Mapping[int, int]: ...
    def chunk(self, table: str, columns: Columns, key: Sequence[object] | None, since: int, limit: int) -> Chunk: ...
    def beyond(
        self, table: str, columns: Columns, rows: Sequence[Images], key: Sequence[object]
    ) -> Sequence[Images]: ...
    def count(self, table: str) -> int: ...
    def wait(self, timeout_s: float) -> None: ...
    def acknowledge(self, seq: int, prune_rows_max: int) -> bool: ...
    def readers(self) -> Sequence[str]: ...
    def forget_sql(self, pipeline: str) -> str: ...
    def patience_sql(self, seconds: int) -> Sequence[str]: ...
    def prune(self, rows_max: int) -> int: ...
    def prunable(self) -> int: ...


def literal(text: str) -> str:
    """A string constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def images(text: str) -> Images:
    """A row that the change table holds; a value that is no text, but should be, as bytes."""
    image: Images = json.loads(text)
    if '{"blob":' in text or '{"float":' in text:
        image = {k: _unwrapped(v) if isinstance(v, dict) else v for k, v in image.items()}
    if not text.isascii() and not _is_unicode(text):
        image = {k: v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for k, v in image.items()}
    return image


def _unwrapped(wrapped: Mapping[str, Any]) -> object:
    """Bytes, or the shortest text that is this single-precision number."""
    if "blob" in wrapped:
        return None if wrapped["blob"] is None else bytes.fromhex(wrapped["blob"])
    number = wrapped["float"]
    if number is None:
        return None
    return single_text(pack("<f", number))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
