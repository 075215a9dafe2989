"""Answers to the EAM, decided with what they tell: in the transaction that posts, parks or refuses a row.

A mapping that answers nothing never comes here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.ledger.state import SQL, Work
from syncd import decided
from syncd.change import ROWLESS, Change, Malformed, Unchanged, Value
from syncd.decided import Decided
from syncd.delivery import Told
from syncd.language import say
from syncd.posting import Gathered, Outcome, Rejection
from syncd.record import decode_change, plain

_OF_STATUS: Final[Mapping[str, Told]] = {"approval": "held", "failed": "parked"}


def answer(work: Work, outcomes: Sequence[Outcome], gathered: Gathered | None) -> None:
    """What a batch has to tell the EAM. A row that waits by itself for another, or behind one, is told nothing of: it
    is in nobody's hands. Neither is one that a snapshot reads: it was there before."""
    told = [*_of_rows(work, outcomes)] if gathered is None else [*_of_group(work, gathered, outcomes)]
    keys = [key for _, key in told if key]
    vouchers = {str(row[0]): str(row[2]) for row in work.database.each(SQL["posted"], (work.pipeline,), keys)}
    _keep(work, [one._replace(body={**one.body, "voucher": vouchers.get(key, "")}) for one, key in told])


def reject(work: Work) -> None:
    """What is told of rows that somebody refuses who may approve them."""
    made: list[Decided] = []
    for _, subject, stored, action in work.database.query(SQL["rejected"], (work.pipeline,)):
        change = _decoded(work, str(stored))
        if change is not None and _wants(work, change, "rejected"):
            by, reason = next(iter(work.database.query(SQL["action"], (action,))), ("", ""))
            made.append(_made(work, change, str(subject), "rejected", str(reason), str(by)))
    _keep(work, made)


def _of_rows(work: Work, outcomes: Sequence[Outcome]) -> Iterator[tuple[Decided, str]]:
    """What is told, and the key of the posting whose voucher it names."""
    for outcome in outcomes:
        rejection = outcome.rejection
        if rejection is not None:
            yield from _of_rejection(work, rejection)
        elif outcome.postings and _wants(work, outcome.change, "posted"):
            posted = [posting for posting in outcome.postings if posting.collected is None]
            vouchers = [posting.key for posting in posted if posting.voucher is not None]
            if posted:
                key = (vouchers or [posted[-1].key])[-1]
                yield _made(work, outcome.change, outcome.subject, "posted"), key


def _of_group(work: Work, gathered: Gathered, outcomes: Sequence[Outcome]) -> Iterator[tuple[Decided, str]]:
    """The same of the collected rows that a group's posting took."""
    for outcome in outcomes:
        if outcome.rejection is not None:
            yield from _of_rejection(work, outcome.rejection)
            continue
        for posting in outcome.postings:
            params = (work.pipeline, gathered.rule, gathered.group, posting.key)
            for subject, stored in work.database.query(SQL["group_taken"], params):
                change = _decoded(work, str(stored))
                if change is not None and _wants(work, change, "posted"):
                    yield _made(work, change, str(subject), "posted"), posting.key


def _of_rejection(work: Work, rejection: Rejection) -> Iterator[tuple[Decided, str]]:
    told = _OF_STATUS.get(rejection.status)
    if told is not None and not rejection.waits_for and _wants(work, rejection.change, told):
        answer = work.answers[rejection.change.table]
        reason = say(rejection.code, rejection.params, answer.language)
        yield _made(work, rejection.change, rejection.subject, told, reason), ""


def _wants(work: Work, change: Change, told: Told) -> bool:
    answer = work.answers.get(change.table)
    return answer is not None and told in answer.on and change.op != "read" and change.op not in ROWLESS


def _made(work: Work, change: Change, subject: str, told: Told, reason: str = "", by: str = "") -> Decided:
    answer, row = work.answers[change.table], change.before if change.after is None else change.after
    assert row is not None, "see `_wants`"
    body = {
        "state": told,
        "voucher": "",
        "reason": reason,
        "by": by,
        "at": work.now,
        "op": change.op,
        "row": {name: _plain(row[place]) for name, place in answer.columns.items()},
    }
    return Decided(f"answer/{change.table}/{change.position}/{told}", "answer", change.table, subject, body)


def _plain(value: Value) -> object:
    return None if isinstance(value, Unchanged | Malformed) else plain(value)


def _decoded(work: Work, stored: str) -> Change | None:
    try:
        return decode_change(work.tables, stored)
    except KeyError:
        return None  # of a table that the mapping has no more


def _keep(work: Work, made: Sequence[Decided]) -> None:
    decided.keep(work.database, work.pipeline, made, work.now)
