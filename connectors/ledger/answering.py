"""Answers to the EAM, decided with what they tell: in the transaction that posts, parks or refuses a row.

A mapping that answers nothing never comes here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from connectors.ledger.state import SQL, Work
from syncd import decided
from syncd.audit import digest
from syncd.change import ROWLESS, Change, Malformed, Unchanged, Value
from syncd.decided import Decided
from syncd.delivery import Told
from syncd.folding import row_of
from syncd.language import say
from syncd.posting import Gathered, Outcome, Rejection
from syncd.record import decode_change, plain

POSITION_CHARS_MAX: Final = 200
"""Of a key; a longer position, as a set of GTIDs may be, is told by its digest."""
_OF_STATUS: Final[Mapping[str, Told]] = {"approval": "held", "failed": "parked"}


class _News(NamedTuple):
    """What is to be told of a change; `posting` is the key of the posting whose voucher is named."""

    change: Change
    subject: str
    told: Told
    reason: str = ""
    by: str = ""
    posting: str = ""


def answer(work: Work, outcomes: Sequence[Outcome], gathered: Gathered | None) -> None:
    """What a batch has to tell the EAM. A row that waits by itself for another, or behind one, is told nothing of: it
    is in nobody's hands. Neither is one that a snapshot reads: it was there before."""
    _keep(work, [*_of_rows(work, outcomes)] if gathered is None else [*_of_group(work, gathered, outcomes)])


def reject(work: Work) -> None:
    """What is told of rows that somebody refuses who may approve them."""
    found: list[_News] = []
    for _, subject, stored, action in work.database.query(SQL["rejected"], (work.pipeline,)):
        change = _decoded(work, str(stored))
        if change is not None and _wants(work, change, "rejected"):
            by, reason = next(iter(work.database.query(SQL["action"], (action,))), ("", ""))
            found.append(_News(change, str(subject), "rejected", str(reason), str(by)))
    _keep(work, found)


def _of_rows(work: Work, outcomes: Sequence[Outcome]) -> Iterator[_News]:
    for outcome in outcomes:
        if outcome.rejection is not None:
            yield from _of_rejection(work, outcome.rejection)
        elif outcome.postings and _wants(work, outcome.change, "posted"):
            posted = [posting for posting in outcome.postings if posting.collected is None]
            vouchers = [posting.key for posting in posted if posting.voucher is not None]
            if posted:
                yield _News(outcome.change, outcome.subject, "posted", posting=vouchers[-1] if vouchers else "")


def _of_group(work: Work, gathered: Gathered, outcomes: Sequence[Outcome]) -> Iterator[_News]:
    """Of the collected rows that a group's posting took, and of those that had to be parked."""
    for outcome in outcomes:
        if outcome.rejection is not None:
            yield from _of_rejection(work, outcome.rejection)
            continue
        for posting in outcome.postings:
            params = (work.pipeline, gathered.rule, gathered.group, posting.key)
            for subject, stored in work.database.query(SQL["group_taken"], params):
                change = _decoded(work, str(stored))
                if change is not None and _wants(work, change, "posted"):
                    yield _News(change, str(subject), "posted", posting=posting.key)


def _of_rejection(work: Work, rejection: Rejection) -> Iterator[_News]:
    told = _OF_STATUS.get(rejection.status)
    waits = told == "parked" and rejection.waits_for  # who has to agree does, whatever the row first waited for
    if told is not None and not waits and _wants(work, rejection.change, told):
        language = work.answers[rejection.change.table].language
        reason = say(rejection.code, rejection.params, language)
        yield _News(rejection.change, rejection.subject, told, reason)


def _wants(work: Work, change: Change, told: Told) -> bool:
    answer = work.answers.get(change.table)
    return answer is not None and told in answer.on and change.op != "read" and change.op not in ROWLESS


def _decoded(work: Work, stored: str) -> Change | None:
    try:
        return decode_change(work.tables, stored)
    except KeyError:
        return None  # of a table that the mapping has no more


def _keep(work: Work, found: Sequence[_News]) -> None:
    """Put into the outbox what is news of a change: what was told of it last is not told again, however often the row
    is tried. One that was refused, and is held once more, is."""
    if not found:
        return
    earlier: defaultdict[str, list[str]] = defaultdict(list)
    rows = {news.change.position: row_of(work.tables[news.change.table], news.change) for news in found}
    subjects = sorted({news.subject for news in found} | {*rows.values()})
    for _, key in sorted(work.database.each(SQL["answered"], (work.pipeline,), subjects), key=itemgetter(0)):
        base, _, told = str(key).rsplit("/", 2)
        earlier[base].append(told)
    postings = sorted({news.posting for news in found} - {""})
    refs = {str(row[0]): str(row[2]) for row in work.database.each(SQL["posted"], (work.pipeline,), postings)}
    made: list[Decided] = []
    for news in found:
        position = news.change.position
        base = f"answer/{news.change.table}/{position if len(position) <= POSITION_CHARS_MAX else digest(position)}"
        if earlier[base][-1:] != [news.told]:
            earlier[base].append(news.told)
            key = f"{base}/{len(earlier[base])}/{news.told}"
            made.append(Decided(key, "answer", news.change.table, rows[position], _body(work, news, refs)))
    decided.keep(work.database, work.pipeline, made, work.now)


def _body(work: Work, news: _News, vouchers: Mapping[str, str]) -> dict[str, object]:
    change, columns = news.change, work.answers[news.change.table].columns
    row = change.before if change.after is None else change.after
    assert row is not None, "see `_wants`"
    return {
        "state": news.told,
        "voucher": vouchers.get(news.posting, ""),
        "reason": news.reason,
        "by": news.by,
        "at": work.now,
        "op": change.op,
        "row": {name: _plain(row[place]) for name, place in columns.items()},
    }


def _plain(value: Value) -> object:
    return None if isinstance(value, Unchanged | Malformed) else plain(value)
