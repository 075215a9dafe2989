"""How much a name is like what a thing is usually called, and what values look like."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final

from syncd.init.seen.abbreviations import spelt_out
from syncd.init.seen.schema import Column, Table
from syncd.init.seen.vocabulary import COLUMNS, TABLES

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CUT: Final = re.compile(r"[^\w]+|_+")
_PREFIXES: Final = frozenset(
    ("f", "c", "t", "tbl", "fld", "col", "eam", "fin", "gl", "fa", "acc", "bd", "bas", "sys", "dt", "txt", "int", "amt")
)
"""What stands before the name proper in systems that mark what is what."""
_CODE: Final = re.compile(r"\d{3,12}|\d{3,5}([.\-]\d{1,6})+")
_WORD_LEAST: Final = 0.55
_OF_PIECES: Final = 0.95
"""What a name counts that is spelt out."""


@cache
def words(name: str) -> tuple[str, ...]:
    """A name's words in lower case: `PurchaseDate`, `purchase_date` and `purchase-date` are the same."""
    parts = [part for piece in _CUT.split(name) for part in _HUMP.split(piece) if part]
    return tuple(part.lower() for part in parts)


@cache
def likeness(name: str, concept: str) -> float:
    """From 0 to 1: how much a column's name says that it is this."""
    return _like_any(name, COLUMNS[concept])


@cache
def table_likeness(name: str, role: str) -> float:
    """From 0 to 1: how much a table's name says that it is this."""
    return _like_any(name.rpartition(".")[2], TABLES[role])


def _like_any(name: str, known: str) -> float:
    """By the name as it is, or as its abbreviations are spelt out."""
    spelt = spelt_out(words(name))
    return max(_like(name, known), _OF_PIECES * _like(spelt, known) if spelt else 0.0)


def _like(name: str, known: str) -> float:
    own = words(name)
    bare = tuple(w for w in own if w not in _PREFIXES) or own
    best = 0.0
    names = known.split()
    for place, one in enumerate(names):
        wanted = tuple(one.split("_"))
        usual = 1.0 - 0.2 * place / len(names)
        joined, spelt = "".join(bare), "".join(wanted)
        if own == wanted or bare == wanted or joined == spelt or "".join(own) == spelt:
            score = usual
        elif (len(spelt) > 2 and joined == f"f{spelt}") or _singular(joined) == _singular(
            spelt
        ):  # as Kingdee marks fields
            score = usual * 0.97
        elif len(spelt) > 2 and _holds(bare, wanted):
            share = len(spelt) / max(1, len(joined))
            score = usual * (0.6 + 0.3 * share + (0.05 if bare[-len(wanted) :] == wanted else 0.0))
        elif len(bare) < 3 and len(spelt) > 3 and spelt in joined:  # words that are run together
            score = usual * (0.5 + 0.4 * len(spelt) / len(joined))
        elif not one.isascii() and one in name:
            score = usual * (0.65 + 0.3 * len(one) / len(name))
        else:
            continue
        best = max(best, score)
    return best


def _holds(own: Sequence[str], wanted: Sequence[str]) -> bool:
    width = len(wanted)
    return any(
        tuple(map(_singular, own[i : i + width])) == tuple(map(_singular, wanted)) for i in range(len(own) - width + 1)
    )


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def column_likeness(column: Column, concept: str) -> float:
    """The same of a column, whose comment may say it in other words."""
    said = likeness(column.name, concept)
    return max(said, 0.9 * likeness(first_word(column.comment), concept)) if column.comment else said


@cache
def first_word(comment: str) -> str:
    """What a comment calls its column, before it explains it."""
    return re.split(r"[,，。;；:：（(|]", comment)[0].strip()


def best(
    table: Table | Iterable[Column], concept: str, least: float = _WORD_LEAST, among: Iterable[str] = ()
) -> Column | None:
    """The column of a table that is most like this, if any is at all. `among` are the sorts that it may have."""
    sorts = frozenset(among)
    found = [(column_likeness(c, concept), -n, c) for n, c in enumerate(table) if not sorts or c.sort in sorts]
    score, _, column = max(found, default=(0.0, 0, None), key=lambda one: one[:2])
    return column if score >= least else None


def told(word: str, known: str) -> float:
    """How much a value, `IN_USE` or `在用`, is one of these words."""
    spelt = "".join(words(word))
    names = known.split()
    for place, one in enumerate(names):
        if spelt == one.replace("_", ""):
            return 1.0 - 0.3 * place / len(names)
    near = [n for n, one in enumerate(names) if len(one) > 3 and one.replace("_", "") in spelt]
    return 0.6 - 0.2 * near[0] / len(names) if near else 0.0


def number(value: object) -> Decimal | None:
    """A value as an exact number; None where it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        made = Decimal(str(value))
    except InvalidOperation:
        return None
    return made if made.is_finite() else None


def is_account_code(text: str) -> bool:
    """Whether a text looks like an account: 1601, 1601.01, 22210101."""
    return _CODE.fullmatch(text) is not None


def is_money(column: Column) -> bool:
    """Whether a column may hold amounts: numbers of at most four places. SQLite keeps them as text."""
    if column.sort in ("text", "other"):
        return not column.is_filled and column.type.upper() == "TEXT"
    if column.sort not in ("decimal", "float", "integer") or (column.places or 0) > 4:
        return False
    numbers = [number(value) for value in column.values if value is not None]
    return all(n is not None and places_of(n) <= 4 for n in numbers)


def places_of(n: Decimal) -> int:
    """How many digits after the point a number needs."""
    exponent = n.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 99


def overlap(one: Column, other: Column) -> float:
    """Which share of the different values of one stands in the other."""
    mine, theirs = set(one.counts), set(other.counts)
    return len(mine & theirs) / len(mine) if mine else 0.0
