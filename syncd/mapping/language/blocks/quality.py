"""The `quality` and `warnings` blocks: where companies differ in what is wrong with a row, and in what is worth a look.

What every mapping has is not said again: an asset's code, value, class and life are what the rules that open cards
make of a row, and what a row must be is what they require.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field

from syncd.mapping.language.file.shapes import Expr, Identifier, Joins, MaybeNames, Names, Strict
from syncd.mapping.verbs.require import Says


class QualityRule(Strict):
    """Rows of a table that are wrong, by a condition of the company's own."""

    on: str
    """The table."""
    join: Joins = Field({})
    """Rows of other tables that the condition reads."""
    where: Expr
    """Which rows are wrong: a condition over the bare columns and the joins."""
    says: Says
    """What is wrong with them: one sentence in both languages, or one for both."""
    weight: Annotated[int, Field(ge=0, le=10)] = 1
    """How much it weighs: the heaviest stand first, and what weighs 0 is told and is not wrong."""


class Quality(Strict):
    """What `syncd quality` looks for beside what every mapping has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Expr | None = None
    """Expression over a row of the rule that opens cards: the asset's name, where no card field `name` says it."""
    class_: Expr | None = Field(None, alias="class")
    """The same: its class, where no card field `class` says it."""
    department: Expr | None = None
    """The same: its department, where no card field `dept` says it."""
    life: Expr | None = None
    """The same: its useful life in months, where no card field `life_months` says it."""
    residual: Expr | None = None
    """The same: its residual rate, where no card field `residual_rate` says it."""
    acquired: Expr | None = None
    """The same: the day when it was bought, where no card field `acquired_month` says it."""
    unified_code: Expr | None = None
    """The same: what its unified code begins with, for the crosswalk. Without it that is learnt from the codes of its
    department that are right."""
    outlier: Decimal = Decimal("3.5")
    """How far from its class's median an amount is an outlier, in robust standard deviations of its logarithm."""
    rules: dict[Identifier, QualityRule] = Field({})
    """Name → what is wrong here beside that."""


class Warnings(Strict):
    """What `syncd warnings` takes to be worth a look."""

    threshold: MaybeNames = ()
    """The amounts above which somebody must approve, as numbers or constants' names. By default the constants that the
    rules' `approve` names."""
    near: Decimal = Decimal("0.05")
    """How far below a threshold is just below it: a share of it."""
    days: Annotated[int, Field(ge=1, le=366)] = 30
    """Within how many days a transfer there and back is one."""
    together: Annotated[int, Field(ge=1, le=366)] = 7
    """Within how many days purchases from one supplier are one."""
    hours: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")] = "07:00-21:00"
    """The working hours, on the mapping's clock."""
    weekdays: Annotated[str, Field(pattern=r"^[1-7]-[1-7]$")] = "1-6"
    """The working days; Monday is 1."""
    supplier: str | None = None
    """The column of the rows that open cards which tells the supplier; by default the entries' auxiliary `supplier`."""
    accounts: Names | None = None
    """The accounts that only syncd posts to; by default those of `reconcile`."""
    sure: Decimal = Decimal("0.3")
    """How sure a warning must be to be told, from 0 to 1."""
    outlier: Decimal = Decimal("3.5")
    """How far from its class's history an amount is far, in robust standard deviations of its logarithm."""
