"""Where a source's log ends while it goes on, and a new snapshot of a pipeline that was read before."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count as numbers
from itertools import pairwise
from pathlib import Path

import pytest

from syncd.change import ChangeSet, Row
from syncd.errors import Halt
from syncd.ports import Source
from tests.conformance.eams import EAMS, Drop, Eam, Move, Put, Step
from tests.conformance.reading import apply, asset, begun, changes, count, opened, read_until, start


@pytest.fixture(params=[*EAMS, "kafka"])
def eam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Eam]:
    with opened(request.param, request, tmp_path) as eam:
        yield eam


class Talker(threading.Thread):
    """Somebody who never stops to commit: by himself, or where he may not, whenever it is his turn."""

    def __init__(self, eam: Eam) -> None:
        super().__init__()
        self._eam, self._ids = eam, numbers(100_000)
        self._one_at_a_time, self._over = threading.Lock(), threading.Event()

    def __enter__(self) -> "Talker":
        if self._eam.threads:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._eam.threads:
            self.join()

    def run(self) -> None:
        while not self._over.wait(0.01):
            self.commit(Put("asset", asset(next(self._ids))))

    def turn(self) -> None:
        if not self._eam.threads:
            self.commit(Put("asset", asset(next(self._ids))))

    def commit(self, *steps: Step) -> None:
        """What somebody else does meanwhile."""
        with self._one_at_a_time:
            self._eam.commit(*steps)


def test_the_end_is_reached_though_the_log_goes_on(eam: Eam) -> None:
    """Who carries to the end ends (invariant 13), with all that was committed before."""
    source, origin = begun(eam)
    source.close()
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 2501)))
    with closing(start(eam, origin)) as source, Talker(eam) as talker:
        end = source.end()
        assert not source.reaches(origin, end)

        def is_over(sets: list[ChangeSet]) -> bool:
            talker.turn()
            return bool(sets) and source.reaches(sets[-1].position, end)

        sets = read_until(source, is_over)
    before = [s for s in sets if not source.reaches(s.position, end)]
    said = [c.after[0] for c in changes(sets) if c.after]
    assert set(said) >= set(range(1, 2501 if eam.whole else said[0])), "a topic ends where its connector is"
    assert changes(before) == changes(sets)[: len(changes(before))]


def test_the_end_is_reached_though_nothing_comes(eam: Eam) -> None:
    """The log's end may be of other people's tables, or where the reader stands already."""
    source, origin = begun(eam)
    with closing(source):
        end = source.end()
        if not source.reaches(origin, end):
            origin = read_until(source, lambda sets: bool(sets) and source.reaches(sets[-1].position, end))[-1].position
        eam.note()
        end = source.end()
        if not source.reaches(origin, end):
            assert not changes(read_until(source, lambda sets: bool(sets) and source.reaches(sets[-1].position, end)))


def past_snapshot(source: Source) -> Callable[[list[ChangeSet]], bool]:
    """A snapshot was read, and a set beyond it."""
    return lambda sets: any(
        source.in_snapshot(s.position) and not source.in_snapshot(after.position) for s, after in pairwise(sets)
    )


def test_a_new_snapshot_swallows_no_event(eam: Eam) -> None:
    """Invariants 1 and 13: what is committed between the catch-up and the snapshot is said as what it was."""
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 5)))
    source, origin = begun(eam)
    source.close()
    eam.commit(Put("asset", asset(10)), Move("asset", (1,), asset(1, "later")))
    source = eam.connect()
    with closing(source), Talker(eam) as talker:
        if not eam.resumes:
            with pytest.raises(Halt, match="engine_no_again"):
                source.snapshot_again(origin)
            return
        source.snapshot_again(origin)
        talker.commit(Drop("asset", (2,)))

        def is_over(sets: list[ChangeSet]) -> bool:
            talker.turn()
            return past_snapshot(source)(sets)

        sets = read_until(source, is_over)
    with closing(source := start(eam, sets[-1].position)):
        eam.commit(Put("dept", (1, "last")))
        sets += read_until(source, lambda sets: any(c.table == "dept" for c in changes(sets)))
    images: dict[tuple[str, str], Row] = {}
    states = [s for s in sets if source.in_snapshot(s.position)] if eam.whole else sets
    first = sets.index(states[0])
    assert not states[0].changes, "the snapshot begins with a set of its own"
    assert eam.whole == any(c.op != "read" for c in changes(sets[:first])), "the log comes before it"
    for change in changes(sets[first:]):
        apply(images, change)
    ids = {row[0] for row in images.values()} - {1}
    assert ids >= {3, 4, 10}
    assert 2 not in ids
    assert images["asset", "1"] == asset(1, "later")
    events = {c.after[0] for c in changes(sets) if c.op == "insert" and c.after}
    assert events >= ids - {3, 4}, "each was said as an insert, whether or not as a row too"
    assert [c.op for c in changes(sets) if (c.before or (0,))[0] == 2][:1] == ["delete"]


def test_a_new_snapshot_goes_on_where_it_was_left(eam: Eam) -> None:
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 2501)))
    source, origin = begun(eam)
    source.close()
    if not (eam.resumes and eam.whole):
        return
    eam.commit(Put("asset", asset(3000)))
    with closing(eam.connect()) as source:
        source.snapshot_again(origin)
        sets = read_until(source, lambda sets: bool(sets) and source.in_snapshot(sets[-1].position))
    eam.commit(Put("asset", asset(3001)))
    for _ in range(2):
        with closing(start(eam, sets[-1].position)) as source:
            sets += read_until(source, lambda sets: bool(sets))
    with closing(start(eam, sets[-1].position)) as source:
        rest = read_until(source, lambda sets: any(c.op == "insert" for c in changes(sets)))
    said = [c.after[0] for c in changes(sets + rest) if c.op == "read" and c.after]
    assert sorted(said) == [*range(1, 2501), 3000]
    assert {c.after[0] for c in changes(rest) if c.op == "insert" and c.after} >= {3001}


def test_a_snapshot_that_was_interrupted_is_begun_anew_as_of_its_own_moment(eam: Eam) -> None:
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 2501)))
    with closing(start(eam)) as source:
        first = source.read(20)
    assert first is not None
    eam.commit(Put("asset", asset(3000)))
    with closing(eam.connect()) as source:
        source.snapshot_again(first.position)
        sets = read_until(source, lambda sets: past_snapshot(source)(sets) and count(2501)(sets))
    assert not sets[0].changes
    if not eam.whole:
        return
    said = [(c.op, c.after[0]) for c in changes(sets) if c.after]
    rows = [("read", i) for i in range(1, 2501)]
    assert sorted(said[:2500]) == rows
    assert said[2500:] == ([("insert", 3000)] if eam.resumes else [("read", 3000)])
