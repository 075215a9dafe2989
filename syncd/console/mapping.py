"""The mapping: its rules as they are written, where finance's columns come from, what it would change, its cases, and
who answers for it."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd import trial, workbench
from syncd.books import rules as written
from syncd.console import within
from syncd.console.page import SignedIn, page, seen
from syncd.console.signing import Signed
from syncd.desk.access import people
from syncd.desk.parked import operators
from syncd.errors import WrongUsage

router = APIRouter()
DIFFERENCES_MAX: Final = 50
DRAWN_MAX: Final = 60
"""Columns on one side of the picture."""
STEP: Final = 22
"""From one column of the picture to the next, in its own units."""


class Picture(NamedTuple):
    """Columns of the EAM, of finance, and which goes into which, each with how far down it stands."""

    eam: Sequence[tuple[str, int]]
    finance: Sequence[tuple[str, int]]
    lines: Sequence[tuple[int, int]]
    height: int


@router.get("/mapping")
def shown(request: Request, who: SignedIn, pipeline: str = "", rule: str = "", saved: str = "") -> Response:
    """The rules, who has answered for them, and of one rule where its columns come from."""
    with within.at(request, who, pipeline) as (part, ledger):
        accepted = operators.accepted(ledger, part.mapping.name)
        asked = people.waiting(ledger, "", f"mapping/{part.mapping.name}", "accept", {"hash": part.mapping.hash})
    mapping = part.mapping
    rules = [one for one in mapping.rules if not one.of]
    chosen = next((one for one in rules if one.name == rule), None)
    return page(
        request, "mapping.html", "console_mapping", who, pipeline=part.name, mapping=mapping, rules=rules,
        names=[one.name for one in seen(request, who)], accepted=accepted, asked=asked,
        chosen=chosen and written.told(chosen), where=within.where(part, rule),
        field_codes=within.field_codes(part),
        picture=chosen and _picture(written.lineage(mapping, chosen)), may=within.may(who, "accept_mapping", part),
        saved=saved,
    )  # fmt: skip


@router.post("/mapping")
def done(
    request: Request, signed: Signed, pipeline: Annotated[str, Form()],
    do: Annotated[Literal["compare", "cases", "accept"], Form()], hash: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """What the mapping as it stands would make of the last changes; how its cases go; or answer for it, as the content
    that was seen."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        mapping, zone = part.mapping, part.mapping.file.timezone
        if do == "accept":
            within.require(request, signed.who, "accept_mapping", part)
            if hash != mapping.hash:
                raise WrongUsage("mapping_moved_on", mapping=mapping.name)
            known = within.people_of(request, part)
            if not operators.accept(ledger, mapping.name, mapping.hash, signed.by, people.seconded(known)):
                raise people.seconding(known, signed.by)
            return RedirectResponse(f"/mapping?{urlencode({'pipeline': pipeline})}", 303)
        compared = trial.compared(part, ledger) if do == "compare" else []
    return page(
        request, "mapped.html", "console_compared" if do == "compare" else "console_cases", signed.who, zone,
        pipeline=pipeline, compared=compared, results=workbench.run(part.mapping) if do == "cases" else (), do=do,
        differences_max=DIFFERENCES_MAX,
    )  # fmt: skip


def _picture(pairs: Sequence[tuple[str, str]]) -> Picture:
    finance = [*dict.fromkeys(to for _, to in pairs)][:DRAWN_MAX]
    eam = [*dict.fromkeys(column for column, to in pairs if to in finance)][:DRAWN_MAX]
    left, right = ({name: STEP * (n + 1) for n, name in enumerate(lot)} for lot in (eam, finance))
    lines = [(left[column], right[to]) for column, to in pairs if column in left and to in right]
    return Picture([*left.items()], [*right.items()], lines, STEP * (max(len(eam), len(finance)) + 1))
