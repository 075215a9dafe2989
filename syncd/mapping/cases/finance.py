"""A finance database for one case, made of the layout itself: the tables that it writes, and those that it asks.

The layout's own SQL runs where its shape is plain enough to make tables for it: a column by its name, a condition like
`status = 'open'`. Where it is not, which most often is SQL that only finance's own database understands, an equivalent
is made and asked instead.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from syncd.change import Kind, Value
from syncd.dialects import SPELLINGS
from syncd.errors import Fault
from syncd.mapping.language.file.layout_file import Periods
from syncd.mapping.layout import periods
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Drawn, Ledger, LookupSpec, Numbered, Period, Series, Statement, TableWrite
from syncd.posting import CardWrite, Fields, Voucher

CARDS: Final = "syncd_case_card"
PERIODS: Final = "syncd_case_period"
_PLAIN_READ: Final = (exp.Column, exp.Identifier, exp.Select, exp.From, exp.Where, exp.EQ, exp.And, exp.Subquery,
                      exp.Table, exp.TableAlias, exp.Paren, exp.Literal, exp.Coalesce)  # fmt: skip


@lru_cache(8)
def _listed(rows: tuple[tuple[object, ...], ...]) -> Sequence[Period]:
    """A case asks at every turn, and has a hundred years of months where it names none."""
    return tuple(periods.listed(rows))


class Unlearnt(Exception):
    """Finance was asked for codes that it must know before the case goes on: it knows every code as itself."""


class CaseLayout:
    """Implements `ports.Layout`: the layout, asked of the tables that were made for it. `others` are the other tables
    that rules write, with their keys; `stated` the lookups that the case tells: every other knows each code as itself,
    once it has been asked for it."""

    def __init__(
        self, layout: FinanceLayout,
        others: Sequence[tuple[str, tuple[str, ...]]], stated: Mapping[str, Mapping[str, Value]],
        periods: Sequence[Period],
    ) -> None:  # fmt: skip
        self._layout, self._others, self._periods = layout, others, periods
        self.name, self.shape, self.card_fields = layout.name, layout.shape, layout.card_fields
        self.card_guard = ""  # a case may state cards that are nowhere else
        self.series = layout.series
        self.finance_edits, self.held = layout.finance_edits, layout.held
        self.codes: dict[str, dict[Value, Value]] = {name: {} for name in layout.lookups}
        for name, known in stated.items():
            self.codes[name].update(known)
        self.stated = frozenset(stated)
        self.lookups: Mapping[str, LookupSpec] = {name: self._spec(spec) for name, spec in layout.lookups.items()}
        self.columns: dict[str, dict[str, None]] = {}
        """Of each table the columns that were written so far."""
        self._periods_query = _plain_periods(layout.file.periods, set(self._written)) or f"SELECT * FROM {PERIODS}"
        self._reads_cards = all(map(_is_plain, layout.reads.values()))
        self._numbers = self._dates = True

    # Asked by the ledger

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterator[TableWrite]:
        """What the layout writes, and the cards as they are where its own way of reading them cannot be gone."""
        for write in self._layout.render(postings, lookups):
            drawn = [] if write.drawn is None else [write.drawn.column]
            self.columns.setdefault(write.table, {}).update(dict.fromkeys([*drawn, *write.columns]))
            yield write
        for card in (card for posting, _ in postings for card in posting.cards if not self._reads_cards):
            if card.verb == "rename":
                codes = [(card.asset_code,), (card.fields["asset_code"],)]
                yield TableWrite(CARDS, ("asset_code",), ("asset_code",), "rename", codes)
                continue
            verb: Literal["open", "update"] = "open" if card.verb == "open" else "update"
            yield TableWrite(
                CARDS, ("asset_code", *card.fields), ("asset_code",), verb, [(card.asset_code, *card.fields.values())]
            )

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        """As the layout."""
        return self._layout.writes(periods)

    def drawn(self, periods: Sequence[Period]) -> Mapping[str, Drawn]:
        """As the layout."""
        return self._layout.drawn(periods)

    def holds(self, field: str, periods: Sequence[Period]) -> Iterable[tuple[str, str]]:
        """As the layout."""
        return self._layout.holds(field, periods)

    def places(self, field: str) -> int | None:
        """As the layout."""
        return self._layout.places(field)

    def exact(self, kind: Kind, value: object) -> Value:
        """As the layout."""
        return self._layout.exact(kind, value)

    def card_query(self) -> str:
        """The layout's own, where it can be asked here."""
        if self._reads_cards:
            return self._layout.card_query()
        listed = ", ".join(("asset_code", *self.card_fields))
        return f"SELECT {listed} FROM {CARDS} WHERE asset_code = ?"

    def class_query(self) -> str:
        """The layout's own, likewise."""
        if self._reads_cards:
            return self._layout.class_query()
        return f"SELECT {', '.join(('asset_code', *self.card_fields))} FROM {CARDS}"

    def card_row(self, row: Sequence[object]) -> Fields:
        """As the layout."""
        return self._layout.card_row(row)

    def period_update(self, code: str, is_open: bool) -> tuple[str, Sequence[object]] | None:
        """Nobody closes a period in a case."""
        return None

    def periods_query(self) -> str:
        """The layout's own, where it can be asked here."""
        return self._periods_query

    def periods(self, rows: Sequence[Sequence[object]]) -> Sequence[Period]:
        """Those that are in the table made for them."""
        return _listed(tuple(map(tuple, rows)))

    def kept(self, period: str) -> str:
        """As the layout."""
        return self._layout.kept(period)

    def last_number(self, series: Series) -> Statement:
        """The layout's own, where it can be asked here; else finance's own people have typed no voucher."""
        return self._layout.last_number(series) if self._numbers else ("SELECT NULL", ())

    def numbered(self, series: Series) -> tuple[str, str, str, Sequence[object]]:
        """As the layout."""
        return self._layout.numbered(series)

    def number_in(self, found: object) -> int:
        """As the layout."""
        return self._layout.number_in(found)

    def last_date(self, series: Series) -> Statement | None:
        """As the layout, where it can be asked here; else finance's own people have typed no voucher."""
        asked = self._layout.last_date(series)
        return asked if self._dates or asked is None else ("SELECT NULL", ())

    def voucher_called(self, voucher: Voucher, number: int) -> str:
        """As the layout."""
        return self._layout.voucher_called(voucher, number)

    def voucher_ref(self, period: str, type: str, number: int, key: str) -> str:
        """As the layout."""
        return self._layout.voucher_ref(period, type, number, key)

    # Made before

    def make(self, ledger: Ledger) -> None:
        """Make the tables, and see which of the layout's own SQL can be asked of them."""
        spelling, layout = SPELLINGS[ledger.dialect], self._layout
        statements: list[Statement] = []
        drawn = {name: one.column for name, one in layout.drawn(self._periods).items()}
        for name, (columns, keys) in self._tables().items():
            own = drawn.get(name, "")
            listed = [spelling.quoted(c) + (" INTEGER PRIMARY KEY" if c == own else "") for c in columns]
            unique = [f"UNIQUE ({', '.join(map(spelling.quoted, key))})" for key in keys]
            statements.append((f"CREATE TABLE {spelling.table(name)} ({', '.join([*listed, *unique])})", ()))
        ledger.execute([*statements, *self._period_rows(ledger), *self._lookup_rows(ledger)])
        held = self._periods[0].code, ""
        series = held if self.series is None else self.series(*held)
        self._reads_cards = self._reads_cards and (not layout.cards or _runs(ledger, layout.card_query(), ("",)))
        self._numbers = series is not None and _runs(ledger, *self._layout.last_number(series))
        dates = None if series is None else self._layout.last_date(series)
        self._dates = dates is not None and _runs(ledger, *dates)

    def learn(self, ledger: Ledger, codes: Iterable[tuple[str, Value]]) -> None:
        """Let finance know these codes, each as itself."""
        for name, code in codes:
            self.codes[name][code] = code
        ledger.execute([*self._lookup_rows(ledger)])

    def put(self, ledger: Ledger, cards: Sequence[CardWrite], posting: Numbered) -> None:
        """Cards that were there before: what a posting of them would have written."""
        spelling = SPELLINGS[ledger.dialect]
        for write in self.render([Numbered(posting.posting._replace(cards=tuple(cards)), 0)], self.codes):
            if write.drawn is not None:
                column, known = spelling.quoted(write.drawn.column), spelling.quoted(write.drawn.known_by)
                asked = f"SELECT {column} FROM {spelling.table(write.table)} WHERE {known} = ?"
                write.drawn.ids.extend(int(str(ledger.query(asked, row)[0][0])) for row in write.rows)
                continue
            listed = ", ".join(map(spelling.quoted, write.columns))
            sql = f"INSERT INTO {spelling.table(write.table)} ({listed}) VALUES ({', '.join('?' * len(write.columns))})"
            ledger.execute([(sql, row) for row in write.rows])

    @cached_property
    def _written(self) -> dict[str, tuple[dict[str, None], set[tuple[str, ...]]]]:
        """The tables that postings write: their columns and keys."""
        found: dict[str, tuple[dict[str, None], set[tuple[str, ...]]]] = {}
        for table, columns in self._layout.writes(self._periods).items():
            found.setdefault(table, ({}, set()))[0].update(dict.fromkeys(columns))
        layout = self._layout
        keyed = [(table.name, table.key) for table in layout.cards]
        journal = [table.key for table in (*layout.vouchers, *layout.entries)]
        for period in self._periods:
            keyed += zip(layout.journal_names(period.code), journal, strict=True)
        keyed += self._others
        for table, key in keyed:
            if key:
                found[table][1].add(key)
        return found

    def _tables(self) -> dict[str, tuple[dict[str, None], set[tuple[str, ...]]]]:
        tables = deepcopy(self._written)
        for name, spec in self.lookups.items():
            columns = dict.fromkeys((spec.code, spec.gives, *(_condition(spec.where) or {})))
            tables.setdefault(spec.table, ({}, set()))[0].update(columns)
            assert name in self.codes
        p = self._layout.file.periods
        if not isinstance(p, Periods) or PERIODS in self._periods_query:
            tables[PERIODS] = (dict.fromkeys(("code", "first", "last", "open")), set())
        else:
            tables.setdefault(p.table, ({}, set()))[0].update(
                dict.fromkeys((p.code, p.first, p.last, *(_condition(p.open) or {})))
            )
        tables[CARDS] = (dict.fromkeys(("asset_code", *self.card_fields)), {("asset_code",)})
        return tables

    def _spec(self, spec: LookupSpec) -> LookupSpec:
        """The lookup's own table where it can be made: it is one that nothing else is written to."""
        names = (*spec.table.split("."), spec.code, spec.gives)
        known = self.codes[spec.name]
        agrees = spec.code != spec.gives or all(code == gives for code, gives in known.items())
        is_plain = all(name.isidentifier() for name in names) and _condition(spec.where) is not None
        periods = self._layout.file.periods
        shared = {*self._written, *([periods.table] if isinstance(periods, Periods) else [])}
        if is_plain and agrees and spec.table not in shared:
            return spec
        return LookupSpec(spec.name, f"syncd_case_{spec.name}", "code", "gives", "")

    def _lookup_rows(self, ledger: Ledger) -> Iterator[Statement]:
        """All lookups anew; where several share a table, a code has one row."""
        spelling = SPELLINGS[ledger.dialect]
        rows: dict[tuple[str, str, Value], dict[str, Value]] = {}
        for name, spec in self.lookups.items():
            yield f"DELETE FROM {spelling.table(spec.table)}", ()
            for code, gives in self.codes[name].items():
                row = rows.setdefault((spec.table, spec.code, code), {})
                row |= {**(_condition(spec.where) or {}), spec.gives: gives, spec.code: code}
        for (table, _, _), row in rows.items():
            yield _insert(ledger, table, row)

    def _period_rows(self, ledger: Ledger) -> Iterator[Statement]:
        p = self._layout.file.periods
        if not isinstance(p, Periods) or PERIODS in self._periods_query:
            for code, first, last, is_open, _ in self._periods:
                yield _insert(ledger, PERIODS, {"code": code, "first": first, "last": last, "open": is_open})
            return
        is_so = _condition(p.open) or {}
        for code, first, last, is_open, _ in self._periods:
            row: dict[str, Value] = {p.code: code, p.first: first, p.last: last}
            yield _insert(ledger, p.table, row | (is_so if is_open else {name: _other(v) for name, v in is_so.items()}))


def months(closed: Collection[str]) -> list[Period]:
    """Every month from 2000 to 2099, open unless it is closed."""
    return [period._replace(open=period.code not in closed) for period in periods.months(date.min)]


def _plain_periods(p: periods.Said, written: Collection[str]) -> str:
    """The layout's own query, where tables can be made for it."""
    if not isinstance(p, Periods):
        return ""
    names = (*p.table.split("."), p.code, p.first, p.last)
    if p.table in written or not all(name.isidentifier() for name in names) or not _condition(p.open):
        return ""
    return periods.query(p)


def _condition(text: str) -> dict[str, Value] | None:
    """Columns and the values that a condition asks of them, `leaf = 1 AND kind = 'x'`; None for any other."""
    if not text.strip():
        return {}
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
    except SqlglotError:
        return None
    found: dict[str, Value] = {}
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        column, value = (part.this, part.expression) if isinstance(part, exp.EQ) else (None, None)
        if not isinstance(column, exp.Column) or column.args.get("table"):
            return None
        if isinstance(value, exp.Literal):
            found[column.name] = value.name if value.is_string else int(value.name) if value.is_int else None
        elif isinstance(value, exp.Boolean):
            found[column.name] = bool(value.this)
        if found.get(column.name) is None:
            return None
    return found


def _other(value: Value) -> Value:
    """What such a column says otherwise."""
    return f"not {value}" if isinstance(value, str) else int(not value)


def _is_plain(sql: str) -> bool:
    """Whether SQL reads what is there and computes nothing: what is computed, each database computes in its way."""
    try:
        tree = sqlglot.parse_one(sql, dialect="postgres")
    except SqlglotError:
        return False
    return all(isinstance(node, _PLAIN_READ) for node in tree.walk())


def _runs(ledger: Ledger, sql: str, params: Sequence[object]) -> bool:
    try:
        ledger.query(sql, params)
    except Fault:
        return False
    return True


def _insert(ledger: Ledger, table: str, row: Mapping[str, Any]) -> Statement:
    spelling = SPELLINGS[ledger.dialect]
    listed = ", ".join(map(spelling.quoted, row))
    return f"INSERT INTO {spelling.table(table)} ({listed}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
