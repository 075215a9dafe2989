"""Debezium's messages from Kafka, one partition a pipeline.

A pipeline `fleet` over topics of twelve partitions is twelve pipelines, `fleet/0` … `fleet/11`, each with its own
checkpoint in the ledger: the offsets of the messages to read next. Kafka hears of them only so that its own lag
monitors see something; nothing is ever read from there. What a message says is known by its `source` block, so that
one which Debezium sends again under another offset makes nothing a second time.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from kafka import OffsetAndMetadata, TopicPartition

from connectors import identity, scan_eam
from connectors.debezium import registry as schema_registry
from connectors.debezium.envelope import Decoder
from connectors.debezium.places import Mark
from connectors.debezium.shapes import Note
from connectors.debezium.unreadable import text
from connectors.debezium.values import Reading
from connectors.kafka import snapshot as kafka_snapshot
from connectors.kafka.check import about_topics, refuse, said_in
from connectors.kafka.logs import REMEMBERED_MAX, Anew
from connectors.kafka.partition import HALF_WAITS_S, Partition
from connectors.kafka.position import AGAIN, Part, Stand, Stands, parse, position
from connectors.kafka.server import Access, Server, Topic, consumer, guarded
from connectors.kafka.transactions import Gathered, Transactions
from syncd.change import Change, ChangeSet, Position, Table
from syncd.connector import Holding, Scan, SourceConnector
from syncd.errors import Fault, Gap, Halt, no_driver
from syncd.ports import Finding, Lag

SET_CHANGES_MAX: Final = 1_990
COMMIT_INTERVAL_S: Final = 1.0
OFFSETS_TIMEOUT_MS: Final = 5_000
CLOSE_TIMEOUT_MS: Final = 1_000
FETCH_WAIT_MS: Final = 250


@dataclass(frozen=True)
class Settings(Access):
    """Where Kafka is, what is in its topics, and how it is written there."""

    topics: tuple[str, ...] = ()
    """Topics with the tracked tables, all of them with the same number of partitions and keyed by the subject. One
    topic for all tables keeps the order between the tables of a subject; several do not."""
    broadcast: tuple[str, ...] = ()
    """Topics with reference tables, which every partition's pipeline reads whole."""
    group_id: str = ""
    """The group under which Kafka's monitors see how far the ledger is; `syncd-` and the pipeline's name by default."""
    zone: str = "Asia/Shanghai"
    """The time zone of times that the EAM keeps without one."""
    placeholder: str = "__debezium_unavailable_value"
    """The connector's `unavailable.value.placeholder`."""
    doubles: bool = False
    """Take amounts from binary fractions of at most 15 digits, because the EAM's own columns are such."""
    decimals: Literal["", "string"] = ""
    """`decimal.handling.mode` of messages without schemas."""
    temporal: Literal["", "adaptive", "connect", "microseconds", "nanoseconds"] = ""
    """`time.precision.mode` of messages without schemas."""
    registry: str = ""
    """Where the schemas of messages in Avro are: a registry with the interface of Confluent's,
    `https://user:${REGISTRY_PASSWORD}@registry.example`. Needs the extra `avro`."""
    registry_cafile: str = ""
    """File of the authorities that the registry's certificate is checked against; the system's by default."""
    fetch_bytes_max: int = 4_000_000
    """Bytes that one answer of a broker carries at most; a larger single message still comes."""
    scan_dsn: str = ""
    """For `syncd reconcile` alone: the EAM's database, `postgresql://…` or `mysql://…`."""


def connect(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> "KafkaSource":
    """A partition of the topics as a source, by the pipeline's name `NAME/PARTITION`; all of them without a partition.
    Raises Transient or Halt."""
    return KafkaSource(settings, tables, pipeline)


def partitions(settings: Settings, known: Sequence[Position] = ()) -> Sequence[str]:
    """The names of the partitions: a pipeline each. Where the topics had another number of them for the pipelines that
    have begun, none may go on. Raises Transient or Halt."""
    server = Server(settings, "syncd")
    try:
        topics = server.topics(settings.topics)
    finally:
        server.close()
    refuse(about_topics(replace(settings, broadcast=()), topics, {}))
    for reached in known:
        require_as_many({p: stand for p, stand in parse(reached).items() if p.topic in topics}, topics)
    return [str(number) for number in range(topics[settings.topics[0]].partitions)]


def holdings(settings: Settings, tables: Mapping[str, Table], pipeline: str) -> list[Holding]:
    """The group whose numbers Kafka's monitors show. The broker forgets it by itself; its administrator may at once."""
    group = _group(settings, pipeline)
    command = f"kafka-consumer-groups.sh --bootstrap-server {settings.bootstrap} --delete --group {group}"
    return [Holding("group", group, [command], False)]


def _group(settings: Settings, pipeline: str) -> str:
    return settings.group_id or f"syncd-{pipeline.partition('/')[0]}"


def scan(settings: Settings, prepare: Callable[[Any], None]) -> AbstractContextManager[Scan]:
    """The EAM's own database: a topic cannot be asked."""
    if not settings.scan_dsn:
        raise Halt("kafka_no_eam")
    if settings.scan_dsn.startswith("mysql:"):
        return scan_eam.mysql(settings.scan_dsn, settings.zone)
    return scan_eam.postgres(settings.scan_dsn, settings.zone)


def _decoder(tables: Mapping[str, Table], reading: Reading, registry: schema_registry.Registry | None) -> Decoder:
    """What reads JSON, and with a registry Avro."""
    if registry is None:
        return Decoder(tables, reading)
    try:
        from connectors.debezium import avro
    except ModuleNotFoundError as error:
        raise no_driver(error.name, "avro") from None
    return Decoder(tables, reading, avro.opener(registry.schema))


class KafkaSource:
    """See `syncd.ports.Source`. The reader's thread owns it, but for `ack`."""

    def __init__(self, settings: Settings, tables: Mapping[str, Table], pipeline: str) -> None:
        name, _, number = pipeline.partition("/")
        reading = Reading(
            ZoneInfo(settings.zone), settings.placeholder, settings.doubles, settings.decimals, settings.temporal
        )
        self._settings = settings
        self._client = f"syncd {pipeline}"
        self._server = Server(settings, self._client)
        self._group = _group(settings, name)
        self._registry = schema_registry.of(settings.registry, settings.registry_cafile)
        self._tables = tables
        self._decoder = _decoder(tables, reading, self._registry)
        self._number = int(number) if number else None
        self._consumer: Any = None
        self._partitions: dict[Part, Partition] = {}
        self._stands: dict[Part, Stand] = {}
        self._transactions = Transactions()
        self._ready: deque[ChangeSet] = deque()
        self._ends: Mapping[Part, int] = {}
        self._begins: Mapping[Part, int] = {}
        self._gap: Gap | None = None
        self._reads_snapshot = False
        self._ahead: Mapping[Part, int] = {}
        self._held: Sequence[TopicPartition] = ()
        self._said: Position | None = None
        self._durable: Position | None = None
        self._committed: Position | None = None
        self._commit_due = 0.0

    def check(self) -> list[Finding]:
        if self._registry is not None:
            self._registry.check()
        known = self._server.topics(self._names())
        found = about_topics(self._settings, known, self._server.settings(known))
        return [*found, *said_in(self._settings, self._client, known.values(), self._decoder)]

    def start(self, checkpoint: Position | None) -> None:
        self._begin(None if checkpoint is None else parse(checkpoint))

    def snapshot_again(self, checkpoint: Position) -> None:
        """A topic says states and changes in one order: who reads it again from where it begins misses none."""
        self._begin(parse(checkpoint))  # whether it can be read on from there
        self._consumer.close(timeout_ms=CLOSE_TIMEOUT_MS)
        self._begin(None)
        self._ready.append(ChangeSet((), Position(self._reached() + AGAIN), repeats=True))

    def look(self) -> None:
        self._group = ""
        self._begin(None)

    def in_snapshot(self, position: Position) -> bool:
        stands = parse(position)
        return position.endswith(AGAIN) or any(
            stands[part].offset < end for part, end in self._ends.items() if part in stands
        )

    def end(self) -> Position:
        with guarded():
            ends = self._consumer.end_offsets(self._consumer.assignment(), timeout_ms=OFFSETS_TIMEOUT_MS)
        return position({p: s._replace(offset=ends[TopicPartition(*p)]) for p, s in self._stands.items()})

    def reaches(self, position: Position, end: Position) -> bool:
        read = parse(position)
        return all(part in read and read[part].offset >= stand.offset for part, stand in parse(end).items())

    def find_whole(self, lost_after: Position | None = None) -> Collection[str]:
        known, settings = self._known()
        own = [*self._tracked(known), *self._shared(known)]
        found = kafka_snapshot.find(self._settings, self._client, known, own, self._decoder, settings)
        self._begins = found.begins
        return found.tables

    def read(self, timeout_s: float) -> ChangeSet | None:
        self._commit()
        if self._ready:
            return self._ready.popleft()
        if self._gap is not None:
            raise self._gap
        before, found = self._reached(), self._poll(timeout_s)
        self._let_tracked_begin()
        reached = self._reached()
        if reached == self._said and not (found.changes or found.cuts or self._is_ending(reached)):
            if self._gap is not None:
                raise self._gap
            return None
        self._said = reached
        self._say(found, before, reached)
        return self._ready.popleft()

    def ack(self, position: Position) -> None:
        self._durable = position

    def keepalive(self) -> None:
        """No broker expects a sign: Kafka's group does not share out these partitions, and no session can end."""
        self._commit()

    def lag(self) -> Lag:
        """Messages behind. Raises Gap when a topic is not the one that was read before."""
        require_same(self._stands, self._server.topics(self._names()))
        with guarded():
            ends = self._consumer.end_offsets(self._consumer.assignment(), timeout_ms=OFFSETS_TIMEOUT_MS)
            self._skip()
        behind = sum(max(0, ends[TopicPartition(*part)] - p.offset) for part, p in self._partitions.items())
        return Lag(None, behind, {})

    def identity(self) -> str:
        return f"kafka/{self._server.cluster_id()}"

    def recognise(self, known: str) -> None:
        identity.require_same(known, self.identity())

    def close(self) -> None:
        if self._consumer is not None:
            self._commit_due = 0.0
            with suppress(Fault):
                self._commit()
            self._consumer.close(timeout_ms=CLOSE_TIMEOUT_MS)
        self._server.close()

    def _names(self) -> tuple[str, ...]:
        return (*self._settings.topics, *self._settings.broadcast)

    def _begin(self, stands: Stands | None) -> None:
        known, _ = self._known()
        if stands is not None:
            require_same({p: stand for p, stand in stands.items() if p.topic in known}, known)
        tracked, shared = self._tracked(known), self._shared(known)
        self._consumer = self._assigned([*tracked, *shared])
        with guarded():
            first = self._consumer.beginning_offsets(self._consumer.assignment(), timeout_ms=OFFSETS_TIMEOUT_MS)
            ends = self._consumer.end_offsets(self._consumer.assignment(), timeout_ms=OFFSETS_TIMEOUT_MS)
        for part in (*tracked, *shared):
            at = TopicPartition(*part)
            topic, offset = known[part.topic], self._begins.get(part, first[at])
            if stands is not None and part in stands:
                offset = stands[part].offset
            if not first[at] <= offset <= ends[at]:
                params = {"topic": part.topic, "partition": part.number, "offset": offset}
                raise Gap("kafka_retention_passed", first=first[at], end=ends[at], **params)
            settled = None if part in shared else ends[at] if stands is None else offset
            since, logs = offset, ""
            if stands is not None and part in stands:
                since, logs = stands[part].since, stands[part].logs
            settled_log = offset if settled is not None and part in self._begins else settled
            self._partitions[part] = Partition(offset, settled, settled_log, logs)
            self._stands[part] = Stand(offset, topic.partitions, topic.id, since)
            self._consumer.seek(at, max(first[at], since, offset - REMEMBERED_MAX))
        self._ends = {} if stands is not None else {part: ends[TopicPartition(*part)] for part in self._partitions}
        self._reads_snapshot = stands is None
        self._ahead = {part: ends[TopicPartition(*part)] for part in shared}
        self._held = [TopicPartition(*part) for part in tracked]
        self._consumer.pause(*self._held)
        self._let_tracked_begin()

    def _known(self) -> tuple[Mapping[str, Topic], Mapping[str, Mapping[str, str]]]:
        """The topics and their settings. Raises Halt for what must not be read."""
        known = self._server.topics(self._names())
        settings = self._server.settings(known)
        refuse(about_topics(self._settings, known, settings))
        return known, settings

    def _tracked(self, known: Mapping[str, Topic]) -> Sequence[Part]:
        return [part for topic in self._settings.topics for part in self._own(known[topic])]

    def _shared(self, known: Mapping[str, Topic]) -> Sequence[Part]:
        return [Part(name, number) for name in self._settings.broadcast for number in range(known[name].partitions)]

    def _own(self, topic: Topic) -> Sequence[Part]:
        if self._number is not None and self._number >= topic.partitions:
            params = {"topic": topic.name, "partition": self._number, "partitions": topic.partitions}
            raise Halt("kafka_no_partition", **params)
        numbers = range(topic.partitions) if self._number is None else (self._number,)
        return [Part(topic.name, number) for number in numbers]

    def _assigned(self, parts: Sequence[Part]) -> Any:
        opened = consumer(
            self._settings,
            self._client,
            group_id=self._group or None,
            fetch_max_bytes=self._settings.fetch_bytes_max,
            max_partition_fetch_bytes=self._settings.fetch_bytes_max,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        opened.assign([TopicPartition(*part) for part in parts])
        return opened

    def _is_ending(self, reached: Position) -> bool:
        """Whether the snapshot is over, and that has to be said by a set of its own."""
        is_ending = self._reads_snapshot and not self.in_snapshot(reached)
        self._reads_snapshot = self._reads_snapshot and not is_ending
        return is_ending

    def _let_tracked_begin(self) -> None:
        """What refers to a department comes after it: the tracked topics wait until the others were read as far as
        they went when reading began."""
        if self._held and all(self._partitions[part].offset >= end for part, end in self._ahead.items()):
            self._consumer.resume(*self._held)
            self._held = []

    def _poll(self, timeout_s: float) -> Gathered:
        with guarded():
            polled = self._consumer.poll(int(timeout_s * 1000), max_records=SET_CHANGES_MAX)
            if not polled:
                self._skip()
        now, found = time.monotonic(), Gathered()
        for p, records in polled.items():
            self._take(found, Part(*p), records, now)
        for part, partition in self._partitions.items():
            if let_go := partition.let_go(now - HALF_WAITS_S):
                found.changes += let_go
                if not self._transactions.is_amid:
                    found.cut()
            at = TopicPartition(*part)
            if at not in polled and self._transactions.quiet(part, now) and self._is_at_end(at):
                self._end_transaction(found, part)
        return found

    def _take(self, found: Gathered, part: Part, records: Sequence[Any], now: float) -> None:
        """Up to a row of another snapshot, or a change of another log; what was read before that is carried first."""
        partition, transactions = self._partitions[part], self._transactions
        decoder, changes, cut = self._decoder, found.changes, found.cut
        decode, take = decoder.decode, partition.take
        decoder.reads_json = decoder.reads_json or any(r.value and r.value.startswith(b"{") for r in records)
        for r in records:
            said = decode(r.topic, r.key, r.value, r.headers, f"{part.number}@{r.offset}", r.timestamp)
            if partition.is_anew(r.offset, said):
                self._gap = Gap("kafka_snapshot_anew", topic=part.topic, partition=part.number, offset=r.offset)
                return
            name, mark = decoder.transaction, decoder.mark
            is_one = bool(name) or said is Note.TRANSACTION or not (isinstance(said, Note) or decoder.misread)
            if said is Note.TOMBSTONE:
                said, mark = self._gone(part, partition, r)
            else:
                partition.heard(r.key, decoder.deletes)
                if name and isinstance(said, Change):
                    said = partition.in_transaction(said, name, self._tables[said.table])
            if transactions.is_amid and is_one and transactions.ends(part, name):
                self._end_transaction(found, part)
            try:
                came = take(r.offset, said, now, mark)
            except Anew:
                self._gap = Gap("kafka_log_anew", topic=part.topic, partition=part.number, offset=r.offset)
                return
            if name:
                transactions.begin(part, name)
                changes += came
                continue
            for change in came:
                changes.append(change)
                if not transactions.is_amid:
                    cut()

    def _gone(self, part: Part, partition: Partition, r: Any) -> tuple[Change | Note, Mark | None]:
        """What a tombstone says: nothing, where its deletion was a message by itself or nothing came before it."""
        stand = self._stands[part]
        if partition.is_told(r.key) or not (partition.has_heard or stand.since < stand.offset):
            return Note.TOMBSTONE, None
        place = Position(f"{part.topic}/{part.number}@{r.offset}")
        gone = self._decoder.gone(r.topic, r.key, partition.tables, place, r.timestamp)
        return partition.placed(gone, text(r.key)) if isinstance(gone, Change) else (gone, None)

    def _end_transaction(self, found: Gathered, part: Part) -> None:
        found.changes += self._partitions[part].let_go()
        if self._transactions.end(part):
            found.cut()

    def _is_at_end(self, at: TopicPartition) -> bool:
        with guarded():
            end = self._consumer.end_offsets([at], timeout_ms=OFFSETS_TIMEOUT_MS)[at]
            return bool(self._consumer.position(at) >= end)

    def _say(self, found: Gathered, before: Position, reached: Position) -> None:
        """What was found as a set; before it, what had been open up to there ends with an empty one."""
        changes, cuts = found.changes, found.cuts
        if changes and cuts[:1] == [0]:
            self._ready.append(ChangeSet((), before, repeats=True))
            del cuts[0]
        if not changes:
            self._ready.append(ChangeSet((), reached, repeats=True, cuts=() if self._transactions.is_amid else None))
            return
        self._ready.append(ChangeSet(changes, reached, changes[-1].committed_at, True, tuple(cuts)))

    def _skip(self) -> None:
        """Marks of Kafka's own transactions lie between the messages, and behind the last."""
        for part, partition in self._partitions.items():
            partition.skip_to(self._consumer.position(TopicPartition(*part)))

    def _reached(self) -> Position:
        parts = self._partitions
        return position({p: s._replace(offset=parts[p].offset, logs=parts[p].logs) for p, s in self._stands.items()})

    def _commit(self) -> None:
        """Tell Kafka what is durable, for its monitors, until it has answered. Nothing depends on it, so nobody waits
        for it. What all pipelines read is told by the first."""
        now, durable = time.monotonic(), self._durable
        if not self._group or durable in (None, self._committed) or now < self._commit_due:
            return
        assert durable is not None
        topics = self._settings.topics if self._number else self._names()
        offsets = {
            TopicPartition(*part): OffsetAndMetadata(stand.offset, "", -1)
            for part, stand in parse(durable).items()
            if part.topic in topics
        }
        self._commit_due = now + COMMIT_INTERVAL_S

        def told(_: Any, answer: Any) -> None:
            if not isinstance(answer, Exception):
                self._committed = durable

        with guarded():
            self._consumer.commit_async(offsets, told)


def require_same(stands: Stands, known: Mapping[str, Topic]) -> None:
    """Offsets mean something only in the topic that they were counted in. Raises Gap or Halt."""
    require_as_many(stands, known)
    for part, stand in stands.items():
        if known[part.topic].id != stand.topic_id:
            raise Gap("kafka_topic_recreated", topic=part.topic)


def require_as_many(stands: Stands, known: Mapping[str, Topic]) -> None:
    """What a pipeline knows is of the assets of its partition only as long as the topic has as many, also one that was
    made anew. Raises Halt."""
    for part, stand in stands.items():
        topic = known.get(part.topic)
        if topic is None:
            raise Halt("kafka_no_topic", topic=part.topic)
        if topic.partitions != stand.partitions:
            raise Halt("kafka_partitions", topic=part.topic, was=stand.partitions, now=topic.partitions)


CONNECTOR: Final = SourceConnector(Settings, connect, scan, partitions, holdings=holdings)
