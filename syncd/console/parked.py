"""Parked rows: by signature with what they hold back, one by one, and who looks into what."""

from contextlib import closing
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console import causes, within
from syncd.console.page import SignedIn, house, page, seen
from syncd.console.signing import Signed
from syncd.desk import clock
from syncd.desk.parked import bulk, operators, taken
from syncd.desk.parked.operators import Actor

router = APIRouter()
LISTED_MAX: Final = 50
BULKS_MAX: Final = 5


@router.get("/parked")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", state: str = "", rule: str = "", code: str = "",
    table: str = "", subject: str = "", settled: bool = False, after: int = 0,
) -> Response:  # fmt: skip
    """Open rows by signature, and those that a filter finds, from a number on."""
    chosen = operators.Selection((), subject.strip(), state, rule, code, settled, table, after)
    groups: list[causes.Cause] = []
    rows: list[tuple[str, operators.ParkedRow]] = []
    further: list[tuple[str, int]] = []
    bulks: list[bulk.Bulk] = []
    may_mend = False
    for one in seen(request, who):
        zone = one.mapping.file.timezone
        may_mend |= within.may(who, "mend", one)
        with closing(one.open_ledger()) as ledger:
            for part in one.begun():
                groups += causes.causes(house(request), ledger, part)
                bulks += clock.local(bulk.latest(ledger, part.name, BULKS_MAX), zone)
                if pipeline in ("", part.name):
                    lot = operators.parked(ledger, part.name, chosen, LISTED_MAX + 1)
                    rows += [(part.name, clock.local(row, zone)) for row in lot[:LISTED_MAX]]
                    further += [(part.name, lot[LISTED_MAX - 1].id)] if len(lot) > LISTED_MAX else []
    groups.sort(key=lambda one: (one.group.state == "behind", -one.group.rows))
    return page(
        request, "parked.html", "console_parked", who, groups=groups, rows=rows, further=further, chosen=chosen,
        pipeline=pipeline, is_filtered=chosen.is_said or settled or after or pipeline, bulks=bulks,
        may_mend=may_mend,
        several=len({name for name, _ in rows} | {group.pipeline for group in groups}) > 1,
    )  # fmt: skip


@router.post("/parked/take")
def take(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], called: Annotated[str, Form()],
    do: Annotated[Literal["take", "give_back"], Form()],
) -> Response:  # fmt: skip
    """Take a group, so that others see whose it is; or give it back."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "mend", part)
        by = Actor(signed.by.name, do)
        if do == "take":
            taken.take(ledger, part.name, called, by)
        else:
            taken.give_back(ledger, part.name, called, by)
    return RedirectResponse("/parked", 303)
