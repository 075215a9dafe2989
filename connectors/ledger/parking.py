"""Parked rows: how they come to rest, how they are taken up again, how they are released in order."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from connectors.ledger.standing import SQL, Work, integer, less
from syncd.change import Change, Value, key_text
from syncd.ports import Parked
from syncd.posting import Outcome, Rejection
from syncd.record import decode_change, encode_change, timestamp

_COLUMNS: Final = (
    *("pipeline", "id", "subject", "state", "rule", "source_table", "source_key", "code", "params", "waits_for"),
    *("change", "position", "committed_at", "parked_at", "attempts", "request", "approved"),
)
SUBJECT_ROWS_MAX = 10_000
"""Rows of one subject that are tried at once. A correction further behind than that would not be seen."""


def requested(work: Work, limit: int) -> Sequence[Parked]:
    """Rows that are to be tried again, each with all its followers, for the last of them may be what heals it; rows
    given up are settled on the way."""
    _discard(work)
    rows: list[Parked] = []
    database, pipeline = work.database, work.pipeline
    for (subject,) in database.query(SQL["asked"], (pipeline, limit)):
        waiting = integer(database.query(SQL["waiting"], (pipeline, subject))[0][0])
        if rows and len(rows) + waiting > limit:
            break
        rows += _open_rows(work, str(subject), SUBJECT_ROWS_MAX)
    if rows:
        database.execute(SQL["taken_up"], (pipeline, [row.id for row in rows]))
    return rows


def park(work: Work, outcomes: Sequence[Outcome]) -> None:
    """Store what was rejected while it was read, in source order."""
    standing = work.standing
    fresh = [o for o in outcomes if o.rejection is not None and o.parked_id is None]
    if not fresh:
        return
    first = standing.parked_seq + 1
    work.database.put("syncd.parked", _COLUMNS, (), "insert", [list(_rows(work, fresh, first))])
    standing.parked_seq += len(fresh)
    healed: dict[tuple[str, str], None] = {}
    for outcome in fresh:
        rejection = outcome.rejection
        assert rejection is not None
        standing.held[rejection.subject] += 1
        if rejection.waits_for:
            standing.awaited[rejection.waits_for] += 1
        if rejection.status == "behind" and outcome.change.op in ("update", "delete"):
            healed[outcome.change.table, rejection.subject] = None
    for table, subject in healed:
        work.database.execute(SQL["heal_head"], (work.pipeline, table, work.pipeline, subject))


def settle(work: Work, outcomes: Sequence[Outcome]) -> None:
    """Store what became of rows that were tried again, and let the next of each subject have its turn."""
    tried = [o for o in outcomes if o.parked_id is not None]
    for outcome in tried:
        if outcome.rejection is None:
            state = "posted" if outcome.postings else "ignored"
            work.database.execute(SQL["settle"], (state, work.now, work.pipeline, outcome.parked_id))
            less(work.standing.held, outcome.subject)
        else:
            _still_parked(work, outcome, outcome.rejection)
    release(work, {o.subject for o in tried})


def release(work: Work, subjects: Iterable[str]) -> None:
    """Ask for the first open row of each subject, if it waits behind nothing any more."""
    for subject in sorted(subjects):
        work.database.execute(SQL["release_head"], (work.pipeline, work.pipeline, subject))


def arrive(work: Work, references: frozenset[str]) -> None:
    """Ask for the rows that waited for these reference rows."""
    awaited = references & work.standing.awaited.keys()
    if awaited:
        work.database.execute(SQL["arrived"], (work.pipeline, sorted(awaited)))


def source_row(work: Work, change: Change) -> tuple[str, str]:
    """The table and key of the source row that a change is about; `*` for a whole table."""
    row = change.before if change.after is None else change.after
    return change.table, "*" if row is None else key_text(work.tables[change.table], row)


def _rows(work: Work, outcomes: Sequence[Outcome], first: int) -> Iterator[tuple[Value, ...]]:
    for parked_id, outcome in enumerate(outcomes, first):
        rejection, change = outcome.rejection, outcome.change
        assert rejection is not None
        yield (
            work.pipeline,
            parked_id,
            rejection.subject,
            rejection.status,
            rejection.rule,
            *source_row(work, change),
            rejection.code,
            json.dumps(dict(rejection.params), ensure_ascii=False),
            rejection.waits_for,
            encode_change(work.tables[change.table], change),
            change.position,
            timestamp(change.committed_at),
            work.now,
            1,
            "",
            "[]",
        )


def _discard(work: Work) -> None:
    given_up = work.database.query(SQL["discards"] + work.database.for_update, (work.pipeline,))
    if not given_up:
        return
    work.database.execute(SQL["discard"], (work.now, work.pipeline, [row[0] for row in given_up]))
    for _, subject, waits_for in given_up:
        less(work.standing.held, str(subject))
        if waits_for:
            less(work.standing.awaited, str(waits_for))
    release(work, {str(subject) for _, subject, _ in given_up})


def _open_rows(work: Work, subject: str, limit: int) -> list[Parked]:
    sql = SQL["open_rows"] + work.database.for_update
    rows: list[Parked] = []
    for parked_id, waits_for, stored, approved in work.database.query(sql, (work.pipeline, subject, limit)):
        change = _change(work, integer(parked_id), str(stored))
        if change is None:
            break  # what follows waits behind it
        if waits_for:
            less(work.standing.awaited, str(waits_for))
        rows.append(Parked(integer(parked_id), subject, change, frozenset(json.loads(str(approved)))))
    return rows


def _change(work: Work, id: int, stored: str) -> Change | None:
    try:
        return decode_change(work.tables, stored)
    except KeyError as missing:
        params = json.dumps({"table": str(missing.args[0])})
        work.database.execute(SQL["unreadable"], ("parked_unreadable", params, work.pipeline, id))
        return None


def _still_parked(work: Work, outcome: Outcome, rejection: Rejection) -> None:
    params = json.dumps(dict(rejection.params), ensure_ascii=False)
    work.database.execute(
        SQL["still_parked"],
        (
            *(rejection.status, rejection.rule, rejection.code, params, rejection.waits_for),
            *(work.pipeline, outcome.parked_id),
        ),
    )
    if rejection.waits_for:
        work.standing.awaited[rejection.waits_for] += 1
