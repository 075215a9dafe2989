"""Checkpoints in a snapshot: a set's position is one, a change's never is, and a fault behind any set does no harm."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.changelog import source as changelog_source
from connectors.mysql import snapshot as mysql_snapshot
from connectors.postgres import snapshot as postgres_snapshot
from syncd.change import Change, ChangeSet
from syncd.errors import Gap
from syncd.ports import Source
from tests.conformance.eams import EAMS, Drop, Eam, Move, Put
from tests.conformance.reading import asset, changes, count, opened, read_until, start

ROWS = 7


@pytest.fixture(params=[*EAMS, "kafka"])
def eam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Eam]:
    with opened(request.param, request, tmp_path) as eam:
        yield eam


@pytest.fixture
def two_rows_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (changelog_source, mysql_snapshot, postgres_snapshot):
        monkeypatch.setattr(module, "ROWS_MAX", 2)


def test_what_names_a_change_of_a_snapshot_is_no_checkpoint(eam: Eam) -> None:
    """A ledger that took it for one would go on from nowhere: said clearly, with what to do."""
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 4)))
    with closing(start(eam)) as source:
        sets = read_until(source, count(3))
    for name in {c.position for c in changes(sets)}:
        with closing(eam.connect()) as source, pytest.raises(Gap, match="checkpoint_of_change"):
            source.start(name)
    if eam.whole:
        with closing(eam.connect()) as source:
            is_over = past_snapshot(source)
            source.snapshot_again(sets[0].changes[-1].position if eam.resumes else sets[0].position)
            assert [c.op for c in changes(read_until(source, is_over))] == ["read"] * 3, "what the hint says works"


def past_snapshot(source: Source) -> Callable[[list[ChangeSet]], bool]:
    return lambda sets: len(sets) > 1 and not source.in_snapshot(sets[-1].position)


def test_a_fault_behind_each_set_of_a_snapshot_loses_and_doubles_nothing(eam: Eam, two_rows_a_set: None) -> None:
    """Invariants 1 and 2: each row is said once, as it was when the snapshot began, and what happened meanwhile as
    changes, whichever set finance failed behind."""
    if not (eam.whole and eam.resumes):
        return
    eam.commit(*(Put("asset", asset(i)) for i in range(1, ROWS + 1)), Put("dept", (1, "one")))
    sets: list[ChangeSet] = []
    later = 100
    is_streaming = False
    while not is_streaming:
        with closing(start(eam, sets[-1].position if sets else None)) as source:
            sets += read_until(source, lambda sets: bool(sets))
            is_streaming = not source.in_snapshot(sets[-1].position)
            later += 1
            eam.commit(Put("asset", asset(later)))
            if len(sets) == 1:  # of rows that were said and of rows that were not
                eam.commit(Move("asset", (1,), asset(1, "later")), Drop("asset", (2,)))
                eam.commit(Move("asset", (ROWS,), asset(ROWS, "later")), Drop("asset", (ROWS - 1,)))
    with closing(start(eam, sets[-1].position)) as source:
        sets += read_until(source, lambda sets: any(_id(c) == later for c in changes(sets)))
    said = changes(sets)
    reads = [(c.table, c.after) for c in said if c.op == "read"]
    assert sorted(reads, key=repr) == [*(("asset", asset(i)) for i in range(1, ROWS + 1)), ("dept", (1, "one"))]
    assert [_id(c) for c in said if c.op == "insert"] == list(range(101, later + 1))
    assert [c.after for c in said if c.op == "update"] == [asset(1, "later"), asset(ROWS, "later")]
    assert [_id(c) for c in said if c.op == "delete"] == [2, ROWS - 1]
    assert len({c.position for c in said}) == len(said)


def _id(change: Change) -> object:
    row = change.after or change.before
    return row and row[0]


def test_invariant_13_a_snapshot_is_one_transaction(eam: Eam, two_rows_a_set: None) -> None:
    """What a row joins may be in a table that is read later: nothing is over before the snapshot is. Kafka keeps no
    order between topics; there, what is referred to is read first."""
    if not eam.whole:
        return
    eam.commit(*(Put("asset", asset(i)) for i in range(1, ROWS + 1)), Put("dept", (1, "one")))
    with closing(start(eam)) as source:
        sets = read_until(source, past_snapshot(source))
    said = [s for s in sets if s.changes]
    assert [s.cuts for s in said] == [()] * len(said)
    assert sets[-1].cuts is None, "and it ends with what comes behind it"
