"""Everybody who may act, with all by which they are known here: what the list of the command line, the pages and the
API show alike. Nothing of it is a secret.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from syncd.desk import actions
from syncd.desk.access import accounts, identities, tokens
from syncd.errors import WrongUsage
from syncd.ports import Ledger


class Person(NamedTuple):
    """An account, the users of the host and of providers whose it is, its tokens, its sessions that go on, and what was
    done last under its name; None where that is long ago."""

    account: accounts.Account
    host_users: Sequence[str]
    bound: Sequence[identities.Bound]
    tokens: Sequence[tokens.Token]
    sessions: Sequence[accounts.Session]
    last: actions.Done | None


def everybody(ledger: Ledger, now: datetime, secret: str = "") -> list[Person]:
    """All of them, the closed ones too; `secret` is that of the browser that asks."""
    found = accounts.every(ledger)
    if not found:
        return []
    users, bound, kept = accounts.host_users(ledger), identities.every(ledger), tokens.every(ledger)
    open_, last = accounts.sessions(ledger, now, secret), actions.last(ledger)
    return [
        Person(
            *(one, [user for user, name in users.items() if name == one.name], bound.get(one.name, ())),
            *([token for token in kept if token.account == one.name], open_.get(one.name, ()), last.get(one.name)),
        )
        for one in found
    ]


def one(ledger: Ledger, name: str, now: datetime, secret: str = "") -> Person:
    """One of them. Raises WrongUsage where there is none of this name."""
    for person in everybody(ledger, now, secret):
        if person.account.name == name:
            return person
    raise WrongUsage("account_unknown", name=name)
