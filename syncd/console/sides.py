"""A parked row as people read it: its columns by what they are called, before and after, the one at fault first."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from syncd import wiring
from syncd.books import rules
from syncd.change import Kind
from syncd.desk import clock, masking
from syncd.desk.parked import operators

NULL: Final = "NULL"
"""How an empty value is shown and typed, as on the command line."""
SET: Final = "set."
"""What the names of columns begin with in a form in which other values may be typed."""
_NAMED: Final = ("column", "source")
"""Parameters of a rejection that name a column."""
_HELD: Final = ("raw", "code", "key", "amount", "asset_code", "account", "value", "date")
"""Those that repeat what a column holds."""


class Side(NamedTuple):
    """A column of a parked row: the field of the card that it becomes, else its own name again; before, after, and what
    the source sent where a person has edited it since."""

    column: str
    called: str
    before: str
    after: str
    sent: str
    is_changed: bool
    is_typed: bool
    """Whether another value may be typed: not of the row's key, nor of a document's lines."""
    is_amount: bool
    is_at_fault: bool
    is_masked: bool = False
    """Whether its values are not shown to who looks: what is typed stands in place of them, nothing leaves them."""

    @property
    def is_day(self) -> bool:
        """Whether it holds a day, as a browser gives one."""
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.after))

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing on either side."""
        return {self.before, self.after, self.sent} <= {"", NULL}


def sides(
    part: wiring.Pipeline, row: operators.ParkedRow, hidden: masking.Hidden = MappingProxyType({})
) -> Sequence[Side]:
    """Its columns, times on the clock of the books; first the one at fault, then those that were changed."""
    found = columns(part, row.table, row.change, row.original, hidden)
    wrong = _at_fault(row, found)
    found = [one._replace(is_at_fault=one.column in wrong) for one in found]
    return sorted(found, key=lambda one: (not one.is_at_fault, not one.is_changed))


def columns(
    part: wiring.Pipeline, alias: str, change: str, original: str | None = None,
    hidden: masking.Hidden = MappingProxyType({}),
) -> Sequence[Side]:  # fmt: skip
    """The columns of a change of a table, as it is recorded, times on the clock of the books. `original` is the change
    as it was sent, where a person has edited it since; `hidden` is what is not shown."""
    is_unreadable = json.loads(change)["op"] == "unreadable"
    masked = hidden.get(alias, frozenset())
    table, zone = part.mapping.tables.get(alias), part.mapping.file.timezone
    typed, amounts = list[str](), list[str]()
    if table is not None:
        typed = [c.name for i, c in enumerate(table.columns) if i not in table.key and c.of is None]
        amounts = [c.name for c in table.columns if c.kind is Kind.DECIMAL]

    def image(change: str | None, side: str) -> Mapping[str, object]:
        stored = (json.loads(change)[side] or {}) if change else {}
        stored = masking.image(alias, stored, hidden, is_unreadable) if hidden else stored
        return stored if table is None else clock.image(stored, table, zone)

    before, after, sent = image(change, "before"), image(change, "after"), image(original, "after")
    fields = rules.card_fields(part.mapping.rules, alias)
    return [
        Side(name, fields.get(name, name), _seen(before, name), _seen(after, name), _seen(sent, name) if sent else "",
             before.get(name) != after.get(name) and bool(before) and bool(after), name in typed, name in amounts,
             False, name in masked)
        for name in dict.fromkeys([*before, *after])
    ]  # fmt: skip


def changed(found: Sequence[Side], fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a form gives for columns, where that is another value than the row has. The key of a row is never edited."""
    given = {name.removeprefix(SET): text for name, text in fields.items() if name.startswith(SET)}
    own = [s for s in found if s.column in given and s.is_typed]
    return {s.column: given[s.column] for s in own if given[s.column] not in (s.after, "" if s.is_masked else s.after)}


def typed(given: Mapping[str, str]) -> dict[str, str | None]:
    """Values as a form gives them, None for NULL."""
    return {name: None if text == NULL else text for name, text in given.items()}


def _at_fault(row: operators.ParkedRow, found: Sequence[Side]) -> frozenset[str]:
    """The columns that a rejection is about: those that it names; else the one that holds what it repeats."""
    if row.state != "failed":
        return frozenset()
    words = {word for name in _NAMED for word in re.findall(r"\w+", row.params.get(name, ""))}
    if named := words & {one.column for one in found}:
        return frozenset(named)
    held, is_gone = [row.params[name] for name in _HELD if row.params.get(name)], not any(one.after for one in found)
    return frozenset([one.column for one in found if (one.before if is_gone else one.after) in held][:1])


def _seen(image: Mapping[str, object], name: str) -> str:
    """A value as people read it and type it."""
    value = image.get(name, "")
    if isinstance(value, dict):
        return str(value.get("malformed", ""))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    return NULL if value is None else str(value)
