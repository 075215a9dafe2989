"""The `close` and `report` blocks: what closing a month looks at beyond what is the same everywhere, and what its
reports call things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from syncd.change import Kind
from syncd.mapping.expression.parse import Expression, Name
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.blocks.closing_block import NO_DOCUMENTS, Documents, ReadyRows, VatRows
from syncd.mapping.language.blocks.year_end_block import YearEndBlock
from syncd.mapping.language.file.shapes import Expr, Identifier, MaybeNames, Names, Strict
from syncd.mapping.language.scope import ExpressionReader, constants
from syncd.mapping.verbs.require import Says, SaysShape

if TYPE_CHECKING:
    from syncd.mapping.language.blocks.readings import Reading
    from syncd.mapping.language.file.layout_file import LayoutFile
    from syncd.mapping.language.file.model import MappingFile

ROLES: Final = {
    "original_value": "fixed_assets",
    "accumulated_depreciation": "accumulated_depreciation",
    "impairment": "impairment",
    "clearing": "disposal_clearing",
    "pending_loss": "pending_loss",
    "construction": "construction",
    "research": "research_expensed",
    "grants": "deferred_income",
    "provisional": "payable_provisional",
    "input_vat": "input_vat_pending",
    "input_vat_deducted": "input_vat",
}
"""What an account is for → the role that it plays in a role table, where `close` does not name it."""
ReportField = Literal[
    "name",
    "model",
    "department",
    "workshop",
    "class",
    "use",
    "method",
    "life_months",
    "residual_rate",
    "acquired_month",
    "location",
    "quantity",
]
GroupField = Literal["department", "workshop", "class", "use"]
"""Columns by which assets are grouped."""
_DEFAULT_FIELDS: Final[Mapping[ReportField, str]] = {
    "name": "name",
    "model": "model",
    "department": "dept",
    "workshop": "workshop",
    "class": "class",
    "use": "status",
    "method": "method",
    "life_months": "life_months",
    "residual_rate": "residual_rate",
    "acquired_month": "acquired_month",
    "location": "location",
    "quantity": "quantity",
}


class ClosingAccounts(Strict):
    """The accounts that a close looks at, by what they are for: codes, or roles of the role table. Where one is not
    named, the role table's own account for it is looked at; where there is none, nothing is."""

    original_value: MaybeNames = ()
    """What assets cost, 1601; by default what `reconcile` says, else the role `fixed_assets`."""
    accumulated_depreciation: MaybeNames = ()
    """Accumulated depreciation, 1602; likewise, role `accumulated_depreciation`."""
    impairment: MaybeNames = ()
    """Impairment, 1603; likewise, role `impairment`."""
    clearing: MaybeNames = ()
    """Disposal clearing, 1606: zero for each asset. Role `disposal_clearing`."""
    pending_loss: MaybeNames = ()
    """Pending gains and losses, 1901: zero for each asset. Role `pending_loss`."""
    construction: MaybeNames = ()
    """Construction in progress, 1604: listed with the day of the last entry. Role `construction`."""
    research: MaybeNames = ()
    """R&D expensed, 5301: carried at the end of each month. Role `research_expensed`."""
    grants: MaybeNames = ()
    """Deferred income of grants, 2401: amortised in each month. Role `deferred_income`."""
    provisional: MaybeNames = ()
    """Payables that are provisional, 2202: listed until the invoice has come. Role `payable_provisional`."""
    input_vat: MaybeNames = ()
    """Input VAT that is not yet certified, 222109: listed until it is. Role `input_vat_pending`."""
    input_vat_deducted: MaybeNames = ()
    """Input VAT that is deducted, 22210101: each entry is tied to its document. Role `input_vat`."""


class CloseCheck(Strict):
    """A check of one's own when a month is closed."""

    says: Says
    """What must hold: one sentence in both languages, or one for both."""
    sql: str
    """SELECT over finance that must return no rows. `:period`, `:first` and `:last` are the period and its days."""
    mend: Says | None = None
    """What to do about a row."""


class Close(Strict):
    """What closing a month looks at."""

    accounts: ClosingAccounts = ClosingAccounts()
    """Account codes by what they are for."""
    asset: str = "asset"
    """The auxiliary of entries that names the asset."""
    auxiliaries: dict[Identifier, str] = Field(default={})
    """Auxiliary of entries → card field: for each value the accounts equal the cards."""
    depreciates: Expr | None = None
    """Condition over `card.*`: which cards are depreciated every month; without it the month's depreciation is not
    looked for."""
    clearing_days: Annotated[int, Field(ge=0)] = 0
    """How many days a disposal may stand open in `clearing` when its month is closed."""
    ready: dict[str, ReadyRows] = Field(default={})
    """Alias of a table → its rows that are ready for use and not carried to an asset; none may be left."""
    input_vat: dict[str, VatRows] = Field(default={})
    """Alias of a table → its documents that bring input VAT, to which the month's entries are tied."""
    checks: dict[Identifier, CloseCheck] = Field(default={})
    """Name → check of one's own."""


class MovementKind(Strict):
    """A column of the reports on changes."""

    says: Says
    """What the column is called."""
    rules: MaybeNames = ()
    """The rules whose postings it counts, beside those whose voucher names it under `fields: movement`."""
    within: bool = False
    """Whether assets are split or merged within: what some lose others have, and nothing was disposed of."""


class DisposalStages(Strict):
    """The rules that make the stages of a disposal."""

    begun: Names
    """They take an asset off the books, into a clearing account."""
    costs: MaybeNames = ()
    """What removing it costs."""
    proceeds: MaybeNames = ()
    """What comes in for it."""
    results: MaybeNames = ()
    """What is left of the clearing account, carried to gain or loss."""
    until_sold: MaybeNames = ()
    """Kinds of change that are no disposal until something came in or was carried: what is held for sale."""
    buyer: str = "buyer"
    """The auxiliary of entries that names who pays."""

    @property
    def rules(self) -> Sequence[str]:
        """Of all stages."""
        return [*self.begun, *self.costs, *self.proceeds, *self.results]


class NamesShape(Strict):
    """Where the names of codes stand."""

    table: str
    """A table or a reference, by its alias."""
    code: Expr
    """The code as cards have it, over its row."""
    name: Expr
    """What it is called."""


class ReportBlock(Strict):
    """What the reports of a month call things."""

    company: Says | None = None
    """Whose books they are, as it stands at the head of each report; by default the pipeline's name."""
    fields: dict[ReportField, str] = Field(default={})
    """Column of the reports → card field, where it is called otherwise."""
    names: dict[GroupField, NamesShape] = Field(default={})
    """Column of the reports → where the names of its codes stand, which are shown beside them."""
    words: dict[str, dict[str, Says]] = Field(default={})
    """Column of the reports, or card field → value → what people call it, which is shown in its place."""
    called: dict[str, Says] = Field(default={})
    """Card field → what people call it, where it is no column of the reports: in a trace, in a compliance report."""
    movements: dict[Identifier, MovementKind] = Field(default={})
    """Kinds of change (变动方式) that have columns of their own: name → what it is called. A voucher says which it is
    under `fields: movement`; or its rule does."""
    disposals: DisposalStages | None = None
    """The stages of a disposal. Without it every card that ceases to count is listed as disposed of."""
    year_end: YearEndBlock | None = None
    """What the sheets of a year ask beside that."""


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """Both blocks, checked. `counts` and `depreciates` are Python conditions over a card's fields `card`, empty where
    nothing is said."""

    counts: str = ""
    depreciates: str = ""
    accounts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Account codes by the name of what they are for; one that is not looked at is absent."""
    asset: str = ""
    """Empty where entries do not name the asset."""
    auxiliaries: Mapping[str, str] = field(default_factory=dict)
    clearing_days: int = 0
    checks: Mapping[str, CloseCheck] = field(default_factory=dict)
    vat_accounts: Mapping[str, str] = field(default_factory=dict)
    """Role → code of all accounts, by which documents say theirs."""
    company: SaysShape | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Column of the reports → card field, those alone that cards have."""
    movements: Mapping[str, MovementKind] = field(default_factory=dict)
    disposals: DisposalStages | None = None
    words: Mapping[str, Mapping[str, SaysShape]] = field(default_factory=dict)
    called: Mapping[str, SaysShape] = field(default_factory=dict)
    documents: Documents = NO_DOCUMENTS
    names: Mapping[str, "Reading"] = field(default_factory=dict)
    """Column of the reports → the rows that say what its codes are called."""


def compile_month_end(
    file: "MappingFile",
    layout: "LayoutFile",
    reader: ExpressionReader,
    kinds: Mapping[str, Kind],
    roles: Mapping[str, str],
    names: Mapping[str, "Reading"],
    documents: Documents,
) -> MonthEnd:
    """What the blocks say; what is wrong with them goes to the reader. `roles` are the codes of the role table, `names`
    what `compile_names` made, `documents` what `compile_documents` did."""
    closing, report = file.close or Close(), file.report or ReportBlock()
    scope = constants(file.constants) | {
        name.lower(): Name(f"card.get({name!r})", kind) for name, kind in kinds.items()
    }
    card = {f"card.{name}": found for name, found in scope.items()} | scope
    quiet = ExpressionReader(reader.document, {}, [], file.timezone)
    own = ExpressionReader(reader.document, {}, reader.errors, file.timezone)
    counts = (
        quiet.read(file.reconcile.cards, (), card, Kind.BOOLEAN) if file.reconcile and file.reconcile.cards else None
    )
    depreciates = (
        own.read(closing.depreciates, ("close", "depreciates"), card, Kind.BOOLEAN) if closing.depreciates else None
    )
    _check(closing, report, file, layout, reader, kinds)
    return MonthEnd(
        _condition(counts),
        _condition(depreciates),
        _accounts(file, closing, roles),
        closing.asset if closing.asset in layout.dims else "",
        closing.auxiliaries,
        closing.clearing_days,
        closing.checks,
        roles,
        report.company,
        {name: said for name, said in {**_DEFAULT_FIELDS, **report.fields}.items() if said in kinds},
        report.movements,
        report.disposals,
        report.words,
        report.called,
        documents,
        names,
    )


def _accounts(file: "MappingFile", closing: Close, roles: Mapping[str, str]) -> dict[str, Sequence[str]]:
    of_cards = {str(name): codes for name, codes in file.reconcile.accounts.items()} if file.reconcile else {}
    found: dict[str, Sequence[str]] = {}
    for name, role in ROLES.items():
        said = getattr(closing.accounts, name) or of_cards.get(name) or ((role,) if role in roles else ())
        if said:
            found[name] = tuple(roles.get(one, one) for one in said)
    return found


def _condition(read: Expression | None) -> str:
    return read.condition() if read else ""


def _check(
    closing: Close,
    report: ReportBlock,
    file: "MappingFile",
    layout: "LayoutFile",
    reader: ExpressionReader,
    kinds: Mapping[str, Kind],
) -> None:
    """The names in both blocks are those of auxiliaries, card fields and rules."""
    if closing.asset not in layout.dims and file.close and "asset" in file.close.model_fields_set:
        near = nearest(closing.asset, layout.dims)
        reader.fault("unknown_dim", ("close", "asset"), dim=closing.asset, nearest=near)
    for dim, name in closing.auxiliaries.items():
        trail = ("close", "auxiliaries", dim)
        if dim not in layout.dims:
            reader.fault("unknown_dim", trail, dim=dim, nearest=nearest(dim, layout.dims))
        if name not in kinds:
            reader.fault("unknown_field", trail, field=name, nearest=nearest(name, list(kinds)))
    for column, name in report.fields.items():
        if name not in kinds:
            near = nearest(name, list(kinds))
            reader.fault("unknown_field", ("report", "fields", column), field=name, nearest=near)
    spoken: Sequence[tuple[str, Mapping[str, object], Sequence[str]]] = (
        ("words", report.words, [*_DEFAULT_FIELDS, *kinds]),
        ("called", report.called, list(kinds)),
    )
    for block, spoken_of, known in spoken:
        for name in spoken_of:
            if name not in known:
                reader.fault("unknown_field", ("report", block, name), field=name, nearest=nearest(name, known))
    named: list[tuple[tuple[str, ...], Sequence[str]]] = [
        (("report", "movements", name), kind.rules) for name, kind in report.movements.items()
    ]
    if report.disposals is not None:
        named.append((("report", "disposals"), report.disposals.rules))
    for place, rules in named:
        for rule in rules:
            if rule not in file.rules:
                reader.fault("unknown_rule", place, rule=rule, nearest=nearest(rule, list(file.rules)))
