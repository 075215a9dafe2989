"""The JSON API: what the pages show and do, for machines."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from syncd import __version__
from syncd.console.api import acting, looking
from syncd.console.api.shape import refused
from syncd.console.house import House
from syncd.console.page import house
from syncd.desk.access import accounts
from syncd.errors import Fault, Halt, WrongUsage


def create(own: House) -> FastAPI:
    """The API of a console, to be mounted; its description is `/openapi.json`."""
    api = FastAPI(title="syncd", version=__version__, docs_url=None, redoc_url=None, responses=_errors())
    api.state.house = own
    for room in (looking, acting):
        api.include_router(room.router)
    api.add_exception_handler(Fault, refused)

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return refused(request, WrongUsage("api_invalid", problem=f"{place}: {first['msg']}"))

    @api.exception_handler(400)
    def unreadable(request: Request, error: HTTPException) -> JSONResponse:
        return refused(request, WrongUsage("api_invalid", problem=error.detail))

    @api.exception_handler(405)
    @api.exception_handler(404)
    def nowhere(request: Request, error: HTTPException) -> JSONResponse:
        answer = refused(request, WrongUsage("api_nowhere", method=request.method, path=request.url.path))
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    @api.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> JSONResponse:
        return refused(request, Halt("command_unexpected", error=type(error).__name__))

    return api


def _errors() -> dict[int | str, dict[str, object]]:
    """How the description says what errors look like: one shape for all."""
    texts = {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}}
    shape = {
        "type": "object",
        "properties": {"code": {"type": "string"}, "message": texts, "hint": texts},
        "required": ["code", "message", "hint"],
    }
    said: dict[str, object] = {"description": "refused", "content": {"application/json": {"schema": shape}}}
    return dict.fromkeys((400, 401, 403, 404, 409, 422, 500, 503), said)


def healthy() -> dict[str, str]:
    """Whether this process answers, whatever finance does."""
    return {"status": "ok"}


def ready(request: Request) -> JSONResponse:
    """Whether it can work: its configuration can be read and finance be asked. Says no more than the error's code."""
    try:
        with house(request).accounts() as ledger:
            accounts.every(ledger)
    except Fault as fault:
        return JSONResponse({"status": "unready", "code": fault.code}, 503)
    return JSONResponse({"status": "ready"})
