"""Times as people see them: on the clock of their books, whatever the machine's is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from syncd.change import Kind, Table, join_key


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
    """A row's stored image by column, likewise; each line of a document by itself, under the name of its column and
    its key."""
    found = fields(stored, {column.name: column.kind for column in table.columns}, zone)
    for column in table.columns:
        lines, of = found.get(column.name), column.of
        if of is not None and isinstance(lines, list):
            del found[column.name]
            keys = [of.columns[i].name for i in of.key]
            for line in (image(one, of, zone) for one in lines):
                key = join_key([str(line.pop(name, "")) for name in keys])
                found[f"{column.name} {key}"] = ", ".join(f"{name} {_told(value)}" for name, value in line.items())
    return found


def _told(value: object) -> object:
    """Of a value that could not be read its text."""
    return value.get("malformed", "") if isinstance(value, dict) else "NULL" if value is None else value


def _seen(value: object, kind: Kind | None, zone: str) -> object:
    if kind is not Kind.TIMESTAMP or not isinstance(value, str):
        return value
    try:
        return local(datetime.fromisoformat(value), zone)
    except ValueError:
        return value  # of another kind when it was stored
