"""What every page has: its frame, its language, and who sees it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from math import inf
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from syncd import __version__, wiring
from syncd.console.house import House
from syncd.desk.access import accounts, rights
from syncd.language import Language, catalogue, hint, say

SESSION: Final = "syncd_session"
LANGUAGE: Final = "syncd_language"
ASKED_AGAIN: Final = "x-asked-again"
"""What a page sends when it asks by itself."""
KEYS_COOKIE: Final = "syncd_keys"
"""Off where somebody wants no single key to do anything."""
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("syncd.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


_LASTED: Final = (
    (100.0, "lasted_s", 1), (6_000.0, "lasted_min", 60), (180_000.0, "lasted_h", 3_600), (inf, "lasted_d", 86_400),
)  # fmt: skip
"""Below how many seconds a time is told in which unit."""


_BUTTONS: Final[Mapping[str, str]] = {
    r"parked retry\b[^`]*": "button_retry", r"parked discard\b[^`]*": "button_discard",
    r"approve\b[^`]*": "button_approve", r"reject\b[^`]*": "button_reject",
}  # fmt: skip
"""Commands that a hint may have, and the button of a row's page that does the same."""
_ACCEPT: Final[Mapping[str, str]] = {r"reconcile --accept\b[^`]*": "button_accept"}
"""The same of a difference."""
_PAGES: Final[Mapping[str, str]] = {
    r"approve\b[^`]*": "page_approve", r"reject\b[^`]*": "page_reject", "audit verify": "page_verify",
    r"depreciate \S+ --(?:preview|approve)": "page_depreciation", r"mapping accept\b[^`]*": "page_mapping_accept",
    r"mapping compare\b[^`]*": "page_mapping_compare", r"parked (?:list|show)\b[^`]*": "button_list",
    "reconcile": "page_reconciled", r"trace (?:ASSET|DOCUMENT)": "page_asset",
}  # fmt: skip
"""The same wherever it stands, and the page that does it."""


class SignedOut(Exception):
    """The page is for who is signed in."""


class Visitor(NamedTuple):
    """Who looks at a page. `secret` is their browser's."""

    account: accounts.Account
    secret: str

    def may(self, action: rights.Action, place: rights.Place = rights.EVERYWHERE, asked: Iterable[str] = ()) -> bool:
        """Whether they may do something in a place; see `rights.may`."""
        return rights.may(self.account, action, place, asked)

    def require(self, own: House, action: rights.Action, place: rights.Place, asked: Iterable[str] = ()) -> None:
        """Raises Halt for who may not do this there, with those who may; see `rights.may`."""
        wanted = (*asked,)
        if not self.may(action, place, wanted):
            with own.accounts() as ledger:
                rights.require(self.account, action, place, wanted, accounts.every_open(ledger))


def house(request: Request) -> House:
    """The one that this console is of."""
    return cast(House, request.app.state.house)


def visitor(request: Request) -> Visitor:
    """Who is signed in; raises SignedOut."""
    secret = request.cookies.get(SESSION, "")
    if secret:
        with house(request).accounts() as ledger:
            account = accounts.signed_in(ledger, secret, datetime.now(UTC), ASKED_AGAIN not in request.headers)
        if account is not None:
            return Visitor(account, secret)
    raise SignedOut


SignedIn = Annotated[Visitor, Depends(visitor)]


def seen(request: Request, who: Visitor) -> Sequence[wiring.Pipeline]:
    """The pipelines that somebody may look at."""
    return [one for one in house(request).pipelines.values() if who.may("look", one.place)]


def language(request: Request) -> Language:
    """The one that was chosen; else the browser's, if it asks for English before Chinese; else Chinese."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    if chosen in ("zh", "en"):
        return cast(Language, chosen)
    asked = [part.strip().lower()[:2] for part in request.headers.get("accept-language", "").split(",")]
    return cast(Language, next((one for one in asked if one in ("zh", "en")), "zh"))


def page(
    request: Request, template: str, title: str, who: Visitor | None = None, zone: str = "", status: int = 200,
    field_codes: Mapping[str, object] | None = None, every_s: int = 0, **given: object,
) -> HTMLResponse:  # fmt: skip
    """A page as HTML; `zone` is the clock of the books, for times that are not on it yet. `field_codes` are the
    messages that say what fields of the card are called where the mapping says so, see `within.field_codes`. Who runs
    scripts has its figures anew every so many seconds."""
    words = language(request)
    clock = ZoneInfo(zone) if zone else None

    def shown(value: object) -> str:
        if value is None or value == "":
            return "–"
        if isinstance(value, datetime):
            return (value.astimezone(clock) if clock else value).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, bool):
            return say("console_yes" if value else "console_no", {}, words)
        return f"{value:,}" if isinstance(value, int | Decimal) else str(value)

    def say_(code: str, **params: object) -> str:
        return say(code, params, words)

    def brief(value: datetime | None) -> str:
        return "–" if value is None else (value.astimezone(clock) if clock else value).strftime("%Y-%m-%d %H:%M")

    def money(value: object) -> str:
        try:
            amount = Decimal(str(value)) if value not in (None, "") else None
        except ArithmeticError:
            return str(value)
        if amount is None or not amount.is_finite():
            return shown(amount and str(value))
        return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,}"

    def lasted(seconds: float | None) -> str:
        if seconds is None:
            return "–"
        code, unit = next((code, unit) for most, code, unit in _LASTED if seconds < most)
        return say(code, {"number": f"{seconds / unit:.1f}".removesuffix(".0")}, words)

    def acted(action: str) -> str:
        code = f"deed_{action}"
        return say(code, {}, words) if code in _codes() else action

    def called(field: str) -> str:
        code = (field_codes or {}).get(field, f"field_{field}")
        if not isinstance(code, str):
            return str(getattr(code, words))
        return say(code, {}, words) if code in _codes() else field

    def here(advice: str, buttons: Mapping[str, str] = MappingProxyType({})) -> str:
        """A hint whose commands are the buttons of the page that it stands on, else what other pages do."""
        edge = " ?" if words == "zh" else ""  # Chinese has no blanks
        for command, place in (*buttons.items(), *_PAGES.items()):
            advice = re.sub(f"{edge}`syncd {command}`{edge}", say(place, {}, words), advice)
        return advice

    always: dict[str, object] = {
        "called": called,
        "here_hint": here,
        "row_buttons": _BUTTONS,
        "difference_buttons": _ACCEPT,
        "brief": brief,
        "money": money,
        "lasted": lasted,
        "shown_all": lambda params: {name: shown(value) for name, value in params.items()},
        "acted": acted,
        "say": say_,
        "told": lambda code, params: say(code, params, words),
        "hint": lambda code, params: hint(code, params, words),
        "shown": shown,
        "language": words,
        "title": say(title, {}, words),
        "who": who,
        "form": "" if who is None else accounts.form_token(who.secret),
        "version": __version__,
        "here": request.url.path,
        "elsewhere": lambda **change: _address(request, change),
        "rooms": (*ROOMS, *([PEOPLE] if who and who.may("see_accounts") else ())),
        "has_keys": who is not None and (request.query_params.get("keys") or request.cookies.get(KEYS_COOKIE)) != "off",
        "every_s": every_s,
    }
    assert not always.keys() & given.keys(), "a page's own name would hide one that every page has"
    made = _ENVIRONMENT.get_template(template).render(always | given)
    return HTMLResponse(made, status)


@cache
def _codes() -> frozenset[str]:
    """Of all messages."""
    return frozenset(catalogue())


def _address(request: Request, change: Mapping[str, object]) -> str:
    """The same page with other parameters; None takes one away."""
    stays = [(name, value) for name, value in request.query_params.multi_items() if name not in change]
    said = urlencode([(name, value) for name, value in (*stays, *change.items()) if value not in (None, "")])
    return request.url.path + (f"?{said}" if said else "")


ROOMS: Final[Sequence[tuple[str, str, str]]] = (
    ("/", "console_overview", "o"),
    ("/parked", "console_parked", "p"),
    ("/approvals", "console_approvals", "a"),
    ("/books", "console_books", "b"),
    ("/mapping", "console_mapping", "m"),
    ("/audit", "console_audit", "u"),
)
"""What the head of each page leads to: address, name, and the key behind `g` that goes there."""
PEOPLE: Final = ("/people", "console_people", "e")
"""For who may see accounts."""
