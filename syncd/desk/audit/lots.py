"""Vouchers of many postings against finance's rows at once: those that agree at first sight, which nearly all do.

Of a lot each table is asked once for each run of keys, and the rows are compared as they come, by functions that are
made for the shape once. What does not agree here is not wrong yet: it is looked at exactly, one voucher at a time, see
`held`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
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
_Given = tuple[str, list[tuple[Any, ...]]]
"""The key of a posting, and the rows that it gave a table."""
_Asked = tuple[Any, Any, str, list[tuple[Any, ...]]]
"""What finance is asked for: the value that varies and the whole key, the posting's key, and the rows that it gave."""
AMOUNTS_KEPT: Final = 65_536
DAYS_KEPT: Final = 4_096
RANGE_SPARSE_MAX: Final = 2
"""Numbers are asked for as a range if at most every second of it is not wanted."""
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
    for place, table in enumerate(map(_table, shape), 2):
        by_name: defaultdict[str, list[_Given]] = defaultdict(list)
        own, given = table.shape.name, table.given
        for posting in postings:
            if posting.key in agree:
                try:
                    content = posting.content
                    told = content["finance"]
                    name, values = told[place] if len(told) > place else ("", ())
                    rows = given(posting, content["voucher"], told[1], values)
                except (KeyError, IndexError, TypeError, ValueError, InvalidOperation):
                    agree.discard(posting.key)
                else:
                    by_name[own or name].append((posting.key, rows))
        for name, lot in by_name.items():
            agree -= _otherwise(ledger, table, name, lot)
    return agree


def _otherwise(ledger: Ledger, table: _Table, name: str, lot: Sequence[_Given]) -> set[str]:
    """The keys of those postings whose rows a table has otherwise at first sight."""
    try:
        runs, varying = _runs(table, lot)
        return {key for fixed, run in runs.items() for key in _of_run(ledger, table, name, varying, fixed, run)}
    except (Halt, TypeError, ValueError, IndexError, InvalidOperation):  # another table today, a value that is none
        return {key for key, _ in lot}


def _runs(table: _Table, lot: Sequence[_Given]) -> tuple[Mapping[tuple[Any, ...], list[_Asked]], int]:
    """What finance is asked for, by all columns of the key but the one that varies most; and which that is."""
    key_of, is_one = table.key, len(table.shape.key) == 1
    if table.shape.is_shared:
        asked = [(key_of(rows[0]), posting, rows) for posting, rows in lot]
    else:
        asked = [(key_of(row), posting, [row]) for posting, rows in lot for row in rows]
    if is_one:
        return {(): [(key, key, posting, rows) for key, posting, rows in asked]}, 0
    spread = [len(set(column)) for column in zip(*(key for key, _, _ in asked), strict=True)]
    varying = spread.index(max(spread, default=0)) if spread else 0
    runs: defaultdict[tuple[Any, ...], list[_Asked]] = defaultdict(list)
    for key, posting, rows in asked:
        runs[(*key[:varying], *key[varying + 1 :])].append((key[varying], key, posting, rows))
    return runs, varying


def _of_run(
    ledger: Ledger, table: _Table, name: str, varying: int, fixed: tuple[Any, ...], run: list[_Asked]
) -> Iterable[str]:
    """Nearly always finance holds just these rows, in their order. Numbers that are nearly without gap are asked for as
    a range: with ten series in a lot the server takes 10 µs a posting, by a list of them 15 (10,000 postings)."""
    if None in fixed or any(value is None for value, _, _, _ in run):
        return [posting for _, _, posting, _ in run]
    run.sort(key=itemgetter(0))
    low, high = run[0][0], run[-1][0]
    is_range = low.__class__ is int and high - low < RANGE_SPARSE_MAX * len(run)
    sql = _select(ledger.dialect, name, table.shape, varying, is_range)
    values = (low, high) if is_range else ([*map(_as_param, dict.fromkeys(value for value, _, _, _ in run))],)
    found = ledger.query(sql, (*map(_as_param, fixed), *values))
    expected = [row for _, _, _, rows in run for row in rows]
    if found == expected:
        return ()
    alike = [*map(table.found, found)]
    if alike == expected:
        return ()
    by_key: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for row in alike:
        by_key[table.key(row)].append(row)
    return [posting for _, key, posting, rows in run if by_key.get(key) != rows]


def _as_param(value: Any) -> Any:
    """A date as every database takes it."""
    return str(value) if value.__class__ is date else value


@cache
def _select(dialect: Dialect, name: str, table: TableShape, varying: int, is_range: bool) -> str:
    """Qualified names: SQLite takes a quoted name that it does not know for a text."""
    spelling = SPELLINGS[dialect]
    columns = ", ".join(f"t.{spelling.quoted(column.name)}" for column in table.columns)
    keys = [f"t.{spelling.quoted(column)}" for column in table.key]
    same = [f"{key} = ?" for i, key in enumerate(keys) if i != varying]
    where = " AND ".join([*same, f"{keys[varying]} BETWEEN ? AND ?" if is_range else f"{keys[varying]} IN (?*)"])
    lines = [f"t.{spelling.quoted(c.name)}" for c in table.columns if c.source == "entry.line"]
    order = "" if table.is_shared and table.is_of_entries and not lines else ", ".join([keys[varying], *lines[:1]])
    return f"SELECT {columns} FROM {spelling.table(name)} t WHERE {where}{order and f' ORDER BY {order}'}"


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
    scope: dict[str, Any] = {"total": _total, "D": _decimal, "T": _day, "S": _spelled, "W": _whole}
    scope |= {"Decimal": Decimal, "date": date, "str": str}
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
    if column.kind is Kind.DATE:
        return f"T({value})"
    if column.kind in (Kind.INTEGER, Kind.NULL) and column.source not in _HEADS:
        return f"W({value})"
    return f"S({column.kind.name!r}, {value})" if column.kind in (Kind.BOOLEAN, Kind.TIMESTAMP) else value


def _found_as(column: ColumnShape, i: int) -> str:
    if column.kind is Kind.DECIMAL:
        return f"(x if (x := r[{i}]).__class__ is Decimal else D(x))"
    if column.kind is Kind.DATE:
        return f"(x if (x := r[{i}]).__class__ is date else T(str(x)) if x is not None else None)"
    return f"S({column.kind.name!r}, r[{i}])" if column.kind in (Kind.BOOLEAN, Kind.TIMESTAMP) else f"r[{i}]"


@lru_cache(AMOUNTS_KEPT, typed=True)
def _decimal(value: Any) -> Decimal | None:
    return None if value is None else decimal(value)


@lru_cache(DAYS_KEPT, typed=True)
def _day(text: Any) -> date | str | None:
    """The date that is spelled so; what is no date, or spelled in another way, stays as it is."""
    try:
        day = date.fromisoformat(text)
    except (ValueError, TypeError):
        return text  # type: ignore[no-any-return]
    return day if str(day) == text else str(text)


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
