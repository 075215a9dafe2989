"""Many parked rows tried again, or given up, at once: named, counted, a lot at a time, stopped, and what came of it.

Who asked and why stands in the chain of actions, once for the whole and once a row; so what became of it can be told
from there, whoever asks and whichever process asked the rows. Rows that come meanwhile are not meant: it reaches to
the last row that somebody saw.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from syncd import statements
from syncd.desk.access import rights
from syncd.desk.parked.operators import NUMBER_MAX, Actor, Selection, act, act_on_all, matching
from syncd.errors import WrongUsage
from syncd.ports import Desk, Ledger
from syncd.record import moment

SQL: Final = statements.load("syncd.desk.parked", "bulk.sql")
LOT_ROWS_MAX: Final = 1_000
"""Rows that are asked in one transaction, between two of other people's."""
What = Literal["retry", "discard"]


class Bulk(NamedTuple):
    """What somebody asked of many rows: `number` is that of the action, `rows` how many there were to be seen."""

    number: int
    pipeline: str
    name: str
    what: str
    selection: Selection
    rows: int
    at: datetime
    actor: str
    reason: str

    @property
    def mark(self) -> str:
        """What the action on each row says of it."""
        return json.dumps({"bulk": self.number})

    @property
    def target(self) -> str:
        """What actions on it are about."""
        return f"bulk/{self.number}"


class Outcome(NamedTuple):
    """Rows of it that are in one state for one reason; `request` is what is still asked of them."""

    state: str
    rule: str
    code: str
    request: str
    rows: int


class Progress(NamedTuple):
    """How far it is. `asked` rows were asked so far, `waiting` of them the daemon has not taken up; `skipped` could not
    be asked, or somebody stopped it before; `stopped_by` is empty where nobody did."""

    bulk: Bulk
    asked: int
    waiting: int
    posted: int
    ignored: int
    discarded: int
    again: Sequence[Outcome]
    skipped: int
    is_asked: bool
    stopped_by: str

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come of it."""
        return self.is_asked and not self.waiting

    @property
    def taken_up(self) -> int:
        """Of how many rows something has become."""
        return self.asked - self.waiting

    def rate(self, now: datetime) -> int:
        """Rows that were taken up a minute since it was begun, while it goes on."""
        minutes = max((now - self.bulk.at).total_seconds(), 1) / 60
        return round(self.taken_up / minutes)


def right(what: str) -> rights.Action:
    """What who asks this has to be allowed."""
    return "discard" if what == "discard" else "mend"


def begin(ledger: Ledger, pipeline: str, selection: Selection, what: What, name: str, seen: int, by: Actor) -> Bulk:
    """Note that somebody wants this; nothing is asked of any row yet. `seen` is how many rows they saw. Raises
    WrongUsage where it has no name, says nothing of which rows, or there is none."""
    if not selection.is_said:
        raise WrongUsage("parked_which")
    if not name.strip():
        raise WrongUsage("bulk_no_name")
    with ledger.desk() as desk:
        if not (found := _count(desk, pipeline, selection)):
            raise WrongUsage("bulk_nothing")
        said = {"name": name.strip(), "what": what, "rows": max(seen, found), **selection._asdict()}
        ((last,),) = desk.query("SELECT coalesce(max(seq), 0) FROM syncd.action")
        act(desk, by, "bulk", pipeline, f"bulk/{int(str(last)) + 1}", said)
        return _one(desk, pipeline, int(str(last)) + 1)


def ask(ledger: Ledger, pipeline: str, number: int, by: Actor) -> None:
    """Ask its rows, a lot at a time, from where it was left off; until all are, or somebody has stopped it."""
    looked_to = 0
    while True:
        with ledger.desk() as desk:
            bulk = _one(desk, pipeline, number)
            if desk.query(SQL["ends"], (number, bulk.target)):
                return
            after = max(looked_to, _reached(desk, bulk))
            found = _rows(desk, bulk.pipeline, bulk.selection._replace(after=after), LOT_ROWS_MAX)
            ids = [int(str(one)) for one, *row in found if _may(bulk.what, *map(str, row))]
            if ids:
                desk.execute(SQL["ask"], (bulk.what, bulk.pipeline, ids))
                targets = [f"parked/{one}" for one in ids]
                act_on_all(desk, by, bulk.what, bulk.pipeline, targets, {"bulk": number})
            if len(found) < LOT_ROWS_MAX:
                act(desk, by, "bulk_asked", bulk.pipeline, bulk.target, {})
                return
            looked_to = int(str(found[-1][0]))


def stop(ledger: Ledger, pipeline: str, number: int, by: Actor) -> int:
    """Ask no more of its rows, and take back what nobody has taken up; how many rows that was."""
    with ledger.desk() as desk:
        bulk, taken_back = _one(desk, pipeline, number), 0
        if any(action == "bulk_stop" for *_, action, _ in desk.query(SQL["ends"], (number, bulk.target))):
            return 0
        for lot in _lots(_meant(desk, bulk, bulk.what, NUMBER_MAX)):
            if ids := [int(str(one)) for (one,) in desk.query(SQL["asked"], (bulk.pipeline, bulk.what, lot))]:
                taken_back += desk.execute(SQL["withdraw"], (bulk.pipeline, bulk.what, ids))
                act_on_all(desk, by, "withdraw", bulk.pipeline, [f"parked/{one}" for one in ids], {"bulk": number})
        act(desk, by, "bulk_stop", bulk.pipeline, bulk.target, {"rows": taken_back})
    return taken_back


def progress(ledger: Ledger, pipeline: str, number: int) -> Progress:
    """How far it is, and what came of it. Raises WrongUsage where the pipeline has none of this number."""
    bulk = _one(ledger, pipeline, number)
    ends = {str(action): (int(str(seq)), str(actor)) for seq, _, actor, action, _ in
            ledger.query(SQL["ends"], (number, bulk.target))}  # fmt: skip
    last = ends.get("bulk_asked", (NUMBER_MAX, ""))[0]
    counts = _came_to(ledger, bulk, bulk.what, last)
    if "bulk_stop" in ends:
        for of, rows in _came_to(ledger, bulk, "withdraw", NUMBER_MAX).items():
            counts[of] = counts.get(of, 0) - rows
    outcomes = [Outcome(*of, rows) for of, rows in counts.items() if rows]
    open_ = [one for one in outcomes if one.state in ("failed", "behind", "approval")]
    asked = sum(one.rows for one in outcomes)
    settled = {s: sum(one.rows for one in outcomes if one.state == s) for s in ("posted", "ignored", "discarded")}
    is_asked = bool(ends)
    return Progress(
        *(bulk, asked, sum(one.rows for one in open_ if one.request == bulk.what)),
        *(settled["posted"], settled["ignored"], settled["discarded"]),
        sorted((one for one in open_ if one.request != bulk.what), key=lambda one: -one.rows),
        *(max(bulk.rows - asked, 0) if is_asked else 0, is_asked, ends.get("bulk_stop", (0, ""))[1]),
    )


def latest(ledger: Ledger, pipeline: str, limit: int, after: int = 0) -> list[Bulk]:
    """The last of them, the newest first."""
    return [_bulk(row) for row in ledger.query(SQL["bulks"], (pipeline, after, limit))]


def _came_to(ledger: Ledger, bulk: Bulk, action: str, last: int) -> dict[tuple[str, str, str, str], int]:
    found: dict[tuple[str, str, str, str], int] = {}
    for lot in _lots(_meant(ledger, bulk, action, last)):
        for state, rule, code, request, rows in ledger.query(SQL["came_to"], (bulk.pipeline, lot)):
            of = str(state), str(rule), str(code), str(request)
            found[of] = found.get(of, 0) + int(str(rows))
    return found


def _meant(ledger: Ledger | Desk, bulk: Bulk, action: str, last: int) -> list[int]:
    """The rows on which an action of it was done, by number."""
    found = ledger.query(SQL["meant"], (bulk.number, last, bulk.pipeline, action, bulk.mark))
    return [int(str(target).removeprefix("parked/")) for (target,) in found]


def _lots(ids: Sequence[int]) -> Iterator[list[int]]:
    return (list(ids[start : start + LOT_ROWS_MAX]) for start in range(0, len(ids), LOT_ROWS_MAX))


def _rows(desk: Desk, pipeline: str, selection: Selection, limit: int) -> list[tuple[object, ...]]:
    if selection.ids:
        return desk.query(SQL["rows_by_id"], (pipeline, list(selection.ids), selection.after, limit))
    return desk.query(SQL["rows"], (pipeline, *matching(selection), limit))


def _count(desk: Desk, pipeline: str, selection: Selection) -> int:
    if selection.ids:
        return len(_rows(desk, pipeline, selection, len(selection.ids)))
    ((found,),) = desk.query(SQL["count"], (pipeline, *matching(selection)))
    return int(str(found))


def _may(what: str, state: str, code: str, params: str) -> bool:
    """Half of a document is nobody's to judge, and what a role decides about is that role's to give up."""
    said: Mapping[str, Any] = json.loads(params)
    is_owned = state == "approval" or bool(said.get("owed"))
    return code != "document_unfinished" and not (what == "discard" and is_owned)


def _reached(desk: Desk, bulk: Bulk) -> int:
    found = desk.query(SQL["reached"], (bulk.number, bulk.pipeline, bulk.what, bulk.mark))
    return int(str(found[0][0]).removeprefix("parked/")) if found else bulk.selection.after


def _one(ledger: Ledger | Desk, pipeline: str, number: int) -> Bulk:
    found = ledger.query(SQL["bulk"], (number, pipeline))
    if not found:
        raise WrongUsage("bulk_unknown", id=number)
    return _bulk(found[0])


def _bulk(row: Sequence[object]) -> Bulk:
    seq, at, actor, reason, detail, pipeline = row
    said = json.loads(str(detail))
    name, what, rows = said.pop("name"), said.pop("what"), int(said.pop("rows"))
    selection = Selection(**said | {"ids": tuple(said["ids"])})
    return Bulk(
        *(int(str(seq)), str(pipeline), name, what, selection, rows),
        *(moment(str(at)), str(actor), str(reason)),
    )
