"""What a golden case's file may say: see `cases`."""

from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field


class RowChange(BaseModel):
    """A row of a table that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    insert: str | None = None
    update: str | None = None
    delete: str | None = None
    row: dict[str, Any] = {}

    def what(self) -> tuple[str, str]:
        """The verb and the table."""
        said = [("insert", self.insert), ("update", self.update), ("delete", self.delete)]
        return next(((verb, table) for verb, table in said if table is not None), ("", ""))


_BESIDE: Final = ("row", "at", "transaction")


class Step(BaseModel):
    """One thing that happens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    insert: str | None = None
    update: str | None = None
    delete: str | None = None
    read: str | None = None
    truncate: str | None = None
    approve: str | None = None
    reject: str | None = None
    retry: str | None = None
    collect: str | None = None
    day: str | None = None
    row: dict[str, Any] = {}
    transaction: tuple[RowChange, ...] = ()
    at: str | None = None

    def what(self) -> tuple[str, str]:
        """The verb and what it is about."""
        said = [(verb, getattr(self, verb)) for verb in type(self).model_fields if verb not in _BESIDE]
        verb, target = next(((v, t) for v, t in said if t is not None), ("", ""))
        return verb, target


class PeriodRow(BaseModel):
    """An accounting period: both dates inclusive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    first: str
    last: str


class CaseFile(BaseModel):
    """A golden case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str
    constants: dict[str, int | Decimal | bool | str] = {}
    """Constants of the mapping that are otherwise here."""
    given: dict[str, list[dict[str, Any]]] = {}
    cards: dict[str, dict[str, Any]] = {}
    lookups: dict[str, dict[str, Any]] = {}
    periods: tuple[PeriodRow, ...] = ()
    closed: tuple[str, ...] = ()
    changes: tuple[Step, ...] = Field(min_length=1)
    physical: bool = False
    answers: bool = False
    expect: dict[str, Any] = {}
