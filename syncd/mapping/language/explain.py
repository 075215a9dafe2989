"""Lineage: for every finance column the EAM columns it comes from, through layout, rule, joins and decision tables."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Function, Term, walk
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.layout.tables import PhysicalTable, card_names, lookups_called
from syncd.mapping.program.block import join_names
from syncd.mapping.verbs.rule import DocumentLines, Rule

_CALLED: Final = re.compile(r"(?:decide_|w\.translate\(')?(\w+)(?:'\))?")
"""What a file calls a decision table or a lookup, of how the generated code calls it."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """One finance column as one rule fills it. `columns` are EAM columns as `table.column`, `through` what lies
    between: card fields, entries, joins, decision tables and lookups."""

    finance: str
    rule: str
    columns: tuple[str, ...]
    through: tuple[str, ...]


def explain(mapping: Loaded, only: str = "") -> list[Lineage]:
    """The lineage of every finance column, in the order of the layout, then of the rules; as one rule alone fills them
    where it is named. All rules of a large mapping take half a second."""
    rules = [rule for rule in mapping.rules if only in ("", rule.name)]
    found: list[Lineage] = []
    for table in mapping.layout.cards:
        found += _card_table(mapping, rules, table)
    for table in (*mapping.layout.vouchers, *mapping.layout.entries):
        found += _journal_table(mapping, rules, table)
    for rule in rules:
        for verb in rule.verbs:
            found += [_lineage(mapping, finance, rule, [(e, verb.word)]) for finance, e in verb.columns()]
    return found


def _card_table(mapping: Loaded, rules: Sequence[Rule], table: PhysicalTable) -> Iterable[Lineage]:
    for column, e in table.columns.items():
        names = [f"card.{field}" for field in sorted(card_names(e))] or sorted(e.names)
        yield from _column(mapping, rules, f"{table.name}.{column}", e, names)


def _journal_table(mapping: Loaded, rules: Sequence[Rule], table: PhysicalTable) -> Iterable[Lineage]:
    for column, e in table.columns.items():
        yield from _column(mapping, rules, f"{table.name}.{column}", e, sorted(e.names))


def _column(
    mapping: Loaded, rules: Sequence[Rule], finance: str, e: Expression, names: Sequence[str]
) -> Iterable[Lineage]:
    """A column as each of the rules fills it that has anything behind one of the names that it is made of."""
    for rule in rules:
        parts = [part for name in names for verb in rule.verbs for part in verb.behind(name)]
        if parts:
            yield _lineage(mapping, finance, rule, parts, _lookups(mapping, e))


def _lineage(
    mapping: Loaded, finance: str, rule: Rule, parts: Iterable[tuple[Expression, str]], lookups: Iterable[str] = ()
) -> Lineage:
    trace = _Trace(mapping, through=dict.fromkeys(lookups))
    for e, place in parts:
        trace.through[place] = None
        trace.follow(rule, e)
    return Lineage(finance, rule.name, tuple(trace.columns), tuple(trace.through))


@dataclass
class _Trace:
    """The way back from an expression, in the order in which it is gone."""

    mapping: Loaded
    columns: dict[str, None] = field(default_factory=dict)
    through: dict[str, None] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)

    def follow(self, rule: Rule, e: Expression) -> None:
        """Add what the expression reads."""
        if not e.names:
            self.through[e.text] = None
        for table in sorted(_decisions(e.term)):
            self.through[_CALLED.sub(r"\1()", table)] = None
        for name in sorted(e.names):
            prefix, dot, column = name.partition(".")
            lines = rule.lines_of(name)
            if lines is not None:
                self._follow_lines(lines, name)
            elif not dot and name in rule.let:
                self.through[f"let {name}"] = None
                self.follow(rule, rule.let[name])
            elif prefix in ("after", "before"):
                self.columns[f"{rule.on.name}.{column}"] = None
            elif dot and prefix in rule.joins:
                join = rule.joins[prefix]
                self.columns[f"{join.table.name}.{column}"] = None
                self.through[f"join {prefix} by {', '.join(sorted(_full_names(rule, join_names(join))))}"] = None
            elif prefix in ("card", *rule.cards) and column not in self.fields:
                self.through[name] = None
                self._follow_card(column)

    def _follow_lines(self, lines: DocumentLines, name: str) -> None:
        """A column of each line of a document, or of a row that it joins."""
        prefix, _, column = name.rpartition(".")
        self.through[f"lines {lines.alias}"] = None
        join = next((join for join in lines.joins.values() if join.alias.lower() == prefix), None)
        if join is None:
            self.columns[f"{lines.table.name}.{column}"] = None
            return
        self.columns[f"{join.table.name}.{column}"] = None
        by = ", ".join(f"{lines.table.name}.{read}" for read in sorted(join_names(join)))
        self.through[f"join {join.alias} by {by}"] = None

    def _follow_card(self, name: str) -> None:
        """What a card's field holds comes from every rule that writes it."""
        self.fields.add(name)
        for rule in self.mapping.rules:
            for e in (e for verb in rule.verbs for e, _ in verb.behind(f"card.{name}")):
                self.follow(rule, e)


def _full_names(rule: Rule, names: Iterable[str]) -> Iterable[str]:
    """Names as `table.column` of the EAM."""
    tables = {alias: join.table.name for alias, join in rule.joins.items()}
    tables |= dict.fromkeys(("after", "before", "row"), rule.on.name)
    for name in names:
        prefix, _, column = name.partition(".")
        yield f"{tables.get(prefix, prefix)}.{column}"


def _decisions(term: Term) -> set[str]:
    return {t.detail.python for t in walk(term) if t.op == "function" and isinstance(t.detail, Function)}


def _lookups(mapping: Loaded, e: Expression) -> list[str]:
    return [f"{name}()" for name in mapping.layout.lookups if name in lookups_called(e)]
