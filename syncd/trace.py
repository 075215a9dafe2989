"""`syncd trace ASSET`: the whole life of an asset, from the source row through rule and voucher to the card.

It is read from the record alone, so that it says what happened and not what the mapping says today.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from syncd import statements
from syncd.ports import Ledger
from syncd.posting import Voucher
from syncd.record import decode_cards, decode_voucher, moment

SQL: Final = statements.load("syncd", "trace.sql")


class CardChange(NamedTuple):
    """A field of the card before and after a posting; `before` is None for one that was not yet known."""

    field: str
    before: object
    after: object


class Step(NamedTuple):
    """A posting in the asset's life. `voucher_ref` is what finance calls the voucher, empty where it made none;
    `reverses` and `reversed_by` are keys of postings, or empty."""

    pipeline: str
    seq: int
    key: str
    rule: str
    position: str
    committed_at: datetime
    posted_at: datetime
    mapping_hash: str
    voucher_ref: str
    voucher: Voucher | None
    reverses: str
    reversed_by: str
    card: Sequence[CardChange]


class CollectedStep(NamedTuple):
    """A row that goes into its group's voucher; `posted` is the key of the posting that took it, or empty. `row` is
    what the source said."""

    pipeline: str
    rule: str
    group: str
    position: str
    row: Mapping[str, object]
    posted: str


class ParkedStep(NamedTuple):
    """A change that could not be posted when it came."""

    pipeline: str
    id: int
    state: str
    rule: str
    code: str
    params: Mapping[str, str]
    position: str
    committed_at: datetime
    parked_at: datetime
    attempts: int
    settled_at: datetime | None


class Act(NamedTuple):
    """What a person did about a parked row."""

    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    detail: Mapping[str, object]


class Life(NamedTuple):
    """All that is known of a subject, each part in order. `card` is the card as the postings left it."""

    subject: str
    steps: Sequence[Step]
    collected: Sequence[CollectedStep]
    parked: Sequence[ParkedStep]
    actions: Sequence[Act]
    card: Mapping[str, object]


def trace(ledger: Ledger, subject: str) -> Life:
    """The life of a subject; one that is not known has no steps."""
    card: dict[str, object] = {}
    steps = [_step(row, subject, card) for row in ledger.query(SQL["postings"], (subject, subject))]
    collected = [_collected(row) for row in ledger.query(SQL["collected"], (subject,))]
    parked = [_parked(row) for row in ledger.query(SQL["parked"], (subject,))]
    actions = [_act(row) for row in ledger.query(SQL["actions"], (subject,))]
    return Life(subject, steps, collected, parked, actions, card)


def _step(row: Sequence[object], subject: str, card: dict[str, object]) -> Step:
    pipeline, seq, key, rule, ref, reverses, mapping_hash, position, committed_at, posted_at, content, by = map(
        str, row
    )
    changes = []
    for asset_code, _, fields in decode_cards(content):
        if asset_code == subject:
            changes += [CardChange(name, card.get(name), value) for name, value in fields.items()]
            card.update(fields)
    changed = [change for change in changes if change.before != change.after]
    times = moment(committed_at), moment(posted_at)
    return Step(
        *(pipeline, int(seq), key, rule, position, *times),
        *(mapping_hash, ref, decode_voucher(content), reverses, by, changed),
    )


def _collected(row: Sequence[object]) -> CollectedStep:
    pipeline, rule, group, change, position, posted = map(str, row)
    said = json.loads(change)
    return CollectedStep(pipeline, rule, group, position, said["after"] or said["before"] or {}, posted)


def _parked(row: Sequence[object]) -> ParkedStep:
    pipeline, number, state, rule, code, params, position, committed_at, parked_at, attempts = map(str, row[:-1])
    settled_at = None if row[-1] is None else moment(str(row[-1]))
    times = moment(committed_at), moment(parked_at)
    return ParkedStep(
        pipeline, int(number), state, rule, code, json.loads(params), position, *times, int(attempts), settled_at
    )


def _act(row: Sequence[object]) -> Act:
    at, actor, action, target, reason, detail = map(str, row)
    return Act(moment(at), actor, action, target, reason, json.loads(detail))
