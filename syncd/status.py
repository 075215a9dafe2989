"""What the daemon leaves in the ledger for people to read, and how they read it.

The daemon and the command line meet in the ledger database and nowhere else.
"""

import json
import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from syncd.errors import Halt
from syncd.ports import Ledger
from syncd.record import moment, timestamp

State = Literal["starting", "standby", "posting", "retrying", "halted", "stopped"]
SILENT_AFTER: Final = timedelta(seconds=15)
"""A daemon that has not been heard of for so long is not running, whatever it last said."""
RETRIES_WITHIN: Final = timedelta(seconds=90)
"""One that waits to try again is heard of once an attempt: it waits up to half a minute and then for a server."""
REPAIRING: Final = "repairing"
"""What stands in place of a source's identity while a pipeline is being repaired."""
MOMENTS: Final = ("at", "looked_at", "oldest")


class Report(NamedTuple):
    """What a daemon says of one pipeline. `oldest` is the EAM commit time of the oldest change read and not yet
    posted, `bytes_behind` and `rows_behind` what the log still holds; None where it is not known. `looked_at` is the
    moment up to which schedules have been kept."""

    state: State
    at: datetime
    looked_at: datetime | None = None
    oldest: datetime | None = None
    bytes_behind: int | None = None
    rows_behind: int | None = None
    note: Mapping[str, str] = {}
    error: str = ""
    params: Mapping[str, str] = {}


class Standing(NamedTuple):
    """One pipeline as `syncd status` shows it. Counters run since the first start; `parked` counts open rows by
    state, `daemons` are those alive, by their role; `silent_s` are the seconds since the one that posts, or tries to,
    was last heard of."""

    pipeline: str
    report: Report | None
    lag_s: float | None
    position: str | None
    committed_at: datetime | None
    changes: int
    posted: int
    repeated: int
    parked: Mapping[str, int]
    daemons: Mapping[str, str]
    silent_s: float | None


def instance() -> str:
    """This process, as others see it: `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(ledger: Ledger, pipeline: str, role: Literal["posting", "standby", "retrying"], now: datetime) -> None:
    """Say that this process is alive."""
    who = (pipeline, instance())
    ledger.execute(
        [
            ("DELETE FROM syncd.daemon WHERE pipeline = ? AND instance = ?", who),
            (
                "INSERT INTO syncd.daemon (pipeline, instance, role, beat_at) VALUES (?, ?, ?, ?)",
                (*who, role, timestamp(now)),
            ),
        ]
    )


def leave(ledger: Ledger, pipeline: str) -> None:
    """Say that this process is going."""
    ledger.execute([("DELETE FROM syncd.daemon WHERE pipeline = ? AND instance = ?", (pipeline, instance()))])


def report(ledger: Ledger, pipeline: str, said: Report) -> None:
    """Store what the daemon says of the pipeline it holds."""
    moments = {name: (value := getattr(said, name)) and timestamp(value) for name in MOMENTS}
    text = json.dumps(said._asdict() | moments, ensure_ascii=False)
    ledger.execute([("UPDATE syncd.pipeline SET status = ? WHERE name = ?", (text, pipeline))])


def last_report(ledger: Ledger, pipeline: str) -> Report | None:
    """What a daemon last said of the pipeline; None before the first start."""
    rows = ledger.query("SELECT status FROM syncd.pipeline WHERE name = ?", (pipeline,))
    return _report(rows[0][0]) if rows else None


def standing(ledger: Ledger, pipeline: str, now: datetime) -> Standing:
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
    return Standing(
        pipeline=pipeline,
        report=said,
        lag_s=_lag_s(said, now),
        position=None if position is None else str(position),
        committed_at=None if committed_at is None else moment(str(committed_at)),
        changes=int(str(counts[0])),
        posted=int(str(counts[1])),
        repeated=int(str(counts[2])),
        parked={str(state): int(str(count)) for state, count in parked},
        daemons=daemons(ledger, pipeline, now),
        silent_s=_silent_s(ledger, pipeline, now),
    )


def daemons(ledger: Ledger, pipeline: str, now: datetime) -> dict[str, str]:
    """The daemons that live and what each does for the pipeline: `posting`, `standby` or `retrying`."""
    rows = ledger.query(
        "SELECT instance, role FROM syncd.daemon WHERE pipeline = ?"
        " AND (beat_at >= ? OR role = 'retrying' AND beat_at >= ?) ORDER BY role, instance",
        (pipeline, timestamp(now - SILENT_AFTER), timestamp(now - RETRIES_WITHIN)),
    )
    return {str(name): str(role) for name, role in rows}


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
    return Report(**said | {name: said[name] and moment(said[name]) for name in MOMENTS})


def _silent_s(ledger: Ledger, pipeline: str, now: datetime) -> float | None:
    rows = ledger.query("SELECT max(beat_at) FROM syncd.daemon WHERE pipeline = ? AND role <> 'standby'", (pipeline,))
    return None if rows[0][0] is None else max(0.0, (now - moment(str(rows[0][0]))).total_seconds())


def _lag_s(said: Report | None, now: datetime) -> float | None:
    """Seconds behind the EAM. A daemon that fell silent is behind by its silence too: connected but stalled
    must not look well."""
    if said is None:
        return None
    if said.oldest is not None:
        return max(0.0, (now - said.oldest).total_seconds())
    silent = now - said.at
    return silent.total_seconds() if silent > SILENT_AFTER or said.state != "posting" else 0.0
