"""A guess: what is proposed, how sure that is, and why."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

SURE: Final = 0.6
"""Below it a guess is a question to a person."""


class Why(NamedTuple):
    """A reason as a message of the catalogue."""

    code: str
    params: Mapping[str, object] = MappingProxyType({})


class Guess(NamedTuple):
    """What is proposed. `sure` is from 0 to 1."""

    value: str
    sure: float
    why: tuple[Why, ...]

    @property
    def asks(self) -> bool:
        """Whether a person has to say whether it is right."""
        return self.sure < SURE


def named(value: str, score: float, name: str, *more: Why) -> Guess:
    """A guess by a name, the surer the more a name says."""
    return Guess(value, min(0.98, score + 0.1 * len(more)), (Why("init_why_name", {"name": name}), *more))


def linked(value: str, column: str, table: str) -> Guess:
    """A guess by a foreign key."""
    return Guess(value, 0.97, (Why("init_why_foreign", {"column": column, "table": table}),))


def seen(values: Sequence[str]) -> Why:
    """Values that tell."""
    return Why("init_why_values", {"values": ", ".join(values)})
