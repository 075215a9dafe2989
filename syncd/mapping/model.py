"""What a mapping file and a layout file may say: their shape, without the meaning of their expressions.

The models are the one description of the files: they check them, and the JSON Schema for editors comes from them.
"""

import types
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails

from syncd.errors import MappingError
from syncd.mapping.source import Document, Trail
from syncd.mapping.terms import nearest

Block = TypeVar("Block", bound=BaseModel)


class Strict(BaseModel):
    """A block whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else value


def _many(value: object) -> object:
    return value if isinstance(value, list) else [value]


Expr = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
"""An expression of the mapping language; a bare number, true or false is one too."""
Exprs = Annotated[
    tuple[Expr, ...], BeforeValidator(_many, json_schema_input_type=Expr | list[Expr]), Field(min_length=1)
]
Names = Annotated[tuple[str, ...], BeforeValidator(_many, json_schema_input_type=str | list[str]), Field(min_length=1)]
Identifier = Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]


class Form(Strict):
    """A date or timestamp that the source keeps as text: its `strptime` pattern."""

    date: str | None = None
    timestamp: str | None = None


def _is_block(value: object) -> str:
    return "<block>" if isinstance(value, dict | BaseModel) else "<word>"


ColumnWord = Literal["integer", "decimal", "money", "text", "date", "timestamp", "boolean", "epoch", "epoch_date"]
ColumnType = Annotated[Annotated[ColumnWord, Tag("<word>")] | Annotated[Form, Tag("<block>")], Discriminator(_is_block)]


class Join(Strict):
    """How a rule finds a row of another table: by key. `optional` reads NULLs while the row has not arrived."""

    table: str | None = None
    key: Exprs
    optional: bool = False


def _join(value: object) -> object:
    return value if isinstance(value, dict) else {"key": value}


Joins = dict[Identifier, Annotated[Join, BeforeValidator(_join, json_schema_input_type=Join | Expr | list[Expr])]]


class Reference(Strict):
    """A source table that rules only look up."""

    table: str
    key: Names
    columns: dict[str, ColumnType] = Field(min_length=1)


class Tracked(Reference):
    """A source table whose changes the rules look at. `subject` is what keeps its order."""

    subject: Expr | None = None
    join: Joins = {}


class Decision(Strict):
    """A decision table in CSV: which column is looked up by which."""

    file: str
    keys: Names
    gives: str


class Crosswalk(Strict):
    """Old codes to unified codes in CSV."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    file: str
    from_: str = Field(alias="from")
    to: str
    many: bool = False


class Says(Strict):
    """A sentence for the clerk, in both languages."""

    zh: str
    en: str


def _says(value: object) -> object:
    return {"zh": value, "en": value} if isinstance(value, str) else value


class Require(Strict):
    """What must be true before a change is posted, and what is said when it is not."""

    check: Expr
    says: Annotated[Says, BeforeValidator(_says, json_schema_input_type=Says | str)]


class Approve(Strict):
    """When a person has to agree, and in which role."""

    when: Expr = "true"
    role: str = "finance"


class EntryTemplate(BaseModel):
    """A line of a voucher template; further keys are the auxiliaries that the layout names."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Expr] = Field(init=False)

    account: Expr
    debit: Expr | None = None
    credit: Expr | None = None
    summary: Expr | None = None
    when: Expr | None = None

    @property
    def dims(self) -> Mapping[str, str]:
        """The auxiliaries."""
        return self.__pydantic_extra__


class VoucherTemplate(Strict):
    """A voucher template (凭证模板)."""

    type: Expr
    date: Expr
    summary: Expr
    entries: tuple[EntryTemplate, ...] = Field(min_length=1)


class Write(Strict):
    """A row for any other finance table; upserted by `key`, inserted where it has none."""

    table: str
    key: Annotated[tuple[str, ...], BeforeValidator(_many, json_schema_input_type=str | list[str])] = ()
    values: dict[str, Expr] = Field(min_length=1)


class Due(Strict):
    """The change that says a collected group is to be posted; `group` is a prefix of the group's values."""

    on: str
    when: Expr = "true"
    group: Exprs


class Collect(Strict):
    """Many rows, one voucher a group; posted by a change or by a cron expression."""

    group: Exprs
    post: Annotated[Annotated[str, Tag("<word>")] | Annotated[Due, Tag("<block>")], Discriminator(_is_block)]


class Rule(Strict):
    """What a change means to finance."""

    on: str
    when: Expr | None = None
    join: Joins = {}
    let: dict[Identifier, Expr] = {}
    once: Exprs | None = None
    snapshot: Literal["card", "post", "skip"] = "card"
    require: tuple[Require, ...] = ()
    approve: Approve | None = None
    card: dict[str, Expr] | None = None
    change: dict[str, Expr] | None = None
    voucher: VoucherTemplate | None = None
    write: tuple[Write, ...] = ()
    reverse: Names | None = None
    collect: Collect | None = None


class OfRule(Strict):
    """The expression that a rule writes to a card field."""

    rule: str
    field: str


class SumOf(Strict):
    """A sum over the rows of another table whose `by` equals the asset row's `equals`."""

    sum: Expr
    of: str
    by: str
    equals: str
    join: Joins = {}
    where: Expr | None = None


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
    BeforeValidator(_many, json_schema_input_type=MeasureTerm | list[MeasureTerm]),
    Field(min_length=1),
]
"""What the EAM says an amount is: the sum of the terms."""


class Reconcile(Strict):
    """The EAM side of the reconciliation: one row an asset. `cards` says which finance cards it is held against,
    `accounts` which balances in the ledger must equal the cards' totals."""

    on: str
    where: Expr | None = None
    cards: Expr | None = None
    asset_code: Expr
    original_value: Measure
    accumulated_depreciation: Measure
    impairment: Measure | None = None
    accounts: dict[Literal["original_value", "accumulated_depreciation", "impairment"], Names] = {}
    alert_above: Decimal = Decimal("0.01")


class MappingFile(Strict):
    """A mapping file."""

    mapping: Identifier
    finance: str
    timezone: str = "Asia/Shanghai"
    constants: dict[Identifier, int | Decimal | bool | str] = {}
    tables: dict[Identifier, Tracked] = Field(min_length=1)
    references: dict[Identifier, Reference] = {}
    decisions: dict[Identifier, Decision] = {}
    crosswalks: dict[Identifier, Crosswalk] = {}
    rules: dict[Identifier, Rule] = Field(min_length=1)
    reconcile: Reconcile | None = None


class Lookup(Strict):
    """A finance table that translates a code into what the finance system uses for it."""

    table: str
    code: str
    gives: str
    where: str | None = None


class Periods(Strict):
    """Where finance keeps its periods; SQL over that table."""

    table: str
    code: str
    first: str
    last: str
    open: str


class Numbering(Strict):
    """Where finance keeps the numbers of its vouchers; SQL over that table."""

    table: str
    number: str
    period: str
    type: str


class CardTable(Strict):
    """A table that holds the card or a part of it."""

    table: str
    key: Names
    columns: dict[str, Expr] = Field(min_length=1)
    read: dict[str, str] = {}


class PlainTable(Strict):
    """A table that holds vouchers or entries."""

    table: str
    key: Annotated[tuple[str, ...], BeforeValidator(_many, json_schema_input_type=str | list[str])] = ()
    columns: dict[str, Expr] = Field(min_length=1)


class LayoutFile(Strict):
    """A finance layout file."""

    finance: Identifier
    lookups: dict[Identifier, Lookup] = {}
    accounts: str
    periods: Periods
    numbering: Numbering
    dims: tuple[Identifier, ...] = ()
    ref: Expr = "voucher.period || ' ' || voucher.type || '-' || voucher.number"
    kinds: dict[str, ColumnWord] = {}
    card: tuple[CardTable, ...] = Field(min_length=1)
    voucher: tuple[PlainTable, ...] = ()
    entry: tuple[PlainTable, ...] = Field(min_length=1)


def parse(block: type[Block], document: Document, errors: list[MappingError]) -> Block | None:
    """The document as a model; None when it has another shape, with every fault of it appended to `errors`."""
    try:
        return block.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        trails = [_trail(document.data, detail["loc"]) for detail in details]
        for i, (trail, detail) in enumerate(zip(trails, details, strict=True)):
            is_consequence = detail["type"] == "too_short" and any(t[: len(trail)] == trail != t for t in trails)
            if trail not in trails[:i] and not is_consequence:
                errors.append(_fault(block, document, trail, detail))
        return None


def schema(of: Literal["mapping", "layout"] = "mapping") -> dict[str, Any]:
    """The JSON Schema of a mapping file or of a layout file, for editors."""
    block: type[BaseModel] = MappingFile if of == "mapping" else LayoutFile
    made = block.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": f"syncd {of}"}


def _trail(data: object, loc: tuple[int | str, ...]) -> Trail:
    """Where in the file a fault is: pydantic also names the members of unions, which stand in no file."""
    trail: list[str | int] = []
    for step in loc:
        found = isinstance(data, dict) and step in data
        if found or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            data = cast(Any, data)[step]
            trail.append(step)
    return tuple(trail)


def _fault(block: type[BaseModel], document: Document, trail: Trail, detail: ErrorDetails) -> MappingError:
    where, place = document.where(trail), ".".join(map(str, trail)) or "."
    if detail["type"] == "extra_forbidden":
        known = _known_keys(block, trail[:-1])
        return MappingError("unknown_key", where, key=trail[-1], place=place, nearest=nearest(str(trail[-1]), known))
    if detail["type"] == "missing":
        return MappingError("missing_key", where, key=detail["loc"][-1], place=place)
    return MappingError("wrong_shape", where, place=place, problem=detail["msg"], value=str(detail["input"])[:80])


def _known_keys(block: type[BaseModel], trail: Trail) -> list[str]:
    """The keys that the block at `trail` may have."""
    candidates: list[Any] = [block]
    for step in trail:
        candidates = [inner for outer in candidates for inner in _inside(outer, step)]
    return [f.alias or name for c in candidates if _is_model(c) for name, f in c.model_fields.items()]


def _inside(outer: Any, step: str | int) -> list[Any]:
    if _is_model(outer):
        found = [f.annotation for name, f in outer.model_fields.items() if step in (name, f.alias)]
        return [leaf for annotation in found for leaf in _leaves(annotation)]
    if get_origin(outer) in (dict, tuple):
        return _leaves(get_args(outer)[1 if get_origin(outer) is dict else 0])
    return [outer]  # a value that stands for a list of one


def _leaves(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [leaf for member in get_args(annotation) for leaf in _leaves(member)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
