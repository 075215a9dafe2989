"""The lines of one generated function, which look everything up just before its first use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncd.change import Kind, Table
from syncd.mapping.expression import Expression
from syncd.mapping.rules import Join, Rule


@dataclass(frozen=True)
class Plan:
    """What the generated module needs to know of a mapping."""

    tables: Mapping[str, Table]
    rules: Mapping[str, Sequence[Rule]]
    """Per table, in the order of the file."""
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


@dataclass
class Block:
    """Lines, and what they have looked up so far."""

    plan: Plan
    rule: Rule
    indent: int = 2
    lines: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def add(self, *lines: str) -> None:
        """Lines at the present indent."""
        self.lines += ["    " * self.indent + line for line in lines]

    @contextmanager
    def inner(self, head: str) -> Iterator[None]:
        """Lines under a condition, which is left out where it guards nothing. What they look up is forgotten
        afterwards, for it may not have happened."""
        start, known = len(self.lines), set(self.known)
        self.indent += 1
        yield
        self.indent -= 1
        self.known = known
        if len(self.lines) > start:
            self.lines.insert(start, "    " * self.indent + head)

    # Looking up

    def need(self, names: Iterable[str]) -> None:
        """Everything that these names stand for is in its variable."""
        for name in sorted(names):
            prefix, dot, _ = name.partition(".")
            if not dot and name in self.rule.let and name not in self.known:
                value = self.rule.let[name]
                self.need(value.names)
                self.add(f"{self._variable(name)} = {value.python()}")
                self.known.add(name)
            elif dot and prefix in self.rule.joins and prefix not in self.known:
                self.known.add(prefix)
                self._join(self.rule.joins[prefix])
            elif name == "card.asset_code":
                self.code()
            elif dot and prefix == "card":
                self.card()

    def code(self) -> None:
        """`code` is the asset code of the rule's card, else the subject."""
        if "code" in self.known:
            return
        self.known.add("code")
        e = self.rule.asset_code
        if e is None:
            self.add("code = subject")
            return
        self.need(e.names)
        self.add(f"code = {e.python()}")
        self.not_null("code", e, "asset_code")

    def card(self) -> None:
        """`card` is the finance card as it stands."""
        self.code()
        if "card" in self.known:
            return
        self.known.add("card")
        self.add(
            "card = cards.get(code, UNKNOWN)", "if card is UNKNOWN:", "    card = w.card(code)", "if card is None:"
        )
        if self.rule.change is not None:
            self.add("    return fail('no_card', {'asset_code': code})")
        else:
            self.add("    card = EMPTY")

    def _join(self, join: Join) -> None:
        i, variable, alias = self.plan.joined.index(join.table.alias), join.variable, join.table.alias
        self.need(n for n in join_names(join) if not n.startswith("row."))
        self.add(f"k = {key_text(join)}", "if k is None:", f"    {variable} = nulls_{i}", "else:")
        self.add(f"    {variable} = rows_{i}.get(k) or w.row({alias!r}, k)", f"    if {variable} is None:")
        if join.optional:
            self.add(f"        {variable} = nulls_{i}")
        else:
            self.add(f"        return w.absent({join.alias!r}, {alias!r}, k)")
        used = _used_columns(self.rule, join)
        if used:
            self.add(f"    elif {variable}.__class__ is Flawed and (f := w.flaws({variable}, {used!r}, {alias!r})):")
            self.add("        return f")

    def _variable(self, let: str) -> str:
        return f"v{list(self.rule.let).index(let)}"

    # Refusing

    def not_null(self, variable: str, e: Expression, place: str, line: int = 0) -> None:
        """Refuse NULL where something must be said."""
        if e.term.nullable:
            self.add(f"if {variable} is None:", f"    return fail('missing_value', {place_params(place, e, line)!r})")

    def marks(self, expressions: Iterable[Expression]) -> None:
        """Refuse a flawed change when one of the columns used holds a mark."""
        self._marked({n for e in expressions for n in e.names})

    def mark_row(self, e: Expression) -> None:
        """As `marks`, for an expression over the bare columns of the change's row."""
        self._marked({n if "." in n else f"row.{n}" for n in e.names})

    def mark_joins(self) -> None:
        """Refuse a flawed change when a key of the rule's own joins holds a mark."""
        self._marked({n for j in self.rule.joins.values() if not j.variable.startswith("t") for n in join_names(j)})

    def _marked(self, names: Iterable[str]) -> None:
        used = _columns_read(self.rule, names)
        for side in ("before", "after", "row"):
            indexes = tuple(i for i, c in enumerate(self.rule.on.columns) if f"{side}.{c.name.lower()}" in used)
            if indexes:
                self.add(f"if flawed and (f := w.flaws({side}, {indexes!r}, {self.rule.on.alias!r})):", "    return f")

    # Foreseeing

    def foresee(self, names: Iterable[str]) -> list[str]:
        """Ask for the joined rows that names need; the variables that may be UNKNOWN still."""
        found: list[str] = []
        for name in sorted(set(names)):
            prefix, dot, _ = name.partition(".")
            if not dot and name in self.rule.let:
                value, variable = self.rule.let[name], self._variable(name)
                unknown = self.foresee(value.names)
                if name not in self.known:
                    self.known.add(name)
                    self._once_known(variable, unknown, [f"{variable} = {value.python()}"])
                found += [variable] if unknown else []
            elif dot and prefix in self.rule.joins:
                join = self.rule.joins[prefix]
                if prefix not in self.known:
                    self.known.add(prefix)
                    unknown = self.foresee(n for n in join_names(join) if not n.startswith("row."))
                    self._once_known(join.variable, unknown, self._foreseen(join))
                found.append(join.variable)
            elif dot and prefix == "card" and name != "card.asset_code":
                self.add("card = UNKNOWN")
                found.append("card")
        return found

    def unless_unknown(self, variables: Sequence[str], value: str) -> None:
        """Leave while one of the variables is UNKNOWN."""
        if variables:
            self.add(f"if {' or '.join(f'{v} is UNKNOWN' for v in variables)}:", f"    return {value}")

    def _once_known(self, variable: str, unknown: Sequence[str], lines: Sequence[str]) -> None:
        if unknown:
            self.add(f"{variable} = UNKNOWN", f"if {' and '.join(f'{u} is not UNKNOWN' for u in unknown)}:")
            lines = ["    " + line for line in lines]
        self.add(*lines)

    def _foreseen(self, join: Join) -> list[str]:
        i, variable = self.plan.joined.index(join.table.alias), join.variable
        return [
            f"k = {key_text(join)}",
            f"{variable} = nulls_{i} if k is None else rows_{i}.get(k, UNKNOWN)",
            f"if {variable} is UNKNOWN:",
            f"    want_{i}.add(k)",
            "    again = True",
            f"elif {variable} is None or {variable}.__class__ is Flawed:",
            f"    {variable} = hint_{i}.get(k, UNKNOWN)",
        ]


def commas(parts: Iterable[str]) -> str:
    """The inside of a tuple, also of one and of none."""
    return "".join(f"{part}, " for part in parts)


def key_text(join: Join) -> str:
    """The source of a join's key as text, None when a part of it is NULL."""
    if len(join.key) > 1:
        return f"None if None in (k := ({commas(e.python() for e in join.key)})) else join_key(k)"
    e = join.key[0]
    if e.kind is Kind.TEXT:
        return e.python()
    return f"None if (k := {e.python()}) is None else str(k)" if e.term.nullable else f"str({e.python()})"


def place_params(place: str, e: Expression, line: int = 0) -> dict[str, str]:
    """Where an expression stands and which columns it comes from, for a message."""
    columns = sorted(n.removeprefix("after.").removeprefix("before.") for n in e.names)
    params = {"place": f"place_{place}", "source": ", ".join(dict.fromkeys(columns)) or e.text}
    return params | ({"line": str(line)} if line else {})


def join_names(join: Join) -> set[str]:
    """The names that a join's key reads. A table's own join reads the bare columns of the change's row."""
    names = {n for k in join.key for n in k.names}
    return {n if "." in n else f"row.{n}" for n in names} if join.variable.startswith("t") else names


def _columns_read(rule: Rule, names: Iterable[str], seen: frozenset[str] = frozenset()) -> set[str]:
    """The columns of the change's own rows that names come from, through joins and `let`."""
    found: set[str] = set()
    for name in names:
        prefix, dot, _ = name.partition(".")
        if prefix in ("after", "before", "row"):
            found.add(name)
        elif dot and prefix in rule.joins and prefix not in seen:
            found |= _columns_read(rule, join_names(rule.joins[prefix]), seen | {prefix})
        elif not dot and name in rule.let and name not in seen:
            found |= _columns_read(rule, rule.let[name].names, seen | {name})
    return found


def _used_columns(rule: Rule, join: Join) -> tuple[int, ...]:
    """The columns of a joined row that the rule reads."""
    names = {n for e in rule.expressions() for n in e.names} | {n for j in rule.joins.values() for n in join_names(j)}
    return tuple(i for i, c in enumerate(join.table.columns) if f"{join.alias}.{c.name.lower()}" in names)
