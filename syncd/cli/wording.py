"""What the books call things, for pages that people read who know no name of the mapping: accounts, fields of the card,
states."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syncd.books.reports.package import account_names
from syncd.language import Language, say
from syncd.mapping.language.load import Mapping as Loaded
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
    """By account its name; by field of the card its message; by state of the life cycle its names in Chinese and
    English, which the card's field of the use may hold too."""

    accounts: Mapping[str, str] = {}
    fields: Mapping[str, str] = {}
    states: Mapping[str, tuple[str, str]] = {}
    use: str = ""

    def account(self, code: str) -> str:
        """An account with its name, where it has one."""
        return f"{code} {self.accounts.get(code, '')}".strip()

    def field(self, name: str, languages: Sequence[Language]) -> str:
        """A field of the card; one of the layout's own by its name there."""
        code = self.fields.get(name)
        return name if code is None else " · ".join(dict.fromkeys(say(code, {}, one) for one in languages))

    def value(self, name: str, value: object) -> object:
        """What a field holds: a state by its names."""
        known = self.states.get(value) if name == self.use and isinstance(value, str) else None
        return value if known is None else " · ".join(dict.fromkeys(known))


def of(mapping: Loaded, ledger: Ledger) -> Words:
    """As the mapping and finance's own chart have them."""
    held = mapping.month_end.fields
    fields = {name: CODES[column] for column, name in held.items() if column in CODES}
    states = {} if mapping.lifecycle is None else mapping.lifecycle.states
    return Words(account_names(ledger, mapping), {**ALWAYS, **fields}, states, held.get("use", ""))
