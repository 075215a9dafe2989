"""Tokens by which machines act for an account: good for some actions, until a day, and never for more than the account
may itself.

A token is `syncd_NAME_SECRET`, shown once; kept is its name and a digest, so whoever reads the table can be nobody.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from syncd import audit, statements
from syncd.desk.access import rights
from syncd.desk.access.accounts import Account, from_row, require_open
from syncd.desk.parked.operators import Actor, act
from syncd.errors import Halt, WrongUsage
from syncd.ports import Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.desk.access", "tokens.sql")
PREFIX: Final = "syncd"
NAME_CHARS: Final = 8


class Token(NamedTuple):
    """A token as people see it; `revoked_at` is None while it may be used, until it expires."""

    name: str
    account: str
    scope: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def every(ledger: Ledger) -> list[Token]:
    """All tokens, the newest first, those that are good for nothing any more too."""
    return [
        Token(
            *(str(name), str(of), tuple(json.loads(str(scope))), moment(str(made_at)), moment(str(expires_at))),
            moment(str(revoked_at)) if revoked_at else None,
        )
        for name, of, scope, made_at, expires_at, revoked_at in ledger.query(SQL["tokens"])
    ]


def add(ledger: Ledger, of: str, scope: Sequence[str], expires_at: datetime, by: Actor, now: datetime) -> str:
    """Make a token for an account, which is shown now and never again. Raises WrongUsage for an account that there is
    not or that is closed, and for a scope that is no action."""
    for action in scope:
        if action not in rights.ACTIONS:
            raise WrongUsage("token_scope", scope=action, actions=", ".join(rights.ACTIONS))
    name = secrets.token_hex(NAME_CHARS // 2)
    token = f"{PREFIX}_{name}_{secrets.token_urlsafe(32)}"
    kept = _digest(token)
    said = {"token": name, "scope": sorted(scope), "expires_at": timestamp(expires_at), "kept": audit.digest(kept)}
    with ledger.desk() as desk:
        require_open(desk, of)
        row = (name, kept, of, json.dumps(sorted(scope)), timestamp(now), timestamp(expires_at))
        desk.execute(SQL["add"], row)
        act(desk, by, "token_add", "", f"account/{of}", said)
    return token


def revoke(ledger: Ledger, name: str, by: Actor, now: datetime) -> None:
    """Let a token be good for nothing from now on. Raises WrongUsage for one that there is not, or not any more."""
    with ledger.desk() as desk:
        found = desk.query(SQL["holder"], (name,))
        if not found or not desk.execute(SQL["revoke"], (timestamp(now), name)):
            raise WrongUsage("token_unknown", name=name)
        act(desk, by, "token_revoke", "", f"account/{found[0][4]}", {"token": name})


def holder(ledger: Ledger, token: str, now: datetime) -> Account:
    """Who acts by a token, within its scope. Raises Halt `token_refused` for one that is none, is revoked or expired,
    or whose account is closed, and does not say which."""
    prefix, _, rest = token.strip().partition("_")
    rows = ledger.query(SQL["holder"], (rest[:NAME_CHARS],)) if prefix == PREFIX else []
    for digest, scope, expires_at, revoked_at, *row in rows:
        who = from_row(row)
        is_it = secrets.compare_digest(str(digest), _digest(token.strip()))
        if is_it and not revoked_at and moment(str(expires_at)) > now and who.is_open:
            return who._replace(scope=frozenset(json.loads(str(scope))))
    raise Halt("token_refused")


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
