"""Where a page is: a pipeline that its visitor may look at, with its ledger, and what they may do there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from fastapi import Request

from syncd import wiring
from syncd.books.reports.month import word
from syncd.console.page import Visitor, house, seen
from syncd.desk import masking
from syncd.desk.access import accounts, people, rights
from syncd.errors import Halt
from syncd.language import Language, catalogue, say
from syncd.ports import Ledger


@contextmanager
def at(request: Request, who: Visitor, pipeline: str) -> Iterator[tuple[wiring.Pipeline, Ledger]]:
    """A pipeline by name, the first that they see without, and its ledger. Raises Halt for who may not look at it."""
    if not pipeline and not seen(request, who):
        raise Halt("page_no_pipeline", pipeline="–")
    named = house(request).pipeline(pipeline or seen(request, who)[0].name)
    who.require(house(request), "look", named.place)
    with closing(named.open_ledger()) as ledger:
        yield named, ledger


def theirs(request: Request, who: Visitor) -> Callable[[str], bool]:
    """Whether they may look at a pipeline, or a partition of one, by its name."""
    names = {one.name for one in seen(request, who)}
    return lambda name: name.partition(wiring.PART)[0] in names


def may(who: Visitor, action: rights.Action, part: wiring.Pipeline) -> bool:
    """Whether somebody may do something in a pipeline."""
    return who.may(action, part.place, part.mapping.approvers)


def hidden(who: Visitor, part: wiring.Pipeline) -> masking.Hidden:
    """What of a pipeline's rows is not shown to them."""
    return masking.hidden(part.mapping.masked, rights.roles(who.account, part.place))


def tables(part: wiring.Pipeline) -> Mapping[str, str]:
    """Rule → the table whose rows it looks at."""
    return {rule.name: rule.on.alias for rule in part.mapping.rules}


def require(
    request: Request, who: Visitor, action: rights.Action, part: wiring.Pipeline, role: str | None = None
) -> None:
    """Raises Halt for who may not, with those who may; `role` is the one in which somebody wants to decide."""
    asked = part.mapping.approvers if role is None else (role,) if role else ()
    who.require(house(request), action, part.place, asked)


def people_of(request: Request, part: wiring.Pipeline) -> people.People:
    """Who may act in a pipeline, and in which roles."""
    with house(request).accounts() as own:
        return rights.people(accounts.every_open(own), part.place)


def field_codes(part: wiring.Pipeline) -> Mapping[str, object]:
    """Field of the card → the code of the message that says what it is called, where the mapping's reports show it, or
    the mapping's own words: a page calls it as they do."""
    end = part.mapping.month_end
    columns = {field: f"report_{column}" for column, field in end.fields.items()}
    return {field: code for field, code in columns.items() if code in catalogue()} | dict(end.called)


def valued(part: wiring.Pipeline, words: Language) -> Callable[[str, object], object]:
    """(field of the card, value) → what people read in its place, where the mapping's reports say it."""
    end = part.mapping.month_end
    columns = {field: column for column, field in end.fields.items()}

    def told(field: str, value: object) -> object:
        said = word(end.words, columns.get(field, field), value)
        return value if said is None else say(said.code, said.params, words)

    return told


def where(part: wiring.Pipeline, rule: str) -> str:
    """The file and line of a rule of the mapping as it stands, as the mapping names the file."""
    if not any(rule == one.name for one in part.mapping.rules):
        return ""
    file, _, line = part.mapping.resolver.reader.document.where(("rules", rule)).rpartition(":")
    above = part.mapping.files[0].parent
    return f"{Path(file).relative_to(above) if Path(file).is_relative_to(above) else Path(file).name}:{line}"
