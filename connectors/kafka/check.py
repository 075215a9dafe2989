"""What must be right in Kafka before its topics can be trusted, each with the command that repairs it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kafka import TopicPartition

from connectors.debezium.envelope import Decoder, Half
from connectors.kafka.server import Access, Topic, consumer, guarded
from syncd.change import Change
from syncd.errors import Halt
from syncd.ports import Finding

RETENTION_MS_MIN: Final = 86_400_000
"""A daemon that stood still over a day must still find its messages."""
SAMPLED_MESSAGES_MAX: Final = 200
SAMPLE_WAITS_MS: Final = 2_000


def about_topics(
    tracked: Sequence[str],
    broadcast: Sequence[str],
    known: Mapping[str, Topic],
    settings: Mapping[str, Mapping[str, str]],
) -> Iterator[Finding]:
    """What the brokers say of the topics."""
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
    for name in tracked:
        yield from _kept(name, settings.get(name, {}))


def said_in(access: Access, client: str, topics: Iterable[Topic], decoder: Decoder) -> Iterator[Finding]:
    """What the newest messages of the topics show: envelopes that can be read, of which tables, keyed by what."""
    partitions = {topic.name: topic.partitions for topic in topics}
    keys: dict[str, dict[str, str]] = defaultdict(dict)
    defaulted: set[str] = set()
    for record in _newest(access, client, partitions):
        where = f"{record.partition}@{record.offset}"
        try:
            said = decoder.decode(record.topic, record.key, record.value, record.headers, where)
            key = decoder.key(record.key)
        except Halt as halt:
            yield Finding("error", halt.code, {"topic": record.topic, "where": where, **halt.params})
            return
        if isinstance(said, Half):
            said = said.change
        if isinstance(said, Change):
            keys[record.topic][said.table] = _columns(*key)
            found = decoder.defaulted(record.topic, record.value, said.table)
            defaulted |= {f"{said.table}.{column}" for column in found}
    if defaulted:
        yield Finding("warning", "kafka_defaults", {"columns": ", ".join(sorted(defaulted))})
    for topic, tables in sorted(keys.items()):
        for table, columns in sorted(tables.items()):
            params = {"topic": topic, "table": table, "columns": columns}
            yield Finding("ok", "kafka_keyed", params) if columns else Finding("warning", "kafka_no_key", params)
        if partitions[topic] > 1 and len(set(tables.values())) > 1:
            said_keys = "; ".join(f"{table}: {columns}" for table, columns in sorted(tables.items()))
            yield Finding("warning", "kafka_keys_differ", {"topic": topic, "keys": said_keys})


def refuse(results: Iterable[Finding]) -> None:
    """Raises Halt for the first error among the findings."""
    for finding in results:
        if finding.level == "error":
            raise Halt(finding.code, **finding.params, repair=finding.repair)


def _kept(name: str, settings: Mapping[str, str]) -> Iterator[Finding]:
    alter = f"kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name {name} --add-config "
    if "compact" in settings.get("cleanup.policy", ""):
        yield Finding("error", "kafka_compacted", {"topic": name}, alter + "cleanup.policy=delete")
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


def _columns(parsed: Any, beside: str) -> str:
    """The names of a message's key columns, with `+ schema` where the key carries one; empty without a key."""
    if not isinstance(parsed, dict):
        return ""
    return ", ".join([*parsed, f"+ {beside}"] if beside else parsed)
