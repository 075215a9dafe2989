"""The queue between the two threads: bounded, in order, and nothing is forgotten before it is acknowledged."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connectors.memory import Settings, Store, Write, connect
from syncd.change import ChangeSet, Column, Kind, Position, Table
from syncd.daemon import reader as reader_module
from syncd.daemon.reader import Reader
from syncd.errors import Halt, Transient
from syncd.ports import Source

ASSET = Table("asset", "asset", (Column("id", Kind.INTEGER),), (0,))
TABLES = {"asset": ASSET}
WAIT_S_MAX = 120.0


@pytest.fixture
def store() -> Store:
    return Store()


def test_invariant_11_the_queue_is_bounded_in_changes(store: Store) -> None:
    """The reader stops at the bound, whatever the sizes of the transactions, and goes on as it is emptied."""
    _commit(store, *[10] * 20)
    with _reader(store, queue=50, batch=20) as reader:
        _wait(lambda: _waiting(reader) == 50)
        seen = _drain(reader, 200)
    assert seen == list(range(200))


def test_a_set_larger_than_the_bound_passes_alone(store: Store) -> None:
    _commit(store, 30, 5)
    with _reader(store, queue=10, batch=10) as reader:
        assert _drain(reader, 35) == list(range(35))


def test_invariant_1_what_was_taken_comes_again_until_it_is_acknowledged(store: Store) -> None:
    _commit(store, 3)
    with _reader(store) as reader:
        first = _take(reader)
        assert reader.take() == first
        reader.ack(first[-1].position)
        assert reader.take() != first
        assert store.forgotten == 1


def test_what_was_read_before_a_failure_is_posted_first(store: Store) -> None:
    _commit(store, 3)
    with Reader(lambda: _Failing(store), _START, None, 100, 100) as reader:
        assert [len(s.changes) for s in _take(reader)] == [3]
        reader.ack(Position("s000000000001.000003"))
        with pytest.raises(Transient):
            _wait(lambda: bool(reader.take()))


def test_a_source_that_is_not_the_former_one_is_refused(store: Store) -> None:
    with pytest.raises(Halt) as raised, Reader(_connect(store), _START, "memory:other", 100, 100):
        pass
    assert raised.value.code == "source_changed"


def test_the_oldest_change_not_yet_posted_is_known(store: Store) -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    store.commit([Write("asset", None, (1,))], at)
    with _reader(store) as reader:
        taken = _take(reader)
        assert reader.oldest() == at
        reader.ack(taken[-1].position)
        assert reader.oldest() is None


def test_the_server_hears_of_a_reader_whose_queue_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finance is slow, so nothing is taken: a server that hears nothing for a minute would drop the reader."""
    monkeypatch.setattr(reader_module, "KEEPALIVE_INTERVAL_S", 0.01)
    _commit(store, *[10] * 5)
    heard = threading.Event()

    def listening() -> Source:
        source = connect(Settings(store), TABLES, "test")
        source.keepalive = heard.set  # type: ignore[method-assign]
        return source

    with Reader(listening, _START, None, 20, 20) as reader:
        _wait(lambda: _waiting(reader) == 20)
        assert heard.wait(WAIT_S_MAX), "nobody told the server while the queue was full"
        assert _drain(reader, 50) == list(range(50))


def test_a_snapshot_of_empty_tables_begins_and_ends(store: Store) -> None:
    """Of heartbeats the last says it all; where a snapshot begins is none, or nobody learns that it is over."""
    with Reader(lambda: _Saying(store, "s1", "s2", "r2", "r3", "s3", "s4"), _START, None, 100, 100) as reader:
        _wait(lambda: len(reader._waiting) == 3)
        assert [s.position for s in _take(reader)] == ["s2", "r3", "s4"]


class _Saying:
    """A source over the memory source that says empty sets with these positions."""

    def __init__(self, store: Store, *positions: str) -> None:
        source = connect(Settings(store), TABLES, "test")
        self._left = [ChangeSet((), Position(position)) for position in positions]
        self.start, self.lag, self.identity, self.close = source.start, source.lag, source.identity, source.close
        self.in_snapshot, self.keepalive = source.in_snapshot, source.keepalive

    def read(self, timeout_s: float) -> ChangeSet | None:
        return self._left.pop(0) if self._left else None


class _Failing:
    """A source over the memory source whose connection breaks after the first set."""

    def __init__(self, store: Store) -> None:
        self._source = connect(Settings(store), TABLES, "test")
        self._read = False
        self.check, self.start, self.ack = self._source.check, self._source.start, self._source.ack
        self.keepalive = self._source.keepalive
        self.lag, self.identity, self.close = self._source.lag, self._source.identity, self._source.close

    def read(self, timeout_s: float) -> ChangeSet | None:
        if self._read:
            raise Transient("connection_lost")
        self._read = True
        return self._source.read(timeout_s)


_START = Position("s000000000000.999999")


def _connect(store: Store) -> Callable[[], Source]:
    return lambda: connect(Settings(store), TABLES, "test")


def _reader(store: Store, queue: int = 100, batch: int = 100) -> Reader:
    return Reader(_connect(store), _START, None, queue, batch)


def _commit(store: Store, *sizes: int) -> None:
    """Transactions of these sizes, ids counted through."""
    first = 0
    for size in sizes:
        store.commit([Write("asset", None, (n,)) for n in range(first, first + size)])
        first += size


def _take(reader: Reader) -> list[ChangeSet]:
    deadline = time.monotonic() + WAIT_S_MAX
    while not (sets := reader.take()):
        assert time.monotonic() < deadline
    return list(sets)


def _drain(reader: Reader, count: int) -> list[object]:
    """The ids of the next `count` changes, each batch acknowledged."""
    seen: list[object] = []
    while len(seen) < count:
        sets = _take(reader)
        seen += [change.after[0] for s in sets for change in s.changes if change.after]
        reader.ack(sets[-1].position)
    return seen


def _waiting(reader: Reader) -> int:
    return reader._waiting_changes


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
