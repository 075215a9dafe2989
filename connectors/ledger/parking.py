"""Parked rows: how they come to rest, how they are taken up again, how they are released in order."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from connectors.ledger import answering, collecting, parked_events
from connectors.ledger.fitting import change_text
from connectors.ledger.state import FOLDED_MAX, SQL, Folded, Work, integer
from syncd.audit import Event, accepts, digest
from syncd.change import Change, Position, Value
from syncd.folding import fold, fold_sent, follows, old_row_of, row_of
from syncd.overtaken import is_made_anew, is_otherwise, is_overtaken
from syncd.ports import Corrected, Parked
from syncd.posting import IN_TRANSACTION, Outcome, Rejection
from syncd.record import decode_change, timestamp

_COLUMNS: Final = (
    *("pipeline", "id", "subject", "state", "rule", "source_table", "source_key", "code", "params", "waits_for"),
    *("change", "position", "committed_at", "parked_at", "attempts", "request", "approved"),
)
BY_HAND: Final = "cause_manual"
"""Why both sides differ where finance's people have made a voucher: that is no row of the EAM."""
SUBJECT_ROWS_MAX = 10_000
"""Rows of one subject that are tried at once. A correction further behind than that would not be seen."""


def requested(work: Work, limit: int) -> Sequence[Parked]:
    """Rows that are to be tried again, each with all its followers, for the last of them may be what heals it; where
    all that came is a correction, the first row with every correction folded in. Rows given up are settled on the
    way."""
    _discard(work)
    _reopen(work)
    _accept(work)
    rows: list[Parked] = []
    database, pipeline, holds = work.database, work.pipeline, work.state.holds
    for subject, is_correction in database.query(SQL["asked"], (pipeline, limit)):
        if rows and len(rows) + (1 if is_correction else holds.count(str(subject))) > limit:
            break
        if is_correction:
            rows += _corrected(work, str(subject))
        else:
            work.state.folded.pop(str(subject), None)
            rows += _open_rows(work, str(subject), 0)
            database.execute(SQL["taken_up"], (pipeline, subject))
    return rows


def park(work: Work, outcomes: Sequence[Outcome], again: bool) -> None:
    """Store what was rejected while it was read, in source order. `again`: when it was collected it may have come from
    the parked rows."""
    state = work.state
    fresh = [(work.numbers[o.change.position], o) for o in outcomes if o.rejection is not None and o.parked_id is None]
    events: list[Event] = []
    new = [(number, o) for number, o in fresh if not (again and _reopened(work, number, o, events))]
    if new:
        rows = list(_rows(work, new))
        work.database.put("syncd.parked", _COLUMNS, (), "insert", [rows])
        events += map(_born, rows)
    parked_events.record(work, events)
    healed: dict[tuple[str, str], None] = {}
    for parked_id, outcome in fresh:
        rejection, table = outcome.rejection, work.tables[outcome.change.table]
        assert rejection is not None
        if rejection.status == "behind" and old_row_of(table, outcome.change) in state.holds.rows:
            healed[table.alias, rejection.subject] = None
        state.holds.add(parked_id, rejection.subject, row_of(table, outcome.change), rejection.waits_for)
    for alias, subject in healed:
        head = state.holds.heads[subject]
        if head.waits_for.startswith("card:"):  # a row behind it, corrected now, may open the card
            work.database.execute(SQL["retry_head"], (work.pipeline, head.id))
        else:
            work.database.execute(SQL["heal_head"], (work.pipeline, head.id, alias))


def settle(work: Work, outcomes: Sequence[Outcome]) -> None:
    """Store what became of rows that were tried again, and let the next of each subject have its turn."""
    tried = [o for o in outcomes if o.parked_id is not None]
    subjects: dict[str, None] = {}
    still: set[int] = set()
    holds = work.state.holds
    events: list[Event] = []
    for outcome in tried:
        assert outcome.parked_id is not None
        subject = holds.subject(outcome.parked_id)
        if outcome.rejection is None:
            state = "posted" if outcome.postings else "ignored"
            work.database.execute(SQL["settle"], (state, work.now, work.pipeline, outcome.parked_id))
            events.append(Event(outcome.parked_id, "settled", state=state))
            holds.remove(outcome.parked_id)
            collecting.settled(work, outcome.parked_id)
        else:
            events.append(_still_parked(work, outcome.parked_id, outcome.rejection))
            still.add(outcome.parked_id)
        head = holds.heads.get(subject)
        if head is None or head.id != outcome.parked_id:  # another one is the first now, or under a subject of its own
            work.state.folded.pop(subject, None)
        if outcome.rejection is not None and outcome.rejection.subject != subject:
            work.state.folded.pop(outcome.rejection.subject, None)
            subjects[outcome.rejection.subject] = None
        subjects[subject] = None
    parked_events.record(work, events)
    release(work, subjects, still)


def release(work: Work, subjects: Iterable[str], tried: Collection[int] = ()) -> None:
    """Ask for the first open row of each subject, if it waits behind nothing any more. One that was just tried says
    itself what it waits for."""
    for subject in sorted(subjects):
        head = work.state.holds.heads.get(subject)
        if head is not None and head.id not in tried:
            work.database.execute(SQL["release_head"], (work.pipeline, head.id))


def arrive(work: Work, arrived: frozenset[str]) -> None:
    """Ask for the rows that waited for this, where they are the first of their subject. What waited for a group may
    have got a row of it before itself that could not be posted."""
    holds = work.state.holds
    found = arrived & holds.awaited.keys()
    if found:
        waiting = work.database.query(SQL["waiting"], (work.pipeline, sorted(found)))
        first = [parked_id for parked_id, subject in waiting if holds.heads[str(subject)].id == parked_id]
        if first:
            work.database.execute(SQL["arrived"], (work.pipeline, first))


def defer(work: Work, arrived: frozenset[str]) -> None:
    """Have the rows that waited for this wait for the end of the transaction that has brought it."""
    found = arrived & work.state.holds.awaited.keys()
    if found:
        rows = work.database.query(SQL["waiting"], (work.pipeline, sorted(found)))
        work.database.execute(SQL["defer"], (IN_TRANSACTION, work.pipeline, [row[0] for row in rows]))
        for parked_id, subject in rows:
            work.state.holds.change(integer(parked_id), str(subject), IN_TRANSACTION)


def _reopened(work: Work, number: int, outcome: Outcome, events: list[Event]) -> bool:
    rejection = outcome.rejection
    assert rejection is not None
    change = change_text(work.tables[outcome.change.table], outcome.change, work.database.text_bytes_max)
    if not work.database.execute(SQL["reopen"], (*_said(rejection), change, work.pipeline, number)):
        return False
    events.append(Event(number, "reopened", *_said(rejection)[:5])._replace(content=digest(change)))
    return True


def _born(row: tuple[Value, ...]) -> Event:
    """Of a row in the order of `_COLUMNS`."""
    named = dict(zip(_COLUMNS, map(str, row), strict=True))
    held = {name: named[name] for name in ("subject", "state", "rule", "code", "params")}
    came = (named[name] for name in ("source_table", "source_key", "position", "committed_at", "parked_at"))
    return Event(int(named["id"]), "parked", origin=digest(*came), content=digest(named["change"]), **held)


def _said(rejection: Rejection) -> tuple[str, ...]:
    params = json.dumps(dict(rejection.params), ensure_ascii=False)
    return rejection.subject, rejection.status, rejection.rule, rejection.code, params, rejection.waits_for


def _rows(work: Work, outcomes: Sequence[tuple[int, Outcome]]) -> Iterator[tuple[Value, ...]]:
    for parked_id, outcome in outcomes:
        rejection, change = outcome.rejection, outcome.change
        assert rejection is not None
        table = work.tables[change.table]
        yield (
            work.pipeline,
            parked_id,
            rejection.subject,
            rejection.status,
            rejection.rule,
            *row_of(table, change).split(":", 1),
            rejection.code,
            json.dumps(dict(rejection.params), ensure_ascii=False),
            rejection.waits_for,
            change_text(table, change, work.database.text_bytes_max),
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
    if work.answers:
        answering.reject(work)
    work.database.execute(SQL["discard"], (work.now, work.pipeline, [row[0] for row in given_up]))
    parked_events.record(work, [Event(integer(row[0]), "settled", state="discarded") for row in given_up])
    for parked_id, subject in given_up:
        work.state.holds.remove(integer(parked_id))
        work.state.folded.pop(str(subject), None)
        collecting.settled(work, integer(parked_id))
    release(work, {str(subject) for _, subject in given_up})


def _reopen(work: Work) -> None:
    """Rows that were rejected, and that people want judged once more, take their places again; not where something
    behind them has gone on meanwhile."""
    asked = work.database.query(SQL["reopenings"] + work.database.for_update, (work.pipeline,))
    for parked_id, subject, rule, code, params, key, change, sent, settled_at in asked:
        number = integer(parked_id)
        try:
            row = decode_change(work.tables, str(change))
            stays = is_made_anew(work.database.query, work.pipeline, str(row.position), str(key)) or is_overtaken(
                work.database.query, work.tables, work.pipeline, number, *map(str, (subject, settled_at, sent, key))
            )
        except KeyError:
            stays = True
        if stays:
            work.database.execute(SQL["stays_rejected"], (work.pipeline, number))
            continue
        work.database.execute(SQL["reopen_rejected"], (work.pipeline, number))
        held = map(str, (subject, "approval", rule, code, params))
        parked_events.record(work, [Event(number, "reopened", *held)])
        work.state.folded.pop(str(subject), None)
        work.state.holds.add(number, str(subject), row_of(work.tables[row.table], row), "")


def _accept(work: Work) -> None:
    """What people have accepted of what a reconciliation proposed comes to rest as a parked row that is to be tried,
    and is one as any other from here on. What the EAM has changed since, or the mapping has no table for any more, is
    taken back: the next reconciliation tells what still differs."""
    accepted = [*_accepted(work)]
    for run, asset, stored, cause in accepted:
        try:
            change = decode_change(work.tables, str(stored))
            key = row_of(work.tables[change.table], change).split(":", 1)[1]
            is_past = cause != BY_HAND and is_otherwise(
                work.database.query, work.tables, work.pipeline, str(stored), key
            )
        except KeyError:
            is_past = True
        if is_past:
            work.database.execute(SQL["accept"], ("", work.pipeline, run, str(stored)))
            continue
        work.state.parked_seq += 1
        number = work.state.parked_seq
        row = row_of(work.tables[change.table], change)
        position = Position(f"{work.state.position}#{run}.{asset or row}")
        change = change._replace(position=position)
        subject = str(asset) or row
        rejection = Rejection(change, subject, "", "failed", "difference_accepted", {"run": str(run)})
        rows = [(*row[:-2], "retry", "[]") for row in _rows(work, [(number, Outcome(change, subject, (), rejection))])]
        work.database.put("syncd.parked", _COLUMNS, (), "insert", [rows])
        parked_events.record(work, map(_born, rows))
        work.state.holds.add(number, subject, row, "")
        work.database.execute(SQL["accept"], (str(number), work.pipeline, run, str(stored)))
    if accepted:
        work.database.execute(SQL["parked_seq"], (work.state.parked_seq, work.pipeline))


def _accepted(work: Work) -> Iterator[Sequence[object]]:
    """As the chain of actions says: what only the table says stays where it is, and `syncd audit verify` tells of it.
    What a version before 0.3.0 accepted without a digest is accepted by nobody, and the next reconciliation proposes it
    anew."""
    for row in work.database.query(SQL["accepted"], (work.pipeline,)):
        run, _, stored, _ = row
        actions = work.database.query(SQL["accepting"], (work.pipeline, f"difference/{run}/%"))
        wanted = {accepts(str(target), str(detail)) for target, detail in actions}
        if (str(run), digest(str(stored))) in wanted:
            yield row
        elif (str(run), "") in wanted:
            work.database.execute(SQL["accept"], ("", work.pipeline, run, str(stored)))


def _corrected(work: Work, subject: str) -> list[Parked]:
    """The first row of a subject with every correction folded in; nothing when there is no new one among what came."""
    known = work.state.folded.get(subject)
    if known is not None and known.row.id != work.state.holds.heads[subject].id:
        known = None  # a row of a group that could not be posted has come before it
    rows: Sequence[Parked] = _open_rows(work, subject, known.last if known else 0)
    if known is None:
        known, rows = _folded(work, rows)
    if known is None:
        work.database.execute(SQL["heal_taken_up"], (0, work.pipeline, subject))
        return []
    came = _corrections(work, known.row, rows)
    last = rows[-1].id if rows else known.last
    work.database.execute(SQL["heal_taken_up"], (last, work.pipeline, subject))
    waits_for = work.state.holds.heads[subject].waits_for if known.row.corrected else ""
    row = known.row._replace(corrected=came or known.row.corrected, waits_for=waits_for)
    if len(work.state.folded) >= FOLDED_MAX:
        work.state.folded.clear()
    work.state.folded[subject] = Folded(row._replace(corrected=row.corrected[-1:]), last)
    return [row] if came else []


def _folded(work: Work, rows: Sequence[Parked]) -> tuple[Folded | None, Sequence[Parked]]:
    """The first row as it was tried last, and the rows behind it that it was not tried with."""
    if not rows:
        return None, ()
    head, *behind = rows
    last = max(head.id, integer(work.database.query(SQL["folded"], (work.pipeline, head.id))[0][0]))
    corrected = _corrections(work, head, [row for row in behind if row.id <= last])
    return Folded(head._replace(corrected=corrected[-1:]), last), [row for row in behind if row.id > last]


def _corrections(work: Work, row: Parked, behind: Sequence[Parked]) -> tuple[Corrected, ...]:
    """A row with each of the corrections among what came behind it, folded into the one before."""
    change, folded, sent = row.corrected[-1] if row.corrected else Corrected(row.change, (), row.sent)
    came: list[Corrected] = []
    for later in behind:
        if change is not None and follows(work.tables[change.table], change, later.change):
            sent = fold_sent(change, sent, later.change, later.sent)
            change, folded = fold(change, later.change), (*folded, later.id)
            came.append(Corrected(change, folded, sent))
    return tuple(came)


def _open_rows(work: Work, subject: str, after: int) -> list[Parked]:
    sql = SQL["open_rows"] + work.database.for_update
    rows: list[Parked] = []
    for parked_id, stored, original, approved in work.database.query(
        sql, (work.pipeline, subject, after, SUBJECT_ROWS_MAX)
    ):
        change = _change(work, integer(parked_id), str(stored))
        if change is None:
            break  # what follows waits behind it
        given: frozenset[str] = frozenset(json.loads(str(approved)))
        sent = None if original is None else decode_change(work.tables, str(original))
        rows.append(Parked(integer(parked_id), subject, change, given, sent=sent))
    return rows


def _change(work: Work, id: int, stored: str) -> Change | None:
    try:
        return decode_change(work.tables, stored)
    except KeyError as missing:
        params = json.dumps({"table": str(missing.args[0])})
        work.database.execute(SQL["unreadable"], ("parked_unreadable", params, work.pipeline, id))
        said = Event(id, "unreadable", state="failed", code="parked_unreadable", params=params)
        parked_events.record(work, [said])
        return None


def _still_parked(work: Work, id: int, rejection: Rejection) -> Event:
    work.database.execute(SQL["still_parked"], (*_said(rejection), work.pipeline, id))
    work.state.holds.change(id, rejection.subject, rejection.waits_for)
    return Event(id, "again", *_said(rejection)[:5])
