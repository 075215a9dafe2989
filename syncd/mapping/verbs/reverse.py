"""`reverse`: red-letter vouchers (红字冲销) for what earlier rules have posted of the same row or subject."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Self

from pydantic import BeforeValidator, Field

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Name, Term, nearest
from syncd.mapping.language.file.shapes import Expr, Identifier, Names, Strict
from syncd.mapping.language.reach import meets
from syncd.mapping.program.block import Block
from syncd.mapping.verbs.heading import fields_source, read_fields
from syncd.mapping.verbs.rule import Checking, Fields, Reading, Rule, Verb
from syncd.mapping.verbs.voucher import Voucher, read_dims

REVERSED: Final = "reversed.voucher"
"""What summaries of the same change may call the voucher that is cancelled by."""
_JOINS: Final = frozenset({"||", "concat", "coalesce", "bind"})
"""What may be done with that name: of the same batch it has no number while the rules run."""


class ReverseShape(Strict):
    """Whose postings are cancelled, and how."""

    rules: Names = ()
    """The rules."""
    voucher: Expr | None = None
    """In place of rules: a voucher by hand, as `content` of a row that `reconcile: by_hand:` has filled."""
    date: Expr | None = None
    """The day of the vouchers that cancel; by default that of the change. The period is that of the day."""
    blue: Expr | None = None
    """When they are blue, with sides swapped, as an earlier year's are cancelled, instead of red."""
    fields: dict[Identifier, Expr] = Field({})
    """What the headers of these vouchers say, as `fields` of a voucher."""
    dims: dict[Identifier, Expr] = Field({})
    """Auxiliaries that lines have today: where what was posted has moved since, it is cancelled where it lies now. A
    line that was posted without one of them stays as it was."""


def _block(value: object) -> object:
    return value if isinstance(value, dict | ReverseShape) else {"rules": value}


@dataclass(frozen=True)
class Reverse(Verb):
    """Every posting by one of `rules` that stands is reversed: of the same source row where the rule is on the same
    table and the row is not new, else of the same subject. With a voucher of the rule's own beside them, the red
    letters are postings of their own before it; without, the newest is the rule's voucher."""

    word: ClassVar[str] = "reverse"
    shape = (
        Annotated[ReverseShape, BeforeValidator(_block, json_schema_input_type=ReverseShape | str | list[str])] | None,
        None,
    )
    is_for_snapshots = False

    rules: tuple[str, ...]
    date: Expression | None
    blue: Expression | None
    fields: Fields
    dims: Fields
    keeps_heading: bool = False
    """Whether headers say what those of the cancelled vouchers do."""
    voucher: Expression | None = None
    """What tells a voucher by hand, in place of rules."""

    @classmethod
    def read(cls, said: ReverseShape | None, reading: Reading) -> Self | None:
        """Rules of the file, on whatever table; a date and a condition."""
        if said is None:
            return None
        known = list(reading.resolver.file.rules)
        for rule in said.rules:
            if rule not in known:
                reading.fault("unknown_rule", cls.word, rule=rule, nearest=nearest(rule, known))
        voucher = reading.one(said.voucher, cls.word, "voucher", kind=Kind.TEXT)
        if bool(said.rules) == (said.voucher is not None):
            reading.fault("reverse_what", cls.word)
        date = reading.one(said.date, cls.word, "date", kind=Kind.DATE)
        blue = reading.one(said.blue, cls.word, "blue", kind=Kind.BOOLEAN)
        fields = read_fields(said.fields, reading, cls.word, "fields")
        dims = read_dims(said.dims, reading, cls.word, "dims")
        return cls(said.rules, date, blue, fields, dims, voucher=voucher)

    @property
    def looks_at(self) -> tuple[str, ...]:
        """As said."""
        return self.rules

    def expressions(self) -> Iterable[Expression]:
        """The date, the condition, the fields and the auxiliaries."""
        own = (self.voucher, self.date, self.blue, *self.fields.values(), *self.dims.values())
        yield from (e for e in own if e is not None)

    def check(self, rule: Rule, checking: Checking) -> None:
        """A collected row has no voucher to be reversed. A rule above its reversal runs behind it all the same."""
        place = ("rules", rule.name, "reverse")
        above = checking.rules[: checking.rules.index(rule)]
        for other in checking.rules:
            if other.release or other.of or other.name not in self.rules:
                continue
            if any(verb.keeps_rows for verb in other.verbs):
                checking.errors.fault("reverses_collected", place, rule=other.name)
            if other in above and _reverses(rule, other):
                checking.warnings.fault("reversed_above", place, rule=rule.name, other=other.name)

    def find(self, block: Block) -> None:
        """The postings to be reversed, each with its red letter, the newest first; leaves when there is none."""
        if self.voucher is not None:
            block.value("by_hand", self.voucher)
            block.not_null("by_hand", self.voucher, "voucher")
            block.add("targets = w.by_hand(by_hand)", "if targets.__class__ is Failure:", "    return targets")
        else:
            on = block.plan.rules.get(block.rule.on.alias, ())
            own = [rule.name for rule in on if rule.name in self.rules]
            block.targets(block.plan.reversible.index(self.rules), own)
            block.add("if not targets:", "    return None")
        if self.date is None:
            block.add("red_day = w.day_of(change)")
        else:
            block.value("red_day", self.date)
            block.not_null("red_day", self.date, "date")
        if self.blue is not None:
            block.value("is_blue", self.blue)
        is_blue = "False" if self.blue is None else "is_blue"
        fields = "w.heading(target)" if self.keeps_heading else fields_source(block, self.fields)
        emit_reds(block, "red_day", is_blue, fields, fields_source(block, self.dims))

    def make(self, block: Block) -> None:
        """The newest red letter as the voucher, where there is no other."""
        if block.rule.verb(Voucher) is None:
            block.add("voucher, reverses = reds[0]")

    def post(self, block: Block) -> None:
        """The red letters before the other voucher; the batch knows that their postings are cancelled."""
        first = 1 if block.rule.verb(Voucher) is None else 0
        post_reds(block, first)


def emit_reds(block: Block, day: str, is_blue: str, fields: str, dims: str) -> None:
    """Emits `reds`, of each of `targets` the voucher that cancels it and what it cancels."""
    block.add("reds = []", "for target in targets:")
    block.add(
        f"    red = w.red(target, change, {day}, {is_blue}, {fields}, {dims})",
        "    if red.__class__ is Failure:",
        "        return red",
    )
    block.add("    reds.append((red, new(Reversed, (target.key, target.voucher))))")


def post_reds(block: Block, first: int) -> None:
    """Emits the postings of `reds` from the `first` on; the batch knows that `targets` are cancelled."""
    fields = f"{block.rule.name!r}, subject, change"
    block.add(f"for n, (red, cancels) in enumerate(reds[{first}:], {first}):")
    block.add("    red_key = idem + (f'/red/{n + 1}' if n else '/red')")
    block.add(f"    out.append(new(Posting, (red_key, {fields}, (), red, (), cancels, None, None)))")
    block.add("for target in targets:", "    w.reversed(target, idem)")


def misuses_name(e: Expression, is_summary: bool) -> bool:
    """Whether an expression does more with the name of a cancelled voucher than to join it to a summary's text or to
    ask whether there is one."""
    return REVERSED in e.names and _misuses(e.term, is_summary)


def _misuses(term: Term, may: bool) -> bool:
    if term.op == "name":
        return not may and isinstance(term.detail, Name) and term.detail.python.startswith("w.called")
    if term.op == "case":
        *branches, default = term.args
        tests, values = branches[::2], (*branches[1::2], default)
        return any(_misuses(t, False) for t in tests) or any(_misuses(v, may) for v in values)
    may = term.op == "is null" or (may and term.op in _JOINS)
    return any(_misuses(arg, may) for arg in term.args)


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """The rules of a table as they run: as in the file, but one that reverses before those that it reverses where both
    may apply, so that no change reverses what it has just posted; and what says that groups are due behind all."""
    waiting = sorted(rules, key=lambda rule: bool(rule.release))
    found: list[Rule] = []
    while waiting:
        free = (rule for rule in waiting if not any(_reverses(other, rule) for other in waiting))
        found.append(next(free, waiting[0]))
        waiting.remove(found[-1])
    return found


def _reverses(one: Rule, other: Rule) -> bool:
    """Whether one rule may reverse what the other makes of the same change."""
    reverse = one.verb(Reverse)
    if reverse is None or one is other or other.release or other.name not in reverse.rules:
        return False
    return one.on.alias == other.on.alias and meets(one.when, other.when)
