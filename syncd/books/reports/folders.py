"""A package in a folder: a workbook, a page, and a folder of CSV."""

from pathlib import Path

from syncd.books.reports import csv, html, xlsx
from syncd.books.reports.sheet import Package
from syncd.language import Language


def write(package: Package, folder: Path, language: Language) -> None:
    """`2026-11-zh.xlsx`, `2026-11-zh.html` and `2026-11-zh/*.csv`."""
    stem = f"{package.period}-{language}"
    csv.write(package, folder / stem, language)
    xlsx.write(package, folder / f"{stem}.xlsx", language)
    html.write(package, folder / f"{stem}.html", language)
