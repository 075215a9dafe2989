"""What a source says of its transactions (invariant 13): where they end, and what has to be judged together."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncd.change import ChangeSet
from tests.conformance.eams import EAMS, Drop, Eam, Move, Put
from tests.conformance.reading import asset, begun, changes, count, opened, read_until, start, transactions


@pytest.fixture(params=[*EAMS, "kafka", "kafka-transactions"])
def eam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Eam]:
    with opened(request.param, request, tmp_path) as eam:
        yield eam


def ended(number: int) -> Callable[[list[ChangeSet]], bool]:
    """So many changes were said, and nothing of them is open."""
    return lambda sets: count(number)(sets) and not transactions(sets)[1] and sets[-1].cuts != ()


def test_a_transaction_of_several_rows_is_never_cut_inside(eam: Eam) -> None:
    source, _ = begun(eam)
    with closing(source):
        eam.commit(Put("asset", asset(1)), Put("asset", asset(2)), Put("dept", (1, "one")))
        eam.commit(Move("asset", (1,), asset(1, "b")))
        eam.note()
        eam.commit(Move("asset", (2,), asset(22)), Drop("asset", (1,)))
        sets = read_until(source, ended(6))
    said, rest = transactions(sets)
    assert rest == []
    assert [len(t) for t in said] == ([3, 1, 2] if eam.tells else [1] * 6)
    assert [c for t in said for c in t] == changes(sets)
    cuts = [s.cuts for s in sets if s.cuts is not None]
    assert all(list(c) == sorted(set(c)) for c in cuts), "they ascend"


def test_a_long_transaction_comes_as_open_sets_and_ends(eam: Eam) -> None:
    """Invariant 11 as well: no set holds more than it may."""
    source, origin = begun(eam)
    with closing(source):
        eam.commit(*(Put("asset", asset(i)) for i in range(1, 5001)))
        eam.commit(Put("dept", (1, "one")))
        sets = read_until(source, ended(5001))
    said, _ = transactions(sets)
    assert [len(t) for t in said] == ([5000, 1] if eam.tells else [1] * 5001)
    if not eam.tells:
        return
    with closing(start(eam, origin)) as again:
        assert [len(t) for t in transactions(read_until(again, ended(5001)))[0]] == [5000, 1]
    opens = [s for s in sets if s.cuts == () and s.changes]
    assert opens, "it does not fit into one set"
    for s in opens[:2]:
        with closing(start(eam, s.position)) as again:
            rest = read_until(again, lambda sets: ended(1)(sets) and changes(sets)[-1].table == "dept")
        *_, long, last = transactions(rest)[0]
        assert [c.table for c in last] == ["dept"]
        left = 5000 - changes(sets).index(s.changes[-1]) - 1
        assert len(long) == left or (s.repeats and len(long) > left), "what is left of it ends as it would have"
