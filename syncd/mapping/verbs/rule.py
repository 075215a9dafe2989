"""A rule, read: which changes it is about, and its verbs. What every verb has in common stands here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from syncd.change import Kind, Table
from syncd.mapping.expression.parse import Expression, Name
from syncd.mapping.expression.terms import Many, nearest
from syncd.mapping.language.file.shapes import RuleFrame
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.program.warned import CLASS, VALUE

if TYPE_CHECKING:
    from syncd.mapping.language.rules import Resolver
    from syncd.mapping.program.block import Block
    from syncd.mapping.verbs.once import Once

Fields = Mapping[str, Expression]
V = TypeVar("V", bound="Verb")


@dataclass(frozen=True, slots=True)
class Join:
    """A row of another table found by key; `variable` holds it in the generated code."""

    alias: str
    table: Table
    key: tuple[Expression, ...]
    optional: bool
    variable: str

    @property
    def is_inherited(self) -> bool:
        """Whether it is the table's join, not the rule's own."""
        return self.variable.startswith("t")


@dataclass(frozen=True, slots=True)
class OtherCard:
    """The card of another asset, by its code; `variable` holds it in the generated code."""

    alias: str
    code: Expression
    variable: str

    @property
    def code_variable(self) -> str:
        """The variable of its code."""
        return f"{self.variable}_code"


@dataclass(frozen=True, slots=True)
class DocumentLines:
    """The lines of the document that a rule is on, as they are or, `before.…`, as they were: a `column` of its row.
    `names` are what expressions call of each line and of what it joins."""

    alias: str
    table: Table
    column: int
    many: Many
    joins: Mapping[str, Join]
    names: Mapping[str, Name]

    @property
    def side(self) -> str:
        """The row that holds them."""
        return "before" if "." in self.alias else "after"

    @property
    def variable(self) -> str:
        """In the generated code, of each line."""
        return self.many.variables[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands in its rule, for people who follow a row through it: under which word, what it is the
    value of, in which entry of the voucher, from 1. `only_if` is what must be true for it to be asked, `each` the lines
    of a document for each of which it is, `says` what the clerk is told, by language, where it is not true."""

    word: str
    e: Expression
    name: str = ""
    entry: int = 0
    only_if: Expression | None = None
    each: DocumentLines | None = None
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verb:
    """What a rule says under one word. A verb overrides what it has to say; the registry says in which order verbs
    speak. Each of the four that emit code is asked of all verbs before the next one is."""

    word: ClassVar[str] = ""
    """Empty for one that no file says."""
    shape: ClassVar[tuple[Any, Any]]
    """Its type in a mapping file, and its value where it is absent."""
    is_for_snapshots: ClassVar[bool] = True
    """Whether a row that a snapshot reads for its card alone has this too."""
    has_effect: ClassVar[bool] = True
    """Whether a rule that says nothing else does anything."""
    opens_card: ClassVar[bool] = False
    """Whether it opens a card."""
    keeps_rows: ClassVar[bool] = False
    """Whether rows are kept for a voucher that many of them share."""
    may_replace: ClassVar[bool] = False
    """Whether such a row is replaced by what it is now, as long as it is kept: see `keep`."""

    @classmethod
    def read(cls, said: Any, reading: "Reading") -> Self | None:
        """The verb with its expressions read; None where it is absent or wrong, which the reader's errors say."""
        raise NotImplementedError

    @property
    def asset_code(self) -> Expression | None:
        """The asset code of the card that the verb writes."""
        return None

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The rules of whose postings it asks which stand."""
        return ()

    def expressions(self) -> Iterable[Expression]:
        """Everything it evaluates."""
        return ()

    def places(self) -> Iterable[Place]:
        """The same, each with its place, in the order in which people read them."""
        return (Place(self.word, e) for e in self.expressions())

    def brings(self, rule: "Rule") -> Iterable["Rule"]:
        """Further rules that it stands for in its rule."""
        return ()

    def beside(self, block: "Block") -> bool:
        """Emits `targets`, the postings that stand beside which one of the same key may come; whether it did."""
        return False

    def keep(self, block: "Block", once: "Once") -> None:
        """Emits `was_key`, the key that the row had before, and `kept`, whether it is collected under that."""

    def met(self, block: "Block", once: "Once") -> str:
        """Source of what is said where the posting exists already; empty where that is none of its business."""
        return ""

    def may_empty(self, rule: "Rule") -> bool:
        """Whether a voucher of nothing is one where `targets` stand."""
        return False

    def find(self, block: "Block") -> None:
        """Emits what finds out whether there is anything to do: leaves when there is not."""

    def judge(self, block: "Block") -> None:
        """Emits what refuses, before anything is made."""

    def make(self, block: "Block") -> None:
        """Emits a part of the posting: `cards_`, `voucher`, `rows_`, `reverses`, `collected` or `release`."""

    def post(self, block: "Block") -> None:
        """Emits what the batch has to know, when nothing can go wrong any more."""

    def check(self, rule: "Rule", checking: "Checking") -> None:
        """Says what is wrong, or may be, with the verb in its rule."""

    def behind(self, name: str) -> Iterable[tuple[Expression, str]]:
        """The expressions behind a name of the layout, such as `card.name`, each with its place."""
        return ()

    def columns(self) -> Iterable[tuple[str, Expression]]:
        """Finance columns that it fills beside the layout."""
        return ()


@dataclass(frozen=True)
class Rule:
    """A rule, ready to be turned into code. `release` names the collecting rule whose groups this one says are due,
    `of` the rule of the file that has brought it."""

    name: str
    on: Table
    when: Expression | None = None
    joins: Mapping[str, Join] = field(default_factory=dict)
    let: Fields = field(default_factory=dict)
    snapshot: str = "card"
    verbs: Sequence[Verb] = ()
    release: str = ""
    cards: Mapping[str, OtherCard] = field(default_factory=dict)
    lines: Mapping[str, DocumentLines] = field(default_factory=dict)
    of: str = ""

    def verb(self, of: type[V]) -> V | None:
        """What the rule says under a word."""
        return next((verb for verb in self.verbs if isinstance(verb, of)), None)

    def expressions(self) -> Iterable[Expression]:
        """Every expression of the rule, joins aside."""
        yield from () if self.when is None else (self.when,)
        yield from (card.code for card in self.cards.values())
        yield from self.let.values()
        for verb in self.verbs:
            yield from verb.expressions()

    @property
    def asset_code(self) -> Expression | None:
        """The asset code of the rule's card, None where it is the subject."""
        return next((verb.asset_code for verb in self.verbs if verb.asset_code is not None), None)

    @property
    def opens_card(self) -> bool:
        """Whether the rule opens cards."""
        return any(verb.opens_card for verb in self.verbs)

    def lines_of(self, name: str) -> DocumentLines | None:
        """The lines that a name is of: of a column of theirs or of what they join."""
        return next((lines for lines in self.lines.values() if name in lines.names), None)

    @property
    def all_joins(self) -> Iterable[Join]:
        """Its joins and those of its lines."""
        yield from self.joins.values()
        for lines in self.lines.values():
            yield from lines.joins.values()

    @property
    def valued(self) -> frozenset[str]:
        """The names that the class and the value of the card that it opens are made of."""
        fields = [e for verb in self.verbs if verb.opens_card for n, e in verb.fields.items() if n in (CLASS, VALUE)]  # type: ignore[attr-defined]
        return frozenset(name for e in fields for name in e.names)

    @property
    def own_joins(self) -> Iterable[Join]:
        """The joins that the rule names itself."""
        return (join for join in self.joins.values() if not join.is_inherited)

    @property
    def takes_snapshots(self) -> bool:
        """Whether rows that a snapshot reads are anything to the rule."""
        return self.snapshot == "post" or (self.snapshot == "card" and self.writes_card)

    @property
    def may_replace(self) -> bool:
        """Whether a collected row is replaced by what it is now."""
        return any(verb.may_replace for verb in self.verbs) and any(verb.keeps_rows for verb in self.verbs)

    @property
    def writes_card(self) -> bool:
        """Whether the rule opens a card or changes one."""
        return any(isinstance(verb, CardVerb) for verb in self.verbs)


@dataclass(frozen=True)
class CardVerb(Verb):
    """A verb that writes the finance card. `fields` are those without the asset code, which is `code`."""

    code: Expression | None
    fields: Fields

    @property
    def asset_code(self) -> Expression | None:
        """As said."""
        return self.code

    def expressions(self) -> Iterable[Expression]:
        """The code and the fields."""
        yield from () if self.code is None else (self.code,)
        yield from self.fields.values()

    def places(self) -> Iterable[Place]:
        """By field."""
        fields = self.fields if self.code is None else {"asset_code": self.code, **self.fields}
        return (Place(self.word, e, name) for name, e in fields.items())

    @classmethod
    def read(cls, said: Mapping[str, str] | None, reading: "Reading") -> Self | None:
        """Fields that the layout knows, as the kinds that it gives them."""
        if said is None:
            return None
        if said and "asset_code" not in said:
            reading.fault("missing_key", cls.word, key="asset_code", place=reading.name)
        code = reading.one(said.get("asset_code"), cls.word, "asset_code", kind=Kind.TEXT)
        fields: dict[str, Expression] = {}
        known = reading.resolver.card_names
        for name, text in said.items():
            if name.lower() == "asset_code":
                continue
            if name.lower() not in known:
                reading.fault("unknown_field", cls.word, name, field=name, nearest=nearest(name, known))
                continue
            value = reading.one(text, cls.word, name, kind=reading.resolver.card_kinds.get(name.lower()))
            if value is not None:
                fields[name.lower()] = value
        return cls(code, fields)

    def behind(self, name: str) -> Iterable[tuple[Expression, str]]:
        """The field's own expression."""
        prefix, _, wanted = name.partition(".")
        if prefix == "card" and wanted in self.fields:
            yield self.fields[wanted], name


@dataclass(frozen=True)
class Checking:
    """What checks look at and where they say what they find."""

    rules: Sequence[Rule]
    errors: ExpressionReader
    warnings: ExpressionReader


@dataclass
class Reading:
    """A rule of a mapping file while it is read: what its expressions may name, and where it stands."""

    resolver: "Resolver"
    name: str
    block: RuleFrame
    names: Mapping[str, Name]
    trail: Trail
    lines: Mapping[str, DocumentLines] = field(default_factory=dict)

    def within(self, lines: DocumentLines) -> "Reading":
        """The same for what is said of each line: what it holds may be named as it is."""
        own = {name: replace(one, many=None) for name, one in lines.names.items()}
        return replace(self, names={**self.names, **own})

    def one(self, text: str | None, *place: str | int, kind: Kind | None = None) -> Expression | None:
        """An expression at a place below the rule; None where there is none, or it is wrong."""
        if text is None:
            return None
        return self.resolver.reader.read(text, (*self.trail, *place), self.names, kind)

    def many(self, texts: Iterable[str], *place: str | int, kind: Kind | None = None) -> tuple[Expression, ...]:
        """Several at one place, without those that are wrong."""
        return tuple(e for e in (self.one(text, *place, kind=kind) for text in texts) if e is not None)

    def keys(self, texts: Iterable[str], *place: str | int) -> tuple[Expression, ...]:
        """Several as parts of a key, without those that are wrong."""
        read = self.resolver.reader.read_key
        return tuple(e for e in (read(text, (*self.trail, *place), self.names) for text in texts) if e is not None)

    def keys_in_utc(self, texts: Sequence[str]) -> tuple[Expression, ...]:
        """The same as they were read before timestamps were on the clock of the books; empty where it does not matter
        to them."""
        now = replace(self, resolver=replace(self.resolver, reader=self.resolver.reader.quiet()))
        then = replace(self.resolver.reader.quiet(), zone="UTC")
        names = dict(self.names)
        for word, text in self.block.let.items():
            old, new = then.read(text, (), names), now.one(text)
            if old is not None and new is not None and old.python() != new.python():
                names[word.lower()] = Name(old.python(), old.kind)
        read = (then.read_key(text, (), names) for text in texts)
        parts = tuple(e for e in read if e is not None)
        return parts if [e.python() for e in parts] != [e.python() for e in now.keys(texts)] else ()

    def fault(self, code: str, *place: str | int, **params: object) -> None:
        """Append an error at a place below the rule."""
        self.resolver.reader.fault(code, (*self.trail, *place), **params)
