"""Signing in and out, and what makes sure that a form comes from who is signed in."""

from datetime import UTC, datetime
from secrets import compare_digest
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console.page import SESSION, SignedIn, Visitor, house, page
from syncd.desk import accounts
from syncd.desk.operators import Actor
from syncd.errors import Halt

router = APIRouter()


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
    return page(request, "sign_in.html", "console_sign_in", to=_within(to), fault=None, name="")


@router.post("/sign-in")
def sign_in(
    request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:  # fmt: skip
    """Let somebody in, or say that it was wrong."""
    own = house(request)
    try:
        with own.accounts() as ledger:
            secret = accounts.sign_in(ledger, name.strip(), password, own.hasher, datetime.now(UTC))
    except Halt as fault:
        if not fault.code.startswith("sign_in_"):
            raise
        return page(request, "sign_in.html", "console_sign_in", to=_within(to), fault=fault, name=name, status=401)
    response = RedirectResponse(_within(to), 303)
    is_encrypted = request.url.scheme == "https"
    response.set_cookie(SESSION, secret, httponly=True, samesite="strict", secure=is_encrypted)
    return response


@router.post("/sign-out")
def sign_out(request: Request, signed: Signed) -> Response:
    """End the session."""
    with house(request).accounts() as ledger:
        accounts.sign_out(ledger, signed.who.secret)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION)
    return response


def _within(to: str) -> str:
    """A page of ours, wherever a link wants to lead."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
