"""What the books call things, for pages that people read who know no name of the mapping: accounts, fields of the card,
states."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books.lifecycle import deadlines, states
from syncd.books.lifecycle.states import Living
from syncd.books.reports.month import word
from syncd.books.reports.package import account_names
from syncd.change import Kind
from syncd.language import Language, say
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.verbs.require import SaysShape
from syncd.ports import Ledger

CODES: Final[Mapping[str, str]] = {
    "name": "report_name",
    "model": "report_model",
    "department": "report_department",
    "workshop": "report_workshop",
    "class": "report_class",
    "use": "report_use",
    "method": "field_method",
    "life_months": "field_life_months",
    "residual_rate": "field_residual_rate",
    "acquired_month": "field_acquired_month",
}
"""Columns of the reports, which a mapping finds on the card, and their messages."""
ALWAYS: Final[Mapping[str, str]] = {
    "asset_code": "reconcile_asset",
    "original_value": "original_value",
    "accumulated_depreciation": "accumulated_depreciation",
    "impairment": "impairment",
}
"""Fields of the card that are called so in every layout."""


class Words(NamedTuple):
    """By account its name; by field of the card its message, or what the mapping calls it; by state of the life cycle
    its names in Chinese and English, which the card's field of the use may hold too. `columns` has the report's column
    of a field, where it is one, by which `words` has what people call values; `kinds` has that of kinds of change.
    `living` is the life cycle, where there is one; `amounts` are fields of the card that hold decimals."""

    accounts: Mapping[str, str] = {}
    fields: Mapping[str, str] = {}
    states: Mapping[str, tuple[str, str]] = {}
    called: Mapping[str, SaysShape] = {}
    columns: Mapping[str, str] = {}
    words: Mapping[str, Mapping[str, SaysShape]] = {}
    kinds: Mapping[str, SaysShape] = {}
    living: Living | None = None
    amounts: frozenset[str] = frozenset()

    def account(self, code: str) -> str:
        """An account with its name, where it has one."""
        return f"{code} {self.accounts.get(code, '')}".strip()

    def field(self, name: str, languages: Sequence[Language]) -> str:
        """A field of the card; one that nobody has named by its name there."""
        if name in self.called:
            return _pair(self.called[name].model_dump(), languages)
        code = self.fields.get(name)
        return name if code is None else " · ".join(dict.fromkeys(say(code, {}, one) for one in languages))

    def value(self, name: str, value: object, languages: Sequence[Language]) -> object:
        """What a field holds: a word of the mapping's, a method or a state by its names; an amount as one, which is
        said with thousands."""
        if name in self.amounts and isinstance(value, str):
            with suppress(ArithmeticError):  # what is masked is none
                return Decimal(value)
        column = self.columns.get(name, name)
        if (said := word(self.words, column, value)) is not None:
            return " · ".join(dict.fromkeys(say(said.code, said.params, one) for one in languages))
        known = self.states.get(value) if column == "use" and isinstance(value, str) else None
        return value if known is None else _pair(dict(zip(("zh", "en"), known, strict=True)), languages)

    def heading_value(self, name: str, value: object, languages: Sequence[Language]) -> object:
        """What a field of a voucher's header holds: the kind of change by its name."""
        kind = self.kinds.get(str(value)) if name == "movement" else None
        return value if kind is None else _pair(kind.model_dump(), languages)

    def stepped(self, rule: str, key: str, languages: Sequence[Language]) -> str:
        """From which state to which a posting has brought an asset; empty of one that did not."""
        if self.living is None:
            return ""
        return " · ".join(dict.fromkeys(deadlines.stepped(self.living, rule, key, one) for one in languages))


def _pair(says: Mapping[str, str], languages: Sequence[Language]) -> str:
    return " · ".join(dict.fromkeys(says[language] for language in languages))


def of(mapping: Loaded, ledger: Ledger) -> Words:
    """As the mapping and finance's own chart have them."""
    return of_mapping(mapping, account_names(ledger, mapping))


def of_mapping(mapping: Loaded, accounts: Mapping[str, str]) -> Words:
    """As the mapping has them, beside accounts' names."""
    end = mapping.month_end
    fields = {name: CODES[column] for column, name in end.fields.items() if column in CODES}
    named = {} if mapping.lifecycle is None else mapping.lifecycle.states
    columns = {name: column for column, name in end.fields.items()}
    kinds = {name: kind.says for name, kind in end.movements.items()}
    amounts = frozenset(name for name, kind in mapping.layout.card_kinds.items() if kind is Kind.DECIMAL)
    living = states.living("", mapping)
    return Words(accounts, {**ALWAYS, **fields}, named, end.called, columns, end.words, kinds, living, amounts)
