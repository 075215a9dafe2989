"""The `lifecycle` block, compiled: the states of assets, the rule that judges each step, and what a passed deadline
says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from syncd.change import Kind, Row, Table
from syncd.mapping.expression.parse import Expression
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import scope
from syncd.mapping.language.blocks import lifecycle_block as blocks
from syncd.mapping.language.blocks.lifecycle_rule import STEM, Enter
from syncd.mapping.language.blocks.readings import Decisions, Reading, filled, find_table, read_rows
from syncd.mapping.language.rules import Resolver
from syncd.mapping.verbs.rule import Rule

Called = tuple[str, str]
"""What something is called, in Chinese and in English."""
OVERDUE: Final[Mapping[str, Kind]] = {
    "asset": Kind.TEXT,
    "state": Kind.TEXT,
    "name": Kind.TEXT,
    "entry": Kind.INTEGER,
    "since": Kind.DATE,
    "due": Kind.DATE,
    "days": Kind.INTEGER,
    "step": Kind.INTEGER,
    "role": Kind.TEXT,
}
"""What a row of a passed deadline may be filled with."""


@dataclass(frozen=True)
class Deadline:
    """An asset may be `within` days in a state. `steps` are (role, days behind the deadline's passing), in order; one
    that goes to nobody where the mapping names none."""

    within: int
    steps: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Papers:
    """Documents of a disposal: their rows say (asset, columns…)."""

    called: Called
    columns: Sequence[Called]
    needed: Sequence[bool]
    """Whether a report lacks something without it, by column."""
    rows: Reading


@dataclass(frozen=True)
class Risk:
    """Assets in use for more than `years` and not maintained for `idle_years`. `rows` say (asset, state, in use
    since), `maintained` (asset, day)."""

    years: int
    idle_years: int
    rows: Reading
    maintained: Reading


@dataclass(frozen=True)
class Lifecycle:
    """The states of assets under a mapping. `fill` makes a row of `overdue` from the names of OVERDUE."""

    rule: Rule
    states: Mapping[str, Called]
    start: frozenset[str]
    final: frozenset[str]
    deadlines: Mapping[str, Deadline]
    overdue: Table | None
    fill: Callable[..., Row] | None
    risk: Risk | None
    papers: Sequence[Papers]
    before_days: Decimal | None
    """The mean cycle before; None where the mapping does not say it."""
    shorter_by: Decimal
    name: str
    """Of the books' language: which of a state's names `fill` is given."""

    @property
    def computed(self) -> frozenset[str]:
        """The aliases of the tables whose rows syncd makes itself."""
        return frozenset() if self.overdue is None else frozenset((self.overdue.alias,))

    @property
    def looked_at(self) -> frozenset[str]:
        """The aliases of the tables that it looks at beside any rule."""
        aliases = {papers.rows.alias for papers in self.papers}
        return self.computed | aliases | (set() if self.risk is None else {self.risk.maintained.alias})


def compile_lifecycle(
    block: blocks.LifecycleBlock | None, resolver: Resolver, decisions: Decisions, language: str
) -> Lifecycle | None:
    """The block compiled; None when there is none or it is wrong, which the reader's `errors` then say."""
    return None if block is None else _Compiler(block, resolver, decisions).whole(language)


class _Compiler:
    def __init__(self, block: blocks.LifecycleBlock, resolver: Resolver, decisions: Decisions) -> None:
        self._block, self._resolver, self._reader = block, resolver, resolver.reader
        self._decisions = decisions

    def whole(self, language: str) -> Lifecycle | None:
        before, block = len(self._reader.errors), self._block
        for code, place, params in blocks.faults(block):
            near = {"nearest": nearest(params["state"], list(block.states))}
            self._reader.fault(code, ("lifecycle", *place), **params, **near)
        if STEM in self._resolver.file.rules:
            self._reader.fault("name_taken", ("rules", STEM), name=STEM, other=f"{STEM}_rule")
        table = self._table()
        rule = None if table is None else self._rule(table)
        overdue, fill = self._overdue()
        risk = None if block.high_risk is None else self._risk(block.high_risk)
        papers = [self._papers(name, one) for name, one in block.papers.items()]
        if len(self._reader.errors) > before or rule is None:
            return None
        return Lifecycle(
            rule,
            {code: (said.zh, said.en) for code, said in block.states.items()},
            frozenset(block.first),
            frozenset(block.last),
            {state: _deadline(said) for state, said in block.deadlines.items()},
            overdue,
            fill,
            risk,
            [one for one in papers if one is not None],
            None if block.pilot is None else block.pilot.cycle_days,
            Decimal(0) if block.pilot is None else block.pilot.shorter_by,
            language,
        )

    def _table(self) -> Table | None:
        """The table of the states; it must be tracked, and say whose its rows are."""
        alias, at = self._block.table, ("lifecycle", "table")
        tracked = self._resolver.file.tables.get(alias)
        if tracked is None:
            near = nearest(alias, list(self._resolver.file.tables))
            self._reader.fault("unknown_table", at, table=alias, nearest=near)
            return None
        if tracked.subject is None:
            self._reader.fault("lifecycle_no_subject", at, table=alias)
        return self._resolver.tables[alias]

    def _rule(self, table: Table) -> Rule | None:
        block, constants = self._block, self._resolver.constants()
        after = constants | scope.columns(table, "after")
        was = constants | scope.columns(table, "before")
        state = self._reader.read(block.state, ("lifecycle", "state"), after, Kind.TEXT)
        before = self._reader.quiet().read(block.state, (), was, Kind.TEXT)
        since = self._since(after)
        who = self._reader.read(block.by or "NULL", ("lifecycle", "by"), after, Kind.TEXT)
        if who is None or state is None or before is None or since is None:
            return None
        called = {code: (said.zh, said.en) for code, said in block.states.items()}
        subject = self._resolver.file.tables[table.alias].subject
        old = None if subject is None else self._reader.quiet().read_key(subject, (), was)
        verb = Enter(old, before, state, since, who, called, block.first, block.transitions, block.last)
        return Rule(STEM, table, snapshot="post", verbs=(verb,))

    def _since(self, names: Mapping[str, Any]) -> Expression | None:
        at, day = ("lifecycle", "since"), "change.committed_on"
        said = self._block.since
        if said is not None and self._reader.read(said, at, names, Kind.DATE) is None:
            return None
        text = day if said is None else f"coalesce({said}, {day})"
        return self._reader.read(text, at, {**names, **scope.commit(self._reader.zone)}, Kind.DATE)

    def _overdue(self) -> tuple[Table | None, Callable[..., Row] | None]:
        said, at = self._block.overdue, ("lifecycle", "overdue")
        if said is None:
            return None, None
        table = find_table(self._resolver, said.table, (*at, "table"))
        if table is None:
            return None, None
        names = self._resolver.constants()
        self._require_key(table, said)
        fill = filled(self._resolver, self._decisions, table, said.columns, (*at, "columns"), OVERDUE, names)
        return table, fill

    def _require_key(self, table: Table, said: blocks.OverdueRows) -> None:
        """Two rows of one key would be one."""
        lacking = {"asset", "entry", "step"} - {said.columns.get(table.columns[i].name) for i in table.key}
        if lacking:
            at, params = ("lifecycle", "overdue", "table"), {"table": table.alias, "names": ", ".join(sorted(lacking))}
            self._reader.fault("lifecycle_overdue_key", at, **params)

    def _risk(self, said: blocks.HighRisk) -> Risk | None:
        at = ("lifecycle", "high_risk")
        subject = self._resolver.file.tables[self._block.table].subject if self._known() else None
        if subject is None:
            return None
        rows = self._read(
            self._block.table,
            [(subject, Kind.TEXT), (self._block.state, Kind.TEXT), (said.used_since, Kind.DATE)],
            (*at, "used_since"),
        )
        maintained = self._read(
            said.maintained.of,
            [(said.maintained.asset, Kind.TEXT), (said.maintained.latest, Kind.DATE)],
            (*at, "maintained"),
        )
        if rows is None or maintained is None:
            return None
        return Risk(said.years, said.without_maintenance, rows, maintained)

    def _known(self) -> bool:
        return self._block.table in self._resolver.file.tables

    def _papers(self, name: str, said: blocks.Papers) -> Papers | None:
        at = ("lifecycle", "papers", name)
        table = find_table(self._resolver, said.table, (*at, "table"))
        if table is None:
            return None
        known = {column.name: column.kind for column in table.columns}
        for column in (*said.columns, *said.needed):
            if column not in known:
                near = nearest(column, list(known))
                self._reader.fault("unknown_column", (*at, "columns"), column=column, table=said.table, nearest=near)
                return None
        columns = [(f'"{column}"', known[column]) for column in said.columns]
        rows = self._read(said.table, [(said.asset, Kind.TEXT), *columns], at)
        if rows is None:
            return None
        called = [(one.zh, one.en) for one in said.columns.values()]
        needed = [column in said.needed for column in said.columns]
        return Papers((said.says.zh, said.says.en), called, needed, rows)

    def _read(self, alias: str, said: Sequence[tuple[str, Kind]], at: tuple[str, ...]) -> Reading | None:
        return read_rows(self._resolver, self._decisions, alias, said, at)


def _deadline(said: blocks.Deadline) -> Deadline:
    """Each step counts from the one before it; a deadline that nobody is told of passes all the same."""
    days = accumulate(step.after for step in said.then)
    steps = [(step.escalate, day) for step, day in zip(said.then, days, strict=True)]
    return Deadline(said.within, steps or [("", 0)])
