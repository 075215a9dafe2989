"""The newest snapshot of a connector in its topics: whether it is whole, and where it begins.

Kafka spreads the rows of a snapshot over the partitions, and its first and last row, which are marked, lie in any of
them: so all are looked through. What a partition said before the snapshot counts no more: a row that went while the
connector had lost its place in the log was never said to be gone.

    partition 0   c u u │ r r r r·last   │ u c
    partition 1   u     │ r·first r      │
    partition 2   c d   │                │ u      no row: what came before the first row, by the time in Kafka
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kafka import TopicPartition

from connectors.debezium.envelope import Decoder, Sight
from connectors.kafka.position import Part
from connectors.kafka.server import Access, Topic, consumer, guarded
from syncd.errors import Halt, Transient

POLL_MS: Final = 500
SILENCE_S_MAX: Final = 30.0
OFFSETS_TIMEOUT_MS: Final = 5_000


class SnapshotBounds(NamedTuple):
    """Where the snapshot begins in each partition, and of which tables it says rows."""

    begins: Mapping[Part, int]
    tables: Collection[str]


@dataclass
class Snapshot:
    """What was seen of one: when its first row came, in milliseconds, and its newest; whether it has ended."""

    connector: str
    rows: int = 0
    first_ms: int | None = None
    newest_ms: int = 0
    end: Part | None = None
    begins: dict[Part, int] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    def saw(self, part: Part, offset: int, at_ms: int, sight: Sight) -> None:
        """A row of it. One behind the last: several threads take it, and nobody knows when all have ended."""
        self.rows += 1
        self.newest_ms = max(self.newest_ms, at_ms)
        self.begins.setdefault(part, offset)
        self.tables.add(sight.alias)
        if sight.mark == "first" or (sight.mark == "last" and self.rows == 1):
            self.first_ms = at_ms
        self.end = part if sight.mark == "last" else None if self.end == part else self.end


def newest(seen: Mapping[str, Snapshot]) -> Sequence[Snapshot]:
    """The newest of each connector. Raises Halt when there is none, or it is not all there."""
    found: dict[str, Snapshot] = {}
    for snapshot in sorted(seen.values(), key=lambda s: s.newest_ms):
        found[snapshot.connector] = snapshot
    if not found:
        raise Halt("kafka_no_snapshot")
    for name, snapshot in found.items():
        if snapshot.end is None:
            raise Halt("kafka_snapshot_unfinished", connector=name)
        if snapshot.first_ms is None:
            raise Halt("kafka_snapshot_cut", connector=name)
    return list(found.values())


def find(
    access: Access,
    client: str,
    topics: Mapping[str, Topic],
    own: Collection[Part],
    decoder: Decoder,
    settings: Mapping[str, Mapping[str, str]],
) -> SnapshotBounds:
    """The newest snapshot in the topics, for who reads the partitions `own`. Raises Halt, Gap or Transient."""
    parts = [TopicPartition(topic.name, number) for topic in topics.values() for number in range(topic.partitions)]
    with closing(consumer(access, client)) as reading:
        with guarded():
            reading.assign(parts)
            first = reading.beginning_offsets(parts, timeout_ms=OFFSETS_TIMEOUT_MS)
            ends = reading.end_offsets(parts, timeout_ms=OFFSETS_TIMEOUT_MS)
        snapshots = newest(_seen(reading, first, ends, decoder))
        since_ms = min(s.first_ms for s in snapshots if s.first_ms is not None)
        with guarded():
            later = reading.offsets_for_times(dict.fromkeys(parts, since_ms))
    begins = {}
    for part in own:
        at = TopicPartition(*part)
        held = [s.begins[part] for s in snapshots if part in s.begins]
        begins[part] = min(held) if held else later[at].offset if later.get(at) else ends[at]
        has_earlier = first[at] == 0 or first[at] < begins[part]
        is_lone = any(s.rows == 1 and part in s.begins for s in snapshots)  # or the last of those that were deleted
        if not (has_earlier or (not is_lone and _is_young(since_ms, settings.get(part.topic, {})))):
            raise Halt("kafka_snapshot_cut", connector=", ".join(s.connector for s in snapshots))
    return SnapshotBounds(begins, {alias for s in snapshots for alias in s.tables if alias})


def _seen(reading: Any, first: Mapping[Any, int], ends: Mapping[Any, int], decoder: Decoder) -> Mapping[str, Snapshot]:
    seen: dict[str, Snapshot] = {}
    with guarded():
        for part, offset in first.items():
            reading.seek(part, offset)
    for record in _until(reading, ends):
        sight = decoder.sight(record.topic, record.value, f"{record.partition}@{record.offset}")
        if sight is not None:
            snapshot = seen.setdefault(sight.snapshot, Snapshot(sight.connector))
            snapshot.saw(Part(record.topic, record.partition), record.offset, record.timestamp, sight)
    return seen


def _until(reading: Any, ends: Mapping[Any, int]) -> Iterator[Any]:
    """All messages up to the ends."""
    heard_at = time.monotonic()
    left = set(ends)
    while True:
        with guarded():
            polled = reading.poll(POLL_MS)
            done = {part for part in left if reading.position(part) >= ends[part]}
        for part, records in polled.items():
            yield from (record for record in records if record.offset < ends[part])
        left -= done
        if not left:
            return
        if done:
            reading.pause(*done)
        if polled or done:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > SILENCE_S_MAX:
            raise Transient("kafka_away", error="silence")


def _is_young(since_ms: int, settings: Mapping[str, str]) -> bool:
    """Whether retention cannot yet have taken anything that came since then, clocks being never quite right."""
    if not settings:
        return False  # nobody says
    kept_ms = int(settings.get("retention.ms", "-1"))
    age_ms = time.time() * 1000 - since_ms
    return int(settings.get("retention.bytes", "-1")) == -1 and (kept_ms < 0 or age_ms * 2 < kept_ms)
