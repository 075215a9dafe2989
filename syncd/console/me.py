"""Everybody's own page: what they may, where they are signed in, their password."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from syncd.console import within
from syncd.console.page import SESSION, SignedIn, Visitor, house, page, seen
from syncd.console.signing import Signed, gone
from syncd.desk.access import accounts, everybody, rights
from syncd.errors import Halt, WrongUsage

router = APIRouter()
OF_THE_WHOLE: tuple[rights.Action, ...] = ("see_accounts", "administer")
"""What is no pipeline's."""


@router.get("/me")
def shown(request: Request, who: SignedIn) -> Response:
    """What the visitor may, their sessions and tokens."""
    own, now = house(request), datetime.now(UTC)
    with own.accounts() as ledger:
        one = everybody.one(ledger, who.account.name, now, who.secret)
    parts = seen(request, who)
    return page(
        request, "me.html", "console_me", who, parts[0].mapping.file.timezone if parts else "", one=one, now=now,
        may=_may(request, who), takes_password=own.takes_passwords and one.account.has_password,
        chars=accounts.PASSWORD_CHARS_MIN,
    )  # fmt: skip


@router.post("/me/sign-out")
def sign_out(request: Request, signed: Signed) -> Response:
    """End all sessions, this one too."""
    with house(request).accounts() as ledger:
        accounts.sign_out_all(ledger, signed.who.account.name)
    return gone(request)


@router.post("/me/password")
def set_password(
    request: Request, signed: Signed, old: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Another password, for who knows the one there is. All sessions end."""
    own = house(request)
    if not own.takes_passwords:
        raise Halt("sign_in_no_password")
    if password != again:
        raise WrongUsage("password_unlike")
    with own.accounts() as ledger:
        accounts.change_password(ledger, signed.who.account.name, old, password, own.hasher, datetime.now(UTC))
    response = RedirectResponse("/sign-in?to=%2Fme", 303)
    response.delete_cookie(SESSION)
    return response


def _may(request: Request, who: Visitor) -> list[tuple[rights.Action, list[str]]]:
    """Action → the pipelines in which the visitor may do it; none named where that is everywhere."""
    parts, every = seen(request, who), house(request).pipelines
    found: list[tuple[rights.Action, list[str]]] = []
    for action in rights.ACTIONS:
        if action in OF_THE_WHOLE:
            found += [(action, [])] if who.may(action) else []
        elif where := [one.name for one in parts if within.may(who, action, one)]:
            found.append((action, [] if len(where) == len(every) else where))
    return found
