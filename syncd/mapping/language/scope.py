"""What expressions may read at each place of a mapping, and how they are read from their file.

A generated rule keeps a row of `asset` in `after`, `before` and `row` (the one of the two that there is), a joined
row in `j0`, `j1`, …, a value named by `let` in `v0`, `v1`, …, the finance card in `card`, another's in `c0`, `c1`, ….
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from syncd.change import Column, Kind, Table, repaired
from syncd.errors import Fault, MappingError
from syncd.mapping.expression.elsewhere import wide_mark
from syncd.mapping.expression.parse import Expression, Function, Kept, Name, Scope, parse
from syncd.mapping.expression.zones import named
from syncd.mapping.language.file.source import Document

_WIDENED = {(Kind.INTEGER, Kind.DECIMAL): "decimal"} | {
    (kind, Kind.TEXT): "text" for kind in (Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP)
}
"""What a place that wants one kind takes from another without being told: nothing that could lose anything."""

ZEROS = re.compile(r"0[0-9]+")
"""A code that was written as a number, which has no zeros in front."""

_DAY = re.compile(r"'?([0-9]{4}-[0-9]{2}-[0-9]{2})'?")
"""A day that was written as one, and reads as a difference or a text."""

_TOLD_ONCE = ("unknown_name", "unknown_table", "unknown_function")


@dataclass
class ExpressionReader:
    """Reads the expressions of one file, on the clock of `zone`. What is wrong with one is appended to `errors`."""

    document: Document
    functions: Mapping[str, Function] = field(default_factory=dict)
    errors: list[MappingError] = field(default_factory=list)
    zone: str = "UTC"
    _kept: Kept = field(default_factory=dict)

    def quiet(self) -> "ExpressionReader":
        """The same, whose errors nobody asks for."""
        return replace(self, errors=[])

    def read_key(self, text: str, trail: Sequence[str | int], scope: Scope) -> Expression | None:
        """A part of a key, as text; None when it is wrong. A moment is spelt in UTC."""
        return self._read(text, trail, scope, Kind.TEXT, is_key=True)

    def read(self, text: str, trail: Sequence[str | int], scope: Scope, kind: Kind | None = None) -> Expression | None:
        """The expression, as `kind` if one is wanted; None when it is wrong."""
        return self._read(text, trail, scope, kind)

    def _read(
        self, text: str, trail: Sequence[str | int], scope: Scope, kind: Kind | None, is_key: bool = False
    ) -> Expression | None:
        try:
            found = parse(text, scope, self.functions, self.zone, self._kept)
            found = found.key() if is_key else found
            if kind is None or found.kind in (kind, Kind.NULL):
                return found
            if kind is Kind.TEXT and ZEROS.fullmatch(text.strip()):
                self.fault("leading_zero", trail, expression=text.strip())
                return None
            if (found.kind, kind) in _WIDENED:
                wide = f"CAST(({text}) AS {_WIDENED[found.kind, kind]})"
                return replace(parse(wide, scope, self.functions, self.zone), text=text)
        except Fault as error:
            self._unread(error, text, trail)
            return None
        if kind is Kind.DATE and (day := _DAY.fullmatch(text.strip())):
            self.fault("bare_date", trail, expression=text, day=day[1])
            return None
        self.fault("wrong_kind", trail, expression=text, kind=found.kind, wanted=kind)
        return None

    def _unread(self, error: Fault, text: str, trail: Sequence[str | int]) -> None:
        """An expression that cannot be read: where a mark of full width stands in it, that is why."""
        if (found := wide_mark(text)) is not None:
            mark, plain = found
            self.fault("wide_mark", trail, expression=text, mark=mark, plain=plain.strip())
            return
        self.errors.append(MappingError(error.code, self.document.where(trail), expression=text, **error.params))

    def fault(self, code: str, trail: Sequence[str | int], **params: object) -> None:
        """Append an error at a place."""
        self.errors.append(MappingError(code, self.document.where(trail), **params))


def variable(index: int) -> str:
    """The variable of what `let` names at a place of its list, in the generated code."""
    return f"v{index}"


def constants(given: Mapping[str, int | Decimal | bool | str]) -> dict[str, Name]:
    """The mapping's constants."""
    kinds = {bool: Kind.BOOLEAN, int: Kind.INTEGER, Decimal: Kind.DECIMAL, str: Kind.TEXT}
    return {name.lower(): _constant(value, kinds[type(value)]) for name, value in given.items()}


def _constant(value: int | Decimal | bool | str, kind: Kind) -> Name:
    python = f"Decimal('{value}')" if isinstance(value, Decimal) else repr(value)
    sql = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).upper()
    return Name(python, kind, sql)


def columns(table: Table, variable: str, prefix: str = "", sql: str = "") -> dict[str, Name]:
    """A row's columns: `prefix.column`, or the bare column when there is no prefix."""
    return {
        (f"{prefix}.{c.name}" if prefix else c.name).lower(): column(
            c, f"{variable}[{i}]", f"{sql}.{c.name}" if sql else ""
        )
        for i, c in enumerate(table.columns)
        if c.of is None
    }


def column(declared: Column, python: str, sql: str = "") -> Name:
    """A column of a row, as expressions see it."""
    kind = declared.kind if declared.elements is None else Kind.ARRAY
    return Name(python, kind, sql, declared.elements)


def commit(zone: str) -> dict[str, Name]:
    """When the change was committed, on which day where the books are, and whether it is what a repair has found."""
    moment = Name("change[5]", Kind.TIMESTAMP)
    return {
        "change.committed_at": moment,
        "change.repaired": Name(repaired("change[4]"), Kind.BOOLEAN),
        "change.committed_on": Name(f"{named('wall', zone)}({moment.python}).date()", Kind.DATE),
    }


def card(kinds: Mapping[str, Kind], variable: str = "card", prefix: str = "card") -> dict[str, Name]:
    """The finance card's fields, or those of another card that a rule names."""
    return {f"{prefix}.{f}".lower(): Name(f"{variable}.get({f!r})", kind, f"card.{f}") for f, kind in kinds.items()}


def _block_of(unknown: MappingError) -> str:
    """Where a key stands that there is not; at the top, the file."""
    file = Path(unknown.where.rpartition(":")[0])
    return unknown.params["place"].rpartition(".")[0] or file.name


def causes(errors: Sequence[MappingError]) -> list[MappingError]:
    """The errors without those that merely follow: a name that is wrong in many places of a file is told once, with
    the other lines, and a key that is missing because it is misspelt is told as misspelt."""
    found: dict[tuple[object, ...], tuple[MappingError, set[int]]] = {}
    misspelt = {(_block_of(e), e.params["nearest"]) for e in errors if e.code == "unknown_key"}
    for error in errors:
        if error.code == "missing_key" and (error.params["place"], error.params["key"]) in misspelt:
            continue
        file, _, line = error.where.rpartition(":")
        is_name = error.code in _TOLD_ONCE
        place = file if is_name else error.where
        params = {name: value for name, value in error.params.items() if name not in ("where", "expression")}
        first, lines = found.setdefault((error.code, place, *params.values()), (error, set()))
        if is_name and error.where != first.where:
            lines.add(int(line))
    for error, lines in found.values():
        if lines:
            error.params["more"] = ", ".join(map(str, sorted(lines)))
    return [error for error, _ in found.values()]
