"""The `lifecycle` block of a mapping file: its shape. The string below a key says what it means."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from syncd.mapping.language.file.shapes import Expr, Identifier, Names, Strict
from syncd.mapping.verbs.require import Says


def _days(value: object) -> object:
    if isinstance(value, str):
        number, _, unit = value.partition(" ")
        return int(number) if number.isascii() and number.isdecimal() and unit in ("day", "days") else value
    return value


Days = Annotated[int, BeforeValidator(_days, json_schema_input_type=str | int), Field(ge=0, le=3660)]
"""A number of calendar days: `7 days`, or 7."""


OverdueWord = Literal["asset", "state", "name", "entry", "since", "due", "days", "step", "role"]


class Escalation(Strict):
    """What a deadline that has passed asks for: whom it is told, and when if not at once."""

    escalate: str
    """The role that it goes to."""
    after: Days = 0
    """How many days behind the step before it, the deadline's passing for the first."""


class Deadline(Strict):
    """How long an asset may stay in a state."""

    within: Days
    """The last day on which it may still be in the state, counted from its first: `7 days`."""
    then: tuple[Escalation, ...] = ()
    """To whom it goes, step by step, once it has passed."""


class OverdueRows(Strict):
    """The table that receives a row for each step of each deadline that has passed."""

    table: str
    """The table, by its alias."""
    columns: dict[str, OverdueWord] = Field(min_length=1)
    """Column → what it is filled with: `asset`, `state`, `name`, `entry`, `since`, `due`, `days`, `step` or `role`."""


class Maintained(Strict):
    """Rows of a table that say when assets were maintained."""

    latest: Expr
    """Expression over its row: the day. The latest of an asset counts."""
    of: str
    """The table, by its alias."""
    asset: Expr
    """Expression over its row and what it joins: the asset's code."""


class HighRisk(Strict):
    """Which assets in use are a risk: old, and not looked after."""

    used_since: Expr
    """Expression over a row of the life cycle's table: the day since when it is in use."""
    years: Annotated[int, Field(ge=1, le=99)] = 7
    """In use for more years than these."""
    maintained: Maintained
    """When it was maintained last."""
    without_maintenance: Annotated[int, Field(ge=1, le=99)] = 2
    """Not maintained for so many years."""


class Papers(Strict):
    """Documents of a disposal, for its compliance report."""

    table: str
    """The table, by its alias."""
    asset: Expr
    """Expression over its row and what it joins: the asset's code."""
    says: Says
    """What the document is called."""
    columns: dict[str, Says] = Field(min_length=1)
    """Column → what it is called."""
    needed: tuple[str, ...] = ()
    """Those of the columns without which a report is not complete."""


class Pilot(Strict):
    """What the cycle was before, and by how much it is to be shorter."""

    cycle_days: Annotated[Decimal, Field(gt=0)]
    """The mean of days from the first state of a disposal to its last, before."""
    shorter_by: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.40")
    """The share by which it is to be shorter."""


class LifecycleBlock(Strict):
    """The states of an asset from use to disposal, over any EAM's status columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    """The table whose rows have the state, by its alias; its subject is the asset's code."""
    state: Expr
    """Expression over its row: the state's code; NULL for a row that is not in the life cycle."""
    since: Expr | None = None
    """Expression over its row: the day on which the state began; by default that of the commit."""
    by: Expr | None = None
    """Expression over its row: who set the state, for the compliance report."""
    states: dict[str, Says] = Field(min_length=2)
    """Code → what the state is called."""
    start: Names | None = None
    """The states of an asset that is not being disposed of; by default the first of `states`."""
    transitions: dict[str, Names] = Field(min_length=1)
    """State → the states to which it may go."""
    final: Names | None = None
    """The states with which a disposal is over; by default those that go nowhere. One that may go back, when a disposal
    is taken back, is named here."""
    deadlines: dict[str, Deadline] = Field({})
    """State → how long an asset may stay in it."""
    overdue: OverdueRows | None = None
    """The table of passed deadlines, whose rows rules see."""
    high_risk: HighRisk | None = None
    """Which assets `syncd lifecycle --high-risk` lists."""
    papers: dict[Identifier, Papers] = Field({})
    """Name → documents of a disposal."""
    pilot: Pilot | None = None
    """What the mean cycle is held against."""

    @property
    def first(self) -> tuple[str, ...]:
        """The states of an asset that is not being disposed of."""
        return self.start or (next(iter(self.states)),)

    @property
    def last(self) -> tuple[str, ...]:
        """The states with which a disposal is over."""
        return self.final or tuple(state for state in self.states if state not in self.transitions)


def faults(block: LifecycleBlock) -> list[tuple[str, tuple[str | int, ...], dict[str, Any]]]:
    """What is wrong with the states: (message, place within the block, params)."""
    found: list[tuple[str, tuple[str | int, ...], dict[str, Any]]] = []
    named: list[tuple[str, tuple[str | int, ...]]] = [(s, ("start",)) for s in block.start or ()]
    named += [(state, ("final",)) for state in block.final or ()]
    named += [(state, ("transitions", state)) for state in block.transitions]
    named += [(to, ("transitions", state)) for state, targets in block.transitions.items() for to in targets]
    named += [(state, ("deadlines", state)) for state in block.deadlines]
    found += [("lifecycle_unknown_state", at, {"state": s}) for s, at in named if s not in block.states]
    if not found:  # from a name that is wrong it would follow that nothing leads on from there
        start = ", ".join(block.first)
        unreached = [state for state in block.states if state not in _reached(block)]
        found += [("lifecycle_unreached", ("states", s), {"state": s, "start": start}) for s in unreached]
    found += [
        ("lifecycle_final_deadline", ("deadlines", state), {"state": state})
        for state in block.deadlines
        if state in block.states and state in block.last
    ]
    return found


def _reached(block: LifecycleBlock) -> set[str]:
    """The states to which transitions lead."""
    reached, ahead = set[str](), list(block.first)
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            ahead += block.transitions.get(state, ())
    return reached
