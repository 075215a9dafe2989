"""How the pipelines stand, and what needs whom today."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncd import wiring
from syncd.console import causes
from syncd.console.house import House
from syncd.console.page import SignedIn, house, page, seen
from syncd.desk import clock, status
from syncd.errors import Fault
from syncd.outbox import box

router = APIRouter()
CAUSES_MAX: Final = 20


class Standing(NamedTuple):
    """A pipeline, or a partition of one, with what waits in it; `fault` is why finance could not be asked."""

    name: str
    zone: str
    status: status.PipelineStatus | None
    standing: str
    is_late: bool
    causes: Sequence[causes.Cause]
    outbox: Sequence[box.Open]
    fault: Fault | None = None


@router.get("/")
def overview(request: Request, who: SignedIn) -> Response:
    """The first page."""
    standings = [one for pipeline in seen(request, who) for one in _standings(house(request), pipeline)]
    return page(request, "overview.html", "console_overview", who, standings=standings)


def _standings(own: House, pipeline: wiring.Pipeline) -> Iterator[Standing]:
    zone = pipeline.mapping.file.timezone
    try:
        with closing(pipeline.open_ledger()) as ledger:
            for part in pipeline.begun():
                found = status.pipeline_status(ledger, part.name, datetime.now(UTC))
                yield Standing(
                    part.name, zone, clock.local(found, zone), status.standing(found),
                    status.is_late(found, pipeline.config.late_after_s),
                    causes.causes(own, ledger, part)[:CAUSES_MAX],
                    box.open_deliveries(ledger, part.name),
                )  # fmt: skip
    except Fault as fault:
        yield Standing(pipeline.name, zone, None, "unseen", False, (), (), fault)
