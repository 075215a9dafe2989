"""`edited`: what becomes of a document, or a row, that is edited after it was posted, or withdrawn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal, Self

from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Aggregate, Many, Name, Term, walk
from syncd.mapping.expression.to_python import condition_source, value_source
from syncd.mapping.language.scope import variable
from syncd.mapping.program.block import Block, columns_read, commas, join_names, lines_read
from syncd.mapping.verbs.once import Once
from syncd.mapping.verbs.reverse import Reverse, emit_reds, post_reds
from syncd.mapping.verbs.rule import Checking, Reading, Rule, Verb
from syncd.mapping.verbs.voucher import Voucher

_AFTER: Final = re.compile(r"\bafter\[")
How = Literal["refuse", "reverse", "difference"]


@dataclass(frozen=True)
class Edited(Verb):
    """The rule goes on to say what is right. Where what stands of it is not that, the edit is refused; or red letters
    cancel it before the right voucher is made; or the voucher is of the difference alone. What is withdrawn is refused,
    or cancelled by red letters: that is a rule beside this one."""

    word: ClassVar[str] = "edited"
    shape = (How | None, None)
    is_for_snapshots = False
    has_effect = False
    may_replace = True

    how: How

    @classmethod
    def read(cls, said: How | None, reading: Reading) -> Self | None:
        """One of three words, beside a voucher, and nobody else who cancels it."""
        if said is None:
            return None
        if reading.block.said(Voucher.word) is None or reading.block.said(Reverse.word) is not None:
            reading.fault("edited_no_voucher", cls.word, rule=reading.name)
        return cls(said)

    def brings(self, rule: Rule) -> Iterable[Rule]:
        """What looks at what stands where the rule does not apply any more."""
        once = rule.verb(Once)
        if rule.may_replace and once is not None:
            yield replace(
                rule,
                when=None,
                snapshot="card",
                verbs=(Once(f"{rule.name}.withdrawn"), Unkept(rule, once)),
                of=rule.name,
            )
            return
        over: Verb = Stands(rule.name)
        if self.how != "refuse":
            over = Reverse((rule.name,), None, None, {}, {}, keeps_heading=True)
        verbs = (Withdrawn(rule.when), Once(f"{rule.name}.withdrawn"), over)
        yield replace(rule, when=None, snapshot="card", verbs=verbs, of=rule.name)

    def check(self, rule: Rule, checking: Checking) -> None:
        """There must be one voucher that is found again, and a condition that is true of the document as it is."""
        place = ("rules", rule.name, "edited")
        once = rule.verb(Once)
        if once is None or not once.parts:
            checking.errors.fault("edited_no_once", place, rule=rule.name)
        elif once.shared:  # the rows' postings are told apart by the order in which they came
            checking.errors.fault("once_shared", ("rules", rule.name, "once"), rule=rule.name, word="edited")
        if rule.may_replace:
            self._check_collecting(rule, once, checking)
        is_of_it = _is_found_by_it if rule.may_replace else _is_of_it
        if others := sorted(name for name in (rule.when.names if rule.when else ()) if not is_of_it(rule, name)):
            checking.errors.fault("edited_when", ("rules", rule.name, "when"), rule=rule.name, name=others[0])

    def _check_collecting(self, rule: Rule, once: Once | None, checking: Checking) -> None:
        """A row is replaced as long as it is kept, by a key of its own; what its group has posted stays whole."""
        is_own = once is not None and all(_is_of_it(rule, name) for e in once.parts for name in e.names)
        if self.how != "refuse" or rule.opens_card or not is_own or (once is not None and once.old_parts):
            checking.errors.fault("edited_collects", ("rules", rule.name, "edited"), rule=rule.name)

    def beside(self, block: Block) -> bool:
        """What is gone is nobody's to post. Where no column has changed that a posting is made of nothing is said; what
        is in the books already is left to `make`. Where the rule applied before, and nothing stands, it is not this
        one's to post: somebody has given it up, or it was posted before syncd came."""
        block.add("if op == 'delete':", "    return None")
        if block.rule.may_replace:
            return False
        _find_targets(block, block.rule.name)
        block.add("if targets:", f"    if {_is_unedited(block.rule)}:", "        return REPEAT")
        if self.how == "reverse":
            block.add("    w.call(targets[0], change)")
        applied = "True" if block.rule.when is None else condition_source(_before(block.rule.when.term, block.rule))
        block.add(f"elif op != 'insert' and {applied}:", "    return None")
        return True

    def keep(self, block: Block, once: Once) -> None:
        """A row that is called by another key now was collected, or posted, under the one that it had. What a snapshot
        reads for its card alone is not kept."""
        block.add("was_key = idem", "if op != 'insert':", f"    k = ({_key_before(block.rule, once)})")
        block.add("    if None not in k:", f"        was_key = '{once.stem}/' + join_key(k)")
        known = "not w.gathering and posted.get(was_key, UNKNOWN) is not None"
        if block.rule.takes_snapshots and block.rule.snapshot != "post":
            known = f"op != 'read' and {known}"
        block.add(f"kept = {known} and w.is_kept(was_key)")
        block.add("if not (kept or w.gathering or was_key == idem) and w.is_taken(was_key):")
        block.add("    return w.posted_already(())")

    def met(self, block: Block, once: Once) -> str:
        """Another row that claims the fact waits until it is taken back, else its edits would be nobody's. What is in
        its group's voucher is not edited any more."""
        if block.rule.opens_card and not once.unique:
            return ""
        of = "''" if once.unique else "change[0]"
        said = f"w.claimed(first, {once.stem!r}, {of}, True)"
        if block.rule.may_replace:
            said = f"w.posted_already(()) if w.is_taken(first) and not ({_is_unedited(block.rule)}) else {said}"
        tells_of_before = once.unique or (block.rule.takes_snapshots and block.rule.snapshot != "post")
        return f"REPEAT if op == 'read' else {said}" if tells_of_before else said

    def find(self, block: Block) -> None:
        """A collected row that is kept is replaced where anything has changed that its posting is made of; one that
        was in the books before syncd came is left there, and what the card has of it is not to be edited."""
        if block.rule.may_replace:
            left = "w.posted_already(())" if block.rule.writes_card else "None"
            block.add(f"if kept and {_is_unedited(block.rule)}:", "    return REPEAT")
            with block.inner(f"not (kept or w.gathering or op == 'insert') and {_applied(block.rule)}"):
                if block.rule.writes_card:
                    block.add(f"if {_is_unedited(block.rule)}:", "    return None")
                block.add(f"return {left}")

    def may_empty(self, rule: Rule) -> bool:
        """A document of which nothing is left, as its last line is deleted."""
        return not rule.may_replace

    def make(self, block: Block) -> None:
        """What becomes of a voucher where others stand. One of nothing is kept as a posting without a voucher, so that
        the next edit finds the row among what was posted."""
        if block.rule.may_replace:
            return
        if self.how == "difference":
            has_day = self._has_day_of_its_own(block.rule)
            if has_day:
                block.add("reds = []")
                with block.inner("targets and w.is_moved(voucher, targets)"):
                    emit_reds(block, "w.day_of(change)", "False", "w.heading(target)", "NO_FIELDS")
                    block.add("if not entries:", "    voucher = None")
            block.add(
                f"if targets{' and not reds' if has_day else ''}:", "    voucher = w.difference(voucher, targets)"
            )
            block.add("    if voucher is None:", "        return REPEAT")
            return
        block.add("if targets and w.is_so(voucher, targets):", "    return REPEAT")
        if self.how == "refuse":
            block.add("if targets:", "    return w.posted_already(targets)")
        else:
            emit_reds(block, "w.day_of(change)", "False", "w.heading(target)", "NO_FIELDS")
            block.add("if not entries:", "    voucher = None")

    def post(self, block: Block) -> None:
        """Red letters before the right voucher; the batch knows what is kept."""
        if block.rule.may_replace:
            block.add("if kept:", "    w.unkeeps(was_key)")
            block.add("if collected is not None:", "    w.keeps(idem, collected)")
        elif self.how == "reverse":
            post_reds(block, 0)
        elif self.how == "difference" and self._has_day_of_its_own(block.rule):
            with block.inner("reds"):
                post_reds(block, 0)

    def _has_day_of_its_own(self, rule: Rule) -> bool:
        """Whether the voucher's day is the header's, and not that of each change, or of the line that came last."""
        voucher = rule.verb(Voucher)
        return voucher is not None and all(name.startswith("after.") for name in voucher.date.names)


@dataclass(frozen=True)
class Withdrawn(Verb):
    """Leaves where the rule still applies: `when` is its condition. A new row has posted nothing."""

    word: ClassVar[str] = "edited"
    is_for_snapshots = False

    when: Expression | None

    def expressions(self) -> Iterable[Expression]:
        """The condition."""
        return () if self.when is None else (self.when,)

    def find(self, block: Block) -> None:
        """Asks the row before anybody is asked what stands."""
        block.add("if op == 'insert':", "    return None")
        applies = "op != 'delete'"
        if self.when is not None:
            block.need(self.when.names)
            applies = f"{applies} and {self.when.condition()}"
        block.add(f"if {applies}:", "    return None")


@dataclass(frozen=True)
class Unkept(Verb):
    """A row that is kept for its group is withdrawn where the `rule` does not apply any more; one that is in a voucher
    stays there, and the edit is refused."""

    word: ClassVar[str] = "edited"
    is_for_snapshots = False

    rule: Rule
    once: Once

    def expressions(self) -> Iterable[Expression]:
        """The condition and the key."""
        return (*(() if self.rule.when is None else (self.rule.when,)), *self.once.parts)

    def find(self, block: Block) -> None:
        """Asks the row before anybody is asked what is kept."""
        block.add("if op == 'insert':", "    return None", "applies = op != 'delete'")
        if self.rule.when is not None:
            with block.inner("applies", foreseen="op != 'delete'"):
                block.need(self.rule.when.names)
                block.add(f"applies = {self.rule.when.condition()}")
        block.add(f"k = ({_key_before(self.rule, self.once)})", "if None in k or applies:", "    return None")
        block.add(f"was_key = '{self.once.stem}/' + join_key(k)")
        was_posted = f" or ({_applied(self.rule)})" if self.rule.writes_card else ""
        block.add("if not w.is_kept(was_key):")
        block.add(f"    return w.posted_already(()) if w.is_taken(was_key){was_posted} else None")

    def make(self, block: Block) -> None:
        """`collected`, which takes it away."""
        block.add(f"collected = new(Collected, ({self.rule.name!r}, '', '', was_key, True, w.group_of(was_key)))")

    def post(self, block: Block) -> None:
        """The batch knows that it is gone."""
        block.add("w.unkeeps(was_key)")


@dataclass(frozen=True)
class Stands(Verb):
    """Refuses to have withdrawn what a rule has posted."""

    word: ClassVar[str] = "edited"
    is_for_snapshots = False

    rule: str

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)

    def find(self, block: Block) -> None:
        """Nothing posted, nothing to say."""
        _find_targets(block, self.rule)
        block.add("if targets:", "    return w.posted_already(targets)", "return None")


def _find_targets(block: Block, rule: str) -> None:
    block.targets(block.plan.reversible.index((rule,)), (rule,))


def _is_unedited(rule: Rule) -> str:
    """Source that is true where no column has changed that the rule makes its posting of: the condition under which it
    applies aside."""
    made_of = [e for e in rule.expressions() if e is not rule.when]
    names = {n for e in made_of for n in e.names} | {n for join in rule.joins.values() for n in join_names(join)}
    used = columns_read(rule, names)
    columns = [i for i, c in enumerate(rule.on.columns) if {f"after.{c.name.lower()}", f"row.{c.name.lower()}"} & used]
    same = [f"({commas(f'{side}[{i}]' for i in columns)})" for side in ("before", "after")]
    tests = [f"{same[0]} == {same[1]}"] if columns else ["True"]
    for lines in rule.lines.values():
        read = lines_read(lines, used)
        if lines.side == "after" and (read or _counts(made_of, lines.alias)):
            each = f"[({commas(f'line[{i}]' for i in read)}) for line in {{}}[{lines.column}] or ()]"
            tests.append(f"{each.format('before')} == {each.format('after')}")
    return " and ".join(tests)


def _is_of_it(rule: Rule, name: str) -> bool:
    """Whether a name says something of the document, or the row, as it is."""
    lines = rule.lines_of(name)
    if lines is not None:
        return lines.side == "after" and name.startswith(f"{lines.alias.lower()}.")
    return name.startswith("after.") or ("." not in name and name != "op" and name not in rule.let)


def _is_found_by_it(rule: Rule, name: str) -> bool:
    """Whether a name says something of the row as it is, or of what is found by that."""
    alias, dot, _ = name.partition(".")
    if not dot and name in rule.let:
        return all(_is_found_by_it(rule, read) for read in rule.let[name].names)
    if dot and alias in rule.joins:
        return all(_is_found_by_it(rule, read) for read in join_names(rule.joins[alias]))
    return name.startswith("row.") or _is_of_it(rule, name)


def _applied(rule: Rule) -> str:
    """Source that is true where the rule applied to the row as it was. What its keys lead to is looked at as it is, so
    of a row that leads elsewhere now nobody can tell: then it is taken for one to which the rule did not apply."""
    if rule.when is None:
        return "True"
    aliases = {name.partition(".")[0] for name in _read_by(rule, rule.when.names) if "." in name} & rule.joins.keys()
    read = columns_read(rule, {name for alias in aliases for name in join_names(rule.joins[alias])})
    columns = [i for i, c in enumerate(rule.on.columns) if {f"after.{c.name.lower()}", f"row.{c.name.lower()}"} & read]
    same = [f"before[{i}] == after[{i}]" for i in columns]
    return " and ".join([*same, f"({condition_source(_before(rule.when.term, rule))})"])


def _read_by(rule: Rule, names: Iterable[str]) -> set[str]:
    """Names, and what those of them read that `let` names."""
    found: set[str] = set()
    for name in names:
        found |= _read_by(rule, rule.let[name].names) if name in rule.let else {name}
    return found


def _key_before(rule: Rule, once: Once) -> str:
    return commas(value_source(_before(e.term, rule)) for e in once.parts)


def _before(term: Term, rule: Rule) -> Term:
    """A condition over the row as it was."""
    detail = term.detail
    if isinstance(detail, Name) and (e := _let_of(rule, detail.python)) is not None:
        return _before(e.term, rule)
    if isinstance(detail, Name):
        detail = replace(detail, python=_AFTER.sub("before[", detail.python))
    elif isinstance(detail, Aggregate):
        lines = rule.lines[detail.many.alias.lower()]
        was = Many(detail.many.alias, f"(before[{lines.column}] or ())", (lines.variable,))
        detail = replace(detail, many=was)
    return replace(term, args=tuple(_before(arg, rule) for arg in term.args), detail=detail)


def _let_of(rule: Rule, python: str) -> Expression | None:
    """What `let` names by a variable of the generated code."""
    return next((e for n, e in enumerate(rule.let.values()) if variable(n) == python), None)


def _counts(expressions: Iterable[Expression], lines: str) -> bool:
    terms = (term for e in expressions for term in walk(e.term))
    return any(isinstance(t.detail, Aggregate) and t.detail.many.alias == lines for t in terms)
