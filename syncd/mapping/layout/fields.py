"""A card's fields as finance gives them back, and as it keeps them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import cast

from syncd import journal
from syncd.change import Kind, Value
from syncd.mapping.expression.zones import change
from syncd.mapping.language.layout_file import CardKind, Places
from syncd.money import MONEY_PLACES


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
