"""A table on its way to a spreadsheet and back: in UTF-8 or GBK, and never with a formula in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from syncd.errors import MappingError
from syncd.mapping.language.decisions import records_of
from syncd.mapping.tables import sheet
from syncd.mapping.tables.sheet import Cells, Sheet
from syncd.spreadsheets import harmless, meant

Encoding = Literal["utf-8", "gb18030"]
ENCODINGS: Final[Sequence[Encoding]] = ("utf-8", "gb18030")
"""GB18030 holds all of GBK, by the same bytes."""
_NAMES: Final = {"utf-8": "UTF-8", "gb18030": "GBK"}


def sent(table: Sheet, encoding: Encoding) -> bytes:
    """The table for a spreadsheet; in UTF-8 with the mark by which it is known."""
    lines = [sheet.line(tuple(map(harmless, cells))) for cells in (table.header, *(row.cells for row in table.rows))]
    text = "".join(f"{line}\r\n" for line in lines)
    return (sheet.MARK if encoding == "utf-8" else b"") + text.encode(encoding)


def text_of(path: Path, content: bytes, encoding: Encoding | None, like: str) -> tuple[str, Encoding]:
    """What came back, and in which encoding, where nobody says it: the one in which fewer letters are other than those
    of the table as it is, `like`. Raises MappingError with the line and the column of what it has no place for."""
    known = {*like}
    likely = [encoding] if encoding else ENCODINGS[:1] if content.startswith(sheet.MARK) else ENCODINGS

    def strange(one: Encoding) -> int:
        return sum(letter not in known for letter in content.decode(one, "replace"))

    chosen = min(likely, key=strange)  # Chinese that is taken for what it is not has more letters, or none at all
    try:
        return content.decode(chosen).removeprefix("\ufeff"), chosen
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(chosen, "replace")
        column = sheet.columns_of(before.rpartition("\n")[2])
        where, byte = f"{path}:{before.count(chr(10)) + 1}", f"0x{content[error.start]:02X}"
        raise MappingError("table_encoding", where, column=column, byte=byte, encoding=_NAMES[chosen]) from None


def unmarked(path: Path, text: str) -> str:
    """What came back as the table says it, without what `harmless` has put before its cells; each row stands in the
    line in which it came. Raises MappingError for what is no CSV."""
    parts, lines = list[str](), 0
    for line, cells in records_of(path, text):
        row = sheet.line(tuple(map(meant, cells)))
        parts.append("\n" * (line - 1 - lines) + row + "\n")
        lines = line - 1 + len(row.splitlines())
    return "".join(parts)


def rows_of(path: Path, text: str, table: Sheet) -> list[Cells]:
    """The rows of a text, in the order of the table's own columns. Raises MappingError where they are others."""
    (_, header), *records = records_of(path, text)
    missing = [name for name in table.header if table.header.count(name) > header.count(name)]
    more = [name for name in header if header.count(name) > table.header.count(name)]
    if missing or more:
        raise MappingError("table_columns", f"{path}:1", missing=", ".join(missing), more=", ".join(more))
    places: list[int] = []
    for name in table.header:
        places.append(next(i for i, one in enumerate(header) if one == name and i not in places))
    return [tuple(cells[place] for place in places) for _, cells in records]
