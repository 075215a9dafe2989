"""Who may do what: one table, asked by the console, the API and the command line alike.

A role gives its actions wherever its holder is let: in all pipelines, or in some where the account is limited to
pipelines or companies. Roles that a mapping names give what they are asked for, and whoever has one may look. An
auditor reads everything and changes nothing, whatever other roles they hold.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, NamedTuple, Protocol, get_args

from syncd.desk.partitions import PART
from syncd.errors import Halt

ADMINISTRATOR: Final = "administrator"
AUDITOR: Final = "auditor"
CONTROLLER: Final = "controller"
"""Who answers for what the mapping cannot ask a role for."""
ROLES: Final = ("viewer", "support", "finance", CONTROLLER, "dba", AUDITOR, ADMINISTRATOR)
"""Those that syncd knows; a mapping may ask for others, who approve."""

Action = Literal[
    "look",  # every page, every list, every report
    "see_accounts",  # accounts, their roles and tokens
    "mend",  # correct a parked row, have it tried again
    "discard",  # give a parked row up
    "approve",  # approve, reject, or reopen a row, in a role that is asked
    "deliver",  # send a delivery of the outbox again, or give it up
    "reconcile",  # compare both sides, and keep what was found
    "accept_difference",  # have a difference corrected
    "accept_mapping",  # answer for a mapping's content; where a second person is asked, that is a controller
    "depreciate",  # approve or reverse a month's depreciation; the second person is a controller
    "close",  # close a month of which everything holds
    "overrule",  # close a month although something does not hold, and open one again
    "operate",  # read tables again, repair a gap, take away what syncd made in the EAM
    "administer",  # open and close accounts, give roles and tokens
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
READING: Final[frozenset[Action]] = frozenset(("look", "see_accounts"))

RIGHTS: Final[Mapping[Action, frozenset[str]]] = {
    "look": frozenset(ROLES),
    "see_accounts": frozenset((AUDITOR, ADMINISTRATOR)),
    "mend": frozenset(("support", "finance", CONTROLLER)),
    "discard": frozenset((CONTROLLER,)),
    "approve": frozenset(),
    "deliver": frozenset(("support", "finance", CONTROLLER, "dba")),
    "reconcile": frozenset(("support", "finance", CONTROLLER, "dba")),
    "accept_difference": frozenset(("finance", CONTROLLER)),
    "accept_mapping": frozenset(("finance", CONTROLLER, "dba")),
    "depreciate": frozenset(("finance", CONTROLLER)),
    "close": frozenset(("finance", CONTROLLER)),
    "overrule": frozenset((CONTROLLER,)),
    "operate": frozenset(("dba",)),
    "administer": frozenset((ADMINISTRATOR,)),
}
"""By action the roles that give it, beside those that are asked of somebody by a mapping."""
ASKED: Final[frozenset[Action]] = frozenset(("approve", "discard"))
"""Actions that a role gives, too, which the mapping asks."""


class Place(NamedTuple):
    """Where something is done: in a pipeline, or a partition of one, and whose books that keeps; empty for the whole
    configuration."""

    pipeline: str = ""
    company: str = ""


class Person(Protocol):
    """Somebody with roles, limited to pipelines and companies where there are any, and to `scope`, what the token is
    good for by which they act; None where they do not act by one."""

    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> Collection[str]: ...
    @property
    def pipelines(self) -> Collection[str]: ...
    @property
    def companies(self) -> Collection[str]: ...
    @property
    def scope(self) -> Collection[Action] | None: ...


EVERYWHERE: Final = Place()


def giving(action: Action, asked: Iterable[str] = ()) -> frozenset[str]:
    """The roles that give an action; `asked` are those that the mapping asks for it."""
    return RIGHTS[action] | (frozenset(asked) if action in ASKED else frozenset())


def may(person: Person, action: Action, place: Place = EVERYWHERE, asked: Iterable[str] = ()) -> bool:
    """Whether a person may do something in a place. `asked` are the roles that the mapping asks for it: to approve,
    that of the row; to give rows up, all that its rules ask."""
    if (person.scope is not None and action not in person.scope) or (AUDITOR in person.roles and action not in READING):
        return False
    if action == "look":
        return bool(person.roles) and (place == EVERYWHERE or reaches(person, place))
    return bool(giving(action, asked) & {*person.roles}) and reaches(person, place)


def reaches(person: Person, place: Place) -> bool:
    """Whether a person's account covers a place; the whole configuration, where it is not limited. But anybody may look
    at what shows of the whole what is theirs."""
    whole = place.pipeline.partition(PART)[0]
    is_limited = bool(person.pipelines or person.companies)
    return not is_limited or whole in person.pipelines or (bool(place.company) and place.company in person.companies)


def roles(person: Person, place: Place) -> Collection[str]:
    """The roles that somebody holds in a place."""
    return person.roles if reaches(person, place) else ()


def require(
    person: Person, action: Action, place: Place = EVERYWHERE, asked: Iterable[str] = (), among: Iterable[Person] = ()
) -> None:
    """Raises Halt for somebody who may not, with the roles that may, and `among` whom somebody does."""
    wanted = (*asked,)
    if may(person, action, place, wanted):
        return
    if person.scope is not None and action not in person.scope:
        raise Halt("right_scope", actor=person.name, what=f"right_to_{action}", action=action)
    holders = ", ".join(one.name for one in among if may(one, action, place, wanted)) or "–"
    if not reaches(person, place):
        raise Halt("right_elsewhere", actor=person.name, pipeline=place.pipeline or "–", holders=holders)
    roles = " / ".join(sorted(giving(action, wanted))) or "–"
    raise Halt("right_missing", actor=person.name, what=f"right_to_{action}", roles=roles, holders=holders)


def people(among: Iterable[Person], place: Place) -> Mapping[str, Collection[str]]:
    """Name → roles of those who may act in a place."""
    able = [one for one in among if reaches(one, place)]
    return {one.name: () if AUDITOR in one.roles else one.roles for one in able}
