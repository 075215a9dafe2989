"""The SQL of MySQL and MariaDB: portable statements and values as they are told them.

The session is set so that double quotes name things, `||` joins text and a backslash is a backslash. There are no
schemas within a database: `fin.card` is the table `fin_card`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from syncd import statements
from syncd.change import Value

_RESERVED: Final = re.compile(
    r"\b(change|condition|groups|index|key|keys|lines|load|lock|option|range|rank|read|release|rows|schema|system|usage"
    r"|write)\b"
)
"""Words that may name columns on PostgreSQL. Keywords are written in capitals, names are not."""
_DO_NOTHING: Final = re.compile(r"ON CONFLICT \(([^,)]+)[^)]*\) DO NOTHING")
_DO_UPDATE: Final = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET")
_EXCLUDED: Final = re.compile(r"\bexcluded\.(\w+)")
_LENGTH: Final = re.compile(r"\blength\(")

_TABLE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(syncd\.\w+)")
_INDEX: Final = re.compile(r"(CREATE (?:UNIQUE )?INDEX \w+ ON (syncd\.\w+) \(([^)]*)\)).*", re.DOTALL)
_PRIMARY: Final = re.compile(r"PRIMARY KEY \(([^)]*)\)|(\w+)\s+\w+ PRIMARY KEY")
_TEXT: Final = re.compile(r"(\w+)(\s+)TEXT\b(?!\s+NOT NULL DEFAULT)")
_DEFAULTED: Final = re.compile(r"\bTEXT(?=\s+NOT NULL DEFAULT)")
_LONG: Final = frozenset({"target"})
"""Texts that were given no width when their table was made, and are indexed by their beginnings."""
_WIDE: Final = frozenset({"grp", "key", "reason", "reverses", "subject"})
WIDE_LETTERS: Final = 512
"""Indexed texts of up to 512 characters; others have 128. An index holds 3072 bytes, 768 characters."""

_STORABLE: Final = frozenset({str, int, Decimal, bool, date, datetime, type(None)})


def spoken(sql: str, params: Sequence[object] = ()) -> str:
    """A portable statement with its parameters in it; a list stands for its elements."""
    first, *rest = spelled(sql).split("?")
    given = zip(map(_param, params), rest, strict=True)
    return first + "".join(text for pair in given for text in pair)


@cache
def spelled(sql: str) -> str:
    """A portable statement, its parameters still `?`."""
    return statements.outside_literals(statements.without_schemas(sql.replace("(?*)", "(?)")), _respelled)


def joined(table: str) -> str:
    """A table's name where there are no schemas."""
    return table.replace(".", "_")


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def table(name: str) -> str:
    """A table."""
    return quoted(joined(name))


def source_table(name: str) -> str:
    """A table of the EAM, its database before it."""
    return ".".join(map(quoted, name.split(".")))


def by_bytes(text: str) -> str:
    """A text that sorts, and is the same as another, by its bytes: a collation may think otherwise of both."""
    return as_bytes(f"CONVERT({text} USING utf8mb4)")


def as_bytes(text: str) -> str:
    """The bytes of a text in its own character set."""
    return f"CAST({text} AS BINARY)"


def as_text(value: str) -> str:
    """A value of any type as text."""
    return f"CONVERT({value} USING utf8mb4)"


def json_text(document: str, name: str) -> str:
    """What a JSON object holds under a name, as the bytes of a text: its collation is none that others have."""
    return as_bytes(f"json_unquote(json_extract({document}, '$.\"{name}\"'))")


def canonical(amount: str) -> str:
    """An exact number as the text that it has on every server: plain digits, none after the point that says nothing."""
    digits = f"CAST(CAST({amount} AS DECIMAL(65, 20)) AS CHAR)"
    return f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM {digits}))"


def number_of(digits: str, count: int) -> str:
    """So many hexadecimal digits as a whole number."""
    return f"CAST(conv({digits}, 16, 10) AS DECIMAL(20, 0))"


def decimal_type(digits: int, places: int) -> str:
    """An exact number."""
    return f"DECIMAL({digits}, {places})"


def literal(value: object) -> str:
    """A value. Raises TypeError for one that is no value of ours, a float above all."""
    if value is None:
        return "NULL"
    if type(value) is str:
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"'{value.replace(tzinfo=None)}'"
    if isinstance(value, date):
        return f"'{value}'"
    raise TypeError(f"not exact: {type(value).__name__}")


def tuples(rows: Sequence[tuple[Value, ...]], moments: Collection[int] = ()) -> Iterator[str]:
    """Rows of one width, each as `(1,'a',NULL)`; the columns numbered in `moments` are told times in UTC, others the
    digits that a time has."""
    columns = [
        _column(tuple(map(_utc, values)) if i in moments else values)
        for i, values in enumerate(zip(*rows, strict=True))
    ]
    line = f"({','.join(['%s'] * len(columns))})"
    return map(line.__mod__, zip(*columns, strict=True))


def definitions(script: Sequence[str], collation: str) -> Iterator[str]:
    """The statements of a migration. A text that an index holds has a width; two texts are the same only when their
    bytes are."""
    indexed: dict[str, set[str]] = {}
    for sql in script:
        if found := _INDEX.match(sql):
            indexed.setdefault(found[2], set()).update(_names(found[3]))
        elif found := _TABLE.match(sql):
            listed = [_names(several or one) for several, one in _PRIMARY.findall(sql)]
            indexed.setdefault(found[1], set()).update(*listed)
    for sql in script:
        if found := _INDEX.match(sql):
            columns = ", ".join(f"{name}(128)" if name in _LONG else name for name in _names(found[3]))
            yield found[1].replace(f"({found[3]})", f"({columns})")  # there are no partial indexes
        elif found := _TABLE.match(sql):
            table = _TEXT.sub(_Widths(indexed[found[1]]), sql)
            yield f"{table} ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE {collation}"
        else:
            yield _DEFAULTED.sub("VARCHAR(512)", _TEXT.sub(r"\1\2LONGTEXT", sql))


class _Widths:
    """Gives every text column of a table its type."""

    def __init__(self, indexed: Iterable[str]) -> None:
        self._indexed = frozenset(indexed)

    def __call__(self, column: re.Match[str]) -> str:
        name = column[1]
        width = f"VARCHAR({WIDE_LETTERS if name in _WIDE else 128})" if name in self._indexed else "LONGTEXT"
        return f"{name}{column[2]}{width}"


def _names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]


def _respelled(sql: str) -> str:
    sql = _DO_NOTHING.sub(r"ON DUPLICATE KEY UPDATE \1 = \1", sql)
    sql = _DO_UPDATE.sub("ON DUPLICATE KEY UPDATE", sql)
    sql = _EXCLUDED.sub(r"VALUES(\1)", sql)
    return _RESERVED.sub(r'"\1"', _LENGTH.sub("char_length(", sql))


def _utc(value: Value) -> Value:
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def _param(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(literal, value)) or "NULL"
    return literal(value)


def _column(values: tuple[Value, ...]) -> Sequence[object]:
    types = set(map(type, values))
    if not types <= _STORABLE:
        raise TypeError(f"not exact: {sorted(t.__name__ for t in types - _STORABLE)}")
    if types == {str}:
        return ["'" + str(value).replace("'", "''") + "'" for value in values]
    return values if types == {int} else list(map(literal, values))
