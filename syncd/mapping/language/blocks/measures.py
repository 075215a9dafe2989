"""The `reconcile` block, compiled: what the EAM says its assets amount to, as one SELECT.

A term that names a rule is that rule's own expression, seen as a snapshot sees it: `op` is 'read', there is no
`before`, joined rows are joined. So what is compared is the rule, not a second description of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from syncd.change import Kind, Table
from syncd.dialects import Dialect
from syncd.errors import MappingError
from syncd.mapping.expression.parse import Expression, Name, Scope
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.blocks.source_columns import Server
from syncd.mapping.language.blocks.source_sql import Given, Reach, SourceSql, Unreadable, header_of
from syncd.mapping.language.file.model import MappingFile, OfRule, Reconcile, SumOf
from syncd.mapping.language.scope import ExpressionReader

Field = Literal["original_value", "accumulated_depreciation", "impairment"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)


@dataclass(frozen=True, slots=True)
class Measures:
    """The EAM's side. `cards` is a Python condition over a card's fields `card`, empty when all cards count;
    `accounts` are the ledger accounts whose balances must equal the cards' totals."""

    query: Callable[..., str]
    """The parts of a `Server` → SELECT of one row an asset, in no order: its code `k`, the amounts `a0` …, the texts
    `t0` … of `by`, the row's key as texts `r0` …. Raises MappingError for what has no exact SQL there."""
    unreadable: Callable[..., Sequence[Unreadable]]
    """The same arguments → what finds the rows that hold a text where an amount is to be."""
    reaches: Callable[..., Sequence[Reach]]
    """The same arguments → which rows of other tables belong to the assets' rows, in the order in which they are asked
    for."""
    on: str
    """Alias of the table with one row an asset."""
    judged: str
    """What rules look at: the same, or the document whose header it is."""
    by: tuple[str, ...]
    """The card fields by which totals are told, and which are compared too."""
    columns: Mapping[str, str]
    """Field → the column of the asset's row that is one of its terms as it is, where there is one."""
    cards: str
    kept: Expression | None
    """The same condition, to be said in SQL."""
    accounts: Mapping[Field, Sequence[str]]
    alert_above: Decimal
    refused: Callable[[Dialect], Sequence[MappingError]]
    """What a server cannot compute exactly."""


Places = Callable[[str], int | None]
"""Card field → the digits after the point that finance keeps of it; None where the layout does not say."""


def compile_measures(
    file: MappingFile,
    tables: Mapping[str, Table],
    reader: ExpressionReader,
    constants: Scope,
    card_kinds: Mapping[str, Kind],
    card_reads: Mapping[str, str],
    places: Places,
) -> Measures | None:
    """The block compiled; None when the mapping has none or it is wrong, which the reader's `errors` then say."""
    block = file.reconcile
    if block is None:
        return None
    before = len(reader.errors)
    if block.on not in tables:
        reader.fault("unknown_table", ("reconcile", "on"), table=block.on, nearest=nearest(block.on, [*tables]))
        return None
    given = Given(file, tables, constants)

    def made(reader: ExpressionReader, *server: Any) -> _Select:
        return _Select(given, block, places, reader, Server(*server))

    def sound(*server: Any) -> _Select:
        select = made(reader.quiet(), *server)
        if select.errors:
            raise select.errors[0]
        return select

    fields = {
        name.lower(): Name(f"card.get({name!r})", kind, card_reads.get(name, "")) for name, kind in card_kinds.items()
    }
    for field in FIELDS:
        if field not in card_kinds and any(term not in ("0", "0.00") for term in getattr(block, field) or ()):
            near = nearest(field, [*card_kinds])
            reader.fault("reconcile_card_field", ("reconcile", field), field=field, nearest=near)
    texts = [field for field, kind in card_kinds.items() if kind is Kind.TEXT and field in card_reads]
    for name in block.by:
        if name not in texts:
            near = nearest(name, texts)
            reader.fault("reconcile_by", ("reconcile", "by", name), field=name, nearest=near)
    kept = reader.read(block.cards, ("reconcile", "cards"), fields, Kind.BOOLEAN) if block.cards else None
    made(reader, "postgres", file.timezone)
    if len(reader.errors) > before:
        return None
    return Measures(
        query=lambda *asked: sound(*asked).sql,
        unreadable=lambda *asked: sound(*asked).unreadable(),
        reaches=lambda *asked: sound(*asked).reaches,
        on=header_of(file, block.on),
        judged=block.on,
        by=tuple(block.by),
        columns={
            field: name
            for field in FIELDS
            for name in _plain(file, block, tables[header_of(file, block.on)], field)[:1]
        },
        cards=kept.condition() if kept else "",
        kept=kept,
        accounts=block.accounts,
        alert_above=block.alert_above,
        refused=lambda dialect: made(reader.quiet(), dialect, file.timezone).errors,
    )


def _plain(file: MappingFile, block: Reconcile, table: Table, field: str) -> list[str]:
    """The columns of the asset's row that are terms of a field."""
    texts = [
        file.rules[term.rule].fields("card")[term.field].removeprefix("after.") if isinstance(term, OfRule) else term
        for term in getattr(block, field) or ()
        if not isinstance(term, SumOf)
    ]
    names = {column.name.lower(): column.name for column in table.columns}
    return [names[text.strip().lower()] for text in texts if text.strip().lower() in names]


class _Select(SourceSql):
    """Builds the statement for one server, `sql`. What is wrong in the block is left with the reader."""

    def __init__(
        self, given: Given, block: Reconcile, places: Places, reader: ExpressionReader, server: Server
    ) -> None:
        super().__init__(given, block.on, block.join, ("reconcile",), reader, server)
        self._block, self._rounded = block, places
        self.sql = self._text()

    def _text(self) -> str:
        block = self._block
        # An asset without a code is on nobody's side, and both are read in the order of the codes.
        code = f"coalesce({self.read(block.asset_code, ('asset_code',), self.scope, Kind.TEXT)}, '')"
        conditions = [self.read(block.where, ("where",), self.scope, Kind.BOOLEAN)] if block.where else []
        found = [self.term(("unless", i), rows.counted, f"u{i}") for i, rows in enumerate(block.unless)]
        conditions += [f"{term.sql} IS NULL" for term in found if term is not None]
        kept = " AND ".join(f"({one})" for one in conditions) if len(conditions) > 1 else "".join(conditions)
        named = {"k": code}
        named |= {f"a{i}": self._amount(field) for i, field in enumerate(FIELDS)}
        texts = [self._by(field, term) for field, term in block.by.items()]
        return self.select(named, texts, kept)

    def _by(self, field: str, term: OfRule | str) -> str:
        if isinstance(term, OfRule):
            return self.of_rule(("by", field), term, Kind.TEXT)[0]
        return self.read(term, ("by", field), self.scope, Kind.TEXT)

    def _amount(self, field: str) -> str:
        said = getattr(self._block, field) or ()
        terms = [self.term((field, i), term, f"s{field[:2]}{i}") for i, term in enumerate(said)]
        return self.amount(terms, (field,), self._rounded(field))
