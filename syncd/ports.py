"""The protocols that the pipeline speaks. Connectors implement them; `wiring` brings them together."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final, Literal, NamedTuple, Protocol

from syncd.audit import Anchored
from syncd.change import Change, ChangeSet, Kind, Position, Row, Value
from syncd.delivery import Asked, Delivery, Sent
from syncd.dialects import Dialect
from syncd.journal import Shape
from syncd.posting import Batch, Fields, Outcome, Posting, Voucher

ANY_TYPE: Final = ""
"""Of a period's series of numbers the one that every writer holds who begins another, and who closes the period."""
INVENTED: Final = "SYNCD-CHECK"
"""Stands in what is tried on finance for a text that only a row of the EAM could tell."""


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

    def snapshot_again(self, checkpoint: Position) -> None:
        """Begin a new snapshot of a pipeline that was read up to a checkpoint. No event is swallowed by a state: what
        was committed between the checkpoint and the snapshot's point is said as changes, under the names that the
        stream gives them. In this order:

        1. the log from the checkpoint on, in sets of the stream. All of it is a checkpoint as ever: a daemon that is
           started from one of them streams on, and no snapshot is taken. Nothing, where the checkpoint lies in a
           snapshot: it is that one, of its own moment, that is begun anew. A topic is read again as it is;
        2. the snapshot, from the first set that is `in_snapshot`: an empty one, whose position begins it. `start`
           resumes it from there as any other. Its sets say every row as it was at the snapshot's point;
        3. the stream, from the first set behind those that is not `in_snapshot`. It says what came after that point,
           and may say some of what came before it once more.

        Raises Gap when the log no longer holds what came after the checkpoint, and Halt when this source cannot keep
        the promise."""
        ...

    def look(self) -> None:
        """As `start(None)`, but nothing is made, moved or forgotten at the source. `read` ends behind the snapshot."""
        ...

    def in_snapshot(self, position: Position) -> bool:
        """Whether a set's position lies in a snapshot, so that more of it may come: the first set that is said beyond
        is its end. Heartbeats and empty tables keep to that too. Any thread may ask."""
        ...

    def end(self) -> Position:
        """Where the log ends at this moment, once started: what was committed by now stands before it. It is no
        checkpoint. However much is written meanwhile, and also if nothing is, a set that `reaches` it comes soon,
        unless the checkpoint reaches it already. A snapshot that is being read ends first."""
        ...

    def reaches(self, position: Position, end: Position) -> bool:
        """Whether everything before `end`, the last one that was asked for or the position of a set, has been said
        once a set with this position is taken. Any thread may ask."""
        ...

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        """For a repair, before `start(None)` or `look()`: the aliases of the tables of which the snapshot will say
        every row. A source that takes none itself, as a topic, looks for the newest in its log and will begin there.
        Where the log has kept something to itself that came after a checkpoint, nothing that it still holds is said,
        if the source can begin behind it. Raises Halt when there is none that is whole."""
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
        """What must not change between runs for positions to keep their meaning (system id, slot, …), and what tells
        whether the log may have kept something to itself meanwhile."""
        ...

    def recognise(self, known: str) -> None:
        """Before anything is begun. Raises Gap when a position under this earlier identity means nothing any more, or
        when not all that came after it can be in the log."""
        ...

    def close(self) -> None: ...


class Period(NamedTuple):
    """An accounting period: `code` is `YYYY-MM`, both dates inclusive. `since` is the first day of an open one on which
    vouchers are still taken, where that is not its first."""

    code: str
    first: date
    last: date
    open: bool
    since: date | None = None

    @property
    def begins(self) -> date:
        """Its first day on which vouchers are taken, if it is open."""
        return self.since or self.first


class Posted(NamedTuple):
    """A posting that exists: its key, rule, voucher reference (empty if none) and content, and the key of the
    posting that reversed it (empty if none). A collected row that is not posted yet has no voucher and no content.
    `position` names the change that it was made of, where it is asked for by key."""

    key: str
    rule: str
    voucher: str
    content: str
    reversed_by: str
    position: str = ""


class Corrected(NamedTuple):
    """A parked row with later parked rows of the same source row folded in; `change` is None when nothing is left of
    them all. `sent` is the same as the EAM sent it, where a person has edited one of them."""

    change: Change | None
    folded: tuple[int, ...]
    sent: Change | None = None


class Parked(NamedTuple):
    """A parked row as the daemon takes it up again. `approved` are the steps that people approved for it, as
    `Step.token` calls them; `sent` is what the EAM sent, where a person has edited it since. Where corrections are all
    that came since it was tried, `corrected` is what is tried beside the row as it stands: the row with all earlier
    ones and the first of these, with the second too, and so on; `waits_for` is then what the row waits for by what the
    earlier ones came to."""

    id: int
    subject: str
    change: Change
    approved: frozenset[str]
    corrected: tuple[Corrected, ...] = ()
    waits_for: str = ""
    sent: Change | None = None


class _EveryStep(frozenset[str]):
    def __contains__(self, token: object) -> bool:
        return True


EVERY_STEP: Final[frozenset[str]] = _EveryStep()
"""`Parked.approved` of what everybody has agreed to who has to: a collected row when its group is posted, and what is
tried only to be shown."""


class Head(NamedTuple):
    """The first open parked row of a subject: its number, and what it waits for in the words of
    `Rejection.waits_for`."""

    id: int
    waits_for: str


class Holds(Protocol):
    """Whom the open parked rows hold back."""

    @property
    def heads(self) -> Mapping[str, Head]:
        """Subject → its head."""
        ...

    @property
    def rows(self) -> Mapping[str, str]:
        """Source row, as `table:key`, → the subject under which its changes are parked."""
        ...

    @property
    def awaited(self) -> Collection[str]:
        """All that open parked rows wait for."""
        ...


class CollectedRow(NamedTuple):
    """A collected row as it was read, to be posted with its group. `key` is its idempotency key, `number` its place
    among the parked rows, should it have to be parked; 0 where none was kept."""

    key: str
    subject: str
    change: Change
    number: int = 0


class KeptRow(NamedTuple):
    """Where a collected row stands: its source row, as `table:key`, whether it is in its group's voucher, the asset
    code whose card that will change, and `RULE/GROUP`."""

    row: str
    is_in_voucher: bool
    card: str = ""
    group: str = ""


NOT_KEPT: Final = KeptRow("", False)


class Book(Protocol):
    """The ledger within one transaction: what the translator may look up, and the one write."""

    @property
    def row_letters_max(self) -> int:
        """How many letters `table:key` of a source row may have to be kept."""
        ...

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]: ...
    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]: ...
    def standing(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Sequence[Posted]]:
        """Per subject, its postings by `rules` that are not reversed and are no reversals, the oldest first."""
        ...

    def standing_of(self, rows: Collection[str], rules: Collection[str]) -> Sequence[Posted]:
        """What the rules have made of a source row, given as every `table:key` that it has had, and that still stands,
        the oldest first; empty for what was made before rows were kept with postings."""
        ...

    def moved(self, row: str) -> str | None:
        """Under which `table:key` a source row was known before its key changed to this one."""
        ...

    def collecting(self, asset_codes: Collection[str], without: Collection[str] = ()) -> Mapping[str, str]:
        """Asset code → `RULE/GROUP` of the first group with a collected row that will change the card; of those only
        that have one. Rows `without` which, by their idempotency keys, are not counted."""
        ...

    def collected_row(self, key: str) -> KeptRow:
        """A collected row by its idempotency key; NOT_KEPT where there is none."""
        ...

    def is_released(self, rule: str, group: str) -> bool:
        """Whether rows of the group are due when they come."""
        ...

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        """The finance cards as they stand, as logical fields of the layout."""
        ...

    @property
    def refuses_cards(self) -> bool:
        """Whether finance itself refuses to open a card that is there already, so that nobody need ask before: `write`
        then raises Refused of nothing, and the batch is to be made again, asking."""
        ...

    def periods(self) -> Sequence[Period]: ...
    def lookup(self, name: str) -> Mapping[Value, Value]:
        """A lookup of the finance layout (account code → id, …), whole."""
        ...

    def budget(self, name: str) -> Mapping[Value, Value] | None:
        """What budgets have left by a lookup, kept from other writers to the end; None where nobody knows."""
        ...

    def class_cards(self, class_: str) -> Mapping[str, Fields] | None:
        """The cards of a class as they stand, others too where finance does not tell; None where nobody knows."""
        ...

    def journal(self, asked: "Statement") -> Sequence[Sequence[object]] | None:
        """What finance's own vouchers answer at this moment; None where nobody knows."""
        ...

    def holds(self) -> Holds: ...
    def write(self, batch: Batch) -> Sequence[Outcome]:
        """Write a batch; returns the outcomes as they were written, a refused posting of a group turned into a
        rejection. Raises Refused for any other, and what `errors` calls transient or systemic; the caller's transaction
        then rolls back."""
        ...

    def parked(self, positions: Collection[Position]) -> Collection[Position]:
        """Those of the positions whose change was parked, whatever became of it since."""
        ...

    def requested(self, limit: int) -> Sequence[Parked]:
        """Parked rows that a person, something that arrived or a correction asked to be tried again, with their
        followers, in source order per subject."""
        ...

    def due_groups(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(rule, group) of collected rows that were released and not yet posted."""
        ...

    def collected(self, rule: str, group: str) -> Generator[CollectedRow]:
        """The rows of a group that are due, in source order. Others may be asked for meanwhile; to be closed before the
        transaction ends."""
        ...


class Ledger(Protocol):
    """The finance database with syncd's state beside it."""

    dialect: Dialect

    def check(self) -> list[Finding]: ...
    def attempt(self, postings: Sequence[Posting]) -> list[Finding]:
        """Write postings, look at what finance holds of them, and take everything back: what it would not take, or made
        something else of. Nothing when all is well."""
        ...

    def acquire(self) -> bool:
        """Become the one writer of this pipeline; False while another holds it."""
        ...

    def is_held(self, pipeline: str) -> bool:
        """Whether somebody else is the writer of a pipeline at this moment, whatever any clock says. Writes nothing."""
        ...

    def hold(self, what: str) -> bool:
        """Be the one who does something for the pipeline beside posting; False while another does. Asked again and
        again it says whether that still holds."""
        ...

    def checkpoint(self) -> Position | None: ...
    def begin(self) -> AbstractContextManager[Book]:
        """One transaction: commits when the block ends, rolls back when it raises or the ledger is a dry run."""
        ...

    def writing(self) -> AbstractContextManager["Desk"]:
        """One transaction of the writer beside its batches, for what it works out of what they have posted: a dry run
        sees what it has done itself, and takes this back with the rest. No operator is in a transaction meanwhile."""
        ...

    def looking(self, subjects: Collection[str] = ()) -> AbstractContextManager[Book]:
        """What the translator may look up, as it stands at one moment, whoever the writer is. Nothing is written: no
        `write`, no `requested`. With `subjects` it knows the open parked rows of these alone."""
        ...

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of a statement in portable SQL: `?` parameters, state tables written as `syncd.name`."""
        ...

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        """As `query`, row by row, for more than memory should hold."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """What `query` and `scan` say within the block is of one moment, that of the outermost; nothing is written in
        it. Of rows that are scanned the last must be read, or the scan closed, before anything else is asked."""
        ...

    def execute(self, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
        """Statements in one transaction, same spelling as `query`."""
        ...

    def untouched(self, table: str) -> tuple[Mapping[str, str | None], bool]:
        """Columns that finance does not compute, and what they hold if given nothing; whether triggers may fill any."""
        ...

    def fall_due(self, rule: str) -> None:
        """The time has come of all that a rule has collected so far."""
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


class Relay(Protocol):
    """A way to something outside. It is used by one thread, and opens its session when it needs one. What goes wrong is
    a value: neither method raises for anything that the other side does."""

    def send(self, delivery: Delivery) -> Sent: ...
    def ask(self, delivery: Delivery) -> Asked:
        """Whether a delivery that may have been taken was."""
        ...

    def close(self) -> None: ...


class Anchor(Protocol):
    """A place outside finance that keeps heads of hash chains. Both raise `anchor_failed`."""

    def append(self, heads: Sequence[Anchored]) -> None:
        """Keep these beside all earlier ones, durably."""
        ...

    def read(self) -> Iterator[Anchored]:
        """All that were kept, in order; none where nothing was yet."""
        ...


class Drawn(NamedTuple):
    """A column that finance fills with the next id as a row goes in. `sequence` is where the layout says that the ids
    come from, empty for the column's own; `known_by` the column that tells each row from every other, empty where none
    does, among the rows `where`. `ids` are those that finance gave, in the rows' order: empty until they are in."""

    column: str
    sequence: str
    known_by: str
    ids: list[int]
    where: str = ""


class TableWrite(NamedTuple):
    """Rows for one physical finance table. `insert` refuses an existing key; `upsert` replaces the given
    columns of it, and so does `open`, whose rows are seldom there; `update` touches existing rows only; `rename` makes
    the first of two rows the second; `find` writes nothing, and asks for the ids of rows that are there. Rows are
    tuples in the order of `columns`. `drawn` is a column besides, whose values only finance knows: what is rendered
    behind this write refers to them. `where` is what finance says of these rows and not of others in the table, which
    its unique indexes may ask."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    verb: Literal["insert", "open", "upsert", "update", "rename", "find"]
    rows: Sequence[tuple[Value, ...]]
    drawn: Drawn | None = None
    where: str = ""


class Numbered(NamedTuple):
    """A posting with the number its voucher was given (0 when it has no voucher)."""

    posting: Posting
    number: int


Series = tuple[str, str]
"""Vouchers that are numbered together: by period and type, or as the layout says otherwise under a name of its own."""
Statement = tuple[str, Sequence[object]]
"""In the spelling of `Ledger.query`, and its parameters."""


class LookupSpec(NamedTuple):
    """A finance table from which the layout translates codes: columns `code` → `gives`, rows where `where`. `called` is
    what people call the code there, empty where the layout does not say."""

    name: str
    table: str
    code: str
    gives: str
    where: str
    called: str = ""

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
    shape: Shape
    """How a voucher lies in its tables, as the record remembers it."""

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterable[TableWrite]:
        """Finance rows in the order they must be written; each write must be in finance, and its `drawn` filled, before
        the next is asked for."""
        ...

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        """Every finance table written in these periods, with its columns and the kind of value each is given."""
        ...

    def drawn(self, periods: Sequence[Period]) -> Mapping[str, Drawn]:
        """Of the tables written in these periods those with a column that finance fills with ids."""
        ...

    def holds(self, field: str, periods: Sequence[Period]) -> Iterable[tuple[str, str]]:
        """The tables and columns that hold a field of the card, the voucher or the entry as it is: `voucher.key`."""
        ...

    def places(self, field: str) -> int | None:
        """How many digits after the point finance keeps of a card field; None where the layout does not say."""
        ...

    finance_edits: frozenset[str]
    """Card fields, and columns of other tables as `TABLE.COLUMN`, that finance's own people change, too."""

    held: frozenset[str]
    """Card fields that rules write, each in a column that holds it as it is and is read as it is."""

    def exact(self, kind: Kind, value: object) -> Value:
        """A value as a database driver, or JSON, gave it, as the kind it is; a time without a zone is one of the books'
        zone. Raises ValueError for a float."""
        ...

    def class_query(self) -> str:
        """As `card_query`, of a class, `… = ?`; of every card, without parameter, where SQL does not tell the class."""
        ...

    def card_query(self) -> str:
        """SELECT asset_code and the card's logical fields (`card_fields`, in order) of one asset code, `… = ?`; empty
        where finance has no cards."""
        ...

    card_fields: tuple[str, ...]
    card_guard: str
    """The table whose key refuses a card that is there already; empty where a key is more than the asset code."""

    def card_row(self, row: Sequence[object]) -> Fields:
        """A row of `card_query` as logical fields, exact."""
        ...

    def periods_query(self) -> str:
        """What finance is asked for its periods; empty for nothing."""
        ...

    def periods(self, rows: Sequence[Sequence[object]]) -> Sequence[Period]:
        """The periods by what finance answered to that, the oldest first."""
        ...

    def period_update(self, code: str, is_open: bool) -> tuple[str, Sequence[object]] | None:
        """The statement that closes a period in finance's own table, or opens it; None where the layout says none."""
        ...

    series: Callable[[str, str], Series | None] | None
    """(period, type) → the series of such a voucher, None where it has no number. None where vouchers are numbered by
    period and type: the series is that pair."""

    def kept(self, period: str) -> str:
        """What syncd's own tables call a period: by its code alone, unless the database holds several books."""
        ...

    def last_number(self, series: Series) -> Statement:
        """SELECT what finance holds of a series' numbers: the highest, or all of them as they are written."""
        ...

    def numbered(self, series: Series) -> tuple[str, str, str, Sequence[object]]:
        """Where finance keeps a series' numbers: the table, SQL over its columns, ` WHERE …` or nothing, and what is
        asked there."""
        ...

    def number_in(self, found: object) -> int:
        """A number that such a statement found; 0 for none."""
        ...

    def last_date(self, series: Series) -> Statement | None:
        """SELECT the latest voucher day that finance holds of a series; None where the layout does not ask that days
        ascend with numbers."""
        ...

    def voucher_ref(self, period: str, type: str, number: int, key: str) -> str:
        """What people call the voucher of a posting with this key: `2026-02 记-12`."""
        ...

    def voucher_called(self, voucher: Voucher, number: int) -> str:
        """What summaries call a voucher, in the language of the books: `2026年2月5日记-12号`."""
        ...
