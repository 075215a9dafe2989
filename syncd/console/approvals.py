"""What waits for whom to agree: the inbox of a role, with the voucher that each row would make; one by one, or many
with their number and sum."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.console import within
from syncd.console.page import SignedIn, Visitor, page, seen
from syncd.console.signing import Signed
from syncd.desk import clock, masking
from syncd.desk.parked import approvals, approving, operators, previews
from syncd.errors import Transient, WrongUsage
from syncd.money import ZERO
from syncd.ports import Ledger

router = APIRouter()
LISTED_MAX: Final = 50
Ids = Annotated[Sequence[int], Query()]


class Waiting(NamedTuple):
    """A row that waits: whom for, what it would make, who has agreed so far, until when, and why this visitor may not
    agree; empty where they may. `role` is the one in which they would decide, empty where they hold none."""

    pipeline: str
    row: operators.ParkedRow
    preview: previews.Preview | None
    given: Sequence[approvals.Deed]
    due: datetime | None
    is_overdue: bool
    role: str
    bar: str


@router.get("/approvals")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", rule: str = "", all: bool = False, after: int = 0
) -> Response:
    """What waits for the visitor's roles; for any role, if asked for."""
    found: list[Waiting] = []
    further: list[tuple[str, int]] = []
    for one in seen(request, who):
        with closing(one.open_ledger()) as ledger:
            for part in one.begun():
                if pipeline in ("", part.name):
                    rows = operators.parked(
                        ledger, part.name, operators.Selection(state="approval", rule=rule, after=after), LISTED_MAX + 1
                    )
                    further += [(part.name, rows[LISTED_MAX - 1].id)] if len(rows) > LISTED_MAX else []
                    found += _waiting(ledger, part, rows[:LISTED_MAX], who)
    own = [one for one in found if one.role]
    return page(
        request, "approvals.html", "console_approvals", who, found=found if all else own, others=len(found) - len(own),
        all=all, further=further, pipeline=pipeline, rule=rule, several=len({one.pipeline for one in found}) > 1,
    )  # fmt: skip


@router.get("/approvals/many")
def asked(request: Request, who: SignedIn, pipeline: str, role: str = "", id: Ids = ()) -> Response:
    """What is about to be agreed to: how many rows and how much, and those that it cannot be."""
    if not id:
        raise WrongUsage("approve_none")
    with within.at(request, who, pipeline) as (part, ledger):
        free, barred = _meant(ledger, part, id, role, who)
        found = _waiting(ledger, part, free, who)
    return page(
        request, "approve.html", "console_approve_many", who, pipeline=pipeline, role=role, found=found, barred=barred,
        total=sum((one.preview.debit for one in found if one.preview), ZERO), seen=_seen(free),
    )  # fmt: skip


@router.post("/approvals/many")
def approved(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], role: Annotated[str, Form()],
    seen: Annotated[str, Form()], id: Annotated[Sequence[int], Form()],
) -> Response:  # fmt: skip
    """Agree to all of them as they were seen, or to none."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "approve", part, role)
        free, _ = _meant(ledger, part, id, role, signed.who)
        if _seen(free) != seen:
            raise Transient("approve_overtaken", seen=len(id), now=len(free))
        approving.approve_all(ledger, part.name, operators.Selection(tuple(id)), free, signed.by, role)
    return RedirectResponse("/approvals", 303)


@router.post("/approvals/row")
def decided(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()], id: Annotated[int, Form()],
    role: Annotated[str, Form()], do: Annotated[Literal["approve", "reject"], Form()],
    seen: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Agree to a row, or refuse it, in a role."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        within.require(request, signed.who, "approve", part, role)
        operators.require_seen(ledger, part.name, operators.show(ledger, part.name, id), seen)
        decide = operators.approve if do == "approve" else operators.reject
        decide(ledger, part.name, id, signed.by, role)
    return RedirectResponse(f"/parked/row?{urlencode({'pipeline': pipeline, 'id': id})}", 303)


def own_role(part: wiring.Pipeline, row: operators.ParkedRow, who: Visitor) -> str:
    """The role in which somebody may decide about a row now; empty where there is none."""
    deciding = approvals.deciding(row, datetime.now(UTC))
    return next((role for role in deciding if who.may("approve", part.place, (role,))), "")


def _waiting(ledger: Ledger, part: wiring.Pipeline, rows: Sequence[operators.ParkedRow], who: Visitor) -> list[Waiting]:
    mapping, now = part.mapping, datetime.now(UTC)
    done = approvals.deeds(ledger, part.name, [row.id for row in rows])
    made: Mapping[int, previews.Preview] = {}
    if rows:
        made = previews.made(ledger, part.name, mapping.translator(part.name), mapping.tables, rows)
    hidden = within.hidden(who, part)

    def shown(row: operators.ParkedRow) -> previews.Preview | None:
        preview = made.get(row.id)
        return preview and masking.preview(preview, row, hidden)

    found = [
        Waiting(
            *(part.name, masking.row(row, hidden), shown(row), approvals.standing(row, done.get(row.id, ()))),
            *(approvals.due(row), approvals.is_overdue(row, now), own_role(part, row, who)),
            operators.barred(ledger, part.name, row, done.get(row.id, ()), who.account.name),
        )
        for row in rows
    ]
    local: list[Waiting] = clock.local(found, mapping.file.timezone)
    return local


def _meant(
    ledger: Ledger, part: wiring.Pipeline, ids: Sequence[int], role: str, who: Visitor
) -> tuple[Sequence[operators.ParkedRow], int]:
    """Of rows that are named those that somebody may agree to, and how many others they are."""
    found = approving.meant(ledger, part.name, operators.Selection(tuple(ids)), role, who.account.name)
    return found.rows, len(found.barred)


def _seen(rows: Sequence[operators.ParkedRow]) -> str:
    """Rows as they are, in short."""
    return ".".join(f"{row.id}-{operators.version(row)[:8]}" for row in rows)
