"""`collect`: many rows, one voucher a group; posted when a change says that the group is due, or by the clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, ClassVar, Self

from pydantic import Discriminator, Tag

from syncd import cron
from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.shapes import Expr, Exprs, RuleFrame, Strict, is_block
from syncd.mapping.program.block import Block, commas
from syncd.mapping.verbs.once import Once
from syncd.mapping.verbs.rule import Reading, Rule, Verb


class DueShape(Strict):
    """The change that says a collected group is to be posted; `group` is a prefix of the group's values."""

    on: str
    """The table whose change says it."""
    when: Expr = "true"
    """Which of its changes; evaluated over that row, joins of that table included."""
    group: Exprs
    """The first values of the groups that are due, over that row."""


class CollectShape(Strict):
    """Many rows, one voucher a group; posted by a change or by a cron expression."""

    group: Exprs
    """What rows have in common that share a voucher, evaluated over the row when it is read."""
    post: Annotated[Annotated[str, Tag("<word>")] | Annotated[DueShape, Tag("<block>")], Discriminator(is_block)]
    """When a group is posted: a cron expression on the mapping's clock, or the change of another table."""


@dataclass(frozen=True)
class Collect(Verb):
    """A collected row is kept as it is until its group is posted; it is built all the same, to be sure it can be."""

    word: ClassVar[str] = "collect"
    shape = (CollectShape | None, None)
    is_for_snapshots = False
    keeps_rows = True

    group: tuple[Expression, ...]
    cron: str
    """When groups are posted, empty when a change says so."""
    released_by: Rule | None = None

    @classmethod
    def read(cls, said: CollectShape | None, reading: Reading) -> Self | None:
        """The group, and who says that it is due."""
        if said is None:
            return None
        group = reading.keys(said.group, cls.word, "group")
        if isinstance(said.post, DueShape):
            return cls(group, "", _release(said, said.post, reading))
        try:
            cron.parse(said.post, UTC)
        except cron.NoCron as wrong:
            reading.fault(wrong.code, cls.word, "post", **wrong.params)
        return cls(group, said.post)

    def expressions(self) -> Iterable[Expression]:
        """The group's values."""
        return self.group

    def brings(self, rule: Rule) -> Iterable[Rule]:
        """The rule that says a group is due."""
        return () if self.released_by is None else (self.released_by,)

    def make(self, block: Block) -> None:
        """`collected` in the place of all that was made, unless the group is posted now."""
        emit_group(block, self.group)
        block.add("if not w.gathering:", "    cards_ = rows_ = ()", "    voucher = None")
        card = "code" if block.rule.writes_card else "''"
        replaces, leaves = "''", "''"
        if block.rule.may_replace:
            replaces, leaves = "was_key if kept else ''", "w.group_of(was_key) if kept else ''"
        block.add(f"    collected = new(Collected, ({block.rule.name!r}, group, {card}, {replaces}, False, {leaves}))")


@dataclass(frozen=True)
class Release(Verb):
    """Says that the groups of a collecting rule are due which begin with these values."""

    word: ClassVar[str] = "collect"
    is_for_snapshots = False

    group: tuple[Expression, ...]

    def expressions(self) -> Iterable[Expression]:
        """The values."""
        return self.group

    def make(self, block: Block) -> None:
        """`release`."""
        emit_group(block, self.group)
        block.add(f"release = new(Release, ({block.rule.release!r}, group))")


def emit_group(block: Block, group: tuple[Expression, ...]) -> None:
    """`group` is the key of a group, or its beginning."""
    block.need(n for e in group for n in e.names)
    block.add(f"group = group_key(({commas(e.python() for e in group)}))")


def _release(said: CollectShape, due: DueShape, reading: Reading) -> Rule | None:
    """The rule that releases what another collects. A period that a snapshot finds approved was released: rows that
    come later are due when they come."""
    resolver, place = reading.resolver, ("collect", "post")
    if due.on not in resolver.file.tables:
        near = nearest(due.on, list(resolver.file.tables))
        reading.fault("unknown_table", *place, "on", table=due.on, nearest=near)
        return None
    frame = RuleFrame(on=due.on)
    names, joins = resolver.rule_scope(reading.name, frame)
    own = Reading(resolver, reading.name, frame, names, (*reading.trail, *place))
    when = own.one(due.when, "when", kind=Kind.BOOLEAN)
    group = own.keys(due.group, "group")
    if len(due.group) > len(said.group):
        own.fault("release_too_long", "group", given=len(due.group), wanted=len(said.group))
    verbs = (Once(f"{reading.name}/release"), Release(group))
    on = resolver.tables[due.on]
    return Rule(reading.name, on, when, joins, snapshot="post", verbs=verbs, release=reading.name)
