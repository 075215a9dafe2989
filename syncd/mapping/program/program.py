"""A mapping's rules, compiled: one generated module for all of them, bound to a batch by `bind`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from syncd.change import Row, bounded, join_key, keyer
from syncd.mapping.expression.parse import RUNTIME
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.program.block import Plan
from syncd.mapping.program.commuting import commuting
from syncd.mapping.program.context import EMPTY, Context, group_key
from syncd.mapping.program.failure import REPEAT, Failure, Flawed
from syncd.mapping.program.generate import asking as approvals
from syncd.mapping.program.generate import module
from syncd.mapping.program.places import Look
from syncd.mapping.program.places import module as places
from syncd.mapping.verbs.budget import Budget
from syncd.mapping.verbs.collect import Collect
from syncd.money import ZERO, at_most, is_money
from syncd.posting import (
    CardWrite,
    Collected,
    Entry,
    Posting,
    Release,
    Reversed,
    TableRow,
    Voucher,
)

UNKNOWN: Final = object()
IGNORED_LETTERS_MAX: Final = 480

_GLOBALS: Final[Mapping[str, Any]] = {
    "new": tuple.__new__, "UNKNOWN": UNKNOWN, "REPEAT": REPEAT, "EMPTY": EMPTY, "ZERO": ZERO, "at_most": at_most,
    "is_money": is_money, "bounded": bounded,
    "join_key": join_key, "group_key": group_key, "Failure": Failure, "Flawed": Flawed, "Posting": Posting,
    "Voucher": Voucher, "Entry": Entry, "CardWrite": CardWrite, "TableRow": TableRow, "Collected": Collected,
    "Release": Release, "Reversed": Reversed, "NO_FIELDS": {},
}  # fmt: skip


Bound = Mapping[str, tuple[Any, Any, Sequence[Any], Sequence[Any]]]
"""Alias → (subject, its forerunner, rules, their forerunners) of one batch."""

Asking = Mapping[str, Sequence[tuple[str, Sequence[Any], Sequence[tuple[Mapping[str, str], str, Sequence[Any]]]]]]
"""Alias → by rule that asks for approval: its name, what must be true for it to apply, and of each step its parameters,
its token and what must be true for it to be needed."""


Functions = tuple[Callable[..., Any], Callable[..., Any]]
"""Of what a rule looks at: the values of its names, and its own."""


@dataclass(frozen=True)
class Program:
    """A mapping's rules, compiled."""

    plan: Plan
    layout: FinanceLayout
    zone: ZoneInfo
    bind: Callable[[], Callable[[Context], Bound]]
    """Compiles the rules, once: whoever only looks at the books judges no row."""
    references: tuple[str, ...]
    keys: Mapping[str, Callable[[Row | None], str]]
    """Per table, its `key_text`."""
    ignored: Mapping[str, str]
    """Per table, what its changes that no rule applies to are ignored by."""
    openers: frozenset[str]
    """Tables with a rule that opens cards."""
    replacers: frozenset[str]
    """Tables with a rule whose collected rows are replaced or withdrawn."""
    collects: bool
    """Whether any rule collects."""
    asking: Callable[[Context], Asking]
    """Who has to agree to a change, by the conditions alone."""
    looks: Callable[[str], tuple[Sequence[Sequence[Look]], Callable[[Context], Sequence[Sequence[Functions]]]]]
    """Alias of a table → of each of its rules what it looks at, and, bound to a batch, the values of that; see
    `places.module`."""
    budgeted: frozenset[str] = frozenset()
    """Rules that look at a budget."""
    answered: frozenset[str] = frozenset()
    """Tables whose rows the EAM is told of: what the answer itself changes there is nothing to the rules."""
    commuting: frozenset[tuple[str, str]] = frozenset()
    """Of `replacers`, each with a table whose parked rows an edit of a collected row goes before."""


def compile_plan(
    plan: Plan,
    layout: FinanceLayout,
    zone: ZoneInfo,
    decisions: Mapping[str, Any],
    references: Sequence[str],
    answered: frozenset[str] = frozenset(),
) -> Program:
    """The plan as functions. `decisions` are the functions of the decision tables by their Python names."""
    keys = {alias: keyer(table) for alias, table in plan.tables.items()}
    names = {a: [r.name for r in plan.rules.get(a, ()) if not r.of] or ["reference"] for a in plan.tables}
    ignored = {alias: _ignored_by(alias, rules) for alias, rules in names.items()}
    rules = [rule for found in plan.rules.values() for rule in found]
    openers = frozenset(rule.on.alias for rule in rules if rule.opens_card)
    replacers = frozenset(rule.on.alias for rule in rules if rule.may_replace)
    collects = any(rule.verb(Collect) is not None for rule in rules)

    budgeted = frozenset(rule.name for rule in rules if rule.verb(Budget) is not None)

    @cache
    def bind() -> Callable[[Context], Any]:
        return _compiled(module(plan), f"<rules of {layout.name}>", decisions)

    @cache
    def asking() -> Callable[[Context], Asking]:  # seldom needed: only what a person has edited is looked at by it
        return _compiled(approvals(plan), f"<approvals of {layout.name}>", decisions)

    @cache
    def looks(alias: str) -> tuple[Sequence[Sequence[Look]], Callable[[Context], Any]]:  # for whoever follows a row
        source, found = places(plan, alias)
        return found, _compiled(source, f"<looks of {layout.name}>", decisions)

    return Program(
        *(plan, layout, zone, bind, tuple(references), keys, ignored, openers, replacers, collects),
        *(lambda w: asking()(w), looks, budgeted, answered, commuting(plan.rules, replacers)),
    )


def _ignored_by(alias: str, rules: Sequence[str]) -> str:
    """The table and its rules, as many as fit: it is part of a key in finance, where MySQL takes so many letters."""
    said = f"{alias}: {', '.join(rules)}"
    if len(said) <= IGNORED_LETTERS_MAX:
        return said
    whole = said[:IGNORED_LETTERS_MAX].rpartition(", ")[0] or said[:IGNORED_LETTERS_MAX]
    return f"{whole} … +{len(rules) - whole.count(', ') - 1}"


def _compiled(source: str, name: str, decisions: Mapping[str, Any]) -> Callable[[Context], Any]:
    code: CodeType = compile(source, name, "exec")
    scope: dict[str, Any] = {**RUNTIME, **_GLOBALS, **decisions}
    exec(code, scope)
    return cast(Callable[[Context], Any], scope["bind"])
