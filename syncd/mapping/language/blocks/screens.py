"""What data quality and warnings look for, read: what the rules that open cards make of a row, and more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from syncd.change import Kind, Table
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.blocks.quality import Quality, QualityRule, Warnings
from syncd.mapping.language.file.model import MappingFile
from syncd.mapping.language.rules import Resolver, joins
from syncd.mapping.verbs.approve import Approve
from syncd.mapping.verbs.card import Card
from syncd.mapping.verbs.rule import Join, Reading, Rule

FACTS: Final[Mapping[str, tuple[str, Kind | None]]] = {
    "name": ("name", Kind.TEXT),
    "class": ("class", Kind.TEXT),
    "department": ("dept", Kind.TEXT),
    "life": ("life_months", Kind.DECIMAL),
    "residual": ("residual_rate", Kind.DECIMAL),
    "acquired": ("acquired_month", Kind.DATE),
    "unified_code": ("", Kind.TEXT),
}
"""What is known of an asset beside its code and value → the card field that says it where the mapping does not, and
the kind that is wanted of it."""
DISPOSED: Final = "disposed_on"
"""The card field that a disposal writes."""


@dataclass(frozen=True, slots=True)
class Opener:
    """A rule that opens cards, and what it makes of a row: `facts` are expressions by the names of FACTS."""

    rule: Rule
    code: Expression
    value: Expression | None
    facts: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Declared:
    """A rule of the `quality` block, read."""

    name: str
    on: Table
    joins: Mapping[str, Join]
    where: Expression
    zh: str
    en: str
    weight: int


@dataclass(frozen=True, slots=True)
class DataQuality:
    """What is looked for in the EAM's rows. `functions` are the decision tables, as compiled expressions call them."""

    openers: tuple[Opener, ...]
    declared: tuple[Declared, ...]
    outlier: Decimal
    thresholds: tuple[Decimal, ...]
    warnings: Warnings
    functions: Mapping[str, Any] = field(default_factory=dict)


def read_quality(
    file: MappingFile, rules: Sequence[Rule], resolver: Resolver, functions: Mapping[str, Any]
) -> DataQuality:
    """Both blocks with their expressions read. What is wrong is left with the resolver's reader."""
    block = file.quality or Quality.model_validate({})
    opening = [rule for rule in rules if rule.opens_card]
    looked_at = [rule for rule in opening if rule.takes_snapshots] or opening  # rows are judged as a snapshot's
    openers = [opener for rule in looked_at if (opener := _opener(rule, block, resolver)) is not None]
    for word in _said(block):
        if not openers:
            resolver.reader.fault("quality_no_opener", ("quality", word), key=word)
    declared = [found for name, rule in block.rules.items() if (found := _declared(name, rule, resolver)) is not None]
    warned = file.warnings or Warnings()
    return DataQuality(
        tuple(openers), tuple(declared), block.outlier, _thresholds(file, warned, rules, resolver), warned, functions
    )


def _said(block: Quality) -> dict[str, str]:
    """The facts that the block says itself."""
    said = {"class" if word == "class_" else word: text for word, text in block if isinstance(text, str)}
    return {word: text for word, text in said.items() if word in FACTS}


def _opener(rule: Rule, block: Quality, resolver: Resolver) -> Opener | None:
    card = rule.verb(Card)
    frame = resolver.file.rules.get(rule.name)
    if card is None or card.code is None or frame is None:
        return None
    said = _said(block)
    facts = {word: card.fields[field] for word, (field, _) in FACTS.items() if field in card.fields}
    if said:
        quiet = replace(resolver, reader=resolver.reader.quiet())
        names, _ = quiet.rule_scope(rule.name, frame)
        quiet.named(frame, names, ())
        reading = Reading(resolver, rule.name, frame, names, ("quality",))
        for word, text in said.items():
            found = reading.one(text, word, kind=FACTS[word][1])
            if found is not None:
                facts[word] = found
    return Opener(rule, card.code, card.fields.get("original_value"), facts)


def _declared(name: str, block: QualityRule, resolver: Resolver) -> Declared | None:
    trail = ("quality", "rules", name)
    if block.on not in resolver.file.tables:
        near = nearest(block.on, list(resolver.file.tables))
        resolver.reader.fault("unknown_table", (*trail, "on"), table=block.on, nearest=near)
        return None
    names, inherited = resolver.table_scope(block.on, resolver.reader.quiet())
    own = joins(block.join, resolver.tables, names, resolver.reader, (*trail, "join"), "j")
    where = resolver.reader.read(block.where, (*trail, "where"), names, Kind.BOOLEAN)
    if where is None:
        return None
    table = resolver.tables[block.on]
    return Declared(name, table, inherited | own, where, block.says.zh, block.says.en, block.weight)


def _thresholds(file: MappingFile, block: Warnings, rules: Sequence[Rule], resolver: Resolver) -> tuple[Decimal, ...]:
    """The amounts above which somebody approves, the smallest first."""
    numbers = {n.lower(): Decimal(v) for n, v in file.constants.items() if type(v) is int or isinstance(v, Decimal)}
    named: list[str] = list(block.threshold)
    if not named:
        asked = [approve for rule in rules if (approve := rule.verb(Approve)) is not None]
        named = sorted({n for approve in asked for e in approve.expressions() for n in e.names if n in numbers})
    found: set[Decimal] = set()
    for text in named:
        if text.lower() in numbers:
            found.add(numbers[text.lower()])
        elif text.replace(".", "", 1).isdigit():
            found.add(Decimal(text))
        else:
            near = nearest(text, list(numbers))
            resolver.reader.fault("unknown_name", ("warnings", "threshold"), name=text, nearest=near, expression=text)
    return tuple(sorted(found))
