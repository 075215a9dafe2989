"""A table in CSV as its cells, and back into its file: a row that nobody touched stays as it was written, letter by
letter, with the file's mark, line ends and order of columns."""

import csv
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from syncd.errors import MappingError
from syncd.mapping.language.decisions import records_of
from syncd.mapping.language.file.source import read_text

MARK: Final = b"\xef\xbb\xbf"
"""By which spreadsheets know UTF-8."""
Cells = tuple[str, ...]
_END: Final = re.compile(r"\r\n|\r|\n")


class Row(NamedTuple):
    """A row, the line where it begins, and how it is written, blank lines behind it included."""

    line: int
    cells: Cells
    raw: str


class Sheet(NamedTuple):
    """A table: `head` is how its header is written, with what stands before it."""

    header: Cells
    rows: Sequence[Row]
    head: str
    line_end: str
    is_marked: bool
    is_ended: bool
    """Whether its last line has an end."""


def read(path: Path, content: bytes) -> Sheet:
    """A table's cells. Raises MappingError for what is no CSV in UTF-8, and where a row has not a cell for each
    column."""
    text = read_text(path, content)
    lines = text.splitlines(keepends=True)
    records = [*records_of(path, text)]
    if not records:
        raise MappingError("decision_no_rows", f"{path}:1")
    (_, header), *rows = records
    for line, cells in rows:
        if len(cells) != len(header):
            params = {"given": str(len(cells)), "expected": str(len(header))}
            raise MappingError("decision_cells", f"{path}:{line}", **params)
    starts = [*(line for line, _ in rows), len(lines) + 1]
    raws = ["".join(lines[start - 1 : end - 1]) for start, end in pairwise(starts)]
    found = [Row(line, tuple(cells), raw) for (line, cells), raw in zip(rows, raws, strict=True)]
    ends = _END.findall(text)
    head, line_end = "".join(lines[: starts[0] - 1]), ends[0] if ends else "\n"
    return Sheet(tuple(header), found, head, line_end, content.startswith(MARK), text.endswith(("\n", "\r")))


def write(sheet: Sheet, rows: Iterable[Cells]) -> bytes:
    """The file with other rows."""
    written = {row.cells: row.raw for row in reversed(sheet.rows)}
    parts = [sheet.head, *(written.get(cells) or line(cells) for cells in rows)]
    text = "".join(part if part.endswith(("\n", "\r")) else part + sheet.line_end for part in parts)
    if not sheet.is_ended:
        text = text.rstrip("\r\n")
    return (MARK if sheet.is_marked else b"") + text.encode()


def line(cells: Cells) -> str:
    """A row as CSV, without the end of its line."""
    return ",".join(map(_quoted, cells))


def digest(content: bytes) -> str:
    """What tells the content of a file from any other."""
    return sha256(content).hexdigest()


def columns_of(text: str) -> int:
    """How many cells a line has, that may have been cut within the last."""
    return len(next(csv.reader([text]), [""])) or 1


def _quoted(cell: str) -> str:
    """In quotes where the reader would take it for something else."""
    is_plain = not ('"' in cell or "," in cell or len(cell.splitlines()) > 1)
    return cell if is_plain else '"' + cell.replace('"', '""') + '"'
