"""One parked row: what changed, why it rests, what it would make, and what people do with it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.console import approvals as approvals_room
from syncd.console import within
from syncd.console.page import SignedIn, page
from syncd.console.signing import Signed
from syncd.desk import approvals, clock, operators, previews
from syncd.errors import WrongUsage
from syncd.outbox import box
from syncd.ports import Ledger

router = APIRouter()
BEHIND_MAX: Final = 20
TOLD_MAX: Final = 20
NULL: Final = "NULL"
"""How an empty value is shown and typed, as on the command line."""
SET: Final = "set."
"""What the names of edited columns begin with in a form."""


class Side(NamedTuple):
    """A column of a parked row: before, after, and what the source sent where a person has edited it since."""

    column: str
    before: str
    after: str
    sent: str
    is_changed: bool
    is_typed: bool
    """Whether another value may be typed: not of the row's key, nor of a document's lines."""


@router.get("/parked/row")
def shown(request: Request, who: SignedIn, pipeline: str, id: int) -> Response:
    """One row, whole; with values in the address, what it would make with them."""
    with within.at(request, who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        behind = _behind(ledger, part.name, row)
        told = box.of_subject(ledger, part.name, row.subject, TOLD_MAX)
        advised = operators.advice(ledger, part.name, row)
        done = approvals.deeds(ledger, part.name, (id,)).get(id, ())
        sides = _sides(part, row)
        given = _changed(sides, dict(request.query_params))
        tried = operators.edited(row, _values(given), part.mapping.tables, part.read)[0] if given else row
        preview = None
        if row.settled_at is None:
            translator = part.mapping.translator(part.name)
            preview = previews.made(ledger, part.name, translator, part.mapping.tables, [tried]).get(id)
    zone = part.mapping.file.timezone
    may = row.settled_at is None and within.may(who, "mend", part)
    return page(
        request, "row.html", "console_row", who, zone, row=row, pipeline=pipeline, advised=advised,
        sides=sides, done=done, preview=preview, given=given, is_tried=bool(given), may_mend=may,
        may_discard=row.settled_at is None and within.may(who, "discard", part), seen=operators.version(row),
        role=approvals_room.own_role(part, row, who) if row.state == "approval" and not row.request else "",
        behind=behind, behind_max=BEHIND_MAX, told_of=told, where=_where(part, row.rule),
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
        given = _changed(_sides(part, row), fields)
        if do == "preview":
            asked = {SET + name: text for name, text in given.items()}
            return RedirectResponse(f"/parked/row?{urlencode(place | asked)}#made", 303)
        within.require(request, signed, "discard" if do == "discard" else "mend", part)
        operators.require_seen(ledger, part.name, row, seen)
        only = operators.Selection((id,))
        if do == "edit":
            values = _values(given)
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


def _where(part: wiring.Pipeline, rule: str) -> str:
    """The file and line of a rule of the mapping as it stands."""
    known = any(rule == one.name for one in part.mapping.rules)
    return part.mapping.resolver.reader.document.where(("rules", rule)) if known else ""


def _sides(part: wiring.Pipeline, row: operators.ParkedRow) -> Sequence[Side]:
    """Its columns, times on the clock of the books."""
    table, zone = part.mapping.tables.get(row.table), part.mapping.file.timezone
    typed = (
        () if table is None else [c.name for i, c in enumerate(table.columns) if i not in table.key and c.of is None]
    )

    def image(change: str | None, side: str) -> Mapping[str, object]:
        stored = (json.loads(change)[side] or {}) if change else {}
        return stored if table is None else clock.image(stored, table, zone)

    before, after, sent = image(row.change, "before"), image(row.change, "after"), image(row.original, "after")
    return [
        Side(name, _seen(before, name), _seen(after, name), _seen(sent, name) if sent else "",
             before.get(name) != after.get(name) and bool(before) and bool(after), name in typed)
        for name in dict.fromkeys([*before, *after])
    ]  # fmt: skip


def _seen(image: Mapping[str, object], name: str) -> str:
    """A value as people read it and type it."""
    value = image.get(name, "")
    if isinstance(value, dict):
        return str(value.get("malformed", ""))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    return NULL if value is None else str(value)


def _changed(sides: Sequence[Side], fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a form gives for columns, where that is another value than the row has. The key of a row is never edited."""
    typed = {name.removeprefix(SET): text for name, text in fields.items() if name.startswith(SET)}
    return {s.column: typed[s.column] for s in sides if s.column in typed and typed[s.column] != s.after and s.is_typed}


def _values(given: Mapping[str, str]) -> dict[str, str | None]:
    return {name: None if text == NULL else text for name, text in given.items()}
