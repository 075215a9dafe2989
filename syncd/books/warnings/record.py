"""What the record says that warnings look at, posting by posting: nothing is asked of it twice."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.warnings.notice import Committed, Disposed, Moved, Opened, Window
from syncd.desk import partitions
from syncd.mapping.language.blocks.screens import DISPOSED, FACTS
from syncd.mapping.verbs.change import Change
from syncd.mapping.verbs.collect import Collect
from syncd.mapping.verbs.rule import Rule
from syncd.money import ZERO, decimal
from syncd.ports import Ledger
from syncd.posting import Entry, Voucher
from syncd.record import decode_cards, decode_source, decode_voucher, moment

AT_ONCE: Final = 500
_OURS: Final = "pipeline IN (?*)"
_READ: Final = f"SELECT rule, subject, key, voucher, committed_at, content FROM syncd.posting WHERE {_OURS}"
_NAME, _CLASS, _DEPARTMENT = (FACTS[word][0] for word in ("name", "class", "department"))
_VALUE: Final = "original_value"
SUPPLIER: Final = "supplier"
"""The auxiliary of an entry that names who sold it."""


class Roles(NamedTuple):
    """Which rules do what."""

    opening: frozenset[str]
    moving: frozenset[str]
    disposing: frozenset[str]
    collecting: frozenset[str]


class Facts(NamedTuple):
    """The postings of a window. Cards of another time are not among `opened`; `moved` are whole lives."""

    postings: int
    opened: Sequence[Opened]
    disposed: Sequence[Disposed]
    committed: Sequence[Committed]
    moved: Sequence[Moved]


def roles(rules: Sequence[Rule]) -> Roles:
    """By what the rules write."""
    changing = [(rule.name, change.fields) for rule in rules if (change := rule.verb(Change)) is not None]
    return Roles(
        frozenset(rule.name for rule in rules if rule.opens_card),
        frozenset(name for name, fields in changing if _DEPARTMENT in fields),
        frozenset(name for name, fields in changing if DISPOSED in fields),
        frozenset(rule.name for rule in rules if rule.verb(Collect) is not None),
    )


def facts(ledger: Ledger, pipeline: str, of: Roles, window: Window, supplier: str | None) -> Facts:
    """The window's, in order. What was cancelled since is as if it had not been."""
    ours = partitions.names(ledger, pipeline)
    cancelled = {
        str(key)
        for (key,) in ledger.query(f"SELECT reverses FROM syncd.posting WHERE {_OURS} AND reverses <> ''", (ours,))
    }
    opened: list[tuple[Opened, str]] = []
    disposed: list[Disposed] = []
    committed: list[Committed] = []
    moving: dict[str, None] = {}
    count = 0
    read = f"{_READ} AND reverses = '' AND committed_at >= ? AND committed_at < ? ORDER BY pipeline, seq"
    with closing(ledger.scan(read, (ours, *window.moments))) as rows:
        for rule, subject, key, voucher, at, content in rows:
            when = moment(str(at))
            if str(key) in cancelled:
                continue
            count += 1
            name, said = str(rule), str(voucher)
            if said and name not in of.collecting:
                committed.append(Committed(when, str(subject), said))
            if name in of.moving:
                moving[str(subject)] = None
            if name in of.opening:
                opened += _opened(when, window.day(when), said, str(content))
            elif name in of.disposing and said:
                disposed += _disposed(when, said, str(content))
    known = {} if supplier is None else _suppliers(ledger, ours, supplier, [row for _, row in opened])
    cards = [card._replace(supplier=known.get(row, card.supplier)) for card, row in opened]
    return Facts(count, cards, disposed, committed, list(_moved(ledger, ours, of, list(moving), cancelled)))


def _opened(at: datetime, day: date, ref: str, content: str) -> Iterator[tuple[Opened, str]]:
    """A card, and the source row that it was made of."""
    voucher = decode_voucher(content)
    sold_by = next((str(e.dims[SUPPLIER]) for e in _entries(voucher) if e.dims.get(SUPPLIER)), "")
    for code, verb, fields in decode_cards(content):
        value = fields.get(_VALUE)
        if verb == "open" and value is not None:
            name, class_ = (str(fields.get(field) or "") for field in (_NAME, _CLASS))
            on = day if voucher is None else voucher.event_date
            yield Opened(code, at, on, ref, name, class_, decimal(value), sold_by), decode_source(content)


def _disposed(at: datetime, ref: str, content: str) -> Iterator[Disposed]:
    voucher = decode_voucher(content)
    amount = max((max(e.debit, e.credit) for e in _entries(voucher)), default=ZERO)
    for code, _, _ in decode_cards(content)[:1]:
        if voucher is not None:
            yield Disposed(code, at, voucher.event_date, ref, amount)


def _entries(voucher: Voucher | None) -> Sequence[Entry]:
    return () if voucher is None else voucher.entries


def _moved(
    ledger: Ledger, ours: Sequence[str], of: Roles, subjects: Sequence[str], cancelled: Collection[str]
) -> Iterator[Moved]:
    """The departments of these assets from their first on, asset by asset."""
    rules = sorted(of.opening | of.moving)
    for begin in range(0, len(subjects), AT_ONCE):
        params = (ours, subjects[begin : begin + AT_ONCE], rules)
        read = f"{_READ} AND reverses = '' AND subject IN (?*) AND rule IN (?*) ORDER BY subject, committed_at, seq"
        for _, _, key, _, at, content in ledger.query(read, params):
            for code, _, fields in decode_cards(str(content)):
                if str(key) not in cancelled and fields.get(_DEPARTMENT) is not None:
                    yield Moved(code, moment(str(at)), str(fields[_DEPARTMENT]))


def _suppliers(ledger: Ledger, ours: Sequence[str], column: str, rows: Sequence[str]) -> Mapping[str, str]:
    """Source row, as `table:key` → what the mirror has in a column of it."""
    found: dict[str, str] = {}
    wanted: dict[str, list[str]] = {}
    for row in rows:
        table, _, key = row.partition(":")
        wanted.setdefault(table, []).append(key)
    for table, keys in wanted.items():
        for begin in range(0, len(keys), AT_ONCE):
            params = (ours, table, keys[begin : begin + AT_ONCE])
            read = f"SELECT key, image FROM syncd.mirror WHERE {_OURS} AND source_table = ? AND key IN (?*)"
            for name, image in ledger.query(read, params):
                value = json.loads(str(image)).get(column)
                if value is not None:
                    found[f"{table}:{name}"] = str(value)
    return found


def history(rows: Iterator[Mapping[str, object]]) -> Iterator[tuple[str, Decimal]]:
    """Class and original value of every card that finance has."""
    for card in rows:
        class_, value = card.get(_CLASS), card.get(_VALUE)
        if class_ is not None and isinstance(value, Decimal):
            yield str(class_), value
