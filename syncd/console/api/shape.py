"""What the API gives: values as JSON, and every error in one shape."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse

from syncd.errors import Fault, Transient, WrongUsage
from syncd.language import Language, hint, say
from syncd.record import timestamp

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
STATUS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("token_refused", "api_signed_out"), 401),
    **dict.fromkeys(("right_missing", "right_elsewhere", "right_scope", "page_form_stale"), 403),
    **dict.fromkeys(("page_no_pipeline", "parked_no_row", "reconcile_no_run", "bulk_unknown"), 404),
    **dict.fromkeys(("api_key_reused", "api_invalid"), 422),
    "api_nowhere": 404,
    "command_unexpected": 500,
}
"""Error → status; another that a person has made is 400, one that may pass 503, and what stands against it 409."""


def plain(value: Any) -> Any:
    """A value as JSON has it: amounts and moments as text, named tuples by name, sets sorted."""
    if isinstance(value, datetime):
        return timestamp(value) if value.tzinfo else value.isoformat()
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, Fault):
        return told(value.code, value.params)
    if hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(part) for part in value)
    if isinstance(value, Collection) and not isinstance(value, str):
        return [plain(part) for part in value]
    return value


def told(code: str, params: Mapping[str, object]) -> dict[str, object]:
    """An error, or why a row is parked, as data in both languages."""
    return {
        "code": code,
        "message": {language: say(code, params, language) for language in LANGUAGES},
        "hint": {language: hint(code, params, language) for language in LANGUAGES},
    }


def refused(_: Request, fault: Exception) -> JSONResponse:
    """The answer to a request that came to nothing."""
    assert isinstance(fault, Fault)
    kind = 400 if isinstance(fault, WrongUsage) else 503 if isinstance(fault, Transient) else 409
    return JSONResponse(told(fault.code, fault.params), STATUS.get(fault.code, kind))
