"""Pages for people without a terminal: one file, nothing loaded from elsewhere, both languages, printable."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from syncd import __version__
from syncd.books.lifecycle import compliance
from syncd.cli.output import shown
from syncd.cli.wording import Words
from syncd.desk import trace
from syncd.language import Language, say
from syncd.mapping.layout.tables import HEADING

NO_WORDS: Final = Words()
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


def trace_page(found: trace.Traced, zone: str, words: Words = NO_WORDS) -> str:
    """What is known of something, as HTML; its times are on the clock of the books."""
    return _page("trace.html.j2", zone, words, found=found)


def compliance_page(found: compliance.Compliance, company: tuple[str, str], zone: str, words: Words = NO_WORDS) -> str:
    """The compliance report of a disposal, as HTML; `company` is whose it is, in Chinese and in English."""
    return _page("compliance.html.j2", zone, words, found=found, company=company)


def lack(one: compliance.Lack, languages: Sequence[Language] = LANGUAGES) -> str:
    """What a report lacks."""
    said = [say(one.code, {n: v[language != "zh"] for n, v in one.params.items()}, language) for language in languages]
    return " · ".join(said)


def _page(file: str, zone: str, words: Words, **given: object) -> str:
    template = resources.files("syncd.cli").joinpath(file).read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"shown": shown, "amount": _amount}
    environment.globals |= {"both": _both, "word": _word, "lack": lack, "pair": _pair}
    environment.globals |= {"account": words.account}
    environment.globals |= {"field": lambda name: words.field(name, LANGUAGES)}
    environment.globals |= {"value": lambda name, value: words.value(name, value, LANGUAGES)}
    environment.globals |= {"stepped": lambda step: words.stepped(step.rule, step.key, LANGUAGES)}
    environment.globals |= {"heading": heading}
    environment.globals |= {"held": lambda name, value: words.heading_value(name, value, LANGUAGES)}
    environment.globals |= {"told": _in_both(trace.told), "about": _in_both(trace.about)}
    at = datetime.now(UTC).astimezone(ZoneInfo(zone))
    return environment.from_string(template).render(at=at, version=__version__, **given)


def heading(name: str, languages: Sequence[Language] = LANGUAGES) -> str:
    """What a field of a voucher's header is called; one of the layout's own by its name there."""
    if name not in HEADING:
        return name
    return _pair([say(f"heading_{name}", {}, language) for language in languages])


def _pair(called: Sequence[str]) -> str:
    """What something is called in both languages, once where that is the same."""
    return " · ".join(dict.fromkeys(called))


def _word(name: str, **params: object) -> str:
    """A word of the page in both languages."""
    return " · ".join(say("page_" + name, params, language) for language in LANGUAGES)


def _both(code: str, **params: object) -> str:
    """A message in both languages."""
    return " · ".join(say(code, params, language) for language in LANGUAGES)


def _in_both(say_of: Callable[[trace.Act, Language], str]) -> Callable[[trace.Act], str]:
    """What is said of an act in both languages, once where that is the same."""
    return lambda act: _pair([say_of(act, language) for language in LANGUAGES])


def _amount(value: Decimal | None) -> str:
    return f"{value:,.2f}" if value else ""
