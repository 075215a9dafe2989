"""Rules as Python source: two functions a rule and one a table, all in one module that `bind` gives a batch.

`rule(change, op, before, after, row, key, subject, flawed, out)` appends postings to `out` and returns True, REPEAT
when they exist already, None when the rule has nothing to say, or a Failure. `want(…)` is its forerunner: it only
asks for what the rule will look up, and returns True to be called again once that is there. A value is looked up
just before its first use, so that a rule which does not apply costs its `when` and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from syncd.change import Kind, Table
from syncd.mapping.expression import Expression
from syncd.mapping.functions import Builtin
from syncd.mapping.rules import Join, Line, Rule, Template
from syncd.mapping.terms import Name, Term
from syncd.money import is_money


@dataclass
class _Block:
    """Lines of a function, and what they have looked up so far."""

    rule: Rule
    indent: int = 2
    lines: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def add(self, *lines: str) -> None:
        self.lines += ["    " * self.indent + line for line in lines]

    def fail(self, code: str, **params: str) -> str:
        return f"return fail({code!r}, {params!r})"


@dataclass(frozen=True)
class Plan:
    """What the generated module needs to know of a mapping beyond its rules."""

    tables: Mapping[str, Table]
    rules: Mapping[str, Sequence[Rule]]
    subjects: Mapping[str, tuple[Expression | None, Mapping[str, Join]]]
    companions: Mapping[str, frozenset[str]]
    """Per changing rule, the card fields it must write beside its own."""
    reads_cards: bool
    needs_check: bool
    reversible: tuple[tuple[str, ...], ...]
    """Every distinct list of rules that some rule reverses."""

    @property
    def joined(self) -> list[str]:
        """The tables that are joined by anyone."""
        joins = [j for rules in self.rules.values() for r in rules for j in r.joins.values()]
        joins += [j for _, found in self.subjects.values() for j in found.values()]
        return sorted({j.table.alias for j in joins})


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
            _commas(f"rule_{m}" for m in names),
            _commas(f"want_{m}" for m in names),
        )
    lines.append("    return {")
    lines += [f"        {alias!r}: ({s}, {a}, ({r}), ({w}))," for alias, (s, a, r, w) in table.items()]
    return "\n".join([*lines, "    }", ""])


# Looking up -------------------------------------------------------------------------------------------------------


def _need(plan: Plan, block: _Block, names: Iterable[str]) -> None:
    """Everything that these names stand for is in its variable."""
    for name in sorted(names):
        prefix, dot, _ = name.partition(".")
        if not dot and name in block.rule.let and name not in block.known:
            value = block.rule.let[name]
            _need(plan, block, value.names)
            variable = f"v{list(block.rule.let).index(name)}"
            block.add(f"{variable} = {value.python()}")
            block.known.add(name)
        elif dot and prefix in block.rule.joins and prefix not in block.known:
            block.known.add(prefix)
            _join(plan, block, block.rule.joins[prefix])
        elif prefix == "card" and dot:
            _need_card(plan, block, read=name != "card.asset_code")


def _join(plan: Plan, block: _Block, join: Join) -> None:
    i, variable = plan.joined.index(join.table.alias), join.variable
    _need(plan, block, (n for k in join.key for n in k.names))
    block.add(f"k = {_key_text(join)}", "if k is None:", f"    {variable} = nulls_{i}", "else:")
    block.add(f"    {variable} = rows_{i}.get(k) or w.row({join.table.alias!r}, k)")
    block.add(f"    if {variable} is None:")
    if join.optional:
        block.add(f"        {variable} = nulls_{i}")
    else:
        block.add(f"        return w.absent({join.alias!r}, {join.table.alias!r}, k)")
    used = _used_columns(block.rule, join)
    block.add(
        f"    elif {variable}.__class__ is Flawed and (f := w.flaws({variable}, {used!r}, {join.table.alias!r})):"
    )
    block.add("        return f")


def _need_card(plan: Plan, block: _Block, read: bool) -> None:
    _need_code(plan, block)
    if read and "card" not in block.known:
        block.known.add("card")
        block.add("card = cards.get(code, UNKNOWN)", "if card is UNKNOWN:", "    card = w.card(code)")
        if block.rule.change is not None:
            block.add("if card is None:", "    return fail('no_card', {'asset_code': code})")
        else:
            block.add("if card is None:", "    card = EMPTY")


def _need_code(plan: Plan, block: _Block) -> None:
    if "code" in block.known:
        return
    block.known.add("code")
    if block.rule.asset_code is None:
        block.add("code = subject")
        return
    _need(plan, block, block.rule.asset_code.names)
    block.add(f"code = {block.rule.asset_code.python()}")
    _not_null(block, "code", block.rule.asset_code, "asset_code")


def _not_null(block: _Block, variable: str, e: Expression, place: str) -> None:
    if e.term.nullable:
        block.add(f"if {variable} is None:", "    " + block.fail("missing_value", place=place, expression=e.text))


def _key_text(join: Join) -> str:
    """The source of a join's key as text, None when a part of it is NULL."""
    if len(join.key) == 1:
        e = join.key[0]
        if e.kind is Kind.TEXT or not e.term.nullable:
            return e.python() if e.kind is Kind.TEXT else f"str({e.python()})"
        return f"None if (k := {e.python()}) is None else str(k)"
    parts = _commas(e.python() for e in join.key)
    return f"None if None in (k := ({parts})) else join_key(k)"


def _columns_read(rule: Rule, names: Iterable[str], seen: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """The columns of the change's own row that names come from, through joins and `let`: (side, column)."""
    found: set[tuple[str, str]] = set()
    for name in names:
        prefix, dot, column = name.partition(".")
        if dot and prefix in ("after", "before"):
            found.add((prefix, column))
        elif dot and prefix in rule.joins and prefix not in seen:
            keys = rule.joins[prefix].key
            found |= _columns_read(rule, (n for k in keys for n in k.names), seen | {prefix})
        elif not dot and name in rule.let and name not in seen:
            found |= _columns_read(rule, rule.let[name].names, seen | {name})
        elif not dot and name in {c.name.lower() for c in rule.on.columns}:
            found.add(("row", name))
    return found


def _marks(rule: Rule, expressions: Iterable[Expression]) -> list[str]:
    """Lines that refuse a flawed change when one of the columns used holds a mark."""
    read = sorted(_columns_read(rule, (n for e in expressions for n in e.names)))
    places = {c.name.lower(): i for i, c in enumerate(rule.on.columns)}
    lines = []
    for side in ("before", "after", "row"):
        indexes = tuple(places[c] for s, c in read if s == side)
        if indexes:
            lines.append(f"if flawed and (f := w.flaws({side}, {indexes!r}, {rule.on.alias!r})):")
            lines.append("    return f")
    return lines


def _used_columns(rule: Rule, join: Join) -> tuple[int, ...]:
    """The columns of a joined row that the rule reads."""
    names = {n for e in rule.expressions() for n in e.names} | {
        n for j in rule.joins.values() for k in j.key for n in k.names
    }
    wanted = {n.partition(".")[2] for n in names if n.partition(".")[0] == join.alias}
    return tuple(i for i, c in enumerate(join.table.columns) if c.name.lower() in wanted)


# A table's subject ------------------------------------------------------------------------------------------------


def _subject(plan: Plan, name: str, alias: str, e: Expression, joins: Mapping[str, Join]) -> list[str]:
    block = _Block(Rule("", plan.tables[alias], e, joins))
    block.add(*_marks(block.rule, (e,)))
    _need(plan, block, e.names)
    block.add(f"return {e.python()}")
    return [f"    def {name}(row, flawed):", *block.lines]


def _ask(plan: Plan, name: str, alias: str, e: Expression, joins: Mapping[str, Join]) -> list[str]:
    """The forerunner of a subject: UNKNOWN while it has asked for rows that it needs, None where they are not."""
    block = _Block(Rule("", plan.tables[alias], e, joins))
    block.add("again = False")
    _unless_unknown(block, _foresee(plan, block, e.names), "UNKNOWN if again else None")
    block.add(f"return {e.python()}")
    return [f"    def {name}(row):", *block.lines]


# A rule -----------------------------------------------------------------------------------------------------------


def _rule(plan: Plan, name: str, rule: Rule) -> list[str]:
    block = _Block(rule)
    _applies(plan, block, rule)
    _identity(plan, block, rule)
    _target(plan, block, rule)
    for join in rule.joins.values():
        if not join.variable.startswith("t"):
            _need(plan, block, (f"{join.alias}.",))
    for i, check in enumerate(rule.require):
        _need(plan, block, check.check.names)
        said = block.fail("require", zh=check.zh, en=check.en, check=str(i + 1))
        block.add(f"if not {check.check.condition()}:", f"    {said}")
    block.add("cards_ = rows_ = ()", "voucher = reverses = collected = release = None")
    _card(plan, block, rule)
    with _unless_read(block, rule):
        _journal(plan, block, rule)
    _approval(plan, block, rule)
    _group(plan, block, rule)
    _post(plan, block, rule)
    return [f"    def {name}(change, op, before, after, row, key, subject, flawed, out):", *block.lines]


@contextmanager
def _unless_read(block: _Block, rule: Rule) -> Iterator[None]:
    """Lines that a snapshot row leaves out; nothing is asked where none comes this far, or all is posted."""
    if rule.snapshot == "post" or not _takes_snapshots(rule):
        yield
        return
    start, known = len(block.lines), set(block.known)
    block.indent += 1
    yield
    block.indent -= 1
    block.known = known
    if len(block.lines) > start:
        block.lines.insert(start, "    " * block.indent + "if op != 'read':")


def _applies(plan: Plan, block: _Block, rule: Rule) -> None:
    """Leaves when the rule has nothing to say about the change."""
    if not _takes_snapshots(rule):
        block.add("if op == 'read':", "    return None")
    if rule.when is not None:
        block.add(*_marks(rule, (rule.when,)))
        _need(plan, block, rule.when.names)
        block.add(f"if not {rule.when.condition()}:", "    return None")
    joins = [k for j in rule.joins.values() for k in j.key]
    block.add(*_marks(rule, (*rule.expressions(), *joins)))


def _takes_snapshots(rule: Rule) -> bool:
    return rule.snapshot == "post" or (rule.snapshot == "card" and (rule.card is not None or rule.change is not None))


def _identity(plan: Plan, block: _Block, rule: Rule) -> None:
    """The idempotency key; leaves when the posting exists."""
    for e in rule.once:
        _need(plan, block, e.names)
    block.add(*_key_lines(rule, "fail"))
    collected = "not w.gathering and " if rule.collect and not rule.release else ""
    block.add(f"if {collected}posted.get(idem, UNKNOWN) is not None:", "    idem = w.generation(idem)")
    block.add("    if idem is None:", "        return REPEAT")


def _key_lines(rule: Rule, on_null: str) -> list[str]:
    """Lines that give `idem`."""
    if rule.release:
        return [f"idem = '{rule.release}/release/' + change[4] + '/'"]
    if not rule.once:
        if not _takes_snapshots(rule):
            return [f"idem = '{rule.name}/' + change[4] + '/'"]
        return [f"idem = '{rule.name}/read/' + key if op == 'read' else '{rule.name}/' + change[4] + '/'"]
    texts = ", ".join(e.text for e in rule.once)
    failed = (
        "return False"
        if on_null == "again"
        else f"return fail('missing_value', {{'place': 'once', 'expression': {texts!r}}})"
    )
    if len(rule.once) == 1:
        return [f"k = {rule.once[0].python()}", "if k is None:", f"    {failed}", f"idem = '{rule.name}/' + k"]
    parts = _commas(e.python() for e in rule.once)
    return [f"k = ({parts})", "if None in k:", f"    {failed}", f"idem = '{rule.name}/' + join_key(k)"]


def _card(plan: Plan, block: _Block, rule: Rule) -> None:
    fields = rule.card if rule.card is not None else rule.change
    if fields is None:
        return
    verb = "open" if rule.card is not None else "change"
    _need(plan, block, (n for e in fields.values() for n in e.names))
    _need_card(plan, block, read=verb == "change")
    given = [f"{name!r}: {e.python()}" for name, e in fields.items()]
    given += [f"{name!r}: card.get({name!r})" for name in sorted(plan.companions.get(rule.name, ()))]
    block.add(f"fields = {{{', '.join(given)}}}", f"cards_ = (new(CardWrite, (code, {verb!r}, fields)),)")


def _target(plan: Plan, block: _Block, rule: Rule) -> None:
    """The posting to be reversed; leaves when there is none."""
    if not rule.reverse:
        return
    with _unless_read(block, rule):
        block.add(f"target = w.latest(subject, {plan.reversible.index(rule.reverse)})")
        block.add("if target is None:", "    return None")
        block.add("if target.__class__ is Failure:", "    return target")
        block.add("red = w.red(target, change)", "if red.__class__ is Failure:", "    return red")


def _journal(plan: Plan, block: _Block, rule: Rule) -> None:
    """What goes beside the card: voucher, red letter, rows of other tables."""
    if rule.voucher is not None:
        _voucher(plan, block, rule.voucher)
    elif rule.reverse:
        block.add("voucher, reverses = red, new(Reversed, (target.key, target.voucher))")
    rows = []
    for row in rule.write:
        _need(plan, block, (n for e in row.values.values() for n in e.names))
        values = ", ".join(f"{name!r}: {e.python()}" for name, e in row.values.items())
        rows.append(f"new(TableRow, ({row.table!r}, {row.key!r}, {{{values}}}))")
    if rows:
        block.add(f"rows_ = ({_commas(rows)})")


def _voucher(plan: Plan, block: _Block, template: Template) -> None:
    for variable, e, place in (("day", template.date, "voucher.date"), ("kind", template.type, "voucher.type"),
                               ("summary", template.summary, "voucher.summary")):  # fmt: skip
        _need(plan, block, e.names)
        block.add(f"{variable} = {e.python()}")
        _not_null(block, variable, e, place)
    block.add("period = days.get(day) or w.period(day)", "if period.__class__ is Failure:", "    return period")
    balanced = _balances_by_itself(template)
    block.add("entries = []", *([] if balanced else ["total = ZERO"]))
    amounts: dict[str, str] = {}
    for i, line in enumerate(template.lines):
        _line(plan, block, i, line, amounts, balanced)
    if not balanced:
        block.add("if total:", "    return w.unbalanced(entries)")
    block.add("if len(entries) < 2:", "    return fail('few_entries', {'entries': str(len(entries))})")
    block.add("voucher = new(Voucher, (kind, period[0], period[1], day, summary, tuple(entries)))")


def _line(plan: Plan, block: _Block, i: int, line: Line, amounts: dict[str, str], balanced: bool) -> None:
    indent, known = block.indent, set(block.known)
    if line.when is not None:
        _need(plan, block, line.when.names)
        known = set(block.known)
        block.add(f"if {line.when.condition()}:")
        block.indent += 1
    place = f"voucher.entries.{i + 1}.{line.side}"
    amount = amounts.get(line.amount.text)
    first = amount is None
    if amount is None:
        amount = f"a{i}"
        _need(plan, block, line.amount.names)
        block.add(f"{amount} = {line.amount.python()}")
        _not_null(block, amount, line.amount, place)
        if line.when is None:
            amounts[line.amount.text] = amount
            known = set(block.known)
    block.add(f"if {amount} > ZERO:")
    block.indent += 1
    if first and not _is_money(line.amount.term, block.rule):
        unfit = f"return w.unfit('not_cents', {place!r}, {amount}, {line.amount.text!r})"
        block.add(f"if not is_money({amount}):", f"    {unfit}")
    needed = [line.account, *([line.summary] if line.summary else []), *line.dims.values()]
    _need(plan, block, (n for e in needed for n in e.names))
    block.add(
        f"account = {line.account.python()}",
        "if account not in accounts and (f := w.account(account)):",
        "    return f",
    )
    said = "summary"
    if line.summary is not None:
        said = "said"
        block.add(f"said = {line.summary.python()}")
        _not_null(block, "said", line.summary, f"voucher.entries.{i + 1}.summary")
    dims = ", ".join(f"{name!r}: {e.python()}" for name, e in line.dims.items())
    sides = f"{amount}, ZERO" if line.side == "debit" else f"ZERO, {amount}"
    block.add(f"entries.append(new(Entry, (account, {sides}, {said}, {{{dims}}})))")
    if not balanced:
        block.add(f"total = {'add' if line.side == 'debit' else 'subtract'}(total, {amount})")
    block.indent -= 1
    if first:
        block.add(
            f"elif {amount}:", f"    return w.unfit('negative_amount', {place!r}, {amount}, {line.amount.text!r})"
        )
    block.indent, block.known = indent, known


def _balances_by_itself(template: Template) -> bool:
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


def _approval(plan: Plan, block: _Block, rule: Rule) -> None:
    if rule.approve is None:
        return
    _need(plan, block, rule.approve.names)
    unless = "" if rule.snapshot == "post" else " and op != 'read'"
    block.add(f"if {rule.approve.condition()} and {rule.name!r} not in w.approved{unless}:")
    block.add(f"    return w.approval({rule.role!r})")


def _group(plan: Plan, block: _Block, rule: Rule) -> None:
    """A collected row is kept as it is until its group is posted; it was built all the same, to be sure it can be."""
    if not rule.collect:
        return
    with _unless_read(block, rule):
        _need(plan, block, (n for e in rule.collect for n in e.names))
        block.add(f"group = group_key(({_commas(e.python() for e in rule.collect)}))")
        if rule.release:
            block.add(f"release = new(Release, ({rule.release!r}, group))")
        else:
            block.add("if not w.gathering:", "    cards_ = rows_ = ()", "    voucher = None")
            block.add(f"    collected = new(Collected, ({rule.name!r}, group))")


def _post(plan: Plan, block: _Block, rule: Rule) -> None:
    fields = f"{rule.name!r}, subject, change"
    if plan.needs_check:
        block.add(f"if (f := w.misses(new(Posting, (idem, {fields}, cards_, voucher, rows_, None, None, None)))):")
        block.add("    return f")
    if rule.reverse:
        with _unless_read(block, rule):
            if rule.voucher is not None:
                cancelled = "new(Reversed, (target.key, target.voucher))"
                block.add(f"red = new(Posting, (idem + '/red', {fields}, (), red, (), {cancelled}, None, None))")
                block.add("out.append(red)")
            block.add("w.reversed(subject, target, idem)")
    block.add(f"posting = new(Posting, (idem, {fields}, cards_, voucher, rows_, reverses, collected, release))")
    block.add("out.append(posting)", "posted[idem] = ''")
    if any(rule.name in rules for rules in plan.reversible):
        block.add("w.keep(subject, posting)")
    if plan.reads_cards and (rule.card is not None or rule.change is not None):
        block.add("if cards_:", "    w.keep_card(code, fields)")
    block.add("return True")


# Its forerunner ---------------------------------------------------------------------------------------------------


def _want(plan: Plan, name: str, rule: Rule) -> list[str]:
    block = _Block(rule)
    if not _takes_snapshots(rule):
        block.add("if op == 'read':", "    return False")
    block.add("again = False")
    deps = [] if rule.when is None else _foresee(plan, block, rule.when.names)
    if rule.when is not None:
        _unless_unknown(block, deps, "again")
        block.add(f"if not {rule.when.condition()}:", "    return False")
    deps = _foresee(plan, block, (n for e in rule.once for n in e.names))
    _unless_unknown(block, deps, "again")
    block.add(*_key_lines(rule, "again"), "if idem not in posted:", "    w.wanted_keys.add(idem)")
    if rule.reverse:
        block.add(f"w.wanted_latest[{plan.reversible.index(rule.reverse)}].add(subject)")
    for alias, join in rule.joins.items():
        if not join.variable.startswith("t"):
            _foresee(plan, block, (f"{alias}.",))
    if _uses_card(rule):
        names = rule.asset_code.names if rule.asset_code is not None else ()
        _unless_unknown(block, _foresee(plan, block, names), "again")
        code = rule.asset_code.python() if rule.asset_code is not None else "subject"
        block.add(f"code = {code}", "if code is not None and code not in cards:", "    w.wanted_cards.add(code)")
    block.add("return again")
    return [f"    def {name}(change, op, before, after, row, key, subject):", *block.lines]


def _uses_card(rule: Rule) -> bool:
    return rule.change is not None or any(n.startswith("card.") for e in rule.expressions() for n in e.names)


def _unless_unknown(block: _Block, variables: Sequence[str], value: str) -> None:
    if variables:
        block.add(f"if {' or '.join(f'{v} is UNKNOWN' for v in variables)}:", f"    return {value}")


def _foresee(plan: Plan, block: _Block, names: Iterable[str]) -> list[str]:
    """Asks for the joined rows that names need; the variables that may still be UNKNOWN."""
    found: list[str] = []
    for name in sorted(set(names)):
        prefix, dot, _ = name.partition(".")
        if not dot and name in block.rule.let:
            value, variable = block.rule.let[name], f"v{list(block.rule.let).index(name)}"
            deps = _foresee(plan, block, value.names)
            if name not in block.known:
                block.known.add(name)
                _guarded(block, variable, deps, [f"{variable} = {value.python()}"])
            found += [variable] if deps else []
        elif dot and prefix in block.rule.joins:
            join = block.rule.joins[prefix]
            if prefix not in block.known:
                block.known.add(prefix)
                deps = _foresee(plan, block, (n for k in join.key for n in k.names))
                _guarded(block, join.variable, deps, _foreseen_row(plan, join))
            found.append(join.variable)
        elif prefix == "card" and dot and name != "card.asset_code":
            block.add("card = UNKNOWN")
            found.append("card")
    return found


def _guarded(block: _Block, variable: str, deps: Sequence[str], lines: Sequence[str]) -> None:
    if deps:
        block.add(f"{variable} = UNKNOWN", f"if {' and '.join(f'{d} is not UNKNOWN' for d in deps)}:")
        lines = ["    " + line for line in lines]
    block.add(*lines)


def _foreseen_row(plan: Plan, join: Join) -> list[str]:
    i, variable = plan.joined.index(join.table.alias), join.variable
    return [
        f"k = {_key_text(join)}",
        f"{variable} = nulls_{i} if k is None else rows_{i}.get(k, UNKNOWN)",
        f"if {variable} is UNKNOWN:",
        f"    want_{i}.add(k)",
        "    again = True",
        f"elif {variable} is None:",
        f"    {variable} = hint_{i}.get(k, UNKNOWN)",
    ]


def _commas(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts)
