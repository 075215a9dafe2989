"""The console as a web application: every page a plain link or form, nothing loaded from elsewhere.

The console posts nothing. It calls the desk and the books as the command line does, and may be down while the daemon
goes on.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from syncd.console import (
    api,
    approvals,
    audit,
    books,
    bulk,
    compared,
    history,
    keys,
    mapping,
    me,
    month,
    overview,
    parked,
    people,
    row,
    signing,
    tables,
    trying,
)
from syncd.console.house import House
from syncd.console.page import LANGUAGE, SignedOut, Visitor, page, visitor
from syncd.errors import Fault, Halt, Transient, WrongUsage

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
PAGES: Final = (
    signing, overview, history, keys, parked, row, bulk, approvals, books, month, compared, mapping, trying, tables,
    audit, people, me,
)  # fmt: skip
_Next = Callable[[Request], Awaitable[Response]]


def create(path: Path) -> FastAPI:
    """The console of a configuration."""
    app = FastAPI(title="syncd", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = House(path)
    app.mount("/static", StaticFiles(packages=[("syncd.console", "static")]), "static")
    for room in PAGES:
        app.include_router(room.router)

    app.mount("/api/v1", api.create(app.state.house), "api")
    app.add_api_route("/healthz", api.healthy)
    app.add_api_route("/readyz", api.ready)

    @app.middleware("http")
    async def guarded(request: Request, go_on: _Next) -> Response:
        response = await (go_on(request) if _is_from_here(request) else _foreign())
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if (chosen := request.query_params.get("lang")) in ("zh", "en"):
            response.set_cookie(LANGUAGE, str(chosen), samesite="strict", max_age=365 * 86_400)
        return response

    @app.exception_handler(SignedOut)
    async def signed_out(request: Request, _: Exception) -> Response:
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(to if request.method == 'GET' else '/', safe='')}", 303)

    @app.exception_handler(Fault)
    @app.exception_handler(WrongUsage)
    def refused(request: Request, fault: Fault | WrongUsage) -> HTMLResponse:
        return _fault(request, fault, _status(fault))

    @app.exception_handler(404)
    @app.exception_handler(405)
    def nowhere(request: Request, error: HTTPException) -> HTMLResponse:
        return _fault(request, WrongUsage("page_nowhere", path=request.url.path), error.status_code)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> HTMLResponse:
        wrong = sorted({str(one["loc"][-1]) for one in error.errors()})
        return _fault(request, WrongUsage("page_unreadable", names=", ".join(wrong)), 422)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> HTMLResponse:
        answer = _fault(request, Halt("page_unexpected", error=type(error).__name__), 500)
        answer.headers.update(HEADERS)  # it is made outside of what puts them on every other
        return answer

    return app


def _fault(request: Request, fault: Fault, status: int) -> HTMLResponse:
    return page(request, "fault.html", "console_refused", _visitor(request), status=status, fault=fault)


def _status(fault: Fault) -> int:
    """Whether it may pass by itself, as where finance is down, or not."""
    return 503 if isinstance(fault, Transient) else 409


def _visitor(request: Request) -> Visitor | None:
    try:
        return visitor(request)
    except (SignedOut, Fault):
        return None


def _is_from_here(request: Request) -> bool:
    """A form of another site is refused by what the browser says of it, and by what it cannot know; see `signing`."""
    if request.method in ("GET", "HEAD"):
        return True
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def _foreign() -> Response:
    return PlainTextResponse("this form is of another site", 403)
