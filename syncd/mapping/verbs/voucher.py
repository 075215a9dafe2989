"""`voucher`: a journal voucher (凭证) with its entries (分录), from a template (凭证模板)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from syncd.change import Kind
from syncd.mapping.expression.functions import Builtin
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import Aggregate, Function, Name, Term, nearest
from syncd.mapping.language.file.shapes import Expr, Identifier, Strict
from syncd.mapping.program.block import Block, place_params
from syncd.mapping.verbs.balance import Balance, Side, balance, debited
from syncd.mapping.verbs.heading import fields_source, read_fields
from syncd.mapping.verbs.rule import Checking, DocumentLines, Fields, Place, Reading, Rule, Verb
from syncd.money import MONEY_PLACES, is_money


class EntryShape(BaseModel):
    """A line of a voucher template; further keys are the auxiliaries that the layout names."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Expr] = Field(init=False)

    each: Identifier | None = None
    """The lines of the document that make an entry each, by what `documents` calls them."""
    account: Expr
    """The account."""
    debit: Expr | None = None
    """The amount, on the debit side. Zero leaves the entry out."""
    credit: Expr | None = None
    """The amount, on the credit side."""
    summary: Expr | None = None
    """A summary of its own; by default the voucher's."""
    when: Expr | None = None
    """Whether the entry is there."""

    @property
    def dims(self) -> Mapping[str, str]:
        """The auxiliaries."""
        return self.__pydantic_extra__


class VoucherShape(Strict):
    """A voucher template (凭证模板)."""

    type: Expr
    """The voucher's type, as `'记'`."""
    date: Expr
    """The day of the event. A closed period's voucher goes to the first day of the next one that is open."""
    summary: Expr
    """The summary."""
    fields: dict[Identifier, Expr] = Field({})
    """What its header says besides: `attachments`, `prepared_by`, `reviewed_by`, `posted_by`, `document`, `contract`,
    `movement`, the kind of change that reports count it as, and what the layout names under `voucher_fields`."""
    entries: tuple[EntryShape, ...] = Field(min_length=1)
    """The entries; equal ones of a collected group are added up."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the template; `amount` goes to `side`."""

    account: Expression
    side: str
    amount: Expression
    summary: Expression | None
    when: Expression | None
    dims: Fields
    each: DocumentLines | None = None


@dataclass(frozen=True)
class Voucher(Verb):
    """A template whose expressions have been read."""

    word: ClassVar[str] = "voucher"
    shape = (VoucherShape | None, None)
    is_for_snapshots = False

    type: Expression
    date: Expression
    summary: Expression
    lines: tuple[Line, ...]
    fields: Fields

    @classmethod
    def read(cls, said: VoucherShape | None, reading: Reading) -> Self | None:
        """Amounts are decimals, the date a date, the rest text; auxiliaries are what they are."""
        if said is None:
            return None
        kinds = {"type": Kind.TEXT, "date": Kind.DATE, "summary": Kind.TEXT}
        head = [reading.one(getattr(said, name), cls.word, name, kind=kind) for name, kind in kinds.items()]
        lines = [_read_line(entry, i, reading) for i, entry in enumerate(said.entries)]
        if any(h is None for h in head) or any(line is None for line in lines):
            return None
        type_, date, summary = (h for h in head if h is not None)
        fields = read_fields(said.fields, reading, cls.word, "fields")
        return cls(type_, date, summary, tuple(line for line in lines if line is not None), fields)

    def expressions(self) -> Iterable[Expression]:
        """The head's, then those of the entries."""
        yield from (self.type, self.date, self.summary, *self.fields.values())
        for line in self.lines:
            yield from (e for e in (line.account, line.amount, line.summary, line.when) if e is not None)
            yield from line.dims.values()

    def places(self) -> Iterable[Place]:
        """The head's by name, then entry by entry."""
        head = {"type": self.type, "date": self.date, "summary": self.summary, **self.fields}
        yield from (Place(self.word, e, name) for name, e in head.items())
        for entry, line in enumerate(self.lines, 1):
            said = {"when": line.when, "account": line.account, line.side: line.amount, "summary": line.summary}
            for name, e in {**said, **line.dims}.items():
                if e is not None:
                    only_if = None if name == "when" else line.when
                    yield Place("entry", e, name, entry, only_if, line.each)

    @property
    def summaries(self) -> Sequence[Expression]:
        """The voucher's summary and those that entries have of their own."""
        return [self.summary, *(line.summary for line in self.lines if line.summary is not None)]

    def make(self, block: Block) -> None:
        """`voucher`, balanced and with two entries at least, in the period of its date."""
        for variable, e, place in (("day", self.date, "date"), ("kind", self.type, "type")):
            _said(block, variable, e, place)
        _said(block, "summary", self.summary, "summary")
        block.add("period = days.get(day) or w.period(day)", "if period.__class__ is Failure:", "    return period")
        balanced = self.balances_by_itself
        block.add("entries = []", *([] if balanced else ["total = ZERO"]))
        amounts: dict[str, str] = {}
        for number, line in enumerate(self.lines, 1):
            if line.each is not None:
                with block.each(line.each):
                    _emit_line_when(block, number, line, {}, balanced)
            else:
                _emit_line_when(block, number, line, amounts, balanced)
        if not balanced:
            block.add("if total:", "    return w.unbalanced(entries)")
        unless = " and (entries or not targets)" if any(verb.may_empty(block.rule) for verb in block.rule.verbs) else ""
        block.add(f"if len(entries) < 2{unless}:", "    return fail('few_entries', {'entries': str(len(entries))})")
        fields = fields_source(block, self.fields)
        block.add(f"voucher = new(Voucher, (kind, period[0], period[1], day, summary, tuple(entries), {fields}, ()))")

    @property
    def balances_by_itself(self) -> bool:
        """Whether both sides are the same expressions, so that there is nothing to add up."""
        sides = {side: sorted(x.amount.text for x in self.lines if x.side == side) for side in ("debit", "credit")}
        return sides["debit"] == sides["credit"] and all(x.when is None for x in self.lines)

    def balance(self, rule: Rule) -> Balance:
        """What can be said of both sides without a row."""
        return balance(self._sides, rule.let)

    def debited(self, rule: Rule) -> Mapping[tuple[str, str], Decimal] | None:
        """What it debits as a sum of the row's own columns, (`after` or `before`, name) → how often each is counted;
        None where that is not all it is made of."""
        found = debited(self._sides, rule.let)
        columns = rule.on.columns
        return None if found is None else {(side, columns[at].name): times for (side, at), times in found.items()}

    @property
    def _sides(self) -> Sequence[Side]:
        return [Side(x.side, x.amount, x.when, None if x.each is None else x.each.alias) for x in self.lines]

    def check(self, rule: Rule, checking: Checking) -> None:
        """A template that cannot balance is wrong; one that need not may be."""
        found = self.balance(rule)
        if found is Balance.ALWAYS:
            return
        sides = {s: " + ".join(x.amount.text for x in self.lines if x.side == s) or "0" for s in ("debit", "credit")}
        is_wrong = found is Balance.NEVER
        code, to = (
            ("voucher_never_balances", checking.errors) if is_wrong else ("voucher_may_not_balance", checking.warnings)
        )
        to.fault(code, ("rules", rule.name, "voucher", "entries"), rule=rule.name, **sides)

    def behind(self, name: str) -> Iterable[tuple[Expression, str]]:
        """What the layout calls `voucher.…` and `entry.…`."""
        prefix, _, part = name.partition(".")
        if prefix == "voucher":
            if part in ("period", "year", "month", "date", "event_date"):
                yield self.date, "voucher.date"
            elif part in ("type", "summary"):
                yield getattr(self, part), name
            elif part in self.fields:
                yield self.fields[part], name
            elif part in ("debit", "credit"):
                yield from ((line.amount, name) for line in self.lines if line.side == part)
        for line in self.lines if prefix == "entry" else ():
            if part == "account":
                yield line.account, name
            elif part == line.side:
                yield line.amount, name
            elif part == "summary":
                yield line.summary or self.summary, name
            elif part in line.dims:
                yield line.dims[part], name


def accounts(rules: Sequence[Rule], gives: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every account that a rule may post to by name: account → the rule. `gives` are the answers of each decision
    table; an account that comes from a row is known only when the row does."""
    found: dict[str, str] = {}
    for rule in rules:
        voucher = rule.verb(Voucher)
        for line in voucher.lines if voucher else ():
            for account in _answers(line.account.term, gives):
                found.setdefault(account, rule.name)
    return found


def _answers(term: Term, gives: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What a term may give, as far as the mapping itself names it."""
    if term.op == "literal":
        yield from () if term.detail is None else (str(term.detail),)
    elif term.op == "case":
        for value in (*term.args[1::2], term.args[-1]):
            yield from _answers(value, gives)
    elif term.op in ("coalesce", "bind"):
        for arg in term.args:
            yield from _answers(arg, gives)
    elif term.op == "function" and isinstance(term.detail, Function):
        table = term.detail.answers
        if table is None:
            yield from gives.get(term.detail.python, ())
        else:
            codes = (table.get(role) for role in _answers(term.args[0], gives))
            yield from (code for code in codes if code is not None)


def _read_line(block: EntryShape, index: int, reading: Reading) -> Line | None:
    place = ("voucher", "entries", index)
    if (block.debit is None) == (block.credit is None):
        reading.fault("entry_sides", *place)
        return None
    each = None
    if block.each is not None:
        known = [lines.alias for lines in reading.lines.values() if lines.side == "after"]
        each = reading.lines.get(block.each.lower())
        if each is None:
            reading.fault("unknown_lines", *place, "each", name=block.each, nearest=nearest(block.each, known))
            return None
        reading = reading.within(each)
    side, text = ("debit", block.debit) if block.debit is not None else ("credit", block.credit or "")
    account = reading.one(block.account, *place, "account", kind=Kind.TEXT)
    amount = reading.one(text, *place, side, kind=Kind.DECIMAL)
    summary = reading.one(block.summary or None, *place, "summary", kind=Kind.TEXT)
    when = reading.one(block.when or None, *place, "when", kind=Kind.BOOLEAN)
    dims = read_dims(block.dims, reading, *place)
    return None if account is None or amount is None else Line(account, side, amount, summary, when, dims, each)


def read_dims(said: Mapping[str, str], reading: Reading, *place: str | int) -> Fields:
    """The auxiliaries of an entry, as far as the layout declares them."""
    dims: dict[str, Expression] = {}
    known, quantities = reading.resolver.dims, reading.resolver.quantities
    for name, expression in said.items():
        if name not in known:
            reading.fault("unknown_dim", *place, name, dim=name, nearest=nearest(name, known))
        elif value := reading.one(expression, *place, name):
            dims[name] = value
            if name in quantities and value.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.NULL):
                reading.fault("quantity_kind", *place, name, dim=name, kind=value.kind)
    return dims


def _said(block: Block, variable: str, e: Expression, place: str, line: int = 0) -> None:
    """A value that must be there."""
    block.value(variable, e)
    block.not_null(variable, e, place, line)


def _emit_line_when(block: Block, number: int, line: Line, amounts: dict[str, str], balanced: bool) -> None:
    if line.when is None:
        _emit_line(block, number, line, amounts, balanced)
    else:
        with block.inner_if(line.when):
            _emit_line(block, number, line, {}, balanced)


def _emit_line(block: Block, number: int, line: Line, amounts: dict[str, str], balanced: bool) -> None:
    """One entry, left out where its amount is zero. `amounts` are the variables of amounts that stand already."""
    amount, place = amounts.get(line.amount.text, f"a{number}"), place_params(line.side, line.amount, number)
    first = line.amount.text not in amounts
    if first:
        amounts[line.amount.text] = amount
        _said(block, amount, line.amount, line.side, number)
    head = f"{amount} > ZERO"
    with block.inner(head, frozenset((amount,)), f"{amount} is not None and {head}"):
        if first and not is_money_term(line.amount.term, block.rule):
            block.add(f"if not is_money({amount}):", f"    return w.unfit('not_cents', {amount}, {place!r})")
            block.add(f"{amount} = at_most({amount}, {MONEY_PLACES})")  # a quotient has a dozen zeros more
        _emit_entry(block, number, line, f"{amount}, ZERO" if line.side == "debit" else f"ZERO, {amount}")
        if not balanced:
            block.add(f"total = {'add' if line.side == 'debit' else 'subtract'}(total, {amount})")
    if first:
        block.add(f"elif {amount}:", f"    return w.unfit('negative_amount', {amount}, {place!r})")


def _emit_entry(block: Block, number: int, line: Line, amounts: str) -> None:
    block.need(n for e in (line.account, *line.dims.values()) for n in e.names)
    _said(block, "account", line.account, "account", number)
    block.add("if account not in accounts:", "    return w.account(account)")
    said = "summary"
    if line.summary is not None:
        said = "said"
        _said(block, said, line.summary, "entry_summary", number)
    dims = ", ".join(f"{name!r}: {e.python()}" for name, e in line.dims.items())
    block.add(f"entries.append(new(Entry, (account, {amounts}, {said}, {{{dims}}})))")


def is_money_term(term: Term, rule: Rule) -> bool:
    """Whether a value has two decimal places at most, whatever the row."""
    if term.op == "name":
        name = term.detail.python if isinstance(term.detail, Name) else ""
        variables = {"after": rule.on, "before": rule.on, "row": rule.on}
        variables |= {j.variable: j.table for j in rule.all_joins}
        variables |= {lines.variable: lines.table for lines in rule.lines.values()}
        variable, _, index = name.rstrip("]").partition("[")
        return variable in variables and index.isdigit() and variables[variable].columns[int(index)].is_money
    if term.op == "literal":
        return not isinstance(term.detail, Decimal) or is_money(term.detail)
    if term.op == "cast":
        return term.args[0].kind is Kind.INTEGER
    if term.op == "call" and isinstance(term.detail, Builtin) and term.detail.name in ("round", "trunc"):
        places = term.args[1] if len(term.args) > 1 else None
        return places is None or (places.op == "literal" and isinstance(places.detail, int) and places.detail <= 2)
    if term.op == "case":
        *branches, default = term.args
        return all(is_money_term(value, rule) for value in (*branches[1::2], default))
    if isinstance(term.detail, Aggregate):
        return term.detail.word == "count" or is_money_term(term.args[0], rule)
    return term.op in ("+", "-", "neg", "greatest", "least", "coalesce", "bind") and all(
        is_money_term(a, rule) for a in term.args
    )
