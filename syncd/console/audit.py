"""The auditor's page: what people did, the chains and where their heads are kept, whether the record is whole."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from syncd.audit import Anchored
from syncd.console import within
from syncd.console.books import day
from syncd.console.page import SignedIn, page, seen
from syncd.console.signing import Signed
from syncd.desk import actions, clock, masking
from syncd.desk.audit import anchors
from syncd.errors import Halt

router = APIRouter()
LISTED_MAX: Final = 50
VERIFIED_MAX: Final = 200_000
"""Postings that are hashed and held against finance while somebody waits: half a minute."""
FLAWS_MAX: Final = 100


class Chains(NamedTuple):
    """The heads of a pipeline's chains, and what was last said of where they are kept."""

    pipeline: str
    heads: Sequence[Anchored]
    said: anchors.Said | None


@router.get("/audit")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", actor: str = "", action: str = "", about: str = "",
    text: str = "", first: str = "", last: str = "", before: int | None = None,
) -> Response:  # fmt: skip
    """Actions that a filter finds, the newest first; and the chains as they stand."""
    asked = actions.Asked(actor.strip(), action.strip(), about, text, day(first), day(last))
    with within.at(request, who, pipeline) as (part, ledger):
        zone, names = part.mapping.file.timezone, [one.name for whole in seen(request, who) for one in whole.begun()]
        with_accounts = who.may("see_accounts")
        masked = [within.hidden(who, one) for one in seen(request, who)]
        done = actions.page(
            ledger, names, asked, part.mapping.zone, LISTED_MAX, before, with_accounts,
            lambda one: masking.done(one, masked),
        )  # fmt: skip
        found = clock.local(done, zone)
    return page(
        request, "audit.html", "console_audit", who, zone, found=found, actor=actor, action=action, about=about,
        text=text, first=first, last=last, chains=_chains(request, who), pipeline=part.name,
        names=[one.name for one in seen(request, who)],
    )  # fmt: skip


@router.post("/audit/verify")
def verified(request: Request, signed: Signed, pipeline: Annotated[str, Form()]) -> Response:
    """Hash everything again and hold it against finance."""
    with within.at(request, signed.who, pipeline) as (part, ledger):
        heads = [one for name in part.begun() for one in anchors.heads(ledger, name.name, datetime.now(UTC))]
        if sum(one.seq for one in heads if one.chain == "posting") > VERIFIED_MAX:
            raise Halt("page_verify_long", postings=VERIFIED_MAX)
        verdict = part.verified(ledger)
    return page(
        request, "verdict.html", "console_verdict", signed.who, pipeline=pipeline, verdict=verdict,
        flaws=verdict.flaws[:FLAWS_MAX], at=datetime.now(UTC).astimezone(part.mapping.zone),
    )  # fmt: skip


def _chains(request: Request, who: SignedIn) -> list[Chains]:
    found: list[Chains] = []
    now = datetime.now(UTC)
    for whole in seen(request, who):
        with closing(whole.open_ledger()) as ledger:
            for part in whole.begun():
                heads, said = anchors.heads(ledger, part.name, now), anchors.said(ledger, part.name)
                found.append(Chains(part.name, heads, clock.local(said, whole.mapping.file.timezone)))
    return found
