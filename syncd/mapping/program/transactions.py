"""Where transactions begin and end in what waits: a batch is made of whole ones, and judges each as a whole."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from syncd.change import ChangeSet, Position


class Span(NamedTuple):
    """A transaction as counts of the changes that wait: from `start` up to `end`. `is_whole` is False for one that
    goes on beyond what waits."""

    start: int
    end: int
    is_whole: bool


def spans(sets: Sequence[ChangeSet]) -> Iterator[Span]:
    """The transactions in order; an open set goes on in the next."""
    start = said = 0
    for s in sets:
        count = len(s.changes)
        for cut in (count,) if s.cuts is None else s.cuts:
            if said + cut > start:
                yield Span(start, said + cut, True)
                start = said + cut
        said += count
    if said > start:
        yield Span(start, said, False)


def divided(sets: Sequence[ChangeSet], done: int) -> tuple[Position | None, Sequence[ChangeSet]]:
    """The position that `done` changes come to, and what is left. A set that is left in its midst has a position there
    only where it says so."""
    position: Position | None = None
    for n, s in enumerate(sets):
        if done < len(s.changes):
            if not done:
                return position, sets[n:]
            assert s.cuts is not None, "a set of one transaction is not cut"
            place = s.places[s.cuts.index(done)] if s.places else position
            left = [i for i, cut in enumerate(s.cuts) if cut > done]
            cuts, places = tuple(s.cuts[i] - done for i in left), tuple(s.places[i] for i in left if s.places)
            return place, (s._replace(changes=s.changes[done:], cuts=cuts, places=places), *sets[n + 1 :])
        done -= len(s.changes)
        position = s.position
    return position, ()
