"""Auxiliaries that are amounts of something: pieces, hours. They add up, and a red letter takes them back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from syncd.change import Value
from syncd.money import EXACT, ZERO
from syncd.posting import Entry
from syncd.record import plain

Dims = Mapping[str, Value]


def apart(dims: Dims, quantities: Sequence[str]) -> tuple[Any, ...]:
    """What tells an entry from another: its auxiliaries without their quantities."""
    if not quantities:
        return tuple(dims.items())
    return tuple((name, value) for name, value in dims.items() if name not in quantities)


def added(one: Dims, other: Dims, quantities: Sequence[str]) -> Dims:
    """The auxiliaries of two entries that are one; what one of them does not say is what the other says."""
    found = dict(one)
    for name in quantities:
        if (more := other.get(name)) is not None:
            found[name] = more if found.get(name) is None else _sum(found[name], more)
    return found


def less(entries: Sequence[Entry], standing: Sequence[Entry], quantities: Sequence[str]) -> tuple[Entry, ...]:
    """What is missing of entries where others stand, by account and auxiliaries, in the order of the entries; sides are
    swapped where too much stands. Auxiliaries of what stands may be as a record keeps them."""
    missing: dict[tuple[object, ...], Entry] = {}
    for entry, is_right in (*((e, True) for e in entries), *((e, False) for e in standing)):
        like = (
            entry.account,
            *sorted((name, str(plain(v))) for name, v in apart(entry.dims, quantities) if v is not None),
        )
        if not is_right:
            entry = Entry(entry.account, entry.credit, entry.debit, entry.summary, negated(entry.dims, quantities))
        known = missing.get(like)
        missing[like] = entry if known is None else _joined(known, entry, quantities)
    return tuple(_one_sided(entry) for entry in missing.values() if entry.debit != entry.credit)


def _joined(one: Entry, other: Entry, quantities: Sequence[str]) -> Entry:
    debit, credit = EXACT.add(one.debit, other.debit), EXACT.add(one.credit, other.credit)
    return Entry(one.account, debit, credit, one.summary, added(one.dims, other.dims, quantities))


def _one_sided(entry: Entry) -> Entry:
    total = EXACT.subtract(entry.debit, entry.credit)
    debit, credit = (total, ZERO) if total > ZERO else (ZERO, EXACT.minus(total))
    return entry._replace(debit=debit, credit=credit)


def negated(dims: Dims, quantities: Sequence[str]) -> Dims:
    """The auxiliaries of a red letter. Takes quantities as a record keeps them, decimals as text."""
    found = {name: dims[name] for name in quantities if dims.get(name) is not None}
    return {**dims, **{name: _negated(value) for name, value in found.items()}} if found else dims


def _sum(one: Value, other: Value) -> int | Decimal:
    a, b = _number(one), _number(other)
    return a + b if isinstance(a, int) and isinstance(b, int) else EXACT.add(Decimal(a), Decimal(b))


def _negated(value: Value) -> int | Decimal:
    number = _number(value)
    return -number if isinstance(number, int) else EXACT.minus(number)


def _number(value: Value) -> int | Decimal:
    return value if isinstance(value, int) else Decimal(str(value))
