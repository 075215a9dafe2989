"""How the pipelines stand, and what needs whom today."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncd import wiring
from syncd.console import causes, chart, history, todo
from syncd.console.house import House
from syncd.console.page import SignedIn, Visitor, house, page, seen
from syncd.desk import clock, kept, postings, samples, status
from syncd.errors import Fault
from syncd.ports import Finding, Ledger

router = APIRouter()
DAYS: Final = 14
"""Of postings that are drawn."""
TALL: Final = 40
"""Of the drawing, in its own units."""
LOOKED_AGAIN_S: Final = 15
"""How often figures are asked for by a browser that runs scripts."""
SPARK: Final = 16
"""Of the small one, likewise."""


class Standing(NamedTuple):
    """A pipeline, or a partition of one, with what waits in it: the last posting, since when the oldest row is parked,
    how many postings each of the last days brought, as (day, postings, height), the lag of the last day as a drawing,
    how many changes no rule had anything to say about, and what is about to be lost of the EAM's log. `fault` is why
    finance could not be asked."""

    name: str
    zone: str
    status: status.PipelineStatus | None
    standing: str
    is_late: bool = False
    last: postings.Found | None = None
    oldest: datetime | None = None
    days: Sequence[tuple[date, int, int]] = ()
    course: chart.Drawn | None = None
    ignored: int = 0
    warnings: Sequence[Finding] = ()
    todos: Sequence[todo.Todo] = ()
    fault: Fault | None = None


@router.get("/")
def overview(request: Request, who: SignedIn) -> Response:
    """The first page."""
    standings = [one for pipeline in seen(request, who) for one in _standings(house(request), pipeline, who)]
    todos = [(standing, one) for standing in standings for one in standing.todos]
    return page(
        request, "overview.html", "console_overview", who, standings=standings, several=len(standings) > 1, tall=TALL,
        spark=SPARK, every_s=LOOKED_AGAIN_S,
        own=[pair for pair in todos if pair[1].is_own], others=[pair for pair in todos if not pair[1].is_own],
        width=DAYS,
    )  # fmt: skip


def _standings(own: House, pipeline: wiring.Pipeline, who: Visitor) -> Iterator[Standing]:
    zone = pipeline.mapping.file.timezone
    try:
        with closing(pipeline.open_ledger()) as ledger:
            for part in pipeline.begun():
                yield clock.local(_standing(own, ledger, part, who), zone)
    except Fault as fault:
        yield Standing(pipeline.name, zone, None, "unseen", fault=fault)


def _standing(own: House, ledger: Ledger, part: wiring.Pipeline, who: Visitor) -> Standing:
    now, zone = datetime.now(UTC), part.mapping.zone
    found, known = status.pipeline_status(ledger, part.name, now), causes.shown(own, ledger, part, who)
    today = now.astimezone(zone).date()
    last = postings.page(ledger, part.name, postings.Asked(), zone, 1).found
    counts = postings.by_day(ledger, part.name, [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)], zone)
    most = max([count for _, count in counts]) or 1
    return Standing(
        part.name, part.mapping.file.timezone, found, status.standing(found),
        status.is_late(found, part.config.late_after_s), next(iter(last), None),
        min((one.group.since for one in known), default=None),
        [(day, count, -(-TALL * count // most)) for day, count in counts],
        history.course(ledger, part.name, history.SPARK, zone, now).drawn(_lag_s, history.SPARK.width, SPARK),
        sum(count for _, count in samples.ignored(ledger, part.name)),
        [*kept.warnings(kept.of_note(found.report.note if found.report else {}))],
        todo.todos(ledger, part, found, known, who, today),
    )  # fmt: skip


def _lag_s(span: samples.Span) -> float:
    return span.lag_s
