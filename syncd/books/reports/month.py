"""What the sheets of a month are made of."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from syncd.books.balances import Balance
from syncd.books.close.item import Said
from syncd.books.depreciation.methods import Method
from syncd.books.figures import Figures
from syncd.books.reconciliation.history import Compared
from syncd.books.reports.sheet import Cell, Column
from syncd.books.writes import Recorded
from syncd.errors import Fault
from syncd.mapping.language.blocks.month_end import MovementKind
from syncd.mapping.verbs.require import SaysShape
from syncd.ports import Period

METHODS: Final = frozenset(Method)


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
    words: Mapping[str, Mapping[str, SaysShape]]
    """Column → value → what people call it."""
    names: Mapping[str, Mapping[str, str]]
    """Column → code → its name, where the mapping says where these stand."""
    zone: tzinfo
    """That of the books."""
    compared: Compared | Fault | None = None
    """The EAM's side: a reconciliation, or why there is none; None where the mapping does not say how."""

    def headings(self, name: str) -> Sequence[Column]:
        """The columns that tell a value of a column's field: a code has its name beside it."""
        plain = Column(f"report_{name}")
        return (plain, Column(f"report_{name}_name")) if name in self.names else (plain,)

    def told(self, name: str, value: object) -> Sequence[Cell]:
        """A value of a column's field in these columns; a word stands for a value that has one."""
        code = "" if value is None else str(value)
        said = word(self.words, name, code) or code
        return (said, self.names[name].get(code, "")) if name in self.names else (said,)

    def called(self, name: str, value: str) -> Cell:
        """A value of a column's field in one cell."""
        said, *more = self.told(name, value)
        return f"{value} {more[0]}" if more and more[0] else said

    def kind(self, name: str) -> Cell:
        """What a kind of change of the mapping's own is called; as the voucher has it where nothing does."""
        kind = self.movements.get(name)
        return name if kind is None else own(name, kind.says)

    def place(self, name: str) -> int | None:
        """Where in a place a column's value stands; None where the cards do not have it."""
        field = self.fields.get(name)
        return self.places.index(field) if field in self.places else None


def word(words: Mapping[str, Mapping[str, SaysShape]], name: str, value: object) -> Said | None:
    """What people call a value of a column or of a card field; a method of depreciation has a name in any mapping."""
    said = words.get(name, {}).get(str(value))
    if said is not None:
        return own(str(value), said)
    return Said(f"method_{value}") if name == "method" and value in METHODS else None


def own(name: str, says: SaysShape) -> Said:
    """A word of the mapping's own."""
    return Said("report_own_kind", {"name": name, **says.model_dump()})
