"""What all SQL ledgers share: who may write, one transaction a batch, and an operator's transaction beside it."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

from connectors.ledger import collected_events, parked_events, preflight, trial
from connectors.ledger.book import SqlBook
from connectors.ledger.database import Database, Rows
from connectors.ledger.state import SQL, LedgerState, Work
from connectors.ledger.state import read as read_state
from syncd.change import Position, Table
from syncd.delivery import Answer
from syncd.dialects import Dialect
from syncd.errors import Transient
from syncd.ports import Book, Desk, Finding, Layout
from syncd.posting import Posting
from syncd.record import timestamp


class SqlLedger:
    """A `ports.Ledger` over two connections that open when they are needed: one writes batches and holds the lock,
    the other serves people. In a dry run all that the writer does is one transaction, which is rolled back at the
    end."""

    def __init__(
        self,
        connection: Callable[[], Database],
        pipeline: str,
        layout: Layout,
        tables: Mapping[str, Table],
        mapping_hash: str,
        dry_run: bool,
        answers: Mapping[str, Answer] = {},
    ) -> None:
        self._connection = connection
        self._writer, self._reader = connection(), connection()
        self.dialect: Dialect = self._writer.dialect
        self._pipeline = pipeline
        self._layout = layout
        self._tables = tables
        self._mapping_hash = mapping_hash
        self._answers = answers
        self._dry_run = dry_run
        self._is_ours = False
        self._is_begun = self._is_reading = False
        self._state: LedgerState | None = None

    def check(self) -> list[Finding]:
        return preflight.check(self._people(), self._layout)

    def attempt(self, postings: Sequence[Posting]) -> list[Finding]:
        return trial.attempt(self._people(), self._layout, postings)

    def acquire(self) -> bool:
        if not self._writer.is_open:
            self._writer.open()
            self._is_ours = self._is_begun = False
        if not self._is_ours:
            self._is_ours = self._writer.lock(self._pipeline)
            # A dry run's transaction stays open to its end, and must not stand in the way of a source that waits for
            # open transactions before its first snapshot; where both databases are on one server, it would for ever.
            if self._is_ours and not self._dry_run:
                with self.begin():
                    pass  # the pipeline is known from now on
        return self._is_ours

    def is_held(self, pipeline: str) -> bool:
        if self._is_ours and pipeline == self._pipeline:
            return False
        other = self._connection()
        if other is self._writer:
            return False  # a database in memory is nobody else's
        with closing(other):
            other.open()
            return not other.lock(pipeline)

    def hold(self, what: str) -> bool:
        if not self._writer.is_open:
            self._writer.open()
        return self._writer.lock(f"{self._pipeline} {what}")

    def checkpoint(self) -> Position | None:
        rows = self._people().query("SELECT position FROM syncd.pipeline WHERE name = ?", (self._pipeline,))
        return Position(str(rows[0][0])) if rows and rows[0][0] is not None else None

    @contextmanager
    def begin(self) -> Iterator[Book]:
        with self._own() as database:
            if self._state is None:
                self._state = read_state(database, self._pipeline)
            work = self._work(database, self._state)
            if not work.state.event_hash:
                parked_events.begin(work)
            if not work.state.collected_hash:
                collected_events.begin(work)
            if work.state.months_before:
                collected_events.begin_months(work)
            if work.state.releases_before:
                collected_events.begin_releases(work)
            yield SqlBook(work)

    @contextmanager
    def writing(self) -> Iterator[Desk]:
        with self._own() as database:
            if not self._dry_run:  # which would keep operators waiting to its end
                database.queue()
            yield database

    @contextmanager
    def _own(self) -> Iterator[Database]:
        """One transaction of the writer."""
        if not (self._writer.is_open and self._is_ours) and not self.acquire():
            raise Transient("not_the_writer", pipeline=self._pipeline)
        try:
            self._start()
            yield self._writer
            self._end()
        except BaseException:
            self._state = None
            self._undo()
            raise

    @contextmanager
    def looking(self, subjects: Collection[str] = ()) -> Iterator[Book]:
        with self.reading():
            database = self._people()
            yield SqlBook(self._work(database, read_state(database, self._pipeline, subjects)), reads_only=True)

    def _work(self, database: Database, state: LedgerState) -> Work:
        now = timestamp(datetime.now(UTC))
        described = self._layout, self._tables, self._mapping_hash
        return Work(database, state, self._pipeline, *described, now, {}, self._answers)

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        return self._people().query(sql, params)

    def scan(self, sql: str, params: Sequence[object] = ()) -> Generator[tuple[object, ...]]:
        return self._people().scan(sql, params)

    @contextmanager
    def reading(self) -> Iterator[None]:
        if self._is_reading:
            yield
            return
        database = self._people()
        database.begin_reading()
        self._is_reading = True
        try:
            yield
        finally:
            self._is_reading = False
            database.rollback()

    def execute(self, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
        with self._transaction() as database:
            for sql, params in statements:
                database.execute(sql, params)

    def untouched(self, table: str) -> tuple[Mapping[str, str | None], bool]:
        database, given = self._people(), dict[str, str | None]()
        for name, column in database.columns(table).items():
            with suppress(ValueError):
                given[name] = column.constant
        return given, database.nature(table).acts

    def fall_due(self, rule: str) -> None:
        self.execute([(SQL["rule_falls_due"], (self._pipeline, rule))])
        if self._state is not None:
            self._state.may_be_due = True

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        with self._transaction() as database:
            database.queue()
            yield database

    def close(self) -> None:
        self._writer.close()
        self._reader.close()
        self._is_ours = self._is_begun = False
        self._state = None

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        database = self._people()
        database.begin()
        try:
            yield database
            database.commit()
        except BaseException:
            database.rollback()
            raise

    def _people(self) -> Database:
        if not self._reader.is_open:
            self._reader.open()
        return self._reader

    def _start(self) -> None:
        if not self._is_begun:
            self._writer.begin()
        if self._dry_run:
            self._is_begun = True
            self._writer.execute("SAVEPOINT syncd_batch")

    def _end(self) -> None:
        if self._dry_run:
            self._writer.execute("RELEASE SAVEPOINT syncd_batch")
        else:
            self._writer.commit()

    def _undo(self) -> None:
        if not self._dry_run:
            self._writer.rollback()
        elif self._writer.is_open and self._is_begun:
            self._writer.back_to("syncd_batch")
