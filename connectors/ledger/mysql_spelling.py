"""Portable statements and values as MySQL and MariaDB are told them.

The session is set so that double quotes name things, `||` joins text and a backslash is a backslash. There are no
schemas within a database: `fin.card` is the table `fin_card`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from syncd import statements
from syncd.change import Value

_QUOTED: Final = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
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
_WIDE: Final = frozenset({"grp", "key", "reason", "reverses", "subject"})
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
    pieces = _QUOTED.split(statements.without_schemas(sql.replace("(?*)", "(?)")))
    pieces[::2] = map(_respelled, pieces[::2])
    return "".join(pieces)


def joined(table: str) -> str:
    """A table's name where there are no schemas."""
    return table.replace(".", "_")


def quoted(name: str) -> str:
    """A name."""
    return '"' + name.replace('"', '""') + '"'


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
        return f"'{value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value}'"
    if isinstance(value, date):
        return f"'{value}'"
    raise TypeError(f"not exact: {type(value).__name__}")


def tuples(rows: Sequence[tuple[Value, ...]]) -> Iterator[str]:
    """Rows of one width, each as `(1,'a',NULL)`."""
    columns = [_column(values) for values in zip(*rows, strict=True)]
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
            yield found[1]  # there are no partial indexes
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
        width = f"VARCHAR({512 if name in _WIDE else 128})" if name in self._indexed else "LONGTEXT"
        return f"{name}{column[2]}{width}"


def _names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]


def _respelled(sql: str) -> str:
    sql = _DO_NOTHING.sub(r"ON DUPLICATE KEY UPDATE \1 = \1", sql)
    sql = _DO_UPDATE.sub("ON DUPLICATE KEY UPDATE", sql)
    sql = _EXCLUDED.sub(r"VALUES(\1)", sql)
    return _RESERVED.sub(r'"\1"', _LENGTH.sub("char_length(", sql))


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
