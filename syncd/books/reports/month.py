"""What the sheets of a month are made of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from syncd.books.balances import Balance
from syncd.books.close.item import Said
from syncd.books.figures import Figures
from syncd.books.writes import Recorded
from syncd.mapping.language.month_end import MovementKind
from syncd.ports import Period


class Month(NamedTuple):
    """A month of a company. `balances` are those of the accounts of cards by account, None where the layout does not
    tell how entries are read back; `ties` are the lines that hold them against the figures."""

    period: Period
    figures: Figures
    vouchers: Mapping[str, Recorded]
    """Ours, by what finance calls them."""
    balances: Mapping[str, Balance] | None
    differences: Sequence[Sequence[object]]
    accounts: Mapping[str, Sequence[str]]
    """Account codes by what they are for."""
    account_names: Mapping[str, str]
    auxiliaries: Mapping[str, str]
    fields: Mapping[str, str]
    """Column → card field."""
    places: Sequence[str]
    """The card fields that make a place of the figures."""
    movements: Mapping[str, MovementKind]
    ties: Sequence[Said]

    def place(self, name: str) -> int | None:
        """Where in a place a column's value stands; None where the cards do not have it."""
        field = self.fields.get(name)
        return self.places.index(field) if field in self.places else None
