"""`once`: the idempotency key of what a rule posts. Where a rule does not say it, the change itself is the key."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, Discriminator, Field, Tag

from syncd.change import bounded_source
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.shapes import Exprs, Identifier, Strict, is_block
from syncd.mapping.program.block import Block, place_params, variables
from syncd.mapping.verbs.rule import Checking, Reading, Rule, Verb


class OnceShape(Strict):
    """The key of a fact that several rules make: what one of them has posted, another does not post again. `as` names
    the fact, by the name of one of the rules or by one of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    key: Exprs
    """The key, an expression or a list."""
    as_: Identifier = Field(alias="as")
    """The name of the fact."""
    unique: bool = False
    """Whether the fact is one row's: another row that comes second is parked, not passed by; one that a snapshot
    reads is."""
    shared: bool = False
    """Whether each row that says the fact makes it, beside others: it stands as long as one of them does."""
    unless: Exprs = ()
    """Other keys of the fact: while another row has posted it under one of them, this row is parked, too. NULL asks
    nothing."""


_Said = Annotated[Annotated[Exprs, Tag("<word>")] | Annotated[OnceShape, Tag("<block>")], Discriminator(is_block)]


@dataclass(frozen=True)
class Once(Verb):
    """Keys are `stem/…`: the parts as text, else the position of the change, or the row of a snapshot. Parts that are
    made of a timestamp were read in UTC once: `old_parts`. Such keys are `stem@/…` now, so that none is taken for one
    of then, and nothing is posted that has its old key."""

    word: ClassVar[str] = "once"
    shape = (_Said | None, None)

    stem: str
    parts: tuple[Expression, ...] = ()
    old_parts: tuple[Expression, ...] = ()
    unique: bool = False
    unless: tuple[Expression, ...] = ()
    shared: bool = False

    @property
    def has_effect(self) -> bool:  # type: ignore[override]
        """That a fact is one row's, or one of several's, is one by itself."""
        return self.unique or self.shared

    @classmethod
    def read(cls, said: tuple[str, ...] | OnceShape | None, reading: Reading) -> Self:
        """Every rule has a key, also one that does not say it."""
        if isinstance(said, OnceShape):
            keys = reading.keys(said.key, cls.word, "key"), reading.keys_in_utc(said.key)
            return cls(said.as_, *keys, said.unique, reading.keys(said.unless, cls.word, "unless"), said.shared)
        return cls(reading.name, reading.keys(said or (), cls.word), reading.keys_in_utc(said or ()))

    def expressions(self) -> Iterable[Expression]:
        """The parts, and the key that must not stand."""
        return (*self.parts, *self.unless)

    def check(self, rule: Rule, checking: Checking) -> None:
        """Who makes one fact says its key alike, else none would be met again. What is one row's is not shared."""
        if self.shared and self.unique:
            checking.errors.fault("once_shared", ("rules", rule.name, "once"), rule=rule.name, word="unique")
        for other in checking.rules:
            once = other.verb(Once)
            if rule.name == self.stem or once is None or once.stem != self.stem or other.name == rule.name:
                continue
            if _shape(once) != _shape(self):
                checking.errors.fault("once_differs", ("rules", rule.name, "once"), rule=other.name, fact=self.stem)

    def find(self, block: Block) -> None:
        """Leaves when the posting exists."""
        beside = any(verb.beside(block) for verb in block.rule.verbs)
        unless = "not w.gathering and " if any(verb.keeps_rows for verb in block.rule.verbs) else ""
        if self.parts:
            sources = [place_params("once", e)["source"] for e in self.parts]
            params = {"place": "place_once", "source": ", ".join(sources)}
            part = bounded_source("k") if len(self.parts) == 1 else "join_key(k)"
            mark = "@" if self.old_parts else ""
            block.key(f"'{self.stem}{mark}/' + {part}", self.parts, f"fail('missing_value', {params!r})")
            if self.old_parts:
                block.old_key(f"'{self.stem}/' + {part}", self.old_parts, variables(*self.parts))
                block.add(f"if {unless}old is not None and posted.get(old, UNKNOWN) is not None:")
                block.add("    if w.generation(old, change[4]) is None:", "        return REPEAT")
        else:
            plain = f"'{self.stem}/' + change[4] + '/'"
            read = f"'{self.stem}/read/' + key if op == 'read' else "
            block.key((read if block.rule.takes_snapshots else "") + plain)
        if beside:
            block.add("if targets and w.generation(idem + '/' + change[4], change[4]) is None:", "    return REPEAT")
        if block.rule.may_replace:
            for verb in block.rule.verbs:
                verb.keep(block, self)
            unless += "not (kept and was_key == idem) and "
        block.add("first = idem")
        edit = ", bool(targets)" if beside else ""
        free = "w.share(idem, change[4])" if self.shared else f"w.generation(idem, change[4]{edit})"
        block.add(f"if {unless}posted.get(idem, UNKNOWN) is not None:", f"    idem = {free}")
        said = "w.repeated(first, change)" if block.rule.opens_card else "REPEAT"
        if self.unique:
            # A snapshot tells what was booked before: a second row of it books nothing.
            said = f"REPEAT if op == 'read' else w.claimed(first, {self.stem!r})"
        said = next((other for verb in block.rule.verbs if (other := verb.met(block, self))), said)
        block.add("    if idem is None:", f"        return {said}")
        for other_key in self.unless:
            block.need(other_key.names)
            block.old_key(f"'{self.stem}/' + {bounded_source('k')}", (other_key,), variables(other_key))
            block.add("if old is not None and op != 'read' and posted.get(old, UNKNOWN) is not None:")
            block.add(f"    said = w.barred(old, {self.stem!r})", "    if said is not None:", "        return said")


def _shape(once: Once) -> tuple[object, ...]:
    """What two keys must have in common for one to be met by the other."""
    return bool(once.old_parts), *(e.kind for e in once.parts)
