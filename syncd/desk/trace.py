"""`syncd trace`: the whole life of an asset, from the source row through rule and voucher to the card; and the way
back, from a voucher, one of its entries, a key or a source row to the assets that it is about.

It is read from the record alone, so that it says what happened and not what the mapping says today.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from syncd import statements
from syncd.audit import CONTENTS
from syncd.language import Language, say
from syncd.ports import Ledger
from syncd.posting import Voucher
from syncd.record import decode_cards, decode_voucher, moment

SQL: Final = statements.load("syncd.desk", "trace.sql")
NAMED_MAX: Final = 100
LIVES_MAX: Final = 20
SHARES_MAX: Final = 10_000


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


class Share(NamedTuple):
    """A source row in a group's voucher: whose it is, its key, and what the source said, from which its share of the
    entries comes."""

    subject: str
    source: str
    position: str
    row: Mapping[str, object]


class Origin(NamedTuple):
    """What was asked for: the posting behind a voucher, an entry or a key. `line` is the entry's number, 0 for the
    whole voucher; `shares` are the rows of a group, the first of them."""

    pipeline: str
    seq: int
    key: str
    voucher_ref: str
    line: int
    shares: Sequence[Share]


class Traced(NamedTuple):
    """What is known of something: the postings that it names, and the lives of the subjects behind it."""

    asked: str
    origins: Sequence[Origin]
    lives: Sequence["Life"]


class Life(NamedTuple):
    """All that is known of a subject, each part in order. `card` is the card as the postings left it."""

    subject: str
    steps: Sequence[Step]
    collected: Sequence[CollectedStep]
    parked: Sequence[ParkedStep]
    actions: Sequence[Act]
    card: Mapping[str, object]


def find(ledger: Ledger, asked: str) -> Traced:
    """By a voucher's reference, with `/LINE` behind it one of its entries, a posting's key, a source row `table:key`,
    or a subject; what is not known has neither postings nor lives."""
    voucher, slash, line = asked.rpartition("/")
    is_line = bool(slash) and line.isdecimal()
    rows = ledger.query(SQL["named"], (asked, asked, asked, NAMED_MAX))
    number = 0
    if not rows and is_line:
        rows, number = ledger.query(SQL["named"], ("", "", voucher, NAMED_MAX)), int(line)
    if not rows:
        for pipeline, posted, _ in ledger.query(SQL["collected_of"], (asked, NAMED_MAX)):
            rows += [row for row in ledger.query(SQL["named"], (posted, "", "", NAMED_MAX)) if row[0] == pipeline]
    origins = [_origin(ledger, row, number) for row in rows]
    subjects = dict.fromkeys(str(row[3]) for row in rows)
    subjects |= dict.fromkeys(share.subject for origin in origins for share in origin.shares)
    table, colon, key = asked.partition(":")
    if colon:
        parked = ledger.query(SQL["parked_of"], (table, key, NAMED_MAX))
        subjects |= dict.fromkeys(str(subject) for (subject,) in parked)
    lives = [trace(ledger, subject) for subject in [*subjects][:LIVES_MAX] or [asked]]
    return Traced(asked, origins, [life for life in lives if life.steps or life.collected or life.parked])


def nothing(subject: str) -> "Life":
    """The life of what is not known."""
    return Life(subject, (), (), (), (), {})


def told(act: Act, language: Language | None = None) -> str:
    """What an action changed, or whose role it took: of an edit each column's old and new value, as they were typed."""
    if act.action != "edit":
        role, of = str(act.detail.get("role", "")), act.detail.get("instead_of")
        return say("role_instead", {"role": role, "of": of}, language) if of else role
    edited = {name: value for name, value in act.detail.items() if name != CONTENTS}
    return ", ".join(f"{name}: {_change(value)}" for name, value in edited.items())


def about(act: Act, language: Language | None = None) -> str:
    """The row that an action is about, in words."""
    kind, _, number = act.target.partition("/")
    return say("act_row", {"id": number}, language) if kind == "parked" else act.target


def _change(value: object) -> str:
    return " → ".join(map(_typed, value)) if isinstance(value, list) and len(value) == 2 else str(value)


def _typed(value: object) -> str:
    """A value of a row as somebody typed it: of a malformed one its text."""
    return str(value.get("malformed", value) if isinstance(value, dict) else "NULL" if value is None else value)


def _origin(ledger: Ledger, row: Sequence[object], line: int) -> Origin:
    pipeline, seq, key, _, voucher = row
    shares: list[Share] = []
    for *collected, subject in ledger.query(SQL["shares"], (pipeline, key, SHARES_MAX)):
        step = _collected(collected)
        said = json.loads(str(collected[3]))
        shares.append(Share(str(subject), str(said["table"]), step.position, step.row))
    return Origin(str(pipeline), int(str(seq)), str(key), str(voucher), line, shares)


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
