"""A layout file becomes a FinanceLayout: its expressions read and checked, its tables found to fit together."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.change import Kind
from syncd.language import Language
from syncd.mapping.expression.parse import Expression, Function, Name, mentioned, parse
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.layout_file import (
    CardTable,
    Generated,
    LayoutFile,
    Numbering,
    PlainTable,
    VoucherTable,
)
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.numbers import Numbers, Pattern
from syncd.mapping.layout.periods import are_months
from syncd.mapping.layout.queries import plain_reads, reads_of_each
from syncd.mapping.layout.tables import (
    ASSET_CODE,
    CARD_ID,
    CARD_ID_SCOPE,
    ENTRY_SCOPE,
    HEADING,
    ID_OF_ROW,
    ID_SCOPE,
    LABEL_SCOPE,
    PERIOD_SCOPE,
    REF_SCOPE,
    VOUCHER_ID,
    VOUCHER_SCOPE,
    PhysicalTable,
    card_names,
    card_scope,
    choosing,
    coded,
    dims_scope,
    fields_scope,
    lookup_function,
)

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
Trail = tuple[str | int, ...]


def card_fields(file: LayoutFile) -> list[str]:
    """The card fields that a layout names, `asset_code` aside, in its order."""
    names: dict[str, None] = {}
    for table in file.card:
        for text in table.columns.values():
            names |= dict.fromkeys(mentioned(text, "card"))
        names |= dict.fromkeys(f.lower() for f in table.read)
    names.pop(ASSET_CODE, None)
    return list(names)


def lookup_functions(file: LayoutFile) -> dict[str, Function]:
    """The layout's lookups as functions of its expressions."""
    return {name.lower(): lookup_function(name) for name in file.lookups}


def compile_layout(
    file: LayoutFile,
    reader: ExpressionReader,
    card_kinds: Mapping[str, Kind],
    dim_kinds: Mapping[str, Kind],
    others: Mapping[str, Mapping[str, Kind]],
    field_kinds: Mapping[str, Kind],
    written: Collection[str] = (),
    language: Language = "zh",
) -> FinanceLayout | None:
    """The layout as functions; None when it is wrong, with the reader's `errors` saying how."""
    before = len(reader.errors)
    reader = replace(reader, functions=lookup_functions(file))
    if file.accounts not in file.lookups:
        near = nearest(file.accounts, list(file.lookups))
        reader.fault("unknown_lookup_name", ("accounts",), lookup=file.accounts, nearest=near)
    for name in file.kinds:
        if name.lower() not in card_kinds:
            reader.fault("unknown_field", ("kinds", name), field=name, nearest=nearest(name, list(card_kinds)))
    _check_edits(file, reader, card_kinds, others)
    dims = dims_scope({d: dim_kinds.get(d, Kind.NULL) for d in file.dims})
    cards = _cards(reader, file.card, card_scope(card_kinds))
    # What no rule says is NULL in every voucher, and fits a column of any kind.
    fields = {**{name: field_kinds.get(name, Kind.NULL) for name in file.voucher_fields}, **HEADING}
    heading = fields_scope(fields)
    numbers = _numbers(reader, file.numbering, file.book or "")
    labels = LABEL_SCOPE if numbers.pattern is not None else {}
    vouchers = _vouchers(reader, file.voucher, VOUCHER_SCOPE | heading | labels)
    of_id = ID_SCOPE if any(table.generated for table in vouchers) else {}
    entries = _tables(reader, "entry", file.entry, ENTRY_SCOPE | heading | dims | labels | of_id)
    entries = tuple(replace(table, where=of.where or "") for table, of in zip(entries, file.entry, strict=True))
    varies = [("voucher", i) for i, table in enumerate(vouchers) if table.named is not None]
    varies += [("entry", i) for i, table in enumerate(entries) if table.named is not None]
    if are_months(file.periods) and varies:
        reader.fault("months_for_tables", (*varies[0], "table"))
    numbering = None if file.numbering == "none" else _table(reader, file.numbering.table, (), {}, ("numbering",), {})
    ref = reader.read(file.ref or numbers.ref, ("ref",), REF_SCOPE | labels, Kind.TEXT)
    if any(table.when is not None for table in file.card):
        cards = _each_whole(reader, file.card, cards)
        reads = reads_of_each(cards)
    else:
        reads = plain_reads(cards) | {f.lower(): sql for t in file.card for f, sql in t.read.items()}
    if len(reader.errors) == before:
        _check_cards(reader, cards, reads)
    if len(reader.errors) > before or ref is None:
        return None
    return FinanceLayout(
        file,
        cards,
        vouchers,
        entries,
        numbers,
        numbering,
        ref,
        card_kinds,
        reads,
        others,
        frozenset(written),
        reader.zone,
        dim_kinds,
        fields,
        language,
    )


def _numbers(reader: ExpressionReader, said: Numbering | str, book: str) -> Numbers:
    """How vouchers are numbered."""
    if isinstance(said, str):
        return Numbers((), is_none=True, book=book)
    by = [field for field in ("period", "year", "type") if getattr(said, field) is not None]
    numbers = Numbers(by, None if said.pattern is None else Pattern(said.pattern), book=book)
    if numbers.pattern is not None and not numbers.pattern.is_sound:
        reader.fault("numbering_pattern", ("numbering", "pattern"), pattern=said.pattern)
    if said.date is not None and not numbers.are_usual:
        reader.fault("numbering_date", ("numbering", "date"))
    if "{" in said.table and not {"period", "year"} & set(by):
        reader.fault("numbering_table_varies", ("numbering", "table"), table=said.table)
    return numbers


def _check_edits(
    file: LayoutFile, reader: ExpressionReader, card_kinds: Mapping[str, Kind], others: Mapping[str, Mapping[str, Kind]]
) -> None:
    known = [*card_kinds, *(f"{table}.{column}" for table, columns in others.items() for column in columns)]
    for name in file.finance_edits:
        if name not in known and name.lower() not in card_kinds:
            reader.fault("unknown_edited", ("finance_edits",), field=name, nearest=nearest(name, known))


def _tables(
    reader: ExpressionReader, block: str, tables: Sequence[CardTable | PlainTable], scope: Mapping[str, Name]
) -> tuple[PhysicalTable, ...]:
    return tuple(_table(reader, t.table, t.key, t.columns, (block, i), scope) for i, t in enumerate(tables))


def _cards(
    reader: ExpressionReader, tables: Sequence[CardTable], scope: Mapping[str, Name]
) -> tuple[PhysicalTable, ...]:
    """The tables of cards; those behind the first may read the id that finance gives its row."""
    made = []
    for i, table in enumerate(tables):
        if i and table.generated is not None:
            reader.fault("generated_behind", ("card", i, "generated"), table=table.table)
        own = {**scope, **CARD_ID_SCOPE} if i and tables[0].generated is not None else scope
        read = _table(reader, table.table, table.key, table.columns, ("card", i), own, table.generated, CARD_ID)
        columns = {c: _of_row(e) if own is not scope or c == read.generated else e for c, e in read.columns.items()}
        # Not by its code: one that is renamed stays where it is.
        fields = {name: of for name, of in scope.items() if name != f"card.{ASSET_CODE}"}
        when = None if table.when is None else reader.read(table.when, ("card", i, "when"), fields, Kind.BOOLEAN)
        made.append(replace(read, columns=columns, where=table.where or "", when=when))
    return tuple(made)


def _each_whole(
    reader: ExpressionReader, tables: Sequence[CardTable], cards: Sequence[PhysicalTable]
) -> tuple[PhysicalTable, ...]:
    """The tables of cards where each holds some of them whole. Which one holds a card must be read back from any."""
    for i, table in enumerate(tables):
        if (table.when is None) != (i == len(tables) - 1):
            reader.fault("card_when_last", ("card", i, "when"), table=table.table)
        if table.generated is not None:
            reader.fault("card_when_generated", ("card", i, "generated"), table=table.table)
    own = [{f.lower(): sql for f, sql in table.read.items()} for table in tables]
    made = tuple(replace(card, reads=plain_reads([card]) | read) for card, read in zip(cards, own, strict=True))
    for field in sorted(choosing(made)):
        for i, card in enumerate(made):
            if field not in card.reads:
                reader.fault("card_when_unread", ("card", i, "read"), table=card.name, field=field)
    return made


def _of_row(e: Expression) -> Expression:
    """The card's id under a name that is no field's."""
    return replace(e, names=e.names - {CARD_ID} | {ID_OF_ROW}) if CARD_ID in e.names else e


def _vouchers(
    reader: ExpressionReader, tables: Sequence[VoucherTable], scope: Mapping[str, Name]
) -> tuple[PhysicalTable, ...]:
    """The tables of vouchers; the others may read the id that finance gives the row of one of them."""
    drawing = [i for i, table in enumerate(tables) if table.generated is not None]
    for i in drawing[1:]:
        reader.fault("generated_twice", ("voucher", i, "generated"), table=tables[i].table)
    made = []
    for i, table in enumerate(tables):
        own = {**scope, **ID_SCOPE} if drawing and i != drawing[0] else scope
        made.append(_table(reader, table.table, table.key, table.columns, ("voucher", i), own, table.generated))
    return tuple(made)


def _table(
    reader: ExpressionReader,
    name: str,
    key: tuple[str, ...],
    columns: Mapping[str, str],
    trail: Trail,
    scope: Mapping[str, Name],
    generated: Generated | None = None,
    called: str = VOUCHER_ID,
) -> PhysicalTable:
    given = [*([] if generated is None else [generated.column]), *columns]
    for column in key:
        if column not in given:
            reader.fault("unknown_key_column", (*trail, "key"), column=column, nearest=nearest(column, given))
    parsed = {c: reader.read(text, (*trail, "columns", c), scope) for c, text in columns.items()}
    if generated is not None:
        if generated.column in columns:
            reader.fault("generated_written", (*trail, "columns", generated.column), column=generated.column)
        parsed = {generated.column: parse(called, ID_SCOPE | CARD_ID_SCOPE), **parsed}
    named = _table_name(reader, name, (*trail, "table")) if "{" in name else None
    made = PhysicalTable(name, named, key, {c: e for c, e in parsed.items() if e is not None})
    return replace(made, generated=generated.column, sequence=generated.sequence or "") if generated else made


def _table_name(reader: ExpressionReader, name: str, trail: Trail) -> Expression | None:
    """A name with expressions of the period in braces."""
    texts, braces = _BRACES.split(name)[::2], _BRACES.split(name)[1::2]
    pieces = ["'" + texts[0].replace("'", "''") + "'"]
    for brace, text in zip(braces, texts[1:], strict=True):
        pieces += [f"CAST(({brace}) AS text)", "'" + text.replace("'", "''") + "'"]
    return reader.read(" || ".join(pieces), trail, PERIOD_SCOPE, Kind.TEXT)


def _check_cards(reader: ExpressionReader, cards: Sequence[PhysicalTable], reads: Mapping[str, str]) -> None:
    """The card must be found by its asset code, and all its tables by what they share with the first."""
    for i, table in enumerate(cards):
        if table.named is not None:
            reader.fault("card_table_varies", ("card", i, "table"), table=table.name)
        for column in table.key:
            if card_names(table.columns[column]) or (not i and column == table.generated):
                reader.fault("card_key_varies", ("card", i, "key"), column=column)
            elif (
                cards[0].given(e := table.columns[column]) is None and (e.names or not table.where) and not table.reads
            ):
                reader.fault("card_tables_unjoined", ("card", i, "key"), column=column, table=cards[0].name)
    if cards and cards[0].generated and coded(cards[0]) is None:
        reader.fault("generated_unfound", ("card", 0, "generated"), table=cards[0].name)
    if cards and ASSET_CODE not in reads:
        reader.fault("card_without_code", ("card",))
