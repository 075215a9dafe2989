"""Checksums of many assets at once, computed where they lie: one figure for each part of the codes.

A side is a SELECT of one row an asset: its code `k`, the amounts `a0` …, the texts `t0` …. Codes are parted by their
hash, which needs no index and no order: 4,096 parts tell of a million assets which 250 hold one that differs. A part
whose checksums are equal is equal on both sides, each amount to the last place however it is written, each text by its
bytes; one whose checksums are not is read row by row, and nothing is lost if it was equal after all. So hashes may be
as fast as a server has them, where both sides are of one kind.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from syncd.dialects import SPELLINGS, Dialect, mysql, postgres
from syncd.money import ZERO, at_most

PARTS: Final = 4_096
PLACES_MAX: Final = 6
"""Of a sum: what a server adds up of binary fractions says more, and means nothing by it."""
HASHED: Final[frozenset[Dialect]] = frozenset(("postgres", "mysql"))
"""What computes checksums. SQLite lies in this process: to read it is as fast."""


class Shape(NamedTuple):
    """How many amounts and texts a side has."""

    amounts: int
    texts: int
    is_several: bool = False
    """Whether a row's key begins with the number of its table."""


class Part(NamedTuple):
    """What a side says of a part: rows, the sum of their marks, the sums of the amounts."""

    rows: int
    mark: int
    sums: tuple[Decimal, ...]


class _Hashes(NamedTuple):
    """SQL: the part of a code, and the mark of a row, a whole number."""

    part: Callable[[Dialect, str], str]
    mark: Callable[[Dialect, str, Shape], str]


def parts_query(select: str, dialect: Dialect, other: Dialect, shape: Shape) -> str:
    """SELECT part, rows, sum of marks and sums of amounts, a row a part."""
    hashes = _hashes(dialect, other)
    sums = "".join(f", sum(s.a{i})" for i in range(shape.amounts))
    part, mark = hashes.part(dialect, "s.k"), hashes.mark(dialect, "s", shape)
    return f"SELECT {part} AS part, count(*), sum({mark}){sums} FROM ({select}) AS s GROUP BY 1"


def rows_query(select: str, dialect: Dialect, other: Dialect, parts: Collection[int] | None) -> str:
    """The rows of some parts, or of all, in the order of their codes' bytes."""
    wanted = "" if parts is None else f" WHERE {_hashes(dialect, other).part(dialect, 's.k')} IN ({_listed(parts)})"
    return f"SELECT s.* FROM ({select}) AS s{wanted} ORDER BY {SPELLINGS[dialect].by_bytes('s.k')}"


def totals_query(select: str, shape: Shape, text: int) -> str:
    """SELECT a text and the sums of the amounts of the rows that have it."""
    sums = "".join(f", sum(s.a{i})" for i in range(shape.amounts))
    return f"SELECT s.t{text}, count(*){sums} FROM ({select}) AS s GROUP BY s.t{text}"


def read(rows: Collection[Sequence[Any]]) -> Mapping[int, Part]:
    """What `parts_query` gave. Raises TypeError for a sum that is not exact."""
    return {int(part): Part(int(count), int(mark), tuple(map(exact, sums))) for part, count, mark, *sums in rows}


def exact(amount: object) -> Decimal:
    """A sum as a server gave it; that of no number is nothing, its rows are told. Raises TypeError for a float."""
    if amount is None:
        return ZERO
    if isinstance(amount, float):
        raise TypeError("not exact")
    found = Decimal(str(amount))
    return at_most(found, PLACES_MAX) or ZERO if found.is_finite() else ZERO


def differing(one: Mapping[int, Part], other: Mapping[int, Part]) -> list[int]:
    """The parts in which the sides may differ."""
    return sorted(part for part in one.keys() | other.keys() if one.get(part) != other.get(part))


def _listed(parts: Collection[int]) -> str:
    return ", ".join(map(str, sorted(parts)))


def _hashes(dialect: Dialect, other: Dialect) -> _Hashes:
    return _OWN[dialect] if dialect == other and dialect in _OWN else _COMMON


def _postgres_part(dialect: Dialect, code: str) -> str:
    return f"(hashtextextended({code}, 0) >> 52)"


def _postgres_mark(dialect: Dialect, row: str, shape: Shape) -> str:
    """Each hash is the seed of the next. That of a number knows no places and no sign: that goes into the seed."""
    mark = f"hashtextextended({row}.k, 0)"
    for i in range(shape.amounts):
        amount = f"{row}.a{i}"
        mark = f"hash_numeric_extended(coalesce({amount}, 'NaN'), {mark} # CASE WHEN {amount} < 0 THEN 1 ELSE 0 END)"
    for i in range(shape.texts):
        mark = f"hashtextextended(coalesce({row}.t{i}, ''), {mark})"
    return mark


def _common_part(dialect: Dialect, code: str) -> str:
    return str(_SERVERS[dialect].number_of(f"left(md5({code}), 3)", 3))


def _common_mark(dialect: Dialect, row: str, shape: Shape) -> str:
    """A text that is the same on every server: the code, each amount without the zeros that it ends in, each text."""
    amounts = [f"coalesce({_SERVERS[dialect].canonical(f'{row}.a{i}')}, '-')" for i in range(shape.amounts)]
    texts = [f"replace(coalesce({row}.t{i}, ''), '|', '||')" for i in range(shape.texts)]
    joined = ", '|', ".join([f"{row}.k", *amounts, *texts])
    return str(_SERVERS[dialect].number_of(f"left(md5(concat({joined})), 14)", 14))


_SERVERS: Final[Mapping[Dialect, Any]] = {"postgres": postgres, "mysql": mysql}
_COMMON: Final = _Hashes(_common_part, _common_mark)
_OWN: Final[Mapping[Dialect, _Hashes]] = {"postgres": _Hashes(_postgres_part, _postgres_mark)}
