"""PostgreSQL's SQL. Portable statements are its own, but for parameters."""

from functools import cache


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def table(name: str) -> str:
    """A table, its schema before it."""
    return ".".join(map(quoted, name.split(".")))


def source_table(name: str) -> str:
    """A table of the EAM."""
    return table(name)


def by_bytes(text: str) -> str:
    """A text that sorts by its bytes. Two texts are the same only when their bytes are, whatever their collation."""
    return f'{text} COLLATE "C"'


def as_text(value: str) -> str:
    """A value of any type as text."""
    return f"CAST({value} AS text)"


def json_text(document: str, name: str) -> str:
    """What a JSON object holds under a name, as text."""
    return f"(CAST({document} AS json) ->> '{name}')"


def canonical(amount: str) -> str:
    """An exact number as the text that it has on every server: plain digits, none after the point that says nothing."""
    return f"CAST(trim_scale({amount}) AS text)"


def number_of(digits: str, count: int) -> str:
    """So many hexadecimal digits as a whole number."""
    return f"CAST(CAST(('x' || {digits}) AS bit({4 * count})) AS bigint)"


def decimal_type(digits: int, places: int) -> str:
    """An exact number."""
    return f"NUMERIC({digits}, {places})"


@cache
def spelled(sql: str) -> str:
    """A portable statement as psycopg2 takes it; a list is an array."""
    return sql.replace("%", "%%").replace("IN (?*)", "= ANY(?)").replace("?", "%s")
