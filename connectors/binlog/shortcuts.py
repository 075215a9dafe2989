"""The shortest way from a value in a row of the binary log to what a mapping declares, as Python source. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import compress
from typing import Final, NamedTuple, NoReturn

from connectors.binlog.decimal import DIGITS, groups, scaled
from connectors.binlog.table import (
    BIT,
    BLOB_COMPRESSED,
    BLOBS,
    DATE,
    DATETIME2,
    DECIMAL,
    ENUM,
    NEWDATE,
    SET,
    STRING,
    TIMESTAMP2,
    VAR_STRING,
    VARCHAR,
    WireColumn,
)
from connectors.binlog.text import Charsets, codec
from connectors.binlog.types import (
    BIG,
    BITS,
    INTEGERS,
    Layout,
    fraction_bytes,
    labels,
)
from connectors.convert import Unfit, at_zone, cents
from syncd.change import ABSENT, UNCHANGED, Column, Kind

REMEMBERED_MAX: Final = 50_000
"""Days that are kept at hand: more than a century."""


class Shortcut(NamedTuple):
    """`source` gives the shortest source of a value: (names of its unpacked numbers, source of its bytes) → source.
    `unpacks`: whether it wants the numbers."""

    unpacks: bool
    source: Callable[[Sequence[str], str], str]


def shortcut(
    column: Column, wire: WireColumn, where: Layout, charsets: Charsets, names: dict[str, object], i: int
) -> Shortcut:
    """The way of one column. What it cannot take it raises, and `read{i}` then says what it is; what it takes, the
    parser would have made the same value of, from the server's own text."""
    kind, form, wired = column.kind, column.form, wire.type
    if column.places is not None or column.elements is not None:
        return Shortcut(False, lambda _, raw: f"parse{i}(text{i}({raw}))")
    number: Callable[[Sequence[str]], str] = lambda n: packed(where.order, where.codes, n)  # noqa: E731
    if wired in INTEGERS or wired == BIT:
        simple = {Kind.INTEGER: "{}", Kind.DECIMAL: "Decimal({})", Kind.BOOLEAN: "TRUTH[{}]"}
        if kind in simple:
            return Shortcut(True, lambda n, _: simple[kind].format(number(n)))
    if wired == DECIMAL and (kind is Kind.DECIMAL or (kind is Kind.INTEGER and wire.meta & 255 == 0)):
        if kind is Kind.INTEGER:
            return Shortcut(True, lambda n, _: unscaled(wire.meta, n))
        names[f"unit{i}"] = scaled(1, wire.meta & 255)
        exact = f"scaled({{}}, unit{i})"
        exact = f"cents({exact})" if form == "money" and wire.meta & 255 > 2 else exact
        return Shortcut(True, lambda n, _: exact.format(unscaled(wire.meta, n)))
    if wired in (DATE, NEWDATE) and kind is Kind.DATE and not form:
        return Shortcut(True, lambda n, _: f"DAYS[{number(n)}]")
    if wired == DATETIME2 and kind is Kind.DATE and not form:
        return Shortcut(True, lambda n, _: f"DATES[{packed('>', 'BI', n[:2])} >> 17]")
    if wired == DATETIME2 and kind is Kind.TIMESTAMP and not form:
        clock = "MIDNIGHTS[(k := {}) >> 17] + timedelta(0, (k >> 12 & 31) * 3600 + (k >> 6 & 63) * 60 + (k & 63){})"
        return Shortcut(True, lambda n, _: clock.format(packed(">", "BI", n[:2]), _micros(wire, n[2:])))
    if wired == TIMESTAMP2 and kind is Kind.TIMESTAMP and not form:
        return Shortcut(True, lambda n, _: f"EPOCH + timedelta(0, {n[0]} or wrong(){_micros(wire, n[1:])})")
    if wired in (ENUM, SET) and kind is Kind.TEXT and (known := _known_labels(wire, charsets)) is not None:
        names[f"labels{i}"] = known
        return Shortcut(True, lambda n, _: f"labels{i}[{number(n)}]")
    if wired in _TEXTS and kind is Kind.TEXT and (found := codec(wire, charsets)) is not None:
        how = "" if found[0] == "utf-8" else f"{found[0]!r}, {found[1]!r}"
        return Shortcut(False, lambda _, raw: f"t if NUL not in (t := {raw}.decode({how})) else wrong()")
    return Shortcut(False, lambda _, raw: f"parse{i}(text{i}({raw}))")


_TEXTS: Final = (BLOBS - {BLOB_COMPRESSED}) | {VARCHAR, VAR_STRING, STRING}


def packed(order: str, codes: str, names: Sequence[str]) -> str:
    """Source of the one number that unpacked ones make up."""
    parts, shift = [], 0
    pairs = list(zip(names, codes, strict=True))
    for name, code in pairs if order == "<" else pairs[::-1]:
        parts.append(f"{name} << {shift}" if shift else name)
        shift += BITS[code]
    return f"({' | '.join(parts)})" if len(parts) > 1 else parts[0]


def unscaled(type: int, names: Sequence[str]) -> str:
    """Source of a DECIMAL without its point: one sum less one of two constants, whichever its first bit says."""
    weight, terms = 1, []  # (weight, bits) of each name
    for digits, size in reversed(list(groups(type))):
        shift = 0
        for code in reversed(BIG[size]):
            terms.append((weight << shift, BITS[code]))
            shift += BITS[code]
        weight *= 10**digits
    terms.reverse()
    highest = terms[0][1] - 1
    positive = terms[0][0] << highest
    negative = sum(w * ((1 << bits) - 1) for w, bits in terms) - positive
    total = " + ".join(f"{name} * {w}" if w > 1 else name for name, (w, _) in zip(names, terms, strict=True))
    return f"({total} - ({positive} if {names[0]} >> {highest} else {negative}))"


def _micros(wire: WireColumn, names: Sequence[str]) -> str:
    """Source of a fraction of a second as a further argument of timedelta."""
    size = fraction_bytes(wire)
    if not size:
        return ""
    return f", {packed('>', BIG[size], names)} * {(1, 10_000, 100, 1)[size]}"


def _known_labels(wire: WireColumn, charsets: Charsets) -> object:
    try:
        known = labels(wire, charsets)
    except Unfit:
        return None
    if any("\0" in label for label in known):
        return None
    return ("", *known) if wire.type == ENUM else _Sets(known)


class _Sets(dict[int, str]):
    """The labels of a SET's number, joined."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def __missing__(self, number: int) -> str:
        if number >> len(self._known):
            raise Unfit("malformed_type")
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        text = self[number] = ",".join(compress(self._known, (number >> i & 1 for i in range(len(self._known)))))
        return text


class _Days(dict[int, date]):
    """The date of a DATE's number."""

    def __missing__(self, number: int) -> date:
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        day = self[number] = date(number >> 9, number >> 5 & 15, number & 31)
        return day


class _Dates(dict[int, date]):
    """The date of a DATETIME's upper bits."""

    def __missing__(self, number: int) -> date:
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        year, month = divmod(number >> 5 & 0x1FFFF, 13)
        day = self[number] = date(year, month, number & 31)
        return day


class _Midnights(dict[int, datetime]):
    """When a day begins in a zone, by a DATETIME's upper bits. Days that are not plainly 24 hours are refused."""

    def __init__(self, zone: tzinfo, dates: _Dates) -> None:
        self._zone, self._dates = zone, dates

    def __missing__(self, number: int) -> datetime:
        day = self._dates[number]
        start = datetime(day.year, day.month, day.day)
        offsets = {
            moment.replace(tzinfo=self._zone, fold=fold).utcoffset()
            for moment in (start + timedelta(hours=h) for h in range(24))
            for fold in (0, 1)
        }
        offsets.add((start + timedelta(hours=23, minutes=59, seconds=59)).replace(tzinfo=self._zone).utcoffset())
        if len(offsets) > 1:
            raise Unfit("malformed_timestamp")
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        midnight = self[number] = at_zone(start, self._zone)
        return midnight


_DAYS: Final = _Days()
_DATES: Final = _Dates()


def names_of(zone: tzinfo) -> dict[str, object]:
    """What generated code may call; a DATETIME is taken in `zone`."""
    return {
        "number": int.from_bytes,
        "Decimal": Decimal,
        "scaled": DIGITS.multiply,
        "cents": cents,
        "timedelta": timedelta,
        "EPOCH": datetime(1970, 1, 1, tzinfo=UTC),
        "DAYS": _DAYS,
        "DATES": _DATES,
        "MIDNIGHTS": _Midnights(zone, _DATES),
        "TRUTH": {0: False, 1: True},
        "NUL": "\0",
        "ABSENT": ABSENT,
        "UNCHANGED": UNCHANGED,
        "wrong": _wrong,
        "WRONG": (ValueError, ArithmeticError, LookupError),
    }


def _wrong() -> NoReturn:
    raise Unfit("malformed_type")
