"""`card`: opens the finance card of an asset."""

from collections.abc import Iterable
from typing import ClassVar

from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Term
from syncd.mapping.language.file.shapes import Expr
from syncd.mapping.program.block import Block, place_params
from syncd.mapping.verbs.rule import CardVerb, Checking, Rule
from syncd.mapping.verbs.voucher import is_money_term
from syncd.money import MONEY_PLACES


class Card(CardVerb):
    """All fields of a card that is new."""

    word: ClassVar[str] = "card"
    opens_card = True
    shape = (dict[str, Expr] | None, None)

    def check(self, rule: Rule, checking: Checking) -> None:
        """Two rules do not open one card for one reason: the second would find it there."""
        for other in checking.rules[: checking.rules.index(rule)]:
            card = other.verb(Card)
            if card is None or other.on.alias != rule.on.alias or _term(card.code) != _term(self.code):
                continue
            if _term(other.when) == _term(rule.when):
                place = ("rules", rule.name, "card")
                checking.errors.fault("card_opened_twice", place, rule=rule.name, other=other.name)
                return

    def make(self, block: Block) -> None:
        """`cards_`."""
        block.need(n for e in self.fields.values() for n in e.names)
        block.code()
        if self.code is not None:
            params = place_params("asset_code", self.code)
            block.add("if not code or code.isspace():", f"    return fail('missing_value', {params!r})")
        given = [f"{name!r}: {field_source(block, name, e)}" for name, e in self.fields.items()]
        block.add(f"fields = {{{', '.join(given)}}}", "cards_ = (new(CardWrite, (code, 'open', fields)),)")

    def post(self, block: Block) -> None:
        """The batch knows the card as it will be."""
        keep_card(block)
        if block.rule.takes_snapshots:
            block.add("if op == 'read':", "    w.opened(code)")

    def behind(self, name: str) -> Iterable[tuple[Expression, str]]:
        """Also the code."""
        if name == "card.asset_code" and self.code is not None:
            yield self.code, name
        yield from super().behind(name)


def field_source(block: Block, name: str, e: Expression) -> str:
    """The value of a card field, with no more places than finance keeps: what is read of the card later is the same
    whether finance has told it or the batch."""
    places = block.plan.places.get(name)
    if places is None or (places >= MONEY_PLACES and is_money_term(e.term, block.rule)):
        return e.python()
    return f"at_most({e.python()}, {places})"


def keep_card(block: Block) -> None:
    """The batch knows the card as the posting writes it."""
    block.add("if cards_:", "    keep_card(code, fields)")


def _term(e: Expression | None) -> Term | None:
    return None if e is None else e.term
