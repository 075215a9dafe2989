"""What a broker may do to a reader: forget, make a topic anew, lie still, begin again, refuse. Conformance shows the
rest over a real connector; here messages go straight to the broker in the shape that it gives them."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaConnectionError
from kafka.net.inet import KafkaNetSocket

from connectors.kafka import source
from connectors.kafka.logs import REMEMBERED_MAX
from connectors.kafka.source import KafkaSource, Settings
from syncd.change import Change, ChangeSet, Column, Kind, Position, Table
from syncd.errors import Gap, Halt, Transient
from tests.acceptance.envelopes import COMMITTED_US, envelope, key
from tests.servers import Connect, Kafka, kafka_server

WAIT_S = 120.0
TABLES = {
    "asset": Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("code", Kind.TEXT)), (0,)),
    "dept": Table("dept", "eam.department", (Column("id", Kind.INTEGER), Column("code", Kind.TEXT)), (0,)),
}


class Topic:
    """A topic to write to."""

    def __init__(self, broker: Kafka, producer: KafkaProducer, partitions: int = 1, **settings: str) -> None:
        self.name = broker.create_topic(partitions, **settings)
        self._producer = producer

    def say(self, *numbers: int, table: str = "asset", partition: int = 0, op: str = "", began_us: int = 0) -> None:
        for n in numbers:
            value = envelope(table, n, None, {"id": n, "code": f"FA-{n}"}, op, began_us or COMMITTED_US)
            self._producer.send(self.name, value, key(code=f"FA-{n}"), partition=partition)
        self._producer.flush()

    def raw(self, value: bytes | None, own: bytes | None = b"{}") -> None:
        self._producer.send(self.name, value, own)
        self._producer.flush()


@pytest.fixture(scope="module")
def producer(kafka: Kafka) -> Iterator[KafkaProducer]:
    made = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    yield made
    made.close()


@pytest.fixture
def topic(kafka: Kafka, producer: KafkaProducer) -> Callable[..., Topic]:
    return lambda partitions=1, **settings: Topic(kafka, producer, partitions, **settings)


def opened(kafka: Kafka, *topics: Topic, number: int = 0, **settings: Any) -> KafkaSource:
    names = tuple(topic.name for topic in topics)
    return source.connect(Settings(kafka.bootstrap, topics=names, **settings), TABLES, f"fleet/{number}")


def read(reading: KafkaSource, count: int) -> list[ChangeSet]:
    sets: list[ChangeSet] = []
    deadline = time.monotonic() + WAIT_S
    while sum(len(s.changes) for s in sets) < count:
        assert time.monotonic() < deadline, f"not said: {sets}"
        said = reading.read(0.2)
        if said is not None:
            sets.append(said)
    return sets


def changes(sets: list[ChangeSet]) -> list[Change]:
    return [change for s in sets for change in s.changes]


def codes(reading: KafkaSource) -> dict[str, str]:
    return {finding.code: finding.level for finding in reading.check()}


def test_retention_that_has_passed_is_a_gap(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Nothing is skipped in silence: what the broker forgot is said to be lost."""
    said = topic(segment_ms="500", retention_ms="1000", segment_bytes="1048576")
    said.say(1)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, 1)[-1].position
    said.say(2, 3)
    part = TopicPartition(said.name, 0)
    with closing(KafkaConsumer(bootstrap_servers=kafka.bootstrap)) as watching:
        deadline = time.monotonic() + WAIT_S
        while watching.beginning_offsets([part])[part] < 2:
            assert time.monotonic() < deadline, "the broker does not forget"
            said.say(9)
            time.sleep(0.2)
    with closing(opened(kafka, said)) as reading, pytest.raises(Gap) as gap:
        reading.start(at)
    assert gap.value.code == "kafka_retention_passed"
    assert gap.value.params["offset"] == "1"


def test_a_topic_made_anew_is_a_gap_even_while_it_is_read(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    said = topic()
    said.say(1, 2)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, 2)[-1].position
        with kafka.admin() as admin:
            admin.delete_topics([said.name])
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                kafka.create_topic(1, said.name)
                break
            except Exception:  # the broker is still deleting
                assert time.monotonic() < deadline, "the topic stays"
                time.sleep(0.05)
        with kafka.admin() as admin:
            while admin.describe_topics([said.name])[0]["error_code"]:  # made, and not yet known everywhere
                assert time.monotonic() < deadline, "the topic stays unknown"
                time.sleep(0.05)
        with pytest.raises(Gap) as gap:
            reading.lag()
        assert gap.value.code == "kafka_topic_recreated"
    with closing(opened(kafka, said)) as reading, pytest.raises(Gap):
        reading.start(at)


def test_more_partitions_than_before_halt(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Assets have moved between partitions, and with them what the pipelines know of them."""
    said = topic(2)
    said.say(1)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, 1)[-1].position
    with kafka.admin() as admin:
        admin.create_partitions({said.name: 3})
    with closing(opened(kafka, said)) as reading, pytest.raises(Halt) as halt:
        reading.start(at)
    assert halt.value.code == "kafka_partitions"


def test_a_run_that_comes_twice_is_said_once_across_a_restart(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Invariant 2."""
    said = topic()
    said.say(*range(1, 11))
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, 10)[-1].position
    said.say(*range(6, 13))
    with closing(opened(kafka, said)) as reading:
        reading.start(at)
        assert [c.after for c in changes(read(reading, 2))] == [(11, "FA-11"), (12, "FA-12")]


def test_a_run_of_any_length_that_comes_twice_is_said_once(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Invariant 2: also when the reader begins again in the midst of what comes again, or of its last message."""
    said, count = topic(), REMEMBERED_MAX + 1_000
    said.say(*range(count))
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, count)[-1].position
    said.say(*range(count - 1))
    with closing(opened(kafka, said)) as reading:
        reading.start(at)
        at = passed(reading)
    said.say(*range(count - 1, count + 2))
    with closing(opened(kafka, said)) as reading:
        reading.start(at)
        assert [c.after and c.after[0] for c in changes(read(reading, 2))] == [count, count + 1]


def test_a_log_that_begins_anew_is_a_gap_until_a_snapshot_says_what_there_is(
    kafka: Kafka, topic: Callable[..., Topic]
) -> None:
    """Invariants 1 and 14: a server that was reset says other changes under the places of the first ones."""
    said, later = topic(), COMMITTED_US + 60_000_000
    said.say(*range(100, 120))
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        at = read(reading, 20)[-1].position
    said.say(120)
    said.say(101, 102, began_us=later)
    for _ in range(2):
        with closing(opened(kafka, said)) as reading:
            reading.start(at)
            with pytest.raises(Gap) as gap:
                at = read(reading, 2)[-1].position
            assert gap.value.code == "kafka_log_anew"
            assert (gap.value.params["offset"], gap.value.params["partition"]) == ("21", "0")
    snapshot = [envelope("asset", 103, None, {"id": n, "code": f"FA-{n}"}, "r", later) for n in (101, 102)]
    for mark, row in zip((b'"first"', b'"last"'), snapshot, strict=True):
        said.raw(row.replace(b'"snapshot":"true"', b'"snapshot":' + mark))
    said.say(104, began_us=later)
    with closing(opened(kafka, said)) as reading:
        assert reading.find_whole() == {"asset"}
        reading.start(None)
        at = read(reading, 3)[-1].position
    said.say(104, 105, began_us=later)
    with closing(opened(kafka, said)) as reading:
        reading.start(at)
        assert [c.after and c.after[0] for c in changes(read(reading, 1))] == [105]


def passed(reading: KafkaSource) -> Position:
    """The position once all that the topic holds was read, and nothing of it was said."""
    deadline, end = time.monotonic() + WAIT_S, reading.end()
    while True:
        assert time.monotonic() < deadline, "the end is not reached"
        if (said := reading.read(0.2)) is not None:
            assert not said.changes
            if reading.reaches(said.position, end):
                return said.position


def test_a_key_alone_is_a_deletion_unless_that_was_said(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Invariants 1, 2 and 14: once, also when the reader begins again and the connector sends all of it once more."""
    said = topic()

    def run() -> None:
        said.say(1, 2, 3)
        said.raw(envelope("asset", 4, {"id": 1, "code": "FA-1"}, None), b'{"id":1}')
        said.raw(None, b'{"id":1}')
        said.raw(None, b'{"id":2}')

    run()
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        sets = read(reading, 5)
        assert [(c.op, c.before and c.before[0]) for c in changes(sets)][3:] == [("delete", 1), ("delete", 2)]
    run()
    said.raw(None, b'{"id":3}')
    with closing(opened(kafka, said)) as reading:
        reading.start(sets[-1].position)
        assert [(c.op, c.before and c.before[0]) for c in changes(read(reading, 1))] == [("delete", 3)]


def test_a_row_that_goes_to_another_partition_of_its_table_is_updated(
    kafka: Kafka, topic: Callable[..., Topic]
) -> None:
    """Invariant 1: deleted there and inserted here by one transaction, with a tombstone between them."""
    said, one = topic(), {"id": 1, "code": "FA-1"}
    name = b'"transaction":{"id":"901:%d","total_order":1,"data_collection_order":1}'
    messages = [envelope("asset", 1, one, None), None, envelope("asset", 2, None, one), envelope("asset", 3, one, one)]
    for n, message in enumerate(messages):
        said.raw(message and message.replace(b'"transaction":null', name % n), b'{"id":1}')
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        assert [(c.op, c.before, c.after) for c in changes(read(reading, 2))] == [
            ("update", (1, "FA-1"), (1, "FA-1"))
        ] * 2


def test_references_come_before_what_refers_to_them(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    said, shared = topic(), topic(2)
    said.say(1, 2, 3)
    shared.say(7, table="department", partition=0)
    shared.say(8, table="department", partition=1)
    with closing(opened(kafka, said, broadcast=(shared.name,))) as reading:
        reading.start(None)
        assert [c.table for c in changes(read(reading, 5))] == ["dept", "dept", "asset", "asset", "asset"]


def test_a_pipeline_reads_its_own_partition(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    said = topic(3)
    for partition in range(3):
        said.say(partition + 1, partition=partition)
    assert source.partitions(Settings(kafka.bootstrap, topics=(said.name,))) == ["0", "1", "2"]
    with closing(opened(kafka, said, number=2)) as reading:
        reading.start(None)
        assert [c.after for c in changes(read(reading, 1))] == [(3, "FA-3")]
        assert reading.lag().rows_behind == 0


def test_kafkas_own_monitors_see_what_is_durable(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    said = topic()
    said.say(1, 2, 3)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        reading.ack(read(reading, 3)[-1].position)
        with kafka.admin() as admin:
            deadline = time.monotonic() + WAIT_S
            while not (offsets := _committed(admin, "syncd-fleet", said.name)):
                assert time.monotonic() < deadline, "nothing was committed"
                reading.keepalive()
                time.sleep(0.05)
    assert offsets == [3]


def test_what_kafka_did_not_take_is_told_again(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """A coordinator that moves or a connection that breaks at that moment: monitors would show a lag for ever."""
    said = topic()
    said.say(1, 2)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        reading.ack(read(reading, 2)[-1].position)
        consumer, tells = reading._consumer, []
        tell = consumer.commit_async

        def lost(offsets: Any, callback: Any) -> None:
            tells.append(offsets)
            if len(tells) == 1:
                callback(offsets, KafkaConnectionError("lost"))
            else:
                tell(offsets, callback)

        consumer.commit_async = lost
        with kafka.admin() as admin:
            deadline = time.monotonic() + WAIT_S
            while not _committed(admin, "syncd-fleet", said.name):
                assert time.monotonic() < deadline, "what was lost is not told again"
                reading.keepalive()
                time.sleep(0.05)
        assert len(tells) >= 2


def test_a_message_that_nobody_understands_is_said_among_the_others(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    """Invariants 1, 5 and 14: by its place in the topic, in the midst of a transaction too."""
    said = topic()
    said.say(1)
    flat = b'{"id": 7, "status": "in use", "code": "FA-7"}'
    for n, garbage in enumerate((b"{", b"\x00\x00\x00\x00\x09?", flat), 2):
        said.raw(garbage, None)
        said.say(n)
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        came = changes(read(reading, 7))
        assert [c.op for c in came] == ["insert", "unreadable"] * 3 + ["insert"]
        assert [c.position for c in came if c.op == "unreadable"] == [f"{said.name}/0@{n}" for n in (1, 3, 5)]
        assert all(c.committed_at.year > 2024 for c in came)
        assert codes(reading)["debezium_not_json"] == "warning"


def test_messages_that_are_no_changes_move_the_position_only(kafka: Kafka, topic: Callable[..., Topic]) -> None:
    said = topic()
    with closing(opened(kafka, said)) as reading:
        reading.start(None)
        said.raw(None)
        said.raw(b'{"ts_ms": 1795210967269}')
        said.say(1)
        (change,) = changes(read(reading, 1))
        assert change.after == (1, "FA-1")
        assert reading.lag().rows_behind == 0


def test_what_is_wrong_with_topics_and_messages_is_found_before_anything_runs(
    kafka: Kafka, topic: Callable[..., Topic]
) -> None:
    with closing(opened(kafka, topic(cleanup_policy="compact"))) as reading:
        assert codes(reading)["kafka_compacted"] == "error"
    with closing(opened(kafka, topic(retention_ms="3600000"))) as reading:
        assert codes(reading)["kafka_short_retention"] == "warning"
    with closing(opened(kafka, topic(1), topic(2))) as reading:
        assert codes(reading)["kafka_partitions_differ"] == "error"
    flat = topic()
    flat.raw(b'{"id": 1, "code": "FA-1"}')
    with closing(opened(kafka, flat)) as reading:
        assert codes(reading)["debezium_flattened"] == "error"
    with closing(source.connect(Settings(kafka.bootstrap, topics=("nowhere",)), TABLES, "fleet/0")) as reading:
        assert codes(reading)["kafka_no_topic"] == "error"


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client leaves the sockets of refused connections open; here they are closed."""
    connect = KafkaNetSocket.sock_connect

    async def closing(self: KafkaNetSocket, net: Any, sock: Any, *rest: Any, **named: Any) -> Any:
        try:
            return await connect(self, net, sock, *rest, **named)
        except BaseException:
            sock.close()
            raise

    monkeypatch.setattr(KafkaNetSocket, "sock_connect", closing)


@pytest.mark.usefixtures("refusals")
def test_a_broker_that_goes_away_is_missed_and_read_again_when_it_is_back() -> None:
    """Connected but stalled must alarm: silence is no sign of an idle EAM."""
    with kafka_server() as broker:
        writing = KafkaProducer(bootstrap_servers=broker.bootstrap)
        said = Topic(broker, writing)
        said.say(1)
        writing.close()
        with closing(opened(broker, said)) as reading:
            reading.start(None)
            at = read(reading, 1)[-1].position
            broker.kill()
            with pytest.raises(Transient) as away:
                reading.lag()
            assert away.value.code == "kafka_away"
        with closing(opened(broker, said)) as reading, pytest.raises(Transient):
            reading.start(at)
        broker.start()
        with closing(opened(broker, said)) as reading:
            reading.start(at)
            assert reading.lag().rows_behind == 0


def _committed(admin: Any, group: str, topic: str) -> list[int]:
    offsets = admin.list_group_offsets(group)
    found = offsets.get(group, offsets)
    return [known.offset for part, known in found.items() if part.topic == topic]


def test_rows_of_an_asset_lie_in_one_partition_when_keyed_as_documented(
    kafka: Kafka, connect: Connect, new_database: Callable[[], str]
) -> None:
    """The connector's settings of docs/scaling.md: two tables, two names for the asset, reference tables apart."""
    dsn = new_database()
    name = dsn.rpartition("/")[2]
    db = psycopg2.connect(dsn)
    db.autocommit = True
    with db.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE asset (id INTEGER PRIMARY KEY, asset_code TEXT);"
            "CREATE TABLE work_order (id INTEGER PRIMARY KEY, code_of_asset TEXT);"
            "CREATE TABLE department (id INTEGER PRIMARY KEY, code TEXT);"
            "ALTER TABLE asset REPLICA IDENTITY FULL; ALTER TABLE work_order REPLICA IDENTITY FULL;"
            "INSERT INTO asset SELECT n, 'FA-' || n FROM generate_series(1, 30) AS n;"
            "INSERT INTO work_order SELECT n, 'FA-' || 1 + n % 30 FROM generate_series(1, 90) AS n;"
            "INSERT INTO department SELECT n, 'D' || n FROM generate_series(1, 5) AS n"
        )
    at = db.get_dsn_parameters()
    db.close()
    tracked, shared = kafka.create_topic(6, f"{name}-eam"), kafka.create_topic(1, f"{name}-reference")
    router = "org.apache.kafka.connect.transforms.RegexRouter"
    settings = {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "topic.prefix": "eam",
        "database.hostname": at["host"],
        "database.port": at["port"],
        "database.user": at["user"],
        "database.password": "none",
        "database.dbname": name,
        "plugin.name": "pgoutput",
        "slot.name": name,
        "slot.drop.on.stop": "true",
        "message.key.columns": "public.asset:asset_code;public.work_order:code_of_asset",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable": "false",
        "transforms": "name,reference,tracked",
        "transforms.reference.type": router,
        "transforms.reference.regex": r"eam\.public\.(department|asset_class|supplier)",
        "transforms.reference.replacement": shared,
        "transforms.tracked.type": router,
        "transforms.tracked.regex": r"eam\.public\..*",
        "transforms.tracked.replacement": tracked,
        "transforms.name.type": "org.apache.kafka.connect.transforms.ReplaceField$Key",
        "transforms.name.renames": "code_of_asset:asset_code",
        "transforms.name.predicate": "orders",
        "predicates": "orders",
        "predicates.orders.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
        "predicates.orders.pattern": r"eam\.public\.work_order",
    }
    connect.put(name, **settings)
    columns = Column("id", Kind.INTEGER), Column("asset_code", Kind.TEXT)
    order = Column("id", Kind.INTEGER), Column("code_of_asset", Kind.TEXT)
    tables = {
        "asset": Table("asset", "asset", columns, (0,)),
        "order": Table("order", "work_order", order, (0,)),
        "dept": Table("dept", "department", columns[:1], (0,)),
    }
    where: dict[object, set[int]] = {}
    try:
        _await(lambda: _total(kafka, tracked, 6) == 120 and _total(kafka, shared, 1) == 5)
        for number in range(6):
            made = Settings(kafka.bootstrap, topics=(tracked,), broadcast=(shared,))
            with closing(source.connect(made, tables, f"fleet/{number}")) as reading:
                reading.start(None)
                sets: list[ChangeSet] = []
                while not sets or reading.in_snapshot(sets[-1].position):
                    sets += [said for said in [reading.read(0.2)] if said is not None]
                assert {c.after for c in changes(sets) if c.table == "dept"} == {(n,) for n in range(1, 6)}
                for change in changes(sets):
                    if change.table != "dept" and change.after is not None:
                        where.setdefault(change.after[1], set()).add(number)
                found = codes(reading)
                assert "kafka_keys_differ" not in found
    finally:
        connect.delete(name)
    assert len(where) == 30
    assert all(len(partitions) == 1 for partitions in where.values()), where
    assert len({min(partitions) for partitions in where.values()}) > 1


def _total(kafka: Kafka, topic: str, partitions: int) -> int:
    parts = [TopicPartition(topic, number) for number in range(partitions)]
    with closing(KafkaConsumer(bootstrap_servers=kafka.bootstrap)) as watching:
        return sum(watching.end_offsets(parts).values())


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
