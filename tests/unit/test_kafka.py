"""What a partition says of the messages in it, without a broker."""

from datetime import UTC, datetime

from connectors.debezium import Decoded, Half, Note
from connectors.kafka_partition import HALF_WAITS_S, REMEMBERED_MAX, Partition
from connectors.kafka_position import Part, Stand, parse, position
from syncd.change import Change, Op, Position
from syncd.sharing import DEAD_AFTER_S, Peers

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


def test_rows_of_a_snapshot_are_said_as_often_as_they_come() -> None:
    assert said(Partition(0), change("r", "read"), change("r", "read")) == ["read r", "read r"]


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


def test_a_position_is_read_back_and_sorts_as_the_reading_went() -> None:
    stands = {Part("eam", 3): Stand(1200, 12, "id-1"), Part("dept.all", 0): Stand(62, 1, "id-2")}
    text = position(stands)
    assert parse(text) == stands
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
