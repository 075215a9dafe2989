"""Parked rows: by signature with what they hold back, one by one, and who looks into what."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console import causes, news, within
from syncd.console.page import SignedIn, house, page, seen
from syncd.console.signing import Signed
from syncd.desk import clock, masking
from syncd.desk.parked import bulk, operators, taken
from syncd.desk.parked.operators import Actor

router = APIRouter()
LISTED_MAX: Final = 50
BULKS_MAX: Final = 5
SUBJECTS_MAX: Final = 50
"""Rows whose subjects complete what is typed, the last that were parked."""
KNOWN_MAX: Final = 200
"""Completions of a field."""


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
    may_mend, may_discard, marks = False, False, dict[str, int]()
    known: dict[str, list[str]] = {"pipeline": [], "subject": [], "rule": []}
    for one in seen(request, who):
        zone = one.mapping.file.timezone
        may_mend |= within.may(who, "mend", one)
        may_discard |= within.may(who, "discard", one)
        known["rule"] += [rule.name for rule in one.mapping.rules]
        with closing(one.open_ledger()) as ledger:
            for part in one.begun():
                known["pipeline"].append(part.name)
                marks[part.name] = operators.newest(ledger, part.name)
                known["subject"] += operators.subjects(ledger, part.name, SUBJECTS_MAX)
                groups += causes.shown(house(request), ledger, part, who)
                bulks += clock.local(bulk.latest(ledger, part.name, BULKS_MAX), zone)
                if pipeline in ("", part.name):
                    lot = operators.parked(ledger, part.name, chosen, LISTED_MAX + 1)
                    hidden = within.hidden(who, part)
                    rows += [(part.name, clock.local(masking.row(row, hidden), zone)) for row in lot[:LISTED_MAX]]
                    further += [(part.name, lot[LISTED_MAX - 1].id)] if len(lot) > LISTED_MAX else []
    known["code"] = [group.group.code for group in groups]
    groups.sort(key=lambda one: (one.group.state == "behind", -one.group.rows))
    return page(
        request, "parked.html", "console_parked", who, groups=groups, rows=rows, further=further, chosen=chosen,
        pipeline=pipeline, is_filtered=chosen.is_said or settled or after or pipeline, bulks=bulks,
        may_mend=may_mend, may_discard=may_discard, news=news.address(request, "/parked/news", marks),
        known={field: sorted({*values})[:KNOWN_MAX] for field, values in known.items()},
        several=len({name for name, _ in rows} | {group.pipeline for group in groups}) > 1,
    )  # fmt: skip


@router.get("/parked/news")
def newer(
    request: Request, who: SignedIn, pipeline: str = "", state: str = "", rule: str = "", code: str = "",
    table: str = "", subject: str = "", settled: bool = False, mark: Annotated[Sequence[str], Query()] = (),
) -> Response:  # fmt: skip
    """How many rows were parked since a list of them was shown, in words; nothing where there are none."""
    chosen, since, found = operators.Selection((), subject.strip(), state, rule, code, settled, table), news.of(mark), 0
    for one in seen(request, who):
        with closing(one.open_ledger()) as ledger:
            for name in [part.name for part in one.begun() if pipeline in ("", part.name)]:
                if name in since:
                    found += operators.newer(ledger, name, chosen, since[name], news.COUNTED_MAX)
    return news.told(request, found)


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
