"""Times as people see them: on the clock of their books, whatever the machine's is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from syncd.change import Kind, Table


def local(found: Any, zone: str) -> Any:
    """The same, named tuples and lists and what they hold, with every moment aware of the zone."""
    if isinstance(found, datetime):
        return found.astimezone(ZoneInfo(zone))
    if isinstance(found, tuple) and hasattr(found, "_make"):
        return found._make(local(value, zone) for value in found)
    if isinstance(found, list | tuple):
        return [local(value, zone) for value in found]
    return found


def fields(stored: Mapping[str, object], kinds: Mapping[str, Kind], zone: str) -> dict[str, object]:
    """Values as a record keeps them, by name, with the moments among them as aware of the zone."""
    return {name: _seen(value, kinds.get(name), zone) for name, value in stored.items()}


def image(stored: Mapping[str, object], table: Table, zone: str) -> dict[str, object]:
    """A row's stored image by column, likewise."""
    return fields(stored, {column.name: column.kind for column in table.columns}, zone)


def _seen(value: object, kind: Kind | None, zone: str) -> object:
    if kind is not Kind.TIMESTAMP or not isinstance(value, str):
        return value
    try:
        return local(datetime.fromisoformat(value), zone)
    except ValueError:
        return value  # of another kind when it was stored
