"""What must be right in Kafka before its topics can be trusted, each with the command that repairs it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from kafka import TopicPartition

from connectors.debezium.envelope import ODD, Decoder, Half
from connectors.debezium.losses import DEFAULTS, losses
from connectors.debezium.shapes import Note
from connectors.kafka.server import Access, Topic, consumer, guarded
from syncd.change import Change, Position
from syncd.errors import Halt
from syncd.ports import Finding

RETENTION_MS_MIN: Final = 86_400_000
"""A daemon that stood still over a day must still find its messages."""
SAMPLED_MESSAGES_MAX: Final = 200
SAMPLE_WAITS_MS: Final = 2_000


class Topics(Protocol):
    """The settings of a source that name its topics."""

    @property
    def bootstrap(self) -> str: ...
    @property
    def topics(self) -> Sequence[str]: ...
    @property
    def broadcast(self) -> Sequence[str]: ...


def about_topics(
    named: Topics, known: Mapping[str, Topic], settings: Mapping[str, Mapping[str, str]]
) -> Iterator[Finding]:
    """What the brokers say of the topics."""
    tracked, broadcast = named.topics, named.broadcast
    if not tracked:
        yield Finding("error", "kafka_no_topics", {})
    for name in (*tracked, *broadcast):
        if name not in known:
            yield Finding("error", "kafka_no_topic", {"topic": name})
    counts = {name: known[name].partitions for name in tracked if name in known}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        yield Finding("error", "kafka_partitions_differ", {"topics": said})
    if len(tracked) > 1:
        yield Finding("warning", "kafka_many_topics", {"topics": ", ".join(tracked)})
    unseen = [name for name in tracked if name in known and name not in settings]
    if unseen:
        yield Finding("warning", "kafka_settings_unseen", {"topics": ", ".join(unseen)})
    for name in tracked:
        yield from _kept(named.bootstrap, name, settings.get(name, {}))


def said_in(access: Access, client: str, topics: Iterable[Topic], decoder: Decoder) -> Iterator[Finding]:
    """What the newest messages of the topics show: envelopes that can be read, of which tables, keyed by what. How a
    table is written its last message says: the connector may have been set otherwise before."""
    partitions = {topic.name: topic.partitions for topic in topics}
    keys: dict[str, dict[str, str]] = defaultdict(dict)
    lost: dict[str, tuple[str, Collection[str]]] = {}
    with_nulls: set[str] = set()
    misread: dict[str, Halt] = {}
    records = sorted(_newest(access, client, partitions), key=lambda record: record.timestamp)
    decoder.reads_json = any(record.value and record.value.startswith(b"{") for record in records)
    deleted: set[tuple[Any, ...]] = set()
    heard: set[tuple[Any, ...]] = set()
    for record in records:
        where = f"{record.partition}@{record.offset}"
        try:
            said = decoder.decode(record.topic, record.key, record.value, record.headers, where)
        except Halt as halt:
            yield Finding("error", halt.code, {"topic": record.topic, "where": where, **halt.params})
            return
        own = record.topic, record.partition, record.key
        if decoder.deletes:
            deleted.add(own)
        elif said is Note.TOMBSTONE and own[:2] in heard and own not in deleted:
            decoder.gone(record.topic, record.key, keys[record.topic], Position(f"{record.topic}/{where}"), 0)
        if decoder.misread is not None:
            misread.setdefault(record.topic, decoder.misread)
            continue
        if isinstance(said, Half):
            said = said.change
        if isinstance(said, Change):
            heard.add(own[:2])
            keys[record.topic][said.table] = _columns(decoder, record.key)
            nulls = decoder.nulls(record.topic, record.value)
            for column, field in decoder.described(record.topic, record.value, said.table).items():
                codes = set(losses(said.position, field))
                lost[f"{said.table}.{column}"] = record.topic, codes
                if DEFAULTS in codes and column in nulls:
                    with_nulls.add(record.topic)
    for topic, why in sorted(misread.items()):
        yield Finding("warning" if keys[topic] else "error", why.code, why.params)
    yield from _lost(lost, with_nulls)
    yield from _keyed(keys, partitions)


def _keyed(keys: Mapping[str, Mapping[str, str]], partitions: Mapping[str, int]) -> Iterator[Finding]:
    """By which columns the messages of each topic's tables are keyed."""
    for topic, tables in sorted(keys.items()):
        for table, columns in sorted(tables.items()):
            params = {"topic": topic, "table": table, "columns": columns}
            yield Finding("ok", "kafka_keyed", params) if columns else Finding("warning", "kafka_no_key", params)
        if partitions[topic] > 1 and len(set(tables.values())) > 1:
            said_keys = "; ".join(f"{table}: {columns}" for table, columns in sorted(tables.items()))
            yield Finding("warning", "kafka_keys_differ", {"topic": topic, "keys": said_keys})


def _lost(lost: Mapping[str, tuple[str, Collection[str]]], with_nulls: Collection[str]) -> Iterator[Finding]:
    """What is lost in which columns. A converter that wrote a NULL where there is a default was told to."""
    found: dict[str, list[str]] = defaultdict(list)
    for column, (topic, codes) in sorted(lost.items()):
        for code in sorted(codes):
            if code != DEFAULTS or topic not in with_nulls:
                found[code].append(column)
    for code, columns in found.items():
        yield Finding("warning", code, {"columns": ", ".join(columns)})


def refuse(results: Iterable[Finding]) -> None:
    """Raises Halt for the first error among the findings."""
    for finding in results:
        if finding.level == "error":
            raise Halt(finding.code, **finding.params)


def _kept(bootstrap: str, name: str, settings: Mapping[str, str]) -> Iterator[Finding]:
    alter = f"kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name {name}"
    alter += " --add-config "
    if "compact" in settings.get("cleanup.policy", ""):
        yield Finding("error", "kafka_compacted", {"topic": name, "repair": alter + "cleanup.policy=delete"})
    retention_ms = int(settings.get("retention.ms", "-1"))
    if 0 <= retention_ms < RETENTION_MS_MIN:
        hours = f"{retention_ms / 3_600_000:.1f}"
        yield Finding(
            "warning", "kafka_short_retention", {"topic": name, "hours": hours}, alter + "retention.ms=604800000"
        )


def _newest(access: Access, client: str, partitions: Mapping[str, int]) -> list[Any]:
    """The last few messages of topics."""
    parts = [TopicPartition(name, number) for name, count in partitions.items() for number in range(count)]
    if not parts:
        return []
    reading = consumer(access, client)
    try:
        with guarded():
            reading.assign(parts)
            first, ends = reading.beginning_offsets(parts), reading.end_offsets(parts)
            each = max(1, SAMPLED_MESSAGES_MAX // len(parts))
            for part in parts:
                reading.seek(part, max(first[part], ends[part] - each))
            left = sum(min(each, ends[part] - first[part]) for part in parts)
            records: list[Any] = []
            while left > 0:
                polled = [record for some in reading.poll(SAMPLE_WAITS_MS).values() for record in some]
                if not polled:
                    break  # marks of transactions count as messages
                records += polled
                left -= len(polled)
            return records
    finally:
        reading.close(timeout_ms=SAMPLE_WAITS_MS)


def _columns(decoder: Decoder, key: bytes | None) -> str:
    """The names of a message's key columns, with `+ schema` where the key carries one; empty without a key that can be
    read."""
    try:
        parsed, beside = decoder.key(key)
    except (Halt, *ODD):
        return ""
    if not isinstance(parsed, dict):
        return ""
    return ", ".join([*parsed, f"+ {beside}"] if beside else parsed)
