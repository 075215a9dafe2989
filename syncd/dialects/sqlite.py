"""SQLite's SQL: no schemas, so `fin.card` is the table `fin_card`; no decimals, so an amount is text."""

from functools import cache

from syncd import statements


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def joined(table: str) -> str:
    """A table's name where there are no schemas."""
    return table.replace(".", "_")


def table(name: str) -> str:
    """A table."""
    return quoted(joined(name))


def source_table(name: str) -> str:
    """A table of the EAM."""
    return table(name)


def by_bytes(text: str) -> str:
    """A text that sorts by its bytes, as SQLite's own order is."""
    return text


def as_text(value: str) -> str:
    """A value of any type as text."""
    return f"CAST({value} AS TEXT)"


def json_text(document: str, name: str) -> str:
    """What a JSON object holds under a name, as text."""
    return f"CAST(json_extract({document}, '$.\"{name}\"') AS TEXT)"


def decimal_type(digits: int, places: int) -> str:
    """Text: `NUMERIC` would make a binary fraction of it."""
    return "TEXT"


@cache
def spelled(sql: str) -> str:
    """A portable statement; a list is JSON."""
    return statements.without_schemas(sql).replace("IN (?*)", "IN (SELECT value FROM json_each(?))")
