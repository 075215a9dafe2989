"""`budget`: what finance still has for it; a posting that would take more waits until somebody agrees."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.shapes import Expr, Strict
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.approve import Step
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.rule import Checking, Place, Reading, Rule, Verb


class BudgetShape(Strict):
    """What finance still has for a posting, and who agrees when that is too little."""

    left: str
    """The lookup of the layout that tells what is left, in yuan, with all that is posted taken off."""
    key: Expr
    """Its code: whose budget it is."""
    amount: Expr
    """How much of it the posting takes."""
    role: str = "finance"
    """Who may agree to more."""


@dataclass(frozen=True)
class Budget(Verb):
    """What the batch has taken so far counts; what is posted, finance's own lookup says. A code that finance does not
    know has nothing left."""

    word: ClassVar[str] = "budget"
    shape = (BudgetShape | None, None)
    is_for_snapshots = False
    has_effect = False

    left: str
    key: Expression
    amount: Expression
    token: str
    role: str

    @classmethod
    def read(cls, said: BudgetShape | None, reading: Reading) -> Self | None:
        """A lookup, its code, an amount."""
        if said is None:
            return None
        known = reading.resolver.lookups
        if said.left not in known:
            reading.fault("unknown_lookup_name", cls.word, "left", lookup=said.left, nearest=nearest(said.left, known))
        key = reading.one(said.key, cls.word, "key", kind=Kind.TEXT)
        amount = reading.one(said.amount, cls.word, "amount", kind=Kind.DECIMAL)
        if key is None or amount is None:
            return None
        return cls(said.left, key, amount, f"{reading.name}:#{cls.word}", said.role)

    def expressions(self) -> Iterable[Expression]:
        """The code and the amount."""
        return (self.key, self.amount)

    def places(self) -> Iterable[Place]:
        """Whose it is, and how much is taken."""
        yield Place(self.word, self.key, self.left)
        yield Place(self.word, self.amount, "amount")

    @property
    def step(self) -> Step:
        """The agreement that is needed where too little is left."""
        params = {"role": self.role, "step": self.token, "budget": self.left}
        return Step(self.amount, self.token, params)

    def is_over(self) -> str:
        """The source of whether too little is left."""
        return f"w.is_over({self.left!r}, {self.key.python()}, {self.amount.python()})"

    def make(self, block: Block) -> None:
        """Refuses what would take more than is left, once it is sure that it could be posted."""
        block.need({*self.key.names, *self.amount.names})
        block.add(f"if {self.is_over()} and {self.token!r} not in w.approved:")
        block.add(f"    return w.approval({dict(self.step.params)!r})")

    def post(self, block: Block) -> None:
        """The batch knows what is taken."""
        block.need({*self.key.names, *self.amount.names})
        block.add(f"w.effects.take({self.left!r}, {self.key.python()}, {self.amount.python()})")

    def check(self, rule: Rule, checking: Checking) -> None:
        """A collected row takes nothing until its group is posted: until then others would find it left."""
        if rule.verb(Collect) is not None:
            checking.errors.fault("budget_collects", ("rules", rule.name, self.word))
