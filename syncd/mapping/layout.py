"""A finance layout: how logical cards, vouchers and entries lie in the physical tables of one finance system.

Pure, so every ledger shares it. Each table's columns become one generated function that renders a whole batch; a
card may be written in part, and the function for a combination of fields is made when it is first met.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Final, Literal, cast

from syncd.change import Kind, Value
from syncd.mapping.expression import Expression, Function, Name
from syncd.mapping.model import CardTable, LayoutFile, PlainTable
from syncd.mapping.render import (
    ASSET_CODE,
    ENTRY_SCOPE,
    PERIOD_SCOPE,
    REF_SCOPE,
    VOUCHER_SCOPE,
    CardShape,
    CardWriter,
    PhysicalTable,
    StrictLookup,
    called,
    card_names,
    card_writer,
    journal,
    journal_check,
    reference,
    table_names,
)
from syncd.mapping.scope import Reader
from syncd.mapping.terms import nearest
from syncd.money import decimal
from syncd.ports import LookupSpec, Numbered, Period, TableWrite
from syncd.posting import CardWrite, Fields, Posting

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_CARD_FIELD: Final = re.compile(r"'(?:[^']|'')*'|\bcard\.(\w+)", re.IGNORECASE)

Lookups = Mapping[str, Mapping[Value, Value]]
Trail = tuple[str | int, ...]


@dataclass
class FinanceLayout:
    """Implements `ports.Layout`. `card_kinds` are the kinds of the card's fields, `reads` the SQL that reads them,
    `others` what rules write to other tables."""

    file: LayoutFile
    cards: tuple[PhysicalTable, ...]
    vouchers: tuple[PhysicalTable, ...]
    entries: tuple[PhysicalTable, ...]
    numbering: PhysicalTable
    ref: Expression
    card_kinds: Mapping[str, Kind]
    reads: Mapping[str, str]
    others: Mapping[str, Mapping[str, Kind]]
    name: str = field(init=False)
    lookups: Mapping[str, LookupSpec] = field(init=False)
    card_fields: tuple[str, ...] = field(init=False)
    _writers: dict[CardShape, CardWriter] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.file.finance
        self.lookups = {n: LookupSpec(n, s.table, s.code, s.gives, s.where or "") for n, s in self.file.lookups.items()}
        self.card_fields = tuple(f for f in self.reads if f != ASSET_CODE)
        used = {
            n for t in (*self.vouchers, *self.entries) for e in t.columns.values() for n in called(e.text, self.lookups)
        }
        journal_lookups = sorted(used)
        self._card_lookups = sorted(
            {n for t in self.cards for e in t.columns.values() for n in called(e.text, self.lookups)}
        )
        self._journal = journal(self.vouchers, self.entries, journal_lookups)
        plain = re.compile(rf"\s*{re.escape(self.file.accounts)}\(\s*entry\.account\s*\)\s*", re.IGNORECASE)
        self._check = journal_check(_without(self.vouchers, plain), _without(self.entries, plain), journal_lookups)
        self._table_names = table_names((*self.vouchers, *self.entries))
        self._numbered_table = table_names((self.numbering,))
        self._ref = reference(self.ref)
        self.needs_check = self._check is not None or bool(self._card_lookups)

    def render(self, postings: Sequence[Numbered], lookups: Lookups) -> Iterator[TableWrite]:
        """Finance rows in the order they must be written: cards opened, cards changed, vouchers, entries, others."""
        yield from self._render_cards([card for posting, _ in postings for card in posting.cards], lookups)
        for table, columns, key, rows in self._journal(postings, lookups, self._ref):
            if rows:
                yield TableWrite(table, columns, key, "insert", rows)
        yield from _render_others(postings)

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        """Every finance table written in these periods, with its columns and the kind of value each is given."""
        found: dict[str, Mapping[str, Kind]] = {t.name: t.kinds() for t in self.cards}
        for period in periods:
            for name, table in zip(self._table_names(period.code), (*self.vouchers, *self.entries), strict=True):
                found[name] = table.kinds()
        return found | dict(self.others)

    def holds(self, field: str, periods: Sequence[Period]) -> Iterator[tuple[str, str]]:
        """The tables and columns that hold a field of the voucher or the entry as it is: `voucher.key`."""
        for period in periods:
            for name, table in zip(self._table_names(period.code), (*self.vouchers, *self.entries), strict=True):
                yield from ((name, column) for column, e in table.columns.items() if e.text.strip().lower() == field)

    def misses(self, posting: Posting, lookups: Lookups) -> None:
        """Raises UnknownLookup when finance does not know a code that the posting's rows need, the account of an
        entry aside. Nothing to see where `needs_check` is False."""
        strict = {name: StrictLookup(name, known) for name, known in lookups.items()}
        if self._check is not None and posting.voucher is not None:
            self._check(posting, strict, self._ref)
        if self._card_lookups and posting.cards:
            list(self._render_cards(posting.cards, strict))

    def companions(self, fields: Iterable[str]) -> set[str]:
        """The card fields that must be known beside these to write them: those that share a column with one."""
        given = set(fields)
        columns = [e for table in self.cards for e in table.columns.values()]
        return set().union(*(reads for e in columns if (reads := card_names(e)) & given)) - given

    def cards_query(self, count: int) -> str:
        """SELECT asset_code and `card_fields` of `count` asset codes."""
        return f"{self.all_cards_query()} WHERE {self.reads[ASSET_CODE]} IN ({', '.join('?' * count)})"

    def all_cards_query(self) -> str:
        """SELECT asset_code and `card_fields` of every card."""
        first, *others = self.cards
        joined = f"{first.name} AS c0"
        for i, other in enumerate(others, 1):
            on = " AND ".join(f"c{i}.{column} = c0.{_same(first, other.columns[column])}" for column in other.key)
            joined += f" LEFT JOIN {other.name} AS c{i} ON {on}"
        return f"SELECT {', '.join(self.reads[f] for f in (ASSET_CODE, *self.card_fields))} FROM {joined}"

    def card_row(self, row: Sequence[object]) -> Fields:
        """A row of `cards_query` as logical fields, exact."""
        return {f: exact(self.card_kinds[f], v) for f, v in zip(self.card_fields, row[1:], strict=True)}

    def periods_query(self) -> str:
        """SELECT code, first, last, open."""
        p = self.file.periods
        return f"SELECT {p.code}, {p.first}, {p.last}, CASE WHEN {p.open} THEN 1 ELSE 0 END FROM {p.table} ORDER BY 1"

    def last_number_query(self, period: str) -> str:
        """SELECT the highest voucher number that finance holds for (?, ?) = (period, type)."""
        n = self.file.numbering
        (table,) = self._numbered_table(period)
        return f"SELECT coalesce(max({n.number}), 0) FROM {table} WHERE {n.period} = ? AND {n.type} = ?"

    def voucher_ref(self, period: str, type: str, number: int) -> str:
        """What people call the voucher."""
        return cast(str, self._ref(period, type, number))

    def _render_cards(self, written: Sequence[CardWrite], lookups: Lookups) -> Iterator[TableWrite]:
        by_shape: dict[CardShape, list[CardWrite]] = {}
        for card in written:
            by_shape.setdefault((card[1], *card[2]), []).append(card)
        for shape in sorted(by_shape, key=lambda s: s[0] != "open"):
            if shape not in self._writers:
                self._writers[shape] = card_writer(shape, self.cards, self._card_lookups)
            tables, write = self._writers[shape]
            verb: Literal["open", "update"] = "open" if shape[0] == "open" else "update"
            for (table, columns), rows in zip(tables, write(by_shape[shape], lookups), strict=True):
                yield TableWrite(table.name, columns, table.key, verb, rows)


def card_fields(file: LayoutFile) -> list[str]:
    """The card fields that a layout names, `asset_code` aside, in its order."""
    names: dict[str, None] = {}
    for table in file.card:
        for text in [*table.columns.values(), *(f"card.{f}" for f in table.read)]:
            names |= dict.fromkeys(n.lower() for n in _CARD_FIELD.findall(text) if n)
    names.pop(ASSET_CODE, None)
    return list(names)


def lookup_functions(file: LayoutFile) -> dict[str, Function]:
    """The layout's lookups as functions of its expressions."""
    return {name.lower(): Function(f"look_{name}", (Kind.TEXT,), Kind.TEXT) for name in file.lookups}


def compile_layout(
    file: LayoutFile,
    reader: Reader,
    card_kinds: Mapping[str, Kind],
    dim_kinds: Mapping[str, Kind],
    others: Mapping[str, Mapping[str, Kind]],
) -> FinanceLayout | None:
    """The layout as functions; None when it is wrong, with the reader's `errors` saying how."""
    before = len(reader.errors)
    reader = Reader(reader.document, lookup_functions(file), reader.errors)
    if file.accounts not in file.lookups:
        near = nearest(file.accounts, list(file.lookups))
        reader.fault("unknown_lookup_name", ("accounts",), lookup=file.accounts, nearest=near)
    for name in file.kinds:
        if name.lower() not in card_kinds:
            reader.fault("unknown_field", ("kinds", name), field=name, nearest=nearest(name, list(card_kinds)))
    fields = {"card.asset_code": Name("code", Kind.TEXT)}
    fields |= {f"card.{f}": Name(f"get({f!r})", kind) for f, kind in card_kinds.items()}
    dims = {f"entry.{d}".lower(): Name(f"dims.get({d!r})", dim_kinds.get(d, Kind.TEXT)) for d in file.dims}
    cards = _tables(reader, "card", file.card, fields)
    vouchers = _tables(reader, "voucher", file.voucher, VOUCHER_SCOPE)
    entries = _tables(reader, "entry", file.entry, ENTRY_SCOPE | dims)
    numbering = _table(reader, file.numbering.table, (), {}, ("numbering",), {})
    ref = reader.read(file.ref, ("ref",), REF_SCOPE, Kind.TEXT)
    if len(reader.errors) == before:
        _check_cards(reader, cards)
    if len(reader.errors) > before or ref is None:
        return None
    reads = _plain_reads(cards) | {f.lower(): sql for t in file.card for f, sql in t.read.items()}
    return FinanceLayout(file, cards, vouchers, entries, numbering, ref, card_kinds, reads, others)


def _tables(
    reader: Reader, block: str, tables: Sequence[CardTable | PlainTable], scope: Mapping[str, Name]
) -> tuple[PhysicalTable, ...]:
    return tuple(_table(reader, t.table, t.key, t.columns, (block, i), scope) for i, t in enumerate(tables))


def _table(
    reader: Reader, name: str, key: tuple[str, ...], columns: Mapping[str, str], trail: Trail, scope: Mapping[str, Name]
) -> PhysicalTable:
    for column in key:
        if column not in columns:
            reader.fault("unknown_key_column", (*trail, "key"), column=column, nearest=nearest(column, list(columns)))
    parsed = {c: reader.read(text, (*trail, "columns", c), scope) for c, text in columns.items()}
    named = _table_name(reader, name, (*trail, "table")) if "{" in name else None
    return PhysicalTable(name, named, key, {c: e for c, e in parsed.items() if e is not None})


def _table_name(reader: Reader, name: str, trail: Trail) -> Expression | None:
    """A name with expressions of the period in braces."""
    texts, braces = _BRACES.split(name)[::2], _BRACES.split(name)[1::2]
    pieces = ["'" + texts[0].replace("'", "''") + "'"]
    for brace, text in zip(braces, texts[1:], strict=True):
        pieces += [f"CAST(({brace}) AS text)", "'" + text.replace("'", "''") + "'"]
    return reader.read(" || ".join(pieces), trail, PERIOD_SCOPE, Kind.TEXT)


def _check_cards(reader: Reader, cards: Sequence[PhysicalTable]) -> None:
    """The card must be found by its asset code, and all its tables by what they share with the first."""
    for i, table in enumerate(cards):
        if table.named is not None:
            reader.fault("card_table_varies", ("card", i, "table"), table=table.name)
        for column in table.key:
            if card_names(table.columns[column]):
                reader.fault("card_key_varies", ("card", i, "key"), column=column)
            elif _same(cards[0], table.columns[column]) is None:
                reader.fault("card_tables_unjoined", ("card", i, "key"), column=column, table=cards[0].name)
    if ASSET_CODE not in _plain_reads(cards):
        reader.fault("card_without_code", ("card",))


def _plain_reads(cards: Sequence[PhysicalTable]) -> dict[str, str]:
    """Card fields that lie in a column as they are."""
    found: dict[str, str] = {}
    for i, table in enumerate(cards):
        for column, e in table.columns.items():
            if e.text.strip().lower().startswith("card.") and len(e.names) == 1:
                found.setdefault(e.text.strip().lower()[5:], f"c{i}.{column}")
    return {f: sql for f, sql in found.items() if f.isidentifier()}


def _same(table: PhysicalTable, wanted: Expression) -> str | None:
    """The column of a table that is given the same expression."""
    return next((c for c, e in table.columns.items() if e.text.split() == wanted.text.split()), None)


def _without(tables: Iterable[PhysicalTable], plain: re.Pattern[str]) -> list[PhysicalTable]:
    """The tables without the columns that only look the account up, which the translator has done already."""
    return [replace(t, columns={c: e for c, e in t.columns.items() if not plain.fullmatch(e.text)}) for t in tables]


def _render_others(postings: Sequence[Numbered]) -> Iterator[TableWrite]:
    """The rows of other finance tables, one write for rows of one shape that follow each other."""
    shape: tuple[str, tuple[str, ...], tuple[str, ...]] | None = None
    rows: list[tuple[Value, ...]] = []
    for posting, _ in postings:
        for table, key, values in posting.rows:
            if (table, key, tuple(values)) != shape:
                if shape is not None:
                    yield _other(shape, rows)
                shape, rows = (table, key, tuple(values)), []
            rows.append(tuple(values.values()))
    if shape is not None:
        yield _other(shape, rows)


def _other(shape: tuple[str, tuple[str, ...], tuple[str, ...]], rows: list[tuple[Value, ...]]) -> TableWrite:
    table, key, columns = shape
    return TableWrite(table, columns, key, "upsert" if key else "insert", rows)


def exact(kind: Kind, value: object) -> Value:
    """A value as a database driver returned it, as the kind it is. Raises ValueError for a float."""
    if value is None:
        return None
    match kind:
        case Kind.DECIMAL:
            return decimal(value)
        case Kind.INTEGER:
            return int(decimal(value))
        case Kind.BOOLEAN:
            return value in (True, 1, "1", "t", "true")
        case Kind.DATE:
            return _moment(value).date()
        case Kind.TIMESTAMP:
            return _moment(value)
    return str(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time.min)
    else:
        found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
