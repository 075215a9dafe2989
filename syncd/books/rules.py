"""What the rules of a mapping say, for people who read them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from syncd.mapping.language import explain
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.rule import Rule
from syncd.mapping.verbs.voucher import Voucher


class Told(NamedTuple):
    """A rule as it is written: what its card and its voucher are filled with, None where it makes none."""

    rule: Rule
    card: Card | None
    voucher: Voucher | None


def told(rule: Rule) -> Told:
    """A rule for people."""
    return Told(rule, rule.verb(Card), rule.verb(Voucher))


def lineage(mapping: Loaded, rule: Rule) -> Sequence[tuple[str, str]]:
    """(column of the EAM, column of finance that a rule fills from it), in the order of finance's layout."""
    own = explain.explain(mapping, rule.name)
    return [*dict.fromkeys((column, one.finance) for one in own for column in one.columns)]


def card_fields(rules: Iterable[Rule], table: str) -> Mapping[str, str]:
    """Column of a table → the field of the card that a rule opens with it as it is."""
    cards = [card for rule in rules if rule.on.alias == table and (card := rule.verb(Card)) is not None]
    every = [(e.text.strip(), field) for card in cards for field, e in card.fields.items()]
    return {text.removeprefix("after."): field for text, field in every[::-1] if re.fullmatch(r"after\.\w+", text)}
