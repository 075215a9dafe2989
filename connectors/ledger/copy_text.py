"""Rows as PostgreSQL's COPY text: one `join` a row where all is text, else column by column first.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Final, cast

from syncd.change import Value

NULL: Final = r"\N"
PART_CHARS: Final = 1 << 16
_SPECIAL: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NONE: Final = type(None)
_TEXT: Final = frozenset({str, _NONE})
_EXACT: Final = frozenset({str, int, Decimal, bool, date, datetime, _NONE})


def copy_text(rows: Sequence[tuple[Value, ...]]) -> bytes:
    """Rows of one width as COPY text. Raises TypeError for a value that is no value of ours, a float above all."""
    return _plain(rows) or _by_columns(rows)


def _plain(rows: Sequence[tuple[Value, ...]]) -> bytes:
    """Rows of nothing but texts that need no escaping, as most are; empty for others."""
    try:
        text = _lines(rows) if len(rows) > 1 else _line(*rows)  # type: ignore[arg-type]
    except (AttributeError, TypeError):
        return b""
    ends, tabs = len(rows), len(rows) * (len(rows[0]) - 1) if rows else 0
    is_plain = text.count(b"\n") == ends and text.count(b"\t") == tabs and b"\\" not in text and b"\r" not in text
    return text if is_plain else b""


def _lines(rows: Sequence[tuple[str, ...]]) -> bytes:
    """Each line by itself: one wide character would make all lines of a text wide."""
    joined = "\t".join
    lines = [joined(row).encode() for row in rows]
    lines.append(b"")
    return b"\n".join(lines)


def _line(row: tuple[str, ...] = ()) -> bytes:
    """The same of one row, which may be a large group's record: it is held once more, and no wider."""
    line = BytesIO()
    for n, cell in enumerate(row):
        line.write(b"\t" if n else b"")
        for start in range(0, len(cell), PART_CHARS):
            line.write(cell[start : start + PART_CHARS].encode())
    line.write(b"\n" if row else b"")
    return line.getvalue()


def _by_columns(rows: Sequence[tuple[Value, ...]]) -> bytes:
    joined = "\t".join
    columns = [_column(values) for values in zip(*rows, strict=True)]
    return b"".join([joined(row).encode() + b"\n" for row in zip(*columns, strict=True)])


def _column(values: tuple[Value, ...]) -> Sequence[str]:
    types = set(map(type, values))
    if not types <= _EXACT:
        raise TypeError(f"not exact: {sorted(t.__name__ for t in types - _EXACT)}")
    texts = cast(tuple[str, ...], values)
    if types == {date}:  # few, and each is spelled slowly
        spelled = {day: str(day) for day in set(values)}
        return [spelled[day] for day in values]
    if str not in types and _NONE not in types:
        return list(map(str, values))
    if types <= _TEXT and not _is_special("".join(filter(None, texts))):
        return texts if _NONE not in types else [NULL if v is None else v for v in texts]
    return [NULL if v is None else v.translate(_SPECIAL) if type(v) is str else str(v) for v in values]


def _is_special(text: str) -> bool:
    return "\\" in text or "\t" in text or "\n" in text or "\r" in text
