"""`syncd trace`: the whole life of an asset, from the source row through rule and voucher to the card; and the way
back, from a voucher, one of its entries, a key, a document or a source row to the assets that it is about.

It is read from the record alone, so that it says what happened and not what the mapping says today.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple

from syncd import statements
from syncd.audit import CONTENTS
from syncd.change import Table, key_text
from syncd.desk import shares
from syncd.desk.shares import SQL, SharedRow, Shares
from syncd.errors import WrongUsage
from syncd.language import Language, say
from syncd.ports import Ledger
from syncd.posting import Entry, Voucher
from syncd.record import RENAMED_LIKE, decode_change, moment, read_voucher, renamed, timestamp

NAMED_MAX: Final = 100
LIVES_MAX: Final = 20
SHARES_MAX: Final = 10_000
ACTS_MAX: Final = 1_000
HASH_DIGITS: Final = 12
ABOUT: Final = ("parked", "mapping", "depreciation")
"""What actions are about that have words."""
LOOKED_MAX: Final = 10_000
"""Rows that may name a document."""


class CardChange(NamedTuple):
    """A field of the card before and after a posting; `before` is None for one that was not yet known."""

    field: str
    before: object
    after: object


class Line(NamedTuple):
    """An entry of a voucher as an asset's life tells it: its number, and of a group's voucher the asset's share, None
    where that is not known."""

    number: int
    entry: Entry
    share: Decimal | None


class Step(NamedTuple):
    """A posting in the asset's life. `voucher_ref` is what finance calls the voucher, empty where it made none;
    `reverses` and `reversed_by` are keys of postings, or empty. Of a group's voucher `lines` are those into which a row
    of the asset went, `rows` how many rows the group had, and `told` whence the shares are known; otherwise `lines` are
    all, and `rows` is 0."""

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
    lines: Sequence[Line] = ()
    rows: int = 0
    told: str = ""


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
    """What a person did: about a parked row, the mapping, a run of depreciation."""

    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    detail: Mapping[str, object]


class Origin(NamedTuple):
    """What was asked for: the posting behind a voucher, an entry, a document or a key. `line` is the entry's number, 0
    for the whole voucher. Of a group `group` are the shares of its rows and `shares` the first of the rows themselves;
    of an entry those alone that went into it. `actions` are what people did to the rows that it
    came from, before them who answered for the mapping and who approved the run that made them."""

    pipeline: str
    seq: int
    key: str
    voucher_ref: str
    line: int
    step: Step
    group: Shares | None
    shares: Sequence[SharedRow]
    actions: Sequence[Act]


class Traced(NamedTuple):
    """What is known of something: the postings that it names, and the lives of the subjects behind it, the first of
    them."""

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


def find(ledger: Ledger, asked: str, tables: Mapping[str, Table] = {}, shares_max: int | None = SHARES_MAX) -> Traced:
    """By a voucher's reference, with `/LINE` behind it one of its entries, the key of a posting or of a collected row,
    a source row `table:key`, a subject, or the number of a document: one in a voucher's header, else one in a column of
    a source row. Tried in this order; what is not known has neither postings nor lives. `tables` are the mapping's, by
    which a collected row is known by its key."""
    rows, line, subjects = _named(ledger, asked, tables)
    if not rows and not subjects:
        if own := lives(ledger, asked):
            return Traced(asked, [], own)
        rows, subjects = _documented(ledger, asked)
    origins = [_origin(ledger, row, line, shares_max) for row in rows]
    theirs = [str(row[4]) for row in rows if not shares.is_group(str(row[3]), str(row[4]))]
    subjects = [*dict.fromkeys([*theirs, *(one.subject for origin in origins for one in origin.shares), *subjects])]
    every = [code for subject in subjects[:LIVES_MAX] if subject for code in _called(ledger, subject)]
    told = [trace(ledger, subject) for subject in dict.fromkeys(every)]
    return Traced(asked, origins, [life for life in told if life.steps or life.collected or life.parked])


def posting(ledger: Ledger, pipeline: str, seq: int, line: int = 0, shares_max: int | None = SHARES_MAX) -> Origin:
    """One posting by its number, an entry of it where a line is given. Raises WrongUsage where there is none."""
    for row in ledger.query(SQL["numbered"], (seq, pipeline)):
        return _origin(ledger, row, line, shares_max)
    raise WrongUsage("trace_no_posting", seq=seq, pipeline=pipeline)


def number_of(ledger: Ledger, pipeline: str, key: str) -> int:
    """The number of the posting with a key; 0 where there is none."""
    rows = ledger.query(SQL["number_of"], (key, pipeline))
    return int(str(rows[0][0])) if rows else 0


def lives(ledger: Ledger, subject: str) -> list["Life"]:
    """The lives under every code that an asset has had; none of one that is not known."""
    found = [trace(ledger, code) for code in _called(ledger, subject)]
    return [life for life in found if life.steps or life.collected or life.parked]


def _called(ledger: Ledger, subject: str) -> list[str]:
    """Every code that an asset has had, the oldest first: who asks by one is told the whole life."""
    pairs: dict[tuple[str, str], None] = {}
    asked: list[str] = []
    left = [subject]
    while left and len(asked) < LIVES_MAX:
        asked.append(left.pop())
        for (content,) in ledger.query(SQL["renamed"], (RENAMED_LIKE, asked[-1])):
            for old, new in renamed(str(content)):
                if asked[-1] in (old, new):
                    pairs[old, new] = None
                    left += [code for code in (old, new) if code not in (*asked, *left)]
    before = {new: old for old, new in pairs}
    first = subject
    while first in before and before[first] != subject:
        first = before.pop(first)
    after = dict(pairs.keys())
    found = [first]
    while (following := after.get(found[-1])) is not None and following not in found:
        found.append(following)
    return found


def nothing(subject: str) -> "Life":
    """The life of what is not known."""
    return Life(subject, (), (), (), (), {})


Rows = Sequence[Sequence[object]]


def _named(ledger: Ledger, asked: str, tables: Mapping[str, Table]) -> tuple[Rows, int, list[str]]:
    """The postings that are called so, the number of the entry that is asked for, and subjects without a posting."""
    if rows := _postings(ledger, key=asked, source=asked, voucher=asked):
        return rows, 0, []
    voucher, slash, line = asked.rpartition("/")
    if slash and line.isdecimal() and (rows := _postings(ledger, voucher=voucher)):
        return [row for row in rows if _has_line(row, int(line))], int(line), []
    found = ledger.query(SQL["collected_of"], (asked, NAMED_MAX)) or _collected_from(ledger, asked, tables)
    keys = dict.fromkeys((str(pipeline), str(posted)) for pipeline, posted, _ in found if posted)
    rows = [row for pipeline, key in keys for row in _postings(ledger, key=key) if row[0] == pipeline]
    subjects = [str(subject) for *_, subject in found]
    table, colon, key = asked.partition(":")
    if colon:
        subjects += [str(subject) for (subject,) in ledger.query(SQL["parked_of"], (table, key, NAMED_MAX))]
    return rows, 0, subjects


def _postings(ledger: Ledger, key: str = "", source: str = "", voucher: str = "") -> Rows:
    return ledger.query(SQL["named"], (key, source, voucher, NAMED_MAX))


def _has_line(row: Sequence[object], line: int) -> bool:
    voucher = read_voucher(json.loads(str(row[11])))
    return voucher is not None and 1 <= line <= len(voucher.entries)


def _collected_from(ledger: Ledger, asked: str, tables: Mapping[str, Table]) -> list[tuple[object, ...]]:
    """Collected rows of a source row `table:key`."""
    alias, _, key = asked.partition(":")
    table = tables.get(alias)
    if table is None:
        return []
    first = table.columns[table.key[0]].name
    found: list[tuple[object, ...]] = []
    like = statements.like(f'"table":{_json(alias)},', f"{_json(first)}:", key.partition("|")[0])
    for pipeline, posted, subject, text in ledger.query(SQL["collected_like"], (like,)):
        change = decode_change({alias: table}, str(text))
        if key_text(table, change.after or change.before or ()) == key:
            found.append((pipeline, posted, subject))
    return found


def _documented(ledger: Ledger, asked: str) -> tuple[Rows, list[str]]:
    """Postings whose voucher's header names a document so; else those of source rows that have it in a column."""
    with closing(ledger.scan(SQL["headed"], (statements.like('"fields":{', _json(asked)),))) as found:
        headed = [row for row in islice(found, LOOKED_MAX) if asked in _heading(row)]
    if headed:
        return headed[:NAMED_MAX], []
    rows: list[Sequence[object]] = []
    subjects: list[str] = []
    with closing(ledger.scan(SQL["imaged"], (statements.like(f":{_json(asked)}"),))) as found:
        imaged = islice(found, LOOKED_MAX)
        sources = [f"{table}:{key}" for table, key, image in imaged if asked in json.loads(str(image)).values()]
    for source in sources[:NAMED_MAX]:
        rows += _postings(ledger, source=source)
        alias, _, key = source.partition(":")
        subjects += [str(subject) for (subject,) in ledger.query(SQL["parked_of"], (alias, key, NAMED_MAX))]
    return rows[:NAMED_MAX], subjects


def _heading(row: Sequence[object]) -> list[str]:
    """What the header of a posting's voucher says."""
    voucher = read_voucher(json.loads(str(row[11])))
    return [] if voucher is None else [str(value) for value in voucher.fields.values() if value is not None]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def told(act: Act, language: Language | None = None) -> str:
    """What an action changed, or in which role somebody decided about which rule's step: of an edit each column's old
    and new value, as they were typed."""
    if act.action == "accept":
        return str(act.detail.get("hash", ""))[:HASH_DIGITS]
    if act.action != "edit":
        role, of, rule = (str(act.detail.get(name, "")) for name in ("role", "instead_of", "rule"))
        role = say("role_instead" if of else "role_alone", {"role": role, "of": of}, language).strip() if role else ""
        return say("act_step", {"role": role, "step": rule + _again(act)}, language) if rule else role
    edited = {name: value for name, value in act.detail.items() if name != CONTENTS}
    return ", ".join(f"{name}: {_change(value)}" for name, value in edited.items())


def _again(act: Act) -> str:
    """Which of a rule's steps of one role it was, from the second on."""
    _, _, step = str(act.detail.get("step", "")).partition("@")[0].rpartition(":")
    return f" {step}" if step.isdecimal() else ""


def about(act: Act, language: Language | None = None) -> str:
    """The row that an action is about, in words."""
    kind, _, name = act.target.partition("/")
    return say(f"act_{kind}", {"name": name}, language) if kind in ABOUT else act.target


def _change(value: object) -> str:
    return " → ".join(map(_typed, value)) if isinstance(value, list) and len(value) == 2 else str(value)


def _typed(value: object) -> str:
    """A value of a row as somebody typed it: of a malformed one its text."""
    return str(value.get("malformed", value) if isinstance(value, dict) else "NULL" if value is None else value)


def _origin(ledger: Ledger, row: Sequence[object], line: int, shares_max: int | None) -> Origin:
    pipeline, seq, key, rule, subject, voucher = map(str, row[:6])
    content = json.loads(str(row[11]))
    step = _step(row, content)
    agreed = [*_accepted(ledger, step), *_run(ledger, step)]
    if not shares.is_group(rule, subject):
        actions = [_act(act) for act in ledger.query(SQL["acts_of"], (pipeline, step.position, ACTS_MAX))]
        return Origin(pipeline, int(seq), key, voucher, line, step, None, (), [*agreed, *actions])
    group = shares.of_group(ledger, pipeline, key, content)
    own = group.of_line(line) if group.told != "unknown" else group
    actions = [_act(act) for act in ledger.query(SQL["acts_of_group"], (pipeline, key, ACTS_MAX))]
    rows = list(shares.rows_of(ledger, pipeline, own, shares_max))
    return Origin(pipeline, int(seq), key, voucher, line, step, own, rows, [*agreed, *actions])


def _accepted(ledger: Ledger, step: Step) -> list[Act]:
    """Who answered for the mapping under which something was posted."""
    params = (timestamp(step.posted_at), statements.like(_json(step.mapping_hash)))
    return [_act(act) for act in ledger.query(SQL["accepted"], params)]


def _run(ledger: Ledger, step: Step) -> list[Act]:
    """Who approved the run of depreciation that made the row."""
    place, colon, rest = step.position.partition(":")
    if place != "run" or not colon:
        return []
    *_, period, run, _ = ("", "", *rest.split("/"))
    found = [_act(act) for act in ledger.query(SQL["runs"], (step.pipeline, f"depreciation/{period}"))]
    return [act for act in found if str(act.detail.get("run")) == run]


def trace(ledger: Ledger, subject: str) -> Life:
    """The life of a subject; one that is not known has no steps."""
    card: dict[str, object] = {}
    steps = [_own_step(ledger, row, subject, card) for row in ledger.query(SQL["postings"], (subject, subject))]
    collected = [_collected(row) for row in ledger.query(SQL["collected"], (subject,))]
    parked = [_parked(row) for row in ledger.query(SQL["parked"], (subject,))]
    actions = [_act(row) for row in ledger.query(SQL["actions"], (subject,))]
    return Life(subject, steps, collected, parked, actions, card)


def _step(row: Sequence[object], content: Mapping[str, Any]) -> Step:
    """A posting by itself."""
    pipeline, seq, key, rule, _, ref, reverses, mapping_hash, position, committed_at, posted_at = map(str, row[:11])
    voucher = read_voucher(content)
    lines = [Line(n, entry, None) for n, entry in enumerate(voucher.entries, 1)] if voucher is not None else []
    times = moment(committed_at), moment(posted_at)
    return Step(
        *(pipeline, int(seq), key, rule, position, *times),
        *(mapping_hash, ref, voucher, reverses, str(row[12]), (), lines),
    )


def _own_step(ledger: Ledger, row: Sequence[object], subject: str, card: dict[str, object]) -> Step:
    """A posting as a subject's life tells it: what it did to its card, and of a group's voucher its share."""
    content = json.loads(str(row[11]))
    step = _step(row, content)
    changes = []
    for asset_code, verb, fields in content.get("cards", ()):
        if verb == "rename" and subject in (asset_code, fields["asset_code"]):
            card["asset_code"] = asset_code
        if asset_code == subject or (verb == "rename" and fields["asset_code"] == subject):
            changes += [CardChange(name, card.get(name), value) for name, value in fields.items()]
            card.update(fields)
    step = step._replace(card=[change for change in changes if change.before != change.after])
    if step.voucher is None or str(row[4]) == subject or not shares.is_group(step.rule, str(row[4])):
        return step
    amounts, rows, told = shares.of_owner(ledger, step.pipeline, step.key, content, subject)
    lines = [line._replace(share=amounts[line.number]) for line in step.lines if line.number in amounts]
    return step._replace(lines=lines or step.lines, rows=rows, told=told)


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
