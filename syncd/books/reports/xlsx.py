"""A package as one workbook. A text is a text whatever it begins with, an amount a number with two places, but for one
of more digits than a spreadsheet keeps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, Final
from unicodedata import east_asian_width

import xlsxwriter

from syncd.books.reports.sheet import Cell, Package, Sheet, text
from syncd.language import Language, say
from syncd.whole_files import replacing

ROWS_MAX: Final = 1_000_000
"""Of a worksheet, which ends at 1,048,576: what is more stands on the next."""
A4: Final = 9
DIGITS_MAX: Final = 15
"""Excel keeps numbers as binary fractions; what has more digits stays text."""
_HEAD_ROWS: Final = 3
_WIDTH_MIN: Final = 7
_WIDTH_MAX: Final = 36
_LOOKED_AT: Final = 500
"""Rows by which a column's width is chosen."""
_CHART_ROWS: Final = 16
_OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_MONEY: Final = "#,##0.00;[Red]-#,##0.00"


def write(package: Package, path: Path, language: Language) -> None:
    """Write the workbook."""
    with workbook(path) as book:
        book.set_properties({"title": package.head(language), "created": package.printed_at.replace(tzinfo=None)})
        formats = _formats(book)
        for sheet in package.sheets:
            for n, start in enumerate(range(0, max(len(sheet.rows), 1), ROWS_MAX)):
                title = say(sheet.code, language=language)
                name = title if not n else f"{title} ({n + 1})"
                _sheet(book, name[:31], package, sheet, sheet.rows[start : start + ROWS_MAX], formats, language)


@contextmanager
def workbook(path: Path) -> Iterator[Any]:
    """A workbook in which text stays text, and whose rows do not stay in memory; it stands at the path once it is
    whole. Raises OSError where it cannot: what the library raises is none, and its archive tells of a full disk by a
    trace."""
    with TemporaryFile() as packed:
        try:
            with xlsxwriter.Workbook(packed, {**_OPTIONS, "constant_memory": True}) as book:
                yield book
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None
        packed.seek(0)
        with replacing(path) as part, part.open("wb") as file:
            copyfileobj(packed, file)


def _formats(book: Any) -> dict[str, Any]:
    border = {"border": 1, "border_color": "#BFBFBF", "font_size": 10, "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "plain": book.add_format({"font_size": 10}),
        "across": book.add_format({"font_size": 10, "bold": True, "num_format": "@"}),
        "head": book.add_format({**border, "bold": True, "bg_color": "#E8EDF3", "text_wrap": True}),
        "text": book.add_format({**border, "num_format": "@", "indent": 1}),
        "money": book.add_format({**border, "num_format": _MONEY}),
        "count": book.add_format({**border, "num_format": "#,##0"}),
        "date": book.add_format({**border, "num_format": "@"}),
        "total_text": book.add_format({**border, "bold": True, "top": 2}),
        "total_money": book.add_format({**border, "bold": True, "top": 2, "num_format": _MONEY}),
    }


def _sheet(
    book: Any,
    name: str,
    package: Package,
    sheet: Sheet,
    rows: Sequence[Sequence[Cell]],
    formats: dict[str, Any],
    language: Language,
) -> None:
    page = book.add_worksheet(name)
    _lay_out(page, sheet, rows, language)
    page.write_string(0, 0, say(sheet.code, language=language), formats["title"])
    page.write_string(1, 0, package.head(language, sheet.since), formats["plain"])
    for n, column in enumerate(sheet.columns):
        page.write_string(_HEAD_ROWS - 1, n, column.title(language), formats["head"])
    at = _HEAD_ROWS
    for row in rows:
        if len(row) < len(sheet.columns):
            page.write_string(at, 0, text(row[0], language), formats["across"])
        else:
            for n, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
                _cell(page, at, n, cell, formats[column.kind], language)
        at += 1
    if sheet.total:
        for n, cell in enumerate(sheet.total):
            style = formats["total_money" if isinstance(cell, Decimal) else "total_text"]
            _cell(page, at, n, cell, style, language)
        at += 1
    for line in package.below(sheet, language):
        page.write_string(at, 0, line, formats["plain"])
        at += 1
    if sheet.chart is not None and len(rows) == len(sheet.rows):
        _chart(book, page, name, sheet, at, language)
        at += _CHART_ROWS
    page.set_h_pagebreaks([_HEAD_ROWS + n for n in sheet.pages if 0 < n < len(rows)])
    page.print_area(0, 0, at - 1, len(sheet.columns) - 1)


def _lay_out(page: Any, sheet: Sheet, rows: Sequence[Sequence[Cell]], language: Language) -> None:
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, _HEAD_ROWS - 1)
    page.freeze_panes(_HEAD_ROWS, 1)
    page.set_footer("&C&P / &N")
    looked_at = [row for row in (*rows[:_LOOKED_AT], sheet.total) if len(row) == len(sheet.columns)]
    for n, column in enumerate(sheet.columns):
        cells = [text(row[n], language) for row in looked_at]
        width = max([len(column.title(language)), *map(_breadth, cells)]) + 2
        page.set_column(n, n, min(max(width, _WIDTH_MIN), _WIDTH_MAX))
    if rows:
        page.autofilter(_HEAD_ROWS - 1, 0, _HEAD_ROWS - 1 + len(rows), len(sheet.columns) - 1)


def _breadth(said: str) -> int:
    """In digits: a Chinese letter is two wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in said)


def _cell(page: Any, row: int, column: int, cell: Cell, style: Any, language: Language) -> None:
    if cell is None or cell == "":
        page.write_blank(row, column, None, style)
    elif isinstance(cell, Decimal | int) and len(str(abs(cell)).replace(".", "")) <= DIGITS_MAX:
        page.write_number(row, column, cell, style)
    else:
        page.write_string(row, column, text(cell, language), style)


def _chart(book: Any, page: Any, name: str, sheet: Sheet, below: int, language: Language) -> None:
    spec = sheet.chart
    assert spec is not None
    chart = book.add_chart({"type": "bar"})
    first, last = _HEAD_ROWS + spec.first, _HEAD_ROWS + spec.last
    chart.add_series(
        {
            "categories": [name, first, spec.names, last, spec.names],
            "values": [name, first, spec.values, last, spec.values],
            "fill": {"color": "#2F6DB5"},
        }
    )
    chart.set_title({"name": say(spec.code, language=language), "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    page.insert_chart(below + 1, 0, chart)
