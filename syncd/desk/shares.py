"""What each row of a group has put into the group's voucher.

The record says it since shares are kept: with the voucher, under the hash of its posting. Of an older voucher it is
told where the rows themselves prove it: by a column whose values add up to the entries, to the cent. Where they do not,
it is not known, and nothing is guessed by what a mapping would make of the rows today.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from syncd import statements
from syncd.money import EXACT, ZERO
from syncd.ports import Ledger
from syncd.posting import Entry, Voucher
from syncd.record import SHARE_TEXTS, moment, read_shares, read_voucher

SQL: Final = statements.load("syncd.desk", "trace.sql")

Amounts = Mapping[int, Decimal]
"""By number of the entry, from 1: an amount on the entry's side."""
NOTHING: Final[Amounts] = {}
KEYS_MAX: Final = 500
"""Of one question."""


class SharedRow(NamedTuple):
    """A source row in a group's voucher: whose it is, its table, what the source said, and what it has put into which
    entry; nothing where that is not known. `key` is its idempotency key. Of one that is not kept any more only that and
    the amounts are known."""

    subject: str
    source: str
    position: str
    committed_at: datetime | None
    row: Mapping[str, object]
    key: str
    amounts: Amounts


class EntrySum(NamedTuple):
    """An entry of a group's voucher beside what its rows have put into it: `shares` is their sum, None where it is not
    known, of so many `rows`."""

    line: int
    account: str
    amount: Decimal
    shares: Decimal | None
    rows: int

    @property
    def is_equal(self) -> bool:
        """Whether the shares add up to the entry."""
        return self.shares == self.amount


class Shares(NamedTuple):
    """The shares of a group's rows, `by_key` of each in the order of the log. `told` says whence they are known: from
    the `record`, by a `column` of the rows, or not at all. `unkept` is how many of the record's rows are no more."""

    told: Literal["record", "column", "unknown"]
    column: str
    by_key: Mapping[str, Amounts]
    entries: Sequence[EntrySum]
    unkept: int

    @property
    def is_whole(self) -> bool:
        """Whether rows and entries agree, as far as anything is known."""
        return not self.unkept and all(one.is_equal for one in self.entries if one.shares is not None)

    def of_line(self, line: int) -> "Shares":
        """What went into one entry; the same for 0."""
        if not line:
            return self
        own = {key: {line: amounts[line]} for key, amounts in self.by_key.items() if line in amounts}
        return self._replace(by_key=own, entries=[one for one in self.entries if one.line == line])


def is_group(rule: str, subject: str) -> bool:
    """Whether a posting of this subject is a group's."""
    return subject.startswith(f"{rule}/")


def of_group(ledger: Ledger, pipeline: str, key: str, content: Mapping[str, Any]) -> Shares:
    """The shares of the rows that a group's posting took; `content` is the posting's."""
    voucher, kept = read_voucher(content), read_shares(content)
    entries = () if voucher is None else voucher.entries
    if kept is not None:
        found: dict[str, Amounts] = {own: _added(amounts) for own, amounts in kept}
        there = sum(int(str(ledger.query(SQL["kept"], (pipeline, key, lot))[0][0])) for lot in _lots([*found]))
        return Shares("record", "", found, _sums(entries, found), len(found) - there)
    rows = [
        (str(own), str(subject), _said(json.loads(str(change))))
        for own, subject, change, _ in ledger.scan(SQL["shares"], (pipeline, key))
    ]
    column, told = by_column(entries, rows)
    whence: Literal["column", "unknown"] = "column" if told else "unknown"
    by_key = {own: told.get(own, NOTHING) for own, _, _ in rows}
    return Shares(whence, column, by_key, _sums(entries, told, is_known=False), 0)


def of_owner(
    ledger: Ledger, pipeline: str, key: str, content: Mapping[str, Any], subject: str
) -> tuple[Amounts, int, str]:
    """What the rows of a subject have put into a group's voucher; of how many rows, and whence that is known."""
    voucher, own = read_voucher(content), read_shares(content, subject)
    if voucher is None:
        return NOTHING, 0, "unknown"
    if own is not None:
        whole = len(content["voucher"]["shares"]) // SHARE_TEXTS
        return of_subject(voucher, [_added(amounts) for _, amounts in own]), whole, "record"
    found = of_group(ledger, pipeline, key, content)
    mine = [row.amounts for row in rows_of(ledger, pipeline, found) if row.subject == subject]
    return of_subject(voucher, mine), len(found.by_key), found.told


def rows_of(ledger: Ledger, pipeline: str, shares: Shares, rows_max: int | None = None) -> Iterator[SharedRow]:
    """The rows of a group, or the first of them, each with its share. One that is not kept any more is told by its
    share alone."""
    for lot in _lots([*islice(shares.by_key, rows_max)]):
        kept = {str(row[0]): row for row in ledger.query(SQL["rows"], (pipeline, lot))}
        for key in lot:
            amounts = shares.by_key[key]
            if key not in kept:
                yield SharedRow("", "", "", None, {}, key, amounts)
                continue
            _, subject, change, position = kept[key]
            said = json.loads(str(change))
            at = moment(said["committed_at"])
            yield SharedRow(str(subject), str(said["table"]), str(position), at, _said(said), key, amounts)


def _said(change: Mapping[str, Any]) -> Mapping[str, object]:
    said: Mapping[str, object] = change["after"] or change["before"] or {}
    return said


def _lots(keys: Sequence[str]) -> Iterator[list[str]]:
    return (list(keys[start : start + KEYS_MAX]) for start in range(0, len(keys), KEYS_MAX))


def by_column(
    entries: Sequence[Entry], rows: Sequence[tuple[str, str, Mapping[str, object]]]
) -> tuple[str, dict[str, Amounts]]:
    """What rows, given as (key, subject, row), have put into entries, where nobody has kept it: the column that
    explains most entries, and the shares by it. An entry of somebody's own, as with the asset among its auxiliaries, is
    explained by their rows alone. One row alone has put in all."""
    if len(rows) == 1:
        return "", {rows[0][0]: {n: entry.debit or entry.credit for n, entry in enumerate(entries, 1)}}
    owners = {subject for _, subject, _ in rows}
    best: tuple[str, dict[str, Amounts]] = "", {}
    most = 0
    for column in rows[0][2] if rows else ():
        values = [_number(row.get(column)) for _, _, row in rows]
        if any(value is None for value in values):
            continue
        by_owner: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        everybody: list[tuple[str, Decimal]] = []
        for (key, subject, _), value in zip(rows, values, strict=True):
            own = key, value or ZERO
            everybody.append(own)
            by_owner[subject].append(own)
        found: dict[str, dict[int, Decimal]] = {}
        explained = 0
        for n, entry in enumerate(entries, 1):
            owner = next((str(value) for value in entry.dims.values() if str(value) in owners), "")
            theirs = by_owner[owner] if owner else everybody
            if _total(value for _, value in theirs) == (entry.debit or entry.credit):
                explained += 1
                for key, value in theirs:
                    found.setdefault(key, {})[n] = value
        if explained > most:
            best, most = (column, {**found}), explained
    return best


def of_subject(voucher: Voucher, amounts: Iterable[Amounts]) -> Amounts:
    """What several rows of somebody have put into a voucher, in the order of its entries."""
    total = _added((line, amount) for one in amounts for line, amount in one.items())
    return {line: total[line] for line in range(1, len(voucher.entries) + 1) if line in total}


def _sums(entries: Sequence[Entry], by_key: Mapping[str, Amounts], is_known: bool = True) -> list[EntrySum]:
    totals: dict[int, Decimal] = {}
    counts: defaultdict[int, int] = defaultdict(int)
    for amounts in by_key.values():
        for line, amount in amounts.items():
            totals[line] = EXACT.add(totals.get(line, ZERO), amount)
            counts[line] += 1
    return [
        EntrySum(
            *(n, entry.account, entry.debit or entry.credit),
            *(totals.get(n, ZERO if is_known else None), counts[n]),
        )
        for n, entry in enumerate(entries, 1)
    ]


def _added(amounts: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    total: dict[int, Decimal] = {}
    for line, amount in amounts:
        total[line] = EXACT.add(total[line], amount) if line in total else amount
    return total


def _total(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total


def _number(value: object) -> Decimal | None:
    """An amount as a row keeps it: text. A whole number is a number of something else."""
    if not isinstance(value, str):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
