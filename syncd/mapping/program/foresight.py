"""The forerunner of a generated function: of all that was emitted, what finds out what will be looked up.

It runs for every change of a batch before the first rule does, so that each kind of thing is one query a batch. It
only asks: what is UNKNOWN yet is asked for, what depends on it waits for the next round. The card is never known
here, for an earlier change of the batch may write it: what hangs on it is looked up one by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

BLIND: Final = frozenset({"card", "warned"})
INDENT: Final = "    "


@dataclass(frozen=True)
class Step:
    """Lines that compute the variable `gives`, or that ask for something; `uses` are the variables they read. One
    that asks is kept, one that computes only where it is needed."""

    lines: Sequence[str]
    uses: frozenset[str]
    gives: str = ""
    asks: bool = False


@dataclass(frozen=True)
class Guard:
    """Sources of conditions without which nothing that follows is looked up, with the variables that they read."""

    conditions: Sequence[tuple[str, frozenset[str]]]


@dataclass(frozen=True)
class Inner:
    """Steps under a condition."""

    head: str
    uses: frozenset[str]
    steps: list["Node"] = field(default_factory=list)


Node = Step | Guard | Inner


class Foresight:
    """What has been emitted so far, as far as it tells what is looked up."""

    def __init__(self) -> None:
        self._steps: list[Node] = []
        self._blind = set(BLIND)

    def hide(self, variable: str) -> None:
        """A variable that is never known here: another card."""
        self._blind.add(variable)

    def value(self, variable: str, source: str, uses: frozenset[str]) -> None:
        """A variable is computed."""
        self._steps.append(Step((f"{variable} = {source}",), uses, variable))

    def ask(self, lines: Sequence[str], uses: frozenset[str] = frozenset(), gives: str = "") -> None:
        """Something is looked up: lines that ask for it. `gives` is UNKNOWN while it is not there."""
        self._steps.append(Step(lines, uses, gives, asks=True))

    def only_if(self, conditions: Sequence[tuple[str, frozenset[str]]]) -> None:
        """What follows happens only where all conditions are true."""
        self._steps.append(Guard(conditions))

    @contextmanager
    def inner(self, head: str, uses: frozenset[str]) -> Iterator[None]:
        """What happens meanwhile happens only under a condition."""
        outer, inner = self._steps, Inner(head, uses)
        outer.append(inner)
        self._steps = inner.steps
        yield
        self._steps = outer

    def lines(self, wanted: frozenset[str] = frozenset()) -> tuple[list[str], list[str]]:
        """The forerunner's lines, and which of the wanted variables may be UNKNOWN behind them. It sets `again`, and
        returns it where nothing is left to ask for."""
        needed, unsure = set(wanted), set[str]()
        kept = _needed(_seen(self._steps, set(self._blind)), needed)
        found = list(_lines(kept, unsure))
        return ["again = False", *found], sorted(unsure & wanted)


def _seen(steps: Iterable[Node], blind: set[str]) -> list[Node]:
    """The steps that do not hang on what is not known here."""
    found: list[Node] = []
    for step in steps:
        if isinstance(step, Guard):
            found.append(Guard([c for c in step.conditions if not c[1] & blind]))
        elif isinstance(step, Inner):
            if not step.uses & blind:
                found.append(Inner(step.head, step.uses, _seen(step.steps, set(blind))))
        elif step.uses & blind:
            blind.add(step.gives)
        else:
            blind.discard(step.gives)
            found.append(step)
    return found


def _needed(steps: Sequence[Node], needed: set[str]) -> list[Node]:
    """The steps that ask or leave, and those that give what they use. `needed` becomes what is used of before."""
    found: list[Node] = []
    for step in reversed(steps):
        if isinstance(step, Guard):
            needed |= {name for _, uses in step.conditions for name in uses}
            found += [step] if step.conditions else []
        elif isinstance(step, Inner):
            inner = _needed(step.steps, needed)
            if inner:
                needed |= step.uses
                found.append(Inner(step.head, step.uses, inner))
        elif step.asks or step.gives in needed:
            needed |= step.uses
            found.append(step)
    return found[::-1]


def _lines(steps: Iterable[Node], unsure: set[str]) -> Iterator[str]:
    """Source of the steps; `unsure` are the variables that may be UNKNOWN."""
    for step in steps:
        if isinstance(step, Guard):
            maybe = sorted(unsure & {name for _, uses in step.conditions for name in uses})
            if maybe:
                yield from (f"if {' or '.join(f'{v} is UNKNOWN' for v in maybe)}:", f"{INDENT}return again")
                unsure.difference_update(maybe)
            yield from (f"if not {_all(c for c, _ in step.conditions)}:", f"{INDENT}return again")
        elif isinstance(step, Inner):
            sure = [f"{v} is not UNKNOWN" for v in sorted(unsure & step.uses)]
            yield f"if {' and '.join([*sure, step.head])}:"
            yield from (INDENT + line for line in _lines(step.steps, set(unsure)))
        else:
            yield from _step(step, unsure)


def _step(step: Step, unsure: set[str]) -> Iterator[str]:
    maybe = sorted(unsure & step.uses)
    if maybe:
        if step.gives:
            yield f"{step.gives} = UNKNOWN"
        yield f"if {' and '.join(f'{v} is not UNKNOWN' for v in maybe)}:"
    yield from (INDENT + line if maybe else line for line in step.lines)
    if step.gives:
        (unsure.add if maybe or step.asks else unsure.discard)(step.gives)


def _all(conditions: Iterable[str]) -> str:
    parts = list(conditions)
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"
