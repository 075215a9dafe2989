"""People whom a provider knows by OpenID Connect, and whose accounts they are.

Somebody is who the issuer's `subject` says for ever, whatever else it calls them today. An account that is opened for
somebody has the roles that the issuer's groups give, at each sign-in anew; one that an administrator has bound keeps
its own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from syncd import statements
from syncd.desk.access import accounts
from syncd.desk.parked.approvals import is_same
from syncd.desk.parked.operators import Actor, act
from syncd.errors import Halt, WrongUsage
from syncd.ports import Desk, Ledger
from syncd.record import timestamp

SQL: Final = statements.load("syncd.desk.access", "identities.sql")
USED_KEPT: Final = timedelta(days=1)
"""How long a sign-in that was taken is remembered; its token is refused long before; see `console.openid`."""


class Known(NamedTuple):
    """Somebody as a provider tells of them, once it is proved: `roles` are those that their groups give here."""

    issuer: str
    subject: str
    name: str
    roles: tuple[str, ...]


class Bound(NamedTuple):
    """Whom a provider knows, and whether the account's roles are those that the issuer's groups give."""

    issuer: str
    subject: str
    follows: bool


def sign_in(ledger: Ledger, known: Known, nonce: str, now: datetime) -> str:
    """Let somebody in whom a provider knows: the secret for their browser. Raises Halt for a sign-in that was taken
    already, and for somebody who has no account here and no role that opens one, or has lost it."""
    _take(ledger, nonce, now)
    with ledger.desk() as desk:
        name, roles = _account(desk, known, now)
    if not roles:  # said after it is written that they have none any more
        raise Halt("openid_no_role", name=name, subject=known.subject)
    return accounts.begin(ledger, name, now)


def bind(ledger: Ledger, name: str, issuer: str, subject: str, by: Actor, now: datetime) -> None:
    """Take somebody whom a provider knows for an account, from the next sign-in on. Where they were taken for another,
    what that has open ends."""
    with ledger.desk() as desk:
        accounts.require_open(desk, name)
        for _, was, *_ in desk.query(SQL["bound"], (subject, issuer)):
            if was != name:
                desk.execute(accounts.SQL["end_all"], (was,))
        desk.execute(SQL["unbind"], (subject, issuer))
        desk.execute(SQL["bind"], (subject, issuer, name, 0, timestamp(now)))
        act(desk, by, "account_bind", "", f"account/{name}", {"issuer": issuer, "subject": subject})


def unbind(ledger: Ledger, issuer: str, subject: str, by: Actor) -> None:
    """Take somebody whom a provider knows for nobody; what they have open ends."""
    with ledger.desk() as desk:
        found = desk.query(SQL["bound"], (subject, issuer))
        if not found:
            raise WrongUsage("openid_unbound", subject=subject)
        name = str(found[0][1])
        desk.execute(SQL["unbind"], (subject, issuer))
        desk.execute(accounts.SQL["end_all"], (name,))
        act(desk, by, "account_unbind", "", f"account/{name}", {"issuer": issuer, "subject": subject})


def every(ledger: Ledger) -> Mapping[str, Sequence[Bound]]:
    """Account → who it is of, as providers call them."""
    found: dict[str, list[Bound]] = {}
    for account, issuer, subject, follows in ledger.query(SQL["every"]):
        found.setdefault(str(account), []).append(Bound(str(issuer), str(subject), bool(follows)))
    return found


def _take(ledger: Ledger, nonce: str, now: datetime) -> None:
    digest = sha256(nonce.encode()).hexdigest()
    with ledger.desk() as desk:
        if desk.query(SQL["used"], (digest,)):
            raise Halt("openid_again")
        desk.execute(SQL["forget"], (timestamp(now - USED_KEPT),))
        desk.execute(SQL["use"], (digest, timestamp(now)))


def _account(desk: Desk, known: Known, now: datetime) -> tuple[str, Sequence[str]]:
    """The account of somebody, with its roles as of now."""
    for follows, name, had, closed_at in desk.query(SQL["bound"], (known.subject, known.issuer)):
        if closed_at:
            raise Halt("openid_closed", name=name, subject=known.subject)
        roles = tuple(json.loads(str(had)))
        if follows and {*roles} != {*known.roles}:
            roles = known.roles
            desk.execute(accounts.SQL["roles"], (json.dumps(sorted(roles)), name))
            act(desk, _by(known), "account_roles", "", f"account/{name}", {"roles": sorted(roles)})
        return str(name), roles
    return _open(desk, known, now), known.roles


def _open(desk: Desk, known: Known, now: datetime) -> str:
    """An account for somebody who comes for the first time. It has no password, so none lets anybody in."""
    name = known.name.strip()
    if not known.roles or not name:
        raise Halt("openid_unknown", name=name or "–", subject=known.subject)
    if any(is_same(str(row[0]), name) for row in desk.query(accounts.SQL["accounts"])):
        raise Halt("openid_taken", name=name, subject=known.subject)
    desk.execute(accounts.SQL["open"], (name, "", json.dumps(sorted(known.roles)), timestamp(now)))
    desk.execute(SQL["bind"], (known.subject, known.issuer, name, 1, timestamp(now)))
    said = {"roles": sorted(known.roles), "issuer": known.issuer, "subject": known.subject}
    act(desk, _by(known), "account_open", "", f"account/{name}", said)
    return name


def _by(known: Known) -> Actor:
    """Who answers for it: the issuer said so."""
    return Actor(known.issuer, f"OpenID Connect: {known.subject}")
