"""`rename`: the card that `change` finds has another asset code from now on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.shapes import Expr
from syncd.mapping.program.block import Block, place_params
from syncd.mapping.verbs.rule import Reading, Verb


@dataclass(frozen=True)
class Rename(Verb):
    """Beside `change`, whose `asset_code` is the one that the card had. Where both are the same nothing is renamed; one
    that another card has parks the row until that one is called otherwise."""

    word: ClassVar[str] = "rename"
    shape = (Expr | None, None)
    has_effect = False

    new: Expression

    @classmethod
    def read(cls, said: str | None, reading: Reading) -> Self | None:
        """Only a card that there is can be called otherwise."""
        if said is None:
            return None
        if reading.block.said("change") is None:
            reading.fault("rename_without_change", cls.word, rule=reading.name)
        new = reading.one(said, cls.word, kind=Kind.TEXT)
        return None if new is None else cls(new)

    def expressions(self) -> Iterable[Expression]:
        """The new code."""
        return (self.new,)

    def judge(self, block: Block) -> None:
        """`renamed` is the new code, None where it is the old one. It must be nobody's."""
        block.value("renamed", self.new)
        params = place_params(self.word, self.new)
        block.add("if not renamed or renamed.isspace():", f"    return fail('missing_value', {params!r})")
        block.add("if renamed == code:", "    renamed = None", "else:")
        block.add("    taken = cards.get(renamed, UNKNOWN)", "    if taken is UNKNOWN:")
        block.add("        taken = w.card(renamed)", "    if taken:")
        block.add("        return w.number_taken(renamed)")
        ask = ("if renamed is not None and renamed not in cards:", "    want_card(renamed)")
        block.foresight.ask(ask, frozenset({"renamed"}))

    def make(self, block: Block) -> None:
        """Another write to the card, behind what changes of it."""
        written = "new(CardWrite, (code, 'rename', {'asset_code': renamed}))"
        block.add("if renamed is not None:", f"    cards_ = (*cards_, {written})")

    def post(self, block: Block) -> None:
        """The batch knows the card by its new code, and none by the old one."""
        block.add("if renamed is not None:", "    w.effects.rename_card(code, renamed)")
