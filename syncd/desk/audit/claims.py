"""Vouchers in finance that claim to be ours, by the key that they carry, and whether a posting made each of them."""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Final, NamedTuple

from syncd.dialects import SPELLINGS
from syncd.errors import Halt
from syncd.ports import Layout, Ledger, Period

KEYS_ASKED_MAX: Final = 1_000
_KNOWN: Final = "SELECT key, subject FROM syncd.posting WHERE key IN (?*)"
_SERIES: Final = (
    "SELECT period, type, last FROM syncd.number WHERE type <> '' AND period NOT LIKE '*%' ORDER BY period, type"
)
_OTHERWISE: Final = "SELECT period, type, last FROM syncd.number WHERE period LIKE '*%' ORDER BY period, type"
CLAIMS_MAX: Final = 1_000
LISTED_MAX: Final = 100
_OURS: Final = re.compile(r"\w+/.")
"""What a key of ours looks like, whatever the rule is called: one whose postings are all gone too."""


class Claim(NamedTuple):
    """A key in a table of finance that is not as postings have it, and the subject of the posting that has it, if one
    does. `code` names the message."""

    code: str
    table: str
    key: str
    subject: str = ""


class Series(NamedTuple):
    """Vouchers of finance that are numbered together with ours: how many, how many of them no posting made, the numbers
    of the first of those with the keys that they carry, and the numbers that are missing between, as ranges."""

    table: str
    period: str
    type: str
    vouchers: int
    by_hand: int
    listed: Sequence[tuple[str, str]]
    missing: Sequence[str]


def unfounded(ledger: Ledger, layout: Layout, others: Sequence[str]) -> Iterator[Claim]:
    """Keys that look like ours, `RULE/…`, and that no posting has; and keys that several vouchers carry. Nothing where
    the layout writes the key of a posting to no column. `others` are the beginnings of keys that other systems
    write."""

    def is_claimed(key: str) -> bool:
        return bool(_OURS.match(key)) and not key.startswith(tuple(f"{other}/" for other in others))

    for table, column in sorted({*layout.holds("voucher.key", _periods(ledger, layout))}):
        try:
            yield from [
                *_foreign(ledger, table, column, is_claimed),
                *_twice(ledger, layout, table, column),
            ]
        except Halt as halt:
            if halt.code != "finance_no_table":  # of a year that has none yet
                raise


def series(ledger: Ledger, layout: Layout) -> list[Series]:
    """Every series that we number in, where the layout keeps period, type, number and key of a voucher as they are, or
    says how its vouchers are numbered otherwise and keeps their keys."""
    if layout.series is not None:
        return [*_numbered_otherwise(ledger, layout)]
    ours = ledger.query(_SERIES)
    periods = _periods(ledger, layout)
    columns = [dict(layout.holds(f"voucher.{name}", periods)) for name in ("period", "type", "number", "key")]
    found: list[Series] = []
    for table in sorted(set(columns[0]).intersection(*columns[1:])) if ours else ():
        try:
            found += _series(ledger, table, [column[table] for column in columns], ours)
        except Halt as halt:
            if halt.code != "finance_no_table":
                raise
    return found


def _series(ledger: Ledger, table: str, columns: Sequence[str], ours: Sequence[Sequence[object]]) -> Iterator[Series]:
    names = [_names(ledger, table, column) for column in columns]
    (period, kind, number, key), (_, name) = [one for one, _ in names], names[0]
    where = f"FROM {name} t WHERE {period} = ? AND {kind} = ?"
    for which, of_type, last in ours:
        same = which, of_type
        ((count, distinct, low, high),) = ledger.query(
            f"SELECT count(*), count(DISTINCT {number}), min({number}), max({number}) {where}", same
        )
        if not int(str(count)):
            continue  # of another year's table, or all of them are gone, which the postings tell
        listed: list[tuple[str, str]] = []
        by_hand = 0
        for n, k in _unmade(ledger, f"SELECT {number}, {key} {where}", key, same):
            by_hand += 1
            if by_hand <= LISTED_MAX:
                listed.append((str(n), "" if k is None else str(k)))
        top = max(int(str(high or 0)), int(str(last)))
        is_whole = int(str(distinct)) == top - int(str(low or 1)) + 1
        missing = [] if is_whole or not low else [*_gaps(ledger, f"SELECT DISTINCT {number} AS n {where}", same, top)]
        yield Series(table, str(which), str(of_type), int(str(count)), by_hand, listed, missing)


def _numbered_otherwise(ledger: Ledger, layout: Layout) -> Iterator[Series]:
    """Series that are not of a period and type, with the numbers read as they are written."""
    keyed = dict(layout.holds("voucher.key", _periods(ledger, layout)))
    owner = f"*{layout.kept('')}"
    for which, kind, last in ledger.query(_OTHERWISE):
        if not str(which).startswith(owner) or ":" in str(which)[len(owner) :]:
            continue  # of another company's book
        table, number, where, params = layout.numbered((str(which), str(kind)))
        if table not in keyed:
            continue
        key, name = _names(ledger, table, keyed[table])
        listed: list[tuple[str, str]] = []
        by_hand, numbers = 0, array("q")
        with closing(ledger.scan(f"SELECT {number} FROM {name} t{where}", params)) as rows:
            numbers.extend(n for (found,) in rows if (n := layout.number_in(found)))
        for found, carried in _unmade(
            ledger, f"SELECT {number}, {key} FROM {name} t{where or ' WHERE 1 = 1'}", key, params
        ):
            by_hand += 1
            if by_hand <= LISTED_MAX:
                listed.append((str(found), "" if carried is None else str(carried)))
        missing = list(_ranges(sorted(numbers), max([*numbers, int(str(last))])))
        yield Series(table, str(which)[len(owner) :], str(kind), len(numbers), by_hand, listed, missing)


def _gaps(ledger: Ledger, sql: str, same: Sequence[object], top: int) -> Iterator[str]:
    """Numbers that are missing between the first and the last, the first ranges of them."""
    with closing(ledger.scan(f"{sql} ORDER BY n", same)) as numbers:
        yield from _ranges((int(str(n)) for (n,) in numbers), top)


def _ranges(numbers: Iterable[int], top: int) -> Iterator[str]:
    before: int | None = None
    ranges = 0
    for number in chain(numbers, (top + 1,)):
        if before is not None and number > before + 1 and ranges < LISTED_MAX:
            ranges += 1
            yield str(before + 1) if number == before + 2 else f"{before + 1}–{number - 1}"
        before = number


def _unmade(ledger: Ledger, select: str, key: str, params: Sequence[object] = ()) -> Iterator[Sequence[object]]:
    """The rows of a SELECT with a WHERE, `key` being their last column, whose key no posting has. MariaDB and MySQL do
    not compare two columns whose collations differ: there the keys are asked for."""
    if ledger.dialect != "mysql":
        made = f"EXISTS (SELECT 1 FROM syncd.posting p WHERE p.key = {key})"
        with closing(ledger.scan(f"{select} AND ({key} IS NULL OR NOT {made})", params)) as rows:
            yield from rows
        return
    with closing(ledger.scan(select, params)) as rows:
        while lot := list(islice(rows, KEYS_ASKED_MAX)):
            keys = sorted({str(row[-1]) for row in lot if row[-1] is not None})
            found = {str(one) for one, _ in ledger.query(_KNOWN, (keys,))}
            yield from (row for row in lot if row[-1] is None or str(row[-1]) not in found)


def _foreign(ledger: Ledger, table: str, column: str, is_claimed: Callable[[str], bool]) -> Iterator[Claim]:
    key, name = _names(ledger, table, column)
    keys = _unmade(ledger, f"SELECT DISTINCT {key} FROM {name} t WHERE {key} IS NOT NULL", key)
    claimed = (text for (value,) in keys if is_claimed(text := str(value)))
    yield from (Claim("audit_foreign", table, one) for one in islice(claimed, CLAIMS_MAX))


def _twice(ledger: Ledger, layout: Layout, table: str, column: str) -> Iterator[Claim]:
    key, name = _names(ledger, table, column)
    heads = next((shape.key for shape in layout.shape.tables if shape.name == table and shape.is_shared), ())
    told = ", ".join(_names(ledger, table, head)[0] for head in heads if head != column)
    if told:
        vouchers = f"SELECT DISTINCT {told}, {key} AS k FROM {name} t WHERE {key} IS NOT NULL"
        rows = ledger.query(f"SELECT k FROM ({vouchers}) AS v GROUP BY k HAVING count(*) > 1 ORDER BY k")
        carried = (text for (k,) in rows if _OURS.match(text := str(k)))
        while lot := list(islice(carried, KEYS_ASKED_MAX)):
            subjects = {str(key): str(subject) for key, subject in ledger.query(_KNOWN, (lot,))}
            yield from (Claim("audit_twice", table, one, subjects[one]) for one in lot if one in subjects)


def _names(ledger: Ledger, table: str, column: str) -> tuple[str, str]:
    spelling = SPELLINGS[ledger.dialect]
    return f"t.{spelling.quoted(column)}", spelling.table(table)


def _periods(ledger: Ledger, layout: Layout) -> Sequence[Period]:
    query = layout.periods_query()
    return layout.periods(ledger.query(query) if query else [])
