"""Rules as Python source: two functions a rule and one a table, all in one module that `bind` gives a batch.

`rule(change, op, before, after, row, key, subject, flawed, out)` appends postings to `out` and returns True, REPEAT
when they exist already, None when the rule has nothing to say, or a Failure. `want(…)` is its forerunner: it only
asks for what the rule will look up, and returns True to be called again once that is there. A value is looked up
just before its first use, so that a rule which does not apply costs its `when` and nothing else.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal

from syncd.change import Kind
from syncd.mapping.block import Block, Plan, commas, place_params
from syncd.mapping.expression import Expression
from syncd.mapping.functions import Builtin
from syncd.mapping.rules import Join, Line, Rule, Template
from syncd.mapping.terms import Name, Term
from syncd.money import is_money


def module(plan: Plan) -> str:
    """The source of `bind(w)`, which returns alias → (subject, its forerunner, rules, their forerunners)."""
    lines = ["def bind(w):", "    posted = w.posted", "    accounts = w.accounts", "    days = w.days"]
    lines += ["    cards = w.cards", "    undo = w.undo", "    fail = w.fail"]
    for i, alias in enumerate(plan.joined):
        lines.append(
            f"    rows_{i}, hint_{i}, want_{i} = w.rows[{alias!r}], w.hints[{alias!r}], w.wanted_rows[{alias!r}]"
        )
        lines.append(f"    nulls_{i} = w.nulls[{alias!r}]")
    table: dict[str, tuple[str, ...]] = {}
    for alias, (subject, joins) in plan.subjects.items():
        n = len(table)
        if subject is not None:
            lines += _subject(plan, f"subject_{n}", alias, subject, joins)
            lines += _ask(plan, f"ask_{n}", alias, subject, joins)
        names = []
        for i, rule in enumerate(plan.rules.get(alias, ())):
            names.append(f"{n}_{i}")
            lines += _rule(plan, f"rule_{n}_{i}", rule)
            lines += _want(plan, f"want_{n}_{i}", rule)
        table[alias] = (
            *((f"subject_{n}", f"ask_{n}") if subject is not None else ("None", "None")),
            commas(f"rule_{m}" for m in names),
            commas(f"want_{m}" for m in names),
        )
    lines.append("    return {")
    lines += [f"        {alias!r}: ({s}, {a}, ({r}), ({w}))," for alias, (s, a, r, w) in table.items()]
    return "\n".join([*lines, "    }", ""])


# A table's subject ------------------------------------------------------------------------------------------------


def _subject(plan: Plan, name: str, alias: str, e: Expression, joins: Mapping[str, Join]) -> list[str]:
    block = Block(plan, Rule("", plan.tables[alias], e, joins))
    block.mark_row(e)
    block.need(e.names)
    block.add(f"return {e.python()}")
    return [f"    def {name}(row, flawed):", *block.lines]


def _ask(plan: Plan, name: str, alias: str, e: Expression, joins: Mapping[str, Join]) -> list[str]:
    """The forerunner of a subject: UNKNOWN while it has asked for rows that it needs, None where they are not."""
    block = Block(plan, Rule("", plan.tables[alias], e, joins))
    block.add("again = False")
    block.unless_unknown(block.foresee(e.names), "UNKNOWN if again else None")
    block.add(f"return {e.python()}")
    return [f"    def {name}(row):", *block.lines]


# A rule -----------------------------------------------------------------------------------------------------------


def _rule(plan: Plan, name: str, rule: Rule) -> list[str]:
    block = Block(plan, rule)
    _applies(block)
    _identity(block)
    _target(block)
    for join in rule.joins.values():
        if not join.variable.startswith("t"):
            block.need((f"{join.alias}.",))
    for check in rule.require:
        block.need(check.check.names)
        said = {"zh": check.zh, "en": check.en}
        block.add(f"if not {check.check.condition()}:", f"    return fail('require', {said!r})")
    block.add("cards_ = rows_ = ()", "voucher = reverses = collected = release = None")
    _card(block)
    with _unless_read(block):
        _journal(block)
    _approval(block)
    _group(block)
    _post(block)
    return [f"    def {name}(change, op, before, after, row, key, subject, flawed, out):", *block.lines]


def _takes_snapshots(rule: Rule) -> bool:
    return rule.snapshot == "post" or (rule.snapshot == "card" and (rule.card is not None or rule.change is not None))


def _unless_read(block: Block) -> AbstractContextManager[None]:
    """Lines that a snapshot row leaves out; nothing is asked where none comes this far, or all is posted."""
    if block.rule.snapshot == "post" or not _takes_snapshots(block.rule):
        return nullcontext()
    return block.inner("if op != 'read':")


def _applies(block: Block) -> None:
    """Leaves when the rule has nothing to say about the change."""
    rule = block.rule
    if not _takes_snapshots(rule):
        block.add("if op == 'read':", "    return None")
    if rule.when is not None:
        block.marks((rule.when,))
        block.need(rule.when.names)
        block.add(f"if not {rule.when.condition()}:", "    return None")
    block.marks(rule.expressions())
    block.mark_joins()


def _identity(block: Block) -> None:
    """The idempotency key; leaves when the posting exists."""
    rule = block.rule
    block.need(n for e in rule.once for n in e.names)
    block.add(*_key_lines(rule, foreseeing=False))
    unless = "not w.gathering and " if rule.collect and not rule.release else ""
    block.add(f"if {unless}posted.get(idem, UNKNOWN) is not None:", "    idem = w.generation(idem)")
    block.add("    if idem is None:", "        return REPEAT")


def _key_lines(rule: Rule, foreseeing: bool) -> list[str]:
    """Lines that give `idem`."""
    if not rule.once:
        name = f"{rule.release}/release" if rule.release else rule.name
        plain = f"'{name}/' + change[4] + '/'"
        if not _takes_snapshots(rule):
            return [f"idem = {plain}"]
        return [f"idem = '{name}/read/' + key if op == 'read' else {plain}"]
    failed = ["    return again" if foreseeing else f"    return fail('missing_value', {_once_params(rule)!r})"]
    if len(rule.once) == 1:
        return [f"k = {rule.once[0].python()}", "if k is None:", *failed, f"idem = '{rule.name}/' + k"]
    parts = commas(e.python() for e in rule.once)
    return [f"k = ({parts})", "if None in k:", *failed, f"idem = '{rule.name}/' + join_key(k)"]


def _once_params(rule: Rule) -> dict[str, str]:
    sources = [place_params("once", e)["source"] for e in rule.once]
    return {"place": "place_once", "source": ", ".join(sources)}


def _target(block: Block) -> None:
    """The posting to be reversed; leaves when there is none."""
    if not block.rule.reverse:
        return
    with _unless_read(block):
        block.add(f"target = w.latest(subject, {block.plan.reversible.index(block.rule.reverse)})")
        block.add("if target is None:", "    return None")
        block.add("if target.__class__ is Failure:", "    return target")
        block.add("red = w.red(target, change)", "if red.__class__ is Failure:", "    return red")


def _card(block: Block) -> None:
    rule = block.rule
    fields = rule.card if rule.card is not None else rule.change
    if fields is None:
        return
    block.need(n for e in fields.values() for n in e.names)
    given = [f"{name!r}: {e.python()}" for name, e in fields.items()]
    if rule.card is not None:
        verb = "open"
        block.code()
    else:
        verb = "change"
        block.card()
        given += [f"{name!r}: card.get({name!r})" for name in sorted(block.plan.companions.get(rule.name, ()))]
    block.add(f"fields = {{{', '.join(given)}}}", f"cards_ = (new(CardWrite, (code, {verb!r}, fields)),)")


def _journal(block: Block) -> None:
    """What goes beside the card: voucher, red letter, rows of other tables."""
    rule = block.rule
    if rule.voucher is not None:
        _voucher(block, rule.voucher)
    elif rule.reverse:
        block.add("voucher, reverses = red, new(Reversed, (target.key, target.voucher))")
    rows = []
    for row in rule.write:
        block.need(n for e in row.values.values() for n in e.names)
        values = ", ".join(f"{name!r}: {e.python()}" for name, e in row.values.items())
        rows.append(f"new(TableRow, ({row.table!r}, {row.key!r}, {{{values}}}))")
    if rows:
        block.add(f"rows_ = ({commas(rows)})")


def _voucher(block: Block, template: Template) -> None:
    heads = (("day", template.date, "date"), ("kind", template.type, "type"), ("summary", template.summary, "summary"))
    for variable, e, place in heads:
        block.need(e.names)
        block.add(f"{variable} = {e.python()}")
        block.not_null(variable, e, place)
    block.add("period = days.get(day) or w.period(day)", "if period.__class__ is Failure:", "    return period")
    balanced = balances_by_itself(template)
    block.add("entries = []", *([] if balanced else ["total = ZERO"]))
    amounts: dict[str, str] = {}
    for number, line in enumerate(template.lines, 1):
        if line.when is None:
            _line(block, number, line, amounts, balanced)
        else:
            block.need(line.when.names)
            with block.inner(f"if {line.when.condition()}:"):
                _line(block, number, line, {}, balanced)
    if not balanced:
        block.add("if total:", "    return w.unbalanced(entries)")
    block.add("if len(entries) < 2:", "    return fail('few_entries', {'entries': str(len(entries))})")
    block.add("voucher = new(Voucher, (kind, period[0], period[1], day, summary, tuple(entries)))")


def _line(block: Block, number: int, line: Line, amounts: dict[str, str], balanced: bool) -> None:
    """One entry. `amounts` are the variables of amounts that stand already."""
    amount, place = amounts.get(line.amount.text, f"a{number}"), place_params(line.side, line.amount, number)
    first = line.amount.text not in amounts
    if first:
        amounts[line.amount.text] = amount
        block.need(line.amount.names)
        block.add(f"{amount} = {line.amount.python()}")
        block.not_null(amount, line.amount, line.side, number)
    with block.inner(f"if {amount} > ZERO:"):
        if first and not _is_money(line.amount.term, block.rule):
            block.add(f"if not is_money({amount}):", f"    return w.unfit('not_cents', {amount}, {place!r})")
        _entry(block, number, line, f"{amount}, ZERO" if line.side == "debit" else f"ZERO, {amount}")
        if not balanced:
            block.add(f"total = {'add' if line.side == 'debit' else 'subtract'}(total, {amount})")
    if first:
        block.add(f"elif {amount}:", f"    return w.unfit('negative_amount', {amount}, {place!r})")


def _entry(block: Block, number: int, line: Line, amounts: str) -> None:
    block.need(n for e in (line.account, *line.dims.values()) for n in e.names)
    block.add(f"account = {line.account.python()}")
    block.not_null("account", line.account, "account", number)
    block.add("if account not in accounts and (f := w.account(account)):", "    return f")
    said = "summary"
    if line.summary is not None:
        said = "said"
        block.need(line.summary.names)
        block.add(f"said = {line.summary.python()}")
        block.not_null("said", line.summary, "entry_summary", number)
    dims = ", ".join(f"{name!r}: {e.python()}" for name, e in line.dims.items())
    block.add(f"entries.append(new(Entry, (account, {amounts}, {said}, {{{dims}}})))")


def balances_by_itself(template: Template) -> bool:
    """Whether both sides are the same expressions, so that there is nothing to add up."""
    sides = {side: sorted(x.amount.text for x in template.lines if x.side == side) for side in ("debit", "credit")}
    return sides["debit"] == sides["credit"] and all(x.when is None for x in template.lines)


def _is_money(term: Term, rule: Rule) -> bool:
    """Whether a value has two decimal places at most, whatever the row."""
    if term.op == "name":
        name = term.detail.python if isinstance(term.detail, Name) else ""
        variables = {"after": rule.on, "before": rule.on, "row": rule.on}
        variables |= {j.variable: j.table for j in rule.joins.values()}
        variable, _, index = name.rstrip("]").partition("[")
        return variable in variables and index.isdigit() and variables[variable].columns[int(index)].form == "money"
    if term.op == "literal":
        return not isinstance(term.detail, Decimal) or is_money(term.detail)
    if term.op == "cast":
        return term.args[0].kind is Kind.INTEGER
    if term.op == "call" and isinstance(term.detail, Builtin) and term.detail.name in ("round", "trunc"):
        places = term.args[1] if len(term.args) > 1 else None
        return places is None or (places.op == "literal" and isinstance(places.detail, int) and places.detail <= 2)
    if term.op == "case":
        *branches, default = term.args
        return all(_is_money(value, rule) for value in (*branches[1::2], default))
    return term.op in ("+", "-", "neg", "greatest", "least", "coalesce", "bind") and all(
        _is_money(a, rule) for a in term.args
    )


def _approval(block: Block) -> None:
    rule = block.rule
    if rule.approve is None:
        return
    block.need(rule.approve.names)
    unless = "" if rule.snapshot == "post" or not _takes_snapshots(rule) else " and op != 'read'"
    block.add(f"if {rule.approve.condition()} and {rule.name!r} not in w.approved{unless}:")
    block.add(f"    return w.approval({rule.role!r})")


def _group(block: Block) -> None:
    """A collected row is kept as it is until its group is posted; it was built all the same, to be sure it can be."""
    rule = block.rule
    if not rule.collect:
        return
    with _unless_read(block):
        block.need(n for e in rule.collect for n in e.names)
        block.add(f"group = group_key(({commas(e.python() for e in rule.collect)}))")
        if rule.release:
            block.add(f"release = new(Release, ({rule.release!r}, group))")
        else:
            block.add("if not w.gathering:", "    cards_ = rows_ = ()", "    voucher = None")
            block.add(f"    collected = new(Collected, ({rule.name!r}, group))")


def _post(block: Block) -> None:
    rule, plan = block.rule, block.plan
    fields = f"{rule.name!r}, subject, change"
    if plan.needs_check:
        block.add(f"if (f := w.misses(new(Posting, (idem, {fields}, cards_, voucher, rows_, None, None, None)))):")
        block.add("    return f")
    if rule.reverse:
        with _unless_read(block):
            if rule.voucher is not None:
                cancelled = "new(Reversed, (target.key, target.voucher))"
                block.add(f"out.append(new(Posting, (idem + '/red', {fields}, (), red, (), {cancelled}, None, None)))")
            block.add("w.reversed(target, idem)")
    block.add(f"posting = new(Posting, (idem, {fields}, cards_, voucher, rows_, reverses, collected, release))")
    block.add("out.append(posting)", "posted[idem] = ''")
    if any(rule.name in rules for rules in plan.reversible):
        block.add("w.keep(subject, posting)")
    if plan.reads_cards and (rule.card is not None or rule.change is not None):
        block.add("if cards_:", "    w.keep_card(code, fields)")
    block.add("return True")


# Its forerunner ---------------------------------------------------------------------------------------------------


def _want(plan: Plan, name: str, rule: Rule) -> list[str]:
    block = Block(plan, rule)
    if not _takes_snapshots(rule):
        block.add("if op == 'read':", "    return False")
    block.add("again = False")
    if rule.when is not None:
        block.unless_unknown(block.foresee(rule.when.names), "again")
        block.add(f"if not {rule.when.condition()}:", "    return False")
    for alias, join in rule.joins.items():
        if not join.variable.startswith("t"):
            block.foresee((f"{alias}.",))
    block.unless_unknown(block.foresee(n for e in rule.once for n in e.names), "again")
    block.add(*_key_lines(rule, foreseeing=True), "if idem not in posted:", "    w.wanted_keys.add(idem)")
    if rule.reverse:
        block.add(f"w.wanted_latest[{plan.reversible.index(rule.reverse)}].add(subject)")
    if _uses_card(rule):
        e = rule.asset_code
        block.unless_unknown(block.foresee(e.names if e is not None else ()), "again")
        block.add(f"code = {e.python() if e is not None else 'subject'}")
        block.add("if code is not None and code not in cards:", "    w.wanted_cards.add(code)")
    block.add("return again")
    return [f"    def {name}(change, op, before, after, row, key, subject):", *block.lines]


def _uses_card(rule: Rule) -> bool:
    return rule.change is not None or any(n.startswith("card.") for e in rule.expressions() for n in e.names)
