"""Parked rows against their record: their birth and what became of them, which the ledger chains, and what people did
to them, which the chain of actions says."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, cast

from syncd import audit
from syncd.desk.parked.approvals import RENEWED
from syncd.ports import Ledger

PAGE_ROWS: Final = 1_000
NUMBER_MAX: Final = (1 << 63) - 1
_HELD: Final = ("subject", "state", "rule", "code", "params")
_SAYS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("parked", "kept", "again", "reopened"), _HELD),
    "unreadable": ("state", "code", "params"),
    "settled": ("state",),
}
"""What of a row an event tells."""
ATTEMPTS: Final = frozenset(("parked", "again", "reopened", "settled"))
ASKED: Final = frozenset(("", "retry", "heal", "discard", "reopen"))


class Deed(NamedTuple):
    """What a person did to a parked row."""

    action: str
    detail: Mapping[str, object]


Deeds = Mapping[int, Sequence[Deed]]
"""By parked row, in order."""


class Flawed(NamedTuple):
    """A parked row that is not as the record tells, is gone, or came from nowhere; `what` are the columns."""

    code: str
    id: int
    what: str


class _Row(NamedTuple):
    """As `verify.sql` gives it."""

    id: int
    subject: str
    state: str
    rule: str
    code: str
    params: str
    source_table: str
    source_key: str
    position: str
    committed_at: str
    parked_at: str
    change: str
    original: str | None
    attempts: int
    request: str
    approved: str
    settled_at: str | None


class _Event(NamedTuple):
    """As `verify.sql` gives it."""

    id: int
    seq: int
    at: str
    event: str
    subject: str
    state: str
    rule: str
    code: str
    params: str
    origin: str
    content: str


def flawed(ledger: Ledger, pipeline: str, sql: Mapping[str, str], deeds: Deeds) -> Iterator[Flawed]:
    """Every parked row of a pipeline that is not as its record says, by number."""
    after = -NUMBER_MAX
    while after < NUMBER_MAX:
        rows = [_Row(*cast(Any, row)) for row in ledger.query(sql["parked_rows"], (pipeline, after, PAGE_ROWS))]
        last = rows[-1].id if len(rows) == PAGE_ROWS else NUMBER_MAX
        events = (_Event(*cast(Any, event)) for event in ledger.query(sql["events_of"], (pipeline, after, last)))
        told = {number: [*lot] for number, lot in groupby(events, itemgetter(0))}
        there = {row.id: row for row in rows}
        for number in sorted(there.keys() | told.keys()):
            if number not in told:
                yield Flawed("audit_parked_added", number, "")
            elif number not in there:
                yield Flawed("audit_parked_gone", number, "")
            elif what := [*_differing(there[number], told[number], deeds.get(number, ()))]:
                yield Flawed("audit_parked", number, ", ".join(dict.fromkeys(what)))
        after = last


def deeds_of(actions: Sequence[tuple[str, str, str]]) -> Deeds:
    """(action, target, detail) of one pipeline, in order, by the parked row that they are about."""
    found: defaultdict[int, list[Deed]] = defaultdict(list)
    for action, target, detail in actions:
        number = target.removeprefix("parked/")
        if number != target and number.isdecimal():
            found[int(number)].append(Deed(action, read(detail)))
    return found


def read(detail: str) -> Mapping[str, object]:
    """The detail of an action; nothing where somebody has made it unreadable, which its chain tells."""
    try:
        said = json.loads(detail)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _differing(row: _Row, events: Sequence[_Event], deeds: Sequence[Deed]) -> Iterator[str]:
    born, last = events[0], events[-1]
    held: dict[str, str] = {}
    for event in events:
        held |= {name: getattr(event, name) for name in _SAYS.get(event.event, ())}
    yield from (name for name, value in held.items() if getattr(row, name) != value)
    if born.event not in ("parked", "kept"):
        yield "event"
    if audit.digest(row.source_table, row.source_key, row.position, row.committed_at, row.parked_at) != born.origin:
        yield "position"
    was, first, settled_at, attempts = _at_birth(born)
    tried = int(attempts) + sum(e.event in ATTEMPTS and e.state != "discarded" for e in events)
    if row.attempts != tried:
        yield "attempts"
    for event in events[1:]:
        settled_at = event.at if event.event == "settled" else ""
    if (row.settled_at or "") != settled_at:
        yield "settled_at"
    contents = [was, *(event.content for event in events[1:] if event.content)]
    yield from _contents(row, contents[-1], first, deeds)
    if last.state == "discarded" and not any(deed.action in ("discard", "reject") for deed in deeds):
        yield "state"
    if row.request not in ASKED:
        yield "request"


def _at_birth(born: _Event) -> tuple[str, str, str, str]:
    """Digests of its change and of its original, when it was settled, how often it had been tried: see
    `audit.kept_content`."""
    if born.event != "kept":
        return born.content, "", "", "0"
    parts = born.content.split(" ")
    if len(parts) != 4 or not parts[3].isdecimal():  # was edited, which its chain tells
        return born.content, "", "", "0"
    return parts[0], parts[1], parts[2], parts[3]


def _contents(row: _Row, now: str, first: str, deeds: Sequence[Deed]) -> Iterator[str]:
    """The change is that of the last event which brought one, `now`, with the edits since; the original that of the
    `first` edit. Each edit says what the row was before it."""
    for deed in deeds:
        was, is_now = _contents_of(deed)
        first = first or was
        now = is_now if was == now else now
    if audit.digest(row.change) != now:
        yield "change"
    if ("" if row.original is None else audit.digest(row.original)) != first:
        yield "original"
    if row.approved != _approved(deeds):
        yield "approved"


def _contents_of(deed: Deed) -> tuple[str, str]:
    """What an edit says that the row was and is; nothing of any other deed."""
    said = deed.detail.get(audit.CONTENTS)
    return (str(said[0]), str(said[1])) if isinstance(said, list) and len(said) == 2 else ("", "")


def _approved(deeds: Sequence[Deed]) -> str:
    """As `operators` keeps it; what was approved was the content before an edit."""
    steps: set[str] = set()
    for action, detail in deeds:
        if action == "approve":
            steps.add(str(detail.get("step", detail.get("rule"))))
        elif action in RENEWED:
            steps.clear()
    return json.dumps(sorted(steps), ensure_ascii=False)
