"""The rules of a mapping with every expression read: names found, kinds settled, all that is wrong collected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.change import Column, Kind, Table
from syncd.mapping.expression.parse import Expression, Name, parse
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import documents, scope
from syncd.mapping.language.blocks.quality import Warnings
from syncd.mapping.language.file import layout_file, model, shapes
from syncd.mapping.language.file.column_words import is_pattern, spelled_by_letters
from syncd.mapping.language.file.shapes import RuleFrame
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.program.warned import CLASS, VALUE
from syncd.mapping.verbs.registry import VERBS
from syncd.mapping.verbs.reverse import REVERSED
from syncd.mapping.verbs.rule import DocumentLines, Join, OtherCard, Reading, Rule

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


def table(alias: str, block: model.Reference, reader: ExpressionReader) -> Table:
    """A source table as the mapping declares it."""
    place = "tables" if isinstance(block, model.Tracked) else "references"
    columns = tuple(
        _column(name, said, reader, (place, alias, "columns", name)) for name, said in block.columns.items()
    )
    names = list(block.columns)
    for key in block.key:
        if key not in names:
            reader.fault("unknown_column", (place, alias, "key"), column=key, table=alias, nearest=nearest(key, names))
    return Table(alias, block.table, columns, tuple(names.index(k) for k in block.key if k in names), reader.zone)


def _column(name: str, said: str | model.Form, reader: ExpressionReader, trail: Trail) -> Column:
    if isinstance(said, str):
        return Column(name, *FORMS[said])
    if len(said.says) != 1:
        reader.fault("column_form", trail, column=name, said=", ".join(said.says) or "–")
    is_zero_null = "zero" in said.model_fields_set
    if said.array is not None:
        column = Column(name, Kind.TEXT, elements=FORMS[said.array][0])
    elif said.decimal is not None:
        column = Column(name, Kind.DECIMAL, places=said.decimal)
    elif said.type is not None:
        column = Column(name, *FORMS[said.type], is_zero_null=is_zero_null)
    else:
        kind = Kind.TIMESTAMP if said.date is None else Kind.DATE
        column = Column(name, kind, said.date or said.timestamp or "", is_zero_null=is_zero_null)
    pattern = said.date if said.date is not None else said.timestamp
    if pattern is not None and not is_pattern(pattern):
        instead = spelled_by_letters(pattern)
        reader.fault("date_pattern", trail, column=name, pattern=pattern, instead=instead)
    if is_zero_null and column.kind not in (Kind.DATE, Kind.TIMESTAMP):
        reader.fault("column_zero", trail, column=name)
    return column


def joins(
    blocks: Mapping[str, shapes.Join],
    tables: Mapping[str, Table],
    names: dict[str, Name],
    reader: ExpressionReader,
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
            found[alias.lower()] = Join(alias, target, tuple(k for k in keys if k), block.optional, variable)
    return found


def _key(reader: ExpressionReader, text: str, trail: Trail, names: Mapping[str, Name], kind: Kind) -> Expression | None:
    """A key part, cast to its column's kind so that 17 finds '17' where one side keeps it as text."""
    found = reader.read(text, trail, names)
    if found is None or found.kind in (kind, Kind.NULL):
        return found
    return reader.read(f"CAST(({text}) AS {TYPES.get(kind, 'text')})", trail, names)


def card_kinds(
    file: model.MappingFile,
    tables: Mapping[str, Table],
    reader: ExpressionReader,
    fields: Sequence[str],
    said: Mapping[str, layout_file.CardKind],
) -> dict[str, Kind]:
    """The kind of every card field: as the layout says it, else found in what the rules write to it, else text. A
    field's expression may read other fields, so the kinds are settled round by round. A field whose expression is
    wrong is NULL, which every place takes: what reads it is not wrong for that."""
    given = {n.lower(): Kind.DECIMAL if isinstance(f, layout_file.Places) else FORMS[f][0] for n, f in said.items()}

    def settled(kinds: Mapping[str, Kind]) -> tuple[dict[str, Kind], set[str]]:
        """The kinds that come out where these are known, and the fields whose expressions cannot be read."""
        wrong: set[str] = set()
        quiet = reader.quiet()
        resolver = Resolver(file, tables, quiet, kinds, fields, ())
        found = dict(given)
        for name, block in file.rules.items():
            if file.judged(block.on) is not None:
                names, _ = resolver.rule_scope(name, block)
                resolver.lines(block.on, names, quiet)
                resolver.named(block, names, ())
                for field_name, text in [*block.fields("card").items(), *block.fields("change").items()]:
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
    reader: ExpressionReader
    card_kinds: Mapping[str, Kind]
    card_names: Sequence[str]
    dims: Sequence[str]
    quantities: Sequence[str] = ()
    voucher_fields: Sequence[str] = ()
    lookups: Sequence[str] = ()

    def rules(self) -> list[Rule]:
        """All rules in the order of the file, each followed by those that its verbs bring."""
        found: list[Rule] = []
        for name, block in self.file.rules.items():
            trail: Trail = ("rules", name)
            if self.file.judged(block.on) is None:
                near = nearest(block.on, [*self.file.tables, *self.file.documents])
                self.reader.fault("unknown_table", (*trail, "on"), table=block.on, nearest=near)
                continue
            rule = self._rule(name, block, trail)
            found += [rule, *(brought for verb in rule.verbs for brought in verb.brings(rule))]
        return found

    def table_scope(self, alias: str, reader: ExpressionReader) -> tuple[dict[str, Name], dict[str, Join]]:
        """What a table's subject may read: its bare columns, the tables it joins, the constants."""
        names = self.constants() | scope.columns(self.tables[alias], "row", sql=alias)
        block, place = self.file.judged(alias), "tables" if alias in self.file.tables else "documents"
        assert block is not None
        found = joins(block.join, self._joinable, names, reader, (place, alias, "join"), "t")
        return names, found

    @property
    def _joinable(self) -> Mapping[str, Table]:
        """What may be joined: not documents, of which the header may be."""
        return {alias: table for alias, table in self.tables.items() if alias not in self.file.documents}

    def lines(self, alias: str, names: dict[str, Name], reader: ExpressionReader) -> dict[str, DocumentLines]:
        """The lines of a document, as they are and as they were, with what they join; adds what they hold to
        `names`."""
        block, found = self.file.documents.get(alias), list[DocumentLines]()
        for n, (word, said) in enumerate(block.lines.items() if block is not None else ()):
            place = next(i for i, c in enumerate(self.tables[alias].columns) if c.name == word and c.of is not None)
            own = self.constants() | scope.columns(self.tables[said.table], f"l{n}")
            trail = ("documents", alias, "lines", word, "join")
            joined = joins(said.join, self._joinable, own, reader, trail, f"l{n}_")
            found += documents.lines(word, n, place, self.tables[said.table], joined)
        for one in found:
            names |= one.names
        return {one.alias.lower(): one for one in found}

    def constants(self) -> dict[str, Name]:
        """The mapping's constants as names."""
        return scope.constants(self.file.constants)

    def subject(self, alias: str) -> tuple[Expression | None, dict[str, Join]]:
        """A table's subject, None where it has none of its own, and its joins."""
        names, found = self.table_scope(alias, self.reader)
        block, place = self.file.judged(alias), "tables" if alias in self.file.tables else "documents"
        if block is None or block.subject is None:
            return None, found
        return self.reader.read_key(block.subject, (place, alias, "subject"), names), found

    def rule_scope(self, name: str, block: RuleFrame) -> tuple[dict[str, Name], dict[str, Join]]:
        """What a rule's expressions may read; its `let` names and its lines' come later."""
        on = self.tables[block.on]
        quiet = self.reader.quiet()
        joined, inherited = self.table_scope(block.on, quiet)
        names = self.constants()
        names["op"] = Name("op", Kind.TEXT)
        names |= scope.commit(self.reader.zone)
        names |= scope.columns(on, "after", "after", block.on) | scope.columns(on, "before", "before")
        names |= scope.card(self.card_kinds)
        names[REVERSED] = Name("w.called.get(change[4])", Kind.TEXT)
        names["card.asset_code"] = Name("code", Kind.TEXT)
        names["card.exists"] = Name("card is not EMPTY", Kind.BOOLEAN)
        names |= {name: column for name, column in joined.items() if "." in name}
        for n, alias in enumerate(block.cards):
            names |= scope.card(self.card_kinds, f"c{n}", alias)
            names[f"{alias}.exists".lower()] = Name(f"c{n} is not EMPTY", Kind.BOOLEAN)
        found = inherited | joins(block.join, self._joinable, names, self.reader, ("rules", name, "join"), "j")
        return names, found

    def cards(
        self, block: RuleFrame, names: Mapping[str, Name], found_joins: Mapping[str, Join], trail: Trail
    ) -> dict[str, OtherCard]:
        """The cards of other assets that a rule reads. A code reads no other card, nor a join that does: neither could
        be looked up before the other."""
        hidden = {alias.lower() for alias in block.cards}
        for alias, join in found_joins.items():
            if hidden & {name.partition(".")[0] for key in join.key for name in key.names}:
                hidden.add(alias)
        seen = {name: one for name, one in names.items() if name.partition(".")[0] not in hidden}
        found: dict[str, OtherCard] = {}
        for n, (alias, text) in enumerate(block.cards.items()):
            code = self.reader.read(text, (*trail, "cards", alias), seen, Kind.TEXT)
            if code is not None:
                found[alias.lower()] = OtherCard(alias, code, f"c{n}")
        return found

    def named(self, block: RuleFrame, names: dict[str, Name], trail: Trail) -> dict[str, Expression]:
        """What `let` names, in order; adds each to `names`, so that one may use an earlier one. One that is wrong
        stands for NULL: it is told, and what uses it is not."""
        let: dict[str, Expression] = {}
        for n, (word, text) in enumerate(block.let.items()):
            value = self.reader.read(text, (*trail, "let", word), names) or parse("NULL", {})
            let[word.lower()] = value
            names[word.lower()] = Name(scope.variable(n), value.kind, f"({text})")
        return let

    def warned(self, block: RuleFrame, names: Mapping[str, Name]) -> dict[str, Name]:
        """What `syncd warnings` would say of the row, where the rule opens a card that has a class and a value."""
        said = self.file.warnings or Warnings()
        found = {"warned.odd_hours": Name(f"is_odd(change[5], {said.hours!r}, {said.weekdays!r})", Kind.BOOLEAN)}
        texts = [block.fields("card").get(field) for field in (CLASS, VALUE)]
        quiet = self.reader.quiet()
        of, value = (quiet.read(text, (), names) if text else None for text in texts)
        if of is not None and value is not None:
            for kind in ("far_amount", "tenfold"):
                source = f"warned({kind!r}, {of.python()}, {value.python()}, {float(said.outlier)!r})"
                found[f"warned.{kind}"] = Name(source, Kind.BOOLEAN)
        return found

    def _rule(self, name: str, block: RuleFrame, trail: Trail) -> Rule:
        names, found = self.rule_scope(name, block)
        lines = self.lines(block.on, names, self.reader.quiet())
        cards = self.cards(block, names, found, trail)
        let = self.named(block, names, trail)
        names = {**self.warned(block, names), **names}  # a table that is joined as `warned` keeps its name
        reading = Reading(self, name, block, names, trail, lines)
        when = reading.one(block.when, "when", kind=Kind.BOOLEAN)
        verbs = [verb.read(block.said(verb.word), reading) for verb in VERBS]
        said = tuple(verb for verb in verbs if verb is not None)
        return Rule(name, self.tables[block.on], when, found, let, block.snapshot, said, cards=cards, lines=lines)
