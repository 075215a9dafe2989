"""Signing in and out, and what makes sure that a form comes from who is signed in."""

from contextlib import suppress
from datetime import UTC, datetime
from secrets import compare_digest, token_urlsafe
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console import openid
from syncd.console.page import SESSION, SignedIn, Visitor, house, page
from syncd.desk.access import accounts, identities
from syncd.desk.parked.operators import Actor
from syncd.errors import Fault, Halt, Transient

router = APIRouter()
AWAY: Final = "syncd_away"
"""The cookie of a browser that is at the provider."""
CAME: Final = "syncd_came"
"""The cookie of a browser that the provider has let in: signing out is then told to it."""


class Acting(NamedTuple):
    """Somebody who sends a form of theirs, and why."""

    who: Visitor
    by: Actor


def acting(who: SignedIn, form: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = "") -> Acting:
    """Raises Halt for a form that no page of this session has made."""
    if not compare_digest(form.encode(), accounts.form_token(who.secret).encode()):
        raise Halt("page_form_stale")
    return Acting(who, Actor(who.account.name, reason))


Signed = Annotated[Acting, Depends(acting)]


@router.get("/sign-in")
def ask(request: Request, to: str = "/") -> Response:
    """The form."""
    return _asked(request, to)


@router.post("/sign-in")
def sign_in(
    request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:  # fmt: skip
    """Let somebody in, or say that it was wrong."""
    own = house(request)
    try:
        if not own.takes_passwords:
            raise Halt("sign_in_no_password")
        with own.accounts() as ledger:
            secret = accounts.sign_in(ledger, name.strip(), password, own.hasher, datetime.now(UTC))
    except Halt as fault:
        if not fault.code.startswith("sign_in_"):
            raise
        return _asked(request, to, fault, name)
    return _let_in(request, RedirectResponse(_within(to), 303), secret)


@router.get("/sign-in/away")
def go_away(request: Request, to: str = "/") -> Response:
    """To the provider that knows who somebody is."""
    said, secret = house(request).openid, token_urlsafe(32)
    if said is None:
        return RedirectResponse(f"/sign-in?to={quote(_within(to), safe='')}", 303)
    try:
        response = RedirectResponse(openid.leave(said, secret), 303)
    except Fault as fault:
        return _asked(request, to, fault)
    held = f"{secret}.{quote(_within(to), safe='')}"
    is_encrypted = request.url.scheme == "https"
    response.set_cookie(  # the way back comes from another site, to which `strict` would show nothing
        AWAY, held, httponly=True, samesite="lax", secure=is_encrypted, path="/sign-in",
        max_age=int(openid.WAY_MAX.total_seconds()),
    )  # fmt: skip
    return response


@router.get(openid.BACK)
def come_back(request: Request) -> Response:
    """From the provider: let somebody in, or say why not. What a browser brings is good for one attempt."""
    own, (secret, _, to) = house(request), request.cookies.get(AWAY, "").partition(".")
    said, now = own.openid, datetime.now(UTC)
    if said is None:
        return RedirectResponse("/sign-in?to=%2F", 303)
    to = _within(unquote(to) or "/")
    try:
        known = openid.come_back(said, secret, request.query_params, now)
        with own.accounts() as ledger:
            session = identities.sign_in(ledger, known, openid.nonce(secret), now)
        # a page and no redirect: a browser that another site has sent shows our strict cookie to our own pages alone
        response = _let_in(request, page(request, "onward.html", "console_sign_in", to=to), session)
        response.set_cookie(CAME, "1", httponly=True, samesite="strict", secure=request.url.scheme == "https")
    except Fault as fault:
        response = _asked(request, to, fault)
    response.delete_cookie(AWAY, path="/sign-in")
    return response


@router.post("/sign-out")
def sign_out(request: Request, signed: Signed) -> Response:
    """End the session."""
    with house(request).accounts() as ledger:
        accounts.sign_out(ledger, signed.who.secret)
    return gone(request)


def gone(request: Request) -> Response:
    """The answer to who has signed out. Whom the provider has let in goes on to it, where it says that it ends
    sessions; by a page, for a form that leads to another site is refused."""
    address = ""
    with suppress(Fault):  # the session here has ended, whatever becomes of theirs
        if CAME in request.cookies and (said := house(request).openid) is not None:
            address = openid.sign_out(said)
    response = (
        page(request, "onward.html", "console_sign_out_there", to=address)
        if address
        else RedirectResponse("/sign-in", 303)
    )
    for cookie in (SESSION, CAME):
        response.delete_cookie(cookie)
    return response


def _asked(request: Request, to: str, fault: Fault | None = None, name: str = "") -> Response:
    """The page that asks who somebody is, and says what was wrong."""
    own, status = house(request), 200 if fault is None else 503 if isinstance(fault, Transient) else 401
    return page(
        request, "sign_in.html", "console_sign_in", status=status, to=_within(to), fault=fault, name=name,
        has_provider=own.openid is not None, takes_password=own.takes_passwords,
    )  # fmt: skip


def _let_in(request: Request, response: Response, secret: str) -> Response:
    is_encrypted = request.url.scheme == "https"
    response.set_cookie(SESSION, secret, httponly=True, samesite="strict", secure=is_encrypted)
    response.delete_cookie(CAME)
    return response


def _within(to: str) -> str:
    """A page of ours, wherever a link wants to lead. A browser leaves tabs and line ends of an address away."""
    return to if to.startswith("/") and to.isprintable() and not to.startswith(("//", "/\\")) else "/"
