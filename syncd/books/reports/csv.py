"""Sheets as CSV, one file each, for whoever reckons on. Opened by a spreadsheet no text becomes a formula."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from syncd.books.reports.sheet import Cell, Package, Sheet, text
from syncd.language import Language, say
from syncd.spreadsheets import harmless
from syncd.whole_files import replacing


def write(package: Package, folder: Path, language: Language) -> None:
    """A file for each sheet: two lines of head, the columns, the rows, the total, and the tie-out below."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in package.sheets:
        path = folder / f"{sheet.code.removeprefix('report_')}.csv"
        head = (say(sheet.code, language=language), package.head(language, sheet.since))
        write_sheet(sheet, path, language, head, package.below(sheet, language))


def write_sheet(
    sheet: Sheet, path: Path, language: Language, head: Sequence[str] = (), below: Sequence[str] = ()
) -> None:
    """One sheet, in UTF-8 with the mark by which spreadsheets know it, between lines of its head and its foot."""
    with replacing(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerows([harmless(line)] for line in head)
        out.writerow([harmless(column.title(language)) for column in sheet.columns])
        rows = [*sheet.rows, *([sheet.total] if sheet.total and below else [])]
        out.writerows([_plain(cell, language) for cell in row] for row in rows)
        out.writerows([harmless(line)] for line in below)


def _plain(cell: Cell, language: Language) -> str:
    """Amounts without thousands, so that they are read as numbers."""
    if isinstance(cell, Decimal):
        return f"{cell:.2f}"
    return str(cell) if isinstance(cell, int) else harmless(text(cell, language))
