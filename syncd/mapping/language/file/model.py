"""What a mapping file and a layout file may say: their shape, without the meaning of their expressions.

The models are the one description of the files: they check them, and the JSON Schema for editors and the reference come
from them (`schemas`). The string below a key says what it means.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, create_model

from syncd.mapping.language.blocks.answers import AnswerBlocks
from syncd.mapping.language.blocks.depreciation_block import DepreciationBlock
from syncd.mapping.language.blocks.lifecycle_block import LifecycleBlock
from syncd.mapping.language.blocks.month_end import Close, ReportBlock
from syncd.mapping.language.blocks.quality import Quality, Warnings
from syncd.mapping.language.file.column_words import ColumnWord
from syncd.mapping.language.file.shapes import (
    Expr,
    Identifier,
    Joins,
    Names,
    RuleFrame,
    Strict,
    is_block,
    many,
)
from syncd.mapping.verbs.registry import VERBS
from syncd.mapping.verbs.require import Says

ByHandWord = Literal["voucher", "asset", "date", "summary", "content"]


class Form(Strict):
    """What a column holds, where a word does not say it: one of the first five keys, and `zero` beside a date."""

    date: str | None = None
    """The `strptime` pattern of a date that is kept as text."""
    timestamp: str | None = None
    """The `strptime` pattern of a date with a time of day that is kept as text."""
    decimal: Annotated[int, Field(ge=0, le=18)] | None = None
    """A number that is read with so many digits after the point, rounded half up: of a FLOAT or DOUBLE above all."""
    array: Literal["text", "integer", "decimal", "boolean", "date"] | None = None
    """What the elements of an array are."""
    type: ColumnWord | None = None
    """One of the words, where `zero` is said beside it."""
    zero: None = None
    """Beside a date or timestamp: a day of zeros, `0000-00-00`, and an empty text are NULL."""

    @property
    def says(self) -> list[str]:
        """Which of its keys say what the column holds."""
        return [key for key in self.model_fields_set if key != "zero"]


ColumnType = Annotated[Annotated[ColumnWord, Tag("<word>")] | Annotated[Form, Tag("<block>")], Discriminator(is_block)]


class Reference(Strict):
    """A source table that rules only look up."""

    table: str
    """Its name in the source."""
    key: Names
    """The column or columns of its primary key."""
    columns: dict[str, ColumnType] = Field(min_length=1)
    """Column → what it holds. Only these are read."""
    masked: dict[str, list[str]] = Field({})
    """Column → the roles that see its values, none: nobody. Others are shown `•••`."""


class Tracked(Reference):
    """A source table whose changes the rules look at. `subject` is what keeps its order."""

    subject: Expr | None = None
    """Expression over the row and its joins: whose changes keep their order. By default the row itself."""
    join: Joins = Field({})
    """Rows of other tables that the subject and every rule on the table may read."""


class LinesBlock(Strict):
    """The lines of a document: rows of another table that hold the key of the header."""

    table: str
    """The table, under `tables`."""
    of: Names
    """The column or columns of it that hold the header's key."""
    join: Joins = Field({})
    """Rows of other tables that expressions read of each line: by keys over the columns of the line."""


class DocumentBlock(Strict):
    """A header row with its lines, which rules judge as one thing."""

    header: str
    """The table of the headers, under `tables`."""
    lines: dict[Identifier, LinesBlock] = Field(min_length=1)
    """What expressions call a line → where the lines are."""
    subject: Expr | None = None
    """Expression over the header and its joins: whose changes keep their order. By default the document itself."""
    join: Joins = Field({})
    """Rows of other tables that the subject and every rule on the document may read."""


class Decision(Strict):
    """A decision table in CSV: which column is looked up by which."""

    file: str
    """The file, relative to the mapping; its header names the columns."""
    keys: Names
    """The columns that are looked up, in the order of the arguments. `*` in one is any other."""
    gives: str
    """The column that is the answer."""


class Crosswalk(Strict):
    """Old codes to unified codes in CSV."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    file: str
    """The file, relative to the mapping; its header names the columns."""
    from_: str = Field(alias="from")
    """The column of the old codes."""
    to: str
    """The column of the unified codes."""
    many: bool = False
    """Whether several old codes may give one unified code."""


class Accounts(Strict):
    """The role table in CSV: which account plays which role under which accounting standard."""

    file: str
    """The file, relative to the mapping; its columns are `standard`, `role`, `code` and `name`."""
    standard: Identifier
    """The constant that names the standard."""


if TYPE_CHECKING:
    Rule = RuleFrame
else:
    Rule = create_model(
        "Rule", __base__=RuleFrame, __doc__="What a change means to finance.", **{v.word: v.shape for v in VERBS}
    )


class OfRule(Strict):
    """The expression that a rule writes to a card field."""

    rule: str
    """The rule."""
    field: str
    """The field of its `card` block."""


class SumOf(Strict):
    """A sum over the rows of another table whose `by` equals the asset row's `equals`."""

    sum: Expr
    """Expression over a row of the other table."""
    of: str
    """The other table."""
    by: str
    """Expression over its row: which asset it belongs to."""
    equals: str
    """Expression over the asset row that `by` must equal."""
    join: Joins = Field({})
    """Rows that the other table's expressions read."""
    where: Expr | None = None
    """Which of its rows count."""


class RowsOf(Strict):
    """Rows of another table whose `by` equals the asset row's `equals`."""

    of: str
    """The other table."""
    by: str
    """Expression over its row: which asset it belongs to."""
    equals: str
    """Expression over the asset row that `by` must equal."""
    join: Joins = Field({})
    """Rows that the other table's expressions read."""
    where: Expr | None = None
    """Which of its rows count."""

    @property
    def counted(self) -> SumOf:
        """How many there are."""
        return SumOf(sum="1.00", **dict(self))


def _is_term(value: object) -> str:
    if not isinstance(value, dict | BaseModel):
        return "<expression>"
    return "<rule>" if isinstance(value, OfRule) or (isinstance(value, dict) and "rule" in value) else "<sum>"


MeasureTerm = Annotated[
    Annotated[OfRule, Tag("<rule>")] | Annotated[SumOf, Tag("<sum>")] | Annotated[Expr, Tag("<expression>")],
    Discriminator(_is_term),
]
Measure = Annotated[
    tuple[MeasureTerm, ...],
    BeforeValidator(many, json_schema_input_type=MeasureTerm | list[MeasureTerm]),
    Field(min_length=1),
]
"""What the EAM says an amount is: the sum of the terms."""


class ByHandRows(Strict):
    """The table that receives a row for each voucher by hand of which somebody accepts that it is cancelled."""

    table: str
    """The table, by its alias."""
    columns: dict[str, ByHandWord] = Field(min_length=1)
    """Column → what it is filled with: `voucher`, what people call it; `asset`, `date`, `summary`; `content`, the whole
    of it for `reverse: {voucher: …}`."""


class FurtherAssets(Strict):
    """A further table with one row an asset, for the same comparison. What is not said here is as the block itself
    says it."""

    on: str
    """The table."""
    join: Joins | None = None
    """Rows of other tables that its expressions read."""
    where: Expr | None = None
    """Which of its rows count."""
    unless: tuple[RowsOf, ...] | None = None
    """Which of them do not, for a row of another table."""
    asset_code: Expr | None = None
    """Expression: the asset's code."""
    original_value: Measure | None = None
    """The original value."""
    accumulated_depreciation: Measure | None = None
    """The accumulated depreciation."""
    impairment: Measure | None = None
    """The impairment."""
    by: dict[Identifier, OfRule | Expr] = Field({})
    """Card field → the EAM's side of it, of the fields that the block's own `by` names."""


class Reconcile(Strict):
    """The EAM side of the reconciliation: one row an asset. `cards` says which finance cards it is held against,
    `accounts` which balances in the ledger must equal the cards' totals."""

    on: str
    """The table with one row an asset."""
    join: Joins = Field({})
    """Rows of other tables that the expressions below read, beside those that the table itself joins."""
    where: Expr | None = None
    """Which of its rows count."""
    unless: tuple[RowsOf, ...] = ()
    """Which of them do not, for a row of another table: an asset that is being rebuilt."""
    cards: Expr | None = None
    """Which finance cards they are held against: a condition over the card's fields."""
    also: tuple[FurtherAssets, ...] = ()
    """Further tables with assets: buildings beside machines, a table a year. All of them together are held against the
    cards."""
    asset_code: Expr
    """Expression: the asset's code."""
    original_value: Measure
    """The original value: an expression, a rule's expression, a sum over another table, or a list of these."""
    accumulated_depreciation: Measure | None = None
    """The accumulated depreciation, likewise; zero where it is not said."""
    impairment: Measure | None = None
    """The impairment, likewise; zero where it is not said."""
    by: dict[Identifier, OfRule | Expr] = Field({})
    """Card field → the EAM's side of it, as text: a rule's expression or one over the asset row. An asset must say the
    same there on both sides, and the totals are told by it: the department, the class, the company."""
    accounts: dict[Literal["original_value", "accumulated_depreciation", "impairment"], Names] = Field({})
    """Measure → accounts whose balances must equal the cards' totals."""
    by_hand: ByHandRows | None = None
    """Vouchers by hand on these accounts, for rules to cancel when somebody accepts it; without it they are told."""
    alert_above: Annotated[Decimal, Field(ge=0)] = Decimal("0.01")
    """The share of the EAM's amount above which a difference alerts; 0.01 is one percent."""


class Balances(Strict):
    """What accounts must hold, by document or by whatever else both sides know: the open amount of each invoice, the
    cost of each asset where finance has no cards."""

    says: Says | None = None
    """What people call it, by language; by default its name."""
    on: str
    """The table of the EAM with a row each, or several."""
    join: Joins = Field({})
    """Rows of other tables that the expressions below read, beside those that the table itself joins."""
    where: Expr | None = None
    """Which of its rows count."""
    key: Expr
    """Expression: what the document is called on both sides."""
    amount: Measure
    """What is open of it: an expression, a sum over another table, or a list of these, which are added up."""
    accounts: Names
    """The accounts that hold it: codes, or roles of the role table."""
    side: Literal["debit", "credit"]
    """Which balance of the accounts is positive."""
    entries: str
    """What of finance's entries tells the document: an auxiliary, a field of the voucher's header such as `document`,
    or `subject`: what the posting of the voucher was about."""
    by: dict[Identifier, Expr] = Field({})
    """Auxiliary of the entries → the EAM's side of it, as text: the department, the supplier. Both must say the
    same."""
    alert_above: Annotated[Decimal, Field(ge=0)] = Decimal("0.01")
    """The share of the EAM's amount above which a difference alerts; 0.01 is one percent."""


class MappingFile(Strict):
    """A mapping file."""

    mapping: Identifier
    """Its name; postings are stamped with it and with the content hash."""
    finance: str
    """The layout file, relative to this one."""
    parts: tuple[str, ...] = ()
    """Files that hold further blocks of this mapping, relative to this one."""
    timezone: str = "Asia/Shanghai"
    """Whose days are the days of the books."""
    language: Literal["zh", "en"] = "zh"
    """The language of the books: of what syncd itself writes into a summary."""
    constants: dict[Identifier, int | Decimal | bool | str] = Field({})
    """Names for numbers and texts that expressions read."""
    tables: dict[Identifier, Tracked] = Field(min_length=1)
    """Alias → table whose changes rules look at."""
    references: dict[Identifier, Reference] = Field({})
    """Alias → table that rules only look up."""
    documents: dict[Identifier, DocumentBlock] = Field({})
    """Alias → header with lines, which rules look at as one thing."""
    decisions: dict[Identifier, Decision] = Field({})
    """Name → decision table; expressions call it by its name."""
    crosswalks: dict[Identifier, Crosswalk] = Field({})
    """Name → table of old and unified codes; expressions call it by its name."""
    accounts: Accounts | None = None
    """The role table; expressions ask it for `account('fixed_assets')`."""
    rules: dict[Identifier, Rule] = Field(min_length=1)
    """Name → rule. All rules of a table that apply to a change post together or not at all."""
    reconcile: Reconcile | None = None
    """What the EAM says its assets amount to."""
    balances: dict[Identifier, Balances] = Field({})
    """Name → what accounts must hold by document, as the EAM says it."""
    quality: Quality | None = None
    """What `syncd quality` looks for beside what every mapping has."""
    warnings: Warnings | None = None
    """What `syncd warnings` takes to be worth a look."""
    depreciation: DepreciationBlock | None = None
    """How assets depreciate."""
    lifecycle: LifecycleBlock | None = None
    """The states of assets from use to disposal."""
    answers: AnswerBlocks = Field({})
    """Alias of a table → what the EAM is told of its rows."""
    close: Close | None = None
    """What closing a month looks at."""
    report: ReportBlock | None = None
    """What the reports of a month call things."""

    def judged(self, alias: str) -> Tracked | DocumentBlock | None:
        """The table or the document that a rule is on; None where there is none."""
        return self.tables.get(alias) or self.documents.get(alias)

    @classmethod
    def holds_names(cls, block: str) -> bool:
        """Whether a block is of names, so that several files may add to it."""
        return get_origin(cls.model_fields[block].annotation) is dict


HEAD: Final = frozenset({"mapping", "finance", "language", "parts", "timezone"})
"""What the main file alone says."""
