"""The shapes that blocks of a mapping file are made of."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Strict(BaseModel):
    """A block whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else value


def many(value: object) -> object:
    """A list; a value that stands for a list of one becomes one."""
    return value if isinstance(value, list) else [value]


Expr = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
"""An expression of the mapping language; a bare number, true or false is one too."""
Exprs = Annotated[
    tuple[Expr, ...], BeforeValidator(many, json_schema_input_type=Expr | list[Expr]), Field(min_length=1)
]
Names = Annotated[tuple[str, ...], BeforeValidator(many, json_schema_input_type=str | list[str]), Field(min_length=1)]
MaybeNames = Annotated[tuple[str, ...], BeforeValidator(many, json_schema_input_type=str | list[str])]
Identifier = Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]


def is_block(value: object) -> str:
    """Tells a block from a word, where either may stand."""
    return "<block>" if isinstance(value, dict | BaseModel) else "<word>"


class Join(Strict):
    """How a rule finds a row of another table: by key. `optional` reads NULLs while the row has not arrived."""

    table: str | None = None
    """The table or reference, where the alias is not its name."""
    key: Exprs
    """What its key is: an expression, or one for each of its columns."""
    optional: bool = False
    """Whether NULLs are read while the row has not arrived, instead of waiting for it."""


def _join(value: object) -> object:
    return value if isinstance(value, dict) else {"key": value}


Joins = dict[Identifier, Annotated[Join, BeforeValidator(_join, json_schema_input_type=Join | Expr | list[Expr])]]


class RuleFrame(Strict):
    """Which changes a rule is about, and what it reads; what it does is said by its verbs."""

    on: str
    """The table whose changes the rule looks at."""
    when: Expr | None = None
    """Whether it applies. `op` is insert, update, delete or read; `card.exists` says whether there is a card."""
    join: Joins = {}
    """Rows of other tables that its expressions read, by an alias each."""
    cards: dict[Identifier, Expr] = {}
    """Cards of other assets that its expressions read, by an alias each: their asset code. `alias.exists` says whether
    there is one."""
    let: dict[Identifier, Expr] = {}
    """Names for what several expressions share; one may use an earlier one."""
    snapshot: Literal["card", "post", "skip"] = "card"
    """What a row that a snapshot reads makes: `card` the card and no more, `post` everything, `skip` nothing."""

    def said(self, word: str) -> Any:
        """What stands under a verb."""
        return getattr(self, word, None)

    def fields(self, word: str) -> Mapping[str, str]:
        """The fields under a verb that writes fields; none where it is absent."""
        return self.said(word) or {}
