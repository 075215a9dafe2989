"""What is found, as files: a workbook with the rows of each rule, and the two tables that a mapping can take as they
are."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syncd.books.quality.findings import Default, Report, Sort, Suggested, title, words
from syncd.books.quality.store import Found, Store
from syncd.books.reports.xlsx import DIGITS_MAX, workbook
from syncd.change import Kind, Table
from syncd.language import say
from syncd.whole_files import replacing

ROWS_MAX: Final = 1_000_000
"""A sheet of Excel has 1,048,576; what is more goes on in the next."""
CELL_LETTERS_MAX: Final = 32_000
WORKBOOK, CROSSWALK, DEFAULTS = "quality.xlsx", "crosswalk.csv", "defaults.csv"


def write_workbook(path: Path, report: Report, store: Store, tables: Mapping[str, Table]) -> None:
    """A sheet with the counts, and for each rule one with its rows: table, key, asset code, what is wrong, every
    column. Text stays text, whatever it begins with."""
    with workbook(path) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(say("quality_sheet"))
        sheet.set_column(0, 0, 28)
        sheet.set_column(3, 3, 80)
        _head(sheet, ("quality_rule", "quality_weight", "quality_rows", "quality_what"), bold)
        for n, group in enumerate(report.groups, 1):
            for place, value in enumerate((group.sort.name, group.sort.weight, group.rows, title(group.sort))):
                _cell(sheet, n, place, value)
        for n, group in enumerate(report.groups, 1):
            for part, rows in enumerate(_parts(store.found(group.sort.name))):
                name = f"{n:02} {group.sort.name}{f' {part + 1}' if part else ''}"
                _sheet(book.add_worksheet(_allowed(name)), group.sort, rows, tables, bold)


def _sheet(sheet: Any, sort: Sort, rows: Iterable[Found], tables: Mapping[str, Table], bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(1, 2, 18)
    sheet.set_column(3, 3, 60)
    shown: Table | None = None
    for n, found in enumerate(rows, 1):
        table = tables[found.alias]
        if shown is None:
            shown = table
            _head(sheet, ("quality_table", "quality_key", "quality_code", "quality_what"), bold)
            for place, column in enumerate(table.columns, 4):
                sheet.write_string(0, place, column.name, bold)
        image = json.loads(found.image)
        numbers = {c.name for c in table.columns if c.kind in (Kind.DECIMAL, Kind.INTEGER)}
        values = [image.get(c.name) for c in shown.columns]
        for place, value in enumerate((found.alias, found.key, found.code, words(sort, found))):
            _cell(sheet, n, place, value)
        for place, (column, value) in enumerate(zip(shown.columns, values, strict=True), 4):
            _cell(sheet, n, place, value, column.name in numbers)


def _cell(sheet: Any, row: int, place: int, value: object, is_number: bool = False) -> None:
    if isinstance(value, dict):
        value = value.get("malformed", "")
        is_number = False
    if value is None:
        return
    text = str(value)
    if (is_number or isinstance(value, int)) and sum(letter.isdigit() for letter in text) <= DIGITS_MAX:
        sheet.write_number(row, place, float(text))
    else:
        sheet.write_string(row, place, text[:CELL_LETTERS_MAX])


def _head(sheet: Any, codes: Sequence[str], bold: Any) -> None:
    for place, code in enumerate(codes):
        sheet.write_string(0, place, say(code), bold)


def _allowed(name: str) -> str:
    """A sheet's name: at most 31 letters, none of a few."""
    return "".join("_" if letter in "[]:*?/\\'" else letter for letter in name)[:31]


def _parts(rows: Iterator[Found]) -> Iterator[Iterator[Found]]:
    """The rows, so many at a time."""

    def part(first: Found) -> Iterator[Found]:
        yield first
        for _, found in zip(range(ROWS_MAX - 1), rows, strict=False):
            yield found

    for first in rows:
        yield part(first)


def write_crosswalk(path: Path, suggestions: Iterable[Suggested]) -> int:
    """Old code and unified code; how many. None is no file: a mapping takes no empty table."""
    return _csv(path, ("old_code", "code"), suggestions)


def write_defaults(path: Path, defaults: Iterable[Default]) -> int:
    """Class, months of life, residual rate; how many."""
    return _csv(path, ("class", "life_months", "residual_rate"), defaults)


def _csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    told = iter(rows)
    if (first := next(told, None)) is None:
        path.unlink(missing_ok=True)
        return 0
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([head, first])
        count = 1
        for row in told:
            writer.writerow(row)
            count += 1
    return count
