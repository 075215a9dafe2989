"""The `depreciation` block of a mapping file: its shape. The string below a key says what it means."""

from typing import Literal

from pydantic import ConfigDict, Field

from syncd.mapping.language.file.shapes import Expr, Identifier, Strict


class CardTerms(Strict):
    """Which card fields depreciation follows from: expressions over `card.*`."""

    original_value: Expr = "card.original_value"
    """The original value."""
    accumulated: Expr = "card.accumulated_depreciation"
    """The accumulated depreciation; of a card that was taken over, the opening amount."""
    impairment: Expr = "0"
    """The impairment."""
    life_months: Expr = "card.life_months"
    """The life in months."""
    residual_rate: Expr = "card.residual_rate"
    """The residual rate as a share: 0.05."""
    method: Expr = "'straight_line'"
    """`straight_line`, `double_declining`, `sum_of_years` or `units`."""
    units: Expr = "0"
    """All the work that the asset can do, for `units`."""
    department: Expr = "''"
    """The department that bears the expense."""
    workshop: Expr = "''"
    """Its workshop, for the preview."""
    asset_class: Expr = "''"
    """The class, for the preview."""


class ComputedRows(Strict):
    """The table whose rows are the months' depreciation. Where the EAM computes, `asset`, `period` and `amount` say
    what its row means; where syncd computes, `columns` says how it fills a row."""

    table: str
    """The table, by its alias."""
    asset: Expr | None = None
    """Expression over the table's row and its joins: the asset's code."""
    period: Expr | None = None
    """The period, as `2026-02`."""
    amount: Expr | None = None
    """The amount."""
    columns: dict[str, Expr] = Field({})
    """Column → expression over `asset`, `period`, `line`, `kind`, `department`, `amount`, `months`, `date` and
    `card.*`."""


class ComputedRun(Strict):
    """The table with a row a run, by which collected rows are released."""

    table: str
    """The table, by its alias."""
    columns: dict[str, Expr] = Field(min_length=1)
    """Column → expression over `period`, `run` and `date`."""


class Shares(Strict):
    """The table that shares an asset's depreciation between departments, by percent."""

    table: str
    """The table, by its alias."""
    asset: Expr
    """Expression over its row: the asset's code."""
    department: Expr
    """The department."""
    percent: Expr
    """Its share in percent; those of an asset add up to 100."""


class Meter(Strict):
    """The table with the work that assets did, for units of production."""

    table: str
    """The table, by its alias."""
    asset: Expr
    """Expression over its row: the asset's code."""
    period: Expr
    """The month, as `2026-02`."""
    units: Expr
    """The work done in it."""


class SecondBook(Strict):
    """What differs in another book, which makes no vouchers: expressions over `card.*`."""

    life_months: Expr | None = None
    """The life in months."""
    residual_rate: Expr | None = None
    """The residual rate."""
    method: Expr | None = None
    """The method."""
    impairment: Expr = "0"
    """The impairment; tax law knows none."""
    straight_line: Literal["fixed", "remaining"] | None = None
    """The form of the straight line."""


class DepreciationBlock(Strict):
    """How assets depreciate: whoever computes it, previews, runs, checks and reports ask this."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    by: Literal["syncd", "eam"]
    """Who computes: `syncd` makes the rows and the rules post them; with `eam` the block serves previews and checks."""
    straight_line: Literal["fixed", "remaining"] = "remaining"
    """平均年限法(一) `fixed`: (C − S) ÷ N; 平均年限法(二) `remaining`: what is left over the months that are left."""
    card: CardTerms = CardTerms()
    """The card fields."""
    from_: Expr | None = Field(None, alias="from")
    """The day on which the asset was ready for use; by default that of the posting which opened its card."""
    when: Expr = "true"
    """Where an asset depreciates: a condition over the card. Not land, nor what is held for sale or disposed of."""
    opening: Expr = "false"
    """Whether the card was taken over with an opening amount."""
    continues: Expr = "false"
    """Whether the card was opened with what other cards had, split or merged within: up to the end of its month that is
    depreciated, and what is left of its carrying amount spreads over what is left of its life."""
    opening_until: Expr | None = None
    """The last day that the opening amount covers; by default the end of the month before the card was read."""
    rows: ComputedRows
    """The table of the months' rows."""
    run: ComputedRun | None = None
    """The table of the runs."""
    shares: Shares | None = None
    """Shares between departments."""
    meter: Meter | None = None
    """Meter rows."""
    books: dict[Identifier, SecondBook] = Field({})
    """Name → a second book."""
