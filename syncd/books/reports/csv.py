"""Sheets as CSV, one file each, for whoever reckons on. Opened by a spreadsheet no text becomes a formula."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Final

from syncd.books.reports.sheet import Cell, Package, Sheet, text
from syncd.language import Language

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write(package: Package, folder: Path, language: Language) -> None:
    """A file for each sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in package.sheets:
        write_sheet(sheet, folder / f"{sheet.code.removeprefix('report_')}.csv", language)


def write_sheet(sheet: Sheet, path: Path, language: Language) -> None:
    """One sheet, in UTF-8 with the mark by which spreadsheets know it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow([_safe(column.title(language)) for column in sheet.columns])
        out.writerows([_plain(cell, language) for cell in row] for row in sheet.rows)


def _plain(cell: Cell, language: Language) -> str:
    """Amounts without thousands, so that they are read as numbers."""
    if isinstance(cell, Decimal):
        return f"{cell:.2f}"
    return str(cell) if isinstance(cell, int) else _safe(text(cell, language))


def _safe(said: str) -> str:
    return f"'{said}" if said.startswith(_FORMULA) else said
