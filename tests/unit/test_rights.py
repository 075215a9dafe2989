"""Who may do what: the whole table, driven; it is written here once more, as people were told."""

from typing import NamedTuple

import pytest

from syncd.desk.access import rights
from syncd.desk.access.rights import ACTIONS, ROLES, Action, Place, may, require
from syncd.errors import Halt
from syncd.language import say
from tests.advice import advice

TABLE = """
                   viewer support finance controller dba auditor administrator board
look               x      x       x       x          x   x       x             x
see_accounts       .      .       .       .          .   x       x             .
mend               .      x       x       x          .   .       .             .
discard            .      .       .       x          .   .       .             x
approve            .      .       .       .          .   .       .             x
deliver            .      x       x       x          x   .       .             .
reconcile          .      x       x       x          x   .       .             .
accept_difference  .      .       x       x          .   .       .             .
accept_mapping     .      .       x       x          x   .       .             .
depreciate         .      .       x       x          .   .       .             .
close              .      .       x       x          .   .       .             .
overrule           .      .       .       x          .   .       .             .
operate            .      .       .       .          x   .       .             .
administer         .      .       .       .          .   .       x             .
"""
"""Actions by role, `board` one that the mapping asks to approve."""
HEAD, *LINES = (line.split() for line in TABLE.strip().splitlines())
CELLS = [(line[0], role, cell == "x") for line in LINES for role, cell in zip(HEAD, line[1:], strict=True)]
ASKED = ("board",)
MAIN = Place("main", "East")


class Person(NamedTuple):
    """Somebody, as an account has them."""

    name: str
    roles: tuple[str, ...]
    pipelines: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    scope: frozenset[Action] | None = None


def test_the_table_has_every_action_and_every_role() -> None:
    assert [line[0] for line in LINES] == list(ACTIONS)
    assert tuple(HEAD) == (*ROLES, *ASKED)
    assert {*rights.RIGHTS} == {*ACTIONS}
    assert all(say(f"right_to_{action}") != f"right_to_{action}" for action in ACTIONS)


@pytest.mark.parametrize(("action", "role", "is_given"), CELLS)
def test_a_role_gives_what_the_table_says(action: Action, role: str, is_given: bool) -> None:
    assert may(Person("li", (role,)), action, MAIN, ASKED) is is_given


@pytest.mark.parametrize("action", ACTIONS)
def test_who_has_no_role_may_nothing(action: Action) -> None:
    assert not may(Person("li", ()), action, MAIN, ASKED)


@pytest.mark.parametrize("action", [action for action in ACTIONS if action not in rights.READING])
def test_an_auditor_changes_nothing_whatever_other_roles_they_hold(action: Action) -> None:
    assert not may(Person("li", (*ROLES, *ASKED)), action, MAIN, ASKED)


def test_a_role_that_nobody_asks_for_approves_nothing() -> None:
    """The mapping asks one role for a row: whoever has another does not approve it, a controller either."""
    assert not may(Person("li", ("board", "controller")), "approve", MAIN, ("finance",))
    assert may(Person("li", ("finance",)), "approve", MAIN, ("finance",))


@pytest.mark.parametrize(
    ("pipelines", "companies", "place", "is_within"),
    [
        ((), (), MAIN, True),
        (("main",), (), MAIN, True),
        (("main",), (), Place("main/3"), True),
        (("main",), (), Place("mainly"), False),
        (("other",), (), MAIN, False),
        ((), ("East",), MAIN, True),
        ((), ("West",), MAIN, False),
        ((), ("East",), Place("other"), False),
        (("other",), ("East",), MAIN, True),
        (("main",), (), Place(), False),
    ],
)
def test_an_account_is_limited_to_pipelines_and_companies(
    pipelines: tuple[str, ...], companies: tuple[str, ...], place: Place, is_within: bool
) -> None:
    assert may(Person("li", ("support",), pipelines, companies), "mend", place) is is_within


def test_who_is_limited_sees_the_first_page_and_administers_nobody() -> None:
    limited = Person("li", ("administrator", "viewer"), ("main",))
    assert may(limited, "look")
    assert not may(limited, "look", Place("other"))
    assert not may(limited, "administer")
    assert not may(limited, "see_accounts")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_is_good_for_its_scope_and_gives_nothing_beyond_the_roles(action: Action) -> None:
    roles, scope = ("support", "administrator"), frozenset[Action](("look", "mend", "close"))
    may_all = may(Person("li", roles), action)
    assert may(Person("li", roles, scope=scope), action) is (may_all and action in scope)


@advice("right_missing", "right_elsewhere")
def test_a_refusal_names_those_who_may_and_they_may() -> None:
    people = [Person("li", ("viewer",)), Person("wang", ("support",), ("other",)), Person("chen", ("finance",))]
    for person, code in ((people[0], "right_missing"), (people[1], "right_elsewhere")):
        with pytest.raises(Halt, match=code) as refused:
            require(person, "mend", MAIN, (), people)
        (able,) = (one for one in people if one.name == refused.value.params["holders"])
        require(able, "mend", MAIN, (), people)
