"""What a partition says of the messages in it, without a broker."""

from datetime import UTC, datetime

import pytest

from connectors.debezium.envelope import Decoded, Half, Sight
from connectors.debezium.places import Mark
from connectors.debezium.shapes import Note
from connectors.kafka.logs import REMEMBERED_MAX
from connectors.kafka.partition import DELETED_MAX, HALF_WAITS_S, Partition
from connectors.kafka.position import AGAIN, Part, Stand, parse, position
from connectors.kafka.snapshot import Snapshot, newest
from syncd.change import Change, Column, Kind, Op, Position, Table
from syncd.daemon.sharing import DEAD_AFTER_S, Peers
from syncd.errors import Halt

AT = datetime(2026, 3, 1, tzinfo=UTC)
PARTITIONS = [str(n) for n in range(12)]


def change(name: str, op: Op = "update") -> Change:
    return Change("asset", op, None if op == "insert" else (1,), None if op == "delete" else (2,), Position(name), AT)


def said(partition: Partition, *messages: Decoded, first: int = 0, now: float = 0.0) -> list[str]:
    return [f"{c.op} {c.position}" for n, m in enumerate(messages, first) for c in partition.take(n, m, now)]


OLD, NEW = Half("old", "e", change("d", "delete")), Half("new", "e", change("c", "insert"))


def test_what_a_restarted_connector_says_again_is_not_said_again() -> None:
    """Invariant 2: not even where it would make nothing, for old values would wait behind a parked change."""
    partition = Partition(0)
    assert said(partition, change("a"), change("b"), change("a"), change("b"), change("c")) == [
        *("update a", "update b", "update c"),
    ]


def test_what_lies_before_the_checkpoint_is_known_and_not_said() -> None:
    partition = Partition(2)
    assert said(partition, change("a"), change("b"), change("b"), change("c")) == ["update c"]
    assert partition.offset == 4


def test_only_so_many_are_remembered() -> None:
    """Invariant 11."""
    partition = Partition(0)
    said(partition, *(change(str(n)) for n in range(REMEMBERED_MAX + 1)))
    assert said(partition, change("0"), change(str(REMEMBERED_MAX))) == ["update 0"]


def row(snapshot: str, op: str = "r") -> Change:
    """A row that a snapshot read, by how Debezium's places are spelt."""
    return change(f"postgresql/eam/{snapshot}/eam.asset/{op}/1", "read")


def test_rows_of_a_snapshot_are_said_as_often_as_they_come() -> None:
    assert len(said(Partition(0), row("1"), row("1"))) == 2


def test_a_snapshot_in_midstream_is_another_and_its_rows_no_states_to_be_taken_over() -> None:
    """Invariant 1: what happened before it, while the connector had lost its place, is in no message."""
    partition = Partition(0, settled=2)
    assert not partition.is_anew(0, row("1"))
    said(partition, row("1"), row("1"))
    assert not partition.is_anew(2, row("1")), "the rest of it"
    assert partition.is_anew(2, row("2"))
    assert not partition.is_anew(1, row("2")), "before the pipeline's own beginning ends there may be several"
    said(partition, change("a"), first=2)
    assert not partition.is_anew(3, row("2", "i")), "an incremental snapshot is in step with the log"
    assert not partition.is_anew(3, change("b"))


def test_what_the_stream_said_before_the_checkpoint_makes_a_snapshot_another_one() -> None:
    partition = Partition(1, settled=1)
    assert said(partition, change("a")) == []
    assert partition.is_anew(1, row("1"))
    assert not Partition(0, settled=0).is_anew(0, row("1")), "the connector begins after the daemon"


AFTER = Part("eam", 1)


def seen(*marks: str, at_ms: int = 1000, name: str = "eam") -> Snapshot:
    snapshot = Snapshot(name)
    for offset, mark in enumerate(marks):
        snapshot.saw(AFTER, 7 + offset, at_ms + offset, Sight(name, "s", mark, "asset"))
    return snapshot


def test_the_newest_snapshot_counts_if_it_has_a_beginning_and_an_end() -> None:
    whole, older = seen("first", "true", "last", at_ms=2000), seen("first", "last")
    assert newest({"b": whole, "a": older}) == [whole]
    assert (whole.first_ms, whole.begins) == (2000, {AFTER: 7})
    assert newest({"a": seen("last")})[0].first_ms == 1000, "a snapshot of one row"


@pytest.mark.parametrize(
    ("snapshots", "code"),
    [
        ({}, "kafka_no_snapshot"),
        ({"a": seen("first", "last"), "b": seen("first", "true", at_ms=2000)}, "kafka_snapshot_unfinished"),
        ({"a": seen("first", "last", "true")}, "kafka_snapshot_unfinished"),
        ({"a": seen("true", "last")}, "kafka_snapshot_cut"),
    ],
)
def test_a_snapshot_that_is_not_all_there_is_refused(snapshots: dict[str, Snapshot], code: str) -> None:
    """Invariant 7: nobody is gone because a topic forgot to say so."""
    with pytest.raises(Halt) as halt:
        newest(snapshots)
    assert halt.value.code == code


def test_the_halves_of_a_change_of_key_are_one_change() -> None:
    partition = Partition(0)
    assert said(partition, OLD, Note.TOMBSTONE, NEW) == ["update c"]
    assert partition.offset == 3


def test_reading_begins_again_before_a_half_that_waits() -> None:
    """Invariant 1: a crash between the halves loses neither."""
    partition = Partition(0)
    assert said(partition, change("a"), OLD, Note.TOMBSTONE) == ["update a"]
    assert partition.offset == 1


def test_a_half_whose_other_lies_elsewhere_is_a_deletion_or_an_insertion() -> None:
    partition = Partition(0)
    assert said(partition, OLD, Note.TOMBSTONE) == []
    assert list(partition.let_go(0.0 - HALF_WAITS_S)) == []
    assert [c.op for c in partition.let_go(0.0)] == ["delete"]
    assert said(partition, OLD, change("x"), NEW._replace(event="other"), first=2) == ["update x", "insert c"]


TABLE = Table("asset", "asset", (Column("id", Kind.INTEGER),), (0,))


def moved(*messages: tuple[Op, int, str]) -> list[tuple[str, object, object]]:
    """What messages of transactions come to: operation, key, transaction."""
    partition, found = Partition(0), []
    for n, (op, key, name) in enumerate(messages):
        before, after = None if op == "insert" else (key,), None if op == "delete" else (key,)
        said = Change("asset", op, before, after, Position(str(n)), AT)
        found += partition.take(n, partition.in_transaction(said, name, TABLE), 0.0)
    return [(c.op, c.before, c.after) for c in [*found, *partition.let_go()]]


def test_a_row_that_goes_to_another_partition_of_its_table_is_updated() -> None:
    """Invariant 1: not disposed of and bought again."""
    assert moved(("delete", 1, "t"), ("insert", 1, "t")) == [("update", (1,), (1,))]
    two = moved(("delete", 1, "t"), ("insert", 1, "t"), ("delete", 2, "t"), ("insert", 2, "t"))
    assert two == [("update", (1,), (1,)), ("update", (2,), (2,))]
    assert moved(("delete", 1, "t"), ("insert", 1, "u")) == [("delete", (1,), None), ("insert", None, (1,))]
    assert moved(("delete", 1, "t"), ("insert", 2, "t")) == [("delete", (1,), None), ("insert", None, (2,))]
    assert moved(("delete", 1, "t"), ("update", 1, "t")) == [("delete", (1,), None), ("update", (1,), (1,))]
    assert moved(("insert", 1, "t"), ("delete", 1, "t")) == [("insert", None, (1,)), ("delete", (1,), None)]


def test_a_tombstone_behind_its_deletion_says_nothing_more() -> None:
    partition = Partition(0)
    partition.heard(b"1", True)
    partition.heard(b"2", False)
    assert not partition.is_told(b"2")
    assert partition.is_told(b"1")
    assert not partition.is_told(b"1"), "another one for the same key"
    partition.heard(b"1", True)
    partition.heard(b"1", False)
    assert not partition.is_told(b"1"), "the row came again"
    for n in range(DELETED_MAX + 1):
        partition.heard(str(n).encode(), True)
    assert (partition.is_told(b"0"), partition.is_told(b"1")) == (False, True)


def test_a_deletion_by_a_key_alone_has_its_place_behind_what_came_before() -> None:
    """Invariants 2 and 11: the same when both are sent again, and names do not grow."""
    partition, gone = Partition(0), change("x", "delete")
    at = [Mark("postgresql/eam", "", str(n), "") for n in range(3)]
    came = [*partition.take(0, change("a"), 0.0, at[0])]
    for key in "kk", "l", "k":
        came += partition.take(1, *_timed(partition.placed(gone, key)))
    came += partition.take(2, change("b"), 0.0, at[1])
    assert [str(c.position) for c in came] == ["a", "a/gone/kk", "a/gone/l", "a/gone/k", "b"]
    assert partition.take(3, change("a"), 0.0, at[0]) == ()
    assert partition.take(4, *_timed(partition.placed(gone, "kk"))) == ()
    assert partition.take(5, change("b"), 0.0, at[1]) == ()
    assert [c.position for c in partition.take(6, *_timed(partition.placed(gone, "kk")))] == ["b/gone/kk"]


def _timed(placed: tuple[Change, Mark | None]) -> tuple[Change, float, Mark | None]:
    return placed[0], 0.0, placed[1]


def test_a_position_is_read_back_and_sorts_as_the_reading_went() -> None:
    logs = "postgresql/eam||0001.0002|1770000000000000||asset|0a1b2c3d4e5f"
    stands = {Part("eam", 3): Stand(1200, 12, "id-1", 7, logs), Part("dept.all", 0): Stand(62, 1, "id-2")}
    text = position(stands)
    assert parse(text) == stands
    assert parse(Position(text + AGAIN)) == stands
    assert parse(Position("0000000000000000062 dept.all:0/1=62@id-2")) == {Part("dept.all", 0): Stand(62, 1, "id-2")}
    assert text < position({**stands, Part("eam", 3): Stand(10_000, 12, "id-1")})


def test_shares_differ_by_one_partition_at_most() -> None:
    beats = {"a:1": "1", "b:1": "1", "c:1": "1", "d:1": "1", "e:1": "1"}
    shares = []
    for own in beats:
        peers = Peers(own)
        peers.heard(beats, 0.0)
        shares.append(peers.share(PARTITIONS))
    assert sorted(p for share in shares for p in share) == sorted(PARTITIONS)
    assert sorted(map(len, shares)) == [2, 2, 2, 3, 3]


def test_a_daemon_whose_beat_stands_still_is_not_counted_whatever_its_clock_says() -> None:
    peers = Peers("a:1")
    peers.heard({"a:1": "2026", "b:1": "2031"}, 0.0)
    assert len(peers.share(PARTITIONS)) == 6
    peers.heard({"a:1": "2027", "b:1": "2031"}, DEAD_AFTER_S + 0.1)
    assert len(peers.share(PARTITIONS)) == 12
    peers.heard({"a:1": "2028", "b:1": "2032"}, DEAD_AFTER_S + 0.2)
    assert len(peers.share(PARTITIONS)) == 6
