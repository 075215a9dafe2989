"""One parked row: what changed, why it rests, what it would make, and what people do with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console import approvals as approvals_room
from syncd.console import within
from syncd.console.page import SignedIn, page
from syncd.console.sides import SET, changed, typed
from syncd.console.sides import sides as sides_of
from syncd.console.signing import Signed
from syncd.desk import masking
from syncd.desk.parked import approvals, operators, previews
from syncd.errors import WrongUsage
from syncd.outbox import box
from syncd.ports import Ledger

router = APIRouter()
BEHIND_MAX: Final = 20
TOLD_MAX: Final = 20


@router.get("/parked/row")
def shown(request: Request, who: SignedIn, pipeline: str, id: int) -> Response:
    """One row, whole; with values in the address, what it would make with them."""
    with within.at(request, who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        behind = _behind(ledger, part.name, row)
        told = box.of_subject(ledger, part.name, row.subject, TOLD_MAX)
        advised = operators.advice(ledger, part.name, row)
        done = approvals.deeds(ledger, part.name, (id,)).get(id, ())
        hidden = within.hidden(who, part)
        sides = sides_of(part, row, hidden)
        given = changed(sides, dict(request.query_params))
        tried = operators.edited(row, typed(given), part.mapping.tables, part.read)[0] if given else row
        preview = None
        if row.settled_at is None:
            translator = part.mapping.translator(part.name)
            preview = previews.made(ledger, part.name, translator, part.mapping.tables, [tried]).get(id)
            preview = preview and masking.preview(preview, tried, hidden)
    zone, seen, whole = part.mapping.file.timezone, operators.version(row), row
    row = masking.row(row, hidden)
    may = row.settled_at is None and within.may(who, "mend", part)
    return page(
        request, "row.html", "console_row", who, zone, row=row, pipeline=pipeline, advised=advised,
        sides=sides, done=done, preview=preview, given=given, is_tried=bool(given), may_mend=may,
        may_discard=row.settled_at is None and within.may(who, "discard", part), seen=seen,
        role=approvals_room.own_role(part, whole, who) if row.state == "approval" and not row.request else "",
        behind=behind, behind_max=BEHIND_MAX, told_of=told, where=within.where(part, row.rule),
        field_codes=within.field_codes(part), has_before=any(side.before for side in sides),
        is_correctable=may and any(side.is_typed for side in sides),
    )  # fmt: skip


async def _fields(request: Request) -> Mapping[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


@router.post("/parked/row")
def mended(
    request: Request, signed: Signed, fields: Fields, pipeline: Annotated[str, Form()], id: Annotated[int, Form()],
    do: Annotated[Literal["preview", "edit", "retry", "discard", "withdraw"], Form()],
    seen: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Correct values of a row, try it again, give it up, or take that back, as the button says; or show what it would
    make. Nothing is done where the row is not what it was when its page was made: then that is told."""
    place = {"pipeline": pipeline, "id": id}
    with within.at(request, signed.who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        given = changed(sides_of(part, row, within.hidden(signed.who, part)), fields)
        if do == "preview":
            asked = {SET + name: text for name, text in given.items()}
            return RedirectResponse(f"/parked/row?{urlencode(place | asked)}#made", 303)
        within.require(request, signed.who, "discard" if do == "discard" else "mend", part)
        operators.require_seen(ledger, part.name, row, seen)
        only = operators.Selection((id,))
        if do == "edit":
            values = typed(given)
            if not values:
                raise WrongUsage("page_nothing_changed")
            operators.edit(ledger, part.name, id, values, part.mapping.tables, part.read, signed.by, seen)
        elif do == "retry":
            operators.retry(ledger, part.name, only, signed.by)
        elif do == "withdraw":
            operators.withdraw(ledger, part.name, id, signed.by)
        else:
            operators.discard(ledger, part.name, only, signed.by)
    return RedirectResponse(f"/parked/row?{urlencode(place)}", 303)


def _behind(ledger: Ledger, pipeline: str, row: operators.ParkedRow) -> Sequence[operators.ParkedRow]:
    """The first open rows of its subject that wait behind it."""
    if row.settled_at is not None:
        return ()
    chosen = operators.Selection(subject=row.subject, state="behind", after=row.id)
    return operators.parked(ledger, pipeline, chosen, BEHIND_MAX + 1)
