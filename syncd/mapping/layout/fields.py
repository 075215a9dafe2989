"""A card's fields as finance gives them back, and as it keeps them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast

from syncd import journal
from syncd.change import Kind, Malformed, Value
from syncd.mapping.expression.runtime import Uncomputable
from syncd.mapping.expression.zones import change
from syncd.mapping.language.file.layout_file import CardKind, Places
from syncd.money import MONEY_PLACES
from syncd.posting import Fields


def exact(kind: Kind, value: object, zone: str) -> Value:
    """A value as a database driver returned it, as the kind it is; a time without a zone is one of the books' zone.
    Raises ValueError for a float."""
    if value is None:
        return None
    match kind:
        case Kind.DECIMAL | Kind.INTEGER | Kind.BOOLEAN:
            return cast(Value, journal.exact(kind, value))
        case Kind.DATE:
            found = _time(value)
            return change("wall", zone)(found).date() if found.tzinfo else found.date()
        case Kind.TIMESTAMP:
            found = _time(value)
            return found.astimezone(UTC) if found.tzinfo else change("moment", zone)(found)
    return str(value)


_AS_IT_IS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "v.__class__ is str",
    Kind.INTEGER: "v.__class__ is int",
    Kind.DECIMAL: "v.__class__ is Decimal and v.is_finite()",
    Kind.DATE: "v.__class__ is date",
}
"""When `exact` gives back what it is given."""


def reader(fields: Sequence[str], kinds: Mapping[str, Kind], zone: str) -> Callable[[Sequence[object]], Fields]:
    """A row of an asset code and then these fields → the fields, exact: a function made once, for a card is read for
    nearly every change of it."""
    known: dict[str, object] = {"Decimal": Decimal, "date": date, "exact": exact, "zone": zone}
    values = []
    for i, field in enumerate(fields, 1):
        known[f"kind{i}"] = kinds[field]
        is_plain = "".join(f" or {test}" for test in (_AS_IT_IS.get(kinds[field]),) if test)
        values.append(f"{field!r}: v if (v := row[{i}]) is None{is_plain} else exact(kind{i}, v, zone)")
    whole = cast(Callable[[Sequence[object]], Fields], eval(f"lambda row: {{{', '.join(values)}}}", known))

    def read(row: Sequence[object]) -> Fields:
        try:
            return whole(row)
        except (ValueError, ArithmeticError):
            told = zip(fields, row[1:], strict=True)
            return FlawedCard({field: _careful(kinds[field], value, zone) for field, value in told})

    return read


class UnreadableField(Uncomputable):
    """A card's field is read, and what finance holds there is nothing of the field's kind."""


class FlawedCard(dict[str, Value]):
    """A card of which some fields cannot be read: they are marks, and whoever asks for one is told."""

    def get(self, name: str, default: Any = None) -> Any:
        """The field. Raises UnreadableField."""
        found = super().get(name, default)
        if isinstance(found, Malformed):
            raise UnreadableField("card_unreadable", field=name, value=found.raw, kind=found.reason)
        return found


def merged(card: Fields, written: Fields) -> Fields:
    """A card with what was written of it since."""
    fields = {**card, **written}
    return FlawedCard(fields) if isinstance(card, FlawedCard) else fields


def _careful(kind: Kind, value: object, zone: str) -> Value:
    try:
        return exact(kind, value, zone)
    except (ValueError, ArithmeticError):
        return Malformed(str(value), kind.value)


def places(kinds: Mapping[str, CardKind]) -> dict[str, int]:
    """Card field → how many digits after the point it has, where the layout says so."""
    found = {name.lower(): _places(kind) for name, kind in kinds.items()}
    return {name: n for name, n in found.items() if n is not None}


def _places(kind: CardKind) -> int | None:
    if isinstance(kind, Places):
        return kind.decimal
    return MONEY_PLACES if kind == "money" else None


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time.min) if isinstance(value, date) else datetime.fromisoformat(str(value))
