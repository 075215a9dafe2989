"""The chain of what became of parked rows. Written in the transaction that parks, tries again or settles them; a change
that is not parked costs nothing here."""

from collections.abc import Iterable, Sequence
from typing import Final

from connectors.ledger.state import SQL, Work, integer
from syncd import audit
from syncd.audit import Event
from syncd.change import Value

_COLUMNS: Final = ("pipeline", *audit.EVENT, "hash")
STRETCH_ROWS: Final = 1_000


def begin(work: Work) -> None:
    """Begin the chain, with the rows that were parked before there was one."""
    work.state.event_hash = audit.GENESIS
    last = 0
    while rows := work.database.query(SQL["parked_before"], (work.pipeline, last, STRETCH_ROWS)):
        record(work, map(_kept, rows))
        last = integer(rows[-1][0])
    _move_head(work)


def record(work: Work, events: Iterable[Event]) -> None:
    """Chain events to all earlier ones."""
    state = work.state
    rows: list[tuple[Value, ...]] = []
    for event in events:
        state.event_seq += 1
        fields = (str(state.event_seq), str(event.id), work.now, *event[1:])
        state.event_hash = audit.seal(state.event_hash, fields)
        rows.append((work.pipeline, state.event_seq, event.id, work.now, *event[1:], state.event_hash))
    if rows:
        work.database.put("syncd.parked_event", _COLUMNS, (), "insert", [rows])
        _move_head(work)


def _kept(row: Sequence[object]) -> Event:
    number, subject, state, rule, code, params, *came, change, original, settled_at, attempts = row
    was, ended = (None if text is None else str(text) for text in (original, settled_at))
    content = audit.kept_content(str(change), was, ended, integer(attempts))
    held = (str(subject), str(state), str(rule), str(code), str(params))
    return Event(integer(number), "kept", *held, audit.digest(*map(str, came)), content)


def _move_head(work: Work) -> None:
    work.database.send(SQL["events_end"], (work.state.event_seq, work.state.event_hash, work.pipeline))
