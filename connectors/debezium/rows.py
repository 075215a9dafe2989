"""Rows as JSON objects → rows of a change, compiled once for each table and schema."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.convert import Unfit
from connectors.debezium.values import Absent, Field, Read, Reading, mark, reader
from syncd.change import ABSENT, UNCHANGED, Row, Table
from syncd.record import has_marks

Rows = Callable[[Mapping[str, Any]], tuple[Row, bool]]


def row_fields(schema: Mapping[str, Any]) -> Mapping[str, Field]:
    """The fields of the row, by name, from an envelope's schema; nothing for messages that carry no row."""
    for part in schema.get("fields") or ():
        if part.get("field") in ("after", "before"):
            return {f["field"]: f for f in part.get("fields") or ()}
    return {}


def compiled(table: Table, fields: Mapping[str, Field] | None, reading: Reading) -> Rows:
    """Rows as JSON objects → (row, flawed), as one expression. Columns that the schema does not have are ABSENT, for an
    envelope says whole rows; what the log itself did not carry has a placeholder."""
    names = [spelt(column.name, fields) for column in table.columns]
    reads: list[Read | None] = [
        None if fields is not None and name not in fields
        else reader(table.name, column, None if fields is None else fields[name], reading)
        for name, column in zip(names, table.columns, strict=True)
    ]  # fmt: skip
    complete = None not in reads
    scope: dict[str, object] = {f"c{i}": read for i, read in enumerate(reads)} | {"ABSENT": ABSENT}
    parts = "".join(
        f"None if (x := r[{name!r}]) is None else c{i}(x)," if read else "ABSENT,"
        for i, (name, read) in enumerate(zip(names, reads, strict=True))
    )
    whole: Callable[[Mapping[str, Any]], Row] = eval(f"lambda r: ({parts})", scope)

    def rows(said: Mapping[str, Any]) -> tuple[Row, bool]:
        try:
            return whole(said), not complete
        except (Unfit, Absent, ValueError, TypeError, KeyError, ArithmeticError):
            row = tuple(
                mark(read, said[name]) if read and name in said else ABSENT
                for name, read in zip(names, reads, strict=True)
            )
            return row, has_marks(row)

    return rows


def spelt(name: str, fields: Mapping[str, Field] | None) -> str:
    """A column as the source spells it: exactly as declared, or in another case where that is unmistakable."""
    if fields is None or name in fields:
        return name
    alike = [known for known in fields if known.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else name


def filled(after: Row, before: Row) -> Row:
    """What the log did not repeat is what it was."""
    return tuple(was if now is UNCHANGED else now for was, now in zip(before, after, strict=True))


def of_key(table: Table, row: Row) -> tuple[Row, bool]:
    """A row of which the key alone is said."""
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row)), len(table.key) < len(row)


def known_of(table: Table, before: Row, said: Mapping[str, Any], flawed: bool) -> tuple[Row, bool]:
    """Of a deleted row PostgreSQL logs the key alone unless the table's replica identity is FULL, and Debezium fills
    up with nulls. Where nothing but the key has a value, the nulls mean nothing."""
    keys = {table.columns[i].name.lower() for i in table.key}
    if any(value is not None and name.lower() not in keys for name, value in said.items()):
        return before, flawed
    row, is_more = of_key(table, before)
    return row, flawed or is_more
