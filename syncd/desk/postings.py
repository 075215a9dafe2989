"""Postings as people look for them: by asset, voucher, rule, day and amount, page by page.

A page is found by key, so it takes as long in five million postings as in five hundred: a subject has an index, days
are found by halving the numbers, which are in the order of time, and whatever else is asked is looked for in so many
postings a page, which says how far it has come.
"""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from syncd import statements
from syncd.money import EXACT, ZERO
from syncd.ports import Ledger
from syncd.posting import Voucher
from syncd.record import moment, read_voucher, timestamp

SQL: Final = statements.load("syncd.desk", "postings.sql")
LOOKED_MAX: Final = 20_000
"""Postings that a page looks through."""
_NEVER: Final = "~"


class Asked(NamedTuple):
    """What is looked for; what is empty or None is any. Days are those of the posting, both inclusive."""

    subject: str = ""
    voucher: str = ""
    rule: str = ""
    amount: Decimal | None = None
    first: date | None = None
    last: date | None = None
    account: str = ""


class Found(NamedTuple):
    """A posting in a list. `debit` is what its voucher debits, in yuan; `source` the row that it came from, as
    `table:key`, empty where that was not kept."""

    pipeline: str
    seq: int
    key: str
    rule: str
    subject: str
    ref: str
    reverses: str
    posted_at: datetime
    voucher: Voucher | None
    debit: Decimal
    source: str


class Page(NamedTuple):
    """A part of what is looked for, the newest first. `before` goes on behind it, None at the end; `looked_to` is when
    the last posting was made that was looked at, where that is not all there are."""

    found: Sequence[Found]
    before: int | None
    looked_to: datetime | None


def page(ledger: Ledger, pipeline: str, asked: Asked, zone: tzinfo, limit: int, before: int | None = None) -> Page:
    """The next postings before a number, or the newest."""
    top, bottom = end(ledger, pipeline) + 1, 0
    if asked.last is not None:
        top = _first_at(ledger, pipeline, top, midnight(day_after(asked.last), zone))
    if asked.first is not None:
        bottom = _first_at(ledger, pipeline, top, midnight(asked.first, zone)) - 1
    top = top if before is None else min(top, before)
    like = "" if asked.amount is None else f'%"{_plain(asked.amount)}%'
    entry = statements.like(f'["{asked.account}"') if asked.account else ""
    more = (asked.rule, asked.rule, asked.voucher, asked.voucher, like, like, entry, entry, limit + 1)
    if asked.subject:
        rows = ledger.query(SQL["of_subject"], (asked.subject, pipeline, top, bottom, *more))
        floor = bottom
    else:
        floor = max(bottom, top - 1 - LOOKED_MAX)
        rows = ledger.query(SQL["within"], (pipeline, top, floor, *more))
    found = [one for row in rows[:limit] if _has(one := _found(row), asked)]
    if len(rows) > limit:
        return Page(found, int(str(rows[limit - 1][1])), None)
    if floor <= bottom:
        return Page(found, None, None)
    made = ledger.query(SQL["posted_from"], (pipeline, floor + 1))
    return Page(found, floor + 1, moment(str(made[0][0])) if made else None)


def end(ledger: Ledger, pipeline: str) -> int:
    """The number of the last posting; 0 before the first."""
    ((last,),) = ledger.query(SQL["end"], (pipeline,)) or ((0,),)
    return int(str(last))


def newer(ledger: Ledger, pipeline: str, asked: Asked, zone: tzinfo, than: int, most: int) -> int:
    """How many postings that are looked for came behind a number, `most` of them counted."""
    if end(ledger, pipeline) == than:
        return 0
    return sum(one.seq > than for one in page(ledger, pipeline, asked, zone, most).found)


def by_day(ledger: Ledger, pipeline: str, days: Sequence[date], zone: tzinfo) -> Sequence[tuple[date, int]]:
    """How many postings each of these days brought; they follow one another."""
    begins = [midnight(day, zone) for day in (*days, day_after(days[-1]))]
    firsts = _firsts_at(ledger, pipeline, end(ledger, pipeline) + 1, begins)
    return [(day, after - first) for day, (first, after) in zip(days, pairwise(firsts), strict=True)]


def _first_at(ledger: Ledger, pipeline: str, top: int, at: datetime) -> int:
    """The number of the first posting that was made at a moment or later; `top` where there is none."""
    return _firsts_at(ledger, pipeline, top, [at])[0]


def _firsts_at(ledger: Ledger, pipeline: str, top: int, moments: Sequence[datetime]) -> Sequence[int]:
    """The same of each of these moments. They are halved together: it takes no more queries than one does."""
    texts, spans = [timestamp(at) for at in moments], [(1, top)] * len(moments)

    def narrowed(low: int, high: int, text: str) -> tuple[int, int]:
        middle = (low + high) // 2
        if low == high:
            return low, high
        return (low, middle) if made[middle] >= text else (middle + 1, high)

    while middles := {(low + high) // 2 for low, high in spans if low < high}:
        made = _made(ledger, pipeline, middles)
        spans = [narrowed(low, high, text) for (low, high), text in zip(spans, texts, strict=True)]
    return [low for low, _ in spans]


def _made(ledger: Ledger, pipeline: str, numbers: Set[int]) -> Mapping[int, str]:
    """When each of these postings was made. Of one that is gone, the next that is there; what sorts behind every time
    where none is."""
    rows = ledger.query(SQL["posted_at"], (pipeline, sorted(numbers)))
    found = {int(str(seq)): str(at) for seq, at in rows}
    for gone in numbers - found.keys():
        then = ledger.query(SQL["posted_from"], (pipeline, gone))
        found[gone] = str(then[0][0]) if then else _NEVER
    return found


def halved(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first number from which on something holds."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins on a clock; the first moment of all, or the last, where that is beyond it."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return (datetime.min if day.year == date.min.year else datetime.max).replace(tzinfo=UTC)


def day_after(day: date) -> date:
    """The next day; the last of all has none."""
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def _plain(amount: Decimal) -> str:
    """How a content begins to spell it: places may follow."""
    return f"{amount.normalize(EXACT):f}"


def _found(row: Sequence[object]) -> Found:
    pipeline, seq, key, rule, subject, ref, reverses, posted_at, content = row
    said = json.loads(str(content))
    voucher = read_voucher(said)
    debit = ZERO
    for entry in voucher.entries if voucher is not None else ():
        debit = EXACT.add(debit, entry.debit)
    return Found(
        *(str(pipeline), int(str(seq)), str(key), str(rule), str(subject), str(ref), str(reverses)),
        *(moment(str(posted_at)), voucher, debit, str(said.get("of", ""))),
    )


def _has(one: Found, asked: Asked) -> bool:
    """Whether an entry is of this amount, and of this account."""
    entries = () if one.voucher is None else one.voucher.entries
    if asked.amount is None and not asked.account:
        return True
    return any(
        (asked.amount is None or asked.amount in (entry.debit, entry.credit))
        and asked.account in ("", entry.account)
        for entry in entries
    )  # fmt: skip
