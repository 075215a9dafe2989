"""`reopen`: when a card that is there already may be opened anew. Where a rule does not say it, never."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.shapes import Expr
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.rule import Reading, Verb


@dataclass(frozen=True)
class Reopen(Verb):
    """What a rule that opens a card does where there is one. Where its posting was reversed, the card is opened anew in
    any case. A snapshot shows states, not events: what it reads never changes a card that lives."""

    word: ClassVar[str] = "reopen"
    shape = (Expr | None, None)
    has_effect = False

    when: Expression | None

    @classmethod
    def read(cls, said: str | None, reading: Reading) -> Self | None:
        """Every rule that opens a card has an answer, also one that does not say it."""
        if reading.block.said("card") is None:
            if said is not None:
                reading.fault("reopen_without_card", cls.word, rule=reading.name)
            return None
        return cls(reading.one(said, cls.word, kind=Kind.BOOLEAN))

    def expressions(self) -> Iterable[Expression]:
        """The condition."""
        return () if self.when is None else (self.when,)

    def judge(self, block: Block) -> None:
        """Refuses a card that is there; a snapshot has nothing to say of it."""
        block.opened_card()
        with block.inner("card is not EMPTY"):
            if block.rule.takes_snapshots:
                block.add("if op == 'read':", "    w.spare(code)", "    return REPEAT")
            if self.when is not None:
                block.need(self.when.names)
            unless = "" if self.when is None else f" and not {self.when.condition()}"
            block.add(f"if idem is first{unless}:", "    return fail('card_exists', {'asset_code': code})")
