"""What expressions of a mapping read in the EAM, as its server is asked for it: columns, joined rows, sums.

Every name is quoted as the mapping spells it: a server would fold letters' case, and take some words for its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from syncd.change import Kind, Table
from syncd.dialects.mysql import by_bytes
from syncd.mapping.expression.parse import Expression, ExpressionError, Name, Scope
from syncd.mapping.expression.terms import Many, nearest
from syncd.mapping.language.blocks.source_columns import Server, SourceColumns
from syncd.mapping.language.file.model import MappingFile, OfRule, SumOf
from syncd.mapping.language.file.shapes import Join, Joins, RuleFrame
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.rules import TYPES
from syncd.mapping.language.scope import ExpressionReader, commit, variable

_NO_ROW: Final = "None"
UNREADABLE_MAX: Final = 20
"""Rows of a column that are named; the amount of each is missing, however many there are."""


class Unreadable(NamedTuple):
    """Where a text may stand for an amount: `query` gives the row's key, a column each, and the text."""

    table: str
    column: str
    query: str


class Given(NamedTuple):
    """What the mapping says: its file, its tables by alias, its constants as names."""

    file: MappingFile
    tables: Mapping[str, Table]
    constants: Scope


class Term(NamedTuple):
    """One term of an amount as SQL; a sum over no rows is NULL and counts as zero. `places` are the digits after the
    point that it may have, None where nobody can tell."""

    sql: str
    kind: Kind
    is_sum: bool = False
    places: int | None = None


class Reach(NamedTuple):
    """Which rows of another table belong to rows that are known: `keys` asks for the texts of their keys, or of what a
    column `by` of theirs holds. Empty where SQL cannot tell: then it may be any."""

    table: str
    keys: str
    by: str = ""


class SourceSql(SourceColumns):
    """Builds SQL over a row `a` of the table `on`, the rows that it joins and the rows that are summed up for it. What
    is wrong goes to the reader, under `trail`."""

    def __init__(
        self, given: Given, on: str, join: Joins, trail: Trail, reader: ExpressionReader, server: Server
    ) -> None:
        self._file, self._tables, self._constants = given
        super().__init__(server)
        self._trail, self._reader = trail, reader
        self._judged, self._on = on, header_of(given.file, on)
        self.errors = reader.errors
        self.sql = ""
        self.reaches: list[Reach] = []
        self._joins: dict[str, str] = {}
        own = {**given.constants, **self._columns(self._tables[self._on], "a", "")}
        self._inherited = self._join_all(self._own(on), own, (), "t")
        self.scope = {**own, **self._inherited, **self._lines(own)}
        self.scope |= self._join_all(join, self.scope, (*trail, "join"), "j")

    def _own(self, alias: str) -> Joins:
        """The joins that a table or a document has for its subject and every rule on it."""
        block = self._file.judged(alias)
        return {} if block is None else block.join

    def _lines(self, header: Scope) -> dict[str, Name]:
        """What aggregates read of the lines of a document, and of what these join."""
        found: dict[str, Name] = {}
        block = self._file.documents.get(self._judged)
        for n, (word, said) in enumerate({} if block is None else block.lines.items()):
            table, row, joins = self._tables[said.table], f"l{n}", dict[str, str]()
            own = {**self._constants, **self._columns(table, row, "")}
            names = self._columns(table, row, f"{word}.")
            rows = f"{self._table(table.alias)} AS {row}"
            for alias, join in said.join.items():
                trail = ("documents", self._judged, "lines", word, "join", alias)
                names |= self.joined(alias, join, own, trail, f"{row}_{alias}", joins, rows)
            same = []
            for name, i in zip(said.of, self._tables[self._on].key, strict=True):
                key = self.expression(f'"{self._tables[self._on].columns[i].name}"', (), header)
                column = next(c for c in table.columns if c.name == name)
                same += [self._same(self._compared(table, column, row), key, self._bare(key))] if key else []
                if key is not None:
                    self._reach_by_column(table, len(said.of) == 1, name, key)
            many = Many(word, "", (row,), f"{' '.join([rows, *joins.values()])} WHERE {' AND '.join(same)}")
            found |= {name: replace(one, many=many) for name, one in names.items()}
        return found

    def _join_all(self, joins: Joins, scope: Scope, trail: Trail, prefix: str) -> dict[str, Name]:
        """The columns of joined rows; a join may use an earlier one."""
        found: dict[str, Name] = {}
        for alias, join in joins.items():
            found |= self.joined(alias, join, {**scope, **found}, (*trail, alias), f"{prefix}_{alias}", self._joins)
        return found

    def select(self, named: Mapping[str, str], texts: Sequence[str], kept: str) -> str:
        """SELECT what is named, the texts as `t0` …, the row's key as texts `r0` …, of the rows that are kept."""
        columns = {**named, **{f"t{i}": text for i, text in enumerate(texts)}}
        columns |= {f"r{i}": sql for i, sql in enumerate(self.key(self._tables[self._on], "a"))}
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        select = f"SELECT {listed} FROM {self._table(self._on)} AS a"
        where = f" WHERE {kept}" if kept else ""
        return f"{select}{_used(self._joins, f'{select}{where}')}{where}"

    def unreadable(self) -> list[Unreadable]:
        """What finds rows with a text that is no amount, by column that the statement reads."""
        found: dict[tuple[str, str], str] = {}
        quoted, as_text = self._spelling.quoted, self._spelling.as_text
        for sql, table, column in self.numbers:
            if sql in self.sql:
                key = [as_text(f"x.{quoted(table.columns[i].name)}") for i in table.key]
                said = f"x.{quoted(column)}"
                found[table.alias, column] = (
                    f"SELECT {', '.join(key)}, {as_text(said)} FROM {self._table(table.alias)} AS x"
                    f" WHERE {said} IS NOT NULL AND {self.number(said)} IS NULL LIMIT {UNREADABLE_MAX}"
                )
        return [Unreadable(alias, column, query) for (alias, column), query in found.items()]

    def key(self, table: Table, row: str) -> list[str]:
        """The key of a row as texts, as the mirror has it; nothing where SQL cannot tell it."""
        columns = [table.columns[i] for i in table.key]
        if any(c.form or c.kind not in (Kind.TEXT, Kind.INTEGER) for c in columns):
            return []
        return [self._spelling.as_text(f"{row}.{self._spelling.quoted(c.name)}") for c in columns]

    # Amounts

    def amount(self, terms: Sequence[Term | None], trail: Trail, places: int | None) -> str:
        """Terms added up; rounded as a card is that keeps so many places, where one may have more."""
        known = [term for term in terms if term]
        scope = {f"t{i}": Name(f"t{i}", term.kind, term.sql) for i, term in enumerate(known)}
        parts = [f"coalesce(t{i}, 0)" if term.is_sum else f"t{i}" for i, term in enumerate(known)]
        text = " + ".join(parts) or "0"
        if places is not None and any(term.places is None or term.places > places for term in known):
            text = f"round(({text})::numeric, {places})"
        return self._exact(self.read(text, trail, scope, Kind.DECIMAL))

    def term(self, trail: Trail, term: OfRule | SumOf | str, spelled: str) -> Term | None:
        """A term of an amount; `spelled` is what the rows of a sum are called."""
        if isinstance(term, OfRule):
            return self._as_term(*self.of_rule(trail, term))
        if isinstance(term, SumOf):
            return self._sum(trail, term, spelled)
        return self._as_term(self.read(term, trail, self.scope, Kind.DECIMAL), self._places(term, self.scope))

    def _as_term(self, sql: str, places: int | None) -> Term:
        return Term(sql, Kind.DECIMAL, places=places)

    def _places(self, text: str, scope: Scope) -> int | None:
        """How many digits after the point an expression may have, where it is plainly a column of money."""
        found = self._reader.quiet().read(text, (), scope)
        if found is None or not isinstance(found.term.detail, Name):
            return None if found is None or found.kind is not Kind.INTEGER else 0
        return self._known_places.get(found.term.detail.sql)

    def of_rule(self, trail: Trail, term: OfRule, kind: Kind = Kind.DECIMAL) -> tuple[str, int | None]:
        """The expression of a rule's card field, and the places that it may have."""
        rule = self._file.rules.get(term.rule)
        if rule is None or rule.on != self._judged or term.field not in rule.fields("card"):
            known = [f"{n}.{f}" for n, r in self._file.rules.items() if r.on == self._judged for f in r.fields("card")]
            wanted = f"{term.rule}.{term.field}"
            self.fault("reconcile_rule", trail, field=wanted, nearest=nearest(wanted, known))
            return "NULL", None
        text = rule.fields("card")[term.field]
        scope = self._rule_scope(rule, term.rule, text)
        return self.read(text, trail, scope, kind), self._places(text, scope) if kind is Kind.DECIMAL else None

    def _rule_scope(self, rule: RuleFrame, name: str, wanted: str) -> dict[str, Name]:
        """What an expression of a rule may read. Of what `let` names only what it needs must have SQL."""
        table = self._tables[self._on]
        scope = {**self._constants, **self._inherited, **{name: n for name, n in self.scope.items() if n.many}}
        scope |= self._columns(table, "a", "after.")
        scope |= {f"before.{c.name}".lower(): Name(_NO_ROW, c.kind, "NULL") for c in table.columns}
        scope["op"] = Name(repr("read"), Kind.TEXT, "'read'")
        scope |= commit(self._reader.zone)
        for alias, join in rule.join.items():
            here = ("rules", name, "join", alias)
            scope |= self.joined(alias, join, scope, here, f"{name}_{alias}", self._joins)
        needed = self._needed(rule, wanted, scope)
        for n, (alias, text) in enumerate(rule.let.items()):
            if alias.lower() not in needed:
                continue
            value = self.expression(text, ("rules", name, "let", alias), scope)
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

    # Other rows

    def joined(
        self, alias: str, join: Join, scope: Scope, trail: Trail, spelled: str, joins: dict[str, str], rows: str = ""
    ) -> dict[str, Name]:
        """The columns of a joined row; the join is added to `joins`, once however many amounts read it. It is joined to
        `rows`, which stand behind FROM, or to the row `a`."""
        table = self._tables.get(join.table or alias)
        if table is None:
            near = nearest(alias, [*self._tables])
            self._reader.fault("unknown_table", trail, table=join.table or alias, nearest=near)
            return {}
        if len(join.key) != len(table.key):
            count = {"given": len(join.key), "wanted": len(table.key)}
            self._reader.fault("join_key_count", trail, table=table.alias, **count)
            return {}
        keys = [
            self._join_key(text, trail, scope, table.columns[i].kind)
            for text, i in zip(join.key, table.key, strict=True)
        ]
        known = [(i, key) for i, key in zip(table.key, keys, strict=True) if key is not None]
        on = [self._same(self._compared(table, table.columns[i], spelled), key, self._bare(key)) for i, key in known]
        if spelled not in joins:
            base = rows or f"{self._table(self._on)} AS a"
            self._reach_by_key(table, [key for _, key in known], " ".join([base, *joins.values()]))
        joins[spelled] = f"LEFT JOIN {self._table(table.alias)} AS {spelled} ON {' AND '.join(on)}"
        return self._columns(table, spelled, f"{alias}.")

    def _join_key(self, text: str, trail: Trail, scope: Scope, kind: Kind) -> Expression | None:
        """A part of a key, cast to its column's kind, as a rule's is."""
        found = self.expression(text, trail, scope)
        if found is None or found.kind in (kind, Kind.NULL):
            return found
        return self.expression(f"CAST(({text}) AS {TYPES.get(kind, 'text')})", trail, scope)

    def _reach_by_key(self, table: Table, keys: Sequence[Expression], rows: str) -> None:
        """The rows that a join finds, by their keys."""
        if not self.key(table, "x") or any(key.kind not in (Kind.TEXT, Kind.INTEGER) for key in keys):
            self.reaches.append(Reach(table.alias, ""))
            return
        texts = [self._spelling.as_text(key.sql(self._dialect)) for key in keys]
        self.reaches.append(Reach(table.alias, f"SELECT DISTINCT {', '.join(texts)} FROM {rows}"))

    def _sum(self, trail: Trail, term: SumOf, spelled: str) -> Term | None:
        table = self._tables.get(term.of)
        if table is None:
            self.fault("unknown_table", (*trail, "of"), table=term.of, nearest=nearest(term.of, [*self._tables]))
            return None
        here, base = (*self._trail, *trail), f"{self._table(term.of)} AS r"
        scope = {**self._constants, **self._columns(table, "r", "")}
        joins: dict[str, str] = {}
        names = [c.name.lower() for c in table.columns]
        by = self.expression(term.by, (*here, "by"), scope)
        equals = self.expression(term.equals, (*here, "equals"), self.scope)
        if by is not None and equals is not None:
            self._reach_by_column(table, term.by.strip().lower() in names, term.by.strip(), equals)
        for prefix, blocks in (("q", self._own(term.of)), ("r", term.join)):
            for alias, join in blocks.items():
                scope |= self.joined(alias, join, scope, (*here, "join", alias), f"{prefix}_{alias}", joins, base)
        by = self.expression(term.by, (*here, "by"), scope) if by is None else by
        amount = self._exact(self.read(term.sum, (*trail, "sum"), scope, Kind.DECIMAL))
        kept = self.read(term.where, (*trail, "where"), scope, Kind.BOOLEAN) if term.where else ""
        if by is None or equals is None:
            return None
        group = by.sql(self._dialect)
        if equals.kind is not by.kind and Kind.NULL not in (equals.kind, by.kind):
            kind = TYPES.get(by.kind, "text")
            equals = self.expression(f"CAST(({term.equals}) AS {kind})", (*here, "equals"), self.scope) or equals
        same = self._same(f"{spelled}.k", equals, equals.sql(self._dialect))
        total = "syncd_sum" if self._dialect == "sqlite" else "sum"
        rows = (
            f"{self._table(term.of)} AS r{_used(joins, f'{group} {amount} {kept}')}{f' WHERE {kept}' if kept else ''}"
        )
        self._joins[spelled] = (
            f"LEFT JOIN (SELECT {group} AS k, {total}({amount}) AS total FROM {rows}"
            f" GROUP BY {by_bytes(group) if self._is_vague(by) else group}) AS {spelled} ON {same}"
        )
        return Term(f"{spelled}.total", Kind.DECIMAL, is_sum=True, places=self._places(term.sum, scope))

    def _reach_by_column(self, table: Table, is_column: bool, by: str, equals: Expression) -> None:
        """The rows of a sum, by the column that says which row they belong to."""
        if not is_column or equals.kind not in (Kind.TEXT, Kind.INTEGER):
            self.reaches.append(Reach(table.alias, ""))
            return
        name = next(c.name for c in table.columns if c.name.lower() == by.lower())
        value = self._spelling.as_text(equals.sql(self._dialect))
        rows = " ".join([f"{self._table(self._on)} AS a", *self._joins.values()])
        self.reaches.append(Reach(table.alias, f"SELECT DISTINCT {value} FROM {rows}", name))

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

    def _table(self, alias: str) -> str:
        return self._spelling.source_table(self._tables[alias].name)

    # Expressions

    def read(self, text: str, trail: Trail, scope: Scope, kind: Kind | None = None) -> str:
        """An expression as SQL, NULL where it is wrong."""
        found = self.expression(text, (*self._trail, *trail), scope, kind)
        return "NULL" if found is None else found.sql(self._dialect)

    def expression(self, text: str, trail: Trail, scope: Scope, kind: Kind | None = None) -> Expression | None:
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

    def fault(self, code: str, trail: Trail, **params: object) -> None:
        """Append an error at a place of the block."""
        self._reader.fault(code, (*self._trail, *trail), **params)


def header_of(file: MappingFile, alias: str) -> str:
    """The table whose rows they are: of a document that of its header."""
    document = file.documents.get(alias)
    return alias if document is None else document.header


def _used(joins: dict[str, str], read: str) -> str:
    """Those of the joins that something reads from."""
    used = ""
    for spelled, join in reversed(joins.items()):
        if f"{spelled}." in read + used:
            used = f" {join}{used}"
    return used
