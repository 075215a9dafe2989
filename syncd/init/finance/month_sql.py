"""A month in each database's SQL: its code `2026-02` of what a table holds, its first and last day."""

from syncd.dialects import SPELLINGS, Dialect


def of_parts(dialect: Dialect, year: str, month: str) -> str:
    """The code of a year's and a month's column."""
    y, m = map(SPELLINGS[dialect].quoted, (year, month))
    return {
        "postgres": f"{y} || '-' || lpad(CAST({m} AS text), 2, '0')",
        "mysql": f"concat({y}, '-', lpad({m}, 2, '0'))",
        "sqlite": f"{y} || '-' || printf('%02d', {m})",
    }[dialect]


def of_digits(dialect: Dialect, column: str) -> str:
    """The code of a column that holds 202602, as a number or a text."""
    name = SPELLINGS[dialect].quoted(column)
    if dialect == "mysql":
        return f"concat(left({name}, 4), '-', right({name}, 2))"
    text = f"CAST({name} AS {'text' if dialect == 'postgres' else 'TEXT'})"
    return f"substr({text}, 1, 4) || '-' || substr({text}, 5, 2)"


def of_day(dialect: Dialect, column: str, letters: int) -> str:
    """The code, or with four letters the year, of the day in a column."""
    name = SPELLINGS[dialect].quoted(column)
    if dialect == "postgres":
        return f"to_char({name}, '{'YYYY' if letters == 4 else 'YYYY-MM'}')"
    return f"left({name}, {letters})" if dialect == "mysql" else f"substr({name}, 1, {letters})"


def first_day(dialect: Dialect, code: str) -> str:
    """The first day of a code."""
    return {
        "postgres": f"CAST({code} || '-01' AS date)",
        "mysql": f"CAST(concat({code}, '-01') AS date)",
        "sqlite": f"{code} || '-01'",
    }[dialect]


def last_day(dialect: Dialect, first: str) -> str:
    """The last day of a month whose first is given."""
    return {
        "postgres": f"CAST({first} + INTERVAL '1 month - 1 day' AS date)",
        "mysql": f"last_day({first})",
        "sqlite": f"date({first}, '+1 month', '-1 day')",
    }[dialect]
