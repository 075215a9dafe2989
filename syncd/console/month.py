"""A month's end: what must hold and what mends it, the close, the month's depreciation, its reports."""

import io
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.books.close.item import Item, Said
from syncd.books.depreciation import asking, plan, preview, runs
from syncd.books.reports import folders, package
from syncd.console import within
from syncd.console.page import SignedIn, language, page
from syncd.console.signing import Signed
from syncd.desk import clock
from syncd.desk import closing as closings
from syncd.desk.access import people
from syncd.errors import WrongUsage

router = APIRouter()
ROWS_SHOWN_MAX: Final = 50
PERIODS_MAX: Final = 24


@router.get("/books/month")
def shown(request: Request, who: SignedIn, pipeline: str = "") -> Response:
    """The last periods of finance, which of them are closed, and what can be done with each."""
    with within.at(request, who, pipeline) as (part, ledger):
        closed = closings.closed(ledger)
        kept = part.mapping.layout.kept
        last = [one for one in part.periods(ledger) if one.first <= datetime.now(part.mapping.zone).date()]
        found = [(one, kept(one.code) in closed) for one in last[-PERIODS_MAX:]]
    return page(
        request, "month.html", "console_month", who, pipeline=part.name, found=found[::-1],
        depreciates=part.depreciation is not None,
    )  # fmt: skip


@router.post("/books/month")
def looked(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], month: Annotated[str, Form()],
    do: Annotated[Literal["look", "close", "overrule", "reopen"], Form()],
) -> Response:  # fmt: skip
    """What must hold before a month is closed; close it where all of it does, or anyway; or open it again."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        if do != "look":
            within.require(request, signed.who, "close" if do == "close" else "overrule", part)
        if do == "reopen":
            part.reopen_period(ledger, month, signed.by)
            return RedirectResponse(f"/books/month?{urlencode({'pipeline': pipeline})}", 303)
        seen = closings.numbers(ledger, part.mapping.layout.kept(month))
        items = part.close_items(ledger, month)
        failing = [item for item in items if item.state == "fails"]
        if do in ("close", "overrule"):
            if failing and do == "close":
                raise WrongUsage("close_fails", period=month, count=len(failing))
            part.close_period(ledger, month, seen, items, signed.by)
            return RedirectResponse(f"/books/month?{urlencode({'pipeline': pipeline})}", 303)
        is_closed = part.mapping.layout.kept(month) in closings.closed(ledger)
    return page(
        request, "close.html", "console_close", signed.who, part.mapping.file.timezone, pipeline=pipeline, month=month,
        items=items, failing=len(failing), is_closed=is_closed, rows_max=ROWS_SHOWN_MAX,
        may_close=within.may(signed.who, "close", part), may_overrule=within.may(signed.who, "overrule", part),
        words=lambda item: _words(item, request), mend=lambda item: _mend(item, request), is_said=_is_said,
    )  # fmt: skip


@router.post("/books/report")
def report(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], month: Annotated[str, Form()]
) -> Response:
    """A month's reports as one file: a workbook, a page, and a folder of CSV."""
    words = language(request)
    with within.at(request, signed.who, pipeline) as (part, ledger):
        now = datetime.now(UTC).astimezone(part.mapping.zone)
        made = part.reports(ledger, month, package.Printed("", signed.by.name, now))
    packed = io.BytesIO()
    with TemporaryDirectory() as place, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        folders.write(made, Path(place), words)
        for file in sorted(Path(place).rglob("*")):
            archive.write(file, file.relative_to(place))
    named = {"content-disposition": f'attachment; filename="{made.period}-{words}.zip"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=named)


@router.get("/books/depreciation")
def previewed(request: Request, who: SignedIn, period: str, pipeline: str = "") -> Response:
    """What the run of a month would post, beside the month before, and the runs that there were."""
    with within.at(request, who, pipeline) as (whole, ledger):
        part = whole.begun()[0]
        until = asking.month_of(period, part.periods(ledger))
        found = preview.preview(ledger, _depreciation(part), part.periods(ledger), until, lambda *_: None)
        made = clock.local(asking.standings(ledger, part.name, plan.month_text(until)), part.mapping.file.timezone)
        names = package.code_names(ledger, part.mapping, [part.name])
    return page(
        request, "depreciation.html", "console_depreciation", who, pipeline=part.name, period=period, found=found,
        named=partial(package.with_name, names),
        runs=made, rows_max=ROWS_SHOWN_MAX,
        may=part.computing is not None and within.may(who, "depreciate", part),
    )  # fmt: skip


@router.post("/books/depreciation")
def agreed(
    request: Request, signed: Signed, period: Annotated[str, Form()], pipeline: Annotated[str, Form()]
) -> Response:
    """Approve a month's depreciation: the second of two people, one of them a controller, has the daemon make it."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "depreciate", part)
        if part.computing is None:
            raise WrongUsage("depreciation_by_eam", mapping=part.mapping.name)
        known = within.people_of(request, part)
        periods = part.periods(ledger)
        month = plan.month_text(asking.month_of(period, periods))
        answer = asking.approve(ledger, part.computing, periods, month, signed.by, people.seconded(known))
        if answer.state == "proposed":
            raise people.seconding(known, signed.by)
    return RedirectResponse(f"/books/depreciation?{urlencode({'pipeline': pipeline, 'period': period})}", 303)


def _depreciation(part: wiring.Pipeline) -> runs.Computing:
    """Raises WrongUsage where the mapping says nothing of depreciation."""
    if part.depreciation is None:
        raise WrongUsage("depreciation_nothing", mapping=part.mapping.name)
    return part.depreciation


def _is_said(value: object) -> bool:
    return isinstance(value, Said)


def _words(item: Item, request: Request) -> str:
    """The sentence of a check of the mapping's own; empty where a message says it."""
    return item.says[language(request)] if item.says else ""


def _mend(item: Item, request: Request) -> str:
    return item.mends[language(request)] if item.mends else ""
