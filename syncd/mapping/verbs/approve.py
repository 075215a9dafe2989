"""`approve`: when people have to agree before a change is posted, and in which roles."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Self

from pydantic import Discriminator, Tag

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.shapes import Expr, Strict
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.rule import Place, Reading, Verb

_WITHIN: Final = re.compile(r"(\d{1,4}) (hour|day|week)s?")
_HOURS: Final = {"hour": 1, "day": 24, "week": 7 * 24}


class ApproveShape(Strict):
    """When a person has to agree, and in which role; several make a list, and all that apply are needed, in its
    order."""

    when: Expr = "true"
    """The condition."""
    role: str = "finance"
    """Who may agree."""
    within: str | None = None
    """How long that may take from when the row was parked, `3 days`, before it is shown as overdue."""
    then: str | None = None
    """Who may agree in place of the role once it is overdue."""


def _is_list(value: object) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<one>"


_Said = Annotated[
    Annotated[ApproveShape | None, Tag("<one>")] | Annotated[tuple[ApproveShape, ...], Tag("<list>")],
    Discriminator(_is_list),
]


@dataclass(frozen=True, slots=True)
class Step:
    """One agreement. `token` is what the batch's `approved` holds once it is given: the rule's name where the rule asks
    for one alone, else with its role."""

    when: Expression
    token: str
    params: Mapping[str, str]
    """What the rejection says of it: see `desk.approvals`."""


@dataclass(frozen=True)
class Approve(Verb):
    """A change that has been approved carries the tokens of the steps in the batch's `approved`."""

    word: ClassVar[str] = "approve"
    shape = (_Said, None)
    has_effect = False

    steps: tuple[Step, ...]

    @classmethod
    def read(cls, said: ApproveShape | tuple[ApproveShape, ...] | None, reading: Reading) -> Self | None:
        """A condition and a role, or several."""
        is_list = isinstance(said, tuple)
        shapes = () if said is None else said if isinstance(said, tuple) else (said,)
        found: list[Step] = []
        for n, shape in enumerate(shapes):
            place: tuple[str | int, ...] = (cls.word, n) if is_list else (cls.word,)
            when = reading.one(shape.when, *place, "when", kind=Kind.BOOLEAN)
            within = _seconds(shape, reading, place)
            if when is None:
                continue
            is_plain = len(shapes) == 1 and shape.role == ApproveShape.model_fields["role"].default
            token = reading.name if is_plain else f"{reading.name}:{shape.role}"
            again = sum(step.params["role"] == shape.role for step in found)
            token += f":{again + 1}" if again else ""
            params = {"role": shape.role}
            params |= {} if token == reading.name else {"step": token}
            params |= {"within": within} if within else {}
            params |= {"then": shape.then} if shape.then else {}
            found.append(Step(when, token, params))
        return cls(tuple(found)) if found else None

    def expressions(self) -> Iterable[Expression]:
        """The conditions."""
        return (step.when for step in self.steps)

    def places(self) -> Iterable[Place]:
        """By role."""
        return (Place(self.word, step.when, step.params["role"]) for step in self.steps)

    def judge(self, block: Block) -> None:
        """`held`: whether somebody has yet to agree. What a snapshot reads for its card alone waits for nobody."""
        block.need({name for step in self.steps for name in step.when.names})
        unless = "" if block.rule.snapshot == "post" or not block.rule.takes_snapshots else " and op != 'read'"
        if len(self.steps) == 1:
            step = self.steps[0]
            block.add(f"held = {step.when.condition()} and {step.token!r} not in w.approved{unless}")
            block.held = f"w.approval({dict(step.params)!r})"
            return
        asked = " or ".join(f"({step.when.condition()} and {step.token!r} not in w.approved)" for step in self.steps)
        block.add(f"held = ({asked}){unless}")
        block.held = f"w.approvals({self._open_source()})"

    def _open_source(self) -> str:
        """The source of the list of the steps that are still needed."""
        parts = (
            f"*([{dict(step.params)!r}] if {step.when.condition()} and {step.token!r} not in w.approved else ())"
            for step in self.steps
        )
        return f"[{', '.join(parts)}]"

    def make(self, block: Block) -> None:
        """Refuses what is held, once it is sure that it could be posted."""
        block.add("if held:", f"    return {block.held}")


def _seconds(shape: ApproveShape, reading: Reading, place: tuple[str | int, ...]) -> str:
    """How long a step may take, in seconds as text; empty where nothing is said, or it is wrong."""
    if shape.within is None:
        if shape.then is not None:
            reading.fault("approve_then", *place, "then", then=shape.then)
        return ""
    found = _WITHIN.fullmatch(shape.within.strip())
    if found is None or int(found[1]) == 0:
        reading.fault("approve_within", *place, "within", within=shape.within)
        return ""
    return str(int(found[1]) * _HOURS[found[2]] * 3600)
