"""What every source keeps to, whatever it reads: the contract of `ports.Source`, invariants 1, 2 and 7."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.change import Position, Row
from syncd.errors import Gap
from tests.conformance.eams import EAMS, TABLES, Drop, Eam, Empty, Move, Put, Step
from tests.conformance.reading import WAIT_S, apply, asset, begun, changes, count, opened, read_until, start, streaming
from tests.integration.eam import until

SOON_S = 0.5


@pytest.fixture(params=[*EAMS, "kafka"])
def eam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Eam]:
    with opened(request.param, request, tmp_path) as eam:
        yield eam


def test_a_ready_source_has_nothing_to_repair(eam: Eam) -> None:
    with closing(eam.connect()) as source:
        assert [f for f in source.check() if f.level == "error"] == []


def test_the_snapshot_says_every_row_and_the_stream_goes_on_from_there(eam: Eam) -> None:
    """Invariant 1: nothing falls between the snapshot and the stream."""
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 6)), Put("dept", (1, "生产部")))
    with closing(start(eam)) as source:
        eam.commit(Move("asset", (2,), asset(2, "after")), Drop("asset", (3,)), Put("asset", asset(9)))
        sets = read_until(source, lambda sets: count(9)(sets) and streaming(sets))
        reads = {(c.table, c.after) for c in changes(sets) if c.op == "read"}
        assert reads == {("dept", (1, "生产部")), *(("asset", asset(i)) for i in range(1, 6))}
        rest = [(c.op, c.before, c.after) for c in changes(sets) if c.op != "read"]
        assert rest == [
            ("update", asset(2), asset(2, "after")),
            ("delete", asset(3), None),
            ("insert", None, asset(9)),
        ]


def test_the_snapshot_is_over_with_the_first_position_beyond_it(eam: Eam) -> None:
    """However little there is to say, and in whatever sets it is said."""
    for rows in (0, 3):
        eam.commit(*(Put("asset", asset(i)) for i in range(1, rows + 1)))
        with closing(start(eam)) as source:
            sets = read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))
            assert all(source.in_snapshot(s.position) for s in sets[:-1])
            assert not eam.whole or source.find_whole() == TABLES.keys()
        assert {c.op for c in changes(sets)} <= {"read"} or not eam.whole


def test_a_look_shows_what_is_there_and_leaves_no_trace(eam: Eam) -> None:
    """Invariant 10: who only looks makes nothing and forgets nothing at the source."""
    eam.commit(Put("asset", asset(1)))
    source, origin = begun(eam)
    source.close()
    eam.commit(Put("asset", asset(2)))
    with closing(eam.connect()) as looking:
        looking.look()
        sets = read_until(looking, lambda sets: bool(sets) and not looking.in_snapshot(sets[-1].position))
        assert {c.after for c in changes(sets)} >= {asset(1)}
    with closing(start(eam, origin)) as again:
        assert [c.after for c in changes(read_until(again, count(1)))] == [asset(2)]


def test_positions_grow_as_strings_and_those_of_the_snapshot_stand_first(eam: Eam) -> None:
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 13)))
    with closing(start(eam)) as source:
        sets = read_until(source, streaming)
        for i in range(20, 32):
            eam.commit(Put("asset", asset(i)), Put("deprec", (i, "2026-01", Decimal("0.50"))))
        sets += read_until(source, count(24))
    names = [c.position for c in changes(sets)]
    assert len(names) == len(set(names))
    positions = [c.position for s in sets if not s.repeats for c in s.changes]
    assert positions == sorted(positions)
    ends = [s.position for s in sets]
    assert ends == sorted(ends)
    assert all(c.position <= s.position for s in sets if not s.repeats for c in s.changes)


def test_a_restart_from_any_position_says_exactly_the_rest(eam: Eam) -> None:
    """Invariants 1 and 2: after `start(p)` comes every change after p, and nothing else."""
    source, origin = begun(eam)
    with closing(source):
        eam.commit(Put("asset", asset(1)), Put("asset", asset(2)))
        eam.commit(Put("deprec", (1, "2026-01", Decimal("0.50"))))
        eam.commit(Move("asset", (1,), asset(1, "b")), Drop("asset", (2,)))
        sets = read_until(source, count(5))
    said = changes(sets)
    rest = {origin: said}
    for n, s in enumerate(sets):
        after = changes(sets[n + 1 :])
        if not s.repeats:
            rest |= {c.position: [*s.changes[i:], *after] for i, c in enumerate(s.changes, 1)}
        is_open = s.cuts is not None and s.cuts[-1:] != (len(s.changes),)
        if not (is_open and s.repeats):  # that one may go on from before the transaction that is open
            rest[s.position] = after
    for position, left in rest.items():
        with closing(start(eam, position)) as again:
            assert changes(read_until(again, count(len(left)))) == left


def test_an_interrupted_snapshot_goes_on_as_of_the_same_moment(eam: Eam) -> None:
    """Invariant 1: what changes while the snapshot is interrupted comes as changes, never as a state."""
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 5001)))
    with closing(start(eam)) as source:
        first = source.read(WAIT_S)
    assert first is not None
    assert len(first.changes) < 5000
    later: list[Step] = [
        Move("asset", (4999,), asset(4999, "later")),
        Drop("asset", (5000,)),
        Put("asset", asset(5001)),
    ]
    eam.commit(*later)
    if not eam.resumes:
        with closing(eam.connect()) as source, pytest.raises(Gap):
            source.start(first.position)
        return
    with closing(start(eam, first.position)) as source:
        rest = read_until(source, lambda sets: any(c.op == "insert" for c in changes(sets)))
    images: dict[tuple[str, str], Row] = {}
    for change in changes([first, *rest]):
        apply(images, change)
    assert {image[0] for image in images.values()} == {*range(1, 5000), 5001}
    assert images["asset", "4999"] == asset(4999, "later")


def test_a_change_of_key_is_one_change(eam: Eam) -> None:
    eam.commit(Put("asset", asset(1)))
    source, _ = begun(eam)
    with closing(source):
        eam.commit(Move("asset", (1,), asset(77)))
        (moved,) = changes(read_until(source, count(1)))
    assert (moved.op, moved.before, moved.after) == ("update", asset(1), asset(77))


def test_truncate_is_said(eam: Eam) -> None:
    """Invariant 1: it carries no rows, but it is not passed over."""
    if not eam.truncates:
        return
    eam.commit(Put("asset", asset(1)))
    source, _ = begun(eam)
    with closing(source):
        eam.commit(Empty("asset"))
        (emptied,) = changes(read_until(source, count(1)))
    assert (emptied.table, emptied.op, emptied.before, emptied.after) == ("asset", "truncate", None, None)


def test_values_arrive_as_what_they_are(eam: Eam) -> None:
    """Invariant 7: money is exact, NULL is NULL, text is untouched."""
    rows: list[Row] = [
        (1, "", Decimal("99999999999999.99"), None, None),
        (2, "数控车床 “1号”\n|\\'\"", Decimal("0.10"), date(1999, 12, 31), False),
        (3, None, None, date(2026, 2, 28), True),
        (4, "0012", Decimal("-5"), None, True),
    ]
    source, _ = begun(eam)
    with closing(source):
        eam.commit(*(Put("asset", row) for row in rows))
        said = changes(read_until(source, count(4)))
    assert [c.after for c in said] == rows
    assert not any(c.flawed for c in said)
    assert isinstance(said[0].after and said[0].after[2], Decimal)


def test_a_long_transaction_comes_in_bounded_sets_in_its_order(eam: Eam) -> None:
    """Invariant 11."""
    source, _ = begun(eam)
    with closing(source):
        eam.commit(*(Put("asset", asset(i)) for i in range(1, 5001)))
        sets = read_until(source, count(5000))
    assert max(len(s.changes) for s in sets) <= 2000
    assert [c.after[0] for c in changes(sets) if c.after] == list(range(1, 5001))


def test_what_is_not_tracked_moves_the_position_and_says_nothing(eam: Eam) -> None:
    """A restart need not read it again. A source that never sees it has nothing to move."""
    source, origin = begun(eam)
    with closing(source):
        eam.note()
        eam.commit(Put("asset", asset(1)))
        sets = read_until(source, count(1))
    assert [c.table for c in changes(sets)] == ["asset"]
    assert sets[-1].position > origin


def test_nothing_comes_when_nothing_is_there(eam: Eam) -> None:
    source, _ = begun(eam)
    with closing(source):
        read_until(source, lambda sets: True)
        began = time.monotonic()
        while (said := source.read(0.1)) is not None:
            assert not said.changes
            assert time.monotonic() - began < WAIT_S


def test_a_commit_is_said_soon(eam: Eam) -> None:
    """Well within the second that a clerk would notice: most of the time, on a machine that has time."""
    source, _ = begun(eam)
    with closing(source):
        soon, tried, deadline = 0, 0, time.monotonic() + WAIT_S
        while soon < 3:
            assert time.monotonic() < deadline, f"{soon} of {tried} commits were said within {SOON_S} s"
            tried += 1
            committer = threading.Timer(0.05, eam.commit, [Put("asset", asset(tried))]) if eam.threads else None
            began = time.monotonic()
            if committer is None:
                eam.commit(Put("asset", asset(tried)))
            else:
                committer.start()
            read_until(source, count(1))
            soon += time.monotonic() - began < SOON_S
            if committer is not None:
                committer.join()


def test_acknowledging_from_another_thread_loses_nothing(eam: Eam) -> None:
    """Invariant 1: what is acknowledged may be forgotten, what is not may not."""
    source, _ = begun(eam)
    with closing(source):
        eam.commit(Put("asset", asset(1)))
        durable = read_until(source, count(1))[-1].position
        eam.commit(Put("asset", asset(2)))
        read_until(source, count(1))
        acking = threading.Thread(target=source.ack, args=[durable])
        acking.start()
        acking.join(WAIT_S)
    source.ack(durable)  # a batch may end after its reader has failed
    with closing(start(eam, durable)) as again:
        assert [c.after for c in changes(read_until(again, count(1)))] == [asset(2)]


def test_the_identity_stays_and_the_lag_shrinks(eam: Eam) -> None:
    source, _ = begun(eam)
    with closing(source):
        identity = source.identity()
        eam.commit(*(Put("asset", asset(i)) for i in range(1, 11)))

        def is_behind() -> bool:
            lag = source.lag()
            return (lag.rows_behind or 0) + (lag.bytes_behind or 0) > 0

        until(is_behind)  # a connector that stands between may need a moment
        source.ack(read_until(source, count(10))[-1].position)
    with closing(eam.connect()) as source:
        source.recognise(identity)
        source.start(None)
        source.recognise(source.identity())
        with pytest.raises(Gap, match="source_changed"):
            source.recognise(f"another/{identity}")


def test_whatever_happens_a_follower_knows_the_tables(eam: Eam) -> None:
    """Invariants 1 and 2: random transactions, a reader killed at random and started from its last checkpoint."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    known: dict[int, Row] = {}
    images: dict[tuple[str, str], Row] = {}
    checkpoint: Position | None = None
    source = start(eam)
    for turn in range(60):
        steps: list[Step] = []
        for _ in range(chance.randrange(1, 4)):
            number = chance.randrange(1, 12)
            row = asset(chance.choice([number, number, number + 20]), f"r{turn}", f"{chance.randrange(10**6)}.25")
            if number not in known and row[0] == number:
                steps.append(Put("asset", row))
                known[number] = row
            elif number in known and chance.random() < 0.3:
                steps.append(Drop("asset", (number,)))
                del known[number]
            elif number in known and (row[0] == number or row[0] not in known):
                steps.append(Move("asset", (number,), row))
                del known[number]
                known[number if row[0] == number else number + 20] = row
        if steps:
            eam.commit(*steps)
        for _ in range(chance.randrange(3)):
            said = source.read(0.05)
            if said is not None:
                for change in said.changes:
                    apply(images, change)
                checkpoint = said.position
        if chance.random() < 0.2:
            source.close()
            source = start(eam, checkpoint)
    with closing(source):
        eam.commit(Put("dept", (1, "last")))
        for change in changes(
            read_until(source, lambda s: any(c.op == "insert" and c.table == "dept" for c in changes(s)))
        ):
            apply(images, change)
        wanted = {(str(number),): row for number, row in known.items()}

        def is_all_there() -> bool:
            """Kafka keeps no order between the topics of two tables."""
            if (assets := {i[1:]: row for i, row in images.items() if i[0] == "asset"}) == wanted:
                return True
            said = source.read(0.05)
            for change in said.changes if said is not None else ():
                apply(images, change)
            print(f"seed {seed}: {assets.items() ^ wanted.items()}")
            return False

        until(is_all_there)
