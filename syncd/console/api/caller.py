"""Who calls the API: by a token, or by the session of a browser, which then proves that the request is its own."""

from collections.abc import Callable
from datetime import UTC, datetime
from secrets import compare_digest
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from syncd.console.page import SESSION, Visitor, house
from syncd.desk.access import accounts, answered, tokens
from syncd.desk.parked.operators import Actor
from syncd.errors import Halt

_BEARER: Final = HTTPBearer(auto_error=False, description="a token of `syncd people token add`")
_COOKIE: Final = APIKeyCookie(name=SESSION, auto_error=False, description="the session of the console")
KEY_CHARS_MAX: Final = 200


def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    session: Annotated[str | None, Depends(_COOKIE)],
) -> Visitor:
    """Who calls. Raises Halt for nobody."""
    now = datetime.now(UTC)
    with house(request).accounts() as ledger:
        if bearer is not None:
            return Visitor(tokens.holder(ledger, bearer.credentials, now), "")
        account = accounts.signed_in(ledger, session, now) if session else None
    if account is None or session is None:
        raise Halt("api_signed_out")
    return Visitor(account, session)


Calling = Annotated[Visitor, Depends(caller)]


class Writing:
    """Somebody who changes something, under a key of their own that makes it once."""

    def __init__(self, request: Request, who: Visitor, key: str) -> None:
        self.who: Final = who
        self._request, self._key = request, key

    def by(self, reason: str) -> Actor:
        """As the chain of actions has it."""
        return Actor(self.who.account.name, reason)

    def once(self, asked: object, do: Callable[[], dict[str, object]]) -> dict[str, object]:
        """What `do` gives; a repeat gets what it gave."""
        text = f"{self._request.method} {self._request.url.path}?{self._request.url.query} {asked!r}"
        with house(self._request).accounts() as ledger:
            return answered.once(ledger, self.who.account.name, self._key, text, datetime.now(UTC), do)


def writing(
    request: Request,
    who: Calling,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=KEY_CHARS_MAX, pattern=r"^[!-~]+$")],
    x_form_token: Annotated[str, Header(description="by a session: `form` of /me")] = "",
) -> Writing:
    """Raises Halt where a browser sends it and no page of its own session did."""
    if who.secret and not compare_digest(x_form_token.encode(), accounts.form_token(who.secret).encode()):
        raise Halt("page_form_stale")
    return Writing(request, who, idempotency_key)


Signed = Annotated[Writing, Depends(writing)]
