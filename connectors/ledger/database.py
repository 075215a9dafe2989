"""What a ledger asks of one database connection, and what a server does in its own way.

A `Database` speaks the portable spelling of `syncd.statements` and raises only what `syncd.errors` knows.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final, Literal, NamedTuple

from syncd.change import Kind, Value
from syncd.errors import Fault
from syncd.ports import Finding

Rows = list[tuple[object, ...]]
Verb = Literal["insert", "upsert", "update", "delete"]
Chunks = Iterable[Sequence[tuple[Value, ...]]]
CHUNK_ROWS: Final = 2_000
"""Rows made at a time: a server takes in one lot while the next is made."""


class Physical(NamedTuple):
    """A column as the database has it. `length` is characters of text or digits of a number, `places` the digits
    after the point; None where the type sets no bound. `kind` is None for a type that is not judged. `required` is
    NOT NULL without a default; `exact` says that a decimal survives in it."""

    type: str
    kind: Kind | None
    length: int | None
    places: int | None
    required: bool
    exact: bool


class Database(ABC):
    """One connection. It is opened by `open` alone: one that came back by itself would come back without its lock."""

    dialect: ClassVar[Literal["postgres", "sqlite", "mysql"]]
    for_update: ClassVar[str]
    """What a SELECT ends with to keep others from its rows until the transaction ends."""

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

    @abstractmethod
    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """How many rows were touched."""

    def send(self, sql: str, params: Sequence[object] = ()) -> None:
        """Execute, perhaps without waiting for it: what became of it is then raised by whatever is asked next."""
        self.execute(sql, params)

    @abstractmethod
    def each(self, sql: str, params: Sequence[object], keys: Collection[str]) -> Rows:
        """The rows of a SELECT for each key, which is its last parameter. Always by index: a table that is new to
        the server's statistics is not read whole for a batch."""

    @abstractmethod
    def put(self, table: str, columns: tuple[str, ...], key: tuple[str, ...], verb: Verb, chunks: Chunks) -> None:
        """Write rows, see `TableWrite`, while they are still being made; or delete those with these keys."""

    @abstractmethod
    def settle(self) -> None:
        """Let deferred constraints speak now, while the row at fault can still be found."""

    @abstractmethod
    def columns(self, table: str) -> Mapping[str, Physical]:
        """A table's columns; empty when there is no such table."""

    @abstractmethod
    def missing_right(self, table: str, columns: Sequence[str]) -> str:
        """The GRANT that would let us read and write these columns; empty when nothing is missing."""

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
    def widened(self, table: str, column: str) -> str:
        """The statement that makes a column hold money."""

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        """Undo only what the block did when it raises; the transaction goes on."""
        self.send(f"SAVEPOINT {name}")
        try:
            yield
        except Fault:
            if self.is_open:
                self.execute(f"ROLLBACK TO SAVEPOINT {name}")
                self.execute(f"RELEASE SAVEPOINT {name}")
            raise
        self.send(f"RELEASE SAVEPOINT {name}")
