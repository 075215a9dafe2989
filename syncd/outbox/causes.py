"""What people are alerted of: as `syncd status` sees a pipeline, in few words."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from syncd.audit import DIGEST_DIGITS, digest
from syncd.desk import kept, status
from syncd.language import Language, say
from syncd.outbox import overdue
from syncd.outbox.box import open_deliveries
from syncd.ports import Ledger
from syncd.record import moment

OPERATIONS: Final = "operations"
FINANCE: Final = "finance"
"""Who is told of what no role of the mapping is asked for: those who run it, those whose books they are."""
ALONE_AFTER_S: Final = 120.0
CAUSE_CHARS_MAX: Final = 100
_APPROVALS: Final = (
    "SELECT params, parked_at FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL AND state = 'approval'"
    " ORDER BY id LIMIT 10000"
)
_RECONCILED: Final = (
    "SELECT id, alerting, differing FROM syncd.reconciliation WHERE pipeline = ? ORDER BY id DESC LIMIT 1"
)


class Cause(NamedTuple):
    """Something that somebody should look at. `name` tells it from others of the pipeline for as long as it lasts;
    `code` and `params` are its message; `role` who is told. One that `is_urgent` is told at night too; one is told once
    it has lasted for `after_s`."""

    name: str
    code: str
    params: Mapping[str, str]
    role: str = OPERATIONS
    is_urgent: bool = False
    after_s: float = 0.0


class Limits(NamedTuple):
    """From when on something is a cause, in seconds."""

    late_s: float
    parked_s: float
    approval_s: float
    delivery_s: float


def of(
    ledger: Ledger,
    pipeline: str,
    limits: Limits,
    language: Language,
    now: datetime,
    zone: tzinfo = UTC,
    states: overdue.Names | None = None,
) -> list[Cause]:
    """What there is to tell of a pipeline as it stands. `zone` is that of the books, `states` what the states of the
    life cycle are called."""
    one = status.pipeline_status(ledger, pipeline, now)
    return [
        *_of_daemon(one, limits, language),
        *_of_rows(ledger, one, limits, now),
        *_of_depreciation(one, language),
        *_of_time(ledger, pipeline, now, zone, states, language),
        *_of_reconciliation(ledger, pipeline),
        *_of_deliveries(ledger, pipeline, limits, now),
    ]


def _of_daemon(one: status.PipelineStatus, limits: Limits, language: Language) -> Iterator[Cause]:
    standing, report = status.standing(one), one.report
    if standing == "halted" and report is not None:
        why = say(report.error, report.params, language)
        yield Cause(f"halted/{report.error}", "alert_halted", {"why": why}, is_urgent=True)
    elif standing == "standby":
        yield Cause("alone", "alert_alone", {}, after_s=ALONE_AFTER_S)
    if status.is_late(one, limits.late_s):
        yield Cause("late", "alert_late", {"minutes": f"{(one.lag_s or 0.0) / 60:.0f}"})
    if one.anchor is not None and one.anchor.code:
        why = say(one.anchor.code, one.anchor.params, language)
        yield Cause("anchor", "alert_anchor", {"why": why})
    note = {} if report is None else kept.of_note(report.note)
    for finding in kept.warnings(note):
        yield Cause(f"source/{finding.code}", "alert_source", {"what": say(finding.code, finding.params, language)})


def _of_rows(ledger: Ledger, one: status.PipelineStatus, limits: Limits, now: datetime) -> Iterator[Cause]:
    failed = [rows for rows in status.open_rows(ledger, one.pipeline) if rows.state == "failed"]
    if failed:
        hours = _hours(min(rows.since for rows in failed), now)
        if hours * 3600 > limits.parked_s:
            params = {"rows": str(sum(rows.rows for rows in failed)), "hours": f"{hours:.0f}"}
            yield Cause("parked", "alert_parked", params, FINANCE)
    since: defaultdict[str, list[datetime]] = defaultdict(list)
    for params_text, parked_at in ledger.query(_APPROVALS, (one.pipeline,)):
        since[str(json.loads(str(params_text)).get("role", FINANCE))].append(moment(str(parked_at)))
    for role, moments in sorted(since.items()):
        hours = _hours(min(moments), now)
        if hours * 3600 > limits.approval_s:
            params = {"rows": str(len(moments)), "role": role, "hours": f"{hours:.0f}"}
            yield Cause(_name(f"approval/{role}"), "alert_approval", params, role)


def _of_depreciation(one: status.PipelineStatus, language: Language) -> Iterator[Cause]:
    for first in one.uncomputed[:1]:
        why, count = say(first.code, first.params, language), str(len(one.uncomputed))
        params = {"period": first.period, "count": count, "asset": first.asset, "why": why}
        yield Cause("uncomputed", "alert_uncomputed", params, FINANCE)


def _of_time(
    ledger: Ledger, pipeline: str, now: datetime, zone: tzinfo, states: overdue.Names | None, language: Language
) -> Iterator[Cause]:
    waiting = overdue.approvals_overdue(ledger, pipeline, now)
    standing = overdue.deadlines_passed(ledger, pipeline, now, zone, states, language)
    for one in (
        *overdue.bounded(waiting, "alert_overdue_more", "overdue"),
        *overdue.bounded(standing, "alert_deadline_more", "deadline"),
    ):
        yield Cause(_name(one.name), one.code, one.params, one.role or FINANCE)


def _of_reconciliation(ledger: Ledger, pipeline: str) -> Iterator[Cause]:
    for run, alerting, differing in ledger.query(_RECONCILED, (pipeline,)):
        if int(str(alerting)):
            params = {"run": str(run), "alerting": str(alerting), "differing": str(differing)}
            yield Cause("reconcile", "alert_reconcile", params, FINANCE)


def _of_deliveries(ledger: Ledger, pipeline: str, limits: Limits, now: datetime) -> Iterator[Cause]:
    """But for alerts themselves: of those that do not arrive another alert would not either."""
    found = [one for one in open_deliveries(ledger, pipeline) if one.kind != "alert"]
    refused = sum(one.deliveries for one in found if one.state == "refused")
    if refused:
        yield Cause("delivery/refused", "alert_refused", {"count": str(refused)})
    late = [one for one in found if one.state != "refused" and (now - one.since).total_seconds() > limits.delivery_s]
    if late:
        hours = _hours(min(one.since for one in late), now)
        params = {"count": str(sum(one.deliveries for one in late)), "hours": f"{hours:.1f}"}
        yield Cause("delivery/late", "alert_undelivered", params)


def _name(said: str) -> str:
    """A cause's name as tables hold it: of a long one the beginning, and what tells it from others that begin so."""
    if len(said) <= CAUSE_CHARS_MAX:
        return said
    return f"{said[: CAUSE_CHARS_MAX - 1 - DIGEST_DIGITS]}~{digest(said)}"


def _hours(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / 3600
