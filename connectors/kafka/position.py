"""Where a pipeline stands in its topics: the offset of the next message of each partition that it reads.

0000000000000001262 eam:3/12=1200@p6RbJ0x2QWGkzZt2hTLhXg dept:0/1=62@…
└ all offsets summed: they only grow, so the text sorts as the reading went
                    └ topic : partition / partitions the topic has = offset @ id of the topic
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from syncd.change import Position

_DIGITS: Final = 19


class Part(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Stand(NamedTuple):
    """The offset of the next message, and of which topic: a topic made anew under its old name has another id."""

    offset: int
    partitions: int
    topic_id: str


Stands = Mapping[Part, Stand]


def position(stands: Stands) -> Position:
    """The text of it."""
    total = sum(stand.offset for stand in stands.values())
    said = (f"{p.topic}:{p.number}/{s.partitions}={s.offset}@{s.topic_id}" for p, s in sorted(stands.items()))
    return Position(" ".join((f"{total:0{_DIGITS}d}", *said)))


def parse(position: Position) -> Stands:
    """The inverse of `position`."""
    stands: dict[Part, Stand] = {}
    for word in position.split(" ")[1:]:
        topic, _, rest = word.partition(":")
        where, _, at = rest.partition("=")
        number, _, partitions = where.partition("/")
        offset, _, topic_id = at.partition("@")
        stands[Part(topic, int(number))] = Stand(int(offset), int(partitions), topic_id)
    return stands
