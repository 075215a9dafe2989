"""`change`: changes fields of the finance card of an asset, whose values it may read."""

from typing import Any, ClassVar, Self

from syncd.mapping.language.file.shapes import Expr
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.card import field_source, keep_card
from syncd.mapping.verbs.rule import CardVerb, Reading


class Change(CardVerb):
    """Some fields of a card that there must be."""

    word: ClassVar[str] = "change"
    shape = (dict[str, Expr] | None, None)

    @classmethod
    def read(cls, said: Any, reading: Reading) -> Self | None:
        """A rule opens a card or changes it."""
        if said is not None and reading.block.said("card") is not None:
            reading.fault("card_and_change", cls.word, rule=reading.name)
        return super().read(said, reading)

    def judge(self, block: Block) -> None:
        """The card must be there. A snapshot changes only those that it has opened itself."""
        block.card()
        block.add("if card is EMPTY:", "    return fail('no_card', {'asset_code': code})")
        if block.rule.takes_snapshots:
            block.add("if op == 'read' and w.spares(code):", "    return REPEAT")

    def make(self, block: Block) -> None:
        """`cards_`, with what a finance column is made of beside a field that is changed."""
        block.need(n for e in self.fields.values() for n in e.names)
        given = [f"{name!r}: {field_source(block, name, e)}" for name, e in self.fields.items()]
        companions = sorted(block.plan.companions.get(block.rule.name, ()))
        given += [f"{name!r}: card.get({name!r})" for name in companions]
        block.add(f"fields = {{{', '.join(given)}}}", "cards_ = (new(CardWrite, (code, 'change', fields)),)")

    def post(self, block: Block) -> None:
        """The batch knows the card as it will be."""
        keep_card(block)
