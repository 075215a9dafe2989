"""What finance holds of ours: postings looked for, one of them traced to its rows, the life of an asset."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from syncd import wiring
from syncd.books.lifecycle import deadlines, states
from syncd.change import Kind
from syncd.console import news, within
from syncd.console.page import SignedIn, language, page, seen
from syncd.desk import clock, masking, postings, shares, trace
from syncd.desk.access import limited
from syncd.errors import WrongUsage

router = APIRouter()
LISTED_MAX: Final = 50
SHARES_SHOWN_MAX: Final = 200
DIGITS_MAX: Final = 30
"""Of an amount that is looked for, before or after the point."""


class Event(NamedTuple):
    """Something in an asset's life: a posting, a row that rests, or what somebody did."""

    at: datetime
    step: trace.Step | None = None
    parked: trace.ParkedStep | None = None
    act: trace.Act | None = None


@router.get("/books")
def listed(
    request: Request, who: SignedIn, pipeline: str = "", asset: str = "", voucher: str = "", rule: str = "",
    amount: str = "", first: str = "", last: str = "", before: int | None = None, account: str = "",
) -> Response:  # fmt: skip
    """Postings that a filter finds, the newest first."""
    asked = _asked(asset, voucher, rule, amount, first, last, account)
    with within.at(request, who, pipeline) as (named, ledger):
        part = named.begun()[0]
        mark = postings.end(ledger, part.name)
        recent = postings.page(ledger, part.name, postings.Asked(), part.mapping.zone, LISTED_MAX).found
        found = postings.page(ledger, part.name, asked, part.mapping.zone, LISTED_MAX, before)
        zone = part.mapping.file.timezone
        rules = [one.name for one in named.mapping.rules]
    names = [one.name for whole in seen(request, who) for one in whole.begun()]
    return page(
        request, "books.html", "console_books", who, zone, found=clock.local(found, zone), names=names, rules=rules,
        pipeline=part.name, stepped=_stepped(request, part), is_group=shares.is_group,
        asset=asset, voucher=voucher, rule=rule, amount=amount, first=first, last=last, account=account,
        known=_known(recent), news="" if before else news.address(request, "/books/news", {part.name: mark}),
    )  # fmt: skip


@router.get("/books/news")
def newer(
    request: Request, who: SignedIn, pipeline: str = "", asset: str = "", voucher: str = "", rule: str = "",
    amount: str = "", first: str = "", last: str = "", account: str = "",
    mark: Annotated[Sequence[str], Query()] = (),
) -> Response:  # fmt: skip
    """How many postings were made since a list of them was shown, in words; nothing where there are none."""
    asked, count = _asked(asset, voucher, rule, amount, first, last, account), 0
    with within.at(request, who, pipeline) as (named, ledger):
        part = named.begun()[0]
        if (since := news.of(mark).get(part.name)) is not None:
            count = postings.newer(ledger, part.name, asked, part.mapping.zone, since, news.COUNTED_MAX)
    return news.told(request, count)


@router.get("/books/posting")
def posting(request: Request, who: SignedIn, pipeline: str, seq: int = 0, key: str = "", line: int = 0) -> Response:
    """One posting: its voucher, where it came from, what of each entry came from which row, who agreed."""
    with within.at(request, who, pipeline) as (part, ledger):
        number = seq or trace.number_of(ledger, part.name, key)
        origin = trace.posting(ledger, part.name, number, line, SHARES_SHOWN_MAX)
        (own,) = postings.page(ledger, part.name, postings.Asked(), part.mapping.zone, 1, number + 1).found
        hidden, zone = within.hidden(who, part), part.mapping.file.timezone
        origin = masking.traced(trace.Traced("", [origin], ()), within.tables(part), hidden).origins[0]
    return page(
        request, "posting.html", "console_posting", who, zone, one=clock.local(origin, zone), own=own,
        pipeline=pipeline, about=trace.about, act_told=trace.told, shares_max=SHARES_SHOWN_MAX,
        stepped=_stepped(request, part), is_group=shares.is_group,
    )  # fmt: skip


@router.get("/books/asset")
def asset(request: Request, who: SignedIn, asset: str, pipeline: str = "") -> Response:
    """An asset's life as one line of time, the newest below."""
    with within.at(request, who, pipeline) as (part, ledger):
        found = limited.lives(trace.lives(ledger, asset.strip()), within.theirs(request, who))
        found = masking.lives(found, within.tables(part), within.hidden(who, part))
        zone = part.mapping.file.timezone
        kinds = part.mapping.layout.card_kinds
        found = [life._replace(card=clock.fields(life.card, kinds, zone)) for life in clock.local(found, zone)]
    if not found:
        raise WrongUsage("trace_no_asset", asset=asset)
    lives = [(life, sorted(_events(life), key=lambda one: one.at)) for life in found]
    return page(
        request, "asset.html", "console_asset", who, zone, lives=lives, asset=asset, pipeline=pipeline or part.name,
        about=trace.about, act_told=trace.told, stepped=_stepped(request, part),
        valued=within.valued(part, language(request)), field_codes=within.field_codes(part),
        amounts={name for name, kind in kinds.items() if kind is Kind.DECIMAL},
    )  # fmt: skip


def _stepped(request: Request, part: wiring.Pipeline) -> Callable[[str, str], str]:
    """(rule, key) of a posting → the states from which to which an asset went, in words; empty of any other posting."""
    living, words = states.living(part.name, part.mapping), language(request)

    return lambda rule, key: "" if living is None else deadlines.stepped(living, rule, key, words)


def _events(life: trace.Life) -> Iterator[Event]:
    yield from (Event(step.committed_at, step=step) for step in life.steps)
    yield from (Event(row.parked_at, parked=row) for row in life.parked)
    yield from (Event(act.at, act=act) for act in life.actions)


def _asked(
    asset: str, voucher: str, rule: str, amount: str, first: str, last: str, account: str
) -> postings.Asked:  # fmt: skip
    return postings.Asked(
        asset.strip(), voucher.strip(), rule, _amount(amount), day(first), day(last), account.strip()
    )  # fmt: skip


def _known(recent: Sequence[postings.Found]) -> dict[str, list[str]]:
    """What completes a search: what the last postings have."""
    entries = [entry for one in recent if one.voucher is not None for entry in one.voucher.entries]
    return {
        "asset": sorted({one.subject for one in recent if not shares.is_group(one.rule, one.subject)}),
        "voucher": sorted({one.ref for one in recent if one.ref}),
        "account": sorted({entry.account for entry in entries}),
    }


def _amount(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        amount = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise WrongUsage("page_amount", value=text) from None
    if not amount.is_finite() or abs(amount.adjusted()) > DIGITS_MAX:
        raise WrongUsage("page_amount", value=text)
    return amount


def day(text: str) -> date | None:
    """A day as a form gives it, None for none. Raises WrongUsage for what is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise WrongUsage("page_day", value=text) from None
