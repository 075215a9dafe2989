"""The `depreciation` block, compiled: what a card means for depreciation, and how a month's row is filled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from syncd.change import Kind, Row, Table, Value
from syncd.mapping.expression.parse import Expression, Name
from syncd.mapping.language import scope
from syncd.mapping.language.blocks import depreciation_block as blocks
from syncd.mapping.language.blocks.readings import Reading, filled, find_table, function, read_rows
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.rules import Resolver
from syncd.record import object_reader

Card = Mapping[str, Value]
Form = Literal["fixed", "remaining"]
_NAMES: Final[Mapping[str, Kind]] = {
    "asset": Kind.TEXT,
    "period": Kind.TEXT,
    "line": Kind.INTEGER,
    "kind": Kind.TEXT,
    "department": Kind.TEXT,
    "amount": Kind.DECIMAL,
    "months": Kind.TEXT,
    "date": Kind.DATE,
}
"""What a computed row may be filled with."""
_RUN_NAMES: Final[Mapping[str, Kind]] = {"period": Kind.TEXT, "run": Kind.INTEGER, "date": Kind.DATE}


class CardTerms(NamedTuple):
    """What a card says of depreciation. None where the card does not say."""

    depreciates: bool | None
    ready: date | None
    is_opening: bool | None
    continues: bool | None
    opening_until: date | None
    original_value: Decimal | None
    accumulated: Decimal | None
    impairment: Decimal | None
    life_months: int | None
    residual_rate: Decimal | None
    method: str | None
    units: Decimal | None
    department: str | None
    workshop: str | None
    asset_class: str | None


_ACCUMULATED: Final = CardTerms._fields.index("accumulated")


@dataclass(frozen=True)
class Depreciation:
    """How assets depreciate under a mapping. `fields` are the card's fields that the terms are read from, with their
    kinds; `books` gives for a second book (life, residual rate, method, impairment) of a card, and its form."""

    by: Literal["syncd", "eam"]
    form: Form
    fields: Mapping[str, Kind]
    terms: Callable[[Card], CardTerms]
    depreciates_of: Callable[[Card], tuple[bool | None]]
    accumulated_of: Callable[[Card], tuple[Decimal | None]]
    """Two of the terms by themselves, for where not all can be computed."""
    rows: Table
    fill: Callable[..., Row] | None
    run: Table | None
    fill_run: Callable[..., Row] | None
    sent: Reading | None
    shares: Reading | None
    meter: Reading | None
    books: Mapping[str, tuple[Callable[[Card], tuple[Any, ...]], Form]]
    accumulated: frozenset[str]
    """The card's fields that say what is depreciated."""

    @cached_property
    def card(self) -> Callable[[Mapping[str, object]], Card]:
        """A card's fields as JSON kept them → their values, of those that are there."""
        return object_reader(self.fields)

    @property
    def computed(self) -> frozenset[str]:
        """The aliases of the tables whose rows syncd makes itself."""
        if self.by == "eam":
            return frozenset()
        return frozenset((self.rows.alias, *([] if self.run is None else [self.run.alias])))


def compile_depreciation(
    block: blocks.DepreciationBlock | None, resolver: Resolver, decisions: Mapping[str, Any]
) -> Depreciation | None:
    """The block compiled; None when there is none or it is wrong, which the reader's `errors` then say."""
    return None if block is None else _Compiler(block, resolver, decisions).whole()


class _Compiler:
    def __init__(self, block: blocks.DepreciationBlock, resolver: Resolver, decisions: Mapping[str, Any]) -> None:
        self._block, self._resolver, self._reader = block, resolver, resolver.reader
        self._decisions = decisions
        self._card = resolver.constants() | scope.card(resolver.card_kinds)

    def whole(self) -> Depreciation | None:
        before, block = len(self._reader.errors), self._block
        rows = self._table(block.rows.table, ("depreciation", "rows", "table"))
        run = None if block.run is None else self._table(block.run.table, ("depreciation", "run", "table"))
        said = self._terms()
        sent, fill, fill_run = None, None, None
        if rows is not None and block.by == "eam":
            sent = self._sent()
        elif rows is not None:
            fill = self._fill(rows, block.rows.columns, ("depreciation", "rows", "columns"), _NAMES, self._card)
        if run is not None and block.run is not None and block.by == "syncd":
            constants = self._resolver.constants()
            fill_run = self._fill(run, block.run.columns, ("depreciation", "run", "columns"), _RUN_NAMES, constants)
        shares = self._shares()
        meter = self._meter()
        books = {name: self._book(name, book) for name, book in block.books.items()}
        if len(self._reader.errors) > before or rows is None:
            return None
        read, first, worn = (self._function("card", some) for some in (said, said[:1], [said[_ACCUMULATED]]))
        used = {name.partition(".")[2] for e in said for name in e.names if name.startswith("card.")}
        used |= {name.partition(".")[2] for _, names, _ in books.values() for name in names}
        used |= {f for text in block.rows.columns.values() for f in self._mentioned(text)}
        kinds = {f: kind for f, kind in self._resolver.card_kinds.items() if f in used}
        return Depreciation(
            block.by, block.straight_line, kinds, lambda card: CardTerms._make(read(card)), first, worn,
            rows, fill, run, fill_run,
            sent, shares, meter, {name: (of, form) for name, (of, _, form) in books.items()},
            frozenset(name.partition(".")[2] for name in said[_ACCUMULATED].names if name.startswith("card.")),
        )  # fmt: skip

    def _mentioned(self, text: str) -> frozenset[str]:
        names = self._card | {n: Name(n, kind) for n, kind in _NAMES.items()}
        found = self._reader.quiet().read(text, (), names)
        return frozenset(n.partition(".")[2] for n in found.names if n.startswith("card.")) if found else frozenset()

    def _terms(self) -> list[Expression]:
        block, at = self._block, ("depreciation", "card")
        texts: list[tuple[str | None, Trail, Kind]] = [
            (block.when, ("depreciation", "when"), Kind.BOOLEAN),
            (block.from_, ("depreciation", "from"), Kind.DATE),
            (block.opening, ("depreciation", "opening"), Kind.BOOLEAN),
            (block.continues, ("depreciation", "continues"), Kind.BOOLEAN),
            (block.opening_until, ("depreciation", "opening_until"), Kind.DATE),
            (block.card.original_value, (*at, "original_value"), Kind.DECIMAL),
            (block.card.accumulated, (*at, "accumulated"), Kind.DECIMAL),
            (block.card.impairment, (*at, "impairment"), Kind.DECIMAL),
            (block.card.life_months, (*at, "life_months"), Kind.INTEGER),
            (block.card.residual_rate, (*at, "residual_rate"), Kind.DECIMAL),
            (block.card.method, (*at, "method"), Kind.TEXT),
            (block.card.units, (*at, "units"), Kind.DECIMAL),
            (block.card.department, (*at, "department"), Kind.TEXT),
            (block.card.workshop, (*at, "workshop"), Kind.TEXT),
            (block.card.asset_class, (*at, "asset_class"), Kind.TEXT),
        ]
        read = [self._reader.read("NULL" if text is None else text, at, self._card, kind) for text, at, kind in texts]
        return [e for e in read if e is not None]

    def _sent(self) -> Reading | None:
        rows, at = self._block.rows, ("depreciation", "rows")
        given = {"asset": rows.asset, "period": rows.period, "amount": rows.amount}
        for word, text in given.items():
            if text is None:
                self._reader.fault("missing_key", (*at, word), key=word, place=".".join(at))
        kinds = (Kind.TEXT, Kind.TEXT, Kind.DECIMAL)
        return self._reading(rows.table, [t or "NULL" for t in given.values()], kinds, at)

    def _shares(self) -> Reading | None:
        said = self._block.shares
        if said is None:
            return None
        texts, kinds = (said.asset, said.department, said.percent), (Kind.TEXT, Kind.TEXT, Kind.DECIMAL)
        return self._reading(said.table, texts, kinds, ("depreciation", "shares"))

    def _meter(self) -> Reading | None:
        said = self._block.meter
        if said is None:
            return None
        texts, kinds = (said.asset, said.period, said.units), (Kind.TEXT, Kind.TEXT, Kind.DECIMAL)
        return self._reading(said.table, texts, kinds, ("depreciation", "meter"))

    def _reading(self, alias: str, texts: Sequence[str], kinds: Sequence[Kind], at: Trail) -> Reading | None:
        return read_rows(self._resolver, self._decisions, alias, list(zip(texts, kinds, strict=True)), at)

    def _fill(
        self, table: Table, columns: Mapping[str, str], at: Trail, given: Mapping[str, Kind], names: Mapping[str, Name]
    ) -> Callable[..., Row] | None:
        """A row of the table from the given names, in their order, and the card."""
        more = ("card",) if given is _NAMES else ()
        return filled(self._resolver, self._decisions, table, columns, at, given, names, more)

    def _book(
        self, name: str, book: blocks.SecondBook
    ) -> tuple[Callable[[Card], tuple[Any, ...]], frozenset[str], Form]:
        card, at = self._block.card, ("depreciation", "books", name)
        texts = (
            (book.life_months or card.life_months, Kind.INTEGER),
            (book.residual_rate or card.residual_rate, Kind.DECIMAL),
            (book.method or card.method, Kind.TEXT),
            (book.impairment, Kind.DECIMAL),
        )
        read = [e for text, kind in texts if (e := self._reader.read(text, at, self._card, kind)) is not None]
        names = frozenset(n for e in read for n in e.names if n.startswith("card."))
        return self._function("card", read), names, book.straight_line or self._block.straight_line

    def _function(self, variables: str, expressions: Sequence[Expression]) -> Callable[..., tuple[Any, ...]]:
        return function(self._decisions, variables, expressions)

    def _table(self, alias: str, at: Trail) -> Table | None:
        return find_table(self._resolver, alias, at)
