"""Which tables' rules leave alone what the other's are about: of those an edit of a collected row need not wait.

What such an edit replaces takes effect with its group, and what is parked, whenever it does. Where neither reads a
field that the other writes, claims its facts or asks for its postings, it makes no difference which of them is first.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from syncd.mapping.program.block import join_names
from syncd.mapping.verbs.once import Once
from syncd.mapping.verbs.rename import Rename
from syncd.mapping.verbs.rule import CardVerb, Rule


class _Touched(NamedTuple):
    """Card fields of any asset that the rules of a table read and write, `posting:RULE` and `fact:NAME` of what they
    post; `whole` where they open or rename cards."""

    reads: frozenset[str]
    writes: frozenset[str]
    whole: bool


def commuting(rules: Mapping[str, Sequence[Rule]], replacers: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Pairs of a table whose collected rows are replaced and of another one."""
    touched = {alias: _touched(found) for alias, found in rules.items()}
    pairs = ((one, other) for one in replacers for other in rules if one != other)
    return frozenset((one, other) for one, other in pairs if _are_apart(touched[one], touched[other]))


def _are_apart(one: _Touched, other: _Touched) -> bool:
    both = one.writes & (other.reads | other.writes) | other.writes & one.reads
    return not (both or one.whole or other.whole)


def _touched(rules: Sequence[Rule]) -> _Touched:
    reads, writes, whole = set[str](), set[str](), False
    for rule in rules:
        names = {name for e in rule.expressions() for name in e.names}
        names |= {name for join in rule.all_joins for name in join_names(join)}
        cards = {"card", *rule.cards}
        reads |= {field for prefix, _, field in (name.partition(".") for name in names) if field and prefix in cards}
        verbs = [verb for verb in rule.verbs if isinstance(verb, CardVerb)]
        writes |= {field for verb in verbs for field in verb.fields}
        reads |= {f"posting:{name}" for verb in rule.verbs for name in verb.looks_at}
        writes |= {f"posting:{rule.name}"} | {f"fact:{verb.stem}" for verb in rule.verbs if isinstance(verb, Once)}
        whole |= rule.opens_card or any(isinstance(verb, Rename) for verb in rule.verbs)
    return _Touched(frozenset(reads), frozenset(writes), whole)
