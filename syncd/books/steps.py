"""The steps of a rule as people read them: what each is called, of what it is made, and its value as text."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.change import Kind, Malformed, Unchanged
from syncd.mapping.program.failure import Failure
from syncd.mapping.program.follow import Judgement, Step

NULL: Final = "NULL"
_HEAD: Final = ("type", "date", "summary")
_ENTRY: Final = ("account", "debit", "credit", "summary")
_ASKED: Final = ("approve", "budget")
SECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "steps_when": ("when",),
    "steps_found": ("join", "cards"),
    "steps_let": ("let",),
    "steps_checked": ("once", "reverse", "reopen", "require", "edited"),
    "steps_card": ("card", "change", "rename"),
    "steps_voucher": ("voucher",),
    "steps_entries": ("entry",),
    "steps_more": ("write", *_ASKED, "collect"),
}
"""The code of a heading → the words under which what stands below it is said."""


class Line(NamedTuple):
    """One step, in the section of a heading. `code` is that of the message that says what it is, with `entry`, from 1,
    and `name`: of a field, a role, an alias; `part` is the code of the message in place of a name that is one of ours.
    `read` is what it is made of, by name. `holds` says of a condition whether it is true, None of anything else, and
    `answer` is the code of the message for that; `says` is what the clerk reads where it is not true, by language. An
    entry `is_left_out` by its condition, or because its amount is zero."""

    section: str
    code: str
    name: str
    part: str
    entry: int
    text: str
    read: Sequence[tuple[str, str]]
    value: str
    holds: bool | None
    answer: str
    failure: Failure | None
    says: Mapping[str, str]
    stops: bool
    is_amount: bool
    is_left_out: bool


def lines(judged: Judgement, zone: tzinfo) -> Sequence[Line]:
    """The steps of a judgement, moments on a clock. What a voucher's header does not say is left away."""
    return [_line(step, zone) for step in judged.steps if not _is_unsaid(step)]


def is_told(judged: Judgement, rule: str = "") -> bool:
    """Whether a rule's steps are worth showing: it has something to say, or is the one that is asked about."""
    if judged.said in ("posted", "refused"):
        return True
    return not judged.rule.of and (judged.said == "repeated" or judged.rule.name == rule)


def why(judged: Judgement) -> str:
    """The code of the message that says why a rule has nothing to say, where no step of its does; empty where one
    does, or it has."""
    if judged.said == "repeated":
        return "try_why_repeated"
    if judged.said != "ignored" or any(step.stops for step in judged.steps):
        return ""
    if cancelled(judged):
        return "try_why_reverse"
    return "try_why_nothing" if judged.rule.takes_snapshots else "try_why_read"


def cancelled(judged: Judgement) -> str:
    """The rules whose postings a rule cancels, with commas; empty for one that cancels none."""
    return ", ".join(name for verb in judged.rule.verbs if verb.word == "reverse" for name in verb.looks_at)


def by_section(found: Sequence[Line]) -> Mapping[str, Sequence[Line]]:
    """Lines by the heading that they stand under; entries by number are of one section."""
    return {code: own for code in SECTIONS if (own := [line for line in found if line.section == code])}


def _is_unsaid(step: Step) -> bool:
    place = step.look.place
    return place.word == "voucher" and place.name not in _HEAD and step.value is None and step.failure is None


def told(value: object, zone: tzinfo) -> str:
    """A value as text: an amount with its cents, a moment on the clock of a zone; what an expression has put on a clock
    already stays there."""
    match value:
        case None:
            return NULL
        case Malformed():
            return value.raw
        case Unchanged():
            return "–"
        case Decimal():
            cents = f"{value:,.2f}"  # of any number of digits, which to round it by arithmetic would refuse
            return cents if Decimal(cents.replace(",", "")) == value else f"{value:,}"
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(zone) if value.tzinfo else value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case list() | tuple():
            return ", ".join(told(one, zone) for one in value)
    return str(value) or "''"


def _line(step: Step, zone: tzinfo) -> Line:
    place, value = step.look.place, step.value
    is_condition = place.e.kind is Kind.BOOLEAN and place.each is None and step.failure is None
    code, part = f"step_{place.word}", ""
    if place.word == "voucher" and place.name in _HEAD:
        code = f"place_{place.name}"
    if place.word == "entry":
        part = f"col_{place.name}" if place.name in _ENTRY else "step_when" if place.name == "when" else ""
    is_left_out = place.word == "entry" and (
        (place.name == "when" and value is not True) or (place.name in ("debit", "credit") and value == 0)
    )
    section = next((code for code, words in SECTIONS.items() if place.word in words), "steps_more")
    answers = ("step_needed", "step_not_needed") if place.word in _ASKED else ("step_true", "step_false")
    return Line(
        *(section, code, place.name, part, place.entry, step.look.text, [*_read(step, zone)]),
        *(told(value, zone), value is True if is_condition else None, answers[value is not True], step.failure),
        *(place.says, step.stops),
        *(isinstance(value, Decimal), is_left_out and place.each is None),
    )


def _read(step: Step, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What it is made of; not of what is nothing but that."""
    for name, value in step.read:
        if name != step.look.text.strip().lower() or step.failure is not None:
            yield name, told(value, zone)
