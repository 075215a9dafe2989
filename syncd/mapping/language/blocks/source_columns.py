"""A column of the EAM in SQL, as the stream reads it: whatever its own type is, and however it is called."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from syncd.change import Column, Kind, Table
from syncd.dialects import SPELLINGS, Dialect
from syncd.dialects.mysql import decimal_type
from syncd.mapping.expression.parse import Name
from syncd.mapping.expression.to_sql import TYPES as SQL_TYPES
from syncd.mapping.expression.zones_sql import column_moment
from syncd.mapping.language.scope import column as column_name
from syncd.money import MONEY_PLACES

_DIGITS_MAX: Final = 18
_NUMBERS: Final = {
    "postgres": (r"~ '^\s*[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?[0-9]{1,2})?\s*$'", "numeric"),
    "mysql": ("REGEXP '^ *[+-]?([0-9]{1,40}[.]?[0-9]{0,20}([eE][+]?[0-9])?|[.][0-9]{1,20}) *$'", "DECIMAL(65, 20)"),
}
"""How a text that is a number is told, see `runtime`, and what it becomes. MySQL takes hardly any exponents and keeps
twenty places: what has more is told as unreadable, never rounded."""
_WHOLE: Final = {
    "postgres": (rf"~ '^\s*[+-]?[0-9]{{1,{_DIGITS_MAX}}}\s*$'", "bigint"),
    "mysql": (f"REGEXP '^ *[+-]?[0-9]{{1,{_DIGITS_MAX}}} *$'", "SIGNED"),
}

_PLACES_KEPT: Final = 20
_SOMETHING: Final[Mapping[Dialect, str]] = {
    "postgres": "CAST({} AS text) ~ '[1-9]'",
    "mysql": "CAST({} AS CHAR) REGEXP '[1-9]'",
    "sqlite": "{} GLOB '*[1-9]*'",
}
"""Whether a day is one, where one of zeros means nothing."""


class Server(NamedTuple):
    """Whom the statement is for. `zone` is the source's; `moments` are MySQL's columns that keep moments, `texts`
    columns that keep text or a binary fraction, both as `table.column` in small letters."""

    dialect: Dialect
    zone: str
    moments: Collection[str] = ()
    texts: Collection[str] = ()


class SourceColumns:
    """Builds SQL of columns for one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dialect, self._spelling = server.dialect, SPELLINGS[server.dialect]
        self.numbers: list[tuple[str, Table, str]] = []
        """What reads a text as a number, and which column it is."""
        self._known_places: dict[str, int] = {}
        """The digits after the point that a column may have, by its SQL."""

    def _columns(self, table: Table, spelled: str, prefix: str) -> dict[str, Name]:
        found = {}
        for c in table.columns:
            sql = self._column(table, c, spelled)
            places = MONEY_PLACES if c.form == "money" else c.places
            if places is not None:
                self._known_places[sql] = places
            found[f"{prefix}{c.name}".lower()] = column_name(c, f"{spelled}_{c.name}", sql)
        return found

    def _column(self, table: Table, column: Column, spelled: str) -> str:
        """What is not kept as the kind it is declared to be has no SQL. A column may keep any text, on SQLite
        whatever its type, and one amount that is none must not end the whole comparison: it is NULL."""
        if column.form not in ("", "money"):
            return ""
        sql = f"{spelled}.{self._spelling.quoted(column.name)}"
        if column.elements is not None:
            return self._array(sql, column.elements)
        if column.places is not None:
            return self._at_places(self._column(table, replace(column, places=None), spelled), column.places)
        if column.is_zero_null:
            sql = f"CASE WHEN {_SOMETHING[self._dialect].format(sql)} THEN {sql} END"
        place = f"{table.name}.{column.name}".lower()
        if column.kind in (Kind.DATE, Kind.TIMESTAMP):
            is_moment = place in self._server.moments
            return column_moment(self._dialect, column.kind, sql, self._server.zone, is_moment)
        is_text = place in self._server.texts
        if column.kind is Kind.DECIMAL and (is_text or self._dialect == "sqlite"):
            number = self.number(sql)
            self.numbers.append((number, table, column.name))
            return number
        if column.kind is Kind.INTEGER and is_text:
            return self._guarded(sql, *_WHOLE[self._dialect])
        if column.form == "money" and self._dialect == "mysql":
            return f"CAST({sql} AS {decimal_type(65, MONEY_PLACES)})"
        return self._compared(table, column, spelled)

    def _array(self, sql: str, elements: Kind) -> str:
        """An array as PostgreSQL has it; SQLite holds what a row keeps of it, MySQL has none."""
        if self._dialect == "postgres":
            return f"CAST({sql} AS {SQL_TYPES[elements]}[])"
        return sql if self._dialect == "sqlite" else ""

    def _at_places(self, number: str, places: int) -> str:
        if self._dialect == "sqlite":
            return f"syncd_round_decimal_integer({number}, {places})"
        exact = f"CAST({number} AS {'numeric' if self._dialect == 'postgres' else decimal_type(65, _PLACES_KEPT)})"
        return f"round({exact}, {places})"

    def _compared(self, table: Table, column: Column, spelled: str) -> str:
        """A column as it is compared: on PostgreSQL one that keeps a uuid or an enum is no text, and a flag may be a
        number."""
        sql = f"{spelled}.{self._spelling.quoted(column.name)}"
        if self._dialect == "postgres" and column.kind is Kind.TEXT:
            return f"CAST({sql} AS text)"
        if self._dialect == "postgres" and column.kind is Kind.BOOLEAN:
            return f"CAST(CAST({sql} AS text) AS boolean)"
        return sql

    def number(self, sql: str) -> str:
        """A text as the number that it says, NULL where it says none."""
        if self._dialect == "sqlite":
            return f"syncd_amount({sql})"
        return self._guarded(sql, *_NUMBERS[self._dialect])

    def _guarded(self, sql: str, pattern: str, kind: str) -> str:
        text = f"CAST({sql} AS CHAR)" if self._dialect == "mysql" else self._spelling.as_text(sql)
        return f"CASE WHEN {text} {pattern} THEN CAST({text} AS {kind}) END"

    def _exact(self, amount: str) -> str:
        """On PostgreSQL a whole number becomes a decimal before anything is added to it."""
        return f"CAST({amount} AS numeric)" if self._dialect == "postgres" else amount
