"""Lineage: for every finance column the EAM columns it comes from, through layout, rule, joins and decision tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from syncd.mapping.block import join_names
from syncd.mapping.expression import Expression
from syncd.mapping.load import Mapping as Loaded
from syncd.mapping.render import PhysicalTable, called, card_names
from syncd.mapping.rules import Rule
from syncd.mapping.terms import Function, Term


@dataclass(frozen=True, slots=True)
class Lineage:
    """One finance column as one rule fills it. `columns` are EAM columns as `table.column`, `through` what lies
    between: card fields, entries, joins, decision tables and lookups."""

    finance: str
    rule: str
    columns: tuple[str, ...]
    through: tuple[str, ...]


def explain(mapping: Loaded) -> list[Lineage]:
    """The lineage of every finance column, in the order of the layout, then of the rules."""
    found: list[Lineage] = []
    for table in mapping.layout.cards:
        found += _card_table(mapping, table)
    for table in (*mapping.layout.vouchers, *mapping.layout.entries):
        found += _journal_table(mapping, table)
    for rule in mapping.rules:
        for row in rule.write:
            for column, e in row.values.items():
                found.append(_lineage(mapping, f"{row.table}.{column}", rule, [(e, "write")]))
    return found


def _card_table(mapping: Loaded, table: PhysicalTable) -> Iterable[Lineage]:
    for column, e in table.columns.items():
        fields = card_names(e)
        for rule in mapping.rules:
            written = rule.card if rule.card is not None else rule.change or {}
            parts = [(written[f], f"card.{f}") for f in sorted(fields) if f in written]
            if "card.asset_code" in e.names and rule.asset_code is not None and not (fields or rule.change):
                parts.append((rule.asset_code, "card.asset_code"))
            if parts:
                yield _lineage(mapping, f"{table.name}.{column}", rule, parts, _lookups(mapping, e))


def _journal_table(mapping: Loaded, table: PhysicalTable) -> Iterable[Lineage]:
    for column, e in table.columns.items():
        for rule in mapping.rules:
            if rule.voucher is None:
                continue
            parts = [part for name in sorted(e.names) for part in _voucher_parts(rule, name)]
            if parts:
                yield _lineage(mapping, f"{table.name}.{column}", rule, parts, _lookups(mapping, e))


def _voucher_parts(rule: Rule, name: str) -> Iterable[tuple[Expression, str]]:
    """The rule's expressions behind a name of the layout."""
    template = rule.voucher
    assert template is not None
    block, _, part = name.partition(".")
    if block == "voucher":
        if part in ("period", "year", "month", "date", "event_date"):
            yield template.date, "voucher.date"
        elif part in ("type", "summary"):
            yield getattr(template, part), name
        elif part in ("debit", "credit"):
            yield from ((line.amount, name) for line in template.lines if line.side == part)
        return
    for line in template.lines if block == "entry" else ():
        if part == "account":
            yield line.account, name
        elif part == line.side:
            yield line.amount, name
        elif part == "summary":
            yield line.summary or template.summary, name
        elif part in line.dims:
            yield line.dims[part], name


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
            self.through[f"{table.removeprefix('decide_')}()"] = None
        for name in sorted(e.names):
            prefix, dot, column = name.partition(".")
            if not dot and name in rule.let:
                self.through[f"let {name}"] = None
                self.follow(rule, rule.let[name])
            elif prefix in ("after", "before"):
                self.columns[f"{rule.on.name}.{column}"] = None
            elif dot and prefix in rule.joins:
                join = rule.joins[prefix]
                self.columns[f"{join.table.name}.{column}"] = None
                self.through[f"join {prefix} by {', '.join(sorted(_full_names(rule, join_names(join))))}"] = None
            elif prefix == "card" and column not in self.fields:
                self.through[name] = None
                self._follow_card(column)

    def _follow_card(self, name: str) -> None:
        """What a card's field holds comes from every rule that writes it."""
        self.fields.add(name)
        for rule in self.mapping.rules:
            e = (rule.card if rule.card is not None else rule.change or {}).get(name)
            if e is not None:
                self.follow(rule, e)


def _full_names(rule: Rule, names: Iterable[str]) -> Iterable[str]:
    """Names as `table.column` of the EAM."""
    tables = {alias: join.table.name for alias, join in rule.joins.items()}
    tables |= dict.fromkeys(("after", "before", "row"), rule.on.name)
    for name in names:
        prefix, _, column = name.partition(".")
        yield f"{tables.get(prefix, prefix)}.{column}"


def _decisions(term: Term) -> set[str]:
    own = {term.detail.python} if term.op == "function" and isinstance(term.detail, Function) else set()
    return own.union(*(_decisions(arg) for arg in term.args))


def _lookups(mapping: Loaded, e: Expression) -> list[str]:
    return [f"{name}()" for name in called(e.text, mapping.layout.lookups)]
