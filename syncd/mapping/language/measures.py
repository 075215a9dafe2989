"""The `reconcile` block, compiled: what the EAM says its assets amount to, as one SELECT.

A term that names a rule is that rule's own expression, seen as a snapshot sees it: `op` is 'read', there is no
`before`, joined rows are joined. So what is compared is the rule, not a second description of it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, NamedTuple, get_args

from syncd.change import Column, Kind, Table
from syncd.dialects import SPELLINGS, Dialect, sqlite
from syncd.dialects.mysql import by_bytes, decimal_type
from syncd.mapping.expression.parse import Expression, ExpressionError, Name, Scope
from syncd.mapping.expression.terms import nearest
from syncd.mapping.expression.zones_sql import column_moment
from syncd.mapping.language.model import MappingFile, OfRule, Reconcile, SumOf
from syncd.mapping.language.scope import ExpressionReader, commit, variable
from syncd.mapping.language.shapes import Join, RuleFrame
from syncd.mapping.language.source import Trail
from syncd.money import MONEY_PLACES

Field = Literal["original_value", "accumulated_depreciation", "impairment"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
UNREADABLE_MAX: Final = 20
"""Rows of a column that are named; the amount of each is missing from its asset, however many there are."""
_NO_ROW: Final = "None"
_NUMBERS: Final = {
    "postgres": (r"~ '^\s*[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?[0-9]{1,2})?\s*$'", "numeric"),
    "mysql": ("REGEXP '^ *[+-]?([0-9]{1,40}[.]?[0-9]{0,20}|[.][0-9]{1,20}) *$'", "DECIMAL(65, 20)"),
}
"""How a text that is a number is told, see `runtime`, and what it becomes. MySQL takes no exponents and keeps twenty
places: what has more is told as unreadable, never rounded."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The EAM's side. `cards` is a Python condition over a card's fields `card`, empty when all cards count;
    `accounts` are the ledger accounts whose balances must equal the cards' totals."""

    query: Callable[..., str]
    """(dialect, time zone of the source, MySQL's columns that keep moments, columns that keep text, both as
    `table.column`) → SELECT of one row an asset, in no order: its code `k`, the amounts `a0` …, the texts `t0`
    … of `by`, the row's key as texts `r0` …. Raises MappingError for what has no exact SQL there."""
    unreadable: Callable[..., Sequence["Unreadable"]]
    """The same arguments → what finds the rows that hold a text where an amount is to be."""
    on: str
    """Alias of the table with one row an asset."""
    by: tuple[str, ...]
    """The card fields by which totals are told, and which are compared too."""
    sums: tuple[SumOf, ...]
    columns: Mapping[str, str]
    """Field → the column of the asset's row that is one of its terms as it is, where there is one."""
    cards: str
    kept: Expression | None
    """The same condition, to be said in SQL."""
    accounts: Mapping[Field, Sequence[str]]
    alert_above: Decimal


class Unreadable(NamedTuple):
    """Where a text may stand for an amount: `query` gives the row's key, a column each, and the text."""

    table: str
    column: str
    query: str


def compile_measures(
    file: MappingFile,
    tables: Mapping[str, Table],
    reader: ExpressionReader,
    constants: Scope,
    card_kinds: Mapping[str, Kind],
    card_reads: Mapping[str, str],
) -> Measures | None:
    """The block compiled; None when the mapping has none or it is wrong, which the reader's `errors` then say."""
    block = file.reconcile
    if block is None:
        return None
    before = len(reader.errors)
    if block.on not in tables:
        reader.fault("unknown_table", ("reconcile", "on"), table=block.on, nearest=nearest(block.on, [*tables]))
        return None

    def made(dialect: Dialect, zone: str, moments: Collection[str] = (), texts: Collection[str] = ()) -> _Select:
        select = _Select(file, block, tables, constants, reader.quiet(), dialect, zone, moments, texts)
        select.text()
        if select.errors:
            raise select.errors[0]
        return select

    fields = {
        name.lower(): Name(f"card.get({name!r})", kind, card_reads.get(name, "")) for name, kind in card_kinds.items()
    }
    for field in FIELDS:
        if field not in card_kinds and any(term not in ("0", "0.00") for term in getattr(block, field) or ()):
            near = nearest(field, [*card_kinds])
            reader.fault("reconcile_card_field", ("reconcile", field), field=field, nearest=near)
    for name in block.by:
        if card_kinds.get(name) is not Kind.TEXT or name not in card_reads:
            near = nearest(name, [field for field, kind in card_kinds.items() if kind is Kind.TEXT])
            reader.fault("reconcile_by", ("reconcile", "by", name), field=name, nearest=near)
    kept = reader.read(block.cards, ("reconcile", "cards"), fields, Kind.BOOLEAN) if block.cards else None
    _Select(file, block, tables, constants, reader, "postgres", file.timezone).text()
    if len(reader.errors) > before:
        return None
    terms = [term for field in FIELDS for term in getattr(block, field) or ()]
    return Measures(
        query=lambda *asked: made(*asked).text(),
        unreadable=lambda *asked: made(*asked).unreadable(),
        on=block.on,
        by=tuple(block.by),
        sums=tuple(term for term in terms if isinstance(term, SumOf)),
        columns={field: name for field in FIELDS for name in _plain(file, block, tables[block.on], field)[:1]},
        cards=kept.condition() if kept else "",
        kept=kept,
        accounts=block.accounts,
        alert_above=block.alert_above,
    )


def _plain(file: MappingFile, block: Reconcile, table: Table, field: str) -> list[str]:
    """The columns of the asset's row that are terms of a field."""
    texts = [
        file.rules[term.rule].fields("card")[term.field].removeprefix("after.") if isinstance(term, OfRule) else term
        for term in getattr(block, field) or ()
        if not isinstance(term, SumOf)
    ]
    names = {column.name.lower(): column.name for column in table.columns}
    return [names[text.strip().lower()] for text in texts if text.strip().lower() in names]


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
        reader: ExpressionReader,
        dialect: Dialect,
        zone: str,
        moments: Collection[str] = (),
        texts: Collection[str] = (),
    ) -> None:
        self._zone, self._moments, self._texts = zone, moments, texts
        self._numbers: list[tuple[str, Table, str]] = []
        self.errors = reader.errors
        self._file, self._block, self._tables = file, block, tables
        self._constants, self._reader, self._dialect = constants, reader, dialect
        self._joins: dict[str, str] = {}
        self._scope = {**constants, **self._columns(tables[block.on], "a", "")}

    def text(self) -> str:
        """The statement. What is wrong in the block is left with the reader."""
        block = self._block
        # An asset without a code is on nobody's side, and both are read in the order of the codes.
        code = f"coalesce({self._read(block.asset_code, ('asset_code',), self._scope, Kind.TEXT)}, '')"
        kept = self._read(block.where, ("where",), self._scope, Kind.BOOLEAN) if block.where else ""
        named = {"k": code}
        named |= {f"a{i}": self._amount(field) for i, field in enumerate(FIELDS)}
        named |= {f"t{i}": self._by(field, term) for i, (field, term) in enumerate(block.by.items())}
        named |= {f"r{i}": sql for i, sql in enumerate(self._key())}
        select = (
            f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in named.items())} FROM {self._table(block.on)} AS a"
        )
        return f"{select}{self._used_joins(f'{select} WHERE {kept}')}{f' WHERE {kept}' if kept else ''}"

    def unreadable(self) -> list[Unreadable]:
        """What finds rows with a text that is no amount, by column that the statement reads."""
        text = self.text()
        found: dict[tuple[str, str], str] = {}
        for sql, table, column in self._numbers:
            if sql in text:
                key = [SPELLINGS[self._dialect].as_text(f"x.{table.columns[i].name}") for i in table.key]
                wrong = f"x.{column} IS NOT NULL AND {self._number(f'x.{column}')} IS NULL"
                found[table.alias, column] = (
                    f"SELECT {', '.join(key)}, {SPELLINGS[self._dialect].as_text(f'x.{column}')}"
                    f" FROM {self._table(table.alias)} AS x WHERE {wrong} LIMIT {UNREADABLE_MAX}"
                )
        return [Unreadable(alias, column, query) for (alias, column), query in found.items()]

    def _key(self) -> list[str]:
        """The key of the row as texts, as the mirror has it; nothing where SQL cannot tell it."""
        table = self._tables[self._block.on]
        columns = [table.columns[i] for i in table.key]
        if any(c.form or c.kind not in (Kind.TEXT, Kind.INTEGER) for c in columns):
            return []
        return [SPELLINGS[self._dialect].as_text(f"a.{c.name}") for c in columns]

    def _by(self, field: str, term: OfRule | str) -> str:
        if isinstance(term, OfRule):
            return self._of_rule(("by", field), term, Kind.TEXT)
        return self._read(term, ("by", field), self._scope, Kind.TEXT)

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
        return self._exact(self._read(" + ".join(parts) or "0", (field,), scope, Kind.DECIMAL))

    def _term(self, field: str, index: int, term: OfRule | SumOf | str) -> _Term | None:
        trail: Trail = (field, index)
        if isinstance(term, OfRule):
            return _Term(self._of_rule(trail, term), Kind.DECIMAL)
        if isinstance(term, SumOf):
            return self._sum(trail, term, f"s{field[:2]}{index}")
        return _Term(self._read(term, trail, self._scope, Kind.DECIMAL), Kind.DECIMAL)

    def _of_rule(self, trail: Trail, term: OfRule, kind: Kind = Kind.DECIMAL) -> str:
        rule = self._file.rules.get(term.rule)
        if rule is None or rule.on != self._block.on or term.field not in rule.fields("card"):
            known = [
                f"{n}.{f}" for n, r in self._file.rules.items() if r.on == self._block.on for f in r.fields("card")
            ]
            wanted = f"{term.rule}.{term.field}"
            self._fault("reconcile_rule", trail, field=wanted, nearest=nearest(wanted, known))
            return "NULL"
        text = rule.fields("card")[term.field]
        return self._read(text, trail, self._rule_scope(rule, term.rule, text), kind)

    def _rule_scope(self, rule: RuleFrame, name: str, wanted: str) -> dict[str, Name]:
        """What an expression of a rule may read. Of what `let` names only what it needs must have SQL."""
        table = self._tables[rule.on]
        scope = dict(self._constants)
        scope |= self._columns(table, "a", "after.")
        scope |= {f"before.{c.name}".lower(): Name(_NO_ROW, c.kind, "NULL") for c in table.columns}
        scope["op"] = Name(repr("read"), Kind.TEXT, "'read'")
        scope |= commit(self._reader.zone)
        for alias, join in rule.join.items():
            scope |= self._joined(alias, join, scope, ("rules", name), f"{name}_{alias}", self._joins)
        needed = self._needed(rule, wanted, scope)
        for n, (alias, text) in enumerate(rule.let.items()):
            if alias.lower() not in needed:
                continue
            value = self._expression(text, ("rules", name, "let", alias), scope)
            kind, sql = (value.kind, value.sql(self._dialect)) if value else (Kind.NULL, "NULL")
            scope[alias.lower()] = Name(variable(n), kind, sql)
        return scope

    def _needed(self, rule: RuleFrame, wanted: str, scope: Scope) -> set[str]:
        """The names that an expression reads, also by others."""
        quiet, names = self._reader.quiet(), dict(scope)
        behind: dict[str, frozenset[str]] = {}
        for n, (alias, text) in enumerate(rule.let.items()):
            value = quiet.read(text, (), names)
            names[alias.lower()] = Name(variable(n), value.kind if value else Kind.NULL)
            behind[alias.lower()] = value.names if value else frozenset()
        found = quiet.read(wanted, (), names)
        needed = set(found.names) if found else set(behind)
        for alias in reversed(behind):
            needed |= behind[alias] if alias in needed else set()
        return needed

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
        amount = self._exact(self._read(term.sum, (*trail, "sum"), scope, Kind.DECIMAL))
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
            f"{prefix}{c.name}".lower(): Name(f"{spelled}_{c.name}", c.kind, self._column(table, c, spelled))
            for c in table.columns
        }

    def _column(self, table: Table, column: Column, spelled: str) -> str:
        """What is not kept as the kind it is declared to be has no SQL. A column may keep any text, on SQLite
        whatever its type, and one amount that is none must not end the whole comparison: it is NULL."""
        if column.form not in ("", "money"):
            return ""
        sql = f"{spelled}.{column.name}"
        if column.kind in (Kind.DATE, Kind.TIMESTAMP):
            is_moment = f"{table.name}.{column.name}" in self._moments
            return column_moment(self._dialect, column.kind, sql, self._zone, is_moment)
        is_text = self._dialect == "sqlite" or f"{table.name}.{column.name}" in self._texts
        if column.kind is Kind.DECIMAL and is_text:
            number = self._number(sql)
            self._numbers.append((number, table, column.name))
            return number
        if column.form == "money" and self._dialect == "mysql":
            return f"CAST({sql} AS {decimal_type(65, MONEY_PLACES)})"
        return sql

    def _number(self, sql: str) -> str:
        """A text as the number that it says, NULL where it says none."""
        if self._dialect == "sqlite":
            return f"syncd_amount({sql})"
        pattern, kind = _NUMBERS[self._dialect]
        return f"CASE WHEN {sql} {pattern} THEN CAST({sql} AS {kind}) END"

    def _exact(self, amount: str) -> str:
        """On PostgreSQL a binary fraction becomes a decimal before anything is added to it."""
        return f"CAST({amount} AS numeric)" if self._dialect == "postgres" else amount

    def _table(self, alias: str) -> str:
        name = self._tables[alias].name
        return sqlite.joined(name) if self._dialect == "sqlite" else name

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
        try:
            return found if found is None or found.sql(self._dialect) else None
        except ExpressionError as error:
            self._reader.fault(error.code, trail, **error.params)
            return None

    def _fault(self, code: str, trail: Trail, **params: object) -> None:
        self._reader.fault(code, ("reconcile", *trail), **params)
