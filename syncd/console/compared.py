"""Both sides held against each other: reconciliations with their causes, disposals and their deadlines, what is worth a
look."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.books.depreciation import asking, plan
from syncd.books.lifecycle import deadlines, standing, states
from syncd.books.reconciliation import history
from syncd.books.reports import difference_rows as rows
from syncd.console import within
from syncd.console.page import SignedIn, language, page
from syncd.console.signing import Signed
from syncd.desk import clock
from syncd.errors import WrongUsage

router = APIRouter()
RUNS_MAX: Final = 60
DIFFERENCES_MAX: Final = 200
CARDS_MAX: Final = 50
WARNINGS_MAX: Final = 200


class Listed(NamedTuple):
    """A difference as people read it: what it differs in, what both sides say, why, and what can be done."""

    difference: Mapping[str, Any]
    value: str
    eam: object
    finance: object
    why: str
    what: str
    is_acceptable: bool


@router.get("/books/reconciled")
def runs(request: Request, who: SignedIn, pipeline: str = "") -> Response:
    """The last reconciliations, as a list and as a picture."""
    with within.at(request, who, pipeline) as (part, ledger):
        zone = part.mapping.file.timezone
        found: Sequence[history.Run] = clock.local(history.runs(ledger, part.name, RUNS_MAX), zone)
    most = max((run.differing for run in found), default=0)
    return page(
        request, "reconciled.html", "console_reconciled", who, zone, pipeline=part.name, found=found, most=most or 1,
        may=bool(part.mapping.compares) and within.may(who, "reconcile", part),
    )  # fmt: skip


@router.post("/books/reconciled")
def compared(request: Request, signed: Signed, pipeline: Annotated[str, Form()]) -> Response:
    """Compare both sides now, and keep what was found."""
    with within.at(request, signed.who, pipeline) as (part, _):
        within.require(request, signed.who, "reconcile", part)
    report = part.reconcile(signed.by.name)
    return _run(pipeline, report.run)


@router.get("/books/reconciled/{run}")
def run(request: Request, who: SignedIn, run: int, pipeline: str = "") -> Response:
    """What a reconciliation found: the totals of both sides, each difference with its cause and what can be done."""
    with within.at(request, who, pipeline) as (part, ledger):
        found = history.run(ledger, part.name, run)
    words, own = language(request), [one for one in found["differences"] if one["id"]]
    lots = [("", "", own), *((one["name"], rows.label(one, words), one["differences"]) for one in found["balances"])]
    listed = [
        Listed(
            *(one, label if one["field"] == name else rows.value(one, words), *rows.sides(one, name)),
            *(rows.cause(one, lot, name, words), rows.proposal(one, words), rows.is_acceptable(one)),
        )
        for name, label, lot in lots
        for one in lot[:DIFFERENCES_MAX]
    ]
    return page(
        request, "differences.html", "console_differences", who, pipeline=part.name, run=run, found=found,
        listed=listed[:DIFFERENCES_MAX], count=sum(len(lot) for *_, lot in lots),
        may=within.may(who, "accept_difference", part),
    )  # fmt: skip


@router.post("/books/reconciled/{run}")
def accepted(
    request: Request, signed: Signed, run: int, pipeline: Annotated[str, Form()], difference: Annotated[str, Form()]
) -> Response:
    """Have the posting made that a difference proposes."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "accept_difference", part)
        part.accept_difference(ledger, difference, signed.by)
    return _run(pipeline, run)


@router.get("/books/disposals")
def disposals(request: Request, who: SignedIn, pipeline: str = "") -> Response:
    """Assets in disposal as a board: a column for each state, those that are overdue first."""
    with within.at(request, who, pipeline) as (part, ledger):
        parts = [living for one in part.begun() if (living := states.living(one.name, one.mapping)) is not None]
        if not parts:
            raise WrongUsage("lifecycle_no_block", pipeline=part.name)
        fields = part.mapping.month_end.fields
        held = standing.Cards(part.mapping.layout, fields.get("department", ""), fields.get("name", ""))
        found = standing.report(ledger, parts, held, datetime.now(UTC).astimezone(part.mapping.zone).date())
    words = language(request)
    columns = {state: [one for one in found.standing if one.state == state] for state in parts[0].meaning.states}
    board = [
        (deadlines.called(parts[0], state, words), len(own), sorted(own, key=lambda one: -one.days_over)[:CARDS_MAX])
        for state, own in columns.items()
        if own
    ]
    return page(request, "disposals.html", "console_disposals", who, pipeline=part.name, board=board, found=found)


@router.get("/books/warnings")
def asked(request: Request, who: SignedIn, pipeline: str = "", month: str = "") -> Response:
    """Which month is to be looked through."""
    with within.at(request, who, pipeline) as (part, _):
        today = datetime.now(UTC).astimezone(part.mapping.zone).date()
    return page(
        request, "warnings.html", "console_warnings", who, pipeline=part.name, month=month or f"{today:%Y-%m}",
        found=None,
    )  # fmt: skip


@router.post("/books/warnings")
def warnings(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], month: Annotated[str, Form()]
) -> Response:
    """What is worth a look in what was posted in a month: all of it is read, which takes its time."""
    number = asking.period_month(month)
    with within.at(request, signed.who, pipeline) as (part, _):
        last = plan.last_day(number)
        found = part.warnings(last.replace(day=1), last)
    return page(
        request, "warnings.html", "console_warnings", signed.who, pipeline=part.name, month=plan.month_text(number),
        found=found, warnings=found.warnings[:WARNINGS_MAX],
    )  # fmt: skip


def _run(pipeline: str, run: int) -> Response:
    return RedirectResponse(f"/books/reconciled/{run}?{urlencode({'pipeline': pipeline})}", 303)
