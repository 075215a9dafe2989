"""What people did, as the chain of actions has it: by person, day, kind and content, page by page.

As with postings, a page is found by number and looks through so many of them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple

from syncd import statements
from syncd.desk.postings import day_after, halved, midnight
from syncd.ports import Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.desk", "actions.sql")
LOOKED_MAX: Final = 50_000
"""Actions that a page looks through."""


class Asked(NamedTuple):
    """What is looked for; what is empty or None is any. `about` is a part of what it was done to, `text` a part of the
    reason or of the detail. Days are both inclusive."""

    actor: str = ""
    action: str = ""
    about: str = ""
    text: str = ""
    first: date | None = None
    last: date | None = None


class Done(NamedTuple):
    """An action."""

    seq: int
    at: datetime
    actor: str
    action: str
    pipeline: str
    target: str
    reason: str
    detail: Mapping[str, object]


class Page(NamedTuple):
    """A part of what is looked for, the newest first; `before` goes on behind it, None at the end."""

    found: Sequence[Done]
    before: int | None


def page(
    ledger: Ledger, pipelines: Sequence[str], asked: Asked, zone: tzinfo, limit: int, before: int | None = None,
    with_accounts: bool = False, shown: Callable[[Done], Done] = lambda one: one,
) -> Page:  # fmt: skip
    """The next actions before a number, or the newest, on pipelines and on what is no pipeline's; `with_accounts` also
    on accounts, their roles and tokens. `shown` makes of each what is shown of it: a text is found in that alone."""
    ((end,),) = ledger.query(SQL["end"]) or ((0,),)
    top, bottom = int(str(end)) + 1, 0
    if asked.last is not None:
        top = _first_at(ledger, top, timestamp(midnight(day_after(asked.last), zone)))
    if asked.first is not None:
        bottom = _first_at(ledger, top, timestamp(midnight(asked.first, zone))) - 1
    top = top if before is None else min(top, before)
    floor = max(bottom, top - 1 - LOOKED_MAX)
    about, text = (statements.like(part.strip()) if part.strip() else "" for part in (asked.about, asked.text))
    given = (asked.actor, asked.actor, asked.action, asked.action, about, about, text, text, text)
    found: list[Done] = []
    while len(found) <= limit:
        rows = ledger.query(SQL["within"], (top, floor, ["", *pipelines], int(with_accounts), *given, limit + 1))
        found += [said for one in map(_done, rows) if _says(said := shown(one), one, asked.text.strip())]
        if len(rows) <= limit:
            break
        top = int(str(rows[-1][0]))
    if len(found) > limit:
        return Page(found[:limit], found[limit - 1].seq)
    return Page(found, floor + 1 if floor > bottom else None)


def _says(said: Done, whole: Done, text: str) -> bool:
    """Whether what is shown of an action still holds a text that is in the whole of it."""
    shown = said.reason + json.dumps(said.detail, ensure_ascii=False)
    return said == whole or text.casefold() in shown.casefold()


def on(ledger: Ledger, target: str, limit: int) -> list[Done]:
    """What was done to something last, the newest first, however long ago."""
    return [_done(row) for row in ledger.query(SQL["on"], (target, limit))]


def last(ledger: Ledger) -> Mapping[str, Done]:
    """Person → what they did last, among so many of the newest actions."""
    ((end,),) = ledger.query(SQL["end"]) or ((0,),)
    return {one.actor: one for one in map(_done, ledger.query(SQL["last"], (int(str(end)) - LOOKED_MAX,)))}


def _first_at(ledger: Ledger, top: int, at: str) -> int:
    def is_later(seq: int) -> bool:
        rows = ledger.query(SQL["done_at"], (seq,))
        return not rows or str(rows[0][0]) >= at

    return halved(1, top, is_later)


def _done(row: Sequence[object]) -> Done:
    seq, at, actor, action, pipeline, target, reason, detail = row
    texts = (str(actor), str(action), str(pipeline), str(target), str(reason))
    return Done(int(str(seq)), moment(str(at)), *texts, json.loads(str(detail)))
