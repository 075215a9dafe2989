"""Topics that are not as they should be or were not read in time, and the way back."""

import re
from collections.abc import Callable
from contextlib import closing

import pytest

from syncd.errors import Gap
from tests.acceptance.envelopes import COMMITTED_US
from tests.advice import advice, advised, heard
from tests.advice.kafka_books import NEEDS_A_PERSON, Books, until
from tests.servers import Kafka
from tests.servers.kafka import tool

Opened = Callable[..., Books]
LATER = COMMITTED_US + 60_000_000
RAN = {"FA-1": 100, "FA-2": 50}


@pytest.fixture
def read(books: Opened) -> Books:
    """Books that hold what a topic of one partition said."""
    made = books()
    made.say(1, None, 100)
    made.say(2, None, 50)
    made.carries(RAN)
    return made


def goes_on(made: Books, value: int, began_us: int = COMMITTED_US) -> None:
    """What comes next is posted, once, and nothing is wrong."""
    made.say(2, 50, 70, began_us)
    made.carries({"FA-1": value, "FA-2": 70})
    assert "!" not in made.check()


@advice("kafka_topic_recreated")
def test_a_topic_made_anew(read: Books) -> None:
    read.make_anew()
    heard("kafka_topic_recreated", read.halts())
    read.snapshot({1: 130, 2: 50})
    read.repair()
    goes_on(read, 130)


@advice("kafka_retention_passed", "kafka_snapshot_cut", "kafka_short_retention")
def test_retention_that_passes_over_what_was_not_read(books: Opened, kafka: Kafka) -> None:
    """And over the beginning of the snapshot that was to make it good."""
    made = books(topic=kafka.create_topic(1, retention_ms="3600000"))
    made.say(2, None, 50)
    made.carries({"FA-2": 50})
    made.say(1, None, 100)
    made.say(1, 100, 110)
    made.forget(2)
    heard("kafka_retention_passed", made.halts())
    made.snapshot({1: 110, 2: 50}, began_us=COMMITTED_US)
    made.forget(4)
    heard("kafka_snapshot_cut", made.syncd("repair", "--preview", expect=(NEEDS_A_PERSON,)))
    made.snapshot({1: 110, 2: 50})
    made.repair()
    assert "kafka_short_retention" in made.findings()
    (command,) = re.findall("kafka-configs.sh .*", made.check())
    tool(command)
    goes_on(made, 110)


@advice("kafka_out_of_range")
def test_retention_that_passes_over_a_reader(read: Books) -> None:
    with closing(read.source()) as reading:
        reading.start(read.reached())
        read.say(1, 100, 110)
        read.say(1, 110, 120)
        read.forget(4)
        with pytest.raises(Gap) as gap:
            until("it is noticed", lambda: bool(reading.read(0.1)))
    assert gap.value.code == "kafka_out_of_range"
    read.snapshot({1: 120, 2: 50})
    read.repair()
    goes_on(read, 120)


@advice("kafka_snapshot_anew", "kafka_snapshot_unfinished")
def test_a_snapshot_in_midstream_that_has_not_ended(read: Books) -> None:
    read.snapshot({1: 100}, ("first", "true"))
    heard("kafka_snapshot_anew", read.halts())
    heard("kafka_snapshot_unfinished", read.syncd("repair", "--preview", expect=(NEEDS_A_PERSON,)))
    read.snapshot({2: 50}, ("last", "last"), again=False)
    read.repair()
    goes_on(read, 100)


@advice("kafka_log_anew", "kafka_no_snapshot")
def test_a_log_that_begins_anew(read: Books) -> None:
    read.number = 0
    read.say(1, 100, 140, began_us=LATER)
    heard("kafka_log_anew", read.halts())
    heard("kafka_no_snapshot", read.syncd("repair", "--preview", expect=(NEEDS_A_PERSON,)))
    read.snapshot({1: 140, 2: 50}, began_us=LATER)
    read.repair()
    goes_on(read, 140, began_us=LATER)


@advice("kafka_partitions")
def test_a_topic_that_was_given_more_partitions(books: Opened) -> None:
    """Invariants 2 and 4: the new partition waits: what is in it belongs behind changes of others."""
    made = books(2)
    made.say(1, None, 100)
    made.say(2, None, 50, partition=1)
    made.carries(RAN)
    made.widen(3)
    made.say(2, 50, 60, partition=2)
    said = made.halts()
    assert heard("kafka_partitions", said)["was"] == "2"
    assert made.values() == RAN
    made.make_anew(3)
    heard("kafka_partitions", made.halts())
    made.make_anew(2)
    made.snapshot({1: 100}, ("first", "true"))
    made.snapshot({2: 60}, ("last", "last"), again=False, partition=1)
    heard("kafka_topic_recreated", made.halts())
    made.repair()
    made.say(1, 100, 120)
    made.say(2, 60, 70, partition=1)
    made.carries({"FA-1": 120, "FA-2": 70})


@advice("kafka_compacted")
def test_a_topic_that_is_compacted(books: Opened, kafka: Kafka) -> None:
    made = books(topic=kafka.create_topic(1, cleanup_policy="compact"))
    made.say(1, None, 100)
    said = heard("kafka_compacted", made.check(1))
    heard("kafka_compacted", made.halts())
    tool(said["repair"])
    assert "compact" not in made.check()
    made.make_anew()
    made.snapshot({1: 100})
    made.say(1, 100, 120)
    made.carries({"FA-1": 20})
    assert "!" not in made.check()


def name_one(made: Books, _: list[str]) -> None:
    made.setting(topics=[made.topic])


def create(made: Books, named: list[str]) -> None:
    made.topic = made.kafka.create_topic(1, named[0])


def widen(made: Books, named: list[str]) -> None:
    made.topic = named[0]
    made.widen(2)


@pytest.mark.parametrize(
    ("code", "topics", "level", "follow"),
    [
        advised("kafka_no_topics", [], 1, name_one),
        advised("kafka_no_topic", ["eam-asset"], 1, name_one, name="a name that is wrong"),
        advised("kafka_no_topic", ["eam/asset"], 1, name_one, name="a name that cannot be"),
        advised("kafka_no_topic", ["eam-assets"], 1, create, name="none yet"),
        advised("kafka_partitions_differ", [1, 2], 1, widen),
        advised("kafka_many_topics", [1, 1], 0, name_one),
    ],
)
def test_topics_that_are_not_as_they_should_be(
    books: Opened, code: str, topics: list[str | int], level: int, follow: Callable[[Books, list[str]], None]
) -> None:
    made = books()
    named = [made.kafka.create_topic(one) if isinstance(one, int) else one for one in topics]
    made.setting(topics=named or None)
    heard(code, made.check(level))
    follow(made, named)
    assert code not in made.findings()
    made.say(1, None, 100)
    made.carries({"FA-1": 100})


@advice("kafka_no_partition")
def test_a_partition_that_there_is_not(read: Books) -> None:
    heard("kafka_no_partition", read.syncd("dry-run", "--pipeline", "main/1", expect=(NEEDS_A_PERSON,)))
    read.syncd("dry-run", "--pipeline", "main/0")
