"""Vouchers of many postings against finance's rows at once: those that agree at first sight, which nearly all do.

Of a lot each table is asked once for each run of keys, and the rows are compared as they come, by functions that are
made for the shape once. What does not agree here is not wrong yet: it is looked at exactly, one voucher at a time, see
`held`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from syncd import journal
from syncd.change import Kind
from syncd.dialects import SPELLINGS, Dialect
from syncd.errors import Halt
from syncd.journal import ColumnShape, TableShape
from syncd.money import ZERO, decimal
from syncd.ports import Ledger

Rows = Sequence[Sequence[Any]]
AMOUNTS_KEPT: Final = 65_536
_HEADS: Final[Mapping[str, str]] = {
    "voucher.period": "v['period']",
    "voucher.year": "v['period'][:4]",
    "voucher.month": "v['period'][5:7]",
    "voucher.type": "v['type']",
    "voucher.number": "n",
    "voucher.date": "v['date']",
    "voucher.event_date": "v.get('event_date', v['date'])",
    "voucher.summary": "v['summary']",
    "voucher.ref": "p.ref",
    "voucher.key": "p.key",
    "voucher.debit": "total(v, 1)",
    "voucher.credit": "total(v, 2)",
    "voucher.reverses": "p.reverses or None",
    "posting.key": "p.key",
    "posting.subject": "p.subject",
    "posting.rule": "p.rule",
    "entry.line": "i",
    "entry.account": "e[0]",
    "entry.debit": "e[1]",
    "entry.credit": "e[2]",
    "entry.summary": "(v['summary'] if e[3] is None else e[3])",
}
"""What the shape's names mean in a posting's content, see `record.encode_content`: `v` the voucher, `e` an entry."""


class Recorded(NamedTuple):
    """A posting with a voucher: its content as plain JSON, and what its record says beside that. `reverses` is the
    reference of the voucher that it cancels, or empty."""

    key: str
    rule: str
    subject: str
    ref: str
    reverses: str
    content: Mapping[str, Any]


class _Table(NamedTuple):
    """How to compare one table. `given` makes the rows of a posting: (posting, voucher, number, kept values) → rows;
    `found` puts a row of finance the same way; `key` takes the key out of either."""

    shape: TableShape
    given: Callable[[Recorded, Mapping[str, Any], int, Rows], list[tuple[Any, ...]]]
    found: Callable[[Sequence[Any]], tuple[Any, ...]]
    key: Callable[[Sequence[Any]], Any]


def agreeing(ledger: Ledger, shapes: Mapping[str, Sequence[TableShape]], lot: Sequence[Recorded]) -> set[str]:
    """The keys of those postings whose vouchers finance holds as they were posted, at first sight."""
    by_shape: defaultdict[str, list[Recorded]] = defaultdict(list)
    for posting in lot:
        told = posting.content.get("finance")
        if told and told[0] in shapes:
            by_shape[told[0]].append(posting)
    agree: set[str] = set()
    for name, postings in by_shape.items():
        agree |= _agreeing(ledger, shapes[name], postings)
    return agree


def _agreeing(ledger: Ledger, shape: Sequence[TableShape], postings: Sequence[Recorded]) -> set[str]:
    agree = {posting.key for posting in postings}
    for place, table in enumerate(map(_table, shape)):
        by_name: defaultdict[str, list[tuple[str, list[tuple[Any, ...]]]]] = defaultdict(list)
        for posting in postings:
            if posting.key in agree:
                try:
                    name, rows = _given(table, place, posting)
                except (KeyError, IndexError, TypeError, ValueError, InvalidOperation):
                    agree.discard(posting.key)
                else:
                    by_name[name].append((posting.key, rows))
        for name, given in by_name.items():
            agree -= {key for key, is_found in _compared(ledger, table, name, given) if not is_found}
    return agree


def _given(table: _Table, place: int, posting: Recorded) -> tuple[str, list[tuple[Any, ...]]]:
    _, number, *kept = posting.content["finance"]
    name, values = kept[place] if kept else ("", ())
    return table.shape.name or name, table.given(posting, posting.content["voucher"], number, values)


def _compared(
    ledger: Ledger, table: _Table, name: str, given: Sequence[tuple[str, list[tuple[Any, ...]]]]
) -> Iterable[tuple[str, bool]]:
    key_of, is_shared = table.key, table.shape.is_shared
    keys = [key for _, rows in given for key in map(key_of, rows[:1] if is_shared else rows)]
    try:
        found = _found(ledger, table, name, keys)
    except (Halt, TypeError, ValueError, InvalidOperation):  # another table today, or a value that is none
        return [(key, False) for key, _ in given]
    if is_shared:
        return [(key, found.get(key_of(rows[0])) == rows) for key, rows in given]
    return [(key, all(found.get(key_of(row)) == [row] for row in rows)) for key, rows in given]


def _found(ledger: Ledger, table: _Table, name: str, keys: Sequence[Any]) -> Mapping[Any, list[tuple[Any, ...]]]:
    """Finance's rows by key. Keys that differ in one column alone are asked for at once."""
    width = len(table.shape.key)
    parts = [(key,) for key in keys] if width == 1 else keys
    spread = [len(set(column)) for column in zip(*parts, strict=True)]
    varying = spread.index(max(spread))
    runs: defaultdict[tuple[Any, ...], dict[Any, None]] = defaultdict(dict)
    for part in parts:
        if None not in part:
            runs[(*part[:varying], *part[varying + 1 :])][part[varying]] = None
    sql = _select(ledger.dialect, name, table.shape, varying)
    found: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    key_of, as_given = table.key, table.found
    for fixed, values in runs.items():
        for row in map(as_given, ledger.query(sql, (*fixed, list(values)))):
            found[key_of(row)].append(row)
    return found


@cache
def _select(dialect: Dialect, name: str, table: TableShape, varying: int) -> str:
    """Qualified names: SQLite takes a quoted name that it does not know for a text."""
    spelling = SPELLINGS[dialect]
    columns = ", ".join(f"t.{spelling.quoted(column.name)}" for column in table.columns)
    keys = [f"t.{spelling.quoted(column)}" for column in table.key]
    same = [f"{key} = ?" for i, key in enumerate(keys) if i != varying]
    where = " AND ".join([*same, f"{keys[varying]} IN (?*)"])
    lines = [f" ORDER BY t.{spelling.quoted(c.name)}" for c in table.columns if c.source == "entry.line"]
    return f"SELECT {columns} FROM {spelling.table(name)} t WHERE {where}{''.join(lines[:1])}"


@cache
def _table(shape: TableShape) -> _Table:
    names = [column.name for column in shape.columns]
    kept = iter(range(len(names)))
    values = [_given_as(column, kept) for column in shape.columns]
    row = f"({', '.join(values)},)"
    if shape.is_of_entries:
        lines = "zip(v['entries'], k) if k else ((e, ()) for e in v['entries'])"
        made = f"[{row} for i, (e, k) in enumerate({lines}, 1)]"
    else:
        made = f"[{row} for k in (k[0] if k else (),)]"
    scope = {"total": _total, "D": _decimal, "S": _spelled, "W": _whole, "Decimal": Decimal, "str": str}
    given = eval(f"lambda p, v, n, k: {made}", scope)
    found = eval(f"lambda r: ({', '.join(_found_as(c, i) for i, c in enumerate(shape.columns))},)", scope)
    return _Table(shape, given, found, itemgetter(*(names.index(column) for column in shape.key)))


def _given_as(column: ColumnShape, kept: Any) -> str:
    if not column.source:
        value = f"k[{next(kept)}]"
    elif column.source in _HEADS:
        value = _HEADS[column.source]
    elif column.source.startswith("entry."):
        value = f"e[4].get({column.source.removeprefix('entry.')!r})"
    else:
        value = f"v.get('fields', {{}}).get({column.source.removeprefix('voucher.')!r})"
    if column.kind is Kind.DECIMAL:
        return f"D({value})"
    if column.kind in (Kind.INTEGER, Kind.NULL) and column.source not in _HEADS:
        return f"W({value})"
    return f"S({column.kind.name!r}, {value})" if column.kind in (Kind.BOOLEAN, Kind.TIMESTAMP) else value


def _found_as(column: ColumnShape, i: int) -> str:
    if column.kind is Kind.DECIMAL:
        return f"(x if (x := r[{i}]).__class__ is Decimal else D(x))"
    if column.kind is Kind.DATE:
        return f"(x if (x := r[{i}]).__class__ is str or x is None else str(x))"
    return f"S({column.kind.name!r}, r[{i}])" if column.kind in (Kind.BOOLEAN, Kind.TIMESTAMP) else f"r[{i}]"


@lru_cache(AMOUNTS_KEPT, typed=True)
def _decimal(value: Any) -> Decimal | None:
    return None if value is None else decimal(value)


def _whole(value: Any) -> Any:
    """A whole number that came as a float was too long to be read quickly."""
    if value.__class__ is float:
        raise ValueError
    return value


def _spelled(kind: str, value: object) -> str:
    return journal.spelled(Kind[kind], value)


def _total(voucher: Mapping[str, Any], side: int) -> Decimal:
    total = ZERO
    for entry in voucher["entries"]:
        total += _decimal(entry[side]) or ZERO
    return total
