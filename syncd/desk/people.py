"""Who may act, and in which roles, where the configuration says it."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from syncd.desk.approvals import is_same
from syncd.desk.operators import Actor
from syncd.errors import Halt
from syncd.ports import Finding

People = Mapping[str, Sequence[str]]
"""Name → roles."""
CONTROLLER: Final = "controller"
"""The role of who closes a month in which something does not hold, and of who opens one again."""


def require(people: People | None, by: Actor, role: str = "") -> None:
    """Raises Halt for somebody who is not among the people, or not in a role; where none are named anybody may be who
    they say."""
    if people is None:
        return
    held = next((roles for name, roles in people.items() if is_same(name, by.name)), None)
    if held is None:
        raise Halt("people_unknown", actor=by.name, nearest="".join(get_close_matches(by.name, list(people), 1)))
    if role and role not in held:
        holders = ", ".join(name for name, roles in people.items() if role in roles)
        raise Halt("people_no_role", actor=by.name, role=role, holders=holders or "–")


def unheld(people: People | None, roles: Iterable[str]) -> list[Finding]:
    """The roles that a mapping asks and nobody holds: what waits for them would wait for ever."""
    held = {role for roles_of in (people or {}).values() for role in roles_of}
    return [] if people is None else [Finding("warning", "people_unheld", {"role": r}) for r in roles if r not in held]
