"""Parked rows: by signature, one by one, and what people do with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd import wiring
from syncd.console.page import SignedIn, Visitor, house, page, seen
from syncd.console.signing import Signed
from syncd.desk import approvals, clock, operators, previews, rights
from syncd.errors import WrongUsage
from syncd.ports import Ledger

router = APIRouter()
LISTED_MAX: Final = 50
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


@router.get("/parked")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", state: str = "", rule: str = "", code: str = "",
    subject: str = "", settled: bool = False, after: int = 0,
) -> Response:  # fmt: skip
    """Open rows by signature, and those that a filter finds."""
    chosen = operators.Selection((), subject.strip(), state, rule, code, settled)
    groups: list[tuple[str, operators.Group]] = []
    rows: list[tuple[str, operators.ParkedRow]] = []
    for one in seen(request, who):
        with closing(one.open_ledger()) as ledger:
            zone = one.mapping.file.timezone
            for part in one.begun():
                groups += [(part.name, clock.local(group, zone)) for group in operators.groups(ledger, part.name)]
                if pipeline in ("", part.name):
                    found = operators.parked(ledger, part.name, chosen, LISTED_MAX + 1)
                    rows += [(part.name, clock.local(row, zone)) for row in found]
    groups.sort(key=lambda one: -one[1].rows)
    return page(
        request, "parked.html", "console_parked", who, groups=groups, rows=rows[:LISTED_MAX],
        is_more=len(rows) > LISTED_MAX, chosen=chosen, pipeline=pipeline, is_filtered=any(chosen[1:5]),
    )  # fmt: skip


@router.get("/parked/row")
def shown(request: Request, who: SignedIn, pipeline: str, id: int) -> Response:
    """One row, whole; with values in the address, what it would make with them."""
    with _at(request, who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
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
    return page(
        request, "row.html", "console_row", who, zone, row=row, pipeline=pipeline, advised=advised,
        sides=sides, done=done, preview=preview, given=given, is_tried=bool(given),
        place=part.place,
    )  # fmt: skip


async def _fields(request: Request) -> Mapping[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


Fields = Annotated[Mapping[str, str], Depends(_fields)]


@router.post("/parked/row")
def mended(
    request: Request, signed: Signed, fields: Fields, pipeline: Annotated[str, Form()], id: Annotated[int, Form()],
    do: Annotated[Literal["preview", "edit", "retry", "discard"], Form()],
) -> Response:  # fmt: skip
    """Correct values of a row, try it again, or give it up, as the button says; or show what it would make."""
    place = {"pipeline": pipeline, "id": id}
    with _at(request, signed.who, pipeline) as (part, ledger):
        row = operators.show(ledger, part.name, id)
        given = _changed(_sides(part, row), fields)
        if do == "preview":
            asked = {SET + name: text for name, text in given.items()}
            return RedirectResponse(f"/parked/row?{urlencode(place | asked)}#made", 303)
        signed.require(house(request), "discard" if do == "discard" else "mend", part.place, part.mapping.approvers)
        only = operators.Selection((id,))
        if do == "edit":
            values = _values(given)
            if not values:
                raise WrongUsage("page_nothing_changed")
            operators.edit(ledger, part.name, id, values, part.mapping.tables, part.read, signed.by)
        elif do == "retry":
            operators.retry(ledger, part.name, only, signed.by)
        else:
            operators.discard(ledger, part.name, only, signed.by)
    return RedirectResponse(f"/parked/row?{urlencode(place)}", 303)


@contextmanager
def _at(request: Request, who: Visitor, pipeline: str) -> Iterator[tuple[wiring.Pipeline, Ledger]]:
    """A pipeline by name, under the mapping that posts, and its ledger. Raises Halt for who may not look at it."""
    named = house(request).pipeline(pipeline)
    rights.require(who.account, "look", named.place)
    with closing(named.open_ledger()) as ledger:
        yield named, ledger


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
