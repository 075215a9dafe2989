"""Pages for people without a terminal: one file, nothing loaded from elsewhere, both languages, printable."""

from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from syncd import __version__
from syncd.cli.output import shown
from syncd.desk import trace
from syncd.language import Language, say

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


def trace_page(found: trace.Traced, zone: str) -> str:
    """What is known of something, as HTML; its times are on the clock of the books."""
    template = resources.files("syncd.cli").joinpath("trace.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"shown": shown, "amount": _amount}
    environment.globals |= {"both": _both, "word": _word, "told": trace.told}
    at = datetime.now(UTC).astimezone(ZoneInfo(zone))
    return environment.from_string(template).render(found=found, at=at, version=__version__)


def _word(name: str, **params: object) -> str:
    """A word of the page in both languages."""
    return " · ".join(say("page_" + name, params, language) for language in LANGUAGES)


def _both(code: str, **params: object) -> str:
    """A message in both languages."""
    return " · ".join(say(code, params, language) for language in LANGUAGES)


def _amount(value: Decimal) -> str:
    return f"{value:,.2f}" if value else ""
