"""What a layout file may say: its shape, without the meaning of its expressions. See `model`."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from syncd.mapping.language.file.column_words import ColumnWord
from syncd.mapping.language.file.shapes import Expr, Identifier, MaybeNames, Names, Strict, is_block

_SELECT: Final = re.compile(r"\s*(\(|--|/\*|(SELECT|WITH|VALUES|TABLE)\b)", re.IGNORECASE)


class Lookup(Strict):
    """A finance table that translates a code into what the finance system uses for it."""

    table: str
    """The finance table."""
    code: str
    """SQL over its columns: the code that vouchers and cards know."""
    gives: str
    """SQL over its columns: what finance uses for it."""
    name: str | None = None
    """SQL over its columns: what finance calls it, for `syncd check` to compare."""
    where: str | None = None
    """SQL condition: which of its rows count."""


class Periods(Strict):
    """Where finance keeps its periods; SQL over that table."""

    table: str
    """The finance table with a row a period."""
    code: str
    """SQL over its columns: the period's code, as `2026-02`."""
    first: str
    """SQL over its columns: its first day."""
    last: str
    """SQL over its columns: its last day."""
    open: str
    """SQL condition over its columns: whether vouchers may be entered into it."""
    close: str | None = None
    """SQL assignments over its columns by which `syncd close` closes a period here too, `status = 'closed'`."""
    reopen: str | None = None
    """SQL assignments by which `syncd reopen` opens it here, `status = 'open'`."""


def _select(value: str) -> str:
    if _SELECT.match(value) is None:
        raise PydanticCustomError("select", "a SELECT is wanted")
    return value


Select = Annotated[str, AfterValidator(_select)]
"""A whole statement of finance's database that reads."""


class PeriodsQuery(Strict):
    """Periods that no one table holds."""

    query: Select
    """A SELECT of finance's database: each period's code, as `2026-02`, its first and last day, whether it is open."""


class ClosedUntil(Strict):
    """Finance has no periods, but one day up to which its books are closed. Every month is a period."""

    closed_until: Select
    """A SELECT of finance's database that gives this day; NULL or no row where nothing is closed."""


def _is_periods(value: object) -> str:
    if not isinstance(value, dict | BaseModel):
        return "<word>"
    said = value.keys() if isinstance(value, dict) else type(value).model_fields.keys()
    return "<query>" if "query" in said else "<day>" if "closed_until" in said else "<table>"


PeriodsBlock = Annotated[
    Annotated[Literal["open"], Tag("<word>")]
    | Annotated[Periods, Tag("<table>")]
    | Annotated[PeriodsQuery, Tag("<query>")]
    | Annotated[ClosedUntil, Tag("<day>")],
    Discriminator(_is_periods),
]


class Numbering(Strict):
    """Where finance keeps the numbers of its vouchers; SQL over that table. Vouchers run on together, without gap, that
    agree in `period`, `year` and `type` as far as these are said: with none of them all do."""

    table: str
    """The table that holds the vouchers' numbers; a table a year by an expression in braces."""
    number: str
    """SQL over its columns: the number, as it is written."""
    period: str | None = None
    """SQL over its columns: the period's code."""
    year: str | None = None
    """SQL over its columns: the year, where numbers run on through one: the first four letters of the period's code."""
    type: str | None = None
    """SQL over its columns: the voucher's type."""
    where: str | None = None
    """SQL condition over its columns: which of its vouchers are numbered with these, where several companies share the
    table."""
    pattern: str | None = None
    """How a number is written, in `voucher.label`: `{number:03}/{year}`. Beside the number it may hold `{year}`,
    `{yy}`, `{month}`, `{period}` and `{type}`; `:03` fills up with zeros."""
    date: str | None = None
    """SQL over its columns: the voucher's day, where days are to ascend with numbers in a period and type."""


NumberingBlock = Annotated[
    Annotated[Literal["none"], Tag("<word>")] | Annotated[Numbering, Tag("<block>")], Discriminator(is_block)
]


class Generated(Strict):
    """A column that finance fills with the next id of a sequence: `serial`, `identity`, AUTO_INCREMENT."""

    column: str
    """The column. It stands under no other key of the table."""
    sequence: str | None = None
    """The sequence that its ids are drawn from, where the column does not say it itself: where a trigger fills it."""


GeneratedColumn = Annotated[
    Generated,
    BeforeValidator(
        lambda value: {"column": value} if isinstance(value, str) else value, json_schema_input_type=str | Generated
    ),
]


class CardTable(Strict):
    """A table that holds the card or a part of it."""

    table: str
    """The finance table."""
    key: Names
    """The columns by which a card is found; the first table's are found by the asset code."""
    columns: dict[str, Expr] = Field(min_length=1)
    """Column → expression over `card.*`."""
    generated: GeneratedColumn | None = None
    """Of the first table: the column that finance fills with an id of its own; the tables behind it read it as
    `card.id`."""
    where: str | None = None
    """SQL condition over its columns: which of its rows are cards, where it holds other things, too. What `columns`
    write must fulfil it."""
    when: Expr | None = None
    """Where cards of several kinds lie in tables of their own: a condition over `card.*`, which cards this table holds.
    The first that it is true for holds the card whole, and the last, which has none, all others."""
    read: dict[str, str] = Field({})
    """Card field → SQL over the columns of `c0`, `c1`, …, the card tables in order, where no column holds the field as
    it is."""


class PlainTable(Strict):
    """A table that holds vouchers or entries."""

    table: str
    """The finance table; a table a year by an expression in braces."""
    key: MaybeNames = ()
    """The columns that tell its rows apart; rows are only ever added."""
    columns: dict[str, Expr] = Field(min_length=1)
    """Column → expression over `voucher.*`, `posting.*` and, for entries, `entry.*`."""


class EntryTable(PlainTable):
    """A table that holds entries."""

    where: str | None = None
    """SQL condition over its columns: which of its rows are this company's, where several share the table."""


class VoucherTable(PlainTable):
    """A table that holds vouchers."""

    generated: GeneratedColumn | None = None
    """The column that finance fills with an id of its own; the tables behind it read it as `voucher.id`."""


class Places(Strict):
    """A card field that finance keeps as a number with so many digits after the point."""

    decimal: Annotated[int, Field(ge=0, le=18)]
    """How many digits."""


CardKind = Annotated[Annotated[ColumnWord, Tag("<word>")] | Annotated[Places, Tag("<block>")], Discriminator(is_block)]


class LayoutFile(Strict):
    """A finance layout file."""

    finance: Identifier
    """Its name."""
    book: Identifier | None = None
    """Whose books these are, where one finance database holds those of several companies: numbers and closed periods
    are then its own."""
    lookups: dict[Identifier, Lookup] = Field({})
    """Name → table that translates a code; expressions of the layout call it by its name."""
    accounts: str
    """The lookup that knows every account that can be posted to."""
    periods: PeriodsBlock
    """Where finance keeps its periods; `open` where it has none and closes nothing: then every month is one."""
    numbering: NumberingBlock
    """Where finance keeps the numbers of its vouchers; `none` where they have no number."""
    dims: tuple[Identifier, ...] = ()
    """The auxiliaries (辅助核算) that an entry may carry."""
    quantities: MaybeNames = ()
    """Those of `dims` that are numbers of something: they add up when entries do, and a red letter takes them back."""
    voucher_fields: tuple[Identifier, ...] = ()
    """What rules may say of a voucher beside `attachments`, `prepared_by`, `reviewed_by`, `posted_by`, `document` and
    `contract`: columns read each as `voucher.NAME`."""
    ref: Expr | None = None
    """What people call a voucher: an expression over `voucher.period`, `year`, `month`, `type`, `number`, `label` and
    `key`. By default its series and its number, `2026-02 记-12`; its key where it has no number."""
    kinds: dict[str, CardKind] = Field({})
    """Card field → what it holds, where no rule tells or finance keeps fewer digits."""
    finance_edits: MaybeNames = ()
    """Card fields, and columns of tables that rules write as `TABLE.COLUMN`, that finance's own people change, too:
    `syncd audit verify` lists what was changed there, and finds no fault in it."""
    card: tuple[CardTable, ...] = ()
    """The tables that hold the card; several share it. None where finance has no cards."""
    voucher: tuple[VoucherTable, ...] = ()
    """The tables that hold a row a voucher; none where entries repeat the header."""
    entry: tuple[EntryTable, ...] = Field(min_length=1)
    """The tables that hold a row an entry."""
