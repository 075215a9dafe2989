"""Rules as Python source: two functions a rule and two a table, all in one module that `bind` gives a batch.

`rule(change, op, before, after, row, key, subject, flawed, out)` appends postings to `out` and returns True, REPEAT
when they exist already, None when the rule has nothing to say, or a Failure. `want(…)` is its forerunner: it only
asks for what the rule will look up, and returns True to be called again once that is there. A value is looked up
just before its first use, so that a rule which does not apply costs its `when` and nothing else.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby

from syncd.mapping.expression.parse import Expression
from syncd.mapping.program.block import Block, Part, Plan, commas, parts, variables
from syncd.mapping.verbs.approve import Approve, Step
from syncd.mapping.verbs.budget import Budget
from syncd.mapping.verbs.rule import Join, Rule


def module(plan: Plan) -> str:
    """The source of `bind(w)`, which returns alias → (subject, its forerunner, rules, their forerunners)."""
    lines = looked_up(plan)
    table: dict[str, tuple[str, ...]] = {}
    for alias, (subject, joins) in plan.subjects.items():
        n = len(table)
        if subject is not None:
            lines += _subject(plan, n, alias, subject, joins)
        names = []
        for i, rule in enumerate(plan.rules.get(alias, ())):
            names.append(f"{n}_{i}")
            lines += _rule(plan, f"{n}_{i}", rule)
        table[alias] = (
            *((f"subject_{n}", f"ask_{n}") if subject is not None else ("None", "None")),
            commas(f"rule_{m}" for m in names),
            commas(f"want_{m}" for m in names),
        )
    lines.append("    return {")
    lines += [f"        {alias!r}: ({s}, {a}, ({r}), ({w}))," for alias, (s, a, r, w) in table.items()]
    return "\n".join([*lines, "    }", ""])


def asking(plan: Plan) -> str:
    """The source of `bind(w)`, which returns alias → for each of its rules that ask for approval its name, whether it
    applies, and for each step its parameters and whether it is needed, both as conditions that must all be true. Of
    what people have edited no more is looked at than these: other faults of it say nothing about who has to agree."""
    lines, table = looked_up(plan), dict[str, list[str]]()
    for rule in (rule for found in plan.rules.values() for rule in found):
        asked, budget = rule.verb(Approve), rule.verb(Budget)
        steps: list[tuple[Step, Sequence[Part]]] = []
        if asked is not None:
            steps += [(step, parts(rule, step.when)) for step in asked.steps]
        if budget is not None:
            steps.append((budget.step, [Part(budget.key.names | budget.amount.names, budget.is_over())]))
        if not steps:
            continue
        name = str(sum(map(len, table.values())))
        when = [Part(frozenset(), "True")] if rule.when is None else parts(rule, rule.when)
        applies = _conditions(plan, f"so_{name}", rule, when, lines)
        said: list[str] = []
        for n, (step, needed) in enumerate(steps):
            all_of = _conditions(plan, f"so_{name}_{n}", rule, needed, lines)
            said.append(f"({dict(step.params)!r}, {step.token!r}, ({all_of}))")
        table.setdefault(rule.on.alias, []).append(f"({rule.name!r}, ({applies}), ({commas(said)}))")
    lines.append("    return {")
    lines += [f"        {alias!r}: ({commas(found)})," for alias, found in table.items()]
    return "\n".join([*lines, "    }", ""])


def _conditions(plan: Plan, name: str, rule: Rule, found: Sequence[Part], lines: list[str]) -> str:
    """The names of functions, one for each part, which tell whether it is true of a change, or a Failure where it
    cannot be told. Each for itself: a value that cannot be read does not hide that another part is untrue, as that a
    rule for updates has nothing to say about an insert. What a snapshot reads for its card alone waits for nobody."""
    names = [f"{name}_part_{i}" for i in range(len(found))]
    for own, part in zip(names, found, strict=True):
        block = Block(plan, rule)
        if rule.snapshot != "post":
            block.leave_snapshots()
        by_code = any("." not in n or n.startswith("card.") for n in part.names)
        code = rule.asset_code.names if by_code and rule.asset_code is not None else frozenset()
        block.mark_names(part.names | code)
        block.need(part.names)
        block.add(f"return {part.source}")
        lines += [f"    def {own}(change, op, before, after, row, key, subject, flawed):", *block.lines]
    return commas(names)


def looked_up(plan: Plan) -> list[str]:
    """The head of `bind`: what the batch has looked up, by the names that the functions below it know."""
    lines = ["def bind(w):", "    posted = w.posted", "    accounts = w.accounts", "    days = w.days"]
    lines += ["    cards = w.cards", "    fail = w.fail", "    made_of = w.made_of"]
    lines += ["    warned, is_odd = w.warned, w.is_odd"]
    lines += ["    keep_card, want_key, want_card = w.effects.keep_card, w.wanted_keys.add, w.wanted_cards.add"]
    lines += ["    known_openings, want_opening = w.known_openings, w.wanted_openings.add"]
    for i, alias in enumerate(plan.joined):
        lines.append(
            f"    rows_{i}, hint_{i}, want_{i} = w.rows[{alias!r}], w.hints[{alias!r}], w.wanted_rows[{alias!r}]"
        )
        lines.append(f"    nulls_{i} = w.nulls[{alias!r}]")
    return lines


def _subject(plan: Plan, n: int, alias: str, e: Expression, joins: Mapping[str, Join]) -> list[str]:
    """A table's subject, and its forerunner: UNKNOWN while it has asked for rows that it needs, None where they are
    not."""
    block = Block(plan, Rule("", plan.tables[alias], e, joins))
    block.mark_row(e)
    block.need(e.names)
    block.add(f"return {e.python()}")
    ask, unsure = block.foresight.lines(variables(e))
    if unsure:
        ask += [f"if {' or '.join(f'{v} is UNKNOWN' for v in unsure)}:", "    return UNKNOWN if again else None"]
    ask = ["        " + line for line in (*ask, f"return {e.python()}")]
    return [f"    def subject_{n}(row, flawed):", *block.lines, f"    def ask_{n}(row):", *ask]


def _rule(plan: Plan, name: str, rule: Rule) -> list[str]:
    """A rule, and its forerunner."""
    block = Block(plan, rule)
    _applies(block)
    for verb in rule.verbs:
        with _unless_read(block, verb.is_for_snapshots):
            verb.find(block)
    for join in rule.own_joins:
        block.join(join)
    for verb in rule.verbs:
        verb.judge(block)
    block.add("cards_ = rows_ = ()", "voucher = reverses = collected = release = None")
    for is_for_snapshots, verbs in groupby(rule.verbs, key=lambda verb: verb.is_for_snapshots):
        with _unless_read(block, is_for_snapshots):
            for verb in verbs:
                verb.make(block)
    _post(block)
    ask, _ = block.foresight.lines()
    return [
        f"    def rule_{name}(change, op, before, after, row, key, subject, flawed, out):",
        *block.lines,
        f"    def want_{name}(change, op, before, after, row, key, subject):",
        *("        " + line for line in (*ask, "return again")),
    ]


def _unless_read(block: Block, is_for_snapshots: bool) -> AbstractContextManager[None]:
    """Lines that a snapshot row leaves out; nothing is asked where none comes this far, or all is posted."""
    if is_for_snapshots or block.rule.snapshot == "post" or not block.rule.takes_snapshots:
        return nullcontext()
    return block.inner("op != 'read'")


def _applies(block: Block) -> None:
    """Leaves when the rule has nothing to say about the change."""
    rule = block.rule
    if not rule.takes_snapshots:
        block.leave_snapshots()
    if rule.when is not None:
        block.marks((rule.when,))
        block.only_if(rule.when)
    block.marks(rule.expressions())
    block.mark_joins()


def _post(block: Block) -> None:
    rule, plan = block.rule, block.plan
    fields = f"{rule.name!r}, subject, change"
    if plan.needs_check:
        block.add(f"if (f := w.misses(new(Posting, (idem, {fields}, cards_, voucher, rows_, None, None, None)))):")
        block.add("    return f")
    for verb in rule.verbs:
        with _unless_read(block, verb.is_for_snapshots):
            verb.post(block)
    block.add(f"posting = new(Posting, (idem, {fields}, cards_, voucher, rows_, reverses, collected, release))")
    block.add("out.append(posting)", "posted[idem] = ''", "made_of[idem] = change[4], w.row_of")
    if not rule.of and any(rule.name in rules for rules in plan.reversible):
        block.add("w.keep(subject, posting)")
    block.add("return True")
