"""People who sign in: accounts with their roles, and the sessions of their browsers.

A password is kept as argon2 makes it, a session by the digest of the secret that the browser holds: whoever reads the
tables can be nobody. What is done to an account is chained like every other action.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from syncd import statements
from syncd.desk.operators import Actor, act
from syncd.errors import Halt, WrongUsage
from syncd.ports import Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.desk", "accounts.sql")
PASSWORD_CHARS_MIN: Final = 12
FAILURES_MAX: Final = 5
LOCKED: Final = timedelta(minutes=15)
IDLE_MAX: Final = timedelta(hours=8)
"""A session that nobody used for a working day is over."""
SESSION_MAX: Final = timedelta(days=7)
SEEN_EVERY: Final = timedelta(minutes=1)
"""How often a session in use is written."""


class Hasher(Protocol):
    """Keeps passwords; see `outside`."""

    def hash(self, password: str) -> str: ...
    def matches(self, kept: str, password: str) -> bool: ...


class Account(NamedTuple):
    """Somebody who may sign in. `locked_until` is None where nothing keeps them out. Without pipelines and companies
    they are let everywhere; see `rights`."""

    name: str
    roles: tuple[str, ...]
    is_open: bool
    locked_until: datetime | None
    pipelines: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


def find(ledger: Ledger, name: str) -> Account | None:
    """An account by name."""
    rows = ledger.query(SQL["account"], (name,))
    return _account(rows[0]) if rows else None


def every(ledger: Ledger) -> list[Account]:
    """All accounts, the closed ones too."""
    return [_account(row) for row in ledger.query(SQL["accounts"])]


def every_open(ledger: Ledger) -> list[Account]:
    """Those who may sign in."""
    return [account for account in every(ledger) if account.is_open]


def add(
    ledger: Ledger, name: str, password: str, roles: Sequence[str], hasher: Hasher, by: Actor, now: datetime
) -> None:
    """Open an account. Raises WrongUsage for a name that is taken, or was: what its owner did stands under it; and for
    a password that is too short."""
    _require_long(password)
    kept = hasher.hash(password)
    with ledger.desk() as desk:
        if desk.query(SQL["account"], (name,)):
            raise WrongUsage("account_taken", name=name)
        desk.execute(SQL["open"], (name, kept, json.dumps(sorted(roles)), timestamp(now)))
        act(desk, by, "account_open", "", f"account/{name}", {"roles": sorted(roles)})


def set_password(ledger: Ledger, name: str, password: str, hasher: Hasher, by: Actor) -> None:
    """Another password; all sessions end."""
    _require_long(password)
    kept = hasher.hash(password)
    with ledger.desk() as desk:
        if not desk.execute(SQL["password"], (kept, name)):
            raise WrongUsage("account_unknown", name=name)
        desk.execute(SQL["end_all"], (name,))
        act(desk, by, "account_password", "", f"account/{name}", {})


def set_roles(ledger: Ledger, name: str, roles: Sequence[str], by: Actor) -> None:
    """Other roles, from the next page on."""
    with ledger.desk() as desk:
        if not desk.execute(SQL["roles"], (json.dumps(sorted(roles)), name)):
            raise WrongUsage("account_unknown", name=name)
        act(desk, by, "account_roles", "", f"account/{name}", {"roles": sorted(roles)})


def close(ledger: Ledger, name: str, by: Actor, now: datetime) -> None:
    """Let nobody in under this name any more. It stays beside what was done."""
    with ledger.desk() as desk:
        if not desk.execute(SQL["close"], (timestamp(now), name)):
            raise WrongUsage("account_unknown", name=name)
        desk.execute(SQL["end_all"], (name,))
        act(desk, by, "account_close", "", f"account/{name}", {})


def sign_in(ledger: Ledger, name: str, password: str, hasher: Hasher, now: datetime) -> str:
    """Let somebody in: the secret for their browser. Raises Halt `sign_in_wrong` for a wrong password as for a name
    that nobody has, so that names cannot be guessed, and `sign_in_locked` after too many wrong ones."""
    rows = ledger.query(SQL["account"], (name,))
    known = _account(rows[0]) if rows else None
    if known is not None and known.locked_until is not None and known.locked_until > now:
        raise Halt("sign_in_locked", until=timestamp(known.locked_until))
    kept = str(rows[0][1]) if rows else hasher.hash("nobody has this name")  # as long as for one that is known
    if not hasher.matches(kept, password) or known is None or not known.is_open:
        if known is not None:
            failures = int(str(rows[0][4])) + 1
            until = timestamp(now + LOCKED) if failures % FAILURES_MAX == 0 else ""
            ledger.execute([(SQL["failed"], (until, name))])
        raise Halt("sign_in_wrong")
    secret = secrets.token_urlsafe(32)
    ledger.execute(
        [
            (SQL["signed_in"], (name,)),
            (SQL["forget"], (timestamp(now - IDLE_MAX), timestamp(now - SESSION_MAX))),
            (SQL["begin"], (_digest(secret), known.name, timestamp(now), timestamp(now))),
        ]
    )
    return secret


def signed_in(ledger: Ledger, secret: str, now: datetime) -> Account | None:
    """Whose session a browser's secret is; None where it is nobody's any more."""
    rows = ledger.query(SQL["session"], (_digest(secret),))
    if not rows:
        return None
    begun_at, seen_at, account = moment(str(rows[0][0])), moment(str(rows[0][1])), _account(rows[0][2:])
    if not account.is_open or now - seen_at > IDLE_MAX or now - begun_at > SESSION_MAX:
        return None
    if now - seen_at > SEEN_EVERY:
        ledger.execute([(SQL["seen"], (timestamp(now), _digest(secret)))])
    return account


def sign_out(ledger: Ledger, secret: str) -> None:
    """End a session."""
    ledger.execute([(SQL["end"], (_digest(secret),))])


def form_token(secret: str) -> str:
    """What a form of this session carries, which no other site can know."""
    return sha256(f"form {secret}".encode()).hexdigest()


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _require_long(password: str) -> None:
    if len(password) < PASSWORD_CHARS_MIN:
        raise WrongUsage("password_short", chars=PASSWORD_CHARS_MIN)


def _account(row: Sequence[object]) -> Account:
    name, _, roles, closed_at, _, locked_until = row
    until = moment(str(locked_until)) if locked_until else None
    return Account(str(name), tuple(json.loads(str(roles))), not closed_at, until)
