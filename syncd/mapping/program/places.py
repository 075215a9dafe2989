"""The expressions of a table's rules, each for itself: for people who follow one row through them.

What becomes of a row its rule's own function says; here is what that looks at on the way. The source of each value, and
what is looked up for it, are those of the rule. Each stands in a function of its own, so that one that has no value
hides no other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from syncd.mapping.expression.parse import Expression, conditions
from syncd.mapping.expression.terms import Name, walk
from syncd.mapping.expression.to_python import condition_source
from syncd.mapping.program.block import Block, Plan, commas, conjuncts, join_names, used_columns
from syncd.mapping.program.generate import looked_up
from syncd.mapping.verbs.rule import DocumentLines, Join, Place, Rule

JOIN: Final = "join"
_CALLED: Final = "w.called"
"""In the source of what is known once the rule has cancelled a voucher."""
_FIRST: Final = ("once", "reverse", "reopen", "require")
"""What is asked before anything is made."""
_ARGUMENTS: Final = "change, op, before, after, row, key, subject, flawed"


class Look(NamedTuple):
    """What is looked at: the place and its text; the names whose values are told beside it; of a join the columns that
    are read of its row. `is_late` says that it is known when the rule is through."""

    place: Place
    text: str
    names: Sequence[str]
    columns: Sequence[str] = ()
    is_late: bool = False


class Lines(NamedTuple):
    """Of two functions: what gives the values of a look's names, and its own."""

    names: Sequence[str]
    value: Sequence[str]


def module(plan: Plan, alias: str) -> tuple[str, Sequence[Sequence[Look]]]:
    """The source of `bind(w)`, which returns for each of a table's rules, for each of its looks, a function of the
    values of its names and one of its own value; and the looks. The value of a join is its key as text and the values
    of its columns."""
    lines, looks, rules = looked_up(plan), list[Sequence[Look]](), list[str]()
    for n, rule in enumerate(plan.rules.get(alias, ())):
        found = [*_looks(plan, rule)]
        for i, (_, made) in enumerate(found):
            lines += [f"    def names_{n}_{i}({_ARGUMENTS}):", *made.names]
            lines += [f"    def value_{n}_{i}({_ARGUMENTS}):", *made.value]
        looks.append([look for look, _ in found])
        rules.append(f"({commas(f'(names_{n}_{i}, value_{n}_{i})' for i in range(len(found)))})")
    return "\n".join([*lines, f"    return ({commas(rules)})", ""]), looks


def _looks(plan: Plan, rule: Rule) -> Iterator[tuple[Look, Lines]]:
    if rule.when is not None:
        yield from _conditions(plan, rule, rule.when)
    for join in rule.joins.values():
        columns = used_columns(rule, join)
        if columns or not join.is_inherited:
            yield _join(plan, rule, join, columns)
    for card in rule.cards.values():
        yield _look(plan, rule, Place("cards", card.code, card.alias))
    for name, e in rule.let.items():
        yield _look(plan, rule, Place("let", e, name))
    for verb in sorted(rule.verbs, key=lambda verb: verb.word not in _FIRST):
        for place in verb.places():
            yield _look(plan, rule, place)


def _conditions(plan: Plan, rule: Rule, when: Expression) -> Iterator[tuple[Look, Lines]]:
    """The conditions of `when` one by one, in the order in which they are asked; all as one where they cannot be told
    apart, as the two ends of BETWEEN."""
    place, texts, terms = Place("when", when), conditions(when), [*conjuncts(when.term)]
    if len(texts) != len(terms):
        texts, terms = [when.text], [when.term]
    for text, term in zip(texts, terms, strict=True):
        read = {t.detail.python for t in walk(term) if isinstance(t.detail, Name)}
        meant = {name: one for name, one in when.meant.items() if one.python in read}
        block = Block(plan, rule)
        block.mark_names(meant)
        block.need(meant)
        block.add(f"return bool({condition_source(term)})")
        yield Look(place, text, [*_told(meant)]), Lines(_values(plan, rule, meant), block.lines)


def _look(plan: Plan, rule: Rule, place: Place) -> tuple[Look, Lines]:
    e, block = place.e, Block(plan, rule)
    is_late = any(_CALLED in one.python for one in e.meant.values())
    if place.each is not None:
        _each(block, place.each, place)
        return Look(place, e.text, (), (), is_late), Lines(_values(plan, rule, {}), block.lines)
    block.mark_names(e.names)
    block.need(e.names)
    block.add(f"return {e.python()}")
    return Look(place, e.text, [*_told(e.meant)], (), is_late), Lines(_values(plan, rule, e.meant), block.lines)


def _each(block: Block, lines: DocumentLines, place: Place) -> None:
    """A value for each line, None for one whose entry is left out."""
    block.mark_names(place.e.names)
    block.add("found = []")
    with block.each(lines):
        if place.only_if is not None:
            block.need(place.only_if.names)
            block.add(f"if not {place.only_if.condition()}:", "    found.append(None)", "    continue")
        block.need(place.e.names)
        block.add(f"found.append({place.e.python()})")
    block.add("return found")


def _join(plan: Plan, rule: Rule, join: Join, columns: Sequence[int]) -> tuple[Look, Lines]:
    meant = {name: one for e in join.key for name, one in e.meant.items()}
    block = Block(plan, rule)
    block.mark_names(join_names(join))
    block.join(join)
    block.add(f"return k, ({commas(f'{join.variable}[{i}]' for i in columns)})")
    look = Look(
        Place(JOIN, join.key[0], join.alias),
        ", ".join(e.text for e in join.key),
        [*_told(meant)],
        [join.table.columns[i].name for i in columns],
    )
    return look, Lines(_values(plan, rule, meant), block.lines)


def _told(meant: Mapping[str, Name]) -> Iterable[str]:
    """The names that have one value: not those of each line of a document, nor what the rule has yet to make."""
    return (name for name, one in meant.items() if one.many is None and _CALLED not in one.python)


def _values(plan: Plan, rule: Rule, meant: Mapping[str, Name]) -> Sequence[str]:
    """The lines that give the values of names."""
    block, told = Block(plan, rule), [*_told(meant)]
    block.need(told)
    block.add(f"return ({commas(meant[name].python for name in told)})")
    return block.lines
