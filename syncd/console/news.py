"""How many rows there are that a list does not show: said beside it, so that nothing moves under a reader's hand."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from syncd.console.page import language
from syncd.language import say

COUNTED_MAX: Final = 100
"""Rows that are counted; where there are more they are not worth the time."""

DIGITS_MAX: Final = 18
"""Of a number that any database takes."""


def address(request: Request, path: str, marks: Mapping[str, int]) -> str:
    """Where it is asked, for the list that a request is of; `marks` is by pipeline the last that there was."""
    stays = [(name, value) for name, value in request.query_params.multi_items() if name not in ("after", "lang")]
    return f"{path}?{urlencode([*stays, *(('mark', f'{name}:{last}') for name, last in marks.items())])}"


def of(marks: Sequence[str]) -> dict[str, int]:
    """The same from an address; what is no mark is none."""
    said = [one.rpartition(":") for one in marks]
    return {name: int(last) for name, _, last in said if last.isascii() and last.isdigit() and len(last) <= DIGITS_MAX}


def told(request: Request, count: int) -> Response:
    """In words."""
    rows = f"{COUNTED_MAX}+" if count >= COUNTED_MAX else f"{count}"
    return PlainTextResponse(say("console_news", {"rows": rows}, language(request)) if count else "")
