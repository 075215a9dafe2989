"""What the `lifecycle` block makes of a change: a posting for each state that an asset enters, in whose key it stands
from where, to where and since when; or a refusal. Said by the block and by no rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from syncd.change import repaired
from syncd.mapping.expression.parse import Expression
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.rule import Verb

STEM: Final = "lifecycle"
"""Name of the rule, and what its keys begin with."""
READ: Final = "read"
BY_MAX: Final = 60
"""Letters of who set a state; a key has its bounds."""


class Entered(NamedTuple):
    """What a key says: the asset, the states' codes (empty outside of the life cycle), the day as `2026-02-15`, who set
    the state, empty where nobody says, and the code that the asset had before, empty where it is the same."""

    asset: str
    was: str
    state: str
    since: str
    by: str
    old: str


def entered(key: str) -> Entered:
    """The inverse of the key that `Enter` makes."""
    parts, part, letters = [], "", iter(key.removeprefix(f"{STEM}/"))
    for letter in letters:
        if letter == "|":
            parts.append(part)
            part = ""
        else:
            part += next(letters) if letter == "\\" else letter
    return Entered(*parts[:6])


@dataclass(frozen=True)
class Enter(Verb):
    """`was` and `state` are over the row before and after the change, `since` and `by` over the row after it. `old` is
    the asset's code before, None where its table joins others for it."""

    old: Expression | None
    was: Expression
    state: Expression
    since: Expression
    by: Expression
    states: Mapping[str, tuple[str, str]]
    """Code → what it is called in Chinese and in English."""
    start: Sequence[str]
    transitions: Mapping[str, Sequence[str]]
    final: Sequence[str]

    def expressions(self) -> Iterable[Expression]:
        """None that the rule marks: they read bare columns."""
        return ()

    def find(self, block: Block) -> None:
        """Leaves where the state stays, and where an asset begins in the state in which all begin. One that stands in
        another and gets another code takes its state along."""
        start = f"({', '.join(map(repr, self.start))},)"
        block.mark_row(self.state)
        block.mark_row(self.was, "before")
        for variable, unless, e in (
            ("to_", "op == 'delete'", self.state),
            ("from_", "op == 'insert' or op == 'read'", self.was),
        ):
            source = f"None if {unless} else {e.python()}"
            block.add(f"{variable} = {source}")
            block.foresight.value(variable, source, frozenset())
        used = frozenset({"to_", "from_", "old_"})
        code = "None"
        if self.old is not None:
            block.mark_row(self.old, "before")
            code = f"None if op != 'update' or (old_ := {self.old.python()}) == subject else old_"
        block.add(f"old_ = {code}")
        block.foresight.value("old_", code, frozenset())
        moves = f"to_ != from_ and not (from_ is None and to_ in {start}) and not (to_ is None and from_ in {start})"
        moves = f"({moves}) or (old_ is not None and to_ is not None and to_ not in {start})"
        block.add(f"if not ({moves}):", "    return None")
        block.foresight.only_if([(f"({moves})", used)])
        for e in (self.since, self.by):
            block.mark_row(e)
        who = f"({self.by.python()} or '')[:{BY_MAX}]"
        where = f"{READ!r} if op == 'read' else change[4]"
        parts = f"subject, from_ or '', to_ or '', str({self.since.python()}), {who}, old_ or '', {where}"
        key = f"{STEM + '/'!r} + join_key(({parts}))"
        block.add(
            f"idem = {key}", "if posted.get(idem, UNKNOWN) is not None and w.generation(idem, change[4]) is None:"
        )
        block.add("    return REPEAT")
        block.foresight.ask((f"idem = {key}", "if idem not in posted:", "    want_key(idem)"), used)

    def judge(self, block: Block) -> None:
        """Refuses a state that nobody knows, and one to which there is no way. A snapshot tells a state, no step;
        nor does a difference that a repair has found tell those that were between."""
        known = f"({', '.join(map(repr, self.states))},)"
        names = {"known": ", ".join(self.states)}
        block.add(f"if to_ is not None and to_ not in {known}:")
        block.add(f"    return fail('lifecycle_state', {{'state': to_, **{names!r}}})")
        pairs: set[tuple[str | None, str | None]] = {
            (was, state) for was, targets in self.transitions.items() for state in targets
        }
        pairs |= {(None, state) for state in self.start}
        pairs |= {(state, None) for state in (*self.start, *self.final)}
        ways = f"({', '.join(map(repr, sorted(pairs, key=str)))},)"
        judged = f"from_ != to_ and op != 'read' and op != 'delete' and (from_ is None or from_ in {known})"
        judged += f" and not ({repaired('change[4]')})"
        block.add(f"if {judged} and (from_, to_) not in {ways}:")
        block.add(f"    return fail('lifecycle_jump', {self._steps(pairs)!r}[from_, to_])")

    def _steps(self, allowed: Collection[tuple[str | None, str | None]]) -> Mapping[object, Mapping[str, str]]:
        """What a refusal says, by step; of each that is refused."""
        called: dict[str | None, tuple[str, str]] = {None: ("–", "–")}
        called.update((state, names) for state, names in self.states.items())
        said: dict[object, Mapping[str, str]] = {}
        for was in called:
            targets = self.start if was is None else self.transitions.get(was, ())
            allowed_zh = "、".join(f"{to}（{called[to][0]}）" for to in targets) or "–"
            allowed_en = ", ".join(f"{to} ({called[to][1]})" for to in targets) or "–"
            for to in called:
                if (was, to) not in allowed:
                    zh, en = (f"{called[was][n]} → {called[to][n]}" for n in range(2))
                    names = {"from": was or "–", "to": to or "–", "zh": zh, "en": en}
                    said[was, to] = {**names, "allowed_zh": allowed_zh, "allowed_en": allowed_en}
        return said
