"""The protocols that the pipeline speaks. Connectors implement them; `wiring` brings them together."""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from syncd.change import Change, ChangeSet, Kind, Position, Row, Value
from syncd.posting import Batch, Fields, Outcome, Posting


class Finding(NamedTuple):
    """One result of a preflight check. `code` and `params` name the message; `repair` is the statement that
    mends it, empty when the level is `ok`."""

    level: Literal["ok", "warning", "error"]
    code: str
    params: Mapping[str, str]
    repair: str = ""


class Lag(NamedTuple):
    """How far behind a source's log the reader is. Bytes or rows behind, None where it cannot be known. While a
    snapshot is read, `note` says how far: `table`, `rows` and `rows_total`."""

    bytes_behind: int | None
    rows_behind: int | None
    note: Mapping[str, str]


class Source(Protocol):
    """A log of changes. Not thread-safe, save `ack`, which may be called from another thread.

    Delivery is at least once, in log order: after `start(p)`, every change after `p` is read, whatever was
    read before. `start(None)` takes a consistent snapshot first and then streams from exactly that point;
    a snapshot's positions sort before all positions of the stream, and `start` resumes it from any of them.
    """

    def check(self) -> list[Finding]: ...
    def start(self, checkpoint: Position | None) -> None:
        """Raises Gap, here or from the first `read`, when the log no longer holds what came after the checkpoint."""
        ...

    def look(self) -> None:
        """As `start(None)`, but nothing is made, moved or forgotten at the source. `read` ends behind the snapshot."""
        ...

    def in_snapshot(self, position: Position) -> bool:
        """Whether a set's position lies in a snapshot, so that more of it may come: the first set that is said beyond
        is its end. Heartbeats and empty tables keep to that too. Any thread may ask."""
        ...

    def find_whole(self) -> Collection[str]:
        """For a repair, before `start(None)` or `look()`: the aliases of the tables of which the snapshot will say
        every row. A source that takes none itself, as a topic, looks for the newest in its log and will begin there.
        Raises Halt when there is none that is whole."""
        ...

    def read(self, timeout_s: float) -> ChangeSet | None:
        """The next set, of at most a few thousand changes; None if nothing came within the timeout."""
        ...

    def ack(self, position: Position) -> None:
        """Everything up to `position` is durable in the ledger: the source may forget it."""
        ...

    def keepalive(self) -> None:
        """Tell the server that the reader lives; for when `read` is not called for seconds."""
        ...

    def lag(self) -> Lag: ...
    def identity(self) -> str:
        """What must not change between runs for positions to keep their meaning (system id, slot, …)."""
        ...

    def close(self) -> None: ...


class Period(NamedTuple):
    """An accounting period: `code` is `YYYY-MM`, both dates inclusive."""

    code: str
    first: date
    last: date
    open: bool


class Posted(NamedTuple):
    """A posting that exists: its key, rule, voucher reference (empty if none) and content, and the key of the
    posting that reversed it (empty if none)."""

    key: str
    rule: str
    voucher: str
    content: str
    reversed_by: str


class Parked(NamedTuple):
    """A parked row as the daemon takes it up again. `approved` are the rules that a person approved for it.
    `refused` is how often finance has just refused it: as it is, then with its first correction, and so on."""

    id: int
    subject: str
    change: Change
    approved: frozenset[str]
    refused: int = 0


class CollectedRow(NamedTuple):
    """A collected row as it was read, to be posted with its group. `key` is its idempotency key."""

    key: str
    subject: str
    change: Change


class Book(Protocol):
    """The ledger within one transaction: what the translator may look up, and the one write."""

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]: ...
    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]: ...
    def latest(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Posted]:
        """Per subject, its newest posting by one of `rules` that is not reversed and is no reversal."""
        ...

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        """The finance cards as they stand, as logical fields of the layout."""
        ...

    def periods(self) -> Sequence[Period]: ...
    def lookup(self, name: str) -> Mapping[Value, Value]:
        """A lookup of the finance layout (account code → id, …), whole."""
        ...

    def held(self) -> Collection[str]:
        """The subjects that have parked rows."""
        ...

    def write(self, batch: Batch) -> Sequence[Outcome]:
        """Write a batch; returns the outcomes as they were written, refused postings turned into rejections.
        Raises what `errors` calls transient or systemic; the caller's transaction then rolls back."""
        ...

    def parked(self, positions: Collection[Position]) -> Collection[Position]:
        """Those of the positions whose change was parked, whatever became of it since."""
        ...

    def requested(self, limit: int) -> Sequence[Parked]:
        """Parked rows that a person or an arrived reference asked to be tried again, with their followers,
        in source order per subject."""
        ...

    def due_groups(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(rule, group) of collected rows that were released and not yet posted."""
        ...

    def collected(self, rule: str, group: str) -> Iterator[CollectedRow]: ...


class Ledger(Protocol):
    """The finance database with syncd's state beside it."""

    dialect: Literal["postgres", "sqlite", "mysql"]

    def check(self) -> list[Finding]: ...
    def acquire(self) -> bool:
        """Become the one writer of this pipeline; False while another holds it."""
        ...

    def checkpoint(self) -> Position | None: ...
    def begin(self) -> AbstractContextManager[Book]:
        """One transaction: commits when the block ends, rolls back when it raises or the ledger is a dry run."""
        ...

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of a statement in portable SQL: `?` parameters, state tables written as `syncd.name`."""
        ...

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        """As `query`, row by row, for more than memory should hold."""
        ...

    def execute(self, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
        """Statements in one transaction, same spelling as `query`."""
        ...

    def desk(self) -> AbstractContextManager["Desk"]:
        """One transaction of an operator. They run one after the other, so that the chain of actions never forks."""
        ...

    def close(self) -> None: ...


class Desk(Protocol):
    """The ledger within one transaction of an operator; same spelling as `Ledger.query`."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...
    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """How many rows the statement touched."""
        ...

    def define(self, script: Sequence[str]) -> None:
        """Make syncd's own tables: the statements of a migration."""
        ...


class TableWrite(NamedTuple):
    """Rows for one physical finance table. `insert` refuses an existing key; `upsert` replaces the given
    columns of it, and so does `open`, whose rows are seldom there; `update` touches existing rows only. Rows are
    tuples in the order of `columns`."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    verb: Literal["insert", "open", "upsert", "update"]
    rows: Sequence[tuple[Value, ...]]


class Numbered(NamedTuple):
    """A posting with the number its voucher was given (0 when it has no voucher)."""

    posting: Posting
    number: int


class LookupSpec(NamedTuple):
    """A finance table from which the layout translates codes: columns `code` → `gives`, rows where `where`."""

    name: str
    table: str
    code: str
    gives: str
    where: str

    @property
    def query(self) -> str:
        """SELECT code and what it stands for."""
        where = f" WHERE {self.where}" if self.where else ""
        return f"SELECT {self.code}, {self.gives} FROM {self.table}{where}"


class Layout(Protocol):
    """The physical shape of finance, compiled from a layout file: pure, so every ledger shares it.

    Tables are named as in PostgreSQL, unquoted. Where there are no schemas the ledger joins the name by `_`, in
    `TableWrite.table` and after FROM and JOIN of a query: `fin.card` is the table `fin_card`."""

    name: str
    lookups: Mapping[str, LookupSpec]

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterable[TableWrite]:
        """Finance rows in the order they must be written."""
        ...

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        """Every finance table written in these periods, with its columns and the kind of value each is given."""
        ...

    def holds(self, field: str, periods: Sequence[Period]) -> Iterable[tuple[str, str]]:
        """The tables and columns that hold a field of the voucher or the entry as it is: `voucher.key`."""
        ...

    def cards_query(self, count: int) -> str:
        """SELECT asset_code and the card's logical fields (`card_fields`, in order) of `count` asset codes."""
        ...

    card_fields: tuple[str, ...]

    def card_row(self, row: Sequence[object]) -> Fields:
        """A row of `cards_query` as logical fields, exact."""
        ...

    def periods_query(self) -> str:
        """SELECT code, first, last, open."""
        ...

    def last_number_query(self, period: str) -> str:
        """SELECT the highest voucher number that finance holds for (?, ?) = (period, type). The period names the
        table where finance keeps a table a year."""
        ...

    def voucher_ref(self, period: str, type: str, number: int) -> str:
        """What people call the voucher: `2026-02 记-12`."""
        ...
