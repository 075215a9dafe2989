"""Rows looked at outside the stream: a rule's own expressions over a row as a snapshot reads it, before it has a card.

Nothing is posted and nothing waits: a row that is not there, a key that a table lacks and what cannot be computed are
told beside what the row is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast

from syncd.change import Row, Value
from syncd.mapping.expression.parse import RUNTIME, Expression, Missing, Uncomputable
from syncd.mapping.language.reach import reaches
from syncd.mapping.language.scope import variable
from syncd.mapping.program.block import columns_read, join_names, key_text
from syncd.mapping.program.context import EMPTY
from syncd.mapping.verbs.rule import Rule
from syncd.money import ZERO

CODE: Final = "code"
"""The fact that expressions may read as `card.asset_code`."""


class Check(NamedTuple):
    """A condition; a row is hit where it is true, or where it is not: NULL is not true."""

    condition: Expression
    hits_if_true: bool


class Absent(NamedTuple):
    """A joined row that is not there: the join, its table and the key."""

    alias: str
    table: str
    key: str


class Screened(NamedTuple):
    """What there is to say of a row: the checks that hit it, by number; what is not there or has no value; its
    facts."""

    hits: Sequence[int]
    absent: Sequence[Absent]
    failed: Sequence[Exception]
    facts: Mapping[str, Value]


Look = Callable[[str, str], Row | None]
"""(table's alias, key) → the row."""
Screen = Callable[[Row, Look], Screened | None]
"""None for a row that the rule does not apply to."""


def compile_screen(
    rule: Rule, checks: Sequence[Check], facts: Mapping[str, Expression], functions: Mapping[str, Any]
) -> Screen:
    """The checks and facts of a rule as one function. `functions` are the decision tables."""
    source = "\n".join(_lines(rule, checks, facts))
    trouble = (Uncomputable, Missing, ArithmeticError)
    scope: dict[str, Any] = {**RUNTIME, **functions, "EMPTY": EMPTY, "ZERO": ZERO, "TROUBLE": trouble, "Absent": Absent}
    scope |= {f"nulls_{j.variable}": (None,) * len(j.table.columns) for j in rule.joins.values()}
    scope |= {"Screened": Screened, "before": (None,) * len(rule.on.columns), "card": EMPTY}
    scope |= {other.variable: EMPTY for other in rule.cards.values()}
    scope |= {"change": (None,) * 5 + (datetime.now(UTC),)}
    exec(source, scope)
    return cast(Screen, scope["screen"])


def reads(rule: Rule, expression: Expression) -> frozenset[int]:
    """The columns of the rule's table that an expression comes from, through joins and `let`."""
    names = {name if "." in name or name in rule.let else f"row.{name}" for name in expression.names}
    used = columns_read(rule, names)
    sides = ("after", "row")
    return frozenset(
        i for i, c in enumerate(rule.on.columns) if any(f"{side}.{c.name.lower()}" in used for side in sides)
    )


def _lines(rule: Rule, checks: Sequence[Check], facts: Mapping[str, Expression]) -> Iterator[str]:
    yield "def screen(row, look):"
    yield "    after = row"
    yield f"    op = {'read' if reaches(rule.when, 'read') else 'insert'!r}"
    yield "    hits, absent, failed, facts = [], [], [], {}"
    first = rule.when is not None and not _borrowed(rule, rule.when)
    if first:
        yield from _only_if(rule)
    for join in rule.joins.values():
        nulls = f"nulls_{join.variable}"
        said = (
            f"k = {key_text(join)}",
            f"{join.variable} = {nulls} if k is None else look({join.table.alias!r}, k)",
            f"if {join.variable} is None:",
            f"    {join.variable} = {nulls}",
            *(() if join.optional else (f"    absent.append(Absent({join.alias!r}, {join.table.alias!r}, k))",)),
        )
        yield from _tried(said, f"{join.variable} = {nulls}")
    used = [*facts.values(), *(c.condition for c in checks), *([] if rule.when is None else [rule.when])]
    needed = _needed(rule, used)
    for n, (name, expression) in enumerate(rule.let.items()):
        if name in needed:
            yield from _tried((f"{variable(n)} = {expression.python()}",), f"{variable(n)} = None")
    if rule.when is not None and not first:
        yield from _only_if(rule)
    yield "    code = None"
    for name, expression in facts.items():
        yield from _tried((f"facts[{name!r}] = {expression.python()}",), f"facts[{name!r}] = None")
        if name == CODE:
            yield f"    code = facts[{name!r}]"
    for n, check in enumerate(checks):
        condition = check.condition.condition()
        test = condition if check.hits_if_true else f"not {condition}"
        yield from _tried((f"if {test}:", f"    hits.append({n})"), "pass")
    yield "    return Screened(hits, absent, failed, facts)"


def _tried(lines: Iterable[str], otherwise: str) -> Iterator[str]:
    yield "    try:"
    yield from (f"        {line}" for line in lines)
    yield "    except TROUBLE as trouble:"
    yield "        failed.append(trouble)"
    yield f"        {otherwise}"


def _only_if(rule: Rule) -> Iterator[str]:
    assert rule.when is not None
    yield from _tried((f"if not {rule.when.condition()}:", "    return None"), "return Screened((), (), failed, {})")


def _borrowed(rule: Rule, expression: Expression) -> bool:
    """Whether it reads more than the row: a join, or what `let` names."""
    return any(name in rule.let or name.partition(".")[0] in rule.joins for name in expression.names)


def _needed(rule: Rule, expressions: Iterable[Expression]) -> set[str]:
    """The names of `let` that these read, also by others."""
    needed = {name for e in expressions for name in e.names if name in rule.let}
    needed |= {name for j in rule.joins.values() for name in join_names(j) if name in rule.let}
    for name in reversed(list(rule.let)):
        if name in needed:
            needed |= {n for n in rule.let[name].names if n in rule.let}
    return needed
