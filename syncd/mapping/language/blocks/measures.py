"""The `reconcile` block, compiled: what the EAM says its assets amount to, as one SELECT.

A term that names a rule is that rule's own expression, seen as a snapshot sees it: `op` is 'read', there is no
`before`, joined rows are joined. So what is compared is the rule, not a second description of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from syncd.change import Kind, Table
from syncd.dialects import Dialect
from syncd.errors import MappingError
from syncd.mapping.expression.parse import Expression, Name, Scope
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.blocks.source_columns import Server
from syncd.mapping.language.blocks.source_sql import Given, Reach, SourceSql, Unreadable, header_of
from syncd.mapping.language.file.model import FurtherAssets, MappingFile, OfRule, Reconcile, SumOf
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.scope import ExpressionReader

Field = Literal["original_value", "accumulated_depreciation", "impairment"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
OF_TABLE: Final = "\x1d"
"""Between the number of a table and the key of its row."""


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
    """Field, of an amount or of `by` → the column of the asset's row that is one of its terms as it is, where there is
    one."""
    cards: str
    kept: Expression | None
    """The same condition, to be said in SQL."""
    accounts: Mapping[Field, Sequence[str]]
    alert_above: Decimal
    refused: Callable[[Dialect], Sequence[MappingError]]
    """What a server cannot compute exactly."""
    key_columns: int
    """How many `r0` … there are; none where SQL cannot tell the key."""
    tables: tuple["Measures", ...] = ()
    """Those of each table, where there are several; then a row's key begins with which of them it is of."""

    @property
    def each(self) -> Sequence["Measures"]:
        """Those of each table."""
        return self.tables or (self,)

    def of_key(self, key: str) -> tuple["Measures", str]:
        """Whose row has a key that the statement gave, and how it is called there."""
        if not self.tables or not key:
            return self, key
        table, _, own = key.partition(OF_TABLE)
        return self.tables[int(table)], own


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
    asked = [
        (("reconcile",), block),
        *((("reconcile", "also", i), _further(block, one)) for i, one in enumerate(block.also)),
    ]
    for trail, one in asked:
        if one.on not in tables:
            reader.fault("unknown_table", (*trail, "on"), table=one.on, nearest=nearest(one.on, [*tables]))
    if len(reader.errors) > before:
        return None
    given = Given(file, tables, constants)
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
    for i, more in enumerate(block.also):
        for name in more.by.keys() - block.by.keys():
            near = nearest(name, [*block.by])
            reader.fault("reconcile_by", ("reconcile", "also", i, "by", name), field=name, nearest=near)
    kept = reader.read(block.cards, ("reconcile", "cards"), fields, Kind.BOOLEAN) if block.cards else None
    made = [_of_table(given, one, trail, places, reader, kept) for trail, one in asked]
    each = [one for one in made if one is not None]
    if len(reader.errors) > before:
        return None
    if len(each) == 1:
        return each[0]
    return replace(
        each[0],
        query=lambda *server: _together([one.query(*server) for one in each], each, server[0]),
        unreadable=lambda *server: [found for one in each for found in one.unreadable(*server)],
        reaches=lambda *server: [reach for one in each for reach in one.reaches(*server)],
        refused=lambda dialect: [error for one in each for error in one.refused(dialect)],
        tables=tuple(each),
    )


def _further(block: Reconcile, said: FurtherAssets) -> Reconcile:
    """The block as it is of a further table."""
    own = {name: getattr(said, name) for name in said.model_fields_set - {"by"}}
    by = {name: said.by.get(name, term) for name, term in block.by.items()}
    return block.model_copy(update=own | {"by": by})


def _of_table(
    given: Given,
    block: Reconcile,
    trail: Trail,
    places: Places,
    reader: ExpressionReader,
    kept: Expression | None,
) -> Measures | None:
    """The block as it is of one table; None where it is wrong, which is left with the reader."""
    file, tables, before = given.file, given.tables, len(reader.errors)

    def made(reader: ExpressionReader, *server: Any) -> _Select:
        return _Select(given, block, trail, places, reader, Server(*server))

    def sound(*server: Any) -> _Select:
        select = made(reader.quiet(), *server)
        if select.errors:
            raise select.errors[0]
        return select

    key_columns = made(reader, "postgres", file.timezone).key_columns
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
            for field in (*FIELDS, *block.by)
            for name in _plain(file, block, tables[header_of(file, block.on)], field)[:1]
        },
        cards=kept.condition() if kept else "",
        kept=kept,
        accounts=block.accounts,
        alert_above=block.alert_above,
        refused=lambda dialect: made(reader.quiet(), dialect, file.timezone).errors,
        key_columns=key_columns,
    )


def _together(selects: Sequence[str], each: Sequence[Measures], dialect: Dialect) -> str:
    """The statements as one. Which of them a row is of stands before its key, which may have more columns in some."""
    amounts = [f"a{i}" for i in range(len(FIELDS))]
    width = max(one.key_columns for one in each)
    parts = []
    for i, (select, one) in enumerate(zip(selects, each, strict=True)):
        named = {name: f"p.{name}" for name in ("k", *(f"t{n}" for n in range(len(one.by))))}
        named |= {f"r{n + 1}": f"p.r{n}" if n < one.key_columns else "NULL" for n in range(width)}
        if dialect == "mysql":  # columns of other collations make no union
            named = {name: f"CONVERT({sql} USING utf8mb4) COLLATE utf8mb4_bin" for name, sql in named.items()}
        named = {"k": named.pop("k")} | {name: f"p.{name}" for name in amounts} | {"r0": f"'{i}'"} | named
        order = ["k", *amounts, *(f"t{n}" for n in range(len(one.by))), *(f"r{n}" for n in range(width + 1))]
        parts.append(f"SELECT {', '.join(f'{named[name]} AS {name}' for name in order)} FROM ({select}) AS p")
    return " UNION ALL ".join(parts)


def _plain(file: MappingFile, block: Reconcile, table: Table, field: str) -> list[str]:
    """The columns of the asset's row that are terms of a field."""
    texts = [
        file.rules[term.rule].fields("card")[term.field].removeprefix("after.") if isinstance(term, OfRule) else term
        for term in ((block.by[field],) if field in block.by else getattr(block, field) or ())
        if not isinstance(term, SumOf)
    ]
    names = {column.name.lower(): column.name for column in table.columns}
    return [names[text.strip().lower()] for text in texts if text.strip().lower() in names]


class _Select(SourceSql):
    """Builds the statement for one server, `sql`. What is wrong in the block is left with the reader."""

    def __init__(
        self, given: Given, block: Reconcile, trail: Trail, places: Places, reader: ExpressionReader, server: Server
    ) -> None:
        super().__init__(given, block.on, block.join, trail, reader, server)
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
        self.key_columns = len(self.key(self._tables[self._on], "a"))
        return self.select(named, texts, kept)

    def _by(self, field: str, term: OfRule | str) -> str:
        if isinstance(term, OfRule):
            return self.of_rule(("by", field), term, Kind.TEXT)[0]
        return self.read(term, ("by", field), self.scope, Kind.TEXT)

    def _amount(self, field: str) -> str:
        said = getattr(self._block, field) or ()
        terms = [self.term((field, i), term, f"s{field[:2]}{i}") for i, term in enumerate(said)]
        return self.amount(terms, (field,), self._rounded(field))
