"""The lines of one generated function, which look everything up just before its first use.

What is looked up is also told to the foresight, at the same place, so that the forerunner asks for just that.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from syncd.change import Kind, Table, bounded_source
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Aggregate, Name, Term
from syncd.mapping.expression.to_python import condition_source
from syncd.mapping.language.scope import variable
from syncd.mapping.program.documents import DocumentTable
from syncd.mapping.program.foresight import Foresight
from syncd.mapping.verbs.rule import DocumentLines, Join, OtherCard, Rule


@dataclass(frozen=True)
class Plan:
    """What the generated module needs to know of a mapping."""

    tables: Mapping[str, Table]
    rules: Mapping[str, Sequence[Rule]]
    """Per table, in the order in which they run."""
    subjects: Mapping[str, tuple[Expression | None, Mapping[str, Join]]]
    companions: Mapping[str, frozenset[str]]
    """Per changing rule, the card fields it must write beside its own."""
    needs_check: bool
    reversible: tuple[tuple[str, ...], ...]
    """Every distinct list of rules that some rule reverses."""
    places: Mapping[str, int] = field(default_factory=dict)
    """Per card field, how many digits after the point finance keeps, where the layout says so."""

    documents: Mapping[str, DocumentTable] = field(default_factory=dict)
    """By alias."""

    @property
    def joined(self) -> list[str]:
        """The tables that are joined by anyone."""
        joins = [j for rules in self.rules.values() for r in rules for j in r.all_joins]
        joins += [j for _, found in self.subjects.values() for j in found.values()]
        return sorted({j.table.alias for j in joins})


class Part(NamedTuple):
    """One of the conditions that must all be true for an expression to be."""

    names: frozenset[str]
    """Those of its scope that something is looked up for."""
    source: str
    variables: frozenset[str] = frozenset()
    """Of the generated code."""


@dataclass
class Block:
    """Lines, and what they have looked up so far: `known` are the variables that hold it. What a user has named has a
    variable of its own, by number, so that no name of theirs meets one of ours."""

    plan: Plan
    rule: Rule
    indent: int = 2
    lines: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    foresight: Foresight = field(default_factory=Foresight)
    held: str = ""
    """What a row is refused with that is `held` for somebody to agree: what is missing may be what that brings."""

    def add(self, *lines: str) -> None:
        """Lines at the present indent."""
        self.lines += ["    " * self.indent + line for line in lines]

    @contextmanager
    def inner(self, head: str, uses: frozenset[str] = frozenset(), foreseen: str = "") -> Iterator[None]:
        """Lines under a condition that reads the variables `uses`, which is left out where it guards nothing. What
        they look up is forgotten afterwards, for it may not have happened. `foreseen` is the condition where nothing
        has been refused before."""
        start, known = len(self.lines), set(self.known)
        self.indent += 1
        with self.foresight.inner(foreseen or head, uses):
            yield
        self.indent -= 1
        self.known = known
        if len(self.lines) > start:
            self.lines.insert(start, "    " * self.indent + f"if {head}:")

    @contextmanager
    def each(self, lines: DocumentLines) -> Iterator[None]:
        """Lines of code that are done for each line of a document; what they look up is forgotten, and not foreseen."""
        self.lines_(lines)
        known, foresight, self.foresight = set(self.known), self.foresight, Foresight()
        self.add(f"for {', '.join(lines.many.variables)} in {lines.many.python}:")
        self.indent += 1
        yield
        self.indent -= 1
        self.known, self.foresight = known, foresight

    def inner_if(self, e: Expression) -> AbstractContextManager[None]:
        """Lines under an expression."""
        self.need(e.names)
        return self.inner(e.condition(), variables(e))

    # Looking up

    def need(self, names: Iterable[str]) -> None:
        """Everything that these names stand for is in its variable."""
        for name in sorted(names):
            prefix, dot, _ = name.partition(".")
            if not dot and name in self.rule.let:
                self._let(name)
            elif dot and (lines := self.rule.lines_of(name)) is not None:
                self.lines_(lines)
            elif dot and prefix in self.rule.joins:
                self.join(self.rule.joins[prefix])
            elif dot and prefix in self.rule.cards:
                self.other_card(self.rule.cards[prefix])
            elif dot and prefix == "warned":
                self.need(self.rule.valued)
            elif name == "card.asset_code":
                self.code()
            elif dot and prefix == "card":
                self.card()

    def cards_read(self, e: Expression) -> list[str]:
        """The variables of the codes of the cards that an expression, or what it names by `let`, looks at."""
        seen, ahead, found = set[str](), set(e.names), set[str]()
        while ahead:
            name = ahead.pop()
            seen.add(name)
            prefix = name.partition(".")[0]
            if prefix in self.rule.cards:
                found.add(self.rule.cards[prefix].code_variable)
            elif name.startswith("card.") and name != "card.asset_code":
                found.add("code")
            if name in self.rule.let:
                ahead |= self.rule.let[name].names - seen
        return sorted(found)

    def only_if(self, e: Expression) -> None:
        """Leaves, with nothing to say, unless it is true."""
        # One condition after the other, so that a row which the first turns away looks nothing up for the next.
        for part in parts(self.rule, e):
            self.need(part.names)
            self.add(f"if not {part.source}:", "    return None")
            self.foresight.only_if([(part.source, part.variables)])

    def leave_snapshots(self) -> None:
        """Leaves, with nothing to say, for a row that a snapshot reads."""
        self.add("if op == 'read':", "    return None")
        self.foresight.ask(("if op == 'read':", "    return again"))

    def value(self, variable: str, e: Expression) -> None:
        """The value of an expression in a variable."""
        self.need(e.names)
        self.add(f"{variable} = {e.python()}")
        self.foresight.value(variable, e.python(), variables(e))

    def key(self, source: str, parts: Sequence[Expression] = (), refusal: str = "") -> None:
        """`idem` is the idempotency key; `source` may read `k`, which holds the parts. Refuses when one is NULL, or
        the only one is blank: that is nobody's."""
        self.need({n for e in parts for n in e.names})
        found = [f"idem = {source}"]
        ask = [*found, "if idem not in posted:", "    want_key(idem)"]
        if parts:
            single = len(parts) == 1
            given = parts[0].python() if single else f"({commas(e.python() for e in parts)})"
            blank = "not k or k.isspace()" if parts[0].kind is Kind.TEXT else "k is None"
            test = blank if single else "None in k"
            found = [f"k = {given}", f"if {test}:", f"    return {refusal}", *found]
            ask = [f"k = {given}", f"if not ({test}):", *("    " + line for line in ask)]
        self.add(*found)
        self.foresight.ask(ask, variables(*parts))

    def old_key(self, source: str, parts: Sequence[Expression], uses: frozenset[str]) -> None:
        """`old` is another idempotency key that the same may have, None when a part of it is NULL. `uses` are the
        variables without which it cannot be told."""
        single = len(parts) == 1
        given = parts[0].python() if single else f"({commas(e.python() for e in parts)})"
        found = [f"k = {given}", f"old = None if {'k is None' if single else 'None in k'} else {source}"]
        self.add(*found)
        ask = ["if old is not None and old not in posted:", "    want_key(old)"]
        self.foresight.ask([*found, *ask], uses)

    def targets(self, n: int, own: Sequence[str]) -> None:
        """`targets` are the postings by the n-th of the lists of rules that are reversed, which stand; `own` are those
        of the rules that are on the same table."""
        self.add(f"targets = w.targets_of(subject, {n}, change, {tuple(own)!r})")
        self.foresight.ask((f"w.wanted_latest[{n}].add(subject)",))

    def code(self) -> None:
        """`code` is the asset code of the rule's card, else the subject."""
        if "code" in self.known:
            return
        e = self.rule.asset_code
        if e is None:
            self.add("code = subject")
            self.foresight.value("code", "subject", frozenset())
        else:
            self.value("code", e)
            self.not_null("code", e, "asset_code")
        self.known.add("code")

    def card(self) -> None:
        """`card` is the finance card as it stands, EMPTY where there is none."""
        self.code()
        if "card" in self.known:
            return
        self.known.add("card")
        self.add("card = cards.get(code, UNKNOWN)", "if card is UNKNOWN:", "    card = w.card(code)")
        self.add("if card is None:", "    card = EMPTY")
        if not self.rule.writes_card:
            self.add("w.reads.append(code)")
        self._ask_for_card()

    def opened_card(self) -> None:
        """`card` for a rule that opens it. One that looks at nothing of it need not ask whether it is there where
        finance refuses it then; a snapshot asks, for it leaves such cards alone."""
        rule = self.rule
        keys = [e for join in rule.joins.values() for e in join.key]
        if "card" in self.known or any("code" in self.cards_read(e) for e in (*rule.expressions(), *keys)):
            self.card()
            return
        self.code()
        asks, known, want = "not w.refuses_cards", "known_openings", "want_opening"
        if rule.takes_snapshots:
            asks = f"op == 'read' or {asks}"
            known, want = (f"(cards if op == 'read' else {known})", f"(want_card if op == 'read' else {want})")
        self.add(
            "card = cards.get(code, UNKNOWN)", "if card is UNKNOWN:", f"    card = w.card(code) if {asks} else EMPTY"
        )
        self.add("if card is None:", "    card = EMPTY")
        self._ask_for_card(known, want)

    def _ask_for_card(self, known: str = "cards", want: str = "want_card") -> None:
        ask = f"if code is not None and code not in {known}:"
        self.foresight.ask((ask, f"    {want}(code)"), frozenset({"code"}))

    def other_card(self, other: OtherCard) -> None:
        """Another card as it stands, EMPTY where there is none, or no code. It is waited for as one's own."""
        variable, code = other.variable, other.code_variable
        if variable in self.known:
            return
        self.known.add(variable)
        self.value(code, other.code)
        self.add(f"{variable} = None if {code} is None else cards.get({code}, UNKNOWN)")
        self.add(f"if {variable} is UNKNOWN:", f"    {variable} = w.card({code})")
        self.add(f"if {variable} is None:", f"    {variable} = EMPTY")
        self.add(f"if {code} is not None:", f"    w.reads.append({code})")
        ask = f"if {code} is not None and {code} not in cards:"
        self.foresight.ask((ask, f"    want_card({code})"), frozenset({code}))
        self.foresight.hide(variable)

    def lines_(self, lines: DocumentLines) -> None:
        """The lines of a document, each with the rows that it joins, are in their variable, where they join any."""
        variable, source, each = lines.many.python, f"{lines.side}[{lines.column}] or ()", lines.variable
        if not lines.joins or variable in self.known:
            return
        self.known.add(variable)
        self.add(f"{variable} = []", f"for {each} in {source}:")
        self.indent += 1
        for join in lines.joins.values():
            self._find(join)
            if variables(*join.key) <= {each}:
                i = self.plan.joined.index(join.table.alias)
                ask = (f"if (k := {key_text(join)}) is not None and k not in rows_{i}:", f"    want_{i}.add(k)")
                self.foresight.ask(
                    (f"for {each} in {source}:", *(f"    {line}" for line in (*ask, "    again = True")))
                )
        self.add(f"{variable}.append(({commas(lines.many.variables)}))")
        self.indent -= 1
        self.foresight.hide(variable)

    def join(self, join: Join) -> None:
        """A joined row is in its variable."""
        if join.variable in self.known:
            return
        self.known.add(join.variable)
        i, variable = self._find(join)
        self.foresight.ask(
            (
                f"k = {key_text(join)}",
                f"{variable} = nulls_{i} if k is None else rows_{i}.get(k, UNKNOWN)",
                f"if {variable} is UNKNOWN:",
                f"    want_{i}.add(k)",
                "    again = True",
                f"elif {variable} is None or {variable}.__class__ is Flawed:",
                f"    {variable} = hint_{i}.get(k, UNKNOWN)",
            ),
            variables(*join.key),
            variable,
        )

    def _find(self, join: Join) -> tuple[int, str]:
        """Emits what finds a joined row; the number of its table among those that are joined, and its variable."""
        i, variable, alias = self.plan.joined.index(join.table.alias), join.variable, join.table.alias
        self.need({n for n in join_names(join) if not n.startswith("row.")})
        self.add(f"k = {key_text(join)}", "if k is None:", f"    {variable} = nulls_{i}", "else:")
        self.add(f"    {variable} = rows_{i}.get(k) or w.row({alias!r}, k)", f"    if {variable} is None:")
        if join.optional:
            self.add("        if w.is_open:", f"            return w.absent({join.alias!r}, {alias!r}, k)")
            self.add(f"        {variable} = nulls_{i}")
        else:
            self.add(f"        return w.absent({join.alias!r}, {alias!r}, k)")
        used = used_columns(self.rule, join)
        if used:
            self.add(f"    elif {variable}.__class__ is Flawed and (f := w.flaws({variable}, {used!r}, {alias!r})):")
            self.add("        return f")
        return i, variable

    def _let(self, name: str) -> None:
        variable = _of_let(self.rule, name)
        if variable not in self.known:
            self.value(variable, self.rule.let[name])
            self.known.add(variable)

    # Refusing

    def not_null(self, variable: str, e: Expression, place: str, line: int = 0) -> None:
        """Refuse NULL where something must be said."""
        if e.term.nullable:
            refusal = f"fail('missing_value', {place_params(place, e, line)!r})"
            if self.held:
                refusal = f"{self.held} if held else {refusal}"
            self.add(f"if {variable} is None:", f"    return {refusal}")

    def marks(self, expressions: Iterable[Expression]) -> None:
        """Refuse a flawed change when one of the columns used holds a mark."""
        self.mark_names({n for e in expressions for n in e.names})

    def mark_row(self, e: Expression, side: str = "row") -> None:
        """As `marks`, for an expression over the bare columns of the change's row, or of the one `before` it."""
        self.mark_names({n if "." in n else f"{side}.{n}" for n in e.names})

    def mark_joins(self) -> None:
        """Refuse a flawed change when a key of the rule's own joins holds a mark."""
        self.mark_names({n for j in self.rule.own_joins for n in join_names(j)})

    def mark_names(self, names: Iterable[str]) -> None:
        """As `marks`, for the names that something reads."""
        used = columns_read(self.rule, names)
        for side in ("before", "after", "row"):
            indexes = tuple(i for i, c in enumerate(self.rule.on.columns) if f"{side}.{c.name.lower()}" in used)
            if indexes:
                asked = f"w.flaws({side}, {indexes!r}, {self.rule.on.alias!r}, {side == 'before'})"
                self.add(f"if flawed and (f := {asked}):", "    return f")
        for lines in self.rule.lines.values():
            indexes = lines_read(lines, used)
            if indexes:
                asked = f"w.flaws(line, {indexes!r}, {lines.table.alias!r}, {lines.side == 'before'})"
                each = f"for line in {lines.side}[{lines.column}] or ()"
                self.add(f"if flawed and (f := next((f {each} if (f := {asked})), None)):", "    return f")


def commas(parts: Iterable[str]) -> str:
    """The inside of a tuple, also of one and of none."""
    return "".join(f"{part}, " for part in parts)


def key_text(join: Join) -> str:
    """The source of a join's key as text, None when a part of it is NULL."""
    if len(join.key) > 1:
        return f"None if None in (k := ({commas(e.python() for e in join.key)})) else join_key(k)"
    e = join.key[0]
    if e.kind is Kind.TEXT:
        return bounded_source(e.python(), is_nullable=True)
    return f"None if (k := {e.python()}) is None else str(k)" if e.term.nullable else f"str({e.python()})"


def place_params(place: str, e: Expression, line: int = 0) -> dict[str, str]:
    """Where an expression stands and which columns it comes from, for a message."""
    columns = sorted(n.removeprefix("after.").removeprefix("before.") for n in e.names)
    params = {"place": f"place_{place}", "source": ", ".join(dict.fromkeys(columns)) or e.text}
    return params | ({"line": str(line)} if line else {})


def join_names(join: Join) -> set[str]:
    """The names that a join's key reads. A table's own join reads the bare columns of the change's row."""
    names = {n for k in join.key for n in k.names}
    return {n if "." in n else f"row.{n}" for n in names} if join.is_inherited else names


def columns_read(rule: Rule, names: Iterable[str], seen: frozenset[str] = frozenset()) -> set[str]:
    """The columns of the change's own rows that names come from, through joins and `let`."""
    found: set[str] = set()
    for name in names:
        prefix, dot, _ = name.partition(".")
        lines = rule.lines_of(name)
        if lines is not None:
            found |= _line_names(lines, name)
        elif prefix in ("after", "before", "row"):
            found.add(name)
        elif dot and prefix in rule.joins and prefix not in seen:
            found |= columns_read(rule, join_names(rule.joins[prefix]), seen | {prefix})
        elif dot and prefix in rule.cards and prefix not in seen:
            found |= columns_read(rule, rule.cards[prefix].code.names, seen | {prefix})
        elif dot and prefix == "warned" and prefix not in seen:
            found |= columns_read(rule, rule.valued, seen | {prefix})
        elif not dot and name in rule.let and name not in seen:
            found |= columns_read(rule, rule.let[name].names, seen | {name})
    return found


def _line_names(lines: DocumentLines, name: str) -> set[str]:
    """The columns of a line, as expressions name them, that a name of its or of what it joins comes from."""
    join = next((join for join in lines.joins.values() if name.startswith(f"{join.alias.lower()}.")), None)
    if join is None or name.startswith(f"{lines.alias.lower()}."):
        return {name}
    found: set[str] = set()
    for read in join_names(join):
        found |= _line_names(lines, read if "." in read else f"{lines.alias.lower()}.{read}")
    return found


def lines_read(lines: DocumentLines, names: Collection[str]) -> tuple[int, ...]:
    """The columns of the lines that are among the names of columns which something reads."""
    prefix = lines.alias.lower()
    return tuple(i for i, c in enumerate(lines.table.columns) if f"{prefix}.{c.name.lower()}" in names)


def used_columns(rule: Rule, join: Join) -> tuple[int, ...]:
    """The columns of a joined row that the rule reads."""
    names = {n for e in rule.expressions() for n in e.names} | {n for j in rule.all_joins for n in join_names(j)}
    return tuple(i for i, c in enumerate(join.table.columns) if f"{join.alias}.{c.name.lower()}" in names)


def parts(rule: Rule, e: Expression) -> list[Part]:
    """The conditions that must all be true for an expression to be, in its order."""
    found = []
    for term in conjuncts(e.term):
        used = frozenset(_variables(term))
        names = frozenset(name for name in e.names if _holder(rule, name) in used)
        found.append(Part(names, condition_source(term), used))
    return found


def _holder(rule: Rule, name: str) -> str:
    """The variable that holds what a name stands for; empty where nothing is looked up for it."""
    prefix, dot, _ = name.partition(".")
    if not dot:
        return _of_let(rule, name) if name in rule.let else ""
    if (lines := rule.lines_of(name)) is not None:
        return lines.many.python
    if prefix in rule.joins:
        return rule.joins[prefix].variable
    if prefix in rule.cards:
        return rule.cards[prefix].variable
    return {"card.asset_code": "code"}.get(name, prefix)


def _of_let(rule: Rule, name: str) -> str:
    return variable(list(rule.let).index(name))


def conjuncts(term: Term) -> Iterator[Term]:
    """The conditions that must all be true for the term to be."""
    if term.op == "and":
        for arg in term.args:
            yield from conjuncts(arg)
    else:
        yield term


def variables(*expressions: Expression) -> frozenset[str]:
    """The variables of the generated code that expressions read."""
    return frozenset(v for e in expressions for v in _variables(e.term))


def _variables(term: Term) -> Iterator[str]:
    if isinstance(term.detail, Name):
        yield re.split(r"\W", term.detail.python, maxsplit=1)[0]
    inner = (variable for arg in term.args for variable in _variables(arg))
    if isinstance(term.detail, Aggregate):
        many = term.detail.many
        yield from re.findall(r"\w+", many.python)[:1]
        inner = (variable for variable in inner if variable not in many.variables)
    yield from inner
