"""Rows as PostgreSQL's COPY text, column by column: the per-row work is one `%`.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from syncd.change import Value

NULL: Final = r"\N"
_SPECIAL: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NONE: Final = type(None)
_TEXT: Final = frozenset({str, _NONE})
_EXACT: Final = frozenset({str, int, Decimal, bool, date, datetime, _NONE})


def copy_text(rows: Sequence[tuple[Value, ...]]) -> bytes:
    """Rows of one width as COPY text. Raises TypeError for a value that is no value of ours, a float above all."""
    columns = [_column(values) for values in zip(*rows, strict=True)]
    line = "\t".join(["%s"] * len(columns)) + "\n"
    # Each line by itself: one wide character would make all lines of a text wide.
    return b"".join([(line % row).encode() for row in zip(*columns, strict=True)])


def _column(values: tuple[Value, ...]) -> Sequence[Value]:
    types = set(map(type, values))
    if not types <= _EXACT:
        raise TypeError(f"not exact: {sorted(t.__name__ for t in types - _EXACT)}")
    if str not in types and _NONE not in types:
        return values
    if types <= _TEXT and not _is_special("".join(filter(None, values))):  # type: ignore[arg-type]
        return values if _NONE not in types else [NULL if v is None else v for v in values]
    return [NULL if v is None else v.translate(_SPECIAL) if type(v) is str else v for v in values]


def _is_special(text: str) -> bool:
    return "\\" in text or "\t" in text or "\n" in text or "\r" in text
