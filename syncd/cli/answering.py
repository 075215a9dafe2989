"""Who does something that the audit trail keeps, and why."""

from __future__ import annotations

import sys

import typer

from syncd.cli.later import operators, people
from syncd.errors import WrongUsage
from syncd.language import say


def answering(
    allowed: people.People | None,
    actor: str,
    reason: str,
    untold: str = "desk_who_and_why",
    as_json: bool = False,
    role: str = "",
) -> operators.Actor:
    """As it was given. What is missing is asked for at a terminal, so that a command goes on that a hint prints bare.
    Raises WrongUsage, with the code `untold`, where there is nobody to ask, and Halt for who is not among the people of
    the configuration, or not in a role."""
    if not as_json and sys.stdin.isatty():
        actor = actor.strip() or typer.prompt(say("ask_actor"), err=True)
        reason = reason.strip() or typer.prompt(say("ask_reason"), err=True)
    if not (actor.strip() and reason.strip()):
        raise WrongUsage(untold)
    by = operators.Actor(actor, reason)
    people.require(allowed, by, role)
    return by
