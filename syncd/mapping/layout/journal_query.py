"""What finance's journal holds, as SQL over a layout's tables: entries with the fields of their vouchers."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression, Scope, parse
from syncd.mapping.layout.amounts import entry_amounts
from syncd.mapping.layout.tables import (
    ENTRY_SCOPE,
    ID_SCOPE,
    LABEL_SCOPE,
    PhysicalTable,
    dims_scope,
    lookup_function,
    spelled,
)
from syncd.ports import LookupSpec

AMOUNTS: Final = ("entry.debit", "entry.credit")


class Journal(NamedTuple):
    """How entries are read back. `columns` are SQL by field, a field that finance does not give back is absent; `joins`
    are the joins that columns may need, by alias in order."""

    table: str
    joins: dict[str, str]
    columns: Mapping[str, str]

    def select(self, fields: Sequence[str], where: str = "", order: str = "") -> str:
        """SELECT the fields, NULL for one that is absent. `where` and `order` name fields in braces."""
        columns = ", ".join(self.columns.get(field, "NULL") for field in fields)
        rest = f" WHERE {where}" if where else ""
        rest += f" ORDER BY {order}" if order else ""
        for field, column in self.columns.items():
            rest = rest.replace(f"{{{field}}}", column)
        joins = ""
        for alias, sql in reversed(self.joins.items()):  # a join may read from an earlier one
            if f"{alias}." in columns + joins + rest:
                joins = sql + joins
        return f"SELECT {columns} FROM {self.table} AS e{joins}{rest}"


def journal(
    vouchers: Sequence[PhysicalTable],
    entries: Sequence[PhysicalTable],
    names: Sequence[str],
    lookups: Mapping[str, LookupSpec],
    dims: Mapping[str, Kind],
) -> Journal | None:
    """How the entries are read that lie in tables of these names, vouchers' first; None where they lie in several. Of
    vouchers that lie in several tables the first counts that entries point to."""
    if len(entries) != 1:
        return None
    scope = ENTRY_SCOPE | LABEL_SCOPE | ID_SCOPE | dims_scope(dims)
    place, header = next(((i, v) for i, v in enumerate(vouchers) if _links(v, entries[0])), (0, None))
    reader = _Reader(scope, lookups, entries[0], header)
    columns = {field: sql for field in scope if (sql := reader.column(field))}
    if found := entry_amounts(entries[0], "e"):
        columns |= dict(zip(AMOUNTS, [*found, "0"], strict=False))
    if "entry.account" not in columns or any(amount not in columns for amount in AMOUNTS):
        return None
    return Journal(entries[0].source_of(names[-1]), reader.joins(names[place]), columns)


def _links(header: PhysicalTable, entry: PhysicalTable) -> Sequence[tuple[str, str]]:
    """The columns of a voucher's key, each with the entries' own; empty where they lack one."""
    found = [(column, entry.given(header.columns[column])) for column in header.key]
    return [(ours, theirs) for ours, theirs in found if theirs] if all(theirs for _, theirs in found) else []


class _Reader:
    """Finds the columns that hold fields, and the joins that they need: `e` is the entry, `h` its voucher."""

    def __init__(
        self, scope: Scope, lookups: Mapping[str, LookupSpec], entry: PhysicalTable, header: PhysicalTable | None
    ) -> None:
        self._scope, self._lookups = scope, lookups
        self._functions = {name.lower(): lookup_function(name) for name in lookups}
        self._entry, self._header = entry, header
        self._link = [] if header is None else _links(header, entry)
        self._joins: dict[str, str] = {}

    def column(self, field: str) -> str:
        """The SQL that gives a field back; empty where nothing does."""
        if plain := self._given(self._parse(field)):
            return plain
        for name, spec in self._lookups.items():
            if self._scope[field].kind is Kind.TEXT and (kept := self._given(self._parse(f"{name}({field})"))):
                alias = f"l{len(self._joins)}"
                self._joins[alias] = f" LEFT JOIN {spec.table} AS {alias} ON {alias}.{spec.gives} = {kept}"
                return f"{alias}.{spec.code}"
        return ""

    def joins(self, header: str) -> dict[str, str]:
        """What is joined to the entries, the vouchers lying in a table of this name."""
        on = " AND ".join(f"h.{spelled(ours)} = e.{spelled(theirs)}" for ours, theirs in self._link)
        return {"h": f" LEFT JOIN {spelled(header)} AS h ON {on}"} | self._joins if self._link else self._joins

    def _parse(self, text: str) -> Expression:
        return parse(text, self._scope, self._functions)

    def _given(self, wanted: Expression) -> str:
        if column := self._entry.given(wanted):
            return f"e.{spelled(column)}"
        if self._header is not None and (column := self._header.given(wanted)):
            return f"h.{spelled(column)}"
        return ""
