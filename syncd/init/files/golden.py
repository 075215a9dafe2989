"""Golden cases of real rows: what the sample holds goes in, what the mapping makes of it is written behind."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.init.files.render import identifier, scalar
from syncd.init.seen.likeness import number, told
from syncd.init.seen.schema import Table
from syncd.init.seen.vocabulary import GONE
from syncd.init.source.eam import Join
from syncd.init.source.facts import in_books
from syncd.init.source.meaning import Meaning, joined_key
from syncd.language import say

CASES_MAX: Final = 3
TRIED_MAX: Final = 8
"""Rows of which cases are made: those that park are passed over while others do not."""


class Case(NamedTuple):
    """A case's file."""

    name: str
    text: str


def cases(meaning: Meaning) -> Iterator[Case]:
    """The likeliest first, as different as may be: of other departments and classes, one that is put into use later."""
    for n, row in enumerate(_rows(meaning), 1):
        code = row[meaning.assets.code.name]
        yield Case(f"{n:02}_{_file(str(code))}", _case(meaning, row))


def _rows(meaning: Meaning) -> list[Mapping[str, object]]:
    """Rows of the sample: those that are in the books first, no two alike while there are others."""
    assets = meaning.assets
    rows = [assets.table.row(n) for n in range(assets.table.rows)]
    value = assets.columns.get("original_value")
    varied = [assets.columns[c][0].name for c in ("class", "dept", "status") if c in assets.columns]
    days = [assets.columns[c][0].name for c in ("approved_on", "acquired_on") if c in assets.columns]

    def worth(row: Mapping[str, object]) -> tuple[bool, bool, bool, bool]:
        amount = number(row[value[0].name]) if value is not None else Decimal(1)
        dated = not days or any(row[d] not in (None, "") and not str(row[d]).startswith("0000") for d in days)
        state = "" if assets.status is None else str(row[assets.status[0].name])
        return told(state, GONE) > 0.3, not in_books(assets, row), not (amount is not None and amount > 0), not dated

    ranked = sorted(rows, key=worth)
    chosen: list[Mapping[str, object]] = []
    for row in ranked:
        if len(chosen) < CASES_MAX and all(any(row[c] != other[c] for c in varied) for other in chosen):
            chosen.append(row)
    chosen += [row for row in ranked if row not in chosen][: TRIED_MAX - len(chosen)]
    return chosen


def _case(meaning: Meaning, row: Mapping[str, object]) -> str:
    assets = meaning.assets
    name = f" {row[assets.columns['name'][0].name]}" if "name" in assets.columns else ""
    lines = [f"case: {_value(f'{row[assets.code.name]}{name}')}"]
    given = {alias: found for alias, join in meaning.joins.items() if (found := _joined(join, row)) is not None}
    if given:
        lines.append("given:")
        for alias, found in given.items():
            used = list(dict.fromkeys((*joined_key(meaning.joins[alias]), *meaning.used[alias])))
            lines.append(f"  {alias}: [{_row({c: found[c] for c in used})}]")
    lines.append("changes:")
    used = list(dict.fromkeys(meaning.used["after"]))
    day = next(
        (
            d
            for c in ("approved_on", "acquired_on")
            if c in assets.columns and (d := _day(row[assets.columns[c][0].name]))
        ),
        None,
    )
    at = f", at: {day}" if day else ""
    lines += [f"  - {{insert: {alias}, row: {_row(found)}{at}}}" for alias, found in _lines(meaning, row)]
    lines.append(f"  - {{insert: {meaning.alias}, row: {_row({c: row[c] for c in used})}{at}}}")
    if assets.status is not None and not in_books(assets, row):
        column, value, _ = assets.status
        truths = [held for held in column.values if str(held).lower() in ("1", "true")]
        wanted = (truths or [True])[0] if column.sort == "boolean" else column.example(value)
        known = {c: row[c] for c in assets.key} | {column.name: wanted}
        lines.append(f"  - {{update: {meaning.alias}, row: {_row(known)}{at}}}")
    return "\n".join([f"# {say('init_case_head')}", *lines, ""])


def _lines(meaning: Meaning, row: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The lines of a document, as far as the sample has them."""
    lines = meaning.assets.lines
    if lines is None:
        return
    names = dict.fromkeys((*lines.table.key, *lines.of, *(column.name for column in lines.reads)))
    for n in range(lines.table.rows):
        line = lines.table.row(n)
        if all(str(line[own]) == str(row[key]) for own, key in zip(lines.of, meaning.assets.table.key, strict=True)):
            yield identifier(lines.table.name), {name: line[name] for name in names}


def _joined(join: Join, row: Mapping[str, object]) -> Mapping[str, object] | None:
    """The row of another table that this one refers to, where the sample has it."""
    table: Table = join.table
    for n in range(table.rows):
        other = table.row(n)
        if all(
            row[by] is not None and str(other[key]) == str(row[by])
            for key, by in zip(joined_key(join), join.by, strict=True)
        ):
            return other
    return None


def _row(values: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{scalar(name)}: {_value(value)}" for name, value in values.items()) + "}"


def _value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return f'"{value}"'
    text = str(value)
    made = scalar(text)
    return made if made[0] in "'\"" else f'"{text}"'


def _day(value: object) -> str:
    text = str(value or "")[:10]
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        try:
            return datetime.strptime(text[:8], "%Y%m%d").date().isoformat()
        except ValueError:
            return ""


def _file(code: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in code)[:40].lower()
