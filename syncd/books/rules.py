"""What the rules of a mapping say, for people who read them."""

import re
from collections.abc import Iterable, Mapping

from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.rule import Rule


def card_fields(rules: Iterable[Rule], table: str) -> Mapping[str, str]:
    """Column of a table → the field of the card that a rule opens with it as it is."""
    cards = [card for rule in rules if rule.on.alias == table and (card := rule.verb(Card)) is not None]
    every = [(e.text.strip(), field) for card in cards for field, e in card.fields.items()]
    return {text.removeprefix("after."): field for text, field in every[::-1] if re.fullmatch(r"after\.\w+", text)}
