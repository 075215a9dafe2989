"""What may be done by single keys, for who runs scripts; the pages need none of it."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from syncd.console.page import KEYS_COOKIE, SignedIn, page

router = APIRouter()
YEAR_S = 365 * 86_400


@router.get("/keys")
def keys(request: Request, who: SignedIn, keys: Literal["on", "off", ""] = "") -> Response:
    """All keys, and the switch by which somebody turns them off in this browser."""
    is_on = (keys or request.cookies.get(KEYS_COOKIE, "on")) == "on"
    answer = page(request, "keys.html", "console_keys", who, is_on=is_on)
    if keys:
        answer.set_cookie(KEYS_COOKIE, keys, samesite="strict", max_age=YEAR_S)
    return answer
