"""How vouchers' numbers run: by period, by year, by type, all of them; and how they are written."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syncd.init.seen.guess import Guess, Why
from syncd.init.seen.schema import SAMPLE_ROWS_MAX, Table

HYPOTHESES: Final[Sequence[tuple[str, ...]]] = (
    ("period", "type"),
    ("year", "type"),
    ("period",),
    ("year",),
    ("type",),
    (),
)
"""What series may differ by, the usual first."""
_DIGITS: Final = re.compile(r"\d+")


class Row(NamedTuple):
    """A voucher of the sample: what tells its series, its number as it is written."""

    year: str
    period: str
    type: str
    number: str


def pattern(rows: Sequence[Row]) -> str:
    """How numbers are written, `{number:03}/{year}`; empty where they are plain, or nothing tells."""
    written = [row for row in rows if row.number]
    if not written or all(row.number.isdigit() and len(row.number) < 8 for row in written):
        return ""
    first = written[0]
    groups = [match.span() for match in _DIGITS.finditer(first.number)]
    for begin, end in reversed(groups):
        made = _pattern(first, begin, end)
        if all(_number(made, row) is not None for row in written):
            return made
    return ""


def _pattern(row: Row, begin: int, end: int) -> str:
    """The pattern of one number whose running part stands there."""
    head, tail = row.number[:begin], row.number[end:]
    width = end - begin
    padded = row.number[begin] == "0" or width > 3
    middle = f"{{number:0{width}}}" if padded and width < 10 else "{number}"
    month = row.period[5:7]
    for text in ("head", "tail"):
        part = head if text == "head" else tail
        if row.year and month and row.year + month in part:
            part = part.replace(row.year + month, "{year}{month:02}", 1)
        elif row.year and row.year in part:
            part = part.replace(row.year, "{year}", 1)
            if month and re.search(rf"(?<!\d){month}(?!\d)", part):
                part = re.sub(rf"(?<!\d){month}(?!\d)", "{month:02}", part, count=1)
        elif row.year and re.search(rf"(?<!\d){row.year[2:]}(?!\d)", part):
            part = re.sub(rf"(?<!\d){row.year[2:]}(?!\d)", "{yy}", part, count=1)
        if row.type and row.type in part:
            part = part.replace(row.type, "{type}", 1)
        if text == "head":
            head = part
        else:
            tail = part
    return head + middle + tail


def _number(made: str, row: Row) -> int | None:
    pieces = re.split(r"(\{\w+(?::0\d)?\})", made)
    said = {"{year}": row.year, "{yy}": row.year[2:], "{month:02}": row.period[5:7], "{type}": row.type}
    regex = "".join(r"(\d+)" if p.startswith("{number") else re.escape(said.get(p, p)) for p in pieces)
    found = re.fullmatch(regex, row.number)
    return int(found[1]) if found else None


def series(rows: Sequence[Row], made: str, table: Table, columns: Mapping[str, str]) -> Guess:
    """By which of period, year and type the series differ, as `year,type`. `columns` are those that tell it, `number`
    among them: concept → column. An index that keeps numbers apart says it; else the numbers, which within a series
    stand once, miss none and begin with 1; else what is usual for such columns."""
    by_index = _by_index(table, columns)
    pieces = set(re.findall(r"\{(\w+)", made))
    if by_index is not None and (by_index or not pieces & {"year", "yy"}):
        return Guess(",".join(by_index), 0.9, (Why("init_why_index"),))
    own = {one for one in ("period", "year", "type") if one in columns}
    own |= {"period"} if {"year", "month"} <= columns.keys() else set()
    possible = [one for one in HYPOTHESES if set(one) <= own | {"year"}]
    ranked = sorted(possible, key=lambda one: not set(one) <= own)
    numbered = [(row, number) for row in rows if (number := _number(made or "{number}", row)) is not None]
    if len(numbered) >= 3:
        is_whole = len(rows) < SAMPLE_ROWS_MAX
        sound = [one for one in ranked if _runs(numbered, one, is_whole)]
        if sound:
            others = {_parts(numbered, one) for one in sound}
            sure = (
                (0.85 if len(numbered) > 10 else 0.7) if len(others) == 1 and _parts(numbered, sound[0]) > 1 else 0.55
            )
            return Guess(",".join(sound[0]), sure, (Why("init_why_run", {"count": len(numbered)}),))
    if pieces & {"year", "yy"}:
        by = ["period" if "month" in pieces else "year", *(["type"] if "type" in columns and "type" in pieces else [])]
        return Guess(",".join(by), 0.65, (Why("init_why_pattern", {"pattern": made}),))
    return Guess(",".join(ranked[0] if len(own) else ()), 0.45, (Why("init_why_usual"),))


def _by_index(table: Table, columns: Mapping[str, str]) -> tuple[str, ...] | None:
    """What a unique index over the number says, be it of a part of the table."""
    concept = {name: one for one, name in columns.items()}
    for index in (table.key, *table.unique, *(one for one, _ in table.partial)):
        told = {concept.get(name, "") for name in index} - {"number"}
        if columns.get("number") in index and told <= {"year", "period", "type", "month"}:
            found = {"period" if one == "month" else one for one in told}
            found -= {"year"} if "period" in found else set()
            return tuple(one for one in ("period", "year", "type") if one in found)
    return None


def _runs(numbered: Sequence[tuple[Row, int]], by: Sequence[str], is_whole: bool) -> bool:
    """Whether within each series no number stands twice and none is missing, from 1 on where all rows were seen."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, number in numbered:
        found[tuple(getattr(row, one) for one in by)].append(number)
    return all(
        len(set(n)) == len(n) == max(n) - min(n) + 1 and (min(n) == 1 or not is_whole or len(found) == 1)
        for n in found.values()
    )


def _parts(numbered: Sequence[tuple[Row, int]], by: Sequence[str]) -> int:
    return len({tuple(getattr(row, one) for one in by) for row, _ in numbered})
