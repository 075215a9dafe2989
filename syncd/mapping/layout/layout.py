"""A finance layout: how logical cards, vouchers and entries lie in the physical tables of one finance system.

Pure, so every ledger shares it. Each table's columns become one generated function that renders a whole batch; a
card may be written in part, and the function for a combination of fields is made when it is first met.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from syncd.change import Kind, Value
from syncd.dialects import Dialect
from syncd.journal import Shape
from syncd.language import Language, say
from syncd.mapping.expression.parse import Expression
from syncd.mapping.language.file.layout_file import LayoutFile, Numbering, Periods
from syncd.mapping.layout import periods, queries
from syncd.mapping.layout.fields import exact, places, reader
from syncd.mapping.layout.journal import shape as journal_shape
from syncd.mapping.layout.journal_query import Journal
from syncd.mapping.layout.journal_query import journal as read_journal
from syncd.mapping.layout.numbers import OTHERWISE, Numbers
from syncd.mapping.layout.render import (
    CardShape,
    CardWriter,
    StrictLookup,
    UnkeptField,
    card_writer,
    chooser,
    journal,
    journal_check,
    other_rows,
    reference,
    renamer,
    table_names,
)
from syncd.mapping.layout.tables import (
    ASSET_CODE,
    ID_OF_ROW,
    PhysicalTable,
    card_names,
    choosing,
    coded,
    lookups_called,
    plain_name,
    spelled,
)
from syncd.ports import Drawn, LookupSpec, Numbered, Period, Series, Statement, TableWrite
from syncd.posting import CardWrite, Fields, Posting, Voucher

Lookups = Mapping[str, Mapping[Value, Value]]
CARDS_MAX = 4_000
"""Cards whose rows are made at once: a group may have hundreds of thousands."""
_OWN = frozenset({"voucher.key", "posting.key"})
"""What tells a voucher from every other, whoever numbers them."""


@dataclass
class FinanceLayout:
    """Implements `ports.Layout`. `card_kinds` are the kinds of the card's fields, `reads` the SQL that reads them,
    `others` what rules write to other tables, `zone` that of the books."""

    file: LayoutFile
    cards: tuple[PhysicalTable, ...]
    vouchers: tuple[PhysicalTable, ...]
    entries: tuple[PhysicalTable, ...]
    numbers: Numbers
    numbering: PhysicalTable | None
    ref: Expression
    card_kinds: Mapping[str, Kind]
    reads: Mapping[str, str]
    others: Mapping[str, Mapping[str, Kind]]
    written: frozenset[str]
    """The card's fields that rules write."""
    zone: str
    dims: Mapping[str, Kind]
    """The auxiliaries of entries, as far as a rule gives them."""
    fields: Mapping[str, Kind]
    """What a voucher's header may say besides its own."""
    language: Language
    """That of the books."""
    name: str = field(init=False)
    lookups: Mapping[str, LookupSpec] = field(init=False)
    called: Sequence[str] = field(init=False)
    """Those of the lookups that its columns call."""
    card_fields: tuple[str, ...] = field(init=False)
    card_guard: str = field(init=False)
    shape: Shape = field(init=False)
    series: Callable[[str, str], Series | None] | None = field(init=False)
    """Of a period and type, where they are not the series themselves."""
    finance_edits: frozenset[str] = field(init=False)
    held: frozenset[str] = field(init=False)
    _writers: dict[CardShape, CardWriter] = field(init=False, default_factory=dict)
    _writers_behind: dict[CardShape, CardWriter] = field(init=False, default_factory=dict)
    _places: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.file.finance
        self.lookups = {
            n: LookupSpec(n, s.table, s.code, s.gives, s.where or "", s.name or "")
            for n, s in self.file.lookups.items()
        }
        self.card_fields = tuple(f for f in self.reads if f != ASSET_CODE)
        self.card_guard = next((t.name for t in self.cards[:1] if _is_by_code(t) and not t.when), "")
        self._card_lookups = _lookups(self.cards)
        has_ids = bool(self.cards) and bool(self.cards[0].generated)
        self._behind = [t for t in self.cards if has_ids and any(ID_OF_ROW in e.names for e in t.columns.values())][1:]
        self._renaming: CardWriter | None = None
        self._own = [table.without_id() for table in self.cards if table not in self._behind]
        used = _lookups((*self.vouchers, *self.entries))
        self.called = sorted({*self._card_lookups, *used})
        label = None if self.numbers.pattern is None else self.numbers.pattern.written
        self._drawing = next((table for table in self.vouchers if table.generated), None)
        if self._drawing is None:
            self._journal = journal(self.vouchers, self.entries, used, label=label)
        else:
            others = [table for table in self.vouchers if table is not self._drawing]
            self._heads = journal([self._drawing.without_id()], (), used, label=label)
            self._journal = journal(others, self.entries, used, self._drawing, label)
            self._known_by = next((c for c, e in self._drawing.columns.items() if plain_name(e) in _OWN), "")
        known = queries.account_lookup(self.file.accounts)
        self._check = journal_check(self.vouchers, self.entries, used, known, label)
        self._table_names = table_names((*self.vouchers, *self.entries))
        self._numbered_table = table_names(() if self.numbering is None else (self.numbering,))
        self.series = None if self.numbers.are_usual else self.numbers.series
        self._ref = reference(self.ref, label)
        self.shape = journal_shape(self.vouchers, self.entries, self._table_names)
        self._places = places(self.file.kinds)
        self._card_reader = reader(self.card_fields, self.card_kinds, self.zone)
        self.finance_edits = frozenset(n if "." in n else n.lower() for n in self.file.finance_edits)
        self.held = self.written & queries.held(self.cards, self.reads)
        self._which = chooser(self.cards) if self.cards and self.cards[0].when else None
        self.needs_check = self._check is not None or bool(self._card_lookups) or self._which is not None

    def render(self, postings: Sequence[Numbered], lookups: Lookups) -> Iterator[TableWrite]:
        """Finance rows in the order they must be written: cards opened, cards changed, vouchers, entries, others."""
        yield from self._render_cards([card for posting, _ in postings for card in posting.cards], lookups)
        if self._drawing is None:
            journal = self._journal(postings, lookups, self._ref)
        else:
            ids: dict[str, list[int]] = {}
            for table, columns, key, rows in self._heads(postings, lookups, self._ref):
                drawn = self._drawn(ids.setdefault(table, []))
                if rows:
                    yield TableWrite(table, columns, key, "insert", rows, drawn)
            journal = self._journal(postings, lookups, self._ref, ids)
        for table, columns, key, rows in journal:
            if rows:
                yield TableWrite(table, columns, key, "insert", rows)
        yield from other_rows(postings)

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        """Every finance table written in these periods, with its columns and the kind of value each is given."""
        found: dict[str, Mapping[str, Kind]] = {t.name: t.kinds() for t in self.cards}
        journal = [table.kinds() for table in (*self.vouchers, *self.entries)]
        for period in periods:
            found |= zip(self._table_names(period.code), journal, strict=True)
        return found | dict(self.others)

    def drawn(self, periods: Sequence[Period]) -> Mapping[str, Drawn]:
        """Of the tables written in these periods those with a column that finance fills with ids."""
        of_cards = [self.cards[0].name] if self.cards and self.cards[0].generated else []
        found = {name: self._card_drawn() for name in of_cards}
        if self._drawing is not None:
            place = self.vouchers.index(self._drawing)
            found |= {self._table_names(period.code)[place]: self._drawn([]) for period in periods}
        return found

    def _drawn(self, ids: list[int]) -> Drawn:
        assert self._drawing is not None, "no table with an id"
        return Drawn(self._drawing.generated, self._drawing.sequence, self._known_by, ids)

    def holds(self, field: str, periods: Sequence[Period]) -> Iterator[tuple[str, str]]:
        """The tables and columns that hold a field of the card, the voucher or the entry as it is: `voucher.key`."""
        named = [(table.name, table) for table in self.cards]
        for period in periods:
            named += zip(self._table_names(period.code), (*self.vouchers, *self.entries), strict=True)
        for name, table in named:
            yield from ((name, column) for column, e in table.columns.items() if plain_name(e) == field)

    def journal_names(self, period: str) -> Sequence[str]:
        """What the tables of vouchers, then those of entries, are called in a period."""
        return cast(Sequence[str], self._table_names(period))

    def places(self, field: str) -> int | None:
        """How many digits after the point finance keeps of a card field; None where the layout does not say."""
        return self._places.get(field)

    def misses(self, posting: Posting, lookups: Lookups) -> None:
        """Raises UnknownLookup when finance does not know a code that the posting's rows need, the account of an
        entry aside, and UnkeptField where a card's table lacks a field that it is given. Nothing to see where
        `needs_check` is False."""
        strict = {name: StrictLookup(name, known) for name, known in lookups.items()}
        if self._check is not None and posting.voucher is not None:
            self._check(posting, strict, self._ref)
        if self._which is not None:
            for _, verb, fields in posting.cards:
                table = self.cards[self._which(fields.get)]
                lacking = (name for name, value in fields.items() if value is not None and name not in table.reads)
                if verb != "rename" and (name := next(lacking, None)) is not None:
                    raise UnkeptField(table.name, name)
        if self._card_lookups and posting.cards:
            for write in self._render_cards(posting.cards, strict):
                if write.drawn is not None:
                    write.drawn.ids.extend([0] * len(write.rows))

    def exact(self, kind: Kind, value: object) -> Value:
        """A value as the kind it is, see `fields.exact`."""
        return exact(kind, value, self.zone)

    def table_of(self, fields: Fields) -> str:
        """The table that holds such a card, where cards of several kinds lie in tables of their own; else empty."""
        return "" if self._which is None else self.cards[self._which(fields.get)].name

    def companions(self, fields: Iterable[str]) -> set[str]:
        """The card fields that must be known beside these to write them: those that share a column with one."""
        if not (given := set(fields)):
            return set()
        columns = [e for table in self.cards for e in table.columns.values()]
        return set().union(*(reads for e in columns if (reads := card_names(e)) & given), choosing(self.cards)) - given

    def card_query(self) -> str:
        """SELECT asset_code and `card_fields` of one asset code; empty where finance has no cards."""
        return f"{self.all_cards_query()} WHERE {self.reads[ASSET_CODE]} = ?" if self.cards else ""

    def class_query(self) -> str:
        """The same of the cards of one class, its only parameter; of every card where SQL does not tell the class."""
        known = self.reads.get("class")
        return f"{self.all_cards_query()} WHERE {known} = ?" if self.cards and known else self.all_cards_query()

    def all_cards_query(self) -> str:
        """SELECT asset_code and `card_fields` of every card; empty where finance has none."""
        return queries.cards(self.cards, self.reads, self.card_fields) if self.cards else ""

    def card_row(self, row: Sequence[object]) -> Fields:
        """A row of `card_query` as logical fields, exact."""
        return self._card_reader(row)

    def compared_query(self, dialect: Dialect, amounts: Sequence[str], texts: Sequence[str], condition: str) -> str:
        """SELECT of one row a card as the reconciliation compares it, see `queries.compared`."""
        return queries.compared(self.cards, self.reads, dialect, amounts, texts, condition)

    def periods_query(self) -> str:
        """What finance is asked for its periods; empty for nothing."""
        return periods.query(self.file.periods)

    def periods(self, rows: Sequence[Sequence[object]]) -> Sequence[Period]:
        """The periods by what finance answered to that, the oldest first."""
        return periods.found(self.file.periods, rows, self.zone)

    def last_number(self, series: Series) -> Statement:
        """SELECT what finance holds of a series' numbers: the highest, or all of them as they are written."""
        return queries.last_number(*self._asked(series))

    def kept(self, period: str) -> str:
        """What syncd calls a period among those of all books in the database."""
        return self.numbers.owner + period

    def numbered(self, series: Series) -> tuple[str, str, str, Sequence[object]]:
        """Where finance keeps a series' numbers: the table, SQL over its columns, ` WHERE …` or nothing, and what is
        asked there."""
        said, table, own = self._numbered(series)
        return table, said.number, *queries.in_series(said, own)

    def number_in(self, found: object) -> int:
        """A number that such a statement found; 0 for none."""
        pattern = self.numbers.pattern
        return int(str(found or 0)) if pattern is None else pattern.number("" if found is None else str(found))

    def last_date(self, series: Series) -> Statement | None:
        """SELECT the latest voucher day that finance holds of a series; None where days need not ascend."""
        return queries.last_date(*self._asked(series))

    @property
    def dates_ascend(self) -> bool:
        """Whether days are to ascend with numbers."""
        return not isinstance(self.file.numbering, str) and self.file.numbering.date is not None

    def numbers_of(self, period: str) -> tuple[Statement, bool] | None:
        """SELECT type and number, as it is written, of the vouchers of the series that a period is in; and whether each
        begins with one. None where vouchers have no numbers."""
        series = (period, "") if self.series is None else self.series(period, "")
        if series is None:
            return None
        return queries.numbers(*self._asked(series)), bool({"period", "year"} & set(self.numbers.by))

    def _numbered(self, series: Series) -> tuple[Numbering, str, Series]:
        """Where finance keeps the numbers of a series, the table's name, and the series as finance knows it."""
        said = self.file.numbering
        assert not isinstance(said, str), "vouchers have no numbers"
        which = series[0].removeprefix(OTHERWISE + self.numbers.owner)
        (table,) = self._numbered_table(which if "period" in self.numbers.by else f"{which}-01")
        return said, table, (which, series[1])

    def _asked(self, series: Series) -> tuple[Numbering, str, Series]:
        """The same, the table as SQL; what the layout writes to is called as it is."""
        said, table, own = self._numbered(series)
        is_ours = self.numbering is not None and self.numbering.name in {t.name for t in self.vouchers + self.entries}
        return said, spelled(table) if is_ours else table, own

    def entries_query(self, accounts: int) -> str:
        """SELECT account code and amounts (debit, then credit or less credit) of the entries to so many accounts.
        Empty when the layout does not say how to read them back."""
        return queries.entries(self.entries, self.lookups[self.file.accounts], accounts)

    def voucher_entries_query(self, accounts: int) -> queries.VoucherEntries | None:
        """As `entries_query`, with each entry's voucher; None when the layout does not say how to read them back."""
        return queries.voucher_entries(self.vouchers, self.entries, self.lookups[self.file.accounts], accounts)

    def journals(self, periods: Sequence[Period]) -> Sequence[Journal] | None:
        """How the entries of these periods are read back, table by table; None where the layout does not tell."""
        names = dict.fromkeys(tuple(self._table_names(period.code)) for period in periods)
        dims = {name: self.dims.get(name, Kind.TEXT) for name in self.file.dims}
        found = [read_journal(self.vouchers, self.entries, name, self.lookups, dims) for name in names]
        return None if None in found else cast(Sequence[Journal], found)

    def period_update(self, code: str, is_open: bool) -> tuple[str, Sequence[object]] | None:
        """The statement that closes a period in finance's own table, or opens it; None where the layout says none."""
        p = self.file.periods
        if not isinstance(p, Periods):
            return None
        said = p.reopen if is_open else p.close
        return (f"UPDATE {p.table} SET {said} WHERE {p.code} = ?", (code,)) if said else None

    def manual_query(self, accounts: int) -> str:
        """SELECT the entries to so many accounts whose vouchers no posting made: `queries.manual`."""
        chart, marks = self.lookups[self.file.accounts], ", ".join("?" * accounts)
        return queries.manual(self.entries, self.vouchers, chart, marks)

    @property
    def company(self) -> tuple[str, ...] | None:
        """What tells its vouchers and periods from those of other companies in the same finance; None for nothing."""
        said = (self.file.book or "", *(table.where for table in self.entries))
        return said if any(said) else None

    @property
    def naming(self) -> Sequence[str]:
        """The fields that name such a voucher to people, in the order in which `manual_query` gives them."""
        return queries.naming(self.vouchers)

    def voucher_ref(self, period: str, type: str, number: int, key: str) -> str:
        """What people call the voucher."""
        return cast(str, self._ref(period, type, number, key))

    def voucher_called(self, voucher: Voucher, number: int) -> str:
        """What summaries call the voucher."""
        day = voucher.date
        written = f"{day.year}年{day.month}月{day.day}日" if self.language == "zh" else day.isoformat()
        if self.numbers.is_none:
            by = "voucher_called_plain" if voucher.type else "voucher_called_by_day"
            return say(by, {"day": written, "type": voucher.type}, self.language)
        pattern = self.numbers.pattern
        label = str(number) if pattern is None else pattern.written(voucher.period, voucher.type, number)
        tells_type = not voucher.type or (pattern is not None and "type" in pattern.pieces)
        called = label if tells_type else f"{voucher.type}-{label}"
        return say("voucher_called", {"day": written, "called": called}, self.language)

    def _render_cards(self, written: Sequence[CardWrite], lookups: Lookups) -> Iterator[TableWrite]:
        """What comes before a card is called otherwise is written before, what comes behind it behind."""
        start = 0
        for n, card in enumerate(written):
            if card[1] == "rename":
                yield from self._render_kept(written[start:n], lookups)
                yield from self._render_renamed(card, lookups)
                start = n + 1
        yield from self._render_kept(written[start:] if start else written, lookups)

    def _render_renamed(self, card: CardWrite, lookups: Lookups) -> Iterator[TableWrite]:
        """The old row and the new one of each table that tells cards by their codes."""
        if self._renaming is None:
            self._renaming = renamer(self.cards, self._card_lookups)
        tables, write = self._renaming
        was, now = write(card[0], lookups), write(card[2][ASSET_CODE], lookups)
        for (table, columns), *rows in zip(tables, was, now, strict=True):
            yield TableWrite(table.name, columns, columns, "rename", rows, where=table.where)

    def _render_kept(self, written: Sequence[CardWrite], lookups: Lookups) -> Iterator[TableWrite]:
        by_shape: dict[CardShape, list[CardWrite]] = {}
        for card in written:
            by_shape.setdefault((card[1], *card[2]), []).append(card)
        for shape in sorted(by_shape, key=lambda s: s[0] != "open"):
            if shape not in self._writers:
                self._writers[shape] = card_writer(shape, self._own, self._card_lookups)
            cards = by_shape[shape]
            for start in range(0, len(cards), CARDS_MAX):
                lot = cards[start : start + CARDS_MAX]
                yield from _written(shape, self._writers[shape][0], self._writers[shape][1](lot, lookups))
                if self._behind:
                    yield from self._render_behind(shape, lot, lookups)

    def _render_behind(self, shape: CardShape, written: Sequence[CardWrite], lookups: Lookups) -> Iterator[TableWrite]:
        """The tables that refer to the ids of cards, once finance has told them."""
        if shape not in self._writers_behind:
            self._writers_behind[shape] = card_writer(shape, self._behind, self._card_lookups, True)
        tables, write = self._writers_behind[shape]
        if tables:
            codes = [card[0] for card in written]
            found = self._card_drawn()
            known = (found.known_by,)
            yield TableWrite(self.cards[0].name, known, known, "find", [(code,) for code in codes], found)
            ids = dict(zip(codes, found.ids, strict=True))
            yield from _written(shape, tables, write(written, lookups, ids))

    def _card_drawn(self) -> Drawn:
        first = self.cards[0]
        return Drawn(first.generated, first.sequence, coded(first) or "", [], first.where)


def _written(
    shape: CardShape,
    tables: Sequence[tuple[PhysicalTable, tuple[str, ...]]],
    written: Sequence[Sequence[tuple[Value, ...]]],
) -> Iterator[TableWrite]:
    verb: Literal["open", "update"] = "open" if shape[0] == "open" else "update"
    for (table, columns), rows in zip(tables, written, strict=True):
        yield TableWrite(table.name, columns, table.key, verb, rows, where=table.where)


def _is_by_code(table: PhysicalTable) -> bool:
    """Whether a card table has one row an asset code: its key is that and what is the same in every row."""
    return {plain_name(e) for c in table.key if (e := table.columns[c]).names} == {f"card.{ASSET_CODE}"}


def _lookups(tables: Iterable[PhysicalTable]) -> list[str]:
    """The lookups that the columns of the tables call."""
    return sorted({name for t in tables for e in t.columns.values() for name in lookups_called(e)})
