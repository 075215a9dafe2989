"""`require`: what must be true before a change is posted, and what the clerk is told when it is not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.shapes import Expr, Strict
from syncd.mapping.program.block import Block, commas
from syncd.mapping.verbs.rule import Place, Reading, Verb


class SaysShape(Strict):
    """A sentence for the clerk, in both languages."""

    zh: str
    """In Chinese."""
    en: str
    """In English."""


def _says(value: object) -> object:
    return {"zh": value, "en": value} if isinstance(value, str) else value


Says = Annotated[SaysShape, BeforeValidator(_says, json_schema_input_type=SaysShape | str)]
"""A sentence in both languages; one that is given once stands for both."""


class RequireShape(Strict):
    """What must be true before a change is posted, and what is said when it is not."""

    check: Expr
    """A condition; false or NULL parks the row."""
    says: Says
    """What the clerk reads then: one sentence in both languages, or one for both."""


@dataclass(frozen=True, slots=True)
class Check:
    """One of them."""

    check: Expression
    zh: str
    en: str


@dataclass(frozen=True)
class Require(Verb):
    """Asked in order; the first that is not true speaks."""

    word: ClassVar[str] = "require"
    shape = (tuple[RequireShape, ...], ())

    checks: tuple[Check, ...]

    @classmethod
    def read(cls, said: tuple[RequireShape, ...], reading: Reading) -> Self | None:
        """Conditions."""
        checks = [(reading.one(r.check, cls.word, i, "check", kind=Kind.BOOLEAN), r.says) for i, r in enumerate(said)]
        found = tuple(Check(check, says.zh, says.en) for check, says in checks if check is not None)
        return cls(found) if found else None

    def expressions(self) -> Iterable[Expression]:
        """The conditions."""
        return (c.check for c in self.checks)

    def places(self) -> Iterable[Place]:
        """With what is said where they are not true."""
        return (Place(self.word, c.check, says={"zh": c.zh, "en": c.en}) for c in self.checks)

    def judge(self, block: Block) -> None:
        """Refuses."""
        for check in self.checks:
            block.need(check.check.names)
            said = {"zh": check.zh, "en": check.en}
            cards = block.cards_read(check.check)
            refused = f"w.refused_over(({commas(cards)}), " if cards else "fail('require', "
            block.add(f"if not {check.check.condition()}:", f"    return {refused}{said!r})")
