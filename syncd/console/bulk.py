"""Many parked rows tried again, or given up, at once: asked for, watched, stopped."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.books import held
from syncd.console import causes, within
from syncd.console.page import SignedIn, house, page
from syncd.console.signing import Signed
from syncd.desk import clock, masking
from syncd.desk.access import rights
from syncd.desk.parked import bulk, operators
from syncd.errors import WrongUsage
from syncd.ports import Ledger

router = APIRouter()
SHOWN_MAX: Final = 20
REFRESHED_S: Final = 3
Ids = Annotated[Sequence[int], Query()]


@router.get("/parked/bulk")
def asked(
    request: Request, who: SignedIn, pipeline: str, what: Literal["retry", "discard"] = "retry", state: str = "",
    rule: str = "", code: str = "", table: str = "", subject: str = "", id: Ids = (),
) -> Response:  # fmt: skip
    """What is about to be asked, before it is: how many rows, of which the first, and what they hold."""
    chosen = operators.Selection(tuple(id), subject, state, rule, code, False, table)
    with within.at(request, who, pipeline) as (part, ledger):
        first = [row for row in operators.parked(ledger, part.name, chosen, SHOWN_MAX) if row.settled_at is None]
        groups = () if chosen.ids else causes.causes(house(request), ledger, part)
        count, last, money = _counted(ledger, part, chosen, first, groups)
        zone, hidden = part.mapping.file.timezone, within.hidden(who, part)
        told = [masking.row(row, hidden) for row in first]
    if not count:
        raise WrongUsage("bulk_nothing")
    return page(
        request, "bulk.html", f"console_bulk_{what}", who, zone, pipeline=pipeline, what=what, chosen=chosen,
        rows=clock.local(told, zone), count=count, last=last, held=money, may=within.may(who, bulk.right(what), part),
        roles=sorted(rights.giving(bulk.right(what), part.mapping.approvers)),
    )  # fmt: skip


@router.post("/parked/bulk")
def begun(
    request: Request, signed: Signed, then: BackgroundTasks, pipeline: Annotated[str, Form()],
    what: Annotated[Literal["retry", "discard"], Form()],
    name: Annotated[str, Form()] = "", state: Annotated[str, Form()] = "", rule: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "", table: Annotated[str, Form()] = "", subject: Annotated[str, Form()] = "",
    id: Annotated[Sequence[int], Form()] = (), last: Annotated[int, Form()] = operators.NUMBER_MAX,
    rows: Annotated[int, Form()] = 0,
) -> Response:  # fmt: skip
    """Begin it. The rows are asked behind the answer, so that the page that shows how far it is comes at once."""
    chosen = operators.Selection(tuple(id), subject, state, rule, code, False, table, 0, last)
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, bulk.right(what), part)
        made = bulk.begin(ledger, part.name, chosen, what, name, rows, signed.by)
    then.add_task(ask, part, made.number, signed.by)
    return _watched(pipeline, made.number)


@router.get("/parked/bulk/{number}")
def watched(request: Request, who: SignedIn, number: int, pipeline: str) -> Response:
    """How far it is, again and again until it is done, and what came of it."""
    with within.at(request, who, pipeline) as (part, ledger):
        zone = part.mapping.file.timezone
        far = clock.local(bulk.progress(ledger, part.name, number), zone)
    return page(
        request, "progress.html", f"console_bulk_{far.bulk.what}", who, zone, pipeline=pipeline, far=far,
        rate=far.rate(datetime.now(UTC)), every_s=0 if far.is_done else REFRESHED_S,
        may=within.may(who, bulk.right(far.bulk.what), part),
    )  # fmt: skip


@router.post("/parked/bulk/{number}")
def stopped(
    request: Request, signed: Signed, then: BackgroundTasks, number: int, pipeline: Annotated[str, Form()],
    do: Annotated[Literal["stop", "go_on"], Form()],
) -> Response:  # fmt: skip
    """Stop it, or go on where a console that was ended meanwhile has left it."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        far = bulk.progress(ledger, part.name, number)
        within.require(request, signed.who, bulk.right(far.bulk.what), part)
        by = operators.Actor(signed.by.name, far.bulk.reason)
        if do == "stop":
            bulk.stop(ledger, part.name, number, by)
        else:
            then.add_task(ask, part, number, by)
    return _watched(pipeline, number)


def ask(part: wiring.Pipeline, number: int, by: operators.Actor) -> None:
    """Ask the rows, behind the answer that says that it was begun."""
    with closing(part.open_ledger()) as ledger:
        bulk.ask(ledger, part.name, number, by)


def _watched(pipeline: str, number: int) -> Response:
    return RedirectResponse(f"/parked/bulk/{number}?{urlencode({'pipeline': pipeline})}", 303)


def _counted(
    ledger: Ledger, part: wiring.Pipeline, chosen: operators.Selection, first: Sequence[operators.ParkedRow],
    groups: Sequence[causes.Cause],
) -> tuple[int, int, held.Held | None]:  # fmt: skip
    """How many rows are meant, the last of them, and what they hold where they are a group."""
    if chosen.ids:
        return len(first), max((row.id for row in first), default=0), None
    found = [
        one for one in groups
        if (chosen.state, chosen.rule, chosen.code) == (one.group.state, one.group.rule, one.group.code)
        and chosen.table in ("", one.group.table)
    ]  # fmt: skip
    if not found or chosen.subject:
        rows = operators.parked(ledger, part.name, chosen)
        return len(rows), rows[-1].id if rows else 0, None
    money = found[0].held if len(found) == 1 else None
    return sum(one.group.rows for one in found), max(one.group.last_id for one in found), money
