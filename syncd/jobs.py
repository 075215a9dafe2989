"""What the daemon does by the clock, beside posting: both sides compared, heads of the chains kept outside."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from syncd import language
from syncd.books.reconciliation.reconcile import Report
from syncd.cron import parse as parse_cron
from syncd.daemon import schedule
from syncd.desk import status
from syncd.desk.audit.anchors import Keeper
from syncd.errors import Fault
from syncd.wiring import Pipeline

ANCHOR_LOOKED_AFTER: Final = timedelta(seconds=5)
Told = Callable[[str, Report], None]
"""Hears what a reconciliation of the pipeline of this name found."""
log = structlog.get_logger("syncd")


def jobs(pipeline: Pipeline, told: Told) -> list[schedule.Job]:
    """What the daemon does for a pipeline by the clock, beside posting."""
    cron, found = pipeline.config.reconcile, list[schedule.Job]()
    if cron is not None:
        due = parse_cron(cron, pipeline.mapping.zone).next_after
        found.append(schedule.Job(due, partial(_reconcile, pipeline, told)))
    if pipeline.anchor is not None:
        keepers: dict[str, Keeper] = {}
        found.append(schedule.Job(lambda now: now + ANCHOR_LOOKED_AFTER, partial(_anchor, pipeline, keepers)))
    return found


def _anchor(pipeline: Pipeline, keepers: dict[str, Keeper]) -> None:
    """Whatever comes of it, posting goes on. One that stands by leaves it to the daemon that posts."""
    anchor = pipeline.anchor
    assert anchor is not None, "see `jobs`"
    try:
        parts = pipeline.begun()
        with closing(pipeline.open_ledger()) as ledger:
            for part in parts:
                if status.is_standby(ledger, part.name, datetime.now(UTC)):
                    continue
                made = Keeper(part.name, anchor, pipeline.audit.key, pipeline.audit.every)
                keeper = keepers.setdefault(part.name, made)
                if keeper.look(ledger, datetime.now(UTC)):
                    log.info("anchored", pipeline=part.name)
    except Fault as fault:
        log.error("anchor_failed", pipeline=pipeline.name, code=fault.code, why=language.say(fault.code, fault.params))


def _reconcile(pipeline: Pipeline, told: Told) -> None:
    said = log.bind(pipeline=pipeline.name)
    try:
        with closing(pipeline.open_ledger()) as ledger:
            accepted = pipeline.accepted(ledger)
        report = accepted.reconcile()
    except Fault as fault:
        said.error("reconciliation_failed", code=fault.code, why=language.say(fault.code, fault.params))
        return
    told(pipeline.name, report)
    counts = {"assets": report.assets, "differing": report.all_differing, "alerting": report.alerting}
    (said.warning if report.alerting else said.info)("reconciled", **counts)
