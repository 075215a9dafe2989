"""What tells that a change table may have kept something to itself, whatever the database. Pure.

A trigger that was dropped, switched off or replaced for a while leaves no trace in the change table: what comes
afterwards looks as if nothing had happened. But the catalogue has it by another sign than before. `install` notes which
signs it replaced by which where nobody could write meanwhile, so that whoever knows the former follows to the present.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

Renewed = Mapping[tuple[str, str], str]
"""(part, former sign) → the sign that `install` put in its place."""
OF_ALL: Final = ""
"""The part that has what all tables share."""
RENEWALS_MAX: Final = 1_000


class TableSigns(NamedTuple):
    """A tracked table: the signs of its triggers by the part of it that has them, and what else the database shows, as
    JSON."""

    triggers: Mapping[str, str]
    shape: Any


class Signs(NamedTuple):
    """The change table with what all triggers share, and the tracked tables that are there. What `seen` means is the
    database's own: up to where it had looked."""

    whole: str
    tables: Mapping[str, TableSigns]
    seen: int

    def text(self) -> str:
        """For the pipeline's state."""
        return json.dumps([self.whole, self.tables, self.seen], ensure_ascii=False, separators=(",", ":"))


class Look(NamedTuple):
    """The signs at one moment. `standing` changes with whatever a check would look at: rights, types, names."""

    signs: Signs
    standing: str


def parse(text: str) -> Signs:
    """The inverse of `Signs.text`."""
    whole, tables, seen = json.loads(text)
    return Signs(whole, {name: TableSigns(triggers, shape) for name, (triggers, shape) in tables.items()}, seen)


def is_followed(part: str, was: str, now: str, renewed: Renewed) -> bool:
    """Whether a sign is what it was, or what `install` has made of it."""
    sign: str | None = was
    for _ in range(RENEWALS_MAX):
        if sign == now:
            return True
        if sign is None:
            return False
        sign = renewed.get((part, sign))
    return False


def are_followed(table: str, was: TableSigns, now: TableSigns, renewed: Renewed) -> bool:
    """The same of all triggers of a table; of parts that came or went others tell."""
    if was.triggers and not now.triggers:
        return False
    return all(
        is_followed(part, sign, now.triggers[part], renewed)
        for part, sign in was.triggers.items()
        if part in now.triggers
    )
