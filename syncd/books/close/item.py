"""One thing that must hold before a month is closed."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, Literal, NamedTuple

ROWS_MAX: Final = 1_000
"""Rows that are listed; all are counted."""


class Said(NamedTuple):
    """A message of the catalogue, said in the reader's language when it is shown."""

    code: str
    params: Mapping[str, object] = {}


class Item(NamedTuple):
    """What was looked at. `noted` is listed and keeps nobody from closing; `unknown` could not be looked at. `total`
    counts the rows, of which `rows` are the first; `columns` are messages that head them; `mend` says what is
    to be done."""

    said: Said
    state: Literal["holds", "fails", "noted", "unknown"]
    total: int = 0
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    mend: Said | None = None
    says: Mapping[str, str] | None = None
    """The sentence of a check of the mapping's own, by language, where no message has it; `mends` likewise."""
    mends: Mapping[str, str] | None = None


def found(
    code: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    mend: Said | None = None,
    is_noted: bool = False,
) -> Item:
    """An item that fails where there are rows; the first of them are kept."""
    listed: list[Sequence[object]] = []
    iterator = iter(rows)
    listed.extend(islice(iterator, ROWS_MAX))
    count = len(listed) + sum(1 for _ in iterator)
    state: Literal["holds", "fails", "noted"] = "holds" if not count else "noted" if is_noted else "fails"
    return Item(Said(code), state, count, columns, listed, mend if count else None)


def unknown(code: str, why: Said) -> Item:
    """An item that cannot be looked at."""
    return Item(Said(code), "unknown", mend=why)
