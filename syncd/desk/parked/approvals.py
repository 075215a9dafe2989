"""Who has to agree to a parked row, by when, and who may not: whoever typed a part of it, or agreed to it already.

What a step needs stands in the row's parameters, as the rule said it when the row was last tried: `role`, `step` (what
it is called among those approved, where that is not the rule's name), `within` (seconds from when the row was parked),
`then` (the role that may decide in its place after that), `more` (roles whose turn comes next). An edited row that
fails says under `owed` whose it is to give it up. What was given stands in the chain of actions.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from unicodedata import category, normalize

from syncd import statements
from syncd.ports import Desk, Ledger
from syncd.record import moment

SQL: Final = statements.load("syncd.desk.parked", "approvals.sql")
RENEWED: Final = frozenset(("edit", "reopen"))
"""What ends earlier approvals: they were for another content, or another judgement."""
IDS_MAX: Final = 500
"""Of one question."""
MARK: Final = "@"
"""Stands before the digest of a row as it is corrected, in what its steps are called."""
ASKING: Final = RENEWED | {"accept_difference"}
"""What makes a person one of those who want the row posted, and may not agree to it themselves."""


class Waiting(Protocol):
    """Of a parked row, what this asks."""

    @property
    def rule(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def params(self) -> Mapping[str, str]: ...
    @property
    def parked_at(self) -> datetime: ...


class Asked(NamedTuple):
    """A `Waiting` by itself."""

    rule: str
    state: str
    params: Mapping[str, str]
    parked_at: datetime


class Deed(NamedTuple):
    """What a person did to a parked row: `edit`, `approve`, `reject`, `reopen` and what else there is. `role` is the
    one in which they decided, `instead_of` the one whose time was up, `step` what they decided."""

    at: datetime
    actor: str
    action: str
    role: str
    instead_of: str
    step: str
    reason: str


def step_of(row: Waiting) -> str:
    """What the step that a row waits for is called among those approved."""
    return row.params.get("step", row.rule)


def owner(row: Waiting) -> str:
    """The role without which a row may not be given up; empty where anybody may."""
    return row.params.get("role", "") if row.state == "approval" else row.params.get("owed", "")


def due(row: Waiting) -> datetime | None:
    """When a row that waits for approval is overdue; None where nothing is said, or it does not wait."""
    within = row.params.get("within", "")
    return row.parked_at + timedelta(seconds=int(within)) if row.state == "approval" and within else None


def is_overdue(row: Waiting, now: datetime) -> bool:
    """Whether the time of whoever has to agree is up."""
    until = due(row)
    return until is not None and until <= now


def deciding(row: Waiting, now: datetime) -> Sequence[str]:
    """The roles that may decide about a row now."""
    asked, then = row.params.get("role", ""), row.params.get("then", "")
    return [role for role in (asked, then if is_overdue(row, now) else "") if role]


def deeds(ledger: Ledger | Desk, pipeline: str, ids: Sequence[int]) -> Mapping[int, Sequence[Deed]]:
    """What people did to parked rows, by row and in order."""
    found: defaultdict[int, list[Deed]] = defaultdict(list)
    asked = (pipeline, [f"parked/{number}" for number in ids], pipeline, [str(number) for number in ids])
    for target, _, at, actor, action, reason, detail in ledger.query(SQL["deeds"], asked):
        said = {} if action == "edit" else json.loads(str(detail))  # that of an edit has the row's columns
        role, instead_of = (str(said.get(name, "")) for name in ("role", "instead_of"))
        step = str(said.get("step", said.get("rule", "")))
        number = int(str(target).removeprefix("parked/"))
        found[number].append(Deed(moment(str(at)), str(actor), str(action), role, instead_of, step, str(reason)))
    return found


def standing(row: Waiting, done: Sequence[Deed]) -> Sequence[Deed]:
    """The approvals that count: those of the row as it is now, and as it is corrected."""
    last = max((n for n, deed in enumerate(done, 1) if deed.action in RENEWED), default=0)
    mark = step_of(row).partition(MARK)[2]
    return [deed for deed in done[last:] if deed.action == "approve" and deed.step.partition(MARK)[2] == mark]


def rejection(done: Sequence[Deed]) -> Deed | None:
    """By what a row that was given up was rejected; None where it was discarded."""
    last = next((deed for deed in reversed(done) if deed.action in ("reject", "discard")), None)
    return last if last is not None and last.action == "reject" else None


def bars(row: Waiting, done: Sequence[Deed], corrected: Sequence[Deed], name: str) -> str:
    """Why a person may not agree to a row: `edit` who has typed a part of it, or of what has `corrected` it, `reopen`
    who asked for it once more, `accept_difference` who had it made, `approve` who has agreed to an earlier step; empty
    where they may."""
    own = (deed for deed in (*done, *corrected) if deed.action in ASKING and is_same(deed.actor, name))
    typed = next((deed.action for deed in own), "")
    return typed or ("approve" if any(is_same(deed.actor, name) for deed in standing(row, done)) else "")


class OneEye(NamedTuple):
    """A parked row to which somebody agreed who may not: `did` is what they had done to it before, an action."""

    pipeline: str
    id: int
    actor: str
    did: str


def without_four_eyes(ledger: Ledger, pipeline: str, ids: Sequence[int]) -> Iterator[OneEye]:
    """Of parked rows those that one person both asked for and agreed to, or agreed to twice. The desk refuses that
    today; versions before 0.2.0 did not, and what they let pass stays in the record."""
    for start in range(0, len(ids), IDS_MAX):
        try:
            found = deeds(ledger, pipeline, ids[start : start + IDS_MAX])
        except (ValueError, AttributeError):  # one was edited, which the chain of actions tells
            continue
        for number, done in sorted(found.items()):
            for n, deed in enumerate(done):
                if deed.action == "approve" and (did := _did_before(done[:n], deed)):
                    yield OneEye(pipeline, number, deed.actor, did)


def _did_before(earlier: Sequence[Deed], deed: Deed) -> str:
    """Why somebody should not have agreed, as `bars`; empty where they might."""
    asked = next((d.action for d in earlier if d.action in ASKING and is_same(d.actor, deed.actor)), "")
    last = max((n for n, one in enumerate(earlier, 1) if one.action in RENEWED), default=0)
    mark = deed.step.partition(MARK)[2]
    agreed = (d for d in earlier[last:] if d.action == "approve" and d.step.partition(MARK)[2] == mark)
    return asked or ("approve" if any(is_same(one.actor, deed.actor) for one in agreed) else "")


def is_same(one: str, other: str) -> bool:
    """Whether two names are one person's: letters' case, width and blanks make nobody else."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(c for c in normalize("NFKC", name).casefold() if not c.isspace() and category(c) != "Cf")
