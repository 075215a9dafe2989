"""How results and complaints look: tables for people, JSON for machines."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncd.cli.later import record
from syncd.errors import Fault, MappingError, MappingErrors
from syncd.language import hint, say

NUMBERS: Final = frozenset({"col_id", "col_first"})
"""Columns of numbers that a command takes: they are said as they are typed."""

GAP_CELLS: Final = 2
"""Between two columns."""
console: Final = Console(highlight=False)
errors: Final = Console(stderr=True, highlight=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = (), whole: Sequence[int] = ()
) -> None:
    """A table with headings from the catalogue; the columns numbered in `right` hold figures, those in `whole` what is
    never broken."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for index, code in enumerate(columns):
        grid.add_column(
            say(code), justify="right" if index in right else "left", overflow="fold", no_wrap=index in whole
        )
    for row in rows:
        said = zip(row, columns, strict=False)
        grid.add_row(*(one if isinstance(one, Text) else Text(cell(one, column)) for one, column in said))
    console.print(grid)


def fits(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bool:
    """Whether a table of these stands in the terminal without a cell that is broken."""
    said = [[say(code) for code in columns], *([cell(v, c) for v, c in zip(r, columns, strict=True)] for r in rows)]
    widths = [max(cell_len(line[n]) for line in said) for n in range(len(columns))]
    return sum(widths) + GAP_CELLS * (len(columns) - 1) <= console.width


def cell(value: object, column: str) -> str:
    """A value for people under this heading: a number that a command takes has no thousands."""
    return str(value) if column in NUMBERS and isinstance(value, int) else shown(value)


def line(code: str, style: str = "", **params: object) -> None:
    """One message of the catalogue as a line."""
    console.print(Text(say(code, params), style=style))


def emit(data: object) -> None:
    """JSON on standard output: amounts as decimal text, moments in UTC."""
    json.dump(data, sys.stdout, ensure_ascii=not is_unicode(sys.stdout), indent=2, default=_json)
    sys.stdout.write("\n")


def is_unicode(stream: TextIO) -> bool:
    """Whether a stream can say every letter. Where it cannot, JSON escapes them, and nothing is lost."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def complain(fault: Fault, as_json: bool = False) -> None:
    """What went wrong and what to do, on standard error; as JSON on standard output."""
    if as_json:
        emit({"error": described(fault)})
        return
    if isinstance(fault, MappingErrors):
        for error in fault.errors:
            complain(error)
        return
    where = f"{fault.where}: " if isinstance(fault, MappingError) else ""
    errors.print(Text.assemble(("✗ ", "bold red"), (where, "bold"), say(fault.code, fault.params)), soft_wrap=True)
    advice = hint(fault.code, fault.params)
    if advice:
        errors.print(Text.assemble(("  → ", "bold green"), advice), soft_wrap=True)


def warn(fault: MappingError) -> None:
    """What may be meant and may be a mistake, on standard error."""
    told = (fault.where + ": ", "bold"), say(fault.code, fault.params)
    errors.print(Text.assemble(("! ", "bold yellow"), *told), soft_wrap=True)
    if advice := hint(fault.code, fault.params):
        errors.print(Text.assemble(("  → ", "bold green"), advice), soft_wrap=True)


def described(fault: Fault) -> dict[str, object]:
    """A fault as data; a mapping's faults with each of them."""
    data: dict[str, object] = {
        "code": fault.code,
        "message": say(fault.code, fault.params),
        "hint": hint(fault.code, fault.params),
        "params": fault.params,
    }
    if isinstance(fault, MappingErrors):
        data["errors"] = [described(error) for error in fault.errors]
    return data


def named(rows: Iterable[Any]) -> list[dict[str, object]]:
    """Named tuples as data."""
    return [row._asdict() for row in rows]


def shown(value: object) -> str:
    """A value for people: a moment on the clock that it is aware of, else on the machine's; figures with thousands."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return (value.astimezone() if value.tzinfo is UTC else value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:,}" if isinstance(value, Decimal) else str(value)


def _json(value: Any) -> object:
    if isinstance(value, datetime):
        return record.timestamp(value)
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(type(value).__name__)
