"""Where a pipeline stands in its topics: the offset of the next message of each partition that it reads.

0000000000000001262 eam:3/12=1200@p6RbJ0x2QWGkzZt2hTLhXg!7!postgresql/eam|… dept:0/1=62@…
└ all offsets summed: they only grow, so the text sorts as the reading went
                    └ topic : partition / partitions the topic has = offset @ id of the topic
                                        offset where reading began ! how far its logs were said, see `logs` ┘

A `~` at the end says that reading begins here once more.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from syncd.change import Position
from syncd.errors import Gap

_DIGITS: Final = 19
AGAIN: Final = " ~"


class Part(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Stand(NamedTuple):
    """The offset of the next message, and of which topic: a topic made anew under its old name has another id. What
    lies before `since` was not read; `logs` is how far the logs in it were said. Earlier versions wrote neither."""

    offset: int
    partitions: int
    topic_id: str
    since: int = 0
    logs: str = ""


Stands = Mapping[Part, Stand]


def position(stands: Stands) -> Position:
    """The text of it."""
    total = sum(stand.offset for stand in stands.values())
    said = (
        f"{p.topic}:{p.number}/{s.partitions}={s.offset}@{s.topic_id}{_known(s)}" for p, s in sorted(stands.items())
    )
    return Position(" ".join((f"{total:0{_DIGITS}d}", *said)))


def _known(stand: Stand) -> str:
    return f"!{stand.since}!{stand.logs}" if stand.since or stand.logs else ""


def parse(position: Position) -> Stands:
    """The inverse of `position`. Raises Gap for what names a message."""
    if not position[:_DIGITS].isdecimal():
        raise Gap("checkpoint_of_change", position=position)
    stands: dict[Part, Stand] = {}
    for word in position.removesuffix(AGAIN).split(" ")[1:]:
        topic, _, rest = word.partition(":")
        where, _, at = rest.partition("=")
        number, _, partitions = where.partition("/")
        offset, _, about = at.partition("@")
        topic_id, _, known = about.partition("!")
        since, _, logs = known.partition("!")
        stands[Part(topic, int(number))] = Stand(int(offset), int(partitions), topic_id, int(since or 0), logs)
    return stands
