"""The operator's side: parked rows, approvals, accepted mappings. Used by the command line and the console alike.

Only the daemon posts: here a row is marked, and the daemon takes it up between two batches. Whoever acts says who
and why, and the action is chained to all earlier ones in the same transaction.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final, NamedTuple

from syncd import audit, statements
from syncd.change import Column, Malformed, Row, Table, Value
from syncd.desk.parked import approvals
from syncd.desk.status import REPAIRING
from syncd.errors import Halt, WrongUsage
from syncd.language import hint
from syncd.overtaken import is_made_anew, is_overtaken
from syncd.ports import Desk, Ledger
from syncd.record import decode_change, encode_change, moment, plain, timestamp

SQL: Final = statements.load("syncd.desk.parked", "operators.sql")
ROWS_MAX: Final = 10_000
"""Rows that one action may touch."""
NUMBER_MAX: Final = (1 << 63) - 1
ACTS_MAX: Final = 100
"""Actions that go into the chain by one statement."""
OF_THE_ROW: Final = frozenset(
    (
        *("require", "missing_value", "negative_amount", "not_cents", "malformed", "subject_long", "uncomputable"),
        *("lifecycle_jump", "lifecycle_state"),
    )
)
"""Rejections whose hint is to correct the row in the EAM."""

Read = Callable[[Column, str], Value]
"""What a person typed for a column, by the rules of its sources; Malformed where it is no value of it."""


Agreed = Callable[[Desk, "Actor", str, str, str, Mapping[str, object]], bool]
"""(desk, who, action, pipeline, target, detail) → whether they may do it now; see `people.seconded`."""


class Selection(NamedTuple):
    """Which parked rows are meant: these numbers, or all that match what is not empty, behind the number `after` and up
    to `last`."""

    ids: tuple[int, ...] = ()
    subject: str = ""
    state: str = ""
    rule: str = ""
    code: str = ""
    settled: bool = False
    table: str = ""
    after: int = 0
    last: int = NUMBER_MAX

    @property
    def is_said(self) -> bool:
        """Whether it says which rows; nothing named is a slip, not everything."""
        return any((self.ids, self.subject, self.state, self.rule, self.code, self.table))


class ParkedRow(NamedTuple):
    """A parked row as people see it. `change` and `original` are JSON as in `record.encode_change`; `original` is
    what the source sent, where a person has edited it since."""

    id: int
    subject: str
    state: str
    rule: str
    table: str
    key: str
    code: str
    params: Mapping[str, str]
    waits_for: str
    change: str
    original: str | None
    position: str
    committed_at: datetime
    parked_at: datetime
    attempts: int
    request: str
    approved: frozenset[str]
    settled_at: datetime | None


class Group(NamedTuple):
    """Open parked rows with one signature: how many, the first of them, and when they were committed in the EAM; of how
    many subjects, since when the first is parked, the last of them, and how many are being tried again."""

    state: str
    rule: str
    code: str
    table: str
    rows: int
    first_id: int
    from_: datetime
    to: datetime
    subjects: int
    since: datetime
    last_id: int
    asked: int

    @property
    def selection(self) -> Selection:
        """The rows that it is of."""
        return Selection((), "", self.state, self.rule, self.code, False, self.table, 0, self.last_id)


class Actor(NamedTuple):
    """Who acts, and why."""

    name: str
    reason: str


def parked(ledger: Ledger | Desk, pipeline: str, selection: Selection, limit: int = ROWS_MAX) -> list[ParkedRow]:
    """The rows that are meant, in source order."""
    if selection.ids:
        return [_row(row) for row in ledger.query(SQL["parked_by_id"], (pipeline, list(selection.ids)))]
    s = selection
    return [_row(row) for row in ledger.query(SQL["parked"], (pipeline, *matching(s), int(s.settled), limit))]


def newest(ledger: Ledger, pipeline: str) -> int:
    """The number of the last row that was parked; 0 before the first."""
    ((last,),) = ledger.query(SQL["newest"], (pipeline,)) or ((0,),)
    return int(str(last))


def newer(ledger: Ledger, pipeline: str, selection: Selection, than: int, most: int) -> int:
    """How many rows that are meant were parked behind a number, `most` of them counted."""
    if newest(ledger, pipeline) == than:
        return 0
    return len(parked(ledger, pipeline, selection._replace(after=than), most))


def subjects(ledger: Ledger, pipeline: str, most: int) -> list[str]:
    """Of the rows that were parked last, the latest first, each once."""
    return [*dict.fromkeys(str(subject) for (subject,) in ledger.query(SQL["subjects"], (pipeline, most)))]


def matching(s: Selection) -> tuple[object, ...]:
    """A selection as the statements take it that find rows by what is not empty."""
    texts = (s.subject, s.state, s.rule, s.code, s.table)
    return (*(part for text in texts for part in (text, text)), s.after, s.last)


def show(ledger: Ledger | Desk, pipeline: str, id: int) -> ParkedRow:
    """One parked row."""
    rows = parked(ledger, pipeline, Selection(ids=(id,)))
    if not rows:
        raise WrongUsage("parked_no_row", id=id, pipeline=pipeline)
    return rows[0]


def behind(ledger: Ledger | Desk, pipeline: str, row: ParkedRow) -> int:
    """How many later changes of its subject wait behind an open row: they are judged when it is settled, as it is
    then."""
    if row.settled_at is not None:
        return 0
    ((count,),) = ledger.query(SQL["behind"], (pipeline, row.subject, row.id))
    return int(str(count))


def advice(ledger: Ledger | Desk, pipeline: str, row: ParkedRow) -> str:
    """The code of the message whose hint says what to do about a row: a row that the EAM no longer has cannot be
    corrected there, and what kind of value is wrong may say more than that one is."""
    is_gone = row.code in OF_THE_ROW and not ledger.query(SQL["mirrored"], (pipeline, row.table, row.key))
    return "row_gone" if is_gone else advised(row.code, row.params)


def advised(code: str, params: Mapping[str, str]) -> str:
    """The code of the message whose hint speaks for this one: its own, or that of the reason it gives."""
    reason = params.get("reason", "") if code == "malformed" else ""
    return reason if hint(reason) else code


def groups(ledger: Ledger, pipeline: str) -> list[Group]:
    """Open rows by signature, the most frequent first: one cause shows as one line, however many rows it has."""
    return [
        Group(
            *(str(s), str(r), str(c), str(t), int(str(n)), int(str(i)), moment(str(a)), moment(str(b))),
            *(int(str(subjects)), moment(str(since)), int(str(last)), int(str(asked))),
        )
        for s, r, c, t, n, i, a, b, subjects, since, last, asked in ledger.query(SQL["groups"], (pipeline,))
    ]


def followers(ledger: Ledger, pipeline: str) -> Mapping[tuple[str, str, str, str], int]:
    """By signature (state, rule, code, table) how many rows wait behind its rows."""
    found = ledger.query(SQL["followers"], (pipeline, pipeline))
    return {(str(state), str(rule), str(code), str(table)): int(str(n)) for state, rule, code, table, n in found}


def retry(ledger: Ledger, pipeline: str, selection: Selection, by: Actor) -> int:
    """Ask for rows to be tried again under today's mapping; how many."""
    return _request(ledger, pipeline, selection, by, "retry")


def discard(ledger: Ledger, pipeline: str, selection: Selection, by: Actor) -> int:
    """Give rows up: they are never posted, and what waits behind them goes on; how many."""
    return _request(ledger, pipeline, selection, by, "discard")


def edit(
    ledger: Ledger,
    pipeline: str,
    id: int,
    values: Mapping[str, str | None],
    tables: Mapping[str, Table],
    read: Read,
    by: Actor,
    seen: str = "",
) -> None:
    """Put other values into the row's `after` image, given as text that `read` takes as the source would, and ask for
    it to be tried again. `seen` is the row's `version` as somebody saw it: raises Halt where it is another by now."""
    with ledger.desk() as desk:
        row = _open(desk, pipeline, id)
        require_seen(desk, pipeline, row, seen)
        with_them, was = edited(row, values, tables, read)
        _touch(desk.execute(SQL["edit"], (with_them.change, pipeline, id)), id)
        contents = [audit.digest(row.change), audit.digest(with_them.change)]
        act(desk, by, "edit", pipeline, _target(row), was | {audit.CONTENTS: contents})


def version(row: ParkedRow) -> str:
    """What a row is as people see it, in short: another where anybody, or the daemon, has touched it since."""
    return audit.digest(row.state, row.code, row.change, row.request, str(row.attempts), *sorted(row.approved))


def require_seen(desk: Ledger | Desk, pipeline: str, row: ParkedRow, seen: str) -> None:
    """Raises Halt where a row is not what somebody saw, with what was done to it last."""
    if not seen or seen == version(row):
        return
    done = approvals.deeds(desk, pipeline, (row.id,)).get(row.id, ())
    if done and row.request:
        last = done[-1]
        raise Halt("parked_changed", id=row.id, actor=last.actor, did=f"deed_{last.action}", reason=last.reason)
    raise Halt("parked_moved_on", id=row.id, state=f"row_{row.state}", why=row.code)


def edited(
    row: ParkedRow, values: Mapping[str, str | None], tables: Mapping[str, Table], read: Read
) -> tuple[ParkedRow, dict[str, object]]:
    """The row with these values in its `after` image, and by column what was there and what was given. Raises
    WrongUsage for a row without one, a column that it does not have or that is of its key, a text that is no value of
    it."""
    change = decode_change(tables, row.change)
    table = tables[change.table]
    if change.after is None or change.op == "unreadable":
        raise WrongUsage("edit_no_row", id=row.id, op=change.op)
    after, was = retyped(table, change.after, values, read)
    return row._replace(change=encode_change(table, change._replace(after=after))), was


def retyped(table: Table, row: Row, values: Mapping[str, str | None], read: Read) -> tuple[Row, dict[str, object]]:
    """A row of a table with these values, and by column what was there and what was given. Raises WrongUsage for a
    column that the table does not have or that is of its key, a text that is no value of it."""
    with_them, was = list(row), dict[str, object]()
    for name, text in values.items():
        at = _column(table, name)
        if at in table.key:
            raise WrongUsage("edit_key", table=table.alias, column=name)
        if table.columns[at].of is not None:
            raise WrongUsage("edit_lines", table=table.alias, column=name)
        was[name] = [plain(with_them[at]), text]
        with_them[at] = None if text is None else _typed(table.columns[at], text, read)
    return tuple(with_them), was


def approve(ledger: Ledger, pipeline: str, id: int, by: Actor, role: str) -> None:
    """Give a row the step that it waits for. Raises Halt for who is not in the role, or may not agree to what they have
    typed or agreed to before; and while the row is being tried again, for nobody knows then what it waits for."""
    with ledger.desk() as desk:
        row = awaiting(desk, pipeline, id, role)
        if row.request:
            raise Halt("parked_in_hand", id=id)
        if bar := barred(desk, pipeline, row, approvals.deeds(desk, pipeline, (id,)).get(id, ()), by.name):
            raise Halt("parked_four_eyes", id=id, actor=by.name, did=f"did_{bar}", role=role)
        give(desk, pipeline, row, by, role)


def give(desk: Desk, pipeline: str, row: ParkedRow, by: Actor, role: str) -> None:
    """Give a row its step, once it is known that this person may."""
    given = json.dumps(sorted(row.approved | {approvals.step_of(row)}), ensure_ascii=False)
    _touch(desk.execute(SQL["approve"], (given, pipeline, row.id)), row.id)
    act(desk, by, "approve", pipeline, _target(row), _decided(row, role))


def barred(desk: Ledger | Desk, pipeline: str, row: ParkedRow, done: Sequence[approvals.Deed], name: str) -> str:
    """Why a person may not agree to a row, as `approvals.bars`; `done` is what people did to it."""
    behind: list[int] = []
    if "corrections" in row.params:
        behind = [other.id for other in parked(desk, pipeline, Selection(subject=row.subject)) if other.id > row.id]
    corrected = [deed for deeds in approvals.deeds(desk, pipeline, behind).values() for deed in deeds] if behind else []
    return approvals.bars(row, done, corrected, name)


def reject(ledger: Ledger, pipeline: str, id: int, by: Actor, role: str) -> None:
    """Refuse a row that waits for someone in this role, or did before it was edited: it is not posted, unless it is
    reopened."""
    with ledger.desk() as desk:
        row = _open(desk, pipeline, id)
        if row.state == "approval" or approvals.owner(row) != role:
            row = awaiting(desk, pipeline, id, role)
        _touch(desk.execute(SQL["request"], ("discard", pipeline, id)), id)
        act(desk, by, "reject", pipeline, _target(row), _decided(row, role))


def reopen(ledger: Ledger, pipeline: str, id: int, tables: Mapping[str, Table], by: Actor, role: str) -> None:
    """Ask for a row that was rejected to be judged once more, in its place; all approvals begin anew. Raises Halt for
    another role than the one that rejected it, where what came behind it went on without it, and where a run of
    depreciation is to make it anew."""
    with ledger.desk() as desk:
        row = show(desk, pipeline, id)
        by_whom = approvals.rejection(approvals.deeds(desk, pipeline, (id,)).get(id, ()))
        if row.settled_at is None or row.state != "discarded" or by_whom is None:
            raise WrongUsage("reopen_not_rejected", id=id, state=f"row_{row.state}")
        if by_whom.role not in ("", role):
            raise Halt("parked_other_role", id=id, role=by_whom.role, given=role)
        if is_made_anew(desk.query, pipeline, row.position, row.key):
            raise Halt("reopen_made_anew", id=id, subject=row.subject)
        sent, settled_at = row.original or row.change, timestamp(row.settled_at)
        if is_overtaken(desk.query, tables, pipeline, id, row.subject, settled_at, sent, row.key):
            raise Halt("reopen_overtaken", id=id, subject=row.subject)
        _touch(desk.execute(SQL["reopen"], (pipeline, id)), id)
        act(desk, by, "reopen", pipeline, _target(row), {"role": role})


def rejected(ledger: Ledger, pipeline: str, selection: Selection) -> list[tuple[ParkedRow, approvals.Deed]]:
    """Of discarded rows those that somebody rejected, and by what deed."""
    rows = parked(ledger, pipeline, selection)
    done = approvals.deeds(ledger, pipeline, [row.id for row in rows])
    found = ((row, approvals.rejection(done.get(row.id, ()))) for row in rows)
    return [(row, deed) for row, deed in found if deed is not None]


def _decided(row: ParkedRow, role: str) -> dict[str, object]:
    """What is kept of a decision: the rule, in which role, which of its steps, and whose time was up."""
    step, asked = approvals.step_of(row), row.params.get("role", role)
    said: dict[str, object] = {"rule": row.rule, "role": role}
    said |= {} if step == row.rule else {"step": step}
    return said | ({} if asked == role else {"instead_of": asked})


def alone(*_: object) -> bool:
    """Of who may do it without a second person."""
    return True


def accept(ledger: Ledger, mapping: str, hash: str, by: Actor, agreed: Agreed = alone) -> bool:
    """Answer for a mapping's content: from now on it is the one that posts. `agreed` says whether this person may by
    themselves; whether they did."""
    target, detail = f"mapping/{mapping}", {"hash": hash}
    with ledger.desk() as desk:
        if not agreed(desk, by, "accept", "", target, detail):
            return False
        at = act(desk, by, "accept", "", target, detail)
        desk.execute(SQL["accept"], (mapping, hash, by.name, by.reason, at))
        return True


def accepted(ledger: Ledger, mapping: str) -> str | None:
    """The hash of the content accepted last; None before the first."""
    rows = ledger.query(SQL["accepted"], (mapping,))
    return str(rows[0][0]) if rows else None


def require_accepted(ledger: Ledger, mapping: str, hash: str, earlier: Mapping[str, int]) -> None:
    """Refuse a mapping whose content nobody answered for, or not as it is understood today. `earlier` are its hashes
    under earlier versions of the mapping language."""
    known = accepted(ledger, mapping)
    if known == hash:
        return
    if known is not None and known in earlier:
        raise Halt("mapping_language_changed", mapping=mapping, was=earlier[known])
    raise Halt("mapping_not_accepted" if known is None else "mapping_changed", mapping=mapping, hash=hash[:12])


def begin_snapshot(ledger: Ledger, pipeline: str, detail: Mapping[str, object], by: Actor) -> None:
    """Record that all tables of a pipeline are read again, and who wanted it."""
    with ledger.desk() as desk:
        act(desk, by, "snapshot", pipeline, f"pipeline/{pipeline}", detail)


def begin_repair(ledger: Ledger, pipeline: str, detail: Mapping[str, object], by: Actor) -> None:
    """Mark the pipeline as being repaired: what its position stands for is decided when that has ended."""
    with ledger.desk() as desk:
        act(desk, by, "repair", pipeline, f"pipeline/{pipeline}", detail)
        desk.execute(SQL["source"], (REPAIRING, pipeline))


def end_repair(ledger: Ledger, pipeline: str, source: str, detail: Mapping[str, object], by: Actor) -> None:
    """Take the mark away: from here on the position belongs to this source."""
    with ledger.desk() as desk:
        act(desk, by, "repaired", pipeline, f"pipeline/{pipeline}", detail)
        desk.execute(SQL["source"], (source, pipeline))


def withdraw(ledger: Ledger, pipeline: str, id: int, by: Actor) -> str:
    """Take back that a row is tried again, or given up, while the daemon has not taken it up; which of both it was.
    Raises WrongUsage where nothing is asked for."""
    with ledger.desk() as desk:
        row = _open(desk, pipeline, id)
        if not desk.execute(SQL["withdraw"], (pipeline, id)):
            raise WrongUsage("withdraw_nothing", id=id)
        act(desk, by, "withdraw", pipeline, _target(row), {"request": row.request})
    return row.request


def _request(ledger: Ledger, pipeline: str, selection: Selection, by: Actor, what: str) -> int:
    touched = 0
    with ledger.desk() as desk:
        rows = parked(desk, pipeline, selection)
        if missing := set(selection.ids) - {row.id for row in rows}:
            raise WrongUsage("parked_no_row", id=min(missing), pipeline=pipeline)
        for row in rows:
            if row.code == "document_unfinished":
                continue  # half of a document is nobody's to judge; the rest of it is about to come
            if what == "discard" and (row.state == "approval" or approvals.owner(row)):
                raise Halt("parked_awaits_role", id=row.id, role=approvals.owner(row))
            if desk.execute(SQL["request"], (what, pipeline, row.id)):
                touched += 1
                act(desk, by, what, pipeline, _target(row), {})
    return touched


def _open(desk: Ledger | Desk, pipeline: str, id: int) -> ParkedRow:
    row = show(desk, pipeline, id)
    if row.settled_at is not None:
        raise WrongUsage("parked_settled", id=id, state=f"row_{row.state}")
    return row


def begin_uninstall(ledger: Ledger, pipeline: str, what: Sequence[str], by: Actor) -> None:
    """Note who is about to take away what syncd made in the EAM."""
    with ledger.desk() as desk:
        act(desk, by, "uninstall", pipeline, f"pipeline/{pipeline}", {"what": list(what)})


def end_uninstall(ledger: Ledger, pipeline: str, what: Sequence[str], by: Actor) -> None:
    """Note that it is gone."""
    with ledger.desk() as desk:
        act(desk, by, "uninstalled", pipeline, f"pipeline/{pipeline}", {"what": list(what)})


def still_installed(ledger: Ledger, pipelines: Collection[str]) -> list[str]:
    """The pipelines in this finance, but for those given, that nobody has uninstalled."""
    return [str(name) for (name,) in ledger.query(SQL["still_installed"]) if str(name) not in pipelines]


def awaiting(desk: Ledger | Desk, pipeline: str, id: int, role: str) -> ParkedRow:
    """A row that waits for someone in this role. Raises WrongUsage where it waits for no approval, Halt where it waits
    for another role."""
    row, now = _open(desk, pipeline, id), datetime.now(UTC)
    if row.state != "approval":
        raise WrongUsage("parked_no_approval", id=id, state=f"row_{row.state}")
    asked = row.params.get("role", role)
    if role != asked and role not in approvals.deciding(row, now):
        raise Halt("parked_other_role", id=id, role=asked, given=role)
    return row


def _touch(touched: int, id: int) -> None:
    """The daemon may have settled the row a moment ago."""
    if not touched:
        raise WrongUsage("parked_settled", id=id, state="row_settled")


def act(desk: Desk, by: Actor, action: str, pipeline: str, target: str, detail: Mapping[str, object]) -> str:
    """Chain an action to all earlier ones, in its transaction; when it was done."""
    _, at = act_on_all(desk, by, action, pipeline, (target,), detail)
    return at


def act_on_all(
    desk: Desk, by: Actor, action: str, pipeline: str, targets: Sequence[str], detail: Mapping[str, object]
) -> tuple[int, str]:
    """The same on several targets, an action each; the number of the last, and when they were done."""
    if not by.name.strip() or not by.reason.strip():
        raise WrongUsage("desk_who_and_why", action=action)
    head = desk.query(SQL["head"])
    if not head:
        desk.execute(SQL["begin_chain"], (audit.GENESIS,))
        head = [(0, audit.GENESIS)]
    seq, sealed, at = int(str(head[0][0])), str(head[0][1]), timestamp(datetime.now(UTC))
    text = json.dumps(detail, ensure_ascii=False)
    for start in range(0, len(targets), ACTS_MAX):
        rows: list[object] = []
        for target in targets[start : start + ACTS_MAX]:
            seq += 1
            fields = (str(seq), at, by.name, action, pipeline, target, by.reason, text)
            sealed = audit.seal(sealed, fields)
            rows += (seq, *fields[1:], sealed)
        several = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * (len(rows) // 9))
        desk.execute(f"{SQL['act']} {several}", rows)
    desk.execute(SQL["move_head"], (seq, sealed))
    return seq, at


def _column(table: Table, name: str) -> int:
    names = [column.name for column in table.columns]
    if name not in names:
        raise WrongUsage(
            "edit_no_column", table=table.alias, column=name, nearest="".join(get_close_matches(name, names, 1))
        )
    return names.index(name)


def _typed(column: Column, text: str, read: Read) -> Value:
    value = read(column, text)
    if isinstance(value, Malformed):
        raise WrongUsage("edit_value", column=column.name, value=text, reason=value.reason)
    return value


def _target(row: ParkedRow) -> str:
    return f"parked/{row.id}"


def _row(row: Sequence[object]) -> ParkedRow:
    number, *texts = row
    (subject, state, rule, table, key, code, params, waits_for, change, original, position) = texts[:11]
    (committed_at, parked_at, attempts, request, approved, settled_at) = texts[11:]
    return ParkedRow(
        *(int(str(number)), str(subject), str(state), str(rule), str(table), str(key), str(code)),
        json.loads(str(params)),
        *(str(waits_for), str(change), None if original is None else str(original), str(position)),
        *(moment(str(committed_at)), moment(str(parked_at)), int(str(attempts)), str(request)),
        frozenset(json.loads(str(approved))),
        None if settled_at is None else moment(str(settled_at)),
    )
