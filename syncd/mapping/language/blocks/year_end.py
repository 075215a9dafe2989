"""The `year_end` block of `report`, compiled: what the sheets of a year ask of cards, rows of the EAM and rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from syncd.change import Kind
from syncd.mapping.expression.parse import Name
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language import scope
from syncd.mapping.language.blocks import year_end_block as blocks
from syncd.mapping.language.blocks.readings import Decisions, Reading, find_table, function, read_rows
from syncd.mapping.language.file.source import Trail
from syncd.mapping.language.rules import Resolver

if TYPE_CHECKING:
    from syncd.mapping.language.file.layout_file import LayoutFile

ListName = Literal["idle", "leased_out", "pledged"]
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)
DAYS: Final[Mapping[str, Kind]] = {"first": Kind.DATE, "last": Kind.DATE}
"""The first and the last day that a list is of: names of its expressions beside the columns."""
ROLES: Final[Mapping[str, str]] = {"expensed": "research_expensed", "capitalised": "research_capitalised"}
"""What R&D accounts are for → their role in a role table."""
Card = Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """Which assets are on a list: those whose card `holds`, or the rows that say (asset, whether it counts, columns…).
    Both are given the first and the last day. `columns` is what the columns are called, by language, and their kind."""

    holds: Callable[..., tuple[Any, ...]] | None
    rows: Reading | None
    columns: Sequence[tuple[Mapping[str, str], Kind]] = ()


@dataclass(frozen=True)
class Tax:
    """`of` gives a card's line of the form and its policy."""

    book: str
    general: str
    of: Callable[[Card], tuple[Any, ...]]


@dataclass(frozen=True)
class ResearchAccount:
    """Account codes by what they are for; kinds of cost by rule, and what kinds are called."""

    project: str
    accounts: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Mapping[str, str]]
    kind_of: Mapping[str, str]
    carried: frozenset[str]


@dataclass(frozen=True)
class YearEnd:
    """The block, checked and compiled."""

    lists: Mapping[ListName, Listed] = field(default_factory=dict)
    tax: Tax | None = None
    research: ResearchAccount | None = None
    review_months: int = blocks.Review().months

    @property
    def looked_at(self) -> frozenset[str]:
        """The aliases of the tables that it looks at beside any rule."""
        return frozenset(one.rows.alias for one in self.lists.values() if one.rows is not None)


def compile_year_end(
    block: blocks.YearEndBlock | None,
    resolver: Resolver,
    decisions: Decisions,
    layout: "LayoutFile",
    roles: Mapping[str, str],
) -> YearEnd:
    """What the block says; what is wrong with it goes to the resolver's reader. `roles` are the codes of the role
    table."""
    if block is None:
        return YearEnd()
    compiler = _Compiler(resolver, decisions)
    return YearEnd(
        {
            name: made
            for name in LISTS
            if (said := getattr(block, name)) is not None and (made := compiler.listed(name, said)) is not None
        },
        None if block.tax is None else compiler.tax(block.tax),
        None if block.research is None else compiler.research(block.research, layout, roles),
        block.review.months,
    )


class _Compiler:
    def __init__(self, resolver: Resolver, decisions: Decisions) -> None:
        self._resolver, self._reader, self._decisions = resolver, resolver.reader, decisions
        self._card = resolver.constants() | scope.card(resolver.card_kinds)

    def listed(self, name: ListName, said: blocks.AssetRows | str) -> Listed | None:
        at: Trail = ("report", "year_end", name)
        if isinstance(said, str):
            names = self._card | {day: Name(day, kind) for day, kind in DAYS.items()}
            read = self._reader.read(said, at, names, Kind.BOOLEAN)
            return None if read is None else Listed(function(self._decisions, "card, first, last", [read]), None)
        table = find_table(self._resolver, said.table, (*at, "table"))
        if table is None:
            return None
        known = {column.name: column.kind for column in table.columns}
        for column in said.columns:
            if column not in known:
                near = nearest(column, list(known))
                self._reader.fault("unknown_column", (*at, "columns"), column=column, table=said.table, nearest=near)
                return None
        texts = [(said.asset, Kind.TEXT), (said.where, Kind.BOOLEAN)]
        texts += [(f'"{column}"', known[column]) for column in said.columns]
        rows = read_rows(self._resolver, self._decisions, said.table, texts, at, DAYS)
        columns = [(called.model_dump(), known[column]) for column, called in said.columns.items()]
        return None if rows is None else Listed(None, rows, columns)

    def tax(self, said: blocks.TaxReturn) -> Tax | None:
        at: Trail = ("report", "year_end", "tax")
        block = self._resolver.file.depreciation
        books = [] if block is None else list(block.books)
        for word, name in (("book", said.book), ("general", said.general)):
            if name is not None and name not in books:
                self._reader.fault("year_end_book", (*at, word), book=name, known=", ".join(books) or "–")
        if said.policy is not None and said.general is None:
            self._reader.fault("missing_key", at, key="general", place="report.year_end.tax")
        line = self._reader.read(said.line, (*at, "line"), self._card, Kind.INTEGER)
        policy = self._reader.read(said.policy or "NULL", (*at, "policy"), self._card, Kind.TEXT)
        if line is None or policy is None:
            return None
        return Tax(said.book, said.general or "", function(self._decisions, "card", [line, policy]))

    def research(self, said: blocks.Research, layout: "LayoutFile", roles: Mapping[str, str]) -> ResearchAccount:
        at: Trail = ("report", "year_end", "research")
        if said.project not in layout.dims:
            near = nearest(said.project, layout.dims)
            self._reader.fault("unknown_dim", (*at, "project"), dim=said.project, nearest=near)
        rules = self._resolver.file.rules
        named = {("kinds", name): kind.rules for name, kind in said.kinds.items()} | {("carried",): said.carried}
        for place, names in named.items():
            for rule in names:
                if rule not in rules:
                    self._reader.fault("unknown_rule", (*at, *place), rule=rule, nearest=nearest(rule, list(rules)))
        accounts = {}
        for use, role in ROLES.items():
            codes = getattr(said, use) or ((role,) if role in roles else ())
            accounts[use] = tuple(roles.get(one, one) for one in codes)
        return ResearchAccount(
            said.project,
            accounts,
            {name: kind.says.model_dump() for name, kind in said.kinds.items()},
            {rule: name for name, kind in said.kinds.items() for rule in kind.rules},
            frozenset(said.carried),
        )
