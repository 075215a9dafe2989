"""The rules of a mapping with every expression read: names found, kinds settled, all that is wrong collected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.change import Column, Kind, Table
from syncd.mapping import model, scope
from syncd.mapping.expression import Expression, Name
from syncd.mapping.scope import Reader
from syncd.mapping.source import Trail
from syncd.mapping.terms import nearest

FORMS: Mapping[str, tuple[Kind, str]] = {
    "integer": (Kind.INTEGER, ""),
    "decimal": (Kind.DECIMAL, ""),
    "money": (Kind.DECIMAL, "money"),
    "text": (Kind.TEXT, ""),
    "date": (Kind.DATE, ""),
    "timestamp": (Kind.TIMESTAMP, ""),
    "boolean": (Kind.BOOLEAN, ""),
    "epoch": (Kind.TIMESTAMP, "epoch"),
    "epoch_date": (Kind.DATE, "epoch"),
}
TYPES = {Kind.INTEGER: "bigint", Kind.DECIMAL: "decimal", Kind.DATE: "date", Kind.TIMESTAMP: "timestamp"}
"""How a key of this kind is cast; others are text."""

Fields = Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Join:
    """A row of another table found by key; `variable` holds it in the generated code."""

    alias: str
    table: Table
    key: tuple[Expression, ...]
    optional: bool
    variable: str


@dataclass(frozen=True, slots=True)
class Check:
    """What must be true, and what the clerk is told when it is not."""

    check: Expression
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a voucher template; `amount` goes to `side`."""

    account: Expression
    side: str
    amount: Expression
    summary: Expression | None
    when: Expression | None
    dims: Fields


@dataclass(frozen=True, slots=True)
class Template:
    """A voucher template."""

    type: Expression
    date: Expression
    summary: Expression
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row for another finance table."""

    table: str
    key: tuple[str, ...]
    values: Fields


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be turned into code. `card` and `change` are the fields without the asset code, which is
    `asset_code`; `release` names the collecting rule whose groups this one says are due."""

    name: str
    on: Table
    when: Expression | None = None
    joins: Mapping[str, Join] = field(default_factory=dict)
    let: Fields = field(default_factory=dict)
    once: tuple[Expression, ...] = ()
    snapshot: str = "card"
    require: tuple[Check, ...] = ()
    approve: Expression | None = None
    role: str = ""
    asset_code: Expression | None = None
    card: Fields | None = None
    change: Fields | None = None
    voucher: Template | None = None
    write: tuple[Row, ...] = ()
    reverse: tuple[str, ...] = ()
    collect: tuple[Expression, ...] = ()
    release: str = ""

    def expressions(self) -> Iterable[Expression]:
        """Every expression of the rule, joins aside."""
        yield from (e for e in (self.when, self.approve, self.asset_code) if e is not None)
        yield from (*self.let.values(), *self.once, *self.collect, *(c.check for c in self.require))
        for fields in (self.card, self.change, *(row.values for row in self.write)):
            yield from (fields or {}).values()
        if self.voucher is not None:
            yield from (self.voucher.type, self.voucher.date, self.voucher.summary)
            for line in self.voucher.lines:
                yield from (e for e in (line.account, line.amount, line.summary, line.when) if e is not None)
                yield from line.dims.values()


def table(alias: str, block: model.Reference, reader: Reader) -> Table:
    """A source table as the mapping declares it."""
    place = "tables" if isinstance(block, model.Tracked) else "references"
    columns = tuple(Column(name, *_form(form)) for name, form in block.columns.items())
    names = list(block.columns)
    for key in block.key:
        if key not in names:
            reader.fault("unknown_column", (place, alias, "key"), column=key, table=alias, nearest=nearest(key, names))
    return Table(alias, block.table, columns, tuple(names.index(k) for k in block.key if k in names))


def _form(form: str | model.Form) -> tuple[Kind, str]:
    if isinstance(form, str):
        return FORMS[form]
    return (Kind.DATE, form.date) if form.date else (Kind.TIMESTAMP, form.timestamp or "")


def joins(
    blocks: Mapping[str, model.Join],
    tables: Mapping[str, Table],
    names: dict[str, Name],
    reader: Reader,
    trail: Trail,
    prefix: str,
) -> dict[str, Join]:
    """The joins of a table or a rule, in order; adds the joined columns to `names`, so that a join may use an
    earlier one. What is read of a join that is wrong is taken as right: the join is the cause."""
    found: dict[str, Join] = {}
    for n, (alias, block) in enumerate(blocks.items()):
        wanted, here, variable = block.table or alias, (*trail, alias), f"{prefix}{n}"
        target = tables.get(wanted)
        if target is None:
            near = nearest(wanted, list(tables))
            reader.fault("unknown_table", here, table=wanted, nearest=near)
            for word in {alias, alias if block.table else near} if near else ():
                names |= scope.columns(tables[near], variable, word, word)
            continue
        names |= scope.columns(target, variable, alias, alias)
        if len(block.key) != len(target.key):
            reader.fault("join_key_count", here, table=target.alias, given=len(block.key), wanted=len(target.key))
            continue
        keys = [
            _key(reader, text, here, names, target.columns[i].kind)
            for text, i in zip(block.key, target.key, strict=True)
        ]
        if all(keys):
            found[alias] = Join(alias, target, tuple(k for k in keys if k), block.optional, variable)
    return found


def _key(reader: Reader, text: str, trail: Trail, names: Mapping[str, Name], kind: Kind) -> Expression | None:
    """A key part, cast to its column's kind so that 17 finds '17' where one side keeps it as text."""
    found = reader.read(text, trail, names)
    if found is None or found.kind in (kind, Kind.NULL):
        return found
    return reader.read(f"CAST(({text}) AS {TYPES.get(kind, 'text')})", trail, names)


def card_kinds(
    file: model.MappingFile,
    tables: Mapping[str, Table],
    reader: Reader,
    fields: Sequence[str],
    said: Mapping[str, model.ColumnWord],
) -> dict[str, Kind]:
    """The kind of every card field: as the layout says it, else found in what the rules write to it, else text. A
    field's expression may read other fields, so the kinds are settled round by round. A field whose expression is
    wrong is NULL, which every place takes: what reads it is not wrong for that."""
    given = {name.lower(): FORMS[form][0] for name, form in said.items()}

    def settled(kinds: Mapping[str, Kind]) -> tuple[dict[str, Kind], set[str]]:
        """The kinds that come out where these are known, and the fields whose expressions cannot be read."""
        wrong: set[str] = set()
        quiet = Reader(reader.document, reader.functions)
        resolver = Resolver(file, tables, quiet, kinds, fields, ())
        found = dict(given)
        for name, block in file.rules.items():
            if block.on in file.tables:
                names, _ = resolver.rule_scope(name, block)
                resolver.named(block, names, ())
                for field_name, text in [*(block.card or {}).items(), *(block.change or {}).items()]:
                    value = quiet.read(text, (), names)
                    if value is None:
                        wrong.add(field_name.lower())
                    elif value.kind is not Kind.NULL:
                        known = found.setdefault(field_name.lower(), value.kind)
                        if {known, value.kind} == {Kind.INTEGER, Kind.DECIMAL} and field_name.lower() not in given:
                            found[field_name.lower()] = Kind.DECIMAL
        return found, wrong

    kinds, wrong = settled(given)
    for _ in fields:
        known = kinds
        kinds, wrong = settled(known)
        if kinds == known:
            break
    if wrong - kinds.keys():
        kinds, wrong = settled(dict.fromkeys(wrong, Kind.NULL) | kinds)
    return {f: kinds.get(f, Kind.NULL if f in wrong else Kind.TEXT) for f in fields}


@dataclass
class Resolver:
    """Reads the rules of one mapping file."""

    file: model.MappingFile
    tables: Mapping[str, Table]
    reader: Reader
    card_kinds: Mapping[str, Kind]
    card_names: Sequence[str]
    dims: Sequence[str]

    def rules(self) -> list[Rule]:
        """All rules in the order of the file, each followed by the one that releases what it collects."""
        found: list[Rule] = []
        for name, block in self.file.rules.items():
            trail: Trail = ("rules", name)
            if block.on not in self.file.tables:
                near = nearest(block.on, list(self.file.tables))
                self.reader.fault("unknown_table", (*trail, "on"), table=block.on, nearest=near)
                continue
            found.append(self._rule(name, block, trail))
            due = block.collect.post if block.collect else None
            if isinstance(due, model.Due):
                found += self._release(name, due, block, (*trail, "collect", "post"))
        return found

    def table_scope(self, alias: str, reader: Reader) -> tuple[dict[str, Name], dict[str, Join]]:
        """What a table's subject may read: its bare columns, the tables it joins, the constants."""
        names = self.constants() | scope.columns(self.tables[alias], "row", sql=alias)
        block = self.file.tables[alias]
        found = joins(block.join, self.tables, names, reader, ("tables", alias, "join"), "t")
        return names, found

    def constants(self) -> dict[str, Name]:
        """The mapping's constants as names."""
        return scope.constants(self.file.constants)

    def subject(self, alias: str) -> tuple[Expression | None, dict[str, Join]]:
        """A table's subject, None where it has none of its own, and its joins."""
        names, found = self.table_scope(alias, self.reader)
        text = self.file.tables[alias].subject
        if text is None:
            return None, found
        return self.reader.read(text, ("tables", alias, "subject"), names, Kind.TEXT), found

    def rule_scope(self, name: str, block: model.Rule) -> tuple[dict[str, Name], dict[str, Join]]:
        """What a rule's expressions may read; its `let` names come later, one by one."""
        on = self.tables[block.on]
        quiet = Reader(self.reader.document, self.reader.functions)
        joined, inherited = self.table_scope(block.on, quiet)
        names = self.constants()
        names["op"] = Name("op", Kind.TEXT)
        names |= scope.columns(on, "after", "after", block.on) | scope.columns(on, "before", "before")
        names |= scope.card(self.card_kinds)
        names["card.asset_code"] = Name("code", Kind.TEXT)
        names |= {name: column for name, column in joined.items() if "." in name}
        found = inherited | joins(block.join, self.tables, names, self.reader, ("rules", name, "join"), "j")
        return names, found

    def named(self, block: model.Rule, names: dict[str, Name], trail: Trail) -> dict[str, Expression]:
        """What `let` names, in order; adds each to `names`, so that one may use an earlier one."""
        let: dict[str, Expression] = {}
        for n, (word, text) in enumerate(block.let.items()):
            value = self.reader.read(text, (*trail, "let", word), names)
            if value is not None:
                let[word.lower()] = value
            names[word.lower()] = Name(f"v{n}", value.kind if value else Kind.NULL, f"({text})")
        return let

    def _rule(self, name: str, block: model.Rule, trail: Trail) -> Rule:
        read = self.reader
        names, found = self.rule_scope(name, block)
        let = self.named(block, names, trail)

        def one(text: str | None, *place: str | int, kind: Kind | None = None) -> Expression | None:
            return None if text is None else read.read(text, (*trail, *place), names, kind)

        def many(texts: Iterable[str], *place: str | int, kind: Kind | None = None) -> tuple[Expression, ...]:
            return tuple(e for e in (one(t, *place, kind=kind) for t in texts) if e is not None)

        checks = [(one(r.check, "require", i, "check", kind=Kind.BOOLEAN), r.says) for i, r in enumerate(block.require)]
        both = {**(block.card or {}), **(block.change or {})}
        if both and "asset_code" not in both:
            self.reader.fault("missing_key", (*trail, "card" if block.card else "change"), key="asset_code", place=name)
        return Rule(
            name,
            self.tables[block.on],
            one(block.when, "when", kind=Kind.BOOLEAN),
            found,
            let,
            many(block.once or (), "once", kind=Kind.TEXT),
            block.snapshot,
            tuple(Check(c, says.zh, says.en) for c, says in checks if c is not None),
            one(block.approve.when, "approve", "when", kind=Kind.BOOLEAN) if block.approve else None,
            block.approve.role if block.approve else "",
            one(both.get("asset_code"), "card" if block.card else "change", "asset_code", kind=Kind.TEXT),
            self._fields(block.card, names, (*trail, "card")),
            self._fields(block.change, names, (*trail, "change")),
            self._template(block.voucher, names, (*trail, "voucher")) if block.voucher else None,
            tuple(
                Row(w.table, w.key, self._values(w.values, names, (*trail, "write", i, "values")))
                for i, w in enumerate(block.write)
            ),
            self._reversed(block.reverse or (), (*trail, "reverse")),
            many(block.collect.group, "collect", "group", kind=Kind.TEXT) if block.collect else (),
        )

    def _fields(self, texts: Mapping[str, str] | None, names: Mapping[str, Name], trail: Trail) -> Fields | None:
        if texts is None:
            return None
        found: dict[str, Expression] = {}
        for name, text in texts.items():
            if name.lower() == "asset_code":
                continue
            if name.lower() not in self.card_names:
                self.reader.fault("unknown_field", (*trail, name), field=name, nearest=nearest(name, self.card_names))
                continue
            value = self.reader.read(text, (*trail, name), names, self.card_kinds.get(name.lower()))
            if value is not None:
                found[name.lower()] = value
        return found

    def _values(self, texts: Mapping[str, str], names: Mapping[str, Name], trail: Trail) -> Fields:
        found = {name: self.reader.read(text, (*trail, name), names) for name, text in texts.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _template(self, block: model.VoucherTemplate, names: Mapping[str, Name], trail: Trail) -> Template | None:
        kinds = {"type": Kind.TEXT, "date": Kind.DATE, "summary": Kind.TEXT}
        head = [self.reader.read(getattr(block, n), (*trail, n), names, k) for n, k in kinds.items()]
        lines = [self._line(e, names, (*trail, "entries", i)) for i, e in enumerate(block.entries)]
        if any(h is None for h in head) or any(line is None for line in lines):
            return None
        type_, date, summary = (h for h in head if h is not None)
        return Template(type_, date, summary, tuple(line for line in lines if line is not None))

    def _line(self, block: model.EntryTemplate, names: Mapping[str, Name], trail: Trail) -> Line | None:
        if (block.debit is None) == (block.credit is None):
            self.reader.fault("entry_sides", trail)
            return None
        side, text = ("debit", block.debit) if block.debit is not None else ("credit", block.credit or "")
        account = self.reader.read(block.account, (*trail, "account"), names, Kind.TEXT)
        amount = self.reader.read(text, (*trail, side), names, Kind.DECIMAL)
        summary = self.reader.read(block.summary, (*trail, "summary"), names, Kind.TEXT) if block.summary else None
        when = self.reader.read(block.when, (*trail, "when"), names, Kind.BOOLEAN) if block.when else None
        dims: dict[str, Expression] = {}
        for name, expression in block.dims.items():
            if name not in self.dims:
                self.reader.fault("unknown_dim", (*trail, name), dim=name, nearest=nearest(name, self.dims))
            elif value := self.reader.read(expression, (*trail, name), names):
                dims[name] = value
        return None if account is None or amount is None else Line(account, side, amount, summary, when, dims)

    def _reversed(self, rules: tuple[str, ...], trail: Trail) -> tuple[str, ...]:
        for rule in rules:
            if rule not in self.file.rules:
                self.reader.fault("unknown_rule", trail, rule=rule, nearest=nearest(rule, list(self.file.rules)))
        return rules

    def _release(self, name: str, due: model.Due, block: model.Rule, trail: Trail) -> list[Rule]:
        if due.on not in self.file.tables:
            near = nearest(due.on, list(self.file.tables))
            self.reader.fault("unknown_table", (*trail, "on"), table=due.on, nearest=near)
            return []
        names, found = self.rule_scope(name, model.Rule(on=due.on))
        when = self.reader.read(due.when, (*trail, "when"), names, Kind.BOOLEAN)
        group = [self.reader.read(text, (*trail, "group"), names, Kind.TEXT) for text in due.group]
        if block.collect and len(due.group) > len(block.collect.group):
            self.reader.fault(
                "release_too_long", (*trail, "group"), given=len(due.group), wanted=len(block.collect.group)
            )
        read = tuple(e for e in group if e is not None)
        # A period that a snapshot finds approved was released: rows that come later are due when they come.
        return [Rule(name, self.tables[due.on], when, found, snapshot="post", collect=read, release=name)]
