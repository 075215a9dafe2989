"""What we know of each database's SQL, a file each: names, texts, order, types, and the portable spelling of
`syncd.statements` as the database is told it. Ledgers, the reconciler and the printers of expressions ask here.
"""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from syncd.dialects import mysql, postgres, sqlite

Dialect = Literal["postgres", "sqlite", "mysql"]


class Spelling(Protocol):
    """One database's SQL; its file is the implementation."""

    def quoted(self, name: str, /) -> str:
        """An identifier, whatever it holds."""
        ...

    def table(self, name: str, /) -> str:
        """A finance or state table, `schema.name`, quoted."""
        ...

    def source_table(self, name: str, /) -> str:
        """A table of the EAM as a mapping calls it, `table` or `schema.table`, quoted."""
        ...

    def by_bytes(self, text: str, /) -> str:
        """A text that sorts, and is the same as another, by its bytes."""
        ...

    def as_text(self, value: str, /) -> str:
        """A value of any type as text."""
        ...

    def json_text(self, document: str, name: str, /) -> str:
        """What a JSON object holds under a name, as text."""
        ...

    def decimal_type(self, digits: int, places: int, /) -> str:
        """The type of a column that keeps so many digits, `places` of them after the point, exactly."""
        ...

    def spelled(self, sql: str, /) -> str:
        """A portable statement, its parameters as the driver takes them."""
        ...


SPELLINGS: Final[Mapping[Dialect, Spelling]] = {"postgres": postgres, "sqlite": sqlite, "mysql": mysql}
