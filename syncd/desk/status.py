"""What the daemon leaves in the ledger for people to read, and how they read it.

The daemon and the command line meet in the ledger database and nowhere else.
"""

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from syncd.desk.audit import anchors
from syncd.desk.due import DueGroup, due_groups
from syncd.desk.parked import approvals
from syncd.desk.uncomputed import Uncomputed, uncomputed
from syncd.errors import Fault, Halt
from syncd.ports import Ledger
from syncd.record import moment, timestamp

State = Literal["starting", "standby", "posting", "retrying", "halted", "stopped"]
Standing = State | Literal["never", "down", "unseen"]
SILENT_AFTER: Final = timedelta(seconds=15)
"""A daemon that has not been heard of for so long is not running, whatever it last said."""
RETRIES_WITHIN: Final = timedelta(seconds=90)
"""One that waits to try again is heard of once an attempt: it waits up to half a minute and then for a server."""
REPAIRING: Final = "repairing"
"""What stands in place of a source's identity while a pipeline is being repaired."""
GONE_AFTER: Final = timedelta(hours=1)
"""A daemon that has not been heard of for so long was killed; its row tells nobody anything."""
MOMENTS: Final = ("at", "looked_at", "oldest", "lagged_at")


class Report(NamedTuple):
    """What a daemon says of one pipeline. `oldest` is the EAM commit time of the oldest change read and not yet
    posted, `bytes_behind` and `rows_behind` what the log still held at `lagged_at`; None where it is not known.
    `looked_at` is the moment up to which schedules have been kept."""

    state: State
    at: datetime
    looked_at: datetime | None = None
    oldest: datetime | None = None
    bytes_behind: int | None = None
    rows_behind: int | None = None
    note: Mapping[str, str] = {}
    error: str = ""
    params: Mapping[str, str] = {}
    lagged_at: datetime | None = None


class OpenRows(NamedTuple):
    """Open parked rows of a state and a reason; `since` is when the first of them was parked."""

    state: str
    code: str
    rows: int
    since: datetime


class Held(NamedTuple):
    """Open rows that wait for a role: how many, how many of them are overdue, and since when the oldest does."""

    role: str
    rows: int
    overdue: int
    since: datetime


class PipelineStatus(NamedTuple):
    """One pipeline as `syncd status` shows it. Counters run since the first start; `parked` counts open rows by
    state, `collected` are the collected rows that wait for their group to fall due, `due` the first groups that are;
    `daemons` are those alive, by their role; `silent_s` are the seconds since the one that posts, or tries to, was last
    heard of. `is_held` says that a daemon has the pipeline although it is not heard of, `unseen` what keeps any from
    saying so, `anchor` what became of its hash chains' heads, `uncomputed` the assets that the last run of depreciation
    could not compute."""

    pipeline: str
    report: Report | None
    lag_s: float | None
    position: str | None
    committed_at: datetime | None
    changes: int
    posted: int
    repeated: int
    parked: Mapping[str, int]
    collected: int
    due: Sequence[DueGroup]
    daemons: Mapping[str, str]
    silent_s: float | None
    is_held: bool = False
    unseen: Fault | None = None
    anchor: anchors.Said | None = None
    held: Sequence[Held] = ()
    uncomputed: Sequence[Uncomputed] = ()


def standing(one: PipelineStatus) -> Standing:
    """How it stands, in a word. A pipeline stays halted when its daemon has ended; a daemon that fell silent is seen to
    have; and nobody says that none is running who cannot know."""
    is_run = bool(one.daemons) or one.is_held
    if one.report is None:
        return "starting" if is_run else "unseen" if one.unseen else "never"
    if one.report.state == "halted":
        return "halted"
    if not is_run:
        return "unseen" if one.unseen else "down"
    if one.report.state != "stopped":
        return one.report.state
    return "starting" if one.is_held or "posting" in one.daemons.values() else "standby"


def is_late(one: PipelineStatus, late_after_s: float) -> bool:
    """Whether it is further behind the EAM than its owner takes for well."""
    return one.lag_s is not None and one.lag_s > late_after_s


def is_well(one: PipelineStatus, late_after_s: float) -> bool:
    """Whether nobody need look: not stopped, not halted, not late, its anchor in reach. One that was never started
    promises nothing."""
    is_anchored = one.anchor is None or not one.anchor.code
    return standing(one) not in ("halted", "down", "unseen") and not is_late(one, late_after_s) and is_anchored


def instance() -> str:
    """This process, as others see it: `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(ledger: Ledger, pipeline: str, role: Literal["posting", "standby", "retrying"], now: datetime) -> None:
    """Say that this process is alive."""
    ledger.execute(_beat(pipeline, role, now))


def _beat(pipeline: str, role: str, now: datetime) -> list[tuple[str, tuple[str, ...]]]:
    who = (pipeline, instance())
    return [
        ("DELETE FROM syncd.daemon WHERE pipeline = ? AND instance = ?", who),
        (
            "INSERT INTO syncd.daemon (pipeline, instance, role, beat_at) VALUES (?, ?, ?, ?)",
            (*who, role, timestamp(now)),
        ),
    ]


def leave(ledger: Ledger, pipeline: str) -> None:
    """Say that this process is going."""
    ledger.execute([("DELETE FROM syncd.daemon WHERE pipeline = ? AND instance = ?", (pipeline, instance()))])


def report(
    ledger: Ledger, pipeline: str, said: Report, beats: bool = False,
    also: Iterable[tuple[str, Sequence[object]]] = (),
) -> None:  # fmt: skip
    """Store what the daemon says of the pipeline it holds. `beats`: it posts, and is alive; in the same transaction,
    and what is to be kept `also`, for whatever is done once a second keeps a change waiting."""
    moments = {name: (value := getattr(said, name)) and timestamp(value) for name in MOMENTS}
    text = json.dumps(said._asdict() | moments, ensure_ascii=False)
    alive = _beat(pipeline, "posting", said.at) if beats else []
    ledger.execute([*alive, *also, ("UPDATE syncd.pipeline SET status = ? WHERE name = ?", (text, pipeline))])


def last_report(ledger: Ledger, pipeline: str) -> Report | None:
    """What a daemon last said of the pipeline; None before the first start."""
    rows = ledger.query("SELECT status FROM syncd.pipeline WHERE name = ?", (pipeline,))
    return _report(rows[0][0]) if rows else None


def pipeline_status(ledger: Ledger, pipeline: str, now: datetime) -> PipelineStatus:
    """One pipeline as it stands now."""
    rows = ledger.query(
        "SELECT status, position, committed_at, changes, posted, repeated FROM syncd.pipeline WHERE name = ?",
        (pipeline,),
    )
    status, position, committed_at, *counts = rows[0] if rows else (None, None, None, 0, 0, 0)
    said = _report(status)
    parked = ledger.query(
        "SELECT state, count(*) FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL "
        "GROUP BY state ORDER BY state",
        (pipeline,),
    )
    alive = daemons(ledger, pipeline, now)
    is_held = "posting" not in alive.values() and ledger.is_held(pipeline)
    return PipelineStatus(
        pipeline=pipeline,
        report=said,
        lag_s=None if said is None else lag_s(said, now),
        position=None if position is None else str(position),
        committed_at=None if committed_at is None else moment(str(committed_at)),
        changes=int(str(counts[0])),
        posted=int(str(counts[1])),
        repeated=int(str(counts[2])),
        parked={str(state): int(str(count)) for state, count in parked},
        collected=_collected(ledger, pipeline),
        due=due_groups(ledger, pipeline),
        daemons=alive,
        silent_s=_silent_s(ledger, pipeline, now),
        is_held=is_held,
        unseen=None if alive or is_held else _unseen(ledger),
        anchor=anchors.said(ledger, pipeline),
        held=held(ledger, pipeline, now) if any(state == "approval" for state, _ in parked) else (),
        uncomputed=uncomputed(ledger, pipeline),
    )


def open_rows(ledger: Ledger, pipeline: str) -> list[OpenRows]:
    """The open parked rows by state and reason."""
    found = ledger.query(
        "SELECT state, code, count(*), min(parked_at) FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL"
        " GROUP BY state, code ORDER BY state, code",
        (pipeline,),
    )
    return [OpenRows(str(s), str(code), int(str(rows)), moment(str(since))) for s, code, rows, since in found]


def held(ledger: Ledger, pipeline: str, now: datetime) -> list[Held]:
    """The open rows that wait for approval, by the role that is to decide."""
    found = ledger.query(
        "SELECT rule, params, parked_at, count(*) FROM syncd.parked"
        " WHERE pipeline = ? AND settled_at IS NULL AND state = 'approval' GROUP BY rule, params, parked_at",
        (pipeline,),
    )
    by_role: dict[str, Held] = {}
    for rule, params, parked_at, count in found:
        one = approvals.Asked(str(rule), "approval", json.loads(str(params)), moment(str(parked_at)))
        rows, role = int(str(count)), one.params.get("role", "")
        was = by_role.get(role, Held(role, 0, 0, one.parked_at))
        overdue = rows if approvals.is_overdue(one, now) else 0
        by_role[role] = Held(role, was.rows + rows, was.overdue + overdue, min(was.since, one.parked_at))
    return [by_role[role] for role in sorted(by_role)]


def _collected(ledger: Ledger, pipeline: str) -> int:
    waiting = "SELECT count(*) FROM syncd.collected WHERE pipeline = ? AND posted = '' AND due <> 1"
    ((rows,),) = ledger.query(waiting, (pipeline,))
    return int(str(rows))


def daemons(ledger: Ledger, pipeline: str, now: datetime) -> dict[str, str]:
    """The daemons that live and what each does for the pipeline: `posting`, `standby` or `retrying`."""
    rows = ledger.query(
        "SELECT instance, role FROM syncd.daemon WHERE pipeline = ?"
        " AND (beat_at >= ? OR role = 'retrying' AND beat_at >= ?) AND beat_at <= ? ORDER BY role, instance",
        (pipeline, *map(timestamp, (now - SILENT_AFTER, now - RETRIES_WITHIN, now + RETRIES_WITHIN))),
    )
    return {str(name): str(role) for name, role in rows}


def is_run(ledger: Ledger, pipeline: str, now: datetime) -> bool:
    """Whether a daemon lives that would post for the pipeline; also where its clock is not ours."""
    return bool(daemons(ledger, pipeline, now)) or ledger.is_held(pipeline)


def is_standby(ledger: Ledger, pipeline: str, now: datetime) -> bool:
    """Whether another daemon posts for the pipeline, and this one waits for it to leave."""
    alive = daemons(ledger, pipeline, now)
    return alive.get(instance()) == "standby" and "posting" in alive.values()


def forget_gone(ledger: Ledger, pipeline: str, now: datetime) -> None:
    """Take away the rows of daemons that were killed long ago. One at a time: others write theirs meanwhile."""
    long_ago = timestamp(now - GONE_AFTER)
    gone = ledger.query("SELECT instance FROM syncd.daemon WHERE pipeline = ? AND beat_at < ?", (pipeline, long_ago))
    sql = "DELETE FROM syncd.daemon WHERE pipeline = ? AND instance = ? AND beat_at < ?"
    ledger.execute([(sql, (pipeline, name, long_ago)) for (name,) in gone])


def _unseen(ledger: Ledger) -> Fault | None:
    """What keeps a daemon from leaving word: finance takes no writes, not even ours."""
    try:
        ledger.execute([("UPDATE syncd.daemon SET role = role WHERE 1 = 0", ())])
    except Fault as fault:
        return fault if fault.code in ("finance_read_only", "finance_no_write") else None
    return None


def known_source(ledger: Ledger, pipeline: str) -> str | None:
    """The identity of the source that the pipeline's position belongs to; None before the first start. Raises Halt
    while the position belongs to none, because a repair has not ended."""
    source = _source(ledger, pipeline)
    if source == REPAIRING:
        raise Halt("repair_unfinished", pipeline=pipeline)
    return source


def is_repairing(ledger: Ledger, pipeline: str) -> bool:
    """Whether a repair was begun and has not ended."""
    return _source(ledger, pipeline) == REPAIRING


def remember_source(ledger: Ledger, pipeline: str, identity: str | None) -> None:
    """From now on the pipeline's position belongs to this source."""
    ledger.execute([("UPDATE syncd.pipeline SET source = ? WHERE name = ?", (identity, pipeline))])


def _source(ledger: Ledger, pipeline: str) -> str | None:
    rows = ledger.query("SELECT source FROM syncd.pipeline WHERE name = ?", (pipeline,))
    return str(rows[0][0]) if rows and rows[0][0] is not None else None


def _report(status: object) -> Report | None:
    if status is None:
        return None
    said = json.loads(str(status))
    return Report(**said | {name: said.get(name) and moment(said[name]) for name in MOMENTS})


def _silent_s(ledger: Ledger, pipeline: str, now: datetime) -> float | None:
    rows = ledger.query("SELECT max(beat_at) FROM syncd.daemon WHERE pipeline = ? AND role <> 'standby'", (pipeline,))
    return None if rows[0][0] is None else max(0.0, (now - moment(str(rows[0][0]))).total_seconds())


def lag_s(said: Report, now: datetime) -> float:
    """Seconds behind the EAM. A daemon that fell silent is behind by its silence too: connected but stalled
    must not look well."""
    if said.oldest is not None:
        return max(0.0, (now - said.oldest).total_seconds())
    silent = now - said.at
    return silent.total_seconds() if silent > SILENT_AFTER or said.state != "posting" else 0.0
