"""The shape of the `year_end` block of `report`: which assets are idle, leased out or pledged, how the tax return and
the R&D account are made up, and what the review of lives looks at."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from syncd.mapping.language.file.shapes import Expr, Identifier, MaybeNames, Names, Strict, is_block
from syncd.mapping.verbs.require import Says


class AssetRows(Strict):
    """Assets by the rows of a table of the EAM."""

    table: str
    """The table, by its alias."""
    asset: Expr
    """Expression over its row and what it joins: the asset's code."""
    where: Expr = "true"
    """Which rows count. `first` and `last` are the days that the list is of: `began_on <= last`."""
    columns: dict[str, Says] = Field({})
    """Column → what it is called: columns of the list beside the usual ones."""


AssetList = Annotated[Annotated[AssetRows, Tag("<block>")] | Annotated[Expr, Tag("<word>")], Discriminator(is_block)]


class TaxReturn(Strict):
    """A105080, asset depreciation and its tax adjustment in the return of corporate income tax."""

    book: str
    """The second book of `depreciation` that has what tax law lets deduct."""
    line: Expr
    """Expression over `card.*`: the line of the form, 2 to 7."""
    policy: Expr | None = None
    """Expression over `card.*`: the policy under which an asset is depreciated faster or deducted at once, as the form
    calls it; NULL for none."""
    general: str | None = None
    """The second book by the general rules of tax law, beside which `policy` is faster."""


class CostKind(Strict):
    """A kind of R&D cost, a column of the auxiliary account."""

    says: Says
    """What the column is called."""
    rules: Names
    """The rules whose entries it counts, those too that take them back."""


class Research(Strict):
    """The R&D auxiliary account, by project and month."""

    project: str = "project"
    """The auxiliary of entries that names the project."""
    expensed: MaybeNames = ()
    """Accounts of what is expensed: codes, or roles of the role table. Role `research_expensed`."""
    capitalised: MaybeNames = ()
    """Accounts of what is capitalised, likewise. Role `research_capitalised`."""
    kinds: dict[Identifier, CostKind] = Field({})
    """Name → kind of cost."""
    carried: MaybeNames = ()
    """The rules that carry what was spent to expense."""


class Review(Strict):
    """What the yearly review of lives, residuals and methods looks at."""

    months: Annotated[int, Field(ge=1)] = 12
    """An asset whose life ends within so many months is looked at."""


class YearEndBlock(Strict):
    """Sheets that come with the last month of a year."""

    idle: AssetList | None = None
    """Which assets are idle: a condition over `card.*`, or rows of the EAM."""
    leased_out: AssetList | None = None
    """Which are leased out, likewise."""
    pledged: AssetList | None = None
    """Which are pledged or otherwise restricted, likewise."""
    tax: TaxReturn | None = None
    """How A105080 is made up; without it there is none."""
    research: Research | None = None
    """How the R&D auxiliary account is made up; without it there is none."""
    review: Review = Review()
    """What the review of lives looks at."""
