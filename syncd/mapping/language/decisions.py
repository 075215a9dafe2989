"""Decision tables and crosswalks: CSV that finance people keep in spreadsheets, read as functions.

`*` in a key column is any other value; a row that says more wins over one that says less. An empty key cell is
empty text or NULL. A value without a row raises Missing; in SQL it is NULL. What is wrong with a file is
returned, all of it, with `file:line`.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

from syncd.change import Kind
from syncd.dialects.mysql import by_bytes
from syncd.errors import MappingError
from syncd.mapping.expression.runtime import Missing
from syncd.mapping.expression.terms import Function, nearest
from syncd.mapping.expression.to_sql import quoted
from syncd.mapping.language.file.source import read_text

Key = tuple[str, ...]
Errors = list[MappingError]
ANY = "*"
ANSWERS_MAX = 4_096
"""That are remembered."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A table as a function: `look_up` is to stand in the globals under the name `function.python`; `answers` are
    all that it may give."""

    name: str
    function: Function
    look_up: Callable[..., str]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    key: Key
    gives: str
    line: int


def read_decision(
    name: str, path: Path, keys: Sequence[str], gives: str, content: bytes | None = None
) -> tuple[Decision, Errors]:
    """The decision table in a CSV file: the column `gives` looked up by the columns `keys`; `content` is what is to
    stand in the file."""
    rows, errors = _read(path, keys, gives, content)
    unique = _unique(path, rows, errors)
    errors += _ambiguous(path, unique)
    return _decision(name, len(keys), unique), errors


def read_crosswalk(
    name: str, path: Path, old: str, new: str, many: bool = False, content: bytes | None = None
) -> tuple[Decision, Errors]:
    """Old codes to unified codes. Two old codes for one unified code are an error unless `many`."""
    rows, errors = _read(path, (old,), new, content)
    for row in rows:
        if row.key == ("",):
            errors.append(MappingError("decision_empty_cell", f"{path}:{row.line}", column=old))
    unique = _unique(path, rows, errors)
    first: dict[str, _Row] = {}
    for row in unique:
        other = first.setdefault(row.gives, row)
        if other is not row and not many:
            where = f"{path}:{row.line}"
            params = {"unified": row.gives, "one": other.key[0], "other": row.key[0], "line": other.line}
            errors.append(MappingError("crosswalk_ambiguous", where, **params))
    return _decision(name, 1, unique), errors


def _read(path: Path, keys: Sequence[str], gives: str, content: bytes | None) -> tuple[list[_Row], Errors]:
    records, errors = read_table(path, (*keys, gives), content)
    rows = [_Row(tuple(key), given, line) for line, (*key, given) in records if given]
    errors += [
        MappingError("decision_empty_cell", f"{path}:{line}", column=gives) for line, cells in records if not cells[-1]
    ]
    return rows, errors


def read_table(
    path: Path, columns: Sequence[str], content: bytes | None = None
) -> tuple[list[tuple[int, list[str]]], Errors]:
    """Line and cells, in the order of these columns, of every record of a CSV file; and what is wrong with the file."""
    try:
        text = read_text(path, content)
        lines = list(records_of(path, text))
    except MappingError as error:
        return [], [error]
    if not lines:
        return [], [MappingError("decision_no_rows", f"{path}:1")]
    (_, header), *records = lines
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        return [], [MappingError("decision_semicolons", f"{path}:1")]
    errors: Errors = []
    for column in columns:
        if header.count(column) != 1:
            code = "decision_column_twice" if column in header else "decision_column"
            params = {"column": column, "nearest": nearest(column, header)}
            errors.append(MappingError(code, f"{path}:1", **params))
    if errors:
        return [], errors
    places = [header.index(column) for column in columns]
    rows = []
    for line, cells in records:
        if len(cells) != len(header):
            params = {"given": str(len(cells)), "expected": str(len(header))}
            errors.append(MappingError("decision_cells", f"{path}:{line}", **params))
        else:
            rows.append((line, [cells[i] for i in places]))
    if not rows and not errors:
        errors.append(MappingError("decision_no_rows", f"{path}:1"))
    return rows, errors


def records_of(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every record that is not empty, the header's too. Raises MappingError for what is no CSV."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [c.strip() for c in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise MappingError("decision_csv", f"{path}:{line}", reason=error) from None


def _unique(path: Path, rows: Iterable[_Row], errors: Errors) -> list[_Row]:
    """The first row of each key; a later one is an error."""
    seen: dict[Key, _Row] = {}
    for row in rows:
        first = seen.setdefault(row.key, row)
        if first is not row:
            where = f"{path}:{row.line}"
            errors.append(MappingError("decision_key_twice", where, key=shown(row.key), line=first.line))
    return list(seen.values())


def _ambiguous(path: Path, rows: Sequence[_Row]) -> Errors:
    """Pairs of rows that both answer some key differently, where neither says more than the other."""
    present = {row.key for row in rows}
    wild = [row for row in rows if ANY in row.key]
    errors = []
    for one, other in combinations(wild, 2):
        pairs = list(zip(one.key, other.key, strict=True))
        both = tuple(b if a == ANY else a for a, b in pairs)
        meets = all(ANY in (a, b) or a == b for a, b in pairs)
        if meets and one.gives != other.gives and both not in present:
            where = f"{path}:{other.line}"
            errors.append(MappingError("decision_ambiguous", where, key=shown(both), line=one.line))
    return errors


def _decision(name: str, width: int, rows: Sequence[_Row]) -> Decision:
    ordered = sorted(rows, key=lambda row: row.key.count(ANY))

    def sql(dialect: str, args: list[str]) -> str:
        return _case(ordered, [by_bytes(a) for a in args] if dialect == "mysql" else args)

    function = Function(f"decide_{name}", (Kind.TEXT,) * width, Kind.TEXT, sql)
    return Decision(name, function, _look_up(name, ordered), tuple(dict.fromkeys(row.gives for row in rows)))


def _look_up(name: str, ordered: Sequence[_Row]) -> Callable[..., str]:
    """The rows grouped by where they have `*`, the most telling group first."""
    groups: dict[tuple[int, ...], dict[Key, str]] = {}
    for row in ordered:
        exact = tuple(i for i, k in enumerate(row.key) if k != ANY)
        groups.setdefault(exact, {})[tuple(row.key[i] for i in exact)] = row.gives
    tables = list(groups.items())

    def look_up(*key: str | None) -> str:
        for places, table in tables:
            found = table.get(tuple([key[i] or "" for i in places]))
            if found is not None:
                return found
        raise Missing(name, shown(key))

    return lru_cache(maxsize=ANSWERS_MAX)(look_up)  # of rows that follow each other most ask the same


def shown(key: Sequence[str | None]) -> str:
    """A key as people read it."""
    return ", ".join("NULL" if k is None else k for k in key)


def _case(ordered: Sequence[_Row], args: list[str]) -> str:
    empty = {i for row in ordered for i, k in enumerate(row.key) if not k}
    sides = [f"coalesce({a}, '')" if i in empty else a for i, a in enumerate(args)]
    branches: list[str] = []
    for row in ordered:
        tests = [f"{s} = {quoted(k)}" for s, k in zip(sides, row.key, strict=True) if k != ANY]
        if not tests:
            otherwise = f" ELSE {quoted(row.gives)}"
            return f"CASE {' '.join(branches)}{otherwise} END" if branches else quoted(row.gives)
        branches.append(f"WHEN {' AND '.join(tests)} THEN {quoted(row.gives)}")
    return f"CASE {' '.join(branches)} END" if branches else "NULL"
