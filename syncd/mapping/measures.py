"""The `reconcile` block, compiled: what the EAM says its assets amount to, as one SELECT.

A term that names a rule is that rule's own expression, seen as a snapshot sees it: `op` is 'read', there is no
`before`, joined rows are joined. So what is compared is the rule, not a second description of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, NamedTuple, get_args

from syncd.change import Column, Kind, Table
from syncd.mapping.expression import Expression, Name, Scope
from syncd.mapping.model import Join, MappingFile, OfRule, Reconcile, Rule, SumOf
from syncd.mapping.scope import Reader
from syncd.mapping.source import Trail
from syncd.mapping.terms import nearest
from syncd.mapping.to_mysql import by_bytes
from syncd.mapping.to_sql import Dialect

Field = Literal["original_value", "accumulated_depreciation", "impairment"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
_NO_ROW: Final = "None"
_BY_BYTES: Final = {"postgres": '{} COLLATE "C"', "sqlite": "{}", "mysql": "CAST({} AS BINARY)"}


@dataclass(frozen=True, slots=True)
class Measures:
    """The EAM's side. `cards` is a Python condition over a card's fields `card`, empty when all cards count;
    `accounts` are the ledger accounts whose balances must equal the cards' totals."""

    query: Callable[[Dialect], str]
    """SELECT asset code, original value, accumulated depreciation, impairment, in order of the code's bytes."""
    cards: str
    accounts: Mapping[Field, Sequence[str]]
    alert_above: Decimal


def compile_measures(
    file: MappingFile,
    tables: Mapping[str, Table],
    reader: Reader,
    constants: Scope,
    card_kinds: Mapping[str, Kind],
) -> Measures | None:
    """The block compiled; None when the mapping has none or it is wrong, which the reader's `errors` then say."""
    block = file.reconcile
    if block is None:
        return None
    before = len(reader.errors)
    if block.on not in tables:
        reader.fault("unknown_table", ("reconcile", "on"), table=block.on, nearest=nearest(block.on, [*tables]))
        return None

    def query(dialect: Dialect) -> str:
        return _Select(file, block, tables, constants, Reader(reader.document, reader.functions), dialect).text()

    fields = {name.lower(): Name(f"card.get({name!r})", kind) for name, kind in card_kinds.items()}
    kept = reader.read(block.cards, ("reconcile", "cards"), fields, Kind.BOOLEAN) if block.cards else None
    _Select(file, block, tables, constants, reader, "postgres").text()
    if len(reader.errors) > before:
        return None
    return Measures(query, kept.condition() if kept else "", block.accounts, block.alert_above)


class _Term(NamedTuple):
    """One term of an amount as SQL; a sum over no rows is NULL and counts as zero."""

    sql: str
    kind: Kind
    is_sum: bool = False


class _Select:
    """Builds the statement for one dialect."""

    def __init__(
        self,
        file: MappingFile,
        block: Reconcile,
        tables: Mapping[str, Table],
        constants: Scope,
        reader: Reader,
        dialect: Dialect,
    ) -> None:
        self._file, self._block, self._tables = file, block, tables
        self._constants, self._reader, self._dialect = constants, reader, dialect
        self._joins: dict[str, str] = {}
        self._scope = {**constants, **self._columns(tables[block.on], "a", "")}

    def text(self) -> str:
        """The statement. What is wrong in the block is left with the reader."""
        block = self._block
        code = self._read(block.asset_code, ("asset_code",), self._scope, Kind.TEXT)
        kept = self._read(block.where, ("where",), self._scope, Kind.BOOLEAN) if block.where else ""
        amounts = [self._amount(field) for field in FIELDS]
        order = _BY_BYTES[self._dialect].format(code)
        select = f"SELECT {', '.join([code, *amounts])} FROM {self._table(block.on)} AS a"
        return f"{select}{self._used_joins(select)}{f' WHERE {kept}' if kept else ''} ORDER BY {order}"

    def _used_joins(self, select: str) -> str:
        """Joins that something reads from; a join may use an earlier one."""
        used = ""
        for spelled, join in reversed(self._joins.items()):
            if f"{spelled}." in select + used:
                used = f" {join}{used}"
        return used

    def _amount(self, field: str) -> str:
        terms = [self._term(field, i, term) for i, term in enumerate(getattr(self._block, field) or ())]
        scope = {f"t{i}": Name(f"t{i}", term.kind, term.sql) for i, term in enumerate(terms) if term}
        parts = [f"coalesce(t{i}, 0)" if term.is_sum else f"t{i}" for i, term in enumerate(terms) if term]
        return self._read(" + ".join(parts) or "0", (field,), scope, Kind.DECIMAL)

    def _term(self, field: str, index: int, term: OfRule | SumOf | str) -> _Term | None:
        trail: Trail = (field, index)
        if isinstance(term, OfRule):
            return self._of_rule(trail, term)
        if isinstance(term, SumOf):
            return self._sum(trail, term, f"s{field[:2]}{index}")
        return _Term(self._read(term, trail, self._scope, Kind.DECIMAL), Kind.DECIMAL)

    def _of_rule(self, trail: Trail, term: OfRule) -> _Term | None:
        rule = self._file.rules.get(term.rule)
        if rule is None or rule.card is None or rule.on != self._block.on or term.field not in rule.card:
            known = [f"{n}.{f}" for n, r in self._file.rules.items() if r.on == self._block.on for f in r.card or ()]
            wanted = f"{term.rule}.{term.field}"
            self._fault("reconcile_rule", trail, field=wanted, nearest=nearest(wanted, known))
            return None
        scope = self._rule_scope(rule, term.rule)
        return _Term(self._read(rule.card[term.field], trail, scope, Kind.DECIMAL), Kind.DECIMAL)

    def _rule_scope(self, rule: Rule, name: str) -> dict[str, Name]:
        table = self._tables[rule.on]
        scope = dict(self._constants)
        scope |= self._columns(table, "a", "after.")
        scope |= {f"before.{c.name}".lower(): Name(_NO_ROW, c.kind, "NULL") for c in table.columns}
        scope["op"] = Name(repr("read"), Kind.TEXT, "'read'")
        for alias, join in rule.join.items():
            scope |= self._joined(alias, join, scope, ("rules", name), f"{name}_{alias}", self._joins)
        for alias, text in rule.let.items():
            value = self._expression(text, ("rules", name, "let", alias), scope)
            if value is not None:
                scope[alias.lower()] = Name(alias, value.kind, value.sql(self._dialect))
        return scope

    def _joined(
        self, alias: str, join: Join, scope: Scope, trail: Trail, spelled: str, joins: dict[str, str]
    ) -> dict[str, Name]:
        """The columns of a joined row; the join is added to `joins`, once however many amounts read it."""
        table = self._tables.get(join.table or alias)
        if table is None:
            near = nearest(alias, [*self._tables])
            self._reader.fault("unknown_table", (*trail, "join", alias), table=join.table or alias, nearest=near)
            return {}
        keys = [self._expression(text, (*trail, "join", alias), scope) for text in join.key]
        on = [
            self._same(f"{spelled}.{table.columns[i].name}", key, self._bare(key))
            for i, key in zip(table.key, keys, strict=False)
            if key is not None
        ]
        joins[spelled] = f"LEFT JOIN {self._table(join.table or alias)} AS {spelled} ON {' AND '.join(on)}"
        return self._columns(table, spelled, f"{alias}.")

    def _sum(self, trail: Trail, term: SumOf, spelled: str) -> _Term | None:
        table = self._tables.get(term.of)
        if table is None:
            self._fault("unknown_table", (*trail, "of"), table=term.of, nearest=nearest(term.of, [*self._tables]))
            return None
        scope = {**self._constants, **self._columns(table, "r", "")}
        joins: dict[str, str] = {}
        for alias, join in term.join.items():
            scope |= self._joined(alias, join, scope, ("reconcile", *trail), f"r_{alias}", joins)
        amount = self._read(term.sum, (*trail, "sum"), scope, Kind.DECIMAL)
        by = self._expression(term.by, ("reconcile", *trail, "by"), scope)
        kept = f" WHERE {self._read(term.where, (*trail, 'where'), scope, Kind.BOOLEAN)}" if term.where else ""
        equals = self._expression(term.equals, ("reconcile", *trail, "equals"), self._scope)
        if by is None or equals is None:
            return None
        group = by.sql(self._dialect)
        same = self._same(f"{spelled}.k", equals, equals.sql(self._dialect))
        total = "syncd_sum" if self._dialect == "sqlite" else "sum"
        rows = " ".join([f"{self._table(term.of)} AS r", *joins.values()])
        self._joins[spelled] = (
            f"LEFT JOIN (SELECT {group} AS k, {total}({amount}) AS total FROM {rows}{kept}"
            f" GROUP BY {by_bytes(group) if self._is_vague(by) else group}) AS {spelled} ON {same}"
        )
        return _Term(f"{spelled}.total", Kind.DECIMAL, is_sum=True)

    def _same(self, column: str, key: Expression, spelled: str) -> str:
        """That a column is the same as a key, `spelled` so that the column's index can find it."""
        same = f"{column} = {spelled}"
        if self._is_vague(key):
            return f"{same} AND {by_bytes(column)} = {by_bytes(key.sql(self._dialect))}"
        return same

    def _is_vague(self, key: Expression) -> bool:
        """Whether a collation might take it for another."""
        return self._dialect == "mysql" and key.kind is Kind.TEXT

    def _bare(self, key: Expression) -> str:
        """On MySQL a text column as it is, not freed from the collation that its index has too."""
        name = key.term.detail
        return name.sql if self._is_vague(key) and isinstance(name, Name) else key.sql(self._dialect)

    def _columns(self, table: Table, spelled: str, prefix: str) -> dict[str, Name]:
        return {
            f"{prefix}{c.name}".lower(): Name(f"{spelled}_{c.name}", c.kind, self._column(c, f"{spelled}.{c.name}"))
            for c in table.columns
        }

    def _column(self, column: Column, sql: str) -> str:
        """What is not kept as the kind it is declared to be has no SQL. SQLite keeps any text in any column, and one
        amount that is none must not end the whole comparison."""
        if column.form not in ("", "money"):
            return ""
        if column.kind is Kind.DECIMAL and self._dialect == "sqlite":
            return f"syncd_amount({sql})"
        if column.form == "money" and self._dialect == "mysql":
            return f"CAST({sql} AS DECIMAL(65, 2))"
        return sql

    def _table(self, alias: str) -> str:
        name = self._tables[alias].name
        return name.replace(".", "_") if self._dialect == "sqlite" else name

    def _read(self, text: str, trail: Trail, scope: Scope, kind: Kind | None = None) -> str:
        found = self._expression(text, ("reconcile", *trail), scope, kind)
        return "NULL" if found is None else found.sql(self._dialect)

    def _expression(self, text: str, trail: Trail, scope: Scope, kind: Kind | None = None) -> Expression | None:
        """The expression, if it can be read and be said in SQL."""
        found = self._reader.read(text, trail, scope, kind)
        missing = [name for name in found.names if not scope[name].sql] if found else []
        if missing:
            self._reader.fault("reconcile_no_sql", trail, column=missing[0])
            return None
        return found

    def _fault(self, code: str, trail: Trail, **params: object) -> None:
        self._reader.fault(code, ("reconcile", *trail), **params)
