"""Who has taken what: a group of parked rows that somebody looks into is shown to all others as theirs.

It keeps nobody from anything. What is taken is given back, or taken over, and all of it stands in the chain of actions.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from syncd.desk.parked.operators import Actor, Group, act
from syncd.ports import Ledger
from syncd.record import moment

TAKEN: Final = (
    "SELECT target, action, actor, at FROM syncd.action WHERE pipeline = ? AND target IN (?*)"
    " AND action IN ('take', 'give_back') ORDER BY seq"
)


class Taken(NamedTuple):
    """Who has taken something, and since when."""

    actor: str
    at: datetime


def called(group: Group) -> str:
    """What a group is called in the chain of actions: by what it has in common, whichever rows are in it."""
    return f"group/{group.state}/{group.table}/{group.rule}/{group.code}"


def taken(ledger: Ledger, pipeline: str, groups: Sequence[Group]) -> Mapping[str, Taken]:
    """By what a group is called, who has it."""
    found: dict[str, Taken] = {}
    for target, action, actor, at in ledger.query(TAKEN, (pipeline, [called(group) for group in groups])):
        found.pop(str(target), None)
        if action == "take":
            found[str(target)] = Taken(str(actor), moment(str(at)))
    return found


def take(ledger: Ledger, pipeline: str, target: str, by: Actor) -> None:
    """From now on it is theirs, whoever had it."""
    with ledger.desk() as desk:
        act(desk, by, "take", pipeline, target, {})


def give_back(ledger: Ledger, pipeline: str, target: str, by: Actor) -> None:
    """It is nobody's any more."""
    with ledger.desk() as desk:
        act(desk, by, "give_back", pipeline, target, {})
