"""Vouchers as finance holds them, against vouchers as they were posted.

The record tells what was written, so neither today's layout nor today's lookups have a say. A voucher of before it did
is rendered again; of it only what the record and today's layout both know is compared.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import InvalidOperation
from typing import Any, Final, NamedTuple, cast

from syncd import journal
from syncd.change import Change, Kind, Position, Value
from syncd.dialects import SPELLINGS
from syncd.errors import Halt
from syncd.journal import TableShape
from syncd.ports import Layout, Ledger, LookupSpec, Numbered, TableWrite
from syncd.posting import Posting, Reversed
from syncd.record import decode_kept

_NUMBER: Final = re.compile(r"\d+")
_ANY_CHANGE: Final = Change("", "read", None, None, Position(""), datetime(2000, 1, 1, tzinfo=UTC))
_OTHERWISE_NOW: Final = frozenset({"finance_no_table", "finance_no_column"})

Rows = Sequence[Sequence[Any]]
Written = tuple[str, TableShape, Rows]
"""A table's name, its shape, and the values that a voucher's rows gave to the shape's columns."""


class Difference(NamedTuple):
    """A table that does not hold a voucher as it was posted. `code` names the message."""

    code: str
    table: str


def differences(
    ledger: Ledger, layout: Layout, shapes: Mapping[str, str]
) -> Callable[[journal.Source, str, str], Iterator[Difference]]:
    """(posting, key of the posting that it reverses, its content) → what is wrong with its voucher. `shapes` are those
    of the record, as text by hash."""
    known = {name: journal.decode(text) for name, text in shapes.items() if journal.hash_of(text) == name}
    today = _Today(ledger, layout)

    def found(source: journal.Source, reverses: str, content: str) -> Iterator[Difference]:
        name, number, kept = decode_kept(content)
        if not name:
            yield from _differing(ledger, today.written(source, reverses), is_told=False)
        elif name not in known:
            yield Difference("audit_shape", "syncd.shape")
        else:
            try:
                yield from [*_differing(ledger, journal.written(known[name], source, number, kept), is_told=True)]
            except Halt as halt:
                if halt.code not in _OTHERWISE_NOW:
                    raise
                # Finance calls a table or a column otherwise today, and so does the layout.
                yield from _differing(ledger, today.written(source, reverses, number), is_told=False)

    return found


def _differing(ledger: Ledger, written: Iterable[Written], is_told: bool) -> Iterator[Difference]:
    """Tables in which finance holds other rows than these. Where the record does not tell them, a column in which
    finance has nothing at all is left out: the layout learnt of it later."""
    for name, table, rows in written:
        places = [[c.name for c in table.columns].index(column) for column in table.key]
        keys = [[row[i] for i in places] for row in rows]
        found = [row for key in (keys[:1] if table.is_shared else keys) for row in _select(ledger, name, table, key)]
        if not found:
            yield Difference("audit_voucher_gone", name)
        elif not _agree(table, rows, found, is_told):
            yield Difference("audit_voucher", name)


def _agree(table: TableShape, rows: Rows, found: Rows, is_told: bool) -> bool:
    kinds = [(i, c.kind) for i, c in enumerate(table.columns) if is_told or any(row[i] is not None for row in found)]
    try:
        one, other = ([tuple(journal.spelled(k, row[i]) for i, k in kinds) for row in lot] for lot in (rows, found))
    except (ValueError, TypeError, InvalidOperation):  # a date that is none, an amount that is prose
        return False
    return Counter(one) == Counter(other)


def _select(ledger: Ledger, name: str, table: TableShape, key: Sequence[Any]) -> Rows:
    """The rows that finance has under a key. Their columns' names are qualified: SQLite takes a quoted name that it
    does not know for a text."""
    spelling = SPELLINGS[ledger.dialect]
    columns = ", ".join(f"t.{spelling.quoted(column.name)}" for column in table.columns)
    names = [f"t.{spelling.quoted(column)}" for column in table.key]
    same = [f"{column} = ?" if v is not None else f"{column} IS NULL" for column, v in zip(names, key, strict=True)]
    sql = f"SELECT {columns} FROM {spelling.table(name)} t WHERE {' AND '.join(same)}"
    return ledger.query(sql, [v for v in key if v is not None])


class _Today:
    """Vouchers as today's layout and today's lookups would write them."""

    def __init__(self, ledger: Ledger, layout: Layout) -> None:
        self._ledger, self._layout = ledger, layout
        self._lookups = {name: _Lookup(ledger, spec) for name, spec in layout.lookups.items()}

    def written(self, source: journal.Source, reverses: str, number: int | None = None) -> Iterator[Written]:
        """By table the rows, without what a lookup would have to tell that does not know the code any more."""
        cancels = Reversed(reverses, source.reverses) if reverses else None
        posting = Posting(
            source.key, source.rule, source.subject, _ANY_CHANGE, voucher=source.voucher, reverses=cancels
        )
        for lookup in self._lookups.values():
            lookup.has_missed = False
        numbered = Numbered(posting, int(_NUMBER.findall(source.ref)[-1]) if number is None else number)
        writes = [self._with_ids(write) for write in self._layout.render([numbered], self._lookups)]
        misses = any(lookup.has_missed for lookup in self._lookups.values())
        for table, write in zip(self._layout.shape.tables, writes, strict=False):
            columns = tuple(
                c for c in table.columns if not (misses and c.kind is Kind.NULL and c.name not in table.key)
            )
            places = [write.columns.index(c.name) for c in columns]
            yield write.table, table._replace(columns=columns), [[row[i] for i in places] for row in write.rows]

    def _with_ids(self, write: TableWrite) -> TableWrite:
        """With the ids that finance has under what its rows are known by, 0 for none."""
        if write.drawn is None:
            return write
        column, _, known_by, ids, _ = write.drawn
        spelling = SPELLINGS[self._ledger.dialect]
        for row in write.rows:
            key = row[write.columns.index(known_by)] if known_by else None
            where = f"{spelling.table(write.table)} t WHERE t.{spelling.quoted(known_by)} = ?"
            found = self._ledger.query(f"SELECT t.{spelling.quoted(column)} FROM {where}", (key,)) if known_by else []
            ids.append(int(str(found[0][0])) if found else 0)
        rows = [(given, *row) for given, row in zip(ids, write.rows, strict=True)]
        return write._replace(columns=(column, *write.columns), rows=rows)


class _Lookup(dict[Value, Value]):
    """A lookup that still knows what has left it: an account that is no leaf any more is looked for in the whole
    table; one that is gone stands for itself, and `has_missed` says whether it might stand for something else."""

    def __init__(self, ledger: Ledger, spec: LookupSpec) -> None:
        super().__init__(_looked_up(ledger, spec))
        self._ledger, self._spec = ledger, spec
        self._whole: Mapping[Value, Value] | None = None
        self.has_missed = False

    def __missing__(self, code: Value) -> Value:
        if self._whole is None:
            self._whole = _looked_up(self._ledger, self._spec._replace(where=""))
        if code is not None and code not in self._whole:
            self.has_missed |= self._spec.code != self._spec.gives
        return self._whole.get(code, code)

    def get(self, code: Value, default: Any = None) -> Any:
        """As if it were there."""
        return self[code]


def _looked_up(ledger: Ledger, spec: LookupSpec) -> dict[Value, Value]:
    return {cast(Value, code): cast(Value, gives) for code, gives in ledger.query(spec.query)}
