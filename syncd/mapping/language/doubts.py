"""What can be read and is hardly meant: a condition that never holds, a text that was to be a number. Warnings, with
the line; a mapping that says so goes on as it did."""

import re
from collections.abc import Iterator
from typing import Any, Final

from syncd.errors import Fault, MappingError
from syncd.mapping.expression.doubts import doubts_of
from syncd.mapping.expression.elsewhere import narrowed
from syncd.mapping.language.file.source import Document, Trail
from syncd.mapping.language.scope import ZEROS
from syncd.mapping.layout.layout import FinanceLayout

_NUMBER: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|-?[0-9]+(\.[0-9]+)?")
_NO_EXPRESSION: Final = ("says",)


def constant_doubts(document: Document) -> Iterator[MappingError]:
    """Of the constants: why an expression that compares with one cannot be read, too."""
    data: Any = document.data
    for name, value in (data.get("constants") or {}).items():
        is_odd = isinstance(value, str) and ("," in value or not value.isascii())
        if is_odd and _NUMBER.fullmatch(narrowed(value)):
            yield MappingError("number_as_text", document.where(("constants", name)), name=name, text=value)


def rule_doubts(document: Document) -> Iterator[MappingError]:
    """Of the rules' expressions."""
    data: Any = document.data
    for trail, text in _texts(data.get("rules") or {}, ("rules",)):
        try:
            found = doubts_of(text)
        except (Fault, RecursionError):
            continue  # no expression, or one whose fault is told where it is read
        for code, params in found:
            yield MappingError(code, document.where(trail), **params)


def layout_doubts(document: Document, layout: FinanceLayout) -> Iterator[MappingError]:
    """Of a layout's columns, and of entries that nothing holds together."""
    data: Any = document.data
    for block in ("card", "voucher", "entry"):
        for i, table in enumerate(data.get(block) or ()):
            for column, text in table["columns"].items():
                if isinstance(text, str) and ZEROS.fullmatch(text.strip()):
                    where = document.where((block, i, "columns", column))
                    yield MappingError("zeros_lost", where, column=column, expression=text.strip())
    of_entries = [shape for shape in layout.shape.tables if shape.is_of_entries]
    for i, shape in enumerate(of_entries):
        if not shape.is_shared:
            place = "key" if "key" in data["entry"][i] else "table"
            table = shape.name or layout.entries[i].name
            yield MappingError("entries_ungrouped", document.where(("entry", i, place)), table=table)


def _texts(data: Any, trail: Trail) -> Iterator[tuple[Trail, str]]:
    """Every text in a block, with its place."""
    if isinstance(data, str):
        yield trail, data
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        if step not in _NO_EXPRESSION:
            yield from _texts(value, (*trail, step))
