"""What a ledger asks of one database connection, and what a server does in its own way.

A `Database` speaks the portable spelling of `syncd.statements` and raises only what `syncd.errors` knows.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final, Literal, NamedTuple

from syncd.change import Kind, Value
from syncd.dialects import Dialect
from syncd.errors import Fault, RowRefused
from syncd.money import MONEY_PLACES
from syncd.ports import Drawn, Finding

Rows = list[tuple[object, ...]]
Verb = Literal["insert", "upsert", "update", "delete"]
Chunks = Iterable[Sequence[tuple[Value, ...]]]
MONEY_DIGITS: Final = 16
"""Before the point, of a column that we propose."""
LIMIT_SECONDS_MIN: Final = 30
"""A statement of a full batch takes a second; a busy server and finance's own triggers take their time."""
_CONSTANT: Final = re.compile(
    r"\(?(?:'((?:[^']|'')*)'|([-+]?\d+(?:\.\d+)?)|(true|false)|(null))\)?(?:::[\w \".,()\[\]]+)?", re.IGNORECASE
)
"""A constant as catalogues spell it, with the type that PostgreSQL adds."""
CHUNK_ROWS: Final = 2_000
"""Rows made at a time: a server takes in one lot while the next is made."""


class Physical(NamedTuple):
    """A column as the database has it. `length` is characters of text or digits of a number, `places` the digits
    after the point; None where the type sets no bound. `kind` is None for a type that is not judged. `required` is
    NOT NULL without a default; `exact` says that a decimal survives in it, `generated` that finance alone fills it.
    `default` is SQL, empty for none."""

    type: str
    kind: Kind | None
    length: int | None
    places: int | None
    required: bool
    exact: bool
    generated: bool = False
    default: str = ""

    @property
    def constant(self) -> str | None:
        """What a row holds in it that was given nothing, as text: None for NULL. Raises ValueError where finance
        computes it."""
        found = _CONSTANT.fullmatch(self.default or "NULL")
        if found is None or self.generated:
            raise ValueError(self.default)
        text, number, truth, _ = found.groups()
        return number or truth or (None if text is None else text.replace("''", "'"))


class Nature(NamedTuple):
    """Whether rows go in by INSERT alone, as into a view; and whether finance does things of its own when a table is
    written, by triggers or rules: then its primary key, and its columns of exact numbers with the digits that they keep
    after the point."""

    by_insert: bool = False
    acts: bool = False
    key: tuple[str, ...] = ()
    amounts: Mapping[str, int | None] = {}


def require_found(table: str, found: int, given: int) -> None:
    """Raises RowRefused for an update that does not find its rows: what it says would be lost without a word."""
    if found < given:
        raise RowRefused("row_gone_in_finance", table=table, column="", constraint="", error=f"{found} of {given}")


def require_taken(table: str, taken: int, given: int) -> None:
    """Raises RowRefused where finance let rows fall without a word, as a trigger may."""
    if taken < given:
        raise RowRefused("row_swallowed", table=table, column="", constraint="", error=f"{taken} of {given}")


class Database(ABC):
    """One connection. It is opened by `open` alone: one that came back by itself would come back without its lock."""

    dialect: ClassVar[Dialect]
    for_update: ClassVar[str]
    """What a SELECT ends with to keep others from its rows until the transaction ends."""
    doubles: ClassVar[tuple[str, ...]] = ("double",)
    """How types begin whose binary fractions, of double precision, come as the decimals that they are written as."""
    text_bytes_max: int = 1 << 62
    """How long a text may be to be sent."""
    row_letters_max: ClassVar[int] = 1 << 62
    """How many letters `table:key` of a source row may have."""

    @property
    @abstractmethod
    def is_open(self) -> bool: ...
    @abstractmethod
    def open(self) -> None: ...
    @abstractmethod
    def close(self) -> None: ...
    @abstractmethod
    def lock(self, name: str) -> bool:
        """Hold `name` until the connection ends; False while another connection holds it."""

    @abstractmethod
    def begin(self) -> None: ...
    @abstractmethod
    def begin_reading(self) -> None:
        """As `begin`; all that is read until the rollback is of one moment."""

    @abstractmethod
    def commit(self) -> None: ...
    @abstractmethod
    def rollback(self) -> None:
        """Never raises: what cannot be rolled back is closed."""

    @abstractmethod
    def queue(self) -> None:
        """Within a transaction: wait for other operators' transactions to end, and make later ones wait."""

    @abstractmethod
    def query(self, sql: str, params: Sequence[object] = ()) -> Rows: ...
    @abstractmethod
    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        """As `query`, row by row."""

    def stream(self, sql: str, params: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """As `query` within a transaction, row by row where the server can answer other questions meanwhile."""
        return iter(self.query(sql, params))

    @abstractmethod
    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """How many rows were touched."""

    def send(self, sql: str, params: Sequence[object] = ()) -> None:
        """Execute, perhaps without waiting for it: what became of it is then raised by whatever is asked next."""
        self.execute(sql, params)

    def forget(self) -> None:
        """What was sent is about to be undone: what became of it is nobody's concern."""
        return

    @abstractmethod
    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        """The rows of a SELECT for each key, which is its last parameter. Always by index: a table that is new to
        the server's statistics is not read whole for a batch."""

    def ask(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Callable[[], Rows]:
        """As `each`, perhaps while the caller does something else: what it returns waits for the answer."""
        rows = self.each(sql, params, keys)
        return lambda: rows

    @abstractmethod
    def put(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks, where: str = ""
    ) -> None:
        """Write rows, see `TableWrite`, while they are still being made; or delete those with these keys. An update
        that finds fewer rows than it was given is refused."""

    def reserve(self, table: str, drawn: Drawn, count: int, ahead: int) -> Sequence[int]:
        """So many ids of a table's sequence that nobody else is given; empty where the server gives them only as rows
        go in. `ahead` is how many the transaction will want in all."""
        return ()

    def put_drawn(self, table: str, columns: tuple[str, ...], chunks: Chunks) -> None:
        """Insert rows with ids that were reserved."""
        self.put(table, columns, (), "insert", chunks)

    def put_drawing(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Value, ...]]) -> Sequence[int]:
        """Insert rows to which finance gives ids: these, in order, as far as the server tells; else empty."""
        self.put(table, columns, (), "insert", [rows])
        return ()

    @abstractmethod
    def settle(self) -> None:
        """Let deferred constraints speak now, while the row at fault can still be found."""

    @abstractmethod
    def columns(self, table: str) -> Mapping[str, Physical]:
        """A table's columns; empty when there is no such table."""

    @abstractmethod
    def nature(self, table: str) -> Nature:
        """What a finance table does when it is written; known from an earlier look that is not long past."""

    @abstractmethod
    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        """The GRANT that would give us these rights on these columns; empty when nothing is missing."""

    def missing_draw(self, table: str, drawn: Drawn) -> str:
        """The GRANT that would let us draw ids; empty when nothing is missing."""
        return ""

    @abstractmethod
    def is_unique(self, table: str, key: Collection[str]) -> bool:
        """Whether an index says that no two rows have the same key."""

    def constrained(self, table: str, refused: Mapping[str, str]) -> set[str]:
        """The columns that a refusal is about, as far as the server tells."""
        return {refused["column"]} if refused.get("column") else set()

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        """Where the values of a column must be found: table and column, as the server spells them."""
        return ()

    def define(self, script: Sequence[str]) -> None:
        """Make syncd's own tables as a migration says, in its portable spelling."""
        for sql in script:
            self.execute(sql)

    def doubts(self, tables: Mapping[str, Collection[str]]) -> Iterator[Finding]:
        """What of the server, or of the way these tables and their columns are kept, would break a promise."""
        yield from ()

    def grant(self, fault: Fault) -> str:
        """The GRANT that would have kept this from being refused; empty when it is about something else."""
        return ""

    @abstractmethod
    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        """The statement that makes a column hold money, or a number with so many places."""

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        """Undo only what the block did when it raises; the transaction goes on."""
        self.send(f"SAVEPOINT {name}")
        try:
            yield
        except Fault:
            if self.is_open:
                self.back_to(name)
                self.execute(f"RELEASE SAVEPOINT {name}")
            else:
                self.forget()
            raise
        self.send(f"RELEASE SAVEPOINT {name}")

    def back_to(self, name: str) -> None:
        """Undo what was done since a savepoint, which stays."""
        self.forget()
        self.execute(f"ROLLBACK TO SAVEPOINT {name}")
