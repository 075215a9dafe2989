"""Who may act, and in which roles, where accounts or the configuration say it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from syncd.desk.access.rights import CONTROLLER
from syncd.desk.parked.approvals import is_same
from syncd.desk.parked.operators import SQL, Actor, Agreed, act, alone
from syncd.errors import Halt
from syncd.ports import Desk, Finding, Ledger

People = Mapping[str, Collection[str]]
"""Name → roles."""
PROPOSED: Final = "propose"
"""The action of who asks for what takes a second person."""


def require(people: People | None, by: Actor) -> None:
    """Raises Halt for somebody who is not among the people; where none are named anybody may be who they say."""
    if people is not None and _roles(people, by.name) is None:
        raise Halt("people_unknown", actor=by.name, nearest="".join(get_close_matches(by.name, list(people), 1)))


def require_any(people: People | None, by: Actor, roles: Iterable[str]) -> None:
    """Raises Halt for somebody who holds none of the roles."""
    wanted = sorted(set(roles))
    held = None if people is None else _roles(people, by.name) or ()
    if people is not None and held is not None and not set(wanted) & set(held):
        holders = ", ".join(name for name, roles_of in people.items() if set(wanted) & set(roles_of))
        raise Halt("people_no_role", actor=by.name, role=" / ".join(wanted), holders=holders or "–")


def seconded(people: People | None) -> Agreed:
    """Whether somebody may do what one person alone may not: a controller, after somebody else has asked for the same
    since it was last done, and is still among the people; anybody, where no people are named. Otherwise their word is
    kept as the one that asks."""

    known = people or {}

    def agreed(desk: Desk, by: Actor, action: str, pipeline: str, target: str, detail: Mapping[str, object]) -> bool:
        asked = [name for name in waiting(desk, pipeline, target, action, detail) if _roles(known, name) is not None]
        if CONTROLLER in (_roles(known, by.name) or ()) and any(not is_same(name, by.name) for name in asked):
            return True
        if not any(is_same(name, by.name) for name in asked):
            act(desk, by, PROPOSED, pipeline, target, detail)
        return False

    return alone if people is None else agreed


def waiting(
    desk: Desk | Ledger, pipeline: str, target: str, action: str, detail: Mapping[str, object] | None = None
) -> Sequence[str]:
    """Who has asked for an action on a target since it was last done, and waits for a second person; `detail` where it
    is to be the very same."""
    return waiting_on(desk, pipeline, (target,), action, detail).get(target, [])


def waiting_on(
    desk: Desk | Ledger, pipeline: str, targets: Sequence[str], action: str,
    detail: Mapping[str, object] | None = None,
) -> Mapping[str, Sequence[str]]:  # fmt: skip
    """The same of several targets, by those for which somebody has."""
    asked: dict[str, list[str]] = {}
    found = desk.query(SQL["asked_for"], (pipeline, list(targets), PROPOSED, action)) if targets else ()
    for target, actor, what, said in found:
        if what == action:
            asked.pop(str(target), None)
        elif detail is None or json.loads(str(said)) == detail:
            asked.setdefault(str(target), []).append(str(actor))
    return asked


def seconding(people: People | None, by: Actor) -> Halt:
    """What is said to who has asked for something that takes a second person."""
    others = [name for name, roles in (people or {}).items() if CONTROLLER in roles and not is_same(name, by.name)]
    return Halt("people_second", actor=by.name, role=CONTROLLER, holders=", ".join(others) or "–")


def _roles(people: People, name: str) -> Collection[str] | None:
    """None of somebody who is not among them."""
    return next((roles for known, roles in people.items() if is_same(known, name)), None)


def unheld(people: People | None, roles: Iterable[str]) -> list[Finding]:
    """The roles that a mapping asks and nobody holds: what waits for them would wait for ever."""
    held = {role for roles_of in (people or {}).values() for role in roles_of}
    return [] if people is None else [Finding("warning", "people_unheld", {"role": r}) for r in roles if r not in held]
