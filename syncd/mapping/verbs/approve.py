"""`approve`: when a person has to agree before a change is posted, and in which role."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.shapes import Expr, Strict
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.rule import Reading, Verb


class ApproveShape(Strict):
    """When a person has to agree, and in which role."""

    when: Expr = "true"
    """The condition."""
    role: str = "finance"
    """Who may agree."""


@dataclass(frozen=True)
class Approve(Verb):
    """A change that has been approved carries the rule's name in the batch's `approved`."""

    word: ClassVar[str] = "approve"
    shape = (ApproveShape | None, None)
    has_effect = False

    when: Expression
    role: str

    @classmethod
    def read(cls, said: ApproveShape | None, reading: Reading) -> Self | None:
        """A condition and a role."""
        when = reading.one(said.when, cls.word, "when", kind=Kind.BOOLEAN) if said else None
        return cls(when, said.role) if said and when is not None else None

    def expressions(self) -> Iterable[Expression]:
        """The condition."""
        return (self.when,)

    def judge(self, block: Block) -> None:
        """`held`: whether somebody has yet to agree. What a snapshot reads for its card alone waits for nobody."""
        block.need(self.when.names)
        unless = "" if block.rule.snapshot == "post" or not block.rule.takes_snapshots else " and op != 'read'"
        block.add(f"held = {self.when.condition()} and {block.rule.name!r} not in w.approved{unless}")
        block.held = f"w.approval({self.role!r})"

    def make(self, block: Block) -> None:
        """Refuses what is held, once it is sure that it could be posted."""
        block.add("if held:", f"    return {block.held}")
